//! Whether a weak find is the face that was found well a moment before.
//!
//! ```text
//! found well ───────────> a running mean of the face
//! found weakly, there ──> laid over it: as a whole, and each of its thirds
//! ```
//!
//! A detector finds something of a face in two hands that cover one, and less of a face in a hand before the
//! mouth. Scores do not tell them apart; what was there before does. Before a covered face nothing is as it
//! was, neither the whole nor any third. Of one that is seen some third is, whatever the score: noise, little
//! light and distance take from the score, and not from where eyes, nose and mouth are.
//!
//! A head that turns is like nothing before it either. So a face is covered only when it is small, as those are whose
//! hands are found as a face, was found well up to
//! a second before, the camera stood still, and a second look is as unlike; and for ten seconds, for what lasts is how
//! it looks now. Nothing is said of faces that are cut by the frame's edge or nearly without contrast.

use std::time::Duration;

use super::crop::{FaceCrop, SIDE};
use super::view::is_on_same_head;
use crate::detection::Detection;
use crate::frame::Frame;
use crate::geometry::BoundingBox;
use crate::time::MediaTime;

/// A face found with this score is one, and what it looks like is remembered.
const WELL: f32 = 0.85;
/// A find below this score is held against that. In between, no question arises: two hands have 0.52 to 0.73 in
/// all looks but one, small heads in profile in few bits, under haze or far away mostly 0.75 and more.
const WEAK: f32 = 0.75;
/// Larger faces, by their longer side in pixels, are not covered by what is found as one: no two hands are then. A
/// head in profile under haze is found as weakly, and is as unlike.
const LARGEST_COVERED: f32 = 120.0;
/// Covered: the whole correlates with what was there by less than this, and …
///
/// Two hands have 0.58 at most; faces that are found weakly in noise, little light and few bits mostly more,
/// and with a hand before the eyes 0.55 and more.
pub const COVERED_WHOLE: f32 = 0.62;
/// … none of its thirds by as much. Two hands have 0.74 at most; a face with a hand before the eyes 0.80
/// and more.
pub const COVERED_THIRD: f32 = 0.76;
/// Seen, however low its score: a third correlates by as much.
///
/// A hand before the mouth leaves 0.92 and more of the eyes; faces that leave the picture or are covered while they are
/// still found, 0.86 at most.
pub const SEEN_THIRD: f32 = 0.9;
/// It was found well up to so long before it was covered.
const SUDDEN: Duration = Duration::from_millis(1_050);
/// What was remembered holds for so long.
const LASTS: Duration = Duration::from_secs(10);
/// The part of each look in the running mean.
const FOLLOWS: f32 = 0.3;
/// What is compared is so many times as large as the face, with what it needs to be moved.
const AROUND: f32 = 1.2;
/// Of that so much lies within the frame.
const WITHIN_FRAME: f32 = 0.95;
/// Smaller faces, in pixels, are too few of them.
const SMALLEST_FACE: f32 = 20.0;
/// A face with less contrast (variance, in squared luma levels) drowns in noise.
const LEAST_CONTRAST: f32 = 64.0;
/// Points that are compared, of the 48 of a crop: the face is higher than wide.
const TOP: usize = 4;
const LEFT: usize = 8;
const ROWS: usize = SIDE - 2 * TOP;
const COLUMNS: usize = SIDE - 2 * LEFT;
/// A third and some, from these rows on.
const THIRDS: [usize; 3] = [0, 12, 24];
const THIRD: usize = 16;
/// Boxes are off by so many points, across and down …
const SHIFTS: [usize; 5] = [0, 2, 4, 6, 8];
/// … and by these factors.
const SIZES: [f32; 3] = [0.88, 1.0, 1.13];
/// Columns are summed side by side.
const LANES: usize = 8;

/// How a face that was found weakly is like what was found well there. Of several finds of it, two hands have
/// two, the one that is most like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaceLikeness {
    /// Where it is, in pixels of the frame.
    pub face: BoundingBox,
    /// Correlation of the whole, -1 to 1.
    pub whole: f32,
    /// Correlation of the third that is most like, -1 to 1.
    pub third: f32,
    /// The score fell within a second, while the camera stood still, and this is not the first look that is unlike.
    pub lasts: bool,
}

