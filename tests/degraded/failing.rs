//! Calls of the system fail at random, by libfiu.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Stdio};

use inview::agent::{Agent, Now, Setup, World};
use inview::health::Code;
use inview::presence::Policy;
use inview::redact::Pii;
use inview::report::{EventData, Interval, SessionId};
use inview::spool;
use inview::trust::signature::PublicKey;
use inview::trust::verify::verify;
use inview::upload;

use crate::support::agent::{Webcam, clock_at, frames, setup, shows, wait_for, world};
use crate::support::wait_until;
use crate::{PLACE, begin, end, exam, key, noticed, told};

/// What a child of a test needs to report to the server of its parent.
#[derive(serde::Serialize, serde::Deserialize)]
struct Line {
    session: SessionId,
    server: String,
    token: String,
    authority: PathBuf,
    server_key: PublicKey,
}

/// Somebody is there for half a second, and away for another, for a long time.
fn restless() -> &'static str {
    let there = r#""faces": [{"score": 0.9, "box": [20, 10, 40, 34]}]"#;
    let lines = (0..1_000).map(|half: u32| {
        let seen = if half.is_multiple_of(2) { there } else { r#""faces": []"# };
        format!("{{\"pts_s\": {}, {seen}}}\n", f64::from(half) / 2.0)
    });
    Box::leak(lines.collect::<String>().into_boxed_str())
}

/// Half a second is worth a report.
fn of_the_restless() -> Policy {
    Policy {
        sample_rate_hz: 10.0,
        record_after_ms: 200,
        merge_gap_ms: 100,
        confirm_ms: 0,
        ..Policy::default()
    }
}

/// The child: an exam with many reports on a disk that fails now and then. Leaves what it reported.
fn report_on_a_failing_disk(place: &Path) {
    let line: Line = serde_json::from_slice(&fs::read(place.join("line")).unwrap()).unwrap();
    let settings = upload::Settings {
        server: line.server,
        token: Pii::new(line.token),
        code: None,
        authority: Some(line.authority),
        route: upload::Route::default(),
        allow_plain_loopback: false,
        key: Some(key()),
        server_key: Some(line.server_key),
        folder: place.join("spool"),
        session: Some(line.session),
    };
    let session = line.session;
    let (policy, upload) = (of_the_restless(), Some(settings));
    let setup = Setup { session, policy, upload, ..setup(place) };
    let camera = Webcam(|now: &Now| Ok(frames(now)));
    let world = World { clock: clock_at(8), ..world(camera, restless()) };
    let agent = Agent::start(setup, world).unwrap();
    begin(&agent);
    wait_for(&agent, |now| now.reports.made >= 80);
    let ended = end(&agent);
    assert!(ended.reports.delivered, "{:?}", ended.reports);
    serde_json::to_writer(fs::File::create(place.join("ended")).unwrap(), &ended.intervals)
        .unwrap();
}

#[test]
fn with_one_in_twenty_syncs_and_one_in_fifty_writes_failing_no_report_is_lost_and_nothing_panics() {
    let test = "failing::with_one_in_twenty_syncs_and_one_in_fifty_writes_failing_no_report_is_lost_and_nothing_panics";
    if let Some(place) = std::env::var_os(PLACE) {
        return report_on_a_failing_disk(place.as_ref());
    }
    let Some(()) = fiu() else { return };
    let folder = tempfile::tempdir().unwrap();
    let exam = exam(folder.path());
    let settings = exam.setup.upload.clone().unwrap();
    let line = Line {
        session: exam.session(),
        server: settings.server,
        token: settings.token.reveal().clone(),
        authority: settings.authority.unwrap(),
        server_key: settings.server_key.unwrap(),
    };
    serde_json::to_writer(fs::File::create(folder.path().join("line")).unwrap(), &line).unwrap();
    let mut program = Program::new("fiu-run");
    program.args(["-x", "-f", ""]);
    for (point, share) in
        [("sync/fsync", "0.05"), ("sync/fdatasync", "0.05"), ("rw/pwrite", "0.02")]
    {
        let fails = format!("enable_random name=posix/io/{point},probability={share}");
        program.args(["-c", &fails]);
    }
    program.arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    let output = program.env(PLACE, folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}{said}", String::from_utf8_lossy(&output.stdout));
    assert!(!said.contains("panicked"), "{said}");
    let ended = fs::read(folder.path().join("ended")).unwrap();
    let ended: Vec<Interval> = serde_json::from_slice(&ended).unwrap();
    let told = exam.told();
    let held: Vec<Interval> =
        exam.server.intervals().into_iter().map(|held| held.report.interval).collect();
    let by_id = |mut intervals: Vec<Interval>| {
        intervals.sort_by_key(|interval| interval.id);
        intervals
    };
    let failures = noticed(&told).len() / 2;
    println!("{} reports, {} intervals; the disk failed {failures} times", told.len(), held.len());
    assert_eq!(by_id(held), by_id(ended));
    assert!(failures > 0, "nothing failed");
    assert_eq!(exam.server.sessions()[0].forks, 0);
}

