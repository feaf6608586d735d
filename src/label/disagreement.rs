//! Where marks and tool disagree, by the judge of `inview-replay evaluate`. Pure.

use super::keys::Way;
use super::verdict::{Stage, Told};
use crate::presence::Policy;
use crate::score::{Mistake, Truth, Wrong, judge, mistakes};
use crate::time::MediaTime;

/// The tool's mistakes, were the marks the truth, in order of time. While the tool still looks, only
/// what it has passed is judged.
pub(super) fn disagreements(truth: &Truth, told: &Told, policy: &Policy) -> Vec<Mistake> {
    let score = judge(truth, &told.reports, policy.record_after());
    let mut all = mistakes(&score);
    let is_over = match told.stage {
        Stage::Done | Stage::BrokenOff(_) => true,
        Stage::Looking => false,
        Stage::Failed(_) => return Vec::new(),
    };
    all.retain(|mistake| is_over || mistake.span.end <= told.reached);
    all.sort_by_key(|mistake| (moment(mistake), mistake.kind));
    all
}

/// Where to look.
pub(super) fn moment(mistake: &Mistake) -> MediaTime {
    match mistake.wrong {
        Wrong::Edges => mistake.at(),
        Wrong::FalseAlarm | Wrong::Missed => mistake.span.start,
    }
}

/// What a person reads: the tool may be wrong, or the marks.
pub(super) const fn words(wrong: Wrong) -> &'static str {
    match wrong {
        Wrong::FalseAlarm => "tool only",
        Wrong::Missed => "marks only",
        Wrong::Edges => "edges differ",
    }
}

/// The next one in a direction; behind the last comes the first.
pub(super) fn next(all: &[Mistake], from: MediaTime, way: Way) -> Option<&Mistake> {
    // Moments are rounded to the millisecond, and frames are not.
    let from = from.as_millis();
    match way {
        Way::On => all.iter().find(|it| moment(it).as_millis() > from + 1).or(all.first()),
        Way::Back => all.iter().rfind(|it| moment(it).as_millis() < from - 1).or(all.last()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Kind;
    use crate::score::{Report, Span};

    fn told(stage: Stage, reached: i64) -> Told {
        let report = |start, end| Report {
            kind: Kind::OutOfView,
            span: Span::of_seconds(start, end),
            confidence: 1.0,
        };
        let reports = vec![report(2.0, 4.0), report(20.0, 25.0)];
        Told { stage, reached: MediaTime::from_millis(reached), reports, ..Told::default() }
    }

    fn truth() -> Truth {
        let text = r#"{"format": "presence-labels/1", "intervals": [
            {"start": 0, "end": 10, "state": "in_view", "people": 1},
            {"start": 10, "end": 12, "state": "out_of_view", "people": 0},
            {"start": 12, "end": 20, "state": "in_view", "people": 1},
            {"start": 20, "end": 27, "state": "out_of_view", "people": 0}]}"#;
        Truth::parse(text).unwrap()
    }

    fn found(told: &Told) -> Vec<(Wrong, i64)> {
        let all = disagreements(&truth(), told, &Policy::default());
        all.iter().map(|it| (it.wrong, moment(it).as_millis())).collect()
    }

    #[test]
    fn what_the_tool_has_not_passed_is_no_disagreement_yet() {
        let early = [(Wrong::FalseAlarm, 2_000)];
        assert_eq!(found(&told(Stage::Looking, 11_000)), early);
        let all = [(Wrong::FalseAlarm, 2_000), (Wrong::Missed, 10_000), (Wrong::Edges, 25_000)];
        assert_eq!(found(&told(Stage::Done, 27_000)), all);
        assert_eq!(found(&told(Stage::Failed("no models".to_owned()), 27_000)), []);
    }

    #[test]
    fn one_after_the_other_and_around() {
        let all = disagreements(&truth(), &told(Stage::Done, 27_000), &Policy::default());
        let next = |from: i64, way| {
            let from = MediaTime::from_micros(from * 1_000 + 333);
            next(&all, from, way).map(|it| moment(it).as_millis()).unwrap()
        };
        assert_eq!(next(0, Way::On), 2_000);
        assert_eq!(next(2_000, Way::On), 10_000);
        assert_eq!(next(26_000, Way::On), 2_000);
        assert_eq!(next(10_000, Way::Back), 2_000);
        assert_eq!(next(0, Way::Back), 25_000);
    }
}
