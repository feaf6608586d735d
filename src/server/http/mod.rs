//! What all addresses have in common: what is let in, and how it is refused.
//!
//! In the order of a request: `door` (connections), `origin` (where it came from), `limit` and `pace` (how often),
//! `body` and `depth` (what it carries). `error` is every refusal, `headers` are on every answer;
//! `table` is an answer for a spreadsheet.

pub(super) mod body;
pub(super) mod depth;
pub(super) mod door;
pub(super) mod error;
pub(super) mod headers;
pub(super) mod idempotency;
pub(super) mod limit;
pub(super) mod origin;
pub(super) mod pace;
pub(super) mod table;
