//! Where the disk does not take reports, the agent goes on: it says so, sends what it has from memory,
//! and comes back to the disk. A file for each fault; clocks that are set and machines that sleep beside
//! them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "figures and reasons to skip are shown")]

mod blocked;
mod clocks;
mod commands;
mod damaged;
mod delivered;
mod failing;
mod full;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use inview::agent::{Agent, Clock, Command, Now, Phase, Seen, Setup, Snapshot, World};
use inview::clock::Reading;
use inview::health::Code;
use inview::redact::Pii;
use inview::report::{Event, EventData, Hash, Noticed, SessionId};
use inview::trust::export::{Export, Link};
use inview::trust::signature::SigningKey;
use inview::trust::verify::verify;
use inview::upload;
use support::agent::{PRESENT, Webcam, frames, setup, shows, wait_for, world};
use support::server::ServerProgram;

const SERVER: &str = env!("CARGO_BIN_EXE_inview-server");
/// Names the folder in which a test runs that was started again in a place of its own.
const PLACE: &str = "INVIEW_DEGRADED";

/// A server with an enrolled session, and what an agent needs to report to it.
struct Exam {
    server: ServerProgram,
    setup: Setup,
    _data: tempfile::TempDir,
}

fn key() -> SigningKey {
    SigningKey::from_secret(&[5; 32])
}

fn exam(folder: &Path) -> Exam {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProgram::start(SERVER, data.path());
    let issued = ServerProgram::issue(SERVER, data.path(), "Seat 7");
    let authority = PathBuf::from(server.says("authority"));
    let (key, token) = (key(), Pii::new(Hash::of(b"t").to_string()));
    let route = upload::Route::default();
    let address = server.says("address");
    let enrolment =
        upload::enrol(&address, (Some(&authority), &route), &issued.code, &token, &key.public())
            .unwrap();
    let settings = upload::Settings {
        server: address,
        token,
        code: Some(issued.code),
        authority: Some(authority),
        route,
        allow_plain_loopback: false,
        key: Some(key),
        server_key: Some(enrolment.server_key.parse().unwrap()),
        folder: folder.join("spool"),
        session: Some(enrolment.session),
    };
    let setup = Setup { session: enrolment.session, upload: Some(settings), ..setup(folder) };
    Exam { server, setup, _data: data }
}

impl Exam {
    fn session(&self) -> SessionId {
        self.setup.session
    }

    fn spool(&self) -> PathBuf {
        self.setup.spool().join(format!("{}.spool", self.session()))
    }

    fn start(&self) -> Agent {
        self.start_in(present())
    }

    fn start_in(&self, world: World) -> Agent {
        Agent::start(self.setup.clone(), world).unwrap()
    }

    /// What the server was told, in the order of the chains; each report checked.
    fn told(&self) -> Vec<EventData> {
        let export = self.server.export(self.session());
        verify(&export, None).unwrap();
        told(&export)
    }
}

fn told(export: &Export) -> Vec<EventData> {
    read(export).into_iter().map(|event| event.data).collect()
}

fn events(exam: &Exam) -> Vec<Event> {
    read(&exam.server.export(exam.session()))
}

fn read(export: &Export) -> Vec<Event> {
    let links = export.chains.iter().flat_map(|chain| &chain.links);
    let read = |link: &Link| match link {
        Link::Event(text) => serde_json::from_str::<Event>(text).unwrap(),
        Link::Missing { .. } => panic!("an event is missing"),
    };
    links.map(read).collect()
}

fn present() -> World {
    world(Webcam(|now: &Now| Ok(frames(now))), PRESENT)
}

fn noticed(told: &[EventData]) -> Vec<Noticed> {
    let noticed = told.iter().filter_map(|data| match data {
        EventData::Integrity(integrity) => Some(integrity.what),
        EventData::SessionStarted(_)
        | EventData::Sampling(_)
        | EventData::Command(_)
        | EventData::IntervalOpened(_)
        | EventData::IntervalClosed(_)
        | EventData::SessionEnded(_) => None,
    });
    noticed.collect()
}

fn begin(agent: &Agent) {
    wait_for(agent, |now| now.seen == Seen::Face);
    agent.command(Command::Begin { consent: None }).unwrap();
    wait_for(agent, |now| now.phase == Phase::Exam && now.reports.made >= 1);
}

fn end(agent: &Agent) -> Snapshot {
    agent.command(Command::End { flush: Duration::from_mins(1) }).unwrap();
    wait_for(agent, |now| now.phase == Phase::Ended)
}

/// Within two seconds, by a clock that runs as fast as the wall.
#[track_caller]
fn says_within_two_seconds(agent: &Agent, started: Duration) {
    wait_for(agent, |now| shows(now, Code::StorageDegraded));
    let took = Reading::now().boot.saturating_sub(started);
    println!("the agent said so after {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

/// An exam on a disk that never takes a report: all are at the server, signed, and nothing is said to be
/// kept that is not.
#[track_caller]
fn works_in_memory(exam: &Exam, started: Duration, agent: &Agent) {
    says_within_two_seconds(agent, started);
    begin(agent);
    let ended = end(agent);
    assert!(shows(&ended, Code::StorageDegraded));
    assert_eq!((ended.reports.made, ended.reports.in_memory), (3, 0));
    let told = exam.told();
    let [EventData::SessionStarted(_), EventData::Integrity(it), EventData::SessionEnded(_)] =
        &told[..]
    else {
        panic!("{told:?}")
    };
    assert!(matches!(it.what, Noticed::StorageDegraded { .. }), "{it:?}");
}

fn now() -> Duration {
    Reading::now().boot
}

/// Runs this test once more in a mount namespace of its own, with a small file system. `None`: it is
/// run there now, in this folder, or cannot be run on this machine.
fn in_a_place_of_its_own(test: &str, size: &str) -> Option<PathBuf> {
    if let Some(place) = std::env::var_os(PLACE) {
        return Some(place.into());
    }
    let can = Program::new("unshare").args(["-m", "true"]).output();
    if !can.is_ok_and(|output| output.status.success()) {
        println!("skipped: this user cannot mount a file system (unshare -m)");
        return None;
    }
    let place = tempfile::tempdir().unwrap();
    let script = format!("mount -t tmpfs -o size={size} none \"${PLACE}\" && exec \"$0\" \"$@\"");
    let mut program = Program::new("unshare");
    program.args(["-m", "sh", "-c", &script]).arg(std::env::current_exe().unwrap());
    program.args(["--exact", test, "--nocapture"]).env(PLACE, place.path());
    let output = program.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    for line in said.lines().filter(|line| line.starts_with("the agent")) {
        println!("{line}");
    }
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    None
}

/// Three seconds there, three seconds away, for a minute.
const COMING_AND_GOING: &str = include_str!("../support/coming_and_going.jsonl");

/// The wall clock alone is set by so many milliseconds.
fn set_by(offset: &Arc<AtomicU64>) -> Clock {
    let (offset, clock) = (Arc::clone(offset), support::agent::fast_clock());
    Arc::new(move || {
        let now = clock();
        let by = jiff::SignedDuration::from_millis(offset.load(Ordering::SeqCst).cast_signed());
        Reading { wall: now.wall.saturating_add(by).unwrap(), ..now }
    })
}

/// Beside what the agent keeps.
const FILLER: &str = "filler";

/// Takes all space, also what was given back since.
fn fill(place: &Path) {
    let options = fs::OpenOptions::new().create(true).append(true).open(place.join(FILLER));
    let mut file = options.unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
}
