//! The roster that is live, over real HTTP and by the real clock.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use inview::report::{Exam, Heartbeat, Issued, Phase};
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};

use super::heartbeats::heartbeat;
use super::people::{PASSWORD, between, named};
use super::*;

/// A server on a port of its own.
struct Live {
    address: String,
    client: Client,
    agent: String,
    proctor: String,
    manager: String,
    /// Signs in whoever makes the first account.
    link: String,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    stopped: Receiver<()>,
    folder: tempfile::TempDir,
}

impl Live {
    fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap())
    }

    fn start_in(folder: tempfile::TempDir) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let home = Home::open(folder.path(), address.ip(), Arc::new(Timestamp::now)).unwrap();
        let read = |path| std::fs::read_to_string(path).unwrap().trim().to_owned();
        let (agent, proctor) = (read(&home.agent_token.path), read(&home.proctor_token.path));
        let manager = read(&home.manager_token.path);
        let link = format!("/sign-in/{}", home.sign_in_code().unwrap().reveal());
        let authority = std::fs::read(home.authority()).unwrap();
        let authority = reqwest::Certificate::from_pem(&authority).unwrap();
        let client = Client::builder().tls_certs_only([authority]).no_proxy();
        let client = client.redirect(reqwest::redirect::Policy::none());
        let (stop, asked) = tokio::sync::oneshot::channel();
        let (has_stopped, stopped) = sync_channel(1);
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            let listeners = inview::server::Listeners::tls(listener, Arc::clone(&home.tls));
            let state = home.state.clone();
            let until = async {
                asked.await.ok();
            };
            runtime.unwrap().block_on(inview::server::run(listeners, state, until)).unwrap();
            drop(home);
            has_stopped.send(()).ok();
        };
        std::thread::Builder::new().spawn(serve).unwrap();
        Self {
            address: format!("https://{address}"),
            client: client.timeout(None).build().unwrap(),
            agent,
            proctor,
            manager,
            link,
            stop: Some(stop),
            stopped,
            folder,
        }
    }

    /// Stops, and says how long that took.
    fn stop(mut self) -> (tempfile::TempDir, Duration) {
        let asked = Timestamp::now();
        self.stop.take().unwrap().send(()).unwrap();
        self.stopped.recv_timeout(Duration::from_secs(20)).unwrap();
        (self.folder, Timestamp::now().duration_since(asked).unsigned_abs())
    }

    fn post(&self, session: SessionId, events: &[&str]) {
        let request = self.client.post(format!("{}/v1/sessions/{session}/events", self.address));
        let request = request.bearer_auth(&self.agent).header("content-type", BATCH_CONTENT_TYPE);
        let answer = request.body(batch(events)).send().unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{}", answer.text().unwrap());
    }

    fn beat(&self, session: SessionId) {
        let path = format!("{}/v1/sessions/{session}/heartbeats", self.address);
        let beat = heartbeat(Phase::Exam);
        let beat = Heartbeat { sent_at: Timestamp::now().to_string(), ..beat };
        let answer = self.client.post(path).bearer_auth(&self.agent).json(&beat).send().unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{}", answer.text().unwrap());
    }

    fn ask(&self, query: &str, last: Option<&str>) -> Response {
        let request = self.client.get(format!("{}/v1/stream{query}", self.address));
        let request = request.bearer_auth(&self.proctor);
        match last {
            Some(last) => request.header("last-event-id", last),
            None => request,
        }
        .send()
        .unwrap()
    }

    /// Sends a form as a page does.
    fn form(&self, cookie: &str, path: &str, fields: &str) -> Response {
        let form = self.client.post(format!("{}{path}", self.address)).header("cookie", cookie);
        let form = form.header("content-type", "application/x-www-form-urlencoded");
        let answer = form.body(fields.to_owned()).send().unwrap();
        assert!(answer.status().as_u16() < 400, "{path}: {}", answer.text().unwrap());
        answer
    }

    /// The cookie of the first administrator.
    fn admin(&self) -> String {
        let starter = self.client.get(format!("{}{}", self.address, self.link)).send().unwrap();
        let fields = format!("name=root&password={PASSWORD}&again={PASSWORD}");
        cookie_of(&self.form(&cookie_of(&starter), "/first-admin", &fields))
    }

    /// An account: its id and the cookie.
    fn account(&self, admin: &str, name: &str, role: &str) -> (String, String) {
        let made = self.form(admin, "/accounts", &format!("name={name}&role={role}"));
        let made = made.text().unwrap();
        let link = between(&made, &format!("{}/password/", self.address), "<");
        let fields = format!("password={PASSWORD}&again={PASSWORD}");
        let set = self.form("", &format!("/password/{link}"), &fields);
        (between(&made, "href=\"/accounts/", "\""), cookie_of(&set))
    }

    fn put<T: serde::de::DeserializeOwned>(&self, path: &str, body: &Value) -> T {
        let request = self.client.post(format!("{}{path}", self.address)).json(body);
        let answer = request.bearer_auth(&self.manager).send().unwrap();
        assert_eq!(answer.status().as_u16(), 201);
        answer.json().unwrap()
    }

    /// An exam with one seat, and an agent that sits there.
    fn exam(&self, name: &str) -> (Exam, Agent) {
        let exam: Exam = self.put("/v1/exams", &named(name));
        let asked = json!({"label": format!("seat of {name}"), "exam": exam.exam});
        let issued: Issued = self.put("/v1/sessions", &asked);
        let mut agent = Agent::new(1);
        agent.identity.session = issued.session;
        agent.identity.incarnation = Incarnation::of_replay(issued.session);
        self.post(issued.session, &[&agent.started("Seat 7")]);
        (exam, agent)
    }

    fn get_as(&self, cookie: &str, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.address)).header("cookie", cookie);
        request.send().unwrap()
    }

    fn stream(&self, last: Option<&str>) -> Stream {
        Stream::of(self.ask("", last))
    }
}

