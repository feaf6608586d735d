//! The first convolution: from three planes to pixels, at half the size.

use pulp::{Simd, WithSimd};

use crate::Extent;
use crate::depthwise::SIDE;
use crate::simd::{Activation, GROUP, Group, add_scaled, dispatch, grouped, store, vectors};

const TAPS: usize = Stem::PLANES * SIDE * SIDE;
/// Rows of all planes that a row of the result covers.
const LINES: usize = Stem::PLANES * SIDE;
const STRIDE: usize = 2;

/// The weights of a convolution of 3x3 over three planes, at every second pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Stem {
    outputs: usize,
    /// For each 16 outputs, the last ones filled up with zeros: planes, rows, columns.
    weights: Vec<[Group; TAPS]>,
    biases: Vec<Group>,
    before: usize,
    activation: Activation,
}

impl Stem {
    pub const PLANES: usize = 3;

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

    /// Convolves three planes of `extent`, one after the other, into `to`.
    ///
    /// # Panics
    /// When the lengths do not fit.
    pub fn run(&self, planes: &[f32], extent: Extent, to: &mut [f32]) {
        assert_eq!(planes.len(), extent.pixels() * Self::PLANES, "not three planes of that size");
        assert_eq!(to.len(), Self::result(extent).pixels() * self.outputs, "not the result's size");
        dispatch(Run { stem: self, planes, extent, to });
    }
}

struct Run<'a> {
    stem: &'a Stem,
    planes: &'a [f32],
    extent: Extent,
    to: &'a mut [f32],
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { stem, planes, extent, to } = self;
        let line = Stem::result(extent).width * stem.outputs;
        for (y, row) in to.chunks_exact_mut(line.max(1)).enumerate() {
            stem.row(simd, planes, extent, y, row);
        }
    }
}

impl Stem {
    /// One row of the result.
    #[inline(always)]
    pub(crate) fn row<S: Simd>(
        &self,
        simd: S,
        planes: &[f32],
        extent: Extent,
        y: usize,
        to: &mut [f32],
    ) {
        let covered = Covered { stem: self, planes, extent };
        match S::F32_LANES {
            16 => covered.row::<S, 1, 16, 33>(simd, y, to),
            8 => covered.row::<S, 2, 4, 9>(simd, y, to),
            4 => covered.row::<S, 4, 2, 5>(simd, y, to),
            _ => covered.row::<S, 16, 1, 3>(simd, y, to),
        }
    }
}

/// What a row of the result covers: three rows of each plane.
#[derive(Clone, Copy)]
struct Covered<'a> {
    stem: &'a Stem,
    planes: &'a [f32],
    extent: Extent,
}

impl<'a> Covered<'a> {
    /// So many pixels at once as their sums and what they are made of fill the registers; they cover
    /// `REACH` columns.
    #[inline(always)]
    fn row<S: Simd, const VECTORS: usize, const PIXELS: usize, const REACH: usize>(
        self,
        simd: S,
        y: usize,
        to: &mut [f32],
    ) {
        let (stem, outputs) = (self.stem, self.stem.outputs);
        let (width, lines) = (to.len() / outputs, self.lines(y));
        for x in (0..width).step_by(PIXELS) {
            let pixels = &mut to[x * outputs..(x + PIXELS).min(width) * outputs];
            // Whether all columns lie within the picture.
            let start = (x * STRIDE).checked_sub(stem.before);
            let start = start.filter(|start| start + REACH <= self.extent.width);
            if let Some((lines, start)) = lines.zip(start) {
                stem.tile::<S, VECTORS, PIXELS, REACH>(simd, lines, start, pixels);
            } else {
                let copied = self.copied::<REACH>(y, x);
                let lines = copied.each_ref().map(|line| &line[..]);
                stem.tile::<S, VECTORS, PIXELS, REACH>(simd, lines, 0, pixels);
            }
        }
    }

