//! The agent without a window: a line of JSON on standard output for everything that changes, and
//! commands as lines of JSON on standard input. For exam clients with a window of their own.
//!
//! A line on standard output is a [`Snapshot`]. Time and counts alone make no line. When standard
//! input ends, the exam goes on: a client that crashed must not end it.

use std::io::{self, BufRead as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use crossbeam_channel::{Sender, bounded, never, select};
use serde::Deserialize;

use super::args::Args;
use super::{Agent, Camera, Command, Phase, Recording, Setup, Snapshot, Webcam, World};
use crate::capture::camera::{self, CameraError, CameraId};
use crate::clock::Reading;
use crate::detector::{Detector, onnx};
use crate::{settings, upload};

/// A line of standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Begin,
    End,
}

/// Runs until the exam has ended; says on standard error what went wrong.
pub fn run(args: &Args) -> ExitCode {
    if args.list_cameras {
        return list_cameras();
    }
    match try_run(args) {
        Ok(last) if last.reports.delivered => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(3),
        Err(error) => {
            writeln!(io::stderr(), "inview: {error:#}").ok();
            ExitCode::from(2)
        }
    }
}

/// A line for each camera: its id, and what it pretends to be.
fn list_cameras() -> ExitCode {
    let cameras = match camera::list() {
        Ok(cameras) => cameras,
        Err(error) => {
            writeln!(io::stderr(), "inview: {error}").ok();
            return ExitCode::from(2);
        }
    };
    if cameras.is_empty() {
        writeln!(io::stderr(), "inview: {}", CameraError::NoCamera).ok();
    }
    for found in cameras {
        let note = found.virtual_device.map(|device| format!("   virtual: {}", device.product));
        writeln!(io::stdout(), "{}{}", found.id, note.unwrap_or_default()).ok();
    }
    ExitCode::SUCCESS
}

/// The camera whose id is, or begins with, what was typed.
fn chosen(typed: &str) -> anyhow::Result<CameraId> {
    let cameras = camera::list()?;
    let found = cameras.iter().find(|found| found.id.as_str().starts_with(typed));
    Ok(found.ok_or_else(|| anyhow!("there is no camera {typed:?}: see --list-cameras"))?.id.clone())
}

fn try_run(args: &Args) -> anyhow::Result<Snapshot> {
    let (wake, woken) = bounded(1);
    let agent = Agent::start(setup(args)?, world(args, wake)?)?;
    let flush = Duration::from_secs(args.flush);
    let (lines, mut typed) = bounded(16);
    let (stop, stopped) = bounded(1);
    listen(lines)?;
    ctrlc::set_handler(move || {
        stop.try_send(()).ok();
    })
    .context("cannot listen for Ctrl-C")?;
    if args.begin {
        agent.command(Command::Begin)?;
    }
    let mut told: Option<Snapshot> = None;
    loop {
        let ended = select! {
            recv(woken) -> _ => false,
            recv(typed) -> line => {
                match line {
                    Ok(line) => obey(&agent, line, flush),
                    // Standard input has ended: nobody commands any more.
                    Err(_) => typed = never(),
                }
                false
            },
            recv(stopped) -> _ => true,
        };
        let snapshot = agent.snapshot();
        if told.as_ref().is_none_or(|told| !told.says_the_same_as(&snapshot)) {
            tell(&snapshot)?;
            told = Some(snapshot.clone());
        }
        if ended || snapshot.phase == Phase::Ended {
            return Ok(snapshot);
        }
    }
}

fn obey(agent: &Agent, line: Line, flush: Duration) {
    let command = match line {
        Line::Begin => Command::Begin,
        Line::End => Command::End { flush },
    };
    if let Err(error) = agent.command(command) {
        tracing::warn!(%error, "a command was not taken");
    }
}

fn tell(snapshot: &Snapshot) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let line = serde_json::to_string(snapshot)?;
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        // Whoever listened has gone; the exam goes on.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write to standard output"),
    }
}

/// Reads commands. The thread ends with standard input, or with the program.
fn listen(lines: Sender<Line>) -> io::Result<()> {
    let read = move || {
        for text in io::stdin().lock().lines().map_while(Result::ok) {
            match serde_json::from_str(&text) {
                Ok(line) if lines.send(line).is_ok() => {}
                Ok(_) => return,
                Err(error) => tracing::warn!(%error, "a line that is no command"),
            }
        }
    };
    thread::Builder::new().name("commands".to_owned()).spawn(read).map(drop)
}

fn setup(args: &Args) -> anyhow::Result<Setup> {
    let Some(session) = &args.session else { bail!("--session is missing") };
    let file = settings::read_session(session)?;
    let folder = match &args.data {
        Some(folder) => folder.clone(),
        None => dirs::data_local_dir()
            .ok_or_else(|| anyhow!("there is no folder for user data: name one by --data"))?
            .join("inview")
            .join("agent"),
    };
    let upload = upload::Settings {
        server: file.server,
        token: file.token,
        authority: file.authority,
        allow_plain_loopback: false,
        folder: folder.join("spool"),
    };
    Ok(Setup {
        session: file.session,
        label: file.label,
        policy: file.policy,
        folder,
        upload: Some(upload),
        program: concat!("inview ", env!("CARGO_PKG_VERSION")).to_owned(),
    })
}

fn world(args: &Args, wake: Sender<()>) -> anyhow::Result<World> {
    let models = onnx::Models::load()?;
    let camera: Arc<dyn Camera> = if let Some(path) = &args.replay {
        Arc::new(Recording { path: path.clone() })
    } else {
        Arc::new(Webcam { wanted: args.camera.as_deref().map(chosen).transpose()? })
    };
    Ok(World {
        camera,
        make_detector: Arc::new(move || {
            let detector: Box<dyn Detector + Send> =
                Box::new(onnx::Onnx::with(Arc::clone(&models)));
            Ok(detector)
        }),
        clock: Arc::new(Reading::now),
        // Full: a word waits already.
        waker: Arc::new(move || {
            wake.try_send(()).ok();
        }),
    })
}
