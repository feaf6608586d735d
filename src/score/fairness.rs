//! Whether some people are judged worse than others.
//!
//! A tag with a colon puts a recording into a group: `monk:7` (skin tone on the Monk scale),
//! `glasses:yes`, `head_covering:hijab`, `light:dim`. Groups with the same word before the colon are
//! compared with each other.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::calibration::thousandths;
use super::chance::Chance;
use super::confusion::{Confusion, What};
use super::figures::{per_hour, quantile};
use super::judge::{Score, Verdict};
use crate::report::Kind;

/// Times that recordings are drawn anew from each group.
const DRAWS: usize = 2_000;
/// What is between these parts of the draws is the interval of 95 %.
const TAILS: [f64; 2] = [0.025, 0.975];
/// Says how labels were made, and nothing of people.
const NO_GROUP: &str = "truth";

/// Groups that differ in one thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fairness {
    /// What they differ in: the word before the colon.
    pub by: String,
    pub groups: Vec<Group>,
    /// One for each measure that at least two groups have.
    pub gaps: Vec<Gap>,
}

/// Recordings with the same tag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    pub name: String,
    pub recordings: usize,
    pub footage_s: f64,
    /// Of the seconds in view, the part that was told as something else; absent without any.
    pub in_view_missed: Option<f64>,
    /// Of the seconds out of view or without a face, the part that was told as in view.
    pub absence_missed: Option<f64>,
    pub false_alarms_per_hour: Option<f64>,
}

/// In what groups are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    InViewMissed,
    AbsenceMissed,
    FalseAlarmsPerHour,
}

/// The largest difference between two groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    pub measure: Measure,
    pub size: f64,
    /// In 95 of 100 draws of recordings the gap lies between these; absent where a group has but one
    /// recording, since nothing can be said then.
    pub between: Option<[f64; 2]>,
    pub best: String,
    pub worst: String,
}

impl Measure {
    pub const ALL: [Self; 3] = [Self::InViewMissed, Self::AbsenceMissed, Self::FalseAlarmsPerHour];

    /// What a person reads.
    pub const fn description(self) -> &'static str {
        match self {
            Self::InViewMissed => "in view, told otherwise",
            Self::AbsenceMissed => "absent, told in view",
            Self::FalseAlarmsPerHour => "false alarms per hour",
        }
    }

    /// A part of seconds, 0 to 1, and no rate of intervals.
    pub const fn is_share(self) -> bool {
        matches!(self, Self::InViewMissed | Self::AbsenceMissed)
    }

    fn of(self, scores: &[&Score]) -> Option<f64> {
        match self {
            Self::InViewMissed => share(scores, is_in_view),
            Self::AbsenceMissed => share(scores, is_absent),
            Self::FalseAlarmsPerHour => {
                let reports = scores.iter().flat_map(|score| &score.reports);
                let alarms = reports.filter(|it| it.verdict == Verdict::FalseAlarm).count();
                let footage: Duration = scores.iter().map(|score| score.footage).sum();
                (!footage.is_zero()).then(|| per_hour(alarms, footage))
            }
        }
    }
}

fn is_in_view(what: What) -> bool {
    matches!(what, What::InView | What::Kind(Kind::MultiplePeople))
}

fn is_absent(what: What) -> bool {
    matches!(what, What::Kind(Kind::OutOfView | Kind::FaceNotVisible))
}

/// The part of the seconds in which such a thing is true that was told otherwise: presence as none, or
/// none as presence.
fn share(scores: &[&Score], is_such: fn(What) -> bool) -> Option<f64> {
    let (mut all, mut missed) = (Duration::ZERO, Duration::ZERO);
    for confusion in scores.iter().map(|score| &score.confusion) {
        for truth in confusion.rows().into_iter().filter(|truth| is_such(*truth)) {
            all += confusion.true_for(truth);
            missed += told_otherwise(confusion, truth);
        }
    }
    (!all.is_zero()).then(|| missed.as_secs_f64() / all.as_secs_f64())
}

fn told_otherwise(confusion: &Confusion, truth: What) -> Duration {
    let otherwise = |told: &What| is_in_view(*told) != is_in_view(truth);
    confusion.columns().into_iter().filter(otherwise).map(|told| confusion.at(truth, told)).sum()
}

/// Compares the groups of these recordings, each with its tags; a group without another one is none. The same `seed` draws the same.
pub fn fairness(recordings: &[(Vec<String>, &Score)], seed: u64) -> Vec<Fairness> {
    let mut by: BTreeMap<&str, BTreeMap<&str, Vec<&Score>>> = BTreeMap::new();
    for (tags, score) in recordings {
        for (thing, name) in tags.iter().filter_map(|tag| tag.split_once(':')) {
            if thing != NO_GROUP {
                by.entry(thing).or_default().entry(name).or_default().push(score);
            }
        }
    }
    let compare = |(thing, groups): (&str, BTreeMap<&str, Vec<&Score>>)| {
        let mut chance = Chance::new(seed);
        let gaps = Measure::ALL.iter().filter_map(|measure| gap(*measure, &groups, &mut chance));
        let gaps = gaps.collect();
        let groups = groups.iter().map(|(name, scores)| group(name, scores)).collect();
        Fairness { by: thing.to_owned(), groups, gaps }
    };
    by.into_iter().filter(|(_, groups)| groups.len() > 1).map(compare).collect()
}

fn group(name: &str, scores: &[&Score]) -> Group {
    let rounded = |measure: Measure| measure.of(scores).map(thousandths);
    let footage: Duration = scores.iter().map(|score| score.footage).sum();
    Group {
        name: name.to_owned(),
        recordings: scores.len(),
        footage_s: thousandths(footage.as_secs_f64()),
        in_view_missed: rounded(Measure::InViewMissed),
        absence_missed: rounded(Measure::AbsenceMissed),
        false_alarms_per_hour: rounded(Measure::FalseAlarmsPerHour),
    }
}

fn gap(measure: Measure, groups: &BTreeMap<&str, Vec<&Score>>, chance: &mut Chance) -> Option<Gap> {
    let measured =
        groups.iter().filter_map(|(name, scores)| measure.of(scores).map(|value| (*name, value)));
    let measured: Vec<(&str, f64)> = measured.collect();
    let best = measured.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let worst = measured.iter().rev().max_by(|a, b| a.1.total_cmp(&b.1))?;
    if measured.len() < 2 {
        return None;
    }
    let several = groups.values().filter(|scores| measure.of(scores).is_some());
    let several: Vec<&Vec<&Score>> = several.collect();
    let between = several.iter().all(|scores| scores.len() > 1).then(|| {
        let draws: Vec<f64> = (0..DRAWS).filter_map(|_| drawn(measure, &several, chance)).collect();
        TAILS.map(|tail| thousandths(quantile(draws.clone(), tail).unwrap_or(0.0)))
    });
    Some(Gap {
        measure,
        size: thousandths(worst.1 - best.1),
        between,
        best: best.0.to_owned(),
        worst: worst.0.to_owned(),
    })
}

/// The gap between groups of recordings that were drawn anew, with replacement.
fn drawn(measure: Measure, groups: &[&Vec<&Score>], chance: &mut Chance) -> Option<f64> {
    let values = groups.iter().filter_map(|scores| {
        let again: Vec<&Score> =
            scores.iter().map(|_| scores[chance.below(scores.len())]).collect();
        measure.of(&again)
    });
    let values: Vec<f64> = values.collect();
    let (low, high) = (
        values.iter().copied().min_by(f64::total_cmp)?,
        values.iter().copied().max_by(f64::total_cmp)?,
    );
    Some(high - low)
}
