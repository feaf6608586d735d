//! What proctors asked of agents, and what became of it. Nothing here is ever deleted.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use uuid::{NoContext, Uuid};

use crate::report::{
    CommandId, CommandKind, CommandList, CommandReport, Confirmation, Identity, MAX_COMMANDS,
    Outcome, ProctorCommand, SessionStatus, SessionSummary, StoredCommand, StoredOutcome,
};
use crate::server::store::StoreError;
use crate::server::store::audit::{self, Deed, Entry};
// Whether a command can be given is for how its session stands.
use crate::server::store::read::{self, rfc3339};
use crate::server::store::reports::ingest::Target;

/// Commands that are kept for one session.
const KEPT: u64 = 1_000;

/// By how much a session's planned end was put off: what its agent has confirmed, or reported.
pub(in crate::server::store) const EXTENDED_MINUTES: &str = "
    coalesce((SELECT sum(json_extract(content, '$.minutes')) FROM command
              WHERE command.tenant = session.tenant AND command.session = session.session
                  AND json_extract(content, '$.kind') = 'extend'
                  AND (EXISTS (SELECT 1 FROM outcome
                               WHERE outcome.command = command.number AND outcome = 'done')
                      OR EXISTS (SELECT 1 FROM command_report AS told
                                 WHERE told.tenant = session.tenant
                                     AND told.session = session.session
                                     AND told.command = command.id))), 0)";

/// A command that is to be kept.
#[derive(Clone, Debug)]
pub(in crate::server) struct Asked {
    pub(in crate::server) kind: CommandKind,
    /// The credential that gave it.
    pub(in crate::server) by: String,
}

/// Why a command was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum NotKept {
    /// The tenant has no such session.
    NoSession,
    TooMany,
    /// The session has ended: its agent asks for nothing any more.
    Ended,
    /// There is no planned end that could be later.
    NoPlannedEnd,
}

/// Keeps a command for the session's agent.
pub(in crate::server) fn keep(
    database: &Connection,
    to: &Target,
    asked: &Asked,
) -> Result<Result<StoredCommand, NotKept>, StoreError> {
    let (tenant, session) = (to.tenant.as_str(), to.session.0.as_bytes());
    let Some(summary) = read::summary(database, &to.tenant, to.now, to.session)? else {
        return Ok(Err(NotKept::NoSession));
    };
    if summary.status == SessionStatus::Ended {
        return Ok(Err(NotKept::Ended));
    }
    let extends = matches!(asked.kind, CommandKind::Extend { .. });
    // Where nothing says yet whether an end is planned, the agent decides.
    if extends && summary.planned_ms.is_none() && knows_policy(&summary) {
        return Ok(Err(NotKept::NoPlannedEnd));
    }
    let sql = "SELECT count(*) FROM command WHERE tenant = ?1 AND session = ?2";
    let kept: u64 = database.query_row(sql, params![tenant, session], |row| row.get(0))?;
    if kept >= KEPT {
        return Ok(Err(NotKept::TooMany));
    }
    let now = to.now.as_microsecond();
    let second = u64::try_from(to.now.as_second()).unwrap_or_default();
    let nanos = to.now.subsec_nanosecond().unsigned_abs();
    let id = Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, second, nanos));
    database.execute(
        "INSERT INTO command (tenant, session, id, content, sent_at, sent_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![tenant, session, id.as_bytes(), serde_json::to_string(&asked.kind)?, now, asked.by],
    )?;
    let entry = Entry {
        at: to.now,
        tenant: &to.tenant,
        who: &asked.by,
        did: Deed::CommandGiven,
        session: Some(to.session),
        detail: &id.to_string(),
    };
    audit::note(database, &entry)?;
    Ok(Ok(StoredCommand {
        id: CommandId(id),
        kind: asked.kind.clone(),
        sent_at: rfc3339(now),
        sent_by: asked.by.clone(),
        outcomes: Vec::new(),
        report: None,
    }))
}

/// It was issued here, or has told by which policy it goes.
const fn knows_policy(summary: &SessionSummary) -> bool {
    summary.issued.is_some() || !summary.agent.is_empty()
}

/// Keeps what an agent reported of a command: the first report counts, also where no such command was given.
pub(in crate::server::store) fn told(
    database: &Connection,
    to: &Target,
    identity: &Identity,
    report: &CommandReport,
) -> Result<(), StoreError> {
    let mut query = database.prepare_cached(
        "INSERT OR IGNORE INTO command_report (tenant, session, command, incarnation, seq, report)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    query.execute(params![
        to.tenant.as_str(),
        to.session.0.as_bytes(),
        report.command.0.as_bytes(),
        identity.incarnation.0.as_bytes(),
        identity.seq,
        serde_json::to_string(report)?
    ])?;
    Ok(())
}

