//! What the proctor asked for: each command is done once, also when the agent is killed in between.
//!
//! A command is written to disk before anything is done about it. What has become of it is said with every
//! heartbeat until an answer comes without it. Messages that were not read are shown again by the next
//! life of the agent, as the same message.
//!
//! Where the disk takes nothing, commands are in memory alone until it does, and are done all the same. An
//! agent that is killed then has forgotten them, and is handed out again what the server knows no end of.
//! So a leave to start is not said to be done before it is on disk, or the exam has begun by it: nobody
//! would hand it out again. Nor is more time before it is on disk, or the exam is over. A message that was
//! read is not shown again by what is left on disk of it, once the server does not ask for it any more.
//!
//! What says something about the exam (how the camera stood when the candidate answered, and by how much the
//! end was put off) is reported, too: it is told again until the report is made, so that a kill between the
//! two loses nothing, and may tell it twice. The end of the exam is done when its last report is safe.

mod entry;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::entry::Entry;
use super::snapshot::{CameraCheck, Extension, Message};
use super::store;
use crate::report::{
    ALREADY_BEGUN, ALREADY_ENDED, CANNOT, CheckAnswer, CommandId, CommandKind, CommandReport,
    CommandResult, Confirmation, EndedBy, MALFORMED, MAX_COMMANDS, MAX_CONFIRMATIONS,
    NO_PLANNED_END, NOT_BEGUN, Outcome, Phase, ProctorCommand, SessionId, StartOverride, UNKNOWN,
};
use crate::time::MediaTime;

/// Commands that are remembered. A server that asks for more has forgotten what was confirmed.
const KEPT: usize = 1_000;

/// There are too many commands: nothing was done about this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are too many commands")]
pub(super) struct TooMany;

/// The file lacks something.
#[derive(Debug)]
struct Behind {
    reason: String,
    /// Before the next attempt, and when that is due.
    wait: Duration,
    due: Option<MediaTime>,
}

/// The commands of one session: a file that is replaced as a whole.
#[derive(Debug)]
pub(super) struct Inbox {
    path: PathBuf,
    /// How long the exam is planned to be, if it is.
    planned: Option<Duration>,
    entries: Vec<Entry>,
    behind: Option<Behind>,
}

impl Inbox {
    /// What an earlier life of the agent knew. A file that cannot be read is none: a message may then
    /// be shown once more.
    pub(super) fn open(folder: &Path, session: SessionId, planned: Option<Duration>) -> Self {
        let path = folder.join(format!("{session}.commands"));
        let entries = std::fs::read(&path).ok().and_then(|bytes| {
            serde_json::from_slice(&bytes)
                .inspect_err(|error| tracing::warn!(%error, "the list of commands is damaged"))
                .ok()
        });
        let mut entries: Vec<Entry> = entries.unwrap_or_default();
        for entry in &mut entries {
            (entry.is_on_disk, entry.is_old) = (true, true);
        }
        Self { path, planned, entries, behind: None }
    }

    /// Takes a command, unless it is known; `now` is session time, zero before the exam.
    pub(super) fn take(
        &mut self,
        command: &ProctorCommand,
        (phase, now): (Phase, MediaTime),
        at: &str,
    ) -> Result<(), TooMany> {
        if let Some(known) = self.entries.iter_mut().find(|known| known.id == command.id) {
            // Asked for again: the server has not heard, or has forgotten, what became of it.
            known.is_settled = false;
            return Ok(());
        }
        if self.entries.len() >= KEPT {
            let may_go = |entry: &Entry| entry.is_settled && !entry.is_in_force();
            let Some(oldest) = self.entries.iter().position(may_go) else {
                return Err(TooMany);
            };
            self.entries.remove(oldest);
        }
        let (kind, outcome) = self.decide(command, phase);
        let confirm = |(outcome, reason): (Outcome, Option<&str>)| Confirmation {
            id: command.id,
            outcome,
            at: at.to_owned(),
            reason: reason.map(str::to_owned),
        };
        let confirmed = outcome.map(confirm).into_iter().collect();
        let (id, at) = (command.id, at.to_owned());
        let result = match kind {
            Some(CommandKind::Extend { minutes }) => {
                let planned = self.planned_ms().unwrap_or_default();
                let planned_ms = planned + Duration::from_mins(minutes.into());
                Some((now, CommandResult::Extended { minutes, planned_ms }))
            }
            Some(
                CommandKind::Message { .. }
                | CommandKind::AllowStart { .. }
                | CommandKind::CheckCamera
                | CommandKind::End { .. },
            )
            | None => None,
        };
        let entry = Entry {
            id,
            kind,
            at,
            confirmed,
            is_settled: false,
            result,
            is_told: false,
            is_handed_over: false,
            is_on_disk: false,
            is_old: false,
        };
        tracing::info!(id = %entry.id, confirmed = ?entry.confirmed, "a command of the proctor");
        self.entries.push(entry);
        self.keep();
        Ok(())
    }

