//! How urgent a session is, and which of its intervals makes it so. Pure.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};

use crate::report::{Family, IntervalId, Kind, SessionStatus, Verdict};
use crate::server::store::roster::{Facts, Recent};

/// Nobody waits any more for a session that was last heard of before this.
const LOST_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// For so long an open alert says more than that nothing is heard any more.
const ALERT_OUTLIVES: SignedDuration = SignedDuration::from_hours(1);

/// What a session is doing, for whoever watches fifty of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::server) enum State {
    /// Something is open about the candidate's presence, for longer than the policy bears.
    Alert,
    /// The camera cannot look, for longer than the policy bears: nothing is known.
    CouldNotLook,
    Silent,
    Fine,
    CheckingIn,
    NotStarted,
    Ended,
}

impl State {
    pub(in crate::server) const ALL: [Self; 7] = [
        Self::Alert,
        Self::CouldNotLook,
        Self::Silent,
        Self::Fine,
        Self::CheckingIn,
        Self::NotStarted,
        Self::Ended,
    ];

    /// The name on the wire.
    pub(in crate::server) const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::CouldNotLook => "could_not_look",
            Self::Silent => "silent",
            Self::Fine => "fine",
            Self::CheckingIn => "checking_in",
            Self::NotStarted => "not_started",
            Self::Ended => "ended",
        }
    }

    /// What a person reads.
    pub(in crate::server) fn description(self) -> String {
        match self {
            Self::Alert => t!("state-alert"),
            Self::CouldNotLook => t!("state-could-not-look"),
            Self::Silent => t!("state-silent"),
            Self::Fine => t!("state-fine"),
            Self::CheckingIn => t!("state-checking-in"),
            Self::NotStarted => t!("state-not-started"),
            Self::Ended => t!("state-ended"),
        }
    }

    /// For those who do not tell it by its colour.
    pub(in crate::server) const fn sign(self) -> &'static str {
        match self {
            Self::Alert => "▲",
            Self::CouldNotLook => "◪",
            Self::Silent => "?",
            Self::Fine => "●",
            Self::CheckingIn => "◐",
            Self::NotStarted => "○",
            Self::Ended => "■",
        }
    }
}

/// The interval that makes a session urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) struct Open {
    pub(in crate::server) id: IntervalId,
    pub(in crate::server) kind: Kind,
    /// What a proctor made of it.
    pub(in crate::server) verdict: Option<Verdict>,
}

/// Where a session stands in the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) struct Standing {
    pub(in crate::server) state: State,
    /// In this state since then.
    pub(in crate::server) since: Option<Timestamp>,
    /// The alert that is open.
    pub(in crate::server) alert: Option<Open>,
    /// When it will be another one by itself.
    pub(in crate::server) changes_at: Option<Timestamp>,
}

impl Standing {
    /// The smaller, the more urgent.
    pub(in crate::server) fn rank(&self) -> u8 {
        let is_open = self.alert.is_some_and(|alert| alert.verdict.is_none());
        match (self.state, is_open) {
            (State::Alert, true) => 0,
            (State::CouldNotLook, true) => 1,
            (State::Silent, true) => 2,
            (State::Alert, false) => 3,
            (State::CouldNotLook, false) => 4,
            (State::Silent, false) => 5,
            (State::Fine, _) => 6,
            (State::CheckingIn, _) => 7,
            (State::NotStarted, _) => 8,
            (State::Ended, _) => 9,
        }
    }

    fn is_urgent(&self) -> bool {
        matches!(self.state, State::Alert | State::CouldNotLook | State::Silent)
    }

    /// By rank; what is urgent then by its length, all else by its name.
    pub(in crate::server) fn compare(
        &self,
        name: &str,
        (other, others): (&Self, &str),
    ) -> Ordering {
        let lengths = if self.is_urgent() { self.since.cmp(&other.since) } else { Ordering::Equal };
        self.rank().cmp(&other.rank()).then(lengths).then_with(|| natural(name, others))
    }
}

