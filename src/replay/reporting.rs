//! What a replay finds, reported like a live session: first to the spool, then to the server.
//!
//! A replay that was killed and is started again makes the same events under the same numbers, so
//! the spool and the server take each of them once. A replay that was stopped reports what it had
//! found, and neither closes what was open nor ends the session: the next run does.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use super::{End, Origin, Status};
use crate::presence::Change;
use crate::report::{
    EventData, Incarnation, Interval, IntervalReport, SampledCamera, SessionEnded, SessionStarted,
};
use crate::spool::{self, Outbox, SpoolError};
use crate::upload::{Delivery, Settings, UploadError, Uploader};

/// Sends what reporters append; lives as long as the run.
#[derive(Debug)]
pub struct Reporting {
    uploader: Uploader,
    folder: PathBuf,
    timeout: Duration,
}

impl Reporting {
    /// Begins with what an earlier run left in the spool. At the end, `timeout` is how long to
    /// wait for the server.
    pub fn start(settings: Settings, timeout: Duration) -> Result<Self, UploadError> {
        let folder = settings.folder.clone();
        let uploader = Uploader::start(settings)?;
        uploader.nudge();
        Ok(Self { uploader, folder, timeout })
    }

    /// Waits for the server to take everything; `now`: only for the request in flight. What was
    /// delivered leaves the spool.
    pub fn finish(self, now: bool) -> Delivery {
        let timeout = if now { Duration::ZERO } else { self.timeout };
        let delivery = self.uploader.finish(timeout);
        for (session, incarnation) in spool::all(&self.folder) {
            let removed = Outbox::reader(&self.folder, session, incarnation)
                .and_then(Outbox::remove_if_delivered);
            if let Err(error) = removed {
                tracing::warn!(%error, "a delivered session stays in the spool");
            }
        }
        delivery
    }

    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }
}

/// Reports one recording.
#[derive(Debug)]
pub struct Reporter<'a> {
    to: Option<(&'a Reporting, RefCell<Outbox>)>,
    origin: Origin,
    intervals: u64,
    fault: Option<String>,
}

impl<'a> Reporter<'a> {
    /// Opens the session; without `reporting`, reports nothing.
    pub fn new(reporting: Option<&'a Reporting>, origin: &Origin) -> Self {
        let mut reporter = Self { to: None, origin: origin.clone(), intervals: 0, fault: None };
        if let Some(reporting) = reporting {
            let session = origin.session_id;
            match Outbox::open(&reporting.folder, session, Incarnation::of_replay(session)) {
                Ok(outbox) => reporter.to = Some((reporting, RefCell::new(outbox))),
                Err(error) => reporter.fault = Some(error.to_string()),
            }
            reporter.append(EventData::SessionStarted(reporter.started()));
        }
        reporter
    }

    pub fn report(&mut self, change: &Change) {
        match change {
            Change::Opened(interval) => {
                self.intervals += 1;
                self.append(EventData::IntervalOpened(self.interval(interval)));
            }
            Change::Closed(interval) => {
                self.append(EventData::IntervalClosed(self.interval(interval)));
            }
            // The server alerts by its own clock, from the opening on.
            Change::Warned(..) | Change::Alerted(..) => {}
        }
    }

    /// The recording is over.
    pub fn end(&mut self, end: &End, sampled: u64) {
        let tally = &end.tally;
        let truncated = match &end.status {
            Status::Truncated(reason) => Some(reason.clone()),
            Status::Complete | Status::Incomplete => None,
        };
        self.append(EventData::SessionEnded(SessionEnded {
            duration_ms: tally.end,
            intervals: self.intervals,
            camera: SampledCamera { frames: tally.frames, sampled, unusable: tally.unusable },
            truncated,
            ended_by: None,
        }));
    }

    /// What kept reports from the spool, if anything did.
    pub fn finish(self) -> Option<String> {
        self.fault
    }

    fn append(&mut self, data: EventData) {
        let Some((reporting, outbox)) = self.to.as_ref().filter(|_| self.fault.is_none()) else {
            return;
        };
        match outbox.borrow_mut().append(None, data) {
            Ok(_) => reporting.uploader.nudge(),
            Err(error @ SpoolError::Differs { .. }) => {
                self.fault = Some(format!("an earlier run found something else: {error}"));
            }
            Err(error) => self.fault = Some(error.to_string()),
        }
    }

    fn started(&self) -> SessionStarted {
        let origin = &self.origin;
        SessionStarted {
            label: origin.recording.clone(),
            started_at: None,
            agent: concat!("inview-replay ", env!("CARGO_PKG_VERSION")).to_owned(),
            sample_rate_hz: origin.policy.sample_rate_hz,
            policy_version: origin.policy.version.clone(),
            policy: serde_json::to_value(&origin.policy).unwrap_or_default(),
            models: origin.models.clone(),
            recording_sha256: Some(origin.sha256),
            consent: None,
            start_override: None,
            public_key: None,
        }
    }

    fn interval(&self, interval: &Interval) -> IntervalReport {
        IntervalReport {
            interval: interval.clone(),
            start_utc: None,
            end_utc: None,
            sample_rate_hz: self.origin.policy.sample_rate_hz,
            policy_version: self.origin.policy.version.clone(),
            models: self.origin.models.clone(),
        }
    }
}
