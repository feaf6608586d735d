//! What a recording shows, kept: policies are tried on it without decoding or detecting anew.
//!
//! ```text
//! recording ──once──> a pipeline for each way of looking, all asking one detector ──> Looks
//! Looks + policy ──> Monitor ──> intervals, the same as those of a run of its own
//! ```
//!
//! Which looks are made depends on the policy: how often, whether a face is looked for near the last one,
//! when bodies are, how long what was found is repeated. Policies that differ only in what the monitor alone reads look at the same, and share
//! one pipeline ([`way_of_looking`]). The others have one each; side by side they go through the recording
//! in one pass, and what two of them ask of the same frame is answered once.

use std::cell::RefCell;
use std::rc::Rc;

use crate::capture::{CaptureError, FrameSource, Tally};
use crate::detection::{Detection, Silhouette};
use crate::detector::{Detector, DetectorError};
use crate::frame::Frame;
use crate::geometry::{BoundingBox, Size};
use crate::pipeline::Pipeline;
use crate::presence::{Change, Finds, Look, Monitor, PictureStats, Policy, Signs, Verdict};
use crate::replay::ReplayError;
use crate::report::{ClosedBy, Interval, IntervalId, ModelIdentity, SessionId};
use crate::time::MediaTime;

/// One frame that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub seq: u64,
    pub pts: MediaTime,
    pub skipped: u64,
    pub size: Size,
    pub picture: PictureStats,
    /// Absent when the picture alone said enough.
    pub faces: Option<Vec<Detection>>,
    /// Nothing was looked for: nobody was there, and the picture was as it was.
    pub rested: bool,
    /// Absent when bodies were not looked for in this frame.
    pub people: Option<Vec<Detection>>,
    pub signs: Signs,
}

/// All frames of a recording that were looked at in one way.
#[derive(Clone, Debug, PartialEq)]
pub struct Looks {
    pub seen: Vec<Seen>,
    /// Where the recording ends.
    pub end: MediaTime,
}

/// What is left of a policy without that which the monitor alone reads: policies for which this is the
/// same look at the same. What is not known here counts as a way of looking.
pub fn way_of_looking(policy: &Policy) -> Policy {
    let mut way = policy.clone();
    let any = Policy::default();
    way.version = any.version;
    way.lowest_sample_rate_hz = any.lowest_sample_rate_hz;
    // From a second on, how long a look may rest does not depend on it.
    way.record_after_ms = way.record_after_ms.min(any.record_after_ms);
    way.warn_after_ms = any.warn_after_ms;
    way.alert_after_ms = any.alert_after_ms;
    way.merge_gap_ms = any.merge_gap_ms;
    way.confirm_ms = any.confirm_ms;
    way.camera_lost_after_ms = any.camera_lost_after_ms;
    way.virtual_camera = any.virtual_camera;
    way.still_image = any.still_image;
    way.keep_days = any.keep_days;
    (way.face.keep, way.face.another) = (any.face.keep, any.face.another);
    way.face.min_height = any.face.min_height;
    (way.person.enter, way.person.keep) = (any.person.enter, any.person.keep);
    (way.person.another, way.person.min_height) = (any.person.another, any.person.min_height);
    way.person.another_min_height = any.person.another_min_height;
    way.picture.dark_luma = any.picture.dark_luma;
    way.picture.still_difference = any.picture.still_difference;
    way.picture.still_difference_empty = any.picture.still_difference_empty;
    way.picture.still_empty_ms = any.picture.still_empty_ms;
    way.picture.fixture_ms = any.picture.fixture_ms;
    way
}

/// Looks at a recording in each of these ways, in one pass. `on_frame` is told how far it has come.
///
/// A recording that breaks off is an error: policies are tried on whole ones.
pub fn record<D: Detector>(
    source: &mut dyn FrameSource,
    detector: D,
    ways: &[Policy],
    mut on_frame: impl FnMut(MediaTime),
) -> Result<(Vec<Looks>, Tally), ReplayError> {
    let asked = Rc::new(RefCell::new(Asked::new(detector)));
    let mut lanes: Vec<Lane<D>> = ways.iter().map(|way| Lane::new(way, &asked)).collect();
    while let Some(due) = lanes.iter().map(|lane| lane.pipeline.next_due()).min() {
        let Some(frame) = source.next_frame(due)? else { break };
        for lane in lanes.iter_mut().filter(|lane| frame.pts >= lane.pipeline.next_due()) {
            lane.take(&frame)?;
        }
        on_frame(frame.pts);
    }
    let tally = source.tally();
    if let Some(reason) = tally.truncated {
        return Err(CaptureError::Damaged(reason).into());
    }
    if lanes.iter().any(|lane| lane.seen.is_empty()) {
        return Err(CaptureError::NoFrames.into());
    }
    let looks = lanes.into_iter().map(|lane| Looks { seen: lane.seen, end: tally.end });
    Ok((looks.collect(), tally))
}

