//! The program as it is started and stopped.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn command(data: &Path, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inview-server"));
    command.arg("--data").arg(data).args(["--listen", listen]);
    command
}

/// Starts a server, and waits until it says where it listens.
fn start(data: &Path, ready: &Path) -> (Child, String) {
    let mut command = command(data, "127.0.0.1:0");
    command.arg("--ready-file").arg(ready).stdout(Stdio::piped());
    let mut server = command.spawn().unwrap();
    let lines = BufReader::new(server.stdout.as_mut().unwrap()).lines();
    let text: Vec<String> =
        lines.map(Result::unwrap).take_while(|line| !line.starts_with("Ctrl-C")).collect();
    (server, text.join("\n"))
}

fn stop(mut server: Child) -> Option<i32> {
    let id = server.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    server.wait().unwrap().code()
}

#[track_caller]
fn is_refused(output: &Output, expected: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("inview-server: ") && text.contains(expected), "{text}");
}

#[test]
fn a_server_says_how_to_use_it_and_stops_when_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (data, ready) = (folder.path().join("data"), folder.path().join("ready.json"));
    let (server, said) = start(&data, &ready);
    let text = std::fs::read_to_string(&ready);
    assert_eq!(stop(server), Some(0));
    let ready: serde_json::Value = serde_json::from_str(&text.unwrap()).unwrap();
    let address = ready["address"].as_str().unwrap();
    assert!(address.starts_with("https://127.0.0.1:") && !address.ends_with(":0"), "{address}");
    let sign_in = ready["sign_in"].as_str().unwrap();
    assert!(sign_in.starts_with(&format!("{address}/sign-in/")), "{sign_in}");
    for name in ["authority", "agent_token_file", "proctor_token_file", "manager_token_file"] {
        let path = Path::new(ready[name].as_str().unwrap());
        assert!(path.is_absolute() && path.exists(), "{name}: {}", path.display());
        assert!(said.contains(&path.display().to_string()), "{name}: {said}");
        let secret = std::fs::read_to_string(path).unwrap();
        assert!(!said.contains(secret.trim()), "{name}");
    }
    assert!(said.contains(sign_in), "{said}");
}

#[test]
fn what_is_in_the_way_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let (data, other) = (folder.path().join("data"), folder.path().join("other"));
    let (server, said) = start(&data, &folder.path().join("ready.json"));
    let second = command(&data, "127.0.0.1:0").output().unwrap();
    let address = said.lines().next().unwrap().rsplit('/').next().unwrap().to_owned();
    let same_port = command(&other, &address).output().unwrap();
    assert_eq!(stop(server), Some(0));
    is_refused(&second, "another server runs there");
    is_refused(&same_port, "cannot listen on");
    let database = data.join("inview.db");
    std::fs::File::create(&database).unwrap().set_len(5_000).unwrap();
    std::fs::remove_file(data.join("inview.db-wal")).ok();
    let zeros = command(&data, "127.0.0.1:0").output().unwrap();
    is_refused(&zeros, "inview.db");
    let file = command(&folder.path().join("ready.json"), "127.0.0.1:0").output().unwrap();
    is_refused(&file, "ready.json");
}

fn issue(data: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inview-server"));
    command.args(["issue", "--data"]).arg(data).args(more).output().unwrap()
}

#[test]
fn sessions_are_issued_by_a_command_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("issued.json"));
    let policy = folder.path().join("policy.toml");
    std::io::Write::write_all(
        &mut std::fs::File::create(&policy).unwrap(),
        b"version = \"oral-1\"\nalert_after_ms = 4000\n",
    )
    .unwrap();
    let (server, _said) = start(&data, &folder.path().join("ready.json"));
    let (policy, out) = (policy.to_str().unwrap(), file.to_str().unwrap());
    let more = ["--label", "Seat", "--count", "3", "--policy", policy, "--file", out];
    let issued = issue(&data, &more);
    let wrong = issue(&data, &["--label", "Seat", "--expires-at", "yesterday"]);
    let foreign = issue(&data, &["--label", "Seat", "--ca", out]);
    assert_eq!(stop(server), Some(0));
    let said = String::from_utf8(issued.stdout).unwrap();
    assert!(issued.status.success(), "{}", String::from_utf8_lossy(&issued.stderr));
    let kept: Vec<inview::report::Issued> =
        serde_json::from_reader(std::fs::File::open(&file).unwrap()).unwrap();
    let labels: Vec<&str> = kept.iter().map(|issued| issued.label.as_str()).collect();
    assert_eq!(labels, ["Seat 1", "Seat 2", "Seat 3"]);
    for issued in &kept {
        let (page, link) = (issued.link.reveal(), issued.agent_link.reveal());
        for part in [&issued.label, &issued.code.reveal(), page, link] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(page.starts_with("https://127.0.0.1:"), "{page}");
    }
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let after = issue(&data, &["--label", "Seat"]);
    for (output, expected) in
        [(wrong, "expires_at"), (foreign, "no certificates"), (after, "does it run?")]
    {
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.lines().count() == 1 && text.contains(expected), "{text}");
    }
}
