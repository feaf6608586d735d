//! `inview-replay tune` and `explain` as QA runs them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use inview::replay::evaluate::Evaluation;
use inview::replay::tune::{Tried, Tuning};
use inview::report::Kind;
use support::{assert_golden, shipped_recording, text};

const REPLAY: &str = env!("CARGO_BIN_EXE_inview-replay");
const SCRIPT: &str = "tests/golden/replay/leave_ladder.detections.jsonl";

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[expect(clippy::disallowed_methods, reason = "a file of a test need not be atomic")]
fn write(path: &Path, text: &str) -> String {
    fs::write(path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Tunes on recordings, and evaluates the policy that was taken, and the base, in runs of their own.
fn tune_and_evaluate(recordings: &[&str], grid: &str, more: &[&str]) -> Tuning {
    let folder = tempfile::tempdir().unwrap();
    let grid = write(&folder.path().join("grid.toml"), grid);
    let policy = folder.path().join("tuned.toml");
    let policy = policy.to_str().unwrap();
    let tune = ["tune", "--format", "json", "--jobs", "2", "--grid", &grid, "--out", policy];
    let tuned = out(&support::run(REPLAY, &[&tune[..], recordings, more].concat()));
    let tuned: Tuning = serde_json::from_str(&tuned).unwrap();
    let evaluated = |with: &[&str]| {
        let evaluate = ["evaluate", "--format", "json", "--jobs", "2"];
        let json = out(&support::run(REPLAY, &[&evaluate[..], recordings, more, with].concat()));
        serde_json::from_str::<Evaluation>(&json).unwrap().total
    };
    let figures = |tried: &Tried| tried.figures.clone().unwrap();
    assert_eq!(figures(&tuned.chosen), evaluated(&["--policy", policy]));
    assert_eq!(figures(&tuned.base), evaluated(&[]));
    tuned
}

#[test]
fn a_tuned_policy_has_the_figures_of_a_run_of_its_own() {
    let recording = shipped_recording();
    let grid =
        "record_after_ms = [400, 1000]\nsample_rate_hz = [4, 5]\n[face]\nenter = [0.6, 0.95]\n";
    let recording = recording.to_str().unwrap();
    let tuned = tune_and_evaluate(&[recording], grid, &["--detections", SCRIPT]);
    // Each looks in its own way, and so does the policy that they are held against.
    assert_eq!((tuned.tried, tuned.ways, tuned.all.len()), (8, 9, 8));
    // Faces are never sure of 0.95: who asks for as much sees nobody for most of the time.
    assert!(tuned.chosen.settings.contains(&("face.enter".to_owned(), 0.6.into())));
    assert!(tuned.chosen.missed_s < 3.0, "{:?}", tuned.chosen);
    let rates: Vec<f64> = tuned.curve.iter().map(|it| it.false_alarms_per_hour).collect();
    assert!(rates.is_sorted() && tuned.curve.len() < 8);
}

#[test]
fn with_the_models_a_tuned_policy_has_the_figures_of_a_run_of_its_own() {
    let grid = "merge_gap_ms = [300, 1000]\n[face]\nenter = [0.6, 0.8]\n";
    let Some(folder) = support::shared("clips") else { return };
    // A photo, and faces behind sheets and hands.
    let clips = ["d11_photo_held_up.mp4", "d13_short_occlusions.mp4"];
    let clips = clips.map(|clip| folder.join(clip).to_str().unwrap().to_owned());
    let tuned = tune_and_evaluate(&[&clips[0], &clips[1]], grid, &[]);
    assert_eq!((tuned.tried, tuned.recordings), (4, 2));
    let found = |kind| tuned.chosen.figures.as_ref().unwrap().kinds[&kind].found;
    assert_eq!((found(Kind::SuspectedStillImage), found(Kind::FaceNotVisible)), (1, 4));
}

#[test]
fn a_grid_that_is_none_is_told_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let grid = write(&folder.path().join("grid.toml"), "record_aftr_ms = [1, 2]\n");
    let recording = shipped_recording();
    let args = ["tune", recording.to_str().unwrap(), "--grid", &grid, "--detections", SCRIPT];
    let output = support::run(REPLAY, &args);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("grid.toml: unknown field `record_aftr_ms`"), "{said}");
}

#[test]
fn a_moment_is_explained_the_same_on_every_machine() {
    let recording = shipped_recording();
    let explain = |at: &str| {
        let recording = recording.to_str().unwrap();
        support::run(REPLAY, &["explain", recording, "--at", at, "--detections", SCRIPT])
    };
    assert_golden("evaluate/explain_away.txt", &out(&explain("40")));
    assert_golden("evaluate/explain_there.txt", &out(&explain("0:33.3")));
}
