//! Reports from the spool to the server's database: both ends, and a real connection.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[cfg(feature = "cli")]
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

#[test]
fn everything_arrives_once_and_in_order_and_sent_twice_is_harmless() {
    let (data, spool, again) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let one = fill(spool.path(), session(1), 0..250);
    let two = fill(spool.path(), session(2), 0..3);
    let uploader = Uploader::start(server.settings(spool.path())).unwrap();
    assert_eq!(uploader.finish(LONG), delivered(253));
    assert_stored(&server.reader, session(1), &one);
    assert_stored(&server.reader, session(2), &two);
    // The spool was lost, and the replay made the same reports again.
    assert_eq!(fill(again.path(), session(1), 0..250), one);
    let uploader = Uploader::start(server.settings(again.path())).unwrap();
    assert_eq!(uploader.finish(LONG), delivered(250));
    assert_stored(&server.reader, session(1), &one);
}

#[test]
fn a_server_that_was_stopped_goes_on_where_it_was() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    fill(spool.path(), session(1), 0..3);
    let uploader = Uploader::start(server.settings(spool.path())).unwrap();
    assert_eq!(uploader.finish(LONG), delivered(3));
    drop(server);
    fill(spool.path(), session(1), 0..5);
    let server = Server::start(data.path());
    let uploader = Uploader::start(server.settings(spool.path())).unwrap();
    assert_eq!(uploader.finish(LONG), delivered(2));
    assert_eq!(server.reader.events(session(1)).len(), 5);
}

#[test]
fn another_authority_vouches_for_nothing_and_the_reports_stay() {
    let (data, spool, other) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let home = Home::open(other.path(), LOCAL, Arc::new(jiff::Timestamp::now)).unwrap();
    fill(spool.path(), session(1), 0..3);
    let settings = Settings { authority: Some(home.authority()), ..server.settings(spool.path()) };
    let delivery = Uploader::start(settings).unwrap().finish(Duration::from_millis(1));
    assert_eq!((delivery.acknowledged, delivery.waiting), (0, 3));
    let obstacle = delivery.obstacle.unwrap().reason;
    assert!(obstacle.contains("authority") || obstacle.contains("certificate"), "{obstacle}");
    assert_eq!(server.reader.sessions(), 0);
}

#[test]
fn a_wrong_token_is_told_and_the_reports_stay() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    fill(spool.path(), session(1), 0..3);
    for token in ["guessed", &server.reader.token] {
        let token = Pii::new(token.to_owned());
        let settings = Settings { token, ..server.settings(spool.path()) };
        let delivery = Uploader::start(settings).unwrap().finish(Duration::from_millis(1));
        assert_eq!((delivery.acknowledged, delivery.waiting), (0, 3));
        let obstacle = delivery.obstacle.unwrap();
        assert_eq!(obstacle.kind, ObstacleKind::Refuses);
        assert!(obstacle.reason.contains("token"));
    }
    assert_eq!(server.reader.sessions(), 0);
}

/// Issues a session, past the network.
fn issue(server: &Server, data: &Path) -> Issued {
    let token = std::fs::read_to_string(data.join("manager.token")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let request = Request::post("/v1/sessions")
            .header("authorization", format!("Bearer {}", token.trim()))
            .header("content-type", "application/json")
            .header("host", server.address.to_string())
            .body(Body::from(r#"{"label": "Seat 7"}"#));
        let answer = app(server.reader.state.clone()).oneshot(request.unwrap()).await.unwrap();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    })
}

#[test]
fn a_token_that_expired_while_reports_waited_is_renewed_by_its_code() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let hours = Arc::new(AtomicI64::new(0));
    let passed = Arc::clone(&hours);
    let later = move || {
        let passed = jiff::SignedDuration::from_hours(passed.load(Ordering::SeqCst));
        jiff::Timestamp::now().saturating_add(passed).unwrap()
    };
    let server = Server::start_at(data.path(), Arc::new(later));
    let issued = issue(&server, data.path());
    let token = Pii::new(inview::report::Hash::of(b"token").to_string());
    let address = format!("https://{}", server.address);
    let (key, route) = (key(1), Route::default());
    let authority = Some(server.authority.as_path());
    let enrol =
        |token| upload::enrol(&address, (authority, &route), &issued.code, token, &key.public());
    let enrolment = enrol(&token).unwrap();
    assert_eq!((enrolment.session, enrolment.label.as_str()), (issued.session, "Seat 7"));
    let used = enrol(&Pii::new(inview::report::Hash::of(b"other").to_string())).unwrap_err();
    assert!(matches!(used, EnrolError::CodeUsed), "{used}");
    let expected = fill_signed(spool.path(), issued.session, 0..3, Some(&key));
    // A week without a network.
    hours.store(7 * 24, Ordering::SeqCst);
    let without = Settings { token, key: Some(key), ..server.settings(spool.path()) };
    let delivery = Uploader::start(without.clone()).unwrap().finish(Duration::from_millis(1));
    assert_eq!((delivery.acknowledged, delivery.waiting), (0, 3));
    let with_code = Settings { code: Some(issued.code), ..without };
    assert_eq!(Uploader::start(with_code).unwrap().finish(LONG), delivered(3));
    assert_stored(&server.reader, issued.session, &expected);
}

