//! Recorded video and folders of pictures.
//!
//! | what | how it is known | read by |
//! |---|---|---|
//! | MP4, MOV (also fragmented) with H.264, 8 bits, 4:2:0, progressive | first box | built in: own index reader, `OpenH264` |
//! | AVI with MJPEG or uncompressed BGR | `RIFF….AVI ` | built in: own chunk reader, zune-jpeg |
//! | folder of JPEG, PNG or BMP files | it is a folder | built in: the `image` crate |
//! | `WebM`, Matroska, HEVC, AV1, 10 bits, … | first bytes, codec codes | `ffmpeg`, as a child process |
//!
//! The name of a file says nothing: content decides. What is built in needs nothing beside the
//! program; for the rest an `ffmpeg` is looked for, and named as what is missing when there is none.
//!
//! Time is the container's presentation time, never a frame counter times a nominal rate, and its
//! zero is the first frame that is shown. Frames come upright, in the order of display, each with a
//! later time than the one before it. A file is read up to the length that it had when it was
//! opened. What is damaged inside is counted in the [`Tally`], and what is cut off is
//! played up to there: only a file that gives no frame at all is an error.
//!
//! The index of an MP4 file is read by code of our own rather than by a crate: a recording that was
//! cut off has boxes that reach past the end of the file, which the crates refuse, and damaged
//! tables make them loop, allocate or panic.

mod avi;
mod boxes;
mod ffmpeg;
mod h264;
mod images;
mod log;
mod mp4;
mod progress;
mod rotate;
mod sniff;
mod sps;
mod track;

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::ffmpeg::Ffmpeg;
use self::images::Images;
use self::sniff::Kind;
use super::{CaptureError, FrameSource, LARGEST_SIDE, SourceInfo, Tally};
use crate::frame::Frame;
use crate::geometry::Size;
use crate::time::MediaTime;

/// How recordings are opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The program for what is not built in; none: such files are refused.
    pub ffmpeg: Option<PathBuf>,
    /// How long ffmpeg may take to give its next frame.
    pub stall_limit: Duration,
    /// Time between the pictures of a folder whose names are plain numbers.
    pub image_interval: Duration,
}

impl Options {
    /// The `ffmpeg` that the environment variable `INVIEW_FFMPEG` names, or else the one on the
    /// `PATH`. A variable that is empty or names no file means: no ffmpeg.
    pub fn from_env() -> Self {
        let ffmpeg = match std::env::var_os("INVIEW_FFMPEG") {
            Some(program) => Some(PathBuf::from(program)).filter(|program| program.is_file()),
            None => ffmpeg::on_path(),
        };
        Self { ffmpeg, ..Self::default() }
    }
}

impl Default for Options {
    /// No ffmpeg, 30 seconds, 5 pictures a second.
    fn default() -> Self {
        Self {
            ffmpeg: None,
            stall_limit: Duration::from_secs(30),
            image_interval: Duration::from_millis(200),
        }
    }
}

/// Opens a recording, or a folder of pictures, with [`Options::from_env`].
pub fn open(path: &Path) -> Result<Box<dyn FrameSource + Send>, CaptureError> {
    open_with(path, &Options::from_env())
}

/// Opens a recording, or a folder of pictures.
///
/// # Errors
/// When not even one frame can be had from it; the error says what to do.
pub fn open_with(
    path: &Path,
    options: &Options,
) -> Result<Box<dyn FrameSource + Send>, CaptureError> {
    let source = open_any(path, options)?;
    let SourceInfo { container, codec, size, .. } = source.info();
    tracing::info!(container, codec, width = size.width, height = size.height, "recording opened");
    Ok(Box::new(Fused { source, ended: false }))
}

fn open_any(path: &Path, options: &Options) -> Result<Box<dyn FrameSource + Send>, CaptureError> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Ok(Box::new(Images::open(path, options.image_interval)?));
    }
    if !metadata.is_file() {
        return Err(CaptureError::NotAVideo("it is neither a file nor a folder".to_owned()));
    }
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if length == 0 {
        return Err(CaptureError::Empty);
    }
    let mut head = Vec::new();
    file.by_ref().take(sniff::HEAD as u64).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    let opened = match sniff::sniff(&head)? {
        Kind::Mp4 => mp4::open(file, length)?,
        Kind::Avi => avi::open(file, length)?,
        Kind::Other(format) => Opened::Beyond(format),
    };
    match (opened, &options.ffmpeg) {
        (Opened::Source(source), _) => Ok(source),
        (Opened::Beyond(format), Some(program)) => {
            Ok(Box::new(Ffmpeg::open(program, path, &format, options)?))
        }
        (Opened::Beyond(format), None) => Err(CaptureError::NeedsFfmpeg { format }),
    }
}

/// What a built-in reader makes of a file.
enum Opened {
    Source(Box<dyn FrameSource + Send>),
    /// It is a recording, but of this format, which is not built in.
    Beyond(String),
}

/// Refuses frames that are too large, or have no pixels at all.
fn fits(size: Size) -> Result<(), CaptureError> {
    if size.is_empty() {
        return Err(CaptureError::Damaged("its frames have no size".to_owned()));
    }
    if size.width.max(size.height) > LARGEST_SIDE {
        return Err(CaptureError::TooLarge { size, limit: LARGEST_SIDE });
    }
    Ok(())
}

/// Gives nothing more after its end or an error.
struct Fused {
    source: Box<dyn FrameSource + Send>,
    ended: bool,
}

impl FrameSource for Fused {
    fn info(&self) -> &SourceInfo {
        self.source.info()
    }

    fn next_frame(&mut self, not_before: MediaTime) -> Result<Option<Frame>, CaptureError> {
        if self.ended {
            return Ok(None);
        }
        let frame = self.source.next_frame(not_before);
        self.ended = !matches!(frame, Ok(Some(_)));
        frame
    }

    fn jump(&mut self, near: MediaTime) -> Result<(), CaptureError> {
        self.source.jump(near)
    }

    fn tally(&self) -> Tally {
        self.source.tally()
    }
}
