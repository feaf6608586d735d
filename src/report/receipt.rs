//! What the server answers.

use serde::{Deserialize, Serialize};

use super::hash::Hash;
use super::identity::{Incarnation, SessionId};

/// The answer to a batch, sent only after its events were committed. An answer that is no receipt
/// acknowledges nothing: a captive portal answers 200, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Receipt {
    pub session: SessionId,
    pub incarnation: Incarnation,
    /// The last event of the batch: all up to this `seq` are stored, or were rejected.
    pub acked_seq: u64,
    /// Hash of the event `acked_seq`, by which the agent knows that it is its own.
    pub head_hash: Hash,
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub server_time: String,
    /// One for each event of the batch, in its order.
    pub results: Vec<EventResult>,
}

/// What became of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct EventResult {
    /// The event's `id`; empty when the event has none that can be read.
    pub id: String,
    pub status: EventStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventStatus {
    /// Stored now.
    Accepted,
    /// The same bytes were stored before.
    Duplicate,
    /// Will never be stored: malformed, or of an unknown type. An event that is rejected alone in
    /// its batch leaves its number and hash with the server, so that the next one continues.
    Rejected,
    /// Other bytes are stored under this identity, or the event does not continue the chain.
    Fork,
    /// It is not signed by the session's key.
    Signature,
    /// Nothing is wrong with it, but its batch was refused: send it again.
    NotStored,
}
