//! What the proctor asked for: each command is done once, also when the agent is killed in between.
//!
//! A command is written to disk before anything is done about it; one that cannot be written is left
//! alone, and comes again with the next answer. What has become of it is said with every heartbeat until
//! an answer comes without it. Messages that were not read are shown again by the next life of the
//! agent, as the same message.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::snapshot::Message;
use crate::report::{
    ALREADY_BEGUN, CommandId, CommandKind, Confirmation, MALFORMED, MAX_CONFIRMATIONS, Outcome,
    Phase, ProctorCommand, SessionId, StartOverride, UNKNOWN,
};

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
}

impl Entry {
    fn is(&self, outcome: Outcome) -> bool {
        self.confirmed.iter().any(|known| known.outcome == outcome)
    }

    fn has_ended(&self) -> bool {
        self.confirmed.iter().any(|known| known.outcome.is_final())
    }
}

/// The commands of one session: a file that is replaced as a whole.
#[derive(Debug)]
pub(super) struct Inbox {
    path: PathBuf,
    entries: Vec<Entry>,
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
        Self { path, entries: entries.unwrap_or_default() }
    }

    /// Takes a command, unless it is known. An error: nothing was done about it.
    pub(super) fn take(
        &mut self,
        command: &ProctorCommand,
        phase: Phase,
        at: &str,
    ) -> io::Result<()> {
        if let Some(known) = self.entries.iter_mut().find(|known| known.id == command.id) {
            // Asked for again: the server has not heard, or has forgotten, what became of it.
            known.is_settled = false;
            return Ok(());
        }
        if self.entries.len() >= KEPT {
            let Some(oldest) = self.entries.iter().position(|entry| entry.is_settled) else {
                return Err(io::Error::other("there are too many commands"));
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
        let entry = Entry { id: command.id, kind, at: at.to_owned(), confirmed, is_settled: false };
        tracing::info!(id = %entry.id, confirmed = ?entry.confirmed, "a command of the proctor");
        self.entries.push(entry);
        self.write().inspect_err(|_| {
            self.entries.pop();
        })
    }

    /// A message was shown, or read. It was, whether that can be written or not.
    pub(super) fn note(&mut self, id: CommandId, outcome: Outcome, at: &str) -> io::Result<()> {
        let is_meant = |entry: &&mut Entry| {
            entry.id == id && entry.kind.as_ref().is_some_and(CommandKind::is_message)
        };
        let Some(entry) = self.entries.iter_mut().find(is_meant) else { return Ok(()) };
        // Who has read it has seen it.
        for outcome in [Outcome::Shown, outcome] {
            if !entry.is(outcome) {
                entry.confirmed.push(Confirmation { id, outcome, at: at.to_owned(), reason: None });
            }
        }
        self.write()
    }

    /// What is to be said with the next heartbeat.
    pub(super) fn confirmations(&self) -> Vec<Confirmation> {
        let unsettled = self.entries.iter().filter(|entry| !entry.is_settled);
        unsettled.flat_map(|entry| entry.confirmed.clone()).take(MAX_CONFIRMATIONS).collect()
    }

    /// An answer has come to a heartbeat that said so much.
    pub(super) fn settle(&mut self, sent: &[Confirmation], answer: &[ProctorCommand]) {
        for entry in &mut self.entries {
            let has_said_its_end =
                sent.iter().any(|said| said.id == entry.id && said.outcome.is_final());
            let is_asked_for = answer.iter().any(|command| command.id == entry.id);
            entry.is_settled |= has_said_its_end && !is_asked_for;
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
                read: entry.is(Outcome::Read),
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
        let said = inbox.confirmations().into_iter();
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
        inbox.note(hello.id, Outcome::Shown, AT).unwrap();
        inbox.settle(&inbox.confirmations(), std::slice::from_ref(&hello));
        // Shown is not the end, and an answer without it (of another heartbeat) does not make it so.
        inbox.settle(&inbox.confirmations(), &[]);
        assert_eq!(outcomes(&inbox), [(1, Outcome::Shown)]);
        assert!(!inbox.has_news());
        inbox.note(hello.id, Outcome::Read, AT).unwrap();
        let sent = inbox.confirmations();
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
            let said = inbox.confirmations().pop().unwrap();
            assert_eq!((said.id, said.reason.as_deref()), (command.id, Some(reason)));
        }
        assert_eq!((inbox.messages(), inbox.start_override()), (vec![], None));
    }

    #[test]
    fn what_cannot_be_written_is_not_done() {
        let folder = tempfile::tempdir().unwrap();
        let mut inbox = inbox(&folder.path().join("gone"));
        assert!(inbox.take(&message(1, "Hello"), Phase::Exam, AT).is_err());
        assert_eq!(inbox.messages(), []);
    }

    #[test]
    fn a_message_that_was_read_counts_as_shown_and_nothing_else_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut inbox = inbox(folder.path());
        inbox.take(&message(1, "Hello"), Phase::Exam, AT).unwrap();
        inbox.take(&allow(2), Phase::CheckIn, AT).unwrap();
        for number in [1, 1, 2, 3] {
            let id = CommandId(uuid::Uuid::from_u128(number));
            inbox.note(id, Outcome::Read, AT).unwrap();
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
        second.settle(&second.confirmations(), &[]);
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
