//! The database: what was acknowledged is in it, and survives a power cut.
//!
//! One thread owns the connection that writes. It takes as many jobs as wait (at most
//! [`QUEUE`]), runs each in a savepoint of its own, commits them together, and only then answers:
//! one `fsync` for all. A full queue is answered at once with [`StoreError::Busy`]. Readers have
//! connections of their own and never wait for the writer (WAL).
//!
//! `schema` has the tables; `ingest` applies batches, `issue` hands sessions out, `liveness` keeps
//! heartbeats, `attest` says whether one is of now, `command` what proctors asked for, `signed` knows
//! whose reports they are, `read` answers questions, `export` hands out a session as a whole, `check`
//! compares what is read with what came, `credential` keeps hashes of tokens. `silence` and `coverage`
//! have what was not heard and what was, `heads` and `fork` what contradicts it, `audit` who did what.
//! `exam` has exams and who reaches which, `account` the people who sign in, `api_token` tokens that they
//! made; `accounts_schema` their tables.
//! They take a connection and know nothing of threads.

pub(super) mod account;
mod accounts_schema;
pub(super) mod api_token;
pub(super) mod attest;
pub(super) mod audit;
#[cfg(feature = "cli")]
pub(super) mod check;
pub(super) mod command;
pub(super) mod coverage;
pub(super) mod credential;
pub(super) mod exam;
pub(super) mod export;
mod fork;
mod heads;
pub(super) mod ingest;
#[cfg(test)]
mod ingest_tests;
pub(super) mod issue;
pub(super) mod liveness;
mod materialise;
pub(super) mod read;
mod schema;
pub(super) mod signed;
pub(super) mod silence;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};

pub use audit::Checked;
pub use credential::{Credential, Scope};

/// Jobs that wait for the writer, and the most that one commit takes: all batches and heartbeats that are
/// let in at one time.
const QUEUE: usize = 512;
/// Connections that read at one time. They are kept: opening one costs more than most questions.
const READERS: usize = 16;

/// Whose data it is. Everything is kept by tenant; there is one so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant(String);

impl Tenant {
    pub fn new(name: impl Into<String>) -> Self {
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
    #[error("the work on the database came to no end")]
    Gone,
    #[error("no thread for the database: {0}")]
    Thread(#[from] std::io::Error),
}

/// Checks the audit log of a database, also while a server uses it.
pub fn check_audit(path: &Path) -> Result<Checked, StoreError> {
    audit::check(&schema::open_reader(path)?)
}

/// Called with whether the commit succeeded.
type Reply = Box<dyn FnOnce(bool) + Send>;
type Job = Box<dyn FnOnce(&Connection) -> Reply + Send>;

/// The database's handle; clones share it. The last one to go closes the database.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    reading: Arc<Semaphore>,
    /// Before `thread`: closing the channel is what ends it.
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens or makes the database. Its folder must exist.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let database = schema::open_writer(path)?;
        let (jobs, queue) = sync_channel(QUEUE);
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || write_until_closed(&database, &queue))?;
        let shared = Shared {
            path: path.to_owned(),
            readers: Mutex::new(Vec::new()),
            reading: Arc::new(Semaphore::new(READERS)),
            jobs: Some(jobs),
            thread: Some(thread),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Runs `work` in a transaction; returns after the commit. An error of `work` rolls back what
    /// it wrote.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let answer = self.enqueue(work)?;
        answer.await.map_err(|_closed| StoreError::Gone)?
    }

    /// [`Store::write`] for the start, outside of the runtime.
    pub(super) fn write_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let answer = self.enqueue(work)?;
        answer.blocking_recv().map_err(|_closed| StoreError::Gone)?
    }

    fn enqueue<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError> {
        let (sender, answer) = oneshot::channel();
        let job: Job = Box::new(move |database| {
            let done = in_savepoint(database, work);
            Box::new(move |committed| {
                let done = if committed { done } else { done.and(Err(commit_failed())) };
                // Err: whoever asked has gone; the commit stands.
                let _nobody_waits = sender.send(done);
            })
        });
        let jobs = self.shared.jobs.as_ref().ok_or(StoreError::Gone)?;
        jobs.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Gone,
        })?;
        Ok(answer)
    }

    /// Runs `work` on a connection that only reads, off the runtime's threads. It sees one state
    /// of the database throughout.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        let place = Arc::clone(&shared.reading).acquire_owned().await;
        let place = place.map_err(|_closed| StoreError::Gone)?;
        let reading = tokio::task::spawn_blocking(move || {
            let _place = place;
            let idle = shared.idle().pop();
            let database = match idle {
                Some(database) => database,
                None => schema::open_reader(&shared.path)?,
            };
            database.prepare_cached("BEGIN")?.execute([])?;
            let found = work(&database);
            // After a panic the connection is gone, and its view with it.
            database.prepare_cached("COMMIT")?.execute([])?;
            shared.idle().push(database);
            found
        });
        reading.await.map_err(|_panicked| StoreError::Gone)?
    }
}

impl Shared {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // A list of connections is whole whatever its holder did.
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.jobs = None;
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

fn write_until_closed(database: &Connection, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut replies = Vec::new();
        let begun = database.execute_batch("BEGIN IMMEDIATE");
        for job in std::iter::once(first).chain(queue.try_iter().take(QUEUE - 1)) {
            replies.push(job(database));
        }
        let committed = begun.and_then(|()| database.execute_batch("COMMIT"));
        if let Err(error) = &committed {
            tracing::error!(%error, "nothing was stored, nor acknowledged");
            if !database.is_autocommit()
                && let Err(error) = database.execute_batch("ROLLBACK")
            {
                tracing::error!(%error, "the failed transaction could not be undone");
            }
        }
        for reply in replies {
            reply(committed.is_ok());
        }
    }
}

fn in_savepoint<T>(
    database: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    if database.is_autocommit() {
        // The transaction did not begin: nothing may be written outside of one.
        return Err(commit_failed());
    }
    database.prepare_cached("SAVEPOINT job")?.execute([])?;
    // A mistake in one job must not end the thread: the savepoint undoes what it did.
    let done = catch_unwind(AssertUnwindSafe(|| work(database)));
    let done = done.unwrap_or(Err(StoreError::Gone));
    if done.is_err() {
        database.execute_batch("ROLLBACK TO job")?;
    }
    database.prepare_cached("RELEASE job")?.execute([])?;
    done
}

fn commit_failed() -> StoreError {
    StoreError::Damaged("the transaction could not be committed".to_owned())
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
                .enqueue(move |_| {
                    busy.send(()).unwrap();
                    held.recv().unwrap();
                    Ok(())
                })
                .unwrap(),
        ];
        entered.recv().unwrap();
        let refused = loop {
            match store.enqueue(|_| Ok(())) {
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
