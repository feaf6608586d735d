//! A batch as it came: which events are in it, and what is wrong with each. Pure.
//!
//! The bytes of an event are kept as they were received, from its first brace to its last, but for its
//! signature, which is cut off: they were hashed by the agent and are hashed, stored and handed out
//! again here.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::report::{
    CommandReport, CommandResult, EVENT_TYPES, Event, EventData, Hash, Identity, Incarnation,
    Interval, MAX_BATCH_EVENTS, SessionEnded, SessionId, SessionStarted, fault_of_text,
};
use crate::server::http::depth;
use crate::server::ingest::plain;
use crate::server::ingest::says::{Arrived, Says};
use crate::time::MediaTime;
use crate::trust::envelope;
use crate::trust::signature::{PublicKey, Signature};

/// No session is longer. Beyond it, a time is a mistake (or seconds of the wall clock).
const LONGEST: MediaTime = MediaTime::from_millis(366 * 24 * 3_600 * 1_000);
/// No machine runs for a thousand years.
const LONGEST_UPTIME_S: f64 = 3.2e10;
/// Longer reasons are cut: they may repeat what the event says.
const REASON_CHARS: usize = 200;
pub(in crate::server) const SPECVERSION: &str = "1.0";
pub(in crate::server) const JSON: &str = "application/json";
/// Tags of languages are shorter.
const MAX_LANGUAGE_BYTES: usize = 35;

/// Why a body is no batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    #[error("the body is no list of events: {0}")]
    NoList(String),
    #[error("the batch is empty")]
    Empty,
    #[error("the batch has {0} events; at most {MAX_BATCH_EVENTS} are taken")]
    TooMany(usize),
    #[error("the batch has events of more than one incarnation")]
    Mixed,
}

/// One event of the batch.
#[derive(Clone, Debug)]
pub struct Received {
    /// Without its signature.
    pub body: Vec<u8>,
    pub signature: Option<Signature>,
    pub hash: Hash,
    pub event: Result<Arrived, Box<Malformed>>,
}

/// An event that will never be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// As far as it could be read.
    pub id: String,
    /// When it is of the session that it was sent to.
    pub identity: Option<Identity>,
    pub prevhash: Option<Hash>,
    pub reason: String,
}

impl Received {
    pub fn id(&self) -> String {
        match &self.event {
            Ok(arrived) => arrived.identity.event_id(),
            Err(malformed) => malformed.id.clone(),
        }
    }

    fn incarnation(&self) -> Option<Incarnation> {
        match &self.event {
            Ok(arrived) => Some(arrived.identity.incarnation),
            Err(malformed) => malformed.identity.map(|identity| identity.incarnation),
        }
    }
}

/// What is read of an event before anything is asked of it.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    id: String,
    #[serde(default)]
    source: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    prevhash: String,
}

/// Takes a body apart; the events are for `session`.
pub fn parse(body: &[u8], session: SessionId) -> Result<Vec<Received>, BatchError> {
    let events = serde_json::from_slice::<Vec<&RawValue>>(body)
        .map_err(|error| BatchError::NoList(shortened(&error.to_string())))?;
    match events.len() {
        0 => return Err(BatchError::Empty),
        1..=MAX_BATCH_EVENTS => {}
        more => return Err(BatchError::TooMany(more)),
    }
    let batch: Vec<Received> =
        events.into_iter().map(|event| received(event.get(), session)).collect();
    let mut incarnations: Vec<Incarnation> =
        batch.iter().filter_map(Received::incarnation).collect();
    incarnations.dedup();
    if incarnations.len() > 1 { Err(BatchError::Mixed) } else { Ok(batch) }
}

fn received(text: &str, session: SessionId) -> Received {
    let (body, signature) = envelope::open(text.as_bytes());
    let (hash, event) = (Hash::of(&body), event(&body, session));
    Received { body, signature, hash, event }
}

fn event(text: &[u8], session: SessionId) -> Result<Arrived, Box<Malformed>> {
    plain::read(text, session).map_or_else(|| read_carefully(text, session), Ok)
}

fn read_carefully(text: &[u8], session: SessionId) -> Result<Arrived, Box<Malformed>> {
    let envelope = serde_json::from_slice::<Envelope>(text).map_err(|error| {
        let reason = shortened(&error.to_string());
        Box::new(Malformed { id: String::new(), identity: None, prevhash: None, reason })
    })?;
    let identity = Identity::parse(&envelope.source, &envelope.id);
    let malformed = |reason: &str| {
        Box::new(Malformed {
            id: shortened(&envelope.id),
            identity: identity.filter(|identity| identity.session == session),
            prevhash: envelope.prevhash.parse().ok(),
            reason: shortened(reason),
        })
    };
    let Some(identity) = identity else {
        return Err(malformed("source and id are not those of a session's event"));
    };
    if identity.session != session {
        return Err(malformed("the event belongs to another session"));
    }
    if !EVENT_TYPES.contains(&envelope.kind.as_str()) {
        return Err(malformed(&format!("events of type {:?} are not known", envelope.kind)));
    }
    if depth::is_too_deep(text) {
        return Err(malformed(depth::TOO_DEEP));
    }
    let event: Event =
        serde_json::from_slice(text).map_err(|error| malformed(&error.to_string()))?;
    match fault(&event) {
        None => Ok(Arrived { identity, prevhash: event.prevhash, says: Says::of(event) }),
        Some(fault) => Err(malformed(fault)),
    }
}

