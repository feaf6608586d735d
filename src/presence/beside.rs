//! Whether somebody is beside the candidate, from look to look.
//!
//! A body that is half out of the picture, or in little light, is found in some looks and not in others, and
//! with a score that wavers. So one that was believed is kept by a lower score where it was, in the look in which
//! it is found. Whether one that is not found any more is gone is decided two seconds later, and dated from when
//! it was lost.

use std::time::Duration;

use super::finds::Finds;
use super::fixtures::Nature;
use super::policy::Policy;
use super::view::SAME_PLACE_IOU;
use crate::detection::{Detection, Label};
use crate::geometry::BoundingBox;
use crate::time::MediaTime;

/// Another body shares less of itself than this with the candidate's box: detectors also find
/// halves of one person.
const APART_SHARE: f32 = 0.6;
/// Who is not found for longer is not there.
const LOST_LASTS: Duration = Duration::from_secs(2);
/// Nobody is beside a candidate who has not been found for so long. What was left beside their chair, or was it,
/// has to be found anew.
const CANDIDATE_LASTS: Duration = Duration::from_secs(1);

/// Whether one look shows somebody besides the candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Company {
    /// Yes, with this score.
    Yes(f32),
    No,
    /// Somebody or something is there that may be a picture on the wall.
    Undecided,
    /// Somebody was there a moment ago, and is not found.
    Lost,
}

/// Who of those found is the candidate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub face: Option<&'a Detection>,
    pub person: Option<&'a Detection>,
}

/// Everybody found in one look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Everybody<'a> {
    pub faces: &'a Finds<'a>,
    pub people: &'a Finds<'a>,
    /// Bodies that are too small for the candidate.
    pub distant: &'a Finds<'a>,
    /// Bodies were looked for in this very frame.
    pub fresh: bool,
}

/// Remembers who was beside the candidate a moment ago.
#[derive(Clone, Debug, Default)]
pub(super) struct Beside {
    known: Vec<Known>,
    /// When the candidate was found last.
    candidate: Option<MediaTime>,
}

/// Somebody who was believed beside the candidate.
#[derive(Clone, Copy, Debug)]
struct Known {
    label: Label,
    bounding_box: BoundingBox,
    at: MediaTime,
    lives: bool,
}

impl Beside {
    /// Takes one look.
    pub(super) fn look(
        &mut self,
        policy: &Policy,
        at: MediaTime,
        candidate: Candidate<'_>,
        found: Everybody<'_>,
    ) -> Company {
        self.known.retain(|known| at.since(known.at) <= LOST_LASTS);
        if candidate.face.or(candidate.person).is_some() {
            self.candidate = Some(at);
        } else if self.candidate.is_none_or(|last| at.since(last) >= CANDIDATE_LASTS) {
            self.known.clear();
        }
        let others = self.others(policy, candidate, found);
        for (find, nature) in &others {
            self.known.retain(|known| !known.is(find));
            let (label, bounding_box) = (find.label, find.bounding_box);
            self.known.push(Known { label, bounding_box, at, lives: *nature == Nature::Live });
        }
        let live = others.iter().filter(|(_, nature)| *nature == Nature::Live);
        match live.map(|(find, _)| find.score).max_by(f32::total_cmp) {
            Some(score) => Company::Yes(score),
            None if !others.is_empty() => Company::Undecided,
            None if self.known.iter().any(|known| known.lives) => Company::Lost,
            None if !self.known.is_empty() => Company::Undecided,
            None => Company::No,
        }
    }

    /// Who is not the candidate.
    fn others<'a>(
        &self,
        policy: &Policy,
        Candidate { face, person }: Candidate<'_>,
        found: Everybody<'a>,
    ) -> Vec<(&'a Detection, Nature)> {
        let (face_policy, person_policy) = (&policy.face, &policy.person);
        let mut others = apart(found.faces, face, face, |find| find.score >= face_policy.another);
        others.extend(apart(found.people, person, face, |find| {
            find.score >= person_policy.another
                || found.fresh
                    && find.score >= person_policy.keep
                    && self.known.iter().any(|known| known.is(find))
        }));
        others.extend(match (face, person) {
            (None, None) => all_but_one(found.distant),
            (Some(_), _) | (None, Some(_)) => {
                apart(found.distant, person, face, |find| find.score >= person_policy.enter)
            }
        });
        others
    }
}

impl Known {
    fn is(&self, find: &Detection) -> bool {
        self.label == find.label && self.bounding_box.iou(&find.bounding_box) >= SAME_PLACE_IOU
    }
}

