//! Which of its formats a camera is asked for.
//!
//! Faces are found at 640x480 as well as above, and every pixel more costs: so the size wanted is
//! 640x480, or the nearest above it, or else the nearest below. Pictures are looked at several
//! times a second: so 10 to 30 frames a second, best 15 or more. A camera that keeps to neither
//! still gives what comes closest, since a poor picture is better than none; only when it has no
//! format that can be decoded is there no choice. In order of weight:
//!
//! 1. the rate: 10 to 30, then faster or unknown, then 5 to 10, then slower;
//! 2. the size: at least 640x480 (the smaller the better, up to 1920x1080), then less (the larger
//!    the better, down to 320x180), then the huge ones, then the tiny ones;
//! 3. 15 frames a second or more;
//! 4. the format: MJPEG leaves room on the bus for other devices; grey is for want of colour.
//!
//! What devices say is not trusted: rates divided by zero, steps of zero, and sizes whose minimum is
//! above their maximum all occur.

use crate::capture::LARGEST_SIDE;
use crate::geometry::Size;

const WANTED: Size = Size::new(640, 480);
/// Above it, decoding costs more than the picture gains.
const LARGE: Size = Size::new(1920, 1080);
/// Below it, a face at arm's length is too small.
const SMALL: Size = Size::new(320, 180);
/// Frames a second; a little more is let pass, for rates such as 10000000/333333.
const FASTEST: f64 = 30.05;
const GOOD: f64 = 14.95;
const SLOWEST: f64 = 9.95;
const CRAWLING: f64 = 4.95;

/// What can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PixelFormat {
    Mjpeg,
    Yuyv,
    Nv12,
    I420,
    Grey,
}

impl PixelFormat {
    pub(super) const fn from_fourcc(fourcc: [u8; 4]) -> Option<Self> {
        match &fourcc {
            b"MJPG" | b"JPEG" => Some(Self::Mjpeg),
            b"YUYV" | b"YUY2" => Some(Self::Yuyv),
            b"NV12" => Some(Self::Nv12),
            b"YU12" | b"I420" => Some(Self::I420),
            b"GREY" | b"Y8  " | b"Y800" => Some(Self::Grey),
            _ => None,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Mjpeg => "MJPEG",
            Self::Yuyv => "YUYV",
            Self::Nv12 => "NV12",
            Self::I420 => "I420",
            Self::Grey => "grey",
        }
    }
}

/// Seconds from one frame to the next, as a fraction: drivers have rates like 30000/1001.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) numerator: u32,
    pub(super) denominator: u32,
}

impl Interval {
    pub(super) const USUAL: Self = Self { numerator: 1, denominator: 30 };

    /// Frames a second; `None` for a fraction that is none.
    pub(super) fn rate(self) -> Option<f64> {
        (self.numerator > 0 && self.denominator > 0)
            .then(|| f64::from(self.denominator) / f64::from(self.numerator))
    }
}

/// Intervals as a device lists them: one, or all between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intervals {
    One(Interval),
    Between { shortest: Interval, longest: Interval },
}

impl Intervals {
    /// The one nearest to 30 frames a second. Steps are left to the driver, which rounds anyway.
    fn nearest(self) -> Option<Interval> {
        match self {
            Self::One(interval) => interval.rate().map(|_| interval),
            Self::Between { shortest, longest } => match (shortest.rate(), longest.rate()) {
                (Some(fastest), _) if fastest < FASTEST => Some(shortest),
                (_, Some(slowest)) if slowest > FASTEST => Some(longest),
                (None, None) => None,
                _ => Some(Interval::USUAL),
            },
        }
    }
}

/// Sizes as a device lists them: one, or a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sizes {
    One(Size),
    Grid { min: Size, max: Size, step: Size },
}

impl Sizes {
    /// The size to ask for: of a grid the point at or above 640x480, side by side, or else its end.
    pub(super) fn nearest(self) -> Size {
        match self {
            Self::One(size) => size,
            Self::Grid { min, max, step } => Size::new(
                on_grid(min.width, max.width, step.width, WANTED.width),
                on_grid(min.height, max.height, step.height, WANTED.height),
            ),
        }
    }
}

fn on_grid(min: u32, max: u32, step: u32, wanted: u32) -> u32 {
    let (step, span) = (step.max(1), max.saturating_sub(min));
    let steps = wanted.saturating_sub(min).div_ceil(step).min(span / step);
    min + steps * step
}

/// One format in one size, with the intervals that the device lists for it; none is common among
/// virtual cameras.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) fourcc: [u8; 4],
    pub(super) size: Size,
    pub(super) intervals: Vec<Intervals>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) fourcc: [u8; 4],
    pub(super) format: PixelFormat,
    pub(super) size: Size,
    pub(super) interval: Interval,
}

/// The best of `offers`, or else the formats in them, for a person to read.
pub(super) fn choose(offers: &[Offer]) -> Result<Choice, String> {
    offers
        .iter()
        .flat_map(candidates)
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, choice)| choice)
        .ok_or_else(|| listed(offers))
}

/// Smaller is better; the fields in order of weight.
type Rank = (u8, (u8, usize), u8, PixelFormat, u64);

fn candidates(offer: &Offer) -> Vec<(Rank, Choice)> {
    let Offer { fourcc, size, ref intervals } = *offer;
    let Some(format) = PixelFormat::from_fourcc(fourcc) else { return Vec::new() };
    if size.is_empty() || size.width.max(size.height) > LARGEST_SIDE {
        return Vec::new();
    }
    let mut known: Vec<_> = intervals.iter().filter_map(|one| one.nearest()).map(Some).collect();
    if known.is_empty() {
        known.push(None);
    }
    known
        .into_iter()
        .map(|interval| {
            let rate = interval.and_then(Interval::rate);
            let distance = rate.map_or(0, |rate| ((rate - 30.0).abs() * 1e3) as u64);
            let slower_than_good = u8::from(rate.is_some_and(|rate| rate < GOOD));
            let rank = (rate_rank(rate), size_rank(size), slower_than_good, format, distance);
            let interval = interval.unwrap_or(Interval::USUAL);
            (rank, Choice { fourcc, format, size, interval })
        })
        .collect()
}

fn rate_rank(rate: Option<f64>) -> u8 {
    match rate {
        Some(rate) if rate < CRAWLING => 3,
        Some(rate) if rate < SLOWEST => 2,
        Some(rate) if rate < FASTEST => 0,
        Some(_) | None => 1,
    }
}

fn size_rank(size: Size) -> (u8, usize) {
    let holds = |least: Size| size.width >= least.width && size.height >= least.height;
    let larger_is_better = usize::MAX - size.area();
    if holds(WANTED) {
        (if size.area() <= LARGE.area() { 0 } else { 2 }, size.area())
    } else {
        (if holds(SMALL) { 1 } else { 3 }, larger_is_better)
    }
}

fn listed(offers: &[Offer]) -> String {
    let mut names: Vec<String> = offers
        .iter()
        .map(|offer| {
            let code = String::from_utf8_lossy(&offer.fourcc);
            format!("{} at {}x{}", code.trim_end(), offer.size.width, offer.size.height)
        })
        .collect();
    names.dedup();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests;
