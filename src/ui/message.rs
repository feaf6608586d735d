//! A message of the proctor, above whatever is shown, until the candidate has read it.

use eframe::egui::accesskit::{Live, Role};
use eframe::egui::{IdSalt, Label, ScrollArea, Ui, UiBuilder};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::app::{Action, App};
use super::parts;
use super::view_model::Letter;

/// A message of 500 letters fits; a longer one, in lines of its own, scrolls.
const MOST_HEIGHT: f32 = 215.0;

pub(super) fn show(ui: &mut Ui, app: &App, asked: &mut Vec<Action>) {
    let Some(letter) = &app.view().message else { return };
    let message = &letter.message;
    // Each message has a place of its own, so that a screen reader announces each.
    let place = UiBuilder::new().id_salt(IdSalt::new(message.id.0));
    ui.scope_builder(place, |ui| {
        announce(ui, app, letter);
        parts::card_that_matters(ui, |ui| {
            ui.label(parts::strong(app.words().say("message-title"), 15.0));
            parts::muted(ui, below_title(app, letter));
            let area = ScrollArea::vertical().id_salt("message").max_height(MOST_HEIGHT);
            area.show(ui, |ui| ui.add(Label::new(&message.text).wrap()));
            if parts::primary(ui, true, app.words().say("message-read")).clicked() {
                asked.push(Action::Read(message.id));
            }
        });
    });
    if !app.has_said_shown(message.id, message.shown) {
        asked.push(Action::Shown(message.id));
    }
}

/// A screen reader says it at once, wherever the focus is.
fn announce(ui: &Ui, app: &App, letter: &Letter) {
    let said = format!("{}: {}", app.words().say("message-title"), letter.message.text);
    ui.ctx().accesskit_node_builder(ui.unique_id(), |node| {
        node.set_role(Role::Alert);
        node.set_live(Live::Assertive);
        node.set_label(said);
    });
}

/// When it came, and how many wait behind it.
fn below_title(app: &App, letter: &Letter) -> String {
    let time = clock(&letter.message.at);
    match letter.behind {
        0 => app.words().say_with("message-at", &[("time", time.into())]),
        more => {
            let args = [("time", time.into()), ("more", more.into())];
            app.words().say_with("message-at-more", &args)
        }
    }
}

/// `14:05`, by the clock on the wall of whoever reads it; what is no time as it is.
pub(super) fn clock(rfc3339: &str) -> String {
    rfc3339.parse::<Timestamp>().map_or_else(|_| rfc3339.to_owned(), local)
}

/// The same of a moment.
pub(super) fn local(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%H:%M").to_string()
}
