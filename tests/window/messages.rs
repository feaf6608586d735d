//! Messages of the proctor.

use super::*;

fn message(number: u128, text: &str) -> Message {
    Message {
        id: CommandId(uuid::Uuid::from_u128(number)),
        text: text.to_owned(),
        at: "2026-05-01T10:00:00Z".to_owned(),
        shown: false,
        read: false,
    }
}

#[test]
fn a_message_stands_above_every_screen_until_it_is_read() {
    for phase in [Phase::CheckIn, Phase::Exam, Phase::Ending, Phase::Ended] {
        let (mut harness, puppet, _folder) = window(phase, Seen::Face);
        let texts = ["Please clear your desk.", "Thank you!"];
        puppet.shows(|now| now.messages = vec![message(1, texts[0]), message(2, texts[1])]);
        harness.run();
        harness.get_by_label(texts[0]);
        harness.get_by_label_contains("1 more waits");
        assert!(harness.query_by_label(texts[1]).is_none());
        let said = format!("Message from the supervisor: {}", texts[0]);
        let alert = harness.get_by_role_and_label(Role::Alert, &said);
        assert_eq!(alert.accesskit_node().live(), Live::Assertive);
        let [first, second] = [1, 2].map(|number| CommandId(uuid::Uuid::from_u128(number)));
        // It was drawn: that is said once.
        assert_eq!(*puppet.commands.lock().unwrap(), [Command::Shown(first)]);
        puppet.shows(|now| now.messages[0].shown = true);
        harness.run();
        puppet.commands.lock().unwrap().clear();
        click(&mut harness, "I have read this");
        assert_eq!(*puppet.commands.lock().unwrap(), [Command::Read(first)], "{phase:?}");
        puppet.shows(|now| now.messages[0].read = true);
        harness.run();
        harness.run();
        harness.get_by_label(texts[1]);
        assert!(puppet.commands.lock().unwrap().contains(&Command::Shown(second)));
        puppet.shows(|now| now.messages[1].read = true);
        harness.run();
        assert!(harness.query_by_label("I have read this").is_none());
    }
}

#[test]
fn the_small_window_shows_a_message_too() {
    let (mut harness, puppet, _folder) = window(Phase::Exam, Seen::Face);
    click(&mut harness, "Small window on top");
    puppet.shows(|now| now.messages = vec![message(1, &"Please clear your desk. ".repeat(20))]);
    harness.run();
    harness.get_by_label("You are in view");
    click(&mut harness, "I have read this");
    let read = Command::Read(CommandId(uuid::Uuid::from_u128(1)));
    assert!(puppet.commands.lock().unwrap().contains(&read));
}

#[test]
fn a_message_in_a_hidden_window_is_not_said_to_be_shown() {
    let (mut harness, puppet, _folder) = window(Phase::Exam, Seen::Face);
    puppet.shows(|now| now.messages = vec![message(1, "Hello")]);
    let ctx = harness.ctx.clone();
    // Only drawing counts.
    for _ in 0..3 {
        harness.state_mut().drain(&ctx);
    }
    assert_eq!(*puppet.commands.lock().unwrap(), []);
}
