//! From the outputs of a network to detections in pixels of the frame. Pure.
//!
//! The face network (`YuNet`) has one output for each of three strides (8, 16, 32 pixels of its
//! input). A cell has 16 channels:
//!
//! | channel | meaning |
//! |---|---|
//! | 0, 1 | logits of "a face" and of "an object"; the score is the root of the product of both sigmoids |
//! | 2, 3 | centre of the box from the corner of the cell, in strides |
//! | 4, 5 | logarithms of width and height in strides |
//! | 6.. | five landmarks (x, y): right eye, left eye, nose, right and left corner of the mouth; unused |
//!
//! The person network (`SSDLite`) decodes its 1917 anchors itself: five scores and one box each.

use super::layout::Layout;
use crate::detection::{Detection, Label, non_maximum_suppression};
use crate::geometry::BoundingBox;

/// Below this score a face is not worth reporting; the policy's thresholds are higher.
pub const FACE_FLOOR: f32 = 0.3;
/// The same for people.
pub const PERSON_FLOOR: f32 = 0.2;
/// Overlap from which two faces are one.
const FACE_MAX_IOU: f32 = 0.4;
/// Overlap from which two bodies are one.
const PERSON_MAX_IOU: f32 = 0.5;

/// Pixels of the input for each cell of the three outputs, in their order.
const STRIDES: [u32; 3] = [8, 16, 32];
const CHANNELS: usize = 16;
/// Person, cell phone, book, laptop, tv.
const CLASSES: usize = 5;
/// Top, left, bottom, right.
const EDGES: usize = 4;

/// Decodes the outputs of the face network: best first, overlapping boxes removed.
pub fn faces(levels: [&[f32]; 3], layout: Layout) -> Vec<Detection> {
    let mut found = Vec::new();
    for (cells, stride) in levels.into_iter().zip(STRIDES) {
        let columns = (layout.tensor.width / stride) as usize;
        for (at, cell) in cells.as_chunks::<CHANNELS>().0.iter().enumerate() {
            if let Some(score) = face_score(cell) {
                let corner = ((at % columns) as f32, (at / columns) as f32);
                let bounding_box = layout.to_frame(face_box(cell, corner, stride as f32));
                found.push(Detection { label: Label::Face, score, bounding_box });
            }
        }
    }
    non_maximum_suppression(found, FACE_MAX_IOU)
}

/// None below the floor. Most cells end at the first comparison: a product of two sigmoids cannot
/// exceed either.
fn face_score(cell: &[f32; CHANNELS]) -> Option<f32> {
    const FLOOR_SQUARED: f32 = FACE_FLOOR * FACE_FLOOR;
    let object = sigmoid(cell[1]);
    if object < FLOOR_SQUARED {
        return None;
    }
    let score = (sigmoid(cell[0]) * object).sqrt();
    (score >= FACE_FLOOR).then_some(score)
}