fn cookie_of(answer: &Response) -> String {
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// What an event said.
#[derive(Debug)]
struct Told {
    event: String,
    id: String,
    data: String,
}

impl Told {
    fn row(&self) -> Value {
        assert_eq!(self.event, "row", "{self:?}");
        serde_json::from_str(&self.data).unwrap()
    }
}

struct Stream(BufReader<Response>);

impl Stream {
    /// Reads the first word.
    fn of(answer: Response) -> Self {
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let mut stream = Self(BufReader::new(answer));
        assert_eq!(stream.next().unwrap().event, "alive");
        stream
    }

    /// `None` at the end.
    fn next(&mut self) -> Option<Told> {
        let mut told = Told { event: String::new(), id: String::new(), data: String::new() };
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end_matches('\n');
            match line.split_once(':') {
                None if line.is_empty() => return Some(told),
                Some(("event", value)) => told.event.push_str(value.trim_start()),
                Some(("id", value)) => told.id.push_str(value.trim_start()),
                Some(("data", value)) => told.data.push_str(value.trim_start()),
                None | Some(_) => {}
            }
        }
    }

    /// The next row of a session that is as wanted.
    fn until(&mut self, session: SessionId, is_wanted: impl Fn(&Value) -> bool) -> Told {
        loop {
            let told = self.next().expect("the stream goes on");
            if told.event == "row" {
                let row = told.row();
                if row["session"] == session.to_string() && is_wanted(&row) {
                    return told;
                }
            }
        }
    }
}

