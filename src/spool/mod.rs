//! The outbox on disk: a report is here before it is shown or sent, and until the server has it.
//!
//! One `SQLite` file a session, `<session id>.spool`, in WAL mode with `synchronous=FULL`: a
//! transaction that returned survives a power cut. Tables (schema version 2):
//!
//! ```text
//! event(incarnation, seq, hash, prevhash, state, body, sig)   key (incarnation, seq); seq from 1, no gaps
//!   state 0 waiting, 1 acknowledged, 2 refused by the server
//! meta(key, value)   the session id; the session's public key, the server's, each chain's last receipt
//! ```
//!
//! - *Append* numbers, encodes, hashes, signs where there is a key, and commits, in this order; the
//!   bytes are never encoded again. Each event carries the hash of the one before it. The signature is
//!   put on when the event is sent ([`envelope`]).
//! - *Again*: a replay that is started again makes its events from the first on. An event that is
//!   there already with the same bytes is the same event; with other bytes it is an error.
//! - *Acknowledge* takes a `seq` and its hash. A hash that is not ours acknowledges nothing. What is
//!   acknowledged stays for the candidate's copy (`export`), until the file is removed or its space is
//!   needed: then the hashes alone are kept.
//! - *Damage*: a file that is no database, fails its check, breaks the chain or ends before its head
//!   record (`head`) says so is set aside under another name, never deleted, and a new one is begun.
//!   Only a writer does that: a reader would take the file from under it.
//!   The new one says so, until that was reported.
//! - *No disk*: where the disk takes nothing, reports go into the same tables in memory, within bounds
//!   (`shelter`), and all of them to the disk when it takes them again.
//! - *Delivered*: the file of a session that is over is kept for as long as its policy says (`retention`).
//! - *Full*: a file grows to [`QUOTA_BYTES`]. On a full disk the `ballast` beside the spools makes room
//!   for the last reports and for what an acknowledgement needs.
//!
//! The folder is readable by its owner only. One connection writes; the uploader opens its own.

mod ballast;
mod error;
mod export;
mod files;
mod head;
mod retention;
mod schema;
mod shelter;

use std::path::{Path, PathBuf};

pub use error::SpoolError;
pub use export::export;
pub use files::make_private_folder;
pub use retention::erase_delivered;
pub use shelter::{CAPACITY, Shelter};

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use ballast::Ballast;
use head::{Head, HeadFile};

use crate::report::{ChainHead, Clocks, Event, EventData, Hash, Identity, Incarnation, SessionId};
use crate::trust::envelope;
use crate::trust::signature::{Signature, SigningKey};

/// An event that waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    pub seq: u64,
    /// The bytes that are sent: those that were hashed, with their signature if they have one.
    pub body: Vec<u8>,
    pub hash: Hash,
}

/// A spool that could not be believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage {
    pub reason: String,
    /// Where the file is now; absent when it was gone.
    pub aside: Option<PathBuf>,
    /// The first report of the last incarnation in it that the server may lack.
    pub from: Option<u64>,
    /// The last report that was in it, as the head record says.
    pub last: Option<(Incarnation, u64)>,
}

/// How many events are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub waiting: u64,
    pub acknowledged: u64,
    pub refused: u64,
}

/// The outbox of one session and incarnation.
#[derive(Debug)]
pub struct Outbox {
    database: Connection,
    path: PathBuf,
    session: SessionId,
    incarnation: Incarnation,
    /// The next event's number and the hash it follows.
    cursor: (u64, Hash),
    damage: Option<Damage>,
    /// Signs what is appended.
    key: Option<SigningKey>,
    /// Absent in a reader.
    writing: Option<Writing>,
}

/// What only a writer has.
#[derive(Debug)]
struct Writing {
    head: HeadFile,
    ballast: Ballast,
}

/// A spool does not grow larger: a hundred times what a long exam needs.
pub const QUOTA_BYTES: u64 = 64 * 1024 * 1024;

const WAITING: u8 = 0;
const ACKNOWLEDGED: u8 = 1;
const REFUSED: u8 = 2;

