//! `/v1/exams`: exams, whose sessions have one policy.
//!
//! | answer | when |
//! |---|---|
//! | 201 and the exam | it is kept |
//! | 200 and the exam | it was kept before under the same `Idempotency-Key`, or it is closed now |
//! | 400 malformed | the name, the policy, a room or the language cannot be used |
//! | 403 scope | the token or the account is not for this |
//! | 404 | the tenant has no such exam, or it is beyond the asker's reach |
//! | 422 key-reused | another exam was kept under the key |

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path, Query, State as Of};
use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use crate::report::{Exam, ExamId, ExamLanguage, ExamList, ExamPolicy, NewExam, Problem, problem};
use crate::server::State;
use crate::server::access::auth::{Manager, Planner};
use crate::server::api::answers::{Asked, Guarded, Keyed, Sent, Sought};
use crate::server::exams::issue::{label, policy};
use crate::server::http::body;
use crate::server::http::error::Refusal;
use crate::server::http::idempotency;
use crate::server::sessions::api::{exam_of, unreadable, up_to};
use crate::server::store::Tenant;
use crate::server::store::audit::{Deed, note_of};
use crate::server::store::exam::{self, Made, Reach};
use crate::server::store::idempotency::once;
use crate::words::Language;

/// Most exams on one page.
pub(in crate::server) const EXAMS: u64 = 100;
pub(in crate::server) const ROOMS: usize = 500;
pub(in crate::server) const ROOM_CHARS: usize = 60;

/// The exam in an address; what is no exam's id, in its one spelling, cannot be found.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct OfExam(pub(in crate::server) ExamId);

impl FromRequestParts<State> for OfExam {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let path: Result<Path<String>, PathRejection> =
            Path::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|_no_text| Refusal::not_found())?;
        let exam = text.parse::<ExamId>().ok().filter(|exam| exam.to_string() == text);
        exam.map(Self).ok_or(Refusal::not_found())
    }
}

