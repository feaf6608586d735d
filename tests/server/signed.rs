use super::*;
use inview::report::{
    ChainHead, ForkKind, Heartbeat, HeartbeatAnswer, INCLUSION_HEADER, Phase, SIGNATURE_HEADER,
    Seen,
};
use inview::trust::export::{Export, Link, SignedReceipt};
use inview::trust::signature::{PublicKey, Signed};
use inview::trust::verify::{Wrong, verify};

/// The first report, which declares a key.
fn started(agent: &mut Agent, key: &SigningKey) -> String {
    let declared = format!("\"label\":\"x\",\"public_key\":\"{}\"", key.public());
    let event = agent.started("x").replace("\"label\":\"x\"", &declared);
    agent.prevhash = Hash::of(event.as_bytes());
    event
}

fn export(server: &Server, session: SessionId) -> Export {
    server.get(&format!("/v1/sessions/{session}/export")).json()
}

#[test]
fn a_receipt_is_signed_by_the_key_that_everyone_may_ask_for() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let answer = server.post(agent.session(), batch(&[&agent.started("x")]));
    let header = |name| answer.headers[name].to_str().unwrap();
    let signature = header(SIGNATURE_HEADER).parse().unwrap();
    let inclusion = header(INCLUSION_HEADER).parse().unwrap();
    let asked: inview::report::ServerKey = server.ask(get("/v1/server-key")).json();
    let key: PublicKey = asked.server_key.parse().unwrap();
    let receipt = SignedReceipt { receipt: answer.text().to_owned(), signature, inclusion };
    assert!(receipt.is_signed_by(&key));
    let changed = receipt.receipt.replace("accepted", "accepteD");
    assert!(!SignedReceipt { receipt: changed, ..receipt }.is_signed_by(&key));
}

#[test]
fn the_key_that_was_declared_first_stays_and_signs_everything() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    let one = started(&mut agent, &key(1));
    server.post(session, batch(&[&one])).is_problem(409, problem::SIGNATURE);
    assert_eq!(server.get(&format!("/v1/sessions/{session}")).status, 404, "nothing was stored");
    let one = sealed(&one, &key(1));
    let two = agent.ended(5);
    let (signed, foreign) = (sealed(&two, &key(1)), sealed(&two, &key(2)));
    for other in [&two, &foreign] {
        let refused = server.post(session, batch(&[&one, other]));
        let problem = refused.is_problem(409, problem::SIGNATURE);
        let statuses: Vec<_> = problem.results.iter().map(|result| result.status).collect();
        assert_eq!(statuses, [EventStatus::NotStored, EventStatus::Signature]);
    }
    assert_eq!(server.post(session, batch(&[&one, &signed])).status, 200);
    let receipt: Receipt = server.post(session, batch(&[&one, &signed])).json();
    assert_eq!((receipt.acked_seq, receipt.head_hash), (2, Hash::of(two.as_bytes())));
    // Another life with another key, and an event that cannot be read but was not signed either.
    let mut other = Agent::new(2);
    other.identity.session = session;
    let declared = sealed(&started(&mut other, &key(2)), &key(2));
    server.post(session, batch(&[&declared])).is_problem(409, problem::SIGNATURE);
    let poison = agent.poison();
    server.post(session, batch(&[&poison])).is_problem(409, problem::SIGNATURE);
    let poison = sealed(&poison, &key(1));
    server.post(session, batch(&[&poison])).is_problem(422, problem::MALFORMED_EVENTS);
    let events = server.get(&format!("/v1/sessions/{session}/events"));
    assert_eq!(events.text(), batch(&[&one, &signed]));
    let detail: SessionDetail = server.get(&format!("/v1/sessions/{session}")).json();
    assert_eq!(detail.public_key, Some(key(1).public().to_string()));
    let all_foreign = detail.forked.iter().all(|fork| fork.how == ForkKind::Foreign);
    assert_eq!((all_foreign, detail.forked.len(), detail.chains[0].head_seq), (true, 4, 3));
    let page = server.page(&server.sign_in(), &format!("/sessions/{session}"));
    assert!(page.text().contains("did not sign"), "{}", page.text());
}

