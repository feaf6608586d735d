//! Tables of webhooks and of what is sent to them.

/// `webhook.types`: names, one on a line, or nothing for all. `secret` is stored as it is: it signs.
///
/// `delivery`: one message to one webhook. Of those of a webhook and a session that wait, only the first has
/// `next_at`: the others come after it. `body` is what was sent first, and is gone when it has arrived.
///
/// `alert_due`: an interval that is open, and when it will have lasted for long enough to be told of.
pub(in crate::server::store) const WEBHOOKS: &str = "
    CREATE TABLE webhook (
        tenant TEXT NOT NULL,
        webhook BLOB NOT NULL,
        name TEXT NOT NULL,
        url TEXT NOT NULL,
        types TEXT NOT NULL,
        exam BLOB,
        labels INTEGER NOT NULL,
        secret BLOB NOT NULL,
        secret_before BLOB,
        before_until INTEGER,
        made_at INTEGER NOT NULL,
        made_by TEXT NOT NULL,
        disabled_at INTEGER,
        PRIMARY KEY (tenant, webhook)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE delivery (
        number INTEGER PRIMARY KEY,
        tenant TEXT NOT NULL,
        webhook BLOB NOT NULL,
        message BLOB NOT NULL,
        type TEXT NOT NULL,
        session BLOB,
        interval BLOB,
        verdict TEXT,
        at INTEGER NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_at INTEGER,
        done_at INTEGER,
        body BLOB,
        status INTEGER,
        fault TEXT,
        UNIQUE (tenant, webhook, message)
    ) STRICT;
    CREATE INDEX delivery_line ON delivery (tenant, webhook, session, number)
        WHERE state = 'waiting';
    CREATE INDEX delivery_next ON delivery (tenant, webhook, next_at) WHERE next_at IS NOT NULL;
    CREATE INDEX delivery_of ON delivery (tenant, webhook, state, done_at);
    CREATE INDEX delivery_open ON delivery (state) WHERE state <> 'delivered';
    CREATE INDEX delivery_session ON delivery (tenant, session);

    CREATE TABLE alert_due (
        tenant TEXT NOT NULL,
        session BLOB NOT NULL,
        interval BLOB NOT NULL,
        type TEXT NOT NULL,
        due_at INTEGER NOT NULL,
        PRIMARY KEY (tenant, session, interval)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX alert_due_at ON alert_due (due_at);
";
