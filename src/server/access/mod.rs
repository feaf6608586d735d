//! Who asks, and what they may do.
//!
//! ```text
//! password, totp ─┐
//!            oidc ─┴─> sign_in ──> credentials: a cookie ──┐
//!                    api_tokens ──> credentials: a token ──┴──> auth: Proctor, Manager … ──> a handler
//! ```
//!
//! `accounts_api` makes and changes accounts, `accounts` are the pages of it, `own_account` is everybody's own. `attempts` counts sign-ins that
//! fail; `same_site` refuses what another site's page has sent, before any of this.

pub(super) mod accounts;
pub(super) mod accounts_api;
pub(super) mod api_tokens;
mod attempts;
pub mod auth;
pub mod credentials;
pub mod oidc;
pub(super) mod own_account;
pub(super) mod password;
pub(super) mod same_site;
pub(super) mod sign_in;
mod totp;
