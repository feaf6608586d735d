//! Scales planes of bytes to another size, exactly: each target pixel is the mean of the area it
//! covers (what `OpenCV` calls `INTER_AREA`). Along an axis that grows it interpolates linearly.
//!
//! Both passes read tables made once for a pair of sizes. The vertical pass runs first, over whole
//! rows, so that it can be vectorised; the horizontal one then touches only target rows. The result
//! stays in single precision: a byte in between would only add noise and a conversion.

use inview_kernels::picture::{means, weigh};

use crate::geometry::Size;

/// Which source pixels make up each target pixel of one axis, and their shares.
#[derive(Clone, Debug)]
struct Axis {
    /// First source pixel of each target pixel.
    starts: Vec<usize>,
    /// `taps` shares for each target pixel; they sum to 1.
    weights: Vec<f32>,
    taps: usize,
    /// Whether each target pixel covers as many whole source pixels.
    whole: bool,
}

impl Axis {
    fn new(source: usize, target: usize) -> Self {
        let shares: Vec<(usize, Vec<f64>)> =
            (0..target)
                .map(|i| {
                    if target > source {
                        linear(source, target, i)
                    } else {
                        area(source, target, i)
                    }
                })
                .collect();
        let taps = shares.iter().map(|(_, shares)| shares.len()).max().unwrap_or(0);
        let whole = source == taps * target;
        let mut axis = Self { starts: Vec::new(), weights: vec![0.0; taps * target], taps, whole };
        for ((first, shares), weights) in shares.iter().zip(axis.weights.chunks_exact_mut(taps)) {
            let start = (*first).min(source - taps);
            axis.starts.push(start);
            for (weight, share) in weights.iter_mut().skip(first - start).zip(shares) {
                *weight = *share as f32;
            }
        }
        axis
    }

    fn taps(&self) -> impl Iterator<Item = (usize, &[f32])> {
        self.starts.iter().copied().zip(self.weights.chunks_exact(self.taps.max(1)))
    }
}

/// Shares of the pixels under target pixel `i`, which is at least as large as a source pixel.
fn area(source: usize, target: usize, i: usize) -> (usize, Vec<f64>) {
    let (low, high) = (i * source, (i + 1) * source);
    let (first, end) = (low / target, high.div_ceil(target));
    let share = |pixel: usize| {
        let covered = ((pixel + 1) * target).min(high) - (pixel * target).max(low);
        covered as f64 / source as f64
    };
    (first, (first..end).map(share).collect())
}

/// Shares of the two pixels around the centre of target pixel `i`; the edges repeat.
fn linear(source: usize, target: usize, i: usize) -> (usize, Vec<f64>) {
    let centre = (i as f64 + 0.5) * source as f64 / target as f64 - 0.5;
    let place = centre.clamp(0.0, (source - 1) as f64);
    let first = place as usize;
    if first + 1 == source {
        return (first, vec![1.0]);
    }
    (first, vec![1.0 - place.fract(), place.fract()])
}

/// Where the part of a picture that is scaled lies, in pixels: the size of the part is the scaler's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) left: usize,
    pub(super) top: usize,
    /// Width of the whole picture.
    pub(super) line: usize,
}

/// The tables for one pair of sizes.
#[derive(Clone, Debug)]
pub(super) struct Scaler {
    source: Size,
    columns: Axis,
    rows: Axis,
}

impl Scaler {
    /// Neither size may be empty.
    pub(super) fn new(source: Size, target: Size) -> Self {
        let axis = |source: u32, target: u32| Axis::new(source as usize, target as usize);
        Self {
            source,
            columns: axis(source.width, target.width),
            rows: axis(source.height, target.height),
        }
    }

    /// Writes each of the `C` interleaved channels of the part of `pixels` at `place` to its own
    /// plane, whose rows are `stride` apart. `row` is scratch space.
    pub(super) fn scale<const C: usize>(
        &self,
        pixels: &[u8],
        place: Place,
        planes: &mut [&mut [f32]; C],
        stride: usize,
        row: &mut Vec<f32>,
    ) {
        let used = self.source.width as usize * C;
        let columns = place.left * C..place.left * C + used;
        row.resize(used, 0.0);
        let width = self.columns.starts.len();
        for (y, (start, weights)) in self.rows.taps().enumerate() {
            let lines = pixels.chunks_exact(place.line * C).skip(place.top + start);
            let sources = lines.map(|line| &line[columns.clone()]);
            for (at, (source, weight)) in sources.zip(weights).enumerate() {
                weigh(source, *weight, at > 0, row);
            }
            for (channel, plane) in planes.iter_mut().enumerate() {
                self.squeeze::<C>(row, channel, &mut plane[y * stride..][..width]);
            }
        }
    }

