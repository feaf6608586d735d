//! Rooms in which something moves, and who is back since when.

use std::sync::Arc;
use std::time::Duration;

use super::kind_track::Change;
use super::look::{Finds, Look, Signs};
use super::monitor::Monitor;
use super::picture::{LumaGrid, PictureStats};
use super::policy::Policy;
use super::stir::{Calm, Stir};
use crate::detection::{Detection, Label};
use crate::frame::{Frame, Payload};
use crate::geometry::{BoundingBox, Size};
use crate::report::{IntervalId, Kind, SessionId};
use crate::time::MediaTime;

const FRAME: Size = Size::new(320, 240);

/// Looks five times a second at what is painted for each look.
fn stirs_of(looks: usize, luma: impl Fn(usize, u32, u32) -> u8) -> Vec<Option<(i64, i64)>> {
    stirs_after(0, looks, luma)
}

/// The same; the first so many looks show a face.
fn stirs_after(
    with_face: usize,
    looks: usize,
    luma: impl Fn(usize, u32, u32) -> u8,
) -> Vec<Option<(i64, i64)>> {
    let stirs = all_stirs(with_face, looks, luma).into_iter();
    stirs.map(|stir| stir.map(|it| (it.calm_since.as_millis(), it.since.as_millis()))).collect()
}

fn all_stirs(
    with_face: usize,
    looks: usize,
    luma: impl Fn(usize, u32, u32) -> u8,
) -> Vec<Option<Stir>> {
    let mut calm = Calm::default();
    let mut look = |index: usize| {
        let at = time_of(index);
        let points = (0..FRAME.height).flat_map(|y| (0..FRAME.width).map(move |x| (x, y)));
        let payload = Payload::Gray8(points.map(|(x, y)| luma(index, x, y)).collect());
        let frame = Frame { seq: 0, pts: at, size: FRAME, payload };
        calm.look(at, &Arc::new(LumaGrid::of(&frame)), index < with_face)
    };
    (0..looks).map(&mut look).collect()
}

fn time_of(look: usize) -> MediaTime {
    MediaTime::ZERO + Duration::from_millis(200) * look as u32
}

/// A grey room with a bright thing, so many pixels wide.
fn stirs(widths: &[u32]) -> Vec<Option<(i64, i64)>> {
    stirs_of(widths.len(), |index, x, y| room(widths[index], x, y))
}

fn room(width: u32, x: u32, y: u32) -> u8 {
    if x < width { 240 } else { 100 + ((x + y) % 7) as u8 }
}

#[test]
fn a_picture_that_was_calm_stirs_from_the_first_look_that_differs() {
    let stirs = stirs(&[0, 0, 0, 0, 0, 0, 40, 90, 90]);
    assert_eq!(stirs[..6], [None; 6]);
    assert_eq!(stirs[6..], [Some((0, 1_200)); 3]);
}

#[test]
fn noise_and_light_that_flickers_leave_the_room_calm_and_hide_nobody() {
    let widths = [0, 0, 0, 0, 0, 0, 0, 60, 60];
    let stirs = stirs_of(widths.len(), |index, x, y| {
        let noise =
            (x * 7_919 + y * 104_729 + index as u32 * 1_299_709).wrapping_mul(2_654_435_761) >> 27;
        let light = if index % 2 == 0 { 1.0 } else { 0.8 };
        (f64::from(room(widths[index], x, y)) * light) as u8 - 16 + noise as u8
    });
    assert_eq!(stirs[..7], [None; 7]);
    assert_eq!(stirs[7..], [Some((0, 1_400)); 2]);
}

#[test]
fn a_picture_that_is_never_the_same_does_not_stir() {
    assert_eq!(stirs(&[0, 20, 40, 60, 80, 60, 40, 20, 0, 20]), [None; 10]);
    assert_eq!(stirs(&[0, 0, 0, 0, 40]), [None; 5]);
}

