//! One HTTPS request: for a batch, or for a heartbeat.

use std::fs;
use std::path::Path;
use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Certificate, Url, redirect};

use super::policy::{self, Answer};
use super::{Settings, UploadError};
use crate::redact::Pii;
use crate::report::{BATCH_CONTENT_TYPE, SessionId};
use crate::spool::StoredEvent;

/// One attempt to send a batch takes at most this long, and one to send a heartbeat: two of them fit
/// into the time after which the server calls a session silent.
pub(super) const ATTEMPT: Duration = Duration::from_secs(10);
pub(super) const HEARTBEAT_ATTEMPT: Duration = Duration::from_secs(8);
const CONNECT: Duration = Duration::from_secs(5);
/// Longer answers are cut: a receipt for a full batch is a tenth of this.
const MAX_ANSWER_BYTES: u64 = 256 * 1024;

/// A connection to one server.
#[derive(Debug)]
pub(super) struct ServerClient {
    http: Client,
    server: Url,
    token: Pii<String>,
}

impl ServerClient {
    pub(super) fn new(settings: &Settings, attempt: Duration) -> Result<Self, UploadError> {
        let server = address(&settings.server, settings.allow_plain_loopback)?;
        let mut http = Client::builder()
            .user_agent(concat!("inview/", env!("CARGO_PKG_VERSION")))
            .https_only(server.scheme() == "https")
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(attempt);
        // What is on this machine is not asked for by a proxy, which would look on its own.
        if is_loopback(&server) {
            http = http.no_proxy();
        }
        if let Some(path) = &settings.authority {
            http = http.tls_certs_only(authorities(path)?);
        }
        let http = http.build().map_err(|error| UploadError::Client(in_one_line(&error)))?;
        Ok(Self { http, server, token: settings.token.clone() })
    }

    /// Sends a batch; an error is a connection that gave no answer, in one line.
    pub(super) fn send(&self, session: SessionId, batch: &[StoredEvent]) -> Result<Answer, String> {
        self.post(session, "events", BATCH_CONTENT_TYPE, body_of(batch))
    }

    /// Sends a heartbeat; an error as for a batch.
    pub(super) fn beat(&self, session: SessionId, body: Vec<u8>) -> Result<Answer, String> {
        self.post(session, "heartbeats", "application/json", body)
    }

    fn post(
        &self,
        session: SessionId,
        what: &str,
        media_type: &str,
        body: Vec<u8>,
    ) -> Result<Answer, String> {
        let mut url = self.server.clone();
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{path}/v1/sessions/{session}/{what}"));
        let request = self
            .http
            .post(url)
            .bearer_auth(self.token.reveal())
            .header(CONTENT_TYPE, media_type)
            .body(body);
        let answer = request.send().map_err(|error| in_one_line(&error))?;
        let status = answer.status().as_u16();
        let header = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = header.and_then(policy::retry_after);
        let mut body = Vec::new();
        let mut limited = std::io::Read::take(answer, MAX_ANSWER_BYTES);
        std::io::Read::read_to_end(&mut limited, &mut body).map_err(|error| error.to_string())?;
        Ok(Answer { status, retry_after, body })
    }
}

/// The events' own bytes, as a JSON list.
pub(super) fn body_of(batch: &[StoredEvent]) -> Vec<u8> {
    let bodies: Vec<&[u8]> = batch.iter().map(|event| event.body.as_slice()).collect();
    [b"[", bodies.join(&b","[..]).as_slice(), b"]"].concat()
}

fn address(server: &str, allow_plain_loopback: bool) -> Result<Url, UploadError> {
    let url = Url::parse(server).map_err(|error| UploadError::Address {
        address: server.to_owned(),
        reason: error.to_string(),
    })?;
    let refused = |reason: &str| {
        Err(UploadError::Address { address: server.to_owned(), reason: reason.to_owned() })
    };
    match url.scheme() {
        "http" if !is_loopback(&url) => refused("reports go over https:// only"),
        "http" if !allow_plain_loopback => refused(
            "reports go over https://; for a server on this machine, allow http:// by --allow-plain-loopback",
        ),
        "http" | "https" => Ok(url),
        _ => refused("it must begin with https://"),
    }
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, UploadError> {
    let fault =
        |reason: String| UploadError::Authority { path: path.display().to_string(), reason };
    let pem = fs::read(path).map_err(|error| fault(error.to_string()))?;
    let certificates =
        Certificate::from_pem_bundle(&pem).map_err(|error| fault(in_one_line(&error)))?;
    if certificates.is_empty() {
        return Err(fault("there is no certificate in it".to_owned()));
    }
    Ok(certificates)
}

/// An error and what lies beneath it, without the address (it may name a candidate's session).
fn in_one_line(error: &reqwest::Error) -> String {
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    let mut deepest = None;
    while let Some(inner) = cause {
        deepest = Some(inner.to_string());
        cause = inner.source();
    }
    let what = match () {
        () if error.is_timeout() => "the server does not answer in time",
        () if error.is_connect() => "no connection to the server",
        () => "the request failed",
    };
    match deepest {
        Some(reason) if reason.contains("UnknownIssuer") => {
            "the server's certificate is not signed \
             by a known authority; name its authority by --ca"
                .to_owned()
        }
        Some(reason) => format!("{what}: {reason}"),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_and_by_permission_only() {
        assert!(address("https://proctor.example", false).is_ok());
        for plain in ["http://127.0.0.1:80", "http://localhost", "http://[::1]:8080"] {
            assert!(address(plain, true).is_ok(), "{plain}");
            assert!(address(plain, false).is_err(), "{plain}");
        }
        for remote in
            ["http://proctor.example", "http://127.0.0.1.example", "ftp://localhost", "proctor"]
        {
            assert!(address(remote, true).is_err(), "{remote}");
        }
    }

    #[test]
    fn the_body_is_a_list_of_the_stored_bytes() {
        let event = |body: &[u8]| StoredEvent {
            seq: 1,
            body: body.to_vec(),
            hash: crate::report::Hash::of(body),
        };
        assert_eq!(body_of(&[event(b"{ \"a\":1}"), event(b"{}")]), b"[{ \"a\":1},{}]");
    }
}
