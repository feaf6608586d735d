//! Which of the exam's time heartbeats attest: a row for each stretch, none for each heartbeat.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::report::{Gap, Observed, SessionId};
use crate::server::silence::{SILENT_AFTER, Stretch, covered, gaps};
use crate::server::store::read::rfc3339;
use crate::server::store::reports::ingest::Target;
use crate::server::store::{StoreError, Tenant};
use crate::time::MediaTime;

/// Where media time of a session began, by the server's clock, in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server::store) struct Axis(i64);

impl Axis {
    pub(in crate::server::store) fn at(self, micros: i64) -> MediaTime {
        MediaTime::from_micros((micros - self.0).max(0))
    }

    pub(in crate::server::store) fn micros(self, at: MediaTime) -> i64 {
        self.0.saturating_add(at.as_micros())
    }
}

/// The first word of the exam: its first heartbeat or its first report.
pub(in crate::server::store) fn axis(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<Axis, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT min(at) FROM (
             SELECT started_contact AS at FROM session WHERE tenant = ?1 AND session = ?2
             UNION ALL
             SELECT from_at FROM coverage WHERE tenant = ?1 AND session = ?2
             UNION ALL
             SELECT last_contact FROM session WHERE tenant = ?1 AND session = ?2)",
    )?;
    let key = params![tenant.as_str(), session.0.as_bytes()];
    let begun: Option<i64> = query.query_row(key, |row| row.get(0))?;
    Ok(Axis(begun.unwrap_or_default()))
}

/// A heartbeat attests the time since the one before, unless that is too long ago.
pub(in crate::server::store) fn attest(
    database: &Connection,
    to: &Target,
) -> Result<(), StoreError> {
    let (tenant, session) = (to.tenant.as_str(), to.session.0.as_bytes());
    let now = to.now.as_microsecond();
    let longer = database
        .prepare_cached(
            "UPDATE coverage SET to_at = max(to_at, ?3)
             WHERE tenant = ?1 AND session = ?2 AND to_at >= ?3 - ?4 AND from_at = (
                 SELECT max(from_at) FROM coverage WHERE tenant = ?1 AND session = ?2)",
        )?
        .execute(params![tenant, session, now, SILENT_AFTER.as_micros() as i64])?;
    if longer == 0 {
        database
            .prepare_cached(
                "INSERT OR IGNORE INTO coverage (tenant, session, from_at, to_at)
                 VALUES (?1, ?2, ?3, ?3)",
            )?
            .execute(params![tenant, session, now])?;
    }
    Ok(())
}

/// How long the exam went on, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server::store) enum Until {
    /// It still does.
    Now(Timestamp),
    /// For so long, by its last report.
    Length(MediaTime),
    /// The last heartbeat has said so.
    Attested,
}

/// `None` where no heartbeat came in the exam.
pub(in crate::server::store) fn observed(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
    until: Until,
) -> Result<Option<Observed>, StoreError> {
    let attested = attested(database, tenant, session)?;
    let (Some((from, _)), Some((_, to))) = (attested.first(), attested.last()) else {
        return Ok(None);
    };
    let axis = axis(database, tenant, session)?;
    let (until, end) = match until {
        Until::Now(now) => (Some(now.as_microsecond()), None),
        Until::Length(length) => {
            let end = axis.micros(length);
            (Some(end), Some(end))
        }
        Until::Attested => (None, None),
    };
    let outages = outages(database, *from)?;
    let gaps = gaps(&attested, until).into_iter().map(|(from, to)| {
        let to = to.or(end);
        let down = covered((from, to.or(until).unwrap_or(from)), &outages);
        Gap {
            from: rfc3339(from),
            to: to.map(rfc3339),
            server_down_ms: millis(down),
            start_ms: axis.at(from),
            end_ms: to.map(|to| axis.at(to)),
        }
    });
    Ok(Some(Observed {
        from: rfc3339(*from),
        to: rfc3339(*to),
        total_ms: millis(attested.iter().map(|(from, to)| to - from).sum()),
        gaps: gaps.collect(),
    }))
}

/// Gaps, on the axis of the session's intervals, and the time behind the last heartbeat.
pub(in crate::server::store) fn unheard(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<Vec<Unheard>, StoreError> {
    let attested = attested(database, tenant, session)?;
    if attested.is_empty() {
        return Ok(Vec::new());
    }
    let axis = axis(database, tenant, session)?;
    let gaps = gaps(&attested, Some(i64::MAX)).into_iter().map(|(from, to)| Unheard {
        start: axis.at(from),
        end: to.map(|to| axis.at(to)),
        late_from: to.unwrap_or_else(|| from.saturating_add(SILENT_AFTER.as_micros() as i64)),
    });
    Ok(gaps.collect())
}

/// Time that no heartbeat attests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server::store) struct Unheard {
    start: MediaTime,
    end: Option<MediaTime>,
    /// What is told from then on, by the server's clock, is told afterwards.
    late_from: i64,
}

impl Unheard {
    /// Whether something that lies in it, with a part at least, was told of only afterwards.
    pub(in crate::server::store) fn hides(
        &self,
        (from, to): (MediaTime, MediaTime),
        told_at: i64,
    ) -> bool {
        to > self.start && self.end.is_none_or(|end| from < end) && told_at >= self.late_from
    }
}

fn attested(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<Vec<Stretch>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT from_at, to_at FROM coverage WHERE tenant = ?1 AND session = ?2 ORDER BY from_at",
    )?;
    let key = params![tenant.as_str(), session.0.as_bytes()];
    let rows = query.query_map(key, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn outages(database: &Connection, after: i64) -> Result<Vec<Stretch>, StoreError> {
    let mut query = database
        .prepare_cached("SELECT from_at, to_at FROM outage WHERE to_at > ?1 ORDER BY from_at")?;
    let rows = query.query_map([after], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn millis(micros: i64) -> u64 {
    u64::try_from(micros / 1_000).unwrap_or_default()
}
