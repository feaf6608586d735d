//! The live camera on real devices, as far as `INVIEW_CAMERA_TESTS` names one:
//!
//! - `vivid`, `loopback`, `unfed` and `odd name`: the kernel's test drivers, which break to order. `scripts/camera-vm`
//!   boots a machine that has them; the tests load nothing, and need root.
//! - `denied`: a camera that this user may not open.
//! - anything else: a part of the name of a camera that is connected here.
//!
//! Without it every test prints `skipped:` and passes. Only one may run at a time.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and says what it saw"
)]

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use inview::capture::camera::{
    CameraError, CameraInfo, CameraSource, Evidence, Reading, Stopwatch, find, list,
};
use inview::capture::{CaptureError, FrameSource as _};
use inview::frame::{Frame, Payload};
use inview::geometry::Size;
use inview::time::MediaTime;
use rustix::time::{ClockId, clock_gettime};
use v4l::video::Output as _;

const JPEG: &[u8] = include_bytes!("../assets/stills/astronaut.jpg");

/// Whether the tests for `kind` are to run.
fn wants(kind: &str) -> bool {
    let wanted = std::env::var("INVIEW_CAMERA_TESTS").unwrap_or_default();
    if wanted != kind {
        println!("skipped: INVIEW_CAMERA_TESTS is not `{kind}`");
    }
    wanted == kind
}

fn monotonic() -> Duration {
    clock_gettime(ClockId::Monotonic).try_into().unwrap()
}

/// Media time is the machine's monotonic clock.
fn now() -> MediaTime {
    MediaTime::ZERO + monotonic()
}

fn stopwatch() -> Stopwatch {
    Arc::new(|| {
        let monotonic = monotonic();
        Reading { media: MediaTime::ZERO + monotonic, monotonic }
    })
}

fn open(camera: &CameraInfo) -> CameraSource {
    CameraSource::open(camera, stopwatch()).unwrap()
}

fn first() -> CameraInfo {
    find(&list().unwrap(), None).unwrap()
}

fn frames(source: &mut CameraSource, count: usize) -> Vec<Frame> {
    (0..count).map(|_| source.next_frame(MediaTime::ZERO).unwrap().unwrap()).collect()
}

/// Takes frames until there are no more: why, and how long after the last one that came.
fn until_error(source: &mut CameraSource) -> (CameraError, Duration) {
    let mut last = now();
    loop {
        match source.next_frame(MediaTime::ZERO) {
            Ok(Some(_)) => last = now(),
            Err(CaptureError::Camera(error)) => return (error, now().since(last)),
            other => panic!("{other:?}"),
        }
    }
}

/// What keeps a camera from giving its first frame.
fn obstacle(camera: &CameraInfo) -> Option<CameraError> {
    let mut source = match CameraSource::open(camera, stopwatch()) {
        Ok(source) => source,
        Err(error) => return Some(error),
    };
    match source.next_frame(MediaTime::ZERO) {
        Ok(Some(_)) => None,
        Err(CaptureError::Camera(error)) => Some(error),
        other => panic!("{other:?}"),
    }
}

/// Runs in the shell.
fn shell(command: &str) {
    let status = Command::new("sh").args(["-ec", command]).status().unwrap();
    assert!(status.success(), "{command}: {status}");
}

/// The same, in a while and beside the test.
fn later(command: &str) -> Child {
    Command::new("sh").args(["-ec", &format!("sleep 0.5; {command}")]).spawn().unwrap()
}

fn control(camera: &CameraInfo, what: &str) -> String {
    format!("v4l2-ctl -d /dev/video{} {what}", camera.index)
}

fn assert_in_order(frames: &[Frame]) {
    for pair in frames.windows(2) {
        assert!(pair[0].pts < pair[1].pts && pair[0].seq < pair[1].seq, "{pair:?}");
    }
}

fn brightness(frame: &Frame) -> Vec<u8> {
    let Size { width, height } = frame.size;
    let points =
        [(0, 0), (width / 2, height / 2), (width - 1, height - 1), (width / 8, height / 2)];
    points.map(|(x, y)| frame.luma(x, y)).to_vec()
}

