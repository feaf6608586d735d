//! One kind of interval through time: decided late, dated early.
//!
//! ```text
//!            evidence holds            held for record_after
//!   Clear ──────────────────> Pending ──────────────────────> Open
//!     ^                          │                              │ cleared, and confirmed
//!     │      cleared, confirmed  │                              v
//!     ├──────────────────────────┘        ┌── holds again ── Closing
//!     └──────────────── merge_gap passed ─┼─────────────────────┘
//!                                         └─> Open, when it holds for record_after: one interval
//! ```

use std::time::Duration;

use crate::report::{ClosedBy, IntervalId};
use crate::time::MediaTime;

/// What one frame says about one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Evidence {
    /// It holds, with this confidence (0 to 1).
    Holds(f64),
    /// It does not hold.
    Clear,
    /// Something worse holds, of which this is a part: it is over only if that lasts, for half of
    /// `record_after`.
    Worse,
    /// This frame cannot tell.
    Unknown,
    /// It may hold; a later frame will tell, and if it does, it has held since here.
    MayHold,
    /// It may be over; a later frame will tell, and if it is, it has been over since here.
    MayBeOver,
}

/// How long things must last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub record_after: Duration,
    pub merge_gap: Duration,
    pub confirm: Duration,
    /// It opens only when no more than a quarter of it speaks against it: what is seen in every other look is
    /// there.
    pub must_prevail: bool,
}

/// A stretch of evidence, and what was seen in it.
#[derive(Clone, Copy, Debug)]
struct Run {
    start: MediaTime,
    /// First frame from which on it may have been over.
    doubted: Option<MediaTime>,
    /// First frame that spoke against it, while that is not yet believed.
    cleared: Option<MediaTime>,
    counts: Counts,
    /// For how long the last look spoke against it, in how many stretches, and since when it does.
    against: Duration,
    stretches: u32,
    against_since: Option<MediaTime>,
    /// Counted since `doubted` or `cleared`: belongs to the run only if that was an error.
    doubtful: Counts,
}

/// Frames and confidence of a stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub looked_at: u64,
    pub skipped: u64,
    confidence: f64,
    weights: u64,
}

impl Counts {
    /// One frame that was looked at, after `skipped` that were not.
    pub(super) fn frame(skipped: u64) -> Self {
        Self { looked_at: 1, skipped, ..Self::default() }
    }

    fn add(&mut self, other: Self) {
        self.looked_at += other.looked_at;
        self.skipped += other.skipped;
        self.confidence += other.confidence;
        self.weights += other.weights;
    }

    /// Made of the mean over the frames in which it held; rounded to thousandths.
    ///
    /// Scores are no probabilities: a body of 0.4 is there more often than four times in ten. The root
    /// is the power that fits them, taken more cautiously than it was found (`tests/evaluate.rs`), and
    /// comes out the same on every machine.
    pub(super) fn confidence(&self) -> f64 {
        let mean = if self.weights > 0 { self.confidence / self.weights as f64 } else { 0.0 };
        (mean.sqrt() * 1_000.0).round() / 1_000.0
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    Clear,
    Pending(Run),
    Open { id: IntervalId, run: Run },
    Closing { id: IntervalId, run: Run, end: MediaTime, again: Option<Run> },
}

/// The state of one kind.
#[derive(Clone, Debug)]
pub(super) struct Track {
    times: Times,
    state: State,
    /// The last frame that spoke against it.
    last_clear: Option<MediaTime>,
    /// The first frame since then in which it may have held.
    may_hold_since: Option<MediaTime>,
}

/// What a frame changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    Opened {
        id: IntervalId,
        start: MediaTime,
        counts: Counts,
    },
    /// What seemed over goes on, and has done so since `start`.
    Resumed {
        start: MediaTime,
    },
    Closed {
        id: IntervalId,
        start: MediaTime,
        end: MediaTime,
        counts: Counts,
        by: ClosedBy,
    },
}

impl Run {
    fn starting(start: MediaTime, counts: Counts) -> Self {
        Self {
            start,
            doubted: None,
            cleared: None,
            counts,
            against: Duration::ZERO,
            stretches: 0,
            against_since: None,
            doubtful: Counts::default(),
        }
    }

