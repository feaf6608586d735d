//! The record of who did what, as a server tells it.

use serde::{Deserialize, Serialize};

use super::hash::Hash;
use super::identity::SessionId;

/// One row. `hash` is the SHA-256 of the bytes of `body`, which has the hash of the row before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// From 1, without gaps.
    pub number: u64,
    pub hash: Hash,
    /// By the server's clock: RFC 3339, UTC.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub at: String,
    /// As in `sent_by` of commands, or `server`.
    pub who: String,
    pub did: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The row as it was written: JSON within a text, so that no byte of it is changed.
    pub body: String,
}

/// Rows, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct AuditPage {
    pub entries: Vec<AuditEntry>,
    /// The value of `after` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// What a check of all rows has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub enum AuditState {
    /// So many rows, each as it was written; the last has this hash. Rows that were cut off at the end
    /// are noticed by who keeps number and hash elsewhere.
    Whole { rows: u64, head: Hash },
    /// The first row that is not as it was written.
    Broken { number: u64, why: String },
}
