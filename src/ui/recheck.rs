//! A proctor asks the candidate to check the camera: the picture as a mirror, what to mend, and the answer. It
//! stands above whatever is shown; the exam goes on meanwhile.

use eframe::egui::accesskit::{Live, Role};
use eframe::egui::{IdSalt, Label, Ui, UiBuilder};

use super::app::{Action, App};
use super::view_model::{Hint, Screen, Sight};
use super::{check_in, message, parts};
use crate::agent::CameraCheck;
use crate::report::CheckAnswer;

/// What is below it is to be seen, too.
const TALLEST: f32 = 150.0;

pub(super) fn show(ui: &mut Ui, app: &App, asked: &mut Vec<Action>) {
    let Some(check) = asked_for(app) else { return };
    let (words, view) = (app.words(), app.view());
    // Each has a place of its own, so that a screen reader announces each.
    let place = UiBuilder::new().id_salt(IdSalt::new(check.id.0));
    ui.scope_builder(place, |ui| {
        announce(ui, app);
        parts::card_that_matters(ui, |ui| {
            ui.label(parts::strong(words.say("recheck-title"), 15.0));
            let time = message::clock(&check.at);
            parts::muted(ui, words.say_with("message-at", &[("time", time.into())]));
            ui.add(Label::new(words.say("recheck-text")).wrap());
            // At the camera check it is on the screen already.
            if view.screen == Screen::Exam {
                check_in::picture(ui, app, TALLEST);
                state(ui, app);
            }
            let answer = ui.horizontal_wrapped(|ui| answer(ui, app)).inner;
            asked.extend(answer.map(|answer| Action::Checked(check.id, answer)));
        });
    });
    if !app.has_said_shown(check.id, check.shown) {
        asked.push(Action::Shown(check.id));
    }
}

/// The buttons, and which of them was pressed.
fn answer(ui: &mut Ui, app: &App) -> Option<CheckAnswer> {
    let say = |key| app.words().say(key);
    let is_done = parts::primary(ui, true, say("recheck-done")).clicked();
    let cannot = parts::secondary(ui, say("recheck-cannot")).clicked();
    match (is_done, cannot) {
        (true, _) => Some(CheckAnswer::Done),
        (false, true) => Some(CheckAnswer::Cannot),
        (false, false) => None,
    }
}

/// A message comes first, and nobody is watched before they have agreed to it.
pub(super) fn asked_for(app: &App) -> Option<&CameraCheck> {
    let view = app.view();
    let may_look = match view.screen {
        Screen::CheckIn => app.consent().is_some(),
        Screen::Exam => true,
        Screen::Ending | Screen::Ended => false,
    };
    view.camera_check.as_ref().filter(|_| may_look && view.message.is_none())
}

/// How the camera stands, as it would be told with the answer.
fn state(ui: &mut Ui, app: &App) {
    let (words, view) = (app.words(), app.view());
    let text = match (view.notice.filter(|notice| !notice.is_good()), view.hint) {
        (Some(notice), hint) => {
            words.say_with(notice.key(), &[("hint", words.say(hint.key()).into())])
        }
        (None, Hint::AllGood) => {
            parts::signed(ui, Sight::Seen, 20.0, parts::strong(words.say("recheck-good"), 15.0));
            return;
        }
        (None, hint) => words.say(hint.key()),
    };
    let sight = if view.sight == Sight::Seen { Sight::NotSeen } else { view.sight };
    parts::signed(ui, sight, 20.0, parts::strong(text, 15.0));
}

/// A screen reader says it at once, wherever the focus is.
fn announce(ui: &Ui, app: &App) {
    let said = format!("{}. {}", app.words().say("recheck-title"), app.words().say("recheck-text"));
    ui.ctx().accesskit_node_builder(ui.unique_id(), |node| {
        node.set_role(Role::Alert);
        node.set_live(Live::Assertive);
        node.set_label(said);
    });
}
