use inview::report::{ChainHead, Fork, ForkKind, Gap, Heartbeat, Observed, Phase, StoredInterval};
use inview::server::silence::watch::Watchdog;

use super::heartbeats::heartbeat;
use super::*;

/// A server that lives second by second, and looks at each of them.
struct Live {
    server: Server,
    watchdog: Watchdog,
}

impl Live {
    fn start() -> Self {
        let mut live = Self { server: Server::start(), watchdog: Watchdog::default() };
        live.look();
        live
    }

    fn look(&mut self) -> u64 {
        let Self { server, watchdog } = self;
        server.runtime.block_on(watchdog.look(server.state())).unwrap()
    }

    fn lives(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.server.pass(1);
            self.look();
        }
    }

    /// The server stops, and is started again after so many seconds.
    fn is_down(&mut self, seconds: i64) {
        self.server.pass(seconds);
        self.watchdog = Watchdog::default();
        self.look();
    }

    /// A heartbeat every ten seconds.
    fn beats(&mut self, session: SessionId, phase: Phase, times: usize) {
        for _ in 0..times {
            self.server.beat(session, &heartbeat(phase));
            self.lives(10);
        }
    }

    fn silences(&self, session: SessionId) -> Vec<StoredInterval> {
        let list = self.server.get(&format!("/v1/sessions/{session}/intervals"));
        let mut intervals = list.json::<IntervalList>().intervals;
        intervals.retain(|stored| stored.report.interval.kind == Kind::ReportingGap);
        intervals
    }

    fn observed(&self, session: SessionId) -> Observed {
        self.server.detail(session).observed.unwrap()
    }

    fn alerts(&self, session: SessionId) -> u64 {
        self.server.detail(session).summary.alerts
    }
}

fn of(incarnation: u128, beat: Heartbeat) -> Heartbeat {
    Heartbeat { incarnation: Incarnation(uuid::Uuid::from_u128(incarnation)), ..beat }
}

fn lengths(gaps: &[Gap]) -> Vec<(i64, Option<i64>)> {
    let ms = |at: MediaTime| at.as_millis();
    gaps.iter().map(|gap| (ms(gap.start_ms), gap.end_ms.map(ms))).collect()
}

#[test]
fn silence_in_the_exam_alerts_within_30_seconds_and_says_when_it_was_over() {
    let mut live = Live::start();
    let session = Agent::new(1).session();
    live.beats(session, Phase::Exam, 3);
    // The last word came ten seconds ago.
    live.lives(15);
    assert_eq!((live.alerts(session), live.silences(session).len()), (0, 0));
    live.lives(1);
    let silences = live.silences(session);
    let [open] = &silences[..] else { panic!("{silences:?}") };
    let interval = &open.report.interval;
    assert_eq!((interval.start_ms.as_millis(), interval.end_ms), (20_000, None));
    assert_eq!((open.incarnation, open.alert, live.alerts(session)), (None, true, 1));
    assert_eq!(live.server.status(session), SessionStatus::Silent);
    live.lives(34);
    live.beats(session, Phase::Exam, 1);
    let [closed] = &live.silences(session)[..] else { panic!() };
    let interval = &closed.report.interval;
    assert_eq!(interval.end_ms, Some(MediaTime::from_millis(80_000)));
    assert_eq!((interval.closed_by, closed.alert), (Some(ClosedBy::HeardAgain), true));
    assert_eq!(closed.report.end_utc.as_deref(), Some("2024-10-04T00:01:20Z"));
    assert_eq!(closed.report.interval.id, open.report.interval.id);
    // Another silence is another interval.
    live.lives(20);
    assert_eq!(live.silences(session).len(), 2);
}

#[test]
fn a_silence_that_ends_with_another_incarnation_was_ended_by_a_restart() {
    let mut live = Live::start();
    let session = Agent::new(1).session();
    live.beats(session, Phase::Exam, 1);
    live.lives(50);
    live.server.beat(session, &of(9, heartbeat(Phase::Exam)));
    let closed = live.silences(session).remove(0);
    assert_eq!(closed.report.interval.closed_by, Some(ClosedBy::AgentRestart));
}

#[test]
fn who_has_ended_or_never_sent_a_heartbeat_or_has_not_begun_does_not_alert() {
    let mut live = Live::start();
    let [mut replay, mut ended, checking, over] = [1, 2, 3, 4].map(Agent::new);
    live.server.post(replay.session(), batch(&[&replay.started("a recording")]));
    live.server.beat(ended.session(), &heartbeat(Phase::Exam));
    let events = [ended.started("Seat 2"), ended.ended(5_000)];
    live.server.post(ended.session(), batch(&[&events[0], &events[1]]));
    live.server.beat(checking.session(), &heartbeat(Phase::CheckIn));
    live.server.beat(over.session(), &heartbeat(Phase::Ended));
    live.lives(700);
    for agent in [replay, ended, checking, over] {
        assert_eq!(live.silences(agent.session()), [], "{}", agent.session());
    }
}

