//! Truth files: what is true of a recording, from its first moment to its last.

use serde::Deserialize;

use super::confusion::What;
use super::span::Span;
use crate::report::Kind;
use crate::time::MediaTime;

/// The format of truth files.
pub const FORMAT: &str = "presence-labels/1";
/// Times in truth files are rounded: labels this far apart touch.
const ROUNDING_MS: i64 = 2;
/// A year: no recording is as long.
const LONGEST_S: f64 = 3.2e7;

/// What is true of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    /// How it is known: `by_hand`, `by_construction`.
    pub source: Option<String>,
    /// SHA-256 of the recording that it is of, in hexadecimal.
    pub sha256: Option<String>,
    /// Conditions, such as `backlight` or `glasses:yes`. With a colon: a group by that name.
    pub tags: Vec<String>,
    /// Without gaps, in order, from zero on.
    pub labels: Vec<Label>,
    /// Not scored: transitions that may be called either way.
    pub ignore: Vec<Span>,
}

/// A stretch in which the same is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub state: State,
    pub reason: Option<String>,
    /// Real people in the picture; absent where nobody counted.
    pub people: Option<u32>,
    /// The camera shows what it has shown before, as a recording in a loop does, from the first frame that was
    /// there already. Beside the state, which says what can be seen.
    pub repeats: bool,
}

/// What a person who labels sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A usable face.
    InView,
    /// A part of a person, no usable face.
    FaceHidden,
    /// Nobody, or only what the reason says.
    OutOfView,
    /// Nothing can be seen: lens covered, picture frozen.
    NoPicture,
}

/// Why a text is no truth file. Prints as one line, which names the place and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TruthError(String);

impl TruthError {
    /// `place`: a line or a field. Control characters of the file do not get through.
    pub(super) fn at(place: &str, expected: &str) -> Self {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        Self(format!("{place}: {expected}").chars().map(plain).collect())
    }
}

#[derive(Deserialize)]
struct RawTruth {
    format: String,
    #[serde(default)]
    truth: Option<String>,
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    duration_s: Option<f64>,
    intervals: Vec<RawLabel>,
    #[serde(default)]
    ignore: Vec<RawSpan>,
}

#[derive(Deserialize)]
struct RawSpan {
    start: f64,
    end: f64,
}

#[derive(Deserialize)]
struct RawLabel {
    start: f64,
    end: f64,
    state: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    people: Option<u32>,
    #[serde(default)]
    repeats: bool,
}

impl State {
    pub const ALL: [Self; 4] = [Self::InView, Self::FaceHidden, Self::OutOfView, Self::NoPicture];

    /// The name in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InView => "in_view",
            Self::FaceHidden => "face_hidden",
            Self::OutOfView => "out_of_view",
            Self::NoPicture => "no_picture",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl Label {
    /// What should have been reported of the candidate.
    pub fn what(&self) -> What {
        match (self.state, self.reason.as_deref()) {
            (State::OutOfView, Some("photo_held_up")) => What::PhotoHeldUp,
            (State::OutOfView, _) => What::Kind(Kind::OutOfView),
            (State::FaceHidden, _) => What::Kind(Kind::FaceNotVisible),
            (State::NoPicture, Some("frozen")) => What::Kind(Kind::FrozenPicture),
            (State::NoPicture, Some("too_dark")) => What::Kind(Kind::TooDark),
            (State::NoPicture, Some("camera_lost")) => What::Kind(Kind::CameraLost),
            (State::NoPicture, _) => What::Kind(Kind::CameraCovered),
            (State::InView, _) => What::InView,
        }
    }

    pub fn in_company(&self) -> bool {
        self.people.is_some_and(|people| people >= 2)
    }
}

impl Truth {
    /// Reads a truth file in the format [`FORMAT`].
    pub fn parse(text: &str) -> Result<Self, TruthError> {
        let raw: RawTruth = serde_json::from_str(text).map_err(|error| {
            TruthError::at(
                &format!("line {}, column {}", error.line(), error.column()),
                &reason(&error),
            )
        })?;
        if raw.format != FORMAT {
            return Err(TruthError::at(
                "format",
                &format!("expected \"{FORMAT}\", found \"{}\"", raw.format),
            ));
        }
        let labels = raw.intervals.iter().enumerate().map(|(number, raw)| {
            let field = |name: &str| format!("intervals[{number}].{name}");
            let state = State::named(&raw.state).ok_or_else(|| {
                let expected = State::ALL.map(State::as_str).join(", ");
                let expected = format!("expected one of {expected}, found \"{}\"", raw.state);
                TruthError::at(&field("state"), &expected)
            })?;
            let span = span(raw.start, raw.end, field)?;
            let (reason, people) = (raw.reason.clone(), raw.people);
            Ok(Label { span, state, reason, people, repeats: raw.repeats })
        });
        let labels = labels.collect::<Result<Vec<_>, _>>()?;
        let ignore = raw.ignore.iter().enumerate().map(|(number, zone)| {
            span(zone.start, zone.end, |name| format!("ignore[{number}].{name}"))
        });
        let ignore = ignore.collect::<Result<Vec<_>, _>>()?;
        let truth = Self::of(raw.truth, raw.tags, labels, ignore, raw.duration_s)?;
        Ok(Self { sha256: raw.sha256, ..truth })
    }

