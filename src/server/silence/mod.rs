//! When a session is silent, what heartbeats attest, and when the server itself was away. Pure.
//!
//! Times are those of the server's clock. A silence is told of by an interval `reporting_gap` that the
//! server makes itself; what is attested is kept as stretches without a gap, whatever was told of.

pub(super) mod rivals;
pub mod watch;

use jiff::{SignedDuration, Timestamp};

use crate::report::Phase;

/// Two and a half heartbeats.
pub(super) const SILENT_AFTER: SignedDuration = SignedDuration::from_secs(25);
/// A server that has not looked for this long did not run: it was stopped, or its machine slept.
const OUTAGE_AFTER: SignedDuration = SignedDuration::from_secs(10);
/// How often it is written down that the server runs.
const SAVE_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// Nobody waits any more for a session that was last heard of before this.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Time in which the server did not run: no silence of anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outage {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// Sessions that were last heard of between the two are silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) after: Timestamp,
    pub(super) before: Timestamp,
}

/// Since when the server watches without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vigil {
    pub(super) since: Timestamp,
    pub(super) alive_at: Timestamp,
    saved_at: Option<Timestamp>,
}

impl Vigil {
    /// A start of the server, which ran last at `before`.
    pub(super) fn begin(before: Option<Timestamp>, now: Timestamp) -> (Self, Option<Outage>) {
        let outage = before.filter(|before| *before < now).map(|from| Outage { from, to: now });
        (Self { since: now, alive_at: now, saved_at: None }, outage)
    }

    /// The server looks, as it does every second; returns the time that it has missed.
    pub(super) fn look(&mut self, now: Timestamp) -> Option<Outage> {
        let outage = Outage { from: self.alive_at, to: now };
        self.alive_at = now;
        let slept = now.duration_since(outage.from);
        // A clock that was set back: everybody gets the whole time again.
        if slept > OUTAGE_AFTER || slept.is_negative() {
            (self.since, self.saved_at) = (now, None);
        }
        (slept > OUTAGE_AFTER).then_some(outage)
    }

    /// Whether it should be written down that the server runs; counts as done.
    pub(super) fn is_to_be_saved(&mut self) -> bool {
        let saved = self.saved_at.map(|saved| self.alive_at.duration_since(saved));
        let is_due = saved.is_none_or(|passed| passed >= SAVE_EVERY || passed.is_negative());
        if is_due {
            self.saved_at = Some(self.alive_at);
        }
        is_due
    }

    /// Who is silent now; `None` while the server has not watched for long enough to know.
    pub(super) fn silent(&self) -> Option<Bounds> {
        let now = self.alive_at;
        if now.duration_since(self.since) <= SILENT_AFTER {
            return None;
        }
        let before = now.checked_sub(SILENT_AFTER).ok()?;
        Some(Bounds { after: now.checked_sub(FORGOTTEN_AFTER).ok()?, before })
    }
}

/// Whether silence is an alert in a session whose last report has not come: it is in the exam by its
/// last heartbeat or by its first report, and has not said that it is over.
pub(super) fn is_in_the_exam(phase: Phase, has_started: bool) -> bool {
    match phase {
        Phase::CheckIn => has_started,
        Phase::Exam | Phase::Ending => true,
        Phase::Ended => false,
    }
}

/// Whether a heartbeat of this phase attests time of the exam; `before` is the phase of the one before.
pub(super) fn attests(phase: Phase, before: Option<Phase>) -> bool {
    match phase {
        Phase::CheckIn => false,
        Phase::Exam | Phase::Ending => true,
        // The first one says when it ended.
        Phase::Ended => before.is_some_and(|before| before != Phase::Ended),
    }
}

/// Microseconds since 1970, from and to.
pub(super) type Stretch = (i64, i64);

/// Times between attested stretches, which come in their order; the last has no end while nothing
/// was heard for too long until `now`.
pub(super) fn gaps(attested: &[Stretch], now: Option<i64>) -> Vec<(i64, Option<i64>)> {
    let between = attested.windows(2).filter_map(|pair| match pair {
        [(_, from), (to, _)] => Some((*from, Some(*to))),
        _ => None,
    });
    let mut gaps: Vec<_> = between.collect();
    if let (Some((_, last)), Some(now)) = (attested.last(), now)
        && now.saturating_sub(*last) > SILENT_AFTER.as_micros() as i64
    {
        gaps.push((*last, None));
    }
    gaps
}

