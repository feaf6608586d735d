//! The worker that owns the others.

mod camera;
mod choose;
mod clocks;
mod proctor;
mod rate;
mod tell;
mod workers;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, select};
use uuid::Uuid;

use self::camera::Flow;
use super::cameras::Cameras;
use super::device::virtual_camera;
use super::journal::{Entry, Journal};
use super::period::Period;
use super::preview::Preview;
use super::report::{Begun, Fact, Reported};
use super::sensors::Sensors;
use super::slot::Slot;
use super::snapshot::{FoundCamera, OpenCamera, Phase, Snapshot};
use super::source::Now;
use super::watch::{Order, Sight, agent_gap};
use super::worker::Worker;
use super::{Command, News, Setup, StartError, World, joined};
use crate::clock::{Anchor, Reading, boot_id};
use crate::detector::DetectorError;
use crate::frame::Frame;
use crate::health::{Code, Health};
use crate::pace::Pace;
use crate::presence::Change;
use crate::report::{ClosedBy, Consent, EndedBy, Incarnation, Interval, ModelIdentity};
use crate::spool::{Shelter, erase_delivered};
use crate::time::MediaTime;
use crate::upload::Uploader;
use proctor::Proctor;

/// Between two looks at the workers.
const ROUND: Duration = Duration::from_millis(100);
/// A round that comes so late says that this thread did not run, and the others neither.
const DID_NOT_RUN: Duration = Duration::from_secs(2);
/// Between two looks for spools whose time is over.
const SWEEP_EVERY: Duration = Duration::from_hours(1);
/// How long the last facts may take to reach the disk when the agent is stopped.
const LAST_FACTS: Duration = Duration::from_secs(2);

pub(super) struct Control {
    setup: Setup,
    world: World,
    models: Vec<ModelIdentity>,
    incarnation: Incarnation,
    commands: Receiver<Command>,
    alive: Receiver<()>,
    anchor: Anchor,
    now: Now,
    sensors: Sensors,
    pace: Pace,
    period: Period,
    slot: Arc<Slot<Frame>>,
    sight: Arc<Mutex<Sight>>,
    reported: Arc<Mutex<Reported>>,
    news: (Sender<News>, Receiver<News>),
    facts: Option<Sender<Fact>>,
    orders: Sender<Order>,
    ordered: Receiver<Order>,
    capture: Worker<()>,
    watch: Worker<Result<(), DetectorError>>,
    reporter: Option<JoinHandle<()>>,
    uploader: Option<Uploader>,
    /// Reports that the disk does not take.
    shelter: Shelter,
    /// The clocks at the last look.
    looked: Reading,
    /// When spools of earlier sessions are looked through next.
    sweep_due: MediaTime,
    proctor: Proctor,
    journal: Journal,
    journalled: Option<(MediaTime, Vec<Interval>)>,
    /// Looked for while one can be chosen.
    cameras: Option<Cameras>,
    /// Those that were there at the last look.
    listed: Vec<FoundCamera>,
    /// A command that waits for the camera to be open.
    waiting: Option<Command>,
    health: Health,
    phase: Phase,
    /// The exam has ended, and the server has all reports.
    delivered: bool,
    /// Until when reports are waited for.
    flush_until: MediaTime,
    /// The clocks by session time, for the journal; absent before the exam.
    exam: Option<Anchor>,
    /// When it ended, on the agent's clock.
    ended: Option<MediaTime>,
    begun: Begun,
    /// Session time zero on the agent's clock.
    zero: MediaTime,
    camera: Option<OpenCamera>,
    flow: Flow,
    /// The product, while the open camera is a known virtual device …
    virtual_device: Option<String>,
    /// … and the interval that says so.
    virtual_interval: Option<Interval>,
    snapshot: Arc<Mutex<Snapshot>>,
    preview: Arc<Mutex<Option<Preview>>>,
    /// The frame of the preview that was told of last.
    shown: Option<u64>,
    /// The candidate sees their picture in the exam.
    mirrors: bool,
    /// The proctor who has ended the exam.
    ended_by: Option<EndedBy>,
}

