//! `inview-label`: a window in which QA says what is true of a recording, for `inview-replay evaluate`.
//!
//! ```text
//! recording ──Player (thread)──> Shown ──┐                  ┌──> timeline, panel, transport, help
//!           ──Verdict (thread)─> Told ───┼──> App ──draw────┤
//! truth file ──TruthFile──> Document ────┘     ^            └──> Actions, done by the next drain
//!     ^                          │             keys
//!     └────────── save ──────────┘
//! ```
//!
//! `document` (marks, undo), `truth_file`, `disagreement`, `reel` and `view` are pure; `player` and
//! `verdict` have a thread each, and the window waits for neither. The verdict comes from the pipeline of a
//! replay, and disagreements from the judge of an evaluation: what this window says of the tool is what
//! `evaluate` will count.

mod app;
pub mod args;
mod clip;
mod colours;
mod disagreement;
mod document;
mod help;
mod keys;
mod mark;
mod panel;
mod picture;
mod player;
mod reel;
mod timeline;
mod transport;
mod truth_file;
mod verdict;
mod view;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use eframe::egui;

pub use app::App;
pub use clip::{Clip, ClipError, Known};
pub use document::{Content, Document, Edge, Marked, Touch};
pub use keys::{Action, Save, Way};
pub use mark::Mark;
pub use player::{Player, Screen, Shown, Waker};
pub use truth_file::{Footage, TruthFile, TruthFileError};
pub use verdict::{Setup, Stage, Told, Verdict};

use crate::capture::file;
use crate::replay::command;
use crate::theme;
use args::Args;

/// Runs until the window is closed; says on standard error what went wrong.
pub fn run(args: &Args) -> ExitCode {
    match try_run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(std::io::stderr(), "inview-label: {error:#}").ok();
            ExitCode::from(2)
        }
    }
}

/// Opens what the command line names; `ctx` is drawn anew when there is news.
///
/// # Errors
/// When the recording or a file that is named cannot be read.
pub fn open(args: &Args, ctx: &egui::Context) -> anyhow::Result<App> {
    let policy = command::policy(args.policy.as_deref(), args.rate)?;
    let eyes = command::eyes(args.detections.as_deref())?;
    let (clip, known) = Clip::find(&args.clip, args.out.as_deref(), args.labels.as_deref())?;
    let video = file::Options::from_env();
    // Opened once here, so that what cannot be read is said before there is a window.
    file::open_with(&clip.path, &video).map(drop).with_context(|| clip.name.clone())?;
    let drawn = ctx.clone();
    let waker: Waker = Arc::new(move || drawn.request_repaint());
    let player = Player::start(clip.path.clone(), video.clone(), Arc::clone(&waker))?;
    let setup = Setup { path: clip.path.clone(), video, policy: policy.clone(), eyes };
    let verdict = Verdict::start(setup, waker)?;
    Ok(App::new(clip, known, player, verdict, policy))
}

fn try_run(args: &Args) -> anyhow::Result<()> {
    let context = egui::Context::default();
    let app = open(args, &context)?;
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("InView label")
            .with_app_id("inview-label")
            .with_inner_size(egui::vec2(1_320.0, 900.0))
            .with_min_inner_size(egui::vec2(940.0, 640.0)),
        ..eframe::NativeOptions::default()
    };
    let creator: eframe::AppCreator<'_> = Box::new(move |cc| {
        theme::install(&cc.egui_ctx);
        Ok(Box::new(app))
    });
    eframe::run_native_ext("InView label", options, Some(context), creator).map_err(|error| {
        tracing::warn!(%error, "no window");
        anyhow!("no window can be opened on this display")
    })
}
