//! A thousand candidates and more, who are none: agents that enrol, sign, report and send heartbeats as real
//! ones do, each over connections of its own, and live through what was recorded.
//!
//! ```text
//! load --server URL --ca AUTHORITY.pem --manager MANAGER.token --sessions 50 --seconds 600
//! ```
//!
//! The recording is what `inview-replay --format json` or `jsonl` prints. For each report that opens an interval
//! a line says which, and when the server had answered.
#![expect(clippy::unwrap_used, reason = "a mistake on the command line may panic")]
#![expect(clippy::print_stdout, reason = "it says what it has done")]

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use clap::Parser as _;
use inview::clock::{Anchor, Reading, boot_id};
use inview::redact::Pii;
use inview::report::{
    ChainHead, ClosedBy, CommandKind, Confirmation, Event, EventData, Exam, Hash, Heartbeat,
    Identity, Incarnation, Interval, IntervalId, IntervalReport, Issued, JoinCode, Kind,
    MAX_BATCH_EVENTS, Outcome, Phase, ProctorCommand, SampledCamera, Seen, SessionEnded, SessionId,
    SessionStarted, Trouble, UNKNOWN,
};
use inview::spool::StoredEvent;
use inview::time::MediaTime;
use inview::trust::envelope;
use inview::trust::signature::{PublicKey, SigningKey};
use inview::upload::heartbeat::HeartbeatClient;
use inview::upload::policy::Verdict;
use inview::upload::schedule::Schedule;
use inview::upload::{ReportClient, Route, Settings, enrol};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Clone, clap::Parser)]
struct Args {
    #[arg(long)]
    server: String,
    #[arg(long)]
    ca: PathBuf,
    /// Makes exams, and enrols the agents with their codes.
    #[arg(long, conflicts_with_all = ["token", "codes"])]
    manager: Option<PathBuf>,
    /// Enrols agents with these codes, one a line.
    #[arg(long, conflicts_with = "token")]
    codes: Option<PathBuf>,
    /// Reports with this token, for sessions that nobody issued.
    #[arg(long, required_unless_present_any = ["manager", "codes"])]
    token: Option<PathBuf>,
    #[arg(long, default_value_t = 50)]
    sessions: u64,
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// What they live through.
    #[arg(long, default_value = "tests/golden/replay/leave_ladder.json")]
    recording: PathBuf,
    /// They live through it again after so long.
    #[arg(long, default_value_t = 900)]
    every: u64,
    /// The exam began so long ago, and what they lived through then is told now.
    #[arg(long, default_value_t = 0)]
    since: u64,
    #[arg(long, default_value_t = 5_000)]
    alert_after_ms: u64,
    /// No reports but those of the start.
    #[arg(long)]
    quiet: bool,
    /// The exam ends when they stop.
    #[arg(long)]
    end: bool,
    /// One in twenty is still checking in, and one falls silent after a minute; some are in trouble.
    #[arg(long)]
    varied: bool,
    /// Agents that each thread keeps.
    #[arg(long, default_value_t = 20)]
    share: usize,
}

