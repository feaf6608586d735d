//! Where the disk does not take reports, the agent goes on: it says so, sends what it has from memory,
//! and comes back to the disk.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "figures and reasons to skip are shown")]

mod support;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use inview::agent::{Agent, Clock, Command, Now, Phase, Seen, Setup, Snapshot, World};
use inview::clock::Reading;
use inview::health::Code;
use inview::presence::Policy;
use inview::redact::Pii;
use inview::report::{Event, EventData, Hash, Incarnation, Interval, Kind, Noticed, SessionId};
use inview::spool::{self, Outbox};
use inview::trust::export::{Export, Link};
use inview::trust::signature::{PublicKey, SigningKey};
use inview::trust::verify::verify;
use inview::upload;
use support::agent::{PRESENT, Webcam, frames, setup, shows, wait_for, world};
use support::server::ServerProgram;
use support::wait_until;

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

#[test]
fn a_directory_in_the_place_of_the_spool_the_agent_starts_says_so_and_works_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let exam = exam(folder.path());
    fs::create_dir_all(exam.spool()).unwrap();
    let started = now();
    let agent = exam.start();
    works_in_memory(&exam, started, &agent);
    assert!(agent.snapshot().reports.delivered);
}

#[test]
fn a_spool_that_another_process_keeps_to_itself_is_waited_for_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let exam = exam(folder.path());
    drop(Outbox::open(&exam.setup.spool(), exam.session(), Incarnation(uuid::Uuid::now_v7())));
    let other = rusqlite::Connection::open(exam.spool()).unwrap();
    other.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
    other.execute_batch("BEGIN IMMEDIATE; UPDATE meta SET value = value; COMMIT").unwrap();
    let started = now();
    let agent = exam.start();
    says_within_two_seconds(&agent, started);
    begin(&agent);
    wait_for(&agent, |now| now.reports.acknowledged == 2 && now.reports.in_memory == 0);
    drop(other);
    wait_for(&agent, |now| !shows(now, Code::StorageDegraded));
    assert!(end(&agent).reports.delivered);
    drop(agent);
    let told = exam.told();
    let restored = Noticed::StorageRestored { waiting: 0 };
    assert!(noticed(&told).contains(&restored), "{told:?}");
    assert_eq!((told.len(), exam.server.sessions()[0].forks), (4, 0));
    // The candidate's copy has what was sent from memory, too.
    let copy = spool::export(&exam.setup.spool(), exam.session()).unwrap().unwrap();
    assert_eq!(self::told(&copy), told);
}

#[test]
fn a_spool_of_garbage_is_set_aside_and_the_first_report_of_the_new_one_tells_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let exam = exam(folder.path());
    let agent = exam.start();
    begin(&agent);
    wait_for(&agent, |now| now.reports.acknowledged == 1);
    drop(agent);
    let mut file = fs::File::create(exam.spool()).unwrap();
    file.write_all(&b"this is no database ".repeat(400)).unwrap();
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(format!("{}{suffix}", exam.spool().display())).ok();
    }
    // Two lives: one of them tells it.
    for life in 0..2 {
        let started = now();
        let agent = exam.start();
        wait_for(&agent, |now| now.reports.made >= 2 && now.reports.acknowledged >= 2);
        if life == 0 {
            assert!(now().saturating_sub(started) < Duration::from_secs(2));
        } else {
            assert!(end(&agent).reports.delivered);
        }
    }
    let export = exam.server.export(exam.session());
    let told = exam.told();
    let damages: Vec<Noticed> = noticed(&told);
    let first = export.chains[0].incarnation;
    let damaged = Noticed::SpoolDamaged { incarnation: Some(first), from: Some(1), to: Some(1) };
    assert_eq!(damages, [damaged]);
    let second = Export { chains: vec![export.chains[1].clone()], ..export };
    let second = self::told(&second);
    assert!(matches!(second[0], EventData::Integrity(_)), "it comes first: {second:?}");
    assert!(matches!(second[1], EventData::SessionStarted(_)), "{second:?}");
    let page = exam.server.page(exam.session());
    assert!(page.contains("file of reports was damaged"), "{page}");
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

