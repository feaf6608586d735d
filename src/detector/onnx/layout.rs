//! Where a frame lies in the tensor of a network, and the way back. Pure.
//!
//! | network | geometry |
//! |---|---|
//! | face | keeps the aspect, fits into 320x320, zeros on the right and below |
//! | face, near the last one | a square of two and a half faces, as 96x96 |
//! | person | stretched to 300x300 |
//! | silhouette | stretched to 256x144 |
//!
//! A portrait frame of 360x640 fills 180x320 of the face tensor: its faces come out as large as those
//! of a landscape frame of the same sensor. A very wide frame keeps its width of 320.

use crate::geometry::{BoundingBox, Size};

/// Width of the face network, and the longest side of the picture in it.
const FACE_SIDE: u32 = 320;
/// The face network halves its input five times.
const FACE_STEP: u32 = 32;
pub(super) const PERSON_SIDE: u32 = 300;
const SILHOUETTE: Size = Size::new(256, 144);
/// Side of the square around a face, for the face network.
const NEAR_SIDE: u32 = 96;
/// That square is this many times as large as the face: it may have moved since.
const AROUND_FACE: f32 = 2.5;
/// A face that is larger than this part of the square is looked for everywhere.
const LARGEST_FACE: f32 = 0.75;

/// Where a frame, or a window of it, lies in a tensor: at the top left, scaled to `content`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub frame: Size,
    pub window: Window,
    pub content: Size,
    pub tensor: Size,
}

/// A part of a frame, in pixels; left and top are even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub left: u32,
    pub top: u32,
    pub size: Size,
}

impl Window {
    const fn whole(frame: Size) -> Self {
        Self { left: 0, top: 0, size: frame }
    }
}

impl Layout {
    /// For the face network: the longer side becomes 320; the tensor is 320 wide, and as high as
    /// the content needs, in steps of 32.
    pub fn of_faces(frame: Size) -> Self {
        let longest = frame.width.max(frame.height).max(1);
        let scaled = |side: u32| {
            let (side, longest) = (u64::from(side), u64::from(longest));
            (((2 * side * u64::from(FACE_SIDE) + longest) / (2 * longest)) as u32).max(1)
        };
        let content = Size::new(scaled(frame.width), scaled(frame.height));
        let height = content.height.next_multiple_of(FACE_STEP);
        let window = Window::whole(frame);
        Self { frame, window, content, tensor: Size::new(FACE_SIDE, height) }
    }

    /// For the face network, around a face. None when the frame is too small for that, or the face
    /// has no extent.
    pub fn near_face(frame: Size, face: &BoundingBox) -> Option<Self> {
        let longest = face.width().max(face.height());
        let most = frame.width.min(frame.height) / FACE_STEP * FACE_STEP;
        let wanted = (longest * AROUND_FACE) as u32;
        let side = wanted.max(1).next_multiple_of(FACE_STEP).min(most);
        if side == 0 || longest <= 0.0 || longest > side as f32 * LARGEST_FACE {
            return None;
        }
        let (x, y) = face.center();
        // Even, so that the chroma planes have a window of half the size.
        let from = |centre: f32, length: u32| {
            let start = (centre - side as f32 / 2.0).clamp(0.0, (length - side) as f32);
            start as u32 / 2 * 2
        };
        let (left, top) = (from(x, frame.width), from(y, frame.height));
        let square = Size::new(NEAR_SIDE, NEAR_SIDE);
        let window = Window { left, top, size: Size::new(side, side) };
        Some(Self { frame, window, content: square, tensor: square })
    }

    /// For the person network.
    pub const fn of_people(frame: Size) -> Self {
        Self::stretched(frame, Size::new(PERSON_SIDE, PERSON_SIDE))
    }

    /// For the silhouette network.
    pub const fn of_silhouette(frame: Size) -> Self {
        Self::stretched(frame, SILHOUETTE)
    }

    const fn stretched(frame: Size, tensor: Size) -> Self {
        Self { frame, window: Window::whole(frame), content: tensor, tensor }
    }

    /// A box in pixels of the tensor, in pixels of the frame.
    pub fn to_frame(self, found: BoundingBox) -> BoundingBox {
        let Window { left, top, size } = self.window;
        let x = |at: f32| left as f32 + at * (size.width as f32 / self.content.width as f32);
        let y = |at: f32| top as f32 + at * (size.height as f32 / self.content.height as f32);
        BoundingBox::new(x(found.left), y(found.top), x(found.right), y(found.bottom))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_side_fits_the_face_network_and_its_height_is_a_multiple_of_32() {
        for (frame, content, height) in [
            ((640, 480), (320, 240), 256),
            ((1280, 720), (320, 180), 192),
            ((360, 640), (180, 320), 320),
            ((512, 512), (320, 320), 320),
            ((1920, 200), (320, 33), 64),
            ((4000, 10), (320, 1), 32),
            ((192, 144), (320, 240), 256),
            ((641, 479), (320, 239), 256),
        ] {
            let layout = Layout::of_faces(Size::new(frame.0, frame.1));
            assert_eq!(layout.content, Size::new(content.0, content.1), "{frame:?}");
            assert_eq!(layout.tensor, Size::new(320, height), "{frame:?}");
        }
    }

    #[test]
    fn the_whole_content_maps_to_the_whole_frame() {
        for layout in [Layout::of_faces, Layout::of_people].map(|of| of(Size::new(641, 479))) {
            let Size { width, height } = layout.content;
            let whole = layout.to_frame(BoundingBox::new(0.0, 0.0, width as f32, height as f32));
            let frame = BoundingBox::new(0.0, 0.0, 641.0, 479.0);
            assert!(whole.iou(&frame) > 0.9999, "{whole:?}");
        }
    }

    #[test]
    fn the_window_around_a_face_lies_within_the_frame_and_maps_back_to_it() {
        let frame = Size::new(641, 479);
        for (left, top, side) in [(300.0, 200.0, 80.0), (-20.0, -30.0, 100.0), (600.0, 450.0, 60.0)]
        {
            let face = BoundingBox::new(left, top, left + side, top + side);
            let layout = Layout::near_face(frame, &face).unwrap();
            let Window { left, top, size } = layout.window;
            assert!(left + size.width <= 641 && top + size.height <= 479, "{layout:?}");
            assert_eq!((left % 2, top % 2, size.width % 32), (0, 0, 0));
            assert!(size.width as f32 >= 2.0 * side, "{layout:?}");
            let whole = layout.to_frame(BoundingBox::new(0.0, 0.0, 96.0, 96.0));
            let (right, bottom) = ((left + size.width) as f32, (top + size.height) as f32);
            assert_eq!(whole, BoundingBox::new(left as f32, top as f32, right, bottom));
        }
    }

    #[test]
    fn a_face_that_fills_the_frame_and_a_frame_without_room_have_no_window() {
        let face = |side: f32| BoundingBox::new(0.0, 0.0, side, side);
        assert_eq!(Layout::near_face(Size::new(640, 480), &face(400.0)), None);
        assert_eq!(Layout::near_face(Size::new(31, 480), &face(10.0)), None);
        assert_eq!(Layout::near_face(Size::new(640, 480), &face(0.0)), None);
        assert!(Layout::near_face(Size::new(640, 480), &face(1.0)).is_some());
    }
}
