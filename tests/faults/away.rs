//! Agents that are killed, stopped and started again, as programs: what they have said is kept, and how
//! long they were away is told.
#![expect(
    clippy::panic_in_result_fn,
    clippy::unwrap_in_result,
    reason = "what is late is an error, what is wrong a panic"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use inview::clock::Reading;
use inview::report::{
    Event, EventData, Gap, IntervalList, Noticed, Observed, Phase as Telling, SessionDetail,
};
use inview::trust::export::Link;
use inview::trust::verify::verify;
use serde_json::Value;

use super::*;
use crate::agent::{agent, session, session_file_of};
use crate::support::{Chance, asked};

/// By what the server tells silence.
const SILENT: Kind = Kind::ReportingGap;

fn now() -> Duration {
    Reading::now().boot
}

fn wait(time: Duration) {
    let until = now() + time;
    while let Some(left) = until.checked_sub(now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}

/// One agent with a folder of its own.
struct Seat {
    session: SessionId,
    file: PathBuf,
    own: tempfile::TempDir,
}

impl Seat {
    fn new(server: &ServerProgram, session: SessionId) -> Self {
        let own = tempfile::tempdir().unwrap();
        Self { session, file: session_file_of(server, own.path(), session), own }
    }

    fn agent(&self) -> Command {
        agent(&self.file, self.own.path())
    }

    /// Starts it; nobody reads what it shows.
    fn runs(&self) -> Running {
        let mut command = self.agent();
        command.stdout(Stdio::null());
        Running::start(command)
    }

    /// Starts it, and waits until the server hears from its exam.
    fn sits(&self, server: &ServerProgram) -> Running {
        let running = self.runs();
        wait_until(|| {
            let sessions = server.sessions();
            let own = sessions.iter().find(|it| it.session == self.session);
            own.and_then(|it| it.liveness.as_ref()).is_some_and(|it| it.phase == Telling::Exam)
        });
        running
    }

    fn detail(&self, server: &ServerProgram) -> SessionDetail {
        server.get(&format!("/v1/sessions/{}", self.session))
    }

    fn of_kind(&self, server: &ServerProgram, kind: Kind) -> Vec<StoredInterval> {
        let path = format!("/v1/sessions/{}/intervals", self.session);
        let mut intervals = server.get::<IntervalList>(&path).intervals;
        intervals.retain(|stored| stored.report.interval.kind == kind);
        intervals
    }

    fn length(interval: &StoredInterval) -> Duration {
        let interval = &interval.report.interval;
        interval.end_ms.unwrap().since(interval.start_ms)
    }
}

/// An agent that runs, or is stopped; killed when dropped.
struct Running(Child);

impl Running {
    fn start(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn end(mut agent: Running) {
    writeln!(agent.0.stdin.take().unwrap(), "{{\"command\":\"end\"}}").unwrap();
    assert!(agent.0.wait().unwrap().success());
}

fn signal(agent: &Running, name: &str) {
    let id = agent.0.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

/// What depends on the time that programs get must be so in one of three runs: whatever else the machine
/// does at one moment, it does not at three.
#[track_caller]
fn once_in_three(run: impl Fn() -> Result<(), String>) {
    let mut late = String::new();
    for _ in 0..3 {
        match run() {
            Ok(()) => return,
            Err(why) => late = why,
        }
        println!("not so: {late}");
    }
    panic!("{late}");
}

fn must(is_so: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(otherwise()) }
}

/// Whether nothing was observed between these times. The server tells whole seconds.
fn covers(observed: &Observed, from: jiff::Timestamp, to: jiff::Timestamp) -> bool {
    let at = |text: &String| text.parse::<jiff::Timestamp>().unwrap().as_second();
    let covers = |gap: &Gap| {
        let end = gap.to.as_ref().map(at);
        at(&gap.from) <= from.as_second() && end.is_some_and(|end| end >= to.as_second())
    };
    observed.gaps.len() == 1 && observed.gaps.iter().all(covers)
}

/// How long until the server tells silence.
fn until_silent(seat: &Seat, server: &ServerProgram, since: Duration) -> Duration {
    wait_until(|| !seat.of_kind(server, SILENT).is_empty());
    now().saturating_sub(since)
}

#[test]
fn an_agent_killed_at_random_moments_has_at_the_server_every_report_that_it_showed_as_saved_once() {
    let kills = asked("INVIEW_KILLS", 4);
    let data = tempfile::tempdir().unwrap();
    let server = ServerProgram::start(SERVER, data.path());
    let seat = Seat::new(&server, session());
    let (mut chance, mut shown) = (Chance::default(), Vec::new());
    for kill in 0..=kills {
        let mut agent = Running::start(seat.agent());
        let lines = BufReader::new(agent.0.stdout.take().unwrap()).lines();
        let saved = AtomicU64::new(0);
        let read = || {
            // The last line may be cut in its midst.
            let lines =
                lines.map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok());
            for line in lines {
                let line: Value = line;
                let count = |name: &str| line["reports"][name].as_u64().unwrap();
                saved.fetch_max(count("made") - count("in_memory"), Ordering::SeqCst);
            }
        };
        std::thread::scope(|threads| {
            threads.spawn(read);
            if kill == kills {
                return end(agent);
            }
            // Every other time not before something was shown.
            if kill % 2 == 0 {
                wait_until(|| saved.load(Ordering::SeqCst) > 0);
            }
            wait(Duration::from_millis(chance.below(1_500)));
            agent.kill();
        });
        shown.push(saved.into_inner());
    }
    let export = server.export(seat.session);
    assert_eq!(verify(&export, None).map(|it| it.missing), Ok(0));
    // One chain for each life that came to report something.
    let mut stored: Vec<u64> = export.chains.iter().map(|chain| chain.links.len() as u64).collect();
    println!(
        "{kills} kills: {} reports shown as saved, {} stored",
        shown.iter().sum::<u64>(),
        stored.iter().sum::<u64>()
    );
    shown.retain(|count| *count > 0);
    for counts in [&mut shown, &mut stored] {
        counts.sort_unstable_by(|a, b| b.cmp(a));
    }
    assert!(!shown.is_empty() && stored.len() >= shown.len(), "{stored:?} of {shown:?}");
    assert!(
        stored.iter().zip(&shown).all(|(stored, shown)| stored >= shown),
        "{stored:?} {shown:?}"
    );
}

#[test]
fn an_agent_that_is_stopped_is_silent_within_30_seconds_and_the_time_is_not_observed() {
    once_in_three(|| stopped(Duration::from_secs(asked("INVIEW_STOPPED_S", 28))));
}

fn stopped(for_so_long: Duration) -> Result<(), String> {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProgram::start(SERVER, data.path());
    let seat = Seat::new(&server, session());
    let agent = seat.sits(&server);
    signal(&agent, "-STOP");
    let (stopped, stopped_at) = (now(), jiff::Timestamp::now());
    let took = until_silent(&seat, &server, stopped);
    wait(for_so_long.saturating_sub(now().saturating_sub(stopped)));
    let was_stopped = now().saturating_sub(stopped);
    let goes_on_at = jiff::Timestamp::now();
    signal(&agent, "-CONT");
    wait_until(|| {
        let silences = seat.of_kind(&server, SILENT);
        silences.iter().all(|it| it.report.interval.closed_by == Some(ClosedBy::HeardAgain))
    });
    wait_until(|| !seat.of_kind(&server, Kind::AgentGap).is_empty());
    end(agent);
    // By the server, whatever the agent says of it; and by the agent itself.
    let observed = seat.detail(&server).observed.unwrap();
    let told: Vec<Duration> =
        seat.of_kind(&server, Kind::AgentGap).iter().map(Seat::length).collect();
    println!(
        "silent {took:?} after SIGSTOP, stopped for {was_stopped:?}: the agent tells {told:?}"
    );
    must(took < Duration::from_secs(30), || format!("silent after {took:?}"))?;
    must(covers(&observed, stopped_at, goes_on_at), || format!("{observed:?}"))?;
    let is_so = |told: &Duration| told.abs_diff(was_stopped) < Duration::from_secs(1);
    must(told.len() == 1 && told.iter().all(is_so), || format!("{told:?} of {was_stopped:?}"))
}

#[test]
fn an_agent_killed_and_started_again_later_tells_one_gap_of_that_length_give_or_take_a_second() {
    once_in_three(|| killed_for(Duration::from_secs(asked("INVIEW_AWAY_S", 4))));
}

fn killed_for(away: Duration) -> Result<(), String> {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProgram::start(SERVER, data.path());
    let seat = Seat::new(&server, session());
    let mut first = seat.sits(&server);
    first.kill();
    let (killed, killed_at) = (now(), jiff::Timestamp::now());
    wait(away);
    let (least, back_at) = (now().saturating_sub(killed), jiff::Timestamp::now());
    let mut second = Running::start(seat.agent());
    // It is back once it says for how long it was away.
    let mut lines = BufReader::new(second.0.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("agent_gap")));
    let most = now().saturating_sub(killed);
    end(second);
    let told: Vec<Duration> =
        seat.of_kind(&server, Kind::AgentGap).iter().map(Seat::length).collect();
    println!("away for {least:?}, and back after {most:?}: told {told:?}");
    let second = Duration::from_secs(1);
    let is_so = |told: &Duration| *told + second >= least && *told <= most + second;
    must(told.len() == 1 && told.iter().all(is_so), || format!("{told:?} of {least:?}"))?;
    // What is shorter than two and a half heartbeats is no silence.
    let observed = seat.detail(&server).observed.unwrap();
    let is_long = away > Duration::from_secs(30);
    must(!is_long || covers(&observed, killed_at, back_at), || format!("{observed:?}"))
}

#[test]
fn killed_agents_are_alerted_as_silent_within_30_seconds_each() {
    once_in_three(|| silent(asked("INVIEW_AGENTS", 2)));
}

fn silent(agents: u64) -> Result<(), String> {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProgram::start(SERVER, data.path());
    let seats: Vec<Seat> = (0..agents)
        .map(|number| Seat::new(&server, SessionId::derived(&[b"silent", &number.to_be_bytes()])))
        .collect();
    let mut sitting: Vec<Running> = seats.iter().map(|seat| seat.sits(&server)).collect();
    // Each at another moment between two heartbeats.
    let mut killed = Vec::new();
    for agent in &mut sitting {
        agent.kill();
        killed.push(now());
        wait(Duration::from_secs(10) / agents as u32);
    }
    let mut took: Vec<Option<Duration>> = vec![None; seats.len()];
    wait_until(|| {
        for ((seat, killed), took) in seats.iter().zip(&killed).zip(&mut took) {
            if took.is_none() && !seat.of_kind(&server, SILENT).is_empty() {
                *took = Some(now().saturating_sub(*killed));
            }
        }
        took.iter().all(Option::is_some)
    });
    let mut took: Vec<Duration> = took.into_iter().flatten().collect();
    took.sort();
    let at = |hundredth: usize| took[(took.len() - 1) * hundredth / 100];
    let [median, most, longest] = [50, 95, 100].map(at);
    println!(
        "{agents} agents: silent after {median:?} at the median, p95 {most:?}, {longest:?} at most"
    );
    must(longest < Duration::from_secs(30), || format!("{took:?}"))
}

/// libfaketime, where it is installed.
fn faketime() -> Option<PathBuf> {
    let found = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .map(|arch| PathBuf::from(format!("/usr/lib/{arch}/faketime/libfaketimeMT.so.1")))
        .into_iter()
        .find(|path| path.exists());
    if found.is_none() {
        println!("skipped: there is no libfaketime on this machine");
    }
    found
}

#[test]
fn a_wall_clock_set_by_two_hours_under_a_running_agent_changes_no_length_and_is_told_once() {
    let Some(library) = faketime() else { return };
    once_in_three(|| [2, -2].into_iter().try_for_each(|hours| set_by(hours, &library)));
}

fn set_by(hours: i64, library: &Path) -> Result<(), String> {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProgram::start(SERVER, data.path());
    let seat = Seat::new(&server, session());
    let clock = seat.own.path().join("clock");
    let set = |offset: i64| {
        let mut file = std::fs::File::create(&clock).unwrap();
        write!(file, "{offset:+}").unwrap();
    };
    set(0);
    let mut command = seat.agent();
    command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", &clock);
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command.stdout(Stdio::null());
    let agent = Running::start(command);
    wait_until(|| {
        server.is_known() && seat.detail(&server).chains.iter().any(|it| it.head_seq > 0)
    });
    set(hours * 3_600);
    let told = || -> Vec<Event> {
        let export = server.export(seat.session);
        let links = export.chains.into_iter().flat_map(|chain| chain.links);
        let read = |link: Link| match link {
            Link::Event(text) => serde_json::from_str(&text).unwrap(),
            Link::Missing { .. } => panic!("an event is missing"),
        };
        links.map(read).collect()
    };
    let steps = |events: &[Event]| -> Vec<i64> {
        let step = |event: &Event| {
            let EventData::Integrity(it) = &event.data else { return None };
            let Noticed::ClockStepped { by_ms } = it.what else { return None };
            Some(by_ms)
        };
        events.iter().filter_map(step).collect()
    };
    wait_until(|| !steps(&told()).is_empty());
    end(agent);
    let events = told();
    let [by_ms] = steps(&events)[..] else { panic!("{events:?}") };
    assert!((by_ms - hours * 3_600_000).abs() < 200, "{by_ms}");
    let boot = |event: &Event| event.clocks.boottime.as_ref().unwrap().parse::<f64>().unwrap();
    let (first, last) = (&events[0], &events[events.len() - 1]);
    let EventData::SessionEnded(ended) = &last.data else { panic!("{last:?}") };
    let (length, passed) = (ended.duration_ms.as_secs_f64(), boot(last) - boot(first));
    println!("{hours} h: {length} s told, {passed} s passed");
    must((length - passed).abs() < 0.2, || format!("{length} of {passed}"))
}
