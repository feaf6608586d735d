//! Truth above what was told, and the scores below: where each thing stands on the page.

use crate::presence::Policy;
use crate::replay::{TraceLine, TracedDetection};
use crate::report::{Family, Kind};
use crate::score::{Piece, Report, Span, Truth, What, pieces};
use crate::time::MediaTime;

/// Points of a curve; longer ones keep the lowest and the highest of each stretch.
const MOST_POINTS: usize = 1_200;
/// Height of the curves, in their own measure; the width is 1000.
pub(super) const CURVE_HEIGHT: f64 = 56.0;

/// A stretch on a line, in percent of the width.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub x: String,
    pub width: String,
    /// The name of what it says.
    pub class: &'static str,
    pub hatched: bool,
    /// Company stands in a line of its own.
    pub company: bool,
    pub title: String,
}

#[derive(Clone, Debug)]
pub(super) struct Tick {
    pub x: String,
    pub label: String,
    pub anchor: &'static str,
    pub minor: bool,
}

/// A score through time, as points of polylines; broken where nothing was looked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Curve {
    pub pieces: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Timeline {
    pub truth: Vec<Bar>,
    pub told: Vec<Bar>,
    /// Where what was told is wrong.
    pub wrong: Vec<Bar>,
    pub ignored: Vec<Bar>,
    pub ticks: Vec<Tick>,
    pub face: Curve,
    pub person: Curve,
    /// Where scores are believed, from the top of the curves.
    pub enter: String,
    pub keep: String,
}

/// Lays out one recording.
pub(super) fn layout(
    truth: &Truth,
    reports: &[Report],
    trace: &[TraceLine],
    policy: &Policy,
) -> Timeline {
    let scale = Scale { end: truth.end() };
    let height = |score: f32| format!("{:.1}", CURVE_HEIGHT * (1.0 - f64::from(score)));
    let wrong = |piece: &Piece| !piece.truth.allows(piece.told);
    Timeline {
        truth: truth_bars(truth, scale),
        told: reports
            .iter()
            .map(|report| {
                let title = format!("told, confidence {:.2}", report.confidence);
                scale.bar(report.span, What::Kind(report.kind), &title)
            })
            .collect(),
        wrong: pieces(truth, reports)
            .iter()
            .filter(|piece| wrong(piece))
            .map(|piece| {
                let told = piece.told.description();
                let title = format!("{} told as {told}", piece.truth.description());
                Bar { class: "wrong", title, ..scale.bar(piece.span, piece.truth, "") }
            })
            .collect(),
        ignored: truth
            .ignore
            .iter()
            .map(|zone| Bar {
                class: "ignored",
                title: "not scored".to_owned(),
                ..scale.bar(*zone, What::InView, "")
            })
            .collect(),
        ticks: ticks(scale),
        face: curve(trace, scale, |line| best(line.faces.as_deref())),
        person: curve(trace, scale, last_known()),
        enter: height(policy.face.enter),
        keep: height(policy.face.keep),
    }
}

#[derive(Clone, Copy)]
struct Scale {
    end: MediaTime,
}

impl Scale {
    fn share(self, at: MediaTime) -> f64 {
        let end = self.end.as_millis().max(1) as f64;
        (at.as_millis() as f64 / end).clamp(0.0, 1.0)
    }

    fn bar(self, span: Span, what: What, title: &str) -> Bar {
        let (start, end) = (self.share(span.start), self.share(span.end));
        let hatched = is_hatched(what);
        Bar {
            x: format!("{:.3}", start * 100.0),
            width: format!("{:.3}", ((end - start) * 100.0).max(0.15)),
            class: what.as_str(),
            hatched,
            company: what == What::Kind(Kind::MultiplePeople),
            title: format!("{} {} to {}: {title}", what.description(), span.start, span.end),
        }
    }
}

fn truth_bars(truth: &Truth, scale: Scale) -> Vec<Bar> {
    let mut bars = Vec::new();
    let photo = truth.stretches(|label| label.what() == What::PhotoHeldUp);
    bars.extend(photo.into_iter().map(|span| scale.bar(span, What::PhotoHeldUp, "true")));
    // A photo stands below under its own name.
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::SuspectedStillImage) {
        let spans = truth.of_kind(kind).into_iter();
        bars.extend(spans.map(|span| scale.bar(span, What::Kind(kind), "true")));
    }
    bars
}

fn ticks(scale: Scale) -> Vec<Tick> {
    let length = scale.end.as_secs_f64();
    let steps = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0];
    let step = steps.into_iter().find(|step| length / step <= 10.0).unwrap_or(3_600.0);
    let count = (length / step).floor() as usize;
    let tick = |number: usize| {
        let at = MediaTime::from_secs_f64(number as f64 * step);
        let share = scale.share(at);
        Tick {
            x: format!("{:.3}", share * 100.0),
            label: at.to_string().trim_end_matches(".0").to_owned(),
            anchor: match share {
                share if share < 0.02 => "start",
                share if share > 0.97 => "end",
                _ => "middle",
            },
            minor: !number.is_multiple_of(2),
        }
    };
    (0..=count).map(tick).collect()
}

fn best(finds: Option<&[TracedDetection]>) -> Option<f32> {
    Some(finds?.iter().map(|find| find.score).fold(0.0, f32::max))
}

/// Bodies are not looked for in each frame: in between, the last ones hold.
fn last_known() -> impl FnMut(&TraceLine) -> Option<f32> {
    let mut last = None;
    move |line| {
        last = best(line.people.as_deref()).or(last);
        line.faces.as_ref().and(last)
    }
}

fn curve(
    trace: &[TraceLine],
    scale: Scale,
    mut score: impl FnMut(&TraceLine) -> Option<f32>,
) -> Curve {
    let mut curve = Curve::default();
    let mut run: Vec<(f64, f64)> = Vec::new();
    let every = trace.len().div_ceil(MOST_POINTS).max(1);
    let mut close = |run: &mut Vec<(f64, f64)>| {
        let point = |(x, y): &(f64, f64)| format!("{x:.1},{y:.1}");
        let points: Vec<String> = thinned(run, every).iter().map(point).collect();
        if !points.is_empty() {
            curve.pieces.push(points.join(" "));
        }
        run.clear();
    };
    for line in trace {
        let x = scale.share(MediaTime::from_secs_f64(line.pts_s)) * 1e3;
        match score(line) {
            Some(score) => run.push((x, CURVE_HEIGHT * (1.0 - f64::from(score)))),
            None => close(&mut run),
        }
    }
    close(&mut run);
    curve
}

/// Of each `every` points the highest and the lowest.
fn thinned(points: &[(f64, f64)], every: usize) -> Vec<(f64, f64)> {
    if every == 1 {
        return points.to_vec();
    }
    let by_height = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
    let ends = points.chunks(every * 2).flat_map(|chunk| {
        let (low, high) = (chunk.iter().min_by(by_height), chunk.iter().max_by(by_height));
        let mut ends: Vec<_> = low.into_iter().chain(high).copied().collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        ends
    });
    ends.collect()
}

/// As on the server's pages: hatching says that nothing is known, and of a photo, that it is no presence.
pub(super) fn is_hatched(what: What) -> bool {
    match what {
        What::InView | What::Kind(Kind::SuspectedStillImage | Kind::SuspectedLoop) => false,
        What::Kind(kind) => kind.family() != Family::Presence,
        What::PhotoHeldUp => true,
    }
}
