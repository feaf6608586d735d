//! The server by its addresses, without a port.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::{Body, to_bytes};
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, COOKIE, LOCATION, RETRY_AFTER,
    SET_COOKIE, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use inview::redact::Pii;
use inview::report::{
    BATCH_CONTENT_TYPE, ClosedBy, Event, EventData, EventStatus, Hash, Identity, Incarnation,
    Interval, IntervalId, IntervalList, IntervalReport, Kind, Problem, Receipt, SampledCamera,
    SessionDetail, SessionEnded, SessionId, SessionPage, SessionStarted, SessionStatus, problem,
};
use inview::server::auth::grant_blocking;
use inview::server::home::Home;
use inview::server::store::{Scope, Tenant};
use inview::server::{State, app};
use inview::time::MediaTime;
use jiff::{SignedDuration, Timestamp};
use tower::ServiceExt as _;

const DAY: i64 = 86_400;

/// A server whose clock is set by hand.
struct Server {
    home: Home,
    second: Arc<AtomicI64>,
    runtime: tokio::runtime::Runtime,
    agent: String,
    proctor: String,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    #[track_caller]
    fn is_problem(&self, status: u16, kind: &str) -> Problem {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json");
        let problem: Problem = self.json();
        assert_eq!((problem.kind.as_str(), problem.status), (kind, status));
        problem
    }
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let second = Arc::new(AtomicI64::new(20_000 * DAY));
        let hand = Arc::clone(&second);
        let clock = Arc::new(move || Timestamp::from_second(hand.load(Ordering::SeqCst)).unwrap());
        let home = Home::open(folder.path(), IpAddr::V4(Ipv4Addr::LOCALHOST), clock).unwrap();
        let read = |path| std::fs::read_to_string(path).unwrap().trim().to_owned();
        let (agent, proctor) = (read(&home.agent_token.path), read(&home.proctor_token.path));
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        Self { home, second, runtime: runtime.unwrap(), agent, proctor, _folder: folder }
    }

    fn state(&self) -> &State {
        &self.home.state
    }

    fn pass(&self, seconds: i64) {
        self.second.fetch_add(seconds, Ordering::SeqCst);
    }

    fn token(&self, scope: Scope, tenant: &str) -> String {
        let token = format!("a token of {tenant} to {scope:?}");
        let lifetime = SignedDuration::from_hours(1);
        let secret = Pii::new(token.clone());
        grant_blocking(self.state(), &secret, scope, Tenant::new(tenant), lifetime).unwrap();
        token
    }

    fn ask(&self, request: Request<Body>) -> Answer {
        self.runtime.block_on(async {
            let answer = app(self.state().clone()).oneshot(request).await.unwrap();
            let (head, body) = answer.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap().into();
            Answer { status: head.status, headers: head.headers, body }
        })
    }

    fn post_as(&self, token: &str, session: SessionId, body: impl Into<Body>) -> Answer {
        self.ask(
            post(session)
                .header(AUTHORIZATION, format!("Bearer {token}"))
                .body(body.into())
                .unwrap(),
        )
    }

    fn post(&self, session: SessionId, body: impl Into<Body>) -> Answer {
        self.post_as(&self.agent, session, body)
    }

    fn get_as(&self, token: &str, address: &str) -> Answer {
        let request = Request::get(address).header(AUTHORIZATION, format!("Bearer {token}"));
        self.ask(request.body(Body::empty()).unwrap())
    }

    fn get(&self, address: &str) -> Answer {
        self.get_as(&self.proctor, address)
    }

    fn page(&self, cookie: &str, address: &str) -> Answer {
        let request = Request::get(address).header(COOKIE, cookie).header(ACCEPT, "text/html");
        self.ask(request.body(Body::empty()).unwrap())
    }

    /// The cookie that an answer sets.
    fn sign_in(&self) -> String {
        let code = self.home.sign_in_code().unwrap();
        let answer = self.ask(get(&format!("/sign-in/{}", code.reveal())));
        assert_eq!(
            (answer.status.as_u16(), &answer.headers[LOCATION]),
            (303, &"/".parse().unwrap())
        );
        cookie(&answer)
    }
}

fn get(address: &str) -> Request<Body> {
    Request::get(address).body(Body::empty()).unwrap()
}

