//! What agents say: `enrol` hands one its session, `events` takes its reports, `heartbeat` hears how it is.
//!
//! ```text
//! bytes ──> plain (as agents write them) ──┐
//!     └───> batch (everything else) ───────┴──> says: what tables are made of ──> store
//! ```
//!
//! These three are pure. `known` remembers tokens and keys, which each request asks for; `receipt` signs what
//! the server has, for agents and for whoever exports a session.

pub mod batch;
pub(super) mod enrol;
pub(super) mod events;
pub mod heartbeat;
pub(super) mod known;
mod plain;
pub(super) mod receipt;
pub mod says;
