//! How many reports the server takes: over HTTP on loopback, each batch committed with `fsync` before
//! its answer, from 64 connections and from 256.
//!
//! `cargo bench --features server --bench ingest [-- ROW…]`; a ROW is the beginning of a row's name, as in
//! `signed` or `not signed 1 256`. The server is a process of its own, so that its processor time (the database's
//! is in it) is told from that of whoever sends. In each row it is held against the same HTTP server, which reads
//! and parses the same batches and does nothing with them. Then as many come as half of what it took, at times that
//! do not wait for answers: how long those take counts from when each was due. Compare what a core does and ratios,
//! not seconds: machines are noisy. No TLS: that is paid for each connection, not for each report.
#![expect(clippy::unwrap_used, reason = "a bench may panic")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use inview::report::{
    BATCH_CONTENT_TYPE, ClosedBy, Event, EventData, Hash, Identity, Incarnation, Interval,
    IntervalId, IntervalReport, Kind, SessionId, SessionStarted,
};
use inview::server::home::Home;
use inview::server::ingest::batch;
use inview::server::{Listeners, listen};
use inview::time::MediaTime;
use inview::trust::envelope;
use inview::trust::signature::SigningKey;
use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// As in `inview-server`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Each sends its next batch once the one before is answered. A session sends ten a second at most: as many reports
/// as are taken here have thousands of agents, and the server lets 256 batches in at one time.
const CONNECTIONS: [usize; 2] = [64, 256];
/// A session may send so many at once.
const REQUESTS: usize = 20;
const SERVER: &str = "INVIEW_BENCH_SERVER";

fn main() {
    if let Some(what) = std::env::var_os(SERVER) {
        return serve(&what.into_string().unwrap());
    }
    let only: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    println!(
        "| reports | batch | connections | events/s | events/s a core | only parsed, a core | ratio | p50 ms | p99 ms | p99 ms, half the load |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for is_signed in [false, true] {
        for (length, sessions) in [(1, 3_200), (10, 960), (100, 128)] {
            let mut load = None;
            for connections in CONNECTIONS.into_iter().filter(|it| *it <= sessions) {
                let name = if is_signed { "signed" } else { "not signed" };
                let row = format!("{name} {length} {connections}");
                let is_this = |it: &String| row == *it || row.starts_with(&format!("{it} "));
                if !only.is_empty() && !only.iter().any(is_this) {
                    continue;
                }
                let load = load.get_or_insert_with(|| Load::new(is_signed, length, sessions));
                load.measure(name, connections);
            }
        }
    }
}

