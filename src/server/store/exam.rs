//! Exams, which session belongs to which, and who reaches what.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;
use uuid::Uuid;

use crate::report::{AccountId, Exam, ExamId, ExamList, Hash, SessionId};
use crate::server::store::read::rfc3339;
use crate::server::store::{StoreError, Tenant};
// Times of exams are told as those of sessions are; what is issued for one is one of the sessions.
use crate::server::store::issue::{self, Issue};
// To which exams an account is assigned is kept with the accounts.
use crate::server::store::access::account;

/// Which of a tenant's exams and sessions somebody has to do with. What is beyond does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Reach {
    /// All, and sessions that belong to no exam.
    All,
    /// Exams to which the account is assigned.
    Assigned(AccountId),
    One(ExamId),
}

impl Reach {
    /// The only account whose exams these are, and the only exam, for queries.
    pub(super) fn bounds(self) -> (Option<[u8; 16]>, Option<[u8; 16]>) {
        match self {
            Self::All => (None, None),
            Self::Assigned(account) => (Some(account.0.into_bytes()), None),
            Self::One(exam) => (None, Some(exam.0.into_bytes())),
        }
    }

    /// The exams; `None` for all, and for sessions that belong to none.
    pub(in crate::server) fn exams(
        self,
        database: &Connection,
        tenant: &Tenant,
    ) -> Result<Option<BTreeSet<ExamId>>, StoreError> {
        Ok(match self {
            Self::All => None,
            Self::One(exam) => Some(BTreeSet::from([exam])),
            Self::Assigned(account) => {
                Some(account::assigned(database, tenant, account)?.into_iter().collect())
            }
        })
    }

    pub(in crate::server) fn has_exam(
        self,
        database: &Connection,
        tenant: &Tenant,
        exam: ExamId,
    ) -> Result<bool, StoreError> {
        let (account, only) = self.bounds();
        let sql = "SELECT EXISTS (SELECT 1 FROM exam WHERE tenant = ?1 AND exam = ?2
                       AND (?4 IS NULL OR exam = ?4)
                       AND (?3 IS NULL OR EXISTS (SELECT 1 FROM assignment
                            WHERE tenant = ?1 AND account = ?3 AND exam = ?2)))";
        let key = params![tenant.as_str(), exam.0.as_bytes(), account, only];
        Ok(database.prepare_cached(sql)?.query_row(key, |row| row.get(0))?)
    }

    pub(in crate::server) fn has_session(
        self,
        database: &Connection,
        tenant: &Tenant,
        session: SessionId,
    ) -> Result<bool, StoreError> {
        if self == Self::All {
            return Ok(true);
        }
        match exam_of(database, tenant, session)? {
            Some(exam) => self.has_exam(database, tenant, exam),
            None => Ok(false),
        }
    }
}

fn exam_of(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<Option<ExamId>, StoreError> {
    let sql = "SELECT exam FROM seat WHERE tenant = ?1 AND session = ?2";
    let key = params![tenant.as_str(), session.0.as_bytes()];
    let found = database.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()?;
    Ok(found.map(|bytes| ExamId(Uuid::from_bytes(bytes))))
}

/// An exam that is to be kept.
#[derive(Clone, Debug)]
pub(in crate::server) struct Made {
    pub(in crate::server) exam: ExamId,
    pub(in crate::server) name: String,
    pub(in crate::server) policy: Value,
    pub(in crate::server) rooms: Vec<String>,
    pub(in crate::server) language: Option<String>,
    pub(in crate::server) at: Timestamp,
}

/// What became of something that may have been asked for before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) enum Kept<T> {
    New(T),
    Again(T),
    /// Something else was asked for under this key.
    KeyReused,
    /// The exam was closed meanwhile.
    Closed,
}

pub(in crate::server) fn insert(
    database: &Connection,
    tenant: &Tenant,
    made: &Made,
) -> Result<Exam, StoreError> {
    database.execute(
        "INSERT INTO exam (tenant, exam, name, policy, rooms, language, created_at, request)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, x'')",
        params![
            tenant.as_str(),
            made.exam.0.as_bytes(),
            made.name,
            serde_json::to_string(&made.policy)?,
            serde_json::to_string(&made.rooms)?,
            made.language,
            made.at.as_microsecond()
        ],
    )?;
    Ok(Exam {
        exam: made.exam,
        name: made.name.clone(),
        policy: made.policy.clone(),
        rooms: made.rooms.clone(),
        language: made.language.clone(),
        created_at: rfc3339(made.at.as_microsecond()),
        closed_at: None,
        sessions: 0,
    })
}

