//! Whether confidence is what it says: of the intervals with 0.9, nine in ten are true.

use serde::{Deserialize, Serialize};

use super::judge::{Score, Verdict};

const BINS: usize = 10;

/// Reported intervals whose confidence lies in the same tenth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    pub from: f64,
    pub to: f64,
    pub intervals: usize,
    pub mean_confidence: f64,
    /// Which part of them is true.
    pub share_true: f64,
}

/// Confidence against truth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Tenths in which there are intervals, from the lowest.
    pub bins: Vec<Bin>,
    /// Mean distance of confidence and share of true ones, weighed by intervals; absent without any.
    pub expected_error: Option<f64>,
}

impl Calibration {
    pub fn of<'a>(scores: impl IntoIterator<Item = &'a Score>) -> Self {
        // Thousandths, as confidence is rounded: sums do not depend on their order.
        let mut tenths = [(0_usize, 0_u64, 0_usize); BINS];
        for report in scores.into_iter().flat_map(|score| &score.reports) {
            if report.verdict == Verdict::NotScored {
                continue;
            }
            let confidence = report.confidence.clamp(0.0, 1.0);
            let tenth = &mut tenths[((confidence * BINS as f64) as usize).min(BINS - 1)];
            tenth.0 += 1;
            tenth.1 += (confidence * 1e3).round() as u64;
            tenth.2 += usize::from(report.verdict == Verdict::True);
        }
        let all: usize = tenths.iter().map(|(count, ..)| count).sum();
        let mut bins = Vec::new();
        let mut error = 0.0;
        for (place, (count, confidence, right)) in tenths.into_iter().enumerate() {
            if count == 0 {
                continue;
            }
            let (mean, share) =
                (confidence as f64 / 1e3 / count as f64, right as f64 / count as f64);
            error += (mean - share).abs() * count as f64 / all as f64;
            bins.push(Bin {
                from: place as f64 / BINS as f64,
                to: (place + 1) as f64 / BINS as f64,
                intervals: count,
                mean_confidence: thousandths(mean),
                share_true: thousandths(share),
            });
        }
        Self { bins, expected_error: (all > 0).then(|| thousandths(error)) }
    }
}

/// Rounded to three decimals.
pub(super) fn thousandths(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
