//! How far a run has come, on a terminal; and whether it is to stop.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::batch::Watcher;
use crate::time::MediaTime;

/// A bar for each recording that is being replayed. Draws on standard error, and only on a
/// terminal.
#[derive(Debug)]
pub(super) struct Progress {
    bars: MultiProgress,
    open: Mutex<BTreeMap<usize, ProgressBar>>,
    stopped: Arc<AtomicBool>,
}

impl Progress {
    /// `stopped` is set by whoever wants the run to end.
    pub(super) fn new(stopped: Arc<AtomicBool>) -> Self {
        Self { bars: MultiProgress::new(), open: Mutex::default(), stopped }
    }

    /// Lets `print` write to the terminal without the bars in its way.
    pub(super) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bars.suspend(print)
    }

    fn with_bar(&self, recording: usize, act: impl FnOnce(&ProgressBar)) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = open.get(&recording) {
            act(bar);
        }
    }
}

impl Watcher for Progress {
    fn begun(&self, recording: usize, name: &str, duration: Option<MediaTime>) {
        let millis = |time: MediaTime| u64::try_from(time.as_millis()).unwrap_or(0);
        let bar = match duration {
            Some(duration) => ProgressBar::new(millis(duration)).with_style(style(BAR)),
            None => ProgressBar::new_spinner().with_style(style(SPINNER)),
        };
        let bar = self.bars.add(bar);
        bar.set_message(name.to_owned());
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(recording, bar);
    }

    fn reached(&self, recording: usize, pts: MediaTime) {
        let millis = u64::try_from(pts.as_millis()).unwrap_or(0);
        self.with_bar(recording, |bar| bar.set_position(millis));
    }

    fn ended(&self, recording: usize) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = open.remove(&recording) {
            bar.finish_and_clear();
        }
    }

    fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

const BAR: &str = "{msg:24!} {bar:30} {media} of {length}, {speed}, {eta} left";
const SPINNER: &str = "{msg:24!} {spinner} {media}, {speed}";

fn style(template: &str) -> ProgressStyle {
    let clock = |millis: u64| MediaTime::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("media", move |state: &ProgressState, out: &mut dyn fmt::Write| {
            write!(out, "{}", clock(state.pos())).ok();
        })
        .with_key("length", move |state: &ProgressState, out: &mut dyn fmt::Write| {
            write!(out, "{}", clock(state.len().unwrap_or(0))).ok();
        })
        .with_key("speed", |state: &ProgressState, out: &mut dyn fmt::Write| {
            write!(out, "{:.1}x real time", state.per_sec() / 1e3).ok();
        })
}
