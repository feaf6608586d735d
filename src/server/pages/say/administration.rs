//! Rights, deeds and webhooks.

use crate::report::{Delivery, Role, WebhookType};
use crate::server::words::problem;

pub(in crate::server) fn role(role: Role) -> String {
    match role {
        Role::Admin => t!("role-admin"),
        Role::Proctor => t!("role-proctor"),
        Role::Auditor => t!("role-auditor"),
    }
}

/// What a webhook tells of.
pub(in crate::server) fn webhook_type(kind: WebhookType) -> String {
    match kind {
        WebhookType::PresenceOpened => t!("webhook-type-presence-opened"),
        WebhookType::PresenceClosed => t!("webhook-type-presence-closed"),
        WebhookType::CameraOpened => t!("webhook-type-camera-opened"),
        WebhookType::CameraClosed => t!("webhook-type-camera-closed"),
        WebhookType::GapOpened => t!("webhook-type-gap-opened"),
        WebhookType::GapClosed => t!("webhook-type-gap-closed"),
        WebhookType::SessionStarted => t!("webhook-type-started"),
        WebhookType::SessionEnded => t!("webhook-type-ended"),
        WebhookType::ReviewGiven => t!("webhook-type-review"),
        WebhookType::Ping => t!("webhook-type-ping"),
    }
}

/// What became of the last attempt to send a message.
pub(in crate::server) fn answered(delivery: &Delivery) -> String {
    match (delivery.status, delivery.fault.as_deref()) {
        (Some(status), Some(fault)) => {
            t!("webhook-answered-saying", status = status.to_string(), fault = fault)
        }
        (Some(status), None) => t!("webhook-answered", status = status.to_string()),
        (None, fault) => fault.map(problem).unwrap_or_default(),
    }
}

/// A deed by its name in the record; one that this server does not know as it is.
pub(in crate::server) fn deed(name: &str) -> String {
    match name {
        "signed_in" => t!("deed-signed-in"),
        "signed_out" => t!("deed-signed-out"),
        "command_given" => t!("deed-command-given"),
        "fork_recorded" => t!("deed-fork-recorded"),
        "silence_alerted" => t!("deed-silence-alerted"),
        "sign_in_refused" => t!("deed-sign-in-refused"),
        "session_issued" => t!("deed-session-issued"),
        "exam_created" => t!("deed-exam-created"),
        "exam_closed" => t!("deed-exam-closed"),
        "policy_changed" => t!("deed-policy-changed"),
        "language_changed" => t!("deed-language-changed"),
        "roster_imported" => t!("deed-roster-imported"),
        "account_created" => t!("deed-account-created"),
        "account_disabled" => t!("deed-account-disabled"),
        "account_enabled" => t!("deed-account-enabled"),
        "role_changed" => t!("deed-role-changed"),
        "exams_assigned" => t!("deed-exams-assigned"),
        "password_link_made" => t!("deed-password-link-made"),
        "password_set" => t!("deed-password-set"),
        "second_factor_set" => t!("deed-second-factor-set"),
        "second_factor_removed" => t!("deed-second-factor-removed"),
        "token_made" => t!("deed-token-made"),
        "token_revoked" => t!("deed-token-revoked"),
        "reviewed" => t!("deed-reviewed"),
        "session_erased" => t!("deed-session-erased"),
        "session_exported" => t!("deed-session-exported"),
        "webhook_made" => t!("deed-webhook-made"),
        "webhook_enabled" => t!("deed-webhook-enabled"),
        "webhook_disabled" => t!("deed-webhook-disabled"),
        "webhook_secret_rotated" => t!("deed-webhook-secret-rotated"),
        "webhook_deleted" => t!("deed-webhook-deleted"),
        "messages_sent_again" => t!("deed-messages-sent-again"),
        name => name.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::words;
    use crate::words::Language;

    #[test]
    fn every_deed_is_said_in_the_language() {
        words::within(Language::German, || {
            for name in crate::server::store::audit::Deed::names() {
                assert_ne!(deed(&name), name.replace('_', " "));
            }
        });
        assert_eq!(deed("looked_up"), "looked up");
    }
}
