//! The frames that are kept around the one that is shown, and what must be read to find another one.
//!
//! Two frames are known to follow each other when they were read one after the other; only then is it
//! known that nothing lies between them. Pure but for the frames themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::frame::{Frame, Payload};
use crate::time::MediaTime;

/// Times in files are rounded: a frame that begins this much later is meant.
const ROUNDING: Duration = Duration::from_micros(600);
/// Frames are kept in at most so many bytes, but always a few.
const BUDGET: usize = 256 << 20;
const FEWEST: usize = 6;

/// One frame, and the one before it.
#[derive(Debug)]
struct Kept {
    frame: Frame,
    before: Before,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// It is the first of the recording.
    Nothing,
    /// The frame that begins there.
    Frame(MediaTime),
    /// It was not read.
    Unknown,
}

/// Which frame is wanted: the one that is shown at a time, or so many frames after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub at: MediaTime,
    pub steps: i32,
}

/// The wanted frame, or what has to be read for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Frame(MediaTime),
    /// What follows the frame that begins there, or is shown at that time.
    After(MediaTime),
    /// What comes before the frame that begins there.
    Before(MediaTime),
}

#[derive(Debug, Default)]
pub(super) struct Reel {
    frames: BTreeMap<MediaTime, Kept>,
    bytes: usize,
    /// Where the last frame of the recording begins, once it was read.
    last: Option<MediaTime>,
}

impl Reel {
    pub(super) fn frame(&self, pts: MediaTime) -> Option<&Frame> {
        self.frames.get(&pts).map(|kept| &kept.frame)
    }

    pub(super) const fn last(&self) -> Option<MediaTime> {
        self.last
    }

    /// The recording ends with the frame that begins there.
    pub(super) const fn ends_with(&mut self, pts: MediaTime) {
        self.last = Some(pts);
    }

    /// The frame after this one, when it is known.
    pub(super) fn next(&self, pts: MediaTime) -> Option<MediaTime> {
        let after = MediaTime::from_micros(pts.as_micros() + 1);
        let (next, kept) = self.frames.range(after..).next()?;
        (kept.before == Before::Frame(pts)).then_some(*next)
    }

    fn previous(&self, pts: MediaTime) -> Option<MediaTime> {
        match self.frames.get(&pts)?.before {
            Before::Frame(before) => self.frames.contains_key(&before).then_some(before),
            Before::Nothing | Before::Unknown => None,
        }
    }

    pub(super) fn find(&self, wanted: Wanted) -> Found {
        let Some(mut here) = self.shown_at(wanted.at) else {
            return Found::After(wanted.at + ROUNDING);
        };
        for _ in 0..wanted.steps.max(0) {
            match self.next(here) {
                Some(next) => here = next,
                None if self.last == Some(here) => break,
                None => return Found::After(here),
            }
        }
        for _ in wanted.steps.min(0)..0 {
            match self.previous(here) {
                Some(previous) => here = previous,
                None if self.is_first(here) => break,
                None => return Found::Before(here),
            }
        }
        Found::Frame(here)
    }

    fn is_first(&self, pts: MediaTime) -> bool {
        self.frames.get(&pts).is_some_and(|kept| kept.before == Before::Nothing)
    }

    fn shown_at(&self, at: MediaTime) -> Option<MediaTime> {
        let Some((&pts, _)) = self.frames.range(..=at + ROUNDING).next_back() else {
            // Before the first frame that one is shown.
            return self.frames.keys().next().copied().filter(|pts| self.is_first(*pts));
        };
        (self.last == Some(pts) || self.next(pts).is_some()).then_some(pts)
    }

    /// Keeps a frame; lets those go that are farthest from `around`.
    pub(super) fn keep(&mut self, frame: Frame, before: Before, around: MediaTime) {
        let pts = frame.pts;
        let before = match self.frames.get(&pts).map(|kept| kept.before) {
            Some(known) if before == Before::Unknown => known,
            Some(_) | None => before,
        };
        self.bytes += bytes(&frame);
        if let Some(old) = self.frames.insert(pts, Kept { frame, before }) {
            self.bytes -= bytes(&old.frame);
        }
        while self.bytes > BUDGET && self.frames.len() > FEWEST {
            let ends = (self.frames.keys().next(), self.frames.keys().next_back());
            let (Some(&first), Some(&last)) = ends else { return };
            let gone = if around.since(first) > last.since(around) { first } else { last };
            if let Some(kept) = self.frames.remove(&gone) {
                self.bytes -= bytes(&kept.frame);
            }
        }
    }

