//! What was reported of a session: chains, events, and what is kept of them apart.

use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::report::{
    Chain, Hash, Incarnation, RejectedEvent, Sampling, SessionId, StoredIntegrity,
};
use crate::server::store::{StoreError, Tenant};
use crate::trust::envelope;
use crate::trust::signature::Signature;

/// Chains of a session, the latest incarnation last.
pub(in crate::server) fn chains(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<Vec<Chain>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT incarnation, head_seq, head_hash FROM chain
         WHERE tenant = ?1 AND session = ?2 ORDER BY first_contact, incarnation",
    )?;
    let rows = query.query_map(params![tenant.as_str(), session.0.as_bytes()], |row| {
        Ok(Chain {
            incarnation: Incarnation(Uuid::from_bytes(row.get(0)?)),
            head_seq: row.get(1)?,
            head_hash: Hash::from_bytes(row.get(2)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The events behind `after_seq` as they were received, in order.
pub(in crate::server) fn events(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
    incarnation: Incarnation,
    (after_seq, limit): (u64, u64),
) -> Result<Vec<Vec<u8>>, StoreError> {
    let Ok(after_seq) = i64::try_from(after_seq) else { return Ok(Vec::new()) };
    let mut query = database.prepare_cached(
        "SELECT body, sig FROM report
         WHERE tenant = ?1 AND session = ?2 AND incarnation = ?3 AND seq > ?4
             AND body IS NOT NULL
         ORDER BY seq LIMIT ?5",
    )?;
    let (session, incarnation) = (session.0.as_bytes(), incarnation.0.as_bytes());
    let key = params![tenant.as_str(), session, incarnation, after_seq, limit];
    let rows = query.query_map(key, |row| Ok(wire(row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Changes of the sampling rate, in the order of their times.
pub(super) fn sampling(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<Vec<Sampling>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT report FROM sampling WHERE tenant = ?1 AND session = ?2 ORDER BY at_ms, seq",
    )?;
    let mut rows = query.query(params![tenant.as_str(), session.0.as_bytes()])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        changes.push(serde_json::from_str(&row.get::<_, String>(0)?)?);
    }
    Ok(changes)
}

/// What agents told of their reports and clocks, in the order of its times.
pub(in crate::server::store) fn integrity(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<Vec<StoredIntegrity>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT incarnation, seq, report FROM integrity
         WHERE tenant = ?1 AND session = ?2 ORDER BY at_ms, incarnation, seq",
    )?;
    let mut rows = query.query(params![tenant.as_str(), session.0.as_bytes()])?;
    let mut told = Vec::new();
    while let Some(row) = rows.next()? {
        told.push(StoredIntegrity {
            incarnation: Incarnation(Uuid::from_bytes(row.get(0)?)),
            seq: row.get(1)?,
            report: serde_json::from_str(&row.get::<_, String>(2)?)?,
        });
    }
    Ok(told)
}

/// An event as it was received.
pub(in crate::server::store) fn wire(body: Vec<u8>, sig: Option<[u8; 64]>) -> Vec<u8> {
    match sig {
        Some(bytes) => envelope::seal(&body, &Signature::from_bytes(&bytes)),
        None => body,
    }
}

pub(super) fn rejected(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<Vec<RejectedEvent>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT incarnation, seq, hash, rejected FROM report
         WHERE tenant = ?1 AND session = ?2 AND rejected IS NOT NULL ORDER BY incarnation, seq",
    )?;
    let rows = query.query_map(params![tenant.as_str(), session.0.as_bytes()], |row| {
        Ok(RejectedEvent {
            incarnation: Incarnation(Uuid::from_bytes(row.get(0)?)),
            seq: row.get(1)?,
            hash: Hash::from_bytes(row.get(2)?),
            reason: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