    /// The horizontal pass for one channel of one row.
    fn squeeze<const C: usize>(&self, row: &[f32], channel: usize, target: &mut [f32]) {
        match self.columns.taps {
            1 if C == 1 && self.columns.whole => target.copy_from_slice(&row[..target.len()]),
            2 if C == 1 && self.columns.whole => means::<2>(row, target),
            3 if C == 1 && self.columns.whole => means::<3>(row, target),
            4 if C == 1 && self.columns.whole => means::<4>(row, target),
            1 => self.squeeze_taps::<C, 1>(row, channel, target),
            2 => self.squeeze_taps::<C, 2>(row, channel, target),
            3 => self.squeeze_taps::<C, 3>(row, channel, target),
            4 => self.squeeze_taps::<C, 4>(row, channel, target),
            _ => {
                for (value, (start, weights)) in target.iter_mut().zip(self.columns.taps()) {
                    let sources = row[start * C + channel..].iter().step_by(C);
                    *value = sources.zip(weights).map(|(source, weight)| source * weight).sum();
                }
            }
        }
    }

    /// The same with a number of taps that the compiler knows.
    fn squeeze_taps<const C: usize, const T: usize>(
        &self,
        row: &[f32],
        channel: usize,
        target: &mut [f32],
    ) {
        let (weights, _) = self.columns.weights.as_chunks::<T>();
        for ((value, &start), weights) in target.iter_mut().zip(&self.columns.starts).zip(weights) {
            let sources = &row[start * C..(start + T) * C];
            let mut sum = 0.0;
            for (tap, weight) in weights.iter().enumerate() {
                sum += sources[tap * C + channel] * weight;
            }
            *value = sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(pixels: &[u8], source: (u32, u32), target: (u32, u32)) -> Vec<f32> {
        let (source, target) = (Size::new(source.0, source.1), Size::new(target.0, target.1));
        let mut plane = vec![0.0; target.area()];
        let stride = target.width as usize;
        let whole = Place { left: 0, top: 0, line: source.width as usize };
        let scaler = Scaler::new(source, target);
        scaler.scale(pixels, whole, &mut [&mut plane], stride, &mut Vec::new());
        plane
    }

    #[test]
    fn a_part_is_scaled_as_if_it_were_all() {
        let pixels: Vec<u8> = (0..8 * 6 * 3).map(|at| (at * 37 % 251) as u8).collect();
        let part = |channels: usize| -> Vec<u8> {
            let rows = pixels.chunks_exact(8 * channels).skip(1).take(4);
            rows.flat_map(|row| &row[3 * channels..7 * channels]).copied().collect()
        };
        let scaler = Scaler::new(Size::new(4, 4), Size::new(3, 2));
        let place = Place { left: 3, top: 1, line: 8 };
        let whole = Place { left: 0, top: 0, line: 4 };
        let scaled = |pixels: &[u8], place: Place| {
            let mut planes = [[0.0; 6]; 3];
            let mut targets = planes.each_mut().map(|plane| &mut plane[..]);
            scaler.scale(pixels, place, &mut targets, 3, &mut Vec::new());
            planes
        };
        let planes = scaled(&pixels, place);
        assert_eq!(planes, scaled(&part(3), whole));
        assert_ne!(planes[0], [0.0; 6]);
    }

    #[test]
    fn halving_takes_the_mean_of_four() {
        assert_eq!(scaled(&[0, 4, 8, 12, 100, 100, 100, 104], (4, 2), (2, 1)), [51.0, 56.0]);
    }

    #[test]
    fn a_pixel_on_the_border_of_two_is_shared_by_its_area() {
        let thirds = scaled(&[0, 90, 240], (3, 1), (2, 1));
        assert!((thirds[0] - 30.0).abs() < 1e-4 && (thirds[1] - 190.0).abs() < 1e-4, "{thirds:?}");
    }

    #[test]
    fn growing_interpolates_between_centres_and_repeats_the_edge() {
        assert_eq!(scaled(&[0, 100], (2, 1), (4, 1)), [0.0, 25.0, 75.0, 100.0]);
        assert_eq!(scaled(&[7], (1, 1), (3, 2)), [7.0; 6]);
    }

    #[test]
    fn an_equal_size_copies() {
        assert_eq!(scaled(&[1, 2, 3, 4], (2, 2), (2, 2)), [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn a_flat_picture_stays_flat_at_every_size() {
        for (width, height) in [(1, 1), (3, 7), (13, 5), (64, 48), (641, 479), (1000, 3)] {
            let flat = vec![200; (width * height) as usize];
            for target in [(32, 24), (300, 300), (1, 1)] {
                for value in scaled(&flat, (width, height), target) {
                    assert!(
                        (value - 200.0).abs() < 0.01,
                        "{width}x{height} to {target:?}: {value}"
                    );
                }
            }
        }
    }

    #[test]
    fn interleaved_channels_come_out_as_planes_with_a_stride() {
        let (mut a, mut b) = ([-1.0; 4], [-1.0; 4]);
        let scaler = Scaler::new(Size::new(2, 2), Size::new(1, 2));
        let whole = Place { left: 0, top: 0, line: 2 };
        let pixels = [0, 10, 2, 20, 4, 30, 8, 40];
        scaler.scale(&pixels, whole, &mut [&mut a, &mut b], 2, &mut Vec::new());
        assert_eq!((a, b), ([1.0, -1.0, 6.0, -1.0], [15.0, -1.0, 35.0, -1.0]));
    }
}
