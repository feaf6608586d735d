//! Everything that keeps the agent from looking: each is named within three seconds of its cause,
//! before the exam and in it, reported in the exam, and never told as an absence.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and says what it saw"
)]

mod film;
mod stage;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use film::{Scene, filmed, footage, repaint};
use inview::agent::{Agent, Clock, Command, MakeDetector, Phase, Seen, Snapshot, World};
use inview::detector::{Detector, onnx};
use inview::frame::Payload;
use inview::geometry::Size;
use inview::health::Code;
use inview::pace::Machine;
use inview::pipeline::Pipeline;
use inview::presence::{Change, Policy, Verdict};
use inview::report::{ClosedBy, Interval, IntervalId, Kind, SessionId};
use inview::time::MediaTime;
use stage::{ABSENT, Act, EACCES, EBUSY, EIO, ENODEV, FRAME, Form, Stage};
use support::agent::{PRESENT, SIZE, clock_at, detector, of_kind, setup, shows, wait_for};
use support::wait_until;

/// Within this, everything must have its name.
const NAMED_WITHIN: Duration = Duration::from_secs(3);
const GIVE_UP: Duration = Duration::from_secs(30);
/// Five looks a second.
const SAMPLED: Duration = Duration::from_millis(200);

/// An agent before a stage, and the time.
struct Exam {
    agent: Agent,
    stage: Stage,
    clock: Clock,
    _folder: tempfile::TempDir,
}

impl Exam {
    fn at(speed: u32, stage: &Stage, make_detector: MakeDetector) -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), clock_at(speed));
        let world = World {
            camera: Arc::new(stage.clone()),
            make_detector,
            clock: Arc::clone(&clock),
            machine: Arc::new(Machine::default),
            waker: Arc::new(|| {}),
        };
        let agent = Agent::start(setup(folder.path()), world).unwrap();
        Self { agent, stage: stage.clone(), clock, _folder: folder }
    }

    fn now(&self) -> MediaTime {
        MediaTime::ZERO + (self.clock)().boot
    }

    /// How long it takes until it is so.
    #[track_caller]
    fn until(&self, is_so: impl Fn(&Snapshot) -> bool) -> Duration {
        let begun = self.now();
        loop {
            let (now, took) = (self.agent.snapshot(), self.now().since(begun));
            if is_so(&now) {
                return took;
            }
            assert!(took < GIVE_UP, "{now:#?}");
            thread::park_timeout(Duration::from_millis(5));
        }
    }

    fn begin(&self) {
        self.agent.command(Command::Begin { consent: None }).unwrap();
    }

    /// Ends, and gives what was reported.
    fn end(self) -> Vec<Interval> {
        self.agent.command(Command::End { flush: Duration::ZERO }).unwrap();
        wait_for(&self.agent, |now| now.phase == Phase::Ended).intervals
    }
}

fn opened(kind: Kind) -> impl Fn(&Snapshot) -> bool {
    move |now| of_kind(now, kind).iter().any(|interval| interval.end_ms.is_none())
}

fn is_well(now: &Snapshot) -> bool {
    now.seen == Seen::Face && now.health.is_empty()
}

/// What took how long.
type Measured = Vec<(String, Duration)>;

/// All that `run` measures must be in time, in one of three runs: whatever else the machine does at
/// one moment, it does not at three.
#[track_caller]
fn assert_in_time(mut run: impl FnMut() -> Measured) {
    let mut late = Measured::new();
    for _ in 0..3 {
        late = run();
        for (what, took) in &late {
            println!("{what}: {:.2} s", took.as_secs_f64());
        }
        late.retain(|(_, took)| *took > NAMED_WITHIN);
        if late.is_empty() {
            return;
        }
    }
    panic!("{late:?}");
}

