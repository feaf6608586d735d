//! What an answer means for the reports that were sent. Pure.
//!
//! | answer | verdict |
//! |---|---|
//! | 2xx with our receipt | acknowledged |
//! | 2xx without one (a captive portal), 3xx, 404, 405 | not the server: try again, slowly |
//! | 408, 425, 429, 5xx, no answer | try again |
//! | 401, 403 | the token is not accepted: keep, say so, try again slowly |
//! | 409 gap | the server lacks earlier reports, which we have no longer: stop, keep |
//! | 409 otherwise | other reports stand under our numbers: stop, keep |
//! | 400, 413, 422 | find the event at fault by halving |
//! | the same, for that event alone, and the server has it on record as rejected | it is refused and kept; the ones behind it go on |
//! | the same, and it has not | keep, try again slowly: without a record the ones behind it are a gap |

use std::time::Duration;

use crate::report::{EventStatus, Incarnation, Problem, Receipt, SessionId, problem};

/// An answer, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything up to the receipt's `acked_seq` is stored.
    Acknowledged(Receipt),
    Retry {
        retry_after: Option<Duration>,
        reason: String,
    },
    /// It will take a person to mend it; try again all the same, seldom.
    RetrySlowly {
        reason: String,
    },
    /// Send fewer events at once; a single one is at fault itself.
    Halve {
        reason: String,
        /// It was a single one, and the server keeps its number and hash: the chain goes on.
        on_record: bool,
    },
    /// The same reports must not be sent again: another history stands at the server.
    Stop {
        reason: String,
    },
}

/// Judges an answer to a batch of this session and incarnation.
pub fn judge(answer: &Answer, session: SessionId, incarnation: Incarnation) -> Verdict {
    let problem = serde_json::from_slice::<Problem>(&answer.body).ok();
    let reason = || match &problem {
        Some(problem) => {
            let detail = problem.detail.as_ref().unwrap_or(&problem.title);
            format!("{} ({})", detail, answer.status)
        }
        None => format!("the server answered {}", answer.status),
    };
    match answer.status {
        200..=299 => match serde_json::from_slice::<Receipt>(&answer.body) {
            Ok(receipt) if receipt.session == session && receipt.incarnation == incarnation => {
                Verdict::Acknowledged(receipt)
            }
            Ok(_) | Err(_) => Verdict::RetrySlowly {
                reason: "the answer is no receipt: is this a login page of the network?".to_owned(),
            },
        },
        401 | 403 => {
            Verdict::RetrySlowly { reason: format!("the token is not accepted: {}", reason()) }
        }
        408 | 425 | 429 | 500..=599 => {
            Verdict::Retry { retry_after: answer.retry_after, reason: reason() }
        }
        409 if problem.as_ref().is_some_and(|problem| problem.kind == problem::GAP) => {
            Verdict::Stop { reason: format!("the server lacks earlier reports: {}", reason()) }
        }
        409 => Verdict::Stop { reason: reason() },
        400 | 413 | 422 => Verdict::Halve {
            reason: reason(),
            on_record: problem.as_ref().is_some_and(is_on_record),
        },
        300..=399 => Verdict::RetrySlowly {
            reason: format!(
                "the address leads elsewhere ({}); redirects are not followed",
                answer.status
            ),
        },
        _ => Verdict::RetrySlowly { reason: reason() },
    }
}

fn is_on_record(problem: &Problem) -> bool {
    matches!(&problem.results[..], [only] if only.status == EventStatus::Rejected)
}

/// `Retry-After` as seconds. The other form, a date, needs a clock that agrees with the server's,
/// and is passed over: the jittered wait stands.
pub fn retry_after(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Hash;

    fn session() -> (SessionId, Incarnation) {
        let session = SessionId::derived(&[]);
        (session, Incarnation::of_replay(session))
    }

    fn receipt() -> Vec<u8> {
        let (session, incarnation) = session();
        let receipt = Receipt {
            session,
            incarnation,
            acked_seq: 3,
            head_hash: Hash::ZERO,
            server_time: String::new(),
            results: Vec::new(),
        };
        serde_json::to_vec(&receipt).unwrap()
    }

    fn verdict(status: u16, body: &[u8]) -> &'static str {
        let answer = Answer { status, retry_after: None, body: body.to_vec() };
        let (session, incarnation) = session();
        match judge(&answer, session, incarnation) {
            Verdict::Acknowledged(_) => "acknowledged",
            Verdict::Retry { .. } => "retry",
            Verdict::RetrySlowly { .. } => "slowly",
            Verdict::Halve { .. } => "halve",
            Verdict::Stop { .. } => "stop",
        }
    }

    #[test]
    fn every_status_has_its_verdict() {
        for (status, expected) in [
            (204, "slowly"),
            (301, "slowly"),
            (302, "slowly"),
            (400, "halve"),
            (401, "slowly"),
            (403, "slowly"),
            (404, "slowly"),
            (405, "slowly"),
            (408, "retry"),
            (409, "stop"),
            (413, "halve"),
            (422, "halve"),
            (425, "retry"),
            (429, "retry"),
            (500, "retry"),
            (501, "retry"),
            (502, "retry"),
            (503, "retry"),
            (504, "retry"),
        ] {
            assert_eq!(verdict(status, b""), expected, "{status}");
        }
    }

    #[test]
    fn only_our_own_receipt_acknowledges() {
        assert_eq!(verdict(200, &receipt()), "acknowledged");
        assert_eq!(verdict(200, b"<html>Welcome to the hotel</html>"), "slowly");
        let other = String::from_utf8(receipt()).unwrap();
        let (own, _) = session();
        let other = other.replace(&own.to_string(), &SessionId::derived(&[b"other"]).to_string());
        assert_eq!(verdict(200, other.as_bytes()), "slowly");
        assert_eq!(verdict(500, &receipt()), "retry");
    }

    #[test]
    fn retry_after_is_read_where_it_can_be() {
        assert_eq!(retry_after(" 20 "), Some(Duration::from_secs(20)));
        assert_eq!(retry_after("-1"), None);
        assert_eq!(retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }
}
