//! Whether the camera shows once more what it has shown before: a recording that is played in a loop.
//!
//! A picture is a moment of its own when the path through the looks of some lag before passes through it, and no
//! picture since has been nearly as near:
//!
//! ```text
//! looks:   j-1 ── j ── j+1   others …   now
//!                 └─ distance ───────────┘
//!                                └ nearest┘
//! ```
//!
//! One moment says little, for people come back to how they sat. Only where three and a half seconds of such moments
//! each come as long after the one that they are like, the picture is a loop. Whoever sits still has no moment
//! of their own, nor has what nods, swings or blinks: the same pictures lie between.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::coarse::{Coarse, to_segment};
use super::picture::LumaGrid;
use crate::time::MediaTime;

/// Looks that are kept: eight minutes at five a second.
const KEPT: usize = 2_400;
/// Lags are told apart by this much; there are as many as eight minutes have.
const STEP: Duration = Duration::from_millis(200);
const LAGS: usize = 2_400;
/// No loop is shorter: what goes round faster does so by itself.
const SHORTEST: Duration = Duration::from_millis(3_800);
/// Pictures that are nearer in time than this are alike in any movement.
const NEAR: Duration = Duration::from_millis(700);
/// Around a second ago.
const AROUND: RangeInclusive<Duration> = NEAR..=Duration::from_millis(1_200);
/// Looks further apart say nothing of what moved between them.
const LONGEST_APART: Duration = Duration::from_millis(600);
/// So much movement must be the same …
const ENOUGH: Duration = Duration::from_millis(3_500);
/// … with no longer rest in it than this, …
const LONGEST_REST: Duration = Duration::from_mins(1);
/// … and so many times as fast at one moment as at another: a fan and a turntable turn evenly.
const UNEVEN: f32 = 2.5;
/// A loop that was not seen for so long is over.
const OVER_AFTER: Duration = Duration::from_secs(2);
/// A moment of its own: all others are at least so far from it, in levels (root of the mean square) …
const OF_ITS_OWN: f32 = 0.7;
/// … and so many times further than the one that it is like …
const TIMES: f32 = 2.0;
/// … which is no further than this.
const LIKE: f32 = 4.0;
/// Pictures that may be the same, though nothing moves in them.
const MAY_BE_SAME: f32 = 1.5;

/// The picture is one of a loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Repeat {
    /// The first look that was a repetition.
    pub since: MediaTime,
    /// So long before it was shown, to 0.2 s.
    pub lag: Duration,
    /// This look, too, may be one; where not, the loop may be over.
    pub goes_on: bool,
    /// 0 to 1, of the latest moment of its own.
    pub confidence: f64,
}

#[derive(Clone, Copy)]
struct Kept {
    at: MediaTime,
    picture: Coarse,
    /// Squared distance from the look before.
    from_last: f32,
}

/// A kept look, as seen from now.
#[derive(Clone, Copy)]
struct Past {
    at: MediaTime,
    /// Squared distances from now: of the look, and of the path through it and its neighbours.
    distance: f32,
    path: f32,
    from_last: f32,
}

/// What a look says of a lag.
#[derive(Clone, Copy)]
enum Says {
    /// A moment of its own was there so long before.
    Own,
    /// The picture was there, but so it was in between, though it moves: as what swings.
    OneOfMany,
    /// Nothing moves.
    Nothing,
    /// The picture was another.
    Other,
}

/// Moments of their own, each a lag after the one that it is like.
#[derive(Clone, Copy, Default)]
struct Run {
    since: Option<MediaTime>,
    /// The latest moment of its own, and the latest that was not against it.
    moved_at: MediaTime,
    held_at: MediaTime,
    moved: Duration,
    /// Squares of the shortest and the longest step from look to look among them.
    steps: (f32, f32),
}

#[derive(Clone, Copy)]
struct Open {
    lag: usize,
    since: MediaTime,
    held_at: MediaTime,
    confidence: f64,
}

/// Compares each picture with those of the eight minutes before.
pub struct Repeats {
    /// A ring, the newest at `newest`.
    kept: Vec<Kept>,
    newest: usize,
    /// The newest first.
    past: Vec<Past>,
    runs: Vec<Run>,
    open: Option<Open>,
}

impl std::fmt::Debug for Repeats {
    /// Without pixels, coarse as they are.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repeats").field("looks", &self.kept.len()).finish_non_exhaustive()
    }
}

impl Default for Repeats {
    /// Takes all memory that it will need, 1.1 MB.
    fn default() -> Self {
        Self {
            kept: Vec::with_capacity(KEPT),
            newest: 0,
            past: Vec::with_capacity(KEPT),
            runs: vec![Run::default(); LAGS],
            open: None,
        }
    }
}

impl Repeats {
    /// Takes the picture of a look; says of which loop it is, if of any.
    pub fn look(&mut self, at: MediaTime, picture: &LumaGrid) -> Option<Repeat> {
        self.take(at, &Coarse::of(picture))
    }

