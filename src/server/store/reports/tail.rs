//! Events that are stored and from which nothing is derived yet, and what decides over the next ones:
//! in memory, of the connection that writes.
//!
//! A commit that is answered appends to `event`, and to nothing else. What people read (sessions, heads,
//! intervals …) is derived from it by the same connection: of one session before anything else is written
//! of it, of all before anybody reads, and otherwise a moment later, many events of a session at once.
//!
//! Nothing here is the only copy. After a rollback, or a kill, [`Tail::restore`] reads the end of `event`
//! again: an event behind the head that `chain` has was not derived, whatever was in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::report::{Event, Hash, Incarnation, SessionId};
use crate::server::ingest::says::Says;
use crate::server::store::reports::ingest::{Head, head_of};
use crate::server::store::reports::{derive, signed};
use crate::server::store::{StoreError, Tenant, erase, in_savepoint};
use crate::trust::signature::PublicKey;

/// Sessions that are remembered without an event that waits; when there are more, all are forgotten.
const SESSIONS: usize = 50_000;
/// So many events may wait …
const MOST: usize = 32_768;
/// … and, while others come and nobody reads, for so long: the more of a session are derived at once, the fewer
/// pages each of them costs.
const LONGEST: SignedDuration = SignedDuration::from_secs(2);

/// Whose reports they are.
pub(in crate::server) type Key = (Tenant, SessionId);

/// A stored event from which nothing is derived yet.
#[derive(Debug)]
pub(in crate::server::store) struct Waiting {
    /// Its row.
    pub(in crate::server::store) number: i64,
    pub(in crate::server::store) at: Timestamp,
    pub(in crate::server::store) incarnation: Incarnation,
    pub(in crate::server::store) seq: u64,
    pub(in crate::server::store) hash: Hash,
    /// None where it was rejected.
    pub(in crate::server::store) says: Option<Says>,
}

/// What decides over a session's next events.
#[derive(Debug, Default)]
pub(in crate::server::store) struct Known {
    pub(in crate::server::store) key: Option<PublicKey>,
    /// Of incarnations that have reported lately.
    heads: Vec<Head>,
    waiting: Vec<Waiting>,
}

impl Known {
    fn read(database: &Connection, (tenant, session): &Key) -> Result<Self, StoreError> {
        erase::must_be_kept(database, tenant, *session)?;
        let key = signed::key_of(database, tenant.as_str(), *session)?;
        Ok(Self { key, heads: Vec::new(), waiting: Vec::new() })
    }

    /// The end of a chain.
    pub(in crate::server::store) fn head(
        &mut self,
        database: &Connection,
        of: &Key,
        incarnation: Incarnation,
    ) -> Result<Head, StoreError> {
        if let Some(head) = self.heads.iter().find(|head| head.incarnation == incarnation) {
            return Ok(*head);
        }
        let head = head_of(database, of, incarnation)?;
        if head.seq > 0 {
            self.heads.push(head);
        }
        Ok(head)
    }

    /// The hash of an event that waits.
    pub(in crate::server::store) fn hash_of(
        &self,
        incarnation: Incarnation,
        seq: u64,
    ) -> Option<Hash> {
        let is_this = |it: &&Waiting| it.incarnation == incarnation && it.seq == seq;
        self.waiting.iter().find(is_this).map(|waiting| waiting.hash)
    }

    fn push(&mut self, waiting: Waiting) {
        let Waiting { incarnation, seq, hash, .. } = waiting;
        let head = Head { incarnation, seq, hash };
        match self.heads.iter_mut().find(|head| head.incarnation == incarnation) {
            Some(known) => *known = head,
            None => self.heads.push(head),
        }
        if self.key.is_none() {
            self.key = waiting.says.as_ref().and_then(signed::declares);
        }
        self.waiting.push(waiting);
    }
}

/// The events that wait, by session.
#[derive(Debug, Default)]
pub(in crate::server) struct Tail {
    sessions: HashMap<Key, Known>,
    /// Sessions with events that wait, by the row of the first of them.
    order: BTreeMap<i64, Key>,
    /// The same sessions, as their rows lie in the tables.
    by_key: BTreeSet<Key>,
    /// The last one that was derived when not all were.
    reached: Option<Key>,
    waiting: usize,
    /// The last row, and when it came.
    last: i64,
    last_at: Timestamp,
    /// What `derived` says.
    up_to: i64,
    /// Those of `order` that could not be derived: they are tried again when somebody asks for all.
    stuck: BTreeSet<i64>,
    /// Sessions that were written of in this transaction.
    marked: BTreeSet<Key>,
    /// Something was written that is not of one session.
    has_others: bool,
    is_whole: bool,
}

