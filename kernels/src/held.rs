//! The rows that a depthwise convolution covers, made when they are needed and kept as long as they are.

use std::ops::Range;

use pulp::Simd;

use crate::depthwise::{SIDE, TALL};
use crate::{Buffer, Depthwise, Extent, Pointwise, Stem};

/// Space for rows; what stands in it does not matter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Space {
    /// A row of the stem's result, to be expanded.
    stem: Buffer,
    /// Rows for the depthwise convolution: row by row, each in the place of one that is no longer needed.
    rows: Buffer,
    /// A row outside the picture. Only zeros are ever in it.
    zeros: Buffer,
}

/// What rows are made of: a picture, and what is done to it before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) stem: Option<&'a Stem>,
    pub(crate) expand: Option<&'a Pointwise>,
    pub(crate) from: &'a [f32],
    pub(crate) extent: Extent,
}

/// The rows that the depthwise convolution covers just now.
pub(crate) struct Held<'a> {
    source: Source<'a>,
    /// What the depthwise convolution sees of it.
    seen: Extent,
    depthwise: &'a Depthwise,
    line: usize,
    slots: usize,
    rows: Range<usize>,
    space: &'a mut Space,
}

impl<'a> Held<'a> {
    /// None yet, and space for what `height` rows of the result cover.
    #[inline(always)]
    pub(crate) fn new(
        source: Source<'a>,
        seen: Extent,
        depthwise: &'a Depthwise,
        height: usize,
        space: &'a mut Space,
    ) -> Self {
        let line = seen.width * depthwise.channels();
        let slots = (height - 1) * depthwise.stride + SIDE;
        space.zeros.resize(line);
        if source.stem.is_some() || source.expand.is_some() {
            space.rows.resize(slots * line);
        }
        if let Some(stem) = source.stem {
            space.stem.resize(seen.width * stem.outputs());
        }
        Self { source, seen, depthwise, line, slots, rows: 0..0, space }
    }

    /// Makes what is not there yet of that which `result`, rows of the result, cover. Ranges only move
    /// downwards.
    #[inline(always)]
    pub(crate) fn hold<S: Simd>(&mut self, simd: S, result: &Range<usize>) {
        let Source { stem, expand, from, extent } = self.source;
        let (stride, before) = (self.depthwise.stride, self.depthwise.before);
        let first = (result.start * stride).saturating_sub(before);
        let last = ((result.end - 1) * stride + SIDE - before).min(self.seen.height);
        let mut row = self.rows.end.max(first);
        self.rows = first..last;
        while row < last {
            let slot = row % self.slots;
            let most = if stem.is_some() { 1 } else { self.slots - slot };
            let rows = most.min(last - row);
            let places = self.places(slot, rows);
            let Space { stem: between, rows: space, .. } = &mut *self.space;
            let between = &mut between[..];
            if let Some(stem) = stem {
                let to = if expand.is_some() { &mut *between } else { &mut space[places.clone()] };
                stem.row(simd, from, extent, row, to);
            }
            if let Some(expand) = expand {
                let inputs = self.seen.width * expand.inputs();
                let from =
                    if stem.is_some() { between } else { &from[row * inputs..][..rows * inputs] };
                expand.run_with(simd, from, &[], &mut space[places]);
            }
            row += rows;
        }
    }

    #[inline(always)]
    const fn places(&self, slot: usize, rows: usize) -> Range<usize> {
        slot * self.line..(slot + rows) * self.line
    }

    /// The depthwise convolution: some rows of its result, for which all is held.
    #[inline(always)]
    pub(crate) fn convolve<S: Simd>(&self, simd: S, rows: Range<usize>, to: &mut [f32]) {
        let line = to.len() / rows.len();
        for (y, pair) in rows.step_by(2).zip(to.chunks_mut((2 * line).max(1))) {
            if self.depthwise.stride == 1 && pair.len() > line {
                let (first, second) = pair.split_at_mut(line);
                self.depthwise.rows(simd, self.covered::<TALL>(y), [first, second]);
                continue;
            }
            for (at, row) in pair.chunks_mut(line.max(1)).enumerate() {
                self.depthwise.rows(simd, self.covered::<SIDE>(y + at), [row]);
            }
        }
    }

    /// The same, halved: two rows become one.
    #[inline(always)]
    pub(crate) fn halve<S: Simd>(
        &self,
        simd: S,
        rows: Range<usize>,
        to: &mut [f32],
        space: &mut Buffer,
    ) {
        let line = to.len() * 2 / rows.len();
        for (y, to) in rows.step_by(2).zip(to.chunks_exact_mut(line.max(1))) {
            self.depthwise.halved(simd, self.covered(y), to, space);
        }
    }

    /// What a row of the result covers, or two.
    #[inline(always)]
    fn covered<const COVERED: usize>(&self, y: usize) -> [&[f32]; COVERED] {
        let Space { rows, zeros, .. } = &*self.space;
        let mut covered: [&[f32]; COVERED] = [zeros; COVERED];
        for (at, line) in covered.iter_mut().enumerate() {
            let row = (y * self.depthwise.stride + at).checked_sub(self.depthwise.before);
            if let Some(row) = row.filter(|row| *row < self.seen.height) {
                *line = if self.source.stem.is_none() && self.source.expand.is_none() {
                    &self.source.from[self.places(row, 1)]
                } else {
                    &rows[self.places(row % self.slots, 1)]
                };
            }
        }
        covered
    }
}
