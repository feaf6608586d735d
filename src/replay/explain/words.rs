//! An explanation, in words.

use super::Moment;
use super::differ::differences;
use crate::detection::Detection;
use crate::presence::{
    ALIVE, COVERED_THIRD, COVERED_WHOLE, Change, FaceChange, FaceLikeness, PictureStats, Policy,
    Repeat, SEEN_THIRD, STILL_THERE, Stir, Verdict,
};
use crate::replay::looks::Seen;
use crate::report::Kind;
use crate::score::Label;

/// The median is told over so many looks. It is for the reader: each look is judged by itself.
const SMOOTHED: usize = 5;

/// The whole explanation. `label` is what is true, where that is known.
pub(super) fn tell(recording: &str, moment: &Moment<'_>, label: Option<&Label>) -> String {
    let mut lines = vec![format!("{recording} at {}", moment.at)];
    line(&mut lines, "told", &told(moment));
    if let Some(label) = label {
        let reason = label.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let people = label.people.map(|people| format!(", people: {people}")).unwrap_or_default();
        let state = label.state.as_str().replace('_', " ");
        let span = label.span;
        line(
            &mut lines,
            "true",
            &format!("{state}{reason}{people}, {} to {}", span.start, span.end),
        );
    }
    for (at, change) in &moment.changes {
        line(&mut lines, "", &format!("at {at}: {}", decided(change)));
    }
    let seen = moment.seen();
    lines.push(String::new());
    lines.push(format!(
        "The look at {}: frame {}, {} of {} looks",
        seen.pts,
        seen.seq,
        moment.place + 1,
        moment.looks.seen.len()
    ));
    line(&mut lines, "taken for", verdict(moment.verdict));
    faces(&mut lines, moment);
    people(&mut lines, moment);
    candidate(&mut lines, seen);
    picture(&mut lines, &seen.picture, moment.policy);
    lines.push(String::new());
    lines.push("What would have to differ".to_owned());
    let differences = differences(moment);
    for difference in &differences {
        lines.push(format!("  {}: {}", difference.change, names(&difference.then)));
    }
    if seen.faces.is_none() && is_noise(seen, moment.policy) {
        let grain = seen.picture.grain;
        lines.push(format!(
            "  less of nothing but noise (grain {grain:.2}): the models would be asked"
        ));
    } else if seen.faces.is_none() {
        lines.push(format!(
            "  picture.covered_structure less than {:.3} (it is {}): the models would be asked",
            seen.picture.structure, moment.policy.picture.covered_structure
        ));
    }
    if differences.is_empty() && seen.faces.is_some() {
        lines.push("  no single setting, and no other finds from here on".to_owned());
    } else {
        lines.push(
            "  Each alone, over the looks as they were made. face.enter also decides where and when is \
             looked:\n  try it with --policy."
                .to_owned(),
        );
    }
    lines.join("\n") + "\n"
}

fn line(lines: &mut Vec<String>, name: &str, text: &str) {
    lines.push(format!("  {name:<10} {text}"));
}

fn names(kinds: &[Kind]) -> String {
    if kinds.is_empty() {
        return "in view".to_owned();
    }
    let names: Vec<&str> = kinds.iter().map(|kind| kind.description()).collect();
    names.join(", ")
}

fn told(moment: &Moment<'_>) -> String {
    let interval = |it: &crate::report::Interval| {
        let end = it.end_ms.unwrap_or(it.start_ms);
        let kind = it.kind.description();
        format!("{kind}, {} to {end}, confidence {:.2}", it.start_ms, it.confidence)
    };
    let told: Vec<String> = moment.told.iter().map(interval).collect();
    if told.is_empty() { "in view".to_owned() } else { told.join("; ") }
}

fn decided(change: &Change) -> String {
    match change {
        Change::Opened(it) => format!("{} since {}", it.kind.description(), it.start_ms),
        Change::Warned(_, at) => format!("candidate warned, as of {at}"),
        Change::Alerted(_, at) => format!("proctor alerted, as of {at}"),
        Change::Closed(it) => {
            let end = it.end_ms.unwrap_or(it.start_ms);
            format!("{} until {end}", it.kind.description())
        }
    }
}

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Face => "a face",
        Verdict::BodyOnly => "a body without a face",
        Verdict::Nobody => "nobody",
        Verdict::Covered => "covered: the models were not asked",
        Verdict::TooDark => "too dark",
        Verdict::Frozen => "frozen",
    }
}

fn place(find: &Detection) -> String {
    let at = find.bounding_box;
    format!("{:.2} at {:.0},{:.0} to {:.0},{:.0}", find.score, at.left, at.top, at.right, at.bottom)
}

fn best(finds: Option<&Vec<Detection>>) -> Option<f32> {
    Some(finds?.iter().map(|find| find.score).fold(0.0, f32::max))
}