#[test]
fn a_report_is_a_row_within_a_second() {
    let (live, mut agent) = (Live::start(), Agent::new(1));
    let mut stream = live.stream(None);
    let session = agent.session();
    live.post(session, &[&agent.started("Seat 7")]);
    stream.until(session, |row| row["label"] == "Seat 7" && row["state"] == "fine");
    // The second row of a session waits until a second has passed since the first one.
    for alerts in 1..=3 {
        live.post(
            session,
            &[&agent.closed(Kind::OutOfView, alerts * 10_000, alerts * 10_000 + 6_000)],
        );
        let posted = Timestamp::now();
        stream.until(session, |row| row["alerts"] == alerts);
        let took = Timestamp::now().duration_since(posted).as_millis();
        println!("a row came {took} ms after its report was answered");
        // A second, the pause between two rows, and a machine that does other things, too.
        assert!(took < 3_000, "{took} ms");
    }
}

#[test]
fn an_alert_comes_by_the_passing_of_time_alone() {
    let (live, mut agent) = (Live::start(), Agent::new(1));
    let mut stream = live.stream(None);
    let session = agent.session();
    let now = Timestamp::now().to_string();
    let started = agent.started("Seat 7");
    live.post(session, &[&started, &agent.opened(Kind::OutOfView, 10, &now)]);
    stream.until(session, |row| row["state"] == "fine");
    let alert = stream.until(session, |row| row["state"] == "alert").row();
    assert_eq!((&alert["kind"], &alert["verdict"]), (&"out_of_view".into(), &Value::Null));
    let since: Timestamp = alert["since"].as_str().unwrap().parse().unwrap();
    assert!(Timestamp::now().duration_since(since).as_secs() >= 5);
}

#[test]
fn a_reader_that_was_cut_off_goes_on_where_it_was_and_misses_nothing() {
    let live = Live::start();
    let mut agents: Vec<Agent> = (1..=20).map(Agent::new).collect();
    let mut stream = live.stream(None);
    let mut last = String::new();
    for agent in &mut agents {
        live.post(agent.session(), &[&agent.started("Seat 7")]);
        last = stream.until(agent.session(), |_| true).id;
    }
    drop(stream);
    for agent in &mut agents[5..15] {
        live.post(agent.session(), &[&agent.closed(Kind::OutOfView, 0, 9_000)]);
    }
    let mut stream = live.stream(Some(&last));
    let mut missing: Vec<SessionId> = agents[5..15].iter().map(Agent::session).collect();
    while !missing.is_empty() {
        let row = stream.next().unwrap().row();
        assert_eq!(row["alerts"], 1, "{row}");
        missing.retain(|session| row["session"] != session.to_string());
    }
}

#[test]
fn a_place_of_another_run_is_reset_once_and_then_goes_on() {
    let (live, mut agent) = (Live::start(), Agent::new(1));
    let session = agent.session();
    let mut stream = live.stream(None);
    live.post(session, &[&agent.started("Seat 7")]);
    let last = stream.until(session, |_| true).id;
    let (folder, took) = live.stop();
    assert!(took < Duration::from_secs(4), "an open page held the server for {took:?}");
    assert!(stream.next().is_none_or(|told| told.event == "row"));
    let live = Live::start_in(folder);
    for place in [&*last, "rubbish", "0-0"] {
        let mut stream = live.stream(Some(place));
        assert_eq!(stream.next().unwrap().event, "reset");
        live.post(session, &[&agent.closed(Kind::OutOfView, 0, 9_000)]);
        stream.until(session, |_| true);
    }
}

#[test]
fn a_reader_that_does_not_read_holds_nobody_up_and_finds_the_newest_rows() {
    let live = Live::start();
    let mut agents: Vec<Agent> = (1..=40).map(Agent::new).collect();
    let mut asleep = Stream::of(live.ask("?as=html", None));
    let mut awake = live.stream(None);
    for round in 0..6 {
        for agent in &mut agents {
            let event = match round {
                0 => agent.started(&"x".repeat(200)),
                _ => agent.closed(Kind::OutOfView, round * 10_000, round * 10_000 + 6_000),
            };
            live.post(agent.session(), &[&event]);
            live.beat(agent.session());
        }
        let last = agents.last().unwrap().session();
        awake.until(last, |row| row["alerts"] == round);
    }
    // Whatever stood in the connection, and then no more than one row of each session.
    let mut newest = 0;
    while newest < agents.len() {
        let told = asleep.next().unwrap();
        assert_eq!(told.event, "row", "the newest rows have not come");
        newest += usize::from(told.data.contains("5 to review"));
    }
}

