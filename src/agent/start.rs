//! From the command line to what the agent is made of.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;

use super::args::Args;
use super::joined::{self, JoinError, Joined};
use super::keys;
use super::{Camera, Phase, Preferences, Recording, Setup, Snapshot, Webcam, World};
use crate::capture::camera::{self, CameraError, Choice};
use crate::clock::Reading;
use crate::detector::{Detector, onnx};
use crate::settings::link::{self, JoinLink};
use crate::upload::{self, Route, Uploader};
use crate::{machine, settings};

/// Name and version of the program, as reports have them.
const PROGRAM: &str = concat!("inview ", env!("CARGO_PKG_VERSION"));

/// What the program says at its end, by how things stood last; nothing when no exam was joined.
pub fn exit_status(last: anyhow::Result<Option<Snapshot>>) -> ExitCode {
    match last {
        Ok(Some(last)) if !last.reports.delivered => ExitCode::from(3),
        Ok(Some(_) | None) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(io::stderr(), "inview: {error:#}").ok();
            ExitCode::from(2)
        }
    }
}

/// Which exam the command line asks for.
#[derive(Debug)]
pub enum Asked {
    /// One that is known here, from a file or since it was joined.
    Known(Box<Session>),
    /// One that the server must be asked for.
    Join(JoinLink),
    /// None is named, and none goes on.
    Nothing,
}

/// A session that can be watched, with or without its server.
#[derive(Debug)]
pub struct Session {
    pub setup: Setup,
    /// Absent for a session file.
    joined: Option<Joined>,
}

impl Session {
    /// The agent has stopped, and this was the last of it. A session that goes on is kept.
    pub fn close(mut self, last: &Snapshot) {
        if let Some(joined) = &mut self.joined
            && last.phase == Phase::Ended
        {
            joined.end(last.reports.delivered);
        }
    }
}

fn of_joined(args: &Args, joined: Joined) -> Result<Session, JoinError> {
    let setup = Setup {
        flush: Duration::from_secs(args.flush),
        asks_consent: asks_consent(args),
        ..joined.setup(PROGRAM)?
    };
    // What is said now counts more than what was said when it was joined.
    let upload = setup.upload.map(|it| upload::Settings { route: args.route().or(it.route), ..it });
    let setup = Setup { upload, ..setup };
    Ok(Session { setup, joined: Some(joined) })
}

/// A window asks; an exam client has asked before it starts the agent.
fn asks_consent(args: &Args) -> bool {
    !args.headless && !args.begin
}

/// Finds what is asked for, without asking a server.
pub fn asked(args: &Args) -> anyhow::Result<Asked> {
    let folder = folder(args)?;
    let known = match args.exam().map(|exam| (exam, exam.to_str())) {
        None => Joined::current(&folder),
        Some((_, Some(text))) if link::is_link(text) => {
            let link: JoinLink = text.parse()?;
            match Joined::find(&folder, &link) {
                Some(joined) => Some(joined),
                None => return Ok(Asked::Join(link)),
            }
        }
        Some((file, _)) => return Ok(Asked::Known(Box::new(of_file(args, Path::new(file))?))),
    };
    match known {
        Some(joined) => Ok(Asked::Known(Box::new(of_joined(args, joined)?))),
        None => Ok(Asked::Nothing),
    }
}

/// Joins an exam. Blocks while the server is asked.
pub fn join(args: &Args, link: &JoinLink) -> anyhow::Result<Session> {
    let joined = Joined::join(&folder(args)?, link, (args.authority.as_deref(), args.route()))?;
    Ok(of_joined(args, joined)?)
}

/// Sends what sessions other than this one have left, for as long as it is held.
pub fn earlier(args: &Args, except: Option<&Session>) -> anyhow::Result<Vec<Uploader>> {
    let except = except.and_then(|session| session.joined.as_ref());
    Ok(joined::earlier(&folder(args)?, except))
}

/// Reads a session file.
fn of_file(args: &Args, path: &Path) -> anyhow::Result<Session> {
    let file = settings::read_session(path)?;
    let folder = folder(args)?;
    keys::forget_old(&folder, Reading::now().wall);
    let key = keys::of_session(&folder, file.session).or_else(|error| {
        tracing::error!(%error, "the session's key cannot be kept: it is good for this run alone");
        keys::of_secret(&keys::new_secret()?).ok_or_else(|| anyhow!("no key can be made"))
    })?;
    let upload = upload::Settings {
        server: file.server,
        token: file.token,
        code: None,
        authority: file.authority.or_else(|| args.authority.clone()),
        route: args.route().or(Route { proxy: file.proxy, pin: file.server_pin }),
        allow_plain_loopback: false,
        key: Some(key),
        server_key: file.server_key,
        folder: folder.join("spool"),
        session: Some(file.session),
    };
    let setup = Setup {
        session: file.session,
        label: file.label,
        policy: file.policy,
        folder,
        upload: Some(upload),
        flush: Duration::from_secs(args.flush),
        program: PROGRAM.to_owned(),
        asks_consent: asks_consent(args),
    };
    Ok(Session { setup, joined: None })
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
