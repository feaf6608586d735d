//! A report that was changed is found out: by whoever has the candidate's copy, the proctor's export, or
//! the server's folder.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use inview::agent::{Agent, Command, Now, Phase, Seen, Setup};
use inview::redact::Pii;
use inview::report::{Hash, SessionId};
use inview::spool;
use inview::trust::export::{Export, Link};
use inview::trust::signature::SigningKey;
use inview::upload;
use rusqlite::Connection;
use support::agent::{PRESENT, Webcam, frames, setup, wait_for, world};
use support::reporter::Reporter;
use support::server::ServerProgram;
use support::{run, text};

const REPLAY: &str = env!("CARGO_BIN_EXE_inview-replay");
const SERVER: &str = env!("CARGO_BIN_EXE_inview-server");

/// What both sides have of an exam that is over.
struct Exam {
    data: tempfile::TempDir,
    session: SessionId,
    key: SigningKey,
    copy: Export,
    export: Export,
}

fn exam() -> Exam {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerProgram::start(SERVER, data.path());
    let issued = ServerProgram::issue(SERVER, data.path(), "Seat 7");
    let authority = PathBuf::from(server.says("authority"));
    let (key, token) = (SigningKey::from_secret(&[5; 32]), Pii::new(Hash::of(b"t").to_string()));
    let address = server.says("address");
    let enrolment = upload::enrol(
        &address,
        (Some(&authority), &upload::Route::default()),
        &issued.code,
        &token,
        &key.public(),
    )
    .unwrap();
    let settings = upload::Settings {
        route: upload::Route::default(),
        server: address,
        token,
        code: Some(issued.code),
        authority: Some(authority),
        allow_plain_loopback: false,
        key: Some(key.clone()),
        server_key: Some(enrolment.server_key.parse().unwrap()),
        folder: folder.path().join("spool"),
        session: Some(enrolment.session),
    };
    let (session, spool) = (enrolment.session, settings.folder.clone());
    let setup = Setup { session, upload: Some(settings), ..setup(folder.path()) };
    let agent = Agent::start(setup, world(Webcam(|now: &Now| Ok(frames(now))), PRESENT)).unwrap();
    wait_for(&agent, |now| now.seen == Seen::Face);
    agent.command(Command::Begin { consent: None }).unwrap();
    wait_for(&agent, |now| now.phase == Phase::Exam && now.reports.made >= 1);
    agent.command(Command::End { flush: Duration::from_mins(1) }).unwrap();
    wait_for(&agent, |now| now.phase == Phase::Ended && now.reports.delivered);
    // What the window would save now.
    let copy = spool::export(&spool, session).unwrap().unwrap();
    drop(agent);
    let export = server.export(session);
    server.kill();
    Exam { data, session, key, copy, export }
}

/// Checks a report by both programs, and gives what one of them says.
#[track_caller]
fn verify(folder: &Path, report: &serde_json::Value, more: &[&str]) -> (Option<i32>, String) {
    let file = folder.join("report.json");
    serde_json::to_writer(std::fs::File::create(&file).unwrap(), report).unwrap();
    let file = file.to_str().unwrap();
    let outputs = [REPLAY, SERVER].map(|program| {
        let Output { status, stdout, .. } = run(program, &[&["verify", file], more].concat());
        (status.code(), text(&stdout))
    });
    let [one, other] = outputs;
    assert_eq!(one, other);
    one
}

#[test]
fn the_candidates_copy_and_the_proctors_export_agree_and_every_change_is_named() {
    let exam = exam();
    let folder = exam.data.path();
    let copy = serde_json::json!({"label": "Seat 7", "export": exam.copy});
    let (status, of_copy) = verify(folder, &copy, &[]);
    assert_eq!(status, Some(0), "{of_copy}");
    let (status, of_export) = verify(folder, &serde_json::json!(exam.export), &[]);
    assert_eq!((status, &of_export), (Some(0), &of_copy), "the same heads");
    assert!(of_copy.contains(", signed; received up to report "), "{of_copy}");
    assert_eq!(exam.copy.public_key, Some(exam.key.public()));
    let known = exam.key.public().to_string();
    assert_eq!(verify(folder, &copy, &["--key", &known]).0, Some(0));
    let other = SigningKey::from_secret(&[6; 32]).public().to_string();
    assert_eq!(verify(folder, &copy, &["--key", &other]).0, Some(1));

    let links = exam.copy.chains[0].links.clone();
    assert!(links.len() >= 2, "{links:?}");
    let changed = |change: &dyn Fn(&mut Vec<Link>)| {
        let mut changed = exam.copy.clone();
        change(&mut changed.chains[0].links);
        let (status, said) = verify(folder, &serde_json::json!(changed), &[]);
        assert_eq!(status, Some(1), "{said}");
        said.split("WRONG at report ").nth(1).unwrap().split(':').next().unwrap().to_owned()
    };
    let Link::Event(second) = &links[1] else { panic!("{links:?}") };
    let forged = second.replacen("\"time\":\"2", "\"time\":\"3", 1);
    assert_ne!(&forged, second);
    assert_eq!(changed(&|links| links[1] = Link::Event(forged.clone())), "2");
    assert_eq!(changed(&|links| drop(links.remove(0))), "1");
    assert_eq!(changed(&|links| links.swap(0, 1)), "1");
    assert_eq!(changed(&|links| links.insert(1, links[0].clone())), "2");
    let last = links.len().to_string();
    assert_eq!(changed(&|links| drop(links.pop())), last);
}

