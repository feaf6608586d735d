use inview::report::{Exam, ExamList, Issued, JoinCode, Roster};
use serde_json::{Value, json};

use super::people::{between, named};
use super::*;

impl Server {
    fn import(&self, exam: &Exam, list: &str, key: Option<&str>) -> Answer {
        let mut request = Request::post(format!("/v1/exams/{}/roster", exam.exam))
            .header(CONTENT_TYPE, "text/csv")
            .header(HOST, "exams.example")
            .header(AUTHORIZATION, format!("Bearer {}", self.manager));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.ask(request.body(Body::from(list.to_owned())).unwrap())
    }

    fn take(&self, code: &JoinCode, number: u8) -> Answer {
        let token = Hash::of(&[number]).to_string();
        let body = json!({"code": code, "token": token, "public_key": key(number).public()});
        self.put("", "/v1/enrolments", &body)
    }
}

const LIST: &str = "name,room\nCandidate 1,A1\nCandidate 2,A2\n";

#[test]
fn the_sessions_of_an_exam_have_its_policy_and_are_listed_under_it() {
    let server = Server::start();
    let policy = json!({"version": "oral-1", "alert_after_ms": 20_000});
    let exam = server.exam(&json!({"name": " Law 1 ", "policy": policy, "language": "de"}));
    assert_eq!((exam.name.as_str(), &exam.policy, exam.sessions), ("Law 1", &policy, 0));
    let asked = json!({"label": "Seat 7", "exam": exam.exam, "room": "A1"});
    let issued = server.put(&server.manager, "/v1/sessions", &asked);
    assert_eq!(issued.status, 201, "{}", issued.text());
    let issued: Issued = issued.json();
    assert!(issued.link.reveal().ends_with("?lang=de"), "{:?}", issued.link.reveal());
    let taken: Value = server.take(&issued.code, 1).json();
    assert_eq!((&taken["policy"], &taken["label"]), (&policy, &json!("Seat 7")));
    server.put(&server.manager, "/v1/sessions", &json!({"label": "of no exam"}));
    let of_exam = format!("/v1/sessions?exam={}", exam.exam);
    let page: SessionPage = server.get(&of_exam).json();
    let [session] = &page.sessions[..] else { panic!("{page:?}") };
    assert_eq!((session.exam, session.room.as_deref()), (Some(exam.exam), Some("A1")));
    assert_eq!(server.get("/v1/sessions").json::<SessionPage>().sessions.len(), 2);
    let detail: SessionDetail = server.get(&format!("/v1/sessions/{}", issued.session)).json();
    assert_eq!((detail.summary.exam, detail.alert_after_ms), (Some(exam.exam), 20_000));
    let again: Exam = server.get(&format!("/v1/exams/{}", exam.exam)).json();
    assert_eq!(again, Exam { sessions: 1, ..exam });
    server.get("/v1/sessions?exam=7").is_problem(400, problem::PARAMETER);
}

#[test]
fn what_no_exam_can_be_is_said_and_changes_nothing() {
    let server = Server::start();
    for asked in [
        json!({}),
        json!({"name": ""}),
        json!({"name": "x", "policy": {"alert_after": 1}}),
        json!({"name": "x", "policy": {"warn_after_ms": 9_000}}),
        json!({"name": "x", "rooms": [""]}),
        json!({"name": "x", "language": "fr"}),
        json!({"name": "x", "more": 1}),
    ] {
        let refused = server.put(&server.manager, "/v1/exams", &asked);
        refused.is_problem(400, problem::MALFORMED);
    }
    assert!(server.get("/v1/exams").json::<ExamList>().exams.is_empty());
    let exam = server.exam(&json!({"name": "x", "rooms": ["A1", "A2", "A1"]}));
    assert_eq!(exam.rooms, ["A1", "A2"]);
    for (asked, status, kind) in [
        (json!({"label": "x", "exam": exam.exam}), 400, problem::MALFORMED),
        (json!({"label": "x", "exam": exam.exam, "room": "A3"}), 400, problem::MALFORMED),
        (json!({"label": "x", "room": "A1"}), 400, problem::MALFORMED),
        (json!({"label": "x", "exam": exam.exam, "policy": {}}), 400, problem::MALFORMED),
        (json!({"label": "x", "exam": uuid::Uuid::nil()}), 404, problem::NOT_FOUND),
    ] {
        server.put(&server.manager, "/v1/sessions", &asked).is_problem(status, kind);
    }
    assert!(server.get("/v1/sessions").json::<SessionPage>().sessions.is_empty());
}

