//! What is wrong with the agent: conditions, each with a code, a cause that may explain it away, and
//! a delay before it shows. Pure: time comes in.
//!
//! A condition that lasts shorter than its delay was never shown to anybody; one whose cause is
//! raised, too, stays hidden behind it, since mending the cause mends both.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::MediaTime;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Everything goes on; it is worth knowing.
    Low,
    /// Something is done worse or later.
    Medium,
    /// Nothing is watched, or nothing can be kept.
    High,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// There is no camera at all.
    NoCamera,
    /// Another program uses the camera.
    CameraBusy,
    /// The system does not let us use the camera.
    CameraDenied,
    /// The camera was there and gives no frames.
    CameraLost,
    /// A call into the camera's driver does not return; its thread was given up.
    CaptureStuck,
    /// The source is a known virtual device.
    VirtualCamera,
    /// The detector does not answer, or ended.
    DetectorFailed,
    /// More than half of the frames that were due could not be looked at.
    Overloaded,
    /// The battery is drawn on, and low: less is looked.
    BatteryLow,
    /// The machine is hot: less is looked.
    MachineHot,
    /// The disk does not take reports: they are held in memory, and lost if the agent stops.
    StorageDegraded,
    /// The memory for reports is full, too: some are lost.
    SpoolFailed,
    /// The server cannot be reached.
    ServerUnreachable,
    /// The server refuses reports, or the token.
    ServerRefuses,
}

impl Code {
    pub const ALL: [Self; 14] = [
        Self::NoCamera,
        Self::CameraBusy,
        Self::CameraDenied,
        Self::CameraLost,
        Self::CaptureStuck,
        Self::VirtualCamera,
        Self::DetectorFailed,
        Self::Overloaded,
        Self::BatteryLow,
        Self::MachineHot,
        Self::StorageDegraded,
        Self::SpoolFailed,
        Self::ServerUnreachable,
        Self::ServerRefuses,
    ];

    /// What is over once a camera was opened.
    pub const OF_THE_CAMERA: [Self; 5] = [
        Self::NoCamera,
        Self::CameraBusy,
        Self::CameraDenied,
        Self::CameraLost,
        Self::CaptureStuck,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoCamera => "no_camera",
            Self::CameraBusy => "camera_busy",
            Self::CameraDenied => "camera_denied",
            Self::CameraLost => "camera_lost",
            Self::CaptureStuck => "capture_stuck",
            Self::VirtualCamera => "virtual_camera",
            Self::DetectorFailed => "detector_failed",
            Self::Overloaded => "overloaded",
            Self::BatteryLow => "battery_low",
            Self::MachineHot => "machine_hot",
            Self::StorageDegraded => "storage_degraded",
            Self::SpoolFailed => "spool_failed",
            Self::ServerUnreachable => "server_unreachable",
            Self::ServerRefuses => "server_refuses",
        }
    }

    pub const fn severity(self) -> Severity {
        match self {
            Self::NoCamera
            | Self::CameraBusy
            | Self::CameraDenied
            | Self::CameraLost
            | Self::CaptureStuck
            | Self::DetectorFailed
            | Self::SpoolFailed => Severity::High,
            Self::VirtualCamera
            | Self::Overloaded
            | Self::StorageDegraded
            | Self::ServerRefuses => Severity::Medium,
            Self::BatteryLow | Self::MachineHot | Self::ServerUnreachable => Severity::Low,
        }
    }

    /// What explains it: while that is raised, this stays hidden.
    pub const fn depends_on(self) -> &'static [Self] {
        match self {
            Self::CameraLost => {
                &[Self::NoCamera, Self::CameraBusy, Self::CameraDenied, Self::CaptureStuck]
            }
            Self::Overloaded => &[Self::DetectorFailed],
            Self::StorageDegraded => &[Self::SpoolFailed],
            Self::NoCamera
            | Self::CameraBusy
            | Self::CameraDenied
            | Self::CaptureStuck
            | Self::VirtualCamera
            | Self::DetectorFailed
            | Self::BatteryLow
            | Self::MachineHot
            | Self::SpoolFailed
            | Self::ServerUnreachable
            | Self::ServerRefuses => &[],
        }
    }

    /// How long it must last before anybody is told.
    pub const fn delay(self) -> Duration {
        match self {
            Self::ServerUnreachable => Duration::from_secs(15),
            Self::NoCamera
            | Self::CameraBusy
            | Self::CameraDenied
            | Self::CameraLost
            | Self::CaptureStuck
            | Self::VirtualCamera
            | Self::DetectorFailed
            | Self::Overloaded
            | Self::BatteryLow
            | Self::MachineHot
            | Self::StorageDegraded
            | Self::SpoolFailed
            | Self::ServerRefuses => Duration::ZERO,
        }
    }
}

