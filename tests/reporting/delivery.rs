//! Everything arrives, once and in order.

use super::*;

#[test]
fn everything_arrives_once_and_in_order_and_sent_twice_is_harmless() {
    let (data, spool, again) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let one = fill(spool.path(), session(1), 0..250);
    let two = fill(spool.path(), session(2), 0..3);
    let uploader = Uploader::start(server.settings(spool.path())).unwrap();
    assert_eq!(uploader.finish(LONG), delivered(253));
    assert_stored(&server.reader, session(1), &one);
    assert_stored(&server.reader, session(2), &two);
    // The spool was lost, and the replay made the same reports again.
    assert_eq!(fill(again.path(), session(1), 0..250), one);
    let uploader = Uploader::start(server.settings(again.path())).unwrap();
    assert_eq!(uploader.finish(LONG), delivered(250));
    assert_stored(&server.reader, session(1), &one);
}

#[test]
fn a_server_that_was_stopped_goes_on_where_it_was() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    fill(spool.path(), session(1), 0..3);
    let uploader = Uploader::start(server.settings(spool.path())).unwrap();
    assert_eq!(uploader.finish(LONG), delivered(3));
    drop(server);
    fill(spool.path(), session(1), 0..5);
    let server = Server::start(data.path());
    let uploader = Uploader::start(server.settings(spool.path())).unwrap();
    assert_eq!(uploader.finish(LONG), delivered(2));
    assert_eq!(server.reader.events(session(1)).len(), 5);
}

#[test]
fn a_poison_event_is_set_aside_and_the_others_arrive() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let millis = |number: i64| if number == 120 { -5 } else { number };
    let mut expected = fill(spool.path(), session(1), (0..250).map(millis));
    let uploader = Uploader::start(server.settings(spool.path())).unwrap();
    let delivery = uploader.finish(LONG);
    let found = (delivery.acknowledged, delivery.refused, delivery.waiting);
    assert_eq!(found, (249, 1, 0));
    let poison = expected.remove(120);
    assert_stored(&server.reader, session(1), &expected);
    assert_eq!(server.reader.head(session(1)), 250);
    let (_, body) = server.reader.get(&format!("/v1/sessions/{}", session(1)));
    let detail: SessionDetail = serde_json::from_slice(&body).unwrap();
    assert_eq!(detail.rejected[0].seq, 121);
    assert_eq!(detail.rejected[0].hash, inview::report::Hash::of(&poison));
    assert_eq!(spool::all(spool.path()).len(), 1);
}

#[cfg(feature = "cli")]
#[test]
fn a_server_that_is_killed_has_what_it_acknowledged() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let program = ServerProgram::start(env!("CARGO_BIN_EXE_inview-server"), data.path());
    let expected = fill(spool.path(), session(1), 0..1_000);
    let uploader = Uploader::start(Settings {
        session: None,
        server: program.says("address"),
        token: Pii::new(program.read("agent_token_file")),
        authority: Some(program.says("authority").into()),
        code: None,
        allow_plain_loopback: false,
        key: None,
        server_key: None,
        route: Route::default(),
        folder: spool.path().to_owned(),
    });
    let uploader = uploader.unwrap();
    let outbox =
        Outbox::open(spool.path(), session(1), Incarnation::of_replay(session(1))).unwrap();
    support::wait_until(|| outbox.counts().unwrap().acknowledged >= 200);
    program.kill();
    let before = uploader.finish(Duration::from_millis(1));
    let acknowledged = outbox.counts().unwrap().acknowledged;
    let server = Server::start(data.path());
    assert!(server.reader.head(session(1)) >= acknowledged);
    let uploader = Uploader::start(server.settings(spool.path())).unwrap();
    assert_eq!(uploader.finish(LONG), delivered(before.waiting));
    assert_stored(&server.reader, session(1), &expected);
}
