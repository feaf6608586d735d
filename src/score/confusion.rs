//! Seconds: what was true against what was told.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::judge::Report;
use super::span::Span;
use super::truth::{Label, Truth};
use crate::report::Kind;
use crate::time::MediaTime;

/// What is true, or told, of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    InView,
    Kind(Kind),
    /// True only: a photo of the candidate in the candidate's place.
    PhotoHeldUp,
}

/// Where several kinds hold at once, the first of these is told. Company comes last: it says least of
/// where the candidate is.
const ORDER: [Kind; 12] = [
    Kind::CameraLost,
    Kind::CameraCovered,
    Kind::TooDark,
    Kind::FrozenPicture,
    Kind::VirtualCamera,
    Kind::AgentGap,
    Kind::ReportingGap,
    Kind::OutOfView,
    Kind::FaceNotVisible,
    Kind::MultiplePeople,
    Kind::SuspectedStillImage,
    Kind::SuspectedLoop,
];

/// For each pair of true and told: how long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    cells: BTreeMap<(What, What), Duration>,
}

#[derive(Serialize, Deserialize)]
struct Cell {
    truth: What,
    told: What,
    seconds: f64,
}

impl What {
    /// The name in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InView => "in_view",
            Self::Kind(kind) => kind.as_str(),
            Self::PhotoHeldUp => "photo_held_up",
        }
    }

    /// What a person reads.
    pub const fn description(self) -> &'static str {
        match self {
            Self::InView => "in view",
            Self::Kind(kind) => kind.description(),
            Self::PhotoHeldUp => "photo held up",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let kinds = Kind::ALL.into_iter().map(Self::Kind);
        kinds.chain([Self::InView, Self::PhotoHeldUp]).find(|what| what.as_str() == name)
    }

    /// Whether `told` is right where this is true.
    pub fn allows(self, told: Self) -> bool {
        self == told
            || (self, told) == (Self::Kind(Kind::CameraCovered), Self::Kind(Kind::TooDark))
            || (self, told) == (Self::PhotoHeldUp, Self::Kind(Kind::OutOfView))
            || (self, told) == (Self::PhotoHeldUp, Self::Kind(Kind::SuspectedStillImage))
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for What {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for What {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name)
            .ok_or_else(|| serde::de::Error::custom(format!("{name} is nothing that is told")))
    }
}

impl Confusion {
    /// Of the labelled time, without the zones to ignore.
    pub fn of(truth: &Truth, reports: &[Report]) -> Self {
        let mut confusion = Self::default();
        for Piece { span, truth, told } in pieces(truth, reports) {
            confusion.add(truth, told, span.length());
        }
        confusion
    }

    pub fn add(&mut self, truth: What, told: What, length: Duration) {
        *self.cells.entry((truth, told)).or_default() += length;
    }

    pub fn add_all(&mut self, other: &Self) {
        for ((truth, told), length) in &other.cells {
            self.add(*truth, *told, *length);
        }
    }

    pub fn at(&self, truth: What, told: What) -> Duration {
        self.cells.get(&(truth, told)).copied().unwrap_or_default()
    }

    pub fn total(&self) -> Duration {
        self.cells.values().sum()
    }

    /// What was true at any time; being in view always stands among it.
    pub fn rows(&self) -> Vec<What> {
        Self::some(self.cells.keys().map(|(truth, _)| *truth))
    }

    /// What was told at any time, and what should have been.
    pub fn columns(&self) -> Vec<What> {
        let told = self.cells.keys().flat_map(|(truth, told)| [*truth, *told]);
        Self::some(told.filter(|what| *what != What::PhotoHeldUp))
    }

    fn some(found: impl Iterator<Item = What>) -> Vec<What> {
        let mut some: Vec<What> = found.chain([What::InView]).collect();
        some.sort_unstable();
        some.dedup();
        some
    }

