//! Makes rows anew: of sessions that were written of, and of those that time alone has changed.
//!
//! Off the connection that writes, and only while somebody reads: until then names are kept.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use tokio::time::MissedTickBehavior;

use super::board::Row;
use super::row::row;
use crate::report::SessionId;
use crate::server::State;
use crate::server::store::changes::Changes;
use crate::server::store::{StoreError, Tenant, roster};

const EVERY: Duration = Duration::from_millis(200);
/// Turns after which a session's row may be made again: an alert that comes just after a heartbeat waits so
/// long, and must be seen within a second.
const PAUSE: u64 = 3;
/// Rows of one turn.
const MOST: usize = 256;

type Key = (Tenant, SessionId);

/// Makes rows when it is told to.
#[derive(Debug, Default)]
pub struct Maker {
    turn: u64,
    has_begun: bool,
    /// The turn at which a row was made last.
    made: HashMap<Key, u64>,
    /// When rows change by themselves.
    due: BTreeSet<(Timestamp, Key)>,
    due_of: HashMap<Key, Timestamp>,
}

/// A row, and when it changes by itself.
type Made = (Row, Option<Timestamp>);

impl Maker {
    /// One turn, five of which make a second; returns how many rows were made.
    pub async fn turn(&mut self, state: &State) -> Result<usize, StoreError> {
        self.turn += 1;
        let turn = self.turn;
        self.made.retain(|_, made| turn - *made < PAUSE);
        let (board, changes, now) = (&state.board, state.store.changes(), state.now());
        if !board.is_read() {
            return Ok(0);
        }
        if !self.has_begun {
            let live = state.store.read(move |database| roster::live(database, now)).await?;
            changes.add(live);
            self.has_begun = true;
        }
        changes.add(self.take_due(now));
        let is_settled = state.store.has_waiting();
        if changes.is_empty() && !is_settled {
            return Ok(0);
        }
        let (changes, resting) = (Arc::clone(changes), self.made.clone());
        let work = move |database: &Connection| make(database, &changes, &resting, now);
        let (rows, has_overflowed) = if is_settled {
            state.store.read(work).await?
        } else {
            state.store.look_up(work).await?
        };
        if has_overflowed {
            board.reset();
            self.has_begun = false;
        }
        let count = rows.len();
        for (row, changes_at) in &rows {
            self.is_made((row.tenant.clone(), row.session), *changes_at);
        }
        board.put(rows.into_iter().map(|(row, _)| row).collect());
        Ok(count)
    }

    fn is_made(&mut self, of: Key, changes_at: Option<Timestamp>) {
        self.made.insert(of.clone(), self.turn);
        if let Some(before) = self.due_of.remove(&of) {
            self.due.remove(&(before, of.clone()));
        }
        if let Some(at) = changes_at {
            self.due.insert((at, of.clone()));
            self.due_of.insert(of, at);
        }
    }

    fn take_due(&mut self, now: Timestamp) -> Vec<Key> {
        let mut taken = Vec::new();
        while let Some((at, _)) = self.due.first()
            && *at <= now
            && let Some((_, of)) = self.due.pop_first()
        {
            self.due_of.remove(&of);
            taken.push(of);
        }
        taken
    }
}

/// Makes the rows of what has changed. What fails is not forgotten.
fn make(
    database: &Connection,
    changes: &Changes,
    resting: &HashMap<Key, u64>,
    now: Timestamp,
) -> Result<(Vec<Made>, bool), StoreError> {
    // Before anything is read: whatever is written later is marked again.
    let taken = changes.take(MOST, |of| !resting.contains_key(of));
    let made = taken.sessions.iter().map(|(tenant, session)| {
        let facts = roster::facts(database, tenant, now, *session)?;
        facts.map(|facts| row(facts, now, tenant.clone())).transpose()
    });
    let made: Result<Vec<Option<Made>>, StoreError> = made.collect();
    match made {
        Ok(made) => Ok((made.into_iter().flatten().collect(), taken.has_overflowed)),
        Err(error) => {
            changes.add(taken.sessions);
            Err(error)
        }
    }
}

/// Goes on for as long as the server runs.
pub(in crate::server) async fn run(state: State) -> ! {
    let mut maker = Maker::default();
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if let Err(error) = maker.turn(&state).await {
            tracing::warn!(%error, "rows could not be made; they are made again");
        }
    }
}
