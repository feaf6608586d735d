//! From events to what is read: how the session stands, and one row for each interval.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize as _, Serialize};

use super::StoreError;
use super::ingest::Target;
use crate::presence::StillImagePolicy;
use crate::report::{Event, EventData, Family, Identity, IntervalReport, Kind, SessionStarted};
use crate::time::MediaTime;

/// An opening that says to be older than this is not believed: an alert cannot be that late.
const OLDEST_OPENING: Duration = Duration::from_hours(1);

/// Alerted after this long when the policy of the session is not known or does not say.
pub(super) const ALERT_AFTER_MS: u64 = 5_000;

/// What a policy says of it.
pub(super) fn alert_after_ms(policy: &serde_json::Value) -> u64 {
    let says = policy.get("alert_after_ms").and_then(serde_json::Value::as_u64);
    says.unwrap_or(ALERT_AFTER_MS).min(u64::from(u32::MAX))
}

/// Whether intervals of a kind are alerts, by the policy that was issued for the session or else by the
/// one that its agent started with.
fn alerts(database: &Connection, to: &Target, kind: Kind) -> Result<bool, StoreError> {
    if kind.family() != Family::Information {
        return Ok(true);
    }
    if kind != Kind::SuspectedStillImage {
        return Ok(false);
    }
    let mut query = database.prepare_cached(
        "SELECT coalesce(issue.policy, json_extract(session.started, '$.policy'))
         FROM session LEFT JOIN issue USING (tenant, session)
         WHERE session.tenant = ?1 AND session.session = ?2",
    )?;
    let session = params![to.tenant.as_str(), to.session.0.as_bytes()];
    let policy: Option<Option<String>> = query.query_row(session, |row| row.get(0)).optional()?;
    let policy: Option<serde_json::Value> =
        policy.flatten().map(|policy| serde_json::from_str(&policy)).transpose()?;
    let says = policy.as_ref().and_then(|policy| policy.get("still_image"));
    let says = says.and_then(|says| StillImagePolicy::deserialize(says).ok());
    Ok(says == Some(StillImagePolicy::Alert))
}

/// Brings the tables that are read up to date with one new event.
pub(super) fn materialise(
    database: &Connection,
    to: &Target,
    identity: &Identity,
    event: &Event,
) -> Result<(), StoreError> {
    match &event.data {
        EventData::SessionStarted(started) => start(database, to, started),
        EventData::Sampling(sampling) => {
            keep(database, to, identity, "sampling", (sampling.at_ms, sampling))
        }
        EventData::Integrity(integrity) => {
            keep(database, to, identity, "integrity", (integrity.at_ms, integrity))
        }
        EventData::IntervalOpened(report) => {
            let since = opened_at(to.now, event.time.as_deref(), report);
            // A closing that came first knows more.
            keep_interval(database, to, identity, (since, report), "DO NOTHING")
        }
        EventData::IntervalClosed(report) => keep_interval(
            database,
            to,
            identity,
            (to.now, report),
            "DO UPDATE SET incarnation = excluded.incarnation, alerting = excluded.alerting,
                start_ms = excluded.start_ms, end_ms = excluded.end_ms, report = excluded.report,
                told_at = excluded.told_at
             WHERE NOT by_server",
        ),
        EventData::SessionEnded(ended) => {
            let mut query = database.prepare_cached(
                "UPDATE session SET ended = ?3 WHERE tenant = ?1 AND session = ?2",
            )?;
            let ended = serde_json::to_string(ended)?;
            query.execute(params![to.tenant.as_str(), to.session.0.as_bytes(), ended])?;
            Ok(())
        }
    }
}

/// A session that is started again, by another incarnation, has not ended. When a session alerts is
/// for those to say who issued it.
fn start(database: &Connection, to: &Target, started: &SessionStarted) -> Result<(), StoreError> {
    let alert_after = alert_after_ms(&started.policy);
    let mut query = database.prepare_cached(
        "UPDATE session SET started = ?3, ended = NULL,
             started_contact = coalesce(started_contact, ?5), alert_after_ms =
             CASE WHEN EXISTS (SELECT 1 FROM issue WHERE tenant = ?1 AND session = ?2)
             THEN alert_after_ms ELSE ?4 END
         WHERE tenant = ?1 AND session = ?2",
    )?;
    query.execute(params![
        to.tenant.as_str(),
        to.session.0.as_bytes(),
        serde_json::to_string(started)?,
        alert_after,
        to.now.as_microsecond()
    ])?;
    Ok(())
}

