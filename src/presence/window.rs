//! The part of a frame around a face: all of it for one that is near, as little as is needed for one far away.

use std::borrow::Cow;

use super::small::LONGEST;
use crate::frame::{Frame, I420, Payload};
use crate::geometry::{BoundingBox, Size};

/// A face is at least this part of the window's height, as it is of the frame's before a laptop.
const FACE_SHARE: f32 = 0.42;
/// The middle of the face is so far down: there are shoulders below it.
const FACE_DOWN: f32 = 0.4;

/// A part of frames of one size; its corner and its sides are even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    frame: Size,
    left: u32,
    top: u32,
    size: Size,
}

impl Window {
    pub(super) fn around(face: &BoundingBox, frame: Size) -> Self {
        let longest = frame.width.max(frame.height).max(1) as f32;
        let share = face.height() / (FACE_SHARE * frame.height.max(1) as f32);
        let share = share.max(LONGEST as f32 / longest);
        if share >= 1.0 {
            return Self { frame, left: 0, top: 0, size: frame };
        }
        let even = |length: f32| (length.max(0.0) as u32).next_multiple_of(2);
        let side = |length: u32| even(length as f32 * share).min(length);
        let size = Size::new(side(frame.width), side(frame.height));
        let (x, y) = face.center();
        let corner = |middle: f32, down: f32, side: u32, length: u32| {
            even(middle - down * side as f32).min((length - side) & !1)
        };
        let left = corner(x, 0.5, size.width, frame.width);
        let top = corner(y, FACE_DOWN, size.height, frame.height);
        Self { frame, left, top, size }
    }

    /// This part of a frame. None for frames of another size, and those whose bytes do not fit their size.
    pub(super) fn cut<'a>(&self, frame: &'a Frame) -> Option<Cow<'a, Frame>> {
        if frame.size != self.frame {
            return None;
        }
        if self.size == frame.size {
            return Some(Cow::Borrowed(frame));
        }
        let plane = |bytes: &[u8], channels: u32, part: u32| {
            let line = (frame.size.width.div_ceil(part) * channels) as usize;
            let from = (self.left / part * channels) as usize;
            let length = (self.size.width.div_ceil(part) * channels) as usize;
            let (top, rows) = (self.top / part, self.size.height.div_ceil(part));
            let rows = (top..top + rows).map(|row| {
                let at = row as usize * line + from;
                bytes.get(at..at + length)
            });
            rows.collect::<Option<Vec<_>>>().map(|rows| rows.concat())
        };
        let payload = match &frame.payload {
            Payload::Rgb8(bytes) => Payload::Rgb8(plane(bytes, 3, 1)?),
            Payload::Gray8(bytes) => Payload::Gray8(plane(bytes, 1, 1)?),
            Payload::I420(planes) => Payload::I420(I420 {
                y: plane(&planes.y, 1, 1)?,
                u: plane(&planes.u, 1, 2)?,
                v: plane(&planes.v, 1, 2)?,
                range: planes.range,
            }),
        };
        Some(Cow::Owned(Frame { seq: frame.seq, pts: frame.pts, size: self.size, payload }))
    }

    /// Where a box of the frame is in a picture of this part, in its points.
    pub(super) fn in_points(&self, of_frame: &BoundingBox, picture: Size) -> BoundingBox {
        let across =
            |x: f32| (x - self.left as f32) / self.size.width as f32 * picture.width as f32;
        let down = |y: f32| (y - self.top as f32) / self.size.height as f32 * picture.height as f32;
        let BoundingBox { left, top, right, bottom } = *of_frame;
        BoundingBox::new(across(left), down(top), across(right), down(bottom))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Range;
    use crate::time::MediaTime;

    const FRAME: Size = Size::new(640, 480);

    fn window(left: f32, top: f32, height: f32) -> Window {
        Window::around(&BoundingBox::new(left, top, left + 0.8 * height, top + height), FRAME)
    }

    #[test]
    fn a_near_face_has_the_whole_frame_and_a_far_one_its_surroundings_within_it() {
        let part = |window: Window| (window.left, window.top, window.size);
        assert_eq!(part(window(200.0, 100.0, 210.0)), (0, 0, FRAME));
        assert_eq!(part(window(286.0, 120.0, 100.8)), (166, 74, Size::new(320, 240)));
        assert_eq!(part(window(600.0, 390.0, 100.8)), (320, 240, Size::new(320, 240)));
        assert_eq!(part(window(10.0, 10.0, 20.0)), (0, 0, Size::new(160, 120)));
    }

    #[test]
    fn a_part_shows_what_is_there_in_every_format() {
        let bytes = |count: usize| (0..count).map(|at| (at * at % 251) as u8).collect::<Vec<u8>>();
        let (area, half) = (FRAME.area(), FRAME.area() / 4);
        let planes = I420 { y: bytes(area), u: bytes(half), v: bytes(half), range: Range::Limited };
        let window = window(286.0, 120.0, 100.8);
        for payload in
            [Payload::Gray8(bytes(area)), Payload::Rgb8(bytes(area * 3)), Payload::I420(planes)]
        {
            let frame = Frame { seq: 0, pts: MediaTime::ZERO, size: FRAME, payload };
            let part = window.cut(&frame).unwrap();
            assert_eq!(part.luma(0, 0), frame.luma(166, 74));
            assert_eq!(part.luma(319, 239), frame.luma(485, 313));
            if let (Payload::I420(part), Payload::I420(whole)) = (&part.payload, &frame.payload) {
                assert_eq!((part.u.len(), part.u[161]), (160 * 120, whole.u[38 * 320 + 84]));
            }
        }
        let other = Frame {
            seq: 0,
            pts: MediaTime::ZERO,
            size: Size::new(320, 240),
            payload: Payload::Gray8(bytes(area / 4)),
        };
        assert_eq!(window.cut(&other), None);
    }
}
