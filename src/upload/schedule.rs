//! When the agent says how things stand. Pure: time and chance come in.
//!
//! A heartbeat comes at its time, give or take a tenth, so that a thousand agents that started together
//! do not stay together; at once when something has changed, but not twice within [`GAP`]. After a failure
//! it waits as reports do, but longer at first: all agents have heartbeats to send, and whoever lost a
//! server together must not come back together. There is no queue: whoever sends one says how things stand
//! then.

use std::time::Duration;

use super::SLOW;
use crate::backoff;
use crate::time::MediaTime;

/// How often, until the server says so.
pub const EVERY: Duration = Duration::from_secs(10);
/// A server that asks for less or more is not believed: neither a storm nor silence.
pub const EVERY_BETWEEN: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(1));
/// Two heartbeats are at least so far apart.
pub const GAP: Duration = Duration::from_secs(1);

/// The wait after a failure is that of reports after three more of them, and so much at least (the second
/// for each agent by chance): all together ask no more than twice as often as when all is well. After the
/// first failure it counts from when the lost one was sent: none is called silent for one failure.
const AS_AFTER: u32 = 3;
const LEAST: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(8));

/// How a heartbeat failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer, or one that asks to come again.
    Again { retry_after: Option<Duration> },
    /// It will take a person to mend it.
    Slowly,
    /// The server knows another number than the one that was repeated.
    Stale,
}

/// The times of one agent's heartbeats.
#[derive(Clone, Debug)]
pub struct Schedule {
    every: Duration,
    due: MediaTime,
    /// Not before this, whatever has changed.
    not_before: MediaTime,
    failures: u32,
}

impl Schedule {
    /// The first one is due at once.
    pub fn starting_at(now: MediaTime) -> Self {
        Self { every: EVERY, due: now, not_before: now, failures: 0 }
    }

    pub fn due(&self) -> MediaTime {
        self.due
    }

    /// Something has changed that is worth a heartbeat before its time.
    pub fn changed(&mut self) {
        self.due = self.due.min(self.not_before);
    }

    /// The heartbeat of `sent` was answered. `random` is uniform in 0 to 1.
    pub fn answered(&mut self, sent: MediaTime, every_ms: u64, random: f64) {
        let (least, most) = EVERY_BETWEEN;
        self.every = Duration::from_millis(every_ms).clamp(least, most);
        self.failures = 0;
        self.not_before = sent + GAP;
        self.due = sent + self.every.mul_f64(0.9 + 0.2 * random.clamp(0.0, 1.0));
    }

