//! Whether a picture without contrast is a covered lens, or a room behind haze, or in too little light.
//!
//! A finger and a sticker show nothing, and so does a dark room under a veil of light: what tells them apart
//! is whether a face is found. It is asked for once a second. Where one was, the room is what it was when the
//! face is gone, as long as it is as bright and has the structure that it had beside the person: most of what
//! little there is may have been theirs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::picture::LumaGrid;
use crate::geometry::BoundingBox;
use crate::time::MediaTime;

/// A picture that shows nothing is asked for a face this often.
const ASKS_EVERY: Duration = Duration::from_secs(1);
/// Most blocks of the same room differ by no more than this many levels.
const SAME_LEVELS: f64 = 3.0;
/// The same room is so like itself beside the person: by 0.82 and more in a tenth of the light behind haze, and less
/// for a moment as they leave. Covers are like the room that they hide by 0.12 at most.
const LIKE_ITSELF: f64 = 0.6;
/// Around the face, and below, this many times its size may be the person.
const AROUND_FACE: f32 = 2.5;
/// So many pictures with a face are kept: the last may be of somebody who hides most of the room as they leave.
const KEPT: usize = 4;

/// Remembers rooms in which a face was found although they have no contrast.
#[derive(Clone, Debug, Default)]
pub struct Veil {
    rooms: VecDeque<Room>,
    asked: Option<MediaTime>,
}

/// A picture in which a face was found.
#[derive(Clone, Debug)]
struct Room {
    picture: Arc<LumaGrid>,
    /// Where the person may be in it, in parts of its sides.
    person: BoundingBox,
}

impl Veil {
    /// Whether the picture is of a room in which a face was found.
    pub fn is_known(&self, picture: &LumaGrid) -> bool {
        self.rooms.iter().any(|room| room.is_in(picture))
    }

    /// Whether it is time to look for a face.
    pub fn may_ask(&self, at: MediaTime) -> bool {
        self.asked.is_none_or(|asked| at.since(asked) >= ASKS_EVERY)
    }

    /// The face that was found, if any, in parts of the picture's sides.
    pub fn told(&mut self, at: MediaTime, picture: &Arc<LumaGrid>, found: Option<BoundingBox>) {
        self.asked = found.is_none().then_some(at);
        if let Some(face) = found {
            let person = BoundingBox { bottom: 1.0, ..face.grown(AROUND_FACE) };
            self.rooms.truncate(KEPT - 1);
            self.rooms.push_front(Room { picture: Arc::clone(picture), person });
        }
    }
}

impl Room {
    fn is_in(&self, picture: &LumaGrid) -> bool {
        picture.median_difference(&self.picture) <= SAME_LEVELS
            && picture.resemblance_beside(&self.picture, &self.person) >= LIKE_ITSELF
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

    /// Their face, when they are there.
    const FACE: Option<BoundingBox> = Some(BoundingBox::new(0.42, 0.25, 0.58, 0.5));

    fn veiled(somebody: bool) -> Arc<LumaGrid> {
        person_in(4, if somebody { 6 } else { 0 })
    }

    /// The same, of so much contrast, and somebody who is brighter by so much.
    fn person_in(contrast: u8, person: u8) -> Arc<LumaGrid> {
        room(|x, y| {
            let is_body = (100..220).contains(&x) && y > 60;
            90 + (x / 40 + y / 60) as u8 % 3 * contrast + if is_body { person } else { 0 }
        })
    }

    #[test]
    fn the_room_in_which_a_face_was_found_is_known_when_it_is_gone_and_a_cover_is_not() {
        let mut veil = Veil::default();
        assert!(!veil.is_known(&veiled(true)) && veil.may_ask(MediaTime::ZERO));
        veil.told(MediaTime::ZERO, &veiled(true), FACE);
        assert!(veil.is_known(&veiled(true)) && veil.is_known(&veiled(false)));
        assert!(!veil.is_known(&room(|_, _| 94)), "a sheet of the same brightness");
        assert!(veil.is_known(&veiled(false)), "once it is taken off");
    }

    #[test]
    fn a_room_of_which_little_is_left_without_the_person_is_known_by_what_was_beside_them() {
        let mut veil = Veil::default();
        veil.told(MediaTime::ZERO, &person_in(1, 40), FACE);
        assert!(veil.is_known(&person_in(1, 0)));
        veil.told(MediaTime::ZERO, &room(|x, _| if x < 200 { 91 } else { 95 }), FACE);
        assert!(veil.is_known(&person_in(1, 0)), "who hid it as they left");
        let cover = room(|x, y| 91 + (x / 100) as u8 + (y / 90) as u8);
        assert!(!veil.is_known(&cover), "as bright, with light on it from one side");
        let wavy = room(|x, _| 91 + (x / 30 % 3) as u8 * 2);
        assert!(!veil.is_known(&wavy), "with as much structure, of its own");
    }

    #[test]
    fn a_picture_without_a_face_is_asked_once_a_second() {
        let mut veil = Veil::default();
        let at = MediaTime::from_millis;
        veil.told(at(0), &veiled(false), None);
        assert!(!veil.is_known(&veiled(false)));
        assert!(!veil.may_ask(at(800)) && veil.may_ask(at(1_000)));
        veil.told(at(1_000), &veiled(true), FACE);
        assert!(veil.may_ask(at(1_200)));
    }
}
