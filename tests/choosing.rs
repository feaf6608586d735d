//! Choosing the camera that the agent watches through, among made-up ones.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use inview::agent::{
    Agent, Camera, Command, Opened, Paced, Phase, Seen, Setup, Snapshot, Time, World,
};
use inview::capture::camera::{CameraId, CameraInfo, Choice, Evidence, VirtualDevice};
use inview::capture::{CaptureError, Synthetic};
use inview::clock::Reading;
use inview::detector::{Detector, Scripted};
use inview::geometry::Size;
use inview::health::Code;
use inview::presence::{Policy, VirtualCameraPolicy};
use inview::report::SessionId;
use support::wait_until;

const SIZE: Size = Size::new(64, 48);
/// Somebody is there all the time.
const PRESENT: &str = r#"{"pts_s": 0, "faces": [{"score": 0.9, "box": [20, 10, 40, 34]}]}"#;

/// What is plugged in. Each camera shows a brightness of its own.
struct Desk {
    plugged_in: Mutex<Vec<CameraInfo>>,
    choice: Mutex<Choice>,
    openings: AtomicUsize,
}

impl Desk {
    fn with(names: &[&str]) -> Arc<Self> {
        Arc::new(Self {
            plugged_in: Mutex::new(names.iter().map(|name| camera(name)).collect()),
            choice: Mutex::default(),
            openings: AtomicUsize::new(0),
        })
    }
}

impl Camera for Desk {
    #[expect(clippy::unwrap_in_result, reason = "a test may panic")]
    fn open(&self, time: &Time) -> Result<Opened, CaptureError> {
        let (found, fit) =
            self.choice.lock().unwrap().pick(&self.list().unwrap_or_default(), (time.now)())?;
        self.choice.lock().unwrap().opened(&found);
        self.openings.fetch_add(1, Ordering::Relaxed);
        let bright = 60 + 40 * found.index as u8;
        let paint = move |seq: u64| {
            let noise = |index: usize| (index as u64 * 7 + seq * 13) % 11;
            let room = |index| if index % 64 < 20 { bright } else { bright + 60 };
            (0..SIZE.area()).map(|index| room(index) + noise(index) as u8).collect()
        };
        let source = Synthetic::new(SIZE, Duration::from_millis(50), 100_000, paint);
        let virtual_device = found.virtual_device.map(|device| device.product.to_owned());
        let source = Box::new(Paced::new(Box::new(source), Arc::clone(&time.now)));
        Ok(Opened { source, virtual_device, id: Some(found.id), fit })
    }

    fn list(&self) -> Option<Vec<CameraInfo>> {
        Some(self.plugged_in.lock().unwrap().clone())
    }

    fn choose(&self, camera: &CameraInfo) {
        *self.choice.lock().unwrap() = Choice::of(Some(camera.into()));
    }
}

fn id(name: &str) -> CameraId {
    serde_json::from_value(format!("{name} [usb]").into()).unwrap()
}

fn camera(name: &str) -> CameraInfo {
    let product = VirtualDevice { product: "OBS Virtual Camera", evidence: vec![Evidence::Name] };
    CameraInfo {
        id: id(name),
        name: name.to_owned(),
        driver: String::new(),
        bus: "usb".to_owned(),
        index: u32::from(name != "A"),
        virtual_device: (name == "OBS").then_some(product),
    }
}

fn agent(folder: &Path, desk: &Arc<Desk>, policy: Policy) -> Agent {
    let setup = Setup {
        session: SessionId::derived(&[b"choosing"]),
        label: "Seat 7".to_owned(),
        policy,
        folder: folder.to_owned(),
        upload: None,
        flush: Duration::ZERO,
        program: "test".to_owned(),
        asks_consent: false,
    };
    let world = World {
        camera: Arc::<Desk>::clone(desk),
        make_detector: Arc::new(|| {
            let detector: Box<dyn Detector + Send> = Box::new(Scripted::parse(PRESENT).unwrap());
            Ok(detector)
        }),
        clock: Arc::new(Reading::now),
        machine: Arc::new(inview::pace::Machine::default),
        waker: Arc::new(|| {}),
    };
    Agent::start(setup, world).unwrap()
}

fn is_open(snapshot: &Snapshot, name: &str) -> bool {
    snapshot.camera.as_ref().is_some_and(|open| open.id == Some(id(name)))
}

#[track_caller]
fn wait_for(agent: &Agent, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
    wait_until(|| is_so(&agent.snapshot()));
    agent.snapshot()
}