#[test]
fn another_server_at_the_same_address_acknowledges_nothing_and_the_same_one_does() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let expected = fill_signed(spool.path(), session(1), 0..3, Some(&key(1)));
    let other = Settings { server_key: Some(key(9).public()), ..server.settings(spool.path()) };
    let uploader = Uploader::start(other).unwrap();
    while uploader.progress().obstacle.is_none() {
        thread::yield_now();
    }
    let delivery = uploader.finish(Duration::from_millis(1));
    assert_eq!((delivery.acknowledged, delivery.waiting), (0, 3));
    assert_eq!(delivery.obstacle.unwrap().kind, ObstacleKind::Unreachable);
    let uploader = Uploader::start(server.settings(spool.path())).unwrap();
    assert_eq!(uploader.finish(LONG), delivered(3));
    assert_stored(&server.reader, session(1), &expected);
}

#[test]
fn reports_that_the_sessions_key_did_not_sign_stop_and_are_kept_and_shown() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let issued = issue(&server, data.path());
    let token = Pii::new(inview::report::Hash::of(b"token").to_string());
    let (address, authority) = (format!("https://{}", server.address), &server.authority);
    upload::enrol(
        &address,
        (Some(authority), &Route::default()),
        &issued.code,
        &token,
        &key(1).public(),
    )
    .unwrap();
    for (number, signer) in [(1, None), (2, Some(key(2)))] {
        let folder = spool.path().join(number.to_string());
        fill_signed(&folder, issued.session, 0..number, signer.as_ref());
        let settings = Settings { token: token.clone(), ..server.settings(&folder) };
        let delivery = Uploader::start(settings).unwrap().finish(LONG);
        assert_eq!((delivery.acknowledged, delivery.stopped), (0, number.cast_unsigned()));
        assert_eq!(delivery.obstacle.unwrap().kind, ObstacleKind::Refuses);
    }
    let (_, body) = server.reader.get(&format!("/v1/sessions/{}", issued.session));
    let detail: SessionDetail = serde_json::from_slice(&body).unwrap();
    // Both sent the same bytes as their first report, but for the signature.
    assert_eq!((detail.forked[0].how, detail.forked.len()), (ForkKind::Foreign, 1));
    assert_eq!(detail.chains.len(), 0);
    assert_eq!(detail.public_key, Some(key(1).public().to_string()));
}

#[test]
fn a_poison_event_is_set_aside_and_the_others_arrive() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let millis = |number: i64| if number == 120 { -5 } else { number };
    let mut expected = fill(spool.path(), session(1), (0..250).map(millis));
    let uploader = Uploader::start(server.settings(spool.path())).unwrap();
    let delivery = uploader.finish(LONG);
    let found = (delivery.acknowledged, delivery.refused, delivery.waiting);
    assert_eq!(found, (249, 1, 0));
    let poison = expected.remove(120);
    assert_stored(&server.reader, session(1), &expected);
    assert_eq!(server.reader.head(session(1)), 250);
    let (_, body) = server.reader.get(&format!("/v1/sessions/{}", session(1)));
    let detail: SessionDetail = serde_json::from_slice(&body).unwrap();
    assert_eq!(detail.rejected[0].seq, 121);
    assert_eq!(detail.rejected[0].hash, inview::report::Hash::of(&poison));
    assert_eq!(spool::all(spool.path()).len(), 1);
}

