//! The reference backend: takes reports, keeps them, shows them.
//!
//! ```text
//!            auth ─> ingest ─> batch (pure) ─> store: one thread writes, commits, then answers
//!            auth ─> heartbeat, commands ────> store: the same thread
//! request ─> auth ─> sessions ───────────────> store: readers with connections of their own
//!            auth ─> pages ─> timeline (pure) ┘
//!            auth ─> receipt (export, key) ─> store: the same readers
//!            auth ─> issue ──┐
//!          limit ─> enrol ───┴──────────────> store: what is issued, and to whom
//!            auth ─> exams, exam_roster ────> issue, for everybody on a list
//!            auth ─> accounts, api_tokens ──> store: who may do what
//! password, totp, oidc ─> sign_in ─> auth: a cookie
//! ```
//!
//! - An agent is answered only after the commit ([`store`]).
//! - A session that falls silent is found by `watch`, every second, by the rules of `silence`.
//! - The clock is [`Shared::clock`]; nothing here reads another one.
//! - Everything is asked for by tenant and within somebody's reach; what is beyond does not exist (404).
//! - What another site's page sends is refused by `same_site`, before any of it.
//! - The pages need no script. The live page of the proctors will be a file beside `pages`, fed
//!   where `ingest` has its outcome.
//!
//! `home` is the server's folder: lock, certificate, first tokens. `args` and `command` are the
//! command line.

mod accounts;
mod api_tokens;
#[cfg(feature = "cli")]
pub mod args;
mod attempts;
#[cfg(feature = "cli")]
mod audit_command;
pub mod auth;
pub mod batch;
mod body;
pub mod certificate;
#[cfg(feature = "cli")]
pub mod command;
mod commands;
mod depth;
mod door;
mod enrol;
mod error;
mod exam_pages;
mod exam_roster;
mod exams;
mod headers;
pub mod heartbeat;
pub mod home;
mod ingest;
mod issue;
#[cfg(feature = "cli")]
mod issue_command;
mod join;
mod known;
mod limit;
pub mod oidc;
pub mod operation;
mod origin;
mod own_account;
mod pace;
mod pages;
mod password;
mod plain;
mod receipt;
mod rivals;
mod same_site;
pub mod says;
mod sessions;
mod sign_in;
mod silence;
pub mod store;
mod timeline;
mod totp;
#[cfg(feature = "cli")]
mod verify_command;
pub mod watch;

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{fmt, io};

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::routing::{delete, get, post};
use axum_server::tls_rustls::RustlsConfig;
use axum_server::{Handle, Server};
use ipnet::IpNet;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::report::SessionId;
use crate::trust::signature::{PublicKey, SigningKey};
use door::Door;
use error::Refusal;
use known::Known;
use limit::WrongCodes;
use oidc::Oidc;
use operation::metrics::Metrics;
use operation::{health, listener, metrics};
use pace::Pace;
use password::Passwords;
use receipt::Signer;
use store::{Store, StoreError, Tenant, signed};

/// Batches that are read or written at one time, and as many heartbeats; more are asked to come again.
const IN_FLIGHT: usize = 256;
/// Requests in flight get this long to finish when the server stops.
const GRACE: Duration = Duration::from_secs(5);
/// The head of a request must have come after this long.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const HEAD_BYTES: usize = 16 * 1024;
const HEAD_FIELDS: usize = 64;

/// The clock of the server.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What the requests share.
#[derive(Clone, Debug)]
pub struct State(Arc<Shared>);

/// Each request takes a [`State`], several times.
pub struct Shared {
    pub store: Store,
    pub clock: Clock,
    /// Signs receipts.
    signer: Signer,
    in_flight: Semaphore,
    heartbeats_in_flight: Semaphore,
    wrong_codes: WrongCodes,
    passwords: Passwords,
    oidc: OnceLock<Oidc>,
    pace: Pace,
    known: Known,
    metrics: Metrics,
    trusted_proxies: OnceLock<Box<[IpNet]>>,
}

impl State {
    pub fn new(store: Store, clock: Clock, signer: SigningKey) -> Self {
        let places = || Semaphore::new(IN_FLIGHT);
        Self(Arc::new(Shared {
            store,
            clock,
            signer: Signer::new(signer),
            in_flight: places(),
            heartbeats_in_flight: places(),
            wrong_codes: WrongCodes::default(),
            passwords: Passwords::default(),
            oidc: OnceLock::new(),
            pace: Pace::default(),
            known: Known::default(),
            metrics: Metrics::default(),
            trusted_proxies: OnceLock::new(),
        }))
    }

    /// Believes what proxies in these networks say of where requests come from. Once, before the start.
    #[must_use]
    pub fn with_trusted_proxies(self, proxies: Vec<IpNet>) -> Self {
        self.0.trusted_proxies.get_or_init(|| proxies.into());
        self
    }

    fn trusted_proxies(&self) -> &[IpNet] {
        self.0.trusted_proxies.get().map_or(&[], |proxies| proxies)
    }

    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The key of a session, if it has one.
    async fn key_of(
        &self,
        tenant: &Tenant,
        session: SessionId,
    ) -> Result<Option<PublicKey>, StoreError> {
        if let Some(key) = self.known.key(tenant, session) {
            return Ok(Some(key));
        }
        let of = tenant.clone();
        let reading =
            self.store.look_up(move |database| signed::key_of(database, of.as_str(), session));
        let found = reading.await?;
        if let Some(key) = found {
            self.known.keep_key(tenant, session, key);
        }
        Ok(found)
    }
}

impl Deref for State {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("store", &self.store).finish_non_exhaustive()
    }
}