/// The median of the best scores of the last looks.
fn smoothed(moment: &Moment<'_>, of: impl Fn(&Seen) -> Option<f32>) -> Option<f32> {
    let before = moment.looks.seen[..=moment.place].iter().rev();
    let mut scores: Vec<f32> = before.filter_map(of).take(SMOOTHED).collect();
    scores.sort_by(f32::total_cmp);
    scores.get(scores.len() / 2).copied()
}

fn worth(score: f32, enter: f32, keep: f32) -> String {
    if score >= enter {
        format!("believed, from {enter:.2}")
    } else if score >= keep {
        format!("below {enter:.2}; from {keep:.2} it counts where one was a moment ago")
    } else {
        format!("below {keep:.2}")
    }
}

fn faces(lines: &mut Vec<String>, moment: &Moment<'_>) {
    let policy = &moment.policy.face;
    let Some(faces) = &moment.seen().faces else { return };
    if faces.is_empty() {
        let looked = moment.looks.seen[..=moment.place].iter().rev().find(|seen| !seen.rested);
        let none = match looked.filter(|_| moment.seen().rested) {
            Some(looked) => format!("none, looked for at {}; the picture is as it was", looked.pts),
            None => "none".to_owned(),
        };
        line(lines, "faces", &none);
    }
    for (number, face) in faces.iter().enumerate() {
        let name = if number == 0 { "faces" } else { "" };
        let worth = worth(face.score, policy.enter, policy.keep);
        line(lines, name, &format!("{}: {worth}", place(face)));
    }
    if let Some(median) = smoothed(moment, |seen| best(seen.faces.as_ref())) {
        line(lines, "", &format!("median of the best of the last {SMOOTHED} looks: {median:.2}"));
    }
}

fn people(lines: &mut Vec<String>, moment: &Moment<'_>) {
    let policy = &moment.policy.person;
    let mut before = moment.looks.seen[..=moment.place].iter().rev();
    let Some((at, people)) = before.find_map(|seen| Some((seen.pts, seen.people.as_ref()?))) else {
        return line(lines, "bodies", "not looked for yet");
    };
    let when =
        if at == moment.seen().pts { String::new() } else { format!(", looked for at {at}") };
    if people.is_empty() {
        line(lines, "bodies", &format!("none{when}"));
    }
    for (number, person) in people.iter().enumerate() {
        let name = if number == 0 { "bodies" } else { "" };
        let worth = worth(person.score, policy.enter, policy.keep);
        line(lines, name, &format!("{}{when}: {worth}", place(person)));
    }
}

/// What is told of the candidate apart from finds.
fn candidate(lines: &mut Vec<String>, seen: &Seen) {
    if let Some(FaceChange { change, .. }) = seen.signs.face_change {
        let text = format!(
            "differs by {change:.3} from a second before (as a still image does at {ALIVE} and below)"
        );
        line(lines, "the face", &text);
    }
    if let Some(likeness) = seen.signs.likeness {
        let FaceLikeness { whole, third, lasts, .. } = likeness;
        let for_long = if lasts { ", not for the first look" } else { "" };
        let text = format!(
            "correlates by {whole:.2} with what was found well there, and in a third by {third:.2}{for_long} \
             (covered below {COVERED_WHOLE} and {COVERED_THIRD} from the second look on, seen from {SEEN_THIRD} in \
             a third)"
        );
        line(lines, "the face", &text);
    }
    if let Some(share) = seen.signs.remains {
        let text = format!(
            "vanished in place; {share:.2} of the candidate is as it was (still there from {STILL_THERE})"
        );
        line(lines, "the face", &text);
    }
    if let Some(Stir { since, .. }) = seen.signs.stir {
        line(lines, "the room", &format!("not as it was, since {since}"));
    }
    if let Some(Repeat { since, lag, .. }) = seen.signs.repeat {
        let text = format!("shown {:.1} s before; a loop since {since}", lag.as_secs_f64());
        line(lines, "repeats", &text);
    }
}

/// Whether noise alone hides what is before the lens.
fn is_noise(seen: &Seen, policy: &Policy) -> bool {
    let (picture, limits) = (&seen.picture, &policy.picture);
    picture.structure > limits.covered_structure && picture.p99 >= limits.black_luma
}

fn picture(lines: &mut Vec<String>, picture: &PictureStats, policy: &Policy) {
    let limits = &policy.picture;
    let covered = limits.covered_structure;
    line(
        lines,
        "picture",
        &format!("structure {:.3} (covered at {covered} and below)", picture.structure),
    );
    line(
        lines,
        "",
        &format!(
            "luma: mean {:.0}, 99th percentile {} (black below {}, dark below {}), light {:.0}",
            picture.mean, picture.p99, limits.black_luma, limits.dark_luma, picture.light
        ),
    );
    if let Some(change) = picture.change {
        line(
            lines,
            "",
            &format!(
                "changed by {:.3} in the mean (still at {} and below, with nobody {}), by {} at most; \
                 noise {:.1}",
                change.mean,
                limits.still_difference,
                limits.still_difference_empty,
                change.max,
                change.noise
            ),
        );
    }
}
