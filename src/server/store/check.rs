//! Whether the tables of a session agree with its events, for whoever has the file, and for its report.

use std::collections::BTreeMap;
use std::fmt;
#[cfg(feature = "cli")]
use std::path::Path;

use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::report::{
    Chain, Event, EventData, Hash, Incarnation, IntervalId, IntervalReport, SessionId,
    StoredIntegrity,
};
use crate::server::store::export::export;
#[cfg(feature = "cli")]
use crate::server::store::reports::tail::Tail;
#[cfg(feature = "cli")]
use crate::server::store::schema;
use crate::server::store::{StoreError, Tenant, read};
use crate::time::MediaTime;
use crate::trust::envelope;
use crate::trust::export::{Export, Link};

/// A session as it is kept.
pub(in crate::server) struct Kept {
    pub(in crate::server) export: Export,
    pub(in crate::server) heads: Vec<Chain>,
    pub(in crate::server) faults: Vec<Fault>,
}

/// What of the database does not agree with the session's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Fault {
    /// The bytes of a report do not have the hash that is kept beside them.
    Hash {
        incarnation: Incarnation,
        seq: u64,
    },
    Interval(IntervalId),
    Intervals {
        kept: usize,
        told: usize,
    },
    /// What was told of reports and clocks.
    Integrity,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash { incarnation, seq } => {
                write!(f, "report {seq} of incarnation {incarnation} is not what was hashed")
            }
            Self::Interval(id) => write!(f, "interval {id} is not as it was reported"),
            Self::Intervals { kept, told } => {
                write!(f, "{kept} intervals are kept, and {told} were reported")
            }
            Self::Integrity => {
                f.write_str("what was told of reports and clocks is not as it was reported")
            }
        }
    }
}

/// Reads a session; `None` when there is none of this id.
#[cfg(feature = "cli")]
pub(in crate::server) fn in_file(
    path: &Path,
    session: SessionId,
) -> Result<Option<Kept>, StoreError> {
    let mut database = schema::open_reader(path)?;
    if unsettled(&database)? {
        // Nothing is derived yet from what came last. It is here, and all of that is undone at the end.
        database = schema::open_again(path)?;
    }
    let view = database.transaction()?;
    let mut tail = Tail::default();
    tail.restore(&view)?;
    if tail.len() > 0 {
        tail.settle_all(&view)?;
    }
    of(&view, &Tenant::local(), session)
}

