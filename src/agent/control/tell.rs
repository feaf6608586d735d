//! How things stand, for the window, the journal and the health: read from the workers, and told.

use std::sync::PoisonError;
use std::time::Duration;

use super::Control;
use crate::agent::Phase;
use crate::agent::journal::Entry;
use crate::agent::snapshot::{Reports, Snapshot};
use crate::health::{Code, Condition};
use crate::report::Interval;
use crate::spool;
use crate::time::MediaTime;
use crate::upload::{ObstacleKind, Uploader};

/// How often the journal says that the agent is alive.
const ALIVE_EVERY: Duration = Duration::from_secs(5);

impl Control {
    pub(super) fn look_at_reports(&mut self, now: MediaTime) {
        let (fault, lost, complete) = {
            let reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
            (reported.fault.clone(), reported.lost, reported.complete)
        };
        let progress = self.uploader.as_ref().map(Uploader::progress).unwrap_or_default();
        let obstacles = [&progress.obstacle, &self.proctor.obstacle].map(Option::as_ref);
        let of = |kind| {
            let mut found = obstacles.iter().flatten().filter(|obstacle| obstacle.kind == kind);
            found.next().map(|obstacle| obstacle.reason.clone())
        };
        let disk = fault.or_else(|| of(ObstacleKind::Disk));
        let disk = disk.or_else(|| self.proctor.inbox.fault().map(str::to_owned));
        let refused = (progress.refused + progress.stopped > 0).then(String::new);
        let lost = (lost > 0).then(|| format!("{lost} reports were not made"));
        self.health.set(Code::StorageDegraded, now, disk);
        self.health.set(Code::SpoolFailed, now, lost);
        self.health.set(Code::ServerRefuses, now, of(ObstacleKind::Refuses).or(refused));
        self.health.set(Code::ServerUnreachable, now, of(ObstacleKind::Unreachable));
        if self.phase == Phase::Ending && complete {
            self.journal.remove();
        }
        if self.ended_by.is_some() && complete && self.shelter.waiting() == 0 {
            // The disk has the last report, or the server: no kill undoes it.
            self.proctor.inbox.note_ended(&self.anchor.utc(now));
        }
        let may_arrive = matches!(self.phase, Phase::Ending | Phase::Ended) && complete;
        if may_arrive && !self.delivered {
            self.delivered = self.uploader.is_some() && self.is_all_delivered();
        }
        if self.phase == Phase::Ending && complete {
            let is_all_said = self.delivered && !self.proctor.inbox.has_news();
            if is_all_said || self.uploader.is_none() || now >= self.flush_until {
                self.phase = Phase::Ended;
            }
        }
    }

    /// Nothing of the session waits, as far as that can be known.
    fn is_all_delivered(&self) -> bool {
        let on_disk = spool::has_unsent(&self.spool(), self.setup.session);
        self.shelter.waiting() == 0 && on_disk.is_ok_and(|waits| !waits)
    }

    pub(super) fn keep_journal(&mut self, now: MediaTime) {
        let Some(exam) = self.exam.clone().filter(|_| self.phase == Phase::Exam) else { return };
        // A worker that is stuck is not alive, whatever this thread does.
        let alive = self.watch.pulse.last_beat().min(now);
        let open = self.open_intervals();
        let is_new = self.journalled.as_ref().is_none_or(|(at, before)| {
            alive.since(*at) >= ALIVE_EVERY || before.len() != open.len()
        });
        if !is_new {
            return;
        }
        let alive_ms = MediaTime::ZERO + alive.since(self.zero);
        let begun = self.begun.clone();
        let entry = Entry { anchor: exam, alive_ms, open: open.clone(), begun };
        if let Err(error) = self.journal.write(&entry) {
            tracing::warn!(%error, "the journal cannot be written");
        }
        self.journalled = Some((alive, open));
    }

    pub(super) fn publish(&mut self, now: MediaTime) {
        let sight = self.sight.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let progress = self.uploader.as_ref().map(Uploader::progress).unwrap_or_default();
        let (seen, since) = self.seen(&sight);
        let in_session =
            |at: MediaTime| MediaTime::from_micros(at.as_micros() - self.zero.as_micros());
        let mut intervals: Vec<Interval> = reported.intervals.into_values().collect();
        intervals.sort_by_key(|interval| (interval.start_ms, interval.kind));
        let in_session_too = |it: Condition| Condition { since_ms: in_session(it.since_ms), ..it };
        let obstacle = progress.obstacle.as_ref().or(self.proctor.obstacle.as_ref());
        let snapshot = Snapshot {
            session: self.setup.session,
            at_ms: in_session(now),
            phase: self.phase,
            began: self.exam.as_ref().map(|exam| exam.utc(MediaTime::ZERO)),
            ended_ms: self.ended.map(in_session),
            seen,
            since_ms: in_session(since),
            warning: sight.warned,
            camera: self.camera.clone(),
            cameras: self.listed.clone(),
            camera_refused: self.refuses_camera(),
            sample_rate_hz: self.pace.rate_hz(),
            frames_looked_at: sight.looked_at,
            frames_skipped: sight.skipped,
            intervals,
            reports: Reports {
                made: reported.made,
                acknowledged: progress.acknowledged,
                in_memory: self.shelter.waiting(),
                delivered: self.delivered,
                obstacle: obstacle.map(|obstacle| obstacle.reason.clone()),
            },
            health: self.health.visible(now).into_iter().map(in_session_too).collect(),
            messages: self.proctor.inbox.messages(),
            start_override: self.proctor.inbox.start_override(),
            camera_check: self.proctor.inbox.camera_check(),
            planned_ms: self.proctor.inbox.planned_ms(),
            extensions: self.proctor.inbox.extensions(),
            ended_by: self.ended_by.clone(),
        };
        let shown =
            self.preview.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|it| it.seq);
        let mut kept = self.snapshot.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = shown != self.shown || !kept.says_the_same_as(&snapshot);
        *kept = snapshot;
        drop(kept);
        self.shown = shown;
        if is_news {
            (self.world.waker)();
        }
    }
}
