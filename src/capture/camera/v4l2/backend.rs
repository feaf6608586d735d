//! Our backend behind nokhwa's `Camera`.
//!
//! nokhwa's trait has no room for all that a driver says: its errors are text, so that "in use" and
//! "unplugged" cannot be told apart, and its frames have neither a number nor a mark for damage. So
//! that travels beside the trait, in a [`Note`] that the backend writes at each frame and that
//! [`Streaming`] reads at once. Frames go through `frame_raw`, which lends the driver's own memory, so
//! that a frame that is not wanted costs no copy.
//!
//! A change of format is a new opening, hence the setters refuse; so do controls, which nobody
//! sets. nokhwa has no name for planar 4:2:0 and calls it NV12 here; only the note's reader decodes.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use nokhwa::camera_traits::CaptureBackendTrait;
use nokhwa::utils::{
    ApiBackend, CameraControl, CameraFormat, CameraIndex, CameraInfo as Info, ControlValueSetter,
    FrameFormat, KnownCameraControl, Resolution,
};
use nokhwa::{Camera, NokhwaError};
use v4l::format::{Colorspace, Quantization};
use v4l::fraction::Fraction;
use v4l::video::Capture as _;
use v4l::video::capture::Parameters;

use super::offers::offers;
use super::stream::Stream;
use crate::capture::camera::decode::Layout;
use crate::capture::camera::device::{Buffer, Device, Facts};
use crate::capture::camera::negotiate::{Choice, Interval, PixelFormat, choose};
use crate::capture::camera::{CameraError, CameraInfo};
use crate::frame::Range;
use crate::geometry::Size;

/// Sets format and rate, whatever the device was left in, and takes the camera.
pub(super) fn start(
    device: v4l::Device,
    camera: &CameraInfo,
) -> Result<Box<dyn Device>, CameraError> {
    let offers = offers(&device)?;
    // A virtual camera without its program has no format yet.
    if offers.is_empty() {
        return Err(CameraError::Stalled);
    }
    let choice = choose(&offers).map_err(CameraError::Unsupported)?;
    let layout = set_format(&device, &choice)?;
    let rate = set_rate(&device, choice.interval)?;
    tracing::info!(
        format = layout.format.as_str(),
        width = layout.size.width,
        height = layout.size.height,
        rate,
        "a camera is opened"
    );
    let index = CameraIndex::Index(camera.index);
    let note = Note::default();
    let backend = Backend {
        info: Info::new(&camera.name, &camera.driver, &camera.bus, index.clone()),
        format: named(&layout, rate),
        device,
        stream: None,
        note: Rc::clone(&note),
    };
    let camera = Camera::with_custom(index, ApiBackend::Video4Linux, Box::new(backend));
    let mut streaming = Streaming { camera: Some(camera), layout, rate, note };
    streaming.open()?;
    Ok(Box::new(streaming))
}

/// What the driver made of the choice: it may change everything but what it cannot decode.
fn set_format(device: &v4l::Device, choice: &Choice) -> Result<Layout, CameraError> {
    let Size { width, height } = choice.size;
    let wanted = v4l::Format::new(width, height, v4l::FourCC::new(&choice.fourcc));
    let got = device.set_format(&wanted)?;
    let format = PixelFormat::from_fourcc(got.fourcc.repr).ok_or_else(|| {
        CameraError::Unsupported(String::from_utf8_lossy(&got.fourcc.repr).into_owned())
    })?;
    let is_full = match got.quantization {
        Quantization::FullRange => true,
        Quantization::LimitedRange => false,
        // By V4L2's rule, except for grey: infrared cameras use all of it and do not say so.
        Quantization::Default => {
            matches!(got.colorspace, Colorspace::JPEG) || format == PixelFormat::Grey
        }
    };
    let range = if is_full { Range::Full } else { Range::Limited };
    let size = Size::new(got.width, got.height);
    Ok(Layout { format, size, stride: got.stride as usize, range })
}

