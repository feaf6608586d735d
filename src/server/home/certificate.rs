//! The server's own certificate authority: so that agents can trust a server on this machine
//! without asking anybody.
//!
//! ```text
//! authority.pem   for agents (--ca): who may vouch for this server. Ten years.
//! authority.key   signs the server's certificates; never leaves the folder
//! server.pem      397 days; made again when it would not do for another 30, or for a new name
//! server.key      stays when the certificate is made again: agents may be held to it by a pin
//! ```
//!
//! Whether a certificate will do is asked of the verifier that clients use.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{RootCertStore, ServerConfig};

use crate::report::Hash;
use crate::server::home::{HomeError, write_private};

const DAY: Duration = Duration::from_hours(24);
const AUTHORITY_LIFETIME: Duration = DAY.saturating_mul(3_650);
/// What browsers accept at most, less a day for clocks that differ.
const SERVER_LIFETIME: Duration = DAY.saturating_mul(396);
const RENEW_BEFORE: Duration = DAY.saturating_mul(30);
/// Clocks of clients may be behind ours by this much.
const BACKDATED: Duration = DAY;

/// Files of the certificates within the server's folder.
pub const AUTHORITY: &str = "authority.pem";
const AUTHORITY_KEY: &str = "authority.key";
const SERVER: &str = "server.pem";
const SERVER_KEY: &str = "server.key";

/// Names that every server of this kind answers to.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("no certificate can be made: {0}")]
    Make(#[from] rcgen::Error),
    #[error("{file} cannot be used: {reason}")]
    Read { file: String, reason: String },
    #[error("the certificate cannot be used: {0}")]
    Tls(#[from] rustls::Error),
}

/// The certificate of the server in `folder`, for a server that listens on `address`. Makes
/// whatever is missing or will not do.
pub fn prepare(
    folder: &Path,
    address: IpAddr,
    now: Timestamp,
) -> Result<Arc<ServerConfig>, HomeError> {
    if !folder.join(AUTHORITY).exists() || !folder.join(AUTHORITY_KEY).exists() {
        make_authority(folder, now)?;
    }
    let mut names: Vec<String> = LOCAL_NAMES.map(str::to_owned).into();
    if !address.is_unspecified() && !address.is_loopback() {
        names.push(address.to_string());
    }
    if !will_do(folder, &names, now) {
        make_server(folder, &names, now)?;
    }
    Ok(load(folder)?)
}

/// The SHA-256 of the public key in the server's certificate. It stays for as long as its file does.
pub fn pin(folder: &Path) -> Result<Hash, CertificateError> {
    let certificate = certificate_in(folder, SERVER)?;
    let key = ParsedCertificate::try_from(&certificate)?.subject_public_key_info();
    Ok(Hash::of(&key))
}

/// A certificate of somebody else's making, and its key, both PEM. The file of the certificate has those
/// that vouch for it after it.
pub fn from_files(
    certificate: &Path,
    key: &Path,
) -> Result<(Arc<ServerConfig>, Hash), CertificateError> {
    let fault = |path: &Path, reason: String| CertificateError::Read {
        file: path.display().to_string(),
        reason,
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| fault(certificate, error.to_string()))?;
    let own = chain.first().ok_or_else(|| fault(certificate, "it is empty".to_owned()))?;
    let pin = Hash::of(&ParsedCertificate::try_from(own)?.subject_public_key_info());
    let secret =
        PrivateKeyDer::from_pem_file(key).map_err(|error| fault(key, error.to_string()))?;
    Ok((config(chain, secret)?, pin))
}

fn make_authority(folder: &Path, now: Timestamp) -> Result<(), HomeError> {
    let key = KeyPair::generate().map_err(CertificateError::from)?;
    let params = authority(&key, now);
    let certificate = params.self_signed(&key).map_err(CertificateError::from)?;
    write_private(&folder.join(AUTHORITY_KEY), &key.serialize_pem())?;
    write_private(&folder.join(AUTHORITY), &certificate.pem())?;
    Ok(())
}

/// The same for the same key, but for the dates: they are not part of what the authority signs.
fn authority(key: &KeyPair, now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    // Two authorities on one machine must not have one name.
    let digits: String = Hash::of(key.public_key_raw()).to_string().chars().take(8).collect();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("InView local authority {digits}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_lifetime(&mut params, now, AUTHORITY_LIFETIME);
    params
}

fn make_server(folder: &Path, names: &[String], now: Timestamp) -> Result<(), HomeError> {
    let pem = fs::read_to_string(folder.join(AUTHORITY_KEY))
        .map_err(|error| fault(AUTHORITY_KEY, &error))?;
    let authority_key = KeyPair::from_pem(&pem).map_err(|error| fault(AUTHORITY_KEY, &error))?;
    let authority = authority(&authority_key, now);
    let issuer = Issuer::from_params(&authority, &authority_key);
    let made = || {
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "InView server");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        set_lifetime(&mut params, now, SERVER_LIFETIME);
        let key = kept_key(folder).map_or_else(KeyPair::generate, Ok)?;
        let certificate = params.signed_by(&key, &issuer)?;
        Ok::<_, rcgen::Error>((key.serialize_pem(), certificate.pem()))
    };
    let (key, certificate) = made().map_err(CertificateError::from)?;
    write_private(&folder.join(SERVER_KEY), &key)?;
    write_private(&folder.join(SERVER), &certificate)
}

/// The key of the certificate before, if it can be read.
fn kept_key(folder: &Path) -> Option<KeyPair> {
    KeyPair::from_pem(&fs::read_to_string(folder.join(SERVER_KEY)).ok()?).ok()
}

fn set_lifetime(params: &mut CertificateParams, now: Timestamp, lifetime: Duration) {
    let now = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or(0));
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now.saturating_sub(BACKDATED);
    params.not_after = epoch + now + lifetime;
}

