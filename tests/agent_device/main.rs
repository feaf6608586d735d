//! The agent on V4L2 devices, against the server as it is run.
//!
//! `scripts/camera-vm --agent` boots a machine that has the devices, loads their drivers, and names in
//! `INVIEW_AGENT_TESTS` which of them is there, in `INVIEW_PROGRAMS` the folder of the programs, and in
//! `INVIEW_TAPE` that of the pictures. Without it every test prints `skipped:` and passes. Only one
//! may run at a time, as root.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and says what it saw"
)]

#[path = "../support/mod.rs"]
mod support;
mod tape;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{self, Child, ChildStdin, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use inview::clock::Reading;
use inview::report::{Interval, IntervalReport, Kind, SessionId, StoredInterval};
use inview::time::MediaTime;
use jiff::Timestamp;
use serde_json::{Value, json};
use support::server::ServerProgram;
use support::wait_until;
use tape::Tape;

/// Within this, everything must have its name.
const NAMED_WITHIN: Duration = Duration::from_secs(3);
/// Looks a second: each is thousands of millions of instructions in a debug build.
const SAMPLE_RATE_HZ: f64 = 2.0;
const GIVE_UP: Duration = Duration::from_mins(2);
/// How far an edge may lie from the truth beyond one look.
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
    process::Command::new("sh").args(["-c", command]).status().unwrap()
}

#[track_caller]
fn must(command: &str) {
    let status = shell(command);
    assert!(status.success(), "{command}: {status}");
}

/// Says how long it took. How fast an emulated server answers says nothing.
fn tell(what: &str, took: Duration) {
    println!("case: {what} after {:.2} s", took.as_secs_f64());
}

#[track_caller]
fn assert_in_time(what: &str, took: Duration) {
    tell(what, took);
    assert!(took <= NAMED_WITHIN, "{what}: {took:?}");
}

/// `inview --headless`, and what it has said.
struct Watching {
    child: Child,
    commands: ChildStdin,
    lines: Arc<Mutex<Vec<Value>>>,
}

/// A server, and an agent that reports to it.
struct Exam {
    server: ServerProgram,
    agent: Watching,
    _folder: tempfile::TempDir,
}

