//! Sends what waits in the spool, one request at a time, until the server has it.
//!
//! The thread works off the spool's folder alone: whoever appends a report gives it a nudge, and
//! reports of an earlier run are sent along. It never gives up; what it cannot send stays where it
//! is. A nudge that comes while one waits already is the same nudge (a channel of one).
//!
//! While the disk does not take reports, it sends those that wait in memory (`spool::Shelter`) as well.
//!
//! What the answers mean is `policy`'s to say, and whose turn it is, how much of it and when, that of
//! `turns`; both are pure. Here the spool is read and requests are made.
//!
//! Heartbeats have a connection of their own (`heartbeat`), and times of their own (`schedule`): a
//! batch that hangs holds up none.

mod client;
mod delivery;
mod enrolment;
pub mod heartbeat;
pub mod policy;
mod route;
pub mod schedule;
mod stored;
mod turns;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, after, bounded, never, select};

use client::{ATTEMPT, ServerClient};
use policy::{Answer, Verdict, Vouched};
use stored::Stored;
use turns::{Key, Next, Turns};

use crate::clock::Reading;
use crate::redact::Pii;
use crate::report::{ChainHead, Incarnation, JoinCode, MAX_BATCH_BYTES, SessionId};
use crate::spool::{self, Outbox, Shelter, SpoolError, StoredEvent};
use crate::time::MediaTime;
use crate::trust::signature::{PublicKey, SigningKey};

pub use delivery::{Delivery, Obstacle, ObstacleKind};
pub use enrolment::{EnrolError, enrol, judge as judge_enrolment};
pub use route::Route;

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
    pub route: Route,
    /// Allows `http://` to this machine.
    pub allow_plain_loopback: bool,
    /// The spool's folder.
    pub folder: PathBuf,
    /// The session's: signs its reports and heartbeats. Absent where they are not signed.
    pub key: Option<SigningKey>,
    /// The server's, by which receipts are checked; the server is asked for it when absent.
    pub server_key: Option<PublicKey>,
    /// Whose obstacles are told: all sessions' when absent. Reports of all are sent.
    pub session: Option<SessionId>,
}

/// Why nothing can be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error("{address} is no address to report to: {reason}")]
    Address { address: String, reason: String },
    #[error("the authority {path} cannot be used: {reason}")]
    Authority { path: String, reason: String },
    #[error("the proxy cannot be used: it looks like http://proxy.example:3128")]
    Proxy,
    #[error("a key can be pinned for an address with https:// only")]
    Pin,
    #[error("secure connections cannot be set up: {0}")]
    Client(String),
    #[error("no thread for the uploads: {0}")]
    Thread(#[from] std::io::Error),
}

/// Sends batches that its caller keeps: for programs whose reports need not outlive them. Everybody else
/// has an [`Uploader`].
#[derive(Debug)]
pub struct ReportClient(ServerClient);

impl ReportClient {
    pub fn new(settings: &Settings) -> Result<Self, UploadError> {
        ServerClient::new(settings, ATTEMPT).map(Self)
    }

    /// Sends a batch once; an error is a connection that gave no answer, in one line.
    pub fn send(
        &self,
        (session, incarnation): (SessionId, Incarnation),
        batch: &[StoredEvent],
    ) -> Result<Verdict, String> {
        let answer = self.0.send(session, batch)?;
        Ok(policy::judge(&answer, session, incarnation))
    }
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

/// A receipt that the disk did not take is written again after so long, and at most half as long again.
const SOON: Duration = Duration::from_secs(1);
/// Where trying alone will not mend it, at least this long and at most half as long again passes
/// between two attempts.
const SLOW: Duration = Duration::from_secs(15);

impl Uploader {
    pub fn start(settings: Settings) -> Result<Self, UploadError> {
        Self::start_sheltered(settings, Shelter::default())
    }

    /// The same, with what waits in memory.
    pub fn start_sheltered(settings: Settings, shelter: Shelter) -> Result<Self, UploadError> {
        let client = ServerClient::new(&settings, ATTEMPT)?;
        let send = move |session, batch: &[StoredEvent]| client.send(session, batch);
        Self::start_with((settings.folder, shelter), settings.session, send)
    }

