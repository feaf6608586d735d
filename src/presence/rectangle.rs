//! Four straight edges around a face, as a monitor on a desk behind somebody has them.
//!
//! Lines are looked for from the face outwards, where each must run without a gap as far as the face is near;
//! of those that are found, four must meet in corners. Only luma beside the lines is read, some ten thousand
//! points in a search and some hundred when a rectangle that is known is looked at again.

use crate::frame::Frame;
use crate::geometry::BoundingBox;

/// One side of a line is brighter than the other by so many levels, in each piece of it.
const LEAST_STEP: f32 = 8.0;
/// Both sides are read this far from the line, in parts of the face's width …
const REACH_IN_FACES: f32 = 0.05;
/// … and at least so many pixels.
const LEAST_REACH: f32 = 1.0;
/// How far a line may lean: its rise for each pixel along.
const SLOPES: [f32; 5] = [0.0, -0.03, 0.03, -0.06, 0.06];
/// Points of one piece of a line, and pieces of it beside the face, of a level and of an upright side.
const POINTS: u8 = 4;
const BESIDE_FACE: u8 = 8;
const PIECES: [u8; 2] = [16, 12];
/// Of the pieces beside the face as many must show the line, of a whole side …
const UNBROKEN: f32 = 0.85;
const WHOLE: f32 = 0.8;
/// … and beyond the corners no more: what goes on there is a desk, a shelf or a sill.
const BEYOND: f32 = 0.5;
/// That far beyond them, in parts of the width.
const BEYOND_SHARE: f32 = 0.12;
/// Of each side so many lines are kept, the clearest.
const MOST_LINES: usize = 4;
/// The largest rectangle, in widths and heights of the face: were the face as large as life, 0.9 m each. Doors
/// and most windows are larger. It is wider than high: a pane in a door is not.
const WIDEST: f32 = 6.0;
const HIGHEST: f32 = 4.0;
const LEAST_ASPECT: f32 = 1.3;

/// Which side of a rectangle a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Bottom,
    Top,
    Left,
    Right,
}

/// A nearly level or upright line, one side of which is brighter.
#[derive(Clone, Copy, Debug)]
struct Line {
    level: bool,
    /// A point of it: along the axis that it follows, and across.
    along: f32,
    across: f32,
    slope: f32,
    /// 1 where the right or the lower side is brighter, -1 where the other is.
    sign: f32,
}

/// A rectangle around a face, all of whose sides were seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rectangle {
    bottom: Line,
    top: Line,
    left: Line,
    right: Line,
    reach: f32,
}

/// A frame, and how far from lines it is read.
#[derive(Clone, Copy)]
struct Reader<'a> {
    frame: &'a Frame,
    reach: f32,
}

impl Line {
    fn across_at(&self, along: f32) -> f32 {
        self.across + self.slope * (along - self.along)
    }

    /// Where this level line meets an upright one.
    fn meets(&self, upright: &Self) -> (f32, f32) {
        let y = self.across_at(upright.across);
        let x = upright.across_at(y);
        (x, self.across_at(x))
    }
}

impl Rectangle {
    /// The clearest one around a face.
    pub(super) fn around(face: &BoundingBox, frame: &Frame) -> Option<Self> {
        let reach = (REACH_IN_FACES * face.width()).max(LEAST_REACH);
        let reader = Reader { frame, reach };
        let [bottoms, tops, lefts, rights] =
            [Side::Bottom, Side::Top, Side::Left, Side::Right].map(|side| reader.lines(face, side));
        let mut best: Option<(f32, Self)> = None;
        for (bottom, top) in pairs(&bottoms, &tops) {
            for (left, right) in pairs(&lefts, &rights) {
                let rectangle = Self { bottom, top, left, right, reach };
                let shown = rectangle.has_size_for(face).then(|| rectangle.shown(face, frame));
                if let Some(shown) = shown.flatten()
                    && best.is_none_or(|(most, _)| shown > most)
                {
                    best = Some((shown, rectangle));
                }
            }
        }
        best.map(|(_, rectangle)| rectangle)
    }

