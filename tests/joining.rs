//! An exam from the code that a server issues to the reports that it holds: programs alone.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(unix)]

mod support;

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use inview::report::{Kind, SessionStatus};
use support::server::ServerProgram;
use support::{shipped_recording, text, wait_until};

const SERVER: &str = env!("CARGO_BIN_EXE_inview-server");
const AGENT: &str = env!("CARGO_BIN_EXE_inview");

/// The agent on the shipped recording, without a window.
fn agent(data: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(AGENT);
    command.args(["--headless", "--begin", "--replay"]).arg(shipped_recording());
    command.arg("--data").arg(data).args(more);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn end(mut agent: Child) -> Output {
    agent.stdin.take().unwrap().write_all(b"{\"command\":\"end\"}\n").unwrap();
    agent.wait_with_output().unwrap()
}

/// Whether a file of this ending is in the folder or in one below it.
fn is_in(folder: &Path, ending: &str) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| {
        path.is_dir() && is_in(&path, ending) || path.extension().is_some_and(|e| e == ending)
    })
}

#[track_caller]
fn is_refused(output: &Output, expected: &str) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.lines().count() == 1 && said.contains(expected), "{said}");
}

#[test]
fn a_code_leads_to_an_exam_that_goes_on_after_a_kill_and_without_the_server() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerProgram::start(SERVER, data.path());
    let issued = ServerProgram::issue(SERVER, data.path(), "Seat 7");
    let (link, authority) = (issued.link.reveal().as_str(), server.says("authority"));
    let by_link = ["--session", link, "--authority", &authority];
    let status = |server: &ServerProgram| server.sessions()[0].status;
    assert_eq!(status(&server), SessionStatus::Issued);

    let mut first = agent(own.path(), &by_link).spawn().unwrap();
    wait_until(|| status(&server) == SessionStatus::Running && is_in(own.path(), "journal"));
    first.kill().unwrap();
    first.wait().unwrap();
    // Nobody else takes the exam over.
    let other = tempfile::tempdir().unwrap();
    is_refused(&agent(other.path(), &by_link).output().unwrap(), "used already");
    assert!(!is_in(other.path(), "json"), "a code that is no good is not kept");

    // The server is away, and so is the file of its authority.
    let address = server.address();
    server.kill();
    let kept = std::fs::read(&authority).unwrap();
    std::fs::rename(&authority, data.path().join("away.pem")).unwrap();
    let mut second = agent(own.path(), &[issued.agent_link.reveal()]).spawn().unwrap();
    let mut lines = std::io::BufReader::new(second.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut lines, &mut line).unwrap();
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&told["phase"], &told["session"]),
        (&"exam".into(), &serde_json::json!(issued.session))
    );

    std::io::Write::write_all(&mut std::fs::File::create(&authority).unwrap(), &kept).unwrap();
    let server = ServerProgram::start_at(SERVER, data.path(), &address);
    wait_until(|| {
        server.intervals().iter().any(|held| held.report.interval.kind == Kind::AgentGap)
    });
    second.stdin.take().unwrap().write_all(b"{\"command\":\"end\"}\n").unwrap();
    std::io::copy(&mut lines, &mut std::io::sink()).unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(0));
    let session = server.sessions().remove(0);
    assert_eq!(session.session, issued.session);
    assert_eq!((session.label.as_str(), session.status), ("Seat 7", SessionStatus::Ended));
    for ending in ["json", "pem", "journal"] {
        assert!(!is_in(own.path(), ending), "{ending} stays behind");
    }
    assert!(is_in(own.path(), "spool"), "it is kept for as long as the policy says");
    is_refused(&agent(own.path(), &by_link).output().unwrap(), "used already");
}

