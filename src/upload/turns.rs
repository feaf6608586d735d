//! Whose turn it is, how much of it is sent, and when. Pure: time and chance come in.
//!
//! What stands in the way of one session alone (its token, a report that a proxy dislikes) holds up
//! that session; a server that cannot be reached, or is too busy, holds up all.
//!
//! What an outage has left is sent no faster than the server takes it of one session: after a day there
//! are dozens of batches.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::backoff;
use crate::report::{Incarnation, MAX_BATCH_EVENTS, SessionId};
use crate::time::MediaTime;

/// One chain of reports: what is sent in order.
pub(super) type Key = (SessionId, Incarnation);

/// Batches of a session that may be sent at once, and the time between those that follow. The server takes
/// 20, and one every 100 ms; heartbeats are among them.
const BURST: u32 = 16;
const STEP: Duration = Duration::from_millis(110);

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Send the oldest reports of this chain, so many at most.
    Send { key: Key, limit: usize },
    /// Nothing is due for so long. Another chain with something to send may change that.
    Wait(Duration),
    /// Nothing waits to be sent.
    Idle,
}

/// The chains, and what stands in their way.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    chains: BTreeMap<Key, Chain>,
    /// When each session's next batch would be on time, if all came evenly.
    paces: BTreeMap<SessionId, MediaTime>,
    /// Whose turn was last.
    last: Option<Key>,
    /// Attempts that failed in a row, whoever's they were.
    failures: u32,
    due: MediaTime,
}

#[derive(Clone, Copy, Debug)]
struct Chain {
    limit: usize,
    due: MediaTime,
    is_stopped: bool,
}

impl Turns {
    /// Everything is due from `now` on.
    pub(super) fn starting_at(now: MediaTime) -> Self {
        Self { chains: BTreeMap::new(), paces: BTreeMap::new(), last: None, failures: 0, due: now }
    }

    /// `waiting`: the chains that have something to send, in order.
    pub(super) fn next(&self, now: MediaTime, waiting: &[Key]) -> Next {
        let of = |key: &Key| {
            let chain = self.chains.get(key).copied().unwrap_or(Chain::new(self.due));
            Chain { due: chain.due.max(self.paced(key.0)), ..chain }
        };
        let open: Vec<Key> = waiting.iter().copied().filter(|key| !of(key).is_stopped).collect();
        let Some(earliest) = open.iter().map(|key| of(key).due).min() else { return Next::Idle };
        let due = earliest.max(self.due);
        if due > now {
            return Next::Wait(due.since(now));
        }
        let is_due = |key: &&Key| of(key).due <= now;
        let after =
            open.iter().filter(is_due).find(|key| self.last.is_some_and(|last| **key > last));
        match after.or_else(|| open.iter().find(is_due)) {
            Some(&key) => Next::Send { key, limit: of(&key).limit },
            None => Next::Idle,
        }
    }

    /// When a session may send its next batch.
    fn paced(&self, session: SessionId) -> MediaTime {
        let on_time = self.paces.get(&session);
        on_time.map_or(MediaTime::ZERO, |on_time| *on_time - STEP * (BURST - 1))
    }

    /// A batch of it is sent now.
    pub(super) fn sending(&mut self, key: Key, now: MediaTime) {
        let on_time = self.paces.entry(key.0).or_insert(now);
        *on_time = (*on_time).max(now) + STEP;
    }

    /// The server has taken a batch of it.
    pub(super) fn acknowledged(&mut self, key: Key) {
        self.failures = 0;
        let chain = self.turn_of(key);
        chain.limit = (chain.limit * 2).min(MAX_BATCH_EVENTS);
    }

    /// No answer, or one that asks to come again: that concerns all. `random` is uniform in 0 to 1.
    pub(super) fn failed(
        &mut self,
        key: Key,
        now: MediaTime,
        retry_after: Option<Duration>,
        random: f64,
    ) {
        self.turn_of(key);
        self.failures = self.failures.saturating_add(1);
        self.due = now + backoff::delay(self.failures, random, retry_after);
    }

    /// Trying alone will not mend it; it is tried again all the same, after `wait` or half as long again.
    pub(super) fn slowly(&mut self, key: Key, now: MediaTime, wait: Duration, random: f64) {
        self.turn_of(key).due = now + wait.mul_f64(1.0 + random.clamp(0.0, 1.0) / 2.0);
    }

    /// A batch of `sent` events was too much, or one of them is at fault: half of it is next.
    pub(super) fn halve(&mut self, key: Key, sent: usize) {
        self.turn_of(key).limit = (sent / 2).max(1);
    }

    /// It is not sent again.
    pub(super) fn stop(&mut self, key: Key) {
        self.turn_of(key).is_stopped = true;
    }

    pub(super) fn is_stopped(&self, key: Key) -> bool {
        self.chains.get(&key).is_some_and(|chain| chain.is_stopped)
    }

    fn turn_of(&mut self, key: Key) -> &mut Chain {
        self.last = Some(key);
        let due = self.due;
        self.chains.entry(key).or_insert(Chain::new(due))
    }
}

