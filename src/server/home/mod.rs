//! The server's folder: made at the first start, held by one server at a time.
//!
//! ```text
//! lock            held while a server runs
//! inview.db       sessions, events, hashes of tokens
//! agent.token     writes reports      }
//! proctor.token   reads, and signs in } made at the first start; made again
//! manager.token   issues sessions     } when missing or about to expire
//! signing.key     signs receipts; made at the first start, and never again: agents know it
//! address         where the server was reached last from this machine
//! authority.pem … see `certificate`
//! ```
//!
//! Only its owner may enter the folder or read the files.

pub mod certificate;

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::redact::Pii;
use crate::report::Hash;
use crate::server::access::credentials::{self, SIGN_IN_LIFETIME};
use crate::server::home::certificate::CertificateError;
use crate::server::store::{Scope, Store, StoreError, Tenant};
use crate::server::{Clock, State};
use crate::trust::signature::SigningKey;

const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(365 * 24);
/// A token that is good for less than this is made again.
const TOKEN_RENEW_BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Files of the folder that the command `issue` reads.
pub const MANAGER_TOKEN: &str = "manager.token";
pub const ADDRESS: &str = "address";
pub(super) const DATABASE: &str = "inview.db";
const SIGNING_KEY: &str = "signing.key";

/// Why the folder cannot be used. Each prints as one line.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    #[error("{path} cannot be used: {reason}")]
    Folder { path: PathBuf, reason: io::Error },
    #[error("{path} is in use: another server runs there")]
    InUse { path: PathBuf },
    #[error("{path} cannot be written: {reason}")]
    Write { path: PathBuf, reason: io::Error },
    #[error("{path}: {reason}")]
    Store { path: PathBuf, reason: StoreError },
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("{path} holds no key")]
    Key { path: PathBuf },
    #[error("this machine gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// A token in a file.
#[derive(Clone, Debug)]
pub struct TokenFile {
    pub path: PathBuf,
    pub expires_at: Timestamp,
}

/// The folder, held until dropped.
#[derive(Debug)]
pub struct Home {
    pub folder: PathBuf,
    pub state: State,
    pub tls: Arc<rustls::ServerConfig>,
    pub agent_token: TokenFile,
    pub proctor_token: TokenFile,
    pub manager_token: TokenFile,
    _lock: File,
}

impl Home {
    /// Takes hold of the folder and makes what is missing. `address` is what the server listens
    /// on. Blocks: for the start, outside of the runtime.
    pub fn open(folder: &Path, address: IpAddr, clock: Clock) -> Result<Self, HomeError> {
        make_private_folder(folder)
            .map_err(|reason| HomeError::Folder { path: folder.to_owned(), reason })?;
        let lock = lock(folder)?;
        let now = clock();
        let tls = certificate::prepare(folder, address, now)?;
        let path = folder.join(DATABASE);
        let store = open_private(&path).map_err(StoreError::from).and_then(|()| Store::open(&path));
        let store = store.map_err(|reason| HomeError::Store { path: path.clone(), reason })?;
        let state = State::new(store, clock, signing_key(folder)?);
        Ok(Self {
            agent_token: token(&state, folder.join("agent.token"), Scope::Write)?,
            proctor_token: token(&state, folder.join("proctor.token"), Scope::Read)?,
            manager_token: token(&state, folder.join(MANAGER_TOKEN), Scope::Manage)?,
            folder: folder.to_owned(),
            state,
            tls,
            _lock: lock,
        })
    }

    /// The certificate that vouches for this server.
    pub fn authority(&self) -> PathBuf {
        self.folder.join(certificate::AUTHORITY)
    }

    /// The SHA-256 of the public key in the certificate, by which agents may be held to it.
    pub fn pin(&self) -> Result<Hash, HomeError> {
        Ok(certificate::pin(&self.folder)?)
    }

    /// Whether somebody can sign in who may do everything.
    pub fn has_admin(&self) -> Result<bool, HomeError> {
        credentials::has_admin_blocking(&self.state)
            .map_err(|reason| HomeError::Store { path: self.folder.clone(), reason })
    }

    /// A code for `/sign-in/…`, good once.
    pub fn sign_in_code(&self) -> Result<Pii<String>, HomeError> {
        let code = credentials::new_secret()?;
        credentials::grant_blocking(
            &self.state,
            &code,
            Scope::SignIn,
            Tenant::local(),
            SIGN_IN_LIFETIME,
        )
        .map_err(|reason| HomeError::Store { path: self.folder.clone(), reason })?;
        Ok(code)
    }
}