/// Whether clients will take the certificate, under each of the names, now and for a while.
fn will_do(folder: &Path, names: &[String], now: Timestamp) -> bool {
    let Ok(certificate) = certificate_in(folder, SERVER) else { return false };
    let Ok(authority) = certificate_in(folder, AUTHORITY) else { return false };
    let mut roots = RootCertStore::empty();
    if roots.add(authority).is_err() || load(folder).is_err() {
        return false;
    }
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    let Ok(verifier) = builder.build() else { return false };
    let now = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or(0));
    let times = [now, now + RENEW_BEFORE].map(UnixTime::since_unix_epoch);
    names.iter().all(|name| {
        let Ok(name) = ServerName::try_from(name.as_str()) else { return false };
        times
            .iter()
            .all(|at| verifier.verify_server_cert(&certificate, &[], &name, &[], *at).is_ok())
    })
}

/// What [`prepare`] has made.
pub fn load(folder: &Path) -> Result<Arc<ServerConfig>, CertificateError> {
    let certificate = certificate_in(folder, SERVER)?;
    let key = PrivateKeyDer::from_pem_file(folder.join(SERVER_KEY))
        .map_err(|error| fault(SERVER_KEY, &error))?;
    config(vec![certificate], key)
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, CertificateError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificate_in(
    folder: &Path,
    file: &'static str,
) -> Result<CertificateDer<'static>, CertificateError> {
    CertificateDer::from_pem_file(folder.join(file)).map_err(|error| fault(file, &error))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn fault(file: &'static str, reason: &impl ToString) -> CertificateError {
    CertificateError::Read { file: file.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second((20_000 + number) * 86_400).unwrap()
    }

    fn read(folder: &Path, file: &str) -> String {
        fs::read_to_string(folder.join(file)).unwrap()
    }

    #[test]
    fn the_certificate_stays_until_it_is_about_to_expire() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        prepare(folder, LOCAL, day(0)).unwrap();
        let (authority, first) = (read(folder, AUTHORITY), read(folder, SERVER));
        prepare(folder, LOCAL, day(365)).unwrap();
        assert_eq!(read(folder, SERVER), first);
        prepare(folder, LOCAL, day(367)).unwrap();
        assert_ne!(read(folder, SERVER), first);
        assert_eq!(read(folder, AUTHORITY), authority);
    }

    #[test]
    fn a_new_address_takes_a_new_certificate_of_the_same_authority() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        prepare(folder, LOCAL, day(0)).unwrap();
        let (authority, first) = (read(folder, AUTHORITY), read(folder, SERVER));
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
        prepare(folder, address, day(0)).unwrap();
        assert_ne!(read(folder, SERVER), first);
        assert!(will_do(folder, &["192.0.2.7".to_owned()], day(0)));
        assert!(!will_do(folder, &["192.0.2.8".to_owned()], day(0)));
        assert_eq!(read(folder, AUTHORITY), authority);
    }

    #[test]
    fn a_certificate_that_is_made_again_keeps_its_key_and_so_its_pin() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        prepare(folder, LOCAL, day(0)).unwrap();
        let (first, pinned) = (read(folder, SERVER), pin(folder).unwrap());
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
        for (address, day) in [(LOCAL, day(380)), (address, day(381)), (address, day(800))] {
            let before = read(folder, SERVER);
            prepare(folder, address, day).unwrap();
            assert_ne!(read(folder, SERVER), before);
            assert_eq!(pin(folder).unwrap(), pinned);
        }
        assert_ne!(read(folder, SERVER), first);
        // Who takes the key away wants another one.
        fs::remove_file(folder.join(SERVER_KEY)).unwrap();
        prepare(folder, address, day(801)).unwrap();
        assert_ne!(pin(folder).unwrap(), pinned);
    }

    #[test]
    fn a_certificate_that_is_not_the_keys_is_made_again_and_a_key_that_is_none_too() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        prepare(folder, LOCAL, day(0)).unwrap();
        let first = read(folder, SERVER);
        for key in [KeyPair::generate().unwrap().serialize_pem(), "no key".to_owned()] {
            write_private(&folder.join(SERVER_KEY), &key).unwrap();
            prepare(folder, LOCAL, day(0)).unwrap();
            assert_ne!(read(folder, SERVER), first);
            assert!(will_do(folder, &LOCAL_NAMES.map(str::to_owned), day(0)));
        }
    }
}
