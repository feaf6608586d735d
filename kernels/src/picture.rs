//! What comes before a network: bytes become numbers, rows become shorter, brightness and colour become
//! red, green and blue.

use pulp::{Simd, WithSimd};

use crate::simd::dispatch;

/// Writes bytes times `weight` to `sum`, or adds them to it; as many as there are in both.
pub fn weigh(bytes: &[u8], weight: f32, add: bool, sum: &mut [f32]) {
    dispatch(Weigh { bytes, weight, add, sum });
}

struct Weigh<'a> {
    bytes: &'a [u8],
    weight: f32,
    add: bool,
    sum: &'a mut [f32],
}

impl WithSimd for Weigh<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { bytes, weight, add, sum } = self;
        if add {
            for (sum, byte) in sum.iter_mut().zip(bytes) {
                *sum += f32::from(*byte) * weight;
            }
        } else {
            for (sum, byte) in sum.iter_mut().zip(bytes) {
                *sum = f32::from(*byte) * weight;
            }
        }
    }
}

/// The means of each `SIDE` values, one after the other.
pub fn means<const SIDE: usize>(values: &[f32], to: &mut [f32]) {
    dispatch(Means::<SIDE> { values, to });
}

struct Means<'a, const SIDE: usize> {
    values: &'a [f32],
    to: &'a mut [f32],
}

impl<const SIDE: usize> WithSimd for Means<'_, SIDE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let share = 1.0 / SIDE as f32;
        for (to, values) in self.to.iter_mut().zip(self.values.as_chunks::<SIDE>().0) {
            let mut sum = 0.0;
            for value in values {
                sum += value * share;
            }
            *to = sum;
        }
    }
}

/// Takes noise off a plane, in place: each value becomes the mean with its neighbours.
///
/// They are weighed 1 2 1 along rows and along columns. Rows are `stride` values apart, of which the first `width` are
/// the picture; what lies beyond its edge counts as the edge. `space` is worked in.
pub fn smooth(plane: &mut [f32], width: usize, stride: usize, space: &mut Vec<f32>) {
    if width == 0 || stride < width {
        return;
    }
    space.resize(3 * width, 0.0);
    dispatch(Smooth { plane, width, stride, space });
}

struct Smooth<'a> {
    plane: &'a mut [f32],
    width: usize,
    stride: usize,
    space: &'a mut [f32],
}

impl WithSimd for Smooth<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { plane, width, stride, space } = self;
        let rows = plane.len() / stride;
        let (mut above, rest) = space.split_at_mut(width);
        let (mut here, mut below) = rest.split_at_mut(width);
        for row in 0..rows {
            let start = row * stride;
            if row == 0 {
                along(&plane[..width], here);
                above.copy_from_slice(here);
            }
            if row + 1 < rows {
                along(&plane[start + stride..start + stride + width], below);
            } else {
                below.copy_from_slice(here);
            }
            let sums = above.iter().zip(here.iter()).zip(below.iter());
            for (to, ((above, here), below)) in plane[start..start + width].iter_mut().zip(sums) {
                *to = 0.25 * (above + below) + 0.5 * here;
            }
            (above, here, below) = (here, below, above);
        }
    }
}

/// One row, each value with its two neighbours.
#[inline(always)]
fn along(row: &[f32], to: &mut [f32]) {
    let last = row.len() - 1;
    to[0] = 0.75 * row[0] + 0.25 * row[1.min(last)];
    to[last] = 0.75 * row[last] + 0.25 * row[last.saturating_sub(1)];
    for (to, values) in to.iter_mut().skip(1).zip(row.windows(3)) {
        *to = 0.25 * (values[0] + values[2]) + 0.5 * values[1];
    }
}

/// How brightness and colour, 0 to 255, become red, green and blue: BT.601, in the range at hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colour {
    /// The brightness of black.
    pub black: f32,
    /// What a step of brightness is.
    pub luma: f32,
    /// What a step of colour is.
    pub chroma: f32,
}

impl Colour {
    /// Turns planes of Y, U and V into R, G and B, in place; as many values as there are in all.
    pub fn to_rgb(self, planes: [&mut [f32]; 3]) {
        dispatch(ToRgb { colour: self, planes });
    }
}

