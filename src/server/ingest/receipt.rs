//! Receipts, signed by the server's key, so that an agent can prove what the server has. Those of one commit
//! are signed together, by a tree of hashes over them ([`tree`](crate::trust::tree)): one signature costs as much
//! as storing a report.
//!
//! `GET /v1/server-key` gives the public key to agents that did not enrol; a session that is exported has a
//! receipt for each chain.

use aws_lc_rs::signature::Ed25519KeyPair;
use axum::Json;
use axum::extract::State as Of;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use jiff::{Timestamp, Unit};

use crate::report::{INCLUSION_HEADER, Receipt, SIGNATURE_HEADER, ServerKey, SessionId};
use crate::server::State;
use crate::server::store::{Group, Place, Receipted, StoreError};
use crate::trust::export::{Export, SignedReceipt};
use crate::trust::signature::{PublicKey, Signature, Signed, SigningKey};

/// The server's key. It signs in half the time that [`SigningKey`] takes, and gives the same bytes.
pub(in crate::server) struct Signer {
    key: SigningKey,
    fast: Option<Ed25519KeyPair>,
}

impl Signer {
    pub(in crate::server) fn new(key: SigningKey) -> Self {
        let fast =
            Ed25519KeyPair::from_seed_and_public_key(&key.secret(), key.public().as_bytes()).ok();
        Self { key, fast }
    }

    pub(in crate::server) fn public(&self) -> PublicKey {
        self.key.public()
    }

    pub(in crate::server) fn sign(&self, what: Signed, bytes: &[u8]) -> Signature {
        let fast = self.fast.as_ref().and_then(|fast| {
            let signature = fast.sign(&what.encoded(bytes));
            signature.as_ref().as_array().map(Signature::from_bytes)
        });
        fast.unwrap_or_else(|| self.key.sign(what, bytes))
    }
}

/// The answer with a receipt, whose signature is in its headers.
pub(in crate::server) fn answer(key: &Signer, receipt: Receipted) -> Response {
    let Receipted { text, place: Place { group, index } } = receipt;
    let Group { tree, signature } = &*group;
    let signature = signature.get_or_init(|| key.sign(Signed::Receipts, tree.head().as_bytes()));
    let headers = [
        (CONTENT_TYPE.as_str(), "application/json".to_owned()),
        (SIGNATURE_HEADER, signature.to_string()),
        (INCLUSION_HEADER, tree.inclusion(index).to_string()),
    ];
    (headers, text).into_response()
}

/// By the server's clock: RFC 3339, UTC, whole milliseconds.
pub(in crate::server) fn server_time(now: Timestamp) -> String {
    now.round(Unit::Millisecond).unwrap_or(now).to_string()
}

/// By which receipts are checked.
#[utoipa::path(
    get, path = "/v1/server-key", operation_id = "server_key", tag = "agents",
    responses(
        (status = 200, body = ServerKey),
    ),
)]
pub(in crate::server) async fn server_key(Of(state): Of<State>) -> Json<ServerKey> {
    Json(ServerKey { server_key: state.signer.public().to_string() })
}

/// Adds what the server vouches for: that each chain reached as far as its head says.
pub(in crate::server) fn vouch(
    export: Export,
    heads: &[crate::report::Chain],
    key: &Signer,
    session: SessionId,
    now: Timestamp,
) -> Result<Export, StoreError> {
    let mut vouched = Export { server_key: Some(key.public()), ..export };
    for (chain, head) in vouched.chains.iter_mut().zip(heads) {
        let receipt = Receipt {
            session,
            incarnation: head.incarnation,
            acked_seq: head.head_seq,
            head_hash: head.head_hash,
            server_time: server_time(now),
            results: Vec::new(),
        };
        let text = serde_json::to_string(&receipt)?;
        chain.receipt = Some(SignedReceipt::alone(text, |head| key.sign(Signed::Receipts, head)));
    }
    Ok(vouched)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_has_the_signature_that_the_key_itself_gives() {
        for number in 0..20 {
            let key = SigningKey::from_secret(&[number; 32]);
            let signer = Signer::new(key.clone());
            assert!(signer.fast.is_some());
            for length in [0, 1, 100, 5_000] {
                let bytes = vec![number; length];
                assert_eq!(
                    signer.sign(Signed::Receipts, &bytes),
                    key.sign(Signed::Receipts, &bytes)
                );
            }
        }
    }
}
