//! HTTPS requests, one at a time.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Certificate, Url, redirect};

use super::policy::{self, Answer, Vouched};
use super::route::{self, NotThePinnedKey};
use super::{EnrolError, Settings, UploadError, enrolment};
use crate::redact::Pii;
use crate::report::{
    BATCH_CONTENT_TYPE, EnrolmentRequest, INCLUSION_HEADER, JoinCode, SIGNATURE_HEADER, ServerKey,
    SessionId,
};
use crate::spool::StoredEvent;
use crate::trust::signature::{PublicKey, Signature, SigningKey};

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
    code: Option<JoinCode>,
    public_key: Option<PublicKey>,
    /// Filled in when the server was asked for it.
    server_key: OnceLock<PublicKey>,
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
        match &settings.route.proxy {
            Some(proxy) => http = http.proxy(route::proxy(proxy)?),
            // What is on this machine is not asked for by a proxy, which would look on its own.
            None if is_loopback(&server) => http = http.no_proxy(),
            None => {}
        }
        http = match (settings.route.pin, &settings.authority) {
            (Some(_), _) if server.scheme() != "https" => return Err(UploadError::Pin),
            (Some(pin), authority) => {
                http.tls_backend_preconfigured(route::pinned(authority.as_deref(), pin)?)
            }
            (None, Some(path)) => http.tls_certs_only(authorities(path)?),
            (None, None) => http,
        };
        let http = http.build().map_err(|error| UploadError::Client(in_one_line(&error)))?;
        Ok(Self {
            http,
            server,
            token: settings.token.clone(),
            code: settings.code.clone(),
            public_key: settings.key.as_ref().map(SigningKey::public),
            server_key: settings.server_key.map(OnceLock::from).unwrap_or_default(),
        })
    }

    /// Sends a batch, and renews the token if need be; an error is a connection that gave no answer,
    /// in one line. Without the server's key nothing is sent, and the answer is the one that has none.
    pub(super) fn send(&self, session: SessionId, batch: &[StoredEvent]) -> Result<Answer, String> {
        if self.server_key.get().is_none() {
            let answer = self.ask_key()?;
            if self.server_key.get().is_none() {
                return Ok(answer);
            }
        }
        self.post(session, "events", BATCH_CONTENT_TYPE, (&body_of(batch), None))
    }

    fn ask_key(&self) -> Result<Answer, String> {
        let request = self.http.get(self.url("/v1/server-key"));
        let answer = self.read(request.send().map_err(|error| in_one_line(&error))?)?;
        if answer.status == 200
            && let Ok(ServerKey { server_key }) = serde_json::from_slice(&answer.body)
            && let Ok(key) = server_key.parse()
        {
            self.server_key.get_or_init(|| key);
        }
        Ok(answer)
    }

    /// Sends a heartbeat; an error as for a batch.
    pub(super) fn beat(
        &self,
        session: SessionId,
        body: &[u8],
        signature: Option<Signature>,
    ) -> Result<Answer, String> {
        self.post(session, "heartbeats", "application/json", (body, signature))
    }

    fn post(
        &self,
        session: SessionId,
        what: &str,
        media_type: &str,
        body: (&[u8], Option<Signature>),
    ) -> Result<Answer, String> {
        let answer = self.post_once(session, what, media_type, body)?;
        if answer.status == 401 && self.renew() {
            self.post_once(session, what, media_type, body)
        } else {
            Ok(answer)
        }
    }

    fn post_once(
        &self,
        session: SessionId,
        what: &str,
        media_type: &str,
        (body, signature): (&[u8], Option<Signature>),
    ) -> Result<Answer, String> {
        let mut request = self
            .http
            .post(self.url(&format!("/v1/sessions/{session}/{what}")))
            .bearer_auth(self.token.reveal())
            .header(CONTENT_TYPE, media_type)
            .body(body.to_vec());
        if let Some(signature) = signature {
            request = request.header(SIGNATURE_HEADER, signature.to_string());
        }
        self.read(request.send().map_err(|error| in_one_line(&error))?)
    }

    /// Whether the token is good again.
    fn renew(&self) -> bool {
        let (Some(code), Some(key)) = (&self.code, &self.public_key) else { return false };
        match self.enrol(code, key).and_then(|answer| enrolment::judge(&answer)) {
            Ok(_) => tracing::info!("the token of the session was renewed"),
            Err(error) => {
                tracing::warn!(%error, "the token of the session is not renewed");
                return false;
            }
        }
        true
    }

    /// Sends token and key with the code that they come by.
    pub(super) fn enrol(&self, code: &JoinCode, key: &PublicKey) -> Result<Answer, EnrolError> {
        let (code, token, public_key) = (code.clone(), self.token.clone(), key.to_string());
        let request = EnrolmentRequest { code, token, public_key };
        let answer = self.http.post(self.url("/v1/enrolments")).json(&request).send();
        let answer = answer.map_err(|error| match in_one_line(&error) {
            reason if is_untrusted(&error) => EnrolError::Untrusted(reason),
            reason => EnrolError::Unreachable(reason),
        })?;
        self.read(answer).map_err(EnrolError::Unreachable)
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.server.clone();
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        url
    }

    fn read(&self, answer: Response) -> Result<Answer, String> {
        let status = answer.status().as_u16();
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = header(RETRY_AFTER.as_str()).and_then(policy::retry_after);
        let signature = header(SIGNATURE_HEADER).and_then(|text| text.parse().ok());
        let inclusion = header(INCLUSION_HEADER).and_then(|text| text.parse().ok());
        let mut body = Vec::new();
        let mut limited = std::io::Read::take(answer, MAX_ANSWER_BYTES);
        std::io::Read::read_to_end(&mut limited, &mut body).map_err(|error| error.to_string())?;
        let key = self.server_key.get();
        let vouched = key.and_then(|key| Vouched::check(*key, &body, (signature, inclusion)));
        Ok(Answer { status, retry_after, body, vouched })
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

/// Whether the server could not prove that it is the one that was asked for.
fn is_untrusted(error: &reqwest::Error) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    { causes }.any(|cause| cause.to_string().contains("invalid peer certificate"))
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
        Some(reason) if reason.contains("NotThePinnedKey") => NotThePinnedKey.to_string(),
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
