//! From stored events to what people read of them: how the session stands, its heads, its intervals.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::ingest::{Head, Target, head_of};
use super::materialise::{ALERT_AFTER_MS, materialise};
use super::tail::{Key, Waiting};
// A report ends a silence, and must not contradict what heartbeats have told.
use super::{StoreError, heads, signed, silence};
use crate::report::{EventData, Identity, Incarnation, IntervalId};

/// Derives what follows from these events of one session, which came in this order.
pub(super) fn derive(
    database: &Connection,
    of: &Key,
    waiting: &[Waiting],
) -> Result<(), StoreError> {
    let Some(first) = waiting.first() else { return Ok(()) };
    let target = |now| Target { tenant: of.0.clone(), session: of.1, now };
    touch(database, &target(first.at), first.incarnation)?;
    let mut key = signed::key_of(database, of.0.as_str(), of.1)?;
    let closed = closed(waiting);
    for one in waiting {
        let Waiting { incarnation, seq, .. } = *one;
        place(database, of, one)?;
        let Some((time, data)) = &one.says else { continue };
        if let (None, Some(declared)) = (key, signed::declares(data)) {
            signed::keep_key(database, of.0.as_str(), of.1, &declared)?;
            key = Some(declared);
        }
        // A closing knows more, whenever it came.
        let is_over = matches!(data, EventData::IntervalOpened(report)
            if closed.contains(&report.interval.id));
        if !is_over {
            let identity = Identity { session: of.1, incarnation, seq };
            let says = (time.as_deref(), data);
            materialise(database, &target(one.at), (one.number, &identity), says)?;
        }
    }
    let mut incarnations: Vec<Incarnation> = waiting.iter().map(|one| one.incarnation).collect();
    incarnations.sort_unstable();
    incarnations.dedup();
    for incarnation in incarnations {
        reach(database, of, incarnation, waiting)?;
    }
    match waiting.iter().map(|one| one.at).max() {
        Some(last) if last > first.at => heard_last(database, of, last),
        Some(_) | None => Ok(()),
    }
}

fn closed(waiting: &[Waiting]) -> BTreeSet<IntervalId> {
    let closed = waiting.iter().filter_map(|one| match &one.says.as_ref()?.1 {
        EventData::IntervalClosed(report) => Some(report.interval.id),
        EventData::SessionStarted(_)
        | EventData::Sampling(_)
        | EventData::Integrity(_)
        | EventData::IntervalOpened(_)
        | EventData::SessionEnded(_) => None,
    });
    closed.collect()
}

/// Where an event is found by its number.
fn place(database: &Connection, (tenant, session): &Key, one: &Waiting) -> Result<(), StoreError> {
    let mut query = database.prepare_cached(
        "INSERT INTO place (tenant, session, incarnation, seq, event) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    query.execute(params![
        tenant.as_str(),
        session.0.as_bytes(),
        one.incarnation.0.as_bytes(),
        one.seq,
        one.number
    ])?;
    Ok(())
}

/// The chain of an incarnation reaches as far as these events do.
fn reach(
    database: &Connection,
    of: &Key,
    incarnation: Incarnation,
    waiting: &[Waiting],
) -> Result<(), StoreError> {
    let of_this = || waiting.iter().filter(|one| one.incarnation == incarnation);
    let (Some(first), Some(last)) = (of_this().next(), of_this().last()) else { return Ok(()) };
    let target = |now| Target { tenant: of.0.clone(), session: of.1, now };
    let before = head_of(database, of, incarnation)?;
    let after = Head { incarnation, seq: last.seq, hash: last.hash };
    set_head(database, &target(first.at), after)?;
    let at = |seq| of_this().find(|one| one.seq == seq).map_or(last.at, |one| one.at);
    heads::check_told(database, |seq| target(at(seq)), before, after)
}

/// Several reports came.
fn heard_last(
    database: &Connection,
    (tenant, session): &Key,
    last: Timestamp,
) -> Result<(), StoreError> {
    let mut query = database.prepare_cached(
        "UPDATE session SET last_contact = max(last_contact, ?3)
         WHERE tenant = ?1 AND session = ?2",
    )?;
    query.execute(params![tenant.as_str(), session.0.as_bytes(), last.as_microsecond()])?;
    Ok(())
}

/// The session was heard of.
pub(super) fn touch(
    database: &Connection,
    to: &Target,
    incarnation: Incarnation,
) -> Result<(), StoreError> {
    let mut query = database.prepare_cached(
        "INSERT INTO session
             (tenant, session, listed_at, first_contact, last_contact, alert_after_ms)
         VALUES (?1, ?2, ?3, ?3, ?3, ?4)
         ON CONFLICT (tenant, session)
         DO UPDATE SET first_contact = coalesce(first_contact, excluded.first_contact),
             last_contact = max(coalesce(last_contact, 0), excluded.last_contact)",
    )?;
    query.execute(params![
        to.tenant.as_str(),
        to.session.0.as_bytes(),
        to.now.as_microsecond(),
        ALERT_AFTER_MS
    ])?;
    silence::heard(database, to, incarnation)
}

fn set_head(database: &Connection, to: &Target, head: Head) -> Result<(), StoreError> {
    let mut query = database.prepare_cached(
        "INSERT INTO chain (tenant, session, incarnation, first_contact, head_seq, head_hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (tenant, session, incarnation)
         DO UPDATE SET head_seq = excluded.head_seq, head_hash = excluded.head_hash",
    )?;
    query.execute(params![
        to.tenant.as_str(),
        to.session.0.as_bytes(),
        head.incarnation.0.as_bytes(),
        to.now.as_microsecond(),
        head.seq,
        head.hash.as_bytes()
    ])?;
    Ok(())
}
