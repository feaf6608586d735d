//! What an answer means, and when a message is tried again. Pure.

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};

/// After so many seconds at most: in the end for a day and a half.
const WAITS: [i64; 8] = [5, 30, 5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600, 14 * 3_600];
/// A server that asks for more is not believed.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Status {
        status: u16,
        retry_after: Option<SignedDuration>,
    },
    /// None, in time or at all.
    None,
}

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Delivered,
    /// Nobody wants to hear anything there any more.
    Disable,
    Again(SignedDuration),
    Dead,
}

/// `failures`: attempts that have failed before this one. `random`: uniform in 0 to 1; the wait is anything from nothing
/// to its bound, so that what failed together does not come back together. What the server asked for is
/// waited for at least.
pub(super) fn next(failures: u32, answer: Answer, random: f64) -> Next {
    let retry_after = match answer {
        Answer::Status { status: 200..=299, .. } => return Next::Delivered,
        Answer::Status { status: 410, .. } => return Next::Disable,
        Answer::Status { retry_after, .. } => retry_after,
        Answer::None => None,
    };
    let Some(bound) = WAITS.get(failures as usize) else { return Next::Dead };
    let jittered = SignedDuration::from_secs(*bound).mul_f64(random.clamp(0.0, 1.0));
    Next::Again(retry_after.unwrap_or_default().min(LONGEST).max(jittered))
}

/// What `Retry-After` says: seconds, or a time.
pub(super) fn retry_after(text: &str, now: Timestamp) -> Option<SignedDuration> {
    let text = text.trim();
    let seconds = text.parse::<u32>().map(|seconds| SignedDuration::from_secs(seconds.into()));
    let at = || rfc2822::parse(text).map(|at| at.timestamp().duration_since(now));
    seconds.or_else(|_no_number| at()).ok().map(|wait| wait.max(SignedDuration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> Answer {
        Answer::Status { status, retry_after: None }
    }

    #[test]
    fn what_fails_is_tried_again_for_a_day_and_a_half_and_then_given_up() {
        let waits: Vec<Next> = (0..9).map(|failures| next(failures, Answer::None, 1.0)).collect();
        let seconds = |seconds| Next::Again(SignedDuration::from_secs(seconds));
        assert_eq!(waits[..3], [seconds(5), seconds(30), seconds(300)]);
        assert_eq!(waits[7..], [seconds(14 * 3_600), Next::Dead]);
        assert_eq!(next(3, status(500), 0.5), seconds(900));
        assert_eq!(next(3, status(404), 0.0), seconds(0));
    }

    #[test]
    fn an_answer_of_success_ends_it_a_redirect_does_not_and_gone_ends_all() {
        assert_eq!(next(8, status(204), 1.0), Next::Delivered);
        assert_eq!(next(0, status(410), 1.0), Next::Disable);
        assert_eq!(next(0, status(302), 1.0), Next::Again(SignedDuration::from_secs(5)));
    }

    #[test]
    fn a_server_may_ask_for_more_time_as_a_number_or_a_date_but_not_for_years() {
        let now: Timestamp = "2026-11-25T19:00:00Z".parse().unwrap();
        let told = |text: &str| retry_after(text, now);
        assert_eq!(told("120"), Some(SignedDuration::from_secs(120)));
        assert_eq!(told("Wed, 25 Nov 2026 19:10:00 GMT"), Some(SignedDuration::from_secs(600)));
        assert_eq!(told("Wed, 25 Nov 2026 18:00:00 GMT"), Some(SignedDuration::ZERO));
        assert_eq!((told("-5"), told("later")), (None, None));
        let asked = |seconds| {
            let retry_after = Some(SignedDuration::from_secs(seconds));
            next(0, Answer::Status { status: 503, retry_after }, 1.0)
        };
        assert_eq!(asked(120), Next::Again(SignedDuration::from_secs(120)));
        assert_eq!(asked(1), Next::Again(SignedDuration::from_secs(5)));
        assert_eq!(asked(1_000_000_000), Next::Again(LONGEST));
    }
}
