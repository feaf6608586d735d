//! Sizes and boxes, in pixels of the frame unless a name says otherwise.

use serde::{Deserialize, Serialize};

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

impl Size {
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Number of pixels.
    pub const fn area(self) -> usize {
        self.width as usize * self.height as usize
    }

    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }
}

/// Left, top, right and bottom edges. May reach outside the frame: detectors guess what is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoundingBox {
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}

impl BoundingBox {
    pub const fn new(left: f32, top: f32, right: f32, bottom: f32) -> Self {
        Self { left, top, right, bottom }
    }

    pub fn width(&self) -> f32 {
        (self.right - self.left).max(0.0)
    }

    pub fn height(&self) -> f32 {
        (self.bottom - self.top).max(0.0)
    }

    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    /// Horizontal and vertical centre.
    pub fn center(&self) -> (f32, f32) {
        (f32::midpoint(self.left, self.right), f32::midpoint(self.top, self.bottom))
    }

    /// Area that both boxes share.
    pub fn intersection(&self, other: &Self) -> f32 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        width.max(0.0) * height.max(0.0)
    }

    /// The smallest box that holds both.
    #[must_use]
    pub const fn joined(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Intersection over union, 0 to 1.
    pub fn iou(&self, other: &Self) -> f32 {
        let shared = self.intersection(other);
        let union = self.area() + other.area() - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }

    /// The part of this box's own area that lies within `other`, 0 to 1.
    pub fn share_inside(&self, other: &Self) -> f32 {
        let area = self.area();
        if area > 0.0 { self.intersection(other) / area } else { 0.0 }
    }

    /// The box with the same centre and sides that are so many times as long.
    #[must_use]
    pub fn grown(&self, times: f32) -> Self {
        let (x, y) = self.center();
        let (width, height) = (self.width() * times / 2.0, self.height() * times / 2.0);
        Self::new(x - width, y - height, x + width, y + height)
    }

    /// Whether a point lies in the box: on its left and upper edge it does, on the others not.
    #[must_use]
    pub fn contains(&self, (x, y): (f32, f32)) -> bool {
        (self.left..self.right).contains(&x) && (self.top..self.bottom).contains(&y)
    }

    /// The box in parts of the frame's sides, 0 to 1 within the frame.
    #[must_use]
    pub fn shares_of(&self, frame: Size) -> Self {
        let (width, height) = (frame.width.max(1) as f32, frame.height.max(1) as f32);
        Self::new(self.left / width, self.top / height, self.right / width, self.bottom / height)
    }

    /// The part of the box that lies within a frame of this size.
    #[must_use]
    pub fn clipped_to(&self, frame: Size) -> Self {
        let (width, height) = (frame.width as f32, frame.height as f32);
        Self {
            left: self.left.clamp(0.0, width),
            top: self.top.clamp(0.0, height),
            right: self.right.clamp(0.0, width),
            bottom: self.bottom.clamp(0.0, height),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iou_of_equal_disjoint_and_half_shared_boxes() {
        let a = BoundingBox::new(0.0, 0.0, 10.0, 10.0);
        assert_eq!(a.iou(&a), 1.0);
        assert_eq!(a.iou(&BoundingBox::new(20.0, 0.0, 30.0, 10.0)), 0.0);
        let half = BoundingBox::new(5.0, 0.0, 15.0, 10.0);
        assert!((a.iou(&half) - 1.0 / 3.0).abs() < 1e-6);
        assert!((a.share_inside(&half) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn a_turned_over_box_has_no_area() {
        let inverted = BoundingBox::new(10.0, 10.0, 0.0, 0.0);
        assert_eq!(inverted.area(), 0.0);
        assert_eq!(inverted.iou(&inverted), 0.0);
    }

    #[test]
    fn growing_keeps_the_centre() {
        let grown = BoundingBox::new(10.0, 20.0, 20.0, 40.0).grown(2.0);
        assert_eq!(grown, BoundingBox::new(5.0, 10.0, 25.0, 50.0));
        let shares = grown.shares_of(Size::new(50, 100));
        assert_eq!(shares, BoundingBox::new(0.1, 0.1, 0.5, 0.5));
    }

    #[test]
    fn clipping_keeps_the_part_inside_the_frame() {
        let clipped = BoundingBox::new(-5.0, -5.0, 700.0, 100.0).clipped_to(Size::new(640, 480));
        assert_eq!(clipped, BoundingBox::new(0.0, 0.0, 640.0, 100.0));
    }
}
