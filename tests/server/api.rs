//! What programs do that people do by the pages, and what holds for every address of the API.
use inview::report::{
    AccountDetail, AccountLink, AccountList, ApiTokenList, AuditPage, AuditState, CommandKind,
    CommandList, Exam, Issued, MadeToken,
};
use serde_json::{Value, json};

use super::people::{PASSWORD, between};
use super::*;

struct Api {
    server: Server,
    /// The token of an administrator's program.
    admin: String,
}

impl Api {
    fn new() -> Self {
        let server = Server::start();
        let asked = json!({"name": "program", "scope": "admin"});
        let root = server.admin();
        let admin = server.api_token(&root, &asked);
        Self { server, admin }
    }

    fn send(&self, method: &str, address: &str, key: Option<&str>, body: &Value) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(address)
            .header(CONTENT_TYPE, "application/json")
            .header(HOST, "exams.example")
            .header(AUTHORIZATION, format!("Bearer {}", self.admin));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.server.ask(request.body(Body::from(body.to_string())).unwrap())
    }

    fn get(&self, address: &str) -> Answer {
        self.server.get_as(&self.admin, address)
    }

    fn account(&self, name: &str, role: &str) -> AccountLink {
        let made = self.send("POST", "/v1/accounts", None, &json!({"name": name, "role": role}));
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()
    }
}

#[test]
fn accounts_are_made_changed_and_assigned_by_a_program_as_by_the_pages() {
    let api = Api::new();
    let exam = api.server.exam(&json!({"name": "Law 1"}));
    let asked = json!({"name": "Ann@example.org", "role": "proctor", "exams": [exam.exam]});
    let made = api.send("POST", "/v1/accounts", None, &asked);
    let AccountLink { account, link, .. } = made.json();
    let address = format!("/v1/accounts/{}", account.id);
    assert_eq!((made.status.as_u16(), &made.headers[LOCATION]), (201, &address.parse().unwrap()));
    assert_eq!(
        (account.name.as_str(), account.ready, account.exams),
        ("ann@example.org", false, 1)
    );
    api.send("POST", "/v1/accounts", None, &asked).is_problem(409, problem::NAME_TAKEN);
    let code = link.reveal().strip_prefix("https://exams.example").unwrap();
    let fields = format!("password={PASSWORD}&again={PASSWORD}");
    let cookie = cookie(&api.server.form("", code, &fields));
    assert_eq!(api.server.page(&cookie, &format!("/exams/{}", exam.exam)).status, 200);
    let emptied = api.send("PUT", &format!("{address}/exams"), None, &json!({"exams": []}));
    assert_eq!(emptied.json::<AccountDetail>().assigned, []);
    assert_eq!(api.server.page(&cookie, &format!("/exams/{}", exam.exam)).status, 404);
    let changed = api.send("PATCH", &address, None, &json!({"role": "auditor"}));
    assert_eq!(changed.json::<AccountDetail>().account.role.as_str(), "auditor");
    assert_eq!(api.server.page(&cookie, "/audit").status, 200);
    let changed = api.send("PATCH", &address, None, &json!({"disabled": true}));
    assert!(changed.json::<AccountDetail>().account.disabled);
    assert_eq!(api.server.page(&cookie, "/audit").status, 303);
    api.send("PATCH", &address, None, &json!({"disabled": false}));
    let link = api.send("POST", &format!("{address}/link"), None, &json!({"without_totp": true}));
    assert_eq!(link.status, 201, "{}", link.text());
    let unknown = json!({"exams": [uuid::Uuid::nil()]});
    let refused = api.send("PUT", &format!("{address}/exams"), None, &unknown);
    refused.is_problem(400, problem::MALFORMED);
    let deeds: Vec<String> = api.server.deeds().into_iter().map(|(_, did)| did).collect();
    let expected = [
        "account_created",
        "exams_assigned",
        "password_set",
        "exams_assigned",
        "role_changed",
        "account_disabled",
        "account_enabled",
        "password_link_made",
        "second_factor_removed",
    ];
    let counts = |did: &str| deeds.iter().filter(|deed| *deed == did).count();
    for did in expected {
        assert!(counts(did) > 0, "{did}: {deeds:?}");
    }
}

