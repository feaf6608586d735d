//! A whole report in a file: every byte that was hashed, so that anybody can check it.

use serde::{Deserialize, Serialize};

use super::signature::{PublicKey, Signature, Signed};
use super::tree::{self, Inclusion};
use crate::report::{Hash, Incarnation, SessionId};

/// The value of [`Export::format`].
pub const FORMAT: &str = "inview-report-2";

/// One session, as its candidate or its server has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Export {
    /// Always [`FORMAT`].
    pub format: String,
    pub session: SessionId,
    /// Of the session; absent where reports are not signed (a replay).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(value_type = Option<String>))]
    pub public_key: Option<PublicKey>,
    /// Of the server, by which receipts are checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(value_type = Option<String>))]
    pub server_key: Option<PublicKey>,
    /// One for each incarnation, in the order of their starts.
    pub chains: Vec<ExportedChain>,
}

/// The reports of one incarnation, from the first on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ExportedChain {
    pub incarnation: Incarnation,
    pub links: Vec<Link>,
    /// The last one that was received, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<SignedReceipt>,
}

/// One report in its chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// The event as it was sent, with its signature: JSON within a text, so that no byte of it is
    /// changed by whoever reads and writes this file.
    Event(String),
    /// A report that the server could not store: its place in the chain is kept.
    Missing { hash: Hash, reason: String },
}

/// A receipt's bytes, and what shows that the server has signed them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SignedReceipt {
    pub receipt: String,
    /// On the tree that the receipt is in.
    #[cfg_attr(feature = "server", schema(value_type = String))]
    pub signature: Signature,
    /// The receipt's place in that tree, and its way to the root.
    #[cfg_attr(feature = "server", schema(value_type = String))]
    pub inclusion: Inclusion,
}

impl SignedReceipt {
    /// One that is in a tree of its own; `sign` as [`Signed::Receipts`].
    pub fn alone(receipt: String, sign: impl FnOnce(&[u8]) -> Signature) -> Self {
        let head = tree::head(1, &tree::leaf(receipt.as_bytes()));
        Self { receipt, signature: sign(head.as_bytes()), inclusion: Inclusion::alone() }
    }

    /// Whether the holder of the key signed these bytes as a receipt.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let head = self.inclusion.head(tree::leaf(self.receipt.as_bytes()));
        head.is_some_and(|head| key.verifies(Signed::Receipts, head.as_bytes(), &self.signature))
    }
}
