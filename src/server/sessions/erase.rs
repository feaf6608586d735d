//! `DELETE /v1/sessions/{session}`, and the form of its page: a candidate has asked to be forgotten. For
//! administrators.
//!
//! | answer | when |
//! |---|---|
//! | 204 | the session and all its reports are gone, or were before |
//! | 403 scope | no administrator asks |
//! | 404 | there is no such session |

use axum::Form;
use axum::extract::State as Of;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use crate::report::SessionId;
use crate::server::access::auth::{Admin, Browser};
use crate::server::api::answers::{Guarded, Sought};
use crate::server::http::error::Refusal;
use crate::server::pages::PageError;
use crate::server::store::{Tenant, erase};
use crate::server::{OfSession, State};

/// Erases a session with all its reports: a candidate has asked to be forgotten.
#[utoipa::path(
    delete, path = "/v1/sessions/{session}", operation_id = "erase_session", tag = "sessions",
    params(("session" = SessionId, Path)),
    responses(
        (status = 204, description = "The session is gone, or was before."),
        Guarded,
        Sought,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn delete(
    Of(state): Of<State>,
    admin: Admin,
    OfSession(session): OfSession,
) -> Result<StatusCode, Refusal> {
    erase(&state, (admin.tenant, session), admin.by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sent only with a mark in the box that says what it means.
#[derive(Debug, Deserialize)]
pub(in crate::server) struct EraseForm {
    sure: String,
}

pub(in crate::server) async fn by_form(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    session: Result<OfSession, Refusal>,
    form: Result<Form<EraseForm>, FormRejection>,
) -> Result<Response, PageError> {
    let admin = browser?.admin()?;
    let OfSession(session) = session?;
    let Form(EraseForm { sure }) =
        form.map_err(|rejected| Refusal::malformed(rejected.body_text()))?;
    if sure != "yes" {
        return Err(Refusal::malformed("the box is not marked").into());
    }
    erase(&state, (admin.tenant, session), admin.by).await?;
    Ok(Redirect::to("/").into_response())
}

async fn erase(state: &State, of: (Tenant, SessionId), by: String) -> Result<(), Refusal> {
    let (key, now) = (of.clone(), state.now());
    let erasing =
        state.store.write_of(of, move |database| erase::session(database, &key, (&by, now)));
    if !erasing.await? {
        return Err(Refusal::not_found());
    }
    // Whoever watches has rows of it.
    state.board.reset();
    Ok(())
}
