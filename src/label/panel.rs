//! Beside the picture: the file, what is selected, where marks and tool disagree, tags and note.

use eframe::egui::{self, Frame, Margin, RichText, ScrollArea, Stroke, TextEdit, Ui, vec2};

use super::app::App;
use super::colours::colour;
use super::disagreement;
use super::document::{Edge, Marked};
use super::keys::{Action, Way};
use super::mark::Mark;
use super::verdict::Stage;
use super::view::{length, precise};
use crate::score::Report;
use crate::theme::{self, palette};

pub(super) fn show(ui: &mut Ui, app: &App, asked: &mut Vec<Action>) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        card(ui, |ui| file(ui, app, asked));
        card(ui, |ui| selection(ui, app, asked));
        card(ui, |ui| disagreements(ui, app, asked));
        card(ui, |ui| about(ui, app, asked));
    });
}

fn card(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    let colours = palette(ui);
    let frame = Frame::new()
        .fill(colours.card)
        .stroke(Stroke::new(1.0, colours.line))
        .corner_radius(10)
        .inner_margin(Margin::same(10));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        content(ui);
    });
}

fn heading(ui: &mut Ui, text: impl Into<String>) {
    ui.label(RichText::new(text).family(theme::bold()).size(14.0));
}

fn small(ui: &mut Ui, text: impl Into<String>) {
    let muted = palette(ui).muted;
    ui.add(egui::Label::new(RichText::new(text).color(muted).small()).wrap());
}

fn file(ui: &mut Ui, app: &App, asked: &mut Vec<Action>) {
    let colours = palette(ui);
    let name = RichText::new(&app.clip.name).family(theme::bold()).size(15.0);
    ui.add(egui::Label::new(name).truncate());
    if let Some(info) = &app.screen.info {
        let (width, height) = (info.size.width, info.size.height);
        small(ui, format!("{width}x{height}, {} in {}", info.codec, info.container));
    }
    let changed = app.document.is_changed();
    let truth = app.clip.truth_name();
    let (words, ink) = if changed {
        (format!("{truth}: changes are not saved"), colours.warn)
    } else {
        (format!("Truth in {truth}"), colours.muted)
    };
    ui.add(egui::Label::new(RichText::new(words).color(ink).small()).wrap());
    ui.horizontal(|ui| {
        let text = RichText::new("Save").family(theme::bold()).color(colours.on_accent);
        let button = egui::Button::new(text).fill(colours.accent).min_size(vec2(76.0, 26.0));
        if ui.add(button).on_hover_text("Ctrl S").clicked() {
            asked.push(Action::Save);
        }
        for (name, key, can, action) in [
            ("Undo", "Ctrl Z", app.document.can_undo(), Action::Undo),
            ("Redo", "Ctrl Y", app.document.can_redo(), Action::Redo),
        ] {
            if ui.add_enabled(can, egui::Button::new(name)).on_hover_text(key).clicked() {
                asked.push(action);
            }
        }
    });
}

fn selection(ui: &mut Ui, app: &App, asked: &mut Vec<Action>) {
    match (app.document.selected(), app.selected_told) {
        (Some(marked), _) => selected(ui, marked, asked),
        (None, Some(report)) => told(ui, &report, asked),
        (None, None) => {
            heading(ui, "Nothing selected");
            small(
                ui,
                "A letter begins an interval and ends it. Click on one, or press E, to select it.",
            );
        }
    }
}

fn title(ui: &mut Ui, mark: Mark, words: &str) {
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(12.0, 12.0), egui::Sense::hover());
        ui.painter().rect_filled(rect, 3, colour(mark));
        heading(ui, words);
    });
}

fn selected(ui: &mut Ui, marked: Marked, asked: &mut Vec<Action>) {
    title(ui, marked.mark, marked.mark.name());
    edge(ui, Edge::Start, marked, ["1", "2", "Q"], asked);
    edge(ui, Edge::End, marked, ["3", "4", "W"], asked);
    ui.horizontal(|ui| {
        small(ui, length(marked.span.length()));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button("Delete").on_hover_text("Del").clicked() {
                asked.push(Action::Delete);
            }
        });
    });
}

