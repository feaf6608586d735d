//! What the server learns of an agent that has no report to send, or was not heard for a while.

use std::io::{BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use inview::agent::{Command, Phase, Setup, Snapshot};
use inview::health::Code;
use inview::redact::Pii;
use inview::report::{Heartbeat, Seen};
use inview::upload;

use crate::support::wait_until;
use crate::{LOCAL, PRESENT, Server, setup, start, wait_for};

#[test]
fn what_is_seen_is_told_only_after_the_candidate_has_agreed() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let settings = server.upload(&server.agent, own.path());
    let agent = start(Setup { asks_consent: true, ..setup(own.path(), settings) }, PRESENT);
    let seen = || server.detail().map(|detail| detail.summary.liveness.unwrap());
    wait_for(&agent, |now| now.seen == Seen::Face);
    wait_until(|| seen().is_some());
    let first = seen().unwrap().last_heartbeat;
    wait_until(|| seen().unwrap().last_heartbeat != first);
    assert_eq!(seen().unwrap().seen, Seen::NotYet);
    agent.command(Command::Agreed(true)).unwrap();
    wait_until(|| seen().unwrap().seen == Seen::Face);
}

#[test]
fn a_token_that_is_refused_is_told_at_once_and_is_no_lost_connection() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let agent = start(setup(own.path(), server.upload("guessed", own.path())), PRESENT);
    let shows = |now: &Snapshot, code| now.health.iter().any(|condition| condition.code == code);
    // Before the exam, with no report to refuse.
    let now = wait_for(&agent, |now| shows(now, Code::ServerRefuses));
    assert!(!shows(&now, Code::ServerUnreachable));
    assert!(now.reports.obstacle.unwrap().contains("token"));
}

/// The next request of a connection: whether it is a heartbeat, and its body.
fn next_request(reader: &mut impl std::io::BufRead) -> Option<(bool, Vec<u8>)> {
    let (mut length, mut is_heartbeat, mut line) = (0, false, String::new());
    loop {
        line.clear();
        match reader.read_line(&mut line).ok()? {
            0 => return None,
            1 | 2 => break,
            _ => {}
        }
        is_heartbeat |= line.contains("/heartbeats");
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((is_heartbeat, body))
}

/// Answers heartbeats and notes them; wants no reports.
fn answer(connection: &TcpStream, heartbeats: &Mutex<Vec<Heartbeat>>) {
    let mut reader = BufReader::new(connection);
    while let Some((is_heartbeat, body)) = next_request(&mut reader) {
        let (status, text) = if is_heartbeat {
            heartbeats.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            ("200 OK", r#"{"server_time":"","heartbeat_every_ms":10000,"commands":[]}"#)
        } else {
            ("503 Busy", "")
        };
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", text.len());
        let mut connection = connection;
        connection.write_all(&[head.as_bytes(), text.as_bytes()].concat()).ok();
    }
}

fn listener(address: SocketAddr) -> Arc<Mutex<Vec<Heartbeat>>> {
    let listener = TcpListener::bind(address).unwrap();
    let heartbeats = Arc::<Mutex<Vec<Heartbeat>>>::default();
    let notes = Arc::clone(&heartbeats);
    let listen = move || {
        for connection in listener.incoming() {
            let (connection, notes) = (connection.unwrap(), Arc::clone(&notes));
            let answer = move || answer(&connection, &notes);
            std::thread::Builder::new().name("answers".to_owned()).spawn(answer).unwrap();
        }
    };
    std::thread::Builder::new().name("listener".to_owned()).spawn(listen).unwrap();
    heartbeats
}

#[test]
fn an_agent_that_was_offline_says_on_its_return_how_things_stand_then_and_nothing_of_before() {
    let own = tempfile::tempdir().unwrap();
    let free = TcpListener::bind((LOCAL, 0)).unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let settings = upload::Settings {
        server: format!("http://{address}"),
        token: Pii::new("token".to_owned()),
        authority: None,
        code: None,
        allow_plain_loopback: true,
        key: None,
        server_key: None,
        route: upload::Route::default(),
        folder: own.path().join("spool"),
        session: None,
    };
    let agent = start(setup(own.path(), settings), PRESENT);
    wait_for(&agent, |now| now.reports.obstacle.is_some());
    agent.command(Command::Begin { consent: None }).unwrap();
    wait_for(&agent, |now| now.reports.made == 1 && now.frames_looked_at > 20);
    let heartbeats = listener(address);
    wait_until(|| heartbeats.lock().unwrap().len() >= 2);
    let heartbeats = heartbeats.lock().unwrap();
    let (first, second) = (&heartbeats[0], &heartbeats[1]);
    assert_eq!((first.phase, first.seen, first.head.seq), (Phase::Exam, Seen::Face, 1));
    // The one after it is the next by the clock, or says something new: none had waited.
    let sent_at = |beat: &Heartbeat| beat.sent_at.parse::<jiff::Timestamp>().unwrap();
    let between = sent_at(second).duration_since(sent_at(first)).as_secs_f64();
    let least = if second.is_as_urgent_as(first) { 8.9 } else { 0.9 };
    assert!(between >= least, "{between} s: {heartbeats:?}");
}
