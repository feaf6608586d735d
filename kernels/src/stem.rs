//! The first convolution: from three planes to pixels, at half the size.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::Extent;
use crate::depthwise::SIDE;
use crate::simd::{Activation, GROUP, add_scaled, dispatch, grouped, store, vectors};

const PLANES: usize = 3;
const TAPS: usize = PLANES * SIDE * SIDE;
const STRIDE: usize = 2;
/// Pixels at once; with vectors of 8, their sums and what they are made of fill the registers.
const TILE: usize = 4;

/// The weights of a convolution of 3x3 over three planes, at every second pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Stem {
    outputs: usize,
    /// For each 16 outputs, the last ones filled up with zeros: planes, rows, columns.
    weights: Vec<[[f32; GROUP]; TAPS]>,
    biases: Vec<[f32; GROUP]>,
    before: usize,
    activation: Activation,
}

impl Stem {
    /// `weights` are 27 values for each output: planes, rows, columns. `before` is the number of
    /// zeros before the first pixel (0 or 1); behind the last come as many as are needed.
    ///
    /// None when these do not hold.
    pub fn new(
        weights: &[f32],
        biases: &[f32],
        before: usize,
        activation: Activation,
    ) -> Option<Self> {
        let outputs = biases.len();
        if outputs == 0 || weights.len() != outputs * TAPS || before > 1 {
            return None;
        }
        let taps: [Vec<_>; TAPS] = std::array::from_fn(|tap| {
            grouped(outputs, |output| weights[output * TAPS + tap]).collect()
        });
        let groups = 0..outputs.div_ceil(GROUP);
        let weights = groups.map(|group| taps.each_ref().map(|tap| tap[group])).collect();
        let biases = grouped(outputs, |output| biases[output]).collect();
        Some(Self { outputs, weights, biases, before, activation })
    }

    /// Channels of the result.
    pub const fn outputs(&self) -> usize {
        self.outputs
    }

    /// The size of the result.
    pub const fn result(from: Extent) -> Extent {
        Extent::new(from.height.div_ceil(STRIDE), from.width.div_ceil(STRIDE))
    }

    /// Convolves three planes of `extent`, one after the other, into `to`. `lines` is space to work
    /// in.
    ///
    /// # Panics
    /// When the lengths do not fit.
    pub fn run(&self, planes: &[f32], extent: Extent, to: &mut [f32], lines: &mut Vec<f32>) {
        assert_eq!(planes.len(), extent.pixels() * PLANES, "not three planes of that size");
        assert_eq!(to.len(), Self::result(extent).pixels() * self.outputs, "not the result's size");
        dispatch(Run { stem: self, planes, extent, to, lines });
    }
}

struct Run<'a> {
    stem: &'a Stem,
    planes: &'a [f32],
    extent: Extent,
    to: &'a mut [f32],
    lines: &'a mut Vec<f32>,
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { stem, planes, extent, to, lines } = self;
        let result = Stem::result(extent);
        // Each tile reads this far, whole or not.
        let padded = (result.width.next_multiple_of(TILE) - 1) * STRIDE + SIDE;
        lines.clear();
        lines.resize(padded * PLANES * SIDE, 0.0);
        for (y, row) in to.chunks_exact_mut((result.width * stem.outputs).max(1)).enumerate() {
            stem.gather(planes, extent, y, lines);
            for (panel, first) in (0..stem.outputs).step_by(GROUP).enumerate() {
                let channels = first..(first + GROUP).min(stem.outputs);
                let part = Part { stem, panel, channels, lines, padded };
                for x in (0..result.width).step_by(TILE) {
                    let end = (x + TILE).min(result.width);
                    let pixels = &mut row[x * stem.outputs..end * stem.outputs];
                    match S::F32_LANES {
                        16 => part.tile::<S, 1>(simd, x, pixels),
                        8 => part.tile::<S, 2>(simd, x, pixels),
                        4 => part.tile::<S, 4>(simd, x, pixels),
                        _ => part.tile::<S, 16>(simd, x, pixels),
                    }
                }
            }
        }
    }
}

