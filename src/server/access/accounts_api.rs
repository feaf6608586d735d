//! `/v1/accounts`: the people who sign in, for administrators and their programs; what the pages do, too.
//!
//! | answer | when |
//! |---|---|
//! | 201 and the account, with a link | it is made: the person sets a password by the link |
//! | 400 malformed | the name, the role or an exam cannot be used, or it is the asker's own account |
//! | 404 | the tenant has no such account |
//! | 409 name-taken | another account has the name |

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Of};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::redact::Pii;
use crate::report::{
    Account, AccountChange, AccountDetail, AccountId, AccountLink, AccountList, Assignment, ExamId,
    LinkRequest, NewAccount, Problem, Role, problem,
};
use crate::server::State;
use crate::server::access::accounts::{OfAccount, name_of};
use crate::server::access::auth::Admin;
use crate::server::access::credentials;
use crate::server::api::answers::{Asked, Guarded, Keyed, Sent, Sought};
use crate::server::http::body;
use crate::server::http::error::Refusal;
use crate::server::http::idempotency;
use crate::server::http::origin::Origin;
use crate::server::sessions::api::{unreadable, up_to};
use crate::server::store::access::account;
use crate::server::store::audit::{Deed, note_of};
use crate::server::store::exam;
use crate::server::store::idempotency::once;
use crate::server::store::{Credential, Scope, StoreError, Tenant};

/// A link by which a password is set is good this long.
const LINK_LIFETIME: SignedDuration = SignedDuration::from_hours(72);
/// Most accounts on one page.
const ACCOUNTS: u64 = 100;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server) struct AccountsOf {
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// `next` of the page before.
    after: Option<Uuid>,
}

/// Accounts by their names.
#[utoipa::path(
    get, path = "/v1/accounts", operation_id = "list_accounts", tag = "access",
    params(AccountsOf),
    responses((status = 200, body = AccountList), Guarded, Asked),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn list(
    Of(state): Of<State>,
    admin: Admin,
    query: Result<Query<AccountsOf>, QueryRejection>,
) -> Result<Json<AccountList>, Refusal> {
    let Query(AccountsOf { limit, after }) = query.map_err(|query| unreadable(&query))?;
    let page = (after.map(AccountId), up_to(limit, ACCOUNTS)?);
    let reading = state.store.read(move |database| account::page(database, &admin.tenant, page));
    let unknown = || Refusal::parameter("after must be the id of an account");
    Ok(Json(reading.await?.ok_or_else(unknown)?))
}

