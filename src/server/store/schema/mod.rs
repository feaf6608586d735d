//! Tables of the server's database, and the promises of its connections.

mod accounts;
mod webhooks;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::server::store::StoreError;
use crate::server::store::erase::ERASED;
use crate::server::store::schema::accounts::ACCOUNTS;
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
/// Of the connection that writes: rows of one session lie together, those of all do not. In KiB.
const CACHE_KIB: i64 = 64 * 1024;
/// Pages of the log, after which it is copied to the database: 64 MB. Most were written several times by
/// then, and are copied once.
const CHECKPOINT_PAGES: i64 = 16_000;

/// Times are microseconds since 1970 by the server's clock; `_ms` is media time. Every key begins
/// with the tenant.
const TABLES: &str = "
    CREATE TABLE session (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        first_contact INTEGER NOT NULL,
        last_contact INTEGER NOT NULL,
        alert_after_ms INTEGER NOT NULL,
        started TEXT,
        ended TEXT,
        PRIMARY KEY (tenant, session)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX session_newest ON session (tenant, first_contact DESC, session DESC);

    CREATE TABLE chain (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        first_contact INTEGER NOT NULL,
        head_seq INTEGER NOT NULL,
        head_hash BLOB NOT NULL,
        PRIMARY KEY (tenant, session, incarnation)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE event (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        seq INTEGER NOT NULL,
        hash BLOB NOT NULL,
        received_at INTEGER NOT NULL,
        body BLOB,
        rejected TEXT,
        PRIMARY KEY (tenant, session, incarnation, seq),
        CHECK ((body IS NULL) <> (rejected IS NULL))
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE interval (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        interval BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        alerting INTEGER NOT NULL,
        start_ms INTEGER NOT NULL,
        end_ms INTEGER,
        open_since INTEGER NOT NULL,
        report TEXT NOT NULL,
        PRIMARY KEY (tenant, session, interval)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE fork (
        number INTEGER PRIMARY KEY,
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        seq INTEGER NOT NULL,
        head_seq INTEGER NOT NULL,
        head_hash BLOB NOT NULL,
        received_hash BLOB NOT NULL,
        received_at INTEGER NOT NULL,
        UNIQUE (tenant, session, incarnation, seq, received_hash)
    ) STRICT;

    CREATE TABLE credential (
        hash BLOB PRIMARY KEY,
        tenant TEXT NOT NULL DEFAULT 'local',
        scope TEXT NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// One row of liveness for a session, whatever its number of heartbeats; rows of commands and of
/// what became of them are never deleted. `started_contact`: when the session's first report came.
const HEARTBEATS: &str = "
    ALTER TABLE session ADD COLUMN started_contact INTEGER;
    UPDATE session SET started_contact = first_contact WHERE started IS NOT NULL;

    CREATE TABLE liveness (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        last_heartbeat INTEGER NOT NULL,
        phase TEXT NOT NULL,
        seen TEXT NOT NULL,
        health TEXT NOT NULL,
        head_seq INTEGER NOT NULL,
        head_hash BLOB NOT NULL,
        PRIMARY KEY (tenant, session)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE command (
        number INTEGER PRIMARY KEY,
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        id BLOB NOT NULL,
        content TEXT NOT NULL,
        sent_at INTEGER NOT NULL,
        sent_by TEXT NOT NULL,
        key TEXT,
        UNIQUE (tenant, session, id),
        UNIQUE (tenant, session, key)
    ) STRICT;

    CREATE TABLE outcome (
        command INTEGER NOT NULL REFERENCES command (number),
        outcome TEXT NOT NULL,
        at TEXT NOT NULL,
        received_at INTEGER NOT NULL,
        reason TEXT,
        PRIMARY KEY (command, outcome)
    ) STRICT, WITHOUT ROWID;
";

/// A session may be known before its first report. `listed_at`: since when. `issue` has what was
/// issued for it, `issue.token` the hash of the token that has enrolled; a credential with a session
/// is good for that session only.
const ISSUED: &str = "
    DROP INDEX session_newest;
    ALTER TABLE session RENAME TO session_before;
    CREATE TABLE session (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        listed_at INTEGER NOT NULL,
        first_contact INTEGER,
        last_contact INTEGER,
        alert_after_ms INTEGER NOT NULL,
        started TEXT,
        ended TEXT,
        started_contact INTEGER,
        PRIMARY KEY (tenant, session),
        CHECK ((first_contact IS NULL) = (last_contact IS NULL))
    ) STRICT, WITHOUT ROWID;
    INSERT INTO session (tenant, session, listed_at, first_contact, last_contact, alert_after_ms,
                         started, ended, started_contact)
        SELECT tenant, session, first_contact, first_contact, last_contact, alert_after_ms,
               started, ended, started_contact
        FROM session_before;
    DROP TABLE session_before;
    CREATE INDEX session_newest ON session (tenant, listed_at DESC, session DESC);

    CREATE TABLE issue (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        code BLOB NOT NULL UNIQUE,
        label TEXT NOT NULL,
        policy TEXT NOT NULL,
        issued_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        token BLOB,
        enrolled_at INTEGER,
        PRIMARY KEY (tenant, session),
        CHECK ((token IS NULL) = (enrolled_at IS NULL))
    ) STRICT, WITHOUT ROWID;

    ALTER TABLE credential ADD COLUMN session BLOB;
";

/// From when on cameras were looked at at another rate.
const SAMPLING: &str = "
    CREATE TABLE sampling (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        seq INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        report TEXT NOT NULL,
        PRIMARY KEY (tenant, session, incarnation, seq)
    ) STRICT, WITHOUT ROWID;
";
/// What the server knows by itself. `coverage`: one row for each stretch of heartbeats without a gap.
/// `pulse`: what each incarnation said of itself last. `watch`, one row: since when the server has been
/// watching, and when it last was; `outage`: when it was not. `audit` is read and written by `audit`.
/// `interval.told_at`: when the agent last told of it.
fn silence(database: &Connection) -> rusqlite::Result<()> {
    database.execute_batch(
        "
    CREATE TABLE coverage (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        from_at INTEGER NOT NULL,
        to_at INTEGER NOT NULL,
        PRIMARY KEY (tenant, session, from_at)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE pulse (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        first_at INTEGER NOT NULL,
        before_at INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        head_seq INTEGER NOT NULL,
        head_hash BLOB NOT NULL,
        PRIMARY KEY (tenant, session, incarnation)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE watch (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        since INTEGER NOT NULL,
        alive_at INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE outage (
        from_at INTEGER PRIMARY KEY,
        to_at INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE audit (
        number INTEGER PRIMARY KEY,
        body TEXT NOT NULL,
        hash BLOB NOT NULL
    ) STRICT;

    ALTER TABLE interval ADD COLUMN by_server INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE interval ADD COLUMN told_at INTEGER;
    CREATE INDEX session_silence ON session (last_contact) WHERE ended IS NULL;
    CREATE INDEX interval_silence ON interval (tenant, session)
        WHERE by_server = 1 AND end_ms IS NULL;

    ALTER TABLE fork ADD COLUMN how TEXT NOT NULL DEFAULT 'reports';
",
    )
}

/// The key of a session, and each event's signature, which is no part of its body.
/// `liveness.nonce` is the one that was given last, and
/// `nonce_before` the one that the last heartbeat repeated.
const SIGNED: &str = "
    ALTER TABLE session ADD COLUMN public_key BLOB;
    ALTER TABLE event ADD COLUMN sig BLOB;
    ALTER TABLE liveness ADD COLUMN nonce TEXT;
    ALTER TABLE liveness ADD COLUMN nonce_before TEXT;
    ALTER TABLE liveness ADD COLUMN sent_at TEXT;
    ALTER TABLE liveness ADD COLUMN attested INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE liveness ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
";

/// What agents told of their reports and clocks.
const INTEGRITY: &str = "
    CREATE TABLE integrity (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        seq INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        report TEXT NOT NULL,
        PRIMARY KEY (tenant, session, incarnation, seq)
    ) STRICT, WITHOUT ROWID;
";

/// Events in the order in which they came: only the end of the table is written. Of what is derived from
/// it, `place` finds an event by its number in its incarnation; `report` is what was an event's row.
/// `derived`, one row: up to which event all of that is done, at least; of each incarnation it is done up
/// to the head in `chain`. An interval's report is in the event that tells of it last (`event`); `report`
/// has what no event does: of the server's own, and of those that are older than this step.
/// `session.ended_by`: the incarnation that said so.
const LOG: &str = "
    ALTER TABLE event RENAME TO event_before;
    CREATE TABLE event (
        number INTEGER PRIMARY KEY,
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        seq INTEGER NOT NULL,
        hash BLOB NOT NULL,
        received_at INTEGER NOT NULL,
        body BLOB,
        rejected TEXT,
        sig BLOB,
        CHECK ((body IS NULL) <> (rejected IS NULL))
    ) STRICT;
    INSERT INTO event (tenant, session, incarnation, seq, hash, received_at, body, rejected, sig)
        SELECT tenant, session, incarnation, seq, hash, received_at, body, rejected, sig
        FROM event_before ORDER BY received_at, tenant, session, incarnation, seq;
    DROP TABLE event_before;

    CREATE TABLE place (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        seq INTEGER NOT NULL,
        event INTEGER NOT NULL,
        PRIMARY KEY (tenant, session, incarnation, seq)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO place (tenant, session, incarnation, seq, event)
        SELECT tenant, session, incarnation, seq, number FROM event
        ORDER BY tenant, session, incarnation, seq;

    CREATE TABLE derived (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        up_to INTEGER NOT NULL
    ) STRICT;
    INSERT INTO derived (only, up_to) SELECT 1, coalesce(max(number), 0) FROM event;

    DROP INDEX interval_silence;
    ALTER TABLE interval RENAME TO interval_before;
    CREATE TABLE interval (
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        interval BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        alerting INTEGER NOT NULL,
        start_ms INTEGER NOT NULL,
        end_ms INTEGER,
        open_since INTEGER NOT NULL,
        report TEXT,
        event INTEGER,
        told_at INTEGER,
        by_server INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (tenant, session, interval),
        CHECK ((report IS NULL) <> (event IS NULL))
    ) STRICT, WITHOUT ROWID;
    INSERT INTO interval (tenant, session, interval, incarnation, alerting, start_ms, end_ms,
                          open_since, report, told_at, by_server)
        SELECT tenant, session, interval, incarnation, alerting, start_ms, end_ms, open_since, report,
               told_at, by_server
        FROM interval_before;
    DROP TABLE interval_before;
    CREATE INDEX interval_silence ON interval (tenant, session)
        WHERE by_server = 1 AND end_ms IS NULL;

    ALTER TABLE session ADD COLUMN ended_by BLOB;

    CREATE VIEW report AS
        SELECT place.tenant, place.session, place.incarnation, place.seq, hash, received_at, body,
               rejected, sig
        FROM place JOIN event ON event.number = place.event;
";

/// What proctors made of intervals: rows are only added, and the latest of an interval counts.
const REVIEWS: &str = "
    CREATE TABLE review (
        number INTEGER PRIMARY KEY,
        tenant TEXT NOT NULL DEFAULT 'local',
        session BLOB NOT NULL,
        interval BLOB NOT NULL,
        verdict TEXT NOT NULL,
        note TEXT NOT NULL,
        by TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX review_of ON review (tenant, session, interval, number);
";

/// Answers to what may be asked for twice; they take the place of the keys in `exam` and `command`.
const IDEMPOTENCY: &str = "
    CREATE TABLE idempotency (
        tenant TEXT NOT NULL,
        who TEXT NOT NULL,
        what TEXT NOT NULL,
        key TEXT NOT NULL,
        request BLOB NOT NULL,
        answer BLOB NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (tenant, who, what, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX idempotency_at ON idempotency (at);
";

/// What agents reported of commands. The first report of a command counts.
const COMMAND_REPORTS: &str = "
    CREATE TABLE command_report (
        tenant TEXT NOT NULL,
        session BLOB NOT NULL,
        command BLOB NOT NULL,
        incarnation BLOB NOT NULL,
        seq INTEGER NOT NULL,
        report TEXT NOT NULL,
        PRIMARY KEY (tenant, session, command)
    ) STRICT, WITHOUT ROWID;
";

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
    database.pragma_update(None, "cache_size", -CACHE_KIB)?;
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
