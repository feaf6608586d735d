//! `/sessions/{session}`: the page of one session.

use std::time::Duration;

use askama::Template;
use axum::extract::State as Of;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use crate::report::{
    Kind, MAX_EXTENSION_MINUTES, MAX_NOTE_CHARS, MAX_TEXT_CHARS, Phase, SessionDetail,
    SessionStatus, SessionSummary, StoredCommand, StoredInterval,
};
use crate::server::State;
use crate::server::access::auth::Theirs;
use crate::server::http::error::Refusal;
use crate::server::pages::{PageError, Who, flatten, form_key, render, say, script as script_of};
use crate::server::roster::viewer::{Only, Viewer};
use crate::server::sessions::timeline::{Timeline, layout};
use crate::server::store::reports::ingest::Target;
use crate::server::store::{command, read};
use crate::time::MediaTime;

/// Intervals of a session that are drawn on its page: a page stays a page whatever an agent reports.
/// More than this is an interval every few seconds for hours.
pub(super) const LISTED: u64 = 5_000;

#[derive(Template)]
#[template(path = "session.html", config = "src/server/askama.toml")]
struct SessionPage {
    /// Where the stream goes on.
    place: String,
    who: Who,
    detail: SessionDetail,
    session: SessionSummary,
    intervals: Vec<StoredInterval>,
    timeline: Timeline,
    legend: Vec<Kind>,
    policy: Vec<(String, String)>,
    commands: Vec<StoredCommand>,
    /// Administrators erase what candidates ask for.
    erases: bool,
    /// Auditors judge no alert.
    judges: bool,
    /// Whoever might ask something of it reads why nobody can any more.
    is_over: bool,
    /// For each form that may be used, the key of what it sends.
    message_key: Option<String>,
    start_key: Option<String>,
    check_key: Option<String>,
    /// Where an end is planned.
    extend_key: Option<String>,
    end_key: Option<String>,
}

pub(in crate::server) async fn get(
    Of(state): Of<State>,
    theirs: Result<Theirs, Refusal>,
) -> Result<Response, PageError> {
    let (Theirs(proctor, session), now) = (theirs?, state.now());
    // Before anything is read: what changes meanwhile comes again.
    let version = state.board.version();
    let viewer = Viewer::of(&state, &proctor, Only::default()).await?;
    let (who, acts) = (Who::of(&proctor, "sessions"), proctor.must_act().is_ok());
    // The form is of browsers; tokens have the API.
    let erases = proctor.is_admin();
    let reading = state.store.read(move |database| {
        let detail = read::session(database, &proctor.tenant, now, session)?;
        let found = read::intervals(database, &proctor.tenant, now, session, (None, LISTED))?;
        let commands = command::list(database, &Target { tenant: proctor.tenant, session, now })?;
        Ok(detail.map(|detail| (detail, found.intervals, commands)))
    });
    let (detail, intervals, commands) = reading.await?.ok_or(Refusal::not_found())?;
    let phase = detail.summary.liveness.as_ref().map(|liveness| liveness.phase);
    // An agent that sends no heartbeats hears of nothing.
    let hears = phase.filter(|_| acts && detail.summary.status != SessionStatus::Ended);
    let is_over = acts && phase.is_some() && hears.is_none();
    let key_of = |may: bool| may.then(form_key).transpose();
    let is_in = |phases: &[Phase]| hears.is_some_and(|phase| phases.contains(&phase));
    let goes_on = is_in(&[Phase::CheckIn, Phase::Exam]);
    let gaps = detail.observed.as_ref().map_or(&[][..], |observed| &observed.gaps);
    let has_end = detail.summary.planned_ms.is_some();
    let mut policy = Vec::new();
    flatten("", &detail.policy, &mut policy);
    let page = SessionPage {
        place: state.board.id(version, &viewer),
        who,
        session: detail.summary.clone(),
        timeline: layout(&intervals, gaps, drawn(&detail.summary, now)),
        legend: legend(&intervals),
        detail,
        intervals,
        policy,
        commands,
        erases,
        judges: acts,
        is_over,
        message_key: key_of(hears.is_some())?,
        start_key: key_of(is_in(&[Phase::CheckIn]))?,
        check_key: key_of(goes_on)?,
        extend_key: key_of(goes_on && has_end)?,
        end_key: key_of(is_in(&[Phase::Exam]))?,
    };
    render(StatusCode::OK, &page)
}

/// How much of a session is drawn: of one that has fallen silent, the silence too.
pub(super) fn drawn(session: &SessionSummary, now: Timestamp) -> MediaTime {
    let last = session.last_contact.as_deref().and_then(|last| last.parse::<Timestamp>().ok());
    match (session.status, session.liveness.is_some(), last) {
        (SessionStatus::Silent, true, Some(last)) => {
            let silence = Duration::try_from(now.duration_since(last)).unwrap_or_default();
            session.duration_ms + silence
        }
        _ => session.duration_ms,
    }
}

/// Kinds that occur, in their own order.
pub(super) fn legend<'a>(intervals: impl IntoIterator<Item = &'a StoredInterval>) -> Vec<Kind> {
    let mut kinds: Vec<Kind> =
        intervals.into_iter().map(|stored| stored.report.interval.kind).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

pub(in crate::server) async fn timeline_script() -> impl IntoResponse {
    script_of(include_str!("timeline.js"))
}

pub(in crate::server) async fn script() -> impl IntoResponse {
    script_of(include_str!("session.js"))
}