/// The rate that the driver has now. Many virtual cameras have none to set.
fn set_rate(device: &v4l::Device, interval: Interval) -> Result<Option<f64>, CameraError> {
    let fraction = Fraction::new(interval.numerator, interval.denominator);
    match device.set_params(&Parameters::new(fraction)).map_err(CameraError::from) {
        Ok(Parameters { interval: Fraction { numerator, denominator }, .. }) => {
            Ok(Interval { numerator, denominator }.rate())
        }
        Err(CameraError::Driver(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn named(layout: &Layout, rate: Option<f64>) -> CameraFormat {
    let format = match layout.format {
        PixelFormat::Mjpeg => FrameFormat::MJPEG,
        PixelFormat::Yuyv => FrameFormat::YUYV,
        PixelFormat::Nv12 | PixelFormat::I420 => FrameFormat::NV12,
        PixelFormat::Grey => FrameFormat::GRAY,
    };
    let Size { width, height } = layout.size;
    CameraFormat::new_from(width, height, format, rate.unwrap_or_default().round() as u32)
}

/// What the trait has no room for: about the frame, or about the error, just returned.
type Note = Rc<Cell<Option<Result<Facts, CameraError>>>>;

struct Streaming {
    /// `None` only while it is dropped.
    camera: Option<Camera>,
    layout: Layout,
    rate: Option<f64>,
    note: Note,
}

impl Streaming {
    fn open(&mut self) -> Result<(), CameraError> {
        let camera = self.camera.as_mut().ok_or(CameraError::Unplugged)?;
        camera.open_stream().map_err(|error| noted(&self.note, &error))
    }
}

impl Device for Streaming {
    fn layout(&self) -> Layout {
        self.layout
    }

    fn rate(&self) -> Option<f64> {
        self.rate
    }

    fn next(&mut self) -> Result<Buffer<'_>, CameraError> {
        let camera = self.camera.as_mut().ok_or(CameraError::Unplugged)?;
        let bytes = camera.frame_raw().map_err(|error| noted(&self.note, &error))?;
        let facts = self.note.take().and_then(Result::ok).unwrap_or_default();
        Ok(Buffer { bytes, facts })
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        let camera = self.camera.take();
        if catch_unwind(AssertUnwindSafe(|| drop(camera))).is_err() {
            tracing::warn!("a camera could not be closed");
        }
    }
}

fn noted(note: &Note, error: &NokhwaError) -> CameraError {
    match note.take() {
        Some(Err(noted)) => noted,
        _ => CameraError::Driver(error.to_string()),
    }
}

struct Backend {
    // Before the device: its buffers go first.
    stream: Option<Stream>,
    device: v4l::Device,
    info: Info,
    format: CameraFormat,
    note: Note,
}

fn failed(note: &Note, error: std::io::Error) -> NokhwaError {
    let error = CameraError::from(error);
    let text = error.to_string();
    note.set(Some(Err(error)));
    NokhwaError::GeneralError(text)
}

fn refused<T>() -> Result<T, NokhwaError> {
    Err(NokhwaError::UnsupportedOperationError(ApiBackend::Video4Linux))
}

impl CaptureBackendTrait for Backend {
    fn backend(&self) -> ApiBackend {
        ApiBackend::Video4Linux
    }

    fn camera_info(&self) -> &Info {
        &self.info
    }

    fn refresh_camera_format(&mut self) -> Result<(), NokhwaError> {
        Ok(())
    }

    fn camera_format(&self) -> CameraFormat {
        self.format
    }

    fn set_camera_format(&mut self, _: CameraFormat) -> Result<(), NokhwaError> {
        refused()
    }

    fn compatible_list_by_resolution(
        &mut self,
        _: FrameFormat,
    ) -> Result<HashMap<Resolution, Vec<u32>>, NokhwaError> {
        Ok(HashMap::from([(self.format.resolution(), vec![self.format.frame_rate()])]))
    }

    fn compatible_fourcc(&mut self) -> Result<Vec<FrameFormat>, NokhwaError> {
        Ok(vec![self.format.format()])
    }

    fn resolution(&self) -> Resolution {
        self.format.resolution()
    }

    fn set_resolution(&mut self, _: Resolution) -> Result<(), NokhwaError> {
        refused()
    }

    fn frame_rate(&self) -> u32 {
        self.format.frame_rate()
    }

    fn set_frame_rate(&mut self, _: u32) -> Result<(), NokhwaError> {
        refused()
    }

    fn frame_format(&self) -> FrameFormat {
        self.format.format()
    }

    fn set_frame_format(&mut self, _: FrameFormat) -> Result<(), NokhwaError> {
        refused()
    }

    fn camera_control(&self, _: KnownCameraControl) -> Result<CameraControl, NokhwaError> {
        refused()
    }

    fn camera_controls(&self) -> Result<Vec<CameraControl>, NokhwaError> {
        Ok(Vec::new())
    }

    fn set_camera_control(
        &mut self,
        _: KnownCameraControl,
        _: ControlValueSetter,
    ) -> Result<(), NokhwaError> {
        refused()
    }

    fn open_stream(&mut self) -> Result<(), NokhwaError> {
        let stream = Stream::new(&self.device).map_err(|error| failed(&self.note, error))?;
        self.stream = Some(stream);
        Ok(())
    }

    fn is_stream_open(&self) -> bool {
        self.stream.is_some()
    }

    fn frame(&mut self) -> Result<nokhwa::Buffer, NokhwaError> {
        let (resolution, format) = (self.format.resolution(), self.format.format());
        let bytes = self.frame_raw()?;
        Ok(nokhwa::Buffer::new(resolution, &bytes, format))
    }

    fn frame_raw(&mut self) -> Result<Cow<'_, [u8]>, NokhwaError> {
        let Some(stream) = self.stream.as_mut() else { return refused() };
        let (bytes, facts) = stream.next().map_err(|error| failed(&self.note, error))?;
        self.note.set(Some(Ok(facts)));
        Ok(Cow::Borrowed(bytes))
    }

    fn stop_stream(&mut self) -> Result<(), NokhwaError> {
        self.stream = None;
        Ok(())
    }
}
