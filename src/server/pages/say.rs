//! Words and figures for the templates.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::report::{
    self, CheckAnswer, ClosedBy, CommandKind, CommandReport, CommandResult, Delivery, ForkKind,
    Hash, Kind, Liveness, Noticed, Outcome, Phase, Role, Seen, SessionDetail, SessionStatus,
    SessionSummary, StorageFault, StoredCommand, Strain, Verdict, WebhookType,
};
use crate::server::store::check::Fault;
use crate::server::words;
use crate::time::MediaTime;
use crate::trust::verify::Wrong;
use crate::words::Language;

pub(in crate::server) use crate::server::pages::texture::{Texture, is_patterned, texture};
pub(in crate::server) use crate::server::words::problem;

/// The language of the page.
pub(in crate::server) fn language() -> Language {
    words::language()
}

/// What a language calls itself; one that we do not know as it is.
pub(in crate::server) fn own_name(tag: &str) -> &str {
    match Language::of_tag(tag) {
        Some(known) => known.own_name(),
        None => tag,
    }
}

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

pub(in crate::server) fn role(role: Role) -> String {
    match role {
        Role::Admin => t!("role-admin"),
        Role::Proctor => t!("role-proctor"),
        Role::Auditor => t!("role-auditor"),
    }
}

pub(in crate::server) fn strain(strain: Strain) -> String {
    match strain {
        Strain::Battery => t!("strain-battery"),
        Strain::Heat => t!("strain-heat"),
        Strain::Load => t!("strain-load"),
    }
}

/// How it was noticed that there is more than one history.
pub(in crate::server) fn forked(how: ForkKind) -> String {
    match how {
        ForkKind::Reports => t!("forked-reports"),
        ForkKind::HeadBehind => t!("forked-head-behind"),
        ForkKind::HeadDiffers => t!("forked-head-differs"),
        ForkKind::Foreign => t!("forked-foreign"),
        ForkKind::TwoAgents => t!("forked-two-agents"),
    }
}

/// What a webhook tells of.
pub(in crate::server) fn webhook_type(kind: WebhookType) -> String {
    match kind {
        WebhookType::PresenceOpened => t!("webhook-type-presence-opened"),
        WebhookType::PresenceClosed => t!("webhook-type-presence-closed"),
        WebhookType::CameraOpened => t!("webhook-type-camera-opened"),
        WebhookType::CameraClosed => t!("webhook-type-camera-closed"),
        WebhookType::GapOpened => t!("webhook-type-gap-opened"),
        WebhookType::GapClosed => t!("webhook-type-gap-closed"),
        WebhookType::SessionStarted => t!("webhook-type-started"),
        WebhookType::SessionEnded => t!("webhook-type-ended"),
        WebhookType::ReviewGiven => t!("webhook-type-review"),
        WebhookType::Ping => t!("webhook-type-ping"),
    }
}

/// What became of the last attempt to send a message.
pub(in crate::server) fn answered(delivery: &Delivery) -> String {
    match (delivery.status, delivery.fault.as_deref()) {
        (Some(status), Some(fault)) => {
            t!("webhook-answered-saying", status = status.to_string(), fault = fault)
        }
        (Some(status), None) => t!("webhook-answered", status = status.to_string()),
        (None, fault) => fault.map(problem).unwrap_or_default(),
    }
}

