//! What must hold of each reader of outside bytes, whatever the bytes are. Each function panics where
//! it does not.
//!
//! `scripts/fuzz` looks for such bytes, guided by coverage; `tests/fuzz.rs` includes this file, and
//! tries the seeds and some changes of them in every run of the tests.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use axum::http::{Method, Request};
use clap::Parser as _;
use inview::capture::file::{Options, open_with};
use inview::capture::{LARGEST_SIDE, jpeg};
use inview::detector::Scripted;
use inview::frame::Payload;
use inview::redact::Pii;
use inview::report::{
    BATCH_CONTENT_TYPE, Enrolment, Event, EventData, Hash, HeartbeatAnswer, Identity, Incarnation,
    Kind, MAX_BATCH_EVENTS, Problem, Receipt, Roster, SampledCamera, SessionEnded, SessionId,
    agent_link, page_link,
};
use inview::score::{self, Form, Report, Span, Truth, import};
use inview::server::app;
use inview::server::command::args::Args;
use inview::server::home::Home;
use inview::server::ingest::says::Says;
use inview::server::ingest::{batch as server_batch, heartbeat as server_heartbeat};
use inview::server::operation::settings::{Settings, Transport};
use inview::server::store::Retention;
use inview::settings::link::JoinLink;
use inview::settings::{parse_policy, parse_session};
use inview::spool::{self, Outbox};
use inview::time::MediaTime;
use inview::trust::export::{Export, ExportedChain, FORMAT, Link, SignedReceipt};
use inview::trust::signature::{Signed, SigningKey};
use inview::trust::tree::{self, Inclusion};
use inview::trust::{envelope, told, verify};
use inview::upload::judge_enrolment;
use inview::upload::policy::{Answer, Verdict, Vouched, judge, judge_heartbeat, retry_after};
use jiff::Timestamp;
use tower::ServiceExt as _;
use uuid::Uuid;

/// The session of PROTOCOL.md's examples.
const SESSION: SessionId = SessionId(Uuid::from_u128(0x8f14_e45f_ceea_467f_a9a7_3b4c_1d2e_5f60));
const INCARNATION: Incarnation =
    Incarnation(Uuid::from_u128(0x0198_f3a1_6c2b_7d10_8e4f_5a6b_7c8d_9e0f));

/// A batch of events at the server: what is taken is what came, and is taken again.
pub fn batch(bytes: &[u8]) {
    let Ok(batch) = server_batch::parse(bytes, SESSION) else { return };
    assert!((1..=MAX_BATCH_EVENTS).contains(&batch.len()));
    let mut sealed = Vec::new();
    for received in &batch {
        assert_eq!(received.hash, Hash::of(&received.body));
        let came = match &received.signature {
            Some(signature) => envelope::seal(&received.body, signature),
            None => received.body.clone(),
        };
        assert_eq!(envelope::open(&came), (received.body.clone(), received.signature));
        assert!(bytes.windows(came.len()).any(|part| part == came), "not the bytes that came");
        if let Ok(arrived) = &received.event {
            // Whichever way it was read, it is what its bytes say.
            let event: Event = serde_json::from_slice(&received.body).unwrap();
            let identity = arrived.identity;
            assert_eq!((identity.session, event.identity()), (SESSION, Some(identity)));
            assert_eq!(event.prevhash, arrived.prevhash);
            let stored = serde_json::to_vec(&event).unwrap();
            serde_json::from_slice::<Event>(&stored).unwrap();
            assert_eq!(Says::of(event), arrived.says);
        }
        sealed.push(came);
    }
    let again = [b"[".as_slice(), &sealed.join(&b","[..]), b"]"].concat();
    let again = server_batch::parse(&again, SESSION).unwrap();
    let of = |batch: &[server_batch::Received]| -> Vec<(Hash, bool)> {
        batch.iter().map(|it| (it.hash, it.event.is_ok())).collect()
    };
    assert_eq!(of(&again), of(&batch));
}

