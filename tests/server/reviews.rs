use inview::report::{Exam, Issued, ReviewRequest, StoredReview, Verdict};

use super::people::named;
use super::*;

/// An interval that alerts, and where it is reviewed.
fn alert(server: &Server) -> (SessionId, String) {
    let mut agent = Agent::new(1);
    let session = agent.session();
    let events = [agent.started("Seat 7"), agent.closed(Kind::OutOfView, 1_000, 9_000)];
    server.post(session, batch(&[&events[0], &events[1]]));
    let interval = IntervalId::derived(session, 1_000);
    (session, format!("/v1/sessions/{session}/intervals/{interval}/review"))
}

fn say(server: &Server, path: &str, verdict: Verdict, note: &str) -> Answer {
    let asked = ReviewRequest { verdict, note: note.to_owned() };
    server.post_json(&server.proctor, path, None, serde_json::to_string(&asked).unwrap())
}

fn review_of(server: &Server, session: SessionId) -> Option<StoredReview> {
    let list: IntervalList = server.get(&format!("/v1/sessions/{session}/intervals")).json();
    list.intervals[0].review.clone()
}

fn rows(server: &Server, table: &str) -> Vec<String> {
    let database = rusqlite::Connection::open(server.home.folder.join("inview.db")).unwrap();
    let column = if table == "audit" { "body" } else { "verdict" };
    let mut query =
        database.prepare(&format!("SELECT {column} FROM {table} ORDER BY number")).unwrap();
    let rows = query.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_last_review_counts_and_all_are_kept_with_who_and_when() {
    let server = Server::start();
    let (session, path) = alert(&server);
    assert_eq!(review_of(&server, session), None);
    let first = say(&server, &path, Verdict::Acknowledged, "");
    assert_eq!(first.status, 201, "{}", first.text());
    // Pressed twice.
    assert_eq!(say(&server, &path, Verdict::Acknowledged, "").status, 200);
    server.pass(60);
    assert_eq!(say(&server, &path, Verdict::Technical, "The lamp fell.").status, 201);
    let review = review_of(&server, session).unwrap();
    assert_eq!((review.verdict, &*review.note), (Verdict::Technical, "The lamp fell."));
    assert!(review.by.starts_with("token-") && review.at.ends_with("00:01:00Z"), "{review:?}");
    assert_eq!(say(&server, &path, Verdict::Withdrawn, "").status, 201);
    assert_eq!(review_of(&server, session), None);
    assert_eq!(rows(&server, "review"), ["acknowledged", "technical", "withdrawn"]);
    let audit = rows(&server, "audit");
    let told: Vec<_> = audit.iter().filter(|body| body.contains("\"reviewed\"")).collect();
    assert!(told.len() == 3 && told[1].contains(" technical\""), "{audit:?}");
    assert!(!audit.iter().any(|body| body.contains("lamp")), "{audit:?}");
}

#[test]
fn what_is_no_review_or_of_nothing_is_refused() {
    let server = Server::start();
    let (session, path) = alert(&server);
    for body in ["", "{}", r#"{"verdict":"guilty"}"#, r#"{"verdict":"fine","by":"me"}"#] {
        let answer = server.post_json(&server.proctor, &path, None, body.to_owned());
        answer.is_problem(400, problem::MALFORMED);
    }
    say(&server, &path, Verdict::Fine, &"x".repeat(501)).is_problem(400, problem::MALFORMED);
    let other = IntervalId::derived(session, 2);
    let nowhere = format!("/v1/sessions/{session}/intervals/{other}/review");
    say(&server, &nowhere, Verdict::Fine, "").is_problem(404, problem::NOT_FOUND);
    let asked = r#"{"verdict":"fine"}"#.to_owned();
    let theirs = server.token(Scope::Read, "b");
    server.post_json(&theirs, &path, None, asked.clone()).is_problem(404, problem::NOT_FOUND);
    server.post_json(&server.agent, &path, None, asked).is_problem(403, problem::SCOPE);
    assert!(rows(&server, "review").is_empty());
}

#[test]
fn a_form_reviews_and_an_acknowledged_alert_sinks_below_the_others() {
    let server = Server::start();
    let now = Timestamp::from_second(20_000 * DAY).unwrap().to_string();
    for (number, label) in [(1, "Seat 1"), (2, "Seat 2")] {
        let mut agent = Agent::new(number);
        let events = [agent.started(label), agent.opened(Kind::OutOfView, 10, &now)];
        server.post(agent.session(), batch(&[&events[0], &events[1]]));
    }
    server.pass(6);
    let cookie = server.sign_in();
    let first = |page: &Answer| {
        let name = page.text().split("data-name=\"").nth(1).unwrap();
        name.split('"').next().unwrap().to_owned()
    };
    let page = server.page(&cookie, "/");
    assert_eq!((first(&page).as_str(), page.text().contains("(2) Sessions")), ("Seat 1", true));
    let session = Agent::new(1).session();
    let interval = IntervalId::derived(session, 10);
    let form = Request::post(format!("/sessions/{session}/intervals/{interval}/review"))
        .header(COOKIE, &cookie)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("on=roster&verdict=acknowledged"));
    let answer = server.ask(form.unwrap());
    assert_eq!((answer.status.as_u16(), &answer.headers[LOCATION]), (303, &"/".parse().unwrap()));
    let page = server.page(&cookie, "/");
    assert_eq!((first(&page).as_str(), page.text().contains("(1) Sessions")), ("Seat 2", true));
    assert!(page.text().contains("(acknowledged)"));
    let page = server.page(&cookie, &format!("/sessions/{session}"));
    assert!(page.text().contains("<summary>acknowledged</summary>"), "{}", page.text());
}

