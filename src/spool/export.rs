//! What the spool keeps for the candidate's copy: whole chains, keys, and what the server has vouched
//! for.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::{ACKNOWLEDGED, Outbox, QUOTA_BYTES, SpoolError, files, wire};
use crate::report::{Hash, Incarnation, SessionId};
use crate::trust::export::{Export, ExportedChain, FORMAT, Link, SignedReceipt};
use crate::trust::signature::PublicKey;

/// Keys of `meta`.
pub(super) const PUBLIC_KEY: &str = "public_key";
pub(super) const SERVER_KEY: &str = "server_key";
pub(super) const RECEIPT: &str = "receipt-";

/// So many bodies are given up at once: a disk that is full has no room for a larger log.
const CHUNK: u64 = 64;

impl Outbox {
    /// Keeps the last receipt of this incarnation, which the server of this key has signed.
    pub fn keep_receipt(
        &self,
        receipt: &SignedReceipt,
        server: &PublicKey,
    ) -> Result<(), SpoolError> {
        self.keep(SERVER_KEY, &server.to_string())?;
        let name = format!("{RECEIPT}{}", self.incarnation);
        self.keep(&name, &serde_json::to_string(receipt)?)
    }

    pub(super) fn keep(&self, name: &str, value: &str) -> Result<(), SpoolError> {
        self.with_room(|database| {
            database.execute(
                "INSERT INTO meta (key, value) VALUES (?1, ?2)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value
                     WHERE value <> excluded.value",
                params![name, value],
            )
        })?;
        Ok(())
    }
}

/// All that is in the spool of a session, in a form that anybody can check. `None`: there is none.
pub fn export(folder: &Path, session: SessionId) -> Result<Option<Export>, SpoolError> {
    let path = folder.join(format!("{session}.spool"));
    if !path.exists() {
        return Ok(None);
    }
    let database = files::open_to_read(&path, session)?;
    let mut query = database.prepare("SELECT DISTINCT incarnation FROM event ORDER BY 1")?;
    let incarnations: Vec<[u8; 16]> =
        query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut chains = Vec::with_capacity(incarnations.len());
    for incarnation in incarnations {
        let incarnation = Incarnation(Uuid::from_bytes(incarnation));
        let receipt = kept(&database, &format!("{RECEIPT}{incarnation}"))?;
        let receipt = receipt.map(|text| serde_json::from_str(&text)).transpose()?;
        chains.push(ExportedChain { incarnation, links: links(&database, incarnation)?, receipt });
    }
    Ok(Some(Export {
        format: FORMAT.to_owned(),
        session,
        public_key: public_key(&database)?,
        server_key: kept(&database, SERVER_KEY)?.and_then(|text| text.parse().ok()),
        chains,
    }))
}

fn links(database: &Connection, incarnation: Incarnation) -> rusqlite::Result<Vec<Link>> {
    let mut query = database
        .prepare("SELECT hash, body, sig FROM event WHERE incarnation = ?1 ORDER BY seq")?;
    let links = query.query_map([incarnation.0.as_bytes()], |row| {
        let hash = Hash::from_bytes(row.get(0)?);
        Ok(match row.get::<_, Option<Vec<u8>>>(1)? {
            Some(body) => {
                Link::Event(String::from_utf8_lossy(&wire(body, row.get(2)?)).into_owned())
            }
            None => Link::Missing { hash, reason: "not kept: the server has it".to_owned() },
        })
    })?;
    links.collect()
}

/// The session's key, if what is in the spool is signed.
pub(super) fn public_key(database: &Connection) -> rusqlite::Result<Option<PublicKey>> {
    Ok(kept(database, PUBLIC_KEY)?.and_then(|text| text.parse().ok()))
}

pub(super) fn kept(database: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    let query = "SELECT value FROM meta WHERE key = ?1";
    database.query_row(query, [name], |row| row.get(0)).optional()
}

/// Gives up what the server has when the file has used most of its space.
pub(super) fn keep_within_quota(database: &Connection) -> rusqlite::Result<()> {
    let number = |name| database.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    let pages = number("page_count")?.saturating_sub(number("freelist_count")?);
    if pages * number("page_size")? > QUOTA_BYTES / 4 * 3 {
        while give_up_some(database)? > 0 {}
    }
    Ok(())
}

/// Drops the oldest bodies that the server has; says how many. The rows are taken out and put back
/// without them: only a page that a row is taken out of is merged with its neighbours.
pub(super) fn give_up_some(database: &Connection) -> rusqlite::Result<usize> {
    type Row = ([u8; 16], u64, [u8; 32], [u8; 32]);
    let transaction = database.unchecked_transaction()?;
    let mut query = transaction.prepare_cached(
        "SELECT incarnation, seq, hash, prevhash FROM event
         WHERE state = ?1 AND body IS NOT NULL ORDER BY incarnation, seq LIMIT ?2",
    )?;
    let rows = query.query_map(params![ACKNOWLEDGED, CHUNK], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    });
    let rows = rows?.collect::<rusqlite::Result<Vec<Row>>>()?;
    drop(query);
    for (incarnation, seq, ..) in &rows {
        let sql = "DELETE FROM event WHERE incarnation = ?1 AND seq = ?2";
        transaction.prepare_cached(sql)?.execute(params![incarnation, seq])?;
    }
    for (incarnation, seq, hash, prevhash) in &rows {
        let sql = "INSERT INTO event (incarnation, seq, hash, prevhash, state)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        let row = params![incarnation, seq, hash, prevhash, ACKNOWLEDGED];
        transaction.prepare_cached(sql)?.execute(row)?;
    }
    transaction.commit()?;
    let dropped = rows.len();
    database.pragma_update(None, "wal_checkpoint", "TRUNCATE")?;
    Ok(dropped)
}
