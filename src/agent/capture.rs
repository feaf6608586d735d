//! The capture worker: opens the camera, and puts the frames that are due into the slot.
//!
//! A call into a driver may never return. Then this thread is given up (see `control`): nobody
//! joins it, and should it come back, its pulse says stop, and its frame goes nowhere.

use std::sync::Arc;

use crossbeam_channel::Sender;

use super::News;
use super::period::Period;
use super::pulse::Pulse;
use super::slot::Slot;
use super::snapshot::OpenCamera;
use super::source::{Camera, Opened, Time};
use crate::capture::{CaptureError, SourceInfo};
use crate::frame::Frame;
use crate::geometry::Size;
use crate::pipeline::Cadence;

pub(super) struct Capture {
    pub camera: Arc<dyn Camera>,
    pub slot: Arc<Slot<Frame>>,
    pub news: Sender<News>,
    pub pulse: Pulse,
    pub time: Time,
    pub period: Period,
}

impl Capture {
    /// Runs until the camera fails, its recording ends, or it is told to stop. It is started again
    /// by whoever watches over it.
    pub(super) fn run(self) {
        let end = self.stream();
        if self.pulse.is_stopped() {
            return;
        }
        // Full: `control` is far behind, and a worker that ended is news in itself.
        self.news.try_send(News::CaptureEnded(end.err())).ok();
    }

    fn stream(&self) -> Result<(), CaptureError> {
        let Opened { mut source, virtual_device, id, fit } = self.camera.open(&self.time)?;
        if self.pulse.is_stopped() {
            return Ok(());
        }
        let SourceInfo { container, codec, size, .. } = source.info().clone();
        let Size { width, height } = size;
        let camera = OpenCamera { container, codec, width, height, id, fit };
        self.news.try_send(News::CameraOpened { camera, virtual_device }).ok();
        let mut cadence = Cadence::new(self.period.get());
        while !self.pulse.is_stopped() {
            self.pulse.beat((self.time.now)());
            let Some(frame) = source.next_frame(cadence.next_due())? else { return Ok(()) };
            cadence.every(self.period.get());
            cadence.took(frame.pts);
            if !self.pulse.is_stopped() {
                self.slot.put(frame);
                self.pulse.deliver();
            }
        }
        Ok(())
    }
}
