//! The reference backend: takes reports, keeps them, shows them.
//!
//! ```text
//!           ┌─ ingest: events, heartbeat, enrol ──────────> store: one thread writes, commits, then answers
//! request ──┤
//!   http    ├─ access ─> exams ───────────────────────────> store: what is issued, and to whom
//!           │    │
//!           │    ├─────> sessions: api, commands, review ──> store: readers with connections of their own
//!           │    └─────> roster: page, stream <─ board <─── store: which sessions were written of
//!           └─ access: sign_in, accounts, api_tokens ──────> store: who may do what
//!              webhooks: what is sent to other systems <──── store: messages, written with what they tell of
//! ```
//!
//! - An agent is answered only after the commit ([`store`]).
//! - A session that falls silent is found by `silence::watch`, every second.
//! - The clock is [`Shared::clock`]; nothing here reads another one.
//! - Everything is asked for by tenant and within somebody's reach; what is beyond does not exist (404).
//! - What another site's page sends is refused by `access::same_site`, before any of it.
//! - The pages need no script. The one that is live without one is in `roster`.
//!
//! `operation` is for those who run the server. `home` is the server's folder: lock, certificate, first tokens. `command` is the command line, `pages` what
//! the pages have in common; their HTML is in `templates`, and `words` has what they say.

#[macro_use]
mod words;

pub mod access;
pub mod api;
#[cfg(feature = "cli")]
pub mod command;
mod exams;
pub mod home;
mod http;
pub mod ingest;
pub mod operation;
mod pages;
mod record;
pub mod roster;
mod sessions;
pub mod silence;
pub mod store;
pub mod webhooks;

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{fmt, io};

use axum::Router;
use axum::extract::{FromRequestParts, Path, Request, State as Of};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum_server::tls_rustls::RustlsConfig;
use axum_server::{Handle, Server};
use ipnet::IpNet;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::report::SessionId;
use crate::trust::signature::{PublicKey, SigningKey};
use access::oidc::Oidc;
use access::password::Passwords;
use access::same_site;
use http::door::Door;
pub use http::door::listen;
use http::error::Refusal;
use http::limit::WrongCodes;
use http::pace::Pace;
use ingest::known::Known;
use ingest::receipt::Signer;
use operation::metrics::Metrics;
use operation::{listener, metrics};
use record::watch::Watch;
use roster::board::Board;
use store::reports::signed;
use store::{Retention, Store, StoreError, Tenant};
use webhooks::address::Within;

/// Batches that are read or written at one time, and as many heartbeats; more are asked to come again.
const IN_FLIGHT: usize = 256;
/// Requests in flight get this long to finish when the server stops.
const GRACE: Duration = Duration::from_secs(5);
/// The head of a request must have come after this long.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The head of a later one on the same connection; this counts from the answer before. An agent that sends
/// heartbeats once a minute keeps its connection: a new one costs more than all its heartbeats.
const NEXT_HEAD_TIMEOUT: Duration = Duration::from_secs(75);
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
    retention: OnceLock<Retention>,
    webhooks_within: OnceLock<Within>,
    /// What those who watch are told.
    board: Board,
    /// How far the record of who did what was found whole.
    record: Watch,
}

