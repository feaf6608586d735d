//! Tokens that people made for programs: what they are called and until when they are good. The token
//! itself is a credential, and only its hash is kept.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use crate::report::{ApiToken, ApiTokenList, ExamId, Hash};
use crate::server::store::access::account;
use crate::server::store::read::rfc3339;
use crate::server::store::{StoreError, Tenant};
// The token is one of the credentials.
use crate::server::store::access::credential::{Credential, Scope};

/// A token that is to be kept.
#[derive(Clone, Debug)]
pub(in crate::server) struct Made {
    pub(in crate::server) id: Uuid,
    pub(in crate::server) hash: Hash,
    pub(in crate::server) name: String,
    pub(in crate::server) scope: Scope,
    pub(in crate::server) exam: Option<ExamId>,
    pub(in crate::server) by: String,
    pub(in crate::server) at: Timestamp,
    pub(in crate::server) expires_at: Timestamp,
}

pub(in crate::server) fn insert(
    database: &Connection,
    tenant: &Tenant,
    made: &Made,
) -> Result<(), StoreError> {
    let Made { scope, expires_at, .. } = *made;
    let granted = Credential { tenant: tenant.clone(), scope, session: None, expires_at };
    account::grant(database, made.hash, &granted, (None, None, made.exam))?;
    database.execute(
        "INSERT INTO api_token (tenant, token, hash, name, scope, exam, made_at, made_by, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            tenant.as_str(),
            made.id.as_bytes(),
            made.hash.as_bytes(),
            made.name,
            scope.as_str(),
            made.exam.map(|exam| exam.0.into_bytes()),
            made.at.as_microsecond(),
            made.by,
            expires_at.as_microsecond()
        ],
    )?;
    Ok(())
}

/// Whether a credential was made for a program.
pub(in crate::server) fn is_one(database: &Connection, hash: Hash) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM api_token WHERE hash = ?1)";
    Ok(database.query_row(sql, [hash.as_bytes()], |row| row.get(0))?)
}

/// All of them, the newest first.
pub(in crate::server) fn list(
    database: &Connection,
    tenant: &Tenant,
) -> Result<Vec<ApiToken>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT token, name, scope, exam, made_at, made_by, expires_at, revoked_at
         FROM api_token WHERE tenant = ?1 ORDER BY made_at DESC, token",
    )?;
    let rows = query.query_map([tenant.as_str()], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Those behind the token `after`; `None` when there is no such token.
pub(in crate::server) fn page(
    database: &Connection,
    tenant: &Tenant,
    (after, limit): (Option<Uuid>, u64),
) -> Result<Option<ApiTokenList>, StoreError> {
    // An administrator looks through a few hundred, and seldom.
    let mut tokens = list(database, tenant)?;
    if let Some(after) = after {
        let Some(place) = tokens.iter().position(|token| token.id == after) else {
            return Ok(None);
        };
        tokens.drain(..=place);
    }
    let more = tokens.len() as u64 > limit;
    tokens.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = tokens.last().filter(|_| more).map(|last| last.id);
    Ok(Some(ApiTokenList { tokens, next }))
}

fn read(row: &Row<'_>) -> rusqlite::Result<ApiToken> {
    Ok(ApiToken {
        id: Uuid::from_bytes(row.get(0)?),
        name: row.get(1)?,
        scope: row.get(2)?,
        exam: row.get::<_, Option<[u8; 16]>>(3)?.map(|it| ExamId(Uuid::from_bytes(it))),
        made_at: rfc3339(row.get(4)?),
        made_by: row.get(5)?,
        expires_at: rfc3339(row.get(6)?),
        revoked_at: row.get::<_, Option<i64>>(7)?.map(rfc3339),
    })
}

/// Takes a token back: its hash, when there is such a token and it was not taken back before.
pub(in crate::server) fn revoke(
    database: &Connection,
    tenant: &Tenant,
    id: Uuid,
    now: Timestamp,
) -> Result<Option<Hash>, StoreError> {
    let sql = "UPDATE api_token SET revoked_at = ?3
               WHERE tenant = ?1 AND token = ?2 AND revoked_at IS NULL RETURNING hash";
    let key = params![tenant.as_str(), id.as_bytes(), now.as_microsecond()];
    let hash = database.query_row(sql, key, |row| row.get(0).map(Hash::from_bytes)).optional()?;
    if let Some(hash) = &hash {
        database.execute("DELETE FROM credential WHERE hash = ?1", [hash.as_bytes()])?;
    }
    Ok(hash)
}
