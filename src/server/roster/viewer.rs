//! Who reads: whose rows they see, and whether they judge. What is not theirs does not exist.

use std::collections::BTreeSet;

use axum::http::HeaderMap;

use super::board::Row;
use crate::report::{ExamId, Hash, SessionId};
use crate::server::State;
use crate::server::access::auth::Proctor;
use crate::server::http::error::Refusal;
use crate::server::store::Tenant;

/// What is asked for, of what somebody sees.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::server) struct Only {
    pub(in crate::server) exam: Option<ExamId>,
    pub(in crate::server) session: Option<SessionId>,
}

/// What somebody may see and do as of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct Viewer {
    tenant: Tenant,
    /// The exams whose sessions are seen; `None` for all sessions, also those of no exam.
    exams: Option<BTreeSet<ExamId>>,
    /// The only session that is asked for.
    session: Option<SessionId>,
    /// Auditors look and judge nothing.
    pub(in crate::server) judges: bool,
}

impl Viewer {
    #[cfg(test)]
    pub(super) fn new(tenant: Tenant, exams: Option<BTreeSet<ExamId>>) -> Self {
        Self { tenant, exams, session: None, judges: true }
    }

    /// All that somebody reaches, or what they ask for of it.
    pub(in crate::server) async fn of(
        state: &State,
        proctor: &Proctor,
        Only { exam: only, session }: Only,
    ) -> Result<Self, Refusal> {
        let (tenant, reach) = (proctor.tenant.clone(), proctor.reach);
        // A read of what is not derived from reports.
        let within = state.store.look_up(move |database| reach.exams(database, &tenant)).await?;
        let exams = match (within, only) {
            (within, None) => within,
            (None, Some(only)) => Some(BTreeSet::from([only])),
            (Some(within), Some(only)) => {
                Some(within.into_iter().filter(|it| *it == only).collect())
            }
        };
        let (tenant, judges) = (proctor.tenant.clone(), proctor.must_act().is_ok());
        Ok(Self { tenant, exams, session, judges })
    }

    /// The same person later: refused when they may see nothing any more.
    pub(super) async fn again(
        state: &State,
        headers: &HeaderMap,
        only: Only,
    ) -> Result<Self, Refusal> {
        Self::of(state, &Proctor::of(state, headers).await?, only).await
    }

    pub(super) fn sees(&self, row: &Row) -> bool {
        let is_within = |exams: &BTreeSet<ExamId>| row.exam.is_some_and(|it| exams.contains(&it));
        row.tenant == self.tenant
            && self.session.is_none_or(|session| row.session == session)
            && self.exams.as_ref().is_none_or(is_within)
    }

    /// A part of their places: whoever sees other exams than before reads everything again.
    pub(super) fn mark(&self) -> String {
        let Some(exams) = &self.exams else { return String::new() };
        let ids: Vec<[u8; 16]> = exams.iter().map(|exam| exam.0.into_bytes()).collect();
        let hash = Hash::of(&ids.concat()).to_string();
        format!(".{}", hash.get(..8).unwrap_or_default())
    }
}
