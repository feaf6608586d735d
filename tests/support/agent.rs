//! The agent with a made-up camera, detector and clock.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use inview::agent::{
    Agent, Camera, Clock, MakeDetector, Now, Opened, Paced, Setup, Snapshot, Time, World,
};
use inview::capture::{CaptureError, FrameSource, Synthetic};
use inview::clock::Reading;
use inview::detector::{Detector, Scripted};
use inview::geometry::Size;
use inview::health::Code;
use inview::pace::Machine;
use inview::presence::Policy;
use inview::report::{Interval, Kind, SessionId};

use super::wait_until;

/// How much faster than the wall these tests live.
pub const SPEED: u32 = 2;
pub const SIZE: Size = Size::new(64, 48);

/// The clocks of this machine, speeded up.
pub fn fast_clock() -> Clock {
    clock_at(SPEED)
}

pub fn clock_at(speed: u32) -> Clock {
    let start = Reading::now();
    Arc::new(move || {
        let now = Reading::now();
        let passed = now.boot.saturating_sub(start.boot) * speed;
        Reading {
            boot: start.boot + passed,
            awake: start.awake + passed,
            wall: start.wall + passed,
        }
    })
}

/// A picture with structure, and noise that differs from frame to frame.
pub fn room(seq: u64) -> Vec<u8> {
    let noise = |index: usize| (index as u64 * 7 + seq * 13) % 11;
    (0..SIZE.area()).map(|i| if i % 64 < 20 { 60 } else { 180 } + noise(i) as u8).collect()
}

/// Ten frames a second for a long time.
pub fn frames(now: &Now) -> Box<dyn FrameSource> {
    let source = Synthetic::new(SIZE, Duration::from_millis(100), 100_000, room);
    Box::new(Paced::new(Box::new(source), Arc::clone(now)))
}

pub struct Webcam<F>(pub F);

impl<F> Camera for Webcam<F>
where
    F: Fn(&Now) -> Result<Box<dyn FrameSource>, CaptureError> + Send + Sync,
{
    fn open(&self, time: &Time) -> Result<Opened, CaptureError> {
        (self.0)(&time.now).map(Opened::from)
    }
}

pub fn detector(script: &'static str) -> MakeDetector {
    Arc::new(move || {
        let detector: Box<dyn Detector + Send> = Box::new(Scripted::parse(script).unwrap());
        Ok(detector)
    })
}

/// Somebody is there all the time.
pub const PRESENT: &str = r#"{"pts_s": 0, "faces": [{"score": 0.9, "box": [20, 10, 40, 34]}]}"#;

pub fn setup(folder: &Path) -> Setup {
    Setup {
        session: SessionId::derived(&[b"agent"]),
        label: "Seat 7".to_owned(),
        policy: Policy::default(),
        folder: folder.to_owned(),
        upload: None,
        flush: Duration::ZERO,
        program: "test".to_owned(),
        asks_consent: false,
    }
}

pub fn world(camera: impl Camera + 'static, script: &'static str) -> World {
    World {
        camera: Arc::new(camera),
        make_detector: detector(script),
        clock: fast_clock(),
        machine: Arc::new(Machine::default),
        waker: Arc::new(|| {}),
    }
}

pub fn of_kind(snapshot: &Snapshot, kind: Kind) -> Vec<Interval> {
    snapshot.intervals.iter().filter(|interval| interval.kind == kind).cloned().collect()
}

#[track_caller]
pub fn wait_for(agent: &Agent, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
    wait_until(|| is_so(&agent.snapshot()));
    agent.snapshot()
}

pub fn shows(snapshot: &Snapshot, code: Code) -> bool {
    snapshot.health.iter().any(|condition| condition.code == code)
}
