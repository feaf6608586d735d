//! `inview-server` as a program of its own, and what it holds.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use inview::report::{
    CommandKind, CommandList, Incarnation, IntervalList, Issued, SessionId, SessionPage,
    SessionSummary, StoredCommand, StoredInterval,
};
use inview::trust::export::Export;
use serde_json::Value;
use serde_json::value::RawValue;

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct ServerProgram {
    child: Child,
    ready: Value,
}

impl ServerProgram {
    pub fn start(program: &str, data: &Path) -> Self {
        Self::start_at(program, data, "127.0.0.1:0")
    }

    pub fn start_at(program: &str, data: &Path, listen: &str) -> Self {
        let ready = data.join("ready.json");
        std::fs::remove_file(&ready).ok();
        let mut command = Command::new(program);
        command.args(["--listen", listen, "--data"]).arg(data);
        command.arg("--ready-file").arg(&ready).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        super::wait_until(|| {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "the server ended: {ended:?}");
            ready.exists()
        });
        let ready = serde_json::from_slice(&std::fs::read(&ready).unwrap()).unwrap();
        Self { child, ready }
    }

    /// A value of the ready file.
    pub fn says(&self, name: &str) -> String {
        self.ready[name].as_str().unwrap().to_owned()
    }

    /// Host and port.
    pub fn address(&self) -> String {
        self.says("address").trim_start_matches("https://").to_owned()
    }

    /// The text of a file that the ready file names.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.says(name)).unwrap().trim().to_owned()
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn client(&self) -> reqwest::blocking::Client {
        let authority = std::fs::read(self.says("authority")).unwrap();
        let authority = reqwest::Certificate::from_pem(&authority).unwrap();
        let client = reqwest::blocking::Client::builder().tls_certs_only([authority]).no_proxy();
        client.build().unwrap()
    }

    /// Makes the first administrator; the cookie of their browser.
    pub fn administrator(&self) -> String {
        let authority = std::fs::read(self.says("authority")).unwrap();
        let authority = reqwest::Certificate::from_pem(&authority).unwrap();
        let client = reqwest::blocking::Client::builder().tls_certs_only([authority]).no_proxy();
        let client = client.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let cookie = |answer: reqwest::blocking::Response| {
            let cookie = answer.headers()["set-cookie"].to_str().unwrap();
            cookie.split(';').next().unwrap().to_owned()
        };
        let starter = cookie(client.get(self.says("sign_in")).send().unwrap());
        let form = client.post(format!("{}/first-admin", self.says("address")));
        let form = form.header("cookie", starter);
        let form = form.header("content-type", "application/x-www-form-urlencoded");
        let password = "a-long-enough-password";
        cookie(form.body(format!("name=root&password={password}&again={password}")).send().unwrap())
    }

    /// What a proctor is answered.
    pub fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        let answer = self
            .client()
            .get(format!("{}{path}", self.says("address")))
            .bearer_auth(self.read("proctor_token_file"))
            .send()
            .unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        serde_json::from_slice(&answer.bytes().unwrap()).unwrap()
    }

    /// Issues a session by the command, as the server's keeper would.
    pub fn issue(program: &str, data: &Path, label: &str) -> Issued {
        let file = data.join("issued.json");
        let mut command = Command::new(program);
        command.args(["issue", "--label", label, "--data"]).arg(data).arg("--file").arg(&file);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let issued: Vec<Issued> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        issued.into_iter().next().unwrap()
    }

    /// The events of one chain, byte by byte.
    pub fn events(&self, session: SessionId, incarnation: Incarnation) -> Vec<String> {
        self.events_after(session, incarnation, 0)
    }

    /// The same, of what comes after a number.
    pub fn events_after(
        &self,
        session: SessionId,
        incarnation: Incarnation,
        mut after: usize,
    ) -> Vec<String> {
        let mut events = Vec::new();
        loop {
            let path = format!(
                "/v1/sessions/{session}/events?incarnation={incarnation}&after_seq={after}"
            );
            let page: Vec<Box<RawValue>> = self.get(&path);
            if page.is_empty() {
                return events;
            }
            after += page.len();
            events.extend(page.into_iter().map(|event| event.get().to_owned()));
        }
    }

    /// All sessions, the newest first.
    pub fn sessions(&self) -> Vec<SessionSummary> {
        self.get::<SessionPage>("/v1/sessions").sessions
    }

    /// All reports of a session, as a proctor gets them.
    pub fn export(&self, session: SessionId) -> Export {
        self.get(&format!("/v1/sessions/{session}/export"))
    }

    /// The page of a session, as a proctor's browser gets it.
    pub fn page(&self, session: SessionId) -> String {
        let authority = std::fs::read(self.says("authority")).unwrap();
        let authority = reqwest::Certificate::from_pem(&authority).unwrap();
        let client = reqwest::blocking::Client::builder().tls_certs_only([authority]).no_proxy();
        let client = client.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let answer = client.get(self.says("sign_in")).send().unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap();
        let page = client.get(format!("{}/sessions/{session}", self.says("address")));
        page.header("cookie", cookie).send().unwrap().text().unwrap()
    }

    /// The only session's address, once it is known.
    fn session(&self) -> Option<String> {
        let sessions = self.sessions();
        assert!(sessions.len() <= 1, "{sessions:?}");
        sessions.first().map(|session| format!("/v1/sessions/{}", session.session))
    }

    pub fn is_known(&self) -> bool {
        self.session().is_some()
    }

    /// Sends a message to the only session's agent.
    pub fn send_message(&self, text: &str) {
        self.give(&CommandKind::Message { text: text.to_owned() });
    }

    /// Asks something of the only session's agent.
    pub fn give(&self, kind: &CommandKind) {
        let path = self.session().unwrap();
        let answer = self
            .client()
            .post(format!("{}{path}/commands", self.says("address")))
            .bearer_auth(self.read("proctor_token_file"))
            .json(kind)
            .send()
            .unwrap();
        assert_eq!(answer.status().as_u16(), 201);
    }

    /// What the only session's agent was asked for.
    pub fn commands(&self) -> Vec<StoredCommand> {
        let path = format!("{}/commands", self.session().unwrap());
        self.get::<CommandList>(&path).commands
    }

    /// The intervals of the only session, in the order of their starts; none before it has one.
    pub fn intervals(&self) -> Vec<StoredInterval> {
        let Some(session) = self.session() else { return Vec::new() };
        self.get::<IntervalList>(&format!("{session}/intervals")).intervals
    }
}

impl Drop for ServerProgram {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
