//! The connections that read, each used by one question at a time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::server::store::{StoreError, schema};

/// Connections that read at one time. They are kept: opening one costs more than most questions.
const MOST: usize = 16;

pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default(), places: Arc::new(Semaphore::new(MOST)) }
    }

    /// Runs `before` and then `work` on a connection that only reads, off the runtime's threads. `work` sees one
    /// state of the database throughout.
    pub(super) async fn run<T: Send + 'static>(
        self: Arc<Self>,
        before: impl FnOnce() -> Result<(), StoreError> + Send + 'static,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_closed| StoreError::Gone)?;
        let reading = tokio::task::spawn_blocking(move || {
            let _place = place;
            before()?;
            let idle = self.idle().pop();
            let database = match idle {
                Some(database) => database,
                None => schema::open_reader(&self.path)?,
            };
            database.prepare_cached("BEGIN")?.execute([])?;
            let found = work(&database);
            // After a panic the connection is gone, and its view with it.
            database.prepare_cached("COMMIT")?.execute([])?;
            self.idle().push(database);
            found
        });
        reading.await.map_err(|_panicked| StoreError::Gone)?
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // A list of connections is whole whatever its holder did.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