impl Exam {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (data, own) = (folder.path().join("server"), folder.path().join("agent"));
        for path in [&data, &own] {
            std::fs::create_dir(path).unwrap();
        }
        must(&format!("chmod 711 {}", folder.path().display()));
        let server = ServerProgram::start(&program("inview-server"), &data);
        let session = session_file(&server, &own);
        let agent = headless(&session, &own);
        Self { server, agent, _folder: folder }
    }

    /// How things stand; nothing before the agent has said so first.
    fn latest(&self) -> Option<Value> {
        self.agent.lines.lock().unwrap().last().cloned()
    }

    /// Waits until the agent says so; how long it took.
    #[track_caller]
    fn until(&self, is_so: impl Fn(&Value) -> bool) -> Duration {
        let begun = now();
        loop {
            let (latest, took) = (self.latest(), now().since(begun));
            if latest.as_ref().is_some_and(&is_so) {
                return took;
            }
            assert!(took < GIVE_UP, "{latest:#?}");
            thread::park_timeout(Duration::from_millis(10));
        }
    }

    /// Waits until the server holds it; how long it took.
    #[track_caller]
    fn until_held(&self, is_so: impl Fn(&[StoredInterval]) -> bool) -> Duration {
        let begun = now();
        loop {
            let (held, took) = (self.server.intervals(), now().since(begun));
            if is_so(&held) {
                return took;
            }
            assert!(took < GIVE_UP, "{held:#?}");
            thread::park_timeout(Duration::from_millis(50));
        }
    }

    #[track_caller]
    fn begin(&mut self) {
        writeln!(self.agent.commands, "{}", json!({ "command": "begin" })).unwrap();
        self.until(|line| line["phase"] == "exam");
    }

    /// Ends the exam: the server must have everything then. What it holds.
    #[track_caller]
    fn end(mut self) -> Vec<Interval> {
        writeln!(self.agent.commands, "{}", json!({ "command": "end" })).unwrap();
        let status = self.agent.child.wait().unwrap();
        assert!(status.success(), "{status}");
        self.until(|line| line["phase"] == "ended" && line["reports"]["delivered"] == true);
        let held = self.server.intervals().into_iter().map(|held| held.report.interval);
        let held: Vec<Interval> = held.collect();
        for interval in &held {
            println!("case: {}", told(interval));
        }
        assert!(held.iter().all(|interval| interval.end_ms.is_some()), "{held:#?}");
        held
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// `inview --headless`, run by a user who may open only what everybody may.
fn headless(session: &Path, own: &Path) -> Watching {
    must(&format!("chown -R nobody {}", own.display()));
    let (session, own) = (session.display(), own.display());
    let inview = program("inview");
    let line = format!("exec {inview} --headless --session {session} --data {own}");
    let mut child = process::Command::new("su")
        .args(["-s", "/bin/sh", "nobody", "-c", &line])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (commands, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let lines = Arc::<Mutex<Vec<Value>>>::default();
    let noted = Arc::clone(&lines);
    let read = move || {
        for line in BufReader::new(out).lines() {
            noted.lock().unwrap().push(serde_json::from_str(&line.unwrap()).unwrap());
        }
    };
    thread::Builder::new().name("lines".to_owned()).spawn(read).unwrap();
    Watching { child, commands, lines }
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

/// The latest interval of this kind is open, or is not.
fn latest(kind: Kind, open: bool) -> impl Fn(&[StoredInterval]) -> bool {
    move |held| {
        let mut held = held.iter().map(|held| &held.report.interval);
        held.rfind(|held| held.kind == kind).is_some_and(|last| last.end_ms.is_none() == open)
    }
}

/// An edge lies within a look of the truth, however long that takes here, and what else the
/// emulation adds.
#[track_caller]
fn assert_near(what: &str, reported: &IntervalReport, edge: Option<&String>, truth: Timestamp) {
    let Interval { start_ms, end_ms, frames_looked_at, .. } = reported.interval;
    let look = end_ms.unwrap().since(start_ms) / frames_looked_at as u32;
    let off = edge.unwrap().parse::<Timestamp>().unwrap().duration_since(truth);
    println!("case: {what} reported {:+.2} s off, with a look in {look:.2?}", off.as_secs_f64());
    assert!(off.unsigned_abs() <= look + EDGE, "{what}: {off:?}");
}

#[test]
fn an_absence_and_an_unplugged_camera_are_at_the_server_each_by_its_name() {
    if !wants("loopback") {
        return;
    }
    let tape = Tape::load();
    let mut exam = Exam::start();
    must("chmod 666 /dev/video*");
    // After the programs, which would inherit the camera and hold it open.
    let feeder = Tape::feed(&tape);
    exam.until(|line| sees("face")(line) && shows("virtual_camera")(line));
    exam.begin();
    exam.until(sees("face"));
    tape.lock().unwrap().leaving = Some(now());
    wait_until(|| tape.lock().unwrap().left.is_some());
    let left = now();
    tell("nobody is seen", exam.until(sees("nobody")));
    exam.until_held(|held| {
        held.iter().any(|held| held.alert && held.report.interval.kind == Kind::OutOfView)
    });
    tell("alert at the server", now().since(left));
    exam.until_held(latest(Kind::OutOfView, false));
    let held = exam.server.intervals();
    let mut reports = held.iter().map(|held| &held.report);
    let absence = reports.find(|report| report.interval.kind == Kind::OutOfView).unwrap();
    let times = {
        let tape = tape.lock().unwrap();
        (tape.left.unwrap(), tape.back.unwrap())
    };
    assert_near("leaving", absence, absence.start_utc.as_ref(), times.0);
    assert_near("return", absence, absence.end_utc.as_ref(), times.1);

    let begun = now();
    drop(feeder);
    assert_in_time("camera_lost", exam.until(shows("camera_lost")));
    // The agent lets go of it by itself; then it can be taken away.
    wait_until(|| shell("modprobe -r v4l2loopback 2>/dev/null").success());
    assert_in_time("no_camera", exam.until(shows("no_camera")));
    exam.until_held(latest(Kind::CameraLost, true));
    println!("case: lost, and at the server after {:.2} s", (now().since(begun)).as_secs_f64());
    must("modprobe v4l2loopback devices=1 max_buffers=4 exclusive_caps=1");
    must("chmod 666 /dev/video*");
    let _feeder = Tape::feed(&tape);
    tell("seen again, once it is plugged in,", exam.until(sees("face")));
    exam.until_held(latest(Kind::CameraLost, false));

    let held = exam.end();
    assert_eq!(others(&held, &[Kind::CameraLost, Kind::VirtualCamera]), [Kind::OutOfView]);
}

/// What was reported besides these kinds. A machine that is slower still may lose a camera more often.
fn others(held: &[Interval], kinds: &[Kind]) -> Vec<Kind> {
    held.iter().map(|interval| interval.kind).filter(|kind| !kinds.contains(kind)).collect()
}

const VIVID: &str = "/sys/bus/platform/drivers/vivid";

fn control(what: &str) -> String {
    format!("v4l2-ctl -d /dev/video0 {what}")
}

/// Black without writing in it: whoever shows this has a cap on the lens.
fn cover() {
    must(&control("-c test_pattern=5,osd_text_mode=2"));
}

#[test]
fn a_camera_is_denied_busy_covered_stalled_and_unplugged_each_by_its_name() {
    if !wants("vivid") {
        return;
    }
    cover();
    must("chmod 600 /dev/video*");
    let mut exam = Exam::start();
    exam.until(|_| true);
    assert_in_time("camera_denied", exam.until(shows("camera_denied")));
    exam.begin();
    tell("camera_lost at the server", exam.until_held(latest(Kind::CameraLost, true)));

    let mut other = process::Command::new("v4l2-ctl")
        .args(["-d", "/dev/video0", "--stream-mmap", "--stream-count=1000000"])
        .args(["--stream-to=/dev/null"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It writes a sign for each frame.
    other.stderr.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    must("chmod 666 /dev/video*");
    assert_in_time("camera_busy", exam.until(shows("camera_busy")));
    other.kill().unwrap();
    other.wait().unwrap();
    tell("frames, once it is free,", exam.until(sees("lens_covered")));
    assert!(shows("virtual_camera")(&exam.latest().unwrap()));
    exam.until_held(latest(Kind::CameraLost, false));
    exam.until_held(latest(Kind::CameraCovered, true));

    must(&control("-c percentage_of_dropped_buffers=100"));
    assert_in_time("camera_lost, for it stalls", exam.until(shows("camera_lost")));
    exam.until_held(latest(Kind::CameraLost, true));
    must(&control("-c percentage_of_dropped_buffers=0"));
    tell("frames, once it is mended,", exam.until(sees("lens_covered")));
    exam.until_held(latest(Kind::CameraLost, false));
    exam.until_held(latest(Kind::CameraCovered, true));

    must(&format!("echo vivid.0 > {VIVID}/unbind"));
    let begun = now();
    exam.until(|line| shows("camera_lost")(line) || shows("no_camera")(line));
    assert_in_time("unplugged", now().since(begun));
    exam.until(shows("no_camera"));
    assert_in_time("no_camera", now().since(begun));
    exam.until_held(latest(Kind::CameraLost, true));
    // It comes with rights for root alone.
    must(&format!("echo vivid.0 > {VIVID}/bind"));
    assert_in_time("camera_denied, plugged in again", exam.until(shows("camera_denied")));
    cover();
    must("chmod 666 /dev/video*");
    tell("frames, once it is allowed,", exam.until(sees("lens_covered")));
    exam.until_held(latest(Kind::CameraLost, false));
    exam.until_held(latest(Kind::CameraCovered, true));

    let held = exam.end();
    let kinds = [Kind::CameraCovered, Kind::CameraLost, Kind::VirtualCamera];
    assert_eq!(others(&held, &kinds), []);
}
