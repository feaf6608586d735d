//! Sends what waits in the spool, one request at a time, until the server has it.
//!
//! The thread works off the spool's folder alone: whoever appends a report gives it a nudge, and
//! reports of an earlier run are sent along. It never gives up; what it cannot send stays where it
//! is. A nudge that comes while one waits already is the same nudge (a channel of one).

mod client;
mod enrolment;
pub mod policy;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, after, bounded, never, select};

use client::ServerClient;
use policy::{Answer, Verdict};

use crate::backoff;
use crate::redact::Pii;
use crate::report::{Incarnation, JoinCode, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, SessionId};
use crate::spool::{self, Outbox, SpoolError};

pub use enrolment::{EnrolError, enrol};

/// Where reports go.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `https://host[:port][/path]`.
    pub server: String,
    pub token: Pii<String>,
    /// The code that the token came by: makes it good again once it has expired.
    pub code: Option<JoinCode>,
    /// Certificates (PEM) that alone vouch for the server; the system's when absent.
    pub authority: Option<PathBuf>,
    /// Allows `http://` to this machine.
    pub allow_plain_loopback: bool,
    /// The spool's folder.
    pub folder: PathBuf,
}

/// Why nothing can be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error("{address} is no address to report to: {reason}")]
    Address { address: String, reason: String },
    #[error("the authority {path} cannot be used: {reason}")]
    Authority { path: String, reason: String },
    #[error("secure connections cannot be set up: {0}")]
    Client(String),
    #[error("no thread for the uploads: {0}")]
    Thread(#[from] std::io::Error),
}

/// What has become of the reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Reports that were sent and stored.
    pub acknowledged: u64,
    /// Reports that wait in the spool.
    pub waiting: u64,
    /// Reports that the server will never take; they are kept.
    pub refused: u64,
    /// Reports that will not be sent again, since the server holds others under their numbers; they
    /// are kept.
    pub stopped: u64,
    /// What stands in the way, in one line.
    pub obstacle: Option<String>,
}

/// Tells the uploader that something was appended.
#[derive(Clone, Debug)]
pub struct Nudger(Sender<()>);

impl Nudger {
    pub fn nudge(&self) {
        // Full: a nudge waits already. Closed: the thread is gone, and `finish` tells.
        self.0.try_send(()).ok();
    }
}

/// The running thread. Dropping it stops it after the request in flight.
#[derive(Debug)]
pub struct Uploader {
    nudger: Nudger,
    progress: Arc<Mutex<Delivery>>,
    /// Carries how long to go on.
    finish: Sender<Duration>,
    thread: Option<JoinHandle<Delivery>>,
}

/// Where trying alone will not mend it, at least this long and at most half as long again passes
/// between two attempts.
const SLOW: Duration = Duration::from_secs(15);

impl Uploader {
    pub fn start(settings: Settings) -> Result<Self, UploadError> {
        let client = ServerClient::new(&settings)?;
        let send = move |session, batch: &[spool::StoredEvent]| client.send(session, batch);
        Self::start_with(settings.folder, send)
    }

    fn start_with(
        folder: PathBuf,
        send: impl Fn(SessionId, &[spool::StoredEvent]) -> Result<Answer, String> + Send + 'static,
    ) -> Result<Self, UploadError> {
        let (nudges, nudged) = bounded(1);
        let (finish, finishing) = bounded(1);
        let progress = Arc::new(Mutex::new(Delivery::default()));
        let worker = Worker {
            folder,
            send: Box::new(send),
            outboxes: BTreeMap::new(),
            stopped: BTreeSet::new(),
            behind: None,
            failures: 0,
            delivery: Delivery::default(),
            progress: Arc::clone(&progress),
        };
        let thread = thread::Builder::new()
            .name("uploader".to_owned())
            .spawn(move || worker.run(&nudged, &finishing))?;
        Ok(Self { nudger: Nudger(nudges), progress, finish, thread: Some(thread) })
    }

    /// Something was appended.
    pub fn nudge(&self) {
        self.nudger.nudge();
    }

