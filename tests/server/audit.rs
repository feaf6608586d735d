use inview::report::{CommandKind, Phase};
use inview::server::silence::watch::Watchdog;

use super::heartbeats::heartbeat;
use super::people::named;
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

/// Changes a row together with its hash, as somebody would who knows how rows hang together.
fn forge(server: &Server, number: u64) {
    let database = rusqlite::Connection::open(server.home.folder.join("inview.db")).unwrap();
    let row = "SELECT body FROM audit WHERE number = ?1";
    let body: String = database.query_row(row, [number], |row| row.get(0)).unwrap();
    let forged = body.replacen("\"who\":\"", "\"who\":\"x", 1);
    assert_ne!(forged, body);
    let hash = Hash::of(forged.as_bytes());
    let sql = "UPDATE audit SET body = ?2, hash = ?3 WHERE number = ?1";
    database.execute(sql, rusqlite::params![number, forged, hash.as_bytes()]).unwrap();
}

#[test]
fn the_page_checks_what_is_new_and_what_was_changed_behind_it_is_found_when_all_is_checked() {
    let server = Server::start();
    let admin = server.admin();
    let (_, auditor) = server.account(&admin, "eve", "auditor");
    let look = |address: &str| server.page(&auditor, address).text().to_owned();
    let has = |page: &str, part: &str| assert!(page.contains(part), "{part}: {page}");
    let first = look("/audit");
    has(&first, "All rows were checked now");
    has(&first, ">whole<");
    server.pass(60);
    let again = look("/audit");
    has(&again, "no row was new, and the last one was as it was");
    has(&again, ">whole as far as checked<");
    server.exam(&named("one"));
    has(&look("/audit"), "the new one was checked");
    server.exam(&named("two"));
    server.exam(&named("three"));
    has(&look("/audit"), "the 2 new ones were checked");
    forge(&server, 1);
    // It fits its hash, and is no row that is read again.
    server.pass(60);
    let unaware = look("/audit?did=exam_created");
    has(&unaware, "Whether an older row has been changed since then is seen when all are checked");
    assert!(!unaware.contains("Row 1 is not"), "{unaware}");
    has(&look("/audit?check=all&did=exam_created"), "Row 1 is not as it was written");
    // From now on nobody takes it for whole.
    has(&look("/audit"), "Row 1 is not as it was written");
}

#[test]
fn a_row_that_is_shown_or_was_the_last_one_is_looked_at_each_time() {
    let server = Server::start();
    let admin = server.admin();
    let (_, auditor) = server.account(&admin, "eve", "auditor");
    let look = || server.page(&auditor, "/audit").text().to_owned();
    assert!(look().contains("All rows were checked now"));
    let last = log(&server).len() as u64;
    forge(&server, last);
    let page = look();
    assert!(page.contains(&format!("Row {last} is not as it was written")), "{page}");
    let server = Server::start();
    let admin = server.admin();
    let (_, auditor) = server.account(&admin, "eve", "auditor");
    assert!(server.page(&auditor, "/audit").text().contains("All rows were checked now"));
    let database = rusqlite::Connection::open(server.home.folder.join("inview.db")).unwrap();
    let sql = "UPDATE audit SET body = replace(body, '\"did\":\"', '\"did\":\"x') WHERE number = 1";
    assert_eq!(database.execute(sql, []).unwrap(), 1);
    let page = server.page(&auditor, "/audit");
    assert!(page.text().contains("Row 1 is not as it was written"), "{}", page.text());
}
