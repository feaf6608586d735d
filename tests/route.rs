//! The way to the server: through a proxy, and to a pinned key.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::time::Duration;

use inview::redact::Pii;
use inview::report::{EventData, Hash, Incarnation, SampledCamera, SessionEnded, SessionId};
use inview::spool::Outbox;
use inview::time::MediaTime;
use inview::trust::signature::SigningKey;
use inview::upload::{self, Delivery, EnrolError, Route, Settings, UploadError, Uploader};
use support::connect_proxy::ConnectProxy;
use support::server::ServerProgram;

const LONG: Duration = Duration::from_mins(1);

struct Exam {
    server: ServerProgram,
    spool: tempfile::TempDir,
    data: tempfile::TempDir,
}

impl Exam {
    /// A server, and three reports that wait for it.
    fn begin() -> Self {
        let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let server = ServerProgram::start(env!("CARGO_BIN_EXE_inview-server"), data.path());
        let session = SessionId::derived(&[b"route"]);
        let mut outbox =
            Outbox::open(spool.path(), session, Incarnation::of_replay(session)).unwrap();
        for number in 0..3 {
            let data = EventData::SessionEnded(SessionEnded {
                duration_ms: MediaTime::from_millis(number),
                intervals: 0,
                camera: SampledCamera::default(),
                truncated: None,
                ended_by: None,
            });
            outbox.append(None, data).unwrap();
        }
        Self { server, spool, data }
    }

    fn pin(&self) -> Hash {
        self.server.says("server_pin").parse().unwrap()
    }

    fn settings(&self, route: Route) -> Settings {
        Settings {
            server: self.server.says("address"),
            token: Pii::new(self.server.read("agent_token_file")),
            authority: Some(self.server.says("authority").into()),
            code: None,
            allow_plain_loopback: false,
            folder: self.spool.path().to_owned(),
            key: None,
            server_key: None,
            session: None,
            route,
        }
    }

    /// Tries to deliver, for a moment when it is not to succeed.
    fn deliver(&self, settings: Settings, timeout: Duration) -> Delivery {
        assert_eq!(settings.folder, self.spool.path());
        Uploader::start(settings).unwrap().finish(timeout)
    }
}

fn pinned(pin: Hash) -> Route {
    Route { pin: Some(pin), proxy: None }
}

#[test]
fn a_server_with_the_pinned_key_is_taken_and_one_with_another_is_told_nothing() {
    let exam = Exam::begin();
    let wrong = exam.settings(pinned(Hash::of(b"another key")));
    let delivery = exam.deliver(wrong, Duration::from_millis(300));
    assert_eq!((delivery.acknowledged, delivery.waiting), (0, 3));
    let reason = delivery.obstacle.unwrap().reason;
    assert_eq!(reason, "the server's key is not the one that is pinned");
    assert!(exam.server.sessions().is_empty());
    let right = exam.settings(pinned(exam.pin()));
    assert_eq!(exam.deliver(right, LONG).acknowledged, 3);
}

#[test]
fn a_pinned_key_does_not_make_up_for_a_certificate_that_is_not_good() {
    let exam = Exam::begin();
    // The system does not know the server's authority.
    let settings = Settings { authority: None, ..exam.settings(pinned(exam.pin())) };
    let delivery = exam.deliver(settings, Duration::from_millis(300));
    assert_eq!((delivery.acknowledged, delivery.waiting), (0, 3));
    // Another authority than the server's, and another name than the certificate's.
    let other = Exam::begin();
    let authority = Some(other.server.says("authority").into());
    let settings = Settings { authority, ..exam.settings(pinned(exam.pin())) };
    assert_eq!(exam.deliver(settings, Duration::from_millis(300)).acknowledged, 0);
    let address = exam.server.says("address").replace("127.0.0.1", "127.0.0.2");
    let settings = Settings { server: address, ..exam.settings(pinned(exam.pin())) };
    assert_eq!(exam.deliver(settings, Duration::from_millis(300)).acknowledged, 0);
    assert!(exam.server.sessions().is_empty());
}

#[test]
fn a_code_is_not_sent_to_a_server_with_another_key() {
    let exam = Exam::begin();
    let program = env!("CARGO_BIN_EXE_inview-server");
    let issued = ServerProgram::issue(program, exam.data.path(), "Seat 7");
    let authority = std::path::PathBuf::from(exam.server.says("authority"));
    let (address, token) = (exam.server.says("address"), Pii::new("7".repeat(64)));
    let key = SigningKey::from_secret(&[1; 32]).public();
    let enrol = |pin| {
        let route = pinned(pin);
        upload::enrol(&address, (Some(&authority), &route), &issued.code, &token, &key)
    };
    let refused = enrol(Hash::of(b"another key")).unwrap_err();
    assert!(matches!(refused, EnrolError::Untrusted(_)), "{refused:?}");
    assert!(refused.to_string().contains("pinned"), "{refused}");
    assert_eq!(enrol(exam.pin()).unwrap().session, issued.session);
}

#[test]
fn reports_go_through_the_proxy_that_is_named_also_to_a_pinned_key() {
    let exam = Exam::begin();
    let proxy = ConnectProxy::start();
    let named = Some(Pii::new(format!("http://seat:s3cret@{}", proxy.address)));
    let wrong = Route { proxy: named.clone(), pin: Some(Hash::of(b"another key")) };
    let delivery = exam.deliver(exam.settings(wrong), Duration::from_millis(300));
    assert_eq!(delivery.acknowledged, 0);
    let route = Route { proxy: named, pin: Some(exam.pin()) };
    assert_eq!(exam.deliver(exam.settings(route), LONG).acknowledged, 3);
    let asked = proxy.asked();
    let target = format!("CONNECT {} ", exam.server.address());
    assert!(asked.len() >= 2 && asked.iter().all(|head| head.starts_with(&target)), "{asked:?}");
    // seat:s3cret
    assert!(asked.iter().all(|head| head.contains("Basic c2VhdDpzM2NyZXQ=")), "{asked:?}");
}

#[test]
fn a_proxy_that_is_away_is_waited_for_and_never_passed_by() {
    let exam = Exam::begin();
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let route = Route { proxy: Some(Pii::new(format!("http://{unused}"))), pin: None };
    let delivery = exam.deliver(exam.settings(route), Duration::from_millis(300));
    assert_eq!((delivery.acknowledged, delivery.waiting), (0, 3));
    assert!(exam.server.sessions().is_empty());
}

#[test]
fn a_route_that_cannot_be_is_said_at_the_start() {
    let exam = Exam::begin();
    let start = |settings| Uploader::start(settings).map(drop).unwrap_err();
    let proxy = Some(Pii::new("socks5://127.0.0.1:9".to_owned()));
    let refused = start(exam.settings(Route { proxy, pin: None }));
    assert!(matches!(refused, UploadError::Proxy), "{refused}");
    let (server, allow_plain_loopback) = ("http://127.0.0.1:9".to_owned(), true);
    let plain = Settings { server, allow_plain_loopback, ..exam.settings(pinned(exam.pin())) };
    assert!(matches!(start(plain), UploadError::Pin));
}
