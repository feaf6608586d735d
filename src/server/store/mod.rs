//! The database: what was acknowledged is in it, and survives a power cut.
//!
//! One thread owns the connection that writes (`writer`): jobs are committed together, and answered after that.
//! A full queue is answered at once with [`StoreError::Busy`]. Readers have connections of their own (WAL, `readers`).
//!
//! A batch of reports is appended to one table, `event`, and answered. What is read is derived from it a
//! moment later by the same thread, and before anybody reads or anything else is written: nobody sees
//! less than was acknowledged. What is not derived when the program ends is derived at the next start.
//!
//! `schema` has the tables. `reports` takes batches, and makes of them what is read; `liveness` keeps heartbeats,
//! what they attest and what was not heard. `exam` has exams and who reaches which, `issue` hands sessions out,
//! `command` has what proctors asked for, `review` what they made of alerts, `access` who may ask, and `audit`
//! who did what. `read` answers questions, `roster` tells of a session while it runs, `changes` which may have
//! changed for it; `export` hands out a session as a whole, and `check` compares what is read with what came.
//! `idempotency` has answers to what may be asked for twice; `census` counts, `erase` takes away, `webhook` has
//! what is told to other systems.
//! They take a connection and know nothing of threads.

pub(super) mod access;
pub(super) mod audit;
pub(super) mod census;
pub(super) mod changes;
pub(super) mod check;
pub(super) mod command;
pub(super) mod erase;
pub(super) mod exam;
pub(super) mod export;
pub(super) mod idempotency;
pub(super) mod issue;
pub(super) mod liveness;
pub(super) mod read;
mod readers;
pub(super) mod reports;
pub(super) mod review;
pub(super) mod roster;
mod schema;
pub(super) mod webhook;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::oneshot;

pub use access::credential::{Credential, Scope};
pub use audit::Checked;
pub use erase::Retention;

use self::changes::Changes;
use self::readers::Readers;
use self::reports::ingest::{self, Outcome, Target};
use self::reports::signed::Checked as Signatures;
use self::reports::tail::Tail;
use self::writer::{
    Ask, Job, QUEUE, Writer, after_reports, in_savepoint, job, job_with_receipt, settle_all, whole,
};
pub(super) use self::writer::{Group, Place};
use crate::report::SessionId;
use crate::server::ingest::batch::Received;
use crate::trust::tree;

/// Whose data it is. Everything is kept by tenant; there is one so far.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant(Arc<str>);

impl Tenant {
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The tenant of a server that has only one.
    pub fn local() -> Self {
        Self::new("local")
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("too many writes wait")]
    Busy,
    #[error("the database cannot be used: {0}")]
    Database(#[from] rusqlite::Error),
    #[error("what stands in the database cannot be read: {0}")]
    Content(#[from] serde_json::Error),
    #[error("the database is damaged: {0}")]
    Damaged(String),
    #[error("the database is of version {0}, which this program does not know")]
    Version(i64),
    #[error("the session was erased")]
    Erased,
    #[error("the work on the database came to no end")]
    Gone,
    #[error("no thread for the database: {0}")]
    Thread(#[from] std::io::Error),
}

/// Copies a database as it is at this moment, also while a server uses it. What is free in it is not copied.
#[cfg(feature = "cli")]
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let database = schema::open_reader(from)?;
    database.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    let copied = schema::open_reader(to)?;
    let check: String = copied.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
    if check == "ok" { Ok(()) } else { Err(StoreError::Damaged(check)) }
}

/// Checks the audit log of a database, also while a server uses it.
pub fn check_audit(path: &Path) -> Result<Checked, StoreError> {
    audit::check(&schema::open_reader(path)?)
}

/// A receipt, and where it stands among those that are signed with it.
#[derive(Debug)]
pub(super) struct Receipted {
    pub(super) text: String,
    pub(super) place: Place,
}

/// The database's handle; clones share it. The last one to go closes the database.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    readers: Arc<Readers>,
    /// Events that wait, as of the last commit.
    waiting: Arc<AtomicUsize>,
    changes: Arc<Changes>,
    /// Before `thread`: closing the channel is what ends it.
    writer: Option<SyncSender<Ask>>,
    thread: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens or makes the database. Its folder must exist.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let writer = Writer::new(schema::open_writer(path)?)?;
        let (waiting, changes) = (Arc::clone(&writer.waiting), Arc::clone(&writer.changes));
        let (asks, queue) = sync_channel(QUEUE);
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.write_until_closed(&queue))?;
        let shared = Shared {
            readers: Arc::new(Readers::new(path.to_owned())),
            waiting,
            changes,
            writer: Some(asks),
            thread: Some(thread),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Stores a batch of reports; returns after the commit, with the receipt when all of it is stored.
    pub(super) async fn ingest(
        &self,
        to: Target,
        batch: Vec<Received>,
        signatures: Box<Signatures>,
    ) -> Result<(Outcome, Option<Receipted>), StoreError> {
        let work = move |database: &Connection, tail: &mut Tail| {
            tail.restore(database)?;
            if tail.is_full() {
                return Err(StoreError::Busy);
            }
            let applied = whole(|| ingest::apply(database, tail, &to, &batch, &signatures));
            match &applied {
                // What is stored shows once it is derived; what is refused shows as that.
                Ok(Outcome::Fork { .. } | Outcome::Foreign { .. }) => {
                    tail.mark(&(to.tenant.clone(), to.session));
                }
                Ok(Outcome::Stored { .. } | Outcome::Malformed { .. } | Outcome::Gap { .. }) => {}
                Err(_) => tail.forget(),
            }
            let mut outcome = applied?;
            let receipt = outcome.receipt(&to)?;
            Ok((outcome, receipt, batch))
        };
        let leaf = |(_, receipt, _): &(Outcome, Option<String>, Vec<Received>)| {
            receipt.as_ref().map(|receipt| tree::leaf(receipt.as_bytes()))
        };
        let (job, answer) = job_with_receipt(work, leaf, |(outcome, receipt, batch), place| {
            let receipt = receipt.zip(place).map(|(text, place)| Receipted { text, place });
            (outcome, receipt, batch)
        });
        self.send(job)?;
        // Memory is given back by those who asked for it: on the thread that writes that costs more.
        let (outcome, receipt, _batch) = answer.await.map_err(|_closed| StoreError::Gone)??;
        Ok((outcome, receipt))
    }

    /// Runs `work` in a transaction; returns after the commit. An error of `work` rolls back what
    /// it wrote.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.derive().await?;
        let answer = self.enqueue(|database, tail| after_reports(database, tail, None, work))?;
        answer.await.map_err(|_closed| StoreError::Gone)?
    }

