//! The workers: started, watched, started again.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::bounded;

use super::Control;
use super::camera::REOPEN;
use crate::agent::Phase;
use crate::agent::capture::Capture;
use crate::agent::pulse::Pulse;
use crate::agent::report::{About, Begun, Fact, Reporter};
use crate::agent::source::Time;
use crate::agent::store::Store;
use crate::agent::watch::{Watch, agent_gap};
use crate::agent::worker::named;
use crate::health::Code;
use crate::machine;
use crate::presence::Change;
use crate::report::{ClosedBy, Interval};
use crate::time::MediaTime;
use crate::upload::Uploader;

/// A driver's call that takes longer will not return.
const CAPTURE_STUCK: Duration = Duration::from_secs(6);
/// A capture thread that was told to stop is waited for this long before another camera is opened.
const LET_GO: Duration = Duration::from_secs(1);
/// A look at a frame takes a tenth of a second on a slow machine.
const DETECTOR_STUCK: Duration = Duration::from_secs(10);

impl Control {
    pub(super) fn start_reporter(&mut self) -> std::io::Result<()> {
        let (facts, found) = bounded(64);
        let key = self.setup.upload.as_ref().and_then(|upload| upload.key.clone());
        let reporter = Reporter {
            store: Store::new(
                self.spool(),
                (self.setup.session, self.incarnation),
                key.clone(),
                self.setup.policy.keep_days,
                self.shelter.clone(),
            ),
            about: About {
                label: self.setup.label.clone(),
                agent: self.setup.program.clone(),
                policy: self.setup.policy.clone(),
                models: self.models.clone(),
                anchor: self.anchor.clone(),
                rate_hz: self.setup.policy.sample_rate_hz,
                begun: Begun::default(),
                ends_by: None,
                key,
            },
            facts: found,
            reported: Arc::clone(&self.reported),
            uploader: self.uploader.as_ref().map(Uploader::nudger),
            clock: Arc::clone(&self.world.clock),
            now: Arc::clone(&self.now),
            untold: Vec::new(),
        };
        let thread = named("reporter", move || reporter.run())?;
        (self.facts, self.reporter) = (Some(facts), Some(thread));
        Ok(())
    }

    pub(super) fn look_after_capture(&mut self, now: MediaTime) {
        if self.capture.has_ended() {
            let outcome = self.capture.thread.take().map(JoinHandle::join);
            while let Ok(news) = self.news.1.try_recv() {
                self.hear(news);
            }
            if self.capture.pulse.is_stopped() {
                self.capture.due = Some(now);
            } else if let Some(Err(_)) = outcome {
                self.camera_is(Code::CameraLost, now, "the capture thread failed".to_owned());
                self.capture.failed(now);
            } else if self.capture.due.is_some() {
                self.capture.due = Some(now + REOPEN);
            }
        } else if self.capture.pulse.is_stopped() && self.capture.is_stuck(now, LET_GO) {
            drop(self.capture.thread.take());
            self.capture.due = Some(now);
        } else if self.capture.is_stuck(now, CAPTURE_STUCK + self.setup.policy.sampling_period()) {
            // Given up, and not joined: it may never come back.
            self.capture.pulse.stop();
            drop(self.capture.thread.take());
            let detail = "a call into the driver does not return".to_owned();
            self.camera_is(Code::CaptureStuck, now, detail);
            self.capture.failed(now);
        }
        let is_wanted = matches!(self.phase, Phase::CheckIn | Phase::Exam);
        if is_wanted && self.capture.is_due(now) {
            let pulse = Pulse::new(now);
            let capture = Capture {
                camera: Arc::clone(&self.world.camera),
                slot: Arc::clone(&self.slot),
                news: self.news.0.clone(),
                pulse: pulse.clone(),
                time: Time { clock: Arc::clone(&self.world.clock), now: Arc::clone(&self.now) },
                period: self.period.clone(),
            };
            self.capture.start(now, pulse, named("capture", move || capture.run()));
        }
    }

    pub(super) fn look_after_watch(&mut self, now: MediaTime) {
        let fault = if self.watch.has_ended() {
            match self.watch.thread.take().map(JoinHandle::join) {
                Some(Ok(Err(error))) => Some(error.to_string()),
                Some(Ok(Ok(()))) | None => None,
                Some(Err(_)) => Some("the detector thread failed".to_owned()),
            }
        } else if self.watch.is_stuck(now, DETECTOR_STUCK) {
            self.watch.pulse.stop();
            drop(self.watch.thread.take());
            Some("the detector does not answer".to_owned())
        } else {
            None
        };
        if let Some(fault) = fault {
            tracing::error!(fault, "the detector is started again");
            self.health.raise(Code::DetectorFailed, now, fault);
            self.watch.failed(now);
        }
        if self.watch.is_due(now) {
            self.start_watch(now);
        }
        if self.watch.started.is_some_and(|started| self.watch.pulse.last_beat() > started) {
            self.health.clear(Code::DetectorFailed);
        }
    }

    fn start_watch(&mut self, now: MediaTime) {
        let last = self.watch.pulse.last_beat();
        // An exam whose end the detector has not told yet goes on for it.
        let in_exam = match self.phase {
            Phase::Exam => true,
            Phase::Ending => !self.has_ended(),
            Phase::CheckIn | Phase::Ended => false,
        };
        if in_exam && self.watch.started.is_some() {
            let zero = self.zero.since(MediaTime::ZERO);
            let on_clock =
                |interval: Interval| Interval { start_ms: interval.start_ms + zero, ..interval };
            self.close_all(self.open_intervals().into_iter().map(on_clock).collect(), last);
            self.fact(Fact::Change(Change::Closed(agent_gap(last, now, ClosedBy::AgentRestart))));
        }
        let Some(facts) = self.facts.clone() else { return };
        let pulse = Pulse::new(now);
        let watch = Watch {
            slot: Arc::clone(&self.slot),
            sight: Arc::clone(&self.sight),
            facts,
            orders: self.ordered.clone(),
            pulse: pulse.clone(),
            clock: Arc::clone(&self.world.clock),
            now: Arc::clone(&self.now),
            make_detector: Arc::clone(&self.world.make_detector),
            policy: self.setup.policy.clone(),
            in_exam,
            preview: Arc::clone(&self.preview),
            mirrors: self.phase == Phase::CheckIn || self.mirrors,
            from: now,
        };
        self.watch.start(
            now,
            pulse,
            named("detector", move || {
                // The candidate works on this machine.
                machine::step_back();
                watch.run()
            }),
        );
    }
}
