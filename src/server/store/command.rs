//! What proctors asked of agents, and what became of it. Nothing here is ever deleted.

use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::{NoContext, Uuid};

use crate::report::{
    CommandId, CommandKind, Confirmation, MAX_COMMANDS, Outcome, ProctorCommand, StoredCommand,
    StoredOutcome,
};
use crate::server::store::StoreError;
use crate::server::store::audit::{self, Deed, Entry};
use crate::server::store::read::rfc3339;
use crate::server::store::reports::ingest::Target;

/// Commands that are kept for one session.
const KEPT: u64 = 1_000;

/// A command that is to be kept.
#[derive(Clone, Debug)]
pub(in crate::server) struct Asked {
    pub(in crate::server) kind: CommandKind,
    /// The credential that gave it.
    pub(in crate::server) by: String,
    /// The same key again is the same command again.
    pub(in crate::server) key: Option<String>,
}

/// What became of a command that was to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) enum Kept {
    New(StoredCommand),
    /// It was kept before under this key.
    Again(StoredCommand),
    /// Another command was kept under this key.
    KeyReused,
    /// The tenant has no such session.
    NoSession,
    TooMany,
}

/// Keeps a command for the session's agent.
pub(in crate::server) fn keep(
    database: &Connection,
    to: &Target,
    asked: &Asked,
) -> Result<Kept, StoreError> {
    let (tenant, session) = (to.tenant.as_str(), to.session.0.as_bytes());
    let is_known: bool = database.query_row(
        "SELECT EXISTS (SELECT 1 FROM session WHERE tenant = ?1 AND session = ?2)",
        params![tenant, session],
        |row| row.get(0),
    )?;
    if !is_known {
        return Ok(Kept::NoSession);
    }
    if let Some(key) = &asked.key {
        let sql = "SELECT id FROM command WHERE tenant = ?1 AND session = ?2 AND key = ?3";
        let id: Option<[u8; 16]> =
            database.query_row(sql, params![tenant, session, key], |row| row.get(0)).optional()?;
        if let Some(id) = id {
            let same = one(database, to, CommandId(Uuid::from_bytes(id)))?;
            let same = same.filter(|stored| stored.kind == asked.kind);
            return Ok(same.map_or(Kept::KeyReused, Kept::Again));
        }
    }
    let sql = "SELECT count(*) FROM command WHERE tenant = ?1 AND session = ?2";
    let kept: u64 = database.query_row(sql, params![tenant, session], |row| row.get(0))?;
    if kept >= KEPT {
        return Ok(Kept::TooMany);
    }
    let now = to.now.as_microsecond();
    let second = u64::try_from(to.now.as_second()).unwrap_or_default();
    let nanos = to.now.subsec_nanosecond().unsigned_abs();
    let id = Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, second, nanos));
    database.execute(
        "INSERT INTO command (tenant, session, id, content, sent_at, sent_by, key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            tenant,
            session,
            id.as_bytes(),
            serde_json::to_string(&asked.kind)?,
            now,
            asked.by,
            asked.key
        ],
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
    Ok(Kept::New(StoredCommand {
        id: CommandId(id),
        kind: asked.kind.clone(),
        sent_at: rfc3339(now),
        sent_by: asked.by.clone(),
        outcomes: Vec::new(),
    }))
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
    find(database, to, None)
}

fn one(
    database: &Connection,
    to: &Target,
    id: CommandId,
) -> Result<Option<StoredCommand>, StoreError> {
    Ok(find(database, to, Some(id))?.pop())
}

fn find(
    database: &Connection,
    to: &Target,
    only: Option<CommandId>,
) -> Result<Vec<StoredCommand>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT id, content, sent_at, sent_by, outcome, outcome.at, received_at, reason
         FROM command LEFT JOIN outcome ON outcome.command = number
         WHERE tenant = ?1 AND session = ?2 AND (?3 IS NULL OR id = ?3)
         ORDER BY number, received_at, outcome = 'read'",
    )?;
    let only = only.map(|id| id.0.into_bytes());
    let mut rows = query.query(params![to.tenant.as_str(), to.session.0.as_bytes(), only])?;
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
