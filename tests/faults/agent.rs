//! Agents that are killed in their exam.

use super::*;

const AGENT: &str = env!("CARGO_BIN_EXE_inview");

pub(crate) fn session() -> SessionId {
    SessionId::derived(&[b"seat 7"])
}

/// A session file for the server, in its folder.
fn session_file(server: &ServerProgram, folder: &Path) -> PathBuf {
    session_file_of(server, folder, session())
}

pub(crate) fn session_file_of(
    server: &ServerProgram,
    folder: &Path,
    session: SessionId,
) -> PathBuf {
    let session = serde_json::json!({
        "server": server.says("address"),
        "session": session,
        "label": "Seat 7",
        "token": server.read("agent_token_file"),
        "authority": server.says("authority"),
    });
    let path = folder.join("session.json");
    serde_json::to_writer(std::fs::File::create(&path).unwrap(), &session).unwrap();
    path
}

/// The agent on the shipped recording, without a window.
pub(crate) fn agent(session: &Path, data: &Path) -> Command {
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
    let export = server.export(self::session());
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
