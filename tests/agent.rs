//! The agent with made-up cameras and detectors, on a clock that runs fast.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use inview::agent::{
    Agent, Camera, Clock, Command, Now, Opened, Paced, Phase, Seen, Setup, Time, World,
};
use inview::capture::{CaptureError, FrameSource, Synthetic};
use inview::clock::Reading;
use inview::detection::Detection;
use inview::detector::{Detector, DetectorError, Scripted};
use inview::frame::Frame;
use inview::health::Code;
use inview::pace::Machine;
use inview::report::{ClosedBy, Event, EventData, Kind, ModelIdentity, Strain};
use inview::spool::{self, Outbox};
use inview::time::MediaTime;
use inview::trust::signature::SigningKey;
use support::agent::{
    PRESENT, SIZE, SPEED, Webcam, fast_clock, frames, of_kind, room, setup, shows, wait_for, world,
};
use support::wait_until;

const BEGIN: Command = Command::Begin { consent: None };

/// Somebody leaves at second 4 and is back at second 12.
const LEAVES: &str = r#"
    {"pts_s": 0, "faces": [{"score": 0.9, "box": [20, 10, 40, 34]}], "people": []}
    {"pts_s": 4, "faces": []}
    {"pts_s": 12, "faces": [{"score": 0.9, "box": [20, 10, 40, 34]}]}
"#;

#[track_caller]
fn assert_about(found: MediaTime, expected_s: f64) {
    let off = (found.as_secs_f64() - expected_s).abs();
    assert!(off <= 0.7, "{found} instead of {expected_s} s");
}

#[test]
fn a_candidate_who_leaves_is_warned_and_reported_while_away_and_again_on_return() {
    let folder = tempfile::tempdir().unwrap();
    let agent =
        Agent::start(setup(folder.path()), world(Webcam(|now: &Now| Ok(frames(now))), LEAVES));
    let agent = agent.unwrap();
    agent.command(BEGIN).unwrap();
    let away = wait_for(&agent, |snapshot| snapshot.warning.is_some());
    let open = &of_kind(&away, Kind::OutOfView)[0];
    assert_eq!(away.warning, Some(open.id));
    assert_about(open.start_ms, 3.9);
    assert_eq!(open.end_ms, None);
    let back = wait_for(&agent, |now| of_kind(now, Kind::OutOfView)[0].end_ms.is_some());
    let closed = &of_kind(&back, Kind::OutOfView)[0];
    assert_eq!((closed.id, closed.closed_by), (open.id, Some(ClosedBy::SeenAgain)));
    assert_about(closed.end_ms.unwrap(), 12.0);
    agent.command(Command::End { flush: Duration::ZERO }).unwrap();
    let ended = wait_for(&agent, |snapshot| snapshot.phase == Phase::Ended);
    // Began, opened, closed, ended.
    assert_eq!((ended.reports.made, ended.intervals.len()), (4, 1));
}

#[test]
fn nothing_is_reported_before_the_exam_begins() {
    let folder = tempfile::tempdir().unwrap();
    let agent =
        Agent::start(setup(folder.path()), world(Webcam(|now: &Now| Ok(frames(now))), LEAVES));
    let agent = agent.unwrap();
    let before = wait_for(&agent, |now| now.at_ms > MediaTime::from_millis(7_000));
    assert_eq!((before.phase, before.reports.made, before.intervals.len()), (Phase::CheckIn, 0, 0));
    // Absent since before the exam: that absence begins with the exam.
    agent.command(BEGIN).unwrap();
    let away = wait_for(&agent, |now| !of_kind(now, Kind::OutOfView).is_empty());
    assert_about(of_kind(&away, Kind::OutOfView)[0].start_ms, 0.0);
}