    /// The heartbeat of `sent` has failed, as was known at `now`.
    pub fn failed(&mut self, sent: MediaTime, now: MediaTime, failure: Failure, random: f64) {
        self.failures = self.failures.saturating_add(1);
        // Whoever has hung for eight seconds has waited already: only the rest is waited for.
        let has_waited = match failure {
            Failure::Again { retry_after: None } if self.failures == 1 => now.since(sent),
            Failure::Again { .. } | Failure::Slowly | Failure::Stale => Duration::ZERO,
        };
        let wait = match failure {
            Failure::Again { retry_after } => {
                let least = LEAST.0 + LEAST.1.mul_f64(random.clamp(0.0, 1.0));
                let failures = self.failures.saturating_add(AS_AFTER);
                backoff::delay(failures, random, retry_after).max(least)
            }
            Failure::Slowly | Failure::Stale => SLOW.mul_f64(1.0 + random.clamp(0.0, 1.0) / 2.0),
        };
        self.due = now + wait.saturating_sub(has_waited).max(GAP);
        self.not_before = self.due;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> MediaTime {
        MediaTime::from_millis(millis)
    }

    #[test]
    fn the_next_one_is_due_after_ten_seconds_give_or_take_a_tenth_or_when_the_server_says() {
        for (every_ms, random, expected) in [
            (10_000, 0.0, 9_000),
            (10_000, 0.5, 10_000),
            (10_000, 1.0, 11_000),
            (20_000, 0.5, 20_000),
            (0, 0.5, 5_000),
            (u64::MAX, 0.5, 60_000),
            (10_000, f64::INFINITY, 11_000),
        ] {
            let mut schedule = Schedule::starting_at(at(0));
            assert_eq!(schedule.due(), at(0));
            schedule.answered(at(0), every_ms, random);
            assert_eq!(schedule.due(), at(expected), "{every_ms} {random}");
        }
    }

    #[test]
    fn a_change_comes_at_once_but_not_twice_within_a_second() {
        let mut schedule = Schedule::starting_at(at(0));
        schedule.changed();
        assert_eq!(schedule.due(), at(0));
        schedule.answered(at(0), 10_000, 0.5);
        schedule.changed();
        assert_eq!(schedule.due(), at(1_000));
        schedule.answered(at(1_000), 10_000, 0.5);
        assert_eq!(schedule.due(), at(11_000));
    }

    #[test]
    fn failures_are_waited_for_longer_each_time_whatever_changes() {
        let again = |retry_after| Failure::Again { retry_after };
        for (failures, failure, expected) in [
            (1, again(None), 12_000),
            (2, again(None), 16_000),
            (3, again(None), 30_000),
            (9, again(None), 30_000),
            (1, again(Some(Duration::from_secs(40))), 48_000),
            (1, Failure::Slowly, 22_500),
        ] {
            let mut schedule = Schedule::starting_at(at(0));
            for _ in 0..failures {
                schedule.failed(at(0), at(0), failure, 1.0);
            }
            schedule.changed();
            assert_eq!(schedule.due(), at(expected), "{failures} {failure:?}");
            // Heard again: everything begins anew.
            schedule.answered(at(100_000), 10_000, 0.5);
            schedule.failed(at(100_000), at(100_000), again(None), 1.0);
            assert_eq!(schedule.due(), at(112_000));
        }
    }

    #[test]
    fn one_heartbeat_that_is_lost_however_it_is_makes_nobody_silent() {
        let chances = [0.0, 0.25, 0.5, 0.75, 1.0];
        for (took, before, after) in [0, 100, 3_000, 7_999, 8_000]
            .into_iter()
            .flat_map(|took| chances.map(|before| (took, before)))
            .flat_map(|(took, before)| chances.map(|after| (took, before, after)))
        {
            let mut schedule = Schedule::starting_at(at(0));
            schedule.answered(at(0), 10_000, before);
            let sent = schedule.due();
            let known = sent + Duration::from_millis(took);
            schedule.failed(sent, known, Failure::Again { retry_after: None }, after);
            // The server waits for 25 s: this leaves two for the way.
            assert!(schedule.due() <= at(23_000), "{took} {before} {after}: {:?}", schedule.due());
            assert!(schedule.due().since(known) >= GAP);
        }
    }

    /// What may happen to a heartbeat, and how long the request takes.
    #[derive(Clone, Copy, Debug)]
    struct Fate {
        change_after_ms: Option<i64>,
        takes_ms: i64,
        every_ms: Option<u64>,
        is_slow: bool,
        random: f64,
    }

    fn fates() -> impl Strategy<Value = Vec<Fate>> {
        let fate = (
            prop::option::of(0..30_000_i64),
            0..8_000_i64,
            prop::option::of(0..100_000_u64),
            any::<bool>(),
            0.0..=1.0_f64,
        );
        let fate = fate.prop_map(|(change_after_ms, takes_ms, every_ms, is_slow, random)| Fate {
            change_after_ms,
            takes_ms,
            every_ms,
            is_slow,
            random,
        });
        prop::collection::vec(fate, 1..60)
    }

    proptest! {
        #[test]
        fn heartbeats_are_never_a_storm_and_never_cease(fates in fates()) {
            let mut now = at(0);
            let mut schedule = Schedule::starting_at(now);
            let mut before: Option<MediaTime> = None;
            for fate in fates {
                let known = now;
                if let Some(after) = fate.change_after_ms {
                    let change = now + Duration::from_millis(after.unsigned_abs());
                    if change < schedule.due() {
                        now = change;
                        schedule.changed();
                    }
                }
                let sent = schedule.due().max(now);
                prop_assert!(before.is_none_or(|before| sent.since(before) >= GAP));
                // 60 s and a tenth at most, and no failure takes longer.
                prop_assert!(sent.since(known) <= Duration::from_secs(66));
                before = Some(sent);
                now = sent + Duration::from_millis(fate.takes_ms.unsigned_abs());
                match fate.every_ms {
                    Some(every_ms) => schedule.answered(sent, every_ms, fate.random),
                    None if fate.is_slow => {
                        schedule.failed(sent, now, Failure::Slowly, fate.random);
                    }
                    None => {
                        let failure = Failure::Again { retry_after: None };
                        schedule.failed(sent, now, failure, fate.random);
                    }
                }
            }
        }
    }
}
