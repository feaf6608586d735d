//! What a device offers, in the words of [`negotiate`](crate::capture::camera::negotiate).
//!
//! Each list is asked for separately, and a driver may refuse each: a device without a list of
//! sizes is asked for the size that is wanted, one without intervals for the usual one.

use v4l::fraction::Fraction;
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::video::Capture as _;

use crate::capture::camera::CameraError;
use crate::capture::camera::negotiate::{Interval, Intervals, Offer, PixelFormat, Sizes};
use crate::geometry::Size;

pub(super) fn offers(device: &v4l::Device) -> Result<Vec<Offer>, CameraError> {
    let mut offers = Vec::new();
    for description in device.enum_formats()? {
        let fourcc = description.fourcc;
        for size in sizes(device, fourcc) {
            // Of what cannot be decoded only the name is wanted.
            let understood = PixelFormat::from_fourcc(fourcc.repr).is_some();
            let intervals = if understood { intervals(device, fourcc, size) } else { Vec::new() };
            offers.push(Offer { fourcc: fourcc.repr, size, intervals });
        }
    }
    Ok(offers)
}

fn sizes(device: &v4l::Device, fourcc: v4l::FourCC) -> Vec<Size> {
    let listed = device.enum_framesizes(fourcc).unwrap_or_default();
    let mut sizes: Vec<Size> = listed.into_iter().map(|one| nearest(&one.size)).collect();
    if sizes.is_empty() {
        sizes.push(Size::new(640, 480));
    }
    sizes
}

fn nearest(size: &FrameSizeEnum) -> Size {
    match size {
        FrameSizeEnum::Discrete(one) => Sizes::One(Size::new(one.width, one.height)),
        FrameSizeEnum::Stepwise(grid) => Sizes::Grid {
            min: Size::new(grid.min_width, grid.min_height),
            max: Size::new(grid.max_width, grid.max_height),
            step: Size::new(grid.step_width, grid.step_height),
        },
    }
    .nearest()
}

fn intervals(device: &v4l::Device, fourcc: v4l::FourCC, size: Size) -> Vec<Intervals> {
    let listed = device.enum_frameintervals(fourcc, size.width, size.height).unwrap_or_default();
    let interval = |fraction: Fraction| Interval {
        numerator: fraction.numerator,
        denominator: fraction.denominator,
    };
    listed
        .into_iter()
        .map(|one| match one.interval {
            FrameIntervalEnum::Discrete(one) => Intervals::One(interval(one)),
            FrameIntervalEnum::Stepwise(all) => {
                Intervals::Between { shortest: interval(all.min), longest: interval(all.max) }
            }
        })
        .collect()
}
