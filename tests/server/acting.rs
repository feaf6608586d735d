//! The camera check, more time and the end: what is refused, and what is shown of each.

use inview::report::{
    CheckAnswer, CommandKind, CommandList, CommandReport, CommandResult, Confirmation, EndedBy,
    Heartbeat, Outcome, Phase, Seen, StoredCommand,
};

use super::heartbeats::heartbeat;
use super::*;

const AT: &str = "2026-05-01T10:00:00Z";

fn extend(minutes: u32) -> CommandKind {
    CommandKind::Extend { minutes }
}

fn end(reason: &str) -> CommandKind {
    CommandKind::End { reason: reason.to_owned() }
}

impl Server {
    fn orders(&self, session: SessionId, kind: &CommandKind) -> Answer {
        let path = format!("/v1/sessions/{session}/commands");
        self.post_json(&self.proctor, &path, None, serde_json::to_string(kind).unwrap())
    }

    fn ordered(&self, session: SessionId) -> Vec<StoredCommand> {
        self.get(&format!("/v1/sessions/{session}/commands")).json::<CommandList>().commands
    }

    fn confirms(&self, session: SessionId, command: &StoredCommand, outcome: Outcome) {
        let (id, at) = (command.id, AT.to_owned());
        let reason = (outcome == Outcome::Refused).then(|| "unknown".to_owned());
        let confirmed = vec![Confirmation { id, outcome, at, reason }];
        self.beat(session, &Heartbeat { confirmed, ..heartbeat(Phase::Exam) });
    }

    fn planned_minutes(&self, session: SessionId) -> Option<i64> {
        let planned = self.detail(session).summary.planned_ms;
        planned.map(|planned| planned.as_millis() / 60_000)
    }
}

/// An event of a session whose exam is planned for an hour and a half.
fn started(agent: &mut Agent) -> String {
    let mut event: serde_json::Value = serde_json::from_str(&agent.started("Seat 7")).unwrap();
    event["data"]["policy"] = serde_json::json!({"planned_minutes": 90});
    event["data"]["started_at"] = AT.into();
    let text = event.to_string();
    agent.prevhash = Hash::of(text.as_bytes());
    text
}

#[test]
fn more_time_counts_once_the_agent_has_it_and_adds_up() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    server.beat(session, &heartbeat(Phase::Exam));
    server.post(session, batch(&[&started(&mut agent)]));
    assert_eq!(server.planned_minutes(session), Some(90));
    for minutes in [15, 30] {
        assert_eq!(server.orders(session, &extend(minutes)).status, 201);
    }
    assert_eq!(server.planned_minutes(session), Some(90), "it is asked for, and not done");
    let [first, second] = &server.ordered(session)[..] else { panic!() };
    server.confirms(session, first, Outcome::Done);
    assert_eq!(server.planned_minutes(session), Some(105));
    // What the agent reports counts, too, and is not counted twice.
    let told = |command: &StoredCommand, minutes, planned: i64| CommandReport {
        command: command.id,
        at_ms: MediaTime::from_millis(60_000),
        what: CommandResult::Extended {
            minutes,
            planned_ms: MediaTime::from_millis(planned * 60_000),
        },
    };
    let reports = [told(first, 15, 105), told(second, 30, 135), told(second, 30, 135)];
    let events = reports.clone().map(|report| agent.make(EventData::Command(report)));
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    assert_eq!(server.post(session, batch(&events)).status, 200);
    assert_eq!(server.planned_minutes(session), Some(135));
    let kept: Vec<_> = server.ordered(session).into_iter().map(|it| it.report.unwrap()).collect();
    assert_eq!(kept, reports[..2]);
    let cookie = server.sign_in();
    let page = server.page(&cookie, &format!("/sessions/{session}"));
    for part in ["30 minutes more", "2 h 15 min, until 12:15 UTC", "At 1:00.0: planned for"] {
        assert!(page.text().contains(part), "{part} {}", page.text());
    }
    assert!(server.page(&cookie, "/").text().contains("until 12:15 UTC"));
}

#[test]
fn what_cannot_be_asked_of_a_session_is_refused_and_leaves_nothing() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    server.beat(session, &heartbeat(Phase::Exam));
    for odd in [extend(0), extend(481), end(" "), end(&"a".repeat(501))] {
        server.orders(session, &odd).is_problem(400, problem::MALFORMED_COMMAND);
    }
    // Nothing says yet whether an end is planned: the agent knows.
    assert_eq!(server.orders(session, &extend(15)).status, 201);
    server.post(session, batch(&[&agent.started("Seat 7")]));
    server.orders(session, &extend(15)).is_problem(409, problem::NO_PLANNED_END);
    assert_eq!(server.planned_minutes(session), None);
    server.post(session, batch(&[&agent.ended(60_000)]));
    let message = CommandKind::Message { text: "Please wait.".to_owned() };
    let start = CommandKind::AllowStart { reason: "No light".to_owned() };
    for late in [extend(15), end("Fire alarm"), CommandKind::CheckCamera, message, start] {
        server.orders(session, &late).is_problem(409, problem::SESSION_ENDED);
    }
    assert_eq!(server.ordered(session).len(), 1);
}