    /// How long `truth` was true.
    pub fn true_for(&self, truth: What) -> Duration {
        self.cells.iter().filter(|((is, _), _)| *is == truth).map(|(_, length)| *length).sum()
    }

    /// All of it but where a photo was held up, which is scored apart.
    pub fn judged(&self) -> Duration {
        self.total().saturating_sub(self.true_for(What::PhotoHeldUp))
    }

    /// How long something else was told than what is right, of what is [`Confusion::judged`].
    pub fn wrong(&self) -> Duration {
        let judged = self.cells.iter().filter(|((truth, _), _)| *truth != What::PhotoHeldUp);
        let wrong = judged.filter(|((truth, told), _)| !truth.allows(*told));
        wrong.map(|(_, length)| *length).sum()
    }
}

/// A stretch in which neither what is true nor what was told changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    pub span: Span,
    pub truth: What,
    pub told: What,
}

/// Cuts the labelled time, without the zones to ignore, wherever something changes.
pub fn pieces(truth: &Truth, reports: &[Report]) -> Vec<Piece> {
    let mut cuts: Vec<MediaTime> = reports
        .iter()
        .flat_map(|report| [report.span.start, report.span.end])
        .chain(truth.ignore.iter().flat_map(|zone| [zone.start, zone.end]))
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut pieces = Vec::new();
    for label in &truth.labels {
        let first = cuts.partition_point(|cut| *cut <= label.span.start);
        let inside = cuts[first..].iter().take_while(|cut| **cut < label.span.end);
        let mut start = label.span.start;
        for end in inside.copied().chain([label.span.end]) {
            if !truth.ignore.iter().any(|zone| zone.contains(start)) {
                let (is, told) = (what_is_true(label), what_is_told(label, reports, start));
                pieces.push(Piece { span: Span { start, end }, truth: is, told });
            }
            start = end;
        }
    }
    pieces
}

fn what_is_true(label: &Label) -> What {
    match label.what() {
        What::InView if label.in_company() => What::Kind(Kind::MultiplePeople),
        what @ (What::InView | What::Kind(_) | What::PhotoHeldUp) => what,
    }
}

/// Where nobody counted people, a report of company says nothing that could be wrong; nor does a mark of a
/// loop of a loop: what can be seen in it is true besides.
fn what_is_told(label: &Label, reports: &[Report], at: MediaTime) -> What {
    let counts = |kind: Kind| match kind {
        Kind::MultiplePeople => label.people.is_some(),
        Kind::SuspectedLoop => !label.repeats,
        Kind::OutOfView
        | Kind::FaceNotVisible
        | Kind::CameraCovered
        | Kind::TooDark
        | Kind::FrozenPicture
        | Kind::CameraLost
        | Kind::VirtualCamera
        | Kind::SuspectedStillImage
        | Kind::AgentGap
        | Kind::ReportingGap => true,
    };
    let holds = |kind: &Kind| {
        let is_it = |report: &Report| report.kind == *kind && report.span.contains(at);
        counts(*kind) && reports.iter().any(is_it)
    };
    ORDER.into_iter().find(holds).map_or(What::InView, What::Kind)
}

/// The part of a label's time that is scored.
pub(super) fn scored(truth: &Truth) -> Vec<Span> {
    truth.whole().outside(&truth.not_labelled())
}

impl Serialize for Confusion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let cell = |((truth, told), length): (&(What, What), &Duration)| Cell {
            truth: *truth,
            told: *told,
            seconds: length.as_millis() as f64 / 1e3,
        };
        serializer.collect_seq(self.cells.iter().map(cell))
    }
}

impl<'de> Deserialize<'de> for Confusion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut confusion = Self::default();
        for cell in Vec::<Cell>::deserialize(deserializer)? {
            let millis = (cell.seconds * 1e3).round() as u64;
            confusion.add(cell.truth, cell.told, Duration::from_millis(millis));
        }
        Ok(confusion)
    }
}
