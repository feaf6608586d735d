//! Times, lengths, numbers, hashes and lists.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::report::{Hash, SessionSummary};
use crate::server::words::language;
use crate::time::MediaTime;
use crate::words::Language;

/// `18:58:17 UTC`; what is no time as it is.
pub(in crate::server) fn clock(rfc3339: &str) -> String {
    let at = rfc3339.parse::<Timestamp>();
    at.map_or_else(|_| rfc3339.to_owned(), |at| at.strftime("%H:%M:%S UTC").to_string())
}

/// When a session that has begun is planned to end: by the agent's clock, as its candidate sees it.
pub(in crate::server) fn planned_end(session: &SessionSummary) -> Option<String> {
    let began = session.started_at.as_ref()?.parse::<Timestamp>().ok()?;
    let planned = SignedDuration::from_millis(session.planned_ms?.as_micros() / 1_000);
    let end = began.checked_add(planned).ok()?;
    Some(end.strftime("%H:%M UTC").to_string())
}

/// `2026-11-25 18:58 UTC`; what is no time as it is.
pub(in crate::server) fn when(rfc3339: &str) -> String {
    let Ok(at) = rfc3339.parse::<Timestamp>() else { return rfc3339.to_owned() };
    let part = |format: &str| at.strftime(format).to_string();
    t!("when", year = part("%Y"), month = part("%m"), day = part("%d"), time = part("%H:%M UTC"))
}

/// To the second, in UTC.
pub(in crate::server) fn second(rfc3339: &str) -> String {
    let at = rfc3339.parse::<Timestamp>();
    at.map_or_else(|_| rfc3339.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// A time within a session: `0:04.2`.
pub(in crate::server) fn at(time: MediaTime) -> String {
    with_point(time.to_string())
}

/// `8.4 s`, `12 min 30 s`, `3 h 05 min`.
pub(in crate::server) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, _) => t!("span-seconds", seconds = decimal(span.as_secs_f64(), 1)),
        (0, minutes, seconds) => {
            t!("span-minutes", minutes = minutes, seconds = format!("{seconds:02}"))
        }
        (hours, minutes, _) => t!("span-hours", hours = hours, minutes = format!("{minutes:02}")),
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

/// A number with so many digits behind its point, or comma.
pub(in crate::server) fn decimal(number: f64, digits: usize) -> String {
    with_point(format!("{number:.digits$}"))
}

/// A number with all the digits that it has.
pub(in crate::server) fn number(number: f64) -> String {
    with_point(number.to_string())
}

fn with_point(digits: String) -> String {
    match language() {
        Language::English | Language::Japanese => digits,
        Language::German | Language::Spanish => digits.replace('.', ","),
    }
}

/// The first digits of a hash.
pub(in crate::server) fn short(hash: &Hash) -> String {
    hash.to_string().get(..12).unwrap_or_default().to_owned()
}

/// `one, other`.
pub(in crate::server) fn list(words: impl IntoIterator<Item = String>) -> String {
    words.into_iter().collect::<Vec<_>>().join(&t!("list-comma"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::words;

    #[test]
    fn times_are_said_as_people_say_them() {
        assert_eq!(span(Duration::from_millis(8_400)), "8.4 s");
        assert_eq!(span(Duration::from_secs(750)), "12 min 30 s");
        assert_eq!(span(Duration::from_mins(185)), "3 h 05 min");
        assert_eq!(when("2026-11-25T18:58:17Z"), "2026-11-25 18:58 UTC");
        assert_eq!(when("later"), "later");
    }

    #[test]
    fn times_and_numbers_are_said_in_the_language() {
        let said = |language| {
            words::within(language, || {
                (span(Duration::from_millis(8_400)), when("2026-11-25T18:58:17Z"), number(2.5))
            })
        };
        let expected =
            |span: &str, when: &str, number: &str| (span.into(), when.into(), number.into());
        assert_eq!(said(Language::German), expected("8,4 s", "25.11.2026, 18:58 UTC", "2,5"));
        assert_eq!(said(Language::Spanish), expected("8,4 s", "25/11/2026, 18:58 UTC", "2,5"));
        assert_eq!(said(Language::Japanese), expected("8.4秒", "2026/11/25 18:58 UTC", "2.5"));
    }
}
