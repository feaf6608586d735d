//! Who did what, and when: rows that are only added, each with the hash of the one before it.
//!
//! A row's `body` is JSON, and `hash` the SHA-256 of its bytes as they are stored; `prev` in the body is
//! the hash of the row before. Whoever keeps the last number and hash elsewhere notices when rows at the
//! end are gone, too.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::report::{AuditEntry, AuditPage, Hash, SessionId};
use crate::server::store::{StoreError, Tenant};

/// What the server did by itself.
pub(in crate::server) const SERVER: &str = "server";

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::server) enum Deed {
    SignedIn,
    SignedOut,
    CommandGiven,
    ForkRecorded,
    SilenceAlerted,
    SignInRefused,
    SessionIssued,
    ExamCreated,
    ExamClosed,
    PolicyChanged,
    LanguageChanged,
    RosterImported,
    AccountCreated,
    AccountDisabled,
    AccountEnabled,
    RoleChanged,
    ExamsAssigned,
    PasswordLinkMade,
    PasswordSet,
    SecondFactorSet,
    SecondFactorRemoved,
    TokenMade,
    TokenRevoked,
    Reviewed,
    SessionErased,
    SessionExported,
    WebhookMade,
    WebhookEnabled,
    WebhookDisabled,
    WebhookSecretRotated,
    WebhookDeleted,
    MessagesSentAgain,
}

impl Deed {
    const ALL: [Self; 32] = [
        Self::SignedIn,
        Self::SignedOut,
        Self::CommandGiven,
        Self::ForkRecorded,
        Self::SilenceAlerted,
        Self::SignInRefused,
        Self::SessionIssued,
        Self::ExamCreated,
        Self::ExamClosed,
        Self::PolicyChanged,
        Self::LanguageChanged,
        Self::RosterImported,
        Self::AccountCreated,
        Self::AccountDisabled,
        Self::AccountEnabled,
        Self::RoleChanged,
        Self::ExamsAssigned,
        Self::PasswordLinkMade,
        Self::PasswordSet,
        Self::SecondFactorSet,
        Self::SecondFactorRemoved,
        Self::TokenMade,
        Self::TokenRevoked,
        Self::Reviewed,
        Self::SessionErased,
        Self::SessionExported,
        Self::WebhookMade,
        Self::WebhookEnabled,
        Self::WebhookDisabled,
        Self::WebhookSecretRotated,
        Self::WebhookDeleted,
        Self::MessagesSentAgain,
    ];

    /// The names under which they are written down.
    pub(in crate::server) fn names() -> Vec<String> {
        let names = Self::ALL.iter().filter_map(|deed| serde_json::to_value(deed).ok());
        names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
    }
}

/// One line of the log.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Entry<'a> {
    pub(in crate::server) at: Timestamp,
    pub(in crate::server) tenant: &'a Tenant,
    /// The credential, as in `sent_by` of commands, or [`SERVER`].
    pub(in crate::server) who: &'a str,
    pub(in crate::server) did: Deed,
    pub(in crate::server) session: Option<SessionId>,
    /// Never a text that people have written.
    pub(in crate::server) detail: &'a str,
}

#[derive(Serialize)]
struct Body<'a> {
    number: u64,
    prev: Hash,
    at: Timestamp,
    tenant: &'a str,
    who: &'a str,
    did: Deed,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionId>,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
}

/// What of a body holds the rows together.
#[derive(Deserialize)]
struct Link {
    number: u64,
    prev: Hash,
}

