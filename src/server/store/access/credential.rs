//! Who may do what: only hashes of tokens are kept.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use crate::report::{Hash, SessionId};
use crate::server::store::{StoreError, Tenant};

/// What a credential is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// An agent's token: write reports.
    Write,
    /// A proctor's token: read, give commands, and sign in to the pages.
    Read,
    /// An auditor's token: read, and nothing else.
    Audit,
    /// The token of an exam provider's system: make exams, issue sessions.
    Manage,
    /// An administrator's token: everything but reports.
    Admin,
    /// A browser's cookie.
    Page,
    /// A sign-in link, good once.
    SignIn,
    /// A link by which a person sets a password, good once.
    Password,
}

impl Scope {
    const ALL: [Self; 8] = [
        Self::Write,
        Self::Read,
        Self::Audit,
        Self::Manage,
        Self::Admin,
        Self::Page,
        Self::SignIn,
        Self::Password,
    ];

    /// The name of what a token for a program may be good for.
    pub(in crate::server) fn of_api_token(name: &str) -> Option<Self> {
        let for_programs = [Self::Write, Self::Read, Self::Audit, Self::Manage, Self::Admin];
        for_programs.into_iter().find(|scope| scope.as_str() == name)
    }

    pub(in crate::server) const fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Audit => "audit",
            Self::Manage => "manage",
            Self::Admin => "admin",
            Self::Page => "page",
            Self::SignIn => "sign_in",
            Self::Password => "password",
        }
    }
}

/// A credential that is known and has not expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    pub tenant: Tenant,
    pub scope: Scope,
    /// Good for this session alone; for every one of the tenant when absent.
    pub session: Option<SessionId>,
    pub expires_at: Timestamp,
}

pub(in crate::server) fn insert(
    database: &Connection,
    hash: Hash,
    credential: &Credential,
) -> Result<(), StoreError> {
    database.execute(
        "INSERT INTO credential (hash, tenant, scope, session, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            hash.as_bytes(),
            credential.tenant.as_str(),
            credential.scope.as_str(),
            credential.session.map(|session| session.0.into_bytes()),
            credential.expires_at.as_microsecond()
        ],
    )?;
    Ok(())
}

pub(in crate::server) fn find(
    database: &Connection,
    hash: Hash,
    now: Timestamp,
) -> Result<Option<Credential>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT tenant, scope, session, expires_at FROM credential
         WHERE hash = ?1 AND expires_at > ?2",
    )?;
    let found = query
        .query_row(params![hash.as_bytes(), now.as_microsecond()], |row| {
            let session = row.get::<_, Option<[u8; 16]>>(2)?;
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, session, row.get::<_, i64>(3)?))
        })
        .optional()?;
    Ok(found.and_then(|(tenant, scope, session, expires_at)| {
        Some(Credential {
            tenant: Tenant::new(tenant),
            scope: Scope::ALL.into_iter().find(|known| known.as_str() == scope)?,
            session: session.map(|bytes| SessionId(Uuid::from_bytes(bytes))),
            expires_at: Timestamp::from_microsecond(expires_at).ok()?,
        })
    }))
}

/// Forgets a credential; it was good until now when it is returned.
pub(in crate::server) fn take(
    database: &Connection,
    hash: Hash,
    scope: Scope,
    now: Timestamp,
) -> Result<Option<Credential>, StoreError> {
    let found = find(database, hash, now)?.filter(|credential| credential.scope == scope);
    if found.is_some() {
        database.execute("DELETE FROM credential WHERE hash = ?1", [hash.as_bytes()])?;
    }
    Ok(found)
}

/// Forgets what has expired.
pub(in crate::server) fn sweep(database: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let sql = "DELETE FROM credential WHERE expires_at <= ?1";
    database.execute(sql, [now.as_microsecond()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::in_memory;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_credential_is_good_until_it_expires() {
        let database = in_memory();
        let hash = Hash::of(b"token");
        for session in [None, Some(SessionId::derived(&[]))] {
            let (tenant, scope) = (Tenant::local(), Scope::Write);
            let credential = Credential { tenant, scope, session, expires_at: at(10) };
            insert(&database, hash, &credential).unwrap();
            assert_eq!(find(&database, hash, at(9)).unwrap().as_ref(), Some(&credential));
            assert_eq!(take(&database, hash, scope, at(9)).unwrap(), Some(credential));
        }
        let credential = Credential {
            tenant: Tenant::local(),
            scope: Scope::Manage,
            session: None,
            expires_at: at(10),
        };
        insert(&database, hash, &credential).unwrap();
        assert_eq!(find(&database, hash, at(10)).unwrap(), None);
        assert_eq!(find(&database, Hash::of(b"other"), at(9)).unwrap(), None);
    }

    #[test]
    fn a_sign_in_code_is_good_once_and_for_nothing_else() {
        let database = in_memory();
        let credential = Credential {
            tenant: Tenant::local(),
            scope: Scope::SignIn,
            session: None,
            expires_at: at(10),
        };
        let hash = Hash::of(b"code");
        insert(&database, hash, &credential).unwrap();
        assert_eq!(take(&database, hash, Scope::Page, at(1)).unwrap(), None);
        assert_eq!(take(&database, hash, Scope::SignIn, at(1)).unwrap(), Some(credential));
        assert_eq!(take(&database, hash, Scope::SignIn, at(1)).unwrap(), None);
    }
}