impl Tail {
    /// Reads what waits from the database, unless it is known.
    pub(in crate::server::store) fn restore(
        &mut self,
        database: &Connection,
    ) -> Result<(), StoreError> {
        if self.is_whole {
            return Ok(());
        }
        let has_others = self.has_others;
        *self = Self { marked: self.take_marked(), has_others, ..Self::default() };
        let up_to: i64 = database.query_row("SELECT up_to FROM derived", [], |row| row.get(0))?;
        (self.last, self.up_to) = (up_to, up_to);
        let mut query = database.prepare_cached(
            "SELECT number, tenant, session, incarnation, seq, hash, received_at, body
             FROM event WHERE number > ?1 ORDER BY number",
        )?;
        let mut rows = query.query([up_to])?;
        while let Some(row) = rows.next()? {
            let (number, tenant, session) = (row.get(0)?, row.get::<_, String>(1)?, row.get(2)?);
            let of = (Tenant::new(tenant), SessionId(Uuid::from_bytes(session)));
            let at = Timestamp::from_microsecond(row.get(6)?);
            let body: Option<Vec<u8>> = row.get(7)?;
            let waiting = Waiting {
                number,
                at: at.map_err(|error| StoreError::Damaged(error.to_string()))?,
                incarnation: Incarnation(Uuid::from_bytes(row.get(3)?)),
                seq: row.get(4)?,
                hash: Hash::from_bytes(row.get(5)?),
                says: body.and_then(|body| read(&body)),
            };
            let known = self.known(database, &of)?;
            if waiting.seq > known.head(database, &of, waiting.incarnation)?.seq {
                self.push(&of, waiting);
            }
            self.last = number;
        }
        self.is_whole = true;
        Ok(())
    }

    /// Something was rolled back: what is in memory may not be in the database.
    pub(in crate::server::store) fn forget(&mut self) {
        self.is_whole = false;
    }

    /// Something was written of a session besides its events.
    pub(in crate::server::store) fn mark(&mut self, of: &Key) {
        self.marked.insert(of.clone());
    }

    /// Something was written that is not of one session.
    pub(in crate::server::store) fn mark_others(&mut self) {
        self.has_others = true;
    }

    pub(in crate::server::store) fn take_others(&mut self) -> bool {
        std::mem::take(&mut self.has_others)
    }

    /// The sessions that were written of.
    pub(in crate::server::store) fn take_marked(&mut self) -> BTreeSet<Key> {
        std::mem::take(&mut self.marked)
    }

    /// Events that wait.
    pub(in crate::server::store) fn len(&self) -> usize {
        self.waiting
    }

    /// Whether nothing is left to do, or nothing that is worth another try before somebody asks.
    pub(in crate::server::store) fn is_at_rest(&self) -> bool {
        self.is_whole
            && self.order.len() == self.stuck.len()
            && (self.up_to == self.last || !self.order.is_empty())
    }

    /// Whether some have waited for long enough.
    pub(in crate::server::store) fn is_due(&self) -> bool {
        let first = self.order.iter().find(|(first, _)| !self.stuck.contains(first));
        let first = first.and_then(|(_, of)| self.waiting_of(of).first());
        (self.waiting >= MOST && first.is_some())
            || first.is_some_and(|first| self.last_at.duration_since(first.at) >= LONGEST)
    }

    /// Whether what was stored up to this row is derived, as far as it can be.
    pub(in crate::server::store) fn has_derived(&self, up_to: i64) -> bool {
        let mut first = self.order.keys().filter(|first| !self.stuck.contains(first));
        self.is_whole && first.next().is_none_or(|first| *first > up_to)
    }

    /// Whether so many wait as only a failure leaves: no more are taken.
    pub(in crate::server::store) fn is_full(&self) -> bool {
        self.waiting >= 2 * MOST
    }

    pub(in crate::server::store) fn known(
        &mut self,
        database: &Connection,
        of: &Key,
    ) -> Result<&mut Known, StoreError> {
        if !self.sessions.contains_key(of) {
            if self.sessions.len() >= SESSIONS + self.order.len() {
                self.sessions.retain(|_, known| !known.waiting.is_empty());
            }
            self.sessions.insert(of.clone(), Known::read(database, of)?);
        }
        self.sessions.get_mut(of).ok_or(StoreError::Gone)
    }

    /// The row of the last event.
    pub(in crate::server::store) fn last(&self) -> i64 {
        self.last
    }

    /// The row of the next event.
    pub(in crate::server::store) fn next(&self) -> i64 {
        self.last + 1
    }