    pub(super) fn take(&mut self, at: MediaTime, picture: &Coarse) -> Option<Repeat> {
        let last = self.kept.get(self.newest).map_or(at, |last| last.at);
        let apart = at.since(last);
        if apart > LONGEST_APART {
            self.forget();
        }
        self.measure(picture);
        self.compare(at, apart);
        let from_last = self.past.first().map_or(0.0, |last| last.distance);
        self.keep(&Kept { at, picture: *picture, from_last });
        self.open.map(|open| Repeat {
            since: open.since,
            lag: STEP * open.lag as u32,
            goes_on: open.held_at == at,
            confidence: open.confidence,
        })
    }

    fn forget(&mut self) {
        self.kept.clear();
        self.newest = 0;
        self.runs.fill(Run::default());
        self.open = None;
    }

    fn keep(&mut self, look: &Kept) {
        if self.kept.len() < KEPT {
            self.newest = self.kept.len();
            self.kept.push(*look);
        } else {
            self.newest = (self.newest + 1) % KEPT;
            self.kept[self.newest] = *look;
        }
    }

    /// How far the picture is from each that is kept.
    fn measure(&mut self, picture: &Coarse) {
        let (newer, older) = self.kept.split_at(self.kept.len().min(self.newest + 1));
        self.past.clear();
        self.past.extend(newer.iter().rev().chain(older.iter().rev()).map(|kept| {
            let distance = kept.picture.squared_distance(picture);
            Past { at: kept.at, distance, path: distance, from_last: kept.from_last }
        }));
        for index in 1..self.past.len() {
            let (later, earlier) = (self.past[index - 1], self.past[index]);
            let between = to_segment(later.distance, earlier.distance, later.from_last);
            self.past[index - 1].path = later.path.min(between);
            self.past[index].path = between;
        }
    }

    /// Whether the picture is clearly another than it was around a second ago.
    fn moves(&self, at: MediaTime) -> bool {
        let around = self.past.iter().filter(|past| AROUND.contains(&at.since(past.at)));
        let nearest = around.map(|past| past.path).reduce(f32::min);
        nearest.is_some_and(|nearest| nearest >= OF_ITS_OWN.powi(2))
    }

    /// What this look says of each lag.
    fn compare(&mut self, at: MediaTime, apart: Duration) {
        let Some(longest) = self.past.last().map(|oldest| at.since(oldest.at)) else { return };
        let ago = |past: &Past| at.since(past.at);
        let moves = self.moves(at);
        let step = self.past.first().map_or(0.0, |last| last.distance);
        let (mut here, mut between, mut nearest) = (0, 0, f32::INFINITY);
        let mut found = None;
        for lag in (SHORTEST.as_micros() / STEP.as_micros()) as usize..LAGS {
            let span = STEP * lag as u32;
            if span > longest {
                break;
            }
            while self.past.get(here + 1).is_some_and(|past| ago(past) <= span + STEP / 2) {
                here += 1;
            }
            while between < here && ago(&self.past[between]) + NEAR <= span {
                if ago(&self.past[between]) >= NEAR {
                    nearest = nearest.min(self.past[between].path);
                }
                between += 1;
            }
            let distance = self.past[here].path;
            let is_own = nearest >= OF_ITS_OWN.powi(2)
                && distance <= LIKE.powi(2).min(nearest / TIMES.powi(2));
            let run = &mut self.runs[lag];
            let says = if is_own {
                Says::Own
            } else if distance > MAY_BE_SAME.powi(2) {
                Says::Other
            } else if moves {
                Says::OneOfMany
            } else {
                Says::Nothing
            };
            run.take(at, apart, step, says);
            if let Some(open) = self.open.as_mut().filter(|open| open.lag.abs_diff(lag) <= 1)
                && run.held_at == at
            {
                open.held_at = at;
                if is_own {
                    open.confidence = confidence(distance, nearest);
                }
            }
            if found.is_none() && is_own && run.is_loop() {
                let since = run.since.unwrap_or(at);
                let confidence = confidence(distance, nearest);
                found = Some(Open { lag, since, held_at: at, confidence });
            }
        }
        if self.open.is_none_or(|open| at.since(open.held_at) >= OVER_AFTER) {
            self.open = found;
        }
    }
}

impl Run {
    fn is_loop(&self) -> bool {
        let (shortest, longest) = self.steps;
        self.moved >= ENOUGH && longest >= UNEVEN.powi(2) * shortest
    }

    fn take(&mut self, at: MediaTime, apart: Duration, step: f32, says: Says) {
        let forgotten =
            at.since(self.held_at) >= OVER_AFTER || at.since(self.moved_at) >= LONGEST_REST;
        if forgotten {
            *self = Self::default();
        }
        match says {
            Says::Own => {
                if self.since.is_none() {
                    (self.since, self.steps) = (Some(at), (step, step));
                }
                self.steps = (self.steps.0.min(step), self.steps.1.max(step));
                self.moved += apart;
                (self.moved_at, self.held_at) = (at, at);
            }
            Says::Nothing => self.held_at = at,
            Says::OneOfMany => {
                self.held_at = at;
                self.moved = self.moved.saturating_sub(apart);
            }
            Says::Other => self.moved = self.moved.saturating_sub(apart * 2),
        }
        if self.moved.is_zero() {
            self.since = None;
        }
    }
}

fn confidence(distance: f32, nearest: f32) -> f64 {
    f64::from(1.0 - (distance / nearest).sqrt() * TIMES / 2.0)
}