pub(in crate::server) fn standing(facts: &Facts, now: Timestamp) -> Standing {
    let status = facts.summary.status;
    let resting = |state, since| Standing { state, since, alert: None, changes_at: None };
    let parse = |text: Option<&String>| text.and_then(|text| text.parse::<Timestamp>().ok());
    let silence = facts.last_contact.map(|last| now.duration_since(last)).unwrap_or_default();
    match status {
        SessionStatus::Issued => {
            let issued = facts.summary.issued.as_ref().map(|issued| &issued.issued_at);
            return resting(State::NotStarted, parse(issued));
        }
        SessionStatus::Ended => return resting(State::Ended, facts.last_contact),
        SessionStatus::Silent if silence > LOST_AFTER => {
            return resting(State::Ended, facts.last_contact);
        }
        SessionStatus::CheckingIn | SessionStatus::Running | SessionStatus::Silent => {}
    }
    let is_silent = status == SessionStatus::Silent;
    let open = facts.recent.iter().filter(|one| one.end.is_none() && one.alerting);
    let (alerts, brief): (Vec<&Recent>, Vec<&Recent>) =
        open.partition(|one| alerts_at(facts, one) <= now);
    let candidates = alerts
        .into_iter()
        .filter(|one| !is_silent || one.kind == Kind::ReportingGap || silence <= ALERT_OUTLIVES);
    let urgent = candidates.map(|one| {
        let verdict = facts.reviews.get(&one.id).copied();
        let alert = Open { id: one.id, kind: one.kind, verdict };
        let state = state_of(one.kind);
        Standing { state, since: Some(one.since), alert: Some(alert), changes_at: None }
    });
    let urgent = urgent.min_by_key(|it| (it.rank(), it.since));
    let changes_at = brief.into_iter().map(|one| alerts_at(facts, one)).min();
    let standing = urgent.unwrap_or_else(|| match status {
        SessionStatus::Silent => resting(State::Silent, facts.last_contact),
        SessionStatus::CheckingIn => {
            resting(State::CheckingIn, parse(facts.summary.first_contact.as_ref()))
        }
        SessionStatus::Issued | SessionStatus::Running | SessionStatus::Ended => {
            resting(State::Fine, facts.calm_since.max(facts.begun))
        }
    });
    Standing { changes_at, ..standing }
}

fn state_of(kind: Kind) -> State {
    match kind.family() {
        Family::Presence => State::Alert,
        Family::CouldNotLook => State::CouldNotLook,
        Family::Information => State::Silent,
    }
}

fn alerts_at(facts: &Facts, one: &Recent) -> Timestamp {
    if one.by_server {
        return one.since;
    }
    one.since.checked_add(facts.alert_after).unwrap_or(Timestamp::MAX)
}

/// Numbers in names count as numbers: seat 2 comes before seat 10.
fn natural(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (pieces(one).into_iter(), pieces(other).into_iter());
    loop {
        match (one.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (a, b) if a == b => {}
            (a, b) => return a.cmp(&b),
        }
    }
}