impl Control {
    pub(super) fn new(
        setup: Setup,
        world: World,
        models: Vec<ModelIdentity>,
        commands: Receiver<Command>,
        alive: Receiver<()>,
    ) -> Result<Self, StartError> {
        let journal = Journal::of(&setup.folder, setup.session);
        let reading = (world.clock)();
        let left = journal.read();
        let anchor = match &left {
            Some(entry) => entry.anchor.resumed(&reading, boot_id(), entry.alive_ms),
            None => Anchor::at(&reading, boot_id()),
        };
        let (clock, zero) = (Arc::clone(&world.clock), anchor.clone());
        let now: Now = Arc::new(move || zero.media(&clock()));
        let shelter = Shelter::default();
        let start = |upload| Uploader::start_sheltered(upload, shelter.clone());
        let uploader = setup.upload.clone().map(start).transpose()?;
        let (orders, ordered) = bounded(16);
        let at = now();
        let rate_hz = setup.policy.sample_rate_hz;
        let proctor = Proctor::new(&setup, at)?;
        let mut control = Self {
            sight: Arc::new(Mutex::new(Sight::nothing_yet(at))),
            snapshot: Arc::new(Mutex::new(Snapshot::first(setup.session, at, rate_hz))),
            capture: Worker::idle(at),
            watch: Worker::idle(at),
            news: bounded(16),
            sensors: Sensors::start(Arc::clone(&world.machine))?,
            pace: Pace::new(rate_hz, setup.policy.lowest_sample_rate_hz),
            period: Period::of_rate(rate_hz),
            slot: Arc::default(),
            reported: Arc::default(),
            preview: Arc::default(),
            shown: None,
            mirrors: false,
            ended_by: None,
            facts: None,
            reporter: None,
            journalled: None,
            cameras: None,
            listed: Vec::new(),
            waiting: None,
            health: Health::default(),
            phase: Phase::CheckIn,
            delivered: false,
            flush_until: at,
            exam: None,
            ended: None,
            begun: Begun::default(),
            incarnation: Incarnation(Uuid::now_v7()),
            proctor,
            zero: MediaTime::ZERO,
            camera: None,
            flow: Flow::default(),
            virtual_device: None,
            virtual_interval: None,
            setup,
            world,
            models,
            commands,
            alive,
            anchor,
            now,
            orders,
            ordered,
            uploader,
            shelter,
            looked: reading,
            sweep_due: at,
            journal,
        };
        control.start_reporter()?;
        if let Some(entry) = left {
            control.resume(entry, at);
        } else {
            // What an earlier life of the agent was asked to end has ended: it goes on no more.
            control.proctor.inbox.note_ended(&control.anchor.utc(at));
            control.cameras = Some(Cameras::look(Arc::clone(&control.world.camera))?);
        }
        Ok(control)
    }

    pub(super) fn snapshot(&self) -> Arc<Mutex<Snapshot>> {
        Arc::clone(&self.snapshot)
    }

    pub(super) fn preview(&self) -> Arc<Mutex<Option<Preview>>> {
        Arc::clone(&self.preview)
    }

    pub(super) fn run(mut self) {
        let mut before = (self.now)();
        loop {
            let (news, alive) = (self.news.1.clone(), self.alive.clone());
            let (commands, heard) = (self.commands.clone(), self.proctor.heard.clone());
            select! {
                recv(alive) -> _ => break,
                recv(commands) -> command => if let Ok(command) = command { self.obey(command); },
                recv(news) -> news => if let Ok(news) = news { self.hear(news); },
                recv(heard) -> heard => if let Ok(heard) = heard { self.heed(heard); },
                default(ROUND) => {}
            }
            let now = (self.now)();
            if now.since(before) >= DID_NOT_RUN {
                // The machine slept, or all of us stood still: their time counts from now on.
                self.capture.pulse.beat(now);
                self.watch.pulse.beat(now);
            }
            before = now;
            self.look_at_clocks();
            self.look_at_cameras(now);
            self.look_after_capture(now);
            self.look_after_watch(now);
            self.look_at_frames(now);
            self.look_after_heart(now);
            self.look_after_commands(now);
            self.look_at_device(now);
            self.look_at_rate(now);
            self.look_at_reports(now);
            self.look_after_old_spools(now);
            self.keep_journal(now);
            self.publish(now);
            self.put_beat(now);
        }
        self.stop();
    }

