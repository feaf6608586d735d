//! Cameras on Linux: V4L2, by the `v4l` crate, which makes the system calls.
//!
//! nokhwa has a backend for it, too, and this program cannot live with that: it waits for ever when
//! a camera stalls, cannot open one that was left in a format or at a rate that nokhwa has no name
//! for, takes buffers whole (so that a JPEG that is cut off cannot be told from one that is not),
//! hides the driver's mark on damaged ones, and lists metadata and output nodes as cameras. So the
//! backend is our own; [`backend`] puts it behind nokhwa's `Camera`, as on the other systems.
//!
//! The `v4l` crate panics where a driver says what it does not expect. Every call into it that can
//! do so is caught ([`guarded`]). Names that are cut in the middle of a letter are common, since
//! there is room for 31 bytes: their devices are not even asked, but described from sysfs.

mod backend;
mod offers;
mod stream;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use v4l::capability::{Capabilities, Flags};
use v4l::video::Capture as _;

use super::device::Device;
use super::virtual_device::{Traits, recognise};
use super::{CameraError, CameraId, CameraInfo, identify};

pub(super) fn list() -> Result<Vec<CameraInfo>, CameraError> {
    let (mut cameras, mut obstacle) = (Vec::new(), None);
    for index in nodes() {
        match describe(index) {
            Ok(Some((camera, _))) => cameras.push(camera),
            Ok(None) => {}
            Err(error @ (CameraError::Denied | CameraError::Busy)) => obstacle = Some(error),
            Err(error) => tracing::debug!(%error, index, "a video device cannot be read"),
        }
    }
    identify(&mut cameras);
    match obstacle {
        Some(obstacle) if cameras.is_empty() => Err(obstacle),
        _ => Ok(cameras),
    }
}

pub(super) fn open(camera: &CameraInfo) -> Result<Box<dyn Device>, CameraError> {
    let (found, device) = match describe(camera.index) {
        Ok(Some(found)) => found,
        Ok(None) | Err(CameraError::Unplugged) => return Err(CameraError::NotFound),
        Err(error) => return Err(error),
    };
    if (&found.name, &found.bus) != (&camera.name, &camera.bus) {
        return Err(CameraError::NotFound);
    }
    guarded(|| backend::start(device, camera))
}

/// Calls into the `v4l` crate; a panic of it is an error of the driver.
fn guarded<T>(call: impl FnOnce() -> Result<T, CameraError>) -> Result<T, CameraError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| {
        Err(CameraError::Driver("it says what cannot be understood".to_owned()))
    })
}

/// Numbers of the nodes `/dev/video<number>`, in order.
fn nodes() -> Vec<u32> {
    let mut nodes: Vec<u32> = fs::read_dir("/dev")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_prefix("video")?.parse().ok())
        .collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

/// A node, opened, if it is a camera.
fn describe(index: u32) -> Result<Option<(CameraInfo, v4l::Device)>, CameraError> {
    let device = v4l::Device::with_path(format!("/dev/video{index}"))?;
    let folder = PathBuf::from(format!("/sys/class/video4linux/video{index}"));
    let described = match capabilities(&device, &folder) {
        Err(CameraError::Driver(_)) => by_sysfs(&device, &folder),
        other => Some(other?),
    };
    let Some(Capabilities { card, driver, bus, capabilities, .. }) = described else {
        return Ok(None);
    };
    if !capabilities.contains(Flags::VIDEO_CAPTURE | Flags::STREAMING) {
        return Ok(None);
    }
    let path = fs::canonicalize(&folder).unwrap_or_default();
    let path = path.to_string_lossy();
    let traits = Traits { name: &card, driver: &driver, bus: &bus, path: &path };
    let virtual_device = recognise(traits);
    let id = CameraId::new(&card, &bus, 0);
    Ok(Some((CameraInfo { id, name: card, driver, bus, index, virtual_device }, device)))
}

fn capabilities(device: &v4l::Device, folder: &Path) -> Result<Capabilities, CameraError> {
    let name = fs::read(folder.join("name")).unwrap_or_default();
    if std::str::from_utf8(&name).is_err() {
        return Err(CameraError::Driver("its name is no text".to_owned()));
    }
    guarded(|| Ok(device.query_caps()?))
}

/// What the system knows of a device whose own words cannot be read.
fn by_sysfs(device: &v4l::Device, folder: &Path) -> Option<Capabilities> {
    let formats = guarded(|| Ok(device.enum_formats()?)).ok()?;
    let name = fs::read(folder.join("name")).ok()?;
    let hardware = fs::canonicalize(folder.join("device"));
    let hardware = hardware.or_else(|_| fs::canonicalize(folder)).ok()?;
    let driver = fs::canonicalize(folder.join("device/driver")).ok();
    let driver = driver.as_deref().and_then(Path::file_name).unwrap_or_default();
    (!formats.is_empty()).then(|| Capabilities {
        card: String::from_utf8_lossy(&name).trim().to_owned(),
        driver: driver.to_string_lossy().into_owned(),
        bus: hardware.to_string_lossy().into_owned(),
        version: (0, 0, 0),
        capabilities: Flags::VIDEO_CAPTURE | Flags::STREAMING,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listing_never_fails_for_want_of_cameras() {
        match list() {
            Ok(cameras) => assert!(cameras.windows(2).all(|pair| pair[0].index < pair[1].index)),
            Err(error) => assert!(matches!(error, CameraError::Denied | CameraError::Busy)),
        }
    }

    #[test]
    fn a_panic_of_the_library_is_an_error_of_the_driver() {
        let outcome: Result<(), _> = guarded(|| panic!("Invalid colorspace"));
        assert_eq!(outcome.unwrap_err().code(), "camera_driver");
    }
}