#[test]
fn what_is_exported_can_be_checked_without_the_server() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    assert_eq!(server.get(&format!("/v1/sessions/{session}/export")).status, 404);
    let events = [started(&mut agent, &key(1)), agent.ended(1), agent.poison(), agent.ended(2)];
    let events = events.map(|event| sealed(&event, &key(1)));
    let [one, two, poison, four] = &events;
    for batch in [batch(&[one, two]), batch(&[poison]), batch(&[four])] {
        server.post(session, batch);
    }
    let whole = export(&server, session);
    let verified = verify(&whole, Some(&key(1).public())).unwrap();
    let found = (verified.events, verified.missing, verified.receipts, verified.signed);
    assert_eq!(found, (3, 1, 1, true));
    assert!(matches!(&whole.chains[0].links[1], Link::Event(text) if text == two));
    let changed = |change: &dyn Fn(&mut Vec<Link>)| {
        let mut changed = whole.clone();
        change(&mut changed.chains[0].links);
        let fault = verify(&changed, None).unwrap_err();
        (fault.at.unwrap().1, fault.what)
    };
    assert_eq!(changed(&|links| links.truncate(2)), (4, Wrong::Received));
    assert_eq!(changed(&|links| drop(links.remove(1))), (3, Wrong::Identity));
    assert_eq!(changed(&|links| links.swap(0, 1)), (1, Wrong::Identity));
    assert_eq!(changed(&|links| links.insert(1, links[0].clone())), (2, Wrong::Identity));
    let other = four.replace("\"duration_ms\":2,", "\"duration_ms\":3,");
    assert_eq!(changed(&|links| links[3] = Link::Event(other.clone())), (4, Wrong::Signature));
    let agent_token = server.get_as(&server.agent, &format!("/v1/sessions/{session}/export"));
    assert_eq!(agent_token.status, 403);
}

fn beat(
    server: &Server,
    session: SessionId,
    heartbeat: &Heartbeat,
    key: Option<&SigningKey>,
) -> Answer {
    let body = serde_json::to_string(heartbeat).unwrap();
    let mut request = Request::post(format!("/v1/sessions/{session}/heartbeats"))
        .header(AUTHORIZATION, format!("Bearer {}", server.agent))
        .header(CONTENT_TYPE, "application/json");
    if let Some(key) = key {
        let signature = key.sign(Signed::Heartbeat, body.as_bytes());
        request = request.header(SIGNATURE_HEADER, signature.to_string());
    }
    server.ask(request.body(body.into()).unwrap())
}

#[test]
fn a_heartbeat_that_somebody_kept_or_made_before_does_not_count_as_one_of_now() {
    let (server, mut agent) = (Server::start(), Agent::new(1));
    let session = agent.session();
    server.post(session, batch(&[&sealed(&started(&mut agent, &key(1)), &key(1))]));
    let at = |second: u8, nonce: Option<String>| Heartbeat {
        incarnation: agent.identity.incarnation,
        sent_at: format!("2026-05-01T10:00:{second:02}Z"),
        phase: Phase::Exam,
        seen: Seen::Face,
        health: Vec::new(),
        head: ChainHead::NONE,
        confirmed: Vec::new(),
        nonce,
    };
    let nonce = |answer: Answer| answer.json::<HeartbeatAnswer>().nonce;
    let liveness = || {
        let detail: SessionDetail = server.get(&format!("/v1/sessions/{session}")).json();
        detail.summary.liveness.map(|it| (it.attested, it.refused))
    };
    for other in [None, Some(&key(2))] {
        beat(&server, session, &at(1, None), other).is_problem(409, problem::SIGNATURE);
    }
    assert_eq!(liveness(), None, "nothing was heard yet");
    let own = key(1);
    let first = at(1, None);
    let one = nonce(beat(&server, session, &first, Some(&own)));
    assert_eq!(liveness(), Some((false, 0)), "the first one proves nothing");
    let second = at(2, one.clone());
    let two = nonce(beat(&server, session, &second, Some(&own)));
    assert_eq!(liveness(), Some((true, 0)));
    // The answer was lost: the number before is repeated, and the same one given again.
    assert_eq!(nonce(beat(&server, session, &at(3, one.clone()), Some(&own))), two);
    let four = nonce(beat(&server, session, &at(4, two), Some(&own)));
    assert!(four.is_some() && four != one);
    // Kept ones, and one that was made early with a number of long ago.
    for old in [first, second, at(9, one), at(9, Some("7".repeat(32)))] {
        beat(&server, session, &old, Some(&own)).is_problem(409, problem::NONCE);
    }
    beat(&server, session, &at(9, four), Some(&key(2))).is_problem(409, problem::SIGNATURE);
    assert_eq!(liveness(), Some((true, 5)));
    // An agent that has lost its number is heard all the same.
    assert_eq!(beat(&server, session, &at(10, None), Some(&own)).status, 200);
    assert_eq!(liveness(), Some((false, 5)));
}
