//! How often the camera is looked at: as often as the policy says, or as seldom as it allows while
//! the machine is strained. Pure: time and readings come in.
//!
//! There are two rates and nothing between them, so that whoever reads a report knows what to
//! expect. A strain is believed at once and let go slowly: a rate that goes up and down every few
//! seconds helps nobody.

use std::time::Duration;

use crate::report::Strain;
use crate::time::MediaTime;

/// A battery that is drawn on is low at this charge …
const BATTERY_LOW: f32 = 0.20;
/// … and no longer low from this one on, or with mains power.
const BATTERY_GOOD: f32 = 0.25;
/// Load is judged over this long.
const WINDOW: Duration = Duration::from_secs(20);
/// Heat and load must have been gone for this long; load, that came back at once, for twice as
/// long each time.
const CALM: Duration = Duration::from_mins(1);
const LONGEST_CALM: Duration = Duration::from_mins(16);

/// What the machine says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Machine {
    /// Charge of the battery, 0 to 1, while it is drawn on; absent with mains power, and without a
    /// battery.
    pub battery: Option<f32>,
    /// A sensor is near the temperature at which its maker calls it critical.
    pub is_hot: bool,
}

/// Frames that were due, counted since the start of the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    pub looked_at: u64,
    /// Replaced by newer ones before anybody could look at them.
    pub missed: u64,
}

/// Decides the rate.
#[derive(Clone, Debug)]
pub struct Pace {
    full_hz: f64,
    lowest_hz: f64,
    battery_is_low: bool,
    heat: Lingering,
    load: Load,
}

/// Something that counts until it has been gone for a while.
#[derive(Clone, Debug, Default)]
struct Lingering {
    last: Option<MediaTime>,
}

/// Whether frames are missed.
#[derive(Clone, Debug)]
struct Load {
    window: Option<(MediaTime, Frames)>,
    is_high: bool,
    calm_since: MediaTime,
    calm: Duration,
}

impl Lingering {
    fn is_there(&mut self, is_there: bool, now: MediaTime) -> bool {
        if is_there {
            self.last = Some(now);
        } else if self.last.is_some_and(|last| now.since(last) >= CALM) {
            self.last = None;
        }
        self.last.is_some()
    }
}

impl Load {
    fn new() -> Self {
        Self { window: None, is_high: false, calm_since: MediaTime::ZERO, calm: CALM }
    }

    fn judge(&mut self, now: MediaTime, frames: Frames) {
        let (since, before) = *self.window.get_or_insert((now, frames));
        if now.since(since) < WINDOW {
            return;
        }
        self.window = Some((now, frames));
        // A worker that was started again counts anew.
        let looked_at = frames.looked_at.saturating_sub(before.looked_at);
        let missed = frames.missed.saturating_sub(before.missed);
        if missed > looked_at {
            if !self.is_high && self.calm_since > MediaTime::ZERO {
                let came_back = now.since(self.calm_since) < self.calm * 2;
                self.calm = if came_back { (self.calm * 2).min(LONGEST_CALM) } else { CALM };
            }
            (self.is_high, self.calm_since) = (true, now);
        } else if self.is_high && now.since(self.calm_since) >= self.calm {
            (self.is_high, self.calm_since) = (false, now);
        }
    }
}

impl Pace {
    /// `lowest_hz` is never taken as more than `full_hz`. Both in frames a second.
    pub fn new(full_hz: f64, lowest_hz: f64) -> Self {
        Self {
            full_hz,
            lowest_hz: lowest_hz.min(full_hz),
            battery_is_low: false,
            heat: Lingering::default(),
            load: Load::new(),
        }
    }

    /// Takes what is known at `now`.
    pub fn judge(&mut self, now: MediaTime, machine: &Machine, frames: Frames) {
        self.battery_is_low = machine.battery.is_some_and(|charge| {
            charge <= if self.battery_is_low { BATTERY_GOOD } else { BATTERY_LOW }
        });
        self.heat.is_there(machine.is_hot, now);
        self.load.judge(now, frames);
    }

    /// Why less is looked; what the candidate can mend comes first.
    pub fn strain(&self) -> Option<Strain> {
        if self.battery_is_low {
            Some(Strain::Battery)
        } else if self.load.is_high {
            Some(Strain::Load)
        } else if self.heat.last.is_some() {
            Some(Strain::Heat)
        } else {
            None
        }
    }

