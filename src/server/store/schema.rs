//! Tables of the server's database, and the promises of its connections.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::StoreError;

/// Version of the tables, in `PRAGMA user_version`.
const VERSION: i64 = 1;
const BUSY: Duration = Duration::from_secs(5);

/// Times are microseconds since 1970 by the server's clock; `_ms` is media time. Every key begins
/// with the tenant.
const TABLES: &str = "
    CREATE TABLE session (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        first_contact INTEGER NOT NULL,
        last_contact INTEGER NOT NULL,
        alert_after_ms INTEGER NOT NULL,
        started TEXT,
        ended TEXT,
        PRIMARY KEY (tenant, session)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX session_newest ON session (tenant, first_contact DESC, session DESC);

    CREATE TABLE chain (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        first_contact INTEGER NOT NULL,
        head_seq INTEGER NOT NULL,
        head_hash BLOB NOT NULL,
        PRIMARY KEY (tenant, session, incarnation)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE event (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        seq INTEGER NOT NULL,
        hash BLOB NOT NULL,
        received_at INTEGER NOT NULL,
        body BLOB,
        rejected TEXT,
        PRIMARY KEY (tenant, session, incarnation, seq),
        CHECK ((body IS NULL) <> (rejected IS NULL))
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE interval (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        interval BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        alerting INTEGER NOT NULL,
        start_ms INTEGER NOT NULL,
        end_ms INTEGER,
        open_since INTEGER NOT NULL,
        report TEXT NOT NULL,
        PRIMARY KEY (tenant, session, interval)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE fork (
        number INTEGER PRIMARY KEY,
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        seq INTEGER NOT NULL,
        head_seq INTEGER NOT NULL,
        head_hash BLOB NOT NULL,
        received_hash BLOB NOT NULL,
        received_at INTEGER NOT NULL,
        UNIQUE (tenant, session, incarnation, seq, received_hash)
    ) STRICT;

    CREATE TABLE credential (
        hash BLOB PRIMARY KEY,
        tenant TEXT NOT NULL DEFAULT 'local',
        scope TEXT NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// Opens the connection that writes, and makes the tables of a new file.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut database = Connection::open_with_flags(path, flags)?;
    database.busy_timeout(BUSY)?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "fullfsync", true)?;
    let check: String = database.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if check != "ok" {
        return Err(StoreError::Damaged(check));
    }
    let version: i64 = database.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match version {
        VERSION => {}
        0 => {
            let transaction = database.transaction()?;
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()?;
        }
        other => return Err(StoreError::Version(other)),
    }
    Ok(database)
}

/// Opens a connection that reads.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags)?;
    database.busy_timeout(BUSY)?;
    Ok(database)
}
