//! `POST /v1/sessions/{session}/heartbeats`: how things stand at the agent. The answer hands out what
//! proctors asked for.
//!
//! | answer | when |
//! |---|---|
//! | 200 and commands | it is noted, and so is what became of commands |
//! | 400 malformed-heartbeat | the body is none, or tells more than a heartbeat may |
//! | 401, 403, 408, 413, 415, 429, 503 | as for a batch of reports |

use axum::Json;
use axum::body::Body;
use axum::extract::State as Of;
use axum::http::{HeaderMap, StatusCode};
use jiff::Unit;

use super::auth::Agent;
use super::batch::{is_no_timestamp, shortened};
use super::error::Refusal;
use super::store::command;
use super::store::ingest::Target;
use super::store::liveness::{self, HEARTBEAT_EVERY};
use super::{OfSession, State, body, depth};
use crate::report::{Heartbeat, HeartbeatAnswer, MAX_HEARTBEAT_BYTES, problem};

pub(super) async fn post(
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
    let heartbeat = parse(&body::read(body, MAX_HEARTBEAT_BYTES).await?)?;
    let now = state.now();
    let to = Target { tenant: agent.tenant, session, now };
    let writing = state.store.write(move |database| {
        liveness::keep(database, &to, &heartbeat)?;
        command::confirm(database, &to, &heartbeat.confirmed)?;
        command::waiting(database, &to)
    });
    Ok(Json(HeartbeatAnswer {
        commands: writing.await?,
        server_time: now.round(Unit::Millisecond).unwrap_or(now).to_string(),
        heartbeat_every_ms: HEARTBEAT_EVERY.as_millis() as u64,
    }))
}

fn parse(body: &[u8]) -> Result<Heartbeat, Refusal> {
    let refuse = |detail: &str| {
        let title = "The body is no heartbeat";
        Refusal::new(StatusCode::BAD_REQUEST, problem::MALFORMED_HEARTBEAT, title)
            .with_detail(shortened(detail))
    };
    if depth::is_too_deep(body) {
        return Err(refuse(depth::TOO_DEEP));
    }
    let heartbeat = serde_json::from_slice::<Heartbeat>(body);
    let heartbeat = heartbeat.map_err(|error| refuse(&error.to_string()))?;
    let sent_at = std::iter::once(&heartbeat.sent_at);
    let clocks = sent_at
        .chain(heartbeat.health.iter().map(|trouble| &trouble.since))
        .chain(heartbeat.confirmed.iter().map(|confirmation| &confirmation.at));
    if clocks.into_iter().any(|clock| is_no_timestamp(clock)) {
        return Err(refuse("sent_at, since and at must be times of RFC 3339"));
    }
    heartbeat.fault().map_or(Ok(heartbeat), |fault| Err(refuse(fault)))
}
