//! The pages: HTML without a script.

use std::time::Duration;

use askama::Template;
use axum::extract::State as Of;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde_json::Value;

use crate::report::{
    ClosedBy, CommandKind, Family, Issued, Kind, Liveness, MAX_NOTE_CHARS, MAX_TEXT_CHARS, Noticed,
    Outcome, Phase, SessionDetail, SessionStatus, SessionSummary, StoredCommand, StoredInterval,
    Verdict,
};
use crate::server::State;
use crate::server::access::auth::{self, Proctor, Theirs};
use crate::server::http::error::Refusal;
use crate::server::sessions::timeline::{Timeline, layout};
use crate::server::store::ingest::Target;
use crate::server::store::{self, command, read};
use crate::time::MediaTime;

/// Intervals of a session that are drawn on its page: a page stays a page whatever an agent reports.
/// More than this is an interval every few seconds for hours.
const LISTED: u64 = 5_000;

/// A refusal, for a person.
#[derive(Debug)]
pub(super) struct PageError(Refusal);

impl From<Refusal> for PageError {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl From<store::StoreError> for PageError {
    fn from(error: store::StoreError) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let status = self.0.status();
        if status == StatusCode::UNAUTHORIZED {
            return Redirect::to("/login").into_response();
        }
        let (title, detail) = (self.0.title(), self.0.detail());
        match (ErrorPage { title, detail }).render() {
            Ok(page) => (status, Html(page)).into_response(),
            Err(_) => self.0.into_response(),
        }
    }
}

#[derive(Template)]
#[template(path = "error.html", config = "src/server/askama.toml")]
struct ErrorPage<'a> {
    title: &'static str,
    detail: Option<&'a str>,
}

/// Who looks at a page, and at which: for the line at its top.
#[derive(Clone, Debug)]
pub(super) struct Who {
    pub(super) name: Option<String>,
    pub(super) is_admin: bool,
    here: &'static str,
}

impl Who {
    pub(super) fn of(proctor: &Proctor, here: &'static str) -> Self {
        let name = proctor.account.as_ref().map(|account| account.name.clone());
        Self { name, is_admin: proctor.is_admin(), here }
    }

    pub(super) fn is_at(&self, page: &str) -> bool {
        self.here == page
    }
}

#[derive(Template)]
#[template(path = "issued.html", config = "src/server/askama.toml")]
struct IssuedPage {
    who: Who,
    issued: Issued,
}

#[derive(Template)]
#[template(path = "session.html", config = "src/server/askama.toml")]
struct SessionPage {
    who: Who,
    detail: SessionDetail,
    session: SessionSummary,
    intervals: Vec<StoredInterval>,
    timeline: Timeline,
    legend: Vec<Kind>,
    policy: Vec<(String, String)>,
    commands: Vec<StoredCommand>,
    /// Auditors judge no alert.
    judges: bool,
    /// For each form that may be used, the key of what it sends.
    message_key: Option<String>,
    start_key: Option<String>,
}

pub(super) async fn session(
    Of(state): Of<State>,
    theirs: Result<Theirs, Refusal>,
) -> Result<Response, PageError> {
    let (Theirs(proctor, session), now) = (theirs?, state.now());
    let (who, acts) = (Who::of(&proctor, "sessions"), proctor.must_act().is_ok());
    let reading = state.store.read(move |database| {
        let detail = read::session(database, &proctor.tenant, now, session)?;
        let found = read::intervals(database, &proctor.tenant, now, session, (None, LISTED))?;
        let commands = command::list(database, &Target { tenant: proctor.tenant, session, now })?;
        Ok(detail.map(|detail| (detail, found.intervals, commands)))
    });
    let (detail, intervals, commands) = reading.await?.ok_or(Refusal::not_found())?;
    let phase = detail.summary.liveness.as_ref().map(|liveness| liveness.phase);
    // An agent that sends no heartbeats hears of nothing.
    let hears = phase.filter(|_| acts && detail.summary.status != SessionStatus::Ended);
    let gaps = detail.observed.as_ref().map_or(&[][..], |observed| &observed.gaps);
    let mut policy = Vec::new();
    flatten("", &detail.policy, &mut policy);
    let page = SessionPage {
        who,
        session: detail.summary.clone(),
        timeline: layout(&intervals, gaps, drawn(&detail.summary, now)),
        legend: legend(&intervals),
        detail,
        intervals,
        policy,
        commands,
        judges: acts,
        message_key: hears.map(|_| form_key()).transpose()?,
        start_key: hears.filter(|it| *it == Phase::CheckIn).map(|_| form_key()).transpose()?,
    };
    render(StatusCode::OK, &page)
}

