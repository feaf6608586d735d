//! Kinds of interval and what is said of each.

use serde::{Deserialize, Serialize};

use super::hash::Hash;
use super::identity::IntervalId;
use crate::time::MediaTime;

/// What an interval says. Presence only, never "cheating".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The camera works, the picture is usable, and nobody is in it.
    OutOfView,
    /// A person is there, but the face is not: turned away, hidden, out of the frame.
    FaceNotVisible,
    /// More than one person is in the picture.
    MultiplePeople,
    /// The lens is covered: no structure in the picture.
    CameraCovered,
    /// Too dark to decide.
    TooDark,
    /// The same picture again and again, although frames arrive.
    FrozenPicture,
    /// No frames: unplugged, taken by another program, stalled, permission withdrawn.
    CameraLost,
    /// The source is a known virtual device.
    VirtualCamera,
    /// The candidate's face moves as a still image does: a photo before the camera? Presence is
    /// claimed all the same.
    SuspectedStillImage,
    /// The camera shows once more what it has shown before: a recording that is played in a loop? Presence
    /// is claimed all the same.
    SuspectedLoop,
    /// The agent did not run: suspended, crashed, killed.
    AgentGap,
    /// The server heard nothing. Made by the server.
    ReportingGap,
}

/// "Could not look" is never counted as "not there".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Family {
    Presence,
    CouldNotLook,
    Information,
}

impl Kind {
    pub const ALL: [Self; 12] = [
        Self::OutOfView,
        Self::FaceNotVisible,
        Self::MultiplePeople,
        Self::CameraCovered,
        Self::TooDark,
        Self::FrozenPicture,
        Self::CameraLost,
        Self::VirtualCamera,
        Self::SuspectedStillImage,
        Self::SuspectedLoop,
        Self::AgentGap,
        Self::ReportingGap,
    ];

    pub const fn family(self) -> Family {
        match self {
            Self::OutOfView | Self::FaceNotVisible | Self::MultiplePeople => Family::Presence,
            Self::CameraCovered
            | Self::TooDark
            | Self::FrozenPicture
            | Self::CameraLost
            | Self::VirtualCamera
            | Self::AgentGap => Family::CouldNotLook,
            Self::SuspectedStillImage | Self::SuspectedLoop | Self::ReportingGap => {
                Family::Information
            }
        }
    }

    /// The name on the wire and in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OutOfView => "out_of_view",
            Self::FaceNotVisible => "face_not_visible",
            Self::MultiplePeople => "multiple_people",
            Self::CameraCovered => "camera_covered",
            Self::TooDark => "too_dark",
            Self::FrozenPicture => "frozen_picture",
            Self::CameraLost => "camera_lost",
            Self::VirtualCamera => "virtual_camera",
            Self::SuspectedStillImage => "suspected_still_image",
            Self::SuspectedLoop => "suspected_loop",
            Self::AgentGap => "agent_gap",
            Self::ReportingGap => "reporting_gap",
        }
    }

    /// What a person reads.
    pub const fn description(self) -> &'static str {
        match self {
            Self::OutOfView => "out of view",
            Self::FaceNotVisible => "face not visible",
            Self::MultiplePeople => "more than one person",
            Self::CameraCovered => "camera covered",
            Self::TooDark => "too dark",
            Self::FrozenPicture => "picture frozen",
            Self::CameraLost => "camera lost",
            Self::VirtualCamera => "virtual camera",
            Self::SuspectedStillImage => "still image suspected",
            Self::SuspectedLoop => "loop suspected",
            Self::AgentGap => "agent not running",
            Self::ReportingGap => "nothing heard",
        }
    }
}

/// Why an interval ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClosedBy {
    /// What the interval says was seen to hold no longer.
    SeenAgain,
    /// The camera could not look any more; another interval says why.
    CouldNotLook,
    /// The session, or the recording, was over.
    SessionEnd,
    /// The recording broke off, or the run was stopped, before its end.
    Incomplete,
    /// The agent was started again.
    AgentRestart,
    /// The server heard of the session again. Said of `reporting_gap` only.
    HeardAgain,
}

impl ClosedBy {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SeenAgain => "seen_again",
            Self::CouldNotLook => "could_not_look",
            Self::SessionEnd => "session_end",
            Self::Incomplete => "incomplete",
            Self::AgentRestart => "agent_restart",
            Self::HeardAgain => "heard_again",
        }
    }
}

/// What is known of one interval, from its opening or from its closing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Interval {
    pub id: IntervalId,
    pub kind: Kind,
    /// When the candidate was last seen (for other kinds: when things were last as they should be).
    pub start_ms: MediaTime,
    /// When seen again; absent while the interval is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<MediaTime>,
    /// 0 to 1, rounded to thousandths.
    pub confidence: f64,
    /// Frames within the interval that were looked at.
    pub frames_looked_at: u64,
    /// Frames within the interval that came but were not looked at.
    pub frames_skipped: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<ClosedBy>,
}

/// A model in use, named by what cannot lie about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ModelIdentity {
    pub name: String,
    pub sha256: Hash,
}

/// An interval with everything that is needed to judge it without another report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct IntervalReport {
    #[serde(flatten)]
    pub interval: Interval,
    /// Start and end by the session's wall clock (RFC 3339, UTC); absent in replay without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub start_utc: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub end_utc: Option<String>,
    pub sample_rate_hz: f64,
    pub policy_version: String,
    pub models: Vec<ModelIdentity>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_name_that_serde_writes() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.as_str()));
        }
    }
}
