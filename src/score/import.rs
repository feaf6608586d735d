//! Labels that were made with other programs.
//!
//! What is marked is laid over a recording in which one person is in view all the time. A mark is named
//! by a state of truth files or by a kind of interval, or `ignore`. Where marks overlap, the one that
//! sees less counts: `no_picture`, then `out_of_view`, then `face_hidden`. Company and a loop hold beside
//! any of them.
//!
//! | form | what is read |
//! |---|---|
//! | CSV | columns `start`, `end` and `state`, any order; seconds, or `m:ss.s`, or `h:mm:ss.s` |
//! | Label Studio, JSON | `timelinelabels` (ranges of frames, from 1, both ends included) and regions with `start` and `end` in seconds |
//! | CVAT for video 1.1, XML | tracks and tags: frames, from 0 |
//! | ELAN, `.eaf` | annotations of all tiers that are aligned to time |

use serde::Deserialize;

use super::span::Span;
use super::truth::{Label, State, Truth, TruthError, span};
use crate::report::Kind;
use crate::time::MediaTime;

/// In what form labels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `presence-labels/1`
    Labels,
    Csv,
    LabelStudio,
    /// CVAT or ELAN: the root element tells which.
    Xml,
}

/// What one mark says.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    State { state: State, reason: Option<String> },
    Company,
    Loop,
    Ignore,
}

#[derive(Clone, Debug, PartialEq)]
struct Mark {
    span: Span,
    said: Said,
}

/// Where a recording ends, and how many frames a second it has: what marks are laid over.
#[derive(Clone, Copy, Debug)]
struct Footage {
    end: MediaTime,
    frame_rate: f64,
}

const NAMES: &str =
    "in_view, face_hidden, out_of_view, no_picture, photo_held_up, ignore or a kind of interval";

/// Reads labels of a recording that ends at `end` and has so many frames a second.
pub fn import(
    form: Form,
    text: &str,
    end: MediaTime,
    frame_rate: f64,
) -> Result<Truth, TruthError> {
    let footage = Footage { end, frame_rate };
    let marks = match form {
        Form::Labels => return Truth::parse(text),
        Form::Csv => csv_marks(text)?,
        Form::LabelStudio => label_studio_marks(text, footage)?,
        Form::Xml => xml_marks(text, footage)?,
    };
    laid_over(footage, &marks)
}

fn said(name: &str, reason: Option<&str>, place: &str) -> Result<Said, TruthError> {
    let name = name.trim().to_lowercase().replace([' ', '-'], "_");
    let state = |state, reason: &str| {
        Ok(Said::State { state, reason: Some(reason.to_owned()).filter(|it| !it.is_empty()) })
    };
    if let Some(named) = State::named(&name) {
        return state(named, reason.unwrap_or_default());
    }
    match &*name {
        "ignore" => Ok(Said::Ignore),
        "photo_held_up" => state(State::OutOfView, "photo_held_up"),
        _ => match Kind::ALL.into_iter().find(|kind| kind.as_str() == name) {
            Some(Kind::MultiplePeople) => Ok(Said::Company),
            Some(Kind::SuspectedLoop) => Ok(Said::Loop),
            Some(Kind::FaceNotVisible) => state(State::FaceHidden, ""),
            Some(Kind::FrozenPicture) => state(State::NoPicture, "frozen"),
            Some(Kind::CameraCovered) => state(State::NoPicture, "lens_covered"),
            Some(Kind::TooDark) => state(State::NoPicture, "too_dark"),
            Some(Kind::CameraLost) => state(State::NoPicture, "camera_lost"),
            _ => Err(TruthError::at(place, &format!("expected {NAMES}, found \"{name}\""))),
        },
    }
}

/// Sees less, counts more.
const fn weight(state: State) -> u8 {
    match state {
        State::InView => 0,
        State::FaceHidden => 1,
        State::OutOfView => 2,
        State::NoPicture => 3,
    }
}

