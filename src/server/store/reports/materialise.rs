//! From events to what is read: how the session stands, and one row for each interval.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize as _, Serialize};
use uuid::Uuid;

use crate::presence::StillImagePolicy;
use crate::report::{Family, Identity, Incarnation, Interval, Kind, SessionStarted, WebhookType};
use crate::server::ingest::says::Says;
use crate::server::store::reports::ingest::Target;
use crate::server::store::webhook::outbox::{self, Told};
use crate::server::store::{StoreError, command};
use crate::time::MediaTime;

/// An opening that says to be older than this is not believed: an alert cannot be that late.
const OLDEST_OPENING: Duration = Duration::from_hours(1);

/// Alerted after this long when the policy of the session is not known or does not say.
pub(in crate::server::store) const ALERT_AFTER_MS: u64 = 5_000;

macro_rules! keep_interval {
    ($on_conflict:literal) => {
        concat!(
            "INSERT INTO interval (tenant, session, interval, incarnation, alerting, start_ms, end_ms,
                                   open_since, event, told_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (tenant, session, interval) ",
            $on_conflict
        )
    };
}
/// A closing that came first knows more.
const OPENED: &str = keep_interval!("DO NOTHING");
const CLOSED: &str = keep_interval!(
    "DO UPDATE SET incarnation = excluded.incarnation, alerting = excluded.alerting,
        start_ms = excluded.start_ms, end_ms = excluded.end_ms, report = NULL,
        event = excluded.event, told_at = excluded.told_at
     WHERE NOT by_server"
);

/// What a policy says of it.
pub(in crate::server::store) fn alert_after_ms(policy: &serde_json::Value) -> u64 {
    let says = policy.get("alert_after_ms").and_then(serde_json::Value::as_u64);
    says.unwrap_or(ALERT_AFTER_MS).min(u64::from(u32::MAX))
}

/// Whether intervals of a kind are alerts, by the policy that was issued for the session or else by the
/// one that its agent started with.
fn alerts(database: &Connection, to: &Target, kind: Kind) -> Result<bool, StoreError> {
    if kind.family() != Family::Information {
        return Ok(true);
    }
    if !matches!(kind, Kind::SuspectedStillImage | Kind::SuspectedLoop) {
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

/// Brings the tables that are read up to date with what one new event says; `number`: its row. `is_told`: some
/// webhook may want to know.
pub(in crate::server::store) fn materialise(
    database: &Connection,
    to: &Target,
    (number, identity): (i64, &Identity),
    (says, is_told): (&Says, bool),
) -> Result<(), StoreError> {
    let cause = number.to_be_bytes();
    let of_session = |kind| Told { kind, interval: None, verdict: None, cause: &cause };
    match says {
        Says::Started(started) => {
            if start(database, to, identity.incarnation, started)? && is_told {
                outbox::tell(database, to, &of_session(WebhookType::SessionStarted))?;
            }
            Ok(())
        }
        Says::Sampling(sampling) => {
            keep(database, to, identity, "sampling", (sampling.at_ms, sampling))
        }
        Says::Integrity(integrity) => {
            keep(database, to, identity, "integrity", (integrity.at_ms, integrity))
        }
        Says::Command(report) => command::told(database, to, identity, report),
        Says::Opened { interval, lasted } => {
            let since = opened_at(to.now, *lasted);
            if keep_interval(database, to, (number, identity), (since, interval), OPENED)?
                && is_told
            {
                outbox::opened(database, to, interval)?;
            }
            Ok(())
        }
        Says::Closed(interval) => {
            if keep_interval(database, to, (number, identity), (to.now, interval), CLOSED)?
                && is_told
            {
                outbox::closed(database, to, interval, number)?;
            }
            Ok(())
        }
        Says::Ended(ended) => {
            let mut query = database.prepare_cached(
                "UPDATE session SET ended = ?3, ended_by = ?4 WHERE tenant = ?1 AND session = ?2",
            )?;
            let ended = serde_json::to_string(ended)?;
            let by = identity.incarnation.0.as_bytes();
            query.execute(params![to.tenant.as_str(), to.session.0.as_bytes(), ended, by])?;
            if is_told {
                outbox::tell(database, to, &of_session(WebhookType::SessionEnded))?;
            }
            Ok(())
        }
    }
}

/// A session that is started again, by another incarnation, has not ended; but one whose start comes late
/// and began before the one that ended it changes nothing. When a session alerts is for those to say who
/// issued it. Whether it changed anything.
fn start(
    database: &Connection,
    to: &Target,
    incarnation: Incarnation,
    started: &SessionStarted,
) -> Result<bool, StoreError> {
    let ended_by: Option<[u8; 16]> = database
        .prepare_cached(
            "SELECT ended_by FROM session
             WHERE tenant = ?1 AND session = ?2 AND ended IS NOT NULL",
        )?
        .query_row(params![to.tenant.as_str(), to.session.0.as_bytes()], |row| row.get(0))
        .optional()?
        .flatten();
    let ended_by = ended_by.map(|bytes| Incarnation(Uuid::from_bytes(bytes)));
    if ended_by.is_some_and(|ended_by| began_before(incarnation, ended_by)) {
        return Ok(false);
    }
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
    Ok(true)
}

/// Whether both tell when they began, as agents' incarnations do, by the clock of one machine, and this one
/// did before the other.
fn began_before(incarnation: Incarnation, other: Incarnation) -> bool {
    let began = |it: Incarnation| it.0.get_timestamp().map(|at| at.to_unix());
    began(incarnation).zip(began(other)).is_some_and(|(one, other)| one < other)
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

/// Whether anything was changed by it.
fn keep_interval(
    database: &Connection,
    to: &Target,
    (number, identity): (i64, &Identity),
    (open_since, interval): (Timestamp, &Interval),
    sql: &'static str,
) -> Result<bool, StoreError> {
    let mut query = database.prepare_cached(sql)?;
    let changed = query.execute(params![
        to.tenant.as_str(),
        to.session.0.as_bytes(),
        interval.id.0.as_bytes(),
        identity.incarnation.0.as_bytes(),
        alerts(database, to, interval.kind)?,
        interval.start_ms.as_millis(),
        interval.end_ms.map(MediaTime::as_millis),
        open_since.as_microsecond(),
        number,
        to.now.as_microsecond()
    ])?;
    Ok(changed > 0)
}

/// When an interval opened, by the server's clock.
fn opened_at(now: Timestamp, lasted: Duration) -> Timestamp {
    now.checked_sub(lasted.min(OLDEST_OPENING)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::ingest::says::lasted;

    #[test]
    fn an_opening_counts_from_the_start_that_it_tells_whatever_the_agents_clock_says() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (now, start) = (at("2026-05-01T10:00:00Z"), at("2031-01-01T00:00:00Z"));
        for (reported, expected) in [
            (Some("2031-01-01T00:00:01.2Z"), "2026-05-01T09:59:58.8Z"),
            (Some("2031-01-09T00:00:00Z"), "2026-05-01T09:00:00Z"),
            (Some("2030-12-31T00:00:00Z"), "2026-05-01T10:00:00Z"),
            (None, "2026-05-01T10:00:00Z"),
        ] {
            let lasted = lasted(reported.map(at), Some(start));
            assert_eq!(opened_at(now, lasted), at(expected), "{reported:?}");
        }
        assert_eq!(opened_at(now, lasted(Some(start), None)), now);
    }
}
