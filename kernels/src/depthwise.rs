//! A convolution of 3x3 within each channel.

use pulp::Simd;

use crate::simd::{Activation, multiply_add};
use crate::{Buffer, Extent, halve};

pub(crate) const SIDE: usize = 3;
const TAPS: usize = SIDE * SIDE;
/// Rows that two rows of the result cover, at a stride of 1.
pub(crate) const TALL: usize = SIDE + 1;
/// Pixels of a row at once: they share columns and weights. Of two rows, their sums and the weights just fill
/// the registers of AVX-512; with more of either, weights are read from memory all the time.
const PIXELS: usize = 4;
/// Columns that they cover, at strides of 1 and 2.
const NARROW: usize = PIXELS + SIDE - 1;
const WIDE: usize = 2 * PIXELS + 1;

/// The weights of a depthwise convolution of 3x3. What lies outside the picture counts as zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Depthwise {
    /// The nine taps, row by row: a value for each channel.
    taps: [Buffer; TAPS],
    biases: Buffer,
    pub(crate) stride: usize,
    /// Rows and columns outside the picture at the top and on the left: 0 or 1.
    pub(crate) before: usize,
    activation: Activation,
}

impl Depthwise {
    /// `weights` are nine values for each channel, row by row. `before` is the number of zeros before
    /// the first pixel: 1 for a `stride` of 1, 0 or 1 for one of 2. Behind the last come as many as
    /// are needed.
    ///
    /// None when these do not hold.
    pub fn new(
        weights: &[f32],
        biases: &[f32],
        (stride, before): (usize, usize),
        activation: Activation,
    ) -> Option<Self> {
        let channels = biases.len();
        let fits = channels > 0 && weights.len() == channels * TAPS;
        if !fits || !matches!((stride, before), (1, 1) | (2, 0 | 1)) {
            return None;
        }
        let taps = std::array::from_fn(|tap| {
            Buffer::of(weights.chunks_exact(TAPS).map(|channel| channel[tap]))
        });
        let biases = Buffer::of(biases.iter().copied());
        Some(Self { taps, biases, stride, before, activation })
    }

    pub fn channels(&self) -> usize {
        self.biases.len()
    }

    /// The size of the result.
    pub fn result(&self, from: Extent) -> Extent {
        Extent::new(from.height.div_ceil(self.stride), from.width.div_ceil(self.stride))
    }

    /// Rows of the result from those that they cover.
    #[inline(always)]
    pub(crate) fn rows<S: Simd, const ROWS: usize, const COVERED: usize>(
        &self,
        simd: S,
        covered: [&[f32]; COVERED],
        to: [&mut [f32]; ROWS],
    ) {
        let result = to[0].len() / self.channels();
        if self.has_tiles::<S>(result) {
            let to = to.map(|row| S::as_mut_simd_f32s(row).0);
            self.tiles::<S, ROWS, COVERED, false>(simd, covered, result, to);
            return;
        }
        self.pixels(simd, covered, to);
    }

    /// The largest of each 2x2 pixels of two rows of the result, from the rows that those cover. Only at a
    /// stride of 1. Some sizes need `space` for the two rows.
    #[inline(always)]
    pub(crate) fn halved<S: Simd>(
        &self,
        simd: S,
        covered: [&[f32]; TALL],
        to: &mut [f32],
        space: &mut Buffer,
    ) {
        let (line, width) = (covered[0].len(), covered[0].len() / self.channels());
        if self.has_tiles::<S>(width / 2 * 2) {
            let to = [S::as_mut_simd_f32s(to).0, &mut []];
            self.tiles::<S, 2, TALL, true>(simd, covered, width / 2 * 2, to);
            return;
        }
        space.resize(2 * line);
        let (upper, lower) = space.split_at_mut(line);
        self.pixels(simd, covered, [upper, lower]);
        halve(space, Extent::new(2, width), self.channels(), to);
    }

    /// Whether so many pixels of a row can be made in tiles.
    #[inline(always)]
    fn has_tiles<S: Simd>(&self, pixels: usize) -> bool {
        self.channels().is_multiple_of(S::F32_LANES) && pixels >= PIXELS
    }

