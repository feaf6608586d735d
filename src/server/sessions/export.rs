//! A session for elsewhere: signed, for whoever checks it without this server, and as a table. That it was
//! given out stands in the record.

use axum::Json;
use axum::extract::State as Of;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;

use crate::report::{Family, IntervalReport, SessionId, StoredInterval};
use crate::server::State;
use crate::server::access::auth::{Proctor, Theirs};
use crate::server::api::answers::{Guarded, Sought};
use crate::server::http::error::Refusal;
use crate::server::http::table::{self, inert};
use crate::server::ingest::receipt::vouch;
use crate::server::store::audit::{self, Deed, Entry};
use crate::server::store::{StoreError, export, read};
use crate::trust::export::Export;

/// As many intervals as a session can have: a table that leaves some out would be no export.
const ALL: u64 = 10_000_000;

/// What is given out, by its name in the record.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Signed,
    Table,
    Report,
}

/// Writes down that a session was given out.
pub(super) async fn note(
    state: &State,
    proctor: &Proctor,
    session: SessionId,
    form: Form,
) -> Result<(), StoreError> {
    let (tenant, who, at) = (proctor.tenant.clone(), proctor.by.clone(), state.now());
    let detail = match form {
        Form::Signed => "signed",
        Form::Table => "table",
        Form::Report => "report",
    };
    let writing = state.store.write_aside(move |database| {
        let (did, session) = (Deed::SessionExported, Some(session));
        audit::note(database, &Entry { at, tenant: &tenant, who: &who, did, session, detail })
    });
    writing.await
}

/// All events of the session, in a form that can be checked without this server.
#[utoipa::path(
    get, path = "/v1/sessions/{session}/export", operation_id = "export_session", tag = "sessions",
    params(("session" = SessionId, Path)),
    responses(
        (status = 200, body = Export),
        Guarded,
        Sought,
    ),
    security(("token" = ["read", "audit", "admin"]), ("cookie" = ["proctor", "auditor", "admin"])),
)]
pub(in crate::server) async fn signed(
    Of(state): Of<State>,
    Theirs(proctor, session): Theirs,
) -> Result<Json<Export>, Refusal> {
    let (now, tenant) = (state.now(), proctor.tenant.clone());
    let reading = state.store.read(move |database| export::export(database, &tenant, session));
    let (export, heads) = reading.await?.ok_or(Refusal::not_found())?;
    note(&state, &proctor, session, Form::Signed).await?;
    Ok(Json(vouch(export, &heads, &state.signer, session, now)?))
}

/// All intervals of the session as a table, with what proctors made of them.
#[utoipa::path(
    get, path = "/v1/sessions/{session}/intervals.csv", operation_id = "export_intervals", tag = "sessions",
    params(("session" = SessionId, Path)),
    responses(
        (status = 200, description = "CSV (RFC 4180) in UTF-8. What people have written and begins like a formula has an apostrophe before it.", body = String, content_type = "text/csv"),
        Guarded,
        Sought,
    ),
    security(("token" = ["read", "audit", "admin"]), ("cookie" = ["proctor", "auditor", "admin"])),
)]
pub(in crate::server) async fn table(
    Of(state): Of<State>,
    Theirs(proctor, session): Theirs,
) -> Result<Response, Refusal> {
    let (now, tenant) = (state.now(), proctor.tenant.clone());
    let reading = state.store.read(move |database| {
        let known = read::summary(database, &tenant, now, session)?.is_some();
        let found = read::intervals(database, &tenant, now, session, (None, ALL))?;
        Ok(known.then_some(found.intervals))
    });
    let intervals = reading.await?.ok_or(Refusal::not_found())?;
    note(&state, &proctor, session, Form::Table).await?;
    let rows = intervals.iter().map(|stored| row(stored, now));
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"intervals-{session}.csv\"")),
    ];
    Ok((headers, table::csv(COLUMNS, rows)?).into_response())
}

const COLUMNS: [&str; 21] = [
    "interval",
    "kind",
    "family",
    "start_ms",
    "end_ms",
    "duration_ms",
    "open",
    "start_utc",
    "end_utc",
    "confidence",
    "closed_by",
    "frames_looked_at",
    "frames_skipped",
    "alert",
    "told_afterwards",
    "source",
    "policy_version",
    "verdict",
    "note",
    "reviewed_by",
    "reviewed_at",
];

/// One interval. An open one has no end, and lasts until now.
fn row(stored: &StoredInterval, now: Timestamp) -> [String; COLUMNS.len()] {
    let StoredInterval { report, incarnation, alert, told_afterwards, review } = stored;
    let IntervalReport { interval, start_utc, end_utc, policy_version, .. } = report;
    let started = start_utc.as_deref().and_then(|start| start.parse::<Timestamp>().ok());
    let lasts = match interval.end_ms {
        Some(end) => Some(end.since(interval.start_ms).as_millis().to_string()),
        None => started.map(|start| now.duration_since(start).as_millis().max(0).to_string()),
    };
    let yes = |holds: bool| if holds { "yes" } else { "no" }.to_owned();
    let text = |text: Option<&str>| text.map(inert).unwrap_or_default();
    // A silence is what the server noticed: nobody looked, and nobody is more or less sure.
    let seen = |figure: String| if incarnation.is_some() { figure } else { String::new() };
    [
        interval.id.to_string(),
        interval.kind.as_str().to_owned(),
        match interval.kind.family() {
            Family::Presence => "presence",
            Family::CouldNotLook => "could_not_look",
            Family::Information => "information",
        }
        .to_owned(),
        interval.start_ms.as_millis().to_string(),
        interval.end_ms.map(|end| end.as_millis().to_string()).unwrap_or_default(),
        lasts.unwrap_or_default(),
        yes(interval.end_ms.is_none()),
        text(start_utc.as_deref()),
        text(end_utc.as_deref()),
        seen(format!("{:.3}", interval.confidence)),
        interval.closed_by.map_or("", |closed_by| closed_by.as_str()).to_owned(),
        seen(interval.frames_looked_at.to_string()),
        seen(interval.frames_skipped.to_string()),
        yes(*alert),
        yes(*told_afterwards),
        if incarnation.is_some() { "agent" } else { "server" }.to_owned(),
        inert(policy_version),
        review.as_ref().map_or("", |review| review.verdict.as_str()).to_owned(),
        text(review.as_ref().map(|review| review.note.as_str())),
        text(review.as_ref().map(|review| review.by.as_str())),
        review.as_ref().map(|review| review.at.clone()).unwrap_or_default(),
    ]
}
