//! Colours, fonts and sizes, light and dark as the system has it. Text has a contrast of at least
//! 4.5 to 1 (WCAG AA), the edges of controls 3 to 1; a test computes them.
//!
//! Text scales with the system, by Ctrl and plus or minus, and by two buttons. M PLUS 1p shows all
//! our languages, Japanese included, and ships with the program: assets/fonts.

use std::sync::Arc;

use eframe::egui::{
    self, Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Stroke, TextStyle,
    Theme, Visuals,
};

/// The colours of one theme.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    pub panel: Color32,
    pub card: Color32,
    /// Edges of controls.
    pub edge: Color32,
    /// Edges of cards: ornament.
    pub line: Color32,
    pub control: Color32,
    pub ink: Color32,
    pub muted: Color32,
    pub accent: Color32,
    pub on_accent: Color32,
    pub good: Color32,
    pub warn: Color32,
    pub warn_card: Color32,
    pub good_card: Color32,
    /// On top of `good` and `warn`.
    pub on_sign: Color32,
}

pub const LIGHT: Palette = Palette {
    panel: Color32::from_rgb(0xf4, 0xf6, 0xf9),
    card: Color32::from_rgb(0xff, 0xff, 0xff),
    edge: Color32::from_rgb(0x76, 0x7f, 0x8b),
    line: Color32::from_rgb(0xdd, 0xe2, 0xe9),
    control: Color32::from_rgb(0xff, 0xff, 0xff),
    ink: Color32::from_rgb(0x1a, 0x20, 0x29),
    muted: Color32::from_rgb(0x55, 0x5f, 0x6d),
    accent: Color32::from_rgb(0x1b, 0x57, 0xc4),
    on_accent: Color32::from_rgb(0xff, 0xff, 0xff),
    good: Color32::from_rgb(0x1a, 0x73, 0x39),
    warn: Color32::from_rgb(0x96, 0x46, 0x00),
    warn_card: Color32::from_rgb(0xff, 0xf1, 0xdc),
    good_card: Color32::from_rgb(0xe4, 0xf5, 0xe9),
    on_sign: Color32::from_rgb(0xff, 0xff, 0xff),
};

pub const DARK: Palette = Palette {
    panel: Color32::from_rgb(0x14, 0x17, 0x1c),
    card: Color32::from_rgb(0x1e, 0x23, 0x2a),
    edge: Color32::from_rgb(0x81, 0x8b, 0x98),
    line: Color32::from_rgb(0x33, 0x3b, 0x46),
    control: Color32::from_rgb(0x2a, 0x31, 0x3b),
    ink: Color32::from_rgb(0xe9, 0xec, 0xf1),
    muted: Color32::from_rgb(0xab, 0xb4, 0xc0),
    accent: Color32::from_rgb(0x8c, 0xb6, 0xff),
    on_accent: Color32::from_rgb(0x0b, 0x1b, 0x36),
    good: Color32::from_rgb(0x74, 0xd4, 0x92),
    warn: Color32::from_rgb(0xff, 0xb8, 0x66),
    warn_card: Color32::from_rgb(0x3a, 0x2b, 0x16),
    good_card: Color32::from_rgb(0x17, 0x33, 0x20),
    on_sign: Color32::from_rgb(0x10, 0x16, 0x14),
};

/// The colours in force.
pub fn palette(ui: &egui::Ui) -> &'static Palette {
    if ui.visuals().dark_mode { &DARK } else { &LIGHT }
}

/// The bold cut.
pub fn bold() -> FontFamily {
    FontFamily::Name("bold".into())
}

