use jiff::Timestamp;
use rusqlite::Connection;

use crate::report::{
    Event, EventData, EventStatus, Hash, Identity, Incarnation, Interval, IntervalId,
    IntervalReport, Kind, SampledCamera, SessionEnded, SessionId, SessionStarted,
};
use crate::server::ingest::batch::{self, Received};
use crate::server::store::reports::ingest::{Head, Outcome, Target, apply};
use crate::server::store::reports::signed::{self, Checked};
use crate::server::store::reports::tail::Tail;
use crate::server::store::{Tenant, in_memory, read};
use crate::time::MediaTime;
use crate::trust::signature::SigningKey;

pub(in crate::server::store) fn session() -> SessionId {
    SessionId::derived(&[b"session"])
}

fn target(tenant: &str) -> Target {
    let now = Timestamp::from_second(1_000).unwrap();
    Target { tenant: Tenant::new(tenant), session: session(), now }
}

/// Makes events that follow upon each other.
pub(in crate::server::store) struct Agent {
    identity: Identity,
    prevhash: Hash,
}

impl Agent {
    pub(in crate::server::store) fn new(incarnation: u128) -> Self {
        let incarnation = Incarnation(uuid::Uuid::from_u128(incarnation));
        let identity = Identity { session: session(), incarnation, seq: 1 };
        Self { identity, prevhash: Hash::ZERO }
    }

    pub(in crate::server::store) fn make(&mut self, data: EventData) -> String {
        let event = Event::new(&self.identity, self.prevhash, None, data);
        self.raw(serde_json::to_string(&event).unwrap())
    }

    pub(in crate::server::store) fn ended(&mut self, millis: i64) -> String {
        self.make(EventData::SessionEnded(SessionEnded {
            duration_ms: MediaTime::from_millis(millis),
            intervals: 0,
            camera: SampledCamera::default(),
            truncated: None,
            ended_by: None,
        }))
    }

    /// An event that cannot be read.
    pub(in crate::server::store) fn poison(&mut self) -> String {
        let event = self.ended(0);
        self.identity.seq -= 1;
        self.raw(event.replace("duration_ms", "duration_mms"))
    }

    fn raw(&mut self, body: String) -> String {
        self.identity.seq += 1;
        self.prevhash = Hash::of(body.as_bytes());
        body
    }

    pub(in crate::server::store) fn interval(&mut self, number: u64, end: Option<i64>) -> String {
        self.interval_of(Kind::OutOfView, number, end)
    }

    fn interval_of(&mut self, kind: Kind, number: u64, end: Option<i64>) -> String {
        let interval = Interval {
            id: IntervalId::derived(session(), number),
            kind,
            start_ms: MediaTime::from_millis(1_000),
            end_ms: end.map(MediaTime::from_millis),
            confidence: 1.0,
            frames_looked_at: u64::MAX,
            frames_skipped: 0,
            closed_by: None,
        };
        let report = IntervalReport {
            interval,
            start_utc: None,
            end_utc: None,
            sample_rate_hz: 5.0,
            policy_version: String::new(),
            models: Vec::new(),
        };
        self.make(match end {
            Some(_) => EventData::IntervalClosed(report),
            None => EventData::IntervalOpened(report),
        })
    }
}

/// Applies a batch, and derives what follows from it.
fn apply_now(database: &Connection, to: &Target, batch: &[Received], checked: &Checked) -> Outcome {
    let mut tail = Tail::default();
    tail.restore(database).unwrap();
    let outcome = apply(database, &mut tail, to, batch, checked).unwrap();
    tail.settle_all(database).unwrap();
    outcome
}

fn send_as(database: &Connection, tenant: &str, events: &[&str]) -> Outcome {
    let body = format!("[{}]", events.join(","));
    let batch = batch::parse(body.as_bytes(), session()).unwrap();
    let to = target(tenant);
    let known = signed::key_of(database, to.tenant.as_str(), to.session).unwrap();
    let checked = signed::check(known, &batch);
    apply_now(database, &to, &batch, &checked)
}

fn send(database: &Connection, events: &[&str]) -> Outcome {
    send_as(database, "local", events)
}

