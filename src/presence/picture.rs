//! The picture's own state, from a few thousand luma samples and before any model runs.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::frame::Frame;
use crate::geometry::BoundingBox;

/// Samples across and down. 4:3, as most webcams are; other formats are sampled less densely on
/// their longer side.
pub(super) const COLUMNS: usize = 160;
pub(super) const ROWS: usize = 120;
/// Samples a block, on each side: block means suppress sensor noise five-fold.
const BLOCK: usize = 5;
pub(super) const BLOCK_COLUMNS: usize = COLUMNS / BLOCK;
pub(super) const BLOCK_ROWS: usize = ROWS / BLOCK;
pub(super) const BLOCKS: usize = BLOCK_COLUMNS * BLOCK_ROWS;
/// A sample has changed when it differs by more than this many levels.
const CHANGED_LEVELS: u8 = 3;
/// A block has moved when it differs by so many times what the median block does: that is noise.
const MOVED_NOISES: f64 = 6.0;
/// More of it is no noise: the camera has moved. In levels.
pub(super) const MOST_NOISE: f64 = 2.0;
/// How like two pictures are is told by how blocks differ from those so many blocks away: in less there is
/// more noise than structure where it counts.
const RESEMBLANCE_REACH: usize = 4;
/// By which factors light that flickers changes a picture, at most.
const FLICKER: RangeInclusive<f64> = 0.7..=1.4;
/// By which factors it changes a band of one, that was bright and is dark or the other way round.
const BANDED: RangeInclusive<f64> = 0.5..=2.0;

/// Luma at 160 x 120 evenly spaced points of a frame, 0 to 255. Points, not means: a mean would
/// hide the noise by which a live camera is told from a frozen one.
#[derive(Clone, PartialEq, Eq)]
pub struct LumaGrid {
    samples: Vec<u8>,
    /// Sums of the blocks, row by row.
    blocks: Vec<u16>,
    p99: u8,
}

impl std::fmt::Debug for LumaGrid {
    /// Says that it is one: pixels do not belong into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LumaGrid").finish_non_exhaustive()
    }
}

/// What the picture is like. All values follow from integer sums, so they are the same everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PictureStats {
    /// Mean luma, 0 to 255.
    pub mean: f64,
    /// 99th percentile of luma.
    pub p99: u8,
    /// 99th percentile of block means: how bright the brightest part is, without its noise.
    pub light: f64,
    /// How much the picture differs from a smooth surface: standard deviation of block means
    /// around the best quadratic surface, relative to the mean (plus 4 levels, so that the noise
    /// of a black picture is no structure).
    pub structure: f64,
    /// How sharp what is in it is, in luma levels: by so much a block mean differs from the line through its
    /// neighbours, in the 98th percentile. A finger, a sticker and their shadows are out of focus, and have
    /// 2.9 at most; a room has 6 and more under haze or in too much light, where its `structure` is lost.
    #[serde(default)]
    pub detail: f64,
    /// Which part of `structure`, squared, is the noise that samples within one block have, in the median: 0.7 to
    /// 1.1 where nothing is seen through it, 0.2 at most of a brick wall, a page or a room.
    #[serde(default)]
    pub grain: f64,
    /// Difference to the frame looked at before; absent for the first.
    pub change: Option<PictureChange>,
}

/// How a picture differs from the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PictureChange {
    /// Mean absolute difference in luma levels.
    pub mean: f64,
    /// Largest absolute difference in luma levels.
    pub max: u8,
    /// Part of the samples that differ by more than three levels, 0 to 1.
    pub share: f64,
    /// Luma levels by which samples differ, in the median, beyond what the block around them does:
    /// noise of the sensor. What moves, or grows lighter, takes its surroundings along.
    pub noise: f64,
}

