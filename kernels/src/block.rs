//! Up to three convolutions in a row, a few rows of the picture at a time: what lies between them
//! stays in the cache, and the widest of all tensors is never made.

use pulp::{Simd, WithSimd};

use crate::depthwise::SIDE;
use crate::simd::dispatch;
use crate::{Buffer, Depthwise, Extent, Pointwise};

/// Pixels of the result that are made at once: enough to use weights more than once, few enough to
/// stay in the cache.
const BAND: usize = 96;

/// A convolution of 1x1, one of 3x3 within each channel, and another of 1x1; any may be missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    expand: Option<Pointwise>,
    depthwise: Option<Depthwise>,
    project: Option<Pointwise>,
}

/// Space that a [`Block`] works in; what stands in it does not matter.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// Rows for the depthwise convolution, expanded: row by row, each in the place of one that is no
    /// longer needed.
    rows: Buffer,
    /// A row outside the picture. Only zeros are ever in it.
    zeros: Buffer,
    /// A band after the depthwise convolution.
    band: Buffer,
}

impl Block {
    /// None when the channels of one do not fit those of the next, or all are missing.
    pub fn new(
        expand: Option<Pointwise>,
        depthwise: Option<Depthwise>,
        project: Option<Pointwise>,
    ) -> Option<Self> {
        let fits = match (&expand, &depthwise, &project) {
            (None, None, None) => false,
            (Some(expand), Some(depthwise), _) if expand.outputs() != depthwise.channels() => false,
            (_, Some(depthwise), Some(project)) => depthwise.channels() == project.inputs(),
            (Some(expand), None, Some(project)) => expand.outputs() == project.inputs(),
            (_, Some(_), None) | (Some(_), None, None) | (None, None, Some(_)) => true,
        };
        fits.then_some(Self { expand, depthwise, project })
    }

    /// Channels of what comes in.
    pub fn inputs(&self) -> usize {
        match (&self.expand, &self.depthwise, &self.project) {
            (Some(first), _, _) | (None, None, Some(first)) => first.inputs(),
            (None, Some(first), _) => first.channels(),
            (None, None, None) => 0,
        }
    }

    /// Channels of the result.
    pub fn outputs(&self) -> usize {
        match (&self.expand, &self.depthwise, &self.project) {
            (_, _, Some(last)) | (Some(last), None, None) => last.outputs(),
            (_, Some(last), None) => last.channels(),
            (None, None, None) => 0,
        }
    }

    /// The size of the result.
    pub fn result(&self, from: Extent) -> Extent {
        self.depthwise.as_ref().map_or(from, |depthwise| depthwise.result(from))
    }

    /// Convolves `from`, a picture of `extent`, into `to`. What stands in `add` (as `to`, or empty)
    /// is added to the result of the last 1x1 convolution.
    ///
    /// # Panics
    /// When the lengths do not fit, or there is something to add and no last 1x1 convolution.
    pub fn run(
        &self,
        from: &[f32],
        extent: Extent,
        add: &[f32],
        to: &mut [f32],
        scratch: &mut Scratch,
    ) {
        assert_eq!(from.len(), extent.pixels() * self.inputs(), "not a picture of that size");
        assert_eq!(
            to.len(),
            self.result(extent).pixels() * self.outputs(),
            "not the result's size"
        );
        dispatch(Run { block: self, from, extent, add, to, scratch });
    }
}

struct Run<'a> {
    block: &'a Block,
    from: &'a [f32],
    extent: Extent,
    add: &'a [f32],
    to: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match (&self.block.expand, &self.block.depthwise, &self.block.project) {
            (_, Some(depthwise), _) => self.bands(simd, depthwise),
            (Some(only), None, None) | (None, None, Some(only)) => {
                only.run_with(simd, self.from, self.add, self.to);
            }
            (Some(expand), None, Some(project)) => {
                let between = self.extent.pixels() * expand.outputs();
                self.scratch.band.resize(between);
                expand.run_with(simd, self.from, &[], &mut self.scratch.band);
                project.run_with(simd, &self.scratch.band, self.add, self.to);
            }
            (None, None, None) => {}
        }
    }
}