/// A heartbeat at the server: it survives being written again.
pub fn heartbeat(bytes: &[u8]) {
    let Ok(heartbeat) = server_heartbeat::parse(bytes) else { return };
    let again = serde_json::to_vec(&heartbeat).unwrap();
    assert_eq!(server_heartbeat::parse(&again).as_ref(), Ok(&heartbeat));
}

/// An answer at the agent: what the server has not signed acknowledges nothing, and what it has signed
/// only if it is a receipt for these reports. Two bytes of status, then the body; or a way in a tree.
pub fn answer(bytes: &[u8]) {
    let Some((status, body)) = bytes.split_first_chunk() else { return };
    let status = u16::from_be_bytes(*status);
    if let Ok(way) = std::str::from_utf8(body).unwrap_or_default().parse::<Inclusion>() {
        assert_eq!(way.to_string().as_bytes(), body);
        let alone = Inclusion::alone();
        let head = |way: &Inclusion| way.head(tree::leaf(b"{}"));
        assert!(way == alone || head(&way) != head(&alone));
    }
    if let Some(wait) = std::str::from_utf8(body).ok().and_then(retry_after) {
        let most = inview::backoff::RETRY_AFTER_CAP + inview::backoff::BASE;
        assert!(inview::backoff::delay(1, 0.5, Some(wait)) <= most);
    }
    let answered = |vouched| Answer { status, retry_after: None, body: body.to_vec(), vouched };
    let unsigned = judge(&answered(None), SESSION, INCARNATION);
    assert!(!matches!(unsigned, Verdict::Acknowledged(_)));
    let key = SigningKey::from_secret(&[9; 32]);
    let head = tree::head(1, &tree::leaf(body));
    let signature = key.sign(Signed::Receipts, head.as_bytes());
    let seal = (Some(signature), Some(Inclusion::alone()));
    let vouched = Vouched::check(key.public(), body, seal);
    if let Verdict::Acknowledged(receipt) = judge(&answered(vouched), SESSION, INCARNATION) {
        assert!((200..300).contains(&status));
        assert_eq!((receipt.session, receipt.incarnation), (SESSION, INCARNATION));
        let again = serde_json::to_vec(&receipt).unwrap();
        assert_eq!(serde_json::from_slice::<Receipt>(&again).unwrap(), receipt);
    }
    if let Ok(answer) = judge_heartbeat(&answered(None)) {
        assert!((200..300).contains(&status));
        let again = serde_json::to_vec(&answer).unwrap();
        assert_eq!(serde_json::from_slice::<HeartbeatAnswer>(&again).unwrap(), answer);
    }
    if let Ok(enrolment) = judge_enrolment(&answered(None)) {
        assert_eq!(status, 200);
        let again = serde_json::to_vec(&enrolment).unwrap();
        assert_eq!(serde_json::from_slice::<Enrolment>(&again).unwrap(), enrolment);
    }
}

/// The session's key in [`genuine_export`].
fn session_key() -> SigningKey {
    SigningKey::from_secret(&[1; 32])
}

/// An export in which all is well. It is also a seed.
pub fn genuine_export() -> Export {
    let (mut links, mut head) = (Vec::new(), Hash::ZERO);
    for seq in 1..=3 {
        let identity = Identity { session: SESSION, incarnation: INCARNATION, seq };
        let data = EventData::SessionEnded(SessionEnded {
            duration_ms: MediaTime::from_millis(seq.cast_signed()),
            intervals: 0,
            camera: SampledCamera::default(),
            truncated: None,
            ended_by: None,
        });
        let body = serde_json::to_vec(&Event::new(&identity, head, None, data)).unwrap();
        head = Hash::of(&body);
        let sealed = envelope::seal(&body, &envelope::sign(&body, &session_key()));
        links.push(Link::Event(String::from_utf8(sealed).unwrap()));
    }
    let receipt = serde_json::to_string(&Receipt {
        session: SESSION,
        incarnation: INCARNATION,
        acked_seq: 3,
        head_hash: head,
        server_time: String::new(),
        results: Vec::new(),
    });
    let (receipt, server) = (receipt.unwrap(), SigningKey::from_secret(&[9; 32]));
    let receipt = SignedReceipt::alone(receipt, |head| server.sign(Signed::Receipts, head));
    let receipt = Some(receipt);
    Export {
        format: FORMAT.to_owned(),
        session: SESSION,
        public_key: Some(session_key().public()),
        server_key: Some(server.public()),
        chains: vec![ExportedChain { incarnation: INCARNATION, links, receipt }],
    }
}

