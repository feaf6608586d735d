//! `GET /healthz` and `/readyz`: whether the server runs, and whether it can do its work. They say nothing
//! else to strangers.

use axum::Json;
use axum::extract::State as Of;
use serde_json::{Value, json};

use crate::server::State;
use crate::server::http::error::Refusal;

pub(in crate::server) async fn healthz() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Goes the way of a report: through the queue of the thread that writes, and a commit. While the disk
/// hangs, nothing is answered: those who ask have a limit of their own.
pub(in crate::server) async fn readyz(Of(state): Of<State>) -> Result<Json<Value>, Refusal> {
    state.store.write(|_| Ok(())).await.map_err(|error| {
        tracing::warn!(%error, "the database takes no reports");
        Refusal::busy()
    })?;
    Ok(Json(json!({"status": "ok"})))
}
