//! From a camera's bytes to the payload of a frame.
//!
//! Everything is measured before it is read: a buffer that is too short for its picture is
//! damaged, and so is a JPEG that is not all there. Rows may be longer than their pixels (`stride`).
//! Packed 4:2:2 becomes planar 4:2:0 by the mean of two rows' chroma; luma is copied as it is.

use super::negotiate::PixelFormat;
use crate::capture::jpeg;
use crate::frame::{I420, Payload, Range};
use crate::geometry::Size;

/// How a buffer is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) format: PixelFormat,
    pub(super) size: Size,
    /// Bytes from one row to the next; 0 stands for no padding. Of no account for MJPEG.
    pub(super) stride: usize,
    pub(super) range: Range,
}

/// More zeros than this do not end a picture by chance.
const MOST_ZEROS: usize = 16;

/// Decodes a buffer. `None` when it is damaged.
pub(super) fn decode(bytes: &[u8], layout: &Layout) -> Option<(Payload, Size)> {
    let size = layout.size;
    let payload = match layout.format {
        PixelFormat::Mjpeg => return is_whole_jpeg(bytes).then(|| jpeg::decode(bytes)).flatten(),
        PixelFormat::Yuyv => Payload::I420(yuyv(bytes, layout)?),
        PixelFormat::Nv12 => Payload::I420(nv12(bytes, layout)?),
        PixelFormat::I420 => Payload::I420(i420(bytes, layout)?),
        PixelFormat::Grey => Payload::Gray8(grey(bytes, layout)?),
    };
    Some((payload, size))
}

/// Whether a buffer can hold its picture at all: the cheap check, for frames that are passed over.
pub(super) fn is_complete(bytes: &[u8], layout: &Layout) -> bool {
    let (width, height) = dimensions(layout.size);
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let stride = |row: usize| layout.stride.max(row);
    let extent = |count: usize, stride: usize, row: usize| count.saturating_sub(1) * stride + row;
    let needed = match layout.format {
        PixelFormat::Mjpeg => return is_whole_jpeg(bytes),
        PixelFormat::Yuyv => extent(height, stride(half_width * 4), half_width * 4),
        PixelFormat::Nv12 => {
            let stride = stride(half_width * 2);
            stride * height + extent(half_height, stride, half_width * 2)
        }
        PixelFormat::I420 => {
            let (luma, chroma) = planar_strides(layout);
            luma * height + chroma * half_height + extent(half_height, chroma, half_width)
        }
        PixelFormat::Grey => extent(height, stride(width), width),
    };
    bytes.len() >= needed
}

/// A JPEG that is cut off and then padded with zeros would be decoded: zeros are picture, too, to a
/// decoder. The padding itself is common, and so is a missing end marker; both together are not.
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let is_padded = bytes.len() - used > MOST_ZEROS;
    bytes.starts_with(&[0xff, 0xd8]) && (!is_padded || bytes[..used].ends_with(&[0xff, 0xd9]))
}

const fn dimensions(size: Size) -> (usize, usize) {
    (size.width as usize, size.height as usize)
}

/// `count` rows of `length` bytes that lie `stride` apart, from `start`.
fn rows(
    bytes: &[u8],
    start: usize,
    stride: usize,
    length: usize,
    count: usize,
) -> impl Iterator<Item = &[u8]> {
    let stride = stride.max(length);
    (0..count).map_while(move |row| bytes.get(start + row * stride..)?.get(..length))
}

fn plane(bytes: &[u8], start: usize, stride: usize, length: usize, count: usize) -> Vec<u8> {
    let mut plane = Vec::with_capacity(length * count);
    rows(bytes, start, stride, length, count).for_each(|row| plane.extend_from_slice(row));
    plane
}

fn yuyv(bytes: &[u8], layout: &Layout) -> Option<I420> {
    let (width, height) = dimensions(layout.size);
    let pairs = width.div_ceil(2);
    is_complete(bytes, layout).then_some(())?;
    let mut planes = empty(layout);
    let mut waiting: Option<&[u8]> = None;
    for row in rows(bytes, 0, layout.stride, pairs * 4, height) {
        planes.y.extend(row.iter().step_by(2).take(width));
        match waiting.take() {
            None => waiting = Some(row),
            Some(above) => mean_chroma(&mut planes, above, row),
        }
    }
    if let Some(last) = waiting {
        mean_chroma(&mut planes, last, last);
    }
    Some(planes)
}

