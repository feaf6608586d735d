//! Whether what heartbeats say can be of one agent with one history. Pure.

use jiff::{SignedDuration, Timestamp};

use crate::report::{ChainHead, ForkKind, Hash};
use crate::server::silence::SILENT_AFTER;

/// A heartbeat may have been made before reports that overtook it on another connection. Agents give
/// up a heartbeat after 8 s.
const OVERTAKEN: SignedDuration = SignedDuration::from_secs(15);

/// What is stored where a heartbeat says that its chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) struct Stored {
    /// The stored report of that number.
    pub(in crate::server) same: Option<Hash>,
    /// When the report after it came.
    pub(in crate::server) next_at: Option<Timestamp>,
}

/// Compares the end of an agent's chain with what is stored of the same incarnation. A chain that is
/// longer than the stored one says nothing yet.
pub(in crate::server) fn compare(
    told: ChainHead,
    stored: Stored,
    now: Timestamp,
) -> Option<ForkKind> {
    let is_other = match stored.same {
        Some(same) => same != told.hash,
        None => told.seq == 0 && told.hash != Hash::ZERO,
    };
    if is_other {
        return Some(ForkKind::HeadDiffers);
    }
    let next_at = stored.next_at?;
    (now.duration_since(next_at) > OVERTAKEN).then_some(ForkKind::HeadBehind)
}

/// When an incarnation was heard of by its heartbeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) struct Pulse {
    pub(in crate::server) first: Timestamp,
    /// The last heartbeat but one.
    pub(in crate::server) before: Timestamp,
    pub(in crate::server) last: Timestamp,
}

impl Pulse {
    pub(in crate::server) fn begin(now: Timestamp) -> Self {
        Self { first: now, before: now, last: now }
    }

    pub(in crate::server) fn beat(self, now: Timestamp) -> Self {
        Self { before: self.last, last: now.max(self.last), ..self }
    }

    /// Two heartbeats, since one alone may have been on its way while its agent was killed.
    fn goes_on_after(&self, other: &Self) -> bool {
        self.before > other.first
    }

    fn is_alive(&self, now: Timestamp) -> bool {
        now.duration_since(self.last) <= SILENT_AFTER
    }
}

/// Whether two incarnations are alive at the same time: each goes on after the other's first word. Of
/// an agent that was started again the old incarnation never does.
pub(in crate::server) fn are_two(one: &Pulse, other: &Pulse, now: Timestamp) -> bool {
    [one, other].iter().all(|pulse| pulse.is_alive(now))
        && one.goes_on_after(other)
        && other.goes_on_after(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    #[test]
    fn a_chain_that_lacks_what_it_sent_or_ends_otherwise_is_another_history() {
        let hash = Hash::of(b"third");
        let head = ChainHead { seq: 3, hash };
        let stored = |same, next: Option<i64>| Stored { same, next_at: next.map(at) };
        for (told, stored, expected) in [
            (head, stored(None, None), None),
            (head, stored(Some(hash), None), None),
            (head, stored(Some(hash), Some(86)), None),
            (head, stored(Some(hash), Some(84)), Some(ForkKind::HeadBehind)),
            (head, stored(Some(Hash::of(b"other")), None), Some(ForkKind::HeadDiffers)),
            (ChainHead::NONE, stored(None, None), None),
            (ChainHead::NONE, stored(None, Some(90)), None),
            (ChainHead::NONE, stored(None, Some(84)), Some(ForkKind::HeadBehind)),
            (ChainHead { seq: 0, hash }, stored(None, None), Some(ForkKind::HeadDiffers)),
        ] {
            assert_eq!(compare(told, stored, at(100)), expected, "{told:?} {stored:?}");
        }
    }

    /// Whether two agents are seen when heartbeats of `a` and `b` come at these seconds.
    fn seen(beats: &str) -> Option<i64> {
        let (mut a, mut b): (Option<Pulse>, Option<Pulse>) = (None, None);
        for beat in beats.split(' ') {
            let (who, second) = beat.split_at(1);
            let second = second.parse().unwrap();
            let pulse = if who == "a" { &mut a } else { &mut b };
            let now = at(second);
            *pulse = Some(pulse.map_or(Pulse::begin(now), |pulse| pulse.beat(now)));
            if let (Some(a), Some(b)) = (a, b)
                && are_two(&a, &b, now)
            {
                return Some(second);
            }
        }
        None
    }

    #[test]
    fn two_agents_are_told_from_one_that_was_started_again() {
        for (beats, expected) in [
            ("a0 b3 a10 b13 a20", Some(20)),
            ("b0 a10 b10 a20 b20 a30 b30", Some(30)),
            // Started again; and with a heartbeat of the old one on its way meanwhile.
            ("a0 a10 b13 b23 b33 b43", None),
            ("a0 a10 b13 a14 b23 b33 b43", None),
            ("a0 a10 b13 b23 a100 a110 a120", None),
            // The old one is brought back.
            ("a0 a10 b13 b23 b33 a34 b43 a44", Some(44)),
            ("a0 a10 a20", None),
        ] {
            assert_eq!(seen(beats), expected, "{beats}");
        }
    }
}
