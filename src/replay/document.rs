//! What is said of one recording: the JSON document (docs/replay.schema.json) and the trace.

use serde::{Deserialize, Serialize};

use super::End;
use crate::capture::SourceInfo;
use crate::detection::Detection;
use crate::pipeline::Sample;
use crate::presence::{Change, PictureStats, Policy, Verdict};
use crate::report::{ClosedBy, Family, Hash, Interval, IntervalId, Kind, ModelIdentity, SessionId};
use crate::time::MediaTime;

/// How far a recording was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status", content = "reason")]
pub enum Status {
    Complete,
    /// The recording breaks off, for this reason; what was readable is reported.
    Truncated(String),
    /// The run was stopped; what was found so far is reported.
    Incomplete,
}

/// One recording and what was found in it. Seconds are rounded to milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Its name, without folders.
    pub recording: String,
    pub sha256: Hash,
    #[serde(flatten)]
    pub status: Status,
    pub session_id: SessionId,
    pub duration_s: f64,
    /// Frames in the recording, as far as it was read.
    pub frames: u64,
    /// Frames that were looked at.
    pub sampled: u64,
    pub policy: Policy,
    pub models: Vec<ModelIdentity>,
    pub intervals: Vec<RecordedInterval>,
    pub camera: Camera,
}

/// An interval as QA reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedInterval {
    pub id: IntervalId,
    pub kind: Kind,
    pub family: Family,
    pub start_s: f64,
    pub end_s: f64,
    pub confidence: f64,
    pub closed_by: ClosedBy,
    /// Whether it lasted `warn_after`: the candidate would have been told.
    pub warned: bool,
    /// Whether it lasted `alert_after`: a proctor would have been alerted.
    pub alerted: bool,
    pub frames_looked_at: u64,
    pub frames_skipped: u64,
}

/// The source of the frames.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Camera {
    pub container: String,
    pub codec: String,
    pub width: u32,
    pub height: u32,
    /// Frames that could not be decoded.
    pub unusable_frames: u64,
    /// Frames whose timestamp went back.
    pub out_of_order_frames: u64,
    /// Seconds for which nothing can be said: covered, dark, frozen, lost.
    pub could_not_look_s: f64,
}

/// A recording that could not be replayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub recording: String,
    /// Always `failed`.
    pub status: String,
    pub error: String,
}

/// One sampled frame: what was seen, what it was taken for and what it changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceLine {
    pub recording: String,
    pub seq: u64,
    pub pts_s: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faces: Option<Vec<TracedDetection>>,
    /// Nothing was looked for: nobody was there, and the picture was as it was. Absent: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rested: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<Vec<TracedDetection>>,
    /// How the face differs from the one of a second before: below 0.05 as a still image does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face_change: Option<f32>,
    /// How a face that was found weakly correlates with what was found well there, as a whole and in the third
    /// that is most like it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face_likeness: Option<[f32; 2]>,
    /// Of a face that has vanished, the share of the candidate that is as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remains: Option<f64>,
    /// Since when the picture is not the calm one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stirred_since_s: Option<f64>,
    /// The picture is one of a loop: since when …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looped_since_s: Option<f64>,
    /// … and how long before it was shown, to 0.2 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loop_lag_s: Option<f64>,
    pub picture: PictureStats,
    pub state: Verdict,
    /// What the frame changed, in words.
    pub why: Vec<String>,
}

/// A detection: score (0 to 1) and left, top, right, bottom in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TracedDetection {
    pub score: f32,
    pub r#box: [f32; 4],
}

/// What a document says of where it comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    pub recording: String,
    pub sha256: Hash,
    pub session_id: SessionId,
    pub info: SourceInfo,
    pub policy: Policy,
    pub models: Vec<ModelIdentity>,
}

