//! Who made a report, and that nothing of it was changed: signatures, and what can be checked of a
//! report that was exported. Pure: keys and bytes come in.
//!
//! A report's hash chain shows that nothing was changed after its last hash was known; the signatures
//! (Ed25519) show that whoever holds the session's key made it. The key was made on the candidate's
//! machine: what that cannot prove, `docs/THREAT_MODEL.md` says.
//!
//! [`signature`] has keys; [`tree`] lets one signature stand for many receipts; [`envelope`] puts a signature on an event and takes it off again, without
//! ever encoding the event anew; [`export`] is a whole report in a file, [`verify`] checks one, and
//! [`told`] says in lines what was found.

pub mod envelope;
pub mod export;
pub mod signature;
pub mod told;
pub mod tree;
pub mod verify;
