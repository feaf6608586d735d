//! Drawn faces that move as photos do, and as live faces do.

use std::time::Duration;

use proptest::prelude::*;

use super::align::Aligner;
use super::crop::FaceCrop;
use super::kind_track::Change;
use super::look::{Finds, Look, Signs};
use super::monitor::Monitor;
use super::picture::LumaGrid;
use super::policy::{Policy, StillImagePolicy};
use super::stillness::{ALIVE, FaceWatch, Stillness};
use crate::detection::{Detection, Label};
use crate::frame::{Frame, Payload};
use crate::geometry::{BoundingBox, Size};
use crate::report::{ClosedBy, IntervalId, Kind, SessionId};
use crate::time::MediaTime;

const FRAME: Size = Size::new(200, 150);
/// Half the face's side, in pixels.
const HALF: f32 = 40.0;

/// How a face is held before the camera, and what it does.
#[derive(Clone, Copy, Debug)]
struct Pose {
    x: f32,
    y: f32,
    turn: f32,
    size: f32,
    gain: f32,
    /// 0: the eyes are open. 1: they are closed.
    blink: f32,
    /// How far the mouth is open, in parts of the face.
    mouth: f32,
    /// Largest deviation, in luma levels.
    noise: f32,
    seed: u32,
    /// Not found by the detector.
    away: bool,
}

const STILL: Pose = Pose {
    x: 0.0,
    y: 0.0,
    turn: 0.0,
    size: 1.0,
    gain: 1.0,
    blink: 0.0,
    mouth: 0.0,
    noise: 2.0,
    seed: 1,
    away: false,
};

/// Luma of a face at a place, -1 to 1 across and down.
fn skin(x: f32, y: f32, pose: &Pose) -> f32 {
    let blob = |cx: f32, cy: f32, wide: f32, high: f32| {
        (-((x - cx) / wide).powi(2) - ((y - cy) / high).powi(2)).exp()
    };
    let eyes = blob(-0.4, -0.25, 0.16, 0.09) + blob(0.4, -0.25, 0.16, 0.09);
    let brows = blob(-0.4, -0.5, 0.25, 0.06) + blob(0.4, -0.5, 0.25, 0.06);
    let mouth = blob(0.0, 0.5, 0.3, 0.06 + pose.mouth);
    let head = blob(0.0, 0.0, 1.1, 1.3);
    60.0 + 120.0 * head - 80.0 * eyes * (1.0 - pose.blink) - 50.0 * brows - 60.0 * mouth
        + 20.0 * blob(0.05, 0.1, 0.1, 0.3)
}

/// Differs from pixel to pixel and from frame to frame, evenly between -1 and 1.
fn noise(pixel: u32, seed: u32) -> f32 {
    let mut bits = (pixel ^ seed.wrapping_mul(0x9e37_79b9)).wrapping_mul(0x85eb_ca6b);
    bits = (bits ^ bits >> 13).wrapping_mul(0xc2b2_ae35);
    (bits >> 16) as f32 / 32_768.0 - 1.0
}

fn shown(pose: &Pose, at: MediaTime) -> Frame {
    let (sin, cos) = pose.turn.sin_cos();
    let pixels = (0..FRAME.area() as u32).map(|pixel| {
        let across = (pixel % FRAME.width) as f32 + 0.5 - 100.0 - pose.x;
        let down = (pixel / FRAME.width) as f32 + 0.5 - 75.0 - pose.y;
        let scale = HALF * pose.size;
        let (x, y) = ((across * cos + down * sin) / scale, (down * cos - across * sin) / scale);
        let luma = skin(x, y, pose) * pose.gain + noise(pixel, pose.seed) * pose.noise;
        luma.clamp(0.0, 255.0) as u8
    });
    Frame { seq: 0, pts: at, size: FRAME, payload: Payload::Gray8(pixels.collect()) }
}

fn around(pose: &Pose) -> BoundingBox {
    let half = HALF * pose.size;
    let (x, y) = (100.0 + pose.x, 75.0 + pose.y);
    BoundingBox::new(x - half, y - half, x + half, y + half)
}

