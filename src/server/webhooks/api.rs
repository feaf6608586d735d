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
use utoipa::IntoParams;
use uuid::Uuid;

use crate::report::problem::CONTENT_TYPE_OF_PROBLEMS;
use crate::report::{
    DeliveryList, DeliveryState, MadeWebhook, MessageId, NewWebhook, Problem, Webhook, WebhookList,
};
use crate::server::State;
use crate::server::access::auth::Admin;
use crate::server::api::answers::{Asked, Guarded, Sent, Sought};
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
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::server) struct Queued {
    id: MessageId,
}

/// All webhooks, the newest first.
#[utoipa::path(
    get, path = "/v1/webhooks", operation_id = "list_webhooks", tag = "webhooks",
    responses(
        (status = 200, body = WebhookList),
        Guarded,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn list(
    Of(state): Of<State>,
    admin: Admin,
) -> Result<Json<WebhookList>, Refusal> {
    let now = state.now();
    let reading = state.store.look_up(move |database| endpoint::list(database, &admin.tenant, now));
    Ok(Json(WebhookList { webhooks: reading.await? }))
}

/// Makes a webhook; its secret stands in this answer alone.
#[utoipa::path(
    post, path = "/v1/webhooks", operation_id = "make_webhook", tag = "webhooks",
    request_body = NewWebhook,
    responses(
        (status = 201, body = MadeWebhook),
        (status = 409, description = "`too-many`: there are twenty.", body = Problem, content_type = CONTENT_TYPE_OF_PROBLEMS),
        Guarded,
        Sent,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
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

/// One webhook.
#[utoipa::path(
    get, path = "/v1/webhooks/{webhook}", operation_id = "get_webhook", tag = "webhooks",
    params(("webhook" = Uuid, Path)),
    responses(
        (status = 200, body = Webhook),
        Guarded,
        Sought,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn one(
    Of(state): Of<State>,
    admin: Admin,
    OfWebhook(id): OfWebhook,
) -> Result<Json<Webhook>, Refusal> {
    Ok(Json(manage::find(&state, admin.tenant, id).await?))
}

/// Deletes a webhook, with its messages.
#[utoipa::path(
    delete, path = "/v1/webhooks/{webhook}", operation_id = "delete_webhook", tag = "webhooks",
    params(("webhook" = Uuid, Path)),
    responses(
        (status = 204, description = "It is gone."),
        Guarded,
        Sought,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn delete(
    Of(state): Of<State>,
    admin: Admin,
    OfWebhook(id): OfWebhook,
) -> Result<StatusCode, Refusal> {
    manage::delete(&state, admin.into(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts a webhook in use again.
#[utoipa::path(
    post, path = "/v1/webhooks/{webhook}/enable", operation_id = "enable_webhook", tag = "webhooks",
    params(("webhook" = Uuid, Path)),
    responses(
        (status = 200, body = Webhook),
        Guarded,
        Sought,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn enable(
    Of(state): Of<State>,
    admin: Admin,
    OfWebhook(id): OfWebhook,
) -> Result<Json<Webhook>, Refusal> {
    Ok(Json(manage::enable(&state, admin.into(), id).await?))
}

/// Writes nothing for a webhook any more; what waited is given up.
#[utoipa::path(
    post, path = "/v1/webhooks/{webhook}/disable", operation_id = "disable_webhook", tag = "webhooks",
    params(("webhook" = Uuid, Path)),
    responses(
        (status = 200, body = Webhook),
        Guarded,
        Sought,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn disable(
    Of(state): Of<State>,
    admin: Admin,
    OfWebhook(id): OfWebhook,
) -> Result<Json<Webhook>, Refusal> {
    Ok(Json(manage::disable(&state, admin.into(), id).await?))
}

/// Makes another secret; for 24 hours the one before signs, too.
#[utoipa::path(
    post, path = "/v1/webhooks/{webhook}/rotate", operation_id = "rotate_webhook", tag = "webhooks",
    params(("webhook" = Uuid, Path)),
    responses(
        (status = 200, body = MadeWebhook),
        Guarded,
        Sought,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn rotate(
    Of(state): Of<State>,
    admin: Admin,
    OfWebhook(id): OfWebhook,
) -> Result<Json<MadeWebhook>, Refusal> {
    Ok(Json(manage::rotate(&state, admin.into(), id).await?))
}

/// Sends a ping.
#[utoipa::path(
    post, path = "/v1/webhooks/{webhook}/test", operation_id = "test_webhook", tag = "webhooks",
    params(("webhook" = Uuid, Path)),
    responses(
        (status = 202, body = Queued),
        (status = 400, description = "`malformed`: the webhook is disabled.", body = Problem, content_type = CONTENT_TYPE_OF_PROBLEMS),
        Guarded,
        Sought,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn test(
    Of(state): Of<State>,
    admin: Admin,
    OfWebhook(id): OfWebhook,
) -> Result<Response, Refusal> {
    let id = manage::test(&state, admin.into(), id).await?;
    Ok((StatusCode::ACCEPTED, Json(Queued { id })).into_response())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct Which {
    state: Option<DeliveryState>,
}

/// The newest 100 messages to a webhook.
#[utoipa::path(
    get, path = "/v1/webhooks/{webhook}/deliveries", operation_id = "list_deliveries", tag = "webhooks",
    params(("webhook" = Uuid, Path), Which),
    responses(
        (status = 200, body = DeliveryList),
        Guarded,
        Asked,
        Sought,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
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

/// Sends a message again that was given up.
#[utoipa::path(
    post, path = "/v1/webhooks/{webhook}/deliveries/{message}/resend", operation_id = "resend_delivery", tag = "webhooks",
    params(("webhook" = Uuid, Path), ("message" = MessageId, Path)),
    responses(
        (status = 202, description = "It is sent again."),
        (status = 400, description = "`malformed`: the webhook is disabled.", body = Problem, content_type = CONTENT_TYPE_OF_PROBLEMS),
        Guarded,
        Sought,
    ),
    security(("token" = ["admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn send_again(
    Of(state): Of<State>,
    admin: Admin,
    ids: Result<Path<(Uuid, Uuid)>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    let Path((id, message)) = ids.map_err(|_no_ids| Refusal::not_found())?;
    manage::send_again(&state, admin.into(), (id, Some(MessageId(message)))).await?;
    Ok(StatusCode::ACCEPTED)
}
