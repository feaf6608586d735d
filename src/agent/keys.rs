//! The session's key: made on this machine, by which reports are signed. A session that was joined keeps
//! its own (`joined`); that of a session file is `<session>.key` in the agent's folder, for its owner
//! alone, until the session has ended and was delivered.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

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

/// The key of a session file's session; made and on the disk when there was none. One that cannot be
/// read is made anew, and the server will say that it is another one.
pub(super) fn of_session(folder: &Path, session: SessionId) -> io::Result<SigningKey> {
    let path = path(folder, session);
    if let Ok(text) = fs::read_to_string(&path)
        && let Some(key) = of_secret(&Pii::new(text))
    {
        return Ok(key);
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

/// Nothing more is signed.
pub(super) fn forget(folder: &Path, session: SessionId) {
    if let Err(error) = fs::remove_file(path(folder, session))
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "the key of a session that is over stays behind");
    }
}

fn path(folder: &Path, session: SessionId) -> PathBuf {
    folder.join(format!("{session}.key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_one_key_that_nobody_else_may_read_until_it_is_forgotten() {
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
        forget(folder, session);
        forget(folder, session);
        assert_ne!(of_session(folder, session).unwrap().public(), key);
    }
}