#[test]
fn exams_come_in_pages_and_the_same_key_makes_one() {
    let server = Server::start();
    let make = |name: &str, key: &str| {
        let request = Request::post("/v1/exams")
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", key)
            .header(AUTHORIZATION, format!("Bearer {}", server.manager));
        server.ask(request.body(Body::from(named(name).to_string())).unwrap())
    };
    let first: Exam = make("one", "k1").json();
    let again = make("one", "k1");
    assert_eq!((again.status.as_u16(), again.json::<Exam>()), (200, first));
    make("other", "k1").is_problem(422, problem::KEY_REUSED);
    server.pass(1);
    make("two", "k2");
    server.pass(1);
    make("three", "k3");
    let (mut names, mut address) = (Vec::new(), "/v1/exams?limit=2".to_owned());
    loop {
        let page: ExamList = server.get(&address).json();
        names.extend(page.exams.into_iter().map(|exam| exam.name));
        let Some(next) = page.next else { break };
        address = format!("/v1/exams?limit=2&after={next}");
    }
    assert_eq!(names, ["three", "two", "one"]);
}

#[test]
fn a_list_becomes_a_session_for_each_row_once_under_its_key() {
    let server = Server::start();
    let exam = server.exam(&json!({"name": "Law 1", "rooms": ["A1", "A2"]}));
    let first = server.import(&exam, LIST, Some("key-1"));
    assert_eq!(first.status, 201, "{}", first.text());
    let roster: Roster = first.json();
    let rows: Vec<_> = roster
        .seats
        .iter()
        .map(|seat| (seat.line, seat.issued.label.as_str(), seat.room.as_deref()))
        .collect();
    assert_eq!(rows, [(2, "Candidate 1", Some("A1")), (3, "Candidate 2", Some("A2"))]);
    server.pass(60);
    let again = server.import(&exam, LIST, Some("key-1"));
    assert_eq!((again.status.as_u16(), again.json::<Roster>()), (200, roster.clone()));
    server.import(&exam, "name,room\nX,A1\n", Some("key-1")).is_problem(422, problem::KEY_REUSED);
    let of_exam = format!("/v1/sessions?exam={}", exam.exam);
    let sessions = server.get(&of_exam).json::<SessionPage>().sessions;
    let labels: Vec<&str> = sessions.iter().map(|session| session.label.as_str()).collect();
    assert_eq!(labels, ["Candidate 1", "Candidate 2"], "in the order of the list");
    // The codes of the second answer are those of the sessions.
    let [one, two] = &again.json::<Roster>().seats[..] else { panic!() };
    assert_ne!(one.issued.code, two.issued.code);
    let taken: Value = server.take(&one.issued.code, 1).json();
    assert_eq!(taken["session"], json!(one.issued.session));
    // Without a key, or under another one, it is another list.
    for key in [None, Some("key-2")] {
        let other: Roster = server.import(&exam, LIST, key).json();
        assert_ne!(other.seats[0].issued.code, one.issued.code);
    }
    // Another server derives others.
    let elsewhere = Server::start();
    let there = elsewhere.exam(&json!({"name": "Law 1"}));
    let theirs: Roster = elsewhere.import(&there, LIST, Some("key-1")).json();
    assert_ne!(theirs.seats[0].issued.code, one.issued.code);
}

#[test]
fn a_list_with_a_fault_is_refused_as_a_whole_and_each_line_is_named() {
    let server = Server::start();
    let exam = server.exam(&json!({"name": "Law 1", "rooms": ["A1"]}));
    let list = "name,room\nAnn,A1\n,A1\nBob,B9\nAnn,A1\nCid\n";
    let refused = server.import(&exam, list, None).is_problem(400, problem::MALFORMED);
    let lines: Vec<u64> = refused.lines.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [3, 4, 5, 6], "{:?}", refused.lines);
    let json = server.put(&server.manager, &format!("/v1/exams/{}/roster", exam.exam), &json!({}));
    json.is_problem(415, problem::CONTENT_TYPE);
    server.import(&exam, &"x".repeat(600_000), None).is_problem(413, problem::TOO_LARGE);
    assert!(server.get("/v1/sessions").json::<SessionPage>().sessions.is_empty());
}

