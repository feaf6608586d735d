//! Cameras that hang, fail, or are none.

use super::*;

/// Gives some frames, and then never returns.
struct Hangs(Box<dyn FrameSource>, u32);

impl FrameSource for Hangs {
    fn info(&self) -> &inview::capture::SourceInfo {
        self.0.info()
    }

    #[expect(clippy::infinite_loop, reason = "so do drivers")]
    fn next_frame(&mut self, not_before: MediaTime) -> Result<Option<Frame>, CaptureError> {
        if self.1 == 0 {
            loop {
                std::thread::park();
            }
        }
        self.1 -= 1;
        self.0.next_frame(not_before)
    }

    fn tally(&self) -> inview::capture::Tally {
        self.0.tally()
    }
}

#[test]
fn a_driver_that_never_returns_is_given_up_named_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let camera = Webcam(move |now: &Now| {
        let first = count.fetch_add(1, Ordering::Relaxed) == 0;
        let hangs: Box<dyn FrameSource> = Box::new(Hangs(frames(now), 10));
        Ok(if first { hangs } else { frames(now) })
    });
    let agent = Agent::start(setup(folder.path()), world(camera, PRESENT)).unwrap();
    agent.command(BEGIN).unwrap();
    wait_for(&agent, |now| shows(now, Code::CaptureStuck));
    // It is reported by one thread and named by another: both are over, in either order.
    let back = wait_for(&agent, |now| {
        let mut lost = of_kind(now, Kind::CameraLost).into_iter();
        lost.next().is_some_and(|lost| lost.end_ms.is_some()) && !shows(now, Code::CaptureStuck)
    });
    assert_eq!(opened.load(Ordering::Relaxed), 2);
    assert_eq!(of_kind(&back, Kind::OutOfView), []);
}

#[test]
fn what_is_wrong_with_the_camera_is_named_and_never_taken_for_an_absence() {
    for (error, code) in [
        (CaptureError::NotFound, Code::NoCamera),
        (CaptureError::PermissionDenied, Code::CameraDenied),
        (CaptureError::Damaged("no signal".to_owned()), Code::CameraLost),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let error = Mutex::new(Some(error));
        let fails = Arc::new(Mutex::new(false));
        let failing = Arc::clone(&fails);
        let camera = Webcam(move |now: &Now| {
            let is_failing = *failing.lock().unwrap();
            match error.lock().unwrap().take().filter(|_| is_failing) {
                Some(error) => Err(error),
                None if is_failing => Err(CaptureError::Empty),
                None => Ok(frames(now)),
            }
        });
        *fails.lock().unwrap() = true;
        let agent = Agent::start(setup(folder.path()), world(camera, PRESENT)).unwrap();
        agent.command(BEGIN).unwrap();
        wait_for(&agent, |now| shows(now, code));
        *fails.lock().unwrap() = false;
        let back = wait_for(&agent, |now| now.frames_looked_at > 3);
        assert!(back.health.is_empty(), "{:?}", back.health);
        assert_eq!(of_kind(&back, Kind::OutOfView), []);
    }
}

struct VirtualWebcam;

impl Camera for VirtualWebcam {
    fn open(&self, time: &Time) -> Result<Opened, CaptureError> {
        let virtual_device = Some("OBS Virtual Camera".to_owned());
        Ok(Opened { virtual_device, ..Opened::from(frames(&time.now)) })
    }
}

#[test]
fn a_virtual_camera_is_said_to_be_one_for_the_whole_exam() {
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start(setup(folder.path()), world(VirtualWebcam, PRESENT)).unwrap();
    wait_for(&agent, |now| shows(now, Code::VirtualCamera));
    agent.command(BEGIN).unwrap();
    wait_for(&agent, |now| !of_kind(now, Kind::VirtualCamera).is_empty());
    agent.command(Command::End { flush: Duration::ZERO }).unwrap();
    let ended = wait_for(&agent, |now| now.phase == Phase::Ended);
    let said = &of_kind(&ended, Kind::VirtualCamera)[0];
    assert_eq!(said.closed_by, Some(ClosedBy::SessionEnd));
    assert!(said.end_ms.unwrap() > said.start_ms);
}
