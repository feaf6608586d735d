//! Sources of frames.
//!
//! A source decodes only what it must and converts nothing: [`FrameSource::next_frame`] names the
//! moment from which the next frame is wanted, and earlier frames are passed over at the lowest
//! cost that their codec allows.

#[cfg(any(feature = "camera", feature = "video"))]
pub mod jpeg;
mod synthetic;

pub use synthetic::Synthetic;

#[cfg(feature = "camera")]
pub mod camera;
#[cfg(feature = "video")]
pub mod file;

use crate::frame::Frame;
use crate::geometry::Size;
use crate::time::MediaTime;

/// Longest side of a frame, in pixels.
pub const LARGEST_SIDE: u32 = 8192;

/// Something that gives frames, one after the other, in the order of their timestamps.
pub trait FrameSource {
    /// What is known of the source.
    fn info(&self) -> &SourceInfo;

    /// The first frame that has not been passed yet and whose `pts` is at or after `not_before`.
    ///
    /// `None` at the end, and at every call after it. An error ends the source, too; a single
    /// damaged frame is no error but a count in [`FrameSource::tally`].
    fn next_frame(&mut self, not_before: MediaTime) -> Result<Option<Frame>, CaptureError>;

    /// Before the first frame is taken: leaves out what is not needed to show frames from `near` on, where
    /// that costs little. Frames before `near` may come all the same; numbers and tally are of no meaning
    /// afterwards.
    fn jump(&mut self, _near: MediaTime) -> Result<(), CaptureError> {
        Ok(())
    }

    /// What has been read so far.
    fn tally(&self) -> Tally;
}

/// What a source says of itself before its first frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceInfo {
    /// Container, as a person calls it: `MP4`, `AVI`, `image folder`.
    pub container: String,
    /// `H.264`, `MJPEG`, …
    pub codec: String,
    /// As shown: after rotation.
    pub size: Size,
    /// What the container promises; absent when it does not say.
    pub duration: Option<MediaTime>,
}

/// Counts over all that a source has read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames that came, whether handed out or passed over, the damaged ones included.
    pub frames: u64,
    /// Frames that could not be decoded.
    pub unusable: u64,
    /// Frames whose timestamp went back; they were put in order or dropped.
    pub out_of_order: u64,
    /// Where the last frame ends.
    pub end: MediaTime,
    /// Why the recording breaks off before its end; absent when it does not.
    pub truncated: Option<String>,
}

/// Why a source gives no frames. Each prints as one line that a person can act upon.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    #[error("no such file or folder")]
    NotFound,
    #[error("no permission to read it")]
    PermissionDenied,
    #[error("the file is empty")]
    Empty,
    #[error("not a video: {0}")]
    NotAVideo(String),
    #[error("no video in it, only {0}")]
    NoVideo(String),
    #[error("there are no recordings in this folder")]
    NoRecordings,
    #[error("there are no frames in it")]
    NoFrames,
    #[error("cannot be read: {0}")]
    Damaged(String),
    #[error("{format} needs ffmpeg, and there is none on the PATH: install ffmpeg and try again")]
    NeedsFfmpeg { format: String },
    #[error("ffmpeg cannot read it: {0}")]
    Ffmpeg(String),
    #[error("frames of {width}x{height} pixels are more than this program takes ({limit} a side)", width = size.width, height = size.height)]
    TooLarge { size: Size, limit: u32 },
    #[cfg(feature = "camera")]
    #[error(transparent)]
    Camera(#[from] camera::CameraError),
    #[error("reading failed: {0}")]
    Io(std::io::Error),
}

impl From<std::io::Error> for CaptureError {
    fn from(error: std::io::Error) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "every other kind is told as it is")]
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound,
            std::io::ErrorKind::PermissionDenied => Self::PermissionDenied,
            _ => Self::Io(error),
        }
    }
}