struct ToRgb<'a> {
    colour: Colour,
    planes: [&'a mut [f32]; 3],
}

impl WithSimd for ToRgb<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Colour { black, luma, chroma } = self.colour;
        let (red_v, green_u) = (1.402 * chroma, -0.344_136 * chroma);
        let (green_v, blue_u) = (-0.714_136 * chroma, 1.772 * chroma);
        let [first, second, third] = self.planes;
        for ((y, u), v) in first.iter_mut().zip(second).zip(third) {
            let light = (*y - black) * luma;
            let (blue, red) = (*u - 128.0, *v - 128.0);
            *y = (light + red_v * red).clamp(0.0, 255.0);
            *u = (light + green_u * blue + green_v * red).clamp(0.0, 255.0);
            *v = (light + blue_u * blue).clamp(0.0, 255.0);
        }
    }
}

/// Each value, times `factor`, plus `offset`, but at most `most`.
pub fn map(values: &mut [f32], factor: f32, offset: f32, most: f32) {
    dispatch(Map { values, factor, offset, most });
}

struct Map<'a> {
    values: &'a mut [f32],
    factor: f32,
    offset: f32,
    most: f32,
}

impl WithSimd for Map<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { values, factor, offset, most } = self;
        for value in values {
            *value = (*value * factor + offset).min(most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_bytes_are_weighed_and_added_up() {
        let mut sum = [9.0; 3];
        weigh(&[0, 100, 255], 0.5, false, &mut sum);
        weigh(&[4, 8, 12], 0.25, true, &mut sum);
        assert_eq!(sum, [1.0, 52.0, 130.5]);
    }

    #[test]
    fn means_are_taken_of_neighbours() {
        let mut to = [0.0; 2];
        means::<2>(&[1.0, 3.0, -4.0, 4.0, 7.0], &mut to);
        assert_eq!(to, [2.0, 0.0]);
        means::<4>(&[1.0, 3.0, -4.0, 4.0, 8.0, 8.0, 8.0, 8.0], &mut to);
        assert_eq!(to, [1.0, 8.0]);
    }

    #[test]
    fn a_point_spreads_to_its_neighbours_and_an_edge_counts_on() {
        let mut space = Vec::new();
        // Three values wide; what lies behind them is not the picture's.
        let mut plane = [0.0, 0.0, 0.0, 9.0, 0.0, 16.0, 0.0, 9.0, 0.0, 0.0, 0.0, 9.0];
        smooth(&mut plane, 3, 4, &mut space);
        assert_eq!(plane, [1.0, 2.0, 1.0, 9.0, 2.0, 4.0, 2.0, 9.0, 1.0, 2.0, 1.0, 9.0]);
        let mut corner = [16.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        smooth(&mut corner, 3, 3, &mut space);
        assert_eq!(corner, [9.0, 3.0, 0.0, 3.0, 1.0, 0.0]);
        for width in 1..4 {
            let mut flat = [7.0; 3];
            smooth(&mut flat, width, width, &mut space);
            assert_eq!(flat, [7.0; 3]);
        }
        smooth(&mut [], 0, 0, &mut space);
    }

    #[test]
    fn grey_stays_grey_and_strong_colours_are_cut_off() {
        let full = Colour { black: 0.0, luma: 1.0, chroma: 1.0 };
        let (mut y, mut u, mut v) = ([100.0, 76.0], [128.0, 85.0], [128.0, 255.0]);
        full.to_rgb([&mut y, &mut u, &mut v]);
        assert_eq!((y[0], u[0], v[0]), (100.0, 100.0, 100.0));
        assert!(y[1] > 253.0 && u[1] < 2.0 && v[1] < 2.0, "{y:?} {u:?} {v:?}");
    }

    #[test]
    fn values_are_moved_and_cut_off() {
        let mut values = [0.0, 127.5, 255.0];
        map(&mut values, 1.0 / 127.5, -1.0, 0.5);
        assert_eq!(values, [-1.0, 0.0, 0.5]);
    }
}
