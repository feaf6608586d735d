//! Reads the machine's sensors now and then, on a thread of its own: a sensor may take long, or for
//! ever. Nobody joins the thread.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::worker::named;
use crate::pace::Machine;

/// Reads the sensors.
pub type ReadMachine = Arc<dyn Fn() -> Machine + Send + Sync>;

const EVERY: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Sensors {
    latest: Arc<Mutex<Machine>>,
    /// Dropped to stop.
    _alive: Sender<()>,
}

impl Sensors {
    pub(super) fn start(read: ReadMachine) -> std::io::Result<Self> {
        let latest = Arc::new(Mutex::new(Machine::default()));
        let (alive, lives) = bounded(0);
        let shared = Arc::clone(&latest);
        named("sensors", move || {
            loop {
                let machine = read();
                *shared.lock().unwrap_or_else(PoisonError::into_inner) = machine;
                match lives.recv_timeout(EVERY) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
        Ok(Self { latest, _alive: alive })
    }

    /// What was read last.
    pub(super) fn latest(&self) -> Machine {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
