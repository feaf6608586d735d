//! What other systems are told: a server of theirs listens on this machine, and checks what comes.

mod content;
mod delivery;

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard};

use axum::Router;
use axum::extract::State as Of;
use axum::http::HeaderName;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use inview::report::{
    CommandId, Delivery, DeliveryList, DeliveryState, Issued, MadeWebhook, NewWebhook,
    ReviewRequest, Verdict, Webhook, WebhookEnder, WebhookEvent, WebhookList, WebhookType,
};
use inview::server::operation::retention;
use inview::server::silence::watch::Watchdog;
use inview::server::store::Retention;
use inview::server::webhooks::Courier;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::heartbeats::heartbeat;
use super::people::{between, named};
use super::*;

/// A message as it came.
#[derive(Clone, Debug)]
struct Came {
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Came {
    fn event(&self) -> WebhookEvent {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &'static str) -> &str {
        self.headers[HeaderName::from_static(name)].to_str().unwrap()
    }

    /// Whether a secret has signed it, by the words of the standard and no code of the server.
    fn is_signed_by(&self, secret: &str) -> bool {
        let key = from_base64(secret.strip_prefix("whsec_").unwrap());
        let mut signed =
            format!("{}.{}.", self.header("webhook-id"), self.header("webhook-timestamp"))
                .into_bytes();
        signed.extend(&self.body);
        let expected = hmac(&key, &signed).to_vec();
        self.header("webhook-signature").split(' ').any(|one| {
            let (version, signature) = one.split_once(',').unwrap();
            version == "v1" && from_base64(signature) == expected
        })
    }
}

/// RFC 2104.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    assert!(key.len() <= 64);
    let mut padded = [0; 64];
    padded[..key.len()].copy_from_slice(key);
    let [inner, outer] = [0x36, 0x5c].map(|pad| padded.map(|byte| byte ^ pad));
    let inner = Sha256::new().chain_update(inner).chain_update(text).finalize();
    Sha256::new().chain_update(outer).chain_update(inner).finalize().into()
}

/// RFC 4648.
fn from_base64(text: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let values = text.bytes().filter_map(|byte| LETTERS.find(char::from(byte)));
    let bits: Vec<usize> =
        values.flat_map(|value| (0..6).rev().map(move |bit| value >> bit & 1)).collect();
    let byte = |bits: &[usize]| bits.iter().fold(0, |byte, bit| byte << 1 | *bit) as u8;
    bits.chunks_exact(8).map(byte).collect()
}

/// Their server: keeps what comes, and answers 204, or what it was told to.
struct Receiver {
    address: SocketAddr,
    shared: Arc<Inbox>,
    runtime: tokio::runtime::Runtime,
}

#[derive(Default)]
struct Inbox {
    came: Mutex<Vec<Came>>,
    answers: Mutex<VecDeque<Response>>,
}

impl Receiver {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let shared = Arc::new(Inbox::default());
        let app = Router::new().route("/in", post(take)).with_state(Arc::clone(&shared));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { address, shared, runtime }
    }

    fn url(&self) -> String {
        format!("http://{}/in", self.address)
    }

    fn answer(&self, answers: impl IntoIterator<Item = Response>) {
        self.shared.answers.lock().unwrap().extend(answers);
    }

    fn came(&self) -> MutexGuard<'_, Vec<Came>> {
        self.shared.came.lock().unwrap()
    }

    /// What came since the last time.
    fn take(&self) -> Vec<Came> {
        std::mem::take(&mut *self.came())
    }

    fn kinds(&self) -> Vec<WebhookType> {
        self.take().iter().map(|came| came.event().kind).collect()
    }
}

async fn take(Of(inbox): Of<Arc<Inbox>>, headers: HeaderMap, body: axum::body::Bytes) -> Response {
    inbox.came.lock().unwrap().push(Came { headers, body: body.to_vec() });
    let answer = inbox.answers.lock().unwrap().pop_front();
    answer.unwrap_or_else(|| StatusCode::NO_CONTENT.into_response())
}

fn status(status: u16) -> Response {
    StatusCode::from_u16(status).unwrap().into_response()
}

/// A server, an administrator's token, and somebody who is told.
struct World {
    server: Server,
    state: State,
    admin: String,
    receiver: Receiver,
}

impl World {
    fn new() -> Self {
        let server = Server::start();
        let state = server.state().clone().with_private_webhooks();
        // For longer than messages are kept.
        let (admin, lifetime) =
            ("an administrator's".to_owned(), SignedDuration::from_hours(2_400));
        let secret = Pii::new(admin.clone());
        grant_blocking(&state, &secret, Scope::Admin, Tenant::local(), lifetime).unwrap();
        Self { server, state, admin, receiver: Receiver::start() }
    }

    fn hook(&self, more: &Value) -> MadeWebhook {
        let mut asked = json!({"name": "their system", "url": self.receiver.url()});
        for (name, value) in more.as_object().unwrap() {
            asked[name] = value.clone();
        }
        let made = self.server.put(&self.admin, "/v1/webhooks", &asked);
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()
    }

    /// Sends all that is due, until nothing is.
    fn send(&self) -> usize {
        self.receiver.runtime.block_on(async {
            let courier = Courier::new(&self.state).unwrap();
            let mut sent = 0;
            loop {
                match courier.turn(&self.state).await.unwrap() {
                    0 => return sent,
                    count => sent += count,
                }
            }
        })
    }

    fn act(&self, hook: &Webhook, what: &str) -> Answer {
        self.server.put(&self.admin, &format!("/v1/webhooks/{}/{what}", hook.id), &json!({}))
    }

    fn one(&self, hook: &Webhook) -> Webhook {
        self.server.get_as(&self.admin, &format!("/v1/webhooks/{}", hook.id)).json()
    }

    fn deliveries(&self, hook: &Webhook) -> Vec<Delivery> {
        let address = format!("/v1/webhooks/{}/deliveries", hook.id);
        self.server.get_as(&self.admin, &address).json::<DeliveryList>().deliveries
    }

    fn report(&self, agent: &Agent, events: &[&str]) {
        let answer = self.server.post(agent.session(), batch(events));
        assert_eq!(answer.status, 200, "{}", answer.text());
        // Whoever reads has it derived.
        self.server.get(&format!("/v1/sessions/{}", agent.session()));
    }

    fn now(&self) -> String {
        Timestamp::from_second(self.server.second.load(Ordering::SeqCst)).unwrap().to_string()
    }

    fn count(&self, sql: &str) -> u64 {
        let database = rusqlite::Connection::open(self.server.home.folder.join("inview.db"));
        database.unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}