impl Outbox {
    /// Opens or makes the outbox of a session, to write; appending begins at the first event.
    pub fn open(
        folder: &Path,
        session: SessionId,
        incarnation: Incarnation,
    ) -> Result<Self, SpoolError> {
        let fault = |path: &Path, error: std::io::Error| SpoolError::of_file(path, &error);
        files::make_private_folder(folder).map_err(|error| fault(folder, error))?;
        let path = folder.join(format!("{session}.spool"));
        let (database, damage) = files::open_or_set_aside(&path, session)?;
        let head = files::head_of(&path);
        let head = HeadFile::open(&head).map_err(|error| fault(&head, error))?;
        let writing = Some(Writing { head, ballast: Ballast::of(folder) });
        let cursor = (1, Hash::ZERO);
        Ok(Self { database, path, session, incarnation, cursor, damage, key: None, writing })
    }

    /// Opens the outbox of a session that is there already, to send what is in it.
    pub fn reader(
        folder: &Path,
        session: SessionId,
        incarnation: Incarnation,
    ) -> Result<Self, SpoolError> {
        let path = folder.join(format!("{session}.spool"));
        let database = files::open_to_read(&path, session)?;
        let cursor = (1, Hash::ZERO);
        let (damage, key, writing) = (None, None, None);
        Ok(Self { database, path, session, incarnation, cursor, damage, key, writing })
    }

    /// The same tables in memory: gone with the program.
    fn in_memory(session: SessionId, incarnation: Incarnation) -> Result<Self, SpoolError> {
        let mut database = Connection::open_in_memory()?;
        schema::create(&mut database, session, None)?;
        let (path, cursor) = (PathBuf::new(), (1, Hash::ZERO));
        let (damage, key, writing) = (None, None, None);
        Ok(Self { database, path, session, incarnation, cursor, damage, key, writing })
    }

    /// Signs what is appended from now on.
    pub fn sign_by(&mut self, key: SigningKey) -> Result<(), SpoolError> {
        self.keep(export::PUBLIC_KEY, &key.public().to_string())?;
        self.key = Some(key);
        Ok(())
    }

    /// What was found here, could not be believed, and was set aside; until it was told.
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub const fn session(&self) -> SessionId {
        self.session
    }

    pub const fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// The last event that was appended, or the one before the first.
    pub const fn head(&self) -> ChainHead {
        ChainHead { seq: self.cursor.0 - 1, hash: self.cursor.1 }
    }

    /// Goes on behind the last event that is there: for a writer that has opened it anew.
    pub fn go_on(&mut self) -> Result<(), SpoolError> {
        let last = self
            .database
            .query_row(
                "SELECT seq, hash FROM event WHERE incarnation = ?1 ORDER BY seq DESC LIMIT 1",
                params![self.key()],
                |row| Ok((row.get::<_, u64>(0)?, Hash::from_bytes(row.get(1)?))),
            )
            .optional()?;
        self.cursor = last.map_or((1, Hash::ZERO), |(seq, hash)| (seq + 1, hash));
        Ok(())
    }

    /// Appends an event, durably. One that is there already with the same bytes is passed over.
    pub fn append(
        &mut self,
        time: Option<String>,
        data: EventData,
    ) -> Result<Identity, SpoolError> {
        self.append_at(time, Clocks::default(), data)
    }

    /// The same for an event that says what the clocks said.
    pub fn append_at(
        &mut self,
        time: Option<String>,
        clocks: Clocks,
        data: EventData,
    ) -> Result<Identity, SpoolError> {
        self.insert(time, clocks, data, None)
    }

    /// Appends the event that tells of the damage; from then on it is told.
    pub fn tell_damage(
        &mut self,
        time: Option<String>,
        clocks: Clocks,
        data: EventData,
    ) -> Result<Identity, SpoolError> {
        let identity = self.insert(time, clocks, data, Some(schema::DAMAGE))?;
        self.damage = None;
        Ok(identity)
    }

    /// The damage was told elsewhere.
    pub fn forget_damage(&mut self) -> Result<(), SpoolError> {
        self.with_room(|database| forget(database, schema::DAMAGE))?;
        self.damage = None;
        Ok(())
    }

