//! How an agent comes to its session: what is issued, what is typed, what is asked and answered.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::hash::Hash;
use super::identity::{ExamId, SessionId};
use crate::redact::Pii;

/// Digits of Crockford's base 32: no I, L, O and U, which are taken for others.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 5 bits each: 60 bits.
const LENGTH: usize = 12;
/// So many stand together.
const GROUP: usize = 4;

/// A code that is good once, for one session: `7KQ4-M2XP-9TRD`. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinCode([u8; LENGTH]);

/// The text is no code: those have twelve letters and digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no code: one has twelve letters and digits, such as 7KQ4-M2XP-9TRD")]
pub struct InvalidCode;

impl JoinCode {
    /// The code of 60 random bits; the last four are left over.
    pub fn from_random(bytes: [u8; 8]) -> Self {
        let bits = u64::from_be_bytes(bytes);
        let mut digits = [0; LENGTH];
        for (place, digit) in digits.iter_mut().enumerate() {
            *digit = DIGITS[(bits >> (59 - 5 * place) & 31) as usize];
        }
        Self(digits)
    }

    /// As people write it, in groups.
    pub fn reveal(&self) -> String {
        let groups = self.0.chunks(GROUP).map(|group| String::from_utf8_lossy(group).into_owned());
        groups.collect::<Vec<_>>().join("-")
    }

    /// By which the server knows it.
    pub fn hash(&self) -> Hash {
        Hash::of(&self.0)
    }
}

impl fmt::Debug for JoinCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Takes what people type: small letters, O for 0, I and L for 1, and any dashes and blanks.
impl FromStr for JoinCode {
    type Err = InvalidCode;

    fn from_str(text: &str) -> Result<Self, InvalidCode> {
        let is_between = |c: &char| c.is_whitespace() || ['-', '‐', '‑', '–', '—', '_'].contains(c);
        let mut digits = text.chars().filter(|c| !is_between(c));
        let mut found = [0; LENGTH];
        for digit in &mut found {
            let typed = digits.next().ok_or(InvalidCode)?.to_ascii_uppercase();
            let meant = match typed {
                'O' => b'0',
                'I' | 'L' => b'1',
                other => u8::try_from(other).map_err(|_beyond| InvalidCode)?,
            };
            *digit = if DIGITS.contains(&meant) { meant } else { return Err(InvalidCode) };
        }
        if digits.next().is_none() { Ok(Self(found)) } else { Err(InvalidCode) }
    }
}

impl Serialize for JoinCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.reveal())
    }
}

impl<'de> Deserialize<'de> for JoinCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The link that a browser opens. `server`: `https://host[:port][/path]`.
/// `pin`: the key that the server must have, by its SHA-256.
pub fn page_link(server: &str, code: &JoinCode, pin: Option<Hash>) -> String {
    let pin = pin.map(|pin| format!("?pin={pin}")).unwrap_or_default();
    format!("{server}/join/{}{pin}", code.reveal())
}

/// The link that opens the agent.
pub fn agent_link(server: &str, code: &JoinCode, pin: Option<Hash>) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::new();
    for byte in server.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").ok();
        }
    }
    let pin = pin.map(|pin| format!("&pin={pin}")).unwrap_or_default();
    format!("inview://join?server={encoded}&code={}{pin}", code.reveal())
}

/// Asks for a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct IssueRequest {
    /// What a proctor reads in the list: 1 to 200 characters.
    #[cfg_attr(feature = "server", schema(min_length = 1, max_length = 200))]
    pub label: String,
    /// What differs from the default policy.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    #[cfg_attr(feature = "server", schema(value_type = Option<Object>))]
    pub policy: serde_json::Value,
    /// Until when the code is good: RFC 3339. Seven days when absent, ninety at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub expires_at: Option<String>,
    /// The SHA-256 of the public key in the server's certificate: the links hold agents to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_pin: Option<Hash>,
    /// The exam that the session is one of; its policy is the session's, and none is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exam: Option<ExamId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(min_length = 1, max_length = 60))]
    pub room: Option<String>,
}