/// Notes what the agent says has become of its commands. The first word stands; commands that the
/// session does not have are passed over.
pub(in crate::server) fn confirm(
    database: &Connection,
    to: &Target,
    confirmed: &[Confirmation],
) -> Result<(), StoreError> {
    let mut query = database.prepare_cached(
        "INSERT OR IGNORE INTO outcome (command, outcome, at, received_at, reason)
         SELECT number, ?4, ?5, ?6, ?7 FROM command
         WHERE tenant = ?1 AND session = ?2 AND id = ?3",
    )?;
    for one in confirmed {
        query.execute(params![
            to.tenant.as_str(),
            to.session.0.as_bytes(),
            one.id.0.as_bytes(),
            one.outcome.as_str(),
            one.at,
            to.now.as_microsecond(),
            one.reason
        ])?;
    }
    Ok(())
}

/// Commands of the session whose end is not confirmed, the oldest first.
pub(in crate::server) fn waiting(
    database: &Connection,
    to: &Target,
) -> Result<Vec<ProctorCommand>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT id, content FROM command
         WHERE tenant = ?1 AND session = ?2 AND NOT EXISTS (
             SELECT 1 FROM outcome
             WHERE outcome.command = number AND outcome IN ('read', 'done', 'refused'))
         ORDER BY number LIMIT ?3",
    )?;
    let key = params![to.tenant.as_str(), to.session.0.as_bytes(), MAX_COMMANDS as u64];
    let mut rows = query.query(key)?;
    let mut commands = Vec::new();
    while let Some(row) = rows.next()? {
        let kind = serde_json::from_str(&row.get::<_, String>(1)?)?;
        let id = CommandId(Uuid::from_bytes(row.get(0)?));
        commands.push(ProctorCommand { id, kind: Some(kind) });
    }
    Ok(commands)
}

/// All commands of a session, in the order in which they were given.
pub(in crate::server) fn list(
    database: &Connection,
    to: &Target,
) -> Result<Vec<StoredCommand>, StoreError> {
    find(database, to, (None, KEPT))
}

/// Those behind the command `after`; `None` when the session has no such command.
pub(in crate::server) fn page(
    database: &Connection,
    to: &Target,
    (after, limit): (Option<CommandId>, u64),
) -> Result<Option<CommandList>, StoreError> {
    if let Some(after) = after {
        let sql = "SELECT EXISTS (SELECT 1 FROM command
                       WHERE tenant = ?1 AND session = ?2 AND id = ?3)";
        let key = params![to.tenant.as_str(), to.session.0.as_bytes(), after.0.as_bytes()];
        if !database.query_row(sql, key, |row| row.get(0))? {
            return Ok(None);
        }
    }
    let mut commands = find(database, to, (after, limit + 1))?;
    let more = commands.len() as u64 > limit;
    commands.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = commands.last().filter(|_| more).map(|last| last.id);
    Ok(Some(CommandList { commands, next }))
}

fn find(
    database: &Connection,
    to: &Target,
    (after, limit): (Option<CommandId>, u64),
) -> Result<Vec<StoredCommand>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT id, content, sent_at, sent_by, outcome, outcome.at, received_at, reason
         FROM command LEFT JOIN outcome ON outcome.command = number
         WHERE number IN (
             SELECT number FROM command WHERE tenant = ?1 AND session = ?2 AND (?3 IS NULL OR number > (
                 SELECT number FROM command WHERE tenant = ?1 AND session = ?2 AND id = ?3))
             ORDER BY number LIMIT ?4)
         ORDER BY number, received_at, outcome <> 'shown'",
    )?;
    let after = after.map(|id| id.0.into_bytes());
    let session = to.session.0.as_bytes();
    let mut reports = reports(database, to)?;
    let mut rows = query.query(params![to.tenant.as_str(), session, after, limit])?;
    let mut commands: Vec<StoredCommand> = Vec::new();
    while let Some(row) = rows.next()? {
        let id = CommandId(Uuid::from_bytes(row.get(0)?));
        if commands.last().is_none_or(|last| last.id != id) {
            commands.push(StoredCommand {
                id,
                kind: serde_json::from_str(&row.get::<_, String>(1)?)?,
                sent_at: rfc3339(row.get(2)?),
                sent_by: row.get(3)?,
                outcomes: Vec::new(),
                report: reports.remove(&id),
            });
        }
        let Some(name) = row.get::<_, Option<String>>(4)? else { continue };
        let known = Outcome::ALL.into_iter().find(|known| known.as_str() == name);
        if let (Some(outcome), Some(last)) = (known, commands.last_mut()) {
            let (at, received_at) = (row.get(5)?, rfc3339(row.get(6)?));
            last.outcomes.push(StoredOutcome { outcome, at, received_at, reason: row.get(7)? });
        }
    }
    Ok(commands)
}

/// What agents reported of the session's commands.
fn reports(
    database: &Connection,
    to: &Target,
) -> Result<BTreeMap<CommandId, CommandReport>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT command, report FROM command_report WHERE tenant = ?1 AND session = ?2",
    )?;
    let mut rows = query.query(params![to.tenant.as_str(), to.session.0.as_bytes()])?;
    let mut reports = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let id = CommandId(Uuid::from_bytes(row.get(0)?));
        reports.insert(id, serde_json::from_str(&row.get::<_, String>(1)?)?);
    }
    Ok(reports)
}
