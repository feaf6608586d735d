//! Colours of marks. The lane and its name say the same, so nobody needs to tell them apart.

use eframe::egui::Color32;

use super::mark::Mark;

/// Readable on light and dark ground.
pub(super) const fn colour(mark: Mark) -> Color32 {
    match mark {
        Mark::OutOfView => Color32::from_rgb(0xd2, 0x4b, 0x4b),
        Mark::FaceNotVisible => Color32::from_rgb(0xd0, 0x82, 0x1c),
        Mark::MultiplePeople => Color32::from_rgb(0x86, 0x5c, 0xd6),
        Mark::CameraCovered => Color32::from_rgb(0x2b, 0x7d, 0xc9),
        Mark::TooDark => Color32::from_rgb(0x4a, 0x62, 0xb5),
        Mark::FrozenPicture => Color32::from_rgb(0x1f, 0x97, 0xa8),
        Mark::CameraLost => Color32::from_rgb(0x5f, 0x70, 0x86),
        Mark::PhotoHeldUp => Color32::from_rgb(0xc2, 0x4f, 0x9b),
        Mark::Repeats => Color32::from_rgb(0x3f, 0x91, 0x57),
        Mark::NotCounted => Color32::from_rgb(0x8d, 0x86, 0x9e),
        Mark::Ignore => Color32::from_rgb(0x86, 0x8e, 0x78),
    }
}
