//! `/oidc/start`, `/oidc/callback`: sign-in by an organisation's own server (`OpenID` Connect, the code
//! flow with PKCE).
//!
//! Who comes must have an account here, whose name is the address of mail that the organisation has
//! verified. The first time binds the account to the organisation's name for the person (`sub`): an
//! address that is given to somebody else later opens nothing.
//!
//! What belongs to a sign-in that has begun is in memory, under a cookie of its own. It is `SameSite=Lax`:
//! the browser comes back from another site.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Of};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{
    CoreClient, CoreIdTokenVerifier, CoreJwsSigningAlgorithm as Algorithm, CoreProviderMetadata,
    CoreResponseType,
};
use openidconnect::{
    AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
};
use reqwest::redirect;
use serde::Deserialize;

use crate::redact::Pii;
use crate::report::Hash;
use crate::server::State;
use crate::server::access::credentials;
use crate::server::access::sign_in::login;
use crate::server::http::error::Refusal;
use crate::server::pages::{PageError, render};
use crate::server::store::Tenant;
use crate::server::store::access::account;

const COOKIE_NAME: &str = "__Host-inview-oidc";
/// A sign-in that has begun must come back within this time.
const LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// Most of them; when there are more, those that have begun first are forgotten.
const FLOWS: usize = 10_000;
/// What the organisation says of itself, and its keys, are asked for again after this long.
const METADATA_LIFETIME: SignedDuration = SignedDuration::from_mins(10);
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of an answer.
const MAX_BYTES: usize = 1024 * 1024;

/// How the organisation's server is reached, and what it knows of this one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// What the page calls the organisation.
    pub name: String,
    /// `https://…`, as it calls itself. Plain HTTP is for the same machine alone.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Pii<String>,
    /// Of this server, as browsers know it: `https://host[:port]`.
    pub address: String,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    #[error("issuer and address must begin with https://")]
    Address,
    #[error("secure connections cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
}

/// What belongs to a sign-in that has begun.
struct Flow {
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    until: Timestamp,
}

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The organisation's server, as this one knows it.
pub(in crate::server) struct Oidc {
    settings: OidcSettings,
    http: reqwest::Client,
    metadata: Mutex<Option<(Timestamp, CoreProviderMetadata)>>,
    flows: Mutex<HashMap<Hash, Flow>>,
}

impl fmt::Debug for Oidc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oidc").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The organisation's server did not do it. What it was is in the log.
#[derive(Debug)]
struct Failed;

fn failed(what: &'static str) -> impl Fn(&dyn fmt::Display) -> Failed {
    move |error| {
        tracing::warn!(%error, what, "the organisation's sign-in failed");
        Failed
    }
}

