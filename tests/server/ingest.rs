use super::*;

#[test]
fn a_batch_is_answered_by_a_receipt_and_sent_again_by_the_same_one() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let (one, two) = (agent.started("x"), agent.ended(30_000));
    for expected in [EventStatus::Accepted, EventStatus::Duplicate] {
        let answer = server.post(agent.session(), batch(&[&one, &two]));
        assert_eq!(answer.status, 200);
        let receipt: Receipt = answer.json();
        assert_eq!(receipt.session, agent.session());
        assert_eq!(receipt.incarnation, agent.identity.incarnation);
        assert_eq!((receipt.acked_seq, receipt.head_hash), (2, Hash::of(two.as_bytes())));
        let statuses: Vec<_> = receipt.results.iter().map(|result| result.status).collect();
        assert_eq!(statuses, [expected; 2]);
        assert_eq!(receipt.results[1].id, Identity { seq: 2, ..agent.identity }.event_id());
        assert_eq!(receipt.server_time, "2024-10-04T00:00:00Z");
    }
}

#[test]
fn what_does_not_continue_the_chain_is_a_conflict() {
    let (server, mut agent, mut other) = (Server::start(), Agent::new(1), Agent::new(1));
    let (one, two, three) = (agent.started("x"), agent.ended(1), agent.ended(2));
    let problem = server.post(agent.session(), batch(&[&two])).is_problem(409, problem::GAP);
    assert_eq!(problem.results[0].status, EventStatus::NotStored);
    assert_eq!(server.get("/v1/sessions").json::<SessionPage>().sessions, []);
    assert_eq!(server.post(agent.session(), batch(&[&one, &two])).status, 200);
    let changed = other.started("y");
    let forked = server.post(agent.session(), batch(&[&changed]));
    assert_eq!(forked.is_problem(409, problem::FORK).results[0].status, EventStatus::Fork);
    let elsewhere = three.replace(&Hash::of(two.as_bytes()).to_string(), &Hash::ZERO.to_string());
    server.post(agent.session(), batch(&[&elsewhere])).is_problem(409, problem::FORK);
    let detail: SessionDetail = server.get(&format!("/v1/sessions/{}", agent.session())).json();
    assert_eq!((detail.summary.forks, detail.summary.label.as_str()), (2, "x"));
}

#[test]
fn a_malformed_event_is_named_and_the_chain_goes_on_over_it() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let (one, poison, three) = (agent.started("x"), agent.poison(), agent.ended(3));
    let answer = server.post(agent.session(), batch(&[&one, &poison, &three]));
    let problem = answer.is_problem(422, problem::MALFORMED_EVENTS);
    let statuses: Vec<_> = problem.results.iter().map(|result| result.status).collect();
    let not_stored = EventStatus::NotStored;
    assert_eq!(statuses, [not_stored, EventStatus::Rejected, not_stored]);
    assert!(problem.detail.unwrap().contains("duration_ms"));
    assert_eq!(server.post(agent.session(), batch(&[&one])).status, 200);
    server.post(agent.session(), batch(&[&poison])).is_problem(422, problem::MALFORMED_EVENTS);
    let receipt: Receipt = server.post(agent.session(), batch(&[&three])).json();
    assert_eq!(receipt.acked_seq, 3);
    let session = agent.session();
    let detail: SessionDetail = server.get(&format!("/v1/sessions/{session}")).json();
    assert_eq!(detail.rejected[0].seq, 2);
    assert_eq!(detail.chains[0].head_seq, 3);
    let events = server.get(&format!("/v1/sessions/{session}/events"));
    assert_eq!(events.text(), batch(&[&one, &three]));
}

#[test]
fn what_is_no_batch_is_refused() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let (one, session) = (agent.started("x"), agent.session());
    for body in
        ["", "{}", "[]", "[{]", "nonsense", &format!("{}{}", "[".repeat(9_000), "]".repeat(9_000))]
    {
        let answer = server.post(session, body.to_owned());
        assert!([400, 422].contains(&answer.status.as_u16()), "{body}: {}", answer.text());
    }
    server.post(session, "[]").is_problem(400, problem::MALFORMED_BATCH);
    let mut other = Agent::new(1);
    other.identity.incarnation = Incarnation(uuid::Uuid::from_u128(9));
    let mixed = batch(&[&one, &other.started("y")]);
    server.post(session, mixed).is_problem(400, problem::MALFORMED_BATCH);
    let foreign = server.post(SessionId(uuid::Uuid::from_u128(2)), batch(&[&one]));
    foreign.is_problem(422, problem::MALFORMED_EVENTS);
    let unknown = one.replace("session.started.v1", "session.started.v9");
    let problem =
        server.post(session, batch(&[&unknown])).is_problem(422, problem::MALFORMED_EVENTS);
    assert!(problem.results[0].detail.as_ref().unwrap().contains("not known"));
}

