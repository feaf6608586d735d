//! The preview on the graphics card, as in a mirror.

use eframe::egui::{self, Color32, ColorImage, TextureHandle, TextureId, TextureOptions};

use crate::agent::Preview;

/// The picture that was shown last, and the number of its frame.
#[derive(Default)]
pub(super) struct Mirror {
    shown: Option<(u64, TextureHandle)>,
}

impl Mirror {
    pub(super) fn texture(&self) -> Option<TextureId> {
        self.shown.as_ref().map(|(_, texture)| texture.id())
    }

    /// Brings a new picture to the graphics card; takes the old one away when there is none.
    pub(super) fn show(&mut self, ctx: &egui::Context, preview: Option<&Preview>) {
        let Some(preview) = preview else {
            self.shown = None;
            return;
        };
        if self.shown.as_ref().is_some_and(|(seq, _)| *seq == preview.seq) {
            return;
        }
        let image = turned_over(preview);
        if let Some((seq, texture)) = &mut self.shown {
            texture.set(image, TextureOptions::LINEAR);
            *seq = preview.seq;
        } else {
            tracing::debug!("the preview has its first picture");
            let texture = ctx.load_texture("preview", image, TextureOptions::LINEAR);
            self.shown = Some((preview.seq, texture));
        }
    }
}

fn turned_over(preview: &Preview) -> ColorImage {
    let (width, height) = (preview.size.width as usize, preview.size.height as usize);
    let rows = preview.rgb.chunks_exact(width.max(1) * 3);
    let colour = |rgb: &[u8]| Color32::from_rgb(rgb[0], rgb[1], rgb[2]);
    let mirrored = rows.flat_map(|row| row.chunks_exact(3).rev().map(colour));
    ColorImage::new([width, height], mirrored.collect())
}
