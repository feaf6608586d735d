//! `v4l2loopback`, a camera that shows what a program writes into it.

use std::time::Duration;

use inview::capture::FrameSource as _;
use inview::capture::camera::{CameraError, CameraSource, Evidence, list};
use inview::frame::{Frame, Payload};
use inview::geometry::Size;

use crate::support::feeder::Feeder;
use crate::{assert_in_order, first, frames, obstacle, open, stopwatch, until_error, wants};

const JPEG: &[u8] = include_bytes!("../../assets/stills/astronaut.jpg");

fn brightness(frame: &Frame) -> Vec<u8> {
    let Size { width, height } = frame.size;
    let points =
        [(0, 0), (width / 2, height / 2), (width - 1, height - 1), (width / 8, height / 2)];
    points.map(|(x, y)| frame.luma(x, y)).to_vec()
}

#[test]
fn a_program_that_feeds_pictures_is_a_virtual_camera_and_without_it_there_is_none() {
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
fn mjpeg_is_decoded_and_what_is_cut_off_or_empty_is_counted() {
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
fn raw_formats_come_out_as_they_went_in() {
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
fn a_camera_whose_program_stops_is_an_error_within_two_seconds() {
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
