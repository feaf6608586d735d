//! Files of the spool: who may read them, and what happens to a damaged one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};
use uuid::Uuid;

use super::{ACKNOWLEDGED, Damage, SpoolError, ballast, error, head, schema};
use crate::report::{Incarnation, SessionId, StorageFault};

const GLANCE: Duration = Duration::from_millis(50);

/// Makes a folder that its owner alone may enter.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes the file first, since `SQLite` would make it readable for everyone. Its WAL takes over
/// the permissions of the file.
pub(super) fn make_private_file(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Opens a spool; one that cannot be believed is renamed and begun anew. The new one remembers that until
/// it was told.
pub(super) fn open_or_set_aside(
    path: &Path,
    session: SessionId,
) -> Result<(Connection, Option<Damage>), SpoolError> {
    if path.is_dir() {
        return Err(unusable(path, "a folder is in its place", StorageFault::Failing));
    }
    let was_there = path.exists();
    // Before the spool: the head must not be ahead of what is read after it.
    let last = head::read(&head_of(path));
    make_private_file(path).map_err(|error| SpoolError::of_file(path, &error))?;
    let (reason, from) = match try_open(path, session, last, None) {
        Ok((database, None)) => {
            let untold = schema::untold(&database).map_err(|fault| of_database(path, &fault))?;
            return Ok((database, untold));
        }
        Ok((database, Some(fault))) => (fault, first_undelivered(&database, last)),
        Err(fault) if is_damage(&fault) => (fault.to_string(), last.map(|_| 1)),
        Err(other) => return Err(of_database(path, &other)),
    };
    tracing::error!(reason, "a damaged spool is set aside");
    let aside = set_aside(path).map_err(|error| SpoolError::of_file(path, &error))?;
    make_private_file(path).map_err(|error| SpoolError::of_file(path, &error))?;
    let last = last.map(|head| (head.incarnation, head.seq));
    let damage = Damage { reason, aside: was_there.then_some(aside.clone()), from, last };
    let opened = try_open(path, session, None, Some(&damage));
    let opened = opened.map_err(|fault| of_database(path, &fault))?;
    // Last: if this program is killed before, the next start finds the same damage.
    set_head_aside(path, &aside).map_err(|error| SpoolError::of_file(path, &error))?;
    if !was_there {
        remove(&aside);
    }
    match opened {
        (database, None) => Ok((database, Some(damage))),
        (_, Some(fault)) => Err(unusable(path, &fault, StorageFault::Failing)),
    }
}

/// The first report of the last incarnation that the server may lack, as far as a damaged spool tells.
fn first_undelivered(database: &Connection, last: Option<head::Head>) -> Option<u64> {
    let acknowledged: rusqlite::Result<Option<u64>> = database.query_row(
        "SELECT max(seq) FROM event WHERE incarnation = ?1 AND state = ?2",
        params![last?.incarnation.0.as_bytes(), ACKNOWLEDGED],
        |row| row.get(0),
    );
    Some(acknowledged.ok().flatten().unwrap_or(0) + 1)
}

fn unusable(path: &Path, reason: &str, cause: StorageFault) -> SpoolError {
    SpoolError::Open { path: path.display().to_string(), reason: reason.to_owned(), cause }
}

fn of_database(path: &Path, fault: &rusqlite::Error) -> SpoolError {
    unusable(path, &fault.to_string(), error::cause_of(fault))
}

/// Opens a spool that is there already and can be believed.
pub(super) fn open_to_read(path: &Path, session: SessionId) -> Result<Connection, SpoolError> {
    let last = head::read(&head_of(path));
    match try_open(path, session, last, None) {
        Ok((database, None)) => Ok(database),
        Ok((_, Some(fault))) => Err(unusable(path, &fault, StorageFault::Failing)),
        Err(fault) => Err(of_database(path, &fault)),
    }
}

fn try_open(
    path: &Path,
    session: SessionId,
    last: Option<head::Head>,
    damage: Option<&Damage>,
) -> rusqlite::Result<(Connection, Option<String>)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut database = Connection::open_with_flags(path, flags)?;
    schema::configure(&database)?;
    schema::create(&mut database, session, damage)?;
    let fault = schema::fault(&database, session, last)?;
    database.busy_timeout(schema::BUSY)?;
    Ok((database, fault))
}

/// The head record of a spool.
pub(super) fn head_of(path: &Path) -> PathBuf {
    path.with_extension("head")
}

/// Gives up the space that is held back beside a spool; `false` when there was none.
pub(super) fn give_up_ballast(path: &Path) -> bool {
    path.parent().is_some_and(ballast::give_up)
}

/// Damage, as opposed to a full disk or a file in use.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::ErrorCode;
    match error.sqlite_error_code() {
        Some(code) => matches!(
            code,
            ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::Unknown
                | ErrorCode::TypeMismatch
        ),
        // A row of another type or a missing row: the tables are not ours.
        None => true,
    }
}

/// Renames a file and its WAL to a free name.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = (1_u32..10_000)
        .map(|number| with_suffix(path, &format!(".damaged-{number}")))
        .find(|aside| !aside.exists())
        .unwrap_or_else(|| with_suffix(path, ".damaged"));
    fs::rename(path, &aside)?;
    for suffix in ["-wal", "-shm"] {
        let from = with_suffix(path, suffix);
        if from.exists() {
            fs::rename(from, with_suffix(&aside, suffix))?;
        }
    }
    Ok(aside)
}

fn set_head_aside(path: &Path, aside: &Path) -> io::Result<()> {
    let head = head_of(path);
    if head.exists() { fs::rename(head, with_suffix(aside, "-head")) } else { Ok(()) }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Removes a delivered spool. What cannot be removed holds nothing that was not delivered.
pub(super) fn remove(path: &Path) {
    // The head goes first: left alone, it would speak of a spool that was lost.
    let files = ["", "-wal", "-shm"].map(|suffix| with_suffix(path, suffix));
    for file in std::iter::once(head_of(path)).chain(files) {
        if let Err(error) = fs::remove_file(&file)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a delivered spool could not be removed");
        }
    }
}

/// Spool files in a folder, by name.
pub(super) fn spools_in(folder: &Path) -> Vec<(PathBuf, SessionId)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut spools: Vec<(PathBuf, SessionId)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?.strip_suffix(".spool")?;
            let session = name.parse().ok()?;
            Some((path, session))
        })
        .collect();
    spools.sort();
    spools
}

/// Opens a spool for a look that is made again soon: a file that another program keeps to itself is not
/// waited for.
pub(super) fn glance_at(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags)?;
    database.busy_timeout(GLANCE)?;
    Ok(database)
}

pub(super) fn incarnations_with(path: &Path, state: u8) -> rusqlite::Result<Vec<Incarnation>> {
    let database = glance_at(path)?;
    let mut query = database.prepare("SELECT DISTINCT incarnation FROM event WHERE state = ?1")?;
    let rows = query.query_map([state], |row| row.get::<_, [u8; 16]>(0))?;
    rows.map(|row| row.map(|bytes| Incarnation(Uuid::from_bytes(bytes)))).collect()
}
