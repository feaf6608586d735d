//! The chains of reports that wait, on disk and in memory.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;

use super::turns::Key;
use crate::spool::{self, Outbox, Shelter, SpoolError};

/// What waits, on disk and in memory.
pub(super) struct Stored {
    pub(super) folder: PathBuf,
    pub(super) shelter: Shelter,
    pub(super) outboxes: BTreeMap<Key, Outbox>,
}

impl Stored {
    pub(super) fn new(folder: PathBuf, shelter: Shelter) -> Self {
        Self { folder, shelter, outboxes: BTreeMap::new() }
    }

    pub(super) fn unsent(&self) -> Vec<Key> {
        // In this order: what goes from memory to disk meanwhile is seen twice, not never.
        let held = self.shelter.unsent();
        let mut unsent = spool::unsent(&self.folder);
        unsent.extend(held);
        unsent.sort();
        unsent.dedup();
        unsent
    }

    /// Works on a chain, wherever it is now.
    pub(super) fn with<T>(
        &mut self,
        key: Key,
        work: impl Fn(&Outbox) -> Result<T, SpoolError>,
    ) -> Result<T, SpoolError> {
        if let Some(done) = self.shelter.with(key, &work) {
            return done;
        }
        match self.outboxes.entry(key) {
            Entry::Occupied(entry) => work(entry.get()),
            Entry::Vacant(entry) => {
                let (session, incarnation) = key;
                work(entry.insert(Outbox::reader(&self.folder, session, incarnation)?))
            }
        }
    }
}
