//! How it is sent, and to whom it may be.

use super::*;

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
