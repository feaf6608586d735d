//! What is taken away again: sessions, on request or when their time is over, and what has expired.
//!
//! An erased session leaves its id, a random number, and a row in the audit log, and nothing else: an agent
//! that still reports for it is told so, and its reports make no new session.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::report::SessionId;
use crate::server::store::audit::{self, Deed, Entry};
use crate::server::store::reports::tail::Key;
use crate::server::store::webhook::outbox;
use crate::server::store::{StoreError, Tenant, idempotency};

/// `erased`: sessions that are no more. `audit_start`, at most one row: where the audit log begins since its
/// older rows have gone, the number and hash of the last of them.
pub(super) const ERASED: &str = "
    CREATE TABLE erased (
        tenant TEXT NOT NULL,
        session BLOB NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (tenant, session)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE audit_start (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        number INTEGER NOT NULL,
        hash BLOB NOT NULL
    ) STRICT;

    CREATE INDEX session_last ON session (last_contact);
";

/// Tables with rows of a session. `event` is found by `place`, `outcome` by `command`; in `credential` the agent's
/// token stays until it expires, hashed: by it the agent learns that it is over. An answer in `idempotency` that
/// names it is sealed, can be opened by the same request alone, and is gone within a day.
const TABLES: [&str; 17] = [
    "place",
    "interval",
    "chain",
    "coverage",
    "pulse",
    "liveness",
    "sampling",
    "command",
    "command_report",
    "integrity",
    "fork",
    "review",
    "alert_due",
    "delivery",
    "issue",
    "seat",
    "session",
];

/// Erases a session. False when there is none; one that was erased before stays so.
pub(in crate::server) fn session(
    database: &Connection,
    (tenant, session): &Key,
    (by, now): (&str, Timestamp),
) -> Result<bool, StoreError> {
    let key = params![tenant.as_str(), session.0.as_bytes()];
    let sql = "SELECT EXISTS (SELECT 1 FROM session WHERE tenant = ?1 AND session = ?2)";
    if !database.query_row(sql, key, |row| row.get(0))? {
        return is_erased(database, tenant, *session);
    }
    // What was deleted is overwritten, not only forgotten.
    overwrite(database, true)?;
    database.execute(
        "DELETE FROM event WHERE number IN
             (SELECT event FROM place WHERE tenant = ?1 AND session = ?2)",
        key,
    )?;
    // Those that could not be derived have no place.
    database.execute(
        "DELETE FROM event WHERE number > (SELECT up_to FROM derived)
             AND tenant = ?1 AND session = ?2",
        key,
    )?;
    database.execute(
        "DELETE FROM outcome WHERE command IN
             (SELECT number FROM command WHERE tenant = ?1 AND session = ?2)",
        key,
    )?;
    for table in TABLES {
        let sql = format!("DELETE FROM {table} WHERE tenant = ?1 AND session = ?2");
        database.execute(&sql, key)?;
    }
    overwrite(database, false)?;
    database.execute(
        "INSERT INTO erased (tenant, session, at) VALUES (?1, ?2, ?3)",
        params![tenant.as_str(), session.0.as_bytes(), now.as_microsecond()],
    )?;
    let (did, session) = (Deed::SessionErased, Some(*session));
    audit::note(database, &Entry { at: now, tenant, who: by, did, session, detail: "" })?;
    Ok(true)
}

/// Whether what is deleted from now on is overwritten.
fn overwrite(database: &Connection, is_on: bool) -> rusqlite::Result<()> {
    database.pragma_update_and_check(None, "secure_delete", is_on, |_is_on| Ok(()))
}

/// Refuses what comes for a session that was erased.
pub(in crate::server::store) fn must_be_kept(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<(), StoreError> {
    if is_erased(database, tenant, session)? { Err(StoreError::Erased) } else { Ok(()) }
}

fn is_erased(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM erased WHERE tenant = ?1 AND session = ?2)";
    let key = params![tenant.as_str(), session.0.as_bytes()];
    Ok(database.prepare_cached(sql)?.query_row(key, |row| row.get(0))?)
}

/// How long what is kept; without a limit, for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// A session with all its reports, from the last time that it was heard of, or issued.
    pub sessions: Option<SignedDuration>,
    /// Rows of the audit log.
    pub audit: Option<SignedDuration>,
}

