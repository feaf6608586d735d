//! `/sessions/{session}/report`: everything that is known of a session, to be printed and kept, and whether it
//! is as it was reported. That is checked when the page is made, from the bytes that agents sent.

use std::time::Duration;

use askama::Template;
use axum::extract::State as Of;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use rusqlite::Connection;

use crate::report::{
    Chain, Exam, Kind, SessionDetail, SessionId, SessionStatus, SessionSummary, StoredCommand,
    StoredInterval,
};
use crate::server::State;
use crate::server::access::auth::Theirs;
use crate::server::http::error::Refusal;
use crate::server::ingest::receipt::{Signer, vouch};
use crate::server::pages::{PageError, Who, flatten, render, say, script as script_of};
// The report gives out what the page of the session shows.
use crate::server::sessions::export::{self, Form};
use crate::server::sessions::page::{LISTED, drawn, legend};
use crate::server::sessions::timeline::{Timeline, layout};
use crate::server::store::check::{self, Fault};
use crate::server::store::reports::ingest::Target;
use crate::server::store::{StoreError, Tenant, command, exam, read};
use crate::trust::export::Export;
use crate::trust::verify::{self, Verified, verify};

#[derive(Template)]
#[template(path = "report.html", config = "src/server/askama.toml")]
struct ReportPage {
    who: Who,
    by: String,
    made_at: String,
    exam: Option<Exam>,
    detail: SessionDetail,
    session: SessionSummary,
    intervals: Vec<StoredInterval>,
    timeline: Timeline,
    legend: Vec<Kind>,
    policy: Vec<(String, String)>,
    commands: Vec<StoredCommand>,
    checked: Checked,
}

/// What a check of all that was reported has found.
#[derive(Debug, Default)]
struct Checked {
    chains: Vec<CheckedChain>,
    /// What of the server's tables is not as it was reported.
    faults: Vec<Fault>,
    public_key: Option<String>,
    server_key: Option<String>,
}

/// The reports of one incarnation.
#[derive(Debug)]
struct CheckedChain {
    head: Chain,
    found: Result<Verified, verify::Fault>,
}

impl Checked {
    fn is_good(&self) -> bool {
        self.faults.is_empty() && self.chains.iter().all(|chain| chain.found.is_ok())
    }

    fn reports(&self) -> u64 {
        self.chains.iter().map(|chain| chain.head.head_seq).sum()
    }
}

impl CheckedChain {
    /// The first report that is not as it must be.
    fn first_bad(&self) -> Option<u64> {
        let fault = self.found.as_ref().err()?;
        fault.at.map(|(_, seq)| seq)
    }
}

/// Checks each chain by itself: one that is broken hides no other. The receipts say how far each must reach.
fn check(
    database: &Connection,
    (tenant, session): (&Tenant, SessionId),
    (key, now): (&Signer, Timestamp),
) -> Result<Checked, StoreError> {
    let Some(kept) = check::of(database, tenant, session)? else { return Ok(Checked::default()) };
    let export = vouch(kept.export, &kept.heads, key, session, now)?;
    let alone = |chain| Export { chains: vec![chain], ..Export::clone(&export) };
    let chains = export.chains.iter().zip(kept.heads).map(|(chain, head)| {
        let found = verify(&alone(chain.clone()), None);
        CheckedChain { head, found }
    });
    Ok(Checked {
        chains: chains.collect(),
        faults: kept.faults,
        public_key: export.public_key.as_ref().map(ToString::to_string),
        server_key: export.server_key.as_ref().map(ToString::to_string),
    })
}

pub(in crate::server) async fn get(
    Of(state): Of<State>,
    theirs: Result<Theirs, Refusal>,
) -> Result<Response, PageError> {
    let (Theirs(proctor, session), now) = (theirs?, state.now());
    let (who, by, tenant) =
        (Who::of(&proctor, "sessions"), proctor.by.clone(), proctor.tenant.clone());
    let shared = state.clone();
    let reading = state.store.read(move |database| {
        let Some(detail) = read::session(database, &tenant, now, session)? else {
            return Ok(None);
        };
        let found = read::intervals(database, &tenant, now, session, (None, LISTED))?;
        let exam = match detail.summary.exam {
            Some(exam) => exam::find(database, &tenant, exam)?,
            None => None,
        };
        let checked = check(database, (&tenant, session), (&shared.signer, now))?;
        let commands = command::list(database, &Target { tenant, session, now })?;
        Ok(Some((detail, found.intervals, exam, checked, commands)))
    });
    let found = reading.await?.ok_or(Refusal::not_found())?;
    let (detail, intervals, exam, checked, commands) = found;
    export::note(&state, &proctor, session, Form::Report).await?;
    if !checked.is_good() {
        tracing::error!(%session, "a session is not as it was reported");
    }
    let gaps = detail.observed.as_ref().map_or(&[][..], |observed| &observed.gaps);
    let mut policy = Vec::new();
    flatten("", &detail.policy, &mut policy);
    let page = ReportPage {
        who,
        by,
        made_at: now.to_string(),
        exam,
        session: detail.summary.clone(),
        timeline: layout(&intervals, gaps, drawn(&detail.summary, now)),
        legend: legend(&intervals),
        detail,
        intervals,
        policy,
        commands,
        checked,
    };
    render(StatusCode::OK, &page)
}

pub(in crate::server) async fn style() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    (headers, include_str!("report.css"))
}

pub(in crate::server) async fn script() -> impl IntoResponse {
    script_of(include_str!("report.js"))
}
