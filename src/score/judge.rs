//! One recording: what was found, what was missed, what was invented.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::confusion::{Confusion, What, scored};
use super::span::{Span, covered, seconds, total};
use super::truth::Truth;
use crate::report::{Family, Kind};

/// An interval that was reported.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    pub kind: Kind,
    pub span: Span,
    /// 0 to 1.
    pub confidence: f64,
}

/// A truth interval of at least `record_after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    pub kind: Kind,
    #[serde(flatten)]
    pub span: Span,
    pub found: bool,
    /// How much of it was reported.
    #[serde(rename = "reported_s", with = "seconds")]
    pub covered: Duration,
    /// Of the reported intervals the one that covers most of it, when it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Span>,
}

/// What a reported interval is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    True,
    FalseAlarm,
    /// All of it lies where nothing is scored.
    NotScored,
}

/// A reported interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    pub kind: Kind,
    #[serde(flatten)]
    pub span: Span,
    pub confidence: f64,
    pub verdict: Verdict,
}

/// Seconds of one kind, whatever else holds at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seconds {
    /// It was true.
    #[serde(rename = "true_s", with = "seconds")]
    pub truth: Duration,
    /// It was true, and not reported.
    #[serde(rename = "missed_s", with = "seconds")]
    pub missed: Duration,
    /// It was reported, and not true.
    #[serde(rename = "invented_s", with = "seconds")]
    pub invented: Duration,
}

/// While a photo was held up in the candidate's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    #[serde(rename = "true_s", with = "seconds")]
    pub truth: Duration,
    /// Told as the candidate in view.
    #[serde(rename = "told_in_view_s", with = "seconds")]
    pub told_in_view: Duration,
    /// Told as out of view.
    #[serde(rename = "told_out_of_view_s", with = "seconds")]
    pub told_out_of_view: Duration,
}

/// What was made of one recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Labelled time.
    #[serde(rename = "footage_s", with = "seconds")]
    pub footage: Duration,
    /// The part of it that is not scored.
    #[serde(rename = "ignored_s", with = "seconds")]
    pub ignored: Duration,
    pub truths: Vec<Judged>,
    pub reports: Vec<Reported>,
    pub seconds: BTreeMap<Kind, Seconds>,
    pub confusion: Confusion,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<Photo>,
    /// Told as out of view while in truth nobody could look.
    #[serde(rename = "dishonest_s", with = "seconds")]
    pub dishonest: Duration,
}

impl Judged {
    /// By how much start and end were reported too late (too early: negative), in seconds.
    pub fn edge_errors(&self) -> Option<[f64; 2]> {
        let by = self.by?;
        let late = |told: crate::time::MediaTime, truth: crate::time::MediaTime| {
            (told.as_millis() - truth.as_millis()) as f64 / 1e3
        };
        Some([late(by.start, self.span.start), late(by.end, self.span.end)])
    }
}

/// Holds what was reported of a recording against its truth. Truth intervals shorter than
/// `record_after`, and those of which nothing is scored, need not be found.
pub fn judge(truth: &Truth, reports: &[Report], record_after: Duration) -> Score {
    let mut reports = reports.to_vec();
    reports.sort_by(|a, b| {
        (a.span, a.kind).cmp(&(b.span, b.kind)).then(a.confidence.total_cmp(&b.confidence))
    });
    let confusion = Confusion::of(truth, &reports);
    let footage = truth.end().since(crate::time::MediaTime::ZERO);
    Score {
        footage,
        ignored: footage.saturating_sub(total(&scored(truth))),
        truths: truths(truth, &reports, record_after),
        reports: reports.iter().map(|report| worth(truth, report)).collect(),
        seconds: seconds_by_kind(truth, &reports),
        photo: photo(&confusion),
        dishonest: dishonest(&confusion),
        confusion,
    }
}

fn truths(truth: &Truth, reports: &[Report], record_after: Duration) -> Vec<Judged> {
    let mut judged = Vec::new();
    for kind in Kind::ALL {
        let unscored = truth.unscored(kind);
        let must_be_found = |span: &Span| {
            span.length() >= record_after && !total(&span.outside(&unscored)).is_zero()
        };
        for span in truth.of_kind(kind).into_iter().filter(must_be_found) {
            let same = reports.iter().filter(|report| answers(kind, report.kind));
            let same: Vec<Span> = same.map(|report| report.span).collect();
            let covered = span.covered_by(&same);
            let found = covered * 2 >= span.length();
            // Of equals, the first.
            let best = same.into_iter().rev().max_by_key(|by| span.shared_with(by));
            judged.push(Judged { kind, span, found, covered, by: best.filter(|_| found) });
        }
    }
    judged.sort_by_key(|judged| (judged.span, judged.kind));
    judged
}

/// Whether a report of kind `told` finds truth of kind `truth`.
fn answers(truth: Kind, told: Kind) -> bool {
    What::Kind(truth).allows(What::Kind(told))
}

fn worth(truth: &Truth, report: &Report) -> Reported {
    let parts = report.span.outside(&truth.unscored(report.kind));
    let length = total(&parts);
    let verdict = if length.is_zero() {
        Verdict::NotScored
    } else if covered(&parts, &truth.that_allows(report.kind)) * 2 < length {
        Verdict::FalseAlarm
    } else {
        Verdict::True
    };
    Reported { kind: report.kind, span: report.span, confidence: report.confidence, verdict }
}

fn seconds_by_kind(truth: &Truth, reports: &[Report]) -> BTreeMap<Kind, Seconds> {
    let mut by_kind = BTreeMap::new();
    for kind in Kind::ALL {
        let unscored = truth.unscored(kind);
        let scored = |spans: Vec<Span>| -> Vec<Span> {
            spans.iter().flat_map(|span| span.outside(&unscored)).collect()
        };
        let spans_of = |is_it: &dyn Fn(Kind) -> bool| -> Vec<Span> {
            reports.iter().filter(|report| is_it(report.kind)).map(|report| report.span).collect()
        };
        let of_kind = scored(truth.of_kind(kind));
        let answering = spans_of(&|told| answers(kind, told));
        let told = scored(apart(spans_of(&|told| told == kind)));
        let seconds = Seconds {
            truth: total(&of_kind),
            missed: total(&of_kind).saturating_sub(covered(&of_kind, &answering)),
            invented: total(&told).saturating_sub(covered(&told, &truth.that_allows(kind))),
        };
        if seconds != Seconds::default() {
            by_kind.insert(kind, seconds);
        }
    }
    by_kind
}

/// The same time in spans that do not overlap.
fn apart(spans: Vec<Span>) -> Vec<Span> {
    let mut done: Vec<Span> = Vec::new();
    for span in spans {
        let parts = span.outside(&done);
        done.extend(parts);
    }
    done
}

fn photo(confusion: &Confusion) -> Option<Photo> {
    let truth = confusion.true_for(What::PhotoHeldUp);
    let photo = Photo {
        truth,
        told_in_view: confusion.at(What::PhotoHeldUp, What::InView),
        told_out_of_view: confusion.at(What::PhotoHeldUp, What::Kind(Kind::OutOfView)),
    };
    (!truth.is_zero()).then_some(photo)
}

fn dishonest(confusion: &Confusion) -> Duration {
    let blind = Kind::ALL.into_iter().filter(|kind| kind.family() == Family::CouldNotLook);
    blind.map(|kind| confusion.at(What::Kind(kind), What::Kind(Kind::OutOfView))).sum()
}
