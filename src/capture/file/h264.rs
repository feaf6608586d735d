//! H.264 pictures out of the samples of an MP4 file, one picture a sample.
//!
//! The decoder is made to hand out each picture at once ([`as_immediate`]), so a picture belongs to
//! the sample that was put in last, and a sample that gives none is a damaged one.

use openh264::OpenH264API;
use openh264::decoder::{DecodeOptions, DecodedYUV, Decoder, DecoderConfig, Flush};
use openh264::formats::YUVSource as _;

use super::boxes::Fields;
use super::fits;
use super::sps::{Sps, as_immediate};
use crate::capture::{CaptureError, LARGEST_SIDE};
use crate::frame::{I420, Range};
use crate::geometry::Size;

const START_CODE: [u8; 4] = [0, 0, 0, 1];
const SLICE_TYPES: std::ops::RangeInclusive<u8> = 1..=5;
const IDR: u8 = 5;
const SPS: u8 = 7;

/// Parameters of a stream, from its `avcC` box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    /// Bytes of the size before each NAL unit: 1 to 4.
    length_size: usize,
    pub(super) sps: Sps,
    /// All parameter sets, each behind a start code.
    head: Vec<u8>,
}

impl Parameters {
    /// `None` when the box is damaged, or has no sequence parameter set.
    pub(super) fn parse(avcc: &[u8]) -> Option<Self> {
        let mut fields = Fields(avcc);
        fields.take(4)?;
        let length_size = usize::from(fields.u8()? & 3) + 1;
        let mut sps = None;
        let mut head = Vec::new();
        for _ in 0..fields.u8()? & 31 {
            let length = fields.u16()?;
            let nal = fields.take(usize::from(length))?;
            sps = sps.or_else(|| Sps::parse(nal));
            push_unit(&mut head, &as_immediate(nal)?);
        }
        for _ in 0..fields.u8()? {
            let length = fields.u16()?;
            push_unit(&mut head, fields.take(usize::from(length))?);
        }
        Some(Self { length_size, sps: sps?, head })
    }

    /// The NAL units of a sample; ends early when a size does not fit.
    fn units<'a>(&self, sample: &'a [u8]) -> Units<'a> {
        Units { rest: sample, length_size: self.length_size, broken: false }
    }
}

/// Decodes the samples of one stream, in the order of decoding.
pub(super) struct Pictures {
    decoder: Decoder,
    parameters: Parameters,
    range: Range,
    /// The sample in the decoder's format, kept for its memory.
    stream: Vec<u8>,
}

/// What became of a sample.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A picture that was asked for, and its size.
    Picture(I420, Size),
    /// A picture that was not asked for.
    Passed,
    Unusable,
}

impl Pictures {
    pub(super) fn new(parameters: Parameters) -> Result<Self, CaptureError> {
        let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
        let mut decoder = Decoder::with_api_config(OpenH264API::from_source(), config)
            .map_err(|error| CaptureError::Damaged(format!("no H.264 decoder: {error}")))?;
        if let Err(error) = decoder.decode(&parameters.head) {
            tracing::debug!(%error, "the parameter sets are not understood");
        }
        let range = parameters.sps.range;
        Ok(Self { decoder, parameters, range, stream: Vec::new() })
    }

    /// Decodes a sample. The pixels are copied only when they are wanted, and a picture that no
    /// other refers to is not even decoded when it is not.
    pub(super) fn decode(&mut self, sample: &[u8], wanted: bool) -> Outcome {
        if !wanted && self.is_disposable(sample) {
            return Outcome::Passed;
        }
        if self.convert(sample).is_none() {
            return Outcome::Unusable;
        }
        let options = DecodeOptions::new().flush_after_decode(Flush::NoFlush);
        match self.decoder.decode_with_options(&self.stream, options) {
            Ok(Some(_)) if !wanted => Outcome::Passed,
            Ok(Some(picture)) => copy(&picture, self.range)
                .map_or(Outcome::Unusable, |(pixels, size)| Outcome::Picture(pixels, size)),
            Ok(None) => Outcome::Unusable,
            Err(error) => {
                tracing::trace!(%error, "a sample cannot be decoded");
                Outcome::Unusable
            }
        }
    }

    /// Whether no other picture refers to this one.
    fn is_disposable(&self, sample: &[u8]) -> bool {
        let mut slices = self
            .parameters
            .units(sample)
            .filter_map(|unit| unit.first().copied())
            .filter(|header| SLICE_TYPES.contains(&(header & 31)))
            .peekable();
        slices.peek().is_some() && slices.all(|header| header & 0b0110_0000 == 0)
    }

    /// Whether no picture from this one on refers to one before it.
    pub(super) fn begins_anew(&self, sample: &[u8]) -> bool {
        self.parameters.units(sample).any(|unit| unit.first().is_some_and(|it| it & 31 == IDR))
    }

    /// Writes the sample with start codes instead of sizes. `None` when that cannot be done.
    fn convert(&mut self, sample: &[u8]) -> Option<()> {
        self.stream.clear();
        let mut units = self.parameters.units(sample);
        for unit in units.by_ref().filter(|unit| !unit.is_empty()) {
            if unit[0] & 31 == SPS {
                let sps = Sps::parse(unit).filter(|sps| sps.beyond_built_in().is_none())?;
                fits(sps.size).ok()?;
                self.range = sps.range;
                push_unit(&mut self.stream, &as_immediate(unit)?);
            } else {
                push_unit(&mut self.stream, unit);
            }
        }
        (!units.broken && !self.stream.is_empty()).then_some(())
    }
}

impl std::fmt::Debug for Pictures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pictures").field("sps", &self.parameters.sps).finish_non_exhaustive()
    }
}

fn push_unit(stream: &mut Vec<u8>, unit: &[u8]) {
    stream.extend(START_CODE);
    stream.extend(unit);
}

struct Units<'a> {
    rest: &'a [u8],
    length_size: usize,
    /// A size did not fit.
    broken: bool,
}

impl<'a> Iterator for Units<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let unit = self.rest.split_at_checked(self.length_size).and_then(|(size, rest)| {
            let size = size.iter().fold(0_usize, |size, &byte| size << 8 | usize::from(byte));
            rest.split_at_checked(size)
        });
        if let Some((unit, rest)) = unit {
            self.rest = rest;
            Some(unit)
        } else {
            self.broken = true;
            self.rest = &[];
            None
        }
    }
}

/// Copies a picture without the padding of its rows. `None` when it is not as large as it says.
fn copy(picture: &DecodedYUV<'_>, range: Range) -> Option<(I420, Size)> {
    let (width, height) = picture.dimensions();
    let size = Size::new(u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    if size.is_empty() || size.width.max(size.height) > LARGEST_SIDE {
        return None;
    }
    let (y, u, v) = picture.strides();
    let chroma = (width.div_ceil(2), height.div_ceil(2));
    let pixels = I420 {
        y: plane(picture.y(), y, (width, height))?,
        u: plane(picture.u(), u, chroma)?,
        v: plane(picture.v(), v, chroma)?,
        range,
    };
    Some((pixels, size))
}

fn plane(padded: &[u8], stride: usize, (width, height): (usize, usize)) -> Option<Vec<u8>> {
    let mut pixels = Vec::with_capacity(width * height);
    for row in 0..height {
        pixels.extend(padded.get(row * stride..)?.get(..width)?);
    }
    Some(pixels)
}
