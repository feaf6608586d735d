//! Which cameras are no cameras: programs and drivers that show something else as one.
//!
//! Only what is known is recognised. That a device is not found here is no proof that it is a
//! camera; that it is found here is no proof of bad intent: what follows is the policy's decision.

/// Programs and drivers, by the start of a word in the device's name.
const NAMES: &[(&str, &str)] = &[
    ("obs virtual", "OBS Virtual Camera"),
    ("obs camera", "OBS Virtual Camera"),
    ("obs cam", "OBS Virtual Camera"),
    ("obs studio", "OBS Virtual Camera"),
    ("manycam", "ManyCam"),
    ("xsplit", "XSplit VCam"),
    ("snap camera", "Snap Camera"),
    ("droidcam", "DroidCam"),
    ("mmhmm", "mmhmm"),
    ("nvidia broadcast", "NVIDIA Broadcast"),
    ("camera nvidia broadcast", "NVIDIA Broadcast"),
    ("camtwist", "CamTwist"),
    ("e2esoft", "e2eSoft VCam"),
    ("ivcam", "iVCam"),
    ("youcam", "CyberLink YouCam"),
    ("splitcam", "SplitCam"),
    ("webcammax", "WebcamMax"),
    ("akvirtualcamera", "AKVirtualCamera"),
    ("akvcam", "AKVirtualCamera"),
    ("iriun", "Iriun Webcam"),
    ("epoccam", "EpocCam"),
    ("camo", "Camo"),
    ("reincubate", "Camo"),
    ("altercam", "AlterCam"),
    ("sparkocam", "SparkoCam"),
    ("chromacam", "ChromaCam"),
    ("facerig", "FaceRig"),
    ("animaze", "Animaze"),
    ("vtube", "VTube Studio"),
    ("unity video capture", "Unity Video Capture"),
    ("ndi webcam", "NDI Webcam"),
    ("newtek", "NDI Webcam"),
    ("vmix", "vMix"),
    ("prism live", "PRISM Live Studio"),
    ("streamlabs", "Streamlabs"),
    ("ecamm", "Ecamm Live"),
    ("screen capture recorder", "screen capturer"),
    ("vcam", "e2eSoft VCam"),
    ("dummy video device", "v4l2loopback"),
    ("v4l2 loopback", "v4l2loopback"),
    ("v4l2loopback", "v4l2loopback"),
    ("vivid", "vivid"),
    ("virtual camera", "virtual camera"),
    ("virtual webcam", "virtual camera"),
    ("virtual cam", "virtual camera"),
    ("fake camera", "virtual camera"),
];

/// By the driver's name, or by what stands behind `platform:` in the bus.
const DRIVERS: &[(&str, &str)] = &[
    ("v4l2 loopback", "v4l2loopback"),
    ("v4l2loopback", "v4l2loopback"),
    ("vivid", "vivid"),
    ("vimc", "vimc"),
    ("akvcam", "AKVirtualCamera"),
    ("droidcam", "DroidCam"),
];

/// What a device says of itself, and where the system keeps it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traits<'a> {
    pub(super) name: &'a str,
    pub(super) driver: &'a str,
    pub(super) bus: &'a str,
    /// The device's folder in sysfs, links resolved; empty where there is none.
    pub(super) path: &'a str,
}

/// A recognised virtual camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualDevice {
    /// The program or driver, as a person calls it.
    pub product: &'static str,
    /// Everything that gave it away; never empty.
    pub evidence: Vec<Evidence>,
}

/// What gave a virtual camera away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    Name,
    Driver,
    Bus,
    /// It hangs on no hardware at all: it stands among the system's virtual devices.
    NoHardware,
}

impl Evidence {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Driver => "driver",
            Self::Bus => "bus",
            Self::NoHardware => "no_hardware",
        }
    }
}

pub(super) fn recognise(traits: Traits<'_>) -> Option<VirtualDevice> {
    let bus = traits.bus.strip_prefix("platform:").unwrap_or_default();
    let no_hardware = traits.path.starts_with("/sys/devices/virtual/");
    let found: Vec<(Evidence, &'static str)> = [
        (Evidence::Name, known(NAMES, traits.name)),
        (Evidence::Driver, known(DRIVERS, traits.driver)),
        (Evidence::Bus, known(DRIVERS, bus)),
        (Evidence::NoHardware, no_hardware.then_some("virtual camera")),
    ]
    .into_iter()
    .filter_map(|(evidence, product)| Some((evidence, product?)))
    .collect();
    let (_, product) = found.first()?;
    Some(VirtualDevice { product, evidence: found.iter().map(|(evidence, _)| *evidence).collect() })
}

