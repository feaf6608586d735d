//! The roster: all sessions by urgency, on a page that is live.
//!
//! ```text
//! store: commit ─> changes (names) ─> live: twice a second at most, one row for each ─> board
//!                                                                                        │ watch
//!                            browsers, programs <── stream: a place in the board <───────┘
//! ```
//!
//! - The connection that writes says which sessions it wrote of, and knows nothing of rows.
//! - [`board`] has the latest row of each session, by the version at which it changed. Whoever reads
//!   holds a place in it and nothing else: nobody has a queue, and a slow reader finds fewer, newer rows.
//! - [`viewer`] says whose rows somebody sees. A reader is recognised anew before each row whenever
//!   rights may have changed: who sees other exams than before is reset, and who was disabled is let go.
//! - `standing` says how urgent a session is, `spark` draws its last ten minutes; both are pure.

pub(super) mod board;
mod live;
pub(super) mod page;
mod row;
mod spark;
mod standing;
pub(super) mod stream;
pub(super) mod viewer;

pub use live::Maker;
pub(super) use live::run;
