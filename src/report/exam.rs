//! Exams: what is asked for, and what a server tells of one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::enrolment::Issued;
use super::identity::ExamId;

/// Asks for an exam.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewExam {
    /// 1 to 200 characters.
    #[cfg_attr(feature = "server", schema(min_length = 1, max_length = 200))]
    pub name: String,
    /// What differs from the default policy, for all sessions of the exam.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    #[cfg_attr(feature = "server", schema(value_type = Option<Object>))]
    pub policy: Value,
    /// Where there are any, each seat is in one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rooms: Vec<String>,
    /// In which the pages of its links speak; the browser's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(pattern = "^(en|de|es|ja)$"))]
    pub language: Option<String>,
}

/// The policy that an exam is to have from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ExamPolicy {
    /// What differs from the default policy; null when nothing does.
    #[cfg_attr(feature = "server", schema(value_type = Option<Object>))]
    pub policy: Value,
}

/// The language that an exam is to have from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ExamLanguage {
    /// In which the pages of the links speak that are made from now on; null: the browser's own.
    #[serde(deserialize_with = "Option::deserialize")]
    #[cfg_attr(feature = "server", schema(required, pattern = "^(en|de|es|ja)$"))]
    pub language: Option<String>,
}

/// One exam. Times are RFC 3339, UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[expect(clippy::struct_field_names, reason = "names on the wire")]
pub struct Exam {
    pub exam: ExamId,
    pub name: String,
    /// What differs from the default policy; null when nothing does.
    #[cfg_attr(feature = "server", schema(value_type = Option<Object>))]
    pub policy: Value,
    pub rooms: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub created_at: String,
    /// Since then nothing more is issued for it; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub closed_at: Option<String>,
    /// How many sessions belong to it.
    pub sessions: u64,
}

/// Exams, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ExamList {
    pub exams: Vec<Exam>,
    /// The value of `after` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<ExamId>,
}

/// What became of a roster: a session for each row, in its order. Only this answer has the codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Roster {
    pub exam: ExamId,
    pub seats: Vec<RosterSeat>,
}

/// A row of a roster, and the session that it got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct RosterSeat {
    /// From 1, the header's.
    pub line: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    #[serde(flatten)]
    pub issued: Issued,
}
