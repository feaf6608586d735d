//! Files of the spool: who may read them, and what happens to a damaged one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use super::{SpoolError, schema};
use crate::report::{Incarnation, SessionId};

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
fn make_private_file(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Opens a spool; one that cannot be believed is renamed and begun anew.
pub(super) fn open_or_set_aside(
    path: &Path,
    session: SessionId,
) -> Result<(Connection, Option<PathBuf>), SpoolError> {
    let error = |reason: String| SpoolError::Open { path: path.display().to_string(), reason };
    if path.is_dir() {
        return Err(error("a folder is in its place".to_owned()));
    }
    make_private_file(path).map_err(|reason| error(reason.to_string()))?;
    match try_open(path, session) {
        Ok((database, None)) => return Ok((database, None)),
        Ok((database, Some(fault))) => {
            drop(database);
            tracing::error!(fault, "a damaged spool was set aside");
        }
        Err(fault) if is_damage(&fault) => {
            tracing::error!(%fault, "a damaged spool was set aside");
        }
        Err(other) => return Err(error(other.to_string())),
    }
    let aside = set_aside(path).map_err(|reason| error(reason.to_string()))?;
    make_private_file(path).map_err(|reason| error(reason.to_string()))?;
    let (database, fault) = try_open(path, session).map_err(|fault| error(fault.to_string()))?;
    match fault {
        None => Ok((database, Some(aside))),
        Some(fault) => Err(error(fault)),
    }
}

fn try_open(path: &Path, session: SessionId) -> rusqlite::Result<(Connection, Option<String>)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut database = Connection::open_with_flags(path, flags)?;
    schema::configure(&database)?;
    schema::create(&mut database, session)?;
    let fault = schema::fault(&database, session)?;
    Ok((database, fault))
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

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Removes a delivered spool. What cannot be removed holds nothing that was not delivered.
pub(super) fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let file = with_suffix(path, suffix);
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

pub(super) fn incarnations_with(path: &Path, state: u8) -> rusqlite::Result<Vec<Incarnation>> {
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut query = database.prepare("SELECT DISTINCT incarnation FROM event WHERE state = ?1")?;
    let rows = query.query_map([state], |row| row.get::<_, [u8; 16]>(0))?;
    rows.map(|row| row.map(|bytes| Incarnation(Uuid::from_bytes(bytes)))).collect()
}
