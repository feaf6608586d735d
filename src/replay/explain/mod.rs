//! `inview-replay explain`: why the state was what it was at one second.
//!
//! What would have to differ is not guessed: policies and finds are changed, and the monitor is asked
//! again over the kept looks of the whole recording.

mod differ;
mod words;

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, anyhow, bail};

use super::args::ExplainArgs;
use super::evaluate::Labels;
use super::looks::{Looks, Seen, way_of_looking};
use super::recordings;
use super::{command, tune};
use crate::presence::{Change, Policy, Verdict};
use crate::report::{Interval, Kind};
use crate::score::Label;
use crate::time::MediaTime;

/// One moment of a recording, and how it came to be judged so.
#[derive(Debug)]
pub struct Moment<'a> {
    pub at: MediaTime,
    pub looks: &'a Looks,
    pub policy: &'a Policy,
    /// The place of the look that holds at that moment: the last one that is not after it.
    pub place: usize,
    pub verdict: Verdict,
    /// Intervals that hold at that moment.
    pub told: Vec<Interval>,
    /// What was changed near that moment, and when: decisions come late and are dated early.
    pub changes: Vec<(MediaTime, Change)>,
}

impl<'a> Moment<'a> {
    /// None: the recording has no frame up to then, or ends before.
    pub fn of(looks: &'a Looks, policy: &'a Policy, at: MediaTime) -> Option<Self> {
        let after = looks.seen.partition_point(|seen| seen.pts.as_millis() <= at.as_millis());
        let place = after.checked_sub(1).filter(|_| at <= looks.end)?;
        let mut verdicts = Vec::new();
        let mut changes = Vec::new();
        let intervals = looks.watch(policy, |seen, verdict, changed| {
            verdicts.push(verdict);
            changes.extend(changed.iter().map(|change| (seen.pts, change.clone())));
        });
        let told: Vec<Interval> = intervals.into_iter().filter(|it| holds(it, at)).collect();
        let of_told = |change: &Change| match change {
            Change::Opened(interval) | Change::Closed(interval) => {
                told.iter().any(|it| it.id == interval.id)
            }
            Change::Warned(id, _) | Change::Alerted(id, _) => told.iter().any(|it| it.id == *id),
        };
        changes.retain(|(_, change)| of_told(change));
        let verdict = *verdicts.get(place)?;
        Some(Self { at, looks, policy, place, verdict, told, changes })
    }

    pub fn seen(&self) -> &'a Seen {
        &self.looks.seen[self.place]
    }

    /// The kinds that hold at that moment; none when the candidate is told to be in view.
    pub fn kinds(&self) -> Vec<Kind> {
        self.told.iter().map(|it| it.kind).collect()
    }
}

fn holds(interval: &Interval, at: MediaTime) -> bool {
    let end = interval.end_ms.unwrap_or(interval.start_ms);
    interval.start_ms.as_millis() <= at.as_millis() && at.as_millis() < end.as_millis()
}

/// Explains one moment of a recording.
pub(super) fn run(args: &ExplainArgs, stopped: &Arc<AtomicBool>) -> anyhow::Result<()> {
    let policy = command::policy(args.policy.as_deref(), args.rate)?;
    let eyes = command::eyes(args.detections.as_deref())?;
    let name = args.path.display();
    let found = recordings::find(std::slice::from_ref(&args.path));
    let [recording] = &found[..] else {
        bail!("{name}: expected one recording, found {}", found.len());
    };
    if let Some(fault) = &recording.fault {
        bail!("{name}: {fault}");
    }
    let ways = [way_of_looking(&policy)];
    let looked = tune::look_at(recording, &eyes, &ways, |_, _| {});
    let (looks, frames) = looked.map_err(|error| anyhow!("{name}: {error}"))?;
    if stopped.load(Ordering::Relaxed) {
        bail!("stopped");
    }
    let looks = looks.first().context("nothing was looked at")?;
    let at = MediaTime::from_secs_f64(args.at);
    let moment = Moment::of(looks, &policy, at)
        .ok_or_else(|| anyhow!("{name}: it lasts until {}, there is no {at}", looks.end))?;
    let label = label_at(recording, frames, looks.end, at);
    let text = words::tell(&recording.name, &moment, label.as_ref());
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write the explanation")
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What is true at that moment, where a truth file says so.
fn label_at(
    recording: &recordings::Recording,
    frames: u64,
    end: MediaTime,
    at: MediaTime,
) -> Option<Label> {
    let labels = Labels::of(recording, None::<&Path>).ok()?;
    let truth = labels.truth(end, frames as f64 / end.as_secs_f64().max(1e-3)).ok()?;
    truth.labels.into_iter().find(|label| label.span.contains(at))
}
