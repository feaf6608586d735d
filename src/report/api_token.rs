//! Tokens that an administrator makes for programs.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::identity::ExamId;
use crate::redact::Pii;

/// Asks for a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewApiToken {
    /// What it is for: 1 to 200 characters.
    #[cfg_attr(feature = "server", schema(min_length = 1, max_length = 200))]
    pub name: String,
    /// `write`, `read`, `audit`, `manage` or `admin`.
    #[cfg_attr(feature = "server", schema(pattern = "^(write|read|audit|manage|admin)$"))]
    pub scope: String,
    /// The only exam that it is good for; not with `write` or `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exam: Option<ExamId>,
    /// Until when it is good: RFC 3339. Ninety days when absent, 365 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub expires_at: Option<String>,
}

/// A token that was made. Times are RFC 3339, UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ApiToken {
    pub id: Uuid,
    pub name: String,
    pub scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exam: Option<ExamId>,
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub made_at: String,
    /// As in `sent_by` of commands.
    pub made_by: String,
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub expires_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub revoked_at: Option<String>,
}

/// Tokens that were made, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ApiTokenList {
    pub tokens: Vec<ApiToken>,
    /// The value of `after` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Uuid>,
}

/// The token itself: only this answer has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct MadeToken {
    #[serde(flatten)]
    pub made: ApiToken,
    #[cfg_attr(feature = "server", schema(value_type = String, pattern = "^[0-9a-f]{64}$"))]
    pub token: Pii<String>,
}
