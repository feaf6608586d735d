//! Passwords: argon2id, with the parameters that OWASP names first for it (19 MiB, two passes).
//!
//! A name that nobody has costs the same work as one that somebody has. So many are worked on at one time
//! as there is memory for; who comes then waits.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::redact::Pii;
use crate::report::Hash;
use crate::server::access::attempts::Attempts;
use crate::server::http::error::Refusal;
use crate::server::http::limit::network;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const AT_ONE_TIME: usize = 4;

pub(in crate::server) const SHORTEST: usize = 12;
const LONGEST_BYTES: usize = 256;

/// Sign-ins that may fail within five minutes: from one address, which a school may share, and of one
/// account.
const OF_ADDRESS: u32 = 20;
const OF_ACCOUNT: u32 = 10;

/// Checks passwords, and how often it is asked to.
#[derive(Debug)]
pub(in crate::server) struct Passwords {
    places: Arc<Semaphore>,
    of_address: Attempts<IpAddr>,
    of_account: Attempts<Hash>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONE_TIME)),
            of_address: Attempts::new(OF_ADDRESS),
            of_account: Attempts::new(OF_ACCOUNT),
        }
    }
}

impl Passwords {
    /// Counts a sign-in, by name or by token; refused when too many have failed.
    pub(in crate::server) fn begin(
        &self,
        address: IpAddr,
        name: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.of_address.begin(network(address), now).map_err(Refusal::too_many_sign_ins)?;
        let Some(name) = name else { return Ok(()) };
        let name = Hash::of(name.as_bytes());
        self.of_account.begin(name, now).map_err(Refusal::too_many_sign_ins)
    }

    /// It was right.
    pub(in crate::server) fn succeed(&self, address: IpAddr, name: Option<&str>) {
        self.of_address.succeed(network(address));
        if let Some(name) = name {
            self.of_account.succeed(Hash::of(name.as_bytes()));
        }
    }

    /// Whether the password is the one that was hashed; `None` is nobody's and costs the same.
    pub(in crate::server) async fn is_right(
        &self,
        password: Pii<String>,
        hashed: Option<String>,
    ) -> Result<bool, Refusal> {
        self.work(move || {
            let nobodys = nobodys();
            let known = hashed.is_some();
            let hashed = hashed.as_deref().unwrap_or(nobodys);
            let Ok(hashed) = PasswordHash::new(hashed) else { return Ok(false) };
            let is_right = argon2()?.verify_password(password.reveal().as_bytes(), &hashed).is_ok();
            Ok(is_right && known)
        })
        .await
    }

    /// What is kept of a password, which must be one that can be had.
    pub(in crate::server) async fn hash(&self, password: Pii<String>) -> Result<String, Refusal> {
        if let Some(fault) = fault(password.reveal()) {
            return Err(Refusal::malformed(fault));
        }
        self.work(move || hash(password.reveal())).await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_closed| Refusal::internal())?;
        let working = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        working.await.map_err(|_panicked| Refusal::internal())?
    }
}

/// Why it cannot be a password.
fn fault(password: &str) -> Option<String> {
    if password.chars().count() < SHORTEST {
        Some(format!("a password has {SHORTEST} characters or more"))
    } else if password.len() > LONGEST_BYTES {
        Some(format!("a password has {LONGEST_BYTES} bytes at most"))
    } else {
        None
    }
}

fn argon2() -> Result<Argon2<'static>, Refusal> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| failed(&error))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, Refusal> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| failed(&error))?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| failed(&error))?;
    let hashed = argon2()?.hash_password(password.as_bytes(), &salt);
    Ok(hashed.map_err(|error| failed(&error))?.to_string())
}

/// The hash of no password: with it a name that nobody has is worked on as others are.
fn nobodys() -> &'static str {
    static NOBODYS: OnceLock<String> = OnceLock::new();
    NOBODYS.get_or_init(|| hash("").unwrap_or_default())
}

fn failed(error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%error, "a password could not be worked on");
    Refusal::internal()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Pii<String> {
        Pii::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_kept_as_an_argon2id_hash_and_is_right_alone() {
        let passwords = Passwords::default();
        let hashed = passwords.hash(secret("correct horse battery")).await.unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        let again = passwords.hash(secret("correct horse battery")).await.unwrap();
        assert_ne!(again, hashed, "each has a salt of its own");
        for (typed, stored, expected) in [
            ("correct horse battery", Some(hashed.clone()), true),
            ("correct horse batter", Some(hashed), false),
            ("", None, false),
            ("correct horse battery", None, false),
            ("x", Some("no hash".to_owned()), false),
        ] {
            assert_eq!(passwords.is_right(secret(typed), stored).await.unwrap(), expected);
        }
        for typed in ["", "too short", &"x".repeat(257)] {
            assert!(passwords.hash(secret(typed)).await.is_err(), "{typed}");
        }
    }
}
