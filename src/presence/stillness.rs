//! Whether the candidate's face moves as a still image does.
//!
//! Each look's crop of the face is laid over the one of about a second before. A photo that is held
//! up moves, turns and glints, and still one crop lies on the other but for noise. A live face blinks
//! about every four seconds, moves its eyes and mouth and turns, and then some part of it does not.
//! Nobody is called a photo for holding still: only fifty looks over ten seconds without a blink, a
//! glance or a word are a mark.

use std::time::Duration;

use super::align::Aligner;
use super::crop::FaceCrop;
use super::track::Evidence;
use crate::frame::Frame;
use crate::geometry::BoundingBox;
use crate::time::MediaTime;

/// Alive: in some block of the face (about an eye), what is left has more than this part of its contrast.
///
/// Photos have up to 0.017, and 0.03 in pictures with much noise; a glance aside
/// has 0.06, a blink 1 and more.
pub const ALIVE: f32 = 0.05;
/// A face with less contrast (variance, in squared luma levels) drowns in noise.
const LEAST_CONTRAST: f32 = 64.0;
/// Fewer looks may all miss the blinks of one who is alive.
const STILL_LOOKS: u32 = 50;
const STILL_FOR: Duration = Duration::from_secs(10);
/// Crops this far apart are compared. Timestamps are rounded by containers.
const APART: Duration = Duration::from_millis(990);
const LONGEST_APART: Duration = Duration::from_millis(2_500);
/// Crops are kept this far apart, so that [`KEPT`] of them reach back by [`APART`].
const BETWEEN: Duration = Duration::from_millis(150);
const KEPT: usize = 8;

/// How the candidate's face differs from the one of about a second before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaceChange {
    /// Where it is, in pixels of the frame.
    pub face: BoundingBox,
    /// What is left when one is laid over the other, in the block of it (about an eye) where most is, in
    /// parts of the face's own contrast (variance).
    pub change: f32,
}

/// Compares a face with itself.
#[derive(Clone, Debug, Default)]
pub struct FaceWatch {
    aligner: Aligner,
    /// Kept crops and when they were taken, in a ring.
    kept: [(Option<MediaTime>, FaceCrop); KEPT],
    next: usize,
    now: FaceCrop,
}

/// Looks in a row that show nothing alive.
#[derive(Clone, Debug, Default)]
pub(super) struct Stillness {
    still: Option<Still>,
}

#[derive(Clone, Copy, Debug)]
struct Still {
    since: MediaTime,
    last: MediaTime,
    looks: u32,
}

impl FaceWatch {
    /// What comes next may be another face.
    pub fn forget(&mut self) {
        self.kept.iter_mut().for_each(|(at, _)| *at = None);
    }

    /// None when there is nothing to compare with, or the face is too small, too flat or cut by the
    /// frame's edge.
    pub fn look(&mut self, frame: &Frame, face: BoundingBox) -> Option<FaceChange> {
        if !self.now.cut(frame, &face) {
            return None;
        }
        let change = self.change(frame.pts);
        self.keep(frame.pts);
        change.map(|change| FaceChange { face, change })
    }

    /// How this crop differs from the one of a second before. None: there is none, or it is too flat.
    fn change(&mut self, at: MediaTime) -> Option<f32> {
        let age = |then: &MediaTime| at.since(*then);
        let old_enough = self.kept.iter().filter_map(|(then, crop)| {
            then.filter(|then| (APART..=LONGEST_APART).contains(&age(then)))
                .map(|then| (then, crop))
        });
        let (_, then) = old_enough.max_by_key(|(then, _)| *then)?;
        let difference = self.aligner.compare(then.luma(), self.now.luma(), LEAST_CONTRAST)?;
        Some(difference.change)
    }

    fn keep(&mut self, at: MediaTime) {
        let last = self.kept[(self.next + KEPT - 1) % KEPT].0;
        if last.is_none_or(|last| at.since(last) >= BETWEEN) {
            let (then, crop) = &mut self.kept[self.next];
            *then = Some(at);
            std::mem::swap(crop, &mut self.now);
            self.next = (self.next + 1) % KEPT;
        }
    }
}

impl Stillness {
    /// The face is not in view, or the picture says nothing: what comes next may be another face.
    pub(super) const fn forget(&mut self) {
        self.still = None;
    }

    pub(super) fn look(&mut self, at: MediaTime, change: f32) -> Evidence {
        if change > ALIVE {
            self.still = None;
            return Evidence::Clear;
        }
        let goes_on = self.still.filter(|still| at.since(still.last) <= LONGEST_APART);
        let (since, looks) = goes_on.map_or((at, 0), |still| (still.since, still.looks));
        let still = Still { since, last: at, looks: looks.saturating_add(1) };
        self.still = Some(still);
        if still.looks >= STILL_LOOKS && at.since(since) + APART >= STILL_FOR {
            Evidence::Holds(f64::from(1.0 - change / ALIVE / 2.0))
        } else {
            Evidence::MayHold
        }
    }
}
