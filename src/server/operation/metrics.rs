//! `GET /metrics`: figures for Prometheus, in the `OpenMetrics` text format. None of them names anybody.

use std::fmt;

use axum::extract::{MatchedPath, Request, State as Of};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::SignedDuration;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::server::State;
use crate::server::http::error::Refusal;
use crate::server::store::census::{self, Census};
use crate::server::store::webhook::line::Fate;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Upper bounds, in seconds: a receipt comes within milliseconds, a page within some ten.
const SECONDS: [f64; 9] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0, 10.0];
/// Requests to what is no address of the server.
const ELSEWHERE: &str = "elsewhere";

/// A route, and not an address: ids of sessions are nobody's business here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct In {
    state: Standing,
}

/// What a session does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Standing {
    Issued,
    Live,
    Silent,
    Ended,
}

impl prometheus_client::encoding::EncodeLabelValue for Standing {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        let name = match self {
            Self::Issued => "issued",
            Self::Live => "live",
            Self::Silent => "silent",
            Self::Ended => "ended",
        };
        fmt::Write::write_str(encoder, name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tried {
    outcome: &'static str,
}

/// What is counted while the server runs, and what is asked of the database when somebody wants to know.
pub(in crate::server) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<Route, Histogram>,
    sessions: Family<In, Gauge>,
    alerts: Gauge,
    events: Gauge,
    waiting: Gauge,
    deliveries: Family<Tried, Counter>,
    messages_waiting: Gauge,
    messages_dead: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("inview");
        let requests = Family::<Answered, Counter>::default();
        let durations =
            Family::<Route, Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
        let sessions = Family::<In, Gauge>::default();
        let (alerts, events, waiting) = (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("http_requests", "Requests that were answered", requests.clone());
        let help = "Time from the head of a request to the head of its answer";
        registry.register_with_unit("http_request", help, Unit::Seconds, durations.clone());
        registry.register("sessions", "Sessions by what they do", sessions.clone());
        registry.register("alerts_open", "Alerts whose interval has not ended", alerts.clone());
        registry.register("events_stored", "Reports in the database", events.clone());
        let help = "Reports that are stored and not shown yet";
        registry.register("events_waiting", help, waiting.clone());
        let deliveries = Family::<Tried, Counter>::default();
        let help = "Attempts to send a message to a webhook";
        registry.register("webhook_deliveries", help, deliveries.clone());
        let (messages_waiting, messages_dead) = (Gauge::default(), Gauge::default());
        let help = "Messages to webhooks that wait";
        registry.register("webhook_messages_waiting", help, messages_waiting.clone());
        let help = "Messages to webhooks that were given up";
        registry.register("webhook_messages_dead", help, messages_dead.clone());
        Self {
            registry,
            requests,
            durations,
            sessions,
            alerts,
            events,
            waiting,
            deliveries,
            messages_waiting,
            messages_dead,
        }
    }
}

impl Metrics {
    fn count(&self, route: Route, status: StatusCode, took: SignedDuration) {
        self.durations.get_or_create(&route).observe(took.as_secs_f64());
        let Route { method, route } = route;
        self.requests.get_or_create(&Answered { method, route, status: status.as_u16() }).inc();
    }

    pub(in crate::server) fn count_message(&self, fate: &Fate) {
        let outcome = match fate {
            Fate::Delivered => "delivered",
            Fate::Again(_) => "failed",
            Fate::Dead => "dead",
        };
        self.deliveries.get_or_create(&Tried { outcome }).inc();
    }

    fn set(&self, census: &Census, waiting: usize) {
        for (state, count) in [
            (Standing::Issued, census.issued),
            (Standing::Live, census.live),
            (Standing::Silent, census.silent),
            (Standing::Ended, census.ended),
        ] {
            self.sessions.get_or_create(&In { state }).set(count);
        }
        self.alerts.set(census.alerts);
        self.events.set(census.events);
        self.messages_waiting.set(census.messages_waiting);
        self.messages_dead.set(census.messages_dead);
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Counts each request, and logs it without saying whose it was.
pub(in crate::server) async fn count<F: Future<Output = Response>>(
    state: &State,
    request: Request,
    answering: impl FnOnce(Request) -> F,
) -> Response {
    let since = state.now();
    let method = known(request.method());
    let matched = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let route = Route { method, route: matched.unwrap_or(ELSEWHERE).to_owned() };
    let answer = answering(request).await;
    // A clock that was set back meanwhile makes no time negative.
    let took = state.now().duration_since(since).max(SignedDuration::ZERO);
    let (status, millis) = (answer.status(), took.as_millis());
    tracing::info!(method, route = route.route, status = status.as_u16(), millis, "answered");
    state.metrics.count(route, status, took);
    answer
}

/// A method that is in use: strangers may send any word, and must not fill the memory with them.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

pub(in crate::server) async fn show(Of(state): Of<State>) -> Result<Response, Refusal> {
    let now = state.now();
    let census = state.store.look_up(move |database| census::take(database, now)).await?;
    state.metrics.set(&census, state.store.waiting());
    let text = state.metrics.text().map_err(|error| {
        tracing::error!(%error, "the figures cannot be written");
        Refusal::internal()
    })?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}
