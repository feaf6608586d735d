//! Intervals of a session, with what was made of them.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::report::{
    Event, EventData, Incarnation, IntervalId, IntervalList, IntervalReport, SessionId,
    StoredInterval,
};
use crate::server::store::liveness::coverage;
use crate::server::store::{StoreError, Tenant, review};

/// An open interval lasts until now, by the server's clock. A silence alerts at once.
pub(super) const ALERTS: &str =
    "alerting AND (by_server OR coalesce(interval.end_ms - interval.start_ms,
                              (?2 - interval.open_since) / 1000) >= alert_after_ms)";

/// Intervals of a session by their start, behind the interval `after`. Those behind one that is
/// not known are none.
pub(in crate::server) fn intervals(
    database: &Connection,
    tenant: &Tenant,
    now: Timestamp,
    session: SessionId,
    (after, limit): (Option<IntervalId>, u64),
) -> Result<IntervalList, StoreError> {
    intervals_among(database, tenant, now, session, (None, after, limit))
}

/// One interval; `None` when the session has none of this id.
pub(in crate::server) fn interval(
    database: &Connection,
    tenant: &Tenant,
    now: Timestamp,
    (session, interval): (SessionId, IntervalId),
) -> Result<Option<StoredInterval>, StoreError> {
    let found = intervals_among(database, tenant, now, session, (Some(interval), None, 1))?;
    Ok(found.intervals.into_iter().next())
}

fn intervals_among(
    database: &Connection,
    tenant: &Tenant,
    now: Timestamp,
    session: SessionId,
    (only, after, limit): (Option<IntervalId>, Option<IntervalId>, u64),
) -> Result<IntervalList, StoreError> {
    let [only, after] = [only, after].map(|id| id.map(|id| id.0.into_bytes()));
    let mut query = database.prepare_cached(&format!(
        "SELECT report, incarnation, {ALERTS}, by_server, told_at,
                (SELECT body FROM event WHERE number = interval.event)
         FROM interval JOIN session
             ON interval.tenant = session.tenant AND interval.session = session.session
         WHERE session.tenant = ?1 AND session.session = ?3
             AND (?6 IS NULL OR interval.interval = ?6)
             AND (?4 IS NULL OR (start_ms, interval.interval) > (
                 SELECT start_ms, interval FROM interval
                 WHERE tenant = ?1 AND session = ?3 AND interval = ?4))
         ORDER BY start_ms, interval.interval LIMIT ?5"
    ))?;
    let (now, id) = (now.as_microsecond(), session.0.as_bytes());
    let key = params![tenant.as_str(), now, id, after, limit + 1, only];
    let gaps = coverage::unheard(database, tenant, session)?;
    let mut reviews = review::latest(database, tenant, session)?;
    let mut rows = query.query(key)?;
    let mut intervals = Vec::new();
    while let Some(row) = rows.next()? {
        let report = match row.get::<_, Option<String>>(0)? {
            Some(report) => Some(serde_json::from_str(&report)?),
            None => told_by(row.get(5)?)?,
        };
        let report: IntervalReport = report
            .ok_or_else(|| StoreError::Damaged("an interval that no event tells".to_owned()))?;
        let incarnation = Incarnation(Uuid::from_bytes(row.get(1)?));
        let (alert, by_server): (bool, bool) = (row.get(2)?, row.get(3)?);
        let told_at: Option<i64> = row.get(4)?;
        let interval = &report.interval;
        let reaches = (interval.start_ms, interval.end_ms.unwrap_or(interval.start_ms));
        let is_hidden = |told_at| gaps.iter().any(|gap| gap.hides(reaches, told_at));
        let told_afterwards = !by_server && told_at.is_some_and(is_hidden);
        let incarnation = (!by_server).then_some(incarnation);
        let review = reviews.remove(&report.interval.id);
        intervals.push(StoredInterval { report, incarnation, alert, told_afterwards, review });
    }
    let more = intervals.len() as u64 > limit;
    intervals.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = intervals.last().filter(|_| more).map(|last| last.report.interval.id);
    Ok(IntervalList { intervals, next })
}

/// What an event tells of an interval; `None` where it tells of none.
pub(in crate::server::store) fn told_by(
    body: Option<Vec<u8>>,
) -> Result<Option<IntervalReport>, StoreError> {
    let Some(body) = body else { return Ok(None) };
    Ok(match serde_json::from_slice::<Event>(&body)?.data {
        EventData::IntervalOpened(report) | EventData::IntervalClosed(report) => Some(report),
        EventData::SessionStarted(_)
        | EventData::Sampling(_)
        | EventData::Integrity(_)
        | EventData::Command(_)
        | EventData::SessionEnded(_) => None,
    })
}