fn stored(outcome: &Outcome) -> (Head, Vec<EventStatus>) {
    let Outcome::Stored { reached, results, .. } = outcome else { panic!("{outcome:?}") };
    (*reached, results.iter().map(|result| result.status).collect())
}

fn events(database: &Connection) -> Vec<Vec<u8>> {
    let chains = read::chains(database, &Tenant::local(), session()).unwrap();
    let of = |incarnation| {
        read::events(database, &Tenant::local(), session(), incarnation, (0, 1_000)).unwrap()
    };
    chains.iter().flat_map(|chain| of(chain.incarnation)).collect()
}

#[test]
fn sent_twice_is_stored_once() {
    let (database, mut agent) = (in_memory(), Agent::new(1));
    let (one, two, three) = (agent.ended(1), agent.ended(2), agent.ended(3));
    let (head, statuses) = stored(&send(&database, &[&one, &two]));
    assert_eq!((head.seq, head.hash), (2, Hash::of(two.as_bytes())));
    assert_eq!(statuses, [EventStatus::Accepted; 2]);
    let (head, statuses) = stored(&send(&database, &[&one, &two, &three, &three]));
    assert_eq!(head.seq, 3);
    let duplicate = EventStatus::Duplicate;
    assert_eq!(statuses, [duplicate, duplicate, EventStatus::Accepted, duplicate]);
    assert_eq!(events(&database), [one.as_bytes(), two.as_bytes(), three.as_bytes()]);
    // A receipt reaches as far as the batch, not as far as the chain.
    let (reached, _) = stored(&send(&database, &[&one, &two]));
    assert_eq!((reached.seq, reached.hash), (2, Hash::of(two.as_bytes())));
}

#[test]
fn a_key_that_came_while_a_batch_was_checked_counts_for_it() {
    let (database, mut agent) = (in_memory(), Agent::new(1));
    stored(&send(&database, &[&agent.ended(1)]));
    let body = format!("[{}]", agent.ended(2));
    let batch = batch::parse(body.as_bytes(), session()).unwrap();
    let to = target("local");
    let known = signed::key_of(&database, to.tenant.as_str(), to.session).unwrap();
    let checked = signed::check(known, &batch);
    let key = SigningKey::from_secret(&[1; 32]).public();
    signed::keep_key(&database, "local", session(), &key).unwrap();
    let outcome = apply_now(&database, &to, &batch, &checked);
    assert!(matches!(outcome, Outcome::Foreign { .. }), "{outcome:?}");
    assert_eq!(events(&database).len(), 1);
}

#[test]
fn a_gap_stores_nothing_and_says_where_it_is() {
    let (database, mut agent) = (in_memory(), Agent::new(1));
    let (one, two, three) = (agent.ended(1), agent.ended(2), agent.ended(3));
    for batch in [vec![&*two], vec![&*one, &*three]] {
        let outcome = send(&database, &batch);
        assert!(matches!(outcome, Outcome::Gap { .. }), "{outcome:?}");
    }
    assert!(events(&database).is_empty());
    stored(&send(&database, &[&one, &two, &three]));
}

#[test]
fn a_huge_number_is_a_gap() {
    let (database, mut agent) = (in_memory(), Agent::new(1));
    agent.identity.seq = u64::MAX - 1;
    let outcome = send(&database, &[&agent.ended(1)]);
    assert!(matches!(outcome, Outcome::Gap { head_seq: 0, .. }), "{outcome:?}");
}

#[test]
fn another_history_is_a_fork_and_is_remembered() {
    let (database, mut agent, mut other) = (in_memory(), Agent::new(1), Agent::new(1));
    let (one, two) = (agent.ended(1), agent.ended(2));
    stored(&send(&database, &[&one, &two]));
    let (changed, follows_changed) = (other.ended(9), other.ended(9));
    let beyond = other.ended(9);
    for (batch, number) in
        [(vec![&*changed], 1), (vec![&*one, &*follows_changed], 2), (vec![&*beyond], 3)]
    {
        let Outcome::Fork { found, results } = send(&database, &batch) else { panic!("no fork") };
        assert_eq!(found, number);
        assert_eq!(results.last().unwrap().status, EventStatus::Fork);
    }
    send(&database, &[&changed]);
    assert_eq!(events(&database), [one.as_bytes(), two.as_bytes()]);
    let now = Timestamp::UNIX_EPOCH;
    let detail = read::session(&database, &Tenant::local(), now, session()).unwrap().unwrap();
    assert_eq!(detail.summary.forks, 3);
}