#[test]
fn an_exam_that_its_agent_left_goes_on_with_the_gap_reported() {
    let folder = tempfile::tempdir().unwrap();
    let start = |clock: Clock| {
        let world = World { clock, ..world(Webcam(|now: &Now| Ok(frames(now))), "{\"pts_s\": 0}") };
        Agent::start(setup(folder.path()), world).unwrap()
    };
    let clock = fast_clock();
    let first = start(Arc::clone(&clock));
    first.command(BEGIN).unwrap();
    let left = wait_for(&first, |now| !of_kind(now, Kind::OutOfView).is_empty());
    wait_for(&first, |now| now.at_ms > left.at_ms + Duration::from_secs(2));
    drop(first);
    let later: Clock = Arc::new(move || {
        let reading = clock();
        let minute = Duration::from_mins(1);
        Reading {
            boot: reading.boot + minute,
            awake: reading.awake + minute,
            wall: reading.wall + minute,
        }
    });
    let second = start(later);
    let snapshot = wait_for(&second, |now| !of_kind(now, Kind::AgentGap).is_empty());
    assert_eq!(snapshot.phase, Phase::Exam);
    let gap = &of_kind(&snapshot, Kind::AgentGap)[0];
    let length = gap.end_ms.unwrap().since(gap.start_ms);
    assert!((55..70).contains(&length.as_secs()), "{length:?}");
    let absence = &of_kind(&snapshot, Kind::OutOfView)[0];
    assert_eq!(absence.id, of_kind(&left, Kind::OutOfView)[0].id);
    assert_eq!(
        (absence.end_ms, absence.closed_by),
        (Some(gap.start_ms), Some(ClosedBy::AgentRestart))
    );
}

/// Gives some frames, and then never returns.
struct Hangs(Box<dyn FrameSource>, u32);

impl FrameSource for Hangs {
    fn info(&self) -> &inview::capture::SourceInfo {
        self.0.info()
    }

    #[expect(clippy::infinite_loop, reason = "so do drivers")]
    fn next_frame(&mut self, not_before: MediaTime) -> Result<Option<Frame>, CaptureError> {
        if self.1 == 0 {
            loop {
                std::thread::park();
            }
        }
        self.1 -= 1;
        self.0.next_frame(not_before)
    }

    fn tally(&self) -> inview::capture::Tally {
        self.0.tally()
    }
}

#[test]
fn a_driver_that_never_returns_is_given_up_named_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let camera = Webcam(move |now: &Now| {
        let first = count.fetch_add(1, Ordering::Relaxed) == 0;
        let hangs: Box<dyn FrameSource> = Box::new(Hangs(frames(now), 10));
        Ok(if first { hangs } else { frames(now) })
    });
    let agent = Agent::start(setup(folder.path()), world(camera, PRESENT)).unwrap();
    agent.command(BEGIN).unwrap();
    wait_for(&agent, |now| shows(now, Code::CaptureStuck));
    let back = wait_for(&agent, |now| {
        of_kind(now, Kind::CameraLost).first().is_some_and(|lost| lost.end_ms.is_some())
    });
    assert!(!shows(&back, Code::CaptureStuck));
    assert_eq!(opened.load(Ordering::Relaxed), 2);
    assert_eq!(of_kind(&back, Kind::OutOfView), []);
}

#[test]
fn what_is_wrong_with_the_camera_is_named_and_never_taken_for_an_absence() {
    for (error, code) in [
        (CaptureError::NotFound, Code::NoCamera),
        (CaptureError::PermissionDenied, Code::CameraDenied),
        (CaptureError::Damaged("no signal".to_owned()), Code::CameraLost),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let error = Mutex::new(Some(error));
        let fails = Arc::new(Mutex::new(false));
        let failing = Arc::clone(&fails);
        let camera = Webcam(move |now: &Now| {
            let is_failing = *failing.lock().unwrap();
            match error.lock().unwrap().take().filter(|_| is_failing) {
                Some(error) => Err(error),
                None if is_failing => Err(CaptureError::Empty),
                None => Ok(frames(now)),
            }
        });
        *fails.lock().unwrap() = true;
        let agent = Agent::start(setup(folder.path()), world(camera, PRESENT)).unwrap();
        agent.command(BEGIN).unwrap();
        wait_for(&agent, |now| shows(now, code));
        *fails.lock().unwrap() = false;
        let back = wait_for(&agent, |now| now.frames_looked_at > 3);
        assert!(back.health.is_empty(), "{:?}", back.health);
        assert_eq!(of_kind(&back, Kind::OutOfView), []);
    }
}