/// How much of a session is drawn: of one that has fallen silent, the silence too.
fn drawn(session: &SessionSummary, now: Timestamp) -> MediaTime {
    let last = session.last_contact.as_deref().and_then(|last| last.parse::<Timestamp>().ok());
    match (session.status, session.liveness.is_some(), last) {
        (SessionStatus::Silent, true, Some(last)) => {
            let silence = Duration::try_from(now.duration_since(last)).unwrap_or_default();
            session.duration_ms + silence
        }
        _ => session.duration_ms,
    }
}

/// A form that is sent twice has the same key twice.
pub(super) fn form_key() -> Result<String, Refusal> {
    auth::new_secret().map(|secret| secret.reveal().clone()).map_err(|error| {
        tracing::error!(%error, "no randomness");
        Refusal::internal()
    })
}

/// The code of a session that was issued: this page alone shows it.
pub(super) fn issued(who: Who, issued: Issued) -> Result<Response, PageError> {
    render(StatusCode::CREATED, &IssuedPage { who, issued })
}

pub(super) async fn style() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    (headers, include_str!("../templates/style.css"))
}

pub(super) fn render(status: StatusCode, page: &impl Template) -> Result<Response, PageError> {
    let page = page.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be made");
        Refusal::internal()
    })?;
    Ok((status, Html(page)).into_response())
}

/// Kinds that occur, in their own order.
fn legend<'a>(intervals: impl IntoIterator<Item = &'a StoredInterval>) -> Vec<Kind> {
    let mut kinds: Vec<Kind> =
        intervals.into_iter().map(|stored| stored.report.interval.kind).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// A policy as names and values: `face.enter`, `0.7`.
pub(super) fn flatten(prefix: &str, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let dot = if prefix.is_empty() { "" } else { "." };
                flatten(&format!("{prefix}{dot}{name}"), value, into);
            }
        }
        Value::Null if prefix.is_empty() => {}
        Value::String(text) => into.push((prefix.to_owned(), text.clone())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            into.push((prefix.to_owned(), value.to_string()));
        }
    }
}

/// Words and figures for the templates.
pub(super) mod say {
    use super::{
        ClosedBy, CommandKind, Duration, Family, Kind, Liveness, MediaTime, Noticed, Outcome,
        Phase, SessionStatus, SessionSummary, StoredCommand, Timestamp, Verdict,
    };

