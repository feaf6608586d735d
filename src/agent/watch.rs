//! The detector worker: frames in, facts out. It looks before the exam, too, and reports nothing of
//! that.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError};
use uuid::Uuid;

use super::preview::Preview;
use super::pulse::Pulse;
use super::report::Fact;
use super::slot::Slot;
use super::snapshot::Seen;
use super::source::{Clock, Now};
use crate::clock::Reading;
use crate::detector::{Detector, DetectorError};
use crate::frame::Frame;
use crate::pipeline::Pipeline;
use crate::presence::{Change, Policy};
use crate::report::{ClosedBy, Interval, IntervalId, Kind};
use crate::time::MediaTime;

/// Makes the detector: once at the start, and again after a failure.
pub type MakeDetector =
    Arc<dyn Fn() -> Result<Box<dyn Detector + Send>, DetectorError> + Send + Sync>;

/// It wakes at least this often, to tell the time to the monitor, and not more often than that.
const LONGEST_NAP: Duration = Duration::from_millis(200);
const SHORTEST_NAP: Duration = Duration::from_millis(5);
/// It did not wake for this long: the program did not run, and nothing can be said of that time.
const GAP_FROM: Duration = Duration::from_secs(3);
/// A fact that cannot be handed over for this long is worth a warning.
const SLOW_REPORTER: Duration = Duration::from_secs(1);

/// What the worker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The exam has begun, at this moment; everything from there on is reported.
    Begin(MediaTime),
    /// The exam ends.
    End,
    /// Another camera looks from here on; what was seen through the last one is of no account.
    Afresh,
    /// Whether the candidate sees the picture in the exam.
    Mirror(bool),
}

/// What the worker saw last.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    pub seen: Seen,
    pub since: MediaTime,
    pub looked_at: u64,
    pub skipped: u64,
    /// An open interval has lasted `warn_after`.
    pub warned: Option<IntervalId>,
}

impl Sight {
    pub(super) fn nothing_yet(at: MediaTime) -> Self {
        Self { seen: Seen::NotYet, since: at, looked_at: 0, skipped: 0, warned: None }
    }

    fn saw(&mut self, seen: Seen, at: MediaTime) {
        if self.seen != seen {
            (self.seen, self.since) = (seen, at);
        }
    }
}

pub(super) struct Watch {
    pub slot: Arc<Slot<Frame>>,
    pub sight: Arc<Mutex<Sight>>,
    pub facts: Sender<Fact>,
    pub orders: Receiver<Order>,
    pub pulse: Pulse,
    pub clock: Clock,
    pub now: Now,
    pub make_detector: MakeDetector,
    pub policy: Policy,
    /// The exam is going on already: this worker replaces one that failed.
    pub in_exam: bool,
    /// Where the candidate sees the picture, and whether they do now.
    pub preview: Arc<Mutex<Option<Preview>>>,
    pub mirrors: bool,
    /// Frames of before this moment say nothing of what is watched now.
    pub from: MediaTime,
}

type Eyes = Pipeline<Box<dyn Detector + Send>>;

impl Watch {
    /// Runs until it is told to stop; an error is a detector that cannot look.
    pub(super) fn run(mut self) -> Result<(), DetectorError> {
        let mut eyes = self.eyes()?;
        if self.in_exam {
            eyes.await_frames(self.from);
        }
        let (mut before, mut woken) = ((self.clock)(), (self.now)());
        while !self.pulse.is_stopped() {
            let now = (self.now)();
            self.pulse.beat(now);
            while let Ok(order) = self.orders.try_recv() {
                if matches!(order, Order::Begin(_)) {
                    // What was before the exam is of no account.
                    (before, woken) = ((self.clock)(), now);
                }
                self.obey(order, now, &mut eyes)?;
            }
            let deadline = eyes.deadline().map_or(LONGEST_NAP, |deadline| deadline.since(now));
            let frame = self.slot.take(deadline.clamp(SHORTEST_NAP, LONGEST_NAP));
            let (reading, now) = ((self.clock)(), (self.now)());
            if did_not_run(&before, &reading, woken, now) {
                self.gap(woken, now, &mut eyes)?;
            }
            (before, woken) = (reading, now);
            match frame {
                Some(frame) if frame.pts < self.from => {}
                Some(frame) => self.look(&frame, &mut eyes)?,
                None => {
                    let changes = eyes.tick(now);
                    self.tell(changes);
                }
            }
        }
        Ok(())
    }

    fn eyes(&self) -> Result<Eyes, DetectorError> {
        let detector = (self.make_detector)()?;
        Ok(Pipeline::new(detector, self.policy.clone(), |_| IntervalId(Uuid::now_v7())))
    }

