//! What came of a command, where that says something about the exam: a part of the chain of reports.

use serde::{Deserialize, Serialize};

use super::command::MAX_EXTENSION_MINUTES;
use super::heartbeat::{MAX_CONDITIONS, Seen, is_code};
use super::identity::CommandId;
use super::interval::Kind;
use crate::time::MediaTime;

/// What came of a command. After a kill it may be told twice: the first one counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct CommandReport {
    pub command: CommandId,
    /// When it was so; 0 where that was before the exam.
    pub at_ms: MediaTime,
    #[serde(flatten)]
    pub what: CommandResult,
}

/// What it is that came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum CommandResult {
    /// The candidate has looked after the camera, and this is how it stood at that moment.
    CameraChecked {
        answer: CheckAnswer,
        seen: Seen,
        /// Kinds of the intervals that were open.
        open: Vec<Kind>,
        /// Codes of what was wrong with the agent, as in a heartbeat.
        health: Vec<String>,
    },
    /// The planned end is later.
    Extended {
        #[cfg_attr(feature = "server", schema(minimum = 1, maximum = 480))]
        minutes: u32,
        /// The planned end from then on.
        planned_ms: MediaTime,
    },
}

/// What the candidate says of the camera that they were asked to look after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckAnswer {
    Done,
    /// They cannot mend it.
    Cannot,
}

impl CommandReport {
    /// What the types alone do not rule out; whether times lie within a session is for those who know
    /// how long one is.
    pub fn fault(&self) -> Option<&'static str> {
        match &self.what {
            CommandResult::CameraChecked { open, health, .. } => {
                if open.len() > Kind::ALL.len() || health.len() > MAX_CONDITIONS {
                    return Some("more is told of a check of the camera than there can be");
                }
                let is_odd = !health.iter().all(|code| is_code(code));
                is_odd.then_some("a code is 1 to 40 lower-case letters and underscores")
            }
            CommandResult::Extended { minutes, .. } => {
                let is_good = (1..=MAX_EXTENSION_MINUTES).contains(minutes);
                (!is_good).then_some("the minutes must lie between 1 and 480")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(what: CommandResult) -> CommandReport {
        let command = CommandId(uuid::Uuid::nil());
        CommandReport { command, at_ms: MediaTime::from_millis(1_500), what }
    }

    fn checked(open: usize, health: &str) -> CommandReport {
        let (answer, seen) = (CheckAnswer::Cannot, Seen::NoFrames);
        let (open, health) = (vec![Kind::CameraLost; open], vec![health.to_owned()]);
        report(CommandResult::CameraChecked { answer, seen, open, health })
    }

    #[test]
    fn what_came_of_a_command_is_flat_and_reads_back() {
        let planned_ms = MediaTime::from_millis(6_300_000);
        let extended = report(CommandResult::Extended { minutes: 15, planned_ms });
        let json = serde_json::to_string(&extended).unwrap();
        let expected = r#"{"command":"00000000-0000-0000-0000-000000000000","at_ms":1500,"what":"extended","minutes":15,"planned_ms":6300000}"#;
        assert_eq!(json, expected);
        for report in [extended, checked(1, "camera_lost")] {
            let json = serde_json::to_string(&report).unwrap();
            assert_eq!(serde_json::from_str::<CommandReport>(&json).unwrap(), report);
            assert_eq!(report.fault(), None);
        }
    }

    #[test]
    fn what_cannot_be_is_told() {
        let planned_ms = MediaTime::ZERO;
        for odd in [
            report(CommandResult::Extended { minutes: 481, planned_ms }),
            checked(Kind::ALL.len() + 1, "camera_lost"),
            checked(1, "Camera"),
        ] {
            assert!(odd.fault().is_some(), "{odd:?}");
        }
    }
}
