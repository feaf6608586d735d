//! A thread that is watched over: started, started again within a budget, given up.

use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::pulse::Pulse;
use crate::backoff;
use crate::supervise::{self, Decision, SECOND_CHANCE, Supervisor};
use crate::time::MediaTime;

/// A worker and what watches over it.
#[derive(Debug)]
pub(super) struct Worker<T> {
    pub thread: Option<JoinHandle<T>>,
    pub pulse: Pulse,
    supervisor: Supervisor,
    /// When it is started again.
    pub due: Option<MediaTime>,
    /// When it was started last.
    pub started: Option<MediaTime>,
}

impl<T> Worker<T> {
    pub(super) fn idle(now: MediaTime) -> Self {
        let (pulse, supervisor) = (Pulse::new(now), Supervisor::default());
        Self { thread: None, pulse, supervisor, due: Some(now), started: None }
    }

    pub(super) fn is_due(&self, now: MediaTime) -> bool {
        self.thread.is_none() && self.due.is_some_and(|due| due <= now)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.thread.as_ref().is_some_and(JoinHandle::is_finished)
    }

    pub(super) fn is_stuck(&self, now: MediaTime, limit: Duration) -> bool {
        self.thread.is_some() && supervise::is_stuck(self.pulse.last_beat(), now, limit)
    }

    pub(super) fn start(
        &mut self,
        now: MediaTime,
        pulse: Pulse,
        thread: std::io::Result<JoinHandle<T>>,
    ) {
        match thread {
            Ok(thread) => {
                (self.thread, self.pulse, self.started) = (Some(thread), pulse, Some(now));
            }
            Err(error) => {
                tracing::error!(%error, "no thread for a worker");
                self.failed(now);
            }
        }
    }

    /// It failed: when it is tried again. `true`: its budget is spent.
    pub(super) fn failed(&mut self, now: MediaTime) -> bool {
        let (wait, is_given_up) = match self.supervisor.failed(now) {
            Decision::Restart { failures } => (backoff::delay(failures, random(), None), false),
            Decision::GiveUp => (SECOND_CHANCE, true),
        };
        self.due = Some(now + wait);
        is_given_up
    }
}

pub(super) fn named<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<JoinHandle<T>> {
    thread::Builder::new().name(name.to_owned()).spawn(body)
}

/// Uniform in 0 to 1; without a source of randomness, its middle.
pub(super) fn random() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}
