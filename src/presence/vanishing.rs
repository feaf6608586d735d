//! Whether the candidate is still there when the face is not: behind a sheet, a hand, a cup.
//!
//! ```text
//! face in view ──> small pictures of the last second ┐
//! face gone, in place ──> the silhouette in the one of half a second before: its cells, without the face
//! every look after that ──> the share of those cells that are as they were
//! ```
//!
//! Who leaves takes everything along: nothing of them is left in the place of any cell. Who hides the
//! face has shoulders, arms and hair where they were, however little of them shows. What stays when the
//! candidate leaves (the back of a chair that was taken for a part of them) would be taken for the
//! candidate; so the face must have vanished where it was, too. Those who leave move it, and most of all
//! before it is lost.
//!
//! Nothing is said in noise and little light, when the camera moves, and of a picture that is all candidate.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::picture::PictureStats;
use super::policy::Policy;
use super::small::{CELL, Shift, Smooth, shrunk};
use super::window::Window;
use crate::detection::{Detection, Silhouette};
use crate::frame::Frame;
use crate::geometry::{BoundingBox, Size};
use crate::time::MediaTime;

/// The candidate is there from this share on. Hidden: 0.13 and more. Left: 0.02 at most, and 0.04 where
/// they cross the picture.
pub const STILL_THERE: f64 = 0.06;
/// The silhouette is taken from a look this long before the last one with a face: in between, what will
/// hide the face comes into the picture.
const BEFORE: Duration = Duration::from_millis(350);
/// The face's way is looked at for as long, and pictures are kept for it.
const KEPT_FOR: Duration = Duration::from_millis(1_050);
/// Pictures are kept this far apart, so that few are.
const BETWEEN: Duration = Duration::from_millis(150);
/// In place: the face was nowhere further than so many of its widths from where it was in the second
/// before. Hidden faces: 0.14 at most. Of those who left: 0.3 and more, and 0.01 for one who ducked.
const IN_PLACE: f32 = 0.25;
/// A face that is found this well where one was is still there.
const STILL_A_FACE: f32 = 0.5;
/// A face found this near to the last one, in widths, is the same.
const SAME_FACE: f32 = 1.0;
/// A face that overlaps one that was in view beside the candidate's by as much is that one.
const SAME_PLACE_IOU: f32 = 0.3;
/// A cell is as it was when it differs by this part of the picture's light, or two levels: what else is
/// on people is rarely that near to what is behind them.
const TOLERANCE: f64 = 0.02;
const LEAST_TOLERANCE: f64 = 2.0;
/// In less light, two levels are too much of it: there it is this part of the light …
const TOLERANCE_IN_THE_DARK: f64 = 1.0 / 30.0;
const DARK: f64 = 60.0;
/// … if the noise is no more than this part of it; otherwise, and in less light yet, nothing can be said.
const NOISE_IN_THE_DARK: f64 = 0.08;
const LEAST_LIGHT: f64 = 15.0;
/// Light that changes by these factors is taken off, where what is behind the candidate shows it.
const OTHER_LIGHT: RangeInclusive<f64> = 0.6..=1.6;
/// Where this much of the background is as it was, the light is, too.
const SAME_LIGHT: f64 = 0.5;
/// Fewer cells say nothing.
const FEWEST_CELLS: usize = 20;
/// Less of what is behind the candidate is as it was: the camera moves. A hand right before the lens
/// leaves a fifth.
const SAME_BACKGROUND: f64 = 0.15;
/// Where the silhouette shows a person, and where it shows none.
const PERSON: f32 = 0.5;
const NOBODY: f32 = 0.3;
/// People move a little: they are looked for within so many steps, of two points each.
const SHIFTS: [Shift; 17] = shifts();

const fn shifts() -> [Shift; 17] {
    let mut shifts = [(0, 0); 17];
    let mut place = 1;
    let mut reach = 1;
    while reach <= 2 {
        let mut at = 0;
        while at < 9 {
            if at != 4 {
                shifts[place] = ((at % 3 - 1) * reach, (at / 3 - 1) * reach);
                place += 1;
            }
            at += 1;
        }
        reach += 1;
    }
    shifts
}

/// Watches how a face vanishes, and what stays.
#[derive(Debug, Default)]
pub struct Vanishing {
    /// The face, while it is in view, in pixels.
    face: Option<BoundingBox>,
    /// Faces that were in view beside it: none of them is its return.
    others: Vec<BoundingBox>,
    /// Looks of the last second with it.
    looks: VecDeque<Kept>,
    asks: Option<Kept>,
    before: Option<Before>,
}

