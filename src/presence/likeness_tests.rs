//! Drawn faces that are covered, wholly and in part, and faces that are merely found weakly.

use super::likeness::{FaceLikeness, LikenessWatch, SEEN_THIRD};
use crate::detection::{Detection, Label};
use crate::frame::{Frame, Payload};
use crate::geometry::{BoundingBox, Size};
use crate::time::MediaTime;

const FRAME: Size = Size::new(320, 240);
const FACE: BoundingBox = BoundingBox::new(120.0, 60.0, 200.0, 160.0);

/// What is before the face: discs of this middle and radius, in parts of half its sides.
type Hands = &'static [(f32, f32, f32)];
const NONE: Hands = &[];
const MOUTH: Hands = &[(0.0, 0.6, 0.55)];
const BOTH: Hands = &[(-0.45, -0.3, 0.75), (0.4, 0.35, 0.75)];

#[derive(Clone, Copy, Debug)]
struct Shown {
    at_ms: i64,
    score: f32,
    hands: Hands,
    /// Largest deviation, in luma levels.
    noise: f32,
    contrast: f32,
    /// How far the face is aside, and its box from it, in pixels.
    aside: f32,
    off: f32,
    calm: bool,
}

const WELL: Shown = Shown {
    at_ms: 0,
    score: 0.9,
    hands: NONE,
    noise: 2.0,
    contrast: 1.0,
    aside: 0.0,
    off: 0.0,
    calm: true,
};
const WEAK: Shown = Shown { at_ms: 200, score: 0.6, ..WELL };

/// Luma of a face at a place, -1 to 1 across and down.
fn skin(x: f32, y: f32) -> f32 {
    let blob = |cx: f32, cy: f32, wide: f32, high: f32| {
        (-((x - cx) / wide).powi(2) - ((y - cy) / high).powi(2)).exp()
    };
    let eyes = blob(-0.4, -0.25, 0.2, 0.1) + blob(0.4, -0.25, 0.2, 0.1);
    let brows = blob(-0.4, -0.5, 0.25, 0.06) + blob(0.4, -0.5, 0.25, 0.06);
    let (mouth, nose) = (blob(0.0, 0.55, 0.35, 0.1), blob(0.1, 0.1, 0.12, 0.3));
    120.0 * blob(0.0, 0.0, 1.1, 1.2) - 80.0 * eyes - 50.0 * brows - 70.0 * mouth + 20.0 * nose
}

/// Fingers, and what is between them.
fn hand(x: f32, y: f32, radius: f32) -> f32 {
    70.0 + 30.0 * (x / radius * 9.0).sin() + 15.0 * (y / radius * 4.0).cos()
}

fn noise(pixel: u32, seed: i64) -> f32 {
    let mut bits = (pixel ^ (seed as u32).wrapping_mul(0x9e37_79b9)).wrapping_mul(0x85eb_ca6b);
    bits = (bits ^ bits >> 13).wrapping_mul(0xc2b2_ae35);
    (bits >> 16) as f32 / 32_768.0 - 1.0
}

fn frame(shown: &Shown) -> Frame {
    let (middle, down) = FACE.center();
    let luma = (0..FRAME.area() as u32).map(|pixel| {
        let x = ((pixel % FRAME.width) as f32 + 0.5 - middle - shown.aside) / (FACE.width() / 2.0);
        let y = ((pixel / FRAME.width) as f32 + 0.5 - down) / (FACE.height() / 2.0);
        let over = shown.hands.iter().find(|(cx, cy, radius)| (x - cx).hypot(y - cy) < *radius);
        let light = over.map_or_else(|| skin(x, y), |(cx, cy, r)| hand(x - cx, y - cy, *r));
        let noise = shown.noise * noise(pixel, shown.at_ms);
        (60.0 + light * shown.contrast + noise).clamp(0.0, 255.0) as u8
    });
    let pts = MediaTime::from_millis(shown.at_ms);
    Frame { seq: 0, pts, size: FRAME, payload: Payload::Gray8(luma.collect()) }
}

fn find(score: f32, aside: f32) -> Detection {
    let bounding_box = BoundingBox { left: FACE.left + aside, right: FACE.right + aside, ..FACE };
    Detection { label: Label::Face, score, bounding_box }
}

fn look(watch: &mut LikenessWatch, shown: &Shown) -> Option<FaceLikeness> {
    let face = find(shown.score, shown.aside + shown.off);
    watch.look(&frame(shown), &[face], shown.calm)
}

/// The face as it is found well for a second, and then this in two looks.
fn after(shown: &Shown) -> Option<FaceLikeness> {
    let mut watch = LikenessWatch::default();
    for step in -5..=0 {
        let Shown { aside, contrast, .. } = *shown;
        let well = Shown { at_ms: 200 * step, aside, contrast, ..WELL };
        assert_eq!(look(&mut watch, &well), None);
    }
    let first = look(&mut watch, shown);
    assert!(!first.is_some_and(covers), "one look");
    look(&mut watch, &Shown { at_ms: shown.at_ms + 200, ..*shown })
}

