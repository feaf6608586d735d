//! One row for each session that sends heartbeats: what the last one said.

pub(in crate::server) mod attest;
pub(in crate::server) mod coverage;
pub(in crate::server) mod silence;

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use crate::report::{ChainHead, Hash, Heartbeat, Incarnation, Liveness, Phase, Seen};
use crate::server::silence::attests;
use crate::server::store::StoreError;
use crate::server::store::read::rfc3339;
use crate::server::store::reports::derive::touch;
use crate::server::store::reports::ingest::Target;
// A heartbeat attests the time, and must not contradict what is stored.
use crate::server::store::reports::heads;

/// How often agents are asked to say how things stand.
pub(in crate::server) const HEARTBEAT_EVERY: Duration = Duration::from_secs(10);

/// The columns that [`read`] reads.
pub(super) const LIVENESS: &str = "liveness.last_heartbeat, liveness.incarnation, liveness.phase,
    liveness.seen, liveness.health, liveness.head_seq, liveness.head_hash, liveness.attested,
    liveness.refused";

/// Keeps what a heartbeat says, and what it is worth, in place of what the one before said. A session that was not known is
/// known from here on.
pub(in crate::server) fn keep(
    database: &Connection,
    to: &Target,
    heartbeat: &Heartbeat,
    (attested, nonce, before): (bool, &str, Option<&str>),
) -> Result<(), StoreError> {
    touch(database, to, to.now, heartbeat.incarnation)?;
    heads::hold_against(database, to, heartbeat)?;
    if attests(heartbeat.phase, phase(database, to)?) {
        coverage::attest(database, to)?;
    }
    let mut query = database.prepare_cached(
        "INSERT INTO liveness (tenant, session, incarnation, last_heartbeat, phase, seen, health,
                               head_seq, head_hash, attested, nonce, nonce_before, sent_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT (tenant, session) DO UPDATE SET
             incarnation = excluded.incarnation, last_heartbeat = excluded.last_heartbeat,
             phase = excluded.phase, seen = excluded.seen, health = excluded.health,
             head_seq = excluded.head_seq, head_hash = excluded.head_hash,
             attested = excluded.attested, nonce = excluded.nonce,
             nonce_before = excluded.nonce_before, sent_at = excluded.sent_at",
    )?;
    query.execute(params![
        to.tenant.as_str(),
        to.session.0.as_bytes(),
        heartbeat.incarnation.0.as_bytes(),
        to.now.as_microsecond(),
        heartbeat.phase.as_str(),
        heartbeat.seen.as_str(),
        serde_json::to_string(&heartbeat.health)?,
        heartbeat.head.seq,
        heartbeat.head.hash.as_bytes(),
        attested,
        nonce,
        before,
        heartbeat.sent_at
    ])?;
    Ok(())
}

/// The phase of the heartbeat before.
fn phase(database: &Connection, to: &Target) -> Result<Option<Phase>, StoreError> {
    let phase: Option<String> = database
        .prepare_cached("SELECT phase FROM liveness WHERE tenant = ?1 AND session = ?2")?
        .query_row(params![to.tenant.as_str(), to.session.0.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(phase.and_then(|phase| Phase::ALL.into_iter().find(|known| known.as_str() == phase)))
}

/// Whether a heartbeat was made before the one that is kept of the same incarnation, whose times only
/// grow, or is that one.
pub(super) fn is_late(
    database: &Connection,
    to: &Target,
    heartbeat: &Heartbeat,
) -> Result<bool, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT sent_at FROM liveness WHERE tenant = ?1 AND session = ?2 AND incarnation = ?3",
    )?;
    let incarnation = heartbeat.incarnation.0.as_bytes();
    let key = params![to.tenant.as_str(), to.session.0.as_bytes(), incarnation];
    let kept: Option<Option<String>> = query.query_row(key, |row| row.get(0)).optional()?;
    let read = |text: &str| text.parse::<Timestamp>().ok();
    let kept = kept.flatten().as_deref().and_then(read);
    Ok(kept.is_some_and(|kept| read(&heartbeat.sent_at) <= Some(kept)))
}

/// Reads the columns of [`LIVENESS`] from `first` on; `None` where no heartbeat ever came.
pub(super) fn read(row: &Row<'_>, first: usize) -> Result<Option<Liveness>, StoreError> {
    let Some(last_heartbeat) = row.get::<_, Option<i64>>(first)? else { return Ok(None) };
    let (phase, seen): (String, String) = (row.get(first + 2)?, row.get(first + 3)?);
    let unknown = || StoreError::Damaged("a heartbeat of an unknown kind".to_owned());
    let phase = Phase::ALL.into_iter().find(|known| known.as_str() == phase);
    let seen = Seen::ALL.into_iter().find(|known| known.as_str() == seen);
    Ok(Some(Liveness {
        last_heartbeat: rfc3339(last_heartbeat),
        incarnation: Incarnation(Uuid::from_bytes(row.get(first + 1)?)),
        phase: phase.ok_or_else(unknown)?,
        seen: seen.ok_or_else(unknown)?,
        health: serde_json::from_str(&row.get::<_, String>(first + 4)?)?,
        head: ChainHead { seq: row.get(first + 5)?, hash: Hash::from_bytes(row.get(first + 6)?) },
        attested: row.get(first + 7)?,
        refused: row.get(first + 8)?,
    }))
}
