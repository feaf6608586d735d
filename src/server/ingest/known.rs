//! What the database was asked for before and will answer the same again, in memory: tokens that write,
//! until they expire, and the keys of sessions, which never change once there are any.
//!
//! Each report and each heartbeat asks for both. Whoever makes it possible to take a token back, or a
//! key, forgets it here.

use std::collections::HashMap;
use std::hash::Hash as Key;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::report::{Hash, SessionId};
use crate::server::store::{Credential, Scope, Tenant};
use crate::trust::signature::PublicKey;

/// Of each kind; when there are more, all are forgotten, and asked for again.
const MOST: usize = 50_000;

#[derive(Debug, Default)]
pub(in crate::server) struct Known {
    tokens: Mutex<HashMap<Hash, Credential>>,
    keys: Mutex<HashMap<(Tenant, SessionId), PublicKey>>,
    /// How often a token was taken back.
    turn: AtomicU64,
}

impl Known {
    /// What a token is good for, if it is good now.
    pub(in crate::server) fn token(&self, hash: Hash, now: Timestamp) -> Option<Credential> {
        find(&self.tokens, &hash).filter(|found| found.expires_at > now)
    }

    /// Only those that write: others are taken back when somebody signs out.
    pub(in crate::server) fn keep_token(&self, hash: Hash, credential: &Credential) {
        if credential.scope == Scope::Write {
            keep(&self.tokens, hash, credential.clone());
        }
    }

    /// Another number than before: a token that was found in between may have been taken back.
    pub(in crate::server) fn turn(&self) -> u64 {
        self.turn.load(Ordering::SeqCst)
    }

    /// The token was taken back.
    pub(in crate::server) fn forget_token(&self, hash: Hash) {
        self.turn.fetch_add(1, Ordering::SeqCst);
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash);
    }

    pub(in crate::server) fn key(&self, tenant: &Tenant, session: SessionId) -> Option<PublicKey> {
        find(&self.keys, &(tenant.clone(), session))
    }

    pub(in crate::server) fn keep_key(&self, tenant: &Tenant, session: SessionId, key: PublicKey) {
        keep(&self.keys, (tenant.clone(), session), key);
    }
}

fn find<K: Key + Eq, V: Clone>(map: &Mutex<HashMap<K, V>>, key: &K) -> Option<V> {
    map.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
}

fn keep<K: Key + Eq, V>(map: &Mutex<HashMap<K, V>>, key: K, value: V) {
    let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
    if map.len() >= MOST {
        map.clear();
    }
    map.insert(key, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_until_it_expires_and_only_if_it_writes() {
        let (known, at) = (Known::default(), |second| Timestamp::from_second(second).unwrap());
        for (scope, is_known) in [(Scope::Write, true), (Scope::Read, false), (Scope::Page, false)]
        {
            let hash = Hash::of(format!("{scope:?}").as_bytes());
            let tenant = Tenant::local();
            let credential = Credential { tenant, scope, session: None, expires_at: at(10) };
            known.keep_token(hash, &credential);
            assert_eq!(known.token(hash, at(9)).is_some(), is_known, "{scope:?}");
            assert_eq!(known.token(hash, at(10)), None);
        }
    }

    #[test]
    fn only_so_many_are_remembered() {
        let map = Mutex::default();
        for number in 0..=MOST {
            keep(&map, number, ());
        }
        assert_eq!(map.lock().unwrap().len(), 1);
    }
}
