//! What is said to the proctor, and what the proctor says.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::Control;
use crate::agent::heart::{Beat, Heard, Heart};
use crate::agent::inbox::Inbox;
use crate::agent::pulse::Pulse;
use crate::agent::report::Fact;
use crate::agent::slot::Slot;
use crate::agent::snapshot::Seen;
use crate::agent::watch::Order;
use crate::agent::worker::{Worker, named};
use crate::agent::{Phase, Setup};
use crate::health::{Code, Condition};
use crate::report::{
    ChainHead, CheckAnswer, CommandId, CommandResult, Heartbeat, Kind, MAX_CONDITIONS, Trouble,
};
use crate::time::MediaTime;
use crate::upload::heartbeat::HeartbeatClient;
use crate::upload::{Obstacle, UploadError};

/// How things stand is put into the slot at least this often.
const PUT_EVERY: Duration = Duration::from_secs(1);

/// The line to the proctor.
pub(super) struct Proctor {
    /// What is seen may be told before the exam.
    pub has_agreed: bool,
    pub inbox: Inbox,
    /// What stands in the way of heartbeats.
    pub obstacle: Option<Obstacle>,
    /// Reports were in memory at the last look, for want of a disk.
    had_no_disk: bool,
    pub heard: Receiver<Heard>,
    hearing: Sender<Heard>,
    /// Absent without a server.
    client: Option<Arc<HeartbeatClient>>,
    slot: Arc<Slot<Beat>>,
    heart: Worker<()>,
    /// What was put into the slot last.
    put: Option<Beat>,
}

impl Proctor {
    pub(super) fn new(setup: &Setup, at: MediaTime) -> Result<Self, UploadError> {
        let client = setup.upload.as_ref().map(HeartbeatClient::new).transpose()?;
        let (hearing, heard) = bounded(4);
        Ok(Self {
            has_agreed: !setup.asks_consent,
            inbox: Inbox::open(&setup.folder, setup.session, setup.policy.planned()),
            obstacle: None,
            had_no_disk: false,
            heard,
            hearing,
            client: client.map(Arc::new),
            slot: Arc::default(),
            heart: Worker::idle(at),
            put: None,
        })
    }

    /// Tells the thread to stop. A request in flight is not waited for: nothing is lost with it.
    pub(super) fn stop(&self) {
        self.heart.pulse.stop();
        self.slot.put(Beat { made: MediaTime::ZERO, heartbeat: None });
    }
}

impl Control {
    pub(super) fn look_after_heart(&mut self, now: MediaTime) {
        let Some(client) = &self.proctor.client else { return };
        if self.proctor.heart.has_ended() {
            if let Some(thread) = self.proctor.heart.thread.take()
                && thread.join().is_err()
            {
                tracing::error!("the heartbeat thread failed; it is started again");
            }
            self.proctor.heart.failed(now);
        }
        if !self.proctor.heart.is_due(now) {
            return;
        }
        let pulse = Pulse::new(now);
        let heart = Heart {
            client: Arc::clone(client),
            session: self.setup.session,
            slot: Arc::clone(&self.proctor.slot),
            heard: self.proctor.hearing.clone(),
            pulse: pulse.clone(),
            now: Arc::clone(&self.now),
            anchor: self.anchor.clone(),
        };
        self.proctor.heart.start(now, pulse, named("heartbeat", move || heart.run()));
    }

    /// Puts how things stand where the heartbeat finds it.
    pub(super) fn put_beat(&mut self, now: MediaTime) {
        if self.proctor.client.is_none() {
            return;
        }
        let is_over = self.phase == Phase::Ended && !self.proctor.inbox.has_news();
        let heartbeat = (!is_over).then(|| self.heartbeat(now));
        let is_new = self.proctor.put.as_ref().is_none_or(|put| {
            now.since(put.made) >= PUT_EVERY
                || match (&put.heartbeat, &heartbeat) {
                    (Some(before), Some(after)) => !before.is_as_urgent_as(after),
                    (before, after) => before.is_some() != after.is_some(),
                }
        });
        if is_new {
            let beat = Beat { made: now, heartbeat };
            self.proctor.put = Some(beat.clone());
            self.proctor.slot.put(beat);
        }
    }

