//! Who asks, and what they have to do with.
//!
//! An agent's token writes reports, a proctor's token reads them and gives commands, and the token of an
//! exam provider's system makes exams and issues sessions. A browser's cookie may do what the role of its
//! account may ([`Role`]); one without an account, from a proctor's token, issues sessions by the form, too.
//! `ingest::enrol` gives agents tokens for one session.
//!
//! | who asks | [`Proctor`] | [`Manager`] | [`Planner`] | [`Auditor`] | [`Admin`] |
//! |---|---|---|---|---|---|
//! | an administrator | yes | yes | yes | yes | yes |
//! | an auditor | yes | | yes | yes | |
//! | a proctor | yes | | yes | | |
//! | the token of an exam provider | | yes | yes | | |
//!
//! Which exams and sessions they have to do with is their [`Reach`]: what is beyond does not exist.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

// Who it is follows from what was sent.
use super::credentials::{account_name, bearer, cookie, hash_of, look_up, look_up_holder, name};
use crate::report::{Account, Role, SessionId};
use crate::server::http::error::Refusal;
use crate::server::store::exam::Reach;
use crate::server::store::{Scope, Tenant};
use crate::server::{OfSession, State};

/// A request with a token that writes.
#[derive(Clone, Debug)]
pub(in crate::server) struct Agent {
    pub(in crate::server) tenant: Tenant,
    session: Option<SessionId>,
}

impl Agent {
    /// Refused when the token is for another session.
    pub(in crate::server) fn must_be_of(&self, session: SessionId) -> Result<(), Refusal> {
        match self.session {
            Some(own) if own != session => {
                Err(Refusal::scope().with_detail("the token is for another session"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl FromRequestParts<State> for Agent {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let token = bearer(&parts.headers).ok_or(Refusal::unauthorized())?;
        let found = look_up(state, token).await?.ok_or(Refusal::unauthorized())?;
        match found.scope {
            Scope::Write => Ok(Self { tenant: found.tenant, session: found.session }),
            Scope::Read | Scope::Audit | Scope::Manage | Scope::Admin => Err(Refusal::scope()),
            Scope::Page | Scope::SignIn | Scope::Password => Err(Refusal::unauthorized()),
        }
    }
}

/// What somebody is who asks for something else than to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Role(Role),
    /// The system of an exam provider: makes exams and issues sessions.
    Provider,
}

/// Who asks.
#[derive(Clone, Debug)]
struct Caller {
    tenant: Tenant,
    by: String,
    standing: Standing,
    reach: Reach,
    account: Option<Account>,
}

impl Caller {
    async fn of(state: &State, headers: &HeaderMap) -> Result<Self, Refusal> {
        match bearer(headers) {
            Some(token) => Self::of_token(state, token).await,
            None => Self::of_page(state, headers).await,
        }
    }

    async fn of_token(state: &State, token: &str) -> Result<Self, Refusal> {
        let found = look_up_holder(state, token).await?;
        let (found, holder) = found.ok_or(Refusal::unauthorized())?;
        let standing = match found.scope {
            Scope::Read => Standing::Role(Role::Proctor),
            Scope::Audit => Standing::Role(Role::Auditor),
            Scope::Admin => Standing::Role(Role::Admin),
            Scope::Manage => Standing::Provider,
            Scope::Write => return Err(Refusal::scope()),
            Scope::Page | Scope::SignIn | Scope::Password => return Err(Refusal::unauthorized()),
        };
        Ok(Self {
            tenant: found.tenant,
            by: name("token", hash_of(token)),
            standing,
            reach: holder.exam.map_or(Reach::All, Reach::One),
            account: None,
        })
    }

    async fn of_page(state: &State, headers: &HeaderMap) -> Result<Self, Refusal> {
        let secret = cookie(headers).ok_or(Refusal::unauthorized())?;
        let found = look_up_holder(state, secret).await?;
        let found = found.filter(|(found, _)| found.scope == Scope::Page);
        let (found, holder) = found.ok_or(Refusal::unauthorized())?;
        let (role, account) = (holder.role.unwrap_or(Role::Proctor), holder.account);
        let (reach, by) = match &account {
            Some(own) if role == Role::Proctor => (Reach::Assigned(own.id), &own.name),
            Some(own) => (Reach::All, &own.name),
            None => (Reach::All, &name("page", hash_of(secret))),
        };
        let by = if account.is_some() { account_name(by) } else { by.clone() };
        let standing = Standing::Role(role);
        Ok(Self { tenant: found.tenant, by, standing, reach, account })
    }

    fn refusal(&self) -> Refusal {
        if self.account.is_some() { Refusal::role() } else { Refusal::scope() }
    }
}

/// Somebody who watches: a proctor, an auditor or an administrator, by a token or a browser's cookie.
#[derive(Clone, Debug)]
pub(in crate::server) struct Proctor {
    pub(in crate::server) tenant: Tenant,
    /// By what it was recognised, for the record: `account-` and its name, or `token-` or `page-` and a
    /// piece of the hash.
    pub(in crate::server) by: String,
    pub(in crate::server) role: Role,
    pub(in crate::server) reach: Reach,
    pub(in crate::server) account: Option<Account>,
}

impl Proctor {
    fn from_caller(caller: Caller) -> Result<Self, Refusal> {
        let Standing::Role(role) = caller.standing else { return Err(caller.refusal()) };
        let Caller { tenant, by, reach, account, .. } = caller;
        Ok(Self { tenant, by, role, reach, account })
    }

    pub(in crate::server) async fn of(state: &State, headers: &HeaderMap) -> Result<Self, Refusal> {
        Self::from_caller(Caller::of(state, headers).await?)
    }

    /// Refused, as if there were none, when they have nothing to do with the session.
    pub(in crate::server) async fn must_reach(
        &self,
        state: &State,
        session: SessionId,
    ) -> Result<(), Refusal> {
        if self.reach == Reach::All {
            return Ok(());
        }
        let (tenant, reach) = (self.tenant.clone(), self.reach);
        let reading =
            state.store.look_up(move |database| reach.has_session(database, &tenant, session));
        if reading.await? { Ok(()) } else { Err(Refusal::not_found()) }
    }

    /// Refuses auditors: they change nothing.
    pub(in crate::server) fn must_act(&self) -> Result<(), Refusal> {
        match self.role {
            Role::Admin | Role::Proctor => Ok(()),
            Role::Auditor => Err(Refusal::role()),
        }
    }

    pub(in crate::server) fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// Makes sessions by the form: administrators, and browsers that were signed in by a token.
    pub(in crate::server) fn may_issue(&self) -> bool {
        self.is_admin() || (self.account.is_none() && self.role == Role::Proctor)
    }
}

impl FromRequestParts<State> for Proctor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        Self::of(state, &parts.headers).await
    }
}

/// Somebody who watches, and a session that they have to do with.
#[derive(Clone, Debug)]
pub(in crate::server) struct Theirs(pub(in crate::server) Proctor, pub(in crate::server) SessionId);

impl FromRequestParts<State> for Theirs {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let proctor = Proctor::from_request_parts(parts, state).await?;
        let OfSession(session) = OfSession::from_request_parts(parts, state).await?;
        proctor.must_reach(state, session).await?;
        Ok(Self(proctor, session))
    }
}

/// Somebody who makes exams and issues sessions: the system of an exam provider, or an administrator.
#[derive(Clone, Debug)]
pub(in crate::server) struct Manager {
    pub(in crate::server) tenant: Tenant,
    pub(in crate::server) by: String,
    pub(in crate::server) reach: Reach,
}

impl FromRequestParts<State> for Manager {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let caller = Caller::of(state, &parts.headers).await?;
        match caller.standing {
            Standing::Provider | Standing::Role(Role::Admin) => {
                Ok(Self { tenant: caller.tenant, by: caller.by, reach: caller.reach })
            }
            Standing::Role(Role::Proctor | Role::Auditor) => Err(caller.refusal()),
        }
    }
}