impl FaceLikeness {
    /// Something is before the face, and what is found there is none.
    pub(super) fn covers(&self, find: &Detection) -> bool {
        let is_small = self.face.width().max(self.face.height()) < LARGEST_COVERED;
        let covered = self.lasts && is_small && self.is_unlike();
        covered && is_on_same_head(&self.face, &find.bounding_box)
    }

    fn is_unlike(&self) -> bool {
        self.whole < COVERED_WHOLE && self.third < COVERED_THIRD
    }

    /// This find is the face, however low its score.
    pub(super) fn shows(&self, find: &Detection) -> bool {
        self.third >= SEEN_THIRD && self.face == find.bounding_box
    }
}

/// Remembers a face, and holds weak finds against it.
#[derive(Clone, Debug, Default)]
pub struct LikenessWatch {
    known: Option<Known>,
    now: FaceCrop,
}

#[derive(Clone, Debug)]
struct Known {
    /// Where it was found last, well or weakly.
    face: BoundingBox,
    well_at: MediaTime,
    /// It is covered, or may be, since it was found well.
    fell: bool,
    /// The look before was like nothing of it.
    was_unlike: bool,
    mean: FaceCrop,
}

impl LikenessWatch {
    /// Takes the faces of a look. `calm`: the camera stands still. None when none of them is weak and where one was
    /// found well, or nothing can be said of it.
    pub fn look(&mut self, frame: &Frame, faces: &[Detection], calm: bool) -> Option<FaceLikeness> {
        let at = frame.pts;
        self.known.take_if(|known| at.since(known.well_at) > LASTS);
        let place = self.known.as_ref().map(|known| known.face);
        let here =
            |it: &&Detection| place.is_some_and(|then| is_on_same_head(&then, &it.bounding_box));
        let own = || faces.iter().filter(here);
        let Some(best) = own().max_by(|a, b| a.score.total_cmp(&b.score)) else {
            let area = |it: &&Detection| it.bounding_box.area();
            let well = faces.iter().filter(|it| it.score >= WELL);
            let largest = well.max_by(|a, b| area(a).total_cmp(&area(b)))?;
            self.known = None;
            self.remember(frame, largest.bounding_box);
            return None;
        };
        if best.score >= WELL {
            self.remember(frame, best.bounding_box);
            return None;
        }
        let known = self.known.as_mut()?;
        known.face = best.bounding_box;
        if best.score >= WEAK {
            return None;
        }
        known.fell = calm && (known.fell || at.since(known.well_at) <= SUDDEN);
        let lasts = known.fell && known.was_unlike;
        let likeness = |find: &Detection| {
            let face = find.bounding_box;
            let seen = cut(&mut self.now, frame, &face).then(|| compared(&known.mean, &self.now));
            let (whole, third) = seen??;
            Some(FaceLikeness { face, whole, third, lasts })
        };
        let found = own().filter_map(likeness);
        let likeness = found.max_by(|a, b| a.third.total_cmp(&b.third))?;
        known.was_unlike = likeness.is_unlike();
        Some(likeness)
    }

    fn remember(&mut self, frame: &Frame, face: BoundingBox) {
        let well_at = frame.pts;
        if !cut(&mut self.now, frame, &face) {
            self.known = None;
        } else if let Some(known) = &mut self.known {
            known.mean.follow(&self.now, FOLLOWS);
            (known.face, known.well_at) = (face, well_at);
            (known.fell, known.was_unlike) = (false, false);
        } else {
            self.known = Some(Known {
                face,
                well_at,
                fell: false,
                was_unlike: false,
                mean: self.now.clone(),
            });
        }
    }
}

fn cut(crop: &mut FaceCrop, frame: &Frame, face: &BoundingBox) -> bool {
    let side = face.width().max(face.height());
    side >= SMALLEST_FACE && crop.cut_within(frame, &face.grown(AROUND), WITHIN_FRAME)
}

/// Sums over points of two pictures.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    points: f32,
    one: f32,
    other: f32,
    ones: f32,
    others: f32,
    both: f32,
}