/// Breaks a running camera and mends it again.
fn break_and_mend(exam: &Exam, name: &str, act: Act, code: Code) -> Measured {
    let (begun, was) = (exam.now(), exam.agent.snapshot());
    exam.stage.set(act);
    exam.until(|now| now.seen == Seen::NoFrames && shows(now, code));
    let mut took = vec![(format!("{name}: {code:?}, {:?}", was.phase), exam.now().since(begun))];
    if was.phase == Phase::Exam {
        exam.until(opened(Kind::CameraLost));
        took.push((format!("{name}: reported"), exam.now().since(begun)));
    }
    exam.stage.set(Act::Shows(Scene::Candidate));
    took.push((format!("{name}: seen again"), exam.until(is_well)));
    took
}

/// In one life of the agent: from its start and at the exam's start, and in the middle of it.
fn a_camera_that_is_broken_from_the_start(name: &str, act: Act, code: Code) -> Measured {
    let exam = Exam::at(1, &Stage::scripted(act), detector(PRESENT));
    let mut took = Measured::new();
    if matches!(act, Act::Stalls | Act::Hangs) {
        // Its first frame is waited for.
        exam.until(|now| now.camera.is_some());
        assert!(exam.agent.snapshot().health.is_empty());
    } else {
        took.push((format!("{name}: {code:?}, start"), exam.until(|now| shows(now, code))));
    }
    exam.begin();
    took.push((format!("{name}: exam begun"), exam.until(opened(Kind::CameraLost))));
    exam.stage.set(Act::Shows(Scene::Candidate));
    exam.until(is_well);
    took.extend(break_and_mend(&exam, name, act, code));
    let reported = exam.end();
    let kinds: Vec<Kind> = reported.iter().map(|interval| interval.kind).collect();
    assert_eq!(kinds, [Kind::CameraLost; 2], "{name}: {reported:?}");
    assert!(reported[0].start_ms <= MediaTime::from_millis(300), "{name}: {reported:?}");
    let again = Some(ClosedBy::SeenAgain);
    assert!(reported.iter().all(|interval| interval.closed_by == again), "{name}: {reported:?}");
    took
}

fn a_camera_that_breaks_before_the_exam(name: &str, act: Act, code: Code) -> Measured {
    let exam = Exam::at(1, &Stage::scripted(Act::Shows(Scene::Candidate)), detector(PRESENT));
    exam.until(is_well);
    let took = break_and_mend(&exam, name, act, code);
    assert_eq!(exam.agent.snapshot().reports.made, 0);
    exam.begin();
    exam.until(|now| now.phase == Phase::Exam && now.seen == Seen::Face);
    assert_eq!(exam.end(), [], "{name}");
    took
}

#[test]
fn what_is_wrong_with_the_camera_is_named_in_three_seconds_and_is_no_absence() {
    let fails = |streaming, opening| Act::Fails { streaming, opening };
    let troubles = [
        ("hanging in its driver", Act::Hangs, Code::CameraLost),
        ("without frames", Act::Stalls, Code::CameraLost),
        ("unplugged", fails(ENODEV, ABSENT), Code::NoCamera),
        ("taken by another program", fails(EIO, EBUSY), Code::CameraBusy),
        ("denied", fails(EIO, EACCES), Code::CameraDenied),
    ];
    assert_in_time(|| {
        // They wait most of the time: all at once.
        thread::scope(|scope| {
            let runs = troubles.map(|(name, act, code)| {
                let before = move || a_camera_that_breaks_before_the_exam(name, act, code);
                let start = move || a_camera_that_is_broken_from_the_start(name, act, code);
                [scope.spawn(before), scope.spawn(start)]
            });
            runs.into_iter().flatten().flat_map(|run| run.join().unwrap()).collect()
        })
    });
}

#[test]
fn a_camera_that_needs_seconds_for_its_first_frame_is_waited_for_and_not_called_lost() {
    let stage = Stage::scripted(Act::Stalls);
    let exam = Exam::at(2, &stage, detector(PRESENT));
    exam.until(|now| now.camera.is_some());
    let opened_at = exam.now();
    wait_until(|| {
        let now = exam.agent.snapshot();
        assert_eq!((now.seen, now.health), (Seen::NotYet, vec![]));
        exam.now().since(opened_at) >= Duration::from_millis(3_500)
    });
    stage.set(Act::Shows(Scene::Candidate));
    exam.until(is_well);
}

