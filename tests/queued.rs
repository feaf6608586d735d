//! What waits on the candidate's machine: how soon it is sent after a start, and what it costs in memory
//! and on the disk.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(unix)]

mod support;

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use inview::clock::Reading;
use inview::report::{
    ClosedBy, EventData, Hash, Incarnation, Interval, IntervalId, IntervalReport, Kind, SessionId,
};
use inview::spool::Outbox;
use inview::time::MediaTime;
use inview::trust::signature::SigningKey;
use inview::upload::{Settings, Uploader};
use support::server::ServerProgram;
use support::{asked, memory, memory_folder, shipped_recording, wait_until};

const AGENT: &str = env!("CARGO_BIN_EXE_inview");
const SERVER: &str = env!("CARGO_BIN_EXE_inview-server");
const MIB: u64 = 1024 * 1024;
/// The key of the session, as the agent keeps it.
const SECRET: [u8; 32] = [0x5a; 32];

fn session() -> SessionId {
    SessionId::derived(&[b"queued"])
}

/// The life of the agent whose reports wait.
fn earlier() -> Incarnation {
    Incarnation::of_replay(session())
}

fn now() -> Duration {
    Reading::now().boot
}

/// A report like most of them.
fn closed(number: u64) -> EventData {
    let start = MediaTime::from_millis(number.cast_signed() * 1_000);
    let report = IntervalReport {
        interval: Interval {
            id: IntervalId::derived(session(), number),
            kind: Kind::FaceNotVisible,
            start_ms: start,
            end_ms: Some(start + Duration::from_millis(900)),
            confidence: 0.9731,
            frames_looked_at: 5,
            frames_skipped: 22,
            closed_by: Some(ClosedBy::SeenAgain),
        },
        start_utc: Some("2026-11-26T10:00:00.123Z".to_owned()),
        end_utc: Some("2026-11-26T10:00:01.023Z".to_owned()),
        sample_rate_hz: 5.0,
        policy_version: "default-1".to_owned(),
        models: Vec::new(),
    };
    EventData::IntervalClosed(report)
}

fn outbox(folder: &Path) -> Outbox {
    let mut outbox = Outbox::open(folder, session(), earlier()).unwrap();
    outbox.sign_by(SigningKey::from_secret(&SECRET)).unwrap();
    outbox
}

/// Lets so many signed reports wait in an agent's folder.
fn queue(own: &Path, reports: u64) {
    let hex = Hash::from_bytes(SECRET).to_string();
    let mut key = std::fs::File::create(own.join(format!("{}.key", session()))).unwrap();
    key.write_all(hex.as_bytes()).unwrap();
    let mut outbox = outbox(&own.join("spool"));
    for number in 0..reports {
        outbox.append(Some("2026-11-26T10:00:02.000Z".to_owned()), closed(number)).unwrap();
    }
}

/// What came of one start of the agent.
struct Sent {
    first: Duration,
    all: Duration,
    memory: Option<u64>,
}

/// Starts the agent where so many reports wait, and ends it when the server has all of them.
fn start_with(queued: u64) -> Sent {
    let (data, own) = (tempfile::tempdir().unwrap(), memory_folder());
    let server = ServerProgram::start(SERVER, data.path());
    queue(own.path(), queued);
    let file = serde_json::json!({
        "server": server.says("address"),
        "session": session(),
        "label": "Seat 7",
        "token": server.read("agent_token_file"),
        "authority": server.says("authority"),
    });
    let path = own.path().join("session.json");
    serde_json::to_writer(std::fs::File::create(&path).unwrap(), &file).unwrap();
    let mut command = Command::new(AGENT);
    command.args(["--headless", "--begin", "--replay"]).arg(shipped_recording());
    command.arg("--session").arg(&path).arg("--data").arg(own.path());
    let begun = now();
    let mut agent = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    // What the server has of what waited.
    let stored = || -> u64 {
        if !server.is_known() {
            return 0;
        }
        let session: inview::report::SessionDetail =
            server.get(&format!("/v1/sessions/{}", session()));
        let chain = session.chains.iter().find(|chain| chain.incarnation == earlier());
        chain.map_or(0, |chain| chain.head_seq)
    };
    wait_until(|| stored() > 0);
    let first = now().saturating_sub(begun);
    wait_until(|| stored() == queued);
    let all = now().saturating_sub(begun).saturating_sub(first);
    // Not before it has looked for a while, as any other.
    wait_until(|| now().saturating_sub(begun) > Duration::from_secs(5));
    let memory = memory(agent.id(), "VmHWM");
    writeln!(agent.stdin.take().unwrap(), "{{\"command\":\"end\"}}").unwrap();
    assert!(agent.wait().unwrap().success());
    Sent { first, all, memory }
}

