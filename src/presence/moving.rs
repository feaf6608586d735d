//! Where the picture moves, block by block: whether what is found somewhere has moved, or only its box.
//!
//! A detector's box is off by some pixels in noise and in little light, and strongly compressed; what a
//! poster shows is where it was. So each block of the picture as it is now, a mean of half a second, is
//! held against what it was in the seconds before. What stood out leaves a trail there for some seconds more.

use std::time::Duration;

use super::picture::{BLOCK_COLUMNS, BLOCK_ROWS, BLOCKS, LumaGrid, MOST_NOISE, flicker, quantile};
use crate::geometry::BoundingBox;
use crate::time::MediaTime;

/// The picture as it is now is a mean of about as long …
const NOW: Duration = Duration::from_millis(500);
/// … and as it was, of as long.
const BEFORE: Duration = Duration::from_secs(3);
/// A block has moved when it differs by so many times what the median block does. In noise of 8 levels
/// blocks of a portrait differed by 4.2 times as much at most.
const NOISES: f64 = 5.0;
/// … and by more than this many levels.
const LEAST_LEVELS: f64 = 2.0;
/// When more of the picture has moved, or the median block differs by more than noise does, the camera moves …
const ALL: f64 = 0.5;
/// … and for as long nothing can be said: nothing is known yet of what was where.
const BLIND_FOR: Duration = Duration::from_secs(1);

/// The blocks of the picture that have moved: a bit for each, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved([u32; BLOCK_ROWS]);

const _: () = assert!(BLOCK_COLUMNS <= u32::BITS as usize);

/// How many blocks there are in a part of the picture, and how many of them have moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub blocks: usize,
    pub moved: usize,
}

/// Remembers what each block was like.
#[derive(Clone, Default)]
pub struct Moving {
    known: Option<Known>,
}

#[derive(Clone)]
struct Known {
    at: MediaTime,
    now: [f64; BLOCKS],
    before: [f64; BLOCKS],
    /// When the camera was moved last.
    turned: Option<MediaTime>,
}

impl std::fmt::Debug for Moving {
    /// Says that it is one: pixels do not belong into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Moving").finish_non_exhaustive()
    }
}

impl Moving {
    /// Takes the picture of a look. None while the camera is moved, and for a second after.
    pub fn look(&mut self, at: MediaTime, picture: &LumaGrid) -> Option<Moved> {
        let means = picture.block_means();
        let Some(Known { at: last, now, before, turned }) = &mut self.known else {
            self.known = Some(Known { at, now: means, before: means, turned: None });
            return Some(Moved::NOTHING);
        };
        let since = at.since(*last).as_secs_f64();
        let part_of = |span: Duration| since / (since + span.as_secs_f64());
        let (quick, slow) = (part_of(NOW), part_of(BEFORE));
        let light = flicker(&means, before);
        let mut differences = means;
        for ((difference, now), before) in differences.iter_mut().zip(now).zip(&*before) {
            *now += (*difference / light - *now) * quick;
            *difference = (*now - before).abs();
        }
        let noise = quantile(&mut differences.clone(), 0.5);
        let moved = Moved::of(&differences, (noise * NOISES).max(LEAST_LEVELS));
        *last = at;
        if noise > MOST_NOISE || f64::from(moved.all()) > ALL * BLOCKS as f64 {
            self.known = Some(Known { at, now: means, before: means, turned: Some(at) });
            return None;
        }
        for (before, mean) in before.iter_mut().zip(&means) {
            *before += (mean - *before) * slow;
        }
        turned.is_none_or(|turned| at.since(turned) > BLIND_FOR).then_some(moved)
    }
}

impl Moved {
    const NOTHING: Self = Self([0; BLOCK_ROWS]);

    fn of(differences: &[f64; BLOCKS], least: f64) -> Self {
        let mut moved = Self::NOTHING;
        for (row, differences) in moved.0.iter_mut().zip(differences.chunks_exact(BLOCK_COLUMNS)) {
            for (column, by) in differences.iter().enumerate() {
                *row |= u32::from(*by > least) << column;
            }
        }
        moved
    }

    fn all(&self) -> u32 {
        self.0.iter().map(|row| row.count_ones()).sum()
    }

    /// Counts the blocks whose middle lies in a box and in none of the `others`, all in parts of the
    /// picture's sides.
    pub(super) fn within(
        &self,
        part: &BoundingBox,
        others: &(impl Iterator<Item = BoundingBox> + Clone),
    ) -> Count {
        let mut count = Count { blocks: 0, moved: 0 };
        for (row, bits) in self.0.iter().enumerate() {
            let columns = columns_of(part, row)
                & others.clone().fold(u32::MAX, |left, other| left & !columns_of(&other, row));
            count.blocks += columns.count_ones() as usize;
            count.moved += (columns & bits).count_ones() as usize;
        }
        count
    }
}

