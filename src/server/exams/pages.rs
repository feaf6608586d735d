//! The pages of exams: the list, one with its seats, the import of a roster and its links.

use askama::Template;
use axum::Form;
use axum::extract::multipart::MultipartRejection;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Multipart, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use crate::report::{Exam, ExamId, LineFault, RosterSeat, SessionId, SessionSummary};
use crate::server::State;
use crate::server::access::auth::{Browser, Manager, Proctor};
use crate::server::exams;
use crate::server::exams::api::OfExam;
use crate::server::exams::candidates::{self, MAX_BYTES, Wish};
use crate::server::exams::form::{ExamForm, Faults, LanguageForm, PolicyForm, RulesForm, chosen};
use crate::server::http::error::Refusal;
use crate::server::http::idempotency::is_key;
use crate::server::http::origin::Origin;
use crate::server::pages::{PageError, Who, flatten, form_key, render, say};
use crate::server::sessions;
use crate::server::store::exam;

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
    /// The defaults, which stand beside the fields.
    usual: PolicyForm,
    faults: Faults,
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
    /// For those who may change the rules, unless an agent holds them.
    rules: Option<RulesForm>,
    /// For those who might: an agent holds them.
    is_taken: bool,
    usual: PolicyForm,
    faults: Faults,
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
    list_with(&state, &proctor, after.as_deref(), (form, Wrong::default())).await
}

/// What is wrong with a new exam: its fields, or the whole of it.
#[derive(Default)]
struct Wrong {
    faults: Faults,
    fault: Option<String>,
}

fn said(refusal: &Refusal) -> String {
    say::problem(refusal.detail().unwrap_or(refusal.title()))
}

async fn list_with(
    state: &State,
    proctor: &Proctor,
    after: Option<&str>,
    (form, Wrong { faults, fault }): (Option<ExamForm>, Wrong),
) -> Result<Response, PageError> {
    let page = (after, EXAMS);
    let found = exams::api::listed(state, proctor.tenant.clone(), proctor.reach, page).await?;
    let is_wrong = fault.is_some() || !faults.is_empty();
    let page = ExamsPage {
        who: Who::of(proctor, "exams"),
        exams: found.exams,
        next: found.next,
        first: after.is_none(),
        form,
        usual: PolicyForm::default(),
        faults,
        fault,
    };
    render(if is_wrong { StatusCode::BAD_REQUEST } else { StatusCode::OK }, &page)
}

pub(in crate::server) async fn make(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    form: Result<Form<ExamForm>, FormRejection>,
) -> Result<Response, PageError> {
    let proctor = browser?.admin()?;
    let Form(form) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let key = Some(form.key.clone()).filter(|key| is_key(key));
    let asked = match form.asks() {
        Ok(asked) => asked,
        Err(faults) => {
            let wrong = Wrong { faults, fault: None };
            return list_with(&state, &proctor, None, (Some(form), wrong)).await;
        }
    };
    match exams::api::make(&state, &manager(&proctor), asked, key).await {
        Ok((_, exam)) => Ok(Redirect::to(&format!("/exams/{}", exam.exam)).into_response()),
        Err(refusal) if refusal.status() == StatusCode::BAD_REQUEST => {
            let wrong = Wrong { fault: Some(said(&refusal)), ..Wrong::default() };
            list_with(&state, &proctor, None, (Some(form), wrong)).await
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
    one_with(&state, &proctor, (exam, after.as_deref()), Typed::default()).await
}

/// What somebody has sent from the page of an exam that cannot be done.
#[derive(Default)]
struct Typed {
    refusal: Option<Refusal>,
    list: String,
    rules: Option<(RulesForm, Faults)>,
}

async fn one_with(
    state: &State,
    proctor: &Proctor,
    (exam, after): (Exam, Option<&str>),
    Typed { refusal, list, rules }: Typed,
) -> Result<Response, PageError> {
    let page = (after, SEATS);
    let found = sessions::api::page(state, proctor.clone(), Some(exam.exam), page).await?;
    let may_import = proctor.is_admin() && exam.closed_at.is_none();
    let mut policy = Vec::new();
    flatten("", &exam.policy, &mut policy);
    let (tenant, id) = (proctor.tenant.clone(), exam.exam);
    let untaken = state.store.read(move |database| exam::untaken(database, &tenant, id));
    let is_taken = may_import && untaken.await?.is_none();
    let status = match (&refusal, &rules) {
        (Some(refusal), _) => refusal.status(),
        (None, Some(_)) => StatusCode::BAD_REQUEST,
        (None, None) => StatusCode::OK,
    };
    let (rules, faults) = match rules {
        Some((rules, faults)) => (Some(rules), faults),
        None if may_import => (Some(rules_of(&exam)?), Faults::default()),
        None => (None, Faults::default()),
    };
    let page = ExamPage {
        who: Who::of(proctor, "exams"),
        policy,
        has_rooms: found.sessions.iter().any(|seat| seat.room.is_some()),
        seats: found.sessions,
        next: found.next,
        first: after.is_none(),
        key: if may_import { Some(form_key()?) } else { None },
        rules: rules.filter(|_| !is_taken),
        is_taken,
        usual: PolicyForm::default(),
        faults,
        list,
        fault: refusal.as_ref().map(said),
        lines: refusal.as_ref().map_or(Vec::new(), |it| it.lines().to_vec()),
        exam,
    };
    render(status, &page)
}

fn rules_of(exam: &Exam) -> Result<RulesForm, Refusal> {
    Ok(RulesForm { key: form_key()?, policy: PolicyForm::of_value(&exam.policy) })
}

/// The form of an exam's rules: what it has, or the fields that are wrong.
pub(in crate::server) async fn set_rules(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    exam: Result<OfExam, Refusal>,
    form: Result<Form<RulesForm>, FormRejection>,
) -> Result<Response, PageError> {
    let (proctor, OfExam(id)) = (browser?.admin()?, exam?);
    let Form(form) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let exam = exams::api::find(&state, &proctor.tenant, proctor.reach, id).await?;
    let policy = match form.policy.read(&exam.policy, &form.key) {
        Ok(policy) => policy,
        Err(faults) => {
            let typed = Typed { rules: Some((form, faults)), ..Typed::default() };
            return one_with(&state, &proctor, (exam, None), typed).await;
        }
    };
    match exams::api::set_policy(&state, &manager(&proctor), id, policy).await {
        Ok(()) => Ok(Redirect::to(&format!("/exams/{id}#rules")).into_response()),
        Err(refusal) if refusal.status().is_client_error() => {
            let rules = Some((form, Faults::default()));
            let typed = Typed { refusal: Some(refusal), rules, ..Typed::default() };
            one_with(&state, &proctor, (exam, None), typed).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// The form of the language of its links.
pub(in crate::server) async fn set_language(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    exam: Result<OfExam, Refusal>,
    form: Result<Form<LanguageForm>, FormRejection>,
) -> Result<Response, PageError> {
    let (proctor, OfExam(id)) = (browser?.admin()?, exam?);
    let Form(form) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let asked = chosen(&form.language);
    exams::api::set_language(&state, &manager(&proctor), id, asked).await?;
    Ok(Redirect::to(&format!("/exams/{id}#rules")).into_response())
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
            let typed = Typed { refusal: Some(refusal), list: sent.typed, ..Typed::default() };
            one_with(&state, &proctor, (exam, None), typed).await
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
