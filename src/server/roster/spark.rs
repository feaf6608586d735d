//! The last ten minutes of a session, as a strip beside its name. Pure.

use crate::report::Kind;
use crate::server::store::roster::{DRAWN, Facts};
use crate::time::MediaTime;

/// Width and height of the drawing, which is stretched to its place.
pub(in crate::server) const WIDTH: f64 = 200.0;
const HEIGHT: f64 = 24.0;
/// What lasted for a moment is seen, too.
const NARROWEST: f64 = 1.5;

/// One interval.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::server) struct Mark {
    pub(in crate::server) x: f64,
    pub(in crate::server) width: f64,
    pub(in crate::server) y: f64,
    pub(in crate::server) height: f64,
    pub(in crate::server) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::server) struct Spark {
    /// Where the session begins, when that was less than ten minutes ago.
    pub(in crate::server) begins: f64,
    pub(in crate::server) marks: Vec<Mark>,
}

pub(in crate::server) fn spark(facts: &Facts) -> Spark {
    let from = facts.until.as_micros() - DRAWN.as_micros() as i64;
    let x = |at: MediaTime| {
        let share = (at.as_micros() - from) as f64 / DRAWN.as_micros() as f64;
        tenth((share * WIDTH).clamp(0.0, WIDTH))
    };
    let marks = facts.recent.iter().map(|one| {
        let end = one.end.unwrap_or(facts.until).max(one.start);
        let lasted = end.since(one.start);
        let alerts = one.by_server || (one.alerting && lasted >= facts.alert_after);
        let (left, right) = (x(one.start), x(end));
        let width = (right - left).max(NARROWEST);
        // Those that lasted for long enough to alert are as high as the strip.
        let height = if alerts { HEIGHT - 2.0 } else { HEIGHT / 2.0 };
        Mark {
            x: left.min(WIDTH - width),
            width: tenth(width),
            y: (HEIGHT - height) / 2.0,
            height,
            kind: one.kind,
        }
    });
    Spark { begins: x(MediaTime::ZERO), marks: marks.collect() }
}

/// No more digits than can be seen.
fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
