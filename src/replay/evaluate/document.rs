//! What an evaluation says: the JSON document, which is also a baseline.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::presence::Policy;
use crate::replay::{Document, Failure};
use crate::report::{Hash, ModelIdentity};
use crate::score::{
    Bounds, Fairness, Figures, Mistake, Regression, Report, Score, Span, Truth, fairness, judge,
    mistakes, regressions,
};

/// The format of the document.
pub const FORMAT: &str = "inview-evaluation/1";

/// Recordings held against their truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    pub format: String,
    pub policy: Option<Policy>,
    #[serde(default)]
    pub models: Vec<ModelIdentity>,
    pub total: Figures,
    #[serde(default)]
    pub conditions: Vec<Condition>,
    #[serde(default)]
    pub fairness: Vec<Fairness>,
    pub recordings: Vec<Evaluated>,
    /// Recordings that could not be evaluated.
    #[serde(default)]
    pub failed: Vec<Failure>,
    /// By how much figures may be worse than in this baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Bounds>,
    /// What is worse than in the baseline that this run was held against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regressions: Vec<Regression>,
    /// How fast it went; absent where the models did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<Speed>,
}

/// Recordings made under one condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    pub tag: String,
    pub figures: Figures,
}

/// One recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluated {
    pub recording: String,
    pub sha256: Hash,
    pub conditions: Vec<String>,
    /// What went wrong, the dearest first.
    pub mistakes: Vec<Mistake>,
    pub score: Score,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<Speed>,
}

/// How fast footage was replayed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    pub seconds: f64,
    pub times_real_time: f64,
}

impl Speed {
    pub fn of(footage_s: f64, took: Duration) -> Self {
        let seconds = took.as_secs_f64().max(1e-3);
        let tenths = |value: f64| (value * 10.0).round() / 10.0;
        Self { seconds: tenths(seconds), times_real_time: tenths(footage_s / seconds) }
    }
}

impl Evaluated {
    /// `conditions` are those of the truth file and whatever else is known of the recording.
    pub fn new(
        document: &Document,
        truth: &Truth,
        conditions: &[String],
        speed: Option<Speed>,
    ) -> Self {
        let score = judge(truth, &reports(document), document.policy.record_after());
        let mut conditions = [truth.conditions(), conditions.to_vec()].concat();
        conditions.sort();
        conditions.dedup();
        Self {
            recording: document.recording.clone(),
            sha256: document.sha256,
            conditions,
            mistakes: mistakes(&score),
            score,
            speed,
        }
    }

    pub fn figures(&self) -> Figures {
        Figures::of([&self.score])
    }

    fn is_of(&self, other: &Self) -> bool {
        (&self.recording, self.sha256) == (&other.recording, other.sha256)
    }
}

/// The intervals of a document.
pub fn reports(document: &Document) -> Vec<Report> {
    let report = |interval: &crate::replay::RecordedInterval| Report {
        kind: interval.kind,
        span: Span::of_seconds(interval.start_s, interval.end_s),
        confidence: interval.confidence,
    };
    document.intervals.iter().map(report).collect()
}

impl Evaluation {
    /// `seed` draws the recordings by which gaps between groups are judged.
    pub fn new(
        policy: Policy,
        models: Vec<ModelIdentity>,
        recordings: Vec<Evaluated>,
        failed: Vec<Failure>,
        seed: u64,
    ) -> Self {
        let mut by_tag: BTreeMap<&str, Vec<&Score>> = BTreeMap::new();
        for recording in &recordings {
            for tag in &recording.conditions {
                by_tag.entry(tag).or_default().push(&recording.score);
            }
        }
        let condition = |(tag, scores): (&str, Vec<&Score>)| Condition {
            tag: tag.to_owned(),
            figures: Figures::of(scores),
        };
        let tagged: Vec<(Vec<String>, &Score)> =
            recordings.iter().map(|it| (it.conditions.clone(), &it.score)).collect();
        let took: f64 = recordings.iter().filter_map(|it| it.speed).map(|it| it.seconds).sum();
        let total = Figures::of(recordings.iter().map(|it| &it.score));
        Self {
            format: FORMAT.to_owned(),
            policy: Some(policy),
            models,
            conditions: by_tag.into_iter().map(condition).collect(),
            fairness: fairness(&tagged, seed),
            speed: (took > 0.0).then(|| {
                Speed::of(total.footage.as_secs_f64(), Duration::from_millis((took * 1e3) as u64))
            }),
            total,
            failed,
            bounds: None,
            regressions: Vec::new(),
            recordings,
        }
    }

    /// Holds the recordings that are in both against a baseline. Gives the number of those that are in
    /// the baseline alone.
    pub fn compare(&mut self, baseline: &Self) -> usize {
        let bounds = baseline.bounds.unwrap_or_default();
        let of_both = |one: &Self, other: &Self| {
            let both = one
                .recordings
                .iter()
                .filter(|it| other.recordings.iter().any(|other| it.is_of(other)));
            Figures::of(both.map(|it| &it.score))
        };
        let (before, now) = (of_both(baseline, self), of_both(self, baseline));
        self.regressions = regressions(&before, &now, &bounds);
        self.bounds = baseline.bounds;
        baseline.recordings.len() - before.recordings
    }

    /// The largest gap between groups in the part of seconds that is told wrongly.
    pub fn largest_gap(&self) -> Option<(&str, &crate::score::Gap)> {
        let gaps = self.fairness.iter().flat_map(|it| it.gaps.iter().map(|gap| (&*it.by, gap)));
        gaps.filter(|(_, gap)| gap.measure.is_share()).max_by(|a, b| a.1.size.total_cmp(&b.1.size))
    }
}
