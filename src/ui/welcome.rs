//! The first screen: what is watched, what leaves the machine, by which rules, and the consent.
//!
//! Steps that come between this and the camera check have their place here: photos of an identity
//! document and of the room, each a screen of its own, agreed to on this one.

use eframe::egui::{self, Ui};

use super::app::{Action, App};
use super::parts;

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
                let bullet = if section.paragraphs.len() > 1 { "•  " } else { "" };
                for paragraph in &section.paragraphs {
                    ui.add(egui::Label::new(format!("{bullet}{paragraph}")).wrap());
                }
            });
        }
    };
    let footer = |ui: &mut Ui| {
        let mut agreed = app.has_agreed();
        if ui.checkbox(&mut agreed, app.words().say("welcome-agree")).changed() {
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