#[test]
fn a_spool_on_a_disk_that_cannot_be_written_to_the_agent_starts_says_so_and_works_in_memory() {
    let test =
        "a_spool_on_a_disk_that_cannot_be_written_to_the_agent_starts_says_so_and_works_in_memory";
    let Some(place) = in_a_place_of_its_own(test, "4m") else { return };
    let exam = exam(&place);
    fs::create_dir(exam.setup.spool()).unwrap();
    let mounted = Program::new("mount").args(["-o", "remount,ro"]).arg(&place).status().unwrap();
    assert!(mounted.success());
    let started = now();
    let agent = exam.start();
    works_in_memory(&exam, started, &agent);
}

/// What a child of a test needs to report to the server of its parent.
#[derive(serde::Serialize, serde::Deserialize)]
struct Line {
    session: SessionId,
    server: String,
    token: String,
    authority: PathBuf,
    server_key: PublicKey,
}

/// Somebody is there for half a second, and away for another, for a long time.
fn restless() -> &'static str {
    let there = r#""faces": [{"score": 0.9, "box": [20, 10, 40, 34]}]"#;
    let lines = (0..1_000).map(|half: u32| {
        let seen = if half.is_multiple_of(2) { there } else { r#""faces": []"# };
        format!("{{\"pts_s\": {}, {seen}}}\n", f64::from(half) / 2.0)
    });
    Box::leak(lines.collect::<String>().into_boxed_str())
}

/// Half a second is worth a report.
fn of_the_restless() -> Policy {
    Policy {
        sample_rate_hz: 10.0,
        record_after_ms: 200,
        merge_gap_ms: 100,
        confirm_ms: 0,
        ..Policy::default()
    }
}

/// The child: an exam with many reports on a disk that fails now and then. Leaves what it reported.
fn report_on_a_failing_disk(place: &Path) {
    let line: Line = serde_json::from_slice(&fs::read(place.join("line")).unwrap()).unwrap();
    let settings = upload::Settings {
        server: line.server,
        token: Pii::new(line.token),
        code: None,
        authority: Some(line.authority),
        route: upload::Route::default(),
        allow_plain_loopback: false,
        key: Some(key()),
        server_key: Some(line.server_key),
        folder: place.join("spool"),
        session: Some(line.session),
    };
    let session = line.session;
    let (policy, upload) = (of_the_restless(), Some(settings));
    let setup = Setup { session, policy, upload, ..setup(place) };
    let camera = Webcam(|now: &Now| Ok(frames(now)));
    let world = World { clock: support::agent::clock_at(4), ..world(camera, restless()) };
    let agent = Agent::start(setup, world).unwrap();
    begin(&agent);
    wait_for(&agent, |now| now.reports.made >= 80);
    let ended = end(&agent);
    assert!(ended.reports.delivered, "{:?}", ended.reports);
    serde_json::to_writer(fs::File::create(place.join("ended")).unwrap(), &ended.intervals)
        .unwrap();
}

#[test]
fn with_one_in_twenty_syncs_and_one_in_fifty_writes_failing_no_report_is_lost_and_nothing_panics() {
    let test = "with_one_in_twenty_syncs_and_one_in_fifty_writes_failing_no_report_is_lost_and_nothing_panics";
    if let Some(place) = std::env::var_os(PLACE) {
        return report_on_a_failing_disk(place.as_ref());
    }
    let Some(()) = fiu() else { return };
    let folder = tempfile::tempdir().unwrap();
    let exam = exam(folder.path());
    let settings = exam.setup.upload.clone().unwrap();
    let line = Line {
        session: exam.session(),
        server: settings.server,
        token: settings.token.reveal().clone(),
        authority: settings.authority.unwrap(),
        server_key: settings.server_key.unwrap(),
    };
    serde_json::to_writer(fs::File::create(folder.path().join("line")).unwrap(), &line).unwrap();
    let mut program = Program::new("fiu-run");
    program.args(["-x", "-f", ""]);
    for (point, share) in
        [("sync/fsync", "0.05"), ("sync/fdatasync", "0.05"), ("rw/pwrite", "0.02")]
    {
        let fails = format!("enable_random name=posix/io/{point},probability={share}");
        program.args(["-c", &fails]);
    }
    program.arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    let output = program.env(PLACE, folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}{said}", String::from_utf8_lossy(&output.stdout));
    assert!(!said.contains("panicked"), "{said}");
    let ended = fs::read(folder.path().join("ended")).unwrap();
    let ended: Vec<Interval> = serde_json::from_slice(&ended).unwrap();
    let told = exam.told();
    let held: Vec<Interval> =
        exam.server.intervals().into_iter().map(|held| held.report.interval).collect();
    let by_id = |mut intervals: Vec<Interval>| {
        intervals.sort_by_key(|interval| interval.id);
        intervals
    };
    let failures = noticed(&told).len() / 2;
    println!("{} reports, {} intervals; the disk failed {failures} times", told.len(), held.len());
    assert_eq!(by_id(held), by_id(ended));
    assert!(failures > 0, "nothing failed");
    assert_eq!(exam.server.sessions()[0].forks, 0);
}

