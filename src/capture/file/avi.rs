//! AVI with MJPEG or uncompressed pictures: the built-in reader.
//!
//! The file is walked chunk by chunk from the front; neither an index nor the sizes of lists are
//! needed, so what a crashed recorder leaves can be read up to where it broke off. Frames that are
//! not wanted are passed over without being read. A frame's time is its place times the frame
//! interval of the header; an empty chunk stands for a frame that was dropped and takes its place.

use std::fs::File;
use std::io::{BufReader, Read as _};

use super::progress::Progress;
use super::{Opened, fits};
use crate::capture::{CaptureError, FrameSource, SourceInfo, Tally, jpeg};
use crate::frame::{Frame, Payload};
use crate::geometry::Size;
use crate::time::MediaTime;

/// No frame of [`crate::capture::LARGEST_SIDE`] is larger, compressed or not.
const LARGEST_FRAME: u32 = 256 << 20;
/// Header chunks are at most a few hundred bytes, apart from palettes.
const LARGEST_HEADER: u32 = 1 << 16;
/// Damaged frames at the start that may come before the first whole one.
const TRIED_FOR_SIZE: u32 = 100;

type Code = [u8; 4];

/// The frames of an AVI file.
#[derive(Debug)]
pub(super) struct Avi {
    info: SourceInfo,
    chunks: Chunks,
    video: Video,
    /// Number of the next place in time.
    place: u64,
    progress: Progress,
    /// Bytes of a frame, kept for their memory.
    frame: Vec<u8>,
}

/// Opens an AVI file that has been recognised as such.
pub(super) fn open(file: File, length: u64) -> Result<Opened, CaptureError> {
    let mut chunks = Chunks::new(file, length);
    let video = read_header(&mut chunks)?;
    let Some(coding) = video.coding() else {
        return Ok(Opened::Beyond(format!("AVI ({})", video.code.escape_ascii())));
    };
    let size = match coding {
        Coding::Mjpeg => probe(&mut chunks, &video)?,
        Coding::Raw { .. } => video.size,
    };
    fits(size)?;
    let codec = if coding == Coding::Mjpeg { "MJPEG" } else { "uncompressed" };
    let info = SourceInfo {
        container: "AVI".to_owned(),
        codec: codec.to_owned(),
        size,
        duration: (video.length > 0).then(|| video.time(video.length)),
    };
    let mut source =
        Avi { info, chunks, video, place: 0, progress: Progress::default(), frame: Vec::new() };
    if let Some(why) = source.chunks.unfinished() {
        source.progress.truncated(why);
    }
    Ok(Opened::Source(Box::new(source)))
}

/// Size of the first whole frame: that of the header is not always true. Goes back to the start.
fn probe(chunks: &mut Chunks, video: &Video) -> Result<Size, CaptureError> {
    let start = chunks.position;
    let mut frame = Vec::new();
    let mut found = None;
    let mut seen = 0;
    while found.is_none() && seen < TRIED_FOR_SIZE {
        match chunks.next()? {
            Next::Chunk(chunk) if video.owns(chunk.code) && chunk.size > 0 => {
                seen += 1;
                if chunks.read(chunk, &mut frame)? {
                    found = jpeg::size(&frame);
                }
            }
            Next::Chunk(chunk) => chunks.skip(chunk)?,
            Next::End | Next::Broken => break,
        }
    }
    chunks.go_back(start)?;
    match found {
        Some(size) => Ok(size),
        None if seen == 0 => Err(CaptureError::NoFrames),
        None if !video.size.is_empty() => Ok(video.size),
        None => Err(CaptureError::Damaged("none of its frames is whole".to_owned())),
    }
}

/// What the header says of the video stream.
#[derive(Clone, Debug)]
struct Video {
    stream: u32,
    /// Of the codec; zeros for uncompressed.
    code: Code,
    size: Size,
    bottom_up: bool,
    bits: u16,
    /// Frames a second are `rate / scale`; neither is zero.
    rate: u32,
    scale: u32,
    /// Frames, as promised; 0 when unknown.
    length: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Mjpeg,
    /// Blue, green, red and perhaps a fourth byte.
    Raw {
        bytes: usize,
    },
}

impl Video {
    fn coding(&self) -> Option<Coding> {
        match (self.code, self.bits) {
            (code, _) if code.eq_ignore_ascii_case(b"MJPG") => Some(Coding::Mjpeg),
            ([0, 0, 0, 0], 24) => Some(Coding::Raw { bytes: 3 }),
            ([0, 0, 0, 0], 32) => Some(Coding::Raw { bytes: 4 }),
            _ => None,
        }
    }

    /// Whether a chunk is a frame of this stream: `00dc`, `01db`.
    fn owns(&self, code: Code) -> bool {
        let digit = |at: usize| char::from(code[at]).to_digit(10);
        let stream = digit(0).zip(digit(1)).map(|(tens, ones)| tens * 10 + ones);
        stream == Some(self.stream) && matches!(&code[2..], b"dc" | b"db")
    }

