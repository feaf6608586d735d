use super::*;
use crate::capture::camera::CameraId;
use crate::capture::camera::decode::Layout;
use crate::capture::camera::negotiate::PixelFormat;
use crate::frame::{Payload, Range};
use crate::geometry::Size;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// What the fake camera does next: a buffer of `length` bytes at `arrival`, or an error.
#[derive(Clone, Debug)]
struct Step {
    arrival_ms: u64,
    stamp_ms: Option<u64>,
    sequence: Option<u32>,
    damaged: bool,
    length: usize,
}

impl Default for Step {
    fn default() -> Self {
        Self { arrival_ms: 0, stamp_ms: None, sequence: None, damaged: false, length: AREA }
    }
}

const SIZE: Size = Size::new(4, 2);
const AREA: usize = SIZE.area();
/// The monotonic clock is this far ahead of media time.
const AHEAD: Duration = Duration::from_secs(500);

struct Fake {
    steps: VecDeque<Result<Step, CameraError>>,
    now_ms: Arc<AtomicU64>,
    dropped: Arc<AtomicBool>,
}

impl Device for Fake {
    fn layout(&self) -> Layout {
        Layout { format: PixelFormat::Grey, size: SIZE, stride: 0, range: Range::Full }
    }

    fn rate(&self) -> Option<f64> {
        Some(30.0)
    }

    fn next(&mut self) -> Result<Buffer<'_>, CameraError> {
        let step = self.steps.pop_front().unwrap_or(Err(CameraError::Stalled))?;
        self.now_ms.store(step.arrival_ms, Relaxed);
        let facts = Facts {
            stamp: step.stamp_ms.map(|ms| AHEAD + Duration::from_millis(ms)),
            sequence: step.sequence,
            damaged: step.damaged,
        };
        Ok(Buffer { bytes: Cow::Owned(vec![step.arrival_ms as u8; step.length]), facts })
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.dropped.store(true, Relaxed);
    }
}

fn source(steps: Vec<Step>) -> (CameraSource, Arc<AtomicBool>) {
    failing(steps.into_iter().map(Ok).collect())
}

fn failing(steps: Vec<Result<Step, CameraError>>) -> (CameraSource, Arc<AtomicBool>) {
    let (now_ms, dropped) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let fake =
        Fake { steps: steps.into(), now_ms: Arc::clone(&now_ms), dropped: Arc::clone(&dropped) };
    let stopwatch: Stopwatch = Arc::new(move || {
        let now = now_ms.load(Relaxed);
        let media = MediaTime::ZERO + Duration::from_millis(now);
        Reading { media, monotonic: AHEAD + Duration::from_millis(now) }
    });
    let camera = CameraInfo {
        id: CameraId::new("fake", "bus", 0),
        name: "fake".to_owned(),
        driver: String::new(),
        bus: "bus".to_owned(),
        index: 0,
        virtual_device: None,
    };
    (CameraSource::over(Box::new(fake), camera, stopwatch), dropped)
}

fn at(arrival_ms: u64, stamp_ms: Option<u64>) -> Step {
    Step { arrival_ms, stamp_ms, ..Step::default() }
}

fn frames(source: &mut CameraSource, not_before: MediaTime) -> Vec<(u64, i64)> {
    std::iter::from_fn(|| source.next_frame(not_before).ok().flatten())
        .map(|frame| (frame.seq, frame.pts.as_micros()))
        .collect()
}

#[test]
fn a_frame_is_dated_by_its_stamp_if_that_is_sane_and_time_only_grows() {
    let (mut source, _) = source(vec![
        at(100, Some(60)),
        at(133, Some(93)),
        at(166, Some(170)),     // in the future
        at(200, Some(160)),     // before the one that came before
        at(5_000, Some(300)),   // waited in its buffer while nobody asked
        at(5_001, Some(3_000)), // too old now
        at(5_040, None),
    ]);
    let pts: Vec<_> =
        frames(&mut source, MediaTime::ZERO).into_iter().map(|(_, pts)| pts).collect();
    assert_eq!(pts, [60_000, 93_000, 166_000, 166_001, 300_000, 5_001_000, 5_040_000]);
    assert_eq!(source.tally().end, MediaTime::from_millis(5_040));
}

#[test]
fn frames_before_the_moment_asked_for_are_passed_over_and_counted() {
    let (mut source, _) = source((0..10).map(|n| at(n * 33, None)).collect());
    let frame = source.next_frame(MediaTime::from_millis(200)).unwrap().unwrap();
    assert_eq!((frame.seq, frame.pts), (7, MediaTime::from_millis(231)));
    assert!(matches!(frame.payload, Payload::Gray8(pixels) if pixels == [231; AREA]));
    assert_eq!((source.tally().frames, source.tally().unusable), (8, 0));
}

#[test]
fn damaged_empty_and_short_buffers_are_counted_and_never_handed_out() {
    let step = Step::default;
    let (mut source, _) = source(vec![
        Step { arrival_ms: 1, length: 0, ..step() },
        Step { arrival_ms: 2, damaged: true, ..step() },
        Step { arrival_ms: 3, length: AREA - 1, ..step() },
        Step { arrival_ms: 4, length: AREA + 4096, ..step() },
        Step { arrival_ms: 5, damaged: true, ..step() },
    ]);
    assert_eq!(frames(&mut source, MediaTime::ZERO), [(3, 4_000)]);
    assert_eq!((source.tally().frames, source.tally().unusable), (5, 4));
}

#[test]
fn frames_that_the_driver_lost_are_gaps_in_the_numbers() {
    let numbered = |n: u32| Step { arrival_ms: u64::from(n), sequence: Some(n), ..Step::default() };
    let (mut source, _) = source([5, 6, 9, 10, 2, 3].map(numbered).into());
    let seqs: Vec<_> =
        frames(&mut source, MediaTime::ZERO).into_iter().map(|(seq, _)| seq).collect();
    assert_eq!(seqs, [0, 1, 4, 5, 6, 7]);
    assert_eq!((source.dropped(), source.tally().frames), (2, 6));
}

#[test]
fn nothing_but_damage_is_the_same_as_silence() {
    let bad = |n: u64| Step { arrival_ms: n * 100, damaged: true, ..Step::default() };
    let (mut source, dropped) = source((0..100).map(bad).collect());
    let error = source.next_frame(MediaTime::ZERO).unwrap_err();
    assert!(matches!(error, CaptureError::Camera(CameraError::Stalled)), "{error}");
    assert_eq!(source.tally().unusable, 16);
    assert!(dropped.load(Relaxed));
}

#[test]
fn good_frames_that_are_passed_over_are_no_silence() {
    let (mut source, _) = source((0..100).map(|n| at(n * 100, None)).collect());
    assert!(source.next_frame(MediaTime::from_millis(9_000)).unwrap().is_some());
}

#[test]
fn a_failed_camera_is_closed_at_once_and_stays_ended() {
    for error in [CameraError::Unplugged, CameraError::Busy, CameraError::Stalled] {
        let (mut source, dropped) =
            failing(vec![Ok(at(1, None)), Err(error.clone()), Ok(at(2, None))]);
        assert!(source.next_frame(MediaTime::ZERO).unwrap().is_some());
        assert!(!dropped.load(Relaxed));
        match source.next_frame(MediaTime::ZERO) {
            Err(CaptureError::Camera(seen)) => assert_eq!(seen, error),
            other => panic!("{other:?}"),
        }
        assert!(dropped.load(Relaxed), "{error}: another opening would find it busy");
        assert!(source.next_frame(MediaTime::ZERO).unwrap().is_none());
    }
}
