//! What other systems are told: a server of theirs listens on this machine, and checks what comes.
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

#[test]
fn a_session_is_told_from_its_start_to_its_end_in_order_signed_and_without_names() {
    let world = World::new();
    let made = world.hook(&json!({}));
    assert!(made.secret.reveal().starts_with("whsec_") && made.secret.reveal().len() == 50);
    let mut agent = Agent::new(1);
    let (started, opened) =
        (agent.started("Ann Smith"), agent.opened(Kind::OutOfView, 1_000, &world.now()));
    world.report(&agent, &[&started, &opened]);
    world.send();
    // The alert is told of when it is one.
    assert_eq!(world.receiver.came().len(), 1);
    world.server.pass(5);
    world.send();
    let came = world.receiver.came().clone();
    assert_eq!(came[1].event().kind, WebhookType::PresenceOpened);
    let interval = came[1].event().data.interval.unwrap();
    assert!(interval.alert && interval.report.interval.end_ms.is_none(), "{interval:?}");
    let closed = agent.closed(Kind::OutOfView, 1_000, 9_000);
    let (covered, ended) = (agent.closed(Kind::CameraCovered, 9_500, 9_900), agent.ended(10_000));
    world.report(&agent, &[&closed, &covered, &ended]);
    world.send();
    let came = world.receiver.take();
    let kinds: Vec<WebhookType> = came.iter().map(|came| came.event().kind).collect();
    let expected = [
        WebhookType::SessionStarted,
        WebhookType::PresenceOpened,
        WebhookType::PresenceClosed,
        WebhookType::CameraClosed,
        WebhookType::SessionEnded,
    ];
    assert_eq!(kinds, expected);
    for came in &came {
        let event = came.event();
        assert!(came.is_signed_by(made.secret.reveal()));
        assert!(!came.is_signed_by("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
        assert_eq!(came.header("content-type"), "application/cloudevents+json");
        assert_eq!(came.header("webhook-id"), event.id.0.to_string());
        assert_eq!((event.specversion.as_str(), event.subject), ("1.0", Some(agent.session())));
        assert!(event.source.starts_with("urn:inview:server:"), "{}", event.source);
        assert!(!String::from_utf8_lossy(&came.body).contains("Ann"));
    }
    let ids: BTreeSet<_> = came.iter().map(|came| came.event().id).collect();
    assert_eq!(ids.len(), came.len());
    let interval = came[3].event().data.interval.unwrap();
    assert_eq!((interval.report.interval.kind, interval.alert), (Kind::CameraCovered, false));
    assert!(came[..4].iter().all(|came| came.event().data.ended.is_none()));
    let end = came[4].event().data.ended.unwrap();
    assert_eq!((end.by, end.command), (WebhookEnder::Recording, None));
    assert_eq!(world.one(&made.webhook).waiting, 0);
}

#[test]
fn the_end_of_a_session_is_told_with_whoever_ended_it_and_not_with_their_words() {
    let world = World::new();
    world.hook(&json!({"types": ["io.inview.server.session.ended.v1"]}));
    let is_live = |started: String| {
        let hash = format!("\"recording_sha256\":\"{}\",", Hash::of(b"recording"));
        assert!(started.contains(&hash), "{started}");
        started.replace(&hash, "")
    };
    let command = CommandId(uuid::Uuid::from_u128(7));
    let by = EndedBy {
        command,
        reason: "Ann left the room.".to_owned(),
        at: "2026-11-25T18:59:00Z".to_owned(),
    };
    let ends =
        [(None, WebhookEnder::Candidate, None), (Some(by), WebhookEnder::Proctor, Some(command))];
    for (number, (by, expected, command)) in (1..).zip(ends) {
        let mut agent = Agent::new(number);
        let started = is_live(agent.started("Ann Smith"));
        agent.prevhash = Hash::of(started.as_bytes());
        let ended = agent.ended_by(10_000, by);
        world.report(&agent, &[&started, &ended]);
        world.send();
        let came = world.receiver.take();
        let end = came[0].event().data.ended.unwrap();
        assert_eq!((end.by, end.command), (expected, command));
        assert!(!String::from_utf8_lossy(&came[0].body).contains("Ann"));
    }
}

#[test]
fn without_a_webhook_no_row_is_written_and_none_for_what_nobody_wants() {
    let world = World::new();
    let mut agent = Agent::new(1);
    let events = [
        agent.started("x"),
        agent.opened(Kind::OutOfView, 10, &world.now()),
        agent.closed(Kind::TooDark, 20, 9_000),
    ];
    world.report(&agent, &events.each_ref().map(|event| &**event));
    let rows = "SELECT (SELECT count(*) FROM delivery) + (SELECT count(*) FROM alert_due)";
    assert_eq!(world.count(rows), 0);
    let exam = world.server.exam(&named("another"));
    world.hook(&json!({"exam": exam.exam}));
    world.hook(&json!({"types": ["io.inview.server.review.given.v1"]}));
    let closed = agent.closed(Kind::OutOfView, 10, 9_000);
    world.report(&agent, &[&closed]);
    assert_eq!(world.count(rows), 0);
}

#[test]
fn an_alert_that_is_over_before_it_is_one_is_told_as_over_alone() {
    let world = World::new();
    world.hook(&json!({}));
    let mut agent = Agent::new(1);
    let events = [agent.started("x"), agent.opened(Kind::OutOfView, 1_000, &world.now())];
    world.report(&agent, &[&events[0], &events[1]]);
    world.server.pass(4);
    // It came, and nobody has read it yet: what was acknowledged counts.
    let closed = agent.closed(Kind::OutOfView, 1_000, 4_000);
    assert_eq!(world.server.post(agent.session(), batch(&[&closed])).status, 200);
    world.server.pass(60);
    world.send();
    assert_eq!(world.receiver.kinds(), [WebhookType::SessionStarted, WebhookType::PresenceClosed]);
    assert_eq!(world.count("SELECT count(*) FROM alert_due"), 0);
}

#[test]
fn what_fails_is_sent_again_as_it_was_and_keeps_its_session_waiting_but_no_other() {
    let world = World::new();
    let hook = world.hook(&json!({"labels": true})).webhook;
    let (mut agent, mut other) = (Agent::new(1), Agent::new(2));
    let events = [agent.started("Ann Smith"), agent.ended(1_000)];
    world.report(&agent, &[&events[0], &events[1]]);
    world.receiver.answer([status(500)]);
    world.send();
    let first = world.receiver.take();
    assert_eq!(first.len(), 1);
    assert!(first[0].event().data.session.unwrap().label == "Ann Smith");
    let started = other.started("x");
    world.report(&other, &[&started]);
    world.send();
    assert_eq!(world.receiver.take()[0].event().subject, Some(other.session()));
    let is_failed = |one: &Delivery| one.state == DeliveryState::Waiting && one.attempts == 1;
    let failed = world.deliveries(&hook).into_iter().find(is_failed).unwrap();
    assert_eq!((failed.status, failed.next_at.is_some()), (Some(500), true));
    world.server.pass(6);
    world.send();
    let again = world.receiver.take();
    let kinds: Vec<_> = again.iter().map(|came| came.event().kind).collect();
    assert_eq!(kinds, [WebhookType::SessionStarted, WebhookType::SessionEnded]);
    assert_eq!((&again[0].body, again[0].event().id), (&first[0].body, first[0].event().id));
    assert_ne!(again[0].header("webhook-timestamp"), first[0].header("webhook-timestamp"));
}

#[test]
fn their_server_may_ask_for_time_and_is_not_followed_elsewhere() {
    let world = World::new();
    let hook = world.hook(&json!({})).webhook;
    let busy = (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "100")], "x".repeat(5_000));
    let elsewhere = (StatusCode::FOUND, [(LOCATION, world.receiver.url())]);
    world.receiver.answer([busy.into_response(), elsewhere.into_response()]);
    assert_eq!(world.act(&hook, "test").status, 202);
    world.send();
    assert_eq!(world.deliveries(&hook)[0].fault.as_ref().unwrap().len(), 1_024);
    world.server.pass(99);
    assert_eq!(world.send(), 0);
    world.server.pass(1);
    world.send();
    assert_eq!((world.receiver.take().len(), world.deliveries(&hook)[0].status), (2, Some(302)));
}

