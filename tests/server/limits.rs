use inview::report::Phase;

use super::heartbeats::heartbeat;
use super::*;

#[test]
fn a_session_that_comes_too_often_is_told_when_to_come_again() {
    let server = Server::start();
    let [session, other] = [1, 2].map(|number| Agent::new(number).session());
    for _ in 0..20 {
        server.beat(session, &heartbeat(Phase::Exam));
    }
    let refused = server.beat_as(&server.agent, session, &heartbeat(Phase::Exam));
    refused.is_problem(429, problem::RATE_LIMIT);
    assert_eq!(refused.headers[RETRY_AFTER], "1");
    // Reports and heartbeats together; other sessions are not held up.
    server.post(session, "[]").is_problem(429, problem::RATE_LIMIT);
    server.beat(other, &heartbeat(Phase::Exam));
    server.pass(1);
    for _ in 0..10 {
        server.beat(session, &heartbeat(Phase::Exam));
    }
    let refused = server.beat_as(&server.agent, session, &heartbeat(Phase::Exam));
    refused.is_problem(429, problem::RATE_LIMIT);
}

#[test]
fn strangers_do_not_use_up_what_a_session_may_send() {
    let server = Server::start();
    let session = Agent::new(1).session();
    for _ in 0..30 {
        server
            .beat_as("guessed", session, &heartbeat(Phase::Exam))
            .is_problem(401, problem::UNAUTHORIZED);
    }
    server.beat(session, &heartbeat(Phase::Exam));
}

#[test]
fn what_is_nested_too_deeply_is_refused_and_the_server_goes_on() {
    let (server, session) = (Server::start(), Agent::new(1).session());
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    server.post(session, deep(10_000)).is_problem(422, problem::MALFORMED_EVENTS);
    server.post(session, "[".repeat(200_000)).is_problem(400, problem::MALFORMED_BATCH);
    let nested = |event: String, depth| {
        event.replace("\"alert_after_ms\"", &format!("\"deep\":{},\"alert_after_ms\"", deep(depth)))
    };
    let refused = server.post(session, batch(&[&nested(Agent::new(1).started("x"), 10_000)]));
    let refused = refused.is_problem(422, problem::MALFORMED_EVENTS);
    assert!(refused.detail.unwrap().contains("deeper than 32"));
    let second = nested(Agent::new(2).started("x"), 29);
    assert_eq!(server.post(Agent::new(2).session(), batch(&[&second])).status, 200);
    let beat = serde_json::to_string(&heartbeat(Phase::Exam)).unwrap();
    let beat = beat.replacen('{', &format!("{{\"later\":{},", deep(4_000)), 1);
    let path = format!("/v1/sessions/{session}");
    let answer = server.post_json(&server.agent, &format!("{path}/heartbeats"), None, beat);
    answer.is_problem(400, problem::MALFORMED_HEARTBEAT);
    server.beat(session, &heartbeat(Phase::Exam));
    let answer = server.post_json(&server.proctor, &format!("{path}/commands"), None, deep(4_000));
    answer.is_problem(400, problem::MALFORMED_COMMAND);
}
