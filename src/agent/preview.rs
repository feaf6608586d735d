//! What the candidate sees of themselves before the exam, and while they check the camera for a proctor: a
//! small copy of the frame that was looked at last. Else there is none in the exam, and it is never
//! written, sent or logged.

use std::fmt;
use std::sync::Arc;

use crate::frame::{Frame, Payload, Range};
use crate::geometry::{BoundingBox, Size};
use crate::pipeline::Sample;

/// Wide enough to see oneself, small enough to cost nothing.
const WIDEST: u32 = 320;

/// A small picture, upright as the camera sees it (not mirrored), and what was found in it.
#[derive(Clone, PartialEq)]
pub struct Preview {
    /// Number of the frame: another number, another picture.
    pub seq: u64,
    pub size: Size,
    /// Interleaved R, G, B without padding.
    pub rgb: Arc<[u8]>,
    /// The best face, its edges in parts of the picture: 0 to 1.
    pub face: Option<BoundingBox>,
    /// Mean luma of the face, 0 to 255.
    pub face_luma: Option<f64>,
    /// Mean luma of the whole picture.
    pub mean: f64,
    /// 99 of 100 pixels are at most so bright.
    pub p99: u8,
}

impl fmt::Debug for Preview {
    /// Without pixels: they do not belong into a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preview").field("seq", &self.seq).finish_non_exhaustive()
    }
}

impl Preview {
    pub(super) fn of(frame: &Frame, sample: &Sample) -> Self {
        let (from, to) = (frame.size, shrunk(frame.size));
        let best = sample.faces.iter().flatten().max_by(|a, b| a.score.total_cmp(&b.score));
        let inside = best.map(|face| face.bounding_box.clipped_to(from));
        let (width, height) = (from.width.max(1) as f32, from.height.max(1) as f32);
        Self {
            seq: frame.seq,
            size: to,
            rgb: copy(frame, to).into(),
            face: inside.map(|face| BoundingBox {
                left: face.left / width,
                top: face.top / height,
                right: face.right / width,
                bottom: face.bottom / height,
            }),
            face_luma: inside.and_then(|face| mean_luma(frame, &face)),
            mean: sample.picture.mean,
            p99: sample.picture.p99,
        }
    }
}

fn shrunk(size: Size) -> Size {
    if size.width <= WIDEST {
        return size;
    }
    let height = u64::from(size.height) * u64::from(WIDEST) / u64::from(size.width);
    Size::new(WIDEST, (height as u32).max(1))
}

/// Each pixel is the mean of four of the frame's, spread over what it stands for.
fn copy(frame: &Frame, to: Size) -> Vec<u8> {
    let from = frame.size;
    let spread = |index: u32, from: u32, to: u32| {
        [1, 3].map(|part| {
            let at = (u64::from(index) * 4 + part) * u64::from(from) / (u64::from(to) * 4);
            (at as u32).min(from - 1)
        })
    };
    let mut pixels = Vec::with_capacity(to.area() * 3);
    for row in 0..to.height {
        let rows = spread(row, from.height, to.height);
        for column in 0..to.width {
            pixels.extend(mean(frame, spread(column, from.width, to.width), rows));
        }
    }
    pixels
}

fn mean(frame: &Frame, columns: [u32; 2], rows: [u32; 2]) -> [u8; 3] {
    let [left, right] = columns;
    let [top, bottom] = rows;
    let four = [(left, top), (right, top), (left, bottom), (right, bottom)];
    let colours = four.map(|(x, y)| rgb(frame, x, y));
    [0, 1, 2].map(|channel| {
        let sum: u16 = colours.iter().map(|colour| u16::from(colour[channel])).sum();
        (sum / 4) as u8
    })
}

