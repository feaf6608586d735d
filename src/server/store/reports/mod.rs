//! From a batch to what is read of it.
//!
//! `ingest` appends events and answers; `tail` knows how each chain ends and which events wait; `derive` and
//! `materialise` make tables of those. `signed` knows whose reports they are; `heads` holds them against what
//! heartbeats have told, and `fork` keeps what contradicts them.

pub(super) mod derive;
pub(super) mod fork;
pub(super) mod heads;
pub(in crate::server) mod ingest;
#[cfg(test)]
mod ingest_tests;
pub(super) mod materialise;
pub(in crate::server) mod signed;
pub(super) mod tail;
#[cfg(test)]
mod tail_tests;
