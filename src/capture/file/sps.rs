//! The head of an H.264 stream (its sequence parameter set): what the decoder must be able to do.
//!
//! Read for three reasons: to refuse or hand on what the built-in decoder cannot do before it is
//! tried, to know the range of the samples, and to rewrite the profile (see [`as_immediate`]).

use crate::frame::Range;
use crate::geometry::Size;

/// `profile_idc` of Scalable Baseline.
const SCALABLE_BASELINE: u32 = 83;

/// What a sequence parameter set says, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sps {
    profile: u32,
    chroma_format: u32,
    bit_depth: u32,
    interlaced: bool,
    /// After cropping.
    pub(super) size: Size,
    pub(super) range: Range,
}

impl Sps {
    /// Reads a NAL unit of type 7, with its header byte. `None` when it is damaged.
    pub(super) fn parse(nal: &[u8]) -> Option<Self> {
        let rbsp = unescape(nal.get(1..)?);
        let mut bits = Bits::new(&rbsp);
        let profile = bits.u(8)?;
        bits.u(16)?;
        bits.ue()?;
        let (chroma_format, bit_depth) =
            if has_chroma_format(profile) { chroma_format(&mut bits)? } else { (1, 8) };
        bits.ue()?;
        skip_picture_order(&mut bits)?;
        bits.ue()?;
        bits.u(1)?;
        let (width, height) = (bits.ue()?.checked_add(1)?, bits.ue()?.checked_add(1)?);
        let interlaced = bits.u(1)? == 0;
        if interlaced {
            bits.u(1)?;
        }
        bits.u(1)?;
        let coded = (width.checked_mul(16)?, height.checked_mul(if interlaced { 32 } else { 16 })?);
        let size = cropped(&mut bits, coded, chroma_format, interlaced)?;
        let range = range(&mut bits).unwrap_or(Range::Limited);
        Some(Self { profile, chroma_format, bit_depth, interlaced, size, range })
    }

    /// Names what keeps the built-in decoder from decoding this stream.
    pub(super) fn beyond_built_in(&self) -> Option<String> {
        if self.bit_depth != 8 {
            return Some(format!("H.264 with {} bits", self.bit_depth));
        }
        if self.chroma_format != 1 {
            let formats = ["grey", "4:2:0", "4:2:2", "4:4:4"];
            let format = formats.get(self.chroma_format as usize).unwrap_or(&"unknown colour");
            return Some(format!("H.264 {format}"));
        }
        if self.interlaced {
            return Some("interlaced H.264".to_owned());
        }
        let known = matches!(self.profile, 66 | 77 | 83 | 86 | 88 | 100);
        (!known).then(|| format!("H.264 profile {}", self.profile))
    }
}

/// The same parameter set under the name of the Scalable Baseline profile.
///
/// A stream of that profile has no pictures that are shown later than they are decoded, so the
/// decoder hands each picture out at once instead of putting it into an order of its own, which it
/// derives from the low bits of a counter and gets wrong for some streams. The order of display is
/// the container's anyway; this way each picture stays tied to its sample, even across damage.
/// Nothing else in the decoder depends on the profile but the presence of the colour format fields,
/// which are put in when they are not there.
pub(super) fn as_immediate(nal: &[u8]) -> Option<Vec<u8>> {
    let (&header, content) = nal.split_first()?;
    let rbsp = unescape(content);
    let mut bits = Bits::new(&rbsp);
    let profile = bits.u(8)?;
    let mut out = BitWriter::default();
    out.put(SCALABLE_BASELINE, 8);
    out.put(bits.u(16)?, 16);
    let before_id = bits.position;
    bits.ue()?;
    for position in before_id..bits.position {
        out.put(bits.at(position)?, 1);
    }
    if !has_chroma_format(profile) {
        // 4:2:0 (ue 1), eight bits twice (ue 0), no bypass, no scaling lists.
        out.put(0b010_1100, 7);
    }
    // The stop bit is copied like the rest; what follows it is padding.
    let end = bits.last_one()?;
    for position in bits.position..=end {
        out.put(bits.at(position)?, 1);
    }
    let mut rewritten = vec![header];
    rewritten.extend(escape(&out.bytes));
    Some(rewritten)
}

const fn has_chroma_format(profile: u32) -> bool {
    matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135)
}