/// The blocks of a row whose middle lies in a box.
fn columns_of(part: &BoundingBox, row: usize) -> u32 {
    let y = (row as f32 + 0.5) / BLOCK_ROWS as f32;
    if !(part.top..part.bottom).contains(&y) {
        return 0;
    }
    // The first column whose middle is not left of an edge.
    let from = |edge: f32| {
        (edge * BLOCK_COLUMNS as f32 - 0.5).ceil().clamp(0.0, BLOCK_COLUMNS as f32) as u32
    };
    let below = |column: u32| 1_u64.checked_shl(column).map_or(u64::MAX, |bit| bit - 1);
    (below(from(part.right)) & !below(from(part.left))) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Frame, Payload};
    use crate::geometry::Size;

    const FRAME: Size = Size::new(640, 480);
    const LEFT: BoundingBox = BoundingBox::new(0.0, 0.0, 0.5, 1.0);
    const RIGHT: BoundingBox = BoundingBox::new(0.5, 0.0, 1.0, 1.0);

    /// How many blocks of the left and the right half have moved in each look, five a second.
    fn moved_in(looks: u32, luma: impl Fn(u32, u32, u32) -> u8) -> Vec<Option<(usize, usize)>> {
        let mut moving = Moving::default();
        let look = |step| {
            let at = MediaTime::from_millis(i64::from(step) * 200);
            let points = (0..FRAME.height).flat_map(|y| (0..FRAME.width).map(move |x| (x, y)));
            let payload = Payload::Gray8(points.map(|(x, y)| luma(step, x, y)).collect());
            let frame = Frame { seq: 0, pts: at, size: FRAME, payload };
            let moved = moving.look(at, &LumaGrid::of(&frame))?;
            let within = |part: &BoundingBox| moved.within(part, &std::iter::empty());
            assert_eq!(within(&LEFT).blocks, BLOCKS / 2);
            Some((within(&LEFT).moved, within(&RIGHT).moved))
        };
        (0..looks).map(look).collect()
    }

    /// Structure, and noise of up to 16 levels.
    fn room(step: u32, x: u32, y: u32) -> u8 {
        let noise = (x * 7_919 + y * 104_729 + step * 1_299_709).wrapping_mul(2_654_435_761) >> 28;
        (80 + (x / 40 + y / 60) % 3 * 30) as u8 + noise as u8
    }

    #[test]
    fn nothing_moves_in_noise_and_in_light_that_flickers_and_fades() {
        let moved = moved_in(40, |step, x, y| {
            let light = if step % 2 == 0 { 1.0 } else { 0.8 } - f64::from(step) * 0.002;
            (f64::from(room(step, x, y)) * light) as u8
        });
        assert_eq!(moved, [Some((0, 0)); 40]);
    }

    #[test]
    fn what_stood_out_leaves_a_trail_for_some_seconds() {
        let is_thing = |step, x, y| (5..7).contains(&step) && (400..440).contains(&x) && y < 40;
        let moved =
            moved_in(80, |step, x, y| if is_thing(step, x, y) { 250 } else { room(step, x, y) });
        assert_eq!(moved[..5], [Some((0, 0)); 5]);
        assert_eq!(moved[5..11], [Some((0, 4)); 6]);
        assert_eq!(moved[75..], [Some((0, 0)); 5]);
    }

    #[test]
    fn nothing_is_said_for_a_second_after_the_camera_was_turned() {
        let moved = moved_in(14, |step, x, y| room(0, x + if step < 4 { 0 } else { 60 }, y));
        assert_eq!(moved[..4], [Some((0, 0)); 4]);
        assert_eq!(moved[4..10], [None; 6]);
        assert_eq!(moved[10..], [Some((0, 0)); 4]);
    }

    #[test]
    fn blocks_of_others_do_not_count() {
        let all = Moved([u32::MAX; BLOCK_ROWS]);
        let everywhere = BoundingBox::new(-0.5, -0.5, 1.5, 1.5);
        let count = all.within(&everywhere, &[LEFT].into_iter());
        assert_eq!(count, Count { blocks: BLOCKS / 2, moved: BLOCKS / 2 });
        let two = BoundingBox::new(0.49, 0.0, 0.52, 0.03);
        assert_eq!(all.within(&two, &std::iter::empty()).blocks, 1);
    }
}
