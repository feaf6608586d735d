//! Sessions: the list, and one of them with all that is known of it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;
use uuid::Uuid;

use crate::report::{
    ExamId, IssuedSession, Liveness, Phase, SessionDetail, SessionEnded, SessionId, SessionPage,
    SessionStarted, SessionStatus, SessionSummary,
};
use crate::server::silence::SILENT_AFTER;
use crate::server::store::command::EXTENDED_MINUTES;
use crate::server::store::exam::Reach;
// What was heard last, what was not heard, what contradicts it, and what was reported are parts of what is
// told of a session.
use crate::server::store::liveness::coverage::{self, Until};
use crate::server::store::liveness::{self, LIVENESS, silence};
use crate::server::store::read::intervals::ALERTS;
use crate::server::store::read::reports::{chains, integrity, rejected, sampling};
use crate::server::store::read::rfc3339;
use crate::server::store::reports::{fork, signed};
use crate::server::store::{StoreError, Tenant};
use crate::time::MediaTime;

/// A session that has not ended is called silent after two and a half heartbeats without a word from
/// it, or, where none ever came, as in a replay, this long without a report. One with nothing to report
/// is silent, too: this is no alert.
const SILENT_WITHOUT_HEARTBEATS_MICROS: i64 = 10 * 60 * 1_000_000;

fn summary_columns() -> String {
    format!(
        "SELECT session.session, first_contact, last_contact, started, ended, alert_after_ms,
                count(interval.interval),
                count(CASE WHEN {ALERTS} THEN 1 END),
                max(max(start_ms, coalesce(end_ms, start_ms))), started_contact,
                issue.label, issue.issued_at, issue.expires_at, issue.enrolled_at,
                (SELECT count(*) FROM fork
                 WHERE fork.tenant = session.tenant AND fork.session = session.session),
                seat.exam, seat.room,
                json_extract(issue.policy, '$.planned_minutes'), {EXTENDED_MINUTES},
                {LIVENESS}
         FROM session LEFT JOIN interval
             ON interval.tenant = session.tenant AND interval.session = session.session
         LEFT JOIN issue ON issue.tenant = session.tenant AND issue.session = session.session
         LEFT JOIN seat ON seat.tenant = session.tenant AND seat.session = session.session
         LEFT JOIN liveness
             ON liveness.tenant = session.tenant AND liveness.session = session.session
         WHERE session.tenant = ?1"
    )
}

/// One row of the query above.
struct Found {
    session: SessionId,
    /// Of the first report and of the last one.
    contact: Option<(i64, i64)>,
    issued: Option<(String, IssuedSession)>,
    started: Option<SessionStarted>,
    ended: Option<SessionEnded>,
    alert_after_ms: u64,
    intervals: u64,
    alerts: u64,
    last_ms: i64,
    started_contact: Option<i64>,
    forks: u64,
    exam: Option<ExamId>,
    room: Option<String>,
    /// By the policy that was issued.
    planned_minutes: Option<i64>,
    extended_minutes: i64,
    liveness: Option<Liveness>,
}

