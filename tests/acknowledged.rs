//! A server that loses its machine's power: what it has acknowledged is there.
//!
//! `scripts/power-cut server` runs the writer in a virtual machine, pulls its plug, and has what is on the
//! disk checked when it is started again. Here the server alone is killed.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "the writer speaks to whoever pulls the plug")]

mod support;

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use inview::report::{CommandKind, CommandList, SessionId};
use inview::trust::verify::verify;
use support::reporter::Reporter;
use support::server::ServerProgram;

/// Writes into the server's folder of this name until it is killed.
const WRITER: &str = "INVIEW_CUT_SERVER";
/// Tells what is in the server's folder of this name, and ends.
const CHECK: &str = "INVIEW_CHECKED_SERVER";
/// So many reports to a message of the proctor, which is a row of the record of who did what, too.
const REPORTS_A_MESSAGE: u64 = 10;

/// The program, also where it is not where it was built.
fn program() -> String {
    std::env::var("INVIEW_SERVER")
        .unwrap_or_else(|_| env!("CARGO_BIN_EXE_inview-server").to_owned())
}

/// Reports for one session, and says how many the server has acknowledged, one by one; `most` at most.
fn write(data: &Path, most: u64) -> (SessionId, ServerProgram) {
    let server = ServerProgram::start(&program(), data);
    let session = SessionId(uuid::Uuid::now_v7());
    println!("{session}");
    let mut reporter = Reporter::start(&server, session);
    let client = server.client();
    for number in 2..=most {
        reporter.alert();
        if number % REPORTS_A_MESSAGE == 0 {
            let to = format!("{}/v1/sessions/{session}/commands", server.says("address"));
            let message = CommandKind::Message { text: format!("after {number}") };
            let sent = client.post(to).bearer_auth(server.read("proctor_token_file"));
            assert_eq!(sent.json(&message).send().unwrap().status().as_u16(), 201);
        }
        println!("{number}");
        std::io::stdout().flush().unwrap();
    }
    (session, server)
}

/// How many reports of each session are there: all chains whole, each message that came before a report
/// with it, and the record of who did what whole, too.
fn check(data: &Path) -> Vec<(SessionId, u64)> {
    let server = ServerProgram::start(&program(), data);
    let kept = |session: SessionId| {
        let export = server.export(session);
        assert_eq!(verify(&export, None).map(|it| it.missing), Ok(0), "{session}");
        let reports = export.chains.iter().map(|chain| chain.links.len() as u64).sum();
        let commands: CommandList = server.get(&format!("/v1/sessions/{session}/commands"));
        let messages = commands.commands.len() as u64;
        // The last report may have come, and its message not.
        let wanted = (reports - 1) / REPORTS_A_MESSAGE;
        assert!(messages >= wanted, "{session}: {messages} messages, {reports} reports");
        (session, reports)
    };
    let kept = server.sessions().into_iter().map(|it| kept(it.session)).collect();
    server.kill();
    let mut audit = Command::new(program());
    let output = audit.arg("verify-audit").arg("--data").arg(data).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    kept
}

#[test]
fn what_a_server_has_acknowledged_is_there_when_its_power_was_cut() {
    if let Some(folder) = std::env::var_os(WRITER) {
        write(folder.as_ref(), u64::MAX);
    }
    if let Some(folder) = std::env::var_os(CHECK) {
        // At the first start there is none.
        if Path::new(&folder).is_dir() {
            for (session, reports) in check(folder.as_ref()) {
                println!("kept {session} {reports}");
            }
        }
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let (first, server) = write(data.path(), 12);
    server.kill();
    let (second, server) = write(data.path(), 25);
    server.kill();
    let mut kept = check(data.path());
    kept.sort();
    assert_eq!(kept, [(first, 12), (second, 25)]);
}