struct VirtualWebcam;

impl Camera for VirtualWebcam {
    fn open(&self, time: &Time) -> Result<Opened, CaptureError> {
        let virtual_device = Some("OBS Virtual Camera".to_owned());
        Ok(Opened { virtual_device, ..Opened::from(frames(&time.now)) })
    }
}

#[test]
fn a_virtual_camera_is_said_to_be_one_for_the_whole_exam() {
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start(setup(folder.path()), world(VirtualWebcam, PRESENT)).unwrap();
    wait_for(&agent, |now| shows(now, Code::VirtualCamera));
    agent.command(BEGIN).unwrap();
    wait_for(&agent, |now| !of_kind(now, Kind::VirtualCamera).is_empty());
    agent.command(Command::End { flush: Duration::ZERO }).unwrap();
    let ended = wait_for(&agent, |now| now.phase == Phase::Ended);
    let said = &of_kind(&ended, Kind::VirtualCamera)[0];
    assert_eq!(said.closed_by, Some(ClosedBy::SessionEnd));
    assert!(said.end_ms.unwrap() > said.start_ms);
}

/// Panics at its fifth look.
struct Panics(Scripted, u32);

impl Detector for Panics {
    #[expect(clippy::panic_in_result_fn, reason = "it is what is tested")]
    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        self.1 += 1;
        assert!(self.1 < 5, "a detector that panics, as a test wants it");
        self.0.faces(frame)
    }

    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        self.0.people(frame)
    }

    fn models(&self) -> &[ModelIdentity] {
        self.0.models()
    }
}

#[test]
fn a_detector_that_panics_is_started_again_and_the_time_between_is_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let made = AtomicUsize::new(0);
    let make_detector: inview::agent::MakeDetector = Arc::new(move || {
        let script = Scripted::parse(PRESENT).unwrap();
        // The first serves the start, the second the check-in, the third the exam.
        let detector: Box<dyn Detector + Send> = match made.fetch_add(1, Ordering::Relaxed) {
            2 => Box::new(Panics(script, 0)),
            _ => Box::new(script),
        };
        Ok(detector)
    });
    let world = World { make_detector, ..world(Webcam(|now: &Now| Ok(frames(now))), PRESENT) };
    let agent = Agent::start(setup(folder.path()), world).unwrap();
    agent.command(BEGIN).unwrap();
    let snapshot = wait_for(&agent, |now| !of_kind(now, Kind::AgentGap).is_empty());
    let looked = snapshot.frames_looked_at;
    let after = wait_for(&agent, |now| now.frames_looked_at > looked + 5);
    assert!(!shows(&after, Code::DetectorFailed), "{:?}", after.health);
    assert_eq!(of_kind(&after, Kind::OutOfView), []);
    assert_eq!(of_kind(&after, Kind::AgentGap).len(), 1);
}

/// Panics in the middle of a look, when it is told to: once it is `armed` and then `released`.
struct Falters {
    script: Scripted,
    armed: Arc<AtomicBool>,
    is_looking: Arc<AtomicBool>,
    released: Arc<AtomicBool>,
}

impl Detector for Falters {
    #[expect(clippy::panic_in_result_fn, reason = "it is what is tested")]
    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        if self.armed.swap(false, Ordering::SeqCst) {
            self.is_looking.store(true, Ordering::SeqCst);
            wait_until(|| self.released.load(Ordering::SeqCst));
            panic!("a detector that panics, as a test wants it");
        }
        self.script.faces(frame)
    }

    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        self.script.people(frame)
    }

    fn models(&self) -> &[ModelIdentity] {
        self.script.models()
    }
}