#[test]
fn strangers_and_agents_have_no_stream_and_a_cookie_has_the_rows_as_html() {
    let server = Server::start();
    server.ask(get("/v1/stream")).is_problem(401, problem::UNAUTHORIZED);
    server.get_as(&server.agent, "/v1/stream").is_problem(403, problem::SCOPE);
    server.get("/v1/stream?as=xml").is_problem(400, problem::PARAMETER);
    server.get("/v1/stream?as=html&lang=fr").is_problem(400, problem::PARAMETER);
    let live = Live::start();
    let cookie = cookie_of(&live.form("", "/login", &format!("token={}", live.proctor)));
    let mut stream = Stream::of(live.get_as(&cookie, "/v1/stream?as=html"));
    let mut german = Stream::of(live.get_as(&cookie, "/v1/stream?as=html&lang=de"));
    let mut agent = Agent::new(1);
    live.post(agent.session(), &[&agent.started("<b>Seat</b>")]);
    let row = stream.next().unwrap();
    assert!(row.data.starts_with("<li class=\"row s-fine\""), "{}", row.data);
    assert!(row.data.contains("nothing to report"), "{}", row.data);
    let theirs = german.next().unwrap();
    assert!(theirs.data.contains("nichts zu melden"), "{}", theirs.data);
    assert!(!row.data.contains("<b>Seat"), "{}", row.data);
}

/// Another report that changes the row, and the number of alerts that it then has.
fn alert(live: &Live, agent: &mut Agent, number: i64) -> i64 {
    let event = agent.closed(Kind::OutOfView, number * 10_000, number * 10_000 + 6_000);
    live.post(agent.session(), &[&event]);
    number
}

#[test]
fn a_proctor_hears_of_their_own_exams_alone_and_at_once_of_others_once_assigned_anew() {
    let live = Live::start();
    let admin = live.admin();
    let ((own, mut seat), (foreign, mut other)) = (live.exam("own"), live.exam("foreign"));
    let (session, others) = (seat.session(), other.session());
    let (id, cookie) = live.account(&admin, "ann", "proctor");
    let assign = |exam: &Exam| {
        let (own, foreign, exam) = (own.exam, foreign.exam, exam.exam);
        let fields = format!("shown={own}&shown={foreign}&exam={exam}");
        live.form(&admin, &format!("/accounts/{id}/exams"), &fields);
    };
    assign(&own);
    let page = live.get_as(&cookie, "/").text().unwrap();
    assert!(page.contains("seat of own") && !page.contains("foreign"), "{page}");
    let beyond = format!("/?exam={}", foreign.exam);
    assert_eq!(live.get_as(&cookie, &beyond).status().as_u16(), 404);

    let mut all = live.stream(None);
    let mut theirs = Stream::of(live.get_as(&cookie, "/v1/stream"));
    let mut none = Stream::of(live.get_as(&cookie, &format!("/v1/stream?exam={}", foreign.exam)));
    let mut last = String::new();
    for number in 1..=3 {
        // The foreign row is there before the own one is made.
        let alerts = alert(&live, &mut other, number);
        all.until(others, |row| row["alerts"] == alerts);
        let alerts = alert(&live, &mut seat, number);
        all.until(session, |row| row["alerts"] == alerts);
        loop {
            let told = theirs.next().unwrap();
            let row = told.row();
            assert_eq!((&row["session"], &row["exam"]), (&json!(session), &json!(own.exam)));
            last = told.id;
            if row["alerts"] == alerts {
                break;
            }
        }
    }

    assign(&foreign);
    alert(&live, &mut seat, 4);
    // Not the row that has just changed, which is theirs no longer.
    assert_eq!(theirs.next().unwrap().event, "reset");
    assert_eq!(none.next().unwrap().event, "reset");
    alert(&live, &mut other, 4);
    for stream in [&mut theirs, &mut none] {
        let row = stream.next().unwrap().row();
        assert_eq!((&row["session"], &row["room"]), (&json!(others), &Value::Null));
    }
    // Nor does the old place lead to rows that are theirs no longer, or past those that are new.
    let stream = live.client.get(format!("{}/v1/stream", live.address));
    let stream = stream.header("cookie", &cookie).header("last-event-id", &last).send().unwrap();
    assert_eq!(Stream::of(stream).next().unwrap().event, "reset");

    live.form(&admin, &format!("/accounts/{id}/disable"), "disabled=true");
    alert(&live, &mut other, 5);
    let after =
        std::iter::from_fn(|| theirs.next()).filter(|told| told.data.contains("\"alerts\":5"));
    assert_eq!(after.count(), 0, "a disabled account hears something");
    assert_eq!(live.get_as(&cookie, "/v1/stream").status().as_u16(), 401);
}

