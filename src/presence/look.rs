//! One frame that was looked at: what goes into the monitor, and what it makes of it.

use serde::{Deserialize, Serialize};

use super::likeness::FaceLikeness;
use super::moving::Moved;
use super::picture::PictureStats;
use super::repeat::Repeat;
use super::screens::Screens;
use super::stillness::FaceChange;
use super::stir::Stir;
use crate::detection::Detection;
use crate::geometry::Size;
use crate::time::MediaTime;

/// One frame that was looked at.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub pts: MediaTime,
    /// Frames that came since the look before and were not looked at.
    pub skipped: u64,
    pub size: Size,
    pub picture: PictureStats,
    /// Absent when the models were not asked, because the picture cannot show anybody.
    pub finds: Option<Finds<'a>>,
    pub signs: Signs,
}

/// What a look's picture says beside who was found in it, mostly against those before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Signs {
    /// How the face differs from the one of a second before. Without it nothing is said of still images.
    pub face_change: Option<FaceChange>,
    /// How a face that was found weakly is like what was found well there.
    pub likeness: Option<FaceLikeness>,
    /// Of a face that has vanished, the share of the candidate that is as it was.
    pub remains: Option<f64>,
    /// Since when the picture is not the calm one before.
    pub stir: Option<Stir>,
    /// The picture is one of a loop.
    pub repeat: Option<Repeat>,
    /// Where the picture has moved. Without it, boxes alone tell who lives and what hangs on the wall.
    pub moved: Option<Moved>,
    /// Where screens are, who is on which is nobody.
    pub screens: Screens,
}

/// What the models found.
#[derive(Clone, Copy, Debug)]
pub struct Finds<'a> {
    pub faces: &'a [Detection],
    /// The latest that are known.
    pub people: &'a [Detection],
    /// `people` were looked for in this very frame.
    pub people_fresh: bool,
}

/// What the monitor made of one frame, and why: for a trace that a person reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Face,
    BodyOnly,
    Nobody,
    Covered,
    TooDark,
    Frozen,
}
