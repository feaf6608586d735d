//! The one connection that writes, on its thread.
//!
//! It takes as many jobs as wait (at most [`QUEUE`]), runs each so that it leaves all or nothing, commits them
//! together, and only then answers: one `fsync` for all. What is read is derived from reports when nothing else
//! is to do, when somebody wants to read, or when they have waited for long enough (see `tail`): of some sessions
//! after each commit, so that those who report meanwhile do not wait for all of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::report::Hash;
use crate::server::store::StoreError;
use crate::server::store::changes::Changes;
use crate::server::store::reports::tail::{self, Tail};
use crate::trust::signature::Signature;
use crate::trust::tree::Tree;

/// Jobs that wait for the writer, and the most that one commit takes: all batches and heartbeats that are
/// let in at one time.
pub(super) const QUEUE: usize = 512;
/// What waits is derived when nothing came for this long …
const AT_REST: Duration = Duration::from_millis(100);
/// … or else, when it is due or asked for, of so many sessions after each commit.
const SLICE: usize = 256;

/// Called with whether the commit succeeded, and where the receipt stands among those of the commit.
type Reply = Box<dyn FnOnce(bool, Option<Place>) + Send>;
/// What is to be answered; the leaf of its receipt, if it is one.
type Done = (Option<Hash>, Reply);
pub(super) type Job = Box<dyn FnOnce(&Connection, &mut Tail) -> Done + Send>;

/// What the writer is asked for.
pub(super) enum Ask {
    Write(Job),
    /// To say when all that is stored now is derived.
    Derive(oneshot::Sender<Result<(), StoreError>>),
}

/// The receipts of one commit, in the order of its jobs.
#[derive(Debug)]
pub(in crate::server) struct Group {
    pub(in crate::server) tree: Tree,
    /// Filled in by the first of them that is answered.
    pub(in crate::server) signature: OnceLock<Signature>,
}

/// The place of a receipt among those of its commit.
#[derive(Clone, Debug)]
pub(in crate::server) struct Place {
    pub(in crate::server) group: Arc<Group>,
    pub(in crate::server) index: u32,
}

/// What the writer does, and where its answer comes.
pub(super) fn job<T: Send + 'static>(
    work: impl FnOnce(&Connection, &mut Tail) -> Result<T, StoreError> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T, StoreError>>) {
    let (job, answer) = job_with_receipt(work, |_| None, |done, _| done);
    (job, answer)
}

/// [`job`], of which `leaf` says whether it is answered by a receipt; `sealed` is told where that stands.
pub(super) fn job_with_receipt<T: Send + 'static, A: Send + 'static>(
    work: impl FnOnce(&Connection, &mut Tail) -> Result<T, StoreError> + Send + 'static,
    leaf: impl FnOnce(&T) -> Option<Hash> + Send + 'static,
    sealed: impl FnOnce(T, Option<Place>) -> A + Send + 'static,
) -> (Job, oneshot::Receiver<Result<A, StoreError>>) {
    let (sender, answer) = oneshot::channel();
    let job: Job = Box::new(move |database, tail| {
        // Nothing may be written outside of a transaction that did not begin.
        let done =
            if database.is_autocommit() { Err(commit_failed()) } else { work(database, tail) };
        let leaf = done.as_ref().ok().and_then(leaf);
        let reply: Reply = Box::new(move |committed, place| {
            let done = if committed { done } else { done.and(Err(commit_failed())) };
            // Err: whoever asked has gone; the commit stands.
            sender.send(done.map(|done| sealed(done, place))).ok();
        });
        (leaf, reply)
    });
    (job, answer)
}

/// Answers all jobs of a commit.
fn answer(done: Vec<Done>, is_committed: bool) {
    let leaves = done.iter().filter_map(|(leaf, _)| *leaf).collect();
    let tree = if is_committed { Tree::over(leaves) } else { None };
    let group = tree.map(|tree| Arc::new(Group { tree, signature: OnceLock::new() }));
    let mut places =
        group.iter().flat_map(|group| (0..).map(|index| Place { group: Arc::clone(group), index }));
    for (leaf, reply) in done {
        let place = leaf.and_then(|_| places.next());
        reply(is_committed, place);
    }
}

/// Runs what may depend on reports that wait, of one session or of all.
pub(super) fn after_reports<T>(
    database: &Connection,
    tail: &mut Tail,
    of: Option<&tail::Key>,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    if let Some(of) = of {
        tail.restore(database)?;
        let settled = in_savepoint(database, |database| tail.settle(database, of));
        settled.inspect_err(|_| tail.forget())?;
        tail.mark(of);
    } else {
        settle_all(database, tail)?;
        tail.mark_others();
    }
    tail.forget_known(of);
    in_savepoint(database, work)
}

/// Derives what waits of all sessions, in a transaction.
pub(super) fn settle_all(database: &Connection, tail: &mut Tail) -> Result<(), StoreError> {
    if database.is_autocommit() {
        return Err(commit_failed());
    }
    tail.restore(database)?;
    let settled = tail.settle_all(database);
    settled.inspect_err(|_| tail.forget())
}