/// Colour by BT.601, as webcams have it.
fn rgb(frame: &Frame, x: u32, y: u32) -> [u8; 3] {
    let at = y as usize * frame.size.width as usize + x as usize;
    match &frame.payload {
        Payload::Gray8(pixels) => [pixels[at]; 3],
        Payload::Rgb8(pixels) => [pixels[at * 3], pixels[at * 3 + 1], pixels[at * 3 + 2]],
        Payload::I420(planes) => {
            let half = (frame.size.width as usize).div_ceil(2);
            let chroma = (y as usize / 2) * half + x as usize / 2;
            let luma = f32::from(frame.luma(x, y));
            let stretch = if planes.range == Range::Limited { 255.0 / 224.0 } else { 1.0 };
            let [blue, red] = [planes.u[chroma], planes.v[chroma]]
                .map(|value| (f32::from(value) - 128.0) * stretch);
            [luma + 1.402 * red, luma - 0.344 * blue - 0.714 * red, luma + 1.772 * blue]
                .map(|value| value.clamp(0.0, 255.0) as u8)
        }
    }
}

fn mean_luma(frame: &Frame, face: &BoundingBox) -> Option<f64> {
    let (mut sum, mut count) = (0_u64, 0_u32);
    for y in (face.top as u32..face.bottom as u32).step_by(4) {
        for x in (face.left as u32..face.right as u32).step_by(4) {
            sum += u64::from(frame.luma(x, y));
            count += 1;
        }
    }
    (count > 0).then(|| sum as f64 / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detection::{Detection, Label};
    use crate::frame::I420;
    use crate::presence::{LumaGrid, Signs, Verdict};
    use crate::time::MediaTime;

    fn seen(size: Size, payload: Payload, face: Option<BoundingBox>) -> Preview {
        let frame = Frame { seq: 7, pts: MediaTime::ZERO, size, payload };
        let detection = |bounding_box| Detection { label: Label::Face, score: 0.9, bounding_box };
        let sample = Sample {
            seq: 7,
            pts: frame.pts,
            picture: LumaGrid::of(&frame).stats(None),
            faces: Some(face.into_iter().map(detection).collect()),
            rested: false,
            people: None,
            signs: Signs::default(),
            verdict: Verdict::Face,
            changes: Vec::new(),
        };
        Preview::of(&frame, &sample)
    }

    #[test]
    fn a_wide_picture_is_shrunk_and_its_face_is_in_parts_of_it() {
        let face = BoundingBox::new(160.0, 120.0, 320.0, 360.0);
        let preview = seen(Size::new(640, 480), Payload::Gray8(vec![90; 640 * 480]), Some(face));
        assert_eq!((preview.size, preview.rgb.len()), (Size::new(320, 240), 320 * 240 * 3));
        assert_eq!(preview.face, Some(BoundingBox::new(0.25, 0.25, 0.5, 0.75)));
        assert_eq!((preview.face_luma, preview.rgb[0]), (Some(90.0), 90));
    }

    #[test]
    fn colours_are_right_in_every_format() {
        // Red, by BT.601 in full range.
        let (y, u, v) = (76, 85, 255);
        let planes = I420 { y: vec![y; 16], u: vec![u; 4], v: vec![v; 4], range: Range::Full };
        for payload in [Payload::I420(planes), Payload::Rgb8([255, 0, 0].repeat(16))] {
            let preview = seen(Size::new(4, 4), payload, None);
            let [red, green, blue] = [0, 1, 2].map(|at| preview.rgb[at]);
            assert!(red > 245 && green < 10 && blue < 10, "{red} {green} {blue}");
            assert_eq!((preview.face, preview.size), (None, Size::new(4, 4)));
        }
    }

    #[test]
    fn an_odd_size_and_a_face_beyond_the_edge_are_no_trouble() {
        let face = BoundingBox::new(-9.0, -9.0, 900.0, 900.0);
        let preview = seen(Size::new(333, 7), Payload::Gray8(vec![201; 333 * 7]), Some(face));
        assert_eq!(preview.size, Size::new(320, 6));
        assert_eq!(preview.face, Some(BoundingBox::new(0.0, 0.0, 1.0, 1.0)));
        assert!(!format!("{preview:?}").contains("201"));
    }
}
