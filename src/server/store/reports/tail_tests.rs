use std::path::Path;

use jiff::Timestamp;
use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::report::{EventData, Integrity, Noticed};
use crate::server::ingest::batch;
use crate::server::store::reports::ingest::{Outcome, Target, apply};
use crate::server::store::reports::ingest_tests::{Agent, session, started};
use crate::server::store::reports::signed;
use crate::server::store::reports::tail::Tail;
use crate::server::store::{Store, Tenant, in_memory, read, schema};
use crate::time::MediaTime;

fn at(second: i64) -> Target {
    let now = Timestamp::from_second(1_000 + second).unwrap();
    Target { tenant: Tenant::local(), session: session(), now }
}

fn send(database: &Connection, tail: &mut Tail, to: &Target, events: &[String]) -> Outcome {
    let batch = batch::parse(format!("[{}]", events.join(",")).as_bytes(), to.session).unwrap();
    let known = signed::key_of(database, to.tenant.as_str(), to.session).unwrap();
    let checked = signed::check(known, &batch);
    tail.restore(database).unwrap();
    apply(database, tail, to, &batch, &checked).unwrap()
}

/// An exam of two incarnations, with all that tables are made of.
fn exam() -> Vec<Vec<String>> {
    let (mut one, mut two) = (Agent::new(1), Agent::new(2));
    let noticed = Integrity {
        at_ms: MediaTime::from_millis(7),
        what: Noticed::StorageRestored { waiting: 3 },
    };
    let start = vec![one.make(EventData::SessionStarted(started())), one.interval(1, None)];
    vec![
        start.clone(),
        vec![one.interval(1, Some(7_000))],
        vec![one.interval(2, None), one.make(EventData::Integrity(noticed))],
        // Sent again: its answer was lost.
        start,
        vec![one.poison()],
        vec![one.interval(2, Some(1_500)), one.interval(2, None), one.interval(3, None)],
        vec![two.make(EventData::SessionStarted(started()))],
        vec![one.interval(4, Some(2_000))],
        vec![two.interval(3, Some(9_000)), two.ended(12_000)],
    ]
}

/// All that is derived. When a closed interval was opened is of no interest any more.
fn derived(database: &Connection) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for query in [
        "SELECT * FROM session ORDER BY session",
        "SELECT * FROM chain ORDER BY incarnation",
        "SELECT interval, incarnation, alerting, start_ms, end_ms, iif(end_ms, 0, open_since), report,
                event, told_at, by_server FROM interval ORDER BY interval",
        "SELECT * FROM sampling UNION ALL SELECT * FROM integrity",
        "SELECT * FROM place ORDER BY incarnation, seq",
        "SELECT * FROM event ORDER BY number",
    ] {
        let mut query = database.prepare(query).unwrap();
        let columns = query.column_count();
        let found = query
            .query_map([], |row| (0..columns).map(|column| row.get(column)).collect())
            .unwrap();
        rows.extend(found.map(Result::unwrap));
    }
    rows
}

/// Sends the exam; `then` happens after each batch.
fn sent(then: impl Fn(i64, &Connection, &mut Tail)) -> Vec<Vec<Value>> {
    let (database, mut tail) = (in_memory(), Tail::default());
    for (number, events) in (0..).zip(&exam()) {
        let outcome = send(&database, &mut tail, &at(number), events);
        assert!(!matches!(outcome, Outcome::Gap { .. } | Outcome::Fork { .. }), "{outcome:?}");
        then(number, &database, &mut tail);
    }
    tail.restore(&database).unwrap();
    tail.settle_all(&database).unwrap();
    let up_to: i64 = database.query_row("SELECT up_to FROM derived", [], |row| row.get(0)).unwrap();
    let last: i64 =
        database.query_row("SELECT max(number) FROM event", [], |row| row.get(0)).unwrap();
    assert_eq!((up_to, tail.len(), tail.is_at_rest()), (last, 0, true));
    derived(&database)
}

