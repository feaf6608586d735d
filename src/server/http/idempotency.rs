//! `Idempotency-Key`: what was sent twice is done once.

use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;

use crate::report::{Hash, problem};
use crate::server::State;
use crate::server::http::error::Refusal;
use crate::server::store::idempotency::{Done, Once};
use crate::server::store::{StoreError, Tenant};
use crate::trust::signature::Signed;

const KEY_HEADER: &str = "idempotency-key";

/// The key of a request, if it has one.
pub(in crate::server) fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get(KEY_HEADER) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| is_key(key));
    let refusal =
        || Refusal::parameter("Idempotency-Key must be 1 to 128 visible ASCII characters");
    key.map(|key| Some(key.to_owned())).ok_or_else(refusal)
}

pub(in crate::server) fn is_key(key: &str) -> bool {
    (1..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What holds a request to the one before under the same key. `what`: method and address.
pub(in crate::server) fn once(
    state: &State,
    (tenant, who): (&Tenant, &str),
    (what, asked): (&str, &impl Serialize),
    key: Option<String>,
) -> Result<Option<Once>, StoreError> {
    let Some(key) = key else { return Ok(None) };
    let request = Hash::of(&serde_json::to_vec(asked)?);
    let all = ("idempotency", tenant.as_str(), who, what, &key, request);
    let seal = state.signer.sign(Signed::Seed, &serde_json::to_vec(&all)?);
    Ok(Some(Once {
        tenant: tenant.clone(),
        who: who.to_owned(),
        what: what.to_owned(),
        key,
        request,
        seal: *Hash::of(&seal.to_bytes()).as_bytes(),
    }))
}

/// 201 for what was done now, 200 for what was done before.
pub(in crate::server) fn answer<T>(done: Done<T>) -> Result<(StatusCode, T), Refusal> {
    match done {
        Done::New(made) => Ok((StatusCode::CREATED, made)),
        Done::Again(made) => Ok((StatusCode::OK, made)),
        Done::KeyReused => Err(key_reused()),
    }
}

pub(in crate::server) fn key_reused() -> Refusal {
    let title = "Something else was asked for under this key";
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, problem::KEY_REUSED, title)
}
