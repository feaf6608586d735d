//! From one frame to what it changed: cadence, picture, detector, monitor.
//!
//! Live and replay run the same [`Pipeline::step`]. The source is asked for frames from
//! [`Pipeline::next_due`] on; frames in between are never decoded further than their codec needs.

use std::sync::Arc;
use std::time::Duration;

use crate::detection::{Detection, non_maximum_suppression};
use crate::detector::{Detector, DetectorError};
use crate::frame::Frame;
use crate::presence::{
    Attention, Calm, Change, FaceChange, FaceWatch, Finds, LikenessWatch, Look, LumaGrid, Monitor,
    Moving, PictureStats, Policy, Repeats, ScreenWatch, Signs, StillImagePolicy, Turned, Vanishing,
    Veil, Verdict,
};
use crate::report::{ClosedBy, IntervalId, ModelIdentity};
use crate::time::MediaTime;

/// Timestamps are rounded by containers; a frame this much before its due time is on time.
const EARLY: Duration = Duration::from_millis(2);

/// Finds of the same face, from two looks, overlap at least as much.
const SAME_FACE_IOU: f32 = 0.4;

/// When frames are wanted: on a grid that stands still, so that a late frame does not delay all that
/// follow.
#[derive(Clone, Copy, Debug)]
pub struct Cadence {
    period: Duration,
    next_due: MediaTime,
}

impl Cadence {
    /// The first frame is wanted at once.
    pub const fn new(period: Duration) -> Self {
        Self { period, next_due: MediaTime::from_micros(i64::MIN) }
    }

    /// From the next frame on, on another grid.
    pub const fn every(&mut self, period: Duration) {
        self.period = period;
    }

    /// The next frame is wanted from this moment on.
    pub const fn next_due(&self) -> MediaTime {
        self.next_due
    }

    /// A frame was taken: the next is due at the first point of the grid after it.
    pub fn took(&mut self, pts: MediaTime) {
        let period = i64::try_from(self.period.as_micros()).unwrap_or(i64::MAX).max(1);
        let periods = (pts + EARLY).as_micros().div_euclid(period) + 1;
        self.next_due = MediaTime::from_micros(periods.saturating_mul(period)) - EARLY;
    }
}

/// Looks at frames at a fixed rate and says what they change.
#[derive(Debug)]
pub struct Pipeline<D> {
    detector: D,
    policy: Policy,
    monitor: Monitor,
    attention: Attention,
    vanishing: Vanishing,
    calm: Calm,
    moving: Moving,
    screens: ScreenWatch,
    veil: Veil,
    turned: Turned,
    /// Absent where the policy ignores loops.
    repeats: Option<Repeats>,
    face_watch: FaceWatch,
    likeness: LikenessWatch,
    picture: Option<Arc<LumaGrid>>,
    people: Vec<Detection>,
    cadence: Cadence,
    next_seq: u64,
    sampled: u64,
}

/// One frame that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub seq: u64,
    pub pts: MediaTime,
    pub picture: PictureStats,
    /// Absent when the picture alone said enough.
    pub faces: Option<Vec<Detection>>,
    /// Nothing was looked for: nobody was there, and the picture is as it was when that was found. `faces` is
    /// what the look before found: none.
    pub rested: bool,
    /// Absent when bodies were not looked for in this frame.
    pub people: Option<Vec<Detection>>,
    pub signs: Signs,
    pub verdict: Verdict,
    pub changes: Vec<Change>,
}

impl<D: Detector> Pipeline<D> {
    /// `ids` gives the id of the `n`th interval, from 1.
    pub fn new(
        detector: D,
        policy: Policy,
        ids: impl FnMut(u64) -> IntervalId + Send + 'static,
    ) -> Self {
        Self {
            monitor: Monitor::new(policy.clone(), ids),
            detector,
            cadence: Cadence::new(policy.sampling_period()),
            repeats: (policy.still_image != StillImagePolicy::Ignore).then(Repeats::default),
            policy,
            attention: Attention::default(),
            vanishing: Vanishing::default(),
            calm: Calm::default(),
            moving: Moving::default(),
            screens: ScreenWatch::default(),
            veil: Veil::default(),
            turned: Turned::default(),
            face_watch: FaceWatch::default(),
            likeness: LikenessWatch::default(),
            picture: None,
            people: Vec::new(),
            next_seq: 0,
            sampled: 0,
        }
    }