/// An exported report: who has not the session's key makes no event that is believed.
pub fn export(bytes: &[u8]) {
    let Some(export) = told::read(bytes) else { return };
    let again = serde_json::to_vec(&export).unwrap();
    assert_eq!(told::read(&again).as_ref(), Some(&export));
    let key = session_key().public();
    let verdict = verify::verify(&export, Some(&key));
    assert_eq!(told::tell(&export, Some(&key)).is_good, verdict.is_ok());
    if verdict.is_err() {
        return;
    }
    let genuine = genuine_export();
    let known = &genuine.chains[0].links;
    for chain in &export.chains {
        for (place, link) in chain.links.iter().enumerate() {
            if let Link::Event(text) = link {
                assert_eq!(known.get(place), Some(link), "forged: {text}");
            }
        }
    }
}

/// The files of a spool with three signed reports, the first of them acknowledged: the database, and its
/// head record.
fn genuine_spool() -> [Vec<u8>; 2] {
    let folder = quick_folder();
    let genuine = genuine_export();
    let mut outbox = Outbox::open(folder.path(), SESSION, INCARNATION).unwrap();
    outbox.sign_by(session_key()).unwrap();
    for seq in 1..=3 {
        let data = EventData::SessionEnded(SessionEnded {
            duration_ms: MediaTime::from_millis(seq),
            intervals: 0,
            camera: SampledCamera::default(),
            truncated: None,
            ended_by: None,
        });
        outbox.append(None, data).unwrap();
    }
    let first = outbox.peek_batch(1, usize::MAX).unwrap().remove(0);
    outbox.acknowledge(first.seq, first.hash).unwrap();
    let receipt = genuine.chains[0].receipt.clone().unwrap();
    outbox.keep_receipt(&receipt, &genuine.server_key.unwrap()).unwrap();
    let path = outbox.path().to_owned();
    drop(outbox);
    [path.clone(), path.with_extension("head")].map(|path| fs::read(path).unwrap())
}

/// A spool as it is found on disk, with one thing in it replaced: what is believed is whole, signed and in
/// order, and goes on. One byte says what is replaced, the rest is put in its place.
pub fn spool(bytes: &[u8]) {
    believes_spool(bytes);
}