#[test]
fn an_auditor_hears_of_everything_and_has_no_buttons() {
    let live = Live::start();
    let admin = live.admin();
    let (_, auditor) = live.account(&admin, "eve", "auditor");
    let streams = [&admin, &auditor].map(|who| Stream::of(live.get_as(who, "/v1/stream?as=html")));
    let mut agent = Agent::new(1);
    let now = Timestamp::now().to_string();
    let events = [agent.started("Seat 7"), agent.opened(Kind::OutOfView, 10, &now)];
    live.post(agent.session(), &[&events[0], &events[1]]);
    for (mut stream, judges) in streams.into_iter().zip([true, false]) {
        let alert = std::iter::from_fn(|| stream.next()).find(|it| it.data.contains("s-alert"));
        let alert = alert.unwrap().data;
        assert_eq!(alert.contains("<button"), judges, "{alert}");
    }
    assert!(!live.get_as(&auditor, "/").text().unwrap().contains("name=\"verdict\""));
}

#[test]
fn the_page_of_a_session_hears_of_that_one_and_of_what_other_proctors_say_there() {
    let live = Live::start();
    let admin = live.admin();
    let ((exam, mut seat), (_, mut other)) = (live.exam("own"), live.exam("foreign"));
    let session = seat.session();
    let (id, ann) = live.account(&admin, "ann", "proctor");
    live.form(&admin, &format!("/accounts/{id}/exams"), &format!("exam={}", exam.exam));
    let page = live.get_as(&ann, &format!("/sessions/{session}")).text().unwrap();
    let place = between(&page, "data-place=\"", "\"");
    let stream = |of: SessionId| {
        let path = format!("/v1/stream?session={of}&after={place}");
        Stream::of(live.get_as(&ann, &path))
    };
    let (mut theirs, mut beyond) = (stream(session), stream(other.session()));
    let mut all = live.stream(None);
    alert(&live, &mut other, 1);
    all.until(other.session(), |row| row["alerts"] == 1);
    alert(&live, &mut seat, 1);
    theirs.until(session, |row| row["alerts"] == 1 && row["unreviewed"] == 1);
    // What another one makes of it changes no figure of the row the second time, but the page.
    let path =
        format!("/sessions/{session}/intervals/{}/review", IntervalId::derived(session, 10_000));
    live.form(&admin, &path, "verdict=technical&note=");
    theirs.until(session, |row| row["unreviewed"] == 0);
    live.form(&admin, &path, "verdict=fine&note=");
    theirs.until(session, |row| row["unreviewed"] == 0);
    live.form(&admin, &format!("/sessions/{session}/commands"), "kind=message&text=x&key=k");
    theirs.until(session, |row| row["unreviewed"] == 0);
    let (_, took) = live.stop();
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert!(beyond.next().is_none(), "a session of another exam is heard of");
}
