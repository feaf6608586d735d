//! What is in the window: first the way into an exam, then the exam. An agent is there only in the
//! second stage.

use std::sync::Arc;

use eframe::egui;

use super::app::{About, App, Watched};
use super::desktop::Desktop;
use super::i18n::Language;
use super::join::{Join, JoinFault};
use super::{direction, theme};
use crate::settings::link::JoinLink;

/// An exam that was joined.
pub struct Joined {
    pub watched: Arc<dyn Watched>,
    pub desktop: Arc<dyn Desktop>,
    pub about: About,
}

impl std::fmt::Debug for Joined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Joined").field("about", &self.about).finish_non_exhaustive()
    }
}

/// The way into an exam, as the window sees it.
pub trait Entrance {
    /// Starts to join. Returns at once.
    fn join(&mut self, link: JoinLink);
    /// What became of it, once.
    fn outcome(&mut self) -> Option<Result<Joined, JoinFault>>;
    /// The exam that was joined is not the one: its agent stops. Returns at once.
    fn leave(&mut self);
}

enum Stage {
    Joining(Box<Join>),
    Running(Box<App>),
}

/// The window.
pub struct Window {
    stage: Stage,
    entrance: Box<dyn Entrance>,
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.stage {
            Stage::Joining(_) => "Window(joining)",
            Stage::Running(_) => "Window(running)",
        })
    }
}

impl Window {
    /// Asks which exam to join; joins at once by a link that is known already.
    pub fn joining(
        mut entrance: Box<dyn Entrance>,
        link: Option<JoinLink>,
        language: Language,
    ) -> Self {
        let stage = Stage::Joining(Box::new(Join::new(language, link.as_ref())));
        if let Some(link) = link {
            entrance.join(link);
        }
        Self { stage, entrance }
    }

    /// Shows an exam that was joined before.
    pub fn running(entrance: Box<dyn Entrance>, joined: Joined, language: Language) -> Self {
        Self { stage: running(joined, language), entrance }
    }

    /// The exam, once there is one.
    pub fn app(&self) -> Option<&App> {
        match &self.stage {
            Stage::Joining(_) => None,
            Stage::Running(app) => Some(app),
        }
    }

    /// Takes the news, and does what was asked. Draws nothing.
    pub fn drain(&mut self, ctx: &egui::Context) {
        let next = match &mut self.stage {
            Stage::Joining(join) => {
                if let Some(link) = join.take_asked() {
                    self.entrance.join(link);
                }
                match self.entrance.outcome() {
                    None => return,
                    Some(Err(fault)) => return join.failed(fault),
                    Some(Ok(joined)) => running(joined, join.language()),
                }
            }
            Stage::Running(app) => {
                app.drain(ctx);
                if !app.is_left() {
                    return;
                }
                self.entrance.leave();
                Stage::Joining(Box::new(Join::new(app.words().language(), None)))
            }
        };
        self.stage = next;
        ctx.request_repaint();
    }

    /// Draws. What is asked for is done by the next `drain`.
    pub fn draw(&mut self, ui: &mut egui::Ui) {
        match &mut self.stage {
            Stage::Joining(join) => {
                let frame = egui::Frame::new().fill(theme::palette(ui).panel).inner_margin(20);
                egui::CentralPanel::default().frame(frame).show(ui, |ui| {
                    direction::within(ui, join.language().direction(), |ui| join.show(ui));
                });
            }
            Stage::Running(app) => app.draw(ui),
        }
    }
}

fn running(Joined { watched, desktop, about }: Joined, language: Language) -> Stage {
    Stage::Running(Box::new(App::new(watched, desktop, about, language)))
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.drain(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
    }
}
