use super::*;

#[test]
fn what_is_another_tenants_does_not_exist() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let one = agent.started("theirs");
    let (writer, reader) = (server.token(Scope::Write, "b"), server.token(Scope::Read, "b"));
    assert_eq!(server.post(session, batch(&[&one])).status, 200);
    for rest in ["", "/intervals", "/events"] {
        let address = format!("/v1/sessions/{session}{rest}");
        assert_eq!(server.get(&address).status, 200, "{address}");
        server.get_as(&reader, &address).is_problem(404, problem::NOT_FOUND);
    }
    assert!(server.get_as(&reader, "/v1/sessions").json::<SessionPage>().sessions.is_empty());
    let cursor = format!("/v1/sessions?after={session}");
    server.get_as(&reader, &cursor).is_problem(400, problem::PARAMETER);
    // The same session's id is theirs to use, and is another session.
    let other = Agent::new(1).started("ours");
    assert_eq!(server.post_as(&writer, session, batch(&[&other])).status, 200);
    let detail: SessionDetail = server.get_as(&reader, &format!("/v1/sessions/{session}")).json();
    assert_eq!(detail.summary.label, "ours");
}

#[test]
fn what_is_not_there_is_a_problem_too() {
    let server = Server::start();
    server.get("/v1/nothing").is_problem(404, problem::NOT_FOUND);
    let upper = SessionId(uuid::Uuid::max()).to_string().to_uppercase();
    for session in ["7", "%FF", &uuid::Uuid::nil().to_string(), &upper] {
        server.get(&format!("/v1/sessions/{session}")).is_problem(404, problem::NOT_FOUND);
        server.get(&format!("/v1/sessions/{session}/events")).is_problem(404, problem::NOT_FOUND);
    }
    let delete = Request::delete("/v1/sessions").body(Body::empty()).unwrap();
    server.ask(delete).is_problem(405, problem::METHOD);
    for query in ["limit=0", "limit=101", "limit=x", "after=7"] {
        server.get(&format!("/v1/sessions?{query}")).is_problem(400, problem::PARAMETER);
    }
    assert_eq!(server.ask(get("/healthz")).text(), r#"{"status":"ok"}"#);
}

#[test]
fn a_machine_that_was_looked_at_less_often_is_told_with_the_reason() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let events = [
        agent.started("candidate"),
        agent.sampling(60_000, 2.5, Some(Strain::Battery)),
        agent.sampling(90_000, 5.0, None),
    ];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    for _ in 0..2 {
        assert_eq!(server.post(session, batch(&events)).status, 200);
    }
    let detail: SessionDetail = server.get(&format!("/v1/sessions/{session}")).json();
    let told: Vec<_> = detail.sampling.iter().map(|it| (it.sample_rate_hz, it.strain)).collect();
    assert_eq!(told, [(2.5, Some(Strain::Battery)), (5.0, None)]);
    for (number, at, rate) in [(2, -1, 5.0), (3, 1, 0.0), (4, 1, -2.0)] {
        let mut agent = Agent::new(number);
        let wrong = agent.sampling(at, rate, None);
        let answer = server.post(agent.session(), batch(&[&wrong]));
        answer.is_problem(422, problem::MALFORMED_EVENTS);
    }
}

#[test]
fn sessions_come_in_pages_the_newest_first() {
    let server = Server::start();
    for number in 1..=5 {
        let mut agent = Agent::new(number);
        let label = number.to_string();
        assert_eq!(server.post(agent.session(), batch(&[&agent.started(&label)])).status, 200);
        // Two of them in one second.
        server.pass(i64::from(number != 3));
    }
    let (mut labels, mut address) = (Vec::new(), "/v1/sessions?limit=2".to_owned());
    loop {
        let page: SessionPage = server.get(&address).json();
        labels.extend(page.sessions.into_iter().map(|session| session.label));
        let Some(next) = page.next else { break };
        address = format!("/v1/sessions?limit=2&after={next}");
    }
    assert_eq!(labels, ["5", "4", "3", "2", "1"]);
}

#[test]
fn what_is_known_of_a_session_is_told() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let events = [
        agent.started("candidate 7"),
        agent.closed(Kind::OutOfView, 4_200, 9_940),
        agent.closed(Kind::TooDark, 12_000, 13_000),
    ];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    server.post(session, batch(&events));
    let summary = || server.get("/v1/sessions").json::<SessionPage>().sessions.remove(0);
    assert_eq!(summary().status, SessionStatus::Running);
    assert_eq!(summary().duration_ms, MediaTime::from_millis(13_000));
    server.pass(601);
    assert_eq!(summary().status, SessionStatus::Silent);
    server.post(session, batch(&[&agent.ended(30_000)]));
    let summary = summary();
    assert_eq!(summary.status, SessionStatus::Ended);
    assert_eq!((summary.intervals, summary.alerts), (2, 1));
    assert_eq!(summary.duration_ms, MediaTime::from_millis(30_000));
    assert_eq!(summary.first_contact.as_deref(), Some("2024-10-04T00:00:00Z"));
    assert_eq!(summary.last_contact.as_deref(), Some("2024-10-04T00:10:01Z"));
    let detail: SessionDetail = server.get(&format!("/v1/sessions/{session}")).json();
    assert_eq!(detail.summary, summary);
    assert_eq!(detail.policy["face"]["enter"], 0.7);
    assert_eq!(detail.camera.unwrap().frames, 900);
    let found: IntervalList = server.get(&format!("/v1/sessions/{session}/intervals")).json();
    let address = format!("/v1/sessions/{session}/intervals?limit=1");
    let first: IntervalList = server.get(&address).json();
    let second: IntervalList =
        server.get(&format!("{address}&after={}", first.next.unwrap())).json();
    assert_eq!([first.intervals, second.intervals].concat(), found.intervals);
    assert_eq!(second.next, None);
    let found: Vec<_> =
        found.intervals.iter().map(|it| (it.report.interval.kind, it.alert)).collect();
    assert_eq!(found, [(Kind::OutOfView, true), (Kind::TooDark, false)]);
}

#[test]
fn events_are_given_back_byte_by_byte_and_in_pages() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let events: Vec<String> = (0..5).map(|millis| agent.ended(millis)).collect();
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    server.post(session, batch(&events));
    let address = format!("/v1/sessions/{session}/events");
    let all = server.get(&address);
    assert_eq!(all.headers[CONTENT_TYPE], BATCH_CONTENT_TYPE);
    assert_eq!(all.text(), batch(&events));
    let some = server.get(&format!("{address}?after_seq=1&limit=2"));
    assert_eq!(some.text(), batch(&events[1..3]));
    assert_eq!(server.get(&format!("{address}?after_seq=5")).text(), "[]");
    let beyond = server.get(&format!("{address}?after_seq={}", u64::MAX));
    beyond.is_problem(400, problem::PARAMETER);
    let mut second = Agent::new(1);
    second.identity.incarnation = Incarnation(uuid::Uuid::from_u128(9));
    server.post(session, batch(&[&second.ended(1)]));
    server.get(&address).is_problem(400, problem::PARAMETER);
    let one = server.get(&format!("{address}?incarnation={}", agent.identity.incarnation));
    assert_eq!(one.text(), batch(&events));
}
