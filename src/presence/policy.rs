//! The exam's policy: times and thresholds, and why they are what they are.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::report::Kind;

/// What a server keeps is the server's; a candidate's machine is no archive.
const LONGEST_KEPT_DAYS: u32 = 90;
/// A day: no exam is planned for longer.
pub const LONGEST_PLANNED_MINUTES: u32 = 24 * 60;

/// Everything that decides which intervals are found. Goes into each report by its version, and as
/// a whole into the report that opens a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Names the policy in reports.
    pub version: String,
    /// Frames looked at a second.
    pub sample_rate_hz: f64,
    /// While the machine is strained (battery, heat, load), no fewer frames a second than these.
    /// Never taken as more than `sample_rate_hz`: with that much or more, the rate stays.
    pub lowest_sample_rate_hz: f64,
    /// Shorter absences are not recorded.
    pub record_after_ms: u64,
    /// The candidate is told after this long, before anything is alerted.
    pub warn_after_ms: u64,
    /// The proctor is alerted after this long.
    pub alert_after_ms: u64,
    /// Intervals of one kind with less than this between them are one.
    pub merge_gap_ms: u64,
    /// A return is believed when it has held this long: one frame in which a detector errs does
    /// not end an interval. At 5 Hz, two frames in a row.
    pub confirm_ms: u64,
    /// No frame for this long: the camera is lost.
    pub camera_lost_after_ms: u64,
    /// What follows when the camera is a program. Nothing in a replay: a recording has no camera.
    pub virtual_camera: VirtualCameraPolicy,
    /// What follows when the candidate's face moves as a still image does, or the picture as a loop.
    pub still_image: StillImagePolicy,
    /// For so many days after a session is over and delivered, its reports stay on the candidate's
    /// machine. Nothing in a replay: it keeps none.
    pub keep_days: u32,
    /// How long the exam is planned to be. Candidate and proctors see its end, and proctors can put it off;
    /// nothing ends by itself: whether the time is up is decided where the exam is written. Absent: no end
    /// is planned. Nothing in a replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_minutes: Option<u32>,
    pub face: FacePolicy,
    pub person: PersonPolicy,
    pub picture: PicturePolicy,
}

/// What follows when a known virtual camera is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VirtualCameraPolicy {
    /// It is reported for as long as it is in use.
    #[default]
    Report,
    /// The exam does not begin with it. One that takes over in the exam is reported.
    Refuse,
}

/// What follows when the candidate's face moves as a still image does, a photo before the camera, and when the
/// camera shows once more what it has shown before, a recording in a loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StillImagePolicy {
    /// Not looked for.
    Ignore,
    /// The proctor sees the mark, and nobody is warned or alerted.
    #[default]
    Report,
    /// The candidate is told and the proctor alerted, as of an absence.
    Alert,
}

/// Thresholds on the scores of the face detector.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FacePolicy {
    /// A face is believed from this score: none of 989 frames had a false second face above it.
    pub enter: f32,
    /// A face that was there a moment ago is believed down to this score.
    pub keep: f32,
    /// A second face is believed from this score.
    pub another: f32,
    /// Smaller faces, in parts of the frame's height, are not the candidate's.
    pub min_height: f32,
}

/// Thresholds on the scores of the body detector.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PersonPolicy {
    pub enter: f32,
    pub keep: f32,
    pub another: f32,
    /// Smaller bodies, in parts of the frame's height, are people in the distance: not the candidate.
    pub min_height: f32,
    /// People in the distance are company from this height on: half a person at the other end of a
    /// large room. They must be found with `enter`, for they have few pixels.
    pub another_min_height: f32,
    /// With a face in view, bodies are looked for this often while something else than the
    /// candidate moves, and a tenth as often while nothing does.
    pub every_ms: u64,
}

/// Limits on the statistics of the picture itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PicturePolicy {
    /// Covered: [`super::PictureStats::structure`] at or below this. A finger on the lens has
    /// 0.02, a blank wall 0.05, a room 0.07 and more.
    pub covered_structure: f64,
    /// Covered, too: 99th percentile of luma below this. A camera in a dark room turns up its gain
    /// and shows noise; black without noise is a shutter or a cap.
    pub black_luma: u8,
    /// Too dark to say that nobody is there: 99th percentile of luma below this. Down to 20 the
    /// detectors still find a face. A picture that is lost in noise is too dark as well.
    pub dark_luma: u8,
    /// Unchanged, with somebody in the picture: mean absolute difference to the frame before, in
    /// luma levels. Someone who sits still changes 0.2 and more.
    pub still_difference: f64,
    /// Unchanged, with nobody in it: an empty room under a camera that works still has noise.
    pub still_difference_empty: f64,
    /// An empty picture is called frozen only after this long without any change.
    pub still_empty_ms: u64,
    /// A face or body is taken for a picture on the wall after this long without moving, while
    /// somebody else moves.
    pub fixture_ms: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            version: "default-1".to_owned(),
            sample_rate_hz: 5.0,
            lowest_sample_rate_hz: 2.5,
            record_after_ms: 1_000,
            warn_after_ms: 2_000,
            alert_after_ms: 5_000,
            merge_gap_ms: 1_000,
            confirm_ms: 150,
            camera_lost_after_ms: 2_000,
            virtual_camera: VirtualCameraPolicy::default(),
            still_image: StillImagePolicy::default(),
            keep_days: 7,
            planned_minutes: None,
            face: FacePolicy::default(),
            person: PersonPolicy::default(),
            picture: PicturePolicy::default(),
        }
    }
}

impl Default for FacePolicy {
    fn default() -> Self {
        Self { enter: 0.70, keep: 0.50, another: 0.80, min_height: 0.04 }
    }
}

