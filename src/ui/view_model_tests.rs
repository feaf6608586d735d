//! Tables of what is shown when.

use super::*;
use crate::agent::{Message, Reports};
use crate::geometry::Size;
use crate::report::{CommandId, IntervalId, SessionId, StartOverride};

fn at(millis: i64) -> MediaTime {
    MediaTime::from_millis(millis)
}

fn snapshot(phase: Phase, seen: Seen) -> Snapshot {
    Snapshot {
        session: SessionId::derived(&[]),
        at_ms: at(60_000),
        phase,
        began: None,
        ended_ms: None,
        seen,
        since_ms: at(50_000),
        warning: None,
        camera: None,
        sample_rate_hz: 5.0,
        cameras: Vec::new(),
        camera_refused: false,
        frames_looked_at: 0,
        frames_skipped: 0,
        intervals: Vec::new(),
        reports: Reports::default(),
        health: Vec::new(),
        messages: Vec::new(),
        start_override: None,
        camera_check: None,
        planned_ms: None,
        extensions: Vec::new(),
        ended_by: None,
    }
}

fn with_health(codes: &[Code]) -> Snapshot {
    let condition = |&code: &Code| Condition {
        code,
        severity: code.severity(),
        since_ms: at(0),
        detail: String::new(),
    };
    let health = codes.iter().map(condition).collect();
    Snapshot { health, ..snapshot(Phase::CheckIn, Seen::NotYet) }
}

fn preview(left: f32, top: f32, right: f32, bottom: f32) -> Preview {
    Preview {
        seq: 0,
        size: Size::new(4, 3),
        rgb: [0; 36].into(),
        face: Some(BoundingBox::new(left, top, right, bottom)),
        face_luma: Some(120.0),
        mean: 110.0,
        p99: 250,
    }
}

fn interval(kind: Kind, start: i64, end: Option<i64>) -> Interval {
    Interval {
        id: IntervalId::derived(SessionId::derived(&[]), start.unsigned_abs()),
        kind,
        start_ms: at(start),
        end_ms: end.map(at),
        confidence: 1.0,
        frames_looked_at: 1,
        frames_skipped: 0,
        closed_by: end.map(|_| ClosedBy::SeenAgain),
    }
}

#[test]
fn hints_follow_what_is_seen() {
    for (seen, expected) in [
        (Seen::NotYet, Hint::Waiting),
        (Seen::Face, Hint::AllGood),
        (Seen::BodyOnly, Hint::FaceNotVisible),
        (Seen::Nobody, Hint::NobodyThere),
        (Seen::LensCovered, Hint::LensCovered),
        (Seen::TooDark, Hint::MoreLight),
        (Seen::PictureFrozen, Hint::PictureFrozen),
        (Seen::NoFrames, Hint::CameraLost),
    ] {
        assert_eq!(view(&snapshot(Phase::CheckIn, seen), None).hint, expected, "{seen:?}");
    }
}

#[test]
fn what_is_broken_goes_before_what_is_seen() {
    for (code, expected) in [
        (Code::NoCamera, Hint::NoCamera),
        (Code::CameraBusy, Hint::CameraBusy),
        (Code::CameraDenied, Hint::CameraDenied),
        (Code::CaptureStuck, Hint::CameraLost),
        (Code::DetectorFailed, Hint::DetectorFailed),
    ] {
        assert_eq!(view(&with_health(&[code]), None).hint, expected, "{code:?}");
    }
}

#[test]
fn every_condition_is_said_somewhere() {
    let calm = view(&with_health(&[]), None);
    for code in Code::ALL {
        let view = view(&with_health(&[code]), None);
        let is_said = !view.troubles.is_empty()
            || view.connection != calm.connection
            || view.hint != calm.hint;
        assert!(is_said, "{code:?}");
    }
}

#[test]
fn hints_follow_where_the_face_is() {
    for (preview, expected) in [
        (preview(0.4, 0.3, 0.6, 0.6), Hint::AllGood),
        (preview(0.05, 0.3, 0.25, 0.6), Hint::MoveLeft),
        (preview(0.75, 0.3, 0.95, 0.6), Hint::MoveRight),
        (preview(0.4, 0.0, 0.6, 0.3), Hint::MoveDown),
        (preview(0.4, 0.7, 0.6, 1.0), Hint::MoveUp),
        (preview(0.45, 0.4, 0.5, 0.5), Hint::ComeCloser),
        (preview(0.1, 0.1, 0.9, 0.95), Hint::MoveBack),
        (Preview { face: None, ..preview(0.0, 0.0, 0.0, 0.0) }, Hint::AllGood),
    ] {
        let seen = snapshot(Phase::CheckIn, Seen::Face);
        assert_eq!(view(&seen, Some(&preview)).hint, expected, "{:?}", preview.face);
    }
}

#[test]
fn hints_follow_the_light_on_the_face() {
    for (face, mean, expected) in [
        (120.0, 110.0, Hint::AllGood),
        (60.0, 150.0, Hint::LitFromBehind),
        (60.0, 80.0, Hint::AllGood),
        (30.0, 40.0, Hint::MoreLight),
    ] {
        let preview = Preview { face_luma: Some(face), mean, ..preview(0.4, 0.3, 0.6, 0.6) };
        let view = view(&snapshot(Phase::CheckIn, Seen::Face), Some(&preview));
        assert_eq!(view.hint, expected, "{face} of {mean}");
    }
}