#[test]
fn the_limits_are_kept() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let events: Vec<String> = (0..101).map(|millis| agent.ended(millis)).collect();
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    server.post(session, batch(&events)).is_problem(413, problem::TOO_LARGE);
    assert_eq!(server.post(session, batch(&events[..100])).status, 200);
    let full = |bytes: usize| format!("[{}]", " ".repeat(bytes - 2));
    server.post(session, full(256 * 1024 + 1)).is_problem(413, problem::TOO_LARGE);
    server.post(session, full(256 * 1024)).is_problem(400, problem::MALFORMED_BATCH);
    let endless = slow_body(b" ", false);
    server.post(session, endless).is_problem(413, problem::TOO_LARGE);
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let server = Server::start();
    // The runtime's clock jumps ahead when there is nothing else to do.
    let answer = server.post(Agent::new(1).session(), slow_body(b"[", true));
    answer.is_problem(408, problem::TIMEOUT);
}

#[test]
fn other_content_is_refused() {
    let server = Server::start();
    let session = Agent::new(1).session();
    let bearer = format!("Bearer {}", server.agent);
    for (name, value) in [
        (CONTENT_TYPE, "application/json"),
        (CONTENT_TYPE, "text/plain"),
        (CONTENT_ENCODING, "gzip"),
    ] {
        let mut request =
            post(session).header(AUTHORIZATION, &bearer).body(Body::from("[]")).unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        server.ask(request).is_problem(415, problem::CONTENT_TYPE);
    }
    let mut request = post(session).header(AUTHORIZATION, &bearer).body(Body::from("[]")).unwrap();
    let with_charset = format!("{BATCH_CONTENT_TYPE}; charset=utf-8").parse().unwrap();
    request.headers_mut().insert(CONTENT_TYPE, with_charset);
    server.ask(request).is_problem(400, problem::MALFORMED_BATCH);
}

#[test]
fn who_writes_does_not_read_and_who_reads_does_not_write() {
    let server = Server::start();
    let session = Agent::new(1).session();
    let refused = server.ask(post(session).body(Body::from("[]")).unwrap());
    refused.is_problem(401, problem::UNAUTHORIZED);
    assert_eq!(refused.headers[WWW_AUTHENTICATE], "Bearer realm=\"inview\"");
    server.post_as("guessed", session, "[]").is_problem(401, problem::UNAUTHORIZED);
    server.post_as(&server.proctor, session, "[]").is_problem(403, problem::SCOPE);
    for address in ["/v1/sessions", &format!("/v1/sessions/{session}")] {
        server.ask(get(address)).is_problem(401, problem::UNAUTHORIZED);
        server.get_as("guessed", address).is_problem(401, problem::UNAUTHORIZED);
        server.get_as(&server.agent, address).is_problem(403, problem::SCOPE);
    }
    let short = server.token(Scope::Write, "local");
    server.post_as(&short, session, "[]").is_problem(400, problem::MALFORMED_BATCH);
    server.pass(3_600);
    server.post_as(&short, session, "[]").is_problem(401, problem::UNAUTHORIZED);
}

#[test]
fn too_much_at_once_is_asked_to_come_again() {
    let server = Server::start();
    let bearer = format!("Bearer {}", server.agent);
    let busy = server.runtime.block_on(async {
        let app = app(server.state().clone());
        let hanging: Vec<_> = (0..300)
            .map(|number| {
                // One session alone would be told that it comes too often.
                let session = Agent::new(number).session();
                let request = post(session).header(AUTHORIZATION, &bearer);
                let request = request.body(slow_body(b"[", true)).unwrap();
                tokio::spawn(app.clone().oneshot(request))
            })
            .collect();
        let mut busy = 0;
        for answer in hanging {
            let answer = answer.await.unwrap().unwrap();
            if answer.status() == 503 {
                assert!(answer.headers().contains_key(RETRY_AFTER));
                busy += 1;
            } else {
                assert_eq!(answer.status(), 408);
            }
        }
        busy
    });
    assert_eq!(busy, 300 - 256);
}

/// A body that goes on forever, or hangs after its first piece.
fn slow_body(piece: &'static [u8], hangs: bool) -> Body {
    struct Pieces(&'static [u8], bool, bool);
    impl axum::body::HttpBody for Pieces {
        type Data = axum::body::Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
            if self.1 && self.2 {
                return std::task::Poll::Pending;
            }
            self.2 = true;
            let bytes = axum::body::Bytes::from_static(self.0);
            std::task::Poll::Ready(Some(Ok(http_body::Frame::data(bytes))))
        }
    }
    Body::new(Pieces(piece, hangs, false))
}
