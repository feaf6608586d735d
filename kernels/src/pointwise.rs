//! A convolution of 1x1: each pixel's channels, mixed.

use pulp::{Simd, WithSimd};

use crate::simd::{
    Activation, GROUP, Group, add_more, add_scaled, dispatch, grouped, put_group, store,
};

/// Pixels at once where there are too few for more.
const FEW: usize = 4;

/// The weights of a 1x1 convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Pointwise {
    inputs: usize,
    outputs: usize,
    /// For each 16 outputs, the last ones filled up with zeros: `inputs` rows of 16.
    panels: Vec<Group>,
    biases: Vec<Group>,
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
        let mut panels = vec![Group([0.0; GROUP]); outputs.div_ceil(GROUP) * inputs];
        let rows = weights.chunks(inputs * GROUP);
        for (panel, rows) in panels.chunks_exact_mut(inputs).zip(rows) {
            for (lane, row) in rows.chunks_exact(inputs).enumerate() {
                for (Group(values), weight) in panel.iter_mut().zip(row) {
                    values[lane] = *weight;
                }
            }
        }
        let biases = grouped(outputs, |output| biases[output]).collect();
        Some(Self { inputs, outputs, panels, biases, activation })
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

    /// See [`Self::run`]. Compiled once, wherever it is called.
    #[inline(always)]
    pub(crate) fn run_with<S: Simd>(&self, simd: S, from: &[f32], add: &[f32], to: &mut [f32]) {
        simd.vectorize(Run { layer: self, from, add, to });
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
    fn with_simd<S: Simd>(mut self, simd: S) {
        let Pointwise { inputs, outputs, .. } = *self.layer;
        let pixels = self.from.len() / inputs;
        assert!(self.from.len() == pixels * inputs && self.to.len() == pixels * outputs);
        assert!(self.add.is_empty() || self.add.len() == self.to.len());
        // As many sums as the registers hold, beside what they are made of. Several groups at once read
        // each value for several times as many sums.
        let groups = outputs.div_ceil(GROUP);
        let mut first = 0;
        if S::F32_LANES == GROUP {
            if groups % 2 == 1 && groups >= 3 {
                self.groups::<S, 3, 3, 8>(simd, first);
                first += 3;
            }
            while groups - first >= 2 {
                self.groups::<S, 2, 2, 12>(simd, first);
                first += 2;
            }
        }
        for first in first..groups {
            match S::F32_LANES {
                16 => self.groups::<S, 1, 1, 20>(simd, first),
                8 => self.groups::<S, 1, 2, 6>(simd, first),
                4 => self.groups::<S, 1, 4, 2>(simd, first),
                _ => self.groups::<S, 1, 16, 1>(simd, first),
            }
        }
    }
}

