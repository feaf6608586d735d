//! The video track of an MP4 file: which bytes are a frame, and when it is shown.
//!
//! Read from the `moov` box (and the `moof` boxes of a fragmented file), which the caller has
//! brought into memory. The tables are bounded before they are unrolled: a run length is a number
//! that a damaged file can set to four billion.

use super::boxes::{Boxes, Fields, Name};
use super::rotate::Turn;

/// More frames than a day at 40 a second: no recording of an exam, but a damaged table.
const MOST_SAMPLES: usize = 4_000_000;

/// One coded frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) offset: u64,
    pub(super) size: u32,
    /// When it is shown, in ticks of the track.
    pub(super) pts: i64,
    /// For how long, in ticks.
    pub(super) duration: u32,
}

/// What is known of the video track.
#[derive(Clone, Debug)]
pub(super) struct Track {
    id: u32,
    /// Ticks a second; not zero.
    pub(super) timescale: u32,
    /// Code of the codec: `avc1`, `hvc1`, …
    pub(super) codec: Name,
    /// Content of the `avcC` box.
    pub(super) avcc: Option<Vec<u8>>,
    pub(super) turn: Turn,
    /// In the order of decoding.
    pub(super) samples: Vec<Sample>,
    /// Shown part of the track, in ticks: first, and first no longer shown.
    pub(super) shown: Option<(i64, i64)>,
    /// Where the next fragment begins, in ticks of decoding time.
    next_dts: i64,
    defaults: Defaults,
}

/// What a fragment takes for granted.
#[derive(Clone, Copy, Debug, Default)]
struct Defaults {
    duration: u32,
    size: u32,
}

/// Why there is no video track to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TrackError {
    /// There are other tracks: these.
    NoVideo(String),
    Damaged(&'static str),
}

const DAMAGED: TrackError = TrackError::Damaged("the index (moov) is damaged");
const TOO_MANY: TrackError = TrackError::Damaged("the index (moov) lists too many frames");

impl Track {
    /// Reads the content of a `moov` box.
    pub(super) fn parse(moov: &[u8]) -> Result<Self, TrackError> {
        let trak = video_trak(moov)?;
        let movie_timescale = Boxes::path(moov, &[b"mvhd"]).and_then(timescale).ok_or(DAMAGED)?;
        let mut track = Self::parse_trak(trak, movie_timescale).ok_or(DAMAGED)?;
        if let Some(mvex) = Boxes::path(moov, &[b"mvex"]) {
            track.defaults = Boxes::new(mvex)
                .all(*b"trex")
                .find_map(|trex| defaults_of(trex, track.id))
                .unwrap_or_default();
        }
        let stbl = Boxes::path(trak, &[b"mdia", b"minf", b"stbl"]).ok_or(DAMAGED)?;
        let count = sample_sizes(stbl).map_or(0, |(count, _)| count);
        if count > MOST_SAMPLES {
            return Err(TOO_MANY);
        }
        if count > 0 {
            (track.samples, track.next_dts) = samples(stbl, count).ok_or(DAMAGED)?;
        }
        Ok(track)
    }

    fn parse_trak(trak: &[u8], movie_timescale: u32) -> Option<Self> {
        let (id, turn) = track_header(Boxes::new(trak).find(*b"tkhd")?)?;
        let timescale = timescale(Boxes::path(trak, &[b"mdia", b"mdhd"])?)?;
        let stsd = Boxes::path(trak, &[b"mdia", b"minf", b"stbl", b"stsd"])?;
        let (codec, entry) = Boxes::new(stsd.get(8..)?).next()?;
        let avcc =
            Boxes::new(entry.get(78..).unwrap_or_default()).find(*b"avcC").map(<[u8]>::to_vec);
        let shown = Boxes::path(trak, &[b"edts", b"elst"])
            .and_then(|elst| edit_list(elst, timescale, movie_timescale));
        let defaults = Defaults::default();
        let samples = Vec::new();
        Some(Self { id, timescale, codec, avcc, turn, samples, shown, next_dts: 0, defaults })
    }

    /// Adds the frames of a fragment: the content of a `moof` box that begins at `start` in the file.
    pub(super) fn add_fragment(&mut self, moof: &[u8], start: u64) -> Result<(), TrackError> {
        for traf in Boxes::new(moof).all(*b"traf") {
            let Some(header) = Boxes::new(traf).find(*b"tfhd").and_then(TrackFragment::parse)
            else {
                return Err(DAMAGED);
            };
            if header.track == self.id {
                self.add_traf(traf, &header, start)?;
            }
        }
        Ok(())
    }

    fn add_traf(
        &mut self,
        traf: &[u8],
        header: &TrackFragment,
        start: u64,
    ) -> Result<(), TrackError> {
        let base = header.base.unwrap_or(start);
        let defaults = Defaults {
            duration: header.duration.unwrap_or(self.defaults.duration),
            size: header.size.unwrap_or(self.defaults.size),
        };
        if let Some(dts) = Boxes::new(traf).find(*b"tfdt").and_then(decode_time) {
            self.next_dts = dts;
        }
        let mut position = base;
        for trun in Boxes::new(traf).all(*b"trun") {
            let count = Fields(trun.get(4..).unwrap_or_default()).u32().ok_or(DAMAGED)?;
            if self.samples.len().saturating_add(count as usize) > MOST_SAMPLES {
                return Err(TOO_MANY);
            }
            position = self.add_run(trun, base, position, defaults).ok_or(DAMAGED)?;
        }
        Ok(())
    }