#[test]
fn time_in_which_the_server_did_not_run_is_no_silence_of_the_agent() {
    let mut live = Live::start();
    let session = Agent::new(1).session();
    live.beats(session, Phase::Exam, 2);
    live.is_down(3_600);
    assert_eq!(live.server.status(session), SessionStatus::Running);
    live.lives(20);
    // The agent was there all the time, and comes back.
    live.beats(session, Phase::Exam, 3);
    assert_eq!((live.silences(session).len(), live.alerts(session)), (0, 0));
    let observed = live.observed(session);
    assert_eq!(lengths(&observed.gaps), [(10_000, Some(3_640_000))]);
    // Nobody attests the time all the same; it is known whose fault most of it was.
    assert_eq!((observed.total_ms, observed.gaps[0].server_down_ms), (30_000, 3_600_000));
}

#[test]
fn a_silence_is_noticed_after_a_restart_of_the_server_and_one_that_was_open_goes_on() {
    let mut live = Live::start();
    let [gone, silent] = [1, 2].map(|number| Agent::new(number).session());
    live.server.beat(silent, &heartbeat(Phase::Exam));
    live.lives(20);
    live.server.beat(gone, &heartbeat(Phase::Exam));
    live.lives(6);
    live.is_down(100);
    assert_eq!((live.silences(gone).len(), live.silences(silent).len()), (0, 1));
    live.lives(26);
    let [found] = &live.silences(gone)[..] else { panic!() };
    // From the server's start on: what was before, it does not know.
    assert_eq!(found.report.interval.start_ms, MediaTime::from_millis(106_000));
    let [open] = &live.silences(silent)[..] else { panic!() };
    assert_eq!(open.report.interval.end_ms, None);
}

#[test]
fn an_agent_cannot_end_or_change_a_silence() {
    let mut live = Live::start();
    let mut agent = Agent::new(1);
    let session = agent.session();
    live.server.post(session, batch(&[&agent.started("Seat 7")]));
    let incarnation = agent.identity.incarnation;
    live.server.beat(session, &Heartbeat { incarnation, ..heartbeat(Phase::Exam) });
    live.lives(26);
    let open = live.silences(session).remove(0);
    let own = open.report.interval.id.to_string();
    let event = agent.closed(Kind::OutOfView, 1_000, 1_001);
    let id = IntervalId::derived(session, 1_000).to_string();
    let forged = event.replace(&id, &own);
    assert_ne!(forged, event);
    assert_eq!(live.server.post(session, batch(&[&forged])).status, 200);
    let [closed] = &live.silences(session)[..] else { panic!() };
    // The forgery was a word from the agent all the same.
    let interval = &closed.report.interval;
    assert_eq!(
        (interval.kind, interval.closed_by),
        (Kind::ReportingGap, Some(ClosedBy::HeardAgain))
    );
    assert_eq!((closed.incarnation, closed.alert), (None, true));
}

#[test]
fn what_no_heartbeat_attests_is_not_observed_whatever_is_told_of_it_afterwards() {
    let mut live = Live::start();
    let mut agent = Agent::new(1);
    let session = agent.session();
    live.server.beat(session, &heartbeat(Phase::CheckIn));
    live.lives(30);
    live.server.post(session, batch(&[&agent.started("Seat 7")]));
    live.beats(session, Phase::Exam, 3);
    let told_at_once = agent.closed(Kind::OutOfView, 21_000, 24_000);
    live.server.post(session, batch(&[&told_at_once]));
    live.lives(90);
    let open = live.observed(session);
    assert_eq!(lengths(&open.gaps), [(20_000, None)]);
    live.beats(session, Phase::Exam, 2);
    let late = [
        agent.closed(Kind::OutOfView, 60_000, 70_000),
        agent.closed(Kind::TooDark, 125_000, 127_000),
    ];
    live.server.post(session, batch(&[&late[0], &late[1]]));
    live.server.beat(session, &heartbeat(Phase::Ended));
    live.lives(10);
    live.server.beat(session, &heartbeat(Phase::Ended));
    let observed = live.observed(session);
    assert_eq!(lengths(&observed.gaps), [(20_000, Some(120_000))]);
    assert_eq!((observed.total_ms, observed.gaps[0].server_down_ms), (40_000, 0));
    let list = live.server.get(&format!("/v1/sessions/{session}/intervals")).json::<IntervalList>();
    let told = list.intervals.iter().map(|it| (it.report.interval.kind, it.told_afterwards));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (Kind::OutOfView, false),
            (Kind::ReportingGap, false),
            (Kind::OutOfView, true),
            (Kind::TooDark, false)
        ]
    );
    let page = live.server.page(&live.server.sign_in(), &format!("/sessions/{session}"));
    for part in ["told afterwards", "noticed by the server", "Nothing heard", "class=\"unheard\""] {
        assert!(page.text().contains(part), "{part}");
    }
}

