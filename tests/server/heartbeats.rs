use inview::report::{
    ChainHead, CommandId, CommandKind, CommandList, Confirmation, Consent, Heartbeat,
    HeartbeatAnswer, MAX_COMMANDS, Outcome, Phase, ProctorCommand, Seen, StartOverride,
    StoredCommand, Trouble,
};

use super::*;

const JSON: &str = "application/json";

pub(super) fn heartbeat(phase: Phase) -> Heartbeat {
    Heartbeat {
        incarnation: Incarnation(uuid::Uuid::from_u128(7)),
        sent_at: "2026-05-01T10:00:00.250Z".to_owned(),
        phase,
        seen: Seen::Face,
        health: Vec::new(),
        head: ChainHead::NONE,
        confirmed: Vec::new(),
        nonce: None,
    }
}

fn confirmation(id: CommandId, outcome: Outcome) -> Confirmation {
    Confirmation { id, outcome, at: "2026-05-01T10:00:00Z".to_owned(), reason: None }
}

fn message(text: &str) -> CommandKind {
    CommandKind::Message { text: text.to_owned() }
}

impl Server {
    pub(super) fn post_json(
        &self,
        token: &str,
        path: &str,
        key: Option<&str>,
        body: String,
    ) -> Answer {
        let mut request = Request::post(path)
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, JSON);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.ask(request.body(body.into()).unwrap())
    }

    pub(super) fn beat_as(&self, token: &str, session: SessionId, heartbeat: &Heartbeat) -> Answer {
        let path = format!("/v1/sessions/{session}/heartbeats");
        self.post_json(token, &path, None, serde_json::to_string(heartbeat).unwrap())
    }

    /// The commands that come with the answer.
    #[track_caller]
    pub(super) fn beat(&self, session: SessionId, heartbeat: &Heartbeat) -> Vec<ProctorCommand> {
        let answer = self.beat_as(&self.agent, session, heartbeat);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer: HeartbeatAnswer = answer.json();
        assert_eq!(answer.heartbeat_every_ms, 10_000);
        answer.commands
    }

    fn give(&self, session: SessionId, key: Option<&str>, kind: &CommandKind) -> Answer {
        let path = format!("/v1/sessions/{session}/commands");
        self.post_json(&self.proctor, &path, key, serde_json::to_string(kind).unwrap())
    }

    #[track_caller]
    fn gives(&self, session: SessionId, kind: &CommandKind) -> StoredCommand {
        let answer = self.give(session, None, kind);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    fn commands(&self, session: SessionId) -> Vec<StoredCommand> {
        self.get(&format!("/v1/sessions/{session}/commands")).json::<CommandList>().commands
    }

    pub(super) fn detail(&self, session: SessionId) -> SessionDetail {
        self.get(&format!("/v1/sessions/{session}")).json()
    }

    pub(super) fn status(&self, session: SessionId) -> SessionStatus {
        self.detail(session).summary.status
    }
}

fn outcomes(command: &StoredCommand) -> Vec<Outcome> {
    command.outcomes.iter().map(|known| known.outcome).collect()
}

#[test]
fn a_session_is_known_from_its_first_heartbeat_on_and_silent_after_25_seconds_without_one() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    server.beat(session, &heartbeat(Phase::CheckIn));
    assert_eq!(server.status(session), SessionStatus::CheckingIn);
    server.pass(25);
    assert_eq!(server.status(session), SessionStatus::CheckingIn);
    server.pass(1);
    assert_eq!(server.status(session), SessionStatus::Silent);
    server.beat(session, &heartbeat(Phase::Exam));
    assert_eq!(server.status(session), SessionStatus::Running);
    server.post(session, batch(&[&agent.started("Seat 7")]));
    server.pass(20);
    // A report is a word, too.
    server.post(session, batch(&[&agent.closed(Kind::OutOfView, 1_000, 2_000)]));
    server.pass(20);
    assert_eq!(server.status(session), SessionStatus::Running);
    server.post(session, batch(&[&agent.ended(60_000)]));
    server.pass(3_600);
    assert_eq!(server.status(session), SessionStatus::Ended);
}

#[test]
fn a_session_without_heartbeats_is_silent_after_ten_minutes() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    server.post(agent.session(), batch(&[&agent.started("a recording")]));
    server.pass(600);
    assert_eq!(server.status(agent.session()), SessionStatus::Running);
    server.pass(1);
    assert_eq!(server.status(agent.session()), SessionStatus::Silent);
}

