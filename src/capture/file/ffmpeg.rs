//! Everything else: `ffmpeg` as a child process.
//!
//! The child writes raw 4:2:0 frames to its standard output, and a line about each of them to its
//! standard error (its `showinfo` filter). Two threads read the two; they end when the pipes close.
//!
//! ```text
//! child ─ stderr ─> inview-ffmpeg-log ──(pts, size; bounded)──> inview-ffmpeg-frames ──(frames; bounded)──> next_frame
//!       ─ stdout ───────────────────────────────────────────────┘
//! ```
//!
//! Timestamps are whole microseconds, because `showinfo` prints its seconds with six digits only.
//! Frames that are not wanted are read from the pipe but neither kept nor handed over. The child
//! may open nothing but the one file, turns frames upright itself, and is killed when it gives
//! nothing for too long, or when the source is dropped.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::log::{Line, Shown};
use super::progress::Progress;
use super::{Options, fits};
use crate::capture::{CaptureError, FrameSource, SourceInfo, Tally};
use crate::frame::{Frame, I420, Payload, Range};
use crate::geometry::Size;
use crate::time::MediaTime;

/// Lines about frames that the child may be ahead with. When it is full, the child waits.
const LINES_AHEAD: usize = 1024;
/// Frames read ahead. When it is full, the child waits.
const FRAMES_AHEAD: usize = 2;
/// A longer line of the log is cut.
const LONGEST_LINE: u64 = 1 << 14;

/// A recording that ffmpeg decodes.
#[derive(Debug)]
pub(super) struct Ffmpeg {
    info: SourceInfo,
    child: Running,
    /// The frame that was read to learn the size.
    first: Option<Read1>,
    /// Timestamp of the first frame, which becomes zero.
    zero: i64,
    interval: Duration,
    last: Option<MediaTime>,
    progress: Progress,
    ended: bool,
}

/// A frame as it comes from the child.
#[derive(Debug)]
struct Read1 {
    /// Microseconds; absent when the container gives none.
    pts: Option<i64>,
    size: Size,
    /// Absent when it was not wanted.
    pixels: Option<I420>,
}

/// What the child's log says besides the frames.
#[derive(Clone, Debug, Default)]
struct Notes {
    container: Option<String>,
    codec: Option<String>,
    duration: Option<MediaTime>,
    /// The last line that may be a reason.
    last_line: Option<String>,
    undecodable: u64,
    cut_off: bool,
    no_video: bool,
}

impl Ffmpeg {
    /// Starts the child, and waits for its first frame.
    pub(super) fn open(
        program: &Path,
        path: &Path,
        format: &str,
        options: &Options,
    ) -> Result<Self, CaptureError> {
        let mut child = Running::start(program, path, options.stall_limit)?;
        let first = child.next()?;
        let notes = child.notes();
        let Some(first) = first else { return Err(child.why_nothing()) };
        fits(first.size)?;
        let info = SourceInfo {
            container: notes.container.unwrap_or_else(|| format.to_owned()),
            codec: notes.codec.unwrap_or_else(|| "unknown".to_owned()),
            size: first.size,
            duration: notes.duration,
        };
        Ok(Self {
            info,
            child,
            zero: first.pts.unwrap_or(0),
            first: Some(first),
            interval: Duration::ZERO,
            last: None,
            progress: Progress::default(),
            ended: false,
        })
    }

    fn next_read(&mut self) -> Result<Option<Read1>, CaptureError> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None if self.ended => Ok(None),
            None => self.child.next(),
        }
    }

    /// Counts a frame; its number when it may be handed out.
    fn arrive(&mut self, pts: MediaTime) -> Option<u64> {
        if let Some(last) = self.last
            && pts > last
        {
            self.interval = pts.since(last);
        }
        self.last = self.last.max(Some(pts));
        self.progress.arrive(pts, self.interval)
    }

    /// Takes over what the child says of its end.
    fn end(&mut self) {
        self.ended = true;
        let failed = self.child.wait();
        let notes = self.child.notes();
        if let Some(line) = failed {
            self.progress.truncated(format!("ffmpeg stopped: {line}"));
        } else if notes.cut_off {
            self.progress.truncated("the file is not complete");
        }
        for _ in 0..notes.undecodable {
            self.progress.undecoded();
        }
    }
}

