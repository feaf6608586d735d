//! The monitor: evidence in, intervals out.

use std::fmt;
use std::time::Duration;

use super::evidence;
use super::fixtures::Moment;
use super::kind_track::{Change, KindTrack};
use super::look::{Finds, Look, Verdict};
use super::picture::PictureStats;
use super::policy::{Policy, StillImagePolicy};
use super::standstill::{Difference, Standstill};
use super::stillness::Stillness;
use super::stir::Stir;
use super::track::{Counts, Evidence, Step};
use super::vanishing::STILL_THERE;
use super::view::{Reading, View, Viewer};
use crate::report::{ClosedBy, Family, IntervalId, Kind};
use crate::time::MediaTime;

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
/// What a look says of the kinds that stand beside presence, and of a picture that is as it was.
struct Marks {
    hangs: Evidence,
    still_image: Evidence,
    repeats: Evidence,
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
    /// The last look that was neither covered nor too dark.
    last_lit: Option<MediaTime>,
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
        Self {
            viewer: Viewer::new(&policy),
            stillness: Stillness::default(),
            tracks: KINDS.map(|kind| KindTrack::new(kind, &policy)).into(),
            last_look: None,
            standstill: Standstill::default(),
            last_blind: None,
            nobody_since: None,
            last_lit: None,
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
        evidence::is_covered(picture, &self.policy.picture)
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
        if !matches!(verdict, Verdict::Covered | Verdict::TooDark) {
            self.last_lit = Some(look.pts);
        }
        let of = |monitor: &Self, index: usize| {
            let kind = monitor.tracks[index].kind;
            monitor.evidence(kind, verdict, reading.as_ref(), look, &marks)
        };
        if let Some(since) = reading.as_ref().and_then(|reading| reading.back_since) {
            for kind in &mut self.tracks {
                kind.back_since(since);
            }
        }
        for index in 0..self.tracks.len() {
            if self.tracks[index].kind.family() == Family::CouldNotLook {
                let evidence = of(self, index);
                self.tracks[index].note(look.pts, evidence);
            }
        }
        for index in 0..self.tracks.len() {
            let evidence = of(self, index);
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
            && !self.tracks[0].is_open()
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
        let lost = lost.filter(|_| !self.tracks[0].is_open());
        let closing = self.tracks.iter().filter_map(|kind| kind.track.deadline());
        closing
            .chain(self.tracks.iter().filter_map(|kind| kind.next_notice(&self.policy)))
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
        let Finds { faces, people, people_fresh } = *finds;
        let moment = Moment {
            at: look.pts,
            frame: look.size,
            moved: look.signs.moved.as_ref(),
            screens: look.signs.screens,
            likeness: look.signs.likeness,
        };
        let mut reading = self.viewer.read(&self.policy, &moment, faces, people, people_fresh);
        if reading.view == View::Nobody {
            reading.remains = look.signs.remains.filter(|share| *share >= STILL_THERE);
        }
        if reading.remains.is_some() {
            reading.view = View::BodyOnly;
        }
        // An empty room is not as it was.
        let is_of_empty = |stir: &Stir| self.nobody_since.is_some_and(|it| it <= stir.calm_since);
        if let Some(stir) = look.signs.stir.filter(is_of_empty) {
            reading.stirred(&stir, look.pts, look.size);
        }
        reading
    }

    /// A frame after a silence: what it shows says nothing of the time in which the camera was lost.
    fn camera_is_back(&mut self, at: MediaTime) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.tracks[0].is_open() {
            self.standstill.begins(at);
            self.last_blind = Some(at);
            self.nobody_since = None;
            self.last_lit = None;
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
        // Whoever hides may leave as little moving as an empty room does.
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
            View::Nobody | View::BodyOnly
                if evidence::darkness(&look.picture, &self.policy.picture) > 0.0 =>
            {
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
            let frozen =
                self.tracks.iter().any(|kind| kind.kind == Kind::FrozenPicture && kind.is_open());
            return match (verdict, reading) {
                (Verdict::Covered | Verdict::TooDark, _) | (_, None) => Evidence::Unknown,
                (Verdict::Frozen, _) if frozen => Evidence::Unknown,
                (Verdict::Frozen, Some(reading)) => {
                    let is_idle = |it: &KindTrack| it.kind == kind && it.track.is_idle();
                    let evidence = evidence::of_presence(kind, reading);
                    if self.tracks.iter().any(is_idle) {
                        evidence
                    } else {
                        evidence::unsure(evidence)
                    }
                }
                (_, Some(reading)) => evidence::of_presence(kind, reading),
            };
        }
        let picture = &self.policy.picture;
        match kind {
            Kind::CameraCovered => {
                when(verdict == Verdict::Covered, evidence::cover(&look.picture, picture))
            }
            Kind::TooDark => {
                let margin = evidence::darkness(&look.picture, picture);
                when(verdict == Verdict::TooDark, 0.5 + margin / 2.0)
            }
            Kind::FrozenPicture => match verdict {
                Verdict::Frozen => marks.hangs,
                Verdict::Nobody | Verdict::TooDark if !self.standstill.changed_at(look.pts) => {
                    Evidence::Unknown
                }
                Verdict::Nobody
                | Verdict::Face
                | Verdict::BodyOnly
                | Verdict::Covered
                | Verdict::TooDark => Evidence::Clear,
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
        let frozen = frozen.filter(|kind| !kind.is_open());
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
            Verdict::Face => {
                match look.signs.face_change.filter(|change| Some(change.face) == face) {
                    Some(change) => self.stillness.look(look.pts, change.change),
                    None => Evidence::Unknown,
                }
            }
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
            Verdict::Face | Verdict::BodyOnly | Verdict::Nobody => match look.signs.repeat {
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
        self.tracks[index].take(at, evidence, counts, || {
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
                    // What was too dark before it was covered, or the other way round, is part of it.
                    let is_unlit = matches!(kind, Kind::CameraCovered | Kind::TooDark);
                    let start = self.last_lit.filter(|_| is_unlit).unwrap_or(start).min(start);
                    let others = self.tracks.iter().filter_map(|other| other.end_before(kind));
                    let start = others.fold(start, MediaTime::max);
                    if kind.family() == Family::CouldNotLook {
                        self.interrupt_others(index, start, changes);
                    }
                    if kind == Kind::OutOfView {
                        self.end_hidden(start, changes);
                    }
                    changes.push(self.tracks[index].opened(id, start, counts));
                }
                Step::Resumed { start } if kind.family() == Family::CouldNotLook => {
                    self.interrupt_others(index, start, changes);
                }
                Step::Resumed { .. } => {}
                Step::Closed { id, end, counts, by, .. } => {
                    let track = &mut self.tracks[index];
                    changes.extend(track.closed(&self.policy, id, (end, by), counts));
                }
            }
        }
    }

    /// An absence is told since `at`: a face that was not visible is over then, whatever comes after.
    fn end_hidden(&mut self, at: MediaTime, changes: &mut Vec<Change>) {
        let hidden = self.tracks.iter().position(|other| other.kind == Kind::FaceNotVisible);
        if let Some(hidden) = hidden {
            let steps = self.tracks[hidden].track.interrupt(at, ClosedBy::SeenAgain);
            self.settle(hidden, steps, changes);
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
        let policy = &self.policy;
        self.tracks.iter_mut().flat_map(|kind| kind.overdue(policy, at)).collect()
    }
}
