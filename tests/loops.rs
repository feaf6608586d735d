//! A recording in place of the camera, played again and again, through the real pipeline.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::ops::ControlFlow;
use std::time::Duration;

use inview::capture::file::{self, Options};
use inview::capture::{CaptureError, FrameSource, SourceInfo, Tally};
use inview::detector::onnx::{Models, Onnx};
use inview::frame::Frame;
use inview::pipeline::Pipeline;
use inview::presence::{Change, Policy, StillImagePolicy};
use inview::report::{IntervalId, Kind, SessionId};
use inview::time::MediaTime;

/// The part of the shipped recording that is played: in it, somebody leaves for 1.8 s.
const FROM: MediaTime = MediaTime::from_millis(8_000);

/// Plays a part of a recording again and again.
struct Looped {
    info: SourceInfo,
    frames: Vec<Frame>,
    length: Duration,
    next: u64,
    end: MediaTime,
}

impl Looped {
    fn of_the_shipped_recording(length: Duration, end: MediaTime) -> Self {
        let mut source =
            file::open_with(&support::shipped_recording(), &Options::default()).unwrap();
        let is_in = |frame: &Frame| frame.pts < FROM + length;
        let frames = std::iter::from_fn(|| source.next_frame(FROM).unwrap());
        let frames = frames.take_while(is_in).collect();
        Self { info: source.info().clone(), frames, length, next: 0, end }
    }
}

impl FrameSource for Looped {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_frame(&mut self, not_before: MediaTime) -> Result<Option<Frame>, CaptureError> {
        loop {
            let count = self.frames.len() as u64;
            let frame = &self.frames[(self.next % count) as usize];
            let pts =
                MediaTime::ZERO + frame.pts.since(FROM) + self.length * (self.next / count) as u32;
            if pts >= self.end {
                return Ok(None);
            }
            let seq = self.next;
            self.next += 1;
            if pts >= not_before {
                return Ok(Some(Frame { seq, pts, ..frame.clone() }));
            }
        }
    }

    fn tally(&self) -> Tally {
        Tally { frames: self.next, end: self.end, ..Tally::default() }
    }
}

/// Marks of loops: when they were opened and alerted, and from when to when they lasted, in seconds.
#[derive(Debug, Default, PartialEq)]
struct Marks {
    opened: Vec<f64>,
    alerted: usize,
    spans: Vec<(f64, f64)>,
    others: Vec<Kind>,
}

fn watch(source: &mut dyn FrameSource, policy: Policy) -> Marks {
    let session = SessionId::derived(&[b"loops"]);
    let ids = move |number| IntervalId::derived(session, number);
    let mut pipeline = Pipeline::new(Onnx::with(Models::load().unwrap()), policy, ids);
    let mut marks = Marks::default();
    let mut open = None;
    let mut took = |at: MediaTime, change: &Change| match change {
        Change::Opened(interval) if interval.kind == Kind::SuspectedLoop => {
            open = Some(interval.id);
            marks.opened.push(at.as_secs_f64());
        }
        Change::Closed(interval) if interval.kind == Kind::SuspectedLoop => {
            let end = interval.end_ms.unwrap().as_secs_f64();
            marks.spans.push((interval.start_ms.as_secs_f64(), end));
        }
        Change::Opened(interval) => marks.others.push(interval.kind),
        Change::Alerted(id, _) => marks.alerted += usize::from(open == Some(*id)),
        Change::Closed(_) | Change::Warned(..) => {}
    };
    let end = inview::replay::run(source, &mut pipeline, |sample, _| {
        sample.changes.iter().for_each(|change| took(sample.pts, change));
        ControlFlow::Continue(())
    });
    let end = end.unwrap();
    end.changes.iter().for_each(|change| took(end.tally.end, change));
    marks
}

fn watch_loop(length_ms: u64, end_s: f64, still_image: StillImagePolicy) -> Marks {
    let (length, end) = (Duration::from_millis(length_ms), MediaTime::from_secs_f64(end_s));
    let policy = Policy { still_image, ..Policy::default() };
    watch(&mut Looped::of_the_shipped_recording(length, end), policy)
}

#[test]
fn a_plain_loop_of_ten_seconds_is_flagged_at_the_first_repeat() {
    let marks = watch_loop(10_000, 24.0, StillImagePolicy::Report);
    assert!(matches!(marks.opened[..], [at] if (13.0..20.0).contains(&at)), "{marks:?}");
    let [(since, until)] = marks.spans[..] else { panic!("{marks:?}") };
    assert!((10.0..10.5).contains(&since) && until > 23.0, "{marks:?}");
    assert_eq!(marks.alerted, 0);
    // Presence is told as ever.
    assert_eq!(marks.others, [Kind::OutOfView; 2], "{marks:?}");
}

#[test]
fn a_loop_whose_length_fits_no_grid_of_looks_is_flagged_and_alerted_where_the_policy_says_so() {
    let marks = watch_loop(12_340, 24.0, StillImagePolicy::Alert);
    assert!(matches!(marks.opened[..], [at] if at < 24.0), "{marks:?}");
    assert_eq!(marks.alerted, 1, "{marks:?}");
    assert!(watch_loop(12_340, 24.0, StillImagePolicy::Ignore).opened.is_empty());
}

#[test]
fn the_shipped_recording_itself_is_no_loop() {
    let mut source = file::open_with(&support::shipped_recording(), &Options::default()).unwrap();
    let marks = watch(source.as_mut(), Policy::default());
    assert!(marks.opened.is_empty() && marks.spans.is_empty(), "{marks:?}");
}
