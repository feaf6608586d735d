use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::Path;

use crossbeam_channel::Receiver;

use super::*;
use crate::report::{
    EventData, EventResult, EventStatus, Hash, Incarnation, Problem, Receipt, SampledCamera,
    SessionEnded, problem,
};
use crate::time::MediaTime;
use crate::trust::signature::Signed;
use crate::trust::tree::{self, Inclusion};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_mins(1);

fn session(number: u8) -> (SessionId, Incarnation) {
    let session = SessionId(uuid::Uuid::from_u128(number.into()));
    (session, Incarnation::of_replay(session))
}

fn fill(folder: &Path, number: u8, count: i64) {
    let (session, incarnation) = session(number);
    let mut outbox = Outbox::open(folder, session, incarnation).unwrap();
    for millis in 0..count {
        let data = EventData::SessionEnded(SessionEnded {
            duration_ms: MediaTime::from_millis(millis),
            intervals: 0,
            camera: SampledCamera::default(),
            truncated: None,
            ended_by: None,
        });
        outbox.append(None, data).unwrap();
    }
}

/// The server's.
fn key() -> SigningKey {
    SigningKey::from_secret(&[9; 32])
}

fn answer(status: u16, body: impl serde::Serialize) -> Answer {
    let body = serde_json::to_vec(&body).unwrap();
    let head = tree::head(1, &tree::leaf(&body));
    let seal = (Some(key().sign(Signed::Receipts, head.as_bytes())), Some(Inclusion::alone()));
    let vouched = Vouched::check(key().public(), &body, seal);
    Answer { status, retry_after: None, body, vouched }
}

fn receipt(session: SessionId, acked_seq: u64, head_hash: Hash) -> Answer {
    let incarnation = Incarnation::of_replay(session);
    let (server_time, results) = (String::new(), Vec::new());
    answer(200, Receipt { session, incarnation, acked_seq, head_hash, server_time, results })
}

fn stored(session: SessionId, batch: &[StoredEvent]) -> Answer {
    let last = batch.last().unwrap();
    receipt(session, last.seq, last.hash)
}

fn refusal(status: u16, kind: &str, statuses: &[EventStatus]) -> Answer {
    let result =
        |status: &EventStatus| EventResult { id: String::new(), status: *status, detail: None };
    answer(
        status,
        Problem {
            kind: kind.to_owned(),
            title: "refused".to_owned(),
            status,
            detail: None,
            results: statuses.iter().map(result).collect(),
            lines: Vec::new(),
        },
    )
}

/// What was sent: whose, and which numbers.
type Calls = Receiver<(SessionId, Vec<u64>)>;

/// Starts an uploader on a server that answers as it is told.
fn start(
    folder: &Path,
    answer: impl Fn(SessionId, &[StoredEvent]) -> Result<Answer, String> + Send + 'static,
) -> (Uploader, Calls) {
    let (sent, calls) = bounded(1_000);
    let send = move |session, batch: &[StoredEvent]| {
        sent.send((session, batch.iter().map(|event| event.seq).collect())).unwrap();
        answer(session, batch)
    };
    (Uploader::start_with((folder.to_owned(), Shelter::default()), None, send).unwrap(), calls)
}

/// A server that gives these answers first, and then stores what comes.
fn first(
    answers: impl IntoIterator<Item = Result<Answer, String>>,
) -> impl Fn(SessionId, &[StoredEvent]) -> Result<Answer, String> + Send {
    let answers = RefCell::new(answers.into_iter().collect::<VecDeque<_>>());
    move |session, batch| {
        answers.borrow_mut().pop_front().unwrap_or_else(|| Ok(stored(session, batch)))
    }
}

#[test]
fn everything_is_sent_in_order_and_in_batches() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1, 250);
    let (uploader, calls) = start(folder.path(), first([]));
    let delivery = uploader.finish(LONG);
    assert_eq!(delivery, Delivery { acknowledged: 250, ..Delivery::default() });
    let sent: Vec<Vec<u64>> = calls.iter().map(|(_, numbers)| numbers).collect();
    assert_eq!(sent.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
    assert!(sent.concat().into_iter().eq(1..=250));
}

