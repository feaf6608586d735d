//! The camera check: the picture as a mirror, one hint at a time, and the start.

use eframe::egui::{
    self, Color32, CornerRadius, FontId, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo,
    pos2, vec2,
};

use super::app::{Action, App};
use super::parts;
use super::theme::palette;
use super::view_model::{Hint, Sight};
use crate::agent::Preview;

/// The shape of the picture when there is none.
const USUAL: f32 = 4.0 / 3.0;

pub(super) fn show(ui: &mut Ui, app: &App, asked: &mut Vec<Action>) {
    let (words, view) = (app.words(), app.view());
    let body = |ui: &mut Ui| {
        parts::title(ui, words.say("check-title"));
        picture(ui, app);
        let sight = if view.hint == Hint::AllGood { Sight::Seen } else { better(view.sight) };
        parts::banner(ui, sight, &words.say(view.hint.key()));
        for trouble in &view.troubles {
            parts::banner(ui, Sight::NotSeen, &words.say(trouble));
        }
        parts::muted(ui, words.say("check-private"));
    };
    let footer = |ui: &mut Ui| {
        let key = match (view.may_start, view.is_let_in) {
            (_, true) => "check-let-in",
            (true, false) => "check-ready",
            (false, false) => "check-wait",
        };
        ui.add(egui::Label::new(words.say(key)).wrap());
        ui.horizontal_wrapped(|ui| {
            if parts::primary(ui, view.may_start, words.say("check-start")).clicked() {
                asked.push(Action::Begin);
            }
            if parts::secondary(ui, words.say("check-back")).clicked() {
                asked.push(Action::ReadAgain);
            }
        });
    };
    parts::with_footer(ui, "check-in", body, footer);
}

/// Seen, and not well yet, is no reason for the sign that says all is well.
fn better(sight: Sight) -> Sight {
    match sight {
        Sight::Seen | Sight::NotSeen => Sight::NotSeen,
        Sight::Waiting => Sight::Waiting,
        Sight::CannotLook => Sight::CannotLook,
    }
}

fn picture(ui: &mut Ui, app: &App) {
    let (words, colours) = (app.words(), palette(ui));
    let ratio = app.preview().map_or(USUAL, |preview| {
        preview.size.width.max(1) as f32 / preview.size.height.max(1) as f32
    });
    let width = ui.available_width().min(320.0 * ratio).max(120.0);
    let (whole, response) = ui
        .allocate_exact_size(vec2(ui.available_width().max(width), width / ratio), Sense::hover());
    let rect = Rect::from_center_size(whole.center(), vec2(width, width / ratio));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, words.say("check-preview")));
    let (painter, round) = (ui.painter(), CornerRadius::same(12));
    let shown = app.preview().zip(app.picture()).filter(|_| app.view().sight != Sight::Waiting);
    if let Some((preview, texture)) = shown {
        let all = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        let shape = egui::epaint::RectShape::filled(rect, round, Color32::WHITE);
        painter.add(shape.with_texture(texture, all));
        outline(ui, rect, preview);
    } else {
        painter.rect_filled(rect, round, colours.line);
        let font = FontId::proportional(16.0);
        let text = words.say("check-no-picture");
        painter.text(rect.center(), egui::Align2::CENTER_CENTER, text, font, colours.ink);
    }
    painter.rect_stroke(rect, round, Stroke::new(1.0, colours.line), StrokeKind::Inside);
}

/// A frame around the face, in the mirror.
fn outline(ui: &Ui, rect: Rect, preview: &Preview) {
    let Some(face) = preview.face else { return };
    let at = |x: f32, y: f32| pos2(rect.right() - x * rect.width(), rect.top() + y * rect.height());
    let frame = Rect::from_two_pos(at(face.left, face.top), at(face.right, face.bottom));
    let painter = ui.painter_at(rect);
    for (width, colour) in [(5.0, Color32::from_black_alpha(110)), (2.5, Color32::WHITE)] {
        painter.rect_stroke(frame, 10.0, Stroke::new(width, colour), StrokeKind::Middle);
    }
}
