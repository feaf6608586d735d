//! What must hold of any truth and any report.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::report::Kind;
use crate::time::MediaTime;

const RECORDED: Duration = Duration::from_secs(1);
const FOUND: [Kind; 7] = [
    Kind::OutOfView,
    Kind::FaceNotVisible,
    Kind::MultiplePeople,
    Kind::CameraCovered,
    Kind::TooDark,
    Kind::FrozenPicture,
    Kind::SuspectedLoop,
];

fn label() -> impl Strategy<Value = (u32, usize, usize, Option<u32>, bool)> {
    let people = prop_oneof![Just(None), (0_u32..3).prop_map(Some)];
    (1_u32..8_000, 0_usize..4, 0_usize..4, people, any::<bool>())
}

fn truth() -> impl Strategy<Value = Truth> {
    let zone = (0_i64..60_000, 0_i64..3_000);
    let labels = prop::collection::vec(label(), 1..12);
    (labels, prop::collection::vec(zone, 0..4)).prop_map(|(labels, zones)| {
        let reasons = ["", "photo_held_up", "frozen", "lens_covered"];
        let mut at = MediaTime::ZERO;
        let labels = labels.into_iter().map(|(length, state, reason, people, repeats)| {
            let end = at + Duration::from_millis(length.into());
            let span = Span::new(at, end);
            at = end;
            let reason = Some(reasons[reason].to_owned()).filter(|reason| !reason.is_empty());
            Label { span, state: State::ALL[state], reason, people, repeats }
        });
        let zone = |(start, length): (i64, i64)| {
            Span::new(MediaTime::from_millis(start), MediaTime::from_millis(start + length))
        };
        let (labels, ignore) = (labels.collect(), zones.into_iter().map(zone).collect());
        Truth { source: None, sha256: None, tags: Vec::new(), labels, ignore }
    })
}

fn reports() -> impl Strategy<Value = Vec<Report>> {
    let report = (0_usize..FOUND.len(), 0_i64..60_000, 0_i64..9_000, 0_u32..=1_000);
    prop::collection::vec(report, 0..14).prop_map(|reports| {
        let report = |(kind, start, length, confidence): (usize, i64, i64, u32)| Report {
            kind: FOUND[kind],
            span: Span::new(MediaTime::from_millis(start), MediaTime::from_millis(start + length)),
            confidence: f64::from(confidence) / 1e3,
        };
        reports.into_iter().map(report).collect()
    })
}

/// Reports that say exactly what is true.
fn perfect(truth: &Truth) -> Vec<Report> {
    let of = |kind: Kind| {
        truth.of_kind(kind).into_iter().map(move |span| Report { kind, span, confidence: 1.0 })
    };
    Kind::ALL.into_iter().flat_map(of).collect()
}

/// The same, so much later; in the time before, one person is in view.
fn later(truth: &Truth, by: Duration) -> Truth {
    let shift = |span: Span| Span { start: span.start + by, end: span.end + by };
    let first = Label {
        span: Span { start: MediaTime::ZERO, end: MediaTime::ZERO + by },
        state: State::InView,
        reason: None,
        people: Some(1),
        repeats: false,
    };
    let shifted =
        truth.labels.iter().map(|label| Label { span: shift(label.span), ..label.clone() });
    Truth {
        labels: std::iter::once(first).chain(shifted).collect(),
        ignore: truth.ignore.iter().map(|zone| shift(*zone)).collect(),
        ..truth.clone()
    }
}

