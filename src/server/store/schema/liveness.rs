//! Tables of what is heard of agents while they run, and of what is asked of them.

use rusqlite::Connection;

/// One row of liveness for a session, whatever its number of heartbeats; rows of commands and of
/// what became of them are never deleted. `started_contact`: when the session's first report came.
pub(in crate::server::store) const HEARTBEATS: &str = "
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

/// What the server knows by itself. `coverage`: one row for each stretch of heartbeats without a gap.
/// `pulse`: what each incarnation said of itself last. `watch`, one row: since when the server has been
/// watching, and when it last was; `outage`: when it was not. `audit` is read and written by `audit`.
/// `interval.told_at`: when the agent last told of it.
pub(in crate::server::store) fn silence(database: &Connection) -> rusqlite::Result<()> {
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

/// What agents reported of commands. The first report of a command counts.
pub(in crate::server::store) const COMMAND_REPORTS: &str = "
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