/// Something that is wrong, since when, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    pub code: Code,
    pub severity: Severity,
    pub since_ms: MediaTime,
    /// For an engineer; a person is told by the code.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// All that is wrong.
#[derive(Clone, Debug, Default)]
pub struct Health {
    raised: BTreeMap<Code, (MediaTime, String)>,
}

impl Health {
    /// It is so since `at`, or since it was raised first.
    pub fn raise(&mut self, code: Code, at: MediaTime, detail: impl Into<String>) {
        self.raised.entry(code).or_insert((at, String::new())).1 = detail.into();
    }

    pub fn clear(&mut self, code: Code) {
        self.raised.remove(&code);
    }

    /// Whether it is so, shown or not.
    pub fn is_raised(&self, code: Code) -> bool {
        self.raised.contains_key(&code)
    }

    /// Raises or clears, as the case may be.
    pub fn set(&mut self, code: Code, at: MediaTime, detail: Option<String>) {
        match detail {
            Some(detail) => self.raise(code, at, detail),
            None => self.clear(code),
        }
    }

    /// What is to be shown at `now`, worst first.
    pub fn visible(&self, now: MediaTime) -> Vec<Condition> {
        let is_explained =
            |code: Code| code.depends_on().iter().any(|cause| self.raised.contains_key(cause));
        let mut visible: Vec<Condition> = self
            .raised
            .iter()
            .filter(|(code, (since, _))| now.since(*since) >= code.delay() && !is_explained(**code))
            .map(|(&code, (since, detail))| Condition {
                code,
                severity: code.severity(),
                since_ms: *since,
                detail: detail.clone(),
            })
            .collect();
        visible.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.code.cmp(&b.code)));
        visible
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> MediaTime {
        MediaTime::from_millis(secs * 1_000)
    }

    fn codes(health: &Health, now: i64) -> Vec<Code> {
        health.visible(at(now)).into_iter().map(|condition| condition.code).collect()
    }

    #[test]
    fn a_condition_shows_after_its_delay_and_goes_when_it_is_cleared() {
        let mut health = Health::default();
        health.raise(Code::ServerUnreachable, at(10), "no connection");
        assert_eq!(codes(&health, 24), []);
        health.raise(Code::ServerUnreachable, at(24), "still none");
        assert_eq!(codes(&health, 25), [Code::ServerUnreachable]);
        assert_eq!(health.visible(at(25))[0].since_ms, at(10));
        assert_eq!(health.visible(at(25))[0].detail, "still none");
        health.clear(Code::ServerUnreachable);
        assert_eq!(codes(&health, 99), []);
    }

    #[test]
    fn what_is_explained_by_another_condition_stays_behind_it() {
        let mut health = Health::default();
        health.raise(Code::CameraLost, at(0), "");
        health.raise(Code::CameraBusy, at(1), "");
        assert_eq!(codes(&health, 2), [Code::CameraBusy]);
        health.clear(Code::CameraBusy);
        assert_eq!(codes(&health, 3), [Code::CameraLost]);
    }

    #[test]
    fn the_worst_comes_first() {
        let mut health = Health::default();
        for code in [Code::ServerUnreachable, Code::VirtualCamera, Code::SpoolFailed] {
            health.raise(code, at(0), "");
        }
        let expected = [Code::SpoolFailed, Code::VirtualCamera, Code::ServerUnreachable];
        assert_eq!(codes(&health, 60), expected);
    }

    #[test]
    fn every_code_has_the_name_that_serde_writes() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{}\"", code.as_str()));
        }
    }

    #[test]
    fn causes_are_at_least_as_bad_and_not_in_a_circle() {
        for code in Code::ALL {
            for cause in code.depends_on() {
                assert!(cause.severity() >= code.severity(), "{code:?} hides behind {cause:?}");
                assert!(!cause.depends_on().contains(&code), "{code:?} and {cause:?}");
            }
        }
    }
}
