//! One kind of interval, by scripts of what each frame says.

use std::time::Duration;

use super::track::{Counts, Evidence, Step, Times, Track};
use crate::report::{ClosedBy, IntervalId, SessionId};
use crate::time::MediaTime;

const TIMES: Times = Times {
    record_after: Duration::from_secs(1),
    merge_gap: Duration::from_secs(1),
    confirm: Duration::from_millis(150),
    must_prevail: false,
};

/// Runs a script of one character for each frame, 200 ms apart: `x` holds, `.` clear, `w` worse, `m`
/// may hold, `o` may be over, `?` cannot tell; `!` is no frame, but says that whoever is found in the next was not there
/// before. Gives the closed intervals as (start, end, why), in milliseconds.
fn closed(script: &str) -> Vec<(i64, i64, ClosedBy)> {
    closed_of(TIMES, script)
}

fn closed_of(times: Times, script: &str) -> Vec<(i64, i64, ClosedBy)> {
    let mut track = Track::new(times);
    let mut number = 0;
    let mut id = || {
        number += 1;
        IntervalId::derived(SessionId::derived(&[]), number)
    };
    let mut steps = Vec::new();
    let mut at = MediaTime::ZERO;
    for frame in script.chars() {
        let evidence = match frame {
            'x' => Evidence::Holds(1.0),
            '.' => Evidence::Clear,
            'w' => Evidence::Worse,
            'm' => Evidence::MayHold,
            'o' => Evidence::MayBeOver,
            '!' => {
                track.may_hold_since(at);
                track.doubted_since(at);
                continue;
            }
            _ => Evidence::Unknown,
        };
        steps.extend(track.take(at, evidence, Counts::frame(2), &mut id));
        at = at + Duration::from_millis(200);
    }
    steps.extend(track.finish(at, ClosedBy::SessionEnd, &mut id));
    let closed = |step| match step {
        Step::Closed { start, end, by, .. } => Some((start.as_millis(), end.as_millis(), by)),
        Step::Opened { .. } | Step::Resumed { .. } => None,
    };
    steps.into_iter().filter_map(closed).collect()
}

#[test]
fn an_interval_starts_where_last_seen_and_ends_where_seen_again() {
    assert_eq!(closed("...xxxxxx......"), [(400, 1_800, ClosedBy::SeenAgain)]);
}

#[test]
fn what_is_shorter_than_record_after_is_not_recorded() {
    assert_eq!(closed("...xxxx........"), []);
}

#[test]
fn one_frame_that_errs_does_not_end_an_interval() {
    assert_eq!(closed("..xxxxx.xxxxx......"), [(200, 2_600, ClosedBy::SeenAgain)]);
}

#[test]
fn intervals_less_than_merge_gap_apart_are_one() {
    assert_eq!(closed("..xxxxxx....xxxxxx......"), [(200, 3_600, ClosedBy::SeenAgain)]);
}

#[test]
fn intervals_a_merge_gap_apart_are_two() {
    let two = [(200, 1_600, ClosedBy::SeenAgain), (2_800, 4_200, ClosedBy::SeenAgain)];
    assert_eq!(closed("..xxxxxx.......xxxxxx......"), two);
}

#[test]
fn a_short_absence_right_after_an_interval_does_not_lengthen_it() {
    assert_eq!(closed("..xxxxxx...xx........."), [(200, 1_600, ClosedBy::SeenAgain)]);
}

#[test]
fn frames_that_cannot_tell_neither_open_nor_close() {
    assert_eq!(closed("..xx??xxx...???....."), [(200, 1_800, ClosedBy::SeenAgain)]);
    assert_eq!(closed("..x????????........."), []);
}

#[test]
fn something_worse_ends_it_only_when_that_lasts() {
    assert_eq!(closed("..xxwwxxx......"), [(200, 1_800, ClosedBy::SeenAgain)]);
    assert_eq!(closed("..xxxxxxwwwwwwwww"), [(200, 1_600, ClosedBy::SeenAgain)]);
    assert_eq!(closed("..xxwwwwxx......."), []);
    assert_eq!(closed("..xxxxxxww......."), [(200, 1_600, ClosedBy::SeenAgain)]);
}

#[test]
fn what_may_have_held_is_dated_from_its_first_frame_once_it_is_known() {
    assert_eq!(closed("mmmxxxxx......."), [(0, 1_600, ClosedBy::SeenAgain)]);
    assert_eq!(closed("mmm.mmxxxxxx......."), [(600, 2_400, ClosedBy::SeenAgain)]);
    assert_eq!(closed("mmmmmmmmmmm......."), []);
}