impl Run<'_> {
    /// Some groups of outputs, in so many vectors. Where the compiler knows the number of inputs, it
    /// needs no register for each pixel.
    #[inline(always)]
    fn groups<S: Simd, const GROUPS: usize, const VECTORS: usize, const PIXELS: usize>(
        &mut self,
        simd: S,
        first: usize,
    ) {
        match self.layer.inputs {
            16 => self.pixels::<S, GROUPS, VECTORS, PIXELS>(simd, first, 16),
            32 => self.pixels::<S, GROUPS, VECTORS, PIXELS>(simd, first, 32),
            64 => self.pixels::<S, GROUPS, VECTORS, PIXELS>(simd, first, 64),
            inputs => self.pixels::<S, GROUPS, VECTORS, PIXELS>(simd, first, inputs),
        }
    }

    #[inline(always)]
    fn pixels<S: Simd, const GROUPS: usize, const VECTORS: usize, const PIXELS: usize>(
        &mut self,
        simd: S,
        first: usize,
        inputs: usize,
    ) {
        let pixels = self.from.len() / inputs;
        if pixels >= PIXELS {
            for pixel in (0..pixels).step_by(PIXELS) {
                // The last tile may overlap the one before: the same is computed twice.
                let pixel = pixel.min(pixels - PIXELS);
                self.tile::<S, GROUPS, VECTORS, PIXELS>(simd, first, pixel, inputs);
            }
        } else if PIXELS > FEW && pixels >= FEW {
            for pixel in (0..pixels).step_by(FEW) {
                let pixel = pixel.min(pixels - FEW);
                self.tile::<S, GROUPS, VECTORS, FEW>(simd, first, pixel, inputs);
            }
        } else {
            for pixel in 0..pixels {
                self.tile::<S, GROUPS, VECTORS, 1>(simd, first, pixel, inputs);
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const GROUPS: usize, const VECTORS: usize, const PIXELS: usize>(
        &mut self,
        simd: S,
        first: usize,
        pixel: usize,
        inputs: usize,
    ) {
        let Pointwise { outputs, panels, biases, activation, .. } = self.layer;
        let from = &self.from[pixel * inputs..(pixel + PIXELS) * inputs];
        let mut rows: [&[f32]; PIXELS] = [&[]; PIXELS];
        for (row, values) in rows.iter_mut().zip(from.chunks_exact(inputs)) {
            *row = values;
        }
        let mut panel: [&[Group]; GROUPS] = [&[]; GROUPS];
        let mut bias = [simd.splat_f32s(0.0); VECTORS];
        for (at, panel) in panel.iter_mut().enumerate() {
            *panel = &panels[(first + at) * inputs..(first + at + 1) * inputs];
            put_group::<S, VECTORS>(&biases[first + at], at, &mut bias);
        }
        let mut sums = [bias; PIXELS];
        for input in 0..inputs {
            let mut weights = [simd.splat_f32s(0.0); VECTORS];
            for (at, panel) in panel.iter().enumerate() {
                put_group::<S, VECTORS>(&panel[input], at, &mut weights);
            }
            for (sums, row) in sums.iter_mut().zip(rows) {
                let value = simd.splat_f32s(row[input]);
                add_scaled(simd, sums, value, weights);
            }
        }
        let width = (GROUPS * GROUP).min(outputs - first * GROUP);
        let start = pixel * outputs + first * GROUP;
        if !self.add.is_empty() {
            add_more::<S, VECTORS, PIXELS>(simd, &mut sums, width, *outputs, &self.add[start..]);
        }
        activation.of_all(simd, sums.as_flattened_mut());
        store::<S, VECTORS, PIXELS>(sums, width, *outputs, &mut self.to[start..]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simd::with_each_instruction_set;

    proptest! {
        #[test]
        fn each_output_is_the_weighted_sum_of_its_pixels_channels(
            pixels in 0_usize..40, inputs in 1_usize..70, outputs in 1_usize..70, seed in 0_u32..9,
        ) {
            let wave = |at: usize| ((at as u32 * 31 + seed) % 19) as f32 / 8.0 - 1.0;
            let values = |count: usize, from: usize| (0..count).map(|at| wave(at + from)).collect::<Vec<_>>();
            let (weights, biases) = (values(inputs * outputs, 3), values(outputs, 7));
            let (from, add) = (values(pixels * inputs, 0), values(pixels * outputs, 5));
            let layer = Pointwise::new(&weights, &biases, Activation::Relu).unwrap();
            for add in [&add[..], &[]] {
                with_each_instruction_set(|| {
                    let mut to = vec![f32::NAN; pixels * outputs];
                    layer.run(&from, add, &mut to);
                    for (at, found) in to.iter().enumerate() {
                        let (pixel, output) = (at / outputs, at % outputs);
                        let terms = (0..inputs)
                            .map(|k| from[pixel * inputs + k] * weights[output * inputs + k]);
                        let sum = terms.sum::<f32>() + biases[output] + add.get(at).unwrap_or(&0.0);
                        prop_assert!((sum.max(0.0) - found).abs() < 1e-3, "{at}: {found}, not {sum}");
                    }
                    Ok(())
                })?;
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
