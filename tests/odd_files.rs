//! Recordings that a tool meets in the wild, through the readers that open them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use inview::capture::file::{self, Options};
use inview::capture::{CaptureError, Tally};
use inview::frame::Frame;
use inview::geometry::Size;
use inview::time::MediaTime;

/// What came of a recording: size, the frames that came out with their times, and the counts.
#[derive(Debug)]
struct Read {
    size: Size,
    times: Vec<i64>,
    tally: Tally,
}

fn read_with(path: &Path, options: &Options) -> Result<Read, CaptureError> {
    let mut source = file::open_with(path, options)?;
    let size = source.info().size;
    let mut times = Vec::new();
    while let Some(frame) = source.next_frame(MediaTime::ZERO)? {
        check(&frame, size, times.last());
        times.push(frame.pts.as_millis());
    }
    Ok(Read { size, times, tally: source.tally() })
}

fn check(frame: &Frame, promised: Size, before: Option<&i64>) {
    assert_eq!(frame.size, promised);
    assert!(
        before.is_none_or(|before| *before < frame.pts.as_millis()),
        "{frame:?} comes too late"
    );
}

fn read(path: &Path) -> Result<Read, CaptureError> {
    read_with(path, &Options { ffmpeg: support::ffmpeg(), ..Options::default() })
}

fn built_in(path: &Path) -> Result<Read, CaptureError> {
    read_with(path, &Options::default())
}

/// A third of its pictures are not decoded then: no other refers to them.
#[test]
fn a_picture_is_the_same_whether_those_before_it_were_asked_for_or_not() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/leave_ladder.mp4");
    let mut all = file::open_with(&demo, &Options::default()).unwrap();
    let mut some = file::open_with(&demo, &Options::default()).unwrap();
    let mut due = MediaTime::ZERO;
    while due < MediaTime::from_micros(15_000_000) {
        let frame = some.next_frame(due).unwrap().unwrap();
        let same = std::iter::from_fn(|| all.next_frame(MediaTime::ZERO).unwrap())
            .find(|other| other.pts >= due);
        assert_eq!(Some(&frame), same.as_ref(), "{}", frame.pts.as_millis());
        due = frame.pts + Duration::from_millis(200);
    }
    assert_eq!(some.tally(), all.tally());
}

#[test]
fn what_is_built_in_needs_nothing_beside_the_program() {
    let Some(folder) = support::shared("odd") else { return };
    for (name, size, frames) in [
        ("odd_size_641x479.avi", Size::new(641, 479), 60),
        ("gray_mjpeg.avi", Size::new(320, 240), 60),
        ("raw_bgr_5fps.avi", Size::new(160, 120), 5),
        ("rotated_90_tag.mp4", Size::new(480, 360), 60),
        ("large_1920x1440.mp4", Size::new(1920, 1440), 30),
        ("one_frame.mp4", Size::new(640, 480), 1),
    ] {
        let read = built_in(&folder.join(name)).unwrap();
        assert_eq!((read.size, read.times.len()), (size, frames), "{name}");
        assert_eq!((read.tally.unusable, read.tally.truncated), (0, None), "{name}");
    }
}

#[test]
fn damaged_frames_are_counted_and_passed_over() {
    let Some(folder) = support::shared("odd") else { return };
    let read = built_in(&folder.join("damaged_mjpeg_frames.avi")).unwrap();
    // Every fifth is damaged; the damage of one cannot be told from a picture.
    assert!((11..=12).contains(&read.tally.unusable), "{:?}", read.tally);
    assert_eq!((read.times.len() as u64 + read.tally.unusable, read.tally.frames), (60, 60));
}

#[test]
fn a_file_that_was_cut_off_is_played_as_far_as_it_goes_or_called_by_its_fault() {
    let Some(folder) = support::shared("odd") else { return };
    let read = built_in(&folder.join("truncated_faststart.mp4")).unwrap();
    assert!(read.times.len() > 30 && read.tally.truncated.is_some(), "{read:?}");
    let error = built_in(&folder.join("truncated_no_moov.mp4")).unwrap_err();
    assert!(error.to_string().contains("moov"), "{error}");
}

#[test]
fn what_is_no_video_is_an_error_of_one_line() {
    let Some(folder) = support::shared("odd") else { return };
    for (name, says) in [
        ("zero_bytes.mp4", "empty"),
        ("random_bytes.mp4", "not a video"),
        ("text.mp4", "a text"),
        ("audio_only.m4a", "only sound"),
    ] {
        let error = read(&folder.join(name)).unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains('\n'), "{name}: {error}");
    }
}

#[test]
fn other_formats_are_read_by_ffmpeg_and_named_where_there_is_none() {
    let Some(folder) = support::shared("odd") else { return };
    for (name, frames) in [("hevc.mp4", 60), ("vp9.webm", 60), ("h264_10bit_422.mp4", 60)] {
        let error = built_in(&folder.join(name)).unwrap_err();
        assert!(matches!(error, CaptureError::NeedsFfmpeg { .. }), "{name}: {error}");
        if support::ffmpeg().is_some() {
            assert_eq!(read(&folder.join(name)).unwrap().times.len(), frames, "{name}");
        }
    }
}