#[test]
fn what_may_have_been_over_is_over_from_its_first_frame_once_it_is_known() {
    assert_eq!(closed("..xxxxxxooo......."), [(200, 1_600, ClosedBy::SeenAgain)]);
    assert_eq!(closed("..xxxxxxooo."), [(200, 1_600, ClosedBy::SeenAgain)]);
    assert_eq!(closed("..xxxxxxoooxxo......."), [(200, 2_600, ClosedBy::SeenAgain)]);
    assert_eq!(closed("..xxxxxxooo.xxx......"), [(200, 3_000, ClosedBy::SeenAgain)]);
    assert_eq!(closed("..xxxxxxooo"), [(200, 2_200, ClosedBy::SessionEnd)]);
    assert_eq!(closed("..xxoooooooo......."), []);
}

#[test]
fn an_interval_that_lasts_to_the_end_is_closed_there() {
    assert_eq!(closed("..xxxxxx"), [(200, 1_600, ClosedBy::SessionEnd)]);
    assert_eq!(closed("xxxx"), []);
    assert_eq!(closed("xxxxx"), [(0, 1_000, ClosedBy::SessionEnd)]);
}

#[test]
fn an_interruption_closes_at_its_own_time_and_forgets_what_was_last_seen() {
    let mut track = Track::new(TIMES);
    let mut id = || IntervalId::derived(SessionId::derived(&[]), 1);
    for step in 0..10 {
        track.take(
            MediaTime::from_millis(step * 200),
            Evidence::Holds(0.5),
            Counts::frame(0),
            &mut id,
        );
    }
    let steps = track.interrupt(MediaTime::from_millis(1_700), ClosedBy::CouldNotLook);
    assert!(
        matches!(steps[..], [Step::Closed { end, by: ClosedBy::CouldNotLook, .. }]
            if end == MediaTime::from_millis(1_700)),
        "{steps:?}"
    );
    track.take(MediaTime::from_millis(5_000), Evidence::Holds(0.5), Counts::frame(0), &mut id);
    let steps =
        track.take(MediaTime::from_millis(6_000), Evidence::Holds(0.5), Counts::frame(0), &mut id);
    assert!(
        matches!(steps[..], [Step::Opened { start, .. }] if start == MediaTime::from_millis(5_000)),
        "{steps:?}"
    );
}

#[test]
fn counts_cover_the_interval_only() {
    let mut track = Track::new(TIMES);
    let mut id = || IntervalId::derived(SessionId::derived(&[]), 1);
    let mut last = None;
    for (step, frame) in (0..).zip("..xxxxxx.........".chars()) {
        let evidence = if frame == 'x' { Evidence::Holds(0.64) } else { Evidence::Clear };
        let at = MediaTime::from_millis(step * 200);
        last = track.take(at, evidence, Counts::frame(2), &mut id).pop().or(last);
    }
    let Some(Step::Closed { counts, .. }) = last else { panic!("not closed: {last:?}") };
    assert_eq!((counts.looked_at, counts.skipped, counts.confidence()), (6, 12, 0.8));
}

#[test]
fn what_is_seen_in_every_other_look_is_there() {
    let prevailing = Times { must_prevail: true, ..TIMES };
    assert_eq!(closed("..x.x.xx......"), [(200, 1_600, ClosedBy::SeenAgain)]);
    assert_eq!(closed_of(prevailing, "..x.x.xx......"), []);
    assert_eq!(closed_of(prevailing, "..x.x.x.x.x.x.x.x.x......"), []);
}

#[test]
fn what_holds_after_it_wavered_is_dated_from_where_it_was_last_seen() {
    let prevailing = Times { must_prevail: true, ..TIMES };
    let one = |start, end| [(start, end, ClosedBy::SeenAgain)];
    assert_eq!(closed_of(prevailing, "..x.x.xxxxxx......"), one(1_000, 2_400));
    assert_eq!(closed_of(prevailing, "..xx.xxx......"), one(200, 1_600), "one look errs");
    assert_eq!(closed_of(prevailing, "..xxxx.xxxx.xxxx......"), one(200, 3_200), "one in five");
    assert_eq!(closed_of(prevailing, "..xxxxxx..x.x.xx......"), one(200, 1_600), "once it is over");
}

#[test]
fn what_may_have_been_over_or_held_is_dated_by_who_was_there() {
    let ends = |script| closed(script)[0].1;
    assert_eq!(ends("xxxxxxxxxxoooo......."), 2_000);
    assert_eq!(ends("xxxxxxxxxxoooo!......"), 2_800);
    let starts = |script| closed(script)[0].0;
    assert_eq!(starts("...mmmmxxxxxxx"), 400);
    assert_eq!(starts("...mmmm!xxxxxxx"), 1_400);
    // Nothing was said of it before.
    assert_eq!(closed("...!xxxxxxx"), closed("...xxxxxxx"));
    assert_eq!(ends("xxxxxxxxxx!......."), 2_000);
}
