//! Cameras on Windows and macOS, by nokhwa's own backends.
//!
//! **Not checked on a device.** It compiles against nokhwa's interface, which is the same on all
//! systems; how the drivers behind it behave is known from nokhwa's source and its issues alone:
//!
//! - waiting for a frame has no limit, so a supervisor has to give up a thread that is stuck here;
//! - stamps are of the wall clock, and there are no numbers: frames are dated by their arrival, and
//!   what the driver lost is not counted;
//! - errors are text; those of Media Foundation are known by the numbers in them;
//! - on macOS somebody has to ask for permission first, with `nokhwa::nokhwa_initialize`, and to
//!   wait for the answer: until then everything is denied.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nokhwa::utils::{
    ApiBackend, CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType,
    Resolution,
};
use nokhwa::{Camera, NokhwaError};

use super::decode::Layout;
use super::device::{Buffer, Device, Facts};
use super::negotiate::{Interval, Intervals, Offer, PixelFormat, choose};
use super::virtual_device::{Traits, recognise};
use super::{CameraError, CameraId, CameraInfo, identify};
use crate::frame::Range;
use crate::geometry::Size;

/// Their names for the formats, and the usual ones.
const FORMATS: [(FrameFormat, [u8; 4]); 4] = [
    (FrameFormat::MJPEG, *b"MJPG"),
    (FrameFormat::YUYV, *b"YUYV"),
    (FrameFormat::NV12, *b"NV12"),
    (FrameFormat::GRAY, *b"GREY"),
];

pub(super) fn list() -> Result<Vec<CameraInfo>, CameraError> {
    if !nokhwa::nokhwa_check() {
        return Err(CameraError::Denied);
    }
    let found = guarded(|| nokhwa::query(ApiBackend::Auto))?;
    let mut cameras: Vec<CameraInfo> = found
        .iter()
        .zip(0..)
        .map(|(info, at)| {
            let (name, bus) = (info.human_name(), info.misc());
            let traits = Traits { name: &name, driver: "", bus: "", path: "" };
            CameraInfo {
                virtual_device: recognise(traits),
                id: CameraId::new(&name, &bus, 0),
                name,
                driver: String::new(),
                bus,
                index: info.index().as_index().unwrap_or(at),
            }
        })
        .collect();
    identify(&mut cameras);
    Ok(cameras)
}

pub(super) fn open(camera: &CameraInfo) -> Result<Box<dyn Device>, CameraError> {
    let present = list()?.into_iter().find(|present| present.id == camera.id);
    let index = CameraIndex::Index(present.ok_or(CameraError::NotFound)?.index);
    let (camera, layout, rate) = guarded(|| {
        let known = FORMATS.map(|(format, _)| format);
        let any = RequestedFormatType::AbsoluteHighestFrameRate;
        let mut camera = Camera::new(index, RequestedFormat::with_formats(any, &known))?;
        let offers: Vec<Offer> =
            camera.compatible_camera_formats()?.into_iter().filter_map(offer).collect();
        let choice = match choose(&offers) {
            Ok(choice) => choice,
            Err(offered) => return Ok(Err(CameraError::Unsupported(offered))),
        };
        let rate = choice.interval.rate().unwrap_or_default().round();
        let format = FORMATS.iter().find(|(_, fourcc)| *fourcc == choice.fourcc);
        let format = format.map_or(FrameFormat::YUYV, |(format, _)| *format);
        let size = Resolution::new(choice.size.width, choice.size.height);
        let exact = RequestedFormatType::Exact(CameraFormat::new(size, format, rate as u32));
        camera.set_camera_requset(RequestedFormat::with_formats(exact, &[format]))?;
        camera.open_stream()?;
        let range = if choice.format == PixelFormat::Grey { Range::Full } else { Range::Limited };
        let layout = Layout { format: choice.format, size: choice.size, stride: 0, range };
        Ok(Ok((camera, layout, rate)))
    })??;
    Ok(Box::new(Native { camera: Some(camera), layout, rate }))
}

fn offer(format: CameraFormat) -> Option<Offer> {
    let (_, fourcc) = FORMATS.iter().find(|(name, _)| *name == format.format())?;
    let interval = Interval { numerator: 1, denominator: format.frame_rate() };
    let size = Size::new(format.width(), format.height());
    Some(Offer { fourcc: *fourcc, size, intervals: vec![Intervals::One(interval)] })
}

struct Native {
    /// `None` only while it is dropped.
    camera: Option<Camera>,
    layout: Layout,
    rate: f64,
}

impl Device for Native {
    fn layout(&self) -> Layout {
        self.layout
    }

    fn rate(&self) -> Option<f64> {
        Some(self.rate)
    }

    fn next(&mut self) -> Result<Buffer<'_>, CameraError> {
        let camera = self.camera.as_mut().ok_or(CameraError::Unplugged)?;
        let bytes = guarded(|| camera.frame())?.buffer().to_vec();
        Ok(Buffer { bytes: bytes.into(), facts: Facts::default() })
    }
}

impl Drop for Native {
    /// nokhwa panics when a camera cannot be stopped.
    fn drop(&mut self) {
        let camera = self.camera.take();
        if catch_unwind(AssertUnwindSafe(|| drop(camera))).is_err() {
            tracing::warn!("a camera could not be closed");
        }
    }
}

fn guarded<T>(call: impl FnOnce() -> Result<T, NokhwaError>) -> Result<T, CameraError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(outcome) => outcome.map_err(|error| told_apart(&error.to_string())),
        Err(_) => Err(CameraError::Driver("it says what cannot be understood".to_owned())),
    }
}

/// By the numbers of Media Foundation: access denied; device invalidated; device preempted, and
/// failed to start, which is how a camera in use shows.
fn told_apart(text: &str) -> CameraError {
    let has = |number: &str| text.to_ascii_uppercase().contains(number);
    if has("80070005") {
        CameraError::Denied
    } else if has("C00D3EA2") {
        CameraError::Unplugged
    } else if has("C00D3EA3") || has("C00D3704") {
        CameraError::Busy
    } else {
        CameraError::Driver(text.to_owned())
    }
}
