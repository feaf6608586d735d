//! Where and when to look: bodies cost several times what faces anywhere do, and a face where one
//! was a moment ago a part of it (`benches/replay.rs` says how much).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::monitor::Verdict;
use super::picture::LumaGrid;
use super::policy::Policy;
use crate::detection::Detection;
use crate::geometry::{BoundingBox, Size};
use crate::time::MediaTime;

/// A block of the picture that changed by this part of its brightness …
const CHANGED_SHARE_OF_P99: u8 = 20;
/// … in at least this part of the picture: something moved.
const MOVED_SHARE: f64 = 0.004;
/// While nothing moves but the candidates, or nobody is there and nothing moves at all, looks are up to this
/// many times rarer than the policy's.
const CALM: u32 = 10;
/// Around the candidate's face, this many times its size may move without another person there.
const AROUND_FACE: f32 = 2.5;
/// A place is worth a second look for this long.
const PLACE_LASTS: Duration = Duration::from_secs(1);
/// A body that is not found any more is looked for at each look until then.
const MISSED_LASTS: Duration = Duration::from_secs(2);
/// That nobody is there is certain when every look has shown it for so long …
const CERTAIN_AFTER: Duration = PLACE_LASTS;
/// … and for no longer than this, or half of what is recorded, is the last look for faces repeated.
const LONGEST_REST: Duration = Duration::from_millis(500);
/// After so many looks at pictures that had changed and showed nobody, the room is one that never rests …
const IN_VAIN: u32 = 5;
/// … and there bodies are looked for at most this many times while faces may rest: curtains, light, a television.
const RESTLESS: f32 = 1.5;
/// So many pictures of the empty room are kept: a lamp that blinks, a screen that shows this and that.
const EMPTY_KEPT: usize = 8;

/// Decides where faces are looked for, and in which frames bodies are.
///
/// Faces: near the last one, as long as there is one and only one. Everywhere when something else
/// than the candidate has moved since that was done, and once in a while.
///
/// Bodies: with faces in view now and then, for others beside them, rarely while nothing else moves,
/// and at once when one of several faces is gone, for it may have been the candidate's, or a body that was
/// found a moment ago: half a body is found in some looks only. Without one, or with
/// none but those among which the candidate's was not a look before, whenever the picture is not the one in
/// which they were looked for last. In a picture that has not changed there is nobody new to find: while
/// nobody is there each look waits twice as long as the one before, and faces are looked for at every third
/// look or so. Nor is there in a picture that comes again within ten seconds.
///
/// "Has not changed" is always said against the picture of a real look, so that slow changes add up.
#[derive(Clone, Debug, Default)]
pub struct Attention {
    faces: Option<Look>,
    bodies: Option<Look>,
    face: Option<(MediaTime, BoundingBox)>,
    /// Since when every look was judged to show nobody.
    nobody_since: Option<MediaTime>,
    /// How many faces were in view in the last look in which they were looked for.
    faces_seen: usize,
    /// How many of them are not the candidate's: all, when theirs was not among them.
    strangers: usize,
    /// How many faces were in view when bodies were looked for last.
    faces_then: usize,
    /// How many bodies were found lately, and when.
    most: Option<(MediaTime, usize)>,
    /// How many times the policy's distance the next look for bodies waits while nothing changes.
    patience: u32,
    /// Looks for bodies in succession, each in another picture than the one before, that found nobody.
    in_vain: u32,
    /// Pictures in which bodies were looked for since somebody was last there, each another one.
    empty: VecDeque<(MediaTime, Arc<LumaGrid>)>,
}

/// A look at a whole picture.
#[derive(Clone, Debug)]
struct Look {
    at: MediaTime,
    picture: Arc<LumaGrid>,
    found: Vec<BoundingBox>,
}

impl Attention {
    /// The face to look near of. None: look everywhere.
    pub fn near(
        &self,
        policy: &Policy,
        at: MediaTime,
        picture: &LumaGrid,
        frame: Size,
    ) -> Option<BoundingBox> {
        let (_, face) = self.face?;
        let last = self.faces.as_ref().filter(|last| last.found.len() == 1)?;
        let calm = Duration::from_millis(policy.person.every_ms) * CALM;
        let rests = at.since(last.at) < calm && !self.moved(last, &[face], picture, frame);
        rests.then_some(face)
    }