impl Found {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let json = |text: Option<String>| text.map(|text| serde_json::from_str(&text)).transpose();
        let ended: Option<String> = row.get(4)?;
        Ok(Self {
            session: SessionId(Uuid::from_bytes(row.get(0)?)),
            contact: row.get::<_, Option<i64>>(1)?.zip(row.get(2)?),
            issued: issued(row)?,
            started: json(row.get(3)?)?,
            ended: ended.map(|text| serde_json::from_str(&text)).transpose()?,
            alert_after_ms: row.get(5)?,
            intervals: row.get(6)?,
            alerts: row.get(7)?,
            last_ms: row.get::<_, Option<i64>>(8)?.unwrap_or(0),
            started_contact: row.get(9)?,
            forks: row.get(14)?,
            exam: row.get::<_, Option<[u8; 16]>>(15)?.map(|it| ExamId(Uuid::from_bytes(it))),
            room: row.get(16)?,
            planned_minutes: row.get(17)?,
            extended_minutes: row.get(18)?,
            liveness: liveness::read(row, 19)?,
        })
    }

    /// `since`: the server watches since then; time before is nobody's silence.
    fn status(&self, now: Timestamp, since: i64) -> SessionStatus {
        let phase = self.liveness.as_ref().map(|liveness| liveness.phase);
        let silent_after = match phase {
            Some(_) => SILENT_AFTER.as_micros() as i64,
            None => SILENT_WITHOUT_HEARTBEATS_MICROS,
        };
        match self.contact {
            None => SessionStatus::Issued,
            Some(_) if self.ended.is_some() => SessionStatus::Ended,
            Some((_, last)) if now.as_microsecond() - last.max(since) > silent_after => {
                SessionStatus::Silent
            }
            Some(_) if phase == Some(Phase::CheckIn) => SessionStatus::CheckingIn,
            Some(_) => SessionStatus::Running,
        }
    }

    fn until(&self, now: Timestamp) -> Until {
        let phase = self.liveness.as_ref().map(|liveness| liveness.phase);
        match &self.ended {
            Some(ended) => Until::Length(ended.duration_ms),
            None if phase == Some(Phase::Ended) => Until::Attested,
            None => Until::Now(now),
        }
    }

    fn duration(&self) -> MediaTime {
        let is_live = self.started.as_ref().is_some_and(|started| started.started_at.is_some());
        let last = MediaTime::from_millis(self.last_ms);
        match (&self.ended, self.started_contact.zip(self.contact)) {
            (Some(ended), _) => ended.duration_ms,
            // Live: media time runs with the clock.
            (None, Some((since, (_, last_contact)))) if is_live => {
                last.max(MediaTime::from_micros(last_contact - since))
            }
            (None, _) => last,
        }
    }

    /// By the policy that the agent has, or else by the one that was issued for it.
    fn planned(&self) -> Option<MediaTime> {
        let minutes = match &self.started {
            Some(started) => started.policy.get("planned_minutes").and_then(Value::as_i64),
            None => self.planned_minutes,
        };
        let minutes = minutes.filter(|minutes| (1..=24 * 60).contains(minutes))?;
        let minutes = minutes.saturating_add(self.extended_minutes);
        Some(MediaTime::from_millis(minutes.saturating_mul(60_000)))
    }

    fn summary(&self, now: Timestamp, since: i64) -> SessionSummary {
        let started = self.started.as_ref();
        SessionSummary {
            session: self.session,
            label: match (&self.issued, started) {
                (Some((label, _)), _) => label.clone(),
                (None, started) => started.map(|it| it.label.clone()).unwrap_or_default(),
            },
            exam: self.exam,
            room: self.room.clone(),
            agent: started.map(|started| started.agent.clone()).unwrap_or_default(),
            status: self.status(now, since),
            issued: self.issued.as_ref().map(|(_, issued)| issued.clone()),
            first_contact: self.contact.map(|(first, _)| rfc3339(first)),
            last_contact: self.contact.map(|(_, last)| rfc3339(last)),
            started_at: started.and_then(|started| started.started_at.clone()),
            duration_ms: self.duration(),
            intervals: self.intervals,
            alerts: self.alerts,
            liveness: self.liveness.clone(),
            planned_ms: self.planned(),
            forks: self.forks,
        }
    }
}

/// What was issued, and under which label.
fn issued(row: &Row<'_>) -> Result<Option<(String, IssuedSession)>, StoreError> {
    let Some(label) = row.get(10)? else { return Ok(None) };
    let issued = IssuedSession {
        issued_at: rfc3339(row.get(11)?),
        expires_at: rfc3339(row.get(12)?),
        enrolled_at: row.get::<_, Option<i64>>(13)?.map(rfc3339),
    };
    Ok(Some((label, issued)))
}

/// Which sessions are meant.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Among {
    pub(in crate::server) reach: Reach,
    /// Of this exam alone.
    pub(in crate::server) exam: Option<ExamId>,
}

/// All sessions of the tenant.
#[cfg(test)]
pub(in crate::server) fn sessions(
    database: &Connection,
    tenant: &Tenant,
    now: Timestamp,
    after: Option<SessionId>,
    limit: u64,
) -> Result<Option<SessionPage>, StoreError> {
    let all = Among { reach: Reach::All, exam: None };
    sessions_among(database, tenant, now, (all, after, limit))
}

