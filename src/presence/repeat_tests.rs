//! What is marked as a loop, of painted pictures: who moves as nobody does twice, and what comes round again by
//! itself.

use std::f64::consts::TAU;
use std::time::Duration;

use super::coarse::{CELLS, COLUMNS, Coarse};
use super::repeat::{Repeat, Repeats};
use crate::time::MediaTime;

const LOOKS_A_SECOND: u32 = 5;
const FRAMES_A_SECOND: f64 = 25.0;

/// -1 to 1, as if by chance.
fn chance(seed: u64) -> f64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// From one chance value to the next within a second, smoothly.
fn wander(seed: u64, at: f64) -> f64 {
    let (second, part) = (at.floor(), at.fract());
    let knot = |number: f64| chance(seed * 1_000_003 + number as u64);
    let smooth = part * part * (3.0 - 2.0 * part);
    knot(second) * (1.0 - smooth) + knot(second + 1.0) * smooth
}

fn cells(luma: impl Fn(f64, f64) -> f64) -> [f64; CELLS] {
    std::array::from_fn(|index| luma((index % COLUMNS) as f64, (index / COLUMNS) as f64))
}

fn room(x: f64, y: f64) -> f64 {
    90.0 + 8.0 * ((x * 7.0 + y * 13.0) % 5.0)
}

/// A spot of light or shade on the room.
fn spot(x: f64, y: f64, (left, top): (f64, f64), size: f64) -> f64 {
    (-((x - left).powi(2) + (y - top).powi(2)) / size).exp()
}

/// Somebody who moves the head and a hand.
fn person(at: f64) -> [f64; CELLS] {
    let head = (8.0 + 2.0 * wander(1, at), 5.0 + wander(2, at));
    let hand = (8.0 + 5.0 * wander(3, at), 9.0 + 2.0 * wander(4, at));
    cells(|x, y| room(x, y) + 60.0 * spot(x, y, head, 4.0) - 40.0 * spot(x, y, hand, 3.0))
}

/// Noise of the sensor that the mean of a cell has left, in levels.
struct Camera {
    noise: f64,
}

impl Camera {
    /// Looks at what is painted for each moment, for so many seconds.
    fn watch(&self, seconds: u32, shown: impl Fn(f64) -> [f64; CELLS]) -> Vec<Option<Repeat>> {
        let mut repeats = Repeats::default();
        let look = |number: u32| {
            let at = f64::from(number) / f64::from(LOOKS_A_SECOND);
            let luma = shown(at);
            let seen = |cell: usize| {
                let seed = u64::from(number) * CELLS as u64 + cell as u64;
                let noise = (chance(seed * 2) + chance(seed * 2 + 1)) * 1.22 * self.noise;
                ((luma[cell] + noise) * 8.0).round() as i16
            };
            repeats.take(MediaTime::from_secs_f64(at), &Coarse(std::array::from_fn(seen)))
        };
        (0..seconds * LOOKS_A_SECOND).map(look).collect()
    }
}

/// Frames of so many seconds, again and again.
fn looped(length: f64, at: f64) -> f64 {
    ((at * FRAMES_A_SECOND + 0.01).floor() / FRAMES_A_SECOND) % length
}

/// When the first mark came, and what it says.
fn first(marks: &[Option<Repeat>]) -> Option<(f64, f64, f64)> {
    let (number, repeat) = marks.iter().enumerate().find_map(|(at, it)| Some((at, (*it)?)))?;
    let now = number as f64 / f64::from(LOOKS_A_SECOND);
    Some((now, repeat.since.as_secs_f64(), repeat.lag.as_secs_f64()))
}

#[test]
fn loops_of_four_to_sixty_seconds_are_marked_in_their_first_repetition() {
    for noise in [0.0, 0.3] {
        for length in [4.0, 7.32, 10.0, 12.36, 23.48, 37.0, 60.0] {
            let marks =
                Camera { noise }.watch(length as u32 * 2 + 2, |at| person(looped(length, at)));
            let (now, since, lag) = first(&marks).unwrap();
            assert!(now < 2.0 * length, "{length}, {noise}: {now}");
            assert!((length..length + 0.7).contains(&since), "{length}, {noise}: {since}");
            assert!((lag - length).abs() <= 0.3, "{length}, {noise}: {lag}");
        }
    }
}

