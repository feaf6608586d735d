//! The agent as candidates run it, on V4L2 devices, against the server as it is run.
//!
//! `scripts/camera-vm --agent` boots a machine that has the devices, loads their drivers, and names in
//! `INVIEW_AGENT_TESTS` which of them is there, and in `INVIEW_PROGRAMS` the folder of the programs.
//! Without it every test prints `skipped:` and passes. Only one may run at a time, as root.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and says what it saw"
)]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use inview::clock::Reading;
use inview::geometry::Size;
use inview::report::{ClosedBy, Interval, Kind, SessionId, StoredInterval};
use inview::time::MediaTime;
use jiff::Timestamp;
use serde_json::{Value, json};
use support::feeder::Feeder;
use support::server::ServerProgram;
use support::wait_until;

/// Within this, everything must have its name.
const NAMED_WITHIN: Duration = Duration::from_secs(3);
/// Looks a second: what the emulated processor can do.
const SAMPLE_RATE_HZ: f64 = 2.0;
/// How far an edge may lie from the truth: a look before, and what the emulation adds.
const EDGE: Duration = Duration::from_secs(1);

/// Whether the tests on `device` are to run.
fn wants(device: &str) -> bool {
    let wanted = std::env::var("INVIEW_AGENT_TESTS").unwrap_or_default();
    if wanted != device {
        println!("skipped: INVIEW_AGENT_TESTS is not `{device}`");
    }
    wanted == device
}

fn program(name: &str) -> String {
    let folder = PathBuf::from(std::env::var_os("INVIEW_PROGRAMS").unwrap());
    folder.join(name).to_str().unwrap().to_owned()
}

fn now() -> MediaTime {
    MediaTime::ZERO + Reading::now().boot
}

/// Runs in the shell.
fn shell(command: &str) -> ExitStatus {
    Command::new("sh").args(["-c", command]).status().unwrap()
}

#[track_caller]
fn must(command: &str) {
    let status = shell(command);
    assert!(status.success(), "{command}: {status}");
}

#[track_caller]
fn assert_in_time(what: &str, took: Duration) {
    println!("case: {what} after {:.2} s", took.as_secs_f64());
    assert!(took <= NAMED_WITHIN, "{what}: {took:?}");
}

/// A server, and an agent that reports to it.
struct Exam {
    server: ServerProgram,
    agent: Child,
    commands: ChildStdin,
    lines: Arc<Mutex<Vec<Value>>>,
    _folder: tempfile::TempDir,
}

impl Exam {
    /// Starts both; the agent as this user.
    fn start(user: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (data, own) = (folder.path().join("server"), folder.path().join("agent"));
        for path in [&data, &own] {
            std::fs::create_dir(path).unwrap();
        }
        let server = ServerProgram::start(&program("inview-server"), &data);
        let session = session_file(&server, &own);
        must(&format!("chmod 711 {}; chown -R {user} {}", folder.path().display(), own.display()));
        let agent = format!(
            "exec {} --headless --session {} --data {}",
            program("inview"),
            session.display(),
            own.display()
        );
        let mut agent = Command::new("su")
            .args(["-s", "/bin/sh", user, "-c", &agent])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (commands, out) = (agent.stdin.take().unwrap(), agent.stdout.take().unwrap());
        let lines = Arc::<Mutex<Vec<Value>>>::default();
        let noted = Arc::clone(&lines);
        let read = move || {
            for line in BufReader::new(out).lines() {
                noted.lock().unwrap().push(serde_json::from_str(&line.unwrap()).unwrap());
            }
        };
        thread::Builder::new().name("lines".to_owned()).spawn(read).unwrap();
        Self { server, agent, commands, lines, _folder: folder }
    }

    fn latest(&self) -> Option<Value> {
        self.lines.lock().unwrap().last().cloned()
    }

    /// Waits until the agent says so; how long it took.
    #[track_caller]
    fn until(&self, is_so: impl Fn(&Value) -> bool) -> Duration {
        let begun = now();
        wait_until(|| self.latest().is_some_and(|line| is_so(&line)));
        now().since(begun)
    }

