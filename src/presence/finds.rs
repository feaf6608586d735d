//! What the models found in one frame, and which of it may be the candidate.

use super::fixtures::{Fixtures, Nature};
use super::policy::PersonPolicy;
use crate::detection::Detection;
use crate::geometry::{BoundingBox, Size};

/// The body of a face that never moves is at most so many of its heights high: it is in the same picture.
const BODY_IN_FACES: f32 = 5.0;

/// A frame's finds with their natures.
#[derive(Clone, Debug)]
pub(super) struct Finds<'a> {
    pub of: Vec<(&'a Detection, Nature)>,
}

impl Finds<'_> {
    /// Those of at least this part of the frame's height.
    pub(super) fn reaching(mut self, frame: Size, share: f32) -> Self {
        self.of.retain(|(find, _)| height_in(frame, find) >= share);
        self
    }

    /// Without the bodies that belong to faces which never move: a portrait shows shoulders, too.
    pub(super) fn without_pictures(mut self, fixtures: &Fixtures) -> Self {
        self.of.retain(|(body, _)| {
            !fixtures.faces().any(|face| is_its_body(&face, &body.bounding_box))
        });
        self
    }

    /// Without those around a face that never moves that nobody would be believed by: a poster's body may seem to
    /// go on below it, where the candidate's was.
    pub(super) fn without_weak_pictures(mut self, fixtures: &Fixtures, enter: f32) -> Self {
        self.of.retain(|(body, _)| {
            body.score >= enter
                || !fixtures.faces().any(|face| is_at_its_head(&face, &body.bounding_box))
        });
        self
    }

    /// Those that are large enough for the candidate, or all that shows of them, and those that are too small
    /// and large enough for company.
    pub(super) fn by_distance(
        self,
        frame: Size,
        policy: &PersonPolicy,
        is_bent: impl Fn(&Detection) -> bool,
    ) -> (Self, Self) {
        let here = self.reaching(frame, policy.another_min_height);
        let is_near =
            |find: &Detection| height_in(frame, find) >= policy.min_height || is_bent(find);
        let (near, mut distant): (Vec<_>, Vec<_>) =
            here.of.into_iter().partition(|(find, _)| is_near(find));
        distant.retain(|(find, _)| find.score >= policy.enter);
        (Self { of: near }, Self { of: distant })
    }

    /// Those that are not so.
    pub(super) fn without(&self, is_so: impl Fn(&Detection) -> bool) -> Self {
        Self { of: self.of.iter().filter(|(find, _)| !is_so(find)).copied().collect() }
    }

    pub(super) fn best(&self) -> f32 {
        self.of.iter().map(|(find, _)| find.score).fold(0.0, f32::max)
    }
}

/// Whether a body is as large as one of this face is, with the face at its head.
fn is_its_body(face: &BoundingBox, body: &BoundingBox) -> bool {
    body.height() <= BODY_IN_FACES * face.height() && is_at_its_head(face, body)
}

fn is_at_its_head(face: &BoundingBox, body: &BoundingBox) -> bool {
    let (across, down) = face.center();
    face.share_inside(body) >= 0.8
        && (across - body.center().0).abs() <= body.width() / 4.0
        && down <= body.center().1
}

/// The part of the frame's height that a find takes.
fn height_in(frame: Size, find: &Detection) -> f32 {
    find.bounding_box.clipped_to(frame).height() / (frame.height as f32).max(1.0)
}
