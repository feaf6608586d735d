//! The agent with made-up cameras and detectors, on a clock that runs fast.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod camera;
mod detector;
mod machine;
mod presence;
mod privacy;
#[path = "../support/mod.rs"]
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
    PRESENT, SIZE, SPEED, Webcam, clock_at, fast_clock, frames, of_kind, room, setup, shows,
    wait_for, world,
};
use support::wait_until;

const BEGIN: Command = Command::Begin { consent: None };

/// Somebody leaves at second 3 and is back at second 8.
const LEAVES: &str = r#"
    {"pts_s": 0, "faces": [{"score": 0.9, "box": [20, 10, 40, 34]}], "people": []}
    {"pts_s": 3, "faces": []}
    {"pts_s": 8, "faces": [{"score": 0.9, "box": [20, 10, 40, 34]}]}
"#;
