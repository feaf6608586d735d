//! From a frame to the tensor of a network: scale, convert, normalise. Pure.
//!
//! The planes of a 4:2:0 frame are scaled each by itself, straight to the size of the network, and
//! converted to colour there: a 640x480 frame has 307 200 pixels, the face network sees 76 800.
//! Colour follows BT.601, as webcams and JPEG do. Pictures in BT.709 look a little off; on the stills
//! of the development set that moves no score by more than 0.023.
//!
//! | network | planes | values |
//! |---|---|---|
//! | face | B G R | 0 to 255 |
//! | person | R G B | -1 to 1 |
//! | silhouette | R G B | 0 to 1 |
//!
//! Dark frames are smoothed and brightened for the face network (at a tenth of the light with sensor noise,
//! brightening raises the share of faces found at 0.7 from two thirds to all; at an eighth of the light, where it
//! alone finds 94 in 100, smoothing before it finds all), and not for the person network, which takes the raised
//! noise badly.

use inview_kernels::picture::{Colour, map, smooth};

use super::layout::Layout;
use super::resample::{Place, Scaler};
use crate::frame::{Frame, I420, Payload, Range};
use crate::geometry::Size;

/// Below this 99th percentile of luma, a frame counts as dark.
const DARK: f32 = 120.0;
/// What the 99th percentile of a dark frame is raised to.
const BRIGHT: f32 = 230.0;
/// A picture whose first percentile of luma is no darker …
const VEIL: f32 = 32.0;
/// … and so near to the 99th is one under a veil of light, if it is not of one tone.
const LITTLE_CONTRAST: std::ops::Range<f32> = 4.0..64.0;
/// Beyond this there is only noise to raise.
const MOST_GAIN: f32 = 16.0;

/// A frame whose pixels do not fit its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the frame has {found} bytes in a plane that needs {needed}")]
pub struct BadFrame {
    pub needed: usize,
    pub found: usize,
}

/// What a network wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// B, G, R, 0 to 255; dark frames are brightened if so wanted.
    Faces { brighten: bool },
    /// R, G, B, -1 to 1.
    People,
    /// R, G, B, 0 to 1.
    Silhouette,
}

/// Fills the tensor of one network from frames of one size. Keeps its tables and scratch space.
#[derive(Clone, Debug)]
pub struct Preprocessor {
    input: Input,
    layout: Layout,
    full: Scaler,
    /// For the chroma planes, half as large.
    half: Scaler,
    row: Vec<f32>,
}

impl Preprocessor {
    /// For whole frames. `frame` must not be empty.
    pub fn new(input: Input, frame: Size) -> Self {
        let layout = match input {
            Input::Faces { .. } => Layout::of_faces(frame),
            Input::People => Layout::of_people(frame),
            Input::Silhouette => Layout::of_silhouette(frame),
        };
        Self::of(input, layout)
    }

    /// For a window of frames, which must not be empty.
    pub fn of(input: Input, layout: Layout) -> Self {
        Self {
            input,
            layout,
            full: Scaler::new(layout.window.size, layout.content),
            half: Scaler::new(chroma(layout.window.size), layout.content),
            row: Vec::new(),
        }
    }

    /// Goes on with another layout; cheap when only the window's place differs.
    pub fn follow(&mut self, layout: Layout) {
        let same = |layout: &Layout| (layout.window.size, layout.content);
        if same(&self.layout) == same(&layout) {
            self.layout = layout;
        } else {
            *self = Self::of(self.input, layout);
        }
    }

    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// Writes the frame into `tensor`: three planes of `layout().tensor`, one after the other.
    pub fn fill(&mut self, frame: &Frame, tensor: &mut [f32]) -> Result<(), BadFrame> {
        let Some([first, second, third]) = planes(tensor, self.layout.tensor.area()) else {
            let needed = self.layout.tensor.area() * 3;
            return Err(BadFrame { needed, found: tensor.len() });
        };
        let [red, green, blue] = match self.input {
            Input::Faces { .. } => [third, second, first],
            Input::People | Input::Silhouette => [first, second, third],
        };
        let mut rgb = [red, green, blue];
        self.scale(&frame.payload, &mut rgb)?;
        match self.input {
            Input::Faces { brighten: false } => {}
            Input::Faces { brighten: true } => brighten(&mut rgb, &self.layout, &mut self.row),
            Input::People => move_all(&mut rgb, 1.0 / 127.5, -1.0),
            Input::Silhouette => move_all(&mut rgb, 1.0 / 255.0, 0.0),
        }
        self.pad(&mut rgb);
        Ok(())
    }

