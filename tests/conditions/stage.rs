//! A camera that breaks to order.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use inview::agent::{Camera, Now, Opened, Time};
use inview::capture::camera::CameraError;
use inview::capture::{CaptureError, FrameSource, SourceInfo, Tally};
use inview::frame::{Frame, Payload};
use inview::geometry::Size;
use inview::time::MediaTime;

use crate::film::{Painter, Scene};
use crate::support::agent::{SIZE, room};

/// The patience of the camera on Linux: with the next frame, and with the first one.
const PATIENCE: Duration = Duration::from_millis(1_500);
const START: Duration = Duration::from_secs(4);
/// Fifteen frames a second.
pub(crate) const FRAME: Duration = Duration::from_millis(66);

/// What the camera does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Act {
    /// It shows what the painter makes of this scene.
    Shows(Scene),
    /// A call into its driver does not return.
    Hangs,
    /// It opens, and gives no frames: an error, once patience is at its end.
    Stalls,
    /// It is gone: error numbers of the system, while it streams and when it is opened.
    Fails { streaming: i32, opening: i32 },
}

// Error numbers of the system.
pub(crate) const EIO: i32 = 5;
pub(crate) const EACCES: i32 = 13;
pub(crate) const EBUSY: i32 = 16;
pub(crate) const ENODEV: i32 = 19;
/// Nothing opens, since there is nothing: no error number says so.
pub(crate) const ABSENT: i32 = 0;

/// How large its pictures are, and how far apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Form {
    pub(crate) size: Size,
    pub(crate) every: Duration,
}

/// A camera that breaks to order.
#[derive(Clone)]
pub(crate) struct Stage {
    act: Arc<Mutex<Act>>,
    form: Arc<Mutex<Form>>,
    paint: Painter,
    pub(crate) virtual_device: Option<String>,
}

impl Stage {
    pub(crate) fn new(act: Act, size: Size, paint: Painter) -> Self {
        let form = Arc::new(Mutex::new(Form { size, every: FRAME }));
        Self { act: Arc::new(Mutex::new(act)), form, paint, virtual_device: None }
    }

    /// With a picture made by code, for a detector that is told what to find.
    pub(crate) fn scripted(act: Act) -> Self {
        Self::new(act, SIZE, Arc::new(|_, seq| Payload::Gray8(room(seq))))
    }

    fn act(&self) -> Act {
        *self.act.lock().unwrap()
    }

    pub(crate) fn set(&self, act: Act) {
        *self.act.lock().unwrap() = act;
    }

    fn form(&self) -> Form {
        *self.form.lock().unwrap()
    }

    /// While it streams, as some drivers do.
    pub(crate) fn change(&self, form: Form) {
        *self.form.lock().unwrap() = form;
    }
}

/// A grey picture of [`SIZE`] in another size: each point is the nearest one.
fn scaled(payload: Payload, size: Size) -> Payload {
    match payload {
        Payload::Gray8(points) if points.len() != size.area() => {
            let at = |index: usize| {
                let (x, y) = (index % size.width as usize, index / size.width as usize);
                let x = x * SIZE.width as usize / size.width as usize;
                let y = y * SIZE.height as usize / size.height as usize;
                points[y * SIZE.width as usize + x]
            };
            Payload::Gray8((0..size.area()).map(at).collect())
        }
        whole @ (Payload::Gray8(_) | Payload::Rgb8(_) | Payload::I420(_)) => whole,
    }
}

fn system_error(number: i32) -> CaptureError {
    CameraError::from(io::Error::from_raw_os_error(number)).into()
}

impl Camera for Stage {
    fn open(&self, time: &Time) -> Result<Opened, CaptureError> {
        match self.act() {
            Act::Fails { opening: ABSENT, .. } => Err(CameraError::NoCamera.into()),
            Act::Fails { opening, .. } => Err(system_error(opening)),
            Act::Shows(_) | Act::Hangs | Act::Stalls => {
                let source = Playing::new(self.clone(), Arc::clone(&time.now));
                let virtual_device = self.virtual_device.clone();
                let source: Box<dyn FrameSource> = Box::new(source);
                Ok(Opened { virtual_device, ..source.into() })
            }
        }
    }
}

/// The stage while it is open.
struct Playing {
    stage: Stage,
    now: Now,
    info: SourceInfo,
    next: u64,
    start: MediaTime,
    last: Option<MediaTime>,
}

impl Playing {
    fn new(stage: Stage, now: Now) -> Self {
        let info = SourceInfo {
            container: "camera".to_owned(),
            codec: "none".to_owned(),
            size: stage.form().size,
            duration: None,
        };
        let start = now();
        Self { stage, now, info, next: 0, start, last: None }
    }
}

impl FrameSource for Playing {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self, not_before: MediaTime) -> Result<Option<Frame>, CaptureError> {
        loop {
            let now = (self.now)();
            match self.stage.act() {
                Act::Shows(scene) => {
                    let Form { size, every } = self.stage.form();
                    let seq = (now.since(self.start).as_micros() / FRAME.as_micros()) as u64;
                    let is_due = self.last.is_none_or(|last| now.since(last) + FRAME > every);
                    if now >= not_before && seq >= self.next && is_due {
                        (self.next, self.last) = (seq + 1, Some(now));
                        let payload = scaled((self.stage.paint)(scene, seq), size);
                        return Ok(Some(Frame { seq, pts: now, size, payload }));
                    }
                }
                Act::Fails { streaming, .. } => return Err(system_error(streaming)),
                Act::Stalls => {
                    let (since, patience) = match self.last {
                        Some(last) => (last, PATIENCE),
                        None => (self.start, START),
                    };
                    if now.since(since) >= patience {
                        return Err(CameraError::Stalled.into());
                    }
                }
                Act::Hangs => {}
            }
            thread::park_timeout(Duration::from_millis(5));
        }
    }

    fn tally(&self) -> Tally {
        Tally::default()
    }
}
