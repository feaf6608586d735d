//! What an answer means for the reports that were sent, and for heartbeats. Pure.
//!
//! | answer | verdict |
//! |---|---|
//! | 2xx with our receipt, signed by the server | acknowledged |
//! | 2xx without one (a captive portal, another server), 3xx, 404, 405 | not the server: try again, slowly |
//! | 408, 425, 429, 5xx, no answer | try again |
//! | 401, 403 | the token is not accepted: keep, say so, try again slowly |
//! | 409 gap | the server lacks earlier reports, which we have no longer: stop, keep |
//! | 409 otherwise | other reports stand under our numbers, or the server knows another key: stop, keep |
//! | 410 erased | nothing of the session is kept there any more: stop, keep |
//! | 400, 413, 422 | find the event at fault by halving |
//! | the same, for that event alone, and the server has it on record as rejected | it is refused and kept; the ones behind it go on |
//! | the same, and it has not | keep, try again slowly: without a record the ones behind it are a gap |

use std::time::Duration;

use super::schedule::Failure;
use super::{Obstacle, ObstacleKind};
use crate::report::{
    EventStatus, HeartbeatAnswer, Incarnation, Problem, Receipt, SessionId, problem,
};
use crate::trust::export::SignedReceipt;
use crate::trust::signature::{PublicKey, Signature};
use crate::trust::tree::Inclusion;

/// An answer, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
    /// The body as a receipt, when the server has signed it as one.
    pub vouched: Option<Vouched>,
}

/// A receipt that its server has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    pub by: PublicKey,
    pub receipt: SignedReceipt,
}

impl Vouched {
    /// `None`: this server has not signed these bytes as a receipt.
    pub fn check(
        by: PublicKey,
        body: &[u8],
        (signature, inclusion): (Option<Signature>, Option<Inclusion>),
    ) -> Option<Self> {
        let (signature, inclusion) = (signature?, inclusion?);
        let receipt = String::from_utf8(body.to_vec()).ok()?;
        let receipt = SignedReceipt { receipt, signature, inclusion };
        receipt.is_signed_by(&by).then_some(Self { by, receipt })
    }
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
        obstacle: Obstacle,
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
    let reason = || said(answer, problem.as_ref());
    match answer.status {
        200..=299 => match serde_json::from_slice::<Receipt>(&answer.body) {
            Ok(receipt)
                if receipt.session == session
                    && receipt.incarnation == incarnation
                    && answer.vouched.is_some() =>
            {
                Verdict::Acknowledged(receipt)
            }
            Ok(_) if answer.vouched.is_none() => {
                Verdict::RetrySlowly { obstacle: somebody_else("no receipt of the server") }
            }
            Ok(_) | Err(_) => Verdict::RetrySlowly { obstacle: somebody_else("no receipt") },
        },
        408 | 425 | 429 | 500..=599 => {
            Verdict::Retry { retry_after: answer.retry_after, reason: reason() }
        }
        409 if problem.as_ref().is_some_and(|problem| problem.kind == problem::GAP) => {
            Verdict::Stop { reason: format!("the server lacks earlier reports: {}", reason()) }
        }
        409 => Verdict::Stop { reason: reason() },
        410 if problem.as_ref().is_some_and(|problem| problem.kind == problem::ERASED) => {
            Verdict::Stop { reason: reason() }
        }
        400 | 413 | 422 => Verdict::Halve {
            reason: reason(),
            on_record: problem.as_ref().is_some_and(is_on_record),
        },
        _ => Verdict::RetrySlowly { obstacle: lasting(answer, problem.as_ref()) },
    }
}

/// How a heartbeat was missed, and what stood in the way.
pub type Missed = (Failure, Obstacle);

/// Judges an answer to a heartbeat.
pub fn judge_heartbeat(answer: &Answer) -> Result<HeartbeatAnswer, Missed> {
    let problem = serde_json::from_slice::<Problem>(&answer.body).ok();
    match answer.status {
        200..=299 => serde_json::from_slice(&answer.body)
            .map_err(|_other| (Failure::Slowly, somebody_else("none of the server"))),
        408 | 425 | 429 | 500..=599 => {
            let reason = said(answer, problem.as_ref());
            let failure = Failure::Again { retry_after: answer.retry_after };
            Err((failure, Obstacle::new(ObstacleKind::Unreachable, reason)))
        }
        409 if problem.as_ref().is_some_and(|problem| problem.kind == problem::NONCE) => {
            let reason = said(answer, problem.as_ref());
            Err((Failure::Stale, Obstacle::new(ObstacleKind::Refuses, reason)))
        }
        400 | 409 | 413 | 415 | 422 => {
            let reason = format!("a heartbeat is refused: {}", said(answer, problem.as_ref()));
            Err((Failure::Slowly, Obstacle::new(ObstacleKind::Refuses, reason)))
        }
        _ => Err((Failure::Slowly, lasting(answer, problem.as_ref()))),
    }
}

fn said(answer: &Answer, problem: Option<&Problem>) -> String {
    match problem {
        Some(problem) => {
            let detail = problem.detail.as_ref().unwrap_or(&problem.title);
            format!("{} ({})", detail, answer.status)
        }
        None => format!("the server answered {}", answer.status),
    }
}

fn somebody_else(what: &str) -> Obstacle {
    let reason = format!("the answer is {what}: is this a login page of the network?");
    Obstacle::new(ObstacleKind::Unreachable, reason)
}

