//! What a proctor asks for in an exam: that the camera is checked, more time, the end.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use inview::agent::{Agent, Command, Phase, Setup, Snapshot};
use inview::presence::Policy;
use inview::report::{
    CheckAnswer, CommandId, CommandKind, CommandResult, IntervalList, Kind, Outcome, Seen,
    SessionStatus, StoredCommand,
};

use crate::support::wait_until;
use crate::{NOBODY, PRESENT, Server, outcomes, session, setup, start, wait_for};

/// An agent in an exam that is planned for an hour and a half.
fn in_an_exam(server: &Server, own: &Path, script: &'static str) -> Agent {
    let policy = Policy { planned_minutes: Some(90), ..Policy::default() };
    let setup = setup(own, server.upload(&server.agent, own));
    let agent = start(Setup { policy, flush: Duration::from_mins(1), ..setup }, script);
    if agent.snapshot().phase == Phase::CheckIn {
        wait_for(&agent, |now| now.camera.is_some());
        agent.command(Command::Begin { consent: None }).unwrap();
    }
    let is_on = || server.detail().is_some_and(|it| it.summary.status == SessionStatus::Running);
    wait_until(is_on);
    agent
}

fn last_command(server: &Server) -> StoredCommand {
    server.commands().pop().unwrap()
}

fn asked_to_check(agent: &Agent) -> CommandId {
    wait_for(agent, |now| now.camera_check.is_some()).camera_check.unwrap().id
}

#[test]
fn a_proctor_asks_for_the_camera_to_be_checked_and_learns_how_it_stood() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let agent = in_an_exam(&server, own.path(), NOBODY);
    let away = |now: &Snapshot| now.intervals.iter().any(|it| it.end_ms.is_none());
    wait_for(&agent, away);
    assert!(agent.preview().is_none());
    server.give(&CommandKind::CheckCamera);
    let check = asked_to_check(&agent);
    // The candidate sees themselves while they are asked, and only then.
    wait_until(|| agent.preview().is_some());
    agent.command(Command::Shown(check)).unwrap();
    wait_until(|| outcomes(&last_command(&server)) == [Outcome::Shown]);
    let answer = CheckAnswer::Done;
    agent.command(Command::Checked { check, answer }).unwrap();
    wait_until(|| last_command(&server).report.is_some());
    wait_until(|| outcomes(&last_command(&server)) == [Outcome::Shown, Outcome::Done]);
    let report = last_command(&server).report.unwrap();
    let (seen, open, health) = (Seen::Nobody, vec![Kind::OutOfView], Vec::new());
    assert_eq!(report.what, CommandResult::CameraChecked { answer, seen, open, health });
    assert!(report.at_ms.as_millis() > 0);
    wait_until(|| agent.preview().is_none() && agent.snapshot().camera_check.is_none());
    // One that nobody answers ends with the exam.
    server.give(&CommandKind::CheckCamera);
    asked_to_check(&agent);
    agent.command(Command::End { flush: Duration::from_mins(1) }).unwrap();
    wait_for(&agent, |now| now.phase == Phase::Ended);
    let last = last_command(&server);
    assert_eq!((outcomes(&last), last.report), (vec![Outcome::Refused], None));
    assert_eq!(last.outcomes[0].reason.as_deref(), Some("already_ended"));
}

