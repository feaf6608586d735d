//! Scores of any set of recordings, as figures.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::calibration::{Calibration, thousandths};
use super::confusion::Confusion;
use super::judge::{Photo, Score, Verdict};
use super::span::seconds;
use crate::report::Kind;

/// How well a set of recordings was judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub recordings: usize,
    #[serde(rename = "footage_s", with = "seconds")]
    pub footage: Duration,
    #[serde(rename = "ignored_s", with = "seconds")]
    pub ignored: Duration,
    /// Something else was told than what is right.
    #[serde(rename = "wrong_s", with = "seconds")]
    pub wrong: Duration,
    /// Told as out of view while in truth nobody could look.
    #[serde(rename = "dishonest_s", with = "seconds")]
    pub dishonest: Duration,
    pub all: KindFigures,
    pub kinds: BTreeMap<Kind, KindFigures>,
    pub calibration: Calibration,
    pub confusion: Confusion,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<Photo>,
}

/// Figures of one kind, or of all together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KindFigures {
    /// Truth intervals of at least `record_after`.
    pub truths: usize,
    pub found: usize,
    /// Found of all; absent where there are none.
    pub recall: Option<f64>,
    /// Reported intervals, those that are not scored left out.
    pub reports: usize,
    pub false_alarms: usize,
    pub false_alarms_per_hour: f64,
    pub edges: Edges,
    #[serde(rename = "true_s", with = "seconds")]
    pub truth: Duration,
    #[serde(rename = "missed_s", with = "seconds")]
    pub missed: Duration,
    #[serde(rename = "invented_s", with = "seconds")]
    pub invented: Duration,
}

/// By how much reported starts and ends of found intervals are off, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Edges {
    /// Starts and ends.
    pub count: usize,
    pub median_s: Option<f64>,
    pub p95_s: Option<f64>,
}

impl Figures {
    /// Figures do not depend on the order of the scores.
    pub fn of<'a>(scores: impl IntoIterator<Item = &'a Score>) -> Self {
        let scores: Vec<&Score> = scores.into_iter().collect();
        let footage = scores.iter().map(|score| score.footage).sum();
        let kinds = Kind::ALL.into_iter().filter_map(|kind| {
            let figures = KindFigures::of(&scores, footage, |other| other == kind);
            (figures != KindFigures::default()).then_some((kind, figures))
        });
        let mut confusion = Confusion::default();
        for score in &scores {
            confusion.add_all(&score.confusion);
        }
        Self {
            recordings: scores.len(),
            footage,
            ignored: scores.iter().map(|score| score.ignored).sum(),
            wrong: confusion.wrong(),
            dishonest: scores.iter().map(|score| score.dishonest).sum(),
            all: KindFigures::of(&scores, footage, |_| true),
            kinds: kinds.collect(),
            calibration: Calibration::of(scores.iter().copied()),
            photo: scores.iter().filter_map(|score| score.photo).reduce(|a, b| Photo {
                truth: a.truth + b.truth,
                told_in_view: a.told_in_view + b.told_in_view,
                told_out_of_view: a.told_out_of_view + b.told_out_of_view,
            }),
            confusion,
        }
    }
}

impl KindFigures {
    fn of(scores: &[&Score], footage: Duration, is_it: impl Fn(Kind) -> bool) -> Self {
        let truths = || scores.iter().flat_map(|score| &score.truths).filter(|it| is_it(it.kind));
        let reports = || {
            let all = scores.iter().flat_map(|score| &score.reports);
            all.filter(|it| is_it(it.kind) && it.verdict != Verdict::NotScored)
        };
        let seconds = || {
            let all = scores.iter().flat_map(|score| &score.seconds);
            all.filter(|(kind, _)| is_it(**kind)).map(|(_, seconds)| seconds)
        };
        let (count, found) = (truths().count(), truths().filter(|truth| truth.found).count());
        let false_alarms = reports().filter(|it| it.verdict == Verdict::FalseAlarm).count();
        let errors = truths().filter_map(super::Judged::edge_errors).flatten().map(f64::abs);
        Self {
            truths: count,
            found,
            recall: (count > 0).then(|| thousandths(found as f64 / count as f64)),
            reports: reports().count(),
            false_alarms,
            false_alarms_per_hour: per_hour(false_alarms, footage),
            edges: Edges::of(errors.collect()),
            truth: seconds().map(|it| it.truth).sum(),
            missed: seconds().map(|it| it.missed).sum(),
            invented: seconds().map(|it| it.invented).sum(),
        }
    }
}

impl Edges {
    fn of(errors: Vec<f64>) -> Self {
        Self {
            count: errors.len(),
            median_s: quantile(errors.clone(), 0.5),
            p95_s: quantile(errors, 0.95),
        }
    }
}

/// Rounded to thousandths; nothing without footage.
pub(super) fn per_hour(count: usize, footage: Duration) -> f64 {
    let hours = footage.as_secs_f64() / 3600.0;
    if hours > 0.0 { thousandths(count as f64 / hours) } else { 0.0 }
}

/// The value at `share` (0 to 1) of the way through the sorted values; absent without any.
pub fn quantile(mut values: Vec<f64>, share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    values.get(((last as f64) * share).round() as usize).copied()
}
