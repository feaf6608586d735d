//! Whether a picture without contrast is a wall to which the camera was turned, and no covered lens.
//!
//! What covers a lens comes before a room that stays where it is. Who turns the camera, or opens the lid of the
//! laptop further, moves all that it shows: one look is the one before, moved up, down or aside. What is then
//! without contrast is a wall when it was seen coming: it is as bright as what was at that edge of the picture
//! from which it comes, or as what came in there, if that was plain. Whatever else has no contrast covers a lens
//! that is turned, or may.

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
/// Parts in which it is looked how brightness goes along a strip.
const PARTS: usize = 16;
/// What comes next is seen in this part of the picture's length at its edge. In such parts nothing may stay as it
/// was, either.
const EDGE: f32 = 1.0 / 8.0;
/// From so many levels between its brightest and darkest on, a strip, or a part of it, shows something …
const SHOWS_LEVELS: f32 = 6.0;
/// … which stays where it differs by no more than this part of them: 1/27 and more where the camera was turned, less
/// than 1/45 behind what is moved before the lens.
const STAYS: f32 = 1.0 / 32.0;
/// As bright is what differs by this part of the room's contrast: from darkest to brightest in the strips.
const AS_BRIGHT: f32 = 1.0 / 10.0;
/// What comes in is plain when it has no more contrast than so many times that.
const PLAIN: f32 = 1.5;
/// Along what is seen in both looks it grows brighter here and darker there, the one by this part of the other at
/// least. Along the soft edge of a cover that comes it does one of the two.
const UP_AND_DOWN: f32 = 1.0 / 10.0;

/// Means across each of the strips of a picture, one strip after the other.
#[derive(Clone)]
struct Strips {
    /// From top to bottom.
    down: [f32; STRIPS * ROWS],
    /// From left to right.
    across: [f32; STRIPS * COLUMNS],
}

/// Along which strips a picture has moved, and whether to their end.
#[derive(Clone, Copy)]
struct Way {
    is_down: bool,
    forwards: bool,
}

/// The edge at which a picture goes on.
#[derive(Clone)]
struct Edge {
    way: Way,
    /// How bright it is in each strip, in levels: of what was in both looks …
    levels: [f32; STRIPS],
    /// … and of what has come in, where that is plain.
    fresh: Option<[f32; STRIPS]>,
    /// By how much the same thing may differ, in levels.
    margin: f32,
}

/// Watches whether the camera is turned, and to what.
#[derive(Clone, Default)]
pub struct Turned {
    before: Option<Strips>,
    /// When the camera was last turned, and what was at the edge to which it was.
    edge: Option<(MediaTime, Edge)>,
    /// The last look at the wall, and by how much the next may differ, in levels.
    wall: Option<(MediaTime, Strips, f32)>,
}

impl std::fmt::Debug for Turned {
    /// Says that it is one: pixels do not belong into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let wall = self.wall.as_ref().map(|(at, ..)| at);
        f.debug_struct("Turned").field("wall", &wall).finish_non_exhaustive()
    }
}