fn mean_chroma(planes: &mut I420, above: &[u8], below: &[u8]) {
    let mean = |one: u8, other: u8| (u16::from(one) + u16::from(other)).div_ceil(2) as u8;
    for (above, below) in above.chunks_exact(4).zip(below.chunks_exact(4)) {
        planes.u.push(mean(above[1], below[1]));
        planes.v.push(mean(above[3], below[3]));
    }
}

fn nv12(bytes: &[u8], layout: &Layout) -> Option<I420> {
    let (width, height) = dimensions(layout.size);
    let pairs = width.div_ceil(2) * 2;
    let stride = layout.stride.max(pairs);
    is_complete(bytes, layout).then_some(())?;
    let mut planes = empty(layout);
    planes.y = plane(bytes, 0, stride, width, height);
    for row in rows(bytes, stride * height, stride, pairs, height.div_ceil(2)) {
        planes.u.extend(row.iter().step_by(2));
        planes.v.extend(row.iter().skip(1).step_by(2));
    }
    Some(planes)
}

fn i420(bytes: &[u8], layout: &Layout) -> Option<I420> {
    let (width, height) = dimensions(layout.size);
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let (luma, chroma) = planar_strides(layout);
    let (u, v) = (luma * height, luma * height + chroma * half_height);
    is_complete(bytes, layout).then_some(())?;
    Some(I420 {
        y: plane(bytes, 0, luma, width, height),
        u: plane(bytes, u, chroma, half_width, half_height),
        v: plane(bytes, v, chroma, half_width, half_height),
        range: layout.range,
    })
}

/// Strides of a luma row and of a chroma row, which is half as long, as V4L2 has it.
fn planar_strides(layout: &Layout) -> (usize, usize) {
    let width = layout.size.width as usize;
    let luma = layout.stride.max(width);
    (luma, luma.div_ceil(2))
}

/// Grey payloads are full range.
fn grey(bytes: &[u8], layout: &Layout) -> Option<Vec<u8>> {
    let (width, height) = dimensions(layout.size);
    is_complete(bytes, layout).then_some(())?;
    let mut pixels = plane(bytes, 0, layout.stride, width, height);
    if layout.range == Range::Limited {
        for pixel in &mut pixels {
            *pixel = ((u32::from(*pixel).saturating_sub(16) * 298 + 128) >> 8).min(255) as u8;
        }
    }
    Some(pixels)
}

