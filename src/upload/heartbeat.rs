//! A connection for heartbeats alone. Whoever has it decides when; see `schedule`.

use super::client::{HEARTBEAT_ATTEMPT, ServerClient};
use super::policy::{self, Missed};
use super::schedule::Failure;
use super::{Obstacle, ObstacleKind, Settings, UploadError};
use crate::report::{Heartbeat, HeartbeatAnswer, SessionId};

/// Sends heartbeats, one at a time.
#[derive(Debug)]
pub struct HeartbeatClient(ServerClient);

impl HeartbeatClient {
    pub fn new(settings: &Settings) -> Result<Self, UploadError> {
        ServerClient::new(settings, HEARTBEAT_ATTEMPT).map(Self)
    }

    /// Sends one heartbeat, and waits for the answer for 8 s at most.
    pub fn send(
        &self,
        session: SessionId,
        heartbeat: &Heartbeat,
    ) -> Result<HeartbeatAnswer, Missed> {
        let unreachable = |reason: String| Obstacle::new(ObstacleKind::Unreachable, reason);
        let again = Failure::Again { retry_after: None };
        let body = serde_json::to_vec(heartbeat)
            .map_err(|error| (Failure::Slowly, unreachable(error.to_string())))?;
        let answer = self.0.beat(session, &body).map_err(|reason| (again, unreachable(reason)))?;
        policy::judge_heartbeat(&answer)
    }
}