impl LumaGrid {
    /// Samples a frame.
    pub fn of(frame: &Frame) -> Self {
        let (width, height) = (frame.size.width, frame.size.height);
        let mut samples = Vec::with_capacity(COLUMNS * ROWS);
        if width == 0 || height == 0 {
            return Self::with(vec![0; COLUMNS * ROWS]);
        }
        let at = |index: usize, count: usize, length: u32| {
            ((2 * index as u64 + 1) * u64::from(length) / (2 * count as u64)) as u32
        };
        let columns: [u32; COLUMNS] = std::array::from_fn(|column| at(column, COLUMNS, width));
        for row in 0..ROWS {
            frame.luma_of_row(at(row, ROWS, height), &columns, &mut samples);
        }
        Self::with(samples)
    }

    fn with(samples: Vec<u8>) -> Self {
        Self { blocks: block_sums(&samples), p99: percentile_99(&samples), samples }
    }

    /// Row by row.
    pub(super) fn samples(&self) -> &[u8] {
        &self.samples
    }

    pub fn stats(&self, before: Option<&Self>) -> PictureStats {
        let sum: u64 = self.blocks.iter().map(|&sum| u64::from(sum)).sum();
        let mean = sum as f64 / self.samples.len() as f64;
        let mut blocks = self.block_means();
        let variance = variance(&blocks);
        PictureStats {
            mean,
            p99: self.p99,
            structure: variance.sqrt() / (mean + 4.0),
            detail: detail(&blocks),
            grain: if variance > 0.0 { self.variance_by_noise() / variance } else { 0.0 },
            light: quantile(&mut blocks, 0.99),
            change: before.map(|before| self.change_since(before)),
        }
    }

    /// By how much block means vary when samples do so by themselves, as they do within the median block.
    fn variance_by_noise(&self) -> f64 {
        const COUNT: u32 = (BLOCK * BLOCK) as u32;
        let mut squares = [0_u32; BLOCKS];
        let rows = self.samples.chunks_exact(COLUMNS * BLOCK);
        for (squares, rows) in squares.chunks_exact_mut(BLOCK_COLUMNS).zip(rows) {
            for row in rows.chunks_exact(COLUMNS) {
                for (sum, block) in squares.iter_mut().zip(row.as_chunks::<BLOCK>().0) {
                    *sum += block.iter().map(|luma| u32::from(*luma).pow(2)).sum::<u32>();
                }
            }
        }
        // In parts of a squared level: COUNT by COUNT - 1.
        for (squares, sum) in squares.iter_mut().zip(&self.blocks) {
            *squares = COUNT * *squares - u32::from(*sum).pow(2);
        }
        let median = *squares.select_nth_unstable(BLOCKS / 2).1;
        f64::from(median) / f64::from(COUNT * (COUNT - 1)) / f64::from(COUNT)
    }

    /// Levels by which block means differ in the median, light that flickers taken off.
    pub(super) fn median_difference(&self, before: &Self) -> f64 {
        quantile(&mut self.block_differences(before, BLOCKS), 0.5)
    }

    /// How like the structure of another picture this one's is, -1 to 1, but for a part of it, in parts of the
    /// picture's sides. Brightness and how it goes across the picture do not count; 0 where there is no structure.
    pub(super) fn resemblance_beside(&self, other: &Self, part: &BoundingBox) -> f64 {
        let is_beside = |index: usize| !part.contains(block_middle(index));
        let (mine, theirs) = (self.block_means(), other.block_means());
        let (mut product, mut squares) = (0.0, (0.0, 0.0));
        for step in [RESEMBLANCE_REACH, RESEMBLANCE_REACH * BLOCK_COLUMNS] {
            let is_in_line = |index: &usize| {
                let column = index % BLOCK_COLUMNS;
                let fits = step >= BLOCK_COLUMNS || (step..BLOCK_COLUMNS - step).contains(&column);
                fits && [index - step, *index, index + step].into_iter().all(is_beside)
            };
            let bends: Vec<(f64, f64)> = (step..BLOCKS - step)
                .filter(is_in_line)
                .map(|index| (bend(&mine, index, step), bend(&theirs, index, step)))
                .collect();
            let count = bends.len().max(1) as f64;
            let mean = bends.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
            let mean = (mean.0 / count, mean.1 / count);
            for (mine, theirs) in bends {
                let (mine, theirs) = (mine - mean.0, theirs - mean.1);
                product += mine * theirs;
                squares = (squares.0 + mine * mine, squares.1 + theirs * theirs);
            }
        }
        let all = (squares.0 * squares.1).sqrt();
        if all > 0.0 { product / all } else { 0.0 }
    }

