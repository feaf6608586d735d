//! How a session stands: what is seen, what is wrong, and what was made of it.

use crate::report::{
    ClosedBy, Kind, Liveness, Phase, Seen, SessionStatus, SessionSummary, Strain, Verdict,
};
// What is wrong with an agent is a list.
use crate::server::pages::say::figures::list;

pub(in crate::server) fn status(status: SessionStatus) -> String {
    match status {
        SessionStatus::CheckingIn => t!("status-checking-in"),
        SessionStatus::Issued => t!("status-issued"),
        SessionStatus::Running => t!("status-running"),
        SessionStatus::Silent => t!("status-silent"),
        SessionStatus::Ended => t!("status-ended"),
    }
}

/// The class of its badge.
pub(in crate::server) fn class_of_status(status: SessionStatus) -> &'static str {
    match status {
        SessionStatus::CheckingIn => "checking in",
        SessionStatus::Issued => "not started",
        SessionStatus::Running => "running",
        SessionStatus::Silent => "silent",
        SessionStatus::Ended => "ended",
    }
}

/// How a seat of an exam stands: whether its code was used, too.
pub(in crate::server) fn seat(session: &SessionSummary) -> String {
    let used = session.issued.as_ref().is_some_and(|issued| issued.enrolled_at.is_some());
    if used && session.status == SessionStatus::Issued {
        t!("status-code-used")
    } else {
        status(session.status)
    }
}

pub(in crate::server) fn kind(kind: Kind) -> String {
    match kind {
        Kind::OutOfView => t!("kind-out-of-view"),
        Kind::FaceNotVisible => t!("kind-face-not-visible"),
        Kind::MultiplePeople => t!("kind-multiple-people"),
        Kind::CameraCovered => t!("kind-camera-covered"),
        Kind::TooDark => t!("kind-too-dark"),
        Kind::FrozenPicture => t!("kind-frozen-picture"),
        Kind::CameraLost => t!("kind-camera-lost"),
        Kind::VirtualCamera => t!("kind-virtual-camera"),
        Kind::SuspectedStillImage => t!("kind-suspected-still-image"),
        Kind::SuspectedLoop => t!("kind-suspected-loop"),
        Kind::AgentGap => t!("kind-agent-gap"),
        Kind::ReportingGap => t!("kind-reporting-gap"),
    }
}

pub(in crate::server) fn seen(seen: Seen) -> String {
    match seen {
        Seen::NotYet => t!("seen-not-yet"),
        Seen::Face => t!("seen-face"),
        Seen::BodyOnly => t!("seen-body-only"),
        Seen::Nobody => t!("seen-nobody"),
        Seen::LensCovered => t!("kind-camera-covered"),
        Seen::TooDark => t!("kind-too-dark"),
        Seen::PictureFrozen => t!("kind-frozen-picture"),
        Seen::NoFrames => t!("seen-no-frames"),
    }
}

pub(in crate::server) fn ended_by(closed_by: Option<ClosedBy>) -> String {
    match closed_by {
        None => t!("ended-open"),
        Some(ClosedBy::SeenAgain) => t!("ended-seen-again"),
        Some(ClosedBy::CouldNotLook) => t!("ended-could-not-look"),
        Some(ClosedBy::SessionEnd) => t!("ended-session"),
        Some(ClosedBy::Incomplete) => t!("ended-incomplete"),
        Some(ClosedBy::AgentRestart) => t!("ended-agent-restart"),
        Some(ClosedBy::HeardAgain) => t!("ended-heard-again"),
    }
}

/// What a proctor made of an alert.
pub(in crate::server) fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::Acknowledged => t!("verdict-acknowledged"),
        Verdict::Fine => t!("verdict-fine"),
        Verdict::Technical => t!("verdict-technical"),
        Verdict::Violation => t!("verdict-violation"),
        Verdict::Unsure => t!("verdict-unsure"),
        Verdict::Withdrawn => t!("to-review"),
    }
}

pub(in crate::server) fn phase(phase: Phase) -> String {
    match phase {
        Phase::CheckIn => t!("phase-check-in"),
        Phase::Exam => t!("phase-exam"),
        Phase::Ending => t!("phase-ending"),
        Phase::Ended => t!("phase-ended"),
    }
}

pub(in crate::server) fn strain(strain: Strain) -> String {
    match strain {
        Strain::Battery => t!("strain-battery"),
        Strain::Heat => t!("strain-heat"),
        Strain::Load => t!("strain-load"),
    }
}

/// What is wrong with the agent. Codes that we do not know are words already: an agent may be newer.
pub(in crate::server) fn each_trouble(liveness: &Liveness) -> impl Iterator<Item = String> {
    liveness.health.iter().map(|one| trouble(&one.code))
}

pub(super) fn trouble(code: &str) -> String {
    match code {
        "no_camera" => t!("trouble-no-camera"),
        "camera_busy" => t!("trouble-camera-busy"),
        "camera_denied" => t!("trouble-camera-denied"),
        "camera_lost" => t!("trouble-camera-lost"),
        "capture_stuck" => t!("trouble-capture-stuck"),
        "virtual_camera" => t!("trouble-virtual-camera"),
        "detector_failed" => t!("trouble-detector-failed"),
        "overloaded" => t!("trouble-overloaded"),
        "battery_low" => t!("trouble-battery-low"),
        "machine_hot" => t!("trouble-machine-hot"),
        "storage_degraded" => t!("trouble-storage-degraded"),
        "spool_failed" => t!("trouble-spool-failed"),
        "server_unreachable" => t!("trouble-server-unreachable"),
        "server_refuses" => t!("trouble-server-refuses"),
        code => code.replace('_', " "),
    }
}

pub(in crate::server) fn troubles(liveness: &Liveness) -> String {
    list(each_trouble(liveness))
}
