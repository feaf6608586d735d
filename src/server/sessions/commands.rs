//! `/v1/sessions/{session}/commands`, and the forms of the page: what a proctor asks of an agent.
//!
//! | answer | when |
//! |---|---|
//! | 201 and the command | it is kept, and handed out with the next heartbeat's answer |
//! | 200 and the command | it was kept before under the same `Idempotency-Key` |
//! | 400 malformed-command | the body is none, its text is empty or too long, or its minutes are too many |
//! | 404 | the tenant has no such session |
//! | 403 scope | an auditor asks: auditors change nothing |
//! | 409 too-many | the session has 1000 commands |
//! | 409 session-ended | the session has ended: no agent hears of it |
//! | 409 no-planned-end | the end is to be later, and none is planned |
//! | 422 key-reused | another command was kept under the key |

use axum::body::Body;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State as Of};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Form, Json};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::report::{
    CommandId, CommandKind, CommandList, Problem, SessionId, StoredCommand, problem,
};
use crate::server::State;
use crate::server::access::auth::{Proctor, Theirs};
use crate::server::api::answers::{Asked, Guarded, Keyed, Sent, Sought};
use crate::server::http::error::Refusal;
use crate::server::http::idempotency::{self, is_key};
use crate::server::http::{body, depth};
use crate::server::ingest::batch::shortened;
use crate::server::pages::PageError;
use crate::server::sessions::api::{unreadable, up_to};
use crate::server::store::command::{self, NotKept};
use crate::server::store::idempotency::{Done, once};
use crate::server::store::read;
use crate::server::store::reports::ingest::Target;

/// Most bytes of a command: its text in the longest spelling that JSON allows.
const MAX_BYTES: usize = 8 * 1024;
/// Most on one page.
const COMMANDS: u64 = 1_000;

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
        (status = 409, description = "`too-many`: the session has 1000 commands. `session-ended`: no agent hears of it any more. `no-planned-end`: there is no end that could be later.", body = Problem, content_type = "application/problem+json"),
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
    let key = idempotency::key(&headers)?;
    let body = body::read(body, MAX_BYTES).await?;
    if depth::is_too_deep(&body) {
        return Err(malformed(depth::TOO_DEEP));
    }
    if !body::is_object(&body) {
        return Err(malformed(body::NO_OBJECT));
    }
    let kind = serde_json::from_slice::<CommandKind>(&body);
    let kind = kind.map_err(|error| malformed(&error.to_string()))?;
    let (status, stored) = give(&state, proctor, session, kind, key).await?;
    Ok((status, Json(stored)).into_response())
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
    let what = format!("POST /v1/sessions/{session}/commands");
    let key = idempotency::once(state, (&to.tenant, &proctor.by), (&what, &kind), key)?;
    let asked = command::Asked { kind, by: proctor.by };
    let of = (to.tenant.clone(), session);
    let keeping = state.store.write_of(of, move |database| {
        once(database, key.as_ref(), to.now, || command::keep(database, &to, &asked))
    });
    let done = keeping.await?.map_err(|not_kept| match not_kept {
        NotKept::NoSession => Refusal::not_found(),
        NotKept::TooMany => {
            conflict(problem::TOO_MANY, "The session has as many commands as are kept for one")
        }
        NotKept::Ended => conflict(problem::SESSION_ENDED, "The session has ended"),
        NotKept::NoPlannedEnd => {
            conflict(problem::NO_PLANNED_END, "No end is planned that could be later")
        }
    })?;
    if let Done::New(StoredCommand { id, sent_by, .. }) = &done {
        tracing::info!(%session, %id, by = sent_by, "a proctor gave a command");
    }
    idempotency::answer(done)
}

fn conflict(kind: &'static str, title: &'static str) -> Refusal {
    Refusal::new(StatusCode::CONFLICT, kind, title)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server) struct CommandsOf {
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// `next` of the page before.
    after: Option<Uuid>,
}

/// Commands in the order in which they were given.
#[utoipa::path(
    get, path = "/v1/sessions/{session}/commands", operation_id = "list_commands", tag = "sessions",
    params(("session" = SessionId, Path), CommandsOf),
    responses(
        (status = 200, body = CommandList),
        Guarded,
        Asked,
        Sought,
    ),
    security(("token" = ["read", "audit", "admin"]), ("cookie" = ["proctor", "auditor", "admin"])),
)]
pub(in crate::server) async fn list(
    Of(state): Of<State>,
    Theirs(proctor, session): Theirs,
    query: Result<Query<CommandsOf>, QueryRejection>,
) -> Result<Json<CommandList>, Refusal> {
    let Query(CommandsOf { limit, after }) = query.map_err(|query| unreadable(&query))?;
    let (now, page) = (state.now(), (after.map(CommandId), up_to(limit, COMMANDS)?));
    let reading = state.store.read(move |database| {
        let known = read::session(database, &proctor.tenant, now, session)?.is_some();
        let to = Target { tenant: proctor.tenant, session, now };
        Ok(if known { Some(command::page(database, &to, page)?) } else { None })
    });
    let commands = reading.await?.ok_or(Refusal::not_found())?;
    let unknown = || Refusal::parameter("after must be the id of a command of the session");
    Ok(Json(commands.ok_or_else(unknown)?))
}

/// A form of the session's page. `key` is the page's own: a second press is no second command.
#[derive(Deserialize)]
pub(in crate::server) struct CommandForm {
    kind: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    minutes: String,
    /// The mark in the box that says what cannot be undone.
    #[serde(default)]
    sure: String,
    key: String,
}

impl CommandForm {
    fn asks(&self) -> Result<CommandKind, Refusal> {
        // Browsers end the lines of forms by two characters.
        let text = self.text.replace("\r\n", "\n").trim().to_owned();
        Ok(match self.kind.as_str() {
            "message" => CommandKind::Message { text },
            "allow_start" => CommandKind::AllowStart { reason: text },
            "check_camera" => CommandKind::CheckCamera,
            "extend" => {
                let minutes = self.minutes.trim().parse();
                let no_number = |_odd| malformed("the minutes must lie between 1 and 480");
                CommandKind::Extend { minutes: minutes.map_err(no_number)? }
            }
            "end" if self.sure == "yes" => CommandKind::End { reason: text },
            "end" => return Err(malformed("the box is not marked")),
            _ => return Err(malformed("unknown kind")),
        })
    }
}

pub(in crate::server) async fn by_form(
    Of(state): Of<State>,
    theirs: Result<Theirs, Refusal>,
    form: Result<Form<CommandForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Theirs(proctor, session) = theirs?;
    let Form(form) = form.map_err(|rejected| malformed(&rejected.body_text()))?;
    let kind = form.asks()?;
    let key = Some(form.key).filter(|key| is_key(key));
    give(&state, proctor, session, kind, key).await?;
    Ok(Redirect::to(&format!("/sessions/{session}#commands")).into_response())
}
