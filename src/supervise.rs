//! When a worker is stuck, and whether it is started once more. Pure: time comes in.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::MediaTime;

/// So many restarts …
pub const BUDGET: usize = 5;
/// … within this long, and it is given up: loudly.
pub const BUDGET_WINDOW: Duration = Duration::from_mins(1);
/// A worker that was given up is tried again this often: a camera may be mended by then.
pub const SECOND_CHANCE: Duration = Duration::from_mins(1);

/// Whether a worker that said so last at `last_tick` must be taken for stuck.
pub fn is_stuck(last_tick: MediaTime, now: MediaTime, limit: Duration) -> bool {
    now.since(last_tick) >= limit
}

/// What is to be done about a worker that ended or is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Start it again: it failed so many times within the window.
    Restart { failures: u32 },
    /// The budget is spent: say so, and start it after [`SECOND_CHANCE`].
    GiveUp,
}

/// Counts the restarts of one worker.
#[derive(Clone, Debug, Default)]
pub struct Supervisor {
    failures: VecDeque<MediaTime>,
}

impl Supervisor {
    /// The worker failed at `now`.
    pub fn failed(&mut self, now: MediaTime) -> Decision {
        self.forget_before(now);
        self.failures.push_back(now);
        if self.failures.len() > BUDGET {
            self.failures.clear();
            return Decision::GiveUp;
        }
        Decision::Restart { failures: u32::try_from(self.failures.len()).unwrap_or(u32::MAX) }
    }

    fn forget_before(&mut self, now: MediaTime) {
        while self.failures.front().is_some_and(|at| now.since(*at) >= BUDGET_WINDOW) {
            self.failures.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> MediaTime {
        MediaTime::from_millis(secs * 1_000)
    }

    #[test]
    fn a_worker_that_is_silent_for_the_limit_is_stuck() {
        let limit = Duration::from_secs(10);
        assert!(!is_stuck(at(5), at(14), limit));
        assert!(is_stuck(at(5), at(15), limit));
        assert!(!is_stuck(at(5), at(3), limit));
    }

    #[test]
    fn restarts_are_counted_until_the_budget_is_spent_and_then_anew() {
        let mut supervisor = Supervisor::default();
        let decisions: Vec<Decision> = (0..7).map(|_| supervisor.failed(at(0))).collect();
        let restarts = [1, 2, 3, 4, 5].map(|failures| Decision::Restart { failures });
        assert_eq!(decisions[..5], restarts);
        assert_eq!(decisions[5..], [Decision::GiveUp, restarts[0]]);
    }

    #[test]
    fn failures_that_are_long_ago_are_forgotten() {
        let mut supervisor = Supervisor::default();
        for minute in 0..20 {
            let decision = supervisor.failed(at(minute * 60));
            assert_eq!(decision, Decision::Restart { failures: 1 });
        }
    }
}
