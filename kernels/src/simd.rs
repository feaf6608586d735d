//! What all loops share: the choice of instructions, and the arithmetic that depends on it.

use pulp::{Simd, WithSimd};

/// Weights are packed in groups of so many outputs: a cache line, whatever the registers hold.
pub(crate) const GROUP: usize = 16;

/// Runs `work` with the best instructions of this processor.
pub(crate) fn dispatch<W: WithSimd>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        use pulp::x86::{V2, V3, V4};
        if let Some(simd) = V4::try_new() {
            Simd::vectorize(simd, work)
        } else if let Some(simd) = V3::try_new() {
            Simd::vectorize(simd, work)
        } else if let Some(simd) = V2::try_new() {
            Simd::vectorize(simd, work)
        } else {
            Simd::vectorize(pulp::Scalar, work)
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    pulp::Arch::new().dispatch(work)
}

/// `a * b + c`, in one instruction where there is one.
#[inline(always)]
pub(crate) fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    // Without the instruction, `mul_add_e` is a call into the C library for each value.
    if cfg!(target_arch = "x86_64") && S::F32_LANES <= 4 {
        simd.add_f32s(simd.mul_f32s(a, b), c)
    } else {
        simd.mul_add_e_f32s(a, b, c)
    }
}

/// Adds to each sum its weight, times one value.
#[inline(always)]
pub(crate) fn add_scaled<S: Simd, const VECTORS: usize>(
    simd: S,
    sums: &mut [S::f32s; VECTORS],
    value: S::f32s,
    weights: [S::f32s; VECTORS],
) {
    for (sum, weight) in sums.iter_mut().zip(weights) {
        *sum = multiply_add(simd, value, weight, *sum);
    }
}

/// A group as vectors. Loops here and there hold no closures: what is called in one would not be
/// compiled for the instruction set that was picked.
#[inline(always)]
pub(crate) fn vectors<S: Simd, const VECTORS: usize>(
    simd: S,
    values: &[f32; GROUP],
) -> [S::f32s; VECTORS] {
    let mut vectors = [simd.splat_f32s(0.0); VECTORS];
    for (vector, values) in vectors.iter_mut().zip(S::as_simd_f32s(values).0) {
        *vector = *values;
    }
    vectors
}

/// Writes as many values of a group as there is room for.
#[inline(always)]
pub(crate) fn store<S: Simd, const VECTORS: usize>(values: [S::f32s; VECTORS], to: &mut [f32]) {
    if let Some(whole) = to.first_chunk_mut::<GROUP>() {
        put::<S, VECTORS>(values, whole);
    } else {
        let mut group = [0.0; GROUP];
        put::<S, VECTORS>(values, &mut group);
        for (to, value) in to.iter_mut().zip(group) {
            *to = value;
        }
    }
}

#[inline(always)]
fn put<S: Simd, const VECTORS: usize>(values: [S::f32s; VECTORS], to: &mut [f32; GROUP]) {
    let (vectors, _) = S::as_mut_simd_f32s(to);
    for (to, value) in vectors.iter_mut().zip(values) {
        *to = value;
    }
}

/// Values in groups, the last one filled up with zeros.
pub(crate) fn grouped(
    count: usize,
    value: impl Fn(usize) -> f32,
) -> impl Iterator<Item = [f32; GROUP]> {
    let value = move |at| if at < count { value(at) } else { 0.0 };
    (0..count).step_by(GROUP).map(move |first| std::array::from_fn(|lane| value(first + lane)))
}

/// What follows a convolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activation {
    #[default]
    None,
    /// Nothing below 0.
    Relu,
    /// Nothing below 0 or above 6.
    Relu6,
    /// x * clamp(x + 3, 0, 6) / 6.
    HardSwish,
}

impl Activation {
    #[inline(always)]
    pub(crate) fn of<S: Simd>(self, simd: S, values: S::f32s) -> S::f32s {
        let zero = simd.splat_f32s(0.0);
        match self {
            Self::None => values,
            Self::Relu => simd.max_f32s(values, zero),
            Self::Relu6 => simd.min_f32s(simd.max_f32s(values, zero), simd.splat_f32s(6.0)),
            Self::HardSwish => {
                let moved = simd.add_f32s(values, simd.splat_f32s(3.0));
                let gate = simd.min_f32s(simd.max_f32s(moved, zero), simd.splat_f32s(6.0));
                simd.mul_f32s(values, simd.mul_f32s(gate, simd.splat_f32s(1.0 / 6.0)))
            }
        }
    }

    pub(crate) fn of_one(self, value: f32) -> f32 {
        match self {
            Self::None => value,
            Self::Relu => value.max(0.0),
            Self::Relu6 => value.clamp(0.0, 6.0),
            Self::HardSwish => value * ((value + 3.0).clamp(0.0, 6.0) * (1.0 / 6.0)),
        }
    }
}