fn chroma_format(bits: &mut Bits<'_>) -> Option<(u32, u32)> {
    let format = bits.ue()?;
    if format == 3 {
        bits.u(1)?;
    }
    let luma = bits.ue()?.checked_add(8)?;
    let chroma = bits.ue()?.checked_add(8)?;
    bits.u(1)?;
    if bits.u(1)? == 1 {
        for list in 0..if format == 3 { 12 } else { 8 } {
            if bits.u(1)? == 1 {
                skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some((format, luma.max(chroma)))
}

fn skip_scaling_list(bits: &mut Bits<'_>, length: u32) -> Option<()> {
    let (mut last, mut next) = (8_i64, 8_i64);
    for _ in 0..length {
        if next != 0 {
            next = (last + i64::from(bits.se()?)).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

fn skip_picture_order(bits: &mut Bits<'_>) -> Option<()> {
    match bits.ue()? {
        0 => {
            bits.ue()?;
        }
        1 => {
            bits.u(1)?;
            bits.se()?;
            bits.se()?;
            for _ in 0..bits.ue()?.min(255) {
                bits.se()?;
            }
        }
        _ => {}
    }
    Some(())
}

fn cropped(
    bits: &mut Bits<'_>,
    coded: (u32, u32),
    chroma_format: u32,
    interlaced: bool,
) -> Option<Size> {
    if bits.u(1)? == 0 {
        return Some(Size::new(coded.0, coded.1));
    }
    let unit_x = if matches!(chroma_format, 1 | 2) { 2 } else { 1 };
    let unit_y = if chroma_format == 1 { 2 } else { 1 } * if interlaced { 2 } else { 1 };
    let (left, right, top, bottom) = (bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?);
    let width = coded.0.checked_sub(left.checked_add(right)?.checked_mul(unit_x)?)?;
    let height = coded.1.checked_sub(top.checked_add(bottom)?.checked_mul(unit_y)?)?;
    Some(Size::new(width, height))
}

/// From the video usability information, where it is.
fn range(bits: &mut Bits<'_>) -> Option<Range> {
    (bits.u(1)? == 1).then_some(())?;
    if bits.u(1)? == 1 && bits.u(8)? == 255 {
        bits.u(32)?;
    }
    if bits.u(1)? == 1 {
        bits.u(1)?;
    }
    (bits.u(1)? == 1).then_some(())?;
    bits.u(3)?;
    Some(if bits.u(1)? == 1 { Range::Full } else { Range::Limited })
}

/// Takes out the bytes that keep a start code from appearing by chance.
fn unescape(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut zeros = 0;
    for &byte in bytes {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        plain.push(byte);
    }
    plain
}

fn escape(bytes: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(bytes.len() + 4);
    let mut zeros = 0;
    for &byte in bytes {
        if zeros >= 2 && byte <= 3 {
            escaped.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        escaped.push(byte);
    }
    escaped
}

/// Bits from the most significant on.
#[derive(Clone, Debug)]
struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Bits<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    fn at(&self, position: usize) -> Option<u32> {
        let byte = self.bytes.get(position / 8)?;
        Some(u32::from(byte >> (7 - position % 8)) & 1)
    }

    fn u(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0_u32, |value, _| {
            let bit = self.at(self.position)?;
            self.position += 1;
            Some(value << 1 | bit)
        })
    }

    /// An unsigned Exp-Golomb code.
    fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.u(1)? == 0 {
            zeros += 1;
            if zeros == 32 {
                return None;
            }
        }
        let rest = self.u(zeros)?;
        Some(((1_u64 << zeros) - 1 + u64::from(rest)) as u32)
    }

    /// A signed Exp-Golomb code.
    fn se(&mut self) -> Option<i32> {
        let code = i64::from(self.ue()?);
        i32::try_from(if code % 2 == 0 { -(code / 2) } else { code / 2 + 1 }).ok()
    }

    /// Position of the last bit that is set.
    fn last_one(&self) -> Option<usize> {
        let byte = self.bytes.iter().rposition(|&byte| byte != 0)?;
        Some(byte * 8 + 7 - self.bytes[byte].trailing_zeros() as usize)
    }
}

#[derive(Clone, Debug, Default)]
struct BitWriter {
    bytes: Vec<u8>,
    used: u32,
}

impl BitWriter {
    fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> bit & 1) as u8) << (7 - self.used % 8);
            }
            self.used += 1;
        }
    }
}
