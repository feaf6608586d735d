//! Which camera is watched through: chosen before the exam, and looked at before it begins.

use std::sync::PoisonError;

use super::{Cameras, Control, Flow, Sight};
use crate::agent::snapshot::FoundCamera;
use crate::agent::watch::Order;
use crate::agent::{Command, Phase};
use crate::capture::camera::{CameraId, Fit};
use crate::health::Code;
use crate::presence::VirtualCameraPolicy;
use crate::report::Consent;
use crate::time::MediaTime;

impl Control {
    pub(super) fn found_cameras(&self) -> Vec<FoundCamera> {
        let found = self.cameras.as_ref().map(Cameras::found).unwrap_or_default();
        found.into_iter().map(FoundCamera::from).collect()
    }

    /// A camera that was just plugged in is tried at once, and not when the next attempt is due.
    pub(super) fn look_at_cameras(&mut self, now: MediaTime) {
        let found = self.found_cameras();
        let is_changed = found != self.listed;
        self.listed = found;
        if is_changed && self.camera.is_none() && self.capture.thread.is_none() {
            self.capture.due = self.capture.due.map(|_| now);
        }
    }

    /// The policy does not let the exam begin with the camera that is open.
    pub(super) fn refuses_camera(&self) -> bool {
        let is_refused = self.setup.policy.virtual_camera == VirtualCameraPolicy::Refuse;
        is_refused && self.virtual_device.is_some() && self.phase == Phase::CheckIn
    }

    /// Whether the exam may begin now. Where the policy looks at the camera first, a command that
    /// comes before the camera is open waits for that.
    pub(super) fn may_begin(&mut self, consent: Option<&Consent>) -> bool {
        if self.setup.policy.virtual_camera == VirtualCameraPolicy::Report {
            return true;
        }
        if self.refuses_camera() {
            tracing::warn!("the exam does not begin with a virtual camera");
        }
        let begin = || Command::Begin { consent: consent.cloned() };
        self.waiting = self.camera.is_none().then(begin);
        self.camera.is_some() && !self.refuses_camera()
    }

    /// Changes over to another camera, at once.
    pub(super) fn use_camera(&mut self, id: &CameraId, now: MediaTime) {
        let found = self.cameras.as_ref().map(Cameras::found).unwrap_or_default();
        let Some(chosen) = found.into_iter().find(|camera| camera.id == *id) else {
            tracing::warn!("a camera was chosen that is not there any more");
            return;
        };
        self.world.camera.choose(&chosen);
        // What the old one has told by now is about the old one.
        while let Ok(news) = self.news.1.try_recv() {
            self.hear(news);
        }
        if let Some(open) = self.camera.as_mut().filter(|open| open.id.as_ref() == Some(id)) {
            open.fit = Fit::Chosen;
            return;
        }
        tracing::info!("another camera was chosen");
        for code in Code::OF_THE_CAMERA {
            self.health.clear(code);
        }
        (self.camera, self.virtual_device, self.flow) = (None, None, Flow::Awaited);
        *self.sight.lock().unwrap_or_else(PoisonError::into_inner) = Sight::nothing_yet(now);
        self.order(Order::Afresh);
        self.capture.pulse.stop();
        self.capture.due = Some(now);
    }
}
