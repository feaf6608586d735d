//! The pages of exams: the list, one with its seats, the import of a roster and its links.

use askama::Template;
use axum::Form;
use axum::extract::multipart::MultipartRejection;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Multipart, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::presence::Policy;
use crate::report::{Exam, ExamId, LineFault, NewExam, RosterSeat, SessionId, SessionSummary};
use crate::server::State;
use crate::server::access::auth::{Browser, Manager, Proctor};
use crate::server::exams;
use crate::server::exams::api::OfExam;
use crate::server::exams::candidates::{self, MAX_BYTES, Wish};
use crate::server::http::error::Refusal;
use crate::server::http::idempotency::is_key;
use crate::server::http::origin::Origin;
use crate::server::pages::{PageError, Who, flatten, form_key, render, say};
use crate::server::sessions;

/// Exams, and seats of one, on a page.
const EXAMS: u64 = 50;
const SEATS: u64 = 100;
/// The body of the form must have come after this long.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);
const DAYS: u32 = 30;

#[derive(Template)]
#[template(path = "exams.html", config = "src/server/askama.toml")]
struct ExamsPage {
    who: Who,
    exams: Vec<Exam>,
    next: Option<ExamId>,
    first: bool,
    /// The key of the form's exam, for those who may make one.
    form: Option<ExamForm>,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "exam.html", config = "src/server/askama.toml")]
struct ExamPage {
    who: Who,
    exam: Exam,
    policy: Vec<(String, String)>,
    seats: Vec<SessionSummary>,
    has_rooms: bool,
    next: Option<SessionId>,
    first: bool,
    /// The key of the form's import, for those who may import.
    key: Option<String>,
    list: String,
    fault: Option<String>,
    lines: Vec<LineFault>,
}

#[derive(Template)]
#[template(path = "links.html", config = "src/server/askama.toml")]
struct LinksPage {
    who: Who,
    exam: Exam,
    seats: Vec<RosterSeat>,
    /// The table, percent-encoded.
    table: String,
}

/// The form of a new exam, as it was typed.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::server) struct ExamForm {
    name: String,
    rooms: String,
    language: String,
    warn_after: String,
    record_after: String,
    alert_after: String,
    sample_rate: String,
    virtual_camera: String,
    key: String,
}

impl ExamForm {
    /// With the default policy.
    fn empty() -> Result<Self, Refusal> {
        let policy = Policy::default();
        Ok(Self {
            name: String::new(),
            rooms: String::new(),
            language: String::new(),
            warn_after: seconds(policy.warn_after_ms),
            record_after: seconds(policy.record_after_ms),
            alert_after: seconds(policy.alert_after_ms),
            sample_rate: policy.sample_rate_hz.to_string(),
            virtual_camera: "report".to_owned(),
            key: form_key()?,
        })
    }

    /// What it asks for: of the policy what differs from the default.
    fn asks(&self) -> Result<NewExam, Refusal> {
        let default = Policy::default();
        let mut policy = Map::new();
        for (name, typed, usual) in [
            ("warn_after_ms", &self.warn_after, default.warn_after_ms),
            ("record_after_ms", &self.record_after, default.record_after_ms),
            ("alert_after_ms", &self.alert_after, default.alert_after_ms),
        ] {
            let millis = millis(typed)?;
            if millis != usual {
                policy.insert(name.to_owned(), json!(millis));
            }
        }
        let rate = number(&self.sample_rate)?;
        if rate != default.sample_rate_hz {
            policy.insert("sample_rate_hz".to_owned(), json!(rate));
        }
        if self.virtual_camera != "report" {
            policy.insert("virtual_camera".to_owned(), json!(self.virtual_camera));
        }
        if !policy.is_empty() {
            // Reports name the policy, and this is not the default one.
            let version = format!("exam-{}", self.key.get(..8).unwrap_or_default());
            policy.insert("version".to_owned(), json!(version));
        }
        let rooms = self.rooms.lines().map(str::trim).filter(|room| !room.is_empty());
        Ok(NewExam {
            name: self.name.clone(),
            policy: if policy.is_empty() { Value::Null } else { Value::Object(policy) },
            rooms: rooms.map(str::to_owned).collect(),
            language: Some(self.language.clone()).filter(|language| !language.is_empty()),
        })
    }
}

