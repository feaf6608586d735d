//! The heartbeat: how things stand at the agent, every few seconds, and what rides on its answer.

use serde::{Deserialize, Serialize};

use super::command::{Confirmation, ProctorCommand};
use super::hash::Hash;
use super::identity::Incarnation;

/// Most bytes in the body of a heartbeat.
pub const MAX_HEARTBEAT_BYTES: usize = 16 * 1024;
/// Most conditions that a heartbeat tells.
pub const MAX_CONDITIONS: usize = 16;
/// Most commands that one answer hands out.
pub const MAX_COMMANDS: usize = 16;
/// Most confirmations in one heartbeat: what is shown has two, all else has one.
pub const MAX_CONFIRMATIONS: usize = 2 * MAX_COMMANDS;
/// 16 random bytes in hexadecimal digits.
const MAX_NONCE_BYTES: usize = 32;

/// How far the session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before the exam: everything is looked at, nothing is reported.
    CheckIn,
    Exam,
    /// The exam is over, reports are on their way.
    Ending,
    /// Nothing more is done. What the server does not have yet waits in the spool.
    Ended,
}

impl Phase {
    pub const ALL: [Self; 4] = [Self::CheckIn, Self::Exam, Self::Ending, Self::Ended];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CheckIn => "check_in",
            Self::Exam => "exam",
            Self::Ending => "ending",
            Self::Ended => "ended",
        }
    }
}

/// What is seen of the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// Nothing was looked at yet.
    NotYet,
    Face,
    /// Somebody is there, the face is not visible.
    BodyOnly,
    Nobody,
    /// The camera works and the picture cannot show anybody.
    LensCovered,
    TooDark,
    PictureFrozen,
    /// No frames come.
    NoFrames,
}

impl Seen {
    pub const ALL: [Self; 8] = [
        Self::NotYet,
        Self::Face,
        Self::BodyOnly,
        Self::Nobody,
        Self::LensCovered,
        Self::TooDark,
        Self::PictureFrozen,
        Self::NoFrames,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotYet => "not_yet",
            Self::Face => "face",
            Self::BodyOnly => "body_only",
            Self::Nobody => "nobody",
            Self::LensCovered => "lens_covered",
            Self::TooDark => "too_dark",
            Self::PictureFrozen => "picture_frozen",
            Self::NoFrames => "no_frames",
        }
    }

    /// What a person reads.
    pub const fn description(self) -> &'static str {
        match self {
            Self::NotYet => "not looked at yet",
            Self::Face => "in view",
            Self::BodyOnly => "there, face not visible",
            Self::Nobody => "not in view",
            Self::LensCovered => "camera covered",
            Self::TooDark => "too dark",
            Self::PictureFrozen => "picture frozen",
            Self::NoFrames => "no picture from the camera",
        }
    }
}

/// Something that is wrong with the agent. A server knows no list of codes: an agent may be newer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Trouble {
    /// Lower-case letters and `_`, at most 40 of them.
    pub code: String,
    /// By the agent's clock: RFC 3339, UTC.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub since: String,
}

/// How far the agent's own chain of reports reaches, sent or not; 0 and zeros before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ChainHead {
    pub seq: u64,
    pub hash: Hash,
}

impl ChainHead {
    /// Before the first report.
    pub const NONE: Self = Self { seq: 0, hash: Hash::ZERO };
}

/// What the agent says every few seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Heartbeat {
    pub incarnation: Incarnation,
    /// By the agent's clock: RFC 3339, UTC.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub sent_at: String,
    pub phase: Phase,
    pub seen: Seen,
    pub health: Vec<Trouble>,
    pub head: ChainHead,
    /// What has become of commands; each is repeated until an answer comes without its command.
    #[serde(default)]
    pub confirmed: Vec<Confirmation>,
    /// Of the last answer: it cannot have been made before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