/// The child: an exam without a server, whose disk fails from some time on, and then no more.
fn report_while_writes_fail(place: &Path) {
    let setup = Setup { policy: of_the_restless(), ..setup(place) };
    let camera = Webcam(|now: &Now| Ok(frames(now)));
    let world = World { clock: clock_at(8), ..world(camera, restless()) };
    let (spool, session) = (setup.spool(), setup.session);
    let agent = Agent::start(setup, world).unwrap();
    begin(&agent);
    wait_until(|| fs::File::create(place.join("begun")).is_ok());
    wait_for(&agent, |now| now.reports.made >= 80);
    wait_until(|| fs::File::create(place.join("enough")).is_ok());
    wait_until(|| place.join("healed").exists());
    wait_for(&agent, |now| !shows(now, Code::StorageDegraded) && now.reports.in_memory == 0);
    let ended = end(&agent);
    drop(agent);
    let copy = spool::export(&spool, session).unwrap().unwrap();
    verify(&copy, None).unwrap();
    let told = told(&copy);
    // As they stand on the wire.
    let on_wire = |interval: &Interval| serde_json::to_value(interval).unwrap();
    let kept: Vec<_> = told
        .iter()
        .filter_map(|data| match data {
            EventData::IntervalClosed(report) => Some(on_wire(&report.interval)),
            EventData::SessionStarted(_)
            | EventData::Sampling(_)
            | EventData::Integrity(_)
            | EventData::Command(_)
            | EventData::IntervalOpened(_)
            | EventData::SessionEnded(_) => None,
        })
        .collect();
    for interval in ended.intervals.iter().map(on_wire) {
        assert!(kept.contains(&interval), "{interval} is lost");
    }
    let failures = noticed(&told).len() / 2;
    assert!(failures > 0 && told.len() as u64 >= ended.reports.made);
    println!("the agent made {} reports; the disk failed {failures} times", ended.reports.made);
}

#[test]
fn with_one_in_fifty_of_all_writes_failing_for_a_while_every_report_comes_to_the_disk() {
    let test = "failing::with_one_in_fifty_of_all_writes_failing_for_a_while_every_report_comes_to_the_disk";
    if let Some(place) = std::env::var_os(PLACE) {
        return report_while_writes_fail(place.as_ref());
    }
    let Some(()) = fiu() else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let pipe = place.join("fiu");
    let mut program = Program::new("fiu-run");
    program.arg("-x").arg("-f").arg(&pipe).arg(std::env::current_exe().unwrap());
    program.args(["--exact", test, "--nocapture"]).env(PLACE, place);
    let child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until(|| place.join("begun").exists());
    let names = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    let id = names.iter().find_map(|name| name.strip_prefix("fiu-")?.strip_suffix(".in")).unwrap();
    let tell = |what: &str| {
        for (point, share) in [("rw/write", "0.02"), ("rw/pwrite", "0.02"), ("sync/fsync", "0.05")]
        {
            let word = match what {
                "enable" => format!("enable_random name=posix/io/{point},probability={share}"),
                _ => format!("disable name=posix/io/{point}"),
            };
            // Its answer comes by a write, which may fail, too.
            wait_until(|| {
                let mut control = Program::new("fiu-ctrl");
                control.arg("-f").arg(&pipe).args(["-c", &word, id]).status().unwrap().success()
            });
        }
    };
    tell("enable");
    wait_until(|| place.join("enough").exists());
    tell("disable");
    fs::File::create(place.join("healed")).unwrap();
    let output = child.wait_with_output().unwrap();
    let (said, told) =
        (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{told}{said}");
    assert!(!said.contains("panicked"), "{said}");
    for line in told.lines().filter(|line| line.starts_with("the agent")) {
        println!("{line}");
    }
}

/// libfiu, which fails calls of the system at random. `None`, with a printed reason, without it.
fn fiu() -> Option<()> {
    let found = Program::new("fiu-run").output().is_ok();
    if !found {
        println!("skipped: there is no fiu-run (fiu-utils) on this machine");
    }
    found.then_some(())
}