fn post(session: SessionId) -> axum::http::request::Builder {
    Request::post(format!("/v1/sessions/{session}/events")).header(CONTENT_TYPE, BATCH_CONTENT_TYPE)
}

fn cookie(answer: &Answer) -> String {
    let cookie = answer.headers[SET_COOKIE].to_str().unwrap();
    for flag in ["__Host-inview=", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(flag), "{flag}: {cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

/// Makes the events of a session.
struct Agent {
    identity: Identity,
    prevhash: Hash,
}

impl Agent {
    fn new(number: u128) -> Self {
        let session = SessionId(uuid::Uuid::from_u128(number));
        let incarnation = Incarnation::of_replay(session);
        Self { identity: Identity { session, incarnation, seq: 1 }, prevhash: Hash::ZERO }
    }

    fn session(&self) -> SessionId {
        self.identity.session
    }

    fn make(&mut self, data: EventData) -> String {
        let event = Event::new(&self.identity, self.prevhash, None, data);
        let body = serde_json::to_string(&event).unwrap();
        self.identity.seq += 1;
        self.prevhash = Hash::of(body.as_bytes());
        body
    }

    fn started(&mut self, label: &str) -> String {
        self.make(EventData::SessionStarted(SessionStarted {
            label: label.to_owned(),
            started_at: None,
            agent: "inview-test 1.2".to_owned(),
            sample_rate_hz: 5.0,
            policy_version: "default-1".to_owned(),
            policy: serde_json::json!({"alert_after_ms": 5_000, "face": {"enter": 0.7}}),
            models: Vec::new(),
            recording_sha256: Some(Hash::of(b"recording")),
        }))
    }

    fn closed(&mut self, kind: Kind, start: i64, end: i64) -> String {
        let interval = Interval {
            id: IntervalId::derived(self.session(), start as u64),
            kind,
            start_ms: MediaTime::from_millis(start),
            end_ms: Some(MediaTime::from_millis(end)),
            confidence: 0.97,
            frames_looked_at: 20,
            frames_skipped: 100,
            closed_by: Some(ClosedBy::SeenAgain),
        };
        self.make(EventData::IntervalClosed(IntervalReport {
            interval,
            start_utc: None,
            end_utc: None,
            sample_rate_hz: 5.0,
            policy_version: "default-1".to_owned(),
            models: Vec::new(),
        }))
    }

    fn ended(&mut self, millis: i64) -> String {
        self.make(EventData::SessionEnded(SessionEnded {
            duration_ms: MediaTime::from_millis(millis),
            intervals: 0,
            camera: SampledCamera { frames: 900, sampled: 150, unusable: 3 },
        }))
    }

    /// An event that can never be stored.
    fn poison(&mut self) -> String {
        let body = self.ended(-5);
        self.prevhash = Hash::of(body.as_bytes());
        body
    }
}

fn batch(events: &[&str]) -> String {
    format!("[{}]", events.join(","))
}

#[test]
fn a_batch_is_answered_by_a_receipt_and_sent_again_by_the_same_one() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let (one, two) = (agent.started("x"), agent.ended(30_000));
    for expected in [EventStatus::Accepted, EventStatus::Duplicate] {
        let answer = server.post(agent.session(), batch(&[&one, &two]));
        assert_eq!(answer.status, 200);
        let receipt: Receipt = answer.json();
        assert_eq!(receipt.session, agent.session());
        assert_eq!(receipt.incarnation, agent.identity.incarnation);
        assert_eq!((receipt.acked_seq, receipt.head_hash), (2, Hash::of(two.as_bytes())));
        let statuses: Vec<_> = receipt.results.iter().map(|result| result.status).collect();
        assert_eq!(statuses, [expected; 2]);
        assert_eq!(receipt.results[1].id, Identity { seq: 2, ..agent.identity }.event_id());
        assert_eq!(receipt.server_time, "2024-10-04T00:00:00Z");
    }
}

#[test]
fn what_does_not_continue_the_chain_is_a_conflict() {
    let (server, mut agent, mut other) = (Server::start(), Agent::new(1), Agent::new(1));
    let (one, two, three) = (agent.started("x"), agent.ended(1), agent.ended(2));
    let problem = server.post(agent.session(), batch(&[&two])).is_problem(409, problem::GAP);
    assert_eq!(problem.results[0].status, EventStatus::NotStored);
    assert_eq!(server.get("/v1/sessions").json::<SessionPage>().sessions, []);
    assert_eq!(server.post(agent.session(), batch(&[&one, &two])).status, 200);
    let changed = other.started("y");
    let forked = server.post(agent.session(), batch(&[&changed]));
    assert_eq!(forked.is_problem(409, problem::FORK).results[0].status, EventStatus::Fork);
    let elsewhere = three.replace(&Hash::of(two.as_bytes()).to_string(), &Hash::ZERO.to_string());
    server.post(agent.session(), batch(&[&elsewhere])).is_problem(409, problem::FORK);
    let detail: SessionDetail = server.get(&format!("/v1/sessions/{}", agent.session())).json();
    assert_eq!((detail.forks, detail.summary.label.as_str()), (2, "x"));
}

#[test]
fn a_malformed_event_is_named_and_the_chain_goes_on_over_it() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let (one, poison, three) = (agent.started("x"), agent.poison(), agent.ended(3));
    let answer = server.post(agent.session(), batch(&[&one, &poison, &three]));
    let problem = answer.is_problem(422, problem::MALFORMED_EVENTS);
    let statuses: Vec<_> = problem.results.iter().map(|result| result.status).collect();
    let not_stored = EventStatus::NotStored;
    assert_eq!(statuses, [not_stored, EventStatus::Rejected, not_stored]);
    assert!(problem.detail.unwrap().contains("duration_ms"));
    assert_eq!(server.post(agent.session(), batch(&[&one])).status, 200);
    server.post(agent.session(), batch(&[&poison])).is_problem(422, problem::MALFORMED_EVENTS);
    let receipt: Receipt = server.post(agent.session(), batch(&[&three])).json();
    assert_eq!(receipt.acked_seq, 3);
    let session = agent.session();
    let detail: SessionDetail = server.get(&format!("/v1/sessions/{session}")).json();
    assert_eq!(detail.rejected[0].seq, 2);
    assert_eq!(detail.chains[0].head_seq, 3);
    let events = server.get(&format!("/v1/sessions/{session}/events"));
    assert_eq!(events.text(), batch(&[&one, &three]));
}

