//! The part of the recording that the timeline shows. Pure.

use std::time::Duration;

use crate::time::MediaTime;

/// The timeline shows no less.
const LEAST_S: f64 = 1.0;

/// From where on, how much, and of how much: seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct View {
    start: f64,
    length: f64,
    whole: f64,
}

impl View {
    /// All of a recording.
    pub(super) fn whole(end: MediaTime) -> Self {
        let whole = end.as_secs_f64().max(LEAST_S);
        Self { start: 0.0, length: whole, whole }
    }

    /// The recording's length has become known better.
    pub(super) fn reaches(&mut self, end: MediaTime) {
        let whole = Self::whole(end);
        if (whole.whole - self.whole).abs() > 1e-9 {
            let was_whole = self.length >= self.whole;
            self.whole = whole.whole;
            if was_whole {
                *self = whole;
            }
            self.stay_inside();
        }
    }

    pub(super) const fn is_whole(&self) -> bool {
        self.length >= self.whole
    }

    /// Where a moment is: 0 at the left end, 1 at the right one.
    pub(super) fn place(&self, at: MediaTime) -> f64 {
        (at.as_micros() as f64 / 1e6 - self.start) / self.length
    }

    pub(super) fn time(&self, place: f64) -> MediaTime {
        let seconds = self.start + place * self.length;
        MediaTime::from_secs_f64(seconds.clamp(0.0, self.whole))
    }

    /// Shows `factor` times as large, with the moment at `place` where it was.
    pub(super) fn zoom(&mut self, factor: f64, place: f64) {
        let least = LEAST_S.min(self.whole);
        let length = (self.length / factor).clamp(least, self.whole);
        self.start += place * (self.length - length);
        self.length = length;
        self.stay_inside();
    }

    /// Moves by a part of what is shown.
    pub(super) fn pan(&mut self, part: f64) {
        self.start += part * self.length;
        self.stay_inside();
    }

    /// Moves, when it must, so that a moment is shown.
    pub(super) fn show(&mut self, at: MediaTime) {
        let place = self.place(at);
        if !(0.0..=1.0).contains(&place) {
            self.pan(place - 0.1);
        }
    }

    fn stay_inside(&mut self) {
        self.length = self.length.min(self.whole);
        self.start = self.start.clamp(0.0, self.whole - self.length);
    }

    /// Times for a scale whose figures are at least `least` of what is shown apart.
    pub(super) fn scale(&self, least: f64) -> Vec<MediaTime> {
        const STEPS_S: [f64; 15] = [
            0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0,
            3_600.0,
        ];
        let fits = |step: &&f64| **step >= least * self.length;
        let step = STEPS_S.iter().find(fits).copied().unwrap_or(7_200.0);
        let first = (self.start / step).ceil() as i64;
        let last = ((self.start + self.length) / step).floor() as i64;
        (first..=last).map(|number| MediaTime::from_secs_f64(number as f64 * step)).collect()
    }
}

/// A time to the millisecond: `1:02.067`, `1:01:02.067`.
pub(super) fn precise(at: MediaTime) -> String {
    let millis = at.as_millis().max(0);
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    let (seconds, millis) = (millis / 1_000 % 60, millis % 1_000);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}.{millis:03}")
    } else {
        format!("{minutes}:{seconds:02}.{millis:03}")
    }
}

/// A length: `0.733 s`.
pub(super) fn length(length: Duration) -> String {
    format!("{}.{:03} s", length.as_secs(), length.subsec_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn zooming_keeps_the_moment_under_the_pointer() {
        let mut view = View::whole(MediaTime::from_millis(100_000));
        view.zoom(4.0, 0.5);
        assert_eq!(view.time(0.5).as_millis(), 50_000);
        view.zoom(2.0, 0.0);
        assert_eq!(view.time(0.0).as_millis(), 37_500);
        assert!((view.length - 12.5).abs() < 1e-9);
        view.show(MediaTime::from_millis(90_000));
        assert!((0.0..=1.0).contains(&view.place(MediaTime::from_millis(90_000))));
    }

    #[test]
    fn a_scale_has_round_times_that_are_apart() {
        let view = View::whole(MediaTime::from_millis(89_467));
        let scale: Vec<i64> = view.scale(0.08).iter().map(|at| at.as_millis() / 1_000).collect();
        assert_eq!(scale, [0, 10, 20, 30, 40, 50, 60, 70, 80]);
    }

    #[test]
    fn times_are_told_to_the_millisecond() {
        assert_eq!(precise(MediaTime::from_millis(62_067)), "1:02.067");
        assert_eq!(precise(MediaTime::from_millis(3_662_067)), "1:01:02.067");
        assert_eq!(length(Duration::from_millis(733)), "0.733 s");
    }

    proptest! {
        #[test]
        fn what_is_shown_stays_within_the_recording(
            end in 1_i64..9_000_000,
            moves in prop::collection::vec((0.1_f64..10.0, 0.0_f64..1.0, -3.0_f64..3.0), 0..20),
        ) {
            let end = MediaTime::from_millis(end);
            let mut view = View::whole(end);
            for (factor, place, part) in moves {
                view.zoom(factor, place);
                view.pan(part);
                prop_assert!(view.start >= 0.0 && view.start + view.length <= view.whole + 1e-6);
                prop_assert!(view.length > 0.0);
            }
        }
    }
}
