//! From the candidate's leaving to the alert at the server, over loopback and with TLS.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use inview::agent::{Agent, Command, MakeDetector, Now, Phase, Seen, Setup, World};
use inview::clock::Reading;
use inview::detection::Detection;
use inview::detector::{Detector, DetectorError, Scripted};
use inview::frame::Frame;
use inview::redact::Pii;
use inview::report::{Kind, ModelIdentity};
use inview::time::MediaTime;
use inview::upload;
use support::agent::{PRESENT, Webcam, clock_at, frames, setup, wait_for, world};
use support::server::ServerProgram;
use support::wait_until;

const SERVER: &str = env!("CARGO_BIN_EXE_inview-server");

fn now() -> MediaTime {
    MediaTime::ZERO + Reading::now().boot
}

/// Sees the candidate as long as there is one.
struct Seat {
    taken: Arc<AtomicBool>,
    somebody: Scripted,
}

impl Detector for Seat {
    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        let taken = self.taken.load(Ordering::Relaxed);
        Ok(if taken { self.somebody.faces(frame)? } else { Vec::new() })
    }

    fn people(&mut self, _: &Frame) -> Result<Vec<Detection>, DetectorError> {
        Ok(Vec::new())
    }

    fn models(&self) -> &[ModelIdentity] {
        self.somebody.models()
    }
}

#[test]
fn an_alert_is_at_the_server_within_a_second_of_its_time() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerProgram::start(SERVER, data.path());
    let upload = upload::Settings {
        session: None,
        server: server.says("address"),
        token: Pii::new(server.read("agent_token_file")),
        authority: Some(server.says("authority").into()),
        code: None,
        allow_plain_loopback: false,
        key: None,
        server_key: None,
        route: upload::Route::default(),
        folder: folder.path().join("spool"),
    };
    let setup = Setup { upload: Some(upload), ..setup(folder.path()) };
    let alert_after = setup.policy.alert_after();
    let taken = Arc::new(AtomicBool::new(true));
    let seat = Arc::clone(&taken);
    let make_detector: MakeDetector = Arc::new(move || {
        let somebody = Scripted::parse(PRESENT).unwrap();
        let detector: Box<dyn Detector + Send> =
            Box::new(Seat { taken: Arc::clone(&seat), somebody });
        Ok(detector)
    });
    let camera = Webcam(|now: &Now| Ok(frames(now)));
    let world = World { make_detector, clock: clock_at(1), ..world(camera, PRESENT) };
    let agent = Agent::start(setup, world).unwrap();
    agent.command(Command::Begin { consent: None }).unwrap();
    wait_for(&agent, |now| now.phase == Phase::Exam && now.seen == Seen::Face);
    let mut late = Vec::new();
    // Whatever else the machine does at one moment, it does not at three.
    while late.len() < 3 && late.last().is_none_or(|late| *late > Duration::from_secs(1)) {
        let absences = late.len() + 1;
        let begun = now();
        taken.store(false, Ordering::Relaxed);
        wait_until(|| {
            let held = server.intervals();
            held.iter().filter(|held| held.alert).count() == absences
        });
        let took = now().since(begun);
        println!("left, and alerted of after {:.2} s", took.as_secs_f64());
        // It is dated by the last frame that was looked at before, and no earlier.
        assert!(took + Duration::from_millis(300) >= alert_after, "{took:?}");
        late.push(took.saturating_sub(alert_after));
        taken.store(true, Ordering::Relaxed);
        wait_until(|| server.intervals().iter().all(|held| held.report.interval.end_ms.is_some()));
    }
    assert!(late.last().is_some_and(|late| *late <= Duration::from_secs(1)), "{late:?}");
    assert!(server.intervals().iter().all(|held| held.report.interval.kind == Kind::OutOfView));
}
