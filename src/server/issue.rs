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

use super::auth::{Browser, Manager};
use super::error::Refusal;
use super::origin::Origin;
use super::pages::{self, PageError};
use super::store::Tenant;
use super::store::issue::{Issue, insert};
use super::{State, body};
use crate::presence::Policy;
use crate::redact::Pii;
use crate::report::{IssueRequest, Issued, JoinCode, SessionId, agent_link, page_link};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// A code is good this long, unless something else is asked for …
const LIFETIME: SignedDuration = DAY.saturating_mul(7);
/// … and this long at most.
const LONGEST: SignedDuration = DAY.saturating_mul(90);
const LABEL_CHARS: usize = 200;

pub(super) async fn post(
    Of(state): Of<State>,
    manager: Manager,
    Origin(server): Origin,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let request = body::json(&headers, body).await?;
    let issued = issue(&state, manager.tenant, &server, request).await?;
    let location = [(LOCATION, format!("/v1/sessions/{}", issued.session))];
    Ok((StatusCode::CREATED, location, Json(issued)).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct NewSession {
    label: String,
}

pub(super) async fn by_form(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    origin: Result<Origin, Refusal>,
    form: Result<Form<NewSession>, FormRejection>,
) -> Result<Response, PageError> {
    let (browser, Origin(server)) = (browser?, origin?);
    let Form(NewSession { label }) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let request = IssueRequest { label, policy: Value::Null, expires_at: None, server_pin: None };
    pages::issued(issue(&state, browser.tenant, &server, request).await?)
}

async fn issue(
    state: &State,
    tenant: Tenant,
    server: &str,
    request: IssueRequest,
) -> Result<Issued, Refusal> {
    let now = state.now();
    let label = label(&request.label)?;
    let policy = policy(request.policy)?;
    let expires_at = expires_at(now, request.expires_at.as_deref())?;
    let (session, code) = fresh()?;
    let issue = Issue {
        tenant,
        session,
        code: code.hash(),
        label: label.clone(),
        policy,
        issued_at: now,
        expires_at,
    };
    let of = (issue.tenant.clone(), session);
    state.store.write(move |database| insert(database, &issue)).await?;
    state.store.changes().add([of]);
    tracing::info!(%session, "a session was issued");
    Ok(Issued {
        session,
        label,
        link: Pii::new(page_link(server, &code, request.server_pin)),
        agent_link: Pii::new(agent_link(server, &code, request.server_pin)),
        code,
        expires_at: expires_at.to_string(),
    })
}

/// A session's id and its code, from randomness alone.
fn fresh() -> Result<(SessionId, JoinCode), Refusal> {
    let (mut id, mut code) = ([0; 16], [0; 8]);
    let filled = getrandom::fill(&mut id).and_then(|()| getrandom::fill(&mut code));
    filled.map_err(|error| {
        tracing::error!(%error, "no randomness");
        Refusal::internal()
    })?;
    let id = uuid::Builder::from_random_bytes(id).into_uuid();
    Ok((SessionId(id), JoinCode::from_random(code)))
}

fn label(label: &str) -> Result<String, Refusal> {
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
fn policy(policy: Value) -> Result<Value, Refusal> {
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

fn expires_at(now: Timestamp, asked: Option<&str>) -> Result<Timestamp, Refusal> {
    let after = |lifetime| now.saturating_add(lifetime).unwrap_or(Timestamp::MAX);
    let at = match asked.map(str::parse::<Timestamp>) {
        None => after(LIFETIME),
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
        let until = |asked| expires_at(now, asked).map(|at| at.to_string()).ok();
        assert_eq!(until(None).as_deref(), Some("2026-12-02T18:58:17Z"));
        let day = "2026-11-26T09:00:00+01:00";
        assert_eq!(until(Some(day)).as_deref(), Some("2026-11-26T08:00:00Z"));
        for refused in ["", "tomorrow", "2026-11-25T18:58:17Z", "2027-11-25T00:00:00Z"] {
            assert_eq!(until(Some(refused)), None, "{refused}");
        }
    }
}
