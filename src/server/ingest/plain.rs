//! Reads an event in the form in which agents write it, in a third of the time that the careful way takes.
//! What is not just so (another attribute, an escape, an exponent, a start) is left to the careful way: it
//! decides what is an event, and this here must find the same in it. Pure.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::report::{ClosedBy, Hash, Identity, Interval, IntervalId, Kind, SessionId};
use crate::server::ingest::batch::{JSON, SPECVERSION, fault_of_clocks, fault_of_interval};
use crate::server::ingest::says::{Arrived, Says, lasted};
use crate::time::MediaTime;

/// Digits in a row; longer numbers may be too great for any type.
const DIGITS: usize = 20;
/// Nested no deeper than the models of an interval.
const DEPTH: usize = 4;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainEvent<'a> {
    specversion: &'a str,
    id: &'a str,
    source: &'a str,
    #[serde(default)]
    time: Option<&'a str>,
    #[serde(default)]
    walltime: Option<&'a str>,
    #[serde(default)]
    monotime: Option<&'a str>,
    #[serde(default)]
    boottime: Option<&'a str>,
    datacontenttype: &'a str,
    prevhash: Hash,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// [`Interval`] and [`IntervalReport`](crate::report::IntervalReport) in one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "some of it is only to be of its type")]
struct PlainInterval<'a> {
    id: IntervalId,
    kind: Kind,
    start_ms: MediaTime,
    #[serde(default)]
    end_ms: Option<MediaTime>,
    confidence: f64,
    frames_looked_at: u64,
    frames_skipped: u64,
    #[serde(default)]
    closed_by: Option<ClosedBy>,
    #[serde(default)]
    start_utc: Option<&'a str>,
    #[serde(default)]
    end_utc: Option<&'a str>,
    sample_rate_hz: f64,
    policy_version: &'a str,
    models: Vec<PlainModel<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "all of it is only to be of its type")]
struct PlainModel<'a> {
    name: &'a str,
    sha256: Hash,
}

/// `None` where the event must be read the careful way. `text` is valid JSON.
pub(in crate::server) fn read(text: &[u8], session: SessionId) -> Option<Arrived> {
    if !is_plain(text) {
        return None;
    }
    let event: PlainEvent<'_> = serde_json::from_slice(text).ok()?;
    let is_closed = match event.kind {
        "io.inview.presence.interval.opened.v1" => false,
        "io.inview.presence.interval.closed.v1" => true,
        _ => return None,
    };
    let PlainEvent { specversion, datacontenttype, prevhash, .. } = event;
    let clocks = (event.walltime, [event.monotime, event.boottime]);
    if specversion != SPECVERSION || datacontenttype != JSON || fault_of_clocks(clocks).is_some() {
        return None;
    }
    let identity = Identity::parse(event.source, event.id).filter(|it| it.session == session)?;
    let plain: PlainInterval<'_> = serde_json::from_str(event.data.get()).ok()?;
    let interval = Interval {
        id: plain.id,
        kind: plain.kind,
        start_ms: plain.start_ms,
        end_ms: plain.end_ms,
        confidence: plain.confidence,
        frames_looked_at: plain.frames_looked_at,
        frames_skipped: plain.frames_skipped,
        closed_by: plain.closed_by,
    };
    if fault_of_interval(&interval).is_some() || (is_closed && interval.end_ms.is_none()) {
        return None;
    }
    let (time, start) = (timestamp(event.time).ok()?, timestamp(plain.start_utc).ok()?);
    timestamp(plain.end_utc).ok()?;
    let says = if is_closed {
        Says::Closed(interval)
    } else {
        Says::Opened { interval, lasted: lasted(time, start) }
    };
    Some(Arrived { identity, prevhash, says })
}

fn timestamp(text: Option<&str>) -> Result<Option<Timestamp>, jiff::Error> {
    text.map(str::parse).transpose()
}

/// Without escapes, exponents and long numbers, and nested as little as agents nest.
fn is_plain(text: &[u8]) -> bool {
    let (mut depth, mut in_text, mut digits) = (0_usize, false, 0_usize);
    for byte in text {
        match byte {
            b'\\' => return false,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'0'..=b'9' => digits += 1,
            b'e' | b'E' if digits > 0 => return false,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'.' | b'-' | b'+' => continue,
            _ => {}
        }
        if in_text || !byte.is_ascii_digit() {
            digits = 0;
        }
        if depth > DEPTH || digits > DIGITS {
            return false;
        }
    }
    true
}