/// A deed by its name in the record; one that this server does not know as it is.
pub(in crate::server) fn deed(name: &str) -> String {
    match name {
        "signed_in" => t!("deed-signed-in"),
        "signed_out" => t!("deed-signed-out"),
        "command_given" => t!("deed-command-given"),
        "fork_recorded" => t!("deed-fork-recorded"),
        "silence_alerted" => t!("deed-silence-alerted"),
        "sign_in_refused" => t!("deed-sign-in-refused"),
        "session_issued" => t!("deed-session-issued"),
        "exam_created" => t!("deed-exam-created"),
        "exam_closed" => t!("deed-exam-closed"),
        "policy_changed" => t!("deed-policy-changed"),
        "language_changed" => t!("deed-language-changed"),
        "roster_imported" => t!("deed-roster-imported"),
        "account_created" => t!("deed-account-created"),
        "account_disabled" => t!("deed-account-disabled"),
        "account_enabled" => t!("deed-account-enabled"),
        "role_changed" => t!("deed-role-changed"),
        "exams_assigned" => t!("deed-exams-assigned"),
        "password_link_made" => t!("deed-password-link-made"),
        "password_set" => t!("deed-password-set"),
        "second_factor_set" => t!("deed-second-factor-set"),
        "second_factor_removed" => t!("deed-second-factor-removed"),
        "token_made" => t!("deed-token-made"),
        "token_revoked" => t!("deed-token-revoked"),
        "reviewed" => t!("deed-reviewed"),
        "session_erased" => t!("deed-session-erased"),
        "session_exported" => t!("deed-session-exported"),
        "webhook_made" => t!("deed-webhook-made"),
        "webhook_enabled" => t!("deed-webhook-enabled"),
        "webhook_disabled" => t!("deed-webhook-disabled"),
        "webhook_secret_rotated" => t!("deed-webhook-secret-rotated"),
        "webhook_deleted" => t!("deed-webhook-deleted"),
        "messages_sent_again" => t!("deed-messages-sent-again"),
        name => name.replace('_', " "),
    }
}

/// What is wrong with a report, or its place.
pub(in crate::server) fn wrong(wrong: Wrong) -> String {
    match wrong {
        Wrong::Format => t!("wrong-format"),
        Wrong::Twice => t!("wrong-twice"),
        Wrong::Unreadable => t!("wrong-unreadable"),
        Wrong::Identity => t!("wrong-identity"),
        Wrong::Chain => t!("wrong-chain"),
        Wrong::NotSigned => t!("wrong-not-signed"),
        Wrong::Signature => t!("wrong-signature"),
        Wrong::Receipt => t!("wrong-receipt"),
        Wrong::Received => t!("wrong-received"),
    }
}

/// Where the server's tables are not as it was reported.
pub(in crate::server) fn disagreement(fault: Fault) -> String {
    match fault {
        Fault::Hash { incarnation, seq } => {
            t!("table-hash", seq = seq, id = incarnation.to_string())
        }
        Fault::Interval(id) => t!("table-interval", id = id.to_string()),
        Fault::Intervals { kept, told } => t!("table-intervals", kept = kept, told = told),
        Fault::Integrity => t!("table-integrity"),
    }
}

fn cause(fault: StorageFault) -> String {
    match fault {
        StorageFault::Full => t!("storage-full"),
        StorageFault::ReadOnly => t!("storage-read-only"),
        StorageFault::InUse => t!("storage-in-use"),
        StorageFault::Failing => t!("storage-failing"),
    }
}

/// What an agent noticed of its reports and clocks.
pub(in crate::server) fn noticed(what: &Noticed) -> String {
    match what {
        Noticed::SpoolDamaged { from: Some(from), to: Some(to), .. } if from <= to => {
            t!("noticed-damaged-missing", from = *from, to = *to)
        }
        Noticed::SpoolDamaged { to: Some(to), .. } => t!("noticed-damaged-arrived", to = *to),
        Noticed::SpoolDamaged { .. } => t!("noticed-damaged"),
        Noticed::StorageDegraded { cause: fault } => {
            t!("noticed-storage-degraded", cause = cause(*fault))
        }
        Noticed::StorageRestored { waiting } => {
            t!("noticed-storage-restored", count = *waiting)
        }
        Noticed::ReportsLost { reports } => t!("noticed-reports-lost", count = *reports),
        Noticed::ClockStepped { by_ms } if *by_ms < 0 => {
            t!("noticed-clock-back", time = millis(by_ms.unsigned_abs()))
        }
        Noticed::ClockStepped { by_ms } => {
            t!("noticed-clock-forward", time = millis(by_ms.unsigned_abs()))
        }
        Noticed::Suspended { for_ms } => t!("noticed-suspended", time = millis(*for_ms)),
    }
}

/// What is wrong with the agent. Codes that we do not know are words already: an agent may be newer.
pub(in crate::server) fn each_trouble(liveness: &Liveness) -> impl Iterator<Item = String> {
    liveness.health.iter().map(|one| trouble(&one.code))
}

