//! Requests that change something come from the server's own pages, or from no browser.
//!
//! The cookie is `SameSite=Strict`, so that no other site can use it. This refuses, for every address and
//! whether there is a cookie or not, what a browser says another site's page has sent: forms to sign in
//! have no cookie yet. Programs say nothing of where they come from, and are known by their tokens.

use axum::extract::Request;
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, StatusCode};

use crate::report::problem;
use crate::server::http::error::Refusal;
use crate::server::http::origin::Origin;

/// Why a request is not let in, if it is another site's.
pub(in crate::server) fn refusal(request: &Request) -> Option<Refusal> {
    let own = || Some(Origin::of(request.uri(), request.headers())?.0);
    if request.method().is_safe() || !is_foreign(request.headers(), own) {
        return None;
    }
    let title = "Another site's page sent this";
    Some(Refusal::new(StatusCode::FORBIDDEN, problem::FOREIGN_ORIGIN, title))
}

/// `own`: the server's address, as the request names it.
fn is_foreign(headers: &HeaderMap, own: impl FnOnce() -> Option<String>) -> bool {
    // Browsers of these years say it; our pages send no referrer, for which they write `Origin: null`.
    if let Some(site) = headers.get("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    match headers.get(ORIGIN) {
        None => false,
        Some(origin) => {
            let origin = origin.to_str().unwrap_or_default();
            own().is_none_or(|own| !origin.eq_ignore_ascii_case(&own))
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn what_another_sites_page_has_sent_is_known_by_its_headers() {
        let own = || Some("https://exams.example:8443".to_owned());
        for (name, value, expected) in [
            ("accept", "text/html", false),
            ("sec-fetch-site", "same-origin", false),
            ("sec-fetch-site", "none", false),
            ("sec-fetch-site", "same-site", true),
            ("sec-fetch-site", "cross-site", true),
            ("origin", "https://Exams.example:8443", false),
            ("origin", "https://exams.example", true),
            ("origin", "http://exams.example:8443", true),
            ("origin", "null", true),
        ] {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )]);
            assert_eq!(is_foreign(&headers, own), expected, "{name}: {value}");
        }
    }
}
