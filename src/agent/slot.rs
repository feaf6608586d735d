//! The latest of something: a value of capacity one, where new replaces old.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Hands frames from the camera to the detector. What was not taken in time is counted and gone.
#[derive(Debug)]
pub(super) struct Slot<T> {
    inner: Mutex<Inner<T>>,
    filled: Condvar,
}

#[derive(Debug)]
struct Inner<T> {
    value: Option<T>,
    overwritten: u64,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        let inner = Mutex::new(Inner { value: None, overwritten: 0 });
        Self { inner, filled: Condvar::new() }
    }
}

impl<T> Slot<T> {
    pub(super) fn put(&self, value: T) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.value.replace(value).is_some() {
            inner.overwritten += 1;
        }
        self.filled.notify_one();
    }

    /// Takes what is there, or what comes within `timeout`.
    pub(super) fn take(&self, timeout: Duration) -> Option<T> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.filled.wait_timeout_while(inner, timeout, |inner| inner.value.is_none());
        let (mut inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        inner.value.take()
    }

    /// How many were replaced before anybody took them, since this was asked last.
    pub(super) fn overwritten(&self) -> u64 {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut inner.overwritten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_wins_and_what_it_replaced_is_counted() {
        let slot = Slot::default();
        for value in 1..=3 {
            slot.put(value);
        }
        assert_eq!(slot.take(Duration::ZERO), Some(3));
        assert_eq!(slot.take(Duration::ZERO), None);
        assert_eq!((slot.overwritten(), slot.overwritten()), (2, 0));
    }

    #[test]
    fn whoever_waits_is_woken() {
        let slot = Slot::default();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| slot.take(Duration::from_mins(1)));
            slot.put(7);
            assert_eq!(waiting.join().unwrap(), Some(7));
        });
    }
}
