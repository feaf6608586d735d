//! The candidate's copy of what was reported: a JSON file in the data folder.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::agent::{Reports, Snapshot};
use crate::report::{Consent, Interval, SessionId};

#[derive(Serialize)]
struct Copy<'a> {
    session: SessionId,
    label: &'a str,
    consent: Option<&'a Consent>,
    /// Times are milliseconds since the exam's start.
    intervals: &'a [Interval],
    reports: &'a Reports,
}

/// Where the copy of a session is kept.
pub(super) fn path(folder: &Path, session: SessionId) -> PathBuf {
    folder.join("copies").join(format!("inview-{session}.json"))
}

/// Writes the copy, whole or not at all.
pub(super) fn save(
    folder: &Path,
    label: &str,
    snapshot: &Snapshot,
    consent: Option<&Consent>,
) -> std::io::Result<PathBuf> {
    let path = path(folder, snapshot.session);
    let within = path.parent().unwrap_or(folder);
    std::fs::create_dir_all(within)?;
    let (intervals, reports) = (&snapshot.intervals, &snapshot.reports);
    let copy = Copy { session: snapshot.session, label, consent, intervals, reports };
    let mut file = tempfile::NamedTempFile::new_in(within)?;
    serde_json::to_writer_pretty(&mut file, &copy)?;
    writeln!(file)?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(path)
}