    /// Frames a second that are to be looked at now.
    pub fn rate_hz(&self) -> f64 {
        if self.strain().is_some() { self.lowest_hz } else { self.full_hz }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAINS: Machine = Machine { battery: None, is_hot: false };
    const HOT: Machine = Machine { battery: None, is_hot: true };

    fn at(secs: i64) -> MediaTime {
        MediaTime::from_millis(secs * 1_000)
    }

    fn charge(charge: f32) -> Machine {
        Machine { battery: Some(charge), is_hot: false }
    }

    #[test]
    fn a_low_battery_lowers_the_rate_until_it_is_charged_or_plugged_in() {
        let mut pace = Pace::new(5.0, 2.0);
        let rates = [0.9, 0.21, 0.20, 0.24, 0.26, 0.10].map(|left| {
            pace.judge(at(0), &charge(left), Frames::default());
            pace.rate_hz()
        });
        assert_eq!(rates, [5.0, 5.0, 2.0, 2.0, 5.0, 2.0]);
        assert_eq!(pace.strain(), Some(Strain::Battery));
        pace.judge(at(1), &MAINS, Frames::default());
        assert_eq!((pace.rate_hz(), pace.strain()), (5.0, None));
    }

    #[test]
    fn heat_lowers_the_rate_until_it_has_been_gone_for_a_minute() {
        let mut pace = Pace::new(5.0, 2.0);
        pace.judge(at(0), &HOT, Frames::default());
        assert_eq!((pace.rate_hz(), pace.strain()), (2.0, Some(Strain::Heat)));
        for (second, machine, expected) in
            [(30, MAINS, 2.0), (40, HOT, 2.0), (99, MAINS, 2.0), (100, MAINS, 5.0)]
        {
            pace.judge(at(second), &machine, Frames::default());
            assert_eq!(pace.rate_hz(), expected, "at {second} s");
        }
    }

    /// Judges every second; a machine that manages `capacity` frames a second is given as many as
    /// the rate asks for. Gives the second of each change, and the rate from there on.
    fn changes(capacity: impl Fn(i64) -> f64, seconds: i64) -> Vec<(i64, f64)> {
        let mut pace = Pace::new(5.0, 2.0);
        let (mut looked_at, mut missed) = (0.0, 0.0);
        let mut changes = Vec::new();
        for second in 0..seconds {
            let before = pace.rate_hz();
            let done = capacity(second).min(before);
            (looked_at, missed) = (looked_at + done, missed + before - done);
            let frames = Frames { looked_at: looked_at as u64, missed: missed as u64 };
            pace.judge(at(second), &MAINS, frames);
            if pace.rate_hz() != before {
                changes.push((second, pace.rate_hz()));
            }
        }
        changes
    }

    #[test]
    fn a_machine_that_misses_more_than_half_of_the_frames_is_asked_for_fewer() {
        assert_eq!(changes(|_| 3.0, 600), []);
        assert_eq!(changes(|_| 2.4, 60), [(20, 2.0)]);
    }

    #[test]
    fn a_load_that_passes_is_forgotten_and_one_that_comes_back_is_tried_less_and_less_often() {
        let passes = changes(|second| if second < 60 { 1.0 } else { 5.0 }, 600);
        assert_eq!(passes.len(), 2, "{passes:?}");
        assert_eq!(passes[1].1, 5.0);
        let stays = changes(|_| 2.4, 7_200);
        let lowered: Vec<i64> =
            stays.iter().filter(|(_, rate)| *rate == 2.0).map(|(second, _)| *second).collect();
        let apart: Vec<i64> = lowered.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(apart.windows(2).all(|pair| pair[0] <= pair[1]), "{apart:?}");
        assert!(apart.last().is_some_and(|last| *last > 900), "{apart:?}");
    }

    #[test]
    fn the_lowest_rate_is_never_above_the_full_one() {
        let mut pace = Pace::new(1.0, 2.5);
        pace.judge(at(0), &charge(0.01), Frames::default());
        assert_eq!(pace.rate_hz(), 1.0);
    }
}