/// What a person must mend: the token, or the address.
fn lasting(answer: &Answer, problem: Option<&Problem>) -> Obstacle {
    let reason = said(answer, problem);
    match answer.status {
        401 | 403 => {
            Obstacle::new(ObstacleKind::Refuses, format!("the token is not accepted: {reason}"))
        }
        300..=399 => Obstacle::new(
            ObstacleKind::Unreachable,
            format!("the address leads elsewhere ({}); redirects are not followed", answer.status),
        ),
        _ => Obstacle::new(ObstacleKind::Unreachable, reason),
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
    use crate::trust::signature::{Signed, SigningKey};
    use crate::trust::tree::{self, Tree};

    fn sealed(by: &SigningKey, body: &[u8]) -> (Option<Signature>, Option<Inclusion>) {
        let head = tree::head(1, &tree::leaf(body));
        (Some(by.sign(Signed::Receipts, head.as_bytes())), Some(Inclusion::alone()))
    }

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

    fn signed(status: u16, body: &[u8], by: u8) -> Answer {
        let key = |number| SigningKey::from_secret(&[number; 32]);
        let vouched = Vouched::check(key(9).public(), body, sealed(&key(by), body));
        Answer { status, retry_after: None, body: body.to_vec(), vouched }
    }

    fn verdict(status: u16, body: &[u8]) -> &'static str {
        name(&signed(status, body, 9))
    }

    fn name(answer: &Answer) -> &'static str {
        let (session, incarnation) = session();
        match judge(answer, session, incarnation) {
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
    fn whose_doing_it_is_that_reports_and_heartbeats_wait_is_told() {
        use ObstacleKind::{Refuses, Unreachable};
        let again = Failure::Again { retry_after: None };
        for (status, kind, failure) in [
            (200, Unreachable, Failure::Slowly),
            (302, Unreachable, Failure::Slowly),
            (400, Refuses, Failure::Slowly),
            (401, Refuses, Failure::Slowly),
            (403, Refuses, Failure::Slowly),
            (404, Unreachable, Failure::Slowly),
            (409, Refuses, Failure::Slowly),
            (413, Refuses, Failure::Slowly),
            (429, Unreachable, again),
            (500, Unreachable, again),
            (503, Unreachable, again),
        ] {
            let answer = Answer { status, retry_after: None, body: b"{}".to_vec(), vouched: None };
            let (found, obstacle) = judge_heartbeat(&answer).unwrap_err();
            assert_eq!((obstacle.kind, found), (kind, failure), "{status}");
            let (session, incarnation) = session();
            if let Verdict::RetrySlowly { obstacle } = judge(&answer, session, incarnation) {
                assert_eq!(obstacle.kind, kind, "{status}");
            }
        }
    }

    #[test]
    fn an_answer_with_commands_is_the_servers() {
        let body = br#"{"server_time": "", "heartbeat_every_ms": 20000, "commands": [{"id":
            "8f14e45f-ceea-467f-a9a7-3b4c1d2e5f60", "kind": "of a later version"}]}"#;
        let answer = Answer { status: 200, retry_after: None, body: body.to_vec(), vouched: None };
        let answer = judge_heartbeat(&answer).unwrap();
        assert_eq!((answer.heartbeat_every_ms, answer.commands.len()), (20_000, 1));
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
    fn a_receipt_that_the_server_did_not_sign_acknowledges_nothing() {
        let unsigned = Answer { vouched: None, ..signed(200, &receipt(), 9) };
        let of_another = signed(200, &receipt(), 8);
        assert_eq!((name(&unsigned), name(&of_another)), ("slowly", "slowly"));
        let key = SigningKey::from_secret(&[9; 32]);
        let (signature, inclusion) = sealed(&key, &receipt());
        let check = |signature, inclusion| {
            Vouched::check(key.public(), &receipt(), (signature, inclusion)).is_some()
        };
        assert!(check(signature, inclusion.clone()));
        assert!(!check(None, inclusion.clone()) && !check(signature, None));
        let head = tree::head(1, &tree::leaf(&receipt()));
        let as_event = Some(key.sign(Signed::Event, head.as_bytes()));
        assert!(!check(as_event, inclusion.clone()));
        // The body itself, as if it were a tree's head.
        assert!(!check(Some(key.sign(Signed::Receipts, &receipt())), inclusion));
    }

    #[test]
    fn a_receipt_among_others_acknowledges_by_its_own_way_alone() {
        let key = SigningKey::from_secret(&[9; 32]);
        let leaves = [b"{}".as_slice(), &receipt(), b"[]"].map(tree::leaf);
        let tree = Tree::over(leaves.to_vec()).unwrap();
        let signature = Some(key.sign(Signed::Receipts, tree.head().as_bytes()));
        for index in 0..3 {
            let seal = (signature, Some(tree.inclusion(index)));
            let vouched = Vouched::check(key.public(), &receipt(), seal);
            let answer = Answer { vouched, ..signed(200, &receipt(), 8) };
            assert_eq!(name(&answer), if index == 1 { "acknowledged" } else { "slowly" });
        }
    }

    #[test]
    fn retry_after_is_read_where_it_can_be() {
        assert_eq!(retry_after(" 20 "), Some(Duration::from_secs(20)));
        assert_eq!(retry_after("-1"), None);
        assert_eq!(retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }
}
