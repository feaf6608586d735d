//! What contradicts what is kept: noted for a person to look at, and never stored in its place.

use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::report::{Fork, ForkKind, Hash, Identity, Incarnation, SessionId};
use crate::server::store::audit::{self, Deed, Entry};
use crate::server::store::read::rfc3339;
use crate::server::store::reports::ingest::{Head, Target};
use crate::server::store::{StoreError, Tenant};

/// Forks that are kept for a session; a broken agent must not fill the disk with them.
const KEPT: u64 = 1_000;
/// Forks that are told of one by one.
const TOLD: u64 = 100;

/// Two histories of one session.
#[derive(Clone, Copy, Debug)]
pub(in crate::server::store) struct Contradiction {
    pub(in crate::server::store) how: ForkKind,
    pub(in crate::server::store) incarnation: Incarnation,
    pub(in crate::server::store) seq: u64,
    /// What came.
    pub(in crate::server::store) received: Hash,
    /// What was known.
    pub(in crate::server::store) head: Head,
}

impl Contradiction {
    pub(in crate::server::store) fn of_reports(
        identity: &Identity,
        head: Head,
        received: Hash,
    ) -> Self {
        let Identity { incarnation, seq, .. } = *identity;
        Self { how: ForkKind::Reports, incarnation, seq, received, head }
    }
}

/// Notes it; the same one is noted once.
pub(in crate::server::store) fn note(
    database: &Connection,
    to: &Target,
    fork: &Contradiction,
) -> Result<(), StoreError> {
    if count(database, &to.tenant, to.session)? >= KEPT {
        return Ok(());
    }
    let new = database.execute(
        "INSERT OR IGNORE INTO fork (tenant, session, incarnation, seq, head_seq, head_hash,
                                     received_hash, received_at, how)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            to.tenant.as_str(),
            to.session.0.as_bytes(),
            fork.incarnation.0.as_bytes(),
            fork.seq,
            fork.head.seq,
            fork.head.hash.as_bytes(),
            fork.received.as_bytes(),
            to.now.as_microsecond(),
            fork.how.as_str()
        ],
    )?;
    if new == 0 {
        return Ok(());
    }
    let (session, how) = (to.session, fork.how.as_str());
    tracing::warn!(%session, seq = fork.seq, how, "two histories of one session");
    let detail = format!("{how}: report {} of {}", fork.seq, fork.incarnation);
    let entry = Entry {
        at: to.now,
        tenant: &to.tenant,
        who: audit::SERVER,
        did: Deed::ForkRecorded,
        session: Some(session),
        detail: &detail,
    };
    audit::note(database, &entry)
}

pub(in crate::server::store) fn count(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM fork WHERE tenant = ?1 AND session = ?2";
    let key = params![tenant.as_str(), session.0.as_bytes()];
    Ok(database.query_row(sql, key, |row| row.get(0))?)
}

/// The first of them, in the order in which they were noted.
pub(in crate::server::store) fn list(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<Vec<Fork>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT how, incarnation, seq, received_at FROM fork
         WHERE tenant = ?1 AND session = ?2 ORDER BY number LIMIT ?3",
    )?;
    let mut rows = query.query(params![tenant.as_str(), session.0.as_bytes(), TOLD])?;
    let mut forks = Vec::new();
    while let Some(row) = rows.next()? {
        let how: String = row.get(0)?;
        let how = ForkKind::ALL.into_iter().find(|known| known.as_str() == how);
        forks.push(Fork {
            how: how.ok_or_else(|| StoreError::Damaged("a fork of an unknown kind".to_owned()))?,
            incarnation: Incarnation(Uuid::from_bytes(row.get(1)?)),
            seq: row.get(2)?,
            at: rfc3339(row.get(3)?),
        });
    }
    Ok(forks)
}
