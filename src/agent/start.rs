//! From the command line to what the agent is made of.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;

use super::args::Args;
use super::{Recording, Setup, World};
use crate::clock::Reading;
use crate::detector::{Detector, onnx};
use crate::{settings, upload};

/// Reads the session file.
pub fn setup(args: &Args) -> anyhow::Result<Setup> {
    let file = settings::read_session(&args.session)?;
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

/// The recording, the models and the clocks. `waker` must return at once.
pub fn world(args: &Args, waker: impl Fn() + Send + Sync + 'static) -> anyhow::Result<World> {
    let models = onnx::Models::load()?;
    Ok(World {
        camera: Arc::new(Recording { path: args.replay.clone() }),
        make_detector: Arc::new(move || {
            let detector: Box<dyn Detector + Send> =
                Box::new(onnx::Onnx::with(Arc::clone(&models)));
            Ok(detector)
        }),
        clock: Arc::new(Reading::now),
        waker: Arc::new(waker),
    })
}
