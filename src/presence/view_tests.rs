//! What frames show of the candidate, and of others.

use std::time::Duration;

use super::beside::Company;
use super::fixtures::Moment;
use super::likeness::FaceLikeness;
use super::policy::Policy;
use super::screens::Screens;
use super::view::{View, Viewer};
use crate::detection::{Detection, Label};
use crate::geometry::{BoundingBox, Size};
use crate::time::MediaTime;

const FRAME: Size = Size::new(640, 480);

fn find(label: Label, score: f32, left: f32, width: f32, height: f32) -> Detection {
    let bounding_box = BoundingBox::new(left, 80.0, left + width, 80.0 + height);
    Detection { label, score, bounding_box }
}

fn face(score: f32, left: f32) -> Detection {
    find(Label::Face, score, left, 70.0, 90.0)
}

fn person(score: f32, left: f32) -> Detection {
    find(Label::Person, score, left, 220.0, 400.0)
}

fn read(frames: &[(&[Detection], &[Detection])]) -> Vec<(View, Company)> {
    let policy = Policy::default();
    let mut viewer = Viewer::new(&policy);
    let mut at = MediaTime::ZERO;
    let mut read = |(faces, people): &(&[Detection], &[Detection])| {
        let moment =
            Moment { at, frame: FRAME, moved: None, screens: Screens::default(), likeness: None };
        let reading = viewer.read(&policy, &moment, faces, people, true);
        at = at + Duration::from_millis(200);
        (reading.view, reading.company)
    };
    frames.iter().map(&mut read).collect()
}

#[test]
fn a_weak_face_is_believed_only_where_the_candidate_was() {
    let views = read(&[
        (&[face(0.55, 300.0)], &[]),
        (&[face(0.9, 300.0)], &[]),
        (&[face(0.55, 310.0)], &[]),
        (&[face(0.55, 500.0)], &[]),
    ]);
    let views: Vec<View> = views.into_iter().map(|(view, _)| view).collect();
    assert_eq!(views, [View::Nobody, View::Face, View::Face, View::Nobody]);
}

#[test]
fn a_weak_face_is_believed_wherever_on_the_candidates_head_it_is_found() {
    let larger = find(Label::Face, 0.55, 320.0, 110.0, 140.0);
    for (then, now, view) in [
        (250.0, face(0.55, 290.0), View::Face),
        (290.0, face(0.55, 250.0), View::Face),
        (250.0, face(0.55, 320.0), View::Nobody),
        (300.0, larger, View::Nobody),
    ] {
        let views = read(&[(&[face(0.9, then)], &[]), (&[now], &[])]);
        assert_eq!(views[1].0, view, "{then} and {now:?}");
    }
}

/// What is made of weak finds that are so like the candidate's face, beside these bodies.
fn read_like(third: f32, weak: &[Detection], people: &[Detection]) -> (View, Company) {
    let policy = Policy::default();
    let mut viewer = Viewer::new(&policy);
    let mut reading = None;
    for (at_ms, faces) in [(0, &[face(0.9, 300.0)][..]), (200, weak)] {
        let face = weak[0].bounding_box;
        let likeness = FaceLikeness { face, whole: third - 0.2, third, lasts: true };
        let moment = Moment {
            at: MediaTime::from_millis(at_ms),
            frame: FRAME,
            moved: None,
            screens: Screens::default(),
            likeness: (at_ms > 0).then_some(likeness),
        };
        reading = Some(viewer.read(&policy, &moment, faces, people, true));
    }
    reading.map(|it| (it.view, it.company)).unwrap()
}

#[test]
fn a_covered_face_is_none_while_its_body_is_found_and_nobody_elses_face_is() {
    let (hands, own) = ([face(0.75, 305.0), face(0.6, 320.0)], [person(0.9, 230.0)]);
    assert_eq!(read_like(0.6, &hands, &own), (View::BodyOnly, Company::No));
    assert_eq!(read_like(0.8, &hands, &own), (View::Face, Company::No), "a third of it is seen");
    assert_eq!(read_like(0.6, &hands, &[]), (View::Face, Company::No), "no body");
    let elsewhere = [person(0.9, 20.0)];
    assert_eq!(read_like(0.6, &hands, &elsewhere).0, View::Face, "another body");
    let beside = [hands[0], face(0.9, 500.0)];
    assert_eq!(read_like(0.6, &beside, &own), (View::Face, Company::Undecided), "another face");
}

#[test]
fn a_face_that_is_as_it_was_is_kept_with_any_score_where_it_was() {
    let own = [person(0.9, 230.0)];
    assert_eq!(read_like(0.95, &[face(0.31, 305.0)], &own).0, View::Face);
    assert_eq!(read_like(0.85, &[face(0.31, 305.0)], &own).0, View::BodyOnly);
    assert_eq!(read_like(0.95, &[face(0.31, 500.0)], &own).0, View::BodyOnly, "elsewhere");
}