#[test]
fn what_is_no_batch_is_refused() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let (one, session) = (agent.started("x"), agent.session());
    for body in
        ["", "{}", "[]", "[{]", "nonsense", &format!("{}{}", "[".repeat(9_000), "]".repeat(9_000))]
    {
        let answer = server.post(session, body.to_owned());
        assert!([400, 422].contains(&answer.status.as_u16()), "{body}: {}", answer.text());
    }
    server.post(session, "[]").is_problem(400, problem::MALFORMED_BATCH);
    let mut other = Agent::new(1);
    other.identity.incarnation = Incarnation(uuid::Uuid::from_u128(9));
    let mixed = batch(&[&one, &other.started("y")]);
    server.post(session, mixed).is_problem(400, problem::MALFORMED_BATCH);
    let foreign = server.post(SessionId(uuid::Uuid::from_u128(2)), batch(&[&one]));
    foreign.is_problem(422, problem::MALFORMED_EVENTS);
    let unknown = one.replace("session.started.v1", "session.started.v9");
    let problem =
        server.post(session, batch(&[&unknown])).is_problem(422, problem::MALFORMED_EVENTS);
    assert!(problem.results[0].detail.as_ref().unwrap().contains("not known"));
}

#[test]
fn the_limits_are_kept() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let events: Vec<String> = (0..101).map(|millis| agent.ended(millis)).collect();
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    server.post(session, batch(&events)).is_problem(413, problem::TOO_LARGE);
    assert_eq!(server.post(session, batch(&events[..100])).status, 200);
    let full = |bytes: usize| format!("[{}]", " ".repeat(bytes - 2));
    server.post(session, full(256 * 1024 + 1)).is_problem(413, problem::TOO_LARGE);
    server.post(session, full(256 * 1024)).is_problem(400, problem::MALFORMED_BATCH);
    let endless = slow_body(b" ", false);
    server.post(session, endless).is_problem(413, problem::TOO_LARGE);
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let server = Server::start();
    // The runtime's clock jumps ahead when there is nothing else to do.
    let answer = server.post(Agent::new(1).session(), slow_body(b"[", true));
    answer.is_problem(408, problem::TIMEOUT);
}

