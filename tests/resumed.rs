//! Proctors' programs whose connection is cut: none of them misses an alert, or is told one twice.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};

use inview::report::SessionId;
use reqwest::blocking::Response;
use serde_json::Value;
use support::reporter::Reporter;
use support::server::ServerProgram;
use support::{Chance, asked, wait_until};

const SERVER: &str = env!("CARGO_BIN_EXE_inview-server");
const SESSIONS: u64 = 20;

/// A program that follows the roster as PROTOCOL.md says, and knows nothing but what it was told.
#[derive(Default)]
struct Follower {
    /// The place behind the last event that came whole.
    place: Option<String>,
    /// Rows that have come in this run of the server.
    versions: BTreeSet<String>,
    /// Alerts of each session that it has seen.
    alerts: BTreeMap<SessionId, u64>,
    /// Those of its last row in this run of the server.
    told: BTreeMap<SessionId, u64>,
    rows: u64,
    resets: u64,
}

/// A connection, and what has come of the next event.
struct Stream {
    lines: BufReader<Response>,
    event: String,
    id: String,
    data: String,
}

impl Follower {
    fn connect(&self, server: &ServerProgram) -> Stream {
        let request = server.client().get(format!("{}/v1/stream", server.says("address")));
        let request = request.bearer_auth(server.read("proctor_token_file"));
        let request = match &self.place {
            Some(place) => request.header("last-event-id", place),
            None => request,
        };
        let answer = request.send().unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        let [event, id, data] = Default::default();
        Stream { lines: BufReader::new(answer), event, id, data }
    }

    /// Reads so many lines and no more, wherever that is; `false` at the end of the stream.
    fn read(&mut self, stream: &mut Stream, server: &ServerProgram, lines: u64) -> bool {
        for _ in 0..lines {
            let mut line = String::new();
            if stream.lines.read_line(&mut line).unwrap_or(0) == 0 {
                return false;
            }
            let Stream { event, id, data, .. } = stream;
            match line.trim_end().split_once(':') {
                Some(("event", value)) => value.trim_start().clone_into(event),
                Some(("id", value)) => value.trim_start().clone_into(id),
                Some(("data", value)) => value.trim_start().clone_into(data),
                // What is not ended by an empty line has not come.
                None if line.trim_end().is_empty() => {
                    self.take(server, event, id, data);
                    [event, id, data].into_iter().for_each(String::clear);
                }
                None | Some(_) => {}
            }
        }
        true
    }

    fn take(&mut self, server: &ServerProgram, event: &str, id: &str, data: &str) {
        if !id.is_empty() {
            self.place = Some(id.to_owned());
        }
        match event {
            "row" => {
                let row: Value = serde_json::from_str(data).unwrap();
                // Several rows may stand at one place.
                let version = format!("{id} {}", row["session"]);
                assert!(self.versions.insert(version), "a row came twice: {id} {row}");
                let session = row["session"].as_str().unwrap().parse().unwrap();
                let alerts = row["alerts"].as_u64().unwrap();
                let before = self.told.insert(session, alerts).unwrap_or(0);
                assert!(alerts >= before, "{session}: {alerts} alerts after {before}");
                self.sees(session, alerts);
                self.rows += 1;
            }
            "reset" => {
                self.versions.clear();
                self.told.clear();
                for session in server.sessions() {
                    self.sees(session.session, session.alerts);
                }
                self.resets += 1;
            }
            _ => {}
        }
    }

    /// What was read by itself may be newer than the rows that come next: what was seen is not seen again.
    fn sees(&mut self, session: SessionId, alerts: u64) {
        let seen = self.alerts.entry(session).or_default();
        *seen = alerts.max(*seen);
    }

    fn all(&self) -> u64 {
        self.alerts.values().sum()
    }
}

#[test]
fn a_client_of_the_stream_that_is_cut_and_resumed_also_across_restarts_sees_each_alert_exactly_once()
 {
    let cuts = asked("INVIEW_CUTS", 40);
    let data = tempfile::tempdir().unwrap();
    let mut server = ServerProgram::start(SERVER, data.path());
    let address = server.address();
    let mut reporters: Vec<Reporter> = (0..SESSIONS)
        .map(|number| {
            Reporter::start(&server, SessionId::derived(&[b"resumed", &number.to_be_bytes()]))
        })
        .collect();
    let (mut follower, mut chance, mut made) = (Follower::default(), Chance::default(), 0);
    // From here on it follows.
    let mut stream = follower.connect(&server);
    while follower.place.is_none() {
        assert!(follower.read(&mut stream, &server, 1), "the stream ended");
    }
    drop(stream);
    for cut in 1..=cuts {
        for _ in 0..=chance.below(3) {
            reporters[chance.below(SESSIONS) as usize].alert();
            made += 1;
        }
        if cut % 20 == 0 {
            server.kill();
            server = ServerProgram::start_at(SERVER, data.path(), &address);
            for reporter in &mut reporters {
                reporter.connect(&server);
            }
        }
        let mut stream = follower.connect(&server);
        follower.read(&mut stream, &server, 1 + chance.below(14));
        // Cut here, in mid-line as far as the server is concerned.
    }
    let mut stream = follower.connect(&server);
    wait_until(|| {
        if !follower.read(&mut stream, &server, 1) {
            stream = follower.connect(&server);
        }
        follower.all() == made
    });
    let found: BTreeMap<SessionId, u64> =
        server.sessions().into_iter().map(|it| (it.session, it.alerts)).collect();
    assert_eq!(follower.alerts, found);
    assert_eq!(follower.all(), made);
    println!(
        "{cuts} cuts, {} restarts: {made} alerts seen, by {} rows and {} resets",
        cuts / 20,
        follower.rows,
        follower.resets
    );
    assert!(follower.resets >= cuts / 20);
}
