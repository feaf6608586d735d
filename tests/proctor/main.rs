//! A proctor and an agent, by a real server: what is asked for, what comes of it, and what stands between.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io::{BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use inview::agent::{
    Agent, Camera, Clock, Command, Message, Opened, Paced, Phase, Setup, Snapshot, Time, World,
};
use inview::capture::{CaptureError, FrameSource, Synthetic};
use inview::clock::Reading;
use inview::detector::{Detector, Scripted};
use inview::geometry::Size;
use inview::health::Code;
use inview::presence::Policy;
use inview::redact::Pii;
use inview::report::{
    CheckAnswer, CommandId, CommandKind, CommandList, CommandResult, Consent, Hash, Heartbeat,
    IntervalList, Kind, Outcome, Seen, SessionDetail, SessionId, SessionStatus, StoredCommand,
};
use inview::server::home::Home;
use inview::server::{self, Listeners, State, app};
use inview::upload;
use support::wait_until;
use tokio::sync::oneshot;
use tower::ServiceExt as _;

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SIZE: Size = Size::new(64, 48);
/// How much faster than the wall the agents live.
const SPEED: u32 = 4;
const PRESENT: &str = r#"{"pts_s": 0, "faces": [{"score": 0.9, "box": [20, 10, 40, 34]}]}"#;
const NOBODY: &str = r#"{"pts_s": 0, "faces": [], "people": []}"#;

fn session() -> SessionId {
    SessionId::derived(&[b"proctor"])
}

/// A server that listens, and what a proctor asks of it.
struct Server {
    address: SocketAddr,
    authority: PathBuf,
    agent: String,
    proctor: String,
    state: State,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind((LOCAL, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let home = Home::open(folder, LOCAL, Arc::new(jiff::Timestamp::now)).unwrap();
        let read = |path| std::fs::read_to_string(path).unwrap().trim().to_owned();
        let (agent, proctor) = (read(&home.agent_token.path), read(&home.proctor_token.path));
        let (authority, state) = (home.authority(), home.state.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = move || {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
            let (tls, state) = (Arc::clone(&home.tls), home.state.clone());
            let shutdown = async {
                stopped.await.ok();
            };
            runtime.block_on(server::run(Listeners::tls(listener, tls), state, shutdown)).unwrap();
        };
        let thread = std::thread::Builder::new().name("server".to_owned()).spawn(serve).unwrap();
        Self { address, authority, agent, proctor, state, stop: Some(stop), thread: Some(thread) }
    }

    fn upload(&self, token: &str, folder: &Path) -> upload::Settings {
        upload::Settings {
            server: format!("https://{}", self.address),
            token: Pii::new(token.to_owned()),
            authority: Some(self.authority.clone()),
            code: None,
            allow_plain_loopback: false,
            key: None,
            server_key: None,
            route: upload::Route::default(),
            folder: folder.join("spool"),
            session: None,
        }
    }

    /// Asks past the network.
    fn ask(&self, request: Request<Body>) -> (u16, Vec<u8>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let answer = app(self.state.clone()).oneshot(request).await.unwrap();
            let status = answer.status().as_u16();
            (status, to_bytes(answer.into_body(), usize::MAX).await.unwrap().into())
        })
    }

    fn get(&self, path: &str) -> (u16, Vec<u8>) {
        let request = Request::get(format!("/v1/sessions/{}{path}", session()))
            .header("authorization", format!("Bearer {}", self.proctor));
        self.ask(request.body(Body::empty()).unwrap())
    }

    /// Absent until the session is known.
    fn detail(&self) -> Option<SessionDetail> {
        let (status, body) = self.get("");
        (status == 200).then(|| serde_json::from_slice(&body).unwrap())
    }

    fn commands(&self) -> Vec<StoredCommand> {
        serde_json::from_slice::<CommandList>(&self.get("/commands").1).unwrap().commands
    }

