//! What the window knows and does once an exam was joined. `drain` takes the news and carries out what was asked; `draw`
//! draws. A hidden window is drained and not drawn.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{self, ViewportCommand, WindowLevel};

use super::alarm::Alarm;
use super::consent::{self, Section};
use super::copy::Saved;
use super::desktop::{Desktop, Heard};
use super::i18n::{Direction, Language, Words};
use super::mirror::Mirror;
use super::tones::Sound;
use super::view_model::{self, Notice, Screen, View};
use super::{
    COMPACT, COMPACT_MESSAGE, FULL, check_in, chrome, copy, direction, end, exam, message, parts,
    recheck, theme, welcome,
};
use crate::agent::{Agent, Busy, Command, Preferences, Preview, Snapshot};
use crate::capture::camera::Remembered;
use crate::clock::Reading;
use crate::presence::Policy;
use crate::report::{CheckAnswer, CommandId, Consent};

/// A snapshot is at most so old: the next full second is in it by then.
const LATE: Duration = Duration::from_millis(120);

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
    /// Where its reports are.
    pub spool: PathBuf,
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
    Mute(bool),
    TrySound,
    /// The camera at this place in the list.
    UseCamera(usize),
    Begin,
    Ask(Option<Question>),
    End,
    Compact(bool),
    Save,
    /// The page that was saved, or else its folder.
    OpenPage,
    OpenFolder,
    Close,
    /// A message was drawn, or a request to check the camera.
    Shown(CommandId),
    Read(CommandId),
    Checked(CommandId, CheckAnswer),
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
    desktop: Arc<dyn Desktop>,
    about: About,
    words: Words,
    /// Instead of the language's.
    direction: Option<Direction>,
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
    saved: Option<Result<Saved, String>>,
    /// Why what was saved could not be opened.
    not_opened: Option<String>,
    preferences: Preferences,
    alarm: Alarm,
    asked: Vec<Action>,
    /// The message or request of which the agent was told last that it is on the screen.
    said_shown: Option<CommandId>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("view", &self.view).finish_non_exhaustive()
    }
}

impl App {
    pub fn new(
        watched: Arc<dyn Watched>,
        desktop: Arc<dyn Desktop>,
        about: About,
        language: Language,
    ) -> Self {
        let snapshot = watched.snapshot();
        Self {
            view: view_model::view(&snapshot, None),
            snapshot,
            preview: None,
            watched,
            desktop,
            alarm: Alarm::default(),
            preferences: Preferences::read(&about.folder),
            about,
            words: Words::new(language),
            direction: None,
            mirror: Mirror::default(),
            agreed: false,
            consent: None,
            question: None,
            is_compact: false,
            is_closing: false,
            is_left: false,
            was_busy: false,
            saved: None,
            not_opened: None,
            asked: Vec::new(),
            said_shown: None,
        }
    }

    /// Lays everything out in this direction, whatever the language: for tests, while none of our
    /// languages is read from right to left.
    #[must_use]
    pub fn read(mut self, direction: Direction) -> Self {
        self.direction = Some(direction);
        self
    }

    /// That the candidate agreed, once they did.
    pub fn consent(&self) -> Option<&Consent> {
        self.consent.as_ref()
    }

    pub(super) fn direction(&self) -> Direction {
        self.direction.unwrap_or(self.words.language().direction())
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

    pub(super) fn saved(&self) -> Option<&Result<Saved, String>> {
        self.saved.as_ref()
    }

    pub(super) fn not_opened(&self) -> Option<&str> {
        self.not_opened.as_deref()
    }

    pub(super) fn is_muted(&self) -> bool {
        self.preferences.is_muted
    }

    pub(super) fn heard(&self) -> Heard {
        self.desktop.heard()
    }

    /// Whether the agent knows that this is on the screen.
    pub(super) fn has_said_shown(&self, id: CommandId, shown: bool) -> bool {
        shown || self.said_shown == Some(id)
    }

    /// What stands above the screen: a message, or the request to check the camera.
    fn above(&self) -> Option<CommandId> {
        let message = self.view.message.as_ref().map(|letter| letter.message.id);
        message.or_else(|| recheck::asked_for(self).map(|check| check.id))
    }

    pub(super) fn consent_text(&self) -> Vec<Section> {
        consent::text(&self.words, &self.about.policy, &self.about.server)
    }

    /// Carries out what was asked, and takes the latest of the agent. Draws nothing.
    pub fn drain(&mut self, ctx: &egui::Context) {
        for action in std::mem::take(&mut self.asked) {
            self.act(ctx, action);
        }
        let (before, above) = (self.view.notice, self.above());
        self.snapshot = self.watched.snapshot();
        self.preview = self.watched.preview();
        self.view = view_model::view(&self.snapshot, self.preview.as_ref());
        let is_alarm = |notice: Notice| !notice.is_good() && before != Some(notice);
        let is_new = |id| above != Some(id);
        if self.view.notice.is_some_and(is_alarm) || self.above().is_some_and(is_new) {
            let attention = egui::UserAttentionType::Critical;
            ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(attention));
        }
        self.sound(ctx);
        if self.view.screen == Screen::Exam {
            // Only the clocks on the screen go on while nothing happens.
            let into = self.view.running.as_millis() as u64 % 1_000;
            ctx.request_repaint_after(Duration::from_millis(1_000 - into) + LATE);
        }
        if self.is_compact && self.view.screen != Screen::Exam {
            self.compact(ctx, false);
        }
        if self.is_compact && above.is_some() != self.above().is_some() {
            ctx.send_viewport_cmd(ViewportCommand::InnerSize(self.compact_size()));
        }
        if ctx.input(|input| input.viewport().close_requested()) {
            self.close_requested(ctx);
        }
    }

