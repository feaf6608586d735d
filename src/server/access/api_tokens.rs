//! `/v1/tokens` and `/tokens`: tokens that administrators make for programs, and take back.

use askama::Template;
use axum::body::Body;
use axum::extract::rejection::{FormRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State as Of};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Form, Json};
use jiff::{SignedDuration, Timestamp, Unit};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::report::{ApiToken, ApiTokenList, Exam, MadeToken, NewApiToken};
use crate::server::State;
use crate::server::access::auth::{Admin, Browser, Proctor};
use crate::server::access::credentials;
use crate::server::access::sign_in::mendable;
use crate::server::api::answers::{Asked, Guarded, Keyed, Sent, Sought};
use crate::server::exams::issue::label;
use crate::server::http::body;
use crate::server::http::error::Refusal;
use crate::server::http::idempotency;
use crate::server::pages::{PageError, Who, render, say};
use crate::server::sessions::api::{unreadable, up_to};
use crate::server::store::access::api_token::{self, Made};
use crate::server::store::audit::{Deed, note_of};
use crate::server::store::exam::{self, Reach};
use crate::server::store::idempotency::once;
use crate::server::store::{Scope, Tenant};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const LIFETIME: SignedDuration = DAY.saturating_mul(90);
const LONGEST: SignedDuration = DAY.saturating_mul(365);
const EXAMS: u64 = 500;
/// Most tokens on one page.
const TOKENS: u64 = 100;

#[derive(Template)]
#[template(path = "tokens.html", config = "src/server/askama.toml")]
struct TokensPage {
    who: Who,
    tokens: Vec<ApiToken>,
    exams: Vec<Exam>,
    now: String,
    fault: Option<String>,
}

impl TokensPage {
    /// What stands beside a token; times of one form are in the order of their texts.
    fn state(&self, token: &ApiToken) -> String {
        match &token.revoked_at {
            Some(_) => t!("token-taken-back"),
            None if token.expires_at <= self.now => t!("token-expired"),
            None => t!("token-good"),
        }
    }

    fn is_good(&self, token: &ApiToken) -> bool {
        token.revoked_at.is_none() && token.expires_at > self.now
    }
}

#[derive(Template)]
#[template(path = "token.html", config = "src/server/askama.toml")]
struct TokenPage {
    who: Who,
    made: MadeToken,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server) struct TokensOf {
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// `next` of the page before.
    after: Option<Uuid>,
}

