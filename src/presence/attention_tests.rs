//! Faces and bodies that are looked for, in a room in which a thing stands here and there.

use std::sync::Arc;

use super::attention::Attention;
use super::look::Verdict;
use super::picture::LumaGrid;
use super::policy::Policy;
use crate::detection::{Detection, Label};
use crate::frame::{Frame, Payload};
use crate::geometry::{BoundingBox, Size};
use crate::time::MediaTime;

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
    assert!(attention.last_place(at(1_000)).is_some() && attention.last_place(at(1_001)).is_none());
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
fn a_body_that_is_missed_is_looked_for_at_each_look_for_two_seconds() {
    let (mut attention, policy) =
        (after(&[face(140.0)], &[person(100.0), person(0.0)]), Policy::default());
    let faces = [face(140.0)];
    let wants = |attention: &Attention, millis| {
        attention.wants_people(&policy, at(millis), &room(None), FRAME, &faces)
    };
    attention.saw_people(&policy, at(1_000), &room(None), &faces, &[person(100.0)]);
    assert!(wants(&attention, 1_200) && wants(&attention, 2_000));
    assert!(!wants(&attention, 2_200), "two seconds after it was found last");
    attention.saw_people(&policy, at(1_200), &room(None), &faces, &[person(100.0), person(0.0)]);
    assert!(!wants(&attention, 1_400), "it is found again");
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
