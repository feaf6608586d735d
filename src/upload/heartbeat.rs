//! A connection for heartbeats alone. Whoever has it decides when; see `schedule`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::client::{HEARTBEAT_ATTEMPT, ServerClient};
use super::policy::{self, Missed};
use super::schedule::Failure;
use super::{Obstacle, ObstacleKind, Settings, UploadError};
use crate::report::{Heartbeat, HeartbeatAnswer, SessionId};
use crate::trust::signature::{Signed, SigningKey};

/// Sends heartbeats, one at a time.
#[derive(Debug)]
pub struct HeartbeatClient {
    server: ServerClient,
    key: Option<SigningKey>,
    /// Of the last answer.
    nonce: Mutex<Option<String>>,
}

impl HeartbeatClient {
    pub fn new(settings: &Settings) -> Result<Self, UploadError> {
        let server = ServerClient::new(settings, HEARTBEAT_ATTEMPT)?;
        Ok(Self { server, key: settings.key.clone(), nonce: Mutex::default() })
    }

    /// Sends one heartbeat, and waits for the answer for 8 s at most. It repeats the number that the
    /// last answer gave. A server that knows another one (it was set back) is told anew, without any.
    pub fn send(
        &self,
        session: SessionId,
        heartbeat: &Heartbeat,
    ) -> Result<HeartbeatAnswer, Missed> {
        let nonce = self.nonce().clone();
        let had_nonce = nonce.is_some();
        let sent = self.send_once(session, &Heartbeat { nonce, ..heartbeat.clone() });
        let answer = match sent {
            Err((Failure::Stale, _)) if had_nonce => {
                *self.nonce() = None;
                self.send_once(session, heartbeat)?
            }
            sent => sent?,
        };
        self.nonce().clone_from(&answer.nonce);
        Ok(answer)
    }

    fn nonce(&self) -> MutexGuard<'_, Option<String>> {
        self.nonce.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send_once(
        &self,
        session: SessionId,
        heartbeat: &Heartbeat,
    ) -> Result<HeartbeatAnswer, Missed> {
        let unreachable = |reason: String| Obstacle::new(ObstacleKind::Unreachable, reason);
        let again = Failure::Again { retry_after: None };
        let body = serde_json::to_vec(heartbeat)
            .map_err(|error| (Failure::Slowly, unreachable(error.to_string())))?;
        let signature = self.key.as_ref().map(|key| key.sign(Signed::Heartbeat, &body));
        let answer = self.server.beat(session, &body, signature);
        let answer = answer.map_err(|reason| (again, unreachable(reason)))?;
        policy::judge_heartbeat(&answer)
    }
}
