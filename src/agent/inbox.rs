//! What the proctor asked for: each command is done once, also when the agent is killed in between.
//!
//! A command is written to disk before anything is done about it. What has become of it is said with every
//! heartbeat until an answer comes without it. Messages that were not read are shown again by the next
//! life of the agent, as the same message.
//!
//! Where the disk takes nothing, commands are in memory alone until it does, and are done all the same. An
//! agent that is killed then has forgotten them, and is handed out again what the server knows no end of.
//! So a leave to start is not said to be done before it is on disk, or the exam has begun by it: nobody
//! would hand it out again. A message that was read is not shown again by what is left on disk of it, once
//! the server does not ask for it any more.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::snapshot::Message;
use super::store;
use crate::report::{
    ALREADY_BEGUN, CommandId, CommandKind, Confirmation, MALFORMED, MAX_COMMANDS,
    MAX_CONFIRMATIONS, Outcome, Phase, ProctorCommand, SessionId, StartOverride, UNKNOWN,
};
use crate::time::MediaTime;

/// Commands that are remembered. A server that asks for more has forgotten what was confirmed.
const KEPT: usize = 1_000;

/// One command, and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    id: CommandId,
    /// Absent: it was refused.
    kind: Option<CommandKind>,
    /// When it came, by the wall clock: RFC 3339, UTC.
    at: String,
    confirmed: Vec<Confirmation>,
    /// The server knows its end.
    #[serde(default)]
    is_settled: bool,
    /// The file has it, with its kind.
    #[serde(skip)]
    is_on_disk: bool,
    /// It came to an earlier life of the agent.
    #[serde(skip)]
    is_old: bool,
}

impl Entry {
    fn is(&self, outcome: Outcome) -> bool {
        self.confirmed.iter().any(|known| known.outcome == outcome)
    }

    fn has_ended(&self) -> bool {
        self.confirmed.iter().any(|known| known.outcome.is_final())
    }

    /// A kill would undo what was done, and a server that was told of it would not ask again.
    fn may_be_forgotten(&self, phase: Phase) -> bool {
        phase == Phase::CheckIn
            && !self.is_on_disk
            && self.kind.as_ref().is_some_and(|kind| !kind.is_message())
    }
}

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
    entries: Vec<Entry>,
    behind: Option<Behind>,
}

impl Inbox {
    /// What an earlier life of the agent knew. A file that cannot be read is none: a message may then
    /// be shown once more.
    pub(super) fn open(folder: &Path, session: SessionId) -> Self {
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
        Self { path, entries, behind: None }
    }

    /// Takes a command, unless it is known.
    pub(super) fn take(
        &mut self,
        command: &ProctorCommand,
        phase: Phase,
        at: &str,
    ) -> Result<(), TooMany> {
        if let Some(known) = self.entries.iter_mut().find(|known| known.id == command.id) {
            // Asked for again: the server has not heard, or has forgotten, what became of it.
            known.is_settled = false;
            return Ok(());
        }
        if self.entries.len() >= KEPT {
            let Some(oldest) = self.entries.iter().position(|entry| entry.is_settled) else {
                return Err(TooMany);
            };
            self.entries.remove(oldest);
        }
        let (kind, outcome) = decide(command, phase);
        let confirm = |(outcome, reason): (Outcome, Option<&str>)| Confirmation {
            id: command.id,
            outcome,
            at: at.to_owned(),
            reason: reason.map(str::to_owned),
        };
        let confirmed = outcome.map(confirm).into_iter().collect();
        let (id, at) = (command.id, at.to_owned());
        let (is_settled, is_on_disk, is_old) = (false, false, false);
        let entry = Entry { id, kind, at, confirmed, is_settled, is_on_disk, is_old };
        tracing::info!(id = %entry.id, confirmed = ?entry.confirmed, "a command of the proctor");
        self.entries.push(entry);
        self.keep();
        Ok(())
    }

