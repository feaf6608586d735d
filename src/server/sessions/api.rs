//! `GET /v1/…`: what a proctor's program reads.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Of};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::report::{
    BATCH_CONTENT_TYPE, Event, ExamId, Incarnation, IntervalId, IntervalList, MAX_BATCH_EVENTS,
    SessionDetail, SessionId, SessionPage,
};
use crate::server::State;
use crate::server::access::auth::{Proctor, Theirs};
use crate::server::api::answers::{Asked, Guarded, Sought};
use crate::server::http::error::Refusal;
use crate::server::store::read::{self, Among};

/// Most of each on one page, and as many as there are when no `limit` is given.
const SESSIONS: u64 = 100;
const INTERVALS: u64 = 1_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server) struct PageOf {
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// `next` of the page before.
    #[param(value_type = Option<SessionId>)]
    after: Option<String>,
    /// Those of this exam alone.
    #[param(value_type = Option<ExamId>)]
    exam: Option<String>,
}

/// Sessions, the newest first.
#[utoipa::path(
    get, path = "/v1/sessions", operation_id = "list_sessions", tag = "sessions",
    params(PageOf),
    responses(
        (status = 200, body = SessionPage),
        Guarded,
        Asked,
    ),
    security(("token" = ["read", "audit", "admin"]), ("cookie" = ["proctor", "auditor", "admin"])),
)]
pub(in crate::server) async fn list(
    Of(state): Of<State>,
    proctor: Proctor,
    query: Result<Query<PageOf>, QueryRejection>,
) -> Result<Json<SessionPage>, Refusal> {
    let Query(PageOf { limit, after, exam }) = query.map_err(|query| unreadable(&query))?;
    let exam = exam.as_deref().map(exam_of).transpose()?;
    Ok(Json(page(&state, proctor, exam, (after.as_deref(), up_to(limit, SESSIONS)?)).await?))
}

/// An exam that is asked for by its id; one that is not theirs has no sessions.
pub(in crate::server) fn exam_of(id: &str) -> Result<ExamId, Refusal> {
    id.parse().map_err(|_no_id| Refusal::parameter("exam must be the id of an exam"))
}

pub(in crate::server) fn unreadable(query: &QueryRejection) -> Refusal {
    Refusal::parameter(query.body_text())
}

/// How many to give: as many as were asked for, or else as many as there may be on a page.
pub(in crate::server) fn up_to(limit: Option<u64>, most: u64) -> Result<u64, Refusal> {
    let limit = limit.unwrap_or(most);
    if (1..=most).contains(&limit) {
        Ok(limit)
    } else {
        Err(Refusal::parameter(format!("limit must lie between 1 and {most}")))
    }
}

/// A number as the database counts: what is beyond was never given.
pub(in crate::server) fn number(name: &str, number: u64) -> Result<u64, Refusal> {
    let most = i64::MAX as u64;
    let refusal = || Refusal::parameter(format!("{name} must lie between 0 and {most}"));
    Some(number).filter(|number| *number <= most).ok_or_else(refusal)
}

/// A page of the tenant's sessions, for the API and for the pages.
pub(in crate::server) async fn page(
    state: &State,
    proctor: Proctor,
    exam: Option<ExamId>,
    (after, limit): (Option<&str>, u64),
) -> Result<SessionPage, Refusal> {
    let unknown = || Refusal::parameter("after must be the id of a session");
    let after = match after {
        Some(id) => Some(crate::server::session_id(id).ok_or_else(unknown)?),
        None => None,
    };
    let (now, among) = (state.now(), Among { reach: proctor.reach, exam });
    let reading = state.store.read(move |database| {
        read::sessions_among(database, &proctor.tenant, now, (among, after, limit))
    });
    reading.await?.ok_or_else(unknown)
}