    /// A message or a check of the camera was shown. It was, whether that can be written or not.
    pub(super) fn note_shown(&mut self, id: CommandId, at: &str) {
        let is_meant = |entry: &&mut Entry| entry.id == id && entry.is_shown();
        let Some(entry) = self.entries.iter_mut().find(is_meant) else { return };
        entry.confirm(Outcome::Shown, at, None);
        self.keep();
    }

    /// A message was read.
    pub(super) fn note_read(&mut self, id: CommandId, at: &str) {
        let is_message = |entry: &Entry| entry.kind.as_ref().is_some_and(CommandKind::is_message);
        let is_meant = |entry: &&mut Entry| entry.id == id && is_message(entry);
        let Some(entry) = self.entries.iter_mut().find(is_meant) else { return };
        // Who has read it has seen it.
        entry.confirm(Outcome::Shown, at, None);
        entry.confirm(Outcome::Read, at, None);
        self.keep();
    }

    /// The candidate has answered a check of the camera, and with it all that stand open: they asked for
    /// the same.
    pub(super) fn note_checked(
        &mut self,
        id: CommandId,
        (answer, now, result): (CheckAnswer, MediaTime, &CommandResult),
        at: &str,
    ) {
        if !self.open_checks().any(|entry| entry.id == id) {
            return;
        }
        for entry in &mut self.entries {
            if entry.kind == Some(CommandKind::CheckCamera) && !entry.is_over() {
                entry.confirm(Outcome::Shown, at, None);
                match answer {
                    CheckAnswer::Done => entry.confirm(Outcome::Done, at, None),
                    CheckAnswer::Cannot => entry.confirm(Outcome::Refused, at, Some(CANNOT)),
                }
                entry.result = Some((now, result.clone()));
            }
        }
        self.keep();
    }

    /// The exam is over: what waits for the candidate's answer waits no longer.
    pub(super) fn note_over(&mut self, at: &str) {
        let ids: Vec<CommandId> = self.open_checks().map(|entry| entry.id).collect();
        for entry in self.entries.iter_mut().filter(|entry| ids.contains(&entry.id)) {
            entry.confirm(Outcome::Refused, at, Some(ALREADY_ENDED));
        }
        if !ids.is_empty() {
            self.keep();
        }
    }

    /// The exam was ended, and nothing can undo that.
    pub(super) fn note_ended(&mut self, at: &str) {
        let is_end = |entry: &Entry| matches!(entry.kind, Some(CommandKind::End { .. }));
        let mut is_new = false;
        for entry in self.entries.iter_mut().filter(|entry| is_end(entry) && !entry.is_over()) {
            entry.confirm(Outcome::Done, at, None);
            is_new = true;
        }
        if is_new {
            self.keep();
        }
    }

    fn open_checks(&self) -> impl Iterator<Item = &Entry> {
        let is_open =
            |entry: &&Entry| entry.kind == Some(CommandKind::CheckCamera) && !entry.is_over();
        self.entries.iter().filter(is_open)
    }

    /// The camera check that the candidate is asked for: the latest, since an answer is good for all.
    pub(super) fn camera_check(&self) -> Option<CameraCheck> {
        let latest = self.open_checks().last()?;
        let (id, at) = (latest.id, latest.at.clone());
        Some(CameraCheck { id, at, shown: latest.is(Outcome::Shown) })
    }

