//! The session's key: made on this machine, by which reports are signed. A session that was joined keeps
//! its own (`joined`), until it has ended and was delivered. That of a session file is `<session>.key` in
//! the agent's folder, for its owner alone. It is kept for thirty days: a session file may be started
//! again after its end, and the server takes one key only.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use crate::redact::Pii;
use crate::report::{Hash, SessionId};
use crate::spool::make_private_folder;
use crate::trust::signature::SigningKey;

/// Makes a secret: 64 hexadecimal digits.
pub(super) fn new_secret() -> Result<Pii<String>, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(Pii::new(Hash::from_bytes(bytes).to_string()))
}

/// The key of such a secret.
pub(super) fn of_secret(secret: &Pii<String>) -> Option<SigningKey> {
    let secret: Hash = secret.reveal().trim().parse().ok()?;
    Some(SigningKey::from_secret(secret.as_bytes()))
}

/// How long the key of a session file is kept.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The key of a session file's session; made and on the disk when there was none. One that is damaged is
/// made anew, and the server will say that it is another one.
pub(super) fn of_session(folder: &Path, session: SessionId) -> io::Result<SigningKey> {
    let path = path(folder, session);
    match fs::read(&path) {
        Ok(bytes) => {
            let text = Pii::new(String::from_utf8_lossy(&bytes).into_owned());
            if let Some(key) = of_secret(&text) {
                return Ok(key);
            }
            tracing::error!("the key of the session is damaged; another one is made");
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let secret = new_secret().map_err(io::Error::other)?;
    make_private_folder(folder)?;
    // A temporary file is its owner's alone from the beginning.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(secret.reveal().as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    of_secret(&secret).ok_or_else(|| io::Error::other("no key"))
}

/// Removes the keys of session files that were made long ago.
pub(super) fn forget_old(folder: &Path, now: Timestamp) {
    let made = |path: &Path| Timestamp::try_from(fs::metadata(path).ok()?.modified().ok()?).ok();
    let is_old = |path: &Path| {
        let forgotten_at = made(path).and_then(|made| made.checked_add(FORGOTTEN_AFTER).ok());
        forgotten_at.is_some_and(|at| at < now)
    };
    let Ok(entries) = fs::read_dir(folder) else { return };
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let keys = files.filter(|path| path.extension().is_some_and(|ending| ending == "key"));
    for path in keys.filter(|path| is_old(path)) {
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(%error, "the key of a session that is over stays behind");
        }
    }
}

fn path(folder: &Path, session: SessionId) -> PathBuf {
    folder.join(format!("{session}.key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_file_has_one_key_that_nobody_else_may_read_for_a_month() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (session, other) = (SessionId::derived(&[b"a"]), SessionId::derived(&[b"b"]));
        let key = of_session(folder, session).unwrap().public();
        assert_eq!(of_session(folder, session).unwrap().public(), key);
        assert_ne!(of_session(folder, other).unwrap().public(), key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(path(folder, session)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let now = Timestamp::now();
        forget_old(folder, now);
        assert_eq!(of_session(folder, session).unwrap().public(), key);
        forget_old(folder, now.saturating_add(SignedDuration::from_hours(31 * 24)).unwrap());
        assert_ne!(of_session(folder, session).unwrap().public(), key);
    }
}