    /// Fills the content of the three planes with R, G and B, 0 to 255.
    fn scale(&mut self, payload: &Payload, rgb: &mut [&mut [f32]; 3]) -> Result<(), BadFrame> {
        let Layout { frame, window, tensor, .. } = self.layout;
        let (stride, pixels) = (tensor.width as usize, frame.area());
        let place = |part: u32, line: u32| Place {
            left: (window.left / part) as usize,
            top: (window.top / part) as usize,
            line: line as usize,
        };
        let (full, half) = (place(1, frame.width), place(2, frame.width.div_ceil(2)));
        let row = &mut self.row;
        match payload {
            Payload::Rgb8(bytes) => {
                self.full.scale(sized(bytes, pixels * 3)?, full, rgb, stride, row);
            }
            Payload::Gray8(bytes) => {
                let [red, green, blue] = rgb;
                self.full.scale(sized(bytes, pixels)?, full, &mut [&mut **red], stride, row);
                green.copy_from_slice(red);
                blue.copy_from_slice(red);
            }
            Payload::I420(planes) => {
                let quarter = chroma(frame).area();
                let [y, u, v] = rgb;
                self.full.scale(sized(&planes.y, pixels)?, full, &mut [&mut **y], stride, row);
                self.half.scale(sized(&planes.u, quarter)?, half, &mut [&mut **u], stride, row);
                self.half.scale(sized(&planes.v, quarter)?, half, &mut [&mut **v], stride, row);
                let used = stride * self.layout.content.height as usize;
                to_rgb(rgb, used, planes);
            }
        }
        Ok(())
    }

    /// Zeros what the frame does not cover.
    fn pad(&self, rgb: &mut [&mut [f32]; 3]) {
        let (content, tensor) = (self.layout.content, self.layout.tensor);
        let (width, stride) = (content.width as usize, tensor.width as usize);
        for plane in rgb {
            let (rows, below) = plane.split_at_mut(content.height as usize * stride);
            below.fill(0.0);
            if width < stride {
                rows.chunks_exact_mut(stride).for_each(|row| row[width..].fill(0.0));
            }
        }
    }
}

/// Size of the chroma planes of a 4:2:0 frame.
const fn chroma(frame: Size) -> Size {
    Size::new(frame.width.div_ceil(2), frame.height.div_ceil(2))
}

fn sized(bytes: &[u8], needed: usize) -> Result<&[u8], BadFrame> {
    if bytes.len() == needed { Ok(bytes) } else { Err(BadFrame { needed, found: bytes.len() }) }
}

fn planes(tensor: &mut [f32], area: usize) -> Option<[&mut [f32]; 3]> {
    if tensor.len() != area * 3 {
        return None;
    }
    let (first, rest) = tensor.split_at_mut(area);
    let (second, third) = rest.split_at_mut(area);
    Some([first, second, third])
}

/// Turns the first `used` values of planes of Y, U, V into R, G, B (BT.601), in place.
fn to_rgb(planes: &mut [&mut [f32]; 3], used: usize, source: &I420) {
    let colour = match source.range {
        Range::Limited => Colour { black: 16.0, luma: 255.0 / 219.0, chroma: 255.0 / 224.0 },
        Range::Full => Colour { black: 0.0, luma: 1.0, chroma: 1.0 },
    };
    colour.to_rgb(planes.each_mut().map(|plane| &mut plane[..used]));
}

fn move_all(rgb: &mut [&mut [f32]; 3], factor: f32, offset: f32) {
    for plane in rgb {
        map(plane, factor, offset, f32::INFINITY);
    }
}

