//! The server by its addresses, without a port.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod accounts;
mod acting;
mod api;
mod audit;
mod description;
mod erasing;
mod exams;
mod exporting;
mod heartbeats;
mod ingest;
mod issuing;
mod limits;
mod oidc;
mod pages;
mod people;
mod protocol;
mod reading;
mod reviews;
mod rights;
mod signed;
mod silence;
mod stream;
mod webhooks;
mod words;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::{Body, to_bytes};
use axum::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HOST, LOCATION,
    RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use inview::redact::Pii;
use inview::report::{
    BATCH_CONTENT_TYPE, ClosedBy, EndedBy, Event, EventData, EventStatus, Hash, Identity,
    Incarnation, Interval, IntervalId, IntervalList, IntervalReport, Kind, Problem, Receipt,
    SampledCamera, Sampling, SessionDetail, SessionEnded, SessionId, SessionPage, SessionStarted,
    SessionStatus, Strain, problem,
};
use inview::server::access::credentials::grant_blocking;
use inview::server::home::Home;
use inview::server::store::{Scope, Tenant};
use inview::server::{State, app};
use inview::time::MediaTime;
use inview::trust::envelope;
use inview::trust::signature::SigningKey;
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
    manager: String,
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
        let [agent, proctor, manager] =
            [&home.agent_token, &home.proctor_token, &home.manager_token].map(|it| read(&it.path));
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        Self { home, second, runtime: runtime.unwrap(), agent, proctor, manager, _folder: folder }
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
        // While there is no administrator it leads to where one is made.
        let to = answer.headers[LOCATION].to_str().unwrap();
        assert!(answer.status == 303 && ["/", "/first-admin"].contains(&to), "{to}");
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
        self.keep(&Event::new(&self.identity, self.prevhash, None, data))
    }

    fn keep(&mut self, event: &Event) -> String {
        let body = serde_json::to_string(event).unwrap();
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
            consent: None,
            start_override: None,
            public_key: None,
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

    /// An opening at this time of the session, which is `now` by the agent's clock.
    fn opened(&mut self, kind: Kind, start: i64, now: &str) -> String {
        let interval = Interval {
            id: IntervalId::derived(self.session(), start as u64),
            kind,
            start_ms: MediaTime::from_millis(start),
            end_ms: None,
            confidence: 0.97,
            frames_looked_at: 20,
            frames_skipped: 100,
            closed_by: None,
        };
        let data = EventData::IntervalOpened(IntervalReport {
            interval,
            start_utc: Some(now.to_owned()),
            end_utc: None,
            sample_rate_hz: 5.0,
            policy_version: "default-1".to_owned(),
            models: Vec::new(),
        });
        let event = Event::new(&self.identity, self.prevhash, Some(now.to_owned()), data);
        self.keep(&event)
    }

    fn sampling(&mut self, millis: i64, sample_rate_hz: f64, strain: Option<Strain>) -> String {
        let at_ms = MediaTime::from_millis(millis);
        self.make(EventData::Sampling(Sampling { at_ms, sample_rate_hz, strain }))
    }

    fn ended(&mut self, millis: i64) -> String {
        self.ended_by(millis, None)
    }

    fn ended_by(&mut self, millis: i64, by: Option<EndedBy>) -> String {
        self.make(EventData::SessionEnded(SessionEnded {
            duration_ms: MediaTime::from_millis(millis),
            intervals: 0,
            camera: SampledCamera { frames: 900, sampled: 150, unusable: 3 },
            truncated: Some("the file ends early".to_owned()),
            ended_by: by,
        }))
    }

    /// An event that can never be stored.
    fn poison(&mut self) -> String {
        let body = self.ended(-5);
        self.prevhash = Hash::of(body.as_bytes());
        body
    }
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_secret(&[number; 32])
}

/// An event with its signature.
fn sealed(event: &str, key: &SigningKey) -> String {
    let event = event.as_bytes();
    String::from_utf8(envelope::seal(event, &envelope::sign(event, key))).unwrap()
}

fn batch(events: &[&str]) -> String {
    format!("[{}]", events.join(","))
}
