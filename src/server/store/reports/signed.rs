//! Whose reports they are: the key of a session, and what was not signed by it.
//!
//! The first key that is declared stays: by an agent that enrols, or else by the first report. From
//! then on the session takes signed events only.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::report::SessionId;
use crate::server::ingest::batch::Received;
use crate::server::ingest::says::Says;
use crate::server::store::StoreError;
use crate::trust::signature::{PublicKey, Signed};

/// The key of a session; `None` where reports need no signature.
pub(in crate::server) fn key_of(
    database: &Connection,
    tenant: &str,
    session: SessionId,
) -> Result<Option<PublicKey>, StoreError> {
    let mut query = database
        .prepare_cached("SELECT public_key FROM session WHERE tenant = ?1 AND session = ?2")?;
    let key =
        query.query_row(params![tenant, session.0.as_bytes()], |row| row.get(0)).optional()?;
    let damaged = |_| StoreError::Damaged("the key of a session".to_owned());
    key.flatten().map(|bytes| PublicKey::from_bytes(&bytes).map_err(damaged)).transpose()
}

/// Keeps the key of a session that is known.
pub(in crate::server::store) fn keep_key(
    database: &Connection,
    tenant: &str,
    session: SessionId,
    key: &PublicKey,
) -> Result<(), StoreError> {
    database.execute(
        "UPDATE session SET public_key = ?3 WHERE tenant = ?1 AND session = ?2",
        params![tenant, session.0.as_bytes(), key.as_bytes()],
    )?;
    Ok(())
}

/// What a batch says of keys, to a session of which this key is known.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Checked {
    known: Option<PublicKey>,
    pub(in crate::server::store) verdict: Verdict,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::server::store) enum Verdict {
    /// All of it is signed as it must be; the key that it declares first.
    Good { declared: Option<PublicKey> },
    /// The event at this place is not the session's.
    Foreign { at_fault: usize },
}

/// Checks the signatures of a batch, and the keys that it declares, against the key that is known. It
/// takes its time, and is not for the thread that writes.
pub(in crate::server) fn check(known: Option<PublicKey>, batch: &[Received]) -> Checked {
    Checked { known, verdict: judge(known, batch) }
}

/// What was found still holds, unless the session has another key than was known.
pub(in crate::server::store) fn check_again(
    key: Option<PublicKey>,
    batch: &[Received],
    checked: &Checked,
) -> Verdict {
    if key == checked.known { checked.verdict } else { judge(key, batch) }
}

fn judge(known: Option<PublicKey>, batch: &[Received]) -> Verdict {
    let mut key = known;
    for (at_fault, received) in batch.iter().enumerate() {
        let declared = received.event.as_ref().ok().and_then(|arrived| declares(&arrived.says));
        let key = match (key, declared) {
            (Some(key), Some(other)) if key != other => return Verdict::Foreign { at_fault },
            (None, Some(first)) => *key.insert(first),
            (Some(key), _) => key,
            (None, None) => continue,
        };
        let is_signed = received
            .signature
            .is_some_and(|signature| key.verifies(Signed::Event, &received.body, &signature));
        if !is_signed {
            return Verdict::Foreign { at_fault };
        }
    }
    Verdict::Good { declared: key.filter(|_| known.is_none()) }
}

/// The key that an event declares.
pub(in crate::server::store) fn declares(says: &Says) -> Option<PublicKey> {
    match says {
        Says::Started(started) => started.public_key.as_ref()?.parse().ok(),
        Says::Sampling(_)
        | Says::Integrity(_)
        | Says::Command(_)
        | Says::Opened { .. }
        | Says::Closed(_)
        | Says::Ended(_) => None,
    }
}
