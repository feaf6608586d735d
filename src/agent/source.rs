//! Where the frames come from: a recording at real pace, or whatever else can be opened.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::capture::camera::{self, CameraId, CameraInfo, CameraSource, Choice, Fit};
use crate::capture::{CaptureError, FrameSource, SourceInfo, Tally, file};
use crate::clock::Reading;
use crate::frame::Frame;
use crate::time::MediaTime;

/// The clocks, read or made up.
pub type Clock = Arc<dyn Fn() -> Reading + Send + Sync>;
/// Media time at this moment.
pub type Now = Arc<dyn Fn() -> MediaTime + Send + Sync>;

/// The agent's clocks, for a source of frames.
#[derive(Clone)]
pub struct Time {
    pub clock: Clock,
    pub now: Now,
}

/// An open source of frames.
pub struct Opened {
    pub source: Box<dyn FrameSource>,
    /// The product, when the source is a known virtual device.
    pub virtual_device: Option<String>,
    /// The camera that it is; absent for what stands in for one.
    pub id: Option<CameraId>,
    pub fit: Fit,
}

impl From<Box<dyn FrameSource>> for Opened {
    fn from(source: Box<dyn FrameSource>) -> Self {
        Self { source, virtual_device: None, id: None, fit: Fit::First }
    }
}

/// Opens the camera, or what stands in for one. It is opened again after every failure, always on
/// the thread that then takes its frames.
pub trait Camera: Send + Sync {
    /// Frames of the source carry media time of `time`.
    fn open(&self, time: &Time) -> Result<Opened, CaptureError>;

    /// The cameras to choose from, also while one is open; `None` where there is no choice. May
    /// take long.
    fn list(&self) -> Option<Vec<CameraInfo>> {
        None
    }

    /// From the next opening on, this one.
    fn choose(&self, _camera: &CameraInfo) {}
}

/// A camera of this machine, found anew at every opening, wherever it is plugged in by then.
#[derive(Debug)]
pub struct Webcam {
    choice: Mutex<Choice>,
}

impl Webcam {
    pub fn new(choice: Choice) -> Self {
        Self { choice: Mutex::new(choice) }
    }

    fn choice(&self) -> std::sync::MutexGuard<'_, Choice> {
        self.choice.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Camera for Webcam {
    fn open(&self, time: &Time) -> Result<Opened, CaptureError> {
        let cameras = camera::list()?;
        let (found, fit) = self.choice().pick(&cameras, (time.now)())?;
        let Time { clock, now } = time.clone();
        let stopwatch = move || camera::Reading { media: now(), monotonic: clock().awake };
        let source = CameraSource::open(&found, Arc::new(stopwatch))?;
        self.choice().opened(&found);
        let virtual_device = found.virtual_device.map(|device| device.product.to_owned());
        Ok(Opened { source: Box::new(source), virtual_device, id: Some(found.id), fit })
    }

    fn list(&self) -> Option<Vec<CameraInfo>> {
        Some(camera::list().unwrap_or_default())
    }

    fn choose(&self, camera: &CameraInfo) {
        *self.choice() = Choice::of(Some(camera.into()));
    }
}

/// A recording in place of a camera, at real pace: for QA, demos and tests.
#[derive(Clone, Debug)]
pub struct Recording {
    pub path: PathBuf,
}

impl Camera for Recording {
    fn open(&self, time: &Time) -> Result<Opened, CaptureError> {
        let source: Box<dyn FrameSource> =
            Box::new(Paced::new(file::open(&self.path)?, Arc::clone(&time.now)));
        Ok(source.into())
    }
}

/// Gives each frame of a source when its time has come. Its first frame comes at once.
pub struct Paced {
    source: Box<dyn FrameSource>,
    now: Now,
    start: MediaTime,
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Time").finish_non_exhaustive()
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("info", self.source.info()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Paced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paced").field("start", &self.start).finish_non_exhaustive()
    }
}

impl Paced {
    pub fn new(source: Box<dyn FrameSource>, now: Now) -> Self {
        let start = now();
        Self { source, now, start }
    }

    fn shifted(&self, pts: MediaTime) -> MediaTime {
        self.start + pts.since(MediaTime::ZERO)
    }
}

impl FrameSource for Paced {
    fn info(&self) -> &SourceInfo {
        self.source.info()
    }

    fn next_frame(&mut self, not_before: MediaTime) -> Result<Option<Frame>, CaptureError> {
        let not_before = MediaTime::ZERO + not_before.since(self.start);
        let Some(frame) = self.source.next_frame(not_before)? else { return Ok(None) };
        let pts = self.shifted(frame.pts);
        loop {
            let left = pts.since((self.now)());
            if left.is_zero() {
                return Ok(Some(Frame { pts, ..frame }));
            }
            thread::park_timeout(left.min(Duration::from_millis(100)));
        }
    }

    fn tally(&self) -> Tally {
        let tally = self.source.tally();
        Tally { end: self.shifted(tally.end), ..tally }
    }
}
