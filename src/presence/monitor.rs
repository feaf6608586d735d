//! The monitor: evidence in, intervals out.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::beside::Company;
use super::fixtures::Moment;
use super::moving::Moved;
use super::picture::PictureStats;
use super::policy::{Policy, StillImagePolicy};
use super::repeat::Repeat;
use super::screens::Screens;
use super::standstill::{Difference, Standstill};
use super::stillness::{FaceChange, Stillness};
use super::stir::Stir;
use super::track::{Counts, Evidence, Step, Times, Track};
use super::vanishing::STILL_THERE;
use super::view::{Reading, View, Viewer};
use crate::detection::Detection;
use crate::geometry::Size;
use crate::report::{ClosedBy, Family, Interval, IntervalId, Kind};
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
    /// How the face differs from the one of a second before. Without it nothing is said of still images.
    pub face_change: Option<FaceChange>,
    /// Of a face that has vanished, the share of the candidate that is as it was: see
    /// [`super::Vanishing`].
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

/// What a frame, or the passing of time, changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Opened(Interval),
    /// The candidate is to be told: the interval has lasted `warn_after`.
    Warned(IntervalId, MediaTime),
    /// The proctor is to be alerted: the interval has lasted `alert_after`.
    Alerted(IntervalId, MediaTime),
    Closed(Interval),
}

/// Kinds that are found from frames, "could not look" first: it decides what the others may say.
const KINDS: [Kind; 9] = [
    Kind::CameraLost,
    Kind::CameraCovered,
    Kind::TooDark,
    Kind::FrozenPicture,
    Kind::OutOfView,
    Kind::FaceNotVisible,
    Kind::MultiplePeople,
    Kind::SuspectedStillImage,
    Kind::SuspectedLoop,
];
/// More than this of [`PictureStats::detail`] is a room, however little contrast it has: a covered lens has
/// 2.9 at most …
const SHARP_DETAIL: f64 = 4.5;
/// … and so many times the noise. It is 1.6 times that of a covered lens with strong noise.
const NOISE_IN_DETAIL: f64 = 2.5;
/// Too dark, too: the light is less than so many times the noise, for a camera in the dark turns up
/// its gain. Under noise of 3 to 24 levels the detectors lose a person in view where the light falls
/// below 4 to 2 times the noise; a lit room has 20 times and more.
const LIGHT_OVER_NOISE: f64 = 6.0;

/// What a look says of the kinds that stand beside presence, and of a picture that is as it was.
struct Marks {
    hangs: Evidence,
    still_image: Evidence,
    repeats: Evidence,
}

struct KindTrack {
    kind: Kind,
    track: Track,
    warned: bool,
    alerted: bool,
}

/// Watches one session. Give it every frame that was looked at, and the time when its
/// [`Monitor::deadline`] passes without one.
pub struct Monitor {
    policy: Policy,
    tracks: Vec<KindTrack>,
    viewer: Viewer,
    stillness: Stillness,
    last_look: Option<MediaTime>,
    standstill: Standstill,
    /// The last look that could not tell a loop.
    last_blind: Option<MediaTime>,
    /// Since when every look showed nobody.
    nobody_since: Option<MediaTime>,
    numbers: u64,
    ids: Box<dyn FnMut(u64) -> IntervalId + Send>,
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("last_look", &self.last_look).finish_non_exhaustive()
    }
}

impl Monitor {
    /// `ids` gives the id of the `n`th interval, from 1.
    pub fn new(policy: Policy, ids: impl FnMut(u64) -> IntervalId + Send + 'static) -> Self {
        let times = |kind| Times {
            record_after: policy.record_after(),
            merge_gap: policy.merge_gap(),
            confirm: policy.confirm(),
            must_prevail: kind == Kind::FaceNotVisible,
        };
        let track = |kind| KindTrack {
            kind,
            track: Track::new(times(kind)),
            warned: false,
            alerted: false,
        };
        Self {
            viewer: Viewer::new(&policy),
            stillness: Stillness::default(),
            tracks: KINDS.map(track).into(),
            last_look: None,
            standstill: Standstill::default(),
            last_blind: None,
            nobody_since: None,
            numbers: 0,
            ids: Box::new(ids),
            policy,
        }
    }

