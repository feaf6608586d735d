//! Faces and bodies that never move: pictures on the wall, screens, busts.
//!
//! A detector takes a portrait for a person. What tells them apart without another model is that a
//! person is never still: over a few seconds a live face moves by more than a hundredth of its
//! size, a poster does not. Since a person may hold still for some seconds, a find is called a
//! fixture only while somebody else is there who does move; the only face in the picture is always
//! taken for the candidate's.

use std::time::Duration;

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
/// sits down exactly before a portrait of their own size.
const FIXTURE_IOU: f32 = 0.8;
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
/// A find that was missed for longer starts anew, unless it is a fixture.
const FORGET_AFTER: Duration = Duration::from_secs(2);
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
    /// Since when it stands off that place, and where.
    stray: Option<(MediaTime, BoundingBox)>,
    still_since: MediaTime,
    /// How long, of the time since, somebody else was seen to move.
    accompanied: Duration,
    /// Somebody else was seen to move when this was last seen.
    company: bool,
    last_seen: MediaTime,
    nature: Nature,
    moved: bool,
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
    pub(super) fn take(&mut self, at: MediaTime, frame: Size, finds: &[Detection]) -> Vec<Nature> {
        self.tracked
            .retain(|t| t.nature == Nature::Fixture || at.since(t.last_seen) <= FORGET_AFTER);
        let near: Vec<Option<usize>> =
            finds.iter().map(|find| self.follow(at, frame, find)).collect();
        let places: Vec<usize> = finds
            .iter()
            .zip(near)
            .map(|(find, near)| near.unwrap_or_else(|| self.walked_or_new(at, frame, find)))
            .collect();
        for &place in &places {
            let label = self.tracked[place].label;
            let company = places.iter().any(|&other| {
                other != place
                    && self.tracked[other].label == label
                    && self.tracked[other].nature == Nature::Live
            });
            self.tracked[place].company = company;
        }
        places.into_iter().map(|place| self.tracked[place].nature).collect()
    }

    /// The natures of finds that were taken before, without counting them again.
    pub(super) fn recall(&self, frame: Size, finds: &[Detection]) -> Vec<Nature> {
        let known = |find: &Detection| {
            let place = &find.bounding_box;
            let same = |t: &&Tracked| {
                t.label == find.label && (t.latest() == *place || t.is_at(place, frame))
            };
            self.tracked.iter().find(same).map_or(Nature::Undecided, |tracked| tracked.nature)
        };
        finds.iter().map(known).collect()
    }

    /// Finds the place of a detection among those remembered.
    fn follow(&mut self, at: MediaTime, frame: Size, find: &Detection) -> Option<usize> {
        let known = self.tracked.iter().enumerate().filter(|(_, t)| t.label == find.label);
        let here = |t: &Tracked| t.is_at(&find.bounding_box, frame);
        let overlap = |t: &Tracked| t.latest().iou(&find.bounding_box);
        let known = known.clone().find(|(_, t)| here(t)).or_else(|| {
            known
                .filter(|(_, t)| t.nature != Nature::Fixture && t.last_seen < at)
                .filter(|(_, t)| at.since(t.last_seen) <= FORGET_AFTER && overlap(t) >= SAME_IOU)
                .max_by(|(_, a), (_, b)| overlap(a).total_cmp(&overlap(b)))
        });
        let (place, _) = known?;
        self.see(place, at, frame, find);
        Some(place)
    }

    fn see(&mut self, place: usize, at: MediaTime, frame: Size, find: &Detection) {
        self.tracked[place].settle(at, self.after);
        self.tracked[place].see(at, frame, &find.bounding_box);
    }

    /// The place of a detection that is at none of those remembered: of the small body that walked there
    /// from the nearest of them, or one of its own.
    fn walked_or_new(&mut self, at: MediaTime, frame: Size, find: &Detection) -> usize {
        let lost =
            self.tracked.iter().enumerate().filter(|(_, t)| t.may_have_walked(at, frame, find));
        let way = |t: &Tracked| distance(&t.latest(), &find.bounding_box);
        let nearest = lost.min_by(|(_, a), (_, b)| way(a).total_cmp(&way(b)));
        if let Some((place, _)) = nearest {
            self.see(place, at, frame, find);
            return place;
        }
        let place = self.free_place();
        let tracked = Tracked::new(at, find);
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
            stray: None,
            still_since: at,
            accompanied: Duration::ZERO,
            company: false,
            last_seen: at,
            nature: Nature::Undecided,
            moved: false,
        }
    }

    fn latest(&self) -> BoundingBox {
        self.stray.map_or(self.anchor, |(_, place)| place)
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
        let moved_at = self.stray.map(|(since, _)| since + STRAY_LASTS);
        if moved_at.is_none_or(|moved_at| still_until <= moved_at)
            && still_until <= at
            && self.accompanied >= needed / 2
        {
            self.nature = Nature::Fixture;
        }
        if let Some((since, place)) = self.stray.filter(|_| moved_at <= Some(at))
            && self.nature != Nature::Fixture
        {
            self.anchor = place;
            self.still_since = since;
            self.accompanied = Duration::ZERO;
            (self.nature, self.moved, self.stray) = (Nature::Live, true, None);
        }
    }

    fn see(&mut self, at: MediaTime, frame: Size, place: &BoundingBox) {
        let since = self.stray.map_or(at, |(since, _)| since);
        self.stray = (!self.is_at(place, frame)).then_some((since, *place));
        self.last_seen = at;
    }

    /// Whether this may be the small body that is found elsewhere now.
    fn may_have_walked(&self, at: MediaTime, frame: Size, find: &Detection) -> bool {
        let (then, now) = (self.latest(), find.bounding_box);
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

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Size = Size::new(640, 480);

    fn face(left: f32) -> Detection {
        let bounding_box = BoundingBox::new(left, 100.0, left + 60.0, 180.0);
        Detection { label: Label::Face, score: 0.9, bounding_box }
    }

    /// Where the candidate sways to, in parts of the full swing.
    fn sway(step: i64) -> f32 {
        [0.0, 0.5, 1.0, 0.5][step.rem_euclid(4) as usize]
    }

    /// Feeds frames at 5 Hz; `swing` moves the candidate, whose find comes first.
    fn after(seconds: i64, swing: f32, poster: bool) -> Vec<Nature> {
        let mut fixtures = Fixtures::new(Duration::from_secs(5));
        let mut natures = Vec::new();
        for step in 0..seconds * 5 {
            let mut finds = vec![face(300.0 + swing * sway(step))];
            if poster {
                finds.push(face(50.0));
            }
            natures = fixtures.take(MediaTime::from_millis(step * 200), FRAME, &finds);
        }
        natures
    }

    #[test]
    fn a_face_that_never_moves_beside_one_that_does_becomes_a_fixture() {
        assert_eq!(after(4, 12.0, true), [Nature::Live, Nature::Undecided]);
        assert_eq!(after(7, 12.0, true), [Nature::Live, Nature::Fixture]);
    }

    #[test]
    fn one_frame_in_which_the_detector_errs_is_no_movement() {
        let mut fixtures = Fixtures::new(Duration::from_secs(5));
        let mut natures = Vec::new();
        for step in 0..30 {
            let poster = face(if step == 3 { 53.0 } else { 50.0 });
            let at = MediaTime::from_millis(step * 200);
            natures = fixtures.take(at, FRAME, &[face(300.0 + 12.0 * sway(step)), poster]);
        }
        assert_eq!(natures, [Nature::Live, Nature::Fixture]);
    }

    fn hiker(left: f32, height: f32) -> Detection {
        let bounding_box = BoundingBox::new(left, 200.0, left + 30.0, 200.0 + height);
        Detection { label: Label::Person, score: 0.6, bounding_box }
    }

    /// The natures of small bodies, found at these places from look to look.
    fn of_small(looks: &[&[Detection]]) -> Vec<Nature> {
        let mut fixtures = Fixtures::new(Duration::from_secs(5));
        let take = |(step, finds): (i64, &&[Detection])| {
            fixtures.take(MediaTime::from_millis(step * 200), FRAME, finds)
        };
        (0..).zip(looks).map(take).last().unwrap()
    }

    #[test]
    fn a_small_body_that_walks_by_more_than_its_width_lives() {
        let walk =
            [100.0, 160.0, 250.0, 300.0].map(|left| [hiker(left, 70.0), hiker(left + 40.0, 64.0)]);
        let looks: Vec<&[Detection]> = walk.iter().map(|finds| &finds[..]).collect();
        assert_eq!(of_small(&looks[..3]), [Nature::Undecided; 2]);
        assert_eq!(of_small(&looks), [Nature::Live; 2]);
    }

    #[test]
    fn a_small_body_that_is_looked_for_once_a_second_lives_as_long_as_it_walks_no_faster_than_people()
     {
        let after = |way: f32| {
            let mut fixtures = Fixtures::new(Duration::from_secs(5));
            let mut natures = Vec::new();
            for step in 0..4 {
                let at = MediaTime::from_millis(step * 1_000);
                natures = fixtures.take(at, FRAME, &[hiker(100.0 + way * step as f32, 70.0)]);
            }
            natures
        };
        assert_eq!(after(60.0), [Nature::Live]);
        assert_eq!(after(90.0), [Nature::Undecided]);
    }

    #[test]
    fn small_pictures_on_the_wall_do_not_walk() {
        let (one, other) = (hiker(100.0, 70.0), hiker(200.0, 70.0));
        let both: &[Detection] = &[one, other];
        assert_eq!(of_small(&[both; 12]), [Nature::Undecided; 2]);
        // Found in some looks only, and not of one size.
        let large = hiker(200.0, 110.0);
        let flicker: [&[Detection]; 4] = [&[one], &[large], &[one, large], &[large]];
        assert_eq!(of_small(&flicker.repeat(3)), [Nature::Undecided]);
        // A body that appears across the whole frame has not come from there.
        let far: [&[Detection]; 3] = [&[one], &[hiker(500.0, 70.0)], &[one]];
        assert_eq!(of_small(&far.repeat(3)), [Nature::Undecided]);
    }

    #[test]
    fn more_finds_than_are_kept_apart_do_no_harm() {
        let mut fixtures = Fixtures::new(Duration::from_secs(5));
        for step in 0..4 {
            let crowd: Vec<Detection> =
                (0..60).map(|n: u8| face(f32::from(n) * 90.0 + 700.0 * step as f32)).collect();
            let at = MediaTime::from_millis(step * 200);
            assert_eq!(fixtures.take(at, FRAME, &crowd).len(), crowd.len());
        }
    }

    #[test]
    fn the_only_face_is_never_a_fixture_however_still() {
        assert_eq!(after(60, 0.0, false), [Nature::Undecided]);
    }

    #[test]
    fn two_faces_that_never_move_stay_undecided() {
        assert_eq!(after(60, 0.0, true), [Nature::Undecided, Nature::Undecided]);
    }

    #[test]
    fn a_fixture_stays_one_when_it_was_hidden_for_a_while() {
        let mut fixtures = Fixtures::new(Duration::from_secs(5));
        let at = |step: i64| MediaTime::from_millis(step * 200);
        for step in 0..40 {
            fixtures.take(at(step), FRAME, &[face(300.0 + 12.0 * sway(step)), face(50.0)]);
        }
        fixtures.take(at(100), FRAME, &[face(300.0)]);
        assert_eq!(fixtures.take(at(200), FRAME, &[face(50.0)]), [Nature::Fixture]);
    }

    #[test]
    fn a_face_elsewhere_is_not_the_fixture() {
        let mut fixtures = Fixtures::new(Duration::from_secs(5));
        for step in 0..40 {
            let at = MediaTime::from_millis(step * 200);
            fixtures.take(at, FRAME, &[face(300.0 + 12.0 * sway(step)), face(50.0)]);
        }
        let at = MediaTime::from_secs_f64(20.0);
        assert_eq!(fixtures.take(at, FRAME, &[face(70.0)]), [Nature::Undecided]);
    }
}