/// Those that are believed, and neither the candidate's `own` find, nor a part of it, nor the body of their face.
fn apart<'a>(
    finds: &'a Finds<'a>,
    own: Option<&Detection>,
    face: Option<&Detection>,
    is_believed: impl Fn(&Detection) -> bool,
) -> Vec<(&'a Detection, Nature)> {
    let Some(own) = own else { return Vec::new() };
    let is_apart = |find: &Detection| {
        find.bounding_box.share_inside(&own.bounding_box) < APART_SHARE
            && own.bounding_box.share_inside(&find.bounding_box) < APART_SHARE
            && (find.label == Label::Face || apart_from_face(find, face))
    };
    let others = finds.of.iter().filter(|(find, _)| is_believed(find) && is_apart(find));
    others.copied().collect()
}

/// What is left of people in the distance when one of them is nobody's company: who is known best.
fn all_but_one<'a>(distant: &'a Finds<'a>) -> Vec<(&'a Detection, Nature)> {
    let mut found = distant.of.clone();
    found.sort_by(|(a, a_nature), (b, b_nature)| {
        let known = (*a_nature == Nature::Live).cmp(&(*b_nature == Nature::Live));
        known.then(a.score.total_cmp(&b.score))
    });
    found.pop();
    found
}

/// Whether a body is not the one that the candidate's face belongs to.
fn apart_from_face(body: &Detection, face: Option<&Detection>) -> bool {
    face.is_none_or(|face| face.bounding_box.share_inside(&body.bounding_box) < 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Finds<'_> = Finds { of: Vec::new() };

    fn body(score: f32, left: f32) -> Detection {
        let bounding_box = BoundingBox::new(left, 60.0, left + 150.0, 480.0);
        Detection { label: Label::Person, score, bounding_box }
    }

    /// Looks five times a second at the candidate and bodies of these scores beside them; 0: it is not found.
    fn looks(scores: &[f32], nature: Nature, fresh: impl Fn(usize) -> bool) -> Vec<Company> {
        looks_while(scores, nature, fresh, |_| true)
    }

    /// The same; `stays` says of each look whether the candidate is found in it.
    fn looks_while(
        scores: &[f32],
        nature: Nature,
        fresh: impl Fn(usize) -> bool,
        stays: impl Fn(usize) -> bool,
    ) -> Vec<Company> {
        let (mut beside, own) = (Beside::default(), body(0.9, 150.0));
        let look = |(index, score): (usize, &f32)| {
            let other = body(*score, 450.0);
            let others = (*score > 0.0).then_some((&other, nature));
            let own = stays(index).then_some(&own);
            let owns = own.map(|own| (own, Nature::Live));
            let people = Finds { of: others.into_iter().chain(owns).collect() };
            let found = Everybody {
                faces: &NOBODY,
                people: &people,
                distant: &NOBODY,
                fresh: fresh(index),
            };
            let at = MediaTime::ZERO + Duration::from_millis(200) * index as u32;
            beside.look(&Policy::default(), at, Candidate { face: None, person: own }, found)
        };
        scores.iter().enumerate().map(look).collect()
    }

    #[test]
    fn a_body_that_was_believed_is_kept_by_a_lower_score_in_the_look_in_which_it_is_found() {
        let scores = [0.25, 0.31, 0.22, 0.22];
        let found = looks(&scores, Nature::Live, |index| index < 3);
        let (yes, no) = (Company::Yes, Company::No);
        assert_eq!(found, [no, yes(0.31), yes(0.22), Company::Lost]);
        assert_eq!(looks(&scores[..1], Nature::Live, |_| true), [no]);
    }

    #[test]
    fn who_is_not_found_any_more_is_gone_after_two_seconds() {
        let mut scores = vec![0.5];
        scores.resize(12, 0.0);
        for (nature, missed) in
            [(Nature::Live, Company::Lost), (Nature::Undecided, Company::Undecided)]
        {
            let found = looks(&scores, nature, |_| true);
            assert_eq!(found[1..11], [missed; 10], "{nature:?}");
            assert_eq!(found[11], Company::No, "{nature:?}");
        }
    }

    #[test]
    fn who_is_found_again_was_there() {
        let found = looks(&[0.5, 0.0, 0.0, 0.4], Nature::Live, |_| true);
        assert_eq!(found[1..], [Company::Lost, Company::Lost, Company::Yes(0.4)]);
    }

    #[test]
    fn nobody_is_beside_a_candidate_who_is_gone() {
        let mut scores = vec![0.5];
        scores.resize(9, 0.25);
        let back_in = |look: usize| {
            looks_while(&scores, Nature::Live, |_| true, |index| index < 2 || index >= look)
        };
        assert_eq!(back_in(5)[5], Company::Yes(0.25), "missed for a moment");
        assert_eq!(back_in(7)[6..], [Company::No; 3], "the chair that they have left");
    }
}
