//! What the server tells other systems by itself, and to whom.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::identity::{CommandId, ExamId, IntervalId, MessageId, SessionId};
use super::interval::Kind;
use super::review::Verdict;
use super::session::{SessionSummary, StoredInterval};
use crate::redact::Pii;

/// The media type of what is sent: an event of `CloudEvents` 1.0, in one piece.
pub const WEBHOOK_CONTENT_TYPE: &str = "application/cloudevents+json";

/// What is told of.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WebhookType {
    /// An interval about presence is open and has lasted for as long as the policy bears.
    #[serde(rename = "io.inview.server.presence.opened.v1")]
    PresenceOpened,
    #[serde(rename = "io.inview.server.presence.closed.v1")]
    PresenceClosed,
    /// The camera could not look, for as long as the policy bears.
    #[serde(rename = "io.inview.server.camera.opened.v1")]
    CameraOpened,
    #[serde(rename = "io.inview.server.camera.closed.v1")]
    CameraClosed,
    /// Nothing is heard of the session any more.
    #[serde(rename = "io.inview.server.reporting_gap.opened.v1")]
    GapOpened,
    #[serde(rename = "io.inview.server.reporting_gap.closed.v1")]
    GapClosed,
    #[serde(rename = "io.inview.server.session.started.v1")]
    SessionStarted,
    #[serde(rename = "io.inview.server.session.ended.v1")]
    SessionEnded,
    #[serde(rename = "io.inview.server.review.given.v1")]
    ReviewGiven,
    /// Nothing has happened: somebody tries whether it arrives.
    #[serde(rename = "io.inview.server.ping.v1")]
    Ping,
}

impl WebhookType {
    /// Those that can be asked for; a ping comes to whoever asks for one.
    pub const CHOICE: [Self; 9] = [
        Self::PresenceOpened,
        Self::PresenceClosed,
        Self::CameraOpened,
        Self::CameraClosed,
        Self::GapOpened,
        Self::GapClosed,
        Self::SessionStarted,
        Self::SessionEnded,
        Self::ReviewGiven,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PresenceOpened => "io.inview.server.presence.opened.v1",
            Self::PresenceClosed => "io.inview.server.presence.closed.v1",
            Self::CameraOpened => "io.inview.server.camera.opened.v1",
            Self::CameraClosed => "io.inview.server.camera.closed.v1",
            Self::GapOpened => "io.inview.server.reporting_gap.opened.v1",
            Self::GapClosed => "io.inview.server.reporting_gap.closed.v1",
            Self::SessionStarted => "io.inview.server.session.started.v1",
            Self::SessionEnded => "io.inview.server.session.ended.v1",
            Self::ReviewGiven => "io.inview.server.review.given.v1",
            Self::Ping => "io.inview.server.ping.v1",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::CHOICE.into_iter().chain([Self::Ping]).find(|known| known.as_str() == name)
    }

    pub fn opened(kind: Kind) -> Self {
        Self::of(kind, [Self::PresenceOpened, Self::CameraOpened, Self::GapOpened])
    }

    pub fn closed(kind: Kind) -> Self {
        Self::of(kind, [Self::PresenceClosed, Self::CameraClosed, Self::GapClosed])
    }

    const fn of(kind: Kind, [presence, camera, gap]: [Self; 3]) -> Self {
        match kind {
            Kind::OutOfView
            | Kind::FaceNotVisible
            | Kind::MultiplePeople
            | Kind::SuspectedStillImage
            | Kind::SuspectedLoop => presence,
            Kind::CameraCovered
            | Kind::TooDark
            | Kind::FrozenPicture
            | Kind::CameraLost
            | Kind::VirtualCamera
            | Kind::AgentGap => camera,
            Kind::ReportingGap => gap,
        }
    }
}

/// Asks for a webhook.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Whose it is: 1 to 200 characters.
    pub name: String,
    /// Where it is sent: `https`.
    pub url: String,
    /// All of them when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<WebhookType>,
    /// Of the sessions of this exam alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exam: Option<ExamId>,
    /// Whether it is told what candidates are called.
    #[serde(default)]
    pub labels: bool,
}

/// A webhook. Times are RFC 3339, UTC.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    pub id: Uuid,
    pub name: String,
    pub url: String,
    /// All of them when empty.
    pub types: Vec<WebhookType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exam: Option<ExamId>,
    pub labels: bool,
    pub made_at: String,
    /// As in `sent_by` of commands.
    pub made_by: String,
    /// Nothing is sent since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<String>,
    /// Until when the secret before this one signs, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_secret_until: Option<String>,
    /// Messages that wait for their turn, or for the next attempt.
    pub waiting: u64,
    /// Messages that were given up.
    pub dead: u64,
    /// When one arrived last, of those that are still kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<String>,
}

/// All webhooks, the newest first.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookList {
    pub webhooks: Vec<Webhook>,
}

/// A webhook with its secret: only this answer has it.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeWebhook {
    #[serde(flatten)]
    pub webhook: Webhook,
    /// `whsec_` and 32 bytes in base64.
    #[cfg_attr(feature = "server", schema(value_type = String))]
    pub secret: Pii<String>,
}

/// How a message stands.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Waiting,
    Delivered,
    /// It was given up, and can be sent again.
    Dead,
}

impl DeliveryState {
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::Dead];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// One message to one webhook. Times are RFC 3339, UTC.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: MessageId,
    #[serde(rename = "type")]
    pub kind: WebhookType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// When it happened.
    pub time: String,
    pub state: DeliveryState,
    pub attempts: u32,
    /// When it is tried next; absent behind another one of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<String>,
    /// When it arrived, or was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<String>,
    /// The last answer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What was wrong the last time: the answer's beginning, or why there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// Messages to a webhook, the newest first.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryList {
    pub deliveries: Vec<Delivery>,
}

/// What is sent: an event of `CloudEvents` 1.0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookEvent {
    pub specversion: String,
    /// The same however often it is sent.
    pub id: MessageId,
    /// `urn:inview:server:` and the key that signs this server's receipts.
    pub source: String,
    #[serde(rename = "type")]
    pub kind: WebhookType,
    /// The session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SessionId>,
    /// When it happened, by the server's clock: RFC 3339, UTC.
    pub time: String,
    pub datacontenttype: String,
    pub data: WebhookData,
}

/// How things stood when it was sent first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WebhookData {
    /// As in the list of sessions; its label is empty unless the webhook asks for labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionSummary>,
    /// As in the list of intervals, without what people made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<StoredInterval>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<WebhookReview>,
    /// Of `session.ended` alone; absent where the session goes on again, or nothing says who ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<WebhookEnd>,
}

/// Who ended a session: not in which words, and of proctors not which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookEnd {
    pub by: WebhookEnder,
    /// The command by which a proctor did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
}

/// Who can end a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookEnder {
    Candidate,
    Proctor,
    /// It was a replay, and the recording was over.
    Recording,
}

/// What a person made of an interval: not who, and not in which words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookReview {
    pub interval: IntervalId,
    pub verdict: Verdict,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_one_name_in_json_and_in_the_database() {
        for known in WebhookType::CHOICE.into_iter().chain([WebhookType::Ping]) {
            assert_eq!(serde_json::to_value(known).unwrap(), known.as_str());
            assert_eq!(WebhookType::from_name(known.as_str()), Some(known));
        }
        assert_eq!(WebhookType::opened(Kind::TooDark), WebhookType::CameraOpened);
        assert_eq!(WebhookType::closed(Kind::ReportingGap), WebhookType::GapClosed);
    }
}