#[test]
fn lists_come_in_pages_of_any_size_and_each_thing_once() {
    let api = Api::new();
    for number in 0..5 {
        api.account(&format!("person{number}"), "proctor");
        api.send(
            "POST",
            "/v1/tokens",
            None,
            &json!({"name": format!("t{number}"), "scope": "read"}),
        );
    }
    let mut agent = Agent::new(1);
    let session = agent.session();
    api.server.post(session, batch(&[&agent.started("x")]));
    let commands = format!("/v1/sessions/{session}/commands");
    for number in 0..5 {
        let kind = CommandKind::Message { text: format!("m{number}") };
        let given = api.send("POST", &commands, None, &serde_json::to_value(kind).unwrap());
        assert_eq!(given.status, 201, "{}", given.text());
    }
    let walk = |address: &str, list: &str, name: &str| {
        let (mut found, mut pages, mut next) = (Vec::new(), 0, String::new());
        loop {
            let page: Value = api.get(&format!("{address}?limit=2{next}")).json();
            found.extend(page[list].as_array().unwrap().iter().map(|it| it[name].to_string()));
            pages += 1;
            let after = match &page["next"] {
                Value::Null => break (found, pages),
                Value::String(after) => after.clone(),
                after
                @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                    after.to_string()
                }
            };
            next = format!("&after={after}");
        }
    };
    let all = |list: Vec<String>| list.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>();
    let accounts: AccountList = api.get("/v1/accounts").json();
    let names = all(accounts.accounts.into_iter().map(|it| it.name).collect());
    assert_eq!(walk("/v1/accounts", "accounts", "name"), (names, 3));
    let tokens: ApiTokenList = api.get("/v1/tokens").json();
    let names = all(tokens.tokens.into_iter().map(|it| it.name).collect());
    assert_eq!(walk("/v1/tokens", "tokens", "name"), (names, 3));
    let given: CommandList = api.get(&commands).json();
    let ids = all(given.commands.into_iter().map(|it| it.id.to_string()).collect());
    assert_eq!(walk(&commands, "commands", "id"), (ids, 3));
    let (rows, _) = walk("/v1/audit", "entries", "number");
    let expected: Vec<String> = (1..=rows.len()).rev().map(|row| row.to_string()).collect();
    assert_eq!(rows, expected);
    for address in ["/v1/accounts", "/v1/tokens", &commands, "/v1/sessions", "/v1/exams"] {
        let nobody = format!("{address}?after={}", uuid::Uuid::nil());
        api.get(&nobody).is_problem(400, problem::PARAMETER);
        api.get(&format!("{address}?limit=0")).is_problem(400, problem::PARAMETER);
        api.get(&format!("{address}?limit=x")).is_problem(400, problem::PARAMETER);
    }
}

#[test]
fn what_is_sent_twice_under_a_key_is_done_once_and_answered_with_the_same_secrets() {
    let api = Api::new();
    let exam = api.server.exam(&json!({"name": "Law 1"}));
    for (address, asked, other) in [
        ("/v1/sessions", json!({"label": "x", "exam": exam.exam}), json!({"label": "y"})),
        ("/v1/exams", json!({"name": "x"}), json!({"name": "y"})),
        (
            "/v1/tokens",
            json!({"name": "x", "scope": "read"}),
            json!({"name": "x", "scope": "audit"}),
        ),
        (
            "/v1/accounts",
            json!({"name": "x", "role": "admin"}),
            json!({"name": "x", "role": "auditor"}),
        ),
    ] {
        let first = api.send("POST", address, Some("k"), &asked);
        assert_eq!(first.status, 201, "{address} {}", first.text());
        let done = api.server.deeds().len();
        api.server.pass(3_600);
        let again = api.send("POST", address, Some("k"), &asked);
        assert_eq!((again.status.as_u16(), again.text()), (200, first.text()), "{address}");
        assert_eq!(again.headers.get(LOCATION), first.headers.get(LOCATION), "{address}");
        let refused = api.send("POST", address, Some("k"), &other);
        refused.is_problem(422, problem::KEY_REUSED);
        assert_eq!(api.server.deeds().len(), done, "{address}");
    }
    // The answers had secrets in them: none stands in the database.
    let issued: Issued = api.send("POST", "/v1/sessions", Some("s"), &json!({"label": "x"})).json();
    let made: MadeToken =
        api.send("POST", "/v1/tokens", Some("s"), &json!({"name": "x", "scope": "read"})).json();
    let file = std::fs::read(api.server.home.folder.join("inview.db-wal")).unwrap();
    for secret in [issued.code.reveal(), made.token.reveal().clone()] {
        assert!(!file.windows(secret.len()).any(|part| part == secret.as_bytes()));
    }
    // A key is one credential's, and is forgotten after a day.
    let asked = json!({"name": "x"});
    let theirs = api.server.put(&api.server.manager, "/v1/exams", &asked);
    assert_eq!(theirs.status, 201);
    api.server.pass(DAY);
    assert_eq!(api.send("POST", "/v1/exams", Some("k"), &json!({"name": "y"})).status, 201);
    let long = "k".repeat(129);
    api.send("POST", "/v1/exams", Some(&long), &asked).is_problem(400, problem::PARAMETER);
}