#[test]
fn what_waited_is_sent_soon_after_a_restart_within_ten_seconds_and_needs_little_memory() {
    let queued = asked("INVIEW_QUEUED", 1_200);
    let few = start_with(1);
    let many = start_with(queued);
    println!(
        "{queued} reports waited: the first are at the server {:?} after the start of the agent \
         (with one alone {:?}), all {:?} later",
        many.first, few.first, many.all
    );
    if let (Some(few), Some(many)) = (few.memory, many.memory) {
        let more = many.saturating_sub(few);
        println!("memory: {} KiB at most, {} more than with one report", many / 1024, more / 1024);
        assert!(more <= 10 * MIB, "{more}");
    }
    // The start of the program is in it, on a machine that does other things, too.
    assert!(many.first < few.first.max(Duration::from_secs(1)) * 3, "{:?}", many.first);
    assert!(many.all <= Duration::from_secs(10), "{:?}", many.all);
}

#[test]
fn a_damaged_spool_with_ten_thousand_reports_is_set_aside_within_two_seconds() {
    let queued = asked("INVIEW_QUEUED", 1_200);
    let own = memory_folder();
    let folder = own.path().join("spool");
    queue(own.path(), queued);
    let path = folder.join(format!("{}.spool", session()));
    let whole = Reading::now().boot;
    drop(Outbox::open(&folder, session(), earlier()).unwrap());
    let whole = now().saturating_sub(whole);
    // A page in its midst, of which SQLite says nothing by itself.
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let middle = file.metadata().unwrap().len() / 2;
    let mut byte = [0];
    file.seek(SeekFrom::Start(middle)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(middle)).unwrap();
    file.write_all(&[byte[0] ^ 0x10]).unwrap();
    drop(file);
    let begun = now();
    let mut outbox = Outbox::open(&folder, session(), earlier()).unwrap();
    let took = now().saturating_sub(begun);
    println!(
        "{queued} reports: a spool that is whole opened in {whole:?}, a damaged one in {took:?}"
    );
    assert!(outbox.damage().is_some());
    outbox.append(None, closed(0)).unwrap();
    assert!(took < Duration::from_secs(2), "{took:?}");
    let kept = std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name());
    assert!(kept.into_iter().any(|name| name.to_string_lossy().contains("damaged")));
}

#[test]
fn the_spool_of_an_exam_of_three_hours_needs_three_megabytes_at_most() {
    // An event each twenty seconds, all day: more than a candidate who comes and goes makes.
    const REPORTS: u64 = 3 * 3_600 / 20;
    let (data, own) = (tempfile::tempdir().unwrap(), memory_folder());
    let server = ServerProgram::start(SERVER, data.path());
    queue(own.path(), 0);
    let folder = own.path().join("spool");
    let uploader = Uploader::start(Settings {
        folder: folder.clone(),
        key: Some(SigningKey::from_secret(&SECRET)),
        ..support::reporter::settings(&server)
    });
    let uploader = uploader.unwrap();
    let mut outbox = outbox(&folder);
    for number in 0..REPORTS {
        outbox.append(Some("2026-11-26T10:00:02.000Z".to_owned()), closed(number)).unwrap();
        // With a receipt for each few, as where they come one by one.
        if number % 20 == 0 {
            uploader.nudge();
            wait_until(|| uploader.progress().acknowledged > number);
        }
    }
    let most: u64 = sizes(&folder).iter().map(|(_, size)| size).sum();
    let delivery = uploader.finish(Duration::from_mins(1));
    assert_eq!((delivery.acknowledged, delivery.waiting), (REPORTS, 0));
    println!("{REPORTS} reports: {most} bytes on disk, {:?}", sizes(&folder));
    assert!(most <= 3 * MIB, "{most}");
}

fn sizes(folder: &Path) -> Vec<(String, u64)> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let size = |entry: std::fs::DirEntry| {
        (entry.file_name().to_string_lossy().into_owned(), entry.metadata().unwrap().len())
    };
    entries.map(size).collect()
}
