//! How far the record was found whole. All of it is checked when somebody looks for the first time since the
//! server's start, or asks for it; otherwise what is new since the last look.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::server::State;
use crate::server::http::error::Refusal;
use crate::server::store::audit::{self, Checked, CheckedFrom, Head};

/// What is to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    All,
    New,
}

/// Up to where it was found whole, and when all of it was checked last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    head: Head,
    all_at: Timestamp,
}

/// What is known of the record, for as long as the server runs.
#[derive(Debug, Default)]
pub(in crate::server) struct Watch(Mutex<Option<Known>>);

impl Watch {
    fn known(&self) -> Option<Known> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what a check has found that began with `before`. One of new rows counts only where nobody has
    /// found out more meanwhile.
    fn keep(&self, before: Option<Known>, now: Option<Known>, extent: Extent) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if extent == Extent::All || *known == before {
            *known = now;
        }
    }
}

/// What a look has found.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    pub(super) found: Checked,
    /// The row up to which nothing was checked now, since it was found whole before; absent where all rows
    /// were.
    pub(super) known: Option<u64>,
    pub(super) at: Timestamp,
    /// When all rows were checked last.
    pub(super) all_at: Timestamp,
}

/// Checks the record.
pub(super) async fn look(state: &State, extent: Extent) -> Result<Looked, Refusal> {
    let (at, before) = (state.now(), state.record.known());
    let from = before.filter(|_| extent == Extent::New);
    let head = from.map(|known| known.head);
    let looking = state.store.look_up(move |database| audit::check_from(database, head));
    let CheckedFrom { found, known } = looking.await?;
    let extent = if known.is_some() { Extent::New } else { Extent::All };
    let all_at = from.filter(|_| extent == Extent::New).map_or(at, |known| known.all_at);
    let now = match &found {
        Checked::Whole { rows, head } => {
            Some(Known { head: Head { number: *rows, hash: *head }, all_at })
        }
        Checked::Broken { number, why } => {
            tracing::error!(number, why, "the record of who did what is not as it was written");
            // Whoever looks next checks all of it.
            None
        }
    };
    state.record.keep(before, now, extent);
    Ok(Looked { found, known: known.map(|head| head.number), at, all_at })
}