#[test]
fn what_goes_away_again_and_details_are_no_stir() {
    let widths = [0, 0, 0, 0, 0, 0, 8, 40, 0, 40];
    // Eight pixels wide is a lamp on a device, as high as it is wide.
    let stirs = stirs_of(widths.len(), |index, x, y| {
        let is_there = widths[index] > 8 || y < 8;
        room(if is_there { widths[index] } else { 0 }, x, y)
    });
    assert_eq!(stirs[6..], [None, Some((0, 1_400)), None, Some((0, 1_800))]);
}

#[test]
fn light_and_a_camera_that_is_turned_are_no_stir() {
    assert_eq!(stirs(&[0, 0, 0, 0, 0, 0, 319, 319, 0])[6..], [None; 3]);
    assert_eq!(stirs(&[0, 0, 0, 0, 0, 0, 90, 319, 319])[6..], [Some((0, 1_200)), None, None]);
}

#[test]
fn what_stays_is_a_part_of_the_room_after_two_seconds() {
    let mut widths = vec![0; 6];
    widths.extend([40; 20]);
    let stirs = stirs(&widths);
    assert_eq!(stirs[17], Some((0, 1_200)));
    assert_eq!(stirs[18..], [None; 8]);
}

/// A television at the right, which is on for 3 s, off for 1.4 s and on again; somebody comes 2 s later.
fn television(with_face: usize) -> Vec<Option<(i64, i64)>> {
    stirs_after(with_face, 40, |index, x, y| {
        let is_on = !(15..22).contains(&index);
        if x >= 260 && y < 60 && is_on && index % 2 == 0 {
            200
        } else {
            room(if index < 32 { 0 } else { 60 }, x, y)
        }
    })
}

#[test]
fn what_has_moved_on_and_off_since_nobody_is_there_does_not_stir() {
    let stirs = television(0);
    assert_eq!(stirs[..32], [None; 32]);
    assert!(stirs[32].is_some_and(|(_, since)| since == 6_400), "{:?}", stirs[32]);
    let in_view = television(20);
    assert!(in_view[22].is_some(), "it moved while the candidate was there: {in_view:?}");
}

/// What changes at the upper right from look 6 on, and somebody at the lower left from look 9 on.
fn elsewhere(index: usize, x: u32, y: u32) -> u8 {
    let changes = index >= 6 && x >= 240 && y < 80;
    let is_back = index >= 9 && x < 60 && y >= 120;
    if changes || is_back { 240 } else { room(0, x, y) }
}

/// In parts of the frame's sides.
const UPPER_RIGHT: BoundingBox = BoundingBox::new(0.8, 0.1, 0.9, 0.2);
const LOWER_LEFT: BoundingBox = BoundingBox::new(0.0, 0.6, 0.2, 1.0);
const MIDDLE: BoundingBox = BoundingBox::new(0.45, 0.45, 0.55, 0.55);

#[test]
fn each_part_stirs_since_a_look_of_its_own() {
    let stirs = all_stirs(0, 11, elsewhere);
    let stir = stirs[10].unwrap();
    let since = |place| stir.since_at(&place).map(MediaTime::as_millis);
    let expected = [Some(1_200), Some(1_800), None];
    assert_eq!([since(UPPER_RIGHT), since(LOWER_LEFT), since(MIDDLE)], expected);
    assert_eq!(stir.since.as_millis(), 1_200);
}

#[test]
fn what_was_in_a_part_that_is_as_it_was_again_may_be_anywhere() {
    let walks = |index: usize, x: u32, y: u32| {
        let left = if index < 6 { 400 } else { 80 * (index as u32 - 6) };
        if (left..left + 40).contains(&x) && y >= 120 { 240 } else { room(0, x, y) }
    };
    let stirs = all_stirs(0, 9, walks);
    let since = |place| stirs[8].unwrap().since_at(&place).map(MediaTime::as_millis);
    assert_eq!([since(UPPER_RIGHT), since(LOWER_LEFT), since(MIDDLE)], [Some(1_200); 3]);
}