/// `keys` move it back, on, and to the frame that is shown.
fn edge(ui: &mut Ui, edge: Edge, marked: Marked, keys: [&str; 3], asked: &mut Vec<Action>) {
    let (name, at) = match edge {
        Edge::Start => ("from", marked.span.start),
        Edge::End => ("to", marked.span.end),
    };
    ui.horizontal(|ui| {
        ui.add_sized(vec2(32.0, 24.0), egui::Label::new(RichText::new(name).small()));
        ui.label(RichText::new(precise(at)).monospace());
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let here = ui.button("here").on_hover_text(format!("To the frame shown: {}", keys[2]));
            if here.clicked() {
                asked.push(Action::Here(edge));
            }
            for (sign, frames, key) in [("+", 1, keys[1]), ("−", -1, keys[0])] {
                let button = ui.add(egui::Button::new(sign).min_size(vec2(28.0, 24.0)));
                let button = button.on_hover_text(format!("By a frame: {key}"));
                asked.extend(button.clicked().then_some(Action::Nudge(edge, frames)));
            }
        });
    });
}

fn told(ui: &mut Ui, report: &Report, asked: &mut Vec<Action>) {
    let Some(mark) = Mark::of_kind(report.kind) else { return };
    title(ui, mark, &format!("Tool: {}", report.kind.description()));
    let (from, to) = (precise(report.span.start), precise(report.span.end));
    ui.label(RichText::new(format!("{from} to {to}")).monospace());
    let confidence = report.confidence;
    small(ui, format!("{}, confidence {confidence:.2}", length(report.span.length())));
    if ui.button("Take over  A").clicked() {
        asked.push(Action::Accept);
    }
}

fn disagreements(ui: &mut Ui, app: &App, asked: &mut Vec<Action>) {
    let count = app.mistakes.len();
    heading(ui, format!("Disagreements with the tool: {count}"));
    let words = match &app.told.stage {
        Stage::Looking => {
            let end = app.end().map(|end| format!(" of {end}")).unwrap_or_default();
            format!("The tool has looked at {}{end}.", app.told.reached)
        }
        Stage::Done => format!("The tool has looked at all, and tells {}.", app.told.reports.len()),
        Stage::BrokenOff(why) => format!("The recording breaks off: {why}."),
        Stage::Failed(why) => format!("The tool has no verdict: {why}."),
    };
    small(ui, words);
    let rows = ScrollArea::vertical().id_salt("disagreements").max_height(118.0);
    rows.auto_shrink([false, true]).show(ui, |ui| {
        for mistake in &app.mistakes {
            let at = disagreement::moment(mistake);
            let words = format!(
                "{at}  {}: {}",
                mistake.kind.description(),
                disagreement::words(mistake.wrong)
            );
            let text = RichText::new(words).small();
            let button = egui::Button::new(text).frame(false).truncate();
            if ui.add(button).clicked() {
                asked.push(Action::GoTo(*mistake));
            }
        }
    });
    ui.horizontal(|ui| {
        let button = egui::Button::new("Next  N");
        if ui.add_enabled(count > 0, button).clicked() {
            asked.push(Action::NextMistake(Way::On));
        }
        let any = !app.told.reports.is_empty();
        let button = egui::Button::new("Take over all  Shift A");
        if ui.add_enabled(any, button).clicked() {
            asked.push(Action::AcceptAll);
        }
    });
}

fn about(ui: &mut Ui, app: &App, asked: &mut Vec<Action>) {
    let content = app.document.content();
    let (mut tags, mut note) = (content.tags.clone(), content.note.clone());
    let hint = "backlight, glasses:yes";
    let edit = TextEdit::singleline(&mut tags).hint_text(hint).desired_width(f32::INFINITY);
    if labelled(ui, "Tags", edit) {
        asked.push(Action::Tags(tags));
    }
    let edit = TextEdit::multiline(&mut note).desired_rows(2).desired_width(f32::INFINITY);
    if labelled(ui, "Note", edit) {
        asked.push(Action::Note(note));
    }
}

/// Whether the text was changed.
fn labelled(ui: &mut Ui, name: &str, edit: TextEdit<'_>) -> bool {
    let label = ui.label(RichText::new(name).family(theme::bold()).size(14.0));
    ui.add(edit).labelled_by(label.id).changed()
}