    /// `done`: what is kept under this name in `meta` no longer, once the event is.
    fn insert(
        &mut self,
        time: Option<String>,
        clocks: Clocks,
        data: EventData,
        done: Option<&str>,
    ) -> Result<Identity, SpoolError> {
        let (seq, prevhash) = self.cursor;
        let (session, incarnation) = (self.session, self.incarnation);
        let identity = Identity { session, incarnation, seq };
        let event = Event { clocks, ..Event::new(&identity, prevhash, time, data) };
        let body = serde_json::to_vec(&event)?;
        let hash = Hash::of(&body);
        match self.hash_of(seq)? {
            Some(stored) if stored != hash => return Err(SpoolError::Differs { seq }),
            Some(_) => {}
            None => {
                let signed = self.key.as_ref().map(|key| envelope::sign(&body, key).to_bytes());
                let row = params![
                    self.key(),
                    seq,
                    hash.as_bytes(),
                    prevhash.as_bytes(),
                    WAITING,
                    body,
                    signed
                ];
                self.with_room(|database| {
                    let transaction = database.unchecked_transaction()?;
                    let inserted = transaction.execute(
                        "INSERT INTO event (incarnation, seq, hash, prevhash, state, body, sig)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                        row,
                    )?;
                    if let Some(name) = done {
                        forget(&transaction, name)?;
                    }
                    transaction.commit()?;
                    Ok(inserted)
                })?;
                self.write_head(Head { incarnation, seq, hash });
            }
        }
        self.cursor = (seq + 1, hash);
        Ok(identity)
    }

    /// A head that could not be written is behind: that is less watchful, and nothing is lost.
    fn write_head(&mut self, head: Head) {
        if let Some(writing) = &mut self.writing {
            match writing.head.write(&head) {
                Ok(()) => writing.ballast.take(),
                Err(error) => tracing::warn!(%error, "the head record cannot be written"),
            }
        }
    }

    /// Does what needs space, with that of the ballast when there is no other.
    fn with_room(
        &self,
        work: impl Fn(&Connection) -> rusqlite::Result<usize>,
    ) -> rusqlite::Result<usize> {
        let has_no_room = |done: &rusqlite::Result<usize>| done.as_ref().is_err_and(is_full);
        let mut done = work(&self.database);
        if has_no_room(&done) && files::give_up_ballast(&self.path) {
            tracing::warn!("the disk is full: the space that was held back is used");
            self.database.pragma_update(None, "wal_checkpoint", "TRUNCATE")?;
            done = work(&self.database);
        }
        // The quota is not the disk's: the ballast is no help against it. Some bodies need not be a page.
        while has_no_room(&done) && export::give_up_some(&self.database)? > 0 {
            tracing::warn!("there is no space: what the server has is not kept for the copy");
            done = work(&self.database);
        }
        done
    }

    /// The oldest waiting events, in order: at most so many, and at most so many bytes together
    /// (but always one).
    pub fn peek_batch(&self, events: usize, bytes: usize) -> Result<Vec<StoredEvent>, SpoolError> {
        let mut query = self.database.prepare_cached(
            "SELECT seq, body, hash, sig FROM event WHERE incarnation = ?1 AND state = ?2
             ORDER BY seq LIMIT ?3",
        )?;
        let rows = query.query_map(params![self.key(), WAITING, events as u64], |row| {
            let hash = Hash::from_bytes(row.get(2)?);
            Ok(StoredEvent { seq: row.get(0)?, body: wire(row.get(1)?, row.get(3)?), hash })
        })?;
        let (mut batch, mut total) = (Vec::new(), 0);
        for event in rows {
            let event = event?;
            total += event.body.len() + 1;
            if !batch.is_empty() && total + 1 > bytes {
                break;
            }
            batch.push(event);
        }
        Ok(batch)
    }

    /// The server has every event up to `seq`, whose hash it gives as a proof.
    pub fn acknowledge(&self, seq: u64, head: Hash) -> Result<(), SpoolError> {
        if seq == 0 {
            return Ok(());
        }
        if self.hash_of(seq)? != Some(head) {
            return Err(SpoolError::ForeignReceipt { seq });
        }
        self.with_room(|database| {
            database.execute(
                "UPDATE event SET state = ?1
                 WHERE incarnation = ?2 AND seq <= ?3 AND state = ?4",
                params![ACKNOWLEDGED, self.key(), seq, WAITING],
            )
        })?;
        export::keep_within_quota(&self.database)?;
        Ok(())
    }