impl Oidc {
    pub(in crate::server) fn new(settings: OidcSettings) -> Result<Self, OidcError> {
        let is_local = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"]
            .iter()
            .any(|local| settings.issuer.starts_with(local));
        let is_secure = is_local || settings.issuer.starts_with("https://");
        if !is_secure || !settings.address.starts_with("https://") {
            return Err(OidcError::Address);
        }
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("inview-server/", env!("CARGO_PKG_VERSION")))
            .https_only(!is_local)
            // Where it is sent instead is nobody's whom the settings name.
            .redirect(redirect::Policy::none())
            .timeout(TIMEOUT);
        if is_local {
            http = http.no_proxy();
        }
        let http = http.build()?;
        Ok(Self { settings, http, metadata: Mutex::default(), flows: Mutex::default() })
    }

    /// What the page calls the organisation.
    pub(in crate::server) fn name(&self) -> &str {
        &self.settings.name
    }

    async fn client(&self, now: Timestamp) -> Result<Client, Failed> {
        let known = self.metadata.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fresh = known.filter(|(at, _)| now.duration_since(*at) < METADATA_LIFETIME);
        let metadata = if let Some((_, metadata)) = fresh {
            metadata
        } else {
            let found = self.discover().await?;
            *self.metadata.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((now, found.clone()));
            found
        };
        let OidcSettings { client_id, client_secret, address, .. } = &self.settings;
        let secret = ClientSecret::new(client_secret.reveal().clone());
        let back = RedirectUrl::new(format!("{}/oidc/callback", address.trim_end_matches('/')));
        let back = back.map_err(|error| failed("address")(&error))?;
        let client_id = ClientId::new(client_id.clone());
        let client = CoreClient::from_provider_metadata(metadata, client_id, Some(secret));
        Ok(client.set_redirect_uri(back))
    }

    /// What the organisation says of itself, and its keys.
    async fn discover(&self) -> Result<CoreProviderMetadata, Failed> {
        let issuer = IssuerUrl::new(self.settings.issuer.clone());
        let issuer = issuer.map_err(|error| failed("issuer")(&error))?;
        let http = |request| fetch(self.http.clone(), request);
        let found = CoreProviderMetadata::discover_async(issuer, &http).await;
        found.map_err(|error| failed("discovery")(&error))
    }

    fn keep(&self, key: Hash, flow: Flow, now: Timestamp) {
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        flows.retain(|_, flow| flow.until > now);
        if flows.len() >= FLOWS {
            let oldest = flows.iter().min_by_key(|(_, flow)| flow.until).map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                flows.remove(&oldest);
            }
        }
        flows.insert(key, flow);
    }

    fn take(&self, key: Hash, now: Timestamp) -> Option<Flow> {
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        flows.remove(&key).filter(|flow| flow.until > now)
    }

    /// Who comes back with this code: the organisation's name for the person, and a verified address.
    async fn person(
        &self,
        flow: Flow,
        code: String,
        now: Timestamp,
    ) -> Result<(String, Option<String>), Failed> {
        let client = self.client(now).await?;
        let exchange = client.exchange_code(AuthorizationCode::new(code));
        let exchange = exchange.map_err(|error| failed("token endpoint")(&error))?;
        let http = |request| fetch(self.http.clone(), request);
        let answer = exchange.set_pkce_verifier(flow.verifier).request_async(&http).await;
        let answer = answer.map_err(|error| failed("code")(&error))?;
        let token = answer.id_token().ok_or_else(|| failed("answer")(&"there is no ID token"))?;
        let verifier: CoreIdTokenVerifier<'_> = client.id_token_verifier();
        let seconds = now.as_second();
        let verifier = verifier
            .set_allowed_algs([
                Algorithm::RsaSsaPkcs1V15Sha256,
                Algorithm::RsaSsaPkcs1V15Sha384,
                Algorithm::RsaSsaPkcs1V15Sha512,
                Algorithm::RsaSsaPssSha256,
                Algorithm::RsaSsaPssSha384,
                Algorithm::RsaSsaPssSha512,
                Algorithm::EcdsaP256Sha256,
                Algorithm::EcdsaP384Sha384,
            ])
            .set_time_fn(move || {
                chrono::DateTime::from_timestamp(seconds, 0).unwrap_or(chrono::DateTime::UNIX_EPOCH)
            });
        let claims = token.claims(&verifier, &flow.nonce);
        let claims = claims.map_err(|error| failed("ID token")(&error))?;
        let email = claims.email().filter(|_| claims.email_verified() == Some(true));
        Ok((claims.subject().to_string(), email.map(|email| email.to_lowercase())))
    }
}

