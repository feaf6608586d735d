//! How fast a recording is replayed, and which part of the time goes where.
//!
//! `cargo bench --features replay --bench replay [-- RECORDING]`; without a name, the recording
//! that the repository ships. Everything runs in one thread. The figures are medians of several
//! rounds of one run; compare ratios, not seconds, since machines are noisy.
#![expect(clippy::unwrap_used, reason = "a bench may panic")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use inview::capture::file;
use inview::detection::Detection;
use inview::detector::onnx::{Models, Onnx};
use inview::detector::{Detector, DetectorError};
use inview::frame::Frame;
use inview::geometry::BoundingBox;
use inview::pipeline::Pipeline;
use inview::presence::Policy;
use inview::report::{IntervalId, ModelIdentity, SessionId};

const ROUNDS: usize = 5;

/// What one part of the work took.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    times: u32,
    seconds: f64,
}

impl Part {
    fn add(&mut self, since: Instant) {
        self.times += 1;
        self.seconds += since.elapsed().as_secs_f64();
    }
}

/// The looks of the detector.
#[derive(Clone, Copy, Debug, Default)]
struct Looks {
    everywhere: Part,
    near: Part,
    people: Part,
}

/// The real detector, with a stopwatch.
struct Timed {
    detector: Onnx,
    looks: Rc<Cell<Looks>>,
}

impl Timed {
    fn timed<T>(
        &mut self,
        part: impl FnOnce(&mut Looks) -> &mut Part,
        look: impl FnOnce(&mut Onnx) -> T,
    ) -> T {
        let start = Instant::now();
        let found = look(&mut self.detector);
        let mut looks = self.looks.get();
        part(&mut looks).add(start);
        self.looks.set(looks);
        found
    }
}

impl Detector for Timed {
    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        self.timed(|looks| &mut looks.everywhere, |detector| detector.faces(frame))
    }

    fn faces_near(
        &mut self,
        frame: &Frame,
        face: BoundingBox,
    ) -> Result<Vec<Detection>, DetectorError> {
        self.timed(|looks| &mut looks.near, |detector| detector.faces_near(frame, face))
    }

    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        self.timed(|looks| &mut looks.people, |detector| detector.people(frame))
    }

    fn models(&self) -> &[ModelIdentity] {
        self.detector.models()
    }
}

/// One round.
#[derive(Clone, Copy, Debug)]
struct Round {
    media: f64,
    seconds: f64,
    decode: Part,
    looks: Looks,
    sampled: u64,
}

impl Round {
    fn speed(&self) -> f64 {
        self.media / self.seconds
    }
}

fn round(recording: &Path, models: &Arc<Models>) -> Round {
    let mut source = file::open(recording).unwrap();
    let looks = Rc::new(Cell::new(Looks::default()));
    let detector = Timed { detector: Onnx::with(Arc::clone(models)), looks: Rc::clone(&looks) };
    let session = SessionId::derived(&[b"bench"]);
    let ids = move |number| IntervalId::derived(session, number);
    let mut pipeline = Pipeline::new(detector, Policy::default(), ids);
    let (mut decode, start) = (Part::default(), Instant::now());
    loop {
        let wanted = Instant::now();
        let frame = source.next_frame(pipeline.next_due()).unwrap();
        decode.add(wanted);
        let Some(frame) = frame else { break };
        pipeline.step(&frame).unwrap();
    }
    Round {
        media: source.tally().end.as_secs_f64(),
        seconds: start.elapsed().as_secs_f64(),
        decode,
        looks: looks.get(),
        sampled: pipeline.sampled(),
    }
}

fn main() {
    let named = std::env::args().skip(1).find(|arg| !arg.starts_with("--")).map(PathBuf::from);
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/leave_ladder.mp4");
    let recording = named.unwrap_or(shipped);
    let models = Models::load().unwrap();
    let mut rounds: Vec<Round> = (0..ROUNDS).map(|_| round(&recording, &models)).collect();
    rounds.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let median = rounds[ROUNDS / 2];
    println!(
        "{}: {:.1} s, {} frames looked at",
        recording.file_name().unwrap_or_default().to_string_lossy(),
        median.media,
        median.sampled
    );
    println!(
        "replayed at {:.1}x real time in one thread (median of {ROUNDS} rounds; {:.1}x to {:.1}x)",
        median.speed(),
        rounds[ROUNDS - 1].speed(),
        rounds[0].speed()
    );
    let Looks { everywhere, near, people } = median.looks;
    let parts = [median.decode, everywhere, near, people];
    let others = parts.iter().map(|part| part.seconds).sum::<f64>();
    let rest = Part { times: median.sampled as u32, seconds: median.seconds - others };
    println!("                      share   times    ms each   ms a frame");
    for (name, part) in [
        ("decode", median.decode),
        ("faces everywhere", everywhere),
        ("face near the last", near),
        ("bodies", people),
        ("rest", rest),
    ] {
        println!(
            "  {name:18} {:5.1} %  {:6}  {:9.3}  {:11.3}",
            100.0 * part.seconds / median.seconds,
            part.times,
            1e3 * part.seconds / f64::from(part.times.max(1)),
            1e3 * part.seconds / median.sampled as f64
        );
    }
}