const EXAM: &str = "SELECT exam, name, policy, rooms, language, created_at, closed_at,
        (SELECT count(*) FROM seat WHERE seat.tenant = exam.tenant AND seat.exam = exam.exam)
     FROM exam WHERE tenant = ?1";

fn read(row: &Row<'_>) -> Result<Exam, StoreError> {
    Ok(Exam {
        exam: ExamId(Uuid::from_bytes(row.get(0)?)),
        name: row.get(1)?,
        policy: serde_json::from_str(&row.get::<_, String>(2)?)?,
        rooms: serde_json::from_str(&row.get::<_, String>(3)?)?,
        language: row.get(4)?,
        created_at: rfc3339(row.get(5)?),
        closed_at: row.get::<_, Option<i64>>(6)?.map(rfc3339),
        sessions: row.get(7)?,
    })
}

/// One exam, whoever asks: see [`Reach::has_exam`].
pub(in crate::server) fn find(
    database: &Connection,
    tenant: &Tenant,
    exam: ExamId,
) -> Result<Option<Exam>, StoreError> {
    let mut query = database.prepare_cached(&format!("{EXAM} AND exam = ?2"))?;
    let mut rows = query.query(params![tenant.as_str(), exam.0.as_bytes()])?;
    rows.next()?.map(read).transpose()
}

/// What an exam is called.
pub(super) fn name(
    database: &Connection,
    tenant: &Tenant,
    exam: ExamId,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT name FROM exam WHERE tenant = ?1 AND exam = ?2";
    let key = params![tenant.as_str(), exam.0.as_bytes()];
    Ok(database.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()?)
}

/// Exams within reach, the newest first, behind the exam `after`.
pub(in crate::server) fn list(
    database: &Connection,
    tenant: &Tenant,
    reach: Reach,
    (after, limit): (Option<ExamId>, u64),
) -> Result<ExamList, StoreError> {
    let mut query = database.prepare_cached(&format!(
        "{EXAM} AND (?3 IS NULL OR exam = ?3)
           AND (?2 IS NULL OR EXISTS (SELECT 1 FROM assignment
                WHERE assignment.tenant = ?1 AND account = ?2 AND assignment.exam = exam.exam))
           AND (?4 IS NULL OR (created_at, exam) < (
                SELECT created_at, exam FROM exam WHERE tenant = ?1 AND exam = ?4))
         ORDER BY created_at DESC, exam DESC LIMIT ?5"
    ))?;
    let (account, only) = reach.bounds();
    let after = after.map(|after| after.0.into_bytes());
    let mut rows = query.query(params![tenant.as_str(), account, only, after, limit + 1])?;
    let mut exams = Vec::new();
    while let Some(row) = rows.next()? {
        exams.push(read(row)?);
    }
    let more = exams.len() as u64 > limit;
    exams.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = exams.last().filter(|_| more).map(|last| last.exam);
    Ok(ExamList { exams, next })
}

/// Its sessions are to have this policy: those that were issued already, too. `None` when an agent has taken
/// one of them: it holds the policy that it was given.
pub(in crate::server) fn set_policy(
    database: &Connection,
    tenant: &Tenant,
    exam: ExamId,
    policy: &Value,
) -> Result<Option<Vec<SessionId>>, StoreError> {
    let Some(sessions) = untaken(database, tenant, exam)? else { return Ok(None) };
    let text = serde_json::to_string(policy)?;
    let sql = "UPDATE exam SET policy = ?3 WHERE tenant = ?1 AND exam = ?2";
    database.execute(sql, params![tenant.as_str(), exam.0.as_bytes(), text])?;
    for session in &sessions {
        issue::set_policy(database, tenant, *session, (policy, &text))?;
    }
    Ok(Some(sessions))
}

