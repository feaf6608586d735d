//! The recording as a camera shows it, and what the networks found in it before.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use inview::capture::file;
use inview::detection::Detection;
use inview::detector::{Detector, DetectorError, Scripted};
use inview::frame::Frame;
use inview::geometry::Size;
use inview::report::ModelIdentity;
use inview::time::MediaTime;
use jiff::Timestamp;

use crate::now;
use crate::support::feeder::Feeder;

/// What a frame looks like: its luma at a few hundred points.
fn signature(frame: &Frame) -> Vec<u8> {
    let Size { width, height } = frame.size;
    let points = (0..24).flat_map(|y| (0..32).map(move |x| (x, y)));
    points.map(|(x, y)| frame.luma((2 * x + 1) * width / 64, (2 * y + 1) * height / 48)).collect()
}

/// Finds what the networks have found in the same picture of the tape before. The file of their finds
/// has the pictures a fifth of a second apart.
#[derive(Clone)]
pub(crate) struct Recalled {
    tape: Arc<[Vec<u8>]>,
    finds: Arc<Mutex<Scripted>>,
    models: Vec<ModelIdentity>,
}

impl Recalled {
    pub(crate) fn load() -> Self {
        let mut source = file::open(&tape_folder().join("pictures")).unwrap();
        let pictures = std::iter::from_fn(|| source.next_frame(MediaTime::ZERO).unwrap());
        let tape = pictures.map(|frame| signature(&frame)).collect();
        let finds = std::fs::read_to_string(tape_folder().join("finds.jsonl")).unwrap();
        let finds = Scripted::parse(&finds).unwrap();
        Self { tape, models: finds.models().to_vec(), finds: Arc::new(Mutex::new(finds)) }
    }

    fn finds(&self) -> MutexGuard<'_, Scripted> {
        self.finds.lock().unwrap()
    }

    /// The frame as it stands on the tape.
    fn on_tape(&self, frame: &Frame) -> Frame {
        let here = signature(frame);
        let difference = |known: &Vec<u8>| -> u32 {
            known.iter().zip(&here).map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
        };
        let nearest = (0..self.tape.len()).min_by_key(|at| difference(&self.tape[*at])).unwrap();
        let off = difference(&self.tape[nearest]) as usize / here.len();
        assert!(off <= 3, "a picture that was not on the tape: {off} levels off");
        Frame {
            pts: MediaTime::ZERO + Duration::from_millis(200) * nearest as u32,
            ..frame.clone()
        }
    }
}

impl Detector for Recalled {
    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        self.finds().faces(&self.on_tape(frame))
    }

    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        self.finds().people(&self.on_tape(frame))
    }

    fn models(&self) -> &[ModelIdentity] {
        &self.models
    }
}

fn tape_folder() -> PathBuf {
    PathBuf::from(std::env::var_os("INVIEW_TAPE").unwrap())
}

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
        let entries = std::fs::read_dir(tape_folder().join("pictures")).unwrap();
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
