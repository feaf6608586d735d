//! The words of the pages, from assets/i18n/server.
//!
//! A page gets its words in two lines, a message in each of the four files and its use in the template:
//!
//! ```text
//! sessions = { $count -> [one] 1 session *[other] { $count } sessions }
//! {{ t!("sessions", count = exam.sessions) }}
//! ```
//!
//! `t!` is there in every template and module of the server, and needs no field of the page. Within it stands
//! Rust: a field of the page is `self.name`. A message whose name ends in `-html` is HTML and takes no arguments:
//! `{{ t!("note-html")|safe }}`. A script finds its words in `data-say-…` of an element of its page. Tests hold
//! messages, their uses and their arguments to each other, in all languages.
//!
//! The language is that of the request, and is known to its task alone: [`of_request`] chooses it. Whatever is
//! made elsewhere names it, see [`within`].

use std::sync::OnceLock;

use axum::Form;
use axum::extract::Request;
use axum::extract::rejection::FormRejection;
use axum::http::header::{ACCEPT_LANGUAGE, SET_COOKIE};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use fluent_bundle::FluentValue;
use serde::Deserialize;

use crate::server::access::credentials::cookie_named;
use crate::server::http::error::Refusal;
use crate::server::pages::PageError;
use crate::words::{Language, Messages};

/// What the browser's person has chosen.
const COOKIE_NAME: &str = "__Host-inview-language";
const A_YEAR_SECONDS: u32 = 31_536_000;
const LONGEST_ADDRESS: usize = 2_048;

/// A message in the language of the request: `t!("id")`, `t!("id", name = value)`.
macro_rules! t {
    ($key:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::server::words::say(
            $key,
            &[$((stringify!($name), ::fluent_bundle::FluentValue::from($value))),*],
        )
    };
}

#[derive(Clone, Debug)]
struct Asked {
    language: Language,
    /// The address of the page, when it can be asked for again.
    page: String,
}

tokio::task_local! {
    static ASKED: Asked;
}

const fn source(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("../../../assets/i18n/server/en.ftl"),
        Language::German => include_str!("../../../assets/i18n/server/de.ftl"),
        Language::Spanish => include_str!("../../../assets/i18n/server/es.ftl"),
        Language::Japanese => include_str!("../../../assets/i18n/server/ja.ftl"),
    }
}

fn messages(language: Language) -> &'static Messages {
    static MESSAGES: [OnceLock<Messages>; Language::ALL.len()] =
        [const { OnceLock::new() }; Language::ALL.len()];
    MESSAGES[language as usize].get_or_init(|| Messages::new(language, source))
}

/// For `t!`.
pub(in crate::server) fn say(key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
    messages(language()).say(key, args)
}

/// Of the request; English where nobody has asked.
pub(in crate::server) fn language() -> Language {
    ASKED.try_with(|asked| asked.language).unwrap_or(Language::English)
}

/// The page that is asked for, where a change of the language leads back to.
pub(in crate::server) fn page() -> String {
    ASKED.try_with(|asked| asked.page.clone()).unwrap_or_else(|_| "/".to_owned())
}

/// Does something in a language.
pub(in crate::server) fn within<T>(language: Language, work: impl FnOnce() -> T) -> T {
    ASKED.sync_scope(Asked { language, page: page() }, work)
}

/// The chosen language, or else the first one that the browser asks for; browsers put them in order.
fn chosen(headers: &HeaderMap) -> Language {
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let accepted = || Language::of_locales(accepted.unwrap_or_default().split(','));
    cookie_named(headers, COOKIE_NAME).and_then(Language::of_tag).unwrap_or_else(accepted)
}

/// Answers in the language of whoever asks. What is for programs speaks English.
pub(in crate::server) async fn of_request(request: Request, next: Next) -> Response {
    let uri = request.uri();
    if uri.path().starts_with("/v1/") || uri.path().starts_with("/assets/") {
        return next.run(request).await;
    }
    let page = uri.path_and_query().map(axum::http::uri::PathAndQuery::as_str);
    let page = page.filter(|page| request.method() == Method::GET && is_address(page));
    let asked = Asked { language: chosen(request.headers()), page: page.unwrap_or("/").to_owned() };
    ASKED.scope(asked, next.run(request)).await
}

