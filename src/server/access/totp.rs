//! The second factor: codes of six digits by time (RFC 6238), as authenticator apps make them.

use jiff::Timestamp;
use qrcode::{Color, QrCode};
use totp_rs::{Builder, Secret, Totp};

use crate::server::http::error::Refusal;

/// Bytes of a secret.
const LENGTH: usize = 20;
/// A code is good one step of 30 s before and after its own, for clocks that are not quite right.
const SKEW: u16 = 1;

/// A secret, as bytes.
pub(in crate::server) fn new_secret() -> Result<Vec<u8>, Refusal> {
    let mut bytes = vec![0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| failed(&error))?;
    Ok(bytes)
}

/// As people type it.
pub(in crate::server) fn spelled(secret: &[u8]) -> String {
    Secret::from(secret).to_base32()
}

/// Reads back what [`spelled`] wrote.
pub(in crate::server) fn read(text: &str) -> Option<Vec<u8>> {
    let secret = Secret::try_from_base32(text).ok()?;
    let bytes: &[u8] = secret.as_ref();
    (bytes.len() == LENGTH).then(|| bytes.to_vec())
}

fn totp(secret: &[u8], name: &str) -> Result<Totp, Refusal> {
    let builder = Builder::new().with_secret(Secret::from(secret)).with_skew(SKEW);
    let builder = builder.with_account_name(name).with_issuer(Some("InView"));
    builder.build().map_err(|error| failed(&error))
}

/// The step of time for which the code is good now; each step is used once.
pub(in crate::server) fn step(
    secret: &[u8],
    code: &str,
    now: Timestamp,
) -> Result<Option<u64>, Refusal> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let second = u64::try_from(now.as_second()).unwrap_or_default();
    Ok(totp(secret, "account")?.check(&code, second))
}

/// A picture of squares that apps read: how wide it is, and the path of the dark ones.
pub(in crate::server) struct Picture {
    pub(in crate::server) width: usize,
    pub(in crate::server) path: String,
}

pub(in crate::server) fn picture(secret: &[u8], name: &str) -> Result<Picture, Refusal> {
    use std::fmt::Write as _;
    let link = totp(secret, name)?.to_url().map_err(|error| failed(&error))?;
    let code = QrCode::new(link).map_err(|error| failed(&error))?;
    let width = code.width();
    let mut path = String::new();
    for (place, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            write!(path, "M{} {}h1v1h-1z", place % width + 4, place / width + 4).ok();
        }
    }
    // A margin of four squares belongs to it.
    Ok(Picture { width: width + 8, path })
}

fn failed(error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%error, "the second factor failed");
    Refusal::internal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B: SHA-1, the last six digits.
        let secret = b"12345678901234567890";
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(step(secret, "287082", at(59)).unwrap(), Some(1));
        assert_eq!(step(secret, "081 804", at(1_111_111_109)).unwrap(), Some(37_037_036));
        assert_eq!(step(secret, "287082", at(89)).unwrap(), Some(1));
        for (code, second) in [("287082", 120), ("287083", 59), ("", 59), ("28708", 59)] {
            assert_eq!(step(secret, code, at(second)).unwrap(), None, "{code} {second}");
        }
        assert_eq!(read(&spelled(secret)).as_deref(), Some(&secret[..]));
        assert_eq!(read("short"), None);
        let picture = picture(secret, "ann@example.org").unwrap();
        assert!(picture.width > 30 && picture.path.starts_with("M4 4h1v1h-1z"));
    }
}
