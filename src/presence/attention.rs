//! When bodies are worth looking for: the body detector costs several times the face detector.

use std::time::Duration;

use super::picture::LumaGrid;
use super::policy::Policy;
use crate::detection::Detection;
use crate::time::MediaTime;

/// A sample that changed by this part of the picture's brightness …
const CHANGED_SHARE_OF_P99: u8 = 16;
/// … in at least this part of the samples: something moved.
const MOVED_SHARE: f64 = 0.004;

/// Decides in which frames bodies are looked for.
///
/// With a face in view now and then, for others beside the candidate. Without one whenever the
/// picture is not the one in which they were looked for last: in a picture that has not changed
/// there is nobody new to find.
#[derive(Clone, Debug, Default)]
pub struct Attention {
    last: Option<(MediaTime, LumaGrid)>,
}

impl Attention {
    /// Whether to look for bodies in this frame.
    pub fn wants_people(
        &self,
        policy: &Policy,
        at: MediaTime,
        picture: &LumaGrid,
        faces: &[Detection],
    ) -> bool {
        let Some((looked, then)) = &self.last else { return true };
        if at.since(*looked) >= Duration::from_millis(policy.person.every_ms) {
            return true;
        }
        let face_in_view = faces.iter().any(|face| face.score >= policy.face.enter);
        !face_in_view && picture.moved_since(then, CHANGED_SHARE_OF_P99, MOVED_SHARE)
    }

    /// Bodies were looked for.
    pub fn looked(&mut self, at: MediaTime, picture: LumaGrid) {
        self.last = Some((at, picture));
    }
}
