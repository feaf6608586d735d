//! The recording as pictures: a thread that decodes the frame that is wanted, and some around it.
//!
//! ```text
//! window ──Wanted (latest wins)──> inview-label-player ──Shown (latest wins) + waker──> window
//! ```
//!
//! The window never waits. Sources of frames only go forward: for a frame before the one that was read
//! last, the recording is opened anew, and what is read on the way is kept ([`super::reel`]).

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use eframe::egui::ColorImage;

use super::picture::picture;
use super::reel::{Before, Found, Reel, Wanted};
use crate::capture::{CaptureError, FrameSource, SourceInfo, file};
use crate::time::MediaTime;

/// Called when there is something new to see. Must return at once.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// So much before a frame is read with it, so that steps back are quick.
const BEFORE: Duration = Duration::from_secs(2);
/// No recording is longer.
const LONGEST: Duration = Duration::from_secs(32_000_000);
/// So much after it.
const AHEAD: Duration = Duration::from_secs(3);
/// What is passed over is passed over in parts, so that another wish is heard.
const STRIDE: Duration = Duration::from_secs(2);

/// A frame on the screen.
#[derive(Clone, Debug)]
pub struct Shown {
    pub pts: MediaTime,
    /// Where the next frame begins; absent for the last one.
    pub next: Option<MediaTime>,
    pub is_last: bool,
    pub picture: Arc<ColorImage>,
    wish: u64,
}

/// What a window sees of it.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    pub shown: Option<Shown>,
    pub info: Option<SourceInfo>,
    /// Where the recording ends, once it was read up to there.
    pub end: Option<MediaTime>,
    /// Why no more can be seen.
    pub fault: Option<String>,
}

#[derive(Debug, Default)]
struct Wish {
    wanted: Wanted,
    number: u64,
    stop: bool,
}

#[derive(Debug, Default)]
struct Shared {
    wish: Mutex<Wish>,
    changed: Condvar,
    screen: Mutex<Screen>,
}

/// The thread that decodes. It ends when this is dropped.
#[derive(Debug)]
pub struct Player {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Player {
    /// Opens the recording, and shows its first frame.
    pub fn start(path: PathBuf, options: file::Options, waker: Waker) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        lock(&shared.wish).number = 1;
        let theirs = Arc::clone(&shared);
        let body = move || Reader::new(path, options, &theirs, &waker).run();
        let thread = thread::Builder::new().name("inview-label-player".to_owned()).spawn(body)?;
        Ok(Self { shared, thread: Some(thread) })
    }

    pub fn screen(&self) -> Screen {
        lock(&self.shared.screen).clone()
    }

    /// Whether what is shown is what is wanted.
    pub fn is_settled(&self) -> bool {
        let number = lock(&self.shared.wish).number;
        let screen = lock(&self.shared.screen);
        screen.fault.is_some() || screen.shown.as_ref().is_some_and(|shown| shown.wish == number)
    }

    /// Wants the frame that is shown at a time.
    pub fn seek(&self, at: MediaTime) {
        self.want(|wish| wish.wanted = Wanted { at: at.max(MediaTime::ZERO), steps: 0 });
    }

    /// Wants a frame so many frames after the one that is shown or wanted.
    pub fn step(&self, frames: i32) {
        let shown = lock(&self.shared.screen).shown.clone();
        self.want(|wish| match shown {
            Some(shown) if shown.wish == wish.number => {
                wish.wanted = Wanted { at: shown.pts, steps: frames };
            }
            Some(_) | None => wish.wanted.steps = wish.wanted.steps.saturating_add(frames),
        });
    }

    fn want(&self, change: impl FnOnce(&mut Wish)) {
        let mut wish = lock(&self.shared.wish);
        change(&mut wish);
        wish.number += 1;
        self.shared.changed.notify_one();
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        lock(&self.shared.wish).stop = true;
        self.shared.changed.notify_one();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that decodes has panicked");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A source, and how far it was read.
struct Open {
    source: Box<dyn FrameSource + Send>,
    /// The frame that was read last.
    read: Option<MediaTime>,
}

struct Reader<'a> {
    path: PathBuf,
    options: file::Options,
    shared: &'a Shared,
    waker: &'a Waker,
    reel: Reel,
    open: Option<Open>,
    /// How much before what is wanted is read; more when that was not enough.
    before: Duration,
    /// What is shown, or wanted: frames around it are kept.
    here: MediaTime,
}

impl<'a> Reader<'a> {
    fn new(path: PathBuf, options: file::Options, shared: &'a Shared, waker: &'a Waker) -> Self {
        Self {
            path,
            options,
            shared,
            waker,
            reel: Reel::default(),
            open: None,
            before: BEFORE,
            here: MediaTime::ZERO,
        }
    }