    fn obey(&mut self, order: Order, now: MediaTime, eyes: &mut Eyes) -> Result<(), DetectorError> {
        match order {
            Order::Begin(at) => {
                *eyes = self.eyes()?;
                // Nothing may be said of an exam that nobody can look at but that.
                eyes.await_frames(now);
                (self.in_exam, self.from) = (true, now);
                let mut sight = self.sight.lock().unwrap_or_else(PoisonError::into_inner);
                (sight.looked_at, sight.skipped, sight.warned) = (0, 0, None);
                drop(sight);
                self.mirror(false);
                // The machine may have been sent to sleep before the order was read.
                if now.since(at) >= GAP_FROM {
                    let gap = agent_gap(at, now, ClosedBy::SeenAgain);
                    self.hand_over(Fact::Change(Change::Closed(gap)));
                }
            }
            Order::End => {
                let changes = eyes.finish(now, ClosedBy::SessionEnd);
                self.tell(changes);
                let sight = self.sight.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let (looked_at, skipped) = (sight.looked_at, sight.skipped);
                self.hand_over(Fact::Ended { at: now, looked_at, skipped });
                self.in_exam = false;
            }
            Order::Afresh => {
                *eyes = self.eyes()?;
                self.from = now;
                *self.sight.lock().unwrap_or_else(PoisonError::into_inner) =
                    Sight::nothing_yet(now);
                *self.preview.lock().unwrap_or_else(PoisonError::into_inner) = None;
            }
            Order::Mirror(mirrors) => self.mirror(mirrors),
        }
        Ok(())
    }

    /// From here on the candidate sees the picture, or none is kept.
    fn mirror(&mut self, mirrors: bool) {
        self.mirrors = mirrors;
        if !mirrors {
            *self.preview.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    fn look(&self, frame: &Frame, eyes: &mut Eyes) -> Result<(), DetectorError> {
        let sample = eyes.step(frame)?;
        if self.pulse.is_stopped() {
            // It was given up meanwhile, and what it had open was closed by others.
            return Ok(());
        }
        tracing::trace!(pts_ms = sample.pts.as_millis(), verdict = ?sample.verdict, "looked");
        if self.mirrors {
            let picture = Preview::of(frame, &sample);
            *self.preview.lock().unwrap_or_else(PoisonError::into_inner) = Some(picture);
        }
        {
            let mut sight = self.sight.lock().unwrap_or_else(PoisonError::into_inner);
            sight.saw(sample.verdict.into(), sample.pts);
            sight.looked_at += 1;
            sight.skipped += self.slot.overwritten();
        }
        self.tell(sample.changes);
        Ok(())
    }

    /// Nothing can be said of the time between: what was open ends where it began.
    fn gap(
        &mut self,
        from: MediaTime,
        to: MediaTime,
        eyes: &mut Eyes,
    ) -> Result<(), DetectorError> {
        tracing::warn!(%from, %to, "the agent did not run");
        let changes = eyes.finish(from, ClosedBy::CouldNotLook);
        self.tell(changes);
        *eyes = self.eyes()?;
        eyes.await_frames(to);
        self.from = to;
        if self.in_exam {
            self.hand_over(Fact::Change(Change::Closed(agent_gap(from, to, ClosedBy::SeenAgain))));
        }
        Ok(())
    }

    fn tell(&self, changes: Vec<Change>) {
        for change in changes {
            {
                let mut sight = self.sight.lock().unwrap_or_else(PoisonError::into_inner);
                match &change {
                    Change::Warned(id, _) => sight.warned = Some(*id),
                    Change::Closed(interval) if sight.warned == Some(interval.id) => {
                        sight.warned = None;
                    }
                    Change::Opened(interval) if interval.kind == Kind::CameraLost => {
                        sight.saw(Seen::NoFrames, interval.start_ms);
                    }
                    Change::Opened(_) | Change::Closed(_) | Change::Alerted(..) => {}
                }
            }
            if self.in_exam {
                self.hand_over(Fact::Change(change));
            }
        }
    }

    /// Facts are never dropped: a full channel is waited for.
    fn hand_over(&self, fact: Fact) {
        match self.facts.try_send(fact) {
            Ok(()) => {}
            Err(TrySendError::Full(fact)) => {
                if let Err(error) = self.facts.send_timeout(fact, SLOW_REPORTER) {
                    tracing::warn!("reports are made faster than they can be kept");
                    if self.facts.send(error.into_inner()).is_err() {
                        tracing::error!("a report is lost: nobody takes reports any more");
                    }
                }
            }
            Err(TrySendError::Disconnected(_)) => {
                tracing::error!("a report is lost: nobody takes reports any more");
            }
        }
    }
}

/// Whether the program stood still between two readings: suspended, stopped, or starved.
fn did_not_run(before: &Reading, after: &Reading, woken: MediaTime, now: MediaTime) -> bool {
    after.slept_since(before).is_some() || now.since(woken) >= GAP_FROM
}

/// The time in which no agent ran.
pub(super) fn agent_gap(from: MediaTime, to: MediaTime, by: ClosedBy) -> Interval {
    Interval {
        id: IntervalId(Uuid::now_v7()),
        kind: Kind::AgentGap,
        start_ms: from,
        end_ms: Some(to),
        confidence: 1.0,
        frames_looked_at: 0,
        frames_skipped: 0,
        closed_by: Some(by),
    }
}