impl Looks {
    /// What a policy makes of them; `on_look` sees each look as it is judged.
    pub fn watch(
        &self,
        policy: &Policy,
        mut on_look: impl FnMut(&Seen, Verdict, &[Change]),
    ) -> Vec<Interval> {
        let session = SessionId::derived(&[]);
        let mut monitor =
            Monitor::new(policy.clone(), move |number| IntervalId::derived(session, number));
        let (mut closed, mut people): (Vec<Interval>, &[Detection]) = (Vec::new(), &[]);
        for seen in &self.seen {
            people = seen.people.as_deref().unwrap_or(people);
            let (verdict, changes) = monitor.look(&Look {
                pts: seen.pts,
                skipped: seen.skipped,
                size: seen.size,
                picture: seen.picture,
                finds: seen.faces.as_deref().map(|faces| Finds {
                    faces,
                    people,
                    people_fresh: seen.people.is_some(),
                }),
                signs: seen.signs,
            });
            on_look(seen, verdict, &changes);
            closed.extend(changes.into_iter().filter_map(closed_interval));
        }
        let last = monitor.finish(self.end, ClosedBy::SessionEnd);
        closed.extend(last.into_iter().filter_map(closed_interval));
        closed.sort_by_key(|interval| (interval.start_ms, interval.kind));
        closed
    }

    pub fn intervals(&self, policy: &Policy) -> Vec<Interval> {
        self.watch(policy, |_, _, _| {})
    }
}

fn closed_interval(change: Change) -> Option<Interval> {
    match change {
        Change::Closed(interval) => Some(interval),
        Change::Opened(_) | Change::Warned(..) | Change::Alerted(..) => None,
    }
}

struct Lane<D> {
    pipeline: Pipeline<Shared<D>>,
    seen: Vec<Seen>,
    next_seq: u64,
}

impl<D: Detector> Lane<D> {
    fn new(way: &Policy, asked: &Rc<RefCell<Asked<D>>>) -> Self {
        let session = SessionId::derived(&[]);
        let detector = Shared(Rc::clone(asked));
        let pipeline = Pipeline::new(detector, way.clone(), move |number| {
            IntervalId::derived(session, number)
        });
        Self { pipeline, seen: Vec::new(), next_seq: 0 }
    }

    fn take(&mut self, frame: &Frame) -> Result<(), DetectorError> {
        let sample = self.pipeline.step(frame)?;
        self.seen.push(Seen {
            seq: sample.seq,
            pts: sample.pts,
            skipped: frame.seq.saturating_sub(self.next_seq),
            size: frame.size,
            picture: sample.picture,
            faces: sample.faces,
            rested: sample.rested,
            people: sample.people,
            signs: sample.signs,
        });
        self.next_seq = frame.seq + 1;
        Ok(())
    }
}

/// A question to the detector about one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Question {
    Faces,
    FacesNear(BoundingBox),
    People,
}

/// A detector that answers each question about a frame once.
struct Asked<D> {
    detector: D,
    seq: Option<u64>,
    answers: Vec<(Question, Vec<Detection>)>,
    /// The last one, and the frame that it is of.
    silhouette: Option<(u64, Option<Silhouette>)>,
}

impl<D: Detector> Asked<D> {
    const fn new(detector: D) -> Self {
        Self { detector, seq: None, answers: Vec::new(), silhouette: None }
    }

    fn ask(&mut self, question: Question, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        if self.seq != Some(frame.seq) {
            (self.seq, self.answers) = (Some(frame.seq), Vec::new());
        }
        if let Some((_, answer)) = self.answers.iter().find(|(asked, _)| *asked == question) {
            return Ok(answer.clone());
        }
        let answer = match question {
            Question::Faces => self.detector.faces(frame)?,
            Question::FacesNear(face) => self.detector.faces_near(frame, face)?,
            Question::People => self.detector.people(frame)?,
        };
        self.answers.push((question, answer.clone()));
        Ok(answer)
    }

    fn silhouette(&mut self, picture: &Frame) -> Result<Option<Silhouette>, DetectorError> {
        if let Some((seq, silhouette)) = &self.silhouette
            && *seq == picture.seq
        {
            return Ok(silhouette.clone());
        }
        let silhouette = self.detector.silhouette(picture)?;
        self.silhouette = Some((picture.seq, silhouette.clone()));
        Ok(silhouette)
    }
}

/// The same detector for several pipelines.
struct Shared<D>(Rc<RefCell<Asked<D>>>);