    /// Frames are awaited from `at` on, as from a live camera: when none comes, it is lost since then.
    pub fn await_frames(&mut self, at: MediaTime) {
        self.last_look.get_or_insert(at);
        self.take(0, at, Evidence::Clear, Counts::default());
    }

    /// Whether the picture alone says that the models need not be asked.
    pub fn is_covered(&self, picture: &PictureStats) -> bool {
        let limits = &self.policy.picture;
        let flat = picture.structure <= limits.covered_structure && !is_sharp(picture);
        flat || picture.p99 < limits.black_luma
    }

    /// Takes one frame that was looked at.
    pub fn look(&mut self, look: &Look<'_>) -> (Verdict, Vec<Change>) {
        let mut changes = self.camera_silent_until(look.pts);
        changes.extend(self.camera_is_back(look.pts));
        let reading = look.finds.map(|finds| self.read(look, &finds));
        let verdict = self.judge(look, reading.as_ref());
        let marks = Marks {
            hangs: self.hangs(look.pts, verdict),
            still_image: self.still_image(look, verdict, reading.as_ref()),
            repeats: self.repeats(look, verdict),
        };
        self.nobody_since =
            (verdict == Verdict::Nobody).then(|| self.nobody_since.unwrap_or(look.pts));
        for index in 0..self.tracks.len() {
            let kind = self.tracks[index].kind;
            let evidence = self.evidence(kind, verdict, reading.as_ref(), look, &marks);
            let steps = self.take(index, look.pts, evidence, Counts::frame(look.skipped));
            self.settle(index, steps, &mut changes);
        }
        self.last_look = Some(look.pts);
        changes.extend(self.overdue(look.pts));
        (verdict, changes)
    }

    /// Time has come to `at`, and no frame with it.
    pub fn tick(&mut self, at: MediaTime) -> Vec<Change> {
        let mut changes = self.camera_silent_until(at);
        for index in 0..self.tracks.len() {
            let steps = self.tracks[index].track.expire(at);
            self.settle(index, steps, &mut changes);
        }
        changes.extend(self.overdue(at));
        changes
    }