    fn give(&self, kind: &CommandKind) {
        let request = Request::post(format!("/v1/sessions/{}/commands", session()))
            .header("authorization", format!("Bearer {}", self.proctor))
            .header("content-type", "application/json");
        let body = serde_json::to_vec(kind).unwrap();
        assert_eq!(self.ask(request.body(body.into()).unwrap()).0, 201);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let stopped = self.thread.take().unwrap().join();
        assert!(stopped.is_ok() || std::thread::panicking(), "the server failed");
    }
}

/// A room, ten times a second.
struct Webcam;

impl Camera for Webcam {
    fn open(&self, time: &Time) -> Result<Opened, CaptureError> {
        let noise = |index: usize, seq: u64| (index as u64 * 7 + seq * 13) % 11;
        let room = move |seq: u64| -> Vec<u8> {
            let shade = |i: usize| if i % 64 < 20 { 60 } else { 180 };
            (0..SIZE.area()).map(|i| shade(i) + noise(i, seq) as u8).collect()
        };
        let source = Synthetic::new(SIZE, Duration::from_millis(100), 100_000, room);
        let source: Box<dyn FrameSource> =
            Box::new(Paced::new(Box::new(source), Arc::clone(&time.now)));
        Ok(source.into())
    }
}

/// The clocks of this machine, speeded up.
fn fast_clock() -> Clock {
    let start = Reading::now();
    Arc::new(move || {
        let now = Reading::now();
        let passed = now.boot.saturating_sub(start.boot) * SPEED;
        Reading {
            boot: start.boot + passed,
            awake: start.awake + passed,
            wall: start.wall + passed,
        }
    })
}

fn setup(folder: &Path, upload: upload::Settings) -> Setup {
    Setup {
        session: session(),
        label: "Seat 7".to_owned(),
        policy: Policy::default(),
        folder: folder.to_owned(),
        upload: Some(upload),
        flush: Duration::ZERO,
        program: "test".to_owned(),
        asks_consent: false,
    }
}

fn start(setup: Setup, script: &'static str) -> Agent {
    let world = World {
        camera: Arc::new(Webcam),
        make_detector: Arc::new(move || {
            let detector: Box<dyn Detector + Send> = Box::new(Scripted::parse(script).unwrap());
            Ok(detector)
        }),
        clock: fast_clock(),
        machine: Arc::new(inview::pace::Machine::default),
        waker: Arc::new(|| {}),
    };
    Agent::start(setup, world).unwrap()
}

#[track_caller]
fn wait_for(agent: &Agent, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
    wait_until(|| is_so(&agent.snapshot()));
    agent.snapshot()
}

fn message(text: &str) -> CommandKind {
    CommandKind::Message { text: text.to_owned() }
}

fn outcomes(command: &StoredCommand) -> Vec<Outcome> {
    command.outcomes.iter().map(|known| known.outcome).collect()
}

#[test]
fn a_message_arrives_once_and_the_proctor_learns_that_it_was_shown_and_read() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let settings = server.upload(&server.agent, own.path());
    let agent = start(setup(own.path(), settings), PRESENT);
    // Known before the exam, and before any report.
    wait_until(|| server.detail().is_some());
    let summary = server.detail().unwrap().summary;
    assert_eq!((summary.status, summary.label.as_str()), (SessionStatus::CheckingIn, ""));
    server.give(&message("Please clear your desk."));
    let now = wait_for(&agent, |now| !now.messages.is_empty());
    let [Message { id, text, shown, read, .. }] = &now.messages[..] else {
        panic!("{:?}", now.messages)
    };
    assert_eq!((text.as_str(), *shown, *read), ("Please clear your desk.", false, false));
    // Nobody has shown it yet, and nobody says so.
    assert_eq!(outcomes(&server.commands()[0]), []);
    agent.command(Command::Shown(*id)).unwrap();
    wait_until(|| outcomes(&server.commands()[0]) == [Outcome::Shown]);
    agent.command(Command::Begin { consent: None }).unwrap();
    wait_until(|| server.detail().unwrap().summary.status == SessionStatus::Running);
    agent.command(Command::Read(*id)).unwrap();
    wait_until(|| outcomes(&server.commands()[0]) == [Outcome::Shown, Outcome::Read]);
    let now = agent.snapshot();
    assert_eq!((now.messages.len(), now.messages[0].read), (1, true));
    agent.command(Command::End { flush: Duration::from_mins(1) }).unwrap();
    wait_for(&agent, |now| now.phase == Phase::Ended);
    assert_eq!(server.detail().unwrap().summary.status, SessionStatus::Ended);
    drop(agent);
    let left: Vec<_> = std::fs::read_dir(own.path()).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| entry.file_name() == "spool"), "{left:?}");
}

