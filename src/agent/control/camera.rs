//! What is said of the camera: whether frames come, and what is wrong when they do not.
//!
//! A camera that opens gives no frame yet, and some need seconds for the first one. Until then it is
//! waited for, and no complaint about frames is taken back.

use std::time::Duration;

use super::Control;
use crate::agent::device::code_of;
use crate::agent::snapshot::{OpenCamera, Seen};
use crate::agent::watch::Sight;
use crate::capture::CaptureError;
use crate::health::Code;
use crate::supervise::is_stuck;
use crate::time::MediaTime;

/// A camera that failed is opened again after this long, however often it fails: whoever plugs it
/// in, or closes the other program, sees it at once.
pub(super) const REOPEN: Duration = Duration::from_secs(1);

/// Whether frames come from the camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Flow {
    /// There was none yet.
    #[default]
    Awaited,
    Running,
    /// There were some, and now there are none.
    Dry {
        since: MediaTime,
    },
}

impl Control {
    pub(super) fn camera_opened(&mut self, camera: OpenCamera, virtual_device: Option<String>) {
        // What kept it from opening is over. That it gives no frames is not, before it gives one.
        for code in Code::OF_THE_CAMERA {
            if code != Code::CameraLost {
                self.health.clear(code);
            }
        }
        self.virtual_device = virtual_device;
        self.camera = Some(camera);
    }

    pub(super) fn camera_failed(&mut self, error: &CaptureError, now: MediaTime) {
        let mut code = code_of(error);
        if code == Code::CameraBusy && self.health.is_raised(Code::CaptureStuck) {
            // It is in use by the thread of ours that did not come back from it.
            code = Code::CaptureStuck;
        }
        if !self.health.is_raised(code) {
            tracing::warn!(%error, "the camera gives no frames");
        }
        self.camera_is(code, now, error.to_string());
    }

    /// The camera is gone, and this is why: the latest reason is the one that holds.
    pub(super) fn camera_is(&mut self, code: Code, now: MediaTime, detail: String) {
        self.camera_closed(now);
        for other in Code::OF_THE_CAMERA {
            if other != code && other != Code::CameraLost {
                self.health.clear(other);
            }
        }
        self.health.raise(code, now, detail);
    }

    pub(super) fn camera_closed(&mut self, now: MediaTime) {
        (self.camera, self.virtual_device) = (None, None);
        self.dry_since(now);
    }

    fn dry_since(&mut self, since: MediaTime) {
        if self.flow == Flow::Running {
            self.flow = Flow::Dry { since };
        }
    }

    /// Frames that come prove that nothing is wrong any more; when they stop in an open camera, no
    /// error may ever say so.
    pub(super) fn look_at_frames(&mut self, now: MediaTime) {
        let pulse = &self.capture.pulse;
        if self.camera.is_none() || !pulse.has_delivered() {
            return;
        }
        let last = pulse.last_beat();
        if is_stuck(last, now, self.setup.policy.camera_lost_after()) {
            self.health.raise(Code::CameraLost, last, "no frames come");
            self.dry_since(last);
        } else {
            for code in Code::OF_THE_CAMERA {
                self.health.clear(code);
            }
            self.flow = Flow::Running;
        }
    }

    /// What is seen, and since when.
    pub(super) fn seen(&self, sight: &Sight) -> (Seen, MediaTime) {
        match self.flow {
            Flow::Dry { since } if sight.seen != Seen::NoFrames => (Seen::NoFrames, since),
            Flow::Awaited | Flow::Running | Flow::Dry { .. } => (sight.seen, sight.since),
        }
    }
}
