//! The people who sign in: what they are called, what they may do, for which exams, and which cookies
//! and links are theirs. Of a password only its argon2id hash is kept.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use crate::report::{Account, AccountId, AccountList, ExamId, Hash, Role};
use crate::server::store::read::rfc3339;
use crate::server::store::{StoreError, Tenant};
// A cookie or a link of an account is one of the credentials.
use crate::server::store::access::credential::{self, Credential};

const ACCOUNT: &str = "SELECT account, name, role, created_at, disabled_at IS NOT NULL,
        password IS NOT NULL, totp IS NOT NULL,
        (SELECT count(*) FROM assignment
         WHERE assignment.tenant = account.tenant AND assignment.account = account.account)
     FROM account WHERE tenant = ?1";

fn read(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: AccountId(Uuid::from_bytes(row.get(0)?)),
        name: row.get(1)?,
        // What cannot be read may do least.
        role: Role::parse(&row.get::<_, String>(2)?).unwrap_or(Role::Auditor),
        created_at: rfc3339(row.get(3)?),
        disabled: row.get(4)?,
        ready: row.get(5)?,
        totp: row.get(6)?,
        exams: row.get(7)?,
    })
}

pub(in crate::server) fn list(
    database: &Connection,
    tenant: &Tenant,
) -> Result<Vec<Account>, StoreError> {
    let mut query = database.prepare_cached(&format!("{ACCOUNT} ORDER BY name"))?;
    let rows = query.query_map([tenant.as_str()], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Those behind the account `after`; `None` when there is no such account.
pub(in crate::server) fn page(
    database: &Connection,
    tenant: &Tenant,
    (after, limit): (Option<AccountId>, u64),
) -> Result<Option<AccountList>, StoreError> {
    let after = match after {
        None => None,
        Some(after) => match find(database, tenant, after)? {
            None => return Ok(None),
            found => found.map(|found| found.name),
        },
    };
    let sql = format!("{ACCOUNT} AND (?2 IS NULL OR name > ?2) ORDER BY name LIMIT ?3");
    let mut query = database.prepare_cached(&sql)?;
    let rows = query.query_map(params![tenant.as_str(), after, limit + 1], read)?;
    let mut accounts: Vec<Account> = rows.collect::<Result<_, _>>()?;
    let more = accounts.len() as u64 > limit;
    accounts.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = accounts.last().filter(|_| more).map(|last| last.id);
    Ok(Some(AccountList { accounts, next }))
}

pub(in crate::server) fn find(
    database: &Connection,
    tenant: &Tenant,
    account: AccountId,
) -> Result<Option<Account>, StoreError> {
    let mut query = database.prepare_cached(&format!("{ACCOUNT} AND account = ?2"))?;
    Ok(query.query_row(params![tenant.as_str(), account.0.as_bytes()], read).optional()?)
}

/// Whether somebody can sign in who may do everything.
pub(in crate::server) fn has_admin(
    database: &Connection,
    tenant: &Tenant,
) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM account WHERE tenant = ?1 AND role = 'admin'
                   AND disabled_at IS NULL AND password IS NOT NULL)";
    Ok(database.query_row(sql, [tenant.as_str()], |row| row.get(0))?)
}

/// Adds an account without a password; `false` when the name is taken.
pub(in crate::server) fn insert(
    database: &Connection,
    tenant: &Tenant,
    (account, name, role): (AccountId, &str, Role),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let added = database.execute(
        "INSERT OR IGNORE INTO account (tenant, account, name, role, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![tenant.as_str(), account.0.as_bytes(), name, role.as_str(), now.as_microsecond()],
    )?;
    Ok(added > 0)
}

/// What a sign-in is compared with.
#[derive(Clone, Debug)]
pub(in crate::server) struct Secrets {
    pub(in crate::server) account: AccountId,
    pub(in crate::server) password: String,
    pub(in crate::server) totp: Option<Vec<u8>>,
}

/// Of an account that may sign in.
pub(in crate::server) fn secrets(
    database: &Connection,
    tenant: &Tenant,
    name: &str,
) -> Result<Option<Secrets>, StoreError> {
    let sql = "SELECT account, password, totp FROM account
               WHERE tenant = ?1 AND name = ?2 AND disabled_at IS NULL AND password IS NOT NULL";
    let found = database.query_row(sql, params![tenant.as_str(), name], |row| {
        let account = AccountId(Uuid::from_bytes(row.get(0)?));
        Ok(Secrets { account, password: row.get(1)?, totp: row.get(2)? })
    });
    Ok(found.optional()?)
}