/// A body that goes on forever, or hangs after its first piece.
fn slow_body(piece: &'static [u8], hangs: bool) -> Body {
    struct Pieces(&'static [u8], bool, bool);
    impl axum::body::HttpBody for Pieces {
        type Data = axum::body::Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
            if self.1 && self.2 {
                return std::task::Poll::Pending;
            }
            self.2 = true;
            let bytes = axum::body::Bytes::from_static(self.0);
            std::task::Poll::Ready(Some(Ok(http_body::Frame::data(bytes))))
        }
    }
    Body::new(Pieces(piece, hangs, false))
}

#[test]
fn other_content_is_refused() {
    let server = Server::start();
    let session = Agent::new(1).session();
    let bearer = format!("Bearer {}", server.agent);
    for (name, value) in [
        (CONTENT_TYPE, "application/json"),
        (CONTENT_TYPE, "text/plain"),
        (CONTENT_ENCODING, "gzip"),
    ] {
        let mut request =
            post(session).header(AUTHORIZATION, &bearer).body(Body::from("[]")).unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        server.ask(request).is_problem(415, problem::CONTENT_TYPE);
    }
    let mut request = post(session).header(AUTHORIZATION, &bearer).body(Body::from("[]")).unwrap();
    let with_charset = format!("{BATCH_CONTENT_TYPE}; charset=utf-8").parse().unwrap();
    request.headers_mut().insert(CONTENT_TYPE, with_charset);
    server.ask(request).is_problem(400, problem::MALFORMED_BATCH);
}

#[test]
fn who_writes_does_not_read_and_who_reads_does_not_write() {
    let server = Server::start();
    let session = Agent::new(1).session();
    let refused = server.ask(post(session).body(Body::from("[]")).unwrap());
    refused.is_problem(401, problem::UNAUTHORIZED);
    assert_eq!(refused.headers[WWW_AUTHENTICATE], "Bearer realm=\"inview\"");
    server.post_as("guessed", session, "[]").is_problem(401, problem::UNAUTHORIZED);
    server.post_as(&server.proctor, session, "[]").is_problem(403, problem::SCOPE);
    for address in ["/v1/sessions", &format!("/v1/sessions/{session}")] {
        server.ask(get(address)).is_problem(401, problem::UNAUTHORIZED);
        server.get_as("guessed", address).is_problem(401, problem::UNAUTHORIZED);
        server.get_as(&server.agent, address).is_problem(403, problem::SCOPE);
    }
    let short = server.token(Scope::Write, "local");
    server.post_as(&short, session, "[]").is_problem(400, problem::MALFORMED_BATCH);
    server.pass(3_600);
    server.post_as(&short, session, "[]").is_problem(401, problem::UNAUTHORIZED);
}

#[test]
fn what_is_another_tenants_does_not_exist() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let one = agent.started("theirs");
    let (writer, reader) = (server.token(Scope::Write, "b"), server.token(Scope::Read, "b"));
    assert_eq!(server.post(session, batch(&[&one])).status, 200);
    for rest in ["", "/intervals", "/events"] {
        let address = format!("/v1/sessions/{session}{rest}");
        assert_eq!(server.get(&address).status, 200, "{address}");
        server.get_as(&reader, &address).is_problem(404, problem::NOT_FOUND);
    }
    assert!(server.get_as(&reader, "/v1/sessions").json::<SessionPage>().sessions.is_empty());
    let cursor = format!("/v1/sessions?after={session}");
    server.get_as(&reader, &cursor).is_problem(400, problem::PARAMETER);
    // The same session's id is theirs to use, and is another session.
    let other = Agent::new(1).started("ours");
    assert_eq!(server.post_as(&writer, session, batch(&[&other])).status, 200);
    let detail: SessionDetail = server.get_as(&reader, &format!("/v1/sessions/{session}")).json();
    assert_eq!(detail.summary.label, "ours");
}

