//! From detections to what is in view in one frame.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::beside::{Beside, Candidate, Company, Everybody};
use super::fixtures::{Fixtures, MUCH_SMALLER, Moment, Nature};
use super::policy::{PersonPolicy, Policy};
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
    /// Where the candidate's face is.
    pub face: Option<BoundingBox>,
    /// Best score of any find that may be the candidate, believed or not.
    pub best_face: f32,
    pub best_person: f32,
    /// The share of the candidate's silhouette that is as it was, where that alone says that somebody
    /// is there.
    pub remains: Option<f64>,
    /// Nobody is found, and the candidate may yet be coming back.
    pub may_be_back: bool,
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
/// The body of a face that never moves is at most so many of its heights high: it is in the same picture.
const BODY_IN_FACES: f32 = 5.0;

/// What reaches down to this part of the frame's height is cut by its edge.
const LOWER_EDGE: f32 = 0.99;

/// A frame's finds with their natures.
#[derive(Clone, Debug)]
pub(super) struct Finds<'a> {
    pub of: Vec<(&'a Detection, Nature)>,
}

/// Overlap with its last place from which a find needs only the lower score.
pub(super) const SAME_PLACE_IOU: f32 = 0.3;
/// A face in noise is found now here, now there on a head, by less than so many of its widths …
const SAME_HEAD: f32 = 0.75;
/// … and hardly larger or smaller.
const SAME_SIZE: f32 = 1.3;

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
        let last = |place: Option<Place>| {
            place.filter(|place| at.since(place.at) <= PLACE_LASTS).map(|place| place.bounding_box)
        };
        let face = believed(&faces, last(self.face), policy.face.enter, policy.face.keep);
        let person = if let Some(face) = face {
            body_of(&people, &face.bounding_box)
        } else {
            let (enter, keep) = (policy.person.enter, policy.person.keep);
            let bodies = people.clone().without_weak_pictures(&self.fixtures, enter);
            believed(&bodies, last(self.person), enter, keep)
        };
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
            best_face: faces.best(),
            best_person: people.best(),
            remains: None,
            may_be_back: false,
        }
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