/// How much of `stretch` the outages cover, which do not overlap.
pub(super) fn covered((from, to): Stretch, outages: &[Stretch]) -> i64 {
    let parts = outages.iter().map(|(down, up)| (*up).min(to) - (*down).max(from));
    parts.filter(|part| *part > 0).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn silent_before(vigil: &Vigil) -> Option<i64> {
        Some(vigil.silent()?.before.as_second() - 1_000_000)
    }

    #[test]
    fn a_session_is_silent_after_25_seconds_in_which_the_server_watched() {
        let (mut vigil, outage) = Vigil::begin(None, at(0));
        assert_eq!(outage, None);
        for (second, expected) in
            [(1, None), (10, None), (19, None), (25, None), (26, Some(1)), (27, Some(2))]
        {
            assert_eq!(vigil.look(at(second)), None);
            assert_eq!(silent_before(&vigil), expected, "{second}");
        }
    }

    #[test]
    fn time_in_which_the_server_did_not_run_is_nobodys_silence() {
        let (mut vigil, outage) = Vigil::begin(Some(at(-500)), at(0));
        assert_eq!(outage, Some(Outage { from: at(-500), to: at(0) }));
        for second in 1..=30 {
            assert_eq!(vigil.look(at(second)), None);
        }
        assert_eq!(silent_before(&vigil), Some(5));
        // The machine slept for an hour.
        assert_eq!(vigil.look(at(3_630)), Some(Outage { from: at(30), to: at(3_630) }));
        assert_eq!(silent_before(&vigil), None);
        for second in 3_631..3_656 {
            vigil.look(at(second));
            assert_eq!(silent_before(&vigil), None, "{second}");
        }
        vigil.look(at(3_656));
        assert_eq!(silent_before(&vigil), Some(3_631));
    }

    #[test]
    fn a_clock_that_is_set_back_begins_the_watch_anew() {
        let (mut vigil, outage) = Vigil::begin(Some(at(50)), at(0));
        assert_eq!(outage, None);
        assert_eq!(vigil.look(at(-3_600)), None);
        assert_eq!(vigil.since, at(-3_600));
        assert!(vigil.is_to_be_saved());
    }

    #[test]
    fn that_the_server_runs_is_written_down_every_five_seconds() {
        let (mut vigil, _) = Vigil::begin(None, at(0));
        let saved: Vec<i64> = (1..=12)
            .filter(|second| {
                vigil.look(at(*second));
                vigil.is_to_be_saved()
            })
            .collect();
        assert_eq!(saved, [1, 6, 11]);
    }

    #[test]
    fn only_an_exam_that_goes_on_can_fall_silent() {
        for (phase, has_started, expected) in [
            (Phase::CheckIn, false, false),
            (Phase::CheckIn, true, true),
            (Phase::Exam, false, true),
            (Phase::Exam, true, true),
            (Phase::Ending, true, true),
            (Phase::Ended, true, false),
        ] {
            assert_eq!(is_in_the_exam(phase, has_started), expected, "{phase:?} {has_started}");
        }
    }

    #[test]
    fn heartbeats_in_the_exam_attest_it_and_the_first_after_it() {
        for (phase, before, expected) in [
            (Phase::CheckIn, None, false),
            (Phase::Exam, Some(Phase::CheckIn), true),
            (Phase::Ending, Some(Phase::Exam), true),
            (Phase::Ended, Some(Phase::Exam), true),
            (Phase::Ended, Some(Phase::Ended), false),
            (Phase::Ended, None, false),
        ] {
            assert_eq!(attests(phase, before), expected, "{phase:?} after {before:?}");
        }
    }

    #[test]
    fn what_is_not_attested_is_a_gap() {
        let second = 1_000_000;
        let attested = [(0, 10 * second), (90 * second, 100 * second)];
        let between = (10 * second, Some(90 * second));
        assert_eq!(gaps(&attested, None), [between]);
        assert_eq!(gaps(&attested, Some(125 * second)), [between]);
        assert_eq!(gaps(&attested, Some(126 * second)), [between, (100 * second, None)]);
        assert_eq!(gaps(&[], Some(500)), []);
    }

    #[test]
    fn outages_count_as_far_as_they_lie_within() {
        let outages = [(0, 20), (30, 40), (90, 200)];
        assert_eq!(covered((10, 100), &outages), 10 + 10 + 10);
        assert_eq!(covered((50, 60), &outages), 0);
    }
}
