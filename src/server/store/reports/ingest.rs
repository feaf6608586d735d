//! Stores a batch: all of it or nothing.
//!
//! Within an incarnation, the stored events are a chain without gaps: each has the number after
//! its predecessor's and carries its predecessor's hash. The head of each chain is known in `tail`. A
//! malformed event that comes alone takes its place in the chain by number and hash
//! (a row without a body), since the agent's next event refers to it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::report::{
    EventResult, EventStatus, ForkKind, Hash, Identity, Incarnation, Receipt, SessionId,
};
use crate::server::ingest::batch::{Malformed, Received};
use crate::server::ingest::receipt::server_time;
use crate::server::ingest::says::Arrived;
use crate::server::store::reports::fork::{self, Contradiction};
use crate::server::store::reports::signed::{self, Checked, Verdict};
use crate::server::store::reports::tail::{Key, Known, Tail, Waiting};
use crate::server::store::{StoreError, Tenant, in_savepoint};
use crate::trust::signature::{PublicKey, Signature};
// What is stored here is derived from later.
use crate::server::store::reports::derive;

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

/// What became of a batch. `results` has one entry for each event, until a receipt takes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) enum Outcome {
    /// Nothing was wrong: all of it is stored now, or was before. `reached`: the batch's last.
    /// `declared`: the key that is the session's from now on.
    Stored { reached: Head, declared: Option<Box<PublicKey>>, results: Vec<EventResult> },
    /// At least one event is malformed; nothing was stored.
    Malformed { results: Vec<EventResult> },
    /// The event `found` does not follow upon the head; nothing was stored.
    Gap { head_seq: u64, found: u64, results: Vec<EventResult> },
    /// The event `found` contradicts what is stored; nothing was stored.
    Fork { found: u64, results: Vec<EventResult> },
    /// An event is not signed by the session's key; nothing was stored.
    Foreign { results: Vec<EventResult> },
}

impl Outcome {
    /// What the agent is told when all is stored, which takes the results.
    pub(in crate::server) fn receipt(&mut self, to: &Target) -> Result<Option<String>, StoreError> {
        let Self::Stored { reached, results, declared: _ } = self else { return Ok(None) };
        let receipt = Receipt {
            session: to.session,
            incarnation: reached.incarnation,
            acked_seq: reached.seq,
            head_hash: reached.hash,
            server_time: server_time(to.now),
            results: std::mem::take(results),
        };
        Ok(Some(serde_json::to_string(&receipt)?))
    }
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
    tail: &mut Tail,
    to: &Target,
    batch: &[Received],
    checked: &Checked,
) -> Result<Outcome, StoreError> {
    let of = (to.tenant.clone(), to.session);
    let known = tail.known(database, &of)?;
    let declared = match signed::check_again(known.key, batch, checked) {
        Verdict::Good { declared } => declared,
        Verdict::Foreign { at_fault } => return foreign(database, known, to, batch, at_fault),
    };
    if let Some(malformed) = batch.iter().find_map(|received| received.event.as_ref().err()) {
        return match batch {
            [alone] => refuse(database, tail, to, alone, malformed),
            _ => Ok(Outcome::Malformed { results: results(batch, |_| EventStatus::NotStored) }),
        };
    }
    let events =
        batch.iter().filter_map(|received| Some((received, received.event.as_ref().ok()?)));
    let first = events.clone().next();
    let Some(incarnation) = first.map(|(_, first)| first.identity.incarnation) else {
        return Ok(Outcome::Malformed { results: Vec::new() });
    };
    let before = known.head(database, &of, incarnation)?;
    let mut after = before;
    let mut statuses = Vec::with_capacity(batch.len());
    let mut new: Vec<Hash> = Vec::with_capacity(batch.len());
    // What the agent can check: it may not have made, or no longer have, what is behind its batch.
    let mut reached = before;
    for (received, Arrived { identity, prevhash, .. }) in events {
        let stored = match usize::try_from(identity.seq.saturating_sub(before.seq + 1)) {
            Ok(index) if identity.seq > before.seq => new.get(index).copied(),
            Ok(_) | Err(_) => hash_of(database, known, to, identity)?,
        };
        let this = Head { incarnation, seq: identity.seq, hash: received.hash };
        match place(after, identity.seq, received.hash, Some(*prevhash), stored) {
            Place::Next => {
                after = this;
                new.push(received.hash);
                statuses.push(EventStatus::Accepted);
            }
            Place::Known => statuses.push(EventStatus::Duplicate),
            Place::Gap => {
                let results = results(batch, |_| EventStatus::NotStored);
                return Ok(Outcome::Gap { head_seq: after.seq, found: identity.seq, results });
            }
            Place::Fork => {
                let fork = Contradiction::of_reports(identity, before, received.hash);
                in_savepoint(database, |database| fork::note(database, to, &fork))?;
                let at_fault = statuses.len();
                let status = |index| {
                    if index == at_fault { EventStatus::Fork } else { EventStatus::NotStored }
                };
                return Ok(Outcome::Fork { found: identity.seq, results: results(batch, status) });
            }
        }
        if statuses.len() == 1 || reached.seq <= this.seq {
            reached = this;
        }
    }
    let results = results(batch, |index| statuses[index]);
    if new.is_empty() {
        in_savepoint(database, |database| {
            tail.settle(database, &of)?;
            derive::touch(database, to, to.now, incarnation)
        })?;
    } else {
        store(database, tail, (to, &of), batch, &statuses)?;
    }
    if let Some(key) = declared
        && tail.known(database, &of)?.key.is_none()
    {
        // By an event that was stored before.
        in_savepoint(database, |database| {
            tail.settle(database, &of)?;
            signed::keep_key(database, of.0.as_str(), of.1, &key)
        })?;
        tail.forget_known(Some(&of));
    }
    Ok(Outcome::Stored { reached, declared: declared.map(Box::new), results })
}

