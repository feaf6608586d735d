//! Geometry of a timeline: where bars and ticks stand. Pure, but for the language of their titles.
//!
//! Positions are percentages of the width, so that the drawing fits a phone and a wide screen
//! with text of one size. Bars of intervals that overlap stand in lanes below each other.

use crate::report::{Gap, IntervalId, Kind, StoredInterval};
use crate::server::pages::say;
use crate::time::MediaTime;

/// Most ticks of the axis.
const TICKS: i64 = 8;
/// Distances between ticks that people count in, in seconds.
const STEPS: [i64; 17] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200];
/// Narrower bars, in percent, get an edge that can be seen.
const THIN: f64 = 0.35;
/// An empty or very short session is drawn as if it had this length.
const SHORTEST: MediaTime = MediaTime::from_millis(1_000);

#[derive(Clone, Debug, PartialEq)]
pub(in crate::server) struct Timeline {
    pub(in crate::server) bars: Vec<Bar>,
    /// Where nothing was heard.
    pub(in crate::server) unheard: Vec<Band>,
    pub(in crate::server) ticks: Vec<Tick>,
    pub(in crate::server) lanes: usize,
    /// What the whole width is.
    pub(in crate::server) extent: MediaTime,
}

/// One interval.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::server) struct Bar {
    pub(in crate::server) id: IntervalId,
    /// Percent of the width.
    pub(in crate::server) x: f64,
    pub(in crate::server) width: f64,
    pub(in crate::server) lane: usize,
    pub(in crate::server) kind: Kind,
    pub(in crate::server) alert: bool,
    /// From when to when, in words.
    pub(in crate::server) title: String,
}

/// A stretch of the whole height.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::server) struct Band {
    /// Percent of the width.
    pub(in crate::server) x: f64,
    pub(in crate::server) width: f64,
    pub(in crate::server) title: String,
}

/// One mark of the axis.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::server) struct Tick {
    /// Percent of the width.
    pub(in crate::server) x: f64,
    pub(in crate::server) label: String,
    /// Left out where there is little room.
    pub(in crate::server) minor: bool,
    /// `text-anchor` of the label: those at the edges stay inside.
    pub(in crate::server) anchor: &'static str,
}

impl Bar {
    /// Whether it would hardly be seen: it is drawn with a thicker edge.
    pub(in crate::server) fn is_thin(&self) -> bool {
        self.width < THIN
    }
}

/// Lays out the intervals, which come by their start, of a session of the length `known`, and the gaps
/// between heartbeats.
pub(in crate::server) fn layout(
    intervals: &[StoredInterval],
    gaps: &[Gap],
    known: MediaTime,
) -> Timeline {
    let extent = extent(intervals, known);
    let percent = |at: MediaTime| share(at, extent);
    let mut lanes: Vec<MediaTime> = Vec::new();
    let bars = intervals
        .iter()
        .map(|stored| {
            let interval = &stored.report.interval;
            let end = interval.end_ms.unwrap_or(extent);
            let free = lanes.iter().position(|taken| *taken <= interval.start_ms);
            let lane = free.unwrap_or(lanes.len());
            match lanes.get_mut(lane) {
                Some(taken) => *taken = end,
                None => lanes.push(end),
            }
            let x = percent(interval.start_ms);
            let title = titled(&say::kind(interval.kind), interval.start_ms, interval.end_ms);
            let (kind, alert) = (interval.kind, stored.alert);
            Bar { id: interval.id, x, width: percent(end) - x, lane, kind, alert, title }
        })
        .collect();
    let unheard = gaps.iter().map(|gap| {
        let x = percent(gap.start_ms);
        let title = titled(&say::kind(Kind::ReportingGap), gap.start_ms, gap.end_ms);
        Band { x, width: percent(gap.end_ms.unwrap_or(extent)) - x, title }
    });
    let (unheard, ticks, lanes) = (unheard.collect(), ticks(extent), lanes.len().max(1));
    Timeline { bars, unheard, ticks, lanes, extent }
}

/// The axis reaches as far as anything that is known, and shows that an open interval is one.
fn extent(intervals: &[StoredInterval], known: MediaTime) -> MediaTime {
    let ends = intervals.iter().map(|stored| {
        let interval = &stored.report.interval;
        interval.end_ms.unwrap_or(interval.start_ms + std::time::Duration::from_secs(1))
    });
    ends.fold(known, MediaTime::max).max(SHORTEST)
}

fn share(at: MediaTime, extent: MediaTime) -> f64 {
    (at.as_micros() as f64 / extent.as_micros() as f64 * 100.0).clamp(0.0, 100.0)
}

