//! What all loops share: the choice of instructions, and the arithmetic that depends on it.

use pulp::{Simd, WithSimd};

/// Weights are packed in groups of so many outputs: a cache line, whatever the registers hold.
pub(crate) const GROUP: usize = 16;

/// So many groups are made at once, at most.
const MOST_GROUPS: usize = 3;

/// Weights of a group, in one cache line.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub(crate) struct Group(pub(crate) [f32; GROUP]);

/// Runs `work` with the best instructions of this processor.
pub(crate) fn dispatch<W: WithSimd>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        use pulp::x86::{V2, V3, V4};
        let allowed = allowed();
        if let Some(simd) = V4::try_new().filter(|_| allowed >= 4) {
            Simd::vectorize(simd, work)
        } else if let Some(simd) = V3::try_new().filter(|_| allowed >= 3) {
            Simd::vectorize(simd, work)
        } else if let Some(simd) = V2::try_new().filter(|_| allowed >= 2) {
            Simd::vectorize(simd, work)
        } else {
            Simd::vectorize(pulp::Scalar, work)
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    pulp::Arch::new().dispatch(work)
}

/// The best level of x86-64 that is used; 1 is what has no vectors for us.
#[cfg(all(target_arch = "x86_64", not(test)))]
const fn allowed() -> usize {
    4
}

#[cfg(test)]
thread_local! {
    static ALLOWED: std::cell::Cell<usize> = const { std::cell::Cell::new(4) };
}

#[cfg(all(target_arch = "x86_64", test))]
fn allowed() -> usize {
    ALLOWED.get()
}

/// Runs a test with each of the instruction sets that the processor has.
#[cfg(test)]
pub(crate) fn with_each_instruction_set<E>(
    mut test: impl FnMut() -> Result<(), E>,
) -> Result<(), E> {
    for level in 1..=4 {
        ALLOWED.set(level);
        test()?;
    }
    Ok(())
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
    Group(values): &Group,
) -> [S::f32s; VECTORS] {
    let mut vectors = [simd.splat_f32s(0.0); VECTORS];
    for (vector, values) in vectors.iter_mut().zip(S::as_simd_f32s(values).0) {
        *vector = *values;
    }
    vectors
}

/// Writes a group's vectors to their place among those of several.
#[inline(always)]
pub(crate) fn put_group<S: Simd, const VECTORS: usize>(
    Group(values): &Group,
    place: usize,
    vectors: &mut [S::f32s; VECTORS],
) {
    let (values, _) = S::as_simd_f32s(values);
    for (vector, values) in vectors[place * values.len()..].iter_mut().zip(values) {
        *vector = *values;
    }
}

/// Writes the vectors of pixels whose first values lie `apart`; only `width` values of each, when that
/// is less.
#[inline(always)]
pub(crate) fn store<S: Simd, const VECTORS: usize, const PIXELS: usize>(
    sums: [[S::f32s; VECTORS]; PIXELS],
    width: usize,
    apart: usize,
    to: &mut [f32],
) {
    if width == VECTORS * S::F32_LANES {
        for (at, sums) in sums.iter().enumerate() {
            put::<S, VECTORS>(sums, &mut to[at * apart..at * apart + width]);
        }
        return;
    }
    // What is looped over by a length that is not known would have to lie in memory all the time.
    let mut whole = [[0.0; MOST_GROUPS * GROUP]; PIXELS];
    for (whole, sums) in whole.iter_mut().zip(&sums) {
        put::<S, VECTORS>(sums, whole);
    }
    for (to, whole) in to.chunks_mut(apart).zip(&whole) {
        to[..width].copy_from_slice(&whole[..width]);
    }
}

#[inline(always)]
fn put<S: Simd, const VECTORS: usize>(values: &[S::f32s; VECTORS], to: &mut [f32]) {
    let (vectors, _) = S::as_mut_simd_f32s(to);
    for (to, value) in vectors.iter_mut().zip(values) {
        *to = *value;
    }
}

/// Adds to the vectors what stands where [`store`] would write them.
#[inline(always)]
pub(crate) fn add_more<S: Simd, const VECTORS: usize, const PIXELS: usize>(
    simd: S,
    sums: &mut [[S::f32s; VECTORS]; PIXELS],
    width: usize,
    apart: usize,
    more: &[f32],
) {
    if width == VECTORS * S::F32_LANES {
        for (at, sums) in sums.iter_mut().enumerate() {
            add::<S, VECTORS>(simd, sums, &more[at * apart..at * apart + width]);
        }
        return;
    }
    let mut whole = [[0.0; MOST_GROUPS * GROUP]; PIXELS];
    for (whole, more) in whole.iter_mut().zip(more.chunks(apart)) {
        whole[..width].copy_from_slice(&more[..width]);
    }
    for (sums, whole) in sums.iter_mut().zip(&whole) {
        add::<S, VECTORS>(simd, sums, whole);
    }
}

#[inline(always)]
fn add<S: Simd, const VECTORS: usize>(simd: S, sums: &mut [S::f32s; VECTORS], more: &[f32]) {
    for (sum, more) in sums.iter_mut().zip(S::as_simd_f32s(more).0) {
        *sum = simd.add_f32s(*sum, *more);
    }
}

/// Values in groups, the last one filled up with zeros.
pub(crate) fn grouped(count: usize, value: impl Fn(usize) -> f32) -> impl Iterator<Item = Group> {
    let value = move |at| if at < count { value(at) } else { 0.0 };
    (0..count)
        .step_by(GROUP)
        .map(move |first| Group(std::array::from_fn(|lane| value(first + lane))))
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
    /// Of each vector.
    #[inline(always)]
    pub(crate) fn of_all<S: Simd>(self, simd: S, sums: &mut [S::f32s]) {
        // Each kind by a loop of its own: so none has to ask for each vector.
        match self {
            Self::None => {}
            Self::Relu => {
                for sum in sums {
                    *sum = Self::Relu.of(simd, *sum);
                }
            }
            Self::Relu6 => {
                for sum in sums {
                    *sum = Self::Relu6.of(simd, *sum);
                }
            }
            Self::HardSwish => {
                for sum in sums {
                    *sum = Self::HardSwish.of(simd, *sum);
                }
            }
        }
    }

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
