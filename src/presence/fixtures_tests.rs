//! Faces and bodies that move, stand still and hang on the wall.

use std::time::Duration;

use super::fixtures::{Fixtures, Moment, Nature};
use super::moving::Moving;
use super::picture::LumaGrid;
use super::screens::Screens;
use crate::detection::{Detection, Label};
use crate::frame::{Frame, Payload};
use crate::geometry::{BoundingBox, Size};
use crate::time::MediaTime;

const FRAME: Size = Size::new(640, 480);

fn face(left: f32) -> Detection {
    let bounding_box = BoundingBox::new(left, 100.0, left + 60.0, 180.0);
    Detection { label: Label::Face, score: 0.9, bounding_box }
}

/// A frame in which nothing is known of what moves.
fn boxes_alone(step: i64) -> Moment<'static> {
    Moment {
        at: MediaTime::from_millis(step * 200),
        frame: FRAME,
        moved: None,
        screens: Screens::default(),
        likeness: None,
    }
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
        natures = fixtures.take(&boxes_alone(step), &finds);
    }
    natures
}

#[test]
fn a_face_that_never_moves_beside_one_that_does_becomes_a_fixture() {
    assert_eq!(after(4, 12.0, true), [Nature::Live, Nature::Undecided]);
    assert_eq!(after(7, 12.0, true), [Nature::Live, Nature::Fixture]);
}

#[test]
fn who_holds_still_before_a_small_face_that_moves_is_no_fixture() {
    for (height, nature) in [(40.0, Nature::Undecided), (60.0, Nature::Fixture)] {
        let mut fixtures = Fixtures::new(Duration::from_secs(5));
        let mut natures = Vec::new();
        for step in 0..50 {
            let left = 300.0 + 12.0 * sway(step);
            let bounding_box = BoundingBox::new(left, 100.0, left + 40.0, 100.0 + height);
            let screen = Detection { bounding_box, ..face(left) };
            natures = fixtures.take(&boxes_alone(step), &[face(50.0), screen]);
        }
        assert_eq!(natures, [nature, Nature::Live], "{height}");
    }
}

#[test]
fn one_frame_in_which_the_detector_errs_is_no_movement() {
    let mut fixtures = Fixtures::new(Duration::from_secs(5));
    let mut natures = Vec::new();
    for step in 0..30 {
        let poster = face(if step == 3 { 53.0 } else { 50.0 });
        let finds = [face(300.0 + 12.0 * sway(step)), poster];
        natures = fixtures.take(&boxes_alone(step), &finds);
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
    let take = |(step, finds): (i64, &&[Detection])| fixtures.take(&boxes_alone(step), finds);
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
fn a_small_body_that_is_looked_for_once_a_second_lives_as_long_as_it_walks_no_faster_than_people() {
    let after = |way: f32| {
        let mut fixtures = Fixtures::new(Duration::from_secs(5));
        let mut natures = Vec::new();
        for step in 0..4 {
            let walker = hiker(100.0 + way * step as f32, 70.0);
            natures = fixtures.take(&boxes_alone(step * 5), &[walker]);
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
        assert_eq!(fixtures.take(&boxes_alone(step), &crowd).len(), crowd.len());
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
    for step in 0..40 {
        let finds = [face(300.0 + 12.0 * sway(step)), face(50.0)];
        fixtures.take(&boxes_alone(step), &finds);
    }
    fixtures.take(&boxes_alone(100), &[face(300.0)]);
    assert_eq!(fixtures.take(&boxes_alone(200), &[face(50.0)]), [Nature::Fixture]);
}

#[test]
fn a_face_elsewhere_is_not_the_fixture() {
    let mut fixtures = Fixtures::new(Duration::from_secs(5));
    for step in 0..40 {
        let finds = [face(300.0 + 12.0 * sway(step)), face(50.0)];
        fixtures.take(&boxes_alone(step), &finds);
    }
    assert_eq!(fixtures.take(&boxes_alone(100), &[face(70.0)]), [Nature::Undecided]);
}

/// A grey room whose part at the top right, beyond the candidate and the poster, is brighter.
fn corner(brightness: u8) -> LumaGrid {
    let luma = |at: usize| {
        let (x, y) = (at % FRAME.width as usize, at / FRAME.width as usize);
        if x >= 480 && y < 240 { brightness } else { 100 + (x % 7) as u8 }
    };
    let payload = Payload::Gray8((0..FRAME.area()).map(luma).collect());
    LumaGrid::of(&Frame { seq: 0, pts: MediaTime::ZERO, size: FRAME, payload })
}

/// What is said at last of finds that come five times a second, in a room whose top right flickers from a step
/// on.
fn natures_where(
    steps: i64,
    flickers_from: i64,
    finds: impl Fn(i64) -> Vec<Detection>,
) -> Vec<Nature> {
    let mut fixtures = Fixtures::new(Duration::from_secs(5));
    let (mut moving, mut natures) = (Moving::default(), Vec::new());
    for step in 0..steps {
        let is_other = step >= flickers_from && step % 2 == 0;
        let picture = corner(if is_other { 200 } else { 100 });
        let moved = moving.look(MediaTime::from_millis(step * 200), &picture);
        natures =
            fixtures.take(&Moment { moved: moved.as_ref(), ..boxes_alone(step) }, &finds(step));
    }
    natures
}

#[test]
fn a_box_that_is_off_its_place_has_not_moved_where_the_picture_has_not() {
    // As long as a person would be off it, and by more.
    let poster = |left| move |step: i64| vec![face(if step % 9 < 4 { left } else { left + 9.0 })];
    assert_eq!(natures_where(30, 0, poster(50.0)), [Nature::Undecided]);
    assert_eq!(natures_where(30, 0, poster(520.0)), [Nature::Live]);
    let beside = |step| vec![face(520.0 + 12.0 * sway(step)), poster(50.0)(step)[0]];
    assert_eq!(natures_where(60, 0, beside), [Nature::Live, Nature::Fixture]);
}

fn body(left: f32) -> Detection {
    let bounding_box = BoundingBox::new(left, 40.0, left + 150.0, 470.0);
    Detection { label: Label::Person, score: 0.4, bounding_box }
}

#[test]
fn who_stands_still_lives_when_something_moves_within_their_box() {
    assert_eq!(natures_where(20, 10, |_| vec![body(485.0)]), [Nature::Live]);
    assert_eq!(natures_where(20, 10, |_| vec![body(285.0)]), [Nature::Undecided]);
    assert_eq!(natures_where(20, 10, |_| vec![face(520.0)]), [Nature::Live], "a face, too");
    // One block of a portrait may be what an encoder mends.
    let reaches_in = |left: f32| move |_| vec![face(left)];
    assert_eq!(natures_where(20, 10, reaches_in(435.0)), [Nature::Live]);
    let sliver = BoundingBox::new(432.0, 222.0, 492.0, 302.0);
    let at_its_corner = move |_| vec![Detection { bounding_box: sliver, ..face(0.0) }];
    assert_eq!(natures_where(20, 10, at_its_corner), [Nature::Undecided]);
    // What moves is another's.
    let mover = Detection { score: 0.9, ..body(470.0) };
    let wide = BoundingBox::new(330.0, 40.0, 620.0, 470.0);
    let beside = Detection { bounding_box: wide, ..body(0.0) };
    assert_eq!(natures_where(20, 10, |_| vec![mover, beside])[1], Nature::Undecided);
}
