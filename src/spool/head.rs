//! Where a session's events end, in a file of its own: `<session id>.head`.
//!
//! `SQLite` drops a damaged tail of its log without a word, and a writer that then goes on would use
//! the numbers of the lost events again. The head says that they were there. It is written after the
//! commit, so it is never ahead of a spool that is whole.
//!
//! Two slots, written by turns, so that a write that was cut short leaves the other:
//!
//! ```text
//! generation (8) | incarnation (16) | seq (8) | hash (32) | SHA-256 of all before it (32)
//! ```
//!
//! Numbers are big-endian; the valid slot of the higher generation counts.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use uuid::Uuid;

use super::files;
use crate::report::{Hash, Incarnation};

const SLOT: usize = 96;
const CHECKED: usize = 64;

/// The last event that was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) incarnation: Incarnation,
    pub(super) seq: u64,
    pub(super) hash: Hash,
}

/// Keeps the file; its space is taken when it is made, so that a full disk does not stop it.
#[derive(Debug)]
pub(super) struct HeadFile {
    file: File,
    generation: u64,
}

/// What the file says; `None` when there is none, or none that can be believed.
pub(super) fn read(path: &Path) -> Option<Head> {
    newest(&fs::read(path).ok()?).map(|(_, head)| head)
}

impl HeadFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        files::make_private_file(path)?;
        let generation = newest(&fs::read(path)?).map_or(0, |(generation, _)| generation);
        let file = fs::OpenOptions::new().write(true).open(path)?;
        if file.metadata()?.len() < (2 * SLOT) as u64 {
            write_at(&file, &[0; 2 * SLOT], 0)?;
            file.sync_all()?;
        }
        Ok(Self { file, generation })
    }

    /// Durable when it returns.
    pub(super) fn write(&mut self, head: &Head) -> io::Result<()> {
        let generation = self.generation + 1;
        let mut slot = [0; SLOT];
        slot[..8].copy_from_slice(&generation.to_be_bytes());
        slot[8..24].copy_from_slice(head.incarnation.0.as_bytes());
        slot[24..32].copy_from_slice(&head.seq.to_be_bytes());
        slot[32..64].copy_from_slice(head.hash.as_bytes());
        let check = Hash::of(&slot[..CHECKED]);
        slot[CHECKED..].copy_from_slice(check.as_bytes());
        write_at(&self.file, &slot, (generation % 2) * SLOT as u64)?;
        self.file.sync_data()?;
        self.generation = generation;
        Ok(())
    }
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(not(unix))]
fn write_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    use std::io::{Seek as _, SeekFrom, Write as _};
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

fn newest(bytes: &[u8]) -> Option<(u64, Head)> {
    bytes.chunks_exact(SLOT).take(2).filter_map(parse).max_by_key(|(generation, _)| *generation)
}

fn parse(slot: &[u8]) -> Option<(u64, Head)> {
    let (checked, check) = slot.split_at(CHECKED);
    if Hash::of(checked).as_bytes() != check {
        return None;
    }
    let number = |at: usize| Some(u64::from_be_bytes(checked.get(at..at + 8)?.try_into().ok()?));
    let head = Head {
        incarnation: Incarnation(Uuid::from_slice(checked.get(8..24)?).ok()?),
        seq: number(24)?,
        hash: Hash::from_bytes(checked.get(32..64)?.try_into().ok()?),
    };
    Some((number(0)?, head))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::report::SessionId;

    fn head(seq: u64) -> Head {
        let incarnation = Incarnation::of_replay(SessionId::derived(&[]));
        Head { incarnation, seq, hash: Hash::of(&seq.to_be_bytes()) }
    }

    #[test]
    fn the_last_write_is_read_also_by_a_writer_that_opens_it_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.head");
        assert_eq!(read(&path), None);
        for seq in 1..=5 {
            HeadFile::open(&path).unwrap().write(&head(seq)).unwrap();
            assert_eq!(read(&path), Some(head(seq)));
        }
        let mut file = HeadFile::open(&path).unwrap();
        for seq in 6..=9 {
            file.write(&head(seq)).unwrap();
        }
        assert_eq!(read(&path), Some(head(9)));
        assert_eq!(fs::metadata(&path).unwrap().len(), 192);
    }

    #[test]
    fn a_flipped_bit_costs_one_write_at_most_and_never_makes_up_a_head() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.head");
        let mut file = HeadFile::open(&path).unwrap();
        file.write(&head(7)).unwrap();
        file.write(&head(8)).unwrap();
        let whole = fs::read(&path).unwrap();
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            File::create(&path).unwrap().write_all(&flipped).unwrap();
            let found = read(&path).unwrap();
            assert!(found == head(7) || found == head(8), "bit {bit}: {found:?}");
        }
        for length in 0..whole.len() {
            File::create(&path).unwrap().write_all(&whole[..length]).unwrap();
            assert!(read(&path).is_none_or(|found| found == head(8)), "{length} bytes");
        }
    }
}
