//! Messages that are to be sent: rows in the transaction of what they tell of.
//!
//! What is derived from reports is derived again after a kill, and so are its messages: their ids follow from
//! what happened, and one that is there already is left as it is. Without a webhook that wants it, no row is
//! written.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use crate::report::{Interval, IntervalId, MessageId, SessionId, Verdict, WebhookType};
use crate::server::store::reports::ingest::Target;
use crate::server::store::{StoreError, Tenant};

/// Messages that arrived are kept so long, to be looked at …
const DELIVERED_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// … and those that were given up.
const DEAD_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Alerts that one transaction tells of.
const AT_ONCE: u32 = 500;

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub(in crate::server::store) struct Told<'a> {
    pub(in crate::server::store) kind: WebhookType,
    pub(in crate::server::store) interval: Option<IntervalId>,
    pub(in crate::server::store) verdict: Option<Verdict>,
    /// What it is told apart by from all else of its type and session.
    pub(in crate::server::store) cause: &'a [u8],
}

/// Whether anything may have to be written here: asked once, and not for each report.
pub(in crate::server::store) fn is_in_use(
    database: &Connection,
    tenant: &Tenant,
) -> Result<bool, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM webhook WHERE tenant = ?1 AND disabled_at IS NULL)
             OR EXISTS (SELECT 1 FROM alert_due WHERE tenant = ?1)",
    )?;
    Ok(query.query_row([tenant.as_str()], |row| row.get(0))?)
}

/// Writes a message for each webhook that wants it.
pub(in crate::server::store) fn tell(
    database: &Connection,
    to: &Target,
    told: &Told<'_>,
) -> Result<(), StoreError> {
    let (tenant, session) = (to.tenant.as_str(), to.session.0.as_bytes());
    let Told { kind, interval, verdict, cause } = *told;
    let wanted_by = wanted_by(database, &to.tenant, to.session, kind)?;
    if wanted_by.is_empty() {
        return Ok(());
    }
    let parts = [tenant.as_bytes(), kind.as_str().as_bytes(), session, cause];
    let message = MessageId::derived(&parts);
    let mut query = database.prepare_cached(
        "INSERT INTO delivery
             (tenant, webhook, message, type, session, interval, verdict, at, state, next_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'waiting', CASE WHEN EXISTS (
             SELECT 1 FROM delivery WHERE tenant = ?1 AND webhook = ?2 AND session = ?5
                 AND state = 'waiting') THEN NULL ELSE ?8 END)
         ON CONFLICT (tenant, webhook, message) DO NOTHING",
    )?;
    for webhook in wanted_by {
        query.execute(params![
            tenant,
            webhook,
            message.0.as_bytes(),
            kind.as_str(),
            session,
            interval.map(|it| it.0.into_bytes()),
            verdict.map(Verdict::as_str),
            to.now.as_microsecond()
        ])?;
    }
    Ok(())
}

