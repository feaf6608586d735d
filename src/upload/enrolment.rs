//! Asks a server for the session that a code stands for.

use std::path::Path;
use std::time::Duration;

use super::client::{ATTEMPT, ServerClient};
use super::policy::Answer;
use super::{Route, Settings, UploadError};
use crate::redact::Pii;
use crate::report::{Enrolment, JoinCode, Problem, problem};
use crate::trust::signature::PublicKey;

/// Why there is no session. Each prints as one line, without the code.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    #[error(transparent)]
    Settings(#[from] UploadError),
    /// No answer; the server may have taken the code all the same, for this token.
    #[error("{0}")]
    Unreachable(String),
    /// The server's certificate is not good, or not for this server.
    #[error("{0}")]
    Untrusted(String),
    #[error("this is no InView server")]
    NotInView,
    #[error("the server knows no such code")]
    CodeUnknown,
    #[error("the code is good no longer: ask for a new one")]
    CodeExpired,
    #[error("the code was used already, on another computer or by another user")]
    CodeUsed,
    #[error("too many wrong codes came from this network: try again later")]
    TooMany { retry_after: Option<Duration> },
    #[error("the server failed: try again")]
    Failed,
    #[error("the server does not take this: {0}")]
    Refused(String),
}

impl EnrolError {
    /// Whether the same code may be accepted later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Settings(_)
            | Self::Unreachable(_)
            | Self::Untrusted(_)
            | Self::NotInView
            | Self::TooMany { .. }
            | Self::Failed => true,
            Self::CodeUnknown | Self::CodeExpired | Self::CodeUsed | Self::Refused(_) => false,
        }
    }
}

/// Takes the session of a code for a token and a key, which must be on disk before: the answer may be
/// lost, and only the same token and key are answered again. Blocks for ten seconds at most.
pub fn enrol(
    server: &str,
    (authority, route): (Option<&Path>, &Route),
    code: &JoinCode,
    token: &Pii<String>,
    key: &PublicKey,
) -> Result<Enrolment, EnrolError> {
    let settings = Settings {
        server: server.to_owned(),
        token: token.clone(),
        code: None,
        authority: authority.map(Path::to_owned),
        route: route.clone(),
        allow_plain_loopback: false,
        key: None,
        server_key: None,
        folder: std::path::PathBuf::new(),
        session: None,
    };
    let client = ServerClient::new(&settings, ATTEMPT)?;
    judge(&client.enrol(code, key)?)
}

/// What an answer means.
pub fn judge(answer: &Answer) -> Result<Enrolment, EnrolError> {
    if answer.status == 200 {
        let enrolment = serde_json::from_slice::<Enrolment>(&answer.body);
        return enrolment
            .ok()
            .filter(|it| it.server_key.parse::<PublicKey>().is_ok())
            .ok_or(EnrolError::NotInView);
    }
    let problem = serde_json::from_slice::<Problem>(&answer.body).ok();
    let kind = problem.as_ref().map(|problem| problem.kind.as_str());
    match (answer.status, kind) {
        (410, Some(problem::CODE_UNKNOWN)) => Err(EnrolError::CodeExpired),
        (_, Some(problem::CODE_UNKNOWN)) => Err(EnrolError::CodeUnknown),
        (_, Some(problem::CODE_USED)) => Err(EnrolError::CodeUsed),
        (429, _) => Err(EnrolError::TooMany { retry_after: answer.retry_after }),
        (408 | 425 | 500..=599, _) => Err(EnrolError::Failed),
        (_, Some(problem::MALFORMED | problem::CONTENT_TYPE | problem::TOO_LARGE)) => {
            let said = problem.map(|it| it.detail.unwrap_or(it.title)).unwrap_or_default();
            Err(EnrolError::Refused(said))
        }
        (_, _) => Err(EnrolError::NotInView),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::SessionId;
    use crate::trust::signature::SigningKey;

    fn judged(status: u16, kind: &str) -> EnrolError {
        let problem = Problem {
            kind: kind.to_owned(),
            title: "t".to_owned(),
            status,
            detail: None,
            results: Vec::new(),
            lines: Vec::new(),
        };
        let body = if kind.is_empty() { Vec::new() } else { serde_json::to_vec(&problem).unwrap() };
        judge(&Answer { status, retry_after: Some(Duration::from_secs(9)), body, vouched: None })
            .unwrap_err()
    }

    #[test]
    fn every_answer_has_its_meaning() {
        for (status, kind, expected) in [
            (404, problem::CODE_UNKNOWN, "knows no such code"),
            (410, problem::CODE_UNKNOWN, "good no longer"),
            (409, problem::CODE_USED, "used already"),
            (429, problem::RATE_LIMIT, "too many"),
            (429, "", "too many"),
            (503, problem::BUSY, "try again"),
            (500, "", "try again"),
            (400, problem::MALFORMED, "does not take"),
            (404, "", "no InView server"),
            (404, problem::NOT_FOUND, "no InView server"),
            (405, problem::METHOD, "no InView server"),
            (301, "", "no InView server"),
            (204, "", "no InView server"),
            (200, "", "no InView server"),
            (401, "", "no InView server"),
        ] {
            let said = judged(status, kind).to_string();
            assert!(said.contains(expected), "{status} {kind}: {said}");
        }
    }

    #[test]
    fn only_an_enrolment_is_one() {
        let enrolment = Enrolment {
            session: SessionId::derived(&[]),
            label: "Seat 7".to_owned(),
            policy: serde_json::Value::Null,
            server_time: "2026-11-25T18:58:17Z".to_owned(),
            expires_at: "2026-11-26T06:58:17Z".to_owned(),
            server_key: SigningKey::from_secret(&[7; 32]).public().to_string(),
        };
        let answer = |body: &[u8]| Answer {
            status: 200,
            retry_after: None,
            body: body.to_vec(),
            vouched: None,
        };
        let body = serde_json::to_vec(&enrolment).unwrap();
        assert_eq!(judge(&answer(&body)).unwrap(), enrolment);
        let portal = judge(&answer(b"<html>Welcome to the hotel</html>")).unwrap_err();
        assert!(matches!(portal, EnrolError::NotInView) && portal.is_retryable());
    }
}
