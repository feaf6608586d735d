//! Whether one frame shows somebody besides the candidate.

use super::finds::Finds;
use super::fixtures::Nature;
use super::policy::Policy;
use crate::detection::{Detection, Label};

/// Another body shares less of itself than this with the candidate's box: detectors also find
/// halves of one person.
const APART_SHARE: f32 = 0.6;

/// Whether one frame shows somebody besides the candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Company {
    /// Yes, with this score.
    Yes(f32),
    No,
    /// Somebody or something is there that may be a picture on the wall.
    Undecided,
}

/// Whether somebody besides the candidate, of this face and body, is among the finds; `distant` are too far away for
/// the candidate.
pub(super) fn company(
    policy: &Policy,
    faces: &Finds<'_>,
    face: Option<&Detection>,
    people: &Finds<'_>,
    person: Option<&Detection>,
    distant: &Finds<'_>,
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
    found.extend(match (face, person) {
        (None, None) => all_but_one(distant),
        (Some(_), _) | (None, Some(_)) => others(distant, person, policy.person.enter),
    });
    let live = found.iter().filter(|(_, nature)| *nature == Nature::Live);
    match live.map(|(score, _)| *score).max_by(f32::total_cmp) {
        Some(score) => Company::Yes(score),
        None if found.is_empty() => Company::No,
        None => Company::Undecided,
    }
}

/// What is left of people in the distance when one of them is nobody's company: who is known best.
fn all_but_one(distant: &Finds<'_>) -> Vec<(f32, Nature)> {
    let mut found: Vec<_> = distant.of.iter().map(|(find, nature)| (find.score, *nature)).collect();
    found.sort_by(|(a, a_nature), (b, b_nature)| {
        let known = (*a_nature == Nature::Live).cmp(&(*b_nature == Nature::Live));
        known.then(a.total_cmp(b))
    });
    found.pop();
    found
}

/// Whether a body is not the one that the candidate's face belongs to.
fn apart_from_face(body: &Detection, face: Option<&Detection>) -> bool {
    face.is_none_or(|face| face.bounding_box.share_inside(&body.bounding_box) < 0.5)
}
