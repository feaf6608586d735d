//! `POST /v1/sessions/{session}/intervals/{interval}/review`, and the forms of the pages.
//!
//! | answer | when |
//! |---|---|
//! | 201 and the review | it is kept |
//! | 200 and the review | the same credential said the same last |
//! | 400 malformed | the body is none, or the note is too long |
//! | 403 role | an auditor asks: auditors judge nothing |
//! | 404 | they have nothing to do with such an interval |
//! | 409 too-many | the session has 10,000 reviews |

use axum::body::Body;
use axum::extract::rejection::FormRejection;
use axum::extract::{FromRequestParts, Path, State as Of};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Form, Json};
use serde::Deserialize;

use crate::report::{
    ExamId, IntervalId, Problem, ReviewRequest, SessionId, StoredReview, Verdict, problem,
};
use crate::server::State;
use crate::server::access::auth::Proctor;
use crate::server::api::answers::{Guarded, Sent, Sought};
use crate::server::http::error::Refusal;
use crate::server::http::{body, depth};
use crate::server::ingest::batch::shortened;
use crate::server::pages::PageError;
use crate::server::store::reports::ingest::Target;
use crate::server::store::review::{self, Kept};

/// Most bytes of a review: its note in the longest spelling that JSON allows.
const MAX_BYTES: usize = 8 * 1024;

/// Somebody who watches, and an interval of a session that they have to do with.
#[derive(Clone, Debug)]
pub(in crate::server) struct TheirInterval(Proctor, SessionId, IntervalId);

impl FromRequestParts<State> for TheirInterval {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let proctor = Proctor::from_request_parts(parts, state).await?;
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((session, interval)) = path.map_err(|_no_text| Refusal::not_found())?;
        let session = crate::server::session_id(&session).ok_or(Refusal::not_found())?;
        let id = interval.parse::<IntervalId>().ok().filter(|id| id.to_string() == interval);
        let id = id.ok_or(Refusal::not_found())?;
        proctor.must_reach(state, session).await?;
        Ok(Self(proctor, session, id))
    }
}

/// What a proctor makes of an interval.
#[utoipa::path(
    post, path = "/v1/sessions/{session}/intervals/{interval}/review", operation_id = "review_interval", tag = "sessions",
    params(("session" = SessionId, Path), ("interval" = IntervalId, Path)),
    request_body(content = ReviewRequest),
    responses(
        (status = 201, description = "It is kept.", body = StoredReview),
        (status = 200, description = "The same credential said the same last.", body = StoredReview),
        Guarded,
        Sought,
        Sent,
        (status = 409, description = "`too-many`: the session has 10,000 reviews.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = ["read", "admin"]), ("cookie" = ["proctor", "admin"])),
)]
pub(in crate::server) async fn post(
    Of(state): Of<State>,
    of: TheirInterval,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    // Also keeps forms of other sites out: browsers do not send JSON for them.
    body::require("application/json", &headers)?;
    let body = body::read(body, MAX_BYTES).await?;
    if depth::is_too_deep(&body) {
        return Err(malformed(depth::TOO_DEEP));
    }
    if !body::is_object(&body) {
        return Err(malformed(body::NO_OBJECT));
    }
    let asked = serde_json::from_slice::<ReviewRequest>(&body);
    let asked = asked.map_err(|error| malformed(&error.to_string()))?;
    let (status, stored) = keep(&state, of, asked).await?;
    Ok((status, Json(stored)).into_response())
}

fn malformed(detail: &str) -> Refusal {
    Refusal::malformed(shortened(detail))
}

async fn keep(
    state: &State,
    TheirInterval(proctor, session, interval): TheirInterval,
    asked: ReviewRequest,
) -> Result<(StatusCode, StoredReview), Refusal> {
    proctor.must_act()?;
    if let Some(fault) = asked.fault() {
        return Err(malformed(fault));
    }
    let Proctor { tenant, by, .. } = proctor;
    let of = (tenant.clone(), session);
    let to = Target { tenant, session, now: state.now() };
    let keeping = state
        .store
        .write_of(of, move |database| review::keep(database, &to, interval, (asked, &by)));
    match keeping.await? {
        Kept::New(stored) => Ok((StatusCode::CREATED, stored)),
        Kept::Again(stored) => Ok((StatusCode::OK, stored)),
        Kept::NoInterval => Err(Refusal::not_found()),
        Kept::TooMany => {
            let title = "The session has as many reviews as are kept for one";
            Err(Refusal::new(StatusCode::CONFLICT, problem::TOO_MANY, title))
        }
    }
}

/// A form of the roster or of a session's page.
#[derive(Deserialize)]
pub(in crate::server) struct ReviewForm {
    verdict: Verdict,
    #[serde(default)]
    note: String,
    /// Where it stands: the roster, the queue (of an exam), or else the session's page.
    #[serde(default)]
    on: String,
    #[serde(default)]
    exam: Option<ExamId>,
}

pub(in crate::server) async fn by_form(
    Of(state): Of<State>,
    of: Result<TheirInterval, Refusal>,
    form: Result<Form<ReviewForm>, FormRejection>,
) -> Result<Response, PageError> {
    let of = of?;
    let (session, interval) = (of.1, of.2);
    let Form(ReviewForm { verdict, note, on, exam }) =
        form.map_err(|rejected| malformed(&rejected.body_text()))?;
    let note = note.replace("\r\n", "\n").trim().to_owned();
    keep(&state, of, ReviewRequest { verdict, note }).await?;
    let back = match (on.as_str(), exam) {
        ("roster", _) => "/".to_owned(),
        ("review", None) => "/review".to_owned(),
        ("review", Some(exam)) => format!("/review?exam={exam}"),
        _ => format!("/sessions/{session}#i-{interval}"),
    };
    Ok(Redirect::to(&back).into_response())
}