/// What the types alone do not rule out.
fn fault(event: &Event) -> Option<&'static str> {
    if event.specversion != SPECVERSION {
        return Some("specversion must be 1.0");
    }
    if event.datacontenttype != JSON {
        return Some("datacontenttype must be application/json");
    }
    if event.time.as_deref().is_some_and(is_no_timestamp) {
        return Some("time must be a time of RFC 3339");
    }
    let clocks = &event.clocks;
    let seconds = [clocks.monotime.as_deref(), clocks.boottime.as_deref()];
    if let Some(fault) = fault_of_clocks((clocks.walltime.as_deref(), seconds)) {
        return Some(fault);
    }
    match &event.data {
        EventData::SessionStarted(started) => fault_of_start(started),
        EventData::Sampling(sampling) if !is_within_a_session(sampling.at_ms) => {
            Some("at_ms is out of range")
        }
        EventData::Sampling(sampling) => {
            let is_rate = sampling.sample_rate_hz.is_finite() && sampling.sample_rate_hz > 0.0;
            (!is_rate).then_some("sample_rate_hz must be more than 0")
        }
        EventData::Integrity(integrity) => {
            (!is_within_a_session(integrity.at_ms)).then_some("at_ms is out of range")
        }
        EventData::Command(report) => fault_of_command(report),
        EventData::IntervalClosed(report) if report.interval.end_ms.is_none() => {
            Some("a closed interval must have an end")
        }
        EventData::IntervalOpened(report) | EventData::IntervalClosed(report) => {
            let clocks = [&report.start_utc, &report.end_utc];
            if clocks.iter().any(|clock| clock.as_deref().is_some_and(is_no_timestamp)) {
                return Some("start_utc and end_utc must be times of RFC 3339");
            }
            fault_of_interval(&report.interval)
        }
        EventData::SessionEnded(ended) => fault_of_end(ended),
    }
}

/// Of the wall clock, and of the two that count seconds.
pub(in crate::server) fn fault_of_clocks(
    (walltime, seconds): (Option<&str>, [Option<&str>; 2]),
) -> Option<&'static str> {
    if walltime.is_some_and(is_no_timestamp) {
        return Some("walltime must be a time of RFC 3339");
    }
    let are_seconds = |text: &str| {
        text.chars().all(|one| one.is_ascii_digit() || one == '.')
            && text.parse::<f64>().is_ok_and(|seconds| seconds < LONGEST_UPTIME_S)
    };
    let are_wrong = seconds.into_iter().flatten().any(|text| !are_seconds(text));
    are_wrong.then_some("monotime and boottime must be seconds")
}

fn fault_of_start(started: &SessionStarted) -> Option<&'static str> {
    let (consent, allowed) = (started.consent.as_ref(), started.start_override.as_ref());
    let clocks = [
        started.started_at.as_deref(),
        consent.map(|consent| consent.at.as_str()),
        allowed.map(|allowed| allowed.at.as_str()),
    ];
    if clocks.into_iter().flatten().any(is_no_timestamp) {
        return Some("started_at and the at of consent and override must be times of RFC 3339");
    }
    if consent.is_some_and(|consent| consent.language.len() > MAX_LANGUAGE_BYTES) {
        return Some("the language of the consent is no tag of a language");
    }
    if started.public_key.as_deref().is_some_and(|key| key.parse::<PublicKey>().is_err()) {
        return Some("public_key is no key of Ed25519");
    }
    allowed.and_then(|allowed| fault_of_text(&allowed.reason))
}

fn fault_of_end(ended: &SessionEnded) -> Option<&'static str> {
    if !is_within_a_session(ended.duration_ms) {
        return Some("duration_ms is out of range");
    }
    let by = ended.ended_by.as_ref()?;
    if is_no_timestamp(&by.at) {
        return Some("the at of ended_by must be a time of RFC 3339");
    }
    fault_of_text(&by.reason)
}

