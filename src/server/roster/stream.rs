//! `GET /v1/stream`: rows of the roster as they change, as server-sent events.
//!
//! | event | when | data |
//! |---|---|---|
//! | `alive` | at first, and every 15 s in which nothing came | the server's time |
//! | `row` | a session's row has changed; at most twice a second each | the row: JSON, or HTML with `as=html`, in the language `lang` |
//! | `reset` | rows are missing, or not theirs any more: the place is too old, of another run of the server, or saw other exams | none that matters: read everything again |

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Of};
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};
use utoipa::IntoParams;

use super::board::{After, Place, Row, Told};
use super::viewer::{Only, Viewer};
use crate::report::{ExamId, SessionId};
use crate::server::access::auth::Proctor;
use crate::server::api::answers::{Asked, Guarded};
use crate::server::http::error::Refusal;
use crate::server::sessions::api::exam_of;
use crate::server::{State, session_id};
use crate::words::Language;

const HEARTBEAT: Duration = Duration::from_secs(15);
/// After this long the browser asks again, and is recognised again.
const LONGEST: Duration = Duration::from_mins(5);
/// How long a browser waits before it asks again.
const RETRY: Duration = Duration::from_secs(2);
/// Rows that are taken from the board at one time.
const MOST: usize = 64;
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::server) struct StreamOf {
    /// The id of the last event that was seen.
    after: Option<String>,
    /// What rows are: `json` or `html`.
    r#as: Option<String>,
    /// Those of this exam alone.
    #[param(value_type = Option<ExamId>)]
    exam: Option<String>,
    /// This session alone.
    #[param(value_type = Option<SessionId>)]
    session: Option<String>,
    /// The language of rows in HTML: `en`, `de`, `es` or `ja`.
    lang: Option<String>,
}

/// Rows of the roster as they change, as server-sent events.
#[utoipa::path(
    get, path = "/v1/stream", operation_id = "stream", tag = "sessions",
    params(StreamOf, ("last-event-id" = Option<String>, Header, description = "As `after`, and before it.")),
    responses(
        (status = 200, description = "Events `alive`, `row` and `reset`, until five minutes have passed.", body = String, content_type = "text/event-stream"),
        Guarded,
        Asked,
    ),
    security(("token" = ["read", "audit", "admin"]), ("cookie" = ["proctor", "auditor", "admin"])),
)]
pub(in crate::server) async fn get(
    Of(state): Of<State>,
    proctor: Proctor,
    headers: HeaderMap,
    query: Result<Query<StreamOf>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(StreamOf { after, r#as, exam, session, lang }) =
        query.map_err(|query| Refusal::parameter(query.body_text()))?;
    let language = match lang.as_deref() {
        None => Language::English,
        Some(lang) => Language::of_tag(lang)
            .ok_or_else(|| Refusal::parameter("lang must be en, de, es or ja"))?,
    };
    let html = match r#as.as_deref() {
        None | Some("json") => None,
        Some("html") => Some(language),
        Some(_) => return Err(Refusal::parameter("as must be json or html")),
    };
    // A browser that comes back knows better than the address of the page.
    let last = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let place = last.or(after);
    let exam = exam.as_deref().map(exam_of).transpose()?;
    let session = session.as_deref().map(|id| {
        session_id(id).ok_or_else(|| Refusal::parameter("session must be the id of a session"))
    });
    let only = Only { exam, session: session.transpose()? };
    // Before it is asked what they may: what changes meanwhile is seen below.
    let rights = state.store.changes().rights();
    let viewer = Viewer::of(&state, &proctor, only).await?;
    let who = Who { headers, only, viewer, rights };
    let reader = Reader::new(state, who, html, place.as_deref());
    let events = stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    // Proxies would hold back what is small.
    let headers =
        [(HeaderName::from_static("x-accel-buffering"), "no"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Sse::new(events)).into_response())
}

/// Somebody who reads, as of the rights of that time.
struct Who {
    /// With what they are recognised again.
    headers: HeaderMap,
    only: Only,
    viewer: Viewer,
    rights: u64,
}

/// Where somebody is.
struct Reader {
    state: State,
    who: Who,
    /// As HTML, in this language; as JSON otherwise.
    html: Option<Language>,
    told: watch::Receiver<Told>,
    /// The version that was read last; `None` when it is not of this run.
    version: Option<u64>,
    /// Taken and not sent yet: at most [`MOST`].
    rows: VecDeque<(u64, Arc<Row>)>,
    has_begun: bool,
    until: Pin<Box<Sleep>>,
}

impl Reader {
    fn new(state: State, who: Who, html: Option<Language>, place: Option<&str>) -> Self {
        let told = state.board.reader();
        let version = match place {
            None => Some(state.board.version()),
            Some(place) => {
                Place::read(place).and_then(|place| state.board.find(&place, &who.viewer))
            }
        };
        let until = Box::pin(sleep(LONGEST));
        let rows = VecDeque::new();
        Self { state, who, html, told, version, rows, has_begun: false, until }
    }

    /// `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        if !self.has_begun {
            self.has_begun = true;
            return Some(self.alive().retry(RETRY));
        }
        loop {
            self.recognise().await.ok()?;
            if let Some((version, row)) = self.rows.pop_front() {
                return Some(self.event(version, &row));
            }
            if self.told.borrow_and_update().is_closed {
                return None;
            }
            let board = &self.state.board;
            let after = match self.version {
                Some(version) => board.after(&self.who.viewer, version, MOST),
                None => After::Reset(board.version()),
            };
            match after {
                After::Reset(version) => {
                    self.version = Some(version);
                    let id = board.id(version, &self.who.viewer);
                    let reset = Event::default().event("reset").id(id);
                    return Some(reset.data("everything"));
                }
                After::Rows(rows, next) => {
                    self.version = Some(next);
                    self.rows = rows.into();
                }
            }
            if !self.rows.is_empty() {
                continue;
            }
            tokio::select! {
                changed = self.told.changed() => changed.ok()?,
                () = sleep(HEARTBEAT) => return Some(self.alive()),
                () = &mut self.until => return None,
            }
        }
    }

    /// Nobody sees what they may see no longer: asks again who it is when rights may have changed.
    async fn recognise(&mut self) -> Result<(), Refusal> {
        let rights = self.state.store.changes().rights();
        if rights == self.who.rights {
            return Ok(());
        }
        let viewer = Viewer::again(&self.state, &self.who.headers, self.who.only).await?;
        if viewer != self.who.viewer {
            // Also what was taken and not sent.
            self.rows.clear();
            self.version = None;
            self.who.viewer = viewer;
        }
        self.who.rights = rights;
        Ok(())
    }

    /// That the connection stands; also tells where the reader is.
    fn alive(&self) -> Event {
        let event = Event::default().comment("alive").event("alive");
        let event = event.data(self.state.now().to_string());
        match self.version {
            Some(version) => event.id(self.state.board.id(version, &self.who.viewer)),
            None => event,
        }
    }

    fn event(&self, version: u64, row: &Row) -> Event {
        let data = match self.html {
            Some(language) => row.html.of(language, self.who.viewer.judges),
            None => &row.json,
        };
        Event::default().event("row").id(self.state.board.id(version, &self.who.viewer)).data(data)
    }
}