    fn obey(&mut self, command: Command) {
        match (command, self.phase) {
            (Command::UseCamera(id), Phase::CheckIn) => self.use_camera(&id, (self.now)()),
            (Command::UseCamera(_), _) => tracing::warn!("a camera is chosen before the exam only"),
            (Command::Begin { consent }, Phase::CheckIn) if self.may_begin(consent.as_ref()) => {
                self.begin((self.now)(), consent);
            }
            (Command::Begin { .. }, Phase::CheckIn) => {}
            (Command::End { flush }, Phase::Exam) => self.end(flush),
            (Command::Agreed(has_agreed), _) => self.proctor.has_agreed = has_agreed,
            (Command::Shown(command), _) => {
                self.proctor.inbox.note_shown(command, &self.anchor.utc((self.now)()));
            }
            (Command::Read(message), _) => {
                self.proctor.inbox.note_read(message, &self.anchor.utc((self.now)()));
            }
            (Command::Checked { check, answer }, _) => self.checked(check, answer),
            (command @ (Command::Begin { .. } | Command::End { .. }), phase) => {
                tracing::warn!(?command, ?phase, "a command that does not fit");
            }
        }
    }

    fn hear(&mut self, news: News) {
        let now = (self.now)();
        match news {
            News::CameraOpened { camera, virtual_device } => {
                self.camera_opened(camera, virtual_device);
                if let Some(command) = self.waiting.take() {
                    self.obey(command);
                }
            }
            News::CaptureEnded(Some(error)) => self.camera_failed(&error, now),
            // A recording in place of a camera is over, and the exam with it.
            News::CaptureEnded(None) => {
                self.capture.due = None;
                self.camera_closed(now);
                if self.phase == Phase::Exam {
                    self.end(self.setup.flush);
                }
            }
        }
    }

    fn begin(&mut self, at: MediaTime, consent: Option<Consent>) {
        self.phase = Phase::Exam;
        self.cameras = None;
        (self.exam, self.zero) = (Some(self.anchor.starting_at(at)), at);
        self.begun = Begun { consent, start_override: self.proctor.inbox.start_override() };
        self.fact(Fact::Begun { at, by: self.begun.clone() });
        if self.pace.strain().is_some() {
            self.tell_rate(at);
        }
        self.order(Order::Begin(at));
    }

    /// An exam that an earlier life of the agent left: closes what was open, and tells the gap.
    fn resume(&mut self, entry: Entry, now: MediaTime) {
        tracing::warn!(alive = %entry.alive_ms, "the session goes on after the agent did not run");
        self.phase = Phase::Exam;
        self.exam = Some(self.anchor.clone());
        self.begun = entry.begun;
        self.fact(Fact::Begun { at: MediaTime::ZERO, by: self.begun.clone() });
        self.close_all(entry.open, entry.alive_ms);
        let gap = agent_gap(entry.alive_ms, now, ClosedBy::AgentRestart);
        self.fact(Fact::Change(Change::Closed(gap)));
    }

    fn close_all(&self, open: Vec<Interval>, end: MediaTime) {
        for interval in open {
            let end = end.max(interval.start_ms);
            let closed_by = Some(ClosedBy::AgentRestart);
            let interval = Interval { end_ms: Some(end), closed_by, ..interval };
            self.fact(Fact::Change(Change::Closed(interval)));
        }
    }