/// Raises all values of a dark picture once its noise is less, and takes off the veil of one without contrast.
fn brighten(rgb: &mut [&mut [f32]; 3], layout: &Layout, space: &mut Vec<f32>) {
    let (width, stride) = (layout.content.width as usize, layout.tensor.width as usize);
    let used = stride * layout.content.height as usize;
    let [red, green, blue] = rgb.each_ref().map(|plane| plane.chunks_exact(stride));
    let rows = red.zip(green).zip(blue).take(layout.content.height as usize);
    let lumas = rows.flat_map(|((red, green), blue)| {
        let pixels = red[..width].iter().zip(green).zip(blue).step_by(3);
        pixels.map(|((red, green), blue)| red * 0.299 + green * 0.587 + blue * 0.114)
    });
    if let Some(Exposure { black, gain }) = exposure(lumas) {
        for plane in rgb {
            if black == 0.0 {
                smooth(&mut plane[..used], width, stride, space);
            }
            map(plane, gain, -black * gain, 255.0);
        }
    }
}

/// What makes a picture fit to find a face in: a value of `black` becomes none, and each level `gain`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposure {
    pub black: f32,
    pub gain: f32,
}

/// Brings the 99th percentile of luma to 230 where the picture is dark, and the first to none where what is
/// in it has little contrast and no black: a veil of light lies over it. None when it is neither.
pub fn exposure(lumas: impl Iterator<Item = f32>) -> Option<Exposure> {
    let mut histogram = [0_usize; 256];
    for luma in lumas {
        histogram[(luma as usize).min(255)] += 1;
    }
    let hundredth = histogram.iter().sum::<usize>() / 100;
    let (mut below, mut above) = (0, 0);
    let is_beyond = |count: &usize, sum: &mut usize| {
        *sum += count;
        *sum > hundredth
    };
    let darkest = histogram.iter().position(|count| is_beyond(count, &mut below))? as f32;
    let brightest = histogram.iter().rposition(|count| is_beyond(count, &mut above))? as f32;
    let veiled = darkest >= VEIL && LITTLE_CONTRAST.contains(&(brightest - darkest));
    let black = if veiled { darkest } else { 0.0 };
    let gain = || (BRIGHT / (brightest - black).max(1.0)).min(MOST_GAIN);
    (veiled || brightest < DARK).then(|| Exposure { black, gain: gain() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MediaTime;

    const UNRAISED: Input = Input::Faces { brighten: false };

    fn filled(input: Input, size: (u32, u32), payload: Payload) -> Result<Vec<f32>, BadFrame> {
        let size = Size::new(size.0, size.1);
        let mut preprocessor = Preprocessor::new(input, size);
        let mut tensor = vec![f32::NAN; preprocessor.layout().tensor.area() * 3];
        let frame = Frame { seq: 0, pts: MediaTime::ZERO, size, payload };
        preprocessor.fill(&frame, &mut tensor).map(|()| tensor)
    }

    /// The three values of the pixel at the top left.
    fn corner(tensor: &[f32]) -> [f32; 3] {
        [0, 1, 2].map(|plane| tensor[plane * tensor.len() / 3])
    }

    fn i420(size: (u32, u32), [y, u, v]: [u8; 3], range: Range) -> Payload {
        let quarter = chroma(Size::new(size.0, size.1)).area();
        let pixels = Size::new(size.0, size.1).area();
        Payload::I420(I420 { y: vec![y; pixels], u: vec![u; quarter], v: vec![v; quarter], range })
    }

    #[test]
    fn video_and_jpeg_colours_become_the_same_red() {
        let pure_red = [0.0, 0.0, 255.0];
        for (yuv, range) in [([81, 90, 240], Range::Limited), ([76, 85, 255], Range::Full)] {
            let tensor = filled(UNRAISED, (64, 64), i420((64, 64), yuv, range)).unwrap();
            for (value, expected) in corner(&tensor).into_iter().zip(pure_red) {
                assert!((value - expected).abs() < 2.0, "{value}, not {expected}, in {range:?}");
            }
        }
    }

    #[test]
    fn the_person_network_sees_red_first_and_from_minus_one_to_one() {
        let orange = [255, 127, 0].repeat(16);
        let tensor = filled(Input::People, (4, 4), Payload::Rgb8(orange)).unwrap();
        let [red, green, blue] = corner(&tensor);
        assert!((red - 1.0).abs() < 1e-4 && green.abs() < 0.01 && (blue + 1.0).abs() < 1e-4);
    }

    #[test]
    fn what_the_frame_does_not_cover_is_zero_also_after_brightening() {
        let payload = Payload::Gray8(vec![20; 90 * 160]);
        let tensor = filled(Input::Faces { brighten: true }, (90, 160), payload).unwrap();
        let row = &tensor[..320];
        assert!(row[..180].iter().all(|value| (value - 230.0).abs() < 0.1), "{:?}", &row[..4]);
        assert!(row[180..].iter().all(|value| *value == 0.0));
    }

    #[test]
    fn dark_pictures_have_less_noise_when_they_are_raised_and_others_all_of_theirs() {
        let spread = |dark: u8, bright: u8| {
            let is_dark = |at: u32| at.wrapping_mul(2_654_435_761) >> 31 == 0;
            let noise = (0..320 * 320).map(|at| if is_dark(at) { dark } else { bright });
            let payload = Payload::Gray8(noise.collect());
            let tensor = filled(Input::Faces { brighten: true }, (320, 320), payload).unwrap();
            let plane = &tensor[..320 * 320];
            let mean = plane.iter().sum::<f32>() / plane.len() as f32;
            let variance = plane.iter().map(|value| (value - mean).powi(2)).sum::<f32>();
            (variance / plane.len() as f32).sqrt() / mean
        };
        let (lit, unlit) = (spread(100, 200), spread(10, 20));
        assert!(lit > 0.3 && unlit < 0.8 * lit, "{unlit}, {lit}");
    }

    #[test]
    fn only_dark_pictures_are_raised_and_not_without_limit() {
        let flat = |luma: f32| exposure(std::iter::repeat_n(luma, 1000));
        let raised = |gain| Some(Exposure { black: 0.0, gain });
        assert_eq!(flat(120.0), None);
        assert_eq!(flat(115.0), raised(2.0));
        assert_eq!(flat(0.0), raised(MOST_GAIN));
        assert_eq!(exposure(std::iter::empty()), None);
    }

    #[test]
    fn a_veil_is_taken_off_pictures_without_black_and_with_little_contrast() {
        let between = |dark: f32, bright: f32| {
            let half = |luma| std::iter::repeat_n(luma, 500);
            exposure(half(dark).chain(half(bright)))
        };
        assert_eq!(between(90.0, 136.0), Some(Exposure { black: 90.0, gain: 5.0 }));
        assert_eq!(between(90.0, 100.0), Some(Exposure { black: 90.0, gain: MOST_GAIN }));
        assert_eq!(between(90.0, 160.0), None);
        assert_eq!(between(20.0, 46.0), Some(Exposure { black: 0.0, gain: 5.0 }));
    }

    #[test]
    fn a_lamp_in_the_picture_counts_from_one_percent_of_it() {
        let with_lamp = |pixels| {
            let dark = std::iter::repeat_n(23.0, 1000 - pixels);
            exposure(dark.chain(std::iter::repeat_n(255.0, pixels))).map(|it| it.gain)
        };
        assert_eq!(with_lamp(10), Some(10.0));
        assert_eq!(with_lamp(11), None);
    }

    #[test]
    fn a_plane_of_the_wrong_length_is_named() {
        let error = filled(UNRAISED, (4, 4), Payload::Gray8(vec![0; 15])).unwrap_err();
        assert_eq!(error, BadFrame { needed: 16, found: 15 });
        let torn = I420 { y: vec![0; 15], u: vec![0; 6], v: vec![0; 5], range: Range::Full };
        let error = filled(UNRAISED, (5, 3), Payload::I420(torn)).unwrap_err();
        assert_eq!(error, BadFrame { needed: 6, found: 5 });
    }
}
