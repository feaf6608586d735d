//! Takes messages to where they are wanted: what is due, once a second, off the thread that writes.
//!
//! Each webhook has a turn of its own, with a few messages at one time: one that does not answer keeps
//! nobody else waiting. What becomes of a message is written when it is known; after a kill between the two
//! it is sent again, under the same id.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use reqwest::Client;
use tokio::task::{self, JoinSet};
use tokio::time::MissedTickBehavior;

use crate::report::MessageId;
use crate::server::State;
use crate::server::store::audit::SERVER;
use crate::server::store::webhook::line::{self, Content, Destination, Due, Fate, Key};
use crate::server::store::webhook::{endpoint, outbox};
use crate::server::store::{StoreError, audit};
use crate::server::webhooks::schedule::{self, Answer, Next};
use crate::server::webhooks::send::{self, Attempt};
use crate::server::webhooks::{address::Within, message};

const EVERY: Duration = Duration::from_secs(1);
/// Messages to one webhook at one time, each of another session.
const AT_ONCE: u32 = 8;

/// Why messages cannot be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum CourierError {
    #[error("nothing can be sent: {0}")]
    Client(#[from] reqwest::Error),
}

/// Sends what is due when it is told to.
#[derive(Clone, Debug)]
pub struct Courier {
    client: Client,
    within: Within,
}

/// A message, its bytes, and what came of them.
struct Sent {
    number: i64,
    message: MessageId,
    attempts: u32,
    attempt: Attempt,
}

impl Courier {
    pub fn new(state: &State) -> Result<Self, CourierError> {
        let within = state.webhooks_within();
        Ok(Self { client: send::client(within)?, within })
    }

    /// Sends all that is due, once. Returns how many messages were tried.
    pub async fn turn(&self, state: &State) -> Result<usize, StoreError> {
        let due = Self::due(state).await?;
        let turns = due.iter().map(|of| self.turn_of(state, of));
        let tried: Result<Vec<usize>, StoreError> = join_all(turns).await.into_iter().collect();
        Ok(tried?.into_iter().sum())
    }

    /// Webhooks with messages that are due; alerts that have lasted for long enough are among them.
    async fn due(state: &State) -> Result<Vec<Key>, StoreError> {
        let now = state.now();
        let looking = state.store.look_up(move |database| {
            Ok((outbox::is_alert_due(database, now)?, line::with_due(database, now)?))
        });
        let (is_alert_due, due) = looking.await?;
        if !is_alert_due {
            return Ok(due);
        }
        let telling = state.store.write_settled(move |database| {
            outbox::tell_of_alerts(database, now)?;
            line::with_due(database, now)
        });
        telling.await
    }

    /// A few messages of one webhook.
    async fn turn_of(&self, state: &State, of: &Key) -> Result<usize, StoreError> {
        let (now, key) = (state.now(), of.clone());
        let reading =
            state.store.look_up(move |database| line::due(database, &key, (now, AT_ONCE)));
        let Some((to, due)) = reading.await? else { return Ok(0) };
        let bodies = keep(state, due, now).await?;
        let sending = bodies.into_iter().map(|(due, body)| self.send(&to, due, now, body));
        let sent = join_all(sending).await;
        let count = sent.len();
        settle(state, of, sent).await?;
        Ok(count)
    }

    async fn send(&self, to: &Destination, due: Due, now: Timestamp, body: Vec<u8>) -> Sent {
        let Due { number, message, attempts, .. } = due;
        let attempt = send::send((&self.client, self.within), to, (message, now), body).await;
        Sent { number, message, attempts, attempt }
    }
}

/// Gives each message its bytes, which are kept before they are sent.
async fn keep(
    state: &State,
    due: Vec<Due>,
    now: Timestamp,
) -> Result<Vec<(Due, Vec<u8>)>, StoreError> {
    let (mut bodies, mut new, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    let server = state.signer.public();
    for mut one in due {
        match std::mem::replace(&mut one.content, Content::Nothing) {
            Content::Body(body) => bodies.push((one, body)),
            Content::New(data) => {
                let body = message::encode(&server, &one, *data)?;
                new.push((one.number, body.clone()));
                bodies.push((one, body));
            }
            Content::Nothing => gone.push(one.number),
        }
    }
    if !new.is_empty() || !gone.is_empty() {
        let keeping = state.store.write_aside(move |database| {
            line::keep_bodies(database, &new)?;
            gone.iter().try_for_each(|number| line::drop_message(database, *number, now))
        });
        keeping.await?;
    }
    Ok(bodies)
}

/// Writes down what became of messages.
async fn settle(state: &State, of: &Key, sent: Vec<Sent>) -> Result<(), StoreError> {
    let now = state.now();
    let mut settled = Vec::new();
    let mut is_gone = false;
    for Sent { number, message, attempts, attempt } in sent {
        let fate = match schedule::next(attempts, attempt.answer, random()) {
            Next::Delivered => Fate::Delivered,
            Next::Again(wait) => Fate::Again(now.saturating_add(wait).unwrap_or(Timestamp::MAX)),
            Next::Dead => Fate::Dead,
            Next::Disable => {
                is_gone = true;
                Fate::Dead
            }
        };
        state.metrics.count_message(&fate);
        if fate == Fate::Dead {
            tracing::warn!(webhook = %of.1, message = %message.0, "a message was given up");
        }
        let status = match attempt.answer {
            Answer::Status { status, .. } => Some(status),
            Answer::None => None,
        };
        settled.push((number, fate, status, attempt.fault));
    }
    let key = of.clone();
    let writing = state.store.write_aside(move |database| {
        for (number, fate, status, fault) in &settled {
            line::tried(database, (*number, now), fate, (*status, fault.as_deref()))?;
        }
        if is_gone {
            let (tenant, webhook) = &key;
            endpoint::disable(database, tenant, (*webhook, now, "the webhook was disabled"))?;
            let detail = format!("{webhook}, answered 410");
            let entry = audit::Entry {
                at: now,
                tenant,
                who: SERVER,
                did: audit::Deed::WebhookDisabled,
                session: None,
                detail: &detail,
            };
            audit::note(database, &entry)?;
        }
        Ok(())
    });
    writing.await
}

/// Uniform in 0 to 1. Without randomness everything waits for as long as it may.
fn random() -> f64 {
    getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX))
}

/// Goes on for as long as the server runs. A webhook whose messages are on their way is left alone meanwhile.
pub(in crate::server) async fn run(state: State) {
    let courier = match Courier::new(&state) {
        Ok(courier) => courier,
        Err(error) => return tracing::error!(%error, "webhooks are told nothing"),
    };
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut turns = JoinSet::new();
    let mut running: HashMap<task::Id, Key> = HashMap::new();
    loop {
        tokio::select! {
            _ = every.tick() => {}
            Some(done) = turns.join_next_with_id() => {
                running.remove(&done.map_or_else(|panicked| panicked.id(), |(id, ())| id));
                continue;
            }
        }
        let due = Courier::due(&state).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "what webhooks are to be told could not be read");
            Vec::new()
        });
        for of in due {
            if !running.values().any(|busy| *busy == of) {
                let turn = turns.spawn(turns_of(courier.clone(), state.clone(), of.clone()));
                running.insert(turn.id(), of);
            }
        }
    }
}

/// One turn after the other while there is something to send.
async fn turns_of(courier: Courier, state: State, of: Key) {
    loop {
        match courier.turn_of(&state, &of).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "messages wait: what became of them could not be written");
                return;
            }
        }
    }
}
