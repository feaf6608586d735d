//! The picture, as large as the window allows, and the line under it: what is true here, and the time.

use eframe::egui::{
    self, Color32, FontId, Rect, RichText, Sense, Stroke, StrokeKind, Ui, pos2, vec2,
};

use super::app::{App, Said};
use super::colours::colour;
use super::keys::Action;
use super::mark::Mark;
use super::view::precise;
use crate::theme::{self, palette};
use crate::time::MediaTime;

const LINE: f32 = 30.0;
const GAP: f32 = 6.0;

pub(super) fn show(ui: &mut Ui, app: &App, asked: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = GAP;
    let size = ui.available_size();
    let (rect, response) = ui
        .allocate_exact_size(vec2(size.x, (size.y - 2.0 * (LINE + GAP)).max(40.0)), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Recording"));
    if response.clicked() {
        asked.push(Action::PlayOrPause);
    }
    picture(ui, app, rect);
    ui.allocate_ui(vec2(size.x, LINE), |ui| here(ui, app));
    ui.allocate_ui(vec2(size.x, LINE), |ui| controls(ui, app, asked));
}

fn picture(ui: &Ui, app: &App, rect: Rect) {
    let painter = ui.painter();
    painter.rect_filled(rect, 8, Color32::from_gray(16));
    let Some(texture) = &app.texture else {
        let words = app.screen.fault.as_deref().unwrap_or("The recording is being opened …");
        let font = FontId::proportional(15.0);
        let ink = Color32::from_gray(220);
        painter.text(rect.center(), egui::Align2::CENTER_CENTER, words, font, ink);
        return;
    };
    let full = texture.size_vec2();
    let scale = (rect.width() / full.x).min(rect.height() / full.y);
    let shown = Rect::from_center_size(rect.center(), full * scale);
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    painter.image(texture.id(), shown, whole, Color32::WHITE);
}

/// What is marked at the frame that is shown, and what the tool tells of it.
fn here(ui: &mut Ui, app: &App) {
    let colours = palette(ui);
    ui.horizontal_centered(|ui| {
        let marks = app.document.content().at(app.position);
        ui.label(RichText::new("Marked").color(colours.muted).small());
        chips(ui, &marks, true);
        ui.add_space(10.0);
        ui.label(RichText::new("Tool").color(colours.muted).small());
        let here = MediaTime::from_millis(app.position.as_millis());
        if here > app.told.reached {
            ui.label(RichText::new("not looked yet").color(colours.muted).small());
        } else {
            let told = app.told.reports.iter().filter(|it| it.span.contains(here));
            let told: Vec<Mark> = told.filter_map(|it| Mark::of_kind(it.kind)).collect();
            chips(ui, &told, false);
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| said(ui, app));
    });
}

fn chips(ui: &mut Ui, marks: &[Mark], is_filled: bool) {
    let colours = palette(ui);
    if marks.is_empty() {
        ui.label(RichText::new("in view").color(colours.ink).small());
    }
    for mark in marks {
        let text = RichText::new(mark.name()).small();
        let galley =
            egui::WidgetText::from(text).into_galley(ui, None, 400.0, egui::TextStyle::Small);
        let (rect, _) = ui.allocate_exact_size(galley.size() + vec2(16.0, 6.0), Sense::hover());
        let (fill, ink) =
            if is_filled { (colour(*mark), Color32::WHITE) } else { (colours.card, colours.ink) };
        let edge = Stroke::new(1.5, colour(*mark));
        ui.painter().rect(rect, 8, fill, edge, StrokeKind::Inside);
        ui.painter().galley_with_override_text_color(rect.min + vec2(8.0, 3.0), galley, ink);
    }
}

fn said(ui: &mut Ui, app: &App) {
    let colours = palette(ui);
    let open = app.document.content().open.iter().next();
    let (words, ink) = match (&app.said, open) {
        (Some(Said::Bad(words)), _) => (words.clone(), colours.warn),
        (Some(Said::Good(words)), _) => (words.clone(), colours.good),
        (None, Some((mark, start))) => {
            let key = mark.key().to_ascii_uppercase();
            let words =
                format!("{} since {}: {key} ends it, Esc drops it", mark.name(), precise(*start));
            (words, colours.accent)
        }
        (None, None) => match &app.screen.fault {
            Some(fault) => (fault.clone(), colours.warn),
            None => return,
        },
    };
    ui.add(egui::Label::new(RichText::new(words).color(ink).small()).truncate());
}

fn controls(ui: &mut Ui, app: &App, asked: &mut Vec<Action>) {
    let colours = palette(ui);
    ui.horizontal_centered(|ui| {
        let play = if app.is_playing { "Pause" } else { "Play" };
        let text = RichText::new(play).family(theme::bold()).color(colours.on_accent);
        let button = egui::Button::new(text).fill(colours.accent).min_size(vec2(78.0, 26.0));
        if ui.add(button).on_hover_text("Space").clicked() {
            asked.push(Action::PlayOrPause);
        }
        for (sign, name, key, action) in [
            ("<", "A frame back", "←", Action::Step(-1)),
            (">", "A frame on", "→", Action::Step(1)),
        ] {
            let button = ui.add(egui::Button::new(sign).min_size(vec2(30.0, 26.0)));
            button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
            if button.on_hover_text(format!("{name}: {key}")).clicked() {
                asked.push(action);
            }
        }
        ui.add_space(6.0);
        let time = RichText::new(precise(app.position)).font(FontId::monospace(17.0));
        ui.label(time);
        if let Some(end) = app.end() {
            ui.label(RichText::new(format!("of {}", precise(end))).color(colours.muted).small());
        }
        ui.add_space(6.0);
        for (sign, name, action) in
            [("−", "Slower", Action::Slower), ("+", "Faster", Action::Faster)]
        {
            if sign == "+" {
                ui.label(RichText::new(format!("{}x", app.speed())).monospace());
            }
            let button = ui.add(egui::Button::new(sign).min_size(vec2(28.0, 26.0)));
            button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
            if button.on_hover_text(name).clicked() {
                asked.push(action);
            }
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button("Keys  F1").clicked() {
                asked.push(Action::Help);
            }
        });
    });
}
