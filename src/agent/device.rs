//! What is said of the camera itself: what is wrong with it, and that it is none.

use uuid::Uuid;

use crate::capture::CaptureError;
use crate::capture::camera::CameraError;
use crate::health::Code;
use crate::report::{Interval, IntervalId, Kind};
use crate::time::MediaTime;

/// The interval that says that the source is a virtual device.
pub(super) fn virtual_camera(since: MediaTime) -> Interval {
    Interval {
        id: IntervalId(Uuid::now_v7()),
        kind: Kind::VirtualCamera,
        start_ms: since,
        end_ms: None,
        confidence: 1.0,
        frames_looked_at: 0,
        frames_skipped: 0,
        closed_by: None,
    }
}

/// What is shown when the camera fails like this.
pub(super) fn code_of(error: &CaptureError) -> Code {
    match error {
        CaptureError::PermissionDenied | CaptureError::Camera(CameraError::Denied) => {
            Code::CameraDenied
        }
        CaptureError::Camera(CameraError::Busy) => Code::CameraBusy,
        CaptureError::NotFound
        | CaptureError::NoRecordings
        | CaptureError::Camera(CameraError::NoCamera | CameraError::NotFound) => Code::NoCamera,
        CaptureError::Camera(
            CameraError::Unplugged
            | CameraError::Stalled
            | CameraError::Unsupported(_)
            | CameraError::Driver(_),
        )
        | CaptureError::Empty
        | CaptureError::NotAVideo(_)
        | CaptureError::NoVideo(_)
        | CaptureError::NoFrames
        | CaptureError::Damaged(_)
        | CaptureError::NeedsFfmpeg { .. }
        | CaptureError::Ffmpeg(_)
        | CaptureError::TooLarge { .. }
        | CaptureError::Io(_) => Code::CameraLost,
    }
}