#[test]
fn an_exam_that_ends_unheard_is_not_observed_to_its_end() {
    let mut live = Live::start();
    let mut agent = Agent::new(1);
    let session = agent.session();
    live.server.post(session, batch(&[&agent.started("Seat 7")]));
    live.beats(session, Phase::Exam, 3);
    live.lives(600);
    // A spool that is brought later, and no heartbeat with it.
    let late = [agent.closed(Kind::OutOfView, 100_000, 101_000), agent.ended(300_000)];
    assert_eq!(live.server.post(session, batch(&[&late[0], &late[1]])).status, 200);
    let observed = live.observed(session);
    assert_eq!(
        (observed.total_ms, lengths(&observed.gaps)),
        (20_000, vec![(20_000, Some(300_000))])
    );
    let list = live.server.get(&format!("/v1/sessions/{session}/intervals")).json::<IntervalList>();
    let told: Vec<bool> = list.intervals.iter().map(|stored| stored.told_afterwards).collect();
    assert_eq!(told, [false, true]);
}

#[test]
fn a_session_without_heartbeats_in_the_exam_has_nothing_observed() {
    let live = Live::start();
    let mut agent = Agent::new(1);
    live.server.post(agent.session(), batch(&[&agent.started("a recording")]));
    assert_eq!(live.server.detail(agent.session()).observed, None);
}

/// How often, and how.
fn forks(live: &Live, session: SessionId) -> Vec<ForkKind> {
    let detail = live.server.detail(session);
    assert_eq!(detail.summary.forks, detail.forked.len() as u64);
    detail.forked.iter().map(|Fork { how, .. }| *how).collect()
}

/// A session with three stored reports, and the agent's heartbeat with its head.
fn with_reports(live: &Live, agent: &mut Agent) -> Heartbeat {
    let events = [
        agent.started("Seat 7"),
        agent.closed(Kind::OutOfView, 1_000, 2_000),
        agent.closed(Kind::OutOfView, 3_000, 4_000),
    ];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    assert_eq!(live.server.post(agent.session(), batch(&events)).status, 200);
    let head = ChainHead { seq: 3, hash: agent.prevhash };
    Heartbeat { incarnation: agent.identity.incarnation, head, ..heartbeat(Phase::Exam) }
}

#[test]
fn a_heartbeat_whose_chain_ends_before_what_is_stored_is_another_history() {
    let mut live = Live::start();
    let mut agent = Agent::new(1);
    let beat = with_reports(&live, &mut agent);
    let session = agent.session();
    live.server.beat(session, &beat);
    let older = Heartbeat { head: ChainHead::NONE, ..beat.clone() };
    // On its way while the reports came.
    live.server.beat(session, &older);
    assert_eq!(forks(&live, session), []);
    live.lives(16);
    live.server.beat(session, &beat);
    assert_eq!(forks(&live, session), []);
    live.server.beat(session, &older);
    live.server.beat(session, &older);
    assert_eq!(forks(&live, session), [ForkKind::HeadBehind]);
    let cookie = live.server.sign_in();
    let page = live.server.page(&cookie, &format!("/sessions/{session}"));
    assert!(page.text().contains("more than one history"));
    assert!(live.server.page(&cookie, "/").text().contains("two histories"));
}

#[test]
fn a_heartbeat_whose_chain_ends_in_another_report_is_another_history() {
    let live = Live::start();
    let mut agent = Agent::new(1);
    let beat = with_reports(&live, &mut agent);
    let head = ChainHead { hash: Hash::of(b"another third"), ..beat.head };
    live.server.beat(agent.session(), &Heartbeat { head, ..beat });
    assert_eq!(forks(&live, agent.session()), [ForkKind::HeadDiffers]);
}

#[test]
fn reports_that_were_changed_after_a_heartbeat_told_of_them_are_another_history() {
    let live = Live::start();
    let mut agent = Agent::new(1);
    let beat = with_reports(&live, &mut agent);
    let (session, honest) = (agent.session(), beat);
    let told = |live: &Live, seq, hash| {
        let head = ChainHead { seq, hash };
        live.server.beat(session, &Heartbeat { head, ..honest.clone() });
    };
    told(&live, 4, Hash::of(b"what was there at first"));
    let changed = agent.closed(Kind::OutOfView, 5_000, 6_000);
    assert_eq!(live.server.post(session, batch(&[&changed])).status, 200);
    assert_eq!(forks(&live, session), [ForkKind::HeadDiffers]);
    let next = agent.closed(Kind::OutOfView, 7_000, 8_000);
    told(&live, 5, agent.prevhash);
    assert_eq!(live.server.post(session, batch(&[&next])).status, 200);
    assert_eq!(forks(&live, session).len(), 1);
}

#[test]
fn two_agents_at_work_at_once_are_a_fork_and_one_that_was_started_again_is_none() {
    let mut live = Live::start();
    let [twice, again] = [1, 2].map(|number| Agent::new(number).session());
    for _ in 0..4 {
        live.server.beat(twice, &of(7, heartbeat(Phase::Exam)));
        live.lives(4);
        live.server.beat(twice, &of(8, heartbeat(Phase::Exam)));
        live.lives(6);
    }
    assert_eq!(forks(&live, twice), [ForkKind::TwoAgents]);
    for incarnation in [7, 8] {
        for _ in 0..4 {
            live.server.beat(again, &of(incarnation, heartbeat(Phase::Exam)));
            live.lives(10);
        }
    }
    assert_eq!(forks(&live, again), []);
}
