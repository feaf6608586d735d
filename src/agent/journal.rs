//! What a killed agent leaves behind: how far its session had come, and when it was last alive.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::report::Begun;
use crate::clock::Anchor;
use crate::report::{Interval, SessionId};
use crate::time::MediaTime;

/// An exam that is going on. The file is there from its start to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub anchor: Anchor,
    /// When the agent was certainly alive.
    pub alive_ms: MediaTime,
    /// Intervals that were open then.
    pub open: Vec<Interval>,
    #[serde(default)]
    pub begun: Begun,
}

/// The journal of one session: a file that is replaced as a whole.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
}

impl Journal {
    pub(super) fn of(folder: &Path, session: SessionId) -> Self {
        Self { path: folder.join(format!("{session}.journal")) }
    }

    /// The exam goes on, or went on when its agent stopped.
    pub(super) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// What an earlier life of the agent wrote. A file that cannot be read is none: the session
    /// begins anew, and the server sees that its earlier incarnation just ended.
    pub(super) fn read(&self) -> Option<Entry> {
        let bytes = fs::read(&self.path).ok()?;
        serde_json::from_slice(&bytes)
            .inspect_err(|error| tracing::warn!(%error, "the journal of the session is damaged"))
            .ok()
    }

    pub(super) fn write(&self, entry: &Entry) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or_else(|| Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, entry)?;
        file.flush()?;
        file.persist(&self.path)?;
        Ok(())
    }

    /// The exam is over.
    pub(super) fn remove(&self) {
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the journal of an ended session cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Reading;

    #[test]
    fn what_was_written_last_is_read_and_damage_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::of(folder.path(), SessionId::derived(&[]));
        assert_eq!(journal.read(), None);
        let anchor = Anchor::at(&Reading::now(), "boot".to_owned());
        for secs in [1, 2] {
            let alive_ms = MediaTime::from_millis(secs * 1_000);
            let begun = Begun::default();
            let entry = Entry { anchor: anchor.clone(), alive_ms, open: Vec::new(), begun };
            journal.write(&entry).unwrap();
        }
        assert_eq!(journal.read().unwrap().alive_ms, MediaTime::from_millis(2_000));
        let path = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        fs::File::create(&path).unwrap().write_all(b"{").unwrap();
        assert_eq!(journal.read(), None);
        journal.remove();
        journal.remove();
        assert!(!path.exists());
    }
}
