//! A face, cut out of a frame.

use crate::frame::Frame;
use crate::geometry::{BoundingBox, Size};

/// Points of a crop, across and down.
pub(super) const SIDE: usize = 48;
/// Smaller faces, in pixels, have fewer pixels than the crop has points.
const SMALLEST_FACE: f32 = SIDE as f32;
/// A face of which more lies outside the frame is cut by its edge, which does not move with it.
const WITHIN_FRAME: f32 = 0.9;
/// At most three steps a point are read, so that a tent has at most seven of them.
const TAPS: usize = 8;
const LONGEST_LINE: usize = SIDE * 3 + 2 * TAPS;

/// Luma of a face at 48 x 48 points, each a mean over its surroundings (a tent two points wide), so
/// that the crop can be moved by parts of a point.
#[derive(Clone)]
pub(super) struct FaceCrop {
    luma: Box<[f32; SIDE * SIDE]>,
}

impl std::fmt::Debug for FaceCrop {
    /// Says that it is one: pixels do not belong into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaceCrop").finish_non_exhaustive()
    }
}

impl Default for FaceCrop {
    fn default() -> Self {
        Self { luma: Box::new([0.0; SIDE * SIDE]) }
    }
}

/// How crop and frame lie to each other, along one axis.
struct Axis {
    /// Every so many pixels are read: at least two a point.
    stride: i32,
    /// The first step (of `stride` pixels) that counts for anything, and the number of steps.
    first: i32,
    steps: usize,
    /// For each point of the crop the first step that counts for it, from `first` on, and the weights.
    taps: [(usize, [f32; TAPS]); SIDE],
    /// The frame's length.
    length: u32,
}

impl Axis {
    fn new(center: f32, side: f32, length: u32) -> Self {
        let cell = side / SIDE as f32;
        let stride = (cell / 2.0).round().max(1.0);
        let reach = cell.max(stride);
        let first_of = |index: usize| {
            let point = center - side / 2.0 + (index as f32 + 0.5) * cell;
            (point, ((point - reach - 0.5) / stride).ceil() as i32)
        };
        let (_, first) = first_of(0);
        let taps = std::array::from_fn(|index| {
            let (point, begin) = first_of(index);
            let mut weights = [0.0_f32; TAPS];
            for (step, weight) in (begin..).zip(&mut weights) {
                let pixel = step as f32 * stride + 0.5;
                *weight = (1.0 - (pixel - point).abs() / reach).max(0.0);
            }
            let sum: f32 = weights.iter().sum();
            ((begin - first).max(0) as usize, weights.map(|weight| weight / sum))
        });
        let steps = taps[SIDE - 1].0 + TAPS;
        Self { stride: stride as i32, first, steps, taps, length }
    }

    /// The pixel of a step; beyond the edge, the one at the edge.
    fn pixel(&self, step: i32) -> u32 {
        u32::try_from(step * self.stride).unwrap_or(0).min(self.length.saturating_sub(1))
    }
}

impl FaceCrop {
    pub(super) fn luma(&self) -> &[f32; SIDE * SIDE] {
        &self.luma
    }

    /// Cuts out a square around the face, as large as its longer side. `false` when the face is too
    /// small for that, or cut by the frame's edge; the crop is then what it was.
    pub(super) fn cut(&mut self, frame: &Frame, face: &BoundingBox) -> bool {
        let side = face.width().max(face.height());
        side >= SMALLEST_FACE && self.cut_within(frame, face, WITHIN_FRAME)
    }

    /// The same, however small it is, when at least this part of it lies within the frame.
    pub(super) fn cut_within(&mut self, frame: &Frame, place: &BoundingBox, within: f32) -> bool {
        let side = place.width().max(place.height());
        let Size { width, height } = frame.size;
        let whole = BoundingBox::new(0.0, 0.0, width as f32, height as f32);
        if side > width.max(height) as f32 || place.share_inside(&whole) < within {
            return false;
        }
        let (x, y) = place.center();
        self.sample(frame, &Axis::new(x, side, width), &Axis::new(y, side, height));
        true
    }

    /// Becomes more like another crop, by this share of what they differ.
    pub(super) fn follow(&mut self, other: &Self, share: f32) {
        for (own, other) in self.luma.iter_mut().zip(other.luma.iter()) {
            *own += (other - *own) * share;
        }
    }

    fn sample(&mut self, frame: &Frame, across: &Axis, down: &Axis) {
        self.luma.fill(0.0);
        let mut read = [0.0_f32; LONGEST_LINE];
        for (step, y) in (0..down.steps).zip(down.first..) {
            let y = down.pixel(y);
            for (luma, x) in read.iter_mut().take(across.steps).zip(across.first..) {
                *luma = f32::from(frame.luma(across.pixel(x), y));
            }
            let line: [f32; SIDE] = std::array::from_fn(|column| {
                let (first, weights) = &across.taps[column];
                weights.iter().zip(&read[*first..]).map(|(weight, luma)| weight * luma).sum()
            });
            for (luma, (first, weights)) in self.luma.chunks_exact_mut(SIDE).zip(&down.taps) {
                let tap = step.checked_sub(*first).and_then(|tap| weights.get(tap));
                if let Some(weight) = tap {
                    luma.iter_mut().zip(line).for_each(|(luma, line)| *luma += weight * line);
                }
            }
        }
    }
}