    /// That a proctor has asked for the end, and it is not done.
    pub(super) fn asks_to_end(&self) -> Option<EndedBy> {
        let asks = |entry: &Entry| match &entry.kind {
            Some(CommandKind::End { reason }) if !entry.is_over() => {
                Some(EndedBy { command: entry.id, reason: reason.clone(), at: entry.at.clone() })
            }
            Some(
                CommandKind::End { .. }
                | CommandKind::Message { .. }
                | CommandKind::AllowStart { .. }
                | CommandKind::CheckCamera
                | CommandKind::Extend { .. },
            )
            | None => None,
        };
        self.entries.iter().find_map(asks)
    }

    /// By how much the end was put off, in the order in which that was asked for.
    pub(super) fn extensions(&self) -> Vec<Extension> {
        let extension = |entry: &Entry| match entry.kind {
            Some(CommandKind::Extend { minutes }) if !entry.was_refused() => {
                Some(Extension { id: entry.id, minutes, at: entry.at.clone() })
            }
            Some(
                CommandKind::Extend { .. }
                | CommandKind::Message { .. }
                | CommandKind::AllowStart { .. }
                | CommandKind::CheckCamera
                | CommandKind::End { .. },
            )
            | None => None,
        };
        self.entries.iter().filter_map(extension).collect()
    }

    /// The planned end, by session time.
    pub(super) fn planned_ms(&self) -> Option<MediaTime> {
        let more = self.extensions().iter().map(|it| Duration::from_mins(it.minutes.into())).sum();
        self.planned.map(|planned| MediaTime::ZERO + planned.saturating_add(more))
    }

    /// What is to be reported and was not handed over by this life of the agent: it is, now.
    pub(super) fn hand_over(&mut self) -> Vec<CommandReport> {
        let waiting =
            self.entries.iter_mut().filter(|entry| !entry.is_told && !entry.is_handed_over);
        let report = |entry: &mut Entry| {
            let (at_ms, what) = entry.result.clone()?;
            entry.is_handed_over = true;
            Some(CommandReport { command: entry.id, at_ms, what })
        };
        waiting.filter_map(report).collect()
    }

    /// These reports are made.
    pub(super) fn note_told(&mut self, told: &BTreeSet<CommandId>) {
        let mut is_new = false;
        for entry in &mut self.entries {
            if entry.is_handed_over && !entry.is_told && told.contains(&entry.id) {
                (entry.is_told, is_new) = (true, true);
            }
        }
        if is_new {
            self.keep();
        }
    }

    /// Why the file lacks something, while it does.
    pub(super) fn fault(&self) -> Option<&str> {
        self.behind.as_ref().map(|behind| behind.reason.as_str())
    }

    /// Brings the file up to date when that is due; `anyway`: also when it is not.
    pub(super) fn look_after(&mut self, now: MediaTime, anyway: bool) {
        let Some(behind) = &mut self.behind else { return };
        let due = *behind.due.get_or_insert(now + behind.wait);
        if anyway || due <= now {
            self.keep();
        }
    }

    /// Writes the file, or says that it lacks something.
    fn keep(&mut self) {
        match self.write() {
            Ok(()) => {
                for entry in &mut self.entries {
                    entry.is_on_disk = true;
                }
                if self.behind.take().is_some() {
                    tracing::info!("the list of commands is on disk");
                }
            }
            Err(error) => {
                if self.behind.is_none() {
                    tracing::warn!(%error, "the disk does not take the list of commands");
                }
                let doubled = |behind: &Behind| (behind.wait * 2).min(store::LONGEST);
                let wait = self.behind.as_ref().map_or(store::FIRST, doubled);
                self.behind = Some(Behind { reason: error.to_string(), wait, due: None });
            }
        }
    }

    /// What is to be said with the next heartbeat.
    pub(super) fn confirmations(&self, phase: Phase) -> Vec<Confirmation> {
        let is_said = |entry: &&Entry| !entry.is_settled && !entry.may_be_forgotten(phase);
        let said = self.entries.iter().filter(is_said);
        said.flat_map(|entry| entry.confirmed.clone()).take(MAX_CONFIRMATIONS).collect()
    }

