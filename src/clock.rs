//! The only reader of clocks.
//!
//! Three of them, read together: one that counts the time asleep, one that does not, and the wall.
//! Media time comes from the first, so that an interval is as long as it was, whatever is set or
//! slept meanwhile. What was slept through is the difference of the first two.
//!
//! A wall clock that was set is told, and changes nothing.
//!
//! Linux: `CLOCK_BOOTTIME` and `CLOCK_MONOTONIC`. macOS: `CLOCK_MONOTONIC` counts sleep there, and
//! the standard library's does not. Windows: the standard library's clock counts sleep, so sleep
//! cannot be told apart and shows as a gap between two looks alone.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::report::Clocks;
use crate::time::MediaTime;

/// Sleep shorter than this is none: clocks are read one after the other.
const SLEPT_AT_LEAST: Duration = Duration::from_secs(2);
/// A wall clock that is off by less was not set: leap seconds are smeared, clocks differ a little.
const STEPPED_AT_LEAST: SignedDuration = SignedDuration::from_secs(2);
/// Clocks that were read further apart are read again: the program stood still in between.
const TOGETHER: Duration = Duration::from_millis(100);

/// The clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Since the machine was started, asleep or not.
    pub boot: Duration,
    /// Since the machine was started, without the time asleep.
    pub awake: Duration,
    pub wall: Timestamp,
}

impl Reading {
    /// Reads the clocks.
    pub fn now() -> Self {
        for _ in 0..3 {
            let reading = Self { boot: boot(), awake: awake(), wall: Timestamp::now() };
            if boot().saturating_sub(reading.boot) < TOGETHER {
                return reading;
            }
        }
        Self { boot: boot(), awake: awake(), wall: Timestamp::now() }
    }

    /// What an event carries of it.
    pub fn clocks(&self) -> Clocks {
        let seconds = |since: Duration| format!("{:.3}", since.as_secs_f64());
        Clocks {
            walltime: Some(format!("{:.3}", self.wall)),
            monotime: Some(seconds(self.awake)),
            boottime: Some(seconds(self.boot)),
        }
    }

    /// How long the machine slept since `earlier`; nothing when it hardly did.
    pub fn slept_since(&self, earlier: &Self) -> Option<Duration> {
        let passed = self.boot.saturating_sub(earlier.boot);
        let slept = passed.saturating_sub(self.awake.saturating_sub(earlier.awake));
        (slept >= SLEPT_AT_LEAST).then_some(slept)
    }

    /// By how much the wall clock was set since `earlier`, if it was.
    pub fn stepped_since(&self, earlier: &Self) -> Option<SignedDuration> {
        let passed = self.boot.saturating_sub(earlier.boot);
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        let by = self.wall.duration_since(earlier.wall).checked_sub(passed)?;
        (by.abs() > STEPPED_AT_LEAST).then_some(by)
    }
}

/// Which start of the machine this is; empty where the system does not say.
pub fn boot_id() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    id.map(|id| id.trim().to_owned()).unwrap_or_default()
}

/// Ties media time to the clocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// A moment since the start of the machine that `boot_id` names …
    boot: Duration,
    boot_id: String,
    /// … and the media time at that moment.
    media: Duration,
    /// The wall clock at media time zero.
    wall: Timestamp,
}

impl Anchor {
    /// A session that begins at `reading`.
    pub fn at(reading: &Reading, boot_id: String) -> Self {
        Self { boot: reading.boot, boot_id, media: Duration::ZERO, wall: reading.wall }
    }

    /// Media time of a reading of the same start of the machine.
    pub fn media(&self, reading: &Reading) -> MediaTime {
        MediaTime::ZERO + self.media + reading.boot.saturating_sub(self.boot)
    }

    /// An anchor for going on at `reading`, perhaps after the machine was started anew. Then there
    /// is only the wall clock to tell what has passed. No clock is believed that says less than what
    /// is known to have passed, `at_least`: a virtual machine that is set back keeps its boot.
    #[must_use]
    pub fn resumed(&self, reading: &Reading, boot_id: String, at_least: MediaTime) -> Self {
        if boot_id == self.boot_id && reading.boot >= self.boot && self.media(reading) >= at_least {
            return self.clone();
        }
        let by_wall = reading.wall.duration_since(self.wall);
        let by_wall = Duration::try_from(by_wall).unwrap_or_default();
        let passed = by_wall.max(at_least.since(MediaTime::ZERO));
        Self { boot: reading.boot, boot_id, media: passed, wall: self.wall }
    }

    /// The same clocks with media time counted from `at` on.
    #[must_use]
    pub fn starting_at(&self, at: MediaTime) -> Self {
        let since = at.since(MediaTime::ZERO);
        Self {
            boot: self.boot + since.saturating_sub(self.media),
            boot_id: self.boot_id.clone(),
            media: self.media.saturating_sub(since),
            wall: self.wall.checked_add(since).unwrap_or(self.wall),
        }
    }

