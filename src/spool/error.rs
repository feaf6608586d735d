//! What can go wrong with a spool, and in one word why.

use std::path::Path;

use crate::report::StorageFault;

/// Why the spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    #[error("the spool {path} cannot be used: {reason}")]
    Open { path: String, reason: String, cause: StorageFault },
    #[error("the spool is full or cannot be written: {0}")]
    Storage(#[from] rusqlite::Error),
    #[error("report {seq} differs from the one that was made before under this number")]
    Differs { seq: u64 },
    #[error("a receipt names a report that is not ours: number {seq}")]
    ForeignReceipt { seq: u64 },
    #[error("the report cannot be encoded: {0}")]
    Encode(#[from] serde_json::Error),
    #[error("the memory for reports is full")]
    NoRoom,
}

impl SpoolError {
    /// Whether trying again later may help.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(_))
    }

    /// In one word, for whoever must not learn of paths.
    pub fn cause(&self) -> StorageFault {
        match self {
            Self::Open { cause, .. } => *cause,
            Self::Storage(error) => cause_of(error),
            Self::Differs { .. } | Self::ForeignReceipt { .. } | Self::Encode(_) => {
                StorageFault::Failing
            }
            Self::NoRoom => StorageFault::Full,
        }
    }

    pub(super) fn of_file(path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let is = |kinds: &[ErrorKind]| kinds.contains(&error.kind());
        let cause = if is(&[ErrorKind::StorageFull, ErrorKind::QuotaExceeded]) {
            StorageFault::Full
        } else if is(&[ErrorKind::ReadOnlyFilesystem, ErrorKind::PermissionDenied]) {
            StorageFault::ReadOnly
        } else {
            StorageFault::Failing
        };
        Self::Open { path: path.display().to_string(), reason: error.to_string(), cause }
    }
}

pub(super) fn cause_of(error: &rusqlite::Error) -> StorageFault {
    use rusqlite::ffi::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StorageFault::Full,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StorageFault::ReadOnly,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StorageFault::InUse,
        _ => StorageFault::Failing,
    }
}