/// The connection that writes, on its thread.
pub(super) struct Writer {
    database: Connection,
    tail: Tail,
    pub(super) waiting: Arc<AtomicUsize>,
    pub(super) changes: Arc<Changes>,
    /// Who waits until what was stored up to this row is derived.
    asked: Vec<(i64, oneshot::Sender<Result<(), StoreError>>)>,
    /// What waits could not be derived: it is tried again after the next job.
    has_failed: bool,
}

impl Writer {
    /// Derives what was left when the program ended.
    pub(super) fn new(database: Connection) -> Result<Self, StoreError> {
        let (tail, waiting, changes) = (Tail::default(), Arc::default(), Arc::default());
        let asked = Vec::new();
        let mut writer = Self { database, tail, waiting, changes, asked, has_failed: false };
        writer.in_transaction(|writer| settle_all(&writer.database, &mut writer.tail))?;
        Ok(writer)
    }

    pub(super) fn write_until_closed(mut self, queue: &Receiver<Ask>) {
        loop {
            let first = if !self.asked.is_empty() {
                queue.try_recv().map_err(|none| match none {
                    TryRecvError::Empty => RecvTimeoutError::Timeout,
                    TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                })
            } else if self.tail.is_at_rest() || self.has_failed {
                queue.recv().map_err(|_closed| RecvTimeoutError::Disconnected)
            } else {
                queue.recv_timeout(AT_REST)
            };
            match first {
                Ok(first) => self.write_together(first, queue),
                Err(RecvTimeoutError::Timeout) if self.asked.is_empty() => self.settle_all(),
                Err(RecvTimeoutError::Timeout) => self.settle_next(),
                Err(RecvTimeoutError::Disconnected) => return self.settle_all(),
            }
        }
    }

    /// Does what is asked for in one transaction.
    fn write_together(&mut self, first: Ask, queue: &Receiver<Ask>) {
        let mut done = Vec::new();
        let committed = self.in_transaction(|writer| {
            for ask in std::iter::once(first).chain(queue.try_iter().take(QUEUE - 1)) {
                match ask {
                    Ask::Write(job) => done.push(job(&writer.database, &mut writer.tail)),
                    Ask::Derive(asker) => writer.asked.push((writer.tail.last(), asker)),
                }
            }
            Ok(())
        });
        if let Err(error) = &committed {
            tracing::error!(%error, "nothing was stored, nor acknowledged");
        }
        answer(done, committed.is_ok());
        self.has_failed = false;
        if self.tail.is_due() || !self.asked.is_empty() {
            self.settle_next();
        }
    }

    /// Without savepoints, which would copy each page before it is changed; what fails is undone as a whole, and
    /// tried again with them.
    fn settle_next(&mut self) {
        let settled = self.in_transaction(|writer| {
            if writer.database.is_autocommit() {
                return Err(commit_failed());
            }
            writer.tail.restore(&writer.database)?;
            whole(|| writer.tail.settle_next(&writer.database, SLICE))
        });
        match settled {
            Ok(()) => self.tell_askers(),
            Err(_) => self.settle_all(),
        }
    }

    fn settle_all(&mut self) {
        let settled = self.in_transaction(|writer| settle_all(&writer.database, &mut writer.tail));
        self.has_failed = settled.is_err();
        match settled {
            Ok(()) => self.tell_askers(),
            Err(error) => {
                tracing::error!(%error, "reports are stored that are not shown yet");
                for (_, asker) in self.asked.drain(..) {
                    // Err: whoever asked has gone.
                    asker.send(Err(commit_failed())).ok();
                }
            }
        }
    }

    /// Tells those for whom enough is derived.
    fn tell_askers(&mut self) {
        let tail = &self.tail;
        for (_, asker) in self.asked.extract_if(.., |(up_to, _)| tail.has_derived(*up_to)) {
            // Err: whoever asked has gone.
            asker.send(Ok(())).ok();
        }
    }

    /// Jobs are done also where no transaction has begun: each of them must answer.
    fn in_transaction(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let begun = self.database.execute_batch("BEGIN IMMEDIATE");
        let worked = work(self);
        let committed = begun
            .map_err(StoreError::from)
            .and(worked)
            .and_then(|()| Ok(self.database.execute_batch("COMMIT")?));
        if committed.is_err() {
            self.tail.forget();
            if !self.database.is_autocommit()
                && let Err(error) = self.database.execute_batch("ROLLBACK")
            {
                tracing::error!(%error, "the failed transaction could not be undone");
            }
        }
        // Before anybody is told that their reports are stored.
        self.waiting.store(self.tail.len(), Ordering::Release);
        let changed = self.tail.take_marked();
        if !changed.is_empty() {
            self.changes.add(changed);
        }
        if self.tail.take_others() {
            self.changes.renew_rights();
        }
        committed
    }
}

pub(super) fn in_savepoint<T>(
    database: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    database.prepare_cached("SAVEPOINT job")?.execute([])?;
    // The savepoint undoes what a mistake has done.
    let done = whole(|| work(database));
    if done.is_err() {
        database.execute_batch("ROLLBACK TO job")?;
    }
    database.prepare_cached("RELEASE job")?.execute([])?;
    done
}

/// A mistake in one job must not end the thread.
pub(super) fn whole<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(StoreError::Gone))
}

fn commit_failed() -> StoreError {
    StoreError::Damaged("the transaction could not be committed".to_owned())
}
