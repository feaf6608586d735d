//! What the window knows and does. `drain` takes the news and carries out what was asked, `draw` draws
//! and does nothing else.
//!
//! What a key asks of the frame that is shown waits until that frame is there: the keys o, →, →, o mark
//! two frames, however slowly they are decoded.

mod edits;
mod moves;

use std::collections::VecDeque;

use eframe::egui::{self, TextureHandle, TextureOptions, ViewportCommand};

use crate::geometry::Size;
use crate::label::clip::{Clip, Known};
use crate::label::disagreement::disagreements;
use crate::label::document::{Document, Marked};
use crate::label::keys::{self, Action, Save, Way};
use crate::label::mark::Mark;
use crate::label::player::{Player, Screen};
use crate::label::truth_file::{Footage, TruthFile};
use crate::label::verdict::{Stage, Told, Verdict};
use crate::label::view::View;
use crate::label::{help, panel, timeline, transport};
use crate::presence::Policy;
use crate::replay::evaluate::Labels;
use crate::score::{Mistake, Report};
use crate::theme;
use crate::time::MediaTime;

/// How fast it is played.
const SPEEDS: [f64; 5] = [0.5, 1.0, 1.5, 2.0, 4.0];
const NORMAL: usize = 1;
/// Keys that wait for their frame. More are not taken.
const MOST_WAITING: usize = 24;

/// What the window says of what was done last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Good(String),
    Bad(String),
}

/// The window.
pub struct App {
    pub(super) clip: Clip,
    pub(super) document: Document,
    file: TruthFile,
    foreign: Option<Labels>,
    player: Player,
    verdict: Verdict,
    policy: Policy,
    pub(super) screen: Screen,
    pub(super) told: Told,
    pub(super) mistakes: Vec<Mistake>,
    judged: Option<(u64, usize, Stage, MediaTime)>,
    pub(super) selected_told: Option<Report>,
    pub(super) view: View,
    pub(super) position: MediaTime,
    pub(super) is_playing: bool,
    pub(super) speed: usize,
    owed_s: f64,
    waiting: VecDeque<Action>,
    asked: Vec<Action>,
    pub(super) drag: timeline::Drag,
    pub(super) said: Option<Said>,
    pub(super) shows_help: bool,
    pub(super) asks_to_close: bool,
    may_close: bool,
    title: String,
    pub(super) texture: Option<TextureHandle>,
    drawn: Option<MediaTime>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("clip", &self.clip).finish_non_exhaustive()
    }
}

impl App {
    pub fn new(clip: Clip, known: Known, player: Player, verdict: Verdict, policy: Policy) -> Self {
        let Known { file, content, foreign } = known;
        Self {
            clip,
            document: Document::new(content),
            file,
            foreign,
            player,
            verdict,
            policy,
            screen: Screen::default(),
            told: Told::default(),
            mistakes: Vec::new(),
            judged: None,
            selected_told: None,
            view: View::whole(MediaTime::ZERO),
            position: MediaTime::ZERO,
            is_playing: false,
            speed: NORMAL,
            owed_s: 0.0,
            waiting: VecDeque::new(),
            asked: Vec::new(),
            drag: timeline::Drag::None,
            said: None,
            shows_help: false,
            asks_to_close: false,
            may_close: false,
            title: String::new(),
            texture: None,
            drawn: None,
        }
    }

    pub const fn document(&self) -> &Document {
        &self.document
    }

    pub const fn told(&self) -> &Told {
        &self.told
    }

