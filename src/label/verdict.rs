//! What the tool itself says of the recording: the pipeline of a replay, on a thread of its own.
//!
//! Every frame is read on the way, so that it is known where each begins. Frames that are due go to the
//! same [`Pipeline::step`] as in `inview-replay`, which therefore says the same.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::player::Waker;
use crate::capture::{CaptureError, FrameSource, file};
use crate::detector::{Detector, Scripted, onnx};
use crate::pipeline::Pipeline;
use crate::presence::{Change, Policy};
use crate::replay::ReplayError;
use crate::replay::batch::Eyes;
use crate::replay::recordings::{self, Recording};
use crate::report::{ClosedBy, Hash, Interval, IntervalId, SessionId};
use crate::score::{Report, Span};
use crate::time::MediaTime;

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    #[default]
    Looking,
    Done,
    /// The recording breaks off, for this reason.
    BrokenOff(String),
    Failed(String),
}

/// What was said so far.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub stage: Stage,
    /// The recording was looked at up to here.
    pub reached: MediaTime,
    /// Intervals that have ended.
    pub reports: Vec<Report>,
    /// Where the recording ends, once that is known.
    pub end: Option<MediaTime>,
    pub sha256: Option<Hash>,
    /// Frames in a second, once the end is known.
    pub frame_rate: Option<f64>,
}

#[derive(Debug, Default)]
struct Shared {
    told: Mutex<Told>,
    /// Where each frame begins, in order, as far as they were read.
    frames: Mutex<Vec<MediaTime>>,
    stop: AtomicBool,
}

/// The thread that looks. It ends when this is dropped.
#[derive(Debug)]
pub struct Verdict {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What is looked at, and how.
#[derive(Debug)]
pub struct Setup {
    pub path: PathBuf,
    pub video: file::Options,
    pub policy: Policy,
    pub eyes: Eyes,
}

impl Verdict {
    pub fn start(setup: Setup, waker: Waker) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let body = move || {
            let stage = look_with(&setup, &theirs, &waker).unwrap_or_else(|error| {
                tracing::warn!(%error, "no verdict");
                Stage::Failed(error.to_string())
            });
            lock(&theirs.told).stage = stage;
            waker();
        };
        let thread = thread::Builder::new().name("inview-label-verdict".to_owned()).spawn(body)?;
        Ok(Self { shared, thread: Some(thread) })
    }

    pub fn told(&self) -> Told {
        lock(&self.shared.told).clone()
    }

    /// Where the frame begins that is so many frames from the one whose beginning is nearest to `at`;
    /// absent where the recording was not read yet.
    pub fn frame_near(&self, at: MediaTime, steps: i32) -> Option<MediaTime> {
        let frames = lock(&self.shared.frames);
        if frames.last().is_none_or(|last| *last < at) {
            return None;
        }
        let after = frames.partition_point(|frame| *frame < at);
        let is_nearer = |place: &usize| {
            frames.get(*place).is_some_and(|before| {
                frames.get(after).is_none_or(|next| at.since(*before) < next.since(at))
            })
        };
        let nearest = after.checked_sub(1).filter(is_nearer).unwrap_or(after);
        let place = nearest.saturating_add_signed(steps as isize);
        frames.get(place).copied()
    }
}

impl Drop for Verdict {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that looks has panicked");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
enum VerdictError {
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error(transparent)]
    Capture(#[from] CaptureError),
    #[error("the script of detections: {0}")]
    Script(String),
}

fn look_with(setup: &Setup, shared: &Shared, waker: &Waker) -> Result<Stage, VerdictError> {
    let source = file::open_with(&setup.path, &setup.video)?;
    lock(&shared.told).sha256 = Some(recordings::sha256(&setup.path)?);
    match &setup.eyes {
        Eyes::Models(models) => {
            let detector = onnx::Onnx::with(Arc::clone(models));
            look(source, detector, &setup.policy, shared, waker)
        }
        Eyes::Script(script) => {
            let scripted =
                Scripted::parse(script).map_err(|error| VerdictError::Script(error.to_string()))?;
            let name = Recording::at(setup.path.clone()).name;
            look(source, scripted.only(&name), &setup.policy, shared, waker)
        }
    }
}

fn look<D: Detector>(
    mut source: Box<dyn FrameSource + Send>,
    detector: D,
    policy: &Policy,
    shared: &Shared,
    waker: &Waker,
) -> Result<Stage, VerdictError> {
    let session = SessionId::derived(&[]);
    let mut pipeline =
        Pipeline::new(detector, policy.clone(), move |number| IntervalId::derived(session, number));
    let mut from = MediaTime::from_micros(i64::MIN);
    let mut broken_off = None;
    while !shared.stop.load(Ordering::Relaxed) {
        let frame = match source.next_frame(from) {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            Err(error) if pipeline.sampled() == 0 => return Err(error.into()),
            Err(error) => {
                broken_off = Some(error.to_string());
                break;
            }
        };
        from = MediaTime::from_micros(frame.pts.as_micros() + 1);
        lock(&shared.frames).push(frame.pts);
        if frame.pts < pipeline.next_due() {
            continue;
        }
        let sample = pipeline.step(&frame).map_err(ReplayError::from)?;
        note(shared, sample.pts, &sample.changes);
        waker();
    }
    if pipeline.sampled() == 0 {
        return Err(CaptureError::NoFrames.into());
    }
    let tally = source.tally();
    let broken_off = broken_off.or(tally.truncated);
    let by = if broken_off.is_some() { ClosedBy::Incomplete } else { ClosedBy::SessionEnd };
    note(shared, tally.end, &pipeline.finish(tally.end, by));
    let mut told = lock(&shared.told);
    told.end = Some(tally.end);
    told.frame_rate = Some(tally.frames as f64 / tally.end.as_secs_f64().max(1e-3));
    Ok(broken_off.map_or(Stage::Done, Stage::BrokenOff))
}

fn note(shared: &Shared, reached: MediaTime, changes: &[Change]) {
    let mut told = lock(&shared.told);
    told.reached = reached;
    let closed = changes.iter().filter_map(|change| match change {
        Change::Closed(interval) => report(interval),
        Change::Opened(_) | Change::Warned(..) | Change::Alerted(..) => None,
    });
    told.reports.extend(closed);
    told.reports.sort_by_key(|report| (report.span, report.kind));
}

fn report(interval: &Interval) -> Option<Report> {
    let span = Span::new(interval.start_ms, interval.end_ms?);
    Some(Report { kind: interval.kind, span, confidence: interval.confidence })
}
