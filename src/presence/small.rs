//! Small pictures: what of one is in another as it was, cell by cell.

use crate::frame::{Frame, I420, Payload, Range};
use crate::geometry::Size;

/// Points along the longer side, and about as many along the other as the frame's shape asks for.
pub(super) const LONGEST: u32 = 160;
/// Points of a cell, across and down.
pub(super) const CELL: u32 = 4;
/// At most so many pixels are read for a point, along each axis.
const MOST_READ: usize = 4;
/// Each point is compared as the sum of 3 x 3.
const SUMMED: u32 = 9;

/// A frame as a picture of 4:2:0, 160 points along its longer side; sides are whole cells. None for
/// frames that are no larger than that, and those whose bytes do not fit their size.
pub(super) fn shrunk(frame: &Frame) -> Option<Frame> {
    let Size { width, height } = frame.size;
    let longest = width.max(height);
    let points = |side: u32| (side * LONGEST / longest.max(1)).next_multiple_of(CELL);
    let size = Size::new(points(width), points(height));
    if longest < LONGEST || size.width > width || size.height > height {
        return None;
    }
    let half = halved(size);
    let planes = match &frame.payload {
        Payload::I420(planes) => {
            let (black, luma, colour) = match planes.range {
                Range::Limited => (16.0, 255.0 / 219.0, 255.0 / 224.0),
                Range::Full => (0.0, 1.0, 1.0),
            };
            let from = halved(frame.size);
            let chroma = |bytes: &[u8]| {
                let means = means(bytes, from, half, 1, 0)?;
                Some(means.iter().map(|mean| byte((mean - 128.0) * colour + 128.0)).collect())
            };
            let y = means(&planes.y, frame.size, size, 1, 0)?;
            let y = y.iter().map(|mean| byte((mean - black) * luma)).collect();
            I420 { y, u: chroma(&planes.u)?, v: chroma(&planes.v)?, range: Range::Full }
        }
        Payload::Gray8(bytes) => {
            let y = means(bytes, frame.size, size, 1, 0)?.into_iter().map(byte).collect();
            let grey = vec![128; half.area()];
            I420 { y, u: grey.clone(), v: grey, range: Range::Full }
        }
        Payload::Rgb8(bytes) => of_rgb(bytes, frame.size, size)?,
    };
    Some(Frame { seq: frame.seq, pts: frame.pts, size, payload: Payload::I420(planes) })
}

const fn halved(size: Size) -> Size {
    Size::new(size.width.div_ceil(2), size.height.div_ceil(2))
}

fn byte(value: f32) -> u8 {
    (value + 0.5).clamp(0.0, 255.0) as u8
}

/// Means over the areas of the points of `to`, of one of the interleaved `channels`.
fn means(bytes: &[u8], from: Size, to: Size, channels: usize, channel: usize) -> Option<Vec<f32>> {
    let (width, height) = (from.width as usize, from.height as usize);
    if bytes.len() != width * height * channels {
        return None;
    }
    let area = |at: usize, length: usize, points: usize| {
        let area = at * length / points..((at + 1) * length / points).max(at * length / points + 1);
        let step = area.len().div_ceil(MOST_READ);
        area.step_by(step)
    };
    let (across, down) = (to.width as usize, to.height as usize);
    let columns: Vec<_> = (0..across).map(|at| area(at, width, across)).collect();
    let mut means = Vec::with_capacity(across * down);
    let mut sums = vec![0_u16; width * channels];
    for at in 0..down {
        let rows = area(at, height, down);
        let read = rows.len();
        // Whole rows first: that adds many values at once.
        sums.fill(0);
        for row in rows {
            let row = &bytes[row * width * channels..][..width * channels];
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += u16::from(*value));
        }
        means.extend(columns.iter().map(|columns| {
            let columns = columns.clone();
            let count = columns.len() * read;
            let sum = |column: usize| u32::from(sums[column * channels + channel]);
            columns.map(sum).sum::<u32>() as f32 / count as f32
        }));
    }
    Some(means)
}

