//! What heartbeats say of chains, held against what is stored: see `rivals`.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use crate::report::{ChainHead, ForkKind, Hash, Heartbeat, Identity, Incarnation};
use crate::server::silence::rivals::{Pulse, Stored, are_two, compare};
use crate::server::store::StoreError;
use crate::server::store::reports::fork::{self, Contradiction};
use crate::server::store::reports::ingest::{Head, Target, derived_hash_of, head_of};

/// Incarnations whose heartbeats are told apart, for each session.
const KEPT: u64 = 1_000;

/// Compares a heartbeat with what is stored and with the heartbeats of other incarnations, and keeps
/// what it says.
pub(in crate::server::store) fn hold_against(
    database: &Connection,
    to: &Target,
    heartbeat: &Heartbeat,
) -> Result<(), StoreError> {
    let (incarnation, told) = (heartbeat.incarnation, heartbeat.head);
    let stored = stored(database, to, incarnation, told.seq)?;
    if let Some(how) = compare(told, stored, to.now) {
        let head = head_of(database, &(to.tenant.clone(), to.session), incarnation)?;
        let fork = Contradiction { how, incarnation, seq: told.seq, received: told.hash, head };
        fork::note(database, to, &fork)?;
    }
    let others = pulses(database, to)?;
    let own = others.iter().find(|(other, ..)| *other == incarnation).map(|(_, pulse, _)| *pulse);
    if own.is_none() && others.len() as u64 >= KEPT {
        return Ok(());
    }
    let own = own.map_or(Pulse::begin(to.now), |pulse| pulse.beat(to.now));
    keep(database, to, heartbeat, &own)?;
    for (other, pulse, told) in others {
        if other != incarnation && are_two(&own, &pulse, to.now) {
            // Named by the later one, so that it is noted once.
            let is_later = own.first >= pulse.first;
            let later = if is_later { incarnation } else { other };
            let head = Head { incarnation: other, seq: told.seq, hash: told.hash };
            let fork = Contradiction {
                how: ForkKind::TwoAgents,
                incarnation: later,
                seq: 0,
                received: Hash::ZERO,
                head,
            };
            fork::note(database, to, &fork)?;
        }
    }
    Ok(())
}

/// Compares reports that are stored now, from the number `first` on, with what heartbeats had told of before. `to`: where a report of
/// this number went, and when it came.
pub(in crate::server::store) fn check_told(
    database: &Connection,
    to: impl Fn(u64) -> Target,
    first: u64,
    after: Head,
) -> Result<(), StoreError> {
    let incarnation = after.incarnation;
    let told = database
        .prepare_cached(
            "SELECT head_seq, head_hash FROM pulse
             WHERE tenant = ?1 AND session = ?2 AND incarnation = ?3",
        )?
        .query_row(key(&to(after.seq), incarnation), told)
        .optional()?;
    let Some(told) = told.filter(|told| first <= told.seq && told.seq <= after.seq) else {
        return Ok(());
    };
    let to = to(told.seq);
    let identity = Identity { session: to.session, incarnation, seq: told.seq };
    let Some(received) = derived_hash_of(database, &to, &identity)? else { return Ok(()) };
    if received == told.hash {
        return Ok(());
    }
    let head = Head { incarnation, seq: told.seq, hash: told.hash };
    let how = ForkKind::HeadDiffers;
    fork::note(database, &to, &Contradiction { how, incarnation, seq: told.seq, received, head })
}

fn key(to: &Target, incarnation: Incarnation) -> (&str, [u8; 16], [u8; 16]) {
    (to.tenant.as_str(), to.session.0.into_bytes(), incarnation.0.into_bytes())
}

fn told(row: &Row<'_>) -> rusqlite::Result<ChainHead> {
    Ok(ChainHead { seq: row.get(0)?, hash: Hash::from_bytes(row.get(1)?) })
}

fn stored(
    database: &Connection,
    to: &Target,
    incarnation: Incarnation,
    seq: u64,
) -> Result<Stored, StoreError> {
    let same = derived_hash_of(database, to, &Identity { session: to.session, incarnation, seq })?;
    let (tenant, session, incarnation) = key(to, incarnation);
    let next_at: Option<i64> = database
        .prepare_cached(
            "SELECT received_at FROM report
             WHERE tenant = ?1 AND session = ?2 AND incarnation = ?3 AND seq = ?4 + 1",
        )?
        .query_row(params![tenant, session, incarnation, seq], |row| row.get(0))
        .optional()?;
    Ok(Stored { same, next_at: next_at.and_then(|at| Timestamp::from_microsecond(at).ok()) })
}

fn pulses(
    database: &Connection,
    to: &Target,
) -> Result<Vec<(Incarnation, Pulse, ChainHead)>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT head_seq, head_hash, incarnation, first_at, before_at, last_at FROM pulse
         WHERE tenant = ?1 AND session = ?2",
    )?;
    let mut rows = query.query(params![to.tenant.as_str(), to.session.0.as_bytes()])?;
    let mut pulses = Vec::new();
    while let Some(row) = rows.next()? {
        let incarnation = Incarnation(Uuid::from_bytes(row.get(2)?));
        let at = |column: usize| -> Result<Timestamp, StoreError> {
            let at = Timestamp::from_microsecond(row.get(column)?);
            at.map_err(|error| StoreError::Damaged(error.to_string()))
        };
        let pulse = Pulse { first: at(3)?, before: at(4)?, last: at(5)? };
        pulses.push((incarnation, pulse, told(row)?));
    }
    Ok(pulses)
}

fn keep(
    database: &Connection,
    to: &Target,
    heartbeat: &Heartbeat,
    pulse: &Pulse,
) -> Result<(), StoreError> {
    let (tenant, session, incarnation) = key(to, heartbeat.incarnation);
    database
        .prepare_cached(
            "INSERT OR REPLACE INTO pulse (tenant, session, incarnation, first_at, before_at,
                                           last_at, head_seq, head_hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            tenant,
            session,
            incarnation,
            pulse.first.as_microsecond(),
            pulse.before.as_microsecond(),
            pulse.last.as_microsecond(),
            heartbeat.head.seq,
            heartbeat.head.hash.as_bytes()
        ])?;
    Ok(())
}