fn seconds(millis: u64) -> String {
    (millis as f64 / 1_000.0).to_string()
}

fn number(typed: &str) -> Result<f64, Refusal> {
    let number = typed.trim().replace(',', ".").parse::<f64>().ok();
    let number = number.filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| Refusal::malformed(format!("{typed:?} is no number")))
}

fn millis(typed: &str) -> Result<u64, Refusal> {
    let seconds = number(typed)?;
    if seconds > 86_400.0 {
        return Err(Refusal::malformed("no time is longer than a day: it is in seconds"));
    }
    Ok((seconds * 1_000.0).round() as u64)
}

#[derive(Debug, Deserialize)]
pub(in crate::server) struct PageOf {
    after: Option<String>,
}

fn manager(proctor: &Proctor) -> Manager {
    let (tenant, by) = (proctor.tenant.clone(), proctor.by.clone());
    Manager { tenant, by, reach: proctor.reach }
}

pub(in crate::server) async fn list(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    query: Result<Query<PageOf>, QueryRejection>,
) -> Result<Response, PageError> {
    let Browser(proctor) = browser?;
    let Query(PageOf { after }) = query.map_err(|error| Refusal::parameter(error.body_text()))?;
    let form = if proctor.is_admin() { Some(ExamForm::empty()?) } else { None };
    list_with(&state, &proctor, after.as_deref(), (form, None)).await
}

async fn list_with(
    state: &State,
    proctor: &Proctor,
    after: Option<&str>,
    (form, fault): (Option<ExamForm>, Option<String>),
) -> Result<Response, PageError> {
    let page = (after, EXAMS);
    let found = exams::api::listed(state, proctor.tenant.clone(), proctor.reach, page).await?;
    let status = if fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let page = ExamsPage {
        who: Who::of(proctor, "exams"),
        exams: found.exams,
        next: found.next,
        first: after.is_none(),
        form,
        fault,
    };
    render(status, &page)
}