fn covers(likeness: FaceLikeness) -> bool {
    likeness.covers(&Detection { bounding_box: likeness.face, ..find(0.6, 0.0) })
}

fn shows(likeness: FaceLikeness) -> bool {
    likeness.shows(&Detection { bounding_box: likeness.face, ..find(0.6, 0.0) })
}

#[test]
fn two_hands_are_like_nothing_of_the_face_before_and_one_leaves_a_third() {
    let both = after(&Shown { hands: BOTH, ..WEAK }).unwrap();
    assert!(covers(both) && !shows(both), "{both:?}");
    let larger = FaceLikeness { face: both.face.grown(1.3), ..both };
    assert!(!covers(larger), "hands before a large face are not found as one");
    let mouth = after(&Shown { hands: MOUTH, ..WEAK }).unwrap();
    assert!(shows(mouth) && !covers(mouth), "{mouth:?}");
    assert!(mouth.whole < mouth.third, "{mouth:?}");
}

#[test]
fn a_face_that_is_found_weakly_is_the_one_before_in_noise_and_with_a_box_that_is_off() {
    for shown in [
        WEAK,
        Shown { score: 0.31, ..WEAK },
        Shown { noise: 24.0, ..WEAK },
        Shown { off: 6.0, noise: 12.0, ..WEAK },
        Shown { contrast: 0.4, noise: 6.0, ..WEAK },
    ] {
        let likeness = after(&shown).unwrap();
        assert!(shows(likeness) && !covers(likeness), "{shown:?}: {likeness:?}");
    }
}

#[test]
fn nothing_is_covered_by_what_came_slowly_or_while_the_camera_moved() {
    let both = Shown { hands: BOTH, ..WEAK };
    for (shown, covered) in [
        (Shown { at_ms: 1_000, ..both }, true),
        (Shown { at_ms: 1_200, ..both }, false),
        (Shown { calm: false, ..both }, false),
    ] {
        assert_eq!(covers(after(&shown).unwrap()), covered, "{shown:?}");
    }
}

#[test]
fn what_covers_a_face_does_so_for_ten_seconds() {
    let mut watch = LikenessWatch::default();
    look(&mut watch, &WELL);
    let both = |at_ms: i64| Shown { at_ms, hands: BOTH, ..WEAK };
    let told: Vec<bool> =
        (1..=55).map(|step| look(&mut watch, &both(200 * step)).is_some_and(covers)).collect();
    assert_eq!(told, [vec![false], vec![true; 49], vec![false; 5]].concat());
    assert_eq!(look(&mut watch, &Shown { at_ms: 11_200, ..WELL }), None);
    let again = [11_400, 11_600].map(|at_ms| look(&mut watch, &both(at_ms)).is_some_and(covers));
    assert_eq!(again, [false, true]);
}

#[test]
fn nothing_is_said_of_faces_that_are_flat_or_cut_by_the_edge_or_between_weak_and_well() {
    let weak = |shown: Shown| after(&shown);
    assert_eq!(weak(Shown { contrast: 0.1, ..WEAK }), None, "flat");
    assert_eq!(weak(Shown { aside: -125.0, ..WEAK }), None, "cut");
    assert_eq!(weak(Shown { score: 0.82, hands: BOTH, ..WEAK }), None, "between");
    assert_eq!(weak(Shown { aside: 0.0, off: 90.0, ..WEAK }), None, "elsewhere");
}

#[test]
fn of_two_finds_the_one_that_is_like_the_face_is_told() {
    let mut watch = LikenessWatch::default();
    look(&mut watch, &WELL);
    let finds = [find(0.7, 24.0), find(0.5, 0.0)];
    let likeness = watch.look(&frame(&WEAK), &finds, true).unwrap();
    assert_eq!(likeness.face, finds[1].bounding_box);
    assert!(likeness.third >= SEEN_THIRD && likeness.shows(&finds[1]));
    assert!(!likeness.shows(&finds[0]) && !likeness.covers(&finds[0]));
}

#[test]
fn a_box_that_is_larger_or_smaller_than_the_one_before_is_of_the_same_face() {
    for times in [0.9, 1.12] {
        let mut watch = LikenessWatch::default();
        look(&mut watch, &WELL);
        let face = Detection { bounding_box: FACE.grown(times), ..find(0.4, 0.0) };
        let likeness = watch.look(&frame(&WEAK), &[face], true).unwrap();
        assert!(likeness.whole > 0.9 && likeness.shows(&face), "{times}: {likeness:?}");
    }
}