fn empty(layout: &Layout) -> I420 {
    let (width, height) = dimensions(layout.size);
    let chroma = width.div_ceil(2) * height.div_ceil(2);
    I420 {
        y: Vec::with_capacity(width * height),
        u: Vec::with_capacity(chroma),
        v: Vec::with_capacity(chroma),
        range: layout.range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(format: PixelFormat, width: u32, height: u32, stride: usize) -> Layout {
        Layout { format, size: Size::new(width, height), stride, range: Range::Limited }
    }

    fn planes(bytes: &[u8], layout: &Layout) -> I420 {
        match decode(bytes, layout) {
            Some((Payload::I420(planes), _)) => planes,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn yuyv_keeps_luma_and_takes_the_mean_of_two_rows_of_chroma() {
        let bytes = [
            10, 100, 20, 200, 30, 110, 40, 210, 0xee, 0xee, //
            50, 104, 60, 203, 70, 110, 80, 211, 0xee, 0xee, //
            90, 1, 91, 2, 92, 3, 93, 4,
        ];
        let planes = planes(&bytes, &layout(PixelFormat::Yuyv, 4, 3, 10));
        assert_eq!(planes.y, [10, 20, 30, 40, 50, 60, 70, 80, 90, 91, 92, 93]);
        assert_eq!(planes.u, [102, 110, 1, 3]);
        assert_eq!(planes.v, [202, 211, 2, 4]);
        assert_eq!(planes.range, Range::Limited);
    }

    #[test]
    fn planar_formats_are_read_row_by_row_whatever_their_stride() {
        let nv12 = [
            1, 2, 0xee, 0xee, 3, 4, 0xee, 0xee, 5, 6, 0xee, 0xee, //
            50, 60, 0xee, 0xee, 51, 61,
        ];
        let expected = I420 {
            y: vec![1, 2, 3, 4, 5, 6],
            u: vec![50, 51],
            v: vec![60, 61],
            range: Range::Limited,
        };
        assert!(planes(&nv12, &layout(PixelFormat::Nv12, 2, 3, 4)) == expected);
        let i420 = [
            1, 2, 0xee, 0xee, 3, 4, 0xee, 0xee, 5, 6, 0xee, 0xee, //
            50, 0xee, 51, 0xee, 60, 0xee, 61,
        ];
        assert!(planes(&i420, &layout(PixelFormat::I420, 2, 3, 4)) == expected);
        let tight = [1, 2, 3, 4, 5, 6, 50, 51, 60, 61];
        assert!(planes(&tight, &layout(PixelFormat::I420, 2, 3, 0)) == expected);
    }

    #[test]
    fn grey_becomes_full_range() {
        let bytes = [16, 235, 0xee, 0, 255, 0xee];
        let mut layout = layout(PixelFormat::Grey, 2, 2, 3);
        let Some((Payload::Gray8(pixels), _)) = decode(&bytes, &layout) else { panic!() };
        assert_eq!(pixels, [0, 255, 0, 255]);
        layout.range = Range::Full;
        let Some((Payload::Gray8(pixels), _)) = decode(&bytes, &layout) else { panic!() };
        assert_eq!(pixels, [16, 235, 0, 255]);
    }

    #[test]
    fn a_byte_too_few_is_damage_and_a_byte_too_many_is_none() {
        use PixelFormat::{Grey, I420, Nv12, Yuyv};
        for (format, stride, needed) in [
            (Yuyv, 0, 12 * 3),
            (Yuyv, 20, 20 * 2 + 12),
            (Nv12, 0, 6 * 3 + 6 * 2),
            (Nv12, 8, 8 * 3 + 8 + 6),
            (I420, 0, 5 * 3 + 3 * 2 + 3 * 2),
            (I420, 8, 8 * 3 + 4 * 2 + 4 + 3),
            (Grey, 0, 15),
            (Grey, 8, 8 * 2 + 5),
        ] {
            let layout = layout(format, 5, 3, stride);
            let bytes = vec![128; needed + 1];
            for (length, complete) in
                [(0, false), (needed - 1, false), (needed, true), (needed + 1, true)]
            {
                assert_eq!(is_complete(&bytes[..length], &layout), complete, "{format:?} {stride}");
                let decoded = decode(&bytes[..length], &layout);
                assert_eq!(decoded.is_some(), complete, "{format:?} {stride}");
                if let Some((Payload::I420(planes), _)) = decoded {
                    let lengths = (planes.y.len(), planes.u.len(), planes.v.len());
                    assert_eq!(lengths, (15, 6, 6), "{format:?} {stride}");
                }
            }
        }
    }

    #[test]
    fn a_jpeg_gives_its_own_size_and_a_cut_one_nothing() {
        let jpeg = include_bytes!("../../../assets/stills/astronaut.jpg");
        let layout = layout(PixelFormat::Mjpeg, 640, 480, 0);
        let (payload, size) = decode(jpeg, &layout).unwrap();
        assert!(matches!(payload, Payload::Rgb8(pixels) if pixels.len() == size.area() * 3));
        assert!(is_complete(jpeg, &layout));
        assert!(decode(&jpeg[..jpeg.len() / 2], &layout).is_none());
        assert!(!is_complete(&[0; 1000], &layout));
    }

    #[test]
    fn a_jpeg_may_be_padded_or_without_its_end_but_not_both() {
        let jpeg = include_bytes!("../../../assets/stills/astronaut.jpg");
        let layout = layout(PixelFormat::Mjpeg, 512, 512, 0);
        let padded = |kept: usize, zeros: usize| [&jpeg[..kept], &vec![0; zeros]].concat();
        for (kept, zeros, whole) in [
            (jpeg.len(), 0, true),
            (jpeg.len(), 50_000, true),
            (jpeg.len() - 2, 0, true),
            (jpeg.len() * 2 / 3, 50_000, false),
            (jpeg.len() * 2 / 3, 0, false),
        ] {
            let decoded = decode(&padded(kept, zeros), &layout);
            assert_eq!(decoded.is_some(), whole, "{kept} bytes and {zeros} zeros");
        }
    }
}
