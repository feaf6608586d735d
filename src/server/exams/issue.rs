//! `POST /v1/sessions`, and the form on the list: hands out a session with a code for it.

use axum::body::Body;
use axum::extract::State as Of;
use axum::extract::rejection::FormRejection;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Form, Json};
use jiff::{SignedDuration, Timestamp, Unit};
use serde::Deserialize;
use serde_json::Value;

use crate::presence::Policy;
use crate::redact::Pii;
use crate::report::{
    Hash, IssueRequest, Issued, JoinCode, Problem, SessionId, agent_link, page_link,
};
use crate::server::State;
use crate::server::access::auth::{Browser, Manager, Proctor};
use crate::server::api::answers::{Guarded, Keyed, Sent};
use crate::server::exams;
use crate::server::http::body;
use crate::server::http::error::Refusal;
use crate::server::http::idempotency;
use crate::server::http::origin::Origin;
use crate::server::pages::{self, PageError, Who};
use crate::server::store::audit::{self, Deed, Entry};
use crate::server::store::exam::{self, Reach};
use crate::server::store::idempotency::{Done, once};
use crate::server::store::issue::{Issue, insert};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// A code is good this long, unless something else is asked for …
const LIFETIME: SignedDuration = DAY.saturating_mul(7);
/// … and this long at most.
const LONGEST: SignedDuration = DAY.saturating_mul(90);
pub(in crate::server) const LABEL_CHARS: usize = 200;

/// Hands out a session with a code for it.
#[utoipa::path(
    post, path = "/v1/sessions", operation_id = "issue_session", tag = "exams",
    params(Keyed),
    request_body(content = IssueRequest),
    responses(
        (status = 201, description = "Only this answer has the code.", body = Issued),
        (status = 200, description = "It was issued before, under the same key.", body = Issued),
        Guarded,
        Sent,
        (status = 404, description = "`not-found`: there is no such exam.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`exam-closed`: nothing more is issued for it.", body = Problem, content_type = "application/problem+json"),
        Keyed,
    ),
    security(("token" = ["manage", "admin"]), ("cookie" = ["admin"])),
)]
pub(in crate::server) async fn post(
    Of(state): Of<State>,
    manager: Manager,
    Origin(server): Origin,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let key = idempotency::key(&headers)?;
    let request = body::json(&headers, body).await?;
    let (status, issued) = issue(&state, &manager, &server, (request, key)).await?;
    let location = [(LOCATION, format!("/v1/sessions/{}", issued.session))];
    Ok((status, location, Json(issued)).into_response())
}

#[derive(Debug, Deserialize)]
pub(in crate::server) struct NewSession {
    label: String,
}

pub(in crate::server) async fn by_form(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    origin: Result<Origin, Refusal>,
    form: Result<Form<NewSession>, FormRejection>,
) -> Result<Response, PageError> {
    let (Browser(proctor), Origin(server)) = (browser?, origin?);
    if !proctor.may_issue() {
        return Err(Refusal::role().into());
    }
    let Form(NewSession { label }) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let request = IssueRequest {
        label,
        policy: Value::Null,
        expires_at: None,
        server_pin: None,
        exam: None,
        room: None,
    };
    let who = Who::of(&proctor, "sessions");
    let Proctor { tenant, by, reach, .. } = proctor;
    let manager = Manager { tenant, by, reach };
    let (_, issued) = issue(&state, &manager, &server, (request, None)).await?;
    pages::issued(who, issued)
}

async fn issue(
    state: &State,
    manager: &Manager,
    server: &str,
    (request, key): (IssueRequest, Option<String>),
) -> Result<(StatusCode, Issued), Refusal> {
    let now = state.now();
    let to = (&manager.tenant, manager.by.as_str());
    let key = idempotency::once(state, to, ("POST /v1/sessions", &request), key)?;
    let label = label(&request.label)?;
    let (policy, language) = match request.exam {
        Some(exam) if request.policy.is_null() => {
            let exam = exams::api::open(state, &manager.tenant, manager.reach, exam).await?;
            if let Some(fault) = exams::api::room_fault(&exam, request.room.as_deref()) {
                return Err(Refusal::malformed(fault));
            }
            (exam.policy, exam.language)
        }
        Some(_) => return Err(Refusal::malformed("the policy is the exam's: leave it out")),
        None if manager.reach != Reach::All => {
            return Err(Refusal::scope().with_detail("the token is for one exam: name it"));
        }
        None if request.room.is_some() => {
            return Err(Refusal::malformed("only an exam has rooms"));
        }
        None => (policy(request.policy)?, None),
    };
    let expires_at = expires_at(now, request.expires_at.as_deref(), LIFETIME)?;
    let (session, code) = fresh()?;
    let issue = Issue {
        tenant: manager.tenant.clone(),
        session,
        code: code.hash(),
        label: label.clone(),
        policy,
        issued_at: now,
        expires_at,
    };
    let (by, exam, room) = (manager.by.clone(), request.exam, request.room);
    let of = (issue.tenant.clone(), session);
    let handed = Handed { session, label, code, expires_at };
    let issued = handed.with_links(server, request.server_pin, language.as_deref());
    let issuing = state.store.write(move |database| {
        once(database, key.as_ref(), now, || {
            match exam {
                Some(exam) if !exam::is_open(database, &issue.tenant, exam)? => {
                    return Ok(Err(exams::api::closed()));
                }
                Some(exam) => exam::issue(database, &issue, exam, room.as_deref())?,
                None => insert(database, &issue)?,
            }
            let (tenant, who, did) = (&issue.tenant, by.as_str(), Deed::SessionIssued);
            let session = Some(session);
            audit::note(database, &Entry { at: now, tenant, who, did, session, detail: "" })?;
            Ok(Ok(issued))
        })
    });
    let done = issuing.await??;
    if let Done::New(_) = &done {
        state.store.changes().add([of]);
        tracing::info!(%session, "a session was issued");
    }
    idempotency::answer(done)
}

