//! The first screen: what is watched, what leaves the machine, by which rules, and the consent.
//!
//! Steps that come between this and the camera check have their place here: photos of an identity
//! document and of the room, each a screen of its own, agreed to on this one.

use eframe::egui::{self, Ui};

use super::app::{Action, App};
use super::{direction, parts};

pub(super) fn show(ui: &mut Ui, app: &App, asked: &mut Vec<Action>) {
    let body = |ui: &mut Ui| {
        for (index, section) in app.consent_text().iter().enumerate() {
            if index == 0 {
                parts::title(ui, &section.title);
                for paragraph in &section.paragraphs {
                    ui.add(egui::Label::new(paragraph).wrap());
                }
                ui.add_space(4.0);
                continue;
            }
            parts::card(ui, |ui| {
                ui.label(parts::strong(&section.title, 16.0));
                match section.paragraphs.as_slice() {
                    [only] => drop(ui.add(egui::Label::new(only).wrap())),
                    several => several.iter().for_each(|one| direction::bullet(ui, one)),
                }
            });
        }
    };
    let footer = |ui: &mut Ui| {
        let mut agreed = app.has_agreed();
        let text = app.words().say("welcome-agree");
        if direction::checkbox(ui, &mut agreed, &text).changed() {
            asked.push(Action::Agree(agreed));
        }
        ui.horizontal_wrapped(|ui| {
            if parts::primary(ui, app.has_agreed(), app.words().say("welcome-continue")).clicked() {
                asked.push(Action::Consent);
            }
            if parts::secondary(ui, app.words().say("welcome-other-exam")).clicked() {
                asked.push(Action::Leave);
            }
        });
    };
    parts::with_footer(ui, "welcome", body, footer);
}
