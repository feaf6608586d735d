//! `inview-replay evaluate` as QA runs it: figures, gates and what is said of wrong truth files.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

use inview::replay::evaluate::Evaluation;
use inview::report::Kind;
use inview::score::Verdict;
use support::{assert_golden, shipped_recording, text};

const REPLAY: &str = env!("CARGO_BIN_EXE_inview-replay");
/// What the models found in the shipped recording, so that these tests need no model.
const SCRIPT: &str = "tests/golden/replay/leave_ladder.detections.jsonl";
/// Finds in which somebody is there for a while when nobody is, and the other way round.
const WRONG_SCRIPT: &str = "tests/golden/evaluate/wrong.detections.jsonl";

fn evaluate(args: &[&str]) -> Output {
    let mut all = vec!["evaluate"];
    all.extend(args);
    support::run(REPLAY, &all)
}

/// Evaluates the shipped recording with scripted detections.
fn scripted(script: &str, args: &[&str]) -> Output {
    let recording = shipped_recording();
    let mut all = vec!["--detections", script, recording.to_str().unwrap()];
    all.extend(args);
    evaluate(&all)
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[expect(clippy::disallowed_methods, reason = "a file of a test need not be atomic")]
fn write(path: &Path, text: &str) -> String {
    fs::write(path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn scripted_detections_give_the_golden_figures_in_every_format() {
    assert_golden("evaluate/ladder.txt", &out(&scripted(SCRIPT, &[])));
    assert_golden("evaluate/ladder.csv", &out(&scripted(SCRIPT, &["--format", "csv"])));
    assert_golden("evaluate/ladder.json", &out(&scripted(SCRIPT, &["--format", "json"])));
    assert_golden("evaluate/wrong.txt", &out(&scripted(WRONG_SCRIPT, &[])));
}

/// Twelve seconds of noise, five pictures a second, in which somebody is said to be away from 4 to 8 s;
/// and the finds of a detector that sees them away for as long as `away`, in seconds.
fn noise(folder: &Path, name: &str, away: std::ops::Range<u32>) -> String {
    let path = folder.join(name);
    fs::create_dir(&path).unwrap();
    let mut script = String::new();
    for frame in 0..60_u32 {
        let pixels = (0..64 * 48_u32).map(|i| {
            let noise = (i * 7 + frame * 13).wrapping_mul(2_654_435_761) >> 28;
            (if i % 64 < 20 { 60 } else { 180 } + noise) as u8
        });
        let pixels: Vec<u8> = pixels.flat_map(|luma| [luma; 3]).collect();
        let mut bmp = Vec::from(*b"BM");
        for field in [54 + pixels.len() as u32, 0, 54, 40, 64, 48, 1 | 24 << 16, 0, 0, 0, 0, 0, 0] {
            bmp.extend(field.to_le_bytes());
        }
        bmp.extend(pixels);
        let mut file = fs::File::create(path.join(format!("{frame:04}.bmp"))).unwrap();
        std::io::Write::write_all(&mut file, &bmp).unwrap();
        let there = !away.contains(&(frame / 5));
        let face = format!(r#"{{"score": 0.93, "box": [{}, 10, 40, 34]}}"#, 20 + frame % 3);
        let finds = if there { &*face } else { "" };
        let (at, line) = (f64::from(frame) / 5.0, format!(r#""faces": [{finds}], "people": []"#));
        writeln!(script, "{{\"recording\": \"{name}\", \"pts_s\": {at}, {line}}}").unwrap();
    }
    let truth = "start,end,state\n4,8,out_of_view\n";
    write(&folder.join(format!("{name}.labels.csv")), truth);
    script
}

/// The same pictures, seen rightly and wrongly.
struct Noise {
    folder: tempfile::TempDir,
    good: String,
    bad: String,
}

impl Noise {
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let good = noise(folder.path(), "room", 4..8);
        fs::remove_dir_all(folder.path().join("room")).unwrap();
        let bad = noise(folder.path(), "room", 0..3);
        let good = write(&folder.path().join("good.jsonl"), &good);
        let bad = write(&folder.path().join("bad.jsonl"), &bad);
        Self { folder, good, bad }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn evaluate(&self, script: &str, args: &[&str]) -> Output {
        let room = self.path("room");
        let mut all = vec![&*room, "--detections", script];
        all.extend(args);
        evaluate(&all)
    }
}

#[test]
fn a_baseline_is_met_by_itself_and_not_by_what_is_worse() {
    let noise = Noise::make();
    let (good, bad) = (noise.path("good.json"), noise.path("bad.json"));
    out(&noise.evaluate(&noise.good, &["--format", "json", "--out", &good]));
    out(&noise.evaluate(&noise.good, &["--baseline", &good]));
    let worse = noise.evaluate(&noise.bad, &["--baseline", &good]);
    assert_eq!(worse.status.code(), Some(4));
    let said = text(&worse.stderr);
    for expected in [
        "inview-replay: worse: out of view: recall: 0.000, was 1.000, 0.000 allowed",
        "inview-replay: worse: out of view: false alarms per hour: 300.000, was 0.000, 0.000 allowed",
    ] {
        assert!(said.contains(expected), "{said}");
    }
    out(&noise.evaluate(&noise.bad, &["--format", "json", "--out", &bad]));
    out(&noise.evaluate(&noise.good, &["--baseline", &bad]));
}

#[test]
fn bounds_of_a_baseline_allow_what_they_say_and_stay_in_it() {
    let noise = Noise::make();
    let json = out(&noise.evaluate(&noise.good, &["--format", "json"]));
    let mut baseline: serde_json::Value = serde_json::from_str(&json).unwrap();
    baseline["bounds"] = serde_json::json!({
        "recall": 1.0, "false_alarms_per_hour": 300.0, "wrong_share": 0.9, "calibration_error": 1.0
    });
    let path = write(&noise.folder.path().join("baseline.json"), &baseline.to_string());
    let again = out(&noise.evaluate(&noise.bad, &["--baseline", &path, "--format", "json"]));
    let again: Evaluation = serde_json::from_str(&again).unwrap();
    assert_eq!(again.bounds.unwrap().recall, 1.0);
}

#[test]
fn what_is_wrong_with_a_truth_file_is_said_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let labels = folder.path().join("leave_ladder.labels.json");
    let of = |text: &str| {
        write(&labels, text);
        let output = scripted(SCRIPT, &["--labels", folder.path().to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        text_of_first_line(&output)
    };
    let name = labels.display();
    assert_eq!(
        of("{\"format\": \"presence-labels/1\", \"intervals\": 3}"),
        format!(
            "inview-replay: leave_ladder.mp4: {name}: line 1, column 46: invalid type: integer `3`, \
             expected a sequence"
        )
    );
    assert_eq!(
        of(
            r#"{"format": "presence-labels/1", "intervals": [{"start": 0, "end": 89.467, "state": "gone"}]}"#
        ),
        format!(
            "inview-replay: leave_ladder.mp4: {name}: intervals[0].state: expected one of in_view, \
             face_hidden, out_of_view, no_picture, found \"gone\""
        )
    );
    fs::remove_file(&labels).unwrap();
    let output = scripted(SCRIPT, &["--labels", folder.path().to_str().unwrap()]);
    let absent = text_of_first_line(&output);
    assert!(absent.contains("no truth file beside it: leave_ladder.labels.json"), "{absent}");
}

#[test]
fn labels_of_another_recording_are_doubted_aloud() {
    let noise = Noise::make();
    fs::remove_file(noise.path("room.labels.csv")).unwrap();
    let labels = r#"{"format": "presence-labels/1", "sha256": "00",
        "intervals": [{"start": 0, "end": 40, "state": "in_view", "people": 1}]}"#;
    write(&noise.folder.path().join("room.labels.json"), labels);
    let output = noise.evaluate(&noise.good, &[]);
    let said = text(&output.stderr);
    assert!(said.contains("room: its truth file was made for another file"), "{said}");
    assert!(said.contains("ends at 0:40.0, the recording at 0:12.0"), "{said}");
}

fn text_of_first_line(output: &Output) -> String {
    text(&output.stderr).lines().next().unwrap().to_owned()
}

#[test]
fn intervals_in_csv_give_the_same_figures_as_the_truth_file() {
    let folder = tempfile::tempdir().unwrap();
    let absences = "start,end,state\n16.067,17.867,out_of_view\n24.067,28.867,out_of_view\n\
                    36.067,45.867,out_of_view\n54.067,83.867,out_of_view\n";
    write(&folder.path().join("leave_ladder.csv"), absences);
    let args = ["--labels", folder.path().to_str().unwrap(), "--format", "json"];
    let of_csv: Evaluation = serde_json::from_str(&out(&scripted(SCRIPT, &args))).unwrap();
    let of_truth = out(&scripted(SCRIPT, &["--format", "json"]));
    let of_truth: Evaluation = serde_json::from_str(&of_truth).unwrap();
    let away = |evaluation: &Evaluation| evaluation.total.kinds[&Kind::OutOfView].edges;
    assert_eq!(away(&of_csv), away(&of_truth));
    assert_eq!(of_csv.total.all.found, of_truth.total.all.found);
}

#[test]
fn groups_are_told_apart_and_too_large_a_gap_fails() {
    let folder = tempfile::tempdir().unwrap();
    let script = noise(folder.path(), "a", 4..8) + &noise(folder.path(), "b", 0..3);
    let script = write(&folder.path().join("both.jsonl"), &script);
    let tags = write(&folder.path().join("tags.txt"), "a,monk:3\nb,monk:9,light:dim\n");
    let run = |max_gap: &str| {
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        let (a, b) = (a.to_str().unwrap(), b.to_str().unwrap());
        evaluate(&[a, b, "--detections", &script, "--tags", &tags, "--max-gap", max_gap])
    };
    let shown = out(&run("1"));
    assert!(shown.contains("in view, told otherwise: largest gap"), "{shown}");
    assert!(shown.contains("9 against 3 (too few recordings to say how sure that is)"), "{shown}");
    let failed = run("0.1");
    assert_eq!(failed.status.code(), Some(4));
    let said = text(&failed.stderr);
    assert!(said.contains("between monk:9 and monk:3, 0.100 allowed"), "{said}");
}

#[test]
fn the_figures_of_the_shipped_recording_are_no_worse_than_the_committed_ones() {
    let args = ["assets/demo", "--baseline", "assets/demo/baseline.json", "--format", "json"];
    let now: Evaluation = serde_json::from_str(&out(&evaluate(&args))).unwrap();
    assert!(now.speed.unwrap().times_real_time > 0.0);
    assert_eq!(now.total.recordings, 1);
}

#[test]
fn the_page_loads_nothing_and_holds_pictures_only_where_they_are_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let script = write(&folder.path().join("script.jsonl"), &noise(folder.path(), "room", 0..3));
    let (room, page) = (folder.path().join("room"), folder.path().join("page.html"));
    let (room, page) = (room.to_str().unwrap(), page.to_str().unwrap());
    let make = |more: &[&str]| {
        let args = [&[room, "--detections", &script, "--report", page], more].concat();
        out(&evaluate(&args));
        fs::read_to_string(page).unwrap()
    };
    let with = make(&[]);
    for outside in ["<script", "url(http", "src=\"http", "href=\"http", "@import"] {
        assert!(!with.contains(outside), "{outside}");
    }
    for expected in ["missed: out of view", "false alarm: out of view", "<polyline class=\"face\""]
    {
        assert!(with.contains(expected), "{expected}");
    }
    assert!(with.matches("data:image/jpeg").count() >= 4);
    assert!(!make(&["--no-pictures"]).contains("data:image/jpeg"));
}

#[test]
fn kinds_have_the_colours_that_they_have_on_the_server_s_pages() {
    let style = |path: &str| fs::read_to_string(support::root().join(path)).unwrap();
    let page = style("src/replay/evaluate/templates/page.css");
    for line in style("src/server/templates/style.css").lines().filter(|it| it.contains(".k-")) {
        assert!(page.contains(line), "{line}");
    }
}

/// The figures of recordings that do not ship, as the README shows them.
fn development_clips() -> Evaluation {
    let path = support::root().join("tests/baselines/dev-clips.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_readme_shows_the_figures_of_the_baseline() {
    let path = support::root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once("<!-- evaluation -->\n").unwrap();
    let (shown, after) = rest.split_once("<!-- end of evaluation -->").unwrap();
    let table = development_clips().markdown();
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        let marks = ["<!-- evaluation -->\n", "<!-- end of evaluation -->"];
        write(&path, &[before, marks[0], &table, marks[1], after].concat());
        return;
    }
    assert!(shown == table, "UPDATE_GOLDENS=1 renews it:\n{table}");
}

/// Confidence as it was before the root, of each report of each recording, and whether it was true.
fn raw_reports(evaluation: &Evaluation) -> Vec<Vec<(f64, bool)>> {
    let of = |it: &inview::replay::evaluate::Evaluated| {
        let scored = it.score.reports.iter().filter(|it| it.verdict != Verdict::NotScored);
        scored.map(|it| (it.confidence.powi(2), it.verdict == Verdict::True)).collect()
    };
    evaluation.recordings.iter().map(of).collect()
}

/// The power that makes the confidence of these reports most likely, if one more were false.
fn fitted(reports: &[(f64, bool)]) -> f64 {
    let typical = reports.iter().map(|(raw, _)| raw.max(1e-3).ln()).sum::<f64>();
    let typical = (typical / reports.len() as f64).exp();
    let all = reports.iter().copied().chain([(typical, false)]);
    let likelihood = |power: f64| -> f64 {
        let of = |(raw, holds): (f64, bool)| {
            let confidence = raw.powf(power).clamp(1e-6, 1.0 - 1e-6);
            if holds { confidence.ln() } else { (1.0 - confidence).ln() }
        };
        all.clone().map(of).sum()
    };
    let powers = (1..=300).map(|hundredths| f64::from(hundredths) / 100.0);
    powers.max_by(|a, b| likelihood(*a).total_cmp(&likelihood(*b))).unwrap()
}

/// The expected calibration error, in tenths.
fn calibration_error(reports: &[(f64, bool)]) -> f64 {
    let mut tenths = [(0.0, 0.0); 10];
    for (confidence, holds) in reports {
        let (sum, right) = &mut tenths[((confidence * 10.0) as usize).min(9)];
        *sum += confidence;
        *right += f64::from(u8::from(*holds));
    }
    tenths.iter().map(|(sum, right)| (sum - right).abs()).sum::<f64>() / reports.len() as f64
}

#[test]
fn confidence_is_right_about_recordings_that_it_was_not_fitted_to() {
    let clips = raw_reports(&development_clips());
    let but = |out: Option<usize>| -> Vec<(f64, bool)> {
        let kept = clips.iter().enumerate().filter(|(clip, _)| Some(*clip) != out);
        kept.flat_map(|(_, reports)| reports.iter().copied()).collect()
    };
    let with = |powers: &[f64]| {
        let reports = clips.iter().zip(powers).flat_map(|(reports, power)| {
            reports.iter().map(|(raw, holds)| (raw.powf(*power), *holds))
        });
        calibration_error(&reports.collect::<Vec<_>>())
    };
    let left_out: Vec<f64> = (0..clips.len()).map(|clip| fitted(&but(Some(clip)))).collect();
    let (as_scored, fitted_error) = (with(&vec![1.0; clips.len()]), with(&left_out));
    let rooted = with(&vec![0.5; clips.len()]);
    println!("all: {:.2}, one left out: {left_out:.2?}", fitted(&but(None)));
    println!("error: scores {as_scored:.3}, fitted {fitted_error:.3}, root {rooted:.3}");
    assert!(fitted_error <= 0.05 && rooted <= 0.05);
    // The root is between the scores and what fits: it claims less than it might.
    assert!((0.2..=0.5).contains(&fitted(&but(None))));
}
