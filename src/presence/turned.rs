//! Whether a picture without contrast is a wall to which the camera was turned, and no covered lens.
//!
//! What covers a lens comes before a room that stays where it is. Who turns the camera, or opens the lid of the
//! laptop further, moves all that it shows: one look is the one before, moved up, down or aside. What has
//! no contrast right after that is what the camera looks at now.

use std::time::Duration;

use super::picture::{COLUMNS, LumaGrid, ROWS};
use crate::time::MediaTime;

/// The picture is cut into so many strips along the way, each a mean across it.
const STRIPS: usize = 4;
/// Less of a way, in parts of the picture, is a head that moves.
const LEAST_WAY: f32 = 1.0 / 16.0;
/// Looks overlap in at least this part: more of the way cannot be followed.
const LEAST_OVERLAP: f32 = 0.5;
/// Moved, a look differs from the one before by at most this part of what it does as it is …
const MUCH_NEARER: f32 = 1.0 / 3.0;
/// … which is at least so many levels in the mean.
const LEAST_LEVELS: f32 = 4.0;
/// The picture is without contrast so soon after. A wall that has some for less is the same wall: under haze its
/// detail lies at the limit.
const SOON: Duration = Duration::from_secs(1);

/// Means across each of the strips of a picture, one strip after the other.
#[derive(Clone)]
struct Strips {
    /// From top to bottom.
    down: [f32; STRIPS * ROWS],
    /// From left to right.
    across: [f32; STRIPS * COLUMNS],
}

/// Watches whether the camera is turned, and to what.
#[derive(Clone, Default)]
pub struct Turned {
    before: Option<Strips>,
    at: Option<MediaTime>,
    /// The last look at the wall.
    wall: Option<MediaTime>,
}

impl std::fmt::Debug for Turned {
    /// Says that it is one: pixels do not belong into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turned").field("wall", &self.wall).finish_non_exhaustive()
    }
}

impl Turned {
    /// Takes the picture of a look; `is_flat` says that it has no contrast. Whether it is of a wall.
    pub fn look(&mut self, at: MediaTime, picture: &LumaGrid, is_flat: bool) -> bool {
        let soon_after = |then: &MediaTime| at.since(*then) <= SOON;
        if is_flat {
            self.before = None;
            let turned = self.at.take().filter(soon_after);
            self.wall = self.wall.or(turned).and(Some(at));
            return self.wall.is_some();
        }
        self.wall = self.wall.filter(soon_after);
        let now = Strips::of(picture.samples());
        if self.before.as_ref().is_some_and(|before| now.have_moved_since(before)) {
            self.at = Some(at);
        }
        self.before = Some(now);
        false
    }
}

impl Strips {
    fn of(samples: &[u8]) -> Self {
        let mut strips = Self { down: [0.0; STRIPS * ROWS], across: [0.0; STRIPS * COLUMNS] };
        let (wide, high) = (COLUMNS / STRIPS, ROWS / STRIPS);
        for (row, samples) in samples.chunks_exact(COLUMNS).enumerate() {
            for (strip, part) in samples.chunks_exact(wide).enumerate() {
                let sum: u16 = part.iter().map(|luma| u16::from(*luma)).sum();
                strips.down[strip * ROWS + row] = f32::from(sum) / wide as f32;
            }
            let strip = &mut strips.across[row / high * COLUMNS..][..COLUMNS];
            for (mean, luma) in strip.iter_mut().zip(samples) {
                *mean += f32::from(*luma) / high as f32;
            }
        }
        strips
    }

    fn have_moved_since(&self, before: &Self) -> bool {
        have_moved(&self.down, &before.down, ROWS)
            || have_moved(&self.across, &before.across, COLUMNS)
    }
}

