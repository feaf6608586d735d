//! Messages on their way: which are next, what they say, and what became of them.
//!
//! Those of one webhook and one session stand in a line: a message is tried when the one before it has
//! arrived or was given up.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use crate::redact::Pii;
use crate::report::{
    Delivery, DeliveryState, IntervalId, MessageId, SessionEnded, SessionId, SessionStarted,
    Verdict, WebhookData, WebhookEnd, WebhookEnder, WebhookReview, WebhookType,
};
use crate::server::store::read::{self, rfc3339};
use crate::server::store::webhook::endpoint::Secret;
use crate::server::store::{StoreError, Tenant};

/// Messages that are told of in one answer.
const LISTED: u32 = 100;

/// Whose messages they are.
pub(in crate::server) type Key = (Tenant, Uuid);

/// Where messages go, and what signs them.
#[derive(Clone, Debug)]
pub(in crate::server) struct Destination {
    pub(in crate::server) url: String,
    /// The present one first.
    pub(in crate::server) secrets: Vec<Pii<Secret>>,
}

/// A message that is to be sent now.
#[derive(Clone, Debug)]
pub(in crate::server) struct Due {
    pub(in crate::server) number: i64,
    pub(in crate::server) message: MessageId,
    pub(in crate::server) kind: WebhookType,
    pub(in crate::server) session: Option<SessionId>,
    pub(in crate::server) at: Timestamp,
    pub(in crate::server) attempts: u32,
    pub(in crate::server) content: Content,
}

/// What a message says.
#[derive(Clone, Debug)]
pub(in crate::server) enum Content {
    /// As it was sent before.
    Body(Vec<u8>),
    /// It has not been sent yet.
    New(Box<WebhookData>),
    /// What it tells of is not there any more.
    Nothing,
}

/// What becomes of a message after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) enum Fate {
    Delivered,
    Again(Timestamp),
    Dead,
}

