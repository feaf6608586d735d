//! The spool cannot be believed.

use std::fs;
use std::io::Write as _;
use std::time::Duration;

use inview::report::{EventData, Noticed};
use inview::trust::export::Export;

use crate::support::agent::wait_for;
use crate::{begin, end, exam, noticed, now};

#[test]
fn a_spool_of_garbage_is_set_aside_and_the_first_report_of_the_new_one_tells_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let exam = exam(folder.path());
    let agent = exam.start();
    begin(&agent);
    wait_for(&agent, |now| now.reports.acknowledged == 1);
    drop(agent);
    let mut file = fs::File::create(exam.spool()).unwrap();
    file.write_all(&b"this is no database ".repeat(400)).unwrap();
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(format!("{}{suffix}", exam.spool().display())).ok();
    }
    // Two lives: one of them tells it.
    for life in 0..2 {
        let started = now();
        let agent = exam.start();
        wait_for(&agent, |now| now.reports.made >= 2 && now.reports.acknowledged >= 2);
        if life == 0 {
            assert!(now().saturating_sub(started) < Duration::from_secs(2));
        } else {
            assert!(end(&agent).reports.delivered);
        }
    }
    let export = exam.server.export(exam.session());
    let told = exam.told();
    let damages: Vec<Noticed> = noticed(&told);
    let first = export.chains[0].incarnation;
    let damaged = Noticed::SpoolDamaged { incarnation: Some(first), from: Some(1), to: Some(1) };
    assert_eq!(damages, [damaged]);
    let second = Export { chains: vec![export.chains[1].clone()], ..export };
    let second = crate::told(&second);
    assert!(matches!(second[0], EventData::Integrity(_)), "it comes first: {second:?}");
    assert!(matches!(second[1], EventData::SessionStarted(_)), "{second:?}");
    let page = exam.server.page(exam.session());
    assert!(page.contains("file of reports was damaged"), "{page}");
}
