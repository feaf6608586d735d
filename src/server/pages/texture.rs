//! How the bars of each kind are filled: kinds can be told apart without their colours, and only what could not
//! be looked at is hatched.

use crate::report::Kind;

/// What stands upon the ground of a bar. Lengths are those of its pattern, see `templates/parts.html`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Texture {
    /// Nothing: the kind that matters most is the plainest.
    Plain,
    Dots,
    /// Upright lines.
    Lines,
    Dashes,
    Rings,
    /// Oblique lines on the page's ground: an angle in degrees, and the width of a line.
    Hatched {
        degrees: i16,
        line: &'static str,
    },
}

pub(in crate::server) const fn texture(kind: Kind) -> Texture {
    match kind {
        Kind::OutOfView => Texture::Plain,
        Kind::FaceNotVisible => Texture::Dots,
        Kind::MultiplePeople => Texture::Lines,
        Kind::SuspectedStillImage => Texture::Dashes,
        Kind::SuspectedLoop => Texture::Rings,
        Kind::CameraCovered => Texture::Hatched { degrees: 45, line: "3.5" },
        Kind::TooDark => Texture::Hatched { degrees: 45, line: "5" },
        Kind::FrozenPicture => Texture::Hatched { degrees: -45, line: "3.5" },
        Kind::CameraLost => Texture::Hatched { degrees: -45, line: "2" },
        Kind::VirtualCamera => Texture::Hatched { degrees: 20, line: "3.5" },
        Kind::AgentGap => Texture::Hatched { degrees: 70, line: "3.5" },
        Kind::ReportingGap => Texture::Hatched { degrees: 45, line: "2" },
    }
}

/// Whether it is filled by a pattern.
pub(in crate::server) fn is_patterned(kind: Kind) -> bool {
    texture(kind) != Texture::Plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Family;

    #[test]
    fn no_two_kinds_have_one_texture_and_what_could_not_be_looked_at_is_hatched() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            let others = Kind::ALL.into_iter().take(place);
            assert!(others.into_iter().all(|other| texture(other) != texture(kind)), "{kind:?}");
            if kind.family() == Family::CouldNotLook {
                assert!(matches!(texture(kind), Texture::Hatched { .. }), "{kind:?}");
            }
            if kind.family() == Family::Presence {
                assert!(!matches!(texture(kind), Texture::Hatched { .. }), "{kind:?}");
            }
        }
    }
}
