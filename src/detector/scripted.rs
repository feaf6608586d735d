//! Detections from a file in place of the models: for golden files and for trying policies.
//!
//! One JSON object a line, as `inview-replay --trace` writes them; only these fields are read:
//!
//! ```text
//! {"pts_s": 0.2, "faces": [{"score": 0.93, "box": [210.0, 96.5, 330.0, 260.0]}], "people": []}
//! ```
//!
//! `box` is left, top, right, bottom in pixels. A frame gets the line with the latest `pts_s` that
//! is not after its own timestamp (to the millisecond). A line without `people` says nothing of
//! them: the last line that has them holds. A line with a `recording` serves only the recording of
//! that name.

use serde::Deserialize;

use super::{Detector, DetectorError};
use crate::detection::{Detection, Label};
use crate::frame::Frame;
use crate::geometry::BoundingBox;
use crate::report::{Hash, ModelIdentity};
use crate::time::MediaTime;

/// A detector that reads its finds from a script.
#[derive(Debug)]
pub struct Scripted {
    lines: Vec<Line>,
    models: [ModelIdentity; 1],
}

#[derive(Debug)]
struct Line {
    recording: Option<String>,
    pts: MediaTime,
    faces: Vec<Detection>,
    people: Option<Vec<Detection>>,
}

/// A line of the script that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ScriptError {
    pub line: usize,
    pub reason: String,
}

#[derive(Deserialize)]
struct RawLine {
    #[serde(default)]
    recording: Option<String>,
    pts_s: f64,
    #[serde(default)]
    faces: Vec<RawDetection>,
    #[serde(default)]
    people: Option<Vec<RawDetection>>,
}

#[derive(Deserialize)]
struct RawDetection {
    score: f32,
    r#box: [f32; 4],
}

impl RawDetection {
    fn labelled(self, label: Label) -> Detection {
        let [left, top, right, bottom] = self.r#box;
        let bounding_box = BoundingBox::new(left, top, right, bottom);
        Detection { label, score: self.score, bounding_box }
    }
}

impl Scripted {
    /// Reads a script. Lines may come in any order; empty ones are skipped.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let mut lines = Vec::new();
        for (number, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            let fault = |reason: String| ScriptError { line: number + 1, reason };
            let raw: RawLine = serde_json::from_str(text).map_err(|e| fault(e.to_string()))?;
            if !raw.pts_s.is_finite() {
                return Err(fault("pts_s is not a number of seconds".to_owned()));
            }
            let labelled = |raw: Vec<RawDetection>, label| {
                raw.into_iter().map(|raw| raw.labelled(label)).collect()
            };
            lines.push(Line {
                recording: raw.recording,
                pts: MediaTime::from_secs_f64(raw.pts_s),
                faces: labelled(raw.faces, Label::Face),
                people: raw.people.map(|people| labelled(people, Label::Person)),
            });
        }
        lines.sort_by_key(|line| line.pts);
        let sha256 = Hash::of(text.as_bytes());
        Ok(Self { lines, models: [ModelIdentity { name: "scripted".to_owned(), sha256 }] })
    }

    /// Leaves out the lines of other recordings.
    #[must_use]
    pub fn only(mut self, recording: &str) -> Self {
        self.lines.retain(|line| line.recording.as_deref().is_none_or(|name| name == recording));
        self
    }

    /// The lines up to a moment, the latest first.
    fn up_to(&self, pts: MediaTime) -> impl Iterator<Item = &Line> {
        let after = self.lines.partition_point(|line| line.pts.as_millis() <= pts.as_millis());
        self.lines[..after].iter().rev()
    }
}

impl Detector for Scripted {
    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        Ok(self.up_to(frame.pts).next().map(|line| line.faces.clone()).unwrap_or_default())
    }

    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        Ok(self.up_to(frame.pts).find_map(|line| line.people.clone()).unwrap_or_default())
    }

    fn models(&self) -> &[ModelIdentity] {
        &self.models
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Payload;
    use crate::geometry::Size;

    fn frame_at(millis: i64) -> Frame {
        let pts = MediaTime::from_millis(millis);
        Frame { seq: 0, pts, size: Size::new(1, 1), payload: Payload::Gray8(vec![0]) }
    }

    #[test]
    fn a_frame_gets_the_latest_line_that_is_not_after_it() {
        let script = r#"
            {"pts_s": 1.0, "faces": []}
            {"pts_s": 0.0, "faces": [{"score": 0.9, "box": [1, 2, 3, 4]}]}
        "#;
        let mut scripted = Scripted::parse(script).unwrap();
        assert_eq!(scripted.faces(&frame_at(999)).unwrap().len(), 1);
        assert_eq!(scripted.faces(&frame_at(1000)).unwrap().len(), 0);
        assert_eq!(scripted.faces(&frame_at(-1)).unwrap().len(), 0);
    }

    #[test]
    fn lines_of_another_recording_are_left_out() {
        let face = |recording: &str| {
            format!(
                r#"{{"recording": "{recording}", "pts_s": 0, "faces": [{{"score": 0.9, "box": [1, 2, 3, 4]}}]}}"#
            )
        };
        let script = format!("{}\n{{\"pts_s\": 5}}", face("a.mp4"));
        let mut own = Scripted::parse(&script).unwrap().only("a.mp4");
        let mut other = Scripted::parse(&script).unwrap().only("b.mp4");
        assert_eq!(own.faces(&frame_at(0)).unwrap().len(), 1);
        assert_eq!(other.faces(&frame_at(0)).unwrap().len(), 0);
    }

    #[test]
    fn a_line_without_people_leaves_them_as_they_were() {
        let script = r#"
            {"pts_s": 0, "people": [{"score": 0.9, "box": [1, 2, 3, 4]}]}
            {"pts_s": 1}
            {"pts_s": 2, "people": []}
        "#;
        let mut scripted = Scripted::parse(script).unwrap();
        let counts = [0, 1_500, 2_500].map(|at| scripted.people(&frame_at(at)).unwrap().len());
        assert_eq!(counts, [1, 1, 0]);
    }

    #[test]
    fn a_broken_line_is_named_by_its_number() {
        let error = Scripted::parse("{\"pts_s\": 0}\n{\"pts_s\": \"soon\"}\n").unwrap_err();
        assert_eq!(error.line, 2);
    }
}
