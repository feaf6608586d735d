//! Pictures so coarse that the noise of a camera and what a codec leaves out hardly change them, and how far they
//! are from each other.

use super::picture::LumaGrid;

pub(super) const COLUMNS: usize = 16;
const ROWS: usize = 12;
pub(super) const CELLS: usize = COLUMNS * ROWS;
/// Means of cells are whole numbers of so many parts of a level.
const PARTS: u32 = 8;

/// Means of 16 x 12 cells of a picture, in eighths of a level.
#[derive(Clone, Copy)]
pub(super) struct Coarse(pub(super) [i16; CELLS]);

impl Coarse {
    pub(super) fn of(picture: &LumaGrid) -> Self {
        let mut means = [0; CELLS];
        picture.cell_means::<COLUMNS>(PARTS, &mut means);
        Self(means)
    }

    /// Mean square of the cells' differences, in squared levels.
    pub(super) fn squared_distance(&self, other: &Self) -> f32 {
        let pairs = self.0.iter().zip(&other.0);
        let sum: i32 = pairs.map(|(one, other)| i32::from(one - other).pow(2)).sum();
        sum as f32 / (CELLS as u32 * PARTS * PARTS) as f32
    }
}

/// Squared distance of a point from a segment, from the squares of its distances from both ends and of the
/// segment's length.
pub(super) fn to_segment(one: f32, other: f32, length: f32) -> f32 {
    let along = (one - other + length) / (2.0 * length);
    if length > 0.0 && (0.0..=1.0).contains(&along) {
        (one - along * along * length).max(0.0)
    } else {
        one.min(other)
    }
}
