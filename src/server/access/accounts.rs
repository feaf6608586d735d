//! `/accounts`: an administrator's pages of the people who sign in.

use askama::Template;
use axum::Form;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{FromRequestParts, Path, State as Of};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use crate::redact::Pii;
use crate::report::{
    Account, AccountChange, AccountId, AccountLink, Exam, ExamId, LinkRequest, NewAccount,
};
use crate::server::State;
use crate::server::access::accounts_api::{self, role_of};
use crate::server::access::auth::{Admin, Browser, Proctor};
use crate::server::access::sign_in::mendable;
use crate::server::http::error::Refusal;
use crate::server::http::origin::Origin;
use crate::server::pages::{PageError, Who, render, say};
use crate::server::store::access::account;
use crate::server::store::exam::{self, Reach};

const NAME_CHARS: usize = 64;
/// Exams to which an account can be assigned on its page: the newest.
const EXAMS: u64 = 500;

#[derive(Template)]
#[template(path = "accounts.html", config = "src/server/askama.toml")]
struct AccountsPage {
    who: Who,
    accounts: Vec<Account>,
    name: String,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "account-of.html", config = "src/server/askama.toml")]
struct AccountPage {
    who: Who,
    account: Account,
    is_own: bool,
    exams: Vec<(Exam, bool)>,
}

#[derive(Template)]
#[template(path = "account-link.html", config = "src/server/askama.toml")]
struct LinkPage {
    who: Who,
    name: String,
    account: AccountId,
    link: Pii<String>,
    until: String,
}

/// The account in an address.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct OfAccount(pub(in crate::server) AccountId);

impl FromRequestParts<State> for OfAccount {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let path: Result<Path<String>, PathRejection> =
            Path::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|_no_text| Refusal::not_found())?;
        let account = text.parse::<AccountId>().ok();
        let account = account.filter(|account| account.to_string() == text);
        account.map(Self).ok_or(Refusal::not_found())
    }
}

/// The name of an account: small letters, so that nobody is taken for somebody else.
pub(in crate::server) fn name_of(typed: &str) -> Result<String, Refusal> {
    let name = typed.trim().to_lowercase();
    let fits = (1..=NAME_CHARS).contains(&name.len());
    let known =
        |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'@' | b'+' | b'-');
    if fits && name.bytes().all(known) {
        Ok(name)
    } else {
        let most = format!("a name has 1 to {NAME_CHARS} letters (a to z), digits and . _ @ + -");
        Err(Refusal::malformed(most))
    }
}

pub(in crate::server) async fn list(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
) -> Result<Response, PageError> {
    list_with(&state, &browser?.admin()?, String::new(), None).await
}

async fn list_with(
    state: &State,
    admin: &Proctor,
    name: String,
    fault: Option<String>,
) -> Result<Response, PageError> {
    let tenant = admin.tenant.clone();
    let accounts = state.store.read(move |database| account::list(database, &tenant)).await?;
    let status = if fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    render(status, &AccountsPage { who: Who::of(admin, "accounts"), accounts, name, fault })
}

#[derive(Deserialize)]
pub(in crate::server) struct AccountForm {
    name: String,
    role: String,
}

pub(in crate::server) async fn make(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    origin: Result<Origin, Refusal>,
    form: Result<Form<AccountForm>, FormRejection>,
) -> Result<Response, PageError> {
    let (admin, Origin(server)) = (browser?.admin()?, origin?);
    let Form(form) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let role = role_of(&form.role)?;
    let asked = NewAccount { name: form.name.clone(), role, exams: Vec::new() };
    match accounts_api::make(&state, &Admin::of(&admin), &server, (asked, None)).await {
        Ok((_, made)) => shown(&admin, made),
        Err(refusal) if refusal.status() == StatusCode::CONFLICT => {
            let fault = Some(t!("account-name-taken"));
            list_with(&state, &admin, form.name, fault).await
        }
        Err(refusal) => list_with(&state, &admin, form.name, Some(mendable(refusal)?)).await,
    }
}

