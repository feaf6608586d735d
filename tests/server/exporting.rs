//! What is given out of a session: as a table, signed, and on paper.
use axum::http::header::CONTENT_DISPOSITION;
use inview::report::{ReviewRequest, Verdict};

use super::*;

/// A session with an absence that somebody has judged, and one that is open.
fn judged(server: &Server, note: &str) -> (SessionId, Vec<String>) {
    let mut agent = Agent::new(1);
    let session = agent.session();
    let events = vec![
        sealed(&agent.started("Ann"), &key(1)),
        sealed(&agent.closed(Kind::OutOfView, 1_000, 9_000), &key(1)),
        sealed(&agent.closed(Kind::CameraCovered, 20_000, 26_500), &key(1)),
        sealed(&agent.opened(Kind::TooDark, 40_000, "2024-10-04T00:00:40Z"), &key(1)),
    ];
    let texts: Vec<&str> = events.iter().map(String::as_str).collect();
    assert_eq!(server.post(session, batch(&texts)).status, 200);
    let interval = IntervalId::derived(session, 1_000);
    let asked = ReviewRequest { verdict: Verdict::Technical, note: note.to_owned() };
    let path = format!("/v1/sessions/{session}/intervals/{interval}/review");
    let asked = serde_json::to_string(&asked).unwrap();
    assert_eq!(server.post_json(&server.proctor, &path, None, asked).status, 201);
    (session, events)
}

fn database(server: &Server) -> rusqlite::Connection {
    rusqlite::Connection::open(server.home.folder.join("inview.db")).unwrap()
}

#[test]
fn a_table_has_every_interval_with_its_review_and_nothing_in_it_is_a_formula() {
    let server = Server::start();
    let note = "=HYPERLINK(\"http://evil.example\",\"x\"),\nlamp";
    let (session, _) = judged(&server, note);
    let answer = server.get(&format!("/v1/sessions/{session}/intervals.csv"));
    assert_eq!(
        (answer.status.as_u16(), &answer.headers[CONTENT_TYPE]),
        (200, &"text/csv; charset=utf-8".parse().unwrap())
    );
    let named = answer.headers[CONTENT_DISPOSITION].to_str().unwrap();
    assert_eq!(named, format!("attachment; filename=\"intervals-{session}.csv\""));
    assert!(answer.text().ends_with("\r\n"));
    let mut table = csv::Reader::from_reader(&answer.body[..]);
    let header = table.headers().unwrap().clone();
    let rows: Vec<_> = table.records().collect::<Result<_, _>>().unwrap();
    let field = |row: usize, name: &str| {
        let column = header.iter().position(|known| known == name).unwrap();
        rows[row].get(column).unwrap().to_owned()
    };
    let row =
        |at: usize, names: &[&str]| names.iter().map(|name| field(at, name)).collect::<Vec<_>>();
    let times =
        ["kind", "family", "start_ms", "end_ms", "duration_ms", "open", "closed_by", "verdict"];
    let closed =
        ["out_of_view", "presence", "1000", "9000", "8000", "no", "seen_again", "technical"];
    assert_eq!(row(0, &times), closed);
    assert_eq!(field(0, "note"), format!("'{note}"));
    assert!(field(0, "reviewed_by").starts_with("token-"));
    assert_eq!(row(2, &["kind", "end_ms", "open", "verdict"]), ["too_dark", "", "yes", ""]);
    assert_eq!(rows.len(), 3);
    server.get("/v1/sessions/nothing/intervals.csv").is_problem(404, problem::NOT_FOUND);
}

#[test]
fn that_a_session_was_given_out_stands_in_the_record() {
    let server = Server::start();
    let (session, _) = judged(&server, "");
    let cookie = server.admin();
    for address in [
        format!("/v1/sessions/{session}/export"),
        format!("/v1/sessions/{session}/intervals.csv"),
        format!("/sessions/{session}/report"),
    ] {
        assert_eq!(server.page(&cookie, &address).status, 200);
    }
    let details: Vec<String> = database(&server)
        .prepare("SELECT body ->> '$.detail' FROM audit WHERE body ->> '$.did' = 'session_exported' AND body ->> '$.session' = ?1 ORDER BY number")
        .unwrap()
        .query_map([session.to_string()], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(details, ["signed", "table", "report"]);
}

#[test]
fn a_report_says_what_was_checked_and_names_the_first_report_that_is_wrong() {
    let server = Server::start();
    let (session, _) = judged(&server, "the lamp fell");
    let cookie = server.admin();
    let page = || server.page(&cookie, &format!("/sessions/{session}/report")).text().to_owned();
    let good = page();
    for part in [
        "Checked: 4 reports are as reported",
        "Unbroken up to report 4: 4 reports.",
        "They are not signed",
        "the lamp fell",
        "No other history",
        "alert_after_ms",
    ] {
        assert!(good.contains(part), "{part}: {good}");
    }
    let head: SessionDetail = server.get(&format!("/v1/sessions/{session}")).json();
    assert!(good.contains(&head.chains[0].head_hash.to_string()));
    // Somebody makes an absence shorter.
    let changed = database(&server).execute(
        "UPDATE event SET body = CAST(replace(CAST(body AS TEXT), '\"end_ms\":9000', '\"end_ms\":2000') AS BLOB) WHERE seq = 2",
        [],
    );
    assert_eq!(changed.unwrap(), 1);
    let bad = page();
    for part in [
        "Something here is not as it was reported",
        "Wrong at report 3, the first that is: it does not follow upon the one before it",
        "Report 2 of",
    ] {
        assert!(bad.contains(part), "{part}: {bad}");
    }
    // The last report alone can only be missed because the server knows how far it came.
    database(&server).execute("DELETE FROM place WHERE seq = 4", []).unwrap();
    assert!(page().contains("3 intervals are kept, and 2 were reported"), "{}", page());
}
