//! `/review`: after an exam, the alerts that nobody has judged, those first of which most may depend.
//!
//! One is shown at a time, with its place in its session, and takes one key. How fast that goes, and how often
//! the exams alerted, stands beside it: what an alert costs is a figure like any other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Of};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use rusqlite::Connection;
use serde::Deserialize;

use crate::report::{
    ExamId, IntervalId, Kind, SessionId, SessionStatus, SessionSummary, StoredInterval, Verdict,
};
use crate::server::State;
use crate::server::access::auth::Proctor;
use crate::server::exams;
use crate::server::http::error::Refusal;
use crate::server::pages::{PageError, Who, render, say};
// What the pages of sessions have in common.
use crate::server::sessions::api::exam_of;
use crate::server::sessions::timeline::{Timeline, layout};
use crate::server::store::read::{self, Among};
use crate::server::store::{StoreError, Tenant, review};
use crate::time::MediaTime;

/// The newest sessions, of which the queue is made.
const SESSIONS: u64 = 1_000;
/// Alerts of one session that are looked through.
const INTERVALS: u64 = 1_000;
/// What lasts for longer says no more by that.
const LONGEST: Duration = Duration::from_mins(5);
/// Whoever pauses for longer does something else.
const PAUSE: Duration = Duration::from_mins(5);

#[derive(Template)]
#[template(path = "review.html", config = "src/server/askama.toml")]
struct ReviewPage {
    who: Who,
    judges: bool,
    exam: Option<ExamId>,
    /// What the exam is called.
    of: Option<String>,
    next: Option<Alert>,
    /// With the one that is shown.
    waiting: u64,
    legend: Vec<Kind>,
    economics: Economics,
    /// What this person said last: it can be taken back.
    last: Option<Said>,
}

/// An alert that waits for a verdict.
struct Alert {
    session: SessionSummary,
    stored: StoredInterval,
    timeline: Timeline,
    /// The alert alone.
    place: Timeline,
}

struct Said {
    session: SessionId,
    interval: IntervalId,
    verdict: Verdict,
    label: String,
}

/// What the alerts cost.
#[derive(Debug, Default, PartialEq)]
struct Economics {
    alerts: u64,
    hours: f64,
    /// Between two verdicts of this person.
    median: Option<Duration>,
    verdicts: BTreeMap<Verdict, usize>,
}

impl Economics {
    fn by_hour(&self) -> Option<f64> {
        (self.hours > 0.0).then(|| self.alerts as f64 / self.hours)
    }

    fn share(&self, verdict: Verdict) -> usize {
        let all: usize = self.verdicts.values().sum();
        (100 * self.verdicts.get(&verdict).copied().unwrap_or_default() + all / 2)
            .checked_div(all)
            .unwrap_or_default()
    }
}

#[derive(Debug, Deserialize)]
pub(in crate::server) struct ReviewOf {
    exam: Option<String>,
}

pub(in crate::server) async fn page(
    Of(state): Of<State>,
    proctor: Result<Proctor, Refusal>,
    query: Result<Query<ReviewOf>, QueryRejection>,
) -> Result<Response, PageError> {
    let proctor = proctor?;
    let Query(ReviewOf { exam }) = query.map_err(|error| Refusal::parameter(error.body_text()))?;
    let exam = exam.as_deref().filter(|exam| !exam.is_empty()).map(exam_of).transpose()?;
    let of = match exam {
        Some(exam) => {
            let found = exams::api::find(&state, &proctor.tenant, proctor.reach, exam);
            Some(found.await?.name)
        }
        None => None,
    };
    let (who, judges) = (Who::of(&proctor, "review"), proctor.must_act().is_ok());
    let (tenant, now) = (proctor.tenant.clone(), state.now());
    let reading = state.store.read(move |database| look(database, &proctor, exam, now));
    let (queue, economics, last) = reading.await?;
    let waiting = queue.len() as u64;
    let next = queue.into_iter().next();
    let next = match next {
        Some(waiting) => Some(placed(&state, tenant, waiting, now).await?),
        None => None,
    };
    let drawn = next.iter().flat_map(|next| &next.timeline.bars).map(|bar| bar.kind);
    let legend: BTreeSet<Kind> = drawn.collect();
    let legend = legend.into_iter().collect();
    let page = ReviewPage { who, judges, exam, of, next, waiting, legend, economics, last };
    render(StatusCode::OK, &page)
}

type Waiting = (SessionSummary, StoredInterval);

/// What waits, the most urgent first; what it costs; and what was said last.
fn look(
    database: &Connection,
    proctor: &Proctor,
    exam: Option<ExamId>,
    now: Timestamp,
) -> Result<(Vec<Waiting>, Economics, Option<Said>), StoreError> {
    let (tenant, among) = (&proctor.tenant, Among { reach: proctor.reach, exam });
    let found = read::sessions_among(database, tenant, now, (among, None, SESSIONS))?;
    let sessions = found.map(|page| page.sessions).unwrap_or_default();
    let mut economics = Economics::default();
    let said = review::lately(database, tenant, &proctor.by)?;
    let times: Vec<Timestamp> = said.iter().map(|it| it.at).collect();
    economics.median = median_between(&times);
    let last = said.first().and_then(|last| {
        let of = sessions.iter().find(|it| it.session == last.session)?;
        let label = of.label.clone();
        Some(Said { session: last.session, interval: last.interval, verdict: last.verdict, label })
    });
    let mut queue = Vec::new();
    for session in sessions.into_iter().filter(|it| it.status == SessionStatus::Ended) {
        economics.alerts += session.alerts;
        economics.hours += session.duration_ms.as_secs_f64() / 3_600.0;
        if session.alerts > 0 {
            add(database, tenant, (&session, now), (&mut queue, &mut economics))?;
        }
    }
    queue.sort_by(|(_, one), (_, other)| harm(other).total_cmp(&harm(one)));
    Ok((queue, economics, last.filter(|last| last.verdict != Verdict::Withdrawn)))
}

