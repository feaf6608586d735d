//! An error answer, and the names of the problems.

use serde::{Deserialize, Serialize};

use super::receipt::EventResult;

/// The server lacks reports before the first of the batch.
pub const GAP: &str = "urn:inview:problem:gap";
/// Another history stands at the server under these numbers.
pub const FORK: &str = "urn:inview:problem:fork";
/// The session's key did not sign an event, or another key was declared.
pub const SIGNATURE: &str = "urn:inview:problem:signature";
/// The heartbeat was made before, or repeats another number than the last answer's.
pub const NONCE: &str = "urn:inview:problem:nonce";
/// At least one event of the batch will never be stored; `results` says which.
pub const MALFORMED_EVENTS: &str = "urn:inview:problem:malformed-events";
/// The body is no list of events of one incarnation.
pub const MALFORMED_BATCH: &str = "urn:inview:problem:malformed-batch";
/// The body is no heartbeat.
pub const MALFORMED_HEARTBEAT: &str = "urn:inview:problem:malformed-heartbeat";
/// The body is no command.
pub const MALFORMED_COMMAND: &str = "urn:inview:problem:malformed-command";
/// The key was used before, for another command.
pub const KEY_REUSED: &str = "urn:inview:problem:key-reused";
/// The session has as many commands as are kept for one.
pub const TOO_MANY: &str = "urn:inview:problem:too-many";
/// The session has ended: no agent hears of a command any more.
pub const SESSION_ENDED: &str = "urn:inview:problem:session-ended";
/// The session's exam has no planned end that could be later.
pub const NO_PLANNED_END: &str = "urn:inview:problem:no-planned-end";
/// More events or bytes than a body may have.
pub const TOO_LARGE: &str = "urn:inview:problem:too-large";
/// The content type is not the one that is taken here, or the body is encoded.
pub const CONTENT_TYPE: &str = "urn:inview:problem:content-type";
/// The body did not arrive in time.
pub const TIMEOUT: &str = "urn:inview:problem:timeout";
/// No token, or one that is unknown or expired.
pub const UNAUTHORIZED: &str = "urn:inview:problem:unauthorized";
/// The token is good, but not for this.
pub const SCOPE: &str = "urn:inview:problem:scope";
/// There is no such thing, or it is somebody else's.
pub const NOT_FOUND: &str = "urn:inview:problem:not-found";
/// The session was erased: nothing is kept of it any more.
pub const ERASED: &str = "urn:inview:problem:erased";
/// The resource is not used in this way.
pub const METHOD: &str = "urn:inview:problem:method";
/// A parameter of the address cannot be used.
pub const PARAMETER: &str = "urn:inview:problem:parameter";
/// No code of a session, or one that is good no longer.
pub const CODE_UNKNOWN: &str = "urn:inview:problem:code-unknown";
/// Another agent has used the code.
pub const CODE_USED: &str = "urn:inview:problem:code-used";
/// Too many requests came for one session, or too many wrong codes from one address; try again after
/// `Retry-After`.
pub const RATE_LIMIT: &str = "urn:inview:problem:rate-limit";
/// The body cannot be read as what belongs here.
pub const MALFORMED: &str = "urn:inview:problem:malformed";
/// Too much at once; try again.
pub const BUSY: &str = "urn:inview:problem:busy";
/// The server failed; try again.
pub const INTERNAL: &str = "urn:inview:problem:internal";

/// The exam is closed: nothing more is issued for it.
pub const EXAM_CLOSED: &str = "urn:inview:problem:exam-closed";
/// An agent has taken a session of the exam: it holds the policy that it was given.
pub const EXAM_BEGUN: &str = "urn:inview:problem:exam-begun";
/// Another account has this name.
pub const NAME_TAKEN: &str = "urn:inview:problem:name-taken";
/// Another site's page sent this.
pub const FOREIGN_ORIGIN: &str = "urn:inview:problem:foreign-origin";

/// Media type of an error answer.
pub const CONTENT_TYPE_OF_PROBLEMS: &str = "application/problem+json";

/// An error answer: RFC 9457 problem details, `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A stable URI that names the problem.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// For a refused batch: what became of each event, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<EventResult>,
    /// For a refused roster: which lines cannot be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<LineFault>,
}

/// A line of a roster that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct LineFault {
    /// From 1, the header's.
    pub line: u64,
    pub reason: String,
}
