//! Puts a batch into the tables: all of it or nothing.
//!
//! Within an incarnation, the stored events are a chain without gaps: each has the number after
//! its predecessor's and carries its predecessor's hash. The head of each chain is kept in
//! `chain`. A malformed event that comes alone takes its place in the chain by number and hash
//! (a row without a body), since the agent's next event refers to it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::fork::{self, Contradiction};
// The tables that are read are a consequence of the ones that are written here.
use super::materialise::{ALERT_AFTER_MS, materialise};
// A report ends a silence, and must not contradict what heartbeats have told.
use super::signed::{self, Checked, Verdict};
use super::{StoreError, Tenant};
use super::{heads, silence};
use crate::report::{
    Event, EventResult, EventStatus, ForkKind, Hash, Identity, Incarnation, SessionId,
};
use crate::server::batch::{Malformed, Received};
use crate::trust::signature::Signature;

/// Where the events go, and when they came.
#[derive(Clone, Debug)]
pub(in crate::server) struct Target {
    pub(in crate::server) tenant: Tenant,
    pub(in crate::server) session: SessionId,
    pub(in crate::server) now: Timestamp,
}

/// A place in a chain, in most cases its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) struct Head {
    pub(in crate::server) incarnation: Incarnation,
    pub(in crate::server) seq: u64,
    pub(in crate::server) hash: Hash,
}

/// What became of a batch. `results` has one entry for each event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) enum Outcome {
    /// Nothing was wrong: all of it is stored now, or was before. `reached`: the batch's last.
    Stored { reached: Head, results: Vec<EventResult> },
    /// At least one event is malformed; nothing was stored.
    Malformed { results: Vec<EventResult> },
    /// The event `found` does not follow upon the head; nothing was stored.
    Gap { head_seq: u64, found: u64, results: Vec<EventResult> },
    /// The event `found` contradicts what is stored; nothing was stored.
    Fork { found: u64, results: Vec<EventResult> },
    /// An event is not signed by the session's key; nothing was stored.
    Foreign { results: Vec<EventResult> },
}

/// Where an event stands towards the chain.
enum Place {
    Next,
    Known,
    Gap,
    Fork,
}

/// Applies a batch of one incarnation, whose signatures were checked.
pub(in crate::server) fn apply(
    database: &Connection,
    to: &Target,
    batch: &[Received],
    checked: &Checked,
) -> Result<Outcome, StoreError> {
    let declared = match signed::check_again(database, to, batch, checked)? {
        Verdict::Good { declared } => declared,
        Verdict::Foreign { at_fault } => return foreign(database, to, batch, at_fault),
    };
    if let Some(malformed) = batch.iter().find_map(|received| received.event.as_ref().err()) {
        return match batch {
            [alone] => refuse(database, to, alone, malformed),
            _ => Ok(Outcome::Malformed { results: results(batch, |_| EventStatus::NotStored) }),
        };
    }
    let events: Vec<(&Received, &Identity, &Event)> = batch
        .iter()
        .filter_map(|received| {
            let (identity, event) = received.event.as_ref().ok()?;
            Some((received, identity, event))
        })
        .collect();
    let Some(&(_, first, _)) = events.first() else {
        return Ok(Outcome::Malformed { results: Vec::new() });
    };
    let before = head(database, to, first.incarnation)?;
    let mut after = before;
    let mut statuses = Vec::with_capacity(events.len());
    let mut new = Vec::new();
    for &(received, identity, event) in &events {
        let stored = match usize::try_from(identity.seq.saturating_sub(before.seq + 1)) {
            Ok(index) if identity.seq > before.seq => {
                new.get(index).map(|(received, ..): &(&Received, _, _)| received.hash)
            }
            Ok(_) | Err(_) => hash_of(database, to, identity)?,
        };
        match place(after, identity.seq, received.hash, Some(event.prevhash), stored) {
            Place::Next => {
                after = Head { seq: identity.seq, hash: received.hash, ..after };
                new.push((received, identity, event));
                statuses.push(EventStatus::Accepted);
            }
            Place::Known => statuses.push(EventStatus::Duplicate),
            Place::Gap => {
                let results = results(batch, |_| EventStatus::NotStored);
                return Ok(Outcome::Gap { head_seq: after.seq, found: identity.seq, results });
            }
            Place::Fork => {
                fork::note(
                    database,
                    to,
                    &Contradiction::of_reports(identity, before, received.hash),
                )?;
                let at_fault = statuses.len();
                let status = |index| {
                    if index == at_fault { EventStatus::Fork } else { EventStatus::NotStored }
                };
                let results = results(batch, status);
                return Ok(Outcome::Fork { found: identity.seq, results });
            }
        }
    }
    touch(database, to, first.incarnation)?;
    if let Some(key) = declared {
        signed::keep_key(database, to.tenant.as_str(), to.session, &key)?;
    }
    for (received, identity, event) in new {
        insert(database, to, identity, received, None)?;
        materialise(database, to, identity, event)?;
    }
    set_head(database, to, after)?;
    if after != before {
        heads::check_told(database, to, before, after)?;
    }
    // What the agent can check: it may not have made, or no longer have, what is behind its batch.
    let last = events.iter().max_by_key(|(_, identity, _)| identity.seq);
    let reached = last.map_or(after, |(received, identity, _)| Head {
        seq: identity.seq,
        hash: received.hash,
        ..after
    });
    Ok(Outcome::Stored { reached, results: results(batch, |index| statuses[index]) })
}