/// The box of a cell, in pixels of the tensor.
fn face_box(cell: &[f32; CHANNELS], corner: (f32, f32), stride: f32) -> BoundingBox {
    let (x, y) = ((corner.0 + cell[2]) * stride, (corner.1 + cell[3]) * stride);
    let (half_width, half_height) = (cell[4].exp() * stride / 2.0, cell[5].exp() * stride / 2.0);
    BoundingBox::new(x - half_width, y - half_height, x + half_width, y + half_height)
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// Decodes the outputs of the person network: best first, overlapping boxes removed. Boxes come in
/// shares of the tensor. Other classes than the person are passed over.
pub fn people(scores: &[f32], boxes: &[f32], layout: Layout) -> Vec<Detection> {
    let (width, height) = (layout.tensor.width as f32, layout.tensor.height as f32);
    let anchors = scores.as_chunks::<CLASSES>().0.iter().zip(boxes.as_chunks::<EDGES>().0);
    let found = anchors
        .filter(|([person, ..], _)| *person >= PERSON_FLOOR)
        .map(|([person, ..], [top, left, bottom, right])| {
            let found =
                BoundingBox::new(left * width, top * height, right * width, bottom * height);
            let bounding_box = layout.to_frame(found);
            Detection { label: Label::Person, score: *person, bounding_box }
        })
        .collect();
    non_maximum_suppression(found, PERSON_MAX_IOU)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

    const SILENT: f32 = -20.0;

    /// The outputs for a 640x480 frame, in which nothing is found.
    fn silence() -> [Vec<f32>; 3] {
        [40 * 32, 20 * 16, 10 * 8].map(|cells| vec![SILENT; cells * CHANNELS])
    }

    fn decode(levels: &[Vec<f32>; 3]) -> Vec<Detection> {
        faces(levels.each_ref().map(Vec::as_slice), Layout::of_faces(Size::new(640, 480)))
    }

    /// Puts a face of two strides by four into the cell at (`column`, `row`).
    fn put(levels: &mut [Vec<f32>; 3], level: usize, (column, row): (usize, usize), logit: f32) {
        let columns = [40, 20, 10][level];
        let at = (row * columns + column) * CHANNELS;
        let size = [2.0_f32.ln(), 4.0_f32.ln()];
        levels[level][at..at + 6].copy_from_slice(&[logit, logit, 0.5, 0.25, size[0], size[1]]);
    }

    #[test]
    fn silence_is_no_face() {
        assert_eq!(decode(&silence()), []);
    }

    #[test]
    fn a_cell_becomes_a_box_in_pixels_of_the_frame() {
        for (level, stride) in [(0, 8.0), (1, 16.0), (2, 32.0_f32)] {
            let mut levels = silence();
            put(&mut levels, level, (3, 2), 2.0);
            let [found] = decode(&levels)[..] else { panic!("one face") };
            assert!((found.score - sigmoid(2.0)).abs() < 1e-6);
            let at = found.bounding_box;
            let (x, y) = at.center();
            assert!(
                (x - 3.5 * stride * 2.0).abs() < 1e-3 && (y - 2.25 * stride * 2.0).abs() < 1e-3
            );
            assert!((at.width() - 4.0 * stride).abs() < 1e-3, "{at:?}");
            assert!((at.height() - 8.0 * stride).abs() < 1e-3, "{at:?}");
        }
    }

    #[test]
    fn a_score_needs_both_the_face_and_the_object() {
        for (face, object, expected) in
            [(20.0, 20.0, 1), (20.0, -20.0, 0), (-20.0, 20.0, 0), (-0.8, -0.8, 1), (-0.9, -0.9, 0)]
        {
            let mut levels = silence();
            put(&mut levels, 0, (0, 0), face);
            levels[0][1] = object;
            assert_eq!(decode(&levels).len(), expected, "{face} {object}");
        }
    }

    #[test]
    fn neighbouring_cells_on_one_face_are_one_face() {
        let mut levels = silence();
        put(&mut levels, 1, (5, 5), 1.0);
        put(&mut levels, 1, (5, 6), 3.0);
        put(&mut levels, 1, (15, 6), 2.0);
        let scores: Vec<f32> = decode(&levels).iter().map(|found| found.score).collect();
        assert_eq!(scores, [sigmoid(3.0), sigmoid(2.0)]);
    }

    #[test]
    fn only_the_person_class_counts_and_boxes_stretch_back() {
        let layout = Layout::of_people(Size::new(640, 480));
        let scores = [0.1, 0.9, 0.9, 0.9, 0.9, 0.8, 0.0, 0.0, 0.0, 0.0];
        let boxes = [0.0, 0.0, 1.0, 1.0, 0.5, 0.25, 1.0, 0.75];
        let [found] = people(&scores, &boxes, layout)[..] else { panic!("one person") };
        assert_eq!((found.label, found.score), (Label::Person, 0.8));
        let expected = BoundingBox::new(160.0, 240.0, 480.0, 480.0);
        assert!(found.bounding_box.iou(&expected) > 0.9999, "{found:?}");
    }
}
