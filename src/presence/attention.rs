//! Where and when to look: bodies cost several times what faces anywhere do, and a face where one
//! was a moment ago a part of it (`benches/replay.rs` says how much).

use std::sync::Arc;
use std::time::Duration;

use super::picture::LumaGrid;
use super::policy::Policy;
use crate::detection::Detection;
use crate::geometry::{BoundingBox, Size};
use crate::time::MediaTime;

/// A sample that changed by this part of the picture's brightness …
const CHANGED_SHARE_OF_P99: u8 = 16;
/// … in at least this part of the samples: something moved.
const MOVED_SHARE: f64 = 0.004;
/// While nothing moves but the candidate, looks are this many times rarer than the policy's.
const CALM: u32 = 10;
/// Around the candidate's face, this many times its size may move without another person there.
const AROUND_FACE: f32 = 2.5;
/// A place is worth a second look for this long.
const PLACE_LASTS: Duration = Duration::from_secs(1);

/// Decides where faces are looked for, and in which frames bodies are.
///
/// Faces: near the last one, as long as there is one and only one. Everywhere when something else
/// than the candidate has moved since that was done, and once in a while.
///
/// Bodies: with a face in view now and then, for others beside the candidate, and rarely while
/// nothing else moves. Without one whenever the picture is not the one in which they were looked
/// for last. In a picture that has not changed there is nobody new to find.
#[derive(Clone, Debug, Default)]
pub struct Attention {
    faces: Option<Look>,
    bodies: Option<Look>,
    face: Option<(MediaTime, BoundingBox)>,
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
        let rests = at.since(last.at) < calm && !self.moved(last, &face, picture, frame);
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
        let mut believed = faces.iter().filter(|face| face.score >= policy.face.enter);
        match (believed.next(), believed.next()) {
            (Some(face), None) if last.found.len() <= 1 => {
                at.since(last.at) >= every * CALM
                    || at.since(last.at) >= every
                        && self.moved(last, &face.bounding_box, picture, frame)
            }
            (Some(_), _) => at.since(last.at) >= every,
            (None, _) => {
                at.since(last.at) >= every
                    || picture.moved_since(&last.picture, CHANGED_SHARE_OF_P99, MOVED_SHARE, &[])
            }
        }
    }

    /// Bodies were looked for.
    pub fn saw_people(&mut self, at: MediaTime, picture: &Arc<LumaGrid>, people: &[Detection]) {
        let found = people.iter().map(|person| person.bounding_box).collect();
        self.bodies = Some(Look { at, picture: Arc::clone(picture), found });
    }

    /// Whether anything but the candidate has moved since a look: the surroundings of the face and
    /// what is below it of the body do not count.
    fn moved(&self, since: &Look, face: &BoundingBox, picture: &LumaGrid, frame: Size) -> bool {
        let around = face.grown(AROUND_FACE);
        let bodies = self.bodies.iter().flat_map(|look| &look.found);
        let body = bodies.filter(|body| face.share_inside(body) >= 0.5);
        let below = body.map(|body| BoundingBox { top: face.bottom.max(body.top), ..*body });
        let own: Vec<BoundingBox> =
            std::iter::once(around).chain(below).map(|own| own.shares_of(frame)).collect();
        picture.moved_since(&since.picture, CHANGED_SHARE_OF_P99, MOVED_SHARE, &own)
    }
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
        attention.saw_people(at(0), &room(None), people);
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
}
