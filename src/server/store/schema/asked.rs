//! Tables of what people and programs ask of the server: sessions, reviews, and nothing twice.

/// A session may be known before its first report. `listed_at`: since when. `issue` has what was
/// issued for it, `issue.token` the hash of the token that has enrolled; a credential with a session
/// is good for that session only.
pub(in crate::server::store) const ISSUED: &str = "
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

/// What proctors made of intervals: rows are only added, and the latest of an interval counts.
pub(in crate::server::store) const REVIEWS: &str = "
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
pub(in crate::server::store) const IDEMPOTENCY: &str = "
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
