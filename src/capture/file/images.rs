//! A folder of pictures (JPEG, PNG, BMP): the built-in reader.
//!
//! Pictures come in natural order (`2.jpg` before `10.jpg`). Their times stand in their names:
//!
//! | every name ends in | for example | time |
//! |---|---|---|
//! | a date and a time of day | `2026-05-01T10-00-12.5.jpg`, `20260501_100012.png` | that moment |
//! | digits and `ms` | `000123ms.jpg`, `cam-000123ms.jpg` | milliseconds |
//! | digits, a point, digits | `12345.678.png` | seconds |
//! | 13 digits or more | `1761234567890.jpg` | milliseconds |
//! | fewer digits | `frame_0007.png` | number times [`super::Options::image_interval`] |
//! | anything else | `start.png` | place in the order times the interval |
//!
//! Time zero is the first picture. Pictures that are not wanted are not even opened.

use std::cmp::Ordering;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits};

use super::fits;
use super::progress::Progress;
use crate::capture::{CaptureError, FrameSource, LARGEST_SIDE, SourceInfo, Tally};
use crate::frame::{Frame, Payload};
use crate::geometry::Size;
use crate::time::MediaTime;

const EXTENSIONS: [&str; 4] = ["jpg", "jpeg", "png", "bmp"];
/// Names kept in memory.
const MOST_PICTURES: usize = 4_000_000;
/// Memory that one picture may take while it is decoded.
const LARGEST_ALLOCATION: u64 = 512 << 20;

/// The pictures of a folder.
#[derive(Debug)]
pub(super) struct Images {
    info: SourceInfo,
    /// In the order of display, with their times.
    pictures: Vec<(MediaTime, PathBuf)>,
    interval: Duration,
    next: usize,
    progress: Progress,
}

impl Images {
    pub(super) fn open(folder: &Path, interval: Duration) -> Result<Self, CaptureError> {
        let pictures = timed(list(folder)?, interval);
        let size = pictures.iter().find_map(|(_, path)| dimensions(path));
        let Some((last, _)) = pictures.last() else { return Err(CaptureError::NoFrames) };
        let Some(size) = size else {
            return Err(CaptureError::Damaged("none of its pictures can be read".to_owned()));
        };
        fits(size)?;
        let info = SourceInfo {
            container: "image folder".to_owned(),
            codec: codec(&pictures[0].1),
            size,
            duration: Some(*last + span(&pictures, pictures.len() - 1, interval)),
        };
        Ok(Self { info, pictures, interval, next: 0, progress: Progress::default() })
    }
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, CaptureError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes()[0] == b'.');
        let known = EXTENSIONS.iter().any(|known| extension.as_deref() == Some(known.as_ref()));
        if known && !hidden && path.is_file() {
            paths.push(path);
        }
        if paths.len() > MOST_PICTURES {
            return Err(CaptureError::Damaged("too many pictures".to_owned()));
        }
    }
    paths.sort_by(|a, b| natural(&name(a), &name(b)));
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Compares names so that numbers in them count as numbers.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    while let (Some(&l), Some(&r)) = (left.first(), right.first()) {
        let order = if l.is_ascii_digit() && r.is_ascii_digit() {
            let (l, r) = (number(&mut left), number(&mut right));
            l.len().cmp(&r.len()).then_with(|| l.cmp(r))
        } else {
            (left, right) = (&left[1..], &right[1..]);
            l.cmp(&r)
        };
        if order.is_ne() {
            return order;
        }
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// Takes the digits at the front, without leading zeros.
fn number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    &digits[zeros..]
}

/// What the end of a name says of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stamp {
    Time(i64),
    Number(i64),
}

impl Stamp {
    fn parse(name: &str) -> Option<Self> {
        if let Some(micros) = date_and_time(name) {
            return Some(Self::Time(micros));
        }
        if let Some(name) = name.strip_suffix("ms") {
            return trailing(name)?.parse().ok().map(Self::millis);
        }
        let digits = trailing(name)?;
        let before = name.strip_suffix(digits).and_then(|name| name.strip_suffix('.'));
        if let Some(whole) = before.and_then(trailing) {
            let seconds: f64 = format!("{whole}.{digits}").parse().ok()?;
            return Some(Self::Time(MediaTime::from_secs_f64(seconds).as_micros()));
        }
        let value = digits.parse().ok()?;
        Some(if digits.len() >= 13 { Self::millis(value) } else { Self::Number(value) })
    }

    const fn millis(millis: i64) -> Self {
        Self::Time(MediaTime::from_millis(millis).as_micros())
    }
}

/// Microseconds since 1970, when a name ends in a date and a time of day: year, month, day, hour,
/// minute, second, and perhaps a fraction, with or without something between them.
fn date_and_time(name: &str) -> Option<i64> {
    let groups: Vec<&str> = name
        .trim_end_matches('Z')
        .split(|c: char| !c.is_ascii_digit())
        .filter(|group| !group.is_empty())
        .collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let ends_in = |pattern: &[usize]| lengths.ends_with(pattern).then_some(0);
    let with_fraction = |pattern: &[usize]| {
        let (last, before) = lengths.split_last()?;
        (*last <= 6 && before.ends_with(pattern)).then_some(1)
    };
    let written = [&[4, 2, 2, 2, 2, 2][..], &[8, 6], &[14]];
    let (pattern, fraction) = written.iter().find_map(|pattern| {
        let fraction = ends_in(pattern).or_else(|| with_fraction(pattern))?;
        Some((pattern, fraction))
    })?;
    let (moment, fraction) = groups.split_at(groups.len() - fraction);
    let digits = moment.get(moment.len() - pattern.len()..)?.concat();
    let moment = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", &digits).ok()?;
    let whole = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond();
    let fraction = fraction.first().map_or("", |fraction| fraction);
    Some(whole + format!("{fraction:0<6}").parse::<i64>().ok()?)
}

