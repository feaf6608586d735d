//! Authorities, tokens and keys that are not the right ones.

use super::*;

#[test]
fn another_authority_vouches_for_nothing_and_the_reports_stay() {
    let (data, spool, other) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let home = Home::open(other.path(), LOCAL, Arc::new(jiff::Timestamp::now)).unwrap();
    fill(spool.path(), session(1), 0..3);
    let settings = Settings { authority: Some(home.authority()), ..server.settings(spool.path()) };
    let delivery = Uploader::start(settings).unwrap().finish(Duration::from_millis(1));
    assert_eq!((delivery.acknowledged, delivery.waiting), (0, 3));
    let obstacle = delivery.obstacle.unwrap().reason;
    assert!(obstacle.contains("authority") || obstacle.contains("certificate"), "{obstacle}");
    assert_eq!(server.reader.sessions(), 0);
}

#[test]
fn a_wrong_token_is_told_and_the_reports_stay() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    fill(spool.path(), session(1), 0..3);
    for token in ["guessed", &server.reader.token] {
        let token = Pii::new(token.to_owned());
        let settings = Settings { token, ..server.settings(spool.path()) };
        let delivery = Uploader::start(settings).unwrap().finish(Duration::from_millis(1));
        assert_eq!((delivery.acknowledged, delivery.waiting), (0, 3));
        let obstacle = delivery.obstacle.unwrap();
        assert_eq!(obstacle.kind, ObstacleKind::Refuses);
        assert!(obstacle.reason.contains("token"));
    }
    assert_eq!(server.reader.sessions(), 0);
}

/// Issues a session, past the network.
fn issue(server: &Server, data: &Path) -> Issued {
    let token = std::fs::read_to_string(data.join("manager.token")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let request = Request::post("/v1/sessions")
            .header("authorization", format!("Bearer {}", token.trim()))
            .header("content-type", "application/json")
            .header("host", server.address.to_string())
            .body(Body::from(r#"{"label": "Seat 7"}"#));
        let answer = app(server.reader.state.clone()).oneshot(request.unwrap()).await.unwrap();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    })
}

#[test]
fn a_token_that_expired_while_reports_waited_is_renewed_by_its_code() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let hours = Arc::new(AtomicI64::new(0));
    let passed = Arc::clone(&hours);
    let later = move || {
        let passed = jiff::SignedDuration::from_hours(passed.load(Ordering::SeqCst));
        jiff::Timestamp::now().saturating_add(passed).unwrap()
    };
    let server = Server::start_at(data.path(), Arc::new(later));
    let issued = issue(&server, data.path());
    let token = Pii::new(inview::report::Hash::of(b"token").to_string());
    let address = format!("https://{}", server.address);
    let (key, route) = (key(1), Route::default());
    let authority = Some(server.authority.as_path());
    let enrol =
        |token| upload::enrol(&address, (authority, &route), &issued.code, token, &key.public());
    let enrolment = enrol(&token).unwrap();
    assert_eq!((enrolment.session, enrolment.label.as_str()), (issued.session, "Seat 7"));
    let used = enrol(&Pii::new(inview::report::Hash::of(b"other").to_string())).unwrap_err();
    assert!(matches!(used, EnrolError::CodeUsed), "{used}");
    let expected = fill_signed(spool.path(), issued.session, 0..3, Some(&key));
    // A week without a network.
    hours.store(7 * 24, Ordering::SeqCst);
    let without = Settings { token, key: Some(key), ..server.settings(spool.path()) };
    let delivery = Uploader::start(without.clone()).unwrap().finish(Duration::from_millis(1));
    assert_eq!((delivery.acknowledged, delivery.waiting), (0, 3));
    let with_code = Settings { code: Some(issued.code), ..without };
    assert_eq!(Uploader::start(with_code).unwrap().finish(LONG), delivered(3));
    assert_stored(&server.reader, issued.session, &expected);
}

#[test]
fn another_server_at_the_same_address_acknowledges_nothing_and_the_same_one_does() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let expected = fill_signed(spool.path(), session(1), 0..3, Some(&key(1)));
    let other = Settings { server_key: Some(key(9).public()), ..server.settings(spool.path()) };
    let uploader = Uploader::start(other).unwrap();
    while uploader.progress().obstacle.is_none() {
        thread::park_timeout(PAUSE);
    }
    let delivery = uploader.finish(Duration::from_millis(1));
    assert_eq!((delivery.acknowledged, delivery.waiting), (0, 3));
    assert_eq!(delivery.obstacle.unwrap().kind, ObstacleKind::Unreachable);
    let uploader = Uploader::start(server.settings(spool.path())).unwrap();
    assert_eq!(uploader.finish(LONG), delivered(3));
    assert_stored(&server.reader, session(1), &expected);
}

#[test]
fn reports_that_the_sessions_key_did_not_sign_stop_and_are_kept_and_shown() {
    let (data, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let issued = issue(&server, data.path());
    let token = Pii::new(inview::report::Hash::of(b"token").to_string());
    let (address, authority) = (format!("https://{}", server.address), &server.authority);
    upload::enrol(
        &address,
        (Some(authority), &Route::default()),
        &issued.code,
        &token,
        &key(1).public(),
    )
    .unwrap();
    for (number, signer) in [(1, None), (2, Some(key(2)))] {
        let folder = spool.path().join(number.to_string());
        fill_signed(&folder, issued.session, 0..number, signer.as_ref());
        let settings = Settings { token: token.clone(), ..server.settings(&folder) };
        let delivery = Uploader::start(settings).unwrap().finish(LONG);
        assert_eq!((delivery.acknowledged, delivery.stopped), (0, number.cast_unsigned()));
        assert_eq!(delivery.obstacle.unwrap().kind, ObstacleKind::Refuses);
    }
    let (_, body) = server.reader.get(&format!("/v1/sessions/{}", issued.session));
    let detail: SessionDetail = serde_json::from_slice(&body).unwrap();
    // Both sent the same bytes as their first report, but for the signature.
    assert_eq!((detail.forked[0].how, detail.forked.len()), (ForkKind::Foreign, 1));
    assert_eq!(detail.chains.len(), 0);
    assert_eq!(detail.public_key, Some(key(1).public().to_string()));
}