#[test]
fn a_message_that_was_read_is_confirmed_by_the_next_life_of_the_agent() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let settings = server.upload(&server.agent, own.path());
    let agent = start(setup(own.path(), settings.clone()), PRESENT);
    wait_until(|| server.detail().is_some());
    server.give(&message("Hello"));
    let id = wait_for(&agent, |now| !now.messages.is_empty()).messages[0].id;
    drop(agent);
    // It was read, and the agent ended before the server knew: nowhere to say it to.
    let nowhere = upload::Settings { server: "https://127.0.0.1:9".to_owned(), ..settings.clone() };
    let agent = start(setup(own.path(), nowhere), PRESENT);
    let again = wait_for(&agent, |now| !now.messages.is_empty());
    assert_eq!((again.messages.len(), again.messages[0].id), (1, id));
    agent.command(Command::Read(id)).unwrap();
    wait_for(&agent, |now| now.messages[0].read);
    drop(agent);
    assert_eq!(outcomes(&server.commands()[0]), []);
    let agent = start(setup(own.path(), settings), PRESENT);
    wait_until(|| outcomes(&server.commands()[0]) == [Outcome::Shown, Outcome::Read]);
    let now = agent.snapshot();
    assert_eq!((now.messages.len(), now.messages[0].read), (1, true));
}

#[test]
fn a_proctor_lets_the_exam_start_and_that_stands_in_its_reports() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let settings = server.upload(&server.agent, own.path());
    let agent = start(setup(own.path(), settings.clone()), NOBODY);
    wait_until(|| server.detail().is_some());
    server.give(&CommandKind::AllowStart { reason: "The lamp is broken".to_owned() });
    let allowed = wait_for(&agent, |now| now.start_override.is_some()).start_override;
    wait_until(|| outcomes(&server.commands()[0]) == [Outcome::Done]);
    let consent = Some(Consent {
        text_sha256: Hash::of(b"text"),
        at: "2026-05-01T10:00:00Z".to_owned(),
        language: "de".to_owned(),
    });
    agent.command(Command::Begin { consent: consent.clone() }).unwrap();
    let is_reported = || server.detail().is_some_and(|detail| !detail.summary.label.is_empty());
    wait_until(is_reported);
    let detail = server.detail().unwrap();
    assert_eq!((&detail.start_override, &detail.consent), (&allowed, &consent));
    // Once it goes on there is nothing to allow.
    server.give(&CommandKind::AllowStart { reason: "Again".to_owned() });
    wait_until(|| outcomes(&server.commands()[1]) == [Outcome::Refused]);
    // The next life of the agent tells the same.
    wait_until(|| own.path().join(format!("{}.journal", session())).exists());
    drop(agent);
    let _agent = start(setup(own.path(), settings), NOBODY);
    wait_until(|| server.detail().unwrap().chains.len() == 2);
    let detail = server.detail().unwrap();
    assert_eq!((detail.start_override, detail.consent), (allowed, consent));
}

