//! What screens are made of: cards, signs, buttons, and a footer that stays in sight.

use std::time::Duration;

use eframe::egui::{
    self, Align2, Button, Color32, CornerRadius, FontId, Frame, Margin, Response, RichText, Sense,
    Shape, Stroke, Ui, pos2, vec2,
};

use super::view_model::Sight;
use crate::theme::{self, palette};
use crate::time::MediaTime;

pub(super) fn title(ui: &mut Ui, text: impl Into<String>) {
    ui.add(egui::Label::new(RichText::new(text).heading()).wrap());
}

/// A line in bold.
pub(super) fn strong(text: impl Into<String>, size: f32) -> RichText {
    RichText::new(text).family(theme::bold()).size(size)
}

pub(super) fn muted(ui: &mut Ui, text: impl Into<String>) {
    let colour = palette(ui).muted;
    ui.add(egui::Label::new(RichText::new(text).color(colour).small()).wrap());
}

pub(super) fn card<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    let (fill, line) = (palette(ui).card, palette(ui).line);
    tinted(ui, fill, line, content)
}

/// A card that is to be read first.
pub(super) fn card_that_matters<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    let (fill, line) = (palette(ui).card, palette(ui).accent);
    tinted(ui, fill, line, content)
}

/// A card that says that something is wrong, or right.
pub(super) fn banner(ui: &mut Ui, sight: Sight, text: &str) {
    let colours = palette(ui);
    let (fill, edge) = match sight {
        Sight::Seen => (colours.good_card, colours.good),
        Sight::Waiting | Sight::NotSeen | Sight::CannotLook => (colours.warn_card, colours.warn),
    };
    tinted(ui, fill, edge, |ui| signed(ui, sight, 26.0, strong(text, 16.0)));
}

fn tinted<R>(ui: &mut Ui, fill: Color32, edge: Color32, content: impl FnOnce(&mut Ui) -> R) -> R {
    let frame = Frame::new()
        .fill(fill)
        .stroke(Stroke::new(1.0, edge))
        .corner_radius(CornerRadius::same(12))
        .inner_margin(Margin::same(14));
    let within = |ui: &mut Ui| {
        ui.set_width(ui.available_width());
        content(ui)
    };
    frame.show(ui, within).inner
}

/// A sign and a text beside it, which wraps.
pub(super) fn signed(ui: &mut Ui, sight: Sight, size: f32, text: RichText) {
    ui.horizontal(|ui| {
        sign(ui, sight, size);
        ui.add(egui::Label::new(text).wrap());
    });
}

/// Each sign has its own shape, so that it can be told without colours. The text beside it says
/// the same, so it has no name of its own.
fn sign(ui: &mut Ui, sight: Sight, size: f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(size, size), Sense::hover());
    let (colours, painter, center) = (palette(ui), ui.painter(), rect.center());
    let (radius, thick) = (size / 2.0 - 1.0, Stroke::new(size / 9.0, colours.on_sign));
    let at = |x: f32, y: f32| pos2(center.x + x * size, center.y + y * size);
    match sight {
        Sight::Seen => {
            painter.circle_filled(center, radius, colours.good);
            painter.line(vec![at(-0.22, 0.02), at(-0.06, 0.18), at(0.23, -0.16)], thick);
        }
        Sight::NotSeen => {
            let corners = vec![at(0.0, -0.46), at(0.5, 0.42), at(-0.5, 0.42)];
            painter.add(Shape::convex_polygon(corners, colours.warn, Stroke::NONE));
            let font = FontId::new(size * 0.62, theme::bold());
            painter.text(at(0.0, 0.13), Align2::CENTER_CENTER, "!", font, colours.on_sign);
        }
        Sight::CannotLook => {
            painter.rect_filled(rect.shrink(1.0), size / 6.0, colours.warn);
            painter.line(vec![at(-0.22, 0.22), at(0.22, -0.22)], thick);
            painter.line(vec![at(-0.22, -0.22), at(0.22, 0.22)], thick);
        }
        Sight::Waiting => {
            painter.circle_stroke(center, radius, Stroke::new(2.0, colours.muted));
            for x in [-0.2, 0.0, 0.2] {
                painter.circle_filled(at(x, 0.0), size / 16.0, colours.muted);
            }
        }
    }
}

/// The button that leads on.
pub(super) fn primary(ui: &mut Ui, is_enabled: bool, text: String) -> Response {
    let colours = palette(ui);
    let text = strong(text, 15.0).color(colours.on_accent);
    let button = Button::new(text).fill(colours.accent).min_size(vec2(120.0, 40.0));
    ui.add_enabled(is_enabled, button)
}

pub(super) fn secondary(ui: &mut Ui, text: String) -> Response {
    ui.add(Button::new(text).min_size(vec2(0.0, 40.0)))
}

/// A body that scrolls, and a footer that stays in sight below it. The footer's height is that of
/// the frame before.
pub(super) fn with_footer(
    ui: &mut Ui,
    name: &str,
    body: impl FnOnce(&mut Ui),
    footer: impl FnOnce(&mut Ui),
) {
    let id = ui.scope_id().with(name);
    let height = ui.data(|data| data.get_temp::<f32>(id)).unwrap_or(60.0);
    let room = (ui.available_height() - height - 24.0).max(80.0);
    egui::ScrollArea::vertical().id_salt(name).max_height(room).auto_shrink(false).show(ui, |ui| {
        let room_for_the_bar = Margin { right: 10, ..Margin::ZERO };
        Frame::new().inner_margin(room_for_the_bar).show(ui, body);
    });
    ui.add_space(6.0);
    let drawn = ui.scope(footer).response.rect.height();
    if (drawn - height).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(id, drawn));
        ui.ctx().request_repaint();
    }
}

/// `2:05`, `1:02:05`.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// A moment of the exam, by its start.
pub(super) fn moment(at: MediaTime) -> String {
    span(at.since(MediaTime::ZERO))
}