    fn time(&self, place: u64) -> MediaTime {
        let micros = u128::from(place) * 1_000_000 * u128::from(self.scale);
        let rate = u128::from(self.rate);
        MediaTime::from_micros(i64::try_from((micros + rate / 2) / rate).unwrap_or(i64::MAX))
    }
}

/// Reads up to the first frame.
fn read_header(chunks: &mut Chunks) -> Result<Video, CaptureError> {
    let mut streams = 0;
    let mut header: Option<(u32, StreamHeader)> = None;
    let mut video = None;
    let mut content = Vec::new();
    let mut sound = false;
    loop {
        let Next::Chunk(chunk) = chunks.next()? else {
            return Err(CaptureError::Damaged("its header is cut off".to_owned()));
        };
        match &chunk.code {
            b"movi" => break,
            b"strh" | b"strf" if chunk.size <= LARGEST_HEADER => {
                if !chunks.read(chunk, &mut content)? {
                    return Err(CaptureError::Damaged("its header is cut off".to_owned()));
                }
                if &chunk.code == b"strh" {
                    header = StreamHeader::parse(&content).map(|header| (streams, header));
                    sound |= content.starts_with(b"auds");
                    streams += 1;
                } else if let Some((stream, header)) = header.take().filter(|_| video.is_none()) {
                    video = format(stream, header, &content);
                }
            }
            _ => chunks.skip(chunk)?,
        }
    }
    match video {
        Some(video) if video.rate == 0 || video.scale == 0 => {
            Err(CaptureError::Damaged("its header names no frame rate".to_owned()))
        }
        Some(video) => Ok(video),
        None if sound => Err(CaptureError::NoVideo("sound".to_owned())),
        None => Err(CaptureError::Damaged("its header names no video".to_owned())),
    }
}

/// The `strh` of a video stream.
#[derive(Clone, Copy, Debug)]
struct StreamHeader {
    scale: u32,
    rate: u32,
    length: u32,
}

impl StreamHeader {
    fn parse(strh: &[u8]) -> Option<Self> {
        strh.starts_with(b"vids").then_some(())?;
        Some(Self { scale: u32_at(strh, 20)?, rate: u32_at(strh, 24)?, length: u32_at(strh, 32)? })
    }
}

