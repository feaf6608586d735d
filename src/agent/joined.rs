//! Sessions that were joined by a code, as they are kept: `sessions/` in the agent's folder, for its
//! owner alone.
//!
//! ```text
//! <name>.json   server, code, token and key; once the server has answered, the session
//! <name>.pem    the certificates that alone vouch for the server, if some were named
//! ```
//!
//! The name is made of the server and the code, so that the same link finds the same session, without
//! the server and after a kill. Token and key are on disk before they are sent: an answer that is lost
//! is asked for again, with the same ones. Each session has a spool of its own, since its token is good
//! for nothing else; `earlier` sends what others have left. A session that has ended and was delivered
//! leaves its spool behind, for as long as its policy says, and nothing else.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Setup;
use super::journal::Journal;
use super::keys;
use crate::clock::Reading;
use crate::presence::Policy;
use crate::redact::Pii;
use crate::report::{Enrolment, Hash, JoinCode, SessionId};
use crate::settings::link::JoinLink;
use crate::spool::{self, make_private_folder};
use crate::upload::{self, EnrolError, Route, Uploader};

/// A session that was never begun is forgotten so long after its token has expired.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Digits in a name.
const NAME: usize = 32;

/// Why a session cannot be joined. Each prints as one line, without the code.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    #[error("{path} cannot be used: {reason}")]
    Folder { path: String, reason: io::Error },
    #[error("the key of the session is damaged")]
    Key,
    #[error("this machine gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    #[error("this version of the program cannot apply the rules of the exam: {0}")]
    Policy(String),
}

/// What is kept of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    server: String,
    code: JoinCode,
    token: Pii<String>,
    /// The secret of the key by which reports are signed.
    key: Pii<String>,
    #[serde(default)]
    route: Route,
    /// Absent until the server has answered.
    #[serde(default)]
    enrolment: Option<Enrolment>,
    /// The exam is over; reports may wait.
    #[serde(default)]
    has_ended: bool,
}

/// The files of one code.
#[derive(Clone, Debug)]
struct Kept {
    /// The agent's folder.
    folder: PathBuf,
    name: String,
    record: Record,
}

/// A session that was joined.
#[derive(Clone, Debug)]
pub(super) struct Joined {
    kept: Kept,
    enrolment: Enrolment,
}

impl Joined {
    /// The session of this link, if it was joined from here.
    pub(super) fn find(folder: &Path, link: &JoinLink) -> Option<Self> {
        Self::of(Kept::read(folder, &name_of(link))?)
    }

    /// The session that goes on when none is named: the one that was joined last, as long as its exam
    /// runs or its token is good.
    pub(super) fn current(folder: &Path) -> Option<Self> {
        let now = Reading::now().wall;
        let is_current = |joined: &Self| {
            let is_running = Journal::of(folder, joined.enrolment.session).read().is_some();
            !joined.kept.record.has_ended && (is_running || now < joined.kept.expires_at())
        };
        let joined = all(folder).into_iter().filter_map(Self::of);
        joined.filter(is_current).max_by_key(|joined| joined.kept.expires_at())
    }

    fn of(kept: Kept) -> Option<Self> {
        let enrolment = kept.record.enrolment.clone()?;
        Some(Self { kept, enrolment })
    }

    /// Joins by a link; `authority` is copied and the way to the server kept, so that the session goes on
    /// without the file and the flags.
    pub(super) fn join(
        folder: &Path,
        link: &JoinLink,
        (authority, route): (Option<&Path>, Route),
    ) -> Result<Self, JoinError> {
        let mut kept = match Kept::read(folder, &name_of(link)) {
            Some(kept) => kept,
            None => Kept::new(folder, link)?,
        };
        if let Some(file) = authority {
            let pem = fs::read(file).map_err(|reason| fault(file, reason))?;
            kept.write("pem", &pem)?;
        }
        let of_link = Route { proxy: None, pin: link.pin() };
        kept.record.route = route.or(of_link).or(kept.record.route);
        kept.save()?;
        let Record { server, code, token, key, route, .. } = &kept.record;
        let key = keys::of_secret(key).ok_or(JoinError::Key)?.public();
        let enrolment =
            upload::enrol(server, (kept.authority().as_deref(), route), code, token, &key)
                .inspect_err(|error| {
                    if !error.is_retryable() {
                        kept.forget();
                    }
                })?;
        kept.record.enrolment = Some(enrolment.clone());
        kept.save()?;
        Ok(Self { kept, enrolment })
    }

    /// What the agent watches by; how long it flushes and whether it asks is for whoever starts it.
    pub(super) fn setup(&self, program: &str) -> Result<Setup, JoinError> {
        let Enrolment { session, label, policy, .. } = &self.enrolment;
        let policy = if policy.is_null() {
            Policy::default()
        } else {
            Policy::deserialize(policy).map_err(|error| JoinError::Policy(error.to_string()))?
        };
        if let Some(fault) = policy.faults().first() {
            return Err(JoinError::Policy(fault.clone()));
        }
        Ok(Setup {
            session: *session,
            label: label.clone(),
            policy,
            folder: self.kept.folder.clone(),
            upload: Some(upload::Settings { session: Some(*session), ..self.kept.upload() }),
            flush: Duration::ZERO,
            program: program.to_owned(),
            asks_consent: true,
        })
    }

