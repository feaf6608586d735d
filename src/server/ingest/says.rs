//! What an event says, as far as tables are made of it. Pure.

use std::time::Duration;

use jiff::Timestamp;

use crate::report::{
    CommandReport, Event, EventData, Hash, Identity, Integrity, Interval, Sampling, SessionEnded,
    SessionStarted,
};

/// An event that belongs to a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived {
    pub identity: Identity,
    pub prevhash: Hash,
    pub says: Says,
}

/// The rest of it is in its bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Says {
    Started(Box<SessionStarted>),
    Sampling(Sampling),
    Integrity(Integrity),
    Command(CommandReport),
    /// `lasted`: for how long it had when it was reported, by the agent's clock.
    Opened {
        interval: Interval,
        lasted: Duration,
    },
    Closed(Interval),
    Ended(Box<SessionEnded>),
}

impl Says {
    pub fn of(event: Event) -> Self {
        match event.data {
            EventData::SessionStarted(started) => Self::Started(Box::new(started)),
            EventData::Sampling(sampling) => Self::Sampling(sampling),
            EventData::Integrity(integrity) => Self::Integrity(integrity),
            EventData::Command(report) => Self::Command(report),
            EventData::IntervalOpened(report) => {
                let lasted = lasted(read(event.time.as_deref()), read(report.start_utc.as_deref()));
                Self::Opened { interval: report.interval, lasted }
            }
            EventData::IntervalClosed(report) => Self::Closed(report.interval),
            EventData::SessionEnded(ended) => Self::Ended(Box::new(ended)),
        }
    }
}

fn read(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok()
}

/// How long an interval lasted already when it was reported. Both times are of one clock, the agent's, so
/// that it may be wrong.
pub(in crate::server) fn lasted(reported: Option<Timestamp>, start: Option<Timestamp>) -> Duration {
    let (Some(reported), Some(start)) = (reported, start) else { return Duration::ZERO };
    Duration::try_from(reported.duration_since(start)).unwrap_or_default()
}