    /// For whoever appends.
    pub fn nudger(&self) -> Nudger {
        self.nudger.clone()
    }

    /// What has become of the reports so far; what waits is counted at the end only.
    pub fn progress(&self) -> Delivery {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes on until all is delivered or `timeout` has passed, then stops.
    pub fn finish(mut self, timeout: Duration) -> Delivery {
        self.nudge();
        self.finish.try_send(timeout).ok();
        let thread = self.thread.take().map(JoinHandle::join);
        let lost = || Delivery {
            obstacle: Some("the upload thread failed".to_owned()),
            ..Delivery::default()
        };
        thread.and_then(Result::ok).unwrap_or_else(lost)
    }
}

impl Drop for Uploader {
    fn drop(&mut self) {
        self.finish.try_send(Duration::ZERO).ok();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the upload thread failed; what it had not sent is in the spool");
        }
    }
}

type Send_ = dyn Fn(SessionId, &[spool::StoredEvent]) -> Result<Answer, String> + Send;
type Key = (SessionId, Incarnation);

struct Worker {
    folder: PathBuf,
    send: Box<Send_>,
    outboxes: BTreeMap<Key, Sending>,
    /// Sessions that must not be sent again, since another history stands at the server.
    stopped: BTreeSet<Key>,
    /// The session that was in trouble last: its turn is over.
    behind: Option<Key>,
    failures: u32,
    delivery: Delivery,
    progress: Arc<Mutex<Delivery>>,
}

/// One session's outbox and how many of its events go into a batch.
struct Sending {
    outbox: Outbox,
    limit: usize,
}

/// What to do after a batch.
enum Next {
    Go,
    Wait(Duration),
}

