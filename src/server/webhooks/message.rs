//! What is sent: one event of `CloudEvents` 1.0. Pure.

use jiff::{Timestamp, Unit};

use crate::report::{WebhookData, WebhookEvent};
use crate::server::store::webhook::line::Due;
use crate::trust::signature::PublicKey;

/// The bytes of a message that was never sent before.
pub(super) fn encode(
    server: &PublicKey,
    due: &Due,
    data: WebhookData,
) -> serde_json::Result<Vec<u8>> {
    let event = WebhookEvent {
        specversion: "1.0".to_owned(),
        id: due.message,
        source: format!("urn:inview:server:{server}"),
        kind: due.kind,
        subject: due.session,
        time: time(due.at),
        datacontenttype: "application/json".to_owned(),
        data,
    };
    serde_json::to_vec(&event)
}

fn time(at: Timestamp) -> String {
    at.round(Unit::Millisecond).unwrap_or(at).to_string()
}
