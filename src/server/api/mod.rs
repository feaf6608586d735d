//! The API: every address below `/v1`, and its description (`OpenAPI` 3.1), which is made of the same lines.
//!
//! An operation is described where it is done, above its function; `answers` has the refusals that many
//! share. The document is served, and stands in docs/openapi.json, where a test compares it.

pub(super) mod answers;

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::report::Problem;
use crate::server::State;
use crate::server::access::credentials::COOKIE_NAME;
use crate::server::access::{accounts_api, api_tokens};
use crate::server::{exams, ingest, record, roster, sessions, webhooks};

const ABOUT: &str = "Reports of presence in exams taken at home: agents send them, proctors read them. \
What the members mean stands in docs/PROTOCOL.md. \
The roles at `token` are scopes of bearer tokens, those at `cookie` are roles of accounts. \
What somebody has nothing to do with does not exist for them (404).";

/// Every address below `/v1`. There is no other way to add one.
pub(super) fn router() -> OpenApiRouter<State> {
    OpenApiRouter::with_openapi(head())
        .routes(routes!(description))
        .routes(routes!(ingest::receipt::server_key))
        .routes(routes!(ingest::enrol::post))
        .routes(routes!(sessions::api::list, exams::issue::post))
        .routes(routes!(sessions::api::detail, sessions::erase::delete))
        .routes(routes!(sessions::api::intervals))
        .routes(routes!(sessions::export::table))
        .routes(routes!(sessions::review::post))
        .routes(routes!(sessions::api::events, ingest::events::post))
        .routes(routes!(sessions::export::signed))
        .routes(routes!(ingest::heartbeat::post))
        .routes(routes!(sessions::commands::list, sessions::commands::post))
        .routes(routes!(roster::stream::get))
        .routes(routes!(exams::api::list, exams::api::post))
        .routes(routes!(exams::api::detail))
        .routes(routes!(exams::api::put_policy))
        .routes(routes!(exams::api::put_language))
        .routes(routes!(exams::api::post_close))
        .routes(routes!(exams::candidates::post))
        .routes(routes!(api_tokens::list, api_tokens::post))
        .routes(routes!(api_tokens::delete))
        .routes(routes!(accounts_api::list, accounts_api::post))
        .routes(routes!(accounts_api::detail, accounts_api::patch))
        .routes(routes!(accounts_api::put_exams))
        .routes(routes!(accounts_api::post_link))
        .routes(routes!(webhooks::api::list, webhooks::api::post))
        .routes(routes!(webhooks::api::one, webhooks::api::delete))
        .routes(routes!(webhooks::api::enable))
        .routes(routes!(webhooks::api::disable))
        .routes(routes!(webhooks::api::rotate))
        .routes(routes!(webhooks::api::test))
        .routes(routes!(webhooks::api::deliveries))
        .routes(routes!(webhooks::api::send_again))
        .routes(routes!(record::list))
        .routes(routes!(record::check))
}

fn head() -> OpenApi {
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "A token: scope `write` reports, `read` watches and acts, `audit` watches, `manage` makes exams \
         and issues sessions, `admin` does all but report.",
    ));
    let cookie = ApiKeyValue::with_description(COOKIE_NAME, "Of a browser that is signed in.");
    let components = ComponentsBuilder::new()
        .schema_from::<Problem>()
        .security_scheme("token", SecurityScheme::Http(token.build()))
        .security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let licence =
        LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0"));
    let info = InfoBuilder::new().title("InView").version("1").description(Some(ABOUT));
    let tags = [
        ("agents", "What agents say, and what they are answered."),
        ("sessions", "Sessions, what was reported of them, and what proctors do about it."),
        ("exams", "Exams, and the sessions that are issued for them."),
        ("access", "Accounts and tokens."),
        ("webhooks", "What is told to other systems, and to whom."),
        ("record", "Who did what."),
        ("about", "The server itself."),
    ];
    let tags =
        tags.map(|(name, what)| TagBuilder::new().name(name).description(Some(what)).build());
    OpenApiBuilder::new()
        .info(info.license(Some(licence.build())).build())
        .components(Some(components.build()))
        .tags(Some(tags))
        .build()
}

/// The description of every address below `/v1`.
pub fn document() -> OpenApi {
    let mut document = router().into_openapi();
    for item in document.paths.paths.values_mut() {
        for read in [&mut item.get].into_iter().flatten() {
            complete(read);
        }
        let change = [&mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for change in change.into_iter().flatten() {
            complete(change);
            let foreign = "`foreign-origin`: another site's page sent it.";
            let refused = change.responses.responses.entry("403".to_owned());
            refused.or_insert_with(|| answers::refusal(foreign));
        }
    }
    document
}

/// Adds what any operation may answer.
fn complete(operation: &mut Operation) {
    let answers = &mut operation.responses.responses;
    for answer in answers.values_mut() {
        if let RefOr::T(answer) = answer
            && answer.description.is_empty()
        {
            "As asked for.".clone_into(&mut answer.description);
        }
    }
    answers.insert("500".to_owned(), answers::refusal("`internal`: the server failed: try again."));
    let busy = "`busy`: too much at once; `Retry-After` has the seconds to wait.";
    answers.insert("503".to_owned(), answers::refusal(busy));
}

/// The document as it is served and kept, if it can be written at all.
pub fn text() -> Option<&'static str> {
    static TEXT: LazyLock<Option<String>> =
        LazyLock::new(|| document().to_pretty_json().ok().map(|text| text + "\n"));
    TEXT.as_deref()
}

/// This description.
#[utoipa::path(
    get, path = "/v1/openapi.json", operation_id = "description", tag = "about",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)),
)]
async fn description() -> Result<impl IntoResponse, super::Refusal> {
    let text = text().ok_or_else(super::Refusal::internal)?;
    Ok(([(CONTENT_TYPE, "application/json")], text))
}
