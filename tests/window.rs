//! The window's screens by what a screen reader finds in them, without a display and without an
//! agent.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eframe::egui::accesskit::{Live, Role};
use eframe::egui::{self, Key, Modifiers, ViewportCommand, ViewportEvent, ViewportId};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use inview::agent::{
    Busy, Command, FoundCamera, Message, OpenCamera, Phase, Preview, Reports, Seen, Snapshot,
};
use inview::capture::camera::{CameraId, Fit};
use inview::geometry::{BoundingBox, Size};
use inview::health::{Code, Condition};
use inview::presence::Policy;
use inview::report::{
    ClosedBy, CommandId, EventData, Incarnation, Interval, IntervalId, Kind, Sampling, SessionId,
    StartOverride,
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
        (self.snapshot.lock().unwrap().phase == Phase::CheckIn).then(|| Preview {
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

#[test]
fn the_camera_check_comes_only_after_consent_which_is_recorded() {
    let (mut harness, _puppet, _folder) = window(Phase::CheckIn, Seen::Face);
    harness.get_by_label("Before your exam");
    harness.get_by_label_contains("After 5 seconds");
    harness.get_by_label_contains("exams.example");
    assert!(!is_enabled(&harness, "Continue to the camera check"));
    assert_eq!(harness.state().consent(), None);
    consent(&mut harness);
    harness.get_by_label("Camera check");
    let consent = harness.state().consent().unwrap();
    assert_eq!(consent.language, "en");
    assert!(consent.at.ends_with('Z'), "{}", consent.at);
}

#[test]
fn consent_to_a_text_in_one_language_is_none_to_another() {
    let (mut harness, _puppet, _folder) = window(Phase::CheckIn, Seen::Face);
    click(&mut harness, "I have read this and agree");
    assert!(is_enabled(&harness, "Continue to the camera check"));
    click(&mut harness, "Deutsch");
    assert!(!is_enabled(&harness, "Weiter zur Kameraprüfung"));
}

#[test]
fn the_exam_starts_only_when_the_candidate_is_seen_steadily() {
    let (mut harness, puppet, _folder) = window(Phase::CheckIn, Seen::Nobody);
    consent(&mut harness);
    harness.get_by_label("Nobody is in the picture. Sit down in front of the camera.");
    assert!(!is_enabled(&harness, "Start the exam"));
    puppet.shows(|now| now.seen = Seen::Face);
    harness.run();
    assert!(!is_enabled(&harness, "Start the exam"), "seen for half a second");
    puppet.shows(|now| now.at_ms = at(61_500));
    harness.run();
    harness.get_by_label("All good. Stay like this.");
    harness.get_by_label("Live picture of your camera, mirrored");
    click(&mut harness, "Start the exam");
    let consent = harness.state().consent().cloned();
    assert!(consent.is_some());
    let expected = [Command::Agreed(true), Command::Begin { consent }];
    assert_eq!(*puppet.commands.lock().unwrap(), expected);
}

#[test]
fn reading_the_rules_again_takes_the_consent_back() {
    let (mut harness, puppet, _folder) = window(Phase::CheckIn, Seen::Face);
    consent(&mut harness);
    click(&mut harness, "Read the rules again");
    harness.get_by_label("Before your exam");
    assert_eq!(harness.state().consent(), None);
    let expected = [Command::Agreed(true), Command::Agreed(false)];
    assert_eq!(*puppet.commands.lock().unwrap(), expected);
}

#[test]
fn a_proctor_may_let_the_exam_start_although_nobody_is_seen() {
    let (mut harness, puppet, _folder) = window(Phase::CheckIn, Seen::TooDark);
    consent(&mut harness);
    assert!(!is_enabled(&harness, "Start the exam"));
    puppet.shows(|now| {
        now.start_override = Some(StartOverride {
            command: CommandId(uuid::Uuid::nil()),
            reason: "The lamp is broken".to_owned(),
            at: "2026-05-01T10:00:00Z".to_owned(),
        });
    });
    harness.run();
    harness.get_by_label("The supervisor lets you start.");
    harness.get_by_label_contains("It is too dark.");
    click(&mut harness, "Start the exam");
    let is_begin = |command: &Command| matches!(command, Command::Begin { consent: Some(_) });
    assert!(puppet.commands.lock().unwrap().iter().any(is_begin));
}

fn message(number: u128, text: &str) -> Message {
    Message {
        id: CommandId(uuid::Uuid::from_u128(number)),
        text: text.to_owned(),
        at: "2026-05-01T10:00:00Z".to_owned(),
        shown: false,
        read: false,
    }
}

#[test]
fn a_message_stands_above_every_screen_until_it_is_read() {
    for phase in [Phase::CheckIn, Phase::Exam, Phase::Ending, Phase::Ended] {
        let (mut harness, puppet, _folder) = window(phase, Seen::Face);
        let texts = ["Please clear your desk.", "Thank you!"];
        puppet.shows(|now| now.messages = vec![message(1, texts[0]), message(2, texts[1])]);
        harness.run();
        harness.get_by_label(texts[0]);
        harness.get_by_label_contains("1 more waits");
        assert!(harness.query_by_label(texts[1]).is_none());
        let said = format!("Message from the supervisor: {}", texts[0]);
        let alert = harness.get_by_role_and_label(Role::Alert, &said);
        assert_eq!(alert.accesskit_node().live(), Live::Assertive);
        let [first, second] = [1, 2].map(|number| CommandId(uuid::Uuid::from_u128(number)));
        // It was drawn: that is said once.
        assert_eq!(*puppet.commands.lock().unwrap(), [Command::Shown(first)]);
        puppet.shows(|now| now.messages[0].shown = true);
        harness.run();
        puppet.commands.lock().unwrap().clear();
        click(&mut harness, "I have read this");
        assert_eq!(*puppet.commands.lock().unwrap(), [Command::Read(first)], "{phase:?}");
        puppet.shows(|now| now.messages[0].read = true);
        harness.run();
        harness.run();
        harness.get_by_label(texts[1]);
        assert!(puppet.commands.lock().unwrap().contains(&Command::Shown(second)));
        puppet.shows(|now| now.messages[1].read = true);
        harness.run();
        assert!(harness.query_by_label("I have read this").is_none());
    }
}

#[test]
fn the_small_window_shows_a_message_too() {
    let (mut harness, puppet, _folder) = window(Phase::Exam, Seen::Face);
    click(&mut harness, "Small window on top");
    puppet.shows(|now| now.messages = vec![message(1, &"Please clear your desk. ".repeat(20))]);
    harness.run();
    harness.get_by_label("You are in view");
    click(&mut harness, "I have read this");
    let read = Command::Read(CommandId(uuid::Uuid::from_u128(1)));
    assert!(puppet.commands.lock().unwrap().contains(&read));
}

#[test]
fn a_message_in_a_hidden_window_is_not_said_to_be_shown() {
    let (mut harness, puppet, _folder) = window(Phase::Exam, Seen::Face);
    puppet.shows(|now| now.messages = vec![message(1, "Hello")]);
    let ctx = harness.ctx.clone();
    // Only drawing counts.
    for _ in 0..3 {
        harness.state_mut().drain(&ctx);
    }
    assert_eq!(*puppet.commands.lock().unwrap(), []);
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

#[test]
fn the_candidate_chooses_the_camera_and_the_choice_is_remembered() {
    let (mut harness, puppet, folder) = window(Phase::CheckIn, Seen::Face);
    consent(&mut harness);
    assert!(harness.query_by_label("Camera").is_none(), "there is nothing to choose");
    puppet.shows(|now| two_cameras(now, Fit::StandIn));
    harness.run();
    harness.get_by_label("Camera");
    harness.get_by_label_contains("The camera that you chose last is not connected.");
    click(&mut harness, "OBS (a program, not a device)");
    let chosen = Command::UseCamera(camera_id("OBS"));
    assert_eq!(puppet.commands.lock().unwrap().last(), Some(&chosen));
    let remembered = inview::agent::Preferences::read(folder.path()).camera.unwrap();
    assert_eq!((remembered.id, remembered.name.as_str()), (camera_id("OBS"), "OBS"));
}

#[test]
fn a_camera_that_the_policy_refuses_is_named_and_the_start_waits_for_another() {
    let (mut harness, puppet, _folder) = window(Phase::CheckIn, Seen::Face);
    consent(&mut harness);
    puppet.shows(|now| {
        two_cameras(now, Fit::First);
        (now.at_ms, now.camera_refused) = (at(90_000), true);
        now.health = vec![condition(Code::VirtualCamera)];
    });
    harness.run();
    harness.get_by_label_contains("this exam does not allow that. Choose another camera.");
    harness.get_by_label("The start is possible with another camera.");
    assert!(harness.query_by_label_contains("That is reported.").is_none());
    assert!(!is_enabled(&harness, "Start the exam"));
    puppet.shows(|now| now.camera_refused = false);
    harness.run();
    harness.get_by_label_contains("That is reported.");
    assert!(is_enabled(&harness, "Start the exam"));
}

#[test]
fn a_command_that_is_not_taken_is_told() {
    let (mut harness, puppet, _folder) = window(Phase::CheckIn, Seen::Face);
    consent(&mut harness);
    puppet.shows(|now| now.at_ms = at(90_000));
    *puppet.is_busy.lock().unwrap() = true;
    harness.run();
    click(&mut harness, "Start the exam");
    harness.get_by_label("That did not work just now. Please try again.");
}

#[test]
fn the_keyboard_alone_leads_through_the_check_in_in_reading_order() {
    let (mut harness, puppet, _folder) = window(Phase::CheckIn, Seen::Face);
    let mut order = Vec::new();
    for _ in 0..8 {
        harness.key_press(Key::Tab);
        harness.run();
        let focused = harness.get_all_by(|node| node.is_focused() && node.role() != Role::Window);
        let label = focused.last().and_then(|node| node.accesskit_node().label());
        order.push(label.unwrap_or_default());
        if order.last().is_some_and(|label| label.contains("agree")) {
            break;
        }
    }
    let expected = [
        "English",
        "Deutsch",
        "Español",
        "日本語",
        "Smaller text",
        "Larger text",
        "I have read this and agree",
    ];
    assert_eq!(order, expected);
    harness.key_press(Key::Space);
    harness.run();
    harness.run();
    harness.key_press(Key::Tab);
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    harness.run();
    harness.get_by_label("Camera check");
    puppet.shows(|now| now.at_ms = at(90_000));
    harness.run();
    harness.get_by_label("Start the exam").focus();
    harness.run();
    harness.key_press_modifiers(Modifiers::NONE, Key::Enter);
    harness.run();
    harness.run();
    let begun = puppet.commands.lock().unwrap().pop();
    assert!(matches!(begun, Some(Command::Begin { consent: Some(_) })), "{begun:?}");
}

#[test]
fn every_language_has_every_screen_and_no_letter_is_missing() {
    for phase in [Phase::CheckIn, Phase::Exam, Phase::Ending, Phase::Ended] {
        let (mut harness, puppet, _folder) = window(phase, Seen::Face);
        let told = vec![interval(Kind::OutOfView, 5_000, Some(9_000))];
        puppet.shows(|now| (now.intervals, now.reports.made) = (told, 3));
        for language in Language::ALL {
            click(&mut harness, language.own_name());
            let words = inview::ui::i18n::Words::new(language);
            let key = match phase {
                Phase::CheckIn => "welcome-title",
                Phase::Exam => "exam-title",
                Phase::Ending => "end-title-ending",
                Phase::Ended => "end-title",
            };
            harness.get_by_label(&words.say(key));
        }
    }
}

#[test]
fn the_exam_is_calm_and_tells_what_was_reported() {
    let (mut harness, puppet, _folder) = window(Phase::Exam, Seen::Face);
    harness.get_by_label("You are in view");
    harness.get_by_label("Connected; all reports have arrived");
    harness.get_by_label("Nothing.");
    assert!(harness.query_by_label("Live picture of your camera, mirrored").is_none());
    puppet.shows(|now| {
        now.seen = Seen::Nobody;
        now.intervals = vec![
            interval(Kind::FaceNotVisible, 12_000, Some(15_000)),
            interval(Kind::OutOfView, 57_000, None),
        ];
        now.warning = Some(now.intervals[1].id);
        (now.reports.made, now.reports.acknowledged) = (4, 3);
    });
    harness.run();
    harness.get_by_label("You are not in view");
    harness.get_by_label("You are out of view. Please come back.");
    harness.get_by_label("Out of view, since 0:57");
    harness.get_by_label("Face not visible, from 0:12 to 0:15");
    harness.get_by_label("Sending: 1 report waits");
}

#[test]
fn a_lost_connection_and_a_lost_camera_are_named() {
    let (mut harness, puppet, _folder) = window(Phase::Exam, Seen::NoFrames);
    puppet.shows(|now| {
        now.health = vec![condition(Code::CameraBusy), condition(Code::ServerUnreachable)];
        now.intervals = vec![interval(Kind::CameraLost, 50_000, None)];
        (now.warning, now.reports.made) = (Some(now.intervals[0].id), 2);
    });
    harness.run();
    harness.get_by_label("The camera cannot see you");
    harness.get_by_label_contains("Another program uses the camera.");
    harness.get_by_label("No connection; 2 reports are kept and sent later");
}

#[test]
fn a_warning_is_heard_again_and_again_and_so_is_the_return_unless_the_sound_is_off() {
    let (mut harness, puppet, folder) = window(Phase::Exam, Seen::Face);
    let heard = |harness: &mut Harness<'_, App>, millis, is_warned| {
        let warning = Some(interval(Kind::OutOfView, 60_000, None).id).filter(|_| is_warned);
        puppet.shows(|now| (now.at_ms, now.warning) = (at(millis), warning));
        harness.run();
        std::mem::take(&mut *puppet.played.lock().unwrap())
    };
    assert_eq!(heard(&mut harness, 60_000, false), []);
    assert_eq!(heard(&mut harness, 62_000, true), [Sound::Warning]);
    assert_eq!(heard(&mut harness, 66_000, true), []);
    assert_eq!(heard(&mut harness, 68_100, true), [Sound::Warning]);
    puppet.shows(|now| now.intervals = vec![interval(Kind::OutOfView, 60_000, Some(69_000))]);
    assert_eq!(heard(&mut harness, 69_200, false), [Sound::Back]);
    assert_eq!(heard(&mut harness, 70_000, false), []);
    click(&mut harness, "Play a sound with warnings");
    assert!(inview::agent::Preferences::read(folder.path()).is_muted);
    assert_eq!(heard(&mut harness, 80_000, true), []);
}

#[test]
fn the_sound_is_tried_before_the_exam_and_it_is_told_when_there_is_none() {
    let (mut harness, puppet, _folder) = window(Phase::CheckIn, Seen::Face);
    consent(&mut harness);
    assert!(harness.query_by_label_contains("No sound could be played").is_none());
    click(&mut harness, "Play the sound once");
    assert_eq!(*puppet.played.lock().unwrap(), [Sound::Warning]);
    harness.get_by_label_contains("No sound could be played on this computer.");
}

#[test]
fn the_exam_ends_only_after_a_question() {
    let (mut harness, puppet, _folder) = window(Phase::Exam, Seen::Face);
    click(&mut harness, "End the exam");
    click(&mut harness, "No, go on");
    assert_eq!(*puppet.commands.lock().unwrap(), []);
    click(&mut harness, "End the exam");
    click(&mut harness, "Yes, end it");
    let flush = Duration::from_secs(30);
    assert_eq!(*puppet.commands.lock().unwrap(), [Command::End { flush }]);
}

#[test]
fn the_small_window_shows_what_matters_and_leads_back() {
    let (mut harness, _puppet, _folder) = window(Phase::Exam, Seen::Face);
    click(&mut harness, "Small window on top");
    harness.get_by_label("You are in view");
    assert!(harness.query_by_label("Exam in progress").is_none());
    click(&mut harness, "Full window");
    harness.get_by_label("Exam in progress");
}

#[test]
fn the_end_shows_all_that_was_reported_and_keeps_a_copy() {
    let (mut harness, puppet, folder) = window(Phase::Ending, Seen::Face);
    puppet.shows(|now| {
        now.intervals = vec![interval(Kind::OutOfView, 5_000, Some(9_000))];
        (now.reports.made, now.reports.acknowledged) = (4, 1);
    });
    harness.run();
    harness.get_by_label("1 of 4 reports have arrived");
    assert!(harness.query_by_label("Close").is_none());
    puppet.shows(|now| now.phase = Phase::Ended);
    harness.run();
    harness.get_by_label_contains("It is kept on this computer");
    puppet.shows(|now| {
        (now.reports.in_memory, now.health) = (3, vec![condition(Code::StorageDegraded)]);
    });
    harness.run();
    harness.get_by_label_contains("Keep this window open");
    assert!(harness.query_by_label_contains("It is kept on this computer").is_none());
    puppet.shows(|now| (now.reports.in_memory, now.health) = (0, Vec::new()));
    puppet.shows(|now| (now.reports.acknowledged, now.reports.delivered) = (4, true));
    harness.run();
    harness.get_by_label("Everything has arrived. You can close this window.");
    harness.get_by_label("Out of view, from 0:05 to 0:09");
    let session = SessionId::derived(&[]);
    let spool = folder.path().join("spool");
    let mut outbox = Outbox::open(&spool, session, Incarnation::of_replay(session)).unwrap();
    outbox.sign_by(SigningKey::from_secret(&[1; 32])).unwrap();
    let sampling = Sampling { at_ms: MediaTime::ZERO, sample_rate_hz: 5.0, strain: None };
    outbox.append(None, EventData::Sampling(sampling)).unwrap();
    click(&mut harness, "Save a copy");
    let name = format!("inview-{}.json", SessionId::derived(&[]));
    let copies = folder.path().join("copies");
    harness.get_by_label_contains(&copies.display().to_string());
    let path = copies.join(name);
    let copy: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(copy["intervals"][0]["kind"], "out_of_view");
    assert_eq!(copy["label"], "Seat 7");
    // It can be checked by whoever has it.
    let export = told::read(&std::fs::read(&path).unwrap()).unwrap();
    let told = told::tell(&export, None);
    assert!(told.is_good && told.lines[0].contains("1 report, signed"), "{told:?}");
    let page = path.with_extension("html");
    assert!(std::fs::read_to_string(&page).unwrap().contains("Seat 7"));
    click(&mut harness, "Open the page");
    click(&mut harness, "Show the folder");
    assert_eq!(*puppet.opened.lock().unwrap(), [page, copies]);
}

#[test]
fn closing_the_window_in_the_exam_asks_first() {
    let (mut harness, puppet, _folder) = window(Phase::Exam, Seen::Face);
    let close = |harness: &mut Harness<'_, App>| {
        let input = harness.input_mut();
        input.viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
        harness.step();
        let output = &harness.output().viewport_output[&ViewportId::ROOT];
        output.commands.contains(&ViewportCommand::CancelClose)
    };
    assert!(close(&mut harness), "the window would be gone");
    harness.run();
    harness.get_by_label("Close the window?");
    click(&mut harness, "Stay");
    assert!(harness.query_by_label("Close the window?").is_none());
    // The small window gives way to the question.
    click(&mut harness, "Small window on top");
    assert!(close(&mut harness));
    harness.run();
    click(&mut harness, "Close anyway");
    assert!(!close(&mut harness), "it was asked for twice");
    assert_eq!(*puppet.commands.lock().unwrap(), [], "the exam goes on without its window");
    puppet.shows(|now| now.phase = Phase::Ended);
    let (mut harness, _puppet, _folder) = window(Phase::Ended, Seen::Face);
    assert!(!close(&mut harness), "there is nothing to ask any more");
}

/// Where everything with a name is, by its name.
fn places(harness: &Harness<'_, App>) -> Vec<(String, egui::Rect)> {
    let is_named = |role: Role| {
        [Role::Button, Role::CheckBox, Role::RadioButton, Role::Label, Role::Image].contains(&role)
    };
    let named = harness.get_all_by(|node| is_named(node.role()));
    let mut places: Vec<_> = named
        .filter_map(|node| {
            let node_data = node.accesskit_node();
            let name = node_data.label().or_else(|| node_data.value())?;
            Some((format!("{:?} {name}", node_data.role()), node.rect()))
        })
        .collect();
    places.sort_by(|a, b| (&a.0, a.1.top()).partial_cmp(&(&b.0, b.1.top())).unwrap());
    places
}

#[test]
fn read_from_right_to_left_every_screen_is_the_mirror_image() {
    type Scene = (Phase, fn(&mut Harness<'static, App>, &Puppet));
    let scenes: [Scene; 6] = [
        (Phase::CheckIn, |_, _| {}),
        (Phase::CheckIn, |harness, puppet| {
            consent(harness);
            puppet.shows(|now| two_cameras(now, Fit::Moved));
        }),
        (Phase::Exam, |_, puppet| {
            puppet.shows(|now| {
                now.intervals = vec![interval(Kind::OutOfView, 57_000, None)];
                now.warning = Some(now.intervals[0].id);
            });
        }),
        (Phase::Exam, |harness, _| click(harness, "End the exam")),
        (Phase::Exam, |harness, _| click(harness, "Small window on top")),
        (Phase::Ended, |harness, puppet| {
            puppet.shows(|now| now.intervals = vec![interval(Kind::TooDark, 1_000, Some(9_000))]);
            click(harness, "Save a copy");
        }),
    ];
    for (number, (phase, prepare)) in scenes.into_iter().enumerate() {
        let [ltr, rtl] = [Direction::LeftToRight, Direction::RightToLeft].map(|direction| {
            let (mut harness, puppet, _folder) = window_read(phase, Seen::Face, direction);
            prepare(&mut harness, &puppet);
            harness.run();
            let width = harness.ctx.content_rect().width();
            (places(&harness), width)
        });
        assert_eq!(ltr.0.len(), rtl.0.len(), "scene {number}");
        assert!(ltr.0.len() >= 3, "scene {number}");
        for ((name, left), (other, right)) in ltr.0.iter().zip(&rtl.0) {
            // The saved folder has a name of its own in each run, and a width by its letters.
            let is_folder = name.contains("Saved to") && other.contains("Saved to");
            assert!(name == other || is_folder, "{name} {other}");
            // Room for the scroll bar stays at its side.
            let begins = (right.right() - (rtl.1 - left.left())).abs();
            let ends = (right.left() - (rtl.1 - left.right())).abs();
            // The text of a switch is painted beside it.
            let is_switch = name.starts_with("CheckBox") || name.starts_with("RadioButton");
            let is_mirrored = begins <= 14.0 && (ends <= 14.0 || is_switch || is_folder);
            assert!(is_mirrored, "scene {number}, {name}: {left:?} and {right:?}");
        }
    }
}

#[test]
fn every_control_has_a_name() {
    for phase in [Phase::CheckIn, Phase::Exam, Phase::Ended] {
        let (harness, _puppet, _folder) = window(phase, Seen::Face);
        let controls = [Role::Button, Role::CheckBox, Role::Image];
        for node in harness.get_all_by(|node| controls.contains(&node.role())) {
            let name = node.accesskit_node().label().unwrap_or_default();
            assert!(!name.is_empty(), "{phase:?}: {:?}", node.accesskit_node().role());
        }
    }
}