#[test]
fn a_connected_camera_gives_frames_of_now_in_order() {
    let wanted = std::env::var("INVIEW_CAMERA_TESTS").unwrap_or_default();
    if ["", "loopback", "unfed", "denied", "odd name"].contains(&&*wanted) {
        println!("skipped: INVIEW_CAMERA_TESTS names no camera");
        return;
    }
    let cameras = list().unwrap();
    let camera = cameras.iter().find(|camera| camera.name.contains(&wanted)).unwrap();
    let mut source = open(camera);
    let begun = now();
    let taken = frames(&mut source, 1);
    let started = now().since(begun);
    let begun = now();
    let more = frames(&mut source, 30);
    let took = now().since(begun);
    let last = source.next_frame(now()).unwrap().unwrap();
    let age = now().since(last.pts);
    println!(
        "case: {} {:?} at {:?} a second, first frame after {started:.2?}, 30 more in {took:.2?}, \
         the one asked for now {age:.0?} old, {} unusable, {} dropped",
        source.info().codec,
        taken[0].size,
        source.rate(),
        source.tally().unusable,
        source.dropped()
    );
    assert_in_order(&[taken, more, vec![last]].concat());
    assert!(age < Duration::from_secs(2), "{age:?}");
}

#[test]
fn vivid_lists_cameras_only_and_tells_two_of_a_kind_apart() {
    if !wants("vivid") {
        return;
    }
    shell("touch /dev/video /dev/videotape; ls /dev/video0 /dev/video1 /dev/video2 /dev/video3");
    let cameras = list().unwrap();
    let nodes = std::fs::read_dir("/sys/class/video4linux").unwrap().count();
    println!("case: {} of {nodes} nodes are cameras", cameras.len());
    assert_eq!(cameras.len(), 2, "{cameras:?}");
    assert!(nodes > 2, "the driver has no other nodes");
    assert_eq!(cameras[0].name, cameras[1].name);
    assert_ne!(cameras[0].id, cameras[1].id);
}

#[test]
fn vivid_is_recognised_as_a_virtual_camera() {
    if !wants("vivid") {
        return;
    }
    let device = first().virtual_device.unwrap();
    println!("case: {} by {:?}", device.product, device.evidence);
    assert_eq!(device.product, "vivid");
    assert_eq!(device.evidence, [Evidence::Name, Evidence::Driver, Evidence::Bus]);
}

#[test]
fn vivid_opens_in_whatever_format_and_rate_it_was_left() {
    if !wants("vivid") {
        return;
    }
    let camera = first();
    let mut seen = Vec::new();
    for (format, size, rate) in [
        ("UYVY", (320, 180), "1"),
        ("RGB3", (640, 360), "12.5"),
        ("NV12", (1280, 720), "60"),
        ("BGR4", (3840, 2160), "2"),
        ("HSV3", (640, 360), "29.97"),
        ("GREY", (1920, 1080), "7.5"),
    ] {
        let (width, height) = size;
        let set = format!("--set-fmt-video=width={width},height={height},pixelformat={format}");
        shell(&format!("{} >/dev/null", control(&camera, &set)));
        shell(&format!("{} >/dev/null", control(&camera, &format!("--set-parm={rate}"))));
        let mut source = open(&camera);
        let info = source.info().clone();
        let taken = frames(&mut source, 3);
        assert_in_order(&taken);
        assert!(source.rate().unwrap() >= 10.0, "{format} {rate}: {:?}", source.rate());
        let chosen = format!("{} {}x{}", info.codec, info.size.width, info.size.height);
        seen.push(format!("{format}@{rate} -> {chosen}@{:.1}", source.rate().unwrap()));
    }
    println!("case: {}", seen.join(", "));
}

#[test]
fn vivid_that_stalls_is_an_error_within_two_seconds_and_opens_again() {
    if !wants("vivid") {
        return;
    }
    let camera = first();
    let mut source = open(&camera);
    frames(&mut source, 5);
    let mut child = later(&control(&camera, "-c percentage_of_dropped_buffers=100"));
    let (error, waited) = until_error(&mut source);
    child.wait().unwrap();
    println!("case: {} after {waited:.2?}", error.code());
    assert_eq!(error, CameraError::Stalled);
    assert!(waited < Duration::from_secs(2), "{waited:?}");
    shell(&control(&camera, "-c percentage_of_dropped_buffers=0"));
    frames(&mut open(&camera), 3);
}

