//! What is reported: the wire types, the only ones that agent and server share.
//!
//! A report is a `CloudEvents` 1.0 event (see docs/PROTOCOL.md). Its identity is
//! (session, incarnation, seq); its hash is the SHA-256 of the bytes as they were stored before
//! they were first sent, and each event carries the hash of the one before it in its incarnation.
//!
//! A heartbeat is no report: it is neither kept nor chained. Its answer brings the proctor's
//! commands.

mod account;
mod api_token;
mod audit;
mod command;
mod command_report;
mod enrolment;
mod event;
mod exam;
mod hash;
mod heartbeat;
mod identity;
mod integrity;
mod interval;
pub mod problem;
mod receipt;
mod review;
#[cfg(feature = "server")]
mod schema;
mod session;
mod webhook;

pub use account::{
    Account, AccountChange, AccountDetail, AccountLink, AccountList, Assignment, LinkRequest,
    NewAccount, Role,
};
pub use api_token::{ApiToken, ApiTokenList, MadeToken, NewApiToken};
pub use audit::{AuditEntry, AuditPage, AuditState};
pub use command::{
    ALREADY_BEGUN, ALREADY_ENDED, CANNOT, CommandKind, CommandList, Confirmation, EndedBy,
    MALFORMED, MAX_EXTENSION_MINUTES, MAX_TEXT_CHARS, NO_PLANNED_END, NOT_BEGUN, Outcome,
    ProctorCommand, StartOverride, StoredCommand, StoredOutcome, UNKNOWN, fault_of_text,
};
pub use command_report::{CheckAnswer, CommandReport, CommandResult};
pub use enrolment::{
    Enrolment, EnrolmentRequest, InvalidCode, IssueRequest, Issued, JoinCode, ServerKey,
    agent_link, page_link,
};
pub use event::{
    Clocks, Consent, EVENT_TYPES, Event, EventData, SampledCamera, Sampling, SessionEnded,
    SessionStarted, Strain,
};
pub use exam::{Exam, ExamLanguage, ExamList, ExamPolicy, NewExam, Roster, RosterSeat};
pub use hash::Hash;
#[cfg(feature = "trust")]
pub(crate) use hash::{hex, push_hex};
pub use heartbeat::{
    ChainHead, Heartbeat, HeartbeatAnswer, Liveness, MAX_COMMANDS, MAX_CONDITIONS,
    MAX_CONFIRMATIONS, MAX_HEARTBEAT_BYTES, Phase, Seen, Trouble,
};
pub use identity::{
    AccountId, CommandId, ExamId, Identity, Incarnation, IntervalId, MessageId, SessionId,
};
pub use integrity::{Integrity, Noticed, StorageFault, StoredIntegrity};
pub use interval::{ClosedBy, Family, Interval, IntervalReport, Kind, ModelIdentity};
pub use problem::{LineFault, Problem};
pub use receipt::{EventResult, EventStatus, Receipt};
pub use review::{MAX_NOTE_CHARS, ReviewRequest, StoredReview, Verdict};
pub use session::{
    Chain, Fork, ForkKind, Gap, IntervalList, IssuedSession, Observed, RejectedEvent,
    SessionDetail, SessionPage, SessionStatus, SessionSummary, StoredInterval,
};
pub use webhook::{
    Delivery, DeliveryList, DeliveryState, MadeWebhook, NewWebhook, WEBHOOK_CONTENT_TYPE, Webhook,
    WebhookData, WebhookEnd, WebhookEnder, WebhookEvent, WebhookList, WebhookReview, WebhookType,
};

/// Most events in one batch.
pub const MAX_BATCH_EVENTS: usize = 100;
/// Most bytes in one batch's body.
pub const MAX_BATCH_BYTES: usize = 256 * 1024;
/// Media type of a batch.
pub const BATCH_CONTENT_TYPE: &str = "application/cloudevents-batch+json";
/// The header with a signature: of the tree that a receipt is in by the server, of a heartbeat's body by the
/// session.
pub const SIGNATURE_HEADER: &str = "inview-signature";
/// The header with a receipt's place in the tree that was signed, and its way to the root.
pub const INCLUSION_HEADER: &str = "inview-inclusion";
