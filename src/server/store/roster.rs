//! What is told of a session while it runs: its summary, what is open, and its last ten minutes.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use crate::report::{
    IntervalId, IntervalReport, Kind, SessionId, SessionStatus, SessionSummary, Verdict,
};
use crate::server::store::read::{self, told_by};
use crate::server::store::reports::tail::Key;
use crate::server::store::{StoreError, Tenant, exam, review};
use crate::time::MediaTime;
// Its time is that of its intervals, proctors have looked at some of them, and it may be of an exam.
use crate::server::store::liveness::coverage;

/// How much of a session is drawn beside its name.
pub(in crate::server) const DRAWN: Duration = Duration::from_mins(10);
/// Intervals of these ten minutes: more are not drawn.
const MOST: usize = 300;
/// A session that was heard of before this is not waited for.
const LIVE_WITHIN_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// What a row of the roster is made of.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::server) struct Facts {
    pub(in crate::server) summary: SessionSummary,
    /// What its exam is called.
    pub(in crate::server) exam: Option<String>,
    pub(in crate::server) last_contact: Option<Timestamp>,
    /// When it began, by the server's clock; absent where no report and no heartbeat of the exam came.
    pub(in crate::server) begun: Option<Timestamp>,
    /// When the last interval that alerted was over, as far as that was told.
    pub(in crate::server) calm_since: Option<Timestamp>,
    /// When the last interval was over, whether it had alerted or not.
    pub(in crate::server) closed: Option<Timestamp>,
    /// How long an interval lasts before it alerts.
    pub(in crate::server) alert_after: Duration,
    /// The end of what is drawn: now, or the end of what is known.
    pub(in crate::server) until: MediaTime,
    /// Those that are open and those that are drawn, by their start.
    pub(in crate::server) recent: Vec<Recent>,
    pub(in crate::server) reviews: BTreeMap<IntervalId, Verdict>,
    /// How many commands and reviews there are: rows that are only added.
    pub(in crate::server) revision: u64,
    /// Alerts of the whole session that nobody has looked at.
    pub(in crate::server) unreviewed: u64,
}

/// An interval that is open, or was lately.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::server) struct Recent {
    pub(in crate::server) id: IntervalId,
    pub(in crate::server) kind: Kind,
    pub(in crate::server) start: MediaTime,
    pub(in crate::server) end: Option<MediaTime>,
    /// When it opened, by the server's clock.
    pub(in crate::server) since: Timestamp,
    /// It alerts, or will when it has lasted for long enough.
    pub(in crate::server) alerting: bool,
    /// The server's own: it alerts at once.
    pub(in crate::server) by_server: bool,
}

/// The columns of an interval that need no reading of reports.
struct Bare {
    id: IntervalId,
    start: MediaTime,
    end: Option<MediaTime>,
    since: Timestamp,
    told_at: Option<i64>,
    alerting: bool,
    by_server: bool,
}

/// Of one session; `None` when the tenant has none of this id.
pub(in crate::server) fn facts(
    database: &Connection,
    tenant: &Tenant,
    now: Timestamp,
    session: SessionId,
) -> Result<Option<Facts>, StoreError> {
    let summary = read::summary(database, tenant, now, session)?;
    summary.map(|summary| facts_of(database, tenant, now, summary)).transpose()
}

