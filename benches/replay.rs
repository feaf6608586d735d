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
use inview::detector::onnx::preprocess::{Input, Preprocessor};
use inview::detector::onnx::{Models, Onnx};
use inview::detector::{Detector, DetectorError};
use inview::frame::Frame;
use inview::pipeline::Pipeline;
use inview::presence::Policy;
use inview::report::{IntervalId, ModelIdentity, SessionId};

const ROUNDS: usize = 5;

/// Seconds spent in the detector, and in its resizing done over again.
#[derive(Debug, Default)]
struct Spent {
    faces: Cell<f64>,
    people: Cell<f64>,
    resize: [Cell<f64>; 2],
}

fn add(total: &Cell<f64>, since: Instant) {
    total.set(total.get() + since.elapsed().as_secs_f64());
}

/// The real detector, with a stopwatch.
struct Timed {
    detector: Onnx,
    again: Option<[Preprocessor; 2]>,
    tensors: [Vec<f32>; 2],
    spent: Rc<Spent>,
}

impl Timed {
    /// Resizes once more for itself, since the detector's own resizing cannot be told apart from
    /// outside.
    fn resize(&mut self, which: usize, frame: &Frame) {
        let inputs = [Input::Faces { brighten: true }, Input::People];
        let again = self
            .again
            .get_or_insert_with(|| inputs.map(|input| Preprocessor::new(input, frame.size)));
        self.tensors[which].resize(again[which].layout().tensor.area() * 3, 0.0);
        let start = Instant::now();
        again[which].fill(frame, &mut self.tensors[which]).unwrap();
        add(&self.spent.resize[which], start);
    }
}

impl Detector for Timed {
    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        let start = Instant::now();
        let found = self.detector.faces(frame);
        add(&self.spent.faces, start);
        self.resize(0, frame);
        found
    }

    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        let start = Instant::now();
        let found = self.detector.people(frame);
        add(&self.spent.people, start);
        self.resize(1, frame);
        found
    }

    fn models(&self) -> &[ModelIdentity] {
        self.detector.models()
    }
}

/// Seconds of one round.
#[derive(Clone, Copy, Debug)]
struct Round {
    media: f64,
    decode: f64,
    resize: f64,
    faces: f64,
    people: f64,
    rest: f64,
    sampled: u64,
}

impl Round {
    fn total(&self) -> f64 {
        self.decode + self.resize + self.faces + self.people + self.rest
    }
}

fn round(recording: &Path, models: &Arc<Models>) -> Round {
    let mut source = file::open(recording).unwrap();
    let spent = Rc::new(Spent::default());
    let detector = Timed {
        detector: Onnx::with(Arc::clone(models)),
        again: None,
        tensors: [Vec::new(), Vec::new()],
        spent: Rc::clone(&spent),
    };
    let session = SessionId::derived(&[b"bench"]);
    let ids = move |number| IntervalId::derived(session, number);
    let mut pipeline = Pipeline::new(detector, Policy::default(), ids);
    let (mut decode, start) = (0.0, Instant::now());
    loop {
        let wanted = Instant::now();
        let frame = source.next_frame(pipeline.next_due()).unwrap();
        decode += wanted.elapsed().as_secs_f64();
        let Some(frame) = frame else { break };
        pipeline.step(&frame).unwrap();
    }
    let resize = spent.resize[0].get() + spent.resize[1].get();
    let all = start.elapsed().as_secs_f64() - resize;
    let (faces, people) = (spent.faces.get(), spent.people.get());
    Round {
        media: source.tally().end.as_secs_f64(),
        decode,
        resize,
        faces: faces - spent.resize[0].get(),
        people: people - spent.resize[1].get(),
        rest: all - decode - faces - people,
        sampled: pipeline.sampled(),
    }
}

fn main() {
    let named = std::env::args().skip(1).find(|arg| !arg.starts_with("--")).map(PathBuf::from);
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/leave_ladder.mp4");
    let recording = named.unwrap_or(shipped);
    let models = Models::load().unwrap();
    let mut rounds: Vec<Round> = (0..ROUNDS).map(|_| round(&recording, &models)).collect();
    rounds.sort_by(|a, b| a.total().total_cmp(&b.total()));
    let median = rounds[ROUNDS / 2];
    let speed = |round: &Round| round.media / round.total();
    println!(
        "{}: {:.1} s, {} frames looked at",
        recording.file_name().unwrap_or_default().to_string_lossy(),
        median.media,
        median.sampled
    );
    println!(
        "replayed at {:.1}x real time in one thread (median of {ROUNDS} rounds; {:.1}x to {:.1}x)",
        speed(&median),
        speed(&rounds[ROUNDS - 1]),
        speed(&rounds[0])
    );
    for (name, seconds) in [
        ("decode", median.decode),
        ("resize", median.resize),
        ("faces", median.faces),
        ("people", median.people),
        ("rest", median.rest),
    ] {
        let share = 100.0 * seconds / median.total();
        println!(
            "  {name:8} {share:5.1} %  {:7.3} ms a look",
            1e3 * seconds / median.sampled as f64
        );
    }
}
