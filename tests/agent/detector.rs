//! Detectors that fail.

use super::*;

/// Panics at its fifth look.
struct Panics(Scripted, u32);

impl Detector for Panics {
    #[expect(clippy::panic_in_result_fn, reason = "it is what is tested")]
    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        self.1 += 1;
        assert!(self.1 < 5, "a detector that panics, as a test wants it");
        self.0.faces(frame)
    }

    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        self.0.people(frame)
    }

    fn models(&self) -> &[ModelIdentity] {
        self.0.models()
    }
}

#[test]
fn a_detector_that_panics_is_started_again_and_the_time_between_is_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let made = AtomicUsize::new(0);
    let make_detector: inview::agent::MakeDetector = Arc::new(move || {
        let script = Scripted::parse(PRESENT).unwrap();
        // The first serves the start, the second the check-in, the third the exam.
        let detector: Box<dyn Detector + Send> = match made.fetch_add(1, Ordering::Relaxed) {
            2 => Box::new(Panics(script, 0)),
            _ => Box::new(script),
        };
        Ok(detector)
    });
    let world = World { make_detector, ..world(Webcam(|now: &Now| Ok(frames(now))), PRESENT) };
    let agent = Agent::start(setup(folder.path()), world).unwrap();
    agent.command(BEGIN).unwrap();
    let snapshot = wait_for(&agent, |now| !of_kind(now, Kind::AgentGap).is_empty());
    let looked = snapshot.frames_looked_at;
    let after = wait_for(&agent, |now| now.frames_looked_at > looked + 5);
    assert!(!shows(&after, Code::DetectorFailed), "{:?}", after.health);
    assert_eq!(of_kind(&after, Kind::OutOfView), []);
    assert_eq!(of_kind(&after, Kind::AgentGap).len(), 1);
}

/// Panics in the middle of a look, when it is told to: once it is `armed` and then `released`.
struct Falters {
    script: Scripted,
    armed: Arc<AtomicBool>,
    is_looking: Arc<AtomicBool>,
    released: Arc<AtomicBool>,
}

impl Detector for Falters {
    #[expect(clippy::panic_in_result_fn, reason = "it is what is tested")]
    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        if self.armed.swap(false, Ordering::SeqCst) {
            self.is_looking.store(true, Ordering::SeqCst);
            wait_until(|| self.released.load(Ordering::SeqCst));
            panic!("a detector that panics, as a test wants it");
        }
        self.script.faces(frame)
    }

    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        self.script.people(frame)
    }

    fn models(&self) -> &[ModelIdentity] {
        self.script.models()
    }
}

#[test]
fn a_detector_that_fails_after_the_exam_was_ended_leaves_nothing_open_and_the_end_reported() {
    let folder = tempfile::tempdir().unwrap();
    let [armed, is_looking, released]: [Arc<AtomicBool>; 3] = Default::default();
    let parts = [&armed, &is_looking, &released].map(Arc::clone);
    let make_detector: inview::agent::MakeDetector = Arc::new(move || {
        let [armed, is_looking, released] = parts.clone();
        let script = Scripted::parse("{\"pts_s\": 0}").unwrap();
        let detector: Box<dyn Detector + Send> =
            Box::new(Falters { script, armed, is_looking, released });
        Ok(detector)
    });
    let world = World { make_detector, ..world(Webcam(|now: &Now| Ok(frames(now))), PRESENT) };
    let agent = Agent::start(setup(folder.path()), world).unwrap();
    agent.command(BEGIN).unwrap();
    wait_for(&agent, |now| !of_kind(now, Kind::OutOfView).is_empty());
    armed.store(true, Ordering::SeqCst);
    wait_until(|| is_looking.load(Ordering::SeqCst));
    agent.command(Command::End { flush: Duration::ZERO }).unwrap();
    wait_for(&agent, |now| now.phase == Phase::Ending);
    released.store(true, Ordering::SeqCst);
    let ended = wait_for(&agent, |now| now.phase == Phase::Ended);
    let [absence, gap] = &ended.intervals[..] else { panic!("{:?}", ended.intervals) };
    let restart = Some(ClosedBy::AgentRestart);
    assert_eq!((absence.kind, absence.closed_by), (Kind::OutOfView, restart));
    assert_eq!((gap.kind, gap.closed_by), (Kind::AgentGap, restart));
    assert_eq!(absence.end_ms, Some(gap.start_ms));
    // Began, opened, closed, the gap, ended.
    assert_eq!(ended.reports.made, 5);
}
