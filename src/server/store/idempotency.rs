//! What was asked for under a key, and the answer to it: for a day.
//!
//! Answers have codes and tokens in them, which stand nowhere else: each is sealed (AES-256-GCM) by a key that
//! only the server's own key and the same request give again.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{StoreError, Tenant};
use crate::report::Hash;

/// An answer is remembered this long.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// A request that may come twice.
#[derive(Clone)]
pub(in crate::server) struct Once {
    pub(in crate::server) tenant: Tenant,
    /// The credential, as in the record: a key is its own.
    pub(in crate::server) who: String,
    /// What is asked for: method and address.
    pub(in crate::server) what: String,
    pub(in crate::server) key: String,
    pub(in crate::server) request: Hash,
    /// By which the answer is sealed.
    pub(in crate::server) seal: [u8; 32],
}

/// What became of something that may have been asked for before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) enum Done<T> {
    New(T),
    /// As it was answered before.
    Again(T),
    /// Something else was asked for under this key.
    KeyReused,
}

/// Does it, unless it was done under the same key before. What could not be done is not remembered.
pub(in crate::server) fn once<T: Serialize + DeserializeOwned, E>(
    database: &Connection,
    once: Option<&Once>,
    now: Timestamp,
    make: impl FnOnce() -> Result<Result<T, E>, StoreError>,
) -> Result<Result<Done<T>, E>, StoreError> {
    let Some(once) = once else { return Ok(make()?.map(Done::New)) };
    expired(database, now)?;
    if let Some((request, sealed)) = find(database, once)? {
        if request != once.request {
            return Ok(Ok(Done::KeyReused));
        }
        return Ok(Ok(Done::Again(serde_json::from_slice(&once.open(sealed)?)?)));
    }
    let made = make()?;
    if let Ok(made) = &made {
        let sealed = once.sealed(serde_json::to_vec(made)?)?;
        database
            .prepare_cached(
                "INSERT INTO idempotency (tenant, who, what, key, request, answer, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                once.tenant.as_str(),
                once.who,
                once.what,
                once.key,
                once.request.as_bytes(),
                sealed,
                now.as_microsecond()
            ])?;
    }
    Ok(made.map(Done::New))
}

/// Takes away what is older than a day.
pub(super) fn expired(database: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let oldest = now.saturating_sub(LIFETIME).unwrap_or(Timestamp::MIN);
    database
        .prepare_cached("DELETE FROM idempotency WHERE at <= ?1")?
        .execute([oldest.as_microsecond()])?;
    Ok(())
}

fn find(database: &Connection, once: &Once) -> Result<Option<(Hash, Vec<u8>)>, StoreError> {
    let sql = "SELECT request, answer FROM idempotency
               WHERE tenant = ?1 AND who = ?2 AND what = ?3 AND key = ?4";
    let key = params![once.tenant.as_str(), once.who, once.what, once.key];
    let found = database
        .prepare_cached(sql)?
        .query_row(key, |row| Ok((Hash::from_bytes(row.get(0)?), row.get(1)?)));
    Ok(found.optional()?)
}

impl Once {
    fn cipher(&self) -> Result<RandomizedNonceKey, StoreError> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.seal)
            .map_err(|_unspecified| StoreError::Damaged("no cipher".to_owned()))
    }

    fn sealed(&self, mut answer: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let nonce = self.cipher()?.seal_in_place_append_tag(Aad::empty(), &mut answer);
        let nonce = nonce
            .map_err(|_unspecified| StoreError::Damaged("an answer cannot be sealed".to_owned()))?;
        Ok([nonce.as_ref().as_slice(), &answer].concat())
    }

    fn open(&self, mut sealed: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let damaged = || StoreError::Damaged("an answer that was kept cannot be opened".to_owned());
        let (nonce, answer) = sealed.split_at_mut_checked(NONCE_LEN).ok_or_else(damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_unspecified| damaged())?;
        let opened = self.cipher()?.open_in_place(nonce, Aad::empty(), answer);
        opened.map(|opened| opened.to_vec()).map_err(|_unspecified| damaged())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::super::in_memory;
    use super::*;

    fn asked(who: &str, key: &str, request: &[u8]) -> Once {
        let (who, what, key) = (who.to_owned(), "POST /".to_owned(), key.to_owned());
        let seal = *Hash::of(request).as_bytes();
        Once { tenant: Tenant::local(), who, what, key, request: Hash::of(request), seal }
    }

    fn ask(database: &Connection, asked: &Once, hour: i64, answer: &str) -> Done<String> {
        let now = Timestamp::from_second(hour * 3_600).unwrap();
        let make = || Ok(Ok::<_, Infallible>(answer.to_owned()));
        let Ok(done) = once(database, Some(asked), now, make).unwrap();
        done
    }

    #[test]
    fn the_same_request_under_a_key_is_done_once_and_another_is_refused_for_a_day() {
        let database = in_memory();
        let first = asked("ann", "k", b"one");
        assert_eq!(ask(&database, &first, 0, "secret"), Done::New("secret".to_owned()));
        assert_eq!(ask(&database, &first, 23, "other"), Done::Again("secret".to_owned()));
        assert_eq!(ask(&database, &asked("ann", "k", b"two"), 23, "x"), Done::KeyReused);
        // A key is one credential's.
        let other = ask(&database, &asked("bob", "k", b"two"), 23, "x");
        assert_eq!(other, Done::New("x".to_owned()));
        assert_eq!(ask(&database, &first, 24, "later"), Done::New("later".to_owned()));
    }

    #[test]
    fn nobody_reads_an_answer_in_the_database_and_what_failed_is_tried_again() {
        let database = in_memory();
        let first = asked("ann", "k", b"one");
        let failed =
            once::<String, _>(&database, Some(&first), Timestamp::UNIX_EPOCH, || Ok(Err("taken")));
        assert_eq!(failed.unwrap(), Err("taken"));
        assert_eq!(
            ask(&database, &first, 0, "a secret code"),
            Done::New("a secret code".to_owned())
        );
        let kept: Vec<u8> =
            database.query_row("SELECT answer FROM idempotency", [], |row| row.get(0)).unwrap();
        assert!(!kept.windows(6).any(|part| part == b"secret"));
        let foreign = Once { seal: [7; 32], ..first };
        let opened =
            once::<String, Infallible>(&database, Some(&foreign), Timestamp::UNIX_EPOCH, || {
                unreachable!("it was done before")
            });
        assert!(matches!(opened, Err(StoreError::Damaged(_))));
    }
}
