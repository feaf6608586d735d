//! The way to the server: by which proxy, and to which key.
//!
//! A pinned key is asked for in addition to all that a certificate is asked for otherwise, never instead
//! of it. What vouches for a certificate is checked by the same verifiers that are used without a pin.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
};
use serde::{Deserialize, Serialize};

use super::UploadError;
use crate::redact::Pii;
use crate::report::Hash;

/// How a server is reached, and what is known of its key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Route {
    /// `http://[user:password@]host:port`, for every connection; absent: the system's, and none to this
    /// machine.
    pub proxy: Option<Pii<String>>,
    /// The SHA-256 of the public key in the server's certificate (its `SubjectPublicKeyInfo`, DER).
    pub pin: Option<Hash>,
}

impl Route {
    /// With what is not said here as `other` says it.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { proxy: self.proxy.or(other.proxy), pin: self.pin.or(other.pin) }
    }
}

/// The server has a certificate that is good, and of another key.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the server's key is not the one that is pinned")]
pub(super) struct NotThePinnedKey;

/// The proxy, for a client.
pub(super) fn proxy(address: &Pii<String>) -> Result<reqwest::Proxy, UploadError> {
    let url = reqwest::Url::parse(address.reveal());
    let is_proxy = url.is_ok_and(|url| url.scheme() == "http" && url.has_host());
    let proxy = is_proxy.then(|| reqwest::Proxy::all(address.reveal().as_str()).ok()).flatten();
    proxy.ok_or(UploadError::Proxy)
}

/// Connections to a server with this key alone, whose certificate is good besides. `authority`: the
/// certificates (PEM) that alone vouch for it; the system's when absent.
pub(super) fn pinned(authority: Option<&Path>, pin: Hash) -> Result<ClientConfig, UploadError> {
    let fault = |error: rustls::Error| UploadError::Client(error.to_string());
    let provider = Arc::new(aws_lc_rs::default_provider());
    let usual = if let Some(path) = authority {
        of_authority(path, Arc::clone(&provider))?
    } else {
        let system = rustls_platform_verifier::Verifier::new(Arc::clone(&provider));
        Arc::new(system.map_err(fault)?)
    };
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = versions
        .map_err(fault)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned { usual, pin }))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn of_authority(
    path: &Path,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, UploadError> {
    let fault =
        |reason: String| UploadError::Authority { path: path.display().to_string(), reason };
    let pem = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| fault(error.to_string()))?;
        roots.add(certificate).map_err(|error| fault(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(fault("there is no certificate in it".to_owned()));
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    Ok(verifier.map_err(|error| fault(error.to_string()))?)
}

/// Asks the usual verifier first, and then for the key.
#[derive(Debug)]
struct Pinned {
    usual: Arc<dyn ServerCertVerifier>,
    pin: Hash,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.usual.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        let key = ParsedCertificate::try_from(end_entity)?.subject_public_key_info();
        if Hash::of(&key) == self.pin {
            return Ok(verified);
        }
        let reason = CertificateError::Other(OtherError(Arc::new(NotThePinnedKey)));
        Err(rustls::Error::InvalidCertificate(reason))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_an_address_with_http_and_its_password_is_not_told() {
        let read = |text: &str| proxy(&Pii::new(text.to_owned()));
        for good in ["http://proxy.example:3128", "http://user:s3cret@[::1]:8080"] {
            assert!(read(good).is_ok(), "{good}");
        }
        for bad in ["", "proxy.example:3128", "https://proxy.example", "socks5://a", "http://"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let route = Route { proxy: Some(Pii::new("http://u:s3cret@a:1".to_owned())), pin: None };
        assert!(!format!("{route:?} {}", UploadError::Proxy).contains("s3cret"));
    }
}
