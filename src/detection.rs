//! What a model found in one frame, and the choice among overlapping finds.

use serde::{Deserialize, Serialize};

use crate::geometry::{BoundingBox, Size};

/// What a detection is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    Face,
    /// A body or a part of one, the face may be hidden.
    Person,
}

/// One find of a model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    pub label: Label,
    /// The model's own score, 0 to 1. Not a probability.
    pub score: f32,
    /// In pixels of the frame.
    pub bounding_box: BoundingBox,
}

/// Where people are in a picture, point by point.
#[derive(Clone, PartialEq)]
pub struct Silhouette {
    /// Points across and down, spread evenly over the picture.
    pub size: Size,
    /// Row by row, how sure it is that a point shows a person: 0 to 1.
    pub shares: Vec<f32>,
}

impl std::fmt::Debug for Silhouette {
    /// Says that it is one: outlines of people do not belong into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Silhouette").field("size", &self.size).finish_non_exhaustive()
    }
}

/// Keeps the best of overlapping detections of one label.
///
/// Greedy: the highest score stays, everything of its label that overlaps it by more than
/// `max_iou` (intersection over union) goes. The result is ordered by falling score.
pub fn non_maximum_suppression(mut found: Vec<Detection>, max_iou: f32) -> Vec<Detection> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept = Vec::<Detection>::new();
    for candidate in found {
        let covered = kept.iter().any(|better| {
            better.label == candidate.label
                && better.bounding_box.iou(&candidate.bounding_box) > max_iou
        });
        if !covered {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(score: f32, left: f32) -> Detection {
        let bounding_box = BoundingBox::new(left, 0.0, left + 10.0, 10.0);
        Detection { label: Label::Face, score, bounding_box }
    }

    #[test]
    fn suppression_keeps_the_strongest_of_overlapping_boxes() {
        let kept =
            non_maximum_suppression(vec![face(0.6, 1.0), face(0.9, 0.0), face(0.7, 50.0)], 0.3);
        assert_eq!(kept.iter().map(|d| d.score).collect::<Vec<_>>(), [0.9, 0.7]);
    }

    #[test]
    fn suppression_leaves_other_labels_alone() {
        let person = Detection { label: Label::Person, ..face(0.5, 0.0) };
        assert_eq!(non_maximum_suppression(vec![face(0.9, 0.0), person], 0.3).len(), 2);
    }
}
