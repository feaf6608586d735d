//! The detector against a reference made by other means (`models/convert/goldens.py`: `OpenCV`,
//! ONNX Runtime, numpy), part by part and as a whole.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use inview::detection::{Detection, Label};
use inview::detector::onnx::layout::Layout;
use inview::detector::onnx::postprocess::{self, FACE_FLOOR, PERSON_FLOOR};
use inview::detector::onnx::preprocess::{Input, Preprocessor};
use inview::detector::onnx::{Models, Onnx};
use inview::detector::{Detector as _, DetectorError};
use inview::frame::{Frame, I420, Payload, Range};
use inview::geometry::{BoundingBox, Size};
use inview::time::MediaTime;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;

static MODELS: LazyLock<Arc<Models>> = LazyLock::new(|| Models::load().unwrap());

fn detector() -> Onnx {
    Onnx::with(Arc::clone(&MODELS))
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn golden<T: DeserializeOwned>(name: &str) -> T {
    let path = repository().join("tests/golden/detector").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn frame(size: Size, payload: Payload) -> Frame {
    Frame { seq: 0, pts: MediaTime::ZERO, size, payload }
}

fn still(path: &Path) -> Frame {
    let mut decoder = JpegDecoder::new(ZCursor::new(fs::read(path).unwrap()));
    let pixels = decoder.decode().unwrap();
    let (width, height) = decoder.dimensions().unwrap();
    frame(Size::new(width as u32, height as u32), Payload::Rgb8(pixels))
}

fn astronaut() -> Frame {
    still(&repository().join("assets/stills/astronaut.jpg"))
}

#[derive(Deserialize)]
struct Find {
    score: f32,
    r#box: [f32; 4],
}

#[derive(Deserialize)]
struct Finds {
    faces: Vec<Find>,
    people: Vec<Find>,
}

impl Find {
    fn bounding_box(&self) -> BoundingBox {
        let [left, top, right, bottom] = self.r#box;
        BoundingBox::new(left, top, right, bottom)
    }

    fn distance(&self, found: &Detection) -> f32 {
        let (a, b) = (self.bounding_box(), found.bounding_box);
        [a.left - b.left, a.top - b.top, a.right - b.right, a.bottom - b.bottom]
            .into_iter()
            .fold(0.0, |most, edge| most.max(edge.abs()))
    }
}

/// How far `found` is from `expected`: edges in pixels, scores. Finds whose score is within 0.02
/// of the floor may be missing on either side.
fn disagreement(expected: &[Find], found: &[Detection], floor: f32) -> Result<(f32, f32), String> {
    let (mut pixels, mut scores) = (0.0_f32, 0.0_f32);
    let mut left: Vec<&Detection> = found.iter().collect();
    for find in expected {
        let nearest = left
            .iter()
            .enumerate()
            .min_by(|a, b| find.distance(a.1).total_cmp(&find.distance(b.1)))
            .map(|(at, _)| at);
        match nearest.map(|at| (at, left[at])) {
            Some((at, twin)) if twin.bounding_box.iou(&find.bounding_box()) > 0.5 => {
                pixels = pixels.max(find.distance(twin));
                scores = scores.max((find.score - twin.score).abs());
                left.swap_remove(at);
            }
            _ if find.score < floor + 0.02 => {}
            _ => return Err(format!("not found: {:?} ({})", find.r#box, find.score)),
        }
    }
    match left.iter().find(|extra| extra.score >= floor + 0.02) {
        Some(extra) => Err(format!("not in the reference: {extra:?}")),
        None => Ok((pixels, scores)),
    }
}

#[derive(Deserialize)]
struct TensorCase {
    format: String,
    width: u32,
    height: u32,
    face_height: u32,
    face: [Vec<f32>; 3],
    person: [Vec<f32>; 3],
}

/// The bytes that the reference makes by the same line.
fn synthetic_plane(size: Size, seed: u32) -> Vec<u8> {
    let Size { width, height } = size;
    (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .map(|(x, y)| ((x * (3 + seed) + y * (5 + seed) + x * y / 16) % 256) as u8)
        .collect()
}

fn synthetic(format: &str, size: Size) -> Frame {
    let plane = |seed| synthetic_plane(size, seed);
    let half = Size::new(size.width.div_ceil(2), size.height.div_ceil(2));
    let i420 = |range| {
        let (u, v) = (synthetic_plane(half, 1), synthetic_plane(half, 2));
        Payload::I420(I420 { y: plane(0), u, v, range })
    };
    let payload = match format {
        "rgb8" => {
            let planes = [plane(0), plane(1), plane(2)];
            let pixels = (0..size.area()).flat_map(|at| planes.each_ref().map(|plane| plane[at]));
            Payload::Rgb8(pixels.collect())
        }
        "gray8" => Payload::Gray8(plane(0)),
        "i420_limited" => i420(Range::Limited),
        "i420_full" => i420(Range::Full),
        other => panic!("unknown format {other}"),
    };
    frame(size, payload)
}

#[test]
fn the_tensors_are_those_of_the_reference() {
    #[derive(Deserialize)]
    struct Cases {
        cases: Vec<TensorCase>,
    }
    for case in golden::<Cases>("tensors.json").cases {
        let size = Size::new(case.width, case.height);
        assert_eq!(Layout::of_faces(size).tensor, Size::new(320, case.face_height));
        for (input, expected, tolerance) in [
            (Input::Faces { brighten: false }, &case.face, 0.02),
            (Input::People, &case.person, 0.02 / 127.5),
        ] {
            let mut preprocessor = Preprocessor::new(input, size);
            let area = preprocessor.layout().tensor.area();
            let mut tensor = vec![f32::NAN; area * 3];
            preprocessor.fill(&synthetic(&case.format, size), &mut tensor).unwrap();
            for (plane, expected) in tensor.chunks_exact(area).zip(expected) {
                for (at, (value, expected)) in plane.iter().step_by(997).zip(expected).enumerate() {
                    let far = (value - expected).abs() > tolerance || value.is_nan();
                    assert!(!far, "{} {input:?} {at}: {value}, not {expected}", case.format);
                }
            }
        }
    }
}

#[test]
fn stored_outputs_decode_to_the_boxes_of_the_reference() {
    #[derive(Deserialize)]
    struct Cell {
        level: usize,
        at: usize,
        values: [f32; 16],
    }
    #[derive(Deserialize)]
    struct Anchor {
        at: usize,
        scores: [f32; 5],
        r#box: [f32; 4],
    }
    #[derive(Deserialize)]
    struct Outputs {
        cells: Vec<Cell>,
        anchors: Vec<Anchor>,
    }
    let outputs: Outputs = golden("astronaut.outputs.json");
    let expected = &golden::<BTreeMap<String, Finds>>("shipped.json")["astronaut.jpg"];
    let size = Size::new(512, 512);

    let mut levels = [40 * 40, 20 * 20, 10 * 10].map(|cells| vec![-20.0; cells * 16]);
    for Cell { level, at, values } in outputs.cells {
        levels[level][at * 16..][..16].copy_from_slice(&values);
    }
    let faces = postprocess::faces(levels.each_ref().map(Vec::as_slice), Layout::of_faces(size));
    let (pixels, scores) = disagreement(&expected.faces, &faces, FACE_FLOOR).unwrap();
    assert!(pixels < 0.01 && scores < 1e-4, "{pixels} {scores}");

    let (mut scores, mut boxes) = (vec![0.0; 1917 * 5], vec![0.0; 1917 * 4]);
    for Anchor { at, scores: five, r#box } in outputs.anchors {
        scores[at * 5..][..5].copy_from_slice(&five);
        boxes[at * 4..][..4].copy_from_slice(&r#box);
    }
    let people = postprocess::people(&scores, &boxes, Layout::of_people(size));
    let (pixels, scores) = disagreement(&expected.people, &people, PERSON_FLOOR).unwrap();
    assert!(pixels < 0.01 && scores < 1e-4, "{pixels} {scores}");
}

#[test]
fn the_shipped_still_gives_the_boxes_of_the_reference() {
    let mut detector = detector();
    for (name, expected) in golden::<BTreeMap<String, Finds>>("shipped.json") {
        let frame = still(&repository().join("assets/stills").join(name));
        let faces = detector.faces(&frame).unwrap();
        let people = detector.people(&frame).unwrap();
        assert!(faces.iter().all(|found| found.label == Label::Face));
        for (expected, found, floor) in
            [(&expected.faces, faces, FACE_FLOOR), (&expected.people, people, PERSON_FLOOR)]
        {
            let (pixels, scores) = disagreement(expected, &found, floor).unwrap();
            assert!(pixels < 1.0 && scores < 0.02, "{pixels} {scores}");
        }
    }
}

#[test]
fn the_shipped_still_gives_the_silhouette_of_the_reference() {
    #[derive(Deserialize)]
    struct Silhouette {
        step: usize,
        shares: Vec<f32>,
    }
    let expected: Silhouette = golden("astronaut.silhouette.json");
    let found = detector().silhouette(&astronaut()).unwrap().unwrap();
    assert_eq!(found.size, Size::new(256, 144));
    let found: Vec<f32> = found.shares.into_iter().step_by(expected.step).collect();
    assert_eq!(found.len(), expected.shares.len());
    for (at, (found, expected)) in found.iter().zip(&expected.shares).enumerate() {
        assert!((found - expected).abs() < 0.02, "{at}: {found}, not {expected}");
    }
}

#[test]
fn the_same_frame_gives_the_same_bits_in_every_detector_and_order() {
    let frame = astronaut();
    let empty = frame_of_noise();
    let (mut first, mut second) = (detector(), detector());
    let faces = first.faces(&frame).unwrap();
    let people = first.people(&frame).unwrap();
    assert!(!faces.is_empty() && !people.is_empty());
    second.people(&empty).unwrap();
    second.faces(&empty).unwrap();
    assert_eq!(second.people(&frame).unwrap(), people);
    assert_eq!(second.faces(&frame).unwrap(), faces);
    assert_eq!(first.faces(&frame).unwrap(), faces);
}

fn frame_of_noise() -> Frame {
    synthetic("i420_limited", Size::new(512, 512))
}

#[test]
fn a_dark_frame_is_brightened_unless_that_is_switched_off() {
    let Frame { size, payload: Payload::Rgb8(pixels), .. } = astronaut() else { panic!("RGB") };
    let dim = |share: u8| pixels.iter().map(|value| value / share).collect();
    let dark = frame(size, Payload::Rgb8(dim(20)));
    let raised = detector().faces(&dark).unwrap();
    let left_dark = detector().brighten(false).faces(&dark).unwrap();
    let best = |found: &[Detection]| found.first().map_or(0.0, |found| found.score);
    assert!(best(&raised) > 0.85, "{raised:?}");
    assert!(best(&left_dark) < best(&raised), "{left_dark:?}");
}

#[test]
fn a_face_is_found_where_it_was_as_well_as_everywhere() {
    let (frame, mut detector) = (astronaut(), detector());
    let everywhere = detector.faces(&frame).unwrap();
    let moved = |share: f32| {
        let face = everywhere[0].bounding_box;
        let (x, y) = (face.width() * share, face.height() * share);
        BoundingBox::new(face.left + x, face.top + y, face.right + x, face.bottom + y)
    };
    for share in [0.0, -0.3, 0.3] {
        let near = detector.faces_near(&frame, moved(share)).unwrap();
        assert_eq!(near.len(), 1, "{near:?}");
        assert!(near[0].score > 0.8, "{near:?}");
        assert!(near[0].bounding_box.iou(&everywhere[0].bounding_box) > 0.6, "{near:?}");
    }
}

#[test]
fn noise_in_the_dark_is_no_face_where_one_was() {
    let mut detector = detector();
    let mut state = 7_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    for most in [4, 12, 40] {
        let pixels = (0..640 * 480).map(|_| noise() % most).collect();
        let dark = frame(Size::new(640, 480), Payload::Gray8(pixels));
        for side in [40.0, 100.0, 180.0] {
            let face = BoundingBox::new(300.0, 200.0, 300.0 + side, 200.0 + side);
            assert_eq!(detector.faces_near(&dark, face).unwrap(), [], "{most} {side}");
        }
    }
}

#[test]
fn every_size_and_format_of_frame_is_looked_at() {
    let mut detector = detector();
    for (width, height) in [(1, 1), (2, 3), (641, 479), (360, 640), (1920, 200), (31, 900)] {
        for format in ["rgb8", "gray8", "i420_limited", "i420_full"] {
            let frame = synthetic(format, Size::new(width, height));
            detector.faces(&frame).unwrap();
            detector.people(&frame).unwrap();
        }
    }
    assert_eq!(detector.faces(&frame(Size::new(0, 0), Payload::Gray8(vec![]))).unwrap(), []);
}

#[test]
fn a_frame_with_too_few_bytes_is_an_error_and_harms_nothing() {
    let mut detector = detector();
    let torn = frame(Size::new(64, 48), Payload::Rgb8(vec![0; 100]));
    let error = detector.faces(&torn).unwrap_err();
    assert!(matches!(error, DetectorError::Run { .. }));
    assert_eq!(
        error.to_string(),
        "model face_yunet failed: the frame has 100 bytes in a plane that needs 9216"
    );
    assert_eq!(detector.faces(&astronaut()).unwrap().len(), 1);
}

#[test]
fn detectors_go_to_other_threads_and_name_their_models() {
    fn sendable<T: Send + 'static>(value: T) -> T {
        value
    }
    let names: Vec<String> =
        sendable(detector()).models().iter().map(|model| model.name.clone()).collect();
    let expected = ["face_yunet", "person_ssdlite_mnv2_coco5_300", "person_selfie_144x256"];
    assert_eq!(names, expected);
}

#[derive(Deserialize)]
struct LabelledStill {
    file: String,
    faces: usize,
}

#[derive(Deserialize)]
struct StillLabels {
    items: Vec<LabelledStill>,
}

/// The folder of development data beside the repository, or where `INVIEW_SHARED` says.
fn shared_stills() -> Option<PathBuf> {
    let beside = || repository().join("../shared");
    let shared = std::env::var_os("INVIEW_SHARED").map_or_else(beside, PathBuf::from);
    Some(shared.join("data/stills")).filter(|stills| stills.is_dir())
}

#[test]
fn all_stills_give_the_boxes_of_the_reference() {
    let Some(folder) = shared_stills() else {
        println!("skipped: no shared/data/stills beside the repository (INVIEW_SHARED is unset)");
        return;
    };
    let labels = fs::read(folder.join("labels.json")).unwrap();
    let labels: StillLabels = serde_json::from_slice(&labels).unwrap();
    let expected = golden::<BTreeMap<String, Finds>>("stills.json");
    let mut detector = detector();
    let mut problems = Vec::new();
    println!("{:36} labelled found>=0.7   face px, score   person px, score", "still");
    for LabelledStill { file, faces: labelled } in labels.items {
        let frame = still(&folder.join(&file));
        let (faces, people) = (detector.faces(&frame).unwrap(), detector.people(&frame).unwrap());
        let sure = faces.iter().filter(|found| found.score >= 0.7).count();
        let expected = &expected[&file];
        print!("{file:36} {labelled:8} {sure:10}");
        // The network sees people at 300 pixels: there, too, one pixel is what may differ.
        let person_pixel = (frame.size.width.max(frame.size.height) as f32 / 300.0).max(1.0);
        for (expected, found, floor, pixel) in [
            (&expected.faces, &faces, FACE_FLOOR, 1.0),
            (&expected.people, &people, PERSON_FLOOR, person_pixel),
        ] {
            match disagreement(expected, found, floor) {
                Ok((pixels, scores)) => {
                    print!("  {pixels:8.2} {scores:7.4}");
                    if pixels > pixel || scores > 0.02 {
                        problems.push(format!("{file}: {pixels} px, score {scores}"));
                    }
                }
                Err(problem) => problems.push(format!("{file}: {problem}")),
            }
        }
        println!();
    }
    assert!(problems.is_empty(), "{problems:#?}");
}
