//! `InView` watches presence in exams taken at home: frames in, out-of-view intervals out.
//!
//! ```text
//! FrameSource ──> Pipeline::step ──> Outbox (on disk) ──> Uploader ──HTTPS──> server: ingest ─> store ─> page
//!  capture         cadence             spool               upload              server
//!                  detector
//!                  presence
//! ```
//!
//! A recording and a camera go through the same [`pipeline::Pipeline::step`]; only the source of
//! frames and the meaning of time differ. Modules stand in layers, and `tests/layers.rs` holds them
//! to it: a module uses only modules of lower layers.
//!
//! | layer | modules | rule |
//! |---|---|---|
//! | 0 | `time` `geometry` `redact` `words` | no I/O, no threads, no clock |
//! | 1 | `frame` `detection` `report` | the vocabulary; `report` is what goes over the wire |
//! | 2 | `presence` `health` `backoff` `pace` `supervise` `score` `trust` | pure decisions: time comes in as a parameter |
//! | 3 | `clock` `capture` `detector` `machine` `spool` | one outside thing each, blind to each other |
//! | 4 | `pipeline` `upload` `logging` `settings` `theme` | first compositions, and their files |
//! | 5 | `replay` | drivers; no clock |
//! | 6 | `agent` | the candidate's agent: threads, slots, supervision |
//! | 7 | `ui` `label` `server` | faces, blind to each other; `server` uses only `time`, `report`, `redact`, `trust`, `logging`, `words`, and of `presence` the policy |

pub mod geometry;
pub mod redact;
pub mod time;
#[cfg(any(feature = "gui", feature = "server"))]
pub mod words;

pub mod detection;
pub mod frame;
pub mod report;

pub mod backoff;
pub mod health;
pub mod pace;
pub mod presence;
pub mod score;
pub mod supervise;
#[cfg(feature = "trust")]
pub mod trust;

pub mod capture;
#[cfg(feature = "upload")]
pub mod clock;
pub mod detector;
#[cfg(feature = "agent")]
pub mod machine;
#[cfg(feature = "spool")]
pub mod spool;

#[cfg(feature = "cli")]
pub mod logging;
pub mod pipeline;
#[cfg(feature = "cli")]
pub mod settings;
#[cfg(any(feature = "gui", feature = "label"))]
pub mod theme;
#[cfg(feature = "upload")]
pub mod upload;

pub mod replay;

#[cfg(feature = "agent")]
pub mod agent;

#[cfg(feature = "label")]
pub mod label;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "gui")]
pub mod ui;