impl Sums {
    fn of_row(one: &[f32], other: &[f32]) -> Self {
        let mut lanes = [[0.0_f32; LANES]; 5];
        for (one, other) in one.chunks_exact(LANES).zip(other.chunks_exact(LANES)) {
            for lane in 0..LANES {
                let (a, b) = (one[lane], other[lane]);
                lanes[0][lane] += a;
                lanes[1][lane] += b;
                lanes[2][lane] += a * a;
                lanes[3][lane] += b * b;
                lanes[4][lane] += a * b;
            }
        }
        let [one, other, ones, others, both] = lanes.map(|lane| lane.iter().sum());
        Self { points: COLUMNS as f32, one, other, ones, others, both }
    }

    fn over(rows: &[Self]) -> Self {
        rows.iter().fold(Self::default(), |sum, row| Self {
            points: sum.points + row.points,
            one: sum.one + row.one,
            other: sum.other + row.other,
            ones: sum.ones + row.ones,
            others: sum.others + row.others,
            both: sum.both + row.both,
        })
    }

    fn variance(&self) -> f32 {
        self.ones / self.points - (self.one / self.points).powi(2)
    }

    /// 0 when one of them is flat.
    fn correlation(&self) -> f32 {
        let shared = self.both * self.points - self.one * self.other;
        let spread = (self.ones * self.points - self.one * self.one)
            * (self.others * self.points - self.other * self.other);
        if spread > 0.0 { shared / spread.sqrt() } else { 0.0 }
    }
}

/// Largest correlation of the whole and of any third, wherever and however large the face is in the box around
/// it. None when the older one shows too little.
fn compared(then: &FaceCrop, now: &FaceCrop) -> Option<(f32, f32)> {
    let then = centred(then.luma());
    let lines = |crop: &[f32; SIDE * SIDE], at: [usize; 2], other: &[f32; SIDE * SIDE]| {
        std::array::from_fn::<Sums, ROWS, _>(|row| {
            let own = (row + TOP) * SIDE + LEFT;
            let moved = (row + at[1]) * SIDE + LEFT - TOP + at[0];
            Sums::of_row(&crop[own..own + COLUMNS], &other[moved..moved + COLUMNS])
        })
    };
    let in_place = lines(&then, [TOP, TOP], &then);
    if Sums::over(&in_place).variance() < LEAST_CONTRAST {
        return None;
    }
    let mut best = (-1.0_f32, -1.0_f32);
    for size in SIZES {
        let now = centred(&sized(now.luma(), size));
        for at in SHIFTS.iter().flat_map(|across| SHIFTS.map(|down| [*across, down])) {
            let rows = lines(&then, at, &now);
            let thirds = THIRDS.map(|from| Sums::over(&rows[from..from + THIRD]).correlation());
            best.0 = best.0.max(Sums::over(&rows).correlation());
            best.1 = thirds.into_iter().fold(best.1, f32::max);
        }
    }
    Some(best)
}

/// Without its mean, so that sums keep their precision.
fn centred(luma: &[f32; SIDE * SIDE]) -> [f32; SIDE * SIDE] {
    let mean = luma.iter().sum::<f32>() / luma.len() as f32;
    luma.map(|luma| luma - mean)
}

/// Its middle, of so many times the side, on as many points; beyond the edge, what is at the edge.
fn sized(luma: &[f32; SIDE * SIDE], size: f32) -> [f32; SIDE * SIDE] {
    let middle = (SIDE as f32 - 1.0) / 2.0;
    let taps: [(usize, f32); SIDE] = std::array::from_fn(|index| {
        let place = (index as f32 - middle) * size + middle;
        let place = place.clamp(0.0, SIDE as f32 - 1.001);
        (place as usize, place.fract())
    });
    let mut lines = [0.0; SIDE * SIDE];
    for (line, from) in lines.chunks_exact_mut(SIDE).zip(luma.chunks_exact(SIDE)) {
        for (point, (at, part)) in line.iter_mut().zip(taps) {
            *point = from[at] + (from[at + 1] - from[at]) * part;
        }
    }
    std::array::from_fn(|index| {
        let ((at, part), column) = (taps[index / SIDE], index % SIDE);
        let (upper, lower) = (lines[at * SIDE + column], lines[(at + 1) * SIDE + column]);
        upper + (lower - upper) * part
    })
}
