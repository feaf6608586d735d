//! Convolutions one after the other, a few rows of the picture at a time: what lies between them stays in
//! the cache, and the widest of all tensors are never made.

use pulp::{Simd, WithSimd};

use crate::held::{self, Held, Source};
use crate::simd::dispatch;
use crate::{Buffer, Depthwise, Extent, Pointwise, Stem};

/// Pixels of the result that are made at once: enough to use weights more than once, few enough to
/// stay in the cache.
const BAND: usize = 96;

/// A convolution of 1x1, one of 3x3 within each channel, and another of 1x1; any may be missing.
///
/// Before them there may be a [`Stem`], and after them the largest of each 2x2 pixels be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    stem: Option<Stem>,
    expand: Option<Pointwise>,
    depthwise: Option<Depthwise>,
    halves: bool,
    project: Option<Pointwise>,
}

/// Space that a [`Block`] works in; what stands in it does not matter.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    held: held::Space,
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
        fits.then_some(Self { stem: None, expand, depthwise, halves: false, project })
    }

    /// The stem and this block as one: made of planes. None when they do not fit, or there is no depthwise
    /// convolution.
    pub fn after(&self, stem: &Stem) -> Option<Self> {
        let fits = self.stem.is_none() && self.depthwise.is_some();
        (fits && stem.outputs() == self.inputs())
            .then(|| Self { stem: Some(stem.clone()), ..self.clone() })
    }

    /// This block and [`crate::halve`] as one. None when nothing of it would be saved: where a depthwise
    /// convolution at a stride of 1 is not the last.
    pub fn halved(&self) -> Option<Self> {
        let fits = self.depthwise.as_ref().is_some_and(|depthwise| depthwise.stride == 1);
        (fits && self.project.is_none() && !self.halves)
            .then(|| Self { halves: true, ..self.clone() })
    }

    /// Whether it is made of three planes.
    pub const fn has_stem(&self) -> bool {
        self.stem.is_some()
    }

    /// Channels of what comes in, or planes.
    pub fn inputs(&self) -> usize {
        match (&self.stem, &self.expand, &self.depthwise, &self.project) {
            (Some(_), ..) => Stem::PLANES,
            (_, Some(first), _, _) | (_, None, None, Some(first)) => first.inputs(),
            (_, None, Some(first), _) => first.channels(),
            (_, None, None, None) => 0,
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
        let from = if self.has_stem() { Stem::result(from) } else { from };
        let result = self.depthwise.as_ref().map_or(from, |depthwise| depthwise.result(from));
        if self.halves { Extent::new(result.height / 2, result.width / 2) } else { result }
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
        assert!(add.is_empty() || block.project.is_some(), "nothing to add to");
        let seen = if block.has_stem() { Stem::result(extent) } else { extent };
        let result = depthwise.result(seen);
        let result_line = result.width * depthwise.channels();
        // Rows are made two by two.
        let height = BAND.div_ceil(result.width.max(1)).next_multiple_of(2);
        let source =
            Source { stem: block.stem.as_ref(), expand: block.expand.as_ref(), from, extent };
        let mut held = Held::new(source, seen, depthwise, height, &mut scratch.held);
        // An odd last row is dropped where the result is halved.
        let end = if block.halves { result.height / 2 * 2 } else { result.height };
        for top in (0..end).step_by(height) {
            let rows = top..(top + height).min(end);
            held.hold(simd, &rows);
            let part = |width: usize| rows.start * width..rows.end * width;
            if block.halves {
                let half = result.width / 2 * depthwise.channels();
                let to = &mut to[rows.start / 2 * half..rows.end / 2 * half];
                held.halve(simd, rows, to, &mut scratch.band);
            } else if let Some(project) = &block.project {
                scratch.band.resize(rows.len() * result_line);
                held.convolve(simd, rows.clone(), &mut scratch.band);
                let range = part(result.width * project.outputs());
                let add = if add.is_empty() { add } else { &add[range.clone()] };
                project.run_with(simd, &scratch.band, add, &mut to[range]);
            } else {
                held.convolve(simd, rows.clone(), &mut to[part(result_line)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simd::with_each_instruction_set;
    use crate::{Activation, halve};

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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn blocks_joined_with_what_is_before_and_after_them_make_the_same(
            (height, width) in (0_usize..24, 0_usize..90),
            (first, channels, before) in (channels(), channels(), 0_usize..2),
            (expands, stems, halves) in (any::<bool>(), any::<bool>(), any::<bool>()),
        ) {
            let extent = Extent::new(height, width);
            let channels = if expands { channels } else { first };
            let depthwise = Depthwise::new(
                &values(channels * 9, 3), &values(channels, 5), (1, 1), Activation::Relu,
            );
            let mixes = values(channels * first, 1);
            let expand =
                expands.then(|| Pointwise::new(&mixes, &values(channels, 4), Activation::None).unwrap());
            let stem =
                Stem::new(&values(first * 27, 8), &values(first, 9), before, Activation::Relu).unwrap();
            let block = Block::new(expand, depthwise, None).unwrap();
            let seen = if stems { Stem::result(extent) } else { extent };
            let from = values(extent.pixels() * if stems { 3 } else { first }, 7);
            let joined = if stems { block.after(&stem).unwrap() } else { block.clone() };
            let joined = if halves { joined.halved().unwrap() } else { joined };
            let mut scratch = Scratch::default();
            with_each_instruction_set(|| {
                let mut pixels = from.clone();
                if stems {
                    pixels = vec![f32::NAN; seen.pixels() * first];
                    stem.run(&from, extent, &mut pixels);
                }
                let mut expected = vec![f32::NAN; seen.pixels() * channels];
                block.run(&pixels, seen, &[], &mut expected, &mut scratch);
                if halves {
                    let whole = expected;
                    expected = vec![f32::NAN; joined.result(extent).pixels() * channels];
                    halve(&whole, seen, channels, &mut expected);
                }
                let mut to = vec![f32::NAN; expected.len()];
                joined.run(&from, extent, &[], &mut to, &mut scratch);
                prop_assert_eq!(to, expected);
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
        let whole = Block::new(pointwise(2, 3), depthwise(3), pointwise(3, 1)).unwrap();
        assert_eq!(whole.halved(), None);
        let stem = |outputs: usize| {
            Stem::new(&vec![1.0; outputs * 27], &vec![0.0; outputs], 1, Activation::None).unwrap()
        };
        assert_eq!(whole.after(&stem(3)), None);
        assert_eq!(whole.after(&stem(2)).unwrap().after(&stem(2)), None);
        assert_eq!(Block::new(pointwise(2, 3), None, None).unwrap().after(&stem(2)), None);
        let halved = Block::new(None, depthwise(3), None).unwrap().halved().unwrap();
        assert_eq!(halved.halved(), None);
    }
}