    pub(in crate::server) fn status(status: SessionStatus) -> &'static str {
        match status {
            SessionStatus::CheckingIn => "checking in",
            SessionStatus::Issued => "not started",
            SessionStatus::Running => "running",
            SessionStatus::Silent => "silent",
            SessionStatus::Ended => "ended",
        }
    }

    /// How a seat of an exam stands: whether its code was used, too.
    pub(in crate::server) fn seat(session: &SessionSummary) -> &'static str {
        let used = session.issued.as_ref().is_some_and(|issued| issued.enrolled_at.is_some());
        if used && session.status == SessionStatus::Issued {
            "code used"
        } else {
            status(session.status)
        }
    }

    pub(in crate::server) fn ended_by(closed_by: Option<ClosedBy>) -> &'static str {
        match closed_by {
            None => "still open",
            Some(ClosedBy::SeenAgain) => "seen again",
            Some(ClosedBy::CouldNotLook) => "camera could not look",
            Some(ClosedBy::SessionEnd) => "end of session",
            Some(ClosedBy::Incomplete) => "recording broke off",
            Some(ClosedBy::AgentRestart) => "agent restarted",
            Some(ClosedBy::HeardAgain) => "heard of again",
        }
    }

    /// What a proctor made of an alert.
    pub(in crate::server) fn verdict(verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::Acknowledged => "acknowledged",
            Verdict::Fine => "fine",
            Verdict::Technical => "technical",
            Verdict::Violation => "violation",
            Verdict::Unsure => "unsure",
            Verdict::Withdrawn => "to review",
        }
    }

    pub(in crate::server) fn phase(phase: Phase) -> &'static str {
        match phase {
            Phase::CheckIn => "camera check, before the exam",
            Phase::Exam => "exam",
            Phase::Ending => "sending the last reports",
            Phase::Ended => "exam ended",
        }
    }

    /// What an agent noticed of its reports and clocks.
    pub(in crate::server) fn noticed(what: &Noticed) -> String {
        const DAMAGED: &str = "The agent’s file of reports was damaged and set aside";
        match what {
            Noticed::SpoolDamaged { from: Some(from), to: Some(to), .. } if from <= to => format!(
                "{DAMAGED}. Those of its last {to} reports that had not arrived, from {from} on, \
                 are missing."
            ),
            Noticed::SpoolDamaged { to: Some(to), .. } => {
                format!("{DAMAGED}. All {to} reports that were last in it had arrived.")
            }
            Noticed::SpoolDamaged { .. } => {
                format!("{DAMAGED}. Which reports were in it is not known.")
            }
            Noticed::StorageDegraded { cause } => format!(
                "The computer’s disk took no reports ({}); they were held in memory and sent from \
                 there.",
                cause.description()
            ),
            Noticed::StorageRestored { waiting: 0 } => {
                "The disk took reports again; all had arrived meanwhile.".to_owned()
            }
            Noticed::StorageRestored { waiting } => format!(
                "The disk took reports again, and {} that had not arrived.",
                count(*waiting, "report", "reports")
            ),
            Noticed::ReportsLost { reports } => format!(
                "The memory for reports was full, too: {} not made.",
                count(*reports, "report was", "reports were")
            ),
            Noticed::ClockStepped { by_ms } => format!(
                "The computer’s clock was set {} by {}. Lengths do not depend on it.",
                if *by_ms < 0 { "back" } else { "forward" },
                millis(by_ms.unsigned_abs())
            ),
            Noticed::Suspended { for_ms } => {
                format!("The computer slept for {}.", millis(*for_ms))
            }
        }
    }

    /// What is wrong with the agent; codes are words already.
    pub(in crate::server) fn troubles(liveness: &Liveness) -> String {
        let words = liveness.health.iter().map(|trouble| trouble.code.replace('_', " "));
        words.collect::<Vec<_>>().join(", ")
    }

    pub(in crate::server) fn command(kind: &CommandKind) -> &'static str {
        match kind {
            CommandKind::Message { .. } => "message",
            CommandKind::AllowStart { .. } => "start allowed",
        }
    }

    /// How far a command has come.
    pub(in crate::server) fn state(command: &StoredCommand) -> &'static str {
        match command.outcomes.last().map(|last| last.outcome) {
            None => "waiting",
            Some(outcome) => said(outcome),
        }
    }

    pub(in crate::server) fn said(outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Shown => "shown",
            Outcome::Read => "read",
            Outcome::Done => "done",
            Outcome::Refused => "refused",
        }
    }

    /// `18:58:17 UTC`; what is no time as it is.
    pub(in crate::server) fn clock(rfc3339: &str) -> String {
        let at = rfc3339.parse::<Timestamp>();
        at.map_or_else(|_| rfc3339.to_owned(), |at| at.strftime("%H:%M:%S UTC").to_string())
    }

    pub(in crate::server) fn is_hatched(kind: Kind) -> bool {
        kind.family() != Family::Presence && kind != Kind::SuspectedStillImage
    }

    /// `2026-11-25 18:58 UTC`; what is no time as it is.
    pub(in crate::server) fn when(rfc3339: &str) -> String {
        let at = rfc3339.parse::<Timestamp>();
        at.map_or_else(|_| rfc3339.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
    }

    /// `8.4 s`, `12 min 30 s`, `3 h 05 min`.
    pub(in crate::server) fn span(span: Duration) -> String {
        let seconds = span.as_secs();
        match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
            (0, 0, _) => format!("{:.1} s", span.as_secs_f64()),
            (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
            (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
        }
    }

    pub(in crate::server) fn millis(millis: u64) -> String {
        span(Duration::from_millis(millis))
    }

    /// How long it lasted.
    pub(in crate::server) fn between(start: MediaTime, end: MediaTime) -> String {
        span(end.since(start))
    }

    pub(in crate::server) fn length(of_session: MediaTime) -> String {
        span(of_session.since(MediaTime::ZERO))
    }

    pub(in crate::server) fn reports<T>(list: &[T]) -> String {
        count(list.len() as u64, "report", "reports")
    }

    pub(in crate::server) fn many<T>(list: &[T], one: &str, more: &str) -> String {
        count(list.len() as u64, one, more)
    }

    pub(in crate::server) fn count(number: u64, one: &str, more: &str) -> String {
        match number {
            0 => format!("no {more}"),
            1 => format!("1 {one}"),
            _ => format!("{number} {more}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_a_list_of_names_and_values() {
        let policy = serde_json::json!({"version": "a", "face": {"enter": 0.7}, "list": [1]});
        let mut found = Vec::new();
        flatten("", &policy, &mut found);
        let found: Vec<_> = found.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(found, ["face.enter=0.7", "list=[1]", "version=a"]);
        let mut none = Vec::new();
        flatten("", &Value::Null, &mut none);
        assert!(none.is_empty());
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        assert_eq!(say::span(Duration::from_millis(8_400)), "8.4 s");
        assert_eq!(say::span(Duration::from_secs(750)), "12 min 30 s");
        assert_eq!(say::span(Duration::from_mins(185)), "3 h 05 min");
        assert_eq!(say::when("2026-11-25T18:58:17Z"), "2026-11-25 18:58 UTC");
        assert_eq!(say::when("later"), "later");
        assert_eq!(say::count(1, "alert", "alerts"), "1 alert");
        let back = say::noticed(&Noticed::ClockStepped { by_ms: -7_200_000 });
        assert!(back.contains("set back by 2 h 00 min"), "{back}");
    }
}