/// Sets fonts, sizes and colours.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    for (theme, palette, visuals) in
        [(Theme::Light, &LIGHT, Visuals::light()), (Theme::Dark, &DARK, Visuals::dark())]
    {
        ctx.set_visuals_of(theme, coloured(visuals, palette));
    }
    ctx.set_theme(egui::ThemePreference::System);
    // For systems that do not say what they have.
    ctx.options_mut(|options| options.fallback_theme = Theme::Light);
    ctx.all_styles_mut(|style| {
        let regular = FontFamily::Proportional;
        style.text_styles = [
            (TextStyle::Heading, FontId::new(24.0, bold())),
            (TextStyle::Body, FontId::new(15.0, regular.clone())),
            (TextStyle::Button, FontId::new(15.0, regular.clone())),
            (TextStyle::Monospace, FontId::new(14.0, FontFamily::Monospace)),
            (TextStyle::Small, FontId::new(13.0, regular)),
        ]
        .into();
        style.spacing.item_spacing = egui::vec2(8.0, 8.0);
        style.spacing.button_padding = egui::vec2(12.0, 6.0);
        style.spacing.interact_size.y = 32.0;
        style.spacing.icon_width = 20.0;
        style.spacing.icon_width_inner = 12.0;
        style.spacing.icon_spacing = 8.0;
    });
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let regular: &[u8] = include_bytes!("../assets/fonts/MPLUS1p-Regular.ttf");
    let heavy: &[u8] = include_bytes!("../assets/fonts/MPLUS1p-Bold.ttf");
    for (name, bytes) in [("regular", regular), ("bold", heavy)] {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let others = fonts.families.entry(FontFamily::Proportional).or_default();
    others.insert(0, "regular".to_owned());
    let mut heavier = others.clone();
    heavier.insert(0, "bold".to_owned());
    fonts.families.insert(bold(), heavier);
    fonts
}

fn coloured(mut visuals: Visuals, palette: &Palette) -> Visuals {
    let round = CornerRadius::same(8);
    visuals.panel_fill = palette.panel;
    visuals.window_fill = palette.card;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.window_corner_radius = CornerRadius::same(12);
    visuals.extreme_bg_color = palette.line;
    visuals.weak_text_color = Some(palette.muted);
    visuals.selection.bg_fill = palette.accent;
    visuals.selection.stroke = Stroke::new(1.0, palette.on_accent);
    let widgets = &mut visuals.widgets;
    widgets.noninteractive.fg_stroke.color = palette.ink;
    widgets.noninteractive.bg_stroke.color = palette.line;
    for (state, fill, edge) in [
        (&mut widgets.inactive, palette.control, Stroke::new(1.0, palette.edge)),
        (&mut widgets.hovered, palette.line, Stroke::new(1.0, palette.ink)),
        // Pressed, or with the keyboard's focus: a ring that is seen on every colour.
        (&mut widgets.active, palette.line, Stroke::new(2.5, palette.ink)),
        (&mut widgets.open, palette.line, Stroke::new(1.0, palette.ink)),
    ] {
        (state.weak_bg_fill, state.bg_fill, state.bg_stroke) = (fill, fill, edge);
        state.fg_stroke = Stroke::new(1.8, palette.ink);
        (state.corner_radius, state.expansion) = (round, 0.0);
    }
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(colour: Color32) -> f64 {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = [colour.r(), colour.g(), colour.b()].map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Contrast by WCAG 2: 1 to 21.
    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn contrasts_meet_wcag_aa() {
        for palette in [LIGHT, DARK] {
            let Palette { panel, card, control, line, .. } = palette;
            for (text, grounds) in [
                (
                    palette.ink,
                    &[panel, card, control, line, palette.warn_card, palette.good_card][..],
                ),
                (palette.muted, &[panel, card, control]),
                (palette.good, &[panel, card, palette.good_card]),
                (palette.warn, &[panel, card, palette.warn_card]),
                (palette.on_accent, &[palette.accent]),
                (palette.on_sign, &[palette.good, palette.warn]),
            ] {
                for ground in grounds {
                    assert!(contrast(text, *ground) >= 4.5, "{text:?} on {ground:?}");
                }
            }
            for ground in [panel, card, control] {
                assert!(contrast(palette.edge, ground) >= 3.0, "edge on {ground:?}");
            }
        }
    }
}