#[test]
fn the_time_before_the_exam_is_no_part_of_its_length() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    server.beat(session, &heartbeat(Phase::CheckIn));
    server.pass(300);
    let event = agent
        .started("Seat 7")
        .replace("\"agent\":", "\"started_at\":\"2024-10-04T00:05:00Z\",\"agent\":");
    assert_eq!(server.post(session, batch(&[&event])).status, 200);
    server.pass(20);
    server.beat(session, &heartbeat(Phase::Exam));
    let summary = server.detail(session).summary;
    assert_eq!(summary.duration_ms, MediaTime::from_millis(20_000));
}

#[test]
fn what_the_last_heartbeat_said_is_told_and_the_one_before_is_gone() {
    let (server, agent) = (Server::start(), Agent::new(1));
    let trouble =
        Trouble { code: "camera_busy".to_owned(), since: "2026-05-01T09:59:00Z".to_owned() };
    let head = ChainHead { seq: 3, hash: Hash::of(b"third") };
    for seen in [Seen::Face, Seen::NoFrames] {
        let health = vec![trouble.clone(); usize::from(seen == Seen::NoFrames)];
        server.beat(agent.session(), &Heartbeat { seen, health, head, ..heartbeat(Phase::Exam) });
    }
    let liveness = server.detail(agent.session()).summary.liveness.unwrap();
    assert_eq!((liveness.seen, liveness.phase, liveness.head), (Seen::NoFrames, Phase::Exam, head));
    assert_eq!(liveness.health, [trouble]);
    let page: SessionPage = server.get("/v1/sessions").json();
    assert_eq!(page.sessions[0].liveness, Some(liveness));
}

