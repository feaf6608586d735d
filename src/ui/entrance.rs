//! Joins an exam and starts its agent, on a thread of its own: servers and models take their time.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use eframe::egui;

use super::app::{About, Watched};
use super::desktop::ThisDesktop;
use super::join::JoinFault;
use super::window::{Entrance, Joined};
use crate::agent::args::Args;
use crate::agent::start::{self, Session};
use crate::agent::{Agent, Command, JoinError, Snapshot};
use crate::settings::link::JoinLink;
use crate::upload::EnrolError;

/// The agent that the window shows, and its session.
pub(super) struct Running {
    agent: Arc<Agent>,
    session: Session,
}

/// Where the running agent is kept, for the end of the program.
pub(super) type Place = Arc<Mutex<Option<Running>>>;

impl Running {
    /// What is in the place, which is empty then.
    pub(super) fn take(place: &Place) -> Option<Self> {
        place.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Stops the agent; returns how things stood last.
    pub(super) fn close(self) -> Snapshot {
        let last = self.agent.snapshot();
        drop(self.agent);
        self.session.close(&last);
        last
    }
}

type Outcome = Result<Joined, JoinFault>;

/// The entrance to the exams of real servers.
#[derive(Clone)]
pub(super) struct Door {
    args: Args,
    context: egui::Context,
    running: Place,
    outcomes: (Sender<Outcome>, Receiver<Outcome>),
}

impl Door {
    pub(super) fn new(args: Args, context: egui::Context) -> Self {
        Self { args, context, running: Place::default(), outcomes: bounded(1) }
    }

    pub(super) fn running(&self) -> Place {
        Arc::clone(&self.running)
    }

    /// Starts the agent of a session. Takes as long as its models take to load.
    pub(super) fn start(&self, session: Session) -> anyhow::Result<Joined> {
        let (setup, waker) = (session.setup.clone(), self.context.clone());
        let about = About {
            label: setup.label.clone(),
            server: setup.upload.as_ref().map(|upload| upload.server.clone()).unwrap_or_default(),
            policy: setup.policy.clone(),
            folder: setup.folder.clone(),
            spool: setup.spool(),
            flush: setup.flush,
        };
        let world = start::world(&self.args, move || waker.request_repaint())?;
        let agent = Arc::new(Agent::start(setup, world)?);
        if self.args.begin {
            agent.command(Command::Begin { consent: None })?;
        }
        let watched: Arc<dyn Watched> = Arc::<Agent>::clone(&agent);
        let running = Running { agent, session };
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
        let waker = self.context.clone();
        let desktop = Arc::new(ThisDesktop::new(move || waker.request_repaint()));
        Ok(Joined { watched, desktop, about })
    }

    fn enter(&self, link: &JoinLink) -> Outcome {
        let joined = start::join(&self.args, link).and_then(|session| self.start(session));
        joined.map_err(|error| {
            tracing::warn!(%error, "the exam was not joined");
            fault(&error)
        })
    }
}

impl Entrance for Door {
    fn join(&mut self, link: JoinLink) {
        let door = self.clone();
        let enter = move || {
            let outcome = door.enter(&link);
            // Full or closed: nobody waits for it any more.
            door.outcomes.0.try_send(outcome).ok();
            door.context.request_repaint();
        };
        if let Err(error) = thread::Builder::new().name("join".to_owned()).spawn(enter) {
            self.outcomes.0.try_send(Err(JoinFault::Other(error.to_string()))).ok();
        }
    }

    fn outcome(&mut self) -> Option<Outcome> {
        self.outcomes.1.try_recv().ok()
    }

    fn leave(&mut self) {
        let Some(running) = Running::take(&self.running) else { return };
        let close = move || {
            running.close();
        };
        if let Err(error) = thread::Builder::new().name("leave".to_owned()).spawn(close) {
            tracing::warn!(%error, "the agent runs on");
        }
    }
}

/// What the candidate is told.
fn fault(error: &anyhow::Error) -> JoinFault {
    let Some(JoinError::Enrol(error)) = error.downcast_ref::<JoinError>() else {
        return JoinFault::Other(format!("{error:#}"));
    };
    match error {
        EnrolError::Unreachable(reason) => JoinFault::NoConnection(reason.clone()),
        EnrolError::Untrusted(reason) => JoinFault::NotTrusted(reason.clone()),
        EnrolError::NotInView => JoinFault::NotInView,
        EnrolError::CodeUnknown => JoinFault::CodeUnknown,
        EnrolError::CodeExpired => JoinFault::CodeExpired,
        EnrolError::CodeUsed => JoinFault::CodeUsed,
        EnrolError::TooMany { .. } => JoinFault::TooMany,
        EnrolError::Failed => JoinFault::ServerFailed,
        EnrolError::Settings(_) | EnrolError::Refused(_) => JoinFault::Other(error.to_string()),
    }
}
