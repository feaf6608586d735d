//! What a look at a frame costs of a processor, and which part of it: `cargo bench --features detect`.
#![expect(clippy::unwrap_used, reason = "a bench may panic")]

mod support;

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::measurement::Measurement as _;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use inview::detector::Detector as _;
use inview::detector::onnx::layout::Layout;
use inview::detector::onnx::preprocess::{Input, Preprocessor};
use inview::detector::onnx::{Models, Onnx, postprocess};
use inview::frame::{Frame, I420, Payload, Range};
use inview::geometry::{BoundingBox, Size};
use inview::time::MediaTime;
use support::ProcessorTime;

/// Waves in all three planes: neither flat nor noise.
fn frame(width: u32, height: u32) -> Frame {
    let plane = |size: Size, step: u32| -> Vec<u8> {
        let wave = |at: u32| ((at * step % 256).abs_diff(128) + 64) as u8;
        (0..size.height).flat_map(|y| (0..size.width).map(move |x| wave(x + 2 * y))).collect()
    };
    let size = Size::new(width, height);
    let half = Size::new(width.div_ceil(2), height.div_ceil(2));
    let (y, u, v) = (plane(size, 1), plane(half, 2), plane(half, 3));
    let payload = Payload::I420(I420 { y, u, v, range: Range::Limited });
    Frame { seq: 0, pts: MediaTime::ZERO, size, payload }
}

fn rgb(frame: &Frame) -> Frame {
    let pixels = (0..frame.size.area() * 3).map(|at| (at % 251) as u8).collect();
    Frame { payload: Payload::Rgb8(pixels), ..frame.clone() }
}

const SIZES: [(u32, u32); 4] = [(640, 480), (360, 640), (1280, 720), (1920, 1080)];

fn preprocess(c: &mut Criterion<ProcessorTime>) {
    let mut group = c.benchmark_group("preprocess");
    for (width, height) in SIZES {
        let i420 = frame(width, height);
        for (name, input, frame) in [
            ("face/i420", Input::Faces { brighten: true }, i420.clone()),
            ("face/rgb8", Input::Faces { brighten: true }, rgb(&i420)),
            ("person/i420", Input::People, i420.clone()),
        ] {
            let mut preprocessor = Preprocessor::new(input, frame.size);
            let mut tensor = vec![0.0; preprocessor.layout().tensor.area() * 3];
            let id = BenchmarkId::new(name, format!("{width}x{height}"));
            group.bench_function(id, |b| {
                b.iter(|| preprocessor.fill(black_box(&frame), &mut tensor).unwrap());
            });
        }
    }
    group.finish();
}

fn detect(c: &mut Criterion<ProcessorTime>) {
    let models = Models::load().unwrap();
    let mut group = c.benchmark_group("detect");
    for (width, height) in SIZES {
        let frame = frame(width, height);
        let mut detector = Onnx::with(Arc::clone(&models));
        let id = BenchmarkId::new("faces", format!("{width}x{height}"));
        group.bench_function(id, |b| b.iter(|| detector.faces(black_box(&frame)).unwrap()));
    }
    // What a runtime of networks does. The input does not stay where it is, so it is written each time, as a look
    // does; writing it is not counted.
    let input = Layout::of_faces(Size::new(640, 480)).tensor;
    let mut network = models.face_network(input).unwrap();
    let values: Vec<f32> =
        (0..input.area() * 3).map(|at| ((at % 320 + at / 160) % 256) as f32).collect();
    group.bench_function(BenchmarkId::new("network", "640x480"), |b| {
        b.iter_custom(|times| {
            let run = |_| {
                let mut written = Duration::ZERO;
                let fill = |tensor: &mut [f32]| {
                    tensor.copy_from_slice(&values);
                    written = ProcessorTime.start();
                    Ok::<_, Infallible>(())
                };
                network.run(fill).unwrap();
                ProcessorTime.end(written)
            };
            (0..times).map(run).sum()
        });
    });
    let (frame, mut detector) = (frame(640, 480), Onnx::with(models));
    let face = BoundingBox::new(280.0, 180.0, 360.0, 290.0);
    group.bench_function(BenchmarkId::new("near", "640x480"), |b| {
        b.iter(|| detector.faces_near(black_box(&frame), face).unwrap());
    });
    group.sample_size(30);
    group.bench_function("people/640x480", |b| {
        b.iter(|| detector.people(black_box(&frame)).unwrap());
    });
    group.finish();
}

fn decode(c: &mut Criterion<ProcessorTime>) {
    let size = Size::new(640, 480);
    let layout = Layout::of_faces(size);
    let mut levels = [40 * 32, 20 * 16, 10 * 8].map(|cells| vec![-8.0_f32; cells * 16]);
    for cell in levels[0].chunks_exact_mut(16).step_by(40) {
        cell[..6].copy_from_slice(&[2.0, 2.0, 0.5, 0.5, 1.0, 1.0]);
    }
    let (scores, boxes) = (vec![0.01; 1917 * 5], vec![0.5; 1917 * 4]);
    let mut group = c.benchmark_group("postprocess");
    group.bench_function("faces", |b| {
        b.iter(|| postprocess::faces(black_box(levels.each_ref().map(Vec::as_slice)), layout));
    });
    group.bench_function("people", |b| {
        b.iter(|| postprocess::people(black_box(&scores), &boxes, Layout::of_people(size)));
    });
    group.finish();
}

fn load(c: &mut Criterion<ProcessorTime>) {
    let mut group = c.benchmark_group("load");
    group.sample_size(10);
    group.bench_function("models", |b| b.iter(|| Models::load().unwrap()));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ProcessorTime);
    targets = preprocess, decode, detect, load
}
criterion_main!(benches);
