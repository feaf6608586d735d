//! Replays that are killed or stopped, and servers under them.

use super::*;

const REPLAY: &str = env!("CARGO_BIN_EXE_inview-replay");

/// What the models found in the shipped recording.
const SCRIPT: &str = "tests/golden/replay/leave_ladder.detections.jsonl";

/// Events of the whole recording: its start and end, and two for each of its four intervals.
const EVENTS: u64 = 10;

/// A replay that reports to a server.
fn replay(server: &ServerProgram, spool: &Path) -> Command {
    let mut command = Command::new(REPLAY);
    command.current_dir(support::root()).args(["--format", "json", "--detections", SCRIPT]);
    // Looking once a second finds the same absences, in half of the time.
    command.args(["--rate", "1"]);
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
