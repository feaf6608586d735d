//! Media time: where a frame or an interval stands within its session.
//!
//! The zero is the session's start (in replay: the recording's first frame). Media time only grows
//! and counts suspend; it has nothing to do with the wall clock, so a clock that is set back never
//! bends an interval.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds since the session's start. On the wire and in files: whole milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaTime {
    micros: i64,
}

impl MediaTime {
    pub const ZERO: Self = Self { micros: 0 };

    pub const fn from_micros(micros: i64) -> Self {
        Self { micros }
    }

    pub const fn from_millis(millis: i64) -> Self {
        Self { micros: millis.saturating_mul(1_000) }
    }

    /// Seconds, rounded to the microsecond; saturates, and takes NaN for zero.
    pub fn from_secs_f64(secs: f64) -> Self {
        Self { micros: (secs * 1e6).round() as i64 }
    }

    pub const fn as_micros(self) -> i64 {
        self.micros
    }

    /// Milliseconds, rounded to the nearest.
    pub const fn as_millis(self) -> i64 {
        self.micros.saturating_add(500).div_euclid(1_000)
    }

    /// Seconds, rounded to the millisecond: the figure that is printed.
    pub fn as_secs_f64(self) -> f64 {
        self.as_millis() as f64 / 1e3
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(
            u64::try_from(self.micros.saturating_sub(earlier.micros)).unwrap_or(0),
        )
    }
}

impl Add<Duration> for MediaTime {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Self { micros: self.micros.saturating_add(span) }
    }
}

impl Sub<Duration> for MediaTime {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Self { micros: self.micros.saturating_sub(span) }
    }
}

/// As a person reads it: `1:02:03.4`, `2:03.4`.
impl fmt::Display for MediaTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.as_millis();
        let sign = if millis < 0 { "-" } else { "" };
        let tenths = (millis.abs() + 50) / 100;
        let (hours, minutes) = (tenths / 36_000, tenths / 600 % 60);
        let (seconds, tenth) = (tenths / 10 % 60, tenths % 10);
        if hours > 0 {
            write!(f, "{sign}{hours}:{minutes:02}:{seconds:02}.{tenth}")
        } else {
            write!(f, "{sign}{minutes}:{seconds:02}.{tenth}")
        }
    }
}

impl Serialize for MediaTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.as_millis())
    }
}

impl<'de> Deserialize<'de> for MediaTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_to_the_nearest_millisecond() {
        assert_eq!(MediaTime::from_micros(1_499).as_millis(), 1);
        assert_eq!(MediaTime::from_micros(1_500).as_millis(), 2);
        assert_eq!(MediaTime::from_micros(-1_500).as_millis(), -1);
        assert_eq!(MediaTime::from_secs_f64(4.2).as_secs_f64(), 4.2);
    }

    #[test]
    fn since_never_goes_below_zero() {
        let (early, late) = (MediaTime::from_millis(100), MediaTime::from_millis(250));
        assert_eq!(late.since(early), Duration::from_millis(150));
        assert_eq!(early.since(late), Duration::ZERO);
    }

    #[test]
    fn prints_as_a_person_reads_it() {
        assert_eq!(MediaTime::from_millis(9_940).to_string(), "0:09.9");
        assert_eq!(MediaTime::from_millis(59_960).to_string(), "1:00.0");
        assert_eq!(MediaTime::from_millis(3_723_400).to_string(), "1:02:03.4");
        assert_eq!(MediaTime::from_millis(-500).to_string(), "-0:00.5");
    }

    #[test]
    fn serialises_as_whole_milliseconds() {
        assert_eq!(serde_json::to_string(&MediaTime::from_micros(4_200_400)).unwrap(), "4200");
        assert_eq!(
            serde_json::from_str::<MediaTime>("4200").unwrap(),
            MediaTime::from_millis(4_200)
        );
    }
}
