//! What a source needs of a camera, whichever system it hangs on.

use std::borrow::Cow;
use std::time::Duration;

use super::CameraError;
use super::decode::Layout;

/// How long a camera may take for a frame. Twice a frame of the slowest rates in use, and short
/// enough for the loss of a camera to be named within three seconds.
pub(super) const PATIENCE: Duration = Duration::from_millis(1500);

/// An open camera. Dropping it stops and closes it, and never panics.
pub(super) trait Device {
    fn layout(&self) -> Layout;

    /// Frames a second, as the driver has it; `None` when it does not say.
    fn rate(&self) -> Option<f64>;

    /// The next buffer, good or bad. After an error the camera has to be opened anew.
    fn next(&mut self) -> Result<Buffer<'_>, CameraError>;
}

/// A buffer as the driver filled it.
#[derive(Debug)]
pub(super) struct Buffer<'a> {
    /// What was written, and nothing of the rest.
    pub(super) bytes: Cow<'a, [u8]>,
    pub(super) facts: Facts,
}

/// What a driver says of a buffer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    /// When the picture was taken, on the monotonic clock.
    pub(super) stamp: Option<Duration>,
    /// Counts every frame, those that were lost for want of a buffer included.
    pub(super) sequence: Option<u32>,
    pub(super) damaged: bool,
}