proptest! {
    #[test]
    fn seconds_of_the_confusion_are_the_footage_outside_ignore(truth in truth(), reports in reports()) {
        let score = judge(&truth, &reports, RECORDED);
        prop_assert_eq!(score.confusion.total() + score.ignored, score.footage);
        let figures = Figures::of([&score, &score]);
        prop_assert_eq!(figures.confusion.total() + figures.ignored, figures.footage);
    }

    #[test]
    fn a_perfect_report_finds_all_and_invents_nothing(truth in truth()) {
        let figures = Figures::of([&judge(&truth, &perfect(&truth), RECORDED)]);
        prop_assert_eq!(figures.all.found, figures.all.truths);
        prop_assert_eq!(figures.all.false_alarms, 0);
        prop_assert_eq!((figures.all.missed, figures.all.invented), (Duration::ZERO, Duration::ZERO));
        prop_assert_eq!(figures.all.edges.p95_s.unwrap_or(0.0), 0.0);
        prop_assert_eq!(figures.wrong, Duration::ZERO);
    }

    #[test]
    fn no_report_finds_nothing_and_invents_nothing(truth in truth()) {
        let figures = Figures::of([&judge(&truth, &[], RECORDED)]);
        prop_assert_eq!((figures.all.found, figures.all.false_alarms), (0, 0));
        prop_assert_eq!(figures.all.missed, figures.all.truth);
    }

    #[test]
    fn the_order_of_reports_and_of_recordings_changes_nothing(
        truth in truth(), other in truth(), reports in reports(), turn in 0_usize..14,
    ) {
        let score = judge(&truth, &reports, RECORDED);
        let mut turned = reports.clone();
        turned.rotate_left(turn % reports.len().max(1));
        turned.reverse();
        prop_assert_eq!(&judge(&truth, &turned, RECORDED), &score);
        let other = judge(&other, &reports, RECORDED);
        prop_assert_eq!(Figures::of([&score, &other]), Figures::of([&other, &score]));
    }

    #[test]
    fn the_same_later_is_judged_the_same(truth in truth(), reports in reports(), by in 1_u64..9_000) {
        // What was ignored behind the end would be so within it.
        let by = Duration::from_millis(by);
        let shifted: Vec<Report> = reports
            .iter()
            .map(|it| Report { span: Span { start: it.span.start + by, end: it.span.end + by }, ..*it })
            .collect();
        let (now, then) = (judge(&truth, &reports, RECORDED), judge(&later(&truth, by), &shifted, RECORDED));
        let verdicts = |score: &Score| score.reports.iter().map(|it| it.verdict).collect::<Vec<_>>();
        prop_assert_eq!(verdicts(&now), verdicts(&then));
        let found = |score: &Score| {
            score.truths.iter().map(|it| (it.kind, it.found, it.covered, it.edge_errors())).collect::<Vec<_>>()
        };
        prop_assert_eq!(found(&now), found(&then));
        prop_assert_eq!(now.seconds, then.seconds);
        prop_assert_eq!(now.confusion.wrong(), then.confusion.wrong());
    }

    #[test]
    fn a_score_survives_being_written_and_read(truth in truth(), reports in reports()) {
        let score = judge(&truth, &reports, RECORDED);
        let text = serde_json::to_string(&score).unwrap();
        prop_assert_eq!(serde_json::from_str::<Score>(&text).unwrap(), score);
    }

    #[test]
    fn no_figures_are_worse_than_themselves(truth in truth(), reports in reports()) {
        let figures = Figures::of([&judge(&truth, &reports, RECORDED)]);
        prop_assert_eq!(regressions(&figures, &figures, &Bounds::default()), vec![]);
    }
}

fn at(start_s: f64, end_s: f64, state: State, people: u32) -> Label {
    let span = Span::of_seconds(start_s, end_s);
    Label { span, state, reason: None, people: Some(people), repeats: false }
}

fn of(labels: Vec<Label>) -> Truth {
    Truth {
        source: None,
        sha256: None,
        tags: Vec::new(),
        labels,
        ignore: vec![Span::of_seconds(9.5, 10.5)],
    }
}

fn told(kind: Kind, start_s: f64, end_s: f64, confidence: f64) -> Report {
    Report { kind, span: Span::of_seconds(start_s, end_s), confidence }
}

/// In view, away from 10 to 14 s, in view until 20 s, covered until 24 s.
fn away_then_covered() -> Truth {
    of(vec![
        at(0.0, 10.0, State::InView, 1),
        at(10.0, 14.0, State::OutOfView, 0),
        at(14.0, 20.0, State::InView, 1),
        at(20.0, 24.0, State::NoPicture, 0),
    ])
}

