//! `POST /v1/sessions/{session}/heartbeats`: how things stand at the agent. The answer hands out what
//! proctors asked for.
//!
//! | answer | when |
//! |---|---|
//! | 200 and commands | it is noted, and so is what became of commands |
//! | 400 malformed-heartbeat | the body is none, or tells more than a heartbeat may |
//! | 409 signature, nonce | the session's key did not sign it; it was made before |
//! | 401, 403, 408, 413, 415, 429, 503 | as for a batch of reports |

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State as Of;
use axum::http::{HeaderMap, StatusCode};

use crate::report::{
    Heartbeat, HeartbeatAnswer, MAX_HEARTBEAT_BYTES, Problem, SIGNATURE_HEADER, SessionId, problem,
};
use crate::server::access::auth::Agent;
use crate::server::api::answers::{Erased, Guarded, Paced, Sent, Sought};
use crate::server::http::error::Refusal;
use crate::server::http::{body, depth};
use crate::server::ingest::batch::{is_no_timestamp, shortened};
use crate::server::ingest::receipt;
use crate::server::store::command;
use crate::server::store::liveness::attest::{self, Worth};
use crate::server::store::liveness::{self, HEARTBEAT_EVERY};
use crate::server::store::reports::ingest::Target;
use crate::server::store::reports::signed;
use crate::server::{OfSession, State};

/// Heartbeats that come within so much are written down together: each commit waits for the disk, and nobody
/// waits for a heartbeat.
const GATHERED_MS: i64 = 20;

/// How things stand at the agent; the answer hands out what proctors asked for.
#[utoipa::path(
    post, path = "/v1/sessions/{session}/heartbeats", operation_id = "send_heartbeat", tag = "agents",
    params(("session" = SessionId, Path), ("inview-signature" = Option<String>, Header, description = "The session's signature on the body.")),
    request_body(content = Heartbeat),
    responses(
        (status = 200, body = HeartbeatAnswer),
        Guarded,
        Sought,
        Sent,
        (status = 409, description = "`signature`, `nonce`: the session's key did not sign it, or it was made before.", body = Problem, content_type = "application/problem+json"),
        Erased,
        Paced,
    ),
    security(("token" = ["write"])),
)]
pub(in crate::server) async fn post(
    Of(state): Of<State>,
    agent: Agent,
    OfSession(session): OfSession,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<HeartbeatAnswer>, Refusal> {
    agent.must_be_of(session)?;
    body::require("application/json", &headers)?;
    state.pace.admit(&agent.tenant, session, state.now())?;
    let Ok(_place) = state.heartbeats_in_flight.try_acquire() else { return Err(Refusal::busy()) };
    let body = body::read(body, MAX_HEARTBEAT_BYTES).await?;
    let heartbeat = parse(&body).map_err(|detail| {
        let title = "The body is no heartbeat";
        Refusal::new(StatusCode::BAD_REQUEST, problem::MALFORMED_HEARTBEAT, title)
            .with_detail(shortened(&detail))
    })?;
    let signature =
        headers.get(SIGNATURE_HEADER).and_then(|value| value.to_str().ok()?.parse().ok());
    let (now, fresh) = (state.now(), new_nonce()?);
    let to = Target { tenant: agent.tenant, session, now };
    let key = state.key_of(&to.tenant, session).await?;
    let is_signed = attest::is_signed(key, (&body, signature));
    let left = GATHERED_MS - now.as_millisecond().rem_euclid(GATHERED_MS);
    tokio::time::sleep(Duration::from_millis(left.unsigned_abs())).await;
    let of = (to.tenant.clone(), session);
    let writing = state.store.write_of(of, move |database| {
        // A report may have declared it meanwhile.
        let declared = signed::key_of(database, to.tenant.as_str(), session)?;
        let is_signed = if declared == key {
            is_signed
        } else {
            attest::is_signed(declared, (&body, signature))
        };
        let worth = attest::judge(database, &to, &heartbeat, is_signed, fresh)?;
        let Worth::Taken { attested, nonce, before } = &worth else {
            attest::note_refused(database, &to)?;
            return Ok((worth, Vec::new()));
        };
        liveness::keep(database, &to, &heartbeat, (*attested, nonce, before.as_deref()))?;
        command::confirm(database, &to, &heartbeat.confirmed)?;
        let commands = command::waiting(database, &to)?;
        Ok((worth, commands))
    });
    let (worth, commands) = writing.await?;
    let refuse = |problem, title| {
        tracing::warn!(%session, problem, "a heartbeat was refused");
        Err(Refusal::new(StatusCode::CONFLICT, problem, title))
    };
    match worth {
        Worth::Taken { nonce, .. } => Ok(Json(HeartbeatAnswer {
            commands,
            server_time: receipt::server_time(now),
            heartbeat_every_ms: HEARTBEAT_EVERY.as_millis() as u64,
            nonce: Some(nonce),
        })),
        Worth::Foreign => {
            refuse(problem::SIGNATURE, "Heartbeats of this session are signed by another key")
        }
        Worth::Stale => refuse(problem::NONCE, "The heartbeat was made before"),
    }
}

fn new_nonce() -> Result<String, Refusal> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "no randomness");
        Refusal::internal()
    })?;
    Ok(uuid::Uuid::from_bytes(bytes).simple().to_string())
}

/// Reads a heartbeat; or says why it is none.
pub fn parse(body: &[u8]) -> Result<Heartbeat, String> {
    if depth::is_too_deep(body) {
        return Err(depth::TOO_DEEP.to_owned());
    }
    let heartbeat: Heartbeat = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let sent_at = std::iter::once(&heartbeat.sent_at);
    let clocks = sent_at
        .chain(heartbeat.health.iter().map(|trouble| &trouble.since))
        .chain(heartbeat.confirmed.iter().map(|confirmation| &confirmation.at));
    if clocks.into_iter().any(|clock| is_no_timestamp(clock)) {
        return Err("sent_at, since and at must be times of RFC 3339".to_owned());
    }
    heartbeat.fault().map_or(Ok(heartbeat), |fault| Err(fault.to_owned()))
}