#[test]
fn what_is_not_there_is_a_problem_too() {
    let server = Server::start();
    server.get("/v1/nothing").is_problem(404, problem::NOT_FOUND);
    let upper = SessionId(uuid::Uuid::max()).to_string().to_uppercase();
    for session in ["7", &uuid::Uuid::nil().to_string(), &upper] {
        server.get(&format!("/v1/sessions/{session}")).is_problem(404, problem::NOT_FOUND);
        server.get(&format!("/v1/sessions/{session}/events")).is_problem(404, problem::NOT_FOUND);
    }
    let delete = Request::delete("/v1/sessions").body(Body::empty()).unwrap();
    server.ask(delete).is_problem(405, problem::METHOD);
    for query in ["limit=0", "limit=101", "limit=x", "after=7"] {
        server.get(&format!("/v1/sessions?{query}")).is_problem(400, problem::PARAMETER);
    }
    assert_eq!(server.ask(get("/v1/health")).text(), r#"{"status":"ok"}"#);
}

#[test]
fn sessions_come_in_pages_the_newest_first() {
    let server = Server::start();
    for number in 1..=5 {
        let mut agent = Agent::new(number);
        let label = number.to_string();
        assert_eq!(server.post(agent.session(), batch(&[&agent.started(&label)])).status, 200);
        // Two of them in one second.
        server.pass(i64::from(number != 3));
    }
    let (mut labels, mut address) = (Vec::new(), "/v1/sessions?limit=2".to_owned());
    loop {
        let page: SessionPage = server.get(&address).json();
        labels.extend(page.sessions.into_iter().map(|session| session.label));
        let Some(next) = page.next else { break };
        address = format!("/v1/sessions?limit=2&after={next}");
    }
    assert_eq!(labels, ["5", "4", "3", "2", "1"]);
}

#[test]
fn what_is_known_of_a_session_is_told() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let events = [
        agent.started("candidate 7"),
        agent.closed(Kind::OutOfView, 4_200, 9_940),
        agent.closed(Kind::TooDark, 12_000, 13_000),
    ];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    server.post(session, batch(&events));
    let summary = || server.get("/v1/sessions").json::<SessionPage>().sessions.remove(0);
    assert_eq!(summary().status, SessionStatus::Running);
    assert_eq!(summary().duration_ms, MediaTime::from_millis(13_000));
    server.pass(601);
    assert_eq!(summary().status, SessionStatus::Silent);
    server.post(session, batch(&[&agent.ended(30_000)]));
    let summary = summary();
    assert_eq!(summary.status, SessionStatus::Ended);
    assert_eq!((summary.intervals, summary.alerts), (2, 1));
    assert_eq!(summary.duration_ms, MediaTime::from_millis(30_000));
    assert_eq!(summary.first_contact, "2024-10-04T00:00:00Z");
    assert_eq!(summary.last_contact, "2024-10-04T00:10:01Z");
    let detail: SessionDetail = server.get(&format!("/v1/sessions/{session}")).json();
    assert_eq!(detail.summary, summary);
    assert_eq!(detail.policy["face"]["enter"], 0.7);
    assert_eq!(detail.camera.unwrap().frames, 900);
    let found: IntervalList = server.get(&format!("/v1/sessions/{session}/intervals")).json();
    let address = format!("/v1/sessions/{session}/intervals?limit=1");
    let first: IntervalList = server.get(&address).json();
    let second: IntervalList =
        server.get(&format!("{address}&after={}", first.next.unwrap())).json();
    assert_eq!([first.intervals, second.intervals].concat(), found.intervals);
    assert_eq!(second.next, None);
    let found: Vec<_> =
        found.intervals.iter().map(|it| (it.report.interval.kind, it.alert)).collect();
    assert_eq!(found, [(Kind::OutOfView, true), (Kind::TooDark, false)]);
}