impl FrameSource for Ffmpeg {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self, not_before: MediaTime) -> Result<Option<Frame>, CaptureError> {
        self.child.want(self.zero.saturating_add(not_before.as_micros()));
        while let Some(read) = self.next_read()? {
            let since_zero = read.pts.map(|pts| pts.saturating_sub(self.zero));
            // Without a time of its own a frame stands where the one before it stands: not handed out.
            let pts = since_zero.map(MediaTime::from_micros).or(self.last).unwrap_or_default();
            let seq = self.arrive(pts);
            if let (Some(seq), Some(pixels)) = (seq, read.pixels)
                && pts >= not_before
            {
                let payload = Payload::I420(pixels);
                return Ok(Some(Frame { seq, pts, size: read.size, payload }));
            }
        }
        if !self.ended {
            self.end();
        }
        Ok(None)
    }

    fn tally(&self) -> Tally {
        self.progress.tally()
    }
}

/// The child and the threads that read it. Dropping it kills the child and joins the threads.
#[derive(Debug)]
struct Running {
    child: Child,
    /// Taken at the end, which unblocks the thread that sends.
    frames: Option<Receiver<Result<Read1, CaptureError>>>,
    threads: Vec<JoinHandle<()>>,
    notes: Arc<Mutex<Notes>>,
    not_before: Arc<AtomicI64>,
    stall_limit: Duration,
}

impl Running {
    fn start(program: &Path, path: &Path, stall_limit: Duration) -> Result<Self, CaptureError> {
        let mut child = command(program, path)?.spawn().map_err(|error| cannot_start(&error))?;
        let pipes = (child.stdout.take(), child.stderr.take());
        let notes = Arc::new(Mutex::new(Notes::default()));
        let not_before = Arc::new(AtomicI64::new(i64::MIN));
        let (frame_sender, frames) = bounded(FRAMES_AHEAD);
        let (line_sender, lines) = bounded(LINES_AHEAD);
        let frames = Some(frames);
        let mut running =
            Self { child, frames, threads: Vec::new(), notes, not_before, stall_limit };
        if let (Some(stdout), Some(stderr)) = pipes {
            let (notes, not_before) = (Arc::clone(&running.notes), Arc::clone(&running.not_before));
            let log = move || read_log(stderr, &line_sender, &notes);
            running.threads.push(named("inview-ffmpeg-log", log)?);
            let frames = move || read_frames(stdout, &lines, &frame_sender, &not_before);
            running.threads.push(named("inview-ffmpeg-frames", frames)?);
        }
        Ok(running)
    }

    /// From when on frames are wanted, in the child's time.
    fn want(&self, micros: i64) {
        self.not_before.store(micros, Ordering::Relaxed);
    }