impl Document {
    /// `closed` are the intervals in the order in which they were closed.
    pub fn new(origin: Origin, end: &End, sampled: u64, closed: &[Interval]) -> Self {
        let Origin { recording, sha256, session_id, info, policy, models } = origin;
        let mut intervals: Vec<RecordedInterval> =
            closed.iter().map(|interval| RecordedInterval::new(interval, &policy)).collect();
        intervals.sort_by(|a, b| a.start_s.total_cmp(&b.start_s).then(a.kind.cmp(&b.kind)));
        Self {
            recording,
            sha256,
            status: end.status.clone(),
            session_id,
            duration_s: end.tally.end.as_secs_f64(),
            frames: end.tally.frames,
            sampled,
            models,
            camera: Camera {
                container: info.container,
                codec: info.codec,
                width: info.size.width,
                height: info.size.height,
                unusable_frames: end.tally.unusable,
                out_of_order_frames: end.tally.out_of_order,
                could_not_look_s: could_not_look_s(&intervals),
            },
            policy,
            intervals,
        }
    }
}

/// Seconds covered by intervals of the "could not look" family, overlaps counted once.
fn could_not_look_s(intervals: &[RecordedInterval]) -> f64 {
    let (mut total, mut until) = (0.0, f64::NEG_INFINITY);
    for interval in intervals.iter().filter(|i| i.family == Family::CouldNotLook) {
        let start = interval.start_s.max(until);
        total += (interval.end_s - start).max(0.0);
        until = until.max(interval.end_s);
    }
    MediaTime::from_secs_f64(total).as_secs_f64()
}

impl RecordedInterval {
    fn new(interval: &Interval, policy: &Policy) -> Self {
        let end = interval.end_ms.unwrap_or(interval.start_ms);
        let length = end.since(interval.start_ms);
        Self {
            id: interval.id,
            kind: interval.kind,
            family: interval.kind.family(),
            start_s: interval.start_ms.as_secs_f64(),
            end_s: end.as_secs_f64(),
            confidence: interval.confidence,
            closed_by: interval.closed_by.unwrap_or(ClosedBy::Incomplete),
            warned: length >= policy.warn_after() && policy.alerts(interval.kind),
            alerted: length >= policy.alert_after() && policy.alerts(interval.kind),
            frames_looked_at: interval.frames_looked_at,
            frames_skipped: interval.frames_skipped,
        }
    }
}

impl TraceLine {
    pub fn new(recording: &str, sample: &Sample) -> Self {
        let traced = |finds: &Vec<Detection>| finds.iter().map(TracedDetection::new).collect();
        Self {
            recording: recording.to_owned(),
            seq: sample.seq,
            pts_s: sample.pts.as_secs_f64(),
            faces: sample.faces.as_ref().map(traced),
            rested: sample.rested,
            people: sample.people.as_ref().map(traced),
            face_change: sample.signs.face_change.map(|it| it.change),
            face_likeness: sample.signs.likeness.map(|it| [it.whole, it.third]),
            remains: sample.signs.remains,
            stirred_since_s: sample.signs.stir.map(|stir| stir.since.as_secs_f64()),
            looped_since_s: sample.signs.repeat.map(|repeat| repeat.since.as_secs_f64()),
            loop_lag_s: sample.signs.repeat.map(|repeat| repeat.lag.as_millis() as f64 / 1e3),
            picture: sample.picture,
            state: sample.verdict,
            why: sample.changes.iter().map(in_words).collect(),
        }
    }
}

impl TracedDetection {
    fn new(detection: &Detection) -> Self {
        let place = detection.bounding_box;
        let r#box = [place.left, place.top, place.right, place.bottom];
        Self { score: detection.score, r#box }
    }
}

fn in_words(change: &Change) -> String {
    match change {
        Change::Opened(interval) => {
            format!("{} since {}", interval.kind.description(), interval.start_ms)
        }
        Change::Warned(_, at) => format!("candidate warned at {at}"),
        Change::Alerted(_, at) => format!("proctor alerted at {at}"),
        Change::Closed(interval) => {
            let end = interval.end_ms.unwrap_or(interval.start_ms);
            format!("{} until {end}", interval.kind.description())
        }
    }
}
