//! `inview-replay tune`: thousands of policies on the looks of one run, and the one to take.
//!
//! The detector runs once over each recording ([`crate::replay::looks`]). What a policy makes of the kept
//! looks is what a run of its own would find, so the figures of the chosen policy are those that
//! `evaluate` prints for it.

mod grid;
mod output;

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use grid::{Candidate, Grid, parse};
pub(super) use grid::{exact, set};

use crate::capture::{CaptureError, file};
use crate::detector::{Detector, Scripted, onnx};
use crate::presence::Policy;
use crate::replay::args::{TuneArgs, TuningFormat};
use crate::replay::batch::{Eyes, Watcher as _};
use crate::replay::evaluate::{Labelled, Labels};
use crate::replay::looks::{Looks, record, way_of_looking};
use crate::replay::progress::Progress;
use crate::replay::recordings::Recording;
use crate::replay::{ReplayError, command, parallel};
use crate::report::Interval;
use crate::score::{Figures, Report, Score, Span, Truth, judge};
use crate::time::MediaTime;

/// The format of the JSON.
pub const FORMAT: &str = "inview-tuning/1";

/// Policies that were tried, and the one to take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    pub format: String,
    pub recordings: usize,
    pub tried: usize,
    /// Ways of looking among them: each had a pipeline of its own.
    pub ways: usize,
    /// Combinations of the grid that are no policy.
    pub impossible: usize,
    /// The policy that the grid started from.
    pub base: Tried,
    pub chosen: Tried,
    /// Fewer seconds are missed only with more false alarms.
    pub curve: Vec<Tried>,
    /// All of them, in the order of the grid.
    pub all: Vec<Tried>,
}

/// A policy, and what it is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// What of it the grid has set.
    pub settings: Vec<(String, Value)>,
    pub false_alarms: usize,
    pub false_alarms_per_hour: f64,
    pub missed_s: f64,
    pub recall: Option<f64>,
    pub edge_median_s: Option<f64>,
    pub edge_p95_s: Option<f64>,
    /// Of the base and of the chosen one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<Figures>,
}

/// A recording as it was looked at in each way, and its truth.
struct Clip {
    looks: Vec<Looks>,
    truth: Truth,
}

impl Tried {
    fn new(settings: Vec<(String, Value)>, figures: &Figures) -> Self {
        let all = &figures.all;
        Self {
            settings,
            false_alarms: all.false_alarms,
            false_alarms_per_hour: all.false_alarms_per_hour,
            missed_s: all.missed.as_millis() as f64 / 1e3,
            recall: all.recall,
            edge_median_s: all.edges.median_s,
            edge_p95_s: all.edges.p95_s,
            figures: None,
        }
    }

    /// The fewer the better: missed seconds, then how late or early edges are.
    fn cost(&self) -> (f64, f64, f64) {
        let edge = |value: Option<f64>| value.unwrap_or(0.0);
        (self.missed_s, edge(self.edge_p95_s), edge(self.edge_median_s))
    }

    fn is_better_than(&self, other: &Self) -> bool {
        self.cost().partial_cmp(&other.cost()) == Some(std::cmp::Ordering::Less)
    }
}

