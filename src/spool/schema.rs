//! Tables of the spool, and whether what stands in them can be believed.

use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, TransactionBehavior, params};

use super::head::Head;
use super::{Damage, QUOTA_BYTES, export};
use crate::report::{Hash, SessionId};
use crate::trust::signature::{Signature, Signed};

/// Version of the tables, in `PRAGMA user_version`.
const VERSION: i64 = 2;
/// How long one connection waits for another …
pub(super) const BUSY: Duration = Duration::from_secs(5);
/// … and when it is opened: nobody waits longer for a file that another program keeps to itself.
const BUSY_OPENING: Duration = Duration::from_secs(1);
/// Key of `meta`.
pub(super) const DAMAGE: &str = "damage";
const PAUSE: Duration = Duration::from_millis(5);

/// Sets the promises of a connection: durable before it returns, waits for the other connection.
pub(super) fn configure(database: &Connection) -> rusqlite::Result<()> {
    // In this switch `SQLite` waits for some, and refuses others at once: we wait for all alike.
    database.busy_timeout(Duration::ZERO)?;
    use_wal(database)?;
    database.busy_timeout(BUSY_OPENING)?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "fullfsync", true)?;
    database.pragma_update(None, "wal_autocheckpoint", 64)?;
    let page: u64 = database.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let pages = i64::try_from(QUOTA_BYTES / page.max(1)).unwrap_or(i64::MAX);
    database.pragma_update(None, "max_page_count", pages)
}

/// While another connection makes the same switch, `SQLite` refuses it at once and does not wait.
fn use_wal(database: &Connection) -> rusqlite::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        match database.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && waited < BUSY_OPENING =>
            {
                std::thread::park_timeout(PAUSE);
                waited += PAUSE;
            }
            done => return done,
        }
    }
}

/// Makes the tables of a new file, or brings those of an earlier version up to date, unless another
/// connection has just done so: it is waited for. `damage`: what was in the place of the new file.
pub(super) fn create(
    database: &mut Connection,
    session: SessionId,
    damage: Option<&Damage>,
) -> rusqlite::Result<()> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 1 {
        transaction.execute_batch("ALTER TABLE event ADD COLUMN sig BLOB")?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    if version == 0 {
        transaction.execute_batch(
            "CREATE TABLE event (
                 incarnation BLOB NOT NULL,
                 seq INTEGER NOT NULL,
                 hash BLOB NOT NULL,
                 prevhash BLOB NOT NULL,
                 state INTEGER NOT NULL,
                 body BLOB,
                 sig BLOB,
                 PRIMARY KEY (incarnation, seq)
             ) STRICT, WITHOUT ROWID;
             CREATE INDEX event_waiting ON event (incarnation, state, seq);
             CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;",
        )?;
        transaction.execute(
            "INSERT INTO meta (key, value) VALUES ('session', ?1)",
            params![session.to_string()],
        )?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    if let Some(damage) = damage.and_then(|damage| serde_json::to_string(damage).ok()) {
        let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2)";
        transaction.execute(sql, params![DAMAGE, damage])?;
    }
    transaction.commit()
}

/// A damage that was found by an earlier life, which did not come to tell it.
pub(super) fn untold(database: &Connection) -> rusqlite::Result<Option<Damage>> {
    Ok(export::kept(database, DAMAGE)?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// What is wrong with the file; `None` when all of it can be believed. `SQLite` does not notice a
/// flipped bit in a row, so hashes, chain and the signatures of what waits are checked here, and that
/// the chain goes as far as `last`.
pub(super) fn fault(
    database: &Connection,
    session: SessionId,
    last: Option<Head>,
) -> rusqlite::Result<Option<String>> {
    let check: String = database.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if check != "ok" {
        return Ok(Some(check));
    }
    let version: i64 = database.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != VERSION {
        return Ok(Some(format!("its tables are of version {version}")));
    }
    let owner: String =
        database.query_row("SELECT value FROM meta WHERE key = 'session'", [], |row| row.get(0))?;
    if owner != session.to_string() {
        return Ok(Some("it belongs to another session".to_owned()));
    }
    if let Some(fault) = chain_fault(database)? {
        return Ok(Some(fault));
    }
    let Some(last) = last else { return Ok(None) };
    let hash = database
        .query_row(
            "SELECT hash FROM event WHERE incarnation = ?1 AND seq = ?2",
            params![last.incarnation.0.as_bytes(), last.seq],
            |row| row.get(0).map(Hash::from_bytes),
        )
        .optional()?;
    let fault = || format!("it ends before report {}, which was in it", last.seq);
    Ok((hash != Some(last.hash)).then(fault))
}

fn chain_fault(database: &Connection) -> rusqlite::Result<Option<String>> {
    let mut query = database.prepare(
        "SELECT incarnation, seq, hash, prevhash, state, body, sig
         FROM event ORDER BY incarnation, seq",
    )?;
    let key = export::public_key(database)?;
    let mut rows = query.query([])?;
    let mut before: Option<(Vec<u8>, u64, Hash)> = None;
    while let Some(row) = rows.next()? {
        let (incarnation, seq): (Vec<u8>, u64) = (row.get(0)?, row.get(1)?);
        let (hash, prevhash) = (Hash::from_bytes(row.get(2)?), Hash::from_bytes(row.get(3)?));
        let state: u8 = row.get(4)?;
        let body: Option<Vec<u8>> = row.get(5)?;
        let expected = match &before {
            Some((same, last, hash)) if *same == incarnation => (last + 1, *hash),
            Some(_) | None => (1, Hash::ZERO),
        };
        let body_is_whole = match &body {
            Some(body) => Hash::of(body) == hash,
            None => state == super::ACKNOWLEDGED,
        };
        if (seq, prevhash) != expected || !body_is_whole || state > super::REFUSED {
            return Ok(Some(format!("the chain breaks at report {seq}")));
        }
        let sig: Option<[u8; 64]> = row.get(6)?;
        if let (super::WAITING, Some(body), Some(sig)) = (state, &body, sig) {
            let signature = Signature::from_bytes(&sig);
            if !key.is_some_and(|key| key.verifies(Signed::Event, body, &signature)) {
                return Ok(Some(format!("the signature of report {seq} is damaged")));
            }
        }
        before = Some((incarnation, seq, hash));
    }
    Ok(None)
}