/// Passes bytes on in both directions. In the first connection, what the server says after the
/// client has sent more than a handshake goes nowhere; when `stored` says so, the line is cut.
fn cutting_proxy(
    server: SocketAddr,
    stored: impl Fn() -> bool + Send + 'static,
) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((LOCAL, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let accept = move || {
        for client in listener.incoming() {
            let (client, upstream) = (client.unwrap(), TcpStream::connect(server).unwrap());
            let cuts = count.fetch_add(1, Ordering::SeqCst) == 0;
            let sent = Arc::new(AtomicUsize::new(0));
            let (from, to) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
            let counted = Arc::clone(&sent);
            pass_on(from, to, move |bytes| {
                counted.fetch_add(bytes, Ordering::SeqCst);
                true
            });
            let line = client.try_clone().unwrap();
            pass_on(upstream, client, move |_| !cuts || sent.load(Ordering::SeqCst) < 8_192);
            if cuts {
                while !stored() {
                    thread::yield_now();
                }
                line.shutdown(Shutdown::Both).unwrap();
            }
        }
    };
    thread::Builder::new().name("proxy".to_owned()).spawn(accept).unwrap();
    (address, connections)
}

fn pass_on(
    mut from: TcpStream,
    mut to: TcpStream,
    passes: impl Fn(usize) -> bool + Send + 'static,
) {
    let pass = move || {
        let mut buffer = [0; 4_096];
        while let Ok(bytes @ 1..) = from.read(&mut buffer) {
            if passes(bytes) && to.write_all(&buffer[..bytes]).is_err() {
                break;
            }
        }
        // Err: the other side was quicker.
        let _gone = to.shutdown(Shutdown::Both);
    };
    thread::Builder::new().name("line".to_owned()).spawn(pass).unwrap();
}

#[test]
fn an_answer_that_is_lost_after_the_commit_leads_to_one_copy() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let expected = fill(spool.path(), session(1), 0..100);
    let reader = server.reader.clone();
    let (proxy, connections) =
        cutting_proxy(server.address, move || reader.head(session(1)) == 100);
    let uploader = Uploader::start(server.settings_for(proxy, spool.path())).unwrap();
    assert_eq!(uploader.finish(LONG), delivered(100));
    assert!(connections.load(Ordering::SeqCst) > 1, "the answer was not cut off");
    assert_stored(&server.reader, session(1), &expected);
}

/// Answers every request with the same bytes.
fn portal(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind((LOCAL, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let serve = move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let (mut request, mut buffer) = (Vec::new(), [0; 4_096]);
            let is_whole = |request: &[u8]| {
                request.ends_with(b"}]")
                    || request.starts_with(b"GET") && request.ends_with(b"\r\n\r\n")
            };
            while !is_whole(&request) {
                match client.read(&mut buffer) {
                    Ok(bytes @ 1..) => request.extend_from_slice(&buffer[..bytes]),
                    Ok(0) | Err(_) => break,
                }
            }
            client.write_all(answer.as_bytes()).unwrap();
        }
    };
    thread::Builder::new().name("portal".to_owned()).spawn(serve).unwrap();
    address
}

#[test]
fn a_captive_portal_acknowledges_nothing() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 18\r\nconnection: close\r\n\r\n<h1>Welcome!</h1>\n",
        "HTTP/1.1 302 Found\r\nlocation: https://portal.example/\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 511 Network Authentication Required\r\ncontent-length: 0\r\n\r\n",
    ] {
        for server_key in [None, Some(key(9).public())] {
            let spool = tempfile::tempdir().unwrap();
            fill(spool.path(), session(1), 0..3);
            let settings = Settings {
                server: format!("http://{}", portal(answer)),
                token: Pii::new("token".to_owned()),
                authority: None,
                code: None,
                allow_plain_loopback: true,
                key: None,
                server_key,
                route: Route::default(),
                folder: spool.path().to_owned(),
                session: None,
            };
            let delivery = Uploader::start(settings).unwrap().finish(Duration::from_millis(1));
            let found = (delivery.acknowledged, delivery.refused, delivery.waiting);
            assert_eq!(found, (0, 0, 3), "{answer}");
            assert!(delivery.obstacle.is_some(), "{answer}");
        }
    }
}

#[cfg(feature = "cli")]
#[test]
fn a_server_that_is_killed_has_what_it_acknowledged() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let program = ServerProgram::start(env!("CARGO_BIN_EXE_inview-server"), data.path());
    let expected = fill(spool.path(), session(1), 0..1_000);
    let uploader = Uploader::start(Settings {
        session: None,
        server: program.says("address"),
        token: Pii::new(program.read("agent_token_file")),
        authority: Some(program.says("authority").into()),
        code: None,
        allow_plain_loopback: false,
        key: None,
        server_key: None,
        route: Route::default(),
        folder: spool.path().to_owned(),
    });
    let uploader = uploader.unwrap();
    let outbox =
        Outbox::open(spool.path(), session(1), Incarnation::of_replay(session(1))).unwrap();
    support::wait_until(|| outbox.counts().unwrap().acknowledged >= 200);
    program.kill();
    let before = uploader.finish(Duration::from_millis(1));
    let acknowledged = outbox.counts().unwrap().acknowledged;
    let server = Server::start(data.path());
    assert!(server.reader.head(session(1)) >= acknowledged);
    let uploader = Uploader::start(server.settings(spool.path())).unwrap();
    assert_eq!(uploader.finish(LONG), delivered(before.waiting));
    assert_stored(&server.reader, session(1), &expected);
}
