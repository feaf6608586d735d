//! A proctor and an agent, by a real server: what is asked for, what comes of it, and what stands between.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod connection;
mod exam;
mod messages;
#[path = "../support/mod.rs"]
mod support;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use inview::agent::{Agent, Camera, Clock, Opened, Paced, Setup, Snapshot, Time, World};
use inview::capture::{CaptureError, FrameSource, Synthetic};
use inview::clock::Reading;
use inview::detector::{Detector, Scripted};
use inview::geometry::Size;
use inview::presence::Policy;
use inview::redact::Pii;
use inview::report::{CommandKind, CommandList, Outcome, SessionDetail, SessionId, StoredCommand};
use inview::server::home::Home;
use inview::server::{self, Listeners, State, app};
use inview::upload;
use support::wait_until;
use tokio::sync::oneshot;
use tower::ServiceExt as _;

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SIZE: Size = Size::new(64, 48);
/// How much faster than the wall the agents live.
const SPEED: u32 = 4;
const PRESENT: &str = r#"{"pts_s": 0, "faces": [{"score": 0.9, "box": [20, 10, 40, 34]}]}"#;
const NOBODY: &str = r#"{"pts_s": 0, "faces": [], "people": []}"#;

fn session() -> SessionId {
    SessionId::derived(&[b"proctor"])
}

/// A server that listens, and what a proctor asks of it.
struct Server {
    address: SocketAddr,
    authority: PathBuf,
    agent: String,
    proctor: String,
    state: State,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind((LOCAL, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let home = Home::open(folder, LOCAL, Arc::new(jiff::Timestamp::now)).unwrap();
        let read = |path| std::fs::read_to_string(path).unwrap().trim().to_owned();
        let (agent, proctor) = (read(&home.agent_token.path), read(&home.proctor_token.path));
        let (authority, state) = (home.authority(), home.state.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = move || {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
            let (tls, state) = (Arc::clone(&home.tls), home.state.clone());
            let shutdown = async {
                stopped.await.ok();
            };
            runtime.block_on(server::run(Listeners::tls(listener, tls), state, shutdown)).unwrap();
        };
        let thread = std::thread::Builder::new().name("server".to_owned()).spawn(serve).unwrap();
        Self { address, authority, agent, proctor, state, stop: Some(stop), thread: Some(thread) }
    }

    fn upload(&self, token: &str, folder: &Path) -> upload::Settings {
        upload::Settings {
            server: format!("https://{}", self.address),
            token: Pii::new(token.to_owned()),
            authority: Some(self.authority.clone()),
            code: None,
            allow_plain_loopback: false,
            key: None,
            server_key: None,
            route: upload::Route::default(),
            folder: folder.join("spool"),
            session: None,
        }
    }

    /// Asks past the network.
    fn ask(&self, request: Request<Body>) -> (u16, Vec<u8>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let answer = app(self.state.clone()).oneshot(request).await.unwrap();
            let status = answer.status().as_u16();
            (status, to_bytes(answer.into_body(), usize::MAX).await.unwrap().into())
        })
    }

    fn get(&self, path: &str) -> (u16, Vec<u8>) {
        let request = Request::get(format!("/v1/sessions/{}{path}", session()))
            .header("authorization", format!("Bearer {}", self.proctor));
        self.ask(request.body(Body::empty()).unwrap())
    }

    /// Absent until the session is known.
    fn detail(&self) -> Option<SessionDetail> {
        let (status, body) = self.get("");
        (status == 200).then(|| serde_json::from_slice(&body).unwrap())
    }

    fn commands(&self) -> Vec<StoredCommand> {
        serde_json::from_slice::<CommandList>(&self.get("/commands").1).unwrap().commands
    }

    fn give(&self, kind: &CommandKind) {
        let request = Request::post(format!("/v1/sessions/{}/commands", session()))
            .header("authorization", format!("Bearer {}", self.proctor))
            .header("content-type", "application/json");
        let body = serde_json::to_vec(kind).unwrap();
        assert_eq!(self.ask(request.body(body.into()).unwrap()).0, 201);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let stopped = self.thread.take().unwrap().join();
        assert!(stopped.is_ok() || std::thread::panicking(), "the server failed");
    }
}

/// A room, ten times a second.
struct Webcam;

impl Camera for Webcam {
    fn open(&self, time: &Time) -> Result<Opened, CaptureError> {
        let noise = |index: usize, seq: u64| (index as u64 * 7 + seq * 13) % 11;
        let room = move |seq: u64| -> Vec<u8> {
            let shade = |i: usize| if i % 64 < 20 { 60 } else { 180 };
            (0..SIZE.area()).map(|i| shade(i) + noise(i, seq) as u8).collect()
        };
        let source = Synthetic::new(SIZE, Duration::from_millis(100), 100_000, room);
        let source: Box<dyn FrameSource> =
            Box::new(Paced::new(Box::new(source), Arc::clone(&time.now)));
        Ok(source.into())
    }
}

/// The clocks of this machine, speeded up.
fn fast_clock() -> Clock {
    let start = Reading::now();
    Arc::new(move || {
        let now = Reading::now();
        let passed = now.boot.saturating_sub(start.boot) * SPEED;
        Reading {
            boot: start.boot + passed,
            awake: start.awake + passed,
            wall: start.wall + passed,
        }
    })
}

fn setup(folder: &Path, upload: upload::Settings) -> Setup {
    Setup {
        session: session(),
        label: "Seat 7".to_owned(),
        policy: Policy::default(),
        folder: folder.to_owned(),
        upload: Some(upload),
        flush: Duration::ZERO,
        program: "test".to_owned(),
        asks_consent: false,
    }
}

fn start(setup: Setup, script: &'static str) -> Agent {
    let world = World {
        camera: Arc::new(Webcam),
        make_detector: Arc::new(move || {
            let detector: Box<dyn Detector + Send> = Box::new(Scripted::parse(script).unwrap());
            Ok(detector)
        }),
        clock: fast_clock(),
        machine: Arc::new(inview::pace::Machine::default),
        waker: Arc::new(|| {}),
    };
    Agent::start(setup, world).unwrap()
}

#[track_caller]
fn wait_for(agent: &Agent, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
    wait_until(|| is_so(&agent.snapshot()));
    agent.snapshot()
}

fn outcomes(command: &StoredCommand) -> Vec<Outcome> {
    command.outcomes.iter().map(|known| known.outcome).collect()
}
