//! What became of commands, across lives of the agent and on disks that fail.

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
    Inbox::open(folder, SessionId::derived(&[]), Some(Duration::from_mins(90)))
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
                inbox.take(&command, (Phase::CheckIn, MediaTime::ZERO), AT).unwrap();
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
    inbox.take(&hello, (Phase::Exam, MediaTime::ZERO), AT).unwrap();
    inbox.note_shown(hello.id, AT);
    inbox.settle(&inbox.confirmations(Phase::Exam), std::slice::from_ref(&hello));
    // Shown is not the end, and an answer without it (of another heartbeat) does not make it so.
    inbox.settle(&inbox.confirmations(Phase::Exam), &[]);
    assert_eq!(outcomes(&inbox), [(1, Outcome::Shown)]);
    assert!(!inbox.has_news());
    inbox.note_read(hello.id, AT);
    let sent = inbox.confirmations(Phase::Exam);
    assert_eq!(outcomes(&inbox), [(1, Outcome::Shown), (1, Outcome::Read)]);
    inbox.settle(&sent, std::slice::from_ref(&hello));
    inbox.settle(&[], &[]);
    assert!(inbox.has_news());
    inbox.settle(&sent, &[]);
    assert_eq!((outcomes(&inbox), inbox.has_news()), (vec![], false));
    // The server was restored from a copy.
    inbox.take(&hello, (Phase::Exam, MediaTime::ZERO), AT).unwrap();
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
        inbox.take(&command, (phase, MediaTime::ZERO), AT).unwrap();
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
        inbox.take(command, (Phase::CheckIn, MediaTime::ZERO), AT).unwrap();
    }
    inbox.note_read(commands[0].id, AT);
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
        inbox.take(&command, (Phase::CheckIn, MediaTime::ZERO), AT).unwrap();
    }
    let said = |inbox: &Inbox, phase| -> Vec<u128> {
        inbox.confirmations(phase).iter().map(|said| said.id.0.as_u128()).collect()
    };
    assert_eq!((said(&inbox, Phase::CheckIn), said(&inbox, Phase::Exam)), (vec![3], vec![2, 3]));
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
        first.take(message, (Phase::Exam, MediaTime::ZERO), AT).unwrap();
    }
    // The first was read, that is nowhere on this disk, and the server knows it.
    let mut next = inbox(folder.path());
    let many = vec![messages[1].clone(); MAX_COMMANDS];
    next.settle(&[], &many);
    let read = |inbox: &Inbox| inbox.messages().iter().map(|it| it.read).collect::<Vec<_>>();
    assert_eq!(read(&next), [false, false], "others may stand before it");
    next.settle(&[], &messages[1..]);
    assert_eq!((read(&next), outcomes(&next), next.has_news()), (vec![true, false], vec![], false));
    // A server that was restored from a copy asks for it again.
    next.take(&messages[0], (Phase::Exam, MediaTime::ZERO), AT).unwrap();
    assert_eq!(read(&next), [false, false]);
}

#[test]
fn a_message_that_was_read_counts_as_shown_and_nothing_else_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut inbox = inbox(folder.path());
    inbox.take(&message(1, "Hello"), (Phase::Exam, MediaTime::ZERO), AT).unwrap();
    inbox.take(&allow(2), (Phase::CheckIn, MediaTime::ZERO), AT).unwrap();
    for number in [1, 1, 2, 3] {
        let id = CommandId(uuid::Uuid::from_u128(number));
        inbox.note_read(id, AT);
    }
    let expected = [(1, Outcome::Shown), (1, Outcome::Read), (2, Outcome::Done)];
    assert_eq!(outcomes(&inbox), expected);
}

#[test]
fn the_file_goes_with_the_session_unless_the_server_lacks_something() {
    let folder = tempfile::tempdir().unwrap();
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let mut first = inbox(folder.path());
    first.take(&allow(1), (Phase::CheckIn, MediaTime::ZERO), AT).unwrap();
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
    inbox(folder.path()).take(&message(1, "Hello"), (Phase::Exam, MediaTime::ZERO), AT).unwrap();
    let path = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), b"[{").unwrap();
    assert_eq!(inbox(folder.path()).messages(), []);
}

fn check(number: u128) -> ProctorCommand {
    command(number, Some(CommandKind::CheckCamera))
}

fn extend(number: u128, minutes: u32) -> ProctorCommand {
    command(number, Some(CommandKind::Extend { minutes }))
}

fn end(number: u128) -> ProctorCommand {
    command(number, Some(CommandKind::End { reason: "Fire alarm".to_owned() }))
}

fn at(millis: i64) -> MediaTime {
    MediaTime::from_millis(millis)
}

fn checked(answer: CheckAnswer) -> CommandResult {
    let (open, health) = (Vec::new(), Vec::new());
    CommandResult::CameraChecked { answer, seen: crate::report::Seen::Face, open, health }
}

fn reasons(inbox: &Inbox) -> Vec<(u128, Option<String>)> {
    let said = inbox.confirmations(Phase::Exam).into_iter();
    said.map(|said| (said.id.0.as_u128(), said.reason)).collect()
}

#[test]
fn what_does_not_fit_how_far_the_exam_has_come_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let without = || Inbox::open(folder.path(), SessionId::derived(&[b"none"]), None);
    for (mut inbox, command, phase, reason) in [
        (inbox(folder.path()), end(1), Phase::CheckIn, NOT_BEGUN),
        (inbox(folder.path()), end(2), Phase::Ending, ALREADY_ENDED),
        (inbox(folder.path()), check(3), Phase::Ended, ALREADY_ENDED),
        (inbox(folder.path()), extend(4, 5), Phase::Ending, ALREADY_ENDED),
        (inbox(folder.path()), extend(5, 481), Phase::Exam, MALFORMED),
        (without(), extend(6, 5), Phase::Exam, NO_PLANNED_END),
    ] {
        inbox.take(&command, (phase, at(0)), AT).unwrap();
        let said = inbox.confirmations(phase).pop().unwrap();
        assert_eq!((said.id, said.reason.as_deref()), (command.id, Some(reason)));
        assert_eq!((inbox.asks_to_end(), inbox.camera_check()), (None, None));
        assert_eq!((inbox.extensions(), inbox.hand_over()), (vec![], vec![]));
    }
}