/// Whether it is believed.
pub fn believes_spool(bytes: &[u8]) -> bool {
    thread_local! {
        static GENUINE: [Vec<u8>; 2] = genuine_spool();
    }
    let Some((which, rest)) = bytes.split_first() else { return false };
    let folder = quick_folder();
    let path = folder.path().join(format!("{SESSION}.spool"));
    GENUINE.with(|[database, head]| {
        write(&path, database);
        write(&path.with_extension("head"), head);
    });
    let row = |column: &str| {
        let database = rusqlite::Connection::open(&path).unwrap();
        database.execute(&format!("UPDATE event SET {column} = ?1 WHERE seq = 2"), [rest]).unwrap();
    };
    let note = |key: &str| {
        let Ok(text) = std::str::from_utf8(rest) else { return };
        let database = rusqlite::Connection::open(&path).unwrap();
        let sql = "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)";
        database.execute(sql, [key, text]).unwrap();
    };
    match which % 11 {
        0 => row("body"),
        1 => row("sig"),
        2 => row("hash"),
        3 => row("prevhash"),
        4 => note("public_key"),
        5 => note("server_key"),
        6 => note(&format!("receipt-{INCARNATION}")),
        7 => note("damage"),
        8 => write(&path.with_extension("head"), rest),
        9 => write(&path, rest),
        _ => write(&path.with_extension("spool-wal"), rest),
    }
    spool::unsent(folder.path());
    let Ok(mut outbox) = Outbox::open(folder.path(), SESSION, INCARNATION) else { return false };
    if outbox.damage().is_some() {
        return false;
    }
    let mut before = None;
    for stored in outbox.peek_batch(9, usize::MAX).unwrap() {
        let (body, _) = envelope::open(&stored.body);
        assert_eq!(stored.hash, Hash::of(&body));
        assert!(before.is_none_or(|before| before + 1 == stored.seq), "{before:?}");
        before = Some(stored.seq);
    }
    outbox.go_on().unwrap();
    let copy = spool::export(folder.path(), SESSION);
    // What the server vouches for, and by which key, is checked by whoever reads the copy.
    if which % 11 < 5 {
        let copy = copy.unwrap().unwrap();
        verify::verify(&copy, Some(&session_key().public())).unwrap();
        assert_eq!(copy.chains, genuine_export().chains);
    }
    true
}

/// A policy, in TOML or JSON: what is taken has no fault, and is taken again in both forms.
pub fn policy(bytes: &[u8]) {
    let Ok(policy) = std::str::from_utf8(bytes).map_err(drop).and_then(|text| {
        parse_policy(text).map_err(|reason| assert!(!reason.contains('\n'), "{reason}"))
    }) else {
        return;
    };
    assert!(policy.faults().is_empty());
    let json = serde_json::to_string(&policy).unwrap();
    assert_eq!(parse_policy(&json).map(|it| it.version), Ok(policy.version));
}

/// A session file.
pub fn session(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let session = parse_session(text).map_err(|reason| assert!(!reason.contains('\n'), "{reason}"));
    if let Ok(session) = session {
        assert!(session.policy.faults().is_empty());
        assert_eq!(format!("{:?}", session.token), format!("{:?}", Pii::new("another".to_owned())));
    }
}

/// A link or code, as it is pasted or typed: it leads to https only, and is the same one when a server
/// writes it.
pub fn link(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (server, code) = text.split_once('\n').unwrap_or((text, ""));
    for link in [text.parse::<JoinLink>(), JoinLink::typed(server, code)].into_iter().flatten() {
        assert!(link.server().starts_with("https://"), "{}", link.server());
        let page = page_link(link.server(), link.code(), link.pin());
        assert_eq!(page.parse().as_ref(), Ok(&link), "{page}");
        let agent = agent_link(link.server(), link.code(), link.pin());
        assert_eq!(agent.parse().as_ref(), Ok(&link), "{agent}");
    }
}

/// Detections in a file.
pub fn script(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        Scripted::parse(text).map(|script| script.only("a")).ok();
    }
}