fn lock(folder: &Path) -> Result<File, HomeError> {
    let path = folder.join("lock");
    let fault = |reason| HomeError::Folder { path: folder.to_owned(), reason };
    open_private(&path).map_err(fault)?;
    let lock = File::options().write(true).open(&path).map_err(fault)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(HomeError::InUse { path: folder.to_owned() }),
        Err(TryLockError::Error(reason)) => Err(fault(reason)),
    }
}

/// The token in `path` when it is good for a while; otherwise a new one.
fn token(state: &State, path: PathBuf, scope: Scope) -> Result<TokenFile, HomeError> {
    let fault = |reason| HomeError::Store { path: path.clone(), reason };
    if let Ok(text) = fs::read_to_string(&path) {
        let found = credentials::look_up_blocking(state, &Pii::new(text.trim().to_owned()));
        let enough = state.now().saturating_add(TOKEN_RENEW_BEFORE).unwrap_or(Timestamp::MAX);
        if let Some(found) = found.map_err(fault)?
            && found.scope == scope
            && found.session.is_none()
            && found.expires_at > enough
        {
            return Ok(TokenFile { path, expires_at: found.expires_at });
        }
    }
    let token = credentials::new_secret()?;
    let expires_at =
        credentials::grant_blocking(state, &token, scope, Tenant::local(), TOKEN_LIFETIME)
            .map_err(fault)?;
    write_private(&path, &format!("{}\n", token.reveal()))?;
    Ok(TokenFile { path, expires_at })
}

/// The key in the folder; made when there is none, but never in place of one.
fn signing_key(folder: &Path) -> Result<SigningKey, HomeError> {
    let path = folder.join(SIGNING_KEY);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = credentials::new_secret()?;
            write_private(&path, &format!("{}\n", secret.reveal()))?;
            secret.reveal().clone()
        }
        Err(reason) => return Err(HomeError::Folder { path, reason }),
    };
    key_in(path, &text)
}

/// The key in the folder of a server that was started before.
#[cfg(feature = "cli")]
pub(super) fn kept_signing_key(folder: &Path) -> Result<SigningKey, HomeError> {
    let path = folder.join(SIGNING_KEY);
    match fs::read_to_string(&path) {
        Ok(text) => key_in(path, &text),
        Err(reason) => Err(HomeError::Folder { path, reason }),
    }
}

fn key_in(path: PathBuf, text: &str) -> Result<SigningKey, HomeError> {
    let secret: Hash = text.trim().parse().map_err(|_no_key| HomeError::Key { path })?;
    Ok(SigningKey::from_secret(secret.as_bytes()))
}

fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes an empty file that its owner alone may read, unless it is there.
fn open_private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Writes a file that its owner alone may read: all of it, or none.
pub fn write_private(path: &Path, text: &str) -> Result<(), HomeError> {
    let fault = |reason| HomeError::Write { path: path.to_owned(), reason };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // A temporary file is its owner's alone from the beginning.
    let mut file =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(fault)?;
    file.write_all(text.as_bytes()).map_err(fault)?;
    file.as_file().sync_all().map_err(fault)?;
    file.persist(path).map_err(|error| fault(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn clock(day: i64) -> Clock {
        let now = Timestamp::from_second((20_000 + day) * 86_400).unwrap();
        Arc::new(move || now)
    }

    #[test]
    fn a_second_server_is_refused_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let first = Home::open(folder.path(), LOCAL, clock(0)).unwrap();
        let refused = Home::open(folder.path(), LOCAL, clock(0)).unwrap_err().to_string();
        assert!(refused.contains("another server") && !refused.contains('\n'), "{refused}");
        drop(first);
        Home::open(folder.path(), LOCAL, clock(0)).unwrap();
    }

    #[test]
    fn tokens_stay_until_they_are_about_to_expire_or_are_lost() {
        let folder = tempfile::tempdir().unwrap();
        let token = |day| {
            let home = Home::open(folder.path(), LOCAL, clock(day)).unwrap();
            fs::read_to_string(&home.agent_token.path).unwrap()
        };
        let first = token(0);
        assert_eq!(token(300), first);
        let second = token(340);
        assert_ne!(second, first);
        fs::remove_file(folder.path().join("agent.token")).unwrap();
        assert_ne!(token(340), second);
    }

    #[test]
    fn a_damaged_database_is_told_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        write_private(&folder.path().join("inview.db"), &"rubbish ".repeat(1_000)).unwrap();
        let refused = Home::open(folder.path(), LOCAL, clock(0)).unwrap_err().to_string();
        assert!(refused.contains("inview.db") && !refused.contains('\n'), "{refused}");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_what_is_secret() {
        use std::os::unix::fs::PermissionsExt as _;
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("server");
        let _home = Home::open(&folder, LOCAL, clock(0)).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", entry.path().display());
        }
    }
}