fn fault_of_command(report: &CommandReport) -> Option<&'static str> {
    let planned_ms = match &report.what {
        CommandResult::Extended { planned_ms, .. } => *planned_ms,
        CommandResult::CameraChecked { .. } => MediaTime::ZERO,
    };
    if !is_within_a_session(report.at_ms) || !is_within_a_session(planned_ms) {
        return Some("at_ms or planned_ms is out of range");
    }
    report.fault()
}

pub(in crate::server) fn fault_of_interval(interval: &Interval) -> Option<&'static str> {
    let end = interval.end_ms.unwrap_or(interval.start_ms);
    if !is_within_a_session(interval.start_ms) || !is_within_a_session(end) {
        return Some("start_ms or end_ms is out of range");
    }
    if end < interval.start_ms {
        return Some("the interval ends before it starts");
    }
    (!(0.0..=1.0).contains(&interval.confidence)).then_some("confidence must lie between 0 and 1")
}

fn is_within_a_session(at: MediaTime) -> bool {
    (MediaTime::ZERO..=LONGEST).contains(&at)
}

pub(in crate::server) fn is_no_timestamp(text: &str) -> bool {
    text.parse::<Timestamp>().is_err()
}

pub(in crate::server) fn shortened(text: &str) -> String {
    text.chars().take(REASON_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn session() -> SessionId {
        SessionId::derived(&[b"session"])
    }

    fn ended(seq: u64) -> serde_json::Value {
        let session = session();
        let identity = Identity { session, incarnation: Incarnation::of_replay(session), seq };
        serde_json::json!({
            "specversion": "1.0", "id": identity.event_id(), "source": identity.event_source(),
            "datacontenttype": "application/json", "prevhash": Hash::ZERO,
            "type": "io.inview.session.ended.v1",
            "data": {"duration_ms": 5, "intervals": 0,
                     "camera": {"frames": 1, "sampled": 1, "unusable": 0}}
        })
    }

    fn reason(event: &serde_json::Value) -> String {
        let body = format!("[{event}]");
        let batch = parse(body.as_bytes(), session()).unwrap();
        batch[0].event.as_ref().map_or_else(|it| it.reason.clone(), |_| String::new())
    }

    #[test]
    fn an_event_keeps_the_bytes_it_came_in() {
        let spaced = ended(1)
            .to_string()
            .replace(':', " : ")
            .replace("urn : inview : session : ", "urn:inview:session:");
        let body = format!("[ {spaced} ,\n{}]", ended(2));
        let batch = parse(body.as_bytes(), session()).unwrap();
        assert!(batch.iter().all(|event| event.event.is_ok()), "{batch:?}");
        assert_eq!(batch[0].body, spaced.as_bytes());
        assert_eq!(batch[0].hash, Hash::of(spaced.as_bytes()));
    }

    #[test]
    fn what_is_no_batch_is_refused_as_a_whole() {
        let parse = |body: &str| parse(body.as_bytes(), session()).map(drop);
        assert!(matches!(parse("{}"), Err(BatchError::NoList(_))));
        assert!(matches!(parse("[{]"), Err(BatchError::NoList(_))));
        assert_eq!(parse("[]"), Err(BatchError::Empty));
        assert_eq!(parse(&format!("[{}1]", "1,".repeat(100))), Err(BatchError::TooMany(101)));
        let mut other = ended(1);
        other["id"] = format!("{}-1", uuid::Uuid::nil().simple()).into();
        assert_eq!(parse(&format!("[{},{other}]", ended(1))), Err(BatchError::Mixed));
    }

    #[test]
    fn what_is_wrong_with_an_event_is_said() {
        assert_eq!(reason(&ended(1)), "");
        for (pointer, value, expected) in [
            ("/specversion", "0.3".into(), "specversion"),
            ("/datacontenttype", "text/plain".into(), "datacontenttype"),
            ("/time", "yesterday".into(), "RFC 3339"),
            ("/walltime", "yesterday".into(), "walltime"),
            ("/monotime", "-1.0".into(), "must be seconds"),
            ("/boottime", "1e3".into(), "must be seconds"),
            ("/type", "io.inview.unheard.v1".into(), "not known"),
            ("/id", "7".into(), "source and id"),
            ("/source", "urn:inview:session:7".into(), "source and id"),
            ("/prevhash", "7".into(), "SHA-256"),
            ("/data/duration_ms", (-1).into(), "out of range"),
            ("/data/duration_ms", i64::MAX.into(), "out of range"),
            ("/data/camera", serde_json::Value::Null, "expected struct SampledCamera"),
        ] {
            let mut event = ended(1);
            for time in ["time", "walltime"] {
                event[time] = "2026-01-01T00:00:00Z".into();
            }
            (event["monotime"], event["boottime"]) = ("12.345".into(), "67.890".into());
            *event.pointer_mut(pointer).unwrap() = value;
            let reason = reason(&event);
            assert!(reason.contains(expected), "{pointer}: {reason}");
        }
    }

    fn interval(kind: &str) -> String {
        let identity =
            Identity { session: session(), incarnation: Incarnation::of_replay(session()), seq: 7 };
        format!(
            r#"{{"specversion":"1.0","id":"{}","source":"{}","time":"2026-01-01T00:00:09Z","walltime":"2026-01-01T00:00:09Z","monotime":"4711.120","boottime":"4711.5","datacontenttype":"application/json","prevhash":"{}","type":"io.inview.presence.interval.{kind}.v1","data":{{"id":"{}","kind":"out_of_view","start_ms":4200,"end_ms":9940,"confidence":0.973,"frames_looked_at":29,"frames_skipped":143,"closed_by":"seen_again","start_utc":"2026-01-01T00:00:01Z","end_utc":null,"sample_rate_hz":5.0,"policy_version":"default-1","models":[{{"name":"m","sha256":"{}"}}]}}}}"#,
            identity.event_id(),
            identity.event_source(),
            Hash::ZERO,
            session(),
            Hash::ZERO,
        )
    }

    /// The quick way finds what the careful way finds, or leaves it to it.
    fn both_ways(text: &str) -> bool {
        // Only JSON comes so far.
        let Ok(text) = serde_json::from_str::<&RawValue>(text) else { return false };
        let text = text.get().as_bytes();
        let quick = plain::read(text, session());
        if let Some(arrived) = &quick {
            let careful = read_carefully(text, session());
            assert_eq!(careful.as_ref(), Ok(arrived), "{}", String::from_utf8_lossy(text));
        }
        quick.is_some()
    }

    #[test]
    fn events_as_agents_write_them_are_read_the_quick_way_and_odd_ones_the_careful_way() {
        for kind in ["opened", "closed"] {
            assert!(both_ways(&interval(kind)));
            for (from, to) in [
                (r#""id":"#, r#""new":1,"id":"#),
                (r#""kind":"#, r#""new":1,"kind":"#),
                (r#""name":"#, r#""new":"\ud800","name":"#),
                (r#""start_ms":4200"#, r#""start_ms":4200,"start_ms":4200"#),
                (r#""start_ms":4200"#, r#""start_ms":4200.0"#),
                (r#""start_ms":4200"#, r#""start_ms":-1"#),
                (r#""start_ms":4200"#, r#""start_ms":42e2"#),
                (r#""frames_skipped":143"#, r#""frames_skipped":-0"#),
                (r#""frames_skipped":143"#, r#""frames_skipped":99999999999999999999999"#),
                (r#""confidence":0.973"#, r#""confidence":1.1"#),
                (r#""specversion":"1.0""#, r#""specversion":"1.1""#),
                (r#""monotime":"4711.120""#, r#""monotime":"1e3""#),
                (r#""end_utc":null"#, r#""end_utc":"soon""#),
                ("out_of_view", "elsewhere"),
                ("default-1", r"default\u002d1"),
                ("application/json", "text/plain"),
            ] {
                let odd = interval(kind).replacen(from, to, 1);
                assert!(odd != interval(kind) && !both_ways(&odd), "{odd}");
            }
            assert_eq!(
                both_ways(&interval(kind).replace(r#""end_ms":9940,"#, "")),
                kind == "opened"
            );
        }
    }

    proptest! {
        #[test]
        fn no_change_of_an_event_is_read_in_two_ways(
            changes in prop::collection::vec((0_usize..1_100, "[ -~]{0,3}", 0_usize..3), 1..4),
            is_closed: bool,
        ) {
            let mut text = interval(if is_closed { "closed" } else { "opened" });
            for (place, new, cut) in changes {
                let place = place.min(text.len());
                text.replace_range(place..(place + cut).min(text.len()), &new);
            }
            both_ways(&text);
        }
    }

    #[test]
    fn an_event_of_another_session_has_no_identity_here() {
        let body = format!("[{}]", ended(1));
        let batch = parse(body.as_bytes(), SessionId::derived(&[b"other"])).unwrap();
        let malformed = batch[0].event.as_ref().unwrap_err();
        assert_eq!(malformed.identity, None);
        assert!(malformed.reason.contains("another session"));
    }

    #[test]
    fn depth_is_bounded_and_the_identity_is_still_read() {
        let mut event = ended(4);
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        event["data"]["extra"] = "DEEP".into();
        let body = format!("[{}]", event.to_string().replace("\"DEEP\"", &deep));
        let batch = parse(body.as_bytes(), session()).unwrap();
        let malformed = batch[0].event.as_ref().unwrap_err();
        assert!(malformed.reason.contains("deeper"), "{malformed:?}");
        assert_eq!(malformed.identity.map(|identity| identity.seq), Some(4));
    }
}