    /// Where a face was a moment ago, for a second look when a look everywhere found none.
    pub fn last_place(&self, at: MediaTime) -> Option<BoundingBox> {
        self.face.filter(|(then, _)| at.since(*then) <= PLACE_LASTS).map(|(_, face)| face)
    }

    /// Faces were looked for, everywhere or near the last one.
    pub fn saw_faces(
        &mut self,
        policy: &Policy,
        at: MediaTime,
        picture: &Arc<LumaGrid>,
        faces: &[Detection],
        everywhere: bool,
    ) {
        let mut believed = faces.iter().filter(|face| face.score >= policy.face.enter);
        self.faces_seen = believed.clone().count();
        if let (Some(face), None) = (believed.next(), believed.next()) {
            self.face = Some((at, face.bounding_box));
        }
        if everywhere {
            let found = faces.iter().map(|face| face.bounding_box).collect();
            self.faces = Some(Look { at, picture: Arc::clone(picture), found });
        } else if faces.len() != 1 {
            self.faces = None;
        }
    }

    /// Whether to look for bodies in this frame.
    pub fn wants_people(
        &self,
        policy: &Policy,
        at: MediaTime,
        picture: &LumaGrid,
        frame: Size,
        faces: &[Detection],
    ) -> bool {
        let Some(last) = &self.bodies else { return true };
        let every = Duration::from_millis(policy.person.every_ms);
        let faces = believed(policy, faces);
        if faces.len() <= self.strangers {
            let restless = longest_rest(policy).div_f32(RESTLESS);
            let waits = self.in_vain >= IN_VAIN && at.since(last.at) < restless;
            return at.since(last.at) >= every * self.patience.max(1)
                || !waits && self.is_new(policy, at, picture, last);
        }
        let each_has_one = last.found.len() <= faces.len();
        let calm = if each_has_one { every * CALM } else { every };
        faces.len() < self.faces_then
            || self.misses(at, last)
            || at.since(last.at) >= calm
            || at.since(last.at) >= every && self.moved(last, &faces, picture, frame)
    }

    /// Whether nobody can have come since the last looks for faces and bodies, which found none: what they
    /// found holds, and need not be looked for in this frame.
    pub fn rests(&self, policy: &Policy, at: MediaTime, picture: &LumaGrid, frame: Size) -> bool {
        let (Some(since), Some(faces), Some(bodies)) =
            (self.nobody_since, &self.faces, &self.bodies)
        else {
            return false;
        };
        at.since(since) >= CERTAIN_AFTER
            && at.since(faces.at) <= longest_rest(policy)
            && faces.found.is_empty()
            && bodies.found.is_empty()
            && !self.is_new(policy, at, picture, bodies)
            && !self.wants_people(policy, at, picture, frame, &[])
    }

    /// Bodies were looked for, in a frame with these faces.
    pub fn saw_people(
        &mut self,
        policy: &Policy,
        at: MediaTime,
        picture: &Arc<LumaGrid>,
        faces: &[Detection],
        people: &[Detection],
    ) {
        self.faces_then = believed(policy, faces).len();
        let is_nobody = self.nobody_since.is_some() && people.is_empty();
        let last = self.bodies.as_ref().filter(|last| is_nobody && last.found.is_empty());
        let is_new = last.map(|last| self.is_new(policy, at, picture, last));
        (self.patience, self.in_vain) = match is_new {
            Some(false) => ((self.patience * 2).min(CALM), 0),
            Some(true) => (1, self.in_vain.saturating_add(1)),
            None => (1, 0),
        };
        if is_nobody && faces.is_empty() {
            self.empty.retain(|(_, then)| moved_since(picture, then));
            self.empty.truncate(EMPTY_KEPT - 1);
            self.empty.push_front((at, Arc::clone(picture)));
        } else {
            self.empty.clear();
        }
        if self
            .most
            .is_none_or(|(then, most)| people.len() >= most || at.since(then) > MISSED_LASTS)
        {
            self.most = Some((at, people.len()));
        }
        let found = people.iter().map(|person| person.bounding_box).collect();
        self.bodies = Some(Look { at, picture: Arc::clone(picture), found });
    }