fn shown(admin: &Proctor, made: AccountLink) -> Result<Response, PageError> {
    let AccountLink { account, link, link_expires_at: until } = made;
    let who = Who::of(admin, "accounts");
    let page = LinkPage { who, name: account.name, account: account.id, link, until };
    render(StatusCode::CREATED, &page)
}

fn is_own(admin: &Proctor, account: AccountId) -> bool {
    admin.account.as_ref().is_some_and(|own| own.id == account)
}

pub(in crate::server) async fn one(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    account: Result<OfAccount, Refusal>,
) -> Result<Response, PageError> {
    let (admin, OfAccount(id)) = (browser?.admin()?, account?);
    let account = accounts_api::find(&state, &admin.tenant, id).await?;
    let tenant = admin.tenant.clone();
    let reading = state.store.read(move |database| {
        let assigned = account::assigned(database, &tenant, id)?;
        let exams = exam::list(database, &tenant, Reach::All, (None, EXAMS))?.exams;
        let with = |exam: Exam| (assigned.contains(&exam.exam), exam);
        Ok(exams.into_iter().map(with).map(|(is_assigned, exam)| (exam, is_assigned)).collect())
    });
    let (exams, who, is_own) = (reading.await?, Who::of(&admin, "accounts"), is_own(&admin, id));
    render(StatusCode::OK, &AccountPage { who, account, is_own, exams })
}

/// `shown` has the exams that were on the page, `exam` those that were chosen.
pub(in crate::server) async fn assign(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    account: Result<OfAccount, Refusal>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, PageError> {
    let (admin, OfAccount(id)) = (browser?.admin()?, account?);
    let Form(form) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let named = |name: &str| -> Vec<ExamId> {
        let values = form.iter().filter(|(key, _)| key == name);
        values.filter_map(|(_, value)| value.parse().ok()).collect()
    };
    let chosen = (Some(named("shown")), named("exam"));
    accounts_api::assign(&state, &Admin::of(&admin), id, chosen).await?;
    Ok(back_to(id))
}

fn back_to(account: AccountId) -> Response {
    Redirect::to(&format!("/accounts/{account}")).into_response()
}

#[derive(Deserialize)]
pub(in crate::server) struct RoleForm {
    role: String,
}

pub(in crate::server) async fn set_role(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    account: Result<OfAccount, Refusal>,
    form: Result<Form<RoleForm>, FormRejection>,
) -> Result<Response, PageError> {
    let (admin, OfAccount(id)) = (browser?.admin()?, account?);
    let Form(form) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let asked = AccountChange { role: Some(role_of(&form.role)?), disabled: None };
    accounts_api::change(&state, &Admin::of(&admin), id, asked).await?;
    Ok(back_to(id))
}

#[derive(Deserialize)]
pub(in crate::server) struct DisableForm {
    disabled: bool,
}

pub(in crate::server) async fn disable(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    account: Result<OfAccount, Refusal>,
    form: Result<Form<DisableForm>, FormRejection>,
) -> Result<Response, PageError> {
    let (admin, OfAccount(id)) = (browser?.admin()?, account?);
    let Form(form) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let asked = AccountChange { role: None, disabled: Some(form.disabled) };
    accounts_api::change(&state, &Admin::of(&admin), id, asked).await?;
    Ok(back_to(id))
}

/// With `totp=off` the second factor, whose device may be lost, is taken away, too.
pub(in crate::server) async fn link(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    account: Result<OfAccount, Refusal>,
    origin: Result<Origin, Refusal>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, PageError> {
    let (admin, OfAccount(id), Origin(server)) = (browser?.admin()?, account?, origin?);
    let Form(form) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let without_totp = form.iter().any(|(key, value)| key == "totp" && value == "off");
    let asked = (id, LinkRequest { without_totp }, None);
    let (_, made) = accounts_api::make_link(&state, &Admin::of(&admin), &server, asked).await?;
    shown(&admin, made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_accounts_cannot_be_taken_for_others() {
        assert_eq!(name_of(" Ann.B+x@Example.org ").unwrap(), "ann.b+x@example.org");
        for refused in ["", " ", "ann b", "аnn", "ann:b", "a\nb", &"x".repeat(65)] {
            assert!(name_of(refused).is_err(), "{refused:?}");
        }
    }
}
