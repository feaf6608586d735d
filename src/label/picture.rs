//! Frames in the colours of a screen.

use eframe::egui::{Color32, ColorImage};

use crate::frame::{Frame, I420, Payload, Range};

/// Graphics cards take textures of at least so many points a side.
const LARGEST: u32 = 2_048;

/// A frame as it is shown; of large ones every second, third, … pixel.
pub(super) fn picture(frame: &Frame) -> ColorImage {
    let (width, height) = (frame.size.width as usize, frame.size.height as usize);
    let step = frame.size.width.max(frame.size.height).div_ceil(LARGEST).max(1) as usize;
    let mut pixels = Vec::with_capacity(width.div_ceil(step) * height.div_ceil(step));
    for y in (0..height).step_by(step) {
        let row = y * width..(y + 1) * width;
        match &frame.payload {
            Payload::Gray8(luma) => {
                let gray = |value: &u8| Color32::from_gray(*value);
                pixels.extend(luma[row].iter().step_by(step).map(gray));
            }
            Payload::Rgb8(bytes) => {
                let colours = bytes[row.start * 3..row.end * 3].chunks_exact(3).step_by(step);
                pixels.extend(colours.map(|rgb| Color32::from_rgb(rgb[0], rgb[1], rgb[2])));
            }
            Payload::I420(planes) => planar_row(planes, width, y, step, &mut pixels),
        }
    }
    ColorImage::new([width.div_ceil(step), height.div_ceil(step)], pixels)
}

/// BT.601, in steps of 1/65,536.
fn planar_row(planes: &I420, width: usize, y: usize, step: usize, pixels: &mut Vec<Color32>) {
    let chroma_width = width.div_ceil(2);
    let chroma = y / 2 * chroma_width..(y / 2 + 1) * chroma_width;
    let (blues, reds) = (&planes.u[chroma.clone()], &planes.v[chroma]);
    let (black, bright, [to_red, blue_to_green, red_to_green, to_blue]) = match planes.range {
        Range::Full => (0, 65_536, [91_881, 22_554, 46_802, 116_130]),
        Range::Limited => (16, 76_309, [104_597, 25_675, 53_279, 132_201]),
    };
    let row = &planes.y[y * width..(y + 1) * width];
    for x in (0..width).step_by(step) {
        let luma = (i32::from(row[x]) - black) * bright + 32_768;
        let (blue, red) = (i32::from(blues[x / 2]) - 128, i32::from(reds[x / 2]) - 128);
        let value = |sum: i32| (sum >> 16).clamp(0, 255) as u8;
        pixels.push(Color32::from_rgb(
            value(luma + to_red * red),
            value(luma - blue_to_green * blue - red_to_green * red),
            value(luma + to_blue * blue),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;
    use crate::time::MediaTime;

    fn frame(size: Size, payload: Payload) -> Frame {
        Frame { seq: 0, pts: MediaTime::ZERO, size, payload }
    }

    #[test]
    fn colours_are_those_of_the_frame_in_both_ranges() {
        for (y, range, expected) in [
            ([81, 235, 16, 81], Range::Limited, Color32::from_rgb(254, 0, 0)),
            ([76, 255, 0, 76], Range::Full, Color32::from_rgb(233, 0, 0)),
        ] {
            let planes = I420 { y: y.to_vec(), u: vec![90], v: vec![240], range };
            let shown = picture(&frame(Size::new(2, 2), Payload::I420(planes)));
            let [red, green, blue, _] = shown.pixels[3].to_array();
            let [wanted, ..] = expected.to_array();
            assert!(red.abs_diff(wanted) < 3 && green < 20 && blue < 20, "{red} {green} {blue}");
        }
    }

    #[test]
    fn large_and_odd_frames_fit() {
        let shown = picture(&frame(Size::new(4_097, 3), Payload::Gray8(vec![9; 4_097 * 3])));
        assert_eq!(shown.size, [1_366, 1]);
        let planes = I420 { y: vec![9; 15], u: vec![1; 6], v: vec![1; 6], range: Range::Full };
        assert_eq!(picture(&frame(Size::new(5, 3), Payload::I420(planes))).size, [5, 3]);
    }
}
