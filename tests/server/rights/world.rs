//! A server with everybody in it.

use std::fmt::Write as _;

use inview::report::{Exam, Issued, Phase};
use serde_json::json;

use super::super::heartbeats::heartbeat;
use super::super::people::named;
use super::super::*;
use super::table::*;

/// A server with two exams of one session each, and everybody.
pub(super) struct World {
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

pub(super) const OWN: usize = 0;
pub(super) const FOREIGN: usize = 1;

impl World {
    pub(super) fn new(who: Who) -> Self {
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

    pub(super) fn ask(&self, method: &str, address: &str, body: &str, at: usize) -> Answer {
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
    pub(super) fn stored(&self) -> String {
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
    pub(super) fn expected(&self, what: For, address: &str, at: usize) -> Option<u16> {
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
