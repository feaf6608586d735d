//! From detections to what is in view in one frame.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fixtures::{Fixtures, Nature};
use super::policy::Policy;
use crate::detection::{Detection, Label};
use crate::geometry::{BoundingBox, Size};
use crate::time::MediaTime;

/// What one frame shows of the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    Face,
    BodyOnly,
    Nobody,
}

/// Whether one frame shows somebody besides the candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Company {
    /// Yes, with this score.
    Yes(f32),
    No,
    /// Somebody or something is there that may be a picture on the wall.
    Undecided,
}

/// One frame, read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reading {
    pub view: View,
    pub company: Company,
    /// Where the candidate's face is.
    pub face: Option<BoundingBox>,
    /// Best score of any find that may be the candidate, believed or not.
    pub best_face: f32,
    pub best_person: f32,
    /// The share of the candidate's silhouette that is as it was, where that alone says that somebody
    /// is there.
    pub remains: Option<f64>,
}

/// Reads frames, remembering where the candidate was and what never moves.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    fixtures: Fixtures,
    face: Option<Place>,
    person: Option<Place>,
}

/// Where the candidate was last.
#[derive(Clone, Copy, Debug)]
struct Place {
    bounding_box: BoundingBox,
    at: MediaTime,
}

/// The place is remembered this long.
const PLACE_LASTS: Duration = Duration::from_secs(1);

/// A frame's finds with their natures.
struct Finds<'a> {
    of: Vec<(&'a Detection, Nature)>,
}

/// Overlap with its last place from which a find needs only the lower score.
const SAME_PLACE_IOU: f32 = 0.3;
/// Another body shares less of itself than this with the candidate's box: detectors also find
/// halves of one person.
const APART_SHARE: f32 = 0.6;

impl Viewer {
    pub(super) fn new(policy: &Policy) -> Self {
        let after = Duration::from_millis(policy.picture.fixture_ms);
        Self { fixtures: Fixtures::new(after), face: None, person: None }
    }

    /// Reads one frame. `people` are the latest that are known; `fresh` says that they were looked
    /// for in this very frame.
    pub(super) fn read(
        &mut self,
        policy: &Policy,
        at: MediaTime,
        frame: Size,
        faces: &[Detection],
        people: &[Detection],
        fresh: bool,
    ) -> Reading {
        let height = frame.height as f32;
        let faces = self.alive(at, frame, faces, policy.face.min_height * height, true);
        let people = self.alive(at, frame, people, policy.person.min_height * height, fresh);
        let last = |place: Option<Place>| {
            place.filter(|place| at.since(place.at) <= PLACE_LASTS).map(|place| place.bounding_box)
        };
        let face = believed(&faces, last(self.face), policy.face.enter, policy.face.keep);
        let person = match face {
            Some(face) => body_of(&people, &face.bounding_box),
            None => believed(&people, last(self.person), policy.person.enter, policy.person.keep),
        };
        let place = |find: &Detection| Place { bounding_box: find.bounding_box, at };
        self.face = face.map(place).or(self.face);
        self.person = person.map(place).or(self.person);
        let view = match (face, person) {
            (Some(_), _) => View::Face,
            (None, Some(_)) => View::BodyOnly,
            (None, None) => View::Nobody,
        };
        Reading {
            view,
            company: company(policy, &faces, face, &people, person),
            face: face.map(|face| face.bounding_box),
            best_face: faces.best(),
            best_person: people.best(),
            remains: None,
        }
    }

    fn alive<'a>(
        &mut self,
        at: MediaTime,
        frame: Size,
        finds: &'a [Detection],
        min_height: f32,
        fresh: bool,
    ) -> Finds<'a> {
        let natures = if fresh {
            self.fixtures.take(at, frame, finds)
        } else {
            self.fixtures.recall(frame, finds)
        };
        let of = finds
            .iter()
            .zip(natures)
            .filter(|(find, nature)| {
                *nature != Nature::Fixture
                    && find.bounding_box.clipped_to(frame).height() >= min_height
            })
            .collect();
        Finds { of }
    }
}

impl Finds<'_> {
    fn best(&self) -> f32 {
        self.of.iter().map(|(find, _)| find.score).fold(0.0, f32::max)
    }
}

/// The find that is the candidate: one above `enter`, or above `keep` where the candidate was a
/// moment ago. Of several, the one that was there before; or else one that is known to live; or
/// else the highest score.
fn believed<'a>(
    finds: &Finds<'a>,
    last: Option<BoundingBox>,
    enter: f32,
    keep: f32,
) -> Option<&'a Detection> {
    let stayed =
        |find: &Detection| last.is_some_and(|last| last.iou(&find.bounding_box) >= SAME_PLACE_IOU);
    finds
        .of
        .iter()
        .filter(|(find, _)| find.score >= enter || find.score >= keep && stayed(find))
        .max_by(|(a, a_nature), (b, b_nature)| {
            let known = (stayed(a), *a_nature == Nature::Live);
            known.cmp(&(stayed(b), *b_nature == Nature::Live)).then(a.score.total_cmp(&b.score))
        })
        .map(|(find, _)| *find)
}

/// The body that a face belongs to: the one that holds most of it.
fn body_of<'a>(people: &Finds<'a>, face: &BoundingBox) -> Option<&'a Detection> {
    people
        .of
        .iter()
        .map(|(find, _)| *find)
        .filter(|person| face.share_inside(&person.bounding_box) >= 0.5)
        .max_by(|a, b| a.score.total_cmp(&b.score))
}