#[test]
fn an_exam_has_another_policy_until_an_agent_has_taken_one_of_its_sessions() {
    let api = Api::new();
    let exam = api.server.exam(&json!({"name": "Law 1"}));
    let address = format!("/v1/exams/{}/policy", exam.exam);
    let issue = |label: &str| -> Issued {
        api.send("POST", "/v1/sessions", None, &json!({"label": label, "exam": exam.exam})).json()
    };
    let seats = [issue("one"), issue("two")];
    let policy = json!({"version": "v2", "alert_after_ms": 9_000});
    let changed = api.send("PUT", &address, None, &json!({"policy": policy}));
    assert_eq!(changed.json::<Exam>().policy, policy);
    let detail: SessionDetail = api.get(&format!("/v1/sessions/{}", seats[0].session)).json();
    assert_eq!(detail.alert_after_ms, 9_000);
    let refused = api.send("PUT", &address, None, &json!({"policy": {"alert_after": 1}}));
    refused.is_problem(400, problem::MALFORMED);
    let token = Hash::of(b"token").to_string();
    let body = json!({"code": seats[1].code, "token": token, "public_key": key(1).public()});
    let taken: Value = api.server.put("", "/v1/enrolments", &body).json();
    assert_eq!(taken["policy"], policy);
    let refused = api.send("PUT", &address, None, &json!({"policy": null}));
    refused.is_problem(409, problem::EXAM_BEGUN);
    assert_eq!(api.get(&format!("/v1/exams/{}", exam.exam)).json::<Exam>().policy, policy);
    let changed = api.server.deeds().into_iter().filter(|(_, did)| did == "policy_changed");
    assert_eq!(changed.count(), 1);
}

#[test]
fn the_record_is_searched_and_its_hashes_can_be_checked_by_who_reads_it() {
    let api = Api::new();
    let ann = api.account("ann", "proctor");
    api.server.pass(3_600);
    let exam = api.server.exam(&json!({"name": "Law 1"}));
    let issued = api.send("POST", "/v1/sessions", None, &json!({"label": "x", "exam": exam.exam}));
    let session = issued.json::<Issued>().session;
    let all: AuditPage = api.get("/v1/audit").json();
    let mut after: Option<&inview::report::AuditEntry> = None;
    for entry in &all.entries {
        assert_eq!(Hash::of(entry.body.as_bytes()), entry.hash);
        if let Some(after) = after {
            let body: Value = serde_json::from_str(&after.body).unwrap();
            assert_eq!(body["prev"], json!(entry.hash));
        }
        after = Some(entry);
    }
    let head = all.entries[0].hash;
    let state: AuditState = api.get("/v1/audit/state").json();
    assert_eq!(state, AuditState::Whole { rows: all.entries.len() as u64, head });
    let found = |query: &str| -> Vec<String> {
        let page: AuditPage = api.get(&format!("/v1/audit?{query}")).json();
        page.entries.into_iter().map(|entry| entry.did).collect()
    };
    assert_eq!(found(&format!("session={session}")), ["session_issued"]);
    assert_eq!(found("did=account_created&who=token-"), ["account_created"]);
    let hour = &all.entries[0].at;
    assert_eq!(found(&format!("from={hour}")), ["session_issued", "exam_created"]);
    assert!(found(&format!("to={hour}")).contains(&"account_created".to_owned()));
    assert_eq!(found("who=nobody"), Vec::<String>::new());
    for query in ["from=yesterday", "session=7", "limit=201", "after=x"] {
        api.get(&format!("/v1/audit?{query}")).is_problem(400, problem::PARAMETER);
    }
    // A token for one exam has nothing to do with it.
    let asked = json!({"name": "x", "scope": "audit", "exam": exam.exam});
    let limited: MadeToken = api.send("POST", "/v1/tokens", None, &asked).json();
    let refused = api.server.get_as(limited.token.reveal(), "/v1/audit");
    refused.is_problem(403, problem::SCOPE);
    // Somebody changes a row.
    let database = rusqlite::Connection::open(api.server.home.folder.join("inview.db")).unwrap();
    let id = ann.account.id.to_string();
    let sql = "UPDATE audit SET body = replace(body, ?1, 'nobody') WHERE instr(body, ?1) > 0";
    assert_eq!(database.execute(sql, [id]).unwrap(), 1);
    let state: AuditState = api.get("/v1/audit/state").json();
    assert!(matches!(state, AuditState::Broken { .. }), "{state:?}");
}

