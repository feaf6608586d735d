//! Who leaves, and what goes on when the agent was not there.

use super::*;

#[track_caller]
fn assert_about(found: MediaTime, expected_s: f64) {
    let off = (found.as_secs_f64() - expected_s).abs();
    assert!(off <= 0.7, "{found} instead of {expected_s} s");
}

#[test]
fn a_candidate_who_leaves_is_warned_and_reported_while_away_and_again_on_return() {
    let folder = tempfile::tempdir().unwrap();
    let agent =
        Agent::start(setup(folder.path()), world(Webcam(|now: &Now| Ok(frames(now))), LEAVES));
    let agent = agent.unwrap();
    agent.command(BEGIN).unwrap();
    let away = wait_for(&agent, |snapshot| snapshot.warning.is_some());
    let open = &of_kind(&away, Kind::OutOfView)[0];
    assert_eq!(away.warning, Some(open.id));
    assert_about(open.start_ms, 2.9);
    assert_eq!(open.end_ms, None);
    let back = wait_for(&agent, |now| of_kind(now, Kind::OutOfView)[0].end_ms.is_some());
    let closed = &of_kind(&back, Kind::OutOfView)[0];
    assert_eq!((closed.id, closed.closed_by), (open.id, Some(ClosedBy::SeenAgain)));
    assert_about(closed.end_ms.unwrap(), 8.0);
    agent.command(Command::End { flush: Duration::ZERO }).unwrap();
    let ended = wait_for(&agent, |snapshot| snapshot.phase == Phase::Ended);
    // Began, opened, closed, ended.
    assert_eq!((ended.reports.made, ended.intervals.len()), (4, 1));
}

/// Somebody leaves at second 2 and does not come back.
const GONE: &str = r#"
    {"pts_s": 0, "faces": [{"score": 0.9, "box": [20, 10, 40, 34]}], "people": []}
    {"pts_s": 2, "faces": []}
"#;

#[test]
fn nothing_is_reported_before_the_exam_begins() {
    let folder = tempfile::tempdir().unwrap();
    let agent =
        Agent::start(setup(folder.path()), world(Webcam(|now: &Now| Ok(frames(now))), GONE));
    let agent = agent.unwrap();
    let before = wait_for(&agent, |now| now.at_ms > MediaTime::from_millis(5_000));
    assert_eq!((before.phase, before.reports.made, before.intervals.len()), (Phase::CheckIn, 0, 0));
    // Absent since before the exam: that absence begins with the exam.
    agent.command(BEGIN).unwrap();
    let away = wait_for(&agent, |now| !of_kind(now, Kind::OutOfView).is_empty());
    assert_about(of_kind(&away, Kind::OutOfView)[0].start_ms, 0.0);
}

#[test]
fn an_exam_that_its_agent_left_goes_on_with_the_gap_reported() {
    let folder = tempfile::tempdir().unwrap();
    let start = |clock: Clock| {
        let world = World { clock, ..world(Webcam(|now: &Now| Ok(frames(now))), "{\"pts_s\": 0}") };
        Agent::start(setup(folder.path()), world).unwrap()
    };
    let clock = fast_clock();
    let first = start(Arc::clone(&clock));
    first.command(BEGIN).unwrap();
    let left = wait_for(&first, |now| !of_kind(now, Kind::OutOfView).is_empty());
    wait_for(&first, |now| now.at_ms > left.at_ms + Duration::from_secs(2));
    drop(first);
    let later: Clock = Arc::new(move || {
        let reading = clock();
        let minute = Duration::from_mins(1);
        Reading {
            boot: reading.boot + minute,
            awake: reading.awake + minute,
            wall: reading.wall + minute,
        }
    });
    let second = start(later);
    let snapshot = wait_for(&second, |now| !of_kind(now, Kind::AgentGap).is_empty());
    assert_eq!(snapshot.phase, Phase::Exam);
    let gap = &of_kind(&snapshot, Kind::AgentGap)[0];
    let length = gap.end_ms.unwrap().since(gap.start_ms);
    assert!((55..70).contains(&length.as_secs()), "{length:?}");
    let absence = &of_kind(&snapshot, Kind::OutOfView)[0];
    assert_eq!(absence.id, of_kind(&left, Kind::OutOfView)[0].id);
    assert_eq!(
        (absence.end_ms, absence.closed_by),
        (Some(gap.start_ms), Some(ClosedBy::AgentRestart))
    );
}
