//! Detections from a file in place of the models: for golden files and for trying policies.
//!
//! One JSON object a line, as `inview-replay --trace` writes them; only these fields are read:
//!
//! ```text
//! {"pts_s": 0.2, "faces": [{"score": 0.93, "box": [210.0, 96.5, 330.0, 260.0]}], "people": []}
//! ```
//!
//! `box` is left, top, right, bottom in pixels. A frame gets the line with the latest `pts_s` that
//! is not after its own timestamp (to the millisecond). Without `people`, none were seen.

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
    pts: MediaTime,
    faces: Vec<Detection>,
    people: Vec<Detection>,
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
                pts: MediaTime::from_secs_f64(raw.pts_s),
                faces: labelled(raw.faces, Label::Face),
                people: labelled(raw.people.unwrap_or_default(), Label::Person),
            });
        }
        lines.sort_by_key(|line| line.pts);
        let sha256 = Hash::of(text.as_bytes());
        Ok(Self { lines, models: [ModelIdentity { name: "scripted".to_owned(), sha256 }] })
    }

    fn at(&self, pts: MediaTime) -> Option<&Line> {
        let after = self.lines.partition_point(|line| line.pts.as_millis() <= pts.as_millis());
        after.checked_sub(1).and_then(|last| self.lines.get(last))
    }
}

impl Detector for Scripted {
    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        Ok(self.at(frame.pts).map(|line| line.faces.clone()).unwrap_or_default())
    }

    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        Ok(self.at(frame.pts).map(|line| line.people.clone()).unwrap_or_default())
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
    fn a_broken_line_is_named_by_its_number() {
        let error = Scripted::parse("{\"pts_s\": 0}\n{\"pts_s\": \"soon\"}\n").unwrap_err();
        assert_eq!(error.line, 2);
    }
}