impl Stem {
    /// Copies what one row of the result covers: three rows of each plane, with zeros around.
    fn gather(&self, planes: &[f32], extent: Extent, y: usize, lines: &mut [f32]) {
        let padded = lines.len() / (PLANES * SIDE);
        for (at, line) in lines.chunks_exact_mut(padded).enumerate() {
            let (plane, row) = (at / SIDE, (y * STRIDE + at % SIDE).checked_sub(self.before));
            let line = &mut line[self.before..self.before + extent.width];
            match row.filter(|row| *row < extent.height) {
                Some(row) => {
                    let start = plane * extent.pixels() + row * extent.width;
                    line.copy_from_slice(&planes[start..start + extent.width]);
                }
                None => line.fill(0.0),
            }
        }
    }
}

/// A group of outputs in a row.
struct Part<'a> {
    stem: &'a Stem,
    panel: usize,
    channels: Range<usize>,
    lines: &'a [f32],
    padded: usize,
}

impl Part<'_> {
    /// The outputs of some pixels; those beyond the end of the row are dropped.
    #[inline(always)]
    fn tile<S: Simd, const VECTORS: usize>(&self, simd: S, x: usize, pixels: &mut [f32]) {
        const REACH: usize = (TILE - 1) * STRIDE + SIDE;
        let Self { stem, panel, channels, lines, padded } = self;
        let weights = &stem.weights[*panel];
        let mut sums = [vectors::<S, VECTORS>(simd, &stem.biases[*panel]); TILE];
        for line in 0..PLANES * SIDE {
            let Some(values) = lines[line * padded + x * STRIDE..].first_chunk::<REACH>() else {
                break;
            };
            for column in 0..SIDE {
                let weights = vectors::<S, VECTORS>(simd, &weights[line * SIDE + column]);
                for (at, sums) in sums.iter_mut().enumerate() {
                    let value = simd.splat_f32s(values[at * STRIDE + column]);
                    add_scaled(simd, sums, value, weights);
                }
            }
        }
        let pixels = pixels.chunks_exact_mut(stem.outputs);
        for (mut sums, pixel) in sums.into_iter().zip(pixels) {
            for sum in &mut sums {
                *sum = stem.activation.of(simd, *sum);
            }
            store::<S, VECTORS>(sums, &mut pixel[channels.clone()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_output_sees_three_by_three_pixels_of_three_planes() {
        let wave = |at: usize| ((at * 29) % 17) as f32 / 8.0 - 1.0;
        for (extent, outputs, before) in [
            (Extent::new(8, 10), 16, 1),
            (Extent::new(5, 7), 20, 0),
            (Extent::new(1, 1), 3, 1),
            (Extent::new(6, 31), 5, 0),
        ] {
            let weights: Vec<f32> = (0..outputs * TAPS).map(wave).collect();
            let biases: Vec<f32> = (0..outputs).map(wave).collect();
            let planes: Vec<f32> = (0..extent.pixels() * PLANES).map(|at| wave(at + 5)).collect();
            let result = Stem::result(extent);
            let mut to = vec![f32::NAN; result.pixels() * outputs];
            let stem = Stem::new(&weights, &biases, before, Activation::Relu).unwrap();
            stem.run(&planes, extent, &mut to, &mut Vec::new());
            for (at, found) in to.iter().enumerate() {
                let (pixel, output) = (at / outputs, at % outputs);
                let (y, x) = (pixel / result.width, pixel % result.width);
                let mut sum = biases[output];
                for tap in 0..TAPS {
                    let (plane, row, column) = (tap / 9, tap % 9 / 3, tap % 3);
                    let row = (y * STRIDE + row).checked_sub(before);
                    let column = (x * STRIDE + column).checked_sub(before);
                    let row = row.filter(|row| *row < extent.height);
                    let column = column.filter(|column| *column < extent.width);
                    let at = row.zip(column).map(|(row, column)| row * extent.width + column);
                    let value = at.map_or(0.0, |at| planes[plane * extent.pixels() + at]);
                    sum += value * weights[output * TAPS + tap];
                }
                assert!((sum.max(0.0) - found).abs() < 1e-4, "{extent:?} {at}: {found}, not {sum}");
            }
        }
    }
}
