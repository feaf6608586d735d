use super::*;
use axum::extract::ConnectInfo;
use inview::report::{Enrolment, EnrolmentRequest, IssueRequest, Issued, JoinCode};
use serde_json::{Value, json};
use std::net::SocketAddr;

const HOUR: i64 = 3_600;

fn json_to(address: &str, body: &Value) -> Request<Body> {
    let request = Request::post(address).header(CONTENT_TYPE, "application/json");
    request.header(HOST, "Exams.example:8443").body(Body::from(body.to_string())).unwrap()
}

impl Server {
    fn issue_as(&self, token: &str, body: &Value) -> Answer {
        let mut request = json_to("/v1/sessions", body);
        let token = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert(AUTHORIZATION, token);
        self.ask(request)
    }

    #[track_caller]
    fn issue(&self, body: &Value) -> Issued {
        let answer = self.issue_as(&self.manager, body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    fn enrol(&self, code: &JoinCode, token: &str) -> Answer {
        self.enrol_from("192.0.2.1", code, token)
    }

    fn enrol_from(&self, address: &str, code: &JoinCode, token: &str) -> Answer {
        let mut request = json_to("/v1/enrolments", &request(code, token));
        let peer = SocketAddr::new(address.parse().unwrap(), 50_000);
        request.extensions_mut().insert(ConnectInfo(peer));
        self.ask(request)
    }

    fn summary(&self, session: SessionId) -> inview::report::SessionSummary {
        self.get(&format!("/v1/sessions/{session}")).json::<SessionDetail>().summary
    }
}

/// What an agent sends; its key is always the same.
fn request(code: &JoinCode, token: &str) -> Value {
    json!({"code": code, "token": token, "public_key": key(1).public()})
}

/// What an agent makes itself.
fn token(number: u8) -> String {
    Hash::of(&[number]).to_string()
}

#[test]
fn a_session_is_issued_taken_by_an_agent_and_reported_under_its_label() {
    let server = Server::start();
    let policy = json!({"version": "oral-1", "alert_after_ms": 20_000});
    let issued = server.issue(&json!({"label": " Seat 7 ", "policy": policy}));
    assert_eq!(issued.expires_at, "2024-10-11T00:00:00Z");
    let code = issued.code.reveal();
    assert_eq!(*issued.link.reveal(), format!("https://exams.example:8443/join/{code}"));
    assert_eq!(
        *issued.agent_link.reveal(),
        format!("inview://join?server=https%3A%2F%2Fexams.example%3A8443&code={code}")
    );
    let summary = server.summary(issued.session);
    assert_eq!((summary.label.as_str(), summary.status), ("Seat 7", SessionStatus::Issued));
    assert_eq!((summary.first_contact, summary.last_contact), (None, None));
    assert_eq!(summary.issued.unwrap().enrolled_at, None);
    server.pass(HOUR);
    let enrolment: Enrolment = server.enrol(&issued.code, &token(1)).json();
    assert_eq!((enrolment.session, enrolment.label.as_str()), (issued.session, "Seat 7"));
    assert_eq!(enrolment.policy, policy);
    assert_eq!(enrolment.server_time, "2024-10-04T01:00:00Z");
    assert_eq!(enrolment.expires_at, "2024-10-04T13:00:00Z");
    let summary = server.summary(issued.session);
    assert_eq!(summary.status, SessionStatus::Issued, "nothing was reported yet");
    assert_eq!(summary.issued.unwrap().enrolled_at.as_deref(), Some("2024-10-04T01:00:00Z"));
    let mut agent = Agent::new(issued.session.0.as_u128());
    let events = [agent.started("another label"), agent.closed(Kind::OutOfView, 1_000, 9_000)];
    let events = events.map(|event| sealed(&event, &key(1)));
    let events = batch(&events.each_ref().map(String::as_str));
    assert_eq!(server.post_as(&token(1), issued.session, events).status, 200);
    let summary = server.summary(issued.session);
    assert_eq!((summary.label.as_str(), summary.status), ("Seat 7", SessionStatus::Running));
    assert_eq!(summary.first_contact.as_deref(), Some("2024-10-04T01:00:00Z"));
    // Eight seconds: the agent says five are enough, whoever issued it says twenty.
    assert_eq!((summary.intervals, summary.alerts), (1, 0));
}

#[test]
fn a_lost_answer_locks_nobody_out_and_a_code_is_good_for_one_agent() {
    let server = Server::start();
    let issued = server.issue(&json!({"label": "Seat 7"}));
    let first: Enrolment = server.enrol(&issued.code, &token(1)).json();
    let again: Enrolment = server.enrol(&issued.code, &token(1)).json();
    assert_eq!(first, again);
    server.enrol(&issued.code, &token(2)).is_problem(409, problem::CODE_USED);
    let unknown = JoinCode::from_random([7; 8]);
    server.enrol(&unknown, &token(1)).is_problem(404, problem::CODE_UNKNOWN);
    let late = server.issue(&json!({"label": "x", "expires_at": "2024-10-04T01:00:00Z"}));
    server.pass(HOUR);
    server.enrol(&late.code, &token(3)).is_problem(410, problem::CODE_UNKNOWN);
}

#[test]
fn the_token_of_an_agent_is_for_its_session_and_for_twelve_hours_which_the_code_renews() {
    let server = Server::start();
    let (one, other) = (server.issue(&json!({"label": "1"})), server.issue(&json!({"label": "2"})));
    assert_eq!(server.enrol(&one.code, &token(1)).status, 200);
    let mut agents = [&one, &other].map(|issued| Agent::new(issued.session.0.as_u128()));
    let [own, foreign] =
        agents.each_mut().map(|agent| batch(&[&sealed(&agent.started("x"), &key(1))]));
    let refused = server.post_as(&token(1), other.session, foreign);
    refused.is_problem(403, problem::SCOPE);
    assert_eq!(server.summary(other.session).status, SessionStatus::Issued);
    server.get_as(&token(1), "/v1/sessions").is_problem(403, problem::SCOPE);
    server.issue_as(&token(1), &json!({"label": "x"})).is_problem(403, problem::SCOPE);
    server.pass(12 * HOUR);
    let late = server.post_as(&token(1), one.session, own.clone());
    late.is_problem(401, problem::UNAUTHORIZED);
    assert_eq!(server.enrol(&one.code, &token(1)).status, 200);
    assert_eq!(server.post_as(&token(1), one.session, own).status, 200);
}

#[test]
fn only_a_managers_token_issues_and_it_does_nothing_else() {
    let server = Server::start();
    let request = json!({"label": "Seat 7"});
    for token in [&server.agent, &server.proctor] {
        server.issue_as(token, &request).is_problem(403, problem::SCOPE);
    }
    server.issue_as("guessed", &request).is_problem(401, problem::UNAUTHORIZED);
    server.ask(json_to("/v1/sessions", &request)).is_problem(401, problem::UNAUTHORIZED);
    for address in ["/v1/sessions", "/v1/sessions?limit=1"] {
        server.get_as(&server.manager, address).is_problem(403, problem::SCOPE);
    }
    let mut agent = Agent::new(1);
    let events = batch(&[&agent.started("x")]);
    let refused = server.post_as(&server.manager, agent.session(), events);
    refused.is_problem(403, problem::SCOPE);
    // What another tenant issues is theirs.
    let theirs = server.token(Scope::Manage, "b");
    let issued: Issued = server.issue_as(&theirs, &request).json();
    let address = format!("/v1/sessions/{}", issued.session);
    server.get(&address).is_problem(404, problem::NOT_FOUND);
    let reader = server.token(Scope::Read, "b");
    assert_eq!(server.get_as(&reader, &address).status, 200);
    assert_eq!(server.enrol(&issued.code, &token(1)).status, 200);
    let mut agent = Agent::new(issued.session.0.as_u128());
    let events = batch(&[&sealed(&agent.started("x"), &key(1))]);
    assert_eq!(server.post_as(&token(1), issued.session, events).status, 200);
    server.get(&address).is_problem(404, problem::NOT_FOUND);
}

#[test]
fn what_cannot_be_issued_or_taken_is_said_and_changes_nothing() {
    let server = Server::start();
    for request in [
        json!({}),
        json!({"label": ""}),
        json!({"label": "x", "polcy": {}}),
        json!({"label": "x", "policy": {"alert_after": 5}}),
        json!({"label": "x", "expires_at": "2024-10-03T00:00:00Z"}),
        json!([]),
    ] {
        server.issue_as(&server.manager, &request).is_problem(400, problem::MALFORMED);
    }
    let long = json!({"label": "x".repeat(20_000)});
    server.issue_as(&server.manager, &long).is_problem(413, problem::TOO_LARGE);
    assert!(server.get("/v1/sessions").json::<SessionPage>().sessions.is_empty());
    let issued = server.issue(&json!({"label": "Seat 7"}));
    let good = request(&issued.code, &token(1));
    for (name, value) in [
        ("token", json!("short")),
        ("token", json!(token(1).to_uppercase())),
        ("token", json!(null)),
        ("code", json!("7KQ4")),
        ("public_key", json!(null)),
        ("public_key", json!("7")),
    ] {
        let mut odd = good.clone();
        odd[name] = value;
        let request = json_to("/v1/enrolments", &odd);
        server.ask(request).is_problem(400, problem::MALFORMED);
    }
    let form = Request::post("/v1/enrolments").body(Body::from("code=7")).unwrap();
    server.ask(form).is_problem(415, problem::CONTENT_TYPE);
    // The token of another is not to be had by naming it.
    let taken = server.enrol(&issued.code, &server.agent);
    taken.is_problem(400, problem::MALFORMED);
    assert_eq!(server.enrol(&issued.code, &token(1)).status, 200);
}

#[test]
fn whoever_guesses_codes_waits_and_others_do_not() {
    let server = Server::start();
    let issued = server.issue(&json!({"label": "Seat 7"}));
    for guess in 0..20 {
        let code = JoinCode::from_random([guess; 8]);
        server.enrol(&code, &token(1)).is_problem(404, problem::CODE_UNKNOWN);
    }
    let refused = server.enrol(&issued.code, &token(1));
    refused.is_problem(429, problem::RATE_LIMIT);
    assert_eq!(refused.headers[RETRY_AFTER], "300");
    assert_eq!(server.enrol_from("192.0.2.2", &issued.code, &token(1)).status, 200);
    server.pass(300);
    assert_eq!(server.enrol(&issued.code, &token(1)).status, 200);
}

#[test]
fn issued_sessions_are_in_the_list_where_they_were_issued() {
    let server = Server::start();
    let first = server.issue(&json!({"label": "first"}));
    server.pass(1);
    let mut reported = Agent::new(9);
    server.post(reported.session(), batch(&[&reported.started("second")]));
    server.pass(1);
    server.issue(&json!({"label": "third"}));
    server.pass(1);
    let labels = || {
        let (mut labels, mut address) = (Vec::new(), "/v1/sessions?limit=1".to_owned());
        loop {
            let page: SessionPage = server.get(&address).json();
            labels.extend(page.sessions.into_iter().map(|session| session.label));
            let Some(next) = page.next else { break labels };
            address = format!("/v1/sessions?limit=1&after={next}");
        }
    };
    assert_eq!(labels(), ["third", "second", "first"]);
    // A report does not move a session about.
    let mut agent = Agent::new(first.session.0.as_u128());
    server.post(first.session, batch(&[&agent.started("x")]));
    assert_eq!(labels(), ["third", "second", "first"]);
    let cookie = server.sign_in();
    let list = server.page(&cookie, "/").text().to_owned();
    for part in ["not started", "code good until 2024-10-11 00:00 UTC", "reports arrive"] {
        assert!(list.contains(part), "{part}");
    }
}

#[test]
fn a_proctor_makes_a_session_by_the_form_and_sees_its_code_there_only() {
    let server = Server::start();
    let cookie = server.sign_in();
    assert!(server.page(&cookie, "/").text().contains("action=\"/sessions\""));
    let form = |cookie: Option<&str>, label: &str| {
        let mut request = Request::post("/sessions")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(HOST, "exams.example");
        if let Some(cookie) = cookie {
            request = request.header(COOKIE, cookie);
        }
        server.ask(request.body(Body::from(format!("label={label}"))).unwrap())
    };
    let made = form(Some(&cookie), "Seat+%3Cb%3E7");
    assert_eq!(made.status, 201);
    let text = made.text();
    assert!(text.contains("https://exams.example/join/"), "{text}");
    assert!(text.contains("inview://join?server=https%3A%2F%2Fexams.example"), "{text}");
    assert!(text.contains("Seat") && !text.contains("<b>7"), "{text}");
    let code = text.split("code-large\">").nth(1).unwrap().split('<').next().unwrap();
    let code: JoinCode = code.parse().unwrap();
    let session = server.get("/v1/sessions").json::<SessionPage>().sessions[0].session;
    for page in ["/".to_owned(), format!("/sessions/{session}")] {
        let page = server.page(&cookie, &page);
        assert_eq!(page.status, 200);
        assert!(!page.text().contains(&code.reveal()));
    }
    assert_eq!(server.enrol(&code, &token(1)).status, 200);
    for stranger in [None, Some("__Host-inview=guessed")] {
        assert_eq!(form(stranger, "x").headers[LOCATION], "/login");
    }
    // A proctor's token that only reads does not send forms, nor does it issue.
    let mut request = Request::post("/sessions").header(HOST, "exams.example");
    request = request.header(AUTHORIZATION, format!("Bearer {}", server.proctor));
    assert_eq!(server.ask(request.body(Body::from("label=x")).unwrap()).status, 303);
    assert_eq!(form(Some(&cookie), "").status, 400);
    assert_eq!(server.get("/v1/sessions").json::<SessionPage>().sessions.len(), 1);
}

#[test]
fn the_page_of_a_link_opens_the_agent_and_uses_nothing_up() {
    let server = Server::start();
    let issued = server.issue(&json!({"label": "Seat 7"}));
    let path = issued.link.reveal().trim_start_matches("https://exams.example:8443").to_owned();
    let open = |path: &str, language: &str| {
        let request = Request::get(path).header(HOST, "exams.example:8443");
        server.ask(request.header(ACCEPT_LANGUAGE, language).body(Body::empty()).unwrap())
    };
    for (language, title) in [("en-GB", "Join your exam"), ("ja,en;q=0.5", "試験に参加する")]
    {
        let page = open(&path, language);
        assert_eq!(page.status, 200);
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        assert_eq!(page.headers["cache-control"], "no-store");
        let escaped = issued.agent_link.reveal().replace('&', "&#38;");
        for part in [title, &issued.code.reveal(), &format!("href=\"{escaped}\"")] {
            assert!(page.text().contains(part), "{part}: {}", page.text());
        }
        assert!(!page.text().contains("Seat 7"), "whoever guesses learns nothing");
    }
    // Typed in small letters it is the same page; another code has one, too.
    assert_eq!(open(&path.to_lowercase(), "en").status, 200);
    assert_eq!(open("/join/0000-0000-0000", "en").status, 200);
    for odd in ["/join/7", "/join/%FF", "/join/%3Cscript%3E"] {
        assert_eq!(open(odd, "en").status, 404, "{odd}");
    }
    assert_eq!(server.enrol(&issued.code, &token(1)).status, 200);
}

#[test]
fn codes_and_tokens_are_in_no_log() {
    let (code, token) = (JoinCode::from_random([7; 8]), Pii::new(token(1)));
    let request = EnrolmentRequest { code, token, public_key: "7".to_owned() };
    let shown = "EnrolmentRequest { code: ***, token: ***, public_key: \"7\" }";
    assert_eq!(format!("{request:?}"), shown);
    let request: IssueRequest = serde_json::from_value(json!({"label": "x"})).unwrap();
    assert_eq!((request.policy, request.expires_at), (Value::Null, None));
}
