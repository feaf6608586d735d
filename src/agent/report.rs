//! The reporter worker: facts in, reports on disk, and a word to the uploader.
//!
//! Where the disk does not take reports, `store` holds them in memory; the agent goes on watching and
//! sending meanwhile.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use serde::{Deserialize, Serialize};

use super::source::{Clock, Now};
use super::store::{Made, Store};
use crate::clock::Anchor;
use crate::presence::{Change, Policy};
use crate::report::{
    ChainHead, CommandId, CommandReport, Consent, EndedBy, EventData, Incarnation, Integrity,
    Interval, IntervalId, IntervalReport, ModelIdentity, Noticed, SampledCamera, Sampling,
    SessionEnded, SessionStarted, StartOverride, Strain,
};
use crate::spool::{CAPACITY, SpoolError};
use crate::time::MediaTime;
use crate::trust::signature::SigningKey;
use crate::upload::Nudger;

/// A disk that takes nothing is looked after at least this often.
const ROUND: Duration = Duration::from_millis(250);
/// With nothing to look after it wakes this often.
const NAP: Duration = Duration::from_secs(5);

/// So many clocks that were set before the exam are told one by one; the last one stands for the rest.
const STEPS: usize = 16;

/// By what the exam began. Each incarnation of the session tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begun {
    pub consent: Option<Consent>,
    pub start_override: Option<StartOverride>,
}

/// What the detector worker found out, in the time of the agent's clock.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fact {
    /// From `at` on, frames are looked at at another rate.
    Sampling {
        at: MediaTime,
        rate_hz: f64,
        strain: Option<Strain>,
    },
    /// The exam began: times of reports count from here.
    Begun {
        at: MediaTime,
        by: Begun,
    },
    Change(Change),
    /// Something bears upon how far reports can be relied on.
    Noticed(Noticed),
    /// Something came of a command.
    Command(CommandReport),
    /// The exam is about to end, since a proctor says so.
    EndsBy(EndedBy),
    Ended {
        at: MediaTime,
        looked_at: u64,
        skipped: u64,
    },
}

/// What was reported.
#[derive(Clone, Debug, Default)]
pub(super) struct Reported {
    /// Where session time zero lies on the agent's clock; absent before the exam.
    pub zero: Option<MediaTime>,
    pub intervals: BTreeMap<IntervalId, Interval>,
    pub made: u64,
    /// The last report that was made.
    pub head: Option<(Incarnation, ChainHead)>,
    /// Why reports are in memory and not on disk, while that is so.
    pub fault: Option<String>,
    /// Reports that were not made, since there was no room in memory either; told once there is.
    pub lost: u64,
    /// The last report of the session is made.
    pub complete: bool,
    /// Commands of which is told what came of them.
    pub told: BTreeSet<CommandId>,
}

/// What all reports of a session have in common.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub label: String,
    pub agent: String,
    pub policy: Policy,
    pub models: Vec<ModelIdentity>,
    pub anchor: Anchor,
    /// Frames a second that are looked at now.
    pub rate_hz: f64,
    pub begun: Begun,
    /// Who ends it, where that is a proctor.
    pub ends_by: Option<EndedBy>,
    /// Signs them, where there is one.
    pub key: Option<SigningKey>,
}

pub(super) struct Reporter {
    pub about: About,
    pub store: Store,
    pub facts: Receiver<Fact>,
    pub reported: Arc<Mutex<Reported>>,
    pub uploader: Option<Nudger>,
    pub clock: Clock,
    pub now: Now,
    /// What was noticed before the exam, and when: told once it has begun.
    pub untold: Vec<(MediaTime, Noticed)>,
}

