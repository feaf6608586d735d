//! Several recordings, several at a time; results in the order in which they were asked for.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::output::Outcome;
use super::recordings::{self, Recording};
use super::reporting::{Reporter, Reporting};
use super::{Document, Failure, Origin, ReplayError, Status, TraceLine, run};
use crate::capture::file;
use crate::detector::{Detector, Scripted, onnx};
use crate::pipeline::Pipeline;
use crate::presence::{Change, Policy};
use crate::report::{Hash, Interval, IntervalId, ModelIdentity, SessionId};
use crate::time::MediaTime;

/// What all recordings of a run have in common.
#[derive(Debug)]
pub struct Batch {
    pub policy: Policy,
    pub eyes: Eyes,
    pub video: file::Options,
    /// Where findings are reported, when they are.
    pub reporting: Option<Reporting>,
    /// Trace lines are wanted.
    pub traced: bool,
}

/// What finds faces and people.
#[derive(Debug)]
pub enum Eyes {
    Models(Arc<onnx::Models>),
    /// A script in place of the models.
    Script(String),
}

/// What a run tells while it goes on.
pub trait Watcher: Sync {
    /// A recording begins; absent when its length is not known.
    fn begun(&self, recording: usize, name: &str, duration: Option<MediaTime>);
    /// It has been looked at up to `pts`.
    fn reached(&self, recording: usize, pts: MediaTime);
    fn ended(&self, recording: usize);
    /// The run is to stop as soon as it can.
    fn stopped(&self) -> bool;
}

/// One recording, done.
#[derive(Debug)]
pub struct Finished {
    pub outcome: Outcome,
    pub trace: Vec<TraceLine>,
    /// What went wrong with reporting it.
    pub unreported: Option<String>,
}

impl Batch {
    /// Replays all recordings, `jobs` at a time, and hands out each result in order.
    pub fn run(
        &self,
        recordings: &[Recording],
        jobs: usize,
        watcher: &dyn Watcher,
        mut done: impl FnMut(Finished) -> io::Result<()>,
    ) -> io::Result<()> {
        let jobs = jobs.clamp(1, recordings.len().max(1));
        let next = AtomicUsize::new(0);
        let abandoned = AtomicBool::new(false);
        thread::scope(|scope| {
            let (results, finished) = sync_channel(jobs);
            for job in 0..jobs {
                let (results, next, abandoned) = (results.clone(), &next, &abandoned);
                thread::Builder::new().name(format!("replay-{job}")).spawn_scoped(
                    scope,
                    move || {
                        self.work(recordings, next, abandoned, watcher, &results);
                    },
                )?;
            }
            drop(results);
            let handed_out = hand_out_in_order(&finished, &mut done);
            abandoned.store(handed_out.is_err(), Ordering::Relaxed);
            handed_out
        })
    }

    fn work(
        &self,
        recordings: &[Recording],
        next: &AtomicUsize,
        abandoned: &AtomicBool,
        watcher: &dyn Watcher,
        results: &SyncSender<(usize, Finished)>,
    ) {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let over = abandoned.load(Ordering::Relaxed) || watcher.stopped() && index > 0;
            let Some(recording) = recordings.get(index).filter(|_| !over) else { return };
            let job = Job { batch: self, index, recording, watcher, abandoned };
            let finished = job.replay();
            watcher.ended(index);
            if results.send((index, finished)).is_err() {
                return;
            }
        }
    }
}

fn hand_out_in_order(
    finished: &Receiver<(usize, Finished)>,
    done: &mut impl FnMut(Finished) -> io::Result<()>,
) -> io::Result<()> {
    let (mut waiting, mut expected) = (BTreeMap::new(), 0);
    for (index, result) in finished {
        waiting.insert(index, result);
        while let Some(result) = waiting.remove(&expected) {
            expected += 1;
            done(result)?;
        }
    }
    Ok(())
}

/// One recording of a batch.
struct Job<'a> {
    batch: &'a Batch,
    index: usize,
    recording: &'a Recording,
    watcher: &'a dyn Watcher,
    abandoned: &'a AtomicBool,
}

impl Job<'_> {
    fn replay(&self) -> Finished {
        if let Some(fault) = &self.recording.fault {
            return self.failed(fault.to_string());
        }
        match &self.batch.eyes {
            Eyes::Models(models) => self.replay_with(onnx::Onnx::with(Arc::clone(models))),
            Eyes::Script(script) => match Scripted::parse(script) {
                Ok(scripted) => self.replay_with(scripted.only(&self.recording.name)),
                Err(error) => self.failed(format!("the script of detections: {error}")),
            },
        }
    }

    fn replay_with(&self, detector: impl Detector) -> Finished {
        self.try_replay(detector).unwrap_or_else(|error| self.failed(error.to_string()))
    }

    fn try_replay(&self, detector: impl Detector) -> Result<Finished, ReplayError> {
        let mut source = file::open_with(&self.recording.path, &self.batch.video)?;
        let sha256 = recordings::sha256(&self.recording.path)?;
        let session_id =
            session_of(&self.recording.name, sha256, &self.batch.policy, detector.models());
        let origin = Origin {
            recording: self.recording.name.clone(),
            sha256,
            session_id,
            info: source.info().clone(),
            policy: self.batch.policy.clone(),
            models: detector.models().to_vec(),
        };
        let mut pipeline = Pipeline::new(detector, self.batch.policy.clone(), move |number| {
            IntervalId::derived(session_id, number)
        });
        let mut reporter = Reporter::new(self.batch.reporting.as_ref(), &origin);
        self.watcher.begun(self.index, &self.recording.name, origin.info.duration);
        let (mut closed, mut trace) = (Vec::new(), Vec::new());
        let end = run(&mut *source, &mut pipeline, |sample, _| {
            closed.extend(sample.changes.iter().filter_map(closed_interval));
            sample.changes.iter().for_each(|change| reporter.report(change));
            if self.batch.traced {
                trace.push(TraceLine::new(&self.recording.name, sample));
            }
            self.watcher.reached(self.index, sample.pts);
            let stop = self.watcher.stopped() || self.abandoned.load(Ordering::Relaxed);
            if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        closed.extend(end.changes.iter().filter_map(closed_interval));
        if end.status != Status::Incomplete {
            end.changes.iter().for_each(|change| reporter.report(change));
            reporter.end(&end, pipeline.sampled());
        }
        let document = Document::new(origin, &end, pipeline.sampled(), &closed);
        let outcome = Outcome::Done(Box::new(document));
        Ok(Finished { outcome, trace, unreported: reporter.finish() })
    }

    fn failed(&self, error: String) -> Finished {
        let recording = self.recording.name.clone();
        let failure = Failure { recording, status: "failed".to_owned(), error };
        Finished { outcome: Outcome::Failed(failure), trace: Vec::new(), unreported: None }
    }
}

fn closed_interval(change: &Change) -> Option<Interval> {
    match change {
        Change::Closed(interval) => Some(interval.clone()),
        Change::Opened(_) | Change::Warned(..) | Change::Alerted(..) => None,
    }
}

/// The session of a replay: the same recording under the same configuration is the same session.
fn session_of(name: &str, recording: Hash, policy: &Policy, models: &[ModelIdentity]) -> SessionId {
    let policy = serde_json::to_vec(policy).unwrap_or_default();
    let mut parts: Vec<&[u8]> = vec![
        concat!("replay ", env!("CARGO_PKG_VERSION")).as_bytes(),
        name.as_bytes(),
        recording.as_bytes(),
        &policy,
    ];
    parts.extend(models.iter().map(|model| &model.sha256.as_bytes()[..]));
    SessionId::derived(&parts)
}