/// What was recorded of one exam.
#[derive(Deserialize)]
struct Recording {
    duration_s: f64,
    intervals: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Recorded {
    kind: Kind,
    start_s: f64,
    end_s: f64,
    confidence: f64,
    closed_by: ClosedBy,
    frames_looked_at: u64,
    frames_skipped: u64,
}

/// An agent reports what has lasted so long.
const RECORD_AFTER: Duration = Duration::from_secs(1);

struct Agent {
    number: u64,
    label: String,
    /// How far it has come: shown, then read.
    confirmed: Vec<Confirmation>,
    anchor: Anchor,
    reports: ReportClient,
    beats: HeartbeatClient,
    schedule: Schedule,
    key: SigningKey,
    identity: Identity,
    prevhash: Hash,
    /// What is to be reported, and when.
    coming: VecDeque<(MediaTime, EventData)>,
    open: Option<Kind>,
    intervals: u64,
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

fn chance() -> f64 {
    f64::from(u32::from_be_bytes(random())) / f64::from(u32::MAX)
}

impl Agent {
    fn new(args: &Args, number: u64, seat: Option<&JoinCode>) -> Self {
        let key = SigningKey::from_secret(&random());
        let token = match &args.token {
            Some(path) => std::fs::read_to_string(path).unwrap().trim().to_owned(),
            None => Hash::of(&random::<32>()).to_string(),
        };
        let token = Pii::new(token);
        let enrolled = seat.map(|code| {
            let route = (Some(args.ca.as_path()), &Route::default());
            enrol(&args.server, route, code, &token, &key.public()).unwrap()
        });
        let settings = Settings {
            server: args.server.clone(),
            token,
            code: seat.cloned(),
            authority: Some(args.ca.clone()),
            route: Route::default(),
            allow_plain_loopback: false,
            folder: PathBuf::new(),
            key: Some(key.clone()),
            server_key: enrolled.as_ref().map(|it| it.server_key.parse::<PublicKey>().unwrap()),
            session: None,
        };
        let session = enrolled.as_ref().map_or_else(|| SessionId(Uuid::now_v7()), |it| it.session);
        let now = Reading::now();
        let begun = Duration::from_secs(args.since).min(now.boot);
        let begun = Reading {
            boot: now.boot.saturating_sub(begun),
            awake: now.awake,
            wall: now.wall - begun,
        };
        let anchor = Anchor::at(&begun, boot_id());
        Self {
            number,
            label: enrolled.map_or_else(|| label(number), |enrolled| enrolled.label),
            confirmed: Vec::new(),
            schedule: Schedule::starting_at(anchor.media(&now)),
            reports: ReportClient::new(&settings).unwrap(),
            beats: HeartbeatClient::new(&settings).unwrap(),
            identity: Identity { session, incarnation: Incarnation(Uuid::now_v7()), seq: 1 },
            prevhash: Hash::ZERO,
            coming: VecDeque::new(),
            open: None,
            intervals: 0,
            anchor,
            key,
        }
    }

    fn media(&self) -> MediaTime {
        self.anchor.media(&Reading::now())
    }

    fn start(&mut self, args: &Args) {
        let started = SessionStarted {
            label: self.label.clone(),
            started_at: Some(self.anchor.utc(MediaTime::ZERO)),
            agent: concat!("inview-load ", env!("CARGO_PKG_VERSION")).to_owned(),
            sample_rate_hz: 5.0,
            policy_version: "default-1".to_owned(),
            policy: serde_json::json!({"alert_after_ms": args.alert_after_ms}),
            models: Vec::new(),
            recording_sha256: None,
            consent: None,
            start_override: None,
            public_key: Some(self.key.public().to_string()),
        };
        self.coming.push_front((MediaTime::ZERO, EventData::SessionStarted(started)));
    }

    /// Everything that this agent will live through.
    fn plan(&mut self, args: &Args, recording: &Recording) {
        let every = args.every as f64;
        // All are in another place of it.
        let mut round = -every * (self.number as f64 * 0.618).fract();
        if args.since > 0 {
            round = 1.0;
        }
        let mut plan = Vec::new();
        while round < (args.since + args.seconds) as f64 {
            for recorded in &recording.intervals {
                if round + recorded.start_s > 0.0 {
                    let (opened, closed) = self.reports_of(recorded, round);
                    plan.extend([opened, closed]);
                }
            }
            round += every.max(recording.duration_s);
        }
        plan.sort_by_key(|(at, _)| *at);
        self.coming = plan.into();
    }

    fn reports_of(
        &mut self,
        recorded: &Recorded,
        from: f64,
    ) -> ((MediaTime, EventData), (MediaTime, EventData)) {
        self.intervals += 1;
        let kind = match (recorded.kind, self.number % 9) {
            // The recording has one kind.
            (Kind::OutOfView, 2 | 5) => Kind::FaceNotVisible,
            (Kind::OutOfView, 7) => Kind::CameraCovered,
            (Kind::OutOfView, 8) => Kind::MultiplePeople,
            (kind, _) => kind,
        };
        let start = MediaTime::from_secs_f64(from + recorded.start_s);
        let end = MediaTime::from_secs_f64(from + recorded.end_s);
        let interval = Interval {
            id: IntervalId::derived(self.identity.session, self.intervals),
            kind,
            start_ms: start,
            end_ms: Some(end),
            confidence: recorded.confidence,
            frames_looked_at: recorded.frames_looked_at,
            frames_skipped: recorded.frames_skipped,
            closed_by: Some(recorded.closed_by),
        };
        let closed = IntervalReport {
            interval,
            start_utc: Some(self.anchor.utc(start)),
            end_utc: Some(self.anchor.utc(end)),
            sample_rate_hz: 5.0,
            policy_version: "default-1".to_owned(),
            models: Vec::new(),
        };
        let mut opened = IntervalReport { end_utc: None, ..closed.clone() };
        (opened.interval.end_ms, opened.interval.closed_by) = (None, None);
        let noticed = (start + RECORD_AFTER).min(end);
        ((noticed, EventData::IntervalOpened(opened)), (end, EventData::IntervalClosed(closed)))
    }