impl State {
    pub fn new(store: Store, clock: Clock, signer: SigningKey) -> Self {
        let places = || Semaphore::new(IN_FLIGHT);
        // No two runs begin at one time.
        let board = Board::new(format!("{:x}", clock().as_microsecond()));
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
            retention: OnceLock::new(),
            webhooks_within: OnceLock::new(),
            board,
            record: Watch::default(),
        }))
    }

    /// Believes what proxies in these networks say of where requests come from. Once, before the start.
    #[must_use]
    pub fn with_trusted_proxies(self, proxies: Vec<IpNet>) -> Self {
        self.0.trusted_proxies.get_or_init(|| proxies.into());
        self
    }

    /// Takes away what was kept for long enough. Once, before the start.
    #[must_use]
    pub fn with_retention(self, retention: Retention) -> Self {
        self.0.retention.get_or_init(|| retention);
        self
    }

    /// Lets webhooks lead to this machine and its networks, too. Once, before the start.
    #[must_use]
    pub fn with_private_webhooks(self) -> Self {
        self.0.webhooks_within.get_or_init(|| Within::Private);
        self
    }

    fn webhooks_within(&self) -> Within {
        self.0.webhooks_within.get().copied().unwrap_or_default()
    }

    fn retention(&self) -> Retention {
        self.0.retention.get().copied().unwrap_or_default()
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
    let (api, _) = api::router().split_for_parts();
    Router::new()
        .merge(api)
        .route("/healthz", get(operation::health::healthz))
        .route("/readyz", get(operation::health::readyz))
        .route("/", get(roster::page::get))
        .route("/review", get(sessions::queue::page))
        .route("/sessions", post(exams::issue::by_form))
        .route("/sessions/{session}", get(sessions::page::get))
        .route("/sessions/{session}/report", get(sessions::report::get))
        .route("/sessions/{session}/erase", post(sessions::erase::by_form))
        .route("/sessions/{session}/commands", post(sessions::commands::by_form))
        .route("/sessions/{session}/intervals/{interval}/review", post(sessions::review::by_form))
        .route("/exams", get(exams::pages::list).post(exams::pages::make))
        .route("/exams/{exam}", get(exams::pages::one))
        .route("/exams/{exam}/policy", post(exams::pages::set_rules))
        .route("/exams/{exam}/language", post(exams::pages::set_language))
        .route("/exams/{exam}/close", post(exams::pages::close))
        .route("/exams/{exam}/roster", post(exams::pages::import))
        .route("/join/{code}", get(exams::join::page))
        .route("/login", get(access::sign_in::form).post(access::sign_in::by_form))
        .route("/sign-in/{code}", get(access::sign_in::by_code))
        .route(
            "/first-admin",
            get(access::sign_in::first_admin_form).post(access::sign_in::make_first_admin),
        )
        .route(
            "/password/{code}",
            get(access::sign_in::password_form).post(access::sign_in::set_password_by_link),
        )
        .route("/oidc/start", get(access::oidc::start))
        .route("/oidc/callback", get(access::oidc::callback))
        .route("/language", post(words::choose))
        .route("/logout", post(access::sign_in::out))
        .route("/account", get(access::own_account::page))
        .route("/account/password", post(access::own_account::set_password))
        .route("/account/totp", post(access::own_account::set_totp))
        .route("/accounts", get(access::accounts::list).post(access::accounts::make))
        .route("/accounts/{account}", get(access::accounts::one))
        .route("/accounts/{account}/disable", post(access::accounts::disable))
        .route("/accounts/{account}/exams", post(access::accounts::assign))
        .route("/accounts/{account}/link", post(access::accounts::link))
        .route("/accounts/{account}/role", post(access::accounts::set_role))
        .route("/tokens", get(access::api_tokens::page).post(access::api_tokens::make_by_form))
        .route("/webhooks", get(webhooks::page::page).post(webhooks::page::make))
        .route("/webhooks/{webhook}", post(webhooks::page::act))
        .route("/tokens/{token}/revoke", post(access::api_tokens::revoke_by_form))
        .route("/audit", get(record::page::get))
        .route("/assets/style.css", get(pages::style))
        .route("/assets/roster.css", get(roster::page::style))
        .route("/assets/roster.js", get(roster::page::script))
        .route("/assets/session.js", get(sessions::page::script))
        .route("/assets/timeline.js", get(sessions::page::timeline_script))
        .route("/assets/report.css", get(sessions::report::style))
        .route("/assets/report.js", get(sessions::report::script))
        .route("/assets/review.js", get(roster::page::review_script))
        .fallback(async || Refusal::not_found())
        .method_not_allowed_fallback(async || Refusal::method())
        .layer(axum::middleware::from_fn_with_state(state.clone(), around))
        .with_state(state)
}

/// What surrounds every answer. One layer: each costs a request several allocations.
async fn around(Of(state): Of<State>, request: Request, next: Next) -> Response {
    let answering = |request: Request| async {
        let answer = match same_site::refusal(&request) {
            None => words::of_request(request, next).await,
            Some(refusal) => refusal.into_response(),
        };
        http::headers::strict(answer)
    };
    metrics::count(&state, request, answering).await
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
    let (stopping, streams) = (handle.clone(), state.clone());
    tokio::spawn(async move {
        shutdown.await;
        streams.board.close();
        stopping.graceful_shutdown(Some(GRACE));
    });
    let watchdog = tokio::spawn(silence::watch::run(state.clone()));
    let rows = tokio::spawn(roster::run(state.clone()));
    let retention = tokio::spawn(operation::retention::run(state.clone(), state.retention()));
    let courier = tokio::spawn(webhooks::run(state.clone()));
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
    rows.abort();
    retention.abort();
    courier.abort();
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
        .header_read_timeout(NEXT_HEAD_TIMEOUT)
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