fn add(
    database: &Connection,
    tenant: &Tenant,
    (session, now): (&SessionSummary, Timestamp),
    (queue, economics): (&mut Vec<Waiting>, &mut Economics),
) -> Result<(), StoreError> {
    let found = read::intervals(database, tenant, now, session.session, (None, INTERVALS))?;
    for stored in found.intervals.into_iter().filter(|stored| stored.alert) {
        match stored.review.as_ref().map(|review| review.verdict) {
            None | Some(Verdict::Acknowledged | Verdict::Withdrawn) => {
                queue.push((session.clone(), stored));
            }
            Some(
                verdict @ (Verdict::Fine
                | Verdict::Technical
                | Verdict::Violation
                | Verdict::Unsure),
            ) => *economics.verdicts.entry(verdict).or_default() += 1,
        }
    }
    Ok(())
}

async fn placed(
    state: &State,
    tenant: Tenant,
    (session, stored): Waiting,
    now: Timestamp,
) -> Result<Alert, Refusal> {
    let id = session.session;
    let reading = state.store.look_up(move |database| {
        let detail = read::session(database, &tenant, now, id)?;
        let all = read::intervals(database, &tenant, now, id, (None, INTERVALS))?;
        let observed = detail.and_then(|detail| detail.observed);
        Ok((observed.map(|observed| observed.gaps).unwrap_or_default(), all.intervals))
    });
    let (gaps, all) = reading.await?;
    let ends = all.iter().filter_map(|it| it.report.interval.end_ms);
    let until = ends.fold(session.duration_ms, MediaTime::max);
    let timeline = layout(&all, &gaps, until);
    let place = layout(std::slice::from_ref(&stored), &[], until);
    Ok(Alert { session, stored, timeline, place })
}

/// How much may depend on an alert: what it would mean, times for how long. An order, no probability.
fn harm(stored: &StoredInterval) -> f64 {
    let interval = &stored.report.interval;
    let weight = match interval.kind {
        Kind::MultiplePeople => 4.0,
        Kind::OutOfView | Kind::SuspectedStillImage | Kind::SuspectedLoop | Kind::VirtualCamera => {
            3.0
        }
        Kind::FaceNotVisible | Kind::CameraCovered => 2.0,
        Kind::FrozenPicture | Kind::CameraLost | Kind::AgentGap => 1.0,
        Kind::TooDark | Kind::ReportingGap => 0.5,
    };
    let length = interval.end_ms.map_or(LONGEST, |end| end.since(interval.start_ms));
    weight * length.min(LONGEST).as_secs_f64()
}

/// The median of the times between two that follow each other; breaks are none.
fn median_between(latest_first: &[Timestamp]) -> Option<Duration> {
    let between = latest_first.windows(2).filter_map(|two| match two {
        [later, earlier] => Duration::try_from(later.duration_since(*earlier)).ok(),
        _ => None,
    });
    let mut between: Vec<Duration> = between.filter(|it| *it <= PAUSE).collect();
    between.sort();
    between.get(between.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Interval, IntervalReport};

    fn stored(kind: Kind, seconds: u64) -> StoredInterval {
        let interval = Interval {
            id: IntervalId(uuid::Uuid::nil()),
            kind,
            start_ms: MediaTime::ZERO,
            end_ms: Some(MediaTime::ZERO + Duration::from_secs(seconds)),
            confidence: 1.0,
            frames_looked_at: 1,
            frames_skipped: 0,
            closed_by: None,
        };
        let report = IntervalReport {
            interval,
            start_utc: None,
            end_utc: None,
            sample_rate_hz: 5.0,
            policy_version: String::new(),
            models: Vec::new(),
        };
        StoredInterval {
            report,
            incarnation: None,
            alert: true,
            told_afterwards: false,
            review: None,
        }
    }

    #[test]
    fn what_means_more_or_lasted_longer_comes_first() {
        let order = [
            stored(Kind::MultiplePeople, 300),
            stored(Kind::OutOfView, 300),
            stored(Kind::MultiplePeople, 60),
            stored(Kind::FaceNotVisible, 60),
            stored(Kind::TooDark, 200),
            stored(Kind::OutOfView, 6),
        ];
        assert!(order.is_sorted_by(|one, other| harm(one) > harm(other)));
        assert_eq!(harm(&order[0]), harm(&stored(Kind::MultiplePeople, 9_000)));
    }

    #[test]
    fn breaks_are_no_part_of_the_time_between_two_verdicts() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(median_between(&[at(9)]), None);
        let times = [at(4_012), at(4_008), at(4_005), at(9), at(1)];
        assert_eq!(median_between(&times), Some(Duration::from_secs(4)));
    }
}
