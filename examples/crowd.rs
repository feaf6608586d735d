//! Fifty candidates and more, who are none: agents in all states report to a server that runs, to see
//! how its pages look and keep up.
//!
//! ```text
//! crowd ADDRESS AUTHORITY.pem AGENT.token SESSIONS SECONDS [MANAGER.token]
//! ```
//!
//! With the token of an exam provider they sit in the rooms of two exams.
#![expect(clippy::unwrap_used, reason = "a mistake on the command line may panic")]

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use inview::report::{
    BATCH_CONTENT_TYPE, ChainHead, ClosedBy, Event, EventData, Exam, Hash, Heartbeat, Identity,
    Incarnation, Interval, IntervalId, IntervalReport, Issued, Kind, Phase, Seen, SessionId,
    SessionStarted, Trouble,
};
use inview::time::MediaTime;
use jiff::Timestamp;
use reqwest::blocking::Client;

struct Server {
    client: Client,
    address: String,
    token: String,
}

struct Candidate {
    number: u64,
    identity: Identity,
    prevhash: Hash,
    begun: Timestamp,
    /// What is open, since when.
    open: Option<(Kind, MediaTime)>,
    made: u64,
}

impl Candidate {
    fn new(number: u64, run: Timestamp, seat: Option<SessionId>) -> Self {
        let named = || SessionId::derived(&[&number.to_be_bytes(), run.to_string().as_bytes()]);
        let session = seat.unwrap_or_else(named);
        let incarnation = Incarnation::of_replay(session);
        let identity = Identity { session, incarnation, seq: 1 };
        Self { number, identity, prevhash: Hash::ZERO, begun: run, open: None, made: 0 }
    }

    fn media(&self) -> MediaTime {
        MediaTime::from_micros(Timestamp::now().as_microsecond() - self.begun.as_microsecond())
    }

    fn tell(&mut self, server: &Server, data: EventData) {
        let time = Some(Timestamp::now().to_string());
        let event = Event::new(&self.identity, self.prevhash, time, data);
        let body = serde_json::to_string(&event).unwrap();
        self.identity.seq += 1;
        self.prevhash = Hash::of(body.as_bytes());
        let path = format!("{}/v1/sessions/{}/events", server.address, self.identity.session);
        let request = server.client.post(path).bearer_auth(&server.token);
        let request = request.header("content-type", BATCH_CONTENT_TYPE).body(format!("[{body}]"));
        // What is refused is missing: this is no agent.
        request.send().ok();
    }

    fn start(&mut self, server: &Server) {
        self.begun = Timestamp::now();
        let started = SessionStarted {
            label: label(self.number),
            started_at: Some(self.begun.to_string()),
            agent: "inview-crowd 0.1".to_owned(),
            sample_rate_hz: 5.0,
            policy_version: "default-1".to_owned(),
            policy: serde_json::json!({"alert_after_ms": 5_000}),
            models: Vec::new(),
            recording_sha256: None,
            consent: None,
            start_override: None,
            public_key: None,
        };
        self.tell(server, EventData::SessionStarted(started));
    }

    fn interval(&self, (kind, start): (Kind, MediaTime), end: Option<MediaTime>) -> IntervalReport {
        let utc = |at: MediaTime| {
            let at = self.begun.as_microsecond() + at.as_micros();
            Timestamp::from_microsecond(at).unwrap().to_string()
        };
        let interval = Interval {
            id: IntervalId::derived(self.identity.session, self.made),
            kind,
            start_ms: start,
            end_ms: end,
            confidence: 0.94,
            frames_looked_at: 20,
            frames_skipped: 100,
            closed_by: end.map(|_| ClosedBy::SeenAgain),
        };
        IntervalReport {
            interval,
            start_utc: Some(utc(start)),
            end_utc: end.map(utc),
            sample_rate_hz: 5.0,
            policy_version: "default-1".to_owned(),
            models: Vec::new(),
        }
    }

    fn opens(&mut self, server: &Server, kind: Kind) {
        self.made += 1;
        let open = (kind, self.media());
        self.open = Some(open);
        self.tell(server, EventData::IntervalOpened(self.interval(open, None)));
    }

    fn closes(&mut self, server: &Server) {
        let Some(open) = self.open.take() else { return };
        let end = Some(self.media());
        self.tell(server, EventData::IntervalClosed(self.interval(open, end)));
    }

