//! The recording as a camera shows it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use inview::geometry::Size;
use inview::time::MediaTime;
use jiff::Timestamp;

use crate::now;
use crate::support::feeder::Feeder;

/// The shipped recording from second 20 to 34, ten JPEGs a second, as the script has made them.
pub(crate) struct Tape {
    pictures: Vec<Vec<u8>>,
    start: MediaTime,
    pub(crate) leaving: Option<MediaTime>,
    /// When the first picture without the candidate was shown, and the first with them again.
    pub(crate) left: Option<Timestamp>,
    pub(crate) back: Option<Timestamp>,
}

impl Tape {
    const SIZE: Size = Size::new(640, 480);
    const PERIOD: Duration = Duration::from_millis(100);
    /// By the truth file: nobody is in the picture from second 24.067 to 28.867.
    const LEAVES: usize = 41;
    const RETURNS: usize = 89;

    pub(crate) fn load() -> Arc<Mutex<Self>> {
        let entries = std::fs::read_dir(std::env::var_os("INVIEW_TAPE").unwrap()).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let pictures: Vec<_> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
        assert_eq!(pictures.len(), 140);
        Arc::new(Mutex::new(Self { pictures, start: now(), leaving: None, left: None, back: None }))
    }

    /// The picture of now: the candidate sits there until told to leave, and again afterwards.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        let periods =
            |since: MediaTime| (now().since(since).as_millis() / Self::PERIOD.as_millis()) as usize;
        // Forwards and backwards, so that nothing jumps.
        let swing = |at: usize, length: usize| {
            let at = at % (2 * length);
            at.min(2 * length - at)
        };
        let last = self.pictures.len() - 1;
        let at = match self.leaving.map(periods) {
            None => swing(periods(self.start), Self::LEAVES - 3),
            Some(gone) if Self::LEAVES - 3 + gone <= last => Self::LEAVES - 3 + gone,
            Some(gone) => last - swing(gone, last - Self::RETURNS - 3),
        };
        if at >= Self::LEAVES {
            self.left.get_or_insert_with(Timestamp::now);
        }
        if at >= Self::RETURNS {
            self.back.get_or_insert_with(Timestamp::now);
        }
        self.pictures[at].clone()
    }

    pub(crate) fn feed(tape: &Arc<Mutex<Self>>) -> Feeder {
        let tape = Arc::clone(tape);
        Feeder::play(*b"MJPG", Self::SIZE, Self::PERIOD, move || tape.lock().unwrap().picture())
    }
}
