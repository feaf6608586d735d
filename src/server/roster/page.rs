//! `/`: the roster as a page. Without its script it shows the same, and is loaded again by itself.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Of};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::row::View;
use super::standing::State as Standing;
use super::viewer::{Only, Viewer};
use crate::report::{ExamId, Kind, SessionId};
use crate::server::State;
use crate::server::access::auth::Proctor;
use crate::server::exams;
use crate::server::http::error::Refusal;
use crate::server::pages::{PageError, Who, render, say};
use crate::server::sessions::{self, api::exam_of};
use crate::server::store::{StoreError, roster};

/// Sessions on one page, the newest ones.
const SESSIONS: u64 = 1_000;
/// Exams that can be chosen, the newest ones.
const EXAMS: u64 = 100;

#[derive(Template)]
#[template(path = "roster.html", config = "src/server/askama.toml")]
struct RosterPage {
    who: Who,
    may_issue: bool,
    judges: bool,
    /// Those that can be chosen, and the one that was.
    exams: Vec<(ExamId, String)>,
    exam: Option<ExamId>,
    rooms: BTreeSet<String>,
    /// Each is HTML.
    rows: Vec<String>,
    /// How many are in each state.
    states: Vec<(Standing, usize)>,
    /// Alerts that nobody has looked at.
    new: usize,
    legend: Vec<Kind>,
    next: Option<SessionId>,
    first: bool,
    /// Where the stream goes on.
    place: String,
    now_ms: i64,
}

#[derive(Debug, Deserialize)]
pub(in crate::server) struct PageOf {
    after: Option<String>,
    exam: Option<String>,
}

pub(in crate::server) async fn get(
    Of(state): Of<State>,
    proctor: Result<Proctor, Refusal>,
    query: Result<Query<PageOf>, QueryRejection>,
) -> Result<Response, PageError> {
    let proctor = proctor?;
    let Query(PageOf { after, exam }) =
        query.map_err(|error| Refusal::parameter(error.body_text()))?;
    // The form sends it empty when none was chosen.
    let exam = exam.filter(|exam| !exam.is_empty());
    let exam = exam.as_deref().map(exam_of).transpose()?;
    let exams = exams_of(&state, &proctor, exam).await?;
    let viewer = Viewer::of(&state, &proctor, Only { exam, session: None }).await?;
    let (who, may_issue) = (Who::of(&proctor, "sessions"), proctor.may_issue());
    // Before anything is read: what changes meanwhile comes again.
    let version = state.board.version();
    let found =
        sessions::api::page(&state, proctor.clone(), exam, (after.as_deref(), SESSIONS)).await?;
    let (now, next) = (state.now(), found.next);
    let reading = state.store.read(move |database| {
        let facts = found
            .sessions
            .into_iter()
            .map(|summary| roster::facts_of(database, &proctor.tenant, now, summary));
        facts.collect::<Result<Vec<_>, StoreError>>()
    });
    let facts = reading.await?;
    let mut views: Vec<View<'_>> =
        facts.iter().map(|facts| View::new(facts, now, viewer.judges)).collect();
    views.sort_by(|one, other| one.standing.compare(&one.name, (&other.standing, &other.name)));
    let mut states: BTreeMap<Standing, usize> = BTreeMap::new();
    for view in &views {
        *states.entry(view.standing.state).or_default() += 1;
    }
    let rows = views.iter().map(askama::Template::render).collect::<Result<_, _>>();
    let rooms = facts.iter().filter_map(|facts| facts.summary.room.clone()).collect();
    let page = RosterPage {
        who,
        may_issue,
        judges: viewer.judges,
        exams,
        exam,
        rooms,
        rows: rows.map_err(|error| {
            tracing::error!(%error, "a row cannot be made");
            Refusal::internal()
        })?,
        states: Standing::ALL.map(|it| (it, states.get(&it).copied().unwrap_or_default())).into(),
        new: views.iter().filter(|view| view.is_new()).count(),
        legend: Kind::ALL.into(),
        next,
        first: after.is_none(),
        place: state.board.id(version, &viewer),
        now_ms: now.as_millisecond(),
    };
    render(StatusCode::OK, &page)
}

/// Exams within reach, and the one that was chosen, which must be.
async fn exams_of(
    state: &State,
    proctor: &Proctor,
    chosen: Option<ExamId>,
) -> Result<Vec<(ExamId, String)>, Refusal> {
    let (tenant, reach) = (&proctor.tenant, proctor.reach);
    let found = exams::api::listed(state, tenant.clone(), reach, (None, EXAMS)).await?;
    let mut exams: Vec<_> = found.exams.into_iter().map(|exam| (exam.exam, exam.name)).collect();
    if let Some(chosen) = chosen {
        let chosen = exams::api::find(state, tenant, reach, chosen).await?;
        if exams.iter().all(|(exam, _)| *exam != chosen.exam) {
            exams.push((chosen.exam, chosen.name));
        }
    }
    Ok(exams)
}

pub(in crate::server) async fn script() -> impl IntoResponse {
    asset("text/javascript; charset=utf-8", include_str!("roster.js"))
}

pub(in crate::server) async fn review_script() -> impl IntoResponse {
    asset("text/javascript; charset=utf-8", include_str!("review.js"))
}

pub(in crate::server) async fn style() -> impl IntoResponse {
    asset("text/css; charset=utf-8", include_str!("roster.css"))
}

fn asset(media_type: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, media_type), (CACHE_CONTROL, "no-cache")], text)
}