    /// Waits until the server holds it; how long it took.
    #[track_caller]
    fn until_held(&self, is_so: impl Fn(&[StoredInterval]) -> bool) -> Duration {
        let begun = now();
        wait_until(|| is_so(&self.server.intervals()));
        now().since(begun)
    }

    fn command(&mut self, command: &str) {
        writeln!(self.commands, "{}", json!({ "command": command })).unwrap();
    }

    #[track_caller]
    fn begin(&mut self) {
        self.command("begin");
        self.until(|line| line["phase"] == "exam");
    }

    /// Ends the exam; the server must have everything then, and hold what is given.
    #[track_caller]
    fn end(mut self) -> Vec<Interval> {
        self.command("end");
        let status = self.agent.wait().unwrap();
        assert!(status.success(), "{status}: {:?}", self.latest());
        let held = self.server.intervals().into_iter().map(|held| held.report.interval).collect();
        for interval in &held {
            println!("case: {}", told(interval));
        }
        held
    }
}

impl Drop for Exam {
    fn drop(&mut self) {
        self.agent.kill().ok();
        self.agent.wait().ok();
    }
}

fn session_file(server: &ServerProgram, folder: &Path) -> PathBuf {
    let authority = folder.join("authority.pem");
    std::fs::copy(server.says("authority"), &authority).unwrap();
    let session = json!({
        "server": server.says("address"),
        "session": SessionId::derived(&[b"a machine of its own"]),
        "label": "Seat 7",
        "token": server.read("agent_token_file"),
        "authority": authority,
        "policy": {
            "version": "camera-vm",
            "sample_rate_hz": SAMPLE_RATE_HZ,
            "alert_after_ms": 3_000,
        },
    });
    let path = folder.join("session.json");
    serde_json::to_writer(std::fs::File::create(&path).unwrap(), &session).unwrap();
    path
}

fn told(interval: &Interval) -> String {
    let end = interval.end_ms.map_or("…".to_owned(), |end| format!("{:.2}", end.as_secs_f64()));
    format!("{} {:.2}-{end} s", interval.kind.as_str(), interval.start_ms.as_secs_f64())
}

fn shows(code: &str) -> impl Fn(&Value) -> bool {
    move |line| line["health"].as_array().unwrap().iter().any(|shown| shown["code"] == code)
}

fn sees(what: &str) -> impl Fn(&Value) -> bool {
    move |line| line["seen"] == what
}

fn of_kind(held: &[Interval], kind: Kind) -> Vec<Interval> {
    held.iter().filter(|interval| interval.kind == kind).cloned().collect()
}

/// The latest interval of this kind is open, or is not.
fn latest(kind: Kind, open: bool) -> impl Fn(&[StoredInterval]) -> bool {
    move |held| {
        let mut held = held.iter().map(|held| &held.report.interval);
        held.rfind(|held| held.kind == kind).is_some_and(|last| last.end_ms.is_none() == open)
    }
}

/// Nobody was said to be out of view while nobody could look.
#[track_caller]
fn assert_never_absent_while_lost(held: &[Interval]) {
    for absence in of_kind(held, Kind::OutOfView) {
        for lost in of_kind(held, Kind::CameraLost) {
            let apart =
                absence.end_ms <= Some(lost.start_ms) || lost.end_ms <= Some(absence.start_ms);
            assert!(apart, "{} and {}", told(&absence), told(&lost));
        }
    }
}

/// The shipped recording from second 20 to 34, ten JPEGs a second, as the script has made them.
struct Tape {
    pictures: Vec<Vec<u8>>,
    start: MediaTime,
    leaving: Option<MediaTime>,
    /// When the first picture without the candidate was shown, and the first with them again.
    left: Option<Timestamp>,
    back: Option<Timestamp>,
}

impl Tape {
    const SIZE: Size = Size::new(640, 480);
    const PERIOD: Duration = Duration::from_millis(100);
    /// By the truth file: nobody is in the picture from second 24.067 to 28.867.
    const LEAVES: usize = 41;
    const RETURNS: usize = 89;