/// Whether it leads to a page of this server, and to no other one.
fn is_address(page: &str) -> bool {
    page.len() <= LONGEST_ADDRESS
        && page.starts_with('/')
        && !page.starts_with("//")
        && page.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[derive(Deserialize)]
pub(in crate::server) struct LanguageForm {
    lang: String,
    #[serde(default)]
    page: String,
}

/// `POST /language`: what was chosen is kept in the browser.
pub(in crate::server) async fn choose(
    form: Result<Form<LanguageForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(LanguageForm { lang, page }) =
        form.map_err(|form| Refusal::malformed(form.body_text()))?;
    let language = Language::of_tag(&lang)
        .ok_or_else(|| Refusal::malformed("language is one of en, de, es, ja"))?;
    let page = if is_address(&page) { page.as_str() } else { "/" };
    let cookie = format!(
        "{COOKIE_NAME}={}; Path=/; Max-Age={A_YEAR_SECONDS}; Secure; HttpOnly; SameSite=Strict",
        language.tag()
    );
    Ok(([(SET_COOKIE, cookie)], Redirect::to(page)).into_response())
}

/// A sentence of the API, such as why something is refused, for a person: those that we know in their
/// language, others as they are.
pub(in crate::server) fn problem(sentence: &str) -> String {
    if language() == Language::English {
        return sentence.to_owned();
    }
    let known = problems().iter().find_map(|(key, parts)| Some((*key, found(parts, sentence)?)));
    let Some((key, values)) = known else { return sentence.to_owned() };
    let args: Vec<_> =
        values.into_iter().map(|(name, value)| (name, FluentValue::from(value))).collect();
    say(key, &args)
}

/// A piece of a sentence of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Text(&'static str),
    /// What stands there differs.
    Given(&'static str),
}

/// The sentences of the API in English, which has them in `problem-…`; those that say more before the others.
fn problems() -> &'static [(&'static str, Vec<Part>)] {
    static PROBLEMS: OnceLock<Vec<(&str, Vec<Part>)>> = OnceLock::new();
    PROBLEMS.get_or_init(|| {
        let lines = source(Language::English).lines().filter_map(|line| line.split_once(" = "));
        let lines = lines.filter(|(key, _)| key.starts_with("problem-"));
        let mut known: Vec<_> = lines.map(|(key, sentence)| (key, parts(sentence))).collect();
        let said = |parts: &[Part]| -> usize {
            let length = |part: &Part| match part {
                Part::Text(text) => text.len(),
                Part::Given(_) => 0,
            };
            parts.iter().map(length).sum()
        };
        known.sort_by_key(|(_, parts)| (parts.len() > 1, std::cmp::Reverse(said(parts))));
        known
    })
}

fn parts(mut sentence: &'static str) -> Vec<Part> {
    let mut parts = Vec::new();
    while let Some((text, rest)) = sentence.split_once("{ $") {
        let Some((name, rest)) = rest.split_once(" }") else { break };
        parts.extend((!text.is_empty()).then_some(Part::Text(text)));
        parts.push(Part::Given(name));
        sentence = rest;
    }
    parts.extend((!sentence.is_empty()).then_some(Part::Text(sentence)));
    parts
}

/// What differs in a sentence of these parts.
fn found<'a>(parts: &[Part], sentence: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
    match parts {
        [] => sentence.is_empty().then(Vec::new),
        [Part::Text(text), rest @ ..] => found(rest, sentence.strip_prefix(text)?),
        [Part::Given(name)] => Some(vec![(*name, sentence)]),
        [Part::Given(name), Part::Text(text)] => Some(vec![(*name, sentence.strip_suffix(text)?)]),
        [Part::Given(name), rest @ ..] => {
            let Some(Part::Text(text)) = rest.first() else { return None };
            let (given, _) = sentence.split_once(text)?;
            let mut values = found(rest, sentence.strip_prefix(given)?)?;
            values.insert(0, (*name, given));
            Some(values)
        }
    }
}

#[cfg(test)]
mod tests;