    /// Takes one frame; `true` when the run is over.
    fn take(&mut self, at: MediaTime, evidence: Evidence, counts: Counts, times: &Times) -> bool {
        self.note_against(at, evidence == Evidence::Clear);
        let confirm = match evidence {
            Evidence::Worse => times.confirm.max(times.record_after / 2),
            Evidence::Holds(_)
            | Evidence::Clear
            | Evidence::Unknown
            | Evidence::MayHold
            | Evidence::MayBeOver => times.confirm,
        };
        match evidence {
            Evidence::Holds(_) => {
                self.counts.add(std::mem::take(&mut self.doubtful));
                self.counts.add(counts);
                (self.doubted, self.cleared) = (None, None);
                false
            }
            Evidence::Unknown | Evidence::MayHold if self.over_since().is_none() => {
                self.counts.add(counts);
                false
            }
            Evidence::Unknown | Evidence::MayHold => {
                self.doubtful.add(counts);
                false
            }
            Evidence::MayBeOver => {
                self.doubtful.add(counts);
                self.doubted = self.doubted.or(Some(at));
                false
            }
            Evidence::Clear | Evidence::Worse => {
                self.doubtful.add(counts);
                let cleared = *self.cleared.get_or_insert(at);
                at.since(cleared) >= confirm
            }
        }
    }

    /// Since when it is over, should it be.
    fn over_since(&self) -> Option<MediaTime> {
        self.doubted.or(self.cleared)
    }

    fn is_long_enough(&self, at: MediaTime, times: &Times) -> bool {
        self.lasts(at, times) && self.prevails(at, times)
    }

    /// It is long enough, but for the looks that spoke against it.
    fn wavers(&self, at: MediaTime, times: &Times) -> bool {
        self.lasts(at, times) && !self.prevails(at, times)
    }

    fn lasts(&self, at: MediaTime, times: &Times) -> bool {
        self.over_since().is_none() && at.since(self.start) >= times.record_after
    }

    fn note_against(&mut self, at: MediaTime, is_against: bool) {
        match self.against_since.take() {
            Some(since) => self.against += at.since(since),
            None => self.stretches += u32::from(is_against),
        }
        self.against_since = is_against.then_some(at);
    }

    /// One look in which a detector errs is nothing, however few there are.
    fn prevails(&self, at: MediaTime, times: &Times) -> bool {
        !times.must_prevail || self.stretches < 2 || self.against * 4 <= at.since(self.start)
    }
}

impl Track {
    pub(super) fn new(times: Times) -> Self {
        Self { times, state: State::Clear, last_clear: None, may_hold_since: None }
    }

    /// Takes what is said at one moment, by a frame (`counts`) or by none; `id` names the interval
    /// that may open.
    pub(super) fn take(
        &mut self,
        at: MediaTime,
        evidence: Evidence,
        mut counts: Counts,
        id: impl FnMut() -> IntervalId,
    ) -> Vec<Step> {
        if let Evidence::Holds(confidence) = evidence {
            (counts.confidence, counts.weights) = (confidence.clamp(0.0, 1.0), 1);
        }
        let mut steps = self.expire(at);
        steps.extend(self.advance(at, evidence, counts, id));
        match evidence {
            Evidence::Clear | Evidence::Worse => {
                (self.last_clear, self.may_hold_since) = (Some(at), None);
            }
            Evidence::MayHold => self.may_hold_since = self.may_hold_since.or(Some(at)),
            Evidence::Holds(_) | Evidence::Unknown | Evidence::MayBeOver => {}
        }
        steps
    }

    /// What the next frame says to hold has held since `start`, though no frame has said so.
    pub(super) const fn held_since(&mut self, start: MediaTime) {
        (self.last_clear, self.may_hold_since) = (None, Some(start));
    }

    /// What may have held has not before `at`.
    pub(super) fn may_hold_since(&mut self, at: MediaTime) {
        if self.may_hold_since.is_some_and(|since| since < at) {
            (self.last_clear, self.may_hold_since) = (None, Some(at));
        }
    }

    /// What may be over was not before `at`.
    pub(super) fn doubted_since(&mut self, at: MediaTime) {
        if let State::Pending(run) | State::Open { run, .. } = &mut self.state {
            run.doubted = run.doubted.map(|doubted| doubted.max(at));
        }
    }

