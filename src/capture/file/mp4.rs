//! MP4 and MOV with H.264: the built-in reader.
//!
//! The index is read into memory once (bounded), the frames by seeking, one at a time. Samples are
//! decoded in the order in which they are stored and handed out in the order in which they are
//! shown, as the container's timestamps say. Time zero is the first frame that is shown: an edit
//! list that hides the beginning is followed, and an offset of the first timestamp is taken off.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::time::Duration;

use super::boxes::Header;
use super::h264::{Outcome, Parameters, Pictures};
use super::progress::Progress;
use super::track::{Sample, Track, TrackError};
use super::{Opened, fits};
use crate::capture::{CaptureError, FrameSource, SourceInfo, Tally};
use crate::frame::{Frame, Payload};
use crate::time::MediaTime;

/// Larger indexes than that do not come from a recording of an exam (4 million frames fit).
const LARGEST_INDEX: u64 = 128 << 20;
/// Top-level boxes: two a fragment, and a fragment may be a single frame.
const MOST_BOXES: u32 = 8_000_000;
/// Pictures that wait for an earlier one: the standard allows 16.
const MOST_WAITING: usize = 16;
/// Samples tried before a stream counts as one that cannot be decoded.
const TRIED_AT_START: usize = 60;

/// The frames of an MP4 file.
#[derive(Debug)]
pub(super) struct Mp4 {
    info: SourceInfo,
    file: File,
    index: Index,
    pictures: Pictures,
    /// Next sample to decode.
    next: usize,
    /// Next place in the order of display.
    shown: usize,
    /// Decoded, and not yet shown.
    waiting: BTreeMap<usize, Outcome>,
    /// Bytes of the sample, kept for their memory.
    sample: Vec<u8>,
    progress: Progress,
}

/// Opens an MP4 or MOV file that has been recognised as such.
///
/// [`Opened::Beyond`] names what it holds when the built-in decoder cannot do it.
pub(super) fn open(mut file: File, length: u64) -> Result<Opened, CaptureError> {
    let (track, cut_off) = read_index(&mut file, length)?;
    if &track.codec != b"avc1" && &track.codec != b"avc3" {
        return beyond(codec_name(track.codec));
    }
    let parameters = track.avcc.as_deref().and_then(Parameters::parse);
    let Some(parameters) = parameters else {
        return beyond(Some("H.264 without parameters".to_owned()));
    };
    fits(parameters.sps.size)?;
    if let Some(format) = parameters.sps.beyond_built_in() {
        return beyond(Some(format));
    }
    let index = Index::new(track, length)?;
    let mut source = Mp4 {
        info: SourceInfo {
            container: "MP4".to_owned(),
            codec: "H.264".to_owned(),
            size: index.track.turn.size(parameters.sps.size),
            duration: index.end(),
        },
        file,
        index,
        pictures: Pictures::new(parameters)?,
        next: 0,
        shown: 0,
        waiting: BTreeMap::new(),
        sample: Vec::new(),
        progress: Progress::default(),
    };
    if cut_off {
        source.progress.truncated("the file ends in the middle of a fragment");
    }
    source.decode_first_picture()
}

fn beyond(codec: Option<String>) -> Result<Opened, CaptureError> {
    match codec {
        Some(codec) => Ok(Opened::Beyond(format!("{codec} in MP4"))),
        None => Err(CaptureError::Damaged("the video in it is encrypted".to_owned())),
    }
}

/// `None` for what nothing can decode.
fn codec_name(code: [u8; 4]) -> Option<String> {
    Some(match &code {
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => "HEVC".to_owned(),
        b"av01" => "AV1".to_owned(),
        b"vp08" => "VP8".to_owned(),
        b"vp09" => "VP9".to_owned(),
        b"mp4v" => "MPEG-4 Visual".to_owned(),
        b"jpeg" | b"mjpa" | b"mjpb" => "MJPEG".to_owned(),
        b"apch" | b"apcn" | b"apcs" | b"apco" | b"ap4h" => "ProRes".to_owned(),
        b"encv" => return None,
        other => other.escape_ascii().to_string(),
    })
}

