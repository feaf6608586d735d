//! Live cameras.
//!
//! [`list`] says which cameras there are, [`CameraSource::open`] opens one, and the source gives
//! frames until something goes wrong. It never recovers by itself: an error closes the camera and
//! ends the source, and whoever supervises it lists, finds and opens anew, with patience of its
//! own. Every error says what a person can do about it ([`CameraError`]).
//!
//! **Which camera.** A [`CameraId`] holds the name and the place on the bus, not the index, since
//! indices are given anew at every plugging in. Two cameras of one model stay apart by their
//! places. A camera that was moved to another socket has another id and the same name.
//!
//! **No camera hangs the program.** Waiting for a frame ends after 1.5 s, and after 4 s for the first
//! one, since some cameras need two to start. That holds on Linux, where the backend is our own
//! ([`v4l2`]); on other systems nokhwa's backend may wait for ever inside the driver, so that the
//! supervisor has to give the thread up.
//!
//! No clock is read here: a [`Stopwatch`] comes in.

mod choice;
mod decode;
mod device;
mod error;
#[cfg_attr(
    not(any(target_os = "linux", test)),
    expect(dead_code, reason = "only on Linux are there ranges of sizes and rates")
)]
mod negotiate;
mod source;
mod virtual_device;

#[cfg(not(target_os = "linux"))]
mod native;
#[cfg(target_os = "linux")]
mod v4l2;

#[cfg(not(target_os = "linux"))]
use native as platform;
#[cfg(target_os = "linux")]
use v4l2 as platform;

pub use choice::{Choice, Fit, Remembered};
pub use error::CameraError;
pub use source::{CameraSource, Reading, Stopwatch};
pub use virtual_device::{Evidence, VirtualDevice};

use std::fmt;

use serde::{Deserialize, Serialize};

/// Names a camera over unplugging and restarts: fit for a settings file. Opaque; compare it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CameraId(String);

impl CameraId {
    /// `nth` counts devices that share name and bus, such as the two halves of an infrared camera.
    fn new(name: &str, bus: &str, nth: usize) -> Self {
        let nth = if nth == 0 { String::new() } else { format!(" #{}", nth + 1) };
        Self(format!("{name} [{bus}]{nth}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CameraId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A camera that is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraInfo {
    pub id: CameraId,
    /// As its maker calls it. May hold the owner's name ("Anna's phone"), so it is not logged.
    pub name: String,
    pub driver: String,
    pub bus: String,
    /// Where the system has it at the moment.
    pub index: u32,
    pub virtual_device: Option<VirtualDevice>,
}

/// The cameras that are connected, in the system's order. Empty when there are none.
///
/// # Errors
/// [`CameraError::Denied`] when there are cameras and none of them may be opened.
pub fn list() -> Result<Vec<CameraInfo>, CameraError> {
    platform::list()
}

/// The camera to open: the `wanted` one, or else the first, real ones before virtual ones.
///
/// # Errors
/// [`CameraError::NoCamera`] when there is none at all, [`CameraError::NotFound`] when there are
/// others than the one that is wanted.
pub fn find(cameras: &[CameraInfo], wanted: Option<&CameraId>) -> Result<CameraInfo, CameraError> {
    let first = cameras.iter().min_by_key(|camera| camera.virtual_device.is_some());
    let found = match wanted {
        Some(wanted) => cameras.iter().find(|camera| camera.id == *wanted),
        None => first,
    };
    let missing = if first.is_none() { CameraError::NoCamera } else { CameraError::NotFound };
    found.cloned().ok_or(missing)
}

/// The camera that somebody means by what they typed: its id, its name, or how its id begins.
///
/// # Errors
/// As with [`find`].
pub fn typed(cameras: &[CameraInfo], typed: &str) -> Result<CameraInfo, CameraError> {
    let by_id = |camera: &&CameraInfo| camera.id.as_str() == typed;
    let by_name = |camera: &&CameraInfo| camera.name.eq_ignore_ascii_case(typed);
    let by_start = |camera: &&CameraInfo| camera.id.as_str().starts_with(typed);
    let mut all = cameras.iter();
    let found = all.clone().find(by_id).or_else(|| all.clone().find(by_name));
    let missing = if cameras.is_empty() { CameraError::NoCamera } else { CameraError::NotFound };
    found.or_else(|| all.find(by_start)).cloned().ok_or(missing)
}

/// Gives each camera its id; those before it in the order count.
fn identify(cameras: &mut [CameraInfo]) {
    for at in 0..cameras.len() {
        let (before, rest) = cameras.split_at_mut(at);
        let camera = &mut rest[0];
        let same = |other: &&CameraInfo| (&other.name, &other.bus) == (&camera.name, &camera.bus);
        camera.id = CameraId::new(&camera.name, &camera.bus, before.iter().filter(same).count());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cameras(named: &[(&str, &str, bool)]) -> Vec<CameraInfo> {
        let mut cameras: Vec<_> = named
            .iter()
            .zip(0..)
            .map(|((name, bus, is_virtual), index)| CameraInfo {
                id: CameraId::new("", "", 0),
                name: (*name).to_owned(),
                driver: String::new(),
                bus: (*bus).to_owned(),
                index,
                virtual_device: is_virtual
                    .then(|| VirtualDevice { product: "OBS", evidence: vec![Evidence::Name] }),
            })
            .collect();
        identify(&mut cameras);
        cameras
    }

    #[test]
    fn cameras_of_one_model_stay_apart_whatever_their_index() {
        let before = cameras(&[("C920", "usb-1", false), ("C920", "usb-2", false)]);
        let after = cameras(&[("IR", "usb-9", false), ("C920", "usb-2", false)]);
        assert_eq!(find(&after, Some(&before[1].id)).unwrap().index, 1);
        assert_eq!(find(&after, Some(&before[0].id)), Err(CameraError::NotFound));
        assert_eq!(find(&[], Some(&before[0].id)), Err(CameraError::NoCamera));
    }

    #[test]
    fn devices_that_share_name_and_bus_have_different_ids() {
        let twins = cameras(&[("Cam", "usb-1", false), ("Cam", "usb-1", false)]);
        assert_eq!((twins[0].id.as_str(), twins[1].id.as_str()), ("Cam [usb-1]", "Cam [usb-1] #2"));
    }

    #[test]
    fn without_a_choice_the_first_real_camera_is_taken() {
        let mixed = cameras(&[("OBS", "", true), ("A", "1", false), ("B", "2", false)]);
        assert_eq!(find(&mixed, None).unwrap().name, "A");
        assert_eq!(find(&mixed[..1], None).unwrap().name, "OBS");
        assert_eq!(find(&[], None), Err(CameraError::NoCamera));
    }

    #[test]
    fn a_camera_is_meant_by_its_id_its_name_or_how_its_id_begins() {
        let known = cameras(&[("C920 Pro", "1", false), ("C920", "2", false)]);
        for (text, index) in [("C920 [2]", 1), ("c920", 1), ("C920 Pro", 0), ("C92", 0)] {
            assert_eq!(typed(&known, text).unwrap().index, index, "{text}");
        }
        assert_eq!(typed(&known, "C930"), Err(CameraError::NotFound));
        assert_eq!(typed(&[], "C930"), Err(CameraError::NoCamera));
    }

    #[test]
    fn an_id_survives_a_settings_file() {
        let id = CameraId::new("K\u{e4}mera \"2\"", "usb-0000:00:14.0-1", 0);
        let text = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<CameraId>(&text).unwrap(), id);
    }
}