impl Worker {
    fn run(mut self, nudged: &Receiver<()>, finishing: &Receiver<Duration>) -> Delivery {
        let mut deadline: Option<Receiver<std::time::Instant>> = None;
        loop {
            let (idle, wait) = match self.send_one() {
                Ok(None) => (true, None),
                Ok(Some(Next::Go)) => (false, Some(Duration::ZERO)),
                Ok(Some(Next::Wait(wait))) => (false, Some(wait)),
                Err(error) => (false, Some(self.note(error.to_string(), slow()))),
            };
            self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&self.delivery);
            if idle && deadline.is_some() {
                return self.sum_up();
            }
            let wake = wait.map_or_else(never, after);
            let nudges = if idle { nudged.clone() } else { never() };
            // The end may come closer while we wait, but it does not cut the wait short.
            loop {
                let over = deadline.clone().unwrap_or_else(never);
                select! {
                    recv(over) -> _ => return self.sum_up(),
                    recv(wake) -> _ => break,
                    recv(nudges) -> closed => match closed {
                        Ok(()) => break,
                        Err(_) => return self.sum_up(),
                    },
                    recv(finishing) -> timeout => match timeout {
                        Ok(timeout) if !timeout.is_zero() => deadline = Some(after(timeout)),
                        Ok(_) | Err(_) => return self.sum_up(),
                    },
                }
                if idle {
                    break;
                }
            }
        }
    }

    /// Sends one batch of the first session that has something to send; `None` when none has.
    fn send_one(&mut self) -> Result<Option<Next>, SpoolError> {
        let mut waiting = spool::unsent(&self.folder);
        waiting.retain(|key| !self.stopped.contains(key));
        let Some(key) = turn(&waiting, self.behind) else { return Ok(None) };
        let (session, incarnation) = key;
        let sending = match self.outboxes.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => match Outbox::open(&self.folder, session, incarnation) {
                Ok(outbox) => entry.insert(Sending { outbox, limit: MAX_BATCH_EVENTS }),
                Err(error) => return Ok(Some(self.wait_behind_others(key, error.to_string()))),
            },
        };
        let batch = sending.outbox.peek_batch(sending.limit, MAX_BATCH_BYTES)?;
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(None) };
        let verdict = match (self.send)(session, &batch) {
            Ok(answer) => policy::judge(&answer, session, incarnation),
            Err(reason) => Verdict::Retry { retry_after: None, reason },
        };
        match verdict {
            Verdict::Acknowledged(receipt)
                if receipt.acked_seq >= first.seq && receipt.acked_seq <= last.seq =>
            {
                match sending.outbox.acknowledge(receipt.acked_seq, receipt.head_hash) {
                    Ok(()) => {}
                    Err(SpoolError::ForeignReceipt { .. }) => {
                        let reason = "the receipt is not for our reports".to_owned();
                        return Ok(Some(Next::Wait(self.note(reason, slow()))));
                    }
                    Err(error) => return Err(error),
                }
                sending.limit = (sending.limit * 2).min(MAX_BATCH_EVENTS);
                let stored = batch.iter().filter(|event| event.seq <= receipt.acked_seq).count();
                self.delivery.acknowledged += stored as u64;
                self.delivery.obstacle = None;
                self.failures = 0;
                Ok(Some(Next::Go))
            }
            Verdict::Acknowledged(_) => {
                let reason = "the receipt acknowledges nothing of the batch".to_owned();
                Ok(Some(Next::Wait(self.note(reason, slow()))))
            }
            Verdict::Retry { retry_after, reason } => {
                self.failures = self.failures.saturating_add(1);
                let wait = backoff::delay(self.failures, random(), retry_after);
                Ok(Some(Next::Wait(self.note(reason, wait))))
            }
            Verdict::RetrySlowly { reason } => Ok(Some(self.wait_behind_others(key, reason))),
            Verdict::Halve { reason, on_record: true } if batch.len() == 1 => {
                tracing::error!(reason, "the server will never take a report; it is kept");
                sending.outbox.refuse(first.seq)?;
                self.delivery.obstacle = Some(reason);
                Ok(Some(Next::Go))
            }
            Verdict::Halve { reason, .. } if batch.len() == 1 => {
                Ok(Some(self.wait_behind_others(key, reason)))
            }
            Verdict::Halve { .. } => {
                sending.limit = (batch.len() / 2).max(1);
                Ok(Some(Next::Go))
            }
            Verdict::Stop { reason } => {
                tracing::error!(reason, "the server holds other reports under these numbers");
                self.stopped.insert(key);
                self.delivery.obstacle = Some(reason);
                Ok(Some(Next::Go))
            }
        }
    }

    /// What stands in the way may concern this session alone: the others come first.
    fn wait_behind_others(&mut self, key: Key, reason: String) -> Next {
        self.behind = Some(key);
        Next::Wait(self.note(reason, slow()))
    }

    /// Remembers what stands in the way; logs it when it is new.
    fn note(&mut self, reason: String, wait: Duration) -> Duration {
        if self.delivery.obstacle.as_ref() != Some(&reason) {
            tracing::warn!(reason, "reports wait");
        }
        self.delivery.obstacle = Some(reason);
        wait
    }

    fn sum_up(mut self) -> Delivery {
        self.outboxes.clear();
        for (session, incarnation) in spool::all(&self.folder) {
            if let Ok(outbox) = Outbox::open(&self.folder, session, incarnation)
                && let Ok(counts) = outbox.counts()
            {
                if self.stopped.contains(&(session, incarnation)) {
                    self.delivery.stopped += counts.waiting;
                } else {
                    self.delivery.waiting += counts.waiting;
                }
                self.delivery.refused += counts.refused;
            }
        }
        self.delivery
    }
}

/// Whose turn it is: the first one after `behind`, and then again from the first.
fn turn(waiting: &[Key], behind: Option<Key>) -> Option<Key> {
    let after = waiting.iter().find(|key| behind.is_none_or(|behind| **key > behind));
    after.or(waiting.first()).copied()
}

fn slow() -> Duration {
    SLOW.mul_f64(1.0 + random() / 2.0)
}

/// Uniform in 0 to 1. Without a source of randomness the wait is its bound: late, but not a storm.
fn random() -> f64 {
    getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests;
