//! Space that begins on a cache line.

use std::ops::{Deref, DerefMut};

use crate::simd::GROUP;

/// Values of which the first lies at the beginning of a cache line. Pixels of 16, 32, 48 … channels
/// then lie in whole lines, and no vector straddles two, which costs twice as much to read.
///
/// A copy of it is aligned, too.
#[derive(Debug, Default)]
pub struct Buffer {
    values: Vec<f32>,
    start: usize,
    length: usize,
}

impl Buffer {
    /// So many zeros.
    pub fn zeros(length: usize) -> Self {
        let mut buffer = Self::default();
        buffer.resize(length);
        buffer
    }

    /// A buffer of these.
    pub fn of(values: impl ExactSizeIterator<Item = f32>) -> Self {
        let mut buffer = Self::zeros(values.len());
        buffer.iter_mut().zip(values).for_each(|(to, value)| *to = value);
        buffer
    }

    /// Makes room for so many values; what stands in them does not matter. Allocates only when there
    /// have never been so many.
    pub fn resize(&mut self, length: usize) {
        if self.values.len() < length + GROUP {
            self.values = vec![0.0; length + GROUP];
            let start = self.values.as_ptr().align_offset(GROUP * size_of::<f32>());
            self.start = start.min(GROUP);
        }
        self.length = length;
    }
}

impl Deref for Buffer {
    type Target = [f32];

    #[inline(always)]
    fn deref(&self) -> &[f32] {
        self.values.get(self.start..self.start + self.length).unwrap_or_default()
    }
}

impl DerefMut for Buffer {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32] {
        self.values.get_mut(self.start..self.start + self.length).unwrap_or_default()
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        Self::of(self.iter().copied())
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_on_a_cache_line_at_every_size_and_as_a_copy() {
        let mut buffer = Buffer::default();
        assert!(buffer.is_empty());
        for length in [1, 100, 7, 5000, 0] {
            buffer.resize(length);
            buffer.fill(1.5);
            assert_eq!((buffer.len(), buffer.as_ptr().addr() % 64), (length, 0));
            let copy = buffer.clone();
            assert_eq!((&copy[..], copy.as_ptr().addr() % 64), (&buffer[..], 0));
        }
    }
}