/// Adds a row, in the transaction of what it tells.
pub(in crate::server) fn note(database: &Connection, entry: &Entry<'_>) -> Result<(), StoreError> {
    let last = database
        .prepare_cached("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get::<_, u64>(0)?, Hash::from_bytes(row.get(1)?))))
        .optional()?;
    let (number, prev) = last.unwrap_or((0, Hash::ZERO));
    let Entry { at, tenant, who, did, session, detail } = *entry;
    let number = number + 1;
    let tenant = tenant.as_str();
    let body =
        serde_json::to_string(&Body { number, prev, at, tenant, who, did, session, detail })?;
    database
        .prepare_cached("INSERT INTO audit (number, body, hash) VALUES (?1, ?2, ?3)")?
        .execute(params![number, body, Hash::of(body.as_bytes()).as_bytes()])?;
    Ok(())
}

/// Writes down what was done to something that is no session, an exam, an account or a token: `detail` is its id.
pub(in crate::server) fn note_of(
    database: &Connection,
    tenant: &Tenant,
    (who, did, at): (&str, Deed, Timestamp),
    detail: &str,
) -> Result<(), StoreError> {
    note(database, &Entry { at, tenant, who, did, session: None, detail })
}

/// Which rows are asked for.
#[derive(Clone, Debug, Default)]
pub(in crate::server) struct Sought {
    /// Those with lower numbers.
    pub(in crate::server) after: Option<u64>,
    /// A part of the name.
    pub(in crate::server) who: Option<String>,
    pub(in crate::server) did: Option<String>,
    pub(in crate::server) session: Option<SessionId>,
    /// To the second.
    pub(in crate::server) from: Option<Timestamp>,
    pub(in crate::server) to: Option<Timestamp>,
}

/// What of a body is told by itself.
#[derive(Deserialize)]
struct Told {
    at: String,
    who: String,
    did: String,
    #[serde(default)]
    session: Option<SessionId>,
    #[serde(default)]
    detail: String,
}

/// Rows of the tenant, the newest first. What is no JSON any more is not found here, but by [`check`].
pub(in crate::server) fn page(
    database: &Connection,
    tenant: &Tenant,
    sought: &Sought,
    limit: u64,
) -> Result<AuditPage, StoreError> {
    let mut query = database.prepare_cached(
        "WITH read AS (SELECT number, body, hash,
             CASE WHEN json_valid(body) THEN body ELSE '{}' END AS json FROM audit)
         SELECT number, body, hash FROM read
         WHERE json ->> '$.tenant' = ?1
           AND (?2 IS NULL OR number < ?2)
           AND (?3 IS NULL OR instr(json ->> '$.who', ?3) > 0)
           AND (?4 IS NULL OR json ->> '$.did' = ?4)
           AND (?5 IS NULL OR json ->> '$.session' = ?5)
           AND (?6 IS NULL OR substr(json ->> '$.at', 1, 19) >= ?6)
           AND (?7 IS NULL OR substr(json ->> '$.at', 1, 19) < ?7)
         ORDER BY number DESC LIMIT ?8",
    )?;
    // Times of one form are in the order of their texts.
    let second = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let mut rows = query.query(params![
        tenant.as_str(),
        sought.after,
        sought.who,
        sought.did,
        sought.session.map(|session| session.to_string()),
        sought.from.map(second),
        sought.to.map(second),
        limit + 1
    ])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let (number, body, hash): (u64, String, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Ok(Told { at, who, did, session, detail }) = serde_json::from_str(&body) else {
            continue;
        };
        let Some(hash) = hash.as_array().copied().map(Hash::from_bytes) else { continue };
        entries.push(AuditEntry { number, hash, at, who, did, session, detail, body });
    }
    let more = entries.len() as u64 > limit;
    entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = entries.last().filter(|_| more).map(|last| last.number);
    Ok(AuditPage { entries, next })
}

/// What became of a check of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// So many rows, the last of which has this hash.
    Whole { rows: u64, head: Hash },
    /// The first row that is not as it was written, and why.
    Broken { number: u64, why: &'static str },
}

/// A row up to which the log was found whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) struct Head {
    pub(in crate::server) number: u64,
    pub(in crate::server) hash: Hash,
}

/// The row before the first: rows that were not to be kept any longer have gone.
fn start(database: &Connection) -> Result<Head, StoreError> {
    let found = database
        .query_row("SELECT number, hash FROM audit_start", [], |row| {
            Ok(Head { number: row.get(0)?, hash: Hash::from_bytes(row.get(1)?) })
        })
        .optional()?;
    Ok(found.unwrap_or(Head { number: 0, hash: Hash::ZERO }))
}

