//! What the server has, and for how long it stays on this disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use inview::agent::{Agent, Seen, Setup, World};
use inview::presence::Policy;
use inview::report::SessionId;

use crate::support::agent::wait_for;
use crate::support::wait_until;
use crate::{begin, end, exam, present, set_by};

#[test]
fn what_the_server_has_stays_for_as_long_as_the_policy_says_and_goes_at_a_later_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut exam = exam(folder.path());
    exam.setup.policy = Policy { keep_days: 3, ..Policy::default() };
    let days = Arc::new(AtomicU64::new(0));
    let agent = exam.start();
    begin(&agent);
    assert!(end(&agent).reports.delivered);
    drop(agent);
    assert!(exam.spool().exists());
    // Another exam on this machine, later.
    let other = SessionId::derived(&[b"another"]);
    for (day, is_kept) in [(2, true), (4, false)] {
        days.store(day * 24 * 3_600_000, Ordering::SeqCst);
        let setup = Setup { session: other, upload: None, ..exam.setup.clone() };
        let agent = Agent::start(setup, World { clock: set_by(&days), ..present() }).unwrap();
        wait_until(|| exam.spool().exists() == is_kept);
        wait_for(&agent, |now| now.seen == Seen::Face);
        assert_eq!(exam.spool().exists(), is_kept, "after {day} days");
    }
}
