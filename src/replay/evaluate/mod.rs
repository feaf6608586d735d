//! `inview-replay evaluate`: recordings held against their truth files.
//!
//! ```text
//! recording ──Batch──> Document ──┐
//!                                 ├──> score ──> Evaluation ──> text, JSON, CSV, HTML
//! truth file ──Labels──> Truth ───┘                   └──> held against a baseline
//! ```

mod document;
mod labels;
mod output;
mod page;
mod pictures;
mod timed;
mod timeline;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};

pub use document::{Condition, Evaluated, Evaluation, FORMAT, Speed, reports};
pub use labels::{Labels, LabelsError, parse_tags};
use timed::Timed;

use crate::capture::file;
use crate::replay::args::{EvaluateArgs, EvaluationFormat};
use crate::replay::batch::{Batch, Eyes, Finished, Watcher as _};
use crate::replay::command::{self, Stopwatch};
use crate::replay::output::Outcome;
use crate::replay::progress::Progress;
use crate::replay::recordings::{self, Recording};
use crate::replay::{Document, Failure, Status, TraceLine};
use crate::score::Truth;
use crate::time::MediaTime;

/// How an evaluation ended, the most serious last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Good,
    /// A figure is worse than a bound allows.
    Worse,
    /// A recording could not be evaluated.
    Failed,
}

/// A recording with all that is known of it.
#[derive(Debug)]
pub struct Clip {
    pub path: PathBuf,
    pub evaluated: Evaluated,
    pub truth: Truth,
    pub document: Document,
    pub trace: Vec<TraceLine>,
}

/// Recordings with the labels that were read for them.
pub(super) struct Labelled {
    pub recordings: Vec<Recording>,
    pub labels: Vec<Labels>,
    pub failed: Vec<Failure>,
}

impl Labelled {
    /// Finds recordings and their truth files; those without, or with one that is wrong, fail.
    pub(super) fn find(paths: &[PathBuf], folder: Option<&Path>) -> Self {
        let mut found = Self { recordings: Vec::new(), labels: Vec::new(), failed: Vec::new() };
        for recording in recordings::find(paths) {
            let fault = recording.fault.as_ref().map(ToString::to_string);
            let labels = fault.map_or_else(|| usable(&recording, folder), Err);
            match labels {
                Ok(labels) => {
                    found.recordings.push(recording);
                    found.labels.push(labels);
                }
                Err(error) => found.failed.push(failure(&recording.name, error)),
            }
        }
        found
    }
}

fn usable(recording: &Recording, folder: Option<&Path>) -> Result<Labels, String> {
    let labels = Labels::of(recording, folder).map_err(|error| error.to_string())?;
    labels.fault().map_or(Ok(labels), |fault| Err(fault.to_string()))
}

fn failure(recording: &str, error: String) -> Failure {
    command::say(&format!("{recording}: {error}"));
    Failure { recording: recording.to_owned(), status: "failed".to_owned(), error }
}

/// What is true of the recording of a document.
pub(super) fn truth_of(document: &Document, labels: &Labels) -> Result<Truth, LabelsError> {
    let frame_rate = document.frames as f64 / document.duration_s.max(1e-3);
    labels.truth(MediaTime::from_secs_f64(document.duration_s), frame_rate)
}

/// Evaluates what was named, and writes what was asked for.
pub(super) fn run(
    args: &EvaluateArgs,
    stopwatch: Stopwatch,
    stopped: &Arc<AtomicBool>,
) -> anyhow::Result<End> {
    let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
    let tags = match &args.tags {
        Some(path) => parse_tags(&read(path)?),
        None => BTreeMap::new(),
    };
    let batch = Batch {
        policy: command::policy(args.policy.as_deref(), args.rate)?,
        eyes: command::eyes(args.detections.as_deref())?,
        video: file::Options::from_env(),
        reporting: None,
        traced: args.wants_page(),
    };
    let labelled = Labelled::find(&args.paths, args.labels.as_deref());
    let (clips, failed) = evaluate(&batch, labelled, args.jobs, &tags, stopwatch, stopped)?;
    if stopped.load(Ordering::Relaxed) {
        bail!("stopped");
    }
    let models = clips.first().map(|clip| clip.document.models.clone()).unwrap_or_default();
    let recordings = clips.iter().map(|clip| clip.evaluated.clone()).collect();
    let mut evaluation = Evaluation::new(batch.policy, models, recordings, failed, args.seed);
    if let Some(baseline) = &baseline {
        let left = evaluation.compare(baseline);
        if left > 0 {
            let all = baseline.recordings.len();
            command::say(&format!("{left} of {all} recordings of the baseline were not evaluated"));
        }
    }
    write_out(args, &evaluation, &clips)?;
    Ok(end_of(&evaluation, args.max_gap))
}