/// Of a session whose summary is known.
pub(in crate::server) fn facts_of(
    database: &Connection,
    tenant: &Tenant,
    now: Timestamp,
    summary: SessionSummary,
) -> Result<Facts, StoreError> {
    let session = summary.session;
    let mut query = database.prepare_cached(
        "SELECT alert_after_ms, last_contact FROM session WHERE tenant = ?1 AND session = ?2",
    )?;
    let key = params![tenant.as_str(), session.0.as_bytes()];
    let (alert_after, last_contact): (u64, Option<i64>) =
        query.query_row(key, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let has_begun = matches!(
        summary.status,
        SessionStatus::Running | SessionStatus::Silent | SessionStatus::Ended
    );
    let axis = coverage::axis(database, tenant, session)?;
    let is_live = summary.status != SessionStatus::Ended
        && (summary.liveness.is_some() || summary.started_at.is_some());
    let until = if is_live { axis.at(now.as_microsecond()) } else { summary.duration_ms };
    let all = bare(database, tenant, session)?;
    let has_alerted = |one: &&Bare| {
        let lasted = one.end.map(|end| end.since(one.start).as_millis());
        let is_long = lasted.is_some_and(|lasted| lasted >= u128::from(alert_after));
        one.alerting && (is_long || (one.by_server && one.end.is_some()))
    };
    let closed = all.iter().filter(|one| one.end.is_some()).filter_map(|one| one.told_at).max();
    let calm_since = all.iter().filter(has_alerted);
    let calm_since = calm_since.filter_map(|one| one.told_at).max();
    let reviews = review::latest(database, tenant, session)?;
    let reviews: BTreeMap<_, _> = reviews.into_iter().map(|(id, it)| (id, it.verdict)).collect();
    let is_open = |one: &Bare| {
        let lasted = now.as_microsecond() - one.since.as_microsecond();
        let is_long = lasted / 1_000 >= i64::try_from(alert_after).unwrap_or(i64::MAX);
        one.end.is_none() && one.alerting && (one.by_server || is_long)
    };
    let alerts = all.iter().filter(|one| has_alerted(one) || is_open(one));
    let unreviewed = alerts.filter(|one| !reviews.contains_key(&one.id)).count() as u64;
    let from = MediaTime::from_micros(until.as_micros() - DRAWN.as_micros() as i64);
    let mut recent: Vec<Bare> =
        all.into_iter().filter(|one| one.end.is_none_or(|end| end >= from)).collect();
    // What is open, and the latest of the others.
    recent.sort_by_key(|one| (one.end.is_some(), std::cmp::Reverse(one.start)));
    recent.truncate(MOST);
    recent.sort_by_key(|one| (one.start, one.id));
    let recent = recent.iter().map(|one| told(database, tenant, session, one));
    let at = |micros| Timestamp::from_microsecond(micros).ok();
    let exam = summary.exam.map(|exam| exam::name(database, tenant, exam)).transpose()?;
    Ok(Facts {
        exam: exam.flatten(),
        last_contact: last_contact.and_then(at),
        begun: at(axis.micros(MediaTime::ZERO)).filter(|_| has_begun),
        calm_since: calm_since.and_then(at),
        closed: closed.and_then(at),
        alert_after: Duration::from_millis(alert_after),
        until,
        recent: recent.collect::<Result<_, _>>()?,
        reviews,
        revision: revision(database, tenant, session)?,
        unreviewed,
        summary,
    })
}

fn revision(database: &Connection, tenant: &Tenant, session: SessionId) -> Result<u64, StoreError> {
    let sql = "SELECT (SELECT count(*) FROM command WHERE tenant = ?1 AND session = ?2)
                   + (SELECT count(*) FROM review WHERE tenant = ?1 AND session = ?2)";
    let key = params![tenant.as_str(), session.0.as_bytes()];
    Ok(database.prepare_cached(sql)?.query_row(key, |row| row.get(0))?)
}

fn bare(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<Vec<Bare>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT interval, start_ms, end_ms, open_since, told_at, alerting, by_server
         FROM interval WHERE tenant = ?1 AND session = ?2",
    )?;
    let read = |row: &Row<'_>| {
        Ok(Bare {
            id: IntervalId(Uuid::from_bytes(row.get(0)?)),
            start: MediaTime::from_millis(row.get(1)?),
            end: row.get::<_, Option<i64>>(2)?.map(MediaTime::from_millis),
            since: Timestamp::from_microsecond(row.get(3)?).unwrap_or_default(),
            told_at: row.get(4)?,
            alerting: row.get(5)?,
            by_server: row.get(6)?,
        })
    };
    let rows = query.query_map(params![tenant.as_str(), session.0.as_bytes()], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The kind stands in the report.
fn told(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
    bare: &Bare,
) -> Result<Recent, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT report, (SELECT body FROM event WHERE number = interval.event)
         FROM interval WHERE tenant = ?1 AND session = ?2 AND interval = ?3",
    )?;
    let key = params![tenant.as_str(), session.0.as_bytes(), bare.id.0.as_bytes()];
    let (report, body): (Option<String>, Option<Vec<u8>>) =
        query.query_row(key, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let report: Option<IntervalReport> = match report {
        Some(report) => Some(serde_json::from_str(&report)?),
        None => told_by(body)?,
    };
    let report =
        report.ok_or_else(|| StoreError::Damaged("an interval that no event tells".to_owned()))?;
    let Bare { id, start, end, since, alerting, by_server, told_at: _ } = *bare;
    Ok(Recent { id, kind: report.interval.kind, start, end, since, alerting, by_server })
}

/// Sessions that have not ended, and of which something was heard lately: time alone changes them.
pub(in crate::server) fn live(
    database: &Connection,
    now: Timestamp,
) -> Result<Vec<Key>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT tenant, session FROM session WHERE ended IS NULL AND last_contact > ?1",
    )?;
    let after = now.as_microsecond() - LIVE_WITHIN_MICROS;
    let rows = query.query_map([after], |row| {
        let session = SessionId(Uuid::from_bytes(row.get(1)?));
        Ok((Tenant::new(row.get::<_, String>(0)?), session))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