    /// Checks that the labels are whole: from zero on, without gaps.
    pub(super) fn of(
        source: Option<String>,
        tags: Vec<String>,
        mut labels: Vec<Label>,
        ignore: Vec<Span>,
        duration_s: Option<f64>,
    ) -> Result<Self, TruthError> {
        let mut at = MediaTime::ZERO;
        for (number, label) in labels.iter_mut().enumerate() {
            if (label.span.start.as_millis() - at.as_millis()).abs() > ROUNDING_MS {
                let (found, place) =
                    (label.span.start.as_secs_f64(), format!("intervals[{number}].start"));
                let expected = format!(
                    "expected {}, where the one before ends, found {found}",
                    at.as_secs_f64()
                );
                return Err(TruthError::at(&place, &expected));
            }
            label.span.start = at;
            at = label.span.end.max(at);
            label.span.end = at;
        }
        labels.retain(|label| !label.span.is_empty());
        if labels.is_empty() {
            return Err(TruthError::at("intervals", "expected at least one"));
        }
        if let Some(duration_s) = duration_s
            && ((duration_s - at.as_secs_f64()).abs() * 1e3).round() > ROUNDING_MS as f64
        {
            let end = at.as_secs_f64();
            let expected =
                format!("expected {end}, where the last interval ends, found {duration_s}");
            return Err(TruthError::at("duration_s", &expected));
        }
        Ok(Self { source, sha256: None, tags, labels, ignore })
    }

    /// Where the labels end.
    pub fn end(&self) -> MediaTime {
        self.labels.last().map_or(MediaTime::ZERO, |label| label.span.end)
    }

    /// The labelled time as a whole.
    pub fn whole(&self) -> Span {
        Span::new(MediaTime::ZERO, self.end())
    }

    /// Stretches that are to be reported as this kind; touching ones are one.
    pub fn of_kind(&self, kind: Kind) -> Vec<Span> {
        let what = match kind {
            Kind::MultiplePeople => return self.stretches(Label::in_company),
            Kind::SuspectedLoop => return self.stretches(|label| label.repeats),
            Kind::SuspectedStillImage => What::PhotoHeldUp,
            Kind::OutOfView
            | Kind::FaceNotVisible
            | Kind::CameraCovered
            | Kind::TooDark
            | Kind::FrozenPicture
            | Kind::CameraLost
            | Kind::VirtualCamera
            | Kind::AgentGap
            | Kind::ReportingGap => What::Kind(kind),
        };
        self.stretches(|label| label.what() == what)
    }

    /// Stretches whose labels are such; touching ones are one.
    pub fn stretches(&self, is_such: impl Fn(&Label) -> bool) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for label in self.labels.iter().filter(|label| is_such(label)) {
            match spans.last_mut() {
                Some(last) if last.end == label.span.start => last.end = label.span.end,
                Some(_) | None => spans.push(label.span),
            }
        }
        spans
    }

    /// Stretches in which a report of this kind is right.
    pub(super) fn that_allows(&self, kind: Kind) -> Vec<Span> {
        let mut spans = self.of_kind(kind);
        if kind == Kind::TooDark {
            spans.extend(self.of_kind(Kind::CameraCovered));
        }
        spans
    }

    /// Where reports of this kind are neither right nor wrong.
    pub(super) fn unscored(&self, kind: Kind) -> Vec<Span> {
        let mut spans = self.not_labelled();
        if kind == Kind::MultiplePeople {
            spans.extend(self.stretches(|label| label.people.is_none()));
        }
        if kind.family() == crate::report::Family::Presence {
            spans.extend(self.stretches(|label| label.what() == What::PhotoHeldUp));
        }
        spans
    }

    /// The zones to ignore, and what lies behind the end.
    pub(super) fn not_labelled(&self) -> Vec<Span> {
        let behind = Span { start: self.end(), end: MediaTime::from_micros(i64::MAX) };
        self.ignore.iter().copied().chain([behind]).collect()
    }

