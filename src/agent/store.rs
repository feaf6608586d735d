//! Where reports are put: on disk, or in memory for as long as the disk does not take them.
//!
//! A chain that could not be written to the end is left as it is: whether its last report came through is
//! known by the disk alone. What follows is a chain of its own, under a new incarnation, that begins in
//! memory and goes on on disk.

use std::path::PathBuf;
use std::time::Duration;

use uuid::Uuid;

use crate::report::{
    ChainHead, Clocks, CommandId, EventData, Incarnation, Integrity, Noticed, SessionId,
};
use crate::spool::{Damage, Outbox, Shelter, SpoolError};
use crate::time::MediaTime;
use crate::trust::signature::SigningKey;

/// Between two attempts to come back to the disk: at first, and at most.
pub(super) const FIRST: Duration = Duration::from_millis(500);
pub(super) const LONGEST: Duration = Duration::from_secs(3);

/// A report that is made.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// The time of what it tells, by the session's start.
    pub time: Option<String>,
    pub clocks: Clocks,
    pub data: EventData,
}

impl Made {
    /// It is the last report of the session.
    pub(super) fn ends(&self) -> bool {
        matches!(self.data, EventData::SessionEnded(_))
    }

    /// The command that it tells of.
    pub(super) fn command(&self) -> Option<CommandId> {
        let EventData::Command(report) = &self.data else { return None };
        Some(report.command)
    }

    fn tells_of_damage(&self) -> bool {
        let EventData::Integrity(Integrity { what, .. }) = &self.data else { return false };
        matches!(what, Noticed::SpoolDamaged { .. })
    }
}

enum Place {
    /// Not looked for yet.
    Nowhere,
    Disk(Box<Outbox>),
    /// With the wait before the next attempt, and when that is due.
    Memory {
        wait: Duration,
        due: MediaTime,
    },
}

pub(super) struct Store {
    folder: PathBuf,
    session: SessionId,
    incarnation: Incarnation,
    key: Option<SigningKey>,
    keep_days: u32,
    shelter: Shelter,
    place: Place,
    /// The damage that was found last, by this life of the agent.
    damage: Option<Damage>,
}

impl Store {
    pub(super) fn new(
        folder: PathBuf,
        (session, incarnation): (SessionId, Incarnation),
        key: Option<SigningKey>,
        keep_days: u32,
        shelter: Shelter,
    ) -> Self {
        let (place, damage) = (Place::Nowhere, None);
        Self { folder, session, incarnation, key, keep_days, shelter, place, damage }
    }

    pub(super) fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    pub(super) fn is_on_disk(&self) -> bool {
        matches!(self.place, Place::Disk(_))
    }

    /// How many reports are in memory alone.
    pub(super) fn held(&self) -> u64 {
        self.shelter.waiting()
    }

    /// Opens it, or comes back to the disk when that is due; `anyway`: also when it is not. What is to
    /// be told of it; an error: the disk does not take reports, since now.
    pub(super) fn look_after(
        &mut self,
        now: MediaTime,
        anyway: bool,
    ) -> Result<Vec<Noticed>, SpoolError> {
        match self.place {
            Place::Nowhere => {
                let outbox = self.open().inspect_err(|_| self.shelter(self.incarnation, now))?;
                self.place = Place::Disk(Box::new(outbox));
                Ok(self.damage())
            }
            Place::Memory { wait, due } if anyway || due <= now => {
                let waiting = self.held();
                match self.shelter.move_to(&self.folder) {
                    Ok(outbox) => {
                        // It was written to a moment ago; without this it goes a little earlier.
                        outbox.keep_for(self.keep_days).ok();
                        self.place = Place::Disk(Box::new(outbox));
                        let restored = Noticed::StorageRestored { waiting };
                        Ok(self.damage().into_iter().chain([restored]).collect())
                    }
                    Err(error) => {
                        tracing::debug!(%error, "the disk does not take reports yet");
                        let wait = (wait * 2).min(LONGEST);
                        self.place = Place::Memory { wait, due: now + wait };
                        Ok(Vec::new())
                    }
                }
            }
            Place::Memory { .. } | Place::Disk(_) => Ok(Vec::new()),
        }
    }

    fn open(&self) -> Result<Outbox, SpoolError> {
        let mut outbox = Outbox::open(&self.folder, self.session, self.incarnation)?;
        if let Some(key) = &self.key {
            outbox.sign_by(key.clone())?;
        }
        outbox.keep_for(self.keep_days)?;
        outbox.go_on()?;
        Ok(outbox)
    }

    /// A damage that was not told yet.
    fn damage(&mut self) -> Vec<Noticed> {
        let Place::Disk(outbox) = &mut self.place else { return Vec::new() };
        let Some(damage) = outbox.damage().cloned() else { return Vec::new() };
        if self.damage.as_ref() == Some(&damage) {
            // It was told in memory, and came here with the others.
            if let Err(error) = outbox.forget_damage() {
                tracing::warn!(%error, "a damage will be told twice");
            }
            return Vec::new();
        }
        let (incarnation, to) = damage.last.unzip();
        let told = Noticed::SpoolDamaged { incarnation, from: damage.from, to };
        self.damage = Some(damage);
        vec![told]
    }

    /// The disk failed: from now on in memory, as a chain of its own.
    pub(super) fn take_shelter(&mut self, now: MediaTime) {
        self.shelter(Incarnation(Uuid::now_v7()), now);
    }

    fn shelter(&mut self, incarnation: Incarnation, now: MediaTime) {
        self.incarnation = incarnation;
        if let Err(error) = self.shelter.begin(self.session, incarnation, self.key.as_ref()) {
            tracing::error!(%error, "reports cannot be held in memory either");
        }
        self.place = Place::Memory { wait: FIRST, due: now + FIRST };
    }

    pub(super) fn append(&mut self, made: &Made) -> Result<ChainHead, SpoolError> {
        let Made { time, clocks, data } = made.clone();
        match &mut self.place {
            Place::Disk(outbox) => {
                if made.tells_of_damage() {
                    outbox.tell_damage(time, clocks, data)?;
                } else {
                    outbox.append_at(time, clocks, data)?;
                }
                Ok(outbox.head())
            }
            Place::Memory { .. } => self.shelter.append(time, clocks, data),
            Place::Nowhere => Err(SpoolError::NoRoom),
        }
    }

    /// Nothing was reported: leaves nothing behind.
    pub(super) fn close(self) {
        if let Place::Disk(outbox) = self.place
            && let Err(error) = outbox.remove_if_empty()
        {
            tracing::warn!(%error, "an empty spool stays behind");
        }
    }
}