    fn run(mut self) {
        if let Err(error) = self.try_run() {
            tracing::warn!(%error, "the recording cannot be shown");
            lock(&self.shared.screen).fault = Some(error.to_string());
            (self.waker)();
        }
    }

    fn try_run(&mut self) -> Result<(), CaptureError> {
        let mut done = 0;
        while let Some((wanted, number)) = self.wish(done) {
            if number == done {
                self.read_on()?;
                continue;
            }
            // What is read now must not make room for what was shown before.
            self.here = wanted.at;
            match self.reel.find(wanted) {
                Found::Frame(pts) => {
                    self.show(pts, number);
                    (done, self.before) = (number, BEFORE);
                }
                Found::After(at) => self.read_past(at)?,
                Found::Before(pts) => self.read_before(pts)?,
            }
        }
        Ok(())
    }

    /// The wish in force; waits while it is fulfilled and there is nothing to read ahead. `None`: stop.
    fn wish(&self, done: u64) -> Option<(Wanted, u64)> {
        let mut wish = lock(&self.shared.wish);
        while !wish.stop && wish.number == done && !self.reads_ahead() {
            wish = self.shared.changed.wait(wish).unwrap_or_else(PoisonError::into_inner);
        }
        (!wish.stop).then_some((wish.wanted, wish.number))
    }

    fn reads_ahead(&self) -> bool {
        let read = self.open.as_ref().and_then(|open| open.read);
        read.is_some_and(|read| read < self.here + AHEAD && self.reel.has_room(self.here, read))
    }

    fn show(&mut self, pts: MediaTime, wish: u64) {
        let Some(frame) = self.reel.frame(pts) else { return };
        let is_last = self.reel.last() == Some(pts);
        let shown = Shown {
            pts,
            next: self.reel.next(pts),
            is_last,
            picture: Arc::new(picture(frame)),
            wish,
        };
        self.here = pts;
        lock(&self.shared.screen).shown = Some(shown);
        (self.waker)();
    }

    /// Reads the frames around `at`, one more at each call.
    fn read_past(&mut self, at: MediaTime) -> Result<(), CaptureError> {
        match &self.open {
            Some(Open { read, .. }) if read.is_none_or(|read| read <= at) => {
                let far = read.map(|read| read + STRIDE).filter(|far| *far < at - self.before);
                match far {
                    Some(far) => self.read(far, false),
                    None => self.read_on(),
                }
            }
            Some(_) | None => self.open_before(at),
        }
    }

    /// Reads what comes before a frame, up to that frame.
    fn read_before(&mut self, pts: MediaTime) -> Result<(), CaptureError> {
        match &self.open {
            Some(Open { read: Some(read), .. }) if *read < pts => self.read_past(pts),
            Some(Open { read: None, .. }) => self.read_past(pts),
            Some(_) | None => self.open_before(pts),
        }
    }

    /// Opens the recording anew, to be read from before `at` on.
    fn open_before(&mut self, at: MediaTime) -> Result<(), CaptureError> {
        let from = at - self.before;
        let mut source = file::open_with(&self.path, &self.options)?;
        if from > MediaTime::ZERO {
            source.jump(from)?;
        }
        lock(&self.shared.screen).info = Some(source.info().clone());
        self.open = Some(Open { source, read: None });
        // Were it not enough, the next time it is more.
        self.before = (self.before * 4).min(LONGEST);
        if from > MediaTime::ZERO {
            self.read(from.min(MediaTime::ZERO + STRIDE), false)
        } else {
            self.read_on()
        }
    }

    /// Reads the next frame.
    fn read_on(&mut self) -> Result<(), CaptureError> {
        let Some(open) = &self.open else { return Ok(()) };
        let next = open.read.map(|read| MediaTime::from_micros(read.as_micros() + 1));
        self.read(next.unwrap_or(MediaTime::from_micros(i64::MIN)), true)
    }

    fn read(&mut self, not_before: MediaTime, is_next: bool) -> Result<(), CaptureError> {
        let Some(open) = &mut self.open else { return Ok(()) };
        if let Some(frame) = open.source.next_frame(not_before)? {
            let before = match open.read {
                Some(read) if is_next => Before::Frame(read),
                None if is_next => Before::Nothing,
                Some(_) | None => Before::Unknown,
            };
            open.read = Some(frame.pts);
            self.reel.keep(frame, before, self.here);
            return Ok(());
        }
        let (read, tally) = (open.read, open.source.tally());
        self.open = None;
        match read {
            Some(read) if is_next => self.reel.ends_with(read),
            None if is_next => return Err(CaptureError::NoFrames),
            Some(_) | None => {}
        }
        lock(&self.shared.screen).end = Some(tally.end);
        // Whoever wants a frame behind the end is shown the last one.
        let mut wish = lock(&self.shared.wish);
        wish.wanted.at = wish.wanted.at.min(tally.end);
        Ok(())
    }
}