/// A look: the part of it around the face, made small. The face is in pixels of the frame.
#[derive(Debug)]
struct Kept {
    at: MediaTime,
    face: BoundingBox,
    window: Window,
    picture: Frame,
}

/// The candidate as they were before the face vanished.
#[derive(Debug)]
struct Before {
    face: BoundingBox,
    window: Window,
    own: Vec<usize>,
    background: Vec<usize>,
    picture: Smooth,
}

impl Vanishing {
    /// Takes a look in which faces were looked for.
    pub fn look(&mut self, policy: &Policy, frame: &Frame, faces: &[Detection]) {
        self.asks = None;
        let boxes = |least: f32| {
            faces.iter().filter(move |face| face.score >= least).map(|face| face.bounding_box)
        };
        let largest = |a: &BoundingBox, b: &BoundingBox| a.area().total_cmp(&b.area());
        let last = self.face;
        let same = |face: &BoundingBox| last.is_some_and(|last| apart(&last, face) <= SAME_FACE);
        let known =
            |face: &BoundingBox| self.others.iter().any(|other| other.iou(face) >= SAME_PLACE_IOU);
        let new = || boxes(policy.face.enter).filter(|face| !known(face)).max_by(largest);
        self.face = boxes(STILL_A_FACE).filter(same).max_by(largest).or_else(new);
        if let Some(own) = self.face {
            self.others = boxes(policy.face.enter).filter(|face| *face != own).collect();
            self.keep(frame, &own);
        } else if last.is_some() {
            self.vanished(frame.pts);
        }
    }

    fn keep(&mut self, frame: &Frame, face: &BoundingBox) {
        let at = frame.pts;
        self.looks.retain(|kept| at.since(kept.at) <= KEPT_FOR);
        if self.looks.back().is_some_and(|last| at.since(last.at) < BETWEEN) {
            return;
        }
        let window = Window::around(face, frame.size);
        let Some(picture) = window.cut(frame).and_then(|part| shrunk(&part)) else { return };
        self.looks.push_back(Kept { at, face: *face, window, picture });
    }

    /// The face is gone: which picture tells where the candidate was?
    fn vanished(&mut self, at: MediaTime) {
        let Some(last) = self.looks.back() else { return };
        let (last_at, face) = (last.at, last.face);
        let ways =
            self.looks.iter().flat_map(|a| self.looks.iter().map(|b| apart(&a.face, &b.face)));
        let since_before = self.before.iter().map(|before| apart(&before.face, &face));
        let in_place =
            at.since(last_at) <= KEPT_FOR && ways.chain(since_before).all(|way| way <= IN_PLACE);
        let old_enough = self.looks.iter().rposition(|kept| last_at.since(kept.at) >= BEFORE);
        match old_enough {
            _ if !in_place => self.before = None,
            Some(place) => {
                self.before = None;
                self.asks = self.looks.drain(..).nth(place);
            }
            // A face that was found for a moment: what was known of the candidate still holds.
            None => {}
        }
        self.looks.clear();
    }

    /// The candidate's face, while it is in view, in pixels.
    pub const fn face(&self) -> Option<BoundingBox> {
        self.face
    }

    /// The picture whose silhouette is wanted, if any.
    pub fn asks(&self) -> Option<&Frame> {
        self.asks.as_ref().map(|kept| &kept.picture)
    }

    /// The silhouette in the picture of [`Vanishing::asks`].
    pub fn told(&mut self, silhouette: &Silhouette) {
        let Some(kept) = self.asks.take() else { return };
        self.before = Before::new(&kept, silhouette);
    }

    /// The share of the candidate's cells that are as they were; None where that cannot be said, and
    /// while the face is in view.
    pub fn share(&mut self, frame: &Frame, picture: &PictureStats) -> Option<f64> {
        let tolerance = tolerance(picture)?;
        if self.face.is_some() {
            return None;
        }
        let before = self.before.as_mut()?;
        let now = shrunk(&*before.window.cut(frame)?)?;
        before.share(&Smooth::of(&now)?, tolerance)
    }
}

/// By how many levels a cell may differ and be as it was. None where that cannot be said.
fn tolerance(picture: &PictureStats) -> Option<f64> {
    let light = picture.light;
    let noise = picture.change.map_or(0.0, |change| change.noise);
    let enough = light >= DARK || light >= LEAST_LIGHT && noise <= light * NOISE_IN_THE_DARK;
    let least = LEAST_TOLERANCE.min(light * TOLERANCE_IN_THE_DARK);
    enough.then(|| (light * TOLERANCE).max(least))
}