impl Default for PersonPolicy {
    fn default() -> Self {
        Self {
            enter: 0.40,
            keep: 0.20,
            another: 0.30,
            min_height: 0.25,
            another_min_height: 0.12,
            every_ms: 1_000,
        }
    }
}

impl Default for PicturePolicy {
    fn default() -> Self {
        Self {
            covered_structure: 0.045,
            black_luma: 5,
            dark_luma: 12,
            still_difference: 0.08,
            still_difference_empty: 0.02,
            still_empty_ms: 5_000,
            fixture_ms: 5_000,
        }
    }
}

impl Policy {
    pub fn record_after(&self) -> Duration {
        Duration::from_millis(self.record_after_ms)
    }

    pub fn warn_after(&self) -> Duration {
        Duration::from_millis(self.warn_after_ms)
    }

    pub fn alert_after(&self) -> Duration {
        Duration::from_millis(self.alert_after_ms)
    }

    pub fn merge_gap(&self) -> Duration {
        Duration::from_millis(self.merge_gap_ms)
    }

    pub fn confirm(&self) -> Duration {
        Duration::from_millis(self.confirm_ms)
    }

    /// Never less than two and a half sampling periods: a camera that is looked at every ten
    /// seconds is not lost after two.
    pub fn camera_lost_after(&self) -> Duration {
        self.sampling_period().mul_f64(2.5).max(Duration::from_millis(self.camera_lost_after_ms))
    }

    /// Whether the candidate is told of intervals of a kind, and the proctor alerted.
    pub fn alerts(&self, kind: Kind) -> bool {
        let is_mark = matches!(kind, Kind::SuspectedStillImage | Kind::SuspectedLoop);
        !is_mark || self.still_image == StillImagePolicy::Alert
    }

    /// Time between two frames that are looked at.
    pub fn sampling_period(&self) -> Duration {
        Duration::try_from_secs_f64(1.0 / self.sample_rate_hz).unwrap_or(Duration::from_millis(200))
    }

    /// How long the exam is planned to be.
    pub fn planned(&self) -> Option<Duration> {
        self.planned_minutes.map(|minutes| Duration::from_mins(minutes.into()))
    }

    /// What is wrong with it, each as a sentence; empty when it can be used.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut require = |holds: bool, fault: &str| {
            if !holds {
                faults.push(fault.to_owned());
            }
        };
        let rate = self.sample_rate_hz;
        require((0.1..=60.0).contains(&rate), "sample_rate_hz must lie between 0.1 and 60");
        let lowest = self.lowest_sample_rate_hz;
        require(
            (0.1..=60.0).contains(&lowest),
            "lowest_sample_rate_hz must lie between 0.1 and 60",
        );
        require(self.record_after_ms > 0, "record_after_ms must be more than 0");
        require(
            self.record_after_ms <= self.alert_after_ms,
            "alert_after_ms must not be less than record_after_ms",
        );
        require(
            self.warn_after_ms <= self.alert_after_ms,
            "warn_after_ms must not be more than alert_after_ms: the candidate is told first",
        );
        require(self.camera_lost_after_ms > 0, "camera_lost_after_ms must be more than 0");
        require(self.keep_days <= LONGEST_KEPT_DAYS, "keep_days must not be more than 90");
        require(
            self.planned_minutes.is_none_or(|it| (1..=LONGEST_PLANNED_MINUTES).contains(&it)),
            "planned_minutes must lie between 1 and 1440",
        );
        let picture = &self.picture;
        let limits =
            [picture.covered_structure, picture.still_difference, picture.still_difference_empty];
        require(
            limits.iter().all(|limit| limit.is_finite() && *limit >= 0.0),
            "picture: limits must be numbers that are not negative",
        );
        let person = &self.person;
        let heights = [self.face.min_height, person.min_height, person.another_min_height];
        require(
            heights.iter().all(|height| (0.0..=1.0).contains(height)),
            "min_height must lie between 0 and 1",
        );
        for (name, enter, keep, another) in [
            ("face", self.face.enter, self.face.keep, self.face.another),
            ("person", self.person.enter, self.person.keep, self.person.another),
        ] {
            let scores = [enter, keep, another];
            require(
                scores.iter().all(|score| (0.0..=1.0).contains(score)) && keep <= enter,
                &format!("{name}: scores must lie between 0 and 1, and keep not above enter"),
            );
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_has_no_faults_and_reads_back() {
        let policy = Policy::default();
        assert_eq!(policy.faults(), Vec::<String>::new());
        let text = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
    }

    #[test]
    fn a_partial_policy_keeps_the_other_defaults() {
        let policy: Policy =
            serde_json::from_str(r#"{"record_after_ms": 500, "face": {"enter": 0.8}}"#).unwrap();
        assert_eq!(policy.record_after_ms, 500);
        assert_eq!(policy.face.enter, 0.8);
        assert_eq!(policy.face.keep, 0.5);
        assert_eq!(policy.merge_gap_ms, 1_000);
    }

    #[test]
    fn a_misspelt_name_is_refused() {
        assert!(serde_json::from_str::<Policy>(r#"{"record_aftr_ms": 500}"#).is_err());
    }

    #[test]
    fn impossible_values_are_named() {
        let policy = Policy {
            sample_rate_hz: f64::NAN,
            face: FacePolicy { keep: 0.9, ..FacePolicy::default() },
            planned_minutes: Some(0),
            ..Policy::default()
        };
        let faults = policy.faults();
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].starts_with("sample_rate_hz"));
        assert!(faults[1].starts_with("planned_minutes"));
        assert!(faults[2].starts_with("face"));
    }
}
