//! From detections to what is in view in one frame.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::beside::{Beside, Candidate, Company, Everybody};
use super::finds::Finds;
use super::fixtures::{Fixtures, MUCH_SMALLER, Moment, Nature};
use super::policy::Policy;
use super::stir::Stir;
use super::worn::is_worn;
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

/// One frame, read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reading {
    pub view: View,
    pub company: Company,
    /// Where the candidate's face is, and their body.
    pub face: Option<BoundingBox>,
    pub person: Option<BoundingBox>,
    /// Best score of any find that may be the candidate, believed or not.
    pub best_face: f32,
    pub best_person: f32,
    /// The share of the candidate's silhouette that is as it was, where that alone says that somebody
    /// is there.
    pub remains: Option<f64>,
    /// Nobody is found, and the candidate may yet be coming back.
    pub may_be_back: bool,
    /// The candidate is found after nobody was, and something of them was there since then.
    pub back_since: Option<MediaTime>,
}

impl Reading {
    /// The picture was empty, and is not as it was.
    pub(super) fn stirred(&mut self, stir: &Stir, at: MediaTime, frame: Size) {
        let places = [self.face, self.person].into_iter().flatten();
        let since = places.filter_map(|place| stir.since_at(&place.shares_of(frame))).min();
        self.may_be_back = self.view == View::Nobody && stir.lasts(at);
        self.back_since = (self.view != View::Nobody).then(|| since.unwrap_or(at));
    }
}

/// Reads frames, remembering where the candidate was and what never moves.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    fixtures: Fixtures,
    face: Option<Place>,
    person: Option<Place>,
    /// Faces that were seen beside the candidate's own, and are much smaller.
    background: Vec<Place>,
    beside: Beside,
}

/// Where the candidate was last.
#[derive(Clone, Copy, Debug)]
struct Place {
    bounding_box: BoundingBox,
    at: MediaTime,
}

/// The place is remembered this long.
const PLACE_LASTS: Duration = Duration::from_secs(1);

/// Where a face in the background was is remembered this long: as long as a find that is missed.
const BACKGROUND_LASTS: Duration = Duration::from_secs(2);
/// What reaches down to this part of the frame's height is cut by its edge.
const LOWER_EDGE: f32 = 0.99;
/// Overlap with its last place from which a find needs only the lower score.
pub(super) const SAME_PLACE_IOU: f32 = 0.3;
/// A face in noise is found now here, now there on a head, by less than so many of its widths …
const SAME_HEAD: f32 = 0.75;
/// … and hardly larger or smaller.
const SAME_SIZE: f32 = 1.3;
/// So much of a face lies in the body that it belongs to, if nothing but that body says that it is one.
const IN_ITS_BODY: f32 = 0.8;

impl Viewer {
    pub(super) fn new(policy: &Policy) -> Self {
        let after = Duration::from_millis(policy.picture.fixture_ms);
        Self {
            fixtures: Fixtures::new(after),
            face: None,
            person: None,
            background: Vec::new(),
            beside: Beside::default(),
        }
    }

    /// Reads one frame. `people` are the latest that are known; `fresh` says that they were looked
    /// for in this very frame.
    pub(super) fn read(
        &mut self,
        policy: &Policy,
        moment: &Moment<'_>,
        faces: &[Detection],
        people: &[Detection],
        fresh: bool,
    ) -> Reading {
        let Moment { at, frame, .. } = *moment;
        let wearers = faces.iter().filter(|face| face.score >= policy.face.keep);
        let wearers = wearers.map(|face| face.bounding_box);
        let mut faces = self.alive(moment, faces, true).reaching(frame, policy.face.min_height);
        faces.of.retain(|(find, _)| !is_worn(&find.bounding_box, wearers.clone(), people));
        let faces = self.near_enough(at, faces);
        let everybody = self.alive(moment, people, fresh).without_pictures(&self.fixtures);
        let bent = |find: &Detection| self.face.is_some_and(|face| is_bent(find, &face, frame));
        let (people, distant) = everybody.by_distance(frame, &policy.person, bent);
        let (faces, face, person) = self.candidate(policy, moment, faces, &people);
        let place = |find: &Detection| Place { bounding_box: find.bounding_box, at };
        self.face = face.map(place).or(self.face);
        self.person = person.map(place).or(self.person);
        self.note_background(at, &faces, face);
        let view = match (face, person) {
            (Some(_), _) => View::Face,
            (None, Some(_)) => View::BodyOnly,
            (None, None) => View::Nobody,
        };
        Reading {
            view,
            company: self.beside.look(
                policy,
                at,
                Candidate { face, person },
                Everybody { faces: &faces, people: &people, distant: &distant, fresh },
            ),
            face: face.map(|face| face.bounding_box),
            person: person.map(|person| person.bounding_box),
            best_face: faces.best(),
            best_person: people.best(),
            remains: None,
            may_be_back: false,
            back_since: None,
        }
    }

