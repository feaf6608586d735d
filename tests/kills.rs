//! A writer of reports that is killed at any moment: what it said was kept is kept.
//!
//! `scripts/power-cut` runs the same writer in a virtual machine, and pulls its plug.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(
    clippy::print_stdout,
    reason = "the killed program speaks to its killer, and figures are shown"
)]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use inview::report::{EventData, Incarnation, SampledCamera, SessionEnded, SessionId};
use inview::spool::Outbox;
use inview::time::MediaTime;

const CHILD: &str = "INVIEW_KILLED_WRITER";
/// Tells what is in the spool in this folder, and ends.
const CHECK: &str = "INVIEW_CHECKED_SPOOL";
const TEST: &str = "what_a_killed_writer_said_was_kept_is_kept";

fn session() -> SessionId {
    SessionId::derived(&[b"kills"])
}

/// The killed program: appends reports for ever, and says each number once it is kept.
fn write_until_killed(folder: &Path) -> ! {
    let incarnation = Incarnation(uuid::Uuid::now_v7());
    let mut outbox = Outbox::open(folder, session(), incarnation).unwrap();
    assert_eq!(outbox.damage(), None);
    println!("{incarnation}");
    loop {
        let data = EventData::SessionEnded(SessionEnded {
            duration_ms: MediaTime::ZERO,
            intervals: 0,
            camera: SampledCamera::default(),
            truncated: None,
            ended_by: None,
        });
        println!("{}", outbox.append(None, data).unwrap().seq);
        std::io::stdout().flush().unwrap();
    }
}

/// Says of each incarnation how many reports of it are kept.
fn check(folder: &Path) {
    for (session, incarnation) in inview::spool::all(folder) {
        let outbox = Outbox::reader(folder, session, incarnation).unwrap();
        println!("kept {incarnation} {}", outbox.counts().unwrap().waiting);
    }
}

/// Runs a writer, and kills it so long after so many words; gives what it said last.
fn killed(folder: &Path, words: usize, after: Duration) -> (Option<Incarnation>, u64) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", TEST, "--nocapture"]).env(CHILD, folder);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = (None, 0);
    // The harness speaks, too.
    for (number, line) in lines.map_while(Result::ok).enumerate() {
        said.0 = line.parse().ok().or(said.0);
        said.1 = line.parse().unwrap_or(said.1);
        if number == words {
            std::thread::park_timeout(after);
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    said
}

#[test]
fn what_a_killed_writer_said_was_kept_is_kept() {
    if let Some(folder) = std::env::var_os(CHILD) {
        write_until_killed(folder.as_ref());
    }
    if let Some(folder) = std::env::var_os(CHECK) {
        return check(folder.as_ref());
    }
    let kills = std::env::var("INVIEW_KILLS").map_or(12, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (mut said, mut kept) = (0, 0);
    for kill in 0..kills {
        let (words, micros) = (5 + kill * 7 % 110, kill * 997 % 9_000);
        let (incarnation, seq) = killed(folder.path(), words, Duration::from_micros(micros as u64));
        let Some(incarnation) = incarnation else { continue };
        let outbox = Outbox::reader(folder.path(), session(), incarnation).unwrap();
        let waiting = outbox.counts().unwrap().waiting;
        assert!(waiting >= seq, "kill {kill}: {waiting} reports are left of {seq}");
        (said, kept) = (said + seq, kept + waiting);
    }
    println!("{kills} kills, {said} reports said to be kept, {kept} kept");
    assert!(said > 0);
}
