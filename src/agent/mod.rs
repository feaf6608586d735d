//! The running agent: it watches, whatever happens to whoever looks at it.
//!
//! ```text
//!  capture ──slot──> watch ──facts──> reporter ──nudge──> uploader
//!  (camera)   1      (detector)  64   (spool)     1       (upload)
//!     │                 ^  │             │
//!     │ news, 16        │  │ sight       │ reported
//!     v          orders │  v             v
//!  control ── commands from outside, 16; a snapshot for whoever shows it
//!     │  ^
//! slot│1 │ heard, 4
//!     v  │
//!  heartbeat ── how things stand, to the server; what the proctor asks for, back
//! ```
//!
//! Six threads, each with a name and an owner that joins it. `control` owns the others: it starts
//! them, hears their pulse, starts them again within a budget, and says in `health` what is wrong.
//! A capture thread that is stuck in a driver is never joined: it is given up, and a new one takes its
//! place. At the end, a heartbeat in flight is not waited for. What each channel does when it is full:
//!
//! | channel | when full |
//! |---|---|
//! | slot | the newer frame replaces the older one, which is counted |
//! | facts | the detector waits, and warns after a second: facts are never dropped |
//! | news | dropped: `control` sees from the thread itself that it has ended |
//! | orders, commands | refused: whoever gave it is told |
//! | heard | dropped: what the proctor asks for comes with every answer until its end is confirmed |
//!
//! A heartbeat has a connection of its own, so that a batch of reports that hangs does not silence the
//! agent. Where the disk takes no reports, the reporter holds them in memory and the uploader sends them
//! from there (`store`, [`crate::spool::Shelter`]). `inbox` remembers on disk what the proctor asked for,
//! before it is done; it, too, makes do with memory where the disk takes nothing.
//!
//! An exam survives its agent: a journal says that one is going on and when the agent was last
//! alive. The next start closes what was open, reports the time between as `agent_gap`, and goes on.

pub mod args;
mod cameras;
mod capture;
mod control;
mod device;
pub mod headless;
mod heart;
mod inbox;
mod joined;
mod journal;
mod keys;
pub mod links;
mod period;
mod preferences;
mod preview;
mod pulse;
mod report;
mod sensors;
mod slot;
mod snapshot;
mod source;
pub mod start;
mod store;
mod watch;
mod worker;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};

use crate::capture::CaptureError;
use crate::capture::camera::CameraId;
use crate::detector::DetectorError;
use crate::presence::Policy;
use crate::report::{CheckAnswer, CommandId, Consent, ModelIdentity, SessionId};
use crate::spool::make_private_folder;
use crate::upload::{self, UploadError};

pub use joined::JoinError;
pub use preferences::Preferences;
pub use preview::Preview;
pub use sensors::ReadMachine;
pub use snapshot::{
    CameraCheck, Extension, FoundCamera, Message, OpenCamera, Phase, Reports, Seen, Snapshot,
};
pub use source::{Camera, Clock, Now, Opened, Paced, Recording, Time, Webcam};
pub use watch::MakeDetector;

/// What a session is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    pub session: SessionId,
    /// What a proctor reads in the list.
    pub label: String,
    pub policy: Policy,
    /// The agent's own folder: spool and journal.
    pub folder: PathBuf,
    /// Where reports go; nowhere for a look at the camera alone.
    pub upload: Option<upload::Settings>,
    /// How long reports are sent for when the exam ends by itself, with its recording.
    pub flush: Duration,
    /// Name and version of the program.
    pub program: String,
    /// What is seen is told to nobody before the candidate has agreed, by [`Command::Agreed`]. Not set
    /// for exam clients, which have asked before they start the agent.
    pub asks_consent: bool,
}

impl Setup {
    /// Where reports are, until the server has them and the exam is over.
    pub fn spool(&self) -> PathBuf {
        match &self.upload {
            Some(upload) => upload.folder.clone(),
            None => self.folder.join("spool"),
        }
    }
}

/// The outside world, as the agent sees it.
#[derive(Clone)]
pub struct World {
    pub camera: Arc<dyn Camera>,
    pub make_detector: MakeDetector,
    pub clock: Clock,
    /// Called on a thread of its own, which may be kept waiting.
    pub machine: ReadMachine,
    /// Called when a snapshot says something new or the preview is another one, by the agent's own
    /// thread: must return at once. Time alone is nothing new.
    pub waker: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

/// Why the agent cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Detector(#[from] DetectorError),
    #[error(transparent)]
    Upload(#[from] UploadError),
    #[error("no thread for the agent: {0}")]
    Thread(#[from] std::io::Error),
}

/// What can be asked of the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Watch through this camera. Before the exam only; refused in it.
    UseCamera(CameraId),
    /// The candidate agrees, or does not any more, to be watched.
    Agreed(bool),
    /// The exam begins now, by the candidate's consent where this program has asked for it.
    Begin { consent: Option<Consent> },
    /// The exam ends now; reports are sent for so long before the rest is left for later.
    End { flush: Duration },
    /// The candidate can see a message of the proctor, or that they are to check the camera.
    Shown(CommandId),
    /// The candidate says that they have read it.
    Read(CommandId),
    /// The candidate has looked after the camera, as a proctor has asked for.
    Checked { check: CommandId, answer: CheckAnswer },
}

/// The agent is too busy to take a command, or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the agent does not take commands now")]
pub struct Busy;

/// What workers tell `control`.
#[derive(Debug)]
enum News {
    CameraOpened {
        camera: OpenCamera,
        /// The product, when the source is a known virtual device.
        virtual_device: Option<String>,
    },
    /// The camera failed; without an error, its recording is over.
    CaptureEnded(Option<CaptureError>),
}

/// A running agent; stops when dropped. What is not sent by then is in the spool.
#[derive(Debug)]
pub struct Agent {
    commands: Sender<Command>,
    snapshot: Arc<Mutex<Snapshot>>,
    preview: Arc<Mutex<Option<Preview>>>,
    /// Dropped to stop.
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Agent {
    /// Starts watching; an exam that an earlier life of the agent left goes on.
    pub fn start(setup: Setup, world: World) -> Result<Self, StartError> {
        if let Err(error) = make_private_folder(&setup.folder) {
            // It watches and sends all the same; what it cannot keep is said by its health.
            tracing::error!(%error, "the agent's folder cannot be used");
        }
        let models: Vec<ModelIdentity> = (world.make_detector)()?.models().to_vec();
        let (commands, ordered) = bounded(16);
        let (alive, lives) = bounded(0);
        let control = control::Control::new(setup, world, models, ordered, lives)?;
        let (snapshot, preview) = (control.snapshot(), control.preview());
        let thread =
            std::thread::Builder::new().name("agent".to_owned()).spawn(move || control.run())?;
        Ok(Self { commands, snapshot, preview, alive: Some(alive), thread: Some(thread) })
    }

    pub fn command(&self, command: Command) -> Result<(), Busy> {
        self.commands.try_send(command).map_err(|_full_or_gone| Busy)
    }

    /// How things stand.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the camera shows: before the exam, and in it only while a proctor asks the candidate to check
    /// the camera. No other picture is kept.
    pub fn preview(&self) -> Option<Preview> {
        self.preview.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the agent failed; what it had reported is in the spool");
        }
    }
}
