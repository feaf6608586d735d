//! Pictures that are painted, and what is measured of them.

use super::picture::{LumaGrid, PictureChange};
use crate::frame::{Frame, Payload};
use crate::geometry::{BoundingBox, Size};
use crate::time::MediaTime;

fn picture(paint: impl Fn(u32, u32) -> u8) -> LumaGrid {
    let size = Size::new(320, 240);
    let pixels = (0..size.height)
        .flat_map(|y| (0..size.width).map(move |x| (x, y)))
        .map(|(x, y)| paint(x, y));
    let payload = Payload::Gray8(pixels.collect());
    LumaGrid::of(&Frame { seq: 0, pts: MediaTime::ZERO, size, payload })
}

#[test]
fn a_smooth_surface_has_no_structure_and_edges_have() {
    let vignette = picture(|x, y| {
        let (dx, dy) = (f64::from(x) / 320.0 - 0.5, f64::from(y) / 240.0 - 0.5);
        (150.0 - 80.0 * (dx * dx + dy * dy) + 20.0 * dx) as u8
    });
    let window = picture(|x, _| if x < 100 { 200 } else { 120 });
    assert!(vignette.stats(None).structure < 0.01, "{:?}", vignette.stats(None));
    assert!(window.stats(None).structure > 0.05, "{:?}", window.stats(None));
}

#[test]
fn edges_are_detail_under_haze_too_and_what_is_out_of_focus_is_none() {
    let hazy = picture(|x, y| if (x / 40 + y / 40) % 2 == 0 { 168 } else { 160 });
    let finger = picture(|x, y| {
        let (dx, dy) = (f64::from(x) / 320.0 - 0.5, f64::from(y) / 240.0 - 0.5);
        (80.0 - 60.0 * (dx * dx + dy * dy) + 40.0 * dx) as u8
    });
    let (hazy, finger) = (hazy.stats(None), finger.stats(None));
    assert!(hazy.detail > 6.0 && hazy.structure < 0.045, "{hazy:?}");
    assert!(finger.detail < 1.5, "{finger:?}");
}

#[test]
fn the_noise_of_a_black_picture_is_no_structure() {
    let black = picture(|x, y| u8::from((x * 7 + y * 13) % 5 == 0));
    assert!(black.stats(None).structure < 0.045);
}

#[test]
fn nothing_but_noise_is_grain_however_much_and_a_room_behind_noise_is_not() {
    let noise = |x: u32, y: u32| {
        let mixed = u64::from(x * 240 + y).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed >> 40) as u32
    };
    let of_levels = |levels: u32| picture(move |x, y| (noise(x, y) % levels) as u8);
    for levels in [12, 60, 250] {
        let stats = of_levels(levels).stats(None);
        assert!((0.7..1.2).contains(&stats.grain), "{stats:?}");
    }
    let room = picture(|x, y| (noise(x, y) % 60) as u8 + if x < 100 { 10 } else { 60 });
    assert!(room.stats(None).grain < 0.2, "{:?}", room.stats(None));
    assert_eq!(picture(|_, _| 90).stats(None).grain, 0.0);
}

#[test]
fn an_equal_picture_has_not_changed() {
    let one = picture(|x, y| (x ^ y) as u8);
    let stats = one.stats(Some(&one));
    assert_eq!(stats.change, Some(PictureChange { mean: 0.0, max: 0, share: 0.0, noise: 0.0 }));
}

#[test]
fn a_change_is_measured_in_levels_and_in_area() {
    let before = picture(|_, _| 100);
    let after = picture(|x, _| if x < 80 { 140 } else { 100 });
    let change = after.change_since(&before);
    assert_eq!(change, PictureChange { mean: 10.0, max: 40, share: 0.25, noise: 0.0 });
}

#[test]
fn noise_is_what_changes_from_point_to_point_and_neither_movement_nor_light() {
    let speckled = |seed: u32| {
        picture(move |x, y| {
            let hash = (x * 7_919 + y * 104_729 + seed * 15_485_863).wrapping_mul(2_654_435_769);
            100 + (hash >> 28) as u8
        })
    };
    let noise = speckled(1).change_since(&speckled(2)).noise;
    assert!((3.0..6.0).contains(&noise), "{noise}");
    let wave = |shift: u32| picture(move |x, y| ((x + y + shift) % 160) as u8);
    let moved = wave(0).change_since(&wave(30));
    assert!(moved.mean > 20.0 && moved.noise < 1.0, "{moved:?}");
    let lighter = picture(|_, _| 100).change_since(&picture(|_, _| 160));
    assert_eq!(lighter.noise, 0.0);
}

#[test]
fn bands_of_light_across_the_picture_are_no_movement_and_a_door_within_them_is() {
    let room = |light: fn(u32) -> u32, door: bool| {
        picture(move |x, y| {
            let paint = if door && (200..260).contains(&x) && y > 60 { 20 } else { 50 + x / 8 };
            (paint * light(y / 40) / 100) as u8
        })
    };
    let even = |_: u32| 100;
    let banded = |band: u32| [160, 100, 70][band as usize % 3];
    let moved = |now: LumaGrid| now.moved_since(&room(even, false), 20, 0.004, &[]);
    assert!(!moved(room(even, false)) && !moved(room(banded, false)));
    assert!(moved(room(even, true)) && moved(room(banded, true)));
    assert!(moved(room(|band: u32| if band == 2 { 250 } else { 100 }, false)), "a lamp");
    assert!(moved(room(|_| 150, false)), "the lights");
}

#[test]
fn the_99th_percentile_leaves_out_the_brightest_hundredth() {
    assert_eq!(picture(|x, y| if x < 16 && y < 16 { 255 } else { 90 }).stats(None).p99, 90);
    assert_eq!(picture(|x, _| if x < 32 { 255 } else { 90 }).stats(None).p99, 255);
}

#[test]
fn a_tiny_frame_can_be_sampled() {
    let size = Size::new(1, 1);
    let frame = Frame { seq: 0, pts: MediaTime::ZERO, size, payload: Payload::Gray8(vec![9]) };
    assert_eq!(LumaGrid::of(&frame).stats(None).mean, 9.0);
}

#[test]
fn a_room_is_like_itself_beside_who_is_in_it_and_no_light_is() {
    let person = BoundingBox::new(0.4, 0.2, 0.6, 1.0);
    let room = |levels: u8, somebody: bool| {
        picture(move |x, y| {
            let is_body = somebody && (130..190).contains(&x) && y > 50;
            let thing = (x / 50 * 7 + y / 40 * 5) as u8 % 4;
            80 + thing * levels + if is_body { 30 } else { 0 } + ((x * 7 + y * 13) % 3) as u8
        })
    };
    let like = |a: &LumaGrid, b: &LumaGrid| a.resemblance_beside(b, &person);
    let known = room(2, true);
    assert!(like(&room(2, false), &known) > 0.95 && like(&room(1, false), &known) > 0.9);
    let cover = picture(|x, y| (60 + x / 6 + y / 8) as u8 + ((x * 11 + y * 5) % 3) as u8);
    assert!(like(&cover, &known).abs() < 0.3, "{}", like(&cover, &known));
    assert_eq!(like(&picture(|_, _| 90), &known), 0.0);
}