/// Colour by BT.601, as JPEG has it.
fn of_rgb(bytes: &[u8], from: Size, to: Size) -> Option<I420> {
    let channel = |size: Size, channel| means(bytes, from, size, 3, channel);
    let rgb = |size: Size| {
        let (red, green, blue) = (channel(size, 0)?, channel(size, 1)?, channel(size, 2)?);
        let pixels = red.into_iter().zip(green).zip(blue);
        Some(pixels.map(|((red, green), blue)| [red, green, blue]).collect::<Vec<_>>())
    };
    let luma = |[red, green, blue]: &[f32; 3]| red * 0.299 + green * 0.587 + blue * 0.114;
    let half = rgb(halved(to))?;
    let towards = |pixel: &[f32; 3], channel: usize, scale: f32| {
        byte((pixel[channel] - luma(pixel)) / scale + 128.0)
    };
    Some(I420 {
        y: rgb(to)?.iter().map(|pixel| byte(luma(pixel))).collect(),
        u: half.iter().map(|pixel| towards(pixel, 2, 1.772)).collect(),
        v: half.iter().map(|pixel| towards(pixel, 0, 1.402)).collect(),
        range: Range::Full,
    })
}

/// A small picture without its noise: sums over 3 x 3 points, edges repeated.
#[derive(Clone)]
pub(super) struct Smooth {
    size: Size,
    luma: Plane,
    chroma: [Plane; 2],
}

#[derive(Clone)]
struct Plane {
    width: u32,
    height: u32,
    sums: Vec<u16>,
}

/// By how many points, in twos, one picture is moved against the other: across and down.
pub(super) type Shift = (i32, i32);

impl std::fmt::Debug for Smooth {
    /// Says that it is one: pixels do not belong into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smooth").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Smooth {
    /// None unless it is a picture as [`shrunk`] makes them.
    pub(super) fn of(small: &Frame) -> Option<Self> {
        let Payload::I420(planes) = &small.payload else { return None };
        let half = halved(small.size);
        let chroma = [Plane::of(&planes.u, half)?, Plane::of(&planes.v, half)?];
        Some(Self { size: small.size, luma: Plane::of(&planes.y, small.size)?, chroma })
    }

    pub(super) const fn cells(&self) -> Size {
        Size::new(self.size.width / CELL, self.size.height / CELL)
    }

    /// Whether a cell of `now` shows what this picture does, moved by `shift`, to `tolerance` levels in
    /// the mean of luma and of both colours.
    pub(super) fn is_in(&self, now: &Self, cell: usize, shift: Shift, tolerance: f64) -> bool {
        let (x, y) = self.corner(cell);
        let same = |then: &Plane, now: &Plane, part: u32| {
            let side = CELL / part;
            let step = 2 / part.cast_signed();
            let shift = (shift.0 * step, shift.1 * step);
            let most = (tolerance * f64::from(SUMMED * side * side)) as u32;
            then.difference(now, (x / part, y / part), side, shift) <= most
        };
        let mut colours = self.chroma.iter().zip(&now.chroma);
        same(&self.luma, &now.luma, 1) && colours.all(|(then, now)| same(then, now, 2))
    }

    /// By how many times as much light `now` shows the median of these cells.
    pub(super) fn light_of(&self, now: &Self, cells: &[usize]) -> f64 {
        let factor = |cell: &usize| {
            let corner = self.corner(*cell);
            f64::from(now.luma.sum(corner, CELL) + 1) / f64::from(self.luma.sum(corner, CELL) + 1)
        };
        let mut factors: Vec<f64> = cells.iter().map(factor).collect();
        if factors.is_empty() {
            return 1.0;
        }
        let middle = factors.len() / 2;
        *factors.select_nth_unstable_by(middle, f64::total_cmp).1
    }

    /// The same in so many times as much light.
    pub(super) fn lit(&self, factor: f64) -> Self {
        let black = f64::from(SUMMED) * 128.0;
        Self {
            size: self.size,
            luma: self.luma.lit(factor, 0.0),
            chroma: self.chroma.each_ref().map(|plane| plane.lit(factor, black)),
        }
    }

    /// Takes three tenths of what a cell of `now` shows.
    pub(super) fn follow(&mut self, now: &Self, cell: usize) {
        let (x, y) = self.corner(cell);
        self.luma.follow(&now.luma, (x, y), CELL);
        for (then, now) in self.chroma.iter_mut().zip(&now.chroma) {
            then.follow(now, (x / 2, y / 2), CELL / 2);
        }
    }

    /// The point at the top left of a cell.
    fn corner(&self, cell: usize) -> (u32, u32) {
        let (cell, across) = (cell as u32, self.cells().width.max(1));
        (cell % across * CELL, cell / across * CELL)
    }
}