/// One row for each, in a table of its kind.
fn keep(
    database: &Connection,
    to: &Target,
    identity: &Identity,
    table: &'static str,
    (at_ms, report): (MediaTime, &impl Serialize),
) -> Result<(), StoreError> {
    let mut query = database.prepare_cached(&format!(
        "INSERT INTO {table} (tenant, session, incarnation, seq, at_ms, report)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
    ))?;
    query.execute(params![
        to.tenant.as_str(),
        to.session.0.as_bytes(),
        identity.incarnation.0.as_bytes(),
        identity.seq,
        at_ms.as_millis(),
        serde_json::to_string(report)?
    ])?;
    Ok(())
}

fn keep_interval(
    database: &Connection,
    to: &Target,
    identity: &Identity,
    (open_since, report): (Timestamp, &IntervalReport),
    on_conflict: &str,
) -> Result<(), StoreError> {
    let interval = &report.interval;
    let mut query = database.prepare_cached(&format!(
        "INSERT INTO interval (tenant, session, interval, incarnation, alerting, start_ms, end_ms,
                               open_since, report, told_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (tenant, session, interval) {on_conflict}"
    ))?;
    query.execute(params![
        to.tenant.as_str(),
        to.session.0.as_bytes(),
        interval.id.0.as_bytes(),
        identity.incarnation.0.as_bytes(),
        alerts(database, to, interval.kind)?,
        interval.start_ms.as_millis(),
        interval.end_ms.map(MediaTime::as_millis),
        open_since.as_microsecond(),
        serde_json::to_string(report)?,
        to.now.as_microsecond()
    ])?;
    Ok(())
}

/// When an interval opened, by the server's clock: as long ago as it lasted already when it was
/// reported. Both times of the report are of one clock, the agent's, so that it may be wrong.
fn opened_at(now: Timestamp, reported: Option<&str>, report: &IntervalReport) -> Timestamp {
    let read = |text: Option<&str>| text?.parse::<Timestamp>().ok();
    let (Some(reported), Some(start)) = (read(reported), read(report.start_utc.as_deref())) else {
        return now;
    };
    let lasted = Duration::try_from(reported.duration_since(start)).unwrap_or_default();
    now.checked_sub(lasted.min(OLDEST_OPENING)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Interval, IntervalId, Kind, SessionId};

    fn report(start_utc: Option<&str>) -> IntervalReport {
        let interval = Interval {
            id: IntervalId::derived(SessionId::derived(&[]), 1),
            kind: Kind::OutOfView,
            start_ms: MediaTime::ZERO,
            end_ms: None,
            confidence: 1.0,
            frames_looked_at: 5,
            frames_skipped: 0,
            closed_by: None,
        };
        IntervalReport {
            interval,
            start_utc: start_utc.map(str::to_owned),
            end_utc: None,
            sample_rate_hz: 5.0,
            policy_version: String::new(),
            models: Vec::new(),
        }
    }

    #[test]
    fn an_opening_counts_from_the_start_that_it_tells_whatever_the_agents_clock_says() {
        let now: Timestamp = "2026-05-01T10:00:00Z".parse().unwrap();
        let start = report(Some("2031-01-01T00:00:00Z"));
        for (reported, expected) in [
            (Some("2031-01-01T00:00:01.2Z"), "2026-05-01T09:59:58.8Z"),
            (Some("2031-01-09T00:00:00Z"), "2026-05-01T09:00:00Z"),
            (Some("2030-12-31T00:00:00Z"), "2026-05-01T10:00:00Z"),
            (Some("soon"), "2026-05-01T10:00:00Z"),
            (None, "2026-05-01T10:00:00Z"),
        ] {
            let expected: Timestamp = expected.parse().unwrap();
            assert_eq!(opened_at(now, reported, &start), expected, "{reported:?}");
        }
        assert_eq!(opened_at(now, Some("2031-01-01T00:00:01Z"), &report(None)), now);
    }
}