#[test]
fn what_an_answer_means_is_done() {
    let (session, _) = session(1);
    let other = super::tests::session(9).0;
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1, 1);
    let outbox = Outbox::reader(folder.path(), session, Incarnation::of_replay(session)).unwrap();
    let only = outbox.peek_batch(1, usize::MAX).unwrap().remove(0);
    let own = |status| Answer { status, ..receipt(session, 1, Hash::ZERO) };
    // Acknowledged, refused, kept to be sent or for a person to look at: of one report, after the
    // answer.
    let mut table = vec![
        (answer(200, "welcome to the hotel"), (0, 0, 1)),
        (Answer { vouched: None, ..receipt(session, 1, only.hash) }, (0, 0, 1)),
        (refusal(409, problem::SIGNATURE, &[EventStatus::Signature]), (0, 0, 1)),
        (receipt(other, 1, Hash::ZERO), (0, 0, 1)),
        // Of another history, of nothing, of more than was sent.
        (receipt(session, 1, Hash::of(b"other")), (0, 0, 1)),
        (receipt(session, 0, Hash::ZERO), (0, 0, 1)),
        (receipt(session, 2, Hash::ZERO), (0, 0, 1)),
        (refusal(422, problem::MALFORMED_EVENTS, &[EventStatus::Rejected]), (0, 1, 0)),
        (refusal(422, problem::MALFORMED_EVENTS, &[]), (0, 0, 1)),
        (refusal(409, problem::FORK, &[EventStatus::Fork]), (0, 0, 1)),
        (refusal(409, problem::GAP, &[EventStatus::NotStored]), (0, 0, 1)),
    ];
    // A receipt counts with a success status only.
    for status in [
        301, 302, 400, 401, 403, 404, 405, 408, 409, 413, 415, 425, 429, 500, 501, 502, 503, 504,
        511,
    ] {
        table.push((own(status), (0, 0, 1)));
    }
    for (answer, expected) in table {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path(), 1, 1);
        let always = answer.clone();
        let (uploader, calls) = start(folder.path(), move |_, _| Ok(always.clone()));
        calls.recv_timeout(LONG).unwrap();
        let delivery = uploader.finish(Duration::from_millis(1));
        let kept = delivery.waiting + delivery.stopped;
        let found = (delivery.acknowledged, delivery.refused, kept);
        assert_eq!(found, expected, "{answer:?}");
        assert_eq!(delivery.stopped > 0, answer.status == 409, "{answer:?}");
        assert!(delivery.obstacle.is_some(), "{answer:?}");
    }
}

#[test]
fn a_poison_event_is_found_by_halving_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1, 100);
    let (uploader, calls) = start(folder.path(), |session, batch| {
        let is_poison = |event: &StoredEvent| event.seq == 77;
        if !batch.iter().any(is_poison) {
            return Ok(stored(session, batch));
        }
        let status = |event| {
            if is_poison(event) { EventStatus::Rejected } else { EventStatus::NotStored }
        };
        let statuses: Vec<_> = batch.iter().map(status).collect();
        Ok(refusal(422, problem::MALFORMED_EVENTS, &statuses))
    });
    let delivery = uploader.finish(LONG);
    let found = (delivery.acknowledged, delivery.refused, delivery.waiting);
    assert_eq!(found, (99, 1, 0));
    assert!(calls.iter().count() < 25, "too many requests");
}

#[test]
fn a_report_that_the_server_has_not_on_record_waits_and_holds_up_no_other_session() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1, 3);
    let (first, second) = (session(1).0, session(2).0);
    let (uploader, calls) = start(folder.path(), move |session, batch| {
        let proxy = answer(400, "a proxy does not like this");
        Ok(if session == first { proxy } else { stored(session, batch) })
    });
    // Halved down to one, and then tried seldom.
    let tried: Vec<_> = calls.iter().map(|(_, numbers)| numbers.len()).take(2).collect();
    assert_eq!(tried, [3, 1]);
    fill(folder.path(), 2, 2);
    uploader.nudge();
    assert_eq!(calls.recv_timeout(LONG).unwrap(), (second, vec![1, 2]));
    let delivery = uploader.finish(Duration::from_millis(1));
    assert_eq!((delivery.refused, delivery.waiting, delivery.acknowledged), (0, 3, 2));
}

