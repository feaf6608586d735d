//! Real recordings through the real models, measured against their truth files.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]

mod support;

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use inview::capture::CaptureError;
use inview::capture::file;
use inview::detector::onnx::Models;
use inview::presence::Policy;
use inview::replay::batch::{Batch, Eyes, Watcher};
use inview::replay::evaluate::{Evaluated, Evaluation, Labels};
use inview::replay::output::Outcome;
use inview::replay::recordings::{self, Recording};
use inview::replay::{Document, RecordedInterval};
use inview::report::Kind;
use inview::score::{Figures, Judged, KindFigures, Score, Truth, Verdict, What};
use inview::time::MediaTime;

struct Nobody;

impl Watcher for Nobody {
    fn begun(&self, _: usize, _: &str, _: Option<MediaTime>) {}
    fn reached(&self, _: usize, _: MediaTime) {}
    fn ended(&self, _: usize) {}
    fn stopped(&self) -> bool {
        false
    }
}

fn replay(paths: &[&Path]) -> Vec<Document> {
    let batch = Batch {
        policy: Policy::default(),
        eyes: Eyes::Models(Models::load().unwrap()),
        video: file::Options::from_env(),
        reporting: None,
        traced: false,
    };
    let paths: Vec<_> = paths.iter().map(|path| path.to_path_buf()).collect();
    let mut documents = Vec::new();
    batch
        .run(&recordings::find(&paths), 2, &Nobody, |finished| {
            match finished.outcome {
                Outcome::Done(document) => documents.push(*document),
                Outcome::Failed(failure) => {
                    let without_ffmpeg = CaptureError::NeedsFfmpeg { format: String::new() };
                    let hint = without_ffmpeg.to_string();
                    assert!(
                        failure.error.ends_with(&hint),
                        "{}: {}",
                        failure.recording,
                        failure.error
                    );
                    println!("skipped: {}: {}", failure.recording, failure.error);
                }
            }
            io::Result::Ok(())
        })
        .unwrap();
    documents
}

/// Holds a document against the truth file beside its recording.
fn evaluate(recording: &Path, document: &Document) -> (Truth, Evaluated) {
    let name = document.recording.clone();
    let recording = Recording { path: recording.to_owned(), name, fault: None };
    let labels = Labels::of(&recording, None).unwrap();
    let frame_rate = document.frames as f64 / document.duration_s;
    let truth = labels.truth(MediaTime::from_secs_f64(document.duration_s), frame_rate).unwrap();
    let evaluated = Evaluated::new(document, &truth, &[], None);
    (truth, evaluated)
}

/// One person is in view, face and all, from the first moment to the last.
fn is_always_in_view(truth: &Truth) -> bool {
    truth.labels.iter().all(|label| label.what() == What::InView && !label.in_company())
}

fn missed(score: &Score) -> Vec<Judged> {
    score.truths.iter().filter(|truth| !truth.found).copied().collect()
}

fn false_alarms(score: &Score) -> Vec<Kind> {
    let alarms = score.reports.iter().filter(|it| it.verdict == Verdict::FalseAlarm);
    alarms.map(|it| it.kind).collect()
}

fn tell(document: &Document, score: &Score) {
    println!("{}: {:?}", document.recording, score.truths);
    println!("    missed {:?}, false alarms {:?}", missed(score), false_alarms(score));
}

fn of_kind(figures: &Figures, kind: Kind) -> KindFigures {
    figures.kinds.get(&kind).cloned().unwrap_or_default()
}

#[track_caller]
fn assert_edges_are_sharp(figures: &Figures) {
    let edges = of_kind(figures, Kind::OutOfView).edges;
    println!("edges of absences: {edges:?}");
    assert!(edges.median_s.unwrap() <= 0.2 && edges.p95_s.unwrap() <= 0.4, "{edges:?}");
}

#[test]
fn every_absence_in_the_shipped_recording_is_found_and_nothing_else() {
    let recording = support::shipped_recording();
    let documents = replay(&[&recording]);
    let (_, evaluated) = evaluate(&recording, &documents[0]);
    tell(&documents[0], &evaluated.score);
    let figures = evaluated.figures();
    assert_eq!((of_kind(&figures, Kind::OutOfView).found, figures.all.truths), (4, 4));
    assert_eq!(figures.all.false_alarms, 0);
    assert_edges_are_sharp(&figures);
}

#[test]
fn every_absence_in_the_shared_recordings_is_found_on_time_and_nobody_is_accused() {
    let Some(folder) = support::shared("clips") else { return };
    let mut recordings = Vec::new();
    for document in replay(&[&folder]) {
        let (truth, evaluated) = evaluate(&folder.join(&document.recording), &document);
        let score = &evaluated.score;
        tell(&document, score);
        for kind in [Kind::OutOfView, Kind::CameraCovered, Kind::FrozenPicture] {
            let missed = missed(score).into_iter().filter(|it| it.kind == kind).count();
            assert_eq!(missed, 0, "{}: {kind:?}", document.recording);
        }
        assert!(score.dishonest <= Duration::from_millis(200), "{}", document.recording);
        let is_photo = document.recording == "d11_photo_held_up.mp4";
        let marks = |found: &&RecordedInterval| found.kind == Kind::SuspectedStillImage;
        let marks = document.intervals.iter().filter(marks).count();
        assert_eq!(marks, usize::from(is_photo), "{}", document.recording);
        if document.recording == "d13_short_occlusions.mp4" {
            assert_eq!(missed(score), []);
        }
        if is_always_in_view(&truth) {
            assert_eq!(document.intervals, [], "{}", document.recording);
        }
        assert_eq!(false_alarms(score), [], "{}", document.recording);
        recordings.push(evaluated);
    }
    let mut all = Evaluation::new(Policy::default(), Vec::new(), recordings, Vec::new(), 1);
    assert_edges_are_sharp(&all.total);
    let baseline = fs::read(support::root().join("tests/baselines/dev-clips.json")).unwrap();
    all.compare(&serde_json::from_slice(&baseline).unwrap());
    assert_eq!(all.regressions, []);
}