/// The webhooks that are to be told of this.
fn wanted_by(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
    kind: WebhookType,
) -> Result<Vec<[u8; 16]>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT webhook, types FROM webhook
         WHERE tenant = ?1 AND disabled_at IS NULL AND (exam IS NULL OR exam =
             (SELECT exam FROM seat WHERE tenant = ?1 AND session = ?2))",
    )?;
    let mut rows = query.query(params![tenant.as_str(), session.0.as_bytes()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let types: String = row.get(1)?;
        if types.is_empty() || types.lines().any(|name| name == kind.as_str()) {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

/// An interval opened: it is told of when it has lasted for as long as the policy bears, if it alerts at all.
pub(in crate::server::store) fn opened(
    database: &Connection,
    to: &Target,
    interval: &Interval,
) -> Result<(), StoreError> {
    let kind = WebhookType::opened(interval.kind);
    if wanted_by(database, &to.tenant, to.session, kind)?.is_empty() {
        return Ok(());
    }
    let mut query = database.prepare_cached(
        "INSERT INTO alert_due (tenant, session, interval, type, due_at)
         SELECT interval.tenant, interval.session, interval, ?4, open_since + alert_after_ms * 1000
         FROM interval JOIN session USING (tenant, session)
         WHERE interval.tenant = ?1 AND interval.session = ?2 AND interval = ?3
             AND alerting AND end_ms IS NULL
         ON CONFLICT (tenant, session, interval) DO NOTHING",
    )?;
    let (tenant, session) = (to.tenant.as_str(), to.session.0.as_bytes());
    query.execute(params![tenant, session, interval.id.0.as_bytes(), kind.as_str()])?;
    Ok(())
}

/// An interval is over, as the event of this number says.
pub(in crate::server::store) fn closed(
    database: &Connection,
    to: &Target,
    interval: &Interval,
    number: i64,
) -> Result<(), StoreError> {
    let id = interval.id;
    forget_due(database, &to.tenant, to.session, id)?;
    let cause = number.to_be_bytes();
    let kind = WebhookType::closed(interval.kind);
    tell(database, to, &Told { kind, interval: Some(id), verdict: None, cause: &cause })
}

/// A silence that the server made itself is open, or over: both stand in `interval`.
pub(in crate::server::store) fn silence(
    database: &Connection,
    to: &Target,
    interval: &Interval,
) -> Result<(), StoreError> {
    let kind = match interval.end_ms {
        None => WebhookType::opened(interval.kind),
        Some(_) => WebhookType::closed(interval.kind),
    };
    let cause = interval.id.0.into_bytes();
    tell(database, to, &Told { kind, interval: Some(interval.id), verdict: None, cause: &cause })
}

/// Whether an interval has lasted for long enough to be told of.
pub(in crate::server) fn is_alert_due(
    database: &Connection,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM alert_due WHERE due_at <= ?1)";
    Ok(database.prepare_cached(sql)?.query_row([now.as_microsecond()], |row| row.get(0))?)
}

/// Tells of those that have, and are still open. Returns how many were looked at.
pub(in crate::server) fn tell_of_alerts(
    database: &Connection,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT tenant, session, interval, type FROM alert_due WHERE due_at <= ?1 LIMIT ?2",
    )?;
    let due = query.query_map(params![now.as_microsecond(), AT_ONCE], |row| {
        let session = SessionId(Uuid::from_bytes(row.get(1)?));
        let interval = IntervalId(Uuid::from_bytes(row.get(2)?));
        Ok((Tenant::new(row.get::<_, String>(0)?), session, interval, row.get::<_, String>(3)?))
    })?;
    let due: Vec<_> = due.collect::<Result<_, _>>()?;
    for (tenant, session, interval, name) in &due {
        let alerts_at = alerts_at(database, tenant, *session, *interval)?;
        match alerts_at.zip(WebhookType::from_name(name)) {
            // The policy became known after the opening, and bears more.
            Some((at, _)) if at > now => {
                let sql = "UPDATE alert_due SET due_at = ?4
                           WHERE tenant = ?1 AND session = ?2 AND interval = ?3";
                let (session, interval) = (session.0.as_bytes(), interval.0.as_bytes());
                let key = params![tenant.as_str(), session, interval, at.as_microsecond()];
                database.prepare_cached(sql)?.execute(key)?;
            }
            Some((at, kind)) => {
                forget_due(database, tenant, *session, *interval)?;
                let to = Target { tenant: tenant.clone(), session: *session, now: at };
                let cause = interval.0.into_bytes();
                let interval = Some(*interval);
                tell(database, &to, &Told { kind, interval, verdict: None, cause: &cause })?;
            }
            None => forget_due(database, tenant, *session, *interval)?,
        }
    }
    Ok(due.len())
}

/// When an interval alerts; `None` where it is over, or was never one to alert.
fn alerts_at(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
    interval: IntervalId,
) -> Result<Option<Timestamp>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT open_since + alert_after_ms * 1000 FROM interval JOIN session USING (tenant, session)
         WHERE interval.tenant = ?1 AND interval.session = ?2 AND interval = ?3
             AND alerting AND end_ms IS NULL",
    )?;
    let key = params![tenant.as_str(), session.0.as_bytes(), interval.0.as_bytes()];
    let at: Option<i64> = query.query_row(key, |row| row.get(0)).optional()?;
    Ok(at.and_then(|at| Timestamp::from_microsecond(at).ok()))
}

fn forget_due(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
    interval: IntervalId,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM alert_due WHERE tenant = ?1 AND session = ?2 AND interval = ?3";
    let key = params![tenant.as_str(), session.0.as_bytes(), interval.0.as_bytes()];
    database.prepare_cached(sql)?.execute(key)?;
    Ok(())
}

/// Takes away what was kept for long enough.
pub(in crate::server::store) fn expired(
    database: &Connection,
    now: Timestamp,
) -> Result<(), StoreError> {
    for (state, kept_for) in [("delivered", DELIVERED_FOR), ("dead", DEAD_FOR)] {
        let before = now.saturating_sub(kept_for).unwrap_or(Timestamp::MIN).as_microsecond();
        let sql = "DELETE FROM delivery WHERE state = ?1 AND done_at < ?2";
        database.execute(sql, params![state, before])?;
    }
    Ok(())
}
