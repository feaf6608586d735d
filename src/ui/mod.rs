//! The candidate's window on the agent. The agent watches whatever happens to the window: it has its
//! own threads, and nothing here can stop it but a command.
//!
//! `window` has the stages: `join` asks which exam, and then `app` holds what the window knows and
//! does. `drain` takes the latest snapshot and gives commands, `draw` draws and does nothing else, so
//! that a hidden window misses nothing. `entrance` joins an exam and starts its agent, off the window's
//! thread. `view_model` says, purely, what to show; `i18n` has the words; each screen is a file:
//! `join`, `welcome`, `check_in`, `exam`, `end`; a `message` of the proctor comes before whatever is
//! shown, and so does the request to check the camera (`recheck`). The last six read the `app` and answer with actions, they change nothing.

mod alarm;
mod app;
mod check_in;
mod chrome;
mod consent;
mod copy;
mod desktop;
mod direction;
mod end;
mod entrance;
mod exam;
pub mod i18n;
mod join;
mod message;
mod mirror;
mod page;
mod parts;
mod recheck;
mod signs;
pub mod tones;
pub mod view_model;
mod welcome;
mod window;

use std::process::ExitCode;

use anyhow::anyhow;
use eframe::egui;

use crate::agent::Snapshot;
use crate::agent::args::Args;
use crate::agent::start::{self, Asked};
use crate::theme;
use entrance::{Door, Running};

pub use app::{About, App, Watched};
pub use desktop::{Desktop, Heard, ThisDesktop};
pub use join::JoinFault;
pub use window::{Entrance, Joined, Window};

/// The window's size in points, and the compact window's.
pub(crate) const FULL: egui::Vec2 = egui::vec2(600.0, 690.0);
pub(crate) const COMPACT: egui::Vec2 = egui::vec2(340.0, 132.0);
/// The compact window while it shows a message, or the request to check the camera.
pub(crate) const COMPACT_MESSAGE: egui::Vec2 = egui::vec2(440.0, 470.0);

/// Runs until the window is closed; says on standard error what went wrong.
pub fn run(args: &Args) -> ExitCode {
    start::exit_status(try_run(args))
}

fn try_run(args: &Args) -> anyhow::Result<Option<Snapshot>> {
    if !has_display() {
        return Err(anyhow!(
            "there is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set): \
             use --headless"
        ));
    }
    let context = egui::Context::default();
    let door = Door::new(args.clone(), context.clone());
    let running = door.running();
    let asked = start::asked(args)?;
    let earlier = match &asked {
        Asked::Known(session) => start::earlier(args, Some(session))?,
        Asked::Join(_) | Asked::Nothing => start::earlier(args, None)?,
    };
    let language = i18n::of_system();
    let window = match asked {
        Asked::Known(session) => {
            let joined = door.start(*session)?;
            Window::running(Box::new(door), joined, language)
        }
        Asked::Join(link) => Window::joining(Box::new(door), Some(link), language),
        Asked::Nothing => Window::joining(Box::new(door), None, language),
    };
    open(context, window)?;
    drop(earlier);
    Ok(Running::take(&running).map(Running::close))
}

/// Returns when the window is closed.
fn open(context: egui::Context, window: Window) -> anyhow::Result<()> {
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
        Ok(Box::new(window))
    });
    eframe::run_native_ext("InView", options, Some(context), creator).map_err(|error| {
        tracing::warn!(%error, "no window");
        anyhow!("no window can be opened on this display; --headless needs none")
    })
}

fn has_display() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(not(all(unix, not(target_os = "macos"))))
        || ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"].into_iter().any(is_set)
}
