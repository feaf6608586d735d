//! The cameras to choose from, looked for every two seconds while there is a choice. On a thread of
//! its own, which nobody joins: a driver may take its time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::source::Camera;
use super::worker::named;
use crate::capture::camera::CameraInfo;

const EVERY: Duration = Duration::from_secs(2);

type Found = Arc<Mutex<Vec<CameraInfo>>>;

/// Looks until it is dropped.
#[derive(Debug)]
pub(super) struct Cameras {
    found: Found,
    _lives: Sender<()>,
}

impl Cameras {
    pub(super) fn look(camera: Arc<dyn Camera>) -> std::io::Result<Self> {
        let found = Found::default();
        let (lives, is_over) = bounded::<()>(0);
        let kept = Arc::clone(&found);
        let look = move || {
            while let Some(cameras) = camera.list() {
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = cameras;
                if is_over.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        };
        named("cameras", look)?;
        Ok(Self { found, _lives: lives })
    }

    pub(super) fn found(&self) -> Vec<CameraInfo> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
