//! Faces that somebody wears: a print on a shirt is found as a face below their own.
//!
//! It is larger than its wearer's face, right below it, and within the body that begins at the wearer's head.
//! Whoever sits before somebody else has a body that begins at their own head; so the smaller face above is
//! not taken for a wearer's where one does, nor where no body was found.

use crate::detection::Detection;
use crate::geometry::BoundingBox;

/// A print is at least so many times as high as the wearer's face. A skull on a sweater was 1.4 to 2.0 times
/// as high; heads at the same distance are hardly different.
const LARGER: f32 = 1.3;
/// It begins no further below the wearer's chin than so many heights of their face. The skull: 0.3 to 0.5.
const CHIN_TO_PRINT: f32 = 1.0;
/// A face is within a body of which so much of it is a part.
const WITHIN: f32 = 0.8;
/// A body begins no more than so many heights of the face above it: that is hair. At the heads of the
/// clips 0.0 to 0.4; the body of the one who wears the skull begins 0.8 and more of its height above it.
const HAIR: f32 = 0.6;

/// Whether a face is a print on what the one of another of these `faces` wears.
pub(super) fn is_worn(
    face: &BoundingBox,
    mut faces: impl Iterator<Item = BoundingBox>,
    bodies: &[Detection],
) -> bool {
    let has =
        |face: &BoundingBox, body: &Detection| face.share_inside(&body.bounding_box) >= WITHIN;
    let begins_at = |face: &BoundingBox, body: &Detection| {
        has(face, body) && face.top - body.bounding_box.top <= HAIR * face.height()
    };
    let is_wearer = |other: BoundingBox| {
        let (across, _) = other.center();
        (face.left..=face.right).contains(&across)
            && face.height() >= LARGER * other.height()
            && (0.0..=CHIN_TO_PRINT * other.height()).contains(&(face.top - other.bottom))
            && bodies.iter().any(|body| begins_at(&other, body) && has(face, body))
    };
    faces.any(is_wearer) && !bodies.iter().any(|body| begins_at(face, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detection::Label;

    fn find(label: Label, left: f32, top: f32, width: f32, height: f32) -> Detection {
        let bounding_box = BoundingBox::new(left, top, left + width, top + height);
        Detection { label, score: 0.9, bounding_box }
    }

    fn is_print(top: f32, height: f32, bodies: &[Detection]) -> bool {
        let own = find(Label::Face, 290.0, 80.0, 65.0, 82.0);
        let other = find(Label::Face, 320.0 - height / 2.3, top, height / 1.15, height);
        is_worn(&other.bounding_box, [own, other].map(|it| it.bounding_box).into_iter(), bodies)
    }

    #[test]
    fn a_large_face_right_below_one_and_within_their_body_is_a_print() {
        let body = find(Label::Person, 160.0, 54.0, 314.0, 420.0);
        assert!(is_print(192.0, 160.0, &[body]));
        assert!(!is_print(192.0, 90.0, &[body]), "a child on the lap");
        assert!(!is_print(300.0, 160.0, &[body]), "further below");
        assert!(!is_print(130.0, 160.0, &[body]), "one who hides the other's chin");
    }

    #[test]
    fn a_face_with_a_body_of_its_own_or_without_any_is_no_print() {
        let behind = find(Label::Person, 250.0, 54.0, 150.0, 400.0);
        let before = find(Label::Person, 160.0, 150.0, 314.0, 330.0);
        assert!(is_print(192.0, 160.0, &[behind]));
        assert!(!is_print(192.0, 160.0, &[behind, before]), "who sits before somebody");
        assert!(!is_print(192.0, 160.0, &[before]));
        assert!(!is_print(192.0, 160.0, &[]));
    }

    #[test]
    fn the_wearers_own_face_is_no_print() {
        let own = find(Label::Face, 290.0, 80.0, 65.0, 82.0);
        let print = find(Label::Face, 252.0, 194.0, 139.0, 161.0);
        let body = find(Label::Person, 160.0, 54.0, 314.0, 420.0);
        let faces = [own, print].map(|it| it.bounding_box);
        assert!(!is_worn(&own.bounding_box, faces.into_iter(), &[body]));
    }
}
