//! How many there are of what, over all tenants: for those who run the server.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::StoreError;
use crate::server::silence::SILENT_AFTER;

/// Counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::server) struct Census {
    /// Handed out, and never heard of.
    pub issued: i64,
    pub live: i64,
    /// Not ended, and not heard of for two and a half heartbeats.
    pub silent: i64,
    pub ended: i64,
    /// Intervals that alert and have not ended, of sessions that have not either.
    pub alerts: i64,
    pub events: i64,
    /// Messages to webhooks that wait, and that were given up.
    pub messages_waiting: i64,
    pub messages_dead: i64,
}

pub(in crate::server) fn take(database: &Connection, now: Timestamp) -> Result<Census, StoreError> {
    let heard_since = now.as_microsecond() - SILENT_AFTER.as_micros() as i64;
    let mut sessions = database.prepare_cached(
        "SELECT count(CASE WHEN first_contact IS NULL THEN 1 END),
                count(CASE WHEN ended IS NULL AND last_contact >= ?1 THEN 1 END),
                count(CASE WHEN ended IS NULL AND last_contact < ?1 THEN 1 END),
                count(ended)
         FROM session",
    )?;
    let census = sessions.query_row([heard_since], |row| {
        let [issued, live, silent, ended] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
        Ok(Census { issued, live, silent, ended, ..Census::default() })
    })?;
    let mut alerts = database.prepare_cached(
        "SELECT count(*) FROM interval JOIN session USING (tenant, session)
         WHERE ended IS NULL AND end_ms IS NULL AND alerting
             AND (by_server OR (?1 - open_since) / 1000 >= alert_after_ms)",
    )?;
    let alerts = alerts.query_row(params![now.as_microsecond()], |row| row.get(0))?;
    // Numbers are given in order and never again: the last one is their count, but for what was erased.
    let mut events = database.prepare_cached("SELECT coalesce(max(number), 0) FROM event")?;
    let events = events.query_row([], |row| row.get(0))?;
    let mut messages = database.prepare_cached(
        "SELECT count(CASE state WHEN 'waiting' THEN 1 END), count(CASE state WHEN 'dead' THEN 1 END)
         FROM delivery WHERE state <> 'delivered'",
    )?;
    let (messages_waiting, messages_dead) =
        messages.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Census { alerts, events, messages_waiting, messages_dead, ..census })
}
