//! The people who sign in: what is asked for, and what a server tells of one.

use serde::{Deserialize, Serialize};

use super::identity::{AccountId, ExamId};
use crate::redact::Pii;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub enum Role {
    /// Everything.
    Admin,
    /// Watch and act on the sessions of the exams that the account is assigned to.
    Proctor,
    /// See everything and change nothing.
    Auditor,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Admin, Self::Proctor, Self::Auditor];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Proctor => "proctor",
            Self::Auditor => "auditor",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// One account. Times are RFC 3339, UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Account {
    pub id: AccountId,
    pub name: String,
    pub role: Role,
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub created_at: String,
    /// It may not sign in.
    pub disabled: bool,
    /// The person has set a password.
    pub ready: bool,
    /// The second factor is on.
    pub totp: bool,
    /// To how many exams it is assigned.
    pub exams: u64,
}

/// One account, and its exams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct AccountDetail {
    #[serde(flatten)]
    pub account: Account,
    /// To which exams it is assigned: those that a proctor has to do with.
    pub assigned: Vec<ExamId>,
}

/// Accounts by their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct AccountList {
    pub accounts: Vec<Account>,
    /// The value of `after` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<AccountId>,
}

/// Asks for an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewAccount {
    /// 1 to 64 letters (a to z), digits and `. _ @ + -`; capitals are made small.
    #[cfg_attr(feature = "server", schema(pattern = "^[A-Za-z0-9._@+-]{1,64}$"))]
    pub name: String,
    pub role: Role,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exams: Vec<ExamId>,
}

/// What is to become different of an account; what is absent stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct AccountChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whoever is disabled is signed out everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// To which exams an account is to be assigned, and to no others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Assignment {
    pub exams: Vec<ExamId>,
}

/// Asks for a link by which a person sets a password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct LinkRequest {
    /// The second factor is taken away, too: its device is lost.
    #[serde(default)]
    pub without_totp: bool,
}

/// An account and a link that is good once. Only this answer has the link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct AccountLink {
    #[serde(flatten)]
    pub account: Account,
    #[cfg_attr(feature = "server", schema(value_type = String))]
    pub link: Pii<String>,
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub link_expires_at: String,
}