#[test]
fn a_detector_that_fails_after_the_exam_was_ended_leaves_nothing_open_and_the_end_reported() {
    let folder = tempfile::tempdir().unwrap();
    let [armed, is_looking, released]: [Arc<AtomicBool>; 3] = Default::default();
    let parts = [&armed, &is_looking, &released].map(Arc::clone);
    let make_detector: inview::agent::MakeDetector = Arc::new(move || {
        let [armed, is_looking, released] = parts.clone();
        let script = Scripted::parse("{\"pts_s\": 0}").unwrap();
        let detector: Box<dyn Detector + Send> =
            Box::new(Falters { script, armed, is_looking, released });
        Ok(detector)
    });
    let world = World { make_detector, ..world(Webcam(|now: &Now| Ok(frames(now))), PRESENT) };
    let agent = Agent::start(setup(folder.path()), world).unwrap();
    agent.command(BEGIN).unwrap();
    wait_for(&agent, |now| !of_kind(now, Kind::OutOfView).is_empty());
    armed.store(true, Ordering::SeqCst);
    wait_until(|| is_looking.load(Ordering::SeqCst));
    agent.command(Command::End { flush: Duration::ZERO }).unwrap();
    wait_for(&agent, |now| now.phase == Phase::Ending);
    released.store(true, Ordering::SeqCst);
    let ended = wait_for(&agent, |now| now.phase == Phase::Ended);
    let [absence, gap] = &ended.intervals[..] else { panic!("{:?}", ended.intervals) };
    let restart = Some(ClosedBy::AgentRestart);
    assert_eq!((absence.kind, absence.closed_by), (Kind::OutOfView, restart));
    assert_eq!((gap.kind, gap.closed_by), (Kind::AgentGap, restart));
    assert_eq!(absence.end_ms, Some(gap.start_ms));
    // Began, opened, closed, the gap, ended.
    assert_eq!(ended.reports.made, 5);
}

#[test]
fn a_machine_that_slept_reports_the_time_as_a_gap_and_not_as_a_lost_camera() {
    let folder = tempfile::tempdir().unwrap();
    let slept = Arc::new(Mutex::new(Duration::ZERO));
    let (clock, sleep) = (fast_clock(), Arc::clone(&slept));
    let clock: Clock = Arc::new(move || {
        let reading = clock();
        let slept = *sleep.lock().unwrap();
        Reading { boot: reading.boot + slept, wall: reading.wall + slept, ..reading }
    });
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let camera = Webcam(move |now: &Now| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(frames(now))
    });
    let world = World { clock, ..world(camera, PRESENT) };
    let agent = Agent::start(setup(folder.path()), world).unwrap();
    agent.command(BEGIN).unwrap();
    wait_for(&agent, |now| now.frames_looked_at > 5);
    *slept.lock().unwrap() = Duration::from_mins(10);
    let snapshot = wait_for(&agent, |now| !of_kind(now, Kind::AgentGap).is_empty());
    let gap = &of_kind(&snapshot, Kind::AgentGap)[0];
    let length = gap.end_ms.unwrap().since(gap.start_ms).as_secs();
    assert!((600..605).contains(&length), "{length} s");
    let looked = snapshot.frames_looked_at;
    let after = wait_for(&agent, |now| now.frames_looked_at > looked + 5);
    assert_eq!(of_kind(&after, Kind::AgentGap).len(), 1);
    assert_eq!(of_kind(&after, Kind::CameraLost), []);
    assert_eq!(of_kind(&after, Kind::OutOfView), []);
    // Nobody who only slept is taken for stuck.
    assert_eq!((after.health, opened.load(Ordering::Relaxed)), (vec![], 1));
}

/// The rates that the reports tell of, with their reasons.
fn rates_reported(folder: &Path) -> Vec<(f64, Option<Strain>)> {
    let spool = folder.join("spool");
    let mut rates = Vec::new();
    for (session, incarnation) in spool::all(&spool) {
        let outbox = Outbox::open(&spool, session, incarnation).unwrap();
        for stored in outbox.peek_batch(100, usize::MAX).unwrap() {
            let event: Event = serde_json::from_slice(&stored.body).unwrap();
            if let EventData::Sampling(sampling) = event.data {
                rates.push((sampling.sample_rate_hz, sampling.strain));
            }
        }
    }
    rates
}

