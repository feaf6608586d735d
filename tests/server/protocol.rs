use inview::report::{Heartbeat, StoredCommand};

use super::*;
use inview::report::{
    Enrolment, EnrolmentRequest, Exam, IssueRequest, Issued, MadeToken, NewApiToken, NewExam,
    Roster,
};
use inview::trust::export::SignedReceipt;
use inview::trust::signature::PublicKey;
use inview::trust::tree;

#[test]
fn the_examples_in_the_description_of_the_protocol_hold() {
    let server = Server::start();
    let events = examples("event");
    let first: Event = serde_json::from_str(events[0]).unwrap();
    let identity = first.identity().unwrap();
    let session = identity.session;
    assert_example("receipt", &server.post(session, batch(&events)));
    assert_example("sessions", &server.get("/v1/sessions?limit=1"));
    assert_example("intervals", &server.get(&format!("/v1/sessions/{session}/intervals")));
    let poison = events[4]
        .replace("\"1.0\"", "\"0.3\"")
        .replace(&identity.event_id().replace("-1", "-5"), &identity.event_id().replace("-1", "-6"))
        .replace(
            &Hash::of(events[3].as_bytes()).to_string(),
            &Hash::of(events[4].as_bytes()).to_string(),
        );
    assert_example("problem", &server.post(session, batch(&[&poison])));
    let beat = |server: &Server, body: &str| {
        let address = format!("/v1/sessions/{session}/heartbeats");
        server.post_json(&server.agent, &address, None, body.to_owned())
    };
    let heartbeat = examples("heartbeat")[0];
    beat(&server, heartbeat);
    assert_example("session", &server.get(&format!("/v1/sessions/{session}")));
    // Of a session that has ended nothing could be asked.
    let server = Server::start();
    server.post(session, batch(&events[..4]));
    let address = format!("/v1/sessions/{session}/commands");
    let given =
        server.post_json(&server.proctor, &address, None, examples("command")[0].to_owned());
    let given = given.json::<StoredCommand>().id;
    let confirmed = serde_json::from_str::<Heartbeat>(heartbeat).unwrap().confirmed[0].id;
    let heartbeat = heartbeat.replace(&confirmed.to_string(), &given.to_string());
    assert_example("heartbeat-answer", &beat(&server, &heartbeat));
    assert_example("commands", &server.get(&address));
}

#[test]
fn the_examples_of_issuing_and_enrolling_are_what_goes_over_the_wire() {
    fn read<T: serde::de::DeserializeOwned + serde::Serialize>(kind: &str) -> T {
        let example = examples(kind)[0];
        let read: T = serde_json::from_str(example).unwrap_or_else(|error| panic!("{error}"));
        let again = serde_json::to_value(&read).unwrap();
        assert_eq!(again, serde_json::from_str::<serde_json::Value>(example).unwrap(), "{kind}");
        read
    }
    read::<IssueRequest>("issue");
    read::<EnrolmentRequest>("enrolment-request");
    read::<Enrolment>("enrolment");
    read::<NewExam>("exam-request");
    read::<Exam>("exam");
    read::<Roster>("roster");
    read::<NewApiToken>("token-request");
    read::<MadeToken>("token");
    read::<inview::report::Account>("account");
    read::<inview::report::AuditPage>("audit");
    let issued: Issued = read("issued");
    let server = "https://exams.example:8443";
    assert_eq!(*issued.link.reveal(), inview::report::page_link(server, &issued.code, None));
    assert_eq!(*issued.agent_link.reveal(), inview::report::agent_link(server, &issued.code, None));
}

#[test]
fn the_example_of_a_signed_receipt_is_signed_as_the_protocol_says() {
    let example: serde_json::Value = serde_json::from_str(examples("signed-receipt")[0]).unwrap();
    let key: PublicKey = serde_json::from_value(example["server_key"].clone()).unwrap();
    let receipt: SignedReceipt = serde_json::from_value(example["receipt"].clone()).unwrap();
    assert!(receipt.is_signed_by(&key));
    serde_json::from_str::<Receipt>(&receipt.receipt).unwrap();
    let head = receipt.inclusion.head(tree::leaf(receipt.receipt.as_bytes())).unwrap();
    assert!(include_str!("../../docs/PROTOCOL.md").contains(&format!("leads to is `{head}`")));
    let elsewhere = receipt.inclusion.to_string().replace("2/3 ", "1/3 ");
    let elsewhere = SignedReceipt { inclusion: elsewhere.parse().unwrap(), ..receipt };
    assert!(!elsewhere.is_signed_by(&key));
}

/// The blocks of one kind in the description of the protocol.
fn examples(kind: &str) -> Vec<&'static str> {
    let blocks = include_str!("../../docs/PROTOCOL.md").split("```json ").skip(1);
    let blocks = blocks.filter_map(|block| block.strip_prefix(kind)?.strip_prefix('\n'));
    blocks.map(|block| block.split("\n```").next().unwrap()).collect()
}

/// The example of an answer, and the answer, without what only the server decides: what its clock
/// says, and the names that it gives.
#[track_caller]
fn assert_example(kind: &str, answer: &Answer) {
    fn without_clocks(value: &mut serde_json::Value) {
        if let Some(fields) = value.as_object_mut() {
            let clocks = [
                "server_time",
                "first_contact",
                "last_contact",
                "received_at",
                "from",
                "to",
                "nonce",
            ];
            for clock in clocks {
                fields.remove(clock);
            }
            if fields.contains_key("kind") && fields.contains_key("text") {
                for name in ["id", "sent_at", "sent_by"] {
                    fields.remove(name);
                }
            }
            if let Some(observed) = fields.get_mut("observed") {
                without_clocks(observed);
            }
            if let Some(liveness) = fields.get_mut("liveness") {
                liveness.as_object_mut().unwrap().remove("last_heartbeat");
            }
        }
        for list in ["sessions", "commands", "outcomes", "gaps"] {
            let listed = value.get_mut(list).and_then(serde_json::Value::as_array_mut);
            for listed in listed.into_iter().flatten() {
                without_clocks(listed);
            }
        }
    }
    let mut example = serde_json::from_str(examples(kind)[0]).unwrap();
    let mut answer: serde_json::Value = answer.json();
    without_clocks(&mut example);
    without_clocks(&mut answer);
    assert_eq!(answer, example, "{kind}");
}

#[test]
fn the_examples_of_reviews_are_what_goes_over_the_wire() {
    let asked: inview::report::ReviewRequest = serde_json::from_str(examples("review")[0]).unwrap();
    let stored: inview::report::StoredReview =
        serde_json::from_str(examples("stored-review")[0]).unwrap();
    assert_eq!((asked.verdict, asked.note), (stored.verdict, stored.note));
}
