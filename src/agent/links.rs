//! Opening `inview://` links with this program, for the user who asks for it.
//!
//! On Linux that is a desktop entry in the user's data folder. Elsewhere the installer does it:
//!
//! | system | what |
//! |---|---|
//! | Windows | below `HKCU\Software\Classes\inview`: an empty value `URL Protocol`; `shell\open\command` is `"C:\…\inview.exe" "%1"` |
//! | macOS | `CFBundleURLTypes` with `CFBundleURLSchemes` `inview` in the bundle's `Info.plist`; the system passes the link on as an event, not as an argument, which the program does not take yet |

use std::io::{self, Write as _};
use std::process::ExitCode;

use super::args::Args;

/// Why links are not opened by this program. Each prints as one line.
#[derive(Debug, thiserror::Error)]
pub enum LinksError {
    #[error("on this system the installer does that")]
    Installer,
    #[error("there is no folder for the user's data")]
    NoFolder,
    #[error("a desktop entry cannot name {0}: move the program or the file")]
    Name(String),
    #[error("{path} cannot be used: {reason}")]
    Path { path: String, reason: io::Error },
}

/// Does what was asked; says so, or what went wrong.
pub fn run(args: &Args) -> ExitCode {
    let done = if args.unregister_links { unregister() } else { register(args) };
    match done {
        Ok(said) => {
            writeln!(io::stdout(), "{said}").ok();
            ExitCode::SUCCESS
        }
        Err(error) => {
            writeln!(io::stderr(), "inview: {error}").ok();
            ExitCode::from(2)
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn register(_: &Args) -> Result<String, LinksError> {
    Err(LinksError::Installer)
}

#[cfg(not(target_os = "linux"))]
fn unregister() -> Result<String, LinksError> {
    Err(LinksError::Installer)
}

#[cfg(target_os = "linux")]
use linux::{register, unregister};

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};

    use super::{Args, LinksError, io};

    /// The same as the window's, by which desktops know that they belong together.
    const ENTRY: &str = "inview.desktop";
    const SCHEME: &str = "x-scheme-handler/inview";

    pub(super) fn register(args: &Args) -> Result<String, LinksError> {
        let program = std::env::current_exe()
            .map_err(|reason| LinksError::Path { path: "this program".to_owned(), reason })?;
        let authority = args.authority.as_deref().map(std::path::absolute).transpose();
        let authority = authority
            .map_err(|reason| LinksError::Path { path: "--authority".to_owned(), reason })?;
        let text = entry(&program, authority.as_deref())?;
        let path = path()?;
        write(&path, &text)
            .map_err(|reason| LinksError::Path { path: path.display().to_string(), reason })?;
        refresh(&path);
        // Where it is not there, the desktop takes the only program that opens such links.
        call("xdg-mime", &["default", ENTRY, SCHEME]);
        Ok(format!("inview:// links are opened by {}; see {}", program.display(), path.display()))
    }

    pub(super) fn unregister() -> Result<String, LinksError> {
        let path = path()?;
        match fs::remove_file(&path) {
            Err(reason) if reason.kind() != io::ErrorKind::NotFound => {
                return Err(LinksError::Path { path: path.display().to_string(), reason });
            }
            Ok(()) | Err(_) => {}
        }
        refresh(&path);
        Ok("inview:// links are opened by this program no longer".to_owned())
    }

    fn path() -> Result<PathBuf, LinksError> {
        Ok(dirs::data_dir().ok_or(LinksError::NoFolder)?.join("applications").join(ENTRY))
    }

    fn write(path: &Path, text: &str) -> io::Result<()> {
        use std::io::Write as _;
        use std::os::unix::fs::PermissionsExt as _;
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
        file.persist(path)?;
        Ok(())
    }

    /// Lets the desktop know, where it keeps an index.
    fn refresh(entry: &Path) {
        if let Some(folder) = entry.parent().and_then(Path::to_str) {
            call("update-desktop-database", &["-q", folder]);
        }
    }

    /// Runs a program of the desktop, if it is there.
    fn call(program: &str, args: &[&str]) {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.status() {
            Ok(status) if status.success() => {}
            Ok(status) => tracing::warn!(program, %status, "the desktop was not told"),
            Err(error) => tracing::info!(program, %error, "the desktop was not told"),
        }
    }

    /// The desktop entry, by the rules of freedesktop.org.
    fn entry(program: &Path, authority: Option<&Path>) -> Result<String, LinksError> {
        let mut exec = argument(program)?;
        if let Some(authority) = authority {
            exec = format!("{exec} --authority {}", argument(authority)?);
        }
        Ok(format!(
            "[Desktop Entry]\n\
             Type=Application\n\
             Name=InView\n\
             Comment=Presence in exams taken at home\n\
             Exec={exec} %u\n\
             Terminal=false\n\
             Categories=Education;\n\
             MimeType={SCHEME};\n"
        ))
    }

    /// One argument of `Exec`: within double quotes, in which `"`, `` ` ``, `$` and `\` are escaped
    /// by `\`; each `\` twice, as in every value; and `%` twice, since it begins a field code.
    fn argument(path: &Path) -> Result<String, LinksError> {
        let unnameable = || LinksError::Name(path.display().to_string());
        let text = path.to_str().ok_or_else(unnameable)?;
        if text.contains('=') || text.chars().any(char::is_control) {
            return Err(unnameable());
        }
        let mut quoted = String::from("\"");
        for letter in text.chars() {
            match letter {
                '"' | '`' | '$' => quoted.extend(['\\', '\\', letter]),
                '\\' => quoted.push_str(r"\\\\"),
                '%' => quoted.push_str("%%"),
                other => quoted.push(other),
            }
        }
        quoted.push('"');
        Ok(quoted)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn paths_are_quoted_by_the_rules_of_desktop_entries() {
            for (path, expected) in [
                ("/usr/bin/inview", r#""/usr/bin/inview""#),
                ("/home/a b/inview", r#""/home/a b/inview""#),
                ("/x/100%/in$view`", r#""/x/100%%/in\\$view\\`""#),
                (r#"/x/a"b\c"#, r#""/x/a\\"b\\\\c""#),
            ] {
                assert_eq!(argument(Path::new(path)).unwrap(), expected);
            }
            for refused in ["/x/a\nb", "/x/a=b"] {
                assert!(argument(Path::new(refused)).is_err(), "{refused:?}");
            }
        }

        #[test]
        fn the_entry_opens_links_with_the_program_and_its_authority() {
            let program = Path::new("/opt/inview");
            let entry = entry(program, Some(Path::new("/etc/exam ca.pem"))).unwrap();
            let line = "Exec=\"/opt/inview\" --authority \"/etc/exam ca.pem\" %u\n";
            assert!(entry.contains(line), "{entry}");
            assert!(entry.contains("MimeType=x-scheme-handler/inview;\n"), "{entry}");
        }
    }
}
