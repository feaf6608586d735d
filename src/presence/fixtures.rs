//! Faces and bodies that never move: pictures on the wall, screens, busts.
//!
//! A detector takes a portrait for a person. What tells them apart without another model is that a
//! person is never still: over a few seconds a live face moves by more than a hundredth of its
//! size, a poster does not. Nor is anything different within its box, when it is the detector that is not
//! exact; and where something is within the box of a body that stands still, somebody does. Since a person may hold still for some seconds, a find is called a
//! fixture only while somebody else is there who does move; the only face in the picture is always
//! taken for the candidate's.

use std::time::Duration;

use super::likeness::FaceLikeness;
use super::moving::Moved;
use super::screens::Screens;
use crate::detection::{Detection, Label};
use crate::geometry::{BoundingBox, Size};
use crate::time::MediaTime;

/// An edge of a still box moves less than this, in parts of the box's longer side …
const STILL_SHARE: f32 = 0.015;
/// … or of the frame's width, whichever is more: detectors are not exact to the pixel, which in the face
/// network's picture is a 320th of it. In little light or strongly compressed, finds of a portrait were off by
/// about as much for half a second at a time.
const STILL_FRAME_SHARE: f32 = 1.0 / 320.0;
/// Overlap from which a find is taken for the one of the frame before, moved.
const SAME_IOU: f32 = 0.3;
/// Overlap from which a find is taken for a known fixture, whatever the detector's jitter: nobody
/// sits down exactly before a portrait of their own size. While somebody passes before one, boxes of it overlap
/// by 0.73.
const FIXTURE_IOU: f32 = 0.7;
/// Bodies smaller than this, in parts of the frame's height, walk by more than their width from look
/// to look: one that is nowhere near is taken for one of the same size that is nowhere else now …
const SMALL_SHARE: f32 = 0.25;
/// … give or take this factor …
const SAME_SIZE: f32 = 1.3;
/// … unless the way is too far. From look to look also the camera may turn, by this part of the frame's
/// width in a second; over longer, a body walks its own height in a second.
const TURN: f32 = 1.5;
const TURN_LASTS: Duration = Duration::from_millis(500);
/// A find that is off its place for this long has moved; for less, the detector erred: at 5 Hz in
/// one frame.
const STRAY_LASTS: Duration = Duration::from_millis(300);
/// Overlap with a fixture from which a find is taken for it where nothing has moved.
const UNMOVED_IOU: f32 = 0.5;
/// In the box of a find that stands still, somebody moves: at least in this part of it …
const STIRS_SHARE: f32 = 1.0 / 32.0;
/// … and of a face in so many blocks: one may be what an encoder mends of a portrait …
const STIRS_IN_FACE: usize = 2;
/// … when it has been found for as long. What appears takes it from what was there before.
const STIRS_AFTER: Duration = Duration::from_millis(800);
/// A find that was missed for longer starts anew, unless it is a fixture.
const FORGET_AFTER: Duration = Duration::from_secs(2);
/// A face that is smaller than this part of another's height is further away than whoever that one is, or on a
/// screen: who holds still before it is no picture because of it.
pub(super) const MUCH_SMALLER: f32 = 0.6;
/// What once moved must hold still this many times longer to become a fixture.
const MOVED_FACTOR: u32 = 3;
/// More finds than this are not kept apart.
const MOST: usize = 32;

/// What is known of a find from how it moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    /// It moved: somebody.
    Live,
    /// Too new to tell.
    Undecided,
    /// It never moves.
    Fixture,
}

#[derive(Clone, Copy, Debug)]
struct Tracked {
    label: Label,
    /// Where it stood when it last moved.
    anchor: BoundingBox,
    /// Where it was found last.
    latest: BoundingBox,
    /// Since when it stands off its anchor.
    stray: Option<MediaTime>,
    still_since: MediaTime,
    /// How long, of the time since, somebody else was seen to move.
    accompanied: Duration,
    /// Somebody else was seen to move when this was last seen.
    company: bool,
    last_seen: MediaTime,
    nature: Nature,
    moved: bool,
}

/// A frame in which something was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    pub at: MediaTime,
    pub frame: Size,
    /// Where the picture has moved. Without it, boxes alone tell.
    pub moved: Option<&'a Moved>,
    /// Who is on them is nobody.
    pub screens: Screens,
    /// How a face that was found weakly is like what was found well there.
    pub likeness: Option<FaceLikeness>,
}

/// What has moved within the box of a find.
#[derive(Clone, Copy, Debug)]
struct Within {
    /// Anything, as far as can be said.
    moved: bool,
    /// As much as somebody does who sits still.
    stirs: bool,
}

/// Remembers finds and how they moved.
#[derive(Clone, Debug)]
pub(super) struct Fixtures {
    after: Duration,
    tracked: Vec<Tracked>,
}