    /// The first `result` pixels of rows.
    #[inline(always)]
    fn tiles<S: Simd, const ROWS: usize, const COVERED: usize, const HALVE: bool>(
        &self,
        simd: S,
        covered: [&[f32]; COVERED],
        result: usize,
        to: [&mut [S::f32s]; ROWS],
    ) {
        let covered = covered.map(|row| S::as_simd_f32s(row).0);
        let rows = Rows { layer: self, covered, result, to };
        // Where the compiler knows how far pixels are apart, it checks no place: worth its size for what runs most.
        let often = COVERED == TALL && S::F32_LANES > 1;
        match (self.stride, self.channels() / S::F32_LANES) {
            (1, 1) if often => rows.run::<S, 1, NARROW, HALVE>(simd, 1),
            (1, 2) if often => rows.run::<S, 1, NARROW, HALVE>(simd, 2),
            (1, 4) if often => rows.run::<S, 1, NARROW, HALVE>(simd, 4),
            (2, count) if COVERED == SIDE => rows.run::<S, 2, WIDE, HALVE>(simd, count),
            (_, count) => rows.run::<S, 1, NARROW, HALVE>(simd, count),
        }
    }

    /// The same pixel by pixel.
    #[inline(always)]
    fn pixels<S: Simd, const ROWS: usize, const COVERED: usize>(
        &self,
        simd: S,
        covered: [&[f32]; COVERED],
        to: [&mut [f32]; ROWS],
    ) {
        for (y, to) in to.into_iter().enumerate() {
            for x in 0..to.len() / self.channels() {
                self.pixel(simd, &covered[y * self.stride..], x, to);
            }
        }
    }

    /// Any pixel: columns outside the picture are left out.
    #[inline(always)]
    fn pixel<S: Simd>(&self, simd: S, rows: &[&[f32]], x: usize, to: &mut [f32]) {
        let channels = self.channels();
        let to = &mut to[x * channels..(x + 1) * channels];
        let mut columns: [&[f32]; TAPS] = [&[]; TAPS];
        for (tap, values) in columns.iter_mut().enumerate() {
            let column = (x * self.stride + tap % SIDE).checked_sub(self.before);
            let row = rows[tap / SIDE];
            let inside = column.and_then(|x| row.get(x * channels..(x + 1) * channels));
            *values = inside.unwrap_or_default();
        }
        let vectors = S::as_mut_simd_f32s(to).0;
        for (at, to) in vectors.iter_mut().enumerate() {
            let mut sum = S::as_simd_f32s(&self.biases).0[at];
            for (values, weights) in columns.iter().zip(&self.taps) {
                if let Some(values) = S::as_simd_f32s(values).0.get(at) {
                    sum = multiply_add(simd, *values, S::as_simd_f32s(weights).0[at], sum);
                }
            }
            *to = self.activation.of(simd, sum);
        }
        for at in channels / S::F32_LANES * S::F32_LANES..channels {
            let mut sum = self.biases[at];
            for (values, weights) in columns.iter().zip(&self.taps) {
                if let Some(value) = values.get(at) {
                    sum += value * weights[at];
                }
            }
            to[at] = self.activation.of_one(sum);
        }
    }
}

