//! Real recordings through the real models, measured against their truth files.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]

mod support;

use std::io;
use std::path::Path;

use inview::capture::CaptureError;
use inview::capture::file;
use inview::detector::onnx::Models;
use inview::presence::Policy;
use inview::replay::batch::{Batch, Eyes, Watcher};
use inview::replay::output::Outcome;
use inview::replay::recordings;
use inview::replay::{Document, RecordedInterval};
use inview::report::Kind;
use inview::time::MediaTime;
use support::truth::{Score, Span, Truth, quantile};

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

fn tell(document: &Document, score: &Score) {
    println!("{}: found {:?}", document.recording, score.found);
    println!("    missed {:?}, false alarms {:?}", score.missed, score.false_alarms);
}

fn of_kind(spans: &[(Kind, Span)], kind: Kind) -> usize {
    spans.iter().filter(|(other, _)| *other == kind).count()
}

#[test]
fn every_absence_in_the_shipped_recording_is_found_and_nothing_else() {
    let recording = support::shipped_recording();
    let documents = replay(&[&recording]);
    let score = Truth::beside(&recording).score(&documents[0]);
    tell(&documents[0], &score);
    assert_eq!(of_kind(&score.found, Kind::OutOfView), 4);
    assert_eq!((score.missed, score.false_alarms), (vec![], vec![]));
    assert!(quantile(&score.edge_errors, 0.5) <= 0.2, "{:?}", score.edge_errors);
    assert!(quantile(&score.edge_errors, 0.95) <= 0.4, "{:?}", score.edge_errors);
}

/// Clips in which a hand or a sheet covers the whole face and most of the shoulders: neither model
/// sees a body there, so the absence of the face is taken for an absence of the person.
const WHOLLY_COVERED: [&str; 1] = ["d13_short_occlusions.mp4"];

#[test]
fn every_absence_in_the_shared_recordings_is_found_on_time_and_nobody_is_accused() {
    let Some(folder) = support::shared("clips") else { return };
    let mut edges = Vec::new();
    for document in replay(&[&folder]) {
        let truth = Truth::beside(&folder.join(&document.recording));
        let score = truth.score(&document);
        tell(&document, &score);
        assert_eq!(of_kind(&score.missed, Kind::OutOfView), 0, "{}", document.recording);
        assert_eq!(of_kind(&score.missed, Kind::CameraCovered), 0, "{}", document.recording);
        assert_eq!(of_kind(&score.missed, Kind::FrozenPicture), 0, "{}", document.recording);
        let is_photo = document.recording == "d11_photo_held_up.mp4";
        let marks = |found: &&RecordedInterval| found.kind == Kind::SuspectedStillImage;
        let marks = document.intervals.iter().filter(marks).count();
        assert_eq!(marks, usize::from(is_photo), "{}", document.recording);
        assert_eq!(of_kind(&score.found, Kind::SuspectedStillImage), marks);
        assert_eq!(truth.dishonest(&document), [], "{}", document.recording);
        if truth.always_in_view {
            assert_eq!(document.intervals, [], "{}", document.recording);
        }
        if !WHOLLY_COVERED.contains(&document.recording.as_str()) {
            assert_eq!(score.false_alarms, [], "{}", document.recording);
        }
        edges.extend(score.edge_errors);
    }
    let (median, p95) = (quantile(&edges, 0.5), quantile(&edges, 0.95));
    println!(
        "edge errors: median {median:.3} s, 95th percentile {p95:.3} s, {} edges",
        edges.len()
    );
    assert!(median <= 0.2 && p95 <= 0.4, "median {median}, 95th percentile {p95}");
}
