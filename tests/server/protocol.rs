use super::*;
use inview::report::{Enrolment, EnrolmentRequest, IssueRequest, Issued};

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
    let poison = events[3]
        .replace("\"1.0\"", "\"0.3\"")
        .replace(&identity.event_id().replace("-1", "-4"), &identity.event_id().replace("-1", "-5"))
        .replace(
            &Hash::of(events[2].as_bytes()).to_string(),
            &Hash::of(events[3].as_bytes()).to_string(),
        );
    assert_example("problem", &server.post(session, batch(&[&poison])));
    assert_example("session", &server.get(&format!("/v1/sessions/{session}")));
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
    let issued: Issued = read("issued");
    let server = "https://exams.example:8443";
    assert_eq!(*issued.link.reveal(), inview::report::page_link(server, &issued.code));
    assert_eq!(*issued.agent_link.reveal(), inview::report::agent_link(server, &issued.code));
}

/// The blocks of one kind in the description of the protocol.
fn examples(kind: &str) -> Vec<&'static str> {
    let blocks = include_str!("../../docs/PROTOCOL.md").split("```json ").skip(1);
    let blocks = blocks.filter_map(|block| block.strip_prefix(kind)?.strip_prefix('\n'));
    blocks.map(|block| block.split("\n```").next().unwrap()).collect()
}

/// The example of an answer, and the answer, without what only the server's clock decides.
#[track_caller]
fn assert_example(kind: &str, answer: &Answer) {
    fn without_clocks(value: &mut serde_json::Value) {
        if let Some(fields) = value.as_object_mut() {
            for clock in ["server_time", "first_contact", "last_contact"] {
                fields.remove(clock);
            }
        }
        let listed = value.get_mut("sessions").and_then(serde_json::Value::as_array_mut);
        for session in listed.into_iter().flatten() {
            without_clocks(session);
        }
    }
    let mut example = serde_json::from_str(examples(kind)[0]).unwrap();
    let mut answer: serde_json::Value = answer.json();
    without_clocks(&mut example);
    without_clocks(&mut answer);
    assert_eq!(answer, example, "{kind}");
}
