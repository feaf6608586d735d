//! Where reports are while the disk does not take them: the same outbox in memory, shared by its writer
//! and the uploader. It is bounded, and gone with the program.
//!
//! Nothing that has a number can be taken out of a chain again. So what there is no room for is not made:
//! the last places are kept for reports of presence, and whoever is refused says so.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::params;

use super::{Head, Outbox, SpoolError, WAITING, export};
use crate::report::{
    ChainHead, Clocks, EventData, Hash, Incarnation, Integrity, Noticed, SessionId,
};
use crate::trust::signature::SigningKey;

/// So many reports may wait in memory …
pub const CAPACITY: u64 = 10_000;
/// … and so many of these places are for reports of presence alone.
const RESERVED: u64 = 1_000;

/// Holds one chain at most.
#[derive(Clone, Debug, Default)]
pub struct Shelter(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    outbox: Option<Outbox>,
    /// How many of its reports wait.
    waiting: u64,
}

impl Held {
    fn count(&mut self) -> Result<(), SpoolError> {
        let waiting = self.outbox.as_ref().map(|outbox| outbox.counts().map(|it| it.waiting));
        self.waiting = waiting.transpose()?.unwrap_or(0);
        Ok(())
    }
}

impl Shelter {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a chain, instead of the one that was held.
    pub fn begin(
        &self,
        session: SessionId,
        incarnation: Incarnation,
        key: Option<&SigningKey>,
    ) -> Result<(), SpoolError> {
        let mut outbox = Outbox::in_memory(session, incarnation)?;
        if let Some(key) = key {
            outbox.sign_by(key.clone())?;
        }
        *self.held() = Held { outbox: Some(outbox), waiting: 0 };
        Ok(())
    }

    /// Appends an event, as [`Outbox::append_at`] does; [`SpoolError::NoRoom`]: it was not made.
    pub fn append(
        &self,
        time: Option<String>,
        clocks: Clocks,
        data: EventData,
    ) -> Result<ChainHead, SpoolError> {
        let mut held = self.held();
        let room = if is_of_presence(&data) { CAPACITY } else { CAPACITY - RESERVED };
        if held.waiting >= room {
            return Err(SpoolError::NoRoom);
        }
        let outbox = held.outbox.as_mut().ok_or(SpoolError::NoRoom)?;
        outbox.append_at(time, clocks, data)?;
        let head = outbox.head();
        // What the server has is for the copy alone.
        while head.seq - held.waiting > CAPACITY
            && held.outbox.as_ref().map(|it| export::give_up_some(&it.database)).transpose()?
                > Some(0)
        {}
        held.waiting += 1;
        Ok(head)
    }

    /// The chain that has something to send.
    pub fn unsent(&self) -> Option<(SessionId, Incarnation)> {
        let held = self.held();
        let outbox = held.outbox.as_ref().filter(|_| held.waiting > 0)?;
        Some((outbox.session, outbox.incarnation))
    }

    /// How many reports are in memory alone, and the server does not have them.
    pub fn waiting(&self) -> u64 {
        self.held().waiting
    }

    /// Works on the outbox of this chain, if it is held here.
    pub fn with<T>(
        &self,
        (session, incarnation): (SessionId, Incarnation),
        work: impl FnOnce(&Outbox) -> Result<T, SpoolError>,
    ) -> Option<Result<T, SpoolError>> {
        let mut held = self.held();
        let is_held =
            |outbox: &&Outbox| (outbox.session, outbox.incarnation) == (session, incarnation);
        let done = work(held.outbox.as_ref().filter(is_held)?);
        Some(held.count().and(done))
    }