    /// Whether all of it is there, before which nothing is, least of all a body below this face.
    pub(super) fn is_whole(&self, face: &BoundingBox, frame: &Frame) -> bool {
        self.shown(face, frame).is_some()
    }

    /// The box that holds it.
    pub(super) fn bounds(&self) -> BoundingBox {
        let corners = self.corners();
        let least = |of: fn(&(f32, f32)) -> f32| corners.iter().map(of).fold(f32::MAX, f32::min);
        let most = |of: fn(&(f32, f32)) -> f32| corners.iter().map(of).fold(f32::MIN, f32::max);
        BoundingBox::new(least(|at| at.0), least(|at| at.1), most(|at| at.0), most(|at| at.1))
    }

    /// Of the left and right end of the bottom, then of the top.
    fn corners(&self) -> [(f32, f32); 4] {
        let Self { bottom, top, left, right, .. } = self;
        [bottom.meets(left), bottom.meets(right), top.meets(left), top.meets(right)]
    }

    fn has_size_for(&self, face: &BoundingBox) -> bool {
        let bounds = self.bounds();
        bounds.width() <= WIDEST * face.width()
            && bounds.height() <= HIGHEST * face.height()
            && bounds.width() >= LEAST_ASPECT * bounds.height()
    }

    /// How much of its sides is seen, if it is enough.
    fn shown(&self, face: &BoundingBox, frame: &Frame) -> Option<f32> {
        let reader = Reader { frame, reach: self.reach };
        let [bottom_left, bottom_right, top_left, top_right] = self.corners();
        let (x, width) = (face.center().0, face.width());
        let below = ((x - width).max(bottom_left.0), (x + width).min(bottom_right.0));
        reader.seen(&self.bottom, below, BESIDE_FACE, UNBROKEN)?;
        let [level, upright] = PIECES;
        let sides = reader.seen(&self.bottom, (bottom_left.0, bottom_right.0), level, WHOLE)?
            + reader.seen(&self.left, (top_left.1, bottom_left.1), upright, WHOLE)?
            + reader.seen(&self.right, (top_right.1, bottom_right.1), upright, WHOLE)?
            + reader.seen(&self.top, (top_left.0, top_right.0), level, WHOLE)?;
        let (beyond, apart) = (BEYOND_SHARE * (bottom_right.0 - bottom_left.0), 2.0 * self.reach);
        let before = (bottom_left.0 - apart - beyond, bottom_left.0 - apart);
        let after = (bottom_right.0 + apart, bottom_right.0 + apart + beyond);
        let goes_on = |span| reader.share(&self.bottom, span, POINTS) > BEYOND;
        (!goes_on(before) && !goes_on(after)).then_some(sides)
    }
}