#[test]
fn events_are_given_back_byte_by_byte_and_in_pages() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let events: Vec<String> = (0..5).map(|millis| agent.ended(millis)).collect();
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    server.post(session, batch(&events));
    let address = format!("/v1/sessions/{session}/events");
    let all = server.get(&address);
    assert_eq!(all.headers[CONTENT_TYPE], BATCH_CONTENT_TYPE);
    assert_eq!(all.text(), batch(&events));
    let some = server.get(&format!("{address}?after_seq=1&limit=2"));
    assert_eq!(some.text(), batch(&events[1..3]));
    assert_eq!(server.get(&format!("{address}?after_seq=5")).text(), "[]");
    assert_eq!(server.get(&format!("{address}?after_seq={}", u64::MAX)).text(), "[]");
    let mut second = Agent::new(1);
    second.identity.incarnation = Incarnation(uuid::Uuid::from_u128(9));
    server.post(session, batch(&[&second.ended(1)]));
    server.get(&address).is_problem(400, problem::PARAMETER);
    let one = server.get(&format!("{address}?incarnation={}", agent.identity.incarnation));
    assert_eq!(one.text(), batch(&events));
}

#[test]
fn pages_show_the_intervals_and_nothing_that_was_typed_by_others_runs() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let events = [
        agent.started("<script>alert(1)</script>"),
        agent.closed(Kind::OutOfView, 4_200, 9_940),
        agent.closed(Kind::CameraCovered, 12_000, 13_000),
        agent.ended(30_000),
    ];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    server.post(session, batch(&events));
    let cookie = server.sign_in();
    let list = server.page(&cookie, "/");
    let one = server.page(&cookie, &format!("/sessions/{session}"));
    for page in [&list, &one] {
        assert_eq!(page.status, 200);
        assert_eq!(page.headers[CONTENT_TYPE], "text/html; charset=utf-8");
        let text = page.text();
        for part in [
            "<title>out of view: 0:04.2 to 0:09.9 (5.7 s)</title>",
            "<title>camera covered: 0:12.0 to 0:13.0 (1.0 s)</title>",
            "role=\"img\"",
            "1 alert",
            "ended",
            "alert(1)",
        ] {
            assert!(text.contains(part), "{part}");
        }
        for part in ["<script", "style=\"", "onload"] {
            assert!(!text.contains(part), "{part}");
        }
    }
    assert!(list.text().contains(&format!("/sessions/{session}")));
    for part in ["scope=\"col\"", "seen again", "face.enter", "0:09.9"] {
        assert!(one.text().contains(part), "{part}");
    }
}

#[test]
fn strangers_see_no_page_and_tenants_only_their_own() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    server.post(agent.session(), batch(&[&agent.started("x")]));
    let address = format!("/sessions/{}", agent.session());
    for page in ["/", &address] {
        let answer = server.ask(get(page));
        assert_eq!(
            (answer.status.as_u16(), &answer.headers[LOCATION]),
            (303, &"/login".parse().unwrap())
        );
        assert_eq!(server.page("__Host-inview=guessed", page).status, 303);
        // A token is no cookie.
        assert_eq!(server.page(&format!("__Host-inview={}", server.proctor), page).status, 303);
    }
    let theirs = server.token(Scope::Page, "b");
    let theirs = format!("__Host-inview={theirs}");
    assert!(server.page(&theirs, "/").text().contains("No session has been reported yet"));
    assert_eq!(server.page(&theirs, &address).status, 404);
}

#[test]
fn every_answer_has_the_strict_headers() {
    let server = Server::start();
    let cookie = server.sign_in();
    for address in ["/", "/login", "/assets/style.css", "/v1/health", "/nowhere", "/v1/sessions"] {
        let answer = server.page(&cookie, address);
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{address}: {policy}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer");
        assert!(!answer.headers.contains_key("strict-transport-security"));
        let caching = if address.starts_with("/assets/") { "no-cache" } else { "no-store" };
        assert_eq!(answer.headers["cache-control"], caching, "{address}");
    }
}

#[test]
fn a_sign_in_link_is_good_once_and_for_ten_minutes() {
    let server = Server::start();
    let code = server.home.sign_in_code().unwrap();
    let link = format!("/sign-in/{}", code.reveal());
    let cookie = cookie(&server.ask(get(&link)));
    assert_eq!(server.page(&cookie, "/").status, 200);
    let again = server.ask(get(&link));
    assert_eq!(again.status, 401);
    assert!(!again.headers.contains_key(SET_COOKIE));
    let late = server.home.sign_in_code().unwrap();
    server.pass(600);
    assert_eq!(server.ask(get(&format!("/sign-in/{}", late.reveal()))).status, 401);
    server.pass(12 * 3_600);
    assert_eq!(server.page(&cookie, "/").status, 303);
}

