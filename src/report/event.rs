//! The envelope: a `CloudEvents` 1.0 event in its JSON form.

use serde::{Deserialize, Serialize};

use super::command::{EndedBy, StartOverride};
use super::command_report::CommandReport;
use super::hash::Hash;
use super::identity::Identity;
use super::integrity::Integrity;
use super::interval::{IntervalReport, ModelIdentity};
use crate::time::MediaTime;

/// Values of the `type` attribute.
pub const EVENT_TYPES: [&str; 7] = [
    "io.inview.session.started.v1",
    "io.inview.session.sampling.v1",
    "io.inview.session.integrity.v1",
    "io.inview.session.command.v1",
    "io.inview.presence.interval.opened.v1",
    "io.inview.presence.interval.closed.v1",
    "io.inview.session.ended.v1",
];

/// One report as it stands on the wire. The bytes of its first encoding are the report: they are
/// stored, hashed and sent, and never encoded again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Event {
    /// Always `1.0`.
    pub specversion: String,
    /// `<incarnation>-<seq>`.
    pub id: String,
    /// `urn:inview:session:<session id>`.
    pub source: String,
    /// RFC 3339, UTC; absent in replay without a wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub time: Option<String>,
    #[serde(flatten)]
    pub clocks: Clocks,
    pub datacontenttype: String,
    /// Hash of the event before this one in its incarnation; zeros before the first.
    pub prevhash: Hash,
    #[serde(flatten)]
    pub data: EventData,
}

/// The agent's clocks when it made the event; all absent in replay, which reads none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Clocks {
    /// RFC 3339, UTC: what the wall clock said, right or wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub walltime: Option<String>,
    /// Seconds since the machine was started, without the time asleep: `12.345`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monotime: Option<String>,
    /// The same with the time asleep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boottime: Option<String>,
}

/// What is reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(tag = "type", content = "data")]
pub enum EventData {
    #[serde(rename = "io.inview.session.started.v1")]
    SessionStarted(SessionStarted),
    #[serde(rename = "io.inview.session.sampling.v1")]
    Sampling(Sampling),
    #[serde(rename = "io.inview.session.integrity.v1")]
    Integrity(Integrity),
    #[serde(rename = "io.inview.session.command.v1")]
    Command(CommandReport),
    #[serde(rename = "io.inview.presence.interval.opened.v1")]
    IntervalOpened(IntervalReport),
    #[serde(rename = "io.inview.presence.interval.closed.v1")]
    IntervalClosed(IntervalReport),
    #[serde(rename = "io.inview.session.ended.v1")]
    SessionEnded(SessionEnded),
}

/// The first report of an incarnation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SessionStarted {
    /// What a proctor reads in the list: a pseudonym, or in replay the recording's file name.
    pub label: String,
    /// The session's start by the wall clock (RFC 3339, UTC); absent in replay without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub started_at: Option<String>,
    /// Name and version of the reporting program.
    pub agent: String,
    pub sample_rate_hz: f64,
    pub policy_version: String,
    /// The whole policy in force.
    #[cfg_attr(feature = "server", schema(value_type = Option<Object>))]
    pub policy: serde_json::Value,
    pub models: Vec<ModelIdentity>,
    /// SHA-256 of the recording; absent for a live camera.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording_sha256: Option<Hash>,
    /// Absent where nobody was asked: in replay, and where an exam client asks by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// A proctor let the exam start although the candidate was not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_override: Option<StartOverride>,
    /// By which the session's reports are checked: Ed25519, 64 lower-case hexadecimal digits. Absent
    /// where they are not signed: in replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
}

/// That the candidate agreed: to which text, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Consent {
    /// SHA-256 of the text as it was shown.
    pub text_sha256: Hash,
    /// By the agent's clock: RFC 3339, UTC.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub at: String,
    /// The language of the text, as a tag: `en`, `de`.
    pub language: String,
}

/// From here on the camera is looked at at another rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Sampling {
    pub at_ms: MediaTime,
    pub sample_rate_hz: f64,
    /// Why it is less than the policy's; absent when it is as the policy says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strain: Option<Strain>,
}

/// Why a machine does less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Strain {
    /// The battery is drawn on, and low.
    Battery,
    /// It is near the temperature that is too much for it.
    Heat,
    /// More than half of the frames that were due could not be looked at.
    Load,
}

impl Strain {
    /// What a person reads.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Battery => "battery low",
            Self::Heat => "computer hot",
            Self::Load => "computer busy",
        }
    }
}

/// The last report of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SessionEnded {
    pub duration_ms: MediaTime,
    /// Intervals that were reported.
    pub intervals: u64,
    pub camera: SampledCamera,
    /// Why the recording broke off before its end; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<String>,
    /// A proctor ended it; absent where the candidate did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
}

/// What the camera gave and what was made of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SampledCamera {
    /// Frames that came.
    pub frames: u64,
    /// Frames that were looked at.
    pub sampled: u64,
    /// Frames that came damaged.
    pub unusable: u64,
}

impl Event {
    pub fn new(identity: &Identity, prevhash: Hash, time: Option<String>, data: EventData) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id: identity.event_id(),
            source: identity.event_source(),
            time,
            clocks: Clocks::default(),
            datacontenttype: "application/json".to_owned(),
            prevhash,
            data,
        }
    }

    /// The identity, when `source` and `id` are of the form that [`Event::new`] gives them.
    pub fn identity(&self) -> Option<Identity> {
        Identity::parse(&self.source, &self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::identity::{Incarnation, SessionId};
    use super::*;

    #[test]
    fn an_event_is_a_cloud_event_and_reads_back() {
        let session = SessionId::derived(&[b"x"]);
        let identity = Identity { session, incarnation: Incarnation::of_replay(session), seq: 1 };
        let data = EventData::SessionEnded(SessionEnded {
            duration_ms: MediaTime::from_millis(1500),
            intervals: 0,
            camera: SampledCamera { frames: 22, sampled: 8, unusable: 0 },
            truncated: None,
            ended_by: None,
        });
        let event = Event::new(&identity, Hash::ZERO, None, data);
        let json = serde_json::to_value(&event).unwrap();
        for attribute in ["specversion", "id", "source", "type", "datacontenttype", "data"] {
            assert!(json.get(attribute).is_some(), "{attribute} is missing: {json}");
        }
        assert_eq!(json["type"], EVENT_TYPES[6]);
        assert_eq!(json["data"]["duration_ms"], 1500);
        let back = serde_json::from_value::<Event>(json).unwrap();
        assert_eq!(back.identity(), Some(identity));
        assert_eq!(back, event);
    }
}