/// Somebody else has written this: it is noted, and shown.
fn foreign(
    database: &Connection,
    to: &Target,
    batch: &[Received],
    at_fault: usize,
) -> Result<Outcome, StoreError> {
    if let Some(received) = batch.get(at_fault) {
        let identity = match &received.event {
            Ok((identity, _)) => Some(*identity),
            Err(malformed) => malformed.identity,
        };
        // No number of ours is greater.
        if let Some(identity) = identity.filter(|it| i64::try_from(it.seq).is_ok()) {
            let before = head(database, to, identity.incarnation)?;
            let fork = Contradiction {
                how: ForkKind::Foreign,
                ..Contradiction::of_reports(&identity, before, received.hash)
            };
            fork::note(database, to, &fork)?;
        }
    }
    let status = |(index, received)| {
        let is_at_fault = index == at_fault;
        let status = if is_at_fault { EventStatus::Signature } else { EventStatus::NotStored };
        result(received, status)
    };
    Ok(Outcome::Foreign { results: batch.iter().enumerate().map(status).collect() })
}

/// A malformed event that came alone: keeps its place in the chain when it has one.
fn refuse(
    database: &Connection,
    to: &Target,
    received: &Received,
    malformed: &Malformed,
) -> Result<Outcome, StoreError> {
    let alone = std::slice::from_ref(received);
    let rejected = Outcome::Malformed { results: results(alone, |_| EventStatus::NotStored) };
    let Some(identity) = &malformed.identity else { return Ok(rejected) };
    let before = head(database, to, identity.incarnation)?;
    let stored = if identity.seq <= before.seq { hash_of(database, to, identity)? } else { None };
    match place(before, identity.seq, received.hash, malformed.prevhash, stored) {
        Place::Next => {
            touch(database, to, identity.incarnation)?;
            insert(database, to, identity, received, Some(&malformed.reason))?;
            set_head(database, to, Head { seq: identity.seq, hash: received.hash, ..before })?;
            Ok(rejected)
        }
        Place::Known => Ok(rejected),
        Place::Gap => {
            let results = results(alone, |_| EventStatus::Rejected);
            Ok(Outcome::Gap { head_seq: before.seq, found: identity.seq, results })
        }
        Place::Fork => {
            fork::note(database, to, &Contradiction::of_reports(identity, before, received.hash))?;
            let results = vec![result(received, EventStatus::Fork)];
            Ok(Outcome::Fork { found: identity.seq, results })
        }
    }
}

/// `stored`: the hash that is known under this number.
fn place(head: Head, seq: u64, hash: Hash, prevhash: Option<Hash>, stored: Option<Hash>) -> Place {
    match stored {
        Some(stored) if stored == hash => Place::Known,
        Some(_) => Place::Fork,
        None if seq != head.seq + 1 => Place::Gap,
        None if prevhash.is_some_and(|prevhash| prevhash != head.hash) => Place::Fork,
        None => Place::Next,
    }
}

/// `status` of those that are not malformed, by their index.
fn results(batch: &[Received], status: impl Fn(usize) -> EventStatus) -> Vec<EventResult> {
    batch
        .iter()
        .enumerate()
        .map(|(index, received)| match &received.event {
            Ok(_) => result(received, status(index)),
            Err(malformed) => EventResult {
                detail: Some(malformed.reason.clone()),
                ..result(received, EventStatus::Rejected)
            },
        })
        .collect()
}

fn result(received: &Received, status: EventStatus) -> EventResult {
    EventResult { id: received.id().to_owned(), status, detail: None }
}

pub(super) fn head(
    database: &Connection,
    to: &Target,
    incarnation: Incarnation,
) -> Result<Head, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT head_seq, head_hash FROM chain
         WHERE tenant = ?1 AND session = ?2 AND incarnation = ?3",
    )?;
    let key = params![to.tenant.as_str(), to.session.0.as_bytes(), incarnation.0.as_bytes()];
    let found = query.query_row(key, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (seq, hash) = found.map_or((0, Hash::ZERO), |(seq, hash)| (seq, Hash::from_bytes(hash)));
    Ok(Head { incarnation, seq, hash })
}

pub(super) fn hash_of(
    database: &Connection,
    to: &Target,
    identity: &Identity,
) -> Result<Option<Hash>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT hash FROM event
         WHERE tenant = ?1 AND session = ?2 AND incarnation = ?3 AND seq = ?4",
    )?;
    let key = params![
        to.tenant.as_str(),
        to.session.0.as_bytes(),
        identity.incarnation.0.as_bytes(),
        identity.seq
    ];
    Ok(query.query_row(key, |row| row.get(0)).optional()?.map(Hash::from_bytes))
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

fn insert(
    database: &Connection,
    to: &Target,
    identity: &Identity,
    received: &Received,
    rejected: Option<&str>,
) -> Result<(), StoreError> {
    let body = rejected.is_none().then_some(&received.body);
    let mut query = database.prepare_cached(
        "INSERT INTO event
             (tenant, session, incarnation, seq, hash, received_at, body, rejected, sig)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    query.execute(params![
        to.tenant.as_str(),
        to.session.0.as_bytes(),
        identity.incarnation.0.as_bytes(),
        identity.seq,
        received.hash.as_bytes(),
        to.now.as_microsecond(),
        body,
        rejected,
        received.signature.map(Signature::to_bytes)
    ])?;
    Ok(())
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
