//! What would have to differ for a moment to be told otherwise.

use serde_json::Value;

use super::{Moment, holds};
use crate::detection::{Detection, Label};
use crate::geometry::BoundingBox;
use crate::presence::{ALIVE, FaceChange, FaceLikeness, Policy, SEEN_THIRD, STILL_THERE};
use crate::replay::looks::{Looks, Seen};
use crate::replay::tune::{exact, set};
use crate::report::Kind;

/// Finds are changed in at most so many looks in a row.
const MOST_LOOKS: usize = 60;
/// A setting is told to this exactness, unless it is whole.
const STEP: f64 = 0.001;

/// A change, and what would be told then.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    pub change: String,
    pub then: Vec<Kind>,
}

/// A setting that may be changed, from `low` to `high`.
struct Knob {
    name: &'static str,
    low: f64,
    high: f64,
    whole: bool,
}

const fn score(name: &'static str) -> Knob {
    Knob { name, low: 0.01, high: 0.99, whole: false }
}

const fn time(name: &'static str, high: f64) -> Knob {
    Knob { name, low: 1.0, high, whole: true }
}

const KNOBS: [Knob; 17] = [
    score("face.enter"),
    score("face.keep"),
    score("face.another"),
    score("face.min_height"),
    score("person.enter"),
    score("person.keep"),
    score("person.another"),
    score("person.min_height"),
    score("person.another_min_height"),
    time("record_after_ms", 30_000.0),
    time("merge_gap_ms", 10_000.0),
    time("confirm_ms", 5_000.0),
    Knob { name: "picture.dark_luma", low: 0.0, high: 255.0, whole: true },
    Knob { name: "picture.still_difference", low: 0.0, high: 5.0, whole: false },
    Knob { name: "picture.still_difference_empty", low: 0.0, high: 5.0, whole: false },
    time("picture.still_empty_ms", 30_000.0),
    time("picture.fixture_ms", 60_000.0),
];

/// Settings first, each changed alone and as little as it takes; then finds.
pub(super) fn differences(moment: &Moment<'_>) -> Vec<Difference> {
    let mut found: Vec<Difference> = KNOBS.iter().flat_map(|knob| turned(moment, knob)).collect();
    found.extend(finds(moment));
    found
}

fn kinds_at(moment: &Moment<'_>, looks: &Looks, policy: &Policy) -> Vec<Kind> {
    let intervals = looks.intervals(policy).into_iter();
    intervals.filter(|it| holds(it, moment.at)).map(|it| it.kind).collect()
}

fn turned(moment: &Moment<'_>, knob: &Knob) -> Vec<Difference> {
    let Ok(base) = exact(moment.policy) else { return Vec::new() };
    let pointer = format!("/{}", knob.name.replace('.', "/"));
    let Some(now) = base.pointer(&pointer).and_then(Value::as_f64) else { return Vec::new() };
    let limit = |name: &str| base.pointer(name).and_then(Value::as_f64);
    // What is no policy is not tried: keep lies below enter, what is recorded below what is alerted.
    let (low, high) = match knob.name {
        "face.enter" => (limit("/face/keep").unwrap_or(knob.low), knob.high),
        "face.keep" => (knob.low, limit("/face/enter").unwrap_or(knob.high)),
        "person.enter" => (limit("/person/keep").unwrap_or(knob.low), knob.high),
        "person.keep" => (knob.low, limit("/person/enter").unwrap_or(knob.high)),
        "record_after_ms" => (knob.low, limit("/alert_after_ms").unwrap_or(knob.high)),
        _ => (knob.low, knob.high),
    };
    let is = moment.kinds();
    let with = |value: f64| -> Option<Vec<Kind>> {
        let mut changed = base.clone();
        let value = if knob.whole { Value::from(value as u64) } else { Value::from(value) };
        set(&mut changed, knob.name, value);
        let policy: Policy = serde_json::from_value(changed).ok()?;
        let kinds = kinds_at(moment, moment.looks, &policy);
        (policy.faults().is_empty() && kinds != is).then_some(kinds)
    };
    let mut found = Vec::new();
    for (extreme, word) in [(low, "less"), (high, "more")] {
        let Some(value) = nearest(now, extreme, knob.whole, &with) else { continue };
        let Some(then) = with(value) else { continue };
        let value = if knob.whole { format!("{value}") } else { format!("{value:.3}") };
        let now = if knob.whole { format!("{now}") } else { format!("{now:.2}") };
        found.push(Difference {
            change: format!("{} {value} or {word} (it is {now})", knob.name),
            then,
        });
    }
    found
}

