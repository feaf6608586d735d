//! One picture of a source, with its place in time.

use crate::geometry::Size;
use crate::time::MediaTime;

/// One frame as a [`crate::capture::FrameSource`] hands it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Number within the source, from 0. Frames that were not asked for are counted too, so a gap
    /// in `seq` is the number of frames skipped.
    pub seq: u64,
    /// Presentation timestamp.
    pub pts: MediaTime,
    pub size: Size,
    pub payload: Payload,
}

/// Pixels, as the source has them at least cost. The detector converts only what it needs.
#[derive(Clone, PartialEq, Eq)]
pub enum Payload {
    /// Interleaved R, G, B; `width * height * 3` bytes, no padding.
    Rgb8(Vec<u8>),
    /// One luma byte a pixel; `width * height` bytes, full range.
    Gray8(Vec<u8>),
    /// Planar 4:2:0.
    I420(I420),
}

/// Planar 4:2:0 pixels without padding: chroma planes are `width.div_ceil(2) * height.div_ceil(2)`.
#[derive(Clone, PartialEq, Eq)]
pub struct I420 {
    pub y: Vec<u8>,
    pub u: Vec<u8>,
    pub v: Vec<u8>,
    pub range: Range,
}

/// What the bytes of a luma plane mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// 16 is black, 235 is white (video).
    Limited,
    /// 0 is black, 255 is white (JPEG).
    Full,
}

impl std::fmt::Debug for Payload {
    /// Names the format only: pixels do not belong into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rgb8(_) => "Rgb8",
            Self::Gray8(_) => "Gray8",
            Self::I420(_) => "I420",
        })
    }
}

impl std::fmt::Debug for I420 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("I420").field("range", &self.range).finish_non_exhaustive()
    }
}

impl Frame {
    /// Luma of the pixel at (`x`, `y`), 0 (black) to 255 (white), whatever the format.
    ///
    /// # Panics
    /// When the pixel lies outside the frame.
    pub fn luma(&self, x: u32, y: u32) -> u8 {
        let at = y as usize * self.size.width as usize + x as usize;
        match &self.payload {
            Payload::Gray8(pixels) => pixels[at],
            Payload::I420(planes) => match planes.range {
                Range::Full => planes.y[at],
                Range::Limited => full_range(planes.y[at]),
            },
            Payload::Rgb8(pixels) => {
                let [red, green, blue] =
                    [pixels[at * 3], pixels[at * 3 + 1], pixels[at * 3 + 2]].map(u32::from);
                ((red * 77 + green * 150 + blue * 29 + 128) >> 8) as u8
            }
        }
    }

    /// Appends [`Self::luma`] of the pixels of row `y` in these columns.
    ///
    /// # Panics
    /// When one of them lies outside the frame.
    pub fn luma_of_row(&self, y: u32, columns: &[u32], to: &mut Vec<u8>) {
        let width = self.size.width as usize;
        let row = |plane: &[u8], to: &mut Vec<u8>, luma: fn(u8) -> u8| {
            let row = &plane[y as usize * width..][..width];
            to.extend(columns.iter().map(|x| luma(row[*x as usize])));
        };
        match &self.payload {
            Payload::Gray8(pixels) => row(pixels, to, std::convert::identity),
            Payload::I420(planes) => match planes.range {
                Range::Full => row(&planes.y, to, std::convert::identity),
                Range::Limited => row(&planes.y, to, full_range),
            },
            Payload::Rgb8(_) => to.extend(columns.iter().map(|x| self.luma(*x, y))),
        }
    }
}

/// Limited-range luma (16..=235) as full range.
fn full_range(y: u8) -> u8 {
    ((u32::from(y).saturating_sub(16) * 298 + 128) >> 8).min(255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_pixel(payload: Payload) -> Frame {
        Frame { seq: 0, pts: MediaTime::ZERO, size: Size::new(1, 1), payload }
    }

    #[test]
    fn luma_is_full_range_in_every_format() {
        let limited = |y| {
            Payload::I420(I420 { y: vec![y], u: vec![128], v: vec![128], range: Range::Limited })
        };
        for (payload, expected) in [
            (Payload::Rgb8(vec![255, 255, 255]), 255),
            (Payload::Rgb8(vec![0, 0, 0]), 0),
            (Payload::Rgb8(vec![0, 255, 0]), 149),
            (Payload::Gray8(vec![77]), 77),
            (limited(16), 0),
            (limited(235), 255),
            (limited(255), 255),
            (limited(0), 0),
        ] {
            let frame = one_pixel(payload);
            assert_eq!(frame.luma(0, 0), expected, "{:?}", frame.payload);
            let mut row = Vec::new();
            frame.luma_of_row(0, &[0, 0], &mut row);
            assert_eq!(row, [expected; 2], "{:?}", frame.payload);
        }
    }

    #[test]
    fn debug_output_holds_no_pixels() {
        let frame = one_pixel(Payload::Gray8(vec![201]));
        assert!(!format!("{frame:?}").contains("201"));
    }
}
