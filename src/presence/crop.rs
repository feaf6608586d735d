//! A face, cut out of a frame.

use crate::frame::Frame;
use crate::geometry::{BoundingBox, Size};

/// Points of a crop, across and down.
pub(super) const SIDE: usize = 48;
/// Smaller faces, in pixels, have fewer pixels than the crop has points.
const SMALLEST_FACE: f32 = SIDE as f32;
/// A face of which more lies outside the frame is cut by its edge, which does not move with it.
const WITHIN_FRAME: f32 = 0.9;
/// A line of the frame is read at no more points: three a point of the crop, and the margins.
const LONGEST_LINE: usize = SIDE * 3 + 16;

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
#[derive(Clone, Copy)]
struct Axis {
    /// Where the crop begins, in pixels of the frame.
    begin: f32,
    /// Pixels a point of the crop.
    cell: f32,
    /// Every so many pixels are read: at least two a point.
    stride: i32,
    /// The frame's length.
    length: u32,
}

impl Axis {
    fn point(&self, index: usize) -> f32 {
        self.begin + (index as f32 + 0.5) * self.cell
    }

    fn reach(&self) -> f32 {
        self.cell.max(self.stride as f32)
    }

    /// First and last step (of `stride` pixels) that count for a point of the frame.
    fn steps(&self, point: f32) -> (i32, i32) {
        let stride = self.stride as f32;
        let first = ((point - self.reach() - 0.5) / stride).ceil();
        let last = ((point + self.reach() - 0.5) / stride).floor();
        (first as i32, last as i32)
    }

    fn weight(&self, step: i32, point: f32) -> f32 {
        let pixel = (step * self.stride) as f32 + 0.5;
        (1.0 - (pixel - point).abs() / self.reach()).max(0.0)
    }

    /// The pixel of a step; beyond the edge, the one at the edge.
    fn pixel(&self, step: i32) -> u32 {
        let last = self.length.saturating_sub(1);
        u32::try_from(step * self.stride).unwrap_or(0).min(last)
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
        let Size { width, height } = frame.size;
        let whole = BoundingBox::new(0.0, 0.0, width as f32, height as f32);
        let usable = side >= SMALLEST_FACE
            && side <= width.max(height) as f32
            && face.share_inside(&whole) >= WITHIN_FRAME;
        if !usable {
            return false;
        }
        let cell = side / SIDE as f32;
        let stride = ((cell / 2.0).round() as i32).max(1);
        let (x, y) = face.center();
        let axis = |center: f32, length| Axis { begin: center - side / 2.0, cell, stride, length };
        self.sample(frame, axis(x, width), axis(y, height));
        true
    }

    fn sample(&mut self, frame: &Frame, across: Axis, down: Axis) {
        let (left, _) = across.steps(across.point(0));
        let (_, right) = across.steps(across.point(SIDE - 1));
        let (top, _) = down.steps(down.point(0));
        let (_, bottom) = down.steps(down.point(SIDE - 1));
        let mut weights = [0.0_f32; SIDE];
        self.luma.fill(0.0);
        for y in top..=bottom {
            let mut read = [0.0_f32; LONGEST_LINE];
            for (luma, x) in read.iter_mut().zip(left..=right) {
                *luma = f32::from(frame.luma(across.pixel(x), down.pixel(y)));
            }
            let line: [f32; SIDE] = std::array::from_fn(|column| {
                let point = across.point(column);
                let (first, last) = across.steps(point);
                let (mut sum, mut total) = (0.0, 0.0);
                for x in first..=last {
                    let weight = across.weight(x, point);
                    sum += weight * read[((x - left).max(0) as usize).min(LONGEST_LINE - 1)];
                    total += weight;
                }
                sum / total.max(f32::EPSILON)
            });
            let rows = self.luma.chunks_exact_mut(SIDE).zip(&mut weights);
            for (row, (luma, total)) in rows.enumerate() {
                let weight = down.weight(y, down.point(row));
                if weight > 0.0 {
                    *total += weight;
                    luma.iter_mut().zip(line).for_each(|(luma, line)| *luma += weight * line);
                }
            }
        }
        for (luma, total) in self.luma.chunks_exact_mut(SIDE).zip(weights) {
            luma.iter_mut().for_each(|luma| *luma /= total.max(f32::EPSILON));
        }
    }
}