/// Makes an exam.
#[utoipa::path(
    post, path = "/v1/exams", operation_id = "make_exam", tag = "exams",
    params(Keyed),
    request_body(content = NewExam),
    responses(
        (status = 201, description = "It is kept.", body = Exam),
        (status = 200, description = "It was kept before, under the same key.", body = Exam),
        Guarded,
        Sent,
        Keyed,
    ),
    security(("token" = ["manage", "admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn post(
    Of(state): Of<State>,
    manager: Manager,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let key = idempotency::key(&headers)?;
    let asked = body::json(&headers, body).await?;
    let (status, exam) = make(&state, &manager, asked, key).await?;
    let location = [(LOCATION, format!("/v1/exams/{}", exam.exam))];
    Ok((status, location, Json(exam)).into_response())
}

/// Keeps an exam.
pub(in crate::server) async fn make(
    state: &State,
    manager: &Manager,
    asked: NewExam,
    key: Option<String>,
) -> Result<(StatusCode, Exam), Refusal> {
    if manager.reach != Reach::All {
        return Err(Refusal::scope().with_detail("the token is for one exam"));
    }
    let to = (&manager.tenant, manager.by.as_str());
    let key = idempotency::once(state, to, ("POST /v1/exams", &asked), key)?;
    let made = Made {
        exam: ExamId(crate::server::random_id()?),
        name: label(&asked.name)?,
        policy: policy(asked.policy)?,
        rooms: rooms(asked.rooms)?,
        language: language(asked.language)?,
        at: state.now(),
    };
    let (tenant, by, at) = (manager.tenant.clone(), manager.by.clone(), made.at);
    let keeping = state.store.write(move |database| {
        once(database, key.as_ref(), at, || {
            let made = exam::insert(database, &tenant, &made)?;
            note_of(database, &tenant, (&by, Deed::ExamCreated, at), &made.exam.to_string())?;
            Ok(Ok::<_, Refusal>(made))
        })
    });
    idempotency::answer(keeping.await??)
}

pub(in crate::server) fn closed() -> Refusal {
    let title = "The exam is closed: nothing more is issued for it";
    Refusal::new(StatusCode::CONFLICT, problem::EXAM_CLOSED, title)
}

pub(in crate::server) fn rooms(asked: Vec<String>) -> Result<Vec<String>, Refusal> {
    let mut rooms = Vec::new();
    for room in asked {
        let room = room.trim().to_owned();
        if !is_room(&room) {
            let most = format!("a room has 1 to {ROOM_CHARS} characters, and no line breaks");
            return Err(Refusal::malformed(most));
        }
        if !rooms.contains(&room) {
            rooms.push(room);
        }
    }
    if rooms.len() > ROOMS {
        return Err(Refusal::malformed(format!("an exam has {ROOMS} rooms at most")));
    }
    Ok(rooms)
}

fn is_room(room: &str) -> bool {
    (1..=ROOM_CHARS).contains(&room.chars().count()) && !room.chars().any(char::is_control)
}

/// What is wrong with a seat's room.
pub(in crate::server) fn room_fault(exam: &Exam, room: Option<&str>) -> Option<String> {
    match room {
        None if exam.rooms.is_empty() => None,
        None => Some("the exam has rooms: name one".to_owned()),
        Some(room) if !is_room(room) => {
            Some(format!("a room has 1 to {ROOM_CHARS} characters, and no line breaks"))
        }
        Some(room) if exam.rooms.is_empty() || exam.rooms.iter().any(|known| known == room) => None,
        Some(_) => Some("the exam has no such room".to_owned()),
    }
}

pub(in crate::server) fn language(asked: Option<String>) -> Result<Option<String>, Refusal> {
    match asked {
        Some(language) if !Language::ALL.iter().any(|known| known.tag() == language) => {
            Err(Refusal::malformed("language is one of en, de, es, ja"))
        }
        asked => Ok(asked),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server) struct PageOf {
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// `next` of the page before.
    #[param(value_type = Option<ExamId>)]
    after: Option<String>,
}

/// Exams, the newest first.
#[utoipa::path(
    get, path = "/v1/exams", operation_id = "list_exams", tag = "exams",
    params(PageOf),
    responses(
        (status = 200, body = ExamList),
        Guarded,
        Asked,
    ),
    security(("token" = ["read", "audit", "manage", "admin"]), ("cookie" = ["proctor", "auditor", "admin"])),
)]
pub(in crate::server) async fn list(
    Of(state): Of<State>,
    planner: Planner,
    query: Result<Query<PageOf>, QueryRejection>,
) -> Result<Json<ExamList>, Refusal> {
    let Query(PageOf { limit, after }) = query.map_err(|query| unreadable(&query))?;
    let page = (after.as_deref(), up_to(limit, EXAMS)?);
    Ok(Json(listed(&state, planner.tenant, planner.reach, page).await?))
}

pub(in crate::server) async fn listed(
    state: &State,
    tenant: Tenant,
    reach: Reach,
    (after, limit): (Option<&str>, u64),
) -> Result<ExamList, Refusal> {
    let after = after.map(exam_of).transpose()?;
    let reading = state.store.read(move |database| {
        if let Some(after) = after
            && !reach.has_exam(database, &tenant, after)?
        {
            return Ok(None);
        }
        exam::list(database, &tenant, reach, (after, limit)).map(Some)
    });
    reading.await?.ok_or_else(|| Refusal::parameter("after must be the id of an exam"))
}

/// One exam.
#[utoipa::path(
    get, path = "/v1/exams/{exam}", operation_id = "get_exam", tag = "exams",
    params(("exam" = ExamId, Path)),
    responses(
        (status = 200, body = Exam),
        Guarded,
        Sought,
    ),
    security(("token" = ["read", "audit", "manage", "admin"]), ("cookie" = ["proctor", "auditor", "admin"])),
)]
pub(in crate::server) async fn detail(
    Of(state): Of<State>,
    planner: Planner,
    OfExam(exam): OfExam,
) -> Result<Json<Exam>, Refusal> {
    Ok(Json(find(&state, &planner.tenant, planner.reach, exam).await?))
}

/// An exam within reach.
pub(in crate::server) async fn find(
    state: &State,
    tenant: &Tenant,
    reach: Reach,
    exam: ExamId,
) -> Result<Exam, Refusal> {
    let tenant = tenant.clone();
    let reading = state.store.read(move |database| {
        if !reach.has_exam(database, &tenant, exam)? {
            return Ok(None);
        }
        exam::find(database, &tenant, exam)
    });
    reading.await?.ok_or(Refusal::not_found())
}

/// An exam within reach, for which something may still be issued.
pub(in crate::server) async fn open(
    state: &State,
    tenant: &Tenant,
    reach: Reach,
    exam: ExamId,
) -> Result<Exam, Refusal> {
    let found = find(state, tenant, reach, exam).await?;
    if found.closed_at.is_some() { Err(closed()) } else { Ok(found) }
}

