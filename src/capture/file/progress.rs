//! What a source has read so far: the number of the next frame, the counts, and the rule that time
//! only grows.

use std::time::Duration;

use crate::capture::Tally;
use crate::time::MediaTime;

/// Counts the frames of a source as they come, in the order of display.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    tally: Tally,
    last: Option<MediaTime>,
}

impl Progress {
    /// A frame has come. Gives its number, or `None` when its time is not after that of the frame
    /// before it, and it must not be handed out.
    pub(super) fn arrive(&mut self, pts: MediaTime, duration: Duration) -> Option<u64> {
        let seq = self.tally.frames;
        self.tally.frames += 1;
        if self.last.is_some_and(|last| pts <= last) {
            self.tally.out_of_order += 1;
            return None;
        }
        self.last = Some(pts);
        self.tally.end = self.tally.end.max(pts + duration);
        Some(seq)
    }

    /// The frame that came last cannot be decoded.
    pub(super) const fn unusable(&mut self) {
        self.tally.unusable += 1;
    }

    /// A frame has come, without a time, and cannot be decoded.
    pub(super) const fn undecoded(&mut self) {
        self.tally.frames += 1;
        self.tally.unusable += 1;
    }

    /// The recording breaks off; the first reason counts.
    pub(super) fn truncated(&mut self, reason: impl Into<String>) {
        if self.tally.truncated.is_none() {
            let reason = reason.into();
            tracing::info!(reason, "the recording breaks off");
            self.tally.truncated = Some(reason);
        }
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_whose_time_does_not_grow_is_counted_but_gets_no_number() {
        let mut progress = Progress::default();
        let period = Duration::from_millis(40);
        let numbers: Vec<_> = [0, 40, 40, 10, 80]
            .map(|ms| progress.arrive(MediaTime::from_millis(ms), period))
            .into();
        assert_eq!(numbers, [Some(0), Some(1), None, None, Some(4)]);
        let tally = progress.tally();
        assert_eq!((tally.frames, tally.out_of_order), (5, 2));
        assert_eq!(tally.end, MediaTime::from_millis(120));
    }

    #[test]
    fn the_first_reason_of_a_break_is_kept() {
        let mut progress = Progress::default();
        progress.truncated("first");
        progress.truncated("second");
        assert_eq!(progress.tally().truncated.as_deref(), Some("first"));
    }
}