/// Tokens that were made for programs, the newest first.
#[utoipa::path(
    get, path = "/v1/tokens", operation_id = "list_tokens", tag = "access",
    params(TokensOf),
    responses(
        (status = 200, body = ApiTokenList),
        Guarded,
        Asked,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn list(
    Of(state): Of<State>,
    admin: Admin,
    query: Result<Query<TokensOf>, QueryRejection>,
) -> Result<Json<ApiTokenList>, Refusal> {
    let Query(TokensOf { limit, after }) = query.map_err(|query| unreadable(&query))?;
    let page = (after, up_to(limit, TOKENS)?);
    let reading = state.store.read(move |database| api_token::page(database, &admin.tenant, page));
    let unknown = || Refusal::parameter("after must be the id of a token");
    Ok(Json(reading.await?.ok_or_else(unknown)?))
}

/// Makes a token for a program.
#[utoipa::path(
    post, path = "/v1/tokens", operation_id = "make_token", tag = "access",
    params(Keyed),
    request_body(content = NewApiToken),
    responses(
        (status = 201, description = "Only this answer has the token.", body = MadeToken),
        (status = 200, description = "It was made before, under the same key.", body = MadeToken),
        Guarded,
        Sent,
        Keyed,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn post(
    Of(state): Of<State>,
    admin: Admin,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let key = idempotency::key(&headers)?;
    let asked = body::json(&headers, body).await?;
    let (status, made) = make(&state, (admin.tenant, admin.by), asked, key).await?;
    Ok((status, Json(made)).into_response())
}

async fn make(
    state: &State,
    (tenant, by): (Tenant, String),
    asked: NewApiToken,
    key: Option<String>,
) -> Result<(StatusCode, MadeToken), Refusal> {
    let now = state.now();
    let key = idempotency::once(state, (&tenant, &by), ("POST /v1/tokens", &asked), key)?;
    let scope = Scope::of_api_token(&asked.scope);
    let scope = scope
        .ok_or_else(|| Refusal::malformed("scope is one of write, read, audit, manage, admin"))?;
    if asked.exam.is_some() && matches!(scope, Scope::Write | Scope::Admin) {
        return Err(Refusal::malformed("a token for one exam is of scope read, audit or manage"));
    }
    let secret = credentials::new_secret().map_err(|error| {
        tracing::error!(%error, "no randomness");
        Refusal::internal()
    })?;
    let made = Made {
        id: crate::server::random_id()?,
        hash: credentials::hash_of(secret.reveal()),
        name: label(&asked.name)?,
        scope,
        exam: asked.exam,
        by,
        at: now,
        expires_at: expires_at(now, asked.expires_at.as_deref())?,
    };
    let told = ApiToken {
        id: made.id,
        name: made.name.clone(),
        scope: asked.scope,
        exam: made.exam,
        made_at: now.round(Unit::Second).unwrap_or(now).to_string(),
        made_by: made.by.clone(),
        expires_at: made.expires_at.to_string(),
        revoked_at: None,
    };
    let keeping = state.store.write(move |database| {
        once(database, key.as_ref(), now, || {
            if let Some(exam) = made.exam
                && exam::find(database, &tenant, exam)?.is_none()
            {
                return Ok(Err(Refusal::malformed("there is no such exam")));
            }
            api_token::insert(database, &tenant, &made)?;
            let detail = format!("{}, {}", made.id, made.scope.as_str());
            note_of(database, &tenant, (&made.by, Deed::TokenMade, now), &detail)?;
            Ok(Ok(MadeToken { made: told, token: secret }))
        })
    });
    idempotency::answer(keeping.await??)
}

fn expires_at(now: Timestamp, asked: Option<&str>) -> Result<Timestamp, Refusal> {
    let after = |lifetime| now.saturating_add(lifetime).unwrap_or(Timestamp::MAX);
    let at = match asked.map(str::parse::<Timestamp>) {
        None => after(LIFETIME),
        Some(Ok(at)) if now < at && at <= after(LONGEST) => at,
        Some(Ok(_) | Err(_)) => {
            let days = LONGEST.as_hours() / 24;
            return Err(Refusal::malformed(format!(
                "expires_at is a time (RFC 3339) within the next {days} days"
            )));
        }
    };
    Ok(at.round(Unit::Second).unwrap_or(at))
}

fn id_of(path: Result<Path<String>, PathRejection>) -> Result<Uuid, Refusal> {
    let Path(text) = path.map_err(|_no_text| Refusal::not_found())?;
    text.parse().map_err(|_no_id| Refusal::not_found())
}

/// Takes a token back.
#[utoipa::path(
    delete, path = "/v1/tokens/{token}", operation_id = "revoke_token", tag = "access",
    params(("token" = Uuid, Path)),
    responses(
        (status = 204, description = "It is good no longer."),
        Guarded,
        Sought,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn delete(
    Of(state): Of<State>,
    admin: Admin,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    revoke(&state, (admin.tenant, admin.by), id_of(id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A token that was taken back before is not there any more.
async fn revoke(state: &State, (tenant, by): (Tenant, String), id: Uuid) -> Result<(), Refusal> {
    let now = state.now();
    let revoking = state.store.write(move |database| {
        let revoked = api_token::revoke(database, &tenant, id, now)?;
        if revoked.is_some() {
            note_of(database, &tenant, (&by, Deed::TokenRevoked, now), &id.to_string())?;
        }
        Ok(revoked)
    });
    let hash = revoking.await?.ok_or(Refusal::not_found())?;
    state.known.forget_token(hash);
    Ok(())
}

pub(in crate::server) async fn page(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
) -> Result<Response, PageError> {
    page_with(&state, &browser?.admin()?, None).await
}

async fn page_with(
    state: &State,
    admin: &Proctor,
    fault: Option<String>,
) -> Result<Response, PageError> {
    let tenant = admin.tenant.clone();
    let reading = state.store.read(move |database| {
        let exams = exam::list(database, &tenant, Reach::All, (None, EXAMS))?.exams;
        Ok((api_token::list(database, &tenant)?, exams))
    });
    let (tokens, exams) = reading.await?;
    let status = if fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let (who, now) = (Who::of(admin, "tokens"), state.now().to_string());
    render(status, &TokensPage { who, tokens, exams, now, fault })
}

#[derive(Deserialize)]
pub(in crate::server) struct TokenForm {
    name: String,
    scope: String,
    exam: String,
    days: String,
}

pub(in crate::server) async fn make_by_form(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Result<Response, PageError> {
    let admin = browser?.admin()?;
    let Form(TokenForm { name, scope, exam, days }) =
        form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let lifetime = DAY.saturating_mul(days.trim().parse().unwrap_or(90));
    let expires_at = state.now().saturating_add(lifetime).unwrap_or(Timestamp::MAX);
    let asked = NewApiToken {
        name,
        scope,
        exam: exam.parse().ok(),
        expires_at: Some(expires_at.to_string()),
    };
    match make(&state, (admin.tenant.clone(), admin.by.clone()), asked, None).await {
        Ok((_, made)) => {
            render(StatusCode::CREATED, &TokenPage { who: Who::of(&admin, "tokens"), made })
        }
        Err(refusal) => page_with(&state, &admin, Some(mendable(refusal)?)).await,
    }
}

pub(in crate::server) async fn revoke_by_form(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let admin = browser?.admin()?;
    revoke(&state, (admin.tenant, admin.by), id_of(id)?).await?;
    Ok(Redirect::to("/tokens").into_response())
}