    /// An event was stored.
    pub(in crate::server::store) fn push(&mut self, of: &Key, waiting: Waiting) {
        (self.last, self.last_at) = (waiting.number, waiting.at);
        let Some(known) = self.sessions.get_mut(of) else {
            // Nobody has asked what is known of it: that must be read first.
            return self.forget();
        };
        if known.waiting.is_empty() {
            self.order.insert(waiting.number, of.clone());
            self.by_key.insert(of.clone());
        }
        known.push(waiting);
        self.waiting += 1;
    }

    /// Derives what waits of a session.
    pub(in crate::server::store) fn settle(
        &mut self,
        database: &Connection,
        of: &Key,
    ) -> Result<(), StoreError> {
        derive::derive(database, of, self.waiting_of(of))?;
        self.done(of);
        Ok(())
    }

    /// Derives what waits of so many sessions, of those that come next in the tables: their rows lie together,
    /// and a page is written for several of them. An error leaves some of it written, and nothing of it done.
    pub(in crate::server::store) fn settle_next(
        &mut self,
        database: &Connection,
        most: usize,
    ) -> Result<(), StoreError> {
        let due = self.due(most);
        due.iter().try_for_each(|of| derive::derive(database, of, self.waiting_of(of)))?;
        self.reached = due.last().cloned();
        for of in &due {
            self.done(of);
        }
        self.keep_up_to(database)
    }

    /// Derives what waits of all sessions. One whose events cannot be derived waits on, and is told of: only here
    /// is it tried again.
    pub(in crate::server::store) fn settle_all(
        &mut self,
        database: &Connection,
    ) -> Result<(), StoreError> {
        self.stuck.clear();
        self.reached = None;
        let due = self.due(usize::MAX);
        let together = in_savepoint(database, |database| {
            due.iter().try_for_each(|of| derive::derive(database, of, self.waiting_of(of)))
        });
        let is_done = together.is_ok();
        for of in &due {
            let alone = |database: &Connection| derive::derive(database, of, self.waiting_of(of));
            match if is_done { Ok(()) } else { in_savepoint(database, alone) } {
                Ok(()) => self.done(of),
                Err(error) => {
                    let session = of.1;
                    let first = self.waiting_of(of).first().map(|first| first.number);
                    self.stuck.extend(first);
                    tracing::error!(%session, %error, "reports are stored that cannot be shown");
                }
            }
        }
        self.keep_up_to(database)
    }

    /// The next sessions to derive, from where it was left, and from the start again.
    fn due(&self, most: usize) -> Vec<Key> {
        let is_stuck = |of: &&Key| {
            !self.stuck.is_empty()
                && self.waiting_of(of).first().is_some_and(|it| self.stuck.contains(&it.number))
        };
        let from = self.reached.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.by_key.range::<Key, _>((from, Bound::Unbounded));
        let due: Vec<Key> = next.filter(|of| !is_stuck(of)).take(most).cloned().collect();
        if !due.is_empty() || self.reached.is_none() {
            return due;
        }
        self.by_key.iter().filter(|of| !is_stuck(of)).take(most).cloned().collect()
    }

    fn keep_up_to(&mut self, database: &Connection) -> Result<(), StoreError> {
        let first = self.order.keys().next();
        let up_to = first.map_or(self.last, |first| first - 1);
        if up_to != self.up_to {
            database.prepare_cached("UPDATE derived SET up_to = ?1")?.execute(params![up_to])?;
            self.up_to = up_to;
        }
        Ok(())
    }

    fn waiting_of(&self, of: &Key) -> &[Waiting] {
        self.sessions.get(of).map(|known| &*known.waiting).unwrap_or_default()
    }

    /// What waits of a session is derived.
    fn done(&mut self, of: &Key) {
        let Some(known) = self.sessions.get_mut(of) else { return };
        let Some(first) = known.waiting.first().map(|first| first.number) else { return };
        self.waiting -= known.waiting.len();
        known.waiting.clear();
        self.order.remove(&first);
        self.by_key.remove(of);
        self.stuck.remove(&first);
        self.marked.insert(of.clone());
    }

    /// What is known of a session, or of all, may be another thing now.
    pub(in crate::server::store) fn forget_known(&mut self, of: Option<&Key>) {
        match of {
            Some(of) => {
                if self.waiting_of(of).is_empty() {
                    self.sessions.remove(of);
                }
            }
            None => self.sessions.retain(|_, known| !known.waiting.is_empty()),
        }
    }
}

/// What a stored event says. It could be read when it came.
fn read(body: &[u8]) -> Option<Says> {
    let event = serde_json::from_slice::<Event>(body);
    if let Err(error) = &event {
        tracing::error!(%error, "a stored report cannot be read");
    }
    event.ok().map(Says::of)
}
