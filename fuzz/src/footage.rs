//! Pictures, recordings, and detections that were made of them.

use std::path::Path;

use inview::capture::file::{Options, open_with};
use inview::capture::{LARGEST_SIDE, jpeg};
use inview::detector::Scripted;
use inview::frame::Payload;
use inview::time::MediaTime;

use super::files::with_file;

/// Detections in a file.
pub fn script(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        Scripted::parse(text).map(|script| script.only("a")).ok();
    }
}

fn assert_pixels(payload: &Payload, width: u32, height: u32) {
    assert!((1..=LARGEST_SIDE).contains(&width) && (1..=LARGEST_SIDE).contains(&height));
    let (width, height) = (width as usize, height as usize);
    let chroma = width.div_ceil(2) * height.div_ceil(2);
    match payload {
        Payload::I420(planes) => {
            let found = [planes.y.len(), planes.u.len(), planes.v.len()];
            assert_eq!(found, [width * height, chroma, chroma]);
        }
        Payload::Rgb8(pixels) => assert_eq!(pixels.len(), width * height * 3),
        Payload::Gray8(pixels) => assert_eq!(pixels.len(), width * height),
    }
}

/// A JPEG, as cameras and recordings have them: all of its pixels, or none.
pub fn picture(bytes: &[u8]) {
    if let Some((payload, size)) = jpeg::decode(bytes) {
        assert_pixels(&payload, size.width, size.height);
    }
}

/// A recording: its first frames are whole, and in order.
pub fn recording(bytes: &[u8]) {
    with_file(bytes, first_frames);
}

fn first_frames(path: &Path) {
    let Ok(mut source) = open_with(path, &Options::default()) else { return };
    let mut before = MediaTime::ZERO;
    for _ in 0..4 {
        let Ok(Some(frame)) = source.next_frame(MediaTime::ZERO) else { return };
        assert!(frame.pts >= before, "{:?} after {before:?}", frame.pts);
        assert_pixels(&frame.payload, frame.size.width, frame.size.height);
        before = frame.pts;
    }
}
