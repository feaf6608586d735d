//! Tables of exams and of the people who sign in.

/// `seat` says to which exam a session belongs; those of before belong to none. `roster` remembers which
/// list was imported under which key, `identity` under which name an organisation knows the person of an
/// account. `credential.account` is whose cookie or link it is,
/// `credential.role` what one without an account may do, `credential.exam` the only exam it is good for.
pub(in crate::server::store) const ACCOUNTS: &str = "
    CREATE TABLE exam (
        tenant TEXT NOT NULL,
        exam BLOB NOT NULL,
        name TEXT NOT NULL,
        policy TEXT NOT NULL,
        rooms TEXT NOT NULL,
        language TEXT,
        created_at INTEGER NOT NULL,
        closed_at INTEGER,
        key TEXT,
        request BLOB NOT NULL,
        PRIMARY KEY (tenant, exam),
        UNIQUE (tenant, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX exam_newest ON exam (tenant, created_at DESC, exam DESC);

    CREATE TABLE seat (
        tenant TEXT NOT NULL,
        session BLOB NOT NULL,
        exam BLOB NOT NULL,
        room TEXT,
        PRIMARY KEY (tenant, session)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX seat_exam ON seat (tenant, exam, session);

    CREATE TABLE roster (
        tenant TEXT NOT NULL,
        exam BLOB NOT NULL,
        key TEXT NOT NULL,
        request BLOB NOT NULL,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (tenant, exam, key)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE account (
        tenant TEXT NOT NULL,
        account BLOB NOT NULL,
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        password TEXT,
        created_at INTEGER NOT NULL,
        disabled_at INTEGER,
        totp BLOB,
        totp_step INTEGER,
        PRIMARY KEY (tenant, account),
        UNIQUE (tenant, name)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE assignment (
        tenant TEXT NOT NULL,
        account BLOB NOT NULL,
        exam BLOB NOT NULL,
        PRIMARY KEY (tenant, account, exam)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE identity (
        tenant TEXT NOT NULL,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        account BLOB NOT NULL,
        PRIMARY KEY (tenant, issuer, subject),
        UNIQUE (tenant, issuer, account)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE api_token (
        tenant TEXT NOT NULL,
        token BLOB NOT NULL,
        hash BLOB NOT NULL UNIQUE,
        name TEXT NOT NULL,
        scope TEXT NOT NULL,
        exam BLOB,
        made_at INTEGER NOT NULL,
        made_by TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        revoked_at INTEGER,
        PRIMARY KEY (tenant, token)
    ) STRICT, WITHOUT ROWID;

    ALTER TABLE credential ADD COLUMN account BLOB;
    ALTER TABLE credential ADD COLUMN role TEXT;
    ALTER TABLE credential ADD COLUMN exam BLOB;
";
