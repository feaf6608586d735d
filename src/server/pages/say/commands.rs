//! What was asked of an agent, and what came of it.

use crate::report::{
    self, CheckAnswer, CommandKind, CommandReport, CommandResult, Outcome, SessionDetail,
    SessionStatus, StoredCommand,
};
// A camera check tells how the session stood, and when.
use crate::server::pages::say::figures::{at, length, list};
use crate::server::pages::say::standing::{kind, seen, trouble};

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
