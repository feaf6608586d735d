//! What must hold of each reader of outside bytes, whatever the bytes are. Each function panics where
//! it does not.
//!
//! `scripts/fuzz` looks for such bytes, guided by coverage; `tests/fuzz.rs` includes this file, and
//! tries the seeds and some changes of them in every run of the tests.

mod answer;
mod files;
mod footage;
mod kept;
mod reports;
mod requests;
mod server;
mod settings;
mod spool;
mod truth;
mod typed;

use inview::report::{Incarnation, SessionId};
use uuid::Uuid;

pub use answer::answer;
pub use footage::{picture, recording, script};
pub use kept::{export, genuine_export};
pub use reports::{batch, heartbeat};
pub use requests::{http, roster};
pub use settings::settings;
pub use spool::{believes_spool, spool};
pub use truth::truth;
pub use typed::{link, policy, session};

/// The session of PROTOCOL.md's examples.
const SESSION: SessionId = SessionId(Uuid::from_u128(0x8f14_e45f_ceea_467f_a9a7_3b4c_1d2e_5f60));
const INCARNATION: Incarnation =
    Incarnation(Uuid::from_u128(0x0198_f3a1_6c2b_7d10_8e4f_5a6b_7c8d_9e0f));