/// Everything about a session but its intervals and events.
#[utoipa::path(
    get, path = "/v1/sessions/{session}", operation_id = "get_session", tag = "sessions",
    params(("session" = SessionId, Path)),
    responses(
        (status = 200, body = SessionDetail),
        Guarded,
        Sought,
    ),
    security(("token" = ["read", "audit", "admin"]), ("cookie" = ["proctor", "auditor", "admin"])),
)]
pub(in crate::server) async fn detail(
    Of(state): Of<State>,
    Theirs(proctor, session): Theirs,
) -> Result<Json<SessionDetail>, Refusal> {
    let now = state.now();
    let reading =
        state.store.read(move |database| read::session(database, &proctor.tenant, now, session));
    reading.await?.map(Json).ok_or(Refusal::not_found())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server) struct IntervalsOf {
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// `next` of the page before.
    after: Option<Uuid>,
}

/// Intervals by their start, each as last reported.
#[utoipa::path(
    get, path = "/v1/sessions/{session}/intervals", operation_id = "list_intervals", tag = "sessions",
    params(("session" = SessionId, Path), IntervalsOf),
    responses(
        (status = 200, body = IntervalList),
        Guarded,
        Asked,
        Sought,
    ),
    security(("token" = ["read", "audit", "admin"]), ("cookie" = ["proctor", "auditor", "admin"])),
)]
pub(in crate::server) async fn intervals(
    Of(state): Of<State>,
    Theirs(proctor, session): Theirs,
    query: Result<Query<IntervalsOf>, QueryRejection>,
) -> Result<Json<IntervalList>, Refusal> {
    let Query(IntervalsOf { limit, after }) = query.map_err(|query| unreadable(&query))?;
    let now = state.now();
    let page = (after.map(IntervalId), up_to(limit, INTERVALS)?);
    let reading = state.store.read(move |database| {
        let known = read::session(database, &proctor.tenant, now, session)?.is_some();
        let intervals = read::intervals(database, &proctor.tenant, now, session, page)?;
        Ok(known.then_some(intervals))
    });
    Ok(Json(reading.await?.ok_or(Refusal::not_found())?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server) struct EventsOf {
    /// May be left out when the session has only one.
    incarnation: Option<Uuid>,
    #[serde(default)]
    after_seq: u64,
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

/// The stored bytes, as a batch.
#[utoipa::path(
    get, path = "/v1/sessions/{session}/events", operation_id = "list_events", tag = "sessions",
    params(("session" = SessionId, Path), EventsOf),
    responses(
        (status = 200, description = "Byte by byte as they were received.", body = Vec<Event>, content_type = "application/cloudevents-batch+json"),
        Guarded,
        Asked,
        Sought,
    ),
    security(("token" = ["read", "audit", "admin"]), ("cookie" = ["proctor", "auditor", "admin"])),
)]
pub(in crate::server) async fn events(
    Of(state): Of<State>,
    Theirs(proctor, session): Theirs,
    query: Result<Query<EventsOf>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(EventsOf { incarnation, after_seq, limit }) =
        query.map_err(|query| unreadable(&query))?;
    let limit = up_to(limit, MAX_BATCH_EVENTS as u64)?;
    let after_seq = number("after_seq", after_seq)?;
    let reading = state.store.read(move |database| {
        let chains = read::chains(database, &proctor.tenant, session)?;
        let incarnation = match (incarnation.map(Incarnation), &chains[..]) {
            (_, []) => return Ok(Err(Refusal::not_found())),
            (Some(incarnation), _) => incarnation,
            (None, [only]) => only.incarnation,
            (None, _) => {
                return Ok(Err(Refusal::parameter(
                    "the session has several incarnations: choose one by incarnation",
                )));
            }
        };
        let page = (after_seq, limit);
        read::events(database, &proctor.tenant, session, incarnation, page).map(Ok)
    });
    let events = reading.await??;
    let body = [b"[", events.join(&b","[..]).as_slice(), b"]"].concat();
    Ok(([(CONTENT_TYPE, BATCH_CONTENT_TYPE)], body).into_response())
}
