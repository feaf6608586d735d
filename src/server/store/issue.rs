//! Sessions that are handed out: a code for each, and the one agent that has used it.
//!
//! A code is kept as its plain SHA-256. It has 60 bits, so guessing it over the wire is hopeless;
//! whoever has the database could find it with great effort, and would gain the right to report
//! for one session that has not begun, for the days that the code is good.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;
use uuid::Uuid;

use crate::report::{Hash, SessionId};
use crate::server::store::access::credential::{self, Credential, Scope};
use crate::server::store::reports::signed;
use crate::server::store::{StoreError, Tenant};
use crate::trust::signature::PublicKey;
// A session that is issued is one of the sessions that are read.
use crate::server::store::reports::materialise::alert_after_ms;

/// An agent's token is good this long; the same code then makes it good again …
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(12);
/// … for this long after it was first used: reports may have waited on a machine that is offline.
const RENEWABLE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is issued.
#[derive(Clone, Debug)]
pub(in crate::server) struct Issue {
    pub(in crate::server) tenant: Tenant,
    pub(in crate::server) session: SessionId,
    pub(in crate::server) code: Hash,
    pub(in crate::server) label: String,
    /// Null for the default.
    pub(in crate::server) policy: Value,
    pub(in crate::server) issued_at: Timestamp,
    pub(in crate::server) expires_at: Timestamp,
}

/// What became of an enrolment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) enum Enrolled {
    /// The token writes for this session until then.
    Granted {
        tenant: Tenant,
        session: SessionId,
        label: String,
        policy: Value,
        expires_at: Timestamp,
    },
    /// There is no such code.
    Unknown,
    /// The code is good no longer.
    Expired,
    /// Another token has used the code, or another key is the session's.
    Used,
    /// The token is good for something else already.
    TokenTaken,
}

/// Hands out a session, which is on the list from now on.
pub(in crate::server) fn insert(database: &Connection, issue: &Issue) -> Result<(), StoreError> {
    let (tenant, session) = (issue.tenant.as_str(), issue.session.0.as_bytes());
    let issued_at = issue.issued_at.as_microsecond();
    database.execute(
        "INSERT INTO session (tenant, session, listed_at, alert_after_ms) VALUES (?1, ?2, ?3, ?4)",
        params![tenant, session, issued_at, alert_after_ms(&issue.policy)],
    )?;
    database.execute(
        "INSERT INTO issue (tenant, session, code, label, policy, issued_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            tenant,
            session,
            issue.code.as_bytes(),
            issue.label,
            serde_json::to_string(&issue.policy)?,
            issued_at,
            issue.expires_at.as_microsecond()
        ],
    )?;
    Ok(())
}

/// The session has this policy, if nobody has come for it yet.
pub(super) fn set_policy(
    database: &Connection,
    tenant: &Tenant,
    session: SessionId,
    (policy, text): (&Value, &str),
) -> Result<(), StoreError> {
    let (tenant, session) = (tenant.as_str(), session.0.as_bytes());
    let sql = "UPDATE issue SET policy = ?3
               WHERE tenant = ?1 AND session = ?2 AND enrolled_at IS NULL";
    database.prepare_cached(sql)?.execute(params![tenant, session, text])?;
    let sql = "UPDATE session SET alert_after_ms = ?3 WHERE tenant = ?1 AND session = ?2";
    database.prepare_cached(sql)?.execute(params![tenant, session, alert_after_ms(policy)])?;
    Ok(())
}

/// A row of `issue`.
struct Found {
    tenant: Tenant,
    session: SessionId,
    label: String,
    policy: String,
    expires_at: i64,
    enrolled: Option<(Hash, i64)>,
}

impl Found {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let token = row.get::<_, Option<[u8; 32]>>(5)?.map(Hash::from_bytes);
        Ok(Self {
            tenant: Tenant::new(row.get::<_, String>(0)?),
            session: SessionId(Uuid::from_bytes(row.get(1)?)),
            label: row.get(2)?,
            policy: row.get(3)?,
            expires_at: row.get(4)?,
            enrolled: token.zip(row.get(6)?),
        })
    }
}

/// An agent comes with a code, and a token and a key of its own. The same are answered the same again.
pub(in crate::server) fn enrol(
    database: &Connection,
    code: Hash,
    (token, key): (Hash, PublicKey),
    now: Timestamp,
) -> Result<Enrolled, StoreError> {
    let found = database
        .query_row(
            "SELECT tenant, session, label, policy, expires_at, token, enrolled_at
             FROM issue WHERE code = ?1",
            [code.as_bytes()],
            Found::read,
        )
        .optional()?;
    let Some(found) = found else { return Ok(Enrolled::Unknown) };
    let micros = now.as_microsecond();
    match found.enrolled {
        None if found.expires_at <= micros => return Ok(Enrolled::Expired),
        Some((other, _)) if other != token => return Ok(Enrolled::Used),
        Some((_, at)) if i128::from(micros - at) > RENEWABLE.as_micros() => {
            return Ok(Enrolled::Expired);
        }
        None | Some(_) => {}
    }
    let known = signed::key_of(database, found.tenant.as_str(), found.session)?;
    if known.is_some_and(|known| known != key) {
        return Ok(Enrolled::Used);
    }
    let Some(expires_at) = grant(database, &found, token, now)? else {
        return Ok(Enrolled::TokenTaken);
    };
    if found.enrolled.is_none() {
        signed::keep_key(database, found.tenant.as_str(), found.session, &key)?;
        database.execute(
            "UPDATE issue SET token = ?2, enrolled_at = ?3 WHERE code = ?1",
            params![code.as_bytes(), token.as_bytes(), micros],
        )?;
    }
    let policy = serde_json::from_str(&found.policy)?;
    let Found { tenant, session, label, .. } = found;
    Ok(Enrolled::Granted { tenant, session, label, policy, expires_at })
}