    /// Gives the position after the run.
    fn add_run(
        &mut self,
        trun: &[u8],
        base: u64,
        position: u64,
        defaults: Defaults,
    ) -> Option<u64> {
        let mut fields = Fields(trun);
        let (_, flags) = fields.version_and_flags()?;
        let count = fields.u32()?;
        let mut position = match flags & 0x1 {
            0 => position,
            _ => base.checked_add_signed(i64::from(fields.i32()?))?,
        };
        if flags & 0x4 != 0 {
            fields.u32()?;
        }
        for _ in 0..count {
            let duration = if flags & 0x100 == 0 { defaults.duration } else { fields.u32()? };
            let size = if flags & 0x200 == 0 { defaults.size } else { fields.u32()? };
            if flags & 0x400 != 0 {
                fields.u32()?;
            }
            let shift = if flags & 0x800 == 0 { 0 } else { fields.i32()? };
            let pts = self.next_dts.checked_add(i64::from(shift))?;
            self.samples.push(Sample { offset: position, size, pts, duration });
            position = position.checked_add(u64::from(size))?;
            self.next_dts = self.next_dts.checked_add(i64::from(duration))?;
        }
        Some(position)
    }
}

/// The first video track that lists frames, or else the first video track.
fn video_trak(moov: &[u8]) -> Result<&[u8], TrackError> {
    let mut first = None;
    let mut others = Vec::new();
    for trak in Boxes::new(moov).all(*b"trak") {
        let handler = Boxes::path(trak, &[b"mdia", b"hdlr"]).and_then(|hdlr| hdlr.get(8..12));
        match handler {
            Some(b"vide") => {
                let stbl = Boxes::path(trak, &[b"mdia", b"minf", b"stbl"]);
                if stbl.and_then(sample_sizes).is_some_and(|(count, _)| count > 0) {
                    return Ok(trak);
                }
                first = first.or(Some(trak));
            }
            Some(b"soun") => others.push("sound"),
            Some(b"text" | b"sbtl" | b"subt") => others.push("subtitles"),
            _ => others.push("data"),
        }
    }
    others.dedup();
    match first {
        Some(trak) => Ok(trak),
        None if others.is_empty() => Err(TrackError::Damaged("the index (moov) lists no tracks")),
        None => Err(TrackError::NoVideo(others.join(" and "))),
    }
}

/// Ticks a second, from an `mvhd` or `mdhd` box; not zero.
fn timescale(header: &[u8]) -> Option<u32> {
    let mut fields = Fields(header);
    let (version, _) = fields.version_and_flags()?;
    fields.take(if version == 1 { 16 } else { 8 })?;
    fields.u32().filter(|&timescale| timescale > 0)
}

/// Number of the track, and how its frames are to be turned.
fn track_header(tkhd: &[u8]) -> Option<(u32, Turn)> {
    let mut fields = Fields(tkhd);
    let (version, _) = fields.version_and_flags()?;
    fields.take(if version == 1 { 16 } else { 8 })?;
    let id = fields.u32()?;
    fields.take(if version == 1 { 12 } else { 8 })?;
    fields.take(16)?;
    let (a, b) = (fields.i32()?, fields.i32()?);
    fields.take(4)?;
    let (c, d) = (fields.i32()?, fields.i32()?);
    Some((id, Turn::from_matrix(a, b, c, d)))
}

/// The part of the track that is shown, when the edit list says so in a way that can be followed:
/// one edit, after any number of empty ones.
fn edit_list(elst: &[u8], timescale: u32, movie_timescale: u32) -> Option<(i64, i64)> {
    let mut fields = Fields(elst);
    let (version, _) = fields.version_and_flags()?;
    let count = fields.u32()?;
    let mut shown = None;
    for _ in 0..count {
        let (duration, start) = match version {
            1 => (fields.u64()?, fields.u64()?.cast_signed()),
            _ => (u64::from(fields.u32()?), i64::from(fields.i32()?)),
        };
        fields.u32()?;
        if start < 0 {
            continue;
        }
        if shown.is_some() {
            tracing::warn!("the edit list has several parts and is not followed");
            return None;
        }
        // One tick of the movie more than it says: its clock is often a thousandth only.
        let ticks =
            (u128::from(duration) + 1) * u128::from(timescale) / u128::from(movie_timescale);
        let length =
            if duration == 0 { i64::MAX } else { i64::try_from(ticks).unwrap_or(i64::MAX) };
        shown = Some((start, start.saturating_add(length)));
    }
    shown
}