    fn camera_silent_until(&mut self, at: MediaTime) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Some(last) = self.last_look
            && at.since(last) >= self.policy.camera_lost_after()
            && self.tracks[0].track.open().is_none()
        {
            // Lost since the last frame: said twice, since a track opens on the second word.
            for _ in 0..2 {
                let steps = self.take(0, at, Evidence::Holds(1.0), Counts::default());
                self.settle(0, steps, &mut changes);
            }
        }
        changes
    }

    /// When [`Monitor::tick`] has something to say if no frame comes before.
    pub fn deadline(&self) -> Option<MediaTime> {
        let lost = self.last_look.map(|last| last + self.policy.camera_lost_after());
        let lost = lost.filter(|_| self.tracks[0].track.open().is_none());
        let closing = self.tracks.iter().filter_map(|kind| kind.track.deadline());
        closing
            .chain(self.tracks.iter().filter_map(|kind| self.next_notice(kind)))
            .chain(lost)
            .min()
    }

    /// The session ends at `at`: closes what is open.
    pub fn finish(&mut self, at: MediaTime, by: ClosedBy) -> Vec<Change> {
        let mut changes = self.tick(at);
        for index in 0..self.tracks.len() {
            let (numbers, ids) = (&mut self.numbers, &mut self.ids);
            let steps = self.tracks[index].track.finish(at, by, || {
                *numbers += 1;
                ids(*numbers)
            });
            self.settle(index, steps, &mut changes);
        }
        changes
    }

    fn read(&mut self, look: &Look<'_>, finds: &Finds<'_>) -> Reading {
        let (faces, people) = (finds.faces, finds.people);
        let moment = Moment {
            at: look.pts,
            frame: look.size,
            moved: look.moved.as_ref(),
            screens: look.screens,
        };
        let mut reading =
            self.viewer.read(&self.policy, &moment, faces, people, finds.people_fresh);
        if reading.view == View::Nobody {
            reading.remains = look.remains.filter(|share| *share >= STILL_THERE);
        }
        if reading.remains.is_some() {
            reading.view = View::BodyOnly;
        }
        // An empty room is not as it was.
        let empty_since = self.nobody_since.filter(|_| reading.view == View::Nobody);
        reading.may_be_back =
            empty_since.is_some_and(|since| look.stir.is_some_and(|stir| since <= stir.calm_since));
        reading
    }

    /// A frame after a silence: the camera was lost until now, and what it shows now says nothing
    /// of the time between.
    fn camera_is_back(&mut self, at: MediaTime) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.tracks[0].track.open().is_some() {
            self.standstill.begins(at);
            self.last_blind = Some(at);
            self.nobody_since = None;
            self.stillness.forget();
            let steps = self.tracks[0].track.interrupt(at, ClosedBy::SeenAgain);
            self.settle(0, steps, &mut changes);
        }
        changes
    }

    fn judge(&mut self, look: &Look<'_>, reading: Option<&Reading>) -> Verdict {
        let picture = &self.policy.picture;
        let Some(reading) = reading else {
            self.standstill.begins(look.pts);
            return Verdict::Covered;
        };
        // Whoever hides may leave as little of the picture moving as an empty room does.
        let nobody = reading.view == View::Nobody || reading.remains.is_some();
        let level = if nobody { picture.still_difference_empty } else { picture.still_difference };
        let change = look.picture.change;
        let by = change.map_or(Difference::Much, |change| Difference::of(&change, level));
        let still = by == Difference::None;
        let unchanged = self.standstill.look(look.pts, by, !nobody);
        let after =
            if nobody { Duration::from_millis(picture.still_empty_ms) } else { Duration::ZERO };
        match reading.view {
            _ if still && unchanged >= after => Verdict::Frozen,
            // Nor can it be said of somebody's face.
            View::Nobody | View::BodyOnly if darkness(&look.picture, &self.policy) > 0.0 => {
                Verdict::TooDark
            }
            View::Nobody => Verdict::Nobody,
            View::Face => Verdict::Face,
            View::BodyOnly => Verdict::BodyOnly,
        }
    }

    fn evidence(
        &self,
        kind: Kind,
        verdict: Verdict,
        reading: Option<&Reading>,
        look: &Look<'_>,
        marks: &Marks,
    ) -> Evidence {
        let when = |holds: bool, confidence: f64| {
            if holds { Evidence::Holds(confidence) } else { Evidence::Clear }
        };
        if kind.family() == Family::Presence {
            let frozen = self
                .tracks
                .iter()
                .any(|kind| kind.kind == Kind::FrozenPicture && kind.track.open().is_some());
            return match (verdict, reading) {
                (Verdict::Covered | Verdict::TooDark, _) | (_, None) => Evidence::Unknown,
                (Verdict::Frozen, _) if frozen => Evidence::Unknown,
                (Verdict::Frozen, Some(reading)) => {
                    let is_idle = |it: &KindTrack| it.kind == kind && it.track.is_idle();
                    let evidence = presence_evidence(kind, reading);
                    if self.tracks.iter().any(is_idle) { evidence } else { unsure(evidence) }
                }
                (_, Some(reading)) => presence_evidence(kind, reading),
            };
        }
        let picture = &self.policy.picture;
        match kind {
            Kind::CameraCovered => {
                let flat = 1.0 - look.picture.structure / picture.covered_structure.max(1e-9);
                let black =
                    1.0 - f64::from(look.picture.p99) / f64::from(picture.black_luma.max(1));
                when(verdict == Verdict::Covered, 0.5 + flat.max(black) / 2.0)
            }
            Kind::TooDark => {
                let margin = darkness(&look.picture, &self.policy);
                when(verdict == Verdict::TooDark, 0.5 + margin / 2.0)
            }
            Kind::FrozenPicture => match verdict {
                Verdict::Frozen => marks.hangs,
                Verdict::Nobody if !self.standstill.changed_at(look.pts) => Evidence::Unknown,
                Verdict::Covered | Verdict::TooDark => Evidence::Unknown,
                Verdict::Nobody | Verdict::Face | Verdict::BodyOnly => Evidence::Clear,
            },
            Kind::SuspectedStillImage => marks.still_image,
            Kind::SuspectedLoop => marks.repeats,
            Kind::OutOfView
            | Kind::FaceNotVisible
            | Kind::MultiplePeople
            | Kind::CameraLost
            | Kind::VirtualCamera
            | Kind::AgentGap
            | Kind::ReportingGap => Evidence::Clear,
        }
    }

    /// Whether a picture that is as it was is that of a camera that hangs. Dated from when it last moved.
    fn hangs(&mut self, at: MediaTime, verdict: Verdict) -> Evidence {
        if verdict != Verdict::Frozen {
            return Evidence::Clear;
        }
        let frozen = self.tracks.iter_mut().find(|kind| kind.kind == Kind::FrozenPicture);
        let frozen = frozen.filter(|kind| kind.track.open().is_none());
        match (frozen, self.standstill.hangs_since(at)) {
            (None, _) => Evidence::Holds(1.0),
            (Some(_), None) => Evidence::MayHold,
            (Some(frozen), Some(since)) => {
                frozen.track.held_since(since);
                Evidence::Holds(1.0)
            }
        }
    }

    /// Whether the candidate's face moves as a still image does.
    fn still_image(
        &mut self,
        look: &Look<'_>,
        verdict: Verdict,
        reading: Option<&Reading>,
    ) -> Evidence {
        let face = reading.and_then(|reading| reading.face);
        match verdict {
            _ if self.policy.still_image == StillImagePolicy::Ignore => Evidence::Clear,
            Verdict::Face => match look.face_change.filter(|change| Some(change.face) == face) {
                Some(change) => self.stillness.look(look.pts, change.change),
                None => Evidence::Unknown,
            },
            Verdict::BodyOnly | Verdict::Nobody => {
                self.stillness.forget();
                Evidence::Clear
            }
            Verdict::Covered | Verdict::TooDark | Verdict::Frozen => {
                self.stillness.forget();
                Evidence::Unknown
            }
        }
    }

    /// Whether the picture was there before. Dated from the first that was, but not into what could not be
    /// looked at.
    fn repeats(&mut self, look: &Look<'_>, verdict: Verdict) -> Evidence {
        match verdict {
            _ if self.policy.still_image == StillImagePolicy::Ignore => Evidence::Clear,
            Verdict::Covered | Verdict::TooDark | Verdict::Frozen => {
                self.last_blind = Some(look.pts);
                Evidence::Unknown
            }
            Verdict::Face | Verdict::BodyOnly | Verdict::Nobody => match look.repeat {
                None => Evidence::Clear,
                Some(repeat) if !repeat.goes_on => Evidence::MayBeOver,
                Some(repeat) => {
                    let since = self.last_blind.map_or(repeat.since, |at| repeat.since.max(at));
                    let loops = self.tracks.iter_mut().find(|it| it.kind == Kind::SuspectedLoop);
                    if let Some(loops) = loops {
                        loops.track.held_since(since);
                    }
                    Evidence::Holds(repeat.confidence)
                }
            },
        }
    }

    fn take(
        &mut self,
        index: usize,
        at: MediaTime,
        evidence: Evidence,
        counts: Counts,
    ) -> Vec<Step> {
        let (numbers, ids) = (&mut self.numbers, &mut self.ids);
        self.tracks[index].track.take(at, evidence, counts, || {
            *numbers += 1;
            ids(*numbers)
        })
    }

    /// Turns a track's steps into changes; what could not be looked at ends the rest there.
    fn settle(&mut self, index: usize, steps: Vec<Step>, changes: &mut Vec<Change>) {
        let kind = self.tracks[index].kind;
        for step in steps {
            match step {
                Step::Opened { id, start, counts } => {
                    (self.tracks[index].warned, self.tracks[index].alerted) = (false, false);
                    if kind.family() == Family::CouldNotLook {
                        self.interrupt_others(index, start, changes);
                    }
                    changes.push(Change::Opened(interval(id, kind, start, None, counts)));
                }
                Step::Resumed { start } if kind.family() == Family::CouldNotLook => {
                    self.interrupt_others(index, start, changes);
                }
                Step::Resumed { .. } => {}
                Step::Closed { id, start, end, counts, by } => {
                    changes.extend(self.notices(index, id, start, end));
                    let end = Some((end, by));
                    changes.push(Change::Closed(interval(id, kind, start, end, counts)));
                }
            }
        }
    }

    fn interrupt_others(&mut self, index: usize, at: MediaTime, changes: &mut Vec<Change>) {
        let lost = self.tracks[index].kind == Kind::CameraLost;
        for other in 0..self.tracks.len() {
            let is_blind = self.tracks[other].kind.family() == Family::CouldNotLook;
            if other != index && (!is_blind || lost) {
                let steps = self.tracks[other].track.interrupt(at, ClosedBy::CouldNotLook);
                self.settle(other, steps, changes);
            }
        }
    }

    /// Notices of all open intervals that are due at `at`.
    fn overdue(&mut self, at: MediaTime) -> Vec<Change> {
        let mut changes = Vec::new();
        for index in 0..self.tracks.len() {
            if let Some((id, start)) = self.tracks[index].track.open() {
                changes.extend(self.notices(index, id, start, at));
            }
        }
        changes
    }

    fn notices(
        &mut self,
        index: usize,
        id: IntervalId,
        start: MediaTime,
        at: MediaTime,
    ) -> Vec<Change> {
        let (warn, alert) = (self.policy.warn_after(), self.policy.alert_after());
        let kind = &mut self.tracks[index];
        let mut changes = Vec::new();
        if !self.policy.alerts(kind.kind) {
            return changes;
        }
        if !kind.warned && at.since(start) >= warn {
            kind.warned = true;
            changes.push(Change::Warned(id, start + warn));
        }
        if !kind.alerted && at.since(start) >= alert {
            kind.alerted = true;
            changes.push(Change::Alerted(id, start + alert));
        }
        changes
    }

    fn next_notice(&self, kind: &KindTrack) -> Option<MediaTime> {
        let (_, start) = kind.track.open().filter(|_| self.policy.alerts(kind.kind))?;
        if !kind.warned {
            return Some(start + self.policy.warn_after());
        }
        (!kind.alerted).then(|| start + self.policy.alert_after())
    }
}