/// The child: an exam without a server, whose disk fails from some time on, and then no more.
fn report_while_writes_fail(place: &Path) {
    let setup = Setup { policy: of_the_restless(), ..setup(place) };
    let camera = Webcam(|now: &Now| Ok(frames(now)));
    let world = World { clock: support::agent::clock_at(4), ..world(camera, restless()) };
    let (spool, session) = (setup.spool(), setup.session);
    let agent = Agent::start(setup, world).unwrap();
    begin(&agent);
    wait_until(|| fs::File::create(place.join("begun")).is_ok());
    wait_for(&agent, |now| now.reports.made >= 80);
    wait_until(|| fs::File::create(place.join("enough")).is_ok());
    wait_until(|| place.join("healed").exists());
    wait_for(&agent, |now| !shows(now, Code::StorageDegraded) && now.reports.in_memory == 0);
    let ended = end(&agent);
    drop(agent);
    let copy = spool::export(&spool, session).unwrap().unwrap();
    verify(&copy, None).unwrap();
    let told = told(&copy);
    // As they stand on the wire.
    let on_wire = |interval: &Interval| serde_json::to_value(interval).unwrap();
    let kept: Vec<_> = told
        .iter()
        .filter_map(|data| match data {
            EventData::IntervalClosed(report) => Some(on_wire(&report.interval)),
            EventData::SessionStarted(_)
            | EventData::Sampling(_)
            | EventData::Integrity(_)
            | EventData::IntervalOpened(_)
            | EventData::SessionEnded(_) => None,
        })
        .collect();
    for interval in ended.intervals.iter().map(on_wire) {
        assert!(kept.contains(&interval), "{interval} is lost");
    }
    let failures = noticed(&told).len() / 2;
    assert!(failures > 0 && told.len() as u64 >= ended.reports.made);
    println!("the agent made {} reports; the disk failed {failures} times", ended.reports.made);
}

