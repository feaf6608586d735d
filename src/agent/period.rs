//! The time between two frames that are looked at, which may change while frames come.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Shared by whoever decides it and the capture worker.
#[derive(Clone, Debug)]
pub(super) struct Period(Arc<AtomicU64>);

impl Period {
    pub(super) fn of_rate(rate_hz: f64) -> Self {
        let period = Self(Arc::default());
        period.follow(rate_hz);
        period
    }

    pub(super) fn follow(&self, rate_hz: f64) {
        self.0.store((1e6 / rate_hz) as u64, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}
