//! What is told, and what is not.

use super::*;

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
        let hash = format!(",\"recording_sha256\":\"{}\"", Hash::of(b"recording"));
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
fn the_examples_in_the_description_of_the_protocol_hold() {
    let text = include_str!("../../../docs/PROTOCOL.md");
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