/// Labels in any form: one byte says which, the rest is the file. What is taken is whole, from zero on
/// without gaps, and any report can be held against it. What is wrong is said in one line.
pub fn truth(bytes: &[u8]) {
    let Some((form, rest)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let form = [Form::Labels, Form::Csv, Form::LabelStudio, Form::Xml][usize::from(*form) % 4];
    let truth = match import(form, text, MediaTime::from_millis(60_000), 15.0) {
        Ok(truth) => truth,
        Err(fault) => return assert!(!fault.to_string().contains('\n'), "{fault}"),
    };
    let mut at = MediaTime::ZERO;
    for label in &truth.labels {
        assert!(label.span.start == at && label.span.end > at, "{label:?} after {at:?}");
        at = label.span.end;
    }
    assert_eq!(Truth::whole(&truth), Span::new(MediaTime::ZERO, at));
    let span = Span::of_seconds(1.0, 9.0);
    let report = |kind| Report { kind, span, confidence: 0.5 };
    let score = score::judge(&truth, &Kind::ALL.map(report), std::time::Duration::from_secs(1));
    assert_eq!(score.confusion.total() + score.ignored, score.footage);
}

fn assert_pixels(payload: &Payload, width: u32, height: u32) {
    assert!((1..=LARGEST_SIDE).contains(&width) && (1..=LARGEST_SIDE).contains(&height));
    let (width, height) = (width as usize, height as usize);
    let chroma = width.div_ceil(2) * height.div_ceil(2);
    match payload {
        Payload::I420(planes) => {
            let found = [planes.y.len(), planes.u.len(), planes.v.len()];
            assert_eq!(found, [width * height, chroma, chroma]);
        }
        Payload::Rgb8(pixels) => assert_eq!(pixels.len(), width * height * 3),
        Payload::Gray8(pixels) => assert_eq!(pixels.len(), width * height),
    }
}

/// A JPEG, as cameras and recordings have them: all of its pixels, or none.
pub fn picture(bytes: &[u8]) {
    if let Some((payload, size)) = jpeg::decode(bytes) {
        assert_pixels(&payload, size.width, size.height);
    }
}

/// In memory where there is such a folder.
fn quick_folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.unwrap()
}

fn write(path: &Path, bytes: &[u8]) {
    File::create(path).unwrap().write_all(bytes).unwrap();
}

/// A recording: its first frames are whole, and in order.
pub fn recording(bytes: &[u8]) {
    let folder = quick_folder();
    let path = folder.path().join("recording");
    write(&path, bytes);
    let Ok(mut source) = open_with(&path, &Options::default()) else { return };
    let mut before = MediaTime::ZERO;
    for _ in 0..4 {
        let Ok(Some(frame)) = source.next_frame(MediaTime::ZERO) else { return };
        assert!(frame.pts >= before, "{:?} after {before:?}", frame.pts);
        assert_pixels(&frame.payload, frame.size.width, frame.size.height);
        before = frame.pts;
    }
}

/// A server whose clock jumps ahead with each request, so that none is too fast.
struct Server {
    home: Home,
    app: Router,
    second: Arc<AtomicI64>,
    asked: AtomicI64,
    runtime: tokio::runtime::Runtime,
    tokens: [String; 3],
    cookie: String,
    /// What stands in [`ROUTES`] for something that is there, and its id.
    there: Vec<(&'static str, String)>,
    _folder: tempfile::TempDir,
}

impl Server {
    /// The cookie is good for twelve hours, and each request takes a second; what was stored goes with it.
    const REQUESTS: i64 = 20_000;

