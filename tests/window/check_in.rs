//! Consent, and the camera check.

use super::*;

#[test]
fn the_camera_check_comes_only_after_consent_which_is_recorded() {
    let (mut harness, _puppet, _folder) = window(Phase::CheckIn, Seen::Face);
    harness.get_by_label("Before your exam");
    harness.get_by_label_contains("After 5 seconds");
    harness.get_by_label_contains("exams.example");
    assert!(!is_enabled(&harness, "Continue to the camera check"));
    assert_eq!(harness.state().consent(), None);
    consent(&mut harness);
    harness.get_by_label("Camera check");
    let consent = harness.state().consent().unwrap();
    assert_eq!(consent.language, "en");
    assert!(consent.at.ends_with('Z'), "{}", consent.at);
}

#[test]
fn consent_to_a_text_in_one_language_is_none_to_another() {
    let (mut harness, _puppet, _folder) = window(Phase::CheckIn, Seen::Face);
    click(&mut harness, "I have read this and agree");
    assert!(is_enabled(&harness, "Continue to the camera check"));
    click(&mut harness, "Deutsch");
    assert!(!is_enabled(&harness, "Weiter zur Kameraprüfung"));
}

#[test]
fn the_exam_starts_only_when_the_candidate_is_seen_steadily() {
    let (mut harness, puppet, _folder) = window(Phase::CheckIn, Seen::Nobody);
    consent(&mut harness);
    harness.get_by_label("Nobody is in the picture. Sit down in front of the camera.");
    assert!(!is_enabled(&harness, "Start the exam"));
    puppet.shows(|now| now.seen = Seen::Face);
    harness.run();
    assert!(!is_enabled(&harness, "Start the exam"), "seen for half a second");
    puppet.shows(|now| now.at_ms = at(61_500));
    harness.run();
    harness.get_by_label("All good. Stay like this.");
    harness.get_by_label("Live picture of your camera, mirrored");
    click(&mut harness, "Start the exam");
    let consent = harness.state().consent().cloned();
    assert!(consent.is_some());
    let expected = [Command::Agreed(true), Command::Begin { consent }];
    assert_eq!(*puppet.commands.lock().unwrap(), expected);
}

#[test]
fn reading_the_rules_again_takes_the_consent_back() {
    let (mut harness, puppet, _folder) = window(Phase::CheckIn, Seen::Face);
    consent(&mut harness);
    click(&mut harness, "Read the rules again");
    harness.get_by_label("Before your exam");
    assert_eq!(harness.state().consent(), None);
    let expected = [Command::Agreed(true), Command::Agreed(false)];
    assert_eq!(*puppet.commands.lock().unwrap(), expected);
}

#[test]
fn a_proctor_may_let_the_exam_start_although_nobody_is_seen() {
    let (mut harness, puppet, _folder) = window(Phase::CheckIn, Seen::TooDark);
    consent(&mut harness);
    assert!(!is_enabled(&harness, "Start the exam"));
    puppet.shows(|now| {
        now.start_override = Some(StartOverride {
            command: CommandId(uuid::Uuid::nil()),
            reason: "The lamp is broken".to_owned(),
            at: "2026-05-01T10:00:00Z".to_owned(),
        });
    });
    harness.run();
    harness.get_by_label("The supervisor lets you start.");
    harness.get_by_label_contains("It is too dark.");
    click(&mut harness, "Start the exam");
    let is_begin = |command: &Command| matches!(command, Command::Begin { consent: Some(_) });
    assert!(puppet.commands.lock().unwrap().iter().any(is_begin));
}

#[test]
fn the_candidate_chooses_the_camera_and_the_choice_is_remembered() {
    let (mut harness, puppet, folder) = window(Phase::CheckIn, Seen::Face);
    consent(&mut harness);
    assert!(harness.query_by_label("Camera").is_none(), "there is nothing to choose");
    puppet.shows(|now| two_cameras(now, Fit::StandIn));
    harness.run();
    harness.get_by_label("Camera");
    harness.get_by_label_contains("The camera that you chose last is not connected.");
    click(&mut harness, "OBS (a program, not a device)");
    let chosen = Command::UseCamera(camera_id("OBS"));
    assert_eq!(puppet.commands.lock().unwrap().last(), Some(&chosen));
    let remembered = inview::agent::Preferences::read(folder.path()).camera.unwrap();
    assert_eq!((remembered.id, remembered.name.as_str()), (camera_id("OBS"), "OBS"));
}

#[test]
fn a_camera_that_the_policy_refuses_is_named_and_the_start_waits_for_another() {
    let (mut harness, puppet, _folder) = window(Phase::CheckIn, Seen::Face);
    consent(&mut harness);
    puppet.shows(|now| {
        two_cameras(now, Fit::First);
        (now.at_ms, now.camera_refused) = (at(90_000), true);
        now.health = vec![condition(Code::VirtualCamera)];
    });
    harness.run();
    harness.get_by_label_contains("this exam does not allow that. Choose another camera.");
    harness.get_by_label("The start is possible with another camera.");
    assert!(harness.query_by_label_contains("That is reported.").is_none());
    assert!(!is_enabled(&harness, "Start the exam"));
    puppet.shows(|now| now.camera_refused = false);
    harness.run();
    harness.get_by_label_contains("That is reported.");
    assert!(is_enabled(&harness, "Start the exam"));
}

#[test]
fn a_command_that_is_not_taken_is_told() {
    let (mut harness, puppet, _folder) = window(Phase::CheckIn, Seen::Face);
    consent(&mut harness);
    puppet.shows(|now| now.at_ms = at(90_000));
    *puppet.is_busy.lock().unwrap() = true;
    harness.run();
    click(&mut harness, "Start the exam");
    harness.get_by_label("That did not work just now. Please try again.");
}

#[test]
fn the_keyboard_alone_leads_through_the_check_in_in_reading_order() {
    let (mut harness, puppet, _folder) = window(Phase::CheckIn, Seen::Face);
    let mut order = Vec::new();
    for _ in 0..8 {
        harness.key_press(Key::Tab);
        harness.run();
        let focused = harness.get_all_by(|node| node.is_focused() && node.role() != Role::Window);
        let label = focused.last().and_then(|node| node.accesskit_node().label());
        order.push(label.unwrap_or_default());
        if order.last().is_some_and(|label| label.contains("agree")) {
            break;
        }
    }
    let expected = [
        "English",
        "Deutsch",
        "Español",
        "日本語",
        "Smaller text",
        "Larger text",
        "I have read this and agree",
    ];
    assert_eq!(order, expected);
    harness.key_press(Key::Space);
    harness.run();
    harness.run();
    harness.key_press(Key::Tab);
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    harness.run();
    harness.get_by_label("Camera check");
    puppet.shows(|now| now.at_ms = at(90_000));
    harness.run();
    harness.get_by_label("Start the exam").focus();
    harness.run();
    harness.key_press_modifiers(Modifiers::NONE, Key::Enter);
    harness.run();
    harness.run();
    let begun = puppet.commands.lock().unwrap().pop();
    assert!(matches!(begun, Some(Command::Begin { consent: Some(_) })), "{begun:?}");
}

#[test]
fn the_sound_is_tried_before_the_exam_and_it_is_told_when_there_is_none() {
    let (mut harness, puppet, _folder) = window(Phase::CheckIn, Seen::Face);
    consent(&mut harness);
    assert!(harness.query_by_label_contains("No sound could be played").is_none());
    click(&mut harness, "Play the sound once");
    assert_eq!(*puppet.played.lock().unwrap(), [Sound::Warning]);
    harness.get_by_label_contains("No sound could be played on this computer.");
}