    fn heartbeat(&self, now: MediaTime) -> Heartbeat {
        let head = self.reported.lock().unwrap_or_else(PoisonError::into_inner).head;
        let (incarnation, head) = head.unwrap_or((self.incarnation, ChainHead::NONE));
        let sight = self.sight.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let told = self.told_health(now);
        let trouble = |condition: Condition| Trouble {
            code: condition.code.as_str().to_owned(),
            since: self.anchor.utc(condition.since_ms),
        };
        Heartbeat {
            incarnation,
            sent_at: String::new(),
            phase: self.phase,
            seen: if self.may_tell() { self.seen(&sight).0 } else { Seen::NotYet },
            health: told.take(MAX_CONDITIONS).map(trouble).collect(),
            head,
            confirmed: self.proctor.inbox.confirmations(self.phase),
            nonce: None,
        }
    }

    /// What became of a heartbeat, and what came with its answer.
    pub(super) fn heed(&mut self, heard: Heard) {
        let answer = match heard.answer {
            Ok(answer) => answer,
            Err(obstacle) => {
                if self.proctor.obstacle.as_ref() != Some(&obstacle) {
                    tracing::warn!(reason = obstacle.reason, "no heartbeat");
                }
                self.proctor.obstacle = Some(obstacle);
                return;
            }
        };
        self.proctor.obstacle = None;
        self.proctor.inbox.settle(&heard.said, &answer.commands);
        let now = (self.now)();
        let (at, now) = (self.anchor.utc(now), self.session_time(now));
        for command in &answer.commands {
            if let Err(error) = self.proctor.inbox.take(command, (self.phase, now), &at) {
                tracing::warn!(%error, "a command of the proctor is not done");
            }
        }
    }

    /// What is wrong, as far as it is told: whoever gets a heartbeat was reached.
    fn told_health(&self, now: MediaTime) -> impl Iterator<Item = Condition> + use<> {
        let visible = self.health.visible(now).into_iter();
        visible.filter(|condition| condition.code != Code::ServerUnreachable)
    }

    /// Zero before the exam.
    fn session_time(&self, now: MediaTime) -> MediaTime {
        if self.exam.is_some() { MediaTime::ZERO + now.since(self.zero) } else { MediaTime::ZERO }
    }

    /// Commands come to the disk with the reports, where both were in memory; in the exam, what came of them
    /// becomes a report, and its end is done where a proctor asks for it.
    pub(super) fn look_after_commands(&mut self, now: MediaTime) {
        let (has_no_disk, told) = {
            let reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
            (reported.fault.is_some(), reported.told.clone())
        };
        let is_back = std::mem::replace(&mut self.proctor.had_no_disk, has_no_disk) && !has_no_disk;
        let inbox = &mut self.proctor.inbox;
        inbox.look_after(now, is_back);
        inbox.note_told(&told);
        if self.phase != Phase::Exam {
            return;
        }
        let mirrors = inbox.camera_check().is_some();
        let (reports, end) = (inbox.hand_over(), inbox.asks_to_end());
        if self.mirrors != mirrors {
            self.mirrors = mirrors;
            self.order(Order::Mirror(mirrors));
        }
        for report in reports {
            self.fact(Fact::Command(report));
        }
        if let Some(by) = end {
            tracing::info!(command = %by.command, "a proctor ends the exam");
            self.fact(Fact::EndsBy(by.clone()));
            self.ended_by = Some(by);
            self.end(self.setup.flush);
        }
    }

    /// The candidate has looked after the camera: how it stands now is what counts.
    pub(super) fn checked(&mut self, check: CommandId, answer: CheckAnswer) {
        let now = (self.now)();
        let sight = self.sight.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut open: Vec<Kind> = self.open_intervals().iter().map(|open| open.kind).collect();
        open.sort();
        open.dedup();
        let codes = self.told_health(now).map(|condition| condition.code.as_str().to_owned());
        let result = CommandResult::CameraChecked {
            answer,
            seen: if self.may_tell() { self.seen(&sight).0 } else { Seen::NotYet },
            open,
            health: codes.take(MAX_CONDITIONS).collect(),
        };
        let (at, now) = (self.anchor.utc(now), self.session_time(now));
        self.proctor.inbox.note_checked(check, (answer, now, &result), &at);
    }

    /// What is seen may be told.
    fn may_tell(&self) -> bool {
        self.proctor.has_agreed || self.phase != Phase::CheckIn
    }
}
