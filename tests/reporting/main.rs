//! Reports from the spool to the server's database: both ends, and a real connection.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod delivery;
mod lines;
mod refused;
#[cfg(feature = "cli")]
#[path = "../support/mod.rs"]
mod support;

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use inview::redact::Pii;
use inview::report::{
    EventData, ForkKind, Incarnation, Issued, SampledCamera, SessionDetail, SessionEnded,
    SessionId, SessionPage,
};
use inview::server::home::Home;
use inview::server::{self, Listeners, State, app};
use inview::spool::{self, Outbox};
use inview::time::MediaTime;
use inview::trust::signature::SigningKey;
use inview::upload::{self, Delivery, EnrolError, ObstacleKind, Route, Settings, Uploader};
#[cfg(feature = "cli")]
use support::server::ServerProgram;
use tokio::sync::oneshot;
use tower::ServiceExt as _;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_mins(1);
/// Between two looks at what others do.
const PAUSE: Duration = Duration::from_millis(5);
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A server that listens.
struct Server {
    address: SocketAddr,
    authority: PathBuf,
    token: Pii<String>,
    reader: Reader,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Asks the server past the network.
#[derive(Clone)]
struct Reader {
    state: State,
    token: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        Self::start_at(folder, Arc::new(jiff::Timestamp::now))
    }

    /// A server by a clock of its own.
    fn start_at(folder: &Path, clock: server::Clock) -> Self {
        let listener = TcpListener::bind((LOCAL, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let home = Home::open(folder, LOCAL, clock).unwrap();
        let read = |path| std::fs::read_to_string(path).unwrap().trim().to_owned();
        let token = Pii::new(read(&home.agent_token.path));
        let reader = Reader { state: home.state.clone(), token: read(&home.proctor_token.path) };
        let authority = home.authority();
        let (stop, stopped) = oneshot::channel();
        let serve = move || {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
            let (tls, state) = (Arc::clone(&home.tls), home.state.clone());
            let shutdown = async {
                stopped.await.unwrap();
            };
            runtime.block_on(server::run(Listeners::tls(listener, tls), state, shutdown)).unwrap();
        };
        let thread = thread::Builder::new().name("server".to_owned()).spawn(serve).unwrap();
        Self { address, authority, token, reader, stop: Some(stop), thread: Some(thread) }
    }

    fn settings(&self, spool: &Path) -> Settings {
        self.settings_for(self.address, spool)
    }

    fn settings_for(&self, address: SocketAddr, spool: &Path) -> Settings {
        Settings {
            server: format!("https://{address}"),
            token: self.token.clone(),
            authority: Some(self.authority.clone()),
            code: None,
            allow_plain_loopback: false,
            key: None,
            server_key: None,
            route: Route::default(),
            folder: spool.to_owned(),
            session: None,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        let stopped = self.thread.take().unwrap().join();
        assert!(stopped.is_ok() || thread::panicking(), "the server failed");
    }
}

impl Reader {
    fn get(&self, address: &str) -> (u16, Vec<u8>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let request = Request::get(address)
                .header("authorization", format!("Bearer {}", self.token))
                .body(Body::empty());
            let answer = app(self.state.clone()).oneshot(request.unwrap()).await.unwrap();
            let status = answer.status().as_u16();
            (status, to_bytes(answer.into_body(), usize::MAX).await.unwrap().into())
        })
    }

    /// All events of a session as they are stored.
    fn events(&self, session: SessionId) -> Vec<Box<serde_json::value::RawValue>> {
        let (mut events, mut after) = (Vec::new(), 0);
        loop {
            let address = format!("/v1/sessions/{session}/events?after_seq={after}");
            let (status, body) = self.get(&address);
            assert_eq!(status, 200);
            let page: Vec<Box<serde_json::value::RawValue>> =
                serde_json::from_slice(&body).unwrap();
            let Some(last) = page.last() else { return events };
            let last: inview::report::Event = serde_json::from_str(last.get()).unwrap();
            after = last.identity().unwrap().seq;
            events.extend(page);
        }
    }

    fn head(&self, session: SessionId) -> u64 {
        let (status, body) = self.get(&format!("/v1/sessions/{session}"));
        if status == 404 {
            return 0;
        }
        serde_json::from_slice::<SessionDetail>(&body).unwrap().chains[0].head_seq
    }

    fn sessions(&self) -> usize {
        let (_, body) = self.get("/v1/sessions");
        serde_json::from_slice::<SessionPage>(&body).unwrap().sessions.len()
    }
}

fn session(number: u128) -> SessionId {
    SessionId(uuid::Uuid::from_u128(number))
}

/// Appends reports of the lengths `millis`, and gives back their bytes.
fn fill(spool: &Path, session: SessionId, millis: impl IntoIterator<Item = i64>) -> Vec<Vec<u8>> {
    fill_signed(spool, session, millis, None)
}

fn fill_signed(
    spool: &Path,
    session: SessionId,
    millis: impl IntoIterator<Item = i64>,
    key: Option<&SigningKey>,
) -> Vec<Vec<u8>> {
    let mut outbox = Outbox::open(spool, session, Incarnation::of_replay(session)).unwrap();
    if let Some(key) = key {
        outbox.sign_by(key.clone()).unwrap();
    }
    for millis in millis {
        let data = EventData::SessionEnded(SessionEnded {
            duration_ms: MediaTime::from_millis(millis),
            intervals: 0,
            camera: SampledCamera::default(),
            truncated: None,
            ended_by: None,
        });
        outbox.append(None, data).unwrap();
    }
    let batch = outbox.peek_batch(10_000, usize::MAX).unwrap();
    batch.into_iter().map(|event| event.body).collect()
}

#[track_caller]
fn assert_stored(reader: &Reader, session: SessionId, expected: &[Vec<u8>]) {
    let stored = reader.events(session);
    let stored: Vec<&[u8]> = stored.iter().map(|event| event.get().as_bytes()).collect();
    assert!(stored == expected, "{} events instead of {}", stored.len(), expected.len());
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_secret(&[number; 32])
}

fn delivered(acknowledged: u64) -> Delivery {
    Delivery { acknowledged, ..Delivery::default() }
}
