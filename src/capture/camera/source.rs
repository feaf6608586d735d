//! A camera as a source of frames.
//!
//! A frame that is not asked for costs a look at its head. What is damaged is counted and passed
//! over; when nothing but damage comes for as long as a camera may stay silent, that is the same as
//! silence.
//!
//! **Time.** A frame's `pts` is when the picture was taken: the media time of its arrival less the
//! time since the driver's stamp. A stamp is not believed when it lies in the future or further
//! back than a second (and the time that the caller was away, for frames do wait in the driver's
//! buffers); then the arrival counts. `pts` always grows.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::decode::{decode, is_complete};
use super::device::{Buffer, Device, Facts, PATIENCE};
use super::{CameraError, CameraInfo};
use crate::capture::{CaptureError, FrameSource, SourceInfo, Tally};
use crate::frame::Frame;
use crate::time::MediaTime;

/// Both times of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    pub media: MediaTime,
    /// The clock that drivers stamp with; on Linux `CLOCK_MONOTONIC`.
    pub monotonic: Duration,
}

/// Reads the clocks, for a source that may not do so itself.
pub type Stopwatch = Arc<dyn Fn() -> Reading + Send + Sync>;

/// Age at which a stamp is no longer believed.
const OLDEST: Duration = Duration::from_secs(1);
/// More frames than this are not lost at once: the driver began to count anew.
const MOST_LOST: u32 = 10_000;

/// An open camera. Stays on the thread that opened it; it is closed when it is dropped, and at
/// once when it fails.
pub struct CameraSource {
    camera: CameraInfo,
    info: SourceInfo,
    rate: Option<f64>,
    /// `None` once it has failed.
    device: Option<Box<dyn Device>>,
    stopwatch: Stopwatch,
    tally: Tally,
    dropped: u64,
    next_seq: u64,
    last_sequence: Option<u32>,
    last_pts: Option<MediaTime>,
    last_arrival: Option<Duration>,
}

impl fmt::Debug for CameraSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CameraSource").field("info", &self.info).finish_non_exhaustive()
    }
}

impl CameraSource {
    /// Opens a camera as [`super::list`] has just shown it, in the format that suits best. It
    /// begins to stream when the first frame is asked for.
    pub fn open(camera: &CameraInfo, stopwatch: Stopwatch) -> Result<Self, CameraError> {
        let device = super::platform::open(camera)?;
        Ok(Self::over(device, camera.clone(), stopwatch))
    }

    fn over(device: Box<dyn Device>, camera: CameraInfo, stopwatch: Stopwatch) -> Self {
        let layout = device.layout();
        let info = SourceInfo {
            container: "camera".to_owned(),
            codec: layout.format.as_str().to_owned(),
            size: layout.size,
            duration: None,
        };
        Self {
            camera,
            info,
            rate: device.rate(),
            device: Some(device),
            stopwatch,
            tally: Tally::default(),
            dropped: 0,
            next_seq: 0,
            last_sequence: None,
            last_pts: None,
            last_arrival: None,
        }
    }

    pub fn camera(&self) -> &CameraInfo {
        &self.camera
    }

    /// Frames a second, as the driver has it; `None` when it does not say.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// Frames that the camera took and the driver had no room for. They are gaps in `seq`, and not
    /// in the tally: they never came.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn wait(&mut self, not_before: MediaTime) -> Result<Option<Frame>, CameraError> {
        let Some(mut device) = self.device.take() else { return Ok(None) };
        let layout = device.layout();
        let mut good = None;
        loop {
            let Buffer { bytes, facts } = device.next()?;
            let now = (self.stopwatch)();
            let (seq, pts) = self.place(now, facts);
            let whole = !facts.damaged && is_complete(&bytes, &layout);
            if whole && pts < not_before {
                good = Some(now.monotonic);
                continue;
            }
            // v4l2loopback writes on in buffers that it has lent, in the middle of their decoding.
            let copy = whole.then(|| bytes.into_owned());
            if let Some((payload, size)) = copy.and_then(|copy| decode(&copy, &layout)) {
                self.device = Some(device);
                return Ok(Some(Frame { seq, pts, size, payload }));
            }
            self.tally.unusable += 1;
            let good = *good.get_or_insert(now.monotonic);
            if now.monotonic.saturating_sub(good) >= PATIENCE {
                return Err(CameraError::Stalled);
            }
        }
    }

    /// Number and time of a frame that has just come.
    fn place(&mut self, now: Reading, facts: Facts) -> (u64, MediaTime) {
        let lost = self.lost(facts.sequence);
        let seq = self.next_seq + lost;
        self.next_seq = seq + 1;
        self.dropped += lost;
        let oldest =
            OLDEST + now.monotonic.saturating_sub(self.last_arrival.unwrap_or(now.monotonic));
        let age = facts
            .stamp
            .and_then(|stamp| now.monotonic.checked_sub(stamp))
            .filter(|age| *age <= oldest);
        let taken = now.media - age.unwrap_or_default();
        let pts = match self.last_pts {
            Some(last) if taken <= last => last + Duration::from_micros(1),
            _ => taken,
        };
        self.last_pts = Some(pts);
        self.last_arrival = Some(now.monotonic);
        self.tally.frames += 1;
        self.tally.end = pts;
        (seq, pts)
    }

    /// Frames between the last one and this.
    fn lost(&mut self, sequence: Option<u32>) -> u64 {
        let last = std::mem::replace(&mut self.last_sequence, sequence);
        let (Some(last), Some(sequence)) = (last, sequence) else { return 0 };
        let lost = sequence.wrapping_sub(last).wrapping_sub(1);
        if lost <= MOST_LOST { u64::from(lost) } else { 0 }
    }
}

impl FrameSource for CameraSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self, not_before: MediaTime) -> Result<Option<Frame>, CaptureError> {
        Ok(self.wait(not_before)?)
    }

    fn tally(&self) -> Tally {
        self.tally.clone()
    }
}

#[cfg(test)]
mod tests;
