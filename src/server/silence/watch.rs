//! The watchdog: every second it looks for sessions that have fallen silent.
//!
//! What it decides by is in `silence`, what it writes in `store::liveness::silence`. Before each look it notes
//! that the server runs: time in which nobody looked is the server's own, and no session's silence.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::MissedTickBehavior;

use crate::server::State;
use crate::server::silence::{Outage, Vigil};
use crate::server::store::StoreError;
use crate::server::store::liveness::silence;

const EVERY: Duration = Duration::from_secs(1);

/// Looks when it is told to.
#[derive(Debug, Default)]
pub struct Watchdog {
    vigil: Option<Vigil>,
}

impl Watchdog {
    /// Returns how many sessions have fallen silent since the last look.
    pub async fn look(&mut self, state: &State) -> Result<u64, StoreError> {
        let now = state.now();
        let (mut vigil, missed) = match self.vigil {
            Some(mut vigil) => {
                let missed = vigil.look(now);
                (vigil, missed)
            }
            None => begin(state, now).await?,
        };
        let is_to_be_saved = vigil.is_to_be_saved() || missed.is_some();
        let fallen_silent = act(state, vigil, missed, is_to_be_saved).await?;
        // After a failure, the next look counts from the one before.
        self.vigil = Some(vigil);
        Ok(fallen_silent)
    }
}

async fn begin(state: &State, now: Timestamp) -> Result<(Vigil, Option<Outage>), StoreError> {
    let before = state.store.look_up(silence::alive_at).await?;
    Ok(Vigil::begin(before, now))
}

async fn act(
    state: &State,
    vigil: Vigil,
    missed: Option<Outage>,
    is_to_be_saved: bool,
) -> Result<u64, StoreError> {
    let bounds = vigil.silent();
    let is_anybody_silent = match bounds {
        None => false,
        Some(bounds) => {
            // Of reports that wait, nobody's silence follows: whoever is found is looked at again below.
            let finding = state.store.look_up(move |database| silence::find(database, bounds));
            !finding.await?.is_empty()
        }
    };
    if !is_anybody_silent && !is_to_be_saved {
        return Ok(0);
    }
    let writing = state.store.write(move |database| {
        silence::save(database, &vigil, missed)?;
        match bounds {
            // Again: they may have been heard of meanwhile.
            Some(bounds) if is_anybody_silent => silence::open_all(database, &vigil, bounds),
            Some(_) | None => Ok(Vec::new()),
        }
    });
    let fallen_silent = writing.await?;
    let count = fallen_silent.len() as u64;
    state.store.changes().add(fallen_silent);
    Ok(count)
}

/// Looks every second, for as long as the server runs.
pub(in crate::server) async fn run(state: State) -> ! {
    let mut watchdog = Watchdog::default();
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if let Err(error) = watchdog.look(&state).await {
            tracing::warn!(%error, "the watchdog could not look; it looks again");
        }
    }
}