    /// The next frame is wanted from this moment on.
    pub fn next_due(&self) -> MediaTime {
        self.cadence.next_due()
    }

    /// Frames that were looked at.
    pub fn sampled(&self) -> u64 {
        self.sampled
    }

    pub fn models(&self) -> &[ModelIdentity] {
        self.detector.models()
    }

    /// Frames are awaited from `at` on: when none comes, the camera is lost since then.
    pub fn await_frames(&mut self, at: MediaTime) {
        self.monitor.await_frames(at);
    }

    /// Looks at a frame. Frames must come in the order of their timestamps.
    pub fn step(&mut self, frame: &Frame) -> Result<Sample, DetectorError> {
        let grid = Arc::new(LumaGrid::of(frame));
        let picture = grid.stats(self.picture.as_deref());
        let (mut faces, mut people, mut remains) = (None, None, None);
        let mut rested = false;
        let is_flat = self.monitor.is_covered(&picture);
        let is_wall = self.turned.look(frame.pts, &grid, is_flat);
        if !is_flat || is_wall || self.is_veiled(frame, &grid, &picture)? {
            rested = self.attention.rests(&self.policy, frame.pts, &grid, frame.size);
            let found = if rested { Vec::new() } else { self.faces(frame, &grid)? };
            let (policy, at) = (&self.policy, frame.pts);
            let wanted =
                !rested && self.attention.wants_people(policy, at, &grid, frame.size, &found);
            if wanted {
                self.people = self.detector.people(frame)?;
                self.attention.saw_people(policy, at, &grid, &found, &self.people);
                people = Some(self.people.clone());
            }
            remains = self.remains(frame, &picture, &found)?;
            faces = Some(found);
        }
        let face_change = self.face_change(frame, faces.is_some());
        let repeat = self.repeats.as_mut().and_then(|repeats| repeats.look(frame.pts, &grid));
        let moved = self.moving.look(frame.pts, &grid);
        let seen = faces.as_deref().unwrap_or_default();
        let likeness = self.likeness.look(frame, seen, moved.is_some());
        let stir = self.calm.look(frame.pts, &grid, !seen.is_empty());
        let screens = self.screens.look(frame, seen, self.policy.face.enter);
        let signs = Signs { face_change, likeness, remains, stir, repeat, moved, screens };
        let look = Look {
            pts: frame.pts,
            skipped: frame.seq.saturating_sub(self.next_seq),
            size: frame.size,
            picture,
            finds: faces.as_deref().map(|faces| Finds {
                faces,
                people: &self.people,
                people_fresh: people.is_some(),
            }),
            signs,
        };
        let (verdict, changes) = self.monitor.look(&look);
        self.attention.judged(frame.pts, verdict);
        self.picture = Some(grid);
        self.next_seq = frame.seq + 1;
        self.sampled += 1;
        self.cadence.took(frame.pts);
        let Frame { seq, pts, .. } = *frame;
        Ok(Sample { seq, pts, picture, faces, rested, people, signs, verdict, changes })
    }

    /// Whether a picture without contrast is of somebody, or of the room in which somebody was found so.
    fn is_veiled(
        &mut self,
        frame: &Frame,
        grid: &Arc<LumaGrid>,
        picture: &PictureStats,
    ) -> Result<bool, DetectorError> {
        if picture.p99 < self.policy.picture.black_luma {
            return Ok(false);
        }
        if self.veil.is_known(grid) {
            return Ok(true);
        }
        if !self.veil.may_ask(frame.pts) {
            return Ok(false);
        }
        let enter = self.policy.face.enter;
        let faces = self.detector.faces(frame)?;
        let face = faces.iter().find(|face| face.score >= enter);
        let face = face.map(|face| face.bounding_box.shares_of(frame.size));
        self.veil.told(frame.pts, grid, face);
        Ok(face.is_some())
    }

    /// What is left of a candidate whose face has vanished.
    fn remains(
        &mut self,
        frame: &Frame,
        picture: &PictureStats,
        faces: &[Detection],
    ) -> Result<Option<f64>, DetectorError> {
        self.vanishing.look(&self.policy, frame, faces);
        if let Some(before) = self.vanishing.asks()
            && let Some(silhouette) = self.detector.silhouette(before)?
        {
            self.vanishing.told(&silhouette);
        }
        Ok(self.vanishing.share(frame, picture))
    }

