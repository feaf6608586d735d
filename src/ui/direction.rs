//! Screens that are read from right to left are laid out so. `within` says it once, at the root of
//! what is drawn; rows, cards and texts follow by egui's layouts. What egui itself lays out from left
//! to right only is here: switches with their text, bullets, and the bar of progress.

use eframe::egui::text::LayoutJob;
use eframe::egui::{
    self, Align, Checkbox, CornerRadius, Layout, RadioButton, Rect, Response, Role, Sense,
    TextStyle, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::i18n::Direction;
use crate::theme::palette;

/// Draws top down, from the side where reading begins.
pub(super) fn within<R>(
    ui: &mut Ui,
    direction: Direction,
    content: impl FnOnce(&mut Ui) -> R,
) -> R {
    let start = match direction {
        Direction::LeftToRight => Align::Min,
        Direction::RightToLeft => Align::Max,
    };
    ui.with_layout(Layout::top_down(start), content).inner
}

/// The direction of what is drawn here.
pub(super) fn of(ui: &Ui) -> Direction {
    if ui.layout().prefer_right_to_left() { Direction::RightToLeft } else { Direction::LeftToRight }
}

pub(super) fn checkbox(ui: &mut Ui, checked: &mut bool, text: &str) -> Response {
    if of(ui) == Direction::LeftToRight {
        return ui.checkbox(checked, text);
    }
    let (mut response, is_text_clicked) =
        beside(ui, text, |ui| ui.add(Checkbox::without_text(checked)));
    if is_text_clicked {
        *checked = !*checked;
        response.mark_changed();
    }
    let (is_enabled, is_checked) = (ui.is_enabled(), *checked);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, is_enabled, is_checked, text));
    response
}

/// One of several. `true` when it was clicked.
pub(super) fn option(ui: &mut Ui, is_chosen: bool, text: &str) -> bool {
    if of(ui) == Direction::LeftToRight {
        return ui.add(RadioButton::new(is_chosen, text)).clicked();
    }
    let (response, is_text_clicked) =
        beside(ui, text, |ui| ui.add(RadioButton::new(is_chosen, ())));
    let is_enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, is_enabled, is_chosen, text));
    response.clicked() || is_text_clicked
}

/// A switch and its text, which is a part of it.
fn beside(ui: &mut Ui, text: &str, switch: impl FnOnce(&mut Ui) -> Response) -> (Response, bool) {
    ui.horizontal(|ui| {
        let spacing = ui.spacing_mut();
        spacing.item_spacing.x = spacing.icon_spacing;
        spacing.interact_size = Vec2::splat(spacing.icon_width);
        let response = switch(ui);
        let font = TextStyle::Button.resolve(ui.style());
        let mut job = LayoutJob::simple(text.to_owned(), font, palette(ui).ink, 0.0);
        (job.halign, job.wrap.max_width) = (Align::RIGHT, ui.available_width());
        let galley = ui.painter().layout_job(job);
        let (rect, clicked) = ui.allocate_exact_size(galley.size(), Sense::CLICK);
        ui.painter().galley(rect.right_top(), galley, palette(ui).ink);
        (response, clicked.clicked())
    })
    .inner
}

/// A paragraph of a list.
pub(super) fn bullet(ui: &mut Ui, text: &str) {
    ui.horizontal_top(|ui| {
        let height = ui.text_style_height(&TextStyle::Body);
        let (rect, _) = ui.allocate_exact_size(vec2(8.0, height), Sense::hover());
        ui.painter().circle_filled(rect.center(), 2.5, palette(ui).ink);
        ui.add(egui::Label::new(text).wrap());
    });
}

/// How far something is, 0 to 1. A text beside it says the same, so it has no name of its own.
pub(super) fn progress(ui: &mut Ui, share: f32) {
    let size = vec2(ui.available_width(), 12.0);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let (colours, round) = (palette(ui), CornerRadius::same(6));
    let done = vec2(rect.width() * share.clamp(0.0, 1.0), rect.height());
    let done = match of(ui) {
        Direction::LeftToRight => Rect::from_min_size(rect.min, done),
        Direction::RightToLeft => {
            Rect::from_min_max(pos2(rect.right() - done.x, rect.top()), rect.max)
        }
    };
    ui.painter().rect_filled(rect, round, colours.line);
    ui.painter().rect_filled(done, round, colours.accent);
}
