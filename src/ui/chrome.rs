//! What is around every screen: the bar at the top, and questions.

use eframe::egui;

use super::app::{Action, App, Question};
use super::i18n::{Language, Words};
use super::{direction, parts, theme};

/// Name, languages, and the size of the text.
pub(super) fn top_bar(ui: &mut egui::Ui, words: &Words, asked: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        ui.label(parts::strong("InView", 17.0).color(theme::palette(ui).accent));
        ui.add_space(10.0);
        for language in Language::ALL {
            let is_ours = language == words.language();
            if ui.selectable_label(is_ours, language.own_name()).clicked() && !is_ours {
                asked.push(Action::Speak(language));
            }
        }
        ui.add_space(10.0);
        for (sign, key, step) in [("A−", "text-smaller", -0.1), ("A+", "text-larger", 0.1)] {
            let (button, name) = (ui.button(sign), words.say(key));
            button
                .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name.clone()));
            if button.on_hover_text(name).clicked() {
                let zoom = (ui.ctx().zoom_factor() + step).clamp(0.8, 2.0);
                ui.ctx().set_zoom_factor(zoom);
            }
        }
    });
    ui.add_space(8.0);
}

/// Asks before something is done that cannot be undone. The safe answer comes first.
pub(super) fn put_question(
    ctx: &egui::Context,
    app: &App,
    question: Question,
    asked: &mut Vec<Action>,
) {
    let (name, yes) = match question {
        Question::End => ("exam-end", Action::End),
        Question::Leave => ("leave", Action::Close),
    };
    let say = |part: &str| app.words().say(&format!("{name}-{part}"));
    let frame = egui::Frame::popup(&ctx.global_style()).inner_margin(20).corner_radius(12);
    let modal = egui::Modal::new(egui::Id::unique("question")).frame(frame).show(ctx, |ui| {
        ui.set_width(380.0);
        direction::within(ui, app.direction(), |ui| {
            parts::title(ui, say("title"));
            ui.add(egui::Label::new(say("text")).wrap());
            ui.add_space(8.0);
            ui.horizontal_wrapped(|ui| {
                if parts::primary(ui, true, say("no")).clicked() {
                    asked.push(Action::Ask(None));
                }
                if parts::secondary(ui, say("yes")).clicked() {
                    asked.push(yes);
                }
            });
        });
    });
    if modal.should_close() {
        asked.push(Action::Ask(None));
    }
}
