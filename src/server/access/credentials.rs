//! Secrets: tokens, cookies, and what each is good for.
//!
//! A secret is 256 random bits in hexadecimal. The database knows its SHA-256 only; since nobody
//! can guess 256 bits, looking the hash up gives nothing away by its timing.
//!
//! A browser gets a cookie of its own, which may do what the role of its account may. A cookie without an
//! account comes from the link that the server prints (an administrator's) or from a proctor's token, whose
//! rights it has. It is `SameSite=Strict`.

use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use crate::redact::Pii;
use crate::report::{AccountId, Hash, Role};
use crate::server::State;
use crate::server::http::error::Refusal;
use crate::server::store::access::account::{self, Holder};
use crate::server::store::access::{api_token, credential};
use crate::server::store::audit::{self, Deed, Entry};
use crate::server::store::{Credential, Scope, StoreError, Tenant};

/// A browser stays signed in this long.
pub(in crate::server) const PAGE_LIFETIME: SignedDuration = SignedDuration::from_hours(12);
/// A sign-in link is good this long.
pub const SIGN_IN_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// `__Host-`: browsers take it over HTTPS only, and for this host alone.
pub(in crate::server) const COOKIE_NAME: &str = "__Host-inview";

/// Makes a secret: 64 hexadecimal digits.
pub fn new_secret() -> Result<Pii<String>, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(Pii::new(Hash::from_bytes(bytes).to_string()))
}

pub(in crate::server) fn hash_of(secret: &str) -> Hash {
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

/// Whether somebody can sign in who may do everything. Blocks: for the start, outside of the runtime.
pub fn has_admin_blocking(state: &State) -> Result<bool, StoreError> {
    state.store.write_blocking(|database| account::has_admin(database, &Tenant::local()))
}

pub(super) async fn look_up(state: &State, secret: &str) -> Result<Option<Credential>, StoreError> {
    let (hash, now) = (hash_of(secret), state.now());
    if let Some(found) = state.known.token(hash, now) {
        return Ok(Some(found));
    }
    let turn = state.known.turn();
    let found = state.store.look_up(move |database| credential::find(database, hash, now)).await?;
    if let Some(found) = &found {
        state.known.keep_token(hash, found);
        if state.known.turn() != turn {
            // It may be the one that was taken back meanwhile.
            state.known.forget_token(hash);
        }
    }
    Ok(found)
}

/// A secret that is good now, and whose it is.
pub(super) async fn look_up_holder(
    state: &State,
    secret: &str,
) -> Result<Option<(Credential, Holder)>, StoreError> {
    let (hash, now) = (hash_of(secret), state.now());
    let reading = state.store.look_up(move |database| {
        let Some(found) = credential::find(database, hash, now)? else { return Ok(None) };
        let holder = account::holder(database, &found.tenant, hash)?;
        Ok(holder.map(|holder| (found, holder)))
    });
    reading.await
}

/// Signs a browser in: `Set-Cookie` for it, when the proctor's token is good. Those that were made for
/// programs sign nobody in.
pub(in crate::server) async fn sign_in_with_token(
    state: &State,
    token: &str,
) -> Result<Option<HeaderValue>, Refusal> {
    let Some(found) = look_up(state, token).await? else { return Ok(None) };
    if found.scope != Scope::Read {
        return Ok(None);
    }
    let (secret, hash, page) = new_page(state, found.tenant)?;
    let (token, now) = (hash_of(token), state.now());
    let signing_in = state.store.write(move |database| {
        // Those may be for one exam, and may be taken back: a cookie would outlive them.
        if api_token::is_one(database, token)? {
            return Ok(false);
        }
        credential::insert(database, hash, &page)?;
        note_sign_in(database, &page.tenant, &name("token", token), hash, now)?;
        Ok(true)
    });
    if signing_in.await? { Ok(Some(set_cookie(&secret)?)) } else { Ok(None) }
}

/// Signs a browser in by the code of a link, which is used up.
pub(in crate::server) async fn sign_in_with_code(
    state: &State,
    code: &str,
) -> Result<Option<SignedIn>, Refusal> {
    let (code, now) = (hash_of(code), state.now());
    let (secret, hash, page) = new_page(state, Tenant::local())?;
    let signing_in = state.store.write(move |database| {
        credential::sweep(database, now)?;
        let Some(found) = credential::take(database, code, Scope::SignIn, now)? else {
            return Ok(None);
        };
        let page = Credential { tenant: found.tenant, ..page };
        account::grant(database, hash, &page, (None, Some(Role::Admin), None))?;
        note_sign_in(database, &page.tenant, &name("link", code), hash, now)?;
        account::has_admin(database, &page.tenant).map(Some)
    });
    let Some(has_admin) = signing_in.await? else { return Ok(None) };
    Ok(Some(SignedIn { cookie: set_cookie(&secret)?, has_admin }))
}

/// Signs a browser in as an account, whose name and password were right.
pub(in crate::server) async fn sign_in_as(
    state: &State,
    tenant: Tenant,
    (account, name): (AccountId, String),
) -> Result<HeaderValue, Refusal> {
    let now = state.now();
    let (secret, hash, page) = new_page(state, tenant)?;
    let signing_in = state.store.write(move |database| {
        credential::sweep(database, now)?;
        account::grant(database, hash, &page, (Some(account), None, None))?;
        let (tenant, who) = (&page.tenant, &account_name(&name));
        let did = Deed::SignedIn;
        audit::note(database, &Entry { at: now, tenant, who, did, session: None, detail: "" })
    });
    signing_in.await?;
    set_cookie(&secret)
}

/// A browser that was signed in by the link that the server prints.
pub(in crate::server) struct SignedIn {
    pub(in crate::server) cookie: HeaderValue,
    /// Somebody has an administrator's account already.
    pub(in crate::server) has_admin: bool,
}

/// Signs a browser out: the cookie is good no longer.
pub(in crate::server) async fn sign_out(
    state: &State,
    headers: &HeaderMap,
) -> Result<HeaderValue, Refusal> {
    if let Some(secret) = cookie(headers) {
        let (hash, now) = (hash_of(secret), state.now());
        let forgetting = state.store.write(move |database| {
            let Some(page) = credential::find(database, hash, now)? else { return Ok(()) };
            let holder = account::holder(database, &page.tenant, hash)?.unwrap_or_default();
            if credential::take(database, hash, Scope::Page, now)?.is_none() {
                return Ok(());
            }
            let account = holder.account.map(|account| account_name(&account.name));
            let (tenant, who) = (&page.tenant, &account.unwrap_or_else(|| name("page", hash)));
            let did = Deed::SignedOut;
            audit::note(database, &Entry { at: now, tenant, who, did, session: None, detail: "" })
        });
        forgetting.await?;
    }
    let gone = format!("{COOKIE_NAME}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
    HeaderValue::try_from(gone).map_err(|_not_ascii| Refusal::internal())
}

/// How the record names a credential: its kind and a piece of its hash.
pub(super) fn name(kind: &str, hash: Hash) -> String {
    let hash = hash.to_string();
    format!("{kind}-{}", hash.get(..8).unwrap_or_default())
}

/// The hash of the cookie that a browser sent.
pub(in crate::server) fn page_hash(headers: &HeaderMap) -> Option<Hash> {
    cookie(headers).map(hash_of)
}

/// How the record names an account.
pub(in crate::server) fn account_name(name: &str) -> String {
    format!("account-{name}")
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

pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    cookie_named(headers, COOKIE_NAME)
}

pub(in crate::server) fn cookie_named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
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
