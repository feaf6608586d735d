//! How far what was reported agrees with what is true.
//!
//! ```text
//! truth file ──> Truth ──┐
//!                        ├──> Score: found, missed, false alarms, edges, seconds ──> Figures ──> Fairness
//! intervals ──> Report ──┘     one recording                                         any set     groups
//! ```
//!
//! Pure: text and intervals in, figures out. The rules, in short:
//!
//! - A truth interval of at least `record_after` is *found* when reported intervals of its kind cover
//!   at least half of it.
//! - A reported interval is a *false alarm* when less than half of its scored part is covered by truth
//!   of its kind. What is not scored: the zones to ignore, what lies behind the labels' end, for
//!   [`Kind::MultiplePeople`] where people were not counted, and for presence where a photo was held up.
//! - A covered lens may be called too dark; the confusion shows which it was.
//! - A photo held up is scored apart, see [`Photo`].
//! - A loop is found or missed as any kind is; the seconds in it count as what can be seen.
//!
//! Times are compared in whole milliseconds, as documents and truth files have them, so seconds add up
//! exactly.
//!
//! [`Kind::MultiplePeople`]: crate::report::Kind::MultiplePeople

mod baseline;
mod calibration;
mod chance;
mod confusion;
mod fairness;
mod figures;
#[cfg(feature = "cli")]
mod import;
mod judge;
mod mistakes;
mod span;
mod truth;

pub use baseline::{Bounds, Regression, regressions};
pub use calibration::{Bin, Calibration};
pub use confusion::{Confusion, Piece, What, pieces};
pub use fairness::{Fairness, Gap, Group, Measure, fairness};
pub use figures::{Edges, Figures, KindFigures, quantile};
#[cfg(feature = "cli")]
pub use import::{Form, import};
pub use judge::{Judged, Photo, Report, Reported, Score, Seconds, Verdict, judge};
pub use mistakes::{Mistake, Wrong, mistakes};
pub use span::Span;
pub use truth::{FORMAT, Label, State, Truth, TruthError};

#[cfg(test)]
mod tests;