/// Rows of vectors, and rows of the result that are made of them.
struct Rows<'a, V, const ROWS: usize, const COVERED: usize> {
    layer: &'a Depthwise,
    covered: [&'a [V]; COVERED],
    /// Pixels of the result, at least a tile of them.
    result: usize,
    to: [&'a mut [V]; ROWS],
}

impl<V: Copy, const ROWS: usize, const COVERED: usize> Rows<'_, V, ROWS, COVERED> {
    /// Pixels are `count` vectors apart. Weights stay in registers all along.
    #[inline(always)]
    fn run<S: Simd<f32s = V>, const STRIDE: usize, const COLUMNS: usize, const HALVE: bool>(
        mut self,
        simd: S,
        count: usize,
    ) {
        for at in 0..count {
            let mut taps = [[simd.splat_f32s(0.0); SIDE]; SIDE];
            for (tap, values) in taps.as_flattened_mut().iter_mut().zip(&self.layer.taps) {
                *tap = S::as_simd_f32s(values).0[at];
            }
            let bias = S::as_simd_f32s(&self.layer.biases).0[at];
            for x in (0..self.result).step_by(PIXELS) {
                // The last tile may overlap the one before: the same is computed twice.
                let x = x.min(self.result - PIXELS);
                let start = x * STRIDE + 1 - self.layer.before;
                let mut sums = [[bias; PIXELS]; ROWS];
                for (line, row) in self.covered.into_iter().enumerate() {
                    let columns = columns::<S, STRIDE, COLUMNS>(simd, row, start, (at, count));
                    add_line::<S, ROWS, STRIDE, COLUMNS>(simd, &mut sums, line, &columns, &taps);
                }
                self.layer.activation.of_all(simd, sums.as_flattened_mut());
                if HALVE {
                    self.put_largest(simd, &sums, x / 2, (at, count));
                } else {
                    self.put(&sums, x, (at, count));
                }
            }
        }
    }

    #[inline(always)]
    fn put(&mut self, sums: &[[V; PIXELS]; ROWS], x: usize, (at, count): (usize, usize)) {
        for (sums, to) in sums.iter().zip(&mut self.to) {
            let to = &mut to[x * count..(x + PIXELS) * count];
            for (pixel, sum) in sums.iter().enumerate() {
                to[pixel * count + at] = *sum;
            }
        }
    }

    /// Of each 2x2 pixels.
    #[inline(always)]
    fn put_largest<S: Simd<f32s = V>>(
        &mut self,
        simd: S,
        sums: &[[V; PIXELS]; ROWS],
        x: usize,
        (at, count): (usize, usize),
    ) {
        let to = &mut self.to[0][x * count..(x + PIXELS / 2) * count];
        for pixel in 0..PIXELS / 2 {
            let mut largest = sums[0][2 * pixel];
            for row in sums {
                largest = simd.max_f32s(largest, simd.max_f32s(row[2 * pixel], row[2 * pixel + 1]));
            }
            to[pixel * count + at] = largest;
        }
    }
}

/// Vectors of a row, one of each pixel from the one before `start` on. The first one may lie outside the
/// picture, and as many of the last ones as the stride is long.
#[inline(always)]
fn columns<S: Simd, const STRIDE: usize, const COLUMNS: usize>(
    simd: S,
    row: &[S::f32s],
    start: usize,
    (at, count): (usize, usize),
) -> [S::f32s; COLUMNS] {
    let mut columns = [simd.splat_f32s(0.0); COLUMNS];
    let (inner, last) = columns[1..].split_at_mut(COLUMNS - 1 - STRIDE);
    let end = start + inner.len();
    let values = &row[start * count..end * count];
    for (column, value) in inner.iter_mut().enumerate() {
        *value = values[column * count + at];
    }
    for (column, value) in last.iter_mut().enumerate() {
        if let Some(found) = row.get((end + column) * count + at) {
            *value = *found;
        }
    }
    if start > 0 {
        columns[0] = row[(start - 1) * count + at];
    }
    columns
}

/// Adds to the pixels' sums what lies in one of the lines that they cover.
#[inline(always)]
fn add_line<S: Simd, const ROWS: usize, const STRIDE: usize, const COLUMNS: usize>(
    simd: S,
    sums: &mut [[S::f32s; PIXELS]; ROWS],
    line: usize,
    columns: &[S::f32s; COLUMNS],
    taps: &[[S::f32s; SIDE]; SIDE],
) {
    for (row, sums) in sums.iter_mut().enumerate() {
        if line < row || line >= row + SIDE {
            continue;
        }
        for (tap, weight) in taps[line - row].into_iter().enumerate() {
            for (pixel, sum) in sums.iter_mut().enumerate() {
                *sum = multiply_add(simd, columns[pixel * STRIDE + tap], weight, *sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_nine_taps_at_a_stride_of_one_or_two_is_refused() {
        let made = |weights: usize, stride, before| {
            let weights = vec![0.0; weights];
            Depthwise::new(&weights, &[0.0; 2], (stride, before), Activation::None).is_some()
        };
        assert!(made(18, 1, 1) && made(18, 2, 0) && made(18, 2, 1));
        assert!(!made(17, 1, 1) && !made(18, 1, 0) && !made(18, 3, 1) && !made(18, 2, 2));
    }
}