impl Fixtures {
    pub(super) fn new(after: Duration) -> Self {
        Self { after, tracked: Vec::new() }
    }

    /// Takes the finds of one label in one frame; gives the nature of each, in their order.
    pub(super) fn take(&mut self, moment: &Moment<'_>, finds: &[Detection]) -> Vec<Nature> {
        let at = moment.at;
        self.tracked
            .retain(|t| t.nature == Nature::Fixture || at.since(t.last_seen) <= FORGET_AFTER);
        let near: Vec<Option<usize>> =
            finds.iter().map(|find| self.follow(moment, find, finds)).collect();
        let places: Vec<usize> = finds
            .iter()
            .zip(near)
            .map(|(find, near)| near.unwrap_or_else(|| self.walked_or_new(moment, find, finds)))
            .collect();
        for &place in &places {
            let company =
                places.iter().any(|&other| self.tracked[other].is_company_of(&self.tracked[place]));
            self.tracked[place].company = company;
        }
        places.into_iter().map(|place| self.tracked[place].nature).collect()
    }

    /// Where faces are that never move.
    pub(super) fn faces(&self) -> impl Iterator<Item = BoundingBox> {
        let is_one = |t: &&Tracked| t.nature == Nature::Fixture && t.label == Label::Face;
        self.tracked.iter().filter(is_one).map(|t| t.anchor)
    }

    /// The natures of finds that were taken before, without counting them again.
    pub(super) fn recall(&self, frame: Size, finds: &[Detection]) -> Vec<Nature> {
        let known = |find: &Detection| {
            let place = &find.bounding_box;
            let same = |t: &&Tracked| {
                t.label == find.label && (t.latest == *place || t.is_at(place, frame))
            };
            self.tracked.iter().find(same).map_or(Nature::Undecided, |tracked| tracked.nature)
        };
        finds.iter().map(known).collect()
    }

    /// Finds the place of a detection among those remembered. `finds` are all of the frame.
    fn follow(
        &mut self,
        moment: &Moment<'_>,
        find: &Detection,
        finds: &[Detection],
    ) -> Option<usize> {
        let (at, within) = (moment.at, moment.within(find, finds));
        let known = self.tracked.iter().enumerate().filter(|(_, t)| t.label == find.label);
        let here = |t: &Tracked| {
            t.is_at(&find.bounding_box, moment.frame)
                || t.nature == Nature::Fixture
                    && !within.moved
                    && t.anchor.iou(&find.bounding_box) >= UNMOVED_IOU
        };
        let overlap = |t: &Tracked| t.latest.iou(&find.bounding_box);
        let known = known
            .clone()
            .filter(|(_, t)| here(t))
            .min_by_key(|(_, t)| t.nature == Nature::Fixture)
            .or_else(|| {
                known
                    .filter(|(_, t)| t.nature != Nature::Fixture && t.last_seen < at)
                    .filter(|(_, t)| at.since(t.last_seen) <= FORGET_AFTER)
                    .filter(|(_, t)| overlap(t) >= SAME_IOU)
                    .max_by(|(_, a), (_, b)| overlap(a).total_cmp(&overlap(b)))
            });
        let (place, _) = known?;
        self.see(place, moment, find, within);
        Some(place)
    }

    fn see(&mut self, place: usize, moment: &Moment<'_>, find: &Detection, within: Within) {
        let tracked = &mut self.tracked[place];
        tracked.settle(moment.at, self.after);
        tracked.see(moment, &find.bounding_box, within);
    }

    /// The place of a detection that is at none of those remembered: of the small body that walked there
    /// from the nearest of them, or one of its own.
    fn walked_or_new(
        &mut self,
        moment: &Moment<'_>,
        find: &Detection,
        finds: &[Detection],
    ) -> usize {
        let lost = self.tracked.iter().enumerate().filter(|(_, t)| t.may_have_walked(moment, find));
        let way = |t: &Tracked| distance(&t.latest, &find.bounding_box);
        let nearest = lost.min_by(|(_, a), (_, b)| way(a).total_cmp(&way(b)));
        if let Some((place, _)) = nearest {
            self.see(place, moment, find, moment.within(find, finds));
            return place;
        }
        let place = self.free_place();
        let tracked = Tracked::new(moment.at, find);
        match self.tracked.get_mut(place) {
            Some(known) => *known = tracked,
            None => self.tracked.push(tracked),
        }
        place
    }

    /// Where a new find goes: to the end, or in place of what was not seen for longest.
    fn free_place(&self) -> usize {
        let oldest = self.tracked.iter().enumerate().min_by_key(|(_, t)| t.last_seen);
        match oldest {
            Some((place, _)) if self.tracked.len() >= MOST => place,
            Some(_) | None => self.tracked.len(),
        }
    }
}