fn laid_over(footage: Footage, marks: &[Mark]) -> Result<Truth, TruthError> {
    let whole = Span::new(MediaTime::ZERO, footage.end);
    let mut cuts: Vec<MediaTime> = marks
        .iter()
        .flat_map(|mark| [mark.span.start, mark.span.end])
        .filter(|cut| whole.start < *cut && *cut < whole.end)
        .chain([whole.start, whole.end])
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut labels: Vec<Label> = Vec::new();
    for ends in cuts.windows(2) {
        let &[start, end] = ends else { continue };
        let here = || marks.iter().filter(|mark| mark.span.contains(start));
        let states = here().filter_map(|mark| match &mark.said {
            Said::State { state, reason } => Some((*state, reason.clone())),
            Said::Company | Said::Loop | Said::Ignore => None,
        });
        let (state, reason) =
            states.max_by_key(|(state, _)| weight(*state)).unwrap_or((State::InView, None));
        let company = here().any(|mark| mark.said == Said::Company);
        let people = match state {
            _ if company => 2,
            State::InView | State::FaceHidden => 1,
            State::OutOfView | State::NoPicture => 0,
        };
        let repeats = here().any(|mark| mark.said == Said::Loop);
        let span = Span::new(start, end);
        let label = Label { span, state, reason, people: Some(people), repeats };
        match labels.last_mut() {
            Some(last) if *last == (Label { span: last.span, ..label.clone() }) => {
                last.span.end = end;
            }
            Some(_) | None => labels.push(label),
        }
    }
    let ignore = marks.iter().filter(|mark| mark.said == Said::Ignore).map(|mark| mark.span);
    Truth::of(Some("by_hand".to_owned()), Vec::new(), labels, ignore.collect(), None)
}

fn csv_marks(text: &str) -> Result<Vec<Mark>, TruthError> {
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let fault = |error: &csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        TruthError::at(&format!("line {line}"), "expected text, columns parted by commas")
    };
    let header = reader.headers().map_err(|error| fault(&error))?.clone();
    let column = |name: &str| {
        let found = header.iter().position(|heading| heading.eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            TruthError::at(
                "line 1",
                &format!("expected columns start, end and state; {name} is missing"),
            )
        })
    };
    let (start, end, state) = (column("start")?, column("end")?, column("state")?);
    let (reason, people) = (column("reason").ok(), column("people").ok());
    let mut marks = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| fault(&error))?;
        let line = row.position().map_or(0, csv::Position::line);
        let field = |name: &str| format!("line {line}, {name}");
        let cell = |place: usize| row.get(place).unwrap_or_default();
        let time = |name: &str, place: usize| {
            clock(cell(place)).ok_or_else(|| {
                let expected = format!("expected seconds or h:mm:ss, found \"{}\"", cell(place));
                TruthError::at(&field(name), &expected)
            })
        };
        let span = span(time("start", start)?, time("end", end)?, field)?;
        let reason = reason.map(cell);
        marks.push(Mark { span, said: said(cell(state), reason, &field("state"))? });
        let people = people.map(cell).filter(|people| !people.is_empty());
        if let Some(people) = people {
            let count: u32 = people.parse().ok().ok_or_else(|| {
                TruthError::at(&field("people"), &format!("expected a number, found \"{people}\""))
            })?;
            if count >= 2 {
                marks.push(Mark { span, said: Said::Company });
            }
        }
    }
    Ok(marks)
}

/// `12.4`, `1:02.5`, `1:01:02.5`: seconds.
fn clock(text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    for (place, part) in text.split(':').enumerate() {
        let value: f64 = part.trim().parse().ok()?;
        if place > 2 || !value.is_finite() || value < 0.0 {
            return None;
        }
        seconds = seconds * 60.0 + value;
    }
    Some(seconds)
}

#[derive(Deserialize)]
struct Task {
    #[serde(default)]
    annotations: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(default)]
    result: Vec<Region>,
}

#[derive(Deserialize)]
struct Region {
    #[serde(default)]
    value: Value,
}

#[derive(Default, Deserialize)]
struct Value {
    #[serde(default)]
    start: Option<f64>,
    #[serde(default)]
    end: Option<f64>,
    #[serde(default)]
    ranges: Vec<Frames>,
    #[serde(default)]
    timelinelabels: Vec<String>,
    #[serde(default)]
    labels: Vec<String>,
}

#[derive(Deserialize)]
struct Frames {
    start: f64,
    end: f64,
}

fn label_studio_marks(text: &str, footage: Footage) -> Result<Vec<Mark>, TruthError> {
    let tasks: Vec<Task> = serde_json::from_str(text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        TruthError::at(
            &place,
            "expected an export of Label Studio: a list of tasks with annotations",
        )
    })?;
    let [task] = &tasks[..] else {
        let expected = format!("expected one task, that of this recording, found {}", tasks.len());
        return Err(TruthError::at("line 1", &expected));
    };
    let regions = task.annotations.iter().flat_map(|annotation| &annotation.result);
    let mut marks = Vec::new();
    for (number, Region { value }) in regions.enumerate() {
        let field = |name: &str| format!("result[{number}].value.{name}");
        let mut spans = Vec::new();
        for frames in &value.ranges {
            let seconds = |frame: f64| frame / footage.frame_rate;
            spans.push(span(seconds(frames.start - 1.0), seconds(frames.end), field)?);
        }
        if let (Some(start), Some(end)) = (value.start, value.end) {
            spans.push(span(start, end, field)?);
        }
        for name in value.timelinelabels.iter().chain(&value.labels) {
            let said = said(name, None, &field("timelinelabels"))?;
            marks.extend(spans.iter().map(|span| Mark { span: *span, said: said.clone() }));
        }
    }
    Ok(marks)
}