    /// A row, if it lies within the picture.
    #[inline(always)]
    fn line(self, y: usize, line: usize) -> Option<&'a [f32]> {
        let row = (y * STRIDE + line % SIDE).checked_sub(self.stem.before)?;
        if row >= self.extent.height {
            return None;
        }
        let start = line / SIDE * self.extent.pixels() + row * self.extent.width;
        self.planes.get(start..start + self.extent.width)
    }

    /// All rows, if they lie within the picture.
    #[inline(always)]
    fn lines(self, y: usize) -> Option<[&'a [f32]; LINES]> {
        let mut lines: [&[f32]; LINES] = [&[]; LINES];
        for (at, line) in lines.iter_mut().enumerate() {
            *line = self.line(y, at)?;
        }
        Some(lines)
    }

    /// A piece of all rows at the edge, with zeros for what lies outside.
    #[inline(always)]
    fn copied<const REACH: usize>(self, y: usize, x: usize) -> [[f32; REACH]; LINES] {
        let mut windows = [[0.0; REACH]; LINES];
        for (at, window) in windows.iter_mut().enumerate() {
            let line = self.line(y, at).unwrap_or_default();
            for (column, value) in window.iter_mut().enumerate() {
                let column = (x * STRIDE + column).checked_sub(self.stem.before);
                if let Some(found) = column.and_then(|column| line.get(column)) {
                    *value = *found;
                }
            }
        }
        windows
    }
}

impl Stem {
    /// All outputs of some pixels; those beyond the end of the row are dropped.
    #[inline(always)]
    fn tile<S: Simd, const VECTORS: usize, const PIXELS: usize, const REACH: usize>(
        &self,
        simd: S,
        lines: [&[f32]; LINES],
        start: usize,
        pixels: &mut [f32],
    ) {
        let Self { outputs, weights, biases, activation, .. } = self;
        for (group, (weights, biases)) in weights.iter().zip(biases).enumerate() {
            let mut sums = [vectors::<S, VECTORS>(simd, biases); PIXELS];
            for (line, weights) in lines.iter().zip(weights.as_chunks::<SIDE>().0) {
                let values = &line[start..start + REACH];
                add_line::<S, VECTORS, PIXELS>(simd, &mut sums, values, weights);
            }
            activation.of_all(simd, sums.as_flattened_mut());
            let first = group * GROUP;
            let width = GROUP.min(outputs - first);
            if pixels.len() == PIXELS * outputs {
                store::<S, VECTORS, PIXELS>(sums, width, *outputs, &mut pixels[first..]);
            } else {
                for (at, sums) in sums.into_iter().enumerate().take(pixels.len() / outputs) {
                    let pixel = &mut pixels[at * outputs + first..];
                    store::<S, VECTORS, 1>([sums], width, *outputs, pixel);
                }
            }
        }
    }
}

/// Adds to the pixels' sums what lies in one line.
#[inline(always)]
fn add_line<S: Simd, const VECTORS: usize, const PIXELS: usize>(
    simd: S,
    sums: &mut [[S::f32s; VECTORS]; PIXELS],
    values: &[f32],
    weights: &[Group; SIDE],
) {
    for (column, weights) in weights.iter().enumerate() {
        let weights = vectors::<S, VECTORS>(simd, weights);
        for (at, sums) in sums.iter_mut().enumerate() {
            let value = simd.splat_f32s(values[at * STRIDE + column]);
            add_scaled(simd, sums, value, weights);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::with_each_instruction_set;

    #[test]
    fn each_output_sees_three_by_three_pixels_of_three_planes() {
        let wave = |at: usize| ((at * 29) % 17) as f32 / 8.0 - 1.0;
        for (extent, outputs, before) in [
            (Extent::new(8, 10), 16, 1),
            (Extent::new(5, 7), 20, 0),
            (Extent::new(1, 1), 3, 1),
            (Extent::new(6, 31), 5, 0),
            (Extent::new(7, 70), 33, 1),
        ] {
            let weights: Vec<f32> = (0..outputs * TAPS).map(wave).collect();
            let biases: Vec<f32> = (0..outputs).map(wave).collect();
            let planes: Vec<f32> =
                (0..extent.pixels() * Stem::PLANES).map(|at| wave(at + 5)).collect();
            let result = Stem::result(extent);
            let stem = Stem::new(&weights, &biases, before, Activation::Relu).unwrap();
            let by_the_book = |at: usize| {
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
                sum.max(0.0)
            };
            with_each_instruction_set(|| {
                let mut to = vec![f32::NAN; result.pixels() * outputs];
                stem.run(&planes, extent, &mut to);
                for (at, found) in to.iter().enumerate() {
                    let sum = by_the_book(at);
                    assert!((sum - found).abs() < 1e-4, "{extent:?} {at}: {found}, not {sum}");
                }
                Ok::<_, std::convert::Infallible>(())
            })
            .unwrap();
        }
    }
}