    /// What the frame was taken for.
    pub fn judged(&mut self, at: MediaTime, verdict: Verdict) {
        let is_gone = matches!(verdict, Verdict::BodyOnly | Verdict::Nobody);
        self.strangers = if is_gone { self.faces_seen } else { 0 };
        if verdict == Verdict::Nobody {
            self.nobody_since.get_or_insert(at);
        } else {
            (self.nobody_since, self.patience, self.in_vain) = (None, 1, 0);
            self.empty.clear();
        }
    }

    /// Whether somebody is missed who was found a moment ago.
    fn misses(&self, at: MediaTime, last: &Look) -> bool {
        self.most
            .is_some_and(|(then, most)| last.found.len() < most && at.since(then) <= MISSED_LASTS)
    }

    /// Whether the picture is neither that of the last look for bodies nor, while nobody is there, of one of
    /// those before.
    fn is_new(&self, policy: &Policy, at: MediaTime, picture: &LumaGrid, last: &Look) -> bool {
        let lasts = Duration::from_millis(policy.person.every_ms) * CALM;
        let mut empty = self.empty.iter().filter(|(then, _)| at.since(*then) < lasts);
        moved_since(picture, &last.picture) && empty.all(|(_, then)| moved_since(picture, then))
    }

    /// Whether anything but the candidates has moved since a look: the surroundings of their faces and
    /// what is below them of their bodies do not count.
    fn moved(&self, since: &Look, faces: &[BoundingBox], picture: &LumaGrid, frame: Size) -> bool {
        let bodies = || self.bodies.iter().flat_map(|look| &look.found);
        let own = faces.iter().flat_map(|face| {
            let body = bodies().filter(|body| face.share_inside(body) >= 0.5);
            let below = body.map(|body| BoundingBox { top: face.bottom.max(body.top), ..*body });
            std::iter::once(face.grown(AROUND_FACE)).chain(below)
        });
        let own: Vec<BoundingBox> = own.map(|own| own.shares_of(frame)).collect();
        picture.moved_since(&since.picture, CHANGED_SHARE_OF_P99, MOVED_SHARE, &own)
    }
}

fn longest_rest(policy: &Policy) -> Duration {
    LONGEST_REST.min(policy.record_after() / 2)
}

/// Whether anything has moved.
fn moved_since(picture: &LumaGrid, then: &LumaGrid) -> bool {
    picture.moved_since(then, CHANGED_SHARE_OF_P99, MOVED_SHARE, &[])
}