impl<D: Detector> Detector for Shared<D> {
    fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        self.0.borrow_mut().ask(Question::Faces, frame)
    }

    fn faces_near(
        &mut self,
        frame: &Frame,
        face: BoundingBox,
    ) -> Result<Vec<Detection>, DetectorError> {
        self.0.borrow_mut().ask(Question::FacesNear(face), frame)
    }

    fn people(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectorError> {
        self.0.borrow_mut().ask(Question::People, frame)
    }

    fn silhouette(&mut self, picture: &Frame) -> Result<Option<Silhouette>, DetectorError> {
        self.0.borrow_mut().silhouette(picture)
    }

    fn models(&self) -> &[ModelIdentity] {
        // Of no use to a pipeline that reports to nobody.
        &[]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Synthetic;
    use crate::detector::Scripted;
    use crate::presence::FacePolicy;
    use crate::replay::run;
    use proptest::prelude::*;
    use std::fmt::Write as _;
    use std::ops::ControlFlow;
    use std::time::Duration;

    /// A picture with structure, and noise that differs from frame to frame.
    fn room(seq: u64) -> Vec<u8> {
        let noise = |index: usize| (index as u64 * 7 + seq * 13) % 11;
        let thing = |index: usize| if index % 64 < (seq % 40) as usize { 40 } else { 0 };
        (0..64 * 48).map(|i| (100 + noise(i) + thing(i)) as u8).collect()
    }

    fn source() -> impl FrameSource {
        Synthetic::new(Size::new(64, 48), Duration::from_millis(100), 120, room)
    }

    fn script(scores: &[(u8, u8)]) -> Scripted {
        let mut text = String::new();
        for (place, (face, person)) in scores.iter().enumerate() {
            let find = |score: &u8, size: usize| match score {
                0 => String::new(),
                _ => format!(
                    r#"{{"score": {}, "box": [{}, 4, {}, {}]}}"#,
                    f32::from(*score) / 100.0,
                    place % 3,
                    20 + size + place % 3,
                    20 + size
                ),
            };
            let (face, person, at) = (find(face, 0), find(person, 20), place as f64 * 0.4);
            writeln!(text, r#"{{"pts_s": {at}, "faces": [{face}], "people": [{person}]}}"#)
                .unwrap();
        }
        Scripted::parse(&text).unwrap()
    }

    fn fresh(policy: &Policy, detector: Scripted) -> Vec<Interval> {
        let session = SessionId::derived(&[]);
        let mut pipeline = Pipeline::new(detector, policy.clone(), move |number| {
            IntervalId::derived(session, number)
        });
        let mut closed = Vec::new();
        let end = run(&mut source(), &mut pipeline, |sample, _| {
            closed.extend(sample.changes.iter().cloned().filter_map(closed_interval));
            ControlFlow::Continue(())
        });
        closed.extend(end.unwrap().changes.into_iter().filter_map(closed_interval));
        closed.sort_by_key(|interval| (interval.start_ms, interval.kind));
        closed
    }

    fn policy() -> impl Strategy<Value = Policy> {
        let rate = prop_oneof![Just(5.0), Just(4.0), Just(2.5), Just(10.0)];
        let times = (200_u64..2_500, 0_u64..2_000, 0_u64..500);
        let scores = (0.3_f32..0.9, 0.0_f32..1.0, 200_u64..2_000, 0_u64..6_000);
        (rate, times, scores).prop_map(|(rate, (record, merge, confirm), scores)| {
            let (enter, keep, every_ms, fixture_ms) = scores;
            let mut policy = Policy {
                sample_rate_hz: rate,
                record_after_ms: record,
                merge_gap_ms: merge,
                confirm_ms: confirm,
                face: FacePolicy { enter, keep: enter * keep, ..FacePolicy::default() },
                ..Policy::default()
            };
            policy.person.every_ms = every_ms;
            policy.picture.fixture_ms = fixture_ms;
            policy
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn policies_tried_on_kept_looks_find_what_runs_of_their_own_find(
            policies in prop::collection::vec(policy(), 1..4),
            scores in prop::collection::vec((0_u8..100, 0_u8..100), 30),
        ) {
            let ways: Vec<Policy> = policies.iter().map(way_of_looking).collect();
            let (looks, _) = record(&mut source(), script(&scores), &ways, |_| {}).unwrap();
            for (policy, looks) in policies.iter().zip(&looks) {
                prop_assert_eq!(looks.intervals(policy), fresh(policy, script(&scores)));
            }
        }
    }

    #[test]
    fn what_the_monitor_alone_reads_is_no_way_of_looking() {
        let mut policy = Policy { record_after_ms: 9_000, confirm_ms: 900, ..Policy::default() };
        policy.picture.fixture_ms = 1;
        assert_eq!(way_of_looking(&policy), way_of_looking(&Policy::default()));
        policy.face.enter = 0.9;
        assert_ne!(way_of_looking(&policy), way_of_looking(&Policy::default()));
    }
}