#[test]
fn a_malformed_event_spoils_its_batch_and_says_which_it_is() {
    let (database, mut agent) = (in_memory(), Agent::new(1));
    let (one, poison, three) = (agent.ended(1), agent.poison(), agent.ended(3));
    let Outcome::Malformed { results } = send(&database, &[&one, &poison, &three]) else {
        panic!("stored");
    };
    let statuses: Vec<_> = results.iter().map(|result| result.status).collect();
    let not_stored = EventStatus::NotStored;
    assert_eq!(statuses, [not_stored, EventStatus::Rejected, not_stored]);
    assert!(results[1].detail.as_ref().unwrap().contains("duration_ms"), "{results:?}");
    assert!(events(&database).is_empty());
}

#[test]
fn the_chain_goes_on_over_an_event_that_was_rejected_alone() {
    let (database, mut agent) = (in_memory(), Agent::new(1));
    let (one, poison, three) = (agent.ended(1), agent.poison(), agent.ended(3));
    stored(&send(&database, &[&one]));
    for _again in 0..2 {
        let outcome = send(&database, &[&poison]);
        assert!(matches!(outcome, Outcome::Malformed { .. }), "{outcome:?}");
    }
    let (head, _) = stored(&send(&database, &[&three]));
    assert_eq!((head.seq, head.hash), (3, Hash::of(three.as_bytes())));
    assert_eq!(events(&database), [one.as_bytes(), three.as_bytes()]);
    let now = Timestamp::UNIX_EPOCH;
    let detail = read::session(&database, &Tenant::local(), now, session()).unwrap().unwrap();
    assert_eq!(detail.rejected.len(), 1);
    assert_eq!(detail.rejected[0].hash, Hash::of(poison.as_bytes()));
}

#[test]
fn a_rejected_event_takes_no_place_that_is_not_its_own() {
    let (database, mut agent, mut other) = (in_memory(), Agent::new(1), Agent::new(1));
    let one = agent.ended(1);
    stored(&send(&database, &[&one]));
    let in_ones_place = other.poison();
    assert!(matches!(send(&database, &[&in_ones_place]), Outcome::Fork { .. }));
    let not_upon_one = other.poison();
    assert!(matches!(send(&database, &[&not_upon_one]), Outcome::Fork { .. }));
    let too_far = other.poison();
    assert!(matches!(send(&database, &[&too_far]), Outcome::Gap { .. }));
    stored(&send(&database, &[&agent.ended(2)]));
}

#[test]
fn a_tenant_neither_sees_nor_disturbs_another() {
    let (database, mut agent, mut other) = (in_memory(), Agent::new(1), Agent::new(1));
    let one = agent.ended(1);
    stored(&send_as(&database, "local", &[&one]));
    stored(&send_as(&database, "other", &[&other.ended(9)]));
    assert_eq!(events(&database), [one.as_bytes()]);
    let now = Timestamp::UNIX_EPOCH;
    let third = Tenant::new("third");
    assert!(read::session(&database, &third, now, session()).unwrap().is_none());
    let page = read::sessions(&database, &third, now, None, 10).unwrap().unwrap();
    assert!(page.sessions.is_empty());
    assert!(read::sessions(&database, &third, now, Some(session()), 10).unwrap().is_none());
}

#[test]
fn an_interval_is_one_row_whatever_is_reported_of_it() {
    let (database, mut agent) = (in_memory(), Agent::new(1));
    let now = Timestamp::from_second(1_000).unwrap();
    let intervals = || {
        read::intervals(&database, &Tenant::local(), now, session(), (None, 10)).unwrap().intervals
    };
    send(&database, &[&agent.interval(1, None)]);
    assert_eq!(intervals()[0].report.interval.end_ms, None);
    send(&database, &[&agent.interval(1, Some(7_000)), &agent.interval(2, Some(1_500))]);
    let found = intervals();
    assert_eq!(found.len(), 2);
    for stored in found {
        let lasts = stored.report.interval.end_ms.unwrap().as_millis() - 1_000;
        assert_eq!(stored.alert, lasts >= 5_000, "{lasts}");
    }
    // Opened again, late: a closing knows more.
    send(&database, &[&agent.interval(1, None)]);
    assert!(intervals().iter().all(|stored| stored.report.interval.end_ms.is_some()));
}

