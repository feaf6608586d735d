//! People and what they have to do with, made as people make them.
use inview::report::{Exam, MadeToken};
use serde_json::{Value, json};

use super::*;

pub(super) const PASSWORD: &str = "a-long-enough-password";

impl Server {
    /// Sends a form as a page of the server does.
    pub(super) fn form(&self, cookie: &str, address: &str, fields: &str) -> Answer {
        let request = Request::post(address)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(HOST, "exams.example")
            .header("sec-fetch-site", "same-origin")
            .header(COOKIE, cookie);
        self.ask(request.body(Body::from(fields.to_owned())).unwrap())
    }

    /// Sends JSON with a token.
    pub(super) fn put(&self, token: &str, address: &str, body: &Value) -> Answer {
        let request = Request::post(address)
            .header(CONTENT_TYPE, "application/json")
            .header(HOST, "exams.example")
            .header(AUTHORIZATION, format!("Bearer {token}"));
        self.ask(request.body(Body::from(body.to_string())).unwrap())
    }

    /// The first administrator, `root`: the cookie.
    pub(super) fn admin(&self) -> String {
        let starter = self.sign_in();
        let fields = format!("name=root&password={PASSWORD}&again={PASSWORD}");
        let made = self.form(&starter, "/first-admin", &fields);
        assert_eq!(made.status, 303, "{}", made.text());
        cookie(&made)
    }

    /// An account with a password: its id and the cookie.
    pub(super) fn account(&self, admin: &str, name: &str, role: &str) -> (String, String) {
        let made = self.form(admin, "/accounts", &format!("name={name}&role={role}"));
        assert_eq!(made.status, 201, "{}", made.text());
        let link = between(made.text(), "https://exams.example/password/", "<");
        let fields = format!("password={PASSWORD}&again={PASSWORD}");
        let set = self.form("", &format!("/password/{link}"), &fields);
        assert_eq!(set.status, 303, "{}", set.text());
        let id = between(made.text(), "href=\"/accounts/", "\"");
        (id, cookie(&set))
    }

    pub(super) fn log_in(&self, name: &str, password: &str, code: &str) -> Answer {
        self.form("", "/login", &format!("name={name}&password={password}&code={code}"))
    }

    #[track_caller]
    pub(super) fn exam(&self, body: &Value) -> Exam {
        let made = self.put(&self.manager, "/v1/exams", body);
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()
    }

    pub(super) fn api_token(&self, admin: &str, body: &Value) -> String {
        let request = Request::post("/v1/tokens")
            .header(CONTENT_TYPE, "application/json")
            .header(COOKIE, admin)
            .body(Body::from(body.to_string()));
        let made = self.ask(request.unwrap());
        assert_eq!(made.status, 201, "{}", made.text());
        made.json::<MadeToken>().token.reveal().clone()
    }

    /// Rows of the record: who did what.
    pub(super) fn deeds(&self) -> Vec<(String, String)> {
        let database = rusqlite::Connection::open(self.home.folder.join("inview.db")).unwrap();
        let mut query = database.prepare("SELECT body FROM audit ORDER BY number").unwrap();
        let rows = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.map(|body| {
            let body: Value = serde_json::from_str(&body.unwrap()).unwrap();
            (body["who"].as_str().unwrap().to_owned(), body["did"].as_str().unwrap().to_owned())
        })
        .collect()
    }
}

pub(super) fn between(text: &str, before: &str, after: &str) -> String {
    let found = text.split(before).nth(1).unwrap_or_else(|| panic!("{before}: {text}"));
    found.split(after).next().unwrap().to_owned()
}

pub(super) fn named(name: &str) -> Value {
    json!({"name": name})
}