/// The value nearest to `now`, on the way to `extreme`, with which things differ.
fn nearest(
    now: f64,
    extreme: f64,
    whole: bool,
    with: &impl Fn(f64) -> Option<Vec<Kind>>,
) -> Option<f64> {
    if (extreme - now).abs() < STEP {
        return None;
    }
    with(extreme)?;
    let step = if whole { 1.0 } else { STEP };
    let (mut same, mut differs) = (now, extreme);
    while (differs - same).abs() > step {
        let middle = f64::midpoint(same, differs);
        let middle = (middle / step).round() * step;
        if middle == same || middle == differs {
            break;
        }
        if with(middle).is_some() { differs = middle } else { same = middle }
    }
    Some(differs)
}

/// Other finds, in this look and as many after it as it takes.
fn finds(moment: &Moment<'_>) -> Vec<Difference> {
    if moment.seen().faces.is_none() {
        return Vec::new();
    }
    let (is, policy) = (moment.kinds(), moment.policy);
    let mut found = Vec::new();
    if is.is_empty() {
        found.extend(changed(moment, "nobody found", |seen| {
            seen.faces = seen.faces.as_ref().map(|_| Vec::new());
            seen.people = Some(Vec::new());
        }));
    }
    if is.contains(&Kind::OutOfView) || is.contains(&Kind::FaceNotVisible) {
        let face = face_place(moment);
        let what = format!("a face of {:.2}", policy.face.enter);
        found.extend(face.and_then(|place| {
            changed(moment, &what, |seen| {
                raise(seen.faces.as_mut(), Label::Face, policy.face.enter, place);
            })
        }));
    }
    if is.contains(&Kind::OutOfView) {
        let what = format!("a body of {:.2}", policy.person.enter);
        found.extend(body_place(moment).and_then(|place| {
            changed(moment, &what, |seen| {
                let people = seen.people.get_or_insert_default();
                raise(Some(people), Label::Person, policy.person.enter, place);
            })
        }));
        let what = format!("{STILL_THERE} of the candidate as it was before the face vanished");
        found.extend(changed(moment, &what, |seen| seen.signs.remains = Some(STILL_THERE)));
    }
    if is.contains(&Kind::FaceNotVisible) {
        let what =
            format!("a third of the face that correlates by {SEEN_THIRD} with what was there");
        found.extend(changed(moment, &what, |seen| {
            seen.signs.likeness =
                seen.signs.likeness.map(|it| FaceLikeness { third: SEEN_THIRD, ..it });
        }));
        let what = "nothing of the candidate as it was before the face vanished";
        found.extend(changed(moment, what, |seen| seen.signs.remains = None));
    }
    if is.contains(&Kind::SuspectedStillImage) {
        let what = format!("a face that differs by more than {ALIVE} from a second before");
        found.extend(changed(moment, &what, |seen| {
            seen.signs.face_change =
                seen.signs.face_change.map(|it| FaceChange { change: 1.0, ..it });
        }));
    }
    if is.contains(&Kind::SuspectedLoop) {
        found.extend(changed(moment, "a picture that was not there before", |seen| {
            seen.signs.repeat = None;
        }));
    }
    found
}

fn raise(finds: Option<&mut Vec<Detection>>, label: Label, score: f32, place: BoundingBox) {
    let Some(finds) = finds else { return };
    match finds.iter_mut().max_by(|a, b| a.score.total_cmp(&b.score)) {
        Some(best) => best.score = best.score.max(score),
        None => finds.push(Detection { label, score, bounding_box: place }),
    }
}

/// The fewest looks from this one on in which the change makes a difference.
fn changed(moment: &Moment<'_>, what: &str, change: impl Fn(&mut Seen)) -> Option<Difference> {
    let (is, mut looks) = (moment.kinds(), moment.looks.clone());
    for count in 1..=MOST_LOOKS {
        change(looks.seen.get_mut(moment.place + count - 1)?);
        let then = kinds_at(moment, &looks, moment.policy);
        if then != is {
            let after = match count {
                1 => String::new(),
                2 => " and the look after it".to_owned(),
                _ => format!(" and the {} looks after it", count - 1),
            };
            return Some(Difference { change: format!("{what} in this look{after}"), then });
        }
    }
    None
}

/// Where a face is here, or was last.
fn face_place(moment: &Moment<'_>) -> Option<BoundingBox> {
    let mut before = moment.looks.seen[..=moment.place].iter().rev();
    before.find_map(|seen| seen.faces.as_ref()?.first().map(|face| face.bounding_box))
}

fn body_place(moment: &Moment<'_>) -> Option<BoundingBox> {
    let mut before = moment.looks.seen[..=moment.place].iter().rev();
    before.find_map(|seen| seen.people.as_ref()?.first().map(|person| person.bounding_box))
}
