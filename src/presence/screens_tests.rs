//! Who is on a screen and who is in the room, of painted pictures: a grey wall, a face that moves beside the
//! candidate's, and what is around it.

use std::ops::Range;
use std::time::Duration;

use super::screens::ScreenWatch;
use crate::detection::{Detection, Label};
use crate::frame::{Frame, Payload};
use crate::geometry::{BoundingBox, Size};
use crate::time::MediaTime;

const FRAME: Size = Size::new(640, 480);
const WALL: u8 = 150;
const DARK: u8 = 30;
/// A monitor's outline, and how thick its edge is.
const MONITOR: (Range<i32>, Range<i32>) = (100..230, 80..154);
const EDGE: i32 = 4;

/// Where the head of who is found beside the candidate is, at each look.
fn head(step: i32) -> (i32, i32) {
    (160 + step * 7 % 13, 104 + step * 5 % 7)
}

/// Head and shoulders, on a background.
fn figure(step: i32, x: i32, y: i32) -> Option<u8> {
    let (left, top) = head(step);
    let in_head = (left..left + 26).contains(&x) && (top..top + 32).contains(&y);
    let in_body = (left - 16..left + 42).contains(&x) && y >= top + 38;
    let neck = (left + 7..left + 19).contains(&x) && y >= top + 32;
    (in_head || in_body || neck).then_some(if in_head {
        190
    } else {
        100 + (x + y).rem_euclid(5) as u8
    })
}

fn has((across, down): &(Range<i32>, Range<i32>), x: i32, y: i32) -> bool {
    across.contains(&x) && down.contains(&y)
}

fn shrunk((across, down): &(Range<i32>, Range<i32>), by: i32) -> (Range<i32>, Range<i32>) {
    (across.start + by..across.end - by, down.start + by..down.end - by)
}

/// A rectangle with a dark edge; what it frames is within.
fn framed(around: &(Range<i32>, Range<i32>), x: i32, y: i32, within: u8) -> Option<u8> {
    has(around, x, y).then(|| if has(&shrunk(around, EDGE), x, y) { within } else { DARK })
}

fn monitor(step: i32, x: i32, y: i32) -> u8 {
    framed(&MONITOR, x, y, figure(step, x, y).unwrap_or(210)).unwrap_or(WALL)
}

/// What is said, five looks a second, of the face beside the candidate's.
fn said(looks: i32, luma: impl Fn(i32, i32, i32) -> u8) -> Vec<Option<bool>> {
    let mut watch = ScreenWatch::default();
    let find = |left: i32, top: i32, width: i32, height: i32| {
        let [left, top, width, height] = [left, top, width, height].map(|it| it as f32);
        let bounding_box = BoundingBox::new(left, top, left + width, top + height);
        Detection { label: Label::Face, score: 0.9, bounding_box }
    };
    let look = |step: i32| {
        let points = (0..FRAME.height.cast_signed())
            .flat_map(|y| (0..FRAME.width.cast_signed()).map(move |x| (x, y)));
        let payload = Payload::Gray8(points.map(|(x, y)| luma(step, x, y)).collect());
        let pts = MediaTime::ZERO + Duration::from_millis(200) * step as u32;
        let (left, top) = head(step);
        let faces = [find(350, 150, 150, 200), find(left, top, 26, 32)];
        let frame = Frame { seq: 0, pts, size: FRAME, payload };
        let screens = watch.look(&frame, &faces, 0.7);
        assert_eq!(screens.show(&faces[0].bounding_box), None, "the candidate");
        screens.show(&faces[1].bounding_box)
    };
    (0..looks).map(look).collect()
}

/// As if by chance, up to so many levels more or less.
fn noise(step: i32, x: i32, y: i32, levels: i32) -> i32 {
    let seed = x.wrapping_mul(7_919).wrapping_add(y.wrapping_mul(104_729));
    let mixed = seed.wrapping_add(step.wrapping_mul(1_299_709)).wrapping_mul(-0x61c8_864f);
    (mixed >> 8).rem_euclid(2 * levels + 1) - levels
}

#[test]
fn who_is_on_a_monitor_is_known_after_a_second_and_not_decided_before() {
    let said = said(12, monitor);
    assert_eq!(said[..5], [Some(false); 5]);
    assert_eq!(said[5..], [Some(true); 7]);
}

#[test]
fn a_monitor_may_lean_and_be_seen_through_noise() {
    let leaning = said(12, |step, x, y| monitor(step, x, y + (x - 165) / 30));
    assert_eq!(leaning[9..], [Some(true); 3]);
    let noisy = said(15, |step, x, y| {
        (i32::from(monitor(step, x, y)) + noise(step, x, y, 12)).clamp(0, 255) as u8
    });
    let known = noisy.iter().filter(|said| **said == Some(true)).count();
    assert!(known >= 8, "{noisy:?}");
}

#[test]
fn who_is_in_a_doorway_is_in_the_room() {
    let door = (120..230, 40..480);
    let said = said(12, |step, x, y| {
        framed(&door, x, y, figure(step, x, y).unwrap_or(210)).unwrap_or(WALL)
    });
    assert_eq!(said, [None; 12]);
}

#[test]
fn who_stands_before_a_screen_or_a_picture_is_in_the_room() {
    let said = said(12, |step, x, y| {
        figure(step, x, y).or_else(|| framed(&MONITOR, x, y, 210)).unwrap_or(WALL)
    });
    assert_eq!(said, [None; 12]);
}

#[test]
fn who_sits_behind_a_desk_before_a_picture_is_in_the_room() {
    let picture = (100..230, 80..300);
    let said = said(12, |step, x, y| match y {
        150.. => 70,
        _ => figure(step, x, y).or_else(|| framed(&picture, x, y, 210)).unwrap_or(WALL),
    });
    assert_eq!(said, [None; 12]);
}

#[test]
fn who_is_behind_a_window_or_the_pane_of_a_door_is_somebody() {
    for pane in [(60..260, 40..230), (140..210, 80..190)] {
        let said = said(12, |step, x, y| {
            framed(&pane, x, y, figure(step, x, y).unwrap_or(210)).unwrap_or(WALL)
        });
        assert_eq!(said, [None; 12], "{pane:?}");
    }
}

#[test]
fn a_screen_that_somebody_steps_before_is_doubted_at_once_and_forgotten_after_two_seconds() {
    let said = said(40, |step, x, y| match step {
        ..10 => monitor(step, x, y),
        _ => figure(step, x, y).or_else(|| framed(&MONITOR, x, y, 210)).unwrap_or(WALL),
    });
    assert_eq!(said[5..10], [Some(true); 5]);
    assert_eq!(said[10..20], [Some(false); 10]);
    assert_eq!(said[20..], [None; 20]);
}

#[test]
fn what_is_carried_about_is_no_screen_and_puts_off_nothing_twice() {
    let said = said(40, |step, x, y| {
        let by = step / 2 * 5 % 40;
        let (x, y) = (x - by + 15, y);
        framed(&MONITOR, x, y, figure(step, x + by - 15, y).unwrap_or(210)).unwrap_or(WALL)
    });
    assert!(!said.contains(&Some(true)), "{said:?}");
    assert_eq!(said[10..], [None; 30]);
}
