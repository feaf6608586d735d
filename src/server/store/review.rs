//! What proctors made of alerts: rows that are only added. The latest of an interval counts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use crate::report::{IntervalId, ReviewRequest, SessionId, StoredReview, Verdict, WebhookType};
use crate::server::store::audit::{self, Deed, Entry};
use crate::server::store::read::rfc3339;
use crate::server::store::reports::ingest::Target;
use crate::server::store::webhook::outbox::{self, Told};
use crate::server::store::{StoreError, Tenant};

/// Reviews that are kept of one session.
const KEPT: u64 = 10_000;
/// Verdicts of somebody from which it is told how long they take.
const LATELY: u64 = 200;

/// What became of a review that was to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) enum Kept {
    New(StoredReview),
    /// The same was said last by the same credential: pressed twice.
    Again(StoredReview),
    /// The tenant has no such interval.
    NoInterval,
    TooMany,
}

/// Keeps what `by` says of an interval.
pub(in crate::server) fn keep(
    database: &Connection,
    to: &Target,
    interval: IntervalId,
    (asked, by): (ReviewRequest, &str),
) -> Result<Kept, StoreError> {
    let (tenant, session) = (to.tenant.as_str(), to.session.0.as_bytes());
    let is_known: bool = database.query_row(
        "SELECT EXISTS (SELECT 1 FROM interval
                        WHERE tenant = ?1 AND session = ?2 AND interval = ?3)",
        params![tenant, session, interval.0.as_bytes()],
        |row| row.get(0),
    )?;
    if !is_known {
        return Ok(Kept::NoInterval);
    }
    let last = database
        .query_row(
            "SELECT interval, verdict, note, by, at FROM review
             WHERE tenant = ?1 AND session = ?2 AND interval = ?3 ORDER BY number DESC LIMIT 1",
            params![tenant, session, interval.0.as_bytes()],
            read,
        )
        .optional()?
        .flatten();
    let ReviewRequest { verdict, note } = asked;
    if let Some(last) = last
        && (last.verdict, &*last.note, &*last.by) == (verdict, &*note, by)
    {
        return Ok(Kept::Again(last));
    }
    let sql = "SELECT count(*) FROM review WHERE tenant = ?1 AND session = ?2";
    let kept: u64 = database.query_row(sql, params![tenant, session], |row| row.get(0))?;
    if kept >= KEPT {
        return Ok(Kept::TooMany);
    }
    let now = to.now.as_microsecond();
    database.execute(
        "INSERT INTO review (tenant, session, interval, verdict, note, by, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![tenant, session, interval.0.as_bytes(), verdict.as_str(), note, by, now],
    )?;
    let number = database.last_insert_rowid();
    let entry = Entry {
        at: to.now,
        tenant: &to.tenant,
        who: by,
        did: Deed::Reviewed,
        session: Some(to.session),
        detail: &format!("{interval} {}", verdict.as_str()),
    };
    audit::note(database, &entry)?;
    let told = Told {
        kind: WebhookType::ReviewGiven,
        interval: Some(interval),
        verdict: Some(verdict),
        cause: &number.to_be_bytes(),
    };
    outbox::tell(database, to, &told)?;
    let at = rfc3339(now);
    Ok(Kept::New(StoredReview { interval, verdict, note, by: by.to_owned(), at }))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Option<StoredReview>> {
    let name: String = row.get(1)?;
    let Some(verdict) = Verdict::ALL.into_iter().find(|known| known.as_str() == name) else {
        return Ok(None);
    };
    Ok(Some(StoredReview {
        interval: IntervalId(Uuid::from_bytes(row.get(0)?)),
        verdict,
        note: row.get(2)?,
        by: row.get(3)?,
        at: rfc3339(row.get(4)?),
    }))
}

/// What counts now, by interval; what was taken back is not there.
pub(in crate::server) fn latest(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<BTreeMap<IntervalId, StoredReview>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT interval, verdict, note, by, at FROM review
         WHERE tenant = ?1 AND session = ?2 ORDER BY number",
    )?;
    let mut rows = query.query(params![tenant.as_str(), session.0.as_bytes()])?;
    let mut latest = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let Some(review) = read(row)? else { continue };
        latest.insert(review.interval, review);
    }
    latest.retain(|_, review| review.verdict != Verdict::Withdrawn);
    Ok(latest)
}

/// What somebody said of an interval, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct Judged {
    pub(in crate::server) session: SessionId,
    pub(in crate::server) interval: IntervalId,
    pub(in crate::server) verdict: Verdict,
    pub(in crate::server) at: Timestamp,
}

/// The last verdicts of somebody, the latest first.
pub(in crate::server) fn lately(
    database: &Connection,
    tenant: &Tenant,
    by: &str,
) -> Result<Vec<Judged>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT interval, verdict, session, at FROM review
         WHERE tenant = ?1 AND by = ?2 AND verdict <> 'acknowledged'
         ORDER BY number DESC LIMIT ?3",
    )?;
    let mut rows = query.query(params![tenant.as_str(), by, LATELY])?;
    let mut judged = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        let verdict = Verdict::ALL.into_iter().find(|known| known.as_str() == name);
        let (Some(verdict), Ok(at)) = (verdict, Timestamp::from_microsecond(row.get(3)?)) else {
            continue;
        };
        judged.push(Judged {
            session: SessionId(Uuid::from_bytes(row.get(2)?)),
            interval: IntervalId(Uuid::from_bytes(row.get(0)?)),
            verdict,
            at,
        });
    }
    Ok(judged)
}
