//! `/v1/sessions/{session}/commands`, and the forms of the page: what a proctor asks of an agent.
//!
//! | answer | when |
//! |---|---|
//! | 201 and the command | it is kept, and handed out with the next heartbeat's answer |
//! | 200 and the command | it was kept before under the same `Idempotency-Key` |
//! | 400 malformed-command | the body is none, or its text is empty or too long |
//! | 404 | the tenant has no such session |
//! | 403 scope | an auditor asks: auditors change nothing |
//! | 409 too-many | the session has 1000 commands |
//! | 422 key-reused | another command was kept under the key |

use axum::body::Body;
use axum::extract::State as Of;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Form, Json};
use serde::Deserialize;

use crate::report::{CommandKind, CommandList, Problem, SessionId, StoredCommand, problem};
use crate::server::State;
use crate::server::access::auth::{Proctor, Theirs};
use crate::server::api::answers::{Guarded, Keyed, Sent, Sought};
use crate::server::http::error::Refusal;
use crate::server::http::{body, depth};
use crate::server::ingest::batch::shortened;
use crate::server::pages::PageError;
use crate::server::store::command::{self, Asked, Kept};
use crate::server::store::ingest::Target;
use crate::server::store::read;

/// Most bytes of a command: its text in the longest spelling that JSON allows.
const MAX_BYTES: usize = 8 * 1024;
const KEY_HEADER: &str = "idempotency-key";

/// Asks something of the agent, with its next heartbeat.
#[utoipa::path(
    post, path = "/v1/sessions/{session}/commands", operation_id = "give_command", tag = "sessions",
    params(("session" = SessionId, Path), Keyed),
    request_body(content = CommandKind),
    responses(
        (status = 201, description = "It is kept.", body = StoredCommand),
        (status = 200, description = "It was kept before, under the same key.", body = StoredCommand),
        Guarded,
        Sought,
        Sent,
        (status = 409, description = "`too-many`: the session has 1000 commands.", body = Problem, content_type = "application/problem+json"),
        Keyed,
    ),
    security(("token" = ["read", "admin"]), ("cookie" = ["proctor", "admin"])),
)]
pub(in crate::server) async fn post(
    Of(state): Of<State>,
    Theirs(proctor, session): Theirs,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    // Also keeps forms of other sites out: browsers do not send JSON for them.
    body::require("application/json", &headers)?;
    let key = key(&headers)?;
    let body = body::read(body, MAX_BYTES).await?;
    if depth::is_too_deep(&body) {
        return Err(malformed(depth::TOO_DEEP));
    }
    let kind = serde_json::from_slice::<CommandKind>(&body);
    let kind = kind.map_err(|error| malformed(&error.to_string()))?;
    let (status, stored) = give(&state, proctor, session, kind, key).await?;
    Ok((status, Json(stored)).into_response())
}

pub(in crate::server) fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get(KEY_HEADER) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| is_key(key));
    let refusal =
        || Refusal::parameter("Idempotency-Key must be 1 to 128 visible ASCII characters");
    key.map(|key| Some(key.to_owned())).ok_or_else(refusal)
}

pub(in crate::server) fn is_key(key: &str) -> bool {
    (1..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

fn malformed(detail: &str) -> Refusal {
    let title = "This cannot be asked of an agent";
    Refusal::new(StatusCode::BAD_REQUEST, problem::MALFORMED_COMMAND, title)
        .with_detail(shortened(detail))
}

async fn give(
    state: &State,
    proctor: Proctor,
    session: SessionId,
    kind: CommandKind,
    key: Option<String>,
) -> Result<(StatusCode, StoredCommand), Refusal> {
    proctor.must_act()?;
    if let Some(fault) = kind.fault() {
        return Err(malformed(fault));
    }
    let to = Target { tenant: proctor.tenant, session, now: state.now() };
    let asked = Asked { kind, by: proctor.by, key };
    let of = (to.tenant.clone(), session);
    match state.store.write_of(of, move |database| command::keep(database, &to, &asked)).await? {
        Kept::New(stored) => {
            let StoredCommand { id, sent_by, .. } = &stored;
            tracing::info!(%session, %id, by = sent_by, "a proctor gave a command");
            Ok((StatusCode::CREATED, stored))
        }
        Kept::Again(stored) => Ok((StatusCode::OK, stored)),
        Kept::NoSession => Err(Refusal::not_found()),
        Kept::KeyReused => {
            let title = "Another command was given under this key";
            Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, problem::KEY_REUSED, title))
        }
        Kept::TooMany => {
            let title = "The session has as many commands as are kept for one";
            Err(Refusal::new(StatusCode::CONFLICT, problem::TOO_MANY, title))
        }
    }
}

/// Commands in the order in which they were given.
#[utoipa::path(
    get, path = "/v1/sessions/{session}/commands", operation_id = "list_commands", tag = "sessions",
    params(("session" = SessionId, Path)),
    responses(
        (status = 200, body = CommandList),
        Guarded,
        Sought,
    ),
    security(("token" = ["read", "audit", "admin"]), ("cookie" = ["proctor", "auditor", "admin"])),
)]
pub(in crate::server) async fn list(
    Of(state): Of<State>,
    Theirs(proctor, session): Theirs,
) -> Result<Json<CommandList>, Refusal> {
    let now = state.now();
    let reading = state.store.read(move |database| {
        let known = read::session(database, &proctor.tenant, now, session)?.is_some();
        let to = Target { tenant: proctor.tenant, session, now };
        Ok(known.then_some(command::list(database, &to)?))
    });
    let commands = reading.await?.ok_or(Refusal::not_found())?;
    Ok(Json(CommandList { commands }))
}

/// A form of the session's page. `key` is the page's own: a second press is no second command.
#[derive(Deserialize)]
pub(in crate::server) struct CommandForm {
    kind: String,
    text: String,
    key: String,
}

pub(in crate::server) async fn by_form(
    Of(state): Of<State>,
    theirs: Result<Theirs, Refusal>,
    form: Result<Form<CommandForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Theirs(proctor, session) = theirs?;
    let Form(CommandForm { kind, text, key }) =
        form.map_err(|rejected| malformed(&rejected.body_text()))?;
    // Browsers end the lines of forms by two characters.
    let text = text.replace("\r\n", "\n").trim().to_owned();
    let kind = match kind.as_str() {
        "message" => CommandKind::Message { text },
        "allow_start" => CommandKind::AllowStart { reason: text },
        _ => return Err(malformed("unknown kind").into()),
    };
    let key = Some(key).filter(|key| is_key(key));
    give(&state, proctor, session, kind, key).await?;
    Ok(Redirect::to(&format!("/sessions/{session}#commands")).into_response())
}