    fn next(&mut self) -> Result<Option<Read1>, CaptureError> {
        let Some(frames) = &self.frames else { return Ok(None) };
        match frames.recv_timeout(self.stall_limit) {
            Ok(read) => read.map(Some),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                self.stop();
                let secs = self.stall_limit.as_secs_f32();
                Err(CaptureError::Ffmpeg(format!("it gave no frame for {secs} s")))
            }
        }
    }

    fn notes(&self) -> Notes {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for the end of the child, whose pipes have closed. The reason when it failed.
    fn wait(&mut self) -> Option<String> {
        self.frames = None;
        self.join();
        let status = self.child.wait();
        let failed = !status.as_ref().is_ok_and(std::process::ExitStatus::success);
        failed.then(|| {
            let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
            self.notes().last_line.unwrap_or(status)
        })
    }

    /// Why there was not even one frame.
    fn why_nothing(&mut self) -> CaptureError {
        let failed = self.wait();
        match failed {
            _ if self.notes().no_video => CaptureError::NoVideo("sound or data".to_owned()),
            Some(line) => CaptureError::Ffmpeg(line),
            None => CaptureError::NoFrames,
        }
    }

    fn stop(&mut self) {
        self.frames = None;
        if let Err(error) = self.child.kill() {
            tracing::debug!(%error, "ffmpeg has ended before it was stopped");
        }
        self.join();
        if let Err(error) = self.child.wait() {
            tracing::warn!(%error, "ffmpeg cannot be waited for");
        }
    }

    fn join(&mut self) {
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that read from ffmpeg has panicked");
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

fn cannot_start(error: &std::io::Error) -> CaptureError {
    CaptureError::Ffmpeg(format!("it cannot be started: {error}"))
}

fn named(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, CaptureError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(body).map_err(CaptureError::Io)
}

/// The command line. The path is absolute and marked as a file, so that no name can be taken for an
/// option or for an address.
fn command(program: &Path, path: &Path) -> Result<Command, CaptureError> {
    let mut input = std::ffi::OsString::from("file:");
    input.push(std::path::absolute(path)?);
    let mut command = Command::new(program);
    command
        .args(["-nostdin", "-hide_banner", "-nostats", "-loglevel", "info"])
        .args(["-protocol_whitelist", "file,pipe", "-i"])
        .arg(input)
        .args(["-map", "0:V:0", "-an", "-sn", "-dn", "-fps_mode", "passthrough"])
        .args(["-vf", "scale=out_range=limited,format=yuv420p,settb=1/1000000,showinfo=checksum=0"])
        .args(["-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Ok(command)
}

/// Body of the thread that reads the log: to its end, so that the child never waits for it.
fn read_log(stderr: ChildStderr, lines: &Sender<Shown>, notes: &Mutex<Notes>) {
    let mut stderr = BufReader::new(stderr);
    let mut bytes = Vec::new();
    let mut unread = false;
    loop {
        bytes.clear();
        match stderr.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = Line::parse(String::from_utf8_lossy(&bytes).trim_end());
        if let Line::Shown(shown) = line {
            // Once nobody reads frames any more, only the reasons at the end matter.
            unread |= !unread && lines.send(shown).is_err();
        } else {
            note(&mut notes.lock().unwrap_or_else(PoisonError::into_inner), line);
        }
    }
}

fn note(notes: &mut Notes, line: Line) {
    match line {
        Line::Shown(_) | Line::Other => {}
        Line::Container(name) => notes.container = Some(name),
        Line::Codec(name) => notes.codec = notes.codec.take().or(Some(name)),
        Line::Duration(duration) => notes.duration = Some(duration),
        Line::Undecodable => notes.undecodable += 1,
        Line::CutOff => notes.cut_off = true,
        Line::NoVideo => notes.no_video = true,
        Line::Reason(line) => notes.last_line = Some(line),
    }
}

/// Body of the thread that reads frames, until there are no more or nobody takes them.
fn read_frames(
    mut stdout: ChildStdout,
    lines: &Receiver<Shown>,
    frames: &Sender<Result<Read1, CaptureError>>,
    not_before: &AtomicI64,
) {
    let mut size = None;
    let mut bytes = Vec::new();
    for (expected, shown) in (0_u64..).zip(lines) {
        if shown.number != expected {
            let lost = CaptureError::Ffmpeg("its log and its frames do not match".to_owned());
            drop(frames.send(Err(lost)));
            return;
        }
        // Later frames are scaled to the size of the first.
        let size = *size.get_or_insert(shown.size);
        if let Err(error) = fits(size) {
            drop(frames.send(Err(error)));
            return;
        }
        bytes.resize(frame_bytes(size), 0);
        if let Err(error) = stdout.read_exact(&mut bytes) {
            tracing::debug!(%error, "ffmpeg has ended");
            return;
        }
        let wanted = shown.pts.is_some_and(|pts| pts >= not_before.load(Ordering::Relaxed));
        let pixels = wanted.then(|| planes(&bytes, size));
        if frames.send(Ok(Read1 { pts: shown.pts, size, pixels })).is_err() {
            return;
        }
    }
}

const fn chroma(size: Size) -> usize {
    Size::new(size.width.div_ceil(2), size.height.div_ceil(2)).area()
}

const fn frame_bytes(size: Size) -> usize {
    size.area() + 2 * chroma(size)
}

fn planes(bytes: &[u8], size: Size) -> I420 {
    let (y, chroma_planes) = bytes.split_at(size.area());
    let (u, v) = chroma_planes.split_at(chroma(size));
    I420 { y: y.to_vec(), u: u.to_vec(), v: v.to_vec(), range: Range::Limited }
}

/// The `ffmpeg` of the search path.
pub(super) fn on_path() -> Option<PathBuf> {
    let name = format!("ffmpeg{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&name))
        .find(|program| program.is_file())
}
