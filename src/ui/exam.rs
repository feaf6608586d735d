//! During the exam: calm. Seen or not, since when, the connection, and what was reported.

use eframe::egui::{self, Ui};
use jiff::Timestamp;

use super::app::{Action, App, Question};
use super::view_model::{Connection, Notice, Planned, Sight, Told, kind_key};
use super::{direction, message, parts};
use crate::agent::Snapshot;
use crate::theme::palette;
use crate::time::MediaTime;

pub(super) fn show(ui: &mut Ui, app: &App, asked: &mut Vec<Action>) {
    let (words, view) = (app.words(), app.view());
    let mut switched = None;
    let body = |ui: &mut Ui| {
        parts::title(ui, words.say("exam-title"));
        let running = parts::span(view.running);
        parts::muted(ui, words.say_with("exam-running", &[("time", running.into())]));
        planned(ui, app);
        notice(ui, app);
        parts::card(ui, |ui| {
            parts::signed(ui, view.sight, 40.0, parts::strong(words.say(view.sight.key()), 20.0));
            parts::muted(ui, seen_for(app));
        });
        for trouble in &view.troubles {
            parts::banner(ui, Sight::NotSeen, &words.say(trouble));
        }
        parts::card(ui, |ui| {
            ui.label(parts::strong(words.say("connection-title"), 15.0));
            connection(ui, app);
        });
        parts::card(ui, |ui| {
            ui.label(parts::strong(words.say("reported-title"), 15.0));
            reported(ui, app, "reported-none");
        });
        switched = sound_switch(ui, app);
    };
    let footer = |ui: &mut Ui| {
        ui.horizontal_wrapped(|ui| {
            if parts::secondary(ui, words.say("exam-compact")).clicked() {
                asked.push(Action::Compact(true));
            }
            if parts::secondary(ui, words.say("exam-end")).clicked() {
                asked.push(Action::Ask(Some(Question::End)));
            }
        });
    };
    parts::with_footer(ui, "exam", body, footer);
    asked.extend(switched);
}

/// When the end is planned, and what a proctor has added last.
fn planned(ui: &mut Ui, app: &App) {
    let (words, snapshot) = (app.words(), app.snapshot());
    let Some((key, time)) = app.view().planned.map(|planned| match planned {
        Planned::In(time) => ("exam-planned", time),
        Planned::Ago(time) => ("exam-over", time),
    }) else {
        return;
    };
    let args = [("end", planned_end(snapshot).into()), ("time", parts::span(time).into())];
    ui.add(egui::Label::new(words.say_with(key, &args)).wrap());
    if let Some(last) = snapshot.extensions.last() {
        let text = words.say_with("exam-extended", &[("minutes", last.minutes.into())]);
        parts::signed(ui, Sight::Seen, 18.0, egui::RichText::new(text));
    }
}

/// By the clock on the wall.
fn planned_end(snapshot: &Snapshot) -> String {
    let began = snapshot.began.as_ref().and_then(|began| began.parse::<Timestamp>().ok());
    let planned = snapshot.planned_ms.unwrap_or_default().since(MediaTime::ZERO);
    let end = began.and_then(|began| began.checked_add(planned).ok());
    end.map(message::local).unwrap_or_default()
}

/// Whether a sound goes with what the candidate is told.
pub(super) fn sound_switch(ui: &mut Ui, app: &App) -> Option<Action> {
    let mut is_on = !app.is_muted();
    let text = app.words().say("sound-switch");
    direction::checkbox(ui, &mut is_on, &text).changed().then_some(Action::Mute(!is_on))
}

/// Small, and always on top: what is seen, and the way back.
pub(super) fn compact(ui: &mut Ui, app: &App, asked: &mut Vec<Action>) {
    let (words, view) = (app.words(), app.view());
    parts::signed(ui, view.sight, 28.0, parts::strong(words.say(view.sight.key()), 16.0));
    match view.notice {
        Some(notice) => {
            let colours = palette(ui);
            let colour = if notice.is_good() { colours.good } else { colours.warn };
            ui.add(egui::Label::new(parts::strong(said(app, notice), 13.0).color(colour)).wrap());
        }
        None => parts::muted(ui, seen_for(app)),
    }
    if ui.button(words.say("exam-full")).clicked() {
        asked.push(Action::Compact(false));
    }
}

fn seen_for(app: &App) -> String {
    let time = parts::span(app.view().sight_for);
    app.words().say_with("exam-for", &[("time", time.into())])
}

fn notice(ui: &mut Ui, app: &App) {
    if let Some(notice) = app.view().notice {
        let sight = match notice {
            Notice::Back => Sight::Seen,
            Notice::CannotLook => Sight::CannotLook,
            Notice::Away
            | Notice::FaceNotVisible
            | Notice::MultiplePeople
            | Notice::StillImage
            | Notice::Loop => Sight::NotSeen,
        };
        parts::banner(ui, sight, &said(app, notice));
    }
}

fn said(app: &App, notice: Notice) -> String {
    let hint = app.words().say(app.view().hint.key());
    app.words().say_with(notice.key(), &[("hint", hint.into())])
}

/// Where the reports are, in words.
pub(super) fn connection(ui: &mut Ui, app: &App) {
    let words = app.words();
    let left = |key: &str, left: u64| words.say_with(key, &[("left", left.into())]);
    let (sight, text) = match app.view().connection {
        Connection::AllSent => (Sight::Seen, words.say("connection-all-sent")),
        Connection::Sending(count) => (Sight::Waiting, left("connection-sending", count)),
        Connection::Unreachable(count) => {
            (Sight::CannotLook, left("connection-unreachable", count))
        }
        Connection::Refused => (Sight::CannotLook, words.say("connection-refused")),
        Connection::UnreachableNotKept(count) => {
            (Sight::CannotLook, left("connection-unreachable-not-kept", count))
        }
        Connection::RefusedNotKept => (Sight::CannotLook, words.say("connection-refused-not-kept")),
    };
    parts::signed(ui, sight, 18.0, egui::RichText::new(text));
}

/// All intervals, the latest first, or the message that there are none.
pub(super) fn reported(ui: &mut Ui, app: &App, none: &str) {
    let told = &app.view().told;
    if told.is_empty() {
        ui.add(egui::Label::new(app.words().say(none)).wrap());
    }
    for told in told.iter().rev() {
        direction::bullet(ui, &line(app, told));
    }
}

fn line(app: &App, told: &Told) -> String {
    let words = app.words();
    let (kind, start) = (words.say(kind_key(told.kind)), parts::moment(told.start));
    let mut args = vec![("kind", kind.into()), ("start", start.into())];
    match told.end {
        Some(end) => {
            args.push(("end", parts::moment(end).into()));
            words.say_with("reported-line", &args)
        }
        None => words.say_with("reported-open", &args),
    }
}
