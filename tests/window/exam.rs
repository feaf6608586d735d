//! The exam, in the full and in the small window.

use super::*;

#[test]
fn the_exam_is_calm_and_tells_what_was_reported() {
    let (mut harness, puppet, _folder) = window(Phase::Exam, Seen::Face);
    harness.get_by_label("You are in view");
    harness.get_by_label("Connected; all reports have arrived");
    harness.get_by_label("Nothing.");
    assert!(harness.query_by_label("Live picture of your camera, mirrored").is_none());
    puppet.shows(|now| {
        now.seen = Seen::Nobody;
        now.intervals = vec![
            interval(Kind::FaceNotVisible, 12_000, Some(15_000)),
            interval(Kind::OutOfView, 57_000, None),
        ];
        now.warning = Some(now.intervals[1].id);
        (now.reports.made, now.reports.acknowledged) = (4, 3);
    });
    harness.run();
    harness.get_by_label("You are not in view");
    harness.get_by_label("You are out of view. Please come back.");
    harness.get_by_label("Out of view, since 0:57");
    harness.get_by_label("Face not visible, from 0:12 to 0:15");
    harness.get_by_label("Sending: 1 report waits");
}

#[test]
fn a_lost_connection_and_a_lost_camera_are_named() {
    let (mut harness, puppet, _folder) = window(Phase::Exam, Seen::NoFrames);
    puppet.shows(|now| {
        now.health = vec![condition(Code::CameraBusy), condition(Code::ServerUnreachable)];
        now.intervals = vec![interval(Kind::CameraLost, 50_000, None)];
        (now.warning, now.reports.made) = (Some(now.intervals[0].id), 2);
    });
    harness.run();
    harness.get_by_label("The camera cannot see you");
    harness.get_by_label_contains("Another program uses the camera.");
    harness.get_by_label("No connection; 2 reports are kept and sent later");
}

#[test]
fn a_warning_is_heard_again_and_again_and_so_is_the_return_unless_the_sound_is_off() {
    let (mut harness, puppet, folder) = window(Phase::Exam, Seen::Face);
    let heard = |harness: &mut Harness<'_, App>, millis, is_warned| {
        let warning = Some(interval(Kind::OutOfView, 60_000, None).id).filter(|_| is_warned);
        puppet.shows(|now| (now.at_ms, now.warning) = (at(millis), warning));
        harness.run();
        std::mem::take(&mut *puppet.played.lock().unwrap())
    };
    assert_eq!(heard(&mut harness, 60_000, false), []);
    assert_eq!(heard(&mut harness, 62_000, true), [Sound::Warning]);
    assert_eq!(heard(&mut harness, 66_000, true), []);
    assert_eq!(heard(&mut harness, 68_100, true), [Sound::Warning]);
    puppet.shows(|now| now.intervals = vec![interval(Kind::OutOfView, 60_000, Some(69_000))]);
    assert_eq!(heard(&mut harness, 69_200, false), [Sound::Back]);
    assert_eq!(heard(&mut harness, 70_000, false), []);
    click(&mut harness, "Play a sound with warnings");
    assert!(inview::agent::Preferences::read(folder.path()).is_muted);
    assert_eq!(heard(&mut harness, 80_000, true), []);
}

#[test]
fn the_exam_ends_only_after_a_question() {
    let (mut harness, puppet, _folder) = window(Phase::Exam, Seen::Face);
    click(&mut harness, "End the exam");
    click(&mut harness, "No, go on");
    assert_eq!(*puppet.commands.lock().unwrap(), []);
    click(&mut harness, "End the exam");
    click(&mut harness, "Yes, end it");
    let flush = Duration::from_secs(30);
    assert_eq!(*puppet.commands.lock().unwrap(), [Command::End { flush }]);
}

#[test]
fn the_small_window_shows_what_matters_and_leads_back() {
    let (mut harness, _puppet, _folder) = window(Phase::Exam, Seen::Face);
    click(&mut harness, "Small window on top");
    harness.get_by_label("You are in view");
    assert!(harness.query_by_label("Exam in progress").is_none());
    click(&mut harness, "Full window");
    harness.get_by_label("Exam in progress");
}

#[test]
fn closing_the_window_in_the_exam_asks_first() {
    let (mut harness, puppet, _folder) = window(Phase::Exam, Seen::Face);
    let close = |harness: &mut Harness<'_, App>| {
        let input = harness.input_mut();
        input.viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
        harness.step();
        let output = &harness.output().viewport_output[&ViewportId::ROOT];
        output.commands.contains(&ViewportCommand::CancelClose)
    };
    assert!(close(&mut harness), "the window would be gone");
    harness.run();
    harness.get_by_label("Close the window?");
    click(&mut harness, "Stay");
    assert!(harness.query_by_label("Close the window?").is_none());
    // The small window gives way to the question.
    click(&mut harness, "Small window on top");
    assert!(close(&mut harness));
    harness.run();
    click(&mut harness, "Close anyway");
    assert!(!close(&mut harness), "it was asked for twice");
    assert_eq!(*puppet.commands.lock().unwrap(), [], "the exam goes on without its window");
    puppet.shows(|now| now.phase = Phase::Ended);
    let (mut harness, _puppet, _folder) = window(Phase::Ended, Seen::Face);
    assert!(!close(&mut harness), "there is nothing to ask any more");
}