#[test]
fn a_proctor_signs_in_by_the_token_and_out_again() {
    let server = Server::start();
    let form = |token: &str| {
        let request = Request::post("/login")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("token={token}")));
        server.ask(request.unwrap())
    };
    for refused in ["", "guessed", &server.agent] {
        let answer = form(refused);
        assert_eq!(answer.status, 401);
        assert!(answer.text().contains("not accepted"));
    }
    let cookie = cookie(&form(&server.proctor));
    assert_eq!(server.page(&cookie, "/").status, 200);
    // The cookie reads for programs, too, and never writes.
    assert_eq!(server.page(&cookie, "/v1/sessions").status, 200);
    let write = post(Agent::new(1).session()).header(COOKIE, &cookie).body(Body::from("[]"));
    server.ask(write.unwrap()).is_problem(401, problem::UNAUTHORIZED);
    let out = Request::builder().method(Method::POST).uri("/logout").header(COOKIE, &cookie);
    assert_eq!(server.ask(out.body(Body::empty()).unwrap()).status, 303);
    assert_eq!(server.page(&cookie, "/").status, 303);
}

#[test]
fn too_much_at_once_is_asked_to_come_again() {
    let server = Server::start();
    let session = Agent::new(1).session();
    let bearer = format!("Bearer {}", server.agent);
    let busy = server.runtime.block_on(async {
        let app = app(server.state().clone());
        let hanging: Vec<_> = (0..300)
            .map(|_| {
                let request = post(session).header(AUTHORIZATION, &bearer);
                let request = request.body(slow_body(b"[", true)).unwrap();
                tokio::spawn(app.clone().oneshot(request))
            })
            .collect();
        let mut busy = 0;
        for answer in hanging {
            let answer = answer.await.unwrap().unwrap();
            if answer.status() == 503 {
                assert!(answer.headers().contains_key(RETRY_AFTER));
                busy += 1;
            } else {
                assert_eq!(answer.status(), 408);
            }
        }
        busy
    });
    assert_eq!(busy, 300 - 256);
}

/// The blocks of one kind in the description of the protocol.
fn examples(kind: &str) -> Vec<&'static str> {
    let blocks = include_str!("../docs/PROTOCOL.md").split("```json ").skip(1);
    let blocks = blocks.filter_map(|block| block.strip_prefix(kind)?.strip_prefix('\n'));
    blocks.map(|block| block.split("\n```").next().unwrap()).collect()
}

/// The example of an answer, and the answer, without what only the server's clock decides.
#[track_caller]
fn assert_example(kind: &str, answer: &Answer) {
    fn without_clocks(value: &mut serde_json::Value) {
        if let Some(fields) = value.as_object_mut() {
            for clock in ["server_time", "first_contact", "last_contact"] {
                fields.remove(clock);
            }
        }
        let listed = value.get_mut("sessions").and_then(serde_json::Value::as_array_mut);
        for session in listed.into_iter().flatten() {
            without_clocks(session);
        }
    }
    let mut example = serde_json::from_str(examples(kind)[0]).unwrap();
    let mut answer: serde_json::Value = answer.json();
    without_clocks(&mut example);
    without_clocks(&mut answer);
    assert_eq!(answer, example, "{kind}");
}

#[test]
fn the_examples_in_the_description_of_the_protocol_hold() {
    let server = Server::start();
    let events = examples("event");
    let first: Event = serde_json::from_str(events[0]).unwrap();
    let identity = first.identity().unwrap();
    let session = identity.session;
    assert_example("receipt", &server.post(session, batch(&events)));
    assert_example("sessions", &server.get("/v1/sessions?limit=1"));
    assert_example("intervals", &server.get(&format!("/v1/sessions/{session}/intervals")));
    let poison = events[3]
        .replace("\"1.0\"", "\"0.3\"")
        .replace(&identity.event_id().replace("-1", "-4"), &identity.event_id().replace("-1", "-5"))
        .replace(
            &Hash::of(events[2].as_bytes()).to_string(),
            &Hash::of(events[3].as_bytes()).to_string(),
        );
    assert_example("problem", &server.post(session, batch(&[&poison])));
    assert_example("session", &server.get(&format!("/v1/sessions/{session}")));
}