pub(in crate::server) async fn make(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    form: Result<Form<ExamForm>, FormRejection>,
) -> Result<Response, PageError> {
    let proctor = browser?.admin()?;
    let Form(form) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let key = Some(form.key.clone()).filter(|key| is_key(key));
    let made = match form.asks() {
        Ok(asked) => exams::api::make(&state, &manager(&proctor), asked, key).await,
        Err(refusal) => Err(refusal),
    };
    match made {
        Ok((_, exam)) => Ok(Redirect::to(&format!("/exams/{}", exam.exam)).into_response()),
        Err(refusal) if refusal.status() == StatusCode::BAD_REQUEST => {
            let fault = say::problem(refusal.detail().unwrap_or(refusal.title()));
            list_with(&state, &proctor, None, (Some(form), Some(fault))).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}

pub(in crate::server) async fn one(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    exam: Result<OfExam, Refusal>,
    query: Result<Query<PageOf>, QueryRejection>,
) -> Result<Response, PageError> {
    let (Browser(proctor), OfExam(exam)) = (browser?, exam?);
    let Query(PageOf { after }) = query.map_err(|error| Refusal::parameter(error.body_text()))?;
    let exam = exams::api::find(&state, &proctor.tenant, proctor.reach, exam).await?;
    one_with(&state, &proctor, (exam, after.as_deref()), None, String::new()).await
}

async fn one_with(
    state: &State,
    proctor: &Proctor,
    (exam, after): (Exam, Option<&str>),
    refusal: Option<Refusal>,
    list: String,
) -> Result<Response, PageError> {
    let page = (after, SEATS);
    let found = sessions::api::page(state, proctor.clone(), Some(exam.exam), page).await?;
    let may_import = proctor.is_admin() && exam.closed_at.is_none();
    let mut policy = Vec::new();
    flatten("", &exam.policy, &mut policy);
    let page = ExamPage {
        who: Who::of(proctor, "exams"),
        policy,
        has_rooms: found.sessions.iter().any(|seat| seat.room.is_some()),
        seats: found.sessions,
        next: found.next,
        first: after.is_none(),
        key: if may_import { Some(form_key()?) } else { None },
        list,
        fault: refusal.as_ref().map(|it| say::problem(it.detail().unwrap_or(it.title()))),
        lines: refusal.as_ref().map_or(Vec::new(), |it| it.lines().to_vec()),
        exam,
    };
    render(refusal.map_or(StatusCode::OK, |refusal| refusal.status()), &page)
}

/// What the form of the import sends.
#[derive(Default)]
struct Sent {
    file: Vec<u8>,
    typed: String,
    key: String,
    days: String,
}

async fn read(mut form: Multipart) -> Result<Sent, Refusal> {
    let failed = |_broken| Refusal::malformed("the form cannot be read");
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await.map_err(failed)? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(failed)?;
        if bytes.len() > MAX_BYTES {
            return Err(Refusal::too_large(format!("at most {MAX_BYTES} bytes are taken")));
        }
        let text = || String::from_utf8_lossy(&bytes).into_owned();
        match name.as_str() {
            "file" => sent.file = bytes.to_vec(),
            "list" => sent.typed = text(),
            "key" => sent.key = text(),
            "days" => sent.days = text(),
            _ => {}
        }
    }
    Ok(sent)
}

pub(in crate::server) async fn import(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    exam: Result<OfExam, Refusal>,
    origin: Result<Origin, Refusal>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, PageError> {
    let (proctor, OfExam(exam), Origin(server)) = (browser?.admin()?, exam?, origin?);
    let form = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let exam = exams::api::find(&state, &proctor.tenant, proctor.reach, exam).await?;
    let sent = tokio::time::timeout(TIMEOUT, read(form)).await;
    let sent = sent.map_err(|_elapsed| Refusal::malformed("the form did not arrive in time"))??;
    // A file, when one was chosen.
    let list = if sent.file.is_empty() { sent.typed.as_bytes() } else { &sent.file };
    let days = sent.days.trim().parse::<u32>().unwrap_or(DAYS);
    let wish = Wish { expires_at: Some(candidates::in_days(state.now(), days)), server_pin: None };
    let key = Some(sent.key.clone()).filter(|key| is_key(key));
    let manager = manager(&proctor);
    match candidates::import(&state, &manager, &server, (&exam, list, key), &wish).await {
        Ok((_, seats)) => {
            let table = encoded(&candidates::to_csv(&seats)?);
            let who = Who::of(&proctor, "exams");
            render(StatusCode::CREATED, &LinksPage { who, exam, seats, table })
        }
        Err(refusal) if refusal.status().is_client_error() => {
            one_with(&state, &proctor, (exam, None), Some(refusal), sent.typed).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}

pub(in crate::server) async fn close(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    exam: Result<OfExam, Refusal>,
) -> Result<Response, PageError> {
    let (proctor, OfExam(exam)) = (browser?.admin()?, exam?);
    exams::api::close(&state, &manager(&proctor), exam).await?;
    Ok(Redirect::to(&format!("/exams/{exam}")).into_response())
}

/// For an address of the scheme `data`.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~,".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").ok();
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_asks_for_what_differs_from_the_default() {
        let usual = ExamForm { name: "Law 1".to_owned(), ..ExamForm::empty().unwrap() };
        assert_eq!(usual.asks().unwrap().policy, Value::Null);
        let slower = ExamForm {
            alert_after: "7,5".to_owned(),
            sample_rate: "2".to_owned(),
            rooms: " A1 \r\n\r\nA2\r\n".to_owned(),
            language: "de".to_owned(),
            key: "0123456789".to_owned(),
            ..usual.clone()
        };
        let asked = slower.asks().unwrap();
        let policy =
            json!({"alert_after_ms": 7500, "sample_rate_hz": 2.0, "version": "exam-01234567"});
        assert_eq!((asked.policy, asked.language.as_deref()), (policy, Some("de")));
        assert_eq!(asked.rooms, ["A1", "A2"]);
        for typed in ["", "soon", "-1", "NaN", "1e9"] {
            let odd = ExamForm { warn_after: typed.to_owned(), ..usual.clone() };
            assert!(odd.asks().is_err(), "{typed:?}");
        }
    }
}
