//! The record of who did what, for auditors and administrators: `/v1/audit` and the page `/audit`.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Of};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::report::{AuditPage, AuditState, SessionId};
use crate::server::State;
use crate::server::access::auth::Auditor;
use crate::server::api::answers::{Asked, Guarded};
use crate::server::http::error::Refusal;
use crate::server::sessions::api::{number, unreadable, up_to};
use crate::server::store::Tenant;
use crate::server::store::audit::{self, Checked, Sought};
use watch::Extent;

pub(super) mod page;
pub(super) mod watch;

/// Most rows on one page.
const ROWS: u64 = 200;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditOf {
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// `next` of the page before: rows with lower numbers.
    after: Option<u64>,
    /// A part of `who`.
    who: Option<String>,
    /// A deed by its name: `signed_in`.
    did: Option<String>,
    /// Rows of this session.
    #[param(value_type = Option<SessionId>)]
    session: Option<String>,
    /// Since this time, to the second.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Before this time, to the second.
    #[param(format = DateTime)]
    to: Option<String>,
}

impl AuditOf {
    fn sought(self) -> Result<(Sought, u64), Refusal> {
        let time = |name: &str, text: Option<String>| {
            let read = text.map(|text| text.parse::<Timestamp>()).transpose();
            read.map_err(|_no_time| Refusal::parameter(format!("{name} must be a time (RFC 3339)")))
        };
        let session = self.session.map(|id| id.parse::<SessionId>()).transpose();
        let session =
            session.map_err(|_no_id| Refusal::parameter("session must be the id of a session"))?;
        let limit = up_to(self.limit, ROWS)?;
        let after = self.after.map(|after| number("after", after)).transpose()?;
        let (from, to) = (time("from", self.from)?, time("to", self.to)?);
        Ok((Sought { after, who: self.who, did: self.did, session, from, to }, limit))
    }
}

/// Who did what, the newest first.
#[utoipa::path(
    get, path = "/v1/audit", operation_id = "list_audit", tag = "record",
    params(AuditOf),
    responses((status = 200, body = AuditPage), Guarded, Asked),
    security(("token" = ["audit", "admin"]), ("cookie" = ["auditor", "admin"])),
)]
pub(super) async fn list(
    Of(state): Of<State>,
    auditor: Auditor,
    query: Result<Query<AuditOf>, QueryRejection>,
) -> Result<Json<AuditPage>, Refusal> {
    let Query(asked) = query.map_err(|query| unreadable(&query))?;
    Ok(Json(found(&state, auditor.tenant, asked).await?))
}

async fn found(state: &State, tenant: Tenant, asked: AuditOf) -> Result<AuditPage, Refusal> {
    let (sought, limit) = asked.sought()?;
    let reading =
        state.store.look_up(move |database| audit::page(database, &tenant, &sought, limit));
    Ok(reading.await?)
}

/// Whether every row is as it was written, and follows upon the one before.
#[utoipa::path(
    get, path = "/v1/audit/state", operation_id = "check_audit", tag = "record",
    responses((status = 200, body = AuditState), Guarded),
    security(("token" = ["audit", "admin"]), ("cookie" = ["auditor", "admin"])),
)]
pub(super) async fn check(
    Of(state): Of<State>,
    _auditor: Auditor,
) -> Result<Json<AuditState>, Refusal> {
    Ok(Json(checked(&state).await?))
}

/// All rows, and not only the new ones.
async fn checked(state: &State) -> Result<AuditState, Refusal> {
    Ok(match watch::look(state, Extent::All).await?.found {
        Checked::Whole { rows, head } => AuditState::Whole { rows, head },
        Checked::Broken { number, why } => AuditState::Broken { number, why: why.to_owned() },
    })
}
