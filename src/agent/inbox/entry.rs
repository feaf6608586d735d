//! One command, as it is kept.

use serde::{Deserialize, Serialize};

use crate::report::{CommandId, CommandKind, CommandResult, Confirmation, Outcome, Phase};
use crate::time::MediaTime;

/// One command, and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: CommandId,
    /// Absent: it was refused.
    pub(super) kind: Option<CommandKind>,
    /// When it came, by the wall clock: RFC 3339, UTC.
    pub(super) at: String,
    pub(super) confirmed: Vec<Confirmation>,
    /// The server knows its end.
    #[serde(default)]
    pub(super) is_settled: bool,
    /// What is to be reported of it, and of when: session time, zero before the exam.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<(MediaTime, CommandResult)>,
    /// The report is made.
    #[serde(default)]
    pub(super) is_told: bool,
    /// This life of the agent has handed it to the reporter.
    #[serde(skip)]
    pub(super) is_handed_over: bool,
    /// The file has it, with its kind.
    #[serde(skip)]
    pub(super) is_on_disk: bool,
    /// It came to an earlier life of the agent.
    #[serde(skip)]
    pub(super) is_old: bool,
}

impl Entry {
    pub(super) fn is(&self, outcome: Outcome) -> bool {
        self.confirmed.iter().any(|known| known.outcome == outcome)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.confirmed.iter().any(|known| known.outcome.is_final())
    }

    pub(super) fn was_refused(&self) -> bool {
        self.is(Outcome::Refused)
    }

    /// Whether the candidate sees it, and answers.
    pub(super) fn is_shown(&self) -> bool {
        matches!(self.kind, Some(CommandKind::Message { .. } | CommandKind::CheckCamera))
    }

    /// Nothing more is to be done about it: its end was told, by this life of the agent or an earlier one.
    pub(super) fn is_over(&self) -> bool {
        self.has_ended() || self.is_settled
    }

    /// A kill would undo what was done, and a server that was told of it would not ask again.
    pub(super) fn may_be_forgotten(&self, phase: Phase) -> bool {
        let until = match &self.kind {
            Some(CommandKind::AllowStart { .. }) => [Phase::CheckIn].as_slice(),
            Some(CommandKind::Extend { .. }) => &[Phase::CheckIn, Phase::Exam],
            // The end is said when nothing can undo it; what is shown was shown.
            Some(
                CommandKind::End { .. } | CommandKind::Message { .. } | CommandKind::CheckCamera,
            )
            | None => &[],
        };
        !self.is_on_disk && until.contains(&phase)
    }

    /// It must not be forgotten although the server knows its end.
    pub(super) fn is_in_force(&self) -> bool {
        let holds =
            matches!(self.kind, Some(CommandKind::AllowStart { .. } | CommandKind::Extend { .. }));
        holds || (self.result.is_some() && !self.is_told)
    }

    pub(super) fn confirm(&mut self, outcome: Outcome, at: &str, reason: Option<&str>) {
        if !self.is(outcome) {
            let (id, at, reason) = (self.id, at.to_owned(), reason.map(str::to_owned));
            self.confirmed.push(Confirmation { id, outcome, at, reason });
        }
    }
}