impl Reader<'_> {
    /// The clearest lines on one side of a face.
    fn lines(&self, face: &BoundingBox, side: Side) -> [Option<Line>; MOST_LINES] {
        let (width, height) = (face.width(), face.height());
        let (from, to, level) = match side {
            Side::Bottom => (face.bottom, face.bottom + 2.2 * height, true),
            Side::Top => (face.top - 2.0 * height, face.top - 0.05 * height, true),
            Side::Left => (face.left - 4.5 * width, face.left - 0.1 * width, false),
            Side::Right => (face.right + 0.1 * width, face.right + 4.5 * width, false),
        };
        let (x, y) = face.center();
        let (along, half) = if level { (x, width) } else { (y, height / 2.0) };
        let mut clearest = Clearest { lines: [None; MOST_LINES], apart: 2.0 * self.reach };
        let mut across = from;
        while across < to {
            for (slope, sign) in SLOPES.iter().flat_map(|slope| [(*slope, 1.0), (*slope, -1.0)]) {
                let line = Line { level, along, across, slope, sign };
                if let Some(step) = self.step_beside(&line, (along - half, along + half)) {
                    clearest.take(line, step);
                }
            }
            across += self.reach;
        }
        clearest.lines.map(|line| line.map(|(line, _)| line))
    }

    /// How much brighter one side of a line is, where it is in all pieces but what may be missing.
    fn step_beside(&self, line: &Line, span: (f32, f32)) -> Option<f32> {
        let mut may_miss = ((1.0 - UNBROKEN) * f32::from(BESIDE_FACE)) as u8;
        let mut sum = 0.0;
        for piece in pieces(span, BESIDE_FACE) {
            let step = self.step(line, piece, 0.0)?;
            if step < LEAST_STEP {
                may_miss = may_miss.checked_sub(1)?;
            }
            sum += step;
        }
        Some(sum / f32::from(BESIDE_FACE))
    }

    /// The share of a line's pieces in which it is seen, if that is enough.
    fn seen(&self, line: &Line, span: (f32, f32), count: u8, enough: f32) -> Option<f32> {
        Some(self.share(line, span, count)).filter(|share| *share >= enough)
    }

    fn share(&self, line: &Line, span: (f32, f32), count: u8) -> f32 {
        // A lens bends it, and a slope is known roughly.
        let places = [0.0, -self.reach, self.reach];
        let is_seen = |piece: &(f32, f32)| {
            let mut steps = places.iter().filter_map(|off| self.step(line, *piece, *off));
            steps.any(|step| step >= LEAST_STEP)
        };
        pieces(span, count).filter(is_seen).count() as f32 / f32::from(count)
    }

    /// How much brighter one side of a piece of a line is. None outside of the frame.
    fn step(&self, line: &Line, (from, to): (f32, f32), off: f32) -> Option<f32> {
        let mut sum = 0.0;
        for (from, to) in pieces((from, to), POINTS) {
            let along = f32::midpoint(from, to);
            let across = line.across_at(along) + off;
            let (before, after) = (across - self.reach, across + self.reach);
            sum += if line.level {
                self.luma(along, after)? - self.luma(along, before)?
            } else {
                self.luma(after, along)? - self.luma(before, along)?
            };
        }
        Some(sum / f32::from(POINTS) * line.sign)
    }

    fn luma(&self, x: f32, y: f32) -> Option<f32> {
        let size = self.frame.size;
        let within = x >= 0.0 && y >= 0.0 && x < size.width as f32 && y < size.height as f32;
        within.then(|| f32::from(self.frame.luma(x as u32, y as u32)))
    }
}

/// The clearest lines, with how much brighter one side is.
struct Clearest {
    lines: [Option<(Line, f32)>; MOST_LINES],
    /// Nearer ones are the same.
    apart: f32,
}

impl Clearest {
    fn take(&mut self, line: Line, step: f32) {
        let near = |known: &Line| (known.across - line.across).abs() <= self.apart;
        let same = self.lines.iter().position(|known| known.is_some_and(|(known, _)| near(&known)));
        let place = same.unwrap_or_else(|| {
            let steps = self.lines.map(|known| known.map_or(0.0, |(_, step)| step));
            (0..MOST_LINES).min_by(|a, b| steps[*a].total_cmp(&steps[*b])).unwrap_or_default()
        });
        if self.lines[place].is_none_or(|(_, least)| step > least) {
            self.lines[place] = Some((line, step));
        }
    }
}

fn pairs<'a>(
    one: &'a [Option<Line>; MOST_LINES],
    other: &'a [Option<Line>; MOST_LINES],
) -> impl Iterator<Item = (Line, Line)> + 'a {
    one.iter().flatten().flat_map(|one| other.iter().flatten().map(|other| (*one, *other)))
}

/// Cuts a span into equal pieces.
fn pieces((from, to): (f32, f32), count: u8) -> impl Iterator<Item = (f32, f32)> {
    let length = (to - from) / f32::from(count);
    (0..count).map(move |index| {
        let start = from + length * f32::from(index);
        (start, start + length)
    })
}
