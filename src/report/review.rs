//! What proctors make of an alert. It is theirs: the program passes no verdict.

use serde::{Deserialize, Serialize};

use super::identity::IntervalId;

/// Most characters of a note.
pub const MAX_NOTE_CHARS: usize = 500;

/// What a person says of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Somebody looks at it.
    Acknowledged,
    /// Nothing was wrong.
    Fine,
    /// The technology, not the candidate.
    Technical,
    Violation,
    Unsure,
    /// What was said before is taken back.
    Withdrawn,
}

impl Verdict {
    pub const ALL: [Self; 6] = [
        Self::Acknowledged,
        Self::Fine,
        Self::Technical,
        Self::Violation,
        Self::Unsure,
        Self::Withdrawn,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Fine => "fine",
            Self::Technical => "technical",
            Self::Violation => "violation",
            Self::Unsure => "unsure",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A review as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReviewRequest {
    pub verdict: Verdict,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "server", schema(max_length = 500))]
    pub note: String,
}

impl ReviewRequest {
    /// Why it cannot be kept.
    pub fn fault(&self) -> Option<&'static str> {
        let is_long = self.note.chars().count() > MAX_NOTE_CHARS;
        is_long.then_some("a note has at most 500 characters")
    }
}

/// A review as it is kept: who said it, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct StoredReview {
    pub interval: IntervalId,
    pub verdict: Verdict,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The credential, as in `sent_by` of commands.
    pub by: String,
    /// By the server's clock: RFC 3339, UTC.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub at: String,
}