    fn sound(&mut self, ctx: &egui::Context) {
        let now = self.snapshot.at_ms;
        if let Some(sound) = self.alarm.next(self.view.notice, now)
            && !self.preferences.is_muted
        {
            self.desktop.play(sound);
        }
        if let Some(wait) = self.alarm.wait(now) {
            ctx.request_repaint_after(wait);
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
            Action::ReadAgain => {
                (self.agreed, self.consent) = (false, None);
                self.command(Command::Agreed(false));
            }
            Action::Mute(is_muted) => {
                self.preferences.is_muted = is_muted;
                self.remember();
            }
            Action::TrySound => self.desktop.play(Sound::Warning),
            Action::UseCamera(index) => self.use_camera(index),
            Action::Begin => self.command(Command::Begin { consent: self.consent.clone() }),
            Action::Shown(message) => {
                // Not taken: it is drawn again, and said again.
                let is_taken = self.watched.command(Command::Shown(message)).is_ok();
                self.said_shown = Some(message).filter(|_| is_taken);
            }
            Action::Read(message) => self.command(Command::Read(message)),
            Action::Checked(check, answer) => self.command(Command::Checked { check, answer }),
            Action::Ask(question) => self.question = question,
            Action::End => {
                self.question = None;
                self.command(Command::End { flush: self.about.flush });
            }
            Action::Compact(is_compact) => self.compact(ctx, is_compact),
            Action::Save => {
                let (about, consent) = (&self.about, self.consent.as_ref());
                let saved = copy::save(about, &self.words, &self.snapshot, consent);
                self.saved = Some(saved.map_err(|error| error.to_string()));
                self.not_opened = None;
            }
            Action::OpenPage => self.open(|saved| saved.page),
            Action::OpenFolder => self.open(|saved| saved.folder),
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
        let language = self.words.language().tag().to_owned();
        let consent = Consent { text_sha256, at, language };
        let Consent { text_sha256, at, language } = &consent;
        tracing::info!(%text_sha256, %at, language, "the candidate agreed to the text that was shown");
        self.consent = Some(consent);
        self.command(Command::Agreed(true));
    }

    fn use_camera(&mut self, index: usize) {
        let Some(camera) = self.snapshot.cameras.get(index) else { return };
        let (id, name) = (camera.id.clone(), camera.name.clone());
        self.preferences.camera = Some(Remembered { id: id.clone(), name });
        self.remember();
        self.command(Command::UseCamera(id));
    }

    fn open(&mut self, which: impl FnOnce(Saved) -> PathBuf) {
        let Some(Ok(saved)) = self.saved.clone() else { return };
        let opened = self.desktop.open(&which(saved));
        self.not_opened = opened.err().map(|error| error.to_string());
    }

    fn remember(&self) {
        if let Err(error) = self.preferences.write(&self.about.folder) {
            tracing::warn!(%error, "what was chosen cannot be remembered");
        }
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
            (self.compact_size(), WindowLevel::AlwaysOnTop)
        } else {
            (FULL, WindowLevel::Normal)
        };
        ctx.send_viewport_cmd(ViewportCommand::WindowLevel(level));
        ctx.send_viewport_cmd(ViewportCommand::InnerSize(size));
    }

    /// Room for what stands above, while there is something.
    fn compact_size(&self) -> egui::Vec2 {
        if self.above().is_some() { COMPACT_MESSAGE } else { COMPACT }
    }

    /// Draws. What is asked for is done by the next `drain`.
    pub fn draw(&mut self, ui: &mut egui::Ui) {
        self.mirror.show(ui.ctx(), self.preview.as_ref());
        let mut asked = Vec::new();
        let margin = if self.is_compact { 10 } else { 20 };
        let frame = egui::Frame::new().fill(theme::palette(ui).panel).inner_margin(margin);
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            direction::within(ui, self.direction(), |ui| self.screen(ui, &mut asked));
        });
        if let Some(question) = self.question.filter(|_| self.view.screen == Screen::Exam) {
            chrome::put_question(ui.ctx(), self, question, &mut asked);
        }
        if !asked.is_empty() {
            ui.ctx().request_repaint();
        }
        self.asked.extend(asked);
    }

    fn draw_above(&self, ui: &mut egui::Ui, asked: &mut Vec<Action>) {
        message::show(ui, self, asked);
        recheck::show(ui, self, asked);
    }

    fn screen(&self, ui: &mut egui::Ui, asked: &mut Vec<Action>) {
        if self.is_compact {
            self.draw_above(ui, asked);
            exam::compact(ui, self, asked);
            return;
        }
        chrome::top_bar(ui, &self.words, asked);
        self.draw_above(ui, asked);
        if self.was_busy {
            parts::banner(ui, view_model::Sight::NotSeen, &self.words.say("busy"));
        }
        match (self.view.screen, &self.consent) {
            (Screen::CheckIn, None) => welcome::show(ui, self, asked),
            (Screen::CheckIn, Some(_)) => check_in::show(ui, self, asked),
            (Screen::Exam, _) => exam::show(ui, self, asked),
            (Screen::Ending | Screen::Ended, _) => end::show(ui, self, asked),
        }
    }
}
