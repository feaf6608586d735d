//! What has become of the reports, and what stands in their way.

use std::fmt;

use crate::spool::SpoolError;

/// What has become of the reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Reports that were sent and stored.
    pub acknowledged: u64,
    /// Reports that wait in the spool.
    pub waiting: u64,
    /// Reports that the server will never take; they are kept.
    pub refused: u64,
    /// Reports that will not be sent again, since the server holds others under their numbers; they
    /// are kept.
    pub stopped: u64,
    pub obstacle: Option<Obstacle>,
}

/// Whose doing it is that something is not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObstacleKind {
    /// The server was not reached, or is not able to answer.
    Unreachable,
    /// The server does not want the token, or the reports.
    Refuses,
    /// The disk of this machine.
    Disk,
}

/// What stands between the reports and the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    pub kind: ObstacleKind,
    /// In one line.
    pub reason: String,
}

impl Obstacle {
    pub fn new(kind: ObstacleKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }

    pub(super) fn unreachable(reason: impl Into<String>) -> Self {
        Self::new(ObstacleKind::Unreachable, reason)
    }

    pub(super) fn refuses(reason: impl Into<String>) -> Self {
        Self::new(ObstacleKind::Refuses, reason)
    }

    pub(super) fn disk(error: &SpoolError) -> Self {
        Self::new(ObstacleKind::Disk, error.to_string())
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}
