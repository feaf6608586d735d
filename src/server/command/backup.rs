//! `inview-server backup`: a copy of the database, also while a server uses it.

use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use crate::server::home::DATABASE;
use crate::server::store::{Checked, StoreError, check_audit, copy};

/// Copies the database in the server's folder `data` to `file`, which must not be there yet.
pub(in crate::server) fn run(data: &Path, file: &Path) -> ExitCode {
    let said = match backup(&data.join(DATABASE), file) {
        Ok(said) => said,
        Err(fault) => {
            let _nobody_hears = writeln!(io::stderr(), "inview-server: {fault}");
            return ExitCode::from(2);
        }
    };
    match writeln!(io::stdout(), "{said}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(2),
    }
}

fn backup(database: &Path, file: &Path) -> Result<String, String> {
    let of = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| format!("{path}: {error}")
    };
    if file.exists() {
        return Err(format!("{} is there already", file.display()));
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // Beside it, and under its name only when all of it is there and was read again.
    let partial = tempfile::Builder::new().prefix(".backup").tempdir_in(folder);
    let partial = partial.map_err(of(folder))?;
    let copied = partial.path().join(DATABASE);
    let fault = |error: StoreError| format!("{}: {error}", database.display());
    copy(database, &copied).map_err(fault)?;
    let rows = match check_audit(&copied).map_err(fault)? {
        Checked::Whole { rows, .. } => rows,
        Checked::Broken { number, why } => {
            return Err(format!("the audit log is broken at row {number}: {why}"));
        }
    };
    let written = File::open(&copied).map_err(of(&copied))?;
    only_for_its_owner(&written).map_err(of(&copied))?;
    written.sync_all().map_err(of(&copied))?;
    let bytes = written.metadata().map_err(of(&copied))?.len();
    std::fs::rename(&copied, file).map_err(of(file))?;
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(of(folder))?;
    Ok(format!("{}: {bytes} bytes, {rows} rows of the audit log", file.display()))
}

fn only_for_its_owner(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(<Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600))?;
    Ok(())
}
