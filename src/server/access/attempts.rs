//! How often something may be tried: by addresses, and for each account. In memory: a server that starts
//! again has forgotten.
//!
//! An attempt counts from when it begins, so that many at one time count as many; one that succeeds is
//! taken back. Whoever fails for somebody else's account holds that account up, too, for as long as the
//! window: this is the price of nobody guessing on from a thousand addresses.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// Most keys that are remembered.
const KEYS: usize = 10_000;

/// Attempts by key, within a window since the first of them.
#[derive(Debug)]
pub(in crate::server) struct Attempts<K> {
    most: u32,
    windows: Mutex<BTreeMap<K, (Timestamp, u32)>>,
}

impl<K: Ord + Copy> Attempts<K> {
    pub(in crate::server) fn new(most: u32) -> Self {
        Self { most, windows: Mutex::default() }
    }

    /// Counts an attempt; an error, the seconds to wait, when there were too many.
    pub(in crate::server) fn begin(&self, key: K, now: Timestamp) -> Result<(), u64> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |since: Timestamp| WINDOW - now.duration_since(since);
        windows.retain(|_, (since, _)| left(*since).is_positive());
        if windows.len() >= KEYS && !windows.contains_key(&key) {
            let oldest = windows.iter().min_by_key(|(_, (since, _))| *since).map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                windows.remove(&oldest);
            }
        }
        let (since, count) = windows.entry(key).or_insert((now, 0));
        if *count >= self.most {
            return Err(u64::try_from(left(*since).as_secs()).unwrap_or(0).max(1));
        }
        *count += 1;
        Ok(())
    }

    /// The attempt was no guess.
    pub(in crate::server) fn succeed(&self, key: K) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = windows.get_mut(&key) {
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_when_they_begin_and_those_that_succeed_are_taken_back() {
        let attempts = Attempts::new(3);
        let at = |second: i64| Timestamp::from_second(1_000 + second).unwrap();
        for _ in 0..10 {
            assert_eq!(attempts.begin("ann", at(0)), Ok(()));
            attempts.succeed("ann");
        }
        for _ in 0..3 {
            assert_eq!(attempts.begin("ann", at(0)), Ok(()));
        }
        assert_eq!(attempts.begin("ann", at(10)), Err(290));
        assert_eq!(attempts.begin("bob", at(10)), Ok(()));
        assert_eq!(attempts.begin("ann", at(300)), Ok(()));
    }

    #[test]
    fn only_so_many_keys_are_remembered() {
        let attempts = Attempts::new(1);
        for key in 0..KEYS + 5 {
            attempts.begin(key, Timestamp::UNIX_EPOCH).unwrap();
        }
        assert_eq!(attempts.windows.lock().unwrap().len(), KEYS);
    }
}