/// Whether strips of this length are those of before, moved along: all that are not as they were.
fn have_moved(now: &[f32], before: &[f32], length: usize) -> bool {
    let pairs = || now.chunks_exact(length).zip(before.chunks_exact(length));
    let as_they_are: [f32; STRIPS] = {
        let mut pairs = pairs();
        std::array::from_fn(|_| pairs.next().map_or(0.0, |(now, before)| difference(now, before)))
    };
    if as_they_are.iter().sum::<f32>() < LEAST_LEVELS * STRIPS as f32 {
        return false;
    }
    let least = (length as f32 * LEAST_WAY) as usize;
    let most = (length as f32 * (1.0 - LEAST_OVERLAP)) as usize;
    let moved = |way: usize, forwards: bool| {
        pairs().zip(as_they_are).all(|((now, before), as_it_is)| {
            let (from, to) = if forwards { (before, now) } else { (now, before) };
            as_it_is < LEAST_LEVELS
                || difference(&from[..length - way], &to[way..]) <= MUCH_NEARER * as_it_is
        })
    };
    (least..=most).any(|way| moved(way, true) || moved(way, false))
}

/// The mean difference, in levels.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Frame, Payload};
    use crate::geometry::Size;

    const FRAME: Size = Size::new(320, 240);

    fn picture(luma: impl Fn(i32, i32) -> i32) -> LumaGrid {
        let points = (0..240).flat_map(|y| (0..320).map(move |x| (x, y)));
        let payload = Payload::Gray8(points.map(|(x, y)| luma(x, y) as u8).collect());
        LumaGrid::of(&Frame { seq: 0, pts: MediaTime::ZERO, size: FRAME, payload })
    }

    /// A room with things in it.
    fn luma_of_room(x: i32, y: i32) -> i32 {
        let thing = |left: i32, top: i32| (left..left + 70).contains(&x) && y > top;
        if thing(60, 90) {
            40
        } else if thing(190, 150) {
            190
        } else {
            150
        }
    }

    /// The room, seen from so many pixels further to the right and further up.
    fn room(right: i32, up: i32) -> LumaGrid {
        picture(|x, y| luma_of_room(x + right, y - up))
    }

    fn wall() -> LumaGrid {
        picture(|_, _| 150)
    }

    /// Whether the last of these looks, the only one without contrast, is of a wall.
    fn is_wall_after(looks: &[LumaGrid]) -> bool {
        let mut turned = Turned::default();
        let mut at = MediaTime::ZERO;
        for look in looks {
            assert!(!turned.look(at, look, false));
            at = at + Duration::from_millis(200);
        }
        turned.look(at, &wall(), true)
    }

    #[test]
    fn what_has_no_contrast_after_the_room_has_moved_out_of_the_picture_is_a_wall() {
        assert!(is_wall_after(&[room(0, 0), room(0, 60)]), "up");
        assert!(is_wall_after(&[room(0, 0), room(-90, 0)]), "aside");
        assert!(is_wall_after(&[room(0, 0), room(0, 60), room(0, 230)]), "and on");
    }

    #[test]
    fn what_has_no_contrast_before_a_room_that_stays_is_a_cover() {
        assert!(!is_wall_after(&[room(0, 0), room(0, 0)]));
        assert!(!is_wall_after(&[room(0, 0), room(0, 6)]), "who bumps the table");
        let hand = |top: i32| picture(move |x, y| if y > top { 60 } else { luma_of_room(x, y) });
        assert!(!is_wall_after(&[hand(240), hand(160), hand(60)]), "a hand from below");
    }

    #[test]
    fn a_wall_is_one_until_there_is_something_else_and_a_cover_comes_late() {
        let mut turned = Turned::default();
        let at = MediaTime::from_millis;
        for (ms, look) in [(0, room(0, 0)), (200, room(0, 60))] {
            turned.look(at(ms), &look, false);
        }
        assert!(turned.look(at(400), &wall(), true) && turned.look(at(9_000), &wall(), true));
        assert!(!turned.look(at(9_200), &wall(), false) && turned.look(at(9_400), &wall(), true));
        assert!(!turned.look(at(9_600), &room(0, 0), false));
        assert!(!turned.look(at(10_600), &room(0, 0), false));
        assert!(!turned.look(at(10_800), &wall(), true), "covered");
        turned.look(at(11_000), &room(0, 0), false);
        turned.look(at(11_200), &room(0, 60), false);
        assert!(!turned.look(at(12_400), &wall(), true), "covered long after");
    }
}