    /// Puts all that is held on disk, in one transaction, and gives the outbox there, to go on. After an
    /// error it is held as before.
    pub fn move_to(&self, folder: &Path) -> Result<Outbox, SpoolError> {
        let mut held = self.held();
        let from = held.outbox.as_ref().ok_or(SpoolError::NoRoom)?;
        let mut to = Outbox::open(folder, from.session, from.incarnation)?;
        if let Some(key) = &from.key {
            to.sign_by(key.clone())?;
        }
        to.take_over(from)?;
        *held = Held::default();
        Ok(to)
    }
}

impl Outbox {
    /// Goes on with another outbox's chain. What is here of it already is the same.
    fn take_over(&mut self, other: &Self) -> Result<(), SpoolError> {
        type Row = (u64, [u8; 32], [u8; 32], u8, Option<Vec<u8>>, Option<[u8; 64]>);
        self.with_room(|database| {
            let transaction = database.unchecked_transaction()?;
            let mut rows = other.database.prepare_cached(
                "SELECT seq, hash, prevhash, state, body, sig FROM event
                 WHERE incarnation = ?1 ORDER BY seq",
            )?;
            let mut insert = transaction.prepare_cached(
                "INSERT INTO event (incarnation, seq, hash, prevhash, state, body, sig)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (incarnation, seq) DO UPDATE SET state = excluded.state
                     WHERE state = ?8",
            )?;
            let rows = rows.query_map([other.key()], |row| {
                let sig = row.get(5)?;
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, sig))
            })?;
            let mut moved = 0;
            for row in rows {
                let (seq, hash, prevhash, state, body, sig): Row = row?;
                let values = params![other.key(), seq, hash, prevhash, state, body, sig, WAITING];
                moved += insert.execute(values)?;
            }
            for name in [export::SERVER_KEY, &format!("{}{}", export::RECEIPT, other.incarnation)] {
                if let Some(value) = export::kept(&other.database, name)? {
                    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2)
                               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
                    transaction.execute(sql, params![name, value])?;
                }
            }
            drop(insert);
            transaction.commit()?;
            Ok(moved)
        })?;
        self.cursor = other.cursor;
        let ChainHead { seq, hash } = self.head();
        if hash != Hash::ZERO {
            self.write_head(Head { incarnation: self.incarnation, seq, hash });
        }
        Ok(())
    }
}

