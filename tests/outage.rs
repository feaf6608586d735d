//! A server that is away and comes back, with the real uploaders and the real server.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::middleware::map_response;
use axum::response::Response;
use inview::clock::Reading;
use inview::redact::Pii;
use inview::report::{Event, EventData, Incarnation, SampledCamera, SessionEnded, SessionId};
use inview::server::app;
use inview::server::home::Home;
use inview::spool::Outbox;
use inview::time::MediaTime;
use inview::trust::verify;
use inview::upload::{Route, Settings, Uploader};
use support::server::ServerProgram;

const SERVER: &str = env!("CARGO_BIN_EXE_inview-server");
/// Longer than anything here takes.
const LONG: Duration = Duration::from_mins(3);

fn session(number: u32) -> SessionId {
    SessionId::derived(&[b"outage", &number.to_be_bytes()])
}

/// In memory where there is such a folder: what is tested here is no disk.
fn spool() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

fn outbox(spool: &Path, session: SessionId) -> Outbox {
    Outbox::open(spool, session, Incarnation::of_replay(session)).unwrap()
}

/// Appends a report that is known by its number.
fn report(outbox: &mut Outbox, number: u64) {
    let data = EventData::SessionEnded(SessionEnded {
        duration_ms: MediaTime::from_millis(number.cast_signed()),
        intervals: 0,
        camera: SampledCamera::default(),
        truncated: None,
        ended_by: None,
    });
    outbox.append(None, data).unwrap();
}

/// The numbers of the reports that a server has, but for the first of them.
fn stored(server: &ServerProgram, session: SessionId, but: usize) -> Vec<u64> {
    let events = server.events_after(session, Incarnation::of_replay(session), but);
    let number = |event: &String| {
        let event: Event = serde_json::from_str(event).unwrap();
        let EventData::SessionEnded(ended) = event.data else { panic!("{event:?}") };
        ended.duration_ms.as_millis().unsigned_abs()
    };
    events.iter().map(number).collect()
}

fn settings(spool: &Path, server: String, token: String) -> Settings {
    Settings {
        server,
        token: Pii::new(token),
        code: None,
        authority: None,
        route: Route::default(),
        allow_plain_loopback: true,
        folder: spool.to_owned(),
        key: None,
        server_key: None,
        session: None,
    }
}

/// The real server without TLS, so that its answers can be counted.
struct Counted {
    token: String,
    answers: Arc<Mutex<BTreeMap<u16, u64>>>,
    _runtime: tokio::runtime::Runtime,
    _home: Home,
}

impl Counted {
    fn start(data: &Path, listen: SocketAddr) -> Self {
        let clock = Arc::new(jiff::Timestamp::now);
        let home = Home::open(data, IpAddr::V4(Ipv4Addr::LOCALHOST), clock).unwrap();
        let token = std::fs::read_to_string(&home.agent_token.path).unwrap().trim().to_owned();
        let answers = Arc::new(Mutex::new(BTreeMap::new()));
        let count = Arc::clone(&answers);
        let app = app(home.state.clone()).layer(map_response(move |answer: Response| {
            *count.lock().unwrap().entry(answer.status().as_u16()).or_insert(0) += 1;
            async move { answer }
        }));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(listen)).unwrap();
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        runtime.spawn(axum::serve(listener, app).into_future());
        Self { token, answers, _runtime: runtime, _home: home }
    }

    fn answers(&self) -> BTreeMap<u16, u64> {
        self.answers.lock().unwrap().clone()
    }
}