#[test]
fn a_loop_stays_marked_while_it_plays_and_not_for_long_after() {
    let until = 45.0;
    let shown = |at: f64| if at < until { person(looped(10.0, at)) } else { person(at + 100.0) };
    let marks = Camera { noise: 0.3 }.watch(60, shown);
    let (now, ..) = first(&marks).unwrap();
    let at = |seconds: f64| (seconds * f64::from(LOOKS_A_SECOND)) as usize;
    let playing = &marks[at(now)..at(until)];
    assert!(playing.iter().all(|it| it.is_some_and(|it| it.confidence >= 0.5)));
    assert!(
        playing.iter().filter(|it| it.is_some_and(|it| it.goes_on)).count()
            > playing.len() * 9 / 10
    );
    assert!(marks[at(until) + 1..at(until + 2.0)].iter().flatten().all(|it| !it.goes_on));
    assert!(marks[at(until + 2.5)..].iter().all(Option::is_none));
}

#[test]
fn who_moves_and_who_sits_still_is_no_loop() {
    for noise in [0.0, 0.3] {
        assert_eq!(first(&Camera { noise }.watch(120, person)), None, "{noise}");
        assert_eq!(first(&Camera { noise }.watch(60, |_| person(0.0))), None, "{noise}");
        // Only for two seconds in thirty.
        let resting = |at: f64| person((at % 30.0).min(2.0) + (at / 30.0).floor() * 2.0);
        assert_eq!(first(&Camera { noise }.watch(120, resting)), None, "{noise}");
    }
}

#[test]
fn a_frozen_a_black_and_a_covered_picture_are_no_loop() {
    let frozen = |at: f64| person(at.min(8.0));
    assert_eq!(first(&Camera { noise: 0.0 }.watch(60, frozen)), None);
    assert_eq!(first(&Camera { noise: 0.3 }.watch(60, |_| [2.0; CELLS])), None);
    assert_eq!(first(&Camera { noise: 0.3 }.watch(60, |_| [120.0; CELLS])), None);
}

/// Nods, and a pendulum behind them, as even as a clock and as people are.
#[test]
fn who_nods_and_what_swings_is_no_loop() {
    for period in [0.7, 1.3, 2.0, 3.1, 4.0, 5.0, 7.3, 10.0] {
        for uneven in [0.0, 0.03] {
            let swung = |at: f64| {
                let phase = at / period + uneven * wander(5, at);
                let head = (8.0, 5.0 + 1.5 * (phase * TAU).sin());
                cells(|x, y| room(x, y) + 60.0 * spot(x, y, head, 4.0))
            };
            let marks = Camera { noise: 0.3 }.watch(60, swung);
            assert_eq!(first(&marks), None, "{period}, {uneven}");
        }
    }
}

#[test]
fn a_lamp_that_blinks_and_one_that_glows_and_fades_are_no_loop() {
    for period in [1.0, 2.0, 4.0, 5.0, 7.3, 10.0] {
        let lit = |strength: f64| {
            cells(|x, y| {
                room(x, y) * (1.0 + 0.3 * strength) + 50.0 * strength * spot(x, y, (3.0, 3.0), 9.0)
            })
        };
        let blinks = |at: f64| lit(if at % period < period / 2.0 { 1.0 } else { 0.0 });
        let glows = |at: f64| lit(0.5 + 0.5 * (at / period * TAU).sin());
        assert_eq!(first(&Camera { noise: 0.3 }.watch(60, blinks)), None, "{period}");
        assert_eq!(first(&Camera { noise: 0.3 }.watch(60, glows)), None, "{period}");
    }
}

/// Blades that are brighter than the room, as even as a motor.
#[test]
fn a_fan_and_a_turntable_are_no_loop() {
    let fans = (1..=48).map(|number| f64::from(number) * 0.0531);
    let periods = fans.chain([4.0, 5.3, 8.0, 12.0]);
    for (number, period) in (0..).zip(periods) {
        let blades = f64::from(3 + number % 3);
        let axis = (12.3 - f64::from(number % 7) / 2.0, 3.4 + f64::from(number % 5) / 3.0);
        let turns = |at: f64| {
            let turned = at / period + 0.01 * wander(6, at / 2.0) * (at / period).sqrt();
            cells(|x, y| {
                let blade = (blades * (y - axis.1).atan2(x - axis.0) + turned * TAU).cos();
                room(x, y) + 40.0 * blade * spot(x, y, axis, 9.0)
            })
        };
        let marks = Camera { noise: 0.3 }.watch(30, turns);
        assert_eq!(first(&marks), None, "{period}, {blades}");
    }
}

#[test]
fn nothing_is_said_of_what_was_before_a_silence() {
    let mut repeats = Repeats::default();
    let mut marks = Vec::new();
    for pass in 0..2_u32 {
        for look in 0..50_u32 {
            let luma = person(f64::from(look) / 5.0);
            let at = Duration::from_millis(u64::from(pass * 11_000 + look * 200));
            let picture = Coarse(luma.map(|luma| (luma * 8.0) as i16));
            marks.extend(repeats.take(MediaTime::ZERO + at, &picture));
        }
    }
    assert_eq!(marks, []);
}