#[test]
fn a_row_that_was_edited_in_the_servers_database_is_found() {
    let exam = exam();
    let (data, session) = (exam.data.path().to_str().unwrap(), exam.session.to_string());
    let check = || {
        let output = run(SERVER, &["verify", "--data", data, "--session", &session]);
        (output.status.code(), text(&output.stdout))
    };
    let (status, said) = check();
    assert_eq!(status, Some(0), "{said}");
    let database = Connection::open(exam.data.path().join("inview.db")).unwrap();
    for (edit, expected) in [
        (
            "UPDATE event SET body = CAST(replace(CAST(body AS TEXT), 'Seat', 'Heat') AS BLOB)
             WHERE seq = 1",
            "report 1",
        ),
        ("UPDATE event SET sig = zeroblob(64) WHERE seq = 1", "WRONG at report 1"),
        ("UPDATE chain SET head_seq = head_seq - 1", "WRONG at report"),
        ("DELETE FROM event WHERE seq = 1", "WRONG at report 1"),
        (
            "INSERT INTO integrity (session, incarnation, seq, at_ms, report)
             SELECT session, incarnation, 1, 0, '{\"at_ms\":0,\"what\":\"suspended\",\"for_ms\":9}'
             FROM chain",
            "what was told of reports and clocks is not as it was reported",
        ),
        (
            "INSERT INTO interval (session, interval, incarnation, alerting, start_ms, end_ms,
                                   open_since, report)
             SELECT session, zeroblob(16), incarnation, 1, 0, 5000, 0, '{}' FROM chain",
            "is not as it was reported",
        ),
    ] {
        database.execute_batch("BEGIN").unwrap();
        database.execute(edit, []).unwrap();
        database.execute_batch("COMMIT").unwrap();
        let (status, said) = check();
        assert_eq!(status, Some(1), "{edit}: {said}");
        assert!(said.contains(expected), "{edit}: {said}");
    }
    let nothing =
        run(SERVER, &["verify", "--data", data, "--session", &SessionId::derived(&[]).to_string()]);
    assert_eq!(nothing.status.code(), Some(2));
}

#[test]
fn the_erase_of_one_session_leaves_every_other_chain_and_the_record_of_deeds_verifiable() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProgram::start(SERVER, data.path());
    let mut seats: Vec<Reporter> = (0..5_u64)
        .map(|seat| Reporter::start(&server, SessionId::derived(&[&seat.to_be_bytes()])))
        .collect();
    for seat in &mut seats {
        for _ in 0..6 {
            seat.alert();
        }
    }
    let cookie = server.administrator();
    let erased = seats.swap_remove(2).session();
    let request =
        server.client().delete(format!("{}/v1/sessions/{erased}", server.says("address")));
    assert_eq!(request.header("cookie", cookie).send().unwrap().status().as_u16(), 204);
    // They also go on.
    seats.iter_mut().for_each(Reporter::alert);
    server.kill();
    let data = data.path().to_str().unwrap();
    let check = |session: SessionId| {
        let output = run(SERVER, &["verify", "--data", data, "--session", &session.to_string()]);
        (output.status.code(), text(&output.stdout))
    };
    for seat in &seats {
        let (status, said) = check(seat.session());
        assert_eq!(status, Some(0), "{said}");
    }
    assert_eq!(check(erased).0, Some(2));
    let output = run(SERVER, &["verify-audit", "--data", data]);
    assert!(output.status.success(), "{}", text(&output.stdout));
}
