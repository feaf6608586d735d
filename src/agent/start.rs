//! From the command line to what the agent is made of.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{anyhow, bail};

use super::args::Args;
use super::{Camera, Recording, Setup, Snapshot, Webcam, World};
use crate::capture::camera::{self, CameraError, CameraId};
use crate::clock::Reading;
use crate::detector::{Detector, onnx};
use crate::{settings, upload};

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
    };
    Ok(Setup {
        session: file.session,
        label: file.label,
        policy: file.policy,
        folder,
        upload: Some(upload),
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

/// The camera whose id is, or begins with, what was typed.
fn chosen(typed: &str) -> anyhow::Result<CameraId> {
    let cameras = camera::list()?;
    let found = cameras.iter().find(|found| found.id.as_str().starts_with(typed));
    Ok(found.ok_or_else(|| anyhow!("there is no camera {typed:?}: see --list-cameras"))?.id.clone())
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
        waker: Arc::new(waker),
    })
}
