//! Reports over networks that cut, stall, crawl and lie: each arrives once, and in order.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::path::Path;
use std::time::Duration;

use inview::redact::Pii;
use inview::report::{EventData, Incarnation, SampledCamera, SessionEnded, SessionId};
use inview::spool::Outbox;
use inview::time::MediaTime;
use inview::upload::{Delivery, Route, Settings, Uploader};
use support::fault_proxy::{Fault, FaultProxy};
use support::server::ServerProgram;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_mins(3);

fn session() -> SessionId {
    SessionId::derived(&[b"bad network"])
}

/// So many reports; gives back their bytes.
fn fill(spool: &Path, reports: i64) -> Vec<String> {
    let mut outbox = Outbox::open(spool, session(), Incarnation::of_replay(session())).unwrap();
    for number in 0..reports {
        let data = EventData::SessionEnded(SessionEnded {
            duration_ms: MediaTime::from_millis(number),
            intervals: 0,
            camera: SampledCamera::default(),
            truncated: None,
            ended_by: None,
        });
        outbox.append(None, data).unwrap();
    }
    let stored = outbox.peek_batch(100_000, usize::MAX).unwrap();
    stored.into_iter().map(|event| String::from_utf8(event.body).unwrap()).collect()
}

/// Sends `reports` through a network, and asserts that the server has each once, in order. Gives how
/// many connections it took.
#[track_caller]
fn arrives(reports: i64, plan: impl Fn(usize) -> Fault + Send + 'static) -> usize {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = ServerProgram::start(env!("CARGO_BIN_EXE_inview-server"), data.path());
    let proxy = FaultProxy::start(server.address().parse().unwrap(), plan);
    let expected = fill(spool.path(), reports);
    let uploader = Uploader::start(Settings {
        server: format!("https://{}", proxy.address),
        token: Pii::new(server.read("agent_token_file")),
        authority: Some(server.says("authority").into()),
        code: None,
        allow_plain_loopback: false,
        folder: spool.path().to_owned(),
        key: None,
        server_key: None,
        route: Route::default(),
        session: None,
    });
    let delivery = uploader.unwrap().finish(LONG);
    let acknowledged = u64::try_from(reports).unwrap();
    assert_eq!(delivery, Delivery { acknowledged, ..Delivery::default() });
    let stored = server.events(session(), Incarnation::of_replay(session()));
    assert!(stored == expected, "{} reports instead of {}", stored.len(), expected.len());
    proxy.connections()
}

/// A row of numbers that looks like chance and is the same each time.
fn chance(number: usize, below: usize) -> usize {
    (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_right(29) % below
}

#[test]
fn connections_that_are_cut_in_mid_request_lose_nothing() {
    let connections = arrives(400, |number| match number % 3 {
        0 => Fault::CutRequest(chance(number, 60_000)),
        1 => Fault::Refused,
        _ => Fault::CutRequest(60_000 + chance(number, 60_000)),
    });
    assert!(connections > 5, "only {connections} connections: was anything cut?");
}

#[test]
fn a_server_that_stored_what_it_could_not_answer_stores_it_once() {
    let connections = arrives(400, |number| match number % 2 {
        // Behind the handshake, and somewhere in the receipts.
        0 => Fault::CutAnswer(1_500 + chance(number, 6_000)),
        _ => Fault::CutAnswer(9_000 + chance(number, 9_000)),
    });
    assert!(connections > 4, "only {connections} connections: was anything cut?");
}

#[test]
fn a_crawling_network_carries_everything() {
    arrives(150, |_| Fault::Throttled { bytes: 2_048, pause: Duration::from_millis(20) });
}

#[test]
fn a_connection_that_is_taken_and_never_answered_is_given_up_in_time() {
    let connections = arrives(20, |number| if number == 0 { Fault::HalfOpen } else { Fault::None });
    assert!(connections >= 2, "{connections}");
}
