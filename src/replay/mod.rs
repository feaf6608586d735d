//! A recording through the pipeline, in virtual time: QA's way in.
//!
//! Time comes from the presentation timestamps alone; no clock is read, so two replays of one file
//! print the same bytes.

#[cfg(feature = "replay")]
pub mod args;
#[cfg(feature = "replay")]
pub mod batch;
#[cfg(feature = "replay")]
pub mod command;
mod document;
#[cfg(feature = "replay")]
pub mod evaluate;
#[cfg(feature = "replay")]
pub mod explain;
pub mod looks;
#[cfg(feature = "replay")]
pub mod output;
#[cfg(feature = "replay")]
mod parallel;
#[cfg(feature = "replay")]
mod progress;
#[cfg(feature = "replay")]
pub mod recordings;
#[cfg(feature = "replay")]
pub mod reporting;
#[cfg(feature = "replay")]
pub mod tune;

pub use document::{
    Camera, Document, Failure, Origin, RecordedInterval, Status, TraceLine, TracedDetection,
};

use std::ops::ControlFlow;

use crate::capture::{CaptureError, FrameSource, Tally};
use crate::detector::{Detector, DetectorError};
use crate::pipeline::{Pipeline, Sample};
use crate::presence::Change;
use crate::report::ClosedBy;

/// Why a recording could not be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Capture(#[from] CaptureError),
    #[error(transparent)]
    Detector(#[from] DetectorError),
}

/// How a replay ended.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    pub status: Status,
    pub tally: Tally,
    /// What the end closed, after the changes of the last sample.
    pub changes: Vec<Change>,
}

/// Runs a recording to its end, or until `on_sample` says stop.
///
/// A source that fails after its first frame counts as truncated there: what was readable is
/// reported.
pub fn run<D: Detector>(
    source: &mut dyn FrameSource,
    pipeline: &mut Pipeline<D>,
    mut on_sample: impl FnMut(&Sample, &Tally) -> ControlFlow<()>,
) -> Result<End, ReplayError> {
    let status = loop {
        match source.next_frame(pipeline.next_due()) {
            Ok(Some(frame)) => {
                let sample = pipeline.step(&frame)?;
                if on_sample(&sample, &source.tally()).is_break() {
                    break Status::Incomplete;
                }
            }
            Ok(None) => break source.tally().truncated.map_or(Status::Complete, Status::Truncated),
            Err(error) if pipeline.sampled() == 0 => return Err(error.into()),
            Err(error) => break Status::Truncated(error.to_string()),
        }
    };
    if pipeline.sampled() == 0 {
        return Err(CaptureError::NoFrames.into());
    }
    let by = match status {
        Status::Complete => ClosedBy::SessionEnd,
        Status::Truncated(_) | Status::Incomplete => ClosedBy::Incomplete,
    };
    let tally = source.tally();
    let changes = pipeline.finish(tally.end, by);
    Ok(End { status, tally, changes })
}