#[test]
fn more_parts_than_are_kept_apart_are_one() {
    let spots = |index: usize, x: u32, y: u32| {
        // One more at each look, each lower than the one before, and nothing in the last quarter of the width.
        let spot = x / 48;
        let is_on = index >= 6 + spot as usize && x < 240 && x % 48 < 20 && y < 120 - 20 * spot;
        if is_on { 240 } else { room(0, x, y) }
    };
    let stir = all_stirs(0, 11, spots)[10].unwrap();
    let since = |spot: u32| {
        let left = (48 * spot) as f32 / 320.0;
        stir.since_at(&BoundingBox::new(left, 0.0, left + 0.02, 0.1)).map(MediaTime::as_millis)
    };
    let expected = [1_200, 1_400, 1_600, 1_800, 1_800].map(Some);
    assert_eq!([0, 1, 2, 3, 4].map(since), expected);
}

/// Somebody is found in the first two looks, away for 1.4 s, and found again, at the lower left; so are they told
/// as out of view, from and to when, in milliseconds.
fn absence(
    looks: usize,
    back: usize,
    luma: impl Fn(usize, u32, u32) -> u8,
) -> Vec<(Kind, i64, i64)> {
    let mut monitor = Monitor::new(Policy::default(), |number| {
        IntervalId::derived(SessionId::derived(&[]), number)
    });
    let is_theirs = |x: u32, y: u32| x < 60 && y >= 120;
    let stirs =
        all_stirs(
            2,
            looks,
            |index, x, y| {
                if index < 2 && is_theirs(x, y) { 240 } else { luma(index, x, y) }
            },
        );
    let place = BoundingBox::new(5.0, 150.0, 45.0, 200.0);
    let face = Detection { label: Label::Face, score: 0.9, bounding_box: place };
    let mut changes = Vec::new();
    for (index, stir) in stirs.into_iter().enumerate() {
        let faces: &[Detection] = if index < 2 || index >= back { &[face] } else { &[] };
        let picture = PictureStats {
            mean: 120.0,
            p99: 240,
            light: 240.0,
            structure: 0.3,
            detail: 9.0,
            grain: 0.0,
            change: None,
        };
        let look = Look {
            pts: time_of(index),
            skipped: 0,
            size: FRAME,
            picture,
            finds: Some(Finds { faces, people: &[], people_fresh: true }),
            signs: Signs { stir, ..Signs::default() },
        };
        changes.extend(monitor.look(&look).1);
    }
    let closed = |change: Change| match change {
        Change::Closed(it) => Some((it.kind, it.start_ms.as_millis(), it.end_ms?.as_millis())),
        Change::Opened(_) | Change::Warned(..) | Change::Alerted(..) => None,
    };
    changes.into_iter().filter_map(closed).collect()
}

#[test]
fn what_changes_elsewhere_dates_no_return() {
    // At look 14 something changes at the right, at 17 they come back, and are found at 19.
    let dated = |looks_before: usize| {
        absence(28, 19, move |index, x, y| {
            elsewhere((index + 9).saturating_sub(looks_before), x, y)
        })
    };
    assert_eq!(dated(17), [(Kind::OutOfView, 200, 3_400)]);
    // Nothing shows of them before they are found.
    assert_eq!(dated(19), [(Kind::OutOfView, 200, 3_800)]);
}

#[test]
fn what_began_to_change_more_than_two_seconds_before_dates_no_return() {
    let changes = |index: usize, x: u32, y: u32| {
        if index >= 14 && x >= 240 && y < 80 { 240 } else { room(0, x, y) }
    };
    for found in 24..28 {
        let end = time_of(found).as_millis();
        assert_eq!(absence(36, found, changes), [(Kind::OutOfView, 200, end)]);
    }
}
