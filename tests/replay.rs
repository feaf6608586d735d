//! `inview-replay` as QA runs it: the program itself, its output and its exit status.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use inview::presence::Policy;
use inview::replay::{Document, Status};
use serde_json::Value;
use support::{assert_golden, root, shipped_recording, text};

const REPLAY: &str = env!("CARGO_BIN_EXE_inview-replay");
/// What the models found in the shipped recording, so that these tests need no model.
const SCRIPT: &str = "tests/golden/replay/leave_ladder.detections.jsonl";

fn replay(args: &[&str]) -> Output {
    support::run(REPLAY, args)
}

/// Replays the shipped recording with scripted detections.
fn scripted(args: &[&str]) -> Output {
    let recording = shipped_recording();
    let mut all = vec!["--detections", SCRIPT];
    all.extend(args);
    all.push(recording.to_str().unwrap());
    replay(&all)
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn errors(output: &Output) -> Vec<String> {
    text(&output.stderr).lines().map(str::to_owned).collect()
}

fn write(path: &Path, bytes: &[u8]) -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "a file of a test need not be atomic")]
    fs::write(path, bytes).unwrap();
    path.to_owned()
}

fn schema() -> jsonschema::Validator {
    let text = fs::read_to_string(root().join("docs/replay.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn assert_fits_the_schema(json: &Value) {
    let schema = schema();
    let faults: Vec<String> =
        schema.iter_errors(json).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn scripted_detections_give_the_golden_files_in_every_format() {
    assert_golden("replay/leave_ladder.txt", &out(&scripted(&[])));
    assert_golden("replay/leave_ladder.csv", &out(&scripted(&["--format", "csv"])));
    let json = out(&scripted(&["--format", "json"]));
    assert_golden("replay/leave_ladder.json", &json);
    let line = out(&scripted(&["--format", "jsonl"]));
    assert_eq!(line.matches('\n').count(), 1);
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(parse(&line), parse(&json));
    assert_fits_the_schema(&parse(&json));
}

#[test]
fn two_runs_with_the_models_print_the_same_bytes() {
    let recording = shipped_recording();
    let run = || out(&replay(&["--format", "json", recording.to_str().unwrap()]));
    assert_eq!(run(), run());
}

#[test]
fn the_trace_of_a_run_is_a_script_that_gives_the_same_intervals() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace.jsonl");
    let trace = trace.to_str().unwrap();
    let first: Document =
        serde_json::from_str(&out(&scripted(&["--format", "json", "--trace", trace]))).unwrap();
    let recording = shipped_recording();
    let args = ["--format", "json", "--detections", trace, recording.to_str().unwrap()];
    let again: Document = serde_json::from_str(&out(&replay(&args))).unwrap();
    let essence = |document: &Document| {
        let interval =
            |i: &inview::replay::RecordedInterval| (i.kind, i.start_s, i.end_s, i.closed_by);
        document.intervals.iter().map(interval).collect::<Vec<_>>()
    };
    assert_eq!(essence(&first), essence(&again));
    let lines = fs::read_to_string(trace).unwrap();
    assert_eq!(lines.lines().count() as u64, first.sampled);
    let line: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    for field in ["recording", "seq", "pts_s", "faces", "picture", "state", "why"] {
        assert!(line.get(field).is_some(), "{field} is missing: {line}");
    }
}

#[test]
fn a_list_is_replayed_to_its_end_whatever_is_wrong_with_some_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(shipped_recording()).unwrap();
    let at = |name: &str, bytes: &[u8]| write(&folder.path().join(name), bytes);
    let paths = [
        at("empty.mp4", b""),
        at("text.mp4", b"This is a letter, and no video.\n"),
        at(
            "noise.mp4",
            &(0..4_096_u32)
                .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
                .collect::<Vec<_>>(),
        ),
        folder.path().join("missing.mp4"),
        folder.path().join("nothing"),
        at("good.mp4", &whole),
    ];
    fs::create_dir(&paths[4]).unwrap();
    let mut args = vec!["--format", "json", "--jobs", "2", "--detections", SCRIPT];
    args.extend(paths.iter().map(|path| path.to_str().unwrap()));
    let output = replay(&args);
    assert_eq!(output.status.code(), Some(1));
    let list: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let statuses: Vec<&str> = list.iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["failed", "failed", "failed", "failed", "failed", "complete"]);
    assert_fits_the_schema(&Value::Array(list));
    let errors = errors(&output);
    assert_eq!(errors.len(), 5, "{errors:#?}");
    for (line, expected) in errors.iter().zip([
        "inview-replay: empty.mp4: the file is empty",
        "inview-replay: text.mp4: not a video: it is a text",
        "inview-replay: noise.mp4: not a video: no known format begins like this",
        "inview-replay: missing.mp4: no such file or folder",
        "inview-replay: nothing: there are no recordings in this folder",
    ]) {
        assert_eq!(line, expected);
    }
}

/// An MP4 whose index comes first, as streaming wants it, cut off in the middle of its frames.
fn with_index_first(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut boxes = Vec::new();
    let mut rest = bytes;
    while rest.len() >= 8 {
        let size = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        let (one, others) = rest.split_at_checked(size).filter(|_| size >= 8)?;
        boxes.push(one);
        rest = others;
    }
    let kind = |kind: &[u8]| boxes.iter().position(|one| &one[4..8] == kind);
    (kind(b"moov")? < kind(b"mdat")?).then(|| bytes.to_vec())
}

