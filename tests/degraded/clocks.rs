//! Clocks that are set, and machines that sleep.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use inview::agent::{Agent, Clock, Now, Seen, Snapshot, World};
use inview::clock::Reading;
use inview::report::{Event, EventData, Kind, Noticed};

use crate::support::agent::{Webcam, frames, wait_for, world};
use crate::{COMING_AND_GOING, begin, end, events, exam, noticed, present, set_by};

#[test]
fn a_wall_clock_that_is_set_by_two_hours_in_mid_session_changes_no_length_and_is_told_once() {
    std::thread::scope(|threads| {
        for hours in [2, -2] {
            threads.spawn(move || set_the_clock_by(hours));
        }
    });
}

fn set_the_clock_by(hours: i64) {
    let folder = tempfile::tempdir().unwrap();
    let exam = exam(folder.path());
    let offset = Arc::new(AtomicU64::new(0));
    let clock = set_by(&offset);
    let camera = Webcam(|now: &Now| Ok(frames(now)));
    let agent = exam.start_in(World { clock, ..world(camera, COMING_AND_GOING) });
    begin(&agent);
    wait_for(&agent, |now| now.intervals.iter().any(|it| it.kind == Kind::OutOfView));
    offset.store((hours * 3_600_000).cast_unsigned(), Ordering::SeqCst);
    let closed = |now: &Snapshot| now.intervals.iter().any(|it| it.end_ms.is_some());
    wait_for(&agent, closed);
    assert!(end(&agent).reports.delivered);
    let told = exam.told();
    let [Noticed::ClockStepped { by_ms }] = noticed(&told)[..] else { panic!("{told:?}") };
    assert!((by_ms - hours * 3_600_000).abs() < 200, "{by_ms}");
    // Lengths are those of the clock that counts all time, and of no other.
    let events = events(&exam);
    let boot = |event: &Event| {
        let text = event.clocks.boottime.clone().unwrap();
        text.parse::<f64>().unwrap()
    };
    let [first, .., last] = &events[..] else { panic!("{events:?}") };
    let EventData::SessionEnded(end) = &last.data else { panic!("{last:?}") };
    let (length, passed) = (end.duration_ms.as_millis() as f64 / 1e3, boot(last) - boot(first));
    assert!((length - passed).abs() < 0.2, "{length} of {passed}");
    let away = events.iter().find_map(|event| match &event.data {
        EventData::IntervalClosed(report) => Some(report.clone()),
        EventData::SessionStarted(_)
        | EventData::Sampling(_)
        | EventData::Integrity(_)
        | EventData::Command(_)
        | EventData::IntervalOpened(_)
        | EventData::SessionEnded(_) => None,
    });
    let away = away.unwrap();
    let length = away.interval.end_ms.unwrap().since(away.interval.start_ms);
    assert!((2.8..3.8).contains(&length.as_secs_f64()), "{length:?}");
    let utc = |text: &Option<String>| text.as_ref().unwrap().parse::<jiff::Timestamp>().unwrap();
    let by_wall = utc(&away.end_utc).duration_since(utc(&away.start_utc));
    assert_eq!(by_wall.as_millis(), i128::try_from(length.as_millis()).unwrap());
    // The wall clock is told as it was, wrong or right.
    let walls = [first, last].map(|event| utc(&event.clocks.walltime));
    let by_wall = walls[1].duration_since(walls[0]).as_secs_f64();
    assert!((by_wall - passed - hours as f64 * 3_600.0).abs() < 0.2, "{by_wall}");
}

#[test]
fn a_machine_that_sleeps_is_said_to_have_slept_and_its_clock_was_not_set() {
    let folder = tempfile::tempdir().unwrap();
    let exam = exam(folder.path());
    let slept = Arc::new(AtomicU64::new(0));
    let asleep = Arc::clone(&slept);
    let clock: Clock = Arc::new(move || {
        let now = Reading::now();
        let slept = Duration::from_millis(asleep.load(Ordering::SeqCst));
        Reading { boot: now.boot + slept, wall: now.wall + slept, ..now }
    });
    let agent = exam.start_in(World { clock, ..present() });
    begin(&agent);
    slept.store(300_000, Ordering::SeqCst);
    wait_for(&agent, |now| now.intervals.iter().any(|it| it.kind == Kind::AgentGap));
    wait_for(&agent, |now| now.reports.made >= 3);
    assert!(end(&agent).reports.delivered);
    let told = exam.told();
    let [Noticed::Suspended { for_ms }] = noticed(&told)[..] else { panic!("{told:?}") };
    assert!(for_ms.abs_diff(300_000) < 200, "{for_ms}");
}

/// Lets the agent look at everything once more, from now on.
fn rounds(agent: &Agent) {
    // The first may have begun before.
    for _ in 0..2 {
        let at_ms = agent.snapshot().at_ms;
        wait_for(agent, |now| now.at_ms > at_ms);
    }
}

#[test]
fn a_clock_that_is_set_in_the_check_in_is_told_with_the_start_and_a_sleep_before_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let exam = exam(folder.path());
    let [set, slept] = <[Arc<AtomicU64>; 2]>::default();
    let (by, asleep) = (Arc::clone(&set), Arc::clone(&slept));
    let clock: Clock = Arc::new(move || {
        let now = Reading::now();
        let [by, slept] =
            [&by, &asleep].map(|millis| Duration::from_millis(millis.load(Ordering::SeqCst)));
        Reading { boot: now.boot + slept, wall: now.wall + slept + by, ..now }
    });
    let agent = exam.start_in(World { clock, ..present() });
    wait_for(&agent, |now| now.seen == Seen::Face);
    slept.store(300_000, Ordering::SeqCst);
    rounds(&agent);
    set.store(7_200_000, Ordering::SeqCst);
    rounds(&agent);
    assert_eq!(agent.snapshot().reports.made, 0, "nothing is reported before the exam");
    begin(&agent);
    assert!(end(&agent).reports.delivered);
    let told = exam.told();
    let [EventData::SessionStarted(_), EventData::Integrity(step), EventData::SessionEnded(_)] =
        &told[..]
    else {
        panic!("{told:?}")
    };
    let Noticed::ClockStepped { by_ms } = step.what else { panic!("{step:?}") };
    assert!((by_ms - 7_200_000).abs() < 200, "{by_ms}");
    assert_eq!(step.at_ms.as_millis(), 0, "it was before the exam");
    // That is what the wall clock is off the time that the reports tell.
    let first = &events(&exam)[0];
    let [wall, told] = [&first.clocks.walltime, &first.time]
        .map(|text| text.as_ref().unwrap().parse::<jiff::Timestamp>().unwrap());
    let off = wall.duration_since(told).as_millis();
    assert!((off - 7_200_000).abs() < 1_000, "{off}");
}