#[test]
fn a_machine_with_a_low_battery_is_looked_at_less_often_and_the_reports_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let world = World {
        machine: Arc::new(|| Machine { battery: Some(0.1), is_hot: false }),
        ..world(Webcam(|now: &Now| Ok(frames(now))), PRESENT)
    };
    let agent = Agent::start(setup(folder.path()), world).unwrap();
    let strained = wait_for(&agent, |snapshot| shows(snapshot, Code::BatteryLow));
    assert_eq!(strained.sample_rate_hz, 2.5);
    agent.command(BEGIN).unwrap();
    let begun = wait_for(&agent, |snapshot| snapshot.phase == Phase::Exam);
    let later = wait_for(&agent, |now| now.at_ms.since(begun.at_ms) >= Duration::from_secs(6));
    let looks = later.frames_looked_at as f64 / later.at_ms.since(begun.at_ms).as_secs_f64();
    assert!((1.5..=3.0).contains(&looks), "{looks} looks a second");
    agent.command(Command::End { flush: Duration::ZERO }).unwrap();
    wait_for(&agent, |snapshot| snapshot.phase == Phase::Ended);
    drop(agent);
    assert_eq!(rates_reported(folder.path()), [(2.5, Some(Strain::Battery))]);
}

/// A machine on which a look takes long.
struct Slow(Scripted, Duration);

impl Detector for Slow {
    fn models(&self) -> &[ModelIdentity] {
        self.0.models()
    }

    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        std::thread::park_timeout(self.1);
        self.0.faces(frame)
    }

    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        self.0.people(frame)
    }
}

#[test]
fn a_machine_that_is_too_slow_is_asked_for_fewer_looks_and_says_that_it_is_overloaded() {
    let folder = tempfile::tempdir().unwrap();
    let world = World {
        make_detector: Arc::new(|| {
            let scripted = Scripted::parse(PRESENT).unwrap();
            let detector: Box<dyn Detector + Send> =
                Box::new(Slow(scripted, Duration::from_millis(600) / SPEED));
            Ok(detector)
        }),
        ..world(Webcam(|now: &Now| Ok(frames(now))), PRESENT)
    };
    let agent = Agent::start(setup(folder.path()), world).unwrap();
    agent.command(BEGIN).unwrap();
    let overloaded = wait_for(&agent, |snapshot| shows(snapshot, Code::Overloaded));
    assert_eq!((overloaded.sample_rate_hz, overloaded.seen), (2.5, Seen::Face));
    assert_eq!(of_kind(&overloaded, Kind::OutOfView), []);
    agent.command(Command::End { flush: Duration::ZERO }).unwrap();
    wait_for(&agent, |snapshot| snapshot.phase == Phase::Ended);
    drop(agent);
    assert_eq!(rates_reported(folder.path()), [(2.5, Some(Strain::Load))]);
}

#[test]
fn the_picture_is_shown_before_the_exam_and_is_gone_with_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let agent =
        Agent::start(setup(folder.path()), world(Webcam(|now: &Now| Ok(frames(now))), PRESENT));
    let agent = agent.unwrap();
    wait_until(|| agent.preview().is_some());
    let preview = agent.preview().unwrap();
    assert_eq!((preview.size, preview.rgb.len()), (SIZE, SIZE.area() * 3));
    assert!(preview.face.is_some());
    agent.command(BEGIN).unwrap();
    wait_until(|| agent.preview().is_none());
    let before = agent.snapshot().frames_looked_at;
    wait_for(&agent, |now| now.frames_looked_at > before + 3);
    assert_eq!(agent.preview(), None);
}

/// Stands in every row of every frame, so that any part of a picture can be recognised.
const PATTERN: &[u8; 32] = b"\x91\x13\xd7\x2a\xf0\x58\x0c\xbe\x67\xa9\x34\xe1\x7d\x05\xc8\x4f\
\x9a\x21\xee\x36\x73\xb4\x1d\x88\x52\xfb\x09\xc6\x6e\xa0\x3b\xd5";