/// Its sessions; `None` when an agent has taken one of them.
pub(in crate::server) fn untaken(
    database: &Connection,
    tenant: &Tenant,
    exam: ExamId,
) -> Result<Option<Vec<SessionId>>, StoreError> {
    let sql = "SELECT session, enrolled_at IS NOT NULL OR first_contact IS NOT NULL
               FROM seat JOIN session USING (tenant, session) LEFT JOIN issue USING (tenant, session)
               WHERE seat.tenant = ?1 AND exam = ?2";
    let mut query = database.prepare_cached(sql)?;
    let rows = query.query_map(params![tenant.as_str(), exam.0.as_bytes()], |row| {
        Ok((SessionId(Uuid::from_bytes(row.get(0)?)), row.get::<_, bool>(1)?))
    })?;
    let mut sessions = Vec::new();
    for row in rows {
        let (session, is_taken) = row?;
        if is_taken {
            return Ok(None);
        }
        sessions.push(session);
    }
    Ok(Some(sessions))
}

/// Links that are made from now on lead to pages in this language, or in the browser's own. Whether it was
/// another one.
pub(in crate::server) fn set_language(
    database: &Connection,
    tenant: &Tenant,
    exam: ExamId,
    language: Option<&str>,
) -> Result<bool, StoreError> {
    let sql = "UPDATE exam SET language = ?3
               WHERE tenant = ?1 AND exam = ?2 AND language IS NOT ?3";
    Ok(database.execute(sql, params![tenant.as_str(), exam.0.as_bytes(), language])? > 0)
}

/// Nothing more is issued for it from now on. Whether it was open until now.
pub(in crate::server) fn close(
    database: &Connection,
    tenant: &Tenant,
    exam: ExamId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql =
        "UPDATE exam SET closed_at = ?3 WHERE tenant = ?1 AND exam = ?2 AND closed_at IS NULL";
    let key = params![tenant.as_str(), exam.0.as_bytes(), now.as_microsecond()];
    Ok(database.execute(sql, key)? > 0)
}

/// Whether something may still be issued for it.
pub(in crate::server) fn is_open(
    database: &Connection,
    tenant: &Tenant,
    exam: ExamId,
) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM exam
                   WHERE tenant = ?1 AND exam = ?2 AND closed_at IS NULL)";
    Ok(database.query_row(sql, params![tenant.as_str(), exam.0.as_bytes()], |row| row.get(0))?)
}

/// Hands out a session of an exam.
pub(in crate::server) fn issue(
    database: &Connection,
    one: &Issue,
    exam: ExamId,
    room: Option<&str>,
) -> Result<(), StoreError> {
    issue::insert(database, one)?;
    database
        .prepare_cached("INSERT INTO seat (tenant, session, exam, room) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![one.tenant.as_str(), one.session.0.as_bytes(), exam.0.as_bytes(), room])?;
    Ok(())
}

/// Under which key a list was imported, and which list.
#[derive(Clone, Debug)]
pub(in crate::server) struct Import {
    pub(in crate::server) exam: ExamId,
    pub(in crate::server) key: String,
    pub(in crate::server) request: Hash,
}

/// Until when the codes of a list are good that was imported under this key before.
pub(in crate::server) fn imported(
    database: &Connection,
    tenant: &Tenant,
    import: &Import,
) -> Result<Option<Kept<Timestamp>>, StoreError> {
    let sql = "SELECT request, expires_at FROM roster WHERE tenant = ?1 AND exam = ?2 AND key = ?3";
    let key = params![tenant.as_str(), import.exam.0.as_bytes(), import.key];
    let before = database
        .query_row(sql, key, |row| Ok((Hash::from_bytes(row.get(0)?), row.get::<_, i64>(1)?)));
    let Some((request, expires_at)) = before.optional()? else { return Ok(None) };
    let expires_at = Timestamp::from_microsecond(expires_at).unwrap_or(Timestamp::MAX);
    Ok(Some(if request == import.request { Kept::Again(expires_at) } else { Kept::KeyReused }))
}

pub(in crate::server) fn note_import(
    database: &Connection,
    tenant: &Tenant,
    import: &Import,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    database.execute(
        "INSERT INTO roster (tenant, exam, key, request, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            tenant.as_str(),
            import.exam.0.as_bytes(),
            import.key,
            import.request.as_bytes(),
            expires_at.as_microsecond()
        ],
    )?;
    Ok(())
}