/// An agent in an exam that is planned for an hour and a half.
fn in_an_exam(server: &Server, own: &Path, script: &'static str) -> Agent {
    let policy = Policy { planned_minutes: Some(90), ..Policy::default() };
    let setup = setup(own, server.upload(&server.agent, own));
    let agent = start(Setup { policy, flush: Duration::from_mins(1), ..setup }, script);
    if agent.snapshot().phase == Phase::CheckIn {
        wait_for(&agent, |now| now.camera.is_some());
        agent.command(Command::Begin { consent: None }).unwrap();
    }
    let is_on = || server.detail().is_some_and(|it| it.summary.status == SessionStatus::Running);
    wait_until(is_on);
    agent
}

fn last_command(server: &Server) -> StoredCommand {
    server.commands().pop().unwrap()
}

fn asked_to_check(agent: &Agent) -> CommandId {
    wait_for(agent, |now| now.camera_check.is_some()).camera_check.unwrap().id
}

#[test]
fn a_proctor_asks_for_the_camera_to_be_checked_and_learns_how_it_stood() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let agent = in_an_exam(&server, own.path(), NOBODY);
    let away = |now: &Snapshot| now.intervals.iter().any(|it| it.end_ms.is_none());
    wait_for(&agent, away);
    assert!(agent.preview().is_none());
    server.give(&CommandKind::CheckCamera);
    let check = asked_to_check(&agent);
    // The candidate sees themselves while they are asked, and only then.
    wait_until(|| agent.preview().is_some());
    agent.command(Command::Shown(check)).unwrap();
    wait_until(|| outcomes(&last_command(&server)) == [Outcome::Shown]);
    let answer = CheckAnswer::Done;
    agent.command(Command::Checked { check, answer }).unwrap();
    wait_until(|| last_command(&server).report.is_some());
    wait_until(|| outcomes(&last_command(&server)) == [Outcome::Shown, Outcome::Done]);
    let report = last_command(&server).report.unwrap();
    let (seen, open, health) = (Seen::Nobody, vec![Kind::OutOfView], Vec::new());
    assert_eq!(report.what, CommandResult::CameraChecked { answer, seen, open, health });
    assert!(report.at_ms.as_millis() > 0);
    wait_until(|| agent.preview().is_none() && agent.snapshot().camera_check.is_none());
    // One that nobody answers ends with the exam.
    server.give(&CommandKind::CheckCamera);
    asked_to_check(&agent);
    agent.command(Command::End { flush: Duration::from_mins(1) }).unwrap();
    wait_for(&agent, |now| now.phase == Phase::Ended);
    let last = last_command(&server);
    assert_eq!((outcomes(&last), last.report), (vec![Outcome::Refused], None));
    assert_eq!(last.outcomes[0].reason.as_deref(), Some("already_ended"));
}

#[test]
fn a_proctor_puts_off_the_end_and_every_life_of_the_agent_knows() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let minutes = |planned: inview::time::MediaTime| planned.as_millis() / 60_000;
    let planned = || server.detail().unwrap().summary.planned_ms.map(minutes);
    let agent = in_an_exam(&server, own.path(), PRESENT);
    wait_until(|| planned() == Some(90));
    for (more, then) in [(15, 105), (30, 135)] {
        server.give(&CommandKind::Extend { minutes: more });
        wait_for(&agent, |now| now.planned_ms.map(minutes) == Some(then));
        wait_until(|| planned() == Some(then) && last_command(&server).report.is_some());
        wait_until(|| outcomes(&last_command(&server)) == [Outcome::Done]);
        let told = last_command(&server).report.unwrap().what;
        let CommandResult::Extended { minutes: by, planned_ms } = told else { panic!("{told:?}") };
        assert_eq!((by, minutes(planned_ms)), (more, then));
    }
    wait_until(|| own.path().join(format!("{}.journal", session())).exists());
    drop(agent);
    let agent = in_an_exam(&server, own.path(), PRESENT);
    let now = wait_for(&agent, |now| now.phase == Phase::Exam);
    assert_eq!((now.planned_ms.map(minutes), now.extensions.len()), (Some(135), 2));
    agent.command(Command::End { flush: Duration::from_mins(1) }).unwrap();
    wait_for(&agent, |now| now.phase == Phase::Ended && now.reports.delivered);
    assert_eq!(planned(), Some(135));
    assert_eq!(server.commands().len(), 2);
}

