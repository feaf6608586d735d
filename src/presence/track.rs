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
        Self { start, doubted: None, cleared: None, counts, doubtful: Counts::default() }
    }

    /// Takes one frame; `true` when the run is over.
    fn take(&mut self, at: MediaTime, evidence: Evidence, counts: Counts, times: &Times) -> bool {
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
        self.over_since().is_none() && at.since(self.start) >= times.record_after
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::SessionId;

    const TIMES: Times = Times {
        record_after: Duration::from_secs(1),
        merge_gap: Duration::from_secs(1),
        confirm: Duration::from_millis(150),
    };

    /// Runs a script of one character for each frame, 200 ms apart: `x` holds, `.` clear, `w` worse, `m`
    /// may hold, `o` may be over, `?` cannot tell. Gives the closed intervals as (start, end, why), in milliseconds.
    fn closed(script: &str) -> Vec<(i64, i64, ClosedBy)> {
        let mut track = Track::new(TIMES);
        let mut number = 0;
        let mut id = || {
            number += 1;
            IntervalId::derived(SessionId::derived(&[]), number)
        };
        let mut steps = Vec::new();
        let mut at = MediaTime::ZERO;
        for frame in script.chars() {
            let evidence = match frame {
                'x' => Evidence::Holds(1.0),
                '.' => Evidence::Clear,
                'w' => Evidence::Worse,
                'm' => Evidence::MayHold,
                'o' => Evidence::MayBeOver,
                _ => Evidence::Unknown,
            };
            steps.extend(track.take(at, evidence, Counts::frame(2), &mut id));
            at = at + Duration::from_millis(200);
        }
        steps.extend(track.finish(at, ClosedBy::SessionEnd, &mut id));
        let closed = |step| match step {
            Step::Closed { start, end, by, .. } => Some((start.as_millis(), end.as_millis(), by)),
            Step::Opened { .. } | Step::Resumed { .. } => None,
        };
        steps.into_iter().filter_map(closed).collect()
    }

    #[test]
    fn an_interval_starts_where_last_seen_and_ends_where_seen_again() {
        assert_eq!(closed("...xxxxxx......"), [(400, 1_800, ClosedBy::SeenAgain)]);
    }

    #[test]
    fn what_is_shorter_than_record_after_is_not_recorded() {
        assert_eq!(closed("...xxxx........"), []);
    }

    #[test]
    fn one_frame_that_errs_does_not_end_an_interval() {
        assert_eq!(closed("..xxxxx.xxxxx......"), [(200, 2_600, ClosedBy::SeenAgain)]);
    }

    #[test]
    fn intervals_less_than_merge_gap_apart_are_one() {
        assert_eq!(closed("..xxxxxx....xxxxxx......"), [(200, 3_600, ClosedBy::SeenAgain)]);
    }

    #[test]
    fn intervals_a_merge_gap_apart_are_two() {
        let two = [(200, 1_600, ClosedBy::SeenAgain), (2_800, 4_200, ClosedBy::SeenAgain)];
        assert_eq!(closed("..xxxxxx.......xxxxxx......"), two);
    }

    #[test]
    fn a_short_absence_right_after_an_interval_does_not_lengthen_it() {
        assert_eq!(closed("..xxxxxx...xx........."), [(200, 1_600, ClosedBy::SeenAgain)]);
    }

    #[test]
    fn frames_that_cannot_tell_neither_open_nor_close() {
        assert_eq!(closed("..xx??xxx...???....."), [(200, 1_800, ClosedBy::SeenAgain)]);
        assert_eq!(closed("..x????????........."), []);
    }

    #[test]
    fn something_worse_ends_it_only_when_that_lasts() {
        assert_eq!(closed("..xxwwxxx......"), [(200, 1_800, ClosedBy::SeenAgain)]);
        assert_eq!(closed("..xxxxxxwwwwwwwww"), [(200, 1_600, ClosedBy::SeenAgain)]);
        assert_eq!(closed("..xxwwwwxx......."), []);
        assert_eq!(closed("..xxxxxxww......."), [(200, 1_600, ClosedBy::SeenAgain)]);
    }

    #[test]
    fn what_may_have_held_is_dated_from_its_first_frame_once_it_is_known() {
        assert_eq!(closed("mmmxxxxx......."), [(0, 1_600, ClosedBy::SeenAgain)]);
        assert_eq!(closed("mmm.mmxxxxxx......."), [(600, 2_400, ClosedBy::SeenAgain)]);
        assert_eq!(closed("mmmmmmmmmmm......."), []);
    }

    #[test]
    fn what_may_have_been_over_is_over_from_its_first_frame_once_it_is_known() {
        assert_eq!(closed("..xxxxxxooo......."), [(200, 1_600, ClosedBy::SeenAgain)]);
        assert_eq!(closed("..xxxxxxooo."), [(200, 1_600, ClosedBy::SeenAgain)]);
        assert_eq!(closed("..xxxxxxoooxxo......."), [(200, 2_600, ClosedBy::SeenAgain)]);
        assert_eq!(closed("..xxxxxxooo.xxx......"), [(200, 3_000, ClosedBy::SeenAgain)]);
        assert_eq!(closed("..xxxxxxooo"), [(200, 2_200, ClosedBy::SessionEnd)]);
        assert_eq!(closed("..xxoooooooo......."), []);
    }

    #[test]
    fn an_interval_that_lasts_to_the_end_is_closed_there() {
        assert_eq!(closed("..xxxxxx"), [(200, 1_600, ClosedBy::SessionEnd)]);
        assert_eq!(closed("xxxx"), []);
        assert_eq!(closed("xxxxx"), [(0, 1_000, ClosedBy::SessionEnd)]);
    }

    #[test]
    fn an_interruption_closes_at_its_own_time_and_forgets_what_was_last_seen() {
        let mut track = Track::new(TIMES);
        let mut id = || IntervalId::derived(SessionId::derived(&[]), 1);
        for step in 0..10 {
            track.take(
                MediaTime::from_millis(step * 200),
                Evidence::Holds(0.5),
                Counts::frame(0),
                &mut id,
            );
        }
        let steps = track.interrupt(MediaTime::from_millis(1_700), ClosedBy::CouldNotLook);
        assert!(
            matches!(steps[..], [Step::Closed { end, by: ClosedBy::CouldNotLook, .. }]
                if end == MediaTime::from_millis(1_700)),
            "{steps:?}"
        );
        track.take(MediaTime::from_millis(5_000), Evidence::Holds(0.5), Counts::frame(0), &mut id);
        let steps = track.take(
            MediaTime::from_millis(6_000),
            Evidence::Holds(0.5),
            Counts::frame(0),
            &mut id,
        );
        assert!(
            matches!(steps[..], [Step::Opened { start, .. }] if start == MediaTime::from_millis(5_000)),
            "{steps:?}"
        );
    }

    #[test]
    fn counts_cover_the_interval_only() {
        let mut track = Track::new(TIMES);
        let mut id = || IntervalId::derived(SessionId::derived(&[]), 1);
        let mut last = None;
        for (step, frame) in (0..).zip("..xxxxxx.........".chars()) {
            let evidence = if frame == 'x' { Evidence::Holds(0.64) } else { Evidence::Clear };
            let at = MediaTime::from_millis(step * 200);
            last = track.take(at, evidence, Counts::frame(2), &mut id).pop().or(last);
        }
        let Some(Step::Closed { counts, .. }) = last else { panic!("not closed: {last:?}") };
        assert_eq!((counts.looked_at, counts.skipped, counts.confidence()), (6, 12, 0.8));
    }
}