#[test]
fn a_weak_face_is_believed_within_the_upper_half_of_a_body_that_is() {
    let lower = Detection {
        bounding_box: BoundingBox::new(275.0, 300.0, 345.0, 390.0),
        ..face(0.55, 275.0)
    };
    for (score, face, view) in [
        (0.5, face(0.55, 275.0), View::Face),
        (0.5, face(0.45, 275.0), View::BodyOnly),
        (0.5, face(0.55, 180.0), View::BodyOnly),
        (0.5, lower, View::BodyOnly),
        (0.35, face(0.55, 275.0), View::Nobody),
    ] {
        assert_eq!(read(&[(&[face], &[person(score, 200.0)])])[0].0, view, "{score}, {face:?}");
    }
}

#[test]
fn a_print_on_the_candidates_shirt_is_neither_company_nor_the_candidate() {
    let print = |sway: f32| Detection {
        bounding_box: BoundingBox::new(250.0 + sway, 190.0, 390.0 + sway, 350.0),
        ..face(0.95, 0.0)
    };
    let frames: Vec<Vec<Detection>> = [0.0, 9.0, 3.0, 12.0, 6.0]
        .map(|sway| vec![print(sway), face(0.9, 290.0 + sway)])
        .into_iter()
        .chain([vec![face(0.9, 290.0)]])
        .collect();
    let body = [person(0.9, 200.0)];
    let frames: Vec<(&[Detection], &[Detection])> =
        frames.iter().map(|faces| (&faces[..], &body[..])).collect();
    assert!(read(&frames).iter().all(|it| *it == (View::Face, Company::No)));
    let without: Vec<_> = frames.iter().map(|(faces, _)| (*faces, &[][..])).collect();
    assert_eq!(read(&without)[4].1, Company::Yes(0.9), "whose body is not known");
}

/// Somebody sways before a face of this height, for eight seconds, and is gone for two.
fn left_before(height: f32, moves: f32, body: Option<Detection>) -> Vec<View> {
    let frames: Vec<Vec<Detection>> = (0..50)
        .map(|step: u8| {
            let sway = f32::from(step % 4) * 6.0;
            let behind = 500.0 + moves * f32::from(step % 3);
            let behind = find(Label::Face, 0.8, behind, height * 0.75, height);
            let own = (step < 40).then(|| face(0.9, 200.0 + sway));
            own.into_iter().chain([behind]).collect()
        })
        .collect();
    let body: Vec<Detection> = body.into_iter().collect();
    let frames: Vec<(&[Detection], &[Detection])> =
        frames.iter().map(|faces| (&faces[..], &body[..])).collect();
    read(&frames).into_iter().skip(40).map(|(view, _)| view).collect()
}

#[test]
fn a_small_face_that_was_beside_the_candidates_does_not_become_theirs() {
    assert_eq!(left_before(40.0, 5.0, None), [View::Nobody; 10], "a screen");
    assert_eq!(left_before(80.0, 5.0, None), [View::Face; 10], "who sits beside");
}

#[test]
fn a_small_face_beside_one_that_is_not_known_to_live_is_the_candidates() {
    let far = find(Label::Face, 0.8, 500.0, 30.0, 40.0);
    let near = find(Label::Face, 0.8, 500.0, 60.0, 80.0);
    let views = read(&[(&[far, face(0.9, 200.0)], &[]), (&[far], &[]), (&[near], &[])]);
    assert!(views.iter().all(|(view, _)| *view == View::Face));
}

#[test]
fn the_shoulders_on_a_portrait_are_nobodys() {
    let of_portrait = find(Label::Person, 0.6, 490.0, 90.0, 200.0);
    let somebody = find(Label::Person, 0.6, 400.0, 220.0, 420.0);
    assert_eq!(left_before(80.0, 0.0, Some(of_portrait)), [View::Nobody; 10]);
    assert_eq!(left_before(80.0, 0.0, Some(somebody)), [View::BodyOnly; 10]);
}

#[test]
fn a_weak_body_around_a_portraits_face_is_not_the_candidates_that_was_there() {
    let sway = |step: u8| 200.0 + f32::from(step % 4) * 6.0;
    let portrait = find(Label::Face, 0.8, 500.0, 60.0, 80.0);
    let last = |score| {
        let frames: Vec<_> = (0..42_u8)
            .map(|step| match step {
                ..40 => (vec![face(0.9, sway(step)), portrait], vec![]),
                40 => (vec![portrait], vec![find(Label::Person, 0.9, 420.0, 220.0, 420.0)]),
                _ => (vec![portrait], vec![find(Label::Person, score, 430.0, 200.0, 430.0)]),
            })
            .collect();
        let frames: Vec<(&[Detection], &[Detection])> =
            frames.iter().map(|(faces, people)| (&faces[..], &people[..])).collect();
        read(&frames).into_iter().skip(40).map(|(view, _)| view).collect::<Vec<_>>()
    };
    assert_eq!(last(0.25), [View::BodyOnly, View::Nobody]);
    assert_eq!(last(0.8), [View::BodyOnly; 2]);
}

