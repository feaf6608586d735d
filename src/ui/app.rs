//! What the window knows and does. `drain` takes the news and carries out what was asked; `draw`
//! draws. A hidden window is drained and not drawn.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{self, ColorImage, TextureHandle, TextureOptions, ViewportCommand, WindowLevel};

use super::consent::{self, Consent, Section};
use super::i18n::{Language, Words};
use super::view_model::{self, Notice, Screen, View};
use super::{COMPACT, FULL, check_in, copy, end, exam, parts, theme, welcome};
use crate::agent::{Agent, Busy, Command, Preview, Snapshot};
use crate::clock::Reading;
use crate::presence::Policy;

/// The agent, as the window sees it.
pub trait Watched: Send + Sync {
    fn snapshot(&self) -> Snapshot;
    fn preview(&self) -> Option<Preview>;
    fn command(&self, command: Command) -> Result<(), Busy>;
}

impl Watched for Agent {
    fn snapshot(&self) -> Snapshot {
        Self::snapshot(self)
    }

    fn preview(&self) -> Option<Preview> {
        Self::preview(self)
    }

    fn command(&self, command: Command) -> Result<(), Busy> {
        Self::command(self, command)
    }
}

/// What does not change while the window is open.
#[derive(Clone, Debug)]
pub struct About {
    /// What a proctor reads in the list.
    pub label: String,
    pub server: String,
    pub policy: Policy,
    /// The agent's folder: copies are kept below it.
    pub folder: PathBuf,
    /// How long reports are waited for at the end.
    pub flush: Duration,
}

/// What a screen asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Speak(Language),
    Agree(bool),
    Consent,
    ReadAgain,
    Begin,
    Ask(Option<Question>),
    End,
    Compact(bool),
    Save,
    Close,
}

/// What the candidate is asked before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    End,
    Leave,
}

/// The window.
pub struct App {
    watched: Arc<dyn Watched>,
    about: About,
    words: Words,
    snapshot: Snapshot,
    preview: Option<Preview>,
    view: View,
    /// The preview on the graphics card, and the number of its frame.
    picture: Option<(u64, TextureHandle)>,
    agreed: bool,
    consent: Option<Consent>,
    question: Option<Question>,
    is_compact: bool,
    is_closing: bool,
    /// The last command was not taken.
    was_busy: bool,
    saved: Option<Result<PathBuf, String>>,
    asked: Vec<Action>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("view", &self.view).finish_non_exhaustive()
    }
}

impl App {
    pub fn new(watched: Arc<dyn Watched>, about: About, language: Language) -> Self {
        let snapshot = watched.snapshot();
        Self {
            view: view_model::view(&snapshot, None),
            snapshot,
            preview: None,
            watched,
            about,
            words: Words::new(language),
            picture: None,
            agreed: false,
            consent: None,
            question: None,
            is_compact: false,
            is_closing: false,
            was_busy: false,
            saved: None,
            asked: Vec::new(),
        }
    }

    /// That the candidate agreed, once they did.
    pub fn consent(&self) -> Option<&Consent> {
        self.consent.as_ref()
    }

    pub(super) fn words(&self) -> &Words {
        &self.words
    }

    pub(super) fn view(&self) -> &View {
        &self.view
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(super) fn preview(&self) -> Option<&Preview> {
        self.preview.as_ref()
    }

    pub(super) fn picture(&self) -> Option<egui::TextureId> {
        self.picture.as_ref().map(|(_, texture)| texture.id())
    }

    pub(super) fn has_agreed(&self) -> bool {
        self.agreed
    }

    pub(super) fn saved(&self) -> Option<&Result<PathBuf, String>> {
        self.saved.as_ref()
    }

    pub(super) fn consent_text(&self) -> Vec<Section> {
        consent::text(&self.words, &self.about.policy, &self.about.server)
    }

    /// Carries out what was asked, and takes the latest of the agent. Draws nothing.
    pub fn drain(&mut self, ctx: &egui::Context) {
        for action in std::mem::take(&mut self.asked) {
            self.act(ctx, action);
        }
        let before = self.view.notice;
        self.snapshot = self.watched.snapshot();
        self.preview = self.watched.preview();
        self.view = view_model::view(&self.snapshot, self.preview.as_ref());
        let is_alarm = |notice| notice != Notice::Back && before != Some(notice);
        if self.view.notice.is_some_and(is_alarm) {
            let attention = egui::UserAttentionType::Critical;
            ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(attention));
        }
        if self.is_compact && self.view.screen != Screen::Exam {
            self.compact(ctx, false);
        }
        if ctx.input(|input| input.viewport().close_requested()) {
            self.close_requested(ctx);
        }
    }

    /// While the exam goes on, the window closes only after a question.
    fn close_requested(&mut self, ctx: &egui::Context) {
        if self.view.screen == Screen::Exam && !self.is_closing {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            self.question = Some(Question::Leave);
            self.compact(ctx, false);
        }
    }