    fn end(&mut self) {
        let ended = SessionEnded {
            duration_ms: self.media(),
            intervals: self.intervals,
            camera: SampledCamera::default(),
            truncated: None,
            ended_by: None,
        };
        self.coming = [(MediaTime::ZERO, EventData::SessionEnded(ended))].into();
        self.report();
    }

    /// Sends what is due.
    fn report(&mut self) {
        let now = self.media();
        let mut batch: Vec<StoredEvent> = Vec::new();
        let mut opened = Vec::new();
        while batch.len() < MAX_BATCH_EVENTS
            && let Some((_, data)) = self.coming.pop_front_if(|(at, _)| *at <= now)
        {
            match &data {
                EventData::IntervalOpened(report) => {
                    self.open = Some(report.interval.kind);
                    opened.push(report.interval.id);
                }
                EventData::IntervalClosed(_) => self.open = None,
                EventData::SessionStarted(_)
                | EventData::Sampling(_)
                | EventData::Integrity(_)
                | EventData::Command(_)
                | EventData::SessionEnded(_) => {}
            }
            batch.push(self.sealed(data));
        }
        if batch.is_empty() {
            return;
        }
        let of = (self.identity.session, self.identity.incarnation);
        match self.reports.send(of, &batch) {
            Ok(Verdict::Acknowledged(_)) => {}
            other => println!("{}", serde_json::json!({"missed": format!("{other:?}")})),
        }
        let at = Reading::now().wall.as_microsecond() as f64 / 1e3;
        for interval in opened {
            println!("{}", serde_json::json!({"interval": interval, "answered_ms": at}));
        }
    }

    fn sealed(&mut self, data: EventData) -> StoredEvent {
        let now = Reading::now();
        let mut event = Event::new(&self.identity, self.prevhash, Some(now.wall.to_string()), data);
        event.clocks = now.clocks();
        let body = serde_json::to_vec(&event).unwrap();
        let (seq, hash) = (self.identity.seq, Hash::of(&body));
        self.identity.seq += 1;
        self.prevhash = hash;
        let body = envelope::seal(&body, &envelope::sign(&body, &self.key));
        StoredEvent { seq, body, hash }
    }

    fn beat(&mut self, args: &Args) {
        let seen = match self.open {
            None => Seen::Face,
            Some(Kind::OutOfView) => Seen::Nobody,
            Some(Kind::CameraCovered) => Seen::LensCovered,
            Some(_) => Seen::BodyOnly,
        };
        let (now, sent) = (Reading::now().wall.to_string(), self.media());
        let trouble = Trouble { code: "battery_low".to_owned(), since: now.clone() };
        let seq = self.identity.seq - 1;
        let heartbeat = Heartbeat {
            incarnation: self.identity.incarnation,
            sent_at: now,
            phase: if self.is_checking_in(args) { Phase::CheckIn } else { Phase::Exam },
            seen,
            health: Vec::from_iter((args.varied && self.number % 17 == 4).then_some(trouble)),
            head: ChainHead { seq, hash: self.prevhash },
            confirmed: self.confirmed.clone(),
            nonce: None,
        };
        match self.beats.send(self.identity.session, &heartbeat) {
            Ok(answer) => {
                self.confirmed = answer.commands.iter().map(confirmation).collect();
                self.schedule.answered(sent, answer.heartbeat_every_ms, chance());
                if self.confirmed != heartbeat.confirmed {
                    self.schedule.changed();
                }
            }
            Err((failure, obstacle)) => {
                println!("{}", serde_json::json!({"missed": obstacle.to_string()}));
                self.schedule.failed(sent, self.media(), failure, chance());
            }
        }
    }

    fn is_checking_in(&self, args: &Args) -> bool {
        args.varied && self.number % 20 == 19
    }

