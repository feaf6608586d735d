//! Keys and signatures: Ed25519 over DSSE's pre-authentication encoding, so that what was signed as
//! one kind of thing is never taken for another.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signer as _, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::report::hex;

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// A report, by the session's key.
    Event,
    /// A heartbeat, by the session's key.
    Heartbeat,
    /// The tree over some receipts, by the server's key.
    Receipts,
    /// What secrets are derived from that must be the same again, by the server's key. Never handed out.
    Seed,
}

impl Signed {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Event => "application/vnd.inview.event+json",
            Self::Heartbeat => "application/vnd.inview.heartbeat+json",
            Self::Receipts => "application/vnd.inview.receipts",
            Self::Seed => "application/vnd.inview.seed",
        }
    }

    /// What is signed of these bytes.
    pub fn encoded(self, bytes: &[u8]) -> Vec<u8> {
        let kind = self.media_type();
        let mut encoded = format!("DSSEv1 {} {kind} {} ", kind.len(), bytes.len()).into_bytes();
        encoded.extend_from_slice(bytes);
        encoded
    }
}

/// Signs. Its secret never leaves it but to be kept on disk.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

/// Checks what the [`SigningKey`] of this key signed; 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// A signature; 128 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(ed25519_dalek::Signature);

/// The text is no key, or no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a key or a signature in hexadecimal digits")]
pub struct Invalid;

impl SigningKey {
    /// `secret`: 256 random bits.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(secret))
    }

    /// To be kept where nobody else reads.
    pub fn secret(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub fn sign(&self, what: Signed, bytes: &[u8]) -> Signature {
        Signature(self.0.sign(&what.encoded(bytes)))
    }
}

impl PublicKey {
    /// Whether the holder of the key signed these bytes as this.
    pub fn verifies(&self, what: Signed, bytes: &[u8], signature: &Signature) -> bool {
        self.0.verify_strict(&what.encoded(bytes), &signature.0).is_ok()
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Invalid> {
        VerifyingKey::from_bytes(bytes).map(Self).map_err(|_no_point| Invalid)
    }
}

impl Signature {
    pub fn to_bytes(self) -> [u8; 64] {
        self.0.to_bytes()
    }

    pub fn from_bytes(bytes: &[u8; 64]) -> Self {
        Self(ed25519_dalek::Signature::from_bytes(bytes))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public()).finish_non_exhaustive()
    }
}

/// Lower-case digits only: one spelling of each value.
fn read_hex<const N: usize>(text: &str) -> Result<[u8; N], Invalid> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(Invalid),
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return Err(Invalid);
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? * 16 + digit(*low)?;
    }
    Ok(bytes)
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.as_bytes()))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.to_bytes()))
    }
}

impl FromStr for PublicKey {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::from_bytes(&read_hex(text)?)
    }
}

impl FromStr for Signature {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Ok(Self::from_bytes(&read_hex(text)?))
    }
}

macro_rules! is_text {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
is_text!(PublicKey, Signature);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_the_bytes_and_the_kind_that_were_signed_verify() {
        let (key, other) = (SigningKey::from_secret(&[7; 32]), SigningKey::from_secret(&[8; 32]));
        let signature = key.sign(Signed::Event, b"report");
        assert!(key.public().verifies(Signed::Event, b"report", &signature));
        assert!(!key.public().verifies(Signed::Event, b"reporT", &signature));
        assert!(!key.public().verifies(Signed::Heartbeat, b"report", &signature));
        assert!(!other.public().verifies(Signed::Event, b"report", &signature));
    }

    #[test]
    fn keys_and_signatures_read_back_in_one_spelling() {
        let key = SigningKey::from_secret(&[7; 32]);
        let (public, signature) = (key.public(), key.sign(Signed::Receipts, b"x"));
        assert_eq!(public.to_string().parse(), Ok(public));
        assert_eq!(signature.to_string().parse(), Ok(signature));
        assert_eq!(SigningKey::from_secret(&key.secret()).public(), public);
        let upper = public.to_string().to_uppercase();
        for text in ["", "7", &upper, &format!("{public}0"), &"z".repeat(64)] {
            assert_eq!(text.parse::<PublicKey>(), Err(Invalid), "{text}");
        }
    }

    #[test]
    fn a_key_shows_no_secret() {
        let shown = format!("{:?}", SigningKey::from_secret(&[0xab; 32]));
        assert!(!shown.contains("abab"), "{shown}");
    }
}