/// How many samples there are, and the size of each (or of all).
fn sample_sizes(stbl: &[u8]) -> Option<(usize, SampleSizes<'_>)> {
    let mut fields = Fields(Boxes::new(stbl).find(*b"stsz")?);
    fields.version_and_flags()?;
    let (size, count) = (fields.u32()?, fields.u32()? as usize);
    match size {
        0 => (fields.0.len() / 4 >= count).then_some((count, SampleSizes::Each(fields))),
        _ => Some((count, SampleSizes::All(size))),
    }
}

#[derive(Clone, Copy, Debug)]
enum SampleSizes<'a> {
    All(u32),
    Each(Fields<'a>),
}

impl SampleSizes<'_> {
    fn next(&mut self) -> Option<u32> {
        match self {
            Self::All(size) => Some(*size),
            Self::Each(sizes) => sizes.u32(),
        }
    }
}

/// A table of (run length, value), read value by value; the last value holds on.
#[derive(Clone, Debug)]
struct Runs<'a> {
    fields: Fields<'a>,
    left: u32,
    value: u32,
}

impl<'a> Runs<'a> {
    fn new(table: &'a [u8]) -> Self {
        Self { fields: Fields(table.get(8..).unwrap_or_default()), left: 0, value: 0 }
    }

    fn next(&mut self) -> u32 {
        while self.left == 0 {
            let (Some(count), Some(value)) = (self.fields.u32(), self.fields.u32()) else {
                self.left = u32::MAX;
                break;
            };
            (self.left, self.value) = (count, value);
        }
        self.left -= 1;
        self.value
    }
}

/// Unrolls the tables of a track; also gives the decoding time after the last sample.
fn samples(stbl: &[u8], count: usize) -> Option<(Vec<Sample>, i64)> {
    let find = |name| Boxes::new(stbl).find(name);
    let (_, mut sizes) = sample_sizes(stbl)?;
    let mut durations = Runs::new(find(*b"stts")?);
    let mut shifts = find(*b"ctts").map(Runs::new);
    let mut samples: Vec<Sample> = Vec::with_capacity(count);
    let mut dts = 0_i64;
    for (mut offset, in_chunk) in chunks(stbl)? {
        for _ in 0..in_chunk {
            if samples.len() == count {
                return Some((samples, dts));
            }
            let (size, duration) = (sizes.next()?, durations.next());
            let shift = shifts.as_mut().map_or(0, |shifts| shifts.next().cast_signed());
            let pts = dts.checked_add(i64::from(shift))?;
            samples.push(Sample { offset, size, pts, duration });
            offset = offset.checked_add(u64::from(size))?;
            dts = dts.checked_add(i64::from(duration))?;
        }
    }
    Some((samples, dts))
}

/// Where each chunk begins, and how many samples it holds.
fn chunks(stbl: &[u8]) -> Option<impl Iterator<Item = (u64, u32)>> {
    let wide = Boxes::new(stbl).find(*b"co64");
    let table = wide.or_else(|| Boxes::new(stbl).find(*b"stco"))?;
    let offsets = table.get(8..)?.chunks_exact(if wide.is_some() { 8 } else { 4 });
    let mut runs = Fields(Boxes::new(stbl).find(*b"stsc")?.get(8..)?);
    let run = |fields: &mut Fields<'_>| {
        let run = (fields.u32()?, fields.u32()?);
        fields.u32().map(|_| run)
    };
    let (_, mut in_chunk) = run(&mut runs)?;
    let mut upcoming = run(&mut runs);
    Some(offsets.zip(1_u32..).map(move |(offset, number)| {
        while let Some((first, samples)) = upcoming
            && first <= number
        {
            in_chunk = samples;
            upcoming = run(&mut runs);
        }
        let offset = offset.iter().fold(0_u64, |offset, byte| offset << 8 | u64::from(*byte));
        (offset, in_chunk)
    }))
}

fn defaults_of(trex: &[u8], track: u32) -> Option<Defaults> {
    let mut fields = Fields(trex);
    fields.version_and_flags()?;
    (fields.u32()? == track).then_some(())?;
    fields.u32()?;
    Some(Defaults { duration: fields.u32()?, size: fields.u32()? })
}

/// A `tfhd` box.
#[derive(Clone, Copy, Debug)]
struct TrackFragment {
    track: u32,
    base: Option<u64>,
    duration: Option<u32>,
    size: Option<u32>,
}

impl TrackFragment {
    fn parse(tfhd: &[u8]) -> Option<Self> {
        let mut fields = Fields(tfhd);
        let (_, flags) = fields.version_and_flags()?;
        let track = fields.u32()?;
        let base = if flags & 0x1 == 0 { None } else { Some(fields.u64()?) };
        if flags & 0x2 != 0 {
            fields.u32()?;
        }
        let duration = if flags & 0x8 == 0 { None } else { Some(fields.u32()?) };
        let size = if flags & 0x10 == 0 { None } else { Some(fields.u32()?) };
        Some(Self { track, base, duration, size })
    }
}

fn decode_time(tfdt: &[u8]) -> Option<i64> {
    let mut fields = Fields(tfdt);
    let time = match fields.version_and_flags()? {
        (1, _) => fields.u64()?,
        _ => u64::from(fields.u32()?),
    };
    i64::try_from(time).ok()
}