fn xml_marks(text: &str, footage: Footage) -> Result<Vec<Mark>, TruthError> {
    let document = roxmltree::Document::parse(text).map_err(|error| {
        let place = error.pos();
        let place = format!("line {}, column {}", place.row, place.col);
        TruthError::at(&place, "expected XML, as CVAT and ELAN write it")
    })?;
    let place = |node: &roxmltree::Node<'_, '_>| {
        format!("line {}", document.text_pos_at(node.range().start).row)
    };
    let root = document.root_element();
    match root.tag_name().name() {
        "annotations" => cvat_marks(root, footage, place),
        "ANNOTATION_DOCUMENT" => elan_marks(root, place),
        other => {
            let expected =
                format!("expected annotations (CVAT) or ANNOTATION_DOCUMENT (ELAN), found {other}");
            Err(TruthError::at(&place(&root), &expected))
        }
    }
}

type Node<'a> = roxmltree::Node<'a, 'a>;

fn number(node: &Node<'_>, name: &str, place: &str) -> Result<f64, TruthError> {
    let text = node.attribute(name).unwrap_or_default();
    text.parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(|| {
        TruthError::at(&format!("{place}, {name}"), &format!("expected a number, found \"{text}\""))
    })
}

/// Frames of a track in which it is not outside, and frames with a tag.
fn cvat_marks(
    root: Node<'_>,
    footage: Footage,
    place: impl Fn(&Node<'_>) -> String,
) -> Result<Vec<Mark>, TruthError> {
    let mut marks = Vec::new();
    for node in root.descendants().filter(|node| node.attribute("label").is_some()) {
        let line = place(&node);
        let said =
            said(node.attribute("label").unwrap_or_default(), None, &format!("{line}, label"))?;
        let mut frames = Vec::new();
        if node.has_tag_name("track") {
            for shape in node.children().filter(|child| child.attribute("frame").is_some()) {
                if shape.attribute("outside") != Some("1") {
                    frames.push(number(&shape, "frame", &place(&shape))?);
                }
            }
        } else if let Some(image) = node.parent().filter(|image| image.has_tag_name("image")) {
            frames.push(number(&image, "id", &place(&image))?);
        }
        for frame in frames {
            let seconds = |frame: f64| frame / footage.frame_rate;
            let span =
                span(seconds(frame), seconds(frame + 1.0), |name| format!("{line}, {name}"))?;
            marks.push(Mark { span, said: said.clone() });
        }
    }
    Ok(touching_as_one(marks))
}

/// Marks of single frames, put together.
fn touching_as_one(marks: Vec<Mark>) -> Vec<Mark> {
    let mut merged: Vec<Mark> = Vec::new();
    for mark in marks {
        match merged.last_mut() {
            Some(last) if last.said == mark.said && last.span.end == mark.span.start => {
                last.span.end = mark.span.end;
            }
            Some(_) | None => merged.push(mark),
        }
    }
    merged
}

fn elan_marks(
    root: Node<'_>,
    place: impl Fn(&Node<'_>) -> String,
) -> Result<Vec<Mark>, TruthError> {
    let mut slots = std::collections::BTreeMap::new();
    for slot in root.descendants().filter(|node| node.has_tag_name("TIME_SLOT")) {
        if let (Some(id), Some(_)) = (slot.attribute("TIME_SLOT_ID"), slot.attribute("TIME_VALUE"))
        {
            slots.insert(id.to_owned(), number(&slot, "TIME_VALUE", &place(&slot))? / 1e3);
        }
    }
    let mut marks = Vec::new();
    for node in root.descendants().filter(|node| node.has_tag_name("ALIGNABLE_ANNOTATION")) {
        let line = place(&node);
        let time = |name: &str| {
            let slot = node.attribute(name).unwrap_or_default();
            slots.get(slot).copied().ok_or_else(|| {
                let expected = format!("expected a TIME_SLOT with a TIME_VALUE, found \"{slot}\"");
                TruthError::at(&format!("{line}, {name}"), &expected)
            })
        };
        let (start, end) = (time("TIME_SLOT_REF1")?, time("TIME_SLOT_REF2")?);
        let span = span(start, end, |name| format!("{line}, {name}"))?;
        let value = node.children().find(|child| child.has_tag_name("ANNOTATION_VALUE"));
        let name = value.and_then(|value| value.text()).unwrap_or_default();
        marks.push(Mark { span, said: said(name, None, &format!("{line}, ANNOTATION_VALUE"))? });
    }
    Ok(marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: Form, text: &str) -> Result<Truth, String> {
        let end = MediaTime::from_millis(10_000);
        import(form, text, end, 10.0).map_err(|error| error.to_string())
    }

    fn away(form: Form, text: &str) -> Vec<Span> {
        read(form, text).unwrap().of_kind(Kind::OutOfView)
    }

    #[test]
    fn intervals_in_csv_are_laid_over_one_person_in_view() {
        let text = "state,start,end,reason\nout_of_view,2,4.5,\nmultiple people,0:01,0:03,\ncamera_covered,4,5,\nsuspected_loop,3,6,\nignore,1.9,2.1,\n";
        let truth = read(Form::Csv, text).unwrap();
        assert_eq!(truth.end(), MediaTime::from_millis(10_000));
        assert_eq!(truth.of_kind(Kind::OutOfView), [Span::of_seconds(2.0, 4.0)]);
        assert_eq!(truth.of_kind(Kind::CameraCovered), [Span::of_seconds(4.0, 5.0)]);
        assert_eq!(truth.of_kind(Kind::MultiplePeople), [Span::of_seconds(1.0, 3.0)]);
        assert_eq!(truth.of_kind(Kind::SuspectedLoop), [Span::of_seconds(3.0, 6.0)]);
        assert_eq!(truth.ignore, [Span::of_seconds(1.9, 2.1)]);
    }

    #[test]
    fn an_export_of_label_studio_counts_frames_from_one() {
        let text = r#"[{"id": 1, "annotations": [{"result": [
            {"type": "timelinelabels", "value": {"ranges": [{"start": 21, "end": 45}], "timelinelabels": ["out_of_view"]}},
            {"type": "labels", "value": {"start": 6, "end": 7.5, "labels": ["out_of_view"]}}]}]}]"#;
        let expected = [Span::of_seconds(2.0, 4.5), Span::of_seconds(6.0, 7.5)];
        assert_eq!(away(Form::LabelStudio, text), expected);
    }

    #[test]
    fn tracks_and_tags_of_cvat_count_frames_from_zero() {
        let text = r#"<annotations><track id="0" label="out_of_view">
            <box frame="20" outside="0"/><box frame="21" outside="0"/><box frame="22" outside="1"/>
            </track><image id="50"><tag label="out_of_view"/></image></annotations>"#;
        let expected = [Span::of_seconds(2.0, 2.2), Span::of_seconds(5.0, 5.1)];
        assert_eq!(away(Form::Xml, text), expected);
    }

    #[test]
    fn annotations_of_elan_are_aligned_by_time_slots() {
        let text = r#"<ANNOTATION_DOCUMENT><TIME_ORDER>
            <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="2000"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="4500"/>
            </TIME_ORDER><TIER><ANNOTATION><ALIGNABLE_ANNOTATION TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
            <ANNOTATION_VALUE>out of view</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
            </ANNOTATION_DOCUMENT>"#;
        assert_eq!(away(Form::Xml, text), [Span::of_seconds(2.0, 4.5)]);
    }

    #[test]
    fn faults_name_the_line_and_what_was_expected() {
        for (form, text, expected) in [
            (
                Form::Csv,
                "start,end\n",
                "line 1: expected columns start, end and state; state is missing",
            ),
            (
                Form::Csv,
                "start,end,state\n1,x,in_view\n",
                "line 2, end: expected seconds or h:mm:ss, found \"x\"",
            ),
            (
                Form::Csv,
                "start,end,state\n1,2,gone\n",
                "line 2, state: expected in_view, face_hidden, out_of_view, no_picture, photo_held_up, ignore or a kind of interval, found \"gone\"",
            ),
            (
                Form::LabelStudio,
                "{}",
                "line 1, column 0: expected an export of Label Studio: a list of tasks with annotations",
            ),
            (
                Form::Xml,
                "<a/>",
                "line 1: expected annotations (CVAT) or ANNOTATION_DOCUMENT (ELAN), found a",
            ),
            (Form::Xml, "text", "line 1, column 1: expected XML, as CVAT and ELAN write it"),
        ] {
            assert_eq!(read(form, text).unwrap_err(), expected, "{text}");
        }
    }
}
