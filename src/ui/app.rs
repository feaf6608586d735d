//! What the window knows and does once an exam was joined. `drain` takes the news and carries out what was asked; `draw`
//! draws. A hidden window is drained and not drawn.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{self, ViewportCommand, WindowLevel};

use super::consent::{self, Consent, Section};
use super::i18n::{Language, Words};
use super::mirror::Mirror;
use super::view_model::{self, Notice, Screen, View};
use super::{COMPACT, FULL, check_in, chrome, copy, end, exam, parts, theme, welcome};
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
    /// This is not the candidate's exam.
    Leave,
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

/// The window on an agent.
pub struct App {
    watched: Arc<dyn Watched>,
    about: About,
    words: Words,
    snapshot: Snapshot,
    preview: Option<Preview>,
    view: View,
    mirror: Mirror,
    agreed: bool,
    consent: Option<Consent>,
    question: Option<Question>,
    is_compact: bool,
    is_closing: bool,
    is_left: bool,
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
            mirror: Mirror::default(),
            agreed: false,
            consent: None,
            question: None,
            is_compact: false,
            is_closing: false,
            is_left: false,
            was_busy: false,
            saved: None,
            asked: Vec::new(),
        }
    }

    /// That the candidate agreed, once they did.
    pub fn consent(&self) -> Option<&Consent> {
        self.consent.as_ref()
    }

    /// The candidate wants another exam, and this one has not begun.
    pub(super) fn is_left(&self) -> bool {
        self.is_left
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
        self.mirror.texture()
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
            Action::Leave => self.is_left = self.view.screen == Screen::CheckIn,
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
        self.mirror.show(ui.ctx(), self.preview.as_ref());
        let mut asked = Vec::new();
        let margin = if self.is_compact { 10 } else { 20 };
        let frame = egui::Frame::new().fill(theme::palette(ui).panel).inner_margin(margin);
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            if self.is_compact {
                exam::compact(ui, self, &mut asked);
                return;
            }
            chrome::top_bar(ui, &self.words, &mut asked);
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
            chrome::put_question(ui.ctx(), self, question, &mut asked);
        }
        if !asked.is_empty() {
            ui.ctx().request_repaint();
        }
        self.asked.extend(asked);
    }
}
