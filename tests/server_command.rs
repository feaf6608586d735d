//! The program as it is started and stopped.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(unix)]

mod support;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use inview::server::home::write_private;

fn command(data: &Path, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inview-server"));
    command.arg("--data").arg(data).args(["--listen", listen]);
    command
}

/// Starts a server, and waits until it says where it listens.
fn start(data: &Path, ready: &Path) -> (Child, String) {
    start_with(data, ready, &[])
}

fn start_with(data: &Path, ready: &Path, more: &[&str]) -> (Child, String) {
    let mut command = command(data, "127.0.0.1:0");
    command.args(more);
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
fn once_there_is_an_administrator_a_link_to_sign_in_is_printed_only_when_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (data, ready) = (folder.path().join("data"), folder.path().join("ready.json"));
    let said = |more: &[&str]| {
        let (server, said) = start_with(&data, &ready, more);
        assert_eq!(stop(server), Some(0));
        said
    };
    assert!(said(&[]).contains("/sign-in/"));
    let database = rusqlite::Connection::open(data.join("inview.db")).unwrap();
    let sql = "INSERT INTO account (tenant, account, name, role, password, created_at)
               VALUES ('local', zeroblob(16), 'root', 'admin', 'x', 0)";
    database.execute(sql, []).unwrap();
    drop(database);
    let usual = said(&[]);
    assert!(usual.contains("/login") && !usual.contains("/sign-in/"), "{usual}");
    assert!(said(&["--sign-in-link"]).contains("/sign-in/"));
}

#[test]
fn an_organisation_is_named_by_a_file_whose_faults_are_told_without_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("oidc.toml"));
    let good = "name = \"X\"\nissuer = \"https://login.example\"\nclient_id = \"inview\"\n\
                client_secret = \"hush\"\naddress = \"https://exams.example\"\n";
    let write = |text: &str| {
        let mut written = std::fs::File::create(&file).unwrap();
        std::io::Write::write_all(&mut written, text.as_bytes()).unwrap();
    };
    let path = file.to_str().unwrap().to_owned();
    for (text, expected) in [
        (good.replace("https://login", "http://login"), "https://"),
        (good.replace("client_secret = \"hush\"", "client_secret = \"hush"), "cannot be used"),
        (format!("{good}more = 1\n"), "unknown field"),
    ] {
        write(&text);
        let refused = command(&data, "127.0.0.1:0").args(["--oidc", &path]).output().unwrap();
        is_refused(&refused, expected);
        assert!(!String::from_utf8_lossy(&refused.stderr).contains("hush"));
    }
    write(good);
    let ready = folder.path().join("ready.json");
    let (server, said) = start_with(&data, &ready, &["--oidc", &path]);
    assert_eq!(stop(server), Some(0));
    assert!(said.contains("Listening"), "{said}");
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

fn verify(data: &Path) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inview-server"));
    let output = command.args(["verify-audit", "--data"]).arg(data).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn a_row_of_the_audit_log_that_was_edited_by_hand_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert_eq!(verify(&data).0, Some(2));
    let (server, _) = start(&data, &folder.path().join("ready.json"));
    let running = verify(&data);
    assert_eq!(stop(server), Some(0));
    assert_eq!(running.0, Some(0), "{}", running.1);
    let database = rusqlite::Connection::open(data.join("inview.db")).unwrap();
    let (mut prev, rows) = ("0".repeat(64), ["one", "two", "three"]);
    for (number, who) in (1_i64..).zip(rows) {
        let body = serde_json::json!({"number": number, "prev": prev, "who": who}).to_string();
        let hash = inview::report::Hash::of(body.as_bytes());
        let sql = "INSERT INTO audit (number, body, hash) VALUES (?1, ?2, ?3)";
        database.execute(sql, rusqlite::params![number, body, hash.as_bytes()]).unwrap();
        prev = hash.to_string();
    }
    let (status, said) = verify(&data);
    assert_eq!(
        (status, said.contains("3 rows") && said.contains(&prev)),
        (Some(0), true),
        "{said}"
    );
    let change = "UPDATE audit SET body = replace(body, 'two', 'owt') WHERE number = 2";
    assert_eq!(database.execute(change, []).unwrap(), 1);
    let (status, said) = verify(&data);
    assert_eq!((status, said.contains("broken at row 2")), (Some(1), true), "{said}");
}

#[test]
fn a_server_that_runs_watches_for_silence_and_writes_down_that_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let alive_at = || -> Option<i64> {
        let database = rusqlite::Connection::open(data.join("inview.db")).ok()?;
        database.query_row("SELECT alive_at FROM watch", [], |row| row.get(0)).ok()
    };
    for outages in 0..2_i64 {
        let (server, _) = start(&data, &folder.path().join("ready.json"));
        let before = alive_at();
        let waited = (0..6_000).any(|_| {
            std::thread::park_timeout(std::time::Duration::from_millis(5));
            alive_at() > before
        });
        assert_eq!((stop(server), waited), (Some(0), true));
        let database = rusqlite::Connection::open(data.join("inview.db")).unwrap();
        let sql = "SELECT count(*) FROM outage";
        let found: i64 = database.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(found, outages);
    }
}

