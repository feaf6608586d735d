//! Signatures as Standard Webhooks has them: HMAC-SHA256 over id, time and body. Pure but for the making of
//! secrets.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::redact::Pii;
use crate::report::MessageId;
use crate::server::store::webhook::endpoint::Secret;

/// What a secret begins with where people read it.
const PREFIX: &str = "whsec_";

pub(super) fn new_secret() -> Result<Pii<Secret>, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(Pii::new(bytes))
}

/// A secret as people are given it.
pub(super) fn shown(secret: &Pii<Secret>) -> Pii<String> {
    Pii::new(format!("{PREFIX}{}", STANDARD.encode(secret.reveal())))
}

/// The value of `webhook-signature`: one for each secret, by the first of them first.
pub(super) fn sign(
    secrets: &[Pii<Secret>],
    (message, second): (MessageId, i64),
    body: &[u8],
) -> String {
    let before = format!("{}.{second}.", message.0);
    let signatures = secrets.iter().map(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal());
        let mut signing = hmac::Context::with_key(&key);
        signing.update(before.as_bytes());
        signing.update(body);
        format!("v1,{}", STANDARD.encode(signing.sign()))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_of_the_standard_and_of_both_secrets_while_both_are_good() {
        let secrets = [Pii::new([7; 32]), Pii::new([8; 32])];
        let message = MessageId(uuid::Uuid::from_u128(1));
        let both = sign(&secrets, (message, 1_795_700_000), b"{}");
        let one = sign(&secrets[..1], (message, 1_795_700_000), b"{}");
        let other = sign(&secrets[1..], (message, 1_795_700_000), b"{}");
        assert_eq!(both, format!("{one} {other}"));
        // By `openssl dgst -sha256 -mac HMAC`, see docs/PROTOCOL.md.
        assert_eq!(one, "v1,HU8FKNJijwvyQk4PB2pIHbwPpvTezW7i92vJvTiXyoA=");
    }

    #[test]
    fn a_secret_is_shown_as_the_standard_has_it_and_in_no_log() {
        let secret = Pii::new([0; 32]);
        let shown = shown(&secret);
        assert_eq!(shown.reveal(), "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        assert_eq!(format!("{shown:?} {secret:?}"), "*** ***");
    }
}
