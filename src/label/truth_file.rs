//! Truth files, read for correction and written so that nothing in them is lost.
//!
//! A file says of each moment one state, a reason and a number of people; a person marks intervals in
//! lanes. Where the marks say what the file said, its own words stay: reasons, numbers, fields that are
//! not known here. Where they differ, the label is a new one.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::document::{Content, Marked};
use super::mark::Mark;
use crate::geometry::Size;
use crate::report::Hash;
use crate::score::{FORMAT, Label, Span, State, Truth, TruthError};
use crate::time::MediaTime;

/// Labels that end so close to the recording's end are meant to end there.
const SAME_END_S: f64 = 0.5;

/// What is known of the recording when its truth is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footage {
    pub name: String,
    pub size: Size,
    pub end: MediaTime,
    /// Absent while it is not known yet.
    pub sha256: Option<Hash>,
}

/// A truth file as it was read; an empty one for a recording that has none.
#[derive(Clone, Debug, Default)]
pub struct TruthFile {
    head: Option<Head>,
    labels: Vec<Original>,
    zones: Vec<Zone>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Head {
    format: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clip: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    truth: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notes: Option<Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Words {
    state: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    people: Option<u32>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    repeats: bool,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Written {
    start: f64,
    end: f64,
    #[serde(flatten)]
    words: Words,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Zone {
    start: f64,
    end: f64,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct Read {
    intervals: Vec<Written>,
    #[serde(default)]
    ignore: Vec<Zone>,
    #[serde(flatten)]
    head: Head,
}

#[derive(Serialize)]
struct Write<'a> {
    #[serde(flatten)]
    head: &'a Head,
    intervals: &'a [Written],
    ignore: &'a [Zone],
}

/// A label of the file, and what else it says.
#[derive(Clone, Debug)]
struct Original {
    label: Label,
    words: Words,
}

/// Why a truth file cannot be corrected, or would not be one.
#[derive(Debug, thiserror::Error)]
pub enum TruthFileError {
    #[error(transparent)]
    Wrong(#[from] TruthError),
    #[error("{0}")]
    Json(#[from] serde_json::Error),
}

impl TruthFile {
    /// Reads a file in the format [`FORMAT`], and what it says in lanes.
    pub fn parse(text: &str) -> Result<(Self, Content), TruthFileError> {
        let truth = Truth::parse(text)?;
        let read: Read = serde_json::from_str(text)?;
        let (mut at, mut labels) = (MediaTime::ZERO, Vec::new());
        for written in read.intervals {
            let span = Span { start: at, end: time(written.end).max(at) };
            at = span.end;
            let Some(state) = State::named(&written.words.state) else { continue };
            let Words { reason, people, repeats, .. } = written.words.clone();
            let label = Label { span, state, reason, people, repeats };
            labels.push(Original { label, words: written.words });
        }
        labels.retain(|it| !it.label.span.is_empty());
        let mut content = said_by(&truth);
        if let Some(Value::String(note)) = &read.head.notes {
            content.note.clone_from(note);
        }
        Ok((Self { head: Some(read.head), labels, zones: read.ignore }, content))
    }

    /// What labels of another program say; a file in the format [`FORMAT`] is made of them.
    pub fn imported(truth: &Truth) -> (Self, Content) {
        (Self::default(), said_by(truth))
    }

    /// Where the labels end, when they end with the recording, or else where the recording does.
    fn end(&self, footage: &Footage) -> MediaTime {
        let own = self.labels.last().map(|last| last.label.span.end);
        let same =
            |own: &MediaTime| (own.as_secs_f64() - footage.end.as_secs_f64()).abs() < SAME_END_S;
        own.filter(same).unwrap_or(footage.end)
    }

    /// The file with this content. Intervals that are open reach to the end.
    pub fn text(&self, content: &Content, footage: &Footage) -> Result<String, TruthFileError> {
        let end = self.end(footage);
        let content = content.closed(end);
        let intervals = self.labels(&content, end);
        let head = self.head(&content, footage, end, &intervals);
        let ignore = self.zones(&content, end);
        let write = Write { head: &head, intervals: &intervals, ignore: &ignore };
        let text = serde_json::to_string_pretty(&write)? + "\n";
        Truth::parse(&text)?;
        Ok(text)
    }

    /// The same, as what is scored.
    pub fn truth(&self, content: &Content, footage: &Footage) -> Result<Truth, TruthFileError> {
        Ok(Truth::parse(&self.text(content, footage)?)?)
    }

    fn head(
        &self,
        content: &Content,
        footage: &Footage,
        end: MediaTime,
        labels: &[Written],
    ) -> Head {
        let mut head = self.head.clone().unwrap_or_else(|| Head {
            format: FORMAT.to_owned(),
            clip: Some(Value::from(footage.name.as_str())),
            sha256: None,
            duration_s: None,
            truth: Some("by_hand".to_owned()),
            tags: Vec::new(),
            notes: None,
            rest: size_fields(footage.size),
        });
        head.duration_s = Some(end.as_secs_f64());
        head.tags = content.tags();
        head.sha256 = footage.sha256.map(|hash| hash.to_string()).or(head.sha256);
        match &head.notes {
            Some(Value::String(_)) | None => {
                let note = content.note.as_str();
                head.notes = (!note.is_empty()).then(|| Value::from(note));
            }
            Some(_) if content.note.is_empty() => {}
            Some(_) => head.notes = Some(Value::from(content.note.as_str())),
        }
        // These follow from the labels: a file that has them must not say two things.
        let nobody = &[State::OutOfView, State::NoPicture];
        let no_face = &[State::FaceHidden, State::OutOfView, State::NoPicture];
        for (field, states) in [("face_absent", &no_face[..]), ("person_absent", nobody)] {
            if let Some(value) = head.rest.get_mut(field) {
                *value = absences(labels, states);
            }
        }
        head
    }

    fn labels(&self, content: &Content, end: MediaTime) -> Vec<Written> {
        let marks: Vec<&Marked> =
            content.intervals.iter().filter(|it| it.mark != Mark::Ignore).collect();
        let spans = marks.iter().map(|it| it.span);
        let spans = spans.chain(self.labels.iter().map(|it| it.label.span));
        let inside = spans.flat_map(|span| [span.start, span.end]);
        let inside = inside.filter(|cut| MediaTime::ZERO < *cut && *cut < end);
        let mut cuts: Vec<MediaTime> = inside.chain([MediaTime::ZERO, end]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut labels: Vec<Written> = Vec::new();
        for ends in cuts.windows(2) {
            let &[start, end] = ends else { continue };
            let here = marks.iter().filter(|it| it.span.contains(start));
            let here: Vec<Mark> = here.map(|it| it.mark).collect();
            let words = self.words(&here, start);
            let end = end.as_secs_f64();
            match labels.last_mut() {
                Some(last) if last.words == words => last.end = end,
                Some(_) | None => labels.push(Written { start: start.as_secs_f64(), end, words }),
            }
        }
        labels
    }

    /// What is written of a moment at which these marks hold.
    fn words(&self, marks: &[Mark], at: MediaTime) -> Words {
        let (state, reason) = Mark::state_of(marks);
        let fresh = Label {
            span: Span::new(at, at),
            state,
            reason: reason.map(ToOwned::to_owned),
            people: None,
            repeats: marks.contains(&Mark::Repeats),
        };
        let original = self.labels.iter().find(|it| it.label.span.contains(at));
        let original = original.filter(|it| it.label.what() == fresh.what());
        let mut words = original.map_or_else(
            || Words {
                state: state.as_str().to_owned(),
                reason: fresh.reason.clone(),
                people: None,
                repeats: false,
                rest: Map::new(),
            },
            |it| it.words.clone(),
        );
        words.repeats = fresh.repeats;
        let is_alone = words.people.filter(|people| *people < 2);
        let is_company = words.people.filter(|people| *people >= 2);
        words.people = if marks.contains(&Mark::MultiplePeople) {
            is_company.or(Some(2))
        } else if marks.contains(&Mark::NotCounted) {
            None
        } else {
            is_alone.or(Some(match state {
                State::InView | State::FaceHidden => 1,
                State::OutOfView | State::NoPicture => 0,
            }))
        };
        words
    }

    fn zones(&self, content: &Content, end: MediaTime) -> Vec<Zone> {
        let marked = content.intervals.iter().filter(|it| it.mark == Mark::Ignore);
        let zone = |it: &Marked| {
            let span = Span { start: it.span.start, end: it.span.end.min(end) };
            let same =
                |zone: &&Zone| !span.shared_with(&Span::of_seconds(zone.start, zone.end)).is_zero();
            let rest = self.zones.iter().find(same).map(|zone| zone.rest.clone());
            Zone {
                start: span.start.as_secs_f64(),
                end: span.end.as_secs_f64(),
                rest: rest.unwrap_or_default(),
            }
        };
        marked.map(zone).filter(|zone| zone.start < zone.end).collect()
    }
}

fn time(seconds: f64) -> MediaTime {
    Span::of_seconds(0.0, seconds).end
}

fn size_fields(size: Size) -> Map<String, Value> {
    let fields = [("width", size.width), ("height", size.height)];
    fields.map(|(name, value)| (name.to_owned(), Value::from(value))).into_iter().collect()
}

fn said_by(truth: &Truth) -> Content {
    let mut content = Content { tags: truth.tags.join(", "), ..Content::default() };
    for mark in Mark::ALL {
        let spans = match mark {
            Mark::Ignore => truth.ignore.clone(),
            Mark::OutOfView
            | Mark::FaceNotVisible
            | Mark::MultiplePeople
            | Mark::CameraCovered
            | Mark::TooDark
            | Mark::FrozenPicture
            | Mark::CameraLost
            | Mark::PhotoHeldUp
            | Mark::Repeats
            | Mark::NotCounted => truth.stretches(|label| mark.holds_in(label)),
        };
        for span in spans {
            content.put(Marked { span, mark });
        }
    }
    content
}

/// Stretches of these states, with their reasons.
fn absences(labels: &[Written], states: &[State]) -> Value {
    let is_one = |label: &&Written| states.iter().any(|it| it.as_str() == label.words.state);
    let mut all: Vec<(f64, f64, Vec<&str>)> = Vec::new();
    for label in labels.iter().filter(|label| is_one(label)) {
        if all.last().is_none_or(|(_, end, _)| *end != label.start) {
            all.push((label.start, label.end, Vec::new()));
        }
        if let Some((_, end, reasons)) = all.last_mut() {
            *end = label.end;
            reasons.extend(label.words.reason.as_deref());
        }
    }
    let each = all.into_iter().map(|(start, end, mut reasons)| {
        let mut seen = Vec::new();
        reasons.retain(|reason| {
            let is_new = !seen.contains(reason);
            seen.push(*reason);
            is_new
        });
        json!({"start": start, "end": end, "reasons": reasons})
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Kind;
    use proptest::prelude::*;

    fn footage(end_s: f64) -> Footage {
        Footage {
            name: "exam.mp4".to_owned(),
            size: Size::new(640, 480),
            end: MediaTime::from_secs_f64(end_s),
            sha256: Some(Hash::of(b"exam")),
        }
    }

    const DEMO: &str = include_str!("../../assets/demo/leave_ladder.labels.json");

    #[test]
    fn a_file_that_was_not_changed_says_the_same_in_all_its_fields() {
        let (file, content) = TruthFile::parse(DEMO).unwrap();
        let footage = Footage { sha256: None, ..footage(89.467) };
        let text = file.text(&content, &footage).unwrap();
        let mut before: Value = serde_json::from_str(DEMO).unwrap();
        // It is written always, and this file has none.
        before["tags"] = json!([]);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), before);
    }

    #[test]
    fn a_corrected_label_is_new_and_what_was_said_elsewhere_stays() {
        let text = r#"{"format": "presence-labels/1", "swap": 7, "intervals": [
            {"start": 0, "end": 5, "state": "in_view", "people": 1, "faces": 1, "who": "A"},
            {"start": 5, "end": 9, "state": "out_of_view", "reason": "camera_moved", "people": 1}],
            "ignore": [{"start": 4, "end": 5, "why": "blur"}], "face_absent": []}"#;
        let (file, mut content) = TruthFile::parse(text).unwrap();
        content.put(Marked { mark: Mark::OutOfView, span: Span::of_seconds(2.0, 3.0) });
        let written: Value =
            serde_json::from_str(&file.text(&content, &footage(9.0)).unwrap()).unwrap();
        let expected = json!([
            {"start": 0.0, "end": 2.0, "state": "in_view", "reason": null, "people": 1, "faces": 1, "who": "A"},
            {"start": 2.0, "end": 3.0, "state": "out_of_view", "reason": null, "people": 0},
            {"start": 3.0, "end": 5.0, "state": "in_view", "reason": null, "people": 1, "faces": 1, "who": "A"},
            {"start": 5.0, "end": 9.0, "state": "out_of_view", "reason": "camera_moved", "people": 1},
        ]);
        assert_eq!(written["intervals"], expected);
        assert_eq!(written["ignore"], json!([{"start": 4.0, "end": 5.0, "why": "blur"}]));
        assert_eq!(written["swap"], 7);
        let absent = json!([
            {"start": 2.0, "end": 3.0, "reasons": []},
            {"start": 5.0, "end": 9.0, "reasons": ["camera_moved"]},
        ]);
        assert_eq!(written["face_absent"], absent);
    }

    #[test]
    fn a_new_file_is_of_this_recording_and_made_by_hand() {
        let mut content = Content { tags: "dim, glasses:yes,".to_owned(), ..Content::default() };
        content.open.insert(Mark::CameraCovered, MediaTime::from_millis(8_000));
        let text = TruthFile::default().text(&content, &footage(9.0)).unwrap();
        let truth = Truth::parse(&text).unwrap();
        assert_eq!(truth.sha256, Some(Hash::of(b"exam").to_string()));
        assert_eq!(truth.conditions(), ["dim", "glasses:yes", "truth:by_hand"]);
        assert_eq!(truth.of_kind(Kind::CameraCovered), [Span::of_seconds(8.0, 9.0)]);
    }

    #[test]
    fn labels_that_end_with_the_recording_keep_their_end() {
        let text = r#"{"format": "presence-labels/1", "intervals":
            [{"start": 0, "end": 5.067, "state": "in_view", "people": null}]}"#;
        let (file, content) = TruthFile::parse(text).unwrap();
        assert_eq!(content.intervals.len(), 1, "nobody counted");
        let ends = |end| file.truth(&content, &footage(end)).unwrap().end().as_millis();
        assert_eq!(ends(5.0), 5_067);
        assert_eq!(ends(8.0), 8_000);
    }

    fn contents() -> impl Strategy<Value = Content> {
        let mark = prop::sample::select(Mark::ALL.to_vec());
        let marked = (mark, 0_i64..20_000, 1_i64..9_000).prop_map(|(mark, start, length)| Marked {
            mark,
            span: Span::new(
                MediaTime::from_millis(start),
                MediaTime::from_millis((start + length).min(20_000)),
            ),
        });
        let tags = prop::collection::vec("[a-z]{1,5}(:[a-z]{1,3})?", 0..4);
        (prop::collection::vec(marked, 0..12), tags, "[ -~äé\n\"]{0,20}").prop_map(
            |(all, tags, note)| {
                let mut content = Content { tags: tags.join(", "), note, ..Content::default() };
                for marked in all {
                    content.put(marked);
                }
                content
            },
        )
    }

    /// The marks that count at a moment: of several states the one that sees least.
    fn counted(marks: &[Mark]) -> Vec<Mark> {
        let (state, reason) = Mark::state_of(marks);
        let label = |people| Label {
            span: Span::of_seconds(0.0, 1.0),
            state,
            reason: reason.map(ToOwned::to_owned),
            people,
            repeats: marks.contains(&Mark::Repeats),
        };
        let is_company = marks.contains(&Mark::MultiplePeople);
        Mark::ALL
            .into_iter()
            .filter(|mark| match mark {
                Mark::Ignore | Mark::MultiplePeople => marks.contains(mark),
                Mark::NotCounted => marks.contains(mark) && !is_company,
                Mark::OutOfView
                | Mark::FaceNotVisible
                | Mark::CameraCovered
                | Mark::TooDark
                | Mark::FrozenPicture
                | Mark::CameraLost
                | Mark::PhotoHeldUp
                | Mark::Repeats => mark.holds_in(&label(None)),
            })
            .collect()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_what_was_marked(content in contents(), more in contents()) {
            let footage = footage(20.0);
            let text = TruthFile::default().text(&content, &footage).unwrap();
            let (file, read) = TruthFile::parse(&text).unwrap();
            prop_assert_eq!(read.tags(), content.tags());
            prop_assert_eq!(&read.note, &content.note);
            for millis in (0..20_000).step_by(97) {
                let at = MediaTime::from_millis(millis);
                prop_assert_eq!(read.at(at), counted(&content.at(at)), "at {}", at);
            }
            // Corrected, and corrected back: nothing of the first file is left behind or lost.
            let changed = file.text(&more, &footage).unwrap();
            let (changed, reread) = TruthFile::parse(&changed).unwrap();
            for millis in (0..20_000).step_by(97) {
                let at = MediaTime::from_millis(millis);
                prop_assert_eq!(reread.at(at), counted(&more.at(at)), "at {}", at);
            }
            prop_assert_eq!(changed.text(&read, &footage).unwrap(), text);
        }
    }
}
