//! Sessions of which something was written since somebody looked: names only, whatever has happened. And
//! how often something else was written, from which rights may have changed.
//!
//! The connection that writes adds them after its commit, and does nothing else for those who watch.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::server::store::reports::tail::Key;

/// When there are more, all are forgotten, and that is told: whoever watches reads everything again.
const MOST: usize = 20_000;

/// Shared by the one who writes and the one who watches.
#[derive(Debug, Default)]
pub(in crate::server) struct Changes {
    marked: Mutex<Marked>,
    rights: AtomicU64,
}

#[derive(Debug, Default)]
struct Marked {
    sessions: BTreeSet<Key>,
    has_overflowed: bool,
}

/// What was marked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::server) struct Taken {
    pub(in crate::server) sessions: Vec<Key>,
    /// More had changed than can be told.
    pub(in crate::server) has_overflowed: bool,
}

impl Changes {
    pub(in crate::server) fn add(&self, sessions: impl IntoIterator<Item = Key>) {
        let mut marked = self.lock();
        marked.sessions.extend(sessions);
        if marked.sessions.len() > MOST {
            *marked = Marked { sessions: BTreeSet::new(), has_overflowed: true };
        }
    }

    /// Another number than before: what somebody may see and do may be another thing by now.
    pub(in crate::server) fn rights(&self) -> u64 {
        self.rights.load(Ordering::SeqCst)
    }

    /// Something was written that is not of one session.
    pub(super) fn renew_rights(&self) {
        self.rights.fetch_add(1, Ordering::SeqCst);
    }

    pub(in crate::server) fn is_empty(&self) -> bool {
        let marked = self.lock();
        marked.sessions.is_empty() && !marked.has_overflowed
    }

    /// Takes so many; those that are not wanted yet stay.
    pub(in crate::server) fn take(&self, most: usize, is_wanted: impl Fn(&Key) -> bool) -> Taken {
        let mut marked = self.lock();
        let wanted = marked.sessions.iter().filter(|key| is_wanted(key)).take(most);
        let sessions: Vec<Key> = wanted.cloned().collect();
        for key in &sessions {
            marked.sessions.remove(key);
        }
        Taken { sessions, has_overflowed: std::mem::take(&mut marked.has_overflowed) }
    }

    fn lock(&self) -> MutexGuard<'_, Marked> {
        // A set of names is whole whatever its holder did.
        self.marked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::SessionId;
    use crate::server::store::Tenant;

    fn key(number: u128) -> Key {
        (Tenant::local(), SessionId(uuid::Uuid::from_u128(number)))
    }

    #[test]
    fn a_session_that_changes_often_is_one_name() {
        let changes = Changes::default();
        for _ in 0..9 {
            changes.add([key(1), key(2)]);
        }
        let taken = changes.take(9, |of| *of != key(2));
        assert_eq!(taken, Taken { sessions: vec![key(1)], has_overflowed: false });
        assert_eq!(changes.take(9, |_| true).sessions, [key(2)]);
        assert!(changes.is_empty());
    }

    #[test]
    fn more_than_can_be_told_is_told_as_that() {
        let changes = Changes::default();
        changes.add((0..=MOST as u128).map(key));
        assert!(!changes.is_empty());
        assert_eq!(changes.take(9, |_| true), Taken { sessions: Vec::new(), has_overflowed: true });
        assert!(changes.is_empty());
    }
}