/// Sessions whose time is over, at most `most` of them.
pub(in crate::server) fn overdue(
    database: &Connection,
    (kept_for, now): (SignedDuration, Timestamp),
    most: usize,
) -> Result<Vec<Key>, StoreError> {
    let before = now.saturating_sub(kept_for).unwrap_or(Timestamp::MIN).as_microsecond();
    let mut query = database.prepare(
        "SELECT tenant, session FROM session
         WHERE coalesce(last_contact, listed_at) < ?1 LIMIT ?2",
    )?;
    let found = query.query_map(params![before, most], |row| {
        Ok((Tenant::new(row.get::<_, String>(0)?), SessionId(Uuid::from_bytes(row.get(1)?))))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Takes away what has expired: tokens, cookies and links, messages of webhooks, answers to what may come twice, and
/// rows of the audit log that are older than they are kept for. The last row always stays, so that the log goes on from it.
pub(in crate::server) fn expired(
    database: &Connection,
    (retention, now): (Retention, Timestamp),
) -> Result<(), StoreError> {
    database.execute("DELETE FROM credential WHERE expires_at < ?1", [now.as_microsecond()])?;
    idempotency::expired(database, now)?;
    outbox::expired(database, now)?;
    let Some(kept_for) = retention.audit else { return Ok(()) };
    let before = now.saturating_sub(kept_for).unwrap_or(Timestamp::MIN);
    // Rows are in the order of time, as far as the clock is: the first one that is young enough stays.
    let last: Option<u64> = database.query_row(
        "SELECT min(number) - 1 FROM audit
         WHERE json_extract(body, '$.at') >= ?1 OR number = (SELECT max(number) FROM audit)",
        [before.to_string()],
        |row| row.get(0),
    )?;
    let Some(last) = last.filter(|last| *last > 0) else { return Ok(()) };
    database.execute(
        "INSERT INTO audit_start (only, number, hash)
             SELECT 1, number, hash FROM audit WHERE number = ?1
             ON CONFLICT (only) DO UPDATE SET number = excluded.number, hash = excluded.hash",
        [last],
    )?;
    database.execute("DELETE FROM audit WHERE number <= ?1", [last])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::{Checked, schema};

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second((20_000 + day) * 86_400).unwrap()
    }

    fn days(days: i64) -> SignedDuration {
        SignedDuration::from_hours(days * 24)
    }

    fn opened() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open_writer(&folder.path().join("inview.db")).unwrap();
        (folder, database)
    }

    #[test]
    fn every_table_that_names_a_session_is_thought_of() {
        let (_folder, database) = opened();
        let mut query = database
            .prepare(
                "SELECT tables.name FROM sqlite_schema AS tables
                 JOIN pragma_table_info(tables.name) AS columns ON columns.name = 'session'
                 WHERE tables.type = 'table'",
            )
            .unwrap();
        let names: Vec<String> =
            query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        for name in names {
            let stays = ["event", "credential", "erased"].contains(&name.as_str());
            let is_known = stays || TABLES.contains(&name.as_str());
            assert!(is_known, "{name}: rows of a session stay there when it is erased");
        }
    }

    #[test]
    fn sessions_are_overdue_from_the_last_time_that_they_were_heard_of() {
        let (_folder, database) = opened();
        let sql =
            "INSERT INTO session (session, listed_at, first_contact, last_contact, alert_after_ms)
                   VALUES (?1, ?2, ?3, ?3, 5000)";
        let row = |number: u8, listed: i64, last: Option<i64>| {
            let [listed, last] =
                [Some(listed), last].map(|day| day.map(|day| at(day).as_microsecond()));
            database.execute(sql, params![[number; 16], listed, last]).unwrap();
        };
        row(1, 0, Some(5));
        row(2, 0, None);
        row(3, 0, Some(40));
        let found = overdue(&database, (days(30), at(36)), 9).unwrap();
        let ids: Vec<u8> = found.iter().map(|(_, session)| session.0.as_bytes()[0]).collect();
        assert_eq!(ids, [1, 2]);
        assert_eq!(overdue(&database, (days(30), at(36)), 1).unwrap().len(), 1);
    }

    #[test]
    fn the_audit_log_can_be_checked_from_where_it_begins_when_old_rows_have_gone() {
        let (_folder, database) = opened();
        let tenant = Tenant::local();
        let note = |day| {
            let entry = Entry {
                at: at(day),
                tenant: &tenant,
                who: "somebody",
                did: Deed::SignedIn,
                session: None,
                detail: "",
            };
            audit::note(&database, &entry).unwrap();
        };
        for day in 0..10 {
            note(day);
        }
        let retention = Retention { sessions: None, audit: Some(days(4)) };
        expired(&database, (retention, at(9))).unwrap();
        let rows = || database.query_row("SELECT count(*) FROM audit", [], |row| row.get(0));
        assert_eq!(rows(), Ok(5));
        assert!(matches!(audit::check(&database).unwrap(), Checked::Whole { rows: 10, .. }));
        note(10);
        assert!(matches!(audit::check(&database).unwrap(), Checked::Whole { rows: 11, .. }));
        // The last one stays, however old.
        expired(&database, (retention, at(99))).unwrap();
        assert_eq!(rows(), Ok(1));
        note(100);
        assert!(matches!(audit::check(&database).unwrap(), Checked::Whole { rows: 12, .. }));
        database.execute("DELETE FROM audit WHERE number = 11", []).unwrap();
        let broken = audit::check(&database).unwrap();
        assert!(matches!(broken, Checked::Broken { number: 11, .. }), "{broken:?}");
    }
}