/// One request; an answer of at most [`MAX_BYTES`].
async fn fetch(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, FetchError> {
    let mut answer = http.execute(request.try_into()?).await?;
    let mut built = axum::http::Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        built = built.header(name, value);
    }
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if body.len() + piece.len() > MAX_BYTES {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(built.body(body)?)
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the answer is too large")]
    TooLarge,
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Answer(#[from] axum::http::Error),
}

impl State {
    /// People of an organisation may sign in by its own server, too.
    pub fn with_oidc(self, settings: OidcSettings) -> Result<Self, OidcError> {
        let oidc = Oidc::new(settings)?;
        self.oidc.get_or_init(|| oidc);
        Ok(self)
    }
}

const UNREACHABLE: &str = "The organisation’s sign-in cannot be reached or does not answer as it should. Try again later.";
const BROKEN_OFF: &str = "The sign-in was broken off, or took too long. Begin it again.";
const NO_ACCOUNT: &str = "You have no account here, or it is disabled: ask an administrator.";

pub(in crate::server) async fn start(Of(state): Of<State>) -> Result<Response, PageError> {
    let oidc = state.oidc.get().ok_or(Refusal::not_found())?;
    let now = state.now();
    let Ok(client) = oidc.client(now).await else {
        return login(&state, StatusCode::BAD_GATEWAY, Some(UNREACHABLE));
    };
    let secret = credentials::new_secret().map_err(|error| {
        tracing::error!(%error, "no randomness");
        Refusal::internal()
    })?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    let (there, csrf, nonce) = client
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("email".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    let until = now.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX);
    let flow = Flow { state: csrf, nonce, verifier, until };
    oidc.keep(credentials::hash_of(secret.reveal()), flow, now);
    let seconds = LIFETIME.as_secs();
    let cookie = set_cookie(&format!("{}; Max-Age={seconds}", secret.reveal()))?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to(there.as_str())).into_response())
}

fn set_cookie(value: &str) -> Result<HeaderValue, Refusal> {
    let cookie = format!("{COOKIE_NAME}={value}; Path=/; Secure; HttpOnly; SameSite=Lax");
    let mut value = HeaderValue::try_from(cookie).map_err(|_not_ascii| Refusal::internal())?;
    value.set_sensitive(true);
    Ok(value)
}

/// What the organisation's server sends back with the browser: a code, or why there is none.
#[derive(Debug, Deserialize)]
pub(in crate::server) struct Answer {
    code: Option<String>,
    state: Option<String>,
}

#[derive(Template)]
#[template(path = "signed-in.html", config = "src/server/askama.toml")]
struct SignedInPage {}

pub(in crate::server) async fn callback(
    Of(state): Of<State>,
    headers: HeaderMap,
    answer: Result<Query<Answer>, QueryRejection>,
) -> Result<Response, PageError> {
    let oidc = state.oidc.get().ok_or(Refusal::not_found())?;
    let now = state.now();
    let flow = credentials::cookie_named(&headers, COOKIE_NAME)
        .and_then(|secret| oidc.take(credentials::hash_of(secret), now));
    let answer = answer.ok().map(|Query(answer)| answer);
    let answer = answer.and_then(|Answer { code, state }| Some((code?, state?)));
    let (Some(flow), Some((code, returned))) = (flow, answer) else {
        return login(&state, StatusCode::BAD_REQUEST, Some(BROKEN_OFF));
    };
    // By their hashes: how long it takes says nothing of them.
    if credentials::hash_of(&returned) != credentials::hash_of(flow.state.secret()) {
        return login(&state, StatusCode::BAD_REQUEST, Some(BROKEN_OFF));
    }
    let Ok((subject, email)) = oidc.person(flow, code, now).await else {
        return login(&state, StatusCode::BAD_GATEWAY, Some(UNREACHABLE));
    };
    let (tenant, issuer) = (Tenant::local(), oidc.settings.issuer.clone());
    let of = tenant.clone();
    let finding = state.store.write(move |database| {
        account::of_person(database, &of, (&issuer, &subject), email.as_deref())
    });
    let Some(found) = finding.await? else {
        return login(&state, StatusCode::FORBIDDEN, Some(NO_ACCOUNT));
    };
    let cookie = credentials::sign_in_as(&state, tenant, (found.id, found.name)).await?;
    // A page, and no redirect: on a way that began at another site, browsers do not send the new cookie.
    let mut page = render(StatusCode::OK, &SignedInPage {})?;
    page.headers_mut().append(SET_COOKIE, cookie);
    page.headers_mut().append(SET_COOKIE, set_cookie("; Max-Age=0")?);
    Ok(page)
}
