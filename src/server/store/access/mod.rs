//! Who signs in and what may ask: people, tokens that they made, and hashes of secrets.

pub(in crate::server) mod account;
pub(in crate::server) mod api_token;
pub(in crate::server) mod credential;