/// All addresses of the server.
pub fn app(state: State) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/v1/server-key", get(receipt::server_key))
        .route("/v1/sessions", get(sessions::list).post(issue::post))
        .route("/v1/enrolments", post(enrol::post))
        .route("/v1/exams", get(exams::list).post(exams::post))
        .route("/v1/exams/{exam}", get(exams::detail))
        .route("/v1/exams/{exam}/close", post(exams::post_close))
        .route("/v1/exams/{exam}/roster", post(exam_roster::post))
        .route("/v1/sessions/{session}", get(sessions::detail))
        .route("/v1/sessions/{session}/intervals", get(sessions::intervals))
        .route("/v1/sessions/{session}/events", get(sessions::events).post(ingest::post))
        .route("/v1/sessions/{session}/export", get(receipt::export))
        .route("/v1/sessions/{session}/heartbeats", post(heartbeat::post))
        .route("/v1/sessions/{session}/commands", get(commands::list).post(commands::post))
        .route("/v1/tokens", get(api_tokens::list).post(api_tokens::post))
        .route("/v1/tokens/{token}", delete(api_tokens::delete))
        .route("/", get(pages::list))
        .route("/sessions", post(issue::by_form))
        .route("/sessions/{session}", get(pages::session))
        .route("/sessions/{session}/commands", post(commands::by_form))
        .route("/exams", get(exam_pages::list).post(exam_pages::make))
        .route("/exams/{exam}", get(exam_pages::one))
        .route("/exams/{exam}/close", post(exam_pages::close))
        .route("/exams/{exam}/roster", post(exam_pages::import))
        .route("/join/{code}", get(join::page))
        .route("/login", get(sign_in::form).post(sign_in::by_form))
        .route("/sign-in/{code}", get(sign_in::by_code))
        .route("/first-admin", get(sign_in::first_admin_form).post(sign_in::make_first_admin))
        .route("/password/{code}", get(sign_in::password_form).post(sign_in::set_password_by_link))
        .route("/oidc/start", get(oidc::start))
        .route("/oidc/callback", get(oidc::callback))
        .route("/logout", post(sign_in::out))
        .route("/account", get(own_account::page))
        .route("/account/password", post(own_account::set_password))
        .route("/account/totp", post(own_account::set_totp))
        .route("/accounts", get(accounts::list).post(accounts::make))
        .route("/accounts/{account}", get(accounts::one))
        .route("/accounts/{account}/disable", post(accounts::disable))
        .route("/accounts/{account}/exams", post(accounts::assign))
        .route("/accounts/{account}/link", post(accounts::link))
        .route("/accounts/{account}/role", post(accounts::set_role))
        .route("/tokens", get(api_tokens::page).post(api_tokens::make_by_form))
        .route("/tokens/{token}/revoke", post(api_tokens::revoke_by_form))
        .route("/assets/style.css", get(pages::style))
        .fallback(async || Refusal::not_found())
        .method_not_allowed_fallback(async || Refusal::method())
        .layer(axum::middleware::from_fn_with_state(state.clone(), same_site::only))
        .layer(axum::middleware::map_response(headers::strict))
        .layer(axum::middleware::from_fn_with_state(state.clone(), metrics::count))
        .with_state(state)
}

/// Where a server listens.
#[derive(Debug)]
pub struct Listeners {
    pub all: TcpListener,
    /// Without it, `all` is plain HTTP: a proxy before it has the certificate.
    pub tls: Option<RustlsConfig>,
    /// For those who run the server, see `operation`.
    pub metrics: Option<TcpListener>,
}

impl Listeners {
    pub fn tls(all: TcpListener, tls: Arc<rustls::ServerConfig>) -> Self {
        Self { all, tls: Some(RustlsConfig::from_config(tls)), metrics: None }
    }
}

/// Serves until `shutdown` is done, and then what is in flight, for [`GRACE`] at most.
pub async fn run(
    listeners: Listeners,
    state: State,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let handle = Handle::new();
    let stopping = handle.clone();
    tokio::spawn(async move {
        shutdown.await;
        stopping.graceful_shutdown(Some(GRACE));
    });
    let watchdog = tokio::spawn(watch::run(state.clone()));
    let figures = listeners
        .metrics
        .map(|listener| tokio::spawn(listener::run(listener, state.clone(), handle.clone())));
    let app = app(state).into_make_service_with_connect_info::<SocketAddr>();
    let served = if let Some(tls) = listeners.tls {
        let server = axum_server::from_tcp_rustls(listeners.all, tls)?;
        limited(server.map(Door::new).handle(handle)).serve(app).await
    } else {
        let server = axum_server::from_tcp(listeners.all)?;
        limited(server.map(Door::new).handle(handle)).serve(app).await
    };
    watchdog.abort();
    if let Some(figures) = figures {
        figures.abort();
    }
    served
}

/// Heads of requests have to come in time, and may be only so long.
fn limited<A>(server: Server<SocketAddr, A>) -> Server<SocketAddr, A> {
    let mut server = server.first_request_timeout(HEAD_TIMEOUT);
    let http = server.http_builder();
    http.http1()
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(HEAD_FIELDS)
        .max_buf_size(HEAD_BYTES);
    http.http2().max_header_list_size(HEAD_BYTES as u32);
    server
}

/// The session in an address; what is no session's id, in its one spelling, cannot be found.
#[derive(Clone, Copy, Debug)]
struct OfSession(SessionId);

impl FromRequestParts<State> for OfSession {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|_no_text| Refusal::not_found())?;
        session_id(&text).map(Self).ok_or(Refusal::not_found())
    }
}

/// An id, from randomness alone.
fn random_id() -> Result<uuid::Uuid, Refusal> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "no randomness");
        Refusal::internal()
    })?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

fn session_id(text: &str) -> Option<SessionId> {
    text.parse::<SessionId>().ok().filter(|session| session.to_string() == text)
}
