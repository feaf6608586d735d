//! Small pictures of a recording, for the page of an evaluation. They stand in that page and nowhere
//! else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder as _};

use crate::capture::FrameSource;
use crate::frame::{Frame, Payload, Range};
use crate::time::MediaTime;

/// Pixels on the longer side.
const LONGEST: u32 = 176;
const QUALITY: u8 = 62;
/// Samples a pixel, on each side.
const FINE: u32 = 3;

/// One frame, as the address of an image.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub at: MediaTime,
    /// `data:image/jpeg;base64,…`
    pub address: String,
    pub width: u32,
    pub height: u32,
}

/// The frames at `times`, which come in order; those behind the recording's end are left out.
pub(super) fn take(source: &mut dyn FrameSource, times: &[MediaTime]) -> Vec<Picture> {
    let mut pictures = Vec::new();
    for &at in times {
        let Ok(Some(frame)) = source.next_frame(at) else { break };
        pictures.extend(picture(&frame, at));
    }
    pictures
}

fn picture(frame: &Frame, at: MediaTime) -> Option<Picture> {
    let (width, height) = (frame.size.width, frame.size.height);
    let scale = f64::from(LONGEST) / f64::from(width.max(height).max(1));
    let scaled = |side: u32| ((f64::from(side) * scale.min(1.0)).round() as u32).max(1);
    let (small_width, small_height) = (scaled(width), scaled(height));
    let mut pixels = Vec::new();
    for y in 0..small_height {
        for x in 0..small_width {
            pixels.extend(mean(frame, (x, small_width), (y, small_height)));
        }
    }
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .write_image(&pixels, small_width, small_height, ExtendedColorType::Rgb8)
        .ok()?;
    let address = format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg));
    Some(Picture { at, address, width: small_width, height: small_height })
}

/// The mean over the part of the frame that one pixel of the small picture stands for.
fn mean(frame: &Frame, (x, width): (u32, u32), (y, height): (u32, u32)) -> [u8; 3] {
    let mut sum = [0_u32; 3];
    let place = |at: u32, fine: u32, count: u32, length: u32| {
        let place = u64::from(at * FINE + fine) * u64::from(length) / u64::from(count * FINE);
        (place as u32).min(length - 1)
    };
    for fine_y in 0..FINE {
        for fine_x in 0..FINE {
            let column = place(x, fine_x, width, frame.size.width);
            let row = place(y, fine_y, height, frame.size.height);
            for (sum, value) in sum.iter_mut().zip(rgb(frame, column, row)) {
                *sum += u32::from(value);
            }
        }
    }
    sum.map(|sum| (sum / (FINE * FINE)) as u8)
}

/// Red, green and blue of a pixel, 0 to 255 (BT.601).
fn rgb(frame: &Frame, x: u32, y: u32) -> [u8; 3] {
    let luma = frame.luma(x, y);
    match &frame.payload {
        Payload::Gray8(_) => [luma; 3],
        Payload::Rgb8(pixels) => {
            let at = (y as usize * frame.size.width as usize + x as usize) * 3;
            [pixels[at], pixels[at + 1], pixels[at + 2]]
        }
        Payload::I420(planes) => {
            let at = (y / 2) as usize * frame.size.width.div_ceil(2) as usize + (x / 2) as usize;
            let wide = match planes.range {
                Range::Full => 1.0,
                Range::Limited => 255.0 / 224.0,
            };
            let chroma = |plane: &[u8]| (f32::from(plane[at]) - 128.0) * wide;
            let (luma, blue, red) = (f32::from(luma), chroma(&planes.u), chroma(&planes.v));
            let green = 0.344 * blue + 0.714 * red;
            [luma + 1.402 * red, luma - green, luma + 1.772 * blue]
                .map(|value| value.round().clamp(0.0, 255.0) as u8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Synthetic;
    use crate::frame::I420;
    use crate::geometry::Size;
    use std::time::Duration;

    #[test]
    fn pictures_are_small_and_as_many_as_there_are_frames_for() {
        let period = Duration::from_millis(200);
        let mut source = Synthetic::new(Size::new(640, 480), period, 5, |_| vec![90; 640 * 480]);
        let times = [0, 400, 9_000].map(MediaTime::from_millis);
        let pictures = take(&mut source, &times);
        let found: Vec<_> =
            pictures.iter().map(|it| (it.at.as_millis(), it.width, it.height)).collect();
        assert_eq!(found, [(0, 176, 132), (400, 176, 132)]);
        assert!(pictures[0].address.starts_with("data:image/jpeg;base64,/9j/"));
    }

    #[test]
    fn colours_are_those_of_the_frame() {
        let planes = I420 { y: vec![81; 4], u: vec![90], v: vec![240], range: Range::Limited };
        let size = Size::new(2, 2);
        let frame = Frame { seq: 0, pts: MediaTime::ZERO, size, payload: Payload::I420(planes) };
        let [red, green, blue] = rgb(&frame, 1, 1);
        assert!(red > 245 && green < 10 && blue < 10, "{red} {green} {blue}");
    }
}