#[test]
fn a_server_that_runs_is_backed_up_and_another_one_goes_on_from_the_copy() {
    let folder = tempfile::tempdir().unwrap();
    let (data, ready) = (folder.path().join("data"), folder.path().join("ready.json"));
    let copy = folder.path().join("copy.db");
    let (server, _) = start(&data, &ready);
    let backup = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inview-server"));
        command.arg("backup").arg(&copy).arg("--data").arg(&data).output().unwrap()
    };
    let done = backup();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8_lossy(&done.stdout).contains("copy.db: "));
    // What is there is not overwritten, and nothing else is left behind.
    is_refused(&backup(), "is there already");
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(stop(server), Some(0));

    let token = std::fs::read_to_string(data.join("agent.token")).unwrap();
    for name in ["inview.db-wal", "inview.db-shm"] {
        std::fs::remove_file(data.join(name)).ok();
    }
    std::fs::rename(&copy, data.join("inview.db")).unwrap();
    let (server, _) = start(&data, &ready);
    assert_eq!(stop(server), Some(0));
    // The copy knows the tokens: none was made again.
    assert_eq!(std::fs::read_to_string(data.join("agent.token")).unwrap(), token);
}

/// The answer to a request that is written out by hand, over a connection without TLS.
fn plain(address: &str, head: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut connection = std::net::TcpStream::connect(address).unwrap();
    write!(connection, "{head}\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn behind_a_proxy_it_needs_no_certificate_and_tells_its_figures_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let (data, ready) = (folder.path().join("data"), folder.path().join("ready.json"));
    let (config, metrics) = (folder.path().join("server.toml"), free_address());
    write_private(&config, &format!("plain_http = true\nmetrics = \"{metrics}\"\n")).unwrap();
    let (server, said) = start_with(&data, &ready, &["--config", config.to_str().unwrap()]);
    let ready: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&ready).unwrap()).unwrap();
    let address = ready["address"].as_str().unwrap().strip_prefix("http://").unwrap();
    let page = plain(address, "GET /login HTTP/1.1\r\nX-Forwarded-For: 198.51.100.1");
    let well = plain(address, "GET /readyz HTTP/1.1");
    let hidden = plain(address, "GET /metrics HTTP/1.1");
    let figures = plain(&metrics, "GET /metrics HTTP/1.1");
    let elsewhere = plain(&metrics, "GET /login HTTP/1.1");
    assert_eq!(stop(server), Some(0));
    assert!(page.starts_with("HTTP/1.1 200 ") && well.starts_with("HTTP/1.1 200 "), "{page}{well}");
    assert!(hidden.starts_with("HTTP/1.1 404 ") && elsewhere.starts_with("HTTP/1.1 404 "));
    assert!(!said.contains("Authority") && ready["server_pin"].is_null(), "{said}");
    for expected in [
        "application/openmetrics-text",
        "inview_http_requests_total{method=\"GET\",route=\"/login\",status=\"200\"} 1",
        "inview_sessions{state=\"live\"} 0",
        "inview_http_request_seconds_bucket",
        "# EOF",
    ] {
        assert!(figures.contains(expected), "{expected}: {figures}");
    }
}

#[test]
fn a_certificate_of_ones_own_is_used_and_taken_again_when_it_is_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let (data, ready) = (folder.path().join("data"), folder.path().join("ready.json"));
    let [certificate, key] = ["own.pem", "own.key"].map(|name| folder.path().join(name));
    let make = || {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        write_private(&key, &made.signing_key.serialize_pem()).unwrap();
        write_private(&certificate, &made.cert.pem()).unwrap();
        reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap()
    };
    let trusted = |certificate: &reqwest::Certificate| {
        let client = reqwest::blocking::Client::builder().no_proxy();
        client.tls_certs_only([certificate.clone()]).build().unwrap()
    };
    let first = make();
    let files = [certificate.to_str().unwrap(), key.to_str().unwrap()];
    let more = ["--certificate", files[0], "--key", files[1]];
    let (server, said) = start_with(&data, &ready, &more);
    let ready: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&ready).unwrap()).unwrap();
    let port = ready["address"].as_str().unwrap().rsplit_once(':').unwrap().1.to_owned();
    let well = format!("https://localhost:{port}/healthz");
    assert_eq!(trusted(&first).get(&well).send().unwrap().status(), 200);
    assert!(!said.contains("authority.pem") && said.contains("for --pin"), "{said}");

    let second = make();
    let hang_up = ["-HUP", &server.id().to_string()];
    assert!(Command::new("kill").args(hang_up).status().unwrap().success());
    support::wait_until(|| trusted(&second).get(&well).send().is_ok());
    // One that cannot be used is not taken; the server goes on with the one before.
    write_private(&key, "no key").unwrap();
    assert!(Command::new("kill").args(hang_up).status().unwrap().success());
    assert_eq!(trusted(&second).get(&well).send().unwrap().status(), 200);
    assert_eq!(stop(server), Some(0));
}
