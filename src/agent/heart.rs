//! The heartbeat worker: says how things stand, and brings what the proctor asks for.
//!
//! `control` puts how things stand into a slot; the newest counts. What is too old is not sent: a
//! heartbeat says that the agent lives, and a thread that sends what a dead one left would lie.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;

use super::pulse::Pulse;
use super::slot::Slot;
use super::source::Now;
use super::worker::random;
use crate::clock::Anchor;
use crate::report::{Confirmation, Heartbeat, HeartbeatAnswer, SessionId};
use crate::time::MediaTime;
use crate::upload::Obstacle;
use crate::upload::heartbeat::HeartbeatClient;
use crate::upload::schedule::Schedule;

/// It looks into the slot at least this often, and not more often than that.
const LONGEST_NAP: Duration = Duration::from_secs(1);
const SHORTEST_NAP: Duration = Duration::from_millis(10);
/// How things stood this long ago says nothing of now.
const STALE: Duration = Duration::from_secs(5);

/// How things stand.
#[derive(Clone, Debug)]
pub(super) struct Beat {
    pub made: MediaTime,
    /// `sent_at` is filled in when it is sent. Absent: there is nothing more to say.
    pub heartbeat: Option<Heartbeat>,
}

/// What became of a heartbeat.
#[derive(Debug)]
pub(super) struct Heard {
    /// What it said of commands.
    pub said: Vec<Confirmation>,
    pub answer: Result<HeartbeatAnswer, Obstacle>,
}

pub(super) struct Heart {
    pub client: Arc<HeartbeatClient>,
    pub session: SessionId,
    pub slot: Arc<Slot<Beat>>,
    pub heard: Sender<Heard>,
    pub pulse: Pulse,
    pub now: Now,
    pub anchor: Anchor,
}

impl Heart {
    /// Runs until it is told to stop.
    pub(super) fn run(self) {
        let mut schedule = Schedule::starting_at((self.now)());
        let mut latest: Option<Beat> = None;
        let mut known: Option<Heartbeat> = None;
        while !self.pulse.is_stopped() {
            let now = (self.now)();
            let is_fresh = latest.as_ref().is_some_and(|beat| now.since(beat.made) < STALE);
            let nap = if is_fresh { schedule.due().since(now) } else { LONGEST_NAP };
            if let Some(beat) = self.slot.take(nap.clamp(SHORTEST_NAP, LONGEST_NAP)) {
                latest = Some(beat);
            }
            let now = (self.now)();
            let Some(beat) = latest.as_ref().filter(|beat| now.since(beat.made) < STALE) else {
                continue;
            };
            let Some(heartbeat) = beat.heartbeat.as_ref() else { continue };
            if known.as_ref().is_some_and(|known| !known.is_as_urgent_as(heartbeat)) {
                schedule.changed();
            }
            if schedule.due() <= now && !self.pulse.is_stopped() {
                let heartbeat = Heartbeat { sent_at: self.anchor.utc(now), ..heartbeat.clone() };
                let answer = self.send(&heartbeat, now, &mut schedule);
                let said = heartbeat.confirmed.clone();
                known = Some(heartbeat);
                // Full: `control` is far behind, and whatever it missed comes again.
                self.heard.try_send(Heard { said, answer }).ok();
            }
        }
    }

    fn send(
        &self,
        heartbeat: &Heartbeat,
        sent: MediaTime,
        schedule: &mut Schedule,
    ) -> Result<HeartbeatAnswer, Obstacle> {
        match self.client.send(self.session, heartbeat) {
            Ok(answer) => {
                schedule.answered(sent, answer.heartbeat_every_ms, random());
                Ok(answer)
            }
            Err((failure, obstacle)) => {
                schedule.failed(sent, (self.now)(), failure, random());
                Err(obstacle)
            }
        }
    }
}