    /// Their face and body among these, and the faces without what is before theirs: a face that is covered is none
    /// while the body that it belongs to is found, and nobody else's face would be theirs.
    fn candidate<'a>(
        &mut self,
        policy: &Policy,
        moment: &Moment<'_>,
        faces: Finds<'a>,
        people: &Finds<'a>,
    ) -> (Finds<'a>, Option<&'a Detection>, Option<&'a Detection>) {
        let Moment { at, likeness, .. } = *moment;
        let last = |place: Option<Place>| {
            place.filter(|place| at.since(place.at) <= PLACE_LASTS).map(|place| place.bounding_box)
        };
        let shows = |find: &Detection| likeness.is_some_and(|it| it.shows(find));
        let keep = |find: &Detection| if shows(find) { 0.0 } else { policy.face.keep };
        let face = |faces: &Finds<'a>| believed(faces, last(self.face), policy.face.enter, keep);
        let body = || {
            let (enter, keep) = (policy.person.enter, policy.person.keep);
            let bodies = people.clone().without_weak_pictures(&self.fixtures, enter);
            believed(&bodies, last(self.person), enter, |_| keep)
        };
        let is_covered = |find: &Detection| likeness.is_some_and(|it| it.covers(find));
        let Some(own) = face(&faces) else {
            let body = body();
            let own = body.and_then(|it| face_of(&faces, &it.bounding_box, policy.face.keep));
            return (faces, own.filter(|own| !is_covered(own)), body);
        };
        if is_covered(own) {
            let rest = faces.without(is_covered);
            let own_body =
                body().filter(|it| own.bounding_box.share_inside(&it.bounding_box) >= 0.5);
            if own_body.is_some() && face(&rest).is_none() {
                // It is there, behind what covers it.
                self.face = Some(Place { bounding_box: own.bounding_box, at });
                return (rest, None, own_body);
            }
        }
        (faces, Some(own), body_of(people, &own.bounding_box))
    }

    /// Faces that may be the candidate's: where theirs is gone, none that was beside it and much smaller.
    /// These are followed, and remembered for as long as they are seen.
    fn near_enough<'a>(&mut self, at: MediaTime, mut faces: Finds<'a>) -> Finds<'a> {
        self.background.retain(|place| at.since(place.at) <= BACKGROUND_LASTS);
        let last = self.face.map(|place| place.bounding_box);
        if last.is_some_and(|last| self.fixtures.faces().any(|it| it.iou(&last) >= SAME_PLACE_IOU))
        {
            // What was taken for the candidate's is a picture.
            self.background.clear();
        }
        let candidate = self.face.filter(|place| at.since(place.at) <= PLACE_LASTS);
        let is_theirs = |find: &Detection| {
            candidate
                .is_some_and(|place| place.bounding_box.iou(&find.bounding_box) >= SAME_PLACE_IOU)
        };
        if faces.of.iter().any(|(find, _)| is_theirs(find)) {
            return faces;
        }
        faces.of.retain(|(find, _)| {
            let known = self.background.iter_mut().find(|place| {
                let overlap = place.bounding_box.iou(&find.bounding_box);
                let grown = place.bounding_box.height() / MUCH_SMALLER;
                overlap >= SAME_PLACE_IOU && find.bounding_box.height() < grown
            });
            if let Some(place) = known {
                *place = Place { bounding_box: find.bounding_box, at };
                return false;
            }
            true
        });
        faces
    }

    /// Remembers the small faces beside one that is known to live.
    fn note_background(&mut self, at: MediaTime, faces: &Finds<'_>, face: Option<&Detection>) {
        let is_own = |find: &Detection| face.is_some_and(|own| std::ptr::eq(own, find));
        let own = faces.of.iter().find(|(find, nature)| is_own(find) && *nature == Nature::Live);
        let Some((own, _)) = own else { return };
        let least = MUCH_SMALLER * own.bounding_box.height();
        let smaller = faces.of.iter().map(|(find, _)| find.bounding_box);
        for bounding_box in smaller.filter(|it| it.height() < least) {
            let same = |place: &Place| place.bounding_box.iou(&bounding_box) >= SAME_PLACE_IOU;
            self.background.retain(|place| !same(place));
            self.background.push(Place { bounding_box, at });
        }
    }

    fn alive<'a>(&mut self, moment: &Moment<'_>, finds: &'a [Detection], fresh: bool) -> Finds<'a> {
        let natures = if fresh {
            self.fixtures.take(moment, finds)
        } else {
            self.fixtures.recall(moment.frame, finds)
        };
        let finds = finds.iter().zip(natures).filter(|(_, nature)| *nature != Nature::Fixture);
        let off_screen = finds.filter_map(|(find, nature)| {
            match (moment.screens.show(&find.bounding_box), nature) {
                (Some(true), _) => None,
                (Some(false), Nature::Live) => Some((find, Nature::Undecided)),
                (Some(false) | None, _) => Some((find, nature)),
            }
        });
        Finds { of: off_screen.collect() }
    }
}

