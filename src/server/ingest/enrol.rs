//! `POST /v1/enrolments`: an agent takes its session.
//!
//! | answer | when |
//! |---|---|
//! | 200 and the session | the token writes for it now, or did before |
//! | 400 malformed | no code, no key, or no token that an agent could have made |
//! | 404 code-unknown | nobody was given this code |
//! | 409 code-used | another token has used it, or another key |
//! | 410 code-unknown | it is good no longer |
//! | 429 rate-limit | too many wrong codes came from this address |

use axum::Json;
use axum::body::Body;
use axum::extract::State as Of;
use axum::http::{HeaderMap, StatusCode};
use jiff::Unit;

use crate::report::{Enrolment, EnrolmentRequest, Problem, problem};
use crate::server::State;
use crate::server::access::credentials::hash_of;
use crate::server::api::answers::{Paced, Sent};
use crate::server::http::body;
use crate::server::http::error::Refusal;
use crate::server::http::origin::Peer;
use crate::server::ingest::receipt;
use crate::server::store::issue::{Enrolled, enrol};

/// An agent takes its session.
#[utoipa::path(
    post, path = "/v1/enrolments", operation_id = "enrol", tag = "agents",
    request_body(content = EnrolmentRequest),
    responses(
        (status = 200, description = "The token is good for the session.", body = Enrolment),
        Sent,
        (status = 404, description = "`code-unknown`: there is no such code.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`code-used`: another token has used it, or another key is the session's.", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "`code-unknown`: the code is good no longer.", body = Problem, content_type = "application/problem+json"),
        Paced,
    ),
)]
pub(in crate::server) async fn post(
    Of(state): Of<State>,
    Peer(address): Peer,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Enrolment>, Refusal> {
    if let Some(seconds) = state.wrong_codes.wait(address, state.now()) {
        return Err(Refusal::too_many(seconds));
    }
    let EnrolmentRequest { code, token, public_key } = body::json(&headers, body).await?;
    if !is_token(token.reveal()) {
        return Err(Refusal::malformed("a token has 64 lower-case hexadecimal digits"));
    }
    let Ok(key) = public_key.parse() else {
        return Err(Refusal::malformed("public_key is no key of Ed25519"));
    };
    let now = state.now();
    let (code, token) = (code.hash(), hash_of(token.reveal()));
    let enrolling = state.store.write(move |database| enrol(database, code, (token, key), now));
    match enrolling.await? {
        Enrolled::Granted { tenant, session, label, policy, expires_at } => {
            state.store.changes().add([(tenant, session)]);
            tracing::info!(%session, "an agent has joined");
            let server_time = receipt::server_time(now);
            let server_key = state.signer.public().to_string();
            let expires_at = expires_at.round(Unit::Second).unwrap_or(expires_at).to_string();
            Ok(Json(Enrolment { session, label, policy, server_time, expires_at, server_key }))
        }
        Enrolled::Unknown => {
            state.wrong_codes.note(address, now);
            let title = "There is no such code";
            Err(Refusal::new(StatusCode::NOT_FOUND, problem::CODE_UNKNOWN, title))
        }
        Enrolled::Expired => {
            let title = "The code is good no longer";
            Err(Refusal::new(StatusCode::GONE, problem::CODE_UNKNOWN, title))
        }
        Enrolled::Used => {
            let title = "The code was used by another agent";
            Err(Refusal::new(StatusCode::CONFLICT, problem::CODE_USED, title))
        }
        Enrolled::TokenTaken => Err(Refusal::malformed("the token is good for something else")),
    }
}

fn is_token(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