fn company(
    policy: &Policy,
    faces: &Finds<'_>,
    face: Option<&Detection>,
    people: &Finds<'_>,
    person: Option<&Detection>,
) -> Company {
    let apart = |find: &Detection, own: Option<&Detection>| {
        own.is_none_or(|own| {
            find.bounding_box.share_inside(&own.bounding_box) < APART_SHARE
                && own.bounding_box.share_inside(&find.bounding_box) < APART_SHARE
        })
    };
    let others =
        |finds: &Finds<'_>, own: Option<&Detection>, threshold: f32| -> Vec<(f32, Nature)> {
            finds
                .of
                .iter()
                .filter(|(find, _)| find.score >= threshold && own.is_some() && apart(find, own))
                .filter(|(find, _)| find.label == Label::Face || apart_from_face(find, face))
                .map(|(find, nature)| (find.score, *nature))
                .collect()
        };
    let mut found = others(faces, face, policy.face.another);
    found.extend(others(people, person, policy.person.another));
    let live = found.iter().filter(|(_, nature)| *nature == Nature::Live);
    match live.map(|(score, _)| *score).max_by(f32::total_cmp) {
        Some(score) => Company::Yes(score),
        None if found.is_empty() => Company::No,
        None => Company::Undecided,
    }
}

/// Whether a body is not the one that the candidate's face belongs to.
fn apart_from_face(body: &Detection, face: Option<&Detection>) -> bool {
    face.is_none_or(|face| face.bounding_box.share_inside(&body.bounding_box) < 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Size = Size::new(640, 480);

    fn find(label: Label, score: f32, left: f32, width: f32, height: f32) -> Detection {
        let bounding_box = BoundingBox::new(left, 80.0, left + width, 80.0 + height);
        Detection { label, score, bounding_box }
    }

    fn face(score: f32, left: f32) -> Detection {
        find(Label::Face, score, left, 70.0, 90.0)
    }

    fn person(score: f32, left: f32) -> Detection {
        find(Label::Person, score, left, 220.0, 400.0)
    }

    fn read(frames: &[(&[Detection], &[Detection])]) -> Vec<(View, Company)> {
        let policy = Policy::default();
        let mut viewer = Viewer::new(&policy);
        let mut at = MediaTime::ZERO;
        let mut read = |(faces, people): &(&[Detection], &[Detection])| {
            let reading = viewer.read(&policy, at, FRAME, faces, people, true);
            at = at + Duration::from_millis(200);
            (reading.view, reading.company)
        };
        frames.iter().map(&mut read).collect()
    }

    #[test]
    fn a_weak_face_is_believed_only_where_the_candidate_was() {
        let views = read(&[
            (&[face(0.55, 300.0)], &[]),
            (&[face(0.9, 300.0)], &[]),
            (&[face(0.55, 310.0)], &[]),
            (&[face(0.55, 500.0)], &[]),
        ]);
        let views: Vec<View> = views.into_iter().map(|(view, _)| view).collect();
        assert_eq!(views, [View::Nobody, View::Face, View::Face, View::Nobody]);
    }

    #[test]
    fn a_body_without_a_face_is_somebody() {
        assert_eq!(read(&[(&[], &[person(0.5, 200.0)])]), [(View::BodyOnly, Company::No)]);
    }

    #[test]
    fn people_in_the_distance_are_not_the_candidate() {
        let hiker = find(Label::Person, 0.9, 100.0, 30.0, 70.0);
        assert_eq!(read(&[(&[], &[hiker])]), [(View::Nobody, Company::No)]);
    }

    #[test]
    fn a_second_face_counts_once_it_has_moved() {
        let frames = [
            (vec![face(0.9, 200.0), face(0.9, 450.0)], vec![]),
            (vec![face(0.9, 206.0), face(0.9, 456.0)], vec![]),
            (vec![face(0.9, 203.0), face(0.9, 453.0)], vec![]),
            (vec![face(0.9, 206.0), face(0.9, 456.0)], vec![]),
        ];
        let frames: Vec<(&[Detection], &[Detection])> =
            frames.iter().map(|(faces, people)| (&faces[..], &people[..])).collect();
        let read = read(&frames);
        assert_eq!(read[0], (View::Face, Company::Undecided));
        assert_eq!(read[3].1, Company::Yes(0.9));
    }

    #[test]
    fn a_candidates_own_body_and_its_halves_are_no_company() {
        let half = find(Label::Person, 0.7, 220.0, 180.0, 200.0);
        let read = read(&[(&[face(0.9, 280.0)], &[person(0.9, 200.0), half])]);
        assert_eq!(read, [(View::Face, Company::No)]);
    }

    #[test]
    fn a_second_body_beside_the_candidates_is_company() {
        let moved = [
            (vec![face(0.9, 100.0)], vec![person(0.9, 40.0), person(0.6, 400.0)]),
            (vec![face(0.9, 104.0)], vec![person(0.9, 46.0), person(0.6, 408.0)]),
            (vec![face(0.9, 108.0)], vec![person(0.9, 50.0), person(0.6, 416.0)]),
            (vec![face(0.9, 104.0)], vec![person(0.9, 46.0), person(0.6, 408.0)]),
        ];
        let frames: Vec<(&[Detection], &[Detection])> =
            moved.iter().map(|(faces, people)| (&faces[..], &people[..])).collect();
        assert_eq!(read(&frames)[3].1, Company::Yes(0.6));
    }
}