fn end_of(evaluation: &Evaluation, max_gap: Option<f64>) -> End {
    let mut end = End::Good;
    for worse in &evaluation.regressions {
        end = End::Worse;
        let (figure, before, now, bound) = (&worse.figure, worse.before, worse.now, worse.bound);
        command::say(&format!("worse: {figure}: {now:.3}, was {before:.3}, {bound:.3} allowed"));
    }
    if let (Some(most), Some((by, gap))) = (max_gap, evaluation.largest_gap())
        && gap.size > most
    {
        end = End::Worse;
        let (what, worst, best) = (gap.measure.description(), &gap.worst, &gap.best);
        command::say(&format!(
            "unfair: {what}: {:.3} between {by}:{worst} and {by}:{best}, {most:.3} allowed",
            gap.size
        ));
    }
    if evaluation.failed.is_empty() { end } else { End::Failed }
}

/// Replays all recordings and holds each against its labels.
fn evaluate(
    batch: &Batch,
    labelled: Labelled,
    jobs: usize,
    tags: &BTreeMap<String, Vec<String>>,
    stopwatch: Stopwatch,
    stopped: &Arc<AtomicBool>,
) -> anyhow::Result<(Vec<Clip>, Vec<Failure>)> {
    let Labelled { recordings, labels, mut failed } = labelled;
    let progress = Progress::new(Arc::clone(stopped));
    let watcher = Timed::new(&progress, stopwatch);
    let (mut clips, mut next) = (Vec::new(), 0);
    let replayed = batch.run(&recordings, jobs, &watcher, |finished| {
        let (recording, labels, took) = (&recordings[next], &labels[next], watcher.took(next));
        next += 1;
        progress.suspend(|| {
            let took = took.filter(|_| matches!(batch.eyes, Eyes::Models(_)));
            match clip(recording, labels, finished, tags, took) {
                Ok(clip) => clips.push(clip),
                Err(error) => failed.push(failure(&recording.name, error)),
            }
        });
        io::Result::Ok(())
    });
    replayed.context("cannot replay")?;
    if watcher.stopped() {
        command::say("stopped");
    }
    Ok((clips, failed))
}

fn clip(
    recording: &Recording,
    labels: &Labels,
    finished: Finished,
    tags: &BTreeMap<String, Vec<String>>,
    took: Option<Duration>,
) -> Result<Clip, String> {
    let document = match finished.outcome {
        Outcome::Done(document) => *document,
        Outcome::Failed(failure) => return Err(failure.error),
    };
    match &document.status {
        Status::Complete => {}
        Status::Truncated(reason) => return Err(format!("truncated: {reason}")),
        Status::Incomplete => return Err("stopped before its end".to_owned()),
    }
    let truth = truth_of(&document, labels).map_err(|error| error.to_string())?;
    for doubt in doubts(&document, &truth) {
        command::say(&format!("{}: {doubt}", document.recording));
    }
    let more = tags.get(&document.recording).cloned().unwrap_or_default();
    let speed = took.map(|took| Speed::of(document.duration_s, took));
    let evaluated = Evaluated::new(&document, &truth, &more, speed);
    Ok(Clip { path: recording.path.clone(), evaluated, truth, document, trace: finished.trace })
}

/// Labels may differ this much from the recording in length: times in files are rounded.
const SAME_LENGTH_S: f64 = 0.5;

/// Why labels may not be those of the recording, each as a sentence. They are used all the same.
fn doubts(document: &Document, truth: &Truth) -> Vec<String> {
    let mut doubts = Vec::new();
    let recording = document.sha256.to_string();
    if truth.sha256.as_ref().is_some_and(|of| !of.eq_ignore_ascii_case(&recording)) {
        doubts.push("its truth file was made for another file: their SHA-256 differ".to_owned());
    }
    let (end, length) = (truth.end(), document.duration_s);
    if (end.as_secs_f64() - length).abs() > SAME_LENGTH_S {
        let length = MediaTime::from_secs_f64(length);
        doubts.push(format!("its truth file ends at {end}, the recording at {length}"));
    }
    doubts
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn read_baseline(path: &Path) -> anyhow::Result<Evaluation> {
    let baseline: Evaluation = serde_json::from_str(&read(path)?)
        .with_context(|| format!("{} is no evaluation", path.display()))?;
    if baseline.format != FORMAT {
        bail!("{}: expected format {FORMAT}, found {}", path.display(), baseline.format);
    }
    Ok(baseline)
}

fn write_out(args: &EvaluateArgs, evaluation: &Evaluation, clips: &[Clip]) -> anyhow::Result<()> {
    let text = match args.format {
        EvaluationFormat::Text => output::text(evaluation),
        EvaluationFormat::Json => serde_json::to_string_pretty(evaluation)? + "\n",
        EvaluationFormat::Csv => output::csv(evaluation)?,
        EvaluationFormat::Markdown => evaluation.markdown(),
        EvaluationFormat::Html => page::page(evaluation, clips, !args.no_pictures)?,
    };
    if let Some(path) = &args.report {
        let page = page::page(evaluation, clips, !args.no_pictures)?;
        command::create(path)?.write_all(page.as_bytes()).context("cannot write the report")?;
    }
    let written = match &args.out {
        Some(path) => command::create(path)?.write_all(text.as_bytes()),
        None => io::stdout().write_all(text.as_bytes()),
    };
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write the results"),
    }
}
