//! Silences: intervals that the server makes itself, when it hears nothing of a session.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use crate::report::{
    ClosedBy, Incarnation, Interval, IntervalId, IntervalReport, Kind, Phase, SessionId,
};
use crate::server::silence::{Bounds, Outage, Vigil, is_in_the_exam};
use crate::server::store::audit::{self, Deed, Entry};
use crate::server::store::read::rfc3339;
use crate::server::store::reports::ingest::Target;
use crate::server::store::reports::tail::Key;
use crate::server::store::webhook::outbox;
use crate::server::store::{StoreError, Tenant};
// A silence stands on the same axis as what is attested.
use crate::server::store::liveness::coverage;

/// A session that is silent, and is not known to be.
#[derive(Clone, Debug)]
pub(in crate::server) struct Silent {
    tenant: Tenant,
    session: SessionId,
    last_contact: Timestamp,
}

/// When the server ran last, as far as it was written down.
pub(in crate::server) fn alive_at(database: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT alive_at FROM watch";
    let micros = database.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(micros.and_then(|micros| Timestamp::from_microsecond(micros).ok()))
}

/// Writes down that the server runs, and what it has missed.
pub(in crate::server) fn save(
    database: &Connection,
    vigil: &Vigil,
    missed: Option<Outage>,
) -> Result<(), StoreError> {
    database.execute(
        "INSERT INTO watch (only, since, alive_at) VALUES (1, ?1, ?2)
         ON CONFLICT (only) DO UPDATE SET since = excluded.since, alive_at = excluded.alive_at",
        [vigil.since.as_microsecond(), vigil.alive_at.as_microsecond()],
    )?;
    if let Some(Outage { from, to }) = missed {
        database.execute(
            "INSERT INTO outage (from_at, to_at) VALUES (?1, ?2)
             ON CONFLICT (from_at) DO UPDATE SET to_at = max(to_at, excluded.to_at)",
            [from.as_microsecond(), to.as_microsecond()],
        )?;
    }
    Ok(())
}

/// Sessions that are in the exam, send heartbeats, were last heard of within the bounds, and whose
/// silence is not open yet.
pub(in crate::server) fn find(
    database: &Connection,
    bounds: Bounds,
) -> Result<Vec<Silent>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT session.tenant, session.session, last_contact, phase, started IS NOT NULL
         FROM session JOIN liveness
             ON liveness.tenant = session.tenant AND liveness.session = session.session
         WHERE ended IS NULL AND last_contact > ?1 AND last_contact < ?2 AND NOT EXISTS (
             SELECT 1 FROM interval INDEXED BY interval_silence
             WHERE interval.tenant = session.tenant AND interval.session = session.session
                 AND by_server = 1 AND end_ms IS NULL)",
    )?;
    let mut rows = query.query([bounds.after.as_microsecond(), bounds.before.as_microsecond()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let phase: String = row.get(3)?;
        let phase = Phase::ALL.into_iter().find(|known| known.as_str() == phase);
        let last_contact = Timestamp::from_microsecond(row.get(2)?).ok();
        if let (Some(phase), Some(last_contact)) = (phase, last_contact)
            && is_in_the_exam(phase, row.get(4)?)
        {
            let session = SessionId(Uuid::from_bytes(row.get(1)?));
            let tenant = Tenant::new(row.get::<_, String>(0)?);
            found.push(Silent { tenant, session, last_contact });
        }
    }
    Ok(found)
}

/// Opens the silences of all who are silent now, and says who they are.
pub(in crate::server) fn open_all(
    database: &Connection,
    vigil: &Vigil,
    bounds: Bounds,
) -> Result<Vec<Key>, StoreError> {
    let silent = find(database, bounds)?;
    for one in &silent {
        open(database, one, vigil)?;
    }
    Ok(silent.into_iter().map(|one| (one.tenant, one.session)).collect())
}