#[test]
fn with_one_in_fifty_of_all_writes_failing_for_a_while_every_report_comes_to_the_disk() {
    let test = "with_one_in_fifty_of_all_writes_failing_for_a_while_every_report_comes_to_the_disk";
    if let Some(place) = std::env::var_os(PLACE) {
        return report_while_writes_fail(place.as_ref());
    }
    let Some(()) = fiu() else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let pipe = place.join("fiu");
    let mut program = Program::new("fiu-run");
    program.arg("-x").arg("-f").arg(&pipe).arg(std::env::current_exe().unwrap());
    program.args(["--exact", test, "--nocapture"]).env(PLACE, place);
    let child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until(|| place.join("begun").exists());
    let names = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    let id = names.iter().find_map(|name| name.strip_prefix("fiu-")?.strip_suffix(".in")).unwrap();
    let tell = |what: &str| {
        for (point, share) in [("rw/write", "0.02"), ("rw/pwrite", "0.02"), ("sync/fsync", "0.05")]
        {
            let word = match what {
                "enable" => format!("enable_random name=posix/io/{point},probability={share}"),
                _ => format!("disable name=posix/io/{point}"),
            };
            // Its answer comes by a write, which may fail, too.
            wait_until(|| {
                let mut control = Program::new("fiu-ctrl");
                control.arg("-f").arg(&pipe).args(["-c", &word, id]).status().unwrap().success()
            });
        }
    };
    tell("enable");
    wait_until(|| place.join("enough").exists());
    tell("disable");
    fs::File::create(place.join("healed")).unwrap();
    let output = child.wait_with_output().unwrap();
    let (said, told) =
        (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{told}{said}");
    assert!(!said.contains("panicked"), "{said}");
    for line in told.lines().filter(|line| line.starts_with("the agent")) {
        println!("{line}");
    }
}

/// libfiu, which fails calls of the system at random. `None`, with a printed reason, without it.
fn fiu() -> Option<()> {
    let found = Program::new("fiu-run").output().is_ok();
    if !found {
        println!("skipped: there is no fiu-run (fiu-utils) on this machine");
    }
    found.then_some(())
}

/// Takes all space, also what is given back.
fn fill(place: &Path, number: u32) -> PathBuf {
    let path = place.join(format!("filler-{number}"));
    let mut file = fs::File::create(&path).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    path
}

#[test]
fn a_disk_that_fills_up_in_an_exam_stops_no_report_and_has_all_of_them_when_there_is_space() {
    let test =
        "a_disk_that_fills_up_in_an_exam_stops_no_report_and_has_all_of_them_when_there_is_space";
    let Some(place) = in_a_place_of_its_own(test, "4m") else { return };
    let exam = exam(&place);
    // Somebody comes and goes: there is something to report.
    let agent = exam.start_in(world(Webcam(|now: &Now| Ok(frames(now))), COMING_AND_GOING));
    begin(&agent);
    wait_for(&agent, |now| now.reports.acknowledged >= 1);
    let mut fillers = Vec::new();
    wait_until(|| {
        fillers.push(fill(&place, fillers.len() as u32));
        shows(&agent.snapshot(), Code::StorageDegraded)
    });
    let full = agent.snapshot().reports.made;
    wait_for(&agent, |now| now.reports.made >= full + 2);
    wait_for(&agent, |now| now.reports.acknowledged >= full + 2);
    for filler in fillers {
        fs::remove_file(filler).unwrap();
    }
    let freed = now();
    wait_for(&agent, |now| !shows(now, Code::StorageDegraded));
    let took = now().saturating_sub(freed);
    println!("the agent was durable again {took:?} after there was space");
    assert!(took < Duration::from_secs(5), "{took:?}");
    let ended = end(&agent);
    assert!(ended.reports.delivered);
    drop(agent);
    let told = exam.told();
    assert_eq!(told.len() as u64, ended.reports.made, "each once");
    let kinds: Vec<_> = noticed(&told).into_iter().map(|it| std::mem::discriminant(&it)).collect();
    let [degraded, restored] = kinds[..] else { panic!("{told:?}") };
    assert_ne!(degraded, restored);
    let intervals = exam.server.intervals();
    assert_eq!(intervals.len(), ended.intervals.len());
    let copy = spool::export(&exam.setup.spool(), exam.session()).unwrap().unwrap();
    assert_eq!(verify(&copy, None).unwrap().events, ended.reports.made);
}

/// Three seconds there, three seconds away, for a minute.
const COMING_AND_GOING: &str = include_str!("support/coming_and_going.jsonl");

/// The wall clock alone is set by so many milliseconds.
fn set_by(offset: &Arc<AtomicU64>) -> Clock {
    let (offset, clock) = (Arc::clone(offset), support::agent::fast_clock());
    Arc::new(move || {
        let now = clock();
        let by = jiff::SignedDuration::from_millis(offset.load(Ordering::SeqCst).cast_signed());
        Reading { wall: now.wall.saturating_add(by).unwrap(), ..now }
    })
}

#[test]
fn a_wall_clock_that_is_set_by_two_hours_in_mid_session_changes_no_length_and_is_told_once() {
    std::thread::scope(|threads| {
        for hours in [2, -2] {
            threads.spawn(move || set_the_clock_by(hours));
        }
    });
}

fn set_the_clock_by(hours: i64) {
    let folder = tempfile::tempdir().unwrap();
    let exam = exam(folder.path());
    let offset = Arc::new(AtomicU64::new(0));
    let clock = set_by(&offset);
    let camera = Webcam(|now: &Now| Ok(frames(now)));
    let agent = exam.start_in(World { clock, ..world(camera, COMING_AND_GOING) });
    begin(&agent);
    wait_for(&agent, |now| now.intervals.iter().any(|it| it.kind == Kind::OutOfView));
    offset.store((hours * 3_600_000).cast_unsigned(), Ordering::SeqCst);
    let closed = |now: &Snapshot| now.intervals.iter().any(|it| it.end_ms.is_some());
    wait_for(&agent, closed);
    assert!(end(&agent).reports.delivered);
    let told = exam.told();
    let [Noticed::ClockStepped { by_ms }] = noticed(&told)[..] else { panic!("{told:?}") };
    assert!((by_ms - hours * 3_600_000).abs() < 200, "{by_ms}");
    // Lengths are those of the clock that counts all time, and of no other.
    let events = events(&exam);
    let boot = |event: &Event| {
        let text = event.clocks.boottime.clone().unwrap();
        text.parse::<f64>().unwrap()
    };
    let [first, .., last] = &events[..] else { panic!("{events:?}") };
    let EventData::SessionEnded(end) = &last.data else { panic!("{last:?}") };
    let (length, passed) = (end.duration_ms.as_millis() as f64 / 1e3, boot(last) - boot(first));
    assert!((length - passed).abs() < 0.2, "{length} of {passed}");
    let away = events.iter().find_map(|event| match &event.data {
        EventData::IntervalClosed(report) => Some(report.clone()),
        EventData::SessionStarted(_)
        | EventData::Sampling(_)
        | EventData::Integrity(_)
        | EventData::IntervalOpened(_)
        | EventData::SessionEnded(_) => None,
    });
    let away = away.unwrap();
    let length = away.interval.end_ms.unwrap().since(away.interval.start_ms);
    assert!((2.8..3.8).contains(&length.as_secs_f64()), "{length:?}");
    let utc = |text: &Option<String>| text.as_ref().unwrap().parse::<jiff::Timestamp>().unwrap();
    let by_wall = utc(&away.end_utc).duration_since(utc(&away.start_utc));
    assert_eq!(by_wall.as_millis(), i128::try_from(length.as_millis()).unwrap());
    // The wall clock is told as it was, wrong or right.
    let walls = [first, last].map(|event| utc(&event.clocks.walltime));
    let by_wall = walls[1].duration_since(walls[0]).as_secs_f64();
    assert!((by_wall - passed - hours as f64 * 3_600.0).abs() < 0.2, "{by_wall}");
}

#[test]
fn a_machine_that_sleeps_is_said_to_have_slept_and_its_clock_was_not_set() {
    let folder = tempfile::tempdir().unwrap();
    let exam = exam(folder.path());
    let slept = Arc::new(AtomicU64::new(0));
    let asleep = Arc::clone(&slept);
    let clock: Clock = Arc::new(move || {
        let now = Reading::now();
        let slept = Duration::from_millis(asleep.load(Ordering::SeqCst));
        Reading { boot: now.boot + slept, wall: now.wall + slept, ..now }
    });
    let agent = exam.start_in(World { clock, ..present() });
    begin(&agent);
    slept.store(300_000, Ordering::SeqCst);
    wait_for(&agent, |now| now.intervals.iter().any(|it| it.kind == Kind::AgentGap));
    wait_for(&agent, |now| now.reports.made >= 3);
    assert!(end(&agent).reports.delivered);
    let told = exam.told();
    let [Noticed::Suspended { for_ms }] = noticed(&told)[..] else { panic!("{told:?}") };
    assert!(for_ms.abs_diff(300_000) < 200, "{for_ms}");
}

#[test]
fn what_the_server_has_stays_for_as_long_as_the_policy_says_and_goes_at_a_later_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut exam = exam(folder.path());
    exam.setup.policy = Policy { keep_days: 3, ..Policy::default() };
    let days = Arc::new(AtomicU64::new(0));
    let agent = exam.start();
    begin(&agent);
    assert!(end(&agent).reports.delivered);
    drop(agent);
    assert!(exam.spool().exists());
    // Another exam on this machine, later.
    let other = SessionId::derived(&[b"another"]);
    for (day, is_kept) in [(2, true), (4, false)] {
        days.store(day * 24 * 3_600_000, Ordering::SeqCst);
        let setup = Setup { session: other, upload: None, ..exam.setup.clone() };
        let agent = Agent::start(setup, World { clock: set_by(&days), ..present() }).unwrap();
        wait_until(|| exam.spool().exists() == is_kept);
        wait_for(&agent, |now| now.seen == Seen::Face);
        assert_eq!(exam.spool().exists(), is_kept, "after {day} days");
    }
}