#[test]
fn a_proctor_ends_the_exam_and_all_that_was_open_is_closed_and_delivered() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let agent = in_an_exam(&server, own.path(), NOBODY);
    wait_for(&agent, |now| now.intervals.iter().any(|it| it.end_ms.is_none()));
    server.give(&CommandKind::End { reason: "Fire alarm".to_owned() });
    let now = wait_for(&agent, |now| now.phase == Phase::Ended);
    assert!(now.reports.delivered);
    assert!(now.intervals.iter().all(|it| it.end_ms.is_some()), "{:?}", now.intervals);
    assert_eq!(now.ended_by.as_ref().map(|by| by.reason.as_str()), Some("Fire alarm"));
    let detail = server.detail().unwrap();
    assert_eq!((detail.summary.status, detail.ended_by), (SessionStatus::Ended, now.ended_by));
    assert_eq!(outcomes(&last_command(&server)), [Outcome::Done]);
    let kept: IntervalList = serde_json::from_slice(&server.get("/intervals").1).unwrap();
    assert!(kept.intervals.iter().all(|it| it.report.interval.end_ms.is_some()));
    drop(agent);
    let left: Vec<_> = std::fs::read_dir(own.path()).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| entry.file_name() == "spool"), "{left:?}");
}

#[test]
fn an_end_that_a_kill_came_before_is_done_by_the_next_life_of_the_agent() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let agent = in_an_exam(&server, own.path(), PRESENT);
    wait_until(|| own.path().join(format!("{}.journal", session())).exists());
    drop(agent);
    // It was written down, and the agent was killed before it did anything.
    server.give(&CommandKind::End { reason: "Fire alarm".to_owned() });
    let id = last_command(&server).id;
    let entry = serde_json::json!([{
        "id": id, "kind": {"kind": "end", "reason": "Fire alarm"},
        "at": "2026-05-01T10:00:00Z", "confirmed": [],
    }]);
    let path = own.path().join(format!("{}.commands", session()));
    std::fs::File::create(path).unwrap().write_all(entry.to_string().as_bytes()).unwrap();
    let policy = Policy { planned_minutes: Some(90), ..Policy::default() };
    let setup = setup(own.path(), server.upload(&server.agent, own.path()));
    let agent = start(Setup { policy, flush: Duration::from_mins(1), ..setup }, PRESENT);
    wait_for(&agent, |now| now.phase == Phase::Ended);
    let detail = server.detail().unwrap();
    assert_eq!(detail.ended_by.map(|by| by.command), Some(id));
    assert_eq!(outcomes(&last_command(&server)), [Outcome::Done]);
    drop(agent);
    // It does not end an exam that is begun anew.
    let agent = in_an_exam(&server, own.path(), PRESENT);
    let begun = agent.snapshot().frames_looked_at;
    wait_for(&agent, |now| now.frames_looked_at > begun + 10);
    assert_eq!(agent.snapshot().phase, Phase::Exam);
}

#[test]
fn what_is_seen_is_told_only_after_the_candidate_has_agreed() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let settings = server.upload(&server.agent, own.path());
    let agent = start(Setup { asks_consent: true, ..setup(own.path(), settings) }, PRESENT);
    let seen = || server.detail().map(|detail| detail.summary.liveness.unwrap());
    wait_for(&agent, |now| now.seen == Seen::Face);
    wait_until(|| seen().is_some());
    let first = seen().unwrap().last_heartbeat;
    wait_until(|| seen().unwrap().last_heartbeat != first);
    assert_eq!(seen().unwrap().seen, Seen::NotYet);
    agent.command(Command::Agreed(true)).unwrap();
    wait_until(|| seen().unwrap().seen == Seen::Face);
}