#[test]
fn vivid_that_never_begins_is_an_error_in_spite_of_the_time_it_has_to_start() {
    if !wants("vivid") {
        return;
    }
    let camera = first();
    shell(&control(&camera, "-c percentage_of_dropped_buffers=100"));
    let begun = now();
    let error = obstacle(&camera);
    let waited = now().since(begun);
    shell(&control(&camera, "-c percentage_of_dropped_buffers=0"));
    println!("case: {error:?} after {waited:.2?}");
    assert_eq!(error, Some(CameraError::Stalled));
    assert!(waited < Duration::from_secs(5), "{waited:?}");
    assert_eq!(obstacle(&camera), None);
}

#[test]
fn vivid_that_is_unplugged_is_found_again_by_its_id_at_another_index() {
    if !wants("vivid") {
        return;
    }
    let driver = "/sys/bus/platform/drivers/vivid";
    let camera = first();
    let mut source = open(&camera);
    frames(&mut source, 5);
    // Its number is not free as long as somebody has it open.
    let held = std::fs::File::open(format!("/dev/video{}", camera.index)).unwrap();
    let mut child = later(&format!("echo vivid.0 > {driver}/unbind"));
    let (error, waited) = until_error(&mut source);
    child.wait().unwrap();
    assert_eq!(error, CameraError::Unplugged);
    assert_eq!(list(), Ok(Vec::new()));
    assert_eq!(CameraSource::open(&camera, stopwatch()).unwrap_err(), CameraError::NotFound);
    shell(&format!("echo vivid.0 > {driver}/bind"));
    let again = find(&list().unwrap(), Some(&camera.id)).unwrap();
    drop(held);
    println!(
        "case: {} after {waited:.2?}, was video{}, found again as video{}",
        error.code(),
        camera.index,
        again.index
    );
    assert_ne!(again.index, camera.index);
    frames(&mut open(&again), 3);
}

