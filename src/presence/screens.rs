//! Screens behind the candidate: whoever is found within one is nobody.
//!
//! A face on a monitor moves as one in the room does. What tells them apart without another network is the
//! monitor: a rectangle around the face that stands still, of which nothing in it ever hides a part. Somebody
//! in the room has no edge before their chest, or one that goes on beyond the rectangle, as a desk's, or is
//! in a door or a window, which are higher than wide or too large for the face. Where a rectangle may be one,
//! nothing is decided for a second; where it is broken, somebody may be before it.
//!
//! What is taken for a screen: a serving hatch of half a metre in the wall, with somebody in it.

use std::time::Duration;

use super::fixtures::MUCH_SMALLER;
use super::rectangle::Rectangle;
use crate::detection::Detection;
use crate::frame::Frame;
use crate::geometry::BoundingBox;
use crate::time::MediaTime;

/// A rectangle that was whole for so long stands still: it is a screen …
const KNOWN_AFTER: Duration = Duration::from_secs(1);
/// … if it was in so many of the looks.
const WHOLE_IN: f64 = 0.75;
/// One that was not whole for so long is none …
const DOUBTED_FOR: Duration = Duration::from_millis(700);
/// … and no screen any more.
const BROKEN_FOR: Duration = Duration::from_secs(2);
/// Rectangles are looked for as often.
const SEARCH_EVERY: Duration = Duration::from_secs(1);
/// After one that was none, others may not put off what is decided for as long.
const NO_DELAY_FOR: Duration = Duration::from_secs(30);
/// At most so many are watched.
const MOST: usize = 2;
/// What lies on a screen does with so much of itself: boxes are not exact, those of bodies least.
const ON_SHARE: f32 = 0.8;

/// Where screens are, in pixels of the frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Screens([Option<Screen>; MOST]);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Screen {
    bounds: BoundingBox,
    /// Not only perhaps.
    known: bool,
}

/// Remembers where screens are.
#[derive(Clone, Debug, Default)]
pub struct ScreenWatch {
    watched: [Option<Watched>; MOST],
    searched: Option<MediaTime>,
    /// When a rectangle turned out to be none.
    refuted: Option<MediaTime>,
}

#[derive(Clone, Copy, Debug)]
struct Watched {
    rectangle: Rectangle,
    /// The last one that was found in it.
    face: BoundingBox,
    since: MediaTime,
    last_whole: MediaTime,
    looks: u32,
    whole: u32,
    known: bool,
    /// What is found in it is not decided until it is known.
    delays: bool,
}

impl ScreenWatch {
    /// Takes the faces of a look; `enter` is the score from which one is believed.
    pub fn look(&mut self, frame: &Frame, faces: &[Detection], enter: f32) -> Screens {
        for place in &mut self.watched {
            if let Some(watched) = place
                && !watched.look(frame, faces)
            {
                if !watched.known {
                    self.refuted = Some(frame.pts);
                }
                *place = None;
            }
        }
        self.search(frame, faces, enter);
        Screens(self.watched.map(|watched| watched.and_then(|it| it.says(frame.pts))))
    }

    /// Looks for a rectangle around a face that is much smaller than another, once in a while.
    fn search(&mut self, frame: &Frame, faces: &[Detection], enter: f32) {
        let at = frame.pts;
        let believed = faces.iter().filter(|face| face.score >= enter);
        let highest = believed.map(|face| face.bounding_box.height()).fold(0.0, f32::max);
        let is_watched = |face: &BoundingBox| {
            self.watched.iter().flatten().any(|it| it.rectangle.bounds().intersection(face) > 0.0)
        };
        let mut others = faces
            .iter()
            .map(|face| face.bounding_box)
            .filter(|face| face.height() < MUCH_SMALLER * highest && !is_watched(face));
        let Some(free) = self.watched.iter().position(Option::is_none) else { return };
        if self.searched.is_some_and(|last| at.since(last) < SEARCH_EVERY) {
            return;
        }
        let Some(face) = others.next() else { return };
        self.searched = Some(at);
        let delays = self.refuted.is_none_or(|last| at.since(last) > NO_DELAY_FOR);
        self.watched[free] = Rectangle::around(&face, frame).map(|rectangle| Watched {
            rectangle,
            face,
            since: at,
            last_whole: at,
            looks: 1,
            whole: 1,
            known: false,
            delays,
        });
    }
}

impl Watched {
    /// Looks at it again; `false` when it is not there any more, or never was.
    fn look(&mut self, frame: &Frame, faces: &[Detection]) -> bool {
        let (at, bounds) = (frame.pts, self.rectangle.bounds());
        let inside = faces.iter().map(|face| face.bounding_box);
        let mut inside = inside.filter(|face| face.share_inside(&bounds) >= ON_SHARE);
        self.face = inside.next().unwrap_or(self.face);
        self.looks += 1;
        if self.rectangle.is_whole(&self.face, frame) {
            self.last_whole = at;
            self.whole += 1;
            self.known |= at.since(self.since) >= KNOWN_AFTER
                && f64::from(self.whole) >= WHOLE_IN * f64::from(self.looks);
        }
        let lasts = if self.known { BROKEN_FOR } else { DOUBTED_FOR };
        at.since(self.last_whole) <= lasts
    }

    fn says(&self, at: MediaTime) -> Option<Screen> {
        let known = self.known && self.last_whole == at;
        let bounds = self.rectangle.bounds();
        (self.known || self.delays).then_some(Screen { bounds, known })
    }
}

impl Screens {
    /// Whether a find is on a screen: Some(false) where it may be.
    pub(super) fn show(&self, find: &BoundingBox) -> Option<bool> {
        let on = |screen: &&Screen| find.share_inside(&screen.bounds) >= ON_SHARE;
        self.0.iter().flatten().filter(on).map(|screen| screen.known).max()
    }
}
