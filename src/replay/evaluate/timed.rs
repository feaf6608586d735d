//! How long each recording takes. The time comes from a stopwatch that is handed in: replay itself reads
//! no clock.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::replay::batch::Watcher;
use crate::replay::command::Stopwatch;
use crate::time::MediaTime;

/// Passes everything on, and notes when a recording begins and ends.
pub(super) struct Timed<'a> {
    inner: &'a dyn Watcher,
    stopwatch: Stopwatch,
    times: Mutex<BTreeMap<usize, (Duration, Option<Duration>)>>,
}

impl<'a> Timed<'a> {
    pub(super) fn new(inner: &'a dyn Watcher, stopwatch: Stopwatch) -> Self {
        Self { inner, stopwatch, times: Mutex::default() }
    }

    /// How long a recording took, once it has ended.
    pub(super) fn took(&self, recording: usize) -> Option<Duration> {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let (begun, ended) = times.get(&recording)?;
        Some(ended.as_ref()?.saturating_sub(*begun))
    }
}

impl Watcher for Timed<'_> {
    fn begun(&self, recording: usize, name: &str, duration: Option<MediaTime>) {
        let now = (self.stopwatch)();
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.insert(recording, (now, None));
        drop(times);
        self.inner.begun(recording, name, duration);
    }

    fn reached(&self, recording: usize, pts: MediaTime) {
        self.inner.reached(recording, pts);
    }

    fn ended(&self, recording: usize) {
        let now = (self.stopwatch)();
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, ended)) = times.get_mut(&recording) {
            *ended = Some(now);
        }
        drop(times);
        self.inner.ended(recording);
    }

    fn stopped(&self) -> bool {
        self.inner.stopped()
    }
}