    /// Lives until now; returns when it goes on.
    fn lives(&mut self, args: &Args) -> MediaTime {
        let is_checking_in = self.is_checking_in(args);
        let now = self.media();
        let falls_silent = args.varied && self.number % 20 == 7;
        if falls_silent && now.since(MediaTime::ZERO) > Duration::from_mins(1) {
            return now + Duration::from_hours(1);
        }
        if !is_checking_in {
            self.report();
        }
        if self.schedule.due() <= now {
            self.beat(args);
        }
        let report = self.coming.front().filter(|_| !is_checking_in).map(|(at, _)| *at);
        report.into_iter().chain([self.schedule.due()]).min().unwrap_or(now)
    }
}

/// The candidate reads at once what is written.
fn confirmation(command: &ProctorCommand) -> Confirmation {
    let (outcome, reason) = match &command.kind {
        Some(CommandKind::Message { .. }) => (Outcome::Read, None),
        Some(CommandKind::AllowStart { .. }) => (Outcome::Done, None),
        // What these agents do not do, they do not claim.
        Some(CommandKind::CheckCamera | CommandKind::Extend { .. } | CommandKind::End { .. })
        | None => (Outcome::Refused, Some(UNKNOWN.to_owned())),
    };
    Confirmation { id: command.id, outcome, at: Reading::now().wall.to_string(), reason }
}

fn label(number: u64) -> String {
    format!("Candidate {}", 4_400 + number)
}

/// Issues a session for each, in two exams.
fn seats(args: &Args, manager: &str) -> Vec<JoinCode> {
    let authority = std::fs::read(&args.ca).unwrap();
    let authority = reqwest::Certificate::from_pem(&authority).unwrap();
    let client = reqwest::blocking::Client::builder().tls_certs_only([authority]).no_proxy();
    let client = client.timeout(Duration::from_mins(2)).build().unwrap();
    let put = |path: &str, body: serde_json::Value| {
        let request = client.post(format!("{}{path}", args.server)).json(&body);
        request.bearer_auth(manager).send().unwrap().error_for_status().unwrap()
    };
    let policy = serde_json::json!({
        "alert_after_ms": args.alert_after_ms,
        "warn_after_ms": args.alert_after_ms.min(2_000)
    });
    let exams = ["Physics I", "Civil law"].map(|name| {
        let rooms = if name == "Physics I" { &["A1", "A2", "B7"][..] } else { &[] };
        let exam = serde_json::json!({"name": name, "rooms": rooms, "policy": policy});
        put("/v1/exams", exam).json::<Exam>().unwrap()
    });
    let seat = |number: u64| {
        let exam = &exams[usize::from(number % 3 == 2)];
        let room = exam.rooms.get((number / 3) as usize % exam.rooms.len().max(1));
        let asked = serde_json::json!({"label": label(number), "exam": exam.exam, "room": room});
        put("/v1/sessions", asked).json::<Issued>().unwrap().code
    };
    (0..args.sessions).map(seat).collect()
}

/// Some of the agents, one after the other: an answer takes milliseconds.
fn keep(args: &Args, numbers: Vec<(u64, Option<JoinCode>)>, recording: &Recording) {
    // Nothing comes: what it waits for is the time.
    let (_nobody, never) = sync_channel::<()>(0);
    let begun = Reading::now().boot;
    let until = begun + Duration::from_secs(args.seconds);
    let mut agents: Vec<Agent> = Vec::new();
    for (number, code) in numbers {
        let mut agent = Agent::new(args, number, code.as_ref());
        if !args.quiet {
            agent.plan(args, recording);
        }
        agent.start(args);
        agents.push(agent);
        // Nobody is silent while others enrol.
        for agent in &mut agents {
            agent.lives(args);
        }
    }
    while Reading::now().boot < until {
        let mut wait = Duration::from_millis(200);
        for agent in &mut agents {
            let next = agent.lives(args);
            wait = wait.min(next.since(agent.media()));
        }
        never.recv_timeout(wait).ok();
    }
    if args.end {
        for agent in &mut agents {
            agent.end();
        }
    }
}

fn main() {
    let args = Args::parse();
    let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    let recording: Recording = serde_json::from_str(&read(&args.recording)).unwrap();
    let codes: Vec<JoinCode> = match (&args.manager, &args.codes) {
        (Some(manager), _) => seats(&args, read(manager).trim()),
        (None, Some(codes)) => read(codes).lines().map(|code| code.parse().unwrap()).collect(),
        (None, None) => Vec::new(),
    };
    let sessions = if codes.is_empty() { args.sessions } else { codes.len() as u64 };
    let all: Vec<_> = (0..sessions).map(|it| (it, codes.get(it as usize).cloned())).collect();
    thread::scope(|scope| {
        for share in all.chunks(args.share) {
            let keep = || keep(&args, share.to_vec(), &recording);
            thread::Builder::new().stack_size(256 * 1024).spawn_scoped(scope, keep).unwrap();
        }
    });
}