/// Reads a session whose events are derived; `None` when the tenant has none of this id that has reported.
pub(in crate::server) fn of(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<Option<Kept>, StoreError> {
    let Some((export, heads)) = export(database, tenant, session)? else { return Ok(None) };
    let mut faults = wrong_hashes(database, tenant, session)?;
    faults.extend(wrong_intervals(database, tenant, &export)?);
    faults.extend(wrong_integrity(database, tenant, &export)?);
    Ok(Some(Kept { export, heads, faults }))
}

/// Whether events wait.
#[cfg(feature = "cli")]
fn unsettled(database: &Connection) -> Result<bool, StoreError> {
    let mut tail = Tail::default();
    tail.restore(database)?;
    Ok(tail.len() > 0)
}

/// Events whose bytes have another hash than the one that is kept beside them.
fn wrong_hashes(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<Vec<Fault>, StoreError> {
    let mut query = database.prepare(
        "SELECT incarnation, seq, hash, body FROM report
         WHERE tenant = ?1 AND session = ?2 AND body IS NOT NULL ORDER BY incarnation, seq",
    )?;
    let mut rows = query.query(params![tenant.as_str(), session.0.as_bytes()])?;
    let mut wrong = Vec::new();
    while let Some(row) = rows.next()? {
        let incarnation = Incarnation(Uuid::from_bytes(row.get(0)?));
        let (seq, hash): (u64, Hash) = (row.get(1)?, Hash::from_bytes(row.get(2)?));
        if Hash::of(&row.get::<_, Vec<u8>>(3)?) != hash {
            wrong.push(Fault::Hash { incarnation, seq });
        }
    }
    Ok(wrong)
}

/// Whether what is shown of reports and clocks is what the events tell.
fn wrong_integrity(
    database: &Connection,
    tenant: &Tenant,
    export: &Export,
) -> Result<Option<Fault>, StoreError> {
    let key = |told: &StoredIntegrity| (told.incarnation, told.seq);
    let mut kept = read::integrity(database, tenant, export.session)?;
    kept.sort_by_key(key);
    let mut told = Vec::new();
    for chain in &export.chains {
        for (seq, link) in (1..).zip(&chain.links) {
            let Link::Event(text) = link else { continue };
            let (body, _) = envelope::open(text.as_bytes());
            let event = serde_json::from_slice::<Event>(&body).map(|event| event.data);
            if let Ok(EventData::Integrity(report)) = event {
                told.push(StoredIntegrity { incarnation: chain.incarnation, seq, report });
            }
        }
    }
    told.sort_by_key(key);
    Ok((kept != told).then_some(Fault::Integrity))
}

/// Intervals that are not as the events tell them.
fn wrong_intervals(
    database: &Connection,
    tenant: &Tenant,
    export: &Export,
) -> Result<Vec<Fault>, StoreError> {
    let told = told_intervals(export);
    let mut query = database.prepare(
        "SELECT interval, report, start_ms, end_ms,
                (SELECT body FROM event WHERE number = interval.event)
         FROM interval
         WHERE tenant = ?1 AND session = ?2 ORDER BY interval",
    )?;
    let mut rows = query.query(params![tenant.as_str(), export.session.0.as_bytes()])?;
    let (mut wrong, mut found) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let id = IntervalId(Uuid::from_bytes(row.get(0)?));
        let text: Option<String> = row.get(1)?;
        let report = read::told_by(row.get(4)?).ok().flatten();
        let times: (i64, Option<i64>) = (row.get(2)?, row.get(3)?);
        let is_this = |told: &IntervalReport| {
            let interval = &told.interval;
            let end = interval.end_ms.map(MediaTime::as_millis);
            let is_said = match &text {
                Some(text) => serde_json::to_string(told).is_ok_and(|told| told == *text),
                None => report.as_ref() == Some(told),
            };
            is_said && (interval.start_ms.as_millis(), end) == times
        };
        found += 1;
        if !told.get(&id).is_some_and(|told| told.iter().any(is_this)) {
            wrong.push(Fault::Interval(id));
        }
    }
    if found != told.len() {
        wrong.push(Fault::Intervals { kept: found, told: told.len() });
    }
    Ok(wrong)
}

/// What the events say of each interval: of its closing, or else of its opening.
fn told_intervals(export: &Export) -> BTreeMap<IntervalId, Vec<IntervalReport>> {
    let mut told: BTreeMap<IntervalId, Vec<IntervalReport>> = BTreeMap::new();
    let links = export.chains.iter().flat_map(|chain| &chain.links);
    for link in links {
        let Link::Event(text) = link else { continue };
        let (body, _) = envelope::open(text.as_bytes());
        match serde_json::from_slice::<Event>(&body).map(|event| event.data) {
            Ok(EventData::IntervalOpened(report) | EventData::IntervalClosed(report)) => {
                let known = told.entry(report.interval.id).or_default();
                if report.interval.end_ms.is_some() {
                    known.retain(|known| known.interval.end_ms.is_some());
                }
                if report.interval.end_ms.is_some()
                    || known.iter().all(|known| known.interval.end_ms.is_none())
                {
                    known.push(report);
                }
            }
            Ok(
                EventData::SessionStarted(_)
                | EventData::Sampling(_)
                | EventData::Integrity(_)
                | EventData::Command(_)
                | EventData::SessionEnded(_),
            )
            | Err(_) => {}
        }
    }
    told
}
