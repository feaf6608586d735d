//! What is taken away again: on request, or when it was kept for long enough.

use axum::http::Method;
use inview::report::{Phase, problem};
use inview::server::operation::retention;
use inview::server::store::Retention;

use super::heartbeats::heartbeat;
use super::*;

/// Bytes of the database and its log that have this text.
fn has(server: &Server, text: &str) -> bool {
    let database = rusqlite::Connection::open(server.home.folder.join("inview.db")).unwrap();
    // What the log still has goes with the next checkpoint, which comes by itself.
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    ["inview.db", "inview.db-wal"].iter().any(|name| {
        let bytes = std::fs::read(server.home.folder.join(name)).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

fn delete(server: &Server, token: &str, session: SessionId) -> Answer {
    let request = Request::builder().method(Method::DELETE).uri(format!("/v1/sessions/{session}"));
    let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    server.ask(request.body(Body::empty()).unwrap())
}

#[test]
fn an_erased_session_is_gone_from_the_disk_too_and_its_agent_is_told() {
    let server = Server::start();
    let admin = server.admin();
    let token = server.api_token(&admin, &serde_json::json!({"name": "erase", "scope": "admin"}));
    let mut agent = Agent::new(1);
    let session = agent.session();
    let events = [agent.started("Ada Unmistakable"), agent.closed(Kind::OutOfView, 1_000, 9_000)];
    assert_eq!(server.post(session, batch(&[&events[0], &events[1]])).status, 200);
    server.beat(session, &heartbeat(Phase::Exam));
    let address = format!("/v1/sessions/{session}");
    assert_eq!(server.get(&address).status, 200);
    assert!(has(&server, "Ada Unmistakable"));

    delete(&server, &server.proctor, session).is_problem(403, problem::SCOPE);
    assert_eq!(delete(&server, &token, session).status, 204);
    assert_eq!(delete(&server, &token, session).status, 204);
    delete(&server, &token, Agent::new(2).session()).is_problem(404, problem::NOT_FOUND);

    server.get(&address).is_problem(404, problem::NOT_FOUND);
    server.get(&format!("{address}/export")).is_problem(404, problem::NOT_FOUND);
    assert!(!server.get("/v1/sessions").text().contains("Unmistakable"));
    assert!(!has(&server, "Ada Unmistakable"));
    let deeds = server.deeds();
    assert!(deeds.iter().any(|(_, did)| did == "session_erased"), "{deeds:?}");
    // It does not come back, neither by reports that were sent before nor by later ones.
    for event in [&events[0], &agent.ended(9_000)] {
        server.post(session, batch(&[event])).is_problem(410, problem::ERASED);
    }
    let beat = server.beat_as(&server.agent, session, &heartbeat(Phase::Exam));
    beat.is_problem(410, problem::ERASED);
    assert_eq!(server.get(&address).status, 404);
}

#[test]
fn the_form_erases_only_when_its_box_is_marked() {
    let server = Server::start();
    let admin = server.admin();
    let mut agent = Agent::new(1);
    let session = agent.session();
    server.post(session, batch(&[&agent.started("Seat 7")]));
    let page = server.page(&admin, &format!("/sessions/{session}"));
    let address = format!("/sessions/{session}/erase");
    assert!(page.text().contains(&address), "{}", page.text());
    assert_eq!(server.form(&admin, &address, "sure=no").status, 400);
    assert_eq!(server.page(&admin, &format!("/sessions/{session}")).status, 200);
    assert_eq!(server.form(&admin, &address, "sure=yes").status, 303);
    assert_eq!(server.page(&admin, &format!("/sessions/{session}")).status, 404);
}

#[test]
fn sessions_go_when_they_were_kept_for_long_enough() {
    let server = Server::start();
    let kept_for = |days: i64| Retention {
        sessions: Some(SignedDuration::from_hours(days * 24)),
        audit: None,
    };
    let sessions = (0..45).map(|number| {
        let mut agent = Agent::new(number);
        server.post(agent.session(), batch(&[&agent.started("Seat")]));
    });
    assert_eq!(sessions.count(), 45);
    server.pass(10 * DAY);
    let mut young = Agent::new(99);
    server.post(young.session(), batch(&[&young.started("Seat")]));
    let look =
        |days| server.runtime.block_on(retention::look(server.state(), kept_for(days))).unwrap();
    assert_eq!(look(11), 0);
    assert_eq!(look(9), 45);
    assert_eq!(look(9), 0);
    assert_eq!(server.get(&format!("/v1/sessions/{}", young.session())).status, 200);
}
