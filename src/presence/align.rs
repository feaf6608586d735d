//! How two crops of a face differ when one is laid over the other.
//!
//! Inverse compositional alignment by an affine map (Lucas and Kanade; Baker and Matthews 2004), free
//! of gain and offset: what is compared has no mean, and its slope on the other is one. A picture
//! that is moved, turned, tilted a little, held closer or lit differently is the same picture.

use super::crop::SIDE;

/// Points left out on each side: the crops do not show the same there.
const MARGIN: usize = 6;
const INNER: usize = SIDE - 2 * MARGIN;
const POINTS: usize = INNER * INNER;
/// Points a block, on each side: about an eye.
const BLOCK: usize = 6;
const BLOCKS: usize = INNER / BLOCK;
const MOST_STEPS: usize = 12;
/// The map is found when a step moves no point by more than this, in points.
const SETTLED: f64 = 0.01;
/// Added to the normal matrix, in parts of its mean diagonal: a face without texture has no place.
const DAMPING: f64 = 1e-3;
/// What a mean over 3 x 3 points leaves of the noise, in parts of what it takes away. White noise
/// would leave an eighth; that of a crop is correlated.
const NOISE_LEFT: f32 = 0.25;

const CENTER: f32 = (SIDE as f32 - 1.0) / 2.0;

/// Lays crops over each other. Holds its working memory.
#[derive(Clone)]
pub(super) struct Aligner {
    /// The older crop without its mean, and its slopes.
    template: Box<[f32; POINTS]>,
    across: Box<[f32; POINTS]>,
    down: Box<[f32; POINTS]>,
    residual: Box<[f32; POINTS]>,
}

/// What is left when one crop lies on the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Difference {
    /// Variance of the older crop, in squared luma levels.
    pub contrast: f32,
    /// Largest mean square of what is left in any block, without noise, in parts of the contrast.
    pub change: f32,
}

/// For the place across and the one down: its part along x, along y, and its shift. Around the middle,
/// in parts of half the crop.
type Map = [[f64; 3]; 2];

const IDENTITY: Map = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];

impl std::fmt::Debug for Aligner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Aligner").finish_non_exhaustive()
    }
}

impl Default for Aligner {
    fn default() -> Self {
        let points = || Box::new([0.0; POINTS]);
        Self { template: points(), across: points(), down: points(), residual: points() }
    }
}

impl Aligner {
    /// Compares a crop with an older one. None when the older one shows less than `least_contrast`.
    pub(super) fn compare(
        &mut self,
        then: &[f32; SIDE * SIDE],
        now: &[f32; SIDE * SIDE],
        least_contrast: f32,
    ) -> Option<Difference> {
        let contrast = self.take_template(then);
        if contrast < least_contrast {
            return None;
        }
        let factor = factored(&self.normal_matrix(contrast));
        let (mut map, mut best) = (IDENTITY, (f32::INFINITY, IDENTITY));
        for _ in 0..MOST_STEPS {
            let left = self.lay(now, &map, contrast);
            if left < best.0 {
                best = (left, map);
            }
            let step = solved(&factor, self.descent());
            map = composed(&map, &inverted(&step)?);
            if step.iter().all(|part| part.abs() < SETTLED) {
                break;
            }
        }
        if self.lay(now, &map, contrast) > best.0 {
            self.lay(now, &best.1, contrast);
        }
        Some(Difference { contrast, change: self.largest_change() / contrast })
    }

    /// Gives the variance.
    fn take_template(&mut self, crop: &[f32; SIDE * SIDE]) -> f32 {
        let mut sum = 0.0;
        for row in 0..INNER {
            for column in 0..INNER {
                let (at, point) = ((row + MARGIN) * SIDE + column + MARGIN, row * INNER + column);
                self.template[point] = crop[at];
                self.across[point] = (crop[at + 1] - crop[at - 1]) / 2.0;
                self.down[point] = (crop[at + SIDE] - crop[at - SIDE]) / 2.0;
                sum += crop[at];
            }
        }
        let mean = sum / POINTS as f32;
        let mut squares = 0.0;
        for luma in self.template.iter_mut() {
            *luma -= mean;
            squares += *luma * *luma;
        }
        squares / POINTS as f32
    }

    /// Of the slopes along the six numbers of the map, less what gain and offset explain.
    fn normal_matrix(&self, contrast: f32) -> [[f64; 6]; 6] {
        let mut products = [[0.0_f32; 6]; 6];
        let (mut sums, mut shared) = ([0.0_f32; 6], [0.0_f32; 6]);
        for (point, template) in self.template.iter().enumerate() {
            let slopes = self.slopes(point);
            for (index, slope) in slopes.iter().enumerate() {
                sums[index] += slope;
                shared[index] += slope * template;
                for (product, other) in products[index].iter_mut().zip(&slopes) {
                    *product += slope * other;
                }
            }
        }
        let points = POINTS as f64;
        let mut matrix = [[0.0; 6]; 6];
        for row in 0..6 {
            for column in 0..6 {
                let offset = f64::from(sums[row]) * f64::from(sums[column]) / points;
                let gain = f64::from(shared[row]) * f64::from(shared[column])
                    / (points * f64::from(contrast));
                matrix[row][column] = f64::from(products[row][column]) - offset - gain;
            }
        }
        let damping = (0..6).map(|index| matrix[index][index]).sum::<f64>() / 6.0 * DAMPING;
        for (index, row) in matrix.iter_mut().enumerate() {
            row[index] += damping.max(1e-9);
        }
        matrix
    }

    fn slopes(&self, point: usize) -> [f32; 6] {
        let (x, y) = place(point);
        let (across, down) = (self.across[point], self.down[point]);
        [across * x, across * y, across, down * x, down * y, down]
    }

