//! Signs of life of a worker, and the word that it is to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::time::MediaTime;

/// Shared by a worker and whoever watches over it. A worker that was given up keeps its own: should
/// it ever come back to life, it finds that it is to stop.
#[derive(Clone, Debug)]
pub(super) struct Pulse {
    beat: Arc<AtomicI64>,
    delivered: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
}

impl Pulse {
    pub(super) fn new(at: MediaTime) -> Self {
        Self {
            beat: Arc::new(AtomicI64::new(at.as_micros())),
            delivered: Arc::default(),
            stop: Arc::default(),
        }
    }

    /// The worker lives.
    pub(super) fn beat(&self, at: MediaTime) {
        self.beat.store(at.as_micros(), Ordering::Relaxed);
    }

    pub(super) fn last_beat(&self) -> MediaTime {
        MediaTime::from_micros(self.beat.load(Ordering::Relaxed))
    }

    /// The worker has brought something: what it is there for works.
    pub(super) fn deliver(&self) {
        self.delivered.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_delivered(&self) -> bool {
        self.delivered.load(Ordering::Relaxed)
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