#[test]
fn for_a_closed_exam_nothing_more_is_issued_and_its_sessions_go_on() {
    let server = Server::start();
    let exam = server.exam(&named("Law 1"));
    let roster: Roster = server.import(&exam, "name\nAnn\n", Some("key-1")).json();
    let address = format!("/v1/exams/{}/close", exam.exam);
    for _ in 0..2 {
        let closed: Exam = server.put(&server.manager, &address, &json!({})).json();
        assert_eq!(closed.closed_at.as_deref(), Some("2024-10-04T00:00:00Z"));
    }
    let asked = json!({"label": "x", "exam": exam.exam});
    let refused = server.put(&server.manager, "/v1/sessions", &asked);
    refused.is_problem(409, problem::EXAM_CLOSED);
    server.import(&exam, "name\nBob\n", None).is_problem(409, problem::EXAM_CLOSED);
    // What was done before is still answered as before.
    let again = server.import(&exam, "name\nAnn\n", Some("key-1"));
    assert_eq!((again.status.as_u16(), again.json::<Roster>()), (200, roster.clone()));
    assert_eq!(server.take(&roster.seats[0].issued.code, 1).status, 200);
    let did: Vec<String> = server.deeds().into_iter().map(|(_, did)| did).collect();
    assert_eq!(did, ["exam_created", "roster_imported", "exam_closed"]);
}

/// A form as browsers send it that may hold a file.
fn multipart(parts: &[(&str, &str)]) -> (String, String) {
    let parts = parts.iter().map(|(name, value)| {
        format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    let body = parts.collect::<String>() + "--cut--\r\n";
    ("multipart/form-data; boundary=cut".to_owned(), body)
}

#[test]
fn an_administrator_makes_an_exam_and_imports_a_list_on_the_pages() {
    let server = Server::start();
    let admin = server.admin();
    let list = server.page(&admin, "/exams");
    let form_key = between(list.text(), "name=\"key\" value=\"", "\"");
    let fields = |alert: &str| {
        format!(
            "name=Law+%3Cb%3E1&rooms=A1%0D%0AA2&language=ja&warn_after=2&record_after=1\
             &alert_after={alert}&sample_rate=5&virtual_camera=refuse&key={form_key}"
        )
    };
    let refused = server.form(&admin, "/exams", &fields("1"));
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("The candidate is told first: not later than"));
    assert!(refused.text().contains("value=\"1\""), "what was typed stands there still");
    let name = "x".repeat(201);
    let odd = format!("name={name}&rooms=A1%0D%0A{}&language=&key=k", "y".repeat(61));
    let refused = server.form(&admin, "/exams", &odd);
    assert_eq!(refused.status, 400);
    for part in [
        "No exam was made: see the fields that are marked.",
        "aria-describedby=\"name_note\" aria-invalid=\"true\" autofocus>",
        "id=\"name_note\"><strong class=\"fault\">One line of 1 to 200 characters.",
        "aria-describedby=\"rooms_note\" aria-invalid=\"true\">A1",
        "id=\"rooms_note\"><strong class=\"fault\">At most 500 rooms, one on each line, each of 60 characters",
    ] {
        assert!(refused.text().contains(part), "{part}: {}", refused.text());
    }
    let made = server.form(&admin, "/exams", &fields("7.5"));
    assert_eq!(made.status, 303, "{}", made.text());
    let address = made.headers[LOCATION].to_str().unwrap().to_owned();
    // A second press makes no second exam.
    assert_eq!(server.form(&admin, "/exams", &fields("7.5")).headers[LOCATION], *address);
    let page = server.page(&admin, &address);
    for part in ["7500", "refuse", "A1, A2", "Nobody is on the list yet", "&#60;b&#62;1"] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    let import = |parts: &[(&str, &str)]| {
        let (kind, body) = multipart(parts);
        let request = Request::post(format!("{address}/roster"))
            .header(CONTENT_TYPE, kind)
            .header(HOST, "exams.example")
            .header(COOKIE, &admin);
        server.ask(request.body(Body::from(body)).unwrap())
    };
    let key = between(page.text(), "name=\"key\" value=\"", "\"");
    let wrong =
        import(&[("key", &key), ("days", "30"), ("file", ""), ("list", "name,room\nAnn,B\n")]);
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("line 2: the exam has no such room"), "{}", wrong.text());
    let list = "name,room\n=SUM(A1),A1\nBob,A2\n";
    let links = import(&[("key", &key), ("days", "30"), ("file", list), ("list", "")]);
    assert_eq!(links.status, 201, "{}", links.text());
    let table = between(links.text(), "href=\"data:text/csv;charset=utf-8,", "\"");
    assert!(table.contains("%27%3DSUM%28A1%29,A1,"), "no formula: {table}");
    let link = between(links.text(), "https://exams.example/join/", "<");
    assert!(link.ends_with("?lang=ja"), "{link}");
    let open = Request::get(format!("/join/{link}")).header(HOST, "exams.example");
    let joined = server.ask(open.body(Body::empty()).unwrap());
    assert!(joined.text().contains("試験に参加する"));
    let page = server.page(&admin, &address);
    assert!(page.text().contains("not started") && page.text().contains(">Bob<"));
    assert!(!page.text().contains(&link), "codes stand on one page alone");
    assert_eq!(server.form(&admin, &format!("{address}/close"), "").status, 303);
    let page = server.page(&admin, &address);
    assert!(page.text().contains("closed") && !page.text().contains("Import a list"));
}