    fn face_change(&mut self, frame: &Frame, looked: bool) -> Option<FaceChange> {
        if self.policy.still_image == StillImagePolicy::Ignore {
            return None;
        }
        let face = self.vanishing.face().filter(|_| looked);
        if face.is_none() {
            self.face_watch.forget();
        }
        self.face_watch.look(frame, face?)
    }

    /// Looks near the last face where that is enough, and everywhere where it is not. Before a face
    /// that was there a moment ago is given up, it is looked for both ways.
    fn faces(
        &mut self,
        frame: &Frame,
        grid: &Arc<LumaGrid>,
    ) -> Result<Vec<Detection>, DetectorError> {
        let (policy, at) = (&self.policy, frame.pts);
        let seen = |found: &[Detection]| found.iter().any(|face| face.score >= policy.face.enter);
        let near = self.attention.near(policy, at, grid, frame.size);
        let mut found = match near {
            Some(face) => self.detector.faces_near(frame, face)?,
            None => Vec::new(),
        };
        let everywhere = !seen(&found);
        if everywhere {
            let nearby = std::mem::replace(&mut found, self.detector.faces(frame)?);
            if !seen(&found) {
                let nearby = match (near, self.attention.last_place(at)) {
                    (None, Some(face)) => self.detector.faces_near(frame, face)?,
                    (Some(_), _) | (None, None) => nearby,
                };
                found.extend(nearby);
                found = non_maximum_suppression(found, SAME_FACE_IOU);
            }
        }
        self.attention.saw_faces(policy, at, grid, &found, everywhere);
        Ok(found)
    }

    /// Time has come to `at`, and no frame with it.
    pub fn tick(&mut self, at: MediaTime) -> Vec<Change> {
        self.monitor.tick(at)
    }

    /// When [`Pipeline::tick`] has something to say if no frame comes before.
    pub fn deadline(&self) -> Option<MediaTime> {
        self.monitor.deadline()
    }

    /// The session ends at `at`.
    pub fn finish(&mut self, at: MediaTime, by: ClosedBy) -> Vec<Change> {
        self.monitor.finish(at, by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{FrameSource as _, Synthetic};
    use crate::detector::Scripted;
    use crate::geometry::Size;
    use crate::report::SessionId;

    fn pipeline(script: &str, rate: f64) -> Pipeline<Scripted> {
        let policy = Policy { sample_rate_hz: rate, ..Policy::default() };
        let session = SessionId::derived(&[]);
        Pipeline::new(Scripted::parse(script).unwrap(), policy, move |number| {
            IntervalId::derived(session, number)
        })
    }

    /// A picture with structure, and noise that differs from frame to frame.
    fn room(seq: u64) -> Vec<u8> {
        let noise = |index: usize| (index as u64 * 7 + seq * 13) % 11;
        (0..64 * 48).map(|i| if i % 64 < 20 { 60 } else { 180 } + noise(i) as u8).collect()
    }

    fn sampled_at(rate: f64, period_ms: u64, frames: u64) -> Vec<i64> {
        let period = Duration::from_millis(period_ms);
        let mut source = Synthetic::new(Size::new(64, 48), period, frames, room);
        let mut pipeline = pipeline("", rate);
        let mut sampled = Vec::new();
        while let Some(frame) = source.next_frame(pipeline.next_due()).unwrap() {
            sampled.push(pipeline.step(&frame).unwrap().pts.as_millis());
        }
        sampled
    }

    #[test]
    fn frames_are_sampled_on_a_grid_that_late_frames_do_not_shift() {
        assert_eq!(sampled_at(5.0, 100, 12), [0, 200, 400, 600, 800, 1_000]);
        assert_eq!(sampled_at(5.0, 130, 10), [0, 260, 520, 650, 910, 1_040]);
    }

    #[test]
    fn every_frame_is_looked_at_when_they_come_slower_than_the_rate() {
        assert_eq!(sampled_at(5.0, 500, 4), [0, 500, 1_000, 1_500]);
    }

    #[test]
    fn a_covered_lens_is_not_shown_to_the_models() {
        let mut source =
            Synthetic::new(Size::new(64, 48), Duration::from_millis(200), 1, |_| vec![3; 64 * 48]);
        let frame = source.next_frame(MediaTime::ZERO).unwrap().unwrap();
        let sample = pipeline("", 5.0).step(&frame).unwrap();
        assert_eq!((sample.verdict, sample.faces), (Verdict::Covered, None));
    }
}