#[test]
fn of_a_session_that_has_ended_nothing_is_asked_and_what_was_not_confirmed_is_told_so() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    server.beat(session, &heartbeat(Phase::Exam));
    server.post(session, batch(&[&agent.started("Seat 7")]));
    let message = |text: &str| CommandKind::Message { text: text.to_owned() };
    for asked in [message("Read in time."), message("Too late."), end("Fire alarm")] {
        assert_eq!(server.orders(session, &asked).status, 201);
    }
    let [read, _, by] = &server.ordered(session)[..] else { panic!() };
    server.confirms(session, read, Outcome::Read);
    let (cookie, path) = (server.sign_in(), format!("/sessions/{session}"));
    let page = server.page(&cookie, &path);
    assert!(page.text().matches(">waiting<").count() == 1, "{}", page.text());
    // The last report is here before the command by which it ended is confirmed.
    let (command, reason) = (by.id, "Fire alarm".to_owned());
    let by = EndedBy { command, reason, at: AT.to_owned() };
    assert_eq!(server.post(session, batch(&[&agent.ended_by(60_000, Some(by))])).status, 200);
    let page = server.page(&cookie, &path);
    for part in [">read<", ">not known to have arrived<", "end: done<", "The session has ended:"] {
        assert!(page.text().contains(part), "{part} {}", page.text());
    }
    assert!(!page.text().contains(">waiting<") && !page.text().contains("name=\"kind\""));
    let late = server.form(&cookie, &format!("{path}/commands"), "kind=message&text=x&key=k-9");
    assert_eq!(late.status, 409);
}

#[test]
fn the_answer_to_a_camera_check_is_shown_with_how_the_camera_stood() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    server.beat(session, &heartbeat(Phase::Exam));
    server.post(session, batch(&[&agent.started("Seat 7")]));
    let given = server.orders(session, &CommandKind::CheckCamera);
    let command = given.json::<StoredCommand>().id;
    let what = CommandResult::CameraChecked {
        answer: CheckAnswer::Cannot,
        seen: Seen::TooDark,
        open: vec![Kind::TooDark],
        health: vec!["battery_low".to_owned()],
    };
    let report = CommandReport { command, at_ms: MediaTime::from_millis(65_000), what };
    let mut odd = report.clone();
    odd.at_ms = MediaTime::from_millis(-1);
    let event = agent.make(EventData::Command(odd));
    server.post(session, batch(&[&event, &event])).is_problem(422, problem::MALFORMED_EVENTS);
    server.post(session, batch(&[&event]));
    let event = agent.make(EventData::Command(report.clone()));
    assert_eq!(server.post(session, batch(&[&event])).status, 200);
    assert_eq!(server.ordered(session)[0].report, Some(report));
    let page = server.page(&server.sign_in(), &format!("/sessions/{session}"));
    let said = "Candidate at 1:05.0: cannot mend it. The camera then: too dark, battery low";
    assert!(page.text().contains(said), "{}", page.text());
    // An older agent does not know it, and says so.
    server.confirms(session, &server.ordered(session)[0], Outcome::Refused);
    let page = server.page(&server.sign_in(), &format!("/sessions/{session}"));
    assert!(page.text().contains("is older and does not know this"), "{}", page.text());
}

#[test]
fn the_end_by_a_proctor_stands_in_the_last_report_and_needs_a_mark_on_the_page() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    server.beat(session, &heartbeat(Phase::Exam));
    server.post(session, batch(&[&agent.started("Seat 7")]));
    let (cookie, path) = (server.sign_in(), format!("/sessions/{session}/commands"));
    let send = |body: &str| server.form(&cookie, &path, body);
    assert_eq!(send("kind=end&text=Fire&key=k-1").status, 400, "the box is not marked");
    for _ in 0..2 {
        let sent = send("kind=end&text=Fire+%3Calarm%3E&sure=yes&key=k-1");
        assert_eq!(sent.status, 303, "{}", sent.text());
    }
    for odd in ["kind=extend&minutes=many&key=k-2", "kind=extend&minutes=-5&key=k-2"] {
        assert_eq!(send(odd).status, 400, "{odd}");
    }
    let [given] = &server.ordered(session)[..] else { panic!() };
    assert_eq!(given.kind, end("Fire <alarm>"));
    let by = |at: &str| EndedBy {
        command: given.id,
        reason: "Fire <alarm>".to_owned(),
        at: at.to_owned(),
    };
    let mut event: serde_json::Value = serde_json::from_str(&agent.ended(60_000)).unwrap();
    event["data"]["ended_by"] = serde_json::to_value(by("soon")).unwrap();
    let odd = event.to_string();
    server.post(session, batch(&[&odd, &odd])).is_problem(422, problem::MALFORMED_EVENTS);
    event["data"]["ended_by"] = serde_json::to_value(by(AT)).unwrap();
    assert_eq!(server.post(session, batch(&[&event.to_string()])).status, 200);
    assert_eq!(server.detail(session).ended_by, Some(by(AT)));
    let page = server.page(&cookie, &format!("/sessions/{session}"));
    let text = page.text();
    assert!(text.contains("Ended by a proctor") && text.contains("Fire &#60;alarm&#62;"), "{text}");
    assert!(!text.contains("value=\"end\""), "there is nothing left to end");
}