    /// Whether there is room to read on from `here`, where it was read up to `read`.
    pub(super) fn has_room(&self, here: MediaTime, read: MediaTime) -> bool {
        let ahead = self.frames.range(here..=read.max(here));
        ahead.map(|(_, kept)| bytes(&kept.frame)).sum::<usize>() < BUDGET / 2
    }
}

fn bytes(frame: &Frame) -> usize {
    match &frame.payload {
        Payload::Rgb8(pixels) | Payload::Gray8(pixels) => pixels.len(),
        Payload::I420(planes) => planes.y.len() + planes.u.len() + planes.v.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

    fn at(millis: i64) -> MediaTime {
        MediaTime::from_millis(millis)
    }

    fn frame(millis: i64) -> Frame {
        let payload = Payload::Gray8(vec![0; 4]);
        Frame { seq: 0, pts: at(millis), size: Size::new(2, 2), payload }
    }

    fn reel(frames: &[(i64, Before)]) -> Reel {
        let mut reel = Reel::default();
        for (millis, before) in frames {
            reel.keep(frame(*millis), *before, at(0));
        }
        reel
    }

    fn find(reel: &Reel, millis: i64, steps: i32) -> Found {
        reel.find(Wanted { at: at(millis), steps })
    }

    #[test]
    fn a_frame_is_found_only_where_nothing_can_lie_between() {
        let after = |millis| Before::Frame(at(millis));
        let mut reel = reel(&[(0, Before::Nothing), (100, after(0)), (500, Before::Unknown)]);
        assert_eq!(find(&reel, 50, 0), Found::Frame(at(0)));
        assert_eq!(find(&reel, 100, -5), Found::After(at(100) + ROUNDING));
        assert_eq!(find(&reel, 300, 0), Found::After(at(300) + ROUNDING));
        reel.keep(frame(500), after(100), at(0));
        assert_eq!(find(&reel, 300, 0), Found::Frame(at(100)));
        assert_eq!(find(&reel, 0, 2), Found::Frame(at(500)));
        assert_eq!(find(&reel, 300, -5), Found::Frame(at(0)));
        reel.ends_with(at(500));
        assert_eq!(find(&reel, 9_000, 3), Found::Frame(at(500)));
    }

    #[test]
    fn what_was_not_read_before_a_frame_has_to_be() {
        let reel = reel(&[(500, Before::Unknown), (600, Before::Frame(at(500)))]);
        assert_eq!(find(&reel, 500, -1), Found::Before(at(500)));
        assert_eq!(find(&reel, 100, 0), Found::After(at(100) + ROUNDING));
        assert_eq!(find(&reel, 500, 1), Found::Frame(at(600)));
    }

    #[test]
    fn times_that_a_file_has_rounded_down_mean_the_frame() {
        let mut reel = Reel::default();
        let pts = MediaTime::from_micros(133_333);
        reel.keep(frame(0), Before::Nothing, at(0));
        reel.keep(Frame { pts, ..frame(0) }, Before::Frame(at(0)), at(0));
        let Found::After(after) = find(&reel, 133, 0) else { panic!("what follows is not known") };
        assert!(after > pts, "or what follows would never be read");
        reel.ends_with(pts);
        assert_eq!(find(&reel, 133, 0), Found::Frame(pts));
    }

    #[test]
    fn the_farthest_frames_go_first() {
        let large = |millis| {
            let payload = Payload::Gray8(vec![0; BUDGET / 8]);
            Frame { payload, size: Size::new(BUDGET as u32 / 8, 1), ..frame(millis) }
        };
        let mut reel = Reel::default();
        for millis in 0..12 {
            reel.keep(large(millis), Before::Unknown, at(6));
        }
        assert!(reel.frame(at(6)).is_some());
        assert!(reel.frame(at(0)).is_none());
        assert_eq!(reel.frames.len(), 8);
    }
}
