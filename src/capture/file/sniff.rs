//! Tells what a file is by its first bytes; its name says nothing.

use crate::capture::CaptureError;

/// Bytes that are looked at.
pub(super) const HEAD: usize = 1 << 14;

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Mp4,
    Avi,
    /// Known to ffmpeg, by this name.
    Other(String),
}

const MP4_BOXES: [&[u8; 4]; 9] =
    [b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"pnot"];

/// Codes of codecs in Matroska and `WebM`.
const MATROSKA_CODECS: [(&[u8], &str); 9] = [
    (b"V_VP8", "VP8"),
    (b"V_VP9", "VP9"),
    (b"V_AV1", "AV1"),
    (b"V_MPEG4/ISO/AVC", "H.264"),
    (b"V_MPEGH/ISO/HEVC", "HEVC"),
    (b"V_MPEG4", "MPEG-4 Visual"),
    (b"V_MJPEG", "MJPEG"),
    (b"V_THEORA", "Theora"),
    (b"V_UNCOMPRESSED", "uncompressed"),
];

/// Recognises the first bytes of a file that is not empty.
pub(super) fn sniff(head: &[u8]) -> Result<Kind, CaptureError> {
    let at = |at: usize, text: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(text));
    if MP4_BOXES.iter().any(|name| at(4, *name)) {
        return Ok(Kind::Mp4);
    }
    if at(0, b"RIFF") && at(8, b"AVI ") {
        return Ok(Kind::Avi);
    }
    if at(0, &[0x1a, 0x45, 0xdf, 0xa3]) {
        return Ok(Kind::Other(matroska(head)));
    }
    let transport_stream = at(0, b"G") && at(188, b"G") && at(376, b"G");
    let other = [
        (transport_stream, "MPEG transport stream"),
        (at(0, &[0, 0, 1, 0xba]), "MPEG program stream"),
        (at(0, b"FLV\x01"), "FLV"),
        (at(0, b"OggS"), "Ogg"),
        (at(0, &[0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11]), "ASF (WMV)"),
        (at(0, b"YUV4MPEG2 "), "YUV4MPEG2"),
        (at(0, b"DKIF"), "IVF"),
        (at(0, &[0, 0, 0, 1, 0x67]) || at(0, &[0, 0, 1, 0x67]), "raw H.264"),
        (at(0, &[0, 0, 0, 1, 0x40, 1]), "raw HEVC"),
        (at(0, b"GIF8"), "GIF"),
    ];
    if let Some((_, name)) = other.iter().find(|(found, _)| *found) {
        return Ok(Kind::Other((*name).to_owned()));
    }
    Err(unknown(head))
}

fn matroska(head: &[u8]) -> String {
    let has = |text: &[u8]| head.windows(text.len()).any(|window| window == text);
    let container = if has(b"webm") { "WebM" } else { "Matroska" };
    match MATROSKA_CODECS.iter().find(|(code, _)| has(code)) {
        Some((_, codec)) => format!("{container} ({codec})"),
        None => container.to_owned(),
    }
}

/// Says what it is instead of a video.
fn unknown(head: &[u8]) -> CaptureError {
    let starts = |text: &[u8]| head.starts_with(text);
    let wave = starts(b"RIFF") && head.get(8..12) == Some(b"WAVE");
    if wave || starts(b"ID3") || starts(b"fLaC") || starts(&[0xff, 0xfb]) {
        return CaptureError::NoVideo("sound".to_owned());
    }
    let picture = starts(&[0xff, 0xd8, 0xff]) || starts(b"\x89PNG") || starts(b"BM");
    let text = head.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..)) && {
        let valid = std::str::from_utf8(head).map_or_else(|error| error.valid_up_to(), str::len);
        head.len() - valid < 4
    };
    CaptureError::NotAVideo(
        if picture {
            "it is a single picture; pictures are read from a folder"
        } else if text {
            "it is a text"
        } else {
            "no known format begins like this"
        }
        .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_first_bytes() {
        let webm = b"\x1a\x45\xdf\xa3..webm......V_VP8.....";
        let mkv = b"\x1a\x45\xdf\xa3..matroska..V_MPEG4/ISO/AVC.";
        for (head, expected) in [
            (b"\0\0\0\x18ftypisom".as_slice(), Kind::Mp4),
            (b"RIFF\0\0\0\0AVI LIST", Kind::Avi),
            (webm, Kind::Other("WebM (VP8)".to_owned())),
            (mkv, Kind::Other("Matroska (H.264)".to_owned())),
            (b"OggS\0\x02", Kind::Other("Ogg".to_owned())),
        ] {
            assert_eq!(sniff(head).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_video_is_called_by_its_name() {
        for (head, expected) in [
            (b"this is not a video\n".as_slice(), "not a video: it is a text"),
            ("Pr\u{fc}fung".as_bytes(), "not a video: it is a text"),
            (&[7, 1, 0, 200, 9], "not a video: no known format begins like this"),
            (
                b"\x89PNG\r\n\x1a\n\0",
                "not a video: it is a single picture; pictures are read from a folder",
            ),
            (b"RIFF\0\0\0\0WAVEfmt ", "no video in it, only sound"),
        ] {
            assert_eq!(sniff(head).unwrap_err().to_string(), expected);
        }
    }
}