#[test]
fn each_extension_adds_to_those_before_it_once_in_every_life() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut inbox = inbox(folder.path());
        for command in [extend(1, 15), extend(2, 30), extend(1, 15)] {
            inbox.take(&command, (Phase::Exam, at(60_000)), AT).unwrap();
        }
        assert_eq!(inbox.planned_ms(), Some(at(135 * 60_000)));
        let reports = inbox.hand_over();
        let planned: Vec<_> = reports.iter().map(|it| (it.at_ms, it.what.clone())).collect();
        let extended =
            |minutes, planned| CommandResult::Extended { minutes, planned_ms: at(planned) };
        let expected = [extended(15, 105 * 60_000), extended(30, 135 * 60_000)];
        assert_eq!(planned, expected.map(|what| (at(60_000), what)));
        assert_eq!(inbox.hand_over(), [], "once in a life");
    }
    let mut inbox = inbox(folder.path());
    let told = inbox.hand_over().iter().map(|it| it.command).collect();
    inbox.note_told(&told);
    assert_eq!(self::inbox(folder.path()).hand_over(), [], "they are told");
}

#[test]
fn an_extension_that_is_in_memory_alone_is_said_to_be_done_when_a_kill_does_not_undo_it() {
    let (_folder, gone, mut inbox) = without_a_disk();
    inbox.take(&extend(1, 15), (Phase::Exam, at(0)), AT).unwrap();
    assert_eq!(inbox.planned_ms(), Some(at(105 * 60_000)), "it is done all the same");
    assert_eq!(inbox.confirmations(Phase::Exam), []);
    assert_eq!(inbox.confirmations(Phase::Ending).len(), 1);
    std::fs::create_dir(&gone).unwrap();
    inbox.look_after(MediaTime::ZERO, true);
    assert_eq!(outcomes(&inbox), [(1, Outcome::Done)]);
}

#[test]
fn an_answer_is_good_for_all_checks_that_stand_open_and_is_told_with_how_the_camera_stood() {
    let folder = tempfile::tempdir().unwrap();
    let mut inbox = inbox(folder.path());
    for command in [check(1), check(2)] {
        inbox.take(&command, (Phase::Exam, at(1_000)), AT).unwrap();
    }
    let asked = inbox.camera_check().unwrap();
    assert_eq!((asked.id.0.as_u128(), asked.shown), (2, false));
    inbox.note_shown(asked.id, AT);
    assert!(inbox.camera_check().unwrap().shown);
    let result = checked(CheckAnswer::Cannot);
    inbox.note_checked(asked.id, (CheckAnswer::Cannot, at(9_000), &result), AT);
    assert_eq!(inbox.camera_check(), None);
    let cannot = Some(CANNOT.to_owned());
    assert_eq!(reasons(&inbox), [(1, None), (1, cannot.clone()), (2, None), (2, cannot)]);
    // The next life tells what this one has not.
    let told = self::inbox(folder.path()).hand_over();
    assert!(told.iter().all(|it| it.at_ms == at(9_000) && it.what == result), "{told:?}");
    assert_eq!(told.len(), 2);
    let done = checked(CheckAnswer::Done);
    inbox.note_checked(asked.id, (CheckAnswer::Done, at(9_500), &done), AT);
    assert_eq!(inbox.hand_over(), told, "the first answer stands");
}

#[test]
fn a_check_that_nobody_answered_is_refused_when_the_exam_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut inbox = inbox(folder.path());
    inbox.take(&check(1), (Phase::Exam, at(0)), AT).unwrap();
    inbox.note_over(AT);
    assert_eq!(reasons(&inbox), [(1, Some(ALREADY_ENDED.to_owned()))]);
    assert_eq!((inbox.camera_check(), inbox.hand_over()), (None, vec![]));
}

#[test]
fn the_end_is_asked_for_in_every_life_until_it_is_done_and_never_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = inbox(folder.path());
    first.take(&end(1), (Phase::Exam, at(0)), AT).unwrap();
    assert_eq!((outcomes(&first), first.has_news()), (vec![], false));
    let mut second = inbox(folder.path());
    let by = second.asks_to_end().unwrap();
    assert_eq!((by.command.0.as_u128(), by.reason.as_str()), (1, "Fire alarm"));
    second.note_ended(AT);
    assert_eq!((second.asks_to_end(), second.has_news()), (None, true));
    assert_eq!(outcomes(&inbox(folder.path())), [(1, Outcome::Done)]);
    assert_eq!(inbox(folder.path()).asks_to_end(), None);
}

#[test]
fn what_holds_or_is_not_told_yet_is_never_forgotten_for_want_of_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut inbox = inbox(&folder.path().join("gone"));
    let wait = std::iter::once(extend(1, 15)).chain((2..=KEPT as u128).map(|it| message(it, "x")));
    for command in wait {
        inbox.take(&command, (Phase::Exam, at(0)), AT).unwrap();
    }
    for entry in &mut inbox.entries {
        entry.is_settled = true;
    }
    inbox.take(&message(0, "one more"), (Phase::Exam, at(0)), AT).unwrap();
    assert_eq!((inbox.entries.len(), inbox.extensions().len()), (KEPT, 1));
}