#[test]
fn a_proctor_puts_off_the_end_and_every_life_of_the_agent_knows() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let minutes = |planned: inview::time::MediaTime| planned.as_millis() / 60_000;
    let planned = || server.detail().unwrap().summary.planned_ms.map(minutes);
    let agent = in_an_exam(&server, own.path(), PRESENT);
    wait_until(|| planned() == Some(90));
    for (more, then) in [(15, 105), (30, 135)] {
        server.give(&CommandKind::Extend { minutes: more });
        wait_for(&agent, |now| now.planned_ms.map(minutes) == Some(then));
        wait_until(|| planned() == Some(then) && last_command(&server).report.is_some());
        wait_until(|| outcomes(&last_command(&server)) == [Outcome::Done]);
        let told = last_command(&server).report.unwrap().what;
        let CommandResult::Extended { minutes: by, planned_ms } = told else { panic!("{told:?}") };
        assert_eq!((by, minutes(planned_ms)), (more, then));
    }
    wait_until(|| own.path().join(format!("{}.journal", session())).exists());
    drop(agent);
    let agent = in_an_exam(&server, own.path(), PRESENT);
    let now = wait_for(&agent, |now| now.phase == Phase::Exam);
    assert_eq!((now.planned_ms.map(minutes), now.extensions.len()), (Some(135), 2));
    agent.command(Command::End { flush: Duration::from_mins(1) }).unwrap();
    wait_for(&agent, |now| now.phase == Phase::Ended && now.reports.delivered);
    assert_eq!(planned(), Some(135));
    assert_eq!(server.commands().len(), 2);
}

#[test]
fn a_proctor_ends_the_exam_and_all_that_was_open_is_closed_and_delivered() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let agent = in_an_exam(&server, own.path(), NOBODY);
    wait_for(&agent, |now| now.intervals.iter().any(|it| it.end_ms.is_none()));
    server.give(&CommandKind::End { reason: "Fire alarm".to_owned() });
    let now = wait_for(&agent, |now| now.phase == Phase::Ended);
    assert!(now.reports.delivered);
    assert!(now.intervals.iter().all(|it| it.end_ms.is_some()), "{:?}", now.intervals);
    assert_eq!(now.ended_by.as_ref().map(|by| by.reason.as_str()), Some("Fire alarm"));
    let detail = server.detail().unwrap();
    assert_eq!((detail.summary.status, detail.ended_by), (SessionStatus::Ended, now.ended_by));
    assert_eq!(outcomes(&last_command(&server)), [Outcome::Done]);
    let kept: IntervalList = serde_json::from_slice(&server.get("/intervals").1).unwrap();
    assert!(kept.intervals.iter().all(|it| it.report.interval.end_ms.is_some()));
    drop(agent);
    let left: Vec<_> = std::fs::read_dir(own.path()).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| entry.file_name() == "spool"), "{left:?}");
}

#[test]
fn an_end_that_a_kill_came_before_is_done_by_the_next_life_of_the_agent() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let agent = in_an_exam(&server, own.path(), PRESENT);
    wait_until(|| own.path().join(format!("{}.journal", session())).exists());
    drop(agent);
    // It was written down, and the agent was killed before it did anything.
    server.give(&CommandKind::End { reason: "Fire alarm".to_owned() });
    let id = last_command(&server).id;
    let entry = serde_json::json!([{
        "id": id, "kind": {"kind": "end", "reason": "Fire alarm"},
        "at": "2026-05-01T10:00:00Z", "confirmed": [],
    }]);
    let path = own.path().join(format!("{}.commands", session()));
    std::fs::File::create(path).unwrap().write_all(entry.to_string().as_bytes()).unwrap();
    let policy = Policy { planned_minutes: Some(90), ..Policy::default() };
    let setup = setup(own.path(), server.upload(&server.agent, own.path()));
    let agent = start(Setup { policy, flush: Duration::from_mins(1), ..setup }, PRESENT);
    wait_for(&agent, |now| now.phase == Phase::Ended);
    let detail = server.detail().unwrap();
    assert_eq!(detail.ended_by.map(|by| by.command), Some(id));
    assert_eq!(outcomes(&last_command(&server)), [Outcome::Done]);
    drop(agent);
    // It does not end an exam that is begun anew.
    let agent = in_an_exam(&server, own.path(), PRESENT);
    let begun = agent.snapshot().frames_looked_at;
    wait_for(&agent, |now| now.frames_looked_at > begun + 10);
    assert_eq!(agent.snapshot().phase, Phase::Exam);
}