    fn load() -> Arc<Mutex<Self>> {
        let folder = PathBuf::from(std::env::var_os("INVIEW_TAPE").unwrap());
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let pictures: Vec<_> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
        assert_eq!(pictures.len(), 140);
        Arc::new(Mutex::new(Self { pictures, start: now(), leaving: None, left: None, back: None }))
    }

    /// The picture of now: the candidate sits there until told to leave, and again afterwards.
    fn picture(&mut self) -> Vec<u8> {
        let periods =
            |since: MediaTime| (now().since(since).as_millis() / Self::PERIOD.as_millis()) as usize;
        // Forwards and backwards, so that nothing jumps.
        let swing = |at: usize, length: usize| {
            let at = at % (2 * length);
            at.min(2 * length - at)
        };
        let last = self.pictures.len() - 1;
        let at = match self.leaving.map(periods) {
            None => swing(periods(self.start), Self::LEAVES - 3),
            Some(gone) if Self::LEAVES - 3 + gone <= last => Self::LEAVES - 3 + gone,
            Some(gone) => last - swing(gone, last - Self::RETURNS - 3),
        };
        if at >= Self::LEAVES {
            self.left.get_or_insert_with(Timestamp::now);
        }
        if at >= Self::RETURNS {
            self.back.get_or_insert_with(Timestamp::now);
        }
        self.pictures[at].clone()
    }

    fn feed(tape: &Arc<Mutex<Self>>) -> Feeder {
        let tape = Arc::clone(tape);
        Feeder::play(*b"MJPG", Self::SIZE, Self::PERIOD, move || tape.lock().unwrap().picture())
    }
}

#[track_caller]
fn assert_near(what: &str, reported: Option<&String>, truth: Timestamp) {
    let reported: Timestamp = reported.unwrap().parse().unwrap();
    let off = reported.duration_since(truth);
    println!("case: {what} reported {:+.2} s off", off.as_secs_f64());
    assert!(off.unsigned_abs() <= EDGE, "{what}: {off:?}");
}

#[test]
fn an_absence_and_an_unplugged_camera_are_at_the_server_each_by_its_name() {
    if !wants("loopback") {
        return;
    }
    let tape = Tape::load();
    let mut feeder = Tape::feed(&tape);
    let mut exam = Exam::start("root");
    exam.until(|line| sees("face")(line) && shows("virtual_camera")(line));
    exam.begin();
    exam.until(sees("face"));
    tape.lock().unwrap().leaving = Some(now());
    wait_until(|| tape.lock().unwrap().left.is_some());
    let left = now();
    assert_in_time("nobody is seen", exam.until(sees("nobody")));
    exam.until_held(|held| {
        held.iter().any(|held| held.alert && held.report.interval.kind == Kind::OutOfView)
    });
    println!("case: left, and alerted of after {:.2} s", now().since(left).as_secs_f64());
    exam.until_held(latest(Kind::OutOfView, false));
    let held = exam.server.intervals();
    let absence = held.iter().find(|held| held.report.interval.kind == Kind::OutOfView).unwrap();
    let (left, back) = (tape.lock().unwrap().left.unwrap(), tape.lock().unwrap().back.unwrap());
    assert_near("leaving", absence.report.start_utc.as_ref(), left);
    assert_near("return", absence.report.end_utc.as_ref(), back);

    let begun = now();
    feeder.stop();
    assert_in_time("camera_lost", exam.until(shows("camera_lost")));
    // The agent lets go of it by itself; then it can be taken away.
    wait_until(|| shell("modprobe -r v4l2loopback 2>/dev/null").success());
    assert_in_time("no_camera", exam.until(shows("no_camera")));
    exam.until_held(latest(Kind::CameraLost, true));
    println!("case: lost, and at the server after {:.2} s", (now().since(begun)).as_secs_f64());
    must("modprobe v4l2loopback devices=1 max_buffers=4 exclusive_caps=1");
    let _feeder = Tape::feed(&tape);
    let seen = |line: &Value| sees("face")(line) && !shows("no_camera")(line);
    println!("case: seen again {:.2} s after it was plugged in", exam.until(seen).as_secs_f64());
    exam.until_held(latest(Kind::CameraLost, false));

    let held = exam.end();
    assert_never_absent_while_lost(&held);
    let mut kinds: Vec<Kind> = held.iter().map(|interval| interval.kind).collect();
    kinds.sort();
    let virtual_camera = [Kind::VirtualCamera; 2];
    assert_eq!(kinds[..2], [Kind::OutOfView, Kind::CameraLost], "{held:?}");
    assert_eq!(kinds[2..], virtual_camera, "{held:?}");
    assert!(held.iter().all(|interval| interval.end_ms.is_some()), "{held:?}");
    assert_eq!(of_kind(&held, Kind::CameraLost)[0].closed_by, Some(ClosedBy::SeenAgain));
}