#[test]
fn what_can_be_read_of_a_recording_that_breaks_off_is_reported_as_truncated() {
    let whole = fs::read(shipped_recording()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let half = &whole[..whole.len() / 2];
    let path = write(&folder.path().join("half.mp4"), half);
    let output = replay(&["--format", "json", "--detections", SCRIPT, path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    if with_index_first(&whole).is_none() {
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["status"], "failed");
        assert!(errors(&output)[0].contains("its index (moov) is missing"));
        return;
    }
    let document: Document = serde_json::from_slice(&output.stdout).unwrap();
    assert!(matches!(document.status, Status::Truncated(_)), "{:?}", document.status);
    assert!((20.0..80.0).contains(&document.duration_s), "{}", document.duration_s);
    assert!(document.sampled > 100 && !document.intervals.is_empty());
}

#[test]
fn no_cut_and_no_flipped_bytes_make_it_panic_or_hang() {
    let whole = fs::read(shipped_recording()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for round in 0..12_usize {
        let cut = whole.len() * round / 12;
        paths.push(write(&folder.path().join(format!("cut{round:02}.mp4")), &whole[..cut]));
        let mut flipped = whole.clone();
        for step in 0..40 {
            let place = (round * 7_919 + step * 104_729 + step * step * 17) % flipped.len();
            flipped[place] ^= 1 << (step % 8);
        }
        paths.push(write(&folder.path().join(format!("flip{round:02}.mp4")), &flipped));
    }
    let mut args = vec!["--format", "jsonl", "--jobs", "2", "--rate", "1", "--detections", SCRIPT];
    args.extend(paths.iter().map(|path| path.to_str().unwrap()));
    let output = replay(&args);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", text(&output.stderr));
    assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), paths.len());
}

#[test]
fn a_file_that_grows_is_read_as_far_as_it_went_when_it_was_opened() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder.path().join("grows.mp4"), &fs::read(shipped_recording()).unwrap());
    let mut source = inview::capture::file::open(&path).unwrap();
    let mut frames = 0;
    while source.next_frame(inview::time::MediaTime::ZERO).unwrap().is_some() {
        frames += 1;
        if frames == 10 {
            let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
            file.write_all(&vec![7; 100_000]).unwrap();
        }
    }
    assert_eq!(frames, source.tally().frames);
    assert_eq!(source.tally().truncated, None);
}

#[test]
fn a_folder_of_pictures_is_a_recording_whose_names_may_give_the_times() {
    let folder = tempfile::tempdir().unwrap();
    let picture = fs::read(root().join("assets/stills/astronaut.jpg")).unwrap();
    for second in 0..4 {
        write(
            &folder.path().join(format!("2026-05-01T10-00-{:02}.jpg", 10 + 2 * second)),
            &picture,
        );
    }
    let trace = folder.path().join("trace.jsonl");
    let args =
        ["--format", "json", "--trace", trace.to_str().unwrap(), folder.path().to_str().unwrap()];
    let document: Document = serde_json::from_str(&out(&replay(&args))).unwrap();
    assert_eq!((document.frames, document.sampled), (4, 4));
    assert_eq!(document.camera.container, "image folder");
    let times: Vec<f64> = fs::read_to_string(&trace)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["pts_s"].as_f64().unwrap())
        .collect();
    assert_eq!(times, [0.0, 2.0, 4.0, 6.0]);
}

#[test]
fn a_policy_changes_what_is_recorded_and_is_said_in_the_document() {
    let folder = tempfile::tempdir().unwrap();
    let policy =
        write(&folder.path().join("strict.toml"), b"version = \"strict\"\nrecord_after_ms = 400\n");
    let json = out(&scripted(&["--format", "json", "--policy", policy.to_str().unwrap()]));
    let strict: Document = serde_json::from_str(&json).unwrap();
    let usual: Document = serde_json::from_str(&out(&scripted(&["--format", "json"]))).unwrap();
    assert_eq!(strict.policy.version, "strict");
    assert!(strict.intervals.len() > usual.intervals.len());
    assert_ne!(strict.session_id, usual.session_id);
}

#[test]
fn the_example_policy_is_the_default() {
    let example = inview::settings::read_policy(&root().join("docs/policy.example.toml")).unwrap();
    assert_eq!(example, Policy::default());
}

#[test]
fn a_wrong_command_line_or_a_wrong_file_in_it_is_one_line_and_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let recording = shipped_recording();
    let recording = recording.to_str().unwrap();
    let bad = write(&folder.path().join("bad.toml"), b"record_after = 3\n");
    let bad = bad.to_str().unwrap();
    for args in [
        vec!["--policy", bad, recording],
        vec!["--policy", "missing.toml", recording],
        vec!["--rate", "0", recording],
        vec!["--detections", "missing.jsonl", recording],
        vec!["--detections", bad, recording],
        vec!["--out", "no/such/folder/out.json", recording],
        vec!["--report-to", "http://proctor.example", "--token-file", bad, recording],
        vec!["--report-to", "https://proctor.example", "--token-file", "missing", recording],
    ] {
        let output = replay(&args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let errors = errors(&output);
        assert_eq!(errors.len(), 1, "{args:?}: {errors:#?}");
        assert!(errors[0].starts_with("inview-replay: "), "{errors:?}");
    }
    assert_eq!(replay(&[]).status.code(), Some(2));
}

#[test]
fn output_is_free_of_progress_when_it_is_piped() {
    let output = scripted(&[]);
    assert_eq!(text(&output.stderr), "");
    assert!(!text(&output.stdout).contains('\u{1b}'));
}