#[test]
fn a_review_bears_the_name_of_the_account_and_auditors_and_other_proctors_judge_nothing() {
    let server = Server::start();
    let admin = server.admin();
    let (exam, other) = (server.exam(&named("their exam")), server.exam(&named("another")));
    let asked = serde_json::json!({"label": "Seat 7", "exam": exam.exam});
    let issued: Issued = server.put(&server.manager, "/v1/sessions", &asked).json();
    let mut agent = Agent::new(1);
    agent.identity.session = issued.session;
    agent.identity.incarnation = Incarnation::of_replay(issued.session);
    let events = [agent.started("x"), agent.closed(Kind::OutOfView, 1_000, 9_000)];
    server.post(issued.session, batch(&[&events[0], &events[1]]));
    let interval = IntervalId::derived(issued.session, 1_000);
    let path = format!("/sessions/{}/intervals/{interval}/review", issued.session);
    let account = |name, role, exam: &Exam| {
        let (id, cookie) = server.account(&admin, name, role);
        server.form(&admin, &format!("/accounts/{id}/exams"), &format!("exam={}", exam.exam));
        cookie
    };
    let auditor = account("eve", "auditor", &exam);
    assert_eq!(server.form(&auditor, &path, "verdict=fine").status, 403);
    let page = server.page(&auditor, &format!("/sessions/{}", issued.session));
    assert!(page.text().contains("to review") && !page.text().contains("name=\"verdict\""));
    let stranger = account("bob", "proctor", &other);
    assert_eq!(server.form(&stranger, &path, "verdict=fine").status, 404);
    assert!(rows(&server, "review").is_empty());
    let proctor = account("ann", "proctor", &exam);
    assert_eq!(server.form(&proctor, &path, "verdict=technical&note=lamp").status, 303);
    let review = review_of(&server, issued.session).unwrap();
    assert_eq!((&*review.by, review.verdict), ("account-ann", Verdict::Technical));
    let deeds = server.deeds();
    assert!(deeds.contains(&("account-ann".to_owned(), "reviewed".to_owned())), "{deeds:?}");
}

#[test]
fn after_an_exam_alerts_wait_in_the_order_of_what_may_depend_on_them_until_somebody_has_judged() {
    let server = Server::start();
    let mut agent = Agent::new(1);
    let session = agent.session();
    let kinds = [(Kind::TooDark, 1_000), (Kind::MultiplePeople, 30_000), (Kind::OutOfView, 60_000)];
    let mut events = vec![agent.started("Seat 7")];
    events.extend(kinds.map(|(kind, start)| agent.closed(kind, start, start + 9_000)));
    let texts: Vec<&str> = events.iter().map(|it| &**it).collect();
    server.post(session, batch(&texts));
    let cookie = server.sign_in();
    let page = || server.page(&cookie, "/review").text().to_owned();
    assert!(page().contains("No alert of an exam that has ended waits"), "it runs still");
    let ended = agent.ended(100_000);
    server.post(session, batch(&[&ended]));
    let form = |start: i64, body: &str| {
        let interval = IntervalId::derived(session, start as u64);
        let path = format!("/sessions/{session}/intervals/{interval}/review");
        let answer = server.form(&cookie, &path, body);
        assert_eq!(&answer.headers[LOCATION], "/review", "{}", answer.text());
        server.pass(4);
    };
    for (waiting, start, what) in [
        ("3 alerts wait", 30_000, "more than one person"),
        ("2 alerts wait", 60_000, "out of view"),
        ("1 alert waits", 1_000, "too dark"),
    ] {
        let page = page();
        let heading = format!("<h2 id=\"what\">{what}, 9.0 s</h2>");
        assert!(page.contains(waiting) && page.contains(&heading), "{what}: {page}");
        form(start, "on=review&verdict=acknowledged");
        form(start, "on=review&verdict=technical");
    }
    let done = page();
    assert!(done.contains("No alert of an exam") && done.contains("<dd>100 %</dd>"), "{done}");
    assert!(done.contains("8.0 s, the median") && done.contains("You said last"), "{done}");
    form(1_000, "on=review&verdict=withdrawn");
    assert!(page().contains("1 alert waits"));
}
