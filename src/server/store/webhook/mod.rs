//! Webhooks: whom the server tells what, and what it has told them.
//!
//! `endpoint` has the webhooks, `outbox` writes messages in the transaction of what they tell of, and `line`
//! says which are next and what became of them. A message is content only when it is sent first: until then
//! its row says what happened, and no more.

pub(in crate::server) mod endpoint;
pub(in crate::server) mod line;
pub(in crate::server) mod outbox;
