//! Programs that are killed or stopped at the worst moment: what arrives at the server.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(unix)]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use inview::replay::{Document, Status};
use inview::report::{ClosedBy, Kind, Outcome, SessionId, StoredInterval};
use inview::time::MediaTime;
use inview::trust::told;
use rusqlite::{Connection, OpenFlags};
use support::server::ServerProgram;
use support::{shipped_recording, wait_until};

const REPLAY: &str = env!("CARGO_BIN_EXE_inview-replay");
const SERVER: &str = env!("CARGO_BIN_EXE_inview-server");
const AGENT: &str = env!("CARGO_BIN_EXE_inview");
/// What the models found in the shipped recording.
const SCRIPT: &str = "tests/golden/replay/leave_ladder.detections.jsonl";
/// Events of the whole recording: its start and end, and two for each of its four intervals.
const EVENTS: u64 = 10;

/// A replay that reports to a server.
fn replay(server: &ServerProgram, spool: &Path) -> Command {
    let mut command = Command::new(REPLAY);
    command.current_dir(support::root()).args(["--format", "json", "--detections", SCRIPT]);
    command.args(["--report-to", &server.says("address"), "--ca", &server.says("authority")]);
    command.args(["--token-file", &server.says("agent_token_file"), "--spool"]).arg(spool);
    command.arg(shipped_recording());
    command
}

/// Events in the spool, sent or not; none when it is not even there.
fn spooled(spool: &Path) -> u64 {
    let files = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).map(Iterator::collect::<Vec<_>>);
        entries.unwrap_or_default().into_iter().flatten().map(|entry| entry.path()).collect()
    };
    let spools = files(spool).into_iter().flat_map(|folder| files(&folder));
    let mut spools = spools.filter(|path| path.extension().is_some_and(|end| end == "spool"));
    let count = |path: PathBuf| -> rusqlite::Result<u64> {
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        database.query_row("SELECT count(*) FROM event", [], |row| row.get(0))
    };
    spools.next().and_then(|path| count(path).ok()).unwrap_or(0)
}

/// Runs until the spool holds this many events.
fn run_until(mut command: Command, spool: &Path, events: u64) -> Child {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until(|| spooled(spool) >= events || child.try_wait().unwrap().is_some());
    child
}

fn document(output: &Output) -> Document {
    let error = |error| panic!("{error}: {}", support::text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(error)
}

/// Each interval of the replay is at the server, once, and nothing else.
#[track_caller]
fn assert_same(printed: &Document, held: &[StoredInterval]) {
    let printed: Vec<_> = printed
        .intervals
        .iter()
        .map(|i| (i.id, i.kind, i.start_s, Some(i.end_s), i.confidence, Some(i.closed_by)))
        .collect();
    let held: Vec<_> = held
        .iter()
        .map(|held| &held.report.interval)
        .map(|i| {
            let (start, end) = (i.start_ms.as_secs_f64(), i.end_ms.map(MediaTime::as_secs_f64));
            (i.id, i.kind, start, end, i.confidence, i.closed_by)
        })
        .collect();
    assert_eq!(printed, held);
}

#[test]
fn a_replay_that_is_killed_and_started_again_is_at_the_server_once() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerProgram::start(SERVER, data.path());
    for events in [1, 2, 4, 7, EVENTS] {
        let mut child = run_until(replay(&server, spool.path()), spool.path(), events);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let output = replay(&server, spool.path()).output().unwrap();
    assert!(output.status.success(), "{}", support::text(&output.stderr));
    let printed = document(&output);
    assert_eq!(printed.intervals.len(), 4);
    assert_same(&printed, &server.intervals());
}

#[test]
fn a_server_that_is_killed_in_the_middle_of_a_run_ends_with_each_interval_once() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerProgram::start(SERVER, data.path());
    let child = run_until(replay(&server, spool.path()), spool.path(), 3);
    let address = server.address();
    server.kill();
    let server = ServerProgram::start_at(SERVER, data.path(), &address);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", support::text(&output.stderr));
    assert_same(&document(&output), &server.intervals());
}

#[test]
fn a_server_that_is_away_is_waited_for_and_the_same_command_sends_the_rest() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerProgram::start(SERVER, data.path());
    let mut away = replay(&server, spool.path());
    away.args(["--report-timeout", "0"]);
    let mut again = replay(&server, spool.path());
    let address = server.address();
    server.kill();
    let output = away.output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", support::text(&output.stderr));
    assert!(support::text(&output.stderr).contains("the same command sends them"));
    assert_eq!(spooled(spool.path()), EVENTS);
    let server = ServerProgram::start_at(SERVER, data.path(), &address);
    let output = again.output().unwrap();
    assert!(output.status.success(), "{}", support::text(&output.stderr));
    assert_same(&document(&output), &server.intervals());
    assert_eq!(spooled(spool.path()), 0, "what was delivered leaves the spool");
}

/// A session file for the server, in its folder.
fn session_file(server: &ServerProgram, folder: &Path) -> PathBuf {
    let session = serde_json::json!({
        "server": server.says("address"),
        "session": SessionId::derived(&[b"seat 7"]),
        "label": "Seat 7",
        "token": server.read("agent_token_file"),
        "authority": server.says("authority"),
    });
    let path = folder.join("session.json");
    serde_json::to_writer(std::fs::File::create(&path).unwrap(), &session).unwrap();
    path
}