/// The measured process: says its address and a token, and ends with its standard input.
fn serve(what: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    // On a real disk.
    let folder = tempfile::tempdir_in(target).unwrap();
    let home = (what == "whole").then(|| {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Home::open(folder.path(), address, Arc::new(Timestamp::now)).unwrap()
    });
    let token = home.as_ref().map(|home| std::fs::read_to_string(&home.agent_token.path).unwrap());
    runtime
        .block_on(async move {
            let all = listen((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
            println!("{}", all.local_addr().unwrap());
            println!("{}", token.as_deref().unwrap_or("none").trim());
            if let Some(home) = &home {
                let listeners = Listeners { all, tls: None, metrics: None };
                let forever = std::future::pending();
                tokio::spawn(inview::server::run(listeners, home.state.clone(), forever));
            } else {
                let app = Router::new().route("/v1/sessions/{session}/events", post(parse));
                let server = axum_server::from_tcp(all).unwrap();
                tokio::spawn(server.serve(app.into_make_service()));
            }
            tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await
        })
        .unwrap()
        .unwrap();
}

async fn parse(
    axum::extract::Path(session): axum::extract::Path<SessionId>,
    body: Bytes,
) -> (StatusCode, String) {
    match batch::parse(&body, session) {
        Ok(events) if events.iter().all(|event| event.event.is_ok()) => {
            (StatusCode::OK, events.len().to_string())
        }
        Ok(_) | Err(_) => (StatusCode::BAD_REQUEST, String::new()),
    }
}

/// The requests of one session, in order, but for the token.
struct Requests {
    session: SessionId,
    bodies: Vec<Vec<u8>>,
}

struct Load {
    sessions: Arc<Vec<Requests>>,
    /// Events of a batch.
    length: usize,
    events: usize,
}

struct Measured {
    by_second: f64,
    by_core: f64,
    latencies: Vec<Duration>,
}

impl Measured {
    fn millis(&self, share: f64) -> f64 {
        let at = (self.latencies.len() as f64 * share) as usize;
        self.latencies[at.min(self.latencies.len() - 1)].as_secs_f64() * 1e3
    }
}

impl Load {
    fn new(is_signed: bool, length: usize, sessions: usize) -> Self {
        let requests = (0..sessions).map(|number| {
            let session = SessionId(uuid::Uuid::from_u128(number as u128 + 1));
            let key = SigningKey::from_secret(Hash::of(session.0.as_bytes()).as_bytes());
            let key = is_signed.then_some(key);
            let mut head = (Hash::ZERO, 1);
            let mut batch = || -> Vec<u8> {
                let events = (0..length).map(|_| event(session, &mut head, key.as_ref()));
                [b"[".as_slice(), &events.collect::<Vec<_>>().join(&b","[..]), b"]"].concat()
            };
            Requests { session, bodies: (0..REQUESTS).map(|_| batch()).collect() }
        });
        let events = length * REQUESTS * sessions;
        Self { sessions: Arc::new(requests.collect()), length, events }
    }

    /// Prints a row.
    fn measure(&self, name: &str, connections: usize) {
        let whole = self.run("whole", connections, None);
        let parsed = self.run("parse", connections, None);
        // Of each connection, so that all of them together send half of it.
        let apart = connections as f64 * self.length as f64 / (whole.by_second / 2.0);
        let half = self.run("whole", connections, Some(Duration::from_secs_f64(apart)));
        println!(
            "| {name} | {} | {connections} | {:.0} | {:.0} | {:.0} | {:.2} | {:.1} | {:.1} | {:.1} |",
            self.length,
            whole.by_second,
            whole.by_core,
            parsed.by_core,
            whole.by_core / parsed.by_core,
            whole.millis(0.5),
            whole.millis(0.99),
            half.millis(0.99)
        );
    }

    /// `apart`: a connection sends so often; or else, when the answer before is there.
    fn run(&self, what: &str, connections: usize, apart: Option<Duration>) -> Measured {
        let mut server = ServerProcess::start(what);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (cpu, begun) = (server.cpu(), Instant::now());
        let mut latencies = runtime.block_on(async {
            let tasks: Vec<_> = (0..connections)
                .map(|number| {
                    let sessions = Arc::clone(&self.sessions);
                    let share = (number, connections);
                    let pace = apart.map(|apart| Pace {
                        next: begun + apart.mul_f64(number as f64 / connections as f64),
                        apart,
                    });
                    tokio::spawn(send(server.address, server.token.clone(), sessions, share, pace))
                })
                .collect();
            let mut latencies = Vec::new();
            for task in tasks {
                latencies.extend(task.await.unwrap());
            }
            latencies
        });
        let (took, cpu) = (begun.elapsed().as_secs_f64(), server.cpu() - cpu);
        server.stop();
        latencies.sort_unstable();
        let events = self.events as f64;
        Measured { by_second: events / took, by_core: events / cpu, latencies }
    }
}

/// The next event of a session: a start, and then intervals that open and close.
fn event(session: SessionId, head: &mut (Hash, u64), key: Option<&SigningKey>) -> Vec<u8> {
    let (prevhash, seq) = *head;
    let incarnation = Incarnation::of_replay(session);
    let time = || Some("2026-11-25T18:58:22Z".to_owned());
    let data = if seq == 1 {
        EventData::SessionStarted(SessionStarted {
            label: "candidate 4471".to_owned(),
            started_at: time(),
            agent: "inview 0.1.0".to_owned(),
            sample_rate_hz: 5.0,
            policy_version: "default-1".to_owned(),
            policy: serde_json::json!({"version": "default-1", "alert_after_ms": 5_000}),
            models: Vec::new(),
            recording_sha256: None,
            consent: None,
            start_override: None,
            public_key: key.map(|key| key.public().to_string()),
        })
    } else {
        let (start, is_over) = (seq / 2 * 20_000, seq % 2 == 1);
        let interval = Interval {
            id: IntervalId::derived(session, start),
            kind: Kind::OutOfView,
            start_ms: MediaTime::from_millis(start.cast_signed()),
            end_ms: is_over.then(|| MediaTime::from_millis(start.cast_signed() + 9_000)),
            confidence: 0.973,
            frames_looked_at: 29,
            frames_skipped: 143,
            closed_by: is_over.then_some(ClosedBy::SeenAgain),
        };
        let report = IntervalReport {
            interval,
            start_utc: time(),
            end_utc: time().filter(|_| is_over),
            sample_rate_hz: 5.0,
            policy_version: "default-1".to_owned(),
            models: Vec::new(),
        };
        if is_over { EventData::IntervalClosed(report) } else { EventData::IntervalOpened(report) }
    };
    let identity = Identity { session, incarnation, seq };
    let body = serde_json::to_vec(&Event::new(&identity, prevhash, time(), data)).unwrap();
    *head = (Hash::of(&body), seq + 1);
    key.map_or_else(|| body.clone(), |key| envelope::seal(&body, &envelope::sign(&body, key)))
}

/// When a connection sends, whether the answer before is there or not.
struct Pace {
    next: Instant,
    apart: Duration,
}

/// One connection: its share of the sessions by turns, each in order. Gives how long each answer took.
async fn send(
    address: SocketAddr,
    token: String,
    sessions: Arc<Vec<Requests>>,
    (number, of): (usize, usize),
    mut pace: Option<Pace>,
) -> Vec<Duration> {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.set_nodelay(true).unwrap();
    let (mut latencies, mut request, mut answer) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..REQUESTS {
        for Requests { session, bodies } in sessions.iter().skip(number).step_by(of) {
            let body = &bodies[round];
            request.clear();
            request.extend_from_slice(
                format!(
                    "POST /v1/sessions/{session}/events HTTP/1.1\r\nhost: a\r\nauthorization: \
                     Bearer {token}\r\ncontent-type: {BATCH_CONTENT_TYPE}\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                )
                .as_bytes(),
            );
            request.extend_from_slice(body);
            let begun = match &mut pace {
                None => Instant::now(),
                Some(Pace { next, apart }) => {
                    let due = *next;
                    tokio::time::sleep_until(due.into()).await;
                    *next += *apart;
                    due
                }
            };
            // Whoever is told that the server is busy comes again, as agents do.
            loop {
                connection.write_all(&request).await.unwrap();
                let status = read_answer(&mut connection, &mut answer).await;
                if status == 200 {
                    break;
                }
                assert_eq!(status, 503, "{}", String::from_utf8_lossy(&answer));
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            latencies.push(begun.elapsed());
        }
    }
    latencies
}

/// Reads one answer as a whole, and gives its status.
async fn read_answer(connection: &mut TcpStream, answer: &mut Vec<u8>) -> u16 {
    answer.clear();
    loop {
        assert_ne!(connection.read_buf(answer).await.unwrap(), 0, "the server hung up");
        let Some(head) = answer.windows(4).position(|end| end == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&answer[..head]).unwrap();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if answer.len() == head + 4 + length.parse::<usize>().unwrap() {
            return text.split(' ').nth(1).unwrap().parse().unwrap();
        }
    }
}

struct ServerProcess {
    child: Child,
    address: SocketAddr,
    token: String,
}

impl ServerProcess {
    fn start(what: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(SERVER, what).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = || lines.next().unwrap().unwrap();
        let (address, token) = (line().parse().unwrap(), line());
        Self { child, address, token }
    }

    /// Seconds of processor time that it has had, its threads and the kernel's work for them.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let ticks: f64 =
            fields.split_whitespace().skip(11).take(2).map(|it| it.parse::<f64>().unwrap()).sum();
        // Linux has had a hundred in a second for as long as programs could ask.
        ticks / 100.0
    }

    fn stop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}
