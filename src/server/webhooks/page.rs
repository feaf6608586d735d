//! `/webhooks`: the page of administrators.

use askama::Template;
use axum::Form;
use axum::extract::State as Of;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use crate::report::{
    Delivery, DeliveryState, Exam, ExamId, MadeWebhook, MessageId, NewWebhook, Webhook, WebhookType,
};
use crate::server::State;
use crate::server::access::auth::{Browser, Proctor};
use crate::server::access::sign_in::mendable;
use crate::server::http::error::Refusal;
use crate::server::pages::{PageError, Who, render, say};
use crate::server::store::exam::{self, Reach};
use crate::server::store::webhook::{endpoint, line};
use crate::server::webhooks::api::OfWebhook;
use crate::server::webhooks::manage::{self, By};

const EXAMS: u64 = 500;

/// A webhook, and what has become of its messages lately.
struct Shown {
    webhook: Webhook,
    dead: Vec<Delivery>,
    /// Those that wait and were tried: what is wrong.
    failing: Vec<Delivery>,
}

#[derive(Template)]
#[template(path = "webhooks.html", config = "src/server/askama.toml")]
struct WebhooksPage {
    who: Who,
    webhooks: Vec<Shown>,
    exams: Vec<Exam>,
    types: [WebhookType; 9],
    fault: Option<String>,
}

impl WebhooksPage {
    fn exam(&self, exam: &ExamId) -> String {
        let found = self.exams.iter().find(|known| known.exam == *exam);
        found.map_or_else(|| t!("webhook-one-exam"), |exam| exam.name.clone())
    }
}

#[derive(Template)]
#[template(path = "webhook.html", config = "src/server/askama.toml")]
struct WebhookPage {
    who: Who,
    made: MadeWebhook,
}

pub(in crate::server) async fn page(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
) -> Result<Response, PageError> {
    page_with(&state, &browser?.admin()?, None).await
}

async fn page_with(
    state: &State,
    admin: &Proctor,
    fault: Option<String>,
) -> Result<Response, PageError> {
    let (tenant, now) = (admin.tenant.clone(), state.now());
    let reading = state.store.look_up(move |database| {
        let exams = exam::list(database, &tenant, Reach::All, (None, EXAMS))?.exams;
        let shown = endpoint::list(database, &tenant, now)?.into_iter().map(|webhook| {
            let key = (tenant.clone(), webhook.id);
            let dead = line::list(database, &key, Some(DeliveryState::Dead))?;
            let mut failing = line::list(database, &key, Some(DeliveryState::Waiting))?;
            failing.retain(|delivery| delivery.attempts > 0);
            Ok(Shown { webhook, dead, failing })
        });
        Ok((shown.collect::<Result<_, crate::server::store::StoreError>>()?, exams))
    });
    let (webhooks, exams) = reading.await?;
    let status = if fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let (who, types) = (Who::of(admin, "webhooks"), WebhookType::CHOICE);
    render(status, &WebhooksPage { who, webhooks, exams, types, fault })
}

pub(in crate::server) async fn make(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, PageError> {
    let admin = browser?.admin()?;
    let Form(form) = form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let asked = asked(form);
    match manage::make(&state, By::of(&admin), asked).await {
        Ok(made) => shown(&admin, StatusCode::CREATED, made),
        Err(refusal) if refusal.status() == StatusCode::CONFLICT => {
            page_with(&state, &admin, Some(say::problem(refusal.title()))).await
        }
        Err(refusal) => page_with(&state, &admin, Some(mendable(refusal)?)).await,
    }
}

fn asked(form: Vec<(String, String)>) -> NewWebhook {
    let mut asked = NewWebhook {
        name: String::new(),
        url: String::new(),
        types: Vec::new(),
        exam: None,
        labels: false,
    };
    for (name, value) in form {
        match name.as_str() {
            "name" => asked.name = value,
            "url" => value.trim().clone_into(&mut asked.url),
            "type" => asked.types.extend(WebhookType::from_name(&value)),
            "exam" => asked.exam = value.parse().ok(),
            "labels" => asked.labels = true,
            _ => {}
        }
    }
    // All of them, also those that will come.
    if WebhookType::CHOICE.iter().all(|kind| asked.types.contains(kind)) {
        asked.types.clear();
    }
    asked
}

fn shown(admin: &Proctor, status: StatusCode, made: MadeWebhook) -> Result<Response, PageError> {
    render(status, &WebhookPage { who: Who::of(admin, "webhooks"), made })
}

#[derive(Deserialize)]
pub(in crate::server) struct ActForm {
    #[serde(rename = "do")]
    act: Act,
    /// The message that is sent again; all of them when it is not named.
    message: Option<MessageId>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    Test,
    Enable,
    Disable,
    Rotate,
    SendAgain,
    Delete,
}

pub(in crate::server) async fn act(
    Of(state): Of<State>,
    browser: Result<Browser, Refusal>,
    OfWebhook(id): OfWebhook,
    form: Result<Form<ActForm>, FormRejection>,
) -> Result<Response, PageError> {
    let admin = browser?.admin()?;
    let Form(ActForm { act, message }) =
        form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let by = By::of(&admin);
    let done = match act {
        Act::Test => manage::test(&state, by, id).await.map(|_message| ()),
        Act::Enable => manage::enable(&state, by, id).await.map(|_webhook| ()),
        Act::Disable => manage::disable(&state, by, id).await.map(|_webhook| ()),
        Act::Rotate => {
            return shown(&admin, StatusCode::OK, manage::rotate(&state, by, id).await?);
        }
        Act::SendAgain => manage::send_again(&state, by, (id, message)).await,
        Act::Delete => manage::delete(&state, by, id).await,
    };
    match done {
        Ok(()) => Ok(Redirect::to("/webhooks").into_response()),
        Err(refusal) => page_with(&state, &admin, Some(mendable(refusal)?)).await,
    }
}
