//! Who may do what: every address, for everybody, on what is theirs and on what is not.
use std::collections::BTreeSet;
use std::fmt::Write as _;

use inview::report::{Exam, Issued, Phase};
use serde_json::json;

use super::heartbeats::heartbeat;
use super::people::named;
use super::*;

/// Who asks. `Limited` ones have to do with one exam of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Stranger,
    /// Tokens in the server's folder.
    AgentToken,
    ProctorToken,
    ManagerToken,
    /// The token of an agent that has enrolled, for the session of its own exam.
    EnrolledAgent,
    /// Tokens that an administrator made.
    ReadOfExam,
    AuditToken,
    ManageOfExam,
    AdminToken,
    /// Cookies of accounts.
    Admin,
    Proctor,
    Auditor,
    /// Cookies without an account: by a proctor's token, and by the link of the start.
    TokenPage,
    Starter,
    /// An administrator of another tenant.
    OtherTenant,
}

use Who::{
    Admin, AdminToken, AgentToken, AuditToken, Auditor, EnrolledAgent, ManageOfExam, ManagerToken,
    OtherTenant, Proctor, ProctorToken, ReadOfExam, Starter, Stranger, TokenPage,
};

const ALL: [Who; 15] = [
    Stranger,
    AgentToken,
    ProctorToken,
    ManagerToken,
    EnrolledAgent,
    ReadOfExam,
    AuditToken,
    ManageOfExam,
    AdminToken,
    Admin,
    Proctor,
    Auditor,
    TokenPage,
    Starter,
    OtherTenant,
];

impl Who {
    fn is_page(self) -> bool {
        matches!(self, Admin | Proctor | Auditor | TokenPage | Starter)
    }

    fn reports(self) -> bool {
        matches!(self, AgentToken | EnrolledAgent)
    }

    fn administers(self) -> bool {
        matches!(self, Admin | AdminToken | Starter | OtherTenant)
    }

    fn watches(self) -> bool {
        let others =
            matches!(self, ProctorToken | ReadOfExam | AuditToken | Proctor | Auditor | TokenPage);
        others || self.administers()
    }

    fn acts(self) -> bool {
        self.watches() && !matches!(self, AuditToken | Auditor)
    }

    fn audits(self) -> bool {
        matches!(self, AuditToken | Auditor) || self.administers()
    }

    fn manages(self) -> bool {
        matches!(self, ManagerToken | ManageOfExam) || self.administers()
    }

    /// Has to do with one exam alone.
    fn is_limited(self) -> bool {
        matches!(self, ReadOfExam | ManageOfExam | Proctor | EnrolledAgent)
    }
}

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    Everyone,
    Agents,
    Watching,
    Acting,
    /// Whoever watches or manages.
    Planning,
    Managing,
    Administering,
    /// The record of who did what.
    Auditing,
    /// Making what belongs to no exam.
    ManagingAll,
    /// Sessions by the form on the list.
    IssuingPage,
    /// Pages for browsers alone.
    Browsers,
    AuditBrowsers,
    AdminBrowsers,
    OwnAccount,
    FirstStart,
}

use For::{
    Acting, AdminBrowsers, Administering, Agents, AuditBrowsers, Auditing, Browsers, Everyone,
    FirstStart, IssuingPage, Managing, ManagingAll, OwnAccount, Planning, Watching,
};

/// What belongs to whom stands in an address as `{…}`.
const SESSION: &str = "/v1/sessions/{session}";
const HOOK: &str = "/v1/webhooks/{webhook}";