    /// An answer has come to a heartbeat that said so much.
    pub(super) fn settle(&mut self, sent: &[Confirmation], answer: &[ProctorCommand]) {
        let has_all = answer.len() < MAX_COMMANDS;
        for entry in &mut self.entries {
            let has_said_its_end =
                sent.iter().any(|said| said.id == entry.id && said.outcome.is_final());
            // The earlier life said it, and could not write down that it did.
            let has_been_said = entry.is_old && !entry.has_ended() && has_all;
            let is_asked_for = answer.iter().any(|command| command.id == entry.id);
            entry.is_settled |= (has_said_its_end || has_been_said) && !is_asked_for;
        }
    }

    /// Something has come to its end, and the server does not know it.
    pub(super) fn has_news(&self) -> bool {
        self.entries.iter().any(|entry| !entry.is_settled && entry.has_ended())
    }

    /// All messages, in the order in which they came.
    pub(super) fn messages(&self) -> Vec<Message> {
        let message = |entry: &Entry| match &entry.kind {
            Some(CommandKind::Message { text }) => Some(Message {
                id: entry.id,
                text: text.clone(),
                at: entry.at.clone(),
                shown: entry.is(Outcome::Shown),
                // The end of a message is that it was read, whichever life of the agent has told it.
                read: entry.is(Outcome::Read) || entry.is_settled,
            }),
            Some(
                CommandKind::AllowStart { .. }
                | CommandKind::CheckCamera
                | CommandKind::Extend { .. }
                | CommandKind::End { .. },
            )
            | None => None,
        };
        self.entries.iter().filter_map(message).collect()
    }

    /// The last leave to start although nobody is seen.
    pub(super) fn start_override(&self) -> Option<StartOverride> {
        let allowed = |entry: &Entry| match &entry.kind {
            Some(CommandKind::AllowStart { reason }) => Some(StartOverride {
                command: entry.id,
                reason: reason.clone(),
                at: entry.at.clone(),
            }),
            Some(
                CommandKind::Message { .. }
                | CommandKind::CheckCamera
                | CommandKind::Extend { .. }
                | CommandKind::End { .. },
            )
            | None => None,
        };
        self.entries.iter().rev().find_map(allowed)
    }

    /// The exam is over: nothing is kept of what the server knows the end of, and nothing that was allowed
    /// or put off is good for another exam.
    pub(super) fn close(&mut self) {
        self.entries.retain(|entry| !entry.is_settled);
        for entry in &mut self.entries {
            entry.kind = entry.kind.take().filter(CommandKind::is_message);
            entry.result = None;
        }
        let is_empty = self.entries.is_empty();
        let closed = if is_empty { std::fs::remove_file(&self.path) } else { self.write() };
        if let Err(error) = closed
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the list of commands stays behind");
        }
    }

    /// On the disk when it returns.
    fn write(&self) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or_else(|| Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, &self.entries)?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        #[cfg(unix)]
        std::fs::File::open(folder)?.sync_all()?;
        Ok(())
    }

    /// What is kept of a command, and what has become of it already; what is shown still has to be.
    fn decide(
        &self,
        command: &ProctorCommand,
        phase: Phase,
    ) -> (Option<CommandKind>, Option<(Outcome, Option<&'static str>)>) {
        let refused = |reason| (None, Some((Outcome::Refused, Some(reason))));
        let is_over = matches!(phase, Phase::Ending | Phase::Ended);
        let Some(kind) = &command.kind else { return refused(UNKNOWN) };
        if kind.fault().is_some() {
            return refused(MALFORMED);
        }
        let fault = match kind {
            CommandKind::Message { .. } => None,
            CommandKind::AllowStart { .. } => (phase != Phase::CheckIn).then_some(ALREADY_BEGUN),
            CommandKind::Extend { .. } if self.planned.is_none() => Some(NO_PLANNED_END),
            CommandKind::End { .. } if phase == Phase::CheckIn => Some(NOT_BEGUN),
            CommandKind::CheckCamera | CommandKind::Extend { .. } | CommandKind::End { .. } => {
                is_over.then_some(ALREADY_ENDED)
            }
        };
        if let Some(fault) = fault {
            return refused(fault);
        }
        let is_done = matches!(kind, CommandKind::AllowStart { .. } | CommandKind::Extend { .. });
        (Some(kind.clone()), is_done.then_some((Outcome::Done, None)))
    }
}

#[cfg(test)]
mod tests;