fn believed(policy: &Policy, faces: &[Detection]) -> Vec<BoundingBox> {
    let believed = faces.iter().filter(|face| face.score >= policy.face.enter);
    believed.map(|face| face.bounding_box).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detection::Label;
    use crate::frame::{Frame, Payload};

    const FRAME: Size = Size::new(320, 240);

    /// A grey room, with a bright thing of 40x40 at (`x`, `y`).
    fn room(thing: Option<(u32, u32)>) -> Arc<LumaGrid> {
        let luma = |x: u32, y: u32| {
            let inside = |(left, top): (u32, u32)| {
                (left..left + 40).contains(&x) && (top..top + 40).contains(&y)
            };
            if thing.is_some_and(inside) { 240 } else { 100 + (x % 7) as u8 }
        };
        let pixels = (0..FRAME.height).flat_map(|y| (0..FRAME.width).map(move |x| luma(x, y)));
        let payload = Payload::Gray8(pixels.collect());
        Arc::new(LumaGrid::of(&Frame { seq: 0, pts: MediaTime::ZERO, size: FRAME, payload }))
    }

    fn find(label: Label, left: f32, top: f32, width: f32, height: f32) -> Detection {
        let bounding_box = BoundingBox::new(left, top, left + width, top + height);
        Detection { label, score: 0.9, bounding_box }
    }

    fn face(left: f32) -> Detection {
        find(Label::Face, left, 60.0, 40.0, 50.0)
    }

    fn person(left: f32) -> Detection {
        find(Label::Person, left, 50.0, 120.0, 190.0)
    }

    const fn at(millis: i64) -> MediaTime {
        MediaTime::from_millis(millis)
    }

    /// What was seen at 0 s in the empty room.
    fn after(faces: &[Detection], people: &[Detection]) -> Attention {
        let (mut attention, policy) = (Attention::default(), Policy::default());
        attention.saw_faces(&policy, at(0), &room(None), faces, true);
        attention.saw_people(&policy, at(0), &room(None), faces, people);
        attention
    }

    fn looks_near(attention: &Attention, millis: i64, thing: Option<(u32, u32)>) -> bool {
        attention.near(&Policy::default(), at(millis), &room(thing), FRAME).is_some()
    }

    #[test]
    fn the_one_face_is_looked_for_where_it_was_and_everywhere_once_in_a_while() {
        let attention = after(&[face(140.0)], &[person(100.0)]);
        assert!(looks_near(&attention, 200, None) && looks_near(&attention, 9_800, None));
        assert!(!looks_near(&attention, 10_000, None));
        assert!(!looks_near(&Attention::default(), 0, None));
    }

    #[test]
    fn only_what_moves_apart_from_the_candidate_is_a_reason_to_look_everywhere() {
        let attention = after(&[face(140.0)], &[person(100.0)]);
        assert!(looks_near(&attention, 200, Some((120, 50))), "the head");
        assert!(looks_near(&attention, 200, Some((110, 180))), "an arm");
        assert!(!looks_near(&attention, 200, Some((270, 60))), "the door");
        assert!(!looks_near(&attention, 200, Some((10, 190))), "a cat");
    }

    #[test]
    fn several_faces_or_none_are_looked_for_everywhere() {
        assert!(!looks_near(&after(&[face(140.0), face(20.0)], &[]), 200, None));
        assert!(!looks_near(&after(&[], &[]), 200, None));
        let mut attention = after(&[face(140.0)], &[]);
        attention.saw_faces(&Policy::default(), at(200), &room(None), &[], false);
        assert!(!looks_near(&attention, 400, None));
        assert!(
            attention.last_place(at(1_000)).is_some() && attention.last_place(at(1_001)).is_none()
        );
    }

    #[test]
    fn bodies_beside_a_face_are_looked_for_rarely_until_something_moves() {
        let wants = |attention: &Attention, millis, thing| {
            let faces = [face(140.0)];
            attention.wants_people(&Policy::default(), at(millis), &room(thing), FRAME, &faces)
        };
        let alone = after(&[face(140.0)], &[person(100.0)]);
        assert!(!wants(&alone, 9_900, None) && wants(&alone, 10_000, None));
        assert!(!wants(&alone, 900, Some((270, 60))) && wants(&alone, 1_000, Some((270, 60))));
        assert!(!wants(&alone, 1_000, Some((110, 180))));
        let two = after(&[face(140.0)], &[person(100.0), person(0.0)]);
        assert!(!wants(&two, 900, None) && wants(&two, 1_000, None));
    }

    #[test]
    fn without_a_face_bodies_are_looked_for_whenever_the_picture_has_changed() {
        let attention = after(&[], &[person(100.0)]);
        let wants = |millis, thing| {
            attention.wants_people(&Policy::default(), at(millis), &room(thing), FRAME, &[])
        };
        assert!(!wants(200, None) && wants(200, Some((110, 180))) && wants(1_000, None));
    }

    #[test]
    fn a_face_that_is_not_the_candidates_puts_off_no_look_for_the_body_that_was_theirs() {
        let portrait = [face(20.0)];
        let mut attention = after(&[face(140.0)], &[person(100.0)]);
        let wants = |attention: &Attention, faces: &[Detection]| {
            let picture = room(Some((110, 180)));
            attention.wants_people(&Policy::default(), at(400), &picture, FRAME, faces)
        };
        attention.saw_faces(&Policy::default(), at(200), &room(None), &portrait, true);
        assert!(!wants(&attention, &portrait));
        attention.judged(at(200), Verdict::BodyOnly);
        assert!(wants(&attention, &portrait));
        assert!(!wants(&attention, &[face(20.0), face(140.0)]), "the candidate's is there, too");
    }

    #[test]
    fn beside_two_faces_with_their_bodies_others_are_looked_for_rarely_until_something_moves() {
        let faces = [face(60.0), face(220.0)];
        let wants = |people: &[Detection], millis, thing| {
            let attention = after(&faces, people);
            attention.wants_people(&Policy::default(), at(millis), &room(thing), FRAME, &faces)
        };
        let two = [person(20.0), person(180.0)];
        assert!(!wants(&two, 9_900, None) && wants(&two, 10_000, None));
        assert!(!wants(&two, 1_000, Some((60, 180))), "an arm of the first");
        assert!(!wants(&two, 1_000, Some((220, 180))), "an arm of the second");
        assert!(!wants(&two, 900, Some((140, 0))) && wants(&two, 1_000, Some((140, 0))), "a door");
        let three = [person(20.0), person(180.0), person(100.0)];
        assert!(wants(&three, 1_000, None), "one of them has no face");
        let attention = after(&faces, &two);
        let wants = |faces: &[Detection]| {
            attention.wants_people(&Policy::default(), at(200), &room(None), FRAME, faces)
        };
        assert!(wants(&faces[..1]) && !wants(&faces), "who of them is gone?");
    }

    /// Looks five times a second at what is painted for each time, and finds nobody; or a body, at `found`.
    /// Gives when bodies were looked for, and when faces were.
    fn looks_at_nobody(
        millis: i64,
        thing: impl Fn(i64) -> Option<(u32, u32)>,
        found: Option<i64>,
    ) -> (Vec<i64>, Vec<i64>) {
        let (mut attention, policy) = (Attention::default(), Policy::default());
        let (mut bodies, mut faces) = (Vec::new(), Vec::new());
        for now in (0..millis).step_by(200) {
            let picture = room(thing(now));
            let people = if found == Some(now) { vec![person(100.0)] } else { Vec::new() };
            let body = if people.is_empty() { Verdict::Nobody } else { Verdict::BodyOnly };
            let rests = attention.rests(&policy, at(now), &picture, FRAME);
            if !rests {
                faces.push(now);
                attention.saw_faces(&policy, at(now), &picture, &[], true);
            }
            if !rests && attention.wants_people(&policy, at(now), &picture, FRAME, &[]) {
                bodies.push(now);
                attention.saw_people(&policy, at(now), &picture, &[], &people);
            }
            attention.judged(at(now), body);
        }
        (bodies, faces)
    }

    #[test]
    fn while_nobody_is_there_and_nothing_moves_each_look_for_bodies_waits_twice_as_long() {
        let (bodies, _) = looks_at_nobody(46_000, |_| None, None);
        assert_eq!(bodies, [0, 1_000, 3_000, 7_000, 15_000, 25_000, 35_000, 45_000]);
    }

    #[test]
    fn what_moves_or_is_found_lets_bodies_be_looked_for_soon_again() {
        let door = |now| (now == 9_000).then_some((270, 60));
        let (bodies, _) = looks_at_nobody(14_000, door, None);
        assert_eq!(bodies, [0, 1_000, 3_000, 7_000, 9_000, 10_000, 12_000]);
        let (bodies, _) = looks_at_nobody(12_000, |_| None, Some(7_000));
        assert_eq!(bodies, [0, 1_000, 3_000, 7_000, 8_000, 9_000, 11_000]);
    }

    #[test]
    fn where_a_curtain_never_rests_bodies_are_looked_for_in_every_other_frame_until_one_is_found() {
        let curtain = |now: i64| {
            let place = now as u32 / 200;
            Some((place % 3 * 60 + 100, place / 3 * 40 % 200))
        };
        let (bodies, faces) = looks_at_nobody(3_000, curtain, Some(1_800));
        assert_eq!(
            bodies,
            [0, 200, 400, 600, 800, 1_000, 1_400, 1_800, 2_000, 2_200, 2_400, 2_600, 2_800]
        );
        assert_eq!(faces.len(), 15, "in every frame");
    }

    #[test]
    fn in_a_picture_that_comes_again_bodies_are_not_looked_for_again() {
        let lamp = |now: i64| (now / 200 % 2 == 1).then_some((270, 60));
        let (bodies, faces) = looks_at_nobody(8_000, lamp, None);
        assert_eq!(bodies, [0, 200, 400, 1_400, 3_400, 7_400]);
        assert_eq!(faces[..8], [0, 200, 400, 600, 800, 1_400, 2_000, 2_600]);
        // What was seen ten seconds ago has to be looked at again, and so has what was seen before somebody came.
        let lamp = |now: i64| (now == 200 || now == 10_200).then_some((270, 60));
        let (bodies, _) = looks_at_nobody(10_400, lamp, None);
        assert!(bodies.contains(&10_200), "{bodies:?}");
        let lamp = |now: i64| (now == 200 || now == 1_600).then_some((270, 60));
        let (bodies, _) = looks_at_nobody(2_000, lamp, Some(1_200));
        assert!(bodies.contains(&1_600), "{bodies:?}");
    }

    #[test]
    fn faces_are_looked_for_in_every_frame_until_nobody_was_there_for_a_second_and_then_in_every_third()
     {
        let (_, faces) = looks_at_nobody(2_800, |_| None, None);
        assert_eq!(faces, [0, 200, 400, 600, 800, 1_000, 1_600, 2_200]);
        let (_, faces) = looks_at_nobody(2_800, |now| (now >= 2_000).then_some((140, 60)), None);
        assert_eq!(faces, [0, 200, 400, 600, 800, 1_000, 1_600, 2_000, 2_600]);
    }

    #[test]
    fn a_change_that_comes_by_and_by_is_seen_against_the_last_real_look() {
        let attention = {
            let mut attention = after(&[], &[]);
            attention.judged(at(0), Verdict::Nobody);
            attention.saw_faces(&Policy::default(), at(1_000), &room(None), &[], true);
            attention.saw_people(&Policy::default(), at(1_000), &room(None), &[], &[]);
            attention
        };
        // A corner grows brighter: light that changes everywhere is no change.
        let rests = |millis, brighter: u8| {
            let luma = |index: usize| {
                let (x, y) = (index % FRAME.width as usize, index / FRAME.width as usize);
                100 + (x % 7) as u8 + if x < 80 && y < 80 { brighter } else { 0 }
            };
            let payload = Payload::Gray8((0..FRAME.area()).map(luma).collect());
            let frame = Frame { seq: 0, pts: MediaTime::ZERO, size: FRAME, payload };
            attention.rests(&Policy::default(), at(millis), &LumaGrid::of(&frame), FRAME)
        };
        assert!(rests(1_200, 2) && rests(1_400, 5) && !rests(1_400, 20));
        assert!(rests(1_500, 2) && !rests(1_501, 2));
    }

    #[test]
    fn nothing_rests_while_somebody_is_there_or_when_shorter_times_are_recorded() {
        let rests = |verdict, record_after_ms, faces: &[Detection], people: &[Detection]| {
            let policy = Policy { record_after_ms, ..Policy::default() };
            let mut attention = Attention::default();
            attention.judged(at(0), verdict);
            attention.saw_faces(&policy, at(1_000), &room(None), faces, true);
            attention.saw_people(&policy, at(1_000), &room(None), faces, people);
            attention.judged(at(1_000), verdict);
            attention.rests(&policy, at(1_200), &room(None), FRAME)
        };
        assert!(rests(Verdict::Nobody, 1_000, &[], &[]));
        assert!(!rests(Verdict::Nobody, 300, &[], &[]));
        assert!(!rests(Verdict::BodyOnly, 1_000, &[], &[]), "hidden behind a sheet");
        assert!(!rests(Verdict::Covered, 1_000, &[], &[]));
        let weak = Detection { score: 0.35, ..face(140.0) };
        assert!(!rests(Verdict::Nobody, 1_000, &[weak], &[]));
        assert!(!rests(Verdict::Nobody, 1_000, &[], &[person(100.0)]));
    }
}