    /// How this picture differs from another one.
    pub fn change_since(&self, before: &Self) -> PictureChange {
        let pairs = self.samples.iter().zip(&before.samples);
        let histogram = histogram(pairs.map(|(now, then)| now.abs_diff(*then)));
        let differences = || (0_u8..=u8::MAX).zip(histogram);
        let sum: u64 =
            differences().map(|(levels, count)| u64::from(levels) * u64::from(count)).sum();
        let changed = differences().filter(|(levels, _)| *levels > CHANGED_LEVELS);
        let changed: u32 = changed.map(|(_, count)| count).sum();
        let largest = differences().rfind(|(_, count)| *count > 0).map(|(levels, _)| levels);
        let count = self.samples.len() as f64;
        let mut blocks = self.block_means();
        for (now, then) in blocks.iter_mut().zip(before.block_means()) {
            *now = (*now - then).abs();
        }
        PictureChange {
            mean: sum as f64 / count,
            max: largest.unwrap_or_default(),
            share: f64::from(changed) / count,
            noise: (median(&histogram) - quantile(&mut blocks, 0.5)).max(0.0),
        }
    }

    /// Whether at least `share` of the blocks differ from `before` by more than a `divisor`th of the picture's
    /// brightness, and by more than noise does; those whose middle is within the boxes of `spared`, in parts of
    /// the picture's sides, do not count. Nor does light that flickers, on the whole or in bands across the
    /// picture, as mains light does where a sensor reads one row after the other.
    pub(super) fn moved_since(
        &self,
        before: &Self,
        divisor: u8,
        share: f64,
        spared: &[BoundingBox],
    ) -> bool {
        let is_spared = |index: usize| spared.iter().any(|own| own.contains(block_middle(index)));
        let moved = |band: usize| {
            let differences = self.block_differences(before, band);
            let noise = quantile(&mut differences.clone(), 0.5).min(MOST_NOISE);
            let levels = self.levels(divisor).max(MOVED_NOISES * noise);
            let moved = differences.iter().enumerate();
            let moved = moved.filter(|(index, by)| **by > levels && !is_spared(*index)).count();
            moved as f64 >= share * differences.len() as f64
        };
        moved(BLOCKS) && moved(BLOCK_COLUMNS)
    }

    /// Means of equal cells of whole blocks, row by row, `ACROSS` in each row: whole numbers of `parts` to a level.
    pub(super) fn cell_means<const ACROSS: usize>(&self, parts: u32, means: &mut [i16]) {
        let (wide, high) = (BLOCK_COLUMNS / ACROSS, BLOCK_ROWS * ACROSS / means.len());
        let area = (wide * high * BLOCK * BLOCK) as u32;
        for (index, mean) in means.iter_mut().enumerate() {
            let (row, column) = (index / ACROSS * high, index % ACROSS * wide);
            let rows = self.blocks.chunks_exact(BLOCK_COLUMNS).skip(row).take(high);
            let sum: u32 =
                rows.flat_map(|row| &row[column..column + wide]).map(|&sum| u32::from(sum)).sum();
            *mean = ((sum * parts + area / 2) / area) as i16;
        }
    }

    /// Means of the blocks, which the noise of a camera hardly changes.
    pub(super) fn block_means(&self) -> [f64; BLOCKS] {
        let mut means = [0.0; BLOCKS];
        for (mean, sum) in means.iter_mut().zip(&self.blocks) {
            *mean = f64::from(*sum) / (BLOCK * BLOCK) as f64;
        }
        means
    }