impl Heartbeat {
    /// What the types alone do not rule out. Whether times are times is for those who have a
    /// calendar.
    pub fn fault(&self) -> Option<&'static str> {
        if self.health.len() > MAX_CONDITIONS {
            return Some("more conditions than a heartbeat may tell");
        }
        if self.confirmed.len() > MAX_CONFIRMATIONS {
            return Some("more confirmations than a heartbeat may have");
        }
        if self.nonce.as_ref().is_some_and(|nonce| nonce.len() > MAX_NONCE_BYTES) {
            return Some("a nonce is longer than any that is given here");
        }
        if !self.health.iter().all(|trouble| is_code(&trouble.code)) {
            return Some("a code is 1 to 40 lower-case letters and underscores");
        }
        self.confirmed.iter().find_map(Confirmation::fault)
    }

    /// Whether it says what `other` says, but for times and for what is seen: all else is worth a
    /// heartbeat before its time.
    pub fn is_as_urgent_as(&self, other: &Self) -> bool {
        let codes = |it: &Self| it.health.iter().map(|it| it.code.clone()).collect::<Vec<_>>();
        self.phase == other.phase
            && self.confirmed == other.confirmed
            && codes(self) == codes(other)
    }
}

/// Whether this may be the code of a condition.
pub(super) fn is_code(code: &str) -> bool {
    (1..=40).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// What the server answers. An answer that is none of this is not the server's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct HeartbeatAnswer {
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub server_time: String,
    /// How often to say so.
    pub heartbeat_every_ms: u64,
    /// What is to be done, the oldest first; each comes again until its end is confirmed.
    pub commands: Vec<ProctorCommand>,
    /// To be repeated by the next heartbeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

/// What the server knows of a session from its last heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Liveness {
    /// By the server's clock: RFC 3339, UTC.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub last_heartbeat: String,
    pub incarnation: Incarnation,
    pub phase: Phase,
    pub seen: Seen,
    pub health: Vec<Trouble>,
    pub head: ChainHead,
    /// It was signed by the session's key, and made after the answer to the one before it.
    pub attested: bool,
    /// How many were refused, since the session's key did not sign them or they were made before.
    pub refused: u64,
}

#[cfg(test)]
mod tests {
    use super::super::command::Outcome;
    use super::super::identity::{CommandId, SessionId};
    use super::*;

    fn heartbeat() -> Heartbeat {
        Heartbeat {
            incarnation: Incarnation::of_replay(SessionId::derived(&[])),
            sent_at: "2026-05-01T10:00:00Z".to_owned(),
            phase: Phase::Exam,
            seen: Seen::Face,
            health: Vec::new(),
            head: ChainHead::NONE,
            confirmed: Vec::new(),
            nonce: None,
        }
    }

    fn trouble(code: &str) -> Trouble {
        Trouble { code: code.to_owned(), since: "2026-05-01T09:00:00Z".to_owned() }
    }

    #[test]
    fn names_are_those_that_serde_writes() {
        for phase in Phase::ALL {
            assert_eq!(serde_json::to_string(&phase).unwrap(), format!("\"{}\"", phase.as_str()));
        }
        for seen in Seen::ALL {
            assert_eq!(serde_json::to_string(&seen).unwrap(), format!("\"{}\"", seen.as_str()));
        }
    }

    #[test]
    fn a_heartbeat_of_any_length_is_none() {
        let confirmation = Confirmation {
            id: CommandId(uuid::Uuid::nil()),
            outcome: Outcome::Refused,
            at: String::new(),
            reason: Some("unknown".to_owned()),
        };
        let good = Heartbeat {
            health: vec![trouble("camera_busy"); MAX_CONDITIONS],
            confirmed: vec![confirmation; MAX_CONFIRMATIONS],
            ..heartbeat()
        };
        assert_eq!(good.fault(), None);
        assert!(serde_json::to_vec(&good).unwrap().len() < MAX_HEARTBEAT_BYTES);
        for (conditions, confirmations) in [(1, 0), (0, 1)] {
            let mut long = good.clone();
            long.health.extend(vec![trouble("a"); conditions]);
            long.confirmed.extend_from_within(..confirmations);
            assert!(long.fault().is_some());
        }
        for code in ["", "Camera", "a b", "<b>", &"a".repeat(41)] {
            let odd = Heartbeat { health: vec![trouble(code)], ..heartbeat() };
            assert!(odd.fault().is_some(), "{code:?}");
        }
    }

    #[test]
    fn time_and_what_is_seen_alone_are_no_reason_for_haste() {
        let before = heartbeat();
        let calm = Heartbeat { seen: Seen::Nobody, sent_at: "later".to_owned(), ..before.clone() };
        assert!(calm.is_as_urgent_as(&before));
        for urgent in [
            Heartbeat { phase: Phase::Ending, ..before.clone() },
            Heartbeat { health: vec![trouble("camera_lost")], ..before.clone() },
        ] {
            assert!(!urgent.is_as_urgent_as(&before), "{urgent:?}");
        }
    }
}
