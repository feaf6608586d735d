//! Whether a heartbeat is of now: signed by the session's key, later than the one before, and repeating
//! the number that the last answer gave.
//!
//! The number moves on when it is repeated. An agent that has not seen the last answer repeats the one
//! before, and is given the same number again.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::report::Heartbeat;
use crate::server::store::liveness::is_late;
use crate::server::store::reports::ingest::Target;
use crate::server::store::{StoreError, erase};
use crate::trust::signature::{PublicKey, Signature, Signed};

/// What a heartbeat is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) enum Worth {
    /// It counts, and `nonce` is what to repeat next; `before`: what it has repeated.
    Taken { attested: bool, nonce: String, before: Option<String> },
    /// The session's key has not signed it.
    Foreign,
    /// It was made before.
    Stale,
}

/// Whether the session has a key, and it has signed these bytes. Not for the thread that writes: it costs
/// more than writing. A key that is declared in this moment asks for signatures from the next heartbeat on.
pub(in crate::server) fn is_signed(
    key: Option<PublicKey>,
    (body, signature): (&[u8], Option<Signature>),
) -> Option<bool> {
    key.map(|key| signature.is_some_and(|it| key.verifies(Signed::Heartbeat, body, &it)))
}

/// Judges a heartbeat by what [`is_signed`] has found. `fresh`: a number that nobody knows yet.
pub(in crate::server) fn judge(
    database: &Connection,
    to: &Target,
    heartbeat: &Heartbeat,
    is_signed: Option<bool>,
    fresh: String,
) -> Result<Worth, StoreError> {
    erase::must_be_kept(database, &to.tenant, to.session)?;
    let unsigned = Worth::Taken { attested: false, nonce: fresh.clone(), before: None };
    match is_signed {
        None => return Ok(unsigned),
        Some(false) => return Ok(Worth::Foreign),
        Some(true) => {}
    }
    if is_late(database, to, heartbeat)? {
        return Ok(Worth::Stale);
    }
    let Some(repeated) = &heartbeat.nonce else { return Ok(unsigned) };
    let (nonce, before) = last(database, to)?.unwrap_or_default();
    if nonce.as_ref() == Some(repeated) {
        Ok(Worth::Taken { attested: true, nonce: fresh, before: nonce })
    } else if before.as_ref() == Some(repeated) {
        Ok(Worth::Taken { attested: true, nonce: nonce.unwrap_or(fresh), before })
    } else {
        Ok(Worth::Stale)
    }
}

/// The number that was given last, and the one that was repeated last.
type Numbers = (Option<String>, Option<String>);

fn last(database: &Connection, to: &Target) -> Result<Option<Numbers>, StoreError> {
    let mut query = database.prepare_cached(
        "SELECT nonce, nonce_before FROM liveness WHERE tenant = ?1 AND session = ?2",
    )?;
    let key = params![to.tenant.as_str(), to.session.0.as_bytes()];
    Ok(query.query_row(key, |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// Counts a heartbeat that was refused.
pub(in crate::server) fn note_refused(
    database: &Connection,
    to: &Target,
) -> Result<(), StoreError> {
    database.execute(
        "UPDATE liveness SET refused = refused + 1 WHERE tenant = ?1 AND session = ?2",
        params![to.tenant.as_str(), to.session.0.as_bytes()],
    )?;
    Ok(())
}