    /// The exam is over.
    pub(super) fn end(&mut self, is_delivered: bool) {
        self.kept.record.has_ended = true;
        if is_delivered {
            self.kept.forget();
        } else if let Err(error) = self.kept.save() {
            tracing::warn!(%error, "that the session has ended is not kept");
        }
    }
}

impl Kept {
    fn new(folder: &Path, link: &JoinLink) -> Result<Self, JoinError> {
        let record = Record {
            server: link.server().to_owned(),
            code: link.code().clone(),
            token: keys::new_secret()?,
            key: keys::new_secret()?,
            route: Route::default(),
            enrolment: None,
            has_ended: false,
        };
        Ok(Self { folder: folder.to_owned(), name: name_of(link), record })
    }

    fn upload(&self) -> upload::Settings {
        let enrolment = self.record.enrolment.as_ref();
        upload::Settings {
            server: self.record.server.clone(),
            token: self.record.token.clone(),
            code: Some(self.record.code.clone()),
            authority: self.authority(),
            route: self.record.route.clone(),
            allow_plain_loopback: false,
            key: keys::of_secret(&self.record.key),
            server_key: enrolment.and_then(|it| it.server_key.parse().ok()),
            folder: self.spool(),
            session: None,
        }
    }

    /// When the token expires, or is taken to have: it may have been renewed since.
    fn expires_at(&self) -> Timestamp {
        let enrolment = self.record.enrolment.as_ref();
        let expires_at = enrolment.and_then(|enrolment| enrolment.expires_at.parse().ok());
        expires_at.unwrap_or(Timestamp::MIN)
    }

    fn spool(&self) -> PathBuf {
        self.folder.join("spool").join(&self.name)
    }

    fn path(&self, ending: &str) -> PathBuf {
        sessions(&self.folder).join(format!("{}.{ending}", self.name))
    }

    fn authority(&self) -> Option<PathBuf> {
        Some(self.path("pem")).filter(|path| path.exists())
    }

    fn read(folder: &Path, name: &str) -> Option<Self> {
        let path = sessions(folder).join(format!("{name}.json"));
        let bytes = fs::read(path).ok()?;
        let record = serde_json::from_slice(&bytes)
            .inspect_err(|error| tracing::warn!(%error, "a kept session is damaged"))
            .ok()?;
        Some(Self { folder: folder.to_owned(), name: name.to_owned(), record })
    }

    fn save(&self) -> Result<(), JoinError> {
        let text = serde_json::to_vec(&self.record).map_err(io::Error::from);
        self.write("json", &text.map_err(|reason| fault(&self.path("json"), reason))?)
    }

    /// Writes a file that its owner alone may read, as a whole, and durably.
    fn write(&self, ending: &str, bytes: &[u8]) -> Result<(), JoinError> {
        let (folder, path) = (sessions(&self.folder), self.path(ending));
        let written = || {
            make_private_folder(&folder)?;
            let mut file = tempfile::NamedTempFile::new_in(&folder)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            #[cfg(unix)]
            fs::File::open(&folder)?.sync_all()?;
            Ok(())
        };
        written().map_err(|reason| fault(&path, reason))
    }

    /// Removes all that is kept of it but reports that wait.
    fn forget(&self) {
        for ending in ["json", "pem"] {
            if let Err(error) = fs::remove_file(self.path(ending))
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, "a session that is over stays behind");
            }
        }
        erase(&self.spool(), Reading::now().wall.as_second(), &|_| false);
    }
}

/// Erases the spools of sessions that are over, once they have been kept for long enough.
pub(super) fn erase_old(folder: &Path, now: i64, goes_on: &dyn Fn(SessionId) -> bool) {
    let Ok(entries) = fs::read_dir(folder.join("spool")) else { return };
    let folders = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_of_a_code = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.len() == NAME && name.chars().all(|it| it.is_ascii_hexdigit()))
    };
    for spool in folders.filter(|path| is_of_a_code(path) && path.is_dir()) {
        erase(&spool, now, goes_on);
    }
}

fn erase(spool: &Path, now: i64, goes_on: &dyn Fn(SessionId) -> bool) {
    spool::erase_delivered(spool, now, goes_on);
    // It stays when something is in it.
    fs::remove_dir(spool).ok();
}

/// Sends what sessions before this one have left, for as long as it is held, and forgets those that
/// are over.
pub(super) fn earlier(folder: &Path, except: Option<&Joined>) -> Vec<Uploader> {
    let now = Reading::now().wall;
    let mut uploaders = Vec::new();
    for kept in all(folder) {
        if except.is_some_and(|current| current.kept.name == kept.name) {
            continue;
        }
        if spool::unsent(&kept.spool()).is_empty() {
            let forgotten_at = kept.expires_at().saturating_add(FORGOTTEN_AFTER);
            if kept.record.has_ended || forgotten_at.is_ok_and(|at| at < now) {
                kept.forget();
            }
            continue;
        }
        match Uploader::start(kept.upload()) {
            Ok(uploader) => uploaders.push(uploader),
            Err(error) => tracing::warn!(%error, "the reports of an earlier session wait"),
        }
    }
    uploaders
}

