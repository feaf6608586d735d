//! What a proctor asks for beside messages: the camera check, more time, the end.

use super::*;

fn id(number: u128) -> CommandId {
    CommandId(uuid::Uuid::from_u128(number))
}

fn check(number: u128) -> CameraCheck {
    CameraCheck { id: id(number), at: "2026-05-01T10:00:00Z".to_owned(), shown: false }
}

#[test]
fn a_camera_check_shows_the_picture_and_what_to_mend_and_takes_an_answer() {
    for (label, answer) in
        [("I have checked it", CheckAnswer::Done), ("I cannot mend it", CheckAnswer::Cannot)]
    {
        let (mut harness, puppet, _folder) = window(Phase::Exam, Seen::TooDark);
        puppet.shows(|now| now.camera_check = Some(check(1)));
        harness.run();
        harness.run();
        harness.get_by_label("The supervisor asks you to check your camera");
        harness.get_by_role_and_label(Role::Image, "Live picture of your camera, mirrored");
        harness.get_by_label("It is too dark. Turn on a light in front of you.");
        let alerts = harness.get_all_by_role(Role::Alert);
        assert!(alerts.into_iter().any(|it| it.accesskit_node().live() == Live::Assertive));
        assert_eq!(*puppet.commands.lock().unwrap(), [Command::Shown(id(1))], "once");
        puppet.shows(|now| now.seen = Seen::Face);
        harness.run();
        harness.get_by_label("You are well in the picture.");
        puppet.commands.lock().unwrap().clear();
        click(&mut harness, label);
        let expected = [Command::Checked { check: id(1), answer }];
        assert_eq!(*puppet.commands.lock().unwrap(), expected);
        puppet.shows(|now| now.camera_check = None);
        harness.run();
        assert!(harness.query_by_label(label).is_none());
    }
}

#[test]
fn a_camera_check_waits_for_consent_and_for_a_message_that_stands_before_it() {
    let (mut harness, puppet, _folder) = window(Phase::CheckIn, Seen::Face);
    puppet.shows(|now| now.camera_check = Some(check(1)));
    harness.run();
    assert!(harness.query_by_label("I have checked it").is_none());
    assert_eq!(*puppet.commands.lock().unwrap(), []);
    consent(&mut harness);
    harness.get_by_label("I have checked it");
    assert!(puppet.commands.lock().unwrap().contains(&Command::Shown(id(1))));
    let message = Message {
        id: id(2),
        text: "Hello".to_owned(),
        at: "2026-05-01T10:00:00Z".to_owned(),
        shown: false,
        read: false,
    };
    puppet.shows(|now| now.messages = vec![message]);
    harness.run();
    harness.get_by_label("Hello");
    assert!(harness.query_by_label("I have checked it").is_none());
    for phase in [Phase::Ending, Phase::Ended] {
        puppet.shows(|now| (now.phase, now.messages) = (phase, Vec::new()));
        harness.run();
        assert!(harness.query_by_label("I have checked it").is_none());
    }
}

#[test]
fn the_small_window_shows_a_camera_check_too() {
    let (mut harness, puppet, _folder) = window(Phase::Exam, Seen::Face);
    click(&mut harness, "Small window on top");
    puppet.shows(|now| now.camera_check = Some(check(1)));
    harness.run();
    click(&mut harness, "I have checked it");
    let checked = Command::Checked { check: id(1), answer: CheckAnswer::Done };
    assert!(puppet.commands.lock().unwrap().contains(&checked));
}

#[test]
fn the_planned_end_is_shown_and_so_is_what_a_proctor_has_added() {
    let (mut harness, puppet, _folder) = window(Phase::Exam, Seen::Face);
    assert!(harness.query_by_label_contains("Planned end").is_none());
    puppet.shows(|now| {
        now.began = Some("2026-05-01T10:00:00Z".to_owned());
        now.planned_ms = Some(at(90_000));
    });
    harness.run();
    harness.get_by_label_contains("in 0:30");
    puppet.shows(|now| {
        now.planned_ms = Some(at(990_000));
        let at = "2026-05-01T10:01:00Z".to_owned();
        now.extensions = vec![Extension { id: id(1), minutes: 15, at }];
    });
    harness.run();
    harness.get_by_label_contains("in 15:30");
    harness.get_by_label("The supervisor has given you 15 minutes more.");
    puppet.shows(|now| now.planned_ms = Some(at(50_000)));
    harness.run();
    harness.get_by_label_contains("0:10 ago");
}

#[test]
fn an_end_by_a_proctor_is_said_plainly_with_its_reason() {
    for phase in [Phase::Ending, Phase::Ended] {
        let (mut harness, puppet, _folder) = window(phase, Seen::Face);
        assert!(harness.query_by_label("The supervisor has ended your exam").is_none());
        let by = EndedBy {
            command: id(1),
            reason: "Fire alarm in the house".to_owned(),
            at: "2026-05-01T10:00:00Z".to_owned(),
        };
        puppet.shows(|now| now.ended_by = Some(by));
        harness.run();
        harness.get_by_label("The supervisor has ended your exam");
        harness.get_by_label("Reason: Fire alarm in the house");
    }
}
