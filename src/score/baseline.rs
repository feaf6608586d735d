//! Whether figures are worse than they were.

use serde::{Deserialize, Serialize};

use super::figures::{Figures, KindFigures};

/// By how much each figure may be worse.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    /// Recall of any kind may fall by this much (parts of 1).
    pub recall: f64,
    /// False alarms of any kind may rise by this many an hour.
    pub false_alarms_per_hour: f64,
    pub edge_median_s: f64,
    pub edge_p95_s: f64,
    /// The part of the scored seconds that is told wrongly may rise by this much.
    pub wrong_share: f64,
    pub calibration_error: f64,
    /// Seconds told as out of view in which nobody could look.
    pub dishonest_s: f64,
}

/// A figure that is worse than its bound allows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    /// Which figure, as a person reads it.
    pub figure: String,
    pub before: f64,
    pub now: f64,
    pub bound: f64,
}

impl Default for Bounds {
    /// Nothing may be missed or invented that was not before; the rest leaves room for rounding, which
    /// differs between processors.
    fn default() -> Self {
        Self {
            recall: 0.0,
            false_alarms_per_hour: 0.0,
            edge_median_s: 0.05,
            edge_p95_s: 0.1,
            wrong_share: 0.01,
            calibration_error: 0.05,
            dishonest_s: 0.2,
        }
    }
}

/// What is worse now; empty when nothing is. Both must be of the same recordings.
pub fn regressions(before: &Figures, now: &Figures, bounds: &Bounds) -> Vec<Regression> {
    let mut worse = Vec::new();
    let kind = |kind, figures: &Figures| figures.kinds.get(kind).cloned().unwrap_or_default();
    let mut kinds: Vec<_> = before.kinds.keys().chain(now.kinds.keys()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for name in kinds {
        let (before, now) = (kind(name, before), kind(name, now));
        compare_kind(name.description(), &before, &now, bounds, &mut worse);
    }
    let share = |figures: &Figures| {
        let scored = figures.confusion.judged().as_secs_f64();
        (scored > 0.0).then(|| figures.wrong.as_secs_f64() / scored)
    };
    let edges = |figures: &Figures| figures.all.edges;
    let error = |figures: &Figures| figures.calibration.expected_error;
    let dishonest = |figures: &Figures| Some(figures.dishonest.as_secs_f64());
    for (figure, before, now, bound) in [
        ("edges, median (s)", edges(before).median_s, edges(now).median_s, bounds.edge_median_s),
        ("edges, 95th percentile (s)", edges(before).p95_s, edges(now).p95_s, bounds.edge_p95_s),
        ("share of seconds told wrongly", share(before), share(now), bounds.wrong_share),
        ("calibration error", error(before), error(now), bounds.calibration_error),
        (
            "seconds out of view that nobody could look at",
            dishonest(before),
            dishonest(now),
            bounds.dishonest_s,
        ),
    ] {
        if let (Some(before), Some(now)) = (before, now) {
            more(figure.to_owned(), before, now, bound, &mut worse);
        }
    }
    worse
}

fn compare_kind(
    name: &str,
    before: &KindFigures,
    now: &KindFigures,
    bounds: &Bounds,
    worse: &mut Vec<Regression>,
) {
    if let (Some(was), Some(is)) = (before.recall, now.recall)
        && is < was - bounds.recall - SLACK
    {
        let figure = format!("{name}: recall");
        worse.push(Regression { figure, before: was, now: is, bound: bounds.recall });
    }
    let figure = format!("{name}: false alarms per hour");
    let (was, is) = (before.false_alarms_per_hour, now.false_alarms_per_hour);
    more(figure, was, is, bounds.false_alarms_per_hour, worse);
}

/// Figures are rounded to thousandths.
const SLACK: f64 = 1e-6;

fn more(figure: String, before: f64, now: f64, bound: f64, worse: &mut Vec<Regression>) {
    if now > before + bound + SLACK {
        worse.push(Regression { figure, before, now, bound });
    }
}