    fn beats(&self, server: &Server) {
        let seen = match self.open {
            None => Seen::Face,
            Some((Kind::OutOfView, _)) => Seen::Nobody,
            Some((Kind::CameraCovered, _)) => Seen::LensCovered,
            Some(_) => Seen::BodyOnly,
        };
        let now = Timestamp::now().to_string();
        let trouble = Trouble { code: "battery_low".to_owned(), since: now.clone() };
        let heartbeat = Heartbeat {
            incarnation: self.identity.incarnation,
            sent_at: now,
            phase: if self.is_checking_in() { Phase::CheckIn } else { Phase::Exam },
            seen,
            health: if self.number % 17 == 4 { vec![trouble] } else { Vec::new() },
            head: ChainHead { seq: self.identity.seq - 1, hash: self.prevhash },
            confirmed: Vec::new(),
            nonce: None,
        };
        let path = format!("{}/v1/sessions/{}/heartbeats", server.address, self.identity.session);
        server.client.post(path).bearer_auth(&server.token).json(&heartbeat).send().ok();
    }

    fn is_checking_in(&self) -> bool {
        self.number % 20 == 19
    }

    /// One second of a life that depends on the number alone.
    fn lives(&mut self, server: &Server, second: u64) {
        let falls_silent = self.number % 20 == 7 && second > 60;
        if falls_silent {
            return;
        }
        if second == 0 && !self.is_checking_in() {
            self.start(server);
        }
        let kinds = [Kind::OutOfView, Kind::FaceNotVisible, Kind::CameraCovered, Kind::OutOfView];
        let kind = kinds[(self.number / 3) as usize % kinds.len()];
        let kind = if self.number % 11 == 3 { Kind::MultiplePeople } else { kind };
        // Some leave and come back, others leave for good, most stay.
        let (every, length) = match self.number % 10 {
            1 => (170, 40),
            3 => (130, 3),
            6 => (240, 12),
            8 => (90, 7),
            _ => (600, 2),
        };
        let phase = (second + self.number * 37) % every;
        if self.is_checking_in() {
        } else if self.open.is_none() && second > 3 && phase < length {
            self.opens(server, kind);
        } else if self.open.is_some() && phase >= length {
            self.closes(server);
        }
        if (second + self.number).is_multiple_of(10) || second == 0 {
            self.beats(server);
        }
    }
}

fn label(number: u64) -> String {
    format!("Candidate {}", 4_400 + number)
}

/// Issues a session for each, in two exams.
fn seats(server: &Server, manager: &str, sessions: u64) -> Vec<SessionId> {
    let put = |path: &str, body: serde_json::Value| {
        let request = server.client.post(format!("{}{path}", server.address)).json(&body);
        request.bearer_auth(manager).send().unwrap().error_for_status().unwrap()
    };
    let exams = ["Physics I", "Civil law"].map(|name| {
        let rooms = if name == "Physics I" { &["A1", "A2", "B7"][..] } else { &[] };
        let exam = put("/v1/exams", serde_json::json!({"name": name, "rooms": rooms}));
        exam.json::<Exam>().unwrap()
    });
    let seat = |number: u64| {
        let exam = &exams[usize::from(number % 3 == 2)];
        let room = exam.rooms.get((number / 3) as usize % exam.rooms.len().max(1));
        let asked = serde_json::json!({"label": label(number), "exam": exam.exam, "room": room});
        put("/v1/sessions", asked).json::<Issued>().unwrap().session
    };
    (0..sessions).map(seat).collect()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().unwrap();
    let (address, authority, token) = (next(), next(), next());
    let read = |path: &str| std::fs::read_to_string(path).unwrap().trim().to_owned();
    let (sessions, seconds): (u64, u64) = (next().parse().unwrap(), next().parse().unwrap());
    let authority = std::fs::read(authority).unwrap();
    let authority = reqwest::Certificate::from_pem(&authority).unwrap();
    let client = Client::builder().tls_certs_only([authority]).no_proxy().build().unwrap();
    let server = Server { client, address, token: read(&token) };
    let seats = arguments.next().map(|manager| seats(&server, &read(&manager), sessions));
    let seat = |number: u64| seats.as_ref()?.get(number as usize).copied();
    let run = Timestamp::now();
    let mut candidates: Vec<Candidate> =
        (0..sessions).map(|number| Candidate::new(number, run, seat(number))).collect();
    // Nothing comes: what it waits for is the time.
    let (_nobody, never) = sync_channel::<()>(0);
    for second in 0..seconds {
        for candidate in &mut candidates {
            candidate.lives(&server, second);
        }
        let passed = Timestamp::now().duration_since(run).as_millis();
        let left = (i128::from(second) + 1) * 1_000 - passed;
        never.recv_timeout(Duration::from_millis(u64::try_from(left).unwrap_or(0))).ok();
    }
}
