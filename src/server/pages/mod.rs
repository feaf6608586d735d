//! What the pages have in common: who looks, how they are drawn, and what is said when one is refused.

pub(super) mod say;
pub(super) mod texture;

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde_json::Value;

use crate::report::Issued;
use crate::server::access::auth::{Auditor, Proctor};
use crate::server::access::credentials;
use crate::server::http::error::Refusal;
use crate::server::store;

/// A refusal, for a person.
#[derive(Debug)]
pub(super) struct PageError(Refusal);

impl From<Refusal> for PageError {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl From<store::StoreError> for PageError {
    fn from(error: store::StoreError) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let status = self.0.status();
        if status == StatusCode::UNAUTHORIZED {
            return Redirect::to("/login").into_response();
        }
        let (title, detail) = (say::problem(self.0.title()), self.0.detail().map(say::problem));
        match (ErrorPage { title, detail }).render() {
            Ok(page) => (status, Html(page)).into_response(),
            Err(_) => self.0.into_response(),
        }
    }
}

#[derive(Template)]
#[template(path = "error.html", config = "src/server/askama.toml")]
struct ErrorPage {
    title: String,
    detail: Option<String>,
}

/// Who looks at a page, and at which: for the line at its top.
#[derive(Clone, Debug)]
pub(super) struct Who {
    pub(super) name: Option<String>,
    pub(super) is_admin: bool,
    /// Reads the record of who did what.
    pub(super) audits: bool,
    here: &'static str,
}

impl Who {
    pub(super) fn of(proctor: &Proctor, here: &'static str) -> Self {
        let name = proctor.account.as_ref().map(|account| account.name.clone());
        let audits = Auditor::of(proctor).is_ok();
        Self { name, is_admin: proctor.is_admin(), audits, here }
    }

    pub(super) fn is_at(&self, page: &str) -> bool {
        self.here == page
    }
}

#[derive(Template)]
#[template(path = "issued.html", config = "src/server/askama.toml")]
struct IssuedPage {
    who: Who,
    issued: Issued,
}

/// A form that is sent twice has the same key twice.
pub(super) fn form_key() -> Result<String, Refusal> {
    credentials::new_secret().map(|secret| secret.reveal().clone()).map_err(|error| {
        tracing::error!(%error, "no randomness");
        Refusal::internal()
    })
}

/// The code of a session that was issued: this page alone shows it.
pub(super) fn issued(who: Who, issued: Issued) -> Result<Response, PageError> {
    render(StatusCode::CREATED, &IssuedPage { who, issued })
}

pub(super) async fn style() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    (headers, include_str!("../templates/style.css"))
}

pub(super) fn script(text: &'static str) -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    (headers, text)
}

pub(super) fn render(status: StatusCode, page: &impl Template) -> Result<Response, PageError> {
    let page = page.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be made");
        Refusal::internal()
    })?;
    Ok((status, Html(page)).into_response())
}

/// A policy as names and values: `face.enter`, `0.7`.
pub(super) fn flatten(prefix: &str, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let dot = if prefix.is_empty() { "" } else { "." };
                flatten(&format!("{prefix}{dot}{name}"), value, into);
            }
        }
        Value::Null if prefix.is_empty() => {}
        Value::String(text) => into.push((prefix.to_owned(), text.clone())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            into.push((prefix.to_owned(), value.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_a_list_of_names_and_values() {
        let policy = serde_json::json!({"version": "a", "face": {"enter": 0.7}, "list": [1]});
        let mut found = Vec::new();
        flatten("", &policy, &mut found);
        let found: Vec<_> = found.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(found, ["face.enter=0.7", "list=[1]", "version=a"]);
        let mut none = Vec::new();
        flatten("", &Value::Null, &mut none);
        assert!(none.is_empty());
    }
}