impl Reporter {
    /// Runs until nobody can bring facts any more, and all of them are written.
    pub(super) fn run(mut self) {
        let mut waiting = VecDeque::new();
        loop {
            self.look_after_store(&mut waiting, false);
            self.write(&mut waiting);
            let nap = if self.store.is_on_disk() { NAP } else { ROUND };
            match self.facts.recv_timeout(nap) {
                Ok(fact) => {
                    if let Fact::Begun { by, .. } = &fact {
                        self.about.begun.clone_from(by);
                    }
                    waiting.extend(self.events(fact));
                    self.write(&mut waiting);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.look_after_store(&mut waiting, true);
        self.write(&mut waiting);
        let lost = self.store.held();
        if lost > 0 {
            tracing::error!(reports = lost, "reports are lost: no disk, and no server");
        }
        self.store.close();
    }

    fn look_after_store(&mut self, waiting: &mut VecDeque<Made>, anyway: bool) {
        let was_on_disk = self.store.is_on_disk();
        match self.store.look_after((self.now)(), anyway) {
            Ok(noticed) => {
                for what in noticed {
                    self.tell(what, waiting);
                }
            }
            Err(error) => self.complain(&error, waiting),
        }
        if !was_on_disk && self.store.is_on_disk() {
            tracing::info!("reports are kept on disk");
            self.reported().fault = None;
            if let Some(uploader) = &self.uploader {
                uploader.nudge();
            }
        }
        let lost = self.reported().lost;
        if lost > 0 && (self.store.is_on_disk() || self.store.held() < CAPACITY / 2) {
            self.reported().lost = 0;
            self.tell(Noticed::ReportsLost { reports: lost }, waiting);
        }
    }

    fn write(&mut self, waiting: &mut VecDeque<Made>) {
        while let Some(made) = waiting.front() {
            match self.store.append(made) {
                Ok(head) => {
                    let (ended, command) = (made.ends(), made.command());
                    waiting.pop_front();
                    let mut reported = self.reported();
                    reported.told.extend(command);
                    reported.made += 1;
                    reported.head = Some((self.store.incarnation(), head));
                    reported.complete |= ended;
                    drop(reported);
                    if let Some(uploader) = &self.uploader {
                        uploader.nudge();
                    }
                }
                Err(error) if self.store.is_on_disk() => {
                    self.store.take_shelter((self.now)());
                    self.begin_anew(waiting);
                    self.complain(&error, waiting);
                }
                Err(error) => {
                    tracing::error!(%error, "a report is lost");
                    let (ended, command) = (made.ends(), made.command());
                    waiting.pop_front();
                    let mut reported = self.reported();
                    // It is counted among the lost ones, and not made again.
                    reported.told.extend(command);
                    reported.lost += 1;
                    reported.complete |= ended;
                }
            }
        }
    }

    /// The disk does not take reports, since now.
    fn complain(&mut self, error: &SpoolError, waiting: &mut VecDeque<Made>) {
        tracing::warn!(%error, "the disk does not take reports; they are held in memory");
        self.reported().fault = Some(error.to_string());
        self.tell(Noticed::StorageDegraded { cause: error.cause() }, waiting);
    }

    /// Another incarnation tells by what the exam began, as each does.
    fn begin_anew(&self, waiting: &mut VecDeque<Made>) {
        let zero = self.reported().zero;
        let is_told = |made: &Made| matches!(made.data, EventData::SessionStarted(_));
        if let Some(zero) = zero.filter(|_| !waiting.iter().any(is_told)) {
            let started = EventData::SessionStarted(self.started(zero));
            waiting.push_front(self.made(self.about.anchor.utc(zero), started));
        }
    }

    /// Reports what was noticed, in the exam; a damage before all else.
    fn tell(&mut self, what: Noticed, waiting: &mut VecDeque<Made>) {
        let (zero, now) = (self.reported().zero, (self.now)());
        match zero {
            Some(zero) => self.tell_in_exam(what, now.since(zero), waiting),
            None => keep_untold(&mut self.untold, what, now),
        }
    }

    /// `since`: how long after the start of the exam it was noticed.
    fn tell_in_exam(&self, what: Noticed, since: Duration, waiting: &mut VecDeque<Made>) {
        let at_ms = MediaTime::ZERO + since;
        let data = EventData::Integrity(Integrity { at_ms, what });
        let made = self.made(self.about.anchor.utc((self.now)()), data);
        match what {
            Noticed::SpoolDamaged { .. } => waiting.push_front(made),
            Noticed::StorageDegraded { .. }
            | Noticed::StorageRestored { .. }
            | Noticed::ReportsLost { .. }
            | Noticed::ClockStepped { .. }
            | Noticed::Suspended { .. } => waiting.push_back(made),
        }
    }

    fn made(&self, time: String, data: EventData) -> Made {
        Made { time: Some(time), clocks: (self.clock)().clocks(), data }
    }

    fn reported(&self) -> std::sync::MutexGuard<'_, Reported> {
        self.reported.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reports that a fact makes, each with the wall clock's time of what it tells.
    fn events(&mut self, fact: Fact) -> VecDeque<Made> {
        let anchor = self.about.anchor.clone();
        let mut events = VecDeque::new();
        let (time, data) = match fact {
            Fact::Begun { at, .. } => {
                let zero = *self.reported().zero.insert(at);
                let started = EventData::SessionStarted(self.started(zero));
                events.push_back(self.made(anchor.utc(at), started));
                // Before the exam there is no session time: nothing lies before its zero.
                for (noticed, what) in std::mem::take(&mut self.untold) {
                    self.tell_in_exam(what, noticed.since(zero), &mut events);
                }
                return events;
            }
            Fact::Noticed(what) => {
                self.tell(what, &mut events);
                return events;
            }
            Fact::Command(report) => (anchor.utc((self.now)()), EventData::Command(report)),
            Fact::EndsBy(by) => {
                self.about.ends_by = Some(by);
                return events;
            }
            Fact::Sampling { at, rate_hz, strain } => {
                self.about.rate_hz = rate_hz;
                let zero = self.reported().zero.unwrap_or_default();
                let at_ms = MediaTime::ZERO + at.since(zero);
                let sampling = Sampling { at_ms, sample_rate_hz: rate_hz, strain };
                (anchor.utc(at), EventData::Sampling(sampling))
            }
            Fact::Change(Change::Opened(interval)) => {
                let (at, report) = self.report(&interval);
                (at, EventData::IntervalOpened(report))
            }
            Fact::Change(Change::Closed(interval)) => {
                let (at, report) = self.report(&interval);
                (at, EventData::IntervalClosed(report))
            }
            // The server alerts by itself, from the opening on.
            Fact::Change(Change::Warned(..) | Change::Alerted(..)) => return events,
            Fact::Ended { at, looked_at, skipped } => {
                let (zero, intervals) = {
                    let reported = self.reported();
                    (reported.zero.unwrap_or_default(), reported.intervals.len() as u64)
                };
                let ended = SessionEnded {
                    duration_ms: MediaTime::ZERO + at.since(zero),
                    intervals,
                    camera: SampledCamera {
                        frames: looked_at + skipped,
                        sampled: looked_at,
                        unusable: 0,
                    },
                    truncated: None,
                    ended_by: self.about.ends_by.clone(),
                };
                (anchor.utc(at), EventData::SessionEnded(ended))
            }
        };
        events.push_back(self.made(time, data));
        events
    }

    fn started(&self, zero: MediaTime) -> SessionStarted {
        let About { label, agent, policy, models, anchor, begun, key, .. } = &self.about;
        SessionStarted {
            label: label.clone(),
            started_at: Some(anchor.utc(zero)),
            agent: agent.clone(),
            sample_rate_hz: policy.sample_rate_hz,
            policy_version: policy.version.clone(),
            policy: serde_json::to_value(policy).unwrap_or_default(),
            models: models.clone(),
            recording_sha256: None,
            consent: begun.consent.clone(),
            start_override: begun.start_override.clone(),
            public_key: key.as_ref().map(|key| key.public().to_string()),
        }
    }

    /// The report of an interval, in session time, and when it was made.
    fn report(&self, interval: &Interval) -> (String, IntervalReport) {
        let anchor = &self.about.anchor;
        let utc = |at: MediaTime| anchor.utc(at);
        let (start_utc, end_utc) = (utc(interval.start_ms), interval.end_ms.map(utc));
        let mut reported = self.reported();
        let zero = reported.zero.unwrap_or_default();
        let in_session = |at: MediaTime| MediaTime::ZERO + at.since(zero);
        let interval = Interval {
            start_ms: in_session(interval.start_ms),
            end_ms: interval.end_ms.map(in_session),
            ..interval.clone()
        };
        reported.intervals.insert(interval.id, interval.clone());
        let at = end_utc.clone().unwrap_or_else(|| anchor.utc((self.now)()));
        let report = IntervalReport {
            interval,
            start_utc: Some(start_utc),
            end_utc,
            sample_rate_hz: self.about.rate_hz,
            policy_version: self.about.policy.version.clone(),
            models: self.about.models.clone(),
        };
        (at, report)
    }
}

/// Keeps what was noticed before the exam; of clocks that are set again and again, a bounded list.
fn keep_untold(untold: &mut Vec<(MediaTime, Noticed)>, what: Noticed, now: MediaTime) {
    if let Noticed::ClockStepped { by_ms: more } = what {
        let steps = untold.iter_mut().filter_map(|(_, what)| match what {
            Noticed::ClockStepped { by_ms } => Some(by_ms),
            Noticed::SpoolDamaged { .. }
            | Noticed::StorageDegraded { .. }
            | Noticed::StorageRestored { .. }
            | Noticed::ReportsLost { .. }
            | Noticed::Suspended { .. } => None,
        });
        if let Some(last) = steps.skip(STEPS - 1).last() {
            *last = last.saturating_add(more);
            return;
        }
    }
    untold.push((now, what));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_again_and_again_before_the_exam_is_told_in_a_bounded_list_and_in_full() {
        let mut untold = Vec::new();
        let restored = Noticed::StorageRestored { waiting: 0 };
        keep_untold(&mut untold, restored, MediaTime::ZERO);
        for second in 1..=100 {
            let step = Noticed::ClockStepped { by_ms: second };
            keep_untold(&mut untold, step, MediaTime::from_millis(second * 1_000));
        }
        assert_eq!((untold.len(), untold[0].1), (1 + STEPS, restored));
        assert_eq!(untold[1].1, Noticed::ClockStepped { by_ms: 1 });
        let told = untold.iter().map(|(_, what)| match what {
            Noticed::ClockStepped { by_ms } => *by_ms,
            Noticed::SpoolDamaged { .. }
            | Noticed::StorageDegraded { .. }
            | Noticed::StorageRestored { .. }
            | Noticed::ReportsLost { .. }
            | Noticed::Suspended { .. } => 0,
        });
        assert_eq!(told.sum::<i64>(), 5_050);
    }
}
