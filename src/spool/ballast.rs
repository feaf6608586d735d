//! Space that is held back, so that a full disk can still take the last reports: a file beside the
//! spools, given up when nothing else helps, and taken back when there is space again.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::files;

const BYTES: u64 = 1024 * 1024;
const NAME: &str = "ballast";

#[derive(Debug)]
pub(super) struct Ballast {
    path: PathBuf,
}

impl Ballast {
    /// Takes the space when it is not taken yet. A disk without it has none to hold back.
    pub(super) fn of(folder: &Path) -> Self {
        let ballast = Self { path: folder.join(NAME) };
        ballast.take();
        ballast
    }

    pub(super) fn take(&self) {
        let is_there = fs::metadata(&self.path).is_ok_and(|file| file.len() == BYTES);
        if !is_there && self.fill().is_err() {
            // Half of it would only be in the way.
            fs::remove_file(&self.path).ok();
        }
    }

    fn fill(&self) -> io::Result<()> {
        files::make_private_file(&self.path)?;
        let mut file = File::create(&self.path)?;
        let zeros = [0; 8 * 1024];
        for _ in 0..BYTES / zeros.len() as u64 {
            file.write_all(&zeros)?;
        }
        file.sync_all()
    }
}

/// Gives up the space; `false` when there was none.
pub(super) fn give_up(folder: &Path) -> bool {
    fs::remove_file(folder.join(NAME)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_space_is_taken_once_given_up_and_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let ballast = Ballast::of(folder.path());
        let length = || fs::metadata(folder.path().join("ballast")).map(|file| file.len()).ok();
        assert_eq!(length(), Some(BYTES));
        assert!(give_up(folder.path()) && !give_up(folder.path()));
        assert_eq!(length(), None);
        ballast.take();
        assert_eq!(length(), Some(BYTES));
    }

    #[test]
    fn where_there_is_no_space_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = folder.path().join("no such folder");
        Ballast::of(&nowhere);
        assert!(!give_up(&nowhere));
    }
}
