//! Decides, second by second: is the candidate in view, and could we look at all?
//!
//! ```text
//! luma samples ──> picture: covered? dark? unchanged? ─────────────┐
//! luma samples ──> moving: where? ─┐                               │
//! detections ────> fixtures: what never moves is a picture         │
//! luma at edges ─> screens: a rectangle that nobody is before     │
//!                  view: face, body only, nobody ──> beside: others ┼──> evidence for each kind
//! pixels of the face ──> stillness: does it move as a photo does? ─┤             │
//! what it was like ────> likeness: is a weak find that face? ──────┤             │
//! pixels around it ────> vanishing: it is gone; is the candidate? ─┤             │
//! luma samples ────────> stir: an empty room is not as it was ─────┤             │
//! luma samples ────────> repeat: was all this there before? ───────┘             │
//!                                                                                │
//!                                         Monitor: one Track a kind <────────────┘ ──> opened, warned, alerted, closed
//! ```
//!
//! Pure: time is a parameter, the same input gives the same output, and nothing here knows where
//! frames come from. An interval is *decided late and dated early*: it starts at the last frame
//! that spoke against it and ends at the first frame that speaks against it again, although both
//! are believed only after a while. Whatever cannot be looked at is no evidence of absence.

mod align;
mod attention;
#[cfg(test)]
mod attention_tests;
mod beside;
mod coarse;
mod crop;
mod evidence;
mod finds;
mod fixtures;
#[cfg(test)]
mod fixtures_tests;
mod kind_track;
mod likeness;
#[cfg(test)]
mod likeness_tests;
mod look;
mod monitor;
mod moving;
mod picture;
#[cfg(test)]
mod picture_tests;
mod policy;
mod rectangle;
mod repeat;
#[cfg(test)]
mod repeat_tests;
mod screens;
#[cfg(test)]
mod screens_tests;
mod small;
mod standstill;
mod stillness;
#[cfg(test)]
mod stillness_tests;
mod stir;
#[cfg(test)]
mod stir_tests;
mod track;
#[cfg(test)]
mod track_tests;
mod turned;
mod vanishing;
#[cfg(test)]
mod vanishing_tests;
mod veil;
mod view;
#[cfg(test)]
mod view_tests;
mod window;
mod worn;

pub use attention::Attention;
pub use kind_track::Change;
pub use likeness::{COVERED_THIRD, COVERED_WHOLE, FaceLikeness, LikenessWatch, SEEN_THIRD};
pub use look::{Finds, Look, Signs, Verdict};
pub use monitor::Monitor;
pub use moving::{Moved, Moving};
pub use picture::{LumaGrid, PictureChange, PictureStats};
pub use policy::{
    FacePolicy, LONGEST_PLANNED_MINUTES, PersonPolicy, PicturePolicy, Policy, StillImagePolicy,
    VirtualCameraPolicy,
};
pub use repeat::{Repeat, Repeats};
pub use screens::{ScreenWatch, Screens};
pub use stillness::{ALIVE, FaceChange, FaceWatch};
pub use stir::{Calm, Parts, Stir};
pub use turned::Turned;
pub use vanishing::{STILL_THERE, Vanishing};
pub use veil::Veil;
pub use view::View;