/// Each address with its method, what it is for, and what is sent there. What ends something comes last.
const TABLE: &[(&str, &str, For, &str)] = &[
    ("GET", "/healthz", Everyone, ""),
    ("GET", "/readyz", Everyone, ""),
    ("GET", "/v1/openapi.json", Everyone, ""),
    ("GET", "/v1/server-key", Everyone, ""),
    ("GET", "/v1/sessions", Watching, ""),
    ("POST", "/v1/sessions", Managing, r#"{"label": "x", "exam": "{exam}"}"#),
    ("POST", "/v1/enrolments", Everyone, "{enrolment}"),
    ("GET", "/v1/exams", Planning, ""),
    ("POST", "/v1/exams", ManagingAll, r#"{"name": "new"}"#),
    ("GET", "/v1/exams/{exam}", Planning, ""),
    ("POST", "/v1/exams/{exam}/roster", Managing, "name\nAnn\n"),
    ("PUT", "/v1/exams/{exam}/policy", Managing, r#"{"policy": null}"#),
    ("PUT", "/v1/exams/{exam}/language", Managing, r#"{"language": "de"}"#),
    ("GET", SESSION, Watching, ""),
    ("GET", "/v1/sessions/{session}/intervals", Watching, ""),
    (
        "POST",
        "/v1/sessions/{session}/intervals/{interval}/review",
        Acting,
        r#"{"verdict": "fine"}"#,
    ),
    ("GET", "/v1/stream", Watching, ""),
    ("GET", "/v1/sessions/{session}/events", Watching, ""),
    ("POST", "/v1/sessions/{session}/events", Agents, "{events}"),
    ("GET", "/v1/sessions/{session}/export", Watching, ""),
    ("GET", "/v1/sessions/{session}/intervals.csv", Watching, ""),
    ("POST", "/v1/sessions/{session}/heartbeats", Agents, "{heartbeat}"),
    ("GET", "/v1/sessions/{session}/commands", Watching, ""),
    ("POST", "/v1/sessions/{session}/commands", Acting, r#"{"kind": "message", "text": "x"}"#),
    ("POST", "/v1/sessions/{session}/commands", Acting, r#"{"kind": "check_camera"}"#),
    ("POST", "/v1/sessions/{session}/commands", Acting, r#"{"kind": "extend", "minutes": 15}"#),
    ("POST", "/v1/sessions/{session}/commands", Acting, r#"{"kind": "end", "reason": "x"}"#),
    ("GET", "/v1/tokens", Administering, ""),
    ("POST", "/v1/tokens", Administering, r#"{"name": "x", "scope": "read"}"#),
    ("GET", "/v1/accounts", Administering, ""),
    ("POST", "/v1/accounts", Administering, r#"{"name": "made", "role": "auditor"}"#),
    ("GET", "/v1/accounts/{account}", Administering, ""),
    ("PATCH", "/v1/accounts/{account}", Administering, r#"{"role": "proctor"}"#),
    ("PUT", "/v1/accounts/{account}/exams", Administering, r#"{"exams": ["{exam}"]}"#),
    ("POST", "/v1/accounts/{account}/link", Administering, "{}"),
    ("GET", "/v1/audit", Auditing, ""),
    ("GET", "/v1/audit/state", Auditing, ""),
    ("GET", "/audit", AuditBrowsers, ""),
    ("GET", "/", Watching, ""),
    ("POST", "/sessions", IssuingPage, "label=x"),
    ("GET", "/sessions/{session}", Watching, ""),
    ("GET", "/sessions/{session}/report", Watching, ""),
    ("POST", "/sessions/{session}/commands", Acting, "kind=message&text=x&key=k"),
    ("POST", "/sessions/{session}/commands", Acting, "kind=check_camera&key=c"),
    ("POST", "/sessions/{session}/commands", Acting, "kind=extend&minutes=15&key=x"),
    ("POST", "/sessions/{session}/commands", Acting, "kind=end&text=x&sure=yes&key=e"),
    ("POST", "/sessions/{session}/intervals/{interval}/review", Acting, "verdict=unsure&note=x"),
    ("GET", "/review", Watching, ""),
    ("GET", "/exams", Browsers, ""),
    ("POST", "/exams", AdminBrowsers, "{exam-form}"),
    ("GET", "/exams/{exam}", Browsers, ""),
    ("POST", "/exams/{exam}/roster", AdminBrowsers, "{roster-form}"),
    ("POST", "/exams/{exam}/policy", AdminBrowsers, "key=k&warn_after=3"),
    ("POST", "/exams/{exam}/language", AdminBrowsers, "language=de"),
    ("GET", "/join/{code}", Everyone, ""),
    ("GET", "/login", Everyone, ""),
    ("POST", "/login", Everyone, "token={proctor-token}"),
    ("GET", "/sign-in/{code}", Everyone, ""),
    ("GET", "/oidc/start", Everyone, ""),
    ("GET", "/oidc/callback", Everyone, ""),
    ("GET", "/first-admin", FirstStart, ""),
    ("POST", "/first-admin", FirstStart, "name=x&password=y&again=y"),
    ("GET", "/password/{code}", Everyone, ""),
    ("POST", "/password/{code}", Everyone, "password=x&again=x"),
    ("GET", "/accounts", AdminBrowsers, ""),
    ("POST", "/accounts", AdminBrowsers, "name=new&role=auditor"),
    ("GET", "/accounts/{account}", AdminBrowsers, ""),
    ("POST", "/accounts/{account}/exams", AdminBrowsers, "shown={exam}"),
    ("POST", "/accounts/{account}/link", AdminBrowsers, ""),
    ("POST", "/accounts/{account}/role", AdminBrowsers, "role=auditor"),
    ("POST", "/accounts/{account}/disable", AdminBrowsers, "disabled=true"),
    ("GET", "/tokens", AdminBrowsers, ""),
    ("POST", "/tokens", AdminBrowsers, "name=x&scope=read&exam=&days=9"),
    ("GET", "/v1/webhooks", Administering, ""),
    ("POST", "/v1/webhooks", Administering, r#"{"name": "x", "url": "https://hooks.example/"}"#),
    ("GET", HOOK, Administering, ""),
    ("POST", "/v1/webhooks/{webhook}/enable", Administering, ""),
    ("POST", "/v1/webhooks/{webhook}/test", Administering, ""),
    ("POST", "/v1/webhooks/{webhook}/rotate", Administering, ""),
    ("GET", "/v1/webhooks/{webhook}/deliveries", Administering, ""),
    ("POST", "/v1/webhooks/{webhook}/disable", Administering, ""),
    ("POST", "/v1/webhooks/{webhook}/deliveries/{message}/resend", Administering, ""),
    ("GET", "/webhooks", AdminBrowsers, ""),
    ("POST", "/webhooks", AdminBrowsers, "name=x&url=https://hooks.example/&exam="),
    ("POST", "/webhooks/{webhook}", AdminBrowsers, "do=enable"),
    ("DELETE", HOOK, Administering, ""),
    ("GET", "/assets/style.css", Everyone, ""),
    ("GET", "/assets/roster.css", Everyone, ""),
    ("GET", "/assets/roster.js", Everyone, ""),
    ("GET", "/assets/review.js", Everyone, ""),
    ("GET", "/assets/session.js", Everyone, ""),
    ("GET", "/assets/timeline.js", Everyone, ""),
    ("GET", "/assets/report.css", Everyone, ""),
    ("GET", "/assets/report.js", Everyone, ""),
    ("GET", "/account", OwnAccount, ""),
    ("POST", "/account/totp", OwnAccount, "current={password}"),
    ("POST", "/tokens/{token}/revoke", AdminBrowsers, ""),
    ("DELETE", "/v1/tokens/{token}", Administering, ""),
    ("POST", "/sessions/{session}/erase", AdminBrowsers, "sure=yes"),
    ("DELETE", SESSION, Administering, ""),
    ("POST", "/v1/exams/{exam}/close", Managing, ""),
    ("POST", "/exams/{exam}/close", AdminBrowsers, ""),
    (
        "POST",
        "/account/password",
        OwnAccount,
        "current={password}&password={password}&again={password}",
    ),
    ("POST", "/logout", Everyone, ""),
    ("POST", "/language", Everyone, "lang=de"),
];

/// The addresses of the server: those of the API as they are described, which is how they are routed, and
/// those of the pages as the router names them.
fn routes() -> BTreeSet<(String, String)> {
    let described = super::description::operations().into_iter();
    let mut found: BTreeSet<_> = described.map(|(method, address, _)| (method, address)).collect();
    let source = include_str!("../../src/server/mod.rs");
    for route in source.split(".route(").skip(1) {
        let route = route.split("        .").next().unwrap();
        let address = route.split('"').nth(1).unwrap();
        assert!(!address.starts_with("/v1"), "{address} is not described: see src/server/api");
        for (method, name) in [("get(", "GET"), ("post(", "POST")] {
            // The last letters of a handler's name are no method.
            let is_method = |at: usize| {
                let before = route.as_bytes()[..at].last();
                before.is_some_and(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
            };
            if route.match_indices(method).any(|(at, _)| is_method(at)) {
                found.insert((name.to_owned(), address.to_owned()));
            }
        }
        for other in ["delete(", "put(", "patch(", "any(", "head(", "options("] {
            assert!(!route.contains(other), "{address} is used with {other}: add it here");
        }
    }
    let api = include_str!("../../src/server/api/mod.rs");
    for (text, merged) in [(source, 1), (api, 0)] {
        assert_eq!(text.matches(".merge(").count(), merged, "read what else is merged, too");
        assert!(!text.contains(".nest(") && !text.contains("_service("), "read those, too");
    }
    assert!(!api.contains(".route("), "an address that is not described");
    found
}

#[test]
fn every_address_of_the_server_stands_in_the_table() {
    let table: Vec<(String, String)> = TABLE
        .iter()
        .map(|(method, address, ..)| ((*method).to_owned(), (*address).to_owned()))
        .collect();
    // One address does several things, by what is sent there.
    let rows: BTreeSet<_> =
        TABLE.iter().map(|(method, address, _, sent)| (method, address, sent)).collect();
    assert_eq!(rows.len(), table.len(), "one stands there twice");
    let known: BTreeSet<_> = table.iter().cloned().collect();
    assert!(known.len() > 40);
    assert_eq!(
        routes().symmetric_difference(&known).collect::<Vec<_>>(),
        Vec::<&(String, String)>::new()
    );
}

#[test]
fn the_description_says_who_may_do_it_as_the_table_does() {
    for (method, address, operation) in super::description::operations() {
        let row = TABLE.iter().find(|row| row.0 == method && row.1 == address).unwrap();
        let (token, cookie): (&[&str], &[&str]) = match row.2 {
            Everyone => (&[], &[]),
            Agents => (&["write"], &[]),
            Watching => (&["read", "audit", "admin"], &["proctor", "auditor", "admin"]),
            Acting => (&["read", "admin"], &["proctor", "admin"]),
            Planning => (&["read", "audit", "manage", "admin"], &["proctor", "auditor", "admin"]),
            Managing | ManagingAll => (&["manage", "admin"], &["admin"]),
            Administering => (&["admin"], &["admin"]),
            Auditing => (&["audit", "admin"], &["auditor", "admin"]),
            IssuingPage | Browsers | AuditBrowsers | AdminBrowsers | OwnAccount | FirstStart => {
                panic!("{address} is a page")
            }
        };
        let mut expected = Vec::new();
        for (scheme, roles) in [("token", token), ("cookie", cookie)] {
            if !roles.is_empty() {
                expected.push(json!({scheme: roles}));
            }
        }
        let said = operation.get("security").cloned().unwrap_or_else(|| json!([]));
        assert_eq!(said, json!(expected), "{method} {address}");
    }
}

/// A server with two exams of one session each, and everybody.
struct World {
    server: Server,
    who: Who,
    /// The header by which it is known.
    credential: Option<(&'static str, String)>,
    /// The exam that limited ones have to do with, and the other one.
    exams: [(Exam, Issued); 2],
    /// An account, and a token, that are somebody else's.
    account: String,
    token: String,
    webhook: String,
    events: [[String; 2]; 2],
}

const OWN: usize = 0;
const FOREIGN: usize = 1;

impl World {
    fn new(who: Who) -> Self {
        let server = Server::start();
        let admin = server.admin();
        let exams = ["their exam", "a foreign exam"].map(|name| {
            let exam = server.exam(&named(name));
            let asked = json!({"label": format!("seat of {name}"), "exam": exam.exam});
            let issued: Issued = server.put(&server.manager, "/v1/sessions", &asked).json();
            (exam, issued)
        });
        let events = [OWN, FOREIGN].map(|at| {
            let session = exams[at].1.session.0.as_u128();
            let mut agent = Agent::new(session);
            agent.identity.session = exams[at].1.session;
            agent.identity.incarnation = Incarnation::of_replay(exams[at].1.session);
            let key = key(at as u8);
            [agent.started("x"), agent.closed(Kind::OutOfView, 0, 9_000)]
                .map(|it| sealed(&it, &key))
        });
        for at in [OWN, FOREIGN] {
            let enrolled = server.put("", "/v1/enrolments", &enrolment(&exams[at].1, at));
            assert_eq!(enrolled.status, 200, "{}", enrolled.text());
            let session = exams[at].1.session;
            assert_eq!(
                server.post(session, batch(&events[at].each_ref().map(|it| &**it))).status,
                200
            );
        }
        let (account, _) = server.account(&admin, "somebody", "proctor");
        let exam = exams[OWN].0.exam;
        let token = |scope: &str, exam: Option<&Exam>| {
            let exam = exam.map(|exam| exam.exam);
            server.api_token(&admin, &json!({"name": scope, "scope": scope, "exam": exam}))
        };
        let own = Some(&exams[OWN].0);
        let of_account = |role: &str| {
            let (id, cookie) = server.account(&admin, "asker", role);
            let assigned =
                server.form(&admin, &format!("/accounts/{id}/exams"), &format!("exam={exam}"));
            assert_eq!(assigned.status, 303);
            cookie
        };
        let bearer = |token: &str| Some(("authorization", format!("Bearer {token}")));
        let by_cookie = |cookie: String| Some(("cookie", cookie));
        let credential = match who {
            Stranger => None,
            AgentToken => bearer(&server.agent),
            ProctorToken => bearer(&server.proctor),
            ManagerToken => bearer(&server.manager),
            EnrolledAgent => bearer(&agent_token(OWN)),
            ReadOfExam => bearer(&token("read", own)),
            AuditToken => bearer(&token("audit", None)),
            ManageOfExam => bearer(&token("manage", own)),
            AdminToken => bearer(&token("admin", None)),
            Admin => by_cookie(of_account("admin")),
            Proctor => by_cookie(of_account("proctor")),
            Auditor => by_cookie(of_account("auditor")),
            TokenPage => {
                by_cookie(cookie(&server.form("", "/login", &format!("token={}", server.proctor))))
            }
            Starter => by_cookie(server.sign_in()),
            OtherTenant => bearer(&server.token(Scope::Admin, "b")),
        };
        server.api_token(&admin, &json!({"name": "another", "scope": "write"}));
        let request = Request::get("/v1/tokens").header(COOKIE, &admin).body(Body::empty());
        let list: inview::report::ApiTokenList = server.ask(request.unwrap()).json();
        let another = list.tokens.iter().find(|token| token.name == "another").unwrap();
        let token = another.id.to_string();
        let asked = json!({"name": "x", "url": "https://hooks.example/"});
        let request = Request::post("/v1/webhooks")
            .header(CONTENT_TYPE, "application/json")
            .header(COOKIE, &admin)
            .body(Body::from(asked.to_string()));
        let made: inview::report::MadeWebhook = server.ask(request.unwrap()).json();
        let webhook = made.webhook.id.to_string();
        Self { server, who, credential, exams, account, token, webhook, events }
    }

    fn ask(&self, method: &str, address: &str, body: &str, at: usize) -> Answer {
        let (exam, issued) = &self.exams[at];
        let fill = |text: &str| {
            text.replace("{exam}", &exam.exam.to_string())
                .replace("{session}", &issued.session.to_string())
                .replace("{interval}", &IntervalId::derived(issued.session, 0).to_string())
                .replace("{account}", &self.account)
                .replace("{token}", &self.token)
                .replace("{webhook}", &self.webhook)
                .replace("{message}", &uuid::Uuid::nil().to_string())
                .replace("{code}", &"0".repeat(12))
                .replace("{enrolment}", &enrolment(issued, at).to_string())
                .replace("{events}", &batch(&[&self.events[at][0]]))
                .replace("{heartbeat}", &serde_json::to_string(&heartbeat(Phase::Exam)).unwrap())
                .replace("{proctor-token}", &self.server.proctor)
                .replace("{password}", people::PASSWORD)
                .replace(
                    "{exam-form}",
                    "name=new&rooms=&language=&warn_after=2&record_after=1&alert_after=5\
                     &sample_rate=5&virtual_camera=report&key=k",
                )
                .replace(
                    "{roster-form}",
                    "--cut\r\nContent-Disposition: form-data; name=\"list\"\r\n\r\nname\nBob\r\n--cut--\r\n",
                )
        };
        let kind = match (address, body) {
            ("/v1/exams/{exam}/roster", _) => "text/csv",
            ("/exams/{exam}/roster", _) => "multipart/form-data; boundary=cut",
            (_, "{events}") => BATCH_CONTENT_TYPE,
            (address, _) if address.starts_with("/v1/") => "application/json",
            _ => "application/x-www-form-urlencoded",
        };
        let mut request = Request::builder().method(method).uri(fill(address));
        request = request.header(HOST, "exams.example");
        if !["GET", "DELETE"].contains(&method) {
            request = request.header(CONTENT_TYPE, kind);
        }
        if let Some((name, value)) = &self.credential {
            request = request.header(*name, value);
        }
        self.server.ask(request.body(Body::from(fill(body))).unwrap())
    }

    /// Everything that is stored but for what time changes.
    fn stored(&self) -> String {
        let database =
            rusqlite::Connection::open(self.server.home.folder.join("inview.db")).unwrap();
        let tables = [
            "exam",
            "seat",
            "roster",
            "session",
            "issue",
            "event",
            "liveness",
            "command",
            "review",
            "account",
            "assignment",
            "api_token",
            "credential",
            "webhook",
            "delivery",
            "audit",
        ];
        let mut all = String::new();
        for table in tables {
            let mut query =
                database.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).unwrap();
            let columns = query.column_count();
            let rows = query.query_map([], |row| {
                (0..columns)
                    .map(|column| row.get::<_, rusqlite::types::Value>(column))
                    .collect::<Result<Vec<_>, _>>()
            });
            for row in rows.unwrap() {
                writeln!(all, "{table} {:?}", row.unwrap()).unwrap();
            }
        }
        all
    }

    /// What is to come of it: `None` when it is done.
    fn expected(&self, what: For, address: &str, at: usize) -> Option<u16> {
        let who = self.who;
        let is_named = address.contains("{exam}")
            || address.contains("{session}")
            || (address == "/v1/sessions" && what == Managing);
        let is_beyond = (who.is_limited() && at == FOREIGN && is_named)
            || (who == OtherTenant && (is_named || is_managed(address)));
        let unless = |may: bool, status: u16| if may { None } else { Some(status) };
        let beyond = |status: Option<u16>| status.or(is_beyond.then_some(404));
        match what {
            Everyone => None,
            // A session of another tenant under the same id is theirs; cookies never report.
            Agents if who == Stranger || who.is_page() => Some(401),
            Agents if !who.reports() => Some(403),
            Agents => unless(!is_beyond, 403),
            _ if who == Stranger => Some(401),
            Watching => beyond(unless(who.watches(), 403)),
            Acting => beyond(unless(who.watches(), 403)).or(unless(who.acts(), 403)),
            Planning => beyond(unless(who.watches() || who.manages(), 403)),
            Managing => beyond(unless(who.manages(), 403)),
            ManagingAll => unless(who.manages() && who != ManageOfExam, 403),
            Administering => beyond(unless(who.administers(), 403)),
            // A token is no cookie: who has one is not signed in.
            IssuingPage | Browsers | AuditBrowsers | AdminBrowsers | OwnAccount | FirstStart
                if !who.is_page() =>
            {
                Some(401)
            }
            IssuingPage => unless(matches!(who, Admin | Starter | TokenPage), 403),
            Browsers => beyond(None),
            Auditing | AuditBrowsers => unless(who.audits(), 403),
            AdminBrowsers => unless(who.administers(), 403),
            OwnAccount => unless(matches!(who, Admin | Proctor | Auditor), 404),
            FirstStart => unless(false, if who.administers() { 404 } else { 403 }),
        }
    }
}

/// Whether it is about what only administrators have to do with.
fn is_managed(address: &str) -> bool {
    ["{token}", "{webhook}", "{account}"].iter().any(|id| address.contains(id))
}

fn enrolment(issued: &Issued, at: usize) -> serde_json::Value {
    json!({"code": issued.code, "token": agent_token(at), "public_key": key(at as u8).public()})
}

fn agent_token(at: usize) -> String {
    Hash::of(&[at as u8]).to_string()
}

#[test]
fn nobody_reads_or_changes_what_is_not_theirs() {
    let mut wrong = Vec::new();
    for who in ALL {
        let world = World::new(who);
        for (method, address, what, body) in TABLE {
            // First what is beyond: what ends something must not have ended before.
            for at in [FOREIGN, OWN] {
                let row = format!("{who:?} {method} {address} {}", ["own", "foreign"][at]);
                let before = world.stored();
                let answer = world.ask(method, address, body, at);
                let expected = world.expected(*what, address, at);
                let status = answer.status.as_u16();
                let is_page = !address.starts_with("/v1/");
                let to_login = answer.headers.get(LOCATION).is_some_and(|to| to == "/login");
                let as_expected = match expected {
                    Some(401) if is_page => status == 303 && to_login,
                    Some(expected) => status == expected,
                    // Who may send one at all is the question here: it lacks a signature.
                    None if *body == "{heartbeat}" => status == 409,
                    None if *what == Everyone => status < 500 && status != 403,
                    // Agents have enrolled: that they may is the question here.
                    // No end is planned: that they may ask is the question here.
                    None if body.contains("extend") => status == 409,
                    None if address.ends_with("/policy") => status == 409,
                    None if *address == "/v1/accounts" && status == 409 => at == OWN,
                    // The second time there is nothing left to take back.
                    None if address.contains("{token}") => [204, 303, 404].contains(&status),
                    // Nothing was given up, so there is nothing to send; the second time it is gone.
                    None if address.contains("{message}") => [400, 404].contains(&status),
                    None if address.contains("{webhook}") && at == OWN => status < 500,
                    // Once it was disabled it is there still; a name is taken the second time.
                    None if *address == "/accounts" && status == 400 => at == OWN,
                    // After another password the old cookie is good no longer; the link's stays.
                    None if *address == "/account/password" && at == OWN => status == 303,
                    None => status < 400 && !(is_page && to_login),
                };
                if !as_expected {
                    wrong
                        .push(format!("{row}: {status} instead of {expected:?} {}", answer.text()));
                }
                if expected.is_some() && world.stored() != before {
                    wrong.push(format!("{row}: refused, and changed something"));
                }
                let reads = who.is_limited() || who == Stranger || who == OtherTenant;
                let names_it = answer.text().contains("foreign exam");
                if reads && names_it && *what != Everyone {
                    wrong.push(format!("{row}: shows what is foreign"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
