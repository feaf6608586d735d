//! Tables of the server's database, and the promises of its connections.

mod accounts;
mod asked;
mod liveness;
mod reports;
mod webhooks;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::server::store::StoreError;
use crate::server::store::erase::ERASED;
use crate::server::store::schema::accounts::ACCOUNTS;
use crate::server::store::schema::asked::{IDEMPOTENCY, ISSUED, REVIEWS};
use crate::server::store::schema::liveness::{COMMAND_REPORTS, HEARTBEATS, silence};
use crate::server::store::schema::reports::{INTEGRITY, LOG, SAMPLING, SIGNED, TABLES};
use crate::server::store::schema::webhooks::WEBHOOKS;

/// How a file of one version becomes one of the next: the first step makes the tables of a new file.
/// `PRAGMA user_version` counts the steps that were taken. A step that has been released is never
/// changed.
const STEPS: &[fn(&Connection) -> rusqlite::Result<()>] = &[
    |database| database.execute_batch(TABLES),
    |database| database.execute_batch(HEARTBEATS),
    |database| database.execute_batch(ISSUED),
    |database| database.execute_batch(SAMPLING),
    silence,
    |database| database.execute_batch(SIGNED),
    |database| database.execute_batch(INTEGRITY),
    |database| database.execute_batch(LOG),
    |database| database.execute_batch(ACCOUNTS),
    |database| database.execute_batch(REVIEWS),
    |database| database.execute_batch(ERASED),
    |database| database.execute_batch(IDEMPOTENCY),
    |database| database.execute_batch(WEBHOOKS),
    |database| database.execute_batch(COMMAND_REPORTS),
];
const BUSY: Duration = Duration::from_secs(5);
/// Prepared statements that each connection keeps: more than there are.
const STATEMENTS: usize = 128;
/// Pages in memory of the connection that writes. In KiB. Idle sessions have theirs here, too; with four times as
/// much, 3,200 sessions that report were taken no faster.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
/// Of each that reads: what it holds is of one question, for the next commit makes it forget all. In KiB.
const READER_CACHE_KIB: i64 = 512;
/// Pages of the log, after which it is copied to the database: 16 MB. Many were written several times by
/// then, and are copied once; nobody's report is stored meanwhile, which takes some 20 ms (64 MB: 60 to 90).
const CHECKPOINT_PAGES: i64 = 4_000;

/// Opens the connection that writes, and brings the tables up to date.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut database = Connection::open_with_flags(path, flags)?;
    database.busy_timeout(BUSY)?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "fullfsync", true)?;
    database.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    // What a job may have to undo is kept here, not in a file.
    database.pragma_update(None, "temp_store", "MEMORY")?;
    database.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    database.set_prepared_statement_cache_capacity(STATEMENTS);
    let check: String = database.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if check != "ok" {
        return Err(StoreError::Damaged(check));
    }
    migrate(&mut database)?;
    Ok(database)
}

