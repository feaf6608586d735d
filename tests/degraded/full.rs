//! The disk fills up in the exam.

use std::fs;
use std::time::Duration;

use inview::agent::Now;
use inview::health::Code;
use inview::spool;
use inview::trust::verify::verify;

use crate::support::agent::{Webcam, frames, shows, wait_for, world};
use crate::support::wait_until;
use crate::{
    COMING_AND_GOING, FILLER, begin, end, exam, fill, in_a_place_of_its_own, noticed, now,
};

#[test]
fn a_disk_that_fills_up_in_an_exam_stops_no_report_and_has_all_of_them_when_there_is_space() {
    let test = "full::a_disk_that_fills_up_in_an_exam_stops_no_report_and_has_all_of_them_when_there_is_space";
    let Some(place) = in_a_place_of_its_own(test, "4m") else { return };
    let exam = exam(&place);
    // Somebody comes and goes: there is something to report.
    let agent = exam.start_in(world(Webcam(|now: &Now| Ok(frames(now))), COMING_AND_GOING));
    begin(&agent);
    wait_for(&agent, |now| now.reports.acknowledged >= 1);
    wait_until(|| {
        fill(&place);
        shows(&agent.snapshot(), Code::StorageDegraded)
    });
    let full = agent.snapshot().reports.made;
    wait_for(&agent, |now| now.reports.made >= full + 2);
    wait_for(&agent, |now| now.reports.acknowledged >= full + 2);
    fs::remove_file(place.join(FILLER)).unwrap();
    let freed = now();
    wait_for(&agent, |now| !shows(now, Code::StorageDegraded));
    let took = now().saturating_sub(freed);
    println!("the agent was durable again {took:?} after there was space");
    assert!(took < Duration::from_secs(5), "{took:?}");
    let ended = end(&agent);
    assert!(ended.reports.delivered);
    drop(agent);
    let told = exam.told();
    assert_eq!(told.len() as u64, ended.reports.made, "each once");
    let kinds: Vec<_> = noticed(&told).into_iter().map(|it| std::mem::discriminant(&it)).collect();
    let [degraded, restored] = kinds[..] else { panic!("{told:?}") };
    assert_ne!(degraded, restored);
    let intervals = exam.server.intervals();
    assert_eq!(intervals.len(), ended.intervals.len());
    let copy = spool::export(&exam.setup.spool(), exam.session()).unwrap().unwrap();
    assert_eq!(verify(&copy, None).unwrap().events, ended.reports.made);
}
