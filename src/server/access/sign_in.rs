//! `/login`, `/sign-in/{code}`, `/first-admin`, `/password/{code}`, `/logout`: from a password, a token or
//! a link to a cookie.

use askama::Template;
use axum::Form;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Path, State as Of};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use crate::redact::Pii;
use crate::report::{Account, AccountId, Role};
use crate::server::State;
use crate::server::access::accounts::name_of;
use crate::server::access::auth::{Browser, Proctor};
use crate::server::access::credentials::{self, account_name};
use crate::server::access::{password, totp};
use crate::server::http::error::Refusal;
use crate::server::http::origin::Peer;
use crate::server::pages::{PageError, render, say};
use crate::server::store::access::account::{self, Secrets};
use crate::server::store::access::credential;
use crate::server::store::audit::{Deed, note_of};
use crate::server::store::{Scope, StoreError, Tenant};

#[derive(Template)]
#[template(path = "login.html", config = "src/server/askama.toml")]
struct LoginPage<'a> {
    fault: Option<String>,
    /// Whose people may sign in by its own server.
    organisation: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "set-password.html", config = "src/server/askama.toml")]
struct PasswordPage {
    /// Whose password it is; absent where the account is made with it.
    name: Option<String>,
    action: String,
    fault: Option<String>,
    shortest: usize,
}

#[derive(Deserialize)]
pub(in crate::server) struct LoginForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
    /// A proctor's token, instead of the others.
    token: Option<String>,
}

const WRONG: &str = "The name, the password or the code is not right.";
const NO_TOKEN: &str = "This token is not accepted: it is unknown, expired, or no proctor's token.";
const OLD_LINK: &str = "This link is used up or too old. Start the server again for a new one.";

pub(in crate::server) fn login(
    state: &State,
    status: StatusCode,
    fault: Option<&'static str>,
) -> Result<Response, PageError> {
    let organisation = state.oidc.get().map(crate::server::access::oidc::Oidc::name);
    render(status, &LoginPage { fault: fault.map(say::problem), organisation })
}

pub(in crate::server) async fn form(Of(state): Of<State>) -> Result<Response, PageError> {
    login(&state, StatusCode::OK, None)
}

