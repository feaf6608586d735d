//! Refusals: problem details (RFC 9457). What went wrong inside is logged, never told.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::report::{EventResult, LineFault, Problem, problem};
use crate::server::store::StoreError;

/// Seconds after which to try again when there was too much at once.
const RETRY_AFTER_SECONDS: u64 = 2;

/// An answer other than success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: Option<String>,
    results: Vec<EventResult>,
    lines: Option<Box<[LineFault]>>,
    /// Seconds.
    retry_after: Option<u64>,
}

impl Refusal {
    pub(in crate::server) const fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
    ) -> Self {
        Self {
            status,
            kind,
            title,
            detail: None,
            results: Vec::new(),
            lines: None,
            retry_after: None,
        }
    }

    pub(in crate::server) fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    pub(in crate::server) fn with_results(self, results: Vec<EventResult>) -> Self {
        Self { results, ..self }
    }

    pub(in crate::server) fn with_lines(self, lines: Vec<LineFault>) -> Self {
        Self { lines: Some(lines.into()), ..self }
    }

    pub(in crate::server) const fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, problem::NOT_FOUND, "There is no such thing here")
    }

    pub(in crate::server) const fn erased() -> Self {
        Self::new(StatusCode::GONE, problem::ERASED, "The session was erased")
    }

    pub(in crate::server) const fn method() -> Self {
        let title = "This address is not used with this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, problem::METHOD, title)
    }

    pub(in crate::server) fn parameter(detail: impl Into<String>) -> Self {
        let title = "A parameter cannot be used";
        Self::new(StatusCode::BAD_REQUEST, problem::PARAMETER, title).with_detail(detail)
    }

    pub(in crate::server) const fn unauthorized() -> Self {
        let title = "A valid token is needed";
        Self::new(StatusCode::UNAUTHORIZED, problem::UNAUTHORIZED, title)
    }

    pub(in crate::server) const fn scope() -> Self {
        Self::new(StatusCode::FORBIDDEN, problem::SCOPE, "The token is not for this")
    }

    pub(in crate::server) const fn role() -> Self {
        Self::new(StatusCode::FORBIDDEN, problem::SCOPE, "This is not for your account")
    }

    pub(in crate::server) fn too_large(detail: impl Into<String>) -> Self {
        let title = "The body is too large";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, problem::TOO_LARGE, title).with_detail(detail)
    }

    pub(in crate::server) fn malformed(detail: impl Into<String>) -> Self {
        let title = "The body cannot be read";
        Self::new(StatusCode::BAD_REQUEST, problem::MALFORMED, title).with_detail(detail)
    }

    pub(in crate::server) fn too_fast(retry_after: u64) -> Self {
        let title = "Too many requests for this session: try again later";
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, problem::RATE_LIMIT, title);
        Self { retry_after: Some(retry_after), ..refusal }
    }

    pub(in crate::server) fn too_many(retry_after: u64) -> Self {
        let title = "Too many wrong codes came from here: try again later";
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, problem::RATE_LIMIT, title);
        Self { retry_after: Some(retry_after), ..refusal }
    }

    pub(in crate::server) fn too_many_sign_ins(retry_after: u64) -> Self {
        let title = "Too many sign-ins failed: try again later";
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, problem::RATE_LIMIT, title);
        Self { retry_after: Some(retry_after), ..refusal }
    }

    pub(in crate::server) fn busy() -> Self {
        let title = "Too much at once: try again";
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, problem::BUSY, title);
        Self { retry_after: Some(RETRY_AFTER_SECONDS), ..refusal }
    }

    pub(in crate::server) const fn internal() -> Self {
        let title = "The server failed: try again";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, problem::INTERNAL, title)
    }

    pub(in crate::server) const fn status(&self) -> StatusCode {
        self.status
    }

    pub(in crate::server) const fn title(&self) -> &'static str {
        self.title
    }

    pub(in crate::server) fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Seconds.
    pub(in crate::server) const fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    pub(in crate::server) fn lines(&self) -> &[LineFault] {
        self.lines.as_deref().unwrap_or_default()
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Busy) {
            tracing::warn!("the database does not keep up");
            return Self::busy();
        }
        if matches!(error, StoreError::Erased) {
            return Self::erased();
        }
        tracing::error!(%error, "the database failed");
        Self::internal()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = Problem {
            kind: self.kind.to_owned(),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            results: self.results,
            lines: self.lines.map(Vec::from).unwrap_or_default(),
        };
        let mut answer = (self.status, axum::Json(problem)).into_response();
        let headers = answer.headers_mut();
        let media_type = HeaderValue::from_static(problem::CONTENT_TYPE_OF_PROBLEMS);
        headers.insert(CONTENT_TYPE, media_type);
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"inview\"");
            headers.insert(WWW_AUTHENTICATE, scheme);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_how_to_go_on_and_nothing_of_the_inside() {
        let error = StoreError::Damaged("/secret/path is gone".to_owned());
        let answer = Refusal::from(error).into_response();
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
        let answer = Refusal::from(StoreError::Busy).into_response();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()[RETRY_AFTER]),
            (503, &"2".parse().unwrap())
        );
        let answer = Refusal::unauthorized().into_response();
        assert!(answer.headers().contains_key(WWW_AUTHENTICATE));
        assert_eq!(Refusal::from(StoreError::Gone).detail, None);
    }
}