#[test]
fn a_body_without_a_face_is_somebody() {
    assert_eq!(read(&[(&[], &[person(0.5, 200.0)])]), [(View::BodyOnly, Company::No)]);
}

#[test]
fn what_shows_of_a_candidate_who_is_bent_down_is_theirs_and_no_one_in_the_distance() {
    let low = |left: f32, width: f32, bottom: f32| {
        let bounding_box = BoundingBox::new(left, 405.0, left + width, bottom);
        Detection { bounding_box, ..person(0.5, 0.0) }
    };
    let seen: &[Detection] = &[face(0.9, 300.0)];
    let bent = [(seen, &[][..]), (&[][..], &[low(220.0, 190.0, 479.0)][..])];
    assert_eq!(read(&bent)[1], (View::BodyOnly, Company::No));
    for nobody in [low(220.0, 190.0, 470.0), low(220.0, 60.0, 479.0)] {
        let people: &[Detection] = &[nobody];
        assert_eq!(read(&[(seen, &[]), (&[], people)])[1].0, View::Nobody, "{nobody:?}");
    }
    let people: &[Detection] = &[low(220.0, 190.0, 479.0)];
    assert_eq!(read(&[(&[], people)])[0].0, View::Nobody, "nobody was there before");
}

#[test]
fn people_in_the_distance_are_not_the_candidate() {
    let hiker = find(Label::Person, 0.9, 100.0, 30.0, 70.0);
    assert_eq!(read(&[(&[], &[hiker])]), [(View::Nobody, Company::No)]);
}

/// People in the distance who walk on from look to look, and what is said at last.
fn distant(score: f32, height: f32, places: &[f32], people: &[Detection]) -> (View, Company) {
    let frames: Vec<Vec<Detection>> = (0..4)
        .map(|step| {
            let walk = step as f32 * 8.0;
            let hiker = |left: &f32| find(Label::Person, score, left + walk, 30.0, height);
            people.iter().copied().chain(places.iter().map(hiker)).collect()
        })
        .collect();
    let frames: Vec<(&[Detection], &[Detection])> =
        frames.iter().map(|people| (&[][..], &people[..])).collect();
    read(&frames).pop().unwrap()
}

#[test]
fn people_in_the_distance_are_company_for_the_candidate_and_for_each_other() {
    let candidate = [person(0.9, 300.0)];
    assert_eq!(distant(0.5, 70.0, &[100.0], &candidate), (View::BodyOnly, Company::Yes(0.5)));
    assert_eq!(distant(0.5, 70.0, &[100.0], &[]), (View::Nobody, Company::No));
    assert_eq!(distant(0.5, 70.0, &[100.0, 200.0], &[]), (View::Nobody, Company::Yes(0.5)));
}

#[test]
fn people_in_the_distance_are_no_company_when_they_are_tiny_or_found_badly() {
    let candidate = [person(0.9, 300.0)];
    assert_eq!(distant(0.5, 50.0, &[100.0], &candidate), (View::BodyOnly, Company::No));
    assert_eq!(distant(0.35, 70.0, &[100.0], &candidate), (View::BodyOnly, Company::No));
}

#[test]
fn a_second_face_counts_once_it_has_moved() {
    let frames = [
        (vec![face(0.9, 200.0), face(0.9, 450.0)], vec![]),
        (vec![face(0.9, 206.0), face(0.9, 456.0)], vec![]),
        (vec![face(0.9, 203.0), face(0.9, 453.0)], vec![]),
        (vec![face(0.9, 206.0), face(0.9, 456.0)], vec![]),
    ];
    let frames: Vec<(&[Detection], &[Detection])> =
        frames.iter().map(|(faces, people)| (&faces[..], &people[..])).collect();
    let read = read(&frames);
    assert_eq!(read[0], (View::Face, Company::Undecided));
    assert_eq!(read[3].1, Company::Yes(0.9));
}

#[test]
fn a_candidates_own_body_and_its_halves_are_no_company() {
    let half = find(Label::Person, 0.7, 220.0, 180.0, 200.0);
    let read = read(&[(&[face(0.9, 280.0)], &[person(0.9, 200.0), half])]);
    assert_eq!(read, [(View::Face, Company::No)]);
}

#[test]
fn a_second_body_beside_the_candidates_is_company() {
    let moved = [
        (vec![face(0.9, 100.0)], vec![person(0.9, 40.0), person(0.6, 400.0)]),
        (vec![face(0.9, 104.0)], vec![person(0.9, 46.0), person(0.6, 408.0)]),
        (vec![face(0.9, 108.0)], vec![person(0.9, 50.0), person(0.6, 416.0)]),
        (vec![face(0.9, 104.0)], vec![person(0.9, 46.0), person(0.6, 408.0)]),
    ];
    let frames: Vec<(&[Detection], &[Detection])> =
        moved.iter().map(|(faces, people)| (&faces[..], &people[..])).collect();
    assert_eq!(read(&frames)[3].1, Company::Yes(0.6));
}
