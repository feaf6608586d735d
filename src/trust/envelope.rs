//! A signature on an event: its last attribute, `sig`.
//!
//! What is hashed, chained and signed are the bytes of the event without it. It is put on and taken
//! off by cutting bytes, so the event is never encoded again, and is a `CloudEvents` event either way.

use super::signature::{Signature, Signed, SigningKey};

const OPENING: &[u8] = b",\"sig\":\"";
const CLOSING: &[u8] = b"\"}";
const DIGITS: usize = 128;

/// The event with its signature. `body` is a JSON object with at least one member.
pub fn seal(body: &[u8], signature: &Signature) -> Vec<u8> {
    let Some(open) = body.strip_suffix(b"}") else { return body.to_vec() };
    let mut sealed = Vec::with_capacity(body.len() + OPENING.len() + DIGITS + 1);
    sealed.extend_from_slice(open);
    sealed.extend_from_slice(OPENING);
    sealed.extend_from_slice(signature.to_string().as_bytes());
    sealed.extend_from_slice(CLOSING);
    sealed
}

/// Signs an event's bytes.
pub fn sign(body: &[u8], key: &SigningKey) -> Signature {
    key.sign(Signed::Event, body)
}

/// The event's own bytes, and its signature when it has one in just this form.
pub fn open(event: &[u8]) -> (Vec<u8>, Option<Signature>) {
    cut(event).map_or_else(|| (event.to_vec(), None), |(body, found)| (body, Some(found)))
}

fn cut(event: &[u8]) -> Option<(Vec<u8>, Signature)> {
    let signed = event.strip_suffix(CLOSING)?;
    let (rest, digits) = signed.split_at_checked(signed.len().checked_sub(DIGITS)?)?;
    let signature = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let mut body = rest.strip_suffix(OPENING)?.to_vec();
    body.push(b'}');
    Some((body, signature))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_secret(&[3; 32])
    }

    #[test]
    fn a_signature_is_put_on_and_taken_off_without_a_trace() {
        let body = br#"{"id":"a-1","data":{"x":[1, 2 ]}}"#;
        let signature = sign(body, &key());
        let sealed = seal(body, &signature);
        let json: serde_json::Value = serde_json::from_slice(&sealed).unwrap();
        assert_eq!(json["sig"], signature.to_string());
        assert_eq!(json["data"]["x"][1], 2);
        assert_eq!(open(&sealed), (body.to_vec(), Some(signature)));
    }

    #[test]
    fn what_has_no_signature_in_this_form_is_its_own_bytes() {
        let digits = "0".repeat(128);
        for event in [
            "{}".to_owned(),
            String::new(),
            r#"{"sig":"00"}"#.to_owned(),
            format!(r#"{{"a":1,"sig": "{digits}"}}"#),
            format!(r#"{{"a":1,"sig":"{digits}"}} "#),
            format!(r#"{{"a":1,"sig":"{}"}}"#, "A".repeat(128)),
        ] {
            assert_eq!(open(event.as_bytes()), (event.clone().into_bytes(), None), "{event}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_opened(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let (body, signature) = open(&bytes);
            prop_assert!(signature.is_some() || body == bytes);
        }
    }
}
