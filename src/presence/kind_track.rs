//! One kind of interval with what was said of it: that it opened and closed, and who was told.

use super::policy::Policy;
use super::track::{Counts, Times, Track};
use crate::report::{ClosedBy, Interval, IntervalId, Kind};
use crate::time::MediaTime;

/// What a frame, or the passing of time, changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Opened(Interval),
    /// The candidate is to be told: the interval has lasted `warn_after`.
    Warned(IntervalId, MediaTime),
    /// The proctor is to be alerted: the interval has lasted `alert_after`.
    Alerted(IntervalId, MediaTime),
    Closed(Interval),
}

pub(super) struct KindTrack {
    pub kind: Kind,
    pub track: Track,
    warned: bool,
    alerted: bool,
}

impl KindTrack {
    pub(super) fn new(kind: Kind, policy: &Policy) -> Self {
        let times = Times {
            record_after: policy.record_after(),
            merge_gap: policy.merge_gap(),
            confirm: policy.confirm(),
            must_prevail: kind == Kind::FaceNotVisible,
        };
        Self { kind, track: Track::new(times), warned: false, alerted: false }
    }

    pub(super) fn is_open(&self) -> bool {
        self.track.open().is_some()
    }

    /// Nobody was told yet.
    pub(super) fn opened(&mut self, id: IntervalId, start: MediaTime, counts: Counts) -> Change {
        (self.warned, self.alerted) = (false, false);
        Change::Opened(self.interval(id, start, None, counts))
    }

    pub(super) fn interval(
        &self,
        id: IntervalId,
        start: MediaTime,
        end: Option<(MediaTime, ClosedBy)>,
        counts: Counts,
    ) -> Interval {
        Interval {
            id,
            kind: self.kind,
            start_ms: start,
            end_ms: end.map(|(end, _)| end),
            confidence: counts.confidence(),
            frames_looked_at: counts.looked_at,
            frames_skipped: counts.skipped,
            closed_by: end.map(|(_, by)| by),
        }
    }

    /// Who is to be told, at `at`, of an interval that began at `start`, and was not yet.
    pub(super) fn notices(
        &mut self,
        policy: &Policy,
        id: IntervalId,
        start: MediaTime,
        at: MediaTime,
    ) -> Vec<Change> {
        let (warn, alert) = (policy.warn_after(), policy.alert_after());
        let mut changes = Vec::new();
        if !policy.alerts(self.kind) {
            return changes;
        }
        if !self.warned && at.since(start) >= warn {
            self.warned = true;
            changes.push(Change::Warned(id, start + warn));
        }
        if !self.alerted && at.since(start) >= alert {
            self.alerted = true;
            changes.push(Change::Alerted(id, start + alert));
        }
        changes
    }

    /// When somebody is to be told of the open interval.
    pub(super) fn next_notice(&self, policy: &Policy) -> Option<MediaTime> {
        let (_, start) = self.track.open().filter(|_| policy.alerts(self.kind))?;
        if !self.warned {
            return Some(start + policy.warn_after());
        }
        (!self.alerted).then(|| start + policy.alert_after())
    }
}
