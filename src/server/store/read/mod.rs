//! Questions: what is known of a tenant's sessions.

mod intervals;
mod reports;
mod sessions;

use jiff::Timestamp;

pub(super) use intervals::told_by;
pub(in crate::server) use intervals::{interval, intervals};
pub(in crate::server) use reports::{chains, events};
pub(super) use reports::{integrity, wire};
#[cfg(test)]
pub(in crate::server) use sessions::sessions;
pub(in crate::server) use sessions::{Among, session, sessions_among, summary};

/// Whole seconds: the server's clock says no more than that.
pub(super) fn rfc3339(micros: i64) -> String {
    let second = micros.div_euclid(1_000_000);
    Timestamp::from_second(second).map(|at| at.to_string()).unwrap_or_default()
}