/// Whether there is too much detail for a lens that is covered, the noise of the sensor left aside.
fn is_sharp(picture: &PictureStats) -> bool {
    let noise = picture.change.map_or(0.0, |change| change.noise);
    picture.detail > SHARP_DETAIL + NOISE_IN_DETAIL * noise
}

/// How far, in parts of the limit, a picture lies below what somebody could be seen in; not more
/// than 0 when it does not.
fn darkness(picture: &PictureStats, policy: &Policy) -> f64 {
    let dark = 1.0 - f64::from(picture.p99) / f64::from(policy.picture.dark_luma.max(1));
    let noise = picture.change.map_or(0.0, |change| change.noise);
    let drowned = 1.0 - picture.light / (noise * LIGHT_OVER_NOISE).max(1e-9);
    dark.max(drowned)
}

/// What a picture says that may be that of a camera that hangs.
const fn unsure(evidence: Evidence) -> Evidence {
    match evidence {
        Evidence::Clear | Evidence::Worse => Evidence::MayBeOver,
        Evidence::Holds(_) | Evidence::Unknown | Evidence::MayHold | Evidence::MayBeOver => {
            evidence
        }
    }
}

fn presence_evidence(kind: Kind, reading: &Reading) -> Evidence {
    let holds = |holds: bool, confidence: f32| {
        if holds { Evidence::Holds(f64::from(confidence)) } else { Evidence::Clear }
    };
    if kind == Kind::MultiplePeople {
        return match reading.company {
            Company::Yes(score) => holds(true, score),
            Company::No => Evidence::Clear,
            Company::Undecided => Evidence::MayHold,
            Company::Lost => Evidence::MayBeOver,
        };
    }
    let unseen = 1.0 - reading.best_face.max(reading.best_person);
    if kind == Kind::OutOfView && reading.may_be_back {
        return Evidence::MayBeOver;
    }
    if kind == Kind::OutOfView {
        return holds(reading.view == View::Nobody, unseen);
    }
    match reading.view {
        View::BodyOnly if let Some(share) = reading.remains => Evidence::Holds(
            (1.0 - STILL_THERE / share / 2.0) * (1.0 - f64::from(reading.best_face)),
        ),
        View::BodyOnly => holds(true, reading.best_person * (1.0 - reading.best_face)),
        View::Nobody if reading.may_be_back => Evidence::MayHold,
        // A body that is not found for a moment has not left.
        View::Nobody => Evidence::Worse,
        View::Face => Evidence::Clear,
    }
}

fn interval(
    id: IntervalId,
    kind: Kind,
    start: MediaTime,
    end: Option<(MediaTime, ClosedBy)>,
    counts: Counts,
) -> Interval {
    Interval {
        id,
        kind,
        start_ms: start,
        end_ms: end.map(|(end, _)| end),
        confidence: counts.confidence(),
        frames_looked_at: counts.looked_at,
        frames_skipped: counts.skipped,
        closed_by: end.map(|(_, by)| by),
    }
}