/// The agent on the shipped recording, without a window.
fn agent(session: &Path, data: &Path) -> Command {
    let mut command = Command::new(AGENT);
    command.args(["--headless", "--begin", "--replay"]).arg(shipped_recording());
    command.arg("--session").arg(session).arg("--data").arg(data);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

#[test]
fn an_agent_that_is_killed_goes_on_with_its_exam_and_says_for_how_long_it_was_away() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerProgram::start(SERVER, data.path());
    let session = session_file(&server, own.path());
    let mut first = agent(&session, own.path()).spawn().unwrap();
    // Its journal is there: the exam goes on.
    let journal = || {
        let entries = std::fs::read_dir(own.path()).unwrap().flatten();
        entries
            .map(|entry| entry.path())
            .any(|path| path.extension().is_some_and(|e| e == "journal"))
    };
    wait_until(journal);
    first.kill().unwrap();
    first.wait().unwrap();
    let mut second = agent(&session, own.path()).spawn().unwrap();
    wait_until(|| {
        server.intervals().iter().any(|held| held.report.interval.kind == Kind::AgentGap)
    });
    let mut commands = second.stdin.take().unwrap();
    std::io::Write::write_all(&mut commands, b"{\"command\":\"end\"}\n").unwrap();
    let output = second.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", support::text(&output.stdout));
    let held = server.intervals();
    let gaps: Vec<_> = held.iter().filter(|i| i.report.interval.kind == Kind::AgentGap).collect();
    assert_eq!(gaps.len(), 1, "{held:?}");
    assert_eq!(gaps[0].report.interval.closed_by, Some(ClosedBy::AgentRestart));
    assert!(!journal(), "the journal of an ended exam stays behind");
    let last = support::text(&output.stdout).lines().last().unwrap().to_owned();
    let last: serde_json::Value = serde_json::from_str(&last).unwrap();
    assert_eq!(last["phase"], "ended");
}

#[test]
fn a_session_file_that_is_started_again_after_its_end_goes_on_under_the_same_key() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerProgram::start(SERVER, data.path());
    let session = session_file(&server, own.path());
    for _ in 0..2 {
        let mut agent = agent(&session, own.path()).spawn().unwrap();
        let journal = || {
            let entries = std::fs::read_dir(own.path()).unwrap().flatten();
            let mut paths = entries.map(|entry| entry.path());
            paths.any(|path| path.extension().is_some_and(|ending| ending == "journal"))
        };
        wait_until(journal);
        writeln!(agent.stdin.take().unwrap(), "{{\"command\":\"end\"}}").unwrap();
        let output = agent.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", support::text(&output.stdout));
    }
    let export = server.export(SessionId::derived(&[b"seat 7"]));
    assert_eq!(export.chains.len(), 2);
    let told = told::tell(&export, None);
    assert!(told.is_good && export.public_key.is_some(), "{told:?}");
}

#[test]
fn a_message_to_an_agent_that_is_killed_is_one_message_and_is_confirmed() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerProgram::start(SERVER, data.path());
    let session = session_file(&server, own.path());
    let mut first = agent(&session, own.path()).spawn().unwrap();
    wait_until(|| server.is_known());
    server.send_message("Please clear your desk.");
    // Written down, and that moment killed.
    let is_written = || {
        let entries = std::fs::read_dir(own.path()).unwrap().flatten();
        let mut paths = entries.map(|entry| entry.path());
        paths.any(|path| path.extension().is_some_and(|ending| ending == "commands"))
    };
    wait_until(is_written);
    first.kill().unwrap();
    first.wait().unwrap();
    let mut second = agent(&session, own.path()).spawn().unwrap();
    let mut commands = second.stdin.take().unwrap();
    let mut lines = BufReader::new(second.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<serde_json::Value>(&lines.next()?.unwrap()).ok();
    let line = std::iter::from_fn(&mut next)
        .find(|line| line["messages"].as_array().is_some_and(|all| !all.is_empty()))
        .unwrap();
    let message = &line["messages"][0];
    assert_eq!((line["messages"].as_array().unwrap().len(), &message["read"]), (1, &false.into()));
    assert_eq!(message["text"], "Please clear your desk.");
    writeln!(commands, "what is this?").unwrap();
    writeln!(commands, "{{\"command\":\"read\",\"message\":{}}}", message["id"]).unwrap();
    let outcomes = || -> Vec<Outcome> {
        server.commands()[0].outcomes.iter().map(|known| known.outcome).collect()
    };
    wait_until(|| outcomes() == [Outcome::Shown, Outcome::Read]);
    writeln!(commands, "{{\"command\":\"end\"}}").unwrap();
    let last = std::iter::from_fn(next).last().unwrap();
    assert_eq!((&last["phase"], last["messages"].as_array().unwrap().len()), (&"ended".into(), 1));
    assert!(second.wait().unwrap().success());
    assert!(!is_written(), "the messages of an ended session stay behind");
}

#[test]
fn ctrl_c_stops_with_what_was_found_so_far_and_the_next_run_completes_it() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerProgram::start(SERVER, data.path());
    let child = run_until(replay(&server, spool.path()), spool.path(), 3);
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", support::text(&output.stderr));
    let partial = document(&output);
    assert_eq!(partial.status, Status::Incomplete);
    assert!(!partial.intervals.is_empty() && partial.duration_s < 89.0, "{}", partial.duration_s);
    let reasons: Vec<ClosedBy> = partial.intervals.iter().map(|i| i.closed_by).collect();
    assert!(reasons.iter().all(|by| matches!(by, ClosedBy::SeenAgain | ClosedBy::Incomplete)));
    let output = replay(&server, spool.path()).output().unwrap();
    assert!(output.status.success(), "{}", support::text(&output.stderr));
    assert_same(&document(&output), &server.intervals());
}