/// Webhooks with messages that are due.
pub(in crate::server) fn with_due(
    database: &Connection,
    now: Timestamp,
) -> Result<Vec<Key>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT tenant, webhook FROM webhook WHERE disabled_at IS NULL AND EXISTS (
             SELECT 1 FROM delivery WHERE delivery.tenant = webhook.tenant
                 AND delivery.webhook = webhook.webhook AND next_at <= ?1)",
    )?;
    let rows = query.query_map([now.as_microsecond()], |row| {
        Ok((Tenant::new(row.get::<_, String>(0)?), Uuid::from_bytes(row.get(1)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The messages of a webhook that are due, at most so many; `None` where it is not in use.
pub(in crate::server) fn due(
    database: &Connection,
    (tenant, webhook): &Key,
    (now, most): (Timestamp, u32),
) -> Result<Option<(Destination, Vec<Due>)>, StoreError> {
    let sql = "SELECT url, secret, CASE WHEN before_until > ?3 THEN secret_before END, labels
               FROM webhook WHERE tenant = ?1 AND webhook = ?2 AND disabled_at IS NULL";
    let key = params![tenant.as_str(), webhook.as_bytes(), now.as_microsecond()];
    let found = database.prepare_cached(sql)?.query_row(key, |row| {
        let secrets = [Some(row.get::<_, Secret>(1)?), row.get::<_, Option<Secret>>(2)?];
        let secrets = secrets.into_iter().flatten().map(Pii::new).collect();
        Ok((Destination { url: row.get(0)?, secrets }, row.get::<_, bool>(3)?))
    });
    let Some((destination, with_labels)) = found.optional()? else { return Ok(None) };
    let mut query = database.prepare_cached(
        "SELECT number, message, type, session, at, attempts, body, interval, verdict
         FROM delivery WHERE tenant = ?1 AND webhook = ?2 AND next_at <= ?3
         ORDER BY next_at, number LIMIT ?4",
    )?;
    let key = params![tenant.as_str(), webhook.as_bytes(), now.as_microsecond(), most];
    let mut rows = query.query(key)?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(2)?;
        let kind = WebhookType::from_name(&name)
            .ok_or_else(|| StoreError::Damaged(format!("a message of type {name}")))?;
        let session = row.get::<_, Option<[u8; 16]>>(3)?.map(|it| SessionId(Uuid::from_bytes(it)));
        let content = match row.get(6)? {
            Some(body) => Content::Body(body),
            None => content(database, tenant, (kind, session, now, with_labels), row)?,
        };
        due.push(Due {
            number: row.get(0)?,
            message: MessageId(Uuid::from_bytes(row.get(1)?)),
            kind,
            session,
            at: Timestamp::from_microsecond(row.get(4)?).unwrap_or_default(),
            attempts: row.get(5)?,
            content,
        });
    }
    Ok(Some((destination, due)))
}

/// What a message says that was never sent: how things stand now, without what people wrote.
fn content(
    database: &Connection,
    tenant: &Tenant,
    (kind, session, now, with_labels): (WebhookType, Option<SessionId>, Timestamp, bool),
    row: &Row<'_>,
) -> Result<Content, StoreError> {
    let mut data = WebhookData::default();
    let Some(session) = session else { return Ok(Content::New(Box::new(data))) };
    let Some(mut summary) = read::summary(database, tenant, now, session)? else {
        return Ok(Content::Nothing);
    };
    if !with_labels {
        summary.label.clear();
    }
    data.session = Some(summary);
    if kind == WebhookType::SessionEnded {
        data.ended = ending(database, tenant, session)?;
    }
    if let Some(bytes) = row.get::<_, Option<[u8; 16]>>(7)? {
        let id = IntervalId(Uuid::from_bytes(bytes));
        let Some(mut interval) = read::interval(database, tenant, now, (session, id))? else {
            return Ok(Content::Nothing);
        };
        interval.review = None;
        data.interval = Some(interval);
        let verdict: Option<String> = row.get(8)?;
        let verdict =
            verdict.and_then(|name| Verdict::ALL.into_iter().find(|known| known.as_str() == name));
        data.review = verdict.map(|verdict| WebhookReview { interval: id, verdict });
    }
    Ok(Content::New(Box::new(data)))
}

/// Who ended a session; `None` where it has not ended, or what began it is not known.
fn ending(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
) -> Result<Option<WebhookEnd>, StoreError> {
    let mut query = database
        .prepare_cached("SELECT started, ended FROM session WHERE tenant = ?1 AND session = ?2")?;
    let key = params![tenant.as_str(), session.0.as_bytes()];
    let found: Option<(Option<String>, Option<String>)> =
        query.query_row(key, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((started, Some(ended))) = found else { return Ok(None) };
    let ended: SessionEnded = serde_json::from_str(&ended)?;
    if let Some(by) = ended.ended_by {
        return Ok(Some(WebhookEnd { by: WebhookEnder::Proctor, command: Some(by.command) }));
    }
    let Some(started) = started else { return Ok(None) };
    let started: SessionStarted = serde_json::from_str(&started)?;
    let by = match started.recording_sha256 {
        Some(_) => WebhookEnder::Recording,
        None => WebhookEnder::Candidate,
    };
    Ok(Some(WebhookEnd { by, command: None }))
}

/// Keeps what is about to be sent: it is sent as it is from now on.
pub(in crate::server) fn keep_bodies(
    database: &Connection,
    bodies: &[(i64, Vec<u8>)],
) -> Result<(), StoreError> {
    let sql = "UPDATE delivery SET body = ?2 WHERE number = ?1 AND state = 'waiting'";
    let mut query = database.prepare_cached(sql)?;
    for (number, body) in bodies {
        query.execute(params![number, body])?;
    }
    Ok(())
}

/// Takes a message out of its line: there is nothing to say.
pub(in crate::server) fn drop_message(
    database: &Connection,
    number: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    advance_after(database, number, now, "DELETE FROM delivery WHERE number = ?1")
}

/// What became of an attempt. One that was taken away, or given up, meanwhile stays so.
pub(in crate::server) fn tried(
    database: &Connection,
    (number, now): (i64, Timestamp),
    fate: &Fate,
    (status, fault): (Option<u16>, Option<&str>),
) -> Result<(), StoreError> {
    let (state, next_at) = match fate {
        Fate::Delivered => (DeliveryState::Delivered, None),
        Fate::Again(at) => (DeliveryState::Waiting, Some(at.as_microsecond())),
        Fate::Dead => (DeliveryState::Dead, None),
    };
    let done_at = next_at.is_none().then(|| now.as_microsecond());
    let mut query = database.prepare_cached(
        "UPDATE delivery SET state = ?2, attempts = attempts + 1, next_at = ?3, done_at = ?4,
             status = ?5, fault = ?6, body = CASE ?2 WHEN 'delivered' THEN NULL ELSE body END
         WHERE number = ?1 AND state = 'waiting'",
    )?;
    query.execute(params![number, state.as_str(), next_at, done_at, status, fault])?;
    if next_at.is_some() {
        return Ok(());
    }
    advance_after(database, number, now, "")
}

/// The next of its line is due.
fn advance_after(
    database: &Connection,
    number: i64,
    now: Timestamp,
    after: &str,
) -> Result<(), StoreError> {
    let sql = "SELECT tenant, webhook, session FROM delivery WHERE number = ?1";
    let line = database.prepare_cached(sql)?.query_row([number], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, [u8; 16]>(1)?,
            row.get::<_, Option<[u8; 16]>>(2)?,
        ))
    });
    let Some((tenant, webhook, session)) = line.optional()? else { return Ok(()) };
    if !after.is_empty() {
        database.execute(after, [number])?;
    }
    let mut query = database.prepare_cached(
        "UPDATE delivery SET next_at = ?4 WHERE next_at IS NULL AND number = (
             SELECT min(number) FROM delivery
             WHERE tenant = ?1 AND webhook = ?2 AND session = ?3 AND state = 'waiting')",
    )?;
    query.execute(params![tenant, webhook, session, now.as_microsecond()])?;
    Ok(())
}

/// A message that tells nothing, to try whether it arrives.
pub(in crate::server) fn ping(
    database: &Connection,
    (tenant, webhook): &Key,
    (message, now): (MessageId, Timestamp),
) -> Result<(), StoreError> {
    database.execute(
        "INSERT INTO delivery (tenant, webhook, message, type, at, state, next_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?5)",
        params![
            tenant.as_str(),
            webhook.as_bytes(),
            message.0.as_bytes(),
            WebhookType::Ping.as_str(),
            now.as_microsecond()
        ],
    )?;
    Ok(())
}

/// Sends what was given up again, one message or all of them: in the old order, with all attempts before
/// them. Returns how many.
pub(in crate::server) fn send_again(
    database: &Connection,
    (tenant, webhook): &Key,
    (message, now): (Option<MessageId>, Timestamp),
) -> Result<usize, StoreError> {
    let message = message.map(|message| message.0.into_bytes());
    let count = database.execute(
        "UPDATE delivery SET state = 'waiting', attempts = 0, done_at = NULL
         WHERE tenant = ?1 AND webhook = ?2 AND state = 'dead' AND (?3 IS NULL OR message = ?3)",
        params![tenant.as_str(), webhook.as_bytes(), message],
    )?;
    // The first of each line that was at rest is due.
    database.execute(
        "UPDATE delivery SET next_at = ?3
         WHERE tenant = ?1 AND webhook = ?2 AND state = 'waiting' AND (session IS NULL OR number IN (
             SELECT min(number) FROM delivery WHERE tenant = ?1 AND webhook = ?2
                 AND state = 'waiting' GROUP BY session HAVING count(next_at) = 0))
             AND next_at IS NULL",
        params![tenant.as_str(), webhook.as_bytes(), now.as_microsecond()],
    )?;
    Ok(count)
}

/// Messages to a webhook, the newest first; those in one state, or all.
pub(in crate::server) fn list(
    database: &Connection,
    (tenant, webhook): &Key,
    state: Option<DeliveryState>,
) -> Result<Vec<Delivery>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT message, type, session, at, state, attempts, next_at, done_at, status, fault
         FROM delivery WHERE tenant = ?1 AND webhook = ?2 AND (?3 IS NULL OR state = ?3)
         ORDER BY number DESC LIMIT ?4",
    )?;
    let state = state.map(DeliveryState::as_str);
    let mut rows = query.query(params![tenant.as_str(), webhook.as_bytes(), state, LISTED])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, state): (String, String) = (row.get(1)?, row.get(4)?);
        let state = DeliveryState::ALL.into_iter().find(|known| known.as_str() == state);
        let Some((kind, state)) = WebhookType::from_name(&name).zip(state) else { continue };
        found.push(Delivery {
            id: MessageId(Uuid::from_bytes(row.get(0)?)),
            kind,
            session: row
                .get::<_, Option<[u8; 16]>>(2)?
                .map(|session| SessionId(Uuid::from_bytes(session))),
            time: rfc3339(row.get(3)?),
            state,
            attempts: row.get(5)?,
            next_at: row.get::<_, Option<i64>>(6)?.map(rfc3339),
            done_at: row.get::<_, Option<i64>>(7)?.map(rfc3339),
            status: row.get(8)?,
            fault: row.get(9)?,
        });
    }
    Ok(found)
}