/// As a hand holds it: never quite still, at look `index` of five a second.
fn held(index: u32) -> Pose {
    let time = index as f32 / 5.0;
    Pose {
        x: 3.0 * (time * 1.3).sin(),
        y: 2.0 * (time * 1.9).cos(),
        turn: 0.03 * (time * 0.8).sin(),
        size: 1.0 + 0.02 * (time * 0.6).sin(),
        gain: 1.0 + 0.05 * (time * 0.4).sin(),
        seed: index + 1,
        ..STILL
    }
}

fn blinks(index: u32) -> Pose {
    Pose { blink: if index % 20 == 7 { 1.0 } else { 0.0 }, ..held(index) }
}

fn speaks(index: u32) -> Pose {
    let mouth = 0.06 * (index as f32 * 2.1).sin().max(0.0);
    Pose { mouth: if index % 30 < 8 { mouth } else { 0.0 }, ..held(index) }
}

fn frozen(_: u32) -> Pose {
    STILL
}

fn watched(policy: Policy, looks: u32, pose: impl Fn(u32) -> Pose) -> Vec<Change> {
    let mut monitor =
        Monitor::new(policy, |number| IntervalId::derived(SessionId::derived(&[]), number));
    let (mut changes, mut before) = (Vec::new(), None::<LumaGrid>);
    let at = |index: u32| MediaTime::from_millis(i64::from(index) * 200);
    let mut watch = FaceWatch::default();
    for index in 0..looks {
        let pose = pose(index);
        let frame = shown(&pose, at(index));
        let grid = LumaGrid::of(&frame);
        let face = Detection { label: Label::Face, score: 0.9, bounding_box: around(&pose) };
        let faces: &[Detection] = if pose.away { &[] } else { &[face] };
        if pose.away {
            watch.forget();
        }
        let look = Look {
            pts: frame.pts,
            skipped: 0,
            size: FRAME,
            picture: grid.stats(before.as_ref()),
            finds: Some(Finds { faces, people: &[], people_fresh: true }),
            signs: Signs {
                face_change: faces.first().and_then(|face| watch.look(&frame, face.bounding_box)),
                ..Signs::default()
            },
        };
        changes.extend(monitor.look(&look).1);
        before = Some(grid);
    }
    changes.extend(monitor.finish(at(looks), ClosedBy::SessionEnd));
    changes
}

/// Kind, start and end of what was closed, in milliseconds.
fn closed(changes: &[Change]) -> Vec<(Kind, i64, i64)> {
    let closed = |change: &Change| match change {
        Change::Closed(interval) => Some((
            interval.kind,
            interval.start_ms.as_millis(),
            interval.end_ms.unwrap().as_millis(),
        )),
        Change::Opened(_) | Change::Warned(..) | Change::Alerted(..) => None,
    };
    changes.iter().filter_map(closed).collect()
}

fn notices(changes: &[Change]) -> usize {
    let is_notice = |change: &&Change| matches!(change, Change::Warned(..) | Change::Alerted(..));
    changes.iter().filter(is_notice).count()
}

#[test]
fn a_photo_in_a_hand_is_marked_after_ten_seconds_and_from_its_beginning_on() {
    let changes = watched(Policy::default(), 70, held);
    assert_eq!(closed(&changes), [(Kind::SuspectedStillImage, 1_000, 14_000)]);
    assert_eq!(notices(&changes), 0);
    assert_eq!(closed(&watched(Policy::default(), 50, held)), []);
}

#[test]
fn the_policy_may_alert_or_not_look_at_all() {
    let policy = |still_image| Policy { still_image, ..Policy::default() };
    let changes = watched(policy(StillImagePolicy::Alert), 70, held);
    assert_eq!((closed(&changes).len(), notices(&changes)), (1, 2));
    assert_eq!(watched(policy(StillImagePolicy::Ignore), 70, held), []);
}

#[test]
fn whoever_blinks_or_speaks_is_no_photo() {
    assert_eq!(closed(&watched(Policy::default(), 90, blinks)), []);
    assert_eq!(closed(&watched(Policy::default(), 90, speaks)), []);
}

#[test]
fn the_mark_ends_where_the_face_begins_to_live() {
    let pose = |index| if index < 75 { held(index) } else { speaks(index - 75) };
    let changes = watched(Policy::default(), 120, pose);
    let [(Kind::SuspectedStillImage, 1_000, end)] = closed(&changes)[..] else {
        panic!("{changes:?}")
    };
    assert!((15_000..=16_000).contains(&end), "{end}");
}

