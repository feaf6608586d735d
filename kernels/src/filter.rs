//! A convolution within each channel, of any odd side. Plain loops: what runs once in minutes needs no
//! better ones.

use crate::{Activation, Extent};

/// The weights of a convolution within each channel. What lies outside the picture counts as zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    side: usize,
    /// Row by row: a value for each channel.
    taps: Vec<Vec<f32>>,
    biases: Vec<f32>,
    stride: usize,
    before: usize,
    activation: Activation,
}

impl Filter {
    /// `weights` are `side` x `side` values for each channel, row by row. `before` is the number of
    /// zeros before the first pixel, less than `side`; behind the last come as many as are needed.
    ///
    /// None when these do not hold.
    pub fn new(
        weights: &[f32],
        biases: &[f32],
        (stride, before): (usize, usize),
        activation: Activation,
    ) -> Option<Self> {
        let area = weights.len().checked_div(biases.len())?;
        let side = area.isqrt();
        let fits = side * side * biases.len() == weights.len() && side % 2 == 1;
        if !fits || !(1..=2).contains(&stride) || before >= side {
            return None;
        }
        let tap = |tap| weights.chunks_exact(area).map(|channel| channel[tap]).collect();
        let taps = (0..area).map(tap).collect();
        Some(Self { side, taps, biases: biases.to_vec(), stride, before, activation })
    }

    pub const fn channels(&self) -> usize {
        self.biases.len()
    }

    /// The size of the result.
    pub const fn result(&self, from: Extent) -> Extent {
        Extent::new(from.height.div_ceil(self.stride), from.width.div_ceil(self.stride))
    }

    /// Convolves `from`, a picture of `extent`, into `to`.
    ///
    /// # Panics
    /// When the lengths do not fit.
    pub fn run(&self, from: &[f32], extent: Extent, to: &mut [f32]) {
        let (channels, result) = (self.channels(), self.result(extent));
        assert_eq!(from.len(), extent.pixels() * channels, "not a picture of that size");
        assert_eq!(to.len(), result.pixels() * channels, "not the result's size");
        for (at, to) in to.chunks_exact_mut(channels).enumerate() {
            let (y, x) = (at / result.width * self.stride, at % result.width * self.stride);
            to.copy_from_slice(&self.biases);
            for (tap, weights) in self.taps.iter().enumerate() {
                let row = (y + tap / self.side).checked_sub(self.before);
                let column = (x + tap % self.side).checked_sub(self.before);
                let row = row.filter(|row| *row < extent.height);
                let column = column.filter(|column| *column < extent.width);
                let (Some(row), Some(column)) = (row, column) else { continue };
                let from = &from[(row * extent.width + column) * channels..][..channels];
                for ((to, value), weight) in to.iter_mut().zip(from).zip(weights) {
                    *to += value * weight;
                }
            }
            for value in to {
                *value = self.activation.of_one(*value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_is_filtered_by_itself_and_outside_the_picture_is_nothing() {
        // The left neighbour but one in the first channel, the lower one in the second.
        let mut weights = [0.0; 50];
        (weights[10], weights[25 + 17]) = (1.0, 1.0);
        let filter = Filter::new(&weights, &[0.0, 0.5], (1, 2), Activation::Relu).unwrap();
        let from = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 5.0, 6.0, -6.0];
        let mut to = [f32::NAN; 12];
        filter.run(&from, Extent::new(2, 3), &mut to);
        assert_eq!(to, [0.0, 4.5, 0.0, 5.5, 1.0, 0.0, 0.0, 0.5, 0.0, 0.5, 4.0, 0.5]);
    }

    #[test]
    fn every_second_pixel_is_kept_by_a_stride_of_two() {
        let mut centre = [0.0; 9];
        centre[4] = 1.0;
        let filter = Filter::new(&centre, &[0.0], (2, 1), Activation::None).unwrap();
        let from: [f32; 15] = std::array::from_fn(|at| at as f32);
        let mut to = [0.0; 6];
        filter.run(&from, Extent::new(3, 5), &mut to);
        assert_eq!(to, [0.0, 2.0, 4.0, 10.0, 12.0, 14.0]);
    }

    #[test]
    fn weights_that_are_no_odd_square_are_refused() {
        for (weights, biases, shape) in
            [(8, 1, (1, 1)), (16, 1, (1, 1)), (9, 1, (3, 1)), (9, 1, (1, 3))]
        {
            let (weights, biases) = (vec![0.0; weights], vec![0.0; biases]);
            assert_eq!(Filter::new(&weights, &biases, shape, Activation::None), None);
        }
        assert_eq!(Filter::new(&[], &[], (1, 0), Activation::None), None);
    }
}
