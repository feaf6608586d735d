//! What lies over the window: keys and rules, and the question before changes are lost.

use eframe::egui::{self, Grid, RichText, ScrollArea, Ui, vec2};

use super::colours::colour;
use super::keys::{Action, LEGEND, Save};
use super::mark::Mark;
use crate::theme::{self, palette};

const RULES: [&str; 4] = [
    "Where nothing is marked, one person is in view with a usable face.",
    "An interval begins with the first frame that shows it and ends with the first that does not: press \
     its letter on the one and again on the other. An interval that is still open when you save reaches \
     to the end.",
    "Where several states are marked at once, the one that sees least counts: camera lost, covered, dark, \
     frozen, then photo, out of view, face not visible. More than one person and a loop hold beside any of \
     them.",
    "Mark what you see, not what the tool should say. Intervals shorter than a second need not be found by \
     it, but mark them. What may be called either way is to be ignored, as short as can be.",
];

/// True when it is to go.
pub(super) fn show(ctx: &egui::Context) -> bool {
    let frame = egui::Frame::popup(&ctx.global_style()).inner_margin(20).corner_radius(12);
    let modal = egui::Modal::new(egui::Id::unique("help")).frame(frame).show(ctx, |ui| {
        let size = ui.ctx().content_rect().size();
        ui.set_width((size.x - 120.0).min(1_010.0));
        ui.horizontal(|ui| {
            ui.label(RichText::new("What is true, and when").heading());
            let close = |ui: &mut Ui| ui.button("Close  Esc").clicked();
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), close).inner
        });
        let closed = ui.ctx().input(|input| input.key_pressed(egui::Key::Escape));
        let height = (size.y - 170.0).max(200.0);
        ui.spacing_mut().item_spacing = vec2(32.0, 4.0);
        ui.spacing_mut().interact_size.y = 18.0;
        let whole = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
        whole.show(ui, |ui| {
            let from_left = egui::Layout::top_down(egui::Align::LEFT);
            ui.columns_const(|[left, right]| {
                left.with_layout(from_left, marks);
                right.with_layout(from_left, rules);
            });
        });
        closed
    });
    modal.should_close() || modal.inner
}

fn small(ui: &mut Ui, text: &str) {
    ui.add(egui::Label::new(RichText::new(text).small()).wrap());
}

fn marks(ui: &mut Ui) {
    for mark in Mark::ALL {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            let (rect, _) = ui.allocate_exact_size(vec2(20.0, 18.0), egui::Sense::hover());
            ui.painter().rect_filled(rect, 5, colour(mark));
            let font = egui::FontId::new(12.0, theme::bold());
            let letter = mark.key().to_ascii_uppercase();
            let white = egui::Color32::WHITE;
            ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, letter, font, white);
            ui.label(RichText::new(mark.name()).family(theme::bold()).size(14.0));
        });
        small(ui, mark.meaning());
        ui.add_space(5.0);
    }
}

fn rules(ui: &mut Ui) {
    for rule in RULES {
        small(ui, rule);
    }
    ui.add_space(8.0);
    let muted = palette(ui).muted;
    Grid::new("keys").num_columns(2).spacing(vec2(14.0, 3.0)).show(ui, |ui| {
        for (keys, what) in LEGEND {
            ui.label(RichText::new(keys).family(theme::bold()).size(13.0));
            ui.label(RichText::new(what).color(muted).small());
            ui.end_row();
        }
    });
}

pub(super) fn ask_to_close(ctx: &egui::Context, file: &str, asked: &mut Vec<Action>) {
    let frame = egui::Frame::popup(&ctx.global_style()).inner_margin(20).corner_radius(12);
    let modal = egui::Modal::new(egui::Id::unique("close")).frame(frame).show(ctx, |ui| {
        ui.set_width(420.0);
        ui.label(RichText::new("Close without your changes?").heading());
        ui.add(egui::Label::new(format!("What you have changed is not in {file} yet.")).wrap());
        ui.add_space(8.0);
        ui.horizontal_wrapped(|ui| {
            let colours = palette(ui);
            let text =
                RichText::new("Save and close").family(theme::bold()).color(colours.on_accent);
            if ui.add(egui::Button::new(text).fill(colours.accent)).clicked() {
                asked.push(Action::Close(Save::First));
            }
            if ui.button("Close without saving").clicked() {
                asked.push(Action::Close(Save::Not));
            }
            if ui.button("Stay").clicked() {
                asked.push(Action::Stay);
            }
        });
    });
    if modal.should_close() {
        asked.push(Action::Stay);
    }
}