    /// [`Store::write`] of what concerns one session only.
    pub(super) async fn write_of<T: Send + 'static>(
        &self,
        (tenant, session): (Tenant, SessionId),
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let answer = self.enqueue(move |database, tail| {
            after_reports(database, tail, Some(&(tenant, session)), work)
        })?;
        answer.await.map_err(|_closed| StoreError::Gone)?
    }

    /// [`Store::write`] of what nobody reads in a row or a right, and what no report decides over: the rows
    /// of webhooks' messages.
    pub(super) async fn write_aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let answer = self.enqueue(|database, _tail| in_savepoint(database, work))?;
        answer.await.map_err(|_closed| StoreError::Gone)?
    }

    /// [`Store::write_aside`] of what reports decide over: it is done once what was acknowledged is derived.
    pub(super) async fn write_settled<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.derive().await?;
        let answer = self.enqueue(|database, tail| {
            settle_all(database, tail)?;
            in_savepoint(database, work)
        })?;
        answer.await.map_err(|_closed| StoreError::Gone)?
    }

    /// [`Store::write`] for the start, outside of the runtime.
    pub(super) fn write_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let answer = self.enqueue(|database, tail| after_reports(database, tail, None, work))?;
        answer.blocking_recv().map_err(|_closed| StoreError::Gone)?
    }

    /// Which sessions were written of.
    pub(super) fn changes(&self) -> &Arc<Changes> {
        &self.shared.changes
    }

    /// Events that are stored and not yet derived, as of the last commit.
    pub(super) fn waiting(&self) -> usize {
        self.shared.waiting.load(Ordering::Acquire)
    }

    /// Whether reports wait from which nothing is derived yet.
    pub(super) fn has_waiting(&self) -> bool {
        self.waiting() > 0
    }

    /// Has derived what waits, in slices: what depends on all of it leaves little to do in its own transaction then,
    /// in which nobody else's reports are stored.
    async fn derive(&self) -> Result<(), StoreError> {
        if !self.has_waiting() {
            return Ok(());
        }
        let (asker, answer) = oneshot::channel();
        self.ask(Ask::Derive(asker))?;
        answer.await.map_err(|_closed| StoreError::Gone)?
    }

    fn enqueue<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &mut Tail) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError> {
        let (job, answer) = job(work);
        self.send(job)?;
        Ok(answer)
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        self.ask(Ask::Write(job))
    }

    fn ask(&self, ask: Ask) -> Result<(), StoreError> {
        let writer = self.shared.writer.as_ref().ok_or(StoreError::Gone)?;
        writer.try_send(ask).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Gone,
        })
    }

    /// Runs `work` on a connection that only reads, off the runtime's threads, once what was acknowledged
    /// can be read. It sees one state of the database throughout.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        Arc::clone(&self.shared.readers).run(move || shared.derive(), work).await
    }

    /// [`Store::read`] of what is not derived from reports, or need not be of this moment.
    pub(super) async fn look_up<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        Arc::clone(&self.shared.readers).run(|| Ok(()), work).await
    }
}

