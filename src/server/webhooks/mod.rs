//! Webhooks: what happens is sent to systems of exam providers.
//!
//! ```text
//! store: reports, silences, reviews ─> outbox: a row, in the same transaction ─┐
//!                             alert_due: once an alert has lasted ─────────────┤
//!                                                                              v
//!                their server <── send <── message, signature <── courier: what is due
//!                                               schedule: what the answer means, and when the next try is
//! ```
//!
//! - At least once, and in order for each webhook and session: a message waits for the one before it.
//! - A message has its id before it is sent, and its bytes before it is sent first: both stay, whatever
//!   happens to the server.
//! - `address` says which machines may be reached at all, after their names were resolved.
//! - `api` and `page` are for administrators; both do what `manage` does.

pub(super) mod address;
pub(super) mod api;
mod courier;
mod manage;
mod message;
pub(super) mod page;
mod schedule;
mod send;
mod signature;

pub(super) use courier::run;
pub use courier::{Courier, CourierError};