#[test]
fn a_camera_that_opens_again_and_again_without_a_frame_stays_lost() {
    let stage = Stage::scripted(Act::Stalls);
    let exam = Exam::at(4, &stage, detector(PRESENT));
    exam.until(|now| shows(now, Code::CameraLost));
    let lost_at = exam.now();
    let mut openings = 0;
    let mut was_open = false;
    wait_until(|| {
        let now = exam.agent.snapshot();
        assert!(shows(&now, Code::CameraLost), "{now:?}");
        openings += usize::from(now.camera.is_some() && !was_open);
        was_open = now.camera.is_some();
        exam.now().since(lost_at) >= Duration::from_secs(8)
    });
    assert!(openings > 0);
}

#[test]
fn a_camera_that_is_mended_after_long_is_opened_again_within_three_seconds() {
    assert_in_time(|| {
        let stage = Stage::scripted(Act::Fails { streaming: ENODEV, opening: ABSENT });
        let exam = Exam::at(4, &stage, detector(PRESENT));
        let begun = exam.now();
        wait_until(|| exam.now().since(begun) >= Duration::from_secs(20));
        stage.set(Act::Shows(Scene::Candidate));
        vec![("after 20 s".to_owned(), exam.until(is_well))]
    });
}

#[test]
fn what_holds_a_camera_now_is_named_and_not_what_held_it_before() {
    let holds = |opening| Act::Fails { streaming: ENODEV, opening };
    let stage = Stage::scripted(holds(EBUSY));
    let exam = Exam::at(2, &stage, detector(PRESENT));
    assert_in_time(|| {
        let codes =
            [(EBUSY, Code::CameraBusy), (EACCES, Code::CameraDenied), (ABSENT, Code::NoCamera)];
        let named = |(opening, code)| {
            stage.set(holds(opening));
            let only = |now: &Snapshot| now.health.len() == 1 && now.health[0].code == code;
            (format!("{code:?}"), exam.until(only))
        };
        codes.map(named).to_vec()
    });
}

#[test]
fn a_virtual_camera_is_named_and_reported_in_three_seconds() {
    assert_in_time(|| {
        let mut stage = Stage::scripted(Act::Shows(Scene::Candidate));
        stage.virtual_device = Some("OBS Virtual Camera".to_owned());
        let exam = Exam::at(1, &stage, detector(PRESENT));
        let named = exam.until(|now| shows(now, Code::VirtualCamera));
        exam.begin();
        let reported = exam.until(opened(Kind::VirtualCamera));
        let kinds: Vec<Kind> = exam.end().iter().map(|interval| interval.kind).collect();
        assert_eq!(kinds, [Kind::VirtualCamera]);
        vec![("virtual".to_owned(), named), ("virtual: reported".to_owned(), reported)]
    });
}

#[test]
fn a_camera_that_changes_its_size_or_gives_a_frame_a_second_is_no_trouble_and_misses_no_absence() {
    let left = r#"{"pts_s": 0, "faces": [{"score": 0.9, "box": [20, 10, 40, 34]}]}
{"pts_s": 12, "faces": []}"#;
    for form in [
        Form { size: Size::new(128, 96), every: FRAME },
        Form { size: Size::new(48, 36), every: FRAME },
        Form { size: SIZE, every: Duration::from_secs(1) },
    ] {
        let stage = Stage::scripted(Act::Shows(Scene::Candidate));
        let exam = Exam::at(1, &stage, detector(left));
        exam.until(is_well);
        exam.begin();
        exam.until(|now| now.phase == Phase::Exam && now.seen == Seen::Face);
        let begun = exam.now();
        stage.change(form);
        wait_until(|| {
            let now = exam.agent.snapshot();
            assert_eq!((now.seen, now.health), (Seen::Face, vec![]), "{form:?}");
            exam.now().since(begun) >= Duration::from_secs(5)
        });
        assert_eq!(exam.agent.snapshot().intervals, [], "{form:?}");
        exam.until(opened(Kind::OutOfView));
        let kinds: Vec<Kind> = exam.end().iter().map(|interval| interval.kind).collect();
        assert_eq!(kinds, [Kind::OutOfView], "{form:?}");
    }
}