    /// A message was shown, or read. It was, whether that can be written or not.
    pub(super) fn note(&mut self, id: CommandId, outcome: Outcome, at: &str) {
        let is_meant = |entry: &&mut Entry| {
            entry.id == id && entry.kind.as_ref().is_some_and(CommandKind::is_message)
        };
        let Some(entry) = self.entries.iter_mut().find(is_meant) else { return };
        // Who has read it has seen it.
        for outcome in [Outcome::Shown, outcome] {
            if !entry.is(outcome) {
                entry.confirmed.push(Confirmation { id, outcome, at: at.to_owned(), reason: None });
            }
        }
        self.keep();
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
            Some(CommandKind::AllowStart { .. }) | None => None,
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
            Some(CommandKind::Message { .. }) | None => None,
        };
        self.entries.iter().rev().find_map(allowed)
    }

    /// The exam is over: nothing is kept of what the server knows the end of, and no leave to start is
    /// good for another exam.
    pub(super) fn close(&mut self) {
        self.entries.retain(|entry| !entry.is_settled);
        for entry in &mut self.entries {
            entry.kind = entry.kind.take().filter(CommandKind::is_message);
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
}

/// What is kept of a command, and what has become of it already; a message still has to be shown.
fn decide(
    command: &ProctorCommand,
    phase: Phase,
) -> (Option<CommandKind>, Option<(Outcome, Option<&'static str>)>) {
    let refused = |reason| (None, Some((Outcome::Refused, Some(reason))));
    match &command.kind {
        None => refused(UNKNOWN),
        Some(kind) if kind.fault().is_some() => refused(MALFORMED),
        Some(CommandKind::AllowStart { .. }) if phase != Phase::CheckIn => refused(ALREADY_BEGUN),
        Some(kind @ CommandKind::AllowStart { .. }) => {
            (Some(kind.clone()), Some((Outcome::Done, None)))
        }
        Some(kind @ CommandKind::Message { .. }) => (Some(kind.clone()), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-05-01T10:00:00Z";

    fn command(number: u128, kind: Option<CommandKind>) -> ProctorCommand {
        ProctorCommand { id: CommandId(uuid::Uuid::from_u128(number)), kind }
    }

    fn message(number: u128, text: &str) -> ProctorCommand {
        command(number, Some(CommandKind::Message { text: text.to_owned() }))
    }

    fn allow(number: u128) -> ProctorCommand {
        command(number, Some(CommandKind::AllowStart { reason: "No light".to_owned() }))
    }

    fn inbox(folder: &Path) -> Inbox {
        Inbox::open(folder, SessionId::derived(&[]))
    }

    fn outcomes(inbox: &Inbox) -> Vec<(u128, Outcome)> {
        let said = inbox.confirmations(Phase::Exam).into_iter();
        said.map(|said| (said.id.0.as_u128(), said.outcome)).collect()
    }

    #[test]
    fn a_command_is_done_once_however_often_it_comes_and_whoever_lives() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let mut inbox = inbox(folder.path());
            for _ in 0..2 {
                for command in [message(1, "Hello"), allow(2), command(3, None)] {
                    inbox.take(&command, Phase::CheckIn, AT).unwrap();
                }
            }
            assert_eq!(inbox.messages().len(), 1);
            assert_eq!(inbox.start_override().unwrap().reason, "No light");
            assert_eq!(outcomes(&inbox), [(2, Outcome::Done), (3, Outcome::Refused)]);
        }
    }

    #[test]
    fn what_became_of_it_is_said_until_an_answer_comes_without_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut inbox = inbox(folder.path());
        let hello = message(1, "Hello");
        inbox.take(&hello, Phase::Exam, AT).unwrap();
        inbox.note(hello.id, Outcome::Shown, AT);
        inbox.settle(&inbox.confirmations(Phase::Exam), std::slice::from_ref(&hello));
        // Shown is not the end, and an answer without it (of another heartbeat) does not make it so.
        inbox.settle(&inbox.confirmations(Phase::Exam), &[]);
        assert_eq!(outcomes(&inbox), [(1, Outcome::Shown)]);
        assert!(!inbox.has_news());
        inbox.note(hello.id, Outcome::Read, AT);
        let sent = inbox.confirmations(Phase::Exam);
        assert_eq!(outcomes(&inbox), [(1, Outcome::Shown), (1, Outcome::Read)]);
        inbox.settle(&sent, std::slice::from_ref(&hello));
        inbox.settle(&[], &[]);
        assert!(inbox.has_news());
        inbox.settle(&sent, &[]);
        assert_eq!((outcomes(&inbox), inbox.has_news()), (vec![], false));
        // The server was restored from a copy.
        inbox.take(&hello, Phase::Exam, AT).unwrap();
        assert_eq!(outcomes(&inbox).len(), 2);
        assert_eq!(inbox.messages().len(), 1);
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let mut inbox = inbox(folder.path());
        for (command, phase, reason) in [
            (command(1, None), Phase::Exam, UNKNOWN),
            (message(2, " "), Phase::Exam, MALFORMED),
            (message(3, &"a".repeat(501)), Phase::Exam, MALFORMED),
            (allow(4), Phase::Exam, ALREADY_BEGUN),
        ] {
            inbox.take(&command, phase, AT).unwrap();
            let said = inbox.confirmations(Phase::Exam).pop().unwrap();
            assert_eq!((said.id, said.reason.as_deref()), (command.id, Some(reason)));
        }
        assert_eq!((inbox.messages(), inbox.start_override()), (vec![], None));
    }

    /// The disk takes nothing until the folder is made.
    fn without_a_disk() -> (tempfile::TempDir, PathBuf, Inbox) {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let inbox = inbox(&gone);
        (folder, gone, inbox)
    }

    #[test]
    fn what_cannot_be_written_is_done_once_and_is_on_disk_as_soon_as_that_takes_it() {
        let (_folder, gone, mut inbox) = without_a_disk();
        let commands = [message(1, "Hello"), allow(2), command(3, None)];
        for command in commands.iter().chain(&commands) {
            inbox.take(command, Phase::CheckIn, AT).unwrap();
        }
        inbox.note(commands[0].id, Outcome::Read, AT);
        assert_eq!((inbox.messages().len(), inbox.start_override().is_some()), (1, true));
        assert!(inbox.fault().is_some());
        let due = MediaTime::ZERO + store::LONGEST;
        inbox.look_after(MediaTime::ZERO, false);
        inbox.look_after(due, false);
        assert!(inbox.fault().is_some());
        std::fs::create_dir(&gone).unwrap();
        inbox.look_after(due, false);
        assert!(inbox.fault().is_some(), "it is not due yet");
        inbox.look_after(due + store::LONGEST, false);
        assert_eq!(inbox.fault(), None);
        let next = self::inbox(&gone);
        assert_eq!(next.messages(), inbox.messages());
        assert_eq!(next.start_override(), inbox.start_override());
        assert_eq!(outcomes(&next), outcomes(&inbox));
    }

    #[test]
    fn a_leave_that_is_in_memory_alone_is_said_to_be_done_when_a_kill_does_not_undo_it() {
        let (_folder, gone, mut inbox) = without_a_disk();
        for command in [message(1, "Hello"), allow(2), command(3, None)] {
            inbox.take(&command, Phase::CheckIn, AT).unwrap();
        }
        let said = |inbox: &Inbox, phase| -> Vec<u128> {
            inbox.confirmations(phase).iter().map(|said| said.id.0.as_u128()).collect()
        };
        assert_eq!(
            (said(&inbox, Phase::CheckIn), said(&inbox, Phase::Exam)),
            (vec![3], vec![2, 3])
        );
        std::fs::create_dir(&gone).unwrap();
        inbox.look_after(MediaTime::ZERO, true);
        assert_eq!(said(&inbox, Phase::CheckIn), [2, 3]);
    }

    #[test]
    fn a_message_that_was_read_without_a_disk_is_not_shown_by_the_next_life_once_nobody_asks() {
        let folder = tempfile::tempdir().unwrap();
        let messages: Vec<_> = (1..=2).map(|number| message(number, "Hello")).collect();
        let mut first = inbox(folder.path());
        for message in &messages {
            first.take(message, Phase::Exam, AT).unwrap();
        }
        // The first was read, that is nowhere on this disk, and the server knows it.
        let mut next = inbox(folder.path());
        let many = vec![messages[1].clone(); MAX_COMMANDS];
        next.settle(&[], &many);
        let read = |inbox: &Inbox| inbox.messages().iter().map(|it| it.read).collect::<Vec<_>>();
        assert_eq!(read(&next), [false, false], "others may stand before it");
        next.settle(&[], &messages[1..]);
        assert_eq!(
            (read(&next), outcomes(&next), next.has_news()),
            (vec![true, false], vec![], false)
        );
        // A server that was restored from a copy asks for it again.
        next.take(&messages[0], Phase::Exam, AT).unwrap();
        assert_eq!(read(&next), [false, false]);
    }

    #[test]
    fn a_message_that_was_read_counts_as_shown_and_nothing_else_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut inbox = inbox(folder.path());
        inbox.take(&message(1, "Hello"), Phase::Exam, AT).unwrap();
        inbox.take(&allow(2), Phase::CheckIn, AT).unwrap();
        for number in [1, 1, 2, 3] {
            let id = CommandId(uuid::Uuid::from_u128(number));
            inbox.note(id, Outcome::Read, AT);
        }
        let expected = [(1, Outcome::Shown), (1, Outcome::Read), (2, Outcome::Done)];
        assert_eq!(outcomes(&inbox), expected);
    }

    #[test]
    fn the_file_goes_with_the_session_unless_the_server_lacks_something() {
        let folder = tempfile::tempdir().unwrap();
        let files = || std::fs::read_dir(folder.path()).unwrap().count();
        let mut first = inbox(folder.path());
        first.take(&allow(1), Phase::CheckIn, AT).unwrap();
        assert!(first.start_override().is_some());
        first.close();
        assert_eq!(files(), 1);
        let mut second = inbox(folder.path());
        assert_eq!(second.start_override(), None);
        assert_eq!(outcomes(&second), [(1, Outcome::Done)]);
        second.settle(&second.confirmations(Phase::CheckIn), &[]);
        second.close();
        assert_eq!(files(), 0);
        inbox(folder.path()).close();
    }

    #[test]
    fn damage_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        inbox(folder.path()).take(&message(1, "Hello"), Phase::Exam, AT).unwrap();
        let path = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), b"[{").unwrap();
        assert_eq!(inbox(folder.path()).messages(), []);
    }
}