impl Turned {
    /// Takes the picture of a look; `is_flat` says that it has no contrast. Whether it is of a wall.
    pub fn look(&mut self, at: MediaTime, picture: &LumaGrid, is_flat: bool) -> bool {
        let is_soon = |then: MediaTime| at.since(then) <= SOON;
        if is_flat {
            self.before = None;
            let now = Strips::of(picture.samples());
            let edge = self.edge.take().filter(|(then, _)| is_soon(*then));
            let margin = match (self.wall.take(), edge) {
                (Some((_, wall, margin)), _) => {
                    (difference(&now.down, &wall.down) <= margin).then_some(margin)
                }
                (None, Some((_, edge))) => now.goes_on_from(&edge).then_some(edge.margin),
                (None, None) => None,
            };
            self.wall = margin.map(|margin| (at, now, margin));
            return self.wall.is_some();
        }
        self.wall = self.wall.take().filter(|(then, ..)| is_soon(*then));
        let now = Strips::of(picture.samples());
        if let Some(edge) = self.before.as_ref().and_then(|before| now.edge_since(before)) {
            self.edge = Some((at, edge));
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

    /// The edge at which this picture goes on, if it is the one before, moved along.
    fn edge_since(&self, before: &Self) -> Option<Edge> {
        let down = moved(&self.down, &before.down, ROWS).map(|found| (true, found));
        let across = || moved(&self.across, &before.across, COLUMNS).map(|found| (false, found));
        let (is_down, (by, forwards)) = down.or_else(across)?;
        let way = Way { is_down, forwards };
        let (strips, length) = self.along(way);
        let seen = if forwards { by..length } else { 0..length - by };
        let in_both = strips.chunks_exact(length).map(|strip| &strip[seen.clone()]);
        if is_one_soft_edge(in_both, length / PARTS) {
            return None;
        }
        let margin = AS_BRIGHT * contrast(strips);
        let is_plain = strips.chunks_exact(length).all(|strip| {
            let fresh = if forwards { &strip[..by] } else { &strip[length - by..] };
            contrast(fresh) <= PLAIN * margin
        });
        let fresh = is_plain.then(|| self.levels(way, 0));
        Some(Edge { way, levels: self.levels(way, by), fresh, margin })
    }

    /// The strips along a way, and their length.
    const fn along(&self, way: Way) -> (&[f32], usize) {
        if way.is_down { (&self.down, ROWS) } else { (&self.across, COLUMNS) }
    }

    /// How bright each strip is, `from` the edge on from which the way leads.
    fn levels(&self, way: Way, from: usize) -> [f32; STRIPS] {
        let (strips, length) = self.along(way);
        let part = (length as f32 * EDGE) as usize;
        let first = if way.forwards { from } else { length - from - part };
        let mut strips = strips.chunks_exact(length);
        std::array::from_fn(|_| {
            strips.next().map_or(0.0, |strip| mean(&strip[first..first + part]))
        })
    }

    /// Whether this picture, without contrast, is what was at that edge: the part of it that lay nearest.
    fn goes_on_from(&self, edge: &Edge) -> bool {
        let length = self.along(edge.way).1;
        let nearest = length - (length as f32 * EDGE) as usize;
        let levels = self.levels(edge.way, nearest);
        let is_as = |then: &[f32; STRIPS]| {
            levels.iter().zip(then).all(|(now, then)| (now - then).abs() <= edge.margin)
        };
        is_as(&edge.levels) || edge.fresh.as_ref().is_some_and(is_as)
    }
}

/// By how much strips of this length are those of before, moved along, all that are not as they were; and whether
/// towards their end.
fn moved(now: &[f32], before: &[f32], length: usize) -> Option<(usize, bool)> {
    let pairs = || now.chunks_exact(length).zip(before.chunks_exact(length));
    let as_they_are: [f32; STRIPS] = {
        let mut pairs = pairs();
        std::array::from_fn(|_| pairs.next().map_or(0.0, |(now, before)| difference(now, before)))
    };
    if as_they_are.iter().sum::<f32>() < LEAST_LEVELS * STRIPS as f32
        || contrast(now) < SHOWS_LEVELS
        || something_stays(now, before, length)
    {
        return None;
    }
    let differs = |way: usize, forwards: bool| {
        let moving = pairs().zip(as_they_are).filter(|(_, as_it_is)| *as_it_is >= LEAST_LEVELS);
        let parts = moving.map(|((now, before), as_it_is)| {
            let (from, to) = if forwards { (before, now) } else { (now, before) };
            difference(&from[..length - way], &to[way..]) / as_it_is
        });
        parts.fold(0.0, f32::max)
    };
    let least = (length as f32 * LEAST_WAY) as usize;
    let most = (length as f32 * (1.0 - LEAST_OVERLAP)) as usize;
    (least..=most)
        .flat_map(|way| [(way, true), (way, false)])
        .map(|(way, forwards)| (differs(way, forwards), way, forwards))
        .filter(|(differs, ..)| *differs <= MUCH_NEARER)
        .min_by(|(a, ..), (b, ..)| a.total_cmp(b))
        .map(|(_, way, forwards)| (way, forwards))
}

/// Whether something in strips of this length is where it was.
fn something_stays(now: &[f32], before: &[f32], length: usize) -> bool {
    let part = (length as f32 * EDGE) as usize;
    let mut parts = now.chunks_exact(part).zip(before.chunks_exact(part));
    parts.any(|(now, before)| {
        let contrast = contrast(now);
        contrast >= SHOWS_LEVELS && difference(now, before) <= STAYS * contrast
    })
}

/// Whether all strips, by means of so long parts, only grow darker or only brighter.
fn is_one_soft_edge<'a>(strips: impl Iterator<Item = &'a [f32]>, part: usize) -> bool {
    let (mut rises, mut falls) = (0.0_f32, 0.0_f32);
    for strip in strips {
        let parts: Vec<f32> = strip.chunks_exact(part).map(mean).collect();
        for step in parts.windows(2).map(|pair| pair[1] - pair[0]) {
            rises += step.max(0.0);
            falls -= step.min(0.0);
        }
    }
    rises.min(falls) < UP_AND_DOWN * rises.max(falls)
}

/// From the darkest to the brightest, in levels.
fn contrast(levels: &[f32]) -> f32 {
    let brightest = levels.iter().copied().fold(0.0, f32::max);
    brightest - levels.iter().copied().fold(brightest, f32::min)
}

fn mean(levels: &[f32]) -> f32 {
    levels.iter().sum::<f32>() / levels.len().max(1) as f32
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

    fn plain(luma: i32) -> LumaGrid {
        picture(|_, _| luma)
    }

    /// As bright as the room is where there is nothing in it.
    fn wall() -> LumaGrid {
        plain(150)
    }

    /// Whether what has no contrast, and comes next, is a wall.
    fn is_wall_after(looks: &[LumaGrid], next: &LumaGrid) -> bool {
        let mut turned = Turned::default();
        let mut at = MediaTime::ZERO;
        for look in looks {
            assert!(!turned.look(at, look, false));
            at = at + Duration::from_millis(200);
        }
        turned.look(at, next, true)
    }

    #[test]
    fn what_has_no_contrast_after_the_room_has_moved_out_of_the_picture_is_a_wall() {
        let is_wall = |looks: &[LumaGrid]| is_wall_after(looks, &wall());
        assert!(is_wall(&[room(0, 0), room(0, 60)]), "up");
        assert!(is_wall(&[room(0, 0), room(-90, 0)]), "aside");
        assert!(is_wall(&[room(0, 0), room(0, 60), room(0, 230)]), "and on");
    }

    #[test]
    fn what_has_no_contrast_before_a_room_that_stays_is_a_cover() {
        let is_wall = |looks: &[LumaGrid]| is_wall_after(looks, &wall());
        assert!(!is_wall(&[room(0, 0), room(0, 0)]));
        assert!(!is_wall(&[room(0, 0), room(0, 6)]), "who bumps the table");
        let hand = |top: i32| picture(move |x, y| if y > top { 60 } else { luma_of_room(x, y) });
        assert!(!is_wall_after(&[hand(240), hand(160), hand(60)], &plain(60)), "from below");
    }

    #[test]
    fn what_has_no_contrast_and_was_not_seen_coming_covers_a_lens_that_is_turned() {
        let turned = || [room(0, 0), room(0, 60)];
        assert!(!is_wall_after(&turned(), &plain(60)), "a hand");
        assert!(!is_wall_after(&turned(), &plain(190)), "a sticker");
        assert!(is_wall_after(&turned(), &plain(157)), "the wall, in a little more light");
    }

    #[test]
    fn what_is_moved_before_a_room_that_stays_is_no_turn_however_plain_the_room_is() {
        let stripes = |x: i32| 150 + x / 8 % 2 * 12;
        let hand = |left: i32| picture(move |x, _| if x > left { 60 } else { stripes(x) });
        assert!(!is_wall_after(&[hand(128), hand(48)], &plain(60)));
    }

    #[test]
    fn who_covers_the_lens_of_a_camera_that_looks_at_a_wall_covers_it() {
        let mut turned = Turned::default();
        let at = MediaTime::from_millis;
        turned.look(at(0), &room(0, 0), false);
        turned.look(at(200), &room(0, 60), false);
        assert!(turned.look(at(400), &wall(), true) && turned.look(at(600), &plain(157), true));
        assert!(!turned.look(at(800), &plain(60), true));
        assert!(!turned.look(at(1_000), &wall(), true), "which may be another cover");
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
