//! What one look says of each kind, by itself: limits on the picture, and what follows from who is in view.

use super::beside::Company;
use super::picture::PictureStats;
use super::policy::PicturePolicy;
use super::track::Evidence;
use super::vanishing::STILL_THERE;
use super::view::{Reading, View};
use crate::report::Kind;

/// More than this of [`PictureStats::detail`] is a room, however little contrast it has: a covered lens has
/// 2.9 at most …
const SHARP_DETAIL: f64 = 4.5;
/// … and so many times the noise. It is 1.6 times that of a covered lens with strong noise.
const NOISE_IN_DETAIL: f64 = 2.5;
/// So much [`PictureStats::grain`] is a picture of nothing but noise, as of a covered lens whose gain is turned up.
const NOTHING_BUT_GRAIN: f64 = 0.4;
/// Too dark, too: the light is less than so many times the noise, for a camera in the dark turns up
/// its gain. Under noise of 3 to 24 levels the detectors lose a person in view where the light falls
/// below 4 to 2 times the noise; a lit room has 20 times and more.
const LIGHT_OVER_NOISE: f64 = 6.0;

/// Whether the picture alone says that nothing is seen of what is before the camera.
pub(super) fn is_covered(picture: &PictureStats, limits: &PicturePolicy) -> bool {
    let flat = picture.structure <= limits.covered_structure && !is_sharp(picture);
    // Noise that drowns the light is that of a camera in the dark.
    let noise = picture.grain >= NOTHING_BUT_GRAIN && drowned(picture) <= 0.0;
    flat || noise || picture.p99 < limits.black_luma
}

/// How sure it is that a picture which [`is_covered`] is one, 0.5 to 1.
pub(super) fn cover(picture: &PictureStats, limits: &PicturePolicy) -> f64 {
    let flat = 1.0 - picture.structure / limits.covered_structure.max(1e-9);
    let black = 1.0 - f64::from(picture.p99) / f64::from(limits.black_luma.max(1));
    let noise = (picture.grain - NOTHING_BUT_GRAIN) / (1.0 - NOTHING_BUT_GRAIN);
    0.5 + flat.max(black).max(noise).min(1.0) / 2.0
}

/// Whether there is too much detail for a lens that is covered, the noise of the sensor left aside.
fn is_sharp(picture: &PictureStats) -> bool {
    let noise = picture.change.map_or(0.0, |change| change.noise);
    picture.detail > SHARP_DETAIL + NOISE_IN_DETAIL * noise
}

/// How far, in parts of the limit, a picture lies below what somebody could be seen in; not more
/// than 0 when it does not.
pub(super) fn darkness(picture: &PictureStats, limits: &PicturePolicy) -> f64 {
    let dark = 1.0 - f64::from(picture.p99) / f64::from(limits.dark_luma.max(1));
    dark.max(drowned(picture))
}

/// The same of what noise drowns.
fn drowned(picture: &PictureStats) -> f64 {
    let noise = picture.change.map_or(0.0, |change| change.noise);
    1.0 - picture.light / (noise * LIGHT_OVER_NOISE).max(1e-9)
}

/// What a picture says that may be that of a camera that hangs.
pub(super) const fn unsure(evidence: Evidence) -> Evidence {
    match evidence {
        Evidence::Clear | Evidence::Worse => Evidence::MayBeOver,
        Evidence::Holds(_) | Evidence::Unknown | Evidence::MayHold | Evidence::MayBeOver => {
            evidence
        }
    }
}

/// What is said of a kind of presence by who is in view.
pub(super) fn of_presence(kind: Kind, reading: &Reading) -> Evidence {
    let holds = |holds: bool, confidence: f32| {
        if holds { Evidence::Holds(f64::from(confidence)) } else { Evidence::Clear }
    };
    if kind == Kind::MultiplePeople {
        return match reading.company {
            Company::Yes(score) => holds(true, score),
            Company::No => Evidence::Clear,
            Company::Undecided => Evidence::MayHold,
            Company::Lost => Evidence::MayBeOver,
        };
    }
    let unseen = 1.0 - reading.best_face.max(reading.best_person);
    if kind == Kind::OutOfView && reading.may_be_back {
        return Evidence::MayBeOver;
    }
    if kind == Kind::OutOfView {
        return holds(reading.view == View::Nobody, unseen);
    }
    match reading.view {
        View::BodyOnly if let Some(share) = reading.remains => Evidence::Holds(
            (1.0 - STILL_THERE / share / 2.0) * (1.0 - f64::from(reading.best_face)),
        ),
        View::BodyOnly => holds(true, reading.best_person * (1.0 - reading.best_face)),
        View::Nobody if reading.may_be_back => Evidence::MayHold,
        // A body that is not found for a moment has not left.
        View::Nobody => Evidence::Worse,
        View::Face => Evidence::Clear,
    }
}