/// What others make room for: what was seen, what was done about it, and from when to when the session is.
fn is_of_presence(data: &EventData) -> bool {
    match data {
        EventData::SessionStarted(_)
        | EventData::IntervalOpened(_)
        | EventData::IntervalClosed(_)
        | EventData::Command(_)
        | EventData::SessionEnded(_) => true,
        EventData::Integrity(Integrity { what, .. }) => {
            matches!(what, Noticed::SpoolDamaged { .. })
        }
        EventData::Sampling(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Sampling, SessionEnded};
    use crate::spool::{export as copy_of, unsent};
    use crate::time::MediaTime;
    use crate::trust::verify::verify;

    fn key() -> SigningKey {
        SigningKey::from_secret(&[3; 32])
    }

    fn session() -> SessionId {
        SessionId::derived(&[b"session"])
    }

    fn ended(millis: i64) -> EventData {
        let duration_ms = MediaTime::from_millis(millis);
        let camera = crate::report::SampledCamera::default();
        EventData::SessionEnded(SessionEnded {
            duration_ms,
            intervals: 0,
            camera,
            truncated: None,
            ended_by: None,
        })
    }

    fn sampling() -> EventData {
        let at_ms = MediaTime::ZERO;
        EventData::Sampling(Sampling { at_ms, sample_rate_hz: 5.0, strain: None })
    }

    fn shelter(incarnation: Incarnation, key: Option<&SigningKey>) -> Shelter {
        let shelter = Shelter::default();
        shelter.begin(session(), incarnation, key).unwrap();
        shelter
    }

    fn append(shelter: &Shelter, data: EventData) -> Result<ChainHead, SpoolError> {
        shelter.append(None, Clocks::default(), data)
    }

    #[test]
    fn what_was_held_in_memory_is_on_disk_once_with_what_the_server_has_and_goes_on_there() {
        let folder = tempfile::tempdir().unwrap();
        let incarnation = Incarnation::of_replay(session());
        let shelter = shelter(incarnation, Some(&key()));
        for millis in 0..5 {
            append(&shelter, ended(millis)).unwrap();
        }
        let chain = (session(), incarnation);
        let batch = shelter.with(chain, |outbox| outbox.peek_batch(9, usize::MAX));
        let batch = batch.unwrap().unwrap();
        shelter.with(chain, |outbox| outbox.acknowledge(2, batch[1].hash)).unwrap().unwrap();
        assert_eq!((shelter.unsent(), shelter.waiting()), (Some(chain), 3));
        let mut outbox = shelter.move_to(folder.path()).unwrap();
        assert_eq!((shelter.unsent(), shelter.waiting()), (None, 0));
        assert_eq!(outbox.append(None, ended(5)).unwrap().seq, 6);
        let waiting = outbox.peek_batch(9, usize::MAX).unwrap();
        assert_eq!(waiting[..3], batch[2..]);
        assert_eq!(unsent(folder.path()), [chain]);
        drop(outbox);
        // Whole, and signed, for the next life and for the copy.
        let again = Outbox::open(folder.path(), session(), incarnation).unwrap();
        assert_eq!(again.damage(), None);
        let copy = copy_of(folder.path(), session()).unwrap().unwrap();
        let verified = verify(&copy, Some(&key().public())).unwrap();
        assert_eq!((verified.events, verified.missing), (6, 0));
    }

    #[test]
    fn a_move_that_came_through_although_it_was_said_to_fail_is_made_again_without_harm() {
        let folder = tempfile::tempdir().unwrap();
        let incarnation = Incarnation::of_replay(session());
        let shelter = shelter(incarnation, None);
        for millis in 0..3 {
            append(&shelter, ended(millis)).unwrap();
        }
        // As if the commit had come through, and the answer had not.
        let chain = (session(), incarnation);
        let mut disk = Outbox::open(folder.path(), session(), incarnation).unwrap();
        shelter.with(chain, |held| disk.take_over(held)).unwrap().unwrap();
        append(&shelter, ended(3)).unwrap();
        let head = disk.peek_batch(3, usize::MAX).unwrap()[0].hash;
        shelter.with(chain, |held| held.acknowledge(1, head)).unwrap().unwrap();
        drop(disk);
        let outbox = shelter.move_to(folder.path()).unwrap();
        let waiting = outbox.peek_batch(9, usize::MAX).unwrap();
        assert_eq!(waiting.iter().map(|event| event.seq).collect::<Vec<_>>(), [2, 3, 4]);
        drop(outbox);
        assert_eq!(Outbox::open(folder.path(), session(), incarnation).unwrap().damage(), None);
    }

    #[test]
    fn the_last_places_are_kept_for_presence_and_what_is_refused_is_said_to_be() {
        let incarnation = Incarnation::of_replay(session());
        let shelter = shelter(incarnation, None);
        for _ in 0..CAPACITY - RESERVED {
            append(&shelter, sampling()).unwrap();
        }
        assert!(matches!(append(&shelter, sampling()), Err(SpoolError::NoRoom)));
        for millis in 0..i64::try_from(RESERVED).unwrap() {
            append(&shelter, ended(millis)).unwrap();
        }
        assert!(matches!(append(&shelter, ended(0)), Err(SpoolError::NoRoom)));
        let chain = (session(), incarnation);
        let head = shelter.with(chain, |held| Ok(held.peek_batch(1, usize::MAX)?.remove(0)));
        let head = head.unwrap().unwrap();
        shelter.with(chain, |held| held.acknowledge(1, head.hash)).unwrap().unwrap();
        assert_eq!(append(&shelter, ended(0)).unwrap().seq, CAPACITY + 1);
    }
}