#[test]
fn half_of_an_absence_is_enough_and_less_is_not() {
    let judged =
        |end| judge(&away_then_covered(), &[told(Kind::OutOfView, 10.0, end, 0.9)], RECORDED);
    let first = |score: Score| score.truths[0];
    assert!(first(judged(12.0)).found);
    assert!(!first(judged(11.999)).found);
    assert_eq!(first(judged(12.2)).edge_errors(), Some([0.0, -1.8]));
}

#[test]
fn an_absence_of_which_nothing_is_scored_need_not_be_found() {
    let mut truth = away_then_covered();
    let kinds = |truth: &Truth| -> Vec<Kind> {
        judge(truth, &[], RECORDED).truths.iter().map(|it| it.kind).collect()
    };
    assert_eq!(kinds(&truth), [Kind::OutOfView, Kind::CameraCovered]);
    truth.ignore.push(Span::of_seconds(9.0, 13.9));
    assert_eq!(kinds(&truth), [Kind::OutOfView, Kind::CameraCovered]);
    truth.ignore.push(Span::of_seconds(13.8, 14.0));
    assert_eq!(kinds(&truth), [Kind::CameraCovered]);
}

#[test]
fn a_report_is_a_false_alarm_when_less_than_half_of_its_scored_part_is_true() {
    let verdict = |start, end| {
        let reports = [told(Kind::OutOfView, start, end, 0.9)];
        judge(&away_then_covered(), &reports, RECORDED).reports[0].verdict
    };
    assert_eq!(verdict(12.0, 16.0), Verdict::True);
    assert_eq!(verdict(12.0, 16.1), Verdict::FalseAlarm);
    assert_eq!(verdict(9.5, 10.4), Verdict::NotScored);
    assert_eq!(verdict(30.0, 40.0), Verdict::NotScored);
}

#[test]
fn a_covered_lens_may_be_called_too_dark_and_the_confusion_shows_it() {
    let score = judge(&away_then_covered(), &[told(Kind::TooDark, 20.0, 24.0, 0.9)], RECORDED);
    let covered = score.truths.iter().find(|it| it.kind == Kind::CameraCovered).unwrap();
    assert!(covered.found && score.reports[0].verdict == Verdict::True);
    let cell = score.confusion.at(What::Kind(Kind::CameraCovered), What::Kind(Kind::TooDark));
    assert_eq!(cell, Duration::from_secs(4));
    assert_eq!(score.dishonest, Duration::ZERO);
}

#[test]
fn a_loop_holds_beside_what_can_be_seen_in_it() {
    let mut truth = away_then_covered();
    truth.labels.iter_mut().skip(1).for_each(|it| it.repeats = true);
    let away = [told(Kind::OutOfView, 10.0, 14.0, 0.9), told(Kind::CameraCovered, 20.0, 24.0, 0.9)];
    let marked = [&away[..], &[told(Kind::SuspectedLoop, 13.0, 24.0, 0.9)]].concat();
    let score = |reports: &[Report]| judge(&truth, reports, RECORDED);
    let (missed, found) = (score(&away), score(&marked));
    let is_found = |score: &Score| {
        let of_loop = score.truths.iter().find(|it| it.kind == Kind::SuspectedLoop);
        of_loop.map(|it| (it.span, it.found))
    };
    let span = Span::of_seconds(10.0, 24.0);
    assert_eq!([is_found(&missed), is_found(&found)], [Some((span, false)), Some((span, true))]);
    assert!(found.reports.iter().all(|it| it.verdict == Verdict::True));
    // Who is in view in a loop is, and nobody who does not mark it tells that wrongly.
    assert_eq!([missed.confusion.wrong(), found.confusion.wrong()], [Duration::ZERO; 2]);
    let elsewhere = judge(&away_then_covered(), &marked, RECORDED);
    assert_eq!(elsewhere.confusion.wrong(), Duration::from_secs(6), "there is no loop");
}

