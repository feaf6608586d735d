//! How often the agents of one session may come: ten requests a second, and twenty at once. What an outage
//! has left, ten thousand reports in batches of a hundred, is taken within ten seconds.
//!
//! For each session, in memory: when its next request would be on time if all came evenly (the generic
//! cell rate algorithm). Whoever comes no earlier than nineteen steps before that is let in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::report::SessionId;
use crate::server::http::error::Refusal;
use crate::server::store::Tenant;

/// Time between requests that come evenly.
const STEP: SignedDuration = SignedDuration::from_millis(100);
/// Requests that may come at once.
const BURST: i32 = 20;
/// Sessions that are remembered at most.
const SESSIONS: usize = 100_000;

/// When each session's next request would be on time.
#[derive(Debug, Default)]
pub(in crate::server) struct Pace {
    due: Mutex<Due>,
}

type Due = HashMap<(Tenant, SessionId), Timestamp>;

impl Pace {
    /// Counts a request, or refuses it.
    pub(in crate::server) fn admit(
        &self,
        tenant: &Tenant,
        session: SessionId,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.wait(tenant, session, now).map_or(Ok(()), |seconds| Err(Refusal::too_fast(seconds)))
    }

    /// Counts a request; or tells after how many seconds it may come.
    fn wait(&self, tenant: &Tenant, session: SessionId, now: Timestamp) -> Option<u64> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if due.len() >= due.capacity().min(SESSIONS) {
            make_room(&mut due, now);
            if due.len() >= SESSIONS {
                // More sessions than were ever meant for one server: `in_flight` still holds.
                return None;
            }
        }
        let key = (tenant.clone(), session);
        // After a clock was set back, nobody waits for longer than after a burst.
        let latest = now.saturating_add(STEP * BURST).unwrap_or(now);
        let on_time = due.get(&key).map_or(now, |due| (*due).clamp(now, latest));
        let early = on_time.duration_since(now) - STEP * (BURST - 1);
        if early.is_positive() {
            return Some(early.unsigned_abs().as_millis().div_ceil(1_000) as u64);
        }
        due.insert(key, on_time.saturating_add(STEP).unwrap_or(on_time));
        None
    }
}

/// Forgets who would be on time now, and so need not be remembered: what idle sessions cost is nothing.
fn make_room(due: &mut Due, now: Timestamp) {
    due.retain(|_, due| *due > now);
    if due.len() > due.capacity() / 2 {
        // Or else all would be gone through again for the next few.
        due.reserve(due.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_000_000_000 + millis).unwrap()
    }

    fn session(number: u128) -> SessionId {
        SessionId(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn twenty_come_at_once_and_then_ten_a_second() {
        let (pace, local) = (Pace::default(), Tenant::local());
        let comes = |millis| pace.wait(&local, session(1), at(millis));
        for _ in 0..20 {
            assert_eq!(comes(0), None);
        }
        assert_eq!((comes(0), comes(99)), (Some(1), Some(1)));
        assert_eq!((comes(100), comes(100)), (None, Some(1)));
        let admitted = (0..10_000).filter(|step| comes(1_000 + step).is_none()).count();
        assert_eq!(admitted, 9 + 99);
        assert_eq!(pace.wait(&local, session(2), at(0)), None);
        assert_eq!(pace.wait(&Tenant::new("b"), session(1), at(0)), None);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let (pace, local) = (Pace::default(), Tenant::local());
        assert_eq!(pace.wait(&local, session(1), at(3_600_000)), None);
        assert_eq!(pace.wait(&local, session(1), at(0)), Some(1));
        assert_eq!(pace.wait(&local, session(1), at(1_000)), Some(1));
    }

    #[test]
    fn who_is_idle_is_forgotten() {
        let (pace, local) = (Pace::default(), Tenant::local());
        for number in 0..20_000 {
            assert_eq!(pace.wait(&local, session(number), at(10 * number as i64)), None);
        }
        assert!(pace.due.lock().unwrap().capacity() < 100);
    }

    #[test]
    fn only_so_many_sessions_are_remembered() {
        let (pace, local) = (Pace::default(), Tenant::local());
        for number in 0..SESSIONS as u128 + 5 {
            assert_eq!(pace.wait(&local, session(number), at(0)), None);
        }
        assert_eq!(pace.due.lock().unwrap().len(), SESSIONS);
        assert_eq!(pace.wait(&local, session(1), at(60_000)), None);
        assert_eq!(pace.due.lock().unwrap().len(), 1);
    }
}
