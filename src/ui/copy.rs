//! The candidate's copy of what was reported, in the data folder: a page to read, and the same as
//! data (JSON).

use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Serialize;

use super::app::About;
use super::i18n::Words;
use super::page::{self, Told};
use crate::agent::{Reports, Snapshot};
use crate::clock::Reading;
use crate::report::{Consent, EndedBy, Hash, Interval, SessionId};
use crate::spool;
use crate::time::MediaTime;
use crate::trust::export::Export;

#[derive(Serialize)]
struct Copy<'a> {
    session: SessionId,
    label: &'a str,
    began: Option<&'a str>,
    ended_ms: Option<MediaTime>,
    /// A proctor ended it; absent where the candidate did.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_by: Option<&'a EndedBy>,
    policy_version: &'a str,
    consent: Option<&'a Consent>,
    /// Times are milliseconds since the exam's start.
    intervals: &'a [Interval],
    reports: &'a Reports,
    /// Every report as it was sent, with what proves that it is; absent where there is no spool.
    #[serde(skip_serializing_if = "Option::is_none")]
    export: Option<Export>,
}

/// Where a copy was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Saved {
    pub folder: PathBuf,
    pub page: PathBuf,
}

/// Writes both files, each whole or not at all.
pub(super) fn save(
    about: &About,
    words: &Words,
    snapshot: &Snapshot,
    consent: Option<&Consent>,
) -> std::io::Result<Saved> {
    let folder = about.folder.join("copies");
    std::fs::create_dir_all(&folder)?;
    let name = |ending: &str| format!("inview-{}.{ending}", snapshot.session);
    let copy = Copy {
        session: snapshot.session,
        label: &about.label,
        began: snapshot.began.as_deref(),
        ended_ms: snapshot.ended_ms,
        ended_by: snapshot.ended_by.as_ref(),
        policy_version: &about.policy.version,
        consent,
        intervals: &snapshot.intervals,
        reports: &snapshot.reports,
        export: export(&about.spool, snapshot.session),
    };
    let mut data = serde_json::to_vec_pretty(&copy)?;
    data.push(b'\n');
    let data_name = name("json");
    let page = page::html(&Told {
        words,
        label: &about.label,
        server: &about.server,
        policy: &about.policy,
        snapshot,
        consent,
        data: (&data_name, Hash::of(&data)),
        saved: Reading::now().wall,
        zone: TimeZone::system(),
    });
    let saved = Saved { page: folder.join(name("html")), folder };
    write(&saved.folder.join(&data_name), &data)?;
    write(&saved.page, page.map_err(std::io::Error::other)?.as_bytes())?;
    Ok(saved)
}

/// A copy without it is better than none.
fn export(spool: &Path, session: SessionId) -> Option<Export> {
    let export = spool::export(spool, session);
    export
        .inspect_err(|error| tracing::warn!(%error, "the copy is saved without its proofs"))
        .unwrap_or_default()
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