/// Sets the password, and signs the account out everywhere.
pub(in crate::server) fn set_password(
    database: &Connection,
    tenant: &Tenant,
    account: AccountId,
    password: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE account SET password = ?3 WHERE tenant = ?1 AND account = ?2";
    database.execute(sql, params![tenant.as_str(), account.0.as_bytes(), password])?;
    forget_credentials(database, account)
}

/// Switches the second factor on, or off by `None`.
pub(in crate::server) fn set_totp(
    database: &Connection,
    tenant: &Tenant,
    account: AccountId,
    secret: Option<&[u8]>,
) -> Result<(), StoreError> {
    let sql = "UPDATE account SET totp = ?3, totp_step = NULL WHERE tenant = ?1 AND account = ?2";
    database.execute(sql, params![tenant.as_str(), account.0.as_bytes(), secret])?;
    Ok(())
}

/// Uses up a code of the second factor: `false` when this one, or a later one, was used before.
pub(in crate::server) fn use_totp_step(
    database: &Connection,
    tenant: &Tenant,
    account: AccountId,
    step: u64,
) -> Result<bool, StoreError> {
    let sql = "UPDATE account SET totp_step = ?3 WHERE tenant = ?1 AND account = ?2
                   AND (totp_step IS NULL OR totp_step < ?3)";
    Ok(database.execute(sql, params![tenant.as_str(), account.0.as_bytes(), step])? > 0)
}

pub(in crate::server) fn set_role(
    database: &Connection,
    tenant: &Tenant,
    account: AccountId,
    role: Role,
) -> Result<(), StoreError> {
    let sql = "UPDATE account SET role = ?3 WHERE tenant = ?1 AND account = ?2";
    database.execute(sql, params![tenant.as_str(), account.0.as_bytes(), role.as_str()])?;
    Ok(())
}

/// Since when it may not sign in, or that it may. Whoever is disabled is signed out.
pub(in crate::server) fn set_disabled(
    database: &Connection,
    tenant: &Tenant,
    account: AccountId,
    since: Option<Timestamp>,
) -> Result<(), StoreError> {
    let sql = "UPDATE account SET disabled_at = ?3 WHERE tenant = ?1 AND account = ?2";
    let since = since.map(Timestamp::as_microsecond);
    database.execute(sql, params![tenant.as_str(), account.0.as_bytes(), since])?;
    if since.is_some() {
        forget_credentials(database, account)?;
    }
    Ok(())
}

fn forget_credentials(database: &Connection, account: AccountId) -> Result<(), StoreError> {
    database.execute("DELETE FROM credential WHERE account = ?1", [account.0.as_bytes()])?;
    Ok(())
}

/// The account of a person whom an organisation knows by this name, or at first by the verified address,
/// which becomes bound to the name then. `None` for one that is disabled, or bound to another name.
pub(in crate::server) fn of_person(
    database: &Connection,
    tenant: &Tenant,
    (issuer, subject): (&str, &str),
    email: Option<&str>,
) -> Result<Option<Account>, StoreError> {
    let sql = "SELECT account FROM identity WHERE tenant = ?1 AND issuer = ?2 AND subject = ?3";
    let key = params![tenant.as_str(), issuer, subject];
    let bound = database.query_row(sql, key, |row| row.get(0)).optional()?;
    let bound = match (bound, email) {
        (Some(bound), _) => bound,
        (None, None) => return Ok(None),
        (None, Some(email)) => {
            let added = database.execute(
                "INSERT OR IGNORE INTO identity (tenant, issuer, subject, account)
                 SELECT tenant, ?2, ?3, account FROM account
                 WHERE tenant = ?1 AND name = ?4 AND disabled_at IS NULL",
                params![tenant.as_str(), issuer, subject, email],
            )?;
            if added == 0 {
                return Ok(None);
            }
            database.query_row(sql, key, |row| row.get(0))?
        }
    };
    let found = find(database, tenant, AccountId(Uuid::from_bytes(bound)))?;
    Ok(found.filter(|account| !account.disabled))
}