#[test]
fn times_come_from_the_container_when_frames_are_not_equally_far_apart() {
    let Some(folder) = support::shared("odd") else { return };
    if support::ffmpeg().is_none() {
        return;
    }
    let read = read(&folder.join("variable_frame_rate.mkv")).unwrap();
    let gaps: Vec<i64> = read.times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let (least, most) = (gaps.iter().min().unwrap(), gaps.iter().max().unwrap());
    assert!(most > &(2 * least), "{gaps:?}");
}

/// Makes a recording from the shipped one.
fn made(ffmpeg: &Path, folder: &Path, name: &str, options: &[&str]) -> std::path::PathBuf {
    let path = folder.join(name);
    let output = Command::new(ffmpeg)
        .args(["-v", "error", "-y", "-i"])
        .arg(support::shipped_recording())
        .args(options)
        .arg(&path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", support::text(&output.stderr));
    path
}

#[test]
fn the_same_pictures_come_at_the_same_times_from_every_container() {
    let Some(ffmpeg) = support::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let whole = built_in(&support::shipped_recording()).unwrap();
    let expected: Vec<i64> = whole.times.iter().copied().take_while(|at| *at < 4_000).collect();
    let copy = ["-t", "4", "-c", "copy", "-an"];
    let jpeg = ["-t", "4", "-c:v", "mjpeg", "-q:v", "5", "-an"];
    let vp8 = ["-t", "4", "-c:v", "libvpx", "-deadline", "realtime", "-an"];
    for (name, options) in [
        ("copy.mov", &copy[..]),
        ("copy.mkv", &copy),
        ("fragments.mp4", &[&copy[..], &["-movflags", "frag_keyframe+empty_moov"]].concat()),
        ("index_first.mp4", &[&copy[..], &["-movflags", "+faststart"]].concat()),
        ("jpeg.avi", &jpeg),
        ("vp8.webm", &vp8),
    ] {
        let read = read(&made(&ffmpeg, folder.path(), name, options)).unwrap();
        let same = read.times.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 1);
        // Copying ends at a frame that others do not need, up to three later.
        assert!(same && read.times.len().abs_diff(expected.len()) <= 3, "{name}: {:?}", read.times);
    }
}

#[test]
fn frames_that_are_shown_in_another_order_than_they_are_stored_come_in_the_order_of_display() {
    let Some(ffmpeg) = support::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let options = ["-t", "3", "-c:v", "libx264", "-bf", "3", "-preset", "veryfast", "-an"];
    let path = made(&ffmpeg, folder.path(), "b_frames.mp4", &options);
    let read = built_in(&path).unwrap();
    assert_eq!((read.times.len(), read.tally.out_of_order), (45, 0));
    assert_eq!((read.times[0], read.times[44]), (0, 2_933));
}

#[test]
fn timestamps_that_go_back_are_counted_and_never_handed_out() {
    let Some(ffmpeg) = support::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let back = "setts=ts='if(eq(mod(N,10),9),TS-3*DURATION,TS)'";
    let options = ["-t", "3", "-c:v", "mjpeg", "-bsf:v", back, "-f", "matroska", "-an"];
    let read = read(&made(&ffmpeg, folder.path(), "back.mkv", &options)).unwrap();
    assert!(read.times.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", read.times);
    assert!(read.times.len() >= 40, "{}", read.times.len());
}

#[test]
fn sizes_that_cannot_be_are_refused_before_any_memory_is_taken() {
    let Some(folder) = support::shared("odd") else { return };
    let mut bytes = std::fs::read(folder.join("raw_bgr_5fps.avi")).unwrap();
    let format = bytes.windows(4).position(|four| four == b"strf").unwrap();
    for (width, height, says) in [
        (200_000, 100_000, "more than this program takes"),
        (i32::MAX, i32::MIN, "more than this program takes"),
        (0, 0, "no size"),
    ] {
        bytes[format + 12..format + 16].copy_from_slice(&i32::to_le_bytes(width));
        bytes[format + 16..format + 20].copy_from_slice(&i32::to_le_bytes(height));
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, &bytes).unwrap();
        let error = built_in(file.path()).unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains('\n'), "{width}x{height}: {error}");
    }
}

#[test]
fn a_recording_without_a_frame_says_so() {
    let Some(ffmpeg) = support::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let none = ["-frames:v", "0", "-c:v", "mjpeg", "-an"];
    let avi = made(&ffmpeg, folder.path(), "none.avi", &none);
    assert!(matches!(built_in(&avi), Err(CaptureError::NoFrames)));
    let none = ["-frames:v", "0", "-c:v", "libx264", "-an"];
    let error = built_in(&made(&ffmpeg, folder.path(), "none.mp4", &none)).unwrap_err();
    assert!(error.to_string().contains("no tracks"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_says_so() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.mp4");
    std::fs::copy(support::shipped_recording(), &path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&path).is_ok() {
        println!("skipped: whoever runs this may read everything");
        return;
    }
    assert!(matches!(built_in(&path), Err(CaptureError::PermissionDenied)));
}
