//! What a proctor asks of an agent, and what becomes of it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::command_report::CommandReport;
use super::identity::CommandId;

/// Most characters of a message and of a reason.
pub const MAX_TEXT_CHARS: usize = 500;
/// Most minutes by which one command puts off the end of an exam.
pub const MAX_EXTENSION_MINUTES: u32 = 480;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CommandKind {
    /// Show this to the candidate until they have read it.
    Message {
        #[cfg_attr(feature = "server", schema(min_length = 1, max_length = 500))]
        text: String,
    },
    /// The exam may start although the candidate is not seen.
    AllowStart {
        #[cfg_attr(feature = "server", schema(min_length = 1, max_length = 500))]
        reason: String,
    },
    /// The candidate looks after their camera, and says so.
    CheckCamera,
    /// The planned end of the exam is later by so much. Each adds to those before it.
    Extend {
        #[cfg_attr(feature = "server", schema(minimum = 1, maximum = 480))]
        minutes: u32,
    },
    /// The exam ends now. The candidate reads why.
    End {
        #[cfg_attr(feature = "server", schema(min_length = 1, max_length = 500))]
        reason: String,
    },
}

impl CommandKind {
    /// What the candidate or the record would read.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Message { text } => Some(text),
            Self::AllowStart { reason } | Self::End { reason } => Some(reason),
            Self::CheckCamera | Self::Extend { .. } => None,
        }
    }

    pub const fn is_message(&self) -> bool {
        matches!(self, Self::Message { .. })
    }

    /// What the types alone do not rule out.
    pub fn fault(&self) -> Option<&'static str> {
        match self {
            Self::Message { text } => fault_of_text(text),
            Self::AllowStart { reason } | Self::End { reason } => fault_of_text(reason),
            Self::CheckCamera => None,
            Self::Extend { minutes } => {
                let is_good = (1..=MAX_EXTENSION_MINUTES).contains(minutes);
                (!is_good).then_some("the minutes must lie between 1 and 480")
            }
        }
    }
}

/// Why this is no text for a person: both ends ask.
pub fn fault_of_text(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        return Some("the text is empty");
    }
    if text.chars().count() > MAX_TEXT_CHARS {
        return Some("the text has more than 500 characters");
    }
    let is_odd = |c: char| c.is_control() && c != '\n';
    text.contains(is_odd).then_some("the text has control characters")
}

/// A command as it is handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(from = "Received")]
pub struct ProctorCommand {
    pub id: CommandId,
    /// Absent: a kind that this program does not know. It refuses the command, and goes on.
    #[serde(flatten)]
    #[cfg_attr(feature = "server", schema(value_type = CommandKind))]
    pub kind: Option<CommandKind>,
}

#[derive(Deserialize)]
struct Received {
    id: CommandId,
    #[serde(flatten)]
    kind: Map<String, Value>,
}

impl From<Received> for ProctorCommand {
    fn from(received: Received) -> Self {
        let kind = serde_json::from_value(Value::Object(received.kind)).ok();
        Self { id: received.id, kind }
    }
}

/// What has become of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is on the candidate's screen.
    Shown,
    /// The candidate has acknowledged the message.
    Read,
    Done,
    Refused,
}

impl Outcome {
    pub const ALL: [Self; 4] = [Self::Shown, Self::Read, Self::Done, Self::Refused];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Read => "read",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// Nothing more will become of the command.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Shown => false,
            Self::Read | Self::Done | Self::Refused => true,
        }
    }
}

/// The agent's word for what has become of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Confirmation {
    pub id: CommandId,
    pub outcome: Outcome,
    /// By the agent's clock: RFC 3339, UTC.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub at: String,
    /// Why it was refused: a word for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The agent does not know this kind of command.
pub const UNKNOWN: &str = "unknown";
/// The command cannot be what it says: its text is empty, too long, or none, or its number too great.
pub const MALFORMED: &str = "malformed";
/// The exam has begun already.
pub const ALREADY_BEGUN: &str = "already_begun";
/// The exam has not begun yet.
pub const NOT_BEGUN: &str = "not_begun";
/// The exam is over.
pub const ALREADY_ENDED: &str = "already_ended";
/// The exam has no planned end that could be later.
pub const NO_PLANNED_END: &str = "no_planned_end";
/// The candidate says that they cannot mend their camera.
pub const CANNOT: &str = "cannot";

