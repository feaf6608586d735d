//! Tokens, cookies and who they stand for.
//!
//! A secret is 256 random bits in hexadecimal. The database knows its SHA-256 only; since nobody
//! can guess 256 bits, looking the hash up gives nothing away by its timing.
//!
//! An agent's token writes reports, a proctor's token reads them and gives commands, and the token of an
//! exam provider's system issues sessions. A browser gets a cookie of its own, which may do what a
//! proctor's token may, and issues sessions: by the form, which takes that token, or by a sign-in link,
//! good once. The cookie is `SameSite=Strict`: no other site can use it. `enrol` gives agents tokens for
//! one session.

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::State;
use super::error::Refusal;
use super::store::audit::{self, Deed, Entry};
use super::store::{Credential, Scope, StoreError, Tenant, credential};
use crate::redact::Pii;
use crate::report::{Hash, SessionId};

/// A browser stays signed in this long.
pub(super) const PAGE_LIFETIME: SignedDuration = SignedDuration::from_hours(12);
/// A sign-in link is good this long.
pub const SIGN_IN_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// `__Host-`: browsers take it over HTTPS only, and for this host alone.
const COOKIE_NAME: &str = "__Host-inview";

/// Makes a secret: 64 hexadecimal digits.
pub fn new_secret() -> Result<Pii<String>, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(Pii::new(Hash::from_bytes(bytes).to_string()))
}

pub(super) fn hash_of(secret: &str) -> Hash {
    Hash::of(secret.as_bytes())
}

/// Makes `secret` good for `scope`. Blocks: for the start, outside of the runtime.
pub fn grant_blocking(
    state: &State,
    secret: &Pii<String>,
    scope: Scope,
    tenant: Tenant,
    lifetime: SignedDuration,
) -> Result<Timestamp, StoreError> {
    let now = state.now();
    let expires_at = now.saturating_add(lifetime).unwrap_or(Timestamp::MAX);
    let hash = hash_of(secret.reveal());
    state.store.write_blocking(move |database| {
        credential::sweep(database, now)?;
        let credential = Credential { tenant, scope, session: None, expires_at };
        credential::insert(database, hash, &credential)
    })?;
    Ok(expires_at)
}

/// What `secret` is good for now. Blocks: for the start, outside of the runtime.
pub fn look_up_blocking(
    state: &State,
    secret: &Pii<String>,
) -> Result<Option<Credential>, StoreError> {
    let (hash, now) = (hash_of(secret.reveal()), state.now());
    state.store.write_blocking(move |database| credential::find(database, hash, now))
}

async fn look_up(state: &State, secret: &str) -> Result<Option<Credential>, StoreError> {
    let (hash, now) = (hash_of(secret), state.now());
    if let Some(found) = state.known.token(hash, now) {
        return Ok(Some(found));
    }
    let found = state.store.look_up(move |database| credential::find(database, hash, now)).await?;
    if let Some(found) = &found {
        state.known.keep_token(hash, found);
    }
    Ok(found)
}

/// Signs a browser in: `Set-Cookie` for it, when the proctor's token is good.
pub(super) async fn sign_in_with_token(
    state: &State,
    token: &str,
) -> Result<Option<HeaderValue>, Refusal> {
    let Some(found) = look_up(state, token).await? else { return Ok(None) };
    if found.scope != Scope::Read {
        return Ok(None);
    }
    let (secret, hash, page) = new_page(state, found.tenant)?;
    let (by, now) = (name("token", hash_of(token)), state.now());
    let signing_in = state.store.write(move |database| {
        credential::insert(database, hash, &page)?;
        note_sign_in(database, &page.tenant, &by, hash, now)
    });
    signing_in.await?;
    Ok(Some(set_cookie(&secret)?))
}

/// Signs a browser in by the code of a link, which is used up.
pub(super) async fn sign_in_with_code(
    state: &State,
    code: &str,
) -> Result<Option<HeaderValue>, Refusal> {
    let (code, now) = (hash_of(code), state.now());
    let (secret, hash, page) = new_page(state, Tenant::local())?;
    let signing_in = state.store.write(move |database| {
        credential::sweep(database, now)?;
        let Some(found) = credential::take(database, code, Scope::SignIn, now)? else {
            return Ok(false);
        };
        let page = Credential { tenant: found.tenant, ..page };
        credential::insert(database, hash, &page)?;
        note_sign_in(database, &page.tenant, &name("link", code), hash, now)?;
        Ok(true)
    });
    if signing_in.await? { Ok(Some(set_cookie(&secret)?)) } else { Ok(None) }
}