/// The account is bound to no organisation's name any more.
pub(in crate::server) fn forget_identities(
    database: &Connection,
    tenant: &Tenant,
    account: AccountId,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM identity WHERE tenant = ?1 AND account = ?2";
    database.execute(sql, params![tenant.as_str(), account.0.as_bytes()])?;
    Ok(())
}

/// To which exams the account is assigned.
pub(in crate::server) fn assigned(
    database: &Connection,
    tenant: &Tenant,
    account: AccountId,
) -> Result<Vec<ExamId>, StoreError> {
    let sql = "SELECT exam FROM assignment WHERE tenant = ?1 AND account = ?2";
    let mut query = database.prepare_cached(sql)?;
    let rows = query.query_map(params![tenant.as_str(), account.0.as_bytes()], |row| {
        Ok(ExamId(Uuid::from_bytes(row.get(0)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Of the exams that were `shown`, assigns the account to those that were `chosen`, and to no others.
pub(in crate::server) fn assign(
    database: &Connection,
    tenant: &Tenant,
    account: AccountId,
    (shown, chosen): (&[ExamId], &[ExamId]),
) -> Result<(), StoreError> {
    let mut out = database.prepare_cached(
        "DELETE FROM assignment WHERE tenant = ?1 AND account = ?2 AND exam = ?3",
    )?;
    for exam in shown.iter().filter(|exam| !chosen.contains(exam)) {
        out.execute(params![tenant.as_str(), account.0.as_bytes(), exam.0.as_bytes()])?;
    }
    let mut into = database.prepare_cached(
        "INSERT OR IGNORE INTO assignment (tenant, account, exam)
         SELECT tenant, ?2, exam FROM exam WHERE tenant = ?1 AND exam = ?3",
    )?;
    for exam in chosen {
        into.execute(params![tenant.as_str(), account.0.as_bytes(), exam.0.as_bytes()])?;
    }
    Ok(())
}

/// Whose a credential is, or what it may do by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::server) struct Holder {
    pub(in crate::server) account: Option<Account>,
    pub(in crate::server) role: Option<Role>,
    /// The only exam that it is good for.
    pub(in crate::server) exam: Option<ExamId>,
}

/// `None` for the credential of an account that is gone or disabled.
pub(in crate::server) fn holder(
    database: &Connection,
    tenant: &Tenant,
    hash: Hash,
) -> Result<Option<Holder>, StoreError> {
    let sql = "SELECT account, role, exam FROM credential WHERE hash = ?1";
    let found = database.prepare_cached(sql)?.query_row([hash.as_bytes()], |row| {
        let account = row.get::<_, Option<[u8; 16]>>(0)?.map(|it| AccountId(Uuid::from_bytes(it)));
        let exam = row.get::<_, Option<[u8; 16]>>(2)?.map(|it| ExamId(Uuid::from_bytes(it)));
        Ok((account, row.get::<_, Option<String>>(1)?, exam))
    });
    let Some((account, role, exam)) = found.optional()? else { return Ok(None) };
    let role = role.as_deref().and_then(Role::parse);
    let Some(account) = account else { return Ok(Some(Holder { account: None, role, exam })) };
    let account = find(database, tenant, account)?.filter(|account| !account.disabled);
    Ok(account.map(|account| Holder { role: Some(account.role), account: Some(account), exam }))
}

/// Keeps a credential and whose it is.
pub(in crate::server) fn grant(
    database: &Connection,
    hash: Hash,
    granted: &Credential,
    (account, role, exam): (Option<AccountId>, Option<Role>, Option<ExamId>),
) -> Result<(), StoreError> {
    credential::insert(database, hash, granted)?;
    let sql = "UPDATE credential SET account = ?2, role = ?3, exam = ?4 WHERE hash = ?1";
    let (account, exam) = (account.map(|it| it.0.into_bytes()), exam.map(|it| it.0.into_bytes()));
    let role = role.map(Role::as_str);
    database.execute(sql, params![hash.as_bytes(), account, role, exam])?;
    Ok(())
}

/// Links of the account that were not used yet are good no longer.
pub(in crate::server) fn forget_links(
    database: &Connection,
    account: AccountId,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM credential WHERE account = ?1 AND scope = ?2";
    let scope = credential::Scope::Password.as_str();
    database.execute(sql, params![account.0.as_bytes(), scope])?;
    Ok(())
}