#[test]
fn a_server_that_is_killed_sends_what_it_had_not_under_the_same_ids_and_nothing_twice() {
    let world = World::new();
    let made = world.hook(&json!({}));
    let mut agent = Agent::new(1);
    let events = [agent.started("x"), agent.closed(Kind::OutOfView, 1_000, 9_000)];
    world.report(&agent, &[&events[0], &events[1]]);
    world.receiver.answer([status(500)]);
    world.send();
    let before = world.receiver.take()[0].event().id;
    // What was acknowledged and is derived from by nobody yet is in the copy, too.
    let ended = agent.ended(10_000);
    assert_eq!(world.server.post(agent.session(), batch(&[&ended])).status, 200);
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(&world.server.home.folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "lock" {
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
    }
    world.server.pass(10);
    let hand = Arc::clone(&world.server.second);
    let clock = Arc::new(move || Timestamp::from_second(hand.load(Ordering::SeqCst)).unwrap());
    let home = Home::open(folder.path(), IpAddr::V4(Ipv4Addr::LOCALHOST), clock).unwrap();
    let state = home.state.with_private_webhooks();
    world.receiver.runtime.block_on(async {
        let courier = Courier::new(&state).unwrap();
        while courier.turn(&state).await.unwrap() > 0 {}
    });
    let came = world.receiver.take();
    let kinds: Vec<_> = came.iter().map(|came| came.event().kind).collect();
    let expected =
        [WebhookType::SessionStarted, WebhookType::PresenceClosed, WebhookType::SessionEnded];
    assert_eq!((kinds, came[0].event().id), (expected.to_vec(), before));
    assert!(came.iter().all(|came| came.is_signed_by(made.secret.reveal())));
    // The one that was not killed derives the same, a moment later or before somebody reads: one thing has
    // one id.
    assert_eq!(world.server.get("/v1/sessions").status, 200);
    world.send();
    let ids = |came: &[Came]| came.iter().map(|came| came.event().id).collect::<Vec<_>>();
    assert_eq!(ids(&world.receiver.take()), ids(&came));
}

#[test]
fn for_a_day_after_a_new_secret_both_sign() {
    let world = World::new();
    let old = world.hook(&json!({}));
    let rotated = world.act(&old.webhook, "rotate");
    assert_eq!(rotated.status, 200, "{}", rotated.text());
    let new: MadeWebhook = rotated.json();
    assert!(new.webhook.old_secret_until.is_some() && new.secret != old.secret);
    let signs = |is_old: bool| {
        assert_eq!(world.act(&old.webhook, "test").status, 202);
        world.send();
        let came = world.receiver.take().pop().unwrap();
        assert!(came.is_signed_by(new.secret.reveal()));
        assert_eq!(came.is_signed_by(old.secret.reveal()), is_old);
    };
    signs(true);
    world.server.pass(DAY);
    signs(false);
    assert!(!world.server.get_as(&world.admin, "/v1/webhooks").text().contains("whsec_"));
}

#[test]
fn whoever_answers_that_it_is_gone_is_told_nothing_more_until_it_is_enabled() {
    let world = World::new();
    let hook = world.hook(&json!({})).webhook;
    let mut agent = Agent::new(1);
    let events = [agent.started("x"), agent.closed(Kind::OutOfView, 1_000, 9_000)];
    world.report(&agent, &[&events[0], &events[1]]);
    world.receiver.answer([status(410)]);
    world.send();
    let found = world.one(&hook);
    assert!(found.disabled_at.is_some() && found.waiting == 0 && found.dead == 2, "{found:?}");
    let ended = agent.ended(10_000);
    world.report(&agent, &[&ended]);
    world.server.pass(2 * DAY);
    assert_eq!((world.send(), world.receiver.take().len()), (0, 1));
    world.act(&hook, "test").is_problem(400, problem::MALFORMED);
    assert!(world.server.deeds().contains(&("server".to_owned(), "webhook_disabled".to_owned())));
    assert_eq!(world.act(&hook, "enable").json::<Webhook>().disabled_at, None);
    let dead = world.deliveries(&hook);
    let resend = format!("deliveries/{}/resend", dead[1].id.0);
    assert_eq!(world.act(&hook, &resend).status, 202);
    world.send();
    assert_eq!(world.receiver.kinds(), [WebhookType::SessionStarted]);
    world.act(&hook, &resend).is_problem(404, problem::NOT_FOUND);
}

#[test]
fn what_is_given_up_is_kept_for_a_month_and_sent_again_in_its_order() {
    let world = World::new();
    let hook = world.hook(&json!({})).webhook;
    let mut agent = Agent::new(1);
    let events = [agent.started("x"), agent.ended(1_000)];
    world.report(&agent, &[&events[0], &events[1]]);
    world.receiver.answer((0..9 + 9).map(|_| status(404)));
    let mut attempts = 0;
    for _ in 0..40 {
        attempts += world.send();
        world.server.pass(14 * 3_600);
    }
    assert_eq!((attempts, world.one(&hook).dead), (18, 2));
    assert_eq!(world.deliveries(&hook)[1].attempts, 9);
    world.receiver.take();
    let cookie = world.server.sign_in();
    let page = world.server.page(&cookie, "/webhooks");
    assert!(page.text().contains("2 messages were given up"), "{}", page.text());
    let sent = world.server.form(&cookie, &format!("/webhooks/{}", hook.id), "do=send_again");
    assert_eq!(sent.status, 303, "{}", sent.text());
    world.send();
    assert_eq!(world.receiver.kinds(), [WebhookType::SessionStarted, WebhookType::SessionEnded]);
    let clean = || {
        let state = &world.state;
        let looking = retention::look(state, Retention::default());
        world.receiver.runtime.block_on(looking).unwrap();
        world.deliveries(&hook).len()
    };
    world.server.pass(7 * DAY);
    assert_eq!(clean(), 2);
    world.server.pass(1);
    assert_eq!(clean(), 0);
}

#[test]
fn silences_and_reviews_are_told_of_without_who_said_what_in_which_words() {
    let world = World::new();
    world.hook(&json!({}));
    let mut agent = Agent::new(1);
    let (started, closed) = (agent.started("x"), agent.closed(Kind::OutOfView, 0, 9_000));
    world.report(&agent, &[&started, &closed]);
    let session = agent.session();
    let interval = IntervalId::derived(session, 0);
    let asked =
        ReviewRequest { verdict: Verdict::Technical, note: "The lamp fell on Ann.".to_owned() };
    let path = format!("/v1/sessions/{session}/intervals/{interval}/review");
    let asked = serde_json::to_value(&asked).unwrap();
    assert_eq!(world.server.put(&world.server.proctor, &path, &asked).status, 201);
    world.send();
    let came = world.receiver.take();
    let told = came[2].event();
    assert_eq!(told.kind, WebhookType::ReviewGiven);
    let review = told.data.review.unwrap();
    assert_eq!((review.interval, review.verdict), (interval, Verdict::Technical));
    let text = String::from_utf8_lossy(&came[2].body).into_owned();
    assert!(!text.contains("lamp") && !text.contains("token-"), "{text}");
    let mut watchdog = Watchdog::default();
    let mut look = |seconds| {
        for _ in 0..seconds {
            world.server.pass(1);
            world.server.runtime.block_on(watchdog.look(world.server.state())).unwrap();
        }
    };
    look(1);
    let beat = heartbeat(inview::report::Phase::Exam);
    let beats = format!("/v1/sessions/{session}/heartbeats");
    let beat = serde_json::to_value(&beat).unwrap();
    let answer = world.server.put(&world.server.agent, &beats, &beat);
    assert_eq!(answer.status, 200, "{}", answer.text());
    look(40);
    world.send();
    assert_eq!(world.receiver.kinds(), [WebhookType::GapOpened]);
    let sampling = agent.sampling(60_000, 2.0, None);
    world.report(&agent, &[&sampling]);
    world.send();
    assert_eq!(world.receiver.kinds(), [WebhookType::GapClosed]);
}

#[test]
fn an_address_that_must_not_be_reached_is_refused_and_of_20_webhooks_there_is_no_21st() {
    let world = World::new();
    let ask = |url: &str| {
        world.server.put(&world.admin, "/v1/webhooks", &json!({"name": "x", "url": url}))
    };
    for url in ["http://hooks.example/", "https://169.254.169.254/", "gopher://x/", ""] {
        ask(url).is_problem(400, problem::MALFORMED);
    }
    for body in [
        json!({"name": "", "url": "https://hooks.example/"}),
        json!({"name": "x", "url": "https://hooks.example/", "types": ["io.inview.server.ping.v1"]}),
        json!({"name": "x", "url": "https://hooks.example/", "exam": uuid::Uuid::nil()}),
    ] {
        world.server.put(&world.admin, "/v1/webhooks", &body).is_problem(400, problem::MALFORMED);
    }
    for _ in 0..20 {
        assert_eq!(ask("https://hooks.example/").status, 201);
    }
    ask("https://hooks.example/").is_problem(409, problem::TOO_MANY);
    let public = Server::start();
    let admin = public.token(Scope::Admin, "local");
    let asked = json!({"name": "x", "url": world.receiver.url()});
    let refused = public.put(&admin, "/v1/webhooks", &asked).is_problem(400, problem::MALFORMED);
    assert!(refused.detail.unwrap().contains("--allow-private-webhooks"));
}

#[test]
fn a_webhook_of_before_is_not_reached_when_private_ones_are_not_allowed_any_more() {
    let world = World::new();
    let hook = world.hook(&json!({})).webhook;
    world.act(&hook, "test");
    // The same folder, and a server that was set up otherwise.
    let database = world.server.home.folder.join("inview.db");
    let connection = rusqlite::Connection::open(database).unwrap();
    connection.execute("UPDATE webhook SET url = 'https://[fe80::1]/'", []).unwrap();
    world.send();
    let fault = world.deliveries(&hook)[0].fault.clone().unwrap();
    assert!(fault.contains("not to be reached"), "{fault}");
    // A port behind which nobody listens, and one that speaks no TLS.
    for url in ["http://127.0.0.1:1/", &world.receiver.url().replace("http:", "https:")] {
        connection.execute("UPDATE webhook SET url = ?1", [url]).unwrap();
        world.server.pass(3_600);
        world.send();
        let fault = world.deliveries(&hook)[0].fault.clone().unwrap();
        assert!(fault.contains("no connection"), "{url}: {fault}");
    }
    assert!(world.receiver.take().is_empty());
}

#[test]
fn a_server_that_does_not_answer_is_given_ten_seconds() {
    let world = World::new();
    let hook = world.hook(&json!({})).webhook;
    world.act(&hook, "test");
    // Nobody takes the connection from the queue; and the clock of this runtime leaps while all wait.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/in", listener.local_addr().unwrap());
    let database = world.server.home.folder.join("inview.db");
    let connection = rusqlite::Connection::open(database).unwrap();
    connection.execute("UPDATE webhook SET url = ?1", [url]).unwrap();
    let turn = async { Courier::new(&world.state).unwrap().turn(&world.state).await.unwrap() };
    assert_eq!(world.server.runtime.block_on(turn), 1);
    let fault = world.deliveries(&hook)[0].fault.clone().unwrap();
    assert_eq!(fault, "no answer within ten seconds");
}

#[test]
fn another_tenant_sees_nothing_and_an_erased_session_is_told_of_no_more() {
    let world = World::new();
    let hook = world.hook(&json!({})).webhook;
    let theirs = world.server.token(Scope::Admin, "b");
    let list: WebhookList = world.server.get_as(&theirs, "/v1/webhooks").json();
    assert!(list.webhooks.is_empty());
    let address = format!("/v1/webhooks/{}", hook.id);
    world.server.get_as(&theirs, &address).is_problem(404, problem::NOT_FOUND);
    let write = world.server.token(Scope::Write, "b");
    let mut foreign = Agent::new(9);
    let started = foreign.started("x");
    assert_eq!(world.server.post_as(&write, foreign.session(), batch(&[&started])).status, 200);
    world.server.get_as(&theirs, &format!("/v1/sessions/{}", foreign.session()));
    assert_eq!(world.send(), 0);
    let exam = world.server.exam(&named("their exam"));
    let asked = json!({"label": "Ann Smith", "exam": exam.exam});
    let issued: Issued = world.server.put(&world.server.manager, "/v1/sessions", &asked).json();
    let mut agent = Agent::new(1);
    agent.identity.session = issued.session;
    agent.identity.incarnation = Incarnation::of_replay(issued.session);
    let events = [agent.started("x"), agent.opened(Kind::OutOfView, 10, &world.now())];
    world.report(&agent, &[&events[0], &events[1]]);
    world.receiver.answer([status(500)]);
    world.send();
    assert_eq!(world.receiver.take().len(), 1);
    let request = Request::delete(format!("/v1/sessions/{}", issued.session))
        .header(AUTHORIZATION, format!("Bearer {}", world.admin));
    assert_eq!(world.server.ask(request.body(Body::empty()).unwrap()).status, 204);
    let rows = "SELECT (SELECT count(*) FROM delivery) + (SELECT count(*) FROM alert_due)";
    assert_eq!(world.count(rows), 0);
    world.server.pass(DAY);
    assert_eq!(world.send(), 0);
}

#[test]
fn an_administrator_makes_disables_and_deletes_webhooks_on_the_page() {
    let world = World::new();
    let cookie = world.server.sign_in();
    let url = "https%3A%2F%2Fhooks.example%2Fin";
    let fields = format!(
        "name=Their+system&url={url}&exam=&type=io.inview.server.presence.opened.v1&labels=yes"
    );
    let made = world.server.form(&cookie, "/webhooks", &fields);
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(made.text().contains("whsec_"));
    let list: WebhookList = world.server.get_as(&world.admin, "/v1/webhooks").json();
    let hook = &list.webhooks[0];
    assert_eq!((hook.types.as_slice(), hook.labels), (&[WebhookType::PresenceOpened][..], true));
    let page = world.server.page(&cookie, "/webhooks");
    assert!(page.text().contains("told of 1 of 9 kinds") && !page.text().contains("whsec_"));
    let refused = world.server.form(&cookie, "/webhooks", "name=x&url=http%3A%2F%2Fx%2F&exam=");
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("url begins with https://"), "{}", refused.text());
    let act = |what: &str| {
        let address = format!("/webhooks/{}", hook.id);
        world.server.form(&cookie, &address, &format!("do={what}")).status.as_u16()
    };
    assert_eq!((act("test"), act("disable"), act("enable")), (303, 303, 303));
    assert_eq!((act("rotate"), act("burn"), act("delete"), act("test")), (200, 400, 303, 404));
    assert_eq!(world.count("SELECT count(*) FROM delivery"), 0);
}

#[test]
fn the_examples_in_the_description_of_the_protocol_hold() {
    let text = include_str!("../../docs/PROTOCOL.md");
    let block = |kind: &str| between(text, &format!("```json {kind}\n"), "\n```");
    let body = block("webhook-ping").into_bytes();
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| {
        let value = between(text, &format!("\n{name}: "), "\n");
        (HeaderName::from_static(name), value.parse().unwrap())
    });
    let came = Came { headers: headers.into_iter().collect(), body };
    assert_eq!(serde_json::to_vec(&came.event()).unwrap(), came.body);
    let made: MadeWebhook = serde_json::from_str(&block("webhook")).unwrap();
    assert!(came.is_signed_by(made.secret.reveal()));
    let asked: NewWebhook = serde_json::from_str(&block("webhook-request")).unwrap();
    assert_eq!((asked.url, asked.types), (made.webhook.url, made.webhook.types));
}
