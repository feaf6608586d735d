//! What the agent shows of itself: to its window, to an exam client, to a test.

use serde::Serialize;

use crate::capture::camera::{CameraId, CameraInfo, Fit};
use crate::health::Condition;
use crate::presence::Verdict;
use crate::report::{CommandId, EndedBy, Interval, IntervalId, SessionId, StartOverride};
use crate::time::MediaTime;

pub use crate::report::{Phase, Seen};

impl From<Verdict> for Seen {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Face => Self::Face,
            Verdict::BodyOnly => Self::BodyOnly,
            Verdict::Nobody => Self::Nobody,
            Verdict::Covered => Self::LensCovered,
            Verdict::TooDark => Self::TooDark,
            Verdict::Frozen => Self::PictureFrozen,
        }
    }
}

/// The source of the frames, once it is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenCamera {
    pub container: String,
    pub codec: String,
    pub width: u32,
    pub height: u32,
    /// Which of the cameras it is; absent for what stands in for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<CameraId>,
    pub fit: Fit,
}

/// A camera that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundCamera {
    pub id: CameraId,
    pub name: String,
    /// The product, when it is a known virtual device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_device: Option<String>,
}

impl From<CameraInfo> for FoundCamera {
    fn from(camera: CameraInfo) -> Self {
        let CameraInfo { id, name, virtual_device, .. } = camera;
        let virtual_device = virtual_device.map(|device| device.product.to_owned());
        Self { id, name, virtual_device }
    }
}

/// Where the reports are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reports {
    /// Reports that were made: they are on disk, or were, or in memory.
    pub made: u64,
    /// Reports that the server has acknowledged.
    pub acknowledged: u64,
    /// Reports that are in memory alone, and the server does not have them: lost if the agent stops.
    pub in_memory: u64,
    /// The server has all of them, those of earlier lives of the agent included. Known only once
    /// the exam has ended.
    pub delivered: bool,
    /// What stands between us and the server, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<String>,
}

/// A message of the proctor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    pub id: CommandId,
    pub text: String,
    /// When it came, by the wall clock: RFC 3339, UTC.
    pub at: String,
    /// The candidate could see it.
    pub shown: bool,
    /// The candidate has said that they have read it.
    pub read: bool,
}

/// A proctor asks the candidate to look after the camera, and they have not answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CameraCheck {
    pub id: CommandId,
    /// When it came, by the wall clock: RFC 3339, UTC.
    pub at: String,
    /// The candidate could see it.
    pub shown: bool,
}

/// A proctor has put off the planned end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Extension {
    pub id: CommandId,
    pub minutes: u32,
    /// When it came, by the wall clock: RFC 3339, UTC.
    pub at: String,
}

/// Everything at one moment. Facts only: words for them are found by whoever shows them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    pub session: SessionId,
    /// Media time of the snapshot.
    pub at_ms: MediaTime,
    pub phase: Phase,
    pub seen: Seen,
    /// When the exam began, by the wall clock: RFC 3339, UTC. Absent before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began: Option<String>,
    /// When it ended, by session time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<MediaTime>,
    /// Since when it is seen so.
    pub since_ms: MediaTime,
    /// The candidate is to be told: this interval has lasted `warn_after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<IntervalId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera: Option<OpenCamera>,
    /// The cameras to choose from; before the exam only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cameras: Vec<FoundCamera>,
    /// The policy does not let the exam begin with the camera that is open.
    pub camera_refused: bool,
    /// Frames a second that are looked at: fewer than the policy's while the machine is strained.
    pub sample_rate_hz: f64,
    pub frames_looked_at: u64,
    pub frames_skipped: u64,
    /// Intervals as they were reported, each as it was reported last, by their start.
    pub intervals: Vec<Interval>,
    pub reports: Reports,
    pub health: Vec<Condition>,
    /// In the order in which they came.
    pub messages: Vec<Message>,
    /// A proctor lets the exam start although the candidate is not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_override: Option<StartOverride>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera_check: Option<CameraCheck>,
    /// The planned end by session time, with what was added; nothing ends by itself then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_ms: Option<MediaTime>,
    /// In the order in which they came.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<Extension>,
    /// A proctor has ended the exam.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
}

impl Snapshot {
    /// Before anything was done.
    pub(crate) fn first(session: SessionId, at: MediaTime, sample_rate_hz: f64) -> Self {
        Self {
            session,
            at_ms: at,
            phase: Phase::CheckIn,
            began: None,
            ended_ms: None,
            seen: Seen::NotYet,
            since_ms: at,
            warning: None,
            camera: None,
            cameras: Vec::new(),
            camera_refused: false,
            sample_rate_hz,
            frames_looked_at: 0,
            frames_skipped: 0,
            intervals: Vec::new(),
            reports: Reports::default(),
            health: Vec::new(),
            messages: Vec::new(),
            start_override: None,
            camera_check: None,
            planned_ms: None,
            extensions: Vec::new(),
            ended_by: None,
        }
    }

    /// Whether a line about it says something new: time and counts alone do not.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let essence = |snapshot: &Self| Self {
            at_ms: MediaTime::ZERO,
            frames_looked_at: 0,
            frames_skipped: 0,
            ..snapshot.clone()
        };
        essence(self) == essence(other)
    }
}