#[test]
fn a_token_that_is_refused_is_told_at_once_and_is_no_lost_connection() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let agent = start(setup(own.path(), server.upload("guessed", own.path())), PRESENT);
    let shows = |now: &Snapshot, code| now.health.iter().any(|condition| condition.code == code);
    // Before the exam, with no report to refuse.
    let now = wait_for(&agent, |now| shows(now, Code::ServerRefuses));
    assert!(!shows(&now, Code::ServerUnreachable));
    assert!(now.reports.obstacle.unwrap().contains("token"));
}

/// The next request of a connection: whether it is a heartbeat, and its body.
fn next_request(reader: &mut impl std::io::BufRead) -> Option<(bool, Vec<u8>)> {
    let (mut length, mut is_heartbeat, mut line) = (0, false, String::new());
    loop {
        line.clear();
        match reader.read_line(&mut line).ok()? {
            0 => return None,
            1 | 2 => break,
            _ => {}
        }
        is_heartbeat |= line.contains("/heartbeats");
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((is_heartbeat, body))
}

/// Answers heartbeats and notes them; wants no reports.
fn answer(connection: &TcpStream, heartbeats: &Mutex<Vec<Heartbeat>>) {
    let mut reader = BufReader::new(connection);
    while let Some((is_heartbeat, body)) = next_request(&mut reader) {
        let (status, text) = if is_heartbeat {
            heartbeats.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            ("200 OK", r#"{"server_time":"","heartbeat_every_ms":10000,"commands":[]}"#)
        } else {
            ("503 Busy", "")
        };
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", text.len());
        let mut connection = connection;
        connection.write_all(&[head.as_bytes(), text.as_bytes()].concat()).ok();
    }
}

fn listener(address: SocketAddr) -> Arc<Mutex<Vec<Heartbeat>>> {
    let listener = TcpListener::bind(address).unwrap();
    let heartbeats = Arc::<Mutex<Vec<Heartbeat>>>::default();
    let notes = Arc::clone(&heartbeats);
    let listen = move || {
        for connection in listener.incoming() {
            let (connection, notes) = (connection.unwrap(), Arc::clone(&notes));
            let answer = move || answer(&connection, &notes);
            std::thread::Builder::new().name("answers".to_owned()).spawn(answer).unwrap();
        }
    };
    std::thread::Builder::new().name("listener".to_owned()).spawn(listen).unwrap();
    heartbeats
}

#[test]
fn an_agent_that_was_offline_says_on_its_return_how_things_stand_then_and_nothing_of_before() {
    let own = tempfile::tempdir().unwrap();
    let free = TcpListener::bind((LOCAL, 0)).unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let settings = upload::Settings {
        server: format!("http://{address}"),
        token: Pii::new("token".to_owned()),
        authority: None,
        code: None,
        allow_plain_loopback: true,
        key: None,
        server_key: None,
        route: upload::Route::default(),
        folder: own.path().join("spool"),
        session: None,
    };
    let agent = start(setup(own.path(), settings), PRESENT);
    wait_for(&agent, |now| now.reports.obstacle.is_some());
    agent.command(Command::Begin { consent: None }).unwrap();
    wait_for(&agent, |now| now.reports.made == 1 && now.frames_looked_at > 20);
    let heartbeats = listener(address);
    wait_until(|| heartbeats.lock().unwrap().len() >= 2);
    let heartbeats = heartbeats.lock().unwrap();
    let (first, second) = (&heartbeats[0], &heartbeats[1]);
    assert_eq!((first.phase, first.seen, first.head.seq), (Phase::Exam, Seen::Face, 1));
    // The one after it is the next by the clock, or says something new: none had waited.
    let sent_at = |beat: &Heartbeat| beat.sent_at.parse::<jiff::Timestamp>().unwrap();
    let between = sent_at(second).duration_since(sent_at(first)).as_secs_f64();
    let least = if second.is_as_urgent_as(first) { 8.9 } else { 0.9 };
    assert!(between >= least, "{between} s: {heartbeats:?}");
}