/// A session that was issued. Only this answer has the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Issued {
    pub session: SessionId,
    pub label: String,
    pub code: JoinCode,
    /// For a browser: [`page_link`].
    #[cfg_attr(feature = "server", schema(value_type = String))]
    pub link: Pii<String>,
    /// For the agent: [`agent_link`].
    #[cfg_attr(feature = "server", schema(value_type = String))]
    pub agent_link: Pii<String>,
    /// Until when the code is good: RFC 3339, UTC.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub expires_at: String,
}

/// An agent takes its session, with a token that it has made itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EnrolmentRequest {
    pub code: JoinCode,
    /// 256 random bits, as 64 lower-case hexadecimal digits.
    #[cfg_attr(feature = "server", schema(value_type = String, pattern = "^[0-9a-f]{64}$"))]
    pub token: Pii<String>,
    /// By which the session's reports are checked: Ed25519, 64 lower-case hexadecimal digits.
    #[cfg_attr(feature = "server", schema(pattern = "^[0-9a-f]{64}$"))]
    pub public_key: String,
}

/// The agent's session, and until when its token is good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Enrolment {
    pub session: SessionId,
    pub label: String,
    /// What differs from the default policy.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    #[cfg_attr(feature = "server", schema(value_type = Option<Object>))]
    pub policy: serde_json::Value,
    /// RFC 3339, UTC, as are all times here.
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub server_time: String,
    #[cfg_attr(feature = "server", schema(format = DateTime))]
    pub expires_at: String,
    /// By which receipts are checked: Ed25519, 64 lower-case hexadecimal digits.
    #[cfg_attr(feature = "server", schema(pattern = "^[0-9a-f]{64}$"))]
    pub server_key: String,
}

/// `GET /v1/server-key`: for agents that did not enrol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ServerKey {
    /// As in [`Enrolment::server_key`].
    #[cfg_attr(feature = "server", schema(pattern = "^[0-9a-f]{64}$"))]
    pub server_key: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code: JoinCode = "70Q4-M21P-9TRD".parse().unwrap();
        assert_eq!(code.reveal(), "70Q4-M21P-9TRD");
        for typed in
            ["7oq4m2ip9trd", " 7OQ4 – M2LP – 9TRD\n", "70Q4_M21P_9TRD", "7-0-Q-4-M-2-1-P-9-T-R-D"]
        {
            assert_eq!(typed.parse().as_ref(), Ok(&code), "{typed}");
        }
        for other in ["", "70Q4-M21P-9TR", "70Q4-M21P-9TRD7", "U0Q4-M21P-9TRD", "70Q4/M21P/9TRD"] {
            assert_eq!(other.parse::<JoinCode>(), Err(InvalidCode), "{other}");
        }
    }

    #[test]
    fn every_random_bit_counts_and_no_log_shows_it() {
        let code = |bits: u64| JoinCode::from_random(bits.to_be_bytes());
        assert_eq!(code(0).reveal(), "0000-0000-0000");
        assert_eq!(code(u64::MAX).reveal(), "ZZZZ-ZZZZ-ZZZZ");
        let codes: Vec<String> = (4..64).map(|bit| code(1 << bit).reveal()).collect();
        let mut different = codes.clone();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), 60, "{codes:?}");
        assert_eq!(format!("{:?}", Some(code(7))), "Some(***)");
    }

    #[test]
    fn links_lead_to_the_server_with_the_code() {
        let code: JoinCode = "7KQ4-M2XP-9TRD".parse().unwrap();
        assert_eq!(
            page_link("https://a.example:8443", &code, None),
            "https://a.example:8443/join/7KQ4-M2XP-9TRD"
        );
        assert_eq!(
            agent_link("https://a.example:8443", &code, None),
            "inview://join?server=https%3A%2F%2Fa.example%3A8443&code=7KQ4-M2XP-9TRD"
        );
    }

    proptest! {
        #[test]
        fn any_code_reads_back_and_no_text_is_too_odd(bytes: [u8; 8], text: String) {
            let code = JoinCode::from_random(bytes);
            prop_assert_eq!(code.reveal().parse(), Ok(code.clone()));
            prop_assert_eq!(code.reveal().to_lowercase().replace('-', "").parse(), Ok(code));
            if let Ok(code) = text.parse::<JoinCode>() {
                prop_assert_eq!(code.reveal().len(), LENGTH + 2);
            }
        }
    }
}
