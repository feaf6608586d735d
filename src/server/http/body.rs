//! Bodies of requests: of the right kind, whole, in time, and no longer than they may be.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::report::problem;
use crate::server::http::error::Refusal;

/// The whole body must have come after this long.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of a body that is no batch: a policy is a tenth of this.
const MAX_JSON_BYTES: usize = 16 * 1024;

/// Refuses what is not of this media type, or is compressed.
pub(in crate::server) fn require(media_type: &str, headers: &HeaderMap) -> Result<(), Refusal> {
    let title = "The body is not of the kind that is taken here";
    let refusal = Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, problem::CONTENT_TYPE, title);
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(refusal.with_detail("the body must not be compressed"));
    }
    let found = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let found = found.and_then(|value| value.split(';').next()).unwrap_or_default();
    if found.trim().eq_ignore_ascii_case(media_type) {
        Ok(())
    } else {
        Err(refusal.with_detail(format!("expected {media_type}")))
    }
}

/// Reads a body of at most so many bytes.
pub(in crate::server) async fn read(body: Body, most: usize) -> Result<Vec<u8>, Refusal> {
    match tokio::time::timeout(TIMEOUT, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        // Too long, or broken off, in which case nobody reads the answer.
        Ok(Err(_)) => Err(Refusal::too_large(format!("at most {most} bytes are taken"))),
        Err(_elapsed) => {
            let title = "The body did not arrive in time";
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, problem::TIMEOUT, title))
        }
    }
}

/// Reads a body of JSON: an object.
pub(in crate::server) async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Refusal> {
    require("application/json", headers)?;
    let bytes = read(body, MAX_JSON_BYTES).await?;
    if !is_object(&bytes) {
        return Err(Refusal::malformed(NO_OBJECT));
    }
    // The error says where and what was expected. It may repeat a name, and no value but a short
    // one of the wrong type.
    serde_json::from_slice(&bytes).map_err(|error| Refusal::malformed(error.to_string()))
}

pub(in crate::server) const NO_OBJECT: &str = "the body is no JSON object";

/// A list of the members' values in their order would be read as well.
pub(in crate::server) fn is_object(json: &[u8]) -> bool {
    json.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}
