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

use crate::report::{Exam, ExamId, ExamList, Hash, NewExam, problem};
use crate::server::State;
use crate::server::access::auth::{Manager, Planner};
use crate::server::exams::issue::{label, policy};
use crate::server::http::body;
use crate::server::http::error::Refusal;
use crate::server::sessions::api::{exam_of, unreadable, up_to};
use crate::server::sessions::commands::key;
use crate::server::store::audit::{self, Deed, Entry};
use crate::server::store::exam::{self, Kept, Made, Reach};
use crate::server::store::{StoreError, Tenant};
use crate::words::Language;

/// Most exams on one page.
pub(in crate::server) const EXAMS: u64 = 100;
const ROOMS: usize = 500;
const ROOM_CHARS: usize = 60;

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

pub(in crate::server) async fn post(
    Of(state): Of<State>,
    manager: Manager,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let key = key(&headers)?;
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
    let request = serde_json::to_vec(&asked).map_err(StoreError::from)?;
    let made = Made {
        exam: ExamId(crate::server::random_id()?),
        name: label(&asked.name)?,
        policy: policy(asked.policy)?,
        rooms: rooms(asked.rooms)?,
        language: language(asked.language)?,
        at: state.now(),
        key,
        request: Hash::of(&request),
    };
    let (tenant, by, at) = (manager.tenant.clone(), manager.by.clone(), made.at);
    let keeping = state.store.write(move |database| {
        let kept = exam::insert(database, &tenant, &made)?;
        if let Kept::New(exam) = &kept {
            note(database, &tenant, (&by, Deed::ExamCreated, at), &exam.to_string())?;
        }
        match kept {
            Kept::New(exam) => Ok(exam::find(database, &tenant, exam)?.map(Kept::New)),
            Kept::Again(exam) => Ok(exam::find(database, &tenant, exam)?.map(Kept::Again)),
            Kept::KeyReused | Kept::Closed => Ok(Some(Kept::KeyReused)),
        }
    });
    match keeping.await?.ok_or_else(Refusal::internal)? {
        Kept::New(exam) => Ok((StatusCode::CREATED, exam)),
        Kept::Again(exam) => Ok((StatusCode::OK, exam)),
        Kept::KeyReused | Kept::Closed => Err(key_reused()),
    }
}

pub(in crate::server) fn key_reused() -> Refusal {
    let title = "Something else was asked for under this key";
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, problem::KEY_REUSED, title)
}

pub(in crate::server) fn closed() -> Refusal {
    let title = "The exam is closed: nothing more is issued for it";
    Refusal::new(StatusCode::CONFLICT, problem::EXAM_CLOSED, title)
}

/// Writes down what was done to an exam, an account or a token: `detail` is its id.
pub(in crate::server) fn note(
    database: &rusqlite::Connection,
    tenant: &Tenant,
    (who, did, at): (&str, Deed, jiff::Timestamp),
    detail: &str,
) -> Result<(), StoreError> {
    audit::note(database, &Entry { at, tenant, who, did, session: None, detail })
}

fn rooms(asked: Vec<String>) -> Result<Vec<String>, Refusal> {
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

fn language(asked: Option<String>) -> Result<Option<String>, Refusal> {
    match asked {
        Some(language) if !Language::ALL.iter().any(|known| known.tag() == language) => {
            Err(Refusal::malformed("language is one of en, de, es, ja"))
        }
        asked => Ok(asked),
    }
}

#[derive(Debug, Deserialize)]
pub(in crate::server) struct PageOf {
    limit: Option<u64>,
    after: Option<String>,
}

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

/// Sending it again changes nothing.
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
            note(database, &tenant, (&by, Deed::ExamClosed, now), &exam.to_string())?;
        }
        Ok(())
    });
    Ok(closing.await?)
}