/// Takes the steps that are missing, all of them or none.
fn migrate(database: &mut Connection) -> Result<(), StoreError> {
    let version: i64 = database.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let taken = usize::try_from(version).map_err(|_negative| StoreError::Version(version))?;
    let missing = STEPS.get(taken..).ok_or(StoreError::Version(version))?;
    if missing.is_empty() {
        return Ok(());
    }
    let transaction = database.transaction()?;
    for step in missing {
        step(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", STEPS.len())?;
    transaction.commit()?;
    Ok(())
}

/// Opens a connection that writes to what another one has opened, and what it must be.
#[cfg(feature = "cli")]
pub(super) fn open_again(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut database = Connection::open_with_flags(path, flags)?;
    database.busy_timeout(BUSY)?;
    database.set_transaction_behavior(rusqlite::TransactionBehavior::Immediate);
    Ok(database)
}

/// Opens a connection that reads.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags)?;
    database.busy_timeout(BUSY)?;
    database.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    database.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(database)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::report::{Hash, SessionStatus};
    use crate::server::store::access::credential;
    use crate::server::store::{Scope, Tenant, read};

    fn version(database: &Connection) -> i64 {
        database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_file_of_the_first_version_is_brought_up_to_date_with_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inview.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(TABLES).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        old.execute_batch(
            "INSERT INTO session (session, first_contact, last_contact, alert_after_ms, started)
             VALUES (x'01', 7, 9, 5000, '{}'), (x'02', 8, 9, 5000, NULL)",
        )
        .unwrap();
        drop(old);
        for _ in 0..2 {
            let database = open_writer(&path).unwrap();
            assert_eq!(version(&database), i64::try_from(STEPS.len()).unwrap());
            let mut query = database.prepare("SELECT started_contact FROM session").unwrap();
            let contacts: Vec<Option<i64>> =
                query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
            assert_eq!(contacts, [Some(7), None]);
            database
                .execute_batch("SELECT * FROM liveness, command, outcome, coverage, pulse")
                .unwrap();
        }
    }

    #[test]
    fn a_database_of_version_1_keeps_its_sessions_and_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inview.db");
        let before = include_str!("../../../../tests/golden/server/version-1.sql");
        Connection::open(&path).unwrap().execute_batch(before).unwrap();
        drop(open_writer(&path).unwrap());
        // Once only: the second time there is nothing left to do.
        let database = open_writer(&path).unwrap();
        let now = Timestamp::from_second(1_795_700_000).unwrap();
        let tenant = Tenant::local();
        let page = read::sessions(&database, &tenant, now, None, 9).unwrap().unwrap();
        let [session] = &page.sessions[..] else { panic!("{page:?}") };
        assert_eq!((session.label.as_str(), session.intervals), ("candidate 4471", 1));
        assert_eq!((session.status, &session.issued), (SessionStatus::Ended, &None));
        assert!(session.first_contact.is_some() && session.first_contact == session.last_contact);
        let chains = read::chains(&database, &tenant, session.session).unwrap();
        assert_eq!(chains[0].head_seq, 4);
        let token = Hash::of(b"a token of version 1 to write");
        let token = credential::find(&database, token, now).unwrap().unwrap();
        assert_eq!((token.scope, token.session), (Scope::Write, None));
    }

    #[test]
    fn a_file_from_before_the_log_keeps_every_report_and_interval() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inview.db");
        let old = Connection::open(&path).unwrap();
        for step in &STEPS[..7] {
            step(&old).unwrap();
        }
        old.pragma_update(None, "user_version", 7).unwrap();
        old.execute_batch(
            "INSERT INTO session (session, listed_at, first_contact, last_contact, alert_after_ms)
                 VALUES (zeroblob(16), 1, 1, 9, 5000);
             INSERT INTO chain (session, incarnation, first_contact, head_seq, head_hash)
                 VALUES (zeroblob(16), zeroblob(16), 1, 3, zeroblob(32));
             INSERT INTO event (session, incarnation, seq, hash, received_at, body, rejected, sig)
                 VALUES (zeroblob(16), zeroblob(16), 3, zeroblob(32), 9, x'33', NULL, NULL),
                        (zeroblob(16), zeroblob(16), 1, zeroblob(32), 9, x'31', NULL, NULL),
                        (zeroblob(16), zeroblob(16), 2, zeroblob(32), 9, NULL, 'unheard', NULL);
             INSERT INTO interval (session, interval, incarnation, alerting, start_ms, end_ms,
                                   open_since, report, told_at, by_server)
                 VALUES (zeroblob(16), zeroblob(16), zeroblob(16), 1, 5, NULL, 1, '{\"id\":\"00000000-0000-0000-0000-000000000000\",\"kind\":\"reporting_gap\",\"start_ms\":5,\"confidence\":1.0,\"frames_looked_at\":0,\"frames_skipped\":0,\"sample_rate_hz\":0.0,\"policy_version\":\"\",\"models\":[]}', 8, 1);",
        )
        .unwrap();
        drop(old);
        let database = open_writer(&path).unwrap();
        let (tenant, session) = (Tenant::local(), crate::report::SessionId(uuid::Uuid::nil()));
        let incarnation = crate::report::Incarnation(uuid::Uuid::nil());
        let events = read::events(&database, &tenant, session, incarnation, (0, 9)).unwrap();
        assert_eq!(events, [b"1", b"3"]);
        let now = Timestamp::UNIX_EPOCH;
        let detail = read::session(&database, &tenant, now, session).unwrap().unwrap();
        assert_eq!((detail.rejected.len(), detail.chains[0].head_seq), (1, 3));
        let told = read::intervals(&database, &tenant, now, session, (None, 9)).unwrap();
        assert_eq!(told.intervals[0].report.interval.start_ms.as_millis(), 5);
        let up_to = "SELECT up_to FROM derived";
        assert_eq!(database.query_row(up_to, [], |row| row.get(0)), Ok(3));
    }

    #[test]
    fn a_file_of_a_later_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inview.db");
        drop(open_writer(&path).unwrap());
        let database = Connection::open(&path).unwrap();
        for later in [i64::try_from(STEPS.len()).unwrap() + 1, -1] {
            database.pragma_update(None, "user_version", later).unwrap();
            let refused = open_writer(&path).unwrap_err();
            assert!(matches!(refused, StoreError::Version(found) if found == later), "{refused}");
        }
    }
}