fn networks() -> MakeDetector {
    let models = onnx::Models::load().unwrap();
    Arc::new(move || {
        let detector: Box<dyn Detector + Send> = Box::new(onnx::Onnx::with(Arc::clone(&models)));
        Ok(detector)
    })
}

#[test]
fn what_is_wrong_with_the_picture_is_named_in_three_seconds_and_is_no_absence() {
    let footage = footage();
    let stage = Stage::new(Act::Shows(Scene::Candidate), footage[0].size, filmed(&footage));
    let networks = networks();
    let troubles = [
        (Scene::Finger, Seen::LensCovered, Kind::CameraCovered),
        (Scene::Cap, Seen::TooDark, Kind::TooDark),
        (Scene::Dark, Seen::TooDark, Kind::TooDark),
        (Scene::Night, Seen::TooDark, Kind::TooDark),
        (Scene::Frozen, Seen::PictureFrozen, Kind::FrozenPicture),
        (Scene::FrozenEncoded, Seen::PictureFrozen, Kind::FrozenPicture),
    ];
    assert_in_time(|| {
        let exam = Exam::at(1, &stage, Arc::clone(&networks));
        exam.until(is_well);
        let mut took = Measured::new();
        for (scene, seen, _) in troubles {
            stage.set(Act::Shows(scene));
            let named = exam.until(|now| now.seen == seen);
            took.push((format!("{scene:?}: {seen:?}, before the exam"), named));
            stage.set(Act::Shows(Scene::Candidate));
            exam.until(is_well);
        }
        assert_eq!(exam.agent.snapshot().reports.made, 0);
        exam.begin();
        exam.until(|now| now.phase == Phase::Exam && is_well(now));
        for (scene, seen, kind) in troubles {
            stage.set(Act::Shows(scene));
            let begun = exam.now();
            took.push((format!("{scene:?}: {seen:?}"), exam.until(|now| now.seen == seen)));
            exam.until(opened(kind));
            took.push((format!("{scene:?}: reported"), exam.now().since(begun)));
            stage.set(Act::Shows(Scene::Candidate));
            let over = |now: &Snapshot| now.intervals.iter().all(|told| told.end_ms.is_some());
            exam.until(|now| is_well(now) && over(now));
        }
        let kinds: Vec<Kind> = exam.end().iter().map(|interval| interval.kind).collect();
        assert_eq!(kinds, troubles.map(|(_, _, kind)| kind));
        took
    });
}

#[test]
fn a_room_that_grows_dark_is_at_no_moment_taken_for_an_empty_one() {
    let footage = footage();
    let models = onnx::Models::load().unwrap();
    for deviation in [3.0, 12.0] {
        let session = SessionId::derived(&[]);
        let ids = move |number| IntervalId::derived(session, number);
        let detector = onnx::Onnx::with(Arc::clone(&models));
        let mut pipeline = Pipeline::new(detector, Policy::default(), ids);
        let (mut gain, mut opened, mut last) = (1.0, Vec::new(), Verdict::Face);
        for seq in 0..45 {
            let mut frame = footage[seq as usize].clone();
            (frame.seq, frame.pts) = (seq, MediaTime::ZERO + SAMPLED * seq as u32);
            let size = frame.size;
            if let Payload::I420(planes) = &mut frame.payload {
                let dim =
                    |room: f32, _, _, noise: &mut film::Noise| room * gain + noise.next(deviation);
                repaint(&mut planes.y, size, seq, dim);
                planes.u.fill(128);
                planes.v.fill(128);
            }
            let sample = pipeline.step(&frame).unwrap();
            opened.extend(sample.changes.into_iter().filter_map(|change| match change {
                Change::Opened(interval) => Some(interval.kind),
                Change::Warned(..) | Change::Alerted(..) | Change::Closed(_) => None,
            }));
            last = sample.verdict;
            gain *= 0.9;
        }
        println!("noise of {deviation} levels: {opened:?}, at last {last:?}");
        assert_eq!((opened, last), (vec![Kind::TooDark], Verdict::TooDark));
    }
}
