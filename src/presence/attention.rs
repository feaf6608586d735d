//! Where and when to look: bodies cost several times what faces anywhere do, and a face where one
//! was a moment ago a part of it (`benches/replay.rs` says how much).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::look::Verdict;
use super::picture::LumaGrid;
use super::policy::Policy;
use crate::detection::Detection;
use crate::geometry::{BoundingBox, Size};
use crate::time::MediaTime;

/// A block of the picture that changed by this part of its brightness …
const CHANGED_SHARE_OF_P99: u8 = 20;
/// … in at least this part of the picture: something moved.
const MOVED_SHARE: f64 = 0.004;
/// While nothing moves but the candidates, or nobody is there and nothing moves at all, looks are up to this
/// many times rarer than the policy's.
const CALM: u32 = 10;
/// Around the candidate's face, this many times its size may move without another person there.
const AROUND_FACE: f32 = 2.5;
/// A place is worth a second look for this long.
const PLACE_LASTS: Duration = Duration::from_secs(1);
/// A body that is not found any more is looked for at each look until then.
const MISSED_LASTS: Duration = Duration::from_secs(2);
/// That nobody is there is certain when every look has shown it for so long …
const CERTAIN_AFTER: Duration = PLACE_LASTS;
/// … and for no longer than this, or half of what is recorded, is the last look for faces repeated.
const LONGEST_REST: Duration = Duration::from_millis(500);
/// After so many looks at pictures that had changed and showed nobody, the room is one that never rests …
const IN_VAIN: u32 = 5;
/// … and there bodies are looked for at most this many times while faces may rest: curtains, light, a television.
const RESTLESS: f32 = 1.5;
/// So many pictures of the empty room are kept: a lamp that blinks, a screen that shows this and that.
const EMPTY_KEPT: usize = 8;

/// Decides where faces are looked for, and in which frames bodies are.
///
/// Faces: near the last one, as long as there is one and only one. Everywhere when something else
/// than the candidate has moved since that was done, and once in a while.
///
/// Bodies: with faces in view now and then, for others beside them, rarely while nothing else moves,
/// and at once when one of several faces is gone, for it may have been the candidate's, or a body that was
/// found a moment ago: half a body is found in some looks only. Without one, or with
/// none but those among which the candidate's was not a look before, whenever the picture is not the one in
/// which they were looked for last. In a picture that has not changed there is nobody new to find: while
/// nobody is there each look waits twice as long as the one before, and faces are looked for at every third
/// look or so. Nor is there in a picture that comes again within ten seconds.
///
/// "Has not changed" is always said against the picture of a real look, so that slow changes add up.
#[derive(Clone, Debug, Default)]
pub struct Attention {
    faces: Option<Look>,
    bodies: Option<Look>,
    face: Option<(MediaTime, BoundingBox)>,
    /// Since when every look was judged to show nobody.
    nobody_since: Option<MediaTime>,
    /// How many faces were in view in the last look in which they were looked for.
    faces_seen: usize,
    /// How many of them are not the candidate's: all, when theirs was not among them.
    strangers: usize,
    /// How many faces were in view when bodies were looked for last.
    faces_then: usize,
    /// How many bodies were found lately, and when.
    most: Option<(MediaTime, usize)>,
    /// How many times the policy's distance the next look for bodies waits while nothing changes.
    patience: u32,
    /// Looks for bodies in succession, each in another picture than the one before, that found nobody.
    in_vain: u32,
    /// Pictures in which bodies were looked for since somebody was last there, each another one.
    empty: VecDeque<(MediaTime, Arc<LumaGrid>)>,
}

/// A look at a whole picture.
#[derive(Clone, Debug)]
struct Look {
    at: MediaTime,
    picture: Arc<LumaGrid>,
    found: Vec<BoundingBox>,
}

impl Attention {
    /// The face to look near of. None: look everywhere.
    pub fn near(
        &self,
        policy: &Policy,
        at: MediaTime,
        picture: &LumaGrid,
        frame: Size,
    ) -> Option<BoundingBox> {
        let (_, face) = self.face?;
        let last = self.faces.as_ref().filter(|last| last.found.len() == 1)?;
        let calm = Duration::from_millis(policy.person.every_ms) * CALM;
        let rests = at.since(last.at) < calm && !self.moved(last, &[face], picture, frame);
        rests.then_some(face)
    }

    /// Where a face was a moment ago, for a second look when a look everywhere found none.
    pub fn last_place(&self, at: MediaTime) -> Option<BoundingBox> {
        self.face.filter(|(then, _)| at.since(*then) <= PLACE_LASTS).map(|(_, face)| face)
    }

    /// Faces were looked for, everywhere or near the last one.
    pub fn saw_faces(
        &mut self,
        policy: &Policy,
        at: MediaTime,
        picture: &Arc<LumaGrid>,
        faces: &[Detection],
        everywhere: bool,
    ) {
        let mut believed = faces.iter().filter(|face| face.score >= policy.face.enter);
        self.faces_seen = believed.clone().count();
        if let (Some(face), None) = (believed.next(), believed.next()) {
            self.face = Some((at, face.bounding_box));
        }
        if everywhere {
            let found = faces.iter().map(|face| face.bounding_box).collect();
            self.faces = Some(Look { at, picture: Arc::clone(picture), found });
        } else if faces.len() != 1 {
            self.faces = None;
        }
    }

