//! `/account`: the page on which a person changes the password and the second factor.

use askama::Template;
use axum::Form;
use axum::extract::State as Of;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use crate::redact::Pii;
use crate::report::Account;
use crate::server::State;
use crate::server::access::auth::{Browser, Proctor};
use crate::server::access::sign_in::{mendable, to, twice};
use crate::server::access::totp::{self, Picture};
use crate::server::access::{credentials, password};
use crate::server::http::error::Refusal;
use crate::server::http::origin::Peer;
use crate::server::pages::{PageError, Who, render, say};
use crate::server::store::access::account;
use crate::server::store::audit::{Deed, note_of};

#[derive(Template)]
#[template(path = "account.html", config = "src/server/askama.toml")]
struct AccountPage {
    who: Who,
    account: Account,
    shortest: usize,
    /// A secret to begin with, where there is no second factor.
    offer: Option<Offer>,
    fault: Option<String>,
}

struct Offer {
    secret: Pii<String>,
    picture: Picture,
}

impl Offer {
    fn new(name: &str) -> Result<Self, Refusal> {
        let secret = totp::new_secret()?;
        let picture = totp::picture(&secret, name)?;
        Ok(Self { secret: Pii::new(totp::spelled(&secret)), picture })
    }
}

/// Only those who have an account have this page.
fn own(browser: Browser) -> Result<(Proctor, Account), Refusal> {
    let account = browser.0.account.clone().ok_or(Refusal::not_found())?;
    Ok((browser.0, account))
}

pub(in crate::server) async fn page(
    browser: Result<Browser, Refusal>,
) -> Result<Response, PageError> {
    let (proctor, account) = own(browser?)?;
    page_with(&proctor, account, None)
}

fn page_with(
    proctor: &Proctor,
    account: Account,
    fault: Option<String>,
) -> Result<Response, PageError> {
    let offer = if account.totp { None } else { Some(Offer::new(&account.name)?) };
    let status = if fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let (who, shortest) = (Who::of(proctor, "account"), password::SHORTEST);
    render(status, &AccountPage { who, account, shortest, offer, fault })
}

/// Asks for the password again before something is changed that it protects.
async fn must_know(
    state: &State,
    address: std::net::IpAddr,
    (proctor, account): (&Proctor, &Account),
    password: &str,
) -> Result<(), Refusal> {
    let name = account.name.clone();
    state.passwords.begin(address, Some(&name), state.now())?;
    let (tenant, asked) = (proctor.tenant.clone(), name.clone());
    let found =
        state.store.read(move |database| account::secrets(database, &tenant, &asked)).await?;
    let password = Pii::new(password.to_owned());
    if !state.passwords.is_right(password, found.map(|found| found.password)).await? {
        return Err(Refusal::malformed("the password is not right"));
    }
    state.passwords.succeed(address, Some(&name));
    Ok(())
}

#[derive(Deserialize)]
pub(in crate::server) struct NewPassword {
    current: String,
    password: String,
    again: String,
}

/// Every other browser of the account is signed out.
pub(in crate::server) async fn set_password(
    Of(state): Of<State>,
    Peer(address): Peer,
    browser: Result<Browser, Refusal>,
    form: Result<Form<NewPassword>, FormRejection>,
) -> Result<Response, PageError> {
    let (proctor, account) = own(browser?)?;
    let Form(form) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let known = must_know(&state, address, (&proctor, &account), &form.current).await;
    let hashed = match known {
        Ok(()) => twice(&state, &form.password, &form.again).await,
        Err(refusal) => Err(refusal),
    };
    let hashed = match hashed {
        Ok(hashed) => hashed,
        Err(refusal) => return page_with(&proctor, account, Some(mendable(refusal)?)),
    };
    let (tenant, by, id, now) = (proctor.tenant.clone(), proctor.by, account.id, state.now());
    let setting = state.store.write(move |database| {
        account::set_password(database, &tenant, id, &hashed)?;
        note_of(database, &tenant, (&by, Deed::PasswordSet, now), "")
    });
    setting.await?;
    Ok(to("/account", credentials::sign_in_as(&state, proctor.tenant, (id, account.name)).await?))
}

#[derive(Deserialize)]
pub(in crate::server) struct TotpForm {
    current: String,
    /// Absent where the second factor is to be taken away.
    secret: Option<String>,
    #[serde(default)]
    code: String,
}

pub(in crate::server) async fn set_totp(
    Of(state): Of<State>,
    Peer(address): Peer,
    browser: Result<Browser, Refusal>,
    form: Result<Form<TotpForm>, FormRejection>,
) -> Result<Response, PageError> {
    let (proctor, account) = own(browser?)?;
    let Form(form) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let now = state.now();
    let known = must_know(&state, address, (&proctor, &account), &form.current).await;
    let chosen = known.and_then(|()| {
        let Some(text) = &form.secret else { return Ok(None) };
        let wrong = || Refusal::malformed("the code is not right: use the newest of the app");
        let secret = totp::read(text).ok_or_else(wrong)?;
        let step = totp::step(&secret, &form.code, now)?.ok_or_else(wrong)?;
        Ok(Some((secret, step)))
    });
    let chosen = match chosen {
        Ok(chosen) => chosen,
        Err(refusal) => return page_with(&proctor, account, Some(mendable(refusal)?)),
    };
    let (tenant, by, id) = (proctor.tenant, proctor.by, account.id);
    let setting = state.store.write(move |database| {
        let secret = chosen.as_ref().map(|(secret, _)| secret.as_slice());
        account::set_totp(database, &tenant, id, secret)?;
        if let Some((_, step)) = chosen {
            account::use_totp_step(database, &tenant, id, step)?;
            note_of(database, &tenant, (&by, Deed::SecondFactorSet, now), "")
        } else {
            note_of(database, &tenant, (&by, Deed::SecondFactorRemoved, now), "")
        }
    });
    setting.await?;
    Ok(Redirect::to("/account").into_response())
}