/// How a piece of a picture may look in other bytes: as it is, in hexadecimal, in base64 at any
/// alignment.
fn traces_of_a_picture() -> Vec<Vec<u8>> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let base64 = |bytes: &[u8]| -> Vec<u8> {
        let triples = bytes.chunks_exact(3);
        triples
            .flat_map(|three| {
                let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
                [18, 12, 6, 0].map(|shift| DIGITS[(bits >> shift & 63) as usize])
            })
            .collect()
    };
    let hex = inview::report::Hash::from_bytes(*PATTERN).to_string().into_bytes()[..24].to_vec();
    let mut traces = vec![PATTERN[..12].to_vec(), hex.to_ascii_uppercase(), hex];
    traces.extend((0..3).map(|from| base64(&PATTERN[from..from + 12])));
    traces
}

/// All bytes of all files below a folder.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(bytes_below(&path));
        } else {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    bytes
}

/// A server that writes down every byte it gets, and never takes anything.
fn eavesdropper() -> (std::net::SocketAddr, Arc<Mutex<Vec<u8>>>) {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, heard) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<u8>>>::default());
    let notes = Arc::clone(&heard);
    let listen = move || {
        for connection in listener.incoming() {
            let (mut connection, mut buffer) = (connection.unwrap(), [0; 4_096]);
            while let Ok(count @ 1..) = connection.read(&mut buffer) {
                notes.lock().unwrap().extend(&buffer[..count]);
                if buffer[..count].ends_with(b"]") || buffer[..count].ends_with(b"}") {
                    let answer =
                        b"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
                    connection.write_all(answer).unwrap();
                    break;
                }
            }
        }
    };
    std::thread::Builder::new().name("eavesdropper".to_owned()).spawn(listen).unwrap();
    (address, heard)
}

#[test]
fn no_frame_is_written_to_disk_or_sent() {
    let folder = tempfile::tempdir().unwrap();
    let (address, heard) = eavesdropper();
    let upload = inview::upload::Settings {
        route: inview::upload::Route::default(),
        server: format!("http://{address}"),
        token: inview::redact::Pii::new("token".to_owned()),
        authority: None,
        code: None,
        allow_plain_loopback: true,
        key: Some(SigningKey::from_secret(&[1; 32])),
        server_key: Some(SigningKey::from_secret(&[9; 32]).public()),
        folder: folder.path().join("spool"),
        session: None,
    };
    let camera = Webcam(|now: &Now| {
        let paint = |seq: u64| {
            let mut picture = room(seq);
            for row in picture.chunks_exact_mut(SIZE.width as usize) {
                row[16..48].copy_from_slice(PATTERN);
            }
            picture
        };
        let source = Synthetic::new(SIZE, Duration::from_millis(100), 100_000, paint);
        let source: Box<dyn FrameSource> = Box::new(Paced::new(Box::new(source), Arc::clone(now)));
        Ok(source)
    });
    let setup = Setup { upload: Some(upload), ..setup(folder.path()) };
    let agent = Agent::start(setup, world(camera, LEAVES)).unwrap();
    agent.command(BEGIN).unwrap();
    wait_for(&agent, |now| of_kind(now, Kind::OutOfView).iter().any(|i| i.end_ms.is_some()));
    let contains = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|here| here == part);
    // Reports and heartbeats.
    wait_until(|| {
        let heard = heard.lock().unwrap();
        contains(&heard, b"Seat 7") && contains(&heard, b"sent_at")
    });
    let kept = bytes_below(folder.path());
    drop(agent);
    let (kept, heard) = ([kept, bytes_below(folder.path())].concat(), heard.lock().unwrap());
    // That the check sees what is there: the label of the session is.
    assert!(contains(&kept, b"Seat 7") && contains(&heard, b"Seat 7"));
    for trace in traces_of_a_picture() {
        assert!(!contains(&kept, &trace), "a piece of a picture is on disk");
        assert!(!contains(&heard, &trace), "a piece of a picture was sent");
    }
}
