//! One kind of interval with what was said of it: that it opened and closed, and who was told.
//!
//! At any moment the candidate is told as one thing. An interval begins at the last look that found otherwise and ends
//! at the first that does, so of two that follow each other both would be told between these looks. Of could-not-look
//! and presence, and of two kinds of could-not-look, the first keeps this time; of an absence and a face that is
//! not visible the absence does, for it lasts from when the candidate was last seen until they are seen again, and
//! nothing is merged over it. Beside others stand company and marks; and what holds for `record_after`, but for
//! less than `merge_gap` between two parts of what is told as one interval: both were told before that was known.

use super::policy::Policy;
use super::track::{Counts, Evidence, Step, Times, Track};
use crate::report::{ClosedBy, Family, Interval, IntervalId, Kind};
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
    /// Since when it is told to hold, until it is told as closed.
    told: Option<MediaTime>,
    /// The last look that said it holds, and the first after that.
    held: Option<MediaTime>,
    over: Option<MediaTime>,
    /// When the one before ended.
    ended: Option<MediaTime>,
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
        Self {
            kind,
            track: Track::new(times),
            told: None,
            held: None,
            over: None,
            ended: None,
            warned: false,
            alerted: false,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.track.open().is_some()
    }

    /// See [`Track::take`].
    pub(super) fn take(
        &mut self,
        at: MediaTime,
        evidence: Evidence,
        counts: Counts,
        id: impl FnMut() -> IntervalId,
    ) -> Vec<Step> {
        self.note(at, evidence);
        self.track.take(at, evidence, counts, id)
    }

    /// Notes whether it is over, before any kind takes what is said at one moment.
    pub(super) fn note(&mut self, at: MediaTime, evidence: Evidence) {
        match evidence {
            Evidence::Holds(_) => (self.held, self.over) = (Some(at), None),
            Evidence::Clear | Evidence::Worse | Evidence::MayBeOver => {
                self.over.get_or_insert(at);
            }
            Evidence::Unknown | Evidence::MayHold => {}
        }
    }

    /// Whoever is found now is there since `at`: what was seen of an empty room before was not them.
    pub(super) fn back_since(&mut self, at: MediaTime) {
        if self.kind == Kind::OutOfView {
            self.over = self.over.map(|over| over.max(at));
            self.track.doubted_since(at);
        } else if self.kind == Kind::FaceNotVisible {
            self.track.may_hold_since(at);
        }
    }

    /// When this was over, for a `kind` that does not hold at the same time.
    pub(super) fn end_before(&self, kind: Kind) -> Option<MediaTime> {
        let over = if self.told.is_some() { self.over } else { self.ended };
        match (self.kind, kind) {
            (of, other) if of == other => None,
            (of, other) if of.family() == Family::CouldNotLook && is_of_one_time(other) => over,
            (Kind::OutOfView, Kind::FaceNotVisible) => over,
            // Until then somebody was seen.
            (Kind::FaceNotVisible, Kind::OutOfView) if self.told.is_some() => self.held,
            (Kind::FaceNotVisible, Kind::OutOfView) => self.ended,
            _ => None,
        }
    }

    /// It holds since `start`, and nobody was told yet.
    pub(super) fn opened(&mut self, id: IntervalId, start: MediaTime, counts: Counts) -> Change {
        self.told = Some(start);
        (self.warned, self.alerted) = (false, false);
        Change::Opened(self.interval(id, start, None, counts))
    }

    /// It held until `end`. Whoever was to be told before is told first.
    pub(super) fn closed(
        &mut self,
        policy: &Policy,
        id: IntervalId,
        (end, by): (MediaTime, ClosedBy),
        counts: Counts,
    ) -> Vec<Change> {
        let start = self.told.unwrap_or(end);
        let end = end.max(start);
        let mut changes = self.notices(policy, id, end);
        changes.push(Change::Closed(self.interval(id, start, Some((end, by)), counts)));
        (self.told, self.ended) = (None, Some(end));
        changes
    }

    fn interval(
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

    /// Who is to be told at `at`, and was not yet.
    fn notices(&mut self, policy: &Policy, id: IntervalId, at: MediaTime) -> Vec<Change> {
        let (warn, alert) = (policy.warn_after(), policy.alert_after());
        let mut changes = Vec::new();
        let Some(start) = self.told.filter(|_| policy.alerts(self.kind)) else { return changes };
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

    /// The same of an interval that is open.
    pub(super) fn overdue(&mut self, policy: &Policy, at: MediaTime) -> Vec<Change> {
        self.track.open().map_or_else(Vec::new, |(id, _)| self.notices(policy, id, at))
    }

    /// When somebody is to be told of the open interval.
    pub(super) fn next_notice(&self, policy: &Policy) -> Option<MediaTime> {
        let start = self.told.filter(|_| self.is_open() && policy.alerts(self.kind))?;
        if !self.warned {
            return Some(start + policy.warn_after());
        }
        (!self.alerted).then(|| start + policy.alert_after())
    }
}

/// Whether at most one of these kinds is told of a moment.
fn is_of_one_time(kind: Kind) -> bool {
    kind.family() == Family::CouldNotLook || matches!(kind, Kind::OutOfView | Kind::FaceNotVisible)
}
