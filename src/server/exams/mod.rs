//! What is planned: exams, who sits in them, and the codes that are handed out.
//!
//! `issue` makes one session with a code and links, `candidates` one for each row of a list. `join` is the page
//! that a candidate's link leads to; `ingest::enrol` is where their agent takes the session. `api` is for
//! programs, `pages` for people, with the fields of their `form`s.

pub(super) mod api;
pub(super) mod candidates;
mod form;
pub(super) mod issue;
pub(super) mod join;
pub(super) mod pages;