impl Chain {
    const fn new(due: MediaTime) -> Self {
        Self { limit: MAX_BATCH_EVENTS, due, is_stopped: false }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::upload::SLOW;

    fn key(number: u8) -> Key {
        let session = SessionId(uuid::Uuid::from_u128(number.into()));
        (session, Incarnation::of_replay(session))
    }

    fn at(millis: i64) -> MediaTime {
        MediaTime::from_millis(millis)
    }

    fn send(number: u8) -> Next {
        Next::Send { key: key(number), limit: MAX_BATCH_EVENTS }
    }

    #[test]
    fn chains_take_turns_and_none_that_waits_is_idle() {
        let mut turns = Turns::starting_at(at(0));
        let all = [key(1), key(2), key(3)];
        assert_eq!(turns.next(at(0), &[]), Next::Idle);
        for number in [1, 2, 3, 1, 2] {
            assert_eq!(turns.next(at(0), &all), send(number));
            turns.acknowledged(key(number));
        }
        assert_eq!(turns.next(at(0), &[key(2)]), send(2));
    }

    #[test]
    fn a_session_in_trouble_holds_up_itself_alone() {
        let mut turns = Turns::starting_at(at(0));
        turns.slowly(key(1), at(0), SLOW, 0.0);
        assert_eq!(turns.next(at(1), &[key(1)]), Next::Wait(Duration::from_millis(14_999)));
        // A report of another session comes: it is sent at once.
        assert_eq!(turns.next(at(2), &[key(1), key(2)]), send(2));
        turns.acknowledged(key(2));
        assert_eq!(turns.next(at(15_000), &[key(1)]), send(1));
        turns.stop(key(1));
        assert_eq!(turns.next(at(90_000), &[key(1)]), Next::Idle);
    }

    #[test]
    fn a_server_that_is_away_holds_up_all_and_longer_each_time() {
        let mut turns = Turns::starting_at(at(0));
        let mut now = at(0);
        for wait in [1, 2, 4, 8, 16, 30, 30] {
            assert!(matches!(turns.next(now, &[key(1), key(2)]), Next::Send { .. }));
            turns.failed(key(1), now, None, 1.0);
            assert_eq!(turns.next(now, &[key(2)]), Next::Wait(Duration::from_secs(wait)));
            now = now + Duration::from_secs(wait);
        }
        turns.acknowledged(key(1));
        turns.failed(key(1), now, Some(Duration::from_secs(40)), 0.0);
        assert_eq!(turns.next(now, &[key(1)]), Next::Wait(Duration::from_secs(40)));
    }

    #[test]
    fn a_batch_is_halved_down_to_one_and_grows_again() {
        let mut turns = Turns::starting_at(at(0));
        let limit = |turns: &Turns| match turns.next(at(0), &[key(1)]) {
            Next::Send { limit, .. } => limit,
            Next::Wait(_) | Next::Idle => 0,
        };
        let mut limits = Vec::new();
        for _ in 0..7 {
            turns.halve(key(1), limit(&turns));
            limits.push(limit(&turns));
        }
        assert_eq!(limits, [50, 25, 12, 6, 3, 1, 1]);
        turns.acknowledged(key(1));
        assert_eq!(limit(&turns), 2);
    }

    /// What a server and its network can do to a batch.
    #[derive(Clone, Copy, Debug)]
    enum Fate {
        Stored,
        Away,
        Refused,
        TooMuch,
    }

    proptest! {
        #[test]
        fn whatever_happens_each_chain_is_tried_again_within_its_bounds(
            fates in prop::collection::vec(
                (0_u8..4, prop_oneof![
                    Just(Fate::Stored), Just(Fate::Away), Just(Fate::Refused), Just(Fate::TooMuch)
                ], 0.0_f64..=1.0), 1..60),
        ) {
            let all: Vec<Key> = (0..4).map(key).collect();
            let mut turns = Turns::starting_at(at(0));
            let mut now = at(0);
            let mut since_tried = std::collections::BTreeMap::<Key, MediaTime>::new();
            for (_, fate, random) in fates {
                match turns.next(now, &all) {
                    Next::Idle => prop_assert!(false, "something waits"),
                    Next::Wait(wait) => {
                        prop_assert!(wait <= backoff::CAP && !wait.is_zero());
                        now = now + wait;
                    }
                    Next::Send { key, limit } => {
                        prop_assert!((1..=MAX_BATCH_EVENTS).contains(&limit));
                        since_tried.insert(key, now);
                        match fate {
                            Fate::Stored => turns.acknowledged(key),
                            Fate::Away => turns.failed(key, now, None, random),
                            Fate::Refused => turns.slowly(key, now, SLOW, random),
                            Fate::TooMuch => turns.halve(key, limit),
                        }
                    }
                }
            }
            // The server is well again: all come to their turn within the longest waits.
            let mut left: Vec<Key> = all;
            let until = now + backoff::CAP + SLOW * 2;
            while !left.is_empty() {
                match turns.next(now, &left) {
                    Next::Send { key, .. } => {
                        turns.acknowledged(key);
                        left.retain(|other| *other != key);
                    }
                    Next::Wait(wait) => now = now + wait,
                    Next::Idle => prop_assert!(false, "something waits"),
                }
                prop_assert!(now <= until);
            }
        }
    }
}