fn ticks(extent: MediaTime) -> Vec<Tick> {
    let seconds = extent.as_millis().div_euclid(1_000);
    let day = 86_400;
    let step = STEPS
        .into_iter()
        .find(|step| seconds / step < TICKS)
        .unwrap_or_else(|| (seconds / day / TICKS + 1) * day);
    (0..=seconds / step)
        .map(|number| {
            let x = share(MediaTime::from_millis(number * step * 1_000), extent);
            let anchor = match number {
                0 => "start",
                _ if x > 95.0 => "end",
                _ => "middle",
            };
            Tick { x, label: clock(number * step), minor: number % 2 == 1, anchor }
        })
        .collect()
}

fn titled(what: &str, start: MediaTime, end: Option<MediaTime>) -> String {
    match end {
        Some(end) => {
            let seconds = say::decimal(end.since(start).as_secs_f64(), 1);
            t!("bar", what = what, from = say::at(start), to = say::at(end), seconds = seconds)
        }
        None => t!("bar-open", what = what, from = say::at(start)),
    }
}

/// `0:05`, `12:30`, `1:02:30`.
pub(in crate::server) fn clock(seconds: i64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Incarnation, Interval, IntervalId, IntervalReport, SessionId};

    fn interval(start: i64, end: Option<i64>) -> StoredInterval {
        let session = SessionId::derived(&[]);
        let interval = Interval {
            id: IntervalId::derived(session, start as u64),
            kind: Kind::OutOfView,
            start_ms: MediaTime::from_millis(start),
            end_ms: end.map(MediaTime::from_millis),
            confidence: 1.0,
            frames_looked_at: 1,
            frames_skipped: 0,
            closed_by: None,
        };
        let report = IntervalReport {
            interval,
            start_utc: None,
            end_utc: None,
            sample_rate_hz: 5.0,
            policy_version: String::new(),
            models: Vec::new(),
        };
        let incarnation = Some(Incarnation::of_replay(session));
        StoredInterval { report, incarnation, alert: false, told_afterwards: false, review: None }
    }

    fn lay(intervals: &[StoredInterval], millis: i64) -> Timeline {
        layout(intervals, &[], MediaTime::from_millis(millis))
    }

    #[test]
    fn bars_stand_where_their_times_are() {
        let timeline = lay(&[interval(2_500, Some(5_000))], 10_000);
        assert_eq!((timeline.bars[0].x, timeline.bars[0].width), (25.0, 25.0));
        assert_eq!(timeline.bars[0].title, "out of view: 0:02.5 to 0:05.0 (2.5 s)");
        assert_eq!(timeline.lanes, 1);
    }

    #[test]
    fn an_open_interval_reaches_to_the_end_and_is_seen() {
        let timeline = lay(&[interval(9_000, None)], 0);
        let bar = &timeline.bars[0];
        assert_eq!((bar.x, bar.width), (90.0, 10.0));
        assert_eq!(bar.title, "out of view: since 0:09.0");
    }

    #[test]
    fn intervals_that_overlap_stand_in_lanes() {
        let intervals =
            [interval(0, Some(500)), interval(200, Some(900)), interval(500, Some(600))];
        let timeline = lay(&intervals, 1_000);
        let lanes: Vec<_> = timeline.bars.iter().map(|bar| bar.lane).collect();
        assert_eq!((lanes, timeline.lanes), (vec![0, 1, 0], 2));
    }

    #[test]
    fn nothing_leaves_the_drawing() {
        for (start, end, known) in
            [(0, Some(0), 0), (5_000, Some(99_000), 10), (i64::from(u32::MAX), None, 1)]
        {
            let timeline = lay(&[interval(start, end)], known);
            for bar in timeline.bars {
                assert!(bar.x >= 0.0 && bar.x + bar.width <= 100.0, "{bar:?}");
            }
        }
    }

    #[test]
    fn where_nothing_was_heard_is_a_band_and_one_that_is_open_reaches_to_the_end() {
        let gap = |start: i64, end: Option<i64>| Gap {
            from: String::new(),
            to: None,
            server_down_ms: 0,
            start_ms: MediaTime::from_millis(start),
            end_ms: end.map(MediaTime::from_millis),
        };
        let gaps = [gap(10_000, Some(40_000)), gap(80_000, None)];
        let bands = layout(&[], &gaps, MediaTime::from_millis(100_000)).unheard;
        assert_eq!((bands[0].x, bands[0].width), (10.0, 30.0));
        assert_eq!((bands[1].x, bands[1].width), (80.0, 20.0));
        assert_eq!(bands[0].title, "nothing heard: 0:10.0 to 0:40.0 (30.0 s)");
    }

    #[test]
    fn ticks_are_round_and_few() {
        for (seconds, last) in [(0, "0:01"), (30, "0:30"), (600, "10:00"), (10_800, "3:00:00")] {
            let ticks = lay(&[], seconds * 1_000).ticks;
            assert!((2..=9).contains(&ticks.len()), "{seconds}: {ticks:?}");
            assert_eq!(ticks.last().unwrap().label, last);
        }
        assert!(lay(&[], 366 * 86_400 * 1_000).ticks.len() <= 9);
    }
}
