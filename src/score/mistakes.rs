//! What went wrong, by what it cost.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::judge::{Score, Verdict};
use super::span::{Span, seconds};
use crate::report::Kind;
use crate::time::MediaTime;

/// Edges off by less than this are within two samples at 5 Hz: no mistake.
const EDGE_OFF_S: f64 = 0.4;

/// In what way something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    FalseAlarm,
    Missed,
    /// Found, and its start or end is off.
    Edges,
}

/// One thing that went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mistake {
    pub wrong: Wrong,
    pub kind: Kind,
    /// What is true, or for a false alarm what was reported.
    #[serde(flatten)]
    pub span: Span,
    /// For edges: what was reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Span>,
    /// Seconds that were told wrongly.
    #[serde(rename = "cost_s", with = "seconds")]
    pub cost: Duration,
}

impl Wrong {
    /// What a person reads.
    pub const fn description(self) -> &'static str {
        match self {
            Self::FalseAlarm => "false alarm",
            Self::Missed => "missed",
            Self::Edges => "edges off",
        }
    }
}

impl Mistake {
    /// The moment to look at.
    pub fn at(&self) -> MediaTime {
        match (self.wrong, self.by) {
            (Wrong::Edges, Some(by)) if by.start == self.span.start => self.span.end.min(by.end),
            (Wrong::Edges, Some(by)) => self.span.start.min(by.start),
            (Wrong::Edges | Wrong::FalseAlarm | Wrong::Missed, _) => {
                self.span.start + self.span.length() / 2
            }
        }
    }
}

/// The mistakes in one recording, the dearest first.
pub fn mistakes(score: &Score) -> Vec<Mistake> {
    let alarms = score.reports.iter().filter(|it| it.verdict == Verdict::FalseAlarm);
    let mut mistakes: Vec<Mistake> = alarms
        .map(|it| Mistake {
            wrong: Wrong::FalseAlarm,
            kind: it.kind,
            span: it.span,
            by: None,
            cost: it.span.length(),
        })
        .collect();
    for truth in &score.truths {
        let missed = Mistake {
            wrong: Wrong::Missed,
            kind: truth.kind,
            span: truth.span,
            by: truth.by,
            cost: truth.span.length().saturating_sub(truth.covered),
        };
        match truth.edge_errors() {
            None => mistakes.push(missed),
            Some(errors) if errors.iter().any(|error| error.abs() > EDGE_OFF_S) => {
                let cost = errors.iter().map(|error| error.abs()).sum::<f64>();
                let cost = Duration::try_from_secs_f64(cost).unwrap_or_default();
                mistakes.push(Mistake { wrong: Wrong::Edges, cost, ..missed });
            }
            Some(_) => {}
        }
    }
    mistakes.sort_by_key(|it| (std::cmp::Reverse(it.cost), it.span, it.kind, it.wrong));
    mistakes
}