/// The find that is the candidate: one above `enter`, or above what `keep` says of it where the candidate was a
/// moment ago. Of several, the one that was there before; or else one that is known to live; or
/// else the highest score.
fn believed<'a>(
    finds: &Finds<'a>,
    last: Option<BoundingBox>,
    enter: f32,
    keep: impl Fn(&Detection) -> f32,
) -> Option<&'a Detection> {
    let stayed = |find: &Detection| {
        last.is_some_and(|last| {
            last.iou(&find.bounding_box) >= SAME_PLACE_IOU
                || find.label == Label::Face && is_on_same_head(&last, &find.bounding_box)
        })
    };
    finds
        .of
        .iter()
        .filter(|(find, _)| find.score >= enter || find.score >= keep(find) && stayed(find))
        .max_by(|(a, a_nature), (b, b_nature)| {
            let known = (stayed(a), *a_nature == Nature::Live);
            known.cmp(&(stayed(b), *b_nature == Nature::Live)).then(a.score.total_cmp(&b.score))
        })
        .map(|(find, _)| *find)
}

/// Whether two finds are of the face of one head.
pub(super) fn is_on_same_head(a: &BoundingBox, b: &BoundingBox) -> bool {
    let ((ax, ay), (bx, by)) = (a.center(), b.center());
    (ax - bx).hypot(ay - by) <= SAME_HEAD * a.width()
        && a.height().max(b.height()) <= SAME_SIZE * a.height().min(b.height())
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

/// The face within the upper half of a body that is believed: two networks err at the same place less often than
/// one.
fn face_of<'a>(faces: &Finds<'a>, body: &BoundingBox, keep: f32) -> Option<&'a Detection> {
    let is_its = |face: &BoundingBox| {
        face.share_inside(body) >= IN_ITS_BODY && face.center().1 <= body.center().1
    };
    let finds = faces.of.iter().map(|(find, _)| *find);
    finds
        .filter(|face| face.score >= keep && is_its(&face.bounding_box))
        .max_by(|a, b| a.score.total_cmp(&b.score))
}

/// Whether a body is what shows of a candidate who is bent down: cut by the frame's lower edge, and as wide as
/// their face was. Whoever is far away is seen to the knees, or is not as wide.
fn is_bent(body: &Detection, face: &Place, frame: Size) -> bool {
    let body = body.bounding_box.clipped_to(frame);
    body.bottom >= LOWER_EDGE * frame.height as f32 && body.width() >= face.bounding_box.width()
}