    fn descent(&self) -> [f64; 6] {
        let mut descent = [0.0_f32; 6];
        for (point, residual) in self.residual.iter().enumerate() {
            let slopes = self.slopes(point);
            descent.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += slope * residual);
        }
        descent.map(f64::from)
    }

    /// Lays `now` over the template and keeps what is left. Gives its share of the contrast, less
    /// what gain and offset explain.
    fn lay(&mut self, now: &[f32; SIDE * SIDE], map: &Map, contrast: f32) -> f32 {
        let map = map.map(|row| row.map(|part| part as f32));
        let mut sum = 0.0;
        for (point, left) in self.residual.iter_mut().enumerate() {
            let (x, y) = place(point);
            let along = |row: &[f32; 3]| (row[0] * x + row[1] * y + row[2]) * CENTER + CENTER;
            *left = interpolated(now, along(&map[0]), along(&map[1]));
            sum += *left;
        }
        let mean = sum / POINTS as f32;
        let mut shared = 0.0;
        for (left, template) in self.residual.iter().zip(self.template.iter()) {
            shared += (left - mean) * template;
        }
        let slope = shared / POINTS as f32 / contrast;
        // Not alike at all: taken as it is.
        let gain = if slope > 0.3 { slope } else { 1.0 };
        let mut squares = 0.0;
        for (left, template) in self.residual.iter_mut().zip(self.template.iter()) {
            *left = (*left - mean) / gain - template;
            squares += *left * *left;
        }
        squares / POINTS as f32 / contrast
    }

    fn largest_change(&self) -> f32 {
        let mut smooth = [0.0_f32; BLOCKS * BLOCKS];
        let mut rough = [0.0_f32; BLOCKS * BLOCKS];
        for (point, left) in self.residual.iter().enumerate() {
            let (row, column) = (point / INNER, point % INNER);
            let mean = self.mean_around(row, column);
            let block = row / BLOCK * BLOCKS + column / BLOCK;
            smooth[block] += mean * mean;
            rough[block] += (left - mean) * (left - mean);
        }
        rough.sort_by(f32::total_cmp);
        let noise = rough[BLOCKS * BLOCKS / 2] * NOISE_LEFT;
        let largest = smooth.into_iter().fold(0.0, f32::max);
        (largest - noise).max(0.0) / (BLOCK * BLOCK) as f32
    }

    /// Of what is left at 3 x 3 points; beyond the edge, at the edge.
    fn mean_around(&self, row: usize, column: usize) -> f32 {
        let around = |index: usize| [index.saturating_sub(1), index, (index + 1).min(INNER - 1)];
        let columns = around(column);
        let line = |y: usize| columns.map(|x| self.residual[y * INNER + x]).iter().sum::<f32>();
        around(row).map(line).iter().sum::<f32>() / 9.0
    }
}

/// Across and down from the middle, in parts of half the crop.
fn place(point: usize) -> (f32, f32) {
    let along = |index: usize| ((index + MARGIN) as f32 - CENTER) / CENTER;
    (along(point % INNER), along(point / INNER))
}

/// Between the four points around (`x`, `y`); beyond the edge, at the edge.
fn interpolated(crop: &[f32; SIDE * SIDE], x: f32, y: f32) -> f32 {
    let last = SIDE as f32 - 1.001;
    let (x, y) = (x.clamp(0.0, last), y.clamp(0.0, last));
    let (column, row) = (x as usize, y as usize);
    let (right, lower) = (x - column as f32, y - row as f32);
    let at = row * SIDE + column;
    let upper_line = crop[at] + (crop[at + 1] - crop[at]) * right;
    let lower_line = crop[at + SIDE] + (crop[at + SIDE + 1] - crop[at + SIDE]) * right;
    upper_line + (lower_line - upper_line) * lower
}

/// The lower triangle whose product with its transpose is the matrix (Cholesky).
fn factored(matrix: &[[f64; 6]; 6]) -> [[f64; 6]; 6] {
    let mut lower = [[0.0; 6]; 6];
    for row in 0..6 {
        for column in 0..=row {
            let known: f64 =
                (0..column).map(|index| lower[row][index] * lower[column][index]).sum();
            let rest = matrix[row][column] - known;
            lower[row][column] =
                if row == column { rest.max(1e-12).sqrt() } else { rest / lower[column][column] };
        }
    }
    lower
}

fn solved(lower: &[[f64; 6]; 6], mut values: [f64; 6]) -> [f64; 6] {
    for row in 0..6 {
        let known: f64 = (0..row).map(|index| lower[row][index] * values[index]).sum();
        values[row] = (values[row] - known) / lower[row][row];
    }
    for row in (0..6).rev() {
        let known: f64 = (row + 1..6).map(|index| lower[index][row] * values[index]).sum();
        values[row] = (values[row] - known) / lower[row][row];
    }
    values
}

/// The map that undoes a step (in points). None when the step folds the crop.
fn inverted(step: &[f64; 6]) -> Option<Map> {
    let [xx, xy, x, yx, yy, y] = step.map(|part| part / f64::from(CENTER));
    let (xx, yy) = (1.0 + xx, 1.0 + yy);
    let area = xx * yy - xy * yx;
    (area > 0.2).then(|| {
        let inverse = [[yy / area, -xy / area], [-yx / area, xx / area]];
        inverse.map(|[across, down]| [across, down, -(across * x + down * y)])
    })
}

/// The map that does `first` after `then`.
fn composed(first: &Map, then: &Map) -> Map {
    first.map(|[across, down, shift]| {
        let along = |index: usize| across * then[0][index] + down * then[1][index];
        [along(0), along(1), along(2) + shift]
    })
}