impl Tracked {
    fn new(at: MediaTime, find: &Detection) -> Self {
        Self {
            label: find.label,
            anchor: find.bounding_box,
            latest: find.bounding_box,
            stray: None,
            still_since: at,
            accompanied: Duration::ZERO,
            company: false,
            last_seen: at,
            nature: Nature::Undecided,
            moved: false,
        }
    }

    /// Decides what the time since it was last seen has made of it: everything is taken to have
    /// stayed as it was then, so that more frames of the same change nothing.
    fn settle(&mut self, at: MediaTime, after: Duration) {
        let gap = at.since(self.last_seen);
        if self.company && gap <= FORGET_AFTER {
            self.accompanied += gap;
        }
        let needed = if self.moved { after * MOVED_FACTOR } else { after };
        let still_until = self.still_since + needed;
        let moved_at = self.stray.map(|since| since + STRAY_LASTS);
        if moved_at.is_none_or(|moved_at| still_until <= moved_at)
            && still_until <= at
            && self.accompanied >= needed / 2
        {
            self.nature = Nature::Fixture;
        }
        if let Some(since) = self.stray.filter(|_| moved_at <= Some(at)) {
            self.lives(since);
        }
    }

    /// It has moved: since then it stands where it was found last.
    const fn lives(&mut self, since: MediaTime) {
        if !matches!(self.nature, Nature::Fixture) {
            self.anchor = self.latest;
            self.still_since = since;
            self.accompanied = Duration::ZERO;
            (self.nature, self.moved, self.stray) = (Nature::Live, true, None);
        }
    }

    fn see(&mut self, moment: &Moment<'_>, place: &BoundingBox, within: Within) {
        let off = !self.is_at(place, moment.frame) && (within.moved || self.stray.is_some());
        self.stray = off.then(|| self.stray.unwrap_or(moment.at));
        (self.latest, self.last_seen) = (*place, moment.at);
        let known_long = moment.at.since(self.still_since) >= STIRS_AFTER;
        if within.stirs && known_long {
            self.lives(moment.at);
        }
    }

    /// Whether this is somebody who moves, beside whom the other may turn out never to.
    fn is_company_of(&self, other: &Self) -> bool {
        let least = if other.label == Label::Face { MUCH_SMALLER } else { 0.0 };
        self.nature == Nature::Live
            && self.label == other.label
            && !std::ptr::eq(self, other)
            && self.latest.height() >= least * other.latest.height()
    }

    /// Whether this may be the small body that is found elsewhere now.
    fn may_have_walked(&self, moment: &Moment<'_>, find: &Detection) -> bool {
        let (at, frame) = (moment.at, moment.frame);
        let (then, now) = (self.latest, find.bounding_box);
        let (shorter, longer) = (then.height().min(now.height()), then.height().max(now.height()));
        let since = at.since(self.last_seen);
        let speed = if since <= TURN_LASTS { TURN * frame.width as f32 } else { longer };
        self.label == Label::Person
            && find.label == Label::Person
            && self.nature != Nature::Fixture
            && self.last_seen < at
            && since <= FORGET_AFTER
            && longer < SMALL_SHARE * frame.height as f32
            && longer <= SAME_SIZE * shorter
            && distance(&then, &now) <= speed * since.as_secs_f32()
    }

    fn is_at(&self, place: &BoundingBox, frame: Size) -> bool {
        is_still(&self.anchor, place, frame)
            || self.nature == Nature::Fixture && self.anchor.iou(place) >= FIXTURE_IOU
    }
}

impl Moment<'_> {
    /// What has moved within the box of a find, and not in those of the others.
    fn within(&self, find: &Detection, finds: &[Detection]) -> Within {
        let Some(moved) = self.moved else { return Within { moved: true, stirs: false } };
        let others = finds.iter().filter(|other| other.bounding_box != find.bounding_box);
        let others = others.map(|other| other.bounding_box.shares_of(self.frame));
        let count = moved.within(&find.bounding_box.shares_of(self.frame), &others);
        let least = if find.label == Label::Face { STIRS_IN_FACE } else { 1 };
        let stirs = count.moved >= least && count.moved as f32 >= STIRS_SHARE * count.blocks as f32;
        Within { moved: count.moved > 0 || count.blocks == 0, stirs }
    }
}

fn distance(a: &BoundingBox, b: &BoundingBox) -> f32 {
    let ((ax, ay), (bx, by)) = (a.center(), b.center());
    (ax - bx).hypot(ay - by)
}

fn is_still(anchor: &BoundingBox, now: &BoundingBox, frame: Size) -> bool {
    let longer = anchor.width().max(anchor.height());
    let tolerance = (longer * STILL_SHARE).max(frame.width as f32 * STILL_FRAME_SHARE);
    let edges = [
        anchor.left - now.left,
        anchor.top - now.top,
        anchor.right - now.right,
        anchor.bottom - now.bottom,
    ];
    edges.iter().all(|edge| edge.abs() <= tolerance)
}
