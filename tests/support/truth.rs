//! Truth files (`presence-labels/1`) and the score of what was reported against them.
//!
//! A truth interval of at least [`RECORDED_S`] is found when reported intervals of its kind cover
//! at least half of it. A reported interval is a false alarm when less than half of it, outside the
//! zones to ignore, is covered by truth of its kind.

use std::path::Path;

use inview::replay::Document;
use inview::report::{Family, Kind};
use serde::Deserialize;

/// Shorter absences are not expected to be reported.
pub const RECORDED_S: f64 = 1.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub start: f64,
    pub end: f64,
}

#[derive(Debug, Deserialize)]
struct Labels {
    intervals: Vec<Label>,
    ignore: Vec<Zone>,
}

#[derive(Debug, Deserialize)]
struct Zone {
    start: f64,
    end: f64,
}

#[derive(Debug, Deserialize)]
struct Label {
    start: f64,
    end: f64,
    state: String,
    reason: Option<String>,
    people: Option<u32>,
}

/// What is true of a recording.
#[derive(Debug)]
pub struct Truth {
    spans: Vec<(Kind, Span)>,
    ignore: Vec<Span>,
    /// Somebody is in view, face and all, from the first frame to the last.
    pub always_in_view: bool,
}

/// What was made of one recording.
#[derive(Debug, Default)]
pub struct Score {
    pub found: Vec<(Kind, Span)>,
    pub missed: Vec<(Kind, Span)>,
    pub false_alarms: Vec<(Kind, Span)>,
    /// Absolute errors of starts and ends of the found `out_of_view` intervals, in seconds.
    pub edge_errors: Vec<f64>,
}

impl Span {
    fn length(self) -> f64 {
        (self.end - self.start).max(0.0)
    }

    fn shared_with(self, other: Self) -> f64 {
        (self.end.min(other.end) - self.start.max(other.start)).max(0.0)
    }

    fn covered_by<'a>(self, others: impl IntoIterator<Item = &'a Self>) -> f64 {
        others.into_iter().map(|other| self.shared_with(*other)).sum()
    }

    /// What is left of it outside `zones`.
    fn outside(self, zones: &[Self]) -> Vec<Self> {
        let mut parts = vec![self];
        for zone in zones {
            let cut = |part: Self| {
                let before = Self { end: part.end.min(zone.start), ..part };
                let after = Self { start: part.start.max(zone.end), ..part };
                [before, after]
            };
            parts = parts.into_iter().flat_map(cut).filter(|part| part.length() > 0.0).collect();
        }
        parts
    }
}

fn kind_of(label: &Label) -> Option<Kind> {
    match (label.state.as_str(), label.reason.as_deref()) {
        ("in_view", _) => None,
        // No detector here tells a photo from a face: it counts as in view, and is marked.
        ("out_of_view", Some("photo_held_up")) => Some(Kind::SuspectedStillImage),
        ("out_of_view", _) => Some(Kind::OutOfView),
        ("face_hidden", _) => Some(Kind::FaceNotVisible),
        ("no_picture", Some("frozen")) => Some(Kind::FrozenPicture),
        ("no_picture", _) => Some(Kind::CameraCovered),
        (other, _) => panic!("{other} is no state of presence-labels/1"),
    }
}

impl Truth {
    /// Reads the truth file beside a recording.
    pub fn beside(recording: &Path) -> Self {
        let path = recording.with_extension("labels.json");
        let labels: Labels = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let mut spans: Vec<(Kind, Span)> = Vec::new();
        for label in &labels.intervals {
            let span = Span { start: label.start, end: label.end };
            let company = label.people.is_some_and(|people| people >= 2);
            let company = company.then_some(Kind::MultiplePeople);
            for kind in kind_of(label).into_iter().chain(company) {
                let before = spans.iter_mut().rfind(|(other, _)| *other == kind);
                match before {
                    Some((_, before)) if (before.end - span.start).abs() < 1e-6 => {
                        before.end = span.end;
                    }
                    Some(_) | None => spans.push((kind, span)),
                }
            }
        }
        let ignore = labels.ignore.iter().map(|zone| Span { start: zone.start, end: zone.end });
        let in_view =
            |label: &Label| label.state == "in_view" && label.people.is_none_or(|n| n < 2);
        Self {
            spans,
            ignore: ignore.collect(),
            always_in_view: labels.intervals.iter().all(in_view),
        }
    }

    fn of_kind(&self, kind: Kind) -> Vec<Span> {
        self.spans.iter().filter(|(other, _)| *other == kind).map(|(_, span)| *span).collect()
    }

    /// Truth of this kind; a covered lens may also be called too dark.
    fn that_allows(&self, kind: Kind) -> Vec<Span> {
        self.of_kind(if kind == Kind::TooDark { Kind::CameraCovered } else { kind })
    }

    pub fn score(&self, document: &Document) -> Score {
        let reported: Vec<(Kind, Span)> = document
            .intervals
            .iter()
            .map(|found| (found.kind, Span { start: found.start_s, end: found.end_s }))
            .collect();
        let mut score = Score::default();
        for &(kind, span) in self.spans.iter().filter(|(_, span)| span.length() >= RECORDED_S) {
            let of_kind = |(other, _): &&(Kind, Span)| {
                *other == kind || kind == Kind::CameraCovered && *other == Kind::TooDark
            };
            let same: Vec<Span> = reported.iter().filter(of_kind).map(|(_, span)| *span).collect();
            if span.covered_by(&same) < span.length() / 2.0 {
                score.missed.push((kind, span));
                continue;
            }
            score.found.push((kind, span));
            let longest =
                |a: &&Span, b: &&Span| span.shared_with(**a).total_cmp(&span.shared_with(**b));
            if let Some(best) = same.iter().max_by(longest).filter(|_| kind == Kind::OutOfView) {
                let error = |a: f64, b: f64| ((a - b).abs() * 1e3).round() / 1e3;
                score.edge_errors.push(error(best.start, span.start));
                score.edge_errors.push(error(best.end, span.end));
            }
        }
        for (kind, span) in reported {
            let parts = span.outside(&self.ignore);
            let length: f64 = parts.iter().map(|part| part.length()).sum();
            let truth = self.that_allows(kind);
            let covered: f64 = parts.iter().map(|part| part.covered_by(&truth)).sum();
            if length > 0.0 && covered < length / 2.0 {
                score.false_alarms.push((kind, span));
            }
        }
        score
    }

    /// Intervals that say "not there" where in truth nobody could look.
    pub fn dishonest(&self, document: &Document) -> Vec<Span> {
        let blind: Vec<Span> = self
            .spans
            .iter()
            .filter(|(kind, _)| kind.family() == Family::CouldNotLook)
            .map(|(_, span)| *span)
            .collect();
        let out_of_view = document.intervals.iter().filter(|found| found.kind == Kind::OutOfView);
        out_of_view
            .map(|found| Span { start: found.start_s, end: found.end_s })
            .filter(|span| span.covered_by(&blind) > 0.2)
            .collect()
    }
}

/// The value below which `share` (0 to 1) of the values lie.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    sorted[((last as f64) * share).round() as usize]
}