#[test]
fn not_there_where_nobody_could_look_is_told_apart() {
    let score = judge(&away_then_covered(), &[told(Kind::OutOfView, 21.0, 24.0, 0.9)], RECORDED);
    assert_eq!(score.dishonest, Duration::from_secs(3));
    assert_eq!(score.reports[0].verdict, Verdict::FalseAlarm);
}

#[test]
fn confidence_is_held_against_the_share_of_true_intervals() {
    let reports = [
        told(Kind::OutOfView, 10.0, 14.0, 0.95),
        told(Kind::OutOfView, 2.0, 4.0, 0.95),
        told(Kind::FaceNotVisible, 15.0, 17.0, 0.2),
    ];
    let calibration = Calibration::of([&judge(&away_then_covered(), &reports, RECORDED)]);
    let bins: Vec<_> = calibration.bins.iter().map(|bin| (bin.intervals, bin.share_true)).collect();
    assert_eq!(bins, [(1, 0.0), (2, 0.5)]);
    assert_eq!(calibration.expected_error, Some(0.367));
}

#[test]
fn mistakes_come_by_what_they_cost() {
    let reports =
        [told(Kind::OutOfView, 10.7, 14.0, 0.9), told(Kind::FaceNotVisible, 15.0, 17.0, 0.2)];
    let mistakes = mistakes(&judge(&away_then_covered(), &reports, RECORDED));
    let wrong: Vec<_> =
        mistakes.iter().map(|it| (it.wrong, it.kind, it.cost.as_millis())).collect();
    assert_eq!(
        wrong,
        [
            (Wrong::Missed, Kind::CameraCovered, 4_000),
            (Wrong::FalseAlarm, Kind::FaceNotVisible, 2_000),
            (Wrong::Edges, Kind::OutOfView, 700),
        ]
    );
}

#[test]
fn worse_figures_are_named() {
    let truth = away_then_covered();
    let good = Figures::of([&judge(&truth, &perfect(&truth), RECORDED)]);
    let bad = Figures::of([&judge(&truth, &[told(Kind::OutOfView, 15.0, 17.0, 1.0)], RECORDED)]);
    let names: Vec<String> = regressions(&good, &bad, &Bounds::default())
        .into_iter()
        .map(|regression| regression.figure)
        .collect();
    assert_eq!(
        names,
        [
            "out of view: recall",
            "out of view: false alarms per hour",
            "camera covered: recall",
            "share of seconds told wrongly",
            "calibration error",
        ]
    );
    assert_eq!(regressions(&bad, &good, &Bounds::default()), []);
}

#[test]
fn groups_are_compared_and_the_gap_has_an_interval() {
    let truth = away_then_covered();
    let good = judge(&truth, &perfect(&truth), RECORDED);
    let bad = judge(&truth, &[told(Kind::OutOfView, 0.0, 4.0, 1.0)], RECORDED);
    let tagged = |tag: &str, score| (vec![tag.to_owned(), "truth:by_hand".to_owned()], score);
    let one_each = fairness(&[tagged("glasses:yes", &bad), tagged("glasses:no", &good)], 1);
    assert_eq!(one_each.len(), 1);
    let gap = &one_each[0].gaps[0];
    assert_eq!((&*gap.best, &*gap.worst, gap.between), ("no", "yes", None));
    // Four of 15.5 scored seconds in view.
    assert_eq!(gap.size, 0.258);
    let several = [
        tagged("glasses:yes", &bad),
        tagged("glasses:yes", &good),
        tagged("glasses:no", &good),
        tagged("glasses:no", &good),
    ];
    let drawn = fairness(&several, 1);
    assert_eq!(drawn[0].gaps[0].between, Some([0.0, 0.258]));
    assert_eq!(fairness(&several, 1), drawn);
}

#[test]
fn every_kind_has_its_place_where_several_hold() {
    for kind in Kind::ALL {
        let truth = of(vec![at(0.0, 4.0, State::InView, 1)]);
        let score = judge(&truth, &[told(kind, 0.0, 4.0, 1.0)], RECORDED);
        let cell = score.confusion.at(What::InView, What::Kind(kind));
        assert_eq!(cell, Duration::from_secs(4), "{kind:?}");
    }
}