impl Shared {
    /// [`Store::derive`], off the runtime's threads; waits for a place in the queue.
    fn derive(&self) -> Result<(), StoreError> {
        if self.waiting.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        let (asker, answer) = oneshot::channel();
        let writer = self.writer.as_ref().ok_or(StoreError::Gone)?;
        writer.send(Ask::Derive(asker)).map_err(|_closed| StoreError::Gone)?;
        answer.blocking_recv().map_err(|_closed| StoreError::Gone)?
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.writer = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the database's thread failed; what was acknowledged is stored");
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) fn in_memory() -> Connection {
    schema::open_writer(Path::new(":memory:")).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(database: &Connection) -> u64 {
        database.query_row("SELECT count(*) FROM credential", [], |row| row.get(0)).unwrap()
    }

    fn insert(database: &Connection, hash: u8) -> Result<(), StoreError> {
        let sql = "INSERT INTO credential (hash, scope, expires_at) VALUES (?1, 'read', 0)";
        database.execute(sql, [[hash].as_slice()])?;
        Ok(())
    }

    #[tokio::test]
    async fn a_job_that_fails_leaves_nothing_and_its_neighbours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("inview.db")).unwrap();
        let bad = store.write(|database| {
            insert(database, 1)?;
            insert(database, 1)
        });
        let good = store.write(|database| insert(database, 2));
        let (bad, good) = tokio::join!(bad, good);
        assert!(matches!(bad, Err(StoreError::Database(_))), "{bad:?}");
        good.unwrap();
        assert_eq!(store.read(|database| Ok(count(database))).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_job_that_panics_is_undone_and_the_others_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("inview.db")).unwrap();
        let bad = store.write(|database| {
            insert(database, 1)?;
            panic!("a mistake") as Result<(), StoreError>
        });
        assert!(matches!(bad.await, Err(StoreError::Gone)));
        store.write(|database| insert(database, 2)).await.unwrap();
        assert_eq!(store.read(|database| Ok(count(database))).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_full_queue_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("inview.db")).unwrap();
        let (release, held) = sync_channel::<()>(0);
        let (busy, entered) = sync_channel::<()>(0);
        let mut answers = vec![
            store
                .enqueue(move |_, _| {
                    busy.send(()).unwrap();
                    held.recv().unwrap();
                    Ok(())
                })
                .unwrap(),
        ];
        entered.recv().unwrap();
        let refused = loop {
            match store.enqueue(|_, _| Ok(())) {
                Ok(answer) => answers.push(answer),
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, StoreError::Busy));
        assert_eq!(answers.len(), QUEUE + 1);
        release.send(()).unwrap();
        for answer in answers {
            answer.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn receipts_of_one_commit_are_in_one_tree_without_those_that_failed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("inview.db")).unwrap();
        let (release, held) = sync_channel::<()>(0);
        let hold = move |_: &Connection, _: &mut Tail| {
            held.recv().unwrap();
            Ok(())
        };
        let waiting = store.enqueue(hold).unwrap();
        let answers = ["one", "", "two", "three"].map(|text| {
            let work = move |_: &Connection, _: &mut Tail| {
                Some(text).filter(|text| !text.is_empty()).ok_or(StoreError::Erased)
            };
            let leaf = |text: &&str| Some(tree::leaf(text.as_bytes()));
            let (job, answer) = job_with_receipt(work, leaf, |text, place| (text, place));
            store.send(job).unwrap();
            answer
        });
        release.send(()).unwrap();
        waiting.await.unwrap().unwrap();
        let mut heads = Vec::new();
        for answer in answers {
            let Ok((text, place)) = answer.await.unwrap() else { continue };
            let Place { group, index } = place.unwrap();
            let head = group.tree.inclusion(index).head(tree::leaf(text.as_bytes()));
            assert_eq!(head, Some(group.tree.head()), "{text}");
            heads.extend(head);
        }
        assert_eq!(heads.len(), 3);
        assert!(heads.iter().all(|head| head.starts_with("3 ") && *head == heads[0]), "{heads:?}");
    }

    #[tokio::test]
    async fn what_was_committed_is_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("inview.db")).unwrap();
        let pragmas = store.write(|database| {
            let mode: String =
                database.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
            let full: i64 = database.pragma_query_value(None, "synchronous", |row| row.get(0))?;
            Ok((mode, full))
        });
        assert_eq!(pragmas.await.unwrap(), ("wal".to_owned(), 2));
    }

    #[test]
    fn a_file_that_is_no_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inview.db");
        std::fs::File::create(&path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, &[7; 8192]))
            .unwrap();
        assert!(Store::open(&path).is_err());
    }
}
