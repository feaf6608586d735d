//! From the command line to what the agent is made of.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, bail};

use super::args::Args;
use super::{Camera, Preferences, Recording, Setup, Snapshot, Webcam, World};
use crate::capture::camera::{self, CameraError, Choice};
use crate::clock::Reading;
use crate::detector::{Detector, onnx};
use crate::{machine, settings, upload};

/// What the program says at its end, by how things stood last.
pub fn exit_status(last: anyhow::Result<Snapshot>) -> ExitCode {
    match last {
        Ok(last) if last.reports.delivered => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(3),
        Err(error) => {
            writeln!(io::stderr(), "inview: {error:#}").ok();
            ExitCode::from(2)
        }
    }
}

/// Reads the session file.
pub fn setup(args: &Args) -> anyhow::Result<Setup> {
    let Some(session) = &args.session else { bail!("--session is missing") };
    let file = settings::read_session(session)?;
    let folder = folder(args)?;
    let upload = upload::Settings {
        server: file.server,
        token: file.token,
        authority: file.authority,
        allow_plain_loopback: false,
        folder: folder.join("spool"),
        session: Some(file.session),
    };
    Ok(Setup {
        session: file.session,
        label: file.label,
        policy: file.policy,
        folder,
        upload: Some(upload),
        flush: Duration::from_secs(args.flush),
        program: concat!("inview ", env!("CARGO_PKG_VERSION")).to_owned(),
        asks_consent: !args.headless && !args.begin,
    })
}

fn folder(args: &Args) -> anyhow::Result<PathBuf> {
    match &args.data {
        Some(folder) => Ok(folder.clone()),
        None => Ok(dirs::data_local_dir()
            .ok_or_else(|| anyhow!("there is no folder for user data: name one by --data"))?
            .join("inview")
            .join("agent")),
    }
}

/// What was typed and nothing else, or else what was chosen last, or else the first camera.
fn choice(args: &Args) -> anyhow::Result<Choice> {
    let Some(typed) = &args.camera else {
        return Ok(Choice::of(Preferences::read(&folder(args)?).camera));
    };
    let found = camera::typed(&camera::list()?, typed);
    let found =
        found.map_err(|_missing| anyhow!("there is no camera {typed:?}: see --list-cameras"))?;
    Ok(Choice::only((&found).into()))
}

/// A line for each camera: its id, and what it pretends to be.
pub fn list_cameras() -> ExitCode {
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

/// The camera or a recording, the models and the clocks. `waker` must return at once.
pub fn world(args: &Args, waker: impl Fn() + Send + Sync + 'static) -> anyhow::Result<World> {
    let models = onnx::Models::load()?;
    let camera: Arc<dyn Camera> = if let Some(path) = &args.replay {
        Arc::new(Recording { path: path.clone() })
    } else {
        Arc::new(Webcam::new(choice(args)?))
    };
    Ok(World {
        camera,
        make_detector: Arc::new(move || {
            let detector: Box<dyn Detector + Send> =
                Box::new(onnx::Onnx::with(Arc::clone(&models)));
            Ok(detector)
        }),
        clock: Arc::new(Reading::now),
        machine: Arc::new(machine::read),
        waker: Arc::new(waker),
    })
}