#[test]
fn sessions_are_derived_as_their_rows_lie_and_each_has_its_turn() {
    let (database, mut tail) = (in_memory(), Tail::default());
    let of = |tenant: &str| Target { tenant: Tenant::new(tenant), ..at(0) };
    let derived = |tenant: &str| {
        let chains = read::chains(&database, &Tenant::new(tenant), session()).unwrap();
        chains.first().map_or(0, |chain| chain.head_seq)
    };
    let (start, next) = (&exam()[0], &exam()[1]);
    for tenant in ["c", "a", "b"] {
        send(&database, &mut tail, &of(tenant), start);
    }
    tail.settle_next(&database, 2).unwrap();
    assert_eq!((derived("a"), derived("b"), derived("c"), tail.len()), (2, 2, 0, 2));
    send(&database, &mut tail, &of("a"), next);
    tail.settle_next(&database, 2).unwrap();
    assert_eq!((derived("a"), derived("c"), tail.len()), (2, 2, 1));
    tail.settle_next(&database, 2).unwrap();
    assert_eq!((derived("a"), tail.len(), tail.is_at_rest()), (3, 0, true));
}

#[test]
fn what_cannot_be_derived_together_is_not_told_as_done() {
    let (database, mut tail) = (in_memory(), Tail::default());
    send(&database, &mut tail, &at(0), &exam()[0]);
    database.execute_batch("ALTER TABLE place RENAME TO elsewhere").unwrap();
    tail.settle_next(&database, 2).unwrap_err();
    assert_eq!((tail.len(), tail.is_at_rest()), (2, false));
    database.execute_batch("ALTER TABLE elsewhere RENAME TO place").unwrap();
    tail.settle_all(&database).unwrap();
    assert_eq!((tail.len(), tail.is_at_rest()), (0, true));
}

/// A store in which a session of each of so many tenants has reported.
async fn stored(folder: &Path, tenants: usize) -> (Store, Vec<Tenant>) {
    let store = Store::open(&folder.join("inview.db")).unwrap();
    let tenants: Vec<Tenant> = (0..tenants).map(|it| Tenant::new(it.to_string())).collect();
    let all = tenants.clone();
    let storing = store.enqueue(move |database, tail| {
        tail.restore(database)?;
        for tenant in all {
            send(database, tail, &Target { tenant, ..at(0) }, &exam()[0]);
        }
        Ok(())
    });
    storing.unwrap().await.unwrap().unwrap();
    (store, tenants)
}

async fn read_of(store: &Store, tenants: Vec<Tenant>) -> usize {
    let reading = store.read(move |database| {
        let has_chain = |tenant: &&Tenant| {
            read::chains(database, tenant, session()).is_ok_and(|chains| !chains.is_empty())
        };
        Ok(tenants.iter().filter(has_chain).count())
    });
    reading.await.unwrap()
}

#[tokio::test]
async fn who_reads_sees_all_that_was_stored_although_it_is_derived_in_slices() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tenants) = stored(folder.path(), 600).await;
    assert_eq!(read_of(&store, tenants).await, 600);
    assert!(!store.has_waiting());
}

#[tokio::test]
async fn who_reads_does_not_wait_for_what_cannot_be_derived() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = stored(folder.path(), 0).await;
    let breaking = store.write_aside(|database| {
        Ok(database.execute_batch("ALTER TABLE place RENAME TO elsewhere")?)
    });
    breaking.await.unwrap();
    drop(store);
    let (store, tenants) = stored(folder.path(), 3).await;
    assert_eq!(read_of(&store, tenants).await, 0);
    assert!(store.has_waiting());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// 0: nothing yet; 1: all is derived; 2: what there is of the session; 3: what comes next; 4: the program is
    /// killed.
    #[test]
    fn what_is_derived_does_not_depend_on_when_or_on_kills(
        then in prop::collection::vec(0_u8..5, 9),
    ) {
        let at_once = sent(|_, database, tail| tail.settle_all(database).unwrap());
        let found = sent(|number, database, tail| match then[number as usize] {
            0 => {}
            1 => tail.settle_all(database).unwrap(),
            2 => tail.settle(database, &(Tenant::local(), session())).unwrap(),
            3 => tail.settle_next(database, 1).unwrap(),
            _ => *tail = Tail::default(),
        });
        prop_assert_eq!(found, at_once);
    }
}

/// A file as a kill leaves it after a commit: events, and nothing derived from them.
fn killed(path: &std::path::Path) {
    let (database, mut tail) = (schema::open_writer(path).unwrap(), Tail::default());
    for (number, events) in (0..).zip(&exam()[..3]) {
        send(&database, &mut tail, &at(number), events);
    }
    assert_eq!(tail.len(), 5);
    let sessions = "SELECT count(*) FROM session";
    assert_eq!(database.query_row(sessions, [], |row| row.get(0)), Ok(0));
}