    /// The server will never take this event: it is kept, and the ones behind it go on.
    pub fn refuse(&self, seq: u64) -> Result<(), SpoolError> {
        self.with_room(|database| {
            database.execute(
                "UPDATE event SET state = ?1 WHERE incarnation = ?2 AND seq = ?3 AND state = ?4",
                params![REFUSED, self.key(), seq, WAITING],
            )
        })?;
        Ok(())
    }

    pub fn counts(&self) -> Result<Counts, SpoolError> {
        let count = |state: u8| {
            self.database.query_row(
                "SELECT count(*) FROM event WHERE incarnation = ?1 AND state = ?2",
                params![self.key(), state],
                |row| row.get(0),
            )
        };
        Ok(Counts {
            waiting: count(WAITING)?,
            acknowledged: count(ACKNOWLEDGED)?,
            refused: count(REFUSED)?,
        })
    }

    /// Removes the file when the server has all of it. `false`: something still waits, or was
    /// refused, and the file stays.
    pub fn remove_if_delivered(self) -> Result<bool, SpoolError> {
        let kept: u64 = self.database.query_row(
            "SELECT count(*) FROM event WHERE state <> ?1",
            params![ACKNOWLEDGED],
            |row| row.get(0),
        )?;
        if kept > 0 {
            return Ok(false);
        }
        let path = self.path.clone();
        drop(self.database);
        files::remove(&path);
        Ok(true)
    }

    /// Removes the file when nothing was ever put into it, and no damage waits to be told.
    pub fn remove_if_empty(self) -> Result<(), SpoolError> {
        let events: u64 =
            self.database.query_row("SELECT count(*) FROM event", [], |row| row.get(0))?;
        if events == 0 && self.damage.is_none() {
            let path = self.path.clone();
            drop(self);
            files::remove(&path);
        }
        Ok(())
    }

    fn key(&self) -> &[u8] {
        self.incarnation.0.as_bytes()
    }

    fn hash_of(&self, seq: u64) -> Result<Option<Hash>, SpoolError> {
        let mut query = self
            .database
            .prepare_cached("SELECT hash FROM event WHERE incarnation = ?1 AND seq = ?2")?;
        let hash = query.query_row(params![self.key(), seq], |row| row.get(0)).optional()?;
        Ok(hash.map(Hash::from_bytes))
    }
}

fn forget(database: &Connection, name: &str) -> rusqlite::Result<usize> {
    database.execute("DELETE FROM meta WHERE key = ?1", params![name])
}

/// An event as it is sent.
fn wire(body: Vec<u8>, sig: Option<[u8; 64]>) -> Vec<u8> {
    match sig {
        Some(bytes) => envelope::seal(&body, &Signature::from_bytes(&bytes)),
        None => body,
    }
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ffi::ErrorCode::DiskFull)
}

/// Sessions in this folder with events that wait to be sent, and their incarnations.
///
/// Files that cannot be read are passed over; a writer sets its own aside.
pub fn unsent(folder: &Path) -> Vec<(SessionId, Incarnation)> {
    incarnations(folder, &[WAITING])
}

/// Whether a session has events in this folder that wait to be sent, where that can be known.
pub fn has_unsent(folder: &Path, session: SessionId) -> Result<bool, SpoolError> {
    let path = folder.join(format!("{session}.spool"));
    if !path.is_file() {
        return Ok(false);
    }
    Ok(!files::incarnations_with(&path, WAITING)?.is_empty())
}

/// Sessions in this folder, whatever the state of their events.
pub fn all(folder: &Path) -> Vec<(SessionId, Incarnation)> {
    incarnations(folder, &[WAITING, ACKNOWLEDGED, REFUSED])
}

fn incarnations(folder: &Path, states: &[u8]) -> Vec<(SessionId, Incarnation)> {
    let mut found = Vec::new();
    for (path, session) in files::spools_in(folder) {
        for &state in states {
            let incarnations = files::incarnations_with(&path, state).unwrap_or_default();
            found.extend(incarnations.into_iter().map(|incarnation| (session, incarnation)));
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod lying_tests;
#[cfg(test)]
mod tests;
