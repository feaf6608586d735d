//! One row, as HTML and as JSON.

use std::time::Duration;

use askama::Template;
use jiff::Timestamp;
use serde::Serialize;

use super::board::Row;
use super::spark::{Spark, WIDTH, spark};
use super::standing::{Standing, State, standing};
use crate::report::{ExamId, IntervalId, Kind, SessionId, SessionStatus, Verdict};
use crate::server::pages::say;
use crate::server::sessions::timeline::clock;
use crate::server::store::roster::Facts;
use crate::server::store::{StoreError, Tenant};

/// A row of a session that goes on is made again after this long: its drawing moves.
const REDRAWN: Duration = Duration::from_mins(1);

#[derive(Template)]
#[template(path = "row.html", config = "src/server/askama.toml")]
pub(super) struct View<'a> {
    session: SessionId,
    pub(super) name: String,
    pub(super) standing: Standing,
    kind: Option<Kind>,
    interval: Option<IntervalId>,
    detail: String,
    spark: Spark,
    facts: &'a Facts,
    now: Timestamp,
    /// Whether the buttons of those who judge are there.
    judges: bool,
}

/// What programs read.
#[derive(Serialize)]
struct Told<'a> {
    session: SessionId,
    label: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exam: Option<ExamId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<IntervalId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    alerts: u64,
    unreviewed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_contact: Option<&'a str>,
}

impl<'a> View<'a> {
    pub(super) fn new(facts: &'a Facts, now: Timestamp, judges: bool) -> Self {
        let standing = standing(facts, now);
        let summary = &facts.summary;
        let session = summary.session;
        let alert = standing.alert;
        Self {
            session,
            name: match summary.label.trim() {
                "" => format!("Session {session}"),
                label => label.replace(char::is_control, " "),
            },
            kind: alert.map(|alert| alert.kind),
            interval: alert.map(|alert| alert.id),
            detail: detail(facts, &standing),
            spark: spark(facts),
            standing,
            facts,
            now,
            judges,
        }
    }

    /// When the row will be another one although nothing is heard.
    fn changes_at(&self) -> Option<Timestamp> {
        let status = self.facts.summary.status;
        let is_live = match status {
            SessionStatus::CheckingIn | SessionStatus::Running | SessionStatus::Silent => true,
            SessionStatus::Issued | SessionStatus::Ended => false,
        };
        let redrawn = self.now.checked_add(REDRAWN).ok().filter(|_| is_live);
        self.standing.changes_at.into_iter().chain(redrawn).min()
    }

    /// The row, and when it will be another one.
    pub(super) fn row(&self, tenant: Tenant) -> Result<(Row, Option<Timestamp>), StoreError> {
        let told = Told {
            session: self.session,
            label: &self.facts.summary.label,
            exam: self.facts.summary.exam,
            room: self.facts.summary.room.as_deref(),
            state: self.standing.state.as_str(),
            since: self.standing.since.map(|since| since.to_string()),
            interval: self.interval,
            kind: self.kind,
            verdict: self.verdict(),
            alerts: self.facts.summary.alerts,
            unreviewed: self.facts.unreviewed,
            last_contact: self.facts.summary.last_contact.as_deref(),
        };
        let json = serde_json::to_string(&told)?;
        let html = self.html()?;
        // Without an alert that is open there is nothing to judge.
        let to_look = self.interval.map(|_| Self::new(self.facts, self.now, false).html());
        let row = Row {
            tenant,
            session: self.session,
            exam: self.facts.summary.exam,
            revision: self.facts.revision,
            json,
            html_to_look: to_look.transpose()?,
            html,
        };
        Ok((row, self.changes_at()))
    }

    fn html(&self) -> Result<String, StoreError> {
        let html = self.render().map_err(|error| StoreError::Damaged(error.to_string()))?;
        Ok(html.trim().to_owned())
    }

    fn exam(&self) -> Option<ExamId> {
        self.facts.summary.exam
    }

    fn verdict(&self) -> Option<Verdict> {
        self.standing.alert?.verdict
    }

    /// An alert that nobody has looked at.
    pub(super) fn is_new(&self) -> bool {
        self.standing.alert.is_some_and(|alert| alert.verdict.is_none())
    }

    fn since_ms(&self) -> Option<i64> {
        self.standing.since.map(Timestamp::as_millisecond)
    }

    /// For how long it has been so.
    fn lasts(&self) -> String {
        self.standing.since.map(|since| self.passed(since)).unwrap_or_default()
    }

    fn heard_ms(&self) -> Option<i64> {
        self.facts.last_contact.map(Timestamp::as_millisecond)
    }

    fn heard(&self) -> String {
        let passed = self.facts.last_contact.map(|last| self.passed(last));
        passed.map_or_else(|| "never".to_owned(), |passed| format!("{passed} ago"))
    }

    fn passed(&self, since: Timestamp) -> String {
        clock(self.now.duration_since(since).as_secs().max(0))
    }

    /// The drawing in words.
    fn drawn(&self) -> String {
        match &self.spark.marks[..] {
            [] => "Last ten minutes: nothing to report".to_owned(),
            [one] => format!("Last ten minutes: {}", one.kind.description()),
            marks => {
                let mut kinds: Vec<&str> =
                    marks.iter().map(|mark| mark.kind.description()).collect();
                kinds.sort_unstable();
                kinds.dedup();
                format!("Last ten minutes: {} intervals: {}", marks.len(), kinds.join(", "))
            }
        }
    }
}

/// What is known beyond the state.
fn detail(facts: &Facts, standing: &Standing) -> String {
    if let Some(alert) = standing.alert {
        return alert.kind.description().to_owned();
    }
    let summary = &facts.summary;
    match standing.state {
        State::Fine | State::CheckingIn => {
            let Some(liveness) = &summary.liveness else { return "reports arrive".to_owned() };
            let open = facts.recent.iter().find(|one| one.end.is_none() && one.alerting);
            let heard = liveness.last_heartbeat.parse::<Timestamp>().ok();
            let seen = match open {
                Some(open) => open.kind.description(),
                // What the heartbeat saw is over.
                None if heard < facts.closed => "nothing to report",
                None => liveness.seen.description(),
            };
            let troubles = liveness.health.iter().map(|trouble| trouble.code.replace('_', " "));
            let words = std::iter::once(seen.to_owned()).chain(troubles);
            words.collect::<Vec<_>>().join(", ")
        }
        State::NotStarted => {
            let Some(issued) = &summary.issued else { return String::new() };
            match &issued.enrolled_at {
                Some(_) => "code used".to_owned(),
                None => format!("code good until {}", say::when(&issued.expires_at)),
            }
        }
        State::Ended if summary.status == SessionStatus::Silent => "never ended".to_owned(),
        State::Silent => "nothing heard".to_owned(),
        State::Alert | State::CouldNotLook | State::Ended => String::new(),
    }
}