    /// Which blocks differ from `before` by more than a `divisor`th of the picture's brightness. Light that is a
    /// little more or less nearly everywhere, as mains light that flickers, is no difference; other light is.
    pub(super) fn blocks_changed_since(&self, before: &Self, divisor: u8) -> [bool; BLOCKS] {
        let levels = self.levels(divisor);
        self.block_differences(before, BLOCKS).map(|by| by > levels)
    }

    /// A `divisor`th of the picture's brightness.
    fn levels(&self, divisor: u8) -> f64 {
        f64::from((self.p99 / divisor).max(CHANGED_LEVELS))
    }

    /// By how many levels block means differ from those of `before`, light that flickers taken off of each
    /// `band` of so many blocks by itself.
    fn block_differences(&self, before: &Self, band: usize) -> [f64; BLOCKS] {
        let (mut now, then) = (self.block_means(), before.block_means());
        let mut factors = factors(&now, &then);
        let flickers = FLICKER.contains(&quantile(&mut factors.clone(), 0.5));
        let bands = now.chunks_mut(band).zip(then.chunks(band));
        for ((now, then), factors) in bands.zip(factors.chunks_mut(band)) {
            let factor = quantile(factors, 0.5);
            let factor = if flickers && BANDED.contains(&factor) { factor } else { 1.0 };
            for (now, then) in now.iter_mut().zip(then) {
                *now = (*now - factor * then).abs();
            }
        }
        now
    }
}

/// Where the middle of a block is, in parts of the picture's sides.
fn block_middle(index: usize) -> (f32, f32) {
    let middle = |at: usize, count: usize| (at as f32 + 0.5) / count as f32;
    (middle(index % BLOCK_COLUMNS, BLOCK_COLUMNS), middle(index / BLOCK_COLUMNS, BLOCK_ROWS))
}

/// By how much a block differs from the line through those one step before and behind it.
fn bend(means: &[f64; BLOCKS], index: usize, step: usize) -> f64 {
    means[index] - f64::midpoint(means[index - step], means[index + step])
}

/// By which factor light that flickers, or is a little more or less everywhere, has changed the means of
/// blocks. One where it is other light.
pub(super) fn flicker(now: &[f64; BLOCKS], then: &[f64; BLOCKS]) -> f64 {
    let factor = quantile(&mut factors(now, then), 0.5);
    if FLICKER.contains(&factor) { factor } else { 1.0 }
}

fn factors(now: &[f64; BLOCKS], then: &[f64; BLOCKS]) -> [f64; BLOCKS] {
    let mut factors = *now;
    for (factor, then) in factors.iter_mut().zip(then) {
        // One level more, so that black is no factor.
        *factor = (*factor + 1.0) / (then + 1.0);
    }
    factors
}

fn block_sums(samples: &[u8]) -> Vec<u16> {
    let mut sums = vec![0_u16; BLOCKS];
    let rows = samples.chunks_exact(COLUMNS * BLOCK);
    for (sums, rows) in sums.chunks_exact_mut(BLOCK_COLUMNS).zip(rows) {
        for row in rows.chunks_exact(COLUMNS) {
            for (sum, block) in sums.iter_mut().zip(row.as_chunks::<BLOCK>().0) {
                *sum += block.iter().map(|luma| u16::from(*luma)).sum::<u16>();
            }
        }
    }
    sums
}

/// How often each value comes. Side by side, since the same value is rarely counted twice at once then.
fn histogram(values: impl Iterator<Item = u8>) -> [u32; 256] {
    const SIDE_BY_SIDE: usize = 4;
    let mut counts = [[0_u32; SIDE_BY_SIDE]; 256];
    for (at, value) in values.enumerate() {
        counts[usize::from(value)][at % SIDE_BY_SIDE] += 1;
    }
    counts.map(|counts| counts.iter().sum())
}