#[test]
fn the_chosen_camera_is_shown_within_two_seconds_and_the_last_picture_is_gone_at_once() {
    let (folder, desk) = (tempfile::tempdir().unwrap(), Desk::with(&["A", "B"]));
    let agent = agent(folder.path(), &desk, Policy::default());
    wait_for(&agent, |now| is_open(now, "A") && now.seen == Seen::Face);
    wait_until(|| agent.preview().is_some_and(|preview| preview.mean < 130.0));
    let before = wait_for(&agent, |now| now.cameras.len() == 2).at_ms;
    agent.command(Command::UseCamera(id("B"))).unwrap();
    wait_until(|| agent.preview().is_some_and(|preview| preview.mean > 130.0));
    let after = wait_for(&agent, |now| is_open(now, "B") && now.seen == Seen::Face);
    assert!(after.at_ms.since(before) < Duration::from_secs(2), "{before} to {}", after.at_ms);
    assert!(after.since_ms > before, "being seen by the last camera does not count");
    assert!(after.health.is_empty(), "{:?}", after.health);
    // Another click on it changes nothing.
    agent.command(Command::UseCamera(id("B"))).unwrap();
    agent.command(Command::Begin { consent: None }).unwrap();
    wait_for(&agent, |now| now.phase == Phase::Exam);
    assert_eq!(desk.openings.load(Ordering::Relaxed), 2);
}

#[test]
fn a_camera_that_is_plugged_in_is_listed_and_no_camera_is_chosen_in_the_exam() {
    let (folder, desk) = (tempfile::tempdir().unwrap(), Desk::with(&["A"]));
    let agent = agent(folder.path(), &desk, Policy::default());
    wait_for(&agent, |now| now.cameras.len() == 1);
    desk.plugged_in.lock().unwrap().push(camera("OBS"));
    let listed = wait_for(&agent, |now| now.cameras.len() == 2).cameras;
    assert_eq!(listed[1].virtual_device.as_deref(), Some("OBS Virtual Camera"));
    agent.command(Command::Begin { consent: None }).unwrap();
    agent.command(Command::UseCamera(id("OBS"))).unwrap();
    let exam = wait_for(&agent, |now| now.phase == Phase::Exam && now.frames_looked_at > 3);
    assert!(is_open(&exam, "A") && exam.cameras.is_empty());
    assert_eq!(desk.openings.load(Ordering::Relaxed), 1);
}

#[test]
fn a_virtual_camera_is_said_to_be_one_as_soon_as_it_is_chosen() {
    let (folder, desk) = (tempfile::tempdir().unwrap(), Desk::with(&["A", "OBS"]));
    let agent = agent(folder.path(), &desk, Policy::default());
    wait_for(&agent, |now| is_open(now, "A") && now.cameras.len() == 2);
    agent.command(Command::UseCamera(id("OBS"))).unwrap();
    let is_said = |now: &Snapshot| now.health.iter().any(|it| it.code == Code::VirtualCamera);
    wait_for(&agent, |now| is_open(now, "OBS") && is_said(now));
    agent.command(Command::UseCamera(id("A"))).unwrap();
    wait_for(&agent, |now| is_open(now, "A") && !is_said(now));
}

#[test]
fn where_the_policy_refuses_virtual_cameras_the_exam_does_not_begin_with_one() {
    let (folder, desk) = (tempfile::tempdir().unwrap(), Desk::with(&["OBS", "B"]));
    *desk.choice.lock().unwrap() = Choice::of(Some((&camera("OBS")).into()));
    let policy = Policy { virtual_camera: VirtualCameraPolicy::Refuse, ..Policy::default() };
    let agent = agent(folder.path(), &desk, policy);
    // Given before any camera is open, it waits for that, and is refused all the same.
    agent.command(Command::Begin { consent: None }).unwrap();
    wait_for(&agent, |now| now.camera_refused && now.cameras.len() == 2);
    agent.command(Command::Begin { consent: None }).unwrap();
    let looked = wait_for(&agent, |now| now.frames_looked_at > 3);
    assert_eq!((looked.phase, looked.reports.made), (Phase::CheckIn, 0));
    agent.command(Command::UseCamera(id("B"))).unwrap();
    wait_for(&agent, |now| is_open(now, "B") && !now.camera_refused);
    agent.command(Command::Begin { consent: None }).unwrap();
    wait_for(&agent, |now| now.phase == Phase::Exam && now.reports.made == 1);
}

#[test]
fn where_the_policy_refuses_virtual_cameras_an_early_start_waits_for_the_camera() {
    let (folder, desk) = (tempfile::tempdir().unwrap(), Desk::with(&["A"]));
    let policy = Policy { virtual_camera: VirtualCameraPolicy::Refuse, ..Policy::default() };
    let agent = agent(folder.path(), &desk, policy);
    agent.command(Command::Begin { consent: None }).unwrap();
    let exam = wait_for(&agent, |now| now.phase == Phase::Exam);
    assert!(is_open(&exam, "A"));
}

#[test]
fn the_first_camera_that_is_plugged_in_is_opened_as_soon_as_it_is_listed() {
    let (folder, desk) = (tempfile::tempdir().unwrap(), Desk::with(&[]));
    let agent = agent(folder.path(), &desk, Policy::default());
    wait_for(&agent, |now| now.health.iter().any(|it| it.code == Code::NoCamera));
    desk.plugged_in.lock().unwrap().push(camera("A"));
    let before = agent.snapshot().at_ms;
    let open = wait_for(&agent, |now| is_open(now, "A"));
    assert!(open.at_ms.since(before) < Duration::from_secs(4), "{before} to {}", open.at_ms);
}