/// A page of sessions, newest first, behind the session `after`; `None` when that is not known.
pub(in crate::server) fn sessions_among(
    database: &Connection,
    tenant: &Tenant,
    now: Timestamp,
    (among, after, limit): (Among, Option<SessionId>, u64),
) -> Result<Option<SessionPage>, StoreError> {
    if let Some(after) = after
        && !among.reach.has_session(database, tenant, after)?
    {
        return Ok(None);
    }
    let bound = match after {
        None => Some(i64::MAX),
        Some(after) => database
            .query_row(
                "SELECT listed_at FROM session WHERE tenant = ?1 AND session = ?2",
                params![tenant.as_str(), after.0.as_bytes()],
                |row| row.get(0),
            )
            .optional()?,
    };
    let Some(bound) = bound else { return Ok(None) };
    let after = after.map_or([u8::MAX; 16], |after| after.0.into_bytes());
    let mut query = database.prepare_cached(&format!(
        "{} AND (listed_at, session.session) < (?3, ?4)
             AND (?6 IS NULL OR seat.exam = ?6) AND (?7 IS NULL OR seat.exam = ?7)
             AND (?8 IS NULL OR EXISTS (SELECT 1 FROM assignment
                  WHERE assignment.tenant = ?1 AND account = ?8 AND assignment.exam = seat.exam))
         GROUP BY session.session
         ORDER BY listed_at DESC, session.session DESC LIMIT ?5",
        summary_columns()
    ))?;
    let (account, only) = among.reach.bounds();
    let exam = among.exam.map(|exam| exam.0.into_bytes());
    let (tenant, now_micros) = (tenant.as_str(), now.as_microsecond());
    let key = params![tenant, now_micros, bound, after, limit + 1, exam, only, account];
    let mut rows = query.query(key)?;
    let since = silence::watching_since(database)?;
    let mut sessions = Vec::new();
    while let Some(row) = rows.next()? {
        sessions.push(Found::read(row)?.summary(now, since));
    }
    let more = sessions.len() as u64 > limit;
    sessions.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = sessions.last().filter(|_| more).map(|last| last.session);
    Ok(Some(SessionPage { sessions, next }))
}

fn found(
    database: &Connection,
    tenant: &Tenant,
    now: Timestamp,
    session: SessionId,
) -> Result<Option<Found>, StoreError> {
    let mut query = database.prepare_cached(&format!(
        "{} AND session.session = ?3 GROUP BY session.session",
        summary_columns()
    ))?;
    let key = params![tenant.as_str(), now.as_microsecond(), session.0.as_bytes()];
    let mut rows = query.query(key)?;
    rows.next()?.map(Found::read).transpose()
}

/// What stands in the list of one session; `None` when the tenant has none of this id.
pub(in crate::server) fn summary(
    database: &Connection,
    tenant: &Tenant,
    now: Timestamp,
    session: SessionId,
) -> Result<Option<SessionSummary>, StoreError> {
    let Some(found) = found(database, tenant, now, session)? else { return Ok(None) };
    Ok(Some(found.summary(now, silence::watching_since(database)?)))
}

/// One session; `None` when the tenant has none of this id.
pub(in crate::server) fn session(
    database: &Connection,
    tenant: &Tenant,
    now: Timestamp,
    session: SessionId,
) -> Result<Option<SessionDetail>, StoreError> {
    let Some(found) = found(database, tenant, now, session)? else { return Ok(None) };
    let summary = found.summary(now, silence::watching_since(database)?);
    let observed = coverage::observed(database, tenant, session, found.until(now))?;
    let Found { started, ended, alert_after_ms, .. } = found;
    let started = started.as_ref();
    Ok(Some(SessionDetail {
        summary,
        sample_rate_hz: started.map_or(0.0, |started| started.sample_rate_hz),
        policy_version: started.map(|it| it.policy_version.clone()).unwrap_or_default(),
        policy: started.map(|started| started.policy.clone()).unwrap_or_default(),
        alert_after_ms,
        models: started.map(|started| started.models.clone()).unwrap_or_default(),
        recording_sha256: started.and_then(|started| started.recording_sha256),
        consent: started.and_then(|started| started.consent.clone()),
        start_override: started.and_then(|started| started.start_override.clone()),
        camera: ended.as_ref().map(|ended| ended.camera),
        truncated: ended.as_ref().and_then(|ended| ended.truncated.clone()),
        ended_by: ended.and_then(|ended| ended.ended_by),
        sampling: sampling(database, tenant, session)?,
        integrity: integrity(database, tenant, session)?,
        chains: chains(database, tenant, session)?,
        rejected: rejected(database, tenant, session)?,
        forked: fork::list(database, tenant, session)?,
        public_key: signed::key_of(database, tenant.as_str(), session)?.map(|it| it.to_string()),
        observed,
    }))
}
