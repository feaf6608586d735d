//! A convolution of 3x3 within each channel.

use pulp::Simd;

use crate::Extent;
use crate::simd::{Activation, multiply_add};

pub(crate) const SIDE: usize = 3;
const TAPS: usize = SIDE * SIDE;
/// Pixels at once: they share columns and weights.
const TILE: usize = 4;

/// The weights of a depthwise convolution of 3x3. What lies outside the picture counts as zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Depthwise {
    /// The nine taps, row by row: a value for each channel.
    taps: [Vec<f32>; TAPS],
    biases: Vec<f32>,
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
            weights.chunks_exact(TAPS).map(|channel| channel[tap]).collect()
        });
        Some(Self { taps, biases: biases.to_vec(), stride, before, activation })
    }

    pub const fn channels(&self) -> usize {
        self.biases.len()
    }

    /// The size of the result.
    pub const fn result(&self, from: Extent) -> Extent {
        Extent::new(from.height.div_ceil(self.stride), from.width.div_ceil(self.stride))
    }

    /// One row of the result from the three that it covers.
    #[inline(always)]
    pub(crate) fn row<S: Simd>(&self, simd: S, rows: [&[f32]; SIDE], to: &mut [f32]) {
        let channels = self.channels();
        let (width, result) = (rows[0].len() / channels, to.len() / channels);
        // Pixels whose three columns all lie within the picture.
        let first = self.before.min(result);
        let end = (width + self.before + self.stride).saturating_sub(SIDE) / self.stride;
        let end = end.clamp(first, result);
        let tiled =
            if channels.is_multiple_of(S::F32_LANES) { (end - first) / TILE * TILE } else { 0 };
        for x in 0..first {
            self.pixel(simd, rows, x, to);
        }
        for x in first + tiled..result {
            self.pixel(simd, rows, x, to);
        }
        for x in (first..first + tiled).step_by(TILE) {
            // Four pixels cover six columns, or nine.
            if self.stride == 1 {
                self.tile::<S, 6>(simd, rows, x, to);
            } else {
                self.tile::<S, 9>(simd, rows, x, to);
            }
        }
    }

    /// Pixels side by side, all of whose columns lie within the picture.
    #[inline(always)]
    fn tile<S: Simd, const COLUMNS: usize>(
        &self,
        simd: S,
        rows: [&[f32]; SIDE],
        x: usize,
        to: &mut [f32],
    ) {
        let channels = self.channels();
        let stride = if COLUMNS == 6 { 1 } else { 2 };
        let start = (x * stride - self.before) * channels;
        let mut columns = [[&[][..]; COLUMNS]; SIDE];
        for (columns, row) in columns.iter_mut().zip(rows) {
            let covered = row[start..start + COLUMNS * channels].chunks_exact(channels);
            for (column, values) in columns.iter_mut().zip(covered) {
                *column = S::as_simd_f32s(values).0;
            }
        }
        let mut taps = [&[][..]; TAPS];
        for (tap, values) in taps.iter_mut().zip(&self.taps) {
            *tap = S::as_simd_f32s(values).0;
        }
        let biases = S::as_simd_f32s(&self.biases).0;
        let count = biases.len();
        let pixels = S::as_mut_simd_f32s(&mut to[x * channels..(x + TILE) * channels]).0;
        for (at, bias) in biases.iter().enumerate() {
            let mut sums = [*bias; TILE];
            for (row, columns) in columns.iter().enumerate() {
                let taps = &taps[row * SIDE..(row + 1) * SIDE];
                let weights = [taps[0][at], taps[1][at], taps[2][at]];
                for (column, values) in columns.iter().enumerate() {
                    add_covered(simd, &mut sums, values[at], weights, column, stride);
                }
            }
            for (pixel, sum) in sums.into_iter().enumerate() {
                pixels[pixel * count + at] = self.activation.of(simd, sum);
            }
        }
    }

    /// Any pixel: columns outside the picture are left out.
    #[inline(always)]
    fn pixel<S: Simd>(&self, simd: S, rows: [&[f32]; SIDE], x: usize, to: &mut [f32]) {
        let channels = self.channels();
        let to = &mut to[x * channels..(x + 1) * channels];
        to.copy_from_slice(&self.biases);
        for (tap, weights) in self.taps.iter().enumerate() {
            let (row, column) = (rows[tap / SIDE], x * self.stride + tap % SIDE);
            if column < self.before {
                continue;
            }
            let start = (column - self.before) * channels;
            let Some(values) = row.get(start..start + channels) else { continue };
            let (to, to_rest) = S::as_mut_simd_f32s(to);
            let (values, values_rest) = S::as_simd_f32s(values);
            let (weights, weights_rest) = S::as_simd_f32s(weights);
            for ((to, value), weight) in to.iter_mut().zip(values).zip(weights) {
                *to = multiply_add(simd, *value, *weight, *to);
            }
            for ((to, value), weight) in to_rest.iter_mut().zip(values_rest).zip(weights_rest) {
                *to += value * weight;
            }
        }
        let (to, rest) = S::as_mut_simd_f32s(to);
        for to in to {
            *to = self.activation.of(simd, *to);
        }
        for to in rest {
            *to = self.activation.of_one(*to);
        }
    }
}

/// Adds a column's values to the pixels that cover it.
#[inline(always)]
fn add_covered<S: Simd>(
    simd: S,
    sums: &mut [S::f32s; TILE],
    values: S::f32s,
    weights: [S::f32s; SIDE],
    column: usize,
    stride: usize,
) {
    for (pixel, sum) in sums.iter_mut().enumerate() {
        let tap = column.wrapping_sub(pixel * stride);
        if tap < SIDE {
            *sum = multiply_add(simd, values, weights[tap], *sum);
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