/// Walks the top-level boxes. The flag says that the last of them is cut off.
fn read_index(file: &mut File, length: u64) -> Result<(Track, bool), CaptureError> {
    let mut track: Option<Track> = None;
    let mut position = 0;
    for _ in 0..MOST_BOXES {
        let mut bytes = [0; 16];
        let present = usize::try_from(length.saturating_sub(position)).unwrap_or(16).min(16);
        file.seek(SeekFrom::Start(position))?;
        file.read_exact(&mut bytes[..present])?;
        let Some(header) = Header::parse(&bytes[..present]) else { break };
        let size = header.size.unwrap_or(length - position);
        let content = position + header.length as u64;
        let end = position.saturating_add(size);
        let complete = end <= length;
        match &header.name {
            b"moov" | b"moof" if !complete && track.is_none() => return Err(cut_off_in_index()),
            b"moof" if !complete => return finish(track, true),
            b"moov" if track.is_none() => {
                track = Some(Track::parse(&read_box(file, content, end)?).map_err(refuse)?);
            }
            b"moof" => {
                if let Some(track) = &mut track {
                    let moof = read_box(file, content, end)?;
                    track.add_fragment(&moof, position).map_err(refuse)?;
                }
            }
            _ => {}
        }
        if !complete {
            break;
        }
        position = end;
    }
    finish(track, false)
}

fn finish(track: Option<Track>, cut_off: bool) -> Result<(Track, bool), CaptureError> {
    track.map(|track| (track, cut_off)).ok_or_else(|| {
        CaptureError::Damaged(
            "its index (moov) is missing: the recording was cut off before it was finished"
                .to_owned(),
        )
    })
}

fn cut_off_in_index() -> CaptureError {
    CaptureError::Damaged("its index (moov) is cut off: the file is not complete".to_owned())
}

fn refuse(error: TrackError) -> CaptureError {
    match error {
        TrackError::NoVideo(others) => CaptureError::NoVideo(others),
        TrackError::Damaged(why) => CaptureError::Damaged(why.to_owned()),
    }
}

/// Reads what lies between two positions of the file.
fn read_box(file: &mut File, start: u64, end: u64) -> Result<Vec<u8>, CaptureError> {
    let size = end.saturating_sub(start);
    if size > LARGEST_INDEX {
        return Err(CaptureError::Damaged(format!("its index takes {size} bytes")));
    }
    let mut content = vec![0; usize::try_from(size).unwrap_or(0)];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut content)?;
    Ok(content)
}

/// The track, and the order in which its samples are shown.
#[derive(Debug)]
struct Index {
    track: Track,
    /// Samples in the order of display.
    order: Vec<u32>,
    /// Place of each sample in `order`; `None` for the hidden ones.
    places: Vec<Option<u32>>,
    /// Timestamp of the first frame that is shown, in ticks.
    first: i64,
    /// How much of the file there is.
    length: u64,
}

impl Index {
    fn new(track: Track, length: u64) -> Result<Self, CaptureError> {
        let samples = &track.samples;
        let inside: u64 = samples.iter().filter(|sample| ends(sample) <= length).map(size_of).sum();
        if inside > length.saturating_mul(2) {
            let why = "its index names the same bytes again and again";
            return Err(CaptureError::Damaged(why.to_owned()));
        }
        let mut order = shown_samples(&track);
        order.sort_by_key(|&sample| samples[sample as usize].pts);
        let Some(&first) = order.first() else { return Err(CaptureError::NoFrames) };
        let first = samples[first as usize].pts;
        let mut places = vec![None; samples.len()];
        for (place, &sample) in (0..).zip(&order) {
            places[sample as usize] = Some(place);
        }
        Ok(Self { track, order, places, first, length })
    }

    /// Timestamp and duration of a sample.
    fn time(&self, sample: usize) -> (MediaTime, Duration) {
        let sample = &self.track.samples[sample];
        let ticks = i128::from(sample.pts) - i128::from(self.first);
        let pts = MediaTime::from_micros(i64::try_from(self.micros(ticks)).unwrap_or(i64::MAX));
        let duration = u64::try_from(self.micros(i128::from(sample.duration))).unwrap_or(0);
        (pts, Duration::from_micros(duration))
    }

    /// Rounded to the nearest.
    fn micros(&self, ticks: i128) -> i128 {
        let scale = i128::from(self.track.timescale);
        (ticks * 1_000_000 + scale / 2).div_euclid(scale)
    }

    /// Where the last frame ends.
    fn end(&self) -> Option<MediaTime> {
        let (pts, duration) = self.time(*self.order.last()? as usize);
        Some(pts + duration)
    }
}

fn ends(sample: &Sample) -> u64 {
    sample.offset.saturating_add(u64::from(sample.size))
}

fn size_of(sample: &Sample) -> u64 {
    u64::from(sample.size)
}

/// Samples that are not empty and not hidden by the edit list. One that would hide everything is
/// not followed.
fn shown_samples(track: &Track) -> Vec<u32> {
    let pick = |start: i64, end: i64| -> Vec<u32> {
        (0..)
            .zip(&track.samples)
            .filter(|(_, sample)| sample.size > 0 && (start..end).contains(&sample.pts))
            .map(|(number, _)| number)
            .collect()
    };
    let (start, end) = track.shown.unwrap_or((i64::MIN, i64::MAX));
    let shown = pick(start, end);
    if shown.is_empty() { pick(i64::MIN, i64::MAX) } else { shown }
}

