//! A machine that sleeps, saves its battery, or is too slow.

use super::*;

/// Rates are measured over seconds: twice as fast as the other tests.
const QUICK: u32 = 2 * SPEED;

#[test]
fn a_machine_that_slept_reports_the_time_as_a_gap_and_not_as_a_lost_camera() {
    let folder = tempfile::tempdir().unwrap();
    let slept = Arc::new(Mutex::new(Duration::ZERO));
    let (clock, sleep) = (fast_clock(), Arc::clone(&slept));
    let clock: Clock = Arc::new(move || {
        let reading = clock();
        let slept = *sleep.lock().unwrap();
        Reading { boot: reading.boot + slept, wall: reading.wall + slept, ..reading }
    });
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let camera = Webcam(move |now: &Now| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(frames(now))
    });
    let world = World { clock, ..world(camera, PRESENT) };
    let agent = Agent::start(setup(folder.path()), world).unwrap();
    agent.command(BEGIN).unwrap();
    wait_for(&agent, |now| now.frames_looked_at > 5);
    *slept.lock().unwrap() = Duration::from_mins(10);
    let snapshot = wait_for(&agent, |now| !of_kind(now, Kind::AgentGap).is_empty());
    let gap = &of_kind(&snapshot, Kind::AgentGap)[0];
    let length = gap.end_ms.unwrap().since(gap.start_ms).as_secs();
    assert!((600..605).contains(&length), "{length} s");
    let looked = snapshot.frames_looked_at;
    let after = wait_for(&agent, |now| now.frames_looked_at > looked + 5);
    assert_eq!(of_kind(&after, Kind::AgentGap).len(), 1);
    assert_eq!(of_kind(&after, Kind::CameraLost), []);
    assert_eq!(of_kind(&after, Kind::OutOfView), []);
    // Nobody who only slept is taken for stuck.
    assert_eq!((after.health, opened.load(Ordering::Relaxed)), (vec![], 1));
}

/// The rates that the reports tell of, with their reasons.
fn rates_reported(folder: &Path) -> Vec<(f64, Option<Strain>)> {
    let spool = folder.join("spool");
    let mut rates = Vec::new();
    for (session, incarnation) in spool::all(&spool) {
        let outbox = Outbox::open(&spool, session, incarnation).unwrap();
        for stored in outbox.peek_batch(100, usize::MAX).unwrap() {
            let event: Event = serde_json::from_slice(&stored.body).unwrap();
            if let EventData::Sampling(sampling) = event.data {
                rates.push((sampling.sample_rate_hz, sampling.strain));
            }
        }
    }
    rates
}

#[test]
fn a_machine_with_a_low_battery_is_looked_at_less_often_and_the_reports_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let world = World {
        clock: clock_at(QUICK),
        machine: Arc::new(|| Machine { battery: Some(0.1), is_hot: false }),
        ..world(Webcam(|now: &Now| Ok(frames(now))), PRESENT)
    };
    let agent = Agent::start(setup(folder.path()), world).unwrap();
    let strained = wait_for(&agent, |snapshot| shows(snapshot, Code::BatteryLow));
    assert_eq!(strained.sample_rate_hz, 2.5);
    agent.command(BEGIN).unwrap();
    let begun = wait_for(&agent, |snapshot| snapshot.phase == Phase::Exam);
    let later = wait_for(&agent, |now| now.at_ms.since(begun.at_ms) >= Duration::from_secs(6));
    let looks = later.frames_looked_at as f64 / later.at_ms.since(begun.at_ms).as_secs_f64();
    assert!((1.5..=3.0).contains(&looks), "{looks} looks a second");
    agent.command(Command::End { flush: Duration::ZERO }).unwrap();
    wait_for(&agent, |snapshot| snapshot.phase == Phase::Ended);
    drop(agent);
    assert_eq!(rates_reported(folder.path()), [(2.5, Some(Strain::Battery))]);
}

/// A machine on which a look takes long.
struct Slow(Scripted, Duration);

impl Detector for Slow {
    fn models(&self) -> &[ModelIdentity] {
        self.0.models()
    }

    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        std::thread::park_timeout(self.1);
        self.0.faces(frame)
    }

    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        self.0.people(frame)
    }
}

#[test]
fn a_machine_that_is_too_slow_is_asked_for_fewer_looks_and_says_that_it_is_overloaded() {
    let folder = tempfile::tempdir().unwrap();
    let world = World {
        clock: clock_at(QUICK),
        make_detector: Arc::new(|| {
            let scripted = Scripted::parse(PRESENT).unwrap();
            let detector: Box<dyn Detector + Send> =
                Box::new(Slow(scripted, Duration::from_millis(600) / QUICK));
            Ok(detector)
        }),
        ..world(Webcam(|now: &Now| Ok(frames(now))), PRESENT)
    };
    let agent = Agent::start(setup(folder.path()), world).unwrap();
    agent.command(BEGIN).unwrap();
    let overloaded = wait_for(&agent, |snapshot| shows(snapshot, Code::Overloaded));
    assert_eq!((overloaded.sample_rate_hz, overloaded.seen), (2.5, Seen::Face));
    assert_eq!(of_kind(&overloaded, Kind::OutOfView), []);
    agent.command(Command::End { flush: Duration::ZERO }).unwrap();
    wait_for(&agent, |snapshot| snapshot.phase == Phase::Ended);
    drop(agent);
    assert_eq!(rates_reported(folder.path()), [(2.5, Some(Strain::Load))]);
}
