//! Half the size by the largest of each four pixels, twice the size by repetition or interpolation,
//! and other ways from pixels to pixels without weights.

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

/// Writes to `to` the sum of `more`, a picture of twice `extent`, and of each pixel of `from` four times.
///
/// # Panics
/// When the lengths do not fit.
pub fn double_and_add(from: &[f32], extent: Extent, channels: usize, more: &[f32], to: &mut [f32]) {
    assert_eq!(from.len(), extent.pixels() * channels, "not a picture of that size");
    assert!(to.len() == 4 * from.len() && more.len() == to.len(), "not twice as large");
    if !to.is_empty() {
        dispatch(DoubleAndAdd { from, line: extent.width * channels, channels, more, to });
    }
}

struct DoubleAndAdd<'a> {
    from: &'a [f32],
    line: usize,
    channels: usize,
    more: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for DoubleAndAdd<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { from, line, channels, more, to } = self;
        let rows = to.chunks_exact_mut(2 * line).zip(more.chunks_exact(2 * line));
        for (row, (to, more)) in rows.enumerate() {
            let from = from[row / 2 * line..][..line].chunks_exact(channels);
            let pairs = to.chunks_exact_mut(2 * channels).zip(more.chunks_exact(2 * channels));
            for ((to, more), from) in pairs.zip(from) {
                let (left, right) = to.split_at_mut(channels);
                let (more_left, more_right) = more.split_at(channels);
                let left = left.iter_mut().zip(more_left);
                let right = right.iter_mut().zip(more_right);
                for (((left, more_left), (right, more_right)), from) in left.zip(right).zip(from) {
                    *left = more_left + from;
                    *right = more_right + from;
                }
            }
        }
    }
}

/// The mean over all pixels, for each channel.
///
/// # Panics
/// When the lengths do not fit, or there is no pixel.
pub fn mean(from: &[f32], channels: usize, to: &mut [f32]) {
    let pixels = from.len() / channels;
    assert!(pixels > 0 && pixels * channels == from.len() && to.len() == channels);
    to.fill(0.0);
    for pixel in from.chunks_exact(channels) {
        to.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += value);
    }
    for sum in to {
        *sum /= pixels as f32;
    }
}

/// Writes `from` twice as large to `to`, interpolated linearly between the centres of its pixels. The
/// edges repeat.
///
/// # Panics
/// When the lengths do not fit.
pub fn double(from: &[f32], extent: Extent, channels: usize, to: &mut [f32]) {
    assert_eq!(from.len(), extent.pixels() * channels, "not a picture of that size");
    assert_eq!(to.len(), 4 * from.len(), "not twice as large");
    // The nearer pixel counts three times as much as the one beyond the edge between them.
    let near_and_far = |at: usize, length: usize| {
        let far = if at.is_multiple_of(2) { (at / 2).saturating_sub(1) } else { at / 2 + 1 };
        (at / 2, far.min(length - 1))
    };
    let width = 2 * extent.width;
    for (at, to) in to.chunks_exact_mut(channels).enumerate() {
        let (row, far_row) = near_and_far(at / width, extent.height);
        let (column, far_column) = near_and_far(at % width, extent.width);
        let pixel = |row: usize, column: usize| {
            &from[(row * extent.width + column) * channels..][..channels]
        };
        let near = pixel(row, column).iter().zip(pixel(row, far_column));
        let far = pixel(far_row, column).iter().zip(pixel(far_row, far_column));
        for ((to, (a, b)), (c, d)) in to.iter_mut().zip(near).zip(far) {
            *to = (a * 3.0 + b) * 0.1875 + (c * 3.0 + d) * 0.0625;
        }
    }
}

/// Four channels of each pixel become four pixels of one channel: top left, top right, bottom left,
/// bottom right.
///
/// # Panics
/// When the lengths do not fit.
pub fn spread(from: &[f32], extent: Extent, to: &mut [f32]) {
    assert_eq!(from.len(), extent.pixels() * 4, "not four channels");
    assert_eq!(to.len(), from.len(), "not twice as large");
    for (row, from) in from.chunks_exact((extent.width * 4).max(1)).enumerate() {
        let (upper, lower) = to[row * 4 * extent.width..].split_at_mut(2 * extent.width);
        for (column, four) in from.chunks_exact(4).enumerate() {
            upper[2 * column..][..2].copy_from_slice(&four[..2]);
            lower[2 * column..][..2].copy_from_slice(&four[2..]);
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
        let mut to = [f32::NAN; 16];
        double_and_add(&[1.0, 2.0, 3.0, 4.0], Extent::new(1, 2), 2, &[0.5; 16], &mut to);
        let row = [1.5, 2.5, 1.5, 2.5, 3.5, 4.5, 3.5, 4.5];
        assert_eq!(to, [row, row].concat()[..]);
    }

    #[test]
    fn the_mean_is_taken_over_pixels() {
        let mut to = [f32::NAN; 2];
        mean(&[1.0, -1.0, 2.0, 0.0, 6.0, 4.0], 2, &mut to);
        assert_eq!(to, [3.0, 1.0]);
    }

    #[test]
    fn between_the_centres_of_pixels_lies_a_straight_line() {
        let mut to = [f32::NAN; 16];
        double(&[0.0, 4.0, 8.0, 12.0], Extent::new(2, 2), 1, &mut to);
        let expected = [[0, 1, 3, 4], [2, 3, 5, 6], [6, 7, 9, 10], [8, 9, 11, 12]];
        assert_eq!(to, expected.as_flattened().iter().map(|at| *at as f32).collect::<Vec<_>>()[..]);
        let mut to = [f32::NAN; 8];
        double(&[3.0, -3.0], Extent::new(1, 1), 2, &mut to);
        assert_eq!(to, [3.0, -3.0, 3.0, -3.0, 3.0, -3.0, 3.0, -3.0]);
    }

    #[test]
    fn four_channels_become_four_pixels() {
        let mut to = [f32::NAN; 8];
        spread(&[1.0, 2.0, 5.0, 6.0, 3.0, 4.0, 7.0, 8.0], Extent::new(1, 2), &mut to);
        assert_eq!(to, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    }
}
