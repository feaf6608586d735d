//! From how things stand to what is shown. Pure: no clock, no window, no words.
//!
//! Left and right are the candidate's own. The camera sees the candidate from the front, so a face
//! in the left of its picture has to move to the candidate's left to come to the middle; in the
//! preview, which is a mirror, this is to the left, too.

use std::time::Duration;

use crate::agent::{CameraCheck, Message, Phase, Preview, Seen, Snapshot};
use crate::capture::camera::Fit;
use crate::geometry::BoundingBox;
use crate::health::{Code, Condition};
use crate::report::{ClosedBy, Interval, Kind};
use crate::time::MediaTime;

pub use super::signs::{Hint, Notice, Sight, kind_key};

/// Seen with a face for so long: the exam may start.
pub const STEADY: Duration = Duration::from_secs(2);
/// "Seen again" is said for so long.
const CONFIRMED_FOR: Duration = Duration::from_secs(5);

/// Which screen the session is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    CheckIn,
    Exam,
    /// The exam is over, reports are on their way.
    Ending,
    Ended,
}

/// Where the reports are; the numbers are of those that the server does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    AllSent,
    Sending(u64),
    Unreachable(u64),
    Refused,
    /// The same two while the disk does not take reports: what waits is in memory alone.
    UnreachableNotKept(u64),
    RefusedNotKept,
}

/// One interval that was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub kind: Kind,
    pub start: MediaTime,
    /// Absent: it goes on.
    pub end: Option<MediaTime>,
}

/// A message of the proctor that was not read, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub message: Message,
    /// How many wait behind it.
    pub behind: usize,
}

/// The planned end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    In(Duration),
    Ago(Duration),
}

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub screen: Screen,
    pub hint: Hint,
    pub sight: Sight,
    /// It is so for this long.
    pub sight_for: Duration,
    /// The exam goes on for this long.
    pub running: Duration,
    pub may_start: bool,
    /// It may start although the candidate is not seen: a proctor said so.
    pub is_let_in: bool,
    pub message: Option<Letter>,
    /// The candidate is asked to check the camera.
    pub camera_check: Option<CameraCheck>,
    /// In the exam, where an end is planned.
    pub planned: Option<Planned>,
    pub notice: Option<Notice>,
    pub connection: Connection,
    pub told: Vec<Told>,
    /// Messages about what else is wrong, worst first.
    pub troubles: Vec<&'static str>,
}

/// What is to be shown of this.
pub fn view(now: &Snapshot, preview: Option<&Preview>) -> View {
    let sight_for = now.at_ms.since(now.since_ms);
    let is_steady = now.seen == Seen::Face && sight_for >= STEADY;
    let is_allowed = now.start_override.is_some();
    let hint = hint(now, preview);
    View {
        screen: match now.phase {
            Phase::CheckIn => Screen::CheckIn,
            Phase::Exam => Screen::Exam,
            Phase::Ending => Screen::Ending,
            Phase::Ended => Screen::Ended,
        },
        hint,
        sight: sight(now),
        sight_for,
        running: now.at_ms.since(MediaTime::ZERO),
        may_start: now.phase == Phase::CheckIn && (is_steady || is_allowed) && !now.camera_refused,
        is_let_in: now.phase == Phase::CheckIn && !is_steady && is_allowed && !now.camera_refused,
        message: letter(now),
        camera_check: now.camera_check.clone(),
        planned: now.planned_ms.filter(|_| now.phase == Phase::Exam).map(|end| planned(now, end)),
        notice: notice(now),
        connection: connection(now),
        told: now.intervals.iter().map(told).collect(),
        troubles: now.health.iter().filter_map(|condition| trouble(condition.code, now)).collect(),
    }
}

fn planned(now: &Snapshot, end: MediaTime) -> Planned {
    if now.at_ms < end {
        Planned::In(end.since(now.at_ms))
    } else {
        Planned::Ago(now.at_ms.since(end))
    }
}

fn letter(now: &Snapshot) -> Option<Letter> {
    let mut unread = now.messages.iter().filter(|message| !message.read);
    let message = unread.next()?.clone();
    Some(Letter { message, behind: unread.count() })
}

fn told(interval: &Interval) -> Told {
    Told { kind: interval.kind, start: interval.start_ms, end: interval.end_ms }
}

fn sight(now: &Snapshot) -> Sight {
    match now.seen {
        Seen::NotYet => Sight::Waiting,
        Seen::Face => Sight::Seen,
        Seen::BodyOnly | Seen::Nobody => Sight::NotSeen,
        Seen::LensCovered | Seen::TooDark | Seen::PictureFrozen | Seen::NoFrames => {
            Sight::CannotLook
        }
    }
}

fn hint(now: &Snapshot, preview: Option<&Preview>) -> Hint {
    if let Some(hint) = now.health.iter().find_map(broken) {
        return hint;
    }
    if now.camera_refused {
        return Hint::CameraRefused;
    }
    match now.seen {
        Seen::NotYet => Hint::Waiting,
        Seen::NoFrames => Hint::CameraLost,
        Seen::LensCovered => Hint::LensCovered,
        Seen::TooDark => Hint::MoreLight,
        Seen::PictureFrozen => Hint::PictureFrozen,
        Seen::Nobody => Hint::NobodyThere,
        Seen::BodyOnly => Hint::FaceNotVisible,
        Seen::Face => preview.map_or(Hint::AllGood, in_the_picture),
    }
}