/// Somebody who may see exams: whoever watches, and whoever makes them.
#[derive(Clone, Debug)]
pub(in crate::server) struct Planner {
    pub(in crate::server) tenant: Tenant,
    pub(in crate::server) reach: Reach,
}

impl FromRequestParts<State> for Planner {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let caller = Caller::of(state, &parts.headers).await?;
        Ok(Self { tenant: caller.tenant, reach: caller.reach })
    }
}

/// An administrator: by an account, the link that the server prints, or a token.
#[derive(Clone, Debug)]
pub(in crate::server) struct Admin {
    pub(in crate::server) tenant: Tenant,
    pub(in crate::server) by: String,
    pub(in crate::server) account: Option<Account>,
}

impl Admin {
    /// An administrator's browser: see [`Browser::admin`].
    pub(in crate::server) fn of(admin: &Proctor) -> Self {
        let Proctor { tenant, by, account, .. } = admin.clone();
        Self { tenant, by, account }
    }
}

impl FromRequestParts<State> for Admin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let caller = Caller::of(state, &parts.headers).await?;
        match caller.standing {
            Standing::Role(Role::Admin) => {
                let Caller { tenant, by, account, .. } = caller;
                Ok(Self { tenant, by, account })
            }
            Standing::Role(Role::Proctor | Role::Auditor) | Standing::Provider => {
                Err(caller.refusal())
            }
        }
    }
}

/// Somebody who reads the record of who did what: an auditor or an administrator, whose token is for all exams.
#[derive(Clone, Debug)]
pub(in crate::server) struct Auditor {
    pub(in crate::server) tenant: Tenant,
}

impl Auditor {
    /// Refuses those who watch, and nothing else.
    pub(in crate::server) fn of(proctor: &Proctor) -> Result<Self, Refusal> {
        match proctor.role {
            Role::Admin | Role::Auditor if proctor.reach == Reach::All => {
                Ok(Self { tenant: proctor.tenant.clone() })
            }
            Role::Admin | Role::Auditor => {
                Err(Refusal::scope().with_detail("the token is for one exam"))
            }
            Role::Proctor if proctor.account.is_some() => Err(Refusal::role()),
            Role::Proctor => Err(Refusal::scope()),
        }
    }
}

impl FromRequestParts<State> for Auditor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        Self::of(&Proctor::from_request_parts(parts, state).await?)
    }
}

/// A page, or a form, of a browser that is signed in: tokens send none.
#[derive(Clone, Debug)]
pub(in crate::server) struct Browser(pub(in crate::server) Proctor);

impl FromRequestParts<State> for Browser {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let caller = Caller::of_page(state, &parts.headers).await?;
        Ok(Self(Proctor::from_caller(caller)?))
    }
}

impl Browser {
    /// Refused when it is not an administrator's.
    pub(in crate::server) fn admin(self) -> Result<Proctor, Refusal> {
        if self.0.is_admin() { Ok(self.0) } else { Err(Refusal::role()) }
    }
}