/// Gives it another policy, while no agent has taken one of its sessions: those that were issued have it, too.
#[utoipa::path(
    put, path = "/v1/exams/{exam}/policy", operation_id = "set_policy", tag = "exams",
    params(("exam" = ExamId, Path)),
    request_body(content = ExamPolicy),
    responses(
        (status = 200, body = Exam),
        Guarded,
        Sought,
        Sent,
        (status = 409, description = "`exam-begun`: an agent holds the policy that it was given.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = ["manage", "admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn put_policy(
    Of(state): Of<State>,
    manager: Manager,
    OfExam(exam): OfExam,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Exam>, Refusal> {
    let ExamPolicy { policy } = body::json(&headers, body).await?;
    find(&state, &manager.tenant, manager.reach, exam).await?;
    set_policy(&state, &manager, exam, policy).await?;
    Ok(Json(find(&state, &manager.tenant, manager.reach, exam).await?))
}

/// Gives an exam another policy.
pub(in crate::server) async fn set_policy(
    state: &State,
    manager: &Manager,
    exam: ExamId,
    asked: Value,
) -> Result<(), Refusal> {
    let (tenant, by, of) = (manager.tenant.clone(), manager.by.clone(), manager.tenant.clone());
    let (policy, now) = (policy(asked)?, state.now());
    let setting = state.store.write(move |database| {
        let sessions = exam::set_policy(database, &tenant, exam, &policy)?;
        if sessions.is_some() {
            note_of(database, &tenant, (&by, Deed::PolicyChanged, now), &exam.to_string())?;
        }
        Ok(sessions)
    });
    let title = "An agent has taken a session of the exam: it holds the policy that it was given";
    let begun = || Refusal::new(StatusCode::CONFLICT, problem::EXAM_BEGUN, title);
    let sessions = setting.await?.ok_or_else(begun)?;
    state.store.changes().add(sessions.into_iter().map(|session| (of.clone(), session)));
    Ok(())
}

/// Gives another language to the links that are made from now on; those that were made keep theirs.
#[utoipa::path(
    put, path = "/v1/exams/{exam}/language", operation_id = "set_language", tag = "exams",
    params(("exam" = ExamId, Path)),
    request_body(content = ExamLanguage),
    responses(
        (status = 200, body = Exam),
        Guarded,
        Sought,
        Sent,
        (status = 409, description = "`exam-closed`: no more links are made.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = ["manage", "admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn put_language(
    Of(state): Of<State>,
    manager: Manager,
    OfExam(exam): OfExam,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Exam>, Refusal> {
    let ExamLanguage { language } = body::json(&headers, body).await?;
    set_language(&state, &manager, exam, language).await?;
    Ok(Json(find(&state, &manager.tenant, manager.reach, exam).await?))
}

pub(in crate::server) async fn set_language(
    state: &State,
    manager: &Manager,
    exam: ExamId,
    asked: Option<String>,
) -> Result<(), Refusal> {
    let asked = language(asked)?;
    open(state, &manager.tenant, manager.reach, exam).await?;
    let (tenant, by, now) = (manager.tenant.clone(), manager.by.clone(), state.now());
    let setting = state.store.write(move |database| {
        if exam::set_language(database, &tenant, exam, asked.as_deref())? {
            note_of(database, &tenant, (&by, Deed::LanguageChanged, now), &exam.to_string())?;
        }
        Ok(())
    });
    Ok(setting.await?)
}

/// Sending it again changes nothing.
#[utoipa::path(
    post, path = "/v1/exams/{exam}/close", operation_id = "close_exam", tag = "exams",
    params(("exam" = ExamId, Path)),
    responses(
        (status = 200, body = Exam),
        Guarded,
        Sought,
    ),
    security(("token" = ["manage", "admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn post_close(
    Of(state): Of<State>,
    manager: Manager,
    OfExam(exam): OfExam,
) -> Result<Json<Exam>, Refusal> {
    close(&state, &manager, exam).await?;
    Ok(Json(find(&state, &manager.tenant, manager.reach, exam).await?))
}

pub(in crate::server) async fn close(
    state: &State,
    manager: &Manager,
    exam: ExamId,
) -> Result<(), Refusal> {
    find(state, &manager.tenant, manager.reach, exam).await?;
    let (tenant, by, now) = (manager.tenant.clone(), manager.by.clone(), state.now());
    let closing = state.store.write(move |database| {
        if exam::close(database, &tenant, exam, now)? {
            note_of(database, &tenant, (&by, Deed::ExamClosed, now), &exam.to_string())?;
        }
        Ok(())
    });
    Ok(closing.await?)
}