/// Until when the token writes for the session; `None` when it is good for something else.
fn grant(
    database: &Connection,
    found: &Found,
    token: Hash,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let expires_at = now.saturating_add(TOKEN_LIFETIME).unwrap_or(Timestamp::MAX);
    let (tenant, session) = (found.tenant.clone(), Some(found.session));
    let granted = Credential { tenant, scope: Scope::Write, session, expires_at };
    if let Some(held) = credential::find(database, token, now)? {
        let is_this = Credential { expires_at, ..held.clone() } == granted;
        return Ok(is_this.then_some(held.expires_at));
    }
    // The same token may stand there, expired.
    credential::sweep(database, now)?;
    credential::insert(database, token, &granted)?;
    Ok(Some(expires_at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::in_memory;
    use crate::trust::signature::SigningKey;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + hour * 3_600).unwrap()
    }

    fn issue(name: &[u8]) -> Issue {
        Issue {
            tenant: Tenant::local(),
            session: SessionId::derived(&[name]),
            code: Hash::of(name),
            label: "Seat 7".to_owned(),
            policy: serde_json::json!({"alert_after_ms": 4_000}),
            issued_at: hour(0),
            expires_at: hour(100),
        }
    }

    fn key(number: u8) -> PublicKey {
        SigningKey::from_secret(&[number; 32]).public()
    }

    #[track_caller]
    fn until(enrolled: Result<Enrolled, StoreError>) -> Timestamp {
        let enrolled = enrolled.unwrap();
        let Enrolled::Granted { expires_at, .. } = enrolled else { panic!("{enrolled:?}") };
        expires_at
    }

    #[test]
    fn a_code_is_good_for_one_token_which_it_renews_for_a_month() {
        let database = in_memory();
        let issue = issue(b"code");
        insert(&database, &issue).unwrap();
        let (own, other) = (Hash::of(b"own"), Hash::of(b"other"));
        let ask = |token, at| enrol(&database, issue.code, (token, key(1)), hour(at));
        assert_eq!(enrol(&database, other, (own, key(1)), hour(1)).unwrap(), Enrolled::Unknown);
        assert_eq!(until(ask(own, 1)), hour(13));
        assert_eq!(until(ask(own, 12)), hour(13));
        assert_eq!(ask(other, 1).unwrap(), Enrolled::Used);
        // The token has expired, and so has the code: reports that waited can still be sent.
        assert_eq!(until(ask(own, 500)), hour(512));
        assert_eq!(ask(other, 500).unwrap(), Enrolled::Used);
        assert_eq!(until(ask(own, 721)), hour(733));
        assert_eq!(ask(own, 722).unwrap(), Enrolled::Expired);
        let another = enrol(&database, issue.code, (own, key(2)), hour(1)).unwrap();
        assert_eq!(another, Enrolled::Used, "the token with another key");
    }

    #[test]
    fn a_code_that_nobody_used_expires() {
        let database = in_memory();
        let issue = issue(b"code");
        insert(&database, &issue).unwrap();
        let token = (Hash::of(b"token"), key(1));
        assert_eq!(enrol(&database, issue.code, token, hour(100)).unwrap(), Enrolled::Expired);
        assert_eq!(until(enrol(&database, issue.code, token, hour(99))), hour(111));
    }

    #[test]
    fn a_token_is_for_one_session_and_an_agent_cannot_take_over_another_credential() {
        let database = in_memory();
        let (one, two) = (issue(b"one"), issue(b"two"));
        insert(&database, &one).unwrap();
        insert(&database, &two).unwrap();
        let token = Hash::of(b"token");
        until(enrol(&database, one.code, (token, key(1)), hour(1)));
        let held = credential::find(&database, token, hour(1)).unwrap().unwrap();
        assert_eq!((held.scope, held.session), (Scope::Write, Some(one.session)));
        let taken = enrol(&database, two.code, (token, key(1)), hour(1)).unwrap();
        assert_eq!(taken, Enrolled::TokenTaken);
        // Nothing was used up by that.
        until(enrol(&database, two.code, (Hash::of(b"another"), key(1)), hour(1)));
    }
}
