//! A convolution of 1x1: each pixel's channels, mixed.

use pulp::{Simd, WithSimd};

use crate::simd::{Activation, GROUP, add_scaled, dispatch, grouped, store, vectors};

/// The weights of a 1x1 convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Pointwise {
    inputs: usize,
    outputs: usize,
    /// For each 16 outputs, the last ones filled up with zeros: `inputs` rows of 16.
    panels: Vec<[f32; GROUP]>,
    biases: Vec<[f32; GROUP]>,
    activation: Activation,
}

impl Pointwise {
    /// `weights` are `biases.len()` rows of one value for each input.
    ///
    /// None when they are not.
    pub fn new(weights: &[f32], biases: &[f32], activation: Activation) -> Option<Self> {
        let outputs = biases.len();
        let inputs = weights.len().checked_div(outputs)?;
        if inputs == 0 || weights.len() != inputs * outputs {
            return None;
        }
        let by_input: Vec<Vec<_>> = (0..inputs)
            .map(|input| grouped(outputs, |output| weights[output * inputs + input]).collect())
            .collect();
        let groups = outputs.div_ceil(GROUP);
        let panels = (0..groups).flat_map(|group| by_input.iter().map(move |row| row[group]));
        let biases = grouped(outputs, |output| biases[output]).collect();
        Some(Self { inputs, outputs, panels: panels.collect(), biases, activation })
    }

    pub const fn inputs(&self) -> usize {
        self.inputs
    }

    pub const fn outputs(&self) -> usize {
        self.outputs
    }

    /// Convolves all pixels of `from` into `to`. What stands in `add` (as `to`, or empty) is added
    /// before the activation.
    ///
    /// # Panics
    /// When the lengths do not fit.
    pub fn run(&self, from: &[f32], add: &[f32], to: &mut [f32]) {
        dispatch(Run { layer: self, from, add, to });
    }

    /// See [`Self::run`].
    #[inline(always)]
    pub(crate) fn run_with<S: Simd>(&self, simd: S, from: &[f32], add: &[f32], to: &mut [f32]) {
        let pixels = from.len() / self.inputs;
        assert!(from.len() == pixels * self.inputs && to.len() == pixels * self.outputs);
        assert!(add.is_empty() || add.len() == to.len());
        // As many sums as the registers hold, beside what they are made of.
        match S::F32_LANES {
            16 => self.tiles::<S, 1, 8>(simd, pixels, from, add, to),
            8 => self.tiles::<S, 2, 6>(simd, pixels, from, add, to),
            4 => self.tiles::<S, 4, 2>(simd, pixels, from, add, to),
            _ => self.tiles::<S, 16, 1>(simd, pixels, from, add, to),
        }
    }

    #[inline(always)]
    fn tiles<S: Simd, const VECTORS: usize, const PIXELS: usize>(
        &self,
        simd: S,
        pixels: usize,
        from: &[f32],
        add: &[f32],
        to: &mut [f32],
    ) {
        let panels = self.panels.chunks_exact(self.inputs).zip(&self.biases);
        for ((panel, biases), first) in panels.zip((0..self.outputs).step_by(GROUP)) {
            let tile = Tile { layer: self, panel, biases, first };
            if pixels >= PIXELS {
                for pixel in (0..pixels).step_by(PIXELS) {
                    // The last tile may overlap the one before: the same is computed twice.
                    let pixel = pixel.min(pixels - PIXELS);
                    tile.run::<S, VECTORS, PIXELS>(simd, pixel, from, add, to);
                }
            } else {
                for pixel in 0..pixels {
                    tile.run::<S, VECTORS, 1>(simd, pixel, from, add, to);
                }
            }
        }
    }
}

struct Run<'a> {
    layer: &'a Pointwise,
    from: &'a [f32],
    add: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.layer.run_with(simd, self.from, self.add, self.to);
    }
}

/// A group of outputs for some pixels.
#[derive(Clone, Copy)]
struct Tile<'a> {
    layer: &'a Pointwise,
    panel: &'a [[f32; GROUP]],
    biases: &'a [f32; GROUP],
    first: usize,
}

impl Tile<'_> {
    #[inline(always)]
    fn run<S: Simd, const VECTORS: usize, const PIXELS: usize>(
        self,
        simd: S,
        pixel: usize,
        from: &[f32],
        add: &[f32],
        to: &mut [f32],
    ) {
        let (inputs, outputs) = (self.layer.inputs, self.layer.outputs);
        let rows: [&[f32]; PIXELS] =
            std::array::from_fn(|at| &from[(pixel + at) * inputs..][..inputs]);
        let mut sums = [vectors::<S, VECTORS>(simd, self.biases); PIXELS];
        for (input, weights) in self.panel[..inputs].iter().enumerate() {
            let weights = vectors::<S, VECTORS>(simd, weights);
            for (sums, row) in sums.iter_mut().zip(rows) {
                let value = simd.splat_f32s(row[input]);
                add_scaled(simd, sums, value, weights);
            }
        }
        let width = GROUP.min(outputs - self.first);
        for (at, mut sums) in sums.into_iter().enumerate() {
            let start = (pixel + at) * outputs + self.first;
            if !add.is_empty() {
                let mut more = [0.0; GROUP];
                more[..width].copy_from_slice(&add[start..start + width]);
                for (sum, more) in sums.iter_mut().zip(vectors::<S, VECTORS>(simd, &more)) {
                    *sum = simd.add_f32s(*sum, more);
                }
            }
            for sum in &mut sums {
                *sum = self.layer.activation.of(simd, *sum);
            }
            store::<S, VECTORS>(sums, &mut to[start..start + width]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_output_is_the_weighted_sum_of_its_pixels_channels(
            pixels in 0_usize..20, inputs in 1_usize..40, outputs in 1_usize..40, seed in 0_u32..9,
        ) {
            let wave = |at: usize| ((at as u32 * 31 + seed) % 19) as f32 / 8.0 - 1.0;
            let values = |count: usize, from: usize| (0..count).map(|at| wave(at + from)).collect::<Vec<_>>();
            let (weights, biases) = (values(inputs * outputs, 3), values(outputs, 7));
            let (from, add) = (values(pixels * inputs, 0), values(pixels * outputs, 5));
            let layer = Pointwise::new(&weights, &biases, Activation::Relu).unwrap();
            for add in [&add[..], &[]] {
                let mut to = vec![f32::NAN; pixels * outputs];
                layer.run(&from, add, &mut to);
                for (at, found) in to.iter().enumerate() {
                    let (pixel, output) = (at / outputs, at % outputs);
                    let terms = (0..inputs).map(|k| from[pixel * inputs + k] * weights[output * inputs + k]);
                    let sum = terms.sum::<f32>() + biases[output] + add.get(at).unwrap_or(&0.0);
                    prop_assert!((sum.max(0.0) - found).abs() < 1e-3, "{at}: {found}, not {sum}");
                }
            }
        }
    }

    #[test]
    fn weights_that_do_not_fit_their_biases_are_refused() {
        assert_eq!(Pointwise::new(&[1.0; 5], &[0.0; 2], Activation::None), None);
        assert_eq!(Pointwise::new(&[], &[], Activation::None), None);
        assert_eq!(Pointwise::new(&[], &[0.0], Activation::None), None);
    }
}
