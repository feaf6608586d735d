//! The live camera on real devices, as far as `INVIEW_CAMERA_TESTS` names one:
//!
//! - `vivid`, `loopback`, `unfed` and `odd name`: the kernel's test drivers, which break to order.
//!   `scripts/camera-vm` boots a machine that has them; the tests load nothing, and need root.
//! - `denied`: a camera that this user may not open.
//! - anything else: a part of the name of a camera that is connected here.
//!
//! Without it every test prints `skipped:` and passes. Only one may run at a time.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and says what it saw"
)]

mod loopback;
#[path = "../support/mod.rs"]
mod support;
mod vivid;

use std::sync::Arc;
use std::time::Duration;

use inview::capture::camera::{
    CameraError, CameraInfo, CameraSource, Reading, Stopwatch, find, list,
};
use inview::capture::{CaptureError, FrameSource as _};
use inview::frame::Frame;
use inview::time::MediaTime;
use rustix::time::{ClockId, clock_gettime};

/// Whether the tests for `kind` are to run.
fn wants(kind: &str) -> bool {
    let wanted = std::env::var("INVIEW_CAMERA_TESTS").unwrap_or_default();
    if wanted != kind {
        println!("skipped: INVIEW_CAMERA_TESTS is not `{kind}`");
    }
    wanted == kind
}

fn monotonic() -> Duration {
    clock_gettime(ClockId::Monotonic).try_into().unwrap()
}

/// Media time is the machine's monotonic clock.
fn now() -> MediaTime {
    MediaTime::ZERO + monotonic()
}

fn stopwatch() -> Stopwatch {
    Arc::new(|| {
        let monotonic = monotonic();
        Reading { media: MediaTime::ZERO + monotonic, monotonic }
    })
}

fn open(camera: &CameraInfo) -> CameraSource {
    CameraSource::open(camera, stopwatch()).unwrap()
}

fn first() -> CameraInfo {
    find(&list().unwrap(), None).unwrap()
}

fn frames(source: &mut CameraSource, count: usize) -> Vec<Frame> {
    (0..count).map(|_| source.next_frame(MediaTime::ZERO).unwrap().unwrap()).collect()
}

/// Takes frames until there are no more: why, and how long after the last one that came.
fn until_error(source: &mut CameraSource) -> (CameraError, Duration) {
    let mut last = now();
    loop {
        match source.next_frame(MediaTime::ZERO) {
            Ok(Some(_)) => last = now(),
            Err(CaptureError::Camera(error)) => return (error, now().since(last)),
            other => panic!("{other:?}"),
        }
    }
}

/// What keeps a camera from giving its first frame.
fn obstacle(camera: &CameraInfo) -> Option<CameraError> {
    let mut source = match CameraSource::open(camera, stopwatch()) {
        Ok(source) => source,
        Err(error) => return Some(error),
    };
    match source.next_frame(MediaTime::ZERO) {
        Ok(Some(_)) => None,
        Err(CaptureError::Camera(error)) => Some(error),
        other => panic!("{other:?}"),
    }
}

fn assert_in_order(frames: &[Frame]) {
    for pair in frames.windows(2) {
        assert!(pair[0].pts < pair[1].pts && pair[0].seq < pair[1].seq, "{pair:?}");
    }
}

#[test]
fn a_connected_camera_gives_frames_of_now_in_order() {
    let wanted = std::env::var("INVIEW_CAMERA_TESTS").unwrap_or_default();
    if ["", "loopback", "unfed", "denied", "odd name"].contains(&&*wanted) {
        println!("skipped: INVIEW_CAMERA_TESTS names no camera");
        return;
    }
    let cameras = list().unwrap();
    let camera = cameras.iter().find(|camera| camera.name.contains(&wanted)).unwrap();
    let mut source = open(camera);
    let begun = now();
    let taken = frames(&mut source, 1);
    let started = now().since(begun);
    let begun = now();
    let more = frames(&mut source, 30);
    let took = now().since(begun);
    let last = source.next_frame(now()).unwrap().unwrap();
    let age = now().since(last.pts);
    println!(
        "case: {} {:?} at {:?} a second, first frame after {started:.2?}, 30 more in {took:.2?}, \
         the one asked for now {age:.0?} old, {} unusable, {} dropped",
        source.info().codec,
        taken[0].size,
        source.rate(),
        source.tally().unusable,
        source.dropped()
    );
    assert_in_order(&[taken, more, vec![last]].concat());
    assert!(age < Duration::from_secs(2), "{age:?}");
}

#[test]
fn a_camera_that_may_not_be_opened_is_denied_and_not_missing() {
    if !wants("denied") {
        return;
    }
    let error = list().unwrap_err();
    println!("case: {}", error.code());
    assert_eq!(error, CameraError::Denied);
}