    /// The wall clock's time of a moment, by the session's start: RFC 3339, UTC.
    pub fn utc(&self, at: MediaTime) -> String {
        let since = at.since(MediaTime::ZERO);
        let moment = self.wall.checked_add(since).unwrap_or(self.wall);
        format!("{moment:.3}")
    }
}

#[cfg(unix)]
fn boot() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = rustix::time::ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = rustix::time::ClockId::Monotonic;
    Duration::try_from(rustix::time::clock_gettime(clock)).unwrap_or_default()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn awake() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn awake() -> Duration {
    since_start()
}

#[cfg(not(unix))]
fn boot() -> Duration {
    since_start()
}

/// Since the first call. `Instant` gives no other zero.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn since_start() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "this is the module that reads clocks")]
    let now = Instant::now();
    now.duration_since(*START.get_or_init(|| now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(boot: u64, awake: u64, wall: i64) -> Reading {
        let secs = Duration::from_secs;
        let wall = Timestamp::from_second(wall).unwrap();
        Reading { boot: secs(boot), awake: secs(awake), wall }
    }

    fn secs(secs: i64) -> MediaTime {
        MediaTime::from_millis(secs * 1_000)
    }

    #[test]
    fn sleep_is_what_one_clock_counted_and_the_other_did_not() {
        let before = reading(100, 90, 1_000);
        assert_eq!(reading(160, 150, 1_060).slept_since(&before), None);
        assert_eq!(reading(161, 150, 1_061).slept_since(&before), None);
        let slept = reading(400, 100, 1_300).slept_since(&before);
        assert_eq!(slept, Some(Duration::from_secs(290)));
    }

    #[test]
    fn a_wall_clock_that_was_set_is_told_by_how_much_whatever_was_slept() {
        let before = reading(100, 90, 1_000);
        let by = |after: Reading| after.stepped_since(&before).map(|by| by.as_secs());
        assert_eq!(by(reading(160, 150, 1_062)), None);
        assert_eq!(by(reading(400, 100, 1_300)), None);
        assert_eq!(by(reading(400, 100, 8_500)), Some(7_200));
        assert_eq!(by(reading(160, 150, -6_140)), Some(-7_200));
    }

    #[test]
    fn an_event_carries_all_three_clocks() {
        let clocks = reading(160, 150, 1_060).clocks();
        let told = [clocks.walltime, clocks.monotime, clocks.boottime].map(Option::unwrap);
        assert_eq!(told, ["1970-01-01T00:17:40.000Z", "150.000", "160.000"]);
    }

    #[test]
    fn media_time_counts_sleep_and_does_not_heed_the_wall() {
        let anchor = Anchor::at(&reading(100, 90, 1_000), "a".to_owned());
        assert_eq!(anchor.media(&reading(160, 91, 9_999)), secs(60));
        assert_eq!(anchor.utc(secs(60)), "1970-01-01T00:17:40.000Z");
    }

    #[test]
    fn media_time_may_be_counted_from_a_later_moment_on() {
        let anchor = Anchor::at(&reading(100, 90, 1_000), "a".to_owned());
        let exam = anchor.starting_at(secs(40));
        assert_eq!(exam.media(&reading(160, 150, 1_060)), secs(20));
        assert_eq!(exam.utc(secs(20)), anchor.utc(secs(60)));
    }

    #[test]
    fn a_session_goes_on_after_the_machine_was_started_anew() {
        let anchor = Anchor::at(&reading(1_000, 1_000, 50_000), "a".to_owned());
        let same = anchor.resumed(&reading(1_300, 1_300, 50_300), "a".to_owned(), secs(200));
        assert_eq!(same, anchor);
        let after = reading(20, 20, 50_600);
        let anew = anchor.resumed(&after, "b".to_owned(), secs(200));
        assert_eq!(anew.media(&after), secs(600));
        // The wall clock was set back meanwhile.
        let after = reading(20, 20, 40_000);
        let anew = anchor.resumed(&after, "b".to_owned(), secs(200));
        assert_eq!(anew.media(&after), secs(200));
    }

    #[test]
    fn a_clock_of_the_same_boot_that_was_set_back_is_not_believed() {
        let anchor = Anchor::at(&reading(100, 90, 1_000), "a".to_owned());
        let after = reading(120, 110, 1_300);
        let anew = anchor.resumed(&after, "a".to_owned(), secs(200));
        assert_eq!(anew.media(&after), secs(300), "the wall clock's word");
        let anew = anchor.resumed(&after, "a".to_owned(), secs(400));
        assert_eq!(anew.media(&after), secs(400), "what is known");
    }

    #[test]
    fn the_clocks_of_this_machine_go_forward() {
        let (first, second) = (Reading::now(), Reading::now());
        assert!(second.boot >= first.boot && second.awake >= first.awake);
        assert_eq!(second.slept_since(&first), None);
    }
}
