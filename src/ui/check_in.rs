//! The camera check: the picture as a mirror, one hint at a time, and the start.

use eframe::egui::{
    self, Color32, CornerRadius, FontId, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo,
    pos2, vec2,
};

use super::app::{Action, App};
use super::desktop::Heard;
use super::view_model::{self, Hint, Sight};
use super::{direction, exam, parts};
use crate::agent::{FoundCamera, Preview};
use crate::theme::palette;

/// The shape of the picture when there is none.
const USUAL: f32 = 4.0 / 3.0;

/// What is below it is to be seen, too.
const TALLEST: f32 = 250.0;

pub(super) fn show(ui: &mut Ui, app: &App, asked: &mut Vec<Action>) {
    let (words, view) = (app.words(), app.view());
    let mut chosen = None;
    let body = |ui: &mut Ui| {
        parts::title(ui, words.say("check-title"));
        picture(ui, app, TALLEST);
        let sight = if view.hint == Hint::AllGood { Sight::Seen } else { better(view.sight) };
        parts::banner(ui, sight, &words.say(view.hint.key()));
        for trouble in &view.troubles {
            parts::banner(ui, Sight::NotSeen, &words.say(trouble));
        }
        chosen = cameras(ui, app).map(Action::UseCamera).or(sound(ui, app));
        parts::muted(ui, words.say("check-private"));
    };
    let footer = |ui: &mut Ui| {
        let key = match (view.may_start, app.snapshot().camera_refused) {
            (true, _) if view.is_let_in => "check-let-in",
            (true, _) => "check-ready",
            (false, true) => "check-refused",
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
    asked.extend(chosen);
}

/// Seen, and not well yet, is no reason for the sign that says all is well.
fn better(sight: Sight) -> Sight {
    match sight {
        Sight::Seen | Sight::NotSeen => Sight::NotSeen,
        Sight::Waiting => Sight::Waiting,
        Sight::CannotLook => Sight::CannotLook,
    }
}

/// The cameras to choose from, and what is to be said of the one that is open. Gives the place in
/// the list of the one that was chosen.
fn cameras(ui: &mut Ui, app: &App) -> Option<usize> {
    let (words, cameras) = (app.words(), &app.snapshot().cameras);
    if cameras.is_empty() {
        return None;
    }
    let (open, mut chosen) = (app.snapshot().camera.as_ref(), None);
    parts::card(ui, |ui| {
        ui.label(parts::strong(words.say("camera-title"), 15.0));
        if let Some(note) = open.and_then(|open| view_model::note(open.fit)) {
            parts::muted(ui, words.say(note));
        }
        for (index, camera) in cameras.iter().enumerate() {
            let is_open = open.is_some_and(|open| open.id.as_ref() == Some(&camera.id));
            let name = camera_name(app, camera);
            if direction::option(ui, is_open, &name) {
                chosen = Some(index);
            }
        }
    });
    chosen
}

fn sound(ui: &mut Ui, app: &App) -> Option<Action> {
    let words = app.words();
    let mut asked = None;
    parts::card(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            asked = exam::sound_switch(ui, app);
            if ui.button(words.say("sound-try")).clicked() {
                asked = Some(Action::TrySound);
            }
        });
        if app.heard() == Heard::Failed {
            parts::muted(ui, words.say("sound-failed"));
        }
    });
    asked
}

/// With its place where the name does not tell it apart, and with what it pretends to be.
fn camera_name(app: &App, camera: &FoundCamera) -> String {
    let cameras = &app.snapshot().cameras;
    let is_alone = cameras.iter().filter(|other| other.name == camera.name).count() == 1;
    let name = if is_alone { camera.name.as_str() } else { camera.id.as_str() };
    if camera.virtual_device.is_some() {
        app.words().say_with("camera-virtual", &[("name", name.into())])
    } else {
        name.to_owned()
    }
}

/// What the camera shows, as a mirror, at most so high.
pub(super) fn picture(ui: &mut Ui, app: &App, tallest: f32) {
    let (words, colours) = (app.words(), palette(ui));
    let ratio = app.preview().map_or(USUAL, |preview| {
        preview.size.width.max(1) as f32 / preview.size.height.max(1) as f32
    });
    let width = ui.available_width().min(tallest * ratio).max(120.0);
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