    pub fn disagreements(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// The frame that is shown.
    pub fn shown(&self) -> Option<MediaTime> {
        self.screen.shown.as_ref().map(|shown| shown.pts)
    }

    /// Whether nothing is waited for: what was asked is done, and what is shown is what is wanted.
    pub fn is_settled(&self) -> bool {
        self.waiting.is_empty() && self.asked.is_empty() && self.player.is_settled()
    }

    /// Where the recording ends, as well as it is known.
    pub fn end(&self) -> Option<MediaTime> {
        let promised = self.screen.info.as_ref().and_then(|info| info.duration);
        self.told.end.or(self.screen.end).or(promised).filter(|end| *end > MediaTime::ZERO)
    }

    pub(super) fn speed(&self) -> f64 {
        SPEEDS[self.speed]
    }

    /// Takes the news, and does what was asked. Draws nothing.
    pub fn drain(&mut self, ctx: &egui::Context) {
        self.take_news(ctx);
        self.take_keys(ctx);
        self.waiting.extend(std::mem::take(&mut self.asked));
        self.carry_out_all(ctx);
        self.play(ctx);
        self.judge();
        self.mind_the_window(ctx);
    }

    fn take_news(&mut self, ctx: &egui::Context) {
        self.screen = self.player.screen();
        self.told = self.verdict.told();
        if let Some(end) = self.end() {
            self.view.reaches(end);
        }
        self.lay_over();
        let Some(shown) = &self.screen.shown else { return };
        if self.player.is_settled() && !self.is_playing {
            self.position = shown.pts;
        }
        if self.drawn != Some(shown.pts) {
            self.drawn = Some(shown.pts);
            let picture = (*shown.picture).clone();
            match &mut self.texture {
                Some(texture) => texture.set(picture, TextureOptions::LINEAR),
                None => {
                    self.texture = Some(ctx.load_texture("frame", picture, TextureOptions::LINEAR));
                }
            }
        }
    }

    /// Labels of another program need the recording's length and rate: they come when these are known.
    fn lay_over(&mut self) {
        let (Some(end), Some(rate)) = (self.told.end, self.told.frame_rate) else { return };
        let Some(labels) = self.foreign.take() else { return };
        match labels.truth(end, rate) {
            Ok(truth) => {
                let (_, content) = TruthFile::imported(&truth);
                self.document.put_all(&content.intervals);
                let name = labels.path.file_name().unwrap_or_default().to_string_lossy();
                self.said = Some(Said::Good(format!("Marks were taken over from {name}.")));
            }
            Err(error) => self.said = Some(Said::Bad(error.to_string())),
        }
    }

    fn take_keys(&mut self, ctx: &egui::Context) {
        // Whoever writes a note or walks through the controls by Tab means these.
        if ctx.memory(|memory| memory.focused().is_some()) {
            let saves = egui::KeyboardShortcut::new(egui::Modifiers::COMMAND, egui::Key::S);
            if ctx.input_mut(|input| input.consume_shortcut(&saves)) {
                self.waiting.push_back(Action::Save);
            }
            return;
        }
        let keys: Vec<Action> =
            ctx.input(|input| input.events.iter().filter_map(keys::action).collect());
        for action in keys {
            if self.asks_to_close {
                continue;
            }
            if self.shows_help {
                self.shows_help = false;
                if matches!(action, Action::Help | Action::GiveUp) {
                    continue;
                }
            }
            if self.waiting.len() < MOST_WAITING {
                self.waiting.push_back(action);
            }
        }
    }

    fn carry_out_all(&mut self, ctx: &egui::Context) {
        while let Some(action) = self.waiting.front() {
            let waits = !matches!(
                action,
                Action::Seek(_)
                    | Action::First
                    | Action::Last
                    | Action::Drag(..)
                    | Action::LetGo
                    | Action::Select(_)
                    | Action::SelectTold(_)
                    | Action::Pause
                    | Action::GoTo(_)
                    | Action::Close(_)
                    | Action::Stay
                    | Action::Help
            );
            if waits && !self.is_playing && !self.player.is_settled() {
                return;
            }
            if let Some(action) = self.waiting.pop_front() {
                self.carry_out(action, ctx);
                self.screen = self.player.screen();
            }
        }
    }

    fn carry_out(&mut self, action: Action, ctx: &egui::Context) {
        match action {
            Action::PlayOrPause => self.play_or_pause(),
            Action::Pause => self.is_playing = false,
            Action::Step(frames) => {
                self.is_playing = false;
                self.player.step(frames);
            }
            Action::Jump(Way::On, by) => self.seek(self.position + by),
            Action::Jump(Way::Back, by) => self.seek(self.position - by),
            Action::First => self.seek(MediaTime::ZERO),
            Action::Last => self.seek(self.end().unwrap_or_default()),
            Action::Seek(at) => self.seek(at),
            Action::Faster => self.speed = (self.speed + 1).min(SPEEDS.len() - 1),
            Action::Slower => self.speed = self.speed.saturating_sub(1),
            Action::NextMistake(way) => self.go_to_mistake(way),
            Action::GoTo(mistake) => self.go_to(&mistake),
            Action::NextEdge(way) => self.go_to_edge(way),
            Action::SelectTold(report) => {
                self.document.select(None);
                self.selected_told = Some(report);
            }
            Action::Zoom(factor) => {
                let place = self.view.place(self.position).clamp(0.0, 1.0);
                self.view.zoom(f64::from(factor), place);
            }
            Action::Whole => self.view = View::whole(self.end().unwrap_or_default()),
            Action::Save => drop(self.save()),
            Action::Help => self.shows_help = true,
            Action::Close(how) => self.close(how, ctx),
            Action::Stay => self.asks_to_close = false,
            Action::Mark(_)
            | Action::Nudge(..)
            | Action::Here(_)
            | Action::Drag(..)
            | Action::LetGo
            | Action::Select(_)
            | Action::Delete
            | Action::GiveUp
            | Action::Undo
            | Action::Redo
            | Action::Accept
            | Action::AcceptAll
            | Action::Tags(_)
            | Action::Note(_) => self.edit(action),
        }
    }

    fn footage(&self) -> Option<Footage> {
        let size = self.screen.info.as_ref().map_or(Size::new(0, 0), |info| info.size);
        let (name, sha256) = (self.clip.name.clone(), self.told.sha256);
        Some(Footage { name, size, end: self.end()?, sha256 })
    }

    fn judge(&mut self) {
        let told = &self.told;
        let reached = if told.stage == Stage::Looking { told.reached } else { MediaTime::ZERO };
        let key = (self.document.revision(), told.reports.len(), told.stage.clone(), reached);
        if self.judged.as_ref() == Some(&key) {
            return;
        }
        // What was begun and not ended says nothing yet.
        let mut content = self.document.content().clone();
        content.open.clear();
        let truth = self.footage().map(|footage| self.file.truth(&content, &footage));
        self.mistakes = match truth {
            Some(Ok(truth)) => disagreements(&truth, told, &self.policy),
            Some(Err(_)) | None => Vec::new(),
        };
        self.judged = Some(key);
    }

    fn save(&mut self) -> bool {
        self.said = None;
        let Some(footage) = self.footage() else {
            let words =
                "Not saved: the recording's length is not known before the tool was through.";
            self.said = Some(Said::Bad(words.to_owned()));
            return false;
        };
        let text = self.file.text(self.document.content(), &footage);
        let saved = text.map_err(|error| error.to_string()).and_then(|text| {
            self.clip.write(&text).map_err(|error| error.to_string())?;
            Ok(text)
        });
        match saved {
            Ok(text) => {
                self.document.was_saved();
                let open = self.document.content().open.len();
                let tail = match open {
                    0 => String::new(),
                    open => format!(" {} not ended: to the end.", intervals(open)),
                };
                self.said = Some(Said::Good(format!("Saved in {}.{tail}", self.clip.truth_name())));
                tracing::info!(bytes = text.len(), "truth saved");
                true
            }
            Err(error) => {
                self.said = Some(Said::Bad(format!("Not saved: {error}")));
                false
            }
        }
    }

    fn close(&mut self, how: Save, ctx: &egui::Context) {
        self.asks_to_close = false;
        if how == Save::First && !self.save() {
            return;
        }
        self.may_close = true;
        ctx.send_viewport_cmd(ViewportCommand::Close);
    }

    /// Its title, and whether it may be closed.
    fn mind_the_window(&mut self, ctx: &egui::Context) {
        let changed = self.document.is_changed();
        let title = format!("{}{} – InView label", if changed { "* " } else { "" }, self.clip.name);
        if title != self.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
        if changed && !self.may_close && ctx.input(|input| input.viewport().close_requested()) {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            self.asks_to_close = true;
        }
    }

    /// Draws. What is asked for is done by the next `drain`.
    pub fn draw(&mut self, ui: &mut egui::Ui) {
        let mut asked = Vec::new();
        ui.spacing_mut().button_padding = egui::vec2(10.0, 3.0);
        ui.spacing_mut().interact_size.y = 26.0;
        let colours = theme::palette(ui);
        let frame = egui::Frame::new().fill(colours.panel);
        egui::Panel::bottom("timeline").resizable(false).frame(frame.inner_margin(10)).show(
            ui,
            |ui| {
                timeline::show(ui, self, &mut asked);
            },
        );
        let side = egui::Panel::right("panel").resizable(false).exact_size(318.0);
        side.frame(frame.inner_margin(12)).show(ui, |ui| panel::show(ui, self, &mut asked));
        egui::CentralPanel::default().frame(frame.inner_margin(10)).show(ui, |ui| {
            transport::show(ui, self, &mut asked);
        });
        if self.shows_help && help::show(ui.ctx()) {
            self.shows_help = false;
        }
        if self.asks_to_close {
            help::ask_to_close(ui.ctx(), &self.clip.truth_name(), &mut asked);
        }
        if !asked.is_empty() {
            ui.ctx().request_repaint();
        }
        for action in asked {
            // Text is what was typed, at once.
            if matches!(action, Action::Tags(_) | Action::Note(_)) {
                self.edit(action);
            } else {
                self.asked.push(action);
            }
        }
    }
}

fn marked_as(report: &Report) -> Option<Marked> {
    Mark::of_kind(report.kind).map(|mark| Marked { mark, span: report.span })
}

fn intervals(count: usize) -> String {
    if count == 1 { "1 interval".to_owned() } else { format!("{count} intervals") }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.drain(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
    }
}