    fn advance(
        &mut self,
        at: MediaTime,
        evidence: Evidence,
        counts: Counts,
        mut id: impl FnMut() -> IntervalId,
    ) -> Option<Step> {
        let times = self.times;
        let start = self.last_clear.or(self.may_hold_since).unwrap_or(at);
        let known_later = self.may_hold_since.is_some();
        let begun = || Run::starting(start, counts);
        let holds = matches!(evidence, Evidence::Holds(_));
        let (state, step) = match self.state {
            // What it may have been, it was: these frames were the first word.
            State::Clear if holds && known_later && begun().is_long_enough(at, &times) => {
                let (id, run) = (id(), begun());
                let opened = Step::Opened { id, start: run.start, counts: run.counts };
                (State::Open { id, run }, Some(opened))
            }
            State::Clear if holds => (State::Pending(begun()), None),
            State::Clear => (State::Clear, None),
            State::Pending(mut run) => {
                if run.take(at, evidence, counts, &times) {
                    (State::Clear, None)
                } else if holds && run.is_long_enough(at, &times) {
                    let id = id();
                    let opened = Step::Opened { id, start: run.start, counts: run.counts };
                    (State::Open { id, run }, Some(opened))
                } else if holds && run.wavers(at, &times) {
                    (State::Pending(begun()), None)
                } else {
                    (State::Pending(run), None)
                }
            }
            State::Open { id, mut run } => {
                if run.take(at, evidence, counts, &times) {
                    let end = run.over_since().unwrap_or(at);
                    (State::Closing { id, run, end, again: None }, None)
                } else {
                    (State::Open { id, run }, None)
                }
            }
            State::Closing { id, mut run, end, again } => match again {
                None if holds => (State::Closing { id, run, end, again: Some(begun()) }, None),
                None => {
                    run.doubtful.add(counts);
                    (State::Closing { id, run, end, again }, None)
                }
                Some(mut again) => {
                    if again.take(at, evidence, counts, &times) {
                        run.doubtful.add(again.counts);
                        run.doubtful.add(again.doubtful);
                        (State::Closing { id, run, end, again: None }, None)
                    } else if holds && again.is_long_enough(at, &times) {
                        run.counts.add(std::mem::take(&mut run.doubtful));
                        run.counts.add(again.counts);
                        (run.doubted, run.cleared) = (None, None);
                        (State::Open { id, run }, Some(Step::Resumed { start: again.start }))
                    } else if holds && again.wavers(at, &times) {
                        run.doubtful.add(again.counts);
                        (State::Closing { id, run, end, again: Some(begun()) }, None)
                    } else {
                        (State::Closing { id, run, end, again: Some(again) }, None)
                    }
                }
            },
        };
        self.state = state;
        step
    }

    /// Closes what can no longer be merged with anything.
    pub(super) fn expire(&mut self, at: MediaTime) -> Vec<Step> {
        let State::Closing { id, run, end, again } = self.state else { return Vec::new() };
        let next_start = again.map_or(at, |again| again.start);
        if next_start.since(end) < self.times.merge_gap {
            return Vec::new();
        }
        self.state = again.map_or(State::Clear, State::Pending);
        let (start, counts) = (run.start, run.counts);
        vec![Step::Closed { id, start, end, counts, by: ClosedBy::SeenAgain }]
    }

    /// When [`Track::expire`] has something to do, if no frame comes before.
    pub(super) fn deadline(&self) -> Option<MediaTime> {
        match self.state {
            State::Closing { end, again: None, .. } => Some(end + self.times.merge_gap),
            State::Closing { .. } | State::Clear | State::Pending(_) | State::Open { .. } => None,
        }
    }

    /// Nothing holds, nor has it a moment ago.
    pub(super) const fn is_idle(&self) -> bool {
        matches!(self.state, State::Clear)
    }

    /// The open interval: its id and start.
    pub(super) fn open(&self) -> Option<(IntervalId, MediaTime)> {
        match self.state {
            State::Open { id, run } => Some((id, run.start)),
            State::Clear | State::Pending(_) | State::Closing { .. } => None,
        }
    }

    /// From `at` on nothing can be said: closes what is open there, forgets what is pending.
    pub(super) fn interrupt(&mut self, at: MediaTime, by: ClosedBy) -> Vec<Step> {
        (self.last_clear, self.may_hold_since) = (None, None);
        self.stop(at, by)
    }

    /// The session is over: a run that is long enough is recorded even if it never opened.
    pub(super) fn finish(
        &mut self,
        at: MediaTime,
        by: ClosedBy,
        mut id: impl FnMut() -> IntervalId,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        if let State::Pending(run) = self.state
            && run.is_long_enough(at, &self.times)
        {
            let id = id();
            steps.push(Step::Opened { id, start: run.start, counts: run.counts });
            self.state = State::Open { id, run };
        }
        if let State::Closing { id, mut run, again: Some(again), .. } = self.state
            && again.is_long_enough(at, &self.times)
        {
            (run.doubted, run.cleared) = (None, None);
            self.state = State::Open { id, run };
        }
        steps.extend(self.stop(at, by));
        steps
    }

    fn stop(&mut self, at: MediaTime, by: ClosedBy) -> Vec<Step> {
        let state = std::mem::replace(&mut self.state, State::Clear);
        let (id, run, cleared) = match state {
            State::Clear | State::Pending(_) => return Vec::new(),
            State::Open { id, run } => (id, run, run.cleared.and(run.over_since())),
            State::Closing { id, run, end, .. } => (id, run, Some(end)),
        };
        let (end, by) = match cleared {
            Some(cleared) if cleared <= at => (cleared, ClosedBy::SeenAgain),
            Some(_) | None => (at.max(run.start), by),
        };
        vec![Step::Closed { id, start: run.start, end, counts: run.counts, by }]
    }
}