#[test]
fn the_page_of_the_record_says_whether_it_is_whole_and_finds_rows() {
    let server = Server::start();
    let admin = server.admin();
    let (_, auditor) = server.account(&admin, "eve", "auditor");
    let (_, proctor) = server.account(&admin, "paul", "proctor");
    let page = server.page(&auditor, "/audit");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("All rows were checked now"), "{}", page.text());
    assert!(page.text().contains("account made") && page.text().contains(">Record</a>"));
    assert!(!server.page(&proctor, "/").text().contains(">Record</a>"));
    assert_eq!(server.page(&proctor, "/audit").status, 403);
    let found = server.page(&auditor, "/audit?by=root&did=account_created&from=2024-01-01T00:00");
    let table = between(found.text(), "<tbody>", "</tbody>");
    assert_eq!(table.matches("<tr>").count(), 2, "{table}");
    let none = server.page(&auditor, "/audit?by=%3Cb%3E");
    assert!(none.text().contains("No row is like this") && !none.text().contains("<b>"));
    let odd = server.page(&auditor, "/audit?from=yesterday");
    assert_eq!(odd.status, 400);
    assert!(odd.text().contains("from must be a time"), "{}", odd.text());
    for _ in 0..210 {
        server.form(&admin, "/tokens", "name=x&scope=read&exam=&days=9");
    }
    let first = server.page(&auditor, "/audit?did=token_made");
    let older = between(first.text(), "<p><a href=\"", "\"").replace("&#38;", "&");
    let second = server.page(&auditor, &older);
    let table = between(second.text(), "<tbody>", "</tbody>");
    assert_eq!((table.matches("<tr>").count(), second.text().contains("Older rows")), (10, false));
}

#[test]
fn whatever_the_server_refuses_below_v1_it_says_so_as_problem_details() {
    let api = Api::new();
    api.get("/v1/nothing").is_problem(404, problem::NOT_FOUND);
    api.get("/v1/exams/%ff").is_problem(404, problem::NOT_FOUND);
    api.get("/v1/exams/").is_problem(404, problem::NOT_FOUND);
    for (method, address) in
        [("PUT", "/v1/exams"), ("DELETE", "/v1/sessions"), ("POST", "/v1/audit")]
    {
        let refused = api.send(method, address, None, &json!({}));
        refused.is_problem(405, problem::METHOD);
        assert!(refused.headers.contains_key("allow"), "{method} {address}");
    }
    for (method, address, _) in super::description::operations() {
        if ["GET", "DELETE"].contains(&&*method) || address.contains('{') {
            continue;
        }
        let request = Request::builder()
            .method(&*method)
            .uri(&address)
            .header(HOST, "exams.example")
            .header(CONTENT_TYPE, "text/plain")
            .header(AUTHORIZATION, format!("Bearer {}", api.admin));
        let answer = api.server.ask(request.body(Body::from("x")).unwrap());
        answer.is_problem(415, problem::CONTENT_TYPE);
        let long = json!({"name": "x".repeat(20_000)});
        api.send(&method, &address, None, &long).is_problem(413, problem::TOO_LARGE);
        api.send(&method, &address, None, &json!([])).is_problem(400, problem::MALFORMED);
    }
}