/// Makes an account without a password, and a link by which the person sets one.
#[utoipa::path(
    post, path = "/v1/accounts", operation_id = "make_account", tag = "access",
    params(Keyed),
    request_body(content = NewAccount),
    responses(
        (status = 201, description = "Only this answer has the link.", body = AccountLink),
        (status = 200, description = "It was made before, under the same key.", body = AccountLink),
        Guarded,
        Sent,
        (status = 409, description = "`name-taken`: another account has this name.", body = Problem, content_type = "application/problem+json"),
        Keyed,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn post(
    Of(state): Of<State>,
    admin: Admin,
    Origin(server): Origin,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let key = idempotency::key(&headers)?;
    let asked = body::json(&headers, body).await?;
    let (status, made) = make(&state, &admin, &server, (asked, key)).await?;
    let location = [(LOCATION, format!("/v1/accounts/{}", made.account.id))];
    Ok((status, location, Json(made)).into_response())
}

/// Keeps an account.
pub(in crate::server) async fn make(
    state: &State,
    admin: &Admin,
    server: &str,
    (asked, key): (NewAccount, Option<String>),
) -> Result<(StatusCode, AccountLink), Refusal> {
    let to = (&admin.tenant, admin.by.as_str());
    let key = idempotency::once(state, to, ("POST /v1/accounts", &asked), key)?;
    let NewAccount { name, role, exams } = asked;
    let (name, id, now) = (name_of(&name)?, AccountId(crate::server::random_id()?), state.now());
    let (tenant, by, link) = (admin.tenant.clone(), admin.by.clone(), Link::new(now)?);
    let address = link.address(server);
    let making = state.store.write(move |database| {
        once(database, key.as_ref(), now, || {
            if let Some(refusal) = unknown_exam(database, &tenant, &exams)? {
                return Ok(Err(refusal));
            }
            if !account::insert(database, &tenant, (id, &name, role), now)? {
                let title = "Another account has this name";
                return Ok(Err(Refusal::new(StatusCode::CONFLICT, problem::NAME_TAKEN, title)));
            }
            link.grant(database, &tenant, id)?;
            let made = format!("{id}, {}", role.as_str());
            note_of(database, &tenant, (&by, Deed::AccountCreated, now), &made)?;
            if !exams.is_empty() {
                account::assign(database, &tenant, id, (&[], &exams))?;
                note_exams(database, &tenant, (&by, now), id)?;
            }
            let account = account::find(database, &tenant, id)?.ok_or(StoreError::Gone)?;
            Ok(Ok(AccountLink { account, link: address, link_expires_at: link.until.to_string() }))
        })
    });
    idempotency::answer(making.await??)
}

/// One account, and its exams.
#[utoipa::path(
    get, path = "/v1/accounts/{account}", operation_id = "get_account", tag = "access",
    params(("account" = AccountId, Path)),
    responses((status = 200, body = AccountDetail), Guarded, Sought),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn detail(
    Of(state): Of<State>,
    admin: Admin,
    OfAccount(id): OfAccount,
) -> Result<Json<AccountDetail>, Refusal> {
    told(&state, admin.tenant, id).await
}

async fn told(
    state: &State,
    tenant: Tenant,
    id: AccountId,
) -> Result<Json<AccountDetail>, Refusal> {
    let reading = state.store.read(move |database| {
        let Some(account) = account::find(database, &tenant, id)? else { return Ok(None) };
        let assigned = account::assigned(database, &tenant, id)?;
        Ok(Some(AccountDetail { account, assigned }))
    });
    Ok(Json(reading.await?.ok_or(Refusal::not_found())?))
}

/// Changes its role, or whether it may sign in. Nobody changes these of their own account.
#[utoipa::path(
    patch, path = "/v1/accounts/{account}", operation_id = "change_account", tag = "access",
    params(("account" = AccountId, Path)),
    request_body(content = AccountChange),
    responses((status = 200, body = AccountDetail), Guarded, Sought, Sent),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn patch(
    Of(state): Of<State>,
    admin: Admin,
    OfAccount(id): OfAccount,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<AccountDetail>, Refusal> {
    let asked = body::json(&headers, body).await?;
    change(&state, &admin, id, asked).await?;
    told(&state, admin.tenant, id).await
}

/// Writes down what has changed, and nothing else.
pub(in crate::server) async fn change(
    state: &State,
    admin: &Admin,
    id: AccountId,
    asked: AccountChange,
) -> Result<(), Refusal> {
    let before = find(state, &admin.tenant, id).await?;
    if admin.account.as_ref().is_some_and(|own| own.id == id) {
        return Err(Refusal::malformed("this is your own account: ask another administrator"));
    }
    let role = asked.role.filter(|role| *role != before.role);
    let disabled = asked.disabled.filter(|disabled| *disabled != before.disabled);
    let (tenant, by, now) = (admin.tenant.clone(), admin.by.clone(), state.now());
    let changing = state.store.write(move |database| {
        if let Some(role) = role {
            account::set_role(database, &tenant, id, role)?;
            let detail = format!("{id}, {}", role.as_str());
            note_of(database, &tenant, (&by, Deed::RoleChanged, now), &detail)?;
        }
        if let Some(disabled) = disabled {
            account::set_disabled(database, &tenant, id, disabled.then_some(now))?;
            let did = if disabled { Deed::AccountDisabled } else { Deed::AccountEnabled };
            note_of(database, &tenant, (&by, did, now), &id.to_string())?;
        }
        Ok(())
    });
    Ok(changing.await?)
}

/// Assigns it to these exams, and to no others.
#[utoipa::path(
    put, path = "/v1/accounts/{account}/exams", operation_id = "assign_account", tag = "access",
    params(("account" = AccountId, Path)),
    request_body(content = Assignment),
    responses((status = 200, body = AccountDetail), Guarded, Sought, Sent),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn put_exams(
    Of(state): Of<State>,
    admin: Admin,
    OfAccount(id): OfAccount,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<AccountDetail>, Refusal> {
    let Assignment { exams } = body::json(&headers, body).await?;
    assign(&state, &admin, id, (None, exams)).await?;
    told(&state, admin.tenant, id).await
}

/// Of the exams that were `shown`, or of all, assigns the account to those that were chosen, and to no others.
pub(in crate::server) async fn assign(
    state: &State,
    admin: &Admin,
    id: AccountId,
    (shown, chosen): (Option<Vec<ExamId>>, Vec<ExamId>),
) -> Result<(), Refusal> {
    find(state, &admin.tenant, id).await?;
    let (tenant, by, now) = (admin.tenant.clone(), admin.by.clone(), state.now());
    let assigning = state.store.write(move |database| {
        if let Some(refusal) = unknown_exam(database, &tenant, &chosen)? {
            return Ok(Err(refusal));
        }
        let shown = match shown {
            Some(shown) => shown,
            None => account::assigned(database, &tenant, id)?,
        };
        account::assign(database, &tenant, id, (&shown, &chosen))?;
        note_exams(database, &tenant, (&by, now), id)?;
        Ok(Ok(()))
    });
    assigning.await?
}

fn note_exams(
    database: &Connection,
    tenant: &Tenant,
    (by, now): (&str, Timestamp),
    id: AccountId,
) -> Result<(), StoreError> {
    let detail = format!("{id}: {} exams", account::assigned(database, tenant, id)?.len());
    note_of(database, tenant, (by, Deed::ExamsAssigned, now), &detail)
}

fn unknown_exam(
    database: &Connection,
    tenant: &Tenant,
    exams: &[ExamId],
) -> Result<Option<Refusal>, StoreError> {
    for exam in exams {
        if exam::find(database, tenant, *exam)?.is_none() {
            return Ok(Some(Refusal::malformed(format!("there is no exam {exam}"))));
        }
    }
    Ok(None)
}

/// A new link by which the person sets a password; those that were handed out before are good no longer.
#[utoipa::path(
    post, path = "/v1/accounts/{account}/link", operation_id = "make_account_link", tag = "access",
    params(("account" = AccountId, Path), Keyed),
    request_body(content = LinkRequest),
    responses(
        (status = 201, description = "Only this answer has the link.", body = AccountLink),
        (status = 200, description = "It was made before, under the same key.", body = AccountLink),
        Guarded,
        Sought,
        Sent,
        Keyed,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn post_link(
    Of(state): Of<State>,
    admin: Admin,
    OfAccount(id): OfAccount,
    Origin(server): Origin,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let key = idempotency::key(&headers)?;
    let asked = body::json(&headers, body).await?;
    let (status, made) = make_link(&state, &admin, &server, (id, asked, key)).await?;
    Ok((status, Json(made)).into_response())
}

/// A link for somebody who has no password, or has forgotten it; what an organisation called the account
/// is forgotten, too.
pub(in crate::server) async fn make_link(
    state: &State,
    admin: &Admin,
    server: &str,
    (id, asked, key): (AccountId, LinkRequest, Option<String>),
) -> Result<(StatusCode, AccountLink), Refusal> {
    let what = format!("POST /v1/accounts/{id}/link");
    let to = (&admin.tenant, admin.by.as_str());
    let key = idempotency::once(state, to, (&what, &asked), key)?;
    let (now, link) = (state.now(), Link::new(state.now())?);
    let (tenant, by, address) = (admin.tenant.clone(), admin.by.clone(), link.address(server));
    let making = state.store.write(move |database| {
        once(database, key.as_ref(), now, || {
            if account::find(database, &tenant, id)?.is_none() {
                return Ok(Err(Refusal::not_found()));
            }
            link.grant(database, &tenant, id)?;
            account::forget_identities(database, &tenant, id)?;
            note_of(database, &tenant, (&by, Deed::PasswordLinkMade, now), &id.to_string())?;
            if asked.without_totp {
                account::set_totp(database, &tenant, id, None)?;
                note_of(database, &tenant, (&by, Deed::SecondFactorRemoved, now), &id.to_string())?;
            }
            let account = account::find(database, &tenant, id)?.ok_or(StoreError::Gone)?;
            Ok(Ok(AccountLink { account, link: address, link_expires_at: link.until.to_string() }))
        })
    });
    idempotency::answer(making.await??)
}

pub(in crate::server) async fn find(
    state: &State,
    tenant: &Tenant,
    id: AccountId,
) -> Result<Account, Refusal> {
    let tenant = tenant.clone();
    let reading = state.store.read(move |database| account::find(database, &tenant, id));
    reading.await?.ok_or(Refusal::not_found())
}

/// The role of that name.
pub(in crate::server) fn role_of(name: &str) -> Result<Role, Refusal> {
    Role::parse(name).ok_or_else(|| Refusal::malformed("there is no such role"))
}

/// A link by which a person sets a password, once.
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

    fn address(&self, server: &str) -> Pii<String> {
        Pii::new(format!("{server}/password/{}", self.code.reveal()))
    }

    /// Those that were handed out before are good no longer.
    fn grant(
        &self,
        database: &Connection,
        tenant: &Tenant,
        account: AccountId,
    ) -> Result<(), StoreError> {
        account::forget_links(database, account)?;
        let (tenant, scope, expires_at) = (tenant.clone(), Scope::Password, self.until);
        let granted = Credential { tenant, scope, session: None, expires_at };
        let hash = credentials::hash_of(self.code.reveal());
        account::grant(database, hash, &granted, (Some(account), None, None))
    }
}
