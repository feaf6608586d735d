//! From stored events to what people read of them: how the session stands, its heads, its intervals.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::report::{Identity, Incarnation, IntervalId};
use crate::server::ingest::says::Says;
use crate::server::store::StoreError;
use crate::server::store::reports::ingest::{Head, Target};
use crate::server::store::reports::materialise::{ALERT_AFTER_MS, materialise};
use crate::server::store::reports::tail::{Key, Waiting};
use crate::server::store::reports::{heads, signed};
// A report ends a silence, and must not contradict what heartbeats have told.
use crate::server::store::liveness::silence;
// Whether anybody is told of what follows.
use crate::server::store::webhook::outbox;

/// Derives what follows from these events of one session, which came in this order.
pub(in crate::server::store) fn derive(
    database: &Connection,
    of: &Key,
    waiting: &[Waiting],
) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (waiting.first(), waiting.iter().map(|one| one.at).max())
    else {
        return Ok(());
    };
    let target = |now| Target { tenant: of.0.clone(), session: of.1, now };
    touch(database, &target(first.at), last, first.incarnation)?;
    let closed = closed(waiting);
    let is_told = outbox::is_in_use(database, &of.0)?;
    let mut placing = database.prepare_cached(
        "INSERT INTO place (tenant, session, incarnation, seq, event) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for one in waiting {
        let Waiting { number, incarnation, seq, .. } = *one;
        let (session, incarnation_bytes) = (of.1.0.as_bytes(), incarnation.0.as_bytes());
        placing.execute(params![of.0.as_str(), session, incarnation_bytes, seq, number])?;
        let Some(says) = &one.says else { continue };
        if let Some(declared) = signed::declares(says)
            && signed::key_of(database, of.0.as_str(), of.1)?.is_none()
        {
            signed::keep_key(database, of.0.as_str(), of.1, &declared)?;
        }
        // A closing knows more, whenever it came.
        let is_over =
            matches!(says, Says::Opened { interval, .. } if closed.contains(&interval.id));
        if !is_over {
            let identity = Identity { session: of.1, incarnation, seq };
            materialise(database, &target(one.at), (number, &identity), (says, is_told))?;
        }
    }
    let mut incarnations: Vec<Incarnation> = waiting.iter().map(|one| one.incarnation).collect();
    incarnations.sort_unstable();
    incarnations.dedup();
    incarnations.into_iter().try_for_each(|one| reach(database, of, one, waiting))
}

fn closed(waiting: &[Waiting]) -> BTreeSet<IntervalId> {
    let closed = waiting.iter().filter_map(|one| match one.says.as_ref()? {
        Says::Closed(interval) => Some(interval.id),
        Says::Started(_)
        | Says::Sampling(_)
        | Says::Integrity(_)
        | Says::Command(_)
        | Says::Opened { .. }
        | Says::Ended(_) => None,
    });
    closed.collect()
}

/// The chain of an incarnation reaches as far as these events do.
fn reach(
    database: &Connection,
    of: &Key,
    incarnation: Incarnation,
    waiting: &[Waiting],
) -> Result<(), StoreError> {
    let of_this = || waiting.iter().filter(|one| one.incarnation == incarnation);
    let (Some(first), Some(last)) = (of_this().next(), of_this().next_back()) else {
        return Ok(());
    };
    let target = |now| Target { tenant: of.0.clone(), session: of.1, now };
    let after = Head { incarnation, seq: last.seq, hash: last.hash };
    set_head(database, &target(first.at), after)?;
    let at = |seq| of_this().find(|one| one.seq == seq).map_or(last.at, |one| one.at);
    heads::check_told(database, |seq| target(at(seq)), first.seq, after)
}

/// The session was heard of, since `to.now` and until `last`.
pub(in crate::server::store) fn touch(
    database: &Connection,
    to: &Target,
    last: Timestamp,
    incarnation: Incarnation,
) -> Result<(), StoreError> {
    let mut query = database.prepare_cached(
        "INSERT INTO session
             (tenant, session, listed_at, first_contact, last_contact, alert_after_ms)
         VALUES (?1, ?2, ?3, ?3, ?5, ?4)
         ON CONFLICT (tenant, session)
         DO UPDATE SET first_contact = coalesce(first_contact, excluded.first_contact),
             last_contact = max(coalesce(last_contact, 0), excluded.last_contact)",
    )?;
    query.execute(params![
        to.tenant.as_str(),
        to.session.0.as_bytes(),
        to.now.as_microsecond(),
        ALERT_AFTER_MS,
        last.as_microsecond()
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