/// Joins the `strh` and the `strf` of a video stream.
fn format(stream: u32, header: StreamHeader, strf: &[u8]) -> Option<Video> {
    let height = u32_at(strf, 8)?.cast_signed();
    Some(Video {
        stream,
        code: strf.get(16..20)?.try_into().ok()?,
        size: Size::new(u32_at(strf, 4)?, height.unsigned_abs()),
        bottom_up: height > 0,
        bits: u16::from_le_bytes(strf.get(14..16)?.try_into().ok()?),
        rate: header.rate,
        scale: header.scale,
        length: u64::from(header.length),
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

/// A chunk whose content comes next.
#[derive(Clone, Copy, Debug)]
struct Chunk {
    code: Code,
    size: u32,
}

enum Next {
    Chunk(Chunk),
    End,
    /// There is something that is no chunk.
    Broken,
}

/// Walks over chunks; goes into lists, whatever their sizes say.
#[derive(Debug)]
struct Chunks {
    file: BufReader<File>,
    length: u64,
    position: u64,
    /// As the first bytes of the file say; 0 when the recorder never came to write it.
    promised: u64,
}

impl Chunks {
    fn new(file: File, length: u64) -> Self {
        Self { file: BufReader::with_capacity(1 << 16, file), length, position: 0, promised: 0 }
    }

    /// The next chunk, or the beginning of the list of frames (as an empty `movi`).
    fn next(&mut self) -> Result<Next, CaptureError> {
        loop {
            if self.length - self.position < 8 {
                return Ok(Next::End);
            }
            let mut header = [0; 8];
            self.file.read_exact(&mut header)?;
            self.position += 8;
            let [c0, c1, c2, c3, size @ ..] = header;
            let (code, size) = ([c0, c1, c2, c3], u32::from_le_bytes(size));
            if !code.iter().all(|byte| (b' '..=b'~').contains(byte)) {
                return Ok(Next::Broken);
            }
            if &code != b"RIFF" && &code != b"LIST" {
                return Ok(Next::Chunk(Chunk { code, size }));
            }
            if self.position == 8 {
                self.promised = u64::from(size);
            }
            let Some(kind) = self.list_kind()? else { return Ok(Next::End) };
            match &kind {
                b"movi" => return Ok(Next::Chunk(Chunk { code: kind, size: 0 })),
                b"AVI " | b"AVIX" | b"hdrl" | b"strl" | b"rec " => {}
                _ => self.skip(Chunk { code, size: size.saturating_sub(4) })?,
            }
        }
    }

    fn list_kind(&mut self) -> Result<Option<Code>, CaptureError> {
        if self.length - self.position < 4 {
            return Ok(None);
        }
        let mut kind = [0; 4];
        self.file.read_exact(&mut kind)?;
        self.position += 4;
        Ok(Some(kind))
    }

    /// Reads the content of a chunk; false when the file does not reach so far.
    fn read(&mut self, chunk: Chunk, content: &mut Vec<u8>) -> Result<bool, CaptureError> {
        if u64::from(chunk.size) > self.length - self.position || chunk.size > LARGEST_FRAME {
            return Ok(false);
        }
        content.resize(chunk.size as usize, 0);
        self.file.read_exact(content)?;
        self.position += u64::from(chunk.size);
        self.pass(u64::from(chunk.size % 2))?;
        Ok(true)
    }

    /// Passes over the content of a chunk, and the byte that makes its size even.
    fn skip(&mut self, chunk: Chunk) -> Result<(), CaptureError> {
        self.pass(u64::from(chunk.size) + u64::from(chunk.size % 2))
    }

    fn pass(&mut self, bytes: u64) -> Result<(), CaptureError> {
        let step = bytes.min(self.length - self.position);
        self.file.seek_relative(i64::try_from(step).unwrap_or(0))?;
        self.position += step;
        Ok(())
    }

    fn go_back(&mut self, position: u64) -> Result<(), CaptureError> {
        let back = i64::try_from(self.position - position).unwrap_or(0);
        self.file.seek_relative(-back)?;
        self.position = position;
        Ok(())
    }

    /// Why the file is not what its recorder meant it to be.
    fn unfinished(&self) -> Option<String> {
        let missing = (self.promised + 8).saturating_sub(self.length);
        if self.promised == 0 {
            Some("the recorder did not finish the file: its header holds no sizes".to_owned())
        } else if missing > 1 {
            Some(format!("the file ends after {} bytes: {missing} are missing", self.length))
        } else {
            None
        }
    }
}

impl Avi {
    /// Passes over or reads one frame chunk; the frame, when it is wanted and whole.
    fn take(&mut self, chunk: Chunk, not_before: MediaTime) -> Result<Option<Frame>, CaptureError> {
        let place = self.place;
        self.place += 1;
        if chunk.size == 0 {
            return Ok(None);
        }
        if u64::from(chunk.size) > self.chunks.length - self.chunks.position {
            self.stop("the file ends in the middle of a frame");
            return Ok(None);
        }
        let pts = self.video.time(place);
        let Some(seq) = self.progress.arrive(pts, self.video.time(place + 1).since(pts)) else {
            self.chunks.skip(chunk)?;
            return Ok(None);
        };
        if pts < not_before {
            self.chunks.skip(chunk)?;
            return Ok(None);
        }
        if !self.chunks.read(chunk, &mut self.frame)? {
            self.chunks.skip(chunk)?;
            self.progress.unusable();
            return Ok(None);
        }
        if let Some((payload, size)) = self.decode() {
            Ok(Some(Frame { seq, pts, size, payload }))
        } else {
            self.progress.unusable();
            Ok(None)
        }
    }

    fn decode(&self) -> Option<(Payload, Size)> {
        match self.video.coding()? {
            Coding::Mjpeg => jpeg::decode(&self.frame),
            Coding::Raw { bytes } => {
                let pixels = rgb(&self.frame, self.video.size, bytes, self.video.bottom_up)?;
                Some((Payload::Rgb8(pixels), self.video.size))
            }
        }
    }

    /// Ends the recording here.
    fn stop(&mut self, reason: &str) {
        self.progress.truncated(reason);
        self.chunks.length = self.chunks.position;
    }
}

/// Red, green, blue from rows of blue, green, red that are padded to four bytes.
fn rgb(rows: &[u8], size: Size, bytes: usize, bottom_up: bool) -> Option<Vec<u8>> {
    let (width, height) = (size.width as usize, size.height as usize);
    let stride = (width * bytes).next_multiple_of(4);
    let rows = rows.get(..stride * height)?;
    let mut pixels = Vec::with_capacity(size.area() * 3);
    for number in 0..height {
        let row = if bottom_up { height - 1 - number } else { number };
        let row = &rows[row * stride..][..width * bytes];
        pixels.extend(row.chunks_exact(bytes).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]));
    }
    Some(pixels)
}

impl FrameSource for Avi {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self, not_before: MediaTime) -> Result<Option<Frame>, CaptureError> {
        loop {
            match self.chunks.next()? {
                Next::Chunk(chunk) if self.video.owns(chunk.code) => {
                    if let Some(frame) = self.take(chunk, not_before)? {
                        return Ok(Some(frame));
                    }
                }
                Next::Chunk(chunk) => self.chunks.skip(chunk)?,
                Next::Broken => {
                    let position = self.chunks.position - 8;
                    self.stop(&format!("after {position} bytes there is no readable frame"));
                }
                Next::End => return Ok(None),
            }
        }
    }

    fn tally(&self) -> Tally {
        self.progress.tally()
    }
}
