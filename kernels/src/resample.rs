//! Half the size by the largest of each four pixels, twice the size by repetition.

use pulp::{Simd, WithSimd};

use crate::Extent;
use crate::simd::dispatch;

/// The largest of each 2x2 pixels, for each channel. An odd last row or column is dropped.
///
/// # Panics
/// When the lengths do not fit.
pub fn halve(from: &[f32], extent: Extent, channels: usize, to: &mut [f32]) {
    let half = Extent::new(extent.height / 2, extent.width / 2);
    assert_eq!(from.len(), extent.pixels() * channels, "not a picture of that size");
    assert_eq!(to.len(), half.pixels() * channels, "not half as large");
    if !to.is_empty() {
        dispatch(Halve { from, width: extent.width, channels, to });
    }
}

struct Halve<'a> {
    from: &'a [f32],
    width: usize,
    channels: usize,
    to: &'a mut [f32],
}

impl WithSimd for Halve<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (line, channels) = (self.width * self.channels, self.channels);
        let pairs = self.from.chunks_exact(2 * line);
        for (rows, to) in pairs.zip(self.to.chunks_exact_mut(self.width / 2 * channels)) {
            let (upper, lower) = rows.split_at(line);
            let fours = upper.chunks_exact(2 * channels).zip(lower.chunks_exact(2 * channels));
            for (to, (upper, lower)) in to.chunks_exact_mut(channels).zip(fours) {
                let (a, b) = upper.split_at(channels);
                let (c, d) = lower.split_at(channels);
                for ((((to, a), b), c), d) in to.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                    *to = a.max(*b).max(c.max(*d));
                }
            }
        }
    }
}

/// Adds to `to`, a picture of twice `extent`, each pixel of `from` four times.
///
/// # Panics
/// When the lengths do not fit.
pub fn double_and_add(from: &[f32], extent: Extent, channels: usize, to: &mut [f32]) {
    assert_eq!(from.len(), extent.pixels() * channels, "not a picture of that size");
    assert_eq!(to.len(), 4 * from.len(), "not twice as large");
    let line = extent.width * channels;
    if line == 0 {
        return;
    }
    for (row, to) in to.chunks_exact_mut(2 * line).enumerate() {
        let from = &from[row / 2 * line..][..line];
        for (from, to) in from.chunks_exact(channels).zip(to.chunks_exact_mut(2 * channels)) {
            let (left, right) = to.split_at_mut(channels);
            for ((left, right), from) in left.iter_mut().zip(right).zip(from) {
                *left += from;
                *right += from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_of_four_is_kept_for_each_channel_and_odd_ends_are_dropped() {
        let from = [1.0, -1.0, 2.0, -2.0, 9.0, 9.0, 3.0, -3.0, 0.0, -4.0, 9.0, 9.0];
        let mut to = [0.0; 2];
        halve(&from, Extent::new(2, 3), 2, &mut to);
        assert_eq!(to, [3.0, -1.0]);
        halve(&[1.0], Extent::new(1, 1), 1, &mut []);
    }

    #[test]
    fn each_pixel_is_added_four_times() {
        let mut to = [0.5; 16];
        double_and_add(&[1.0, 2.0, 3.0, 4.0], Extent::new(1, 2), 2, &mut to);
        let row = [1.5, 2.5, 1.5, 2.5, 3.5, 4.5, 3.5, 4.5];
        assert_eq!(to, [row, row].concat()[..]);
    }
}
