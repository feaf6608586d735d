//! One session: what programs read of it (`api`) and people (`page`), what proctors ask of its agent (`commands`) and make of its
//! alerts (`review`; `queue`, after the exam), what is given out of it (`export`; `report`, on paper), and how its time is drawn (`timeline`). All sessions are in `roster`.

pub(super) mod api;
pub(super) mod commands;
pub(super) mod erase;
pub(super) mod export;
pub(super) mod page;
pub(super) mod queue;
pub(super) mod report;
pub(super) mod review;
pub(super) mod timeline;