/// A condition that explains why nothing is seen.
fn broken(condition: &Condition) -> Option<Hint> {
    match condition.code {
        Code::NoCamera => Some(Hint::NoCamera),
        Code::CameraBusy => Some(Hint::CameraBusy),
        Code::CameraDenied => Some(Hint::CameraDenied),
        Code::CameraLost | Code::CaptureStuck => Some(Hint::CameraLost),
        Code::DetectorFailed => Some(Hint::DetectorFailed),
        Code::VirtualCamera
        | Code::Overloaded
        | Code::BatteryLow
        | Code::MachineHot
        | Code::StorageDegraded
        | Code::SpoolFailed
        | Code::ServerUnreachable
        | Code::ServerRefuses => None,
    }
}

fn trouble(code: Code, now: &Snapshot) -> Option<&'static str> {
    match code {
        Code::VirtualCamera if now.camera_refused => None,
        Code::VirtualCamera => Some("trouble-virtual-camera"),
        Code::Overloaded => Some("trouble-overloaded"),
        Code::BatteryLow => Some("trouble-battery-low"),
        Code::MachineHot => Some("trouble-machine-hot"),
        Code::StorageDegraded => Some("trouble-storage-degraded"),
        Code::SpoolFailed => Some("trouble-spool-failed"),
        Code::ServerRefuses => Some("trouble-server-refuses"),
        // Said by the hint, or by the connection.
        Code::NoCamera
        | Code::CameraBusy
        | Code::CameraDenied
        | Code::CameraLost
        | Code::CaptureStuck
        | Code::DetectorFailed
        | Code::ServerUnreachable => None,
    }
}

/// What is to be said of a camera that was not simply the chosen one.
pub const fn note(fit: Fit) -> Option<&'static str> {
    match fit {
        Fit::First | Fit::Chosen => None,
        Fit::Moved => Some("camera-moved"),
        Fit::StandIn => Some("camera-stand-in"),
    }
}

/// A face was found: is it well placed, and well lit?
fn in_the_picture(preview: &Preview) -> Hint {
    let light = preview.face_luma.map_or(Hint::AllGood, |face| match face {
        _ if face < 90.0 && preview.mean - face > 55.0 => Hint::LitFromBehind,
        _ if face < 45.0 => Hint::MoreLight,
        _ => Hint::AllGood,
    });
    let place = preview.face.map_or(Hint::AllGood, |face| placed(&face));
    if place == Hint::AllGood { light } else { place }
}

fn placed(face: &BoundingBox) -> Hint {
    let (x, y) = face.center();
    match face.height() {
        height if height < 0.14 => Hint::ComeCloser,
        height if height > 0.75 => Hint::MoveBack,
        _ if x < 0.28 => Hint::MoveLeft,
        _ if x > 0.72 => Hint::MoveRight,
        _ if y < 0.22 => Hint::MoveDown,
        _ if y > 0.75 => Hint::MoveUp,
        _ => Hint::AllGood,
    }
}

fn notice(now: &Snapshot) -> Option<Notice> {
    if now.phase != Phase::Exam {
        return None;
    }
    if let Some(warned) = now.warning {
        let open = now.intervals.iter().find(|interval| interval.id == warned);
        return Some(match open.map(|interval| interval.kind) {
            Some(Kind::OutOfView) | None => Notice::Away,
            Some(Kind::FaceNotVisible) => Notice::FaceNotVisible,
            Some(Kind::MultiplePeople) => Notice::MultiplePeople,
            Some(Kind::SuspectedStillImage) => Notice::StillImage,
            Some(Kind::SuspectedLoop) => Notice::Loop,
            Some(
                Kind::CameraCovered
                | Kind::TooDark
                | Kind::FrozenPicture
                | Kind::CameraLost
                | Kind::VirtualCamera
                | Kind::AgentGap
                | Kind::ReportingGap,
            ) => Notice::CannotLook,
        });
    }
    let is_back = |interval: &Interval| {
        let was_away = !matches!(interval.kind, Kind::SuspectedStillImage | Kind::SuspectedLoop);
        let seen_again = was_away && interval.closed_by == Some(ClosedBy::SeenAgain);
        let ended = interval.end_ms.filter(|_| seen_again);
        ended.is_some_and(|end| now.at_ms.since(end) < CONFIRMED_FOR)
    };
    (now.seen == Seen::Face && now.intervals.iter().any(is_back)).then_some(Notice::Back)
}

fn connection(now: &Snapshot) -> Connection {
    let left = now.reports.made.saturating_sub(now.reports.acknowledged);
    let shows = |code| now.health.iter().any(|condition| condition.code == code);
    let is_kept = !shows(Code::StorageDegraded) && !shows(Code::SpoolFailed);
    if shows(Code::ServerRefuses) {
        if is_kept { Connection::Refused } else { Connection::RefusedNotKept }
    } else if shows(Code::ServerUnreachable) {
        if is_kept { Connection::Unreachable(left) } else { Connection::UnreachableNotKept(left) }
    } else if left > 0 {
        Connection::Sending(left)
    } else {
        Connection::AllSent
    }
}

#[cfg(test)]
#[path = "view_model_tests.rs"]
mod tests;
