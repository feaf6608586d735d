//! JPEG pictures, decoded strictly: a frame that is not all there is damaged, not half grey.

mod huffman;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::LARGEST_SIDE;
use crate::frame::Payload;
use crate::geometry::Size;

/// Size of a picture, from its head. `None` when that is damaged or too large.
#[cfg(feature = "video")]
pub(super) fn size(jpeg: &[u8]) -> Option<Size> {
    let mut decoder = decoder(jpeg);
    decoder.decode_headers().ok()?;
    size_of(&decoder)
}

/// Decodes a picture: grey stays grey, everything else becomes RGB. `None` when it is damaged.
pub fn decode(jpeg: &[u8]) -> Option<(Payload, Size)> {
    let jpeg = huffman::complete(jpeg);
    let mut decoder = decoder(&jpeg);
    decoder.decode_headers().ok()?;
    let size = size_of(&decoder)?;
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let target = if grey { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(options().jpeg_set_out_colorspace(target));
    let pixels = decoder
        .decode()
        .inspect_err(|error| tracing::trace!(%error, "a frame cannot be decoded"))
        .ok()?;
    let channels = if grey { 1 } else { 3 };
    let complete = pixels.len() == size.area() * channels;
    complete.then_some((if grey { Payload::Gray8(pixels) } else { Payload::Rgb8(pixels) }, size))
}

fn decoder(jpeg: &[u8]) -> JpegDecoder<ZCursor<&[u8]>> {
    JpegDecoder::new_with_options(ZCursor::new(jpeg), options())
}

fn options() -> DecoderOptions {
    DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(LARGEST_SIDE as usize)
        .set_max_height(LARGEST_SIDE as usize)
}

fn size_of(decoder: &JpegDecoder<ZCursor<&[u8]>>) -> Option<Size> {
    let info = decoder.info()?;
    let size = Size::new(u32::from(info.width), u32::from(info.height));
    (!size.is_empty()).then_some(size)
}

#[cfg(feature = "video")]
#[cfg(test)]
mod tests {
    use super::*;
    use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};

    fn encode(pixels: &[u8], size: Size, color: ExtendedColorType) -> Vec<u8> {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 95)
            .encode(pixels, size.width, size.height, color)
            .unwrap();
        jpeg
    }

    #[test]
    fn grey_stays_grey_and_colour_becomes_rgb() {
        let size = Size::new(17, 9);
        let grey = encode(&vec![200; size.area()], size, ExtendedColorType::L8);
        let (payload, decoded) = decode(&grey).unwrap();
        assert_eq!(decoded, size);
        let Payload::Gray8(pixels) = payload else { panic!("{payload:?}") };
        assert!(pixels.iter().all(|pixel| pixel.abs_diff(200) < 3));

        let red = encode(&[250, 10, 10].repeat(size.area()), size, ExtendedColorType::Rgb8);
        let Some((Payload::Rgb8(pixels), _)) = decode(&red) else { panic!("not RGB") };
        assert!(pixels[0] > 240 && pixels[1] < 20 && pixels[2] < 20, "{:?}", &pixels[..3]);
    }

    #[test]
    fn a_picture_that_is_not_all_there_is_damaged() {
        let size = Size::new(64, 64);
        let noise: Vec<u8> = (0..size.area()).map(|at| (at * 7919 % 251) as u8).collect();
        let jpeg = encode(&noise, size, ExtendedColorType::L8);
        assert!(decode(&jpeg).is_some());
        for kept in [0, 1, 100, jpeg.len() / 2, jpeg.len() - jpeg.len() / 10] {
            assert!(decode(&jpeg[..kept]).is_none(), "{kept} of {} bytes", jpeg.len());
        }
    }
}
