//! `/v1/webhooks`: webhooks for programs of administrators.
//!
//! | answer | when |
//! |---|---|
//! | 201 and the webhook with its secret | it is kept |
//! | 400 malformed | the address, a type or the exam cannot be used; it is disabled |
//! | 403 scope | the token or the account is no administrator's |
//! | 404 | the tenant has no such webhook, or no such message that was given up |
//! | 409 too-many | the tenant has twenty |

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path, Query, RawPathParams, State as Of};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::report::{DeliveryList, DeliveryState, MadeWebhook, MessageId, Webhook, WebhookList};
use crate::server::State;
use crate::server::access::auth::Admin;
use crate::server::http::body;
use crate::server::http::error::Refusal;
use crate::server::store::webhook::{endpoint, line};
use crate::server::webhooks::manage::{self, By};

impl From<Admin> for By {
    fn from(admin: Admin) -> Self {
        Self { tenant: admin.tenant, who: admin.by }
    }
}

/// The webhook in an address.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct OfWebhook(pub(super) Uuid);

impl FromRequestParts<State> for OfWebhook {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let found = RawPathParams::from_request_parts(parts, state).await;
        let found = found.map_err(|_no_text| Refusal::not_found())?;
        let id =
            found.iter().find(|(name, _)| *name == "webhook").and_then(|(_, id)| id.parse().ok());
        id.map(Self).ok_or(Refusal::not_found())
    }
}

/// The id of a message that was made.
#[derive(Debug, Serialize)]
pub(in crate::server) struct Sent {
    id: MessageId,
}

pub(in crate::server) async fn list(
    Of(state): Of<State>,
    admin: Admin,
) -> Result<Json<WebhookList>, Refusal> {
    let now = state.now();
    let reading = state.store.look_up(move |database| endpoint::list(database, &admin.tenant, now));
    Ok(Json(WebhookList { webhooks: reading.await? }))
}

pub(in crate::server) async fn post(
    Of(state): Of<State>,
    admin: Admin,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let asked = body::json(&headers, body).await?;
    let made = manage::make(&state, admin.into(), asked).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

pub(in crate::server) async fn one(
    Of(state): Of<State>,
    admin: Admin,
    OfWebhook(id): OfWebhook,
) -> Result<Json<Webhook>, Refusal> {
    Ok(Json(manage::find(&state, admin.tenant, id).await?))
}

pub(in crate::server) async fn delete(
    Of(state): Of<State>,
    admin: Admin,
    OfWebhook(id): OfWebhook,
) -> Result<StatusCode, Refusal> {
    manage::delete(&state, admin.into(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::server) async fn enable(
    Of(state): Of<State>,
    admin: Admin,
    OfWebhook(id): OfWebhook,
) -> Result<Json<Webhook>, Refusal> {
    Ok(Json(manage::enable(&state, admin.into(), id).await?))
}

pub(in crate::server) async fn disable(
    Of(state): Of<State>,
    admin: Admin,
    OfWebhook(id): OfWebhook,
) -> Result<Json<Webhook>, Refusal> {
    Ok(Json(manage::disable(&state, admin.into(), id).await?))
}

pub(in crate::server) async fn rotate(
    Of(state): Of<State>,
    admin: Admin,
    OfWebhook(id): OfWebhook,
) -> Result<Json<MadeWebhook>, Refusal> {
    Ok(Json(manage::rotate(&state, admin.into(), id).await?))
}

pub(in crate::server) async fn test(
    Of(state): Of<State>,
    admin: Admin,
    OfWebhook(id): OfWebhook,
) -> Result<Response, Refusal> {
    let id = manage::test(&state, admin.into(), id).await?;
    Ok((StatusCode::ACCEPTED, Json(Sent { id })).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct Which {
    state: Option<DeliveryState>,
}

pub(in crate::server) async fn deliveries(
    Of(state): Of<State>,
    admin: Admin,
    OfWebhook(id): OfWebhook,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<DeliveryList>, Refusal> {
    let Query(which) = which.map_err(|error| Refusal::parameter(error.body_text()))?;
    manage::find(&state, admin.tenant.clone(), id).await?;
    let key = (admin.tenant, id);
    let reading = state.store.look_up(move |database| line::list(database, &key, which.state));
    Ok(Json(DeliveryList { deliveries: reading.await? }))
}

pub(in crate::server) async fn send_again(
    Of(state): Of<State>,
    admin: Admin,
    ids: Result<Path<(Uuid, Uuid)>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    let Path((id, message)) = ids.map_err(|_no_ids| Refusal::not_found())?;
    manage::send_again(&state, admin.into(), (id, Some(MessageId(message)))).await?;
    Ok(StatusCode::ACCEPTED)
}
