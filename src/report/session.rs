//! What the server tells of a session to those who may read it.

use serde::{Deserialize, Serialize};

use super::command::{EndedBy, StartOverride};
use super::event::{Consent, SampledCamera, Sampling};
use super::hash::Hash;
use super::heartbeat::Liveness;
use super::identity::{ExamId, Incarnation, IntervalId, SessionId};
use super::integrity::StoredIntegrity;
use super::interval::{IntervalReport, ModelIdentity};
use super::review::StoredReview;
use crate::time::MediaTime;

/// How a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// A code was issued, and nothing has been heard yet.
    Issued,
    /// The agent looks, and the exam has not begun.
    CheckingIn,
    Running,
    /// Not ended, and nothing was heard for a while. What happens meanwhile is unknown.
    Silent,
    Ended,
}

/// One session, as in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SessionSummary {
    pub session: SessionId,
    /// As it was issued, or else as the agent says: empty until the first report has come.
    pub label: String,
    /// Absent where it belongs to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exam: Option<ExamId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    pub agent: String,
    pub status: SessionStatus,
    /// Absent when nobody issued it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<IssuedSession>,
    /// When the first and the last report came, by the server's clock: RFC 3339, UTC. Absent until
    /// then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub first_contact: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub last_contact: Option<String>,
    /// The start by the agent's clock (RFC 3339, UTC); absent in replay without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub started_at: Option<String>,
    /// How much of the session is known: its length when it has ended.
    pub duration_ms: MediaTime,
    pub intervals: u64,
    /// Intervals of presence or of "could not look" that last as long as the policy's
    /// `alert_after_ms`, or longer.
    pub alerts: u64,
    /// What the last heartbeat said; absent where none ever came, as in a replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness: Option<Liveness>,
    /// The planned end of the exam, with what agents were asked to add to it; absent where none is planned,
    /// or nothing says so yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_ms: Option<MediaTime>,
    /// How often another history than the one that is kept was found: see [`Fork`].
    pub forks: u64,
}

/// What became of a session's code. Times are RFC 3339, UTC, by the server's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[expect(clippy::struct_field_names, reason = "names on the wire")]
pub struct IssuedSession {
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub issued_at: String,
    /// Until when the code is good.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub expires_at: String,
    /// When an agent used the code; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub enrolled_at: Option<String>,
}

/// A page of the list, newest session first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SessionPage {
    pub sessions: Vec<SessionSummary>,
    /// The value of `after` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<SessionId>,
}

/// Everything about a session but its intervals and events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SessionDetail {
    #[serde(flatten)]
    pub summary: SessionSummary,
    pub sample_rate_hz: f64,
    pub policy_version: String,
    /// The whole policy in force; null until the session's first report has come.
    #[cfg_attr(feature = "server", schema(value_type = Option<Object>))]
    pub policy: serde_json::Value,
    pub alert_after_ms: u64,
    pub models: Vec<ModelIdentity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording_sha256: Option<Hash>,
    /// What the candidate agreed to; absent where the agent did not ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// A proctor let the exam start although the candidate was not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_override: Option<StartOverride>,
    /// Absent until the session has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<SampledCamera>,
    /// Why the recording broke off before its end; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<String>,
    /// A proctor ended it; absent where the candidate did, and until it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
    /// When the camera was looked at at another rate, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sampling: Vec<Sampling>,
    /// What the agent told of its reports and clocks, in the order of its times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub integrity: Vec<StoredIntegrity>,
    /// One for each incarnation.
    pub chains: Vec<Chain>,
    /// Events that are missing from the chains, since they were malformed.
    pub rejected: Vec<RejectedEvent>,
    /// The first of the forks, at most a hundred.
    pub forked: Vec<Fork>,
    /// The session's key, where its reports are signed: Ed25519, 64 lower-case hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// Which of the exam's time heartbeats attest; absent where none came in the exam.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
}

/// Which of the exam's time heartbeats attest, by the server's clock (RFC 3339, UTC). What lies in a
/// gap was not observed, whatever reports say of it afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Observed {
    /// The first heartbeat in the exam.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub from: String,
    /// The last one so far.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub to: String,
    /// How much of the time between the two is attested.
    pub total_ms: u64,
    pub gaps: Vec<Gap>,
}

/// Nothing was heard for more than two and a half heartbeats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Gap {
    /// The last heartbeat before.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub from: String,
    /// The first one after; absent while there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub to: Option<String>,
    /// For how much of it the server itself did not run.
    pub server_down_ms: u64,
    /// The same on the axis of the session's intervals.
    pub start_ms: MediaTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<MediaTime>,
}

/// Two histories of one session: a spool that was brought back, a program that runs twice, or an attack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Fork {
    pub how: ForkKind,
    pub incarnation: Incarnation,
    pub seq: u64,
    /// By the server's clock: RFC 3339, UTC.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub at: String,
}

/// What contradicted what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ForkKind {
    /// Reports contradict those that are stored; they were not stored.
    Reports,
    /// A heartbeat's chain ends before what is stored.
    HeadBehind,
    /// A heartbeat's chain ends in another report than the stored one, or a report that was stored is
    /// another one than a heartbeat had told of before.
    HeadDiffers,
    /// Reports that the session's key did not sign; they were not stored.
    Foreign,
    /// Two agents were at work at the same time.
    TwoAgents,
}

impl ForkKind {
    pub const ALL: [Self; 5] =
        [Self::Reports, Self::HeadBehind, Self::HeadDiffers, Self::Foreign, Self::TwoAgents];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reports => "reports",
            Self::HeadBehind => "head_behind",
            Self::HeadDiffers => "head_differs",
            Self::Foreign => "foreign",
            Self::TwoAgents => "two_agents",
        }
    }

    /// What a person reads.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Reports => "other reports under numbers that are taken",
            Self::HeadBehind => "an agent that lacks reports which it has sent",
            Self::HeadDiffers => "other reports than the agent had told of",
            Self::Foreign => "reports that the session's key did not sign",
            Self::TwoAgents => "two agents at the same time",
        }
    }
}

/// How far the events of one incarnation reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Chain {
    pub incarnation: Incarnation,
    pub head_seq: u64,
    pub head_hash: Hash,
}

/// What is left of an event that could not be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct RejectedEvent {
    pub incarnation: Incarnation,
    pub seq: u64,
    pub hash: Hash,
    pub reason: String,
}

/// One interval as last reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct StoredInterval {
    #[serde(flatten)]
    pub report: IntervalReport,
    /// Whose report it is; absent where the server made it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<Incarnation>,
    /// It has lasted at least the policy's `alert_after_ms`, and its kind is one to alert of.
    pub alert: bool,
    /// It lies, with a part at least, where nothing was heard, and was told only afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub told_afterwards: bool,
    /// What a proctor made of it last; absent while nobody has looked at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<StoredReview>,
}

/// Intervals of a session, by their start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct IntervalList {
    pub intervals: Vec<StoredInterval>,
    /// The value of `after` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<IntervalId>,
}
