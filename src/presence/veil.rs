//! Whether a picture without contrast is a covered lens, or a room behind haze, or in too little light.
//!
//! A finger and a sticker show nothing, and so does a dark room under a veil of light: what tells them apart
//! is whether a face is found. It is asked for once a second. Where one was, the room stays what it is when
//! the face is gone, as long as most of the picture is the same.

use std::sync::Arc;
use std::time::Duration;

use super::picture::LumaGrid;
use crate::time::MediaTime;

/// A picture that shows nothing is asked for a face this often.
const ASKS_EVERY: Duration = Duration::from_secs(1);
/// Most blocks of the same room differ by no more than this many levels.
const SAME_LEVELS: f64 = 3.0;
/// The same room has no less than this part of the structure.
const SAME_STRUCTURE: f64 = 0.5;

/// Remembers the room in which a face was found although it has no contrast.
#[derive(Clone, Debug, Default)]
pub struct Veil {
    room: Option<Arc<LumaGrid>>,
    asked: Option<MediaTime>,
}

impl Veil {
    /// Whether the picture is of the room in which a face was found.
    pub fn is_known(&mut self, picture: &Arc<LumaGrid>) -> bool {
        let is_known = self.room.as_ref().is_some_and(|room| {
            picture.median_difference(room) <= SAME_LEVELS
                && picture.structure() >= SAME_STRUCTURE * room.structure()
        });
        if !is_known {
            self.room = None;
        }
        is_known
    }

    /// Whether it is time to look for a face.
    pub fn may_ask(&self, at: MediaTime) -> bool {
        self.asked.is_none_or(|asked| at.since(asked) >= ASKS_EVERY)
    }

    /// Whether a face was found.
    pub fn told(&mut self, at: MediaTime, picture: &Arc<LumaGrid>, found: bool) {
        self.asked = (!found).then_some(at);
        self.room = found.then(|| Arc::clone(picture));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Frame, Payload};
    use crate::geometry::Size;

    const FRAME: Size = Size::new(320, 240);

    /// A dark room under a veil of light, with somebody in its middle or not.
    fn room(luma: impl Fn(u32, u32) -> u8) -> Arc<LumaGrid> {
        let points = (0..FRAME.height).flat_map(|y| (0..FRAME.width).map(move |x| (x, y)));
        let payload = Payload::Gray8(points.map(|(x, y)| luma(x, y)).collect());
        let frame = Frame { seq: 0, pts: MediaTime::ZERO, size: FRAME, payload };
        Arc::new(LumaGrid::of(&frame))
    }

    fn veiled(somebody: bool) -> Arc<LumaGrid> {
        room(|x, y| {
            let is_body = somebody && (100..220).contains(&x) && y > 60;
            90 + (x / 40 + y / 60) as u8 % 3 * 4 + if is_body { 6 } else { 0 }
        })
    }

    #[test]
    fn the_room_in_which_a_face_was_found_stays_known_when_it_is_gone_and_until_the_lens_is_covered()
     {
        let mut veil = Veil::default();
        assert!(!veil.is_known(&veiled(true)) && veil.may_ask(MediaTime::ZERO));
        veil.told(MediaTime::ZERO, &veiled(true), true);
        assert!(veil.is_known(&veiled(true)) && veil.is_known(&veiled(false)));
        assert!(!veil.is_known(&room(|_, _| 94)), "a sheet of the same brightness");
        assert!(!veil.is_known(&veiled(true)), "what comes after a cover is looked at anew");
    }

    #[test]
    fn a_picture_without_a_face_is_asked_once_a_second() {
        let mut veil = Veil::default();
        let at = MediaTime::from_millis;
        veil.told(at(0), &veiled(false), false);
        assert!(!veil.is_known(&veiled(false)));
        assert!(!veil.may_ask(at(800)) && veil.may_ask(at(1_000)));
        veil.told(at(1_000), &veiled(true), true);
        assert!(veil.may_ask(at(1_200)));
    }
}