    fn end(&mut self, flush: Duration) {
        self.phase = Phase::Ending;
        let now = (self.now)();
        (self.ended, self.flush_until) = (Some(now), now + flush);
        // Before the last report of the session, which the detector makes.
        self.look_at_device(now);
        self.proctor.inbox.note_over(&self.anchor.utc(now));
        self.mirrors = false;
        self.order(Order::End);
        self.order(Order::Mirror(false));
        self.capture.pulse.stop();
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::error!("the detector takes no orders");
        }
    }

    fn fact(&self, fact: Fact) {
        if let Some(facts) = &self.facts
            && facts.send(fact).is_err()
        {
            tracing::error!("a report is lost: nobody takes reports any more");
        }
    }

    /// The last report of the session is on disk.
    fn has_ended(&self) -> bool {
        self.reported.lock().unwrap_or_else(PoisonError::into_inner).complete
    }

    fn spool(&self) -> std::path::PathBuf {
        self.setup.spool()
    }

    /// Intervals that are open, in session time.
    fn open_intervals(&self) -> Vec<Interval> {
        let reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let open = reported.intervals.values().filter(|interval| interval.end_ms.is_none());
        open.cloned().collect()
    }

    /// A virtual device is said to be one for as long as it is the source, in the exam.
    fn look_at_device(&mut self, now: MediaTime) {
        self.health.set(Code::VirtualCamera, now, self.virtual_device.clone());
        let is_said = self.virtual_device.is_some() && self.phase == Phase::Exam;
        match self.virtual_interval.take() {
            None if is_said => {
                let interval = virtual_camera(now);
                self.fact(Fact::Change(Change::Opened(interval.clone())));
                self.virtual_interval = Some(interval);
            }
            Some(interval) if !is_said => {
                let closed_by = Some(match self.phase {
                    Phase::CheckIn | Phase::Exam => ClosedBy::SeenAgain,
                    Phase::Ending | Phase::Ended => ClosedBy::SessionEnd,
                });
                let interval = Interval { end_ms: Some(now), closed_by, ..interval };
                self.fact(Fact::Change(Change::Closed(interval)));
            }
            unchanged => self.virtual_interval = unchanged,
        }
    }

    /// Ends all workers. A session that goes on is resumed by the next start.
    fn stop(mut self) {
        self.proctor.stop();
        self.capture.pulse.stop();
        self.watch.pulse.stop();
        let joins_in_time = |is_finished: &dyn Fn() -> bool| {
            for _ in 0..LAST_FACTS.as_millis() / 10 {
                if is_finished() {
                    return;
                }
                thread::park_timeout(Duration::from_millis(10));
            }
        };
        if let Some(watch) = self.watch.thread.take() {
            joins_in_time(&|| watch.is_finished());
            if watch.is_finished() && watch.join().is_err() {
                tracing::error!("the detector thread failed");
            }
        }
        drop(self.facts.take());
        if let Some(reporter) = self.reporter.take() {
            joins_in_time(&|| reporter.is_finished());
        }
        if let Some(uploader) = self.uploader.take() {
            uploader.finish(Duration::ZERO);
        }
        if self.phase == Phase::Ended {
            self.proctor.inbox.close();
        } else {
            self.proctor.inbox.look_after((self.now)(), true);
        }
        self.erase_old_spools();
    }

    /// Erases what was kept of sessions that are over for as long as their policies say.
    fn erase_old_spools(&self) {
        let now = (self.world.clock)().wall.as_second();
        let goes_on = |session| {
            (session == self.setup.session && self.phase != Phase::Ended)
                || Journal::of(&self.setup.folder, session).exists()
        };
        erase_delivered(&self.spool(), now, &goes_on);
        joined::erase_old(&self.setup.folder, now, &goes_on);
    }

    fn look_after_old_spools(&mut self, now: MediaTime) {
        if now >= self.sweep_due {
            self.erase_old_spools();
            self.sweep_due = now + SWEEP_EVERY;
        }
    }
}
