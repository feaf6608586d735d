//! `POST /v1/sessions/{session}/events`: takes a batch, answers when it is stored.
//!
//! | answer | when |
//! |---|---|
//! | 200 and a signed receipt | all events are stored now, or were before |
//! | 400 malformed-batch | no list, an empty one, or several incarnations |
//! | 401, 403 | no good token; one that does not write, or not for this session |
//! | 408 timeout | the body did not come in ten seconds |
//! | 409 gap, fork | the events do not continue the stored chain |
//! | 409 signature | an event is not signed by the session's key |
//! | 413 too-large | more than 100 events or 256 KiB |
//! | 415 content-type | not a batch of `CloudEvents`, or compressed |
//! | 422 malformed-events | at least one event will never be stored |
//! | 429 rate-limit | more than ten requests a second for the session |
//! | 503 busy | too much at once |

use axum::extract::{Request, State as Of};
use axum::http::StatusCode;
use axum::response::Response;

use crate::report::{
    BATCH_CONTENT_TYPE, Event, MAX_BATCH_BYTES, Problem, Receipt, SessionId, problem,
};
use crate::server::access::auth::Agent;
use crate::server::api::answers::{Erased, Guarded, Paced, Sent, Sought};
use crate::server::http::body;
use crate::server::http::error::Refusal;
use crate::server::ingest::batch::{self, BatchError, Received};
use crate::server::ingest::receipt;
use crate::server::store::StoreError;
use crate::server::store::reports::ingest::{Outcome, Target};
use crate::server::store::reports::signed::{self, Checked};
use crate::server::{OfSession, State};

/// So many signatures are checked on the spot: that takes less than half a millisecond.
const FEW: usize = 8;

/// Stores a batch of reports, all of them or none.
#[utoipa::path(
    post, path = "/v1/sessions/{session}/events", operation_id = "send_events", tag = "agents",
    params(("session" = SessionId, Path)),
    request_body(content = Vec<Event>, content_type = "application/cloudevents-batch+json"),
    responses(
        (status = 200, description = "All events are stored. The headers `inview-signature` and `inview-inclusion` show that the server has signed it.", body = Receipt),
        Guarded,
        Sought,
        Sent,
        (status = 409, description = "`gap`, `fork`, `signature`: the events do not continue what is stored.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`malformed-events`: at least one event will never be stored.", body = Problem, content_type = "application/problem+json"),
        Erased,
        Paced,
    ),
    security(("token" = ["write"])),
)]
pub(in crate::server) async fn post(
    Of(state): Of<State>,
    agent: Agent,
    OfSession(session): OfSession,
    request: Request,
) -> Result<Response, Refusal> {
    agent.must_be_of(session)?;
    body::require(BATCH_CONTENT_TYPE, request.headers())?;
    // After the token: only agents can use up the places.
    state.pace.admit(&agent.tenant, session, state.now())?;
    let Ok(_place) = state.in_flight.try_acquire() else { return Err(Refusal::busy()) };
    let body = body::read(request.into_body(), MAX_BATCH_BYTES).await?;
    let batch = batch::parse(&body, session).map_err(|error| match error {
        BatchError::TooMany(_) => Refusal::too_large(error.to_string()),
        BatchError::NoList(_) | BatchError::Empty | BatchError::Mixed => {
            let title = "The body is no batch of one incarnation's events";
            Refusal::new(StatusCode::BAD_REQUEST, problem::MALFORMED_BATCH, title)
                .with_detail(error.to_string())
        }
    })?;
    let now = state.now();
    let target = Target { tenant: agent.tenant, session, now };
    let (batch, checked) = checked(&state, &target, batch).await?;
    let tenant = target.tenant.clone();
    let (outcome, receipt) = state.store.ingest(target, batch, Box::new(checked)).await?;
    if let Outcome::Stored { declared: Some(key), .. } = &outcome {
        state.known.keep_key(&tenant, session, **key);
    }
    match receipt {
        Some(receipt) => Ok(receipt::answer(&state.signer, receipt)),
        None => Err(refusal(outcome, session)),
    }
}

/// Checks signatures. They cost more than storing: it is not done on the one thread that writes, nor, when
/// there are many, on one that serves others meanwhile.
async fn checked(
    state: &State,
    target: &Target,
    batch: Vec<Received>,
) -> Result<(Vec<Received>, Checked), StoreError> {
    let signatures = batch.iter().filter(|received| received.signature.is_some()).count();
    if signatures == 0 {
        // Whether one is missing is for the key to say, which is looked up before anything is stored.
        let checked = signed::check(None, &batch);
        return Ok((batch, checked));
    }
    let known = state.key_of(&target.tenant, target.session).await?;
    if signatures <= FEW {
        let checked = signed::check(known, &batch);
        return Ok((batch, checked));
    }
    let checking = tokio::task::spawn_blocking(move || {
        let checked = signed::check(known, &batch);
        (batch, checked)
    });
    checking.await.map_err(|_panicked| StoreError::Gone)
}

fn refusal(outcome: Outcome, session: SessionId) -> Refusal {
    match outcome {
        // What is stored has a receipt.
        Outcome::Stored { .. } => Refusal::internal(),
        Outcome::Malformed { results } => {
            let title = "At least one event will never be stored";
            let first = results.iter().find_map(|result| result.detail.clone());
            let refusal =
                Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, problem::MALFORMED_EVENTS, title);
            refusal.with_detail(first.unwrap_or_default()).with_results(results)
        }
        Outcome::Gap { head_seq, found, results } => {
            let title = "Reports before these are missing";
            Refusal::new(StatusCode::CONFLICT, problem::GAP, title)
                .with_detail(format!("report {found} does not follow on report {head_seq}"))
                .with_results(results)
        }
        Outcome::Fork { found, results } => {
            let title = "Another history is stored under these numbers";
            Refusal::new(StatusCode::CONFLICT, problem::FORK, title)
                .with_detail(format!("report {found} contradicts what is stored"))
                .with_results(results)
        }
        Outcome::Foreign { results } => {
            tracing::warn!(%session, "reports came that the session's key has not signed");
            let title = "Reports of this session are signed by another key";
            Refusal::new(StatusCode::CONFLICT, problem::SIGNATURE, title).with_results(results)
        }
    }
}