/// Time before the server watched is left out.
fn open(database: &Connection, silent: &Silent, vigil: &Vigil) -> Result<(), StoreError> {
    let Silent { tenant, session, last_contact } = silent;
    let since = last_contact.max(&vigil.since);
    let axis = coverage::axis(database, tenant, *session)?;
    let interval = Interval {
        id: IntervalId::of_silence(*session, since.as_microsecond()),
        kind: Kind::ReportingGap,
        start_ms: axis.at(since.as_microsecond()),
        end_ms: None,
        confidence: 1.0,
        frames_looked_at: 0,
        frames_skipped: 0,
        closed_by: None,
    };
    let report = IntervalReport {
        interval,
        start_utc: Some(rfc3339(since.as_microsecond())),
        end_utc: None,
        sample_rate_hz: 0.0,
        policy_version: String::new(),
        models: Vec::new(),
    };
    // Whatever an agent has put there: this one is the server's own.
    database.execute(
        "INSERT INTO interval (tenant, session, interval, incarnation, alerting, start_ms, end_ms,
                               open_since, report, told_at, by_server)
         VALUES (?1, ?2, ?3, zeroblob(16), 1, ?4, NULL, ?5, ?6, ?7, 1)
         ON CONFLICT (tenant, session, interval) DO UPDATE SET
             incarnation = excluded.incarnation, alerting = 1, start_ms = excluded.start_ms,
             end_ms = NULL, open_since = excluded.open_since, report = excluded.report, event = NULL,
             told_at = excluded.told_at, by_server = 1",
        params![
            tenant.as_str(),
            session.0.as_bytes(),
            report.interval.id.0.as_bytes(),
            report.interval.start_ms.as_millis(),
            since.as_microsecond(),
            serde_json::to_string(&report)?,
            vigil.alive_at.as_microsecond()
        ],
    )?;
    let to = Target { tenant: tenant.clone(), session: *session, now: vigil.alive_at };
    outbox::silence(database, &to, &report.interval)?;
    tracing::warn!(%session, "nothing was heard for 25 s");
    let detail = format!("nothing heard since {}", rfc3339(since.as_microsecond()));
    let entry = Entry {
        at: vigil.alive_at,
        tenant,
        who: audit::SERVER,
        did: Deed::SilenceAlerted,
        session: Some(*session),
        detail: &detail,
    };
    audit::note(database, &entry)
}

/// The session was heard of: its silence is over, if there is one.
pub(in crate::server::store) fn heard(
    database: &Connection,
    to: &Target,
    incarnation: Incarnation,
) -> Result<(), StoreError> {
    let (tenant, session) = (to.tenant.as_str(), to.session.0.as_bytes());
    let mut query = database.prepare_cached(
        "SELECT interval, report FROM interval INDEXED BY interval_silence
         WHERE tenant = ?1 AND session = ?2 AND by_server = 1 AND end_ms IS NULL",
    )?;
    let open = query
        .query_row(params![tenant, session], |row| {
            Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    let Some((id, report)) = open else { return Ok(()) };
    let mut report: IntervalReport = serde_json::from_str(&report)?;
    let before: Option<[u8; 16]> = database
        .query_row(
            "SELECT incarnation FROM liveness WHERE tenant = ?1 AND session = ?2",
            params![tenant, session],
            |row| row.get(0),
        )
        .optional()?;
    let is_same = before == Some(incarnation.0.into_bytes());
    let now = to.now.as_microsecond();
    let start = report.interval.start_ms;
    let end = coverage::axis(database, &to.tenant, to.session)?.at(now).max(start);
    report.interval.end_ms = Some(end);
    report.interval.closed_by =
        Some(if is_same { ClosedBy::HeardAgain } else { ClosedBy::AgentRestart });
    report.end_utc = Some(rfc3339(now));
    database.execute(
        "UPDATE interval SET end_ms = ?4, report = ?5, told_at = ?6
         WHERE tenant = ?1 AND session = ?2 AND interval = ?3",
        params![tenant, session, id, end.as_millis(), serde_json::to_string(&report)?, now],
    )?;
    outbox::silence(database, to, &report.interval)?;
    tracing::info!(session = %to.session, lasted = %end.since(start).as_secs(), "heard of again");
    Ok(())
}

/// Since when the server watches, in microseconds since 1970: before that nobody is called silent.
pub(in crate::server::store) fn watching_since(database: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT since FROM watch";
    Ok(database.query_row(sql, [], |row| row.get(0)).optional()?.unwrap_or_default())
}