impl Finds<'_> {
    /// Those of at least this part of the frame's height.
    fn reaching(mut self, frame: Size, share: f32) -> Self {
        self.of.retain(|(find, _)| height_in(frame, find) >= share);
        self
    }

    /// Without the bodies that belong to faces which never move: a portrait shows shoulders, too.
    fn without_pictures(mut self, fixtures: &Fixtures) -> Self {
        self.of.retain(|(body, _)| {
            !fixtures.faces().any(|face| is_its_body(&face, &body.bounding_box))
        });
        self
    }

    /// Without those around a face that never moves that nobody would be believed by: a poster's body may seem to
    /// go on below it, where the candidate's was.
    fn without_weak_pictures(mut self, fixtures: &Fixtures, enter: f32) -> Self {
        self.of.retain(|(body, _)| {
            body.score >= enter
                || !fixtures.faces().any(|face| is_at_its_head(&face, &body.bounding_box))
        });
        self
    }

    /// Those that are large enough for the candidate, or all that shows of them, and those that are too small
    /// and large enough for company.
    fn by_distance(
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
    let stayed = |find: &Detection| {
        last.is_some_and(|last| {
            last.iou(&find.bounding_box) >= SAME_PLACE_IOU
                || find.label == Label::Face && is_on_same_head(&last, &find.bounding_box)
        })
    };
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

/// Whether two finds are of the face of one head.
fn is_on_same_head(a: &BoundingBox, b: &BoundingBox) -> bool {
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

/// Whether a body is what shows of a candidate who is bent down: cut by the frame's lower edge, and as wide as
/// their face was. Whoever is far away is seen to the knees, or is not as wide.
fn is_bent(body: &Detection, face: &Place, frame: Size) -> bool {
    let body = body.bounding_box.clipped_to(frame);
    body.bottom >= LOWER_EDGE * frame.height as f32 && body.width() >= face.bounding_box.width()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presence::screens::Screens;

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
            let moment = Moment { at, frame: FRAME, moved: None, screens: Screens::default() };
            let reading = viewer.read(&policy, &moment, faces, people, true);
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
    fn a_weak_face_is_believed_wherever_on_the_candidates_head_it_is_found() {
        let larger = find(Label::Face, 0.55, 320.0, 110.0, 140.0);
        for (then, now, view) in [
            (250.0, face(0.55, 290.0), View::Face),
            (290.0, face(0.55, 250.0), View::Face),
            (250.0, face(0.55, 320.0), View::Nobody),
            (300.0, larger, View::Nobody),
        ] {
            let views = read(&[(&[face(0.9, then)], &[]), (&[now], &[])]);
            assert_eq!(views[1].0, view, "{then} and {now:?}");
        }
    }

    #[test]
    fn a_print_on_the_candidates_shirt_is_neither_company_nor_the_candidate() {
        let print = |sway: f32| Detection {
            bounding_box: BoundingBox::new(250.0 + sway, 190.0, 390.0 + sway, 350.0),
            ..face(0.95, 0.0)
        };
        let frames: Vec<Vec<Detection>> = [0.0, 9.0, 3.0, 12.0, 6.0]
            .map(|sway| vec![print(sway), face(0.9, 290.0 + sway)])
            .into_iter()
            .chain([vec![face(0.9, 290.0)]])
            .collect();
        let body = [person(0.9, 200.0)];
        let frames: Vec<(&[Detection], &[Detection])> =
            frames.iter().map(|faces| (&faces[..], &body[..])).collect();
        assert!(read(&frames).iter().all(|it| *it == (View::Face, Company::No)));
        let without: Vec<_> = frames.iter().map(|(faces, _)| (*faces, &[][..])).collect();
        assert_eq!(read(&without)[4].1, Company::Yes(0.9), "whose body is not known");
    }

    /// Somebody sways before a face of this height, for eight seconds, and is gone for two.
    fn left_before(height: f32, moves: f32, body: Option<Detection>) -> Vec<View> {
        let frames: Vec<Vec<Detection>> = (0..50)
            .map(|step: u8| {
                let sway = f32::from(step % 4) * 6.0;
                let behind = 500.0 + moves * f32::from(step % 3);
                let behind = find(Label::Face, 0.8, behind, height * 0.75, height);
                let own = (step < 40).then(|| face(0.9, 200.0 + sway));
                own.into_iter().chain([behind]).collect()
            })
            .collect();
        let body: Vec<Detection> = body.into_iter().collect();
        let frames: Vec<(&[Detection], &[Detection])> =
            frames.iter().map(|faces| (&faces[..], &body[..])).collect();
        read(&frames).into_iter().skip(40).map(|(view, _)| view).collect()
    }

    #[test]
    fn a_small_face_that_was_beside_the_candidates_does_not_become_theirs() {
        assert_eq!(left_before(40.0, 5.0, None), [View::Nobody; 10], "a screen");
        assert_eq!(left_before(80.0, 5.0, None), [View::Face; 10], "who sits beside");
    }

    #[test]
    fn a_small_face_beside_one_that_is_not_known_to_live_is_the_candidates() {
        let far = find(Label::Face, 0.8, 500.0, 30.0, 40.0);
        let near = find(Label::Face, 0.8, 500.0, 60.0, 80.0);
        let views = read(&[(&[far, face(0.9, 200.0)], &[]), (&[far], &[]), (&[near], &[])]);
        assert!(views.iter().all(|(view, _)| *view == View::Face));
    }

    #[test]
    fn the_shoulders_on_a_portrait_are_nobodys() {
        let of_portrait = find(Label::Person, 0.6, 490.0, 90.0, 200.0);
        let somebody = find(Label::Person, 0.6, 400.0, 220.0, 420.0);
        assert_eq!(left_before(80.0, 0.0, Some(of_portrait)), [View::Nobody; 10]);
        assert_eq!(left_before(80.0, 0.0, Some(somebody)), [View::BodyOnly; 10]);
    }

    #[test]
    fn a_weak_body_around_a_portraits_face_is_not_the_candidates_that_was_there() {
        let sway = |step: u8| 200.0 + f32::from(step % 4) * 6.0;
        let portrait = find(Label::Face, 0.8, 500.0, 60.0, 80.0);
        let last = |score| {
            let frames: Vec<_> = (0..42_u8)
                .map(|step| match step {
                    ..40 => (vec![face(0.9, sway(step)), portrait], vec![]),
                    40 => (vec![portrait], vec![find(Label::Person, 0.9, 420.0, 220.0, 420.0)]),
                    _ => (vec![portrait], vec![find(Label::Person, score, 430.0, 200.0, 430.0)]),
                })
                .collect();
            let frames: Vec<(&[Detection], &[Detection])> =
                frames.iter().map(|(faces, people)| (&faces[..], &people[..])).collect();
            read(&frames).into_iter().skip(40).map(|(view, _)| view).collect::<Vec<_>>()
        };
        assert_eq!(last(0.25), [View::BodyOnly, View::Nobody]);
        assert_eq!(last(0.8), [View::BodyOnly; 2]);
    }

    #[test]
    fn a_body_without_a_face_is_somebody() {
        assert_eq!(read(&[(&[], &[person(0.5, 200.0)])]), [(View::BodyOnly, Company::No)]);
    }

    #[test]
    fn what_shows_of_a_candidate_who_is_bent_down_is_theirs_and_no_one_in_the_distance() {
        let low = |left: f32, width: f32, bottom: f32| {
            let bounding_box = BoundingBox::new(left, 405.0, left + width, bottom);
            Detection { bounding_box, ..person(0.5, 0.0) }
        };
        let seen: &[Detection] = &[face(0.9, 300.0)];
        let bent = [(seen, &[][..]), (&[][..], &[low(220.0, 190.0, 479.0)][..])];
        assert_eq!(read(&bent)[1], (View::BodyOnly, Company::No));
        for nobody in [low(220.0, 190.0, 470.0), low(220.0, 60.0, 479.0)] {
            let people: &[Detection] = &[nobody];
            assert_eq!(read(&[(seen, &[]), (&[], people)])[1].0, View::Nobody, "{nobody:?}");
        }
        let people: &[Detection] = &[low(220.0, 190.0, 479.0)];
        assert_eq!(read(&[(&[], people)])[0].0, View::Nobody, "nobody was there before");
    }

    #[test]
    fn people_in_the_distance_are_not_the_candidate() {
        let hiker = find(Label::Person, 0.9, 100.0, 30.0, 70.0);
        assert_eq!(read(&[(&[], &[hiker])]), [(View::Nobody, Company::No)]);
    }

    /// People in the distance who walk on from look to look, and what is said at last.
    fn distant(score: f32, height: f32, places: &[f32], people: &[Detection]) -> (View, Company) {
        let frames: Vec<Vec<Detection>> = (0..4)
            .map(|step| {
                let walk = step as f32 * 8.0;
                let hiker = |left: &f32| find(Label::Person, score, left + walk, 30.0, height);
                people.iter().copied().chain(places.iter().map(hiker)).collect()
            })
            .collect();
        let frames: Vec<(&[Detection], &[Detection])> =
            frames.iter().map(|people| (&[][..], &people[..])).collect();
        read(&frames).pop().unwrap()
    }

    #[test]
    fn people_in_the_distance_are_company_for_the_candidate_and_for_each_other() {
        let candidate = [person(0.9, 300.0)];
        assert_eq!(distant(0.5, 70.0, &[100.0], &candidate), (View::BodyOnly, Company::Yes(0.5)));
        assert_eq!(distant(0.5, 70.0, &[100.0], &[]), (View::Nobody, Company::No));
        assert_eq!(distant(0.5, 70.0, &[100.0, 200.0], &[]), (View::Nobody, Company::Yes(0.5)));
    }

    #[test]
    fn people_in_the_distance_are_no_company_when_they_are_tiny_or_found_badly() {
        let candidate = [person(0.9, 300.0)];
        assert_eq!(distant(0.5, 50.0, &[100.0], &candidate), (View::BodyOnly, Company::No));
        assert_eq!(distant(0.35, 70.0, &[100.0], &candidate), (View::BodyOnly, Company::No));
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
