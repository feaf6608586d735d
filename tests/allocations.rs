//! What a frame costs in allocations once everything is set up: from its pixels to the state.
//!
//! The networks, and scaling and colour before them, allocate nothing. What is left is twelve allocations while a
//! face is in view: the grids of brightness that the next look is compared with, of the picture and of the face
//! (70 KB in all), and lists of what was found; and some 25 more, and 160 KB, while a face has vanished and what was
//! there is aligned with what is. Only the first look of each kind, and the silhouette of somebody who has
//! vanished, take more.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use allocation_counter::{AllocationInfo, measure};
use inview::capture::file::{self, Options};
use inview::detector::Detector as _;
use inview::detector::onnx::{Models, Onnx};
use inview::frame::Frame;
use inview::pipeline::Pipeline;
use inview::presence::Policy;
use inview::report::{IntervalId, SessionId};
use inview::time::MediaTime;

/// The first samples set everything up.
const WARM: usize = 10;

/// Frames of the shipped recording, five a second: somebody is in view, and leaves.
fn frames() -> Vec<Frame> {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/leave_ladder.mp4");
    let mut source = file::open_with(&demo, &Options::default()).unwrap();
    let due = |at: i64| MediaTime::from_micros(at * 200_000);
    (0..150).map_while(|at| source.next_frame(due(at)).unwrap()).collect()
}

fn most(costs: &[AllocationInfo]) -> (u64, u64) {
    let count = costs.iter().map(|cost| cost.count_total).max();
    let bytes = costs.iter().map(|cost| cost.bytes_total).max();
    (count.unwrap_or(0), bytes.unwrap_or(0))
}

/// Lists of detections, before and after those that overlap are taken out.
#[test]
fn a_look_allocates_only_the_list_of_what_it_found() {
    let mut detector = Onnx::with(Models::load().unwrap());
    let frames = frames();
    let first = detector.faces(&frames[0]).unwrap();
    let face = first[0].bounding_box;
    let (mut everywhere, mut near, mut people) = (Vec::new(), Vec::new(), Vec::new());
    for (at, frame) in frames.iter().step_by(30).enumerate() {
        let costs = [
            measure(|| drop(detector.faces(frame).unwrap())),
            measure(|| drop(detector.faces_near(frame, face).unwrap())),
            measure(|| drop(detector.people(frame).unwrap())),
        ];
        if at > 0 {
            everywhere.push(costs[0]);
            near.push(costs[1]);
            people.push(costs[2]);
        }
    }
    for costs in [everywhere, near, people] {
        let (count, bytes) = most(&costs);
        assert!(count <= 6 && bytes <= 8 * 1024, "{count} allocations, {bytes} bytes");
    }
}

#[test]
fn a_frame_allocates_no_more_than_its_grids_and_its_lists() {
    let session = SessionId::derived(&[b"allocations"]);
    let ids = move |number| IntervalId::derived(session, number);
    let detector = Onnx::with(Models::load().unwrap());
    let mut pipeline = Pipeline::new(detector, Policy::default(), ids);
    let mut costs = Vec::new();
    for frame in frames() {
        costs.push(measure(|| drop(pipeline.step(&frame).unwrap())));
    }
    let sorted = |of: fn(&AllocationInfo) -> u64| {
        let mut values: Vec<u64> = costs[WARM..].iter().map(of).collect();
        values.sort_unstable();
        values
    };
    let (counts, bytes) = (sorted(|cost| cost.count_total), sorted(|cost| cost.bytes_total));
    let (in_view, nearly_all) = (counts.len() / 5, counts.len() * 9 / 10);
    assert!(counts[in_view] <= 16, "{counts:?}");
    assert!(counts[nearly_all] <= 48, "{counts:?}");
    assert!(bytes[in_view] <= 96 * 1024, "{bytes:?}");
    assert!(bytes[nearly_all] <= 256 * 1024, "{bytes:?}");
}