    /// Whether to look for bodies in this frame.
    pub fn wants_people(
        &self,
        policy: &Policy,
        at: MediaTime,
        picture: &LumaGrid,
        frame: Size,
        faces: &[Detection],
    ) -> bool {
        let Some(last) = &self.bodies else { return true };
        let every = Duration::from_millis(policy.person.every_ms);
        let faces = believed(policy, faces);
        if faces.len() <= self.strangers {
            let restless = longest_rest(policy).div_f32(RESTLESS);
            let waits = self.in_vain >= IN_VAIN && at.since(last.at) < restless;
            return at.since(last.at) >= every * self.patience.max(1)
                || !waits && self.is_new(policy, at, picture, last);
        }
        let each_has_one = last.found.len() <= faces.len();
        let calm = if each_has_one { every * CALM } else { every };
        faces.len() < self.faces_then
            || self.misses(at, last)
            || at.since(last.at) >= calm
            || at.since(last.at) >= every && self.moved(last, &faces, picture, frame)
    }

    /// Whether nobody can have come since the last looks for faces and bodies, which found none: what they
    /// found holds, and need not be looked for in this frame.
    pub fn rests(&self, policy: &Policy, at: MediaTime, picture: &LumaGrid, frame: Size) -> bool {
        let (Some(since), Some(faces), Some(bodies)) =
            (self.nobody_since, &self.faces, &self.bodies)
        else {
            return false;
        };
        at.since(since) >= CERTAIN_AFTER
            && at.since(faces.at) <= longest_rest(policy)
            && faces.found.is_empty()
            && bodies.found.is_empty()
            && !self.is_new(policy, at, picture, bodies)
            && !self.wants_people(policy, at, picture, frame, &[])
    }

    /// Bodies were looked for, in a frame with these faces.
    pub fn saw_people(
        &mut self,
        policy: &Policy,
        at: MediaTime,
        picture: &Arc<LumaGrid>,
        faces: &[Detection],
        people: &[Detection],
    ) {
        self.faces_then = believed(policy, faces).len();
        let is_nobody = self.nobody_since.is_some() && people.is_empty();
        let last = self.bodies.as_ref().filter(|last| is_nobody && last.found.is_empty());
        let is_new = last.map(|last| self.is_new(policy, at, picture, last));
        (self.patience, self.in_vain) = match is_new {
            Some(false) => ((self.patience * 2).min(CALM), 0),
            Some(true) => (1, self.in_vain.saturating_add(1)),
            None => (1, 0),
        };
        if is_nobody && faces.is_empty() {
            self.empty.retain(|(_, then)| moved_since(picture, then));
            self.empty.truncate(EMPTY_KEPT - 1);
            self.empty.push_front((at, Arc::clone(picture)));
        } else {
            self.empty.clear();
        }
        if self
            .most
            .is_none_or(|(then, most)| people.len() >= most || at.since(then) > MISSED_LASTS)
        {
            self.most = Some((at, people.len()));
        }
        let found = people.iter().map(|person| person.bounding_box).collect();
        self.bodies = Some(Look { at, picture: Arc::clone(picture), found });
    }

    /// What the frame was taken for.
    pub fn judged(&mut self, at: MediaTime, verdict: Verdict) {
        let is_gone = matches!(verdict, Verdict::BodyOnly | Verdict::Nobody);
        self.strangers = if is_gone { self.faces_seen } else { 0 };
        if verdict == Verdict::Nobody {
            self.nobody_since.get_or_insert(at);
        } else {
            (self.nobody_since, self.patience, self.in_vain) = (None, 1, 0);
            self.empty.clear();
        }
    }

    /// Whether somebody is missed who was found a moment ago.
    fn misses(&self, at: MediaTime, last: &Look) -> bool {
        self.most
            .is_some_and(|(then, most)| last.found.len() < most && at.since(then) <= MISSED_LASTS)
    }

    /// Whether the picture is neither that of the last look for bodies nor, while nobody is there, of one of
    /// those before.
    fn is_new(&self, policy: &Policy, at: MediaTime, picture: &LumaGrid, last: &Look) -> bool {
        let lasts = Duration::from_millis(policy.person.every_ms) * CALM;
        let mut empty = self.empty.iter().filter(|(then, _)| at.since(*then) < lasts);
        moved_since(picture, &last.picture) && empty.all(|(_, then)| moved_since(picture, then))
    }

    /// Whether anything but the candidates has moved since a look: the surroundings of their faces and
    /// what is below them of their bodies do not count.
    fn moved(&self, since: &Look, faces: &[BoundingBox], picture: &LumaGrid, frame: Size) -> bool {
        let bodies = || self.bodies.iter().flat_map(|look| &look.found);
        let own = faces.iter().flat_map(|face| {
            let body = bodies().filter(|body| face.share_inside(body) >= 0.5);
            let below = body.map(|body| BoundingBox { top: face.bottom.max(body.top), ..*body });
            std::iter::once(face.grown(AROUND_FACE)).chain(below)
        });
        let own: Vec<BoundingBox> = own.map(|own| own.shares_of(frame)).collect();
        picture.moved_since(&since.picture, CHANGED_SHARE_OF_P99, MOVED_SHARE, &own)
    }
}

fn longest_rest(policy: &Policy) -> Duration {
    LONGEST_REST.min(policy.record_after() / 2)
}

/// Whether anything has moved.
fn moved_since(picture: &LumaGrid, then: &LumaGrid) -> bool {
    picture.moved_since(then, CHANGED_SHARE_OF_P99, MOVED_SHARE, &[])
}

fn believed(policy: &Policy, faces: &[Detection]) -> Vec<BoundingBox> {
    let believed = faces.iter().filter(|face| face.score >= policy.face.enter);
    believed.map(|face| face.bounding_box).collect()
}