/// Tries all policies of the grid, and writes the one to take.
pub(super) fn run(args: &TuneArgs, stopped: &Arc<AtomicBool>) -> anyhow::Result<bool> {
    let base = command::policy(args.policy.as_deref(), args.rate)?;
    let eyes = command::eyes(args.detections.as_deref())?;
    let name = args.grid.display();
    let text = std::fs::read_to_string(&args.grid).with_context(|| name.to_string())?;
    let grid = parse(&text, &base).map_err(|reason| anyhow!("{name}: {reason}"))?;
    let (ways, way_of) = ways(&base, &grid.candidates);
    let labelled = Labelled::find(&args.paths, args.labels.as_deref());
    let all_labelled = labelled.failed.is_empty();
    let clips = look(&labelled, &eyes, &ways, args.jobs, stopped)?;
    if stopped.load(Ordering::Relaxed) {
        bail!("stopped");
    }
    let figures = |policy: &Policy, way: usize| {
        Figures::of(&clips.iter().map(|clip| clip.score(policy, way)).collect::<Vec<Score>>())
    };
    let tried = parallel::map(&grid.candidates, args.jobs, |number, candidate| {
        let figures = figures(&candidate.policy, way_of[number]);
        Tried::new(candidate.settings.clone(), &figures)
    })?;
    let whole = |tried: Tried, policy: &Policy, way: usize| Tried {
        figures: Some(figures(policy, way)),
        ..tried
    };
    let chosen = choose(&tried, args.max_false_alarms);
    let chosen_policy = &grid.candidates[chosen].policy;
    let base_figures = figures(&base, 0);
    let tuning = Tuning {
        format: FORMAT.to_owned(),
        recordings: clips.len(),
        tried: tried.len(),
        ways: ways.len(),
        impossible: grid.impossible,
        base: whole(Tried::new(Vec::new(), &base_figures), &base, 0),
        chosen: whole(tried[chosen].clone(), chosen_policy, way_of[chosen]),
        curve: curve(&tried),
        all: tried,
    };
    if let Some(path) = &args.out {
        write_policy(path, chosen_policy, &base)?;
    }
    let text = match args.format {
        TuningFormat::Text => output::text(&tuning, args),
        TuningFormat::Json => serde_json::to_string_pretty(&tuning)? + "\n",
        TuningFormat::Csv => output::csv(&tuning)?,
    };
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write the results")
        }
        Ok(()) | Err(_) => Ok(all_labelled),
    }
}

/// The ways of looking, that of the base first, and for each candidate which is its own.
fn ways(base: &Policy, candidates: &[Candidate]) -> (Vec<Policy>, Vec<usize>) {
    let mut ways = vec![way_of_looking(base)];
    let way_of = candidates.iter().map(|candidate| {
        let way = way_of_looking(&candidate.policy);
        ways.iter().position(|known| *known == way).unwrap_or_else(|| {
            ways.push(way);
            ways.len() - 1
        })
    });
    let way_of = way_of.collect();
    (ways, way_of)
}

fn look(
    labelled: &Labelled,
    eyes: &Eyes,
    ways: &[Policy],
    jobs: usize,
    stopped: &Arc<AtomicBool>,
) -> anyhow::Result<Vec<Clip>> {
    let progress = Progress::new(Arc::clone(stopped));
    let named: Vec<(&Recording, &Labels)> =
        labelled.recordings.iter().zip(&labelled.labels).collect();
    let clips = parallel::map(&named, jobs, |number, (recording, labels)| {
        if progress.stopped() {
            return Ok(None);
        }
        let looked = look_at(recording, eyes, ways, |pts, duration| match pts {
            None => progress.begun(number, &recording.name, duration),
            Some(pts) => progress.reached(number, pts),
        });
        progress.ended(number);
        let of = |reason: String| anyhow!("{}: {reason}", recording.name);
        let (looks, frames) = looked.map_err(|error| of(error.to_string()))?;
        let end = looks.first().map_or(MediaTime::ZERO, |looks| looks.end);
        let end = MediaTime::from_millis(end.as_millis());
        let frame_rate = frames as f64 / end.as_secs_f64().max(1e-3);
        let truth = labels.truth(end, frame_rate).map_err(|error| of(error.to_string()))?;
        Ok(Some(Clip { looks, truth }))
    })?;
    let clips: Vec<Option<Clip>> = clips.into_iter().collect::<anyhow::Result<_>>()?;
    let clips: Vec<Clip> = clips.into_iter().flatten().collect();
    if clips.is_empty() {
        bail!("there is no recording with a truth file");
    }
    Ok(clips)
}

/// The looks at one recording, and how many frames it has. `reached` is told its length first.
pub(super) fn look_at(
    recording: &Recording,
    eyes: &Eyes,
    ways: &[Policy],
    mut reached: impl FnMut(Option<MediaTime>, Option<MediaTime>),
) -> Result<(Vec<Looks>, u64), ReplayError> {
    let mut source = file::open_with(&recording.path, &file::Options::from_env())?;
    reached(None, source.info().duration);
    let detector: Box<dyn Detector> = match eyes {
        Eyes::Models(models) => Box::new(onnx::Onnx::with(Arc::clone(models))),
        Eyes::Script(script) => {
            let scripted = Scripted::parse(script);
            let scripted = scripted.map_err(|error| CaptureError::Damaged(error.to_string()))?;
            Box::new(scripted.only(&recording.name))
        }
    };
    let (looks, tally) = record(&mut *source, detector, ways, |pts| reached(Some(pts), None))?;
    Ok((looks, tally.frames))
}