#[test]
fn another_history_stops_its_session_alone() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1, 3);
    fill(folder.path(), 2, 2);
    let first = session(1).0;
    let (uploader, calls) = start(folder.path(), move |session, batch| {
        let fork = refusal(409, problem::FORK, &[EventStatus::Fork]);
        Ok(if session == first { fork } else { stored(session, batch) })
    });
    let delivery = uploader.finish(LONG);
    let found = (delivery.acknowledged, delivery.waiting, delivery.stopped);
    assert_eq!(found, (2, 0, 3));
    assert_eq!(calls.iter().filter(|(session, _)| *session == first).count(), 1);
}

#[test]
fn a_server_that_is_away_is_not_given_up() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1, 3);
    let away = [Err("no connection".to_owned()), Ok(answer(503, ()))];
    let (uploader, calls) = start(folder.path(), first(away));
    let delivery = uploader.finish(LONG);
    assert_eq!(delivery, Delivery { acknowledged: 3, ..Delivery::default() });
    assert_eq!(calls.iter().count(), 3);
}

#[test]
fn the_server_may_ask_to_wait() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1, 3);
    let busy = Answer { retry_after: Some(LONG), ..answer(503, ()) };
    let (uploader, calls) = start(folder.path(), first([Ok(busy)]));
    calls.recv_timeout(LONG).unwrap();
    // The jittered wait would be a second at most.
    let delivery = uploader.finish(Duration::from_millis(1_100));
    assert_eq!((delivery.waiting, calls.iter().count()), (3, 0));
}

#[test]
fn the_end_comes_at_its_time_and_what_waits_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1, 3);
    for timeout in [Duration::ZERO, Duration::from_millis(20)] {
        let away = |_, _: &[StoredEvent]| Err("no connection".to_owned());
        let (uploader, calls) = start(folder.path(), away);
        calls.recv_timeout(LONG).unwrap();
        let delivery = uploader.finish(timeout);
        assert_eq!((delivery.acknowledged, delivery.waiting), (0, 3));
        let obstacle = Obstacle::new(ObstacleKind::Unreachable, "no connection");
        assert_eq!(delivery.obstacle, Some(obstacle));
    }
}

#[test]
fn a_nudge_sends_what_was_appended() {
    let folder = tempfile::tempdir().unwrap();
    let (uploader, calls) = start(folder.path(), first([]));
    fill(folder.path(), 1, 2);
    uploader.nudge();
    let (_, numbers) = calls.recv_timeout(LONG).unwrap();
    assert_eq!(numbers.first(), Some(&1));
    drop(uploader);
}

#[test]
fn a_receipt_that_the_disk_does_not_take_is_written_down_once_it_does() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1, 3);
    let session = session(1).0;
    let spool = folder.path().join(format!("{session}.spool"));
    let disk = rusqlite::Connection::open(spool).unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON meta BEGIN SELECT RAISE(ABORT, 'full'); END";
    disk.execute_batch(full).unwrap();
    let (uploader, calls) = start(folder.path(), first([]));
    let obstacle = || uploader.progress().obstacle.map(|obstacle| obstacle.kind);
    let until = |is_so: &dyn Fn() -> bool| {
        let deadline = now() + LONG;
        while !is_so() && now() < deadline {
            thread::park_timeout(Duration::from_millis(5));
        }
        assert!(is_so());
    };
    // All of it is acknowledged already: nothing waits to be sent.
    until(&|| obstacle() == Some(ObstacleKind::Disk));
    disk.execute_batch("DROP TRIGGER full").unwrap();
    until(&|| obstacle().is_none());
    let export = spool::export(folder.path(), session).unwrap().unwrap();
    assert!(export.chains[0].receipt.is_some(), "{export:?}");
    assert_eq!(uploader.finish(LONG).acknowledged, 3);
    assert_eq!(calls.iter().count(), 1, "sent once");
}