    fn start() -> Self {
        let folder = quick_folder();
        let second = Arc::new(AtomicI64::new(1_795_000_000));
        let hand = Arc::clone(&second);
        let clock = Arc::new(move || Timestamp::from_second(hand.load(Ordering::SeqCst)).unwrap());
        let home = Home::open(folder.path(), IpAddr::V4(Ipv4Addr::LOCALHOST), clock).unwrap();
        let tokens = [&home.agent_token, &home.proctor_token, &home.manager_token]
            .map(|it| std::fs::read_to_string(&it.path).unwrap().trim().to_owned());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut server = Self {
            app: app(home.state.clone()),
            home,
            second,
            asked: AtomicI64::new(0),
            runtime,
            tokens,
            cookie: String::new(),
            there: Vec::new(),
            _folder: folder,
        };
        let code = server.home.sign_in_code().unwrap();
        let request = Request::get(format!("/sign-in/{}", code.reveal()));
        let answer = server.ask(request.body(Body::empty()).unwrap());
        // There is no administrator yet.
        assert_eq!(answer.headers()[LOCATION], "/first-admin");
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().clone_into(&mut server.cookie);
        for (name, path, body, id) in [
            ("{exam}", "/v1/exams", r#"{"name": "x", "rooms": ["A1"]}"#, "/exam"),
            ("{account}", "/v1/accounts", r#"{"name": "ann", "role": "proctor"}"#, "/id"),
            ("{webhook}", "/v1/webhooks", r#"{"name": "x", "url": "https://a.example/"}"#, "/id"),
        ] {
            let request = Request::post(path)
                .header(CONTENT_TYPE, "application/json")
                .header(HOST, "a.example")
                .header(COOKIE, &server.cookie);
            let answer = server.ask(request.body(Body::from(body)).unwrap());
            let made = server.body(answer);
            let made: serde_json::Value = serde_json::from_slice(&made).unwrap();
            let made = made.pointer(id).unwrap_or_else(|| panic!("{made}")).as_str().unwrap();
            server.there.push((name, made.to_owned()));
        }
        server
    }

    fn ask(&self, request: Request<Body>) -> axum::response::Response {
        self.second.fetch_add(1, Ordering::SeqCst);
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.runtime.block_on(self.app.clone().oneshot(request)).unwrap()
    }

    fn body(&self, answer: axum::response::Response) -> Vec<u8> {
        let reading = axum::body::to_bytes(answer.into_body(), usize::MAX);
        self.runtime.block_on(reading).unwrap().into()
    }

    fn is_old(&self) -> bool {
        self.asked.load(Ordering::SeqCst) > Self::REQUESTS
    }
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=x";
/// The session of the seeds, which these have reported of.
const OF_SESSION: &str = "/v1/sessions/8f14e45f-ceea-467f-a9a7-3b4c1d2e5f60";
/// Whose a request is: places in [`Server::tokens`], or the administrator's cookie.
const AGENT: usize = 0;
const PROCTOR: usize = 1;
const MANAGER: usize = 2;
const ADMIN: usize = 3;

/// Method, address, media type of the body, and whose it is. Seeds know them by their places.
const ROUTES: [(Method, &str, &str, usize); 26] = [
    (Method::POST, "{session}/events", BATCH_CONTENT_TYPE, AGENT),
    (Method::POST, "{session}/heartbeats", JSON, AGENT),
    (Method::POST, "{session}/commands", JSON, PROCTOR),
    (Method::POST, "/v1/sessions", JSON, MANAGER),
    (Method::POST, "/v1/enrolments", JSON, AGENT),
    (Method::POST, "/login", FORM, ADMIN),
    (Method::POST, "/sessions", FORM, ADMIN),
    (Method::POST, "/sessions/8f14e45f-ceea-467f-a9a7-3b4c1d2e5f60/commands", FORM, ADMIN),
    // Here, and at the end, the bytes are the rest of the address.
    (Method::GET, "/", "", PROCTOR),
    (Method::POST, "/v1/exams", JSON, MANAGER),
    (Method::PUT, "/v1/exams/{exam}/policy", JSON, MANAGER),
    (Method::POST, "/v1/exams/{exam}/roster", "text/csv", MANAGER),
    (Method::POST, "/v1/accounts", JSON, ADMIN),
    (Method::PATCH, "/v1/accounts/{account}", JSON, ADMIN),
    (Method::PUT, "/v1/accounts/{account}/exams", JSON, ADMIN),
    (Method::POST, "/v1/accounts/{account}/link", JSON, ADMIN),
    (Method::POST, "/v1/tokens", JSON, ADMIN),
    (Method::POST, "/v1/webhooks", JSON, ADMIN),
    (
        Method::POST,
        "{session}/intervals/5b1c8f0e-3d2a-8c4b-9e6f-7a8b9c0d1e2f/review",
        JSON,
        PROCTOR,
    ),
    (Method::POST, "/exams", FORM, ADMIN),
    (Method::POST, "/exams/{exam}/roster", MULTIPART, ADMIN),
    (Method::POST, "/accounts", FORM, ADMIN),
    (Method::POST, "/webhooks", FORM, ADMIN),
    (Method::POST, "/webhooks/{webhook}", FORM, ADMIN),
    (Method::GET, "/v1/", "", ADMIN),
    (Method::POST, "/v1/webhooks/{webhook}/", "", ADMIN),
];

/// Answered by the server of this thread, which is another one now and then.
fn ask_server(which: u8, rest: &[u8]) -> Option<(u16, Vec<u8>)> {
    thread_local! {
        static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) };
    }
    let (method, path, media_type, token) = &ROUTES[usize::from(which) % ROUTES.len()];
    SERVER.with_borrow_mut(|server| {
        if server.as_ref().is_some_and(Server::is_old) {
            *server = None;
        }
        let server = server.get_or_insert_with(Server::start);
        let there = server.there.iter().map(|(name, id)| (*name, id.as_str()));
        let path = there
            .chain([("{session}", OF_SESSION)])
            .fold((*path).to_owned(), |path, (name, id)| path.replace(name, id));
        let mut request = Request::builder().method(method).header(HOST, "a.example");
        let body = if media_type.is_empty() {
            request = request.uri(format!("{path}{}", std::str::from_utf8(rest).ok()?));
            Body::empty()
        } else {
            request = request.uri(&path).header(CONTENT_TYPE, *media_type);
            Body::from(rest.to_vec())
        };
        request = match server.tokens.get(*token) {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request.header(COOKIE, &server.cookie),
        };
        request = request
            .extension(axum::extract::ConnectInfo(std::net::SocketAddr::from(([127, 0, 0, 1], 9))));
        // What is no address never leaves a client.
        let answer = server.ask(request.body(body).ok()?);
        let status = answer.status().as_u16();
        assert!(status < 500, "{path}: {status}");
        // A stream has no end.
        let is_stream =
            answer.headers().get(CONTENT_TYPE).is_some_and(|it| it == "text/event-stream");
        Some((status, if is_stream { Vec::new() } else { server.body(answer) }))
    })
}

/// Requests to the server as a whole: whatever comes, it does not fail. One byte says which address,
/// the rest is the body.
pub fn http(bytes: &[u8]) {
    if let Some((which, rest)) = bytes.split_first() {
        ask_server(*which, rest);
    }
}

/// A list of candidates at the server: each line that it issues for has its own code; else nothing is issued,
/// and the lines that are named are there.
pub fn roster(bytes: &[u8]) {
    let route = ROUTES.iter().position(|(_, _, media_type, _)| *media_type == "text/csv").unwrap();
    let Some((status, body)) = ask_server(route as u8, bytes) else { return };
    let lines = bytes.split(|byte| *byte == b'\n' || *byte == b'\r').count() as u64;
    if status == 201 {
        let roster: Roster = serde_json::from_slice(&body).unwrap();
        assert!(!roster.seats.is_empty());
        let codes: BTreeSet<String> =
            roster.seats.iter().map(|seat| seat.issued.code.reveal()).collect();
        assert_eq!(codes.len(), roster.seats.len());
        assert!(roster.seats.iter().all(|seat| (2..=lines).contains(&seat.line)), "{lines}");
    } else {
        assert_eq!(status, 400);
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert!(problem.lines.iter().all(|it| (1..=lines).contains(&it.line)), "{lines}");
    }
}

/// The server's settings file: what cannot be used is said in one line, and what can be is safe.
pub fn settings(bytes: &[u8]) {
    let folder = quick_folder();
    let path = folder.path().join("server.toml");
    write(&path, bytes);
    let path = path.to_str().unwrap();
    let args = Args::try_parse_from(["inview-server", "--config", path, "--data", "/d"]).unwrap();
    match Settings::new(&args) {
        Ok(found) => {
            let is_open = found.transport == Transport::Plain && !found.listen.ip().is_loopback();
            assert!(!is_open || !found.trusted_proxies.is_empty());
            let Retention { sessions, audit } = found.retention;
            assert!([sessions, audit].into_iter().flatten().all(|kept| kept.as_hours() >= 24));
        }
        Err(reason) => {
            let reason = format!("{reason:#}");
            assert!(!reason.contains('\n'), "{reason}");
        }
    }
}
