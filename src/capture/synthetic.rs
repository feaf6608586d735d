//! Frames made of nothing: for tests and benchmarks of what comes after the source.

use std::time::Duration;

use super::{CaptureError, FrameSource, SourceInfo, Tally};
use crate::frame::{Frame, Payload};
use crate::geometry::Size;
use crate::time::MediaTime;

/// A source of computed grey frames at a fixed rate.
#[derive(Debug)]
pub struct Synthetic<F> {
    info: SourceInfo,
    period: Duration,
    frames: u64,
    next: u64,
    paint: F,
}

impl<F: FnMut(u64) -> Vec<u8>> Synthetic<F> {
    /// `paint(seq)` gives the `width * height` luma bytes of a frame.
    pub fn new(size: Size, period: Duration, frames: u64, paint: F) -> Self {
        let info = SourceInfo {
            container: "synthetic".to_owned(),
            codec: "none".to_owned(),
            size,
            duration: Some(pts_of(frames, period)),
        };
        Self { info, period, frames, next: 0, paint }
    }
}

fn pts_of(seq: u64, period: Duration) -> MediaTime {
    MediaTime::ZERO + period * u32::try_from(seq).unwrap_or(u32::MAX)
}

impl<F: FnMut(u64) -> Vec<u8>> FrameSource for Synthetic<F> {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self, not_before: MediaTime) -> Result<Option<Frame>, CaptureError> {
        while self.next < self.frames {
            let seq = self.next;
            self.next += 1;
            let pts = pts_of(seq, self.period);
            if pts >= not_before {
                let payload = Payload::Gray8((self.paint)(seq));
                return Ok(Some(Frame { seq, pts, size: self.info.size, payload }));
            }
        }
        Ok(None)
    }

    fn tally(&self) -> Tally {
        Tally { frames: self.next, end: pts_of(self.next, self.period), ..Tally::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_before_the_wanted_moment_are_passed_over_but_counted() {
        let mut source =
            Synthetic::new(Size::new(1, 1), Duration::from_millis(100), 5, |seq| vec![seq as u8]);
        let frame = source.next_frame(MediaTime::from_millis(150)).unwrap().unwrap();
        assert_eq!((frame.seq, frame.pts), (2, MediaTime::from_millis(200)));
        assert_eq!(source.tally().frames, 3);
        assert_eq!(source.next_frame(MediaTime::from_millis(900)).unwrap(), None);
        assert_eq!(source.tally().end, MediaTime::from_millis(500));
    }
}
