//! Words and figures for the templates.

use std::time::Duration;

use jiff::Timestamp;

use crate::report::{
    ClosedBy, CommandKind, Family, Hash, Kind, Liveness, Noticed, Outcome, Phase, SessionStatus,
    SessionSummary, StoredCommand, Verdict,
};
use crate::time::MediaTime;

pub(in crate::server) fn status(status: SessionStatus) -> &'static str {
    match status {
        SessionStatus::CheckingIn => "checking in",
        SessionStatus::Issued => "not started",
        SessionStatus::Running => "running",
        SessionStatus::Silent => "silent",
        SessionStatus::Ended => "ended",
    }
}

/// How a seat of an exam stands: whether its code was used, too.
pub(in crate::server) fn seat(session: &SessionSummary) -> &'static str {
    let used = session.issued.as_ref().is_some_and(|issued| issued.enrolled_at.is_some());
    if used && session.status == SessionStatus::Issued {
        "code used"
    } else {
        status(session.status)
    }
}

pub(in crate::server) fn ended_by(closed_by: Option<ClosedBy>) -> &'static str {
    match closed_by {
        None => "still open",
        Some(ClosedBy::SeenAgain) => "seen again",
        Some(ClosedBy::CouldNotLook) => "camera could not look",
        Some(ClosedBy::SessionEnd) => "end of session",
        Some(ClosedBy::Incomplete) => "recording broke off",
        Some(ClosedBy::AgentRestart) => "agent restarted",
        Some(ClosedBy::HeardAgain) => "heard of again",
    }
}

/// What a proctor made of an alert.
pub(in crate::server) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Acknowledged => "acknowledged",
        Verdict::Fine => "fine",
        Verdict::Technical => "technical",
        Verdict::Violation => "violation",
        Verdict::Unsure => "unsure",
        Verdict::Withdrawn => "to review",
    }
}

pub(in crate::server) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::CheckIn => "camera check, before the exam",
        Phase::Exam => "exam",
        Phase::Ending => "sending the last reports",
        Phase::Ended => "exam ended",
    }
}

/// What an agent noticed of its reports and clocks.
pub(in crate::server) fn noticed(what: &Noticed) -> String {
    const DAMAGED: &str = "The agent’s file of reports was damaged and set aside";
    match what {
        Noticed::SpoolDamaged { from: Some(from), to: Some(to), .. } if from <= to => format!(
            "{DAMAGED}. Those of its last {to} reports that had not arrived, from {from} on, \
             are missing."
        ),
        Noticed::SpoolDamaged { to: Some(to), .. } => {
            format!("{DAMAGED}. All {to} reports that were last in it had arrived.")
        }
        Noticed::SpoolDamaged { .. } => {
            format!("{DAMAGED}. Which reports were in it is not known.")
        }
        Noticed::StorageDegraded { cause } => format!(
            "The computer’s disk took no reports ({}); they were held in memory and sent from \
             there.",
            cause.description()
        ),
        Noticed::StorageRestored { waiting: 0 } => {
            "The disk took reports again; all had arrived meanwhile.".to_owned()
        }
        Noticed::StorageRestored { waiting } => format!(
            "The disk took reports again, and {} that had not arrived.",
            count(*waiting, "report", "reports")
        ),
        Noticed::ReportsLost { reports } => format!(
            "The memory for reports was full, too: {} not made.",
            count(*reports, "report was", "reports were")
        ),
        Noticed::ClockStepped { by_ms } => format!(
            "The computer’s clock was set {} by {}. Lengths do not depend on it.",
            if *by_ms < 0 { "back" } else { "forward" },
            millis(by_ms.unsigned_abs())
        ),
        Noticed::Suspended { for_ms } => {
            format!("The computer slept for {}.", millis(*for_ms))
        }
    }
}

/// What is wrong with the agent; codes are words already.
pub(in crate::server) fn troubles(liveness: &Liveness) -> String {
    let words = liveness.health.iter().map(|trouble| trouble.code.replace('_', " "));
    words.collect::<Vec<_>>().join(", ")
}

pub(in crate::server) fn command(kind: &CommandKind) -> &'static str {
    match kind {
        CommandKind::Message { .. } => "message",
        CommandKind::AllowStart { .. } => "start allowed",
    }
}

/// How far a command has come.
pub(in crate::server) fn state(command: &StoredCommand) -> &'static str {
    match command.outcomes.last().map(|last| last.outcome) {
        None => "waiting",
        Some(outcome) => said(outcome),
    }
}

pub(in crate::server) fn said(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Shown => "shown",
        Outcome::Read => "read",
        Outcome::Done => "done",
        Outcome::Refused => "refused",
    }
}

/// `18:58:17 UTC`; what is no time as it is.
pub(in crate::server) fn clock(rfc3339: &str) -> String {
    let at = rfc3339.parse::<Timestamp>();
    at.map_or_else(|_| rfc3339.to_owned(), |at| at.strftime("%H:%M:%S UTC").to_string())
}

pub(in crate::server) fn is_hatched(kind: Kind) -> bool {
    kind.family() != Family::Presence && kind != Kind::SuspectedStillImage
}

/// `2026-11-25 18:58 UTC`; what is no time as it is.
pub(in crate::server) fn when(rfc3339: &str) -> String {
    let at = rfc3339.parse::<Timestamp>();
    at.map_or_else(|_| rfc3339.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// To the second, in UTC.
pub(in crate::server) fn second(rfc3339: &str) -> String {
    let at = rfc3339.parse::<Timestamp>();
    at.map_or_else(|_| rfc3339.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// The first digits of a hash.
pub(in crate::server) fn short(hash: &Hash) -> String {
    hash.to_string().get(..12).unwrap_or_default().to_owned()
}

/// `8.4 s`, `12 min 30 s`, `3 h 05 min`.
pub(in crate::server) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, _) => format!("{:.1} s", span.as_secs_f64()),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

pub(in crate::server) fn millis(millis: u64) -> String {
    span(Duration::from_millis(millis))
}

/// How long it lasted.
pub(in crate::server) fn between(start: MediaTime, end: MediaTime) -> String {
    span(end.since(start))
}

pub(in crate::server) fn length(of_session: MediaTime) -> String {
    span(of_session.since(MediaTime::ZERO))
}

pub(in crate::server) fn reports<T>(list: &[T]) -> String {
    count(list.len() as u64, "report", "reports")
}

pub(in crate::server) fn many<T>(list: &[T], one: &str, more: &str) -> String {
    count(list.len() as u64, one, more)
}

pub(in crate::server) fn count(number: u64, one: &str, more: &str) -> String {
    match number {
        0 => format!("no {more}"),
        1 => format!("1 {one}"),
        _ => format!("{number} {more}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        assert_eq!(span(Duration::from_millis(8_400)), "8.4 s");
        assert_eq!(span(Duration::from_secs(750)), "12 min 30 s");
        assert_eq!(span(Duration::from_mins(185)), "3 h 05 min");
        assert_eq!(when("2026-11-25T18:58:17Z"), "2026-11-25 18:58 UTC");
        assert_eq!(when("later"), "later");
        assert_eq!(count(1, "alert", "alerts"), "1 alert");
        let back = noticed(&Noticed::ClockStepped { by_ms: -7_200_000 });
        assert!(back.contains("set back by 2 h 00 min"), "{back}");
    }
}
