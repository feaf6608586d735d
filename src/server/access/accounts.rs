//! `/accounts`: an administrator's pages of the people who sign in.

use askama::Template;
use axum::Form;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{FromRequestParts, Path, State as Of};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::redact::Pii;
use crate::report::{AccountId, Exam, ExamId};
use crate::server::State;
use crate::server::access::auth::{Browser, Proctor};
use crate::server::access::credentials;
use crate::server::access::sign_in::mendable;
use crate::server::exams::api::note;
use crate::server::http::error::Refusal;
use crate::server::http::origin::Origin;
use crate::server::pages::{PageError, Who, render, say};
use crate::server::store::access::account::{self, Account, Role};
use crate::server::store::audit::Deed;
use crate::server::store::exam::{self, Reach};
use crate::server::store::{Credential, Scope, StoreError};

/// A link by which a password is set is good this long.
const LINK_LIFETIME: SignedDuration = SignedDuration::from_hours(72);
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
pub(in crate::server) struct OfAccount(AccountId);

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
pub(in crate::server) struct NewAccount {
    name: String,
    role: String,
}

pub(in crate::server) async fn make(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    origin: Result<Origin, Refusal>,
    form: Result<Form<NewAccount>, FormRejection>,
) -> Result<Response, PageError> {
    let (admin, Origin(server)) = (browser?.admin()?, origin?);
    let Form(form) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let role =
        Role::parse(&form.role).ok_or_else(|| Refusal::malformed("there is no such role"))?;
    let name = match name_of(&form.name) {
        Ok(name) => name,
        Err(refusal) => {
            return list_with(&state, &admin, form.name, Some(mendable(refusal)?)).await;
        }
    };
    let (account, now, link) =
        (AccountId(crate::server::random_id()?), state.now(), Link::new(state.now())?);
    let (tenant, by, own, granted) =
        (admin.tenant.clone(), admin.by.clone(), name.clone(), link.clone());
    let making = state.store.write(move |database| {
        if !account::insert(database, &tenant, (account, &own, role), now)? {
            return Ok(false);
        }
        granted.grant(database, &tenant, account)?;
        let made = format!("{account}, {}", role.as_str());
        note(database, &tenant, (&by, Deed::AccountCreated, now), &made)?;
        Ok(true)
    });
    if !making.await? {
        let fault = Some(t!("account-name-taken"));
        return list_with(&state, &admin, form.name, fault).await;
    }
    link.shown(&admin, &server, (account, name))
}

/// A link by which a person sets a password, once.
#[derive(Clone)]
struct Link {
    code: Pii<String>,
    until: Timestamp,
}

impl Link {
    fn new(now: Timestamp) -> Result<Self, Refusal> {
        let code = credentials::new_secret().map_err(|error| {
            tracing::error!(%error, "no randomness");
            Refusal::internal()
        })?;
        Ok(Self { code, until: now.saturating_add(LINK_LIFETIME).unwrap_or(Timestamp::MAX) })
    }

    /// Those that were handed out before are good no longer.
    fn grant(
        &self,
        database: &rusqlite::Connection,
        tenant: &crate::server::store::Tenant,
        account: AccountId,
    ) -> Result<(), StoreError> {
        account::forget_links(database, account)?;
        let (tenant, scope, expires_at) = (tenant.clone(), Scope::Password, self.until);
        let granted = Credential { tenant, scope, session: None, expires_at };
        let hash = credentials::hash_of(self.code.reveal());
        account::grant(database, hash, &granted, (Some(account), None, None))
    }

    fn shown(
        &self,
        admin: &Proctor,
        server: &str,
        (account, name): (AccountId, String),
    ) -> Result<Response, PageError> {
        let link = Pii::new(format!("{server}/password/{}", self.code.reveal()));
        let (who, until) = (Who::of(admin, "accounts"), self.until.to_string());
        render(StatusCode::CREATED, &LinkPage { who, name, account, link, until })
    }
}

async fn find(state: &State, admin: &Proctor, account: AccountId) -> Result<Account, Refusal> {
    let tenant = admin.tenant.clone();
    let reading = state.store.read(move |database| account::find(database, &tenant, account));
    reading.await?.ok_or(Refusal::not_found())
}

fn is_own(admin: &Proctor, account: AccountId) -> bool {
    admin.account.as_ref().is_some_and(|own| own.id == account)
}

/// Nobody locks themselves out.
fn must_be_anothers(admin: &Proctor, account: AccountId) -> Result<(), Refusal> {
    if is_own(admin, account) {
        return Err(Refusal::malformed("this is your own account: ask another administrator"));
    }
    Ok(())
}

pub(in crate::server) async fn one(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    account: Result<OfAccount, Refusal>,
) -> Result<Response, PageError> {
    let (admin, OfAccount(id)) = (browser?.admin()?, account?);
    let account = find(&state, &admin, id).await?;
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
    find(&state, &admin, id).await?;
    let named = |name: &str| -> Vec<ExamId> {
        let values = form.iter().filter(|(key, _)| key == name);
        values.filter_map(|(_, value)| value.parse().ok()).collect()
    };
    let (shown, chosen) = (named("shown"), named("exam"));
    let (tenant, by, now) = (admin.tenant, admin.by, state.now());
    let assigning = state.store.write(move |database| {
        account::assign(database, &tenant, id, (&shown, &chosen))?;
        let detail = format!("{id}: {} exams", account::assigned(database, &tenant, id)?.len());
        note(database, &tenant, (&by, Deed::ExamsAssigned, now), &detail)
    });
    assigning.await?;
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
    let role =
        Role::parse(&form.role).ok_or_else(|| Refusal::malformed("there is no such role"))?;
    find(&state, &admin, id).await?;
    must_be_anothers(&admin, id)?;
    let (tenant, by, now) = (admin.tenant, admin.by, state.now());
    let setting = state.store.write(move |database| {
        account::set_role(database, &tenant, id, role)?;
        let detail = format!("{id}, {}", role.as_str());
        note(database, &tenant, (&by, Deed::RoleChanged, now), &detail)
    });
    setting.await?;
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
    find(&state, &admin, id).await?;
    must_be_anothers(&admin, id)?;
    let (tenant, by, now) = (admin.tenant, admin.by, state.now());
    let setting = state.store.write(move |database| {
        let (since, did) = if form.disabled {
            (Some(now), Deed::AccountDisabled)
        } else {
            (None, Deed::AccountEnabled)
        };
        account::set_disabled(database, &tenant, id, since)?;
        note(database, &tenant, (&by, did, now), &id.to_string())
    });
    setting.await?;
    Ok(back_to(id))
}

/// A new link for somebody who has no password, or has forgotten it; what an organisation called the
/// account is forgotten, too. With `totp=off` the second factor,
/// whose device may be lost, is taken away, too.
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
    let found = find(&state, &admin, id).await?;
    let (link, now) = (Link::new(state.now())?, state.now());
    let (tenant, by, granted) = (admin.tenant.clone(), admin.by.clone(), link.clone());
    let making = state.store.write(move |database| {
        granted.grant(database, &tenant, id)?;
        account::forget_identities(database, &tenant, id)?;
        note(database, &tenant, (&by, Deed::PasswordLinkMade, now), &id.to_string())?;
        if without_totp {
            account::set_totp(database, &tenant, id, None)?;
            note(database, &tenant, (&by, Deed::SecondFactorRemoved, now), &id.to_string())?;
        }
        Ok(())
    });
    making.await?;
    link.shown(&admin, &server, (id, found.name))
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
