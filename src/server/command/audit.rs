//! `inview-server verify-audit`: whether the audit log is as it was written.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use crate::server::store::{Checked, check_audit};

/// Checks the log in the server's folder `data`, also while a server runs there.
pub(in crate::server) fn run(data: &Path) -> ExitCode {
    let path = data.join("inview.db");
    let (said, status) = match check_audit(&path) {
        Ok(Checked::Whole { rows, head }) => {
            (format!("The audit log is whole: {rows} rows, the last with SHA-256 {head}"), 0)
        }
        Ok(Checked::Broken { number, why }) => {
            (format!("The audit log is broken at row {number}: {why}"), 1)
        }
        Err(error) => {
            let _nobody_hears =
                writeln!(io::stderr(), "inview-server: {}: {error}", path.display());
            return ExitCode::from(2);
        }
    };
    match writeln!(io::stdout(), "{said}") {
        Ok(()) => ExitCode::from(status),
        Err(_) => ExitCode::from(2),
    }
}
