//! The window's screens by what a screen reader finds in them, without a display and without an
//! agent.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod acting;
mod check_in;
mod end;
mod every_screen;
mod exam;
mod messages;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eframe::egui::accesskit::{Live, Role};
use eframe::egui::{self, Key, Modifiers, ViewportCommand, ViewportEvent, ViewportId};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use inview::agent::{
    Busy, CameraCheck, Command, Extension, FoundCamera, Message, OpenCamera, Phase, Preview,
    Reports, Seen, Snapshot,
};
use inview::capture::camera::{CameraId, Fit};
use inview::geometry::{BoundingBox, Size};
use inview::health::{Code, Condition};
use inview::presence::Policy;
use inview::report::{
    CheckAnswer, ClosedBy, CommandId, EndedBy, EventData, Incarnation, Interval, IntervalId, Kind,
    Sampling, SessionId, StartOverride,
};
use inview::spool::Outbox;
use inview::theme;
use inview::time::MediaTime;
use inview::trust::signature::SigningKey;
use inview::trust::told;
use inview::ui::i18n::{Direction, Language};
use inview::ui::tones::Sound;
use inview::ui::{About, App, Desktop, Heard, Watched};

/// An agent that shows what it is told to.
#[derive(Debug)]
struct Puppet {
    snapshot: Mutex<Snapshot>,
    commands: Mutex<Vec<Command>>,
    is_busy: Mutex<bool>,
    played: Mutex<Vec<Sound>>,
    opened: Mutex<Vec<PathBuf>>,
}

impl Desktop for Puppet {
    fn play(&self, sound: Sound) {
        self.played.lock().unwrap().push(sound);
    }

    fn heard(&self) -> Heard {
        if self.played.lock().unwrap().is_empty() { Heard::NotTried } else { Heard::Failed }
    }

    fn open(&self, path: &Path) -> std::io::Result<()> {
        self.opened.lock().map(|mut opened| opened.push(path.to_owned())).ok();
        Ok(())
    }
}

impl Watched for Puppet {
    fn snapshot(&self) -> Snapshot {
        self.snapshot.lock().unwrap().clone()
    }

    fn preview(&self) -> Option<Preview> {
        let now = self.snapshot();
        (now.phase == Phase::CheckIn || now.camera_check.is_some()).then(|| Preview {
            seq: 1,
            size: Size::new(4, 3),
            rgb: [90; 36].into(),
            face: Some(BoundingBox::new(0.4, 0.3, 0.6, 0.6)),
            face_luma: Some(120.0),
            mean: 110.0,
            p99: 240,
        })
    }

    fn command(&self, command: Command) -> Result<(), Busy> {
        let is_busy = self.is_busy.lock().map_or(true, |is_busy| *is_busy);
        self.commands.lock().ok().filter(|_| !is_busy).ok_or(Busy)?.push(command);
        Ok(())
    }
}

impl Puppet {
    fn shows(&self, change: impl FnOnce(&mut Snapshot)) {
        change(&mut self.snapshot.lock().unwrap());
    }
}

fn at(millis: i64) -> MediaTime {
    MediaTime::from_millis(millis)
}

type Window = (Harness<'static, App>, Arc<Puppet>, tempfile::TempDir);

fn window(phase: Phase, seen: Seen) -> Window {
    window_read(phase, seen, Direction::LeftToRight)
}

fn window_read(phase: Phase, seen: Seen, direction: Direction) -> Window {
    let snapshot = Snapshot {
        session: SessionId::derived(&[]),
        at_ms: at(60_000),
        phase,
        began: None,
        ended_ms: None,
        seen,
        since_ms: at(59_500),
        warning: None,
        camera: None,
        sample_rate_hz: 5.0,
        cameras: Vec::new(),
        camera_refused: false,
        frames_looked_at: 9,
        frames_skipped: 0,
        intervals: Vec::new(),
        reports: Reports::default(),
        health: Vec::new(),
        messages: Vec::new(),
        start_override: None,
        camera_check: None,
        planned_ms: None,
        extensions: Vec::new(),
        ended_by: None,
    };
    let puppet = Arc::new(Puppet {
        snapshot: Mutex::new(snapshot),
        commands: Mutex::default(),
        is_busy: Mutex::default(),
        played: Mutex::default(),
        opened: Mutex::default(),
    });
    let folder = tempfile::tempdir().unwrap();
    let about = About {
        label: "Seat 7".to_owned(),
        server: "https://exams.example".to_owned(),
        policy: Policy::default(),
        folder: folder.path().to_owned(),
        spool: folder.path().join("spool"),
        flush: Duration::from_secs(30),
    };
    let watched: Arc<dyn Watched> = Arc::<Puppet>::clone(&puppet);
    let desktop: Arc<dyn Desktop> = Arc::<Puppet>::clone(&puppet);
    let app = App::new(watched, desktop, about, Language::English).read(direction);
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.drain(ui.ctx());
        app.draw(ui);
    };
    let builder = Harness::builder().with_size(egui::vec2(580.0, 740.0));
    let mut harness = builder.with_context_setup(theme::install).build_ui_state(draw, app);
    harness.run();
    (harness, puppet, folder)
}

fn click(harness: &mut Harness<'_, App>, label: &str) {
    harness.get_by_label(label).click();
    harness.run();
    // What was asked is done before the next picture.
    harness.run();
}

fn is_enabled(harness: &Harness<'_, App>, label: &str) -> bool {
    !harness.get_by_role_and_label(Role::Button, label).accesskit_node().is_disabled()
}

fn consent(harness: &mut Harness<'_, App>) {
    click(harness, "I have read this and agree");
    click(harness, "Continue to the camera check");
}

fn interval(kind: Kind, start: i64, end: Option<i64>) -> Interval {
    Interval {
        id: IntervalId::derived(SessionId::derived(&[]), start.unsigned_abs()),
        kind,
        start_ms: at(start),
        end_ms: end.map(at),
        confidence: 1.0,
        frames_looked_at: 1,
        frames_skipped: 0,
        closed_by: end.map(|_| ClosedBy::SeenAgain),
    }
}

fn condition(code: Code) -> Condition {
    Condition { code, severity: code.severity(), since_ms: at(0), detail: String::new() }
}

fn camera_id(name: &str) -> CameraId {
    serde_json::from_value(format!("{name} [usb-1]").into()).unwrap()
}

/// Two cameras to choose from, one of them a program; the first is open.
fn two_cameras(now: &mut Snapshot, fit: Fit) {
    let found = |name: &str, virtual_device: Option<&str>| FoundCamera {
        id: camera_id(name),
        name: name.to_owned(),
        virtual_device: virtual_device.map(str::to_owned),
    };
    let long = "Integrated Camera: Integrated C, on the lid, beside the microphone, by its maker";
    now.cameras =
        vec![found("C920", None), found("OBS", Some("OBS Virtual Camera")), found(long, None)];
    now.camera = Some(OpenCamera {
        container: "camera".to_owned(),
        codec: "MJPEG".to_owned(),
        width: 640,
        height: 480,
        id: Some(camera_id("C920")),
        fit,
    });
}