impl Confirmation {
    /// What the types alone do not rule out.
    pub fn fault(&self) -> Option<&'static str> {
        let is_long = |reason: &String| reason.len() > 64 || reason.contains(char::is_control);
        self.reason.as_ref().is_some_and(is_long).then_some("a reason has at most 64 bytes")
    }
}

/// That a proctor let the exam start although the candidate was not seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct StartOverride {
    pub command: CommandId,
    pub reason: String,
    /// When the agent got it, by its clock: RFC 3339, UTC.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub at: String,
}

/// That a proctor ended the exam.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct EndedBy {
    pub command: CommandId,
    pub reason: String,
    /// When the agent got it, by its clock: RFC 3339, UTC.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub at: String,
}

/// A command as the server keeps it. Times are by the server's clock: RFC 3339, UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct StoredCommand {
    pub id: CommandId,
    #[serde(flatten)]
    pub kind: CommandKind,
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub sent_at: String,
    /// Who gave it: `account-` and a name, or `token-` or `page-` and a piece of the hash.
    pub sent_by: String,
    /// What became of it, in the order in which the server learnt it; empty while it waits.
    pub outcomes: Vec<StoredOutcome>,
    /// What the agent reported of it, as a part of its chain; absent where it reported nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<CommandReport>,
}

impl StoredCommand {
    /// When this outcome became known, if it did.
    pub fn known_at(&self, outcome: Outcome) -> Option<&str> {
        let found = self.outcomes.iter().find(|known| known.outcome == outcome);
        found.map(|known| known.received_at.as_str())
    }
}

/// One outcome of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct StoredOutcome {
    pub outcome: Outcome,
    /// By the agent's clock, as it said so.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub at: String,
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub received_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Commands of a session, in the order in which they were given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct CommandList {
    pub commands: Vec<StoredCommand>,
    /// The value of `after` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<CommandId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> CommandId {
        CommandId(uuid::Uuid::nil())
    }

    #[test]
    fn a_command_is_flat_and_reads_back() {
        for kind in [
            CommandKind::Message { text: "Hello".to_owned() },
            CommandKind::AllowStart { reason: "No light".to_owned() },
            CommandKind::CheckCamera,
            CommandKind::Extend { minutes: 15 },
            CommandKind::End { reason: "Fire alarm".to_owned() },
        ] {
            let command = ProctorCommand { id: id(), kind: Some(kind) };
            let json = serde_json::to_value(&command).unwrap();
            assert!(json["kind"].is_string() && json["id"].is_string(), "{json}");
            assert_eq!(serde_json::from_value::<ProctorCommand>(json).unwrap(), command);
        }
    }

    #[test]
    fn a_command_of_an_unknown_kind_leaves_the_others_readable() {
        let commands = serde_json::json!([
            {"id": id(), "kind": "take_photo", "of": ["desk"]},
            {"id": id(), "kind": "message", "words": "none of ours"},
            {"id": id()},
            {"id": id(), "kind": "message", "text": "Hello"},
        ]);
        let commands: Vec<ProctorCommand> = serde_json::from_value(commands).unwrap();
        let known: Vec<bool> = commands.iter().map(|command| command.kind.is_some()).collect();
        assert_eq!(known, [false, false, false, true]);
    }

    #[test]
    fn a_text_is_of_a_persons_length() {
        for (text, is_good) in [
            ("Please show your desk.\nThank you.", true),
            (&"ü".repeat(500), true),
            (&"a".repeat(501), false),
            (" \n ", false),
            ("a\u{1b}[2J", false),
        ] {
            assert_eq!(fault_of_text(text).is_none(), is_good, "{text:?}");
        }
    }

    #[test]
    fn an_extension_has_a_limit() {
        for (minutes, is_good) in [(0, false), (1, true), (480, true), (481, false)] {
            assert_eq!(CommandKind::Extend { minutes }.fault().is_none(), is_good, "{minutes}");
        }
        let negative = serde_json::json!({"kind": "extend", "minutes": -5});
        assert!(serde_json::from_value::<CommandKind>(negative).is_err());
    }

    #[test]
    fn outcomes_have_the_names_that_serde_writes() {
        for outcome in Outcome::ALL {
            let name = format!("\"{}\"", outcome.as_str());
            assert_eq!(serde_json::to_string(&outcome).unwrap(), name);
        }
    }
}