/// All that are kept, in the order of their names.
fn all(folder: &Path) -> Vec<Kept> {
    let Ok(entries) = fs::read_dir(sessions(folder)) else { return Vec::new() };
    let names = entries.filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str()?.strip_suffix(".json").map(str::to_owned)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.into_iter().filter_map(|name| Kept::read(folder, &name)).collect()
}

fn sessions(folder: &Path) -> PathBuf {
    folder.join("sessions")
}

fn name_of(link: &JoinLink) -> String {
    let text = format!("{}\n{}", link.server(), link.code().reveal());
    Hash::of(text.as_bytes()).to_string().chars().take(NAME).collect()
}

fn fault(path: &Path, reason: io::Error) -> JoinError {
    JoinError::Folder { path: path.display().to_string(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://a.example/join/7KQ4-M2XP-9TRD";

    fn link(text: &str) -> JoinLink {
        text.parse().unwrap()
    }

    /// As if the server had answered.
    fn joined(folder: &Path, text: &str, expires_at: Timestamp) -> Joined {
        let mut kept = Kept::new(folder, &link(text)).unwrap();
        kept.record.enrolment = Some(Enrolment {
            session: SessionId::derived(&[text.as_bytes()]),
            label: "Seat 7".to_owned(),
            policy: serde_json::json!({"alert_after_ms": 4_000}),
            server_time: String::new(),
            expires_at: expires_at.to_string(),
            server_key: "7".repeat(64),
        });
        kept.save().unwrap();
        Joined::of(kept).unwrap()
    }

    fn in_hours(hours: i64) -> Timestamp {
        Reading::now().wall.saturating_add(SignedDuration::from_hours(hours)).unwrap()
    }

    #[test]
    fn a_link_finds_its_session_again_without_a_server() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Joined::find(folder.path(), &link(PAGE)).is_none());
        let first = joined(folder.path(), PAGE, in_hours(-1));
        let other = link("inview:join?server=a.example&code=7kq4m2xp9trd");
        let found = Joined::find(folder.path(), &other).unwrap();
        let setup = found.setup("test").unwrap();
        assert_eq!(setup.policy.alert_after_ms, 4_000);
        let upload = setup.upload.unwrap();
        assert_eq!(upload.token, first.kept.record.token);
        assert_eq!((upload.server.as_str(), upload.authority), ("https://a.example", None));
        assert_ne!(upload.folder, folder.path().join("spool"), "its reports have their own place");
        let another = link("https://b.example/join/7KQ4-M2XP-9TRD");
        assert!(Joined::find(folder.path(), &another).is_none());
        let shown = format!("{found:?}");
        assert!(
            !shown.contains("7KQ4") && !shown.contains(first.kept.record.token.reveal()),
            "{shown}"
        );
    }

    #[test]
    fn without_a_link_the_session_that_was_joined_last_goes_on_until_it_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        joined(folder, "https://a.example/join/000000000000", in_hours(-1));
        assert!(Joined::current(folder).is_none(), "its token has expired, and no exam runs");
        joined(folder, "https://a.example/join/111111111111", in_hours(3));
        let mut last = joined(folder, "https://a.example/join/222222222222", in_hours(5));
        assert_eq!(Joined::current(folder).unwrap().kept.name, last.kept.name);
        last.end(false);
        assert_ne!(Joined::current(folder).unwrap().kept.name, last.kept.name);
    }

    #[test]
    fn a_session_that_is_over_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let mut one = joined(folder, "https://a.example/join/000000000000", in_hours(3));
        one.kept.write("pem", b"certificate").unwrap();
        one.end(true);
        // Nothing of it waits, which the next start finds out.
        joined(folder, "https://a.example/join/111111111111", in_hours(3)).end(false);
        joined(folder, "https://a.example/join/222222222222", in_hours(-800));
        let kept = joined(folder, "https://a.example/join/333333333333", in_hours(3));
        assert!(earlier(folder, None).is_empty());
        let names: Vec<String> = all(folder).into_iter().map(|kept| kept.name).collect();
        assert_eq!(names, [kept.kept.name]);
        assert_eq!(fs::read_dir(sessions(folder)).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_what_is_kept() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let joined = joined(folder.path(), PAGE, in_hours(1));
        joined.kept.write("pem", b"certificate").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&sessions(folder.path())), 0o700);
        assert_eq!(
            (mode(&joined.kept.path("json")), mode(&joined.kept.path("pem"))),
            (0o600, 0o600)
        );
    }

    #[test]
    fn a_policy_that_this_version_cannot_apply_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut joined = joined(folder.path(), PAGE, in_hours(1));
        for policy in [serde_json::json!({"newer": 1}), serde_json::json!({"sample_rate_hz": 0.0})]
        {
            joined.enrolment.policy = policy;
            let refused = joined.setup("test").unwrap_err();
            assert!(matches!(refused, JoinError::Policy(_)), "{refused}");
        }
    }
}