fn percentile_99(samples: &[u8]) -> u8 {
    let mut above = samples.len() as u32 / 100;
    for (luma, here) in (0..=u8::MAX).zip(histogram(samples.iter().copied())).rev() {
        if here > above {
            return luma;
        }
        above -= here;
    }
    0
}

/// The variance of block means around the best quadratic surface.
fn variance(blocks: &[f64]) -> f64 {
    let squares: f64 = blocks.iter().map(|block| block * block).sum();
    let on_surface: f64 = surfaces()
        .iter()
        .map(|surface| {
            let share: f64 = surface.iter().zip(blocks).map(|(s, block)| s * block).sum();
            share * share
        })
        .sum();
    (squares - on_surface).max(0.0) / blocks.len() as f64
}

/// How far block means lie from the lines through their neighbours, across and down: the 98th percentile.
fn detail(blocks: &[f64]) -> f64 {
    let bend = |before: f64, here: f64, after: f64| (before - 2.0 * here + after).abs();
    let across = blocks
        .chunks_exact(BLOCK_COLUMNS)
        .flat_map(|row| row.windows(3).map(|of| bend(of[0], of[1], of[2])));
    let down = blocks.windows(2 * BLOCK_COLUMNS + 1);
    let down = down.map(|of| bend(of[0], of[BLOCK_COLUMNS], of[2 * BLOCK_COLUMNS]));
    let mut bends: Vec<f64> = across.chain(down).collect();
    let at = bends.len() * 98 / 100;
    *bends.select_nth_unstable_by(at, f64::total_cmp).1
}

/// The value below which `share` (0 to 1) of the values lie.
pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    let at = ((values.len() as f64 * share) as usize).min(values.len().saturating_sub(1));
    if values.is_empty() {
        return 0.0;
    }
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

/// Median of whole numbers, each but 0 taken for anything that is rounded to it.
fn median(histogram: &[u32; 256]) -> f64 {
    let half = histogram.iter().sum::<u32>() / 2;
    let mut below = 0;
    for (value, &count) in histogram.iter().enumerate() {
        if below + count > half {
            let inside = f64::from(half - below) / f64::from(count);
            return if value == 0 { 0.0 } else { value as f64 - 0.5 + inside };
        }
        below += count;
    }
    0.0
}

/// The six quadratic surfaces 1, x, y, xy, x², y² over the blocks, made orthonormal: what a
/// projection on them leaves is what no smooth surface explains.
fn surfaces() -> &'static [Vec<f64>; 6] {
    static SURFACES: std::sync::OnceLock<[Vec<f64>; 6]> = std::sync::OnceLock::new();
    SURFACES.get_or_init(|| {
        let place = |index: usize, count: usize| (index as f64 + 0.5) / count as f64 - 0.5;
        let surface = |of: fn(f64, f64) -> f64| -> Vec<f64> {
            (0..BLOCK_COLUMNS * BLOCK_ROWS)
                .map(|index| {
                    let (row, column) = (index / BLOCK_COLUMNS, index % BLOCK_COLUMNS);
                    of(place(column, BLOCK_COLUMNS), place(row, BLOCK_ROWS))
                })
                .collect()
        };
        let mut basis = [
            surface(|_, _| 1.0),
            surface(|x, _| x),
            surface(|_, y| y),
            surface(|x, y| x * y),
            surface(|x, _| x * x),
            surface(|_, y| y * y),
        ];
        for index in 0..basis.len() {
            let (done, rest) = basis.split_at_mut(index);
            let current = &mut rest[0];
            for other in done {
                let shared: f64 = other.iter().zip(current.iter()).map(|(a, b)| a * b).sum();
                current.iter_mut().zip(other.iter()).for_each(|(c, o)| *c -= shared * o);
            }
            let length = current.iter().map(|value| value * value).sum::<f64>().sqrt();
            for value in current.iter_mut() {
                *value /= length;
            }
        }
        basis
    })
}
