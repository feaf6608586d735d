//! What the proctor asks for, on a disk that takes nothing.

use std::fs;
use std::process::Command as Program;
use std::time::Duration;

use inview::agent::{Agent, Command, Now, Phase, Snapshot, World};
use inview::health::Code;
use inview::report::{CheckAnswer, CommandKind, EventData, Outcome, StoredCommand};

use crate::support::agent::{PRESENT, Webcam, clock_at, frames, shows, wait_for, world};
use crate::support::wait_until;
use crate::{COMING_AND_GOING, Exam, FILLER, begin, end, exam, fill, in_a_place_of_its_own};

fn start(exam: &Exam, script: &'static str) -> Agent {
    let camera = Webcam(|now: &Now| Ok(frames(now)));
    exam.start_in(World { clock: clock_at(4), ..world(camera, script) })
}

fn message(text: &str) -> CommandKind {
    CommandKind::Message { text: text.to_owned() }
}

fn outcomes(command: &StoredCommand) -> Vec<Outcome> {
    command.outcomes.iter().map(|known| known.outcome).collect()
}

fn degraded(now: &Snapshot) -> bool {
    shows(now, Code::StorageDegraded)
}

#[test]
fn on_a_disk_that_is_never_written_to_commands_are_done_once_in_each_life_and_confirmed() {
    let test = "commands::on_a_disk_that_is_never_written_to_commands_are_done_once_in_each_life_and_confirmed";
    let Some(place) = in_a_place_of_its_own(test, "4m") else { return };
    let exam = exam(&place);
    let mounted = Program::new("mount").args(["-o", "remount,ro"]).arg(&place).status().unwrap();
    assert!(mounted.success());
    let agent = start(&exam, PRESENT);
    wait_until(|| exam.server.is_known());
    exam.server.give(&CommandKind::AllowStart { reason: "The lamp is broken".to_owned() });
    exam.server.give(&message("Please clear your desk."));
    let now = wait_for(&agent, |now| now.start_override.is_some() && !now.messages.is_empty());
    let (allowed, id) = (now.start_override, now.messages[0].id);
    agent.command(Command::Read(id)).unwrap();
    wait_until(|| outcomes(&exam.server.commands()[1]) == [Outcome::Shown, Outcome::Read]);
    // A kill would undo the leave, and the server must hand it out again.
    assert_eq!(outcomes(&exam.server.commands()[0]), []);
    assert!(degraded(&agent.snapshot()));
    assert_eq!(agent.snapshot().messages.len(), 1, "the same one comes with every answer");
    drop(agent);
    let agent = start(&exam, PRESENT);
    let now = wait_for(&agent, |now| now.start_override.is_some());
    let of = |now: &Snapshot| now.start_override.as_ref().map(|allowed| allowed.command);
    assert_eq!(of(&now), allowed.map(|allowed| allowed.command));
    assert_eq!(now.messages, [], "it was read, and is not shown again");
    begin(&agent);
    wait_until(|| outcomes(&exam.server.commands()[0]) == [Outcome::Done]);
    assert!(end(&agent).reports.delivered);
    let told = exam.told();
    let EventData::SessionStarted(started) = &told[0] else { panic!("{told:?}") };
    assert_eq!(started.start_override, now.start_override);
}

#[test]
fn a_message_that_comes_to_a_full_disk_is_shown_once_and_is_kept_when_there_is_space() {
    let test = "commands::a_message_that_comes_to_a_full_disk_is_shown_once_and_is_kept_when_there_is_space";
    let Some(place) = in_a_place_of_its_own(test, "4m") else { return };
    let exam = exam(&place);
    // Somebody comes and goes: there is something to report.
    let agent = start(&exam, COMING_AND_GOING);
    begin(&agent);
    let [commands, journal] =
        ["commands", "journal"].map(|kind| place.join(format!("{}.{kind}", exam.session())));
    wait_until(|| journal.exists());
    wait_until(|| {
        fill(&place);
        degraded(&agent.snapshot())
    });
    exam.server.send_message("Please clear your desk.");
    wait_until(|| {
        fill(&place);
        !agent.snapshot().messages.is_empty()
    });
    let id = agent.snapshot().messages[0].id;
    agent.command(Command::Shown(id)).unwrap();
    wait_until(|| outcomes(&exam.server.commands()[0]) == [Outcome::Shown]);
    assert!(degraded(&agent.snapshot()));
    fs::remove_file(place.join(FILLER)).unwrap();
    wait_for(&agent, |now| !degraded(now));
    assert!(commands.exists(), "with the reports");
    drop(agent);
    let agent = start(&exam, PRESENT);
    let now = wait_for(&agent, |now| now.phase == Phase::Exam && !now.messages.is_empty());
    let known: Vec<_> = now.messages.iter().map(|it| (it.id, it.shown, it.read)).collect();
    assert_eq!(known, [(id, true, false)]);
    agent.command(Command::Read(id)).unwrap();
    wait_until(|| outcomes(&exam.server.commands()[0]) == [Outcome::Shown, Outcome::Read]);
    assert!(end(&agent).reports.delivered);
}

#[test]
fn on_a_disk_that_is_never_written_to_the_end_is_put_off_and_done_and_said_when_nothing_undoes_it()
{
    let test = "commands::on_a_disk_that_is_never_written_to_the_end_is_put_off_and_done_and_said_when_nothing_undoes_it";
    let Some(place) = in_a_place_of_its_own(test, "4m") else { return };
    let mut exam = exam(&place);
    exam.setup.policy.planned_minutes = Some(90);
    // As the agent has it: the end waits for the last report.
    exam.setup.flush = Duration::from_mins(1);
    let mounted = Program::new("mount").args(["-o", "remount,ro"]).arg(&place).status().unwrap();
    assert!(mounted.success());
    let agent = start(&exam, PRESENT);
    begin(&agent);
    // By the report the server knows that an end is planned.
    wait_for(&agent, |now| now.reports.acknowledged >= 1);
    exam.server.give(&CommandKind::Extend { minutes: 15 });
    let minutes = |now: &Snapshot| now.planned_ms.map(|planned| planned.as_millis() / 60_000);
    wait_for(&agent, |now| minutes(now) == Some(105));
    // It is reported, and a kill would undo it: the server must hand it out again.
    wait_until(|| exam.server.commands()[0].report.is_some());
    assert_eq!(outcomes(&exam.server.commands()[0]), []);
    exam.server.give(&CommandKind::CheckCamera);
    let check = wait_for(&agent, |now| now.camera_check.is_some()).camera_check.unwrap().id;
    agent.command(Command::Checked { check, answer: CheckAnswer::Done }).unwrap();
    wait_until(|| outcomes(&exam.server.commands()[1]) == [Outcome::Shown, Outcome::Done]);
    exam.server.give(&CommandKind::End { reason: "Fire alarm".to_owned() });
    let now = wait_for(&agent, |now| now.phase == Phase::Ended);
    assert!(now.reports.delivered, "{:?} {:?}", now.reports, now.health);
    assert!(degraded(&now), "{:?}", now.health);
    // The exam is over: there is nothing to undo.
    let is_done = |place: usize| outcomes(&exam.server.commands()[place]) == [Outcome::Done];
    wait_until(|| is_done(0) && is_done(2));
    let told = exam.told();
    let commands = told.iter().filter(|told| matches!(told, EventData::Command(_))).count();
    assert_eq!(commands, 2, "each once: {told:?}");
    let Some(EventData::SessionEnded(ended)) = told.last() else { panic!("{told:?}") };
    assert_eq!(ended.ended_by, now.ended_by);
}