const VIVID: &str = "/sys/bus/platform/drivers/vivid";

#[test]
fn a_camera_that_is_busy_stalls_or_is_unplugged_is_named_and_comes_back() {
    if !wants("vivid") {
        return;
    }
    let mut other = Command::new("v4l2-ctl")
        .args(["-d", "/dev/video0", "--stream-mmap", "--stream-count=1000000"])
        .args(["--stream-to=/dev/null"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It writes a sign for each frame.
    std::io::Read::read_exact(other.stderr.as_mut().unwrap(), &mut [0]).unwrap();
    let mut exam = Exam::start("root");
    exam.until(|_| true);
    assert_in_time("camera_busy", exam.until(shows("camera_busy")));
    exam.begin();
    exam.until_held(latest(Kind::CameraLost, true));
    other.kill().unwrap();
    other.wait().unwrap();
    let flows = |line: &Value| {
        line["seen"] != "no_frames" && line["seen"] != "not_yet" && !shows("camera_lost")(line)
    };
    println!("case: frames {:.2} s after it was free", exam.until(flows).as_secs_f64());
    assert!(shows("virtual_camera")(&exam.latest().unwrap()));
    exam.until_held(latest(Kind::CameraLost, false));

    must("v4l2-ctl -d /dev/video0 -c percentage_of_dropped_buffers=100");
    assert_in_time("camera_lost, stalled", exam.until(shows("camera_lost")));
    exam.until_held(latest(Kind::CameraLost, true));
    must("v4l2-ctl -d /dev/video0 -c percentage_of_dropped_buffers=0");
    println!("case: frames {:.2} s after it was mended", exam.until(flows).as_secs_f64());
    exam.until_held(latest(Kind::CameraLost, false));

    must(&format!("echo vivid.0 > {VIVID}/unbind"));
    let begun = now();
    exam.until(|line| shows("camera_lost")(line) || shows("no_camera")(line));
    assert_in_time("unplugged", now().since(begun));
    exam.until(shows("no_camera"));
    assert_in_time("no_camera", now().since(begun));
    exam.until_held(latest(Kind::CameraLost, true));
    must(&format!("echo vivid.0 > {VIVID}/bind"));
    println!("case: frames {:.2} s after it was plugged in", exam.until(flows).as_secs_f64());
    exam.until_held(latest(Kind::CameraLost, false));

    let held = exam.end();
    assert_never_absent_while_lost(&held);
    assert_eq!(of_kind(&held, Kind::CameraLost).len(), 3, "{held:?}");
    assert!(held.iter().all(|interval| interval.end_ms.is_some()), "{held:?}");
}

#[test]
fn a_camera_that_is_denied_is_named_and_opens_once_it_is_allowed() {
    if !wants("vivid") {
        return;
    }
    must("chmod 600 /dev/video*");
    let mut exam = Exam::start("nobody");
    exam.until(|_| true);
    assert_in_time("camera_denied", exam.until(shows("camera_denied")));
    exam.begin();
    exam.until_held(latest(Kind::CameraLost, true));
    must("chmod 666 /dev/video*");
    let opened = exam.until(|line| !shows("camera_denied")(line));
    println!("case: opened {:.2} s after it was allowed", opened.as_secs_f64());
    exam.until_held(latest(Kind::CameraLost, false));
    let held = exam.end();
    assert_never_absent_while_lost(&held);
    assert_eq!(of_kind(&held, Kind::CameraLost).len(), 1, "{held:?}");
}