#[test]
fn an_open_interval_alerts_when_the_servers_clock_says_so() {
    let (database, mut agent) = (in_memory(), Agent::new(1));
    send(&database, &[&agent.interval(1, None)]);
    let alerts = |second| {
        let now = Timestamp::from_second(second).unwrap();
        let page = read::sessions(&database, &Tenant::local(), now, None, 10).unwrap().unwrap();
        page.sessions[0].alerts
    };
    assert_eq!((alerts(1_004), alerts(1_005)), (0, 1));
}

#[test]
fn still_images_and_loops_are_alerts_where_the_policy_says_so() {
    let says = [("report", 0), ("alert", 2), ("something new", 0)];
    for (says, alerts) in says {
        let (database, mut agent) = (in_memory(), Agent::new(1));
        let policy = serde_json::json!({"still_image": says});
        let started = agent.make(EventData::SessionStarted(started_by(policy)));
        let still = agent.interval_of(Kind::SuspectedStillImage, 1, Some(20_000));
        let looped = agent.interval_of(Kind::SuspectedLoop, 2, Some(20_000));
        send(&database, &[&started, &still, &looped]);
        let now = Timestamp::from_second(1_000).unwrap();
        let page = read::sessions(&database, &Tenant::local(), now, None, 10).unwrap().unwrap();
        assert_eq!(page.sessions[0].alerts, alerts, "{says}");
    }
}

pub(in crate::server::store) fn started() -> SessionStarted {
    started_by(serde_json::json!({"alert_after_ms": 9_000}))
}

fn started_by(policy: serde_json::Value) -> SessionStarted {
    SessionStarted {
        label: "candidate 7".to_owned(),
        started_at: None,
        agent: "test".to_owned(),
        sample_rate_hz: 5.0,
        policy_version: "p".to_owned(),
        policy,
        models: Vec::new(),
        recording_sha256: None,
        consent: None,
        start_override: None,
        public_key: None,
    }
}

#[test]
fn a_session_that_is_started_again_has_not_ended() {
    let (database, mut first, mut second) = (in_memory(), Agent::new(1), Agent::new(2));
    send(&database, &[&first.ended(5)]);
    let detail = || {
        let now = Timestamp::from_second(1_000).unwrap();
        read::session(&database, &Tenant::local(), now, session()).unwrap().unwrap()
    };
    assert_eq!(detail().camera, Some(SampledCamera::default()));
    assert_eq!(detail().alert_after_ms, 5_000);
    send(&database, &[&second.make(EventData::SessionStarted(started()))]);
    let detail = detail();
    assert_eq!((detail.camera, detail.alert_after_ms), (None, 9_000));
    assert_eq!(detail.summary.label, "candidate 7");
    assert_eq!(detail.chains.len(), 2);
}

#[test]
fn a_start_that_comes_late_does_not_open_a_session_that_a_later_incarnation_has_ended() {
    let began = |second| {
        let at = uuid::Timestamp::from_unix(uuid::NoContext, second, 0);
        uuid::Uuid::new_v7(at).as_u128()
    };
    let database = in_memory();
    let mut agents = [100, 200, 300].map(|second| Agent::new(began(second)));
    let start = |agent: &mut Agent, label: &str| {
        let mut started = started();
        label.clone_into(&mut started.label);
        agent.make(EventData::SessionStarted(started))
    };
    let detail = || {
        let now = Timestamp::from_second(1_000).unwrap();
        read::session(&database, &Tenant::local(), now, session()).unwrap().unwrap()
    };
    let [first, second, third] = &mut agents;
    send(&database, &[&start(second, "second"), &second.ended(5)]);
    send(&database, &[&start(first, "first")]);
    assert!(detail().camera.is_some(), "it has ended");
    assert_eq!((detail().summary.label.as_str(), detail().chains.len()), ("second", 2));
    // Another life of the agent is another matter.
    send(&database, &[&start(third, "third")]);
    assert!(detail().camera.is_none(), "it goes on");
    assert_eq!(detail().summary.label, "third");
}