/// The product whose words stand in `text`, where only the last word may go on.
fn known(table: &[(&str, &'static str)], text: &str) -> Option<&'static str> {
    let words = words(text);
    table
        .iter()
        .find(|(pattern, _)| words.contains(&format!(" {pattern}")))
        .map(|(_, product)| *product)
}

/// In lower case, each word with one space before it, without punctuation.
fn words(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).fold(
        String::new(),
        |mut words, word| {
            words.push(' ');
            words.push_str(word);
            words
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use Evidence::{Bus, Driver, Name, NoHardware};

    fn of(name: &str, driver: &str, bus: &str, path: &str) -> Option<VirtualDevice> {
        recognise(Traits { name, driver, bus, path })
    }

    #[test]
    fn known_virtual_cameras_are_recognised() {
        const VIRTUAL: &str = "/sys/devices/virtual/video4linux/video7";
        const PLATFORM: &str = "/sys/devices/platform/vivid.0/video4linux/video0";
        for (name, driver, bus, path, product, evidence) in [
            (
                "Dummy video device (0x0000)",
                "v4l2 loopback",
                "platform:v4l2loopback-000",
                VIRTUAL,
                "v4l2loopback",
                &[Name, Driver, Bus, NoHardware][..],
            ),
            (
                "Logitech BRIO",
                "v4l2 loopback",
                "platform:v4l2loopback-007",
                VIRTUAL,
                "v4l2loopback",
                &[Driver, Bus, NoHardware],
            ),
            ("OBS Virtual Camera", "", "", "", "OBS Virtual Camera", &[Name]),
            ("OBS-Camera", "", "", "", "OBS Virtual Camera", &[Name]),
            ("vivid", "vivid", "platform:vivid-000", PLATFORM, "vivid", &[Name, Driver, Bus]),
            ("ManyCam Virtual Webcam", "", "", "", "ManyCam", &[Name]),
            ("XSplit VCam", "", "", "", "XSplit VCam", &[Name]),
            ("Snap Camera", "", "", "", "Snap Camera", &[Name]),
            ("DroidCam Source 3", "", "", "", "DroidCam", &[Name]),
            ("mmhmm Camera", "", "", "", "mmhmm", &[Name]),
            ("Camera (NVIDIA Broadcast)", "", "", "", "NVIDIA Broadcast", &[Name]),
            ("CamTwist (2VUY)", "", "", "", "CamTwist", &[Name]),
            ("e2eSoft VCam", "", "", "", "e2eSoft VCam", &[Name]),
            ("e2eSoft iVCam", "", "", "", "e2eSoft VCam", &[Name]),
            ("CyberLink YouCam 9", "", "", "", "CyberLink YouCam", &[Name]),
            ("SplitCam Video Driver", "", "", "", "SplitCam", &[Name]),
            ("WebcamMax Capture", "", "", "", "WebcamMax", &[Name]),
            (
                "Virtual Camera 0",
                "akvcam",
                "platform:akvcam-0",
                VIRTUAL,
                "virtual camera",
                &[Name, Driver, Bus, NoHardware],
            ),
            ("Front door", "", "", VIRTUAL, "virtual camera", &[NoHardware]),
        ] {
            let found = of(name, driver, bus, path).unwrap_or_else(|| panic!("{name} is missed"));
            assert_eq!((found.product, &found.evidence[..]), (product, evidence), "{name}");
        }
    }

    #[test]
    fn real_cameras_are_not() {
        const USB: &str =
            "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-5/1-5:1.0/video4linux/video0";
        for name in [
            "",
            "Integrated Camera: Integrated C",
            "HD Pro Webcam C920",
            "Logitech BRIO",
            "FaceTime HD Camera",
            "USB2.0 HD UVC WebCam",
            "Observer Cam",
            "CameraMotion 3",
            "Kandis Webcam",
            "Kamera f\u{fc}r B\u{fc}ro",
            "\u{fffd}\u{fffd}",
        ] {
            assert_eq!(of(name, "uvcvideo", "usb-0000:00:14.0-5", USB), None, "{name}");
        }
    }
}
