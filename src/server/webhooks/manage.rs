//! What administrators do with webhooks, by the API and on the page.

use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use crate::report::{MadeWebhook, MessageId, NewWebhook, Webhook, WebhookType, problem};
use crate::server::State;
use crate::server::access::auth::Proctor;
use crate::server::exams::issue::label;
use crate::server::http::error::Refusal;
use crate::server::store::audit::{Deed, note_of};
use crate::server::store::webhook::endpoint::{self, Made, Secret};
use crate::server::store::webhook::line;
use crate::server::store::{StoreError, Tenant, exam};
use crate::server::webhooks::{address, signature};

/// Webhooks of one tenant.
const MOST: u64 = 20;

/// Whoever does it.
#[derive(Clone, Debug)]
pub(super) struct By {
    pub(super) tenant: Tenant,
    pub(super) who: String,
}

impl By {
    pub(super) fn of(admin: &Proctor) -> Self {
        Self { tenant: admin.tenant.clone(), who: admin.by.clone() }
    }

    fn note(
        &self,
        database: &Connection,
        (did, now): (Deed, Timestamp),
        id: Uuid,
    ) -> Result<(), StoreError> {
        note_of(database, &self.tenant, (&self.who, did, now), &id.to_string())
    }
}

/// Why a webhook was not kept.
enum Kept {
    Made(Box<Webhook>),
    NoExam,
    TooMany,
}

pub(super) async fn make(state: &State, by: By, asked: NewWebhook) -> Result<MadeWebhook, Refusal> {
    let url = address::check(&asked.url, state.webhooks_within()).map_err(Refusal::malformed)?;
    if asked.types.contains(&WebhookType::Ping) {
        return Err(Refusal::malformed("a ping is sent to whoever asks for one: it is no choice"));
    }
    let mut types = asked.types;
    types.sort_unstable();
    types.dedup();
    let secret = new_secret()?;
    let now = state.now();
    let made = Made {
        id: crate::server::random_id()?,
        name: label(&asked.name)?,
        url: url.to_string(),
        types,
        exam: asked.exam,
        labels: asked.labels,
        secret: secret.clone(),
        by: by.who.clone(),
        at: now,
    };
    let keeping = state.store.write(move |database| {
        if let Some(exam) = made.exam
            && exam::find(database, &by.tenant, exam)?.is_none()
        {
            return Ok(Kept::NoExam);
        }
        if endpoint::count(database, &by.tenant)? >= MOST {
            return Ok(Kept::TooMany);
        }
        endpoint::insert(database, &by.tenant, &made)?;
        by.note(database, (Deed::WebhookMade, now), made.id)?;
        let found = endpoint::find(database, &by.tenant, (made.id, now))?;
        Ok(Kept::Made(Box::new(found.ok_or(StoreError::Gone)?)))
    });
    match keeping.await? {
        Kept::Made(webhook) => {
            Ok(MadeWebhook { webhook: *webhook, secret: signature::shown(&secret) })
        }
        Kept::NoExam => Err(Refusal::malformed("there is no such exam")),
        Kept::TooMany => Err(Refusal::new(
            axum::http::StatusCode::CONFLICT,
            problem::TOO_MANY,
            "There are 20 webhooks: delete one first",
        )),
    }
}

fn new_secret() -> Result<crate::redact::Pii<Secret>, Refusal> {
    signature::new_secret().map_err(|error| {
        tracing::error!(%error, "no randomness");
        Refusal::internal()
    })
}

pub(super) async fn find(state: &State, tenant: Tenant, id: Uuid) -> Result<Webhook, Refusal> {
    let now = state.now();
    let reading = state.store.look_up(move |database| endpoint::find(database, &tenant, (id, now)));
    reading.await?.ok_or(Refusal::not_found())
}

pub(super) async fn enable(state: &State, by: By, id: Uuid) -> Result<Webhook, Refusal> {
    let now = state.now();
    let writing = state.store.write(move |database| {
        if endpoint::enable(database, &by.tenant, id)? {
            by.note(database, (Deed::WebhookEnabled, now), id)?;
        }
        endpoint::find(database, &by.tenant, (id, now))
    });
    writing.await?.ok_or(Refusal::not_found())
}

pub(super) async fn disable(state: &State, by: By, id: Uuid) -> Result<Webhook, Refusal> {
    let now = state.now();
    let writing = state.store.write(move |database| {
        if endpoint::disable(database, &by.tenant, (id, now, "the webhook was disabled"))? {
            by.note(database, (Deed::WebhookDisabled, now), id)?;
        }
        endpoint::find(database, &by.tenant, (id, now))
    });
    writing.await?.ok_or(Refusal::not_found())
}

/// Another secret; the one before signs, too, for a day.
pub(super) async fn rotate(state: &State, by: By, id: Uuid) -> Result<MadeWebhook, Refusal> {
    let (now, secret) = (state.now(), new_secret()?);
    let kept = secret.clone();
    let writing = state.store.write(move |database| {
        if endpoint::rotate(database, &by.tenant, (id, now, &kept))? {
            by.note(database, (Deed::WebhookSecretRotated, now), id)?;
        }
        endpoint::find(database, &by.tenant, (id, now))
    });
    let webhook = writing.await?.ok_or(Refusal::not_found())?;
    Ok(MadeWebhook { webhook, secret: signature::shown(&secret) })
}

pub(super) async fn delete(state: &State, by: By, id: Uuid) -> Result<(), Refusal> {
    let now = state.now();
    let writing = state.store.write(move |database| {
        let is_gone = endpoint::delete(database, &by.tenant, id)?;
        if is_gone {
            by.note(database, (Deed::WebhookDeleted, now), id)?;
        }
        Ok(is_gone)
    });
    if writing.await? { Ok(()) } else { Err(Refusal::not_found()) }
}

/// Sends a message that tells nothing.
pub(super) async fn test(state: &State, by: By, id: Uuid) -> Result<MessageId, Refusal> {
    must_be_enabled(&find(state, by.tenant.clone(), id).await?)?;
    let (now, message) = (state.now(), MessageId(crate::server::random_id()?));
    let writing = state
        .store
        .write_aside(move |database| line::ping(database, &(by.tenant, id), (message, now)));
    writing.await?;
    Ok(message)
}

/// Sends one message, or all, that were given up. Refused where there is none.
pub(super) async fn send_again(
    state: &State,
    by: By,
    (id, message): (Uuid, Option<MessageId>),
) -> Result<(), Refusal> {
    must_be_enabled(&find(state, by.tenant.clone(), id).await?)?;
    let now = state.now();
    let writing = state.store.write_aside(move |database| {
        let count = line::send_again(database, &(by.tenant.clone(), id), (message, now))?;
        if count > 0 {
            by.note(database, (Deed::MessagesSentAgain, now), id)?;
        }
        Ok(count)
    });
    if writing.await? > 0 { Ok(()) } else { Err(Refusal::not_found()) }
}

fn must_be_enabled(webhook: &Webhook) -> Result<(), Refusal> {
    match webhook.disabled_at {
        None => Ok(()),
        Some(_) => Err(Refusal::malformed("the webhook is disabled: enable it first")),
    }
}
