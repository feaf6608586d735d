//! From events to what is read: how the session stands, and one row for each interval.

use rusqlite::{Connection, params};

use super::StoreError;
use super::ingest::Target;
use crate::report::{EventData, Family, Identity, IntervalReport, SessionStarted};
use crate::time::MediaTime;

/// Alerted after this long when the policy of the session is not known or does not say.
pub(super) const ALERT_AFTER_MS: u64 = 5_000;

/// Brings the tables that are read up to date with one new event.
pub(super) fn materialise(
    database: &Connection,
    to: &Target,
    identity: &Identity,
    data: &EventData,
) -> Result<(), StoreError> {
    match data {
        EventData::SessionStarted(started) => start(database, to, started),
        EventData::IntervalOpened(report) => {
            // A closing that came first knows more.
            keep_interval(database, to, identity, report, "DO NOTHING")
        }
        EventData::IntervalClosed(report) => keep_interval(
            database,
            to,
            identity,
            report,
            "DO UPDATE SET incarnation = excluded.incarnation, alerting = excluded.alerting,
                start_ms = excluded.start_ms, end_ms = excluded.end_ms, report = excluded.report",
        ),
        EventData::SessionEnded(ended) => {
            database.execute(
                "UPDATE session SET ended = ?3 WHERE tenant = ?1 AND session = ?2",
                params![to.tenant.as_str(), to.session.0.as_bytes(), serde_json::to_string(ended)?],
            )?;
            Ok(())
        }
    }
}

/// A session that is started again, by another incarnation, has not ended.
fn start(database: &Connection, to: &Target, started: &SessionStarted) -> Result<(), StoreError> {
    let alert_after = started.policy.get("alert_after_ms").and_then(serde_json::Value::as_u64);
    let alert_after = alert_after.unwrap_or(ALERT_AFTER_MS).min(u64::from(u32::MAX));
    database.execute(
        "UPDATE session SET started = ?3, alert_after_ms = ?4, ended = NULL
         WHERE tenant = ?1 AND session = ?2",
        params![
            to.tenant.as_str(),
            to.session.0.as_bytes(),
            serde_json::to_string(started)?,
            alert_after
        ],
    )?;
    Ok(())
}

fn keep_interval(
    database: &Connection,
    to: &Target,
    identity: &Identity,
    report: &IntervalReport,
    on_conflict: &str,
) -> Result<(), StoreError> {
    let interval = &report.interval;
    let mut query = database.prepare_cached(&format!(
        "INSERT INTO interval (tenant, session, interval, incarnation, alerting, start_ms, end_ms,
                               reported_at, report)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (tenant, session, interval) {on_conflict}"
    ))?;
    query.execute(params![
        to.tenant.as_str(),
        to.session.0.as_bytes(),
        interval.id.0.as_bytes(),
        identity.incarnation.0.as_bytes(),
        interval.kind.family() != Family::Information,
        interval.start_ms.as_millis(),
        interval.end_ms.map(MediaTime::as_millis),
        to.now.as_microsecond(),
        serde_json::to_string(report)?
    ])?;
    Ok(())
}