#[test]
fn an_exam_changes_its_rules_by_a_form_until_somebody_has_taken_a_session() {
    let server = Server::start();
    let admin = server.admin();
    let policy = json!({"version": "mine", "face": {"enter": 0.8}});
    let exam = server.exam(&json!({"name": "Law 1", "policy": policy}));
    let issued: Issued = server
        .put(&server.manager, "/v1/sessions", &json!({"label": "Ann", "exam": exam.exam}))
        .json();
    let (page, form) = (format!("/exams/{}", exam.exam), format!("/exams/{}/policy", exam.exam));
    let shown = server.page(&admin, &page);
    for part in ["Change the rules", "name=\"warn_after\"", "Default: 5.", "value=\"7\""] {
        assert!(shown.text().contains(part), "{part}: {}", shown.text());
    }
    let read = || server.get(&format!("/v1/exams/{}", exam.exam)).json::<Exam>();
    let wrong = server.form(&admin, &form, "key=0123456789&warn_after=9&alert_after=soon");
    assert_eq!(wrong.status, 400);
    for part in ["This is no number.", "aria-invalid=\"true\"", "value=\"soon\"", "see the fields"]
    {
        assert!(wrong.text().contains(part), "{part}: {}", wrong.text());
    }
    assert_eq!(read().policy, policy);
    let sent = "key=0123456789&warn_after=3&still_image=alert";
    let changed = server.form(&admin, &form, sent);
    assert_eq!(changed.status, 303, "{}", changed.text());
    let expected = json!({"version": "exam-01234567", "face": {"enter": 0.8}, "warn_after_ms": 3000, "still_image": "alert"});
    assert_eq!(read().policy, expected);
    assert!(server.deeds().iter().any(|(_, did)| did == "policy_changed"));
    let taken: Value = server.take(&issued.code, 1).json();
    assert_eq!(taken["policy"], expected);
    let shown = server.page(&admin, &page);
    assert!(shown.text().contains("they cannot be changed any more"), "{}", shown.text());
    assert!(!shown.text().contains("name=\"warn_after\""));
    let late = server.form(&admin, &form, "key=0123456789&warn_after=1");
    assert_eq!(late.status, 409);
    assert_eq!(read().policy, expected);
}

#[test]
fn the_language_of_links_changes_by_the_page_and_by_the_api_until_the_exam_is_closed() {
    let server = Server::start();
    let admin = server.admin();
    let exam = server.exam(&json!({"name": "Law 1", "language": "de"}));
    let issue = |name: &str| -> Issued {
        let asked = json!({"label": name, "exam": exam.exam});
        server.put(&server.manager, "/v1/sessions", &asked).json()
    };
    let [page, form] = ["", "/language"].map(|part| format!("/exams/{}{part}", exam.exam));
    let read = || server.get(&format!("/v1{page}")).json::<Exam>().language;
    let put = |body: Value| {
        let request = Request::put(format!("/v1{form}"))
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {}", server.manager));
        server.ask(request.body(Body::from(body.to_string())).unwrap())
    };
    let german = issue("Ann");
    // A candidate has begun: the policy stays, and the language of other links does not matter to them.
    server.take(&german.code, 1);
    let changed = put(json!({"language": "ja"}));
    assert_eq!(changed.json::<Exam>().language.as_deref(), Some("ja"));
    let japanese = issue("Bob");
    assert!(
        german.link.reveal().ends_with("?lang=de") && japanese.link.reveal().ends_with("?lang=ja")
    );
    assert_eq!(server.form(&admin, &form, "language=es").status, 303);
    assert_eq!(read().as_deref(), Some("es"));
    assert!(server.page(&admin, &page).text().contains("pages: Español"));
    assert_eq!(put(json!({"language": null})).status, 200);
    assert_eq!(read(), None);
    for odd in [json!({}), json!({"language": "fr"}), json!({"language": 1}), json!({"x": null})] {
        put(odd).is_problem(400, problem::MALFORMED);
    }
    // What is as it was is no deed.
    put(json!({"language": null}));
    let deeds = server.deeds();
    assert_eq!(deeds.iter().filter(|(_, did)| did == "language_changed").count(), 3);
    assert_eq!(server.form(&admin, &format!("{page}/close"), "").status, 303);
    put(json!({"language": "en"})).is_problem(409, problem::EXAM_CLOSED);
    assert_eq!(server.form(&admin, &form, "language=en").status, 409);
    assert!(!server.page(&admin, &page).text().contains(&form));
}
