//! What was typed and what it means: policy files, token files, session files, links and codes.

pub mod link;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::presence::Policy;
use crate::redact::Pii;
use crate::report::{Hash, SessionId};
use crate::trust::signature::PublicKey;

/// Why a file of settings cannot be used. Each prints as one line.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{path} cannot be read: {reason}")]
    Read { path: String, reason: String },
    #[error("{path} is no policy: {reason}")]
    Policy { path: String, reason: String },
    #[error("{path} holds no token")]
    NoToken { path: String },
    #[error("{path} is no session file: {reason}")]
    Session { path: String, reason: String },
}

/// What the backend issues for one candidate's exam: where to report, and by which policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionFile {
    /// `https://host[:port][/path]`.
    pub server: String,
    pub session: SessionId,
    /// What a proctor reads in the list.
    pub label: String,
    pub token: Pii<String>,
    /// Certificates (PEM) that alone vouch for the server: a path, seen from the session file.
    #[serde(default)]
    pub authority: Option<PathBuf>,
    /// The server's, by which receipts are checked; the server is asked for it when absent.
    #[serde(default)]
    pub server_key: Option<PublicKey>,
    /// `http://[user:password@]host:port`; the system's proxy when absent.
    #[serde(default)]
    pub proxy: Option<Pii<String>>,
    /// The SHA-256 of the public key in the server's certificate, which is asked for besides all else.
    #[serde(default)]
    pub server_pin: Option<Hash>,
    #[serde(default)]
    pub policy: Policy,
}

/// Reads a session file: JSON.
pub fn read_session(path: &Path) -> Result<SessionFile, SettingsError> {
    let fault = |reason| SettingsError::Session { path: path.display().to_string(), reason };
    let mut session = parse_session(&read(path)?).map_err(fault)?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    session.authority = session.authority.map(|authority| folder.join(authority));
    Ok(session)
}

/// Reads the text of a session file; or says, in one line, why it is none.
pub fn parse_session(text: &str) -> Result<SessionFile, String> {
    let session: SessionFile =
        serde_json::from_str(text).map_err(|error| one_line(&error.to_string()))?;
    match session.policy.faults().first() {
        None => Ok(session),
        Some(fault) => Err(fault.clone()),
    }
}

/// Reads a policy in JSON (when the text begins with a brace) or TOML.
pub fn read_policy(path: &Path) -> Result<Policy, SettingsError> {
    let fault = |reason| SettingsError::Policy { path: path.display().to_string(), reason };
    parse_policy(&read(path)?).map_err(fault)
}

/// Reads the text of a policy; or says, in one line, why it is none.
pub fn parse_policy(text: &str) -> Result<Policy, String> {
    let policy: Policy = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| one_line(&error.to_string()))?
    } else {
        toml::from_str(text).map_err(|error| one_line(error.message()))?
    };
    match &policy.faults()[..] {
        [] => Ok(policy),
        faults => Err(faults.join("; ")),
    }
}

/// Reads a bearer token: the file's text without white space around it.
pub fn read_token(path: &Path) -> Result<Pii<String>, SettingsError> {
    let text = read(path)?;
    match text.trim() {
        "" => Err(SettingsError::NoToken { path: path.display().to_string() }),
        token => Ok(Pii::new(token.to_owned())),
    }
}

fn read(path: &Path) -> Result<String, SettingsError> {
    fs::read_to_string(path).map_err(|error| SettingsError::Read {
        path: path.display().to_string(),
        reason: error.to_string(),
    })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn a_policy_may_be_toml_or_json() {
        let toml = file("record_after_ms = 700\n[face]\nenter = 0.6\n");
        let json = file(r#" {"record_after_ms": 700, "face": {"enter": 0.6}}"#);
        let policy = read_policy(toml.path()).unwrap();
        assert_eq!(policy.record_after_ms, 700);
        assert_eq!(policy, read_policy(json.path()).unwrap());
    }

    #[test]
    fn a_policy_that_cannot_be_is_told_in_one_line() {
        for text in ["sample_rate_hz = 0.0", "recrod_after_ms = 5", "= 5", "{\"version\": 5}"] {
            let error = read_policy(file(text).path()).unwrap_err().to_string();
            assert!(error.contains("is no policy") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_session_file_says_where_to_report_and_hides_its_token() {
        let id = SessionId::derived(&[]);
        let text = format!(
            r#"{{"server": "https://a.example", "session": "{id}", "label": "Seat 7",
                "token": "s3cret", "authority": "ca.pem", "policy": {{"alert_after_ms": 4000}}}}"#
        );
        let file = file(&text);
        let session = read_session(file.path()).unwrap();
        assert_eq!((session.session, session.policy.alert_after_ms), (id, 4_000));
        assert_eq!(session.authority.unwrap(), file.path().with_file_name("ca.pem"));
        let shown = format!("{:?}", read_session(file.path()).unwrap());
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn a_session_file_that_cannot_be_is_told_in_one_line() {
        for text in ["", "{}", r#"{"server": "https://a.example", "sesion": 1}"#] {
            let error = read_session(file(text).path()).unwrap_err().to_string();
            assert!(error.contains("no session file") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_token_is_taken_without_the_line_break_and_an_empty_one_is_refused() {
        assert_eq!(read_token(file("abc\n").path()).unwrap().reveal(), "abc");
        let error = read_token(file("\n").path()).unwrap_err();
        assert!(matches!(error, SettingsError::NoToken { .. }));
    }
}
