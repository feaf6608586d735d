//! The end, and the copy.

use super::*;

#[test]
fn the_end_shows_all_that_was_reported_and_keeps_a_copy() {
    let (mut harness, puppet, folder) = window(Phase::Ending, Seen::Face);
    puppet.shows(|now| {
        now.intervals = vec![interval(Kind::OutOfView, 5_000, Some(9_000))];
        (now.reports.made, now.reports.acknowledged) = (4, 1);
    });
    harness.run();
    harness.get_by_label("1 of 4 reports have arrived");
    assert!(harness.query_by_label("Close").is_none());
    puppet.shows(|now| now.phase = Phase::Ended);
    harness.run();
    harness.get_by_label_contains("It is kept on this computer");
    puppet.shows(|now| {
        (now.reports.in_memory, now.health) = (3, vec![condition(Code::StorageDegraded)]);
    });
    harness.run();
    harness.get_by_label_contains("Keep this window open");
    assert!(harness.query_by_label_contains("It is kept on this computer").is_none());
    puppet.shows(|now| (now.reports.in_memory, now.health) = (0, Vec::new()));
    puppet.shows(|now| (now.reports.acknowledged, now.reports.delivered) = (4, true));
    harness.run();
    harness.get_by_label("Everything has arrived. You can close this window.");
    harness.get_by_label("Out of view, from 0:05 to 0:09");
    let session = SessionId::derived(&[]);
    let spool = folder.path().join("spool");
    let mut outbox = Outbox::open(&spool, session, Incarnation::of_replay(session)).unwrap();
    outbox.sign_by(SigningKey::from_secret(&[1; 32])).unwrap();
    let sampling = Sampling { at_ms: MediaTime::ZERO, sample_rate_hz: 5.0, strain: None };
    outbox.append(None, EventData::Sampling(sampling)).unwrap();
    click(&mut harness, "Save a copy");
    let name = format!("inview-{}.json", SessionId::derived(&[]));
    let copies = folder.path().join("copies");
    harness.get_by_label_contains(&copies.display().to_string());
    let path = copies.join(name);
    let copy: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(copy["intervals"][0]["kind"], "out_of_view");
    assert_eq!(copy["label"], "Seat 7");
    // It can be checked by whoever has it.
    let export = told::read(&std::fs::read(&path).unwrap()).unwrap();
    let told = told::tell(&export, None);
    assert!(told.is_good && told.lines[0].contains("1 report, signed"), "{told:?}");
    let page = path.with_extension("html");
    assert!(std::fs::read_to_string(&page).unwrap().contains("Seat 7"));
    click(&mut harness, "Open the page");
    click(&mut harness, "Show the folder");
    assert_eq!(*puppet.opened.lock().unwrap(), [page, copies]);
}