impl Run<'_> {
    #[inline(always)]
    fn bands<S: Simd>(self, simd: S, depthwise: &Depthwise) {
        let Self { block, from, extent, add, to, scratch } = self;
        let (project, channels) = (&block.project, depthwise.channels());
        assert!(add.is_empty() || project.is_some(), "nothing to add to");
        let result = depthwise.result(extent);
        let (line, result_line) = (extent.width * channels, result.width * channels);
        let height = BAND.div_ceil(result.width.max(1)).min(result.height).max(1);
        let slots = (height - 1) * depthwise.stride + SIDE;
        scratch.zeros.resize(line);
        if project.is_some() {
            scratch.band.resize(height * result_line);
        }
        if block.expand.is_some() {
            scratch.rows.resize(slots * line);
        }
        let mut held =
            Held { expand: block.expand.as_ref(), from, extent, line, slots, rows: 0..0 };
        for top in (0..result.height).step_by(height) {
            let rows = top..(top + height).min(result.height);
            let first = (rows.start * depthwise.stride).saturating_sub(depthwise.before);
            let last = (rows.end - 1) * depthwise.stride + SIDE - depthwise.before;
            held.hold(simd, first..last.min(extent.height), &mut scratch.rows);
            let range = |outputs: usize| {
                rows.start * result.width * outputs..rows.end * result.width * outputs
            };
            let band = match project {
                Some(_) => &mut scratch.band[..rows.len() * result_line],
                None => &mut to[range(channels)],
            };
            for (y, line) in rows.clone().zip(band.chunks_exact_mut(result_line)) {
                let covered: [&[f32]; SIDE] = std::array::from_fn(|row| {
                    let row = (y * depthwise.stride + row).checked_sub(depthwise.before);
                    let row = row.and_then(|row| held.row(row, &scratch.rows));
                    row.unwrap_or(&scratch.zeros)
                });
                depthwise.row(simd, covered, line);
            }
            if let Some(project) = project {
                let range = range(project.outputs());
                let add = if add.is_empty() { add } else { &add[range.clone()] };
                project.run_with(
                    simd,
                    &scratch.band[..rows.len() * result_line],
                    add,
                    &mut to[range],
                );
            }
        }
    }
}

/// The rows that the depthwise convolution covers just now.
struct Held<'a> {
    expand: Option<&'a Pointwise>,
    from: &'a [f32],
    extent: Extent,
    line: usize,
    slots: usize,
    rows: std::ops::Range<usize>,
}