fn trouble(code: &str) -> String {
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

/// `one, other`.
pub(in crate::server) fn list(words: impl IntoIterator<Item = String>) -> String {
    words.into_iter().collect::<Vec<_>>().join(&t!("list-comma"))
}

pub(in crate::server) fn command(kind: &CommandKind) -> String {
    match kind {
        CommandKind::Message { .. } => t!("command-message"),
        CommandKind::AllowStart { .. } => t!("command-allow-start"),
        CommandKind::CheckCamera => t!("command-check-camera"),
        CommandKind::Extend { .. } => t!("command-extend"),
        CommandKind::End { .. } => t!("command-end"),
    }
}

/// What was asked for, in the words of whoever asked where there are any.
pub(in crate::server) fn asked(kind: &CommandKind) -> String {
    match kind {
        CommandKind::Message { text } => text.clone(),
        CommandKind::AllowStart { reason } | CommandKind::End { reason } => reason.clone(),
        CommandKind::CheckCamera => t!("asked-check-camera"),
        CommandKind::Extend { minutes } => t!("asked-extend", count = *minutes),
    }
}

/// Why an agent refused. What we do not know is a word already: an agent may be newer.
pub(in crate::server) fn refused(reason: &str) -> String {
    match reason {
        report::UNKNOWN => t!("refused-unknown"),
        report::MALFORMED => t!("refused-malformed"),
        report::ALREADY_BEGUN => t!("refused-already-begun"),
        report::NOT_BEGUN => t!("refused-not-begun"),
        report::ALREADY_ENDED => t!("refused-already-ended"),
        report::NO_PLANNED_END => t!("refused-no-planned-end"),
        report::CANNOT => t!("refused-cannot"),
        reason => reason.replace('_', " "),
    }
}

/// What the agent reported of a command.
pub(in crate::server) fn came_of(report: &CommandReport) -> String {
    match &report.what {
        CommandResult::CameraChecked { answer, seen: sight, open, health } => {
            let sight = std::iter::once(seen(*sight));
            let open = open.iter().copied().map(kind);
            let wrong = health.iter().map(|code| trouble(code));
            let mut said: Vec<String> = Vec::new();
            for one in sight.chain(open).chain(wrong) {
                if !said.contains(&one) {
                    said.push(one);
                }
            }
            let (at, state) = (at(report.at_ms), list(said));
            match answer {
                CheckAnswer::Done => t!("checked-done", at = at, state = state),
                CheckAnswer::Cannot => t!("checked-cannot", at = at, state = state),
            }
        }
        CommandResult::Extended { planned_ms, .. } => {
            t!("extended-to", at = at(report.at_ms), length = length(*planned_ms))
        }
    }
}

/// How far a command of the session has come. Of one that has ended nothing is waited for.
pub(in crate::server) fn state(command: &StoredCommand, of: &SessionDetail) -> String {
    match outcome(command, of) {
        None if of.summary.status == SessionStatus::Ended => t!("outcome-unconfirmed"),
        None => t!("outcome-waiting"),
        Some(outcome) => said(outcome),
    }
}

/// What was confirmed, or else what a report says: it may come before the confirmation, or without it.
fn outcome(command: &StoredCommand, of: &SessionDetail) -> Option<Outcome> {
    let last = command.outcomes.last().map(|last| last.outcome);
    match last {
        Some(Outcome::Read | Outcome::Done | Outcome::Refused) => last,
        None | Some(Outcome::Shown) => reported(command, of).or(last),
    }
}

fn reported(command: &StoredCommand, of: &SessionDetail) -> Option<Outcome> {
    let began = of.start_override.as_ref().map(|by| by.command);
    let ended = of.ended_by.as_ref().map(|by| by.command);
    if [began, ended].contains(&Some(command.id)) {
        return Some(Outcome::Done);
    }
    Some(match command.report.as_ref()?.what {
        CommandResult::CameraChecked { answer: CheckAnswer::Cannot, .. } => Outcome::Refused,
        CommandResult::CameraChecked { answer: CheckAnswer::Done, .. }
        | CommandResult::Extended { .. } => Outcome::Done,
    })
}

/// The class of its badge.
pub(in crate::server) fn class_of_state(
    command: &StoredCommand,
    of: &SessionDetail,
) -> &'static str {
    match outcome(command, of) {
        None if of.summary.status == SessionStatus::Ended => "refused",
        None => "waiting",
        Some(Outcome::Shown) => "shown",
        Some(Outcome::Read) => "read",
        Some(Outcome::Done) => "done",
        Some(Outcome::Refused) => "refused",
    }
}