#[test]
fn without_a_link_the_exam_that_was_joined_goes_on() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerProgram::start(SERVER, data.path());
    let issued = ServerProgram::issue(SERVER, data.path(), "Seat 7");
    is_refused(&agent(own.path(), &[]).output().unwrap(), "--session");
    let by_link = [issued.link.reveal().as_str(), "--ca", &server.says("authority")];
    let mut first = agent(own.path(), &by_link).spawn().unwrap();
    wait_until(|| is_in(own.path(), "journal"));
    first.kill().unwrap();
    first.wait().unwrap();
    let second = agent(own.path(), &[]).spawn().unwrap();
    wait_until(|| {
        server.intervals().iter().any(|held| held.report.interval.kind == Kind::AgentGap)
    });
    let output = end(second);
    assert!(output.status.success(), "{}", text(&output.stderr));
    is_refused(&agent(own.path(), &[]).output().unwrap(), "--session");
}

#[test]
fn what_an_exam_has_left_is_sent_by_the_next_one() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerProgram::start(SERVER, data.path());
    let (address, authority) = (server.address(), server.says("authority"));
    let one = ServerProgram::issue(SERVER, data.path(), "one");
    let two = ServerProgram::issue(SERVER, data.path(), "two");
    let by_link = |link: &str| {
        let mut command = agent(own.path(), &[link, "--authority", &authority, "--flush", "0"]);
        command.spawn().unwrap()
    };
    let first = by_link(one.link.reveal());
    wait_until(|| is_in(own.path(), "journal"));
    server.kill();
    let output = end(first);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    let server = ServerProgram::start_at(SERVER, data.path(), &address);
    let second = by_link(two.link.reveal());
    let has_ended = |label: &str| {
        let sessions = server.sessions();
        sessions.iter().any(|it| it.label == label && it.status == SessionStatus::Ended)
    };
    wait_until(|| has_ended("one"));
    end(second);
    wait_until(|| has_ended("two"));
    // Both are over, which the next start sees.
    is_refused(&agent(own.path(), &[]).output().unwrap(), "--session");
}

#[test]
fn what_is_no_way_into_an_exam_is_told_in_one_line_without_the_code() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerProgram::start(SERVER, data.path());
    let issued = ServerProgram::issue(SERVER, data.path(), "Seat 7");
    let (page, code) = (issued.link.reveal().clone(), issued.code.reveal());
    let wrong = page.replace(&code, "0000-0000-0000");
    let authority = server.says("authority");
    let plain = page.replace("https:", "http:");
    let elsewhere = format!("https://127.0.0.1:1/join/{code}");
    for (link, with_authority, expected) in [
        (wrong.as_str(), true, "knows no such code"),
        ("https://exams.example/join/7", true, "no code"),
        (&plain, true, "https://"),
        (&elsewhere, true, "no connection"),
        // The system does not know the authority.
        (&page, false, "not signed by a known authority"),
    ] {
        let mut command = agent(own.path(), &["--session", link]);
        if with_authority {
            command.args(["--authority", &authority]);
        }
        let output = command.env("INVIEW_LOG", "trace").output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.lines().last().unwrap().contains(expected), "{said}");
        assert!(!said.contains(&code), "{said}");
    }
    assert_eq!(server.sessions()[0].status, SessionStatus::Issued);
}

#[cfg(target_os = "linux")]
#[test]
fn links_are_registered_for_the_user_and_unregistered_again() {
    let home = tempfile::tempdir().unwrap();
    let run = |more: &[&str]| {
        let mut command = Command::new(AGENT);
        command.env("HOME", home.path()).env("XDG_DATA_HOME", home.path().join("data"));
        command.env("XDG_CONFIG_HOME", home.path().join("config")).args(more).output().unwrap()
    };
    let registered = run(&["--register-links", "--authority", "/etc/ca.pem"]);
    assert!(registered.status.success(), "{}", text(&registered.stderr));
    let entry = home.path().join("data/applications/inview.desktop");
    let written = std::fs::read_to_string(&entry).unwrap();
    let expected = format!("Exec=\"{AGENT}\" --authority \"/etc/ca.pem\" %u\n");
    assert!(written.contains(&expected), "{written}");
    assert!(text(&registered.stdout).contains("inview.desktop"));
    for _ in 0..2 {
        let output = run(&["--unregister-links"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(!entry.exists());
    }
}