    fn act(&mut self, ctx: &egui::Context, action: Action) {
        match action {
            Action::Speak(language) => {
                // What was agreed to is another text now.
                self.agreed = self.agreed && language == self.words.language();
                self.words = Words::new(language);
            }
            Action::Agree(agreed) => self.agreed = agreed,
            Action::Consent => self.give_consent(),
            Action::ReadAgain => (self.agreed, self.consent) = (false, None),
            Action::Begin => self.command(Command::Begin),
            Action::Ask(question) => self.question = question,
            Action::End => {
                self.question = None;
                self.command(Command::End { flush: self.about.flush });
            }
            Action::Compact(is_compact) => self.compact(ctx, is_compact),
            Action::Save => {
                let (folder, label) = (&self.about.folder, &self.about.label);
                let saved = copy::save(folder, label, &self.snapshot, self.consent.as_ref());
                self.saved = Some(saved.map_err(|error| error.to_string()));
            }
            Action::Close => {
                self.is_closing = true;
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
        }
    }

    fn give_consent(&mut self) {
        if !self.agreed {
            return;
        }
        let text_sha256 = consent::hash(&self.consent_text());
        let at = format!("{:.0}", Reading::now().wall);
        let consent = Consent { text_sha256, at, language: self.words.language().tag() };
        let Consent { text_sha256, at, language } = &consent;
        tracing::info!(%text_sha256, %at, language, "the candidate agreed to the text that was shown");
        self.consent = Some(consent);
    }

    fn command(&mut self, command: Command) {
        let taken = self.watched.command(command);
        if let Err(error) = &taken {
            tracing::warn!(%error, "a command of the window was not taken");
        }
        self.was_busy = taken.is_err();
    }

    fn compact(&mut self, ctx: &egui::Context, is_compact: bool) {
        if self.is_compact == is_compact {
            return;
        }
        self.is_compact = is_compact;
        let (size, level) = if is_compact {
            (COMPACT, WindowLevel::AlwaysOnTop)
        } else {
            (FULL, WindowLevel::Normal)
        };
        ctx.send_viewport_cmd(ViewportCommand::WindowLevel(level));
        ctx.send_viewport_cmd(ViewportCommand::InnerSize(size));
    }

    /// Draws. What is asked for is done by the next `drain`.
    pub fn draw(&mut self, ui: &mut egui::Ui) {
        self.load_picture(ui.ctx());
        let mut asked = Vec::new();
        let margin = if self.is_compact { 10 } else { 20 };
        let frame = egui::Frame::new().fill(theme::palette(ui).panel).inner_margin(margin);
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            if self.is_compact {
                exam::compact(ui, self, &mut asked);
                return;
            }
            self.top_bar(ui, &mut asked);
            if self.was_busy {
                parts::banner(ui, view_model::Sight::NotSeen, &self.words.say("busy"));
            }
            match (self.view.screen, &self.consent) {
                (Screen::CheckIn, None) => welcome::show(ui, self, &mut asked),
                (Screen::CheckIn, Some(_)) => check_in::show(ui, self, &mut asked),
                (Screen::Exam, _) => exam::show(ui, self, &mut asked),
                (Screen::Ending | Screen::Ended, _) => end::show(ui, self, &mut asked),
            }
        });
        if let Some(question) = self.question.filter(|_| self.view.screen == Screen::Exam) {
            self.put_question(ui.ctx(), question, &mut asked);
        }
        if !asked.is_empty() {
            ui.ctx().request_repaint();
        }
        self.asked.extend(asked);
    }

    /// Name, languages, and the size of the text.
    fn top_bar(&self, ui: &mut egui::Ui, asked: &mut Vec<Action>) {
        ui.horizontal_wrapped(|ui| {
            ui.label(parts::strong("InView", 17.0).color(theme::palette(ui).accent));
            ui.add_space(10.0);
            for language in Language::ALL {
                let is_ours = language == self.words.language();
                if ui.selectable_label(is_ours, language.own_name()).clicked() && !is_ours {
                    asked.push(Action::Speak(language));
                }
            }
            ui.add_space(10.0);
            for (sign, key, step) in [("A−", "text-smaller", -0.1), ("A+", "text-larger", 0.1)] {
                let (button, name) = (ui.button(sign), self.words.say(key));
                button.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::Role::Button, true, name.clone())
                });
                if button.on_hover_text(name).clicked() {
                    let zoom = (ui.ctx().zoom_factor() + step).clamp(0.8, 2.0);
                    ui.ctx().set_zoom_factor(zoom);
                }
            }
        });
        ui.add_space(8.0);
    }

    fn put_question(&self, ctx: &egui::Context, question: Question, asked: &mut Vec<Action>) {
        let (name, yes) = match question {
            Question::End => ("exam-end", Action::End),
            Question::Leave => ("leave", Action::Close),
        };
        let say = |part: &str| self.words.say(&format!("{name}-{part}"));
        let modal = egui::Modal::new(egui::Id::unique("question")).show(ctx, |ui| {
            ui.set_max_width(380.0);
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
        if modal.should_close() {
            asked.push(Action::Ask(None));
        }
    }

    /// Brings the preview to the graphics card, as a mirror; and takes it away.
    fn load_picture(&mut self, ctx: &egui::Context) {
        let Some(preview) = &self.preview else {
            self.picture = None;
            return;
        };
        if self.picture.as_ref().is_some_and(|(seq, _)| *seq == preview.seq) {
            return;
        }
        let (width, height) = (preview.size.width as usize, preview.size.height as usize);
        let mirrored = preview.rgb.chunks_exact(width.max(1) * 3).flat_map(|row| {
            row.chunks_exact(3).rev().map(|rgb| egui::Color32::from_rgb(rgb[0], rgb[1], rgb[2]))
        });
        let image = ColorImage::new([width, height], mirrored.collect());
        match &mut self.picture {
            Some((seq, texture)) => {
                texture.set(image, TextureOptions::LINEAR);
                *seq = preview.seq;
            }
            None => {
                let texture = ctx.load_texture("preview", image, TextureOptions::LINEAR);
                self.picture = Some((preview.seq, texture));
            }
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.drain(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
    }
}