impl Plane {
    fn of(bytes: &[u8], Size { width, height }: Size) -> Option<Self> {
        let line = width as usize;
        if bytes.is_empty() || bytes.len() != line * height as usize {
            return None;
        }
        let three = |values: &[u16], at: usize, step: usize| {
            let before = if at < step { at } else { at - step };
            let after = if at + step < values.len() { at + step } else { at };
            values[before] + values[at] + values[after]
        };
        let across: Vec<u16> = bytes
            .chunks_exact(line)
            .flat_map(|row| {
                let row: Vec<u16> = row.iter().map(|byte| u16::from(*byte)).collect();
                (0..line).map(move |at| three(&row, at, 1))
            })
            .collect();
        let sums = (0..across.len()).map(|at| three(&across, at, line)).collect();
        Some(Self { width, height, sums })
    }

    /// The sum of absolute differences over a square of `now`.
    fn difference(&self, now: &Self, (x, y): (u32, u32), side: u32, shift: (i32, i32)) -> u32 {
        let within = |at: u32, by: i32, length: u32| {
            at.saturating_add_signed(by).min(length.saturating_sub(1))
        };
        let mut sum = 0;
        for row in y..y + side {
            let then = within(row, -shift.1, self.height) * self.width;
            for column in x..x + side {
                let then = then + within(column, -shift.0, self.width);
                let now = now.sums[(row * now.width + column) as usize];
                sum += u32::from(self.sums[then as usize].abs_diff(now));
            }
        }
        sum
    }

    /// The sum over a square.
    fn sum(&self, (x, y): (u32, u32), side: u32) -> u32 {
        let columns = x as usize..(x + side) as usize;
        let rows = self.sums.chunks_exact(self.width as usize).skip(y as usize);
        let row = |row: &[u16]| row[columns.clone()].iter().map(|sum| u32::from(*sum)).sum::<u32>();
        rows.take(side as usize).map(row).sum()
    }

    /// Each sum, so many times as far from that of black.
    fn lit(&self, factor: f64, black: f64) -> Self {
        let lit = |sum: &u16| ((f64::from(*sum) - black) * factor + black + 0.5) as u16;
        Self { width: self.width, height: self.height, sums: self.sums.iter().map(lit).collect() }
    }

    fn follow(&mut self, now: &Self, (x, y): (u32, u32), side: u32) {
        for row in y..y + side {
            for column in x..x + side {
                let at = (row * self.width + column) as usize;
                let (then, now) = (u32::from(self.sums[at]), u32::from(now.sums[at]));
                self.sums[at] = ((then * 7 + now * 3 + 5) / 10) as u16;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same, point by point.
    fn by_the_book(
        bytes: &[u8],
        from: Size,
        to: Size,
        channels: usize,
        channel: usize,
    ) -> Vec<f32> {
        let read = |at: usize, length: u32, points: u32| -> Vec<usize> {
            let (length, points) = (length as usize, points as usize);
            let start = at * length / points;
            let end = ((at + 1) * length / points).max(start + 1);
            (start..end).step_by((end - start).div_ceil(MOST_READ)).collect()
        };
        let point = |at: usize| {
            let (row, column) = (at / to.width as usize, at % to.width as usize);
            let rows = read(row, from.height, to.height);
            let columns = read(column, from.width, to.width);
            let value = |y: usize, x: usize| {
                u32::from(bytes[(y * from.width as usize + x) * channels + channel])
            };
            let sum: u32 = rows.iter().flat_map(|y| columns.iter().map(|x| value(*y, *x))).sum();
            sum as f32 / (rows.len() * columns.len()) as f32
        };
        (0..to.area()).map(point).collect()
    }

    #[test]
    fn means_are_over_what_a_point_covers_in_every_size_and_channel() {
        for (from, to) in
            [((640, 480), (160, 120)), ((1283, 721), (160, 92)), ((163, 91), (160, 88))]
        {
            let (from, to) = (Size::new(from.0, from.1), Size::new(to.0, to.1));
            for (channels, channel) in [(1, 0), (3, 2)] {
                let count = from.area() * channels;
                let bytes: Vec<u8> = (0..count).map(|at| (at * at % 251) as u8).collect();
                let found = means(&bytes, from, to, channels, channel).unwrap();
                assert_eq!(found, by_the_book(&bytes, from, to, channels, channel), "{from:?}");
            }
        }
        assert_eq!(means(&[0; 9], Size::new(3, 4), Size::new(1, 1), 1, 0), None);
    }
}
