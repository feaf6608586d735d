//! Messages, and the leave to start.

use std::time::Duration;

use inview::agent::{Command, Message, Phase};
use inview::report::{CommandKind, Consent, Hash, Outcome, SessionStatus};
use inview::upload;

use crate::support::wait_until;
use crate::{NOBODY, PRESENT, Server, outcomes, session, setup, start, wait_for};

fn message(text: &str) -> CommandKind {
    CommandKind::Message { text: text.to_owned() }
}

#[test]
fn a_message_arrives_once_and_the_proctor_learns_that_it_was_shown_and_read() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let settings = server.upload(&server.agent, own.path());
    let agent = start(setup(own.path(), settings), PRESENT);
    // Known before the exam, and before any report.
    wait_until(|| server.detail().is_some());
    let summary = server.detail().unwrap().summary;
    assert_eq!((summary.status, summary.label.as_str()), (SessionStatus::CheckingIn, ""));
    server.give(&message("Please clear your desk."));
    let now = wait_for(&agent, |now| !now.messages.is_empty());
    let [Message { id, text, shown, read, .. }] = &now.messages[..] else {
        panic!("{:?}", now.messages)
    };
    assert_eq!((text.as_str(), *shown, *read), ("Please clear your desk.", false, false));
    // Nobody has shown it yet, and nobody says so.
    assert_eq!(outcomes(&server.commands()[0]), []);
    agent.command(Command::Shown(*id)).unwrap();
    wait_until(|| outcomes(&server.commands()[0]) == [Outcome::Shown]);
    agent.command(Command::Begin { consent: None }).unwrap();
    wait_until(|| server.detail().unwrap().summary.status == SessionStatus::Running);
    agent.command(Command::Read(*id)).unwrap();
    wait_until(|| outcomes(&server.commands()[0]) == [Outcome::Shown, Outcome::Read]);
    let now = agent.snapshot();
    assert_eq!((now.messages.len(), now.messages[0].read), (1, true));
    agent.command(Command::End { flush: Duration::from_mins(1) }).unwrap();
    wait_for(&agent, |now| now.phase == Phase::Ended);
    assert_eq!(server.detail().unwrap().summary.status, SessionStatus::Ended);
    drop(agent);
    let left: Vec<_> = std::fs::read_dir(own.path()).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| entry.file_name() == "spool"), "{left:?}");
}

#[test]
fn a_message_that_was_read_is_confirmed_by_the_next_life_of_the_agent() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let settings = server.upload(&server.agent, own.path());
    let agent = start(setup(own.path(), settings.clone()), PRESENT);
    wait_until(|| server.detail().is_some());
    server.give(&message("Hello"));
    let id = wait_for(&agent, |now| !now.messages.is_empty()).messages[0].id;
    drop(agent);
    // It was read, and the agent ended before the server knew: nowhere to say it to.
    let nowhere = upload::Settings { server: "https://127.0.0.1:9".to_owned(), ..settings.clone() };
    let agent = start(setup(own.path(), nowhere), PRESENT);
    let again = wait_for(&agent, |now| !now.messages.is_empty());
    assert_eq!((again.messages.len(), again.messages[0].id), (1, id));
    agent.command(Command::Read(id)).unwrap();
    wait_for(&agent, |now| now.messages[0].read);
    drop(agent);
    assert_eq!(outcomes(&server.commands()[0]), []);
    let agent = start(setup(own.path(), settings), PRESENT);
    wait_until(|| outcomes(&server.commands()[0]) == [Outcome::Shown, Outcome::Read]);
    let now = agent.snapshot();
    assert_eq!((now.messages.len(), now.messages[0].read), (1, true));
}

#[test]
fn a_proctor_lets_the_exam_start_and_that_stands_in_its_reports() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let settings = server.upload(&server.agent, own.path());
    let agent = start(setup(own.path(), settings.clone()), NOBODY);
    wait_until(|| server.detail().is_some());
    server.give(&CommandKind::AllowStart { reason: "The lamp is broken".to_owned() });
    let allowed = wait_for(&agent, |now| now.start_override.is_some()).start_override;
    wait_until(|| outcomes(&server.commands()[0]) == [Outcome::Done]);
    let consent = Some(Consent {
        text_sha256: Hash::of(b"text"),
        at: "2026-05-01T10:00:00Z".to_owned(),
        language: "de".to_owned(),
    });
    agent.command(Command::Begin { consent: consent.clone() }).unwrap();
    let is_reported = || server.detail().is_some_and(|detail| !detail.summary.label.is_empty());
    wait_until(is_reported);
    let detail = server.detail().unwrap();
    assert_eq!((&detail.start_override, &detail.consent), (&allowed, &consent));
    // Once it goes on there is nothing to allow.
    server.give(&CommandKind::AllowStart { reason: "Again".to_owned() });
    wait_until(|| outcomes(&server.commands()[1]) == [Outcome::Refused]);
    // The next life of the agent tells the same.
    wait_until(|| own.path().join(format!("{}.journal", session())).exists());
    drop(agent);
    let _agent = start(setup(own.path(), settings), NOBODY);
    wait_until(|| server.detail().unwrap().chains.len() == 2);
    let detail = server.detail().unwrap();
    assert_eq!((detail.start_override, detail.consent), (allowed, consent));
}
