//! The candidate's window on the agent. The agent watches whatever happens to the window: it has its
//! own threads, and nothing here can stop it but a command.
//!
//! `app` holds what the window knows and does; its `logic` takes the latest snapshot and gives
//! commands, its `ui` draws and does nothing else, so that a hidden window misses nothing.
//! `view_model` says, purely, what to show; `i18n` has the words; each screen is a file: `welcome`,
//! `check_in`, `exam`, `end`; a `message` of the proctor comes before whatever is shown. Screens read the `app` and answer with actions, they change nothing.

mod alarm;
mod app;
mod check_in;
mod chrome;
mod consent;
mod copy;
mod desktop;
mod direction;
mod end;
mod exam;
pub mod i18n;
mod message;
mod mirror;
mod page;
mod parts;
mod signs;
pub mod theme;
pub mod tones;
pub mod view_model;
mod welcome;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::anyhow;
use eframe::egui;

use crate::agent::args::Args;
use crate::agent::{Agent, Command, Snapshot, start};
use i18n::Language;

pub use app::{About, App, Watched};
pub use desktop::{Desktop, Heard, ThisDesktop};

/// The window's size in points, and the compact window's.
pub(crate) const FULL: egui::Vec2 = egui::vec2(600.0, 690.0);
pub(crate) const COMPACT: egui::Vec2 = egui::vec2(340.0, 132.0);
/// The compact window while it shows a message.
pub(crate) const COMPACT_MESSAGE: egui::Vec2 = egui::vec2(440.0, 470.0);

/// Runs until the window is closed; says on standard error what went wrong.
pub fn run(args: &Args) -> ExitCode {
    start::exit_status(try_run(args))
}

fn try_run(args: &Args) -> anyhow::Result<Snapshot> {
    if !has_display() {
        return Err(anyhow!(
            "there is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set): \
             use --headless"
        ));
    }
    let context = egui::Context::default();
    let (waker, sound_waker) = (context.clone(), context.clone());
    let setup = start::setup(args)?;
    let about = About {
        label: setup.label.clone(),
        server: setup.upload.as_ref().map(|upload| upload.server.clone()).unwrap_or_default(),
        policy: setup.policy.clone(),
        folder: setup.folder.clone(),
        flush: setup.flush,
    };
    let agent = Agent::start(setup, start::world(args, move || waker.request_repaint())?)?;
    let agent = Arc::new(agent);
    if args.begin {
        agent.command(Command::Begin { consent: None })?;
    }
    let watched: Arc<dyn Watched> = Arc::<Agent>::clone(&agent);
    let desktop = Arc::new(ThisDesktop::new(move || sound_waker.request_repaint()));
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("InView")
            .with_app_id("inview")
            .with_inner_size(FULL)
            .with_min_inner_size(COMPACT),
        ..eframe::NativeOptions::default()
    };
    let creator: eframe::AppCreator<'_> = Box::new(move |cc| {
        theme::install(&cc.egui_ctx);
        Ok(Box::new(App::new(watched, desktop, about, Language::of_system())))
    });
    eframe::run_native_ext("InView", options, Some(context), creator).map_err(|error| {
        tracing::warn!(%error, "no window");
        anyhow!("no window can be opened on this display; --headless needs none")
    })?;
    Ok(agent.snapshot())
}

fn has_display() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(not(all(unix, not(target_os = "macos"))))
        || ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"].into_iter().any(is_set)
}
