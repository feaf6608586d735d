//! A session that reports without an agent: one chain, over a connection of its own.

use inview::redact::Pii;
use inview::report::{
    ClosedBy, Event, EventData, Hash, Identity, Incarnation, Interval, IntervalId, IntervalReport,
    Kind, SessionId, SessionStarted,
};
use inview::spool::StoredEvent;
use inview::time::MediaTime;
use inview::upload::policy::Verdict;
use inview::upload::{ReportClient, Route, Settings};

use super::server::ServerProgram;

/// Where the reports of a server's own token go.
pub fn settings(server: &ServerProgram) -> Settings {
    Settings {
        server: server.says("address"),
        token: Pii::new(server.read("agent_token_file")),
        code: None,
        authority: Some(server.says("authority").into()),
        route: Route::default(),
        allow_plain_loopback: false,
        key: None,
        server_key: None,
        session: None,
        folder: std::path::PathBuf::new(),
    }
}

/// Makes the reports of a session, and sends each.
#[derive(Debug)]
pub struct Reporter {
    client: ReportClient,
    identity: Identity,
    prevhash: Hash,
}

impl Reporter {
    /// Its start is reported.
    pub fn start(server: &ServerProgram, session: SessionId) -> Self {
        let incarnation = Incarnation::of_replay(session);
        let mut reporter = Self {
            client: ReportClient::new(&settings(server)).unwrap(),
            identity: Identity { session, incarnation, seq: 1 },
            prevhash: Hash::ZERO,
        };
        reporter.report(EventData::SessionStarted(SessionStarted {
            label: format!("Seat {session}"),
            started_at: None,
            agent: "inview-test 1.2".to_owned(),
            sample_rate_hz: 5.0,
            policy_version: "default-1".to_owned(),
            policy: serde_json::json!({"alert_after_ms": 5_000}),
            models: Vec::new(),
            recording_sha256: None,
            consent: None,
            start_override: None,
            public_key: None,
        }));
        reporter
    }

    pub fn session(&self) -> SessionId {
        self.identity.session
    }

    /// Over a new connection: the server was started again.
    pub fn connect(&mut self, server: &ServerProgram) {
        self.client = ReportClient::new(&settings(server)).unwrap();
    }

    /// Reports an absence of six seconds: an alert. The server has it once this returns.
    pub fn alert(&mut self) {
        let start = MediaTime::from_millis(self.identity.seq.cast_signed() * 10_000);
        let interval = Interval {
            id: IntervalId::derived(self.session(), self.identity.seq),
            kind: Kind::OutOfView,
            start_ms: start,
            end_ms: Some(start + std::time::Duration::from_secs(6)),
            confidence: 0.97,
            frames_looked_at: 20,
            frames_skipped: 100,
            closed_by: Some(ClosedBy::SeenAgain),
        };
        self.report(EventData::IntervalClosed(IntervalReport {
            interval,
            start_utc: None,
            end_utc: None,
            sample_rate_hz: 5.0,
            policy_version: "default-1".to_owned(),
            models: Vec::new(),
        }));
    }

    fn report(&mut self, data: EventData) {
        let event = Event::new(&self.identity, self.prevhash, None, data);
        let body = serde_json::to_vec(&event).unwrap();
        let (seq, hash) = (self.identity.seq, Hash::of(&body));
        let batch = [StoredEvent { seq, body, hash }];
        let of = (self.identity.session, self.identity.incarnation);
        // The server may ask to come again, and closes connections that nobody uses.
        super::wait_until(|| match self.client.send(of, &batch) {
            Ok(Verdict::Acknowledged(_)) => true,
            Err(_) | Ok(Verdict::Retry { .. }) => false,
            Ok(other) => panic!("{other:?}"),
        });
        self.identity.seq += 1;
        self.prevhash = hash;
    }
}
