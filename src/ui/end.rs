//! After the exam: everything that was reported, a copy to keep, and whether all has arrived.

use eframe::egui::{Label, Ui};

use super::app::{Action, App};
use super::view_model::{Screen, Sight};
use super::{direction, exam, parts};

pub(super) fn show(ui: &mut Ui, app: &App, asked: &mut Vec<Action>) {
    let (words, view) = (app.words(), app.view());
    let is_over = view.screen == Screen::Ended;
    let mut opened = None;
    let body = |ui: &mut Ui| {
        // Whose exam was ended by others is not told that all is done.
        let is_done = is_over && app.snapshot().ended_by.is_none();
        parts::title(ui, words.say(if is_done { "end-title" } else { "end-title-ending" }));
        ended_by(ui, app);
        delivery(ui, app, is_over);
        for trouble in &view.troubles {
            parts::banner(ui, Sight::NotSeen, &words.say(trouble));
        }
        parts::card(ui, |ui| {
            ui.label(parts::strong(words.say("end-reported-title"), 16.0));
            exam::reported(ui, app, "end-reported-none");
        });
        match app.saved() {
            Some(Ok(saved)) => {
                let folder = saved.folder.display().to_string();
                let text = words.say_with("end-saved", &[("path", folder.into())]);
                parts::banner(ui, Sight::Seen, &text);
                ui.horizontal_wrapped(|ui| {
                    if parts::secondary(ui, words.say("end-open-page")).clicked() {
                        opened = Some(Action::OpenPage);
                    }
                    if parts::secondary(ui, words.say("end-open-folder")).clicked() {
                        opened = Some(Action::OpenFolder);
                    }
                });
            }
            Some(Err(reason)) => {
                let reason = reason.as_str();
                let text = words.say_with("end-not-saved", &[("reason", reason.into())]);
                parts::banner(ui, Sight::NotSeen, &text);
            }
            None => {}
        }
        if let Some(reason) = app.not_opened() {
            let text = words.say_with("end-not-opened", &[("reason", reason.into())]);
            parts::banner(ui, Sight::NotSeen, &text);
        }
    };
    let footer = |ui: &mut Ui| {
        ui.horizontal_wrapped(|ui| {
            if parts::secondary(ui, words.say("end-save")).clicked() {
                asked.push(Action::Save);
            }
            if is_over && parts::primary(ui, true, words.say("end-close")).clicked() {
                asked.push(Action::Close);
            }
        });
    };
    parts::with_footer(ui, "end", body, footer);
    asked.extend(opened);
}

/// A proctor has ended the exam: said plainly, with the reason.
fn ended_by(ui: &mut Ui, app: &App) {
    let Some(by) = &app.snapshot().ended_by else { return };
    let words = app.words();
    parts::card_that_matters(ui, |ui| {
        ui.label(parts::strong(words.say("ended-by-title"), 16.0));
        let reason = by.reason.as_str();
        ui.add(Label::new(words.say_with("ended-by-reason", &[("reason", reason.into())])).wrap());
        parts::muted(ui, words.say("ended-by-text"));
    });
}

fn delivery(ui: &mut Ui, app: &App, is_over: bool) {
    let words = app.words();
    let has_all = app.snapshot().reports.delivered;
    if is_over {
        let (sight, key) = match (has_all, app.snapshot().reports.in_memory) {
            (true, _) => (Sight::Seen, "end-arrived"),
            (false, 0) => (Sight::NotSeen, "end-later"),
            (false, _) => (Sight::NotSeen, "end-later-not-kept"),
        };
        parts::banner(ui, sight, &words.say(key));
    } else {
        parts::card(ui, |ui| {
            let text = parts::strong(words.say("end-sending"), 16.0);
            parts::signed(ui, Sight::Waiting, 26.0, text);
            exam::connection(ui, app);
        });
    }
    let reports = &app.snapshot().reports;
    let (done, all) = (reports.acknowledged.min(reports.made), reports.made);
    let share = if all == 0 { 1.0 } else { done as f32 / all as f32 };
    let progress = words.say_with("end-progress", &[("done", done.into()), ("all", all.into())]);
    if !(is_over && has_all) {
        direction::progress(ui, share);
    }
    parts::muted(ui, progress);
}
