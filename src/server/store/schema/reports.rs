//! Tables of what agents report, and of what is derived from it.

/// Times are microseconds since 1970 by the server's clock; `_ms` is media time. Every key begins
/// with the tenant.
pub(in crate::server::store) const TABLES: &str = "
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

/// From when on cameras were looked at at another rate.
pub(in crate::server::store) const SAMPLING: &str = "
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

/// The key of a session, and each event's signature, which is no part of its body.
/// `liveness.nonce` is the one that was given last, and
/// `nonce_before` the one that the last heartbeat repeated.
pub(in crate::server::store) const SIGNED: &str = "
    ALTER TABLE session ADD COLUMN public_key BLOB;
    ALTER TABLE event ADD COLUMN sig BLOB;
    ALTER TABLE liveness ADD COLUMN nonce TEXT;
    ALTER TABLE liveness ADD COLUMN nonce_before TEXT;
    ALTER TABLE liveness ADD COLUMN sent_at TEXT;
    ALTER TABLE liveness ADD COLUMN attested INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE liveness ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
";

/// What agents told of their reports and clocks.
pub(in crate::server::store) const INTEGRITY: &str = "
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
pub(in crate::server::store) const LOG: &str = "
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
