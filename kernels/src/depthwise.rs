//! A convolution of 3x3 within each channel.

use std::ops::Range;

use pulp::Simd;

use crate::simd::{Activation, GROUP, multiply_add};
use crate::{Buffer, Extent};

pub(crate) const SIDE: usize = 3;
const TAPS: usize = SIDE * SIDE;
/// Pixels at once: they share columns and weights.
const FEW: usize = 4;
/// The same with twice as many registers.
const MANY: usize = 8;

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

    /// One row of the result from the three that it covers.
    #[inline(always)]
    pub(crate) fn row<S: Simd>(&self, simd: S, rows: [&[f32]; SIDE], to: &mut [f32]) {
        let channels = self.channels();
        let (width, result) = (rows[0].len() / channels, to.len() / channels);
        // Pixels whose three columns all lie within the picture.
        let first = self.before.min(result);
        let end = (width + self.before + self.stride).saturating_sub(SIDE) / self.stride;
        let end = end.clamp(first, result);
        let whole = channels.is_multiple_of(S::F32_LANES) && end - first >= FEW;
        let inner = if whole { first..end } else { first..first };
        for x in (0..inner.start).chain(inner.end..result) {
            self.pixel(simd, rows, x, to);
        }
        if inner.is_empty() {
            return;
        }
        let [above, middle, below] = rows;
        let rows = [S::as_simd_f32s(above).0, S::as_simd_f32s(middle).0, S::as_simd_f32s(below).0];
        let to = S::as_mut_simd_f32s(to).0;
        let row = Row { layer: self, rows, inner, to };
        match (self.stride, channels / S::F32_LANES) {
            // Where the compiler knows how far pixels are apart, it checks no place.
            (1, 1) => row.run::<S, 1>(simd, 1),
            (1, 2) => row.run::<S, 1>(simd, 2),
            (1, 4) => row.run::<S, 1>(simd, 4),
            (1, count) => row.run::<S, 1>(simd, count),
            (_, count) => row.run::<S, 2>(simd, count),
        }
    }

    /// Any pixel: columns outside the picture are left out.
    #[inline(always)]
    fn pixel<S: Simd>(&self, simd: S, rows: [&[f32]; SIDE], x: usize, to: &mut [f32]) {
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

/// Three rows of vectors, of which a row of the result is made.
struct Row<'a, V> {
    layer: &'a Depthwise,
    rows: [&'a [V]; SIDE],
    /// Pixels all of whose columns lie within the picture.
    inner: Range<usize>,
    to: &'a mut [V],
}

impl<V: Copy> Row<'_, V> {
    /// Pixels are `count` vectors apart. Weights stay in registers all along.
    #[inline(always)]
    fn run<S: Simd<f32s = V>, const STRIDE: usize>(mut self, simd: S, count: usize) {
        let Range { start, end } = self.inner.clone();
        for at in 0..count {
            let mut taps = [simd.splat_f32s(0.0); TAPS];
            for (tap, values) in taps.iter_mut().zip(&self.layer.taps) {
                *tap = S::as_simd_f32s(values).0[at];
            }
            let bias = S::as_simd_f32s(&self.layer.biases).0[at];
            let mut x = start;
            // At a stride of two pixels share so little that more of them at once gain nothing, and the
            // compiler would no longer write out the loop over their columns.
            if S::F32_LANES == GROUP && STRIDE == 1 {
                while end - x >= MANY {
                    self.tile::<S, STRIDE, MANY>(simd, (x, at), count, taps, bias);
                    x += MANY;
                }
            }
            while x < end {
                // The last tile may overlap the one before: the same is computed twice.
                let place = (x.min(end - FEW), at);
                self.tile::<S, STRIDE, FEW>(simd, place, count, taps, bias);
                x += FEW;
            }
        }
    }

    /// One vector each of pixels side by side.
    #[inline(always)]
    fn tile<S: Simd<f32s = V>, const STRIDE: usize, const PIXELS: usize>(
        &mut self,
        simd: S,
        (x, at): (usize, usize),
        count: usize,
        taps: [V; TAPS],
        bias: V,
    ) {
        let columns = (PIXELS - 1) * STRIDE + SIDE;
        let start = (x * STRIDE - self.layer.before) * count;
        let mut sums = [bias; PIXELS];
        for (row, taps) in self.rows.iter().zip(taps.as_chunks::<SIDE>().0) {
            let values = &row[start..start + columns * count];
            for (tap, weight) in taps.iter().enumerate() {
                for (pixel, sum) in sums.iter_mut().enumerate() {
                    let value = values[(pixel * STRIDE + tap) * count + at];
                    *sum = multiply_add(simd, value, *weight, *sum);
                }
            }
        }
        self.layer.activation.of_all(simd, &mut sums);
        let pixels = &mut self.to[x * count..(x + PIXELS) * count];
        for (pixel, sum) in sums.into_iter().enumerate() {
            pixels[pixel * count + at] = sum;
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