/// The digits that a name ends in.
fn trailing(name: &str) -> Option<&str> {
    let start = name.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| {
        at + name.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    name.get(start..).filter(|digits| !digits.is_empty())
}

/// Gives each picture its time, the first one zero.
fn timed(paths: Vec<PathBuf>, interval: Duration) -> Vec<(MediaTime, PathBuf)> {
    let stamps: Vec<_> = paths.iter().map(|path| Stamp::parse(&name(path))).collect();
    let micros = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
    let all_times = stamps.iter().all(|stamp| matches!(stamp, Some(Stamp::Time(_))));
    let all_numbers = stamps.iter().all(|stamp| matches!(stamp, Some(Stamp::Number(_))));
    let time = |place: i64, stamp: Option<Stamp>| match stamp {
        Some(Stamp::Time(time)) if all_times => time,
        Some(Stamp::Number(number)) if all_numbers => number.saturating_mul(micros),
        _ => place.saturating_mul(micros),
    };
    let times: Vec<_> = (0..).zip(stamps).map(|(place, stamp)| time(place, stamp)).collect();
    let mut pictures: Vec<_> = times.into_iter().zip(paths).collect();
    pictures.sort_by_key(|(time, _)| *time);
    let first = pictures.first().map_or(0, |(time, _)| *time);
    let since_first = |time: i64| MediaTime::from_micros(time.saturating_sub(first));
    pictures.into_iter().map(|(time, path)| (since_first(time), path)).collect()
}

/// How long a picture is shown: until the next, the last as long as the one before it.
fn span(pictures: &[(MediaTime, PathBuf)], place: usize, interval: Duration) -> Duration {
    let until_next = |place: usize| {
        let (this, next) = (pictures.get(place)?, pictures.get(place + 1)?);
        Some(next.0.since(this.0))
    };
    until_next(place).or_else(|| until_next(place.checked_sub(1)?)).unwrap_or(interval)
}

fn reader(path: &Path) -> Option<ImageReader<BufReader<File>>> {
    let mut reader = ImageReader::open(path).ok()?.with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    limits.max_alloc = Some(LARGEST_ALLOCATION);
    reader.limits(limits);
    Some(reader)
}

/// Size of a picture as it is shown.
fn dimensions(path: &Path) -> Option<Size> {
    use image::metadata::Orientation;
    let mut decoder = reader(path)?.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    let turned = matches!(
        decoder.orientation().ok()?,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    Some(if turned { Size::new(height, width) } else { Size::new(width, height) })
}

fn codec(path: &Path) -> String {
    let format = reader(path).and_then(|reader| reader.format());
    format.map_or_else(|| "pictures".to_owned(), |format| format!("{format:?}").to_uppercase())
}

/// Reads a picture upright. `None` when it is damaged.
fn decode(path: &Path) -> Option<(Payload, Size)> {
    let mut decoder = reader(path)?.into_decoder().ok()?;
    let orientation = decoder.orientation().ok()?;
    let mut image = DynamicImage::from_decoder(decoder).ok()?;
    image.apply_orientation(orientation);
    let size = Size::new(image.width(), image.height());
    let payload = if let DynamicImage::ImageLuma8(grey) = image {
        Payload::Gray8(grey.into_raw())
    } else {
        Payload::Rgb8(image.into_rgb8().into_raw())
    };
    (!size.is_empty()).then_some((payload, size))
}

impl FrameSource for Images {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self, not_before: MediaTime) -> Result<Option<Frame>, CaptureError> {
        while let Some((pts, path)) = self.pictures.get(self.next) {
            let duration = span(&self.pictures, self.next, self.interval);
            self.next += 1;
            let Some(seq) = self.progress.arrive(*pts, duration) else { continue };
            if *pts < not_before {
                continue;
            }
            match decode(path) {
                Some((payload, size)) => {
                    return Ok(Some(Frame { seq, pts: *pts, size, payload }));
                }
                None => self.progress.unusable(),
            }
        }
        Ok(None)
    }

    fn tally(&self) -> Tally {
        self.progress.tally()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_time_or_its_number() {
        for (name, expected) in [
            ("000123ms", Some(Stamp::Time(123_000))),
            ("cam-000123ms", Some(Stamp::Time(123_000))),
            ("12345.678", Some(Stamp::Time(12_345_678_000))),
            ("1761234567890", Some(Stamp::Time(1_761_234_567_890_000))),
            ("frame_0007", Some(Stamp::Number(7))),
            ("1970-01-01T00-00-12", Some(Stamp::Time(12_000_000))),
            ("room 1970-01-01 00.01.00.25Z", Some(Stamp::Time(60_250_000))),
            ("19700101_000012", Some(Stamp::Time(12_000_000))),
            ("19700101000012", Some(Stamp::Time(12_000_000))),
            ("cam-99999999-000007", Some(Stamp::Number(7))),
            ("start", None),
        ] {
            assert_eq!(Stamp::parse(name), expected, "{name}");
        }
    }

    #[test]
    fn pictures_come_in_natural_order_and_the_first_is_time_zero() {
        let names = ["10.jpg", "9.jpg", "8.jpg"].map(PathBuf::from).to_vec();
        let times = timed(names, Duration::from_millis(200));
        let times: Vec<_> = times.iter().map(|(at, path)| (at.as_millis(), name(path))).collect();
        let expected = [(0, "8"), (200, "9"), (400, "10")];
        assert_eq!(times, expected.map(|(at, name)| (at, name.to_owned())));
    }
}
