//! `GET /join/{code}`: where the link of a session leads in a browser. Uses nothing up, and does not
//! say whether there is such a code: only the agent finds out.

use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::redact::Pii;
use crate::report::{Hash, JoinCode, agent_link};
use crate::server::http::error::Refusal;
use crate::server::http::origin::Origin;
use crate::server::pages::{self, PageError};
use crate::server::words;
use crate::words::Language;

#[derive(Template)]
#[template(path = "join.html", config = "src/server/askama.toml")]
struct JoinPage {
    server: String,
    code: JoinCode,
    agent_link: Pii<String>,
}

/// What a link says: of the server's key, which is passed on to the agent, and of the language.
#[derive(Debug, Default, Deserialize)]
pub(in crate::server) struct Said {
    pin: Option<Hash>,
    lang: Option<String>,
}

pub(in crate::server) async fn page(
    code: Result<Path<String>, PathRejection>,
    said: Result<Query<Said>, QueryRejection>,
    origin: Result<Origin, Refusal>,
) -> Result<Response, PageError> {
    let code = code.ok().and_then(|Path(code)| code.parse::<JoinCode>().ok());
    let (code, Origin(server)) = (code.ok_or(Refusal::not_found())?, origin?);
    let Said { pin, lang } = said.map(|Query(said)| said).unwrap_or_default();
    let agent_link = Pii::new(agent_link(&server, &code, pin));
    let language = lang.as_deref().and_then(Language::of_tag).unwrap_or_else(words::language);
    let page = JoinPage { server, code, agent_link };
    words::within(language, || pages::render(StatusCode::OK, &page))
}
