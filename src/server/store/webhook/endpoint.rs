//! The webhooks that administrators made.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use crate::redact::Pii;
use crate::report::{ExamId, Webhook, WebhookType};
use crate::server::store::read::rfc3339;
use crate::server::store::{StoreError, Tenant};

/// After another secret was made, the one before signs, too, for so long.
const OLD_SECRET_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What signs messages: the bytes after `whsec_`.
pub(in crate::server) type Secret = [u8; 32];

/// A webhook that is to be kept.
#[derive(Clone, Debug)]
pub(in crate::server) struct Made {
    pub(in crate::server) id: Uuid,
    pub(in crate::server) name: String,
    pub(in crate::server) url: String,
    pub(in crate::server) types: Vec<WebhookType>,
    pub(in crate::server) exam: Option<ExamId>,
    pub(in crate::server) labels: bool,
    pub(in crate::server) secret: Pii<Secret>,
    pub(in crate::server) by: String,
    pub(in crate::server) at: Timestamp,
}

pub(in crate::server) fn count(database: &Connection, tenant: &Tenant) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM webhook WHERE tenant = ?1";
    Ok(database.query_row(sql, [tenant.as_str()], |row| row.get(0))?)
}

pub(in crate::server) fn insert(
    database: &Connection,
    tenant: &Tenant,
    made: &Made,
) -> Result<(), StoreError> {
    let types: Vec<&str> = made.types.iter().map(|kind| kind.as_str()).collect();
    database.execute(
        "INSERT INTO webhook (tenant, webhook, name, url, types, exam, labels, secret, made_at, made_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            tenant.as_str(),
            made.id.as_bytes(),
            made.name,
            made.url,
            types.join("\n"),
            made.exam.map(|exam| exam.0.into_bytes()),
            made.labels,
            made.secret.reveal(),
            made.at.as_microsecond(),
            made.by
        ],
    )?;
    Ok(())
}

const WEBHOOK: &str = "
    SELECT webhook, name, url, types, exam, labels, made_at, made_by, disabled_at,
           CASE WHEN before_until > ?2 THEN before_until END,
           (SELECT count(*) FROM delivery WHERE delivery.tenant = webhook.tenant
                AND delivery.webhook = webhook.webhook AND state = 'waiting'),
           (SELECT count(*) FROM delivery WHERE delivery.tenant = webhook.tenant
                AND delivery.webhook = webhook.webhook AND state = 'dead'),
           (SELECT max(done_at) FROM delivery WHERE delivery.tenant = webhook.tenant
                AND delivery.webhook = webhook.webhook AND state = 'delivered')
    FROM webhook WHERE tenant = ?1";

/// All of them, the newest first.
pub(in crate::server) fn list(
    database: &Connection,
    tenant: &Tenant,
    now: Timestamp,
) -> Result<Vec<Webhook>, StoreError> {
    let mut query = database.prepare(&format!("{WEBHOOK} ORDER BY made_at DESC, webhook"))?;
    let rows = query.query_map(params![tenant.as_str(), now.as_microsecond()], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(in crate::server) fn find(
    database: &Connection,
    tenant: &Tenant,
    (id, now): (Uuid, Timestamp),
) -> Result<Option<Webhook>, StoreError> {
    let sql = format!("{WEBHOOK} AND webhook = ?3");
    let key = params![tenant.as_str(), now.as_microsecond(), id.as_bytes()];
    Ok(database.query_row(&sql, key, read).optional()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    let types: String = row.get(3)?;
    Ok(Webhook {
        id: Uuid::from_bytes(row.get(0)?),
        name: row.get(1)?,
        url: row.get(2)?,
        types: types.lines().filter_map(WebhookType::from_name).collect(),
        exam: row.get::<_, Option<[u8; 16]>>(4)?.map(|it| ExamId(Uuid::from_bytes(it))),
        labels: row.get(5)?,
        made_at: rfc3339(row.get(6)?),
        made_by: row.get(7)?,
        disabled_at: row.get::<_, Option<i64>>(8)?.map(rfc3339),
        old_secret_until: row.get::<_, Option<i64>>(9)?.map(rfc3339),
        waiting: row.get(10)?,
        dead: row.get(11)?,
        delivered_at: row.get::<_, Option<i64>>(12)?.map(rfc3339),
    })
}

/// False where there is none.
pub(in crate::server) fn enable(
    database: &Connection,
    tenant: &Tenant,
    id: Uuid,
) -> Result<bool, StoreError> {
    let sql = "UPDATE webhook SET disabled_at = NULL WHERE tenant = ?1 AND webhook = ?2";
    Ok(database.execute(sql, params![tenant.as_str(), id.as_bytes()])? > 0)
}

/// Nothing is written for it any more, and what waits is given up; `why`: for whoever looks at that later.
/// False where there is none.
pub(in crate::server) fn disable(
    database: &Connection,
    tenant: &Tenant,
    (id, now, why): (Uuid, Timestamp, &str),
) -> Result<bool, StoreError> {
    let key = params![tenant.as_str(), id.as_bytes(), now.as_microsecond()];
    let sql = "UPDATE webhook SET disabled_at = coalesce(disabled_at, ?3)
               WHERE tenant = ?1 AND webhook = ?2";
    if database.execute(sql, key)? == 0 {
        return Ok(false);
    }
    database.execute(
        "UPDATE delivery SET state = 'dead', next_at = NULL, done_at = ?3, fault = coalesce(fault, ?4)
         WHERE tenant = ?1 AND webhook = ?2 AND state = 'waiting'",
        params![tenant.as_str(), id.as_bytes(), now.as_microsecond(), why],
    )?;
    Ok(true)
}

/// Another secret. False where there is none to replace.
pub(in crate::server) fn rotate(
    database: &Connection,
    tenant: &Tenant,
    (id, now, secret): (Uuid, Timestamp, &Pii<Secret>),
) -> Result<bool, StoreError> {
    let until = now.saturating_add(OLD_SECRET_FOR).unwrap_or(Timestamp::MAX).as_microsecond();
    let sql = "UPDATE webhook SET secret_before = secret, before_until = ?3, secret = ?4
               WHERE tenant = ?1 AND webhook = ?2";
    let key = params![tenant.as_str(), id.as_bytes(), until, secret.reveal()];
    Ok(database.execute(sql, key)? > 0)
}

/// The webhook and all its messages. False where there is none.
pub(in crate::server) fn delete(
    database: &Connection,
    tenant: &Tenant,
    id: Uuid,
) -> Result<bool, StoreError> {
    let key = params![tenant.as_str(), id.as_bytes()];
    database.execute("DELETE FROM delivery WHERE tenant = ?1 AND webhook = ?2", key)?;
    Ok(database.execute("DELETE FROM webhook WHERE tenant = ?1 AND webhook = ?2", key)? > 0)
}
