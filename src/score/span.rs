//! Stretches of time, and what is left of one outside others.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::MediaTime;

/// From one moment to a later one, in whole milliseconds. In files: seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub start: MediaTime,
    pub end: MediaTime,
}

#[derive(Serialize, Deserialize)]
struct InSeconds {
    start_s: f64,
    end_s: f64,
}

impl Span {
    /// Rounds both ends to the millisecond. A span that ends before it starts is empty.
    pub const fn new(start: MediaTime, end: MediaTime) -> Self {
        Self {
            start: MediaTime::from_millis(start.as_millis()),
            end: MediaTime::from_millis(end.as_millis()),
        }
    }

    pub fn of_seconds(start_s: f64, end_s: f64) -> Self {
        Self::new(MediaTime::from_secs_f64(start_s), MediaTime::from_secs_f64(end_s))
    }

    pub fn length(&self) -> Duration {
        self.end.since(self.start)
    }

    pub fn is_empty(&self) -> bool {
        self.length().is_zero()
    }

    pub fn contains(&self, at: MediaTime) -> bool {
        self.start <= at && at < self.end
    }

    /// The time that both have in common.
    pub fn shared_with(&self, other: &Self) -> Duration {
        self.end.min(other.end).since(self.start.max(other.start))
    }

    /// How much of it lies within any of `others`, each moment counted once.
    pub fn covered_by(&self, others: &[Self]) -> Duration {
        self.length().saturating_sub(total(&self.outside(others)))
    }

    /// What is left of it outside `others`, in order.
    pub fn outside(&self, others: &[Self]) -> Vec<Self> {
        let mut parts = vec![*self];
        for other in others {
            let cut = |part: Self| {
                if part.shared_with(other).is_zero() {
                    return [Some(part), None];
                }
                let before = Self { end: part.end.min(other.start), ..part };
                let after = Self { start: part.start.max(other.end), ..part };
                [Some(before), Some(after)]
            };
            let cut: Vec<Self> = parts.into_iter().flat_map(cut).flatten().collect();
            parts = cut.into_iter().filter(|part| !part.is_empty()).collect();
        }
        parts.retain(|part| !part.is_empty());
        parts
    }
}

/// The length of spans that do not overlap.
pub(super) fn total(spans: &[Span]) -> Duration {
    spans.iter().map(Span::length).sum()
}

/// How much of `parts`, which do not overlap, lies within any of `others`.
pub(super) fn covered(parts: &[Span], others: &[Span]) -> Duration {
    parts.iter().map(|part| part.covered_by(others)).sum()
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        InSeconds { start_s: self.start.as_secs_f64(), end_s: self.end.as_secs_f64() }
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let InSeconds { start_s, end_s } = InSeconds::deserialize(deserializer)?;
        Ok(Self::of_seconds(start_s, end_s))
    }
}

/// Durations in files: seconds, to the millisecond.
pub(super) mod seconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(in crate::score) fn serialize<S: Serializer>(
        length: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(length.as_millis() as f64 / 1e3)
    }

    pub(in crate::score) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Ok(Duration::from_millis((seconds * 1e3).round() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: f64, end: f64) -> Span {
        Span::of_seconds(start, end)
    }

    #[test]
    fn what_is_outside_others_is_left_in_order() {
        let zones = [span(2.0, 3.0), span(2.5, 4.0), span(9.0, 12.0)];
        assert_eq!(span(0.0, 10.0).outside(&zones), [span(0.0, 2.0), span(4.0, 9.0)]);
        assert_eq!(span(2.0, 4.0).outside(&zones), []);
        assert_eq!(span(5.0, 5.0).outside(&zones), []);
    }

    #[test]
    fn a_moment_in_two_others_is_covered_once() {
        let others = [span(1.0, 3.0), span(2.0, 4.0)];
        assert_eq!(span(0.0, 10.0).covered_by(&others), Duration::from_secs(3));
    }
}