#[test]
fn the_exam_may_start_only_when_a_face_is_seen_steadily_before_it() {
    for (phase, seen, since, expected) in [
        (Phase::CheckIn, Seen::Face, 58_000, true),
        (Phase::CheckIn, Seen::Face, 58_001, false),
        (Phase::CheckIn, Seen::BodyOnly, 0, false),
        (Phase::CheckIn, Seen::NotYet, 0, false),
        (Phase::CheckIn, Seen::NoFrames, 0, false),
        (Phase::Exam, Seen::Face, 0, false),
    ] {
        let now = Snapshot { since_ms: at(since), ..snapshot(phase, seen) };
        assert_eq!(view(&now, None).may_start, expected, "{phase:?} {seen:?} {since}");
    }
}

#[test]
fn a_candidate_who_is_lost_is_told_why_and_seen_again_is_confirmed() {
    let open = interval(Kind::VirtualCamera, 1, None);
    for (warning, seen, interval, expected) in [
        (false, Seen::Nobody, interval(Kind::OutOfView, 58_500, None), None),
        (true, Seen::Nobody, interval(Kind::OutOfView, 57_000, None), Some(Notice::Away)),
        (
            true,
            Seen::BodyOnly,
            interval(Kind::FaceNotVisible, 0, None),
            Some(Notice::FaceNotVisible),
        ),
        (true, Seen::Face, interval(Kind::MultiplePeople, 0, None), Some(Notice::MultiplePeople)),
        (true, Seen::NoFrames, interval(Kind::CameraLost, 0, None), Some(Notice::CannotLook)),
        (false, Seen::Face, interval(Kind::OutOfView, 0, Some(56_000)), Some(Notice::Back)),
        (false, Seen::Face, interval(Kind::OutOfView, 0, Some(55_000)), None),
        (false, Seen::Nobody, interval(Kind::OutOfView, 0, Some(59_000)), None),
    ] {
        let warning = warning.then_some(interval.id);
        // Another one that is open is not the one to tell of.
        let intervals = vec![interval, open.clone()];
        let now = Snapshot { warning, intervals, ..snapshot(Phase::Exam, seen) };
        assert_eq!(view(&now, None).notice, expected, "{:?}", now.intervals);
    }
}

#[test]
fn a_proctor_may_let_a_candidate_start_who_is_not_seen() {
    let start_override = StartOverride {
        command: CommandId(uuid::Uuid::nil()),
        reason: "No light".to_owned(),
        at: String::new(),
    };
    for (phase, seen, may_start, is_let_in) in [
        (Phase::CheckIn, Seen::Nobody, true, true),
        (Phase::CheckIn, Seen::NoFrames, true, true),
        (Phase::CheckIn, Seen::Face, true, false),
        (Phase::Exam, Seen::Nobody, false, false),
    ] {
        let now =
            Snapshot { start_override: Some(start_override.clone()), ..snapshot(phase, seen) };
        let view = view(&now, None);
        assert_eq!((view.may_start, view.is_let_in), (may_start, is_let_in), "{phase:?} {seen:?}");
    }
}

#[test]
fn messages_are_shown_one_after_the_other_until_they_are_read() {
    let message = |number: u128, read| Message {
        id: CommandId(uuid::Uuid::from_u128(number)),
        text: number.to_string(),
        at: String::new(),
        shown: true,
        read,
    };
    for (read, expected) in [
        ([false, false, false], Some(("1", 2))),
        ([true, false, false], Some(("2", 1))),
        ([true, false, true], Some(("2", 0))),
        ([true, true, true], None),
    ] {
        let messages = [1, 2, 3].map(|number: u128| message(number, read[number as usize - 1]));
        let now = Snapshot { messages: messages.into(), ..snapshot(Phase::Exam, Seen::Face) };
        let letter = view(&now, None).message;
        let found = letter.as_ref().map(|it| (it.message.text.as_str(), it.behind));
        assert_eq!(found, expected, "{read:?}");
    }
}

#[test]
fn the_connection_is_what_the_reports_say() {
    for (made, acknowledged, health, expected) in [
        (4, 4, &[][..], Connection::AllSent),
        (4, 1, &[], Connection::Sending(3)),
        (4, 1, &[Code::ServerUnreachable], Connection::Unreachable(3)),
        (4, 1, &[Code::ServerUnreachable, Code::ServerRefuses], Connection::Refused),
        // What is in memory alone is not said to be kept.
        (4, 1, &[Code::StorageDegraded], Connection::Sending(3)),
        (
            4,
            1,
            &[Code::StorageDegraded, Code::ServerUnreachable],
            Connection::UnreachableNotKept(3),
        ),
        (4, 1, &[Code::SpoolFailed, Code::ServerUnreachable], Connection::UnreachableNotKept(3)),
        (4, 1, &[Code::StorageDegraded, Code::ServerRefuses], Connection::RefusedNotKept),
    ] {
        let reports = Reports { made, acknowledged, ..Reports::default() };
        let now = Snapshot { reports, ..with_health(health) };
        assert_eq!(view(&now, None).connection, expected, "{health:?}");
    }
}

#[test]
fn the_planned_end_is_ahead_or_behind_and_is_told_in_the_exam_alone() {
    let planned = |phase, end| {
        let now = Snapshot { planned_ms: end, ..snapshot(phase, Seen::Face) };
        view(&now, None).planned
    };
    let secs = Duration::from_secs;
    assert_eq!(planned(Phase::Exam, Some(at(90_000))), Some(Planned::In(secs(30))));
    assert_eq!(planned(Phase::Exam, Some(at(50_000))), Some(Planned::Ago(secs(10))));
    assert_eq!(planned(Phase::Exam, None), None);
    assert_eq!(planned(Phase::Ended, Some(at(90_000))), None);
}