    fn start_with(
        (folder, shelter): (PathBuf, Shelter),
        session: Option<SessionId>,
        send: impl Fn(SessionId, &[StoredEvent]) -> Result<Answer, String> + Send + 'static,
    ) -> Result<Self, UploadError> {
        let (nudges, nudged) = bounded(1);
        let (finish, finishing) = bounded(1);
        let progress = Arc::new(Mutex::new(Delivery::default()));
        let worker = Worker {
            stored: Stored::new(folder, shelter),
            send: Box::new(send),
            session,
            turns: Turns::starting_at(now()),
            received: BTreeMap::new(),
            obstacles: BTreeMap::new(),
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
            obstacle: Some(Obstacle::new(ObstacleKind::Disk, "the upload thread failed")),
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

type Send_ = dyn Fn(SessionId, &[StoredEvent]) -> Result<Answer, String> + Send;

struct Worker {
    stored: Stored,
    session: Option<SessionId>,
    send: Box<Send_>,
    turns: Turns,
    /// Receipts that are not written down yet: until then, nothing more of the chain is sent.
    received: BTreeMap<Key, (ChainHead, Option<Vouched>)>,
    /// What stands in the way of one chain; under no key, in the way of all.
    obstacles: BTreeMap<Option<Key>, Obstacle>,
    delivery: Delivery,
    progress: Arc<Mutex<Delivery>>,
}

impl Worker {
    fn run(mut self, nudged: &Receiver<()>, finishing: &Receiver<Duration>) -> Delivery {
        let mut deadline = never();
        let mut is_finishing = false;
        loop {
            let waiting = self.waiting();
            let next = self.turns.next(now(), &waiting);
            let wake = match next {
                Next::Send { key, limit } => {
                    if let Err(error) = self.send_one(key, limit) {
                        self.turns.slowly(key, now(), SOON, random());
                        self.note(Some(key), Obstacle::disk(&error));
                    }
                    after(Duration::ZERO)
                }
                Next::Wait(wait) => after(wait),
                Next::Idle if is_finishing => return self.sum_up(),
                Next::Idle => never(),
            };
            self.publish();
            // The end may come closer while we wait, but it does not cut the wait short.
            select! {
                recv(deadline) -> _ => return self.sum_up(),
                recv(wake) -> _ => {}
                recv(nudged) -> closed => if closed.is_err() { return self.sum_up() },
                recv(finishing) -> timeout => match timeout {
                    Ok(timeout) if !timeout.is_zero() => {
                        (deadline, is_finishing) = (after(timeout), true);
                    }
                    Ok(_) | Err(_) => return self.sum_up(),
                },
            }
        }
    }

    /// The chains of which something is to be sent, or a receipt to be written down: what is
    /// acknowledged already may have no receipt yet. A disk that stood in the way of others does no longer.
    fn waiting(&mut self) -> Vec<Key> {
        let mut waiting = self.stored.unsent();
        waiting.extend(self.received.keys());
        waiting.sort();
        waiting.dedup();
        let waits = |of: &Option<Key>| of.is_none_or(|key| waiting.contains(&key));
        self.obstacles.retain(|of, obstacle| obstacle.kind != ObstacleKind::Disk || waits(of));
        waiting
    }

    fn send_one(&mut self, key: Key, limit: usize) -> Result<(), SpoolError> {
        let (session, incarnation) = key;
        if self.received.contains_key(&key) {
            return self.write_down(key);
        }
        let batch = self.stored.with(key, |outbox| outbox.peek_batch(limit, MAX_BATCH_BYTES))?;
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(()) };
        self.turns.sending(key, now());
        let (verdict, vouched) = match (self.send)(session, &batch) {
            Ok(answer) => {
                let verdict = policy::judge(&answer, session, incarnation);
                (verdict, answer.vouched)
            }
            Err(reason) => (Verdict::Retry { retry_after: None, reason }, None),
        };
        match verdict {
            Verdict::Acknowledged(receipt)
                if (first.seq..=last.seq).contains(&receipt.acked_seq) =>
            {
                let head = ChainHead { seq: receipt.acked_seq, hash: receipt.head_hash };
                let is_ours =
                    |event: &&StoredEvent| (event.seq, event.hash) == (head.seq, head.hash);
                if !batch.iter().any(|event| is_ours(&event)) {
                    self.slowly(key, Obstacle::unreachable("the receipt is not for our reports"));
                    return Ok(());
                }
                let stored = batch.iter().filter(|event| event.seq <= head.seq).count();
                self.delivery.acknowledged += stored as u64;
                self.turns.acknowledged(key);
                self.obstacles.remove(&None);
                self.received.insert(key, (head, vouched));
                self.write_down(key)?;
            }
            Verdict::Acknowledged(_) => {
                self.slowly(
                    key,
                    Obstacle::unreachable("the receipt acknowledges nothing of the batch"),
                );
            }
            Verdict::Retry { retry_after, reason } => {
                self.turns.failed(key, now(), retry_after, random());
                self.note(None, Obstacle::unreachable(reason));
            }
            Verdict::RetrySlowly { obstacle } => self.slowly(key, obstacle),
            Verdict::Halve { reason, on_record: true } if batch.len() == 1 => {
                tracing::error!(reason, "the server will never take a report; it is kept");
                self.stored.with(key, |outbox| outbox.refuse(first.seq))?;
                self.note(Some(key), Obstacle::refuses(reason));
            }
            Verdict::Halve { reason, .. } if batch.len() == 1 => {
                self.slowly(key, Obstacle::refuses(reason));
            }
            Verdict::Halve { .. } => self.turns.halve(key, batch.len()),
            Verdict::Stop { reason } => {
                tracing::error!(reason, "the server holds other reports under these numbers");
                self.turns.stop(key);
                self.note(Some(key), Obstacle::refuses(reason));
            }
        }
        Ok(())
    }

    /// Keeps what a receipt says: from then on nothing of it is sent again.
    fn write_down(&mut self, key: Key) -> Result<(), SpoolError> {
        let Some((head, vouched)) = self.received.get(&key) else { return Ok(()) };
        let written = self.stored.with(key, |outbox| {
            outbox.acknowledge(head.seq, head.hash)?;
            match vouched {
                Some(Vouched { by, receipt }) => outbox.keep_receipt(receipt, by),
                None => Ok(()),
            }
        });
        match written {
            Ok(()) => {
                self.received.remove(&key);
                self.obstacles.remove(&Some(key));
            }
            // The file is another one by now.
            Err(SpoolError::ForeignReceipt { .. }) => {
                self.received.remove(&key);
                self.slowly(key, Obstacle::unreachable("the receipt is not for our reports"));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn slowly(&mut self, key: Key, obstacle: Obstacle) {
        self.turns.slowly(key, now(), SLOW, random());
        self.note(Some(key), obstacle);
    }

    /// Remembers what stands in the way; logs it when it is new.
    fn note(&mut self, of: Option<Key>, obstacle: Obstacle) {
        if self.obstacles.get(&of) != Some(&obstacle) {
            tracing::warn!(reason = obstacle.reason, "reports wait");
        }
        self.obstacles.insert(of, obstacle);
    }

    fn publish(&mut self) {
        let concerns = |of: &Option<Key>| {
            of.is_none_or(|key| self.session.is_none_or(|session| session == key.0))
        };
        let told = self.obstacles.iter().find(|(of, _)| concerns(of));
        self.delivery.obstacle = told.map(|(_, obstacle)| obstacle.clone());
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&self.delivery);
    }

    fn sum_up(mut self) -> Delivery {
        self.publish();
        self.stored.outboxes.clear();
        self.delivery.waiting += self.stored.shelter.waiting();
        for (session, incarnation) in spool::all(&self.stored.folder) {
            if let Ok(outbox) = Outbox::reader(&self.stored.folder, session, incarnation)
                && let Ok(counts) = outbox.counts()
            {
                if self.turns.is_stopped((session, incarnation)) {
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

/// A clock that does not stand still while the machine sleeps: for waits.
fn now() -> MediaTime {
    MediaTime::ZERO + Reading::now().boot
}

/// Uniform in 0 to 1. Without a source of randomness the wait is its bound: late, but not a storm.
fn random() -> f64 {
    getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod outage_tests;
#[cfg(test)]
mod tests;
