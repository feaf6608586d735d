use inview::report::{CommandKind, Phase};
use inview::server::silence::watch::Watchdog;

use super::heartbeats::heartbeat;
use super::*;

/// The rows of the log, as they are stored.
fn log(server: &Server) -> Vec<serde_json::Value> {
    let database = rusqlite::Connection::open(server.home.folder.join("inview.db")).unwrap();
    let mut query = database.prepare("SELECT body FROM audit ORDER BY number").unwrap();
    let rows = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(|body| serde_json::from_str(&body.unwrap()).unwrap()).collect()
}

#[test]
fn who_did_what_is_written_down_once_each_and_no_text_that_people_wrote() {
    let server = Server::start();
    let mut agent = Agent::new(1);
    let session = agent.session();
    let cookie = server.sign_in();
    server.beat(session, &heartbeat(Phase::Exam));
    let text = "Please clear your desk.".to_owned();
    for _ in 0..2 {
        let body = serde_json::to_string(&CommandKind::Message { text: text.clone() }).unwrap();
        let path = format!("/v1/sessions/{session}/commands");
        server.post_json(&server.proctor, &path, Some("one"), body);
    }
    let first = agent.started("Seat 7");
    let other = first.replace("Seat 7", "Seat 8");
    server.post(session, batch(&[&first]));
    for _ in 0..2 {
        server.post(session, batch(&[&other])).is_problem(409, problem::FORK);
    }
    let mut watchdog = Watchdog::default();
    let fallen_silent: u64 = (0..40)
        .map(|_| {
            server.pass(1);
            server.runtime.block_on(watchdog.look(server.state())).unwrap()
        })
        .sum();
    assert_eq!(fallen_silent, 1);
    let out = Request::post("/logout").header(COOKIE, &cookie).body(Body::empty()).unwrap();
    assert_eq!(server.ask(out).status, 303);
    let login = Request::post("/login")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("token={}", server.proctor)));
    assert_eq!(server.ask(login.unwrap()).status, 303);
    let log = log(&server);
    let did: Vec<&str> = log.iter().map(|row| row["did"].as_str().unwrap()).collect();
    assert_eq!(
        did,
        [
            "signed_in",
            "command_given",
            "fork_recorded",
            "silence_alerted",
            "signed_out",
            "signed_in"
        ]
    );
    let who: Vec<&str> = log.iter().map(|row| row["who"].as_str().unwrap()).collect();
    assert!(who[0].starts_with("page-") && who[0] == who[4] && who[0] != who[5], "{who:?}");
    assert!(who[1].starts_with("token-") && who[2] == "server" && who[3] == "server", "{who:?}");
    assert_eq!(log[1]["session"], session.to_string());
    assert!(log[0]["detail"].as_str().unwrap().starts_with("by link-"));
    assert_eq!(log[5]["detail"], format!("by {}", who[1]));
    let all = serde_json::to_string(&log).unwrap();
    assert!(!all.contains(&text) && !all.contains(&server.proctor), "{all}");
}