/// Checks each row and what holds it to the one before.
pub(in crate::server) fn check(database: &Connection) -> Result<Checked, StoreError> {
    Ok(check_from(database, None)?.found)
}

/// What a check has found, and where it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct CheckedFrom {
    pub(in crate::server) found: Checked,
    /// The row up to which the log was taken for whole; `None`: all rows were checked.
    pub(in crate::server) known: Option<Head>,
}

/// Checks the rows from the last one on that is known; all where there is none, or where it is not to be
/// kept any longer. Whether an older one was changed since it was checked is not seen here.
pub(in crate::server) fn check_from(
    database: &Connection,
    known: Option<Head>,
) -> Result<CheckedFrom, StoreError> {
    let begin = start(database)?;
    let known = known.filter(|known| known.number > begin.number);
    let done = |found| Ok(CheckedFrom { found, known });
    let mut query = database.prepare_cached(
        "SELECT number, CAST(body AS BLOB), hash FROM audit WHERE number >= ?1 ORDER BY number",
    )?;
    let least = known.and_then(|known| i64::try_from(known.number).ok()).unwrap_or(i64::MIN);
    let mut rows = query.query([least])?;
    let mut before = known.is_none().then_some(begin.hash);
    let mut expected = known.map_or(begin.number + 1, |known| known.number);
    while let Some(row) = rows.next()? {
        let (body, hash): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?);
        if let Some(broken) = fault(row.get(0)?, expected, (&body, &hash), before) {
            return done(broken);
        }
        let head = Hash::of(&body);
        if known.is_some_and(|known| known.number == expected && known.hash != head) {
            return done(Checked::Broken { number: expected, why: OTHER });
        }
        before = Some(head);
        expected += 1;
    }
    match before {
        Some(head) => done(Checked::Whole { rows: expected - 1, head }),
        None => done(Checked::Broken { number: expected, why: MISSING }),
    }
}

const MISSING: &str = "it is missing";
const OTHER: &str = "it is another row";