pub(in crate::server) fn said(outcome: Outcome) -> String {
    match outcome {
        Outcome::Shown => t!("outcome-shown"),
        Outcome::Read => t!("outcome-read"),
        Outcome::Done => t!("outcome-done"),
        Outcome::Refused => t!("outcome-refused"),
    }
}

/// `18:58:17 UTC`; what is no time as it is.
pub(in crate::server) fn clock(rfc3339: &str) -> String {
    let at = rfc3339.parse::<Timestamp>();
    at.map_or_else(|_| rfc3339.to_owned(), |at| at.strftime("%H:%M:%S UTC").to_string())
}

/// When a session that has begun is planned to end: by the agent's clock, as its candidate sees it.
pub(in crate::server) fn planned_end(session: &SessionSummary) -> Option<String> {
    let began = session.started_at.as_ref()?.parse::<Timestamp>().ok()?;
    let planned = SignedDuration::from_millis(session.planned_ms?.as_micros() / 1_000);
    let end = began.checked_add(planned).ok()?;
    Some(end.strftime("%H:%M UTC").to_string())
}

/// `2026-11-25 18:58 UTC`; what is no time as it is.
pub(in crate::server) fn when(rfc3339: &str) -> String {
    let Ok(at) = rfc3339.parse::<Timestamp>() else { return rfc3339.to_owned() };
    let part = |format: &str| at.strftime(format).to_string();
    t!("when", year = part("%Y"), month = part("%m"), day = part("%d"), time = part("%H:%M UTC"))
}

/// A number with so many digits behind its point, or comma.
pub(in crate::server) fn decimal(number: f64, digits: usize) -> String {
    with_point(format!("{number:.digits$}"))
}

/// A number with all the digits that it has.
pub(in crate::server) fn number(number: f64) -> String {
    with_point(number.to_string())
}

fn with_point(digits: String) -> String {
    match language() {
        Language::English | Language::Japanese => digits,
        Language::German | Language::Spanish => digits.replace('.', ","),
    }
}

/// A time within a session: `0:04.2`.
pub(in crate::server) fn at(time: MediaTime) -> String {
    with_point(time.to_string())
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
        (0, 0, _) => t!("span-seconds", seconds = decimal(span.as_secs_f64(), 1)),
        (0, minutes, seconds) => {
            t!("span-minutes", minutes = minutes, seconds = format!("{seconds:02}"))
        }
        (hours, minutes, _) => t!("span-hours", hours = hours, minutes = format!("{minutes:02}")),
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
        let back = noticed(&Noticed::ClockStepped { by_ms: -7_200_000 });
        assert!(back.contains("set back by 2 h 00 min"), "{back}");
    }

    #[test]
    fn times_and_numbers_are_said_in_the_language() {
        let said = |language| {
            words::within(language, || {
                (span(Duration::from_millis(8_400)), when("2026-11-25T18:58:17Z"), number(2.5))
            })
        };
        let expected =
            |span: &str, when: &str, number: &str| (span.into(), when.into(), number.into());
        assert_eq!(said(Language::German), expected("8,4 s", "25.11.2026, 18:58 UTC", "2,5"));
        assert_eq!(said(Language::Spanish), expected("8,4 s", "25/11/2026, 18:58 UTC", "2,5"));
        assert_eq!(said(Language::Japanese), expected("8.4秒", "2026/11/25 18:58 UTC", "2.5"));
    }

    #[test]
    fn every_deed_is_said_in_the_language() {
        words::within(Language::German, || {
            for name in crate::server::store::audit::Deed::names() {
                assert_ne!(deed(&name), name.replace('_', " "));
            }
        });
        assert_eq!(deed("looked_up"), "looked up");
    }
}