impl Held<'_> {
    /// Makes the rows of `wanted` that are not there yet, at most as many as there are slots. Ranges
    /// only move downwards.
    #[inline(always)]
    fn hold<S: Simd>(&mut self, simd: S, wanted: std::ops::Range<usize>, space: &mut [f32]) {
        let Some(expand) = self.expand else { return };
        let inputs = self.extent.width * expand.inputs();
        let mut row = self.rows.end.max(wanted.start);
        while row < wanted.end {
            let slot = row % self.slots;
            let end = wanted.end.min(row + self.slots - slot);
            let target = slot * self.line..(slot + end - row) * self.line;
            expand.run_with(simd, &self.from[row * inputs..end * inputs], &[], &mut space[target]);
            row = end;
        }
        self.rows = wanted;
    }

    /// A row, if it lies within the picture.
    #[inline(always)]
    fn row<'b>(&'b self, row: usize, space: &'b [f32]) -> Option<&'b [f32]> {
        if row >= self.extent.height {
            return None;
        }
        let (rows, row) = match self.expand {
            Some(_) => (space, row % self.slots),
            None => (self.from, row),
        };
        rows.get(row * self.line..(row + 1) * self.line)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Activation;
    use crate::simd::with_each_instruction_set;

    fn wave(at: usize, seed: usize) -> f32 {
        ((at * 31 + seed * 7) % 23) as f32 / 11.0 - 1.0
    }

    fn values(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|at| wave(at, seed)).collect()
    }

    /// Few, or such as there is a loop of its own for.
    fn channels() -> impl Strategy<Value = usize> {
        prop_oneof![4 => 1_usize..20, 1 => prop::sample::select(vec![16, 32, 48, 64])]
    }

    /// The same by the book: one output after the other, in double precision.
    fn mixed(from: &[f64], weights: &[f32], biases: &[f32]) -> Vec<f64> {
        let inputs = weights.len() / biases.len();
        let pixel = |pixel: &[f64]| -> Vec<f64> {
            let output = |(weights, bias): (&[f32], &f32)| {
                let terms =
                    pixel.iter().zip(weights).map(|(value, weight)| value * f64::from(*weight));
                terms.sum::<f64>() + f64::from(*bias)
            };
            weights.chunks_exact(inputs).zip(biases).map(output).collect()
        };
        from.chunks_exact(inputs).flat_map(pixel).collect()
    }

    fn filtered(
        from: &[f64],
        extent: Extent,
        (weights, biases): (&[f32], &[f32]),
        (stride, before): (usize, usize),
    ) -> Vec<f64> {
        let channels = biases.len();
        let side = |side: usize| side.div_ceil(stride);
        let mut to = Vec::new();
        for (y, x) in
            (0..side(extent.height)).flat_map(|y| (0..side(extent.width)).map(move |x| (y, x)))
        {
            for channel in 0..channels {
                let mut sum = f64::from(biases[channel]);
                for tap in 0..9 {
                    let row = (y * stride + tap / 3).checked_sub(before);
                    let column = (x * stride + tap % 3).checked_sub(before);
                    let row = row.filter(|row| *row < extent.height);
                    let column = column.filter(|column| *column < extent.width);
                    let at = row.zip(column).map(|(row, column)| row * extent.width + column);
                    let value = at.map_or(0.0, |at| from[at * channels + channel]);
                    sum += value * f64::from(weights[channel * 9 + tap]);
                }
                to.push(sum.clamp(0.0, 6.0));
            }
        }
        to
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn bands_of_rows_make_what_whole_pictures_make(
            (height, width) in (1_usize..24, 1_usize..30),
            (inputs, channels, outputs) in (channels(), channels(), channels()),
            shape in prop::sample::select(vec![(1, 1), (2, 0), (2, 1)]),
            (expands, projects) in (any::<bool>(), any::<bool>()),
        ) {
            let extent = Extent::new(height, width);
            let inputs = if expands { inputs } else { channels };
            let (wide, narrow) = (values(channels * inputs, 1), values(outputs * channels, 2));
            let taps = values(channels * 9, 3);
            let (a, b, c) = (values(channels, 4), values(channels, 5), values(outputs, 6));
            let from = values(extent.pixels() * inputs, 7);
            let block = Block::new(
                expands.then(|| Pointwise::new(&wide, &a, Activation::None).unwrap()),
                Depthwise::new(&taps, &b, shape, Activation::Relu6),
                projects.then(|| Pointwise::new(&narrow, &c, Activation::None).unwrap()),
            ).unwrap();
            let mut expected: Vec<f64> = from.iter().copied().map(f64::from).collect();
            if expands {
                expected = mixed(&expected, &wide, &a);
            }
            expected = filtered(&expected, extent, (&taps, &b), shape);
            let mut add = Vec::new();
            if projects {
                expected = mixed(&expected, &narrow, &c);
                add = values(expected.len(), 8);
                for (sum, more) in expected.iter_mut().zip(&add) {
                    *sum += f64::from(*more);
                }
            }
            // Again and again with the same space: what stands in it must not matter.
            let mut scratch = Scratch::default();
            with_each_instruction_set(|| {
                let mut to = vec![f32::NAN; expected.len()];
                block.run(&from, extent, &add, &mut to, &mut scratch);
                for (found, expected) in to.iter().zip(&expected) {
                    prop_assert!((f64::from(*found) - expected).abs() < 1e-3, "{found}, not {expected}");
                }
                Ok(())
            })?;
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let pointwise = |inputs: usize, outputs: usize| {
            Pointwise::new(&vec![1.0; inputs * outputs], &vec![0.0; outputs], Activation::None)
        };
        let depthwise = |channels: usize| {
            Depthwise::new(&vec![1.0; channels * 9], &vec![0.0; channels], (1, 1), Activation::None)
        };
        assert_eq!(Block::new(None, None, None), None);
        assert_eq!(Block::new(pointwise(2, 3), depthwise(2), None), None);
        assert_eq!(Block::new(pointwise(2, 3), depthwise(3), pointwise(4, 1)), None);
        assert_eq!(Block::new(pointwise(2, 3), None, pointwise(4, 1)), None);
        assert!(Block::new(pointwise(2, 3), depthwise(3), pointwise(3, 1)).is_some());
    }
}