#[test]
fn a_frozen_picture_is_frozen_and_no_still_image() {
    let found = closed(&watched(Policy::default(), 70, frozen));
    assert_eq!(found.iter().map(|(kind, ..)| *kind).collect::<Vec<_>>(), [Kind::FrozenPicture]);
}

#[test]
fn what_shows_too_little_is_neither_alive_nor_still() {
    let faint = |index| Pose { gain: 0.1, ..held(index) };
    let small = |index| Pose { size: 0.5, ..held(index) };
    let at_the_edge = |index| Pose { x: 80.0, ..held(index) };
    assert_eq!(closed(&watched(Policy::default(), 80, faint)), []);
    assert_eq!(closed(&watched(Policy::default(), 80, small)), []);
    assert_eq!(closed(&watched(Policy::default(), 80, at_the_edge)), []);
}

#[test]
fn a_face_that_was_away_is_watched_anew() {
    let away = |index: u32| Pose { away: index.is_multiple_of(40), ..held(index) };
    assert_eq!(closed(&watched(Policy::default(), 120, away)), []);
}

/// How much of the second face does not lie on the first. Both are cut out where the first is: the
/// detector's box is never quite where the face is.
fn change(then: &Pose, now: &Pose) -> f32 {
    let crop = |pose: &Pose| {
        let mut crop = FaceCrop::default();
        assert!(crop.cut(&shown(pose, MediaTime::ZERO), &around(then)));
        crop
    };
    let (then, now) = (crop(then), crop(now));
    Aligner::default().compare(then.luma(), now.luma(), 0.0).unwrap().change
}

#[test]
fn a_crop_is_the_same_wherever_the_face_is() {
    let (mut here, mut there) = (FaceCrop::default(), FaceCrop::default());
    let moved = Pose { x: 7.3, y: -4.6, size: 1.5, noise: 0.0, ..STILL };
    let still = Pose { noise: 0.0, ..STILL };
    assert!(here.cut(&shown(&still, MediaTime::ZERO), &around(&still)));
    assert!(there.cut(&shown(&moved, MediaTime::ZERO), &around(&moved)));
    let differs = |(here, there): (&f32, &f32)| (here - there).abs();
    let most = here.luma().iter().zip(there.luma()).map(differs).fold(0.0, f32::max);
    assert!(most < 3.0, "{most}");
}

#[test]
fn a_blink_or_a_word_is_seen_through_any_noise_that_a_camera_has() {
    for noise in [0.0, 3.0, 10.0] {
        let then = Pose { noise, ..STILL };
        let now = Pose { x: 2.4, turn: 0.03, seed: 9, ..then };
        assert!(change(&then, &Pose { blink: 1.0, ..now }) > 2.0 * ALIVE);
        assert!(change(&then, &Pose { mouth: 0.06, ..now }) > 2.0 * ALIVE);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_still_image_stays_one_however_it_is_held_and_lit_and_in_noise(
        x in -4.0_f32..4.0,
        y in -4.0_f32..4.0,
        turn in -0.06_f32..0.06,
        size in 0.95_f32..1.05,
        gain in 0.8_f32..1.2,
        noise in 0.0_f32..10.0,
        seed in any::<u32>(),
    ) {
        let then = Pose { noise, ..STILL };
        let now = Pose { x, y, turn, size, gain, noise, seed, ..STILL };
        let left = change(&then, &now);
        prop_assert!(left < ALIVE * 0.75, "{left}");
    }
}

#[test]
fn a_look_at_another_rate_needs_as_many_looks() {
    let apart = Duration::from_millis(400);
    let (mut watch, mut stillness) = (FaceWatch::default(), Stillness::default());
    let mut marked = None;
    for index in 0..80 {
        let pose = held(index * 2);
        let at = MediaTime::ZERO + apart * index;
        let change = watch.look(&shown(&pose, at), around(&pose));
        let evidence = change.map(|change| stillness.look(at, change.change));
        if matches!(evidence, Some(super::track::Evidence::Holds(_))) {
            marked = marked.or(Some(at.as_millis()));
        }
    }
    assert_eq!(marked, Some(20_800));
}