impl Clip {
    fn score(&self, policy: &Policy, way: usize) -> Score {
        let intervals = self.looks[way].intervals(policy);
        let reports: Vec<Report> = intervals.iter().map(report).collect();
        judge(&self.truth, &reports, policy.record_after())
    }
}

pub(super) fn report(interval: &Interval) -> Report {
    let end = interval.end_ms.unwrap_or(interval.start_ms);
    let span = Span::new(interval.start_ms, end);
    Report { kind: interval.kind, span, confidence: interval.confidence }
}

/// The one that misses the fewest seconds without more false alarms an hour than these; if none has as
/// few, of those with the fewest.
fn choose(tried: &[Tried], most: f64) -> usize {
    let rates = tried.iter().map(|it| it.false_alarms_per_hour);
    let fewest = rates.fold(f64::INFINITY, f64::min).max(most);
    let mut best = None;
    for (number, it) in tried.iter().enumerate() {
        if it.false_alarms_per_hour > fewest {
            continue;
        }
        let better = |than: usize| it.is_better_than(&tried[than]);
        if best.is_none_or(better) {
            best = Some(number);
        }
    }
    best.unwrap_or_default()
}

/// From the fewest false alarms on, each that misses fewer seconds than all before it.
fn curve(tried: &[Tried]) -> Vec<Tried> {
    let mut order: Vec<&Tried> = tried.iter().collect();
    order.sort_by(|a, b| {
        let costs = a.cost().partial_cmp(&b.cost()).unwrap_or(std::cmp::Ordering::Equal);
        a.false_alarms_per_hour.total_cmp(&b.false_alarms_per_hour).then(costs)
    });
    let mut curve: Vec<Tried> = Vec::new();
    for it in order {
        if curve.last().is_none_or(|last| it.missed_s < last.missed_s) {
            curve.push(it.clone());
        }
    }
    curve
}

/// A policy file, whole, under a name of its own.
fn write_policy(path: &Path, policy: &Policy, base: &Policy) -> anyhow::Result<()> {
    let mut policy = policy.clone();
    if policy.version == base.version {
        policy.version = format!("{}-tuned", base.version);
    }
    let exact = exact(&policy).map_err(|reason| anyhow!(reason))?;
    let text = toml::to_string_pretty(&exact).context("cannot write the policy")?;
    command::create(path)?.write_all(text.as_bytes()).context("cannot write the policy")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(false_alarms_per_hour: f64, missed_s: f64, edge: f64) -> Tried {
        Tried {
            settings: Vec::new(),
            false_alarms: 0,
            false_alarms_per_hour,
            missed_s,
            recall: None,
            edge_median_s: Some(edge),
            edge_p95_s: Some(edge),
            figures: None,
        }
    }

    #[test]
    fn the_curve_gives_up_false_alarms_only_for_fewer_missed_seconds() {
        let all = [
            tried(0.0, 9.0, 0.2),
            tried(5.0, 9.0, 0.1),
            tried(5.0, 3.0, 0.4),
            tried(5.0, 3.0, 0.2),
            tried(8.0, 1.0, 0.2),
        ];
        let curve: Vec<_> =
            curve(&all).iter().map(|it| (it.missed_s, it.edge_p95_s.unwrap())).collect();
        assert_eq!(curve, [(9.0, 0.2), (3.0, 0.2), (1.0, 0.2)]);
    }

    #[test]
    fn the_one_to_take_has_no_more_false_alarms_than_asked_for() {
        let all = [tried(2.0, 9.0, 0.2), tried(5.0, 3.0, 0.4), tried(5.0, 3.0, 0.2)];
        assert_eq!(choose(&all, 0.0), 0);
        assert_eq!(choose(&all, 4.9), 0);
        assert_eq!(choose(&all, 5.0), 2);
    }
}
