//! The reporter worker: facts in, reports on disk, and a word to the uploader.
//!
//! A fact that cannot be written waits in memory with all behind it, and is tried again; the agent
//! goes on watching meanwhile.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::source::Now;
use crate::clock::Anchor;
use crate::presence::{Change, Policy};
use crate::report::{
    ChainHead, Consent, EventData, Incarnation, Interval, IntervalId, IntervalReport,
    ModelIdentity, SampledCamera, Sampling, SessionEnded, SessionId, SessionStarted, StartOverride,
    Strain,
};
use crate::spool::{Outbox, SpoolError};
use crate::time::MediaTime;
use crate::trust::signature::SigningKey;
use crate::upload::Nudger;

/// Between two attempts to write what could not be written.
const RETRY: Duration = Duration::from_secs(1);

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
    /// The last report on disk.
    pub head: Option<(Incarnation, ChainHead)>,
    /// Why reports cannot be kept, while that is so.
    pub fault: Option<String>,
    /// The last report is on disk.
    pub complete: bool,
}

/// What all reports of a session have in common.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub session: SessionId,
    pub incarnation: Incarnation,
    pub label: String,
    pub agent: String,
    pub policy: Policy,
    pub models: Vec<ModelIdentity>,
    pub anchor: Anchor,
    /// Frames a second that are looked at now.
    pub rate_hz: f64,
    pub begun: Begun,
    /// Signs them, where there is one.
    pub key: Option<SigningKey>,
}

/// A report that is made: the wall clock's time of what it tells, and what it tells.
type Made = (Option<String>, EventData);

pub(super) struct Reporter {
    pub about: About,
    pub folder: PathBuf,
    pub facts: Receiver<Fact>,
    pub reported: Arc<Mutex<Reported>>,
    pub uploader: Option<Nudger>,
    pub now: Now,
}

impl Reporter {
    /// Runs until nobody can bring facts any more, and all of them are written.
    pub(super) fn run(mut self) {
        let mut outbox = None;
        let mut waiting = VecDeque::new();
        loop {
            match self.facts.recv_timeout(RETRY) {
                Ok(fact) => {
                    if let Fact::Begun { by, .. } = &fact {
                        self.about.begun.clone_from(by);
                    }
                    waiting.extend(self.events(fact));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.write(&mut outbox, &mut waiting);
                    if !waiting.is_empty() {
                        tracing::error!(reports = waiting.len(), "reports are lost: no disk");
                    }
                    return;
                }
            }
            self.write(&mut outbox, &mut waiting);
        }
    }

    fn write(&mut self, outbox: &mut Option<Outbox>, waiting: &mut VecDeque<Made>) {
        if let Err(error) = self.open(outbox, waiting) {
            return self.complain(&error);
        }
        while let (Some(opened), Some((time, data))) = (outbox.as_mut(), waiting.front()) {
            let written = opened.append(time.clone(), data.clone());
            if let Err(error) = &written {
                *outbox = None;
                return self.complain(error);
            }
            let (ended, head) = (matches!(data, EventData::SessionEnded(_)), opened.head());
            waiting.pop_front();
            let mut reported = self.reported();
            reported.made += 1;
            reported.head = Some((self.about.incarnation, head));
            reported.fault = None;
            reported.complete |= ended;
            drop(reported);
            if let Some(uploader) = &self.uploader {
                uploader.nudge();
            }
        }
    }

    fn complain(&self, error: &SpoolError) {
        let mut reported = self.reported();
        if reported.fault.is_none() {
            tracing::warn!(%error, "reports cannot be kept on disk; they wait in memory");
        }
        reported.fault = Some(error.to_string());
    }

    /// Opens the outbox where it is not open. One that was damaged is begun anew, under a new
    /// incarnation: numbers must not be used twice.
    fn open(
        &mut self,
        outbox: &mut Option<Outbox>,
        waiting: &mut VecDeque<Made>,
    ) -> Result<(), SpoolError> {
        if outbox.is_some() || waiting.is_empty() {
            return Ok(());
        }
        let session = self.about.session;
        let mut opened = Outbox::open(&self.folder, session, self.about.incarnation)?;
        if opened.damage().is_some() {
            self.about.incarnation = Incarnation(Uuid::now_v7());
            opened = Outbox::open(&self.folder, session, self.about.incarnation)?;
            let (zero, made) = {
                let reported = self.reported();
                (reported.zero, reported.made)
            };
            if let Some(zero) = zero.filter(|_| made > 0) {
                let at = self.about.anchor.utc(zero);
                waiting.push_front((Some(at), EventData::SessionStarted(self.started(zero))));
            }
        }
        if let Some(key) = &self.about.key {
            opened.sign_by(key.clone())?;
        }
        opened.go_on()?;
        *outbox = Some(opened);
        Ok(())
    }

    fn reported(&self) -> std::sync::MutexGuard<'_, Reported> {
        self.reported.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reports that a fact makes, each with the wall clock's time of what it tells.
    fn events(&mut self, fact: Fact) -> Vec<Made> {
        let anchor = self.about.anchor.clone();
        let mut events = Vec::new();
        match fact {
            Fact::Begun { at, .. } => {
                let zero = *self.reported().zero.insert(at);
                events.push((anchor.utc(at), EventData::SessionStarted(self.started(zero))));
            }
            Fact::Sampling { at, rate_hz, strain } => {
                self.about.rate_hz = rate_hz;
                let zero = self.reported().zero.unwrap_or_default();
                let at_ms = MediaTime::ZERO + at.since(zero);
                let sampling = Sampling { at_ms, sample_rate_hz: rate_hz, strain };
                events.push((anchor.utc(at), EventData::Sampling(sampling)));
            }
            Fact::Change(Change::Opened(interval)) => {
                let (at, report) = self.report(&interval);
                events.push((at, EventData::IntervalOpened(report)));
            }
            Fact::Change(Change::Closed(interval)) => {
                let (at, report) = self.report(&interval);
                events.push((at, EventData::IntervalClosed(report)));
            }
            // The server alerts by itself, from the opening on.
            Fact::Change(Change::Warned(..) | Change::Alerted(..)) => {}
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
                };
                events.push((anchor.utc(at), EventData::SessionEnded(ended)));
            }
        }
        events.into_iter().map(|(at, data)| (Some(at), data)).collect()
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