/// A port that nobody listens on, for now.
fn nowhere() -> SocketAddr {
    std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

#[test]
fn what_waited_long_is_delivered_within_ten_seconds_and_never_too_fast_for_the_server() {
    let (data, spool) = (tempfile::tempdir().unwrap(), spool());
    // More batches than the server takes of one session at once.
    let mut outbox = outbox(spool.path(), session(0));
    for number in 0..2_500 {
        report(&mut outbox, number);
    }
    let address = nowhere();
    // The token is on disk before the server is reached for the first time.
    let token = Counted::start(data.path(), (Ipv4Addr::LOCALHOST, 0).into()).token;
    let uploader =
        Uploader::start(settings(spool.path(), format!("http://{address}"), token)).unwrap();
    support::wait_until(|| uploader.progress().obstacle.is_some());
    let server = Counted::start(data.path(), address);
    support::wait_until(|| uploader.progress().acknowledged > 0);
    let first = Reading::now().boot;
    support::wait_until(|| uploader.progress().acknowledged == 2_500);
    let took = Reading::now().boot.saturating_sub(first);
    let answers = server.answers();
    println!("2,500 reports in {took:?} after the first batch: {answers:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    // One asks for the server's key. A machine that stands still for a second may push requests together.
    assert_eq!(answers[&200], 26);
    let too_fast = answers.get(&429).copied().unwrap_or(0);
    assert!(answers.len() <= 2 && answers.values().sum::<u64>() == 26 + too_fast && too_fast <= 2);
}

#[test]
fn agents_that_all_come_back_at_once_are_all_served_without_an_error_of_the_server() {
    let agents: u32 = std::env::var("INVIEW_AGENTS").map_or(30, |count| count.parse().unwrap());
    let data = tempfile::tempdir().unwrap();
    let address = nowhere();
    let token = Counted::start(data.path(), (Ipv4Addr::LOCALHOST, 0).into()).token;
    let filled = |number| {
        let spool = spool();
        let mut outbox = outbox(spool.path(), session(number));
        (0..20).for_each(|number| report(&mut outbox, number));
        spool
    };
    let spools: Vec<tempfile::TempDir> = (0..agents).map(filled).collect();
    let start = |spool: tempfile::TempDir| {
        let settings = settings(spool.path(), format!("http://{address}"), token.clone());
        (Uploader::start(settings).unwrap(), spool)
    };
    let all: Vec<(Uploader, tempfile::TempDir)> = spools.into_iter().map(start).collect();
    for (uploader, _) in &all {
        support::wait_until(|| uploader.progress().obstacle.is_some());
    }
    let server = Counted::start(data.path(), address);
    let begun = Reading::now().boot;
    for (uploader, _spool) in all {
        let delivery = uploader.finish(LONG);
        assert_eq!((delivery.acknowledged, delivery.waiting), (20, 0), "{delivery:?}");
    }
    let (answers, took) = (server.answers(), Reading::now().boot.saturating_sub(begun));
    println!("{agents} agents in {took:?}: {answers:?}");
    // The server's key, and one batch.
    assert!(answers[&200] >= u64::from(agents) * 2);
    assert!(answers.keys().all(|status| *status < 500), "{answers:?}");
}

#[test]
fn what_a_killed_server_has_acknowledged_is_there() {
    const AGENTS: u32 = 4;
    const REPORTS: u64 = 120;
    let kills: usize = std::env::var("INVIEW_KILLS").map_or(4, |kills| kills.parse().unwrap());
    let data = tempfile::tempdir().unwrap();
    let spools: Vec<tempfile::TempDir> = (0..AGENTS).map(|_| spool()).collect();
    let mut outboxes: Vec<Outbox> =
        (0..).zip(&spools).map(|(number, spool)| outbox(spool.path(), session(number))).collect();
    let mut made = 0;
    let mut server = ServerProgram::start(SERVER, data.path());
    let address = server.address();
    let (token, authority) = (server.read("agent_token_file"), server.says("authority"));
    let uploaders: Vec<Uploader> = spools
        .iter()
        .map(|spool| {
            let server = format!("https://{address}");
            let authority = Some(authority.clone().into());
            let settings = settings(spool.path(), server, token.clone());
            Uploader::start(Settings { authority, ..settings }).unwrap()
        })
        .collect();
    // What was read after a kill is read again at the end.
    let mut seen = [0; AGENTS as usize];
    let mut acknowledged = 0;
    for kill in 0..kills {
        // Load, and a kill in its midst: wherever that finds the server.
        let mut wanted: Vec<u64> = Vec::new();
        for (outbox, uploader) in outboxes.iter_mut().zip(&uploaders) {
            wanted.push(uploader.progress().acknowledged + 1 + (kill * 7 % 40) as u64);
            (made..made + REPORTS).for_each(|number| report(outbox, number));
            uploader.nudge();
        }
        made += REPORTS;
        support::wait_until(|| {
            let progress = uploaders.iter().map(|uploader| uploader.progress().acknowledged);
            progress.zip(&wanted).any(|(found, wanted)| found >= *wanted)
        });
        std::thread::park_timeout(Duration::from_micros((kill * 997 % 9_000) as u64));
        server.kill();
        let told: Vec<u64> =
            uploaders.iter().map(|uploader| uploader.progress().acknowledged).collect();
        server = ServerProgram::start_at(SERVER, data.path(), &address);
        for ((number, told), seen) in (0..).zip(&told).zip(&mut seen).filter(|it| *it.0.1 > 0) {
            let stored = stored(&server, session(number), *seen);
            let all = *seen + stored.len();
            assert!(all as u64 >= *told, "kill {kill}: {all} of {told}");
            assert!(stored.iter().copied().eq(*seen as u64..all as u64), "kill {kill}: {stored:?}");
            *seen = all;
        }
        acknowledged = told.iter().sum();
    }
    for (number, uploader) in (0..).zip(uploaders) {
        let delivery = uploader.finish(LONG);
        assert_eq!(delivery.waiting, 0, "{delivery:?}");
        assert!(stored(&server, session(number), 0).into_iter().eq(0..made));
        assert_eq!(
            verify::verify(&server.export(session(number)), None).map(|it| it.missing),
            Ok(0)
        );
    }
    println!("{kills} kills, {acknowledged} reports acknowledged before the last, 0 lost");
}