/// Signs a browser out: the cookie is good no longer.
pub(super) async fn sign_out(state: &State, headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
    if let Some(secret) = cookie(headers) {
        let (hash, now) = (hash_of(secret), state.now());
        let forgetting = state.store.write(move |database| {
            let Some(page) = credential::take(database, hash, Scope::Page, now)? else {
                return Ok(());
            };
            let (tenant, who) = (&page.tenant, &name("page", hash));
            let did = Deed::SignedOut;
            audit::note(database, &Entry { at: now, tenant, who, did, session: None, detail: "" })
        });
        forgetting.await?;
    }
    let gone = format!("{COOKIE_NAME}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
    HeaderValue::try_from(gone).map_err(|_not_ascii| Refusal::internal())
}

/// How the record names a credential: its kind and a piece of its hash.
fn name(kind: &str, hash: Hash) -> String {
    let hash = hash.to_string();
    format!("{kind}-{}", hash.get(..8).unwrap_or_default())
}

/// `by`: what the browser had before it had a cookie.
fn note_sign_in(
    database: &Connection,
    tenant: &Tenant,
    by: &str,
    page: Hash,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (who, did) = (&name("page", page), Deed::SignedIn);
    let detail = &format!("by {by}");
    audit::note(database, &Entry { at, tenant, who, did, session: None, detail })
}

fn new_page(state: &State, tenant: Tenant) -> Result<(Pii<String>, Hash, Credential), Refusal> {
    let secret = new_secret().map_err(|error| {
        tracing::error!(%error, "no randomness");
        Refusal::internal()
    })?;
    let expires_at = state.now().saturating_add(PAGE_LIFETIME).unwrap_or(Timestamp::MAX);
    let hash = hash_of(secret.reveal());
    Ok((secret, hash, Credential { tenant, scope: Scope::Page, session: None, expires_at }))
}

fn set_cookie(secret: &Pii<String>) -> Result<HeaderValue, Refusal> {
    let (secret, seconds) = (secret.reveal(), PAGE_LIFETIME.as_secs());
    let cookie = format!(
        "{COOKIE_NAME}={secret}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict"
    );
    let mut value = HeaderValue::try_from(cookie).map_err(|_not_ascii| Refusal::internal())?;
    value.set_sensitive(true);
    Ok(value)
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// The credential of the request's token, which must be of this scope.
async fn token_of(
    state: &State,
    headers: &HeaderMap,
    expected: Scope,
) -> Result<Credential, Refusal> {
    let token = bearer(headers).ok_or(Refusal::unauthorized())?;
    let found = look_up(state, token).await?.ok_or(Refusal::unauthorized())?;
    match found.scope {
        scope if scope == expected => Ok(found),
        Scope::Write | Scope::Read | Scope::Manage => Err(Refusal::scope()),
        Scope::Page | Scope::SignIn => Err(Refusal::unauthorized()),
    }
}

/// The credential of the browser that is signed in.
async fn page_of(state: &State, headers: &HeaderMap) -> Result<Credential, Refusal> {
    let secret = cookie(headers).ok_or(Refusal::unauthorized())?;
    let found = look_up(state, secret).await?;
    found.filter(|found| found.scope == Scope::Page).ok_or(Refusal::unauthorized())
}

/// A request with a token that writes.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    pub(super) tenant: Tenant,
    session: Option<SessionId>,
}

impl Agent {
    /// Refused when the token is for another session.
    pub(super) fn must_be_of(&self, session: SessionId) -> Result<(), Refusal> {
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
        let found = token_of(state, &parts.headers, Scope::Write).await?;
        Ok(Self { tenant: found.tenant, session: found.session })
    }
}

/// A request with a proctor's token, or with the cookie of a browser that is signed in.
#[derive(Clone, Debug)]
pub(super) struct Proctor {
    pub(super) tenant: Tenant,
    /// By what it was recognised, for the record: `token-` or `page-` and a piece of the hash.
    pub(super) by: String,
}

impl FromRequestParts<State> for Proctor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let headers = &parts.headers;
        let (found, kind, secret) = match bearer(headers) {
            Some(token) => (token_of(state, headers, Scope::Read).await?, "token", token),
            None => (page_of(state, headers).await?, "page", cookie(headers).unwrap_or_default()),
        };
        Ok(Self { tenant: found.tenant, by: name(kind, hash_of(secret)) })
    }
}

/// A request with a token that issues sessions.
#[derive(Clone, Debug)]
pub(super) struct Manager {
    pub(super) tenant: Tenant,
}

impl FromRequestParts<State> for Manager {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let found = token_of(state, &parts.headers, Scope::Manage).await?;
        Ok(Self { tenant: found.tenant })
    }
}

/// A form that was sent by a browser that is signed in. Its cookie is `SameSite=Strict`: no other
/// site can send a form in its name.
#[derive(Clone, Debug)]
pub(super) struct Browser {
    pub(super) tenant: Tenant,
}

impl FromRequestParts<State> for Browser {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let found = page_of(state, &parts.headers).await?;
        Ok(Self { tenant: found.tenant })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: axum::http::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_token_is_read_from_its_header_only_in_its_form() {
        assert_eq!(bearer(&headers(AUTHORIZATION, "Bearer abc")), Some("abc"));
        assert_eq!(bearer(&headers(AUTHORIZATION, "bearer abc")), Some("abc"));
        for other in ["abc", "Basic abc", "Bearerabc", ""] {
            assert_eq!(bearer(&headers(AUTHORIZATION, other)), None, "{other}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        assert_eq!(cookie(&headers(COOKIE, "a=1; __Host-inview=xyz; b=2")), Some("xyz"));
        assert_eq!(cookie(&headers(COOKIE, "__Host-inviewer=xyz")), None);
    }

    #[test]
    fn secrets_are_long_and_differ() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert_eq!(one.reveal().len(), 64);
        assert_ne!(one, other);
    }
}