pub(in crate::server) async fn by_form(
    Of(state): Of<State>,
    Peer(address): Peer,
    form: Result<Form<LoginForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Ok(Form(form)) = form else {
        return login(&state, StatusCode::UNAUTHORIZED, Some(NO_TOKEN));
    };
    let name = form.token.is_none().then(|| form.name.trim().to_lowercase());
    if let Err(refusal) = state.passwords.begin(address, name.as_deref(), state.now()) {
        let mut answer = login(&state, refusal.status(), Some(refusal.title()))?;
        if let Some(seconds) = refusal.retry_after() {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        return Ok(answer);
    }
    let signed_in = match (&form.token, &name) {
        (Some(token), _) => credentials::sign_in_with_token(&state, token.trim()).await?,
        (None, Some(name)) => with_password(&state, name, &form).await?,
        (None, None) => None,
    };
    match signed_in {
        Some(cookie) => {
            state.passwords.succeed(address, name.as_deref());
            Ok(to("/", cookie))
        }
        None if form.token.is_some() => login(&state, StatusCode::UNAUTHORIZED, Some(NO_TOKEN)),
        None => login(&state, StatusCode::UNAUTHORIZED, Some(WRONG)),
    }
}

async fn with_password(
    state: &State,
    name: &str,
    form: &LoginForm,
) -> Result<Option<HeaderValue>, Refusal> {
    let tenant = Tenant::local();
    let (of, asked) = (tenant.clone(), name.to_owned());
    let found = state.store.read(move |database| account::secrets(database, &of, &asked)).await?;
    let hashed = found.as_ref().map(|found| found.password.clone());
    let password = Pii::new(form.password.clone());
    let is_right = state.passwords.is_right(password, hashed).await?;
    let Some(found) = found else { return Ok(None) };
    if is_right && use_code(state, &tenant, &found, &form.code).await? {
        let signed_in =
            credentials::sign_in_as(state, tenant, (found.account, name.to_owned())).await?;
        return Ok(Some(signed_in));
    }
    // Not waited for: how long an answer takes must not tell who has an account.
    let (store, who, now) = (state.store.clone(), account_name(name), state.now());
    tokio::spawn(async move {
        let noting = store.write(move |database| {
            note_of(database, &tenant, (&who, Deed::SignInRefused, now), "")
        });
        if let Err(error) = noting.await {
            tracing::error!(%error, "a refused sign-in was not written down");
        }
    });
    Ok(None)
}

/// Whether the code of the second factor is right, where there is one; it is used up then.
pub(in crate::server) async fn use_code(
    state: &State,
    tenant: &Tenant,
    found: &Secrets,
    code: &str,
) -> Result<bool, Refusal> {
    let Some(secret) = &found.totp else { return Ok(true) };
    let Some(step) = totp::step(secret, code, state.now())? else { return Ok(false) };
    let (tenant, account) = (tenant.clone(), found.account);
    let using =
        state.store.write(move |database| account::use_totp_step(database, &tenant, account, step));
    Ok(using.await?)
}

pub(in crate::server) async fn by_code(
    Of(state): Of<State>,
    code: Result<Path<String>, PathRejection>,
    proctor: Result<Proctor, Refusal>,
) -> Result<Response, PageError> {
    let Path(code) = code.map_err(|_no_text| Refusal::not_found())?;
    match credentials::sign_in_with_code(&state, &code).await? {
        Some(signed_in) if signed_in.has_admin => Ok(to("/", signed_in.cookie)),
        Some(signed_in) => Ok(to("/first-admin", signed_in.cookie)),
        // The same link again, in the browser that it has signed in.
        None if proctor.is_ok() => Ok(Redirect::to("/").into_response()),
        None => login(&state, StatusCode::UNAUTHORIZED, Some(OLD_LINK)),
    }
}

/// A browser that the server's link has signed in, while nobody has an administrator's account.
async fn starter(state: &State, browser: Browser) -> Result<Proctor, Refusal> {
    let proctor = browser.admin()?;
    let tenant = proctor.tenant.clone();
    let reading = state.store.read(move |database| account::has_admin(database, &tenant));
    if proctor.account.is_some() || reading.await? {
        return Err(Refusal::not_found());
    }
    Ok(proctor)
}

fn first_admin(status: StatusCode, fault: Option<String>) -> Result<Response, PageError> {
    let (action, shortest) = ("/first-admin".to_owned(), password::SHORTEST);
    render(status, &PasswordPage { name: None, action, fault, shortest })
}

pub(in crate::server) async fn first_admin_form(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
) -> Result<Response, PageError> {
    starter(&state, browser?).await?;
    first_admin(StatusCode::OK, None)
}

#[derive(Deserialize)]
pub(in crate::server) struct PasswordForm {
    #[serde(default)]
    name: String,
    password: String,
    again: String,
}

impl PasswordForm {
    /// What is kept of the password, which must have been typed twice.
    async fn hash(&self, state: &State) -> Result<String, Refusal> {
        twice(state, &self.password, &self.again).await
    }
}

/// What is kept of a password that was typed twice.
pub(in crate::server) async fn twice(
    state: &State,
    typed: &str,
    again: &str,
) -> Result<String, Refusal> {
    if typed != again {
        return Err(Refusal::malformed("the two passwords differ"));
    }
    state.passwords.hash(Pii::new(typed.to_owned())).await
}

/// What a form's page says of a refusal that another try may mend.
pub(in crate::server) fn mendable(refusal: Refusal) -> Result<String, PageError> {
    if refusal.status() == StatusCode::BAD_REQUEST {
        Ok(say::problem(refusal.detail().unwrap_or(refusal.title())))
    } else {
        Err(refusal.into())
    }
}

pub(in crate::server) async fn make_first_admin(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    headers: HeaderMap,
    form: Result<Form<PasswordForm>, FormRejection>,
) -> Result<Response, PageError> {
    let proctor = starter(&state, browser?).await?;
    let Form(form) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let checked = match name_of(&form.name) {
        Ok(name) => form.hash(&state).await.map(|hashed| (name, hashed)),
        Err(refusal) => Err(refusal),
    };
    let (name, hashed) = match checked {
        Ok(checked) => checked,
        Err(refusal) => return first_admin(StatusCode::BAD_REQUEST, Some(mendable(refusal)?)),
    };
    let (account, now) = (AccountId(crate::server::random_id()?), state.now());
    let (tenant, by, own) = (proctor.tenant.clone(), proctor.by, name.clone());
    let page = credentials::page_hash(&headers);
    let making = state.store.write(move |database| {
        if account::has_admin(database, &tenant)?
            || !account::insert(database, &tenant, (account, &own, Role::Admin), now)?
        {
            return Ok(false);
        }
        account::set_password(database, &tenant, account, &hashed)?;
        if let Some(page) = page {
            credential::take(database, page, Scope::Page, now)?;
        }
        let made = format!("{account}, admin");
        note_of(database, &tenant, (&by, Deed::AccountCreated, now), &made)?;
        Ok(true)
    });
    if !making.await? {
        let fault = t!("account-name-taken-or-faster");
        return first_admin(StatusCode::BAD_REQUEST, Some(fault));
    }
    tracing::info!("the first administrator's account was made");
    Ok(to("/", credentials::sign_in_as(&state, proctor.tenant, (account, name)).await?))
}

/// Whose password a link sets, if it is good.
fn of_link(
    database: &rusqlite::Connection,
    code: &str,
    now: jiff::Timestamp,
) -> Result<Option<(Tenant, Account)>, StoreError> {
    let hash = credentials::hash_of(code);
    let found = credential::find(database, hash, now)?;
    let Some(found) = found.filter(|found| found.scope == Scope::Password) else {
        return Ok(None);
    };
    let holder = account::holder(database, &found.tenant, hash)?;
    Ok(holder.and_then(|holder| holder.account).map(|account| (found.tenant, account)))
}

fn set_password(
    status: StatusCode,
    (code, name): (&str, String),
    fault: Option<String>,
) -> Result<Response, PageError> {
    let (action, shortest) = (format!("/password/{code}"), password::SHORTEST);
    render(status, &PasswordPage { name: Some(name), action, fault, shortest })
}

const OLD_PASSWORD_LINK: &str =
    "This link is used up or too old. Ask an administrator for a new one.";

/// Uses nothing up: programs that look into messages open links, too.
pub(in crate::server) async fn password_form(
    Of(state): Of<State>,
    code: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let Path(code) = code.map_err(|_no_text| Refusal::not_found())?;
    let (asked, now) = (code.clone(), state.now());
    match state.store.read(move |database| of_link(database, &asked, now)).await? {
        Some((_, account)) => set_password(StatusCode::OK, (&code, account.name), None),
        None => login(&state, StatusCode::NOT_FOUND, Some(OLD_PASSWORD_LINK)),
    }
}

pub(in crate::server) async fn set_password_by_link(
    Of(state): Of<State>,
    code: Result<Path<String>, PathRejection>,
    form: Result<Form<PasswordForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Path(code) = code.map_err(|_no_text| Refusal::not_found())?;
    let Form(form) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let (asked, now) = (code.clone(), state.now());
    let found = state.store.read(move |database| of_link(database, &asked, now)).await?;
    let Some((tenant, account)) = found else {
        return login(&state, StatusCode::NOT_FOUND, Some(OLD_PASSWORD_LINK));
    };
    let hashed = match form.hash(&state).await {
        Ok(hashed) => hashed,
        Err(refusal) => {
            let fault = Some(mendable(refusal)?);
            return set_password(StatusCode::BAD_REQUEST, (&code, account.name), fault);
        }
    };
    let (of, id, who) = (tenant.clone(), account.id, account_name(&account.name));
    let hash = credentials::hash_of(&code);
    let setting = state.store.write(move |database| {
        if credential::take(database, hash, Scope::Password, now)?.is_none() {
            return Ok(false);
        }
        account::set_password(database, &of, id, &hashed)?;
        note_of(database, &of, (&who, Deed::PasswordSet, now), "by a link")?;
        Ok(true)
    });
    if !setting.await? {
        return login(&state, StatusCode::NOT_FOUND, Some(OLD_PASSWORD_LINK));
    }
    if account.totp {
        // The second factor is asked for as ever.
        return Ok(Redirect::to("/login").into_response());
    }
    Ok(to("/", credentials::sign_in_as(&state, tenant, (account.id, account.name)).await?))
}

pub(in crate::server) async fn out(
    Of(state): Of<State>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let cookie = credentials::sign_out(&state, &headers).await?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/login")).into_response())
}

pub(in crate::server) fn to(page: &str, cookie: HeaderValue) -> Response {
    ([(SET_COOKIE, cookie)], Redirect::to(page)).into_response()
}
