//! What has been kept for long enough goes, every hour, a little at a time.

use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::server::State;
use crate::server::store::audit::SERVER;
use crate::server::store::{Retention, StoreError, erase};

const EVERY: Duration = Duration::from_hours(1);
/// Sessions that go in one commit: reports do not wait for long behind it.
const AT_ONCE: usize = 20;

/// Looks every hour, for as long as the server runs.
pub(in crate::server) async fn run(state: State, retention: Retention) -> ! {
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if let Err(error) = look(&state, retention).await {
            tracing::warn!(%error, "what is to go could not be taken away; it is tried again");
        }
    }
}

/// Returns how many sessions were erased.
pub async fn look(state: &State, retention: Retention) -> Result<usize, StoreError> {
    let now = state.now();
    let mut erased = 0;
    if let Some(kept_for) = retention.sessions {
        loop {
            let going = state.store.write(move |database| {
                let going = erase::overdue(database, (kept_for, now), AT_ONCE)?;
                for key in &going {
                    erase::session(database, key, (SERVER, now))?;
                }
                Ok(going.len())
            });
            let gone = going.await?;
            erased += gone;
            if gone < AT_ONCE {
                break;
            }
        }
    }
    if erased > 0 {
        state.board.reset();
    }
    state.store.write(move |database| erase::expired(database, (retention, now))).await?;
    Ok(erased)
}