    /// The conditions that it was made under, its source among them.
    pub fn conditions(&self) -> Vec<String> {
        let source = self.source.iter().map(|source| format!("truth:{source}"));
        let mut conditions: Vec<String> = source.chain(self.tags.iter().cloned()).collect();
        conditions.sort();
        conditions.dedup();
        conditions
    }
}

/// What serde says, without the place, which is told apart.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

/// A span of a file; `field` gives the place of `start` or `end`.
pub(super) fn span(
    start_s: f64,
    end_s: f64,
    field: impl Fn(&str) -> String,
) -> Result<Span, TruthError> {
    for (name, value) in [("start", start_s), ("end", end_s)] {
        if !(0.0..=LONGEST_S).contains(&value) {
            let expected = format!("expected seconds from 0 on, found {value}");
            return Err(TruthError::at(&field(name), &expected));
        }
    }
    if end_s < start_s {
        let expected = format!("expected not less than start, {start_s}, found {end_s}");
        return Err(TruthError::at(&field("end"), &expected));
    }
    Ok(Span::of_seconds(start_s, end_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(intervals: &str, more: &str) -> String {
        format!(r#"{{"format": "presence-labels/1", "intervals": [{intervals}]{more}}}"#)
    }

    fn fault(text: &str) -> String {
        Truth::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_truth_file_is_read_with_its_conditions() {
        let text = file(
            r#"{"start": 0, "end": 2.5, "state": "in_view", "people": 1},
               {"start": 2.5, "end": 4, "state": "out_of_view", "reason": "nobody_visible", "repeats": true}"#,
            r#", "ignore": [{"start": 2.4, "end": 2.6}], "tags": ["glasses:yes"], "truth": "by_hand", "duration_s": 4"#,
        );
        let truth = Truth::parse(&text).unwrap();
        assert_eq!(truth.of_kind(Kind::OutOfView), [Span::of_seconds(2.5, 4.0)]);
        assert_eq!(truth.of_kind(Kind::SuspectedLoop), [Span::of_seconds(2.5, 4.0)]);
        assert_eq!(truth.conditions(), ["glasses:yes", "truth:by_hand"]);
        assert_eq!(truth.ignore, [Span::of_seconds(2.4, 2.6)]);
    }

    #[test]
    fn faults_name_the_place_and_what_was_expected() {
        let one = r#"{"start": 0, "end": 1, "state": "in_view"}"#;
        for (text, expected) in [
            (file("", ""), "intervals: expected at least one"),
            (
                file(
                    &format!("{one}, {}", one.replace(": 0", ": 1.5").replace(": 1,", ": 2,")),
                    "",
                ),
                "intervals[1].start: expected 1, where the one before ends, found 1.5",
            ),
            (
                file(&one.replace("in_view", "away"), ""),
                "intervals[0].state: expected one of in_view, face_hidden, out_of_view, no_picture, found \"away\"",
            ),
            (
                file(&one.replace(": 0", ": -1"), ""),
                "intervals[0].start: expected seconds from 0 on, found -1",
            ),
            (
                file(one, r#", "duration_s": 7"#),
                "duration_s: expected 1, where the last interval ends, found 7",
            ),
            (
                file(one, r#", "ignore": [{"start": 3, "end": 2}]"#),
                "ignore[0].end: expected not less than start, 3, found 2",
            ),
            (
                file(one, "").replace("labels/1", "labels/9"),
                "format: expected \"presence-labels/1\", found \"presence-labels/9\"",
            ),
            (
                file(&one.replace(": 1,", ": \"soon\","), ""),
                "line 1, column 72: invalid type: string \"soon\", expected f64",
            ),
            ("{}".to_owned(), "line 1, column 2: missing field `format`"),
        ] {
            assert_eq!(fault(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_photo_is_no_absence_and_unknown_company_is_not_scored() {
        let text = file(
            r#"{"start": 0, "end": 2, "state": "in_view", "people": 2},
               {"start": 2, "end": 3, "state": "out_of_view", "reason": "photo_held_up", "people": 0},
               {"start": 3, "end": 4, "state": "in_view", "people": null}"#,
            "",
        );
        let truth = Truth::parse(&text).unwrap();
        assert_eq!(truth.of_kind(Kind::OutOfView), []);
        assert_eq!(truth.of_kind(Kind::MultiplePeople), [Span::of_seconds(0.0, 2.0)]);
        assert!(truth.unscored(Kind::MultiplePeople).contains(&Span::of_seconds(3.0, 4.0)));
        assert!(truth.unscored(Kind::OutOfView).contains(&Span::of_seconds(2.0, 3.0)));
    }
}