impl Mp4 {
    /// Makes sure that the decoder can do this stream, and learns the true size.
    fn decode_first_picture(mut self) -> Result<Opened, CaptureError> {
        let turn = self.index.track.turn;
        for _ in 0..TRIED_AT_START {
            if !self.decode_next(MediaTime::from_micros(i64::MIN))? {
                break;
            }
            let mut sizes = self.waiting.values().filter_map(|outcome| match outcome {
                Outcome::Picture(_, size) => Some(*size),
                Outcome::Passed | Outcome::Unusable => None,
            });
            if let Some(size) = sizes.next_back() {
                self.info.size = turn.size(size);
                return Ok(Opened::Source(Box::new(self)));
            }
        }
        if self.next == 0 {
            let reason = self.progress.tally().truncated;
            return Err(reason.map_or(CaptureError::NoFrames, CaptureError::Damaged));
        }
        Ok(Opened::Beyond("H.264 of a kind that the built-in decoder cannot do".to_owned()))
    }

    /// Decodes one more sample; false when there is none.
    fn decode_next(&mut self, not_before: MediaTime) -> Result<bool, CaptureError> {
        let number = self.next;
        let Some(&sample) = self.index.track.samples.get(number) else { return Ok(false) };
        if sample.size > 0 && !self.read(sample)? {
            return Ok(false);
        }
        self.next += 1;
        let wanted = self.index.time(number).0 >= not_before;
        match self.index.places[number] {
            Some(place) => {
                let outcome = self.pictures.decode(&self.sample, wanted);
                self.waiting.insert(place as usize, outcome);
            }
            // Hidden, but others may refer to it.
            None if sample.size > 0 => drop(self.pictures.decode(&self.sample, false)),
            None => {}
        }
        Ok(true)
    }

    /// Reads a sample; false, and the end of the recording, when the file does not reach so far.
    fn read(&mut self, sample: Sample) -> Result<bool, CaptureError> {
        if ends(&sample) > self.index.length {
            let (missing, all) =
                (self.index.track.samples.len() - self.next, self.index.track.samples.len());
            self.progress.truncated(format!(
                "the file ends after {} bytes: the last {missing} of {all} frames are missing",
                self.index.length
            ));
            self.index.track.samples.truncate(self.next);
            return Ok(false);
        }
        self.sample.resize(sample.size as usize, 0);
        self.file.seek(SeekFrom::Start(sample.offset))?;
        self.file.read_exact(&mut self.sample)?;
        Ok(true)
    }

    /// The next outcome in the order of display.
    fn show_next(
        &mut self,
        not_before: MediaTime,
    ) -> Result<Option<(usize, Outcome)>, CaptureError> {
        while !self.waiting.contains_key(&self.shown) && self.waiting.len() <= MOST_WAITING {
            if !self.decode_next(not_before)? {
                break;
            }
        }
        // What is missing was cut off, or stands much too far behind.
        Ok(self.waiting.pop_first().inspect(|(place, _)| self.shown = self.shown.max(place + 1)))
    }
}

impl FrameSource for Mp4 {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self, not_before: MediaTime) -> Result<Option<Frame>, CaptureError> {
        while let Some((place, outcome)) = self.show_next(not_before)? {
            let (pts, duration) = self.index.time(self.index.order[place] as usize);
            let Some(seq) = self.progress.arrive(pts, duration) else { continue };
            match outcome {
                Outcome::Picture(pixels, stored) if pts >= not_before => {
                    let turn = self.index.track.turn;
                    let payload = Payload::I420(turn.apply(pixels, stored));
                    return Ok(Some(Frame { seq, pts, size: turn.size(stored), payload }));
                }
                Outcome::Picture(..) | Outcome::Passed => {}
                Outcome::Unusable => self.progress.unusable(),
            }
        }
        Ok(None)
    }

    /// Goes on at the last picture before it that begins anew.
    fn jump(&mut self, near: MediaTime) -> Result<(), CaptureError> {
        let order = &self.index.order;
        let after = order.partition_point(|sample| self.index.time(*sample as usize).0 <= near);
        let Some(sample) = after.checked_sub(1).and_then(|place| order.get(place)) else {
            return Ok(());
        };
        for number in (self.next..=*sample as usize).rev() {
            let sample = self.index.track.samples[number];
            let place = self.index.places[number];
            let Some(place) = place.filter(|_| ends(&sample) <= self.index.length) else {
                continue;
            };
            if self.read(sample)? && self.pictures.begins_anew(&self.sample) {
                (self.next, self.shown) = (number, place as usize);
                self.waiting.clear();
                break;
            }
        }
        Ok(())
    }

    fn tally(&self) -> Tally {
        self.progress.tally()
    }
}