/// What is wrong with the row that is to have the number `expected` and to come after the one with the hash
/// `before`, where that is known.
fn fault(
    number: i64,
    expected: u64,
    (body, hash): (&[u8], &[u8]),
    before: Option<Hash>,
) -> Option<Checked> {
    let broken = |why| Some(Checked::Broken { number: expected, why });
    if u64::try_from(number) != Ok(expected) {
        return broken(MISSING);
    }
    if hash != Hash::of(body).as_bytes() {
        return broken("it has been changed: its bytes do not have its hash");
    }
    match serde_json::from_slice::<Link>(body) {
        Ok(link) if link.number != expected => broken(OTHER),
        Ok(link) if before.is_some_and(|before| before != link.prev) => match expected {
            1 => broken("nothing can come before it"),
            // This row stands for what was there before.
            _ => Some(Checked::Broken {
                number: expected - 1,
                why: "it is not the row that the next one was written after",
            }),
        },
        Ok(_) => None,
        Err(_) => broken("it cannot be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::in_memory;

    fn log(rows: i64) -> Connection {
        let database = in_memory();
        for second in 0..rows {
            let entry = Entry {
                at: Timestamp::from_second(second).unwrap(),
                tenant: &Tenant::local(),
                who: "page-0123abcd",
                did: Deed::SignedIn,
                session: None,
                detail: "",
            };
            note(&database, &entry).unwrap();
        }
        database
    }

    fn bad_row(change: &str) -> Option<u64> {
        let database = log(5);
        assert_eq!(database.execute(change, []).unwrap(), 1, "{change}");
        match check(&database).unwrap() {
            Checked::Whole { .. } => None,
            Checked::Broken { number, .. } => Some(number),
        }
    }

    #[test]
    fn a_log_that_nobody_has_touched_is_whole() {
        assert_eq!(check(&log(0)).unwrap(), Checked::Whole { rows: 0, head: Hash::ZERO });
        assert!(matches!(check(&log(5)).unwrap(), Checked::Whole { rows: 5, .. }));
    }

    #[test]
    fn the_first_row_that_is_not_as_it_was_written_is_named() {
        for (change, expected) in [
            ("UPDATE audit SET body = replace(body, 'page', 'pale') WHERE number = 3", Some(3)),
            ("UPDATE audit SET hash = zeroblob(32) WHERE number = 5", Some(5)),
            ("DELETE FROM audit WHERE number = 1", Some(1)),
            ("DELETE FROM audit WHERE number = 4", Some(4)),
            ("UPDATE audit SET number = 9 WHERE number = 2", Some(2)),
            ("UPDATE audit SET number = 6 WHERE number = 5", Some(5)),
            // The end alone can be cut off; that is why its hash is told.
            ("DELETE FROM audit WHERE number = 5", None),
        ] {
            assert_eq!(bad_row(change), expected, "{change}");
        }
    }

    fn head(database: &Connection) -> Head {
        let Checked::Whole { rows, head } = check(database).unwrap() else { panic!() };
        Head { number: rows, hash: head }
    }

    #[test]
    fn a_check_from_a_known_row_reads_what_is_new_and_that_row() {
        let (database, short) = (log(9), log(6));
        let known = Some(head(&short));
        let looked = check_from(&database, known).unwrap();
        assert_eq!((looked.found, looked.known), (check(&database).unwrap(), known));
        for (change, expected) in [
            ("UPDATE audit SET body = replace(body, 'page', 'pale') WHERE number = 3", None),
            ("DELETE FROM audit WHERE number = 5", None),
            ("UPDATE audit SET body = replace(body, 'page', 'pale') WHERE number = 6", Some(6)),
            ("UPDATE audit SET body = replace(body, 'page', 'pale') WHERE number = 8", Some(8)),
            ("DELETE FROM audit WHERE number = 6", Some(6)),
            ("DELETE FROM audit WHERE number = 8", Some(8)),
            // The end is cut off up to where it was known, or written anew.
            ("DELETE FROM audit WHERE number >= 6", Some(6)),
            (
                "UPDATE audit SET body = (SELECT body FROM audit WHERE number = 5),
                  hash = (SELECT hash FROM audit WHERE number = 5) WHERE number = 6",
                Some(6),
            ),
        ] {
            let database = log(9);
            database.execute(change, []).unwrap();
            let broken = |found| match found {
                Checked::Whole { .. } => None,
                Checked::Broken { number, .. } => Some(number),
            };
            assert_eq!(broken(check_from(&database, known).unwrap().found), expected, "{change}");
            assert!(broken(check(&database).unwrap()).is_some() || change.contains(">="));
        }
    }

    #[test]
    fn where_the_known_row_is_not_kept_any_longer_all_that_is_left_is_checked() {
        let database = log(9);
        let known = Some(head(&log(4)));
        database
            .execute_batch(
                "INSERT INTO audit_start (only, number, hash)
                     SELECT 1, number, hash FROM audit WHERE number = 4;
                 DELETE FROM audit WHERE number <= 4;",
            )
            .unwrap();
        let looked = check_from(&database, known).unwrap();
        assert_eq!((looked.found, looked.known), (check(&database).unwrap(), None));
        assert_eq!(head(&database).number, 9);
    }

    #[test]
    fn a_row_that_was_changed_together_with_its_hash_does_not_fit_the_next() {
        let database = log(5);
        let body: String = database
            .query_row("SELECT body FROM audit WHERE number = 3", [], |row| row.get(0))
            .unwrap();
        let body = body.replace("page", "pale");
        let hash = Hash::of(body.as_bytes());
        database
            .execute(
                "UPDATE audit SET body = ?1, hash = ?2 WHERE number = 3",
                params![body, hash.as_bytes()],
            )
            .unwrap();
        assert!(matches!(check(&database).unwrap(), Checked::Broken { number: 3, .. }));
    }
}