#[tokio::test]
async fn a_server_that_was_killed_before_it_derived_has_everything_once_when_it_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inview.db");
    killed(&path);
    for _start in 0..2 {
        let store = Store::open(&path).unwrap();
        let reading = store.read(|database| {
            let (tenant, now) = (Tenant::local(), at(9).now);
            let chains = read::chains(database, &tenant, session())?;
            let incarnation = chains[0].incarnation;
            let events = read::events(database, &tenant, session(), incarnation, (0, 100))?;
            let intervals = read::intervals(database, &tenant, now, session(), (None, 100))?;
            Ok((chains, events, intervals.intervals))
        });
        let (chains, events, intervals) = reading.await.unwrap();
        assert_eq!((chains.len(), chains[0].head_seq), (1, 5));
        let told: Vec<String> = exam().into_iter().take(3).flatten().collect();
        assert_eq!(events, told.iter().map(String::as_bytes).collect::<Vec<_>>());
        let ends: Vec<_> = intervals.iter().map(|it| it.report.interval.end_ms.is_some()).collect();
        assert!(ends == [true, false] || ends == [false, true], "{ends:?}");
    }
    // What comes next goes on where it was.
    let store = Store::open(&path).unwrap();
    for (number, events) in (0..).zip(&exam()) {
        let batch = batch::parse(format!("[{}]", events.join(",")).as_bytes(), session()).unwrap();
        let checked = Box::new(signed::check(None, &batch));
        let (outcome, _) = store.ingest(at(number), batch, checked).await.unwrap();
        assert!(!matches!(outcome, Outcome::Gap { .. } | Outcome::Fork { .. }), "{outcome:?}");
    }
    // Who reads next sees all of it.
    let reading = store.read(|database| read::chains(database, &Tenant::local(), session()));
    let heads: Vec<u64> = reading.await.unwrap().iter().map(|chain| chain.head_seq).collect();
    assert_eq!(heads, [10, 3]);
}

#[cfg(feature = "cli")]
#[test]
fn a_file_is_verified_with_what_was_not_derived_before_a_kill_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inview.db");
    killed(&path);
    for _again in 0..2 {
        let kept = crate::server::store::check::in_file(&path, session()).unwrap().unwrap();
        assert_eq!((kept.export.chains[0].links.len(), kept.faults), (5, Vec::new()));
        let database = schema::open_reader(&path).unwrap();
        let sessions = "SELECT count(*) FROM session";
        assert_eq!(database.query_row(sessions, [], |row| row.get(0)), Ok(0));
    }
}

#[test]
fn what_was_rolled_back_is_forgotten_and_can_come_again() {
    let (database, mut tail) = (in_memory(), Tail::default());
    let events = &exam()[0];
    database.execute_batch("BEGIN").unwrap();
    send(&database, &mut tail, &at(0), events);
    database.execute_batch("ROLLBACK").unwrap();
    tail.forget();
    let outcome = send(&database, &mut tail, &at(1), events);
    let Outcome::Stored { reached, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((reached.seq, tail.len()), (2, 2));
}

#[test]
fn a_session_that_cannot_be_derived_holds_up_no_other_and_loses_nothing() {
    let (database, mut tail) = (in_memory(), Tail::default());
    let other = Target { tenant: Tenant::new("other"), ..at(0) };
    database
        .execute(
            "INSERT INTO interval (session, interval, incarnation, alerting, start_ms, open_since,
                                   report, by_server)
             VALUES (?1, zeroblob(16), zeroblob(16), 1, 0, 0, 'no report', 1)",
            [session().0.as_bytes()],
        )
        .unwrap();
    send(&database, &mut tail, &at(0), &exam()[0]);
    send(&database, &mut tail, &other, &exam()[0]);
    let known = |tenant: &Tenant| !read::chains(&database, tenant, session()).unwrap().is_empty();
    for is_repaired in [false, true] {
        if is_repaired {
            database.execute("DELETE FROM interval WHERE by_server = 1", []).unwrap();
        }
        tail.settle_all(&database).unwrap();
        let waiting = if is_repaired { 0 } else { 2 };
        assert_eq!((tail.len(), tail.is_at_rest(), tail.is_due()), (waiting, true, false));
        assert_eq!((known(&Tenant::local()), known(&other.tenant)), (is_repaired, true));
        let mut after_a_kill = Tail::default();
        after_a_kill.restore(&database).unwrap();
        assert_eq!(after_a_kill.len(), waiting);
    }
}