#[test]
fn a_command_is_handed_out_until_its_end_is_confirmed() {
    let (server, agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    server.beat(session, &heartbeat(Phase::CheckIn));
    let asked = [
        message("Please clear your desk."),
        CommandKind::AllowStart { reason: "No light".to_owned() },
    ];
    let given = asked.clone().map(|kind| server.gives(session, &kind));
    assert!(given[0].sent_by.starts_with("token-"), "{}", given[0].sent_by);
    let ids = |commands: Vec<ProctorCommand>| -> Vec<CommandId> {
        commands.into_iter().map(|command| command.id).collect()
    };
    for _ in 0..2 {
        let handed_out = server.beat(session, &heartbeat(Phase::CheckIn));
        let kinds: Vec<_> = handed_out.iter().filter_map(|command| command.kind.clone()).collect();
        assert_eq!(kinds, asked);
    }
    let (text, start) = (given[0].id, given[1].id);
    let confirmed =
        |confirmed: Vec<Confirmation>| Heartbeat { confirmed, ..heartbeat(Phase::CheckIn) };
    let shown = confirmed(vec![
        confirmation(text, Outcome::Shown),
        confirmation(start, Outcome::Done),
        confirmation(CommandId(uuid::Uuid::nil()), Outcome::Done),
    ]);
    assert_eq!(ids(server.beat(session, &shown)), [text]);
    server.pass(40);
    let read =
        confirmed(vec![confirmation(text, Outcome::Shown), confirmation(text, Outcome::Read)]);
    assert_eq!(ids(server.beat(session, &read)), []);
    // Once more: nothing changes.
    assert_eq!(ids(server.beat(session, &read)), []);
    let kept = server.commands(session);
    assert_eq!(outcomes(&kept[0]), [Outcome::Shown, Outcome::Read]);
    assert_eq!(outcomes(&kept[1]), [Outcome::Done]);
    assert_ne!(kept[0].known_at(Outcome::Shown), kept[0].known_at(Outcome::Read));
}

#[test]
fn more_commands_than_one_answer_takes_come_by_and_by() {
    let (server, agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    server.beat(session, &heartbeat(Phase::Exam));
    let given: Vec<CommandId> = (0..MAX_COMMANDS + 3)
        .map(|number| server.gives(session, &message(&number.to_string())).id)
        .collect();
    let mut got = Vec::new();
    while let handed_out = server.beat(session, &heartbeat(Phase::Exam))
        && !handed_out.is_empty()
    {
        assert!(handed_out.len() <= MAX_COMMANDS);
        let refused = handed_out.iter().map(|command| Confirmation {
            reason: Some("unknown".to_owned()),
            ..confirmation(command.id, Outcome::Refused)
        });
        got.extend(handed_out.iter().map(|command| command.id));
        let confirmed = refused.collect();
        server.beat(session, &Heartbeat { confirmed, ..heartbeat(Phase::Exam) });
    }
    assert_eq!(got, given);
}

#[test]
fn heartbeats_and_commands_of_other_tenants_do_not_exist() {
    let (server, agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let (writer, reader) = (server.token(Scope::Write, "b"), server.token(Scope::Read, "b"));
    server.beat(session, &heartbeat(Phase::Exam));
    let given = server.gives(session, &message("for ours alone"));
    let path = format!("/v1/sessions/{session}/commands");
    server.get_as(&reader, &path).is_problem(404, problem::NOT_FOUND);
    let body = serde_json::to_string(&message("hello")).unwrap();
    server.post_json(&reader, &path, None, body).is_problem(404, problem::NOT_FOUND);
    let theirs = Heartbeat {
        seen: Seen::Nobody,
        confirmed: vec![confirmation(given.id, Outcome::Read)],
        ..heartbeat(Phase::CheckIn)
    };
    let answer: HeartbeatAnswer = server.beat_as(&writer, session, &theirs).json();
    assert_eq!(answer.commands, []);
    let liveness = server.detail(session).summary.liveness.unwrap();
    assert_eq!((liveness.seen, liveness.phase), (Seen::Face, Phase::Exam));
    assert_eq!(outcomes(&server.commands(session)[0]), []);
}

#[test]
fn only_agents_send_heartbeats_and_only_proctors_give_commands() {
    let (server, agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    server.beat(session, &heartbeat(Phase::Exam));
    let beat = heartbeat(Phase::Exam);
    server.beat_as(&server.proctor, session, &beat).is_problem(403, problem::SCOPE);
    server.beat_as("guessed", session, &beat).is_problem(401, problem::UNAUTHORIZED);
    let path = format!("/v1/sessions/{session}/commands");
    let body = serde_json::to_string(&message("hello")).unwrap();
    server.post_json(&server.agent, &path, None, body).is_problem(403, problem::SCOPE);
    server.get_as(&server.agent, &path).is_problem(403, problem::SCOPE);
}

#[test]
fn what_is_no_heartbeat_is_refused_and_leaves_nothing() {
    let (server, agent) = (Server::start(), Agent::new(1));
    let path = format!("/v1/sessions/{}/heartbeats", agent.session());
    let good = serde_json::to_value(heartbeat(Phase::Exam)).unwrap();
    let with = |name: &str, value: serde_json::Value| {
        let mut odd = good.clone();
        odd[name] = value;
        odd.to_string()
    };
    for body in [
        String::new(),
        "[]".to_owned(),
        with("phase", "asleep".into()),
        with("sent_at", "noon".into()),
        with("incarnation", 7.into()),
        with("health", serde_json::json!([{"code": "<b>", "since": "2026-05-01T10:00:00Z"}])),
        with("confirmed", serde_json::json!([{"id": "7", "outcome": "shown", "at": "x"}])),
    ] {
        let refused = server.post_json(&server.agent, &path, None, body);
        refused.is_problem(400, problem::MALFORMED_HEARTBEAT);
    }
    let long = with("sent_at", "x".repeat(17_000).into());
    server.post_json(&server.agent, &path, None, long).is_problem(413, problem::TOO_LARGE);
    let as_text = Request::post(&path)
        .header(AUTHORIZATION, format!("Bearer {}", server.agent))
        .body(Body::from(good.to_string()));
    server.ask(as_text.unwrap()).is_problem(415, problem::CONTENT_TYPE);
    assert_eq!(server.get(&format!("/v1/sessions/{}", agent.session())).status, 404);
}

#[test]
fn what_is_no_command_is_refused() {
    let (server, agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let refused = server.give(session, None, &message("too early"));
    refused.is_problem(404, problem::NOT_FOUND);
    server.beat(session, &heartbeat(Phase::Exam));
    for text in ["", " \n", &"a".repeat(501), "a\u{7}b"] {
        server.give(session, None, &message(text)).is_problem(400, problem::MALFORMED_COMMAND);
    }
    let path = format!("/v1/sessions/{session}/commands");
    for body in ["", "{}", r#"{"kind":"quit"}"#, r#"{"kind":"message"}"#] {
        let refused = server.post_json(&server.proctor, &path, None, body.to_owned());
        refused.is_problem(400, problem::MALFORMED_COMMAND);
    }
    for key in ["", "a b", &"a".repeat(129)] {
        let refused = server.give(session, Some(key), &message("hello"));
        refused.is_problem(400, problem::PARAMETER);
    }
    assert_eq!(server.give(session, None, &message(&"ü".repeat(500))).status, 201);
    assert_eq!(server.commands(session).len(), 1);
}

#[test]
fn the_same_key_gives_the_same_command_once() {
    let (server, agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    server.beat(session, &heartbeat(Phase::Exam));
    let first = server.give(session, Some("k-1"), &message("hello"));
    let again = server.give(session, Some("k-1"), &message("hello"));
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!(first.text(), again.text());
    let other = server.give(session, Some("k-1"), &message("good bye"));
    other.is_problem(422, problem::KEY_REUSED);
    assert_eq!(server.give(session, Some("k-2"), &message("hello")).status, 201);
    // A key is one session's.
    let second = Agent::new(2).session();
    server.beat(second, &heartbeat(Phase::Exam));
    assert_eq!(server.give(second, Some("k-1"), &message("good bye")).status, 201);
    assert_eq!(server.commands(session).len(), 2);
}

fn field<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let mark = format!("name=\"{name}\" value=\"");
    let marks = page.split(&mark).skip(1);
    marks.map(|after| after.split('"').next().unwrap()).collect()
}

#[test]
fn a_proctor_writes_from_the_page_and_sees_what_became_of_it() {
    let (server, agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    server.beat(session, &heartbeat(Phase::CheckIn));
    let (cookie, path) = (server.sign_in(), format!("/sessions/{session}"));
    let page = server.page(&cookie, &path);
    let keys = field(page.text(), "key");
    assert_eq!(field(page.text(), "kind"), ["message", "allow_start", "check_camera"]);
    let send = |cookie: &str, kind: &str, key: &str, text: &str| {
        let request = Request::post(format!("{path}/commands"))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(COOKIE, cookie)
            .body(Body::from(format!("kind={kind}&key={key}&text={text}")));
        server.ask(request.unwrap())
    };
    let stranger = send("", "message", keys[0], "hello");
    assert_eq!(stranger.headers[LOCATION], "/login");
    for _ in 0..2 {
        let sent = send(&cookie, "message", keys[0], "Hello%0D%0A%3Cb%3Eyou%3C%2Fb%3E");
        assert_eq!(sent.status, 303, "{}", sent.text());
        assert_eq!(sent.headers[LOCATION], format!("{path}#commands"));
    }
    send(&cookie, "allow_start", keys[1], "No+light");
    assert_eq!(send(&cookie, "message", "k", &"a".repeat(501)).status, 400);
    let given = server.commands(session);
    assert_eq!(given.len(), 2);
    assert_eq!(given[0].kind, message("Hello\n<b>you</b>"));
    assert!(given[0].sent_by.starts_with("page-"));
    let page = server.page(&cookie, &path);
    assert!(page.text().contains(">waiting</span>") && !page.text().contains("<b>you"));
    let confirmed =
        [Outcome::Shown, Outcome::Read].map(|outcome| confirmation(given[0].id, outcome)).into();
    server.beat(session, &Heartbeat { confirmed, ..heartbeat(Phase::Exam) });
    let page = server.page(&cookie, &path);
    assert!(page.text().contains(">read</span>"), "{}", page.text());
    // The exam is on: its start needs no leave any more.
    assert_eq!(field(page.text(), "kind"), ["message", "check_camera", "end"]);
}

#[test]
fn a_recording_that_is_reported_has_no_candidate_to_write_to() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    server.post(agent.session(), batch(&[&agent.started("a recording")]));
    let page = server.page(&server.sign_in(), &format!("/sessions/{}", agent.session()));
    assert!(!page.text().contains("<textarea"));
}

#[test]
fn consent_and_override_stand_in_the_report_and_are_shown() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let at = "2026-05-01T10:00:00Z".to_owned();
    let consent =
        Consent { text_sha256: Hash::of(b"text"), at: at.clone(), language: "de".to_owned() };
    let command = CommandId(uuid::Uuid::from_u128(9));
    let reason = "The lamp is <broken>".to_owned();
    let start_override = StartOverride { command, reason, at };
    let mut started: serde_json::Value = serde_json::from_str(&agent.started("Seat 7")).unwrap();
    started["data"]["consent"] = serde_json::to_value(&consent).unwrap();
    started["data"]["start_override"] = serde_json::to_value(&start_override).unwrap();
    let mut odd = started.clone();
    odd["data"]["consent"]["at"] = "yesterday".into();
    let refused = server.post(session, batch(&[&odd.to_string(), &odd.to_string()]));
    refused.is_problem(422, problem::MALFORMED_EVENTS);
    assert_eq!(server.post(session, batch(&[&started.to_string()])).status, 200);
    let detail = server.detail(session);
    assert_eq!((detail.consent, detail.start_override), (Some(consent), Some(start_override)));
    let page = server.page(&server.sign_in(), &format!("/sessions/{session}"));
    for part in ["The lamp is &#60;broken&#62;", &Hash::of(b"text").to_string(), "language de"] {
        assert!(page.text().contains(part), "{part}");
    }
}
