//! One row, as HTML and as JSON.

use std::sync::OnceLock;
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
use crate::server::words;
use crate::time::MediaTime;
use crate::words::Language;

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
    planned_ms: Option<MediaTime>,
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
                "" => t!("session-nameless", session = session.to_string()),
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

    fn told(&self) -> Told<'_> {
        Told {
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
            planned_ms: self.facts.summary.planned_ms,
            last_contact: self.facts.summary.last_contact.as_deref(),
        }
    }

    fn exam(&self) -> Option<ExamId> {
        self.facts.summary.exam
    }

    /// When it is planned to end, while it goes on.
    fn planned_end(&self) -> Option<String> {
        let summary = &self.facts.summary;
        let goes_on = matches!(summary.status, SessionStatus::Running | SessionStatus::Silent);
        say::planned_end(summary).filter(|_| goes_on)
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
        passed.map_or_else(|| t!("heard-never"), |passed| t!("heard-ago", time = passed))
    }

    fn passed(&self, since: Timestamp) -> String {
        clock(self.now.duration_since(since).as_secs().max(0))
    }

    /// The drawing in words.
    fn drawn(&self) -> String {
        match &self.spark.marks[..] {
            [] => t!("spark-nothing"),
            [one] => t!("spark-one", kind = say::kind(one.kind)),
            marks => {
                let mut kinds: Vec<_> = marks.iter().map(|mark| mark.kind).collect();
                kinds.sort_unstable();
                kinds.dedup();
                let kinds: Vec<_> = kinds.into_iter().map(say::kind).collect();
                t!("spark-more", count = marks.len(), kinds = say::list(kinds))
            }
        }
    }
}

/// The row of a session, and when it will be another one.
pub(super) fn row(
    facts: Facts,
    now: Timestamp,
    tenant: Tenant,
) -> Result<(Row, Option<Timestamp>), StoreError> {
    let view = View::new(&facts, now, true);
    let (json, changes_at) = (serde_json::to_string(&view.told())?, view.changes_at());
    let row = Row {
        tenant,
        session: facts.summary.session,
        exam: facts.summary.exam,
        revision: facts.revision,
        json,
        html: Html::new(facts, now),
    };
    Ok((row, changes_at))
}

/// A row as HTML: made when somebody first reads it in their language, for all who do.
#[derive(Debug)]
pub(in crate::server) struct Html {
    facts: Facts,
    now: Timestamp,
    /// With the buttons of those who judge, and without.
    made: [[OnceLock<String>; 2]; Language::ALL.len()],
}

impl PartialEq for Html {
    /// How long ago something was, pages count themselves.
    fn eq(&self, other: &Self) -> bool {
        self.facts == other.facts
    }
}

impl Html {
    pub(super) fn new(facts: Facts, now: Timestamp) -> Self {
        Self { facts, now, made: Default::default() }
    }

    pub(super) fn of(&self, language: Language, judges: bool) -> &str {
        self.made[language as usize][usize::from(judges)].get_or_init(|| {
            let made =
                words::within(language, || View::new(&self.facts, self.now, judges).render());
            match made {
                Ok(html) => html.trim().to_owned(),
                Err(error) => {
                    tracing::error!(%error, "a row cannot be made");
                    String::new()
                }
            }
        })
    }
}

/// What is known beyond the state.
fn detail(facts: &Facts, standing: &Standing) -> String {
    if let Some(alert) = standing.alert {
        return say::kind(alert.kind);
    }
    let summary = &facts.summary;
    match standing.state {
        State::Fine | State::CheckingIn => {
            let Some(liveness) = &summary.liveness else { return t!("reports-arrive") };
            let open = facts.recent.iter().find(|one| one.end.is_none() && one.alerting);
            let heard = liveness.last_heartbeat.parse::<Timestamp>().ok();
            let seen = match open {
                Some(open) => say::kind(open.kind),
                // What the heartbeat saw is over.
                None if heard < facts.closed => t!("nothing-to-report"),
                None => say::seen(liveness.seen),
            };
            say::list(std::iter::once(seen).chain(say::each_trouble(liveness)))
        }
        State::NotStarted => {
            let Some(issued) = &summary.issued else { return String::new() };
            match &issued.enrolled_at {
                Some(_) => t!("status-code-used"),
                None => t!("code-good-until", time = say::when(&issued.expires_at)),
            }
        }
        State::Ended if summary.status == SessionStatus::Silent => t!("never-ended"),
        State::Silent => say::kind(Kind::ReportingGap),
        State::Alert | State::CouldNotLook | State::Ended => String::new(),
    }
}