/// Text and numbers by turns.
fn pieces(name: &str) -> Vec<(u128, String)> {
    let lower = name.to_lowercase();
    let mut pieces: Vec<(u128, String)> = Vec::new();
    let mut is_in_number = false;
    for letter in lower.chars() {
        let digit = letter.to_digit(10);
        match (digit, pieces.last_mut()) {
            (Some(digit), Some((number, _))) if is_in_number => {
                *number = number.saturating_mul(10).saturating_add(u128::from(digit));
            }
            (Some(digit), _) => pieces.push((u128::from(digit), String::new())),
            (None, Some((_, text))) if !is_in_number => text.push(letter),
            // Text comes after numbers.
            (None, _) => pieces.push((u128::MAX, letter.to_string())),
        }
        is_in_number = digit.is_some();
    }
    pieces
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::report::{SessionId, SessionSummary};
    use crate::time::MediaTime;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn id(number: u128) -> IntervalId {
        IntervalId(uuid::Uuid::from_u128(number))
    }

    /// Open since that second.
    fn open(kind: Kind, second: i64) -> Recent {
        Recent {
            id: id(second.unsigned_abs().into()),
            kind,
            start: MediaTime::ZERO,
            end: None,
            since: at(second),
            alerting: true,
            by_server: kind == Kind::ReportingGap,
        }
    }

    pub(in crate::server::roster) fn facts(
        status: SessionStatus,
        heard: i64,
        recent: Vec<Recent>,
    ) -> Facts {
        Facts {
            exam: None,
            revision: 0,
            summary: SessionSummary {
                planned_ms: None,
                exam: None,
                room: None,
                session: SessionId::derived(&[]),
                label: String::new(),
                agent: String::new(),
                status,
                issued: None,
                first_contact: Some(at(-600).to_string()),
                last_contact: Some(at(heard).to_string()),
                started_at: None,
                duration_ms: MediaTime::ZERO,
                intervals: 0,
                alerts: 0,
                liveness: None,
                forks: 0,
            },
            last_contact: Some(at(heard)),
            begun: Some(at(-500)),
            calm_since: Some(at(-100)),
            closed: None,
            alert_after: Duration::from_secs(5),
            until: MediaTime::ZERO,
            recent,
            reviews: BTreeMap::from([(id(999), Verdict::Acknowledged)]),
            unreviewed: 0,
        }
    }

    fn now(facts: &Facts) -> Standing {
        standing(facts, at(0))
    }

    #[test]
    fn what_is_open_makes_a_session_urgent_once_it_has_lasted() {
        use SessionStatus::{CheckingIn, Ended, Running, Silent};
        for (status, recent, expected, since) in [
            (Running, vec![], State::Fine, -100),
            (Running, vec![open(Kind::OutOfView, -4)], State::Fine, -100),
            (Running, vec![open(Kind::OutOfView, -5)], State::Alert, -5),
            (Running, vec![open(Kind::CameraCovered, -9)], State::CouldNotLook, -9),
            (
                Running,
                vec![open(Kind::CameraCovered, -99), open(Kind::OutOfView, -6)],
                State::Alert,
                -6,
            ),
            (Silent, vec![open(Kind::ReportingGap, -2)], State::Silent, -2),
            (Silent, vec![], State::Silent, -3),
            (CheckingIn, vec![], State::CheckingIn, -600),
            (Ended, vec![open(Kind::OutOfView, -50)], State::Ended, -3),
        ] {
            let found = now(&facts(status, -3, recent));
            assert_eq!((found.state, found.since), (expected, Some(at(since))), "{status:?}");
        }
    }

    #[test]
    fn an_alert_that_is_still_too_short_says_when_it_will_be_one() {
        let found = now(&facts(SessionStatus::Running, 0, vec![open(Kind::OutOfView, -2)]));
        assert_eq!((found.state, found.changes_at), (State::Fine, Some(at(3))));
    }

    #[test]
    fn an_alert_outlives_the_connection_for_an_hour_and_a_lost_session_is_over_after_a_day() {
        let alerts = |heard| {
            let recent = vec![open(Kind::OutOfView, heard - 9), open(Kind::ReportingGap, heard)];
            now(&facts(SessionStatus::Silent, heard, recent)).state
        };
        assert_eq!(alerts(-60), State::Alert);
        assert_eq!(alerts(-3_601), State::Silent);
        assert_eq!(alerts(-86_401), State::Ended);
    }

    #[test]
    fn the_roster_is_sorted_by_urgency_then_length_then_name() {
        let running = |recent| facts(SessionStatus::Running, -1, recent);
        let silent = vec![open(Kind::ReportingGap, -40)];
        let mut rows = [
            ("Seat 10", running(vec![])),
            ("Seat 2", running(vec![])),
            ("seen", running(vec![open(Kind::OutOfView, -999)])),
            ("gone", facts(SessionStatus::Ended, -1, vec![])),
            ("quiet", facts(SessionStatus::Silent, -40, silent)),
            ("blind", running(vec![open(Kind::TooDark, -300)])),
            ("short", running(vec![open(Kind::OutOfView, -8)])),
            ("long", running(vec![open(Kind::MultiplePeople, -70)])),
            ("early", facts(SessionStatus::CheckingIn, -1, vec![])),
        ]
        .map(|(name, facts)| (name, standing(&facts, at(0))));
        rows.sort_by(|(name, one), (others, other)| one.compare(name, (other, others)));
        let names = rows.map(|(name, _)| name);
        let expected =
            ["long", "short", "blind", "quiet", "seen", "Seat 2", "Seat 10", "early", "gone"];
        assert_eq!(names, expected);
    }

    #[test]
    fn numbers_in_names_are_numbers() {
        for (one, other, expected) in [
            ("Seat 2", "Seat 10", Ordering::Less),
            ("seat 2", "Seat 2", Ordering::Equal),
            ("Seat", "Seat 1", Ordering::Less),
            ("2b", "2a", Ordering::Greater),
            ("", "a", Ordering::Less),
        ] {
            assert_eq!(natural(one, other), expected, "{one} {other}");
        }
    }
}
