//! `vivid`, the kernel's virtual video test driver: its controls inject faults, and it can be
//! unplugged by sysfs.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use inview::capture::FrameSource as _;
use inview::capture::camera::{CameraError, CameraInfo, CameraSource, Evidence, find, list};
use inview::time::MediaTime;

use crate::{assert_in_order, first, frames, now, obstacle, open, stopwatch, until_error, wants};

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

#[test]
fn only_cameras_are_listed_and_two_of_a_kind_are_told_apart() {
    if !wants("vivid") {
        return;
    }
    shell("touch /dev/video /dev/videotape");
    let cameras = list().unwrap();
    let nodes = std::fs::read_dir("/sys/class/video4linux").unwrap().count();
    println!("case: {} of {nodes} nodes are cameras", cameras.len());
    assert_eq!(cameras.len(), 2, "{cameras:?}");
    assert!(nodes > 2, "the driver has no other nodes");
    assert_eq!(cameras[0].name, cameras[1].name);
    assert_ne!(cameras[0].id, cameras[1].id);
}

#[test]
fn the_test_driver_is_recognised_as_a_virtual_camera() {
    if !wants("vivid") {
        return;
    }
    let device = first().virtual_device.unwrap();
    println!("case: {} by {:?}", device.product, device.evidence);
    assert_eq!(device.product, "vivid");
    assert_eq!(device.evidence, [Evidence::Name, Evidence::Driver, Evidence::Bus]);
}

#[test]
fn a_camera_opens_in_whatever_format_and_rate_it_was_left() {
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
fn a_camera_that_stalls_is_an_error_within_two_seconds_and_opens_again() {
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
fn a_camera_that_never_begins_is_an_error_in_spite_of_the_time_it_has_to_start() {
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
fn a_camera_that_is_unplugged_is_found_again_by_its_id_at_another_index() {
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
fn a_camera_in_use_is_busy_and_free_again_once_it_is_closed() {
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
fn damaged_buffers_are_counted_and_not_handed_out() {
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
fn a_camera_that_fails_for_good_is_an_error_of_the_driver_and_opens_again() {
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
fn a_camera_that_refuses_to_start_says_so_and_does_not_hang() {
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
fn frames_that_the_driver_loses_are_counted() {
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
