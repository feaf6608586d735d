//! Something stands in the place of the spool, or the disk is write-protected.

use std::fs;
use std::process::Command as Program;

use inview::health::Code;
use inview::report::{Incarnation, Noticed};
use inview::spool::{self, Outbox};

use crate::support::agent::{shows, wait_for};
use crate::{
    begin, end, exam, in_a_place_of_its_own, noticed, now, says_within_two_seconds, works_in_memory,
};

#[test]
fn a_directory_in_the_place_of_the_spool_the_agent_starts_says_so_and_works_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let exam = exam(folder.path());
    fs::create_dir_all(exam.spool()).unwrap();
    let started = now();
    let agent = exam.start();
    works_in_memory(&exam, started, &agent);
    assert!(agent.snapshot().reports.delivered);
}

#[test]
fn a_spool_that_another_process_keeps_to_itself_is_waited_for_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let exam = exam(folder.path());
    drop(Outbox::open(&exam.setup.spool(), exam.session(), Incarnation(uuid::Uuid::now_v7())));
    let other = rusqlite::Connection::open(exam.spool()).unwrap();
    other.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
    other.execute_batch("BEGIN IMMEDIATE; UPDATE meta SET value = value; COMMIT").unwrap();
    let started = now();
    let agent = exam.start();
    says_within_two_seconds(&agent, started);
    begin(&agent);
    wait_for(&agent, |now| now.reports.acknowledged == 2 && now.reports.in_memory == 0);
    drop(other);
    wait_for(&agent, |now| !shows(now, Code::StorageDegraded));
    assert!(end(&agent).reports.delivered);
    drop(agent);
    let told = exam.told();
    let restored = Noticed::StorageRestored { waiting: 0 };
    assert!(noticed(&told).contains(&restored), "{told:?}");
    assert_eq!((told.len(), exam.server.sessions()[0].forks), (4, 0));
    // The candidate's copy has what was sent from memory, too.
    let copy = spool::export(&exam.setup.spool(), exam.session()).unwrap().unwrap();
    assert_eq!(crate::told(&copy), told);
}

#[test]
fn a_spool_on_a_disk_that_cannot_be_written_to_the_agent_starts_says_so_and_works_in_memory() {
    let test = "blocked::a_spool_on_a_disk_that_cannot_be_written_to_the_agent_starts_says_so_and_works_in_memory";
    let Some(place) = in_a_place_of_its_own(test, "4m") else { return };
    let exam = exam(&place);
    fs::create_dir(exam.setup.spool()).unwrap();
    let mounted = Program::new("mount").args(["-o", "remount,ro"]).arg(&place).status().unwrap();
    assert!(mounted.success());
    let started = now();
    let agent = exam.start();
    works_in_memory(&exam, started, &agent);
}
