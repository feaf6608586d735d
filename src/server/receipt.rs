//! Receipts, signed by the server's key, so that an agent can prove what the server has.
//!
//! `GET /v1/server-key` gives the public key to agents that did not enrol; `GET
//! /v1/sessions/{session}/export` gives proctors a session as a whole, with a receipt for each chain.

use axum::Json;
use axum::extract::State as Of;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use jiff::{Timestamp, Unit};

use super::State;
use super::auth::Theirs;
use super::error::Refusal;
use super::store::{StoreError, export};
use crate::report::{Receipt, SIGNATURE_HEADER, ServerKey, SessionId};
use crate::trust::export::{Export, SignedReceipt};
use crate::trust::signature::{Signed, SigningKey};

/// The answer with a receipt: its bytes are signed in a header.
pub(super) fn answer(key: &SigningKey, receipt: &Receipt) -> Result<Response, Refusal> {
    let signed = sign(key, receipt)?;
    let headers = [
        (CONTENT_TYPE.as_str(), "application/json".to_owned()),
        (SIGNATURE_HEADER, signed.signature.to_string()),
    ];
    Ok((headers, signed.receipt).into_response())
}

fn sign(key: &SigningKey, receipt: &Receipt) -> Result<SignedReceipt, StoreError> {
    let receipt = serde_json::to_string(receipt)?;
    let signature = key.sign(Signed::Receipt, receipt.as_bytes());
    Ok(SignedReceipt { receipt, signature })
}

/// By the server's clock: RFC 3339, UTC, whole milliseconds.
pub(super) fn server_time(now: Timestamp) -> String {
    now.round(Unit::Millisecond).unwrap_or(now).to_string()
}

pub(super) async fn server_key(Of(state): Of<State>) -> Json<ServerKey> {
    Json(ServerKey { server_key: state.signer.public().to_string() })
}

pub(super) async fn export(
    Of(state): Of<State>,
    Theirs(proctor, session): Theirs,
) -> Result<Json<Export>, Refusal> {
    let now = state.now();
    let reading =
        state.store.read(move |database| export::export(database, &proctor.tenant, session));
    let (export, heads) = reading.await?.ok_or(Refusal::not_found())?;
    Ok(Json(vouch(export, &heads, &state.signer, session, now)?))
}

/// Adds what the server vouches for: that each chain reached as far as its head says.
pub(super) fn vouch(
    export: Export,
    heads: &[crate::report::Chain],
    key: &SigningKey,
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
        chain.receipt = Some(sign(key, &receipt)?);
    }
    Ok(vouched)
}
