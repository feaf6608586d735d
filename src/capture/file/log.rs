//! What the lines of ffmpeg's log mean.

use crate::geometry::Size;
use crate::time::MediaTime;

/// A line, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Shown(Shown),
    Container(String),
    Codec(String),
    Duration(MediaTime),
    /// A frame could not be decoded.
    Undecodable,
    /// The file ends too early.
    CutOff,
    NoVideo,
    /// Perhaps the reason for a failure that follows.
    Reason(String),
    Other,
}

/// A frame that is about to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// From 0.
    pub(super) number: u64,
    /// Microseconds; absent when there is none.
    pub(super) pts: Option<i64>,
    pub(super) size: Size,
}

impl Line {
    pub(super) fn parse(line: &str) -> Self {
        // Another thread's message may stand before it on the same line.
        if let Some((_, info)) = line.split_once("[Parsed_showinfo") {
            return shown(info).map_or(Self::Other, Self::Shown);
        }
        if let Some(rest) = line.strip_prefix("Input #0, ") {
            let names = rest.split(", from").next().unwrap_or_default();
            return Self::Container(container(names));
        }
        if let Some((_, rest)) = line.split_once("Duration: ") {
            let clock = rest.split(',').next().unwrap_or_default();
            return duration(clock).map_or(Self::Other, Self::Duration);
        }
        if let Some((_, rest)) = line.split_once(": Video: ").filter(|(head, _)| is_stream(head)) {
            let end = rest.find([' ', ',', '(']).unwrap_or(rest.len());
            return Self::Codec(codec(rest.get(..end).unwrap_or_default()));
        }
        Self::message(line)
    }

    fn message(line: &str) -> Self {
        let has = |text: &str| line.contains(text);
        if has("Error while decoding stream") || has("Error submitting packet to decoder") {
            Self::Undecodable
        } else if has("ended prematurely") || has("partial file") || has("Truncating packet") {
            Self::CutOff
        } else if has("matches no streams") || has("does not contain any stream") {
            Self::NoVideo
        } else if line.starts_with([' ', '\t']) || line.is_empty() || is_chatter(line) {
            Self::Other
        } else {
            Self::Reason(reason(line))
        }
    }
}

fn is_stream(head: &str) -> bool {
    head.trim_start().starts_with("Stream #0:")
}

/// Lines that come with every run.
fn is_chatter(line: &str) -> bool {
    ["Stream mapping", "Press ", "Output #", "Conversion failed", "video:", "frame=", "Exiting"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// Without the part of the program that speaks, and without the name of the file.
fn reason(line: &str) -> String {
    let line = match line.split_once("] ") {
        Some((speaker, rest)) if speaker.starts_with('[') => rest,
        _ => line,
    };
    match line.rsplit_once(": ") {
        Some((before, rest)) if before.contains("file:") => rest.to_owned(),
        _ => line.to_owned(),
    }
}

fn shown(info: &str) -> Option<Shown> {
    let value = |key: &str| {
        let (_, rest) = info.split_once(key)?;
        rest.split_whitespace().next()
    };
    let (width, height) = value(" s:")?.split_once('x')?;
    Some(Shown {
        number: value(" n:")?.parse().ok()?,
        pts: value(" pts:")?.parse().ok(),
        size: Size::new(width.parse().ok()?, height.parse().ok()?),
    })
}

fn duration(clock: &str) -> Option<MediaTime> {
    let mut parts = clock.trim().split(':');
    let hours: f64 = parts.next()?.parse().ok()?;
    let minutes: f64 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next()?.parse().ok()?;
    Some(MediaTime::from_secs_f64((hours * 60.0 + minutes) * 60.0 + seconds))
}

fn container(names: &str) -> String {
    match names {
        "matroska,webm" => "Matroska or WebM",
        "mov,mp4,m4a,3gp,3g2,mj2" => "MP4",
        "avi" => "AVI",
        "mpegts" => "MPEG transport stream",
        "flv" => "FLV",
        "ogg" => "Ogg",
        "asf" => "ASF",
        other => other,
    }
    .to_owned()
}

fn codec(name: &str) -> String {
    match name {
        "h264" => "H.264",
        "hevc" => "HEVC",
        "vp8" => "VP8",
        "vp9" => "VP9",
        "av1" => "AV1",
        "mjpeg" => "MJPEG",
        "mpeg4" => "MPEG-4 Visual",
        "theora" => "Theora",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_a_frame_is_read_even_behind_another_message() {
        let info = "[Parsed_showinfo_3 @ 0x55] n:  12 pts: 400000 pts_time:0.4 pos:1 fmt:yuv420p sar:1/1 s:480x360 i:P";
        let shown = Shown { number: 12, pts: Some(400_000), size: Size::new(480, 360) };
        assert_eq!(Line::parse(info), Line::Shown(shown));
        assert_eq!(Line::parse(&format!("[h264 @ 0x1] oh {info}")), Line::Shown(shown));
        let without_time = info.replace("pts: 400000", "pts:NOPTS");
        assert_eq!(Line::parse(&without_time), Line::Shown(Shown { pts: None, ..shown }));
    }

    #[test]
    fn the_head_of_the_log_names_container_codec_and_duration() {
        for (line, expected) in [
            (
                "Input #0, matroska,webm, from 'file:/x.mkv':",
                Line::Container("Matroska or WebM".to_owned()),
            ),
            (
                "  Duration: 00:01:02.50, start: 0.000000, bitrate: 1 kb/s",
                Line::Duration(MediaTime::from_millis(62_500)),
            ),
            ("  Duration: N/A, start: 0.000000", Line::Other),
            (
                "  Stream #0:0: Video: vp9 (Profile 0), yuv420p(tv), 320x240",
                Line::Codec("VP9".to_owned()),
            ),
            ("  Stream #0:1: Audio: aac (LC), 44100 Hz", Line::Other),
        ] {
            assert_eq!(Line::parse(line), expected, "{line}");
        }
    }

    #[test]
    fn a_reason_names_neither_the_file_nor_the_speaker() {
        for (line, expected) in [
            ("file:/home/somebody/exam: 1.mkv: Invalid data found", "Invalid data found"),
            ("[matroska,webm @ 0x55] EBML header parsing failed", "EBML header parsing failed"),
        ] {
            assert_eq!(Line::parse(line), Line::Reason(expected.to_owned()));
        }
    }
}