/// A session that was issued, before its links are made.
pub(in crate::server) struct Handed {
    pub(in crate::server) session: SessionId,
    pub(in crate::server) label: String,
    pub(in crate::server) code: JoinCode,
    pub(in crate::server) expires_at: Timestamp,
}

impl Handed {
    pub(in crate::server) fn with_links(
        self,
        server: &str,
        pin: Option<Hash>,
        language: Option<&str>,
    ) -> Issued {
        let Self { session, label, code, expires_at } = self;
        let mut link = page_link(server, &code, pin);
        if let Some(language) = language {
            link.push_str(if pin.is_some() { "&lang=" } else { "?lang=" });
            link.push_str(language);
        }
        Issued {
            session,
            label,
            link: Pii::new(link),
            agent_link: Pii::new(agent_link(server, &code, pin)),
            code,
            expires_at: expires_at.to_string(),
        }
    }
}

/// A session's id and its code, from randomness alone.
pub(in crate::server) fn fresh() -> Result<(SessionId, JoinCode), Refusal> {
    let (mut id, mut code) = ([0; 16], [0; 8]);
    let filled = getrandom::fill(&mut id).and_then(|()| getrandom::fill(&mut code));
    filled.map_err(|error| {
        tracing::error!(%error, "no randomness");
        Refusal::internal()
    })?;
    Ok(from_random(id, code))
}

pub(in crate::server) fn from_random(id: [u8; 16], code: [u8; 8]) -> (SessionId, JoinCode) {
    let id = uuid::Builder::from_random_bytes(id).into_uuid();
    (SessionId(id), JoinCode::from_random(code))
}

/// A text of one line, for people.
pub(in crate::server) fn label(label: &str) -> Result<String, Refusal> {
    let label = label.trim();
    let fits = (1..=LABEL_CHARS).contains(&label.chars().count());
    if fits && !label.chars().any(char::is_control) {
        Ok(label.to_owned())
    } else {
        let most = format!("the label has 1 to {LABEL_CHARS} characters, and no line breaks");
        Err(Refusal::malformed(most))
    }
}

/// A policy that agents could not use is found here, and not by fifty candidates.
pub(in crate::server) fn policy(policy: Value) -> Result<Value, Refusal> {
    if policy.is_null() {
        return Ok(policy);
    }
    if !policy.is_object() {
        return Err(Refusal::malformed("a policy is an object of names and values"));
    }
    let whole = Policy::deserialize(&policy);
    let whole = whole.map_err(|error| Refusal::malformed(format!("no policy: {error}")))?;
    match &whole.faults()[..] {
        [] => Ok(policy),
        faults => Err(Refusal::malformed(format!("no policy: {}", faults.join("; ")))),
    }
}

pub(in crate::server) fn expires_at(
    now: Timestamp,
    asked: Option<&str>,
    lifetime: SignedDuration,
) -> Result<Timestamp, Refusal> {
    let after = |lifetime| now.saturating_add(lifetime).unwrap_or(Timestamp::MAX);
    let at = match asked.map(str::parse::<Timestamp>) {
        None => after(lifetime),
        Some(Ok(at)) if now < at && at <= after(LONGEST) => at,
        Some(Ok(_) | Err(_)) => {
            let days = LONGEST.as_hours() / 24;
            return Err(Refusal::malformed(format!(
                "expires_at is a time (RFC 3339) within the next {days} days"
            )));
        }
    };
    Ok(at.round(Unit::Second).unwrap_or(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_line_that_can_be_read() {
        assert_eq!(label("  Seat 7 ").unwrap(), "Seat 7");
        assert!(label(&"x".repeat(200)).is_ok());
        for refused in ["", "  ", "Seat\n7", &"x".repeat(201)] {
            assert!(label(refused).is_err(), "{refused:?}");
        }
    }

    #[test]
    fn a_policy_is_checked_before_it_is_handed_out() {
        let given = serde_json::json!({"alert_after_ms": 4_000});
        assert_eq!(policy(given.clone()).unwrap(), given);
        for refused in [
            serde_json::json!({"alert_after": 4_000}),
            serde_json::json!({"sample_rate_hz": 0.0}),
            serde_json::json!([]),
            serde_json::json!("default"),
        ] {
            assert!(policy(refused.clone()).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_code_is_good_for_a_week_or_as_asked_for_and_never_for_long() {
        let now: Timestamp = "2026-11-25T18:58:17.4Z".parse().unwrap();
        let until = |asked| expires_at(now, asked, LIFETIME).map(|at| at.to_string()).ok();
        assert_eq!(until(None).as_deref(), Some("2026-12-02T18:58:17Z"));
        let day = "2026-11-26T09:00:00+01:00";
        assert_eq!(until(Some(day)).as_deref(), Some("2026-11-26T08:00:00Z"));
        for refused in ["", "tomorrow", "2026-11-25T18:58:17Z", "2027-11-25T00:00:00Z"] {
            assert_eq!(until(Some(refused)), None, "{refused}");
        }
    }
}