/// Stores those events of a batch that are new.
fn store(
    database: &Connection,
    tail: &mut Tail,
    (to, of): (&Target, &Key),
    batch: &[Received],
    statuses: &[EventStatus],
) -> Result<(), StoreError> {
    let is_new = |(_, status): &(&Received, &EventStatus)| **status == EventStatus::Accepted;
    let new: Vec<&Received> =
        batch.iter().zip(statuses).filter(is_new).map(|(received, _)| received).collect();
    let first = tail.next();
    let insert_all = |database: &Connection| {
        (first..).zip(&new).try_for_each(|(number, received)| match &received.event {
            Ok(arrived) => insert(database, to, (number, &arrived.identity), received, None),
            Err(_malformed) => Ok(()),
        })
    };
    // One statement is all or nothing by itself.
    match &*new {
        [_alone] => insert_all(database)?,
        _ => in_savepoint(database, insert_all)?,
    }
    for (number, Received { hash, event, .. }) in (first..).zip(new) {
        let Ok(Arrived { identity, says, .. }) = event else { continue };
        let (Identity { incarnation, seq, .. }, says) = (*identity, Some(says.clone()));
        tail.push(of, Waiting { number, at: to.now, incarnation, seq, hash: *hash, says });
    }
    Ok(())
}

/// Somebody else has written this: it is noted, and shown.
fn foreign(
    database: &Connection,
    known: &mut Known,
    to: &Target,
    batch: &[Received],
    at_fault: usize,
) -> Result<Outcome, StoreError> {
    if let Some(received) = batch.get(at_fault) {
        let identity = match &received.event {
            Ok(arrived) => Some(arrived.identity),
            Err(malformed) => malformed.identity,
        };
        // No number of ours is greater.
        if let Some(identity) = identity.filter(|it| i64::try_from(it.seq).is_ok()) {
            let of = (to.tenant.clone(), to.session);
            let before = known.head(database, &of, identity.incarnation)?;
            let fork = Contradiction {
                how: ForkKind::Foreign,
                ..Contradiction::of_reports(&identity, before, received.hash)
            };
            in_savepoint(database, |database| fork::note(database, to, &fork))?;
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
    tail: &mut Tail,
    to: &Target,
    received: &Received,
    malformed: &Malformed,
) -> Result<Outcome, StoreError> {
    let alone = std::slice::from_ref(received);
    let rejected = Outcome::Malformed { results: results(alone, |_| EventStatus::NotStored) };
    let Some(identity) = &malformed.identity else { return Ok(rejected) };
    let of = (to.tenant.clone(), to.session);
    let number = tail.next();
    let known = tail.known(database, &of)?;
    let Identity { incarnation, seq, .. } = *identity;
    let before = known.head(database, &of, incarnation)?;
    let stored = if seq <= before.seq { hash_of(database, known, to, identity)? } else { None };
    match place(before, seq, received.hash, malformed.prevhash, stored) {
        Place::Next => {
            insert(database, to, (number, identity), received, Some(&malformed.reason))?;
            let (at, hash) = (to.now, received.hash);
            tail.push(&of, Waiting { number, at, incarnation, seq, hash, says: None });
            Ok(rejected)
        }
        Place::Known => Ok(rejected),
        Place::Gap => {
            let results = results(alone, |_| EventStatus::Rejected);
            Ok(Outcome::Gap { head_seq: before.seq, found: identity.seq, results })
        }
        Place::Fork => {
            let fork = Contradiction::of_reports(identity, before, received.hash);
            in_savepoint(database, |database| fork::note(database, to, &fork))?;
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
    EventResult { id: received.id(), status, detail: None }
}

/// The end of a chain, as far as it is derived.
pub(in crate::server::store) fn head_of(
    database: &Connection,
    (tenant, session): &Key,
    incarnation: Incarnation,
) -> Result<Head, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT head_seq, head_hash FROM chain
         WHERE tenant = ?1 AND session = ?2 AND incarnation = ?3",
    )?;
    let key = params![tenant.as_str(), session.0.as_bytes(), incarnation.0.as_bytes()];
    let found = query.query_row(key, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (seq, hash) = found.map_or((0, Hash::ZERO), |(seq, hash)| (seq, Hash::from_bytes(hash)));
    Ok(Head { incarnation, seq, hash })
}

/// The hash of a stored event, whether it waits or not.
fn hash_of(
    database: &Connection,
    known: &Known,
    to: &Target,
    identity: &Identity,
) -> Result<Option<Hash>, StoreError> {
    match known.hash_of(identity.incarnation, identity.seq) {
        Some(hash) => Ok(Some(hash)),
        None => derived_hash_of(database, to, identity),
    }
}

pub(in crate::server::store) fn derived_hash_of(
    database: &Connection,
    to: &Target,
    identity: &Identity,
) -> Result<Option<Hash>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT hash FROM report
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

fn insert(
    database: &Connection,
    to: &Target,
    (number, identity): (i64, &Identity),
    received: &Received,
    rejected: Option<&str>,
) -> Result<(), StoreError> {
    let body = rejected.is_none().then_some(&received.body);
    let mut query = database.prepare_cached(
        "INSERT INTO event
             (number, tenant, session, incarnation, seq, hash, received_at, body, rejected, sig)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    query.execute(params![
        number,
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