/// How far two faces are apart, in widths of the first.
fn apart(a: &BoundingBox, b: &BoundingBox) -> f32 {
    let ((ax, ay), (bx, by)) = (a.center(), b.center());
    (ax - bx).hypot(ay - by) / a.width().max(1.0)
}

impl Before {
    /// None when too little of the candidate but the face shows.
    fn new(kept: &Kept, silhouette: &Silhouette) -> Option<Self> {
        let picture = Smooth::of(&kept.picture)?;
        let cells = picture.cells();
        let face = kept.window.in_points(&kept.face, kept.picture.size);
        let (mut own, mut background) = (Vec::new(), Vec::new());
        for cell in 0..cells.area() {
            let (column, row) = (cell as u32 % cells.width, cell as u32 / cells.width);
            let shares = around(silhouette, kept.picture.size, (column * CELL, row * CELL));
            let least = shares.clone().fold(f32::INFINITY, f32::min);
            let most = shares.fold(0.0, f32::max);
            let (x, y) = (column * CELL + CELL / 2, row * CELL + CELL / 2);
            if most < NOBODY {
                background.push(cell);
            } else if least >= PERSON && !is_face(&face, x as f32, y as f32) {
                own.push(cell);
            }
        }
        let enough = own.len() >= FEWEST_CELLS && background.len() >= FEWEST_CELLS;
        enough.then_some(Self { face: kept.face, window: kept.window, own, background, picture })
    }

    fn share(&mut self, now: &Smooth, tolerance: f64) -> Option<f64> {
        if now.cells() != self.picture.cells() {
            return None;
        }
        let mut background = self.background_in(now, tolerance);
        let mut other_light = None;
        if self.part_of_background(&background) < SAME_LIGHT {
            let factor = self.picture.light_of(now, &self.background);
            if OTHER_LIGHT.contains(&factor) {
                // As it would be in the light that was.
                let lit = now.lit(1.0 / factor);
                let found = self.background_in(&lit, tolerance);
                if found.len() > background.len() {
                    (background, other_light) = (found, Some(lit));
                }
            }
        }
        if self.part_of_background(&background) < SAME_BACKGROUND {
            return None;
        }
        let now = other_light.as_ref().unwrap_or(now);
        let mut found = Vec::new();
        for shift in SHIFTS {
            let same = self.same(now, &self.own, shift, tolerance);
            if same.len() > found.len() {
                found = same;
            }
            if found.len() * 2 > self.own.len() {
                break;
            }
        }
        for cell in found.iter().chain(&background) {
            self.picture.follow(now, *cell);
        }
        Some(found.len() as f64 / self.own.len() as f64)
    }

    /// Which of these cells are in `now` as they were.
    fn same(&self, now: &Smooth, cells: &[usize], shift: Shift, tolerance: f64) -> Vec<usize> {
        let same = |cell: &usize| self.picture.is_in(now, *cell, shift, tolerance);
        cells.iter().copied().filter(same).collect()
    }

    fn background_in(&self, now: &Smooth, tolerance: f64) -> Vec<usize> {
        self.same(now, &self.background, (0, 0), tolerance)
    }

    fn part_of_background(&self, same: &[usize]) -> f64 {
        same.len() as f64 / self.background.len() as f64
    }
}

/// What a silhouette says of a cell of a picture and of two points around it.
fn around(
    silhouette: &Silhouette,
    picture: Size,
    (x, y): (u32, u32),
) -> impl Iterator<Item = f32> + Clone {
    let span = |at: u32, side: u32, points: u32| {
        let low = at.saturating_sub(CELL / 2) * points / side;
        let high = ((at + CELL + CELL / 2).min(side) * points).div_ceil(side);
        low as usize..(high as usize).min(points as usize)
    };
    let columns = span(x, picture.width, silhouette.size.width);
    let rows = span(y, picture.height, silhouette.size.height);
    let line = silhouette.size.width as usize;
    rows.flat_map(move |row| {
        silhouette.shares.get(row * line + columns.start..row * line + columns.end).unwrap_or(&[])
    })
    .copied()
}

/// Whether a point lies in the face, or in the hair above it.
fn is_face(face: &BoundingBox, x: f32, y: f32) -> bool {
    let (centre, _) = face.center();
    (x - centre).abs() <= 0.6 * face.width()
        && y >= face.top - 0.3 * face.height()
        && y <= face.bottom + 0.1 * face.height()
}