#[test]
fn vivid_in_use_is_busy_and_free_again_once_it_is_closed() {
    if !wants("vivid") {
        return;
    }
    let camera = first();
    let mut source = open(&camera);
    frames(&mut source, 3);
    let error = CameraSource::open(&camera, stopwatch()).unwrap_err();
    frames(&mut source, 3);
    drop(source);
    frames(&mut open(&camera), 3);
    let node = format!("/dev/video{}", camera.index);
    let mut other = Command::new("v4l2-ctl")
        .args(["-d", &node, "--stream-mmap", "--stream-count=1000000", "--stream-to=/dev/null"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It writes a sign for each frame.
    other.stderr.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let seen = CameraSource::open(&camera, stopwatch()).unwrap_err();
    other.kill().unwrap();
    other.wait().unwrap();
    println!("case: {} here, {} in another program", error.code(), seen.code());
    assert_eq!((error, seen), (CameraError::Busy, CameraError::Busy));
    frames(&mut open(&camera), 3);
}

#[test]
fn vivid_marks_damaged_buffers_and_they_are_counted_and_not_handed_out() {
    if !wants("vivid") {
        return;
    }
    let camera = first();
    let mut source = open(&camera);
    frames(&mut source, 3);
    let before = source.tally();
    for _ in 0..3 {
        shell(&control(&camera, "-c inject_v4l2_buf_flag_error=1"));
        frames(&mut source, 10);
    }
    let (after, handed_out) = (source.tally(), 30);
    let unusable = after.unusable - before.unusable;
    println!("case: {unusable} unusable, {} came", after.frames - before.frames);
    assert_eq!(unusable, 3);
    assert_eq!(after.frames - before.frames, handed_out + unusable);
}

#[test]
fn vivid_that_fails_for_good_is_an_error_of_the_driver_and_opens_again() {
    if !wants("vivid") {
        return;
    }
    let camera = first();
    let mut source = open(&camera);
    frames(&mut source, 3);
    let mut child = later(&control(&camera, "-c inject_fatal_streaming_error=1"));
    let (error, waited) = until_error(&mut source);
    child.wait().unwrap();
    println!("case: {error} ({}), after {waited:.2?}", error.code());
    assert_eq!(error.code(), "camera_driver");
    assert!(source.next_frame(MediaTime::ZERO).unwrap().is_none());
    frames(&mut open(&camera), 3);
}

#[test]
fn vivid_that_refuses_to_start_says_so_and_does_not_hang() {
    if !wants("vivid") {
        return;
    }
    let camera = first();
    for fault in ["reqbufs", "streamon", "qbuf"] {
        let mut source = open(&camera);
        frames(&mut source, 1);
        drop(source);
        shell(&control(&camera, &format!("-c inject_vidioc_{fault}_error=1")));
        let refused: Vec<CameraError> = (0..2).filter_map(|_| obstacle(&camera)).collect();
        println!("case: {fault}: {refused:?}");
        frames(&mut open(&camera), 3);
    }
}

#[test]
fn frames_that_vivid_loses_are_counted() {
    if !wants("vivid") {
        return;
    }
    let camera = first();
    let mut source = open(&camera);
    frames(&mut source, 3);
    let before = source.dropped();
    shell(&control(&camera, "-c percentage_of_dropped_buffers=50"));
    let taken = frames(&mut source, 20);
    shell(&control(&camera, "-c percentage_of_dropped_buffers=0"));
    let (lost, gaps) = (source.dropped() - before, taken[19].seq - taken[0].seq - 19);
    println!("case: {lost} lost among 20");
    assert!(lost > 0 && gaps > 0 && gaps <= lost, "{lost} {gaps}");
}

#[test]
fn a_camera_that_may_not_be_opened_is_denied_and_not_missing() {
    if !wants("denied") {
        return;
    }
    let error = list().unwrap_err();
    println!("case: {}", error.code());
    assert_eq!(error, CameraError::Denied);
}

/// Writes pictures into the first loopback device, as a virtual camera's program does.
struct Feeder {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Feeder {
    fn start(fourcc: [u8; 4], size: Size, pictures: Vec<Vec<u8>>) -> Self {
        let mut device = v4l::Device::with_path("/dev/video0").unwrap();
        let mut format = v4l::Format::new(size.width, size.height, v4l::FourCC::new(&fourcc));
        format.size = (size.area() * 2) as u32;
        device.set_format(&format).unwrap();
        device.write_all(&pictures[0]).unwrap();
        let (stop, stopped) = sync_channel(0);
        let write = move || {
            for picture in pictures.iter().cycle() {
                device.write_all(picture).unwrap();
                let pause = stopped.recv_timeout(Duration::from_millis(33));
                if pause != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name("feeder".to_owned()).spawn(write).unwrap();
        Self { stop: Some(stop), thread: Some(thread) }
    }

    fn stop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
fn loopback_that_is_not_fed_is_no_camera_and_one_that_is_fed_is_a_virtual_one() {
    if !wants("loopback") {
        return;
    }
    assert_eq!(list(), Ok(Vec::new()));
    let size = Size::new(64, 48);
    let _feeder = Feeder::start(*b"GREY", size, vec![vec![128; size.area()]]);
    let camera = first();
    let device = camera.virtual_device.unwrap();
    println!("case: {:?} is {} by {:?}", camera.name, device.product, device.evidence);
    assert_eq!(device.product, "v4l2loopback");
    assert_eq!(device.evidence, [Evidence::Driver, Evidence::Bus, Evidence::NoHardware]);
}

#[test]
fn a_virtual_camera_that_nobody_feeds_has_no_pictures_yet() {
    if !wants("unfed") {
        return;
    }
    let camera = first();
    assert!(camera.virtual_device.is_some());
    assert_eq!(obstacle(&camera), Some(CameraError::Stalled));
    let size = Size::new(64, 48);
    let _feeder = Feeder::start(*b"GREY", size, vec![vec![128; size.area()]]);
    assert_eq!(obstacle(&camera), None);
    println!("case: camera_stalled, and fine once it is fed");
}

#[test]
fn a_name_that_is_cut_in_the_middle_of_a_letter_is_listed_all_the_same() {
    if !wants("odd name") {
        return;
    }
    let size = Size::new(64, 48);
    let _feeder = Feeder::start(*b"GREY", size, vec![vec![128; size.area()]]);
    let camera = first();
    println!("case: {:?}, {:?}", camera.name, camera.virtual_device);
    assert!(camera.name.starts_with("Kamera f"), "{camera:?}");
    assert!(camera.virtual_device.is_some());
    frames(&mut open(&camera), 3);
}

#[test]
fn mjpeg_from_loopback_is_decoded_and_what_is_cut_off_or_empty_is_counted() {
    if !wants("loopback") {
        return;
    }
    let cut = JPEG[..JPEG.len() * 2 / 3].to_vec();
    let pictures = vec![JPEG.to_vec(), cut, JPEG.to_vec(), vec![0; 5000]];
    let _feeder = Feeder::start(*b"MJPG", Size::new(512, 512), pictures);
    let mut source = open(&first());
    let taken = frames(&mut source, 20);
    assert_in_order(&taken);
    for frame in &taken {
        assert_eq!(frame.size, Size::new(512, 512));
        assert!(matches!(&frame.payload, Payload::Rgb8(pixels) if pixels.len() == 512 * 512 * 3));
        assert_eq!(brightness(frame), brightness(&taken[0]));
    }
    let tally = source.tally();
    println!("case: 20 of {} frames decoded, {} unusable", tally.frames, tally.unusable);
    // Every other picture is damaged, but which ones come in time is left to the machine.
    assert_eq!(tally.frames, 20 + tally.unusable);
    assert!(tally.unusable >= 5, "{tally:?}");
}

#[test]
fn raw_formats_from_loopback_come_out_as_they_went_in() {
    if !wants("loopback") {
        return;
    }
    let size = Size::new(320, 240);
    let area = size.area();
    let ramp: Vec<u8> = (0..area).map(|at| 16 + (at % 320 * 219 / 319) as u8).collect();
    let packed: Vec<u8> =
        ramp.iter().zip(0..).flat_map(|(y, at)| [*y, [90, 160][at % 2]]).collect();
    let planar = [ramp.clone(), vec![90; area / 4], vec![160; area / 4]].concat();
    let semi: Vec<u8> = ramp.iter().copied().chain([90, 160].repeat(area / 4)).collect();
    let mut seen = Vec::new();
    for (fourcc, bytes) in
        [(*b"YUYV", packed), (*b"NV12", semi), (*b"YU12", planar), (*b"GREY", ramp.clone())]
    {
        let feeder = Feeder::start(fourcc, size, vec![bytes]);
        let mut source = match CameraSource::open(&first(), stopwatch()) {
            Ok(source) => source,
            Err(error) => {
                seen.push(format!("{}: {error}", String::from_utf8_lossy(&fourcc)));
                continue;
            }
        };
        let taken = frames(&mut source, 3);
        for frame in &taken {
            assert_eq!(frame.size, size);
            match &frame.payload {
                Payload::I420(planes) => {
                    assert!(planes.y == ramp, "{fourcc:?}");
                    assert!(
                        planes.u.iter().all(|u| *u == 90) && planes.v.iter().all(|v| *v == 160)
                    );
                }
                Payload::Gray8(pixels) => assert!(*pixels == ramp),
                Payload::Rgb8(_) => panic!("{frame:?}"),
            }
        }
        seen.push(source.info().codec.clone());
        drop((source, feeder));
    }
    println!("case: {}", seen.join(", "));
    assert!(seen.len() == 4 && seen.contains(&"YUYV".to_owned()), "{seen:?}");
}

#[test]
fn loopback_whose_program_stops_is_an_error_within_two_seconds() {
    if !wants("loopback") {
        return;
    }
    let mut feeder = Feeder::start(*b"MJPG", Size::new(512, 512), vec![JPEG.to_vec()]);
    let camera = first();
    let mut source = open(&camera);
    frames(&mut source, 5);
    feeder.stop();
    let (error, waited) = until_error(&mut source);
    println!("case: {} after {waited:.2?}", error.code());
    assert_eq!(error, CameraError::Stalled);
    assert!(waited < Duration::from_secs(2), "{waited:?}");
}
