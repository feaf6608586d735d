//! `/audit`: the record for a person, to be searched.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Of};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::watch::{self, Extent, Looked};
use super::{AuditOf, found};
use crate::report::{AuditEntry, Hash};
use crate::server::State;
use crate::server::access::auth::{Auditor, Browser};
use crate::server::http::error::Refusal;
use crate::server::pages::{PageError, Who, render, say};
use crate::server::store::audit::{Checked, Deed};

#[derive(Template)]
#[template(path = "audit.html", config = "src/server/askama.toml")]
struct RecordPage {
    who: Who,
    entries: Vec<AuditEntry>,
    /// The address of the page behind this one.
    next: Option<String>,
    form: Search,
    deeds: Vec<String>,
    looked: Looked,
    fault: Option<String>,
}

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::server) struct Search {
    by: String,
    did: String,
    session: String,
    /// Days or times, in UTC.
    from: String,
    to: String,
    after: String,
    /// `all`: check all rows, and not only the new ones.
    check: String,
}

impl Search {
    fn asks(&self) -> Result<AuditOf, Refusal> {
        let typed = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let after = typed(&self.after).map(|after| after.parse()).transpose();
        Ok(AuditOf {
            limit: None,
            after: after.map_err(|_no_number| Refusal::parameter("after must be a number"))?,
            who: typed(&self.by),
            did: typed(&self.did),
            session: typed(&self.session),
            from: typed(&self.from).map(|text| time(&text)),
            to: typed(&self.to).map(|text| time(&text)),
        })
    }

    fn behind(&self, after: u64) -> String {
        let fields = [
            ("by", &self.by),
            ("did", &self.did),
            ("session", &self.session),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields.into_iter().filter(|(_, text)| !text.is_empty()));
        query.append_pair("after", &after.to_string());
        format!("/audit?{}", query.finish())
    }
}

/// A field of a browser has no seconds and no zone: it is UTC.
fn time(typed: &str) -> String {
    match typed.len() {
        10 => format!("{typed}T00:00:00Z"),
        16 => format!("{typed}:00Z"),
        19 => format!("{typed}Z"),
        _ => typed.to_owned(),
    }
}

/// Whether rows have their hashes: one that is shown is looked at, however long ago it was checked.
fn are_as_written(entries: &[AuditEntry]) -> bool {
    entries.iter().all(|entry| Hash::of(entry.body.as_bytes()) == entry.hash)
}

pub(in crate::server) async fn get(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    query: Result<Query<Search>, QueryRejection>,
) -> Result<Response, PageError> {
    let Browser(proctor) = browser?;
    let Auditor { tenant } = Auditor::of(&proctor)?;
    let Query(form) = query.map_err(|error| Refusal::parameter(error.body_text()))?;
    let asked = match form.asks() {
        Ok(asked) => found(&state, tenant, asked).await,
        Err(refusal) => Err(refusal),
    };
    let (status, page, fault) = match asked {
        Ok(page) => (StatusCode::OK, Some(page), None),
        Err(refusal) if refusal.status() == StatusCode::BAD_REQUEST => {
            let fault = say::problem(refusal.detail().unwrap_or(refusal.title()));
            (StatusCode::BAD_REQUEST, None, Some(fault))
        }
        Err(refusal) => return Err(refusal.into()),
    };
    let entries = page.as_ref().map_or(&[][..], |page| &page.entries);
    let extent =
        if form.check == "all" || !are_as_written(entries) { Extent::All } else { Extent::New };
    let next = page.as_ref().and_then(|page| page.next).map(|next| form.behind(next));
    let page = RecordPage {
        who: Who::of(&proctor, "audit"),
        entries: page.map_or(Vec::new(), |page| page.entries),
        next,
        form,
        deeds: Deed::names(),
        looked: watch::look(&state, extent).await?,
        fault,
    };
    render(status, &page)
}
